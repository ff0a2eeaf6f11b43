/* What can be mended in a file without changing what it does. */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "lint/header.h"
#include "lint/lint.h"
#include "sql/sql_tree.h"

#define MARK "\xEF\xBB\xBF"
#define BIT(rule) (1u << (rule))

bool lint_rule_can_fix(enum lint_rule rule)
{
    return rule == LINT_LINE_ENDINGS || rule == LINT_FINAL_NEWLINE || rule == LINT_MISSING_HEADER;
}

struct search {
    size_t shown;
    bool found;
};

/* Any text in the tree that holds a carriage return: a string, a function's body. */
static bool holds_return(json_t *node)
{
    size_t i;
    const char *key;
    json_t *value;
    if (json_is_string(node))
        return strchr(json_string_value(node), '\r') != NULL;
    json_array_foreach(node, i, value)
    {
        if (holds_return(value))
            return true;
    }
    json_object_foreach(node, key, value)
    {
        if (holds_return(value))
            return true;
    }
    return false;
}

static void look(void *context, const struct sql_statement *statement, size_t index, json_t *tree, size_t base)
{
    struct search *search = context;
    (void)statement, (void)index, (void)base;
    search->shown++;
    search->found |= holds_return(tree);
}

/* Only where all of it can be seen, and no line end is part of what is stored. */
static bool may_change_ends(const struct lint_text *text)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct search search = {.shown = 0};
    struct sql_text sql;
    if (!text->sql)
        return true;
    sql_visit(text->sql, &scratch, look, &search, &sql);
    return sql.parsed && search.shown == sql.count && !search.found;
}

static bool same_file(const struct lint_text *a, const struct lint_text *b)
{
    return b->sql && strcmp(a->file, b->file) == 0;
}

/* 20240131... -> 2024-01-31, when the version begins like that. */
static bool version_date(const char *version, char date[11])
{
    for (size_t i = 0; i < 8; i++) {
        if (!isdigit((unsigned char)version[i]))
            return false;
    }
    int month = (version[4] - '0') * 10 + version[5] - '0', day = (version[6] - '0') * 10 + version[7] - '0';
    if (strncmp(version, "19", 2) < 0 || strncmp(version, "21", 2) >= 0 || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    text_format(date, 11, "%.4s-%.2s-%.2s", version, version + 4, version + 6);
    return true;
}

/* The lines that are missing and known; the author is not. */
static void add_header(const struct lint_migration *migration, const struct lint_text *text, struct buf *out)
{
    char date[11];
    unsigned missing = header_missing(text->whole, text->whole_size);
    bool down = text == &migration->down;
    if (missing & BIT(HEADER_MIGRATION))
        buf_addf(out, "-- %s: %s\n", down ? "Rollback" : "Migration", migration->name);
    if (missing & BIT(HEADER_SERVICE))
        buf_addf(out, "-- Service: %s\n", migration->service);
    if ((missing & BIT(HEADER_DATE)) && version_date(migration->version, date))
        buf_addf(out, "-- Date: %s\n", date);
}

bool lint_fix(const struct lint_migration *migration, const struct lint_text *text, unsigned rules, struct buf *out)
{
    if (!text->whole || !text->sql)
        return false;
    const char *from = text->whole, *end = from + text->whole_size;
    if (text->whole_size >= strlen(MARK) && memcmp(from, MARK, strlen(MARK)) == 0) {
        buf_adds(out, MARK);
        from += strlen(MARK);
    }
    const struct lint_text *other = text == &migration->up ? &migration->down : &migration->up;
    bool ends = (rules & BIT(LINT_LINE_ENDINGS)) && may_change_ends(text) &&
                (!same_file(text, other) || may_change_ends(other));
    if ((rules & BIT(LINT_MISSING_HEADER)) && text->size == (size_t)(end - from))
        add_header(migration, text, out);
    for (const char *p = from; p < end; p++) {
        while (ends && *p == '\n' && out->len && out->data[out->len - 1] == '\r')
            out->data[--out->len] = '\0'; /* several of them too, or the file would need mending again */
        buf_addc(out, *p);
    }
    if ((rules & BIT(LINT_FINAL_NEWLINE)) && out->len && !strchr("\r\n", out->data[out->len - 1]))
        buf_addc(out, '\n');
    return out->len != text->whole_size || memcmp(buf_text(out), text->whole, out->len) != 0;
}
