/* The schema as a service's migrations leave it, as far as it can be seen in them: tables, types of columns, indexes,
 * foreign keys. What was there before the first migration, or is made in DO bodies, is not known: a table that is not
 * here may exist. Threads: one at a time. */
#pragma once
#include "lint/facts.h"
#include "lint/place.h"

struct schema_column {
    const char *name;
    struct fact_type type;
    struct schema_column *next;
};

struct schema_index {
    const char *name; /* NULL: the server names it */
    const char **columns;
    size_t column_count;
    bool partial, dropped;
    struct schema_index *next;
};

struct schema_key {
    const char *name; /* never NULL: as the server would name it */
    const char **columns;
    size_t column_count;
    const struct schema_table *other; /* the referenced table; NULL: not named */
    struct place place;
    bool applied, dropped;
    struct schema_key *next, *next_to; /* of its table; to the same table */
};

struct schema_table {
    struct relation name;
    unsigned hash;
    int made_in;      /* number of the migration, -1: before the first, or unknown */
    int locked_in;    /* the transactional migration that holds a lock against writers, -1 */
    int emptied_in;   /* -1 */
    int rewritten_in; /* the last migration that table-rewrite spoke of, -1 */
    bool temporary, dropped, trigger;
    struct schema_table *parent; /* a partition's */
    struct schema_column *columns;
    struct schema_index *indexes;
    struct schema_key *keys, *keys_to; /* its own; those that reference it */
    struct schema_table *next;         /* in its bucket */
};

/* Rows of `from` were copied into `into` while others could write to `from`. */
struct schema_copy {
    struct schema_table *into, *from;
    struct relation from_name; /* at that time */
};

#define SCHEMA_BUCKETS 1024

struct schema {
    struct arena *arena;
    struct schema_table *buckets[SCHEMA_BUCKETS]; /* by name, dropped ones too */
    struct schema_table **tables;
    size_t count, room;
    struct schema_copy *copies;
    size_t copy_count, copy_room;
    int migration;          /* number of the one that is read */
    bool transactional;     /* whether it runs in a transaction */
    long skipped_statement; /* CREATE TABLE IF NOT EXISTS of a table that exists; -1: none */
};

struct schema_table *schema_find(const struct schema *schema,
                                 struct relation name); /* not a dropped one; NULL: unknown */
/* Whether it was there before the present migration, so that others may use it: an unknown table was. */
bool schema_existed(const struct schema *schema, struct relation name);
/* Of an ADD COLUMN or a CREATE TABLE seen before; NULL: unknown. */
const struct fact_type *schema_type(const struct schema *schema, struct relation table, const char *column);
/* Whether the fact belongs to a CREATE TABLE IF NOT EXISTS that does nothing. */
bool schema_skips(const struct schema *schema, const struct fact *fact);
/* What the fact makes of the schema. `place` is where it stands; applied: its migration is. */
void schema_apply(struct schema *schema, const struct fact *fact, struct place place, bool applied);
/* An index of the table, or of the one that it is a partition of, begins with one of the key's columns. */
bool schema_key_has_index(const struct schema_table *table, const struct schema_key *key);
