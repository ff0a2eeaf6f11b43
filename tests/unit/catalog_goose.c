/* goose: what is SQL, what is its own, and what it refuses itself. */
#include "unit/catalog_fixture.h"

TestSuite(goose, .init = setup, .fini = teardown);

Test(goose, sections_and_names)
{
    put("a/00001_create_users.sql",
        "-- Author: ann\n-- +goose Up\ncreate table t (id int);\n\n-- +goose Down\ndrop table t;\n");
    put("a/20240101000000_Mixed-Case Name.sql", "-- +GOOSE\n");
    put("a/00002_upper.sql", "-- +goose UP\r\nselect 'a\r\nb';\r\n--+goose down\r\nselect 2;\r\n");
    put("a/10_ten.sql", "-- +goose Up\nselect 1; -- behind\n/* x */ select 2;\n");
    put("a/8_hatchet.sql",
        "-- +goose Up\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\n\n-- +goose Down\n"
                           "-- +goose StatementBegin\n-- intentionally blank\n-- +goose StatementEnd\n");
    put("a/11_template.sql", "-- +goose Up\nselect 1;\n-- +goose Down\n-- SQL to undo it\n");
    put("a/sub/9_nine.sql", "\n-- words before\n\n-- +goose Up\n-- +goose Down\n-- nothing\n");
    one("");
    found("skipped-file", true, "a/20240101000000_Mixed-Case Name.sql", "none of the goose layout");
    cr_expect_str_eq(service(0)->layout, "goose");
    cr_expect_eq(service(0)->history, HISTORY_GOOSE);
    cr_expect_str_eq(ids(0), "00001+ 00002+ 8 9+ 10 11", "%s", ids(0));
    const struct migration *first = migration(0, "00001");
    cr_expect_str_eq(first->name, "create_users");
    cr_expect_str_eq(first->author, "ann");
    cr_expect_str_eq(sql_of(first->up), "create table t (id int);\n");
    cr_expect_str_eq(sql_of(first->down), "drop table t;\n");
    cr_expect_str_eq(first->down_file, "a/00001_create_users.sql");
    cr_expect_str_eq(sql_of(migration(0, "00002")->up), "select 'a\nb';\n");
    found("no-undo", false, "a/10_ten.sql", "no section Down");
    cr_expect_not_null(migration(0, "9")->down);
    found("no-undo", false, "a/11_template.sql", "Down holds no SQL");
    found("empty", false, "a/sub/9_nine.sql", "Up holds no SQL");
}

static void without_down(int first, int end)
{
    for (int i = first; i < end; i++) {
        auto_free char *path = xasprintf("a/%d_x.sql", i);
        put(path, "-- +goose Up\nselect 1;\n");
    }
}

static size_t count_no_undo(void)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->finding_count; i++)
        count += strcmp(catalog->findings[i].rule, "no-undo") == 0;
    return count;
}

Test(goose, a_service_without_undos_is_told_once)
{
    put("a/1_x.sql", "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n");
    without_down(2, 7);
    one("");
    cr_expect_eq(count_no_undo(), 5u);
    without_down(7, 8);
    one("");
    cr_expect_eq(count_no_undo(), 1u);
    found("no-undo", false, "a", "6 of 7 migrations have no way back, first 2_x.sql (there is no section Down)");
    for (int i = 8; i < 14; i++) {
        auto_free char *path = xasprintf("a/%d_x.sql", i);
        put(path, "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n");
    }
    one("");
    cr_expect_eq(count_no_undo(), 6u, "those that were forgotten are named");
}

Test(goose, statements)
{
    put("a/1_blocks.sql", "-- +goose Up\n-- +goose StatementBegin\ncreate function f() returns int as $$\n-- inside;\n"
                          "begin return 1; end\n$$ language plpgsql\n-- +goose StatementEnd\nselect 1;\n"
                          "-- +goose statementbegin\nselect 2;\nselect 3;\n-- +goose StatementEnd\n"
                          "-- +goose Down\ndrop function f();\n");
    put("a/2_alone.sql", "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently i on t (x);\n");
    one("");
    clean();
    cr_expect_str_eq(sql_of(migration(0, "1")->up),
                     "create function f() returns int as $$\n-- inside;\nbegin return 1; end\n$$ language plpgsql\n;\n"
                     "select 1;\nselect 2;\nselect 3;\n");
    cr_expect(!migration(0, "1")->no_transaction && migration(0, "2")->no_transaction);
}

Test(goose, lines_in_messages_are_those_of_the_file)
{
    put("a/1_x.sql", "-- x\n-- +goose Up\n\n-- +goose StatementBegin\nselect 1;\n-- +goose StatementEnd\nselect 1;\n"
                     "copy t from program 'rm';\n-- +goose Down\nselect 1;\nselect from from;\n");
    one("");
    cr_expect_eq(found("transaction", true, "a/1_x.sql", "not allowed")->line, 8);
    cr_expect_eq(found("unparsed", false, "a/1_x.sql", "cannot be analysed")->line, 11);
}

Test(goose, what_goose_refuses)
{
    static const struct {
        const char *text, *says;
        int line;
    } bad[] = {
        {"select 1;\n", "there is SQL in front", 1},
        {"\n-- nothing\n", "there is no '-- +goose Up'", 0},
        {"-- +goose Up\n -- +goose Down\n", "white space in front", 2},
        {"-- +goose Up\n-- +goose Dawn\n", "no such word", 2},
        {"-- +goose\n", "no such word", 1},
        {"-- +goose Up +goose Up\n", "no such word", 1},
        {"--- +goose Up\n", "no such word", 1},
        {"-- +goose Up\n-- +goose Up\n", "a second '-- +goose Up'", 2},
        {"-- +goose Down\n", "in front of '-- +goose Up'", 1},
        {"-- +goose Up\n-- +goose Down\n-- +goose Down\n", "a second '-- +goose Down'", 3},
        {"-- +goose Up\nselect 1\n-- +goose Down\n", "no ';' at the end", 2},
        {"-- +goose Up\nselect 1;\nselect 2 --;\n", "no ';' at the end", 3},
        {"-- +goose Up\nselect 1;\n-- +goose Down\nselect 2\n", "no ';' at the end", 4},
        {"-- +goose StatementBegin\n", "in front of '-- +goose Up'", 1},
        {"-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n", "inside of another", 3},
        {"-- +goose Up\n-- +goose StatementEnd\n", "without a StatementBegin", 2},
        {"-- +goose Up\n-- +goose StatementBegin\n\n-- +goose StatementEnd\nselect 1;\n", "goose loses this line", 5},
        {"-- +goose Up\n-- +goose StatementBegin\nselect 1\n", "no StatementEnd", 0},
        {"-- +goose Up\n-- +goose StatementBegin\nselect 1\n-- +goose Down\n", "inside of a statement", 4},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        bad_file("goose", "1_x.sql", bad[i].text, "goose", bad[i].says, bad[i].line);
    bad_file("goose", "0_x.sql", "-- +goose Up\n", "bad-name", "number above 0", 0);
    bad_file("goose", "9223372036854775808_x.sql", "-- +goose Up\n", "bad-name", "at most 9223372036854775807", 0);
    bad_file("goose", "x.sql", "-- +goose Up\n", "bad-name", "'_'", 0);
    put("a/1_x.sql", "-- +goose Up\n");
    bad_file("goose", "01_y.sql", "-- +goose Up\n", "duplicate-version", "a/1_x.sql", 0);
}

Test(goose, variables_become_placeholders)
{
    put("a/1_on.sql", "-- +goose Up\n-- +goose ENVSUB ON\ngrant select on t to $READER, ${WRITER};\n-- a comment ${x\n"
                      "select 1; -- $(x) \\\\ $\n-- +goose ENVSUB OFF\nselect '$WORD', $$text$$;\n");
    put("a/2_off.sql", "-- +goose Up\nselect '${word}';\n");
    one("    placeholders: {READER: ann, WRITER: bob}\n");
    clean();
    const struct migration *on = migration(0, "1"), *off = migration(0, "2");
    cr_expect_str_eq(sql_of(on->up),
                     "grant select on t to ${READER}, ${WRITER};\nselect 1; -- $(x) \\\\ $\nselect '$WORD', "
                     "$$text$$;\n",
                     "%s", sql_of(on->up));
    cr_expect(on->placeholders && !off->placeholders);
    static const char *const forms[] = {"${A:-x}", "${A-x}", "${A?x}", "${A:1:2}", "$$", "\\$A", "$1", "${", "${A",
                                        "${1}"};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        auto_free char *text = xasprintf("-- +goose Up\n-- +goose ENVSUB ON\nselect '%s';\n", forms[i]);
        bad_file("goose", "3_x.sql", text, "goose", "only $NAME and ${NAME} are known", 3);
    }
    bad_file("goose", "3_x.sql", "-- +goose Up\nselect '${a}';\n-- +goose ENVSUB ON\nselect '${A}';\n", "goose",
             "both where ENVSUB is on", 0);
}

Test(goose, migrations_in_go_are_named)
{
    put("a/1_x.sql", "-- +goose Up\nselect 1;\n");
    put("a/2_code.go", "package migrations\n");
    put("a/2_code_test.go", "package migrations\n");
    put("a/embed.go", "\xff\n");
    one("");
    found("not-built", false, "a/2_code.go", "a migration in Go");
    clean();
    cr_expect_str_eq(ids(0), "1 2", "%s", ids(0));
    cr_expect(strstr(migration(0, "2")->refused, "a migration in Go") && !migration(0, "1")->refused);
    cr_expect_str_eq(migration(0, "2")->name, "code");
    put("b/1_x.up.sql", "select 1;");
    put("b/2_code.go", "package migrations\n");
    put("fleet.yml", "fleet: shop\nservices: {b: {migrations: b}}");
    load();
    cr_expect_eq(catalog->error_count, 0u);
    put("c/1_code.go", "package migrations\n");
    put("fleet.yml", "fleet: shop\nservices: {c: {migrations: c, layout: goose}}");
    load();
    found("not-built", false, "c/1_code.go", "a migration in Go");
    cr_expect_str_eq(ids(0), "1");
}
