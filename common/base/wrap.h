/* Prose for a terminal. PURE. */
#pragma once
#include <stddef.h>

struct buf;

/* Adds text (lines) no wider than `width` columns: a longer line goes on below, two columns further in than it began,
 * between words. What people copy stays in one piece, however long: what stands between backticks, and a command
 * (greylag ..., NAME.sh ...) up to the next punctuation mark. */
void wrap_add(struct buf *out, const char *text, size_t len, size_t width);
