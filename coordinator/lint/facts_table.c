/* CREATE TABLE and ALTER TABLE: columns, constraints and what is done to them. */
#include <string.h>

#include "base/cleanup.h"
#include "lint/facts_internal.h"
#include "lint/tree.h"

static struct fact_type read_type(struct reader *reader, const json_t *node)
{
    const json_t *names = json_object_get(node, "names"), *mods = json_object_get(node, "typmods");
    struct fact_type type = {.mods = {-1, -1}, .array = json_object_get(node, "arrayBounds") != NULL};
    type.name = fact_keep(reader, tree_string(json_array_get(names, json_array_size(names) - 1)));
    for (size_t i = 0; i < json_array_size(mods) && i < 2; i++) {
        const json_t *number = json_object_get(json_object_get(json_array_get(mods, i), "A_Const"), "ival");
        type.mods[i] = (int)json_integer_value(json_object_get(number, "ival"));
    }
    return type;
}

/* Functions whose value differs from row to row: as a default they make PostgreSQL write every row.
 * (postgres: src/backend/commands/tablecmds.c, ATExecAddColumn: only a volatile default needs a rewrite) */
static bool is_volatile(const char *function)
{
    static const char *const names[] = {"gen_random_uuid",  "uuid_generate_v1", "uuid_generate_v1mc",
                                        "uuid_generate_v4", "random",           "clock_timestamp",
                                        "timeofday",        "nextval",          "gen_random_bytes"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], function) == 0)
            return true;
    }
    return false;
}

static bool calls_volatile(json_t *node)
{
    size_t i;
    const char *key;
    json_t *value;
    if (json_is_array(node)) {
        json_array_foreach(node, i, value)
            if (calls_volatile(value))
                return true;
        return false;
    }
    json_object_foreach(node, key, value)
    {
        const char *name =
            strcmp(key, "funcname") == 0 ? tree_string(json_array_get(value, json_array_size(value) - 1)) : NULL;
        if ((name && is_volatile(name)) || calls_volatile(value))
            return true;
    }
    return false;
}

/* What a serial really is; NULL: it is none. */
static const char *serial_type(const char *name)
{
    static const struct {
        const char *name, *type;
    } rows[] = {{"serial", "int4"},  {"serial4", "int4"},     {"bigserial", "int8"},
                {"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"}};
    for (size_t i = 0; name && i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].type;
    }
    return NULL;
}

/* A constraint of its own, or behind a column (`column` not NULL). */
static void take_constraint(struct reader *reader, struct relation table, const json_t *node, const char *column,
                            unsigned flags)
{
    static const struct {
        const char *type;
        enum fact_kind kind;
        const char *columns;
    } rows[] = {{"CONSTR_FOREIGN", FACT_FOREIGN_KEY, "fk_attrs"},
                {"CONSTR_PRIMARY", FACT_UNIQUE, "keys"},
                {"CONSTR_UNIQUE", FACT_UNIQUE, "keys"},
                {"CONSTR_CHECK", FACT_CHECK, NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!tree_has(node, "contype", rows[i].type))
            continue;
        struct fact *fact = fact_add(reader, rows[i].kind, node);
        fact->table = table;
        fact->name = fact_keep(reader, tree_text(node, "conname"));
        fact->flags = flags | (tree_is(node, "skip_validation") ? FACT_NOT_VALID : 0);
        fact->other = fact_relation(reader, json_object_get(node, "pktable"));
        if (column) {
            const char **one = arena_array(reader->arena, 1, sizeof *one);
            one[0] = column;
            fact->columns = one;
            fact->column_count = 1;
        } else if (rows[i].columns) {
            fact_columns(reader, json_object_get(node, rows[i].columns), fact);
        }
    }
}

/* What a column's constraints say of its old rows. */
static unsigned column_flags(const json_t *constraints)
{
    size_t i;
    const json_t *item;
    unsigned flags = 0;
    json_array_foreach(constraints, i, item)
    {
        const json_t *constraint = json_object_get(item, "Constraint");
        if (tree_has(constraint, "contype", "CONSTR_NOTNULL") || tree_has(constraint, "contype", "CONSTR_PRIMARY"))
            flags |= FACT_REQUIRED;
        else if (tree_has(constraint, "contype", "CONSTR_IDENTITY") ||
                 tree_has(constraint, "contype", "CONSTR_GENERATED"))
            flags |= FACT_DEFAULT | FACT_COMPUTED;
        else if (tree_has(constraint, "contype", "CONSTR_DEFAULT"))
            flags |= FACT_DEFAULT | (calls_volatile(json_object_get(constraint, "raw_expr")) ? FACT_COMPUTED : 0);
    }
    return flags;
}

static void take_column(struct reader *reader, struct relation table, const json_t *node, unsigned flags)
{
    size_t i;
    const json_t *item;
    const json_t *constraints = json_object_get(node, "constraints");
    const char *name = fact_keep(reader, tree_text(node, "colname"));
    struct fact *fact = fact_add(reader, FACT_COLUMN, node);
    fact->table = table;
    fact->name = name;
    fact->type = read_type(reader, json_object_get(node, "typeName"));
    fact->flags = flags | column_flags(constraints);
    const char *serial = serial_type(fact->type.name);
    if (serial) {
        fact->type.name = serial;
        fact->flags |= FACT_DEFAULT | FACT_COMPUTED;
    }
    json_array_foreach(constraints, i, item)
        take_constraint(reader, table, json_object_get(item, "Constraint"), name, flags);
}

#define LIKE_INDEXES (1 << 6) /* postgres: src/include/nodes/parsenodes.h, CREATE_TABLE_LIKE_INDEXES */

static void take_parent(struct reader *reader, const json_t *node, struct fact *fact)
{
    const json_t *parent = json_object_get(json_array_get(json_object_get(node, "inhRelations"), 0), "RangeVar");
    size_t i;
    const json_t *item;
    if (parent) {
        fact->other = fact_relation(reader, parent);
        fact->flags |= json_object_get(node, "partbound") ? FACT_PARTITION : 0;
    }
    json_array_foreach(json_object_get(node, "tableElts"), i, item)
    {
        const json_t *like = json_object_get(item, "TableLikeClause");
        if (!like)
            continue;
        fact->other = fact_relation(reader, json_object_get(like, "relation"));
        if (json_integer_value(json_object_get(like, "options")) & LIKE_INDEXES)
            fact->flags |= FACT_INDEXES;
    }
}

void facts_create_table(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *item, *range = json_object_get(node, "relation");
    struct fact *fact = fact_add(reader, FACT_CREATE_TABLE, range);
    struct relation table = fact->table = fact_relation(reader, range);
    fact->flags = (tree_is(node, "if_not_exists") ? FACT_IF_NOT_EXISTS : 0) |
                  (tree_has(range, "relpersistence", "t") ? FACT_TEMPORARY : 0);
    take_parent(reader, node, fact);
    json_array_foreach(json_object_get(node, "tableElts"), i, item)
    {
        if (json_object_get(item, "ColumnDef"))
            take_column(reader, table, json_object_get(item, "ColumnDef"), FACT_IN_CREATE);
        else if (json_object_get(item, "Constraint"))
            take_constraint(reader, table, json_object_get(item, "Constraint"), NULL, FACT_IN_CREATE);
    }
}

static void alter_type(struct reader *reader, struct relation table, const json_t *command)
{
    const json_t *column = json_object_get(json_object_get(command, "def"), "ColumnDef");
    struct fact *fact = fact_add(reader, FACT_TYPE, column);
    fact->table = table;
    fact->name = fact_keep(reader, tree_text(command, "name"));
    fact->type = read_type(reader, json_object_get(column, "typeName"));
    fact->flags = json_object_get(column, "raw_default") ? FACT_USING : 0;
}

/* Subcommands that take a name and nothing else that matters. */
static void alter_named(struct reader *reader, struct relation table, const json_t *command)
{
    static const struct {
        const char *type;
        enum fact_kind kind;
    } rows[] = {{"AT_DropColumn", FACT_DROP_COLUMN},
                {"AT_DropConstraint", FACT_DROP_CONSTRAINT},
                {"AT_SetNotNull", FACT_NOT_NULL},
                {"AT_ValidateConstraint", FACT_VALIDATE}};
    enum fact_kind kind = FACT_ALTER;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (tree_has(command, "subtype", rows[i].type))
            kind = rows[i].kind;
    }
    struct fact *fact = fact_add(reader, kind, NULL);
    fact->table = table;
    fact->name = fact_keep(reader, tree_text(command, "name"));
    fact->flags = tree_is(command, "missing_ok") ? FACT_IF_EXISTS : 0;
}

static void alter_one(struct reader *reader, struct relation table, const json_t *command)
{
    const json_t *def = json_object_get(command, "def");
    if (tree_has(command, "subtype", "AT_AddColumn"))
        take_column(reader, table, json_object_get(def, "ColumnDef"),
                    tree_is(command, "missing_ok") ? FACT_IF_NOT_EXISTS : 0);
    else if (tree_has(command, "subtype", "AT_AddConstraint"))
        take_constraint(reader, table, json_object_get(def, "Constraint"), NULL, 0);
    else if (tree_has(command, "subtype", "AT_AlterColumnType"))
        alter_type(reader, table, command);
    else
        alter_named(reader, table, command);
}

void facts_alter_table(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *item;
    if (!tree_has(node, "objtype", "OBJECT_TABLE"))
        return;
    struct relation table = fact_relation(reader, json_object_get(node, "relation"));
    json_array_foreach(json_object_get(node, "cmds"), i, item)
        alter_one(reader, table, json_object_get(item, "AlterTableCmd"));
}
