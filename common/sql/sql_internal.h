/* Inside this room: the tree and the class of one statement, what stands between statements, and a text's code without
 * the rows that COPY reads. */
#pragma once
#include <jansson.h>

#include "sql/sql.h"

/* A single statement larger than this is data, and only its first word is looked at; libpg_query prints trees by
 * recursion, and the nesting that fits into so few bytes fits into a stack of 8 MiB. */
#define SQL_PIECE_MAX ((size_t)64 << 10)

/* The tree of the one statement that `text` (NUL-terminated) holds: {"IndexStmt": {...}}; new (json_decref). NULL: it
 * has none, or the parser cannot read it, which *ret_readable says. */
json_t *sql_tree(const char *text, size_t len, bool *ret_readable);

/* `tree` is libpg_query's {"IndexStmt": {...}}. Sets everything of *s but its place. look_for_calls: also search the
 * tree for functions that matter. */
void sql_classify(json_t *tree, bool look_for_calls, struct arena *arena, struct sql_statement *s);

/* Past blanks, `--` and nested block comments, not beyond `end`. */
size_t sql_skip_blank(const char *text, size_t at, size_t end);
/* Behind the comment, the string, the quoted name, the word, the dollar-quoted text or the single character at `at`, as
 * the parser reads them: a backslash is an escape where E stands in front of a string. */
size_t sql_behind_token(const char *text, size_t at, size_t end);
/* What PostgreSQL's names and key words are made of. */
bool sql_is_word(char c);
/* Whether text[0, len) begins with this word, whatever its case. */
bool sql_begins_with(const char *text, size_t len, const char *word);

/* The text with numbers that only PostgreSQL 16 and newer can read as ones that 15 reads, each as long as it was: where
 * a statement ends and what it is stays the same, the values do not. New (free()); NULL: there are none. */
char *sql_old_numbers(const char *text, size_t len);

/* A stretch of code, and the rows behind the COPY ... FROM STDIN that it ends with. */
struct sql_stretch {
    size_t begin, end; /* code; behind the ';' of its COPY */
    bool copy;         /* it ends with one */
    bool ended;        /* its rows have their end, a line "\." */
    size_t data_begin, data_end; /* the rows, without that line */
};
/* At least one, in order; all of the text but lines "\." and what stands behind a COPY's ';' on its line. They live in
 * the arena. */
const struct sql_stretch *sql_stretches(const char *text, size_t len, struct arena *arena, size_t *ret_count);
