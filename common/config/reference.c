/* The keys of a format as a Markdown page, from its schema and rows. */
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "config/config.h"

struct page {
    const struct config_format *format;
    struct arena *arena;
    struct buf *out;
};

/* `path` as rows have it ("services.*.targets"), `shown` as users read it ("services.NAME.targets"). */
struct key {
    const char *path, *shown;
};

static void add_value(struct page *page, struct key key, const cyaml_schema_value_t *schema);

static struct key below(struct page *page, struct key key, const char *path, const char *shown)
{
    return (struct key){arena_printf(page->arena, "%s%s", key.path, path),
                        arena_printf(page->arena, "%s%s", key.shown, shown)};
}

static const struct config_row *row_of(const struct page *page, const char *path)
{
    for (size_t i = 0; i < page->format->row_count; i++)
        if (strcmp(page->format->rows[i].path, path) == 0)
            return &page->format->rows[i];
    return NULL;
}

static void add_time(struct buf *out, long long ms)
{
    static const struct {
        long long ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    while (i + 1 < COUNT_OF(units) && (ms == 0 || ms % units[i].ms))
        i++;
    buf_addf(out, "%lld%s", ms / units[i].ms, units[i].unit);
}

static void add_range(struct buf *out, const struct config_row *row)
{
    if (row->min == 0 && row->max == 0)
        return;
    buf_adds(out, ", ");
    if (row->rule == CONFIG_DURATION) {
        add_time(out, row->min);
        buf_adds(out, " to ");
        add_time(out, row->max);
    } else
        buf_addf(out, "%lld to %lld", row->min, row->max);
}

static void add_kind(struct buf *out, const cyaml_schema_value_t *schema, const struct config_row *row)
{
    enum config_rule rule = row ? row->rule : CONFIG_PLAIN;
    if (schema->type == CYAML_ENUM) {
        for (uint32_t i = 0; i < schema->enumeration.count; i++)
            buf_addf(out, "%s`%s`", i ? " or " : "", schema->enumeration.strings[i].str);
        return;
    }
    if (rule == CONFIG_MAP || schema->type == CYAML_MAPPING)
        buf_adds(out, "mapping");
    else if (schema->type == CYAML_SEQUENCE)
        buf_adds(out, schema->sequence.entry->type == CYAML_MAPPING ? "list of mappings" : "list");
    else if (rule == CONFIG_DURATION)
        buf_adds(out, "duration");
    else if (schema->type == CYAML_INT || schema->type == CYAML_UINT)
        buf_adds(out, "whole number");
    else
        buf_adds(out, schema->type == CYAML_BOOL ? "true or false" : rule == CONFIG_NAME ? "name" : "text");
    if (rule == CONFIG_DURATION || rule == CONFIG_NUMBER)
        add_range(out, row);
}

static void add_row(struct page *page, struct key key, const cyaml_schema_value_t *schema)
{
    const struct config_row *row = row_of(page, key.path);
    buf_addf(page->out, "| `%s` | ", key.shown);
    add_kind(page->out, schema, row);
    buf_adds(page->out, " | ");
    if (row && row->fallback)
        buf_addf(page->out, "`%s`", row->fallback);
    else
        buf_adds(page->out, schema->flags & CYAML_FLAG_OPTIONAL ? "optional" : "required");
    buf_addf(page->out, " | %s |\n", row && row->prose ? row->prose : "");
}

/* `named`: "name" is the key that the user chose. */
static void add_fields(struct page *page, struct key key, const cyaml_schema_value_t *schema, bool named)
{
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++) {
        if (named && strcmp(field->key, "name") == 0)
            continue;
        const char *part = arena_printf(page->arena, "%s%s", *key.path ? "." : "", field->key);
        add_row(page, below(page, key, part, part), &field->value);
        add_value(page, below(page, key, part, part), &field->value);
    }
}

static void add_chosen(struct page *page, struct key key, const cyaml_schema_value_t *entry)
{
    for (const cyaml_schema_field_t *field = entry->mapping.fields; field->key; field++)
        if (strcmp(field->key, "value") == 0) {
            add_row(page, key, &field->value);
            return;
        }
    add_fields(page, key, entry, true);
}

static void add_value(struct page *page, struct key key, const cyaml_schema_value_t *schema)
{
    if (schema->type == CYAML_MAPPING) {
        add_fields(page, key, schema, false);
        return;
    }
    if (schema->type != CYAML_SEQUENCE || schema->sequence.entry->type != CYAML_MAPPING)
        return;
    const struct config_row *row = row_of(page, key.path);
    if (row && row->rule == CONFIG_MAP)
        add_chosen(page, below(page, key, ".*", ".NAME"), schema->sequence.entry);
    else
        add_fields(page, below(page, key, ".*", "[]"), schema->sequence.entry, false);
}

static bool told_before(const struct config_format *format, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (format->rows[i].rule == CONFIG_NOT_BUILT && strcmp(format->rows[i].prose, format->rows[index].prose) == 0)
            return true;
    return false;
}

static void add_not_built(struct page *page)
{
    const char *before = "\nKnown but not built yet, and refused rather than ignored, here and where else the key may "
                         "stand:\n\n";
    for (size_t i = 0; i < page->format->row_count; i++) {
        const struct config_row *row = &page->format->rows[i];
        if (row->rule != CONFIG_NOT_BUILT || told_before(page->format, i))
            continue;
        buf_addf(page->out, "%s- `%s`: %s\n", before, row->path, row->prose);
        before = "";
    }
}

void config_markdown(const struct config_format *format, const char *title, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct page page = {format, &arena, out};
    buf_addf(out, "## %s\n\n| key | kind | when left out | |\n|---|---|---|---|\n", title);
    add_value(&page, (struct key){"", ""}, format->schema);
    add_not_built(&page);
}
