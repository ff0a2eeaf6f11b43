#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "base/wrap.h"
#include "cli/cli_internal.h"

void table_row(struct table *table, size_t columns, ...)
{
    const char **row = *array_add(table->cells, table->rows, table->room);
    if (columns > table->columns)
        table->columns = columns;
    va_list cells;
    va_start(cells, columns);
    for (size_t i = 0; i < columns && i < TABLE_COLUMNS; i++) {
        const char *cell = va_arg(cells, const char *);
        auto_buf struct buf text = BUF_INIT(65536);
        text_add_printable(&text, cell ? cell : "", true);
        row[i] = arena_strdup(&table->arena, buf_text(&text));
    }
    va_end(cells);
}

/* Characters, not bytes; good enough for names and messages. */
static size_t shown_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

void table_print(struct table *table, const char *indent, struct buf *out)
{
    size_t widths[TABLE_COLUMNS] = {0};
    for (size_t r = 0; r < table->rows; r++)
        for (size_t c = 0; c < table->columns; c++) {
            size_t width = table->cells[r][c] ? shown_width(table->cells[r][c]) : 0;
            widths[c] = width > widths[c] ? width : widths[c];
        }
    for (size_t r = 0; r < table->rows; r++) {
        size_t pending = 0; /* blanks owed: none at the end of a line */
        buf_adds(out, indent);
        for (size_t c = 0; c < table->columns; c++) {
            const char *cell = table->cells[r][c] ? table->cells[r][c] : "";
            if (*cell) {
                buf_addf(out, "%*s%s", (int)pending, "", cell);
                pending = 0;
            }
            if (widths[c])
                pending += widths[c] - shown_width(cell) + 2;
        }
        buf_addc(out, '\n');
    }
    arena_release(&table->arena);
    free(table->cells);
    *table = (struct table){.columns = 0};
}

/* ---- rows that are wider than a terminal ---- */

/* How many bytes of the line fit into `room` characters, up to the end of a word; at least one word. */
static size_t fitting(const char *line, size_t len, size_t room)
{
    size_t width = 0, fits = 0;
    for (size_t i = 0; i <= len; i++) {
        bool ends = i > 0 && line[i - 1] != ' ' && (i == len || line[i] == ' ');
        if (width > room && fits)
            break;
        if (ends)
            fits = i;
        width += i < len && ((unsigned char)line[i] & 0xc0) != 0x80;
    }
    return fits;
}

/* Where the row goes on: below the last of its columns that begins in the left half. 0: it has no columns. */
static size_t column_below(const char *line, size_t len, size_t width)
{
    size_t indent = strspn(line, " "), column = 0, below = 0;
    for (size_t i = indent, gap = 0; i < len; i++) {
        if (line[i] != ' ' && gap > 1)
            below = column + indent <= width / 2 ? column + indent : below ? below : indent + 4;
        gap = line[i] == ' ' ? gap + 1 : 0;
        column += ((unsigned char)line[i] & 0xc0) != 0x80;
    }
    return below;
}

void table_fit(const char *text, size_t width, struct buf *out)
{
    while (*text) {
        size_t len = strcspn(text, "\n"), below = column_below(text, len, width), room = width;
        while (below && len > fitting(text, len, room)) {
            size_t end = fitting(text, len, room), blanks = strspn(text + end, " ");
            buf_add(out, text, end);
            buf_addf(out, "\n%*s", (int)below, "");
            text += end + blanks;
            len -= end + blanks;
            room = width - below;
        }
        if (below)
            buf_add(out, text, len);
        else
            wrap_add(out, text, len, width);
        text += len;
        if (*text)
            buf_addc(out, *text++);
    }
}
