/* The file itself: line ends, header comments. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "lint/header.h"
#include "lint/rule.h"

static const char *file_text(const struct lint_text *text, size_t *ret_size)
{
    *ret_size = text->whole ? text->whole_size : text->size;
    return text->whole ? text->whole : text->sql;
}

void lint_line_endings(struct scope *scope)
{
    size_t size;
    const char *text = file_text(scope->text, &size), *at = memmem(text, size, "\r\n", 2);
    if (at)
        rule_at(scope, LINT_LINE_ENDINGS, place_in_file(scope->text, (size_t)(at - text)), "a line ends with CRLF");
}

void lint_final_newline(struct scope *scope)
{
    size_t size;
    const char *text = file_text(scope->text, &size);
    if (size && !strchr("\r\n", text[size - 1]))
        rule_at(scope, LINT_FINAL_NEWLINE, place_in_file(scope->text, size), "the last line has no end");
}

void lint_missing_header(struct scope *scope)
{
    size_t size;
    auto_buf struct buf list = BUF_INIT(BUF_MAX);
    const char *text = file_text(scope->text, &size);
    unsigned missing = header_missing(text, size);
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        if (missing & (1u << i))
            buf_addf(&list, "%s%s", list.len ? ", " : "", header_names[i].name);
    }
    if (missing)
        rule_at(scope, LINT_MISSING_HEADER, place_of_file(scope->text), "comments are missing at its top: %s",
                buf_text(&list));
}
