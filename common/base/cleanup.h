/* Cleanup by scope, and allocation that does not return NULL.
 *
 * `auto_free char *s = xstrdup(...)` frees at the end of the scope; `auto_fd`, `auto_file`, `auto_buf` likewise.
 * Out of memory ends the process with a message: every state that matters is in a database. */
#pragma once
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t len) __attribute__((malloc, returns_nonnull)); /* all len bytes, and a NUL */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}
static inline void cleanup_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
static inline void cleanup_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_fd __attribute__((cleanup(cleanup_fd)))
#define auto_file __attribute__((cleanup(cleanup_file)))
#define auto_buf __attribute__((cleanup(buf_release)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
