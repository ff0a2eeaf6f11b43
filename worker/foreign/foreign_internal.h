/* Inside this room: what is known of each tool. Its own sources that say so are named in the statements (sql/).
 * Threads: any. */
#pragma once
#include "foreign/foreign.h"

#define TOOL_STEPS 3
struct tool {
    const char *words;    /* how its table is recognised: sql/foreign_find.sql */
    int columns;          /* exactly so many, or more under its usual name; 0: any */
    const char *read;     /* columns version, name, script, checksum, state, place */
    const char *check;    /* one row, not NULL: it says that the request's migration is in effect; its checksum */
    const char *create;   /* statements */
    const char *add[TOOL_STEPS], *take[TOOL_STEPS]; /* in this order */
    const char *align;    /* adopted over a request in effect; NULL: there is nothing to put right */
    bool named;           /* a migration's id is all of its version */
    bool needs_record;    /* adds nothing without request->foreign_record and foreign_checksum */
    const char *refused;  /* why it is not kept, NULL: it is */
};
const struct tool *tool_of(enum history_tool tool); /* NULL: HISTORY_NONE */
/* Adds a statement without the comment in front; @read@, @check@ and @schema@ (greylag's, quoted) are filled in. */
void tool_add_statement(struct buf *out, const struct tool *tool, const char *statement, const char *schema);
