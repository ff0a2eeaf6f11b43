/* Changing a file of the user's: shown first, then whole or not at all. Threads: any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* A unified diff with three lines around; control characters of the texts are made visible (a CR is \x0d). */
void rewrite_diff(const char *name, const char *before, size_t before_size, const char *after, size_t after_size,
                  struct buf *out);
/* Replaces the file (where links lead to) by `after`, with the mode it has: written beside it, synced, renamed. Refused
 * when it does not hold `before` any more. ERR_SYSTEM, ERR_CONFLICT. */
bool rewrite_file(const char *path, const char *before, size_t before_size, const char *after, size_t after_size,
                  struct err *err);
