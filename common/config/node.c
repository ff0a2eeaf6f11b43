#include "config/node.h"

#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/text.h"

#define PROBLEMS_MAX 8

void problem_add(struct problems *problems, int line, int column, const char *hint, const char *format, ...)
{
    problems->count++;
    struct err *err = problems->err;
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    if (problems->count == 1) {
        err_setv(err, ERR_CONFIG, format, args);
        err_prefix(err, "%s:%d:%d", problems->path, line, column);
        err_hint(err, "%s", hint);
    } else if (problems->count <= PROBLEMS_MAX) {
        struct err more = ERR_INIT;
        err_setv(&more, ERR_CONFIG, format, args);
        text_append(err->text, sizeof err->text, "\n%s:%d:%d: %s", problems->path, line, column, more.text);
    }
    va_end(args);
}

struct node *node_new(struct arena *arena, enum node_kind kind, int line, int column)
{
    struct node *node = arena_new(arena, struct node);
    node->kind = kind;
    node->line = line;
    node->column = column;
    return node;
}

struct node *node_text(struct arena *arena, const char *text, int line, int column)
{
    struct node *node = node_new(arena, NODE_SCALAR, line, column);
    node->text = node->raw = arena_strdup(arena, text);
    return node;
}

void node_append(struct arena *arena, struct node *parent, struct node *item)
{
    *arena_add(arena, parent->items, parent->count, parent->room) = item;
}

struct node *node_lookup(const struct node *map, const char *key)
{
    for (size_t i = 0; i < map->count; i += 2) {
        if (strcmp(map->items[i]->text, key) == 0)
            return map->items[i + 1];
    }
    return NULL;
}
