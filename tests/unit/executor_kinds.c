/* Repeatables, callbacks, what runs around each migration, verification, and what is only recorded.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>

TestSuite(executor_kinds, .init = start, .fini = stop_server, .timeout = 120);

#define APPLIED "SELECT string_agg(migration || checksum || request, ' ' ORDER BY position) FROM greylag.applied"

Test(executor_kinds, a_repeatable_replaces_itself_and_goes_back)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    EXPECT(l, repeatable("q2", "R1", "", "ca", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one"), OUTCOME_APPLIED);
    EXPECT(l, up("q3", "2", "CREATE TABLE b (x int)"), OUTCOME_APPLIED);
    EXPECT(l, repeatable("q4", "R1", "q2", "cb", "DROP VIEW v; CREATE VIEW v AS SELECT 2 AS two"), OUTCOME_APPLIED);
    VALUE(APPLIED, "1c1q1 2c1q3 R1cbq4");
    VALUE("SELECT two FROM v", "2");
    EXPECT(l, repeatable("q5", "R1", "q2", "cb", "DROP VIEW v"), OUTCOME_ALREADY);
    EXPECT(l, repeatable("q6", "R1", "q2", "cc", "DROP VIEW v"), OUTCOME_DRIFT);
    EXPECT(l, repeatable("q7", "R1", "", "cc", "DROP VIEW v"), OUTCOME_DRIFT);
    EXPECT(l, repeatable("q8", "R9", "q2", "cc", "DROP VIEW v"), OUTCOME_DRIFT);
    cr_assert_str_eq(last.outcome.detail, "nothing is in effect");
    struct job_request back = repeatable("q9", "R1", "q4", "ca", "DROP VIEW v; CREATE VIEW v AS SELECT 1 AS one");
    back.direction = DIRECTION_DOWN;
    EXPECT(l, back, OUTCOME_APPLIED);
    VALUE(APPLIED, "1c1q1 2c1q3 R1caq9");
    VALUE("SELECT one FROM v", "1");
    EXPECT(l, repeatable("qa", "R1", "q9", "cd", "SELECT 1/0"), OUTCOME_FAILED);
    VALUE(APPLIED, "1c1q1 2c1q3 R1caq9");
    ledger_close(l);
}

Test(executor_kinds, a_repeatable_outside_a_transaction)
{
    struct ledger *l = ready(1);
    struct job_request r =
        repeatable("q1", "R1", "", "ca", "CREATE TABLE IF NOT EXISTS a (x int); INSERT INTO a VALUES (1)");
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    r.request = "q2";
    r.undoes = "q1";
    r.checksum = "cb";
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM a", "2");
    VALUE(APPLIED, "R1cbq2");
    ledger_close(l);
}

Test(executor_kinds, a_callback_is_in_the_history_alone)
{
    struct ledger *l = ready(1);
    frame.before_each = "SELECT 1/0"; /* not around a callback */
    struct job_request r = up("q1", "beforeMigrate", "CREATE TABLE IF NOT EXISTS a (x int); INSERT INTO a VALUES (1)");
    r.kind = MIGRATION_CALLBACK;
    EXPECT(l, r, OUTCOME_APPLIED);
    r.request = "q2";
    EXPECT(l, r, OUTCOME_APPLIED);
    r.request = "q3";
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM a", "3");
    VALUE("SELECT count(*) FROM greylag.history", "3");
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    ledger_close(l);
}

/* ---- around each ---- */

Test(executor_kinds, around_each_migration_in_its_transaction)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE log (what text)");
    frame.before_each = "BEGIN;\nINSERT INTO log VALUES ('before');\nCOMMIT;";
    frame.after_each = "INSERT INTO log VALUES ('after')";
    EXPECT(l, up("q1", "1", "INSERT INTO log VALUES ('1')"), OUTCOME_APPLIED);
    EXPECT(l, repeatable("q2", "R", "", "c", "INSERT INTO log VALUES ('R')"), OUTCOME_APPLIED);
    EXPECT(l, down("q3", "1", "q1", "INSERT INTO log VALUES ('undo')"), OUTCOME_APPLIED);
    VALUE("SELECT string_agg(what, ' ' ORDER BY ctid) FROM log", "before 1 after before R after undo");
    frame.after_each = "\n\n  SELECT nothing";
    EXPECT(l, up("q4", "1", "INSERT INTO log VALUES ('never')"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 3 of afterEachMigrate: "), "%s", last.outcome.message);
    cr_assert_eq(last.outcome.line, 0);
    frame.before_each = "SELECT 1;\nSELECT 1/0";
    EXPECT(l, up("q5", "1", "INSERT INTO log VALUES ('never')"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2 of beforeEachMigrate: "), "%s", last.outcome.message);
    frame.before_each = "SELECT 1;\nCOMMIT;";
    EXPECT(l, up("q6", "1", "INSERT INTO log VALUES ('never')"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2 of beforeEachMigrate: transaction control"), "%s",
              last.outcome.message);
    VALUE("SELECT count(*) FROM log WHERE what = 'never'", "0");
    frame.before_each = "SELECT 1; SELECT 2";
    frame.after_each = "";
    EXPECT(l, up("q7", "1", "SELECT 1;\nINSERT INTO nowhere VALUES (1)"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 2);
    EXPECT(l, up("q8", "1", "SELECT 1;\n\nSELECT 1/0"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 3);
    ledger_close(l);
}

Test(executor_kinds, around_each_outside_a_transaction)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE log (what text)");
    frame.before_each = "SET work_mem = '2MB'; INSERT INTO log VALUES ('before')";
    frame.after_each = "INSERT INTO log VALUES (current_setting('work_mem'))";
    EXPECT(l, up("q1", "1", "CREATE INDEX CONCURRENTLY i ON log (what)"), OUTCOME_APPLIED);
    VALUE("SELECT string_agg(what, ' ' ORDER BY ctid) FROM log", "before 2MB");
    frame.after_each = "SELECT 1;\nSELECT 1/0";
    EXPECT(l, up("q2", "2", "CREATE INDEX CONCURRENTLY j ON log (what)"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2 of afterEachMigrate"), "%s", last.outcome.message);
    cr_assert(strstr(last.outcome.left, "4 of 5 statements took effect and stay (before line 2 of afterEachMigrate)"),
              "%s", last.outcome.left);
    ledger_close(l);
}

/* ---- verification ---- */

static struct job_request verified(const char *id, const char *migration, const char *sql, const char *verify)
{
    struct job_request r = up(id, migration, sql);
    r.verify = verify;
    return r;
}

Test(executor_kinds, verification_leaves_nothing)
{
    struct ledger *l = ready(1);
    EXPECT(l,
           verified("q1", "1", "CREATE TABLE a (x int)",
                    "-- Verify a\nBEGIN;\nINSERT INTO a VALUES (1);\nSELECT x FROM a WHERE false;\nROLLBACK;\n"),
           OUTCOME_APPLIED);
    EXPECT(l, verified("q2", "2", "CREATE TABLE b (x int)", "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"),
           OUTCOME_APPLIED);
    EXPECT(l, verified("q3", "3", "CREATE TABLE c (x int)", "BEGIN; INSERT INTO c VALUES (1); COMMIT"),
           OUTCOME_APPLIED);
    VALUE("SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b) + (SELECT count(*) FROM c)", "0");
    EXPECT(l, verified("q4", "4", "CREATE TABLE d (x int)", "BEGIN;\nSELECT y FROM d;\nROLLBACK;"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2 of the verify script: "), "%s", last.outcome.message);
    EXPECT(l, verified("q5", "4", "CREATE TABLE d (x int)", "BEGIN;\n\nSELECT 1/count(*) FROM d;\nROLLBACK;"),
           OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 3 of the verify script: division by zero"), "%s",
              last.outcome.message);
    EXPECT(l, verified("q6", "4", "CREATE TABLE d (x int)", "SELECT 1; COMMIT; SELECT 2"), OUTCOME_FAILED);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'd'", "0");
    VALUE("SELECT count(*) FROM greylag.applied", "3");
    EXPECT(l, verified("q7", "4", "CREATE ROLE greylag_verify_nobody; SET ROLE greylag_verify_nobody",
                       "SET ROLE greylag_verify_nobody; SELECT current_user"), OUTCOME_APPLIED);
    struct job_request r = down("q8", "4", "q7", "DROP ROLE greylag_verify_nobody");
    r.verify = "SELECT 1/0"; /* not of an undo */
    EXPECT(l, r, OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_kinds, verification_outside_a_transaction_says_what_stays)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int)");
    EXPECT(l, verified("q1", "1", "CREATE INDEX CONCURRENTLY i ON a (x)", "BEGIN; INSERT INTO a VALUES (1); ROLLBACK"),
           OUTCOME_APPLIED);
    EXPECT(l, verified("q2", "2", "CREATE INDEX CONCURRENTLY j ON a (x)", "SELECT 1/0"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 1 of the verify script: "), "%s", last.outcome.message);
    cr_assert_str_eq(last.outcome.left, "1 of 1 statements took effect and stay");
    VALUE("SELECT count(*) FROM a", "0");
    VALUE("SELECT count(*) FROM greylag.applied", "1");
    VALUE("SELECT count(*) FROM greylag.progress", "0");
    ledger_close(l);
}

/* ---- what is only recorded ---- */

Test(executor_kinds, adopted_and_forgotten)
{
    struct ledger *l = ready(1);
    EXPECT(l, record_only("q1", DIRECTION_ADOPT, "1", "", "ca"), OUTCOME_APPLIED);
    EXPECT(l, record_only("q2", DIRECTION_ADOPT, "2", "", "cb"), OUTCOME_APPLIED);
    cr_assert_str_eq(last.outcome.detail, "");
    VALUE(APPLIED, "1caq1 2cbq2");
    EXPECT(l, record_only("q3", DIRECTION_ADOPT, "1", "", "ca"), OUTCOME_ALREADY);
    EXPECT(l, record_only("q4", DIRECTION_ADOPT, "1", "", "cx"), OUTCOME_DRIFT);
    EXPECT(l, record_only("q5", DIRECTION_ADOPT, "1", "q1", "cx"), OUTCOME_APPLIED); /* realigned, where it was */
    VALUE(APPLIED, "1cxq5 2cbq2");
    EXPECT(l, record_only("q5b", DIRECTION_ADOPT, "1", "q5", "cx"),
           OUTCOME_APPLIED); /* as it is: for another tool's record */
    VALUE(APPLIED, "1cxq5 2cbq2");
    EXPECT(l, record_only("q6", DIRECTION_ADOPT, "1", "q1", "cy"), OUTCOME_DRIFT);
    EXPECT(l, record_only("q7", DIRECTION_ADOPT, "9", "q1", "cy"), OUTCOME_DRIFT);
    EXPECT(l, record_only("q8", DIRECTION_FORGET, "1", "q1", "cx"), OUTCOME_DRIFT);
    EXPECT(l, record_only("q9", DIRECTION_FORGET, "1", "q5", "cx"), OUTCOME_APPLIED);
    EXPECT(l, record_only("qa", DIRECTION_FORGET, "1", "q5", "cx"), OUTCOME_DRIFT);
    VALUE(APPLIED, "2cbq2");
    VALUE("SELECT string_agg(direction || kind, ' ' ORDER BY position) FROM greylag.history",
          "adoptapplied adoptapplied adoptalready adoptdrift adoptapplied adoptapplied adoptdrift adoptdrift "
          "forgetdrift forgetapplied forgetdrift");
    EXPECT(l, down("qb", "2", "q2", "SELECT 1"), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_kinds, nothing_runs_when_it_is_only_recorded)
{
    struct ledger *l = ready(1);
    frame.before_each = frame.after_each = "SELECT 1/0";
    struct job_request r = record_only("q1", DIRECTION_ADOPT, "1", "", "ca");
    r.verify = r.sql = "SELECT 1/0";
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    r.direction = DIRECTION_FORGET;
    r.request = "q2";
    r.undoes = "q1";
    EXPECT(l, r, OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_kinds, a_stale_worker_records_nothing)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "UPDATE greylag.fence SET sequence = 2");
    cr_assert_eq(apply(l, record_only("q1", DIRECTION_ADOPT, "1", "", "ca")), EXECUTOR_FENCED);
    VALUE("SELECT (SELECT count(*) FROM greylag.history) + (SELECT count(*) FROM greylag.applied)", "0");
    ledger_close(l);
}

/* ---- a file's own frame ---- */

Test(executor_kinds, history_and_change_commit_together)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE x (id text)");
    static const char *const frames[] = {
        "-- Migration: one\n-- Depends: nothing\n\nBEGIN;\n%s;\nCOMMIT;\n-- end\n",
        "/* header */ START TRANSACTION;\n%s;\nEND;",
        "BEGIN WORK ISOLATION LEVEL SERIALIZABLE;\n%s;\nCOMMIT WORK; /* text */",
        "BEGIN TRANSACTION\n;%s;END TRANSACTION",
    };
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        struct buf sql = BUF_INIT(4096);
        const char *at = strstr(frames[i], "%s");
        buf_add(&sql, frames[i], (size_t)(at - frames[i]));
        buf_addf(&sql, "INSERT INTO x SELECT pg_current_xact_id()::text || current_setting('transaction_isolation')%s",
                 at + 2);
        EXPECT(l, up(id, id, buf_text(&sql)), OUTCOME_APPLIED);
        buf_release(&sql);
    }
    /* each row of x and of the history has one and the same transaction */
    VALUE("SELECT count(*) FROM x JOIN greylag.history h ON x.id LIKE (h.xmin::text || '%')", "4");
    VALUE("SELECT count(*) FROM x WHERE id LIKE '%serializable'", "1");
    EXPECT(l, up("qf", "f", "BEGIN;\nINSERT INTO x VALUES ('never');\nSELECT 1/0;\nCOMMIT;"), OUTCOME_FAILED);
    VALUE("SELECT count(*) FROM x WHERE id = 'never'", "0");
    EXPECT(l, up("qg", "g", "BEGIN;\nSELECT 1;\nROLLBACK;\nSELECT 2;"), OUTCOME_FAILED);
    EXPECT(l, up("qh", "h", "BEGIN READ ONLY; SELECT 1; COMMIT"), OUTCOME_FAILED);
    EXPECT(l, up("qi", "i", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nINSERT INTO x SELECT "
                            "current_setting('transaction_isolation')"), OUTCOME_APPLIED);
    EXPECT(l, up("qj", "j", "SET lock_timeout = '1s';\nSET transaction_isolation = 'repeatable read';\nINSERT INTO x "
                            "SELECT current_setting('transaction_isolation')"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM x WHERE id = 'repeatable read'", "2");
    ledger_close(l);
}

/* ---- killed in between ---- */

static void *kill_sleeper(void *context)
{
    (void)context;
    await_value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
                "1");
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                          "datname = current_database()");
    return NULL;
}

Test(executor_kinds, a_repeatable_whose_session_dies_runs_once)
{
    struct ledger *l = ready(1);
    static const struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    test_pg_run(database, "CREATE TABLE log (x int); CREATE SEQUENCE attempts");
    EXPECT(l, repeatable("q1", "R1", "", "ca", "INSERT INTO log VALUES (1)"), OUTCOME_APPLIED);
    pthread_t killer;
    pthread_create(&killer, NULL, kill_sleeper, NULL);
    hooks = &quick;
    struct job_request r = repeatable("q2", "R1", "q1", "cb",
                                      "INSERT INTO log VALUES (2); SELECT pg_sleep(CASE nextval('attempts') WHEN 1 "
                                      "THEN 60 ELSE 0 END)");
    r.retries = 3;
    r.statement_timeout_ms = 90000;
    EXPECT(l, r, OUTCOME_APPLIED);
    pthread_join(killer, NULL);
    cr_assert_eq(last.outcome.attempt, 2);
    VALUE("SELECT string_agg(x::text, ' ' ORDER BY ctid) FROM log", "1 2");
    VALUE(APPLIED, "R1cbq2");
    /* a worker that died after the commit asks again: the history knows */
    const struct outcome *outcomes;
    size_t count;
    struct err err = ERR_INIT;
    const char *ids[] = {"q2"};
    cr_assert(ledger_find(l, ids, 1, &arena, &outcomes, &count, &err) && count == 1 &&
              outcomes[0].kind == OUTCOME_APPLIED);
    ledger_close(l);
}
