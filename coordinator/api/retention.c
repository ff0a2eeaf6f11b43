/* What is over in the control database: shown, and taken away. */
#include <stdlib.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"

#define ROWS_MAX 10000 /* of one table in one transaction */
#define CALL_MS 20000  /* after that the caller asks again */
#define COUNT_MAX 1000000000
#define KEEP_MAX_MS ((int64_t)36500 * 86400000) /* as for the setting; of more PostgreSQL makes no time */

/* An answer {"keepMs","tables":[...],"over":[...],"more"}; the texts are taken, `tables` may be NULL. */
static void reply(struct http_response *response, int64_t keep_ms, char *tables, char *over, bool more)
{
    http_reply_json(response, 200,
                    json_pack("{s:I, s:o*, s:o, s:b}", "keepMs", (json_int_t)keep_ms, "tables",
                              tables ? json_loads(tables, 0, NULL) : NULL, "over", json_loads(over, 0, NULL), "more",
                              (int)more));
    free(tables);
    free(over);
}

void api_retention(void *context, struct http_request *request, struct http_response *response)
{
    struct api *api = context;
    struct err err = ERR_INIT;
    char *tables = NULL, *over = NULL;
    int64_t rows;
    int64_t keep_ms = api_query_number(request, "keepMs", 1, KEEP_MAX_MS, api->options.retention_ms);
    const struct store_prune wanted = {.keep_ms = keep_ms ? keep_ms : KEEP_MAX_MS,
                                       .limit = COUNT_MAX,
                                       .only_count = true};
    struct store *store = api_take(api, &err);
    bool ok = store && api_limit(store, API_PRUNE, &err) &&
              store_sizes(store, &tables, &err) && store_prune(store, &wanted, &rows, &over, &err);
    if (store)
        api_give(api, store);
    if (ok) {
        reply(response, keep_ms, tables, over, false);
        return;
    }
    free(tables);
    api_problem(request, response, &err);
}

/* Adds one part's rows to the sum. */
static void add_rows(json_t *sum, const char *part)
{
    json_t *list = json_loads(part, 0, NULL), *item;
    size_t i;
    json_array_foreach (list, i, item) {
        json_t *known = json_array_get(sum, i);
        json_int_t rows = json_integer_value(json_object_get(item, "rows"));
        if (!known)
            json_array_append(sum, item);
        else
            json_object_set_new(known, "rows", json_integer(json_integer_value(json_object_get(known, "rows")) + rows));
    }
    json_decref(list);
}

void api_prune(void *context, struct http_request *request, struct http_response *response)
{
    struct api *api = context;
    struct err err = ERR_INIT;
    const json_t *keep = json_object_get(request->json, "keepMs");
    int64_t keep_ms = keep ? json_integer_value(keep) : api->options.retention_ms, rows = 1;
    if (keep_ms < 1 || keep_ms > KEEP_MAX_MS) {
        http_problem(response, 400, ERR_USAGE, "\"keepMs\" says for how many milliseconds what has ended is kept",
                     "the coordinator's own `retention` keeps everything");
        return;
    }
    const struct store_prune wanted = {.keep_ms = keep_ms, .limit = ROWS_MAX};
    int64_t until = clock_mono_ms() + CALL_MS;
    json_t *sum = json_array();
    struct store *store = api_take(api, &err);
    bool ok = store && api_limit(store, API_PRUNE, &err);
    while (ok && rows && clock_mono_ms() < until) {
        char *part = NULL;
        ok = store_prune(store, &wanted, &rows, &part, &err);
        if (ok)
            add_rows(sum, part);
        free(part);
    }
    if (store)
        api_give(api, store);
    if (ok)
        reply(response, keep_ms, NULL, json_dumps(sum, JSON_COMPACT), rows > 0);
    else
        api_problem(request, response, &err);
    json_decref(sum);
}
