/* A growing byte buffer with a ceiling. Its bytes are always followed by a NUL that does not count.
 *
 * The ceiling is given when it is made; growing past it marks the buffer as overflowed and drops what came: check
 * buf_ok() once, at the end (cf. curl's dynbuf). Memory exhausted aborts the process: greylag does not limp on.
 * Threads: a buffer belongs to one thread at a time. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* owned; NULL while empty */
    size_t len, room, ceiling;
    bool overflowed;
};

#define BUF_INIT(max) {.ceiling = (max)}
#define BUF_MAX ((size_t)1 << 30)

void buf_release(struct buf *buf);               /* frees; the buffer can be used again */
void buf_clear(struct buf *buf);                 /* empty, keeps its memory */
void buf_cut(struct buf *buf, size_t len);       /* what stands behind its first `len` bytes goes */
bool buf_ok(const struct buf *buf);              /* false when the ceiling was met */
const char *buf_text(const struct buf *buf);     /* borrowed, never NULL, NUL-terminated */
char *buf_take(struct buf *buf);                 /* new (free() it), never NULL; the buffer is empty afterwards */
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_adds(struct buf *buf, const char *text);
void buf_addc(struct buf *buf, char c);
void buf_addf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Reads a whole file, at most `buf->ceiling` bytes, and nothing but a regular file ("-" is standard input). */
struct err;
bool buf_read_file(struct buf *buf, const char *path, struct err *err);
