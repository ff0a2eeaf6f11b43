/* Topics, kept in the background: one admin client that stays open, on a thread of its own, so that nobody who must
 * not stand still ever waits for a broker. It makes what is wanted and missing, again too when it was deleted or lost
 * with its broker, and says how many partitions there are, also when somebody adds some.
 *
 * What it knows is as old as its last look: every two seconds, and at once when it is asked to.
 * Ownership: a resource; settings and topics are copied. Threads: any. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"

struct bus_keeper;

/* wake_fd: an eventfd that is written to whenever something has changed, -1: none. */
bool bus_keeper_open(const struct bus_settings *settings, int replication, int wake_fd, struct bus_keeper **ret_keeper,
                     struct err *err);
void bus_keeper_close(struct bus_keeper *keeper); /* NULL is fine */

/* From now on this topic is to be there. The same name again changes nothing. */
void bus_keeper_want(struct bus_keeper *keeper, const struct bus_topic *topic);
/* How many partitions a wanted topic has, as last seen; 0: it is not there, or nobody has looked yet. */
int bus_keeper_partitions(struct bus_keeper *keeper, const char *topic);
/* Rises with every change of what is seen: cheap to compare. */
uint64_t bus_keeper_changes(const struct bus_keeper *keeper);
/* Something failed: look now. */
void bus_keeper_look(struct bus_keeper *keeper);

struct bus_keeper_state {
    bool reached;     /* a broker answered the last time */
    int64_t since_ms; /* monotonic: since when that is so */
    struct err problem; /* of the last look; ERR_NONE: all is well */
};
void bus_keeper_state(struct bus_keeper *keeper, struct bus_keeper_state *ret_state);
