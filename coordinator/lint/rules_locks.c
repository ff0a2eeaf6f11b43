/* Locks, and work that is done under them; transactions and timeouts around a statement are known. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lint/rule.h"
#include "lint/types.h"

static bool same_table(const struct fact *a, const struct fact *b)
{
    return a->table.name && b->table.name && strcmp(a->table.name, b->table.name) == 0 &&
           strcmp(a->table.schema, b->table.schema) == 0;
}

/* ---- what cannot run in a transaction, beside what could ---- */

/* Statements that mean nothing without the ones around them, or do no harm when they run again. */
static bool is_companion(const struct sql_statement *statement)
{
    return statement->kind == SQL_BEGIN || statement->kind == SQL_COMMIT || strcmp(statement->keyword, "SET") == 0 ||
           strcmp(statement->keyword, "ANALYZE") == 0;
}

void lint_concurrently_mixed(struct scope *scope)
{
    const struct sql_text *sql = &scope->facts->sql;
    const struct sql_statement *outside = NULL;
    size_t others = 0;
    for (size_t i = 0; sql->parsed && i < sql->count; i++) {
        const struct sql_statement *statement = &sql->statements[i];
        if (sql_class_no_transaction(statement->kind))
            outside = outside ? outside : statement;
        else
            others += !is_companion(statement);
    }
    if (!outside || (!others && !sql->own_transaction))
        return;
    struct place place = placing_find(scope->placing, (size_t)(outside - sql->statements), outside->begin);
    if (sql->own_transaction)
        rule_at(scope, LINT_CONCURRENTLY_MIXED, place,
                "%s stands between BEGIN and COMMIT, where PostgreSQL refuses it", outside->keyword);
    else
        rule_at(scope, LINT_CONCURRENTLY_MIXED, place, "%s takes %zu other statement%s out of the transaction",
                outside->keyword, others, others == 1 ? "" : "s");
}

/* ---- columns ---- */

void lint_not_null_column(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind != FACT_COLUMN || (fact->flags & (FACT_IN_CREATE | FACT_DEFAULT)) || !(fact->flags & FACT_REQUIRED))
        return;
    const struct schema_table *table = schema_find(scope->schema, fact->table);
    if (schema_existed(scope->schema, fact->table) && !(table && table->emptied_in == scope->schema->migration))
        rule_fact(scope, LINT_NOT_NULL_COLUMN,
                  "the column %s.%s is NOT NULL without a default: it fails when the table has rows",
                  rule_name(scope, fact->table), fact->name);
}

/* Once for each table of a migration: what is written anew twice in one ALTER TABLE is written once. */
void lint_table_rewrite(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (!fact->table.name || !schema_existed(scope->schema, fact->table))
        return;
    struct schema_table *table = schema_find(scope->schema, fact->table);
    int now = scope->schema->migration;
    if (table && (table->emptied_in == now || table->rewritten_in == now))
        return;
    const struct fact_type *type = fact->kind == FACT_TYPE ? schema_type(scope->schema, fact->table, fact->name) : NULL;
    bool computed = fact->kind == FACT_COLUMN && (fact->flags & FACT_COMPUTED) && !(fact->flags & FACT_IN_CREATE);
    if (!computed && !(type && types_rewrite(type, &fact->type)))
        return;
    if (table)
        table->rewritten_in = now;
    const char *column = arena_printf(scope->arena, "%s.%s", rule_name(scope, fact->table), fact->name);
    if (computed)
        rule_fact(scope, LINT_TABLE_REWRITE,
                  "the new column %s has a value of its own in each row: the table is written anew", column);
    else
        rule_fact(scope, LINT_TABLE_REWRITE, "the type of %s changes from %s to %s: the table is written anew", column,
                  types_text(scope->arena, type), types_text(scope->arena, &fact->type));
}

/* ---- constraints ---- */

void lint_validate_at_once(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind != FACT_VALIDATE || !fact->name || !rule_transactional(scope) ||
        !schema_existed(scope->schema, fact->table))
        return;
    for (const struct fact *before = scope->facts->items; before < fact; before++) {
        bool adds =
            (before->kind == FACT_FOREIGN_KEY || before->kind == FACT_CHECK) && (before->flags & FACT_NOT_VALID);
        if (adds && same_table(before, fact) && text_equal(before->name, fact->name))
            rule_fact(scope, LINT_VALIDATE_AT_ONCE, "%s is validated in the transaction that adds it", fact->name);
    }
}

void lint_constraint_scan(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    bool added = (fact->kind == FACT_FOREIGN_KEY || fact->kind == FACT_CHECK) && fact->name &&
                 !(fact->flags & (FACT_IN_CREATE | FACT_NOT_VALID));
    if ((!added && fact->kind != FACT_NOT_NULL) || !schema_existed(scope->schema, fact->table))
        return;
    rule_fact(scope, LINT_CONSTRAINT_SCAN, "%s %s on %s: its rows are read while writers wait",
              added ? "the constraint" : "SET NOT NULL of", fact->name, rule_name(scope, fact->table));
}

void lint_index_blocks(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind == FACT_INDEX && !(fact->flags & FACT_CONCURRENTLY) && schema_existed(scope->schema, fact->table))
        rule_fact(scope, LINT_INDEX_BLOCKS, "writers of %s wait until the index is built",
                  rule_name(scope, fact->table));
}

void lint_backfill(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind != FACT_UPDATE || !rule_transactional(scope) || !schema_existed(scope->schema, fact->table))
        return;
    for (const struct fact *before = scope->facts->items; before < fact; before++) {
        bool strong = before->kind == FACT_COLUMN || before->kind == FACT_TYPE || before->kind == FACT_DROP_COLUMN ||
                      before->kind == FACT_NOT_NULL || before->kind == FACT_ALTER;
        if (!strong || !same_table(before, fact))
            continue;
        rule_fact(scope, LINT_BACKFILL, "rows of %s are changed under the lock of the ALTER TABLE before",
                  rule_name(scope, fact->table));
        return;
    }
}

/* ---- timeouts ---- */

static bool is_zero(const char *value)
{
    return value && value[strspn(value, "0")] == '\0';
}

static bool is_timeout_off(const struct fact *fact)
{
    return fact->kind == FACT_SET && is_zero(fact->to) &&
           (strcmp(fact->name, "lock_timeout") == 0 || strcmp(fact->name, "statement_timeout") == 0);
}

/* Something that takes a lock on a table that others use: asked behind the last fact. */
static bool touches_others(const struct scope *scope)
{
    for (size_t i = 0; i < scope->facts->count; i++) {
        const struct fact *fact = &scope->facts->items[i];
        if (fact->table.name && fact->kind != FACT_COPY && fact->kind != FACT_DROP_TABLE &&
            fact->kind != FACT_RENAME_TABLE && schema_existed(scope->schema, fact->table))
            return true;
    }
    return false;
}

void lint_timeout_off(struct scope *scope)
{
    if (!touches_others(scope))
        return;
    for (size_t i = 0; i < scope->facts->count; i++) {
        const struct fact *fact = &scope->facts->items[i];
        if (is_timeout_off(fact))
            rule_at(scope, LINT_TIMEOUT_OFF, placing_find(scope->placing, fact->statement, fact->at),
                    "%s is switched off, and the migration changes tables that others use", fact->name);
    }
}
