/* Other tools' records on the targets: asked for, stored as they are reported, given to the planner. */
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

#define ASKED_FOR_MS (10 * 60000) /* whoever asked has long gone then */
#define NAMED_MAX 5
#define OWN_PLACES 1000000 /* greylag's own records stand behind those of other tools */

/* Services and targets as two arrays for the server. */
static void target_lists(const char *const *services, const char *const *targets, size_t count,
                         struct buf *ret_services, struct buf *ret_targets)
{
    pg_array_text(ret_services, services, count);
    pg_array_text(ret_targets, targets, count);
}

/* ---- asking ---- */

bool store_foreign_ask(struct store *store, const char *const *services, const char *const *targets, size_t count,
                       int64_t *ret_since_us, struct err *err)
{
    auto_buf struct buf service_list = BUF_INIT(BUF_MAX), target_list = BUF_INIT(BUF_MAX);
    auto_pgresult PGresult *now = NULL;
    char since[24];
    target_lists(services, targets, count, &service_list, &target_list);
    if (!store_check_open(store, err) || !store_exec(store, sql_foreign_now, &now, err, 0))
        return false;
    int64_t since_us = pg_number(now, 0, 0);
    if (!store_exec(store, sql_foreign_ask, NULL, err, 3, buf_text(&service_list), buf_text(&target_list),
                    store_text_int64(since, since_us)) ||
        !store_wake(store, err))
        return false;
    *ret_since_us = since_us;
    return true;
}

bool store_foreign_asked(struct store *store, struct arena *arena, struct store_asked **ret_asked, size_t *ret_count,
                         struct err *err)
{
    char limit[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_foreign_asked, &result, err, 1, store_text_int64(limit, ASKED_FOR_MS)))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_asked *asked = arena_array(arena, count + 1, sizeof *asked);
    for (size_t i = 0; i < count; i++)
        asked[i] = (struct store_asked){.service = pg_copy(result, (int)i, 0, arena),
                                        .target = pg_copy(result, (int)i, 1, arena),
                                        .asked_us = pg_number(result, (int)i, 2)};
    *ret_asked = asked;
    *ret_count = count;
    return true;
}

bool store_foreign(struct store *store, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_foreign, &result, err, 0))
        return false;
    *ret_json = xstrdup(pg_text(result, 0, 0));
    return true;
}

/* ---- storing ---- */

static json_t *rows_json(const struct foreign_history *history)
{
    json_t *list = json_array();
    for (size_t i = 0; i < history->row_count; i++) {
        const struct foreign_row *row = &history->rows[i];
        json_t *json = json_object();
        row_text(json, "version", row->version);
        row_text(json, "name", row->name);
        row_text(json, "script", row->script);
        row_text(json, "checksum", row->checksum);
        row_text(json, "state", foreign_state_text(row->state));
        json_array_append_new(list, json);
    }
    return list;
}

/* A record of greylag's own under another name is whole in every inventory; those of other tools only where it says
 * so. */
static json_t *histories_json(const struct store_inventory *inventory)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inventory->foreign_count; i++) {
        const struct foreign_history *history = &inventory->foreign[i];
        bool own = history->tool == HISTORY_GREYLAG;
        if (!own && !inventory->foreign_whole)
            continue;
        json_t *json = json_object();
        row_number(json, "p", (int64_t)i + (own ? OWN_PLACES : 0));
        row_text(json, "o", history_tool_text(history->tool));
        row_text(json, "h", history->table);
        json_object_set_new(json, "c", rows_json(history));
        json_array_append_new(list, json);
    }
    return list;
}

bool store_put_foreign(struct store *store, const struct store_inventory *inventory, struct err *err)
{
    auto_free char *text = rows_text(histories_json(inventory));
    char answers[24];
    return store_exec(store, sql_foreign_clear, NULL, err, 3, inventory->service, inventory->target,
                      inventory->foreign_whole ? "t" : "f") &&
           (!text ||
            store_exec(store, sql_foreign_put, NULL, err, 3, inventory->service, inventory->target, text)) &&
           (!inventory->foreign_whole ||
            store_exec(store, sql_foreign_answered, NULL, err, 3, inventory->service, inventory->target,
                       store_text_int64(answers, inventory->answers_us)));
}

/* ---- giving it to the planner ---- */

static bool read_history(const PGresult *result, int at, struct arena *arena, struct foreign_history *ret)
{
    json_t *list = json_loads(pg_text(result, at, 4), 0, NULL);
    struct foreign_row *rows = arena_array(arena, json_array_size(list) + 1, sizeof *rows);
    bool good = json_is_array(list) && history_tool_parse(pg_text(result, at, 2), &ret->tool);
    size_t i;
    const json_t *json;
    json_array_foreach(list, i, json)
    {
        const char *state = json_string_value(json_object_get(json, "state"));
        good = good && state && foreign_state_parse(state, &rows[i].state);
        rows[i].version = row_member(arena, json, "version");
        rows[i].name = row_member(arena, json, "name");
        rows[i].script = row_member(arena, json, "script");
        rows[i].checksum = row_member(arena, json, "checksum");
    }
    ret->table = pg_copy(result, at, 3, arena);
    ret->rows = rows;
    ret->row_count = json_array_size(list);
    json_decref(list);
    return good;
}

static struct target_contents *contents_of(struct target_contents *contents, size_t *count, const char *service,
                                           const char *target, struct arena *arena)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(contents[i].target, target) == 0 && strcmp(contents[i].service, service) == 0)
            return &contents[i];
    contents[*count] =
        (struct target_contents){.service = arena_strdup(arena, service), .target = arena_strdup(arena, target)};
    return &contents[(*count)++];
}

bool store_load_foreign(struct store *store, bool all, struct arena *arena, struct target_contents **contents,
                        size_t *count, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_foreign_load, &result, err, 1, all ? "t" : "f"))
        return false;
    size_t rows = (size_t)PQntuples(result);
    struct target_contents *grown = arena_array(arena, *count + rows + 1, sizeof *grown), *of = NULL;
    struct foreign_history *histories = arena_array(arena, rows + 1, sizeof *histories);
    if (*count)
        memcpy(grown, *contents, *count * sizeof *grown);
    for (size_t i = 0; i < rows; i++) {
        const char *service = pg_text(result, (int)i, 0), *target = pg_text(result, (int)i, 1);
        if (!read_history(result, (int)i, arena, &histories[i]))
            return err_set(err, ERR_INTERNAL, "the record of %s/%s in the control database cannot be read", service,
                           target);
        if (!of || strcmp(of->target, target) != 0 || strcmp(of->service, service) != 0) {
            of = contents_of(grown, count, service, target, arena);
            of->foreign = &histories[i];
        }
        of->foreign_count++;
    }
    *contents = grown;
    return true;
}

/* ---- whether what is stored was asked for ---- */

static size_t chosen_targets(const struct fleet *fleet, const struct plan_options *options, const char **services,
                             const char **targets)
{
    size_t count = 0;
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct service *service = &fleet->services[i];
        for (size_t t = 0; t < service->target_count; t++) {
            if (!plan_reads_record(service, options) || !plan_chooses(options, service->name, service->targets[t]))
                continue;
            services[count] = service->name;
            targets[count++] = service->targets[t];
        }
    }
    return count;
}

/* Why they cannot answer, of those in the answer of foreign_waiting for which that is known, behind what is there. */
static bool add_reasons(struct store *store, const PGresult *waiting, struct buf *out, const char **ret_hint,
                        struct err *err)
{
    size_t count = (size_t)PQntuples(waiting);
    auto_free const char **services = xcalloc(count, sizeof *services), **targets = xcalloc(count, sizeof *targets);
    auto_pgresult PGresult *ready = NULL;
    size_t told = 0;
    for (size_t i = 0; i < count; i++) {
        services[i] = pg_text(waiting, (int)i, 0);
        targets[i] = pg_text(waiting, (int)i, 1);
    }
    if (!store_targets_ready(store, services, targets, count, &ready, err))
        return false;
    for (int i = 0; i < PQntuples(ready) && told < NAMED_MAX; i++) {
        const char *why = store_why_unheard(ready, i);
        why = !why && pg_true(ready, i, 7) ? DOES_NOT_KNOW_US : why;
        if (why)
            buf_addf(out, "%s%s/%s: %s", told++ ? "\n  " : ": ", pg_text(ready, i, 0), pg_text(ready, i, 1), why);
    }
    if (told)
        *ret_hint = START_OR_ENROLL;
    if (PQntuples(ready) > 0 && !pg_true(ready, 0, 6))
        *ret_hint = NOBODY_LEADS;
    return true;
}

bool store_check_answered(struct store *store, const struct fleet *fleet, const struct plan_options *options,
                          int64_t since_us, struct err *err)
{
    size_t room = 1;
    for (size_t i = 0; i < fleet->service_count; i++)
        room += fleet->services[i].target_count;
    auto_free const char **services = xcalloc(room, sizeof *services), **targets = xcalloc(room, sizeof *targets);
    size_t count = chosen_targets(fleet, options, services, targets);
    if (count == 0 && options->adoption != ADOPTION_IMPORT)
        return true;
    if (since_us <= 0) {
        err_set(err, ERR_INPUT, "this needs the records of other tools, asked for: \"since\" is missing");
        return err_hint(err, "POST /api/v1/imports asks, and answers with it");
    }
    auto_buf struct buf service_list = BUF_INIT(BUF_MAX), target_list = BUF_INIT(BUF_MAX), names = BUF_INIT(BUF_MAX);
    auto_pgresult PGresult *result = NULL;
    char since[24];
    target_lists(services, targets, count, &service_list, &target_list);
    if (!store_exec(store, sql_foreign_waiting, &result, err, 3, buf_text(&service_list), buf_text(&target_list),
                    store_text_int64(since, since_us)))
        return false;
    int waiting = PQntuples(result);
    if (waiting == 0)
        return true;
    for (int i = 0; i < waiting && i < NAMED_MAX; i++)
        buf_addf(&names, "%s%s/%s", i ? ", " : "", pg_text(result, i, 0), pg_text(result, i, 1));
    if (waiting > NAMED_MAX)
        buf_addf(&names, " and %d more", waiting - NAMED_MAX);
    buf_addf(&names, " ha%s not said yet what records of other tools %s", waiting == 1 ? "s" : "ve",
             waiting == 1 ? "it holds" : "they hold");
    const char *hint = "their workers are asked; greylag workers list shows which report. --service or --on leaves the "
                       "others out";
    if (!add_reasons(store, result, &names, &hint, err))
        return false;
    err_set(err, ERR_CONFLICT, "%s", buf_text(&names));
    err_hint(err, "%s", hint);
    if (err)
        err->retriable = true;
    return false;
}
