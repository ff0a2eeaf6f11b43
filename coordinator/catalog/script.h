/* SQL put together from lines of a file: what layouts with several sections in one file hand on. The place of every
 * line is kept, so that a message names the line of the file. Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* One line after another: `struct line line = {.next = text}; while (line_next(&line)) ...` */
struct line {
    const char *text; /* without its '\n' */
    size_t len;
    int number;       /* from 1 */
    const char *next;
};
bool line_next(struct line *line);
bool line_is_blank(const char *text, size_t len);

/* Where the lines of a text stand in its file: its line n at each[n - 1]; without `each` at first + n - 1. */
struct place {
    int first; /* 0: the text is the whole file */
    const int *each;
    size_t count;
};
int place_line(const struct place *place, int line);
/* The same in pairs, as struct migration has it; NULL and 0 for a whole file. In the arena. */
const int64_t *place_pairs(const struct place *place, struct arena *arena, size_t *ret_count);

struct script {
    struct buf text; /* owned until script_end or script_release */
    int *lines;      /* the same */
    size_t count, room;
};
#define SCRIPT_INIT {.text = BUF_INIT(BUF_MAX)}
#define auto_script __attribute__((cleanup(script_release)))

void script_add(struct script *script, const char *text, size_t len, int number); /* one line, '\n' is added */
/* The text in the arena, without the blank lines at both ends ("" when nothing else is there). */
const char *script_end(const struct script *script, struct arena *arena, size_t *ret_size, struct place *ret_place);
void script_release(struct script *script);
