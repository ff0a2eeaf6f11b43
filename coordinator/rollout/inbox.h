/* What to believe of the bus: the pure part of reading events, shared by the coordinator and the simulation.
 *
 * Offsets are hints (protocol.md, 4). With each offset that is kept stands the id of the message there; whoever starts
 * to read looks at that record first. After a wipe of the broker a remembered offset may lie on a new, longer log:
 * reading on from there would silently skip everything before it. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define INBOX_ID_SIZE 96
struct inbox_position {
    int64_t offset;           /* of the last message handled; -1: none yet */
    char id[INBOX_ID_SIZE];   /* its id: the bus's own message id, not an event's */
};

/* Where to go on reading. `id_there`: the id of the message that now stands at kept->offset, NULL when there is none
 * or it cannot be read. */
int64_t inbox_resume(const struct inbox_position *kept, const char *id_there);
