/* Diesel's layout: folders, their versions, metadata.toml. */
#include "unit/catalog_fixture.h"

TestSuite(diesel, .init = setup, .fini = teardown);

Test(diesel, folders_in_the_order_of_their_versions)
{
    put("a/00000000000000_diesel_initial_setup/up.sql", "select 1;");
    put("a/00000000000000_diesel_initial_setup/down.sql", "select 1;");
    put("a/2026-03-08-202630-0000_longer/up.sql", "select 1;");
    put("a/20260308202631_shorter/up.sql", "select 1;");
    put("a/2027-01-01-000000/up.sql", "select 1;");
    put("a/9_short_numbers_are_late/up.sql", "select 1;");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(service(0)->layout, "diesel");
    cr_expect_eq(service(0)->history, HISTORY_DIESEL);
    cr_expect_str_eq(ids(0), "00000000000000+ 2026-03-08-202630-0000 20260308202631 2027-01-01-000000 9", "%s", ids(0));
    cr_expect_str_eq(migration(0, "2026-03-08-202630-0000")->script, "202603082026300000");
    cr_expect_str_eq(migration(0, "2026-03-08-202630-0000")->name, "longer");
    cr_expect_str_eq(migration(0, "2027-01-01-000000")->name, "");
    found("no-undo", false, "a/9_short_numbers_are_late/up.sql", "version 9");
}

Test(diesel, one_version_with_and_without_dashes)
{
    put("a/2026-03-08-202630_x/up.sql", "select 1;");
    put("a/20260308202630_y/up.sql", "select 1;");
    put("a/2026-03-08-202631_z/down.sql", "select 1;");
    put("a/2026-03-08-202632_w/up.sql", "-- Dependencies: 20260308202632, 2026-03-08-202633\nselect 1;");
    put("a/2026-03-08-202633_v/up.sql", "select 1;");
    one("");
    found("duplicate-version", true, "a/20260308202630_y/up.sql", "stands twice");
    found("orphan-undo", false, "a/2026-03-08-202631_z/down.sql", "2026-03-08-202631");
    cr_expect_eq(migration(0, "2026-03-08-202632")->depends_count, 2u);
    cr_expect_str_eq(migration(0, "2026-03-08-202632")->depends[0].version, "2026-03-08-202632");
}

Test(diesel, any_word_is_a_version)
{
    put("a/2026-01-01-000000_x/up.sql", "select 1;");
    put("a/2026-01-01-000000.5_half_a_second/up.sql", "select 1;");
    put("a/create_users/up.sql", "-- Dependencies: 2026-01-01-000000.5\nselect 1;");
    put("a/_x/down.sql", "select 1;");
    put("a/2026-01-02-000000_x/other.sql", "select 1;");
    put("a/up.sql", "select 1;");
    one("    layout: diesel\n");
    cr_expect_str_eq(ids(0), "2026-01-01-000000 2026-01-01-000000.5 create", "%s", ids(0));
    cr_expect_eq(migration(0, "create")->depends_count, 1u);
    found("bad-name", true, "a/_x/down.sql", "begins with no version");
    found("skipped-file", false, "a/2026-01-02-000000_x/other.sql", "none of the diesel layout");
    found("skipped-file", false, "a/up.sql", "none of the diesel layout");
    one("");
    found("skipped-file", true, "a/create_users/up.sql", "none of the diesel layout");
}

Test(diesel, run_in_transaction)
{
    put("a/2026-01-01-000000_x/up.sql", "select 1;");
    put("a/2026-01-01-000000_x/metadata.toml", "# index\r\n\r\n  run_in_transaction=false # outside\r\n");
    put("a/sub/2026-01-02-000000_y/up.sql", "select 1;");
    put("a/sub/2026-01-02-000000_y/metadata.toml", "run_in_transaction = true");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect(migration(0, "2026-01-01-000000")->no_transaction);
    cr_expect(!migration(0, "2026-01-02-000000")->no_transaction);
}

Test(diesel, metadata_that_cannot_be_followed)
{
    static const struct {
        const char *text, *found;
        int line;
    } cases[] = {
        {"", "run_in_transaction is not there", 0},
        {"run_in_transaction = False", "run_in_transaction has to be true or false", 1},
        {"run_in_transaction = \"false\"", "cannot be read as a value", 1},
        {"run_in_transaction: false", "'run_in_transaction: false' is not key=value", 1},
        {"\n[migration]\nrun_in_transaction = false", "'[migration]' is not key=value", 2},
        {"run_in_transactions = false", "'run_in_transactions' is no setting", 1},
        {"run_in_transaction = false\nrun_in_transaction = false", "stands twice", 2},
        {"! run_in_transaction = false", "is no setting", 1},
    };
    put("a/1_x/up.sql", "select 1;");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put("a/1_x/metadata.toml", cases[i].text);
        one("");
        cr_expect_eq(found("script-settings", true, "a/1_x/metadata.toml", cases[i].found)->line, cases[i].line);
    }
    put("a/1_x/metadata.toml", "run_in_transaction = true");
    put("a/2_x/metadata.toml", "run_in_transaction = false");
    load();
    found("skipped-file", true, "a/2_x/metadata.toml", "no migration of the diesel layout");
}
