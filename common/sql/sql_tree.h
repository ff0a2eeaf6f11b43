/* The same text with the tree of each statement, for those who look for more than its class: one parse gives both. */
#pragma once
#include <jansson.h>

#include "sql/sql.h"

/* `tree` is libpg_query's {"IndexStmt": {...}}, borrowed for the call; each "location" in it counts bytes from `base`
 * in the text, and one that is 0 is left out. Statements that cannot be read, or are too large to be looked into, are
 * not shown. `statement` is borrowed for the call too; `index` is its number in sql_text.statements. */
typedef void sql_visitor(void *context, const struct sql_statement *statement, size_t index, json_t *tree,
                         size_t base);

/* sql_analyse(), and each statement shown to `visit` (NULL: none) in order. When the text turns out not to be readable
 * as a whole (ret->parsed == false), what was shown before does not count. */
void sql_visit(const char *text, struct arena *arena, sql_visitor *visit, void *context, struct sql_text *ret);
