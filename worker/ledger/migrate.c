/* Greylag's own schema in a target database. */
#include <poll.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "ledger/ledger_internal.h"
#include "ledger_sql.h"

#define MIGRATE_WAIT_MS 60000
#define MIGRATE_LOCK "7382094172664911873" /* one lock for every ledger of a database: it is held for milliseconds */

/* In order; a version once published never changes. */
static const char *const versions[] = {sql_0001_ledger, sql_0002_functions, sql_0003_effects, sql_0004_sessions,
                                       sql_0005_clean, sql_0006_left, sql_0007_marks, sql_0008_said,
                                       sql_0009_places, sql_0010_sessions, sql_0011_aside};

/* 0 when there is nothing yet. */
static bool read_version(struct ledger *ledger, int64_t *ret_version, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(4096);
    auto_buf struct buf name = BUF_INIT(1024);
    buf_addf(&name, "%s.version", ledger->quoted_schema);
    buf_adds(&sql, "SELECT pg_catalog.to_regclass(");
    pg_add_literal(ledger->pg, &sql, buf_text(&name));
    buf_adds(&sql, ") IS NOT NULL");
    auto_pgresult PGresult *exists = NULL, *result = NULL;
    if (!pg_run(ledger->pg, buf_text(&sql), &exists, NULL, err))
        return ledger_fail(err);
    *ret_version = 0;
    if (!pg_true(exists, 0, 0))
        return true;
    buf_clear(&sql);
    buf_addf(&sql, "SELECT max(version) FROM %s", buf_text(&name));
    if (!pg_run(ledger->pg, buf_text(&sql), &result, NULL, err))
        return ledger_fail(err);
    *ret_version = pg_number(result, 0, 0);
    return true;
}

/* Inside the transaction that holds the lock: what is missing from `from` on. */
static bool run_versions(struct ledger *ledger, size_t from, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(1 << 20);
    if (from == 0) {
        auto_pgresult PGresult *exists = NULL;
        buf_adds(&sql, "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ");
        pg_add_literal(ledger->pg, &sql, ledger->settings.schema);
        if (!pg_run(ledger->pg, buf_text(&sql), &exists, NULL, err))
            return ledger_fail(err);
        buf_clear(&sql);
        /* CREATE SCHEMA asks for a right on the database even when there is nothing to do */
        if (PQntuples(exists) == 0)
            buf_addf(&sql, "CREATE SCHEMA %s;\n", ledger->quoted_schema);
        buf_addf(&sql, "CREATE TABLE %s.version (version integer PRIMARY KEY, applied_at timestamptz DEFAULT now());\n",
                 ledger->quoted_schema);
    }
    for (size_t i = from; i < COUNT_OF(versions); i++) {
        buf_adds(&sql, ledger_expand(ledger, versions[i]));
        buf_addf(&sql, ";\nINSERT INTO %s.version (version) VALUES (%zu);\n", ledger->quoted_schema, i + 1);
    }
    if (!pg_run(ledger->pg, buf_text(&sql), NULL, NULL, err)) {
        ledger_fail(err);
        return err_prefix(err, "creating greylag's tables in schema %s", ledger->settings.schema);
    }
    return true;
}

/* One attempt. *ret_done stays false when another worker is at it. */
static bool attempt(struct ledger *ledger, bool *ret_done, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!pg_run(ledger->pg, "BEGIN; SELECT pg_catalog.pg_try_advisory_xact_lock(" MIGRATE_LOCK ")", &result, NULL, err))
        return ledger_fail(err);
    bool locked = pg_true(result, 0, 0), good = true;
    int64_t version = 0;
    if (locked)
        good = read_version(ledger, &version, err) &&
               (version >= (int64_t)COUNT_OF(versions) || run_versions(ledger, (size_t)version, err));
    if (!pg_run(ledger->pg, locked && good ? "COMMIT" : "ROLLBACK", NULL, NULL, good ? err : NULL))
        return ledger_fail(good ? err : NULL);
    *ret_done = locked;
    return good;
}

bool ledger_migrate(struct ledger *ledger, struct err *err)
{
    int64_t version, deadline = clock_mono_ms() + MIGRATE_WAIT_MS;
    if (!read_version(ledger, &version, err))
        return false;
    struct pause pause = PAUSE(20, 500);
    bool done = version >= (int64_t)COUNT_OF(versions); /* a newer one only adds */
    while (!done) {
        if (!attempt(ledger, &done, err))
            return false;
        if (!done && clock_mono_ms() >= deadline)
            return err_set(err, ERR_TIMEOUT, "another worker has been creating greylag's tables for a minute");
        if (!done)
            poll(NULL, 0, (int)pause_next(&pause));
    }
    return true;
}
