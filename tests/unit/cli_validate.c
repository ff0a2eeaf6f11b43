/* `greylag validate`: its formats, what is applied, what fleet.yml says of rules, and --fix. */
#include <jansson.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "unit/cli_typed.h"

#define FLEET "fleet: shop\nservices:\n  a: {migrations: a}\n"

TestSuite(validate, .init = clean_environment, .fini = leave_root, .timeout = 60);

static void make(const char *fleet)
{
    cr_assert(mkdir("a", 0700) == 0);
    put("fleet.yml", fleet);
}

static char *read_all(const char *path)
{
    struct buf text = BUF_INIT(1 << 20);
    cr_assert(buf_read_file(&text, path, NULL), "%s", path);
    return buf_take(&text);
}

#define HOLDS(path, wanted)                                                                                            \
    do {                                                                                                               \
        auto_free char *text_ = read_all(path);                                                                        \
        cr_expect_str_eq(text_, wanted, "%s holds <%s>", path, text_);                                                 \
    } while (0)

/* What the one target has applied: one migration, under the digest of `text`. */
static void write_state(const char *id, const char *text)
{
    char digest[65];
    digest_hex(text, strlen(text), digest);
    auto_free char *state =
        xasprintf("{\"targets\":{\"a/a\":[{\"migration\":\"%s\",\"checksum\":\"%s\",\"request\":\"r\","
                  "\"release\":\"r\"}]}}",
                  id, digest);
    put("state.json", state);
}

Test(validate, text_names_line_and_column_and_what_to_do_once)
{
    make(FLEET);
    put("a/V1__x.sql", "CREATE TABLE t (a int);\n");
    put("a/V2__y.sql", "SELECT 1;\nALTER TABLE t\n  ADD COLUMN b int NOT NULL,\n  ADD COLUMN c int NOT NULL;\n");
    put("a/V3__z.sql", "SELECT 1;\n  SELECT from from;\n");
    EXPECT("greylag validate", 0);
    SAYS(out_text, "a/V2__y.sql:3:14: warning: the column t.b is NOT NULL without a default");
    SAYS(out_text, "a/V2__y.sql:4:14: warning: the column t.c");
    SAYS(out_text, "a/V3__z.sql:2:15: warning: cannot be analysed");
    const char *first = strstr(out_text, "add it with a constant DEFAULT");
    cr_assert_not_null(first);
    cr_expect_null(strstr(first + 1, "add it with a constant DEFAULT"));
    SAYS(out_text, "0 errors, 4 warnings\n");
}

Test(validate, rules_are_set_for_all_and_for_one_service)
{
    make("fleet: shop\ndefaults:\n  lint: {not-null-without-default: error, destructive-without-undo: off}\n"
         "services:\n  a:\n    migrations: a\n    lint:\n      not-null-without-default: warning\n      table-name: "
         "error\n");
    put("a/V1__x.sql", "ALTER TABLE t ADD COLUMN b int NOT NULL;\nDROP TABLE u;\n");
    EXPECT("greylag validate", 0);
    SAYS(out_text, "warning: the column t.b");
    cr_expect_null(strstr(out_text, "destructive"));
    put("a/V2__x.sql", "CREATE TABLE \"T\" (a int);\n");
    EXPECT("greylag validate", 6);
    SAYS(out_text, "a/V2__x.sql:1:14: error: the table's name T is not lowercase_snake_case [table-name]");
}

Test(validate, what_fleet_yml_cannot_say)
{
    make("fleet: shop\nservices:\n  a:\n    migrations: a\n    lint:\n      table-nam: error\n");
    EXPECT("greylag validate", 2);
    SAYS(err_text, "fleet.yml:6:18: there is no rule 'table-nam' that can be set");
    SAYS(err_text, "did you mean 'table-name'?");
    put("fleet.yml", "fleet: shop\ndefaults: {lint: {ignore-unused: off}}\nservices: {a: {migrations: a}}\n");
    EXPECT("greylag validate", 2);
    SAYS(err_text, "fleet.yml:2:");
    put("fleet.yml",
               "fleet: shop\nenvironments: {prod: {lint: {x: off}}, dev: {}}\nservices: {a: {migrations: a}}\n");
    EXPECT("greylag validate --env dev", 2);
    SAYS(err_text, "there is no rule 'x'");
    put("fleet.yml", "fleet: shop\ndefaults: {lint: {table-name: loud}}\nservices: {a: {migrations: a}}\n");
    EXPECT("greylag validate", 2);
    SAYS(err_text, "'loud' is unknown; known: off, warning, error");
}

Test(validate, json_has_one_shape_for_all_findings)
{
    make("fleet: shop\nservices:\n  a: {migrations: a}\n  b: {migrations: b, depends_on: [a]}\n");
    put("a/V1__x.sql", "-- Dependencies: b:1\nTRUNCATE t;\n");
    put("b/V1__x.sql", "SELEC 1;\n");
    EXPECT("greylag validate --json", 6);
    json_t *json = json_loads(out_text, 0, NULL), *finding;
    size_t i, seen = 0;
    cr_assert_not_null(json, "%s", out_text);
    json_array_foreach(json_object_get(json, "findings"), i, finding)
    {
        const char *rule = json_string_value(json_object_get(finding, "rule"));
        const char *file = json_string_value(json_object_get(finding, "file"));
        json_int_t line = json_integer_value(json_object_get(finding, "line"));
        cr_expect(json_is_integer(json_object_get(finding, "column")) &&
                  json_is_string(json_object_get(finding, "text")));
        seen += strcmp(rule, "cycle") == 0 && strcmp(file, "a/V1__x.sql") == 0 && line == 1;
        seen += strcmp(rule, "destructive-without-undo") == 0 && strcmp(file, "a/V1__x.sql") == 0 && line == 2;
        seen += strcmp(rule, "unparsed") == 0 && strcmp(file, "b/V1__x.sql") == 0 && line == 1;
    }
    cr_expect_eq(seen, 3u, "%s", out_text);
    json_decref(json);
    auto_free char *first = xstrdup(out_text);
    EXPECT("greylag validate --format json", 6);
    cr_expect_str_eq(out_text, first);
}

/* The parts of the SARIF 2.1.0 schema that hold for what we print: required properties, their kinds and limits. */
static void check_result(const json_t *result, const json_t *rules)
{
    const char *rule = NULL, *level = NULL, *text = NULL, *uri = NULL;
    int index = -1;
    json_t *locations = NULL;
    json_error_t error;
    cr_assert_eq(json_unpack_ex((json_t *)(uintptr_t)result, &error, 0, "{s:s, s:i, s:s, s:{s:s}, s:o}", "ruleId",
                                &rule, "ruleIndex", &index, "level", &level, "message", "text", &text, "locations",
                                &locations),
                 0, "%s", error.text);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(rules, (size_t)index), "id")), rule);
    cr_expect(strcmp(level, "warning") == 0 || strcmp(level, "error") == 0);
    cr_expect(*text);
    if (json_array_size(locations) == 0)
        return;
    json_t *physical = json_object_get(json_array_get(locations, 0), "physicalLocation"),
           *region = json_object_get(physical, "region");
    cr_assert_eq(json_unpack(physical, "{s:{s:s}}", "artifactLocation", "uri", &uri), 0);
    cr_expect_null(strchr(uri, ' '), "%s", uri);
    cr_expect(!region || json_integer_value(json_object_get(region, "startLine")) >= 1);
    cr_expect(!json_object_get(region, "startColumn") ||
              json_integer_value(json_object_get(region, "startColumn")) >= 1);
}

Test(validate, sarif)
{
    put("x/fleet.yml", FLEET);
    put("x/a/V1__größe.sql", "ALTER ROLE a PASSWORD 'x';\n");
    put("x/a/V1__y.sql", "SELECT 1;\n");
    EXPECT("greylag validate -f x/fleet.yml --format sarif", 6);
    json_t *json = json_loads(out_text, JSON_REJECT_DUPLICATES, NULL), *result;
    cr_assert_not_null(json, "%s", out_text);
    cr_expect_str_eq(json_string_value(json_object_get(json, "version")), "2.1.0");
    json_t *run = json_array_get(json_object_get(json, "runs"), 0);
    json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");
    cr_expect_str_eq(json_string_value(json_object_get(driver, "name")), "greylag");
    cr_expect_str_eq(json_string_value(json_object_get(run, "columnKind")), "unicodeCodePoints");
    size_t i;
    cr_expect_eq(json_array_size(json_object_get(run, "results")), 2u, "%s", out_text);
    json_array_foreach(json_object_get(run, "results"), i, result)
        check_result(result, json_object_get(driver, "rules"));
    SAYS(out_text, "\"uri\": \"x/a/V1__gr%C3%B6%C3%9Fe.sql\"");
    SAYS(out_text, "\"uriBaseId\": \"%SRCROOT%\"");
    json_decref(json);
}

Test(validate, annotations_of_github)
{
    make(FLEET);
    put("a/V1__x,y%.sql", "TRUNCATE t;\n");
    EXPECT("greylag validate --format github", 0);
    SAYS(out_text,
         "::warning title=destructive-without-undo,file=a/V1__x%2Cy%25.sql,line=1,col=10::empties the table t "
         "(TRUNCATE), and there is no undo%0Awrite the undo");
    SAYS(out_text, "::warning title=irreversible::");
    cr_expect_null(strstr(out_text, "fleet shop"));
}

Test(validate, words_that_do_not_go_together)
{
    make(FLEET);
    put("a/V1__x.sql", "SELECT 1;\n");
    EXPECT("greylag validate --format xml", 2);
    SAYS(err_text, "none of text, json, sarif, github");
    EXPECT("greylag validate --json --format sarif", 2);
    EXPECT("greylag validate --fix --json --offline", 2);
    EXPECT("greylag validate --yes", 2);
    EXPECT("greylag validate --fix", 2);
    SAYS(err_text, "nobody says what is applied");
    EXPECT("greylag validate --state nothing.json", 1);
    EXPECT("greylag validate --url http://127.0.0.1:1", 1);
    SAYS(err_text, "greylag validate --offline");
    EXPECT("greylag validate --url http://127.0.0.1:1 --offline", 0);
}

Test(validate, altered_files_and_what_can_be_changed_no_more)
{
    make(FLEET);
    put("a/V1__x.sql", "ALTER TABLE t ADD COLUMN b int NOT NULL;\nDROP TABLE u;\n");
    write_state("1", "ALTER TABLE t ADD COLUMN b int NOT NULL;\nDROP TABLE u;\n");
    EXPECT("greylag validate --state state.json", 0);
    cr_expect_null(strstr(out_text, "not-null-without-default"), "%s", out_text);
    SAYS(out_text, "a/V1__x.sql:2:1: warning: drops the table u"); /* an undo can still be written */
    write_state("1", "something else");
    EXPECT("greylag validate --state state.json", 6);
    SAYS(out_text, "a/V1__x.sql: error: 1 was changed after it was applied on a");
    SAYS(out_text, "[drift]");
    EXPECT("greylag validate", 0);
    SAYS(out_text, "not-null-without-default");
}

#define HEADERS                                                                                                        \
    "fleet: shop\ndefaults: {lint: {missing-header: warning, final-newline: warning}}\nservices:\n  a: {migrations: "  \
    "a}\n"

Test(validate, fix_shows_and_changes_only_when_told)
{
    make(HEADERS);
    put("a/V20240131__add_x.sql", "SELECT 1;\r\nSELECT 2;");
    cr_assert_eq(chmod("a/V20240131__add_x.sql", 0640), 0);
    EXPECT("greylag validate --fix --offline", 0);
    SAYS(out_text, "--- a/a/V20240131__add_x.sql\n+++ b/a/V20240131__add_x.sql\n@@ -1,2 +1,5 @@\n-SELECT 1;\\x0d\n");
    SAYS(out_text, "-SELECT 2;\n\\ No newline at end of file\n+-- Migration: add x\n+-- Service: a\n+-- Date: "
                   "2024-01-31\n+SELECT 1;\n");
    SAYS(err_text, "Nothing was changed. With --yes it is.");
    HOLDS("a/V20240131__add_x.sql", "SELECT 1;\r\nSELECT 2;");
    EXPECT("greylag validate --fix --offline --yes", 0);
    HOLDS("a/V20240131__add_x.sql", "-- Migration: add x\n-- Service: a\n-- Date: 2024-01-31\nSELECT 1;\nSELECT 2;\n");
    SAYS(out_text, "1 file changed.");
    SAYS(out_text, "comments are missing at its top: Author [missing-header]"); /* nobody can know that */
    struct stat st;
    cr_expect(stat("a/V20240131__add_x.sql", &st) == 0 && (st.st_mode & 07777) == 0640);
    EXPECT("greylag validate --fix --offline --yes", 0);
    SAYS(out_text, "There is nothing that can be mended by itself.");
    cr_expect_eq(system("test $(ls a | wc -l) = 1"), 0); /* nothing left beside it */
}

Test(validate, fix_changes_nothing_that_is_applied_somewhere)
{
    make(HEADERS);
    put("a/V1__x.sql", "SELECT 1");
    put("a/V2__y.sql", "SELECT 2");
    write_state("1", "SELECT 1");
    EXPECT("greylag validate --fix --state state.json --yes", 0);
    HOLDS("a/V1__x.sql", "SELECT 1");
    HOLDS("a/V2__y.sql", "-- Migration: y\n-- Service: a\nSELECT 2\n");
    /* on one of two targets: it is still spoken of, and not changed */
    put("fleet.yml",
        "fleet: shop\ndefaults: {lint: {final-newline: warning}}\nservices:\n  a: {migrations: a, targets: [a, b]}\n");
    EXPECT("greylag validate --fix --state state.json --yes", 0);
    SAYS(out_text, "a/V1__x.sql is not changed: it is applied");
    SAYS(out_text, "a/V1__x.sql:1:9: warning: the last line has no end");
    HOLDS("a/V1__x.sql", "SELECT 1");
}

/* A checkout on another system: what is applied is the same text, with LF. Strings are no exception then. */
Test(validate, fix_brings_back_the_line_ends_of_what_is_applied)
{
    static const char text[] = "SELECT 'a\nb'";
    make(HEADERS);
    put("a/V1__x.sql", "SELECT 'a\r\nb'");
    put("a/V2__y.sql", "SELECT 'other\r\n'");
    write_state("1", text);
    EXPECT("greylag validate --state state.json", 6);
    SAYS(out_text, "with its line ends");
    SAYS(out_text, "a/V1__x.sql:1:10: warning: a line ends with CRLF");
    cr_expect_null(strstr(out_text, "a/V1__x.sql:1: warning: comments are missing"), "%s", out_text);
    EXPECT("greylag validate --fix --state state.json --yes", 0);
    HOLDS("a/V1__x.sql", text); /* nothing else of it: no header, no end of the last line */
    put("a/V1__x.sql", "SELECT 'a\r\nc'");
    EXPECT("greylag validate --fix --state state.json --yes", 6);
    HOLDS("a/V1__x.sql", "SELECT 'a\r\nc'");
}

/* A team that comes over: what its own tool has applied is not known before the import. */
Test(validate, fix_changes_nothing_that_another_tool_may_have_applied)
{
    make(HEADERS);
    put("a/V1__x.sql", "SELECT 1");
    put("state.json", "{\"targets\":{\"a/a\":[]}}");
    EXPECT("greylag validate --fix --state state.json --yes", 0);
    SAYS(out_text, "a/V1__x.sql is not changed: flyway may have applied it on a (import its record, or say --offline)");
    HOLDS("a/V1__x.sql", "SELECT 1");
}

Test(validate, findings_stand_in_the_order_of_their_places_each_once)
{
    make(FLEET);
    put("a/V1__x.sql", "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE x (a int);\n"
                       "SELECT 'host=x password=verysecret dbname=z';\nCREATE TABLE u (a int REFERENCES t);\n"
                       "SELECT 'postgres://a:verysecret@b/c';\nSELECT 'AKIAIOSFODNN7ABCDEFG';\n");
    put("a/V2__y.sql", "CREATE TABLE v (a int REFERENCES t);\nDROP TABLE x;\n"
                       "CREATE TABLE w (a int REFERENCES t);\n");
    EXPECT("greylag validate", 6);
    const char *const wanted[] = {"a/V1__x.sql:2:", "a/V1__x.sql:3:", "a/V1__x.sql:4:", "a/V1__x.sql:5:",
                                  "a/V2__y.sql:1:", "a/V2__y.sql:2:", "a/V2__y.sql:3:"};
    const char *at = out_text;
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        at = at ? strstr(at, wanted[i]) : NULL;
        cr_expect_not_null(at, "%s is not where it should be in:\n%s", wanted[i], out_text);
    }
    const char *first = strstr(out_text, wanted[0]);
    cr_expect(first && !strstr(first + 1, wanted[0]), "twice in:\n%s", out_text);
}

#define PASSWORD "ALTER ROLE app PASSWORD 'hunter2';"

Test(validate, what_runs_with_migrations_is_looked_at_too)
{
    make(FLEET);
    put("a/V1__x.sql", "SELECT 1;\n");
    put("a/beforeEachMigrate.sql", "SELECT 1;\nSELECT '${x}';\n" PASSWORD "\n");
    put("a/afterEachMigrate__notify.sql", "SELECT 1;\r\n");
    put("fleet.yml", "fleet: shop\nservices:\n  a: {migrations: a, placeholders: {x: y}}\n");
    EXPECT("greylag validate", 6);
    SAYS(out_text, "a/beforeEachMigrate.sql:3: error: a role's password stands in the statement");
    SAYS(out_text, "a/afterEachMigrate__notify.sql:1:10: warning: a line ends with CRLF");
    EXPECT("greylag validate --fix --offline --yes", 6);
    HOLDS("a/afterEachMigrate__notify.sql", "SELECT 1;\n");
}

Test(validate, verify_scripts_are_looked_at_too)
{
    make(FLEET);
    cr_assert(mkdir("a/deploy", 0700) == 0 && mkdir("a/revert", 0700) == 0 && mkdir("a/verify", 0700) == 0);
    put("a/sqitch.plan", "%project=a\n\nx 2024-01-01T08:00:00Z A B <a@b>\n");
    put("a/deploy/x.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\n");
    put("a/revert/x.sql", "BEGIN;\nSELECT 1;\nCOMMIT;\n");
    put("a/verify/x.sql", "BEGIN;\n" PASSWORD "\nROLLBACK;\n");
    EXPECT("greylag validate", 6);
    SAYS(out_text, "a/verify/x.sql:2:16: error: a role's password stands in the statement");
    put("a/verify/x.sql", "BEGIN;\n-- greylag:ignore credential: nobody's\n" PASSWORD "\nROLLBACK;\n");
    EXPECT("greylag validate", 0);
    put("a/verify/x.sql", "BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nROLLBACK;\n");
    EXPECT("greylag validate", 0);
    SAYS(out_text, "a/verify/x.sql:2:1: warning:");
}

Test(validate, fix_follows_a_link_and_leaves_it_one)
{
    make(HEADERS);
    put("a/real/V1__x.sql", "-- Author: ann\nSELECT 1");
    cr_assert_eq(rename("a/real/V1__x.sql", "a/real/x.txt"), 0);
    cr_assert_eq(symlink("real/x.txt", "a/V1__x.sql"), 0);
    EXPECT("greylag validate --fix --offline --yes", 0);
    struct stat st;
    cr_expect(lstat("a/V1__x.sql", &st) == 0 && S_ISLNK(st.st_mode));
    HOLDS("a/real/x.txt", "-- Migration: x\n-- Service: a\n-- Author: ann\nSELECT 1\n");
}

Test(validate, placeholders_are_replaced_before_a_rule_sees_the_text)
{
    make("fleet: shop\nservices:\n  a:\n    migrations: a\n    placeholders: {table: accounts, pw: hunter2}\n"
         "    secret_placeholders: [password]\n");
    put("a/V1__x.sql", "SELECT 1;\nTRUNCATE ${table};\nCREATE ROLE r PASSWORD '${password}';\n");
    EXPECT("greylag validate", 0);
    SAYS(out_text, "a/V1__x.sql:2: warning: empties the table accounts (TRUNCATE)");
    put("a/V2__x.sql", "CREATE ROLE s PASSWORD '${pw}';\n");
    EXPECT("greylag validate", 6);
    SAYS(out_text, "a/V2__x.sql:1: error: a role's password stands in the statement");
}

Test(validate, repeatables_and_baselines_are_no_steps_of_the_way)
{
    make(FLEET);
    put("a/V1__x.sql", "CREATE TABLE t (a int);\n");
    put("a/B1__x.sql", "CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int NOT NULL;\n");
    put("a/R__rows.sql", "DELETE FROM t;\nINSERT INTO t VALUES (1);\n");
    put("a/afterMigrate.sql", "TRUNCATE cache;\n");
    EXPECT("greylag validate", 0);
    cr_expect_null(strstr(out_text, "destructive-without-undo"), "%s", out_text);
    cr_expect_null(strstr(out_text, "not-null-without-default"), "%s", out_text);
}
