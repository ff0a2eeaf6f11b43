/* Files that hold secrets: keys, tokens. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

struct err;

/* Whether the file `st` tells of belongs to this process's user or to root, and nobody else can read or write it. If not,
 * the error calls it `what` ("the secret key") and says how to mend it. */
bool file_check_private(const struct stat *st, const char *what, const char *path, struct err *err);
