#include "base/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* Characters, not bytes. */
static size_t columns(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

/* The end of the word that begins at `at`, or behind one blank. */
static size_t word_end(const char *text, size_t len, size_t at)
{
    size_t end = at + (at < len && text[at] == ' ');
    while (end < len && text[end] != ' ')
        end++;
    return end;
}

static bool open_quote(const char *text, size_t len)
{
    bool open = false;
    for (size_t i = 0; i < len; i++)
        open ^= text[i] == '`';
    return open;
}

static bool begins_command(const char *text, size_t len)
{
    static const char own[] = "greylag", script[] = ".sh";
    return (len == strlen(own) && memcmp(text, own, len) == 0) ||
           (len > strlen(script) && memcmp(text + len - strlen(script), script, strlen(script)) == 0);
}

/* How many bytes stay in one line. */
static size_t piece(const char *text, size_t len)
{
    size_t end = word_end(text, len, 0);
    bool command = begins_command(text, end);
    while (end < len && (open_quote(text, end) || (command && !strchr(",;:.)", text[end - 1]) && text[end + 1] != '(')))
        end = word_end(text, len, end);
    return end;
}

static void add_line(struct buf *out, const char *line, size_t len, size_t width)
{
    size_t indent = 0, column, end;
    while (indent < len && line[indent] == ' ')
        indent++;
    buf_add(out, line, indent);
    column = indent;
    for (size_t at = indent; at < len; at = end + (end < len)) {
        end = at + piece(line + at, len - at);
        size_t wide = columns(line + at, end - at);
        if (at > indent && column + 1 + wide > width) {
            buf_addf(out, "\n%*s", (int)indent + 2, "");
            column = indent + 2;
        } else if (at > indent) {
            buf_addc(out, ' ');
            column++;
        }
        buf_add(out, line + at, end - at);
        column += wide;
    }
}

void wrap_add(struct buf *out, const char *text, size_t len, size_t width)
{
    for (size_t at = 0; at < len; at++) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t line = newline ? (size_t)(newline - text) - at : len - at;
        add_line(out, text + at, line, width);
        at += line;
        if (at < len)
            buf_addc(out, '\n');
    }
}
