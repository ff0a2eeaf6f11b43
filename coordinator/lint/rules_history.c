/* Tables in which migration tools keep their history and locks; what lasts from file to file with such a tool. */
#include <string.h>
#include <strings.h>

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

/* Of a registry, which is a schema, each of its tables. */
static bool is_own(const struct lint_migration *migration, struct relation table)
{
    if (!table.name || !migration->own_history)
        return false;
    if (migration->own_registry)
        return strcmp(table.schema, migration->own_registry) == 0;
    return strcmp(table.name, migration->own_history) == 0;
}

/* Whoever edits it is told so by the rule below. */
void lint_own_history(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    const struct lint_migration *migration = scope->migration;
    bool makes = fact->kind == FACT_CREATE_TABLE || (fact->flags & FACT_IN_CREATE);
    bool table = is_own(migration, fact->table) && !makes;
    bool other = is_own(migration, fact->other);
    bool inside = fact->kind == FACT_OPAQUE && migration->own_history && !migration->own_registry &&
                  rule_names_word(fact->to, migration->own_history);
    if ((table || other || inside) && !rule_said(scope, LINT_OWN_HISTORY))
        rule_fact(scope, LINT_OWN_HISTORY, "%s is the table of the service's own tool, which is not kept up here",
                  inside ? migration->own_history : rule_name(scope, table ? fact->table : fact->other));
}

/* A temporary table that another file has made. */
static bool is_carried(const struct scope *scope, struct relation name)
{
    const struct schema_table *table = name.name ? schema_find(scope->schema, name) : NULL;
    return table && table->temporary && table->made_in != scope->schema->migration;
}

static bool lasts(const struct lint_migration *migration, const char *setting)
{
    static const char *const settings[] = {"search_path", "role", "session_authorization", "session_replication_role",
                                           "timezone",    "datestyle", "intervalstyle"};
    size_t restored = migration->restores_path ? 2 : 0; /* the first */
    for (size_t i = restored; i < COUNT_OF(settings); i++) {
        if (strcasecmp(settings[i], setting) == 0)
            return true;
    }
    return false;
}

void lint_setting_ends(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    bool makes = fact->kind == FACT_CREATE_TABLE || (fact->flags & (FACT_IN_CREATE | FACT_IF_EXISTS));
    if (!scope->migration->session_lasts)
        return;
    if (fact->kind == FACT_SET && !(fact->flags & FACT_LOCAL) && lasts(scope->migration, fact->name))
        rule_fact(scope, LINT_SETTING_ENDS, "SET %s ends with this file, and with its tool it would last", fact->name);
    bool table = !makes && is_carried(scope, fact->table), other = is_carried(scope, fact->other);
    if ((table || other) && !rule_said(scope, LINT_SETTING_ENDS))
        rule_fact(scope, LINT_SETTING_ENDS,
                  "the temporary table %s ended with the file that made it, and with its tool it would be there",
                  rule_name(scope, table ? fact->table : fact->other));
}

void lint_history_edited(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    bool writes = fact->kind == FACT_WRITE || fact->kind == FACT_UPDATE || fact->kind == FACT_EMPTY ||
                  fact->kind == FACT_DROP_TABLE;
    if (writes && fact->table.name && is_history(fact->table))
        rule_fact(scope, LINT_HISTORY_EDITED, "%s is a migration tool's own table", rule_name(scope, fact->table));
}
