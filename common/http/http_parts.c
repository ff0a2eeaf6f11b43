#include "http/http_parts.h"

#define ARRAY_PARTS 2
#define OBJECT_PARTS 4

/* Behind the string that begins at p; `end` when it has no end. */
static const char *behind_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p < end ? p + 1 : end;
}

bool http_parts_fit(const char *body, size_t len, size_t parts_max)
{
    const char *end = body + len;
    size_t parts = 1;
    for (const char *p = body; p < end && parts <= parts_max;) {
        switch (*p) {
        case '"':
            p = behind_string(p, end);
            continue;
        case '[':
            parts += ARRAY_PARTS;
            break;
        case '{':
            parts += OBJECT_PARTS;
            break;
        case ',':
        case ':':
            parts++;
            break;
        }
        p++;
    }
    return parts <= parts_max;
}
