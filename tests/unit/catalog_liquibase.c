/* Liquibase's formatted SQL: changesets, their attributes, what undoes them, and what they do not say as Liquibase
 * does. */
#include "sql/placeholder.h"
#include "unit/catalog_fixture.h"

TestSuite(liquibase, .init = setup, .fini = teardown);

#define HEADER "--liquibase formatted sql\n"

Test(liquibase, changesets_and_their_names)
{
    put("a/changes/001.sql",
        "\n-- LIQUIBASE formatted SQL\n\n--changeset ann:1\n--comment: Halls\ncreate table t (id int);\n"
                             "--rollback drop table t;\n\n  -- changeset \"Jo van Dam\":\"two words\" "
                             "runInTransaction:false\n"
                             "create index concurrently i on t (id);\n\n-- x\n--rollback drop index concurrently i;\n");
    put("a/changes/002.sql", HEADER "--changeset ann:1 logicalFilePath:classpath:/old/name.sql\nselect 1;\n"
                             "--validCheckSum: 9:abc\n--changeset bob b:1\r\nselect 2;\r\n");
    put("a/0.sql", HEADER "--changeset z:9 runOnChange:TRUE\ncreate or replace view v as select 1;\n");
    put("a/root.xml", "<databaseChangeLog/>");
    one("");
    clean();
    cr_expect_str_eq(service(0)->layout, "liquibase");
    cr_expect_eq(service(0)->history, HISTORY_LIQUIBASE);
    cr_expect_str_eq(ids(0), "0.sql::9::z changes/001.sql::1::ann+ changes/001.sql::two words::Jo van Dam+ "
                             "old/name.sql::1::ann changes/002.sql::1::bob b", "%s", ids(0));
    const struct migration *first = migration(0, "changes/001.sql::1::ann");
    cr_expect_str_eq(first->name, "Halls");
    cr_expect_str_eq(first->author, "ann");
    cr_expect_str_eq(first->version, first->id);
    cr_expect_str_eq(first->script, "changes/001.sql");
    cr_expect_str_eq(sql_of(first->up), "create table t (id int);\n");
    cr_expect_str_eq(sql_of(first->down), "drop table t;\n");
    const struct migration *second = migration(0, "changes/001.sql::two words::Jo van Dam");
    cr_expect(second->no_transaction && second->kind == MIGRATION_VERSIONED);
    cr_expect_str_eq(sql_of(second->up), "create index concurrently i on t (id);\n\n-- x\n");
    cr_expect_str_eq(sql_of(migration(0, "changes/002.sql::1::bob b")->up), "select 2;\n");
    cr_expect_eq(migration(0, "0.sql::9::z")->kind, MIGRATION_REPEATABLE);
    one("    liquibase: {path_prefix: db/}\n");
    cr_expect_str_eq(service(0)->migrations[0].id, "db/0.sql::9::z");
    cr_expect_str_eq(service(0)->migrations[3].id, "old/name.sql::1::ann");
}

Test(liquibase, ways_back)
{
    put("a/1.sql", HEADER "--changeset a:1\ncreate table t (id int);\n--rollback drop table t\n--rollback "
                          "cascade;\nselect 1;\n"
                   "--changeset a:2\nselect 1;\n-- rollback Not required\n"
                   "--changeset a:3\nselect 1;\n--rollback empty\n"
                   "--changeset a:4\ndrop table t;\n--rollback changesetId:1\n--rollback changesetAuthor:a "
                   "changesetPath:1.sql\n"
                   "--changeset a:5\nselect 1;\n/* liquibase rollback\nselect 5;\nselect 6; */\n"
                   "--changeset a:6\nselect 1;\n--rollback select from from;\n"
                   "--changeset a:7\nselect 1;\n");
    one("");
    clean();
    const struct migration *m = service(0)->migrations;
    cr_expect_str_eq(sql_of(m[0].up), "create table t (id int);\nselect 1;\n");
    cr_expect_str_eq(sql_of(m[0].down), "drop table t\ncascade;\n");
    cr_expect(m[1].down && m[2].down && m[1].down_size == 0 && m[2].down_size == 0);
    cr_expect_str_eq(m[3].down, m[0].up);
    cr_expect_str_eq(sql_of(m[4].down), "select 5;\nselect 6; \n");
    cr_expect_eq(found("unparsed", false, "a/1.sql", "cannot be analysed")->line, 24);
    cr_expect_eq(found("no-undo", false, "a/1.sql", "no --rollback")->line, 25);
    cr_expect_null(m[6].down);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\nselect 1;\n--rollback changesetId:9 changesetAuthor:a\n",
             "liquibase",
             "no changeset 2.sql::9::a", 4);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\nselect 1;\n--rollback changesetId:9\n", "liquibase",
             "is not named", 4);
}

Test(liquibase, delimiters)
{
    put("a/1.sql", HEADER "--changeset a:1 endDelimiter:/\ncreate function f() returns int language sql as $$ select "
                          "4\n/ 2 $$\n/\n"
                   "select f()\n/\n--rollback drop function f()\n--rollback /\n"
                   "--changeset a:2 endDelimiter:@@ rollbackEndDelimiter:\\nGO\nselect 1@@\nselect 2@@\n"
                   "--rollback select 1\n--rollback go\n--rollback select 2\n--rollback GO\n"
                   "--changeset a:3\nselect '\n/\n';\n"
                   "--changeset a:4 splitStatements:false stripComments:false\nselect 1;\nselect from from;\n"
                   "--changeset a:5 endDelimiter:\\n\\s*/\nselect 1\n/\n");
    one("");
    clean();
    const struct migration *m = service(0)->migrations;
    cr_expect_str_eq(sql_of(m[0].up),
                     "create function f() returns int language sql as $$ select 4\n/ 2 $$\n;\nselect f()\n;\n");
    cr_expect_str_eq(sql_of(m[0].down), "drop function f()\n;\n");
    cr_expect_str_eq(sql_of(m[1].up), "select 1;\nselect 2;\n");
    cr_expect_str_eq(sql_of(m[1].down), "select 1\n;\nselect 2\n;\n");
    cr_expect_str_eq(sql_of(m[2].up), "select '\n/\n';\n");
    cr_expect_eq(found("unparsed", false, "a/1.sql", "cannot be analysed")->line, 23);
    cr_expect(strstr(m[4].refused, "regular expression"));
}

/* What properties make too large for a message is refused, never cut. */
Test(liquibase, a_text_that_grows)
{
    enum { VALUE = 1 << 20, TIMES = 60 };
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    buf_adds(&text, HEADER "--property name:rows value:select/**/'");
    for (int i = 0; i < VALUE; i++)
        buf_addc(&text, 'x');
    buf_adds(&text, "';\n--changeset a:1\n");
    for (int i = 0; i < TIMES; i++)
        buf_adds(&text, "${rows}\n");
    put("a/1.sql", buf_text(&text));
    one("");
    found("too-large", true, "a/1.sql", "at most");
}

static const char *value_of(void *context, const struct placeholder_use *use)
{
    (void)context;
    for (size_t i = 0; i < service(0)->placeholder_count; i++)
        if (placeholder_is(use, service(0)->placeholders[i].name))
            return service(0)->placeholders[i].value;
    return NULL;
}

/* As the worker has it, which knows nothing that it could leave alone. */
static const char *expanded(const char *digest)
{
    static struct arena arena;
    struct placeholder_text text = {.text = ""};
    err_clear(&err);
    cr_expect(placeholder_expand(sql_of(digest), value_of, NULL, &arena, &text, NULL, &err), "%s", err.text);
    return text.text;
}

Test(liquibase, properties)
{
    put("a/1.sql", HEADER "--property name:schema.name value:shop\n--property name:SCHEMA.NAME value:other\n"
                   "-- property name:own value:${schema.name}1 global:false\n--property name:x value:y dbms:mysql\n"
                   "--changeset a:${own}\nselect '${ schema.name }', '${own}', '${given}';\n--rollback select "
                   "'${Own}';\n");
    put("a/2.sql", HEADER "--changeset a:1\nselect '${schema.name} ${';\n");
    one("    placeholders: {given: z}\n");
    const struct migration *m = service(0)->migrations;
    cr_expect_str_eq(m[0].id, "1.sql::shop1::a");
    cr_expect_str_eq(sql_of(m[0].up), "select 'shop', 'shop1', '${given}';\n");
    cr_expect_str_eq(sql_of(m[0].down), "select 'shop1';\n");
    cr_expect(m[0].placeholders);
    cr_expect_str_eq(sql_of(m[1].up), "select 'shop ${';\n");
    put("a/2.sql", HEADER "--changeset a:1\nselect '${own}';\n");
    one("    placeholders: {given: z}\n");
    clean(); /* a property without a value stays what it is */
    cr_expect(!service(0)->migrations[1].placeholders);
    put("a/2.sql", HEADER "--changeset a:1\nselect '${own} ${given}';\n");
    one("    placeholders: {given: z}\n");
    clean(); /* beside one that has a value, too */
    cr_expect_str_eq(expanded(service(0)->migrations[1].up), "select '${own} z';\n");
    put("a/2.sql", HEADER "--changeset a:1\nselect '$${Given}$${x} ${ given }', $$ ${ $$;\n"
                   "--rollback select '${x}';\n");
    one("    placeholders: {given: z}\n");
    clean();
    cr_expect_str_eq(expanded(service(0)->migrations[1].up), "select '$z$${x} z', $$ ${ $$;\n");
    cr_expect_str_eq(expanded(service(0)->migrations[1].down), "select '${x}';\n");
    put("a/2.sql", HEADER "--changeset a:1\nselect $$${given}$$;\n");
    one("    placeholders: {given: z}\n"); /* what is read alike is not written anew */
    cr_expect_str_eq(sql_of(service(0)->migrations[1].up), "select $$${given}$$;\n");
    cr_expect_eq(service(0)->placeholder_count, 1);
    bad_file("liquibase", "2.sql", HEADER "--property name:a value:b context:prod\n", "liquibase",
             "known but not built", 2);
    bad_file("liquibase", "2.sql", HEADER "--property name:a val:b\n", "liquibase", "wants a name and a value", 2);
}

Test(liquibase, preconditions)
{
    put("a/1.sql", HEADER "--changeset a:1\n--preconditions onFail:HALT onError:HALT\n"
                   "--precondition-sql-check expectedResult:3 select count(*) from t where x = 'a';\n"
                   "--precondition-sql-check 'a b' select 1\n"
                   "--precondition-table-exists table:t schema:s\n--precondition-view-exists view:v\n\nselect "
                   "1;\nselect from from;\n"
                   "--changeset a:2\n--preconditions onFail:WARN\n--precondition-sql-check 0 select 1\nselect 2;\n"
                   "--changeset a:3\n--preconditions onFail:MARK_RAN\n--precondition-sql-check 0 select 1\nselect "
                   "3;\n");
    one("");
    clean();
    const struct migration *m = service(0)->migrations;
    const char *up = sql_of(m[0].up);
    cr_expect_eq(strncmp(up,
                         "DO $precondition$ BEGIN IF format('%s', (select count(*) from t where x = 'a')) IS DISTINCT "
                         "FROM E'3' "
                             "THEN RAISE EXCEPTION", 100), 0, "%s", up);
    cr_expect(strstr(up, "IS DISTINCT FROM E'a b'") && strstr(up, "lower(E'v') AND pg_catalog.pg_table_is_visible"));
    cr_expect_eq(found("unparsed", false, "a/1.sql", "cannot be analysed")->line, 10);
    cr_expect(strstr(sql_of(m[1].up), "RAISE WARNING") && !m[1].refused);
    cr_expect(strstr(m[2].refused, "do not halt"));
    cr_expect_eq(found("not-built", false, "a/1.sql", "do not halt")->line, 16);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\n--precondition-sql-check 3\nselect 1;\n", "liquibase",
             "wants a result", 3);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\n--precondition-table-exists t\n", "liquibase",
             "names no table", 3);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\n--precondition-row-count x\n", "liquibase",
             "only sql-check", 3);
}

Test(liquibase, what_runs_and_what_does_not)
{
    put("a/1.sql", HEADER "--changeset a:1 dbms:mysql,oracle\nselect 1;\n--changeset a:2 dbms:!postgresql\nselect 1;\n"
                   "--changeset a:3 dbms:h2,postgresql\nselect 1;\n--changeset a:4 dbms:!oracle ignore:false\nselect "
                   "1;\n"
                   "--changeset a:5 ignore:true\nno SQL\n--changeset a:6 dbms:all\nselect 1;\n--changeset a:7 "
                   "dbms:none\nselect 1;\n"
                   "--changeset a:8 runAlways:true\nselect 1;\n--changeset a:9 failOnError:false\nselect 1;\n"
                   "--changeset a:10 runWith:psql\nselect 1;\n--changeset a:11 context:\"prod or test\" "
                   "labels:x\nselect 1;\n"
                   "--changeset a:12 context:@prod\nselect 1;\n--changeset a:13 labels:x runOnchnge:true\nselect 1;\n");
    one("    layout: liquibase\n    liquibase: {every_context: true}\n");
    clean();
    cr_expect_str_eq(ids(0),
                     "1.sql::3::a 1.sql::4::a 1.sql::6::a 1.sql::8::a 1.sql::9::a 1.sql::10::a 1.sql::11::a "
                     "1.sql::12::a "
                             "1.sql::13::a", "%s", ids(0));
    found("skipped-changeset", false, "a/1.sql", "a:1 is left out: dbms:mysql,oracle");
    found("skipped-changeset", false, "a/1.sql", "a:5 is left out: ignore:true");
    cr_expect(strstr(migration(0, "1.sql::8::a")->refused, "runAlways"));
    cr_expect(strstr(migration(0, "1.sql::9::a")->refused, "failOnError"));
    cr_expect(strstr(migration(0, "1.sql::10::a")->refused, "runWith"));
    cr_expect_null(migration(0, "1.sql::11::a")->refused);
    cr_expect(strstr(migration(0, "1.sql::12::a")->refused, "context"));
    cr_expect_null(migration(0, "1.sql::13::a")->refused);
    cr_expect_eq(found("liquibase", false, "a/1.sql", "'runOnchnge' does nothing; did you mean 'runOnChange'?")->line,
                 26);
    one("");
    cr_expect(strstr(migration(0, "1.sql::11::a")->refused, "every_context"));
}

Test(liquibase, lines_that_are_ignored_or_refused)
{
    put("a/1.sql", HEADER "-- words\n--ignoreLines:start\nselect 0;\n--changeset a:0\n--ignoreLines:end\n--changeset "
                          "a:1\nselect 1;\n"
                   "--ignoreLines:2\nselect 2;\nselect 3;\nselect 4;\n-- include the last\n-- rollbacks are fine\n");
    one("");
    clean();
    cr_expect_str_eq(sql_of(service(0)->migrations[0].up),
                     "select 1;\nselect 4;\n-- include the last\n-- rollbacks are fine\n");
    static const struct {
        const char *text, *says;
        int line;
    } bad[] = {
        {"select 1;\n", "does not begin with", 1},
        {HEADER "select 1;\n", "SQL in front of the first changeset", 2},
        {HEADER "--comment: x\n", "in front of the first changeset", 2},
        {HEADER "--changeset a\nselect 1;\n", "no author and id", 2},
        {HEADER "--changeset a: 1\nselect 1;\n", "no author and id", 2},
        {HEADER "--changesets\n", "no author and id", 2},
        {HEADER "--changeset a:1\n--changeset a:2\nselect 1;\n", "no SQL below", 2},
        {HEADER "-changeset a:1\n", "looks like a line for Liquibase", 2},
        {HEADER "--changeset a:1\nselect 1;\n-rollback x\n", "looks like a line for Liquibase", 4},
        {HEADER "--changeset a:1\n--comments: x\n", "looks like a line for Liquibase", 3},
        {HEADER "--changeset a:1\nselect 1;\n--rollbackSqlFile path:x\n", "with a licence", 4},
        {HEADER "--changeset a:1\nselect 1;\n/* liquibase rollback\nselect 1;\n", "has no end", 2},
        {HEADER "--ignoreLines:all\n", "unknown ignoreLines", 2},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        bad_file("liquibase", "2.sql", bad[i].text, "liquibase", bad[i].says, bad[i].line);
    bad_file("liquibase", "2.sql", HEADER "--changeset a:1\nselect 1;\n--changeset a:1\nselect 2;\n",
             "duplicate-version", "stands twice: a/2.sql:3 and a/2.sql:5", 5);
    cr_expect_str_eq(found("duplicate-version", true, "a/2.sql", "")->hint, "give one of them another id");
}
