/* What is over goes: rows of one table, each with its statement. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* In this order: a release is off the record before anything that a plan is made from goes. */
static const struct prune {
    const char *table; /* in the schema greylag */
    const char *sql;   /* $1: how long what has ended is kept, ms; $2: how many rows at most. Returns how many went */
    const char *prose;
} prunes[] = {
    {"decisions", sql_prune_decisions, "decisions of ended releases"},
    {"orders", sql_prune_orders, "orders of ended releases"},
    {"jobs", sql_prune_jobs, "jobs and fences of ended releases"},
    {"releases", sql_prune_releases,
     "the fleet as it was uploaded, of releases of which nothing is in effect and that have no name; they stay listed"},
    {"steps", sql_prune_steps, "the same, their steps"},
    {"plan_steps", sql_prune_plan_steps, "the same, as planned"},
    {"release_targets", sql_prune_targets, "the same, their targets"},
    {"inbox", sql_prune_outcomes, "outcomes that later ones have superseded"},
    {"blobs", sql_prune_texts, "texts that no release of that time, none that can go on, and no way back needs"},
    {"strangers", sql_prune_strangers, "messages that nobody enrolled has signed, a day ago"},
    {"workers", sql_prune_workers, "workers that were heard of last a day ago and serve nothing"},
};

static bool run_prune(struct store *store, const struct prune *prune, const struct store_prune *wanted, json_t *list,
                      struct err *err)
{
    char keep[24], limit[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, prune->sql, &result, err, 2, store_text_int64(keep, wanted->keep_ms),
                    store_text_int64(limit, wanted->limit)))
        return err_prefix(err, "pruning %s", prune->table);
    json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "table", prune->table, "what", prune->prose, "rows",
                                          (json_int_t)pg_number(result, 0, 0)));
    return true;
}

/* Each table in a transaction of its own. */
static bool take_away(struct store *store, const struct store_prune *wanted, json_t *list, struct err *err)
{
    bool done = true;
    for (size_t i = 0; done && i < COUNT_OF(prunes); i++)
        done = store_begin(store, err) && store_end(store, run_prune(store, &prunes[i], wanted, list, err), err);
    return done;
}

/* All in one that is rolled back: what goes from one table depends on what has gone from those before it. */
static bool count(struct store *store, const struct store_prune *wanted, json_t *list, struct err *err)
{
    bool done = store_begin(store, err);
    for (size_t i = 0; done && i < COUNT_OF(prunes); i++)
        done = run_prune(store, &prunes[i], wanted, list, err);
    store_rollback(store);
    return done;
}

bool store_prune(struct store *store, const struct store_prune *wanted, int64_t *ret_rows, char **ret_json,
                 struct err *err)
{
    json_t *list = json_array(), *item;
    size_t i;
    if (!(wanted->only_count ? count : take_away)(store, wanted, list, err)) {
        json_decref(list);
        return false;
    }
    *ret_rows = 0;
    json_array_foreach(list, i, item)
        *ret_rows += json_integer_value(json_object_get(item, "rows"));
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
