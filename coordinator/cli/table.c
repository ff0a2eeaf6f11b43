#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
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
