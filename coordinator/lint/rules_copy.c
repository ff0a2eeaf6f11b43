/* A table that is replaced by a copy of itself. */
#include <string.h>

#include "lint/rule.h"

/* The copy gets the name that the original had when its rows were copied. */
void lint_table_copy(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    const struct schema_table *table = fact->kind == FACT_RENAME_TABLE ? schema_find(scope->schema, fact->table) : NULL;
    for (size_t i = 0; table && i < scope->schema->copy_count; i++) {
        const struct schema_copy *copy = &scope->schema->copies[i];
        if (copy->into != table || strcmp(copy->from_name.name, fact->to) != 0 ||
            strcmp(copy->from_name.schema, table->name.schema) != 0)
            continue;
        rule_fact(scope, LINT_TABLE_COPY,
                  "%s takes the place of %s, whose rows were copied without a lock or a trigger", fact->table.name,
                  fact->to);
        return;
    }
}
