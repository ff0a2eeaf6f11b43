/* fleet.yml and migration folders: what is read, and what is found. */
#include "base/text.h"
#include "unit/catalog_fixture.h"

TestSuite(catalog, .init = setup, .fini = teardown);

Test(catalog, flyway_names_versions_and_order)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V1_1__one_and_a_bit.sql", "select 1;");
    put("a/V10__ten.SQL", "select 1;");
    put("a/V2.1__two.sql", "select 1;");
    put("a/sub/folder/V2__x__y.sql", "select 1;");
    put("a/V3.sql", "select 1;");
    put("a/V99999999999999999999999999__big.sql", "select 1;");
    put("a/V99999999999999999999999998__smaller.sql", "select 1;");
    put("a/U1_1_0__undo.sql", "select 1;");
    put("a/U7__orphan.sql", "select 1;");
    put("a/README.md", "not read");
    one("");
    cr_expect_str_eq(ids(0), "1 1.1+ 2 2.1 3 10 99999999999999999999999998 99999999999999999999999999", "%s", ids(0));
    cr_expect_str_eq(migration(0, "1.1")->name, "one and a bit");
    cr_expect_str_eq(migration(0, "2")->name, "x  y");
    cr_expect_str_eq(migration(0, "2")->file, "a/sub/folder/V2__x__y.sql");
    cr_expect_str_eq(migration(0, "3")->name, "");
    cr_expect_str_eq(service(0)->layout, "flyway");
    found("orphan-undo", false, "a/U7__orphan.sql", "version 7");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect(catalog_require(catalog, &err));
}

Test(catalog, flyway_refuses_rather_than_skips)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V01.0__again.sql", "select 1;");
    put("a/V1a__bad.sql", "select 1;");
    put("a/V2___x.sql", "select 1;");
    put("a/R__views.sql", "select 1;");
    put("a/B5__base.sql", "select 1;");
    put("a/notes.sql", "select 1;");
    put("a/V9__x.sql.conf", "executeInTransaction=false");
    one("");
    found("duplicate-version", true, "a/V1__one.sql", "a/V01.0__again.sql");
    found("bad-name", true, "a/V1a__bad.sql", "'1a' is no version");
    cr_expect_str_eq(ids(0), "01.0 1 2 B5 R__views", "%s", ids(0));
    found("skipped-file", true, "a/V9__x.sql.conf", "no migration");
    found("skipped-file", true, "a/notes.sql", "none of the flyway layout");
    cr_expect(!catalog_require(catalog, &err));
    cr_expect(err.kind == ERR_INPUT && strstr(err.hint, "more errors"), "%s", err.hint);
    one("    layout: flyway\n");
    found("skipped-file", false, "a/notes.sql", "none of the flyway layout");
}

Test(catalog, golang_migrate_pairs)
{
    put("a/1_one.up.sql", "select 1;");
    put("a/1_uno.down.sql", "select 2;");
    put("a/000002_two.up.sql", "select 3;");
    put("a/3_only.down.sql", "select 3;");
    put("a/10_blank.up.sql", "select 4;");
    put("a/10_blank.down.sql", "-- nothing\n");
    one("");
    cr_expect_str_eq(service(0)->layout, "golang-migrate");
    cr_expect_str_eq(ids(0), "1+ 000002 10", "%s", ids(0));
    cr_expect_str_eq(migration(0, "1")->down_file, "a/1_uno.down.sql");
    found("orphan-undo", false, "a/3_only.down.sql", "version 3");
    found("no-undo", false, "a/000002_two.up.sql", "000002");
    found("no-undo", false, "a/10_blank.up.sql", "a/10_blank.down.sql holds no SQL");
    cr_expect_eq(catalog->error_count, 0u);
}

Test(catalog, golang_migrate_duplicates)
{
    put("a/1_b.up.sql", "select 1;");
    put("a/1_b.down.sql", "select 11;");
    put("a/1_a.up.sql", "select 2;");
    put("a/1_c.down.sql", "select 22;");
    put("a/2_x.up.sql", "select 3;");
    one("");
    found("duplicate-version", true, "a/1_b.up.sql", "a/1_a.up.sql and a/1_b.up.sql");
    one("    duplicate_versions: by-name\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0), "1_a 1_b+ 2_x", "%s", ids(0));
    found("orphan-undo", false, "a/1_c.down.sql", "version 1");
    put("a/sub/1_a.up.sql", "select 4;");
    load();
    found("duplicate-version", true, "a/sub/1_a.up.sql", "version 1 stands twice");
}

Test(catalog, layouts_that_are_mixed_or_unknown)
{
    put("a/V1__one.sql", "select 1;");
    put("a/1_one.up.sql", "select 1;");
    one("");
    found("mixed-layout", true, "a", "golang-migrate: 1 (1_one.up.sql), flyway: 1 (V1__one.sql)");
    one("    layout: golang-migrate\n");
    cr_expect_str_eq(ids(0), "1");
    found("skipped-file", false, "a/V1__one.sql", "golang-migrate");
    put("b/one.sql", "select 1;");
    put("fleet.yml", "fleet: shop\nservices: {b: {migrations: b}}");
    load();
    found("unknown-layout", true, "b", "no known layout fits, for example one.sql");
    put("fleet.yml", "fleet: shop\nservices: {c: {migrations: c}, d: {migrations: d}}");
    put("d/README", "");
    load();
    found("unreadable", true, "c", "No such file");
    found("empty", false, "d", "no .sql file");
}

Test(catalog, flyway_with_sections_is_refused)
{
    put("a/V1__x.sql", "-- UP\nselect 1;\n-- DOWN\nselect 2;\n");
    one("    layout: flyway\n");
    found("metadata", true, "a/V1__x.sql", "would run as a whole");
    one("");
    cr_expect_str_eq(service(0)->layout, "metadata");
    cr_expect_str_eq(ids(0), "1+");
}

Test(catalog, files_that_cannot_be)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V2__latin.sql", "select 1;\n-- caf\xe9\n");
    put_bytes("a/V3__nul.sql", "select\0 1;", 10);
    put("a/V4__bom.sql", "\xef\xbb\xbfselect 1;");
    put("a/V5__big.sql", "");
    put("a/.hidden/V9__x.sql", "select 1;");
    put("outside/V6__x.sql", "select 6;");
    auto_free char *big = in_root("a/V5__big.sql"), *fifo = in_root("a/V7__fifo.sql");
    auto_free char *link_out = in_root("a/V6__x.sql"), *link_in = in_root("a/V8__in.sql");
    auto_free char *link_none = in_root("a/V10__none.sql"), *link_dir = in_root("a/loop");
    auto_free char *odd = in_root("a/V11__\x01\xff.sql"), *dir = in_root("a/V12__dir.sql");
    cr_assert_eq(truncate(big, (32 << 20) + 1), 0);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    cr_assert_eq(symlink("../outside/V6__x.sql", link_out), 0);
    cr_assert_eq(symlink("V1__one.sql", link_in), 0);
    cr_assert_eq(symlink("nowhere.sql", link_none), 0);
    cr_assert_eq(symlink("..", link_dir), 0);
    cr_assert_eq(mkdir(dir, 0700), 0);
    fclose(fopen(odd, "w"));
    one("");
    cr_expect_str_eq(ids(0), "1 4 8", "%s", ids(0));
    cr_expect_str_eq(migration(0, "4")->up, migration(0, "1")->up);
    cr_expect_str_eq(catalog_blob(catalog, migration(0, "4")->up)->text, "select 1;");
    cr_expect_eq(found("not-utf8", true, "a/V2__latin.sql", "byte 17 (0xe9)")->line, 2);
    found("not-utf8", true, "a/V3__nul.sql", "byte 7 is NUL");
    found("too-large", true, "a/V5__big.sql", "33554433 bytes");
    found("unreadable", true, "a/V6__x.sql", "leads out");
    found("unreadable", true, "a/V7__fifo.sql", "not a regular file");
    found("unreadable", true, "a/V10__none.sql", "leads nowhere");
    found("skipped-file", false, "a/loop", "not followed");
    found("unreadable", true, "a/V11__\\x01\\xff.sql", "not UTF-8");
}

Test(catalog, blobs_are_found_by_digest)
{
    put("a/V1__one.sql", "select 1;");
    put("a/V2__same.sql", "select 1;");
    put("a/V3__other.sql", "select 3;");
    one("");
    cr_expect_eq(catalog->blob_count, 2u);
    char hex[DIGEST_TEXT_SIZE];
    digest_hex("select 3;", 9, hex);
    const struct catalog_blob *blob = catalog_blob(catalog, hex);
    cr_assert_not_null(blob);
    cr_expect(blob->size == 9 && strcmp(blob->text, "select 3;") == 0);
    cr_expect_null(catalog_blob(catalog, "0000"));
    cr_expect_null(catalog_blob(catalog, "x0000000000000000000000000000000000000000000000000000000000000000000000"));
}

Test(catalog, what_the_parser_sees)
{
    put("a/V1__index.sql", "create index concurrently i on t(x);");
    put("a/V2__newer.sql", "select 1;\nselect from from;\n");
    put("a/V3__program.sql", "copy t from program 'rm';");
    put("a/V4__stray.sql", "insert into t values (1);\nrollback;\ninsert into t values (2);");
    put("a/V5__own.sql", "begin;\nselect 1;\ncommit;");
    put("a/V6__units.sql", "begin;\nselect 1;\ncommit;\nbegin;\nselect 2;\ncommit;\nselect 3;");
    one("");
    cr_expect(migration(0, "1")->no_transaction && !migration(0, "2")->no_transaction);
    cr_expect_eq(found("unparsed", false, "a/V2__newer.sql", "cannot be analysed")->line, 2);
    found("transaction", true, "a/V3__program.sql", "not allowed");
    cr_expect_eq(found("transaction", true, "a/V4__stray.sql", "transaction control")->line, 2);
    for (size_t i = 0; i < catalog->finding_count; i++)
        cr_expect(strcmp(catalog->findings[i].file, "a/V5__own.sql") && strcmp(catalog->findings[i].file,
                                                                               "a/V6__units.sql"));
    cr_expect(!migration(0, "6")->no_transaction); /* the worker sees what it is */
}

/* The way to ask for it that every layout has. */
Test(catalog, a_file_asks_to_run_outside_a_transaction)
{
    put("a/1_fill.up.sql", "-- Transaction: false\ncall fill();");
    put("a/1_fill.down.sql", "select 1;");
    put("a/2_next.up.sql", "-- Transaction: true\nselect 1;\n-- Transaction: false\n");
    put("a/2_next.down.sql", "select 1;");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect(migration(0, "1")->no_transaction && !migration(0, "2")->no_transaction);
}

Test(catalog, dependencies_in_headers)
{
    put("a/V1__one.sql", "-- Migration: x\n-- Author: ann\n-- Dependencies: none\nselect 1;");
    put("a/V2__two.sql", "\n-- Dependencies: b-service:1.0, V1\n-- Depends-on: [\"b:2\"]\n\nselect 1;\n-- "
                         "Dependencies: nope");
    put("a/V3__three.sql", "-- dependencies: 7\nselect 1;");
    put("b/V1__one.sql", "select 1;");
    put("b/V2__two.sql", "-- Service: a\nselect 1;");
    put("b/V7__seven.sql", "select 1;");
    one("  b:\n    migrations: b\n    aliases: [b-service]\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(migration(0, "1")->author, "ann");
    cr_expect_eq(migration(0, "1")->depends_count, 0u);
    const struct migration *two = migration(0, "2"), *three = migration(0, "3");
    cr_assert_eq(two->depends_count, 3u);
    cr_expect(strcmp(two->depends[0].service, "b") == 0 && strcmp(two->depends[0].version, "1") == 0);
    cr_expect(strcmp(two->depends[1].service, "a") == 0 && strcmp(two->depends[1].version, "1") == 0);
    cr_expect(strcmp(two->depends[2].service, "b") == 0 && strcmp(two->depends[2].version, "2") == 0);
    cr_expect_str_eq(two->depends[2].where, "a/V2__two.sql:3");
    cr_assert_eq(three->depends_count, 1u);
    cr_expect_str_eq(three->depends[0].service, "b");
    cr_expect_eq(found("contradiction", false, "b/V2__two.sql", "says it is of service a")->line, 1);
}

Test(catalog, dependencies_that_cannot_be)
{
    put("a/V1__one.sql", "-- Dependencies: c:1, b:9, 5, 3\nselect 1;");
    put("b/V3__x.sql", "select 1;");
    put("c/V3__x.sql", "select 1;");
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: a}, b: {migrations: b}, d: {migrations: c}}");
    load();
    found("missing-dependency", false, "a/V1__one.sql", "a:1 depends on 'c:1', but there is no service or alias 'c'");
    found("missing-dependency", false, "a/V1__one.sql", "a:1 depends on 'b:9', but service b has no such migration");
    cr_assert_eq(migration(0, "1")->depends_count, 2u); /* whether that matters, the plan knows */
    cr_expect_str_eq(migration(0, "1")->depends[0].service, "c");
    cr_expect_str_eq(migration(0, "1")->depends[1].version, "9");
    found("missing-dependency", true, "a/V1__one.sql", "a:1 depends on '5', but no service has such a migration");
    found("ambiguous-dependency", true, "a/V1__one.sql", "a:1 depends on '3', which 2 migrations could be");
}

Test(catalog, ranges_of_versions)
{
    put("b/V3__x.sql", "select 1;\n");
    put("a/V1__x.sql", "-- Dependencies: b >= 2, user-service<4, b:>V2.1 , b:3\nselect 1;\n");
    one("  b:\n    migrations: b\n    aliases: [user-service]\n");
    cr_expect_eq(catalog->error_count, 0u);
    const struct migration *first = migration(0, "1");
    cr_assert_eq(first->depends_count, 4u);
    static const struct {
        enum range range;
        const char *version;
    } wanted[] = {{RANGE_AT_LEAST, "2"}, {RANGE_BELOW, "4"}, {RANGE_ABOVE, "2.1"}, {RANGE_EXACTLY, "3"}};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        cr_expect_str_eq(first->depends[i].service, "b");
        cr_expect_eq(first->depends[i].range, wanted[i].range, "%zu", i);
        cr_expect_str_eq(first->depends[i].version, wanted[i].version);
    }
    put("a/V1__x.sql", "-- Dependencies: b >= 2, b:3\n-- Dependencies: b:3, b > 2, user-service >= 2\nselect 1;\n");
    load();
    cr_expect_eq(migration(0, "1")->depends_count, 3u); /* what is said twice counts once */
    put("a/V1__x.sql", "-- Dependencies: c >= 2, b => 2, b >= x, b >=\nselect 1;\n");
    load();
    found("missing-dependency", false, "a/V1__x.sql", "c>=2', which names no service");
    found("missing-dependency", true, "a/V1__x.sql", "b=>2', which compares with none");
    found("missing-dependency", true, "a/V1__x.sql", "b>=x', which names no version");
    found("missing-dependency", true, "a/V1__x.sql", "b>=', which names no version");
}

Test(catalog, folders_are_categories)
{
    put("a/DDL/V1__x.sql", "select 1;");
    put("a/stored procedures/V2__x.sql", "select 1;");
    put("a/dml/Stored_Procedures/V3__x.sql", "select 1;");
    put("a/stored/V4__x.sql", "select 1;");
    put("a/seeds/more/V5__x.sql", "select 1;");
    one("");
    cr_expect_str_eq(migration(0, "1")->category, "ddl");
    cr_expect_str_eq(migration(0, "2")->category, "procedures");
    cr_expect_str_eq(migration(0, "3")->category, "procedures");
    cr_expect_null(migration(0, "4")->category);
    cr_expect_str_eq(migration(0, "5")->category, "seeds");
}

/* dbmate's order is that of names; so is the one of what is declared. */
Test(catalog, ranges_of_numbers_in_an_order_of_names)
{
    put("a/V1__x.sql", "-- Dependencies: b >= 20240301, c > 2\nselect 1;\n");
    put("b/20240115_x.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n");
    put("b/20240301_y.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n");
    put("c/.keep", "");
    one("  b: {migrations: b}\n  c: {migrations: c, layout: declared, versions: [{version: \"2\"}, {version: "
        "\"10\"}]}\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_eq(migration(0, "1")->depends_count, 2u);
    put("b/9_z.sql", "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n"); /* behind them, for dbmate */
    load();
    found("missing-dependency", true, "a/V1__x.sql",
          "'b>=20240301', which compares versions that are no numbers, or do not stand");
    one("  b: {migrations: b, layout: declared, versions: [{version: 1a2b}]}\n");
    found("missing-dependency", true, "a/V1__x.sql", "'b>=20240301', which compares versions that are no numbers");
}

Test(catalog, dependency_file)
{
    put("a/V20240101_001__x.sql", "select 1;");
    put("b/V20240101_002__x.sql", "select 1;");
    put("b/migration-dependencies.yml",
        "migrations:\n  - version: \"20240101_001\"\n    service: \"auth-service\"\n    dependencies: []\n"
        "  - version: \"20240101_002\"\n    service: \"user-service\"\n    dependencies: [\"20240101_001\"]\n");
    const char *fleet = "fleet: shop\nservices:\n  auth: {migrations: a, aliases: [auth-service]}\n"
                        "  user: {migrations: b, aliases: [user-service]}\n";
    put("fleet.yml", fleet);
    load();
    cr_expect_eq(catalog->error_count, 0u);
    const struct migration *second = &service(1)->migrations[0];
    cr_assert_eq(second->depends_count, 1u);
    cr_expect_str_eq(second->depends[0].service, "auth");
    cr_expect_str_eq(second->depends[0].version, "20240101.001");
    cr_expect_str_eq(second->depends[0].where, "b/migration-dependencies.yml:7");
    put("b/migration-dependencies.yml", "migrations:\n  - version: \"20240101_002\"\n    service: auth-service\n"
                                        "  - {version: \"9\", service: auth}\n  - {version: \"9\", service: nobody}\n");
    load();
    cr_expect_eq(found("contradiction", true, "b/migration-dependencies.yml",
                       "said to be of service auth, which has none; user has it")
                     ->line,
                 2);
    found("missing-dependency", true, "b/migration-dependencies.yml", "service auth has no migration 9");
    found("dependency-file", true, "b/migration-dependencies.yml", "no service or alias 'nobody'");
    put("b/migration-dependencies.yml", "migratons: []\n");
    load();
    found("dependency-file", true, "b/migration-dependencies.yml", "did you mean 'migrations'?");
    put("b/migration-dependencies.yml",
        "migrations:\n  - {version: \"20240101_002\", colour: red}\n  - {versoin: x}\n");
    load();
    const struct catalog_finding *first = found("dependency-file", true, "b/migration-dependencies.yml", "unknown key"),
                                 *other = found("dependency-file", true, "b/migration-dependencies.yml", "versoin");
    cr_expect(first->line == 2 && first->column > 1 && text_starts(first->text, "unknown key"), "%s", first->text);
    cr_expect_eq(other->line, 3);
}

/* fleet.yml itself. */

Test(catalog, policies_and_targets_of_an_environment)
{
    put("a/V1__one.sql", "select 1;");
    put("fleet.yml", "fleet: shop\ndefaults: {on_failure: halt, lock_timeout: 1s, retries: 2}\nservices:\n"
                     "  auth: {migrations: a, targets: [a1, a2], lock_timeout: 7s}\n"
                     "  user: {migrations: a, depends_on: [auth-service]}\n"
                     "  crm: {migrations: a}\n"
                     "environments:\n  dev: {}\n  production:\n    targets: {auth: [eu, us], crm: []}\n"
                     "    lock_timeout: 3s\n    on_failure: rollback-release\n"
                     "dev: {targets: {a1: {database: shop, schema: auth}, eu: {}}}\n");
    cr_expect(!read_fleet(NULL), "an alias nobody has");
    cr_expect(strstr(err.text, "fleet.yml:5:38: there is no service 'auth-service'") != NULL, "%s", err.text);
    put("fleet.yml", "fleet: shop\ndefaults: {on_failure: halt, lock_timeout: 1s, retries: 2}\nservices:\n"
                     "  auth: {migrations: a, aliases: [auth-service], targets: [a1, a2], lock_timeout: 7s}\n"
                     "  user: {migrations: a, depends_on: [auth-service]}\n"
                     "  crm: {migrations: a}\n"
                     "environments:\n  dev: {}\n  production:\n    targets: {auth: [eu, us], crm: []}\n"
                     "    lock_timeout: 3s\n    on_failure: rollback-release\n"
                     "dev: {targets: {a1: {database: shop, schema: auth}, eu: {}}}\n");
    load();
    cr_expect_str_eq(catalog->fleet.environment, "dev");
    cr_expect_eq(service(0)->target_count, 2u);
    cr_expect_str_eq(service(1)->targets[0], "user");
    cr_expect_str_eq(service(1)->depends_on[0], "auth");
    cr_expect_eq(service(0)->policy.lock_timeout_ms, 7000);
    cr_expect_eq(service(1)->policy.lock_timeout_ms, 1000);
    cr_expect_eq(service(1)->policy.statement_timeout_ms, 900000);
    cr_expect(service(1)->policy.retries == 2 && service(1)->policy.on_failure == ON_FAILURE_HALT);
    cr_assert_eq(catalog->dev_target_count, 2u);
    cr_expect_str_eq(catalog->dev_targets[0].database, "shop");
    cr_expect_null(catalog->dev_targets[1].schema);
    cr_assert(read_fleet("production"), "%s", err.text);
    cr_expect_str_eq(service(0)->targets[1], "us");
    cr_expect_eq(service(2)->target_count, 0u);
    cr_expect_eq(service(0)->policy.lock_timeout_ms, 7000);
    cr_expect_eq(service(1)->policy.lock_timeout_ms, 3000);
    cr_expect_eq(service(1)->policy.on_failure, ON_FAILURE_ROLLBACK_RELEASE);
    cr_expect(!read_fleet("prodution"));
    cr_expect_str_eq(err.hint, "did you mean 'production'?");
}

Test(catalog, the_fleet_travels)
{
    put("a/1_one.up.sql", "select 1;");
    put("a/1_one.down.sql", "select 1;");
    one("");
    auto_free char *json = fleet_encode(&catalog->fleet);
    auto_arena struct arena arena = ARENA_INIT;
    struct fleet fleet;
    cr_assert(fleet_decode(json, strlen(json), &arena, &fleet, &err), "%s", err.text);
    cr_expect_str_eq(fleet.services[0].migrations[0].up, service(0)->migrations[0].up);
}

Test(catalog, mistakes_in_the_fleet_file)
{
    refused("fleet: shop\n", "services is missing");
    refused("fleet: shop\nservices: {}\n", "services has 0 entries");
    refused("fleet: Shop\nservices: {a: {migrations: a}}\n", "fleet: 'Shop' is not a name");
    refused("fleet: shop\nservices: {a_b: {migrations: a}}\n", "services: 'a_b' is not a name");
    refused("fleet: shop\nservices: {a: {}}\n", "services.a.migrations is missing");
    refused("fleet: shop\nservices: {a: {migratoins: a}}\n", "did you mean 'migrations'?");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: atlas}}\n", "'atlas' is known but not built yet");
    refused("fleet: shop\nservices: {a: {migrations: a, layout: flywy}}\n", "'flywy' is unknown; known: ");
    refused("fleet: shop\nservices: {a: {migrations: a, duplicate_versions: maybe}}\n", "'maybe' is unknown");
    refused("fleet: shop\nservices: {a: {migrations: a, depends_on: [b]}}\n", ":2:44: there is no service 'b'");
    refused("fleet: shop\nservices: {a: {migrations: a, depends_on: [a]}}\n", "service a depends on itself");
    refused("fleet: shop\nservices: {a: {migrations: a, approvals: 2}}\n",
            "services.a.approvals is known but not built yet");
    refused("fleet: shop\nservices: {a: {migrations: a}}\nenvironments: {p: {window: x}}\n",
            "environments.p.window is known but not built yet (maintenance windows)");
    refused("fleet: shop\ndefaults: {on_failure: continue}\nservices: {a: {migrations: a}}\n",
            "defaults.on_failure: 'continue' is known but not built yet");
    refused("fleet: shop\ndefaults: {retries: 010}\nservices: {a: {migrations: a}}\n", "not a whole number");
    refused("fleet: shop\ndefaults: {lock_timeout: 0s}\nservices: {a: {migrations: a}}\n", "out of range");
    refused("fleet: shop\nservices: {a: {migrations: a, targets: [x]}, b: {migrations: a, targets: [x]}}\n",
            "the target 'x' stands twice in environment dev: services a and b");
    refused("fleet: shop\nservices: {a: {migrations: a, targets: [x, x]}}\n", "stands twice");
    refused("fleet: shop\nservices: {a: {migrations: a, aliases: [b]}, b: {migrations: b}}\n", "also names service b");
    refused("fleet: shop\nservices: {a: {migrations: a}}\nenvironments: {p: {targets: {b: [x]}}}\n",
            "there is no service 'b'");
    refused("fleet: shop\nservices: {a: {migrations: a}}\ndev: {targets: {x: {}}}\n", "no service has a target 'x'");
    refused("fleet: shop\nservices: {a: {migrations: a}}\nenvironments: {p: {}, q: {}}\n",
            "there is no environment 'dev'");
}
