/* What people and programs are shown: JSON made by the server, one statement each; what needs a person by its own. */
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

static bool take_json(const PGresult *result, char **ret_json, struct err *err)
{
    if (PQntuples(result) != 1 || PQgetisnull(result, 0, 0))
        return err_set(err, ERR_INTERNAL, "the control database has no identity row");
    *ret_json = xstrdup(PQgetvalue(result, 0, 0));
    return true;
}

bool store_releases(struct store *store, int64_t limit, char **ret_json, struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_releases, &result, err, 1, store_text_int64(text, limit)) &&
           take_json(result, ret_json, err);
}

static bool no_release(const char *release, struct err *err)
{
    if (*release == '\0' || strcmp(release, "latest") == 0)
        err_set(err, ERR_INPUT, "there is no release yet");
    else
        err_set(err, ERR_INPUT, "there is no release %s", release);
    return err_hint(err, "greylag release list shows them");
}

bool store_release_show(struct store *store, const char *release, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_release_show, &result, err, 1, release))
        return false;
    if (PQntuples(result) == 0)
        return no_release(release, err);
    return take_json(result, ret_json, err);
}

bool store_release_change(struct store *store, const char *release, int64_t *ret_change,
                          enum release_state *ret_state, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_release_change, &result, err, 1, release))
        return false;
    if (PQntuples(result) == 0)
        return no_release(release, err);
    if (!release_state_parse(pg_text(result, 0, 1), ret_state))
        return err_set(err, ERR_INTERNAL, "release %s has an unknown state", release);
    *ret_change = pg_number(result, 0, 0);
    return true;
}

bool store_attention(struct store *store, char **ret_json, struct err *err)
{
    char silent[24], deaf[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_attention, &result, err, 2, store_text_int64(silent, STORE_REPORTING_MS),
                      store_text_int64(deaf, STORE_DEAF_MS)) &&
           take_json(result, ret_json, err);
}

/* What needs a person, as a member of the answer, whose text is replaced. */
static bool add_attention(struct store *store, char **json, struct err *err)
{
    auto_free char *list = NULL;
    if (!store_attention(store, &list, err))
        return false;
    json_t *answer = json_loads(*json, 0, NULL);
    json_object_set_new(answer, "attention", json_loads(list, JSON_DECODE_ANY, NULL));
    free(*json);
    *json = row_dump(answer);
    return true;
}

static json_t *catalog_targets(const struct fleet *fleet)
{
    json_t *targets = json_array();
    for (size_t i = 0; i < fleet->service_count; i++)
        for (size_t k = 0; k < fleet->services[i].target_count; k++)
            json_array_append_new(targets, json_pack("{s:s,s:s}", "s", fleet->services[i].name, "t",
                                                     fleet->services[i].targets[k]));
    return targets;
}

static const char *member(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static bool has_target(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->target_count; i++)
        if (strcmp(service->targets[i], name) == 0)
            return true;
    return false;
}

/* What the files here make of what one target holds, in place of the list of that. */
static void count_target(const struct fleet *fleet, const char *category, json_t *target)
{
    auto_arena struct arena arena = ARENA_INIT;
    const json_t *held = json_object_get(target, "held"), *row;
    struct applied *applied = arena_array(&arena, json_array_size(held) + 1, sizeof *applied);
    struct target_contents contents = {.service = member(target, "service"), .target = member(target, "target"),
                                       .applied = applied, .applied_count = json_array_size(held)};
    size_t i;
    json_array_foreach(held, i, row)
        applied[i] = (struct applied){.migration = json_string_value(json_array_get(row, 0)),
                                      .checksum = json_string_value(json_array_get(row, 1)),
                                      .request = "",
                                      .release = ""};
    const struct service nothing = {.name = contents.service}, *service = fleet_service(fleet, contents.service);
    struct plan_counts counts = plan_pending(service ? service : &nothing, &contents, category);
    bool listed = service && has_target(service, contents.target);
    row_number(target, "applied", (json_int_t)counts.applied);
    if (!json_is_true(json_object_get(target, "known")))
        return; /* what it holds is only remembered */
    row_number(target, "pending", listed ? (json_int_t)counts.pending : 0);
    row_number(target, "unknown", (json_int_t)counts.unknown);
}

static char *count_targets(const struct fleet *fleet, const char *category, char *text)
{
    json_t *json = json_loads(text, 0, NULL), *target;
    size_t i;
    json_array_foreach(json_object_get(json, "targets"), i, target)
    {
        if (fleet)
            count_target(fleet, category, target);
        json_object_del(target, "held");
    }
    free(text);
    return row_dump(json);
}

bool store_status(struct store *store, const char *fleet_json, size_t fleet_len, const char *category, char **ret_json,
                  struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct fleet fleet = {.service_count = 0};
    if (category && !fleet_json)
        return err_set(err, ERR_INPUT, "categories stand in the migrations' files, and no catalog was sent");
    if (fleet_json && !fleet_decode(fleet_json, fleet_len, &arena, &fleet, err))
        return false;
    auto_free char *targets = row_dump(catalog_targets(&fleet));
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_status, &result, err, 2, targets, fleet_json ? "t" : "f") ||
        !take_json(result, ret_json, err))
        return false;
    *ret_json = count_targets(fleet_json ? &fleet : NULL, category, *ret_json);
    return add_attention(store, ret_json, err);
}

bool store_history(struct store *store, const char *service, const char *target, const char *category, int64_t limit,
                   char **ret_json, struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_history, &result, err, 4, service, target, store_text_int64(text, limit), category) &&
           take_json(result, ret_json, err);
}

bool store_workers(struct store *store, char **ret_json, struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_workers, &result, err, 1, store_text_int64(text, STORE_REPORTING_MS)) &&
           take_json(result, ret_json, err);
}

bool store_health(struct store *store, char **ret_json, struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_health, &result, err, 1, store_text_int64(text, STORE_REPORTING_MS)) &&
           take_json(result, ret_json, err) && add_attention(store, ret_json, err);
}

bool store_applied(struct store *store, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_applied, &result, err, 0) && take_json(result, ret_json, err);
}
