/* Transactional steps on a real server.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>
#include <stdatomic.h>

TestSuite(executor_transaction, .init = start, .fini = stop_server, .timeout = 120);

Test(executor_transaction, applies_and_records_in_one)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int); INSERT INTO a VALUES (1) -- no newline"), OUTCOME_APPLIED);
    cr_assert(last.outcome.position > 0 && last.outcome.started_us > 0);
    cr_assert(last.outcome.finished_us >= last.outcome.started_us);
    cr_assert_str_eq(last.outcome.id, outcome_id(&arena, "q1", 1, OUTCOME_APPLIED));
    VALUE("SELECT count(*) FROM a", "1");
    VALUE("SELECT request || kind || sequence FROM greylag.history", "q1applied1");
    VALUE("SELECT request FROM greylag.applied", "q1");
    ledger_close(l);
}

Test(executor_transaction, up_down_up_leaves_three_rows_and_one_applied)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    EXPECT(l, down("q2", "1", "q1", "DROP TABLE a"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    EXPECT(l, up("q3", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM greylag.history", "3");
    VALUE("SELECT string_agg(request, ',') FROM greylag.applied", "q3");
    struct err err = ERR_INIT;
    const struct applied *applied;
    size_t count;
    char digest[DIGEST_TEXT_SIZE], mine[DIGEST_TEXT_SIZE];
    cr_assert(ledger_inventory(l, &arena, &applied, &count, digest, &err));
    contents_digest(applied, count, mine);
    cr_assert(count == 1 && strcmp(applied[0].request, "q3") == 0 && strcmp(mine, digest) == 0);
    ledger_close(l);
}

Test(executor_transaction, a_failure_is_recorded_with_state_and_line)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "-- é\nCREATE TABLE a (x int);\n\nSELECT 'é', nonsense;\n"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "42703");
    cr_assert_eq(last.outcome.line, 4);
    EXPECT(l, up("q2", "2", "CREATE TABLE b (x int primary key);\nINSERT INTO b VALUES (1);\n\n  INSERT INTO b VALUES "
                            "(1)"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "23505");
    cr_assert_eq(last.outcome.line, 4);
    cr_assert_null(strstr(last.outcome.message, "(1)"), "no row data");
    EXPECT(l, up("q3", "3", "\n\nBEGIN;\nSELECT 1;\nSELECT 1/0;\nCOMMIT;"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 5);
    VALUE("SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')", "0");
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    VALUE("SELECT string_agg(kind || sqlstate || line, ' ' ORDER BY position) FROM greylag.history",
          "failed427034 failed235054 failed220125");
    EXPECT(l, up("q4", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_transaction, a_files_own_frame_is_unwrapped)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "-- hello\nBEGIN;\nCREATE TABLE a (x int);\nCOMMIT;\n-- bye"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM a", "0");
    ledger_close(l);
}

Test(executor_transaction, stray_control_is_refused_when_it_is_seen)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int);\nROLLBACK;\nCREATE TABLE b (x int)"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 2);
    VALUE("SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')", "0");
    ledger_close(l);
}


/* A COMMIT or such that is too large to be looked into. */
static const char *unseen(const char *before, const char *word, const char *after)
{
    char *comment = arena_alloc(&arena, 70001);
    memset(comment, '-', 70000);
    return arena_printf(&arena, "%s%s /*%s*/;%s", before, word, comment, after);
}

Test(executor_transaction, stray_control_that_cannot_be_seen_is_noticed)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", unseen("CREATE TABLE a (x int);", "COMMIT", "CREATE TABLE b (x int)")), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, LEDGER_STRAY);
    cr_assert(last.outcome.left[0]);
    VALUE("SELECT string_agg(relname, ',') FROM pg_class WHERE relname IN ('a', 'b')", "a");
    EXPECT(l, up("q5", "5", unseen("", "ROLLBACK", "SELECT 1")), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, LEDGER_STRAY);
    EXPECT(l, up("q6", "6", unseen("", "ROLLBACK", unseen("", "BEGIN", "SELECT 1"))), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, LEDGER_STRAY);
    EXPECT(l, up("q7", "7", unseen("", "SELECT 1", "")), OUTCOME_APPLIED);
    EXPECT(l, up("q8", "8", "CREATE TABLE c (x int);\nDO $$ BEGIN EXECUTE 'RESET ALL'; END $$"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "RESET ALL") && !last.outcome.left[0], "%s", last.outcome.message);
    VALUE("SELECT to_regclass('c') IS NULL", "t");
    test_pg_run(database, "DELETE FROM greylag.applied");
    cr_assert_eq(apply(l, up("q2", "2", "DO $$ BEGIN COMMIT; END $$")), EXECUTOR_RECORDED);
    cr_assert_str_eq(last.outcome.sqlstate, "2D000");
    VALUE("SELECT count(*) FROM greylag.applied", "0");
    ledger_close(l);
}

/* Told as what it is, with and without a transaction around it, and no error of greylag's own statements. */
Test(executor_transaction, what_makes_its_transaction_read_only_is_told)
{
    struct ledger *l = ready(1);
    static const char *const texts[] = {"CREATE TABLE a (x int);\n"
                                        "SELECT set_config('transaction_read_only', 'on', true)",
                                        "DO $$ BEGIN SET TRANSACTION READ ONLY; END $$"};
    for (int i = 0; i < 4; i++) {
        const char *id = arena_printf(&arena, "q%d", i);
        struct job_request r = up(id, id, texts[i % 2]);
        r.no_transaction = i >= 2;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.sqlstate, "25006");
        cr_expect(strstr(last.outcome.message, "has made its transaction read only"), "%s", last.outcome.message);
        cr_expect_str_eq(last.outcome.said.context, "");
    }
    EXPECT(l, up("q4", "4", "SELECT set_config('transaction_read_only', 'on', true);\nCREATE TABLE b (x int)"),
           OUTCOME_FAILED);
    cr_expect(strstr(last.outcome.message, "cannot execute CREATE TABLE") && last.outcome.line == 2, "%s",
              last.outcome.message);
    EXPECT(l, up("q5", "5", "SET transaction_read_only = on"), OUTCOME_FAILED);
    cr_expect(strstr(last.outcome.message, "READ ONLY is not allowed"), "%s", last.outcome.message);
    EXPECT(l, up("q6", "6", "SET transaction_read_only = off; SELECT set_config('default_transaction_read_only', 'on', "
                            "false)"), OUTCOME_APPLIED);
    EXPECT(l, up("q7", "7", "CREATE TABLE c (x int)"), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_transaction, already_and_drift)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    EXPECT(l, up("q2", "1", "CREATE TABLE a (x int)"), OUTCOME_ALREADY);
    cr_assert_str_eq(last.outcome.detail, "q1");
    struct job_request other = up("q3", "1", "CREATE TABLE a (y int)");
    other.checksum = "c2";
    EXPECT(l, other, OUTCOME_DRIFT);
    EXPECT(l, down("q4", "1", "q9", "DROP TABLE a"), OUTCOME_DRIFT);
    EXPECT(l, down("q5", "7", "q9", "DROP TABLE a"), OUTCOME_DRIFT);
    VALUE("SELECT count(*) FROM a", "0");
    VALUE("SELECT string_agg(request, ',') FROM greylag.applied", "q1");
    ledger_close(l);
}

Test(executor_transaction, forbidden_statements_never_run)
{
    struct ledger *l = ready(1);
    static const char *const texts[] = {"SELECT 1; SELECT pg_advisory_unlock_all()",
                                        "COPY t FROM PROGRAM 'id'",
                                        "DISCARD ALL",
                                        "LISTEN x",
                                        "RESET ALL",
                                        "COPY t FROM STDIN",
                                        "PREPARE TRANSACTION 'x'"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char *id = arena_printf(&arena, "q%zu", i);
        EXPECT(l, up(id, id, texts[i]), OUTCOME_FAILED);
        cr_assert_eq(last.outcome.line, 1);
    }
    VALUE("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
          "database = (SELECT oid FROM pg_database WHERE datname = current_database())", "1");
    ledger_close(l);
}

/* The error is of the file, with its line, and never about greylag's own SQL behind it. */
Test(executor_transaction, what_no_server_reads_is_never_sent)
{
    struct ledger *l = ready(1);
    static const char *const texts[] = {"SELECT 1;\nSELECT 'abc", "SELECT 1;\n/* x", "SELECT 1;\nDO $$ BEGIN END",
                                        "SELECT 1;\n\\gexec", "SELECT 1;\nSELECT 1 FROM (",
                                        "new syntax;\nSELECT \"x",
                                        "SELECT 1;\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char *id = arena_printf(&arena, "q%zu", i);
        EXPECT(l, up(id, id, texts[i]), OUTCOME_FAILED);
        cr_expect(last.outcome.line == 2 && strcmp(last.outcome.sqlstate, "42601") == 0, "%s: line %d, %s", texts[i],
                  last.outcome.line, last.outcome.sqlstate);
        cr_expect(!strstr(last.outcome.message, "greylag") && !strstr(last.outcome.message, "step_end"), "%s",
                  last.outcome.message);
    }
    ledger_close(l);
}

Test(executor_transaction, what_a_file_sets_is_undone)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE SCHEMA s; SET search_path TO s; SET timezone = 'Asia/Tokyo'; SET lock_timeout = 1; "
                            "CREATE TABLE a (x int);CREATE TEMP TABLE t (x int); SELECT "
                            "pg_catalog.set_config('work_mem', '1MB', false)"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM s.a", "0");
    EXPECT(l, up("q2", "2", "CREATE TABLE b AS SELECT current_setting('search_path') p, current_setting('timezone') z, "
                            "current_setting('lock_timeout') l, current_setting('work_mem') w, "
                            "to_regclass('pg_temp.t') t"), OUTCOME_APPLIED);
    VALUE("SELECT p || ' ' || l || ' ' || (z = 'Asia/Tokyo') || ' ' || w || ' ' || (t IS NULL) FROM public.b",
          "\"$user\", public 2s false 4MB true");
    EXPECT(l, up("q3", "3", "CREATE ROLE greylag_test_nobody; SET ROLE greylag_test_nobody"), OUTCOME_APPLIED);
    EXPECT(l, up("q4", "4", "CREATE TABLE c (x int); DROP ROLE greylag_test_nobody"), OUTCOME_APPLIED);
    ledger_close(l);
}

/* As psql has it, which sends one statement after the other. */
Test(executor_transaction, strings_are_read_as_the_file_has_set_it)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE paths (id text, s text)");
    static const char *const sets[] = {
        "SET standard_conforming_strings = off", "SET LOCAL standard_conforming_strings TO 'off'",
        "SELECT set_config('standard_conforming_strings', 'off', true)",
        "DO $$ BEGIN SET standard_conforming_strings = off; END $$"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets * 2; i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        struct job_request r = up(id, id, arena_printf(&arena, "BEGIN;\n%s;\nINSERT INTO paths VALUES ('%s', "
                                                       "'C:\\\\new\\\\table');\nCOMMIT", sets[i / 2], id));
        r.no_transaction = i % 2;
        EXPECT(l, r, OUTCOME_APPLIED);
    }
    VALUE("SELECT count(*) || min(s) || max(s) FROM paths", "8C:\\new\\tableC:\\new\\table");
    EXPECT(l, up("on", "on", "SET standard_conforming_strings = off;\nSET standard_conforming_strings = on;\n"
                             "INSERT INTO paths VALUES ('on', 'a\\\\b')"), OUTCOME_APPLIED);
    VALUE("SELECT s FROM paths WHERE id = 'on'", "a\\\\b");
    EXPECT(l, up("f", "f", "SET standard_conforming_strings = off;\n\nSELECT 'a\\\\b';\nSELECT nothing"),
           OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 4);
    EXPECT(l, up("g", "g", "SET standard_conforming_strings = off;\nSELECT 'a\\' || 'b'"), OUTCOME_FAILED);
    VALUE("SELECT count(*) FROM greylag.history WHERE request = 'g' AND line = 2 AND sqlstate LIKE '25%'", "1");
    ledger_close(l);
}

Test(executor_transaction, a_string_that_goes_on_where_strings_are_of_the_old_kind_is_told)
{
    test_pg_run(database, "DO $$ BEGIN EXECUTE"
                " format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$");
    struct ledger *l = ready(1);
    struct job_request r = up("q1", "1", "SELECT 1;\nSELECT 'a\\' || 'b';\nSELECT 2");
    for (int alone = 0; alone < 2; alone++) {
        r.no_transaction = alone;
        r.request = alone ? "q2" : "q1";
        EXPECT(l, r, OUTCOME_FAILED);
        cr_assert_str_eq(last.outcome.sqlstate, "42601");
        cr_assert_eq(last.outcome.line, 2);
        cr_assert(strstr(last.outcome.message, "standard_conforming_strings"), "%s", last.outcome.message);
        cr_assert(!strstr(last.outcome.message, "RESET"), "%s", last.outcome.message);
    }
    EXPECT(l, up("q3", "3", "SELECT E'it\\'s'; SELECT 'a\\\\'"), OUTCOME_APPLIED);
    EXPECT(l, up("q4", "4", "SELECT E'it\\'s';\nSELECT FROM WHERE"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 2);
    ledger_close(l);
}

Test(executor_transaction, lock_timeout_is_retried_and_then_counts)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int)");
    PGconn *other = PQconnectdb(database);
    PQclear(PQexec(other, "BEGIN; LOCK a"));
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    struct job_request r = up("q1", "1", "ALTER TABLE a ADD y int");
    r.lock_timeout_ms = 50;
    r.retries = 2;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "55P03");
    cr_assert_eq(last.outcome.attempt, 3);
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    r.request = "q2";
    EXPECT(l, r, OUTCOME_APPLIED);
    cr_assert_eq(last.outcome.attempt, 1);
    ledger_close(l);
}

/* Whoever is called needs to know whom to call. */
Test(executor_transaction, who_held_the_lock_is_named)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a (x int)");
    auto_free char *named = test_pg_conninfo_with(database, "application_name", "reporting-job");
    PGconn *other = PQconnectdb(named);
    PQclear(PQexec(other, "BEGIN; SELECT * FROM a"));
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    struct job_request r = up("q1", "1", "ALTER TABLE a ADD y int");
    r.lock_timeout_ms = 4000; /* the server is looked at twice in that time, however busy it is */
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "55P03");
    cr_assert(strstr(last.outcome.message, arena_printf(&arena, "blocked by pid %d (reporting-job), user ",
                                                        PQbackendPID(other))), "%s", last.outcome.message);
    cr_assert(strstr(last.outcome.message, "idle in its transaction, since 20"), "%s", last.outcome.message);
    r.request = "q2";
    r.no_transaction = true; /* and the limit that ends it is another one */
    r.statement_timeout_ms = 4000;
    r.lock_timeout_ms = 5000;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "57014");
    cr_assert(strstr(last.outcome.message, "(reporting-job)"), "%s", last.outcome.message);
    PQfinish(other);
    ledger_close(l);
}

Test(executor_transaction, statement_timeout_is_final)
{
    struct ledger *l = ready(1);
    struct job_request r = up("q1", "1", "SELECT 1;\nSELECT pg_sleep(20)");
    r.statement_timeout_ms = 100;
    r.retries = 5;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "57014");
    cr_assert(last.outcome.attempt == 1 && last.outcome.line == 2);
    ledger_close(l);
}

static bool stop_soon(void *context)
{
    return clock_mono_ms() >= *(int64_t *)context;
}

Test(executor_transaction, stop_cancels_and_records_nothing)
{
    struct ledger *l = ready(1);
    int64_t at = clock_mono_ms() + 300;
    struct executor_hooks stopping = {.stop = stop_soon, .context = &at};
    hooks = &stopping;
    cr_assert_eq(apply(l, up("q1", "1", "CREATE TABLE a (x int); SELECT pg_sleep(30)")), EXECUTOR_STOPPED);
    hooks = NULL;
    VALUE("SELECT count(*) FROM greylag.history", "0");
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_transaction, a_stale_step_aborts)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "UPDATE greylag.fence SET sequence = 2");
    cr_assert_eq(apply(l, up("q1", "1", "CREATE TABLE a (x int)")), EXECUTOR_FENCED);
    test_pg_run(database, "UPDATE greylag.fence SET sequence = 1, term = 'other'");
    cr_assert_eq(apply(l, up("q1", "1", "CREATE TABLE a (x int)")), EXECUTOR_FENCED);
    cr_assert_eq(apply(l, up("q2", "2", "bad")), EXECUTOR_FENCED);
    VALUE("SELECT count(*) FROM greylag.history", "0");
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    ledger_close(l);
}

Test(executor_transaction, an_expired_job_starts_nothing)
{
    struct ledger *l = open_as("auth", "worker-a", 0);
    lock(l);
    struct ledger_raise raise = {.fence = {1, TERM_A, 1, "d"}, .not_after_us = clock_wall_us() + 300000};
    enum refusal refusal;
    struct fence in_force;
    cr_assert(ledger_fence_raise(l, &raise, &arena, &refusal, NULL, &in_force, NULL) && refusal == REFUSAL_COUNT);
    EXPECT(l, up("q1", "1", "SELECT pg_sleep(0.5)"), OUTCOME_APPLIED);
    cr_assert_eq(apply(l, up("q2", "2", "CREATE TABLE a (x int)")), EXECUTOR_EXPIRED);
    raise.fence.sequence = 2;
    cr_assert(ledger_fence_raise(l, &raise, &arena, &refusal, NULL, &in_force, NULL) && refusal == REFUSAL_EXPIRED);
    cr_assert_eq(in_force.sequence, 1);
    ledger_close(l);
}

/* ---- lost connections ---- */

static void *kill_soon(void *context)
{
    (void)context;
    await_value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%'"
                " AND pid <> pg_backend_pid() AND state = 'active'", "1");
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                          " AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()");
    return NULL;
}

Test(executor_transaction, a_lost_connection_is_looked_into_and_tried_again)
{
    struct ledger *l = ready(1);
    pthread_t killer;
    pthread_create(&killer, NULL, kill_soon, NULL);
    struct job_request r = up("q1", "1", "CREATE TABLE a (x int); SELECT pg_sleep(CASE WHEN (SELECT count(*) FROM k) = "
                                         "0 THEN 30 ELSE 0 END)");
    test_pg_run(database, "CREATE TABLE k (x int)");
    r.retries = 0;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "57P01");
    pthread_join(killer, NULL);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    EXPECT(l, up("q2", "2", "CREATE TABLE b (x int)"), OUTCOME_APPLIED); /* on the new session, locked again */
    VALUE("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND "
          "database = (SELECT oid FROM pg_database WHERE datname = current_database())", "1");
    ledger_close(l);
}

/* The connection goes while COMMIT's deferred trigger runs, after everything else: nothing happened, so again. */
Test(executor_transaction, a_connection_lost_in_commit_is_decided_by_the_history)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE once (x int);"
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(CASE WHEN (SELECT "
        "last_value FROM s) > 1 THEN 0 ELSE 30 END); RETURN NULL; END $$;CREATE SEQUENCE s; CREATE CONSTRAINT TRIGGER "
        "t AFTER INSERT ON once DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
    pthread_t killer;
    pthread_create(&killer, NULL, kill_soon, NULL);
    struct job_request r = up("q1", "1", "/* pg_sleep */ INSERT INTO once SELECT nextval('s')");
    r.retries = 3;
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    EXPECT(l, r, OUTCOME_APPLIED);
    pthread_join(killer, NULL);
    cr_assert_eq(last.outcome.attempt, 2);
    VALUE("SELECT count(*) FROM once", "1");
    VALUE("SELECT count(*) FROM greylag.history", "1");
    ledger_close(l);
}

/* Ends the session of whatever sleeps, until it is told to end itself. */
static atomic_bool enough;
static void *kill_always(void *context)
{
    int *ended = context;
    PGconn *c = PQconnectdb(database);
    while (!atomic_load(&enough)) {
        PGresult *r = PQexec(c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
                                "AND datname = current_database() AND state = 'active'");
        *ended += PQntuples(r);
        PQclear(r);
    }
    PQfinish(c);
    return NULL;
}

/* The server stays up: a decision of somebody. */
Test(executor_transaction, whoever_ends_its_session_is_heard_the_second_time)
{
    struct ledger *l = ready(1);
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    int ended = 0;
    pthread_t killer;
    pthread_create(&killer, NULL, kill_always, &ended);
    struct job_request r = up("q1", "1", "CREATE TABLE a (x int); SELECT pg_sleep(30)");
    r.retries = 9;
    EXPECT(l, r, OUTCOME_FAILED);
    atomic_store(&enough, true);
    pthread_join(killer, NULL);
    printf("ended %d times\n", ended);
    cr_assert_str_eq(last.outcome.sqlstate, "57P01");
    cr_assert_eq(last.outcome.attempt, 2);
    cr_assert(strstr(last.outcome.message, "terminating connection"), "its own error: %s", last.outcome.message);
    cr_assert(strstr(last.outcome.message, "2 times while the server stayed up"), "%s", last.outcome.message);
    ledger_close(l);
}

/* Somebody holds a row of the catalogue, and commits as soon as the step waits for it. */
static void *commit_when_waited_for(void *rival)
{
    await_value("SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND "
                "datname = current_database()", "t");
    PQclear(PQexec(rival, "COMMIT"));
    return NULL;
}

Test(executor_transaction, what_races_on_the_catalogue_is_tried_again)
{
    struct ledger *l = ready(1);
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    test_pg_run(database, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                          "CREATE TABLE t (x int PRIMARY KEY);"
                          "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                          "CREATE FUNCTION ensure(a name) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS "
                          "(SELECT FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = a) THEN "
                          "EXECUTE format('ALTER TABLE t ADD COLUMN %I int', a); END IF; END $$;"
                          "CREATE PROCEDURE ensure_by(a name) LANGUAGE sql AS 'SELECT ensure(a)'");
    static const struct {
        const char *rival, *step;
    } rows[] = {
        {"GRANT USAGE ON SCHEMA public TO PUBLIC", "GRANT USAGE ON SCHEMA public TO PUBLIC"},
        {"CREATE SCHEMA s", "CREATE SCHEMA IF NOT EXISTS s"},
        {"CREATE TABLE u (x int)", "CREATE TABLE IF NOT EXISTS u (x int)"},
        {"CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
         "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 3'"},
        {"ALTER TABLE t ADD COLUMN y int",
         "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'y') THEN "
         "ALTER TABLE t ADD COLUMN y int; END IF; END $$"},
        {"ALTER TABLE t ADD CONSTRAINT c CHECK (x > 0)",
         "DO $$ BEGIN PERFORM 1 FROM pg_constraint WHERE conname = 'c'; IF NOT FOUND THEN "
         "ALTER TABLE t ADD CONSTRAINT c CHECK (x > 0); END IF; END $$"},
        {"ALTER TABLE t ADD COLUMN fz int", "SELECT ensure('fz')"},
        {"ALTER TABLE t ADD COLUMN pz int", "CALL ensure_by('pz')"},
        {"CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION nothing()",
         "DROP TRIGGER IF EXISTS g ON t;\nCREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION nothing()"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        PGconn *rival = PQconnectdb(database);
        pthread_t committer;
        PQclear(PQexec(rival, "BEGIN"));
        PQclear(PQexec(rival, rows[i].rival));
        pthread_create(&committer, NULL, commit_when_waited_for, rival);
        struct job_request r = up(arena_printf(&arena, "q%zu", i), arena_printf(&arena, "%zu", i + 1), rows[i].step);
        r.lock_timeout_ms = 20000;
        EXPECT(l, r, OUTCOME_APPLIED);
        pthread_join(committer, NULL);
        cr_expect_eq(last.outcome.attempt, 2, "%s", rows[i].step);
        PQfinish(rival);
    }
    /* Who asks whether something exists fails over it only if it came after the look, or is there as something else. */
    test_pg_run(database, "CREATE TYPE kind AS ENUM ('a')");
    static const struct {
        const char *step;
        int attempts;
    } fails[] = {
        {"INSERT INTO t VALUES (1), (1)", 1}, /* is no race */
        {"CREATE TABLE t (x int)", 1},
        {"DO $$ BEGIN CREATE TABLE t (x int); END $$", 1},
        {"SELECT 1;\nCREATE TABLE IF NOT EXISTS kind (x int)", 4},
        {"CREATE TABLE IF NOT EXISTS v (x int); CREATE TYPE kind AS ENUM ('b')", 1},
        {"DROP TABLE IF EXISTS w; SELECT 1 AS x INTO t", 4},
        {"SELECT 1 AS x INTO t", 1},
    };
    for (size_t i = 0; i < sizeof fails / sizeof *fails; i++) {
        struct job_request r = up(arena_printf(&arena, "f%zu", i), arena_printf(&arena, "1%zu", i), fails[i].step);
        r.retries = 3;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_eq(last.outcome.attempt, fails[i].attempts, "%s", fails[i].step);
    }
    ledger_close(l);
}

Test(executor_transaction, a_target_that_cannot_record_is_blocked)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                          "RAISE SQLSTATE '25006'; END $$;"
                          "CREATE TRIGGER t BEFORE INSERT ON greylag.history EXECUTE FUNCTION full_up()");
    cr_assert_eq(apply(l, up("q1", "1", "CREATE TABLE a (x int)")), EXECUTOR_BLOCKED);
    cr_assert_str_eq(last_error.sqlstate, "25006");
    test_pg_run(database, "DROP TRIGGER t ON greylag.history");
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    ledger_close(l);
}

/* GL is the general ledger's to some: what a text raises itself is its failure, whatever its code. */
Test(executor_transaction, an_application_may_raise_any_code)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                          "RAISE 'no balance' USING ERRCODE = 'GL004'; END $$; CREATE TABLE t (x int); "
                          "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
                          "FOR EACH ROW EXECUTE FUNCTION late()");
    for (int code = 1; code <= 7; code++) {
        const char *id = arena_printf(&arena, "q%d", code);
        struct job_request r = up(id, id, arena_printf(&arena, "CREATE TABLE a ();\nDO $$ BEGIN RAISE 'no account' "
                                                       "USING ERRCODE = 'GL00%d', DETAIL = 'so'; END $$", code));
        for (int outside = 0; outside < 2; outside++) {
            r.no_transaction = outside;
            r.request = outside ? arena_printf(&arena, "%s-outside", id) : id;
            EXPECT(l, r, OUTCOME_FAILED);
            cr_expect_str_eq(last.outcome.message, "no account");
            cr_expect_str_eq(last.outcome.sqlstate, arena_printf(&arena, "GL00%d", code));
            cr_expect_str_eq(last.outcome.said.detail, "so");
            cr_expect_eq(last.outcome.line, 2);
            cr_expect_eq(outside, strstr(last.outcome.left, "1 of 2 statements") != NULL, "%s", last.outcome.left);
        }
        test_pg_run(database, "DROP TABLE a");
    }
    for (int outside = 0; outside < 2; outside++) {
        struct job_request r = up(outside ? "late-outside" : "late", "8", "INSERT INTO t VALUES (1)");
        r.no_transaction = outside;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.message, "no balance");
    }
    EXPECT(l, up("q9", "9", "SELECT 1"), OUTCOME_APPLIED);
    ledger_close(l);
}

/* Where nobody knows how many statements a text has, its failure is told from that of greylag's own all the same. */
Test(executor_transaction, an_application_may_raise_any_code_in_what_nobody_can_divide)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE FUNCTION f(code text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'no account' "
                          "USING ERRCODE = code, DETAIL = 'so'; END $$");
    auto_buf struct buf empty = BUF_INIT(BUF_MAX);
    for (int i = 0; i <= 500000; i++)
        buf_addc(&empty, ';');
    for (int code = 1; code <= 7; code++) {
        const char *id = arena_printf(&arena, "q%d", code);
        struct job_request r = up(id, id, arena_printf(&arena, "SELECT 1%s SELECT f('GL00%d')", buf_text(&empty),
                                                       code));
        r.no_transaction = code % 2;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.message, "no account");
        cr_expect_str_eq(last.outcome.said.detail, "so");
    }
    EXPECT(l, up("q8", "8", arena_printf(&arena, "SELECT 1%s SET LOCAL transaction_read_only = on",
                                         buf_text(&empty))), OUTCOME_FAILED);
    cr_expect(strstr(last.outcome.message, "read only"), "%s", last.outcome.message);
    EXPECT(l, up("q9", "9", arena_printf(&arena, "SELECT 1%s SELECT 2", buf_text(&empty))), OUTCOME_APPLIED);
    ledger_close(l);
}

/* It needs the COMMIT of another: the error alone says "unsafe use". */
Test(executor_transaction, a_value_that_has_to_be_committed_first_names_the_way)
{
    struct ledger *l = ready(1);
    const char *text = "CREATE TABLE old (x int);\nALTER TYPE mood ADD VALUE 'b';\n"
                       "CREATE TABLE m (x mood DEFAULT 'b')";
    test_pg_run(database, "CREATE TYPE mood AS ENUM ('a')");
    EXPECT(l, up("q1", "1", text), OUTCOME_FAILED);
    cr_expect_eq(last.outcome.line, 3);
    cr_expect(strstr(last.outcome.message, "-- Transaction: false"), "%s", last.outcome.message);
    struct job_request r = up("q2", "1", text);
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    EXPECT(l, up("q3", "2", "BEGIN;\nALTER TYPE mood ADD VALUE 'c';\nSELECT 'c'::mood;\nCOMMIT"), OUTCOME_FAILED);
    cr_expect(strstr(last.outcome.message, "COMMIT; BEGIN;"), "%s", last.outcome.message);
    EXPECT(l, up("q4", "2", "BEGIN;\nALTER TYPE mood ADD VALUE 'c';\nCOMMIT; BEGIN;\nSELECT 'c'::mood;\nCOMMIT"),
           OUTCOME_APPLIED);
    ledger_close(l);
}
