#include "config/check.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"

/* The way from the root to a value. */
struct place {
    const struct place *up; /* NULL: the root */
    const char *name;       /* a key or the number of an element */
    bool any;               /* rows say * for it */
};

struct check {
    const struct config_format *format;
    struct arena *arena;
    struct problems *problems;
};

static void check_value(struct check *check, struct node *node, const cyaml_schema_value_t *schema,
                        const struct place *place);

static void add_path(struct buf *out, const struct place *place, bool pattern)
{
    if (!place->up)
        return;
    add_path(out, place->up, pattern);
    if (out->len)
        buf_addc(out, '.');
    buf_adds(out, pattern && place->any ? "*" : place->name);
}

static const char *path_of(struct check *check, const struct place *place)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    add_path(&out, place, false);
    return arena_strdup(check->arena, out.len ? buf_text(&out) : "the file");
}

static const struct config_row *row_of(struct check *check, const struct place *place)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    add_path(&out, place, true);
    for (size_t i = 0; i < check->format->row_count; i++) {
        if (strcmp(check->format->rows[i].path, buf_text(&out)) == 0)
            return &check->format->rows[i];
    }
    return NULL;
}

static enum config_rule rule_of(struct check *check, const struct place *place)
{
    const struct config_row *row = row_of(check, place);
    return row ? row->rule : CONFIG_PLAIN;
}

static const char *kind_word(const struct node *node)
{
    if (node->kind == NODE_SCALAR)
        return node->plain && !*node->raw ? "nothing" : "a single value";
    return node->kind == NODE_LIST ? "a list" : "a mapping";
}

static bool is_empty(const struct node *node)
{
    return node->kind == NODE_SCALAR && node->plain && !*node->raw;
}

static bool is_null(const struct node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; node->plain && i < COUNT_OF(words); i++) {
        if (strcmp(node->raw, words[i]) == 0)
            return true;
    }
    return false;
}

#define SHOWN_SIZE 80

/* A foreign value for a message: short, and harmless on a terminal. */
static const char *shown(struct check *check, const char *text)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    text_add_printable(&out, text, true);
    char cut[SHOWN_SIZE];
    text_format(cut, sizeof cut, "%s", buf_text(&out));
    return arena_strdup(check->arena, cut);
}

static const cyaml_schema_field_t *field_of(const cyaml_schema_value_t *schema, const char *key)
{
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (strcmp(field->key, key) == 0)
            return field;
    }
    return NULL;
}

static void unknown_key(struct check *check, const struct node *key, const cyaml_schema_value_t *schema,
                        const struct place *place, bool named)
{
    struct place here = {.up = place, .name = key->text};
    const struct config_row *row = row_of(check, &here);
    if (row && row->rule == CONFIG_NOT_BUILT) {
        problem_add(check->problems, key->line, key->column, "remove it",
                    "%s is known but not built yet (%s); it is refused rather than ignored", path_of(check, &here),
                    row->prose);
        return;
    }
    struct nearest nearest = nearest_to(key->text);
    auto_buf struct buf list = BUF_INIT(BUF_MAX);
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (named && strcmp(field->key, "name") == 0)
            continue;
        buf_addf(&list, "%s%s", list.len ? ", " : "", field->key);
        nearest_offer(&nearest, field->key);
    }
    if (nearest.candidate)
        problem_add(check->problems, key->line, key->column, "", "unknown key '%s'; %s",
                    shown(check, path_of(check, &here)), nearest_hint(&nearest));
    else
        problem_add(check->problems, key->line, key->column, "", "unknown key '%s'; known here: %s",
                    shown(check, path_of(check, &here)), buf_text(&list));
}

static void fill_in(struct check *check, struct node *map, const cyaml_schema_field_t *field,
                    const struct place *place)
{
    struct place here = {.up = place, .name = field->key};
    const struct config_row *row = row_of(check, &here);
    if (row && row->fallback) {
        struct node *value = node_text(check->arena, row->fallback, map->line, map->column);
        value->plain = true;
        node_append(check->arena, map, node_text(check->arena, field->key, map->line, map->column));
        node_append(check->arena, map, value);
        check_value(check, value, &field->value, &here);
    } else if (!(field->value.flags & CYAML_FLAG_OPTIONAL)) {
        problem_add(check->problems, map->line, map->column, "", "%s is missing", path_of(check, &here));
    }
}

/* `named`: the mapping got its "name" from a chosen key. */
static void check_map(struct check *check, struct node *map, const cyaml_schema_value_t *schema,
                      const struct place *place, bool named)
{
    if (is_empty(map)) {
        map->kind = NODE_MAP;
    } else if (map->kind != NODE_MAP) {
        problem_add(check->problems, map->line, map->column, "", "%s has to be a mapping (key: value), not %s",
                    path_of(check, place), kind_word(map));
        return;
    }
    size_t count = map->count;
    for (size_t i = named ? 2 : 0; i < count; i += 2) {
        const struct node *key = map->items[i];
        const cyaml_schema_field_t *field = field_of(schema, key->text);
        if (!field || (named && strcmp(key->text, "name") == 0)) {
            unknown_key(check, key, schema, place, named);
            continue;
        }
        struct place here = {.up = place, .name = field->key};
        check_value(check, map->items[i + 1], &field->value, &here);
    }
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (!node_lookup(map, field->key))
            fill_in(check, map, field, place);
    }
}

static void check_name(struct check *check, const struct node *node, const struct place *place)
{
    if (!text_is_name(node->text))
        problem_add(check->problems, node->line, node->column,
                    "a name has 1 to 63 of a-z, 0-9 and '-', and begins with no '-'", "%s: '%s' is not a name",
                    path_of(check, place), shown(check, node->raw));
}

static void check_text(struct check *check, const struct node *node, const cyaml_schema_value_t *schema,
                       const struct config_row *row, const struct place *place);

/* One chosen key and its value -> an element. */
static struct node *chosen_entry(struct check *check, struct node *key, struct node *value,
                                 const cyaml_schema_value_t *schema, const struct place *place)
{
    struct node *entry = node_new(check->arena, NODE_MAP, key->line, key->column);
    node_append(check->arena, entry, node_text(check->arena, "name", key->line, key->column));
    node_append(check->arena, entry, node_text(check->arena, key->text, key->line, key->column));
    if (rule_of(check, place) == CONFIG_NAME)
        check_name(check, key, place->up);
    const cyaml_schema_field_t *field = field_of(schema, "value");
    if (field) {
        check_text(check, key, &field_of(schema, "name")->value, NULL, place->up);
        node_append(check->arena, entry, node_text(check->arena, "value", value->line, value->column));
        node_append(check->arena, entry, value);
        check_value(check, value, &field->value, place);
        return entry;
    }
    if (value->kind == NODE_MAP) {
        for (size_t i = 0; i < value->count; i++)
            node_append(check->arena, entry, value->items[i]);
    } else if (!is_empty(value)) {
        problem_add(check->problems, value->line, value->column, "", "%s has to be a mapping (key: value), not %s",
                    path_of(check, place), kind_word(value));
    }
    check_map(check, entry, schema, place, true);
    return entry;
}

static void check_chosen(struct check *check, struct node *node, const cyaml_schema_value_t *schema,
                         const struct place *place)
{
    if (node->kind != NODE_MAP && !is_empty(node)) {
        problem_add(check->problems, node->line, node->column, "", "%s has to be a mapping (name: ...), not %s",
                    path_of(check, place), kind_word(node));
        return;
    }
    struct node list = *node;
    list.kind = NODE_LIST;
    list.items = NULL;
    list.count = list.room = 0;
    list.chosen = true;
    list.valued = field_of(schema->sequence.entry, "value") != NULL;
    for (size_t i = 0; i < node->count; i += 2) {
        struct place here = {.up = place, .name = node->items[i]->text, .any = true};
        node_append(check->arena, &list,
                    chosen_entry(check, node->items[i], node->items[i + 1], schema->sequence.entry, &here));
    }
    *node = list;
}

static void check_list(struct check *check, struct node *node, const cyaml_schema_value_t *schema,
                       const struct place *place)
{
    if (rule_of(check, place) == CONFIG_MAP) {
        check_chosen(check, node, schema, place);
    } else if (node->kind != NODE_LIST) {
        problem_add(check->problems, node->line, node->column, "write [one, two], or a line '- one' for each",
                    "%s has to be a list, not %s", path_of(check, place), kind_word(node));
        return;
    } else {
        for (size_t i = 0; i < node->count; i++) {
            struct place here = {.up = place, .name = arena_printf(check->arena, "%zu", i), .any = true};
            check_value(check, node->items[i], schema->sequence.entry, &here);
        }
    }
    if (node->kind != NODE_LIST)
        return;
    if (node->count < schema->sequence.min)
        problem_add(check->problems, node->line, node->column, "", "%s has %zu entries; at least %u are needed",
                    path_of(check, place), node->count, schema->sequence.min);
    else if (node->count > schema->sequence.max)
        problem_add(check->problems, node->line, node->column, "", "%s has %zu entries; at most %u are allowed",
                    path_of(check, place), node->count, schema->sequence.max);
}

static void check_range(struct check *check, const struct node *node, const struct config_row *row, long long value,
                        const struct place *place, const char *unit)
{
    if (!row || (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max))
        return;
    problem_add(check->problems, node->line, node->column, "", "%s: '%s' is out of range: %lld to %lld%s",
                path_of(check, place), shown(check, node->raw), row->min, row->max, unit);
}

static void check_duration(struct check *check, struct node *node, const struct config_row *row,
                           const struct place *place)
{
    long long ms;
    if (!text_to_ms(node->text, &ms)) {
        problem_add(check->problems, node->line, node->column, "write a number with its unit: 250ms, 5s, 15min, 2h, 1d",
                    "%s: '%s' is not a duration", path_of(check, place), shown(check, node->raw));
        return;
    }
    check_range(check, node, row, ms, place, " ms");
    node->text = arena_printf(check->arena, "%lld", ms);
}

static bool is_number(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t len = strspn(digits, "0123456789");
    return len > 0 && digits[len] == 0 && (digits[0] != '0' || strcmp(text, "0") == 0);
}

static void check_number(struct check *check, const struct node *node, const cyaml_schema_value_t *schema,
                         const struct config_row *row, const struct place *place)
{
    unsigned bits = schema->data_size >= 8 ? 63 : 8 * schema->data_size - (schema->type == CYAML_INT);
    long long max = (long long)((1ULL << bits) - 1), min = schema->type == CYAML_INT ? -max - 1 : 0, value;
    if (!is_number(node->text) || !(node->plain || node->expanded)) {
        problem_add(check->problems, node->line, node->column,
                    "write decimal digits without quotes, leading zeros or other signs",
                    "%s: '%s' is not a whole number", path_of(check, place), shown(check, node->raw));
    } else if (!text_to_long(node->text, min, max, &value)) {
        problem_add(check->problems, node->line, node->column, "", "%s: '%s' is out of range: %lld to %lld",
                    path_of(check, place), shown(check, node->raw), min, max);
    } else {
        check_range(check, node, row, value, place, "");
    }
}

static void check_boolean(struct check *check, const struct node *node, const struct place *place)
{
    bool good = strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0;
    if (!good || !(node->plain || node->expanded))
        problem_add(check->problems, node->line, node->column, "write true or false, without quotes",
                    "%s: '%s' is neither true nor false", path_of(check, place), shown(check, node->raw));
}

static void check_word(struct check *check, const struct node *node, const cyaml_schema_value_t *schema,
                       const struct place *place)
{
    struct nearest nearest = nearest_to(node->text);
    auto_buf struct buf list = BUF_INIT(BUF_MAX);
    for (uint32_t i = 0; i < schema->enumeration.count; i++) {
        if (strcmp(schema->enumeration.strings[i].str, node->text) == 0)
            return;
        buf_addf(&list, "%s%s", i ? ", " : "", schema->enumeration.strings[i].str);
        nearest_offer(&nearest, schema->enumeration.strings[i].str);
    }
    struct place here = {.up = place, .name = node->text};
    const struct config_row *row = row_of(check, &here);
    if (row && row->rule == CONFIG_NOT_BUILT)
        problem_add(check->problems, node->line, node->column, "",
                    "%s: '%s' is known but not built yet (%s); known: %s", path_of(check, place), node->raw, row->prose,
                    buf_text(&list));
    else if (nearest.candidate)
        problem_add(check->problems, node->line, node->column, "", "%s: '%s' is unknown; %s", path_of(check, place),
                    shown(check, node->raw), nearest_hint(&nearest));
    else
        problem_add(check->problems, node->line, node->column, "", "%s: '%s' is unknown; known: %s",
                    path_of(check, place), shown(check, node->raw), buf_text(&list));
}

static void check_text(struct check *check, const struct node *node, const cyaml_schema_value_t *schema,
                       const struct config_row *row, const struct place *place)
{
    size_t len = strlen(node->text);
    if (row && row->rule == CONFIG_NAME)
        check_name(check, node, place->any ? place->up : place);
    else if (len < schema->string.min || len > schema->string.max)
        problem_add(check->problems, node->line, node->column, "", "%s: the text has %zu bytes; %u to %u are allowed",
                    path_of(check, place), len, schema->string.min, schema->string.max);
}

static void check_scalar(struct check *check, struct node *node, const cyaml_schema_value_t *schema,
                         const struct place *place)
{
    const struct config_row *row = row_of(check, place);
    if (node->kind != NODE_SCALAR) {
        problem_add(check->problems, node->line, node->column, "", "%s has to be a single value, not %s",
                    path_of(check, place), kind_word(node));
    } else if (is_null(node)) {
        problem_add(check->problems, node->line, node->column, "give it a value, or remove the key", "%s has no value",
                    path_of(check, place));
    } else if (row && row->rule == CONFIG_DURATION) {
        check_duration(check, node, row, place);
    } else if (schema->type == CYAML_INT || schema->type == CYAML_UINT) {
        check_number(check, node, schema, row, place);
    } else if (schema->type == CYAML_BOOL) {
        check_boolean(check, node, place);
    } else if (schema->type == CYAML_ENUM) {
        check_word(check, node, schema, place);
    } else {
        check_text(check, node, schema, row, place);
    }
}

static void check_value(struct check *check, struct node *node, const cyaml_schema_value_t *schema,
                        const struct place *place)
{
    if (schema->type == CYAML_MAPPING)
        check_map(check, node, schema, place, false);
    else if (schema->type == CYAML_SEQUENCE)
        check_list(check, node, schema, place);
    else
        check_scalar(check, node, schema, place);
}

void config_check(const struct config_format *format, struct node *root, struct arena *arena,
                  struct problems *problems)
{
    struct check check = {format, arena, problems};
    struct place top = {.up = NULL};
    check_value(&check, root, format->schema, &top);
}
