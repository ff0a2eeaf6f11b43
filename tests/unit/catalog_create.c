/* New migrations: which version, where, and that what is made is a migration of that layout. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "catalog/create.h"

#define NOW_US 1705311000000000LL /* 2024-01-15T09:30:00Z */

static char root[] = "/tmp/greylag-create-XXXXXX";
static struct catalog *catalog;
static struct arena arena;

static void setup(void)
{
    cr_assert_not_null(mkdtemp(root));
}

static void teardown(void)
{
    catalog_free(catalog);
    arena_release(&arena);
    auto_free char *command = xasprintf("rm -rf %s", root);
    cr_expect_eq(system(command), 0);
}

TestSuite(create, .init = setup, .fini = teardown);

static void put(const char *path, const char *text, const char *mode)
{
    auto_free char *full = xasprintf("%s/%s", root, path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        cr_assert(mkdir(full, 0700) == 0 || errno == EEXIST);
        *p = '/';
    }
    auto_file FILE *file = fopen(full, mode);
    cr_assert_not_null(file, "%s", full);
    fputs(text, file);
}

static void load(void)
{
    struct err err = ERR_INIT;
    auto_free char *path = xasprintf("%s/fleet.yml", root);
    catalog_free(catalog);
    catalog = NULL;
    cr_assert(catalog_load(path, NULL, NULL, NULL, &catalog, &err), "%s", err.text);
}

static const char *make(const char *service, const char *title, enum new_type type, const struct new_file **ret_files,
                        size_t *ret_count)
{
    struct err err = ERR_INIT;
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
        put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n", "w");
        put(cases[i].file, cases[i].text, "w");
        load();
        cr_assert_eq(catalog->error_count, 0u, "%s: %s", cases[i].file, catalog->findings[0].text);
        cr_expect_str_eq(catalog->fleet.services[0].layout, cases[i].layout);
        const char *version = make("a", "add Users' table", NEW_TYPE_COUNT, &files, &count);
        cr_expect_str_eq(version, cases[i].version, "%s: %s", cases[i].file, version);
        for (size_t f = 0; f < count; f++)
            put(files[f].path, files[f].text, files[f].append ? "a" : "wx");
        load();
        cr_assert_eq(catalog->error_count, 0u, "%s: %s", cases[i].file, catalog->error_count ? catalog->findings[0].text : "");
        const struct service *service = &catalog->fleet.services[0];
        cr_expect_str_eq(service->migrations[service->migration_count - 1].version, version);
    }
}

/* dbmate goes by the names of files: 10_ stands before 9_, and nothing can stand behind that. */
Test(create, a_number_that_is_taken_gives_way_to_the_time)
{
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n", "w");
    put("a/9_x.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n", "w");
    put("a/10_y.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n", "w");
    load();
    const char *version = make("a", "z", NEW_TYPE_COUNT, &files, &count);
    cr_expect_str_eq(version, "20240115093000", "%s", version);
}

Test(create, a_type_has_its_folder)
{
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}}\n", "w");
    put("a/ddl/V1__x.sql", "select 1;", "w");
    put("a/dml/V2__x.sql", "select 1;", "w");
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
    struct err err = ERR_INIT;
    const char *version;
    const struct new_file *files;
    size_t count;
    put("fleet.yml", "fleet: shop\nservices: {auth: {migrations: a}}\n", "w");
    put("a/V1__x.sql", "select 1;", "w");
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
