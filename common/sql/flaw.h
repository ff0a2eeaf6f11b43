/* Inside this room: why no server can ever read a text that the parser refused. Any thread. */
#pragma once
#include <pg_query.h>

#include "sql/sql.h"

struct sql_flaw {
    enum sql_flaw_kind kind;
    size_t at;              /* byte of the code */
    const char *text, *hint; /* for people; in the arena, or static */
};
/* `code` is NUL-terminated and without the rows of COPY; `error`: the parser's, NULL when this code was not what it
 * stumbled over. False: a newer server may be able to read it. */
bool sql_find_flaw(const char *code, const PgQueryError *error, struct arena *arena, struct sql_flaw *ret_flaw);
/* Whether the lexer, having read code[0, len), is outside of strings, comments and quoted names. */
bool sql_is_outside(const char *code, size_t len);
