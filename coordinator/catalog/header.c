#include "catalog/header.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t\r"

static bool says_nothing(const char *word)
{
    return !*word || strcmp(word, "-") == 0 || strcasecmp(word, "none") == 0 || strcasecmp(word, "n/a") == 0 ||
           strcasecmp(word, "nothing") == 0;
}

static void add_item(struct arena *arena, struct references *references, char *item, size_t *size, const char *file,
                     int line)
{
    item[*size] = 0;
    *size = 0;
    if (!says_nothing(item))
        reference_add(arena, references, arena_strdup(arena, item), file, line);
}

/* Splits "a, b" at commas and blanks, without brackets and quotes; "none" and "-" say nothing; "a >= 1" is one, and is
 * given without its blanks. */
static void add_list(struct arena *arena, const char *text, size_t len, const char *file, int line,
                     struct references *references)
{
    static const char between[] = ", \t\r[]\"'", compares[] = "<>=";
    const char *end = text + len;
    char *item = arena_alloc(arena, len + 1);
    size_t size = 0;
    for (; text < end; text++) {
        if (!strchr(between, *text)) {
            item[size++] = *text;
            continue;
        }
        const char *next = text + strspn(text, " \t\r");
        bool open = size && strchr(compares, item[size - 1]);
        if (next > text && next < end && *next && size && (open || strchr(compares, *next))) {
            text = next - 1;
            continue;
        }
        add_item(arena, references, item, &size, file, line);
    }
    add_item(arena, references, item, &size, file, line);
}

/* `line` holds one comment line behind its dashes. */
static bool key_is(const char *line, size_t len, const char *key, const char **ret_value, size_t *ret_len)
{
    size_t name = strlen(key);
    if (len <= name || strncasecmp(line, key, name) != 0 || line[name] != ':')
        return false;
    const char *value = line + name + 1, *end = line + len;
    while (value < end && strchr(BLANKS, *value))
        value++;
    while (end > value && strchr(BLANKS, end[-1]))
        end--;
    *ret_value = value;
    *ret_len = (size_t)(end - value);
    return true;
}

static bool is_word(const char *value, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(value, word, len) == 0;
}

static void take_line(const struct folder_file *file, struct arena *arena, const char *line, size_t len, int number,
                      struct references *references, struct header *ret)
{
    const char *value;
    size_t value_len;
    if (key_is(line, len, "dependencies", &value, &value_len) || key_is(line, len, "depends-on", &value, &value_len) ||
        key_is(line, len, "depends on", &value, &value_len)) {
        add_list(arena, value, value_len, file->where, number, references);
    } else if (key_is(line, len, "author", &value, &value_len) && value_len) {
        ret->author = arena_strndup(arena, value, value_len);
    } else if (key_is(line, len, "service", &value, &value_len) && value_len) {
        ret->service = arena_strndup(arena, value, value_len);
        ret->service_line = number;
    } else if (key_is(line, len, "date", &value, &value_len) && value_len) {
        ret->date = arena_strndup(arena, value, value_len);
        ret->date_line = number;
    } else if (key_is(line, len, "breaking", &value, &value_len)) {
        ret->breaking = is_word(value, value_len, "true") || is_word(value, value_len, "yes");
    } else if (key_is(line, len, "transaction", &value, &value_len)) {
        bool no = is_word(value, value_len, "false") || is_word(value, value_len, "no") ||
                  is_word(value, value_len, "none");
        ret->no_transaction_line = no ? number : 0;
    } else if (key_is(line, len, "migration", &value, &value_len)) {
        ret->migration_line = number;
    } else if (key_is(line, len, "rollback", &value, &value_len)) {
        ret->rollback_line = number;
    }
}

void header_read(const struct folder_file *file, struct arena *arena, struct references *references,
                 struct header *ret_header)
{
    *ret_header = (struct header){.author = NULL};
    int number = 1;
    for (const char *p = file->text; *p; number++) {
        size_t len = strcspn(p, "\n"), skip = strspn(p, BLANKS);
        const char *line = p + (skip < len ? skip : len), *end = p + len;
        if (line < end) {
            if (end - line < 2 || line[0] != '-' || line[1] != '-')
                return;
            line += 2;
            while (line < end && strchr(" \t-", *line))
                line++;
            take_line(file, arena, line, (size_t)(end - line), number, references, ret_header);
        }
        p = end + (*end == '\n');
    }
}
