/* What people and programs are shown: JSON made by the server, one statement each. */
#include <string.h>

#include "base/cleanup.h"
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
        err_set(err, ERR_INPUT, "there is no release %.64s", release);
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
        return err_set(err, ERR_INTERNAL, "release %.64s has an unknown state", release);
    *ret_change = pg_number(result, 0, 0);
    return true;
}

/* The catalog as two lists for the server: service and target, service and migration. */
static void catalog_lists(const struct fleet *fleet, json_t *targets, json_t *migrations)
{
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct service *service = &fleet->services[i];
        for (size_t k = 0; k < service->target_count; k++)
            json_array_append_new(targets, json_pack("{s:s,s:s}", "s", service->name, "t", service->targets[k]));
        for (size_t k = 0; k < service->migration_count; k++)
            json_array_append_new(migrations,
                                  json_pack("{s:s,s:s}", "s", service->name, "m", service->migrations[k].id));
    }
}

bool store_status(struct store *store, const char *fleet_json, size_t fleet_len, char **ret_json, struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct fleet fleet = {.service_count = 0};
    if (fleet_json && !fleet_decode(fleet_json, fleet_len, &arena, &fleet, err))
        return false;
    json_t *targets = json_array(), *migrations = json_array();
    catalog_lists(&fleet, targets, migrations);
    auto_free char *target_text = store_json_dump(targets);
    auto_free char *migration_text = store_json_dump(migrations);
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_status, &result, err, 3, target_text, migration_text, fleet_json ? "t" : "f") &&
           take_json(result, ret_json, err);
}

bool store_history(struct store *store, const char *service, const char *target, int64_t limit, char **ret_json,
                   struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_history, &result, err, 3, service, target, store_text_int64(text, limit)) &&
           take_json(result, ret_json, err);
}

bool store_workers(struct store *store, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_workers, &result, err, 0) && take_json(result, ret_json, err);
}

bool store_health(struct store *store, char **ret_json, struct err *err)
{
    char text[24];
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_health, &result, err, 1, store_text_int64(text, STORE_REPORTING_MS)) &&
           take_json(result, ret_json, err);
}

bool store_applied(struct store *store, char **ret_json, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    return store_exec(store, sql_applied, &result, err, 0) && take_json(result, ret_json, err);
}
