/* ${NAME} in values. */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "config/node.h"

#define VALUE_MAX ((size_t)1 << 20)

struct expansion {
    config_getter *get;
    void *context;
    struct arena *arena;
    struct problems *problems;
};

static size_t name_length(const char *text)
{
    if (*text >= '0' && *text <= '9')
        return 0;
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

/* Adds what the name at `text` (behind "${") stands for; returns how many characters were used, 0 on a problem. */
static size_t expand_name(struct expansion *expansion, const struct node *node, const char *text, struct buf *out)
{
    size_t len = name_length(text);
    if (len == 0 || text[len] != '}') {
        problem_add(expansion->problems, node->line, node->column, "write ${NAME}; a plain ${ is written $${",
                    "'${' is not followed by a name and '}'");
        return 0;
    }
    const char *name = arena_strndup(expansion->arena, text, len);
    const char *value = expansion->get ? expansion->get(expansion->context, name) : NULL;
    if (!value) {
        problem_add(expansion->problems, node->line, node->column,
                    "set it in the environment; a plain ${ is written $${", "the environment has no %s", name);
        return 0;
    }
    if (!text_is_utf8(value, strlen(value), NULL)) {
        problem_add(expansion->problems, node->line, node->column, "", "the value of %s is not UTF-8", name);
        return 0;
    }
    buf_adds(out, value);
    return len + 1;
}

static void expand_scalar(struct expansion *expansion, struct node *node)
{
    if (!strstr(node->text, "${"))
        return;
    struct buf out = BUF_INIT(VALUE_MAX);
    for (const char *p = node->text; *p;) {
        if (text_starts(p, "$${")) {
            buf_adds(&out, "${");
            p += 3;
        } else if (text_starts(p, "${")) {
            size_t used = expand_name(expansion, node, p + 2, &out);
            if (used == 0)
                break;
            node->expanded = true;
            p += 2 + used;
        } else {
            buf_addc(&out, *p++);
        }
    }
    if (!buf_ok(&out))
        problem_add(expansion->problems, node->line, node->column, "", "the value is too long");
    node->text = arena_strdup(expansion->arena, buf_text(&out));
    buf_release(&out);
}

static void expand_below(struct expansion *expansion, struct node *node)
{
    if (node->kind == NODE_SCALAR)
        expand_scalar(expansion, node);
    size_t first = node->kind == NODE_MAP ? 1 : 0, step = node->kind == NODE_MAP ? 2 : 1;
    for (size_t i = first; i < node->count; i += step)
        expand_below(expansion, node->items[i]);
}

void node_expand(struct node *node, config_getter *get, void *context, struct arena *arena, struct problems *problems)
{
    struct expansion expansion = {get, context, arena, problems};
    expand_below(&expansion, node);
}
