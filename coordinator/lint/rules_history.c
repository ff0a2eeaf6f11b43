/* Tables in which migration tools keep their history and locks. */
#include <string.h>

#include "base/cleanup.h"
#include "lint/rule.h"

static bool is_history(struct relation table)
{
    static const char *const names[] = {
        "flyway_schema_history", "schema_migrations",     "goose_db_version", "__diesel_schema_migrations",
        "databasechangelog",     "databasechangeloglock", "alembic_version",  "atlas_schema_revisions",
        "_migration_history",    "_migration_versions",   "_migration_locks", "_migration_audit_log",
    };
    static const char *const schemas[] = {"greylag", "sqitch"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], table.name) == 0)
            return true;
    }
    for (size_t i = 0; i < COUNT_OF(schemas); i++) {
        if (strcmp(schemas[i], table.schema) == 0)
            return true;
    }
    return false;
}

void lint_history_edited(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    bool writes = fact->kind == FACT_WRITE || fact->kind == FACT_UPDATE || fact->kind == FACT_EMPTY ||
                  fact->kind == FACT_DROP_TABLE;
    if (writes && fact->table.name && is_history(fact->table))
        rule_fact(scope, LINT_HISTORY_EDITED, "%s is a migration tool's own table", rule_name(scope, fact->table));
}
