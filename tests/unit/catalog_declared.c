/* Migrations that the fleet file declares: Alembic's, and anything else that greylag does not read. */
#include "unit/catalog_fixture.h"

TestSuite(declared, .init = setup, .fini = teardown);

Test(declared, versions_in_their_order_with_what_comes_before)
{
    put("a/versions/1a_one.py", "revision = '1a'\n");
    put("a/versions/2b_two.py", "\xff");
    put("b/V7__x.sql", "select 1;");
    put("fleet.yml", "fleet: shop\nservices:\n  a:\n    migrations: a\n    layout: alembic\n    versions:\n"
                     "      - {version: 1a, name: one, file: versions/1a_one.py, category: data}\n"
                     "      - version: \"2b\"\n        depends: [1a, \"b:7\",\n          b >= 5]\n  b: {migrations: "
                     "b}\n");
    load();
    clean();
    cr_expect_str_eq(service(0)->layout, "alembic");
    cr_expect_eq(service(0)->history, HISTORY_ALEMBIC);
    cr_expect_str_eq(ids(0), "1a 2b", "%s", ids(0));
    const struct migration *one = migration(0, "1a"), *two = migration(0, "2b");
    cr_expect(strcmp(one->file, "a/versions/1a_one.py") == 0 && strcmp(two->file, "fleet.yml") == 0);
    cr_expect(strcmp(one->name, "one") == 0 && strcmp(one->category, "data") == 0 && *two->name == 0);
    cr_expect(strstr(one->refused, "Alembic") && strstr(two->refused, "Alembic"));
    cr_assert_eq(two->depends_count, 3u);
    cr_expect(strcmp(two->depends[0].version, "1a") == 0 && strcmp(two->depends[0].where, "fleet.yml:9") == 0, "%s",
              two->depends[0].where);
    cr_expect(strcmp(two->depends[1].service, "b") == 0 && two->depends[2].range == RANGE_AT_LEAST);
    cr_expect_str_eq(two->depends[2].where, "fleet.yml:10");
    struct err why = ERR_INIT;
    cr_expect(catalog_require(catalog, &why), "%s", why.text);
}

Test(declared, mistakes)
{
    put("a/x.sql", "select 1;");
    put("fleet.yml", "fleet: shop\nservices:\n  a:\n    migrations: a\n    layout: declared\n    versions:\n"
                     "      - {version: x, file: none.py}\n      - {version: y, depends: [z]}\n      - {version: x}\n");
    load();
    cr_expect_str_eq(service(0)->layout, "declared");
    cr_expect_eq(service(0)->history, HISTORY_NONE);
    cr_expect_eq(found("declared", true, "fleet.yml", "a has no file none.py")->line, 7);
    cr_expect_eq(found("missing-dependency", true, "fleet.yml", "a:y depends on 'z'")->line, 8);
    cr_expect_eq(found("duplicate-version", true, "fleet.yml", "x stands twice")->line, 9);
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a, layout: alembic}}\n");
    load();
    found("empty", false, "a", "no migration is declared");
    refused("fleet: shop\nservices: {a: {migrations: a, versions: [{version: x}]}}\n", "goes with `layout: declared`");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: flyway, versions: [{version: x}]}}\n",
            "goes with `layout: declared`");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: declared, versions: [{name: x}]}}\n", "version");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: sqitch, liquibase: {path_prefix: x}}}\n",
            "goes with `layout: liquibase`");
}

Test(declared, the_hand_written_fleet)
{
    catalog_free(catalog);
    cr_assert(catalog_load(GREYLAG_SOURCE_DIR "/tests/fleets/alembic/fleet.yml", NULL, NULL, NULL, &catalog, &err),
              "%s", err.text);
    clean();
    cr_expect_eq(service(0)->migration_count, 20u);
    cr_expect_eq(migration(0, "e0000000f001")->depends_count, 2u);
}
