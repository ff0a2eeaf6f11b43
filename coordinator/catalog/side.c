#include "catalog/side.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"

#define BLANKS " \t\r\f"

struct reader {
    struct layout_run *run;
    const struct folder_file *file;
    enum side_form form;
    int line;
    const char *const *keys;
    size_t count;
    struct side_value *values;
};

static const char *trimmed(struct arena *arena, const char *text, const char *end)
{
    while (text < end && strchr(BLANKS, *text))
        text++;
    while (end > text && strchr(BLANKS, end[-1]))
        end--;
    return arena_strndup(arena, text, (size_t)(end - text));
}

static bool wrong(const struct reader *reader, const char *text, const char *what, const char *hint)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, text, true);
    finding_add(reader->run->findings, ERROR, FINDING_SCRIPT_SETTINGS, reader->file->where, reader->line, hint,
                "'%s' %s",
                buf_text(&shown), what);
    return false;
}

static bool take_value(struct reader *reader, const char *key, const char *value)
{
    struct nearest nearest = nearest_to(key);
    for (size_t i = 0; i < reader->count; i++) {
        nearest_offer(&nearest, reader->keys[i]);
        if (strcmp(reader->keys[i], key) != 0)
            continue;
        if (reader->values[i].text)
            return wrong(reader, key, "stands twice", "keep one of them");
        reader->values[i] = (struct side_value){value, reader->line};
        return true;
    }
    return wrong(reader, key, "is no setting of a migration",
                 nearest.candidate ? nearest_hint(&nearest) : "correct it, or remove it");
}

static bool take_line(struct reader *reader, const char *text, const char *end)
{
    struct arena *arena = reader->run->arena;
    bool toml = reader->form == SIDE_TOML;
    const char *whole = trimmed(arena, text, end);
    if (!*whole || *whole == '#' || (!toml && *whole == '!'))
        return true;
    size_t name = strcspn(whole, toml ? "=" : "=:");
    if (!whole[name] || name == 0)
        return wrong(reader, whole, "is not key=value", "write key=value, one in a line");
    const char *value = whole + name + 1;
    const char *key = trimmed(arena, whole, whole + name);
    value = trimmed(arena, value, value + (toml ? strcspn(value, "#") : strlen(value)));
    if (!*value)
        return wrong(reader, key, "has no value", "write key=value, one in a line");
    if (strpbrk(value, "\\\"'") || strstr(value, "${"))
        return wrong(reader, value, "cannot be read as a value",
                     "write it plainly; quotes, escapes and placeholders are not read here");
    return take_value(reader, key, value);
}

bool side_read(struct layout_run *run, const struct folder_file *file, enum side_form form, const char *const *keys,
               size_t count, struct side_value *ret_values)
{
    struct reader reader = {.run = run, .file = file, .form = form, .keys = keys, .count = count, .values = ret_values};
    bool good = true;
    memset(ret_values, 0, count * sizeof *ret_values);
    for (const char *p = file->text; *p;) {
        const char *end = p + strcspn(p, "\n");
        reader.line++;
        good &= take_line(&reader, p, end);
        p = end + (*end == '\n');
    }
    return good;
}
