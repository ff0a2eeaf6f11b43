/* The control database's own migrations: numbered files, one transaction each, one runner at a time. */
#include "base/clock.h"
#include "base/cleanup.h"
#include "base/pause.h"
#include "store/store_internal.h"
#include "store_sql.h"

static const struct step {
    int version;
    const char *name;
    const char *text;
} steps[] = {
    {1, "control", sql_0001_control},
    {2, "restored", sql_0002_restored},
    {3, "adopting", sql_0003_adopting},
    {4, "kinds", sql_0004_kinds},
    {5, "values", sql_0005_values},
    {6, "forgotten", sql_0006_forgotten},
    {7, "yields", sql_0007_yields},
    {8, "retention", sql_0008_retention},
    {9, "troubles", sql_0009_troubles},
    {10, "strangers", sql_0010_strangers},
    {11, "said", sql_0011_said},
    {12, "taken", sql_0012_taken},
    {13, "known", sql_0013_known},
    {14, "effects", sql_0014_effects},
    {15, "heard", sql_0015_heard},
    {16, "left", sql_0016_left},
    {17, "beats", sql_0017_beats},
    {18, "clock", sql_0018_clock},
    {19, "inbox", sql_0019_inbox},
    {20, "requests", sql_0020_requests},
    {21, "leftovers", sql_0021_leftovers},
    {22, "lasts", sql_0022_lasts},
};
#define NEWEST ((int64_t)COUNT_OF(steps))
#define LOCK_WAIT_MS 30000

static bool query_int64(struct store *store, const char *sql, int64_t *ret_value, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql, &result, err, 0))
        return false;
    *ret_value = pg_number(result, 0, 0);
    return true;
}

/* Polled: whoever waits inside pg_advisory_lock holds a snapshot that others may wait for. */
static bool lock(struct store *store, struct err *err)
{
    int64_t until = clock_mono_ms() + LOCK_WAIT_MS;
    struct pause pause = PAUSE(20, 500);
    for (;;) {
        int64_t held = 0;
        if (!query_int64(store, sql_schema_lock, &held, err))
            return false;
        if (held)
            return true;
        if (clock_mono_ms() > until)
            return err_set(err, ERR_TIMEOUT, "the control database's schema is locked by another coordinator");
        store_pause(store, (int)pause_next(&pause));
    }
}

static bool apply(struct store *store, const struct step *step, struct err *err)
{
    char version[24];
    if (!store_begin(store, err))
        return false;
    bool done = pg_run(store->pg, step->text, NULL, NULL, err) &&
                store_exec(store, sql_schema_record, NULL, err, 2, store_text_int64(version, step->version),
                           step->name);
    return store_end(store, done, err) || err_prefix(err, "control schema %04d_%s", step->version, step->name);
}

static bool bring_up(struct store *store, struct err *err)
{
    int64_t version = 0;
    if (!store_exec(store, sql_schema_create, NULL, err, 0) ||
        !store_exec(store, sql_schema_create_version, NULL, err, 0) ||
        !query_int64(store, sql_schema_version, &version, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (steps[i].version > version && !apply(store, &steps[i], err))
            return false;
    return true;
}

bool store_migrate(struct store *store, struct err *err)
{
    int64_t present = 0, version = 0;
    if (!query_int64(store, sql_schema_present, &present, err) ||
        (present && !query_int64(store, sql_schema_version, &version, err)))
        return false;
    if (version > NEWEST) {
        err_set(err, ERR_CONFLICT, "the control database has schema version %lld, this program knows %lld",
                (long long)version, (long long)NEWEST);
        return err_hint(err, "run the newer greylag-coordinator");
    }
    if (version == NEWEST)
        return true;
    if (!lock(store, err))
        return false;
    bool done = bring_up(store, err);
    (void)store_exec(store, sql_schema_unlock, NULL, NULL, 0);
    return done;
}
