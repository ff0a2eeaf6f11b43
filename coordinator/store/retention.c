/* What is over goes: rows of one table, each with its statement. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* In this order: a release counts as pruned when all that it had is gone. */
static const struct prune {
    const char *table; /* in the schema greylag */
    const char *sql;   /* $1: how long what has ended is kept, ms; $2: how many rows at most. Returns how many went */
    const char *prose;
} prunes[] = {
    {"decisions", sql_prune_decisions, "decisions of ended releases"},
    {"orders", sql_prune_orders, "orders of ended releases"},
    {"jobs", sql_prune_jobs, "jobs and fences of ended releases"},
    {"steps", sql_prune_steps, "steps of releases of which nothing is in effect and that have no name"},
    {"plan_steps", sql_prune_plan_steps, "the same, as planned"},
    {"release_targets", sql_prune_targets, "the same, their targets"},
    {"releases", sql_prune_releases, "the same, the fleet as it was uploaded; the release itself stays listed"},
    {"inbox", sql_prune_outcomes, "outcomes that later ones have superseded"},
    {"blobs", sql_prune_texts, "texts that no release of that time, none that can go on, and no way back needs"},
    {"strangers", sql_prune_strangers, "messages that nobody enrolled has signed, a day ago"},
    {"workers", sql_prune_workers, "workers that were heard of last a day ago and serve nothing"},
};

static bool run_prune(struct store *store, const struct prune *prune, const struct store_prune *wanted,
                      int64_t *ret_rows, struct err *err)
{
    char keep[24], limit[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_begin(store, err))
        return false;
    bool done = store_exec(store, prune->sql, &result, err, 2, store_text_int64(keep, wanted->keep_ms),
                           store_text_int64(limit, wanted->limit));
    if (done)
        *ret_rows = pg_number(result, 0, 0);
    if (done && !wanted->only_count)
        return store_commit(store, err);
    store_rollback(store);
    return done || err_prefix(err, "pruning %s", prune->table);
}

bool store_prune(struct store *store, const struct store_prune *wanted, int64_t *ret_rows, char **ret_json,
                 struct err *err)
{
    json_t *list = json_array();
    *ret_rows = 0;
    for (size_t i = 0; i < COUNT_OF(prunes); i++) {
        int64_t rows = 0;
        if (!run_prune(store, &prunes[i], wanted, &rows, err)) {
            json_decref(list);
            return false;
        }
        *ret_rows += rows;
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "table", prunes[i].table, "what", prunes[i].prose,
                                              "rows", (json_int_t)rows));
    }
    char *text = row_dump(list);
    if (ret_json)
        *ret_json = text;
    else
        free(text);
    return true;
}

bool store_sizes(struct store *store, char **ret_json, struct err *err)
{
    const char *names[COUNT_OF(prunes)];
    auto_buf struct buf list = BUF_INIT(4096);
    auto_pgresult PGresult *result = NULL;
    for (size_t i = 0; i < COUNT_OF(prunes); i++)
        names[i] = prunes[i].table;
    pg_array_text(&list, names, COUNT_OF(prunes));
    if (!store_exec(store, sql_retention, &result, err, 1, buf_text(&list)))
        return false;
    *ret_json = xstrdup(pg_text(result, 0, 0));
    return true;
}
