/* What a worker says: reports of outcomes, refusals, answers to fences, and heartbeats; signed and published.
 *
 * A reporter speaks for one target. Outcomes of a running job are sent in batches: at REPORT_BATCH_MAX of them, at
 * REPORT_BATCH_BYTES, or a while after the first. The last report of a job (FINISHED, REFUSED) carries those that have
 * not gone out in its batches; for a job that is answered from history, all. Where that is more than one batch holds,
 * the others go before it. What the coordinator has not acknowledged is sent again, after 5 s and then less and less
 * often, up to once a minute, until it is; the ledger keeps the same list over a restart (reporter_remember). Every
 * outcome is committed in the target before it comes here.
 *
 * Ownership: everything given is copied. Threads: one at a time for one reporter; they may share a producer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"
#include "crypto/key.h"
#include "proto/message.h"

#define REPORT_BATCH_MAX 256
#define REPORT_BATCH_BYTES ((size_t)1 << 20) /* of texts; escaped and signed they stay far below REPORT_MAX */
#define REPORT_BATCH_MS 100      /* the first of a job; doubled with each further one up to */
#define REPORT_BATCH_MAX_MS 500
#define REPORT_RESEND_MS 5000
#define REPORT_RESEND_MAX_MS 60000
#define REPORT_UNWATCHED UINT64_MAX /* a tag that nobody waits for */

struct reporter_settings { /* all borrowed for the reporter's life */
    struct audience audience;
    const char *worker;            /* instance id */
    const struct key_secret *key;
    struct bus_producer *producer;
    const char *topic;             /* of events */
};
struct reporter;
struct reporter *reporter_new(const struct reporter_settings *settings);
void reporter_free(struct reporter *reporter); /* NULL is fine */

/* What is being answered. */
struct report_about {
    const char *release;
    struct fence fence;       /* of the job or the control message */
    const char *traceparent;  /* "" or NULL: none */
};

/* A job begins; what was not acknowledged of earlier ones is kept. */
void reporter_begin(struct reporter *reporter, const struct report_about *about, const struct fence *in_force);
/* One more outcome of that job; sent now or by a later tick. False: it could not be sent now, it will be again. */
bool reporter_outcome(struct reporter *reporter, const struct outcome *outcome, int64_t now_ms, struct err *err);
/* The last report of the job: kind FINISHED, or REFUSED with refusal and message; `outcomes` are all of the job's. tag
 * comes back from the producer. */
struct report_end {
    enum report_kind kind;
    enum refusal refusal;
    const char *message;
    const struct outcome *outcomes;
    size_t outcome_count;
    struct fence in_force;
};
bool reporter_end(struct reporter *reporter, const struct report_about *about, const struct report_end *end,
                  uint64_t tag, int64_t now_ms, struct err *err);
/* BLOCKED, FENCED, INVENTORY, or the refusal of a fence: sent once; who asks repeats the question. */
bool reporter_say(struct reporter *reporter, const struct report *report, const char *traceparent, uint64_t tag,
                  struct err *err);

/* Outcomes that the ledger holds as not acknowledged, at the start: they are sent at the next tick. */
void reporter_remember(struct reporter *reporter, const struct outcome *outcomes, size_t count,
                       const struct fence *in_force, int64_t now_ms);
void reporter_acknowledge(struct reporter *reporter, const int64_t *positions, size_t count);
/* Sends what is due. Returns in how many milliseconds to call again, -1: nothing waits. */
int64_t reporter_tick(struct reporter *reporter, int64_t now_ms, struct err *err);
size_t reporter_waiting(const struct reporter *reporter); /* outcomes not acknowledged */

/* One heartbeat, keyed by the worker's instance id. */
bool presence_publish(struct bus_producer *producer, const char *topic, const struct key_secret *key,
                      const struct presence *presence, struct err *err);
