/* Flyway's layout: names, order, settings beside a file, callbacks, checksums. */
#include "unit/catalog_fixture.h"

#include "catalog/flyway.h"

TestSuite(flyway, .init = setup, .fini = teardown);

/* One file as Flyway's ChecksumCalculator sums it up, whatever ends its lines. */
static const char person[] = "create table PERSON (\n    ID int not null,\n    NAME varchar(100) not null\n);\n";

static const char *checksum(const char *text)
{
    static struct arena arena;
    return flyway_checksum(&arena, text, strlen(text));
}

Test(flyway, checksums_are_flyways_to_the_bit)
{
    cr_expect_str_eq(checksum(person), "1715188512");
    cr_expect_str_eq(checksum("create table PERSON (\r\n    ID int not null,\r\n    NAME varchar(100) not "
                              "null\r\n);\r\n"),
                     "1715188512");
    cr_expect_str_eq(checksum("create table PERSON (\r    ID int not null,\r    NAME varchar(100) not null\r);"),
                     "1715188512");
    cr_expect_str_eq(checksum(""), "0");
    cr_expect_str_eq(checksum("\n\r\n\r"), "0");
    cr_expect_str_eq(checksum("a\nb"), checksum("ab"));
    cr_expect_str_eq(checksum("123456789"),
                     "-873187034"); /* the check value of CRC-32, 0xcbf43926, as a signed number */
    auto_free char *bom = xasprintf("\xef\xbb\xbf%s", person);
    put("a/V1__person.sql", bom);
    put("a/V2__second_bom.sql", "\n\xef\xbb\xbfselect 1;");
    one("");
    cr_expect_str_eq(migration(0, "1")->foreign_checksum, "1715188512");
    cr_expect_str_eq(migration(0, "2")->foreign_checksum, checksum("\xef\xbb\xbfselect 1;"));
}

static size_t from_hex(const char *hex, char *out)
{
    size_t len = 0;
    for (unsigned byte; sscanf(hex + 2 * len, "%2x", &byte) == 1; len++)
        out[len] = (char)byte;
    return len;
}

/* What the real Flyway wrote into its table for files of these bytes. */
Test(flyway, checksums_of_the_real_flyway)
{
    auto_buf struct buf golden = BUF_INIT(1 << 20);
    cr_assert(buf_read_file(&golden, GREYLAG_SOURCE_DIR "/tests/unit/golden/flyway-checksums.txt", &err), "%s",
              err.text);
    static char *sums[200];
    auto_free char *bytes = xmalloc(golden.len);
    char *rest = NULL;
    size_t count = 0;
    for (char *line = strtok_r(golden.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *field = NULL;
        if (*line == '#')
            continue;
        sums[++count] = strtok_r(line, "\t", &field);
        const char *hex = strtok_r(NULL, "\t", &field), *kind = strtok_r(NULL, "\t", &field);
        auto_free char *name = *kind == 'R' ? xasprintf("a/R__%zu.sql", count) : xasprintf("a/V%zu.sql", count);
        put_bytes(name, bytes, from_hex(hex, bytes));
    }
    cr_assert_gt(count, 50u);
    one("    placeholders: {word: Goose, umlaut: ü, lines: \"select 1;\\n-- two\"}\n");
    cr_expect_eq(service(0)->migration_count, count);
    for (size_t i = 0; i < service(0)->migration_count; i++) {
        const struct migration *m = &service(0)->migrations[i];
        cr_expect_str_eq(m->foreign_checksum, sums[strtoul(m->id + strspn(m->id, "R_"), NULL, 10)], "%s", m->id);
    }
}

Test(flyway, every_kind_in_its_place)
{
    put("a/V2__two.sql", "select 2;");
    put("a/V1__one.sql", "select 1;");
    put("a/U2__two.sql", "select -2;");
    put("a/B2__two.sql", "select 12;");
    put("a/B1_5__between.sql", "select 15;");
    put("a/sub/R__views.sql", "select 'v';");
    put("a/R__a_b c.sql", "select 'a';");
    put("a/R.sql", "select 'nothing';");
    put("a/beforeMigrate.sql", "select 'b';");
    put("a/beforeMigrate__b.sql", "select 'bb';");
    put("a/beforeMigrate__a.sql", "select 'ba';");
    put("a/afterMigrate__z.SQL", "select 'z';");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0),
                     "beforeMigrate beforeMigrate__a beforeMigrate__b 1 B1.5 2+ B2 R__ R__a_b_c R__views "
                     "afterMigrate__z",
                     "%s", ids(0));
    cr_expect_eq(migration(0, "B2")->kind, MIGRATION_BASELINE);
    cr_expect_str_eq(migration(0, "B1.5")->version, "1.5");
    cr_expect_eq(migration(0, "R__views")->kind, MIGRATION_REPEATABLE);
    cr_expect_str_eq(migration(0, "R__views")->script, "sub/R__views.sql");
    cr_expect_str_eq(migration(0, "R__a_b_c")->name, "a b c");
    cr_expect_str_eq(migration(0, "R__views")->version, "");
    cr_expect_eq(migration(0, "beforeMigrate__a")->kind, MIGRATION_CALLBACK);
    cr_expect_null(migration(0, "beforeMigrate__a")->script);
    cr_expect_null(migration(0, "afterMigrate__z")->foreign_checksum);
    cr_expect_str_eq(migration(0, "2")->script, "V2__two.sql");
    cr_expect_str_eq(migration(0, "B2")->foreign_checksum, checksum("select 12;"));
}

Test(flyway, versions_are_ordered_as_flyway_orders_them)
{
    put("a/V20240301120000__stamp.sql", "select 1;");
    put("a/V20240301120000.1__stamp.sql", "select 1;");
    put("a/V1.10__x.sql", "select 1;");
    put("a/V1.9__x.sql", "select 1;");
    put("a/V01_2__x.sql", "select 1;");
    put("a/V99999999999999999999999999__x.sql", "select 1;");
    put("a/V3__double__separator_.sql", "select 1;");
    one("");
    cr_expect_str_eq(ids(0), "01.2 1.9 1.10 3 20240301120000 20240301120000.1 99999999999999999999999999", "%s",
                     ids(0));
    cr_expect_str_eq(migration(0, "3")->name, "double  separator ");
    put("a/V1.2.0__x.sql", "select 1;");
    load();
    found("duplicate-version", true, "a/V1.2.0__x.sql",
          "version 1.2.0 stands twice: a/V01_2__x.sql and a/V1.2.0__x.sql");
}

Test(flyway, the_longest_version_that_a_name_can_hold)
{
    auto_free char *digits = xmalloc(252), *name = NULL;
    memset(digits, '9', 251);
    digits[250] = 0;
    name = xasprintf("a/V%s.sql", digits);
    put(name, "select 2;");
    put("a/V1__x.sql", "select 1;");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(service(0)->migrations[1].id, digits);
}

/* What Flyway would skip is warned of when the layout is named, and refused when it was only recognised. */
Test(flyway, names_that_are_none)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V1.__x.sql", "select 1;");
    put("a/V1a__x.sql", "select 1;");
    put("a/B1..2__x.sql", "select 1;");
    put("a/R1__x.sql", "select 1;");
    put("a/afterMigrate_x.sql", "select 1;");
    put("a/beforeMigrate1__x.sql", "select 1;");
    put("a/afterMigrateError.sql", "select 1;");
    put("a/beforeRepeatables__x.sql", "select 1;");
    put("a/v2__small.sql", "select 1;");
    put("a/V3_one_underscore.sql", "select 1;");
    one("    layout: flyway\n");
    cr_expect_str_eq(ids(0), "1", "%s", ids(0));
    found("bad-name", true, "a/V1.__x.sql", "'1.' is no version");
    found("bad-name", true, "a/V1a__x.sql", "'1a' is no version");
    found("bad-name", true, "a/B1..2__x.sql", "'1..2' is no version");
    found("bad-name", true, "a/R1__x.sql", "'1' stands where nothing may stand");
    found("bad-name", true, "a/afterMigrate_x.sql", "'_x' stands where nothing may stand in the name of a callback");
    found("bad-name", true, "a/beforeMigrate1__x.sql", "'1' stands");
    found("not-built", true, "a/afterMigrateError.sql", "callbacks for afterMigrateError are known but not built yet");
    found("not-built", true, "a/beforeRepeatables__x.sql", "beforeRepeatables");
    found("skipped-file", false, "a/v2__small.sql", "flyway");
    found("skipped-file", false, "a/V3_one_underscore.sql", "flyway");
    one("");
    found("skipped-file", true, "a/v2__small.sql", "flyway");
}

Test(flyway, names_of_ones_own)
{
    put("a/M1-first_one.ddl", "select 1;");
    put("a/2-second.DDL", "select 1;");
    put("a/undo2-second.ddl", "select 1;");
    put("a/again-views.pgsql", "select 1;");
    put("a/base2-x.ddl", "select 1;");
    put("a/beforeMigrate-x.ddl", "select 1;");
    put("a/V3__x.sql", "select 1;");
    put("a/2-second.DDL.conf", "executeInTransaction=false");
    one("    layout: flyway\n    flyway: {prefix: \"\", undo_prefix: undo, repeatable_prefix: again, baseline_prefix: "
        "base, separator: \"-\", suffixes: [.ddl, .pgsql]}\n");
    cr_expect_str_eq(ids(0), "beforeMigrate-x 2+ B2 R__views", "%s", ids(0));
    found("skipped-file", false, "a/M1-first_one.ddl", "flyway");
    cr_expect(migration(0, "2")->no_transaction);
    cr_expect_str_eq(migration(0, "2")->script, "2-second.DDL");
    one("    layout: flyway\n    flyway: {prefix: M, separator: \"-\", suffixes: [.ddl]}\n");
    cr_expect_str_eq(ids(0), "beforeMigrate-x 1", "%s", ids(0));
    cr_expect_str_eq(migration(0, "1")->name, "first one");
    refused("fleet: shop\nservices: {a: {migrations: a, flyway: {undo_prefix: V}}}\n",
            "fleet.yml:2:39: two kinds of migrations have the prefix 'V'");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: diesel, flyway: {prefix: X}}}\n",
            "`flyway:` goes with `layout: flyway`, not with 'diesel'");
}

Test(flyway, what_flyway_counts_as_one)
{
    put("a/R__my_view.sql", "select 1;");
    put("a/sub/R__my view.sql", "select 1;");
    put("a/beforeMigrate.sql", "select 1;");
    put("a/sub/beforeMigrate.sql", "select 1;");
    put("a/beforeEachMigrate__x.sql", "select 1;");
    put("a/sub/beforeEachMigrate__x.sql", "select 1;");
    put("a/B1__x.sql", "select 1;");
    put("a/B1.0__y.sql", "select 1;");
    put("a/V1__x.sql", "select 1;");
    one("");
    found("duplicate-version", true, "a/sub/R__my view.sql", "R__my_view stands twice");
    found("duplicate-version", true, "a/sub/beforeMigrate.sql", "beforeMigrate stands twice");
    found("duplicate-version", true, "a/sub/beforeEachMigrate__x.sql", "stands twice");
    found("duplicate-version", true, "a/B1.0__y.sql", "stands twice");
    cr_expect_eq(catalog->error_count, 4u);
}

Test(flyway, settings_beside_a_file)
{
    put("a/V1__one.sql", "select '${x}';");
    put("a/V1__one.sql.conf", "# why\r\n! so\r\n\r\n executeInTransaction = FALSE "
                              "\r\nplaceholderReplacement:false\nencoding=utf8");
    put("a/V2__two.SQL", "select 2;");
    put("a/V2__two.SQL.conf", "executeInTransaction=true\nshouldExecute=true\nencoding=UTF-8\n");
    put("a/V3__three.sql", "select 3;");
    put("a/V3__three.sql.conf", "shouldExecute=false\n");
    put("a/sub/R__four.sql", "select 4;");
    put("a/sub/R__four.sql.conf", "");
    put("a/V5__five.sql", "select 5;");
    put("a/U5__five.sql", "select -5;");
    put("a/U5__five.sql.conf", "shouldExecute=false");
    put("a/beforeMigrate.sql", "vacuum;");
    put("a/beforeMigrate.sql.conf", "executeInTransaction=false");
    one("    placeholders: {y: z}\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0), "beforeMigrate 1 2 5 R__four", "%s", ids(0));
    cr_expect(migration(0, "1")->no_transaction && !migration(0, "1")->placeholders);
    cr_expect_str_eq(migration(0, "1")->foreign_checksum, checksum("select '${x}';"));
    cr_expect(!migration(0, "2")->no_transaction);
    cr_expect(migration(0, "beforeMigrate")->no_transaction);
    found("skipped-file", false, "a/V3__three.sql", "shouldExecute=false: it never runs");
    found("skipped-file", false, "a/U5__five.sql", "shouldExecute=false");
}

Test(flyway, settings_that_cannot_be_followed)
{
    static const struct {
        const char *text, *rule, *found;
        int line;
    } cases[] = {
        {"\nexecuteInTransaction=perhaps\n", "script-settings", "executeInTransaction has to be true or false", 2},
        {"executeInTransaktion=false", "script-settings", "'executeInTransaktion' is no setting", 1},
        {"executeInTransaction", "script-settings", "'executeInTransaction' is not key=value", 1},
        {"executeInTransaction=", "script-settings", "has no value", 1},
        {"=false", "script-settings", "'=false' is not key=value", 1},
        {"encoding=UTF-8\nencoding=UTF-8", "script-settings", "'encoding' stands twice", 2},
        {"encoding=ISO-8859-1", "not-utf8", "only files in UTF-8", 1},
        {"shouldExecute=A==B", "not-built", "shouldExecute with an expression is known but not built yet", 1},
        {"shouldExecute=${env}==test", "script-settings", "'${env}==test' cannot be read", 1},
        {"placeholderReplacement=fal\\\nse", "script-settings", "cannot be read", 1},
        {"encoding=\"UTF-8\"", "script-settings", "cannot be read", 1},
    };
    put("a/V1__one.sql", "select 1;");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put("a/V1__one.sql.conf", cases[i].text);
        one("");
        cr_expect_eq(found(cases[i].rule, true, "a/V1__one.sql.conf", cases[i].found)->line, cases[i].line);
        cr_expect_str_eq(ids(0), "1");
    }
    put("a/V1__one.sql.conf", "");
    put("a/V2__gone.sql.conf", "executeInTransaction=false");
    load();
    found("skipped-file", true, "a/V2__gone.sql.conf", "no migration of the flyway layout reads this file");
}

Test(flyway, an_undo_with_settings_of_its_own)
{
    put("a/V1__one.sql", "select 1;");
    put("a/U1__one.sql", "select '${x}';");
    put("a/U1__one.sql.conf", "executeInTransaction=false");
    one("    placeholders: {x: y}\n");
    found("not-built", true, "a/U1__one.sql", "an undo with executeInTransaction of its own");
    put("a/V1__one.sql.conf", "executeInTransaction=false");
    load();
    cr_expect_eq(catalog->error_count, 0u);
    put("a/U1__one.sql.conf", "placeholderReplacement=false");
    load();
    found("not-built", true, "a/U1__one.sql", "an undo with placeholderReplacement of its own");
}

Test(flyway, callbacks_around_each_migration)
{
    put("a/V1__one.sql", "select 1;");
    put("a/beforeEachMigrate__b.sql", "select 'b' -- no end");
    put("a/beforeEachMigrate__a.sql", "select 'a';\n");
    put("a/beforeEachMigrate.sql", "select 'first';");
    put("a/sub/afterEachMigrate__x.sql", "select 'x';\n");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0), "1");
    cr_assert_not_null(service(0)->before_each);
    cr_expect_str_eq(catalog_blob(catalog, service(0)->before_each)->text,
                     "select 'first';\n;\nselect 'a';\n\n;\nselect 'b' -- no end");
    cr_expect_str_eq(catalog_blob(catalog, service(0)->after_each)->text, "select 'x';\n");
    put("a/beforeEachMigrate__c.sql", "begin; select 1; commit;");
    put("a/afterEachMigrate__d.sql", "vacuum;");
    put("a/afterEachMigrate__e.sql", "select '${x}';");
    put("a/afterEachMigrate__e.sql.conf", "placeholderReplacement=false");
    put("a/afterEachMigrate__f.sql", "select 1;");
    put("a/afterEachMigrate__f.sql.conf", "executeInTransaction=false");
    put("a/afterEachMigrate__g.sql", "select 1;");
    put("a/afterEachMigrate__g.sql.conf", "shouldExecute=false");
    load();
    found("callback", true, "a/beforeEachMigrate__c.sql", "may not begin or end a transaction");
    found("callback", true, "a/afterEachMigrate__d.sql", "runs inside the migration's transaction");
    found("callback", true, "a/afterEachMigrate__e.sql", "placeholderReplacement");
    found("callback", true, "a/afterEachMigrate__f.sql", "runs inside");
    found("skipped-file", false, "a/afterEachMigrate__g.sql", "never runs");
    cr_expect_str_eq(catalog_blob(catalog, service(0)->after_each)->text, "select 'x';\n");
}

/* Flyway sums up a repeatable migration behind its placeholders, and a versioned one as it is written. */
Test(flyway, checksums_with_placeholders)
{
    put("a/V1__one.sql", "select '${word}';");
    put("a/R__known.sql", "select '${WORD}', '${two}';");
    put("a/R__secret.sql", "select '${key}';");
    put("a/R__table.sql", "select '${flyway:table}';");
    put("a/R__literal.sql", "select '${word}';");
    put("a/R__literal.sql.conf", "placeholderReplacement=false");
    one("    placeholders: {word: hello, two: \"a\\nb\"}\n    secret_placeholders: [key]\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(migration(0, "1")->foreign_checksum, checksum("select '${word}';"));
    cr_expect_str_eq(migration(0, "R__known")->foreign_checksum, checksum("select 'hello', 'ab';"));
    cr_expect_null(migration(0, "R__secret")->foreign_checksum);
    cr_expect_null(migration(0, "R__table")->foreign_checksum);
    cr_expect_str_eq(migration(0, "R__literal")->foreign_checksum, checksum("select '${word}';"));
}

Test(flyway, copy_data_is_taken_as_it_is)
{
    put("a/V1__data.sql", "copy t (a, b) from stdin;\n1\tx;y\n2\t-- no comment\n\\.\nselect 1;\n");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0), "1");
}

/* placeholderReplacement, placeholderPrefix and such of Flyway's own configuration. */
Test(flyway, what_a_placeholder_looks_like)
{
#define MARKS "    flyway: {placeholder_prefix: \"#[\", placeholder_suffix: \"]\", placeholder_separator: _}\n"
    put("a/V1__a.sql", "insert into t values ('#[Name]', '#[flyway_defaultSchema]');\n");
    put("a/V2__b.sql", "insert into t values ('Dear ${name}');\n");
    put("a/U1__a.sql", "delete from t where x = '#[name]';\n");
    one("    layout: flyway\n    flyway: {placeholder_replacement: false}\n");
    clean();
    cr_expect(!migration(0, "1")->placeholders && !migration(0, "2")->placeholders);
    auto_free char *sum = xstrdup(migration(0, "1")->foreign_checksum);
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    clean();
    cr_expect(migration(0, "1")->placeholders && !migration(0, "2")->placeholders);
    cr_expect_str_eq(sql_of(migration(0, "1")->up), "insert into t values ('${Name}', '${flyway:defaultSchema}');\n");
    cr_expect_str_eq(sql_of(migration(0, "1")->down), "delete from t where x = '${name}';\n");
    cr_expect_str_eq(sql_of(migration(0, "2")->up), "insert into t values ('Dear ${name}');\n");
    cr_expect_str_eq(migration(0, "1")->foreign_checksum, sum, "Flyway sums up the file as it is");
    one("    layout: flyway\n" MARKS);
    cr_expect_eq(found("placeholder", true, "a/V1__a.sql", "Name")->line, 1);
    put("a/V2__b.sql", "insert into t values ('Dear ${name}', '#[name]');\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    found("not-built", true, "a/V2__b.sql", "beside a ${");
    one("    layout: flyway\n");
    found("placeholder", true, "a/V2__b.sql", "name");
}

/* Between "flyway" and the name of what Flyway itself knows stands the separator, and no other. */
Test(flyway, the_separator_of_what_flyway_knows)
{
    put("a/V1__a.sql", "select '${Flyway_user}';\n");
    one("    layout: flyway\n    flyway: {placeholder_separator: _}\n");
    clean();
    cr_expect_str_eq(sql_of(migration(0, "1")->up), "select '${flyway:user}';\n");
    put("a/V1__a.sql", "select 1;\nselect '${flyway:user}';\n");
    one("    layout: flyway\n    flyway: {placeholder_separator: _}\n");
    cr_expect_eq(found("placeholder", true, "a/V1__a.sql", "another separator")->line, 2);
    one("    layout: flyway\n");
    clean();
    put("a/V1__a.sql", "select '${flyway_user}';\n");
    one("    layout: flyway\n");
    found("placeholder", true, "a/V1__a.sql", "${flyway_user} has no value");
}

/* As Flyway looks for them: one without an end is an error, and of ##[ the second # begins nothing. */
Test(flyway, placeholders_that_are_none_or_have_no_end)
{
    put("a/V1__a.sql", "select 1;\ninsert into t values ('##[name]');\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    clean();
    cr_expect(!migration(0, "1")->placeholders);
    put("a/V1__a.sql", "select 1;\ninsert into t values ('#[name] #[name');\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    cr_expect_eq(found("placeholder", true, "a/V1__a.sql", "no end")->line, 2);
    put("a/V1__a.sql", "insert into t values ('a@b');\n");
    one("    layout: flyway\n    flyway: {placeholder_prefix: \"@\", placeholder_suffix: \"@\"}\n");
    found("placeholder", true, "a/V1__a.sql", "no end");
    put("a/V1__a.sql", "insert into t values ('$#[name]');\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    found("not-built", true, "a/V1__a.sql", "a $ directly in front of a placeholder");
    put("a/V1__a.sql", "insert into t values ('$$#[name]');\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    clean();
    put("a/V1__a.sql", "select 1;\n");
    put("a/afterEachMigrate.sql", "select '#[name';\n");
    one("    layout: flyway\n    placeholders: {name: bob}\n" MARKS);
    found("placeholder", true, "a/afterEachMigrate.sql", "no end");
}
