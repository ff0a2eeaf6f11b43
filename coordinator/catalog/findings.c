#include "catalog/findings.h"

#include <stdarg.h>

#include "base/array.h"
#include "base/cleanup.h"

void finding_add(struct findings *findings, enum severity severity, enum finding_rule rule, const char *file, int line,
                 const char *hint, const char *format, ...)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    struct catalog_finding *finding = arena_add(findings->arena, findings->items, findings->count, findings->room);
    *finding = (struct catalog_finding){.error = severity == ERROR,
                                        .rule = finding_rule_text(rule),
                                        .file = file,
                                        .line = line,
                                        .text = arena_strdup(findings->arena, buf_text(&text)),
                                        .hint = arena_strdup(findings->arena, hint)};
    findings->errors += severity == ERROR;
}
