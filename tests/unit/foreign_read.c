/* Records of other tools, found by their columns and read: tables made by hand as the tools' sources make them.
 * links: executor ledger pg crypto harness */
#include "proto/envelope.h"
#include "unit/foreign_fixture.h"

TestSuite(foreign_read, .init = start_foreign, .fini = stop_foreign, .timeout = 120);

#define FLYWAY_TABLE(name)                                                                                             \
    "CREATE TABLE " name " (\"installed_rank\" INT NOT NULL PRIMARY KEY, \"version\" VARCHAR(50), \"description\""     \
    " VARCHAR(200) NOT NULL, \"type\" VARCHAR(20) NOT NULL, \"script\" VARCHAR(1000) NOT NULL, \"checksum\" INTEGER,"  \
    " \"installed_by\" VARCHAR(100) NOT NULL, \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(), \"execution_time\""   \
    " INTEGER NOT NULL, \"success\" BOOLEAN NOT NULL);"
#define FLYWAY_ROW(name, rank, version, description, type, script, checksum, success)                                  \
    "INSERT INTO " name " VALUES (" rank ", " version ", '" description "', '" type "', '" script "', " checksum       \
    ", 'me', now(), 5, " success ");"

Test(foreign_read, an_empty_database_has_none)
{
    RECORDS(NULL, "");
    RECORDS("nowhere", "");
}

/* The session is cleaned after each step. */
Test(foreign_read, what_was_prepared_may_be_gone)
{
    struct err err = ERR_INIT;
    test_pg_run(database, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT "
                          "alembic_version_pkc PRIMARY KEY"
                " (version_num)); INSERT INTO alembic_version VALUES ('a1')");
    for (int i = 0; i < 2; i++) {
        RECORDS(NULL, "alembic public.alembic_version: [a1|||] baseline");
        cr_assert(pg_run(pg, "DEALLOCATE ALL", NULL, NULL, &err), "%s", err.text);
    }
}

Test(foreign_read, flyway_by_its_own_rules)
{
#define T "flyway_schema_history"
    test_pg_run(database, FLYWAY_TABLE(T)
        FLYWAY_ROW(T, "0", "NULL", "<< Flyway Schema Creation >>", "SCHEMA", "\"app\"", "NULL", "true")
        FLYWAY_ROW(T, "1", "'1'", "<< Flyway Baseline >>", "BASELINE", "<< Flyway Baseline >>", "NULL", "true")
        FLYWAY_ROW(T, "2", "'2.0'", "it''s \"quoted\"", "SQL", "V2_0__it''s.sql", "-5", "true")
        FLYWAY_ROW(T, "3", "NULL", "views", "SQL", "R__views.sql", "7", "true")
        FLYWAY_ROW(T, "4", "'3'", "undone", "SQL", "V3__undone.sql", "3", "true")
        FLYWAY_ROW(T, "5", "'3'", "undone", "UNDO_SQL", "U3__undone.sql", "4", "true")
        FLYWAY_ROW(T, "6", "'4'", "gone", "SQL", "V4__gone.sql", "4", "true")
        FLYWAY_ROW(T, "7", "'4'", "gone", "DELETE", "V4__gone.sql", "4", "true")
        FLYWAY_ROW(T, "8", "'5'", "again", "SQL", "V5__again.sql", "5", "true")
        FLYWAY_ROW(T, "9", "'05.0'", "again", "UNDO_SQL", "U5__again.sql", "5", "true")
        FLYWAY_ROW(T, "10", "'5.0'", "again", "SQL", "V5__again.sql", "6", "true")
        FLYWAY_ROW(T, "11", "'6'", "not undone", "SQL", "V6__x.sql", "6", "true")
        FLYWAY_ROW(T, "12", "'6'", "not undone", "UNDO_SQL", "U6__x.sql", "6", "false")
        FLYWAY_ROW(T, "13", "'7'", "java", "JDBC", "db.V7", "NULL", "true")
        FLYWAY_ROW(T, "14", "NULL", "views", "SQL", "R__views.sql", "8", "true")
        FLYWAY_ROW(T, "15", "NULL", "old", "SQL", "R__old.sql", "9", "true")
        FLYWAY_ROW(T, "16", "NULL", "old", "DELETE", "R__old.sql", "9", "true")
        FLYWAY_ROW(T, "17", "'8'", "broken", "SQL", "V8__broken.sql", "1", "false"));
    RECORDS(NULL, "flyway public." T ": [1|<< Flyway Baseline >>|<< Flyway Baseline >>|] baseline;"
                  " [2.0|it's \"quoted\"|V2_0__it's.sql|-5] applied; [5.0|again|V5__again.sql|6] applied;"
                  " [6|not undone|U6__x.sql|6] failed; [7|java|db.V7|] applied; [|views|R__views.sql|8] applied;"
                  " [8|broken|V8__broken.sql|1] failed");
#undef T
}

Test(foreign_read, flyway_under_any_name_in_the_search_path)
{
    test_pg_run(database, "CREATE SCHEMA \"App s\"; CREATE SCHEMA other;" FLYWAY_TABLE("\"App s\".\"schema'version\"")
                FLYWAY_ROW("\"App s\".\"schema'version\"", "1", "'1'", "a", "SQL_BASELINE", "B1__a.sql", "1", "true")
                FLYWAY_TABLE("schema_version") FLYWAY_TABLE("other.flyway_schema_history"));
    RECORDS("\"App s\", public", "flyway App s.schema'version: [1|a|B1__a.sql|1] baseline\nflyway "
                                 "public.schema_version:");
    RECORDS("nowhere", "");
}

Test(foreign_read, versions_of_any_size)
{
    static char digits[401];
    memset(digits, '9', 400);
    char *sql = arena_printf(&arena, FLYWAY_TABLE("t") "ALTER TABLE t ALTER version TYPE text;"
                             FLYWAY_ROW("t", "1", "'%s'", "huge", "SQL", "V", "1", "true")
                             FLYWAY_ROW("t", "2", "'no version'", "odd", "SQL", "V", "1", "true")
                             FLYWAY_ROW("t", "3", "''", "empty", "SQL", "V", "1", "true"), digits);
    test_pg_run(database, sql);
    RECORDS(NULL, arena_printf(&arena, "flyway public.t: [%s|huge|V|1] applied; [no version|odd|V|1] applied; "
                                       "[|empty|V|1] applied",
                               digits));
}

Test(foreign_read, golang_migrate_and_its_dirty_state)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not "
                          "null)");
    RECORDS(NULL, "golang-migrate public.schema_migrations:");
    test_pg_run(database, "INSERT INTO schema_migrations VALUES (20240117, false)");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [20240117|||] baseline");
    test_pg_run(database, "UPDATE schema_migrations SET dirty = true, version = -1");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [-1|||] failed");
}

/* Harbor's files give golang-migrate's table a column; others note a time. Under another name it may be anything. */
Test(foreign_read, a_table_that_was_given_columns)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version bigint primary key, dirty boolean not null, "
                          "data_version int); INSERT INTO schema_migrations VALUES (30, false, 30);"
                          "CREATE TABLE app_state (version bigint, dirty boolean, data_version int);"
                          "CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp "
                          "timestamp, who text); INSERT INTO goose_db_version VALUES (1, 7, true, now(), 'me');"
                          "CREATE TABLE __diesel_schema_migrations (version varchar(50) primary key, run_on timestamp, "
                          "who text); INSERT INTO __diesel_schema_migrations VALUES ('20240118', now(), 'me');"
                          "CREATE SCHEMA other; CREATE TABLE other.schema_migrations (version varchar primary key, "
                          "applied_at timestamptz default now()); INSERT INTO other.schema_migrations VALUES ('1');"
                          "CREATE TABLE other.old_migrations (version varchar, applied_at timestamptz)");
    RECORDS(NULL, "diesel public.__diesel_schema_migrations: [20240118|||] applied\n"
                  "goose public.goose_db_version: [7|||] applied\n"
                  "golang-migrate public.schema_migrations: [30|||] baseline");
    RECORDS("other", "dbmate other.schema_migrations: [1|||] applied");
}

Test(foreign_read, two_tools_in_one_database)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar primary key);"
                "INSERT INTO schema_migrations VALUES ('20240102'), ('20240101');CREATE TABLE "
                "__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL "
                "DEFAULT CURRENT_TIMESTAMP); INSERT INTO __diesel_schema_migrations VALUES ('20240118090000');CREATE "
                "TABLE app_version (version varchar primary key); CREATE TABLE t (x int)");
    RECORDS(NULL, "diesel public.__diesel_schema_migrations: [20240118090000|||] applied\n"
                  "dbmate public.schema_migrations: [20240101|||] applied; [20240102|||] applied");
}

Test(foreign_read, goose_the_last_row_decides)
{
    test_pg_run(database, "CREATE TABLE goose_db_version (id serial NOT NULL, version_id bigint NOT NULL, is_applied "
                          "boolean"
                " NOT NULL, tstamp timestamp NULL default now(), PRIMARY KEY(id));INSERT INTO goose_db_version "
                "(version_id, is_applied) VALUES (0, true), (1, true), (3, true), (2, true), (3, false), (2, false), "
                "(2, true)");
    RECORDS(NULL, "goose public.goose_db_version: [1|||] applied; [2|||] applied");
}

Test(foreign_read, liquibase_in_either_case)
{
    static const char *const names[] = {"databasechangelog", "\"DATABASECHANGELOG\""};
    static const char *const shown[] = {"databasechangelog", "DATABASECHANGELOG"};
    for (int upper = 0; upper < 2; upper++) {
        const char *q = upper ? "\"" : "";
        test_pg_run(
            database,
            arena_printf(
                &arena,
                "CREATE TABLE %s (%sID%s VARCHAR(255) NOT NULL, %sAUTHOR%s VARCHAR(255) NOT NULL, %sFILENAME%s "
                "VARCHAR(255) NOT NULL, %sDATEEXECUTED%s TIMESTAMP WITHOUT TIME ZONE NOT NULL, %sORDEREXECUTED%s "
                "INTEGER NOT NULL, %sEXECTYPE%s VARCHAR(10) NOT NULL, %sMD5SUM%s VARCHAR(35), DESCRIPTION "
                "VARCHAR(255));INSERT INTO %s VALUES ('2', 'jo', 'db/a.sql', now(), 2, 'RERAN', '9:abc'), ('1', 'jo', "
                "'classpath:db/a.sql', now(), 1, 'EXECUTED', NULL), ('3', 'jo', 'db/a.sql', now(), 3, 'SKIPPED', "
                "NULL), ('4', 'o''x', 'db/b.sql', now(), 4, 'MARK_RAN', '8:d'), ('5', 'jo', 'db/b.sql', now(), 5, "
                "'FAILED', NULL), ('1700000000000', 'liquibase', 'liquibase-internal', now(), 6, 'EXECUTED', NULL)",
                names[upper], q, q, q, q, q, q, q, q, q, q, q, q, q, q, names[upper]));
        RECORDS(NULL, arena_printf(&arena, "liquibase public.%s: [db/a.sql::1::jo|1|classpath:db/a.sql|] applied; "
                                           "[db/a.sql::2::jo|2|db/a.sql|9:abc] applied;"
            " [db/b.sql::4::o'x|4|db/b.sql|8:d] applied; [db/b.sql::5::jo|5|db/b.sql|] failed", shown[upper]));
        test_pg_run(database, arena_printf(&arena, "DROP TABLE %s", names[upper]));
    }
}

Test(foreign_read, alembic_heads)
{
    test_pg_run(database, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT "
                          "alembic_version_pkc PRIMARY KEY"
                " (version_num)); INSERT INTO alembic_version VALUES ('b1'), ('a2')");
    RECORDS(NULL, "alembic public.alembic_version: [a2|||] baseline; [b1|||] baseline");
}

/* The registry as the mirror makes it: foreign_mirror.c holds that against Sqitch's own. */
Test(foreign_read, sqitch_projects_and_reworked_changes)
{
    ledger_close(ready(1));
    job.history = HISTORY_SQITCH;
    job.history_table = "my registry";
    KEEP(UP, .foreign_checksum = "c1",
         .foreign_record =
             "{\"project\":\"flipr\",\"change\":\"users\",\"planned_at\":\"2024-01-01T00:00:00Z\","
             "\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\",\"script_hash\":\"h1\",\"tags\":[{\"id\":\"t1\","
             "\"tag\":\"@v1\","
             "\"planned_at\":\"2024-01-01T00:00:00Z\",\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\"}]}");
    KEEP(UP, .foreign_checksum = "c2",
         .foreign_record = "{\"project\":\"flipr\",\"change\":\"users\",\"planned_at\":\"2024-01-02T00:00:00Z\","
                           "\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\",\"script_hash\":\"h2\"}");
    RECORDS("nowhere", "sqitch my registry.changes: [users@v1|users|flipr|c1] applied; [users|users|flipr|c2] applied");
    test_pg_run(database, "INSERT INTO \"my registry\".projects (project, creator_name, creator_email) VALUES "
                          "('other', 'x', 'x')");
    RECORDS(NULL, "sqitch my registry.changes: [flipr:users@v1|users|flipr|c1] applied; [flipr:users|users|flipr|c2] "
                  "applied");
}

Test(foreign_read, what_cannot_be_read_is_a_failed_row_and_stops_nothing)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version bigint, dirty boolean); CREATE TABLE "
                          "goose_db_version (id int,"
                " version_id text, is_applied boolean, tstamp text); INSERT INTO goose_db_version VALUES (1, '5', "
                "true, ''), (NULL, NULL, NULL, NULL);CREATE TABLE my_migrations (version varchar); INSERT INTO "
                "my_migrations VALUES (NULL), ('7');DROP ROLE IF EXISTS greylag_foreign_reader; CREATE ROLE "
                "greylag_foreign_reader LOGIN;GRANT SELECT ON goose_db_version, my_migrations TO "
                "greylag_foreign_reader; INSERT INTO schema_migrations VALUES (5, NULL), (NULL, true)");
    struct pg *owner = pg;
    struct err err = ERR_INIT;
    char *conninfo = test_pg_conninfo_with(database, "user", "greylag_foreign_reader");
    cr_assert(pg_open(conninfo, "test", 10000, &pg, &err), "%s", err.text);
    RECORDS(NULL, "goose public.goose_db_version: [|cannot be read: operator does not exist: text <> integer||] "
                  "failed\n"
                  "dbmate public.my_migrations: [7|||] applied; [|||] applied\n"
                  "golang-migrate public.schema_migrations: [|cannot be read: permission denied for table "
                  "schema_migrations||] failed\n"
                  "warning: goose's record public.goose_db_version cannot be read: operator does not exist: text <> "
                  "integer; golang-migrate's record public.schema_migrations cannot be read: permission denied for "
                  "table schema_migrations");
    pg_close(pg);
    pg = owner;
    free(conninfo);
    RECORDS(NULL, "goose public.goose_db_version: [|cannot be read: operator does not exist: text <> integer||] "
                  "failed\n"
                  "dbmate public.my_migrations: [7|||] applied; [|||] applied\n"
                  "golang-migrate public.schema_migrations: [5|||] failed; [|||] failed\n"
                  "warning: goose's record public.goose_db_version cannot be read: operator does not exist: text <> "
                  "integer");
    test_pg_run(database, "DROP OWNED BY greylag_foreign_reader; DROP ROLE greylag_foreign_reader");
}

Test(foreign_read, a_table_that_is_locked_or_huge_delays_nothing_for_long)
{
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar primary key);"
                "INSERT INTO schema_migrations SELECT i FROM generate_series(1, 100001) i");
    RECORDS(NULL, "dbmate public.schema_migrations: [|cannot be read: it has more than 100000 rows||] failed\n"
                  "warning: dbmate's record public.schema_migrations cannot be read: it has more than 100000 rows");
    test_pg_run(database, "TRUNCATE schema_migrations; INSERT INTO schema_migrations SELECT repeat('x', 990) || i FROM "
                          "generate_series(1, 17000) i");
    cr_assert(strstr(records(NULL), "cannot be read: it takes more than 10 MiB in a message"));
    struct pg *other;
    cr_assert(pg_open(database, "test", 10000, &other, NULL));
    cr_assert(pg_run(other, "BEGIN; LOCK TABLE schema_migrations", NULL, NULL, NULL));
    cr_assert(strstr(records(NULL), "cannot be read: canceling statement due to lock timeout"));
    pg_close(other);
}

/* As it is signed, with escapes and names of members. */
Test(foreign_read, a_record_that_is_taken_fits_into_a_message_that_is_read)
{
    static const char *const rows[] = {"repeat('x', 450) || i FROM generate_series(1, 20000) i",
                                       "repeat('\\', 220) || i FROM generate_series(1, 20000) i",
                                       "repeat(E'\\x01', 74) || i FROM generate_series(1, 20000) i",
                                       "i::text FROM generate_series(1, 100000) i"};
    struct key_secret key;
    key_generate(&key);
    test_pg_run(database, "CREATE TABLE schema_migrations (version varchar primary key)");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct report report = {.kind = REPORT_INVENTORY, .audience = {"f", "e", "s", "t"}, .id = "i", .worker = "w",
                                .release = "", .message = "", .contents = "",
                                .fence = {.term = "", .digest = ""}, .in_force = {.term = "", .digest = ""}};
        const char *warning;
        size_t len;
        struct err err = ERR_INIT;
        test_pg_run(database, "TRUNCATE schema_migrations");
        test_pg_run(database, arena_printf(&arena, "INSERT INTO schema_migrations SELECT %s", rows[i]));
        cr_assert(foreign_read(pg, NULL, &arena, &report.foreign, &report.foreign_count, &warning, &err));
        cr_assert(!*warning && report.foreign[0].row_count >= 20000, "%s", warning);
        auto_free char *payload = report_encode(&report, &len);
        auto_free char *text = envelope_sign(&key, message_payload_type(MESSAGE_REPORT), payload, len, &len);
        printf("# %zu: %zu bytes\n", i, len);
        cr_assert_lt(len, REPORT_MAX - ((size_t)2 << 20));
        test_pg_run(database, "INSERT INTO schema_migrations SELECT repeat('y', 900) || i FROM "
                              "generate_series(1, 11000) i");
        cr_assert(foreign_read(pg, NULL, &arena, &report.foreign, &report.foreign_count, &warning, &err));
        cr_assert(*warning);
    }
}

Test(foreign_read, a_session_that_is_lost_is_told)
{
    const struct foreign_history *histories;
    size_t count;
    const char *warning;
    struct err err = ERR_INIT;
    test_pg_run(database, arena_printf(&arena, "SELECT pg_terminate_backend(%d)", PQbackendPID(pg_raw(pg))));
    cr_assert_not(foreign_read(pg, NULL, &arena, &histories, &count, &warning, &err));
    cr_assert_eq(err.kind, ERR_UNREACHABLE, "%s", err.text);
}
