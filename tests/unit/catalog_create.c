/* New migrations: which version, where, and that what is made is a migration of that layout. */
#include "catalog/create.h"
#include "unit/catalog_fixture.h"

#define NOW_US 1705311000000000LL /* 2024-01-15T09:30:00Z */

static struct arena arena;

static void end(void)
{
    arena_release(&arena);
    teardown();
}

TestSuite(create, .init = setup, .fini = end);

static const char *make(const char *service, const char *title, enum new_type type, const struct new_file **ret_files,
                        size_t *ret_count)
{
    const char *version;
    const struct new_migration what = {
        .service = service, .title = title, .author = "Ann \"A\" O'Neil", .type = type, .now_us = NOW_US};
    cr_assert(catalog_create(catalog, &what, &arena, &version, ret_files, ret_count, &err), "%s", err.text);
    return version;
}

Test(create, the_version_is_above_all_and_of_their_kind)
{
    static const struct {
        const char *layout, *file, *text, *version;
    } cases[] = {
        {"flyway", "a/V9__x.sql", "select 1;", "10"},
        {"flyway", "a/V2.1__x.sql", "select 1;", "3"},
        {"flyway", "a/V20230815123000__x.sql", "select 1;", "20240115093000"},
        {"flyway", "a/V20250110__x.sql", "select 1;", "20240115093000"},
        {"flyway", "a/V20990815123000__x.sql", "select 1;", "20990815123001"},
        {"golang-migrate", "a/000099_x.up.sql", "select 1;", "000100"},
        {"golang-migrate", "a/1626194317_x.up.sql", "select 1;", "1705311000"},
        {"golang-migrate", "a/999_x.up.sql", "select 1;", "1000"},
        {"diesel", "a/2020-01-01-000000_x/up.sql", "select 1;", "2024-01-15-093000"},
        {"diesel", "a/00000000000000_x/up.sql", "select 1;", "20240115093000"},
        {"metadata", "a/7_x.sql", "-- UP\nselect 1;\n-- DOWN\nselect 1;\n", "8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct new_file *files;
        size_t count;
        auto_free char *clear = xasprintf("rm -rf %s/*", root);
        cr_assert_eq(system(clear), 0);
        put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n");
        put(cases[i].file, cases[i].text);
        load();
        cr_assert_eq(catalog->error_count, 0u, "%s: %s", cases[i].file, catalog->findings[0].text);
        cr_expect_str_eq(catalog->fleet.services[0].layout, cases[i].layout);
        const char *version = make("a", "add Users' table", NEW_TYPE_COUNT, &files, &count);
        cr_expect_str_eq(version, cases[i].version, "%s: %s", cases[i].file, version);
        for (size_t f = 0; f < count; f++)
            put_as(files[f].path, files[f].text, strlen(files[f].text), files[f].append ? "a" : "wx");
        load();
        cr_assert_eq(catalog->error_count, 0u, "%s: %s", cases[i].file,
                     catalog->error_count ? catalog->findings[0].text : "");
        const struct service *service = &catalog->fleet.services[0];
        cr_expect_str_eq(service->migrations[service->migration_count - 1].version, version);
    }
}

/* dbmate goes by the names of files: 10_ stands before 9_, and nothing can stand behind that. */
Test(create, a_number_that_is_taken_gives_way_to_the_time)
{
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n");
    put("a/9_x.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n");
    put("a/10_y.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n");
    load();
    const char *version = make("a", "z", NEW_TYPE_COUNT, &files, &count);
    cr_expect_str_eq(version, "20240115093000", "%s", version);
}

Test(create, a_type_has_its_folder)
{
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n");
    put("a/ddl/V1__x.sql", "select 1;");
    put("a/dml/V2__x.sql", "select 1;");
    load();
    make("a", "x", NEW_DDL, &files, &count);
    cr_expect_str_eq(files[0].path, "a/ddl/V3__x.sql");
    cr_expect_str_eq(files[1].path, "a/ddl/U3__x.sql");
    make("a", "x", NEW_FUNCTION, &files, &count);
    cr_expect_str_eq(files[0].path, "a/ddl/V3__x.sql");
    make("a", "x", NEW_TYPE_COUNT, &files, &count);
    cr_expect_str_eq(files[0].path, "a/dml/V3__x.sql");
}

Test(create, what_cannot_be_named)
{
    const char *version;
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {auth: {migrations: a}}\n");
    put("a/V1__x.sql", "select 1;");
    load();
    struct new_migration what = {.service = "auht", .title = "x", .author = "", .now_us = NOW_US};
    cr_expect(!catalog_create(catalog, &what, &arena, &version, &files, &count, &err));
    cr_expect_str_eq(err.hint, "did you mean 'auth'?");
    what.service = "auth";
    what.title = "../../\n";
    cr_expect(!catalog_create(catalog, &what, &arena, &version, &files, &count, &err));
    what.title = "../../etc/passwd\n\"";
    cr_assert(catalog_create(catalog, &what, &arena, &version, &files, &count, &err));
    cr_expect_str_eq(files[0].path, "a/V2__etc_passwd.sql");
}

/* A migration that nobody has written yet is no migration, and its undo is no way back. */
Test(create, what_is_made_is_not_taken_for_written)
{
    static const char *const layouts[] = {"flyway", "golang-migrate", "dbmate",    "goose",   "diesel",
                                          "sqitch", "liquibase",      "timestamp", "metadata"};
    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        const struct new_file *files;
        size_t count, empty = 0, no_undo = 0;
        auto_free char *clear = xasprintf("rm -rf %s/*", root);
        cr_assert_eq(system(clear), 0);
        put("a/sqitch.plan", "%project=a\n\n");
        if (strcmp(layouts[i], "sqitch") != 0)
            cr_assert_eq(system(clear), 0);
        put("a/.keep", "");
        auto_free char *fleet = xasprintf("fleet: shop\nservices: {a: {migrations: a, layout: %s}}\n", layouts[i]);
        put("fleet.yml", fleet);
        load();
        make("a", "add users", NEW_TYPE_COUNT, &files, &count);
        for (size_t f = 0; f < count; f++)
            put_as(files[f].path, files[f].text, strlen(files[f].text), files[f].append ? "a" : "wx");
        load();
        clean();
        for (size_t f = 0; f < catalog->finding_count; f++) {
            empty += strcmp(catalog->findings[f].rule, "empty") == 0;
            no_undo += strcmp(catalog->findings[f].rule, "no-undo") == 0;
        }
        cr_expect(empty == 1 && no_undo == 1, "%s: %zu %zu", layouts[i], empty, no_undo);
        cr_assert_eq(service(0)->migration_count, 1u, "%s", layouts[i]);
        cr_expect_null(service(0)->migrations[0].down, "%s", layouts[i]);
    }
}
