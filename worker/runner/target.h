/* One target of a worker: a thread with its database session, its queue of jobs, and what is said of it.
 *
 * The polling thread offers jobs and control messages; the target's thread takes one job after another, fences before
 * jobs, and keeps nothing that the database does not know. Nothing here polls: the thread sleeps until it is given
 * something or a report is due.
 * Threads: target_offer_*, target_full, target_describe and target_stop from the polling thread; the rest is the
 * thread's own. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admission/admission.h"
#include "base/arena.h"
#include "bus/bus.h"
#include "crypto/key.h"
#include "proto/message.h"

#define TARGET_QUEUE_MAX 16                     /* jobs that wait */
#define TARGET_QUEUE_BYTES ((size_t)128 << 20)  /* and their bytes */

/* One admitted message on its way to a target; owned by who holds it. */
struct work {
    struct work *next;
    struct arena arena;
    struct admitted admitted;
    enum admission_verdict verdict;
    uint64_t tag; /* of the job's offset */
    char why[256];
};
void work_free(struct work *work); /* NULL is fine */

/* What a target tells the polling thread, from its own thread. */
struct target_notices {
    void *context;
    void (*finished)(void *context, uint64_t tag); /* nothing more will come of this job */
    void (*changed)(void *context);                /* a heartbeat is due */
};

struct target_settings { /* all borrowed for the target's life */
    struct audience audience;
    const char *conninfo, *ledger_schema, *schema; /* schema may be NULL */
    const struct placeholder *secrets;
    size_t secret_count;
    const char *worker;
    const struct key_secret *key;
    struct bus_producer *producer;
    const char *events_topic;
    int64_t lease_ms, retention_ms;
    struct target_notices notices;
};

struct target;
bool target_start(const struct target_settings *settings, struct target **ret_target, struct err *err);
/* Both steal work. */
void target_offer_job(struct target *target, struct work *work);
void target_offer_control(struct target *target, struct work *work);
bool target_full(struct target *target);
/* For the heartbeat; strings in the arena. */
void target_describe(struct target *target, struct arena *arena, struct presence_target *ret_description);
/* Asks the thread to end: the running step has grace_ms to end by itself, then it is cancelled. */
void target_stop(struct target *target, int64_t grace_ms);
bool target_join(struct target *target, int64_t wait_ms); /* true: its thread has ended */
void target_free(struct target *target);                 /* after target_join said true; NULL is fine */

struct target_counts {
    atomic_uint_fast64_t jobs, applied, already, failed, drift, refused, fenced, blocked;
};
const struct target_counts *target_counts(const struct target *target); /* borrowed; any thread */
