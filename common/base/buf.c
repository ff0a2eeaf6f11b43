#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.ceiling = buf->ceiling};
}

void buf_cut(struct buf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    buf->len = len;
    buf->data[len] = 0;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
    if (buf->data)
        buf->data[0] = 0;
}

bool buf_ok(const struct buf *buf)
{
    return !buf->overflowed;
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}

static bool grow(struct buf *buf, size_t more)
{
    assert(buf->ceiling > 0);
    if (buf->overflowed || more > buf->ceiling || buf->len > buf->ceiling - more) {
        buf->overflowed = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->room)
        return true;
    size_t room = buf->room ? buf->room : 64;
    while (room < need)
        room *= 2;
    buf->data = xrealloc(buf->data, room);
    buf->room = room;
    return true;
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : xstrdup("");
    *buf = (struct buf){.ceiling = buf->ceiling};
    return data;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
    if (!grow(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = 0;
}

void buf_adds(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_addc(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_addv(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    assert(len >= 0);
    if (grow(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(buf, format, args);
    va_end(args);
}

bool buf_read_file(struct buf *buf, const char *path, struct err *err)
{
    bool standard = strcmp(path, "-") == 0;
    /* O_NONBLOCK: opening a FIFO must not hang; a regular file does not care */
    auto_fd int opened = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int fd = standard ? STDIN_FILENO : opened;
    if (fd < 0)
        return err_errno(err, "cannot open %s", path);
    struct stat st;
    if (!standard) {
        if (fstat(fd, &st) != 0)
            return err_errno(err, "cannot look at %s", path);
        if (!S_ISREG(st.st_mode))
            return err_set(err, ERR_INPUT, "%s is not a regular file", path);
        if ((size_t)st.st_size > buf->ceiling)
            return err_set(err, ERR_INPUT, "%s has %lld bytes; at most %zu are read", path, (long long)st.st_size,
                           buf->ceiling);
    }
    char chunk[65536];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(err, "cannot read %s", path);
        if (got == 0)
            break;
        buf_add(buf, chunk, (size_t)got);
        if (!buf_ok(buf))
            return err_set(err, ERR_INPUT, "%s is larger than %zu bytes", path, buf->ceiling);
    }
    return true;
}
