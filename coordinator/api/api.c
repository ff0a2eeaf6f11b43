#include "api/api.h"

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define SMALL ((size_t)1 << 20)
#define FLEET_MAX ((size_t)64 << 20)
#define BLOBS_MAX ((size_t)200 << 20) /* one text of MIGRATION_MAX, escaped as badly as JSON can */
#define DIGESTS HTTP_PARTS(1000)
#define FLEET HTTP_PARTS(4000) /* of eighty thousand migrations */
#define V1 "/api/v1"
#define VIEWER HTTP_ACCESS(TOKEN_VIEWER + 1)
#define OPERATOR HTTP_ACCESS(TOKEN_OPERATOR + 1)
#define ADMIN HTTP_ACCESS(TOKEN_ADMIN + 1)

const struct http_route api_routes[] = {
    {"GET", "/healthz", 0, 0, api_healthz, "the process lives"},
    {"GET", "/readyz", 0, 0, api_readyz, "the control database answers"},
    {"GET", "/metrics", 0, 0, api_metrics, "Prometheus metrics"},
    {"POST", V1 "/blobs/missing", HTTP_JSON | VIEWER | DIGESTS, FLEET_MAX, api_blobs_missing, "what is not stored"},
    {"POST", V1 "/blobs", HTTP_JSON | OPERATOR, BLOBS_MAX, api_blobs_put, "store texts"},
    {"POST", V1 "/plans", HTTP_JSON | VIEWER | FLEET, FLEET_MAX, api_plans, "what a release would do"},
    {"GET", V1 "/releases", VIEWER, 0, api_releases_list, "releases, newest first"},
    {"POST", V1 "/releases", HTTP_JSON | OPERATOR | FLEET, FLEET_MAX, api_releases_post, "start a release"},
    {"GET", V1 "/releases/{id}", VIEWER, 0, api_release_show, "one release with its steps and decisions"},
    {"GET", V1 "/releases/{id}/events", VIEWER, 0, api_release_events, "wait for a change of a release"},
    {"POST", V1 "/releases/{id}/leave", OPERATOR, SMALL, api_release_leave,
     "a release that halted, or left something behind, needs nobody any more"},
    {"POST", V1 "/releases/{id}/{order}", OPERATOR, SMALL, api_release_order, "rollback, retry or cancel"},
    {"POST", V1 "/imports", HTTP_JSON | OPERATOR, SMALL, api_imports_ask, "ask targets for other tools' records"},
    {"GET", V1 "/imports", VIEWER, 0, api_imports_list, "other tools' records, as they were reported"},
    {"GET", V1 "/tags", VIEWER, 0, api_tags_list, "names of releases"},
    {"POST", V1 "/tags", HTTP_JSON | OPERATOR, SMALL, api_tags_put, "name a release"},
    {"DELETE", V1 "/tags/{id}", OPERATOR, 0, api_tags_delete, "take a name away"},
    {"GET", V1 "/status", VIEWER, 0, api_status, "what each target holds"},
    {"POST", V1 "/status", HTTP_JSON | VIEWER | FLEET, FLEET_MAX, api_status, "the same, with what is pending"},
    {"GET", V1 "/applied", VIEWER, 0, api_applied, "what is applied on each target, in order"},
    {"GET", V1 "/history", VIEWER, 0, api_history, "outcomes of steps, newest first"},
    {"GET", V1 "/workers", VIEWER, 0, api_workers_list, "workers and their keys"},
    {"POST", V1 "/workers", HTTP_JSON | ADMIN, SMALL, api_workers_enroll, "trust a key for targets"},
    {"DELETE", V1 "/workers/{id}", ADMIN, 0, api_workers_revoke, "trust a key no longer"},
    {"DELETE", V1 "/targets/{target}", OPERATOR, 0, api_target_unlist, "take a target without a service off the keys"},
    {"DELETE", V1 "/targets/{service}/{target}", OPERATOR, 0, api_target_forget,
     "take a target that is gone off the lists"},
    {"GET", V1 "/retention", VIEWER, 0, api_retention, "how large the control database is, and what is over in it"},
    {"POST", V1 "/retention", HTTP_JSON | ADMIN, SMALL, api_prune, "take away what is over"},
    {"GET", V1 "/health", VIEWER, 0, api_health, "leader, outbox, targets that report, what needs a person"},
    {NULL, NULL, 0, 0, NULL, NULL},
};

static void on_done(void *context, const char *method, const char *pattern, int status, int64_t duration_us)
{
    struct api *api = context;
    pthread_mutex_lock(&api->lock);
    if (status >= 100 && status < API_STATUS_MAX)
        api->answers[status / 100]++;
    pthread_mutex_unlock(&api->lock);
    if (api->options.done)
        api->options.done(api->options.context, method, pattern, status, duration_us);
}

static void api_free(struct api *api)
{
    api_pool_close(api);
    tokens_release(&api->tokens);
    pthread_cond_destroy(&api->returned);
    pthread_mutex_destroy(&api->lock);
    free(api);
}

bool api_start(const struct api_options *options, struct api **ret_api, struct err *err)
{
    struct api *api = xcalloc(1, sizeof *api);
    api->options = *options;
    if (options->connections == 0 || options->connections > API_POOL_MAX)
        api->options.connections = options->connections ? API_POOL_MAX : 4;
    pthread_mutex_init(&api->lock, NULL);
    clock_cond_init(&api->returned);
    struct http_server_options server = {.address = options->address,
                                         .routes = api_routes,
                                         .context = api,
                                         .threads = HTTP_THREAD_PER_CONNECTION,
                                         .admit = api_admit,
                                         .done = on_done};
    bool known = api_tokens_load(api, err);
    if (!known)
        err->kind = ERR_CONFIG;
    if (!known || !http_server_start(&server, &api->server, err)) {
        api_free(api);
        return false;
    }
    *ret_api = api;
    return true;
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    http_server_stop(api->server);
    api_free(api);
}

const char *api_url(const struct api *api)
{
    return http_server_url(api->server);
}
