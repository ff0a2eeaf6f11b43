/* Calls that change something. */
#include <string.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "crypto/key.h"

static json_t *text_list(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

/* Each digest once: a plan names a text once for each target. */
static json_t *missing_list(const struct store_acceptance *acceptance)
{
    json_t *list = json_array(), *seen = json_object();
    for (size_t i = 0; i < acceptance->missing_count; i++) {
        if (json_object_get(seen, acceptance->missing[i]))
            continue;
        json_object_set_new(seen, acceptance->missing[i], json_true());
        json_array_append_new(list, json_string(acceptance->missing[i]));
    }
    json_decref(seen);
    return list;
}

/* ---- texts ---- */

void api_blobs_missing(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *const *digests;
    size_t count, missing_count = 0;
    if (!api_texts(request->json, "digests", request->arena, &digests, &count, &err)) {
        http_problem(response, 400, err.kind, err.text, NULL);
        return;
    }
    const char **missing = arena_array(request->arena, count + 1, sizeof *missing);
    struct store *store = api_take(context, &err);
    bool ok = store && store_blobs_missing(store, digests, count, missing, &missing_count, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 200, json_pack("{s:o}", "missing", text_list(missing, missing_count)));
    else
        api_problem(request, response, &err);
}

static bool put_all(struct store *store, const char *const *texts, size_t count, json_t *stored, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        char digest[DIGEST_HEX_SIZE];
        size_t len = strlen(texts[i]);
        digest_hex(texts[i], len, digest);
        if (!store_blob_put(store, digest, texts[i], len, err))
            return false;
        json_array_append_new(stored, json_string(digest));
    }
    return true;
}

void api_blobs_put(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *const *texts;
    size_t count;
    if (!api_texts(request->json, "texts", request->arena, &texts, &count, &err)) {
        http_problem(response, 400, err.kind, err.text, NULL);
        return;
    }
    json_t *stored = json_array();
    struct store *store = api_take(context, &err);
    bool ok = store && put_all(store, texts, count, stored, &err);
    if (store)
        api_give(context, store);
    if (ok) {
        http_reply_json(response, 200, json_pack("{s:o}", "stored", stored));
    } else {
        json_decref(stored);
        api_problem(request, response, &err);
    }
}

/* ---- plans and releases ---- */

static json_t *findings_json(const struct plan_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct plan_finding *finding = &findings->items[i];
        json_array_append_new(list, json_pack("{s:b, s:s, s:s, s:s}", "error", finding->error, "rule", finding->rule,
                                              "text", finding->text, "hint", finding->hint ? finding->hint : ""));
    }
    return list;
}

/* Puts members into the answer that http_problem made. */
static void add_members(struct http_response *response, json_t *members)
{
    const char *type = response->type;
    json_t *json = json_loads(buf_text(&response->body), 0, NULL);
    json_object_update(json, members);
    json_decref(members);
    http_reply_json(response, response->status, json);
    response->type = type;
}

static void reply_refused(const struct http_request *request, struct http_response *response,
                          const struct store_acceptance *acceptance, const struct err *err)
{
    api_problem(request, response, err);
    add_members(response, json_pack("{s:o, s:o, s:b}", "findings", findings_json(&acceptance->findings), "missing",
                                    missing_list(acceptance), "retriable",
                                    err->retriable));
}

static void reply_plan(struct http_response *response, const struct store_acceptance *acceptance)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    plan_json(acceptance->plan, &acceptance->findings, NULL, &text);
    json_t *plan = json_loadb(buf_text(&text), text.len, 0, NULL);
    http_reply_json(response, 200,
                    json_pack("{s:o, s:o}", "plan", plan ? plan : json_null(), "missing",
                              missing_list(acceptance)));
}

void api_plans(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    struct plan_options options;
    struct store_request wanted;
    struct store_acceptance acceptance = {.release = ""};
    if (!api_plan_request(request, &options, &wanted, response))
        return;
    struct store *store = api_take(context, &err);
    bool ok = store && api_limit(store, API_PLAN, &err) &&
              store_release_preview(store, &wanted, request->arena, &acceptance, &err);
    if (store)
        api_give(context, store);
    if (ok)
        reply_plan(response, &acceptance);
    else
        reply_refused(request, response, &acceptance, &err);
}

static void accept_release(struct api *api, struct http_request *request, const struct store_request *wanted,
                           struct http_response *response)
{
    struct err err = ERR_INIT;
    struct store_acceptance acceptance = {.release = ""};
    struct store *store = api_take(api, &err);
    bool ok = store && api_limit(store, API_PLAN, &err) &&
              store_release_accept(store, wanted, request->arena, &acceptance, &err);
    if (store)
        api_give(api, store);
    if (!ok) {
        reply_refused(request, response, &acceptance, &err);
        return;
    }
    bool any = acceptance.release[0] != '\0';
    http_reply_json(response, any ? 201 : 200,
                    json_pack("{s:s?, s:s, s:I, s:I, s:o}", "release", any ? acceptance.release : NULL, "digest",
                              acceptance.digest, "steps", (json_int_t)acceptance.steps, "irreversible",
                              (json_int_t)acceptance.irreversible, "findings", findings_json(&acceptance.findings)));
    if (acceptance.repeated) {
        response->header_names[1] = "Idempotency-Replayed";
        response->header_values[1] = "true";
    }
    if (any) {
        response->header_names[0] = "Location";
        response->header_values[0] = arena_printf(request->arena, "/api/v1/releases/%s", acceptance.release);
    }
}

void api_releases_post(void *context, struct http_request *request, struct http_response *response)
{
    struct plan_options options;
    struct store_request wanted;
    if (!api_plan_request(request, &options, &wanted, response))
        return;
    api_key_read(request, &wanted);
    accept_release(context, request, &wanted, response);
}

bool api_resolve_release(struct store *store, struct arena *arena, const char **release, struct err *err)
{
    auto_free char *text = NULL;
    if (strcmp(*release, "latest") != 0)
        return true;
    if (!store_releases(store, 1, &text, err))
        return false;
    json_t *json = json_loads(text, 0, NULL);
    const char *id = json_string_value(json_object_get(json_array_get(json_object_get(json, "releases"), 0), "id"));
    if (id)
        *release = arena_strdup(arena, id);
    json_decref(json);
    return id ? true : err_set(err, ERR_INPUT, "there is no release yet");
}

void api_release_order(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *release = request->parameters[0], *order = request->parameters[1];
    int64_t number = 0;
    if (strcmp(order, "rollback") != 0 && strcmp(order, "retry") != 0 && strcmp(order, "cancel") != 0) {
        http_problem(response, 404, ERR_USAGE, "an order is rollback, retry or cancel", NULL);
        return;
    }
    struct store *store = api_take(context, &err);
    bool ok = store && api_limit(store, API_PLAN, &err) &&
              api_resolve_release(store, request->arena, &release, &err) &&
              store_order_add(store, release, order, api_caller(request), &number, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 202, json_pack("{s:s, s:I, s:s}", "release", release, "order", (json_int_t)number,
                                                 "kind", order));
    else
        api_problem(request, response, &err);
}

void api_release_leave(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *release = request->parameters[0];
    struct store *store = api_take(context, &err);
    bool ok = store && api_resolve_release(store, request->arena, &release, &err) &&
              store_release_leave(store, release, api_caller(request), &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 200, json_pack("{s:s}", "release", release));
    else
        api_problem(request, response, &err);
}

/* ---- keys of workers ---- */

void api_workers_enroll(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *key = json_string_value(json_object_get(request->json, "key"));
    const char *name = json_string_value(json_object_get(request->json, "name"));
    const char *const *targets;
    size_t count;
    struct key_public parsed;
    char text[KEY_PUBLIC_TEXT_SIZE];
    if (!api_texts(request->json, "targets", request->arena, &targets, &count, &err)) {
        http_problem(response, 400, err.kind, err.text, NULL);
        return;
    }
    /* A path would name a file of this machine: only the key's own text is taken. */
    if (!key || strncmp(key, "ed25519:", 8) != 0 || !key_parse_public(key, &parsed, &err) || count == 0) {
        http_problem(response, 422, ERR_USAGE, "\"key\" has to be ed25519:..., with at least one name in \"targets\"",
                     NULL);
        return;
    }
    struct store *store = api_take(context, &err);
    bool ok = store && store_worker_enroll(store, key_public_text(&parsed, text), name ? name : "", targets,
                                           count, api_caller(request), &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 201, json_pack("{s:s, s:s, s:o}", "key", text, "id", parsed.id, "targets",
                                                 text_list(targets, count)));
    else
        api_problem(request, response, &err);
}

void api_workers_revoke(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    int64_t count = 0;
    struct store *store = api_take(context, &err);
    bool ok = store && store_worker_revoke(store, request->parameters[0], api_caller(request), &count, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 200, json_pack("{s:I}", "revoked", (json_int_t)count));
    else
        api_problem(request, response, &err);
}

/* ---- targets ---- */

static void forget(void *context, struct http_request *request, struct http_response *response, const char *service,
                   const char *target)
{
    struct err err = ERR_INIT;
    struct store *store = api_take(context, &err);
    bool ok = store && store_target_forget(store, service, target, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 200, json_pack("{s:s, s:s}", "service", service, "target", target));
    else
        api_problem(request, response, &err);
}

void api_target_forget(void *context, struct http_request *request, struct http_response *response)
{
    forget(context, request, response, request->parameters[0], request->parameters[1]);
}

/* A key that is trusted for a target of any service, which nobody has ever reported: it has no service. */
void api_target_unlist(void *context, struct http_request *request, struct http_response *response)
{
    forget(context, request, response, "", request->parameters[0]);
}
