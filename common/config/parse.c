/* libyaml's events -> the tree. The parser works in steps, so that a deep or endless document ends at our limit. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/node.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct builder {
    struct arena *arena;
    struct problems *problems;
    struct node *open[NODE_DEPTH_MAX];
    size_t depth;
    struct node *root;
    int documents;
};

static int mark_line(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static int mark_column(yaml_mark_t mark)
{
    return (int)mark.column + 1;
}

static bool refuse(struct builder *builder, yaml_mark_t mark, const char *hint, const char *text)
{
    problem_add(builder->problems, mark_line(mark), mark_column(mark), hint, "%s", text);
    return false;
}

/* Whether the next item of the innermost open mapping is a key. */
static bool expects_key(const struct builder *builder)
{
    const struct node *top = builder->depth ? builder->open[builder->depth - 1] : NULL;
    return top && top->kind == NODE_MAP && top->count % 2 == 0;
}

static bool attach(struct builder *builder, struct node *node, yaml_mark_t mark)
{
    if (expects_key(builder) && node->kind != NODE_SCALAR)
        return refuse(builder, mark, "write a plain word as key", "a key has to be text, not a list or a mapping");
    if (builder->depth)
        node_append(builder->arena, builder->open[builder->depth - 1], node);
    else
        builder->root = node;
    return true;
}

static bool open_node(struct builder *builder, enum node_kind kind, const yaml_event_t *event)
{
    struct node *node = node_new(builder->arena, kind, mark_line(event->start_mark), mark_column(event->start_mark));
    if (!attach(builder, node, event->start_mark))
        return false;
    if (builder->depth == NODE_DEPTH_MAX)
        return refuse(builder, event->start_mark, "", "nested more than 64 levels deep");
    builder->open[builder->depth++] = node;
    return true;
}

static bool add_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (memchr(value, 0, len))
        return refuse(builder, event->start_mark, "remove \\0 from the text", "the text contains a NUL character");
    struct node *node =
        node_new(builder->arena, NODE_SCALAR, mark_line(event->start_mark), mark_column(event->start_mark));
    node->text = node->raw = arena_strndup(builder->arena, value, len);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return attach(builder, node, event->start_mark);
}

static int by_key(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    int order = strcmp(x->text, y->text);
    if (order == 0)
        order = (x->line > y->line) - (x->line < y->line);
    return order ? order : (x->column > y->column) - (x->column < y->column);
}

static bool close_map(struct builder *builder)
{
    const struct node *map = builder->open[--builder->depth];
    size_t keys = map->count / 2;
    if (keys < 2)
        return true;
    auto_free struct node **sorted = xcalloc(keys, sizeof *sorted);
    for (size_t i = 0; i < keys; i++)
        sorted[i] = map->items[2 * i];
    qsort(sorted, keys, sizeof *sorted, by_key);
    for (size_t i = 1; i < keys; i++) {
        if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0) {
            problem_add(builder->problems, sorted[i]->line, sorted[i]->column, "keep one of the two",
                        "the key '%s' stands twice (first in line %d)", sorted[i]->text, sorted[i - 1]->line);
            return false;
        }
    }
    return true;
}

static const char *tag_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return (const char *)event->data.mapping_start.tag;
    default:
        return NULL;
    }
}

static const char *anchor_of(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return (const char *)event->data.scalar.anchor;
    case YAML_SEQUENCE_START_EVENT:
        return (const char *)event->data.sequence_start.anchor;
    case YAML_MAPPING_START_EVENT:
        return (const char *)event->data.mapping_start.anchor;
    case YAML_ALIAS_EVENT:
        return (const char *)event->data.alias.anchor;
    default:
        return NULL;
    }
}

static bool take_event(struct builder *builder, const yaml_event_t *event)
{
    if (anchor_of(event))
        return refuse(builder, event->start_mark, "write the value out in each place",
                      "anchors (&) and aliases (*) are not allowed");
    if (tag_of(event))
        return refuse(builder, event->start_mark, "remove the tag", "tags (!) are not allowed");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++builder->documents > 1)
            return refuse(builder, event->start_mark, "keep one document in a file", "a second document begins here");
        return true;
    case YAML_SCALAR_EVENT:
        return add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(builder, NODE_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return open_node(builder, NODE_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
        builder->depth--;
        return true;
    case YAML_MAPPING_END_EVENT:
        return close_map(builder);
    default:
        return true;
    }
}

static void syntax_problem(const yaml_parser_t *parser, struct problems *problems)
{
    yaml_mark_t mark = parser->problem_mark;
    const char *problem = parser->problem ? parser->problem : "it cannot be read";
    bool tab = strstr(problem, "cannot start any token") || strstr(problem, "tab");
    const char *hint = tab ? "YAML is indented with spaces, never with tabs" : "";
    if (parser->context)
        problem_add(problems, mark_line(mark), mark_column(mark), hint, "not YAML: %s, %s", parser->context, problem);
    else
        problem_add(problems, mark_line(mark), mark_column(mark), hint, "not YAML: %s", problem);
}

static bool run_parser(yaml_parser_t *parser, struct builder *builder)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            syntax_problem(parser, builder->problems);
            return false;
        }
        bool good = take_event(builder, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (!good)
            return false;
    }
    return true;
}

static bool check_bytes(const char *text, size_t len, struct problems *problems)
{
    size_t at;
    int line, column;
    const char *nul = memchr(text, 0, len);
    if (!text_is_utf8(text, len, &at)) {
        text_position(text, at, &line, &column);
        problem_add(problems, line, column, "save the file as UTF-8", "byte %zu is not UTF-8", at + 1);
        return false;
    }
    if (nul) {
        text_position(text, (size_t)(nul - text), &line, &column);
        problem_add(problems, line, column, "remove it", "the file contains a NUL byte");
        return false;
    }
    return true;
}

struct node *node_parse(const char *text, size_t len, struct arena *arena, struct problems *problems)
{
    if (!check_bytes(text, len, problems))
        return NULL;
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        err_set(problems->err, ERR_SYSTEM, "out of memory");
        problems->count++;
        return NULL;
    }
    if (len >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
        text += strlen(BYTE_ORDER_MARK); /* libyaml would count it as a column, and find the next line too far left */
        len -= strlen(BYTE_ORDER_MARK);
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    struct builder builder = {.arena = arena, .problems = problems};
    bool good = run_parser(&parser, &builder);
    yaml_parser_delete(&parser);
    if (good && !builder.root)
        problem_add(problems, 1, 1, "write one, or begin with what `greylag init` makes", "the file is empty");
    return good ? builder.root : NULL;
}
