/* Inside this room: a text that the parser cannot read. Pure; any thread. What is returned lives in the arena. */
#pragma once
#include <pg_query.h>

#include "sql/sql.h"

/* What the parser, and a server, would be busy with for hours, without hearing a cancel: the parser is not asked. NULL:
 * nothing. */
const struct sql_statement *sql_too_costly(const char *text, struct arena *arena);

/* The scanner ends a statement at each ';' outside of parentheses. The pieces of a function's body belong to the one in
 * which it begins, up to its END; an empty body has that in the same one. The last of those that make one statement
 * with split->stmts[first]; -1: the body has no end. */
int sql_last_piece(const char *code, const PgQuerySplitResult *split, int first);
/* A COPY of which nobody knows whether rows follow. */
bool sql_is_lost_copy(const char *text, const struct sql_statement *s);

/* Rows are known, but not what stands around them: what is forbidden then. `ret` says where the parser stumbled. */
const struct sql_statement *sql_lost_rows(const struct sql_text *ret, struct arena *arena);
/* The first BEGIN in a text whose statements nobody knows; NULL: it has none. Its COMMIT would end greylag's
 * transaction, and what stands behind it would be none of the step. */
const struct sql_statement *sql_lost_frame(const char *text, const struct sql_text *ret, struct arena *arena);
