/* Records of other tools, kept in the transaction of a step: each tool's own rows, up, down, adopted and forgotten.
 * links: executor ledger pg crypto harness */
#include "unit/foreign_fixture.h"

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
                                       "SELECT 1, m, 'c', 'q', 'r', row_number() OVER () FROM unnest('{%s}'::text[]) "
                                       "m", migrations));
}

/* ---- every statement, by itself ---- */

static const struct {
    const char *prefix, *table;
} files[HISTORY_TOOL_COUNT] = {
    [HISTORY_FLYWAY] = {"flyway_", "flyway_schema_history"},
    [HISTORY_GOLANG_MIGRATE] = {"golang_migrate_", "schema_migrations"},
    [HISTORY_DBMATE] = {"dbmate_", "schema_migrations"},
    [HISTORY_GOOSE] = {"goose_", "goose_db_version"},
    [HISTORY_DIESEL] = {"diesel_", "__diesel_schema_migrations"},
    [HISTORY_LIQUIBASE] = {"liquibase_", "databasechangelog"},
    [HISTORY_SQITCH] = {"sqitch_", "sqitch.changes"},
    [HISTORY_ALEMBIC] = {"alembic_", "alembic_version"},
};

static const char *statement(const char *name)
{
    auto_free char *path = xasprintf("%s/worker/foreign/sql/%s.sql", GREYLAG_SOURCE_DIR, name);
    auto_buf struct buf text = BUF_INIT(1 << 16);
    cr_assert(buf_read_file(&text, path, NULL), "%s", path);
    return arena_strdup(&arena, buf_text(&text));
}

static const char *replaced(const char *text, const char *mark, const char *with)
{
    for (const char *at; (at = strstr(text, mark));)
        text = arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, with, at + strlen(mark));
    return text;
}

static void prepare(enum history_tool tool, const char *name)
{
    const char *text = statement(name);
    text = replaced(text, "@check@", statement(arena_printf(&arena, "%scheck", files[tool].prefix)));
    text = replaced(text, "@read@", statement(arena_printf(&arena, "%sread", files[tool].prefix)));
    text =
        replaced(replaced(replaced(text, "@table@", files[tool].table), "@registry@", "sqitch"), "@schema@", "greylag");
    printf("# %s\n", name);
    test_pg_run(
        database,
        arena_printf(&arena, "PREPARE p (text,text,text,text,text,text,text,text,text,timestamptz) AS %s", text));
}

/* Against the tables that the tool's own DDL makes; what serves all tools is run by every other test. */
Test(foreign_mirror, every_statement_prepares)
{
    auto_free char *folder = xasprintf("%s/worker/foreign/sql", GREYLAG_SOURCE_DIR);
    DIR *directory = opendir(folder);
    int seen = 0, known = 0;
    cr_assert(directory);
    test_pg_run(database, "CREATE TABLE alembic_version (version_num varchar(32) primary key)");
    for (enum history_tool tool = HISTORY_FLYWAY; tool < HISTORY_GREYLAG; tool++) {
        job.history = tool;
        test_pg_run(database, "DROP TABLE IF EXISTS schema_migrations");
        if (!foreign_refuses(tool))
            KEEP(DOWN, .version = "1"); /* makes the table */
        rewinddir(directory);
        for (struct dirent *entry; (entry = readdir(directory));) {
            seen +=
                tool == HISTORY_FLYWAY && text_ends(entry->d_name, ".sql") && !text_starts(entry->d_name, "foreign_");
            if (!text_starts(entry->d_name, files[tool].prefix))
                continue;
            known++;
            if (!strstr(entry->d_name, "_create"))
                prepare(tool, arena_strndup(&arena, entry->d_name, strlen(entry->d_name) - strlen(".sql")));
        }
    }
    closedir(directory);
    cr_assert(known == seen && seen > 35, "%d of %d", known, seen);
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
    "SELECT string_agg(concat_ws('|', installed_rank, version, description, type, script, checksum, "                  \
    "installed_by = current_user, success, execution_time BETWEEN 0 AND 60000, "                                       \
    "installed_on > now() - interval '1 minute'), E'\\n' ORDER BY installed_rank) FROM flyway_schema_history"

Test(foreign_mirror, flyway_up_down_and_repeatables)
{
    job.history = HISTORY_FLYWAY;
    KEEP(UP, .version = "1", .name = "it's \"a\"", .script = "V1__it's.sql", .foreign_checksum = "-5");
    KEEP(UP, .version = "2.1", .name = "b", .script = "V2_1__b.sql", .foreign_checksum = "2147483647");
    KEEP(UP, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql",
         .foreign_checksum = "7");
    KEEP(UP, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql",
         .foreign_checksum = "8");
    KEEP(UP, .version = "3", .kind = MIGRATION_BASELINE, .name = "", .script = "B3.sql", .foreign_checksum = "");
    VALUE(FLYWAY_ROWS, "1|1|it's \"a\"|SQL|V1__it's.sql|-5|t|t|t|t\n2|2.1|b|SQL|V2_1__b.sql|2147483647|t|t|t|t\n"
          "3|views|SQL|R__views.sql|7|t|t|t|t\n4|views|SQL|R__views.sql|8|t|t|t|t\n5|3||SQL_BASELINE|B3.sql|t|t|t|t");
    KEEP(DOWN, .version = "3", .kind = MIGRATION_BASELINE);
    KEEP(DOWN, .version = "", .kind = MIGRATION_REPEATABLE, .name = "views", .script = "R__views.sql");
    KEEP(DOWN, .version = "02.1.0", .name = "b");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1|it's \"a\"|V1__it's.sql|-5] applied; "
                  "[|views|R__views.sql|7] applied");
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
    KEEP(ADOPT, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql",
         .foreign_checksum = "3");
    KEEP(ADOPT, .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql",
         .foreign_checksum = "3");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1|a|V1__a.sql|1] applied; [|v|R__v.sql|3] applied");
    KEEP(ADOPT, .undoes = "q", .version = "1", .name = "b", .script = "V1__a.sql", .foreign_checksum = "5");
    KEEP(ADOPT, .undoes = "q", .kind = MIGRATION_REPEATABLE, .version = "", .name = "v", .script = "R__v.sql",
         .foreign_checksum = "6");
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
    VALUE("SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid) FROM pg_index WHERE indrelid = "
          "'s.\"Schema ''v\"\"\"'::regclass",
          "s.\"Schema 'v\"\"_pk\" s.\"Schema 'v\"\"_s_idx\"");
    test_pg_run(database, "ALTER TABLE s.\"Schema 'v\"\"\" SET SCHEMA public; ALTER TABLE \"Schema 'v\"\"\" RENAME TO "
                          "schema_version");
    job.history_table = NULL;
    REFUSED("42P09", "flyway's record cannot be kept: there is no flyway_schema_history, but public.schema_version: "
                     "say with history_table",
            UP, .version = "2");
    job.mirror = false;
    KEEP(ADOPT, .version = "1", .in_history = true);
    cr_assert_str_eq(job.plan, "flyway public.schema_version");
    job.mirror = true;
    job.history_table = "schema_version";
    KEEP(UP, .version = "2", .name = "b", .script = "V2__b.sql");
    RECORDS(NULL, "flyway public.schema_version: [1|a|V1__a.sql|] applied; [2|b|V2__b.sql|] applied");
    test_pg_run(database, "CREATE TABLE also (LIKE schema_version INCLUDING ALL)");
    job.history_table = NULL;
    job.mirror = false;
    REFUSED("42P09", "but public.also, public.schema_version: say with history_table which it is", ADOPT,
            .version = "1", .in_history = true);
    job.mirror = true;
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
    test_pg_run(database, "INSERT INTO flyway_schema_history VALUES (1, '3', '<< Flyway Baseline >>', 'BASELINE', 'x', "
                          "NULL, 'me', now(), 0, true)");
    KEEP(ADOPT, .in_history = true, .version = "2.5", .name = "b");
    KEEP(ADOPT, .in_history = true, .version = "3.0.0", .name = "b");
    REFUSED("GL005", "flyway's record public.flyway_schema_history does not say any more", ADOPT, .in_history = true,
            .version = "3.1", .name = "b");
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
    REFUSED("GL005", "golang-migrate's record public.schema_migrations does not say", ADOPT, .version = "4",
            .in_history = true);
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
    VALUE("SELECT string_agg(concat_ws('|', id, version_id, is_applied), ' ' ORDER BY id) FROM goose_db_version",
          "1|0|t 2|1|t 3|2|t");
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
    KEEP(UP, .version = "db/a::b.sql::1::jo",
         .foreign_record = "{\"comments\":\"it's\",\"contexts\":\"(prod)\",\"labels\":\"x\"}");
    KEEP(UP, .version = "db/a.sql::2::o'x", .foreign_checksum = "9:abc");
    KEEP(ADOPT, .version = "db/a.sql::2::o'x", .in_history = true);
    cr_assert_str_eq(job.plan, "liquibase public.databasechangelog checksum md5:9:abc");
    VALUE("SELECT string_agg(concat_ws('|', id, author, filename, orderexecuted, exectype, md5sum, comments, contexts, "
          "labels, length(deployment_id)), E'\\n' ORDER BY orderexecuted) FROM databasechangelog",
          "1|jo|db/a::b.sql|1|EXECUTED|it's|(prod)|x|10\n2|o'x|db/a.sql|2|EXECUTED|9:abc||10");
    test_pg_run(database, "UPDATE databasechangelog SET md5sum = '9:def' WHERE id = '1'"); /* Liquibase's own run */
    KEEP(UP, .undoes = "q", .kind = MIGRATION_REPEATABLE, .version = "db/a::b.sql::1::jo"); /* runOnChange, again */
    VALUE("SELECT string_agg(id || orderexecuted || coalesce(md5sum, ''), ' ' ORDER BY orderexecuted) FROM "
          "databasechangelog", "229:abc 13");
    KEEP(ADOPT, .undoes = "q", .version = "db/a.sql::2::o'x");
    VALUE("SELECT count(*) || ' ' || count(md5sum) || ' ' || max(orderexecuted) FROM databasechangelog", "2 0 3");
    KEEP(DOWN, .version = "db/a.sql::2::o'x");
    KEEP(FORGET, .version = "db/a::b.sql::1::jo");
    RECORDS(NULL, "liquibase public.databasechangelog:");
    REFUSED("23502", "liquibase's record public.databasechangelog cannot be kept: null value in column", UP,
            .version = "1");
    test_pg_run(database, "ALTER TABLE databasechangelog RENAME TO \"DATABASECHANGELOG\"; ALTER TABLE "
                          "\"DATABASECHANGELOG\" RENAME id TO \"ID\";"
                "ALTER TABLE \"DATABASECHANGELOG\" RENAME filename TO \"FILENAME\"; ALTER TABLE \"DATABASECHANGELOG\" "
                "RENAME md5sum TO \"MD5SUM\";ALTER TABLE \"DATABASECHANGELOG\" RENAME orderexecuted TO "
                "\"ORDEREXECUTED\"");
    job.history_table = "DATABASECHANGELOG";
    KEEP(UP, .version = "f::1::jo", .foreign_checksum = "9:a");
    KEEP(UP, .version = "f::2::jo", .foreign_checksum = "9:b");
    KEEP(ADOPT, .undoes = "q", .version = "f::1::jo", .foreign_checksum = "9:c");
    VALUE("SELECT string_agg(\"ORDEREXECUTED\" || \"MD5SUM\", ' ' ORDER BY \"ORDEREXECUTED\") FROM "
          "\"DATABASECHANGELOG\"", "19:c 29:b");
    KEEP(DOWN, .version = "f::2::jo");
    RECORDS(NULL, "liquibase public.DATABASECHANGELOG: [f::1::jo|1|f|9:c] applied");
}

#define CHANGE(name, more)                                                                                             \
    "{\"project\":\"flipr\",\"uri\":\"https://x/flipr\",\"change\":\"" name "\",\"note\":\"it's\","                    \
    "\"planned_at\":\"2024-01-01T00:00:00Z\",\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\","                      \
    "\"script_hash\":\"hash " name "\"" more "}"

Test(foreign_mirror, sqitch_changes_dependencies_tags_and_events)
{
    job.history = HISTORY_SQITCH;
    REFUSED("0A000", "the job does not carry what this tool records", UP, .version = "users", .foreign_checksum = "c1");
    KEEP(UP, .version = "users", .foreign_checksum = "c1",
         .foreign_record = CHANGE(
             "users", ",\"tags\":[{\"id\":\"t1\",\"tag\":\"@v1\","
                      "\"planned_at\":\"2024-01-01T00:00:00Z\",\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\"}]"));
    KEEP(UP, .version = "flips", .foreign_checksum = "c2", .foreign_record = CHANGE("flips",
         ",\"requires\":[\"users\",\"users@v1\",\"flipr:@v1\",\"c1\"],\"conflicts\":[\"old\"]"));
    KEEP(ADOPT, .version = "flips", .foreign_checksum = "c2", .in_history = true,
         .foreign_record = CHANGE("flips", ""));
    cr_assert_str_eq(job.plan, "sqitch sqitch.changes checksum sha1:c2");
    REFUSED("0A000", "does not carry", ADOPT, .version = "flips", .foreign_record = CHANGE("flips", ""));
    job.mirror = false;
    KEEP(ADOPT, .version = "flips", .foreign_checksum = "", .in_history = true);
    KEEP(ADOPT, .version = "flipr:flips", .foreign_checksum = "", .in_history = true);
    job.mirror = true;
    REFUSED("GL005", "sqitch's record sqitch.changes does not say any more", ADOPT, .version = "flips",
            .foreign_checksum = "c3", .in_history = true);
    REFUSED("23514", "cannot be kept: a change that this one requires is missing there; greylag repair", UP,
            .version = "more", .foreign_checksum = "c3",
            .foreign_record = CHANGE("more", ",\"requires\":[\"nothing\"]"));
    VALUE("SELECT string_agg(concat_ws('|', change_id, change, script_hash, note, project, planner_name), ' ' ORDER BY "
          "committed_at) FROM sqitch.changes",
          "c1|users|hash users|it's|flipr|Jo c2|flips|hash flips|it's|flipr|Jo");
    VALUE("SELECT string_agg(concat_ws('|', change_id, type, dependency, dependency_id), ' ' ORDER BY dependency) FROM "
          "sqitch.dependencies",
          "c2|require|c1|c1 c2|require|flipr:@v1|c1 c2|conflict|old c2|require|users|c1 c2|require|users@v1|c1");
    VALUE("SELECT string_agg(concat_ws('|', tag_id, tag, change_id), ' ') FROM sqitch.tags", "t1|@v1|c1");
    VALUE("SELECT string_agg(concat_ws('|', project, uri), ' ') FROM sqitch.projects", "flipr|https://x/flipr");
    KEEP(ADOPT, .undoes = "q", .version = "flips", .foreign_checksum = "c2", .foreign_record = CHANGE("flips2", ""));
    VALUE("SELECT script_hash FROM sqitch.changes WHERE change_id = 'c2'", "hash flips2");
    REFUSED("23503", "violates foreign key constraint", DOWN, .version = "users", .foreign_checksum = "c1");
    KEEP(DOWN, .version = "flips", .foreign_checksum = "c2");
    KEEP(DOWN, .version = "users@v1");
    KEEP(DOWN, .version = "users");
    VALUE("SELECT string_agg(concat_ws('|', event, change, requires, conflicts, tags), ' ' ORDER BY committed_at) FROM "
          "sqitch.events",
          "deploy|users|{}|{}|{@v1} deploy|flips|{users,users@v1,flipr:@v1,c1}|{old}|{} "
          "revert|flips|{users,users@v1,flipr:@v1,c1}|{old}|{} revert|users|{}|{}|{@v1}");
    VALUE("SELECT (SELECT count(*) FROM sqitch.changes) || ' ' || (SELECT count(*) FROM sqitch.tags) || ' ' || "
          "(SELECT count(*) FROM sqitch.dependencies)", "0 0 0");
}

/* `repair` forgets it by its id alone. */
Test(foreign_mirror, what_is_no_longer_among_the_files_is_forgotten)
{
    job.history = HISTORY_FLYWAY;
    KEEP(UP, .version = "1.2", .name = "a", .script = "V1_2__a.sql");
    KEEP(UP, .version = "1.3", .name = "b", .script = "V1_3__b.sql");
    KEEP(UP, .kind = MIGRATION_REPEATABLE, .version = "", .name = "01 all views", .script = "x/R__01_all_views.sql");
    KEEP(UP, .kind = MIGRATION_BASELINE, .version = "2", .name = "c", .script = "B2__c.sql");
    KEEP(FORGET, .migration = "1.2_a", .version = "", .script = "", .name = "");
    KEEP(FORGET, .migration = "R__01_all_views", .version = "", .script = "", .name = "");
    KEEP(FORGET, .migration = "B2", .version = "", .script = "", .name = "");
    RECORDS(NULL, "flyway public.flyway_schema_history: [1.3|b|V1_3__b.sql|] applied");
    KEEP(FORGET, .migration = "1.3");
    RECORDS(NULL, "flyway public.flyway_schema_history:");
    static const struct {
        enum history_tool tool;
        const char *version, *id;
    } cases[] = {{HISTORY_GOLANG_MIGRATE, "000001", "000001_by_name"},
                 {HISTORY_GOOSE, "00001", "00001"},
                 {HISTORY_DIESEL, "2024-01-18-090000", "2024-01-18-090000"},
                 {HISTORY_LIQUIBASE, "a_b.sql::1_2::jo", "a_b.sql::1_2::jo"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        job.history = cases[i].tool;
        KEEP(UP, .version = cases[i].version);
        cr_assert(strchr(strstr(records(NULL), history_tool_text(job.history)), '['));
        KEEP(FORGET, .migration = cases[i].id, .version = "", .script = "");
        const char *left = strstr(records(NULL), history_tool_text(job.history));
        cr_assert_eq(left[strcspn(left, "[\n")] == '[', false, "%s", left);
    }
}

Test(foreign_mirror, what_cannot_be_kept_is_refused)
{
    job.history = HISTORY_ALEMBIC;
    REFUSED("0A000", "alembic's record cannot be kept: which revisions are heads, Alembic alone knows", UP,
            .version = "a1");
    REFUSED("GL005", "alembic's record is gone: there is no table public.alembic_version", ADOPT, .version = "a1",
            .in_history = true);
    job.mirror = false;
    test_pg_run(database, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)");
    REFUSED("GL005", "does not say any more", ADOPT, .version = "a1", .in_history = true);
    test_pg_run(database, "INSERT INTO alembic_version VALUES ('b2')");
    KEEP(ADOPT, .version = "a1", .in_history = true);
    job.history = HISTORY_NONE;
    REFUSED("0A000", "the service's layout has no tool that keeps a record", ADOPT, .version = "a1",
            .in_history = true);
    job.mirror = true;
    REFUSED("0A000", "the service's layout has no tool that keeps a record", UP, .version = "a1");
}

Test(foreign_mirror, the_search_path_is_given_back)
{
    struct job_request request = {UP, .version = "1", .name = "n", .script = "s"};
    struct foreign_step step = {.pg = pg,
                                .ledger_schema = "greylag",
                                .target = 1,
                                .search_path = "s, public",
                                .job = &job,
                                .request = &request};
    struct buf sql = BUF_INIT(1 << 20);
    job.history = HISTORY_FLYWAY;
    test_pg_run(database, "CREATE SCHEMA s; CREATE SCHEMA u");
    buf_adds(&sql, "BEGIN; SET search_path TO u;");
    foreign_add_mirror(&sql, &step);
    buf_adds(&sql, "CREATE TABLE mine (x int); COMMIT; CREATE TABLE mine2 (x int)");
    struct err err = ERR_INIT;
    cr_assert(pg_run(pg, buf_text(&sql), NULL, NULL, &err), "%s", err.text);
    buf_release(&sql);
    VALUE("SELECT count(*) FROM s.flyway_schema_history", "1");
    VALUE("SELECT string_agg(relnamespace::regnamespace::text || '.' || relname, ' ' ORDER BY relname) FROM pg_class "
          "WHERE relname ~ '^mine'", "u.mine u.mine2");
}

/* Two steps of two services that share a table, at the same time: the ranks do not collide, nor does making
 * the table. */
struct keeper {
    const char *version;
    struct err err; /* asserted where they are joined: an assertion leaves only the test's own thread */
};

static void *keep_many(void *context)
{
    struct keeper *keeper = context;
    struct pg *mine = NULL;
    struct arena own = ARENA_INIT;
    bool good = pg_open(database, "test", 10000, &mine, &keeper->err);
    for (int i = 0; good && i < 20; i++) {
        struct job j = {.history = HISTORY_FLYWAY, .mirror = true};
        struct job_request request = {UP, .version = arena_printf(&own, "%s.%d", keeper->version, i), .name = "n",
                                      .script = "s"};
        struct foreign_step step = {
            .pg = mine, .ledger_schema = "greylag", .target = 1, .job = &j, .request = &request};
        struct buf sql = BUF_INIT(1 << 20);
        buf_adds(&sql, "BEGIN;");
        foreign_add_mirror(&sql, &step);
        buf_adds(&sql, "COMMIT");
        good = pg_run(mine, buf_text(&sql), NULL, NULL, &keeper->err);
        buf_release(&sql);
    }
    pg_close(mine);
    arena_release(&own);
    return NULL;
}

Test(foreign_mirror, concurrent_steps)
{
    for (int round = 0; round < 10; round++) { /* who makes the table meets the others at another place each time */
        struct keeper keepers[4] = {{"1", ERR_INIT}, {"2", ERR_INIT}, {"3", ERR_INIT}, {"4", ERR_INIT}};
        pthread_t threads[4];
        test_pg_run(database, "DROP TABLE IF EXISTS flyway_schema_history");
        for (int i = 0; i < 4; i++)
            pthread_create(&threads[i], NULL, keep_many, &keepers[i]);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 4; i++)
            cr_assert_eq(keepers[i].err.kind, ERR_NONE, "%s %s", keepers[i].err.sqlstate, keepers[i].err.text);
    }
    VALUE("SELECT count(*) || ' ' || max(installed_rank) FROM flyway_schema_history", "80 80");
}

/* ---- beside what the real tools left: tests/unit/golden/foreign ---- */

static void load_golden(const char *tool)
{
    auto_free char *path = xasprintf("%s/tests/unit/golden/foreign/%s.sql", GREYLAG_SOURCE_DIR, tool);
    auto_buf struct buf sql = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert(buf_read_file(&sql, path, &err), "%s", err.text);
    test_pg_run(database, buf_text(&sql));
}

/* goose's is a version later than the one that left the golden file: its id is an identity. */
Test(foreign_mirror, tables_are_made_as_the_tools_make_them)
{
    static const struct {
        enum history_tool tool;
        const char *drop, *with;
    } cases[] = {
        {HISTORY_FLYWAY, "DROP TABLE flyway_schema_history", NULL},
        {HISTORY_GOLANG_MIGRATE, "DROP TABLE schema_migrations", NULL},
        {HISTORY_DBMATE, "DROP TABLE schema_migrations", NULL},
        {HISTORY_DIESEL, "DROP TABLE __diesel_schema_migrations", NULL},
        {HISTORY_LIQUIBASE, "DROP TABLE databasechangelog", "DROP TABLE databasechangeloglock"},
        {HISTORY_SQITCH, "DROP SCHEMA sqitch CASCADE", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        job.history = cases[i].tool;
        KEEP(DOWN, .version = "1");
        char *mine = test_pg_dump(database);
        test_pg_run(database, cases[i].drop);
        load_golden(history_tool_text(cases[i].tool));
        if (cases[i].with)
            test_pg_run(database, cases[i].with);
        char *theirs = test_pg_dump(database);
        cr_assert_str_eq(mine, theirs, "%s\n%s", mine, theirs);
        test_pg_run(database, cases[i].drop);
        free(mine);
        free(theirs);
    }
}

Test(foreign_mirror, what_the_tools_left_is_read_taken_back_and_written_again)
{
    static const struct {
        enum history_tool tool;
        struct job_request request; /* the last */
        const char *rows; /* of it, as read */
    } cases[] = {
        {HISTORY_FLYWAY,
         {.version = "99999999999999999999999999",
          .name = "large version",
          .foreign_checksum = "-1389260304",
          .script = "V99999999999999999999999999__large_version.sql"},
         "[99999999999999999999999999|large version|V99999999999999999999999999__large_version.sql|-1389260304] "
         "applied"},
        {HISTORY_FLYWAY,
         {.kind = MIGRATION_REPEATABLE,
          .version = "",
          .name = "Comments",
          .script = "repeatable/R__Comments.sql",
          .foreign_checksum = "-1066877876"},
         "; [|Comments|repeatable/R__Comments.sql|-1066877876] applied"},
        {HISTORY_GOOSE, {.version = "20240506070811"}, "; [20240506070811|||] applied"},
        {HISTORY_DBMATE, {.version = "9"}, "; [9|||] applied"},
        {HISTORY_DIESEL, {.version = "2024-01-01-000000"}, "; [20240101000000|||] applied"},
        {HISTORY_GOLANG_MIGRATE, {.version = "20230101120001"}, " [20230101120001|||] baseline"},
        {HISTORY_LIQUIBASE,
         {.version = "changes/005_later.sql::very-last::mel", .foreign_checksum = "9:0b1a01e5acbc0421de9646f07cb1f754"},
         "; [changes/005_later.sql::very-last::mel|very-last|changes/005_later.sql|9:0b1a01e5acbc0421de9646f07cb1f754] "
         "applied"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct job_request request = cases[i].request;
        struct err err = ERR_INIT;
        job.history = cases[i].tool;
        load_golden(history_tool_text(job.history));
        const char *before = records(NULL);
        cr_assert(strstr(before, cases[i].rows), "%s", before);
        request.direction = DIRECTION_DOWN;
        cr_assert(keep(request, &err), "%s", err.text);
        const char *between = records(NULL);
        cr_assert(!strstr(between, cases[i].rows), "%s", between);
        request.direction = DIRECTION_UP;
        cr_assert(keep(request, &err), "%s", err.text);
        request.direction = DIRECTION_ADOPT;
        request.in_history = true;
        cr_assert(keep(request, &err), "%s", err.text);
        const char *after = records(NULL);
        cr_assert(strstr(after, cases[i].rows), "%s", after);
        cr_assert_eq(strlen(before), strlen(after));
        test_pg_run(database, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    }
}

/* c1, c2 and c3 were applied on three days of the past. */
static void times_of_then(void)
{
    test_pg_run(database, "INSERT INTO greylag.history (target_id, request, release, direction, kind, migration, "
                          "checksum, attempt, sequence,"
                          " started_at, finished_at) SELECT 1, 'q' || i, 'r', 'up', 'applied', 'c' || i, 'c', 1, 1, "
                          "'2020-01-01', ('2020-02-0' || i)::date"
                          " FROM generate_series(1, 3) i; INSERT INTO greylag.applied SELECT target_id, migration, "
                          "'c', request, 'r', position FROM greylag.history");
}

/* Kept from the third on, the first two written later: they come before it, for goose too. */
Test(foreign_mirror, goose_rows_that_are_written_later_come_first)
{
    job.history = HISTORY_GOOSE;
    times_of_then();
    KEEP(UP, .migration = "c3", .version = "3");
    for (int again = 0; again < 2; again++) {
        KEEP(ADOPT, .undoes = "q", .migration = "c1", .version = "1");
        KEEP(ADOPT, .undoes = "q", .migration = "c2", .version = "2");
        KEEP(ADOPT, .undoes = "q", .migration = "c3", .version = "3");
        VALUE("SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version WHERE version_id > 0",
              "1 2 3");
    }
    test_pg_run(database, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (4, true)"); /* goose goes on */
    VALUE("SELECT string_agg(version_id::text, ' ' ORDER BY id) FROM goose_db_version WHERE version_id > 0", "1 2 3 4");
}

/* A registry may have any name, and be named with its table or without. A change that is written later stands where it
 * belongs. */
Test(foreign_mirror, sqitch_a_registry_of_another_name_and_the_order_of_times)
{
    job.history = HISTORY_SQITCH;
    job.history_table = "reg";
    times_of_then();
    KEEP(UP, .migration = "c3", .version = "c3", .foreign_checksum = "id3", .foreign_record = CHANGE("c3", ""));
    job.history_table = "reg.changes";
    KEEP(ADOPT, .undoes = "q", .migration = "c1", .version = "c1", .foreign_checksum = "id1",
         .foreign_record = CHANGE("c1", ",\"tags\":[{\"id\":\"t1\",\"tag\":\"@v1\",\"planned_at\":\"2024-01-01T00:00:"
                                        "00Z\",\"planner_name\":\"Jo\",\"planner_email\":\"jo@x\"}]"));
    KEEP(ADOPT, .undoes = "q", .migration = "c2", .version = "c2", .foreign_checksum = "id2",
         .foreign_record = CHANGE("c2", ",\"requires\":[\"c1\"]"));
    VALUE("SELECT string_agg(change || committed_at::date, ' ' ORDER BY committed_at) FROM reg.changes",
          "c12020-02-01 c22020-02-02 c32020-02-03");
    VALUE("SELECT committed_at::date FROM reg.tags", "2020-02-01");
    KEEP(FORGET, .version = "c2", .foreign_checksum = "id2");
    KEEP(ADOPT, .undoes = "q", .migration = "c2", .version = "c2", .foreign_checksum = "id2",
         .foreign_record = CHANGE("c2", ""));
    VALUE("SELECT string_agg(event || change, ' ' ORDER BY committed_at) FROM reg.events",
          "deployc1 deployc2 deployc3 revertc2");
}

/* Rows of the registry that a transaction has looked at. */
static int64_t rows_read(const char *table)
{
    auto_pgresult PGresult *result = NULL;
    struct err err = ERR_INIT;
    auto_free char *sql =
        xasprintf("SELECT pg_stat_get_xact_tuples_returned('%s'::regclass) + "
                  "(SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(indexrelid)), 0) FROM pg_index "
                  "WHERE indrelid = '%s'::regclass)", table, table);
    cr_assert(pg_run(pg, sql, &result, NULL, &err), "%s", err.text);
    return pg_number(result, 0, 0);
}

/* What a step costs does not grow with the registry: no join of changes with tags, and each found by its id. */
Test(foreign_mirror, sqitch_a_step_does_not_read_the_registry)
{
    job.history = HISTORY_SQITCH;
    KEEP(DOWN, .version = "x", .foreign_checksum = "x"); /* makes the tables */
    test_pg_run(database,
                "INSERT INTO sqitch.projects (project, creator_name, creator_email) VALUES ('p', 'a', 'b');"
                "INSERT INTO sqitch.changes (change_id, script_hash, change, project, committed_at, committer_name, "
                "committer_email, planned_at, planner_name, planner_email) SELECT 'c' || i, 'h' || i, 'n' || i, 'p', "
                "now() + i * interval '1 s', 'a', 'b', now(), 'a', 'b' FROM generate_series(1, 1000) i;"
                "INSERT INTO sqitch.tags (tag_id, tag, project, change_id, committer_name, committer_email, "
                "planned_at, planner_name, planner_email) SELECT 't' || i, '@t' || i, 'p', 'c' || i, 'a', 'b', now(), "
                "'a', 'b' FROM generate_series(1, 1000) i; ANALYZE sqitch.changes; ANALYZE sqitch.tags");
    static const struct job_request requests[] = {
        {ADOPT, .in_history = true, .version = "n500", .foreign_checksum = "c500"},
        {DOWN, .version = "n1000", .foreign_checksum = "c1000"}};
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct err err = ERR_INIT;
        struct foreign_step step = {
            .pg = pg, .ledger_schema = "greylag", .target = 1, .job = &job, .request = &requests[i]};
        auto_buf struct buf sql = BUF_INIT(1 << 20);
        buf_adds(&sql, "BEGIN;");
        if (i == 0)
            foreign_add_check(&sql, &step);
        else
            foreign_add_mirror(&sql, &step);
        cr_assert(pg_run(pg, buf_text(&sql), NULL, NULL, &err), "%s", err.text);
        int64_t changes = rows_read("sqitch.changes"), tags = rows_read("sqitch.tags");
        printf("# step %zu: %lld rows of changes, %lld of tags\n", i, (long long)changes, (long long)tags);
        /* Sqitch's table of tags has no index by change: once for those that go, once for their foreign key */
        cr_expect(changes < 20 && tags <= (i == 0 ? 0 : 2000), "%lld %lld", (long long)changes, (long long)tags);
        cr_assert(pg_run(pg, "COMMIT", NULL, NULL, &err), "%s", err.text);
    }
    const char *all = records(NULL);
    cr_expect(strstr(all, "[n999|n999|p|c999] applied") && !strstr(all, "c1000"), "%.200s", all);
}

/* All that the real Sqitch recorded of two projects, said again by the mirror, is the same again. */
Test(foreign_mirror, sqitch_the_registry_comes_out_as_sqitchs_own)
{
#define UNDATED(row) "(to_jsonb(" row ") - '{committed_at,committer_name,committer_email}'::text[])::text x"
#define SAME                                                                                                           \
    "SELECT string_agg(x, E'\\n') FROM (SELECT " UNDATED("c") " FROM sqitch.changes c ORDER BY committed_at) a "       \
    "UNION ALL SELECT string_agg(d::text, E'\\n' ORDER BY d::text) FROM sqitch.dependencies d "                        \
    "UNION ALL SELECT string_agg(x, E'\\n' ORDER BY x) FROM (SELECT " UNDATED("c") " FROM sqitch.tags c) a "           \
    "UNION ALL SELECT string_agg(project || uri, E'\\n' ORDER BY project) FROM sqitch.projects "                       \
    "UNION ALL SELECT string_agg(x, E'\\n') FROM (SELECT " UNDATED("c") " FROM sqitch.events c "                       \
    "ORDER BY committed_at) a"
#define WHOLE "SELECT string_agg(x, E'\\n\\n') FROM (" SAME ") a (x)"
    load_golden("sqitch");
    job.history = HISTORY_SQITCH;
    char *theirs = test_pg_value(database, WHOLE);
    PGresult *changes;
    cr_assert(pg_run(pg, "SELECT c.change_id, jsonb_build_object('project', c.project, 'uri', p.uri, 'change', "
                         "c.change, 'note', c.note,"
        " 'planned_at', c.planned_at, 'planner_name', c.planner_name, 'planner_email', c.planner_email, 'script_hash', "
        "c.script_hash, 'requires', to_jsonb(e.requires), 'conflicts', to_jsonb(e.conflicts), 'tags', coalesce((SELECT "
        "jsonb_agg(jsonb_build_object('id', t.tag_id, 'tag', t.tag, 'note', t.note, 'planned_at', t.planned_at, "
        "'planner_name', t.planner_name, 'planner_email', t.planner_email)) FROM sqitch.tags t WHERE t.change_id = "
        "c.change_id), '[]')) FROM sqitch.changes c JOIN sqitch.projects p USING (project) JOIN sqitch.events e USING "
        "(change_id) ORDER BY c.committed_at",
        &changes, NULL, NULL));
    const char *before = records(NULL);
    test_pg_run(database, "DROP SCHEMA sqitch CASCADE");
    cr_assert_eq(PQntuples(changes), 23);
    for (int i = 0; i < PQntuples(changes); i++)
        KEEP(UP, .version = "x", .foreign_checksum = pg_text(changes, i, 0), .foreign_record = pg_text(changes, i, 1));
    char *mine = test_pg_value(database, WHOLE);
    cr_assert_str_eq(mine, theirs, "%s\n\n%s", mine, theirs);
    cr_assert_str_eq(records(NULL), before);
    cr_assert(
        strstr(before,
               "[identity:insert_user@v1.0|insert_user|identity|c228aef79307c5fc4639d1173d200b0096644e49] applied; "),
        "%s", before);
    cr_assert(strstr(before, "[shop:totals@v1|totals|shop|16c98ec61fc2b6f8b3f51a261e07cc6d37f82540] applied; "
                             "[shop:totals|totals|shop|6138f"), "%s", before);
    for (int i = PQntuples(changes) - 1; i >= 0; i--)
        KEEP(DOWN, .version = "x", .foreign_checksum = pg_text(changes, i, 0));
    VALUE("SELECT (SELECT count(*) FROM sqitch.changes) || ' ' || (SELECT count(*) FROM sqitch.events WHERE event = "
          "'revert')", "0 23");
    PQclear(changes);
    free(mine);
    free(theirs);
}
