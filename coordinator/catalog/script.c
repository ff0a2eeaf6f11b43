#include "catalog/script.h"

#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

bool line_next(struct line *line)
{
    if (!line->next || !*line->next)
        return false;
    line->text = line->next;
    line->len = strcspn(line->text, "\n");
    line->next = line->text + line->len + (line->text[line->len] == '\n');
    line->number++;
    return true;
}

bool line_is_blank(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!strchr(" \t\r\v\f", text[i]))
            return false;
    }
    return true;
}

int place_line(const struct place *place, int line)
{
    if (line < 1)
        return place->first;
    if (place->each && place->count)
        return place->each[(size_t)line <= place->count ? (size_t)line - 1 : place->count - 1];
    return place->first ? place->first + line - 1 : line;
}

const int64_t *place_pairs(const struct place *place, struct arena *arena, size_t *ret_count)
{
    size_t count = place->each ? place->count : place->first > 1, used = 0;
    int64_t *pairs = count ? arena_array(arena, 2 * count, sizeof *pairs) : NULL;
    for (size_t i = 0; i < count; i++) {
        int line = place_line(place, (int)i + 1);
        if (i && line == place_line(place, (int)i) + 1)
            continue; /* goes on */
        pairs[used++] = (int64_t)i + 1;
        pairs[used++] = line;
    }
    *ret_count = used;
    return pairs;
}

void script_add(struct script *script, const char *text, size_t len, int number)
{
    *array_add(script->lines, script->count, script->room) = number;
    buf_add(&script->text, text, len);
    buf_addc(&script->text, '\n');
}

/* Whether every line stands directly below the one before it. */
static bool in_one_piece(const int *lines, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (lines[i] != lines[i - 1] + 1)
            return false;
    }
    return true;
}

const char *script_end(const struct script *script, struct arena *arena, size_t *ret_size, struct place *ret_place)
{
    const char *text = buf_text(&script->text), *end = text + script->text.len;
    size_t first = 0, last = script->count;
    for (size_t len; text < end && line_is_blank(text, len = strcspn(text, "\n")); text += len + 1)
        first++;
    while (end > text) {
        const char *line = end - 1;
        while (line > text && line[-1] != '\n')
            line--;
        if (!line_is_blank(line, (size_t)(end - 1 - line)))
            break;
        end = line;
        last--;
    }
    *ret_size = (size_t)(end - text);
    *ret_place = (struct place){.first = 0};
    if (*ret_size == 0)
        return "";
    size_t count = last - first;
    ret_place->first = script->lines[first];
    if (!in_one_piece(script->lines + first, count)) {
        int *each = arena_array(arena, count, sizeof *each);
        memcpy(each, script->lines + first, count * sizeof *each);
        ret_place->each = each;
        ret_place->count = count;
    }
    return arena_strndup(arena, text, *ret_size);
}

void script_release(struct script *script)
{
    buf_release(&script->text);
    free(script->lines);
    *script = (struct script)SCRIPT_INIT;
}
