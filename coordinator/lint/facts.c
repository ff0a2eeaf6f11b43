/* From the tree of a statement to facts: one row for each kind of node. Tables are in facts_table.c. */
#include "lint/facts.h"

#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "lint/facts_internal.h"
#include "lint/tree.h"
#include "sql/sql_tree.h"

struct fact *fact_add(struct reader *reader, enum fact_kind kind, const json_t *place)
{
    struct facts *facts = reader->facts;
    const json_t *location = json_object_get(place, "location");
    struct fact *fact = arena_add(reader->arena, facts->items, facts->count, facts->room);
    *fact = (struct fact){.kind = kind,
                          .statement = reader->statement,
                          .at = location ? reader->base + (size_t)json_integer_value(location) : reader->begin};
    return fact;
}

const char *fact_keep(struct reader *reader, const char *text)
{
    return text ? arena_strdup(reader->arena, text) : NULL;
}

static const char *keep_schema(struct reader *reader, const char *schema)
{
    return !schema || strcmp(schema, "public") == 0 ? "" : fact_keep(reader, schema);
}

struct relation fact_relation(struct reader *reader, const json_t *range)
{
    return (struct relation){keep_schema(reader, tree_text(range, "schemaname")),
                             fact_keep(reader, tree_text(range, "relname"))};
}

void fact_columns(struct reader *reader, const json_t *list, struct fact *fact)
{
    size_t count = json_array_size(list);
    const char **columns = arena_array(reader->arena, count + 1, sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        const char *name = tree_string(json_array_get(list, i));
        columns[i] = arena_strdup(reader->arena, name ? name : "");
    }
    fact->columns = columns;
    fact->column_count = count;
}

/* [schema.]name of a DROP. */
static struct relation dropped(struct reader *reader, const json_t *object)
{
    const json_t *items = tree_items(object);
    size_t count = json_array_size(items);
    const char *name = count > 0 ? tree_string(json_array_get(items, count - 1)) : NULL;
    const char *schema = count > 1 ? tree_string(json_array_get(items, count - 2)) : NULL;
    return (struct relation){keep_schema(reader, schema), fact_keep(reader, name)};
}

static void drop_one(struct reader *reader, const json_t *object, const char *type, unsigned flags)
{
    struct fact *fact;
    if (strcmp(type, "OBJECT_TABLE") == 0 || strcmp(type, "OBJECT_FOREIGN_TABLE") == 0) {
        fact = fact_add(reader, FACT_DROP_TABLE, NULL);
        fact->table = dropped(reader, object);
    } else if (strcmp(type, "OBJECT_INDEX") == 0) {
        fact = fact_add(reader, FACT_DROP_INDEX, NULL);
        struct relation index = dropped(reader, object);
        fact->table.schema = index.schema;
        fact->name = index.name;
    } else if (strcmp(type, "OBJECT_SCHEMA") == 0) {
        fact = fact_add(reader, FACT_DROP_SCHEMA, NULL);
        fact->name = keep_schema(reader, tree_string(object));
    } else {
        return;
    }
    fact->flags = flags;
}

static void on_drop(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *object;
    const char *type = tree_text(node, "removeType");
    unsigned flags =
        (tree_is(node, "missing_ok") ? FACT_IF_EXISTS : 0) | (tree_is(node, "concurrent") ? FACT_CONCURRENTLY : 0);
    json_array_foreach(json_object_get(node, "objects"), i, object)
        drop_one(reader, object, type ? type : "", flags);
}

/* WHERE column IS NOT NULL leaves out only what no foreign key looks for. */
static bool is_partial(const json_t *where)
{
    return where && !tree_has(json_object_get(where, "NullTest"), "nulltesttype", "IS_NOT_NULL");
}

/* Neither is asked for one value: GIN holds parts of values, BRIN what ranges of blocks hold. */
static bool is_by_value(const char *method)
{
    return !method || (strcmp(method, "gin") != 0 && strcmp(method, "brin") != 0);
}

static void on_index(struct reader *reader, const json_t *node)
{
    const json_t *params = json_object_get(node, "indexParams");
    size_t count = json_array_size(params);
    const char **columns = arena_array(reader->arena, count + 1, sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        const char *name = tree_text(json_object_get(json_array_get(params, i), "IndexElem"), "name");
        columns[i] = arena_strdup(reader->arena, name ? name : "");
    }
    struct fact *fact = fact_add(reader, FACT_INDEX, NULL);
    fact->table = fact_relation(reader, json_object_get(node, "relation"));
    fact->name = fact_keep(reader, tree_text(node, "idxname"));
    fact->columns = columns;
    fact->column_count = count;
    fact->flags = (tree_is(node, "concurrent") ? FACT_CONCURRENTLY : 0) |
                  (tree_is(node, "if_not_exists") ? FACT_IF_NOT_EXISTS : 0) |
                  (is_partial(json_object_get(node, "whereClause")) ? FACT_PARTIAL : 0) |
                  (is_by_value(tree_text(node, "accessMethod")) ? 0 : FACT_BY_PARTS);
}

static void on_rename(struct reader *reader, const json_t *node)
{
    static const struct {
        const char *type;
        enum fact_kind kind;
    } rows[] = {{"OBJECT_TABLE", FACT_RENAME_TABLE},
                {"OBJECT_COLUMN", FACT_RENAME_COLUMN},
                {"OBJECT_TABCONSTRAINT", FACT_RENAME_CONSTRAINT},
                {"OBJECT_INDEX", FACT_RENAME_INDEX}};
    const json_t *relation = json_object_get(node, "relation");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!tree_has(node, "renameType", rows[i].type))
            continue;
        struct fact *fact = fact_add(reader, rows[i].kind, NULL);
        fact->table = fact_relation(reader, relation);
        fact->name = fact_keep(reader, tree_text(node, "subname"));
        if (fact->kind == FACT_RENAME_INDEX)
            fact->name = fact->table.name;
        fact->to = fact_keep(reader, tree_text(node, "newname"));
    }
}

static void on_move(struct reader *reader, const json_t *node)
{
    if (!tree_has(node, "objectType", "OBJECT_TABLE"))
        return;
    struct fact *fact = fact_add(reader, FACT_MOVE, NULL);
    fact->table = fact_relation(reader, json_object_get(node, "relation"));
    fact->to = keep_schema(reader, tree_text(node, "newschema"));
}

static void on_truncate(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(node, "relations"), i, item)
    {
        const json_t *range = json_object_get(item, "RangeVar");
        struct fact *fact = fact_add(reader, FACT_EMPTY, range);
        fact->table = fact_relation(reader, range);
        fact->name = "TRUNCATE";
    }
}

static void add_write(struct reader *reader, enum fact_kind kind, const json_t *node, const char *name)
{
    struct fact *fact = fact_add(reader, kind, NULL);
    fact->table = fact_relation(reader, json_object_get(node, "relation"));
    fact->name = name;
}

static void on_delete(struct reader *reader, const json_t *node)
{
    if (json_object_get(node, "whereClause") || json_object_get(node, "usingClause"))
        add_write(reader, FACT_WRITE, node, NULL);
    else
        add_write(reader, FACT_EMPTY, node, "DELETE without WHERE");
}

static void on_update(struct reader *reader, const json_t *node)
{
    add_write(reader, FACT_UPDATE, node, NULL);
}

/* Every table that a query reads at its top: FROM lists and joins of each branch of UNION. */
static void copy_from(struct reader *reader, struct relation into, json_t *node)
{
    size_t i;
    const char *key;
    json_t *value;
    if (json_is_array(node)) {
        json_array_foreach(node, i, value)
            copy_from(reader, into, value);
        return;
    }
    json_object_foreach(node, key, value)
    {
        if (strcmp(key, "RangeVar") == 0) {
            struct fact *fact = fact_add(reader, FACT_COPY, NULL);
            fact->table = into;
            fact->other = fact_relation(reader, value);
        } else if (strcmp(key, "SelectStmt") == 0 || strcmp(key, "fromClause") == 0 || strcmp(key, "JoinExpr") == 0 ||
                   strcmp(key, "larg") == 0 || strcmp(key, "rarg") == 0) {
            copy_from(reader, into, value);
        }
    }
}

static void on_insert(struct reader *reader, const json_t *node)
{
    add_write(reader, FACT_WRITE, node, NULL);
    copy_from(reader, fact_relation(reader, json_object_get(node, "relation")), json_object_get(node, "selectStmt"));
}

static void create_as(struct reader *reader, const json_t *into, json_t *query, bool if_not_exists)
{
    const json_t *range = json_object_get(into, "rel");
    struct fact *fact = fact_add(reader, FACT_CREATE_TABLE, range);
    struct relation table = fact->table = fact_relation(reader, range);
    fact->flags =
        (if_not_exists ? FACT_IF_NOT_EXISTS : 0) | (tree_has(range, "relpersistence", "t") ? FACT_TEMPORARY : 0);
    copy_from(reader, table, query);
}

static void on_create_as(struct reader *reader, const json_t *node)
{
    if (tree_has(node, "objtype", "OBJECT_TABLE"))
        create_as(reader, json_object_get(node, "into"), json_object_get(node, "query"),
                  tree_is(node, "if_not_exists"));
}

/* SELECT set_config('name', 'value', false), as pg_dump writes it. */
static void take_set_config(struct reader *reader, const json_t *call)
{
    const json_t *names = json_object_get(call, "funcname"), *args = json_object_get(call, "args");
    const char *function = tree_string(json_array_get(names, json_array_size(names) - 1));
    const json_t *name = json_object_get(json_array_get(args, 0), "A_Const"),
                 *value = json_object_get(json_array_get(args, 1), "A_Const"),
                 *local = json_object_get(json_array_get(args, 2), "A_Const");
    const char *setting = tree_text(json_object_get(name, "sval"), "sval");
    if (!function || strcmp(function, "set_config") != 0 || !setting)
        return;
    struct fact *fact = fact_add(reader, FACT_SET, call);
    fact->name = fact_keep(reader, setting);
    fact->to = fact_keep(reader, tree_text(json_object_get(value, "sval"), "sval"));
    fact->flags = !local || tree_is(json_object_get(local, "boolval"), "boolval") ? FACT_LOCAL : 0;
}

static void on_select(struct reader *reader, const json_t *node)
{
    const json_t *into = json_object_get(node, "intoClause"), *item;
    size_t i;
    if (into)
        create_as(reader, into, json_object_get(node, "fromClause"), false);
    json_array_foreach(json_object_get(node, "targetList"), i, item)
    {
        const json_t *value = json_object_get(json_object_get(item, "ResTarget"), "val");
        take_set_config(reader, json_object_get(value, "FuncCall"));
    }
}

/* COMMENT ON TABLE: its name is a list, as DROP has it. */
static void on_comment(struct reader *reader, const json_t *node)
{
    if (tree_has(node, "objtype", "OBJECT_TABLE"))
        fact_add(reader, FACT_TOUCH, NULL)->table = dropped(reader, json_object_get(node, "object"));
}

/* Every table that the statement names, and that no fact of it has. */
static void add_touched(struct reader *reader, json_t *node, size_t first)
{
    size_t i;
    const char *key;
    json_t *value;
    if (json_is_array(node)) {
        json_array_foreach(node, i, value)
            add_touched(reader, value, first);
        return;
    }
    json_object_foreach(node, key, value)
    {
        if (!json_is_object(value) && !json_is_array(value))
            continue;
        const char *name = tree_text(value, "relname");
        bool known = name == NULL;
        for (i = first; i < reader->facts->count && !known; i++) {
            const struct fact *fact = &reader->facts->items[i];
            known = (fact->table.name && strcmp(fact->table.name, name) == 0) ||
                    (fact->other.name && strcmp(fact->other.name, name) == 0);
        }
        if (!known)
            fact_add(reader, FACT_TOUCH, value)->table = fact_relation(reader, value);
        add_touched(reader, value, first);
    }
}

static void on_trigger(struct reader *reader, const json_t *node)
{
    struct fact *fact = fact_add(reader, FACT_TRIGGER, NULL);
    fact->table = fact_relation(reader, json_object_get(node, "relation"));
}

#define SHARE_LOCK 5 /* postgres: src/include/storage/lockdefs.h; from here on writers are kept out */

static void on_lock(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(node, "relations"), i, item)
    {
        struct fact *fact = fact_add(reader, FACT_LOCK, NULL);
        fact->table = fact_relation(reader, json_object_get(item, "RangeVar"));
        fact->flags = json_integer_value(json_object_get(node, "mode")) >= SHARE_LOCK ? FACT_STRONG : 0;
    }
}

static void on_set(struct reader *reader, const json_t *node)
{
    const char *name = tree_text(node, "name");
    const json_t *value = json_object_get(json_array_get(json_object_get(node, "args"), 0), "A_Const");
    const json_t *number = json_object_get(value, "ival");
    if (!name || !value)
        return;
    struct fact *fact = fact_add(reader, FACT_SET, NULL);
    fact->name = fact_keep(reader, name);
    fact->flags = json_is_true(json_object_get(node, "is_local")) ? FACT_LOCAL : 0;
    fact->to = number
                   ? arena_printf(reader->arena, "%lld", (long long)json_integer_value(json_object_get(number, "ival")))
                   : fact_keep(reader, tree_text(json_object_get(value, "sval"), "sval"));
}

/* An option `password` with a text that is not a placeholder. */
static void find_password(struct reader *reader, const json_t *node, const char *what)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(node, "options"), i, item)
    {
        const json_t *option = json_object_get(item, "DefElem");
        const char *value = tree_string(json_object_get(option, "arg"));
        if (tree_has(option, "defname", "password") && value && *value && !strstr(value, "${") &&
            !strstr(value, LINT_ANY_WORD))
            fact_add(reader, FACT_PASSWORD, option)->name = what;
    }
}

static void on_role(struct reader *reader, const json_t *node)
{
    find_password(reader, node, "a role's password");
}

static void on_mapping(struct reader *reader, const json_t *node)
{
    find_password(reader, node, "the password of a user mapping");
}

static void on_server(struct reader *reader, const json_t *node)
{
    find_password(reader, node, "the password of a foreign server");
}

static void on_do(struct reader *reader, const json_t *node)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(node, "args"), i, item)
    {
        const char *body = tree_string(json_object_get(json_object_get(item, "DefElem"), "arg"));
        if (tree_has(json_object_get(item, "DefElem"), "defname", "as") && body)
            fact_add(reader, FACT_OPAQUE, NULL)->to = fact_keep(reader, body);
    }
}

static const struct {
    const char *node;
    void (*act)(struct reader *reader, const json_t *node);
} rows[] = {
    {"CreateStmt", facts_create_table},
    {"AlterTableStmt", facts_alter_table},
    {"IndexStmt", on_index},
    {"DropStmt", on_drop},
    {"RenameStmt", on_rename},
    {"AlterObjectSchemaStmt", on_move},
    {"TruncateStmt", on_truncate},
    {"DeleteStmt", on_delete},
    {"UpdateStmt", on_update},
    {"InsertStmt", on_insert},
    {"CreateTableAsStmt", on_create_as},
    {"SelectStmt", on_select},
    {"CreateTrigStmt", on_trigger},
    {"LockStmt", on_lock},
    {"VariableSetStmt", on_set},
    {"CreateRoleStmt", on_role},
    {"AlterRoleStmt", on_role},
    {"CreateUserMappingStmt", on_mapping},
    {"AlterUserMappingStmt", on_mapping},
    {"CreateForeignServerStmt", on_server},
    {"AlterForeignServerStmt", on_server},
    {"DoStmt", on_do},
    {"CommentStmt", on_comment},
};

static void read_statement(void *context, const struct sql_statement *statement, size_t index, json_t *tree,
                           size_t base)
{
    struct reader *reader = context;
    const char *name = json_object_iter_key(json_object_iter(tree));
    reader->begin = statement->begin;
    reader->base = base;
    reader->statement = index;
    size_t first = reader->facts->count;
    for (size_t i = 0; name && i < COUNT_OF(rows); i++) {
        if (strcmp(rows[i].node, name) == 0)
            rows[i].act(reader, json_object_get(tree, name));
    }
    add_touched(reader, tree, first);
}

void facts_read(const char *text, struct arena *arena, struct facts *ret_facts)
{
    *ret_facts = (struct facts){.count = 0};
    struct reader reader = {.facts = ret_facts, .arena = arena};
    sql_visit(text, arena, read_statement, &reader, &ret_facts->sql);
    if (!ret_facts->sql.parsed)
        ret_facts->count = 0;
}
