/* Reads what is asked for. */
#include <string.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/text.h"

/* What a limit of pool.c has ended. */
static void add_what_held_it_up(struct err *err)
{
    static const char look[] = "SELECT pid, query, pg_blocking_pids(pid) FROM pg_stat_activity";
    bool locked = strcmp(err->sqlstate, "55P03") == 0;
    if (!locked && strcmp(err->sqlstate, "57014") != 0)
        return;
    err->kind = ERR_TIMEOUT;
    err_prefix(err, locked ? "somebody holds a lock in the control database" : "the control database takes too long");
    if (locked)
        err_hint(err, "Ask again when that is over: somebody maintains it, or left a transaction open. There, `%s` "
                      "says who.", look);
    else
        err_hint(err, "Ask again when it has less to do. There, `%s` says what it does.", look);
}

void api_problem(const struct http_request *request, struct http_response *response, const struct err *why)
{
    struct err err = *why;
    add_what_held_it_up(&err);
    if (err.kind == ERR_INPUT && request->parameters[0])
        http_problem(response, 404, ERR_USAGE, err.text, err.hint);
    else if (err.kind == ERR_UNREACHABLE && !*err.hint)
        http_problem(response, 503, err.kind, err.text,
                     "The coordinator has lost its control database: ask again when that is back.");
    else
        http_problem_err(response, &err);
}

int64_t api_query_number(const struct http_request *request, const char *name, int64_t min, int64_t max,
                         int64_t otherwise)
{
    const char *text = http_query(request, name);
    long long value;
    return text && text_to_long(text, min, max, &value) ? value : otherwise;
}

bool api_texts(const json_t *object, const char *name, struct arena *arena, const char *const **ret_texts,
               size_t *ret_count, struct err *err)
{
    const json_t *list = json_object_get(object, name), *item;
    size_t i;
    if (list && !json_is_array(list))
        return err_set(err, ERR_USAGE, "\"%s\" is not a list", name);
    const char **texts = arena_array(arena, json_array_size(list) + 1, sizeof *texts);
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return err_set(err, ERR_USAGE, "\"%s\" holds something that is not a text", name);
        texts[i] = json_string_value(item);
    }
    *ret_texts = texts;
    *ret_count = json_array_size(list);
    return true;
}

static bool read_bool(const json_t *object, const char *name, bool *ret_value, struct err *err)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_boolean(value))
        return err_set(err, ERR_USAGE, "\"%s\" is neither true nor false", name);
    *ret_value = json_is_true(value);
    return true;
}

static bool read_text(const json_t *object, const char *name, const char **ret_value, struct err *err)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_null(value) && !json_is_string(value))
        return err_set(err, ERR_USAGE, "\"%s\" is not a text", name);
    *ret_value = json_string_value(value);
    return true;
}

static bool read_limits(const json_t *options, struct arena *arena, struct plan_options *ret, struct err *err)
{
    const json_t *list = json_object_get(options, "limits"), *item;
    size_t i;
    struct plan_limit *limits = arena_array(arena, json_array_size(list) + 1, sizeof *limits);
    json_array_foreach(list, i, item)
    {
        if (!read_text(item, "service", &limits[i].service, err) ||
            !read_text(item, "version", &limits[i].version, err))
            return false;
        if (!limits[i].version)
            return err_set(err, ERR_USAGE, "a limit has no version");
    }
    ret->limits = limits;
    ret->limit_count = json_array_size(list);
    return true;
}

static bool read_options(const json_t *options, struct arena *arena, struct plan_options *ret, struct err *err)
{
    const char *direction = NULL, *adoption = NULL;
    const json_t *steps = json_object_get(options, "steps");
    *ret = (struct plan_options){.direction = DIRECTION_UP};
    if (options && !json_is_object(options))
        return err_set(err, ERR_USAGE, "\"options\" is not an object");
    if (!read_text(options, "direction", &direction, err))
        return false;
    if (direction && (!direction_parse(direction, &ret->direction) || ret->direction == DIRECTION_FORGET))
        return err_set(err, ERR_USAGE, "\"direction\" is not up, down or adopt");
    if (!read_text(options, "adoption", &adoption, err))
        return false;
    if (adoption && !adoption_parse(adoption, &ret->adoption))
        return err_set(err, ERR_USAGE, "\"adoption\" is not import, baseline, repair, realign or forget");
    if (steps && (!json_is_integer(steps) || json_integer_value(steps) < 0))
        return err_set(err, ERR_USAGE, "\"steps\" is not a number");
    ret->steps = json_integer_value(steps);
    return api_texts(options, "services", arena, &ret->services, &ret->service_count, err) &&
           api_texts(options, "targets", arena, &ret->targets, &ret->target_count, err) &&
           read_limits(options, arena, ret, err) && read_bool(options, "outOfOrder", &ret->out_of_order, err) &&
           read_text(options, "release", &ret->release, err) && read_text(options, "backTo", &ret->back_to, err) &&
           read_bool(options, "all", &ret->all, err) &&
           read_bool(options, "stopAtIrreversible", &ret->stop_at_irreversible, err);
}

static bool read_request(struct http_request *request, struct plan_options *options, struct store_request *ret,
                         struct err *err)
{
    const json_t *fleet = json_object_get(request->json, "fleet");
    const char *reason = NULL;
    const json_t *since = json_object_get(request->json, "since");
    if (since && (!json_is_integer(since) || json_integer_value(since) < 0))
        return err_set(err, ERR_USAGE, "\"since\" is not a number");
    if (!json_is_object(fleet))
        return err_set(err, ERR_USAGE, "\"fleet\" is missing or is not an object");
    auto_free char *text = json_dumps(fleet, JSON_COMPACT);
    if (!read_options(json_object_get(request->json, "options"), request->arena, options, err) ||
        !read_bool(request->json, "acceptIrreversible", &ret->accept_irreversible, err) ||
        !read_text(request->json, "reason", &reason, err) || !read_text(request->json, "plan", &ret->plan, err))
        return false;
    ret->since_us = json_integer_value(since);
    ret->fleet_json = arena_strdup(request->arena, text);
    ret->fleet_len = strlen(text);
    ret->options = options;
    ret->requested_by = api_caller(request);
    ret->reason = reason ? reason : "";
    return true;
}

bool api_plan_request(struct http_request *request, struct plan_options *ret_options, struct store_request *ret_request,
                      struct http_response *response)
{
    struct err err = ERR_INIT;
    *ret_request = (struct store_request){.fleet_json = NULL};
    if (read_request(request, ret_options, ret_request, &err))
        return true;
    http_problem(response, 400, err.kind, err.text, NULL);
    return false;
}
