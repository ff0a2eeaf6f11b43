/* Units outside a transaction: tried again in the session that they belong to, gone on with in a new one only where
 * that holds the same, and cut from a file as its tool cuts it.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>

TestSuite(executor_units, .init = start, .fini = stop_server, .timeout = 120);

static const struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};

static const char *waits = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                           "WHERE d.datname = current_database() AND NOT l.granted";

/* Somebody holds the table `busy` until this has been waited for in vain. */
static void *let_go(void *context)
{
    PGconn *holder = context;
    await_value(waits, "1");
    await_value(waits, "0");
    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    return NULL;
}

/* Applies the request, which waits for that table, outside a transaction: it has to succeed, and not at once. */
static void apply_behind_busy(struct ledger *l, struct job_request r)
{
    pthread_t thread;
    test_pg_run(database, "CREATE TABLE busy (x int)");
    PGconn *holder = PQconnectdb(database);
    PQclear(PQexec(holder, "BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE"));
    pthread_create(&thread, NULL, let_go, holder);
    r.no_transaction = true;
    r.lock_timeout_ms = 300;
    r.retries = 1000;
    EXPECT(l, r, OUTCOME_APPLIED);
    pthread_join(thread, NULL);
    cr_assert(last.outcome.attempt > 1);
}

Test(executor_units, what_failed_for_a_passing_reason_is_tried_again_alone_and_in_its_session)
{
    struct ledger *l = ready(1);
    hooks = &quick;
    test_pg_run(database, "CREATE TABLE accounts (id int, migrated bool DEFAULT false);"
                          "INSERT INTO accounts VALUES (1), "
                          "(2), (3); CREATE TABLE credits (id int)");
    struct job_request r = up("q1", "1", "CREATE TEMP TABLE ids AS SELECT id FROM accounts;\n"
                              "INSERT INTO credits SELECT id FROM accounts "
                              "WHERE set_config('app.user', 'm', false) > '';\n"
                              "CREATE SEQUENCE order_no;\nCREATE VIEW v AS SELECT 1;\nPREPARE find AS SELECT 1;\n"
                              "ALTER TABLE busy ADD y int;\n"
                              "UPDATE accounts SET migrated = current_setting('app.user') = 'm' FROM ids "
                              "WHERE ids.id = accounts.id;\nEXECUTE find");
    apply_behind_busy(l, r);
    VALUE("SELECT count(*) FROM accounts WHERE migrated", "3");
    VALUE("SELECT count(*) FROM credits", "3");
    ledger_close(l);
}

/* The try that is told is the one that counts: refused in a transaction and then alone, in vain and then again. */
Test(executor_units, what_is_tried_again_speaks_once)
{
    struct ledger *l = ready(1);
    hooks = &quick;
    test_pg_run(database, "CREATE TABLE a (x int)");
    struct job_request r = up("q1", "1", "DO $$ BEGIN RAISE NOTICE 'first'; END $$;\n"
                              "DO $$ BEGIN RAISE NOTICE 'commits'; COMMIT; END $$;\n"
                              "DO $$ BEGIN RAISE NOTICE 'waits'; ALTER TABLE busy ADD y int; END $$");
    apply_behind_busy(l, r);
    cr_expect_str_eq(last.outcome.said.notices, "NOTICE: first\nNOTICE: commits\nNOTICE: waits\n", "%s",
                     last.outcome.said.notices);
    test_pg_run(database, "DROP TABLE busy");
    r = up("q2", "2", "SELECT 1");
    r.verify = "DO $$ BEGIN RAISE NOTICE 'verifies'; LOCK TABLE busy; END $$";
    apply_behind_busy(l, r);
    cr_expect_str_eq(last.outcome.said.notices, "NOTICE: verifies\n", "%s", last.outcome.said.notices);
    ledger_close(l);
}

/* Verification runs in the transaction that records: what it waits for delays that, and nothing runs again. */
Test(executor_units, the_record_of_what_is_done_is_tried_again_by_itself)
{
    struct ledger *l = ready(1);
    hooks = &quick;
    struct job_request r = up("q1", "1", "CREATE TEMP TABLE ids (x int);\nCREATE TABLE made (x int)");
    r.verify = "SELECT * FROM busy";
    apply_behind_busy(l, r);
    VALUE("SELECT to_regclass('made') IS NOT NULL", "t");
    ledger_close(l);
}

/* The session ends once, between what it holds and what needs that. */
static const struct {
    const char *holds, *asks, *is; /* is: what the rest sees in the new session; NULL: it fails, naming `asks` */
} sessions[] = {
    {"CREATE TABLE plain (x int)", "1", "1"},
    {"SET work_mem = '2MB'", "current_setting('work_mem')", "2MB"},
    {"SET search_path = pg_catalog, public", "current_schema()", "pg_catalog"},
    {"SET LOCAL work_mem = '2MB'", "current_setting('work_mem')", "4MB"},
    {"PREPARE find AS SELECT 1", "(SELECT count(*) FROM pg_prepared_statements WHERE from_sql)", "1"},
    {"BEGIN; SET LOCAL work_mem = '3MB'; CREATE TEMP TABLE short (x int) ON COMMIT DROP; COMMIT", "1", "1"},
    {"SELECT pg_advisory_xact_lock(5)", "1", "1"},
    {"CREATE TEMP TABLE ids (x int)", "temporary table ids", NULL},
    {"SELECT 1 AS x INTO TEMP ids", "temporary table ids", NULL},
    {"DO $$ BEGIN CREATE TEMP TABLE ids (x int); END $$", "temporary table ids", NULL},
    {"CREATE TEMP VIEW v AS SELECT 1", "temporary view v", NULL},
    {"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "temporary function f", NULL},
    {"DO $$ BEGIN SET work_mem = '2MB'; END $$", "setting work_mem", NULL},
    {"SELECT set_config('app.user', 'secret', false)", "setting app.user:", NULL},
    {"SELECT set_config($$app.user$$, 'secret', false)", "setting app.user:", NULL},
    {"SELECT set_config($q$app.user$q$, 'secret', false)", "setting app.user:", NULL},
    {"SELECT set_config('app.us$r', 'secret', false)", "setting app.us$r:", NULL},
    {"SELECT set_config('app.größe', 'secret', false)", "setting app.größe:", NULL},
    {"SELECT set_config('app.' || 'user', 'secret', false)", "name is computed", NULL},
    {"SELECT set_config(E'app\\x2euser', 'secret', false)", "name is computed", NULL},
    {"SELECT set_config(U&'app\\002euser', 'secret', false)", "name is computed", NULL},
    {"DO $$ BEGIN PERFORM set_config(n, 'secret', false) FROM (VALUES ('app' || '.user')) v (n); END $$",
     "name is computed", NULL},
    {"SELECT \"set_config\" ( /* here */ E'work_mem' , '2MB', true)", "current_setting('work_mem')", "4MB"},
    {"SELECT setseed(0.5)", "the seed of random()", NULL},
    {"SET seed = 0.5", "round(random()::numeric, 6) = (SELECT round(random()::numeric, 6) FROM setseed(0.5))", "t"},
    {"SELECT sets()", "setting app.tenant:", NULL},
    {"BEGIN; SET work_mem = '2MB'; COMMIT", "setting work_mem", NULL},
    {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "cursor c", NULL},
    {"DO $$ BEGIN EXECUTE 'LISTEN news'; END $$", "channel news", NULL},
    {"SELECT pg_advisory_lock(4711)", "advisory lock", NULL},
    {"DO $$ BEGIN SET ROLE pg_monitor; END $$", "role pg_monitor", NULL},
    {"CREATE TYPE pg_temp.mood AS ENUM ('a')", "temporary type mood", NULL},
    {"SELECT pg_replication_origin_create('o'), pg_replication_origin_session_setup('o')", "replication origin", NULL},
    {"SELECT pg_create_physical_replication_slot('held', true, true)", "temporary replication slot held", NULL},
    {"SELECT for_this_database('search_path', 'pg_catalog, public')", "its settings", NULL},
};

static void lose_session(struct ledger *l, size_t i)
{
    bool fails = !sessions[i].is;
    const char *id = arena_printf(&arena, "q%zu", i);
    test_pg_run(database, "DROP TABLE IF EXISTS seen; SELECT setval('deaths', 1, false);"
                          "SELECT for_this_database('search_path', NULL)");
    const char *text = arena_printf(&arena, "%s;\nSELECT die();\nCREATE TABLE public.seen AS SELECT %s AS x",
                                    sessions[i].holds, fails ? "1" : sessions[i].asks);
    struct job_request r = up(id, id, text);
    r.no_transaction = true;
    r.retries = 3;
    EXPECT(l, r, fails ? OUTCOME_FAILED : OUTCOME_APPLIED);
    VALUE("SELECT last_value FROM deaths", fails ? "1" : "2");
    if (fails) {
        cr_assert_str_eq(last.outcome.sqlstate, LEDGER_SESSION);
        cr_assert(strstr(last.outcome.message, sessions[i].asks), "%s", last.outcome.message);
        cr_assert(strstr(last.outcome.left, "1 of 3 statements took effect and stay (before line 2)"));
        cr_assert_eq(last.outcome.line, 2);
        VALUE("SELECT to_regclass('public.seen') IS NULL", "t");
    } else
        VALUE("SELECT x FROM public.seen", sessions[i].is);
}

Test(executor_units, a_new_session_goes_on_only_where_it_holds_the_same)
{
    struct ledger *l = ready(1);
    hooks = &quick;
    test_pg_run(database, "CREATE FUNCTION sets() RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.tenant', 'x', "
                          "false) $$; CREATE FUNCTION for_this_database(name text, value text) RETURNS void "
                          "LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I "
                          "SET %s TO ', current_database(), name) || coalesce(value, 'DEFAULT'); END $$;"
                          "CREATE SEQUENCE deaths; GRANT ALL ON SEQUENCE deaths TO public;"
                          "CREATE FUNCTION public.die() RETURNS bool LANGUAGE sql SECURITY DEFINER AS $$ "
                          "SELECT CASE WHEN "
                          "nextval('public.deaths') = 1 THEN pg_terminate_backend(pg_backend_pid()) END $$");
    for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++)
        lose_session(l, i);
    ledger_close(l);
}

Test(executor_units, what_the_server_refuses_in_a_transaction_runs_alone_where_the_file_asks_for_it)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE p (n int) PARTITION BY RANGE (n);"
                          "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE INDEX p_n ON p (n)");
    static const struct {
        const char *sql;
        int since;
    } texts[] = {{"DO $$ BEGIN INSERT INTO p VALUES (1); COMMIT; INSERT INTO p VALUES (2); END $$", 13},
                 {"REINDEX TABLE p", 14}, {"REINDEX INDEX p_n", 14}, {"CLUSTER p USING p_n", 15}};
    for (size_t i = 0; i < COUNT_OF(texts) && is_since(texts[i].since, texts[i].sql); i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        struct job_request r = up(id, id, texts[i].sql);
        r.no_transaction = true;
        EXPECT(l, r, OUTCOME_APPLIED);
    }
    VALUE("SELECT count(*) FROM p", "2");
    ledger_close(l);
}

/* Functions may not do it at all: refused in a transaction they are refused alone, too, and have left nothing. */
Test(executor_units, what_the_server_refuses_in_a_function_has_left_nothing)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE t (n int); CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;"
                          "CREATE FUNCTION calls() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CALL ends(); "
                          "RETURN 1; END $$;"
                          "CREATE FUNCTION vacuums() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'VACUUM t'; "
                          "RETURN 1; END $$; CREATE FUNCTION raises() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                          "RAISE 'no' USING ERRCODE = '25001'; END $$; CREATE TABLE guarded (n int);"
                          "CREATE TRIGGER g BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION raises()");
    static const struct {
        const char *sql, *state;
    } texts[] = {{"SELECT calls()", "2D000"}, {"INSERT INTO t SELECT calls()", "2D000"},
                 {"CREATE TABLE made AS SELECT vacuums()", "25001"}, {"UPDATE t SET n = vacuums()", "25001"},
                 {"INSERT INTO guarded VALUES (1)", "25001"}};
    test_pg_run(database, "INSERT INTO t VALUES (0)");
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        struct job_request r = up(id, id, texts[i].sql);
        r.no_transaction = true;
        EXPECT(l, r, OUTCOME_FAILED);
        cr_expect_str_eq(last.outcome.sqlstate, texts[i].state);
        cr_expect_str_empty(last.outcome.left, "%s: %s", texts[i].sql, last.outcome.left);
    }
    VALUE("SELECT count(*) FROM t", "1");
    ledger_close(l);
}

/* golang-migrate and sqitch open no transaction around a file; Flyway does, and fails as the server does. */
Test(executor_units, what_runs_with_its_tool_runs_here)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE t (a int); CREATE PROCEDURE fill() LANGUAGE plpgsql AS $$ BEGIN "
                          "FOR i IN 1..3 LOOP "
                          "INSERT INTO t VALUES (i); COMMIT; END LOOP; END $$");
    frame.history = HISTORY_GOLANG_MIGRATE;
    EXPECT(l, up("q1", "1", "CALL fill()"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM t", "3");
    frame.history = HISTORY_SQITCH;
    EXPECT(l, up("q2", "2", "CREATE TABLE u (a int);\nCALL fill();\nCREATE TABLE w (a int)"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM t", "6");
    frame.history = HISTORY_FLYWAY;
    EXPECT(l, up("q3", "3", "CREATE TABLE z (a int);\nCALL fill()"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "2D000");
    cr_assert(strstr(last.outcome.message, "-- Transaction: false"), "%s", last.outcome.message);
    VALUE("SELECT to_regclass('z') IS NULL", "t");
    VALUE("SELECT count(*) FROM t", "6");
    ledger_close(l);
}

Test(executor_units, files_that_end_transactions_run_as_their_tools_run_them)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "BEGIN;\nCREATE TABLE a (x int);\nCOMMIT;\nBEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;"),
           OUTCOME_APPLIED);
    EXPECT(l, up("q2", "2", "CREATE TABLE b (x int);\nCOMMIT;"), OUTCOME_APPLIED);
    EXPECT(l, up("q3", "3", "BEGIN;\nCREATE TABLE c (x int);\nCOMMIT;\nCOMMENT ON TABLE c IS 'x'"), OUTCOME_APPLIED);
    EXPECT(l, up("q4", "4", "CREATE TYPE k AS ENUM ('a')"), OUTCOME_APPLIED);
    EXPECT(l, up("q5", "5", "COMMIT;\nALTER TYPE k ADD VALUE 'b'"), OUTCOME_APPLIED);
    EXPECT(l, up("q6", "6", "COMMIT"), OUTCOME_APPLIED);
    VALUE("SELECT (SELECT count(*) FROM a) || to_regclass('b')::text || obj_description('c'::regclass) || 'b'::k",
          "1bxb");
    VALUE("SELECT count(*) FROM greylag.progress", "0");
    ledger_close(l);
}

Test(executor_units, what_stands_between_commits_is_one_transaction_where_the_tool_has_one)
{
    struct ledger *l = ready(1);
#define TEXT(name) "CREATE TABLE " name " (x int);\nCOMMIT;\nCREATE TABLE " name "_next (x int);\nSELECT 1/0"
    EXPECT(l, up("q1", "1", TEXT("a")), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 4);
    cr_assert(strstr(last.outcome.left, "1 of 2"), "%s", last.outcome.left);
    VALUE("SELECT (to_regclass('a') IS NOT NULL)::text || (to_regclass('a_next') IS NULL)", "truetrue");
    frame.history = HISTORY_SQITCH; /* psql commits each statement */
    EXPECT(l, up("q2", "2", TEXT("b")), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.left, "2 of 3"), "%s", last.outcome.left);
    VALUE("SELECT to_regclass('b_next') IS NOT NULL", "t");
    ledger_close(l);
}

Test(executor_units, transaction_control_without_a_sense_is_refused_before_anything_runs)
{
    struct ledger *l = ready(1);
    const char *const texts[] = {"CREATE TABLE a (x int);\nROLLBACK", "CREATE TABLE a (x int);\nBEGIN;\nSELECT 1",
                                 "CREATE TABLE a (x int);\nCOMMIT;\nBEGIN;\nROLLBACK"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        EXPECT(l, up(id, id, texts[i]), OUTCOME_FAILED);
        cr_assert_str_eq(last.outcome.sqlstate, "25001");
        VALUE("SELECT to_regclass('a') IS NULL", "t");
    }
    ledger_close(l);
}

/* "odd" has its own of what PostgreSQL's names stand for: an `=` that is never true, types that hold something else. */
#define ODD_SCHEMA                                                                                                     \
    "CREATE TABLE t (x int); CREATE SCHEMA odd; CREATE DOMAIN odd.text AS int4; CREATE DOMAIN odd.int8 AS "            \
    "pg_catalog.text; CREATE TYPE odd.regclass AS ENUM ('a'); CREATE TYPE odd.oid AS ENUM ('a'); "                     \
    "CREATE FUNCTION odd.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2001-01-01''::timestamptz'; "             \
    "CREATE FUNCTION odd.never(pg_catalog.text, pg_catalog.text) RETURNS bool LANGUAGE sql AS 'SELECT false'; "        \
    "CREATE FUNCTION odd.never(name, pg_catalog.text) RETURNS bool LANGUAGE sql AS 'SELECT false'; "                   \
    "CREATE FUNCTION odd.never(pg_catalog.oid, pg_catalog.oid) RETURNS bool LANGUAGE sql AS 'SELECT false'; "          \
    "CREATE FUNCTION odd.nothing(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.text LANGUAGE sql "              \
    "AS 'SELECT ''odd''::pg_catalog.text'; "                                                                           \
    "CREATE OPERATOR odd.= (leftarg = pg_catalog.text, rightarg = pg_catalog.text, function = odd.never); "            \
    "CREATE OPERATOR odd.= (leftarg = name, rightarg = pg_catalog.text, function = odd.never); "                       \
    "CREATE OPERATOR odd.= (leftarg = pg_catalog.oid, rightarg = pg_catalog.oid, function = odd.never); "              \
    "CREATE OPERATOR odd.|| (leftarg = pg_catalog.text, rightarg = pg_catalog.text, function = odd.nothing)"

Test(executor_units, what_stands_in_front_of_postgresqls_names_is_put_aside)
{
    struct ledger *l = ready(1);
    test_pg_run(database, ODD_SCHEMA);
    static const char *const texts[] = {
        "SET search_path = odd, pg_catalog;\nCREATE TABLE public.a (x int4)",
        "SET LOCAL search_path = odd, pg_catalog;\nCREATE TABLE public.b (x int4)",
        "SELECT 1;\nSET search_path = odd, pg_catalog;\nCREATE INDEX CONCURRENTLY t_x ON public.t (x)",
        "CREATE DOMAIN pg_temp.text AS int4;\nCREATE DOMAIN pg_temp.int8 AS pg_catalog.text"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        EXPECT(l, up(id, id, texts[i]), OUTCOME_APPLIED);
        EXPECT(l, up(arena_printf(&arena, "next%zu", i), arena_printf(&arena, "n%zu", i), "SELECT 1"), OUTCOME_APPLIED);
    }
    VALUE("SELECT count(*) FROM greylag.history WHERE kind = 'applied' AND started_at > '2020-01-01'", "8");
    VALUE("SELECT count(*) FROM greylag.applied", "8");
    ledger_close(l);
}

/* What looks at a step's own statements: a trigger on the history. The file's search_path is there again for its
 * deferred triggers, and for the verify script. */
Test(executor_units, limits_of_a_file_are_not_those_of_its_record)
{
    struct ledger *l = ready(1);
    test_pg_run(database,
                "CREATE SCHEMA s; CREATE TABLE s.seen (what text, path text, lock text, statement text); "
                "CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO s.seen VALUES "
                "(TG_ARGV[0], current_setting('search_path'), current_setting('lock_timeout'), "
                "current_setting('statement_timeout')); RETURN NULL; END $$; "
                "CREATE TABLE s.t (x int); CREATE CONSTRAINT TRIGGER late AFTER INSERT ON s.t DEFERRABLE INITIALLY "
                "DEFERRED FOR EACH ROW EXECUTE FUNCTION public.see('deferred'); "
                "CREATE TRIGGER t AFTER INSERT ON greylag.history FOR EACH ROW EXECUTE FUNCTION public.see('record'); "
                "CREATE TRIGGER t AFTER INSERT ON greylag.progress FOR EACH ROW EXECUTE FUNCTION public.see('mark')");
    struct job_request r = up("q1", "1", "SET search_path = s, public;\nSET lock_timeout = '7s';\n"
                                         "SET statement_timeout = '8s';\nINSERT INTO t VALUES (1)");
    r.verify = "SELECT 1 / (current_setting('search_path') = 's, public')::int FROM t";
    EXPECT(l, r, OUTCOME_APPLIED);
    r.request = "q2";
    r.migration = "2";
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT string_agg(DISTINCT concat_ws(' ', what, path, lock, statement), '; ' ORDER BY concat_ws(' ', what, "
          "path, lock, statement)) FROM s.seen",
          "deferred s, public 2s 20s; mark pg_catalog, pg_temp 2s 20s; record pg_catalog, pg_temp 2s 20s");
    ledger_close(l);
}
