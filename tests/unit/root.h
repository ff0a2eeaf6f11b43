/* A folder of the test's own, and files in it. Every test of Criterion is a process by itself: one folder is enough. */
#pragma once
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static char root[] = "/tmp/greylag-test-XXXXXX";

static inline void make_root(void)
{
    cr_assert_not_null(mkdtemp(root));
}

static inline void remove_root(void)
{
    auto_free char *command = xasprintf("chmod -R u+rwX %s; rm -rf %s", root, root);
    cr_expect_eq(system(command), 0);
}

/* new (free()) */
static inline char *in_root(const char *path)
{
    return xasprintf("%s/%s", root, path);
}

/* Writes a file below the folder, and makes the folders above it. `mode` is fopen's. */
static inline void put_as(const char *path, const char *bytes, size_t len, const char *mode)
{
    auto_free char *full = in_root(path);
    for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        cr_assert(mkdir(full, 0700) == 0 || errno == EEXIST);
        *p = '/';
    }
    auto_file FILE *file = fopen(full, mode);
    cr_assert_not_null(file, "%s", full);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
}

static inline void put_bytes(const char *path, const char *bytes, size_t len)
{
    put_as(path, bytes, len, "w");
}

static inline void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}
