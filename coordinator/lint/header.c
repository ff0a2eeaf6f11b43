#include "lint/header.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r"

const struct header_name header_names[HEADER_COUNT] = {
    {"Migration", "Rollback"}, {"Service", NULL}, {"Author", NULL}, {"Date", NULL}};

/* `Name: something`, in any case. */
static bool says(const char *line, const char *end, const char *name)
{
    size_t len = name ? strlen(name) : 0;
    if (!name || (size_t)(end - line) <= len + 1 || strncasecmp(line, name, len) != 0 || line[len] != ':')
        return false;
    for (line += len + 1; line < end; line++) {
        if (!strchr(BLANKS, *line))
            return true;
    }
    return false;
}

/* Up to the first line that is neither blank nor a comment. */
unsigned header_missing(const char *text, size_t size)
{
    unsigned missing = (1u << HEADER_COUNT) - 1;
    const char *end = text + size;
    if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    while (text < end) {
        const char *next = memchr(text, '\n', (size_t)(end - text)), *line = text, *stop = next ? next : end;
        while (line < stop && strchr(BLANKS, *line))
            line++;
        if (line < stop && !(stop - line >= 2 && line[0] == '-' && line[1] == '-'))
            break;
        while (line < stop && strchr(BLANKS "-", *line))
            line++;
        for (size_t i = 0; i < HEADER_COUNT; i++) {
            if (says(line, stop, header_names[i].name) || says(line, stop, header_names[i].other))
                missing &= ~(1u << i);
        }
        text = next ? next + 1 : end;
    }
    return missing;
}
