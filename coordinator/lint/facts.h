/* Facts: what the statements of one text do, one fact for each thing, in order. Between libpg_query's trees, which only
 * facts*.c know, and the rules. Names are as the server folds them; the schema "public" is written "". */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "lint/lint.h"
#include "sql/sql.h"

enum fact_kind {
    FACT_CREATE_TABLE,      /* table; other: LIKE, PARTITION OF, INHERITS */
    FACT_COLUMN,            /* table, name, type; of CREATE TABLE or ADD COLUMN */
    FACT_FOREIGN_KEY,       /* table, columns, name (NULL: the server names it), other */
    FACT_UNIQUE,            /* table, columns, name: PRIMARY KEY, UNIQUE; of ADD ... USING INDEX no columns */
    FACT_CHECK,             /* table, name */
    FACT_INDEX,             /* table, columns (an expression is ""), name */
    FACT_DROP_TABLE,        /* table */
    FACT_DROP_COLUMN,       /* table, name */
    FACT_DROP_CONSTRAINT,   /* table, name */
    FACT_DROP_INDEX,        /* table.schema, name */
    FACT_DROP_SCHEMA,       /* name */
    FACT_EMPTY,             /* table: TRUNCATE, or DELETE without WHERE (name: which) */
    FACT_UPDATE,            /* table */
    FACT_WRITE,             /* table: INSERT, DELETE with WHERE */
    FACT_TYPE,              /* table, name, type: ALTER COLUMN ... TYPE; flag USING */
    FACT_NOT_NULL,          /* table, name: SET NOT NULL */
    FACT_VALIDATE,          /* table, name */
    FACT_ALTER,             /* table: any other change under a strong lock */
    FACT_RENAME_TABLE,      /* table, to */
    FACT_RENAME_COLUMN,     /* table, name, to */
    FACT_RENAME_CONSTRAINT, /* table, name, to */
    FACT_RENAME_INDEX,      /* table.schema, name, to */
    FACT_MOVE,              /* table, to: SET SCHEMA */
    FACT_COPY,              /* table (into), other (from): INSERT ... SELECT, CREATE TABLE AS; one for each source */
    FACT_TRIGGER,           /* table */
    FACT_LOCK,              /* table, flag STRONG: keeps writers out */
    FACT_SET,               /* name, to: SET name = to, set_config(); flag LOCAL */
    FACT_TOUCH,             /* table: named by a statement of which no other fact has it */
    FACT_PASSWORD,          /* name: what carries it */
    FACT_OPAQUE,            /* to: the body of DO */
};

#define FACT_IF_EXISTS 1u     /* DROP ... IF EXISTS */
#define FACT_IF_NOT_EXISTS 2u /* CREATE ... IF NOT EXISTS */
#define FACT_TEMPORARY 4u
#define FACT_IN_CREATE 8u /* part of CREATE TABLE */
#define FACT_CONCURRENTLY 16u
#define FACT_REQUIRED 32u    /* COLUMN: NOT NULL or PRIMARY KEY */
#define FACT_DEFAULT 64u     /* COLUMN: the server has a value for old rows */
#define FACT_COMPUTED 128u   /* COLUMN: that value differs from row to row: the table is written anew */
#define FACT_NOT_VALID 256u  /* FOREIGN_KEY, CHECK */
#define FACT_PARTIAL 512u    /* INDEX: with a WHERE that is not just `column IS NOT NULL` */
#define FACT_USING 1024u     /* TYPE */
#define FACT_STRONG 2048u    /* LOCK */
#define FACT_INDEXES 4096u   /* CREATE_TABLE: takes over the indexes of `other` */
#define FACT_PARTITION 8192u /* CREATE_TABLE: of `other` */
#define FACT_LOCAL 32768u    /* SET: for this transaction alone */
#define FACT_BY_PARTS 16384u /* INDEX: GIN, BRIN: finds no row by the whole value */

struct relation {
    const char *schema, *name; /* name NULL: none */
};

struct fact_type {
    const char *name; /* NULL: not known */
    int mods[2];      /* varchar(10): 10; numeric(8,2): 8, 2; -1: none */
    bool array;
};

struct fact {
    enum fact_kind kind;
    unsigned flags;
    size_t statement; /* index */
    size_t at;        /* offset in the text */
    struct relation table, other;
    const char *name, *to;
    const char *const *columns;
    size_t column_count;
    struct fact_type type;
};

struct facts {
    struct fact *items;
    size_t count, room;
    struct sql_text sql;
};

/* Everything lives in the arena. Of a text that cannot be read (sql.parsed == false) there are no facts. */
void facts_read(const char *text, struct arena *arena, struct facts *ret_facts);
