/* A YAML document as a tree with marks, read strictly: what config.h refuses below the level of a schema is refused
 * here. Everything lives in the arena given. Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"

#define NODE_DEPTH_MAX 64

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool plain;         /* SCALAR: not quoted */
    bool expanded;      /* SCALAR: ${NAME} was replaced */
    const char *text;   /* SCALAR: the value */
    const char *raw;    /* SCALAR: as it stands in the file, for messages */
    bool chosen;        /* LIST: made of a mapping with chosen keys; each element is a mapping with "name" */
    bool valued;        /* such a LIST: each element is {name, value} */
    int line, column;   /* from 1 */
    struct node **items; /* LIST: elements; MAP: key, value, key, value, ... */
    size_t count, room;
};

/* Gathers up to eight errors into one err (NULL is fine). */
struct problems {
    const char *path;
    struct err *err;
    int count;
};
/* "PATH:LINE:COLUMN: text", a line for each; the first one's hint ("" for none) becomes err's. */
void problem_add(struct problems *problems, int line, int column, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The one document of `text`, or NULL with a problem added. */
struct node *node_parse(const char *text, size_t len, struct arena *arena, struct problems *problems);
/* Replaces ${NAME} in all values below `node`; keys stay as they are. */
void node_expand(struct node *node, config_getter *get, void *context, struct arena *arena, struct problems *problems);

struct node *node_new(struct arena *arena, enum node_kind kind, int line, int column);
struct node *node_text(struct arena *arena, const char *text, int line, int column); /* a quoted scalar */
void node_append(struct arena *arena, struct node *parent, struct node *item);
struct node *node_lookup(const struct node *map, const char *key); /* the value, NULL: none */

/* YAML that libcyaml reads back as the same tree: every scalar in double quotes. */
struct buf;
bool node_emit(const struct node *root, struct buf *out, struct err *err);
