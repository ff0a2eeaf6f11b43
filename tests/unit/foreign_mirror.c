/* Records of other tools, kept in the transaction of a step: each tool's own rows, up, down, adopted and forgotten.
 * links: executor ledger pg crypto harness */
#include "foreign_fixture.h"

#include <dirent.h>
#include <pthread.h>

#include "base/text.h"

/* A ledger gives the schema that golang-migrate's and Flyway's way back look into. */
static void start_mirror(void)
{
    start_foreign();
    ledger_close(ready(1));
}

TestSuite(foreign_mirror, .init = start_mirror, .fini = stop_foreign, .timeout = 120);

static void applied(const char *migrations)
{
    test_pg_run(database, arena_printf(&arena, "DELETE FROM greylag.applied; INSERT INTO greylag.applied "
                                       "SELECT 1, m, 'c', 'q', 'r', row_number() OVER () FROM unnest('{%s}'::text[]) m", migrations));
}

/* Every statement prepares against the tables that the tool's own DDL makes. */
Test(foreign_mirror, every_statement_prepares)
{
    static const char *const prefixes[HISTORY_TOOL_COUNT] = {
        [HISTORY_FLYWAY] = "flyway_", [HISTORY_GOLANG_MIGRATE] = "golang_migrate_", [HISTORY_DBMATE] = "dbmate_",
        [HISTORY_GOOSE] = "goose_", [HISTORY_DIESEL] = "diesel_", [HISTORY_LIQUIBASE] = "liquibase_", [HISTORY_SQITCH] = "sqitch_",
        [HISTORY_ALEMBIC] = "alembic_"};
    auto_free char *folder = xasprintf("%s/worker/foreign/sql", GREYLAG_SOURCE_DIR);
    test_pg_run(database, "CREATE TABLE alembic_version (version_num varchar(32) primary key)");
    DIR *directory = opendir(folder);
    cr_assert(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        count += text_ends(entry->d_name, ".sql");
    closedir(directory);
    int prepared = 3; /* foreign_find.sql and foreign_rows.sql are run by every foreign_read, foreign_block.sql by every step */
    for (enum history_tool tool = HISTORY_FLYWAY; tool < HISTORY_TOOL_COUNT; tool++) {
        job.history = tool;
        if (!foreign_refuses(tool))
            KEEP(DOWN, .version = "1"); /* makes the table */
        directory = opendir(folder);
        for (struct dirent *entry; (entry = readdir(directory));) {
            if (!text_starts(entry->d_name, prefixes[tool]))
                continue;
            auto_free char *path = xasprintf("%s/%s", folder, entry->d_name), *name = xstrdup(entry->d_name);
            auto_free char *read = xasprintf("%s/%sread.sql", folder, prefixes[tool]), *check = xasprintf("%s/%scheck.sql", folder, prefixes[tool]);
            prepared++;
            if (strstr(name, "_create"))
                continue;
            const char *parts[] = {path, check, read}, *marks[] = {NULL, "@check@", "@read@"};
            char *text = arena_strdup(&arena, "");
            for (int i = 0; i < 3; i++) {
                auto_buf struct buf part = BUF_INIT(1 << 16);
                cr_assert(buf_read_file(&part, parts[i], NULL));
                char *at = marks[i] ? strstr(text, marks[i]) : text;
                for (; at && (i || !*text); at = i ? strstr(text, marks[i]) : NULL)
                    text = arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, buf_text(&part), i ? at + strlen(marks[i]) : "");
            }
            static const char *const table[HISTORY_TOOL_COUNT] = {
                [HISTORY_FLYWAY] = "flyway_schema_history", [HISTORY_GOLANG_MIGRATE] = "schema_migrations", [HISTORY_DBMATE] = "schema_migrations",
                [HISTORY_GOOSE] = "goose_db_version", [HISTORY_DIESEL] = "__diesel_schema_migrations", [HISTORY_LIQUIBASE] = "databasechangelog",
                [HISTORY_SQITCH] = "sqitch.changes", [HISTORY_ALEMBIC] = "alembic_version"};
            const char *replaced[][2] = {{"@table@", table[tool]}, {"@registry@", "sqitch"}, {"@schema@", "greylag"}};
            for (int i = 0; i < 3; i++)
                for (char *at; (at = strstr(text, replaced[i][0]));)
                    text = arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, replaced[i][1], at + strlen(replaced[i][0]));
            printf("# %s\n", name);
            test_pg_run(database, arena_printf(&arena, "PREPARE p (text,text,text,text,text,text,text,text,text) AS %s", text));
        }
        closedir(directory);
        test_pg_run(database, "DROP TABLE IF EXISTS schema_migrations");
    }
    cr_assert_eq(prepared, count);
}

Test(foreign_mirror, a_job_that_keeps_no_record_adds_nothing)
{
    struct buf sql = BUF_INIT(4096);
    struct job_request request = {UP, .version = "1"}, callback = {UP, .kind = MIGRATION_CALLBACK};
    struct foreign_step step = {.pg = pg, .ledger_schema = "greylag", .job = &job, .request = &request};
    job = (struct job){.history = HISTORY_FLYWAY};
    foreign_add_check(&sql, &step);
    foreign_add_mirror(&sql, &step);
    job.mirror = true;
    step.request = &callback;
    foreign_add_mirror(&sql, &step);
    cr_assert_eq(sql.len, 0);
    RECORDS(NULL, "");
}

#define FLYWAY_ROWS                                                                                                    \
    "SELECT string_agg(concat_ws('|', installed_rank, version, description, type, script, checksum, installed_by = current_user, " \
    "success, execution_time BETWEEN 0 AND 60000, installed_on > now() - interval '1 minute'), E'\\n' ORDER BY installed_rank) FROM flyway_schema_history"

Test(foreign_mirror, flyway_up_down_and_repeatables)
{
    job.history = HISTORY_FLYWAY;
    KEEP(UP, .version = "1", .name = "it's \"a\"", .script = "V1__it's.sql", .foreign_checksum = "-5");
    KEEP(UP, .version = "2.1", .name = "b", .script = "V2_1__b.sql", .foreign_checksum = "2147483647");
    KEEP(UP, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql", .foreign_checksum = "7");
    KEEP(UP, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql", .foreign_checksum = "8");
    KEEP(UP, .version = "3", .kind = MIGRATION_BASELINE, .name = "", .script = "B3.sql", .foreign_checksum = "");
    VALUE(FLYWAY_ROWS, "1|1|it's \"a\"|SQL|V1__it's.sql|-5|t|t|t|t\n2|2.1|b|SQL|V2_1__b.sql|2147483647|t|t|t|t\n"
          "3|views|SQL|R__views.sql|7|t|t|t|t\n4|views|SQL|R__views.sql|8|t|t|t|t\n5|3||SQL_BASELINE|B3.sql|t|t|t|t");
    KEEP(DOWN, .version = "3", .kind = MIGRATION_BASELINE);
    KEEP(DOWN, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql");
    KEEP(DOWN, .version = "02.1.0", .name = "b");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1|it's \"a\"|V1__it's.sql|-5] applied; [|views|R__views.sql|7] applied");
    KEEP(UP, .version = "2.1", .name = "b", .script = "V2_1__b.sql", .foreign_checksum = "4");
    VALUE("SELECT max(installed_rank) || ' ' || count(*) FROM flyway_schema_history", "4 3");
    KEEP(DOWN, .version = "9");
    VALUE("SELECT count(*) FROM flyway_schema_history", "3");
}

Test(foreign_mirror, flyway_adopts_what_is_missing_aligns_and_forgets)
{
    job.history = HISTORY_FLYWAY;
    KEEP(ADOPT, .version = "1", .name = "a", .script = "V1__a.sql", .foreign_checksum = "1");
    KEEP(ADOPT, .version = "1.0", .name = "other", .script = "V1__a.sql", .foreign_checksum = "2");
    KEEP(ADOPT, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql", .foreign_checksum = "3");
    KEEP(ADOPT, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql", .foreign_checksum = "3");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1|a|V1__a.sql|1] applied; [|v|R__v.sql|3] applied");
    KEEP(ADOPT, .undoes = "q", .version = "1", .name = "b", .script = "V1__a.sql", .foreign_checksum = "5");
    KEEP(ADOPT, .undoes = "q", .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql", .foreign_checksum = "6");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1|b|V1__a.sql|5] applied; [|v|R__v.sql|6] applied");
    KEEP(UP, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql", .foreign_checksum = "7");
    KEEP(FORGET, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql");
    KEEP(FORGET, .version = "1");
    RECORDS(NULL, "flyway public.flyway_schema_history:");
}

Test(foreign_mirror, flyway_under_its_own_name_or_the_one_that_is_there)
{
    job.history = HISTORY_FLYWAY;
    job.history_table = "s.Schema 'v\"";
    test_pg_run(database, "CREATE SCHEMA s");
    KEEP(UP, .version = "1", .name = "a", .script = "V1__a.sql");
    RECORDS("s", "flyway s.Schema 'v\": [1|a|V1__a.sql|] applied");
    VALUE("SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = 's.\"Schema ''v\"\"\"'::regclass",
          "s.\"Schema 'v\"\"_pk\" s.\"Schema 'v\"\"_s_idx\"");
    test_pg_run(database, "ALTER TABLE s.\"Schema 'v\"\"\" SET SCHEMA public; ALTER TABLE \"Schema 'v\"\"\" RENAME TO schema_version");
    job.history_table = NULL;
    KEEP(UP, .version = "2", .name = "b", .script = "V2__b.sql");
    RECORDS(NULL, "flyway public.schema_version: [1|a|V1__a.sql|] applied; [2|b|V2__b.sql|] applied");
    test_pg_run(database, "CREATE TABLE also (LIKE schema_version INCLUDING ALL)");
    REFUSED("42P09", "flyway's record cannot be kept: flyway's record may be any of public.also, public.schema_version", UP, .version = "3");
    job.history_table = "third";
    KEEP(UP, .version = "3", .name = "c", .script = "V3__c.sql");
    VALUE("SELECT version FROM third", "3");
    job.history_table = "nowhere.t";
    REFUSED("3F000", "schema \"nowhere\" does not exist", UP, .version = "3");
}

Test(foreign_mirror, flyway_baseline_marker_stands_for_what_lies_below)
{
    job.history = HISTORY_FLYWAY;
    KEEP(DOWN, .version = "1");
    test_pg_run(database, "INSERT INTO flyway_schema_history VALUES (1, '3', '<< Flyway Baseline >>', 'BASELINE', 'x', NULL, 'me', now(), 0, true)");
    KEEP(ADOPT, .in_history = true, .version = "2.5", .name = "b");
    KEEP(ADOPT, .in_history = true, .version = "3.0.0", .name = "b");
    REFUSED("GL005", "flyway's record public.flyway_schema_history does not say any more", ADOPT, .in_history = true, .version = "3.1", .name = "b");
    REFUSED("GL005", "flyway's record", ADOPT, .in_history = true, .version = "3.a", .name = "b");
    VALUE("SELECT count(*) FROM flyway_schema_history", "1");
    applied("1,2.5,10_x,R__views");
    KEEP(DOWN, .version = "3");
    VALUE("SELECT version || type FROM flyway_schema_history", "10BASELINE");
    applied("R__views");
    KEEP(DOWN, .version = "10");
    VALUE("SELECT count(*) FROM flyway_schema_history", "0");
}

Test(foreign_mirror, golang_migrate_is_at_the_highest)
{
    job.history = HISTORY_GOLANG_MIGRATE;
    KEEP(UP, .version = "000001");
    KEEP(UP, .version = "000007");
    KEEP(UP, .version = "3");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [7|||] baseline");
    applied("000001,3");
    KEEP(DOWN, .version = "5");
    KEEP(DOWN, .version = "000007");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [3|||] baseline");
    applied("000001_by_name");
    KEEP(FORGET, .version = "3");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [1|||] baseline");
    applied("");
    KEEP(DOWN, .version = "1");
    RECORDS(NULL, "golang-migrate public.schema_migrations:");
    test_pg_run(database, "INSERT INTO schema_migrations VALUES (5, true)");
    REFUSED("GL005", "golang-migrate's record public.schema_migrations does not say", ADOPT, .version = "4", .in_history = true);
    KEEP(ADOPT, .version = "4");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [5|||] failed");
    KEEP(UP, .version = "5");
    KEEP(ADOPT, .version = "4", .in_history = true);
    cr_assert_str_eq(job.plan, "golang-migrate public.schema_migrations");
    RECORDS(NULL, "golang-migrate public.schema_migrations: [5|||] baseline");
    REFUSED("22003", "bigint out of range", UP, .version = "99999999999999999999");
}

Test(foreign_mirror, dbmate_diesel_and_goose_side_by_side)
{
    job.history = HISTORY_DBMATE;
    KEEP(UP, .version = "001");
    KEEP(ADOPT, .version = "001");
    KEEP(UP, .version = "'; DROP TABLE x --");
    KEEP(ADOPT, .version = "001", .in_history = true);
    REFUSED("GL005", "does not say any more", ADOPT, .version = "1", .in_history = true);
    job.history = HISTORY_DIESEL;
    KEEP(UP, .version = "2024-01-18-090000");
    KEEP(ADOPT, .version = "2024-01-18-090000", .in_history = true);
    job.history = HISTORY_GOOSE;
    KEEP(UP, .version = "00001");
    KEEP(ADOPT, .version = "1");
    KEEP(UP, .version = "2");
    KEEP(ADOPT, .version = "2", .in_history = true);
    RECORDS(NULL, "diesel public.__diesel_schema_migrations: [20240118090000|||] applied\n"
                  "goose public.goose_db_version: [1|||] applied; [2|||] applied\n"
                  "dbmate public.schema_migrations: ['; DROP TABLE x --|||] applied; [001|||] applied");
    VALUE("SELECT string_agg(concat_ws('|', id, version_id, is_applied), ' ' ORDER BY id) FROM goose_db_version", "1|0|t 2|1|t 3|2|t");
    test_pg_run(database, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, false)");
    REFUSED("GL005", "does not say any more", ADOPT, .version = "2", .in_history = true);
    KEEP(DOWN, .version = "002");
    KEEP(FORGET, .version = "1");
    job.history = HISTORY_DIESEL;
    KEEP(DOWN, .version = "2024-01-18-090000");
    job.history = HISTORY_DBMATE;
    KEEP(DOWN, .version = "001");
    RECORDS(NULL, "diesel public.__diesel_schema_migrations:\ngoose public.goose_db_version:\n"
                  "dbmate public.schema_migrations: ['; DROP TABLE x --|||] applied");
    job.history = HISTORY_DIESEL;
    REFUSED("22001", "diesel's record public.__diesel_schema_migrations cannot be kept: value too long", UP, .version =
            "123456789012345678901234567890123456789012345678901");
}

Test(foreign_mirror, liquibase_leaves_the_checksum_to_liquibase)
{
    job.history = HISTORY_LIQUIBASE;
    KEEP(UP, .version = "db/a::b.sql::1::jo");
    KEEP(UP, .version = "db/a.sql::2::o'x", .foreign_checksum = "9:abc");
    KEEP(ADOPT, .version = "db/a.sql::2::o'x", .in_history = true);
    cr_assert_str_eq(job.plan, "liquibase public.databasechangelog checksum md5:9:abc");
    VALUE("SELECT string_agg(concat_ws('|', id, author, filename, orderexecuted, exectype, md5sum, length(deployment_id)), E'\\n' ORDER BY orderexecuted)"
          " FROM databasechangelog", "1|jo|db/a::b.sql|1|EXECUTED|10\n2|o'x|db/a.sql|2|EXECUTED|9:abc|10");
    KEEP(ADOPT, .undoes = "q", .version = "db/a.sql::2::o'x");
    VALUE("SELECT count(*) || ' ' || count(md5sum) || ' ' || max(orderexecuted) FROM databasechangelog", "2 0 2");
    KEEP(DOWN, .version = "db/a.sql::2::o'x");
    KEEP(FORGET, .version = "db/a::b.sql::1::jo");
    RECORDS(NULL, "liquibase public.databasechangelog:");
    REFUSED("23502", "liquibase's record public.databasechangelog cannot be kept: null value in column", UP, .version = "1");
    test_pg_run(database, "ALTER TABLE databasechangelog RENAME TO \"DATABASECHANGELOG\"; ALTER TABLE \"DATABASECHANGELOG\" RENAME id TO \"ID\";"
                "ALTER TABLE \"DATABASECHANGELOG\" RENAME filename TO \"FILENAME\"; ALTER TABLE \"DATABASECHANGELOG\" RENAME md5sum TO \"MD5SUM\";"
                "ALTER TABLE \"DATABASECHANGELOG\" RENAME orderexecuted TO \"ORDEREXECUTED\"");
    KEEP(UP, .version = "f::1::jo", .foreign_checksum = "9:a");
    KEEP(UP, .version = "f::2::jo", .foreign_checksum = "9:b");
    KEEP(ADOPT, .undoes = "q", .version = "f::1::jo", .foreign_checksum = "9:c");
    VALUE("SELECT string_agg(\"ORDEREXECUTED\" || \"MD5SUM\", ' ' ORDER BY \"ORDEREXECUTED\") FROM \"DATABASECHANGELOG\"", "19:c 29:b");
    KEEP(DOWN, .version = "f::2::jo");
    RECORDS(NULL, "liquibase public.DATABASECHANGELOG: [f::1::jo|1|f|9:c] applied");
}

#define CHANGE(name, more)                                                                                             \
    "{\"project\":\"flipr\",\"uri\":\"https://x/flipr\",\"change\":\"" name "\",\"note\":\"it's\",\"planned_at\":\"2024-01-01T00:00:00Z\"," \
    "\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\",\"script_hash\":\"hash " name "\"" more "}"

Test(foreign_mirror, sqitch_changes_dependencies_tags_and_events)
{
    job.history = HISTORY_SQITCH;
    REFUSED("0A000", "the job does not carry what this tool records", UP, .version = "users", .foreign_checksum = "c1");
    KEEP(UP, .version = "users", .foreign_checksum = "c1", .foreign_record = CHANGE("users", ",\"tags\":[{\"id\":\"t1\",\"tag\":\"@v1\","
         "\"planned_at\":\"2024-01-01T00:00:00Z\",\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\"}]"));
    KEEP(UP, .version = "flips", .foreign_checksum = "c2", .foreign_record = CHANGE("flips",
         ",\"requires\":[{\"name\":\"users\",\"id\":\"c1\"},{\"name\":\"users@v1\"},{\"name\":\"flipr:@v1\"}],\"conflicts\":[\"old\"]"));
    KEEP(ADOPT, .version = "flips", .foreign_checksum = "c2", .in_history = true, .foreign_record = CHANGE("flips", ""));
    cr_assert_str_eq(job.plan, "sqitch sqitch.changes checksum sha1:c2");
    REFUSED("0A000", "does not carry", ADOPT, .version = "flips", .foreign_record = CHANGE("flips", ""));
    job.mirror = false;
    KEEP(ADOPT, .version = "flips", .foreign_checksum = "", .in_history = true);
    KEEP(ADOPT, .version = "flipr:flips", .foreign_checksum = "", .in_history = true);
    job.mirror = true;
    REFUSED("GL005", "sqitch's record sqitch.changes does not say any more", ADOPT, .version = "flips", .foreign_checksum = "c3", .in_history = true);
    REFUSED("23514", "violates check constraint", UP, .version = "more", .foreign_checksum = "c3", .foreign_record =
            CHANGE("more", ",\"requires\":[{\"name\":\"nothing\"}]"));
    VALUE("SELECT string_agg(concat_ws('|', change_id, change, script_hash, note, project, planner_name), ' ' ORDER BY committed_at) FROM sqitch.changes",
          "c1|users|hash users|it's|flipr|Jo c2|flips|hash flips|it's|flipr|Jo");
    VALUE("SELECT string_agg(concat_ws('|', change_id, type, dependency, dependency_id), ' ' ORDER BY dependency) FROM sqitch.dependencies",
          "c2|require|flipr:@v1|c1 c2|conflict|old c2|require|users|c1 c2|require|users@v1|c1");
    VALUE("SELECT string_agg(concat_ws('|', tag_id, tag, change_id), ' ') FROM sqitch.tags", "t1|@v1|c1");
    VALUE("SELECT string_agg(concat_ws('|', project, uri), ' ') FROM sqitch.projects", "flipr|https://x/flipr");
    KEEP(ADOPT, .undoes = "q", .version = "flips", .foreign_checksum = "c2", .foreign_record = CHANGE("flips2", ""));
    VALUE("SELECT script_hash FROM sqitch.changes WHERE change_id = 'c2'", "hash flips2");
    REFUSED("23503", "violates foreign key constraint", DOWN, .version = "users", .foreign_checksum = "c1");
    KEEP(DOWN, .version = "flips", .foreign_checksum = "c2");
    KEEP(DOWN, .version = "users@v1");
    KEEP(DOWN, .version = "users");
    VALUE("SELECT string_agg(concat_ws('|', event, change, requires, conflicts, tags), ' ' ORDER BY committed_at) FROM sqitch.events",
          "deploy|users|{}|{}|{@v1} deploy|flips|{users,users@v1,flipr:@v1}|{old}|{} revert|flips|{users,users@v1,flipr:@v1}|{old}|{} revert|users|{}|{}|{@v1}");
    VALUE("SELECT (SELECT count(*) FROM sqitch.changes) || ' ' || (SELECT count(*) FROM sqitch.tags) || ' ' || (SELECT count(*) FROM sqitch.dependencies)", "0 0 0");
}

Test(foreign_mirror, what_cannot_be_kept_is_refused)
{
    job.history = HISTORY_ALEMBIC;
    REFUSED("0A000", "alembic's record cannot be kept: which revisions are heads, Alembic alone knows", UP, .version = "a1");
    REFUSED("GL005", "alembic's record is gone: there is no table public.alembic_version", ADOPT, .version = "a1", .in_history = true);
    job.mirror = false;
    test_pg_run(database, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)");
    REFUSED("GL005", "does not say any more", ADOPT, .version = "a1", .in_history = true);
    test_pg_run(database, "INSERT INTO alembic_version VALUES ('b2')");
    KEEP(ADOPT, .version = "a1", .in_history = true);
    job.history = HISTORY_NONE;
    REFUSED("0A000", "the service's layout has no tool that keeps a record", ADOPT, .version = "a1", .in_history = true);
    job.mirror = true;
    REFUSED("0A000", "the service's layout has no tool that keeps a record", UP, .version = "a1");
}

Test(foreign_mirror, the_search_path_is_given_back)
{
    struct job_request request = {UP, .version = "1", .name = "n", .script = "s"};
    struct foreign_step step = {.pg = pg, .ledger_schema = "greylag", .target = 1, .search_path = "s, public", .job = &job, .request = &request};
    struct buf sql = BUF_INIT(1 << 20);
    job.history = HISTORY_FLYWAY;
    test_pg_run(database, "CREATE SCHEMA s; CREATE SCHEMA u");
    buf_adds(&sql, "BEGIN; SET search_path TO u");
    foreign_add_mirror(&sql, &step);
    buf_adds(&sql, "; CREATE TABLE mine (x int); COMMIT; CREATE TABLE mine2 (x int)");
    struct err err = ERR_INIT;
    cr_assert(pg_run(pg, buf_text(&sql), NULL, NULL, &err), "%s", err.text);
    buf_release(&sql);
    VALUE("SELECT count(*) FROM s.flyway_schema_history", "1");
    VALUE("SELECT string_agg(relnamespace::regnamespace::text || '.' || relname, ' ' ORDER BY relname) FROM pg_class WHERE relname ~ '^mine'", "u.mine u.mine2");
}

/* Two steps of two services that share a table, at the same time: the ranks do not collide, nor does making the table. */
static void *keep_many(void *context)
{
    struct pg *mine;
    struct arena own = ARENA_INIT;
    cr_assert(pg_open(database, "test", 10000, &mine, NULL));
    for (int i = 0; i < 20; i++) {
        struct job j = {.history = HISTORY_FLYWAY, .mirror = true};
        struct job_request request = {UP, .version = arena_printf(&own, "%s.%d", (const char *)context, i), .name = "n", .script = "s"};
        struct foreign_step step = {.pg = mine, .ledger_schema = "greylag", .target = 1, .job = &j, .request = &request};
        struct buf sql = BUF_INIT(1 << 20);
        struct err err = ERR_INIT;
        buf_adds(&sql, "BEGIN");
        foreign_add_mirror(&sql, &step);
        buf_adds(&sql, ";COMMIT");
        cr_assert(pg_run(mine, buf_text(&sql), NULL, NULL, &err), "%s %s", err.sqlstate, err.text);
        buf_release(&sql);
    }
    pg_close(mine);
    arena_release(&own);
    return NULL;
}

Test(foreign_mirror, concurrent_steps)
{
    static char names[4][2] = {"1", "2", "3", "4"};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, keep_many, names[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    VALUE("SELECT count(*) || ' ' || max(installed_rank) FROM flyway_schema_history", "80 80");
}
