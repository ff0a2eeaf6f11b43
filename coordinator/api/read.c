/* Calls that only read: each answers with one JSON text that the store made. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"

#define LIMIT_MAX 10000
#define WAIT_MAX_MS 25000
#define LOOK_AGAIN_MS 50
#define LOOK_AGAIN_MAX_MS 250

/* The JSON text becomes the answer; `text` is taken. */
static void reply_text(struct http_response *response, char *text)
{
    buf_adds(&response->body, text);
    buf_addc(&response->body, '\n');
    free(text);
}

void api_reply_read(struct api *api, struct http_request *request, struct http_response *response, api_read *read)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    struct store *store = api_take(api, &err);
    bool ok = store && read(store, request, &text, &err);
    if (store)
        api_give(api, store);
    if (ok)
        reply_text(response, text);
    else
        api_problem(request, response, &err);
}

static bool read_releases(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    return store_releases(store, api_query_number(request, "limit", 1, LIMIT_MAX, 20), ret_json, err);
}

static bool read_release(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    return store_release_show(store, request->parameters[0], ret_json, err);
}

static bool read_status(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    const json_t *fleet = json_object_get(request->json, "fleet");
    auto_free char *text = fleet ? json_dumps(fleet, JSON_COMPACT) : NULL;
    const char *category = json_string_value(json_object_get(request->json, "category"));
    return store_status(store, text, text ? strlen(text) : 0, category, ret_json, err);
}

static bool read_history(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    const char *service = http_query(request, "service"), *target = http_query(request, "target");
    const char *category = http_query(request, "category");
    return store_history(store, service ? service : "", target ? target : "", category ? category : "",
                         api_query_number(request, "limit", 1, LIMIT_MAX, 50), ret_json, err);
}

static bool read_applied(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    (void)request;
    return store_applied(store, ret_json, err);
}

static bool read_workers(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    (void)request;
    return store_workers(store, ret_json, err);
}

static bool read_health(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    (void)request;
    return store_health(store, ret_json, err);
}

#define HANDLER(name, read)                                                                                        \
    void name(void *context, struct http_request *request, struct http_response *response)                         \
    {                                                                                                              \
        api_reply_read(context, request, response, read);                                                          \
    }
HANDLER(api_releases_list, read_releases)
HANDLER(api_release_show, read_release)
HANDLER(api_status, read_status)
HANDLER(api_history, read_history)
HANDLER(api_applied, read_applied)
HANDLER(api_workers_list, read_workers)
HANDLER(api_health, read_health)

/* ---- waiting for a change ---- */

static bool look(struct api *api, const char *release, int64_t *ret_change, enum release_state *ret_state,
                 struct err *err)
{
    struct store *store = api_take(api, err);
    bool ok = store && store_release_change(store, release, ret_change, ret_state, err);
    if (store)
        api_give(api, store);
    return ok;
}

/* Until something changed, or it is time to answer all the same. A summary costs more than a look: who follows a
 * release asks with a pace, and hears of its end at once. */
static bool wait_for_change(struct api *api, const struct http_request *request, int64_t after, int64_t *ret_change,
                            enum release_state *ret_state, struct err *err)
{
    int64_t now = clock_mono_ms(), until = now + api_query_number(request, "wait", 0, WAIT_MAX_MS, 0);
    int64_t ripe = now + api_query_number(request, "pace", 0, WAIT_MAX_MS, 0);
    struct pause pause = PAUSE(LOOK_AGAIN_MS, LOOK_AGAIN_MAX_MS);
    for (;;) {
        if (!look(api, request->parameters[0], ret_change, ret_state, err))
            return false;
        now = clock_mono_ms();
        if (*ret_change > after && (now >= ripe || release_state_terminal(*ret_state)))
            return true;
        if (now >= until || http_stopping(request))
            return true;
        http_pause(request, pause_next(&pause));
    }
}

static bool read_summary(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    auto_free char *text = NULL;
    if (!store_release_show(store, request->parameters[0], &text, err))
        return false;
    auto_free char *attention = NULL;
    if (!store_attention(store, &attention, err))
        return false;
    json_t *show = json_loads(text, 0, NULL), *summary = api_summary(show);
    json_object_set_new(summary, "attention", json_loads(attention, 0, NULL));
    *ret_json = json_dumps(summary, JSON_COMPACT);
    json_decref(show);
    json_decref(summary);
    return true;
}

/* Nothing of the release has changed; what needs a person may have. */
static bool read_unchanged(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    auto_free char *attention = NULL;
    int64_t change = 0;
    enum release_state state;
    if (!store_release_change(store, request->parameters[0], &change, &state, err) ||
        !store_attention(store, &attention, err))
        return false;
    json_t *answer = json_pack("{s:s, s:s, s:I, s:b, s:o}", "id", request->parameters[0], "state",
                               release_state_text(state), "change", (json_int_t)change, "unchanged", 1, "attention",
                               json_loads(attention, 0, NULL));
    *ret_json = json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    return true;
}

void api_release_events(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    int64_t after = api_query_number(request, "after", 0, INT64_MAX, -1), change = 0;
    enum release_state state = RELEASE_RUNNING;
    if (!wait_for_change(context, request, after, &change, &state, &err)) {
        api_problem(request, response, &err);
        return;
    }
    if (change <= after) {
        api_reply_read(context, request, response, read_unchanged);
        return;
    }
    const char *view = http_query(request, "view");
    api_reply_read(context, request, response, view && strcmp(view, "full") == 0 ? read_release : read_summary);
}

/* ---- without a token ---- */

void api_healthz(void *context, struct http_request *request, struct http_response *response)
{
    (void)context, (void)request;
    response->type = "text/plain; charset=utf-8";
    buf_adds(&response->body, "ok\n");
}

void api_readyz(void *context, struct http_request *request, struct http_response *response)
{
    (void)request;
    struct err err = ERR_INIT;
    struct store *store = api_take(context, &err);
    bool ok = store && store_ping(store, &err);
    if (store)
        api_give(context, store);
    if (!ok) {
        http_problem(response, 503, err.kind, "the control database does not answer", NULL);
        return;
    }
    response->type = "text/plain; charset=utf-8";
    buf_adds(&response->body, "ready\n");
}

static void add_gauge(struct buf *out, const char *name, const char *help, double value)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", name, help, name, name, value);
}

/* How many things of each kind need a person. */
static void add_attention(const json_t *health, struct buf *out)
{
    const char *name = "greylag_attention";
    buf_addf(out, "# HELP %s Things that need a person, by kind.\n# TYPE %s gauge\n", name, name);
    for (unsigned kind = 0; kind < ATTENTION_COUNT; kind++) {
        size_t i, count = 0;
        const json_t *item;
        json_array_foreach(json_object_get(health, "attention"), i, item)
        {
            const char *text = json_string_value(json_object_get(item, "kind"));
            count += text && strcmp(text, attention_text((enum attention)kind)) == 0;
        }
        buf_addf(out, "%s{kind=\"%s\"} %zu\n", name, attention_text((enum attention)kind), count);
    }
}

/* What the control database says; nothing when it does not answer. */
static void add_store_metrics(struct api *api, struct buf *out)
{
    char *text = NULL;
    struct store *store = api_take(api, NULL);
    bool ok = store && store_health(store, &text, NULL);
    if (store)
        api_give(api, store);
    add_gauge(out, "greylag_control_database_up", "Whether the control database answers.", ok);
    if (!ok)
        return;
    json_t *health = json_loads(text, 0, NULL);
    free(text);
    add_gauge(out, "greylag_release_open", "Whether a release is under way.",
              json_is_string(json_object_get(health, "open")));
    add_gauge(out, "greylag_outbox_messages", "Messages that wait to be sent.",
              json_number_value(json_object_get(health, "outbox")));
    add_gauge(out, "greylag_targets", "Targets that are known.", json_number_value(json_object_get(health, "targets")));
    add_gauge(out, "greylag_targets_reporting", "Targets whose worker reports.",
              json_number_value(json_object_get(health, "reporting")));
    add_attention(health, out);
    json_decref(health);
}

void api_metrics(void *context, struct http_request *request, struct http_response *response)
{
    (void)request;
    struct api *api = context;
    struct buf *out = &response->body;
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    buf_addf(out, "# HELP greylag_coordinator_info Version of this coordinator.\n# TYPE greylag_coordinator_info "
                  "gauge\n"
                  "greylag_coordinator_info{version=\"%s\",fleet=\"%s\",environment=\"%s\"} 1\n",
             GREYLAG_VERSION, api->options.fleet, api->options.environment);
    if (api->options.leading)
        add_gauge(out, "greylag_leader", "Whether this coordinator leads.", api->options.leading(api->options.context));
    add_store_metrics(api, out);
    buf_adds(out, "# HELP greylag_http_requests_total Answered HTTP requests.\n# TYPE greylag_http_requests_total "
                  "counter\n");
    pthread_mutex_lock(&api->lock);
    for (size_t i = 1; i < COUNT_OF(api->answers); i++)
        buf_addf(out, "greylag_http_requests_total{code=\"%zuxx\"} %llu\n", i, (unsigned long long)api->answers[i]);
    pthread_mutex_unlock(&api->lock);
    if (api->options.metrics)
        api->options.metrics(api->options.context, out);
}
