/* Other tools' records, which an import takes over; and names of releases. */
#include <string.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/text.h"

#define TARGETS_MAX 10000
#define TAG_MAX 63

/* ---- imports ---- */

/* "service/target" of each text, into two lists of the request's arena. */
static bool split_targets(struct http_request *request, const char ***ret_services, const char ***ret_targets,
                          size_t *ret_count, struct err *err)
{
    const char *const *texts;
    size_t count;
    if (!api_texts(request->json, "targets", request->arena, &texts, &count, err))
        return false;
    if (count == 0 || count > TARGETS_MAX)
        return err_set(err, ERR_USAGE, "\"targets\" has to name 1 to %d targets", TARGETS_MAX);
    const char **services = arena_array(request->arena, count, sizeof *services);
    const char **targets = arena_array(request->arena, count, sizeof *targets);
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(texts[i], '/');
        services[i] = slash ? arena_strndup(request->arena, texts[i], (size_t)(slash - texts[i])) : "";
        targets[i] = slash ? slash + 1 : "";
        if (!text_is_name(services[i]) || !text_is_name(targets[i]))
            return err_set(err, ERR_USAGE, "\"%s\" is not service/target", texts[i]);
    }
    *ret_services = services;
    *ret_targets = targets;
    *ret_count = count;
    return true;
}

void api_imports_ask(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char **services = NULL, **targets = NULL;
    size_t count = 0;
    int64_t since_us = 0;
    if (!split_targets(request, &services, &targets, &count, &err)) {
        http_problem(response, 400, err.kind, err.text, NULL);
        return;
    }
    struct store *store = api_take(context, &err);
    bool ok = store && store_foreign_ask(store, services, targets, count, &since_us, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 202,
                        json_pack("{s:I, s:I}", "since", (json_int_t)since_us, "targets", (json_int_t)count));
    else
        api_problem(request, response, &err);
}

static bool read_imports(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    (void)request;
    return store_foreign(store, ret_json, err);
}

void api_imports_list(void *context, struct http_request *request, struct http_response *response)
{
    api_reply_read(context, request, response, read_imports);
}

/* ---- tags ---- */

/* A letter first, so that no version is one; and no release's id or "latest". */
static bool is_tag(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t len = name ? strlen(name) : 0;
    if (len == 0 || len > TAG_MAX || strcmp(name, "latest") == 0 || !strchr(letters, name[0]))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static bool read_tags(struct store *store, struct http_request *request, char **ret_json, struct err *err)
{
    (void)request;
    return store_tags(store, ret_json, err);
}

void api_tags_list(void *context, struct http_request *request, struct http_response *response)
{
    api_reply_read(context, request, response, read_tags);
}

void api_tags_put(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *name = json_string_value(json_object_get(request->json, "name"));
    const char *release = json_string_value(json_object_get(request->json, "release"));
    if (!is_tag(name)) {
        http_problem(response, 422, ERR_USAGE, "a tag is 1 to 63 letters, digits and . _ -, and begins with a letter",
                     NULL);
        return;
    }
    release = release ? release : "latest";
    struct store *store = api_take(context, &err);
    bool ok = store && api_resolve_release(store, request->arena, &release, &err) &&
              store_tag_put(store, name, release, api_caller(request), &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 201, json_pack("{s:s, s:s}", "name", name, "release", release));
    else if (err.kind == ERR_INPUT) /* no such release: as where the address names one */
        http_problem(response, 422, ERR_USAGE, err.text, err.hint);
    else
        api_problem(request, response, &err);
}

void api_tags_delete(void *context, struct http_request *request, struct http_response *response)
{
    struct err err = ERR_INIT;
    const char *name = request->parameters[0];
    struct store *store = api_take(context, &err);
    bool ok = store && store_tag_delete(store, name, &err);
    if (store)
        api_give(context, store);
    if (ok)
        http_reply_json(response, 200, json_pack("{s:s}", "name", name));
    else
        api_problem(request, response, &err);
}
