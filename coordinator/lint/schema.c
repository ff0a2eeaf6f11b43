#include "lint/schema.h"

#include <string.h>

#include "base/array.h"

static unsigned hash_of(struct relation name)
{
    unsigned hash = 5381; /* only to compare fewer names */
    for (const char *p = name.name; *p; p++)
        hash = hash * 33 + (unsigned char)*p;
    return hash;
}

struct schema_table *schema_find(const struct schema *schema, struct relation name)
{
    unsigned hash = name.name ? hash_of(name) : 0;
    struct schema_table *table = name.name ? schema->buckets[hash % SCHEMA_BUCKETS] : NULL;
    while (table && (table->dropped || table->hash != hash || strcmp(table->name.name, name.name) != 0 ||
                     strcmp(table->name.schema, name.schema) != 0))
        table = table->next;
    return table;
}

bool schema_existed(const struct schema *schema, struct relation name)
{
    const struct schema_table *table = schema_find(schema, name);
    return !table || (table->made_in != schema->migration && !table->temporary);
}

static void link_table(struct schema *schema, struct schema_table *table)
{
    struct schema_table **bucket = &schema->buckets[table->hash % SCHEMA_BUCKETS];
    table->next = *bucket;
    *bucket = table;
}

static struct schema_table *add_table(struct schema *schema, struct relation name, int made_in)
{
    if (schema->count == schema->room) {
        size_t room = schema->room ? 2 * schema->room : 64;
        struct schema_table **tables = arena_array(schema->arena, room, sizeof *tables);
        if (schema->count)
            memcpy(tables, schema->tables, schema->count * sizeof *tables);
        schema->tables = tables;
        schema->room = room;
    }
    struct schema_table *table = arena_new(schema->arena, struct schema_table);
    *table = (struct schema_table){
        .name = name, .hash = hash_of(name), .made_in = made_in, .locked_in = -1, .emptied_in = -1, .rewritten_in = -1};
    link_table(schema, table);
    return schema->tables[schema->count++] = table;
}

static struct schema_table *find_or_add(struct schema *schema, struct relation name)
{
    struct schema_table *table = schema_find(schema, name);
    return table || !name.name ? table : add_table(schema, name, -1);
}

static struct schema_column *find_column(const struct schema_table *table, const char *name)
{
    struct schema_column *column = table ? table->columns : NULL;
    while (column && strcmp(column->name, name) != 0)
        column = column->next;
    return column;
}

const struct fact_type *schema_type(const struct schema *schema, struct relation table, const char *column)
{
    const struct schema_column *found = find_column(schema_find(schema, table), column);
    return found && found->type.name ? &found->type : NULL;
}

bool schema_skips(const struct schema *schema, const struct fact *fact)
{
    return (fact->flags & FACT_IN_CREATE) && (long)fact->statement == schema->skipped_statement;
}

static const char **copy_columns(struct schema *schema, const char *const *columns, size_t count)
{
    const char **copy = arena_array(schema->arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = columns[i];
    return copy;
}

static void add_index(struct schema *schema, struct schema_table *table, const char *name, const char *const *columns,
                      size_t count, bool partial)
{
    struct schema_index *index = arena_new(schema->arena, struct schema_index);
    *index = (struct schema_index){.name = name,
                                   .columns = copy_columns(schema, columns, count),
                                   .column_count = count,
                                   .partial = partial,
                                   .next = table->indexes};
    table->indexes = index;
}

static void set_type(struct schema *schema, struct schema_table *table, const char *name, struct fact_type type)
{
    struct schema_column *column = find_column(table, name);
    if (!column) {
        column = arena_new(schema->arena, struct schema_column);
        column->name = name;
        column->next = table->columns;
        table->columns = column;
    }
    column->type = type;
}

static void take_over(struct schema *schema, struct schema_table *table, const struct schema_table *from, bool indexes)
{
    for (const struct schema_column *column = from->columns; column; column = column->next)
        set_type(schema, table, column->name, column->type);
    for (const struct schema_index *index = from->indexes; indexes && index; index = index->next) {
        if (!index->dropped)
            add_index(schema, table, NULL, index->columns, index->column_count, index->partial);
    }
}

static void create_table(struct schema *schema, const struct fact *fact)
{
    struct schema_table *known = schema_find(schema, fact->table);
    schema->skipped_statement = -1;
    if (known && (fact->flags & FACT_IF_NOT_EXISTS)) {
        schema->skipped_statement = (long)fact->statement;
        return;
    }
    if (known) /* a second one of that name: the first has gone in a way that cannot be seen */
        known->dropped = true;
    struct schema_table *table = add_table(schema, fact->table, schema->migration);
    struct schema_table *other = schema_find(schema, fact->other);
    table->temporary = fact->flags & FACT_TEMPORARY;
    if (!other || other == table)
        return;
    take_over(schema, table, other, fact->flags & FACT_INDEXES);
    table->parent = fact->flags & FACT_PARTITION ? other : NULL;
}

static const char *key_name(struct schema *schema, const struct fact *fact)
{
    if (fact->name)
        return fact->name;
    /* postgres: src/backend/parser/parse_utilcmd.c and ChooseConstraintName: table_column_fkey */
    return arena_printf(schema->arena, "%s_%s_fkey", fact->table.name, fact->column_count ? fact->columns[0] : "");
}

static void add_key(struct schema *schema, struct schema_table *table, const struct fact *fact, struct place place,
                    bool applied)
{
    struct schema_key *key = arena_new(schema->arena, struct schema_key);
    struct schema_table *other = find_or_add(schema, fact->other);
    *key = (struct schema_key){.name = key_name(schema, fact),
                               .columns = copy_columns(schema, fact->columns, fact->column_count),
                               .column_count = fact->column_count,
                               .other = other,
                               .place = place,
                               .applied = applied,
                               .next = table->keys,
                               .next_to = other ? other->keys_to : NULL};
    table->keys = key;
    if (other)
        other->keys_to = key;
}

/* With a table go the foreign keys that point to it. */
static void drop_table(struct schema_table *table)
{
    table->dropped = true;
    for (struct schema_key *key = table->keys_to; key; key = key->next_to)
        key->dropped = true;
}

static bool has_column(const char *const *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i], name) == 0)
            return true;
    }
    return false;
}

static void drop_column(struct schema_table *table, const char *name)
{
    for (struct schema_index *index = table->indexes; index; index = index->next)
        index->dropped |= has_column(index->columns, index->column_count, name);
    for (struct schema_key *key = table->keys; key; key = key->next)
        key->dropped |= has_column(key->columns, key->column_count, name);
}

static bool same_name(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void drop_constraint(struct schema_table *table, const char *name)
{
    for (struct schema_index *index = table->indexes; index; index = index->next)
        index->dropped |= same_name(index->name, name);
    for (struct schema_key *key = table->keys; key; key = key->next)
        key->dropped |= same_name(key->name, name);
}

static void rename_columns(const char **columns, size_t count, const char *from, const char *to)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i], from) == 0)
            columns[i] = to;
    }
}

static void rename_column(struct schema_table *table, const char *from, const char *to)
{
    struct schema_column *column = find_column(table, from);
    if (column)
        column->name = to;
    for (struct schema_index *index = table->indexes; index; index = index->next)
        rename_columns(index->columns, index->column_count, from, to);
    for (struct schema_key *key = table->keys; key; key = key->next)
        rename_columns(key->columns, key->column_count, from, to);
}

static void rename_constraint(struct schema_table *table, const char *from, const char *to)
{
    for (struct schema_key *key = table->keys; key; key = key->next)
        key->name = same_name(key->name, from) ? to : key->name;
    for (struct schema_index *index = table->indexes; index; index = index->next)
        index->name = same_name(index->name, from) ? to : index->name;
}

/* An index's name is known in its schema; its table is not named. `to` NULL: dropped. */
static void change_index(struct schema *schema, const struct fact *fact)
{
    for (size_t i = 0; fact->name && i < schema->count; i++) {
        struct schema_table *table = schema->tables[i];
        if (table->dropped || strcmp(table->name.schema, fact->table.schema) != 0)
            continue;
        for (struct schema_index *index = table->indexes; index; index = index->next) {
            if (!same_name(index->name, fact->name))
                continue;
            index->dropped |= fact->to == NULL;
            index->name = fact->to ? fact->to : index->name;
        }
    }
}

static void drop_schema(struct schema *schema, const char *name)
{
    for (size_t i = 0; name && i < schema->count; i++)
        schema->tables[i]->dropped |= strcmp(schema->tables[i]->name.schema, name) == 0;
}

static void add_copy(struct schema *schema, const struct fact *fact)
{
    struct schema_table *into = schema_find(schema, fact->table), *from = find_or_add(schema, fact->other);
    bool guarded = !from || from->trigger || from->locked_in == schema->migration || from->made_in == schema->migration;
    if (!into || into == from || into->temporary || guarded)
        return;
    *arena_add(schema->arena, schema->copies, schema->copy_count, schema->copy_room) =
        (struct schema_copy){into, from, from->name};
}

static void rename_table(struct schema *schema, struct schema_table *table, struct relation to)
{
    struct schema_table **at = &schema->buckets[table->hash % SCHEMA_BUCKETS];
    while (*at != table)
        at = &(*at)->next;
    *at = table->next;
    table->name = to;
    table->hash = hash_of(to);
    link_table(schema, table);
}

/* Each of these takes a lock that keeps writers out until the end of the transaction. */
static bool locks(const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_COLUMN:
    case FACT_FOREIGN_KEY:
    case FACT_UNIQUE:
    case FACT_CHECK:
        return !(fact->flags & FACT_IN_CREATE);
    case FACT_INDEX:
        return !(fact->flags & FACT_CONCURRENTLY);
    case FACT_LOCK:
        return fact->flags & FACT_STRONG;
    case FACT_DROP_COLUMN:
    case FACT_DROP_CONSTRAINT:
    case FACT_TYPE:
    case FACT_NOT_NULL:
    case FACT_ALTER:
    case FACT_RENAME_TABLE:
    case FACT_RENAME_COLUMN:
    case FACT_MOVE:
    case FACT_TRIGGER:
        return true;
    default:
        return false;
    }
}

static void change_table(struct schema *schema, struct schema_table *table, const struct fact *fact, struct place place,
                         bool applied)
{
    switch (fact->kind) {
    case FACT_COLUMN:
    case FACT_TYPE:
        set_type(schema, table, fact->name, fact->type);
        break;
    case FACT_FOREIGN_KEY:
        add_key(schema, table, fact, place, applied);
        break;
    case FACT_UNIQUE:
    case FACT_INDEX:
        add_index(schema, table, fact->name, fact->columns, fact->column_count,
                  fact->flags & (FACT_PARTIAL | FACT_BY_PARTS));
        break;
    case FACT_DROP_TABLE:
        drop_table(table);
        break;
    case FACT_DROP_COLUMN:
        drop_column(table, fact->name);
        break;
    case FACT_DROP_CONSTRAINT:
        drop_constraint(table, fact->name);
        break;
    case FACT_RENAME_TABLE:
        rename_table(schema, table, (struct relation){table->name.schema, fact->to});
        break;
    case FACT_MOVE:
        rename_table(schema, table, (struct relation){fact->to, table->name.name});
        break;
    case FACT_RENAME_COLUMN:
        rename_column(table, fact->name, fact->to);
        break;
    case FACT_RENAME_CONSTRAINT:
        rename_constraint(table, fact->name, fact->to);
        break;
    case FACT_TRIGGER:
        table->trigger = true;
        break;
    case FACT_EMPTY:
        table->emptied_in = schema->migration;
        break;
    default:
        break;
    }
}

void schema_apply(struct schema *schema, const struct fact *fact, struct place place, bool applied)
{
    if (schema_skips(schema, fact))
        return;
    if (fact->kind == FACT_CREATE_TABLE) {
        create_table(schema, fact);
    } else if (fact->kind == FACT_COPY) {
        add_copy(schema, fact);
    } else if (fact->kind == FACT_DROP_SCHEMA) {
        drop_schema(schema, fact->name);
    } else if (fact->kind == FACT_DROP_INDEX || fact->kind == FACT_RENAME_INDEX) {
        change_index(schema, fact);
    } else if (fact->table.name) {
        struct schema_table *table = find_or_add(schema, fact->table);
        if (locks(fact) && schema->transactional)
            table->locked_in = schema->migration;
        change_table(schema, table, fact, place, applied);
    }
}

bool schema_key_has_index(const struct schema_table *table, const struct schema_key *key)
{
    for (const struct schema_table *t = table; t; t = t->parent) {
        for (const struct schema_index *index = t->indexes; index; index = index->next) {
            if (!index->dropped && !index->partial && index->column_count &&
                has_column(key->columns, key->column_count, index->columns[0]))
                return true;
        }
    }
    return false;
}
