#include "sql/placeholder.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

bool placeholder_next(const char *text, size_t *at, struct placeholder_use *ret_use)
{
    for (const char *p = text + *at; (p = strchr(p, '$')); p += p[1] ? 2 : 1) {
        if (p[1] != '{')
            continue;
        const char *end = strchr(p + 2, '}');
        bool closed = end != NULL;
        if (!closed)
            end = p + strlen(p);
        *ret_use = (struct placeholder_use){.begin = (size_t)(p - text), .end = (size_t)(end - text) + closed,
                                            .name = p + 2, .name_len = (size_t)(end - p) - 2, .closed = closed};
        *at = ret_use->end;
        return true;
    }
    *at += strlen(text + *at);
    return false;
}

bool placeholder_is(const struct placeholder_use *use, const char *name)
{
    return strlen(name) == use->name_len && strncasecmp(use->name, name, use->name_len) == 0;
}

static int line_ends(const char *text, size_t len)
{
    int n = 0;
    for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
        n++;
    return n;
}

static bool miss(const char *text, const struct placeholder_use *use, struct placeholder_use *ret_missing,
                 struct err *err)
{
    int line, column;
    text_position(text, use->begin, &line, &column);
    if (ret_missing)
        *ret_missing = *use;
    if (!use->closed) {
        err_set(err, ERR_INPUT, "line %d, column %d: '${' without a '}'", line, column);
        return err_hint(err, "every ${ begins a placeholder here; the layout's own tool has no escape for it either");
    }
    err_set(err, ERR_INPUT, "line %d, column %d: the placeholder ${%.*s} has no value", line, column,
            (int)(use->name_len < 200 ? use->name_len : 200), use->name);
    return err_hint(err, "write it under `placeholders:` in fleet.yml");
}

/* What the expanded text needs; false: a use has no value, or it is too much. */
static bool measure(const char *text, placeholder_getter *get, void *context, struct placeholder_text *ret_text,
                    struct placeholder_use *ret_missing, struct err *err)
{
    struct placeholder_use use;
    size_t at = 0, len = strlen(text);
    while (placeholder_next(text, &at, &use)) {
        const char *value = use.closed ? get(context, &use) : NULL;
        if (!value)
            return miss(text, &use, ret_missing, err);
        size_t more = strlen(value);
        len += more - (use.end - use.begin);
        ret_text->used++;
        ret_text->break_count += memchr(value, '\n', more) || memchr(use.name, '\n', use.name_len);
        if (len > PLACEHOLDER_TEXT_MAX) {
            if (ret_missing)
                *ret_missing = (struct placeholder_use){.name = ""};
            return err_set(err, ERR_INPUT, "with its placeholders replaced, the text is larger than %zu MiB",
                           PLACEHOLDER_TEXT_MAX >> 20);
        }
    }
    ret_text->len = len;
    return true;
}

static void note_break(struct placeholder_break *breaks, size_t *count, int line, const char *value,
                       const struct placeholder_use *use)
{
    struct placeholder_break b = {.line = line, .lines = line_ends(value, strlen(value)),
                                  .replaced = line_ends(use->name, use->name_len)};
    if (b.lines || b.replaced)
        breaks[(*count)++] = b;
}

static void fill(const char *text, placeholder_getter *get, void *context, char *out, struct placeholder_break *breaks)
{
    struct placeholder_use use;
    size_t at = 0, from = 0, count = 0;
    int line = 1;
    while (placeholder_next(text, &at, &use)) {
        const char *value = get(context, &use);
        size_t plain = use.begin - from, len = strlen(value);
        memcpy(out, text + from, plain);
        memcpy(out + plain, value, len);
        if (breaks) {
            line += line_ends(text + from, plain);
            note_break(breaks, &count, line, value, &use);
            line += line_ends(value, len);
        }
        out += plain + len;
        from = use.end;
    }
    memcpy(out, text + from, strlen(text + from) + 1);
}

bool placeholder_expand(const char *text, placeholder_getter *get, void *context, struct arena *arena,
                        struct placeholder_text *ret_text, struct placeholder_use *ret_missing, struct err *err)
{
    struct placeholder_text found = {.text = text};
    if (!measure(text, get, context, &found, ret_missing, err))
        return false;
    if (found.used) {
        char *out = arena_alloc(arena, found.len + 1);
        struct placeholder_break *breaks = NULL;
        if (found.break_count)
            breaks = arena_array(arena, found.break_count, sizeof *breaks);
        fill(text, get, context, out, breaks);
        found.text = out;
        found.breaks = breaks;
    }
    *ret_text = found;
    return true;
}

int placeholder_line(const struct placeholder_text *text, int line)
{
    int shift = 0;
    for (size_t i = 0; i < text->break_count && text->breaks[i].line < line; i++) {
        const struct placeholder_break *b = &text->breaks[i];
        bool inside = line <= b->line + b->lines; /* then it is where the placeholder was written */
        shift += inside ? line - b->line : b->lines - b->replaced;
    }
    return line - shift;
}
