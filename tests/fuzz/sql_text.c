/* The analysis of a text, rows behind COPY among it: offsets are in order and inside, lines are those of
 * the offsets. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/sql.h"

static int line_of(const char *text, size_t at)
{
    int line = 1;
    for (size_t i = 0; i < at; i++)
        line += text[i] == '\n';
    return line;
}

static void check(const char *text, size_t size, const struct sql_statement *s, size_t after)
{
    if (s->begin < after || s->end < s->begin || s->end > size || s->line != line_of(text, s->begin))
        abort();
    if (s->rows && (s->data_begin <= s->end || s->data_end < s->data_begin || s->data_end >= size ||
                    s->data_line != line_of(text, s->data_begin) || !strstr(text + s->data_end, "\\.")))
        abort();
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size) || size > 4096)
        return;
    auto_arena struct arena arena = ARENA_INIT;
    const char *text = arena_strndup(&arena, (const char *)data, size);
    struct sql_text t;
    sql_analyse(text, &arena, &t);
    if (t.inner_begin > t.inner_end || t.inner_end > size || (!t.parsed && !t.warning))
        abort();
    size_t after = 0;
    for (size_t i = 0; i < t.count; i++) {
        check(text, size, &t.statements[i], after);
        after = t.statements[i].rows ? t.statements[i].data_end : t.statements[i].end;
    }
}
