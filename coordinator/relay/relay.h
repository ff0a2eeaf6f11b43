/* Outbox rows to the bus: sent after their commit, marked when the broker has acknowledged them, sent again when it
 * could not.
 *
 * What always holds: nothing is sent that is not committed; the lease is looked at before anything is sent (that
 * narrows the gap of a deposed leader, the fence closes it); a message keeps its id (`ce_id`) in every sending.
 * A job or fence that a later one of its target has overtaken is not sent any more (rollout/outbox.h says which).
 * Memory: what is due is held up to some MiB, and what is on its way up to 64 MiB; the rest lies in the outbox.
 * Order is kept for each key as long as nothing fails; receivers do not rely on it.
 *
 * Ownership: struct relay is a resource (relay_open / relay_close); messages are copied when they are added.
 * Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"
#include "store/store.h"

struct relay;

/* `source` (borrowed for ever) becomes ce_source. wake_fd: an eventfd that is written to when there is something to
 * pump, -1: none. */
bool relay_open(const struct bus_settings *settings, const char *source, int wake_fd, struct relay **ret_relay,
                struct err *err);
/* Waits at most timeout_ms for what is under way; what is not delivered stays in the outbox. */
void relay_close(struct relay *relay, int timeout_ms);

/* Messages for this topic will come: where they go is found out in the background, so that the first leaves at once. */
void relay_expect(struct relay *relay, const char *topic);
/* Committed messages: their `row` is set. Adding a row again is harmless. */
void relay_add(struct relay *relay, const struct store_message *messages, size_t count);
/* Everything in the outbox that is not here yet: at start, and after a commit whose result was lost. */
bool relay_load(struct relay *relay, struct store *store, struct err *err);

/* Sends what is due, one message at least and no further one after `until_ms`; takes in delivery reports, marks. Times
 * are clock_mono_ms. False: the store failed (ERR_FENCED: not the leader). What the bus refuses is tried again later
 * and is no error here. */
bool relay_pump(struct relay *relay, struct store *store, int64_t until_ms, struct err *err);
int64_t relay_wake_ms(const struct relay *relay); /* when something is due, maybe at once; 0: nothing waits */

struct relay_counts {
    uint64_t sent, delivered, failed, dropped;
    size_t waiting, waiting_bytes;
    size_t held_bytes; /* of these in memory */
};
struct relay_counts relay_counts(const struct relay *relay);
