/* What --fix makes of a text, and what it leaves alone. */
#include "unit/lint_fixture.h"

#define ENDS (1u << LINT_LINE_ENDINGS)
#define NEWLINE (1u << LINT_FINAL_NEWLINE)
#define HEADER (1u << LINT_MISSING_HEADER)

static const struct {
    const char *version, *before, *after; /* after NULL: nothing can be mended */
    unsigned rules;
} cases[] = {
    {"1", "SELECT 1;\r\nSELECT 2;\r\n", "SELECT 1;\nSELECT 2;\n", ENDS},
    {"1", "\xEF\xBB\xBFSELECT 1;\r\n", "\xEF\xBB\xBFSELECT 1;\n", ENDS},
    {"1", "SELECT 1;\r\r\nSELECT\r2;\n", "SELECT 1;\nSELECT\r2;\n", ENDS},
    {"1", "SELECT 1;\r\n", NULL, NEWLINE},
    {"1", "SELECT 'a\r\nb';\r\n", NULL, ENDS},
    {"1", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\r\nSELECT 1 $$;\r\n", NULL, ENDS},
    {"1", "SELECT \"a\r\nb\";\r\n", NULL, ENDS},
    {"1", "SELEC 1;\r\n", NULL, ENDS},
    {"1", "SELECT 1", "SELECT 1\n", NEWLINE},
    {"1", "SELECT 1\r", NULL, NEWLINE}, /* it would make a CRLF */
    {"1", "SELECT 1;\r\nSELECT 2", "SELECT 1;\nSELECT 2\n", ENDS | NEWLINE},
    {"20240131120000", "SELECT 1;\n", "-- Migration: it does\n-- Service: shop\n-- Date: 2024-01-31\nSELECT 1;\n",
     HEADER},
    {"20241331", "-- Service: x\nSELECT 1;\n", "-- Migration: it does\n-- Service: x\nSELECT 1;\n", HEADER},
    {"1", "-- Migration: a\n-- Service: x\nSELECT 1;\n", NULL, HEADER}, /* author and date are not known */
};

Test(lint_fix, mends_without_changing_what_is_done)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        auto_buf struct buf out = BUF_INIT(BUF_MAX), again = BUF_INIT(BUF_MAX);
        struct lint_migration migration = migration_of(cases[i].before, NULL, 1);
        migration.version = cases[i].version;
        if (memcmp(cases[i].before, "\xEF\xBB\xBF", 3) == 0) /* the catalog leaves it out */
            migration.up.sql += 3, migration.up.size -= 3;
        bool fixed = lint_fix(&migration, &migration.up, cases[i].rules, &out);
        cr_expect_eq(fixed, cases[i].after != NULL, "case %zu: <%s>", i, buf_text(&out));
        if (!cases[i].after || !fixed)
            continue;
        cr_expect_str_eq(buf_text(&out), cases[i].after, "case %zu: <%s>", i, buf_text(&out));
        migration.up = text_of(buf_text(&out), "m/V1.sql");
        cr_expect_not(lint_fix(&migration, &migration.up, cases[i].rules & ~HEADER, &again), "case %zu", i);
    }
    arena_release(&arena);
}

Test(lint_fix, sections_and_undo_files)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX), down = BUF_INIT(BUF_MAX), both = BUF_INIT(BUF_MAX);
    struct lint_migration migration = migration_of("SELECT 1;\n", "SELECT 2;\n", 1);
    cr_expect(lint_fix(&migration, &migration.down, HEADER, &down));
    cr_expect(strstr(buf_text(&down), "-- Rollback: it does\n"), "%s", buf_text(&down));
    /* a header would stand in front of the markers of a layout with sections */
    migration.up.whole = "-- UP\nSELECT 1;\n-- DOWN\nSELECT '\r\n';\r\n";
    migration.up.whole_size = strlen(migration.up.whole);
    cr_expect_not(lint_fix(&migration, &migration.up, HEADER, &out), "%s", buf_text(&out));
    migration.down = migration.up;
    migration.down.sql = strstr(migration.up.whole, "SELECT '");
    migration.down.size = strlen(migration.down.sql);
    cr_expect_not(lint_fix(&migration, &migration.up, ENDS, &both), "%s",
                  buf_text(&both)); /* the other half's string */
    cr_expect(lint_rule_can_fix(LINT_LINE_ENDINGS) && !lint_rule_can_fix(LINT_TABLE_COPY));
    arena_release(&arena);
}
