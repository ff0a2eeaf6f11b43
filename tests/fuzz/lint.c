/* One migration's text (its undo behind a form feed) with every rule switched on: places lie in the file, comments
 * never break it, and a mended file has nothing left to mend. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lint/lint.h"

static int count_lines(const char *text)
{
    int lines = 1;
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    return lines;
}

static struct lint_text text_of(const char *sql, const char *file)
{
    return (struct lint_text){.sql = sql, .size = strlen(sql), .file = file, .whole = sql, .whole_size = strlen(sql)};
}

static unsigned check(const struct lint_migration *migration, struct arena *arena)
{
    struct lint_policy policy;
    const struct lint_finding *findings;
    size_t count;
    unsigned mendable = 0;
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        policy.severity[i] = LINT_WARNING;
    struct lint *lint = lint_begin(&policy, arena);
    lint_add(lint, migration);
    lint_add(lint, migration); /* again, over the schema that it has left */
    lint_end(lint, &findings, &count);
    for (size_t i = 0; i < count; i++) {
        bool down = strcmp(findings[i].file, "U1.sql") == 0;
        const char *text = down ? migration->down.sql : migration->up.sql;
        if (findings[i].line < 0 || findings[i].line > count_lines(text) || findings[i].column < 0 ||
            !*findings[i].text)
            abort();
        if (!down && lint_rule_can_fix(findings[i].rule))
            mendable |= 1u << findings[i].rule;
    }
    return mendable;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    char *text = arena_strndup(&arena, (const char *)data, size), *down = strchr(text, '\f');
    struct lint_migration migration = {.id = "1", .version = "20240131", .name = "x", .service = "s"};
    if (down) {
        *down++ = '\0';
        migration.down = text_of(down, "U1.sql");
    }
    migration.up = text_of(text, "V1.sql");
    unsigned rules = check(&migration, &arena);
    auto_buf struct buf fixed = BUF_INIT(BUF_MAX), again = BUF_INIT(BUF_MAX);
    if (!lint_fix(&migration, &migration.up, rules, &fixed))
        return;
    migration.up = text_of(buf_text(&fixed), "V1.sql");
    rules = check(&migration, &arena);
    if (lint_fix(&migration, &migration.up, rules, &again))
        abort();
}
