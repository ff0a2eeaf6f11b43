/* Pauses that grow: what is tried again is tried ever more rarely, up to a limit, until something came of it.
 *
 *     struct pause pause = PAUSE(200, 5000);
 *     while (!attempt()) wait(pause_next(&pause));
 *
 * Pure. Threads: a pause belongs to one at a time. Milliseconds. */
#pragma once
#include <stdint.h>

struct pause {
    int64_t first_ms, most_ms;
    int64_t last_ms; /* 0: none yet */
};
#define PAUSE(first, most) {.first_ms = (first), .most_ms = (most)}

int64_t pause_next(struct pause *pause); /* the first one, then each twice the one before, at most `most_ms` */
void pause_reset(struct pause *pause);   /* something came of it */
