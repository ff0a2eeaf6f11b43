/* Targets as the leader knows them, and those that are gone. */
#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

static bool targets_of(struct store *store, const char *sql, struct arena *arena, struct store_target **ret_targets,
                       size_t *ret_count, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_target *targets = arena_array(arena, count + 1, sizeof *targets);
    for (int i = 0; i < (int)count; i++) {
        int64_t sequence = pg_number(result, i, 2), recorded = pg_number(result, i, 3);
        rollout_numbers(&sequence, &recorded);
        targets[i] = (struct store_target){.service = pg_copy(result, i, 0, arena),
                                           .target = pg_copy(result, i, 1, arena),
                                           .sequence = sequence, .recorded = recorded};
    }
    *ret_targets = targets;
    *ret_count = count;
    return true;
}

bool store_targets(struct store *store, struct arena *arena, struct store_target **ret_targets, size_t *ret_count,
                   struct err *err)
{
    return targets_of(store, sql_targets_load, arena, ret_targets, ret_count, err);
}

bool store_targets_unknown(struct store *store, struct arena *arena, struct store_target **ret_targets,
                           size_t *ret_count, struct err *err)
{
    return targets_of(store, sql_targets_unknown, arena, ret_targets, ret_count, err);
}

bool store_contents(struct store *store, const char *service, const char *target, char digest[DIGEST_TEXT_SIZE],
                    struct err *err)
{
    auto_pgresult PGresult *held = NULL;
    if (!store_exec(store, sql_contents_of, &held, err, 2, service, target))
        return false;
    size_t count = (size_t)PQntuples(held);
    auto_free struct applied *applied = xcalloc(count + 1, sizeof *applied);
    for (int i = 0; i < (int)count; i++)
        applied[i] = (struct applied){.migration = pg_text(held, i, 0), .checksum = pg_text(held, i, 1),
                                      .request = pg_text(held, i, 2), .release = pg_text(held, i, 3)};
    contents_digest(applied, count, digest);
    return true;
}

/* Why a target cannot be forgotten. */
static bool say_why_not(struct store *store, const char *service, const char *target, struct err *err)
{
    char limit[24];
    auto_pgresult PGresult *found = NULL;
    if (!store_exec(store, sql_target_objection, &found, err, 3, service, target,
                    store_text_int64(limit, STORE_REPORTING_MS)))
        return false;
    if (PQntuples(found) == 0 || pg_true(found, 0, 0)) {
        err_set(err, ERR_INPUT, "no target is listed as %s%s%s", service, *service ? "/" : "", target);
        return err_hint(err, "greylag status lists them");
    }
    if (!pg_true(found, 0, 1)) {
        err_set(err, ERR_CONFLICT, "a release is under way on %s/%s", service, target);
        return err_hint(err, "start its worker; or greylag release rollback: a fence that is not answered halts the "
                             "release, and the target can be forgotten then");
    }
    err_set(err, ERR_CONFLICT, "worker %s reports %s/%s", pg_text(found, 0, 2), service, target);
    return err_hint(err, "stop that worker, or take the target out of its worker.yml; it is silent %d s later",
                    STORE_REPORTING_MS / 1000);
}

bool store_target_forget(struct store *store, const char *service, const char *target, struct err *err)
{
    char limit[24];
    auto_pgresult PGresult *gone = NULL;
    if (!store_begin(store, err))
        return false;
    bool done = store_exec(store, sql_target_forget, &gone, err, 3, service, target,
                           store_text_int64(limit, STORE_REPORTING_MS));
    return store_end_waking(store, done && (PQntuples(gone) > 0 || say_why_not(store, service, target, err)), err);
}
