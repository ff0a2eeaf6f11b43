/* Offsets in a text -> lines and columns of its file. A text is the whole file, or a section of it as it stands there;
 * a layout may also have put it together from several sections, or replaced placeholders in it. */
#include "lint/place.h"

#include <string.h>

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = 0;
    for (const char *p = text; (p = memchr(p, '\n', size - (size_t)(p - text))); p++)
        lines++;
    return lines;
}

static const char *file_begin(const struct lint_text *text)
{
    return text->whole ? text->whole : text->sql;
}

static size_t file_size(const struct lint_text *text)
{
    return text->whole ? text->whole_size : text->size;
}

/* Counts lines and columns up to `at`. */
static void count_to(const struct lint_text *text, struct place_cursor *cursor, const char *at, int *ret_line,
                     int *ret_column)
{
    const char *begin = file_begin(text);
    if (!cursor->counted || at < cursor->counted)
        *cursor = (struct place_cursor){begin, begin, 1};
    for (const char *p = cursor->counted; (p = memchr(p, '\n', (size_t)(at - p))); p++) {
        cursor->line++;
        cursor->line_begin = p + 1;
    }
    cursor->counted = at;
    int column = 1;
    for (const char *p = cursor->line_begin; p < at; p++)
        column += ((unsigned char)*p & 0xC0) != 0x80;
    if (cursor->line == 1 && begin + 3 <= at && memcmp(begin, "\xEF\xBB\xBF", 3) == 0)
        column--; /* a byte order mark is no column */
    *ret_line = cursor->line;
    *ret_column = column;
}

void placing_begin(struct placing *placing, const struct lint_text *text, const struct sql_text *sql)
{
    const char *begin = file_begin(text);
    *placing = (struct placing){.text = text, .sql = sql, .statement = (size_t)-1};
    if (text->size && text->size <= file_size(text))
        placing->base = memmem(begin, file_size(text), text->sql, text->size);
    else if (!text->size)
        placing->base = begin;
    placing->same_lines = !placing->base && count_lines(text->sql, text->size) == count_lines(begin, file_size(text));
}

/* Where a byte of the text stands in the file; NULL: unknown. */
static const char *find_byte(const struct placing *placing, size_t statement, size_t at)
{
    if (placing->base)
        return placing->base + at;
    const struct sql_statement *s = statement < placing->sql->count ? &placing->sql->statements[statement] : NULL;
    if (!s || placing->same_lines || s->end <= s->begin || at < s->begin)
        return NULL;
    const char *found =
        memmem(file_begin(placing->text), file_size(placing->text), placing->text->sql + s->begin, s->end - s->begin);
    return found ? found + (at - s->begin) : NULL;
}

static void find_lines(struct placing *placing, struct place_cursor *cursor, size_t statement, size_t at, int *ret_line,
                       int *ret_column)
{
    const char *found = find_byte(placing, statement, at);
    *ret_line = *ret_column = 0;
    if (found)
        count_to(placing->text, cursor, found, ret_line, ret_column);
    else if (placing->same_lines)
        *ret_line = 1 + (int)count_lines(placing->text->sql, at);
}

/* From the line below the statement before to the statement's own last line. */
static void find_range(struct placing *placing, size_t statement)
{
    int column;
    const struct sql_text *sql = placing->sql;
    if (statement == placing->statement || statement >= sql->count)
        return;
    placing->statement = statement;
    placing->from = 1;
    if (statement > 0) {
        find_lines(placing, &placing->ends, statement - 1, sql->statements[statement - 1].end, &placing->from, &column);
        placing->from++;
    } else if (placing->base && placing->base != file_begin(placing->text)) {
        find_lines(placing, &placing->ends, 0, 0, &placing->from, &column);
    }
    find_lines(placing, &placing->ends, statement, sql->statements[statement].end, &placing->to, &column);
}

struct place placing_find(struct placing *placing, size_t statement, size_t at)
{
    struct place place = {.file = placing->text->file};
    find_range(placing, statement);
    find_lines(placing, &placing->places, statement, at, &place.line, &place.column);
    place.from = place.line ? placing->from : 0;
    place.to = place.line ? placing->to : 0;
    if (place.from > place.line) /* on the same line as the statement before */
        place.from = place.line;
    return place;
}

struct place place_in_file(const struct lint_text *text, size_t at)
{
    struct place_cursor cursor = {.counted = NULL};
    struct place place = {.file = text->file};
    count_to(text, &cursor, file_begin(text) + at, &place.line, &place.column);
    place.from = place.line > 1 ? place.line - 1 : 1;
    place.to = place.line;
    return place;
}

struct place place_of_file(const struct lint_text *text)
{
    return (struct place){.file = text->file};
}
