/* From libpg_query's tree of one statement (JSON) to its class: one row for each kind of node. */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "sql/sql_internal.h"

static const char *str(const json_t *node, const char *key)
{
    return json_string_value(json_object_get(node, key));
}

static bool is(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

static bool kind_is(const json_t *node, const char *key, const char *value)
{
    const char *text = str(node, key);
    return text && strcmp(text, value) == 0;
}

static const char *keep(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static void forbid(struct sql_statement *s, const char *keyword, const char *why)
{
    s->kind = SQL_FORBIDDEN;
    s->keyword = keyword;
    s->why = why;
}

static void forbid_read_only(struct sql_statement *s)
{
    forbid(s, "READ ONLY", "the transaction of a migration also records it");
}

/* ---- one function for each kind of node; `node` is what stands under the node's name ---- */

/* Options of BEGIN and SET TRANSACTION. */
static void read_modes(const json_t *modes, struct sql_statement *s, struct arena *arena)
{
    size_t i;
    const json_t *item;
    json_array_foreach(modes, i, item) {
        const json_t *mode = json_object_get(item, "DefElem");
        const json_t *value = json_object_get(json_object_get(mode, "arg"), "A_Const");
        if (kind_is(mode, "defname", "transaction_isolation"))
            s->isolation = keep(arena, str(json_object_get(value, "sval"), "sval"));
        else if (kind_is(mode, "defname", "transaction_read_only") &&
                 json_integer_value(json_object_get(json_object_get(value, "ival"), "ival")))
            forbid_read_only(s);
    }
}

static void on_transaction(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    static const struct {
        const char *node;
        enum sql_class kind;
        const char *keyword;
    } rows[] = {
        {"TRANS_STMT_BEGIN", SQL_BEGIN, "BEGIN"},
        {"TRANS_STMT_START", SQL_BEGIN, "START TRANSACTION"},
        {"TRANS_STMT_COMMIT", SQL_COMMIT, "COMMIT"},
        {"TRANS_STMT_ROLLBACK", SQL_ROLLBACK, "ROLLBACK"},
        {"TRANS_STMT_SAVEPOINT", SQL_SAVEPOINT, "SAVEPOINT"},
        {"TRANS_STMT_RELEASE", SQL_SAVEPOINT, "RELEASE"},
        {"TRANS_STMT_ROLLBACK_TO", SQL_SAVEPOINT, "ROLLBACK TO"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (kind_is(node, "kind", rows[i].node)) {
            s->kind = rows[i].kind;
            s->keyword = rows[i].keyword;
            read_modes(json_object_get(node, "options"), s, arena);
            if (is(node, "chain"))
                forbid(s, "AND CHAIN", "AND CHAIN leaves a transaction open");
            return;
        }
    forbid(s, "PREPARE TRANSACTION", "two-phase transactions outlive the session and block everything until a person "
                                     "ends them");
}

static void on_index(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    const json_t *table = json_object_get(node, "relation");
    s->concurrently = is(node, "concurrent");
    s->unless_there = is(node, "if_not_exists");
    s->keyword = s->concurrently ? "CREATE INDEX CONCURRENTLY" : "CREATE INDEX";
    if (!s->concurrently && !s->unless_there)
        return;
    s->kind = s->concurrently ? SQL_CREATE_INDEX : SQL_PLAIN;
    s->name = keep(arena, str(node, "idxname"));
    s->schema = s->name_schema = keep(arena, str(table, "schemaname"));
    s->table = keep(arena, str(table, "relname"));
}

static void on_drop(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    s->keyword = "DROP";
    if (!is(node, "concurrent"))
        return;
    s->kind = SQL_DROP_INDEX;
    s->keyword = "DROP INDEX CONCURRENTLY";
    s->concurrently = true;
    const json_t *items =
        json_object_get(json_object_get(json_array_get(json_object_get(node, "objects"), 0), "List"), "items");
    size_t n = json_array_size(items);
    if (n > 0)
        s->name = keep(arena, str(json_object_get(json_array_get(items, n - 1), "String"), "sval"));
    if (n > 1)
        s->name_schema = keep(arena, str(json_object_get(json_array_get(items, n - 2), "String"), "sval"));
}

static const json_t *find_option(const json_t *options, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach(options, i, item)
        if (kind_is(json_object_get(item, "DefElem"), "defname", name))
            return json_object_get(item, "DefElem");
    return NULL;
}

static bool has_option(const json_t *options, const char *name)
{
    return find_option(options, name);
}

/* It stands there and is off, as PostgreSQL reads it (src/backend/commands/define.c, defGetBoolean). */
static bool is_off(const json_t *options, const char *name)
{
    const json_t *value = json_object_get(find_option(options, name), "arg");
    const json_t *number = json_object_get(value, "Integer");
    const json_t *names = json_object_get(json_object_get(value, "TypeName"), "names"); /* the word OFF */
    const json_t *word = names ? json_array_get(names, 0) : value;
    const char *text = str(json_object_get(word, "String"), "sval");
    return (number && json_integer_value(json_object_get(number, "ival")) == 0) ||
           (text && (strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0));
}

static void on_reindex(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    bool single = kind_is(node, "kind", "REINDEX_OBJECT_INDEX") || kind_is(node, "kind", "REINDEX_OBJECT_TABLE") ||
                  !str(node, "kind"); /* the first of the enum is not printed */
    s->keyword = "REINDEX";
    const json_t *options = json_object_get(node, "params");
    s->concurrently = has_option(options, "concurrently") && !is_off(options, "concurrently");
    s->again = true;
    if (single && !s->concurrently)
        return;
    const json_t *relation = json_object_get(node, "relation");
    s->kind = SQL_REINDEX;
    s->keyword = s->concurrently ? "REINDEX CONCURRENTLY" : "REINDEX";
    s->name = keep(arena, relation ? str(relation, "relname") : str(node, "name"));
    s->name_schema = keep(arena, str(relation, "schemaname"));
}

static void on_alter_table(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    s->keyword = "ALTER TABLE";
    const json_t *command = json_object_get(json_array_get(json_object_get(node, "cmds"), 0), "AlterTableCmd");
    const json_t *part = json_object_get(json_object_get(command, "def"), "PartitionCmd");
    if (!kind_is(command, "subtype", "AT_DetachPartition") || !is(part, "concurrent"))
        return;
    const json_t *table = json_object_get(node, "relation"), *name = json_object_get(part, "name");
    s->kind = SQL_DETACH;
    s->keyword = "ALTER TABLE ... DETACH PARTITION CONCURRENTLY";
    s->concurrently = true;
    s->schema = keep(arena, str(table, "schemaname"));
    s->table = keep(arena, str(table, "relname"));
    s->name_schema = keep(arena, str(name, "schemaname"));
    s->name = keep(arena, str(name, "relname"));
}

static void on_vacuum(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)arena;
    s->keyword = is(node, "is_vacuumcmd") ? "VACUUM" : "ANALYZE";
    s->kind = is(node, "is_vacuumcmd") ? SQL_ALONE : SQL_PLAIN;
}

static void on_cluster(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)arena;
    s->keyword = "CLUSTER";
    s->kind = json_object_get(node, "relation") ? SQL_PLAIN : SQL_ALONE;
    s->again = true;
}

static void on_alter_system(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)node, (void)arena;
    s->keyword = "ALTER SYSTEM";
    s->kind = SQL_ALONE;
}

static void on_alter_database(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)arena;
    s->keyword = "ALTER DATABASE";
    if (has_option(json_object_get(node, "options"), "tablespace"))
        s->kind = SQL_ALONE;
}

static void on_alter_subscription(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)arena;
    s->keyword = "ALTER SUBSCRIPTION";
    bool refreshes = json_object_get(node, "publication") && !is_off(json_object_get(node, "options"), "refresh");
    if (kind_is(node, "kind", "ALTER_SUBSCRIPTION_REFRESH") || refreshes)
        s->kind = SQL_ALONE;
}

static void once(struct sql_statement *s, const char *keyword, const char *name)
{
    s->kind = SQL_ONCE;
    s->keyword = keyword;
    s->name = name;
}

static void on_create_database(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    once(s, "CREATE DATABASE", keep(arena, str(node, "dbname")));
}
static void on_drop_database(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    once(s, "DROP DATABASE", keep(arena, str(node, "dbname")));
}
static void on_create_tablespace(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    once(s, "CREATE TABLESPACE", keep(arena, str(node, "tablespacename")));
}
static void on_drop_tablespace(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    once(s, "DROP TABLESPACE", keep(arena, str(node, "tablespacename")));
}
static void on_create_subscription(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    const json_t *options = json_object_get(node, "options");
    s->keyword = "CREATE SUBSCRIPTION";
    if (!is_off(options, "connect") && !is_off(options, "create_slot")) /* which no ROLLBACK would take back */
        once(s, s->keyword, keep(arena, str(node, "subname")));
}
static void on_drop_subscription(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    once(s, "DROP SUBSCRIPTION", keep(arena, str(node, "subname")));
}

/* SET x TO what PostgreSQL takes for on (postgres: src/backend/utils/adt/bool.c). */
static bool is_on(const json_t *set)
{
    static const char *const words[] = {"on", "true", "yes", "1"};
    const json_t *value = json_object_get(json_array_get(json_object_get(set, "args"), 0), "A_Const");
    const json_t *number = json_object_get(value, "ival");
    const char *text = str(json_object_get(value, "sval"), "sval");
    bool on = number && json_integer_value(json_object_get(number, "ival")) != 0;
    for (size_t i = 0; text && i < COUNT_OF(words) && !on; i++)
        on = strncasecmp(text, words[i], strlen(text)) == 0;
    return on;
}

/* SET transaction_isolation = '...', where it is one of the grammar's; NULL: not. */
static const char *level_of(const json_t *set)
{
    static const char *const levels[] = {"serializable", "repeatable read", "read committed", "read uncommitted"};
    const json_t *value = json_object_get(json_array_get(json_object_get(set, "args"), 0), "A_Const");
    const char *text = str(json_object_get(value, "sval"), "sval");
    for (size_t i = 0; text && i < COUNT_OF(levels); i++)
        if (strcasecmp(text, levels[i]) == 0)
            return levels[i];
    return NULL;
}

static void on_set(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    s->keyword = "SET";
    if (kind_is(node, "kind", "VAR_RESET_ALL")) {
        forbid(s, "RESET ALL", "RESET ALL takes away greylag's own limits and marks; what a file sets is undone after "
                               "it anyway");
        return;
    }
    bool strings = kind_is(node, "name", "standard_conforming_strings");
    s->rereads = strings || kind_is(node, "name", "backslash_quote");
    if (strings && !json_object_get(node, "args"))
        s->strings = SQL_STRINGS_DEFAULT;
    else if (strings)
        s->strings = is_on(node) ? SQL_STRINGS_ON : SQL_STRINGS_OFF;
    s->sets = !is(node, "is_local") && !kind_is(node, "name", "TRANSACTION");
    const json_t *modes = kind_is(node, "name", "TRANSACTION") ? json_object_get(node, "args") : NULL;
    read_modes(modes, s, arena);
    if (kind_is(node, "name", "transaction_deferrable") || has_option(modes, "transaction_deferrable")) {
        forbid(s, "SET TRANSACTION ... DEFERRABLE",
               "the server wants it before any query, and greylag's own comes first");
        s->hint = "take it out, which changes nothing: it matters to READ ONLY transactions alone; the file's own "
                  "BEGIN may say it";
    } else if (kind_is(node, "name", "transaction_isolation"))
        s->isolation = level_of(node);
    else if (kind_is(node, "name", "transaction_read_only") && json_object_get(node, "args") && is_on(node))
        forbid_read_only(s);
}

static void on_copy(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    const json_t *table = json_object_get(node, "relation");
    s->keyword = "COPY";
    s->schema = keep(arena, str(table, "schemaname"));
    s->table = keep(arena, str(table, "relname"));
    s->reads_rows = is(node, "is_from") && !is(node, "is_program") && !str(node, "filename");
    if (is(node, "is_program"))
        forbid(s, "COPY ... PROGRAM", "a migration does not run programs on the database server");
    else if (s->reads_rows) /* taken back where they are found */
        forbid(s, "COPY ... FROM STDIN",
               "its rows are missing: they follow on the lines behind its ';', up to a line \\.");
    else if (!str(node, "filename"))
        forbid(s, "COPY ... TO STDOUT", "nobody reads what a migration writes out");
}

static void on_discard(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)node, (void)arena;
    forbid(s, "DISCARD", "DISCARD takes the session's lock and settings away; what a file sets is undone after it "
                         "anyway");
}

static void on_listen(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)node, (void)arena;
    forbid(s, "LISTEN", "nobody reads notifications in a migration's session");
}

static void on_opaque(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)node, (void)arena;
    s->kind = SQL_OPAQUE;
    s->keyword = "DO or CALL";
}

static void on_sets(const json_t *node, struct sql_statement *s, struct arena *arena)
{
    (void)node, (void)arena;
    s->sets = true;
}

static const struct {
    const char *node;
    void (*act)(const json_t *node, struct sql_statement *s, struct arena *arena);
} rows[] = {
    {"TransactionStmt", on_transaction},
    {"IndexStmt", on_index},
    {"DropStmt", on_drop},
    {"ReindexStmt", on_reindex},
    {"AlterTableStmt", on_alter_table},
    {"VacuumStmt", on_vacuum},
    {"ClusterStmt", on_cluster},
    {"AlterSystemStmt", on_alter_system},
    {"AlterDatabaseStmt", on_alter_database},
    {"AlterSubscriptionStmt", on_alter_subscription},
    {"CreatedbStmt", on_create_database},
    {"DropdbStmt", on_drop_database},
    {"CreateTableSpaceStmt", on_create_tablespace},
    {"DropTableSpaceStmt", on_drop_tablespace},
    {"CreateSubscriptionStmt", on_create_subscription},
    {"DropSubscriptionStmt", on_drop_subscription},
    {"VariableSetStmt", on_set},
    {"CopyStmt", on_copy},
    {"DiscardStmt", on_discard},
    {"ListenStmt", on_listen},
    {"UnlistenStmt", on_listen},
    {"DoStmt", on_opaque},
    {"CallStmt", on_opaque},
    {"LoadStmt", on_sets},
    {"PrepareStmt", on_sets},
};

/* The last part of each function's name that the tree calls. */
static void walk_calls(json_t *node, struct sql_statement *s)
{
    size_t i;
    const char *key;
    json_t *value;
    if (json_is_array(node)) {
        json_array_foreach(node, i, value)
            walk_calls(value, s);
        return;
    }
    json_object_foreach(node, key, value) {
        if (strcmp(key, "funcname") == 0) {
            const json_t *last = json_array_get(value, json_array_size(value) - 1);
            const char *name = str(json_object_get(last, "String"), "sval");
            if (name && strncmp(name, "pg_advisory_unlock", 18) == 0)
                forbid(s, "pg_advisory_unlock", "it can take greylag's own lock away");
        } else if (json_is_object(value) || json_is_array(value))
            walk_calls(value, s);
    }
}

void sql_classify(json_t *tree, bool look_for_calls, struct arena *arena, struct sql_statement *s)
{
    const char *name = json_object_iter_key(json_object_iter(tree));
    json_t *node = name ? json_object_get(tree, name) : NULL;
    s->kind = SQL_PLAIN;
    s->keyword = "statement";
    for (size_t i = 0; name && i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].node, name) == 0)
            rows[i].act(node, s, arena);
    if (look_for_calls && node)
        walk_calls(node, s);
}
