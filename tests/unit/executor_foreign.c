/* Steps that keep another tool's record, or are adopted from it, on a real server.
 * links: executor ledger foreign pg crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>

TestSuite(executor_foreign, .init = start, .fini = stop_server, .timeout = 120);

static enum history_tool tool;
static bool kept = true;

/* executor_apply for a service that keeps the record. */
static enum executor_end mirrored(struct ledger *ledger, struct job_request request)
{
    struct job_request *only = arena_new(&arena, struct job_request);
    struct job *job = arena_new(&arena, struct job);
    *only = request;
    *job = (struct job){.audience = {"shop", "test", "auth", "main"}, .release = "r1", .history = tool, .mirror = kept,
                        .before_each = "", .after_each = "", .requests = only, .request_count = 1};
    err_clear(&last_error);
    enum executor_end end = executor_apply(ledger, job, 0, hooks, &arena, &last, &last_error);
    printf("%s: %d %s %s %s %s\n", request.request, (int)end, outcome_text(last.outcome.kind), last.outcome.sqlstate,
           last.outcome.message, last_error.text);
    return end;
}

#define KEEPS(ledger, request, wanted)                                                                                 \
    do {                                                                                                               \
        cr_assert_eq(mirrored((ledger), (request)), EXECUTOR_RECORDED, "%s", last_error.text);                         \
        cr_assert_eq(last.outcome.kind, (wanted), "%s: %s", outcome_text(last.outcome.kind), last.outcome.message);    \
    } while (0)

static struct job_request version(struct job_request request, const char *text)
{
    request.version = text;
    request.script = arena_printf(&arena, "V%s__x.sql", text);
    request.foreign_checksum = "5";
    return request;
}

#define HISTORY "SELECT coalesce(string_agg(version, ' ' ORDER BY installed_rank), '') FROM flyway_schema_history"

Test(executor_foreign, a_step_and_its_row_are_committed_together_or_not_at_all)
{
    struct ledger *l = ready(1);
    tool = HISTORY_FLYWAY;
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_APPLIED);
    cr_assert(last.outcome.position > 0);
    KEEPS(l, version(up("q2", "2", "CREATE TABLE b (x int);\nSELECT 1/0"), "2"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 2);
    VALUE(HISTORY, "1");
    KEEPS(l, version(up("q3", "2", "CREATE TABLE b (x int)"), "2"), OUTCOME_APPLIED);
    KEEPS(l, version(down("q4", "2", "q3", "DROP TABLE b"), "2"), OUTCOME_APPLIED);
    VALUE(HISTORY, "1");
    VALUE("SELECT execution_time BETWEEN 0 AND 20000 FROM flyway_schema_history", "t");
    ledger_close(l);
}

Test(executor_foreign, a_record_that_cannot_be_kept_fails_the_step_and_says_why)
{
    struct ledger *l = ready(1);
    tool = HISTORY_FLYWAY;
    test_pg_run(database, "CREATE VIEW flyway_schema_history AS SELECT 1 x");
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "flyway's record public.flyway_schema_history cannot be kept: "), "%s",
              last.outcome.message);
    cr_assert_eq(last.outcome.line, 0);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    tool = HISTORY_ALEMBIC;
    KEEPS(l, version(up("q2", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "0A000");
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    ledger_close(l);
}

/* The tool ran after the target had reported that it holds nothing. */
Test(executor_foreign, what_another_tool_has_applied_since_is_not_applied_again)
{
    static const struct {
        enum history_tool tool;
        const char *table;
    } rows[] = {
        {HISTORY_FLYWAY,
         "CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text, script "
         "text, checksum int, installed_by text, installed_on timestamp, execution_time int, success bool);"
         "INSERT INTO flyway_schema_history VALUES (1, '1.0', 'x', 'SQL', 'V1__x.sql', 7, 'u', now(), 1, true)"},
        {HISTORY_DBMATE, "CREATE TABLE schema_migrations (version varchar); INSERT INTO schema_migrations VALUES (1)"},
        {HISTORY_GOLANG_MIGRATE,
         "CREATE TABLE schema_migrations (version bigint, dirty bool);"
         "INSERT INTO schema_migrations VALUES (3, false)"},
    };
    struct ledger *l = ready(1);
    kept = false;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        tool = rows[i].tool;
        test_pg_run(database, "DROP TABLE IF EXISTS schema_migrations, flyway_schema_history");
        test_pg_run(database, rows[i].table);
        KEEPS(l, version(up(arena_printf(&arena, "q%zu", i), "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_DRIFT);
        cr_assert(strstr(last.outcome.message, "says that it is applied, and nothing is on record here"), "%s",
                  last.outcome.message);
        KEEPS(l, version(up(arena_printf(&arena, "o%zu", i), "1", "CREATE INDEX CONCURRENTLY i ON pg_class (oid)"),
                         "1"), OUTCOME_DRIFT);
        VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    }
    /* another version */
    KEEPS(l, version(up("q8", "4", "CREATE TABLE b (x int)"), "4"), OUTCOME_APPLIED);
    /* where something is on record, greylag's is the one that counts: it may have taken 1 back */
    cr_assert_eq(raise_to(l, 1, TERM_A, 2, "d2", 0), REFUSAL_COUNT); /* the next job */
    KEEPS(l, version(up("q9", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_APPLIED);
    ledger_close(l);
}

Test(executor_foreign, a_table_of_that_name_that_is_not_the_tools_is_left_alone)
{
    struct ledger *l = ready(1);
    kept = false;
    tool = HISTORY_GOLANG_MIGRATE;
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar); INSERT INTO schema_migrations VALUES (1)");
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_APPLIED);
    VALUE("SELECT current_setting('search_path')", "\"$user\", public");
    ledger_close(l);
}

Test(executor_foreign, no_permission_on_the_record)
{
    test_pg_run(database, "DROP ROLE IF EXISTS greylag_foreign_worker; CREATE ROLE greylag_foreign_worker LOGIN;"
                "CREATE TABLE schema_migrations (version varchar primary key); GRANT SELECT ON schema_migrations TO "
                "greylag_foreign_worker;GRANT CREATE ON SCHEMA public TO greylag_foreign_worker; DO $$ BEGIN EXECUTE "
                "format('GRANT CREATE ON DATABASE %I TO greylag_foreign_worker', current_database()); END $$");
    const char *owner = database;
    char *other = test_pg_conninfo_with(database, "user", "greylag_foreign_worker");
    database = other;
    struct ledger *l = ready(1);
    tool = HISTORY_DBMATE;
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, "42501");
    cr_assert(strstr(last.outcome.message, "permission denied for table schema_migrations"), "%s",
              last.outcome.message);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    test_pg_run(owner, "GRANT INSERT, UPDATE ON schema_migrations TO greylag_foreign_worker");
    KEEPS(l, version(up("q2", "1", "CREATE TABLE a (x int)"), "1"), OUTCOME_APPLIED);
    ledger_close(l);
    database = owner;
    VALUE("SELECT string_agg(version, ' ') FROM schema_migrations", "1");
    test_pg_run(owner, "DROP OWNED BY greylag_foreign_worker; DROP ROLE greylag_foreign_worker");
    free(other);
}

/* The analysis takes the COMMIT for a part of a string; this database, whose strings are of the old kind, does not. */
Test(executor_foreign, a_text_that_ends_its_transaction_leaves_no_row)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar primary key); DO $$ BEGIN EXECUTE"
                " format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$");
    struct ledger *l = ready(1);
    tool = HISTORY_DBMATE;
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int);\nSELECT 'a\\'' ; COMMIT; SELECT ' -- '"), "1"),
          OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.sqlstate, LEDGER_STRAY);
    VALUE("SELECT count(*) FROM a", "0");
    VALUE("SELECT count(*) FROM schema_migrations", "0");
    ledger_close(l);
}

Test(executor_foreign, strings_of_the_old_kind)
{
    test_pg_run(database, "DO $$ BEGIN EXECUTE"
                " format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$");
    struct ledger *l = ready(1);
    tool = HISTORY_FLYWAY;
    KEEPS(l, version(up("q1", "1", "CREATE TABLE a (x int)"), "1.10"), OUTCOME_APPLIED);
    struct job_request named = version(up("q2", "2", "CREATE TABLE b (x int)"), "2.00");
    named.name = "a\\b'c\\'";
    KEEPS(l, named, OUTCOME_APPLIED);
    KEEPS(l, version(up("q4", "4", "SELECT 1"), "1.20"), OUTCOME_APPLIED);
    VALUE("SELECT description FROM flyway_schema_history WHERE version = '2.00'", "a\\b'c\\'");
    KEEPS(l, version(down("q3", "2", "q2", "DROP TABLE b"), "02"), OUTCOME_APPLIED);
    VALUE(HISTORY, "1.10 1.20");
    VALUE("SELECT current_setting('standard_conforming_strings')", "off");
    ledger_close(l);
}

Test(executor_foreign, what_a_file_sets_does_not_move_the_record)
{
    struct ledger *l = ready(1);
    tool = HISTORY_GOOSE;
    KEEPS(l, version(up("q1", "1", "CREATE SCHEMA s; SET search_path TO s; SET standard_conforming_strings = off;"
                        "CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp "
                        "timestamp)"), "00001"),
          OUTCOME_APPLIED);
    VALUE("SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM public.goose_db_version", "0 1");
    VALUE("SELECT count(*) FROM s.goose_db_version", "0");
    ledger_close(l);
}

Test(executor_foreign, outside_a_transaction_the_row_comes_with_the_end)
{
    struct ledger *l = ready(1);
    tool = HISTORY_GOLANG_MIGRATE;
    KEEPS(l, version(up("q1", "000001", "CREATE TABLE a (x int)"), "000001"), OUTCOME_APPLIED);
    KEEPS(l, version(up("q2", "000002", "CREATE INDEX CONCURRENTLY i ON a (x)"), "000002"), OUTCOME_APPLIED);
    VALUE("SELECT version || ' ' || dirty FROM schema_migrations", "2 false");
    KEEPS(l,
          version(up("q3", "000003", "CREATE INDEX CONCURRENTLY j ON a (x);\nCREATE INDEX CONCURRENTLY k ON a (y)"),
                  "000003"),
          OUTCOME_FAILED);
    VALUE("SELECT version || ' ' || dirty FROM schema_migrations", "2 false");
    KEEPS(l, version(down("q4", "000002", "q2", "DROP INDEX CONCURRENTLY i"), "000002"), OUTCOME_APPLIED);
    VALUE("SELECT version || ' ' || dirty FROM schema_migrations", "1 false");
    tool = HISTORY_FLYWAY;
    KEEPS(l, version(up("q5", "5", "CREATE INDEX CONCURRENTLY i ON a (x); SELECT pg_sleep(0.2)"), "5"),
          OUTCOME_APPLIED);
    VALUE("SELECT execution_time BETWEEN 200 AND 60000 FROM flyway_schema_history", "t");
    ledger_close(l);
}

Test(executor_foreign, adopted_while_the_record_says_so)
{
    struct ledger *l = ready(1);
    tool = HISTORY_FLYWAY;
    KEEPS(l, version(record_only("q1", DIRECTION_ADOPT, "1", "", "c1"), "1"),
          OUTCOME_APPLIED); /* a baseline: the row is new */
    cr_assert_str_eq(last.outcome.detail, "");
    struct job_request adopt = version(record_only("q2", DIRECTION_ADOPT, "2", "", "c1"), "2.0");
    adopt.in_history = true;
    KEEPS(l, adopt, OUTCOME_DRIFT);
    cr_assert_str_eq(last.outcome.message, "flyway's record public.flyway_schema_history does not say any more that it "
                                           "is applied");
    VALUE("SELECT string_agg(migration, ' ') FROM greylag.applied", "1");
    test_pg_run(database, "INSERT INTO flyway_schema_history VALUES (7, '2', 'x', 'SQL', 'V2__x.sql', 1715188512, "
                          "'me', now(), 1, true)");
    adopt.request = "q3";
    KEEPS(l, adopt, OUTCOME_APPLIED);
    cr_assert_str_eq(last.outcome.detail, "flyway public.flyway_schema_history checksum crc32:1715188512");
    VALUE("SELECT detail FROM greylag.history WHERE request = 'q3'",
          "flyway public.flyway_schema_history checksum crc32:1715188512");
    VALUE(HISTORY, "1 2");
    adopt.request = "q4";
    KEEPS(l, adopt, OUTCOME_ALREADY);
    KEEPS(l, version(record_only("q5", DIRECTION_ADOPT, "2", "q3", "c2"), "2"), OUTCOME_APPLIED); /* realigned */
    VALUE("SELECT checksum FROM flyway_schema_history WHERE version = '2'", "5");
    KEEPS(l, version(record_only("q6", DIRECTION_FORGET, "2", "q5", "c2"), "2"), OUTCOME_APPLIED);
    VALUE(HISTORY, "1");
    test_pg_run(database, "DROP TABLE flyway_schema_history");
    adopt.request = "q7";
    KEEPS(l, adopt, OUTCOME_DRIFT);
    cr_assert_str_eq(last.outcome.message, "flyway's record is gone: there is no table public.flyway_schema_history");
    ledger_close(l);
}

/* What was applied without it gets its row later, with the time of then; once. */
Test(executor_foreign, written_later_with_the_time_of_then)
{
    static const struct {
        enum history_tool tool;
        const char *rows, *when; /* one row as text, with its time */
    } cases[] = {
        {HISTORY_FLYWAY,
         "SELECT string_agg(installed_rank || ':' || version, ' ' ORDER BY installed_rank) FROM flyway_schema_history",
         "SELECT min(installed_on) || ' ' || min(execution_time) FROM flyway_schema_history"},
        {HISTORY_GOOSE,
         "SELECT string_agg(id - 1 || ':' || version_id, ' ' ORDER BY id) FROM goose_db_version WHERE version_id > 0",
         "SELECT min(tstamp) || ' 60000' FROM goose_db_version WHERE version_id > 0"},
        {HISTORY_DIESEL,
         "SELECT string_agg(version || ':' || version, ' ' ORDER BY run_on) FROM __diesel_schema_migrations",
         "SELECT min(run_on) || ' 60000' FROM __diesel_schema_migrations"},
    };
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    EXPECT(l, up("q2", "2", "CREATE TABLE b (x int)"), OUTCOME_APPLIED);
    test_pg_run(database, "UPDATE greylag.history SET finished_at = ('2020-02-0' || position)::timestamptz,"
                " started_at = ('2020-02-0' || position)::timestamptz - interval '1 minute'");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tool = cases[i].tool;
        for (int again = 0; again < 2; again++) {
            const char *suffix = arena_printf(&arena, "-%zu-%d", i, again);
            KEEPS(l, version(record_only(arena_printf(&arena, "r1%s", suffix), DIRECTION_ADOPT, "1", "q1", "c1"), "1"),
                  OUTCOME_APPLIED);
            KEEPS(l, version(record_only(arena_printf(&arena, "r2%s", suffix), DIRECTION_ADOPT, "2", "q2", "c1"), "2"),
                  OUTCOME_APPLIED);
        }
        VALUE(cases[i].rows, "1:1 2:2");
        VALUE(cases[i].when, "2020-02-01 00:00:00 60000");
    }
    VALUE("SELECT string_agg(migration || request, ' ' ORDER BY position) FROM greylag.applied", "1q1 2q2");
    ledger_close(l);
}

/* Another session holds the record's table: the step waits, bounded, and is tried again. */
static void *let_go(void *context)
{
    PGconn *conn = context;
    await_value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT granted AND "
                "relation::regclass::text ="
                " 'schema_migrations' AND datname = current_database()", "1");
    await_value("SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE NOT granted AND "
                "relation::regclass::text ="
                " 'schema_migrations' AND datname = current_database()", "0");
    PQclear(PQexec(conn, "COMMIT"));
    return NULL;
}

Test(executor_foreign, a_record_that_is_locked_is_waited_for_and_tried_again)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar primary key)");
    PGconn *conn = PQconnectdb(database);
    PQclear(PQexec(conn, "BEGIN"));
    PQclear(PQexec(conn, "INSERT INTO schema_migrations VALUES ('0')"));
    pthread_t thread;
    pthread_create(&thread, NULL, let_go, conn);
    tool = HISTORY_DBMATE;
    struct job_request request = version(up("q1", "1", "CREATE TABLE a (x int)"), "1");
    request.lock_timeout_ms = 300;
    request.retries = 20;
    KEEPS(l, request, OUTCOME_APPLIED);
    pthread_join(thread, NULL);
    cr_assert_gt(last.outcome.attempt, 1);
    VALUE("SELECT string_agg(version, ' ' ORDER BY version) FROM schema_migrations", "0 1");
    PQfinish(conn);
    ledger_close(l);
}

static int statements;
static void count_statements(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    (void)context, (void)statement, (void)duration_us, (void)tag;
    statements++;
}

Test(executor_foreign, a_mirrored_step_is_one_round_trip_as_any_other)
{
    struct ledger *l = ready(1);
    tool = HISTORY_FLYWAY;
    pg_set_trace(ledger_session(l), count_statements, NULL);
    EXPECT(l, version(up("q1", "1", "SELECT 1"), "1"), OUTCOME_APPLIED);
    int plain = statements;
    KEEPS(l, version(up("q2", "2", "SELECT 1"), "2"), OUTCOME_APPLIED);
    cr_assert(plain == 1 && statements == 2, "%d, then %d", plain, statements);
    ledger_close(l);
}
