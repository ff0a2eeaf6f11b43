/* Values on their way into and out of statements. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "pg/pg_internal.h"

void pg_array_text(struct buf *out, const char *const *items, size_t count)
{
    buf_addc(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_addc(out, ',');
        if (!items[i]) {
            buf_adds(out, "NULL");
            continue;
        }
        buf_addc(out, '"');
        for (const char *p = items[i]; *p; p++) {
            if (*p == '"' || *p == '\\')
                buf_addc(out, '\\');
            buf_addc(out, *p);
        }
        buf_addc(out, '"');
    }
    buf_addc(out, '}');
}

void pg_array_int64(struct buf *out, const int64_t *items, size_t count)
{
    buf_addc(out, '{');
    for (size_t i = 0; i < count; i++)
        buf_addf(out, i ? ",%" PRId64 : "%" PRId64, items[i]);
    buf_addc(out, '}');
}

int64_t pg_number(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? 0 : strtoll(PQgetvalue(result, row, column), NULL, 10);
}

const char *pg_text(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? "" : PQgetvalue(result, row, column);
}

const char *pg_copy(const PGresult *result, int row, int column, struct arena *arena)
{
    return arena_strdup(arena, pg_text(result, row, column));
}

bool pg_true(const PGresult *result, int row, int column)
{
    return *pg_text(result, row, column) == 't';
}

void pg_add_identifier(struct pg *pg, struct buf *out, const char *name)
{
    char *quoted = PQescapeIdentifier(pg->conn, name, strlen(name));
    buf_adds(out, quoted ? quoted : "\"\""); /* NULL: not UTF-8; an empty name is refused by the server */
    PQfreemem(quoted);
}

void pg_add_literal(struct pg *pg, struct buf *out, const char *text)
{
    char *quoted = PQescapeLiteral(pg->conn, text, strlen(text));
    buf_adds(out, quoted ? quoted : "NULL");
    PQfreemem(quoted);
}
