/* `mirror_history`: what a tool's own table cannot hold is refused before anything runs. */
#include "unit/catalog_fixture.h"

TestSuite(mirror, .init = setup, .fini = teardown);

#define MIRROR "    mirror_history: true\n"
#define FIFTY "12345678901234567890123456789012345678901234567890"

Test(mirror, what_fits_is_kept)
{
    put("a/V" FIFTY "__a.sql", "select 1;\n");
    put("a/U" FIFTY "__a.sql", "select 1;\n");
    put("a/R__" FIFTY FIFTY ".sql", "select 1;\n");
    one(MIRROR);
    clean();
    cr_expect(service(0)->mirror);
}

Test(mirror, flyways_version_is_too_long)
{
    put("a/V" FIFTY ".1__a.sql", "select 1;\n");
    one(MIRROR);
    found("mirror", true, "a/V" FIFTY ".1__a.sql",
          "a version of 52 characters has no room in flyway's table, which takes 50");
    one("");
    clean();
}

Test(mirror, diesel_drops_dashes)
{
    put("a/12345678901234567890-12345678901234567890-1234567890_a/up.sql", "select 1;\n");
    put("a/12345678901234567890-12345678901234567890-12345678901_b/up.sql", "select 1;\n");
    one(MIRROR);
    found("mirror", true, "a/12345678901234567890-12345678901234567890-12345678901_b/up.sql", "51 characters");
}

Test(mirror, numbers_above_a_bigint)
{
    put("a/009223372036854775807_a.up.sql", "select 1;\n");
    put("a/9223372036854775808_b.up.sql", "select 1;\n");
    one("    layout: golang-migrate\n" MIRROR);
    found("mirror", true, "a/9223372036854775808_b.up.sql", "higher than golang-migrate's table can hold");
}

Test(mirror, layouts_whose_record_is_not_kept)
{
    put("a/1.sql", "-- @metadata {\"version\": \"1\"}\n-- UP\nselect 1;\n-- DOWN\nselect 1;\n");
    one("    layout: metadata\n" MIRROR);
    found("mirror", true, "a", "layout metadata: no tool keeps a record");
    one("    layout: alembic\n    versions: [{version: 1a}]\n" MIRROR);
    found("mirror", true, "a", "Alembic alone knows");
}

Test(mirror, sqitchs_record_is_a_schema)
{
    put("a/sqitch.plan", "%project=a\n\nusers 2024-01-01T08:00:00Z Ann Other <ann@example.org>\n");
    put("a/deploy/users.sql", "select 1;\n");
    put("a/revert/users.sql", "select 1;\n");
    one("    history_table: reg\n" MIRROR);
    clean();
    one("    history_table: reg.changes\n" MIRROR);
    clean();
    one("    history_table: reg.history\n");
    found("mirror", true, "a", "`history_table: reg.history`: sqitch's record is always called changes");
}
