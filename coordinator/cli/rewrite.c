#include "cli/rewrite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define CONTEXT 3

struct lines {
    const char **begin; /* one more than lines: the end */
    size_t count;
};

static struct lines split(const char *text, size_t size)
{
    struct lines lines = {.begin = xcalloc(2, sizeof *lines.begin)};
    size_t room = 2;
    for (const char *p = text, *end = text + size; p < end;) {
        if (lines.count + 2 > room)
            lines.begin = xrealloc(lines.begin, (room *= 2) * sizeof *lines.begin);
        const char *next = memchr(p, '\n', (size_t)(end - p));
        lines.begin[lines.count++] = p;
        p = next ? next + 1 : end;
    }
    lines.begin[lines.count] = text + size;
    return lines;
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
    size_t len = (size_t)(a->begin[i + 1] - a->begin[i]);
    return len == (size_t)(b->begin[k + 1] - b->begin[k]) && memcmp(a->begin[i], b->begin[k], len) == 0;
}

static void add_lines(struct buf *out, char mark, const struct lines *lines, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        size_t len = (size_t)(lines->begin[i + 1] - lines->begin[i]);
        bool ended = len && lines->begin[i][len - 1] == '\n';
        auto_free char *copy = xstrndup(lines->begin[i], len - ended);
        buf_addc(out, mark);
        text_add_printable(out, copy, true);
        buf_adds(out, ended ? "\n" : "\n\\ No newline at end of file\n");
    }
}

/* One hunk: what differs between the lines that are the same at the beginning and those at the end. */
void rewrite_diff(const char *name, const char *before, size_t before_size, const char *after, size_t after_size,
                  struct buf *out)
{
    struct lines a = split(before, before_size), b = split(after, after_size);
    size_t head = 0, tail = 0, least = a.count < b.count ? a.count : b.count;
    while (head < least && same(&a, head, &b, head))
        head++;
    while (tail < least - head && same(&a, a.count - tail - 1, &b, b.count - tail - 1))
        tail++;
    size_t from = head > CONTEXT ? head - CONTEXT : 0, behind = tail > CONTEXT ? CONTEXT : tail;
    size_t a_lines = a.count - tail + behind - from, b_lines = b.count - tail + behind - from;
    buf_addf(out, "--- a/%s\n+++ b/%s\n@@ -%zu,%zu +%zu,%zu @@\n", name, name, a_lines ? from + 1 : from, a_lines,
             b_lines ? from + 1 : from, b_lines);
    add_lines(out, ' ', &a, from, head);
    add_lines(out, '-', &a, head, a.count - tail);
    add_lines(out, '+', &b, head, b.count - tail);
    add_lines(out, ' ', &a, a.count - tail, a.count - tail + behind);
    free(a.begin);
    free(b.begin);
}

static bool holds(const char *path, const char *text, size_t size, struct err *err)
{
    auto_buf struct buf now = BUF_INIT(size + 1);
    if (!buf_read_file(&now, path, err))
        return err_prefix(err, "nothing was changed");
    if (now.len == size && memcmp(buf_text(&now), text, size) == 0)
        return true;
    err_set(err, ERR_CONFLICT, "%s has changed meanwhile; it is left as it is", path);
    return err_hint(err, "Run it again.");
}

bool rewrite_file(const char *path, const char *before, size_t before_size, const char *after, size_t after_size,
                  struct err *err)
{
    struct stat st;
    auto_free char *real = realpath(path, NULL);
    if (!real || stat(real, &st) != 0)
        return err_errno(err, "cannot find %s", path);
    return holds(real, before, before_size, err) && file_replace(real, after, after_size, st.st_mode & 07777, err);
}
