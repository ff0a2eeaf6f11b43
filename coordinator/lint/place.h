/* Where something in a text stands in its file: a text can be a section of it, or be put together from lines of it.
 * Borrows text and analysis. Threads: one at a time. */
#pragma once
#include <stddef.h>

#include "lint/lint.h"
#include "sql/sql.h"

struct place {
    const char *file;
    int line, column; /* 0: the whole file, not known */
    int from, to;     /* lines that a comment greylag:ignore for it may stand in */
};

/* Lines are counted up to here. */
struct place_cursor {
    const char *counted, *line_begin;
    int line;
};

/* A text laid over its file. Offsets are asked for mostly in rising order. */
struct placing {
    const struct lint_text *text;
    const struct sql_text *sql;
    const char *base; /* where the text begins in the file; NULL: it does not stand there as one piece */
    bool same_lines;  /* no piece, but as many lines as the file: lines are right, columns unknown */
    struct place_cursor places, ends; /* of what is asked for; of statements' ends */
    size_t statement;                 /* last one asked for, with the lines of its place */
    int from, to;
};

void placing_begin(struct placing *placing, const struct lint_text *text, const struct sql_text *sql);
/* Of an offset in a statement of the text. */
struct place placing_find(struct placing *placing, size_t statement, size_t at);
/* Of bytes in the file. */
struct place place_in_file(const struct lint_text *text, size_t at);
struct place place_of_file(const struct lint_text *text); /* all of it */
