/* What cannot be had back, and what running code misses. */
#include "lint/rule.h"
#include "lint/types.h"

/* What the fact destroys, for people; NULL: nothing. Tables that this migration has made itself do not count, nor does
 * DROP TABLE IF EXISTS of one that no migration has made. */
static const char *destroys(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    const struct fact_type *type;
    const char *loss;
    if (!fact->table.name || !schema_existed(scope->schema, fact->table))
        return NULL;
    const char *table = rule_name(scope, fact->table);
    switch (fact->kind) {
    case FACT_DROP_TABLE:
        if ((fact->flags & FACT_IF_EXISTS) && !schema_find(scope->schema, fact->table))
            return NULL;
        return arena_printf(scope->arena, "drops the table %s", table);
    case FACT_DROP_COLUMN:
        return arena_printf(scope->arena, "drops the column %s.%s", table, fact->name);
    case FACT_EMPTY:
        return arena_printf(scope->arena, "empties the table %s (%s)", table, fact->name);
    case FACT_TYPE:
        type = schema_type(scope->schema, fact->table, fact->name);
        loss = type ? types_lose(type, &fact->type, fact->flags & FACT_USING) : NULL;
        return loss ? arena_printf(scope->arena, "changes the type of %s.%s (%s)", table, fact->name, loss) : NULL;
    default:
        return NULL;
    }
}

void lint_destructive(struct scope *scope)
{
    const struct lint_migration *migration = scope->migration;
    if (migration->down.sql || migration->apart || migration->needs_no_undo || rule_said(scope, LINT_DESTRUCTIVE))
        return;
    const char *what = destroys(scope);
    if (what)
        rule_fact(scope, LINT_DESTRUCTIVE, "%s, and there is no undo", what);
}

static const char *renames(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind != FACT_RENAME_TABLE && fact->kind != FACT_RENAME_COLUMN)
        return NULL;
    if (!schema_existed(scope->schema, fact->table))
        return NULL;
    const char *table = rule_name(scope, fact->table);
    return fact->kind == FACT_RENAME_TABLE ? arena_printf(scope->arena, "renames the table %s", table)
                                           : arena_printf(scope->arena, "renames the column %s.%s", table, fact->name);
}

void lint_breaking(struct scope *scope)
{
    if (!scope->migration->says_breaking || scope->migration->breaking || scope->fact->kind == FACT_EMPTY ||
        rule_said(scope, LINT_BREAKING))
        return;
    const char *what = destroys(scope);
    if (!what)
        what = renames(scope);
    if (what)
        rule_fact(scope, LINT_BREAKING, "%s, but its metadata do not say that it breaks anything", what);
}
