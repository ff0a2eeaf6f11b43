/* Inside this room: how facts are gathered from trees. Threads: one at a time. */
#pragma once
#include <jansson.h>

#include "lint/facts.h"

struct reader {
    struct facts *facts;
    struct arena *arena;
    size_t statement; /* index of the one that is read */
    size_t begin;     /* where it begins */
    size_t base;      /* what locations count from */
};

/* A new fact at a node's location (where it has one, else where the statement begins). */
struct fact *fact_add(struct reader *reader, enum fact_kind kind, const json_t *place);
struct relation fact_relation(struct reader *reader, const json_t *range); /* of a RangeVar */
const char *fact_keep(struct reader *reader, const char *text);            /* NULL stays NULL */
/* A list of String nodes. */
void fact_columns(struct reader *reader, const json_t *list, struct fact *fact);

/* facts_table.c */
void facts_create_table(struct reader *reader, const json_t *node);
void facts_alter_table(struct reader *reader, const json_t *node);
