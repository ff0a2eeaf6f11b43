#include "catalog/env_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

#define BLANKS " \t\r"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool wrong(const char *path, int line, const char *why, struct err *err)
{
    err_set(err, ERR_CONFIG, "%s:%d: %s", path, line, why);
    return err_hint(err, "write NAME=value, NAME='value' or NAME=\"value\"");
}

static size_t name_length(const char *text)
{
    size_t len = *text >= '0' && *text <= '9'
                     ? 0
                     : strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    return len;
}

/* Behind the opening quote; NULL: it is not closed on this line, or something follows it. */
static const char *quoted(const char *text, char quote, struct arena *arena)
{
    char *value = arena_alloc(arena, strlen(text) + 1), *out = value;
    for (; *text && *text != quote; text++) {
        if (quote == '"' && *text == '\\' && text[1]) {
            text++;
            *out++ = *text == 'n' ? '\n' : *text == 't' ? '\t' : *text;
        } else {
            *out++ = *text;
        }
    }
    if (*text != quote)
        return NULL;
    text += 1 + strspn(text + 1, BLANKS);
    return *text == 0 || *text == '#' ? value : NULL;
}

static const char *bare(const char *text, struct arena *arena)
{
    size_t len = 0;
    while (text[len] && !(text[len] == '#' && (len == 0 || strchr(BLANKS, text[len - 1]))))
        len++;
    while (len && strchr(BLANKS, text[len - 1]))
        len--;
    return arena_strndup(arena, text, len);
}

static bool take_line(const char *path, int number, const char *line, struct arena *arena, struct env_file *file,
                      struct err *err)
{
    line += strspn(line, BLANKS);
    if (*line == 0 || *line == '#')
        return true;
    if (text_starts(line, "export ") || text_starts(line, "export\t"))
        line += strlen("export ") + strspn(line + strlen("export "), BLANKS);
    size_t len = name_length(line);
    if (len == 0 || line[len] != '=')
        return wrong(path, number, "not NAME=value", err);
    const char *name = arena_strndup(arena, line, len), *value = line + len + 1;
    value += strspn(value, BLANKS);
    value = *value == '"' || *value == '\'' ? quoted(value + 1, *value, arena) : bare(value, arena);
    if (!value)
        return wrong(path, number, "the value's quote is not closed, or something follows it", err);
    file->values[file->count++] = (struct env_value){name, value, number};
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct env_value *)a)->name, ((const struct env_value *)b)->name);
}

static int by_name_and_line(const void *a, const void *b)
{
    int order = by_name(a, b);
    return order ? order : ((const struct env_value *)a)->line - ((const struct env_value *)b)->line;
}

static bool sort(const char *path, struct env_file *file, struct err *err)
{
    if (file->count)
        qsort(file->values, file->count, sizeof *file->values, by_name_and_line);
    for (size_t i = 1; i < file->count; i++) {
        if (by_name(&file->values[i - 1], &file->values[i]) == 0)
            return wrong(path, file->values[i].line, "this name stands above already", err);
    }
    return true;
}

bool env_file_parse(const char *path, const char *text, size_t len, struct arena *arena, struct env_file *ret_file,
                    struct err *err)
{
    size_t lines = 1;
    if (memchr(text, 0, len) || !text_is_utf8(text, len, NULL)) {
        err_set(err, ERR_CONFIG, "%s is not UTF-8 text", path);
        return err_hint(err, "save the file as UTF-8");
    }
    if (text_starts(text, BYTE_ORDER_MARK))
        text += strlen(BYTE_ORDER_MARK);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    ret_file->values = arena_array(arena, lines, sizeof *ret_file->values);
    ret_file->count = 0;
    for (int number = 1; *text; number++) {
        size_t size = strcspn(text, "\n");
        if (!take_line(path, number, arena_strndup(arena, text, size), arena, ret_file, err))
            return false;
        text += size + (text[size] == '\n');
    }
    return sort(path, ret_file, err);
}

bool env_file_read(const char *path, config_getter *get, void *context, struct arena *arena, struct env_file *ret_file,
                   struct err *err)
{
    auto_buf struct buf text = BUF_INIT((size_t)1 << 20);
    *ret_file = (struct env_file){.get = get, .context = context};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!buf_read_file(&text, path, err)) {
        if (err)
            err->kind = ERR_CONFIG;
        return false;
    }
    return env_file_parse(path, buf_text(&text), text.len, arena, ret_file, err);
}

const char *env_file_get(void *context, const char *name)
{
    const struct env_file *file = context;
    const char *value = file->get ? file->get(file->context, name) : NULL;
    const struct env_value key = {.name = name};
    const struct env_value *found =
        value || !file->count ? NULL : bsearch(&key, file->values, file->count, sizeof key, by_name);
    return found ? found->value : value;
}
