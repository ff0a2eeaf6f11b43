/* Inside this room: the class of one statement. */
#pragma once
#include <jansson.h>

#include "sql/sql.h"

/* `tree` is libpg_query's {"IndexStmt": {...}}. Sets everything of *s but its place. look_for_calls: also search the
 * tree for functions that matter. */
void sql_classify(json_t *tree, bool look_for_calls, struct arena *arena, struct sql_statement *s);
