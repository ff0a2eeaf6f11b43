/* Foreign keys without an index, over all of a service's migrations. */
#include "base/buf.h"
#include "base/cleanup.h"
#include "lint/lint_internal.h"

static void check_key(struct scope *scope, const struct schema_table *table, const struct schema_key *key)
{
    if (key->dropped || !key->column_count || schema_key_has_index(table, key))
        return;
    auto_buf struct buf columns = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < key->column_count; i++)
        buf_addf(&columns, "%s%s", i ? ", " : "", key->columns[i]);
    rule_at(scope, LINT_FOREIGN_KEY_INDEX, key->place, "no index for the foreign key %s (%s) to %s",
            rule_name(scope, table->name), buf_text(&columns), key->other ? key->other->name.name : "another table");
}

void lint_foreign_key_index(struct scope *scope)
{
    const struct schema *schema = scope->schema;
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_table *table = schema->tables[i];
        if (table->dropped || table->temporary || !table->keys || lint_is_opaque(scope->lint, table->name.name))
            continue;
        for (const struct schema_key *key = table->keys; key; key = key->next)
            check_key(scope, table, key);
    }
}
