/* Statements outside a transaction: journalled, repaired, resumed.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>

TestSuite(executor_outside, .init = start, .fini = stop_server, .timeout = 120);

static const struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};

Test(executor_outside, statement_by_statement_and_recorded_once)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int);\nSET work_mem = '1MB';\nBEGIN; INSERT INTO a VALUES (1); INSERT "
                            "INTO a VALUES (2); COMMIT;\n"
                            "CREATE INDEX CONCURRENTLY a_x ON a (x);\nVACUUM a;\nDROP INDEX CONCURRENTLY a_x;\nREINDEX "
                            "TABLE CONCURRENTLY a;ALTER SYSTEM RESET work_mem"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM a", "2");
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "0");
    VALUE("SELECT count(*) FROM greylag.progress", "0");
    VALUE("SELECT count(*) FROM greylag.history", "1");
    EXPECT(l, up("q2", "1", "VACUUM"), OUTCOME_ALREADY);
    struct job_request undo = down("q3", "1", "q1", "DROP TABLE a");
    undo.no_transaction = true;
    EXPECT(l, undo, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    EXPECT(l, up("q4", "4", "CREATE TABLE s AS SELECT current_setting('work_mem') w, "
                            "current_setting('lock_timeout') l"), OUTCOME_APPLIED);
    VALUE("SELECT w || l FROM s", "4MB2s");
    ledger_close(l);
}

Test(executor_outside, a_failure_says_what_stays)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int);\nINSERT INTO a VALUES (1), (1);\nCREATE UNIQUE INDEX CONCURRENTLY "
                            "a_x\n  ON a (x);\nVACUUM a"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "23505");
    cr_assert_eq(last.outcome.line, 3);
    cr_assert(strstr(last.outcome.left, "2 of 4"));
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "0"); /* the invalid index is gone */
    VALUE("SELECT count(*) FROM a", "2");
    VALUE("SELECT count(*) FROM greylag.progress", "0");
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    ledger_close(l);
}

/* What its outcome says is left has to be put right: then another request runs all of it, and until then says why not.
 */
Test(executor_outside, a_step_that_failed_half_way_is_tried_again_from_its_beginning)
{
    struct ledger *l = ready(1);
    const char *text = "CREATE TABLE a (x int);\nCREATE INDEX CONCURRENTLY b_x ON b (x)";
    EXPECT(l, up("q1", "1", text), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.left, "1 of 2 statements took effect and stay (before line 2)");
    test_pg_run(database, "CREATE TABLE b (x int)"); /* the cause is gone */
    EXPECT(l, up("q2", "1", text), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "42P07");
    cr_assert_eq(last.outcome.line, 1);
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    test_pg_run(database, "DROP TABLE a"); /* and so is what was left */
    EXPECT(l, up("q3", "1", text), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_outside, if_not_exists_over_an_invalid_index_is_no_success)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); INSERT INTO a VALUES (1), (1)");
    PGconn *c = PQconnectdb(database);
    PQclear(PQexec(c, "CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x)")); /* somebody else's, broken */
    PQfinish(c);
    VALUE("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass", "f");
    EXPECT(l, up("q1", "1", "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_x ON a (x)"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "invalid"));
    cr_assert_str_eq(last.outcome.said.hint, "DROP INDEX CONCURRENTLY public.a_x, then try again");
    EXPECT(l, up("q3", "3", "CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x)"), OUTCOME_FAILED); /* with its own error */
    cr_assert_str_eq(last.outcome.sqlstate, "42P07");
    cr_assert_str_eq(last.outcome.said.hint, "it is invalid: an earlier attempt left it; DROP INDEX CONCURRENTLY "
                                             "public.a_x, then try again");
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "1"); /* not ours to drop */
    test_pg_run(database, "CREATE TABLE others (x int); CREATE INDEX taken ON others (x)");
    EXPECT(l, up("q2", "2", "CREATE INDEX CONCURRENTLY IF NOT EXISTS taken ON a (x)"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.said.hint, "give the index another name");
    ledger_close(l);
}

/* Two that hold one target under one fence, whatever clock or lost lock has let the second in: what shares a
 * transaction with its marker takes effect once. */
Test(executor_outside, what_another_has_done_meanwhile_is_not_done_again)
{
    struct ledger *l = ready(1);
    struct job_request r = up("q1", "1", "CREATE TABLE a (x int);\n"
                                         "INSERT INTO greylag.progress (target_id, request, statement, made, found, "
                                         "done_at) VALUES (1, 'q1', 2, '', '', now());\nINSERT INTO a VALUES (1)");
    r.no_transaction = true;
    cr_assert_eq(apply(l, r), EXECUTOR_FENCED);
    VALUE("SELECT count(*) FROM a", "0");
    VALUE("SELECT count(*) FROM greylag.history", "0");
    ledger_close(l);
}

/* In a transaction the server says "already exists, skipping" of it, and the file is done. */
Test(executor_outside, if_not_exists_over_an_invalid_index_is_no_success_in_a_transaction_either)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE SCHEMA s; CREATE TABLE s.a (x int); INSERT INTO s.a VALUES (1), (1); "
                          "CREATE TABLE p (x int) PARTITION BY RANGE (x)");
    PGconn *c = PQconnectdb(database);
    PQclear(PQexec(c, "CREATE UNIQUE INDEX CONCURRENTLY \"a'x\" ON s.a (x)"));
    PQfinish(c);
    struct job_request r = up("q1", "1", "CREATE TABLE b (x int);\nSET search_path = s;\n"
                                         "CREATE UNIQUE INDEX IF NOT EXISTS \"a'x\" ON a (x);\nSELECT 1");
    for (int alone = 0; alone < 2; alone++) {
        r.no_transaction = alone;
        r.request = alone ? "q2" : "q1";
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect(strstr(last.outcome.message, "invalid"), "%s", last.outcome.message);
        cr_expect_str_eq(last.outcome.said.hint, "DROP INDEX CONCURRENTLY s.\"a'x\", then try again");
        cr_expect_eq(last.outcome.line, 3);
    }
    EXPECT(l, up("q3", "3", "DROP INDEX s.\"a'x\"; CREATE INDEX IF NOT EXISTS \"a'x\" ON s.a (x); "
                            "CREATE INDEX IF NOT EXISTS p_x ON ONLY p (x)"), OUTCOME_APPLIED);
    EXPECT(l, up("q4", "4", "CREATE INDEX IF NOT EXISTS p_x ON ONLY p (x)"), OUTCOME_APPLIED);
    ledger_close(l);
}

/* A newer server's syntax beside CONCURRENTLY; and what no server reads, where nothing may run. */
Test(executor_outside, what_only_the_server_can_read)
{
    struct ledger *l = ready(1);
#define AROUND(statement) "CREATE TABLE a (x int);\n" statement ";\nCREATE INDEX CONCURRENTLY a_x ON a (x)"
    EXPECT(l, up("q1", "1", AROUND("CREATE TABEL b (x int)")), OUTCOME_FAILED);
    cr_assert(strcmp(last.outcome.sqlstate, "42601") == 0 && last.outcome.line == 2, "%s", last.outcome.sqlstate);
    cr_assert_str_eq(last.outcome.left, "");
    VALUE("SELECT to_regclass('a') IS NULL", "t");
    if (is_since(16, "JSON_ARRAY(1 ABSENT ON NULL)")) {
        EXPECT(l, up("q2", "2", AROUND("CREATE TABLE b AS SELECT JSON_ARRAY(1, 2 ABSENT ON NULL)")), OUTCOME_APPLIED);
        cr_assert(strstr(last.warning, "could not be analysed"), "%s", last.warning);
        VALUE("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass", "t");
        VALUE("SELECT count(*) FROM b", "1");
        EXPECT(l, up("q3", "3", "BEGIN;\nINSERT INTO a VALUES (1_000);\nCREATE FUNCTION f() RETURNS int\n"
                     "BEGIN ATOMIC SELECT 1; SELECT 0xFF; END;\nCOMMIT;"), OUTCOME_APPLIED);
        VALUE("SELECT x + f() FROM a", "1255");
    }
    ledger_close(l);
}

/* Stands at a marker, as a worker that was killed leaves it. */
static void leave_mark(struct ledger *l, struct job_request *r, int statement, const char *found, bool done)
{
    struct job job = {.release = "r1", .requests = r, .request_count = 1};
    struct ledger_step step = {.job = &job, .request = r, .attempt = 1};
    struct ledger_mark mark = {.statement = statement, .found = found};
    pg_run(ledger_session(l), "SET lock_timeout = 2000; SET statement_timeout = 20000", NULL, NULL, NULL);
    cr_assert(ledger_mark_before(l, &step, &mark, NULL));
    cr_assert(!done || ledger_mark_after(l, &step, statement, &arena, NULL, NULL));
}

Test(executor_outside, resumes_where_it_broke_off_and_repairs)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE INDEX a_old ON a (x); INSERT INTO a VALUES (1), (1)");
    char *found = test_pg_value(database, "SELECT 'a_old'::regclass::oid");
    struct job_request r = up("q1", "1", "INSERT INTO a VALUES (9);\nCREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x)");
    leave_mark(l, &r, 0, "", true);
    leave_mark(l, &r, 1, found, false);
    free(found);
    PGconn *c = PQconnectdb(database);
    PQclear(PQexec(c, "CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x)"));
    PQfinish(c);
    test_pg_run(database, "DELETE FROM a");
    VALUE("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass", "f");
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass", "t");
    VALUE("SELECT count(*) FROM a", "0"); /* the first statement did not run again */
    ledger_close(l);
}

#define DETACH "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY"

static bool is_known_here(const char *sql)
{
    return strcmp(sql, DETACH) != 0 || is_since(14, DETACH);
}

Test(executor_outside, the_catalogue_tells_what_took_effect)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE INDEX a_new ON a (x); CREATE TABLE p (x int) PARTITION BY "
                          "RANGE (x);CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)");
    struct job_request made = up("q1", "1", "CREATE INDEX CONCURRENTLY a_new ON a (x)");
    leave_mark(l, &made, 0, "", false);
    EXPECT(l, made, OUTCOME_APPLIED); /* it was made: not again */
    struct job_request gone = up("q2", "2", "DROP INDEX CONCURRENTLY a_gone");
    leave_mark(l, &gone, 0, "there", false);
    EXPECT(l, gone, OUTCOME_APPLIED);
    struct job_request detach = up("q3", "3", DETACH);
    if (is_known_here(DETACH)) {
        leave_mark(l, &detach, 0, "there", false);
        EXPECT(l, detach, OUTCOME_APPLIED); /* had not happened: now it has */
        VALUE("SELECT count(*) FROM pg_inherits WHERE inhrelid = 'p1'::regclass", "0");
        detach.request = "q4";
        detach.migration = "4";
        leave_mark(l, &detach, 0, "there", false);
        EXPECT(l, detach, OUTCOME_APPLIED);
    }
    struct job_request opaque = up("q5", "5", "CALL nobody_knows()");
    opaque.no_transaction = true;
    leave_mark(l, &opaque, 0, "", false);
    EXPECT(l, opaque, OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.left, "nobody can tell"));
    ledger_close(l);
}

Test(executor_outside, procedures_that_commit)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE PROCEDURE go() LANGUAGE plpgsql AS"
                          " $$ BEGIN INSERT INTO a VALUES (1); COMMIT; INSERT INTO a VALUES (2); END $$");
    struct job_request r = up("q1", "1", "CALL go(); DO $$ BEGIN INSERT INTO a VALUES (3); END $$");
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM a", "3");
    ledger_close(l);
}

/* Ends the builder, then whoever held it up. */
static void *kill_builder(void *context)
{
    (void)context;
    await_value("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid "
                "WHERE relname = 'a_x' AND NOT indisvalid", "1");
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX "
                          "CONCURRENTLY%' AND datname = current_database()");
    await_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'"
                " AND datname = current_database() AND pid <> pg_backend_pid()", "0");
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
                          " AND datname = current_database()");
    return NULL;
}

static void build_and_kill(struct ledger *l, const char *request, const char *before, int retries)
{
    struct job_request r = up(request, "1", arena_printf(&arena, "%sCREATE INDEX CONCURRENTLY a_x ON a (x)", before));
    PGconn *old = PQconnectdb(database); /* an old transaction holds the builder up */
    pthread_t killer;
    PQclear(PQexec(old, "SET search_path = public, app; BEGIN; INSERT INTO a VALUES (1)"));
    pthread_create(&killer, NULL, kill_builder, NULL);
    r.retries = retries;
    r.lock_timeout_ms = 20000;
    cr_assert_eq(apply(l, r), EXECUTOR_RECORDED);
    pthread_join(killer, NULL);
    PQfinish(old);
}

Test(executor_outside, a_builder_that_is_killed_is_repaired_and_goes_on)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int)");
    hooks = &quick;
    build_and_kill(l, "q1", "", 0);
    cr_assert_eq(last.outcome.kind, OUTCOME_FAILED); /* no retries: clean, and told */
    cr_assert_str_eq(last.outcome.sqlstate, "57P01");
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "0");
    build_and_kill(l, "q2", "", 3);
    cr_assert_eq(last.outcome.kind, OUTCOME_APPLIED);
    cr_assert_eq(last.outcome.attempt, 2);
    VALUE("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass", "t");
    ledger_close(l);
}

/* The new session finds the table in no schema of its own, or may not go on at all: what is left is cleared away. */
Test(executor_outside, what_a_session_left_is_cleared_away_by_one_that_holds_something_else)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE SCHEMA app; CREATE TABLE app.a (x int)");
    hooks = &quick;
    static const struct {
        const char *before, *sqlstate;
        int retries;
    } rows[] = {{"SET search_path = app;\n", "57P01", 0},
                {"SELECT set_config('search_path', 'app', false);\n", LEDGER_SESSION, 3},
                {"SET search_path = app;\nCREATE TEMP TABLE ids (x int);\n", LEDGER_SESSION, 3}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        build_and_kill(l, arena_printf(&arena, "q%zu", i), rows[i].before, rows[i].retries);
        cr_assert_eq(last.outcome.kind, OUTCOME_FAILED);
        cr_assert_str_eq(last.outcome.sqlstate, rows[i].sqlstate);
        const char *took = i < 2 ? "1 of 2 statements took effect and stay (before line 2)"
                                 : "2 of 3 statements took effect and stay (before line 3)";
        cr_expect_str_eq(last.outcome.left, took, "%s", last.outcome.left);
        VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "0");
    }
    ledger_close(l);
}

Test(executor_outside, stale_workers_write_no_marker)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); UPDATE greylag.fence SET sequence = 2");
    cr_assert_eq(apply(l, up("q1", "1", "CREATE INDEX CONCURRENTLY a_x ON a (x)")), EXECUTOR_FENCED);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a_x'", "0");
    VALUE("SELECT count(*) FROM greylag.progress", "0");
    ledger_close(l);
}

/* What was noted of it is found again whatever is in its name. */
Test(executor_outside, what_has_a_name_of_several_lines_is_cleared_away)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE SCHEMA \"s\n\"\"x\"; CREATE TABLE \"s\n\"\"x\".\"t\n.\" (n int);"
                          "INSERT INTO \"s\n\"\"x\".\"t\n.\" VALUES (1), (1)");
    struct job_request r = up("q1", "1", "CREATE UNIQUE INDEX CONCURRENTLY \"i\n1\" ON \"s\n\"\"x\".\"t\n.\" (n)");
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_expect_str_empty(last.outcome.left, "%s", last.outcome.left);
    VALUE("SELECT count(*) FROM pg_class WHERE relname LIKE 'i_1'", "0");
    ledger_close(l);
}

/* What the catalogue shows was so before: an error is an error. */
Test(executor_outside, what_was_so_before_is_no_effect)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE INDEX a_x ON a (x);"
                          "CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 (x int)");
    static const struct {
        const char *sql, *sqlstate;
    } rows[] = {
        {"DROP INDEX CONCURRENTLY a_gone", "42704"},
        {"CREATE INDEX CONCURRENTLY a_x ON a (x)", "42P07"},
        {DETACH, "42P01"},
        {"CREATE DATABASE postgres", "42P04"},
        {"DROP DATABASE nobody_made_it", "3D000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!is_known_here(rows[i].sql))
            continue;
        EXPECT(l, up(arena_printf(&arena, "q%zu", i), "1", rows[i].sql), OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.sqlstate, rows[i].sqlstate);
        cr_expect_str_eq(last.outcome.left, "");
    }
    ledger_close(l);
}

/* What another database of the server has under the same name tells nothing of this one's. */
Test(executor_outside, a_subscription_is_one_of_its_database)
{
#define SUBSCRIBE "CREATE SUBSCRIPTION copies CONNECTION '' PUBLICATION p"
#define ALONE " WITH (connect = false)"
#define FORGET "ALTER SUBSCRIPTION copies DISABLE; ALTER SUBSCRIPTION copies SET (slot_name = NONE);" \
               "DROP SUBSCRIPTION copies"
    struct ledger *l = ready(1);
    const char *other = test_pg_database(server, "other");
    test_pg_run(other, SUBSCRIBE ALONE);
    struct job_request made = up("q1", "1", SUBSCRIBE), gone = up("q2", "2", "DROP SUBSCRIPTION copies");
    test_pg_run(database, SUBSCRIBE ALONE);
    leave_mark(l, &made, 0, "", false);
    EXPECT(l, made, OUTCOME_APPLIED);
    test_pg_run(database, FORGET);
    leave_mark(l, &gone, 0, "there", false);
    EXPECT(l, gone, OUTCOME_APPLIED);
    test_pg_run(other, FORGET);
    EXPECT(l, up("q3", "3", SUBSCRIBE ALONE ";\nSELECT 1/0"), OUTCOME_FAILED); /* the server takes it in one */
    cr_assert_str_eq(last.outcome.left, "");
    ledger_close(l);
}

static void *end_when_waited_for(void *reader)
{
    await_value("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND "
                "l.locktype = 'virtualxid' AND datname = current_database()", "1");
    test_pg_run(database, "SELECT pg_sleep(0.3)"); /* longer than lock_timeout */
    PQclear(PQexec(reader, "COMMIT"));
    return NULL;
}

static PGconn *reader_of(const char *table)
{
    PGconn *reader = PQconnectdb(database);
    PQclear(PQexec(reader, arena_printf(&arena, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM %s", table)));
    return reader;
}

Test(executor_outside, old_snapshots_are_waited_for_as_long_as_a_statement_may_run)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE TABLE other (x int); CREATE INDEX a_old ON a (x);"
                          "CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES "
                          "FROM (0) TO (9)");
    static const struct {
        const char *reads, *sql;
    } rows[] = {{"other", "CREATE INDEX CONCURRENTLY a_x ON a (x)"},
                {"other", "REINDEX TABLE CONCURRENTLY a"},
                {"a", "DROP INDEX CONCURRENTLY a_old"},
                {"p", DETACH}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!is_known_here(rows[i].sql))
            continue;
        pthread_t ender;
        PGconn *reader = reader_of(rows[i].reads);
        pthread_create(&ender, NULL, end_when_waited_for, reader);
        struct job_request r = up(arena_printf(&arena, "q%zu", i), arena_printf(&arena, "%zu", i), rows[i].sql);
        r.lock_timeout_ms = 100;
        EXPECT(l, r, OUTCOME_APPLIED);
        cr_expect_eq(last.outcome.attempt, 1, "%s", rows[i].sql);
        pthread_join(ender, NULL);
        PQfinish(reader);
    }
    EXPECT(l, up("q9", "9", "CREATE TABLE s AS SELECT current_setting('lock_timeout') l"), OUTCOME_APPLIED);
    VALUE("SELECT l FROM s", "2s");
    ledger_close(l);
}

/* Reads the partition while it is waited for, and lets go once half of the work has been tried in vain, too. */
static void *read_meanwhile(void *reader)
{
    await_value("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND "
                "relation = 'p1'::regclass", "1");
    test_pg_run(database, "SELECT count(*) FROM p1");
    await_value("SELECT count(*) FROM greylag.progress WHERE made LIKE '%FINALIZE%'", "1");
    PQclear(PQexec(reader, "COMMIT"));
    return NULL;
}

/* DETACH waits for the partition with a lock that keeps readers out, as ALTER TABLE does: no longer than that. */
Test(executor_outside, readers_of_a_partition_are_not_kept_out_longer_than_a_lock_may_take)
{
    struct ledger *l = ready(1);
    if (!is_known_here(DETACH))
        cr_skip("this server has no DETACH PARTITION CONCURRENTLY");
    test_pg_run(database, "CREATE TABLE p (x int) PARTITION BY RANGE (x);"
                          "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)");
    hooks = &quick;
    pthread_t other;
    PGconn *reader = reader_of("p1");
    pthread_create(&other, NULL, read_meanwhile, reader);
    struct job_request r = up("q1", "1", DETACH);
    r.lock_timeout_ms = 300;
    r.statement_timeout_ms = 5000;
    r.retries = 1000;
    EXPECT(l, r, OUTCOME_APPLIED);
    cr_expect(last.outcome.attempt > 1, "%lld", (long long)last.outcome.attempt);
    pthread_join(other, NULL);
    PQfinish(reader);
    VALUE("SELECT count(*) FROM pg_inherits", "0");
    ledger_close(l);
}

/* A reader who stays: what cannot be cleared away is named, with the statement that does. */
Test(executor_outside, what_is_left_is_named_with_what_clears_it)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int); CREATE INDEX a_x ON a (x);"
                          "CREATE TABLE p (x int) PARTITION BY RANGE (x); CREATE TABLE p1 PARTITION OF p FOR VALUES "
                          "FROM (0) TO (9)");
    static const struct {
        const char *reads, *sql, *clears, *query;
    } rows[] = {
        {"p", DETACH, "ALTER TABLE public.p DETACH PARTITION public.p1 FINALIZE", "SELECT count(*) FROM pg_inherits"},
        {"a", "DROP INDEX CONCURRENTLY a_x", "DROP INDEX CONCURRENTLY public.a_x",
         "SELECT count(*) FROM pg_class WHERE relname = 'a_x'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!is_known_here(rows[i].sql))
            continue;
        PGconn *reader = reader_of(rows[i].reads);
        struct job_request r = up(arena_printf(&arena, "q%zu", i), arena_printf(&arena, "%zu", i), rows[i].sql);
        r.statement_timeout_ms = 400;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.sqlstate, "57014");
        cr_expect(strstr(last.outcome.left, rows[i].clears), "%s", last.outcome.left);
        PQfinish(reader);
        PGconn *person = PQconnectdb(database);
        PQclear(PQexec(person, rows[i].clears));
        PQfinish(person);
        VALUE(rows[i].query, "0");
    }
    ledger_close(l);
}

/* The index of a table's long values, too: who may, clears it away, who may not, is told of it. */
Test(executor_outside, long_values_leave_no_index_untold)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x text); CREATE TABLE reads (x int); CREATE ROLE owner_of_a;"
                          "GRANT CREATE ON SCHEMA public TO owner_of_a; ALTER TABLE a OWNER TO owner_of_a");
    PGconn *reader = reader_of("reads");
    static const char *const texts[] = {"REINDEX TABLE CONCURRENTLY a",
                                        "SET ROLE owner_of_a;\nREINDEX TABLE CONCURRENTLY a"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct job_request r = up(arena_printf(&arena, "q%zu", i), arena_printf(&arena, "%zu", i), texts[i]);
        r.statement_timeout_ms = 400;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.sqlstate, "57014");
        cr_expect_eq(i, strstr(last.outcome.left, "_ccnew\" clears it away") != NULL, "%s", last.outcome.left);
        VALUE("SELECT count(*) FROM pg_index WHERE NOT indisvalid", i ? "1" : "0");
    }
    PQfinish(reader);
    ledger_close(l);
    test_pg_run(database, "DROP OWNED BY owner_of_a; DROP ROLE owner_of_a");
}

/* Somebody else's, who has begun with all of its indexes and builds the first: neither left behind nor ours to drop. */
Test(executor_outside, what_others_reindex_is_not_left_behind)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE reads (x int);"
                          "CREATE TABLE b (x int PRIMARY KEY, y int); CREATE INDEX b_y ON b (y)");
    PGconn *reader = reader_of("reads"), *tenant = PQconnectdb(database);
    PQsendQuery(tenant, "REINDEX TABLE CONCURRENTLY b");
    await_value("SELECT count(*) FROM pg_index WHERE NOT indisvalid", "2");
    struct job_request r = up("q1", "1", "REINDEX TABLE CONCURRENTLY a");
    leave_mark(l, &r, 0, "", false); /* from before they were there */
    r.statement_timeout_ms = 400;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_expect_str_eq(last.outcome.sqlstate, "57014");
    cr_expect_str_eq(last.outcome.left, "");
    PQfinish(reader);
    PGresult *result = PQgetResult(tenant);
    cr_expect_eq(PQresultStatus(result), PGRES_COMMAND_OK, "%s", PQerrorMessage(tenant));
    PQclear(result);
    PQfinish(tenant);
    VALUE("SELECT count(*) FROM pg_index WHERE NOT indisvalid", "0");
    ledger_close(l);
}

#define COMMITS_AND_FAILS                                                                                              \
    "DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$"

/* Its own error, once: what it committed would be done again. */
Test(executor_outside, a_block_that_committed_a_part_is_not_run_again)
{
    struct ledger *l = ready(1);
    hooks = &quick;
    test_pg_run(database, "CREATE TABLE a (x int); CREATE SEQUENCE s");
    struct job_request r = up("q1", "1", COMMITS_AND_FAILS);
    r.retries = 5;
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "40P01");
    cr_assert_str_eq(last.outcome.message, "deadlock");
    cr_assert(strstr(last.outcome.left, "ended transactions of its own"), "%s", last.outcome.left);
    VALUE("SELECT count(*) FROM a", "1");
    /* one that failed before it committed anything has left nothing, and is tried again */
    struct job_request clean = up("q2", "2", "DO $$ BEGIN IF nextval('s') = 2 THEN RAISE EXCEPTION 'deadlock' USING "
                                             "ERRCODE = '40P01'; END IF; INSERT INTO a VALUES (2); COMMIT; END $$");
    clean.retries = 5;
    clean.no_transaction = true;
    EXPECT(l, clean, OUTCOME_APPLIED);
    cr_assert_eq(last.outcome.attempt, 2);
    VALUE("SELECT count(*) FROM a WHERE x = 2", "1");
    ledger_close(l);
}

static bool when_there_are_rows(void *context)
{
    (void)context;
    char *rows = test_pg_value(database, "SELECT count(*) > 2 FROM a");
    bool there = *rows == 't';
    free(rows);
    return there;
}

/* A fence, or a worker that leaves, in the middle: told, and never run again by itself. */
Test(executor_outside, a_block_that_is_cut_off_is_told)
{
    struct ledger *l = ready(1);
    struct executor_hooks cut = {.stop = when_there_are_rows};
    hooks = &cut;
    test_pg_run(database, "CREATE TABLE a (x int)");
    struct job_request r = up("r1.4.1", "1", "DO $$ BEGIN FOR i IN 1..200 LOOP INSERT INTO a VALUES (i); COMMIT; "
                                             "PERFORM pg_sleep(0.1); END LOOP; END $$");
    r.retries = 5;
    r.no_transaction = true;
    cr_assert_eq(apply(l, r), EXECUTOR_STOPPED);
    const char *text;
    cr_assert(ledger_half_done(l, "r1", &arena, &text, NULL));
    printf("%s\n", text);
    cr_assert(strstr(text, "of request r1.4.1 line 1: DO or CALL ended transactions of its own"), "%s", text);
    hooks = &quick;
    EXPECT(l, r, OUTCOME_FAILED); /* the next worker's turn */
    cr_assert_str_eq(last.outcome.sqlstate, "08007");
    cr_assert(strstr(last.outcome.left, "nobody can tell"), "%s", last.outcome.left);
    ledger_close(l);
}

static PGconn *holder;
static char told[400];

static void is_held_up(void *context, const char *why)
{
    (void)context;
    if (!*why)
        return;
    snprintf(told, sizeof told, "%s", why);
    PQclear(PQexec(holder, "COMMIT"));
}

/* No limit ends that wait: whoever is called is told whom to call while it lasts. */
Test(executor_outside, who_holds_up_an_index_is_told_while_it_waits)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int)");
    auto_free char *named = test_pg_conninfo_with(database, "application_name", "reporting-job");
    holder = PQconnectdb(named);
    PQclear(PQexec(holder, "BEGIN; INSERT INTO a VALUES (1)"));
    struct executor_hooks told_of = {.waiting = is_held_up};
    hooks = &told_of;
    struct job_request r = up("q1", "1", "CREATE INDEX CONCURRENTLY a_x ON a (x)");
    r.lock_timeout_ms = 100;
    r.statement_timeout_ms = 60000;
    EXPECT(l, r, OUTCOME_APPLIED);
    cr_expect(strstr(told, arena_printf(&arena, "its step is held up by pid %d (reporting-job), user ",
                                        PQbackendPID(holder))), "%s", told);
    cr_expect(strstr(told, ", idle in its transaction, since 20"), "%s", told);
    PQfinish(holder);
    ledger_close(l);
}
