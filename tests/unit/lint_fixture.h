/* One service for lint, from texts: each up is V1, V2, ...; a down belongs to the last. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lint/lint.h"

static struct arena arena;
static struct lint_policy policy;
static const struct lint_finding *found;
static size_t found_count;

static inline void all_rules(enum lint_severity severity)
{
    for (size_t i = 0; i < LINT_RULE_COUNT; i++)
        policy.severity[i] = severity;
}

static inline struct lint_text text_of(const char *sql, const char *file)
{
    return (struct lint_text){.sql = sql, .size = strlen(sql), .file = file, .whole = sql, .whole_size = strlen(sql)};
}

static inline struct lint_migration migration_of(const char *up, const char *down, int number)
{
    const char *version = arena_printf(&arena, "%d", number);
    struct lint_migration migration = {.id = version, .version = version, .name = "it does", .service = "shop"};
    migration.up = text_of(up, arena_printf(&arena, "m/V%d.sql", number));
    if (down)
        migration.down = text_of(down, arena_printf(&arena, "m/U%d.sql", number));
    return migration;
}

/* Runs over texts (ended by NULL). */
static inline void lint_texts(const char *const *ups, const char *down)
{
    struct lint *lint = lint_begin(&policy, &arena);
    for (int i = 0; ups[i]; i++) {
        struct lint_migration migration = migration_of(ups[i], ups[i + 1] ? NULL : down, i + 1);
        lint_add(lint, &migration);
    }
    lint_end(lint, &found, &found_count);
}

static inline const struct lint_finding *find(enum lint_rule rule, const char *file, int line)
{
    for (size_t i = 0; i < found_count; i++) {
        if (found[i].rule == rule && strcmp(found[i].file, file) == 0 && found[i].line == line)
            return &found[i];
    }
    return NULL;
}

static inline size_t count_of(enum lint_rule rule)
{
    size_t count = 0;
    for (size_t i = 0; i < found_count; i++)
        count += found[i].rule == rule;
    return count;
}

static inline const char *all_found(void)
{
    const char *text = "";
    for (size_t i = 0; i < found_count; i++)
        text = arena_printf(&arena, "%s%s:%d:%d [%s] %s\n", text, found[i].file, found[i].line, found[i].column,
                            lint_rules[found[i].rule].id, found[i].text);
    return text;
}
