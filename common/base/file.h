/* Files: who may read a secret one, and how one is written anew. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct err;

/* Whether the file `st` tells of belongs to this process's user or to root, and nobody else can read or write it. If
 * not, the error calls it `what` ("the secret key") and says how to mend it. */
bool file_check_private(const struct stat *st, const char *what, const char *path, struct err *err);

/* Puts `size` bytes in the place of the file at `path` (which need not be there), with this mode: written beside it and
 * renamed, so that everybody finds the old one or the new one, whole. False: it is left as it is. */
bool file_replace(const char *path, const void *bytes, size_t size, mode_t mode, struct err *err);
