#include "catalog/findings.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"

void finding_add(struct findings *findings, enum severity severity, const char *rule, const char *file, int line,
                 const char *hint, const char *format, ...)
{
    if (findings->count == findings->room) {
        size_t room = findings->room ? 2 * findings->room : 16;
        struct catalog_finding *items = arena_array(findings->arena, room, sizeof *items);
        if (findings->count)
            memcpy(items, findings->items, findings->count * sizeof *items);
        findings->items = items;
        findings->room = room;
    }
    struct buf text = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    findings->items[findings->count++] = (struct catalog_finding){.error = severity == ERROR,
                                                                  .rule = rule,
                                                                  .file = file,
                                                                  .line = line,
                                                                  .text = arena_strdup(findings->arena, buf_text(&text)),
                                                                  .hint = hint};
    findings->errors += severity == ERROR;
    buf_release(&text);
}
