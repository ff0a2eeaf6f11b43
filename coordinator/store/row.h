/* Rows for a statement: a JSON array of objects in one parameter, which the statement takes apart with
 * json_to_recordset. Names are short where there are many rows. Threads: any. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "proto/message.h"

/* Text as JSON; a byte that belongs to no character becomes \xNN. NULL is "". New reference. */
json_t *row_string(const char *text);
char *row_dump(json_t *json); /* steals json; new (free()) */

void row_text(json_t *row, const char *name, const char *text); /* as row_string */
void row_said(json_t *row, const char *name, const struct server_said *said); /* not at all when there is nothing */
void row_number(json_t *row, const char *name, int64_t number);
void row_flag(json_t *row, const char *name, bool flag);
/* And back: a text of an object that was read, in the arena; "" when it has none of that name. */
const char *row_member(struct arena *arena, const json_t *json, const char *name);
/* The parameter; steals rows; new (free()). NULL when there are none: then there is nothing to run. */
char *rows_text(json_t *rows);
