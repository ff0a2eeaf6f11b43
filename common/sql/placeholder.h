/* ${name} in SQL: replaced before the text is parsed and run, exactly as Flyway does it
 * (flyway-core: internal/parser/PlaceholderReplacingReader.java), because files were written for that:
 * everywhere, in strings, comments and the data of COPY too; upper and lower case of a name are the same; what it
 * stands for is not looked into again; a name without a value is an error. There is no escape, but "$" takes the
 * character behind it along: "$${x}" is left as it is, "$$${x}" is not.
 *
 * Pure; any thread. Offsets are bytes, lines and columns (in bytes) count from 1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define PLACEHOLDER_TEXT_MAX ((size_t)256 << 20) /* bytes of an expanded text */

/* One "${name}" of a text. */
struct placeholder_use {
    size_t begin, end; /* of the whole, "${" and "}" among it */
    const char *name;  /* borrowed from the text, not NUL-terminated */
    size_t name_len;
    bool closed;       /* false: the "}" is missing up to the end of the text: an error */
};
/* The first use at or behind *at, which is moved behind it; false: none is left. */
bool placeholder_next(const char *text, size_t *at, struct placeholder_use *ret_use);
bool placeholder_is(const struct placeholder_use *use, const char *name); /* the same name, whatever its case (ASCII) */

/* What a name stands for, borrowed until the text is expanded; NULL: it is not known. Called more than once for a
 * use. */
typedef const char *placeholder_getter(void *context, const struct placeholder_use *use);

struct placeholder_text {
    const char *text; /* in the arena; the text given itself when it has no placeholder */
    size_t len;
    size_t used;      /* how many were replaced */
    const struct placeholder_break *breaks; /* where lines were added or lost */
    size_t break_count;
};
/* ERR_INPUT: a use without a value or "}", *ret_missing says which; the result is too large (ret_missing->end is 0).
 * The message names line, column and name, never a value. ret_missing may be NULL. */
bool placeholder_expand(const char *text, placeholder_getter *get, void *context, struct arena *arena,
                        struct placeholder_text *ret_text, struct placeholder_use *ret_missing, struct err *err);
/* From a line of the expanded text to the line of the text that was given. */
int placeholder_line(const struct placeholder_text *text, int line);

struct placeholder_break {
    int line;     /* of the expanded text, where the value begins */
    int lines;    /* line ends in the value */
    int replaced; /* line ends in what stood there */
};
