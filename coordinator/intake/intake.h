/* From bytes on the bus to a verified message, or to quarantine.
 *
 * What always holds: what is handed on was signed by a key that is enrolled, not revoked, for the very service and
 * target that it speaks of, in this fleet and environment (docs/promises.md, P4). Whatever else comes is quarantined:
 * its verdict says so and why, and it is neither answered nor an input of the engine.
 *
 * A message is tried only with the keys that may speak under its key on the bus (which nobody signed).
 *
 * Ownership: struct intake is a resource (intake_new / intake_free); messages live in the arena given.
 * Threads: one at a time. The room does not log: intake_may_log says when its caller may. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bus/bus.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "proto/message.h"

#define INTAKE_INSTANCES 64 /* of one key, whose last heartbeats are remembered */

struct intake;

struct intake_key {
    struct key_public key;
    const char *name;
    const char *service; /* "": any */
    const char *target;
};

struct intake *intake_new(const char *fleet, const char *environment); /* borrowed for ever */
void intake_free(struct intake *intake);
/* Replaces all keys; copies. One row for each key and target. */
void intake_set_keys(struct intake *intake, const struct intake_key *keys, size_t count);

/* What an earlier term heard of a worker (as `worker` of its heartbeats): only what comes later is news. After the
 * keys; who was heard of last comes last; nothing when its key is not enrolled any more. */
void intake_remember(struct intake *intake, const char *worker, int64_t beat);

enum intake_verdict {
    INTAKE_REPORT,
    INTAKE_PRESENCE,
    INTAKE_VERSION,     /* verified, of a version that this program does not know: nothing of it was read but its key */
    INTAKE_STALE,       /* a heartbeat that is older than one that was taken from the same worker: ignored */
    INTAKE_QUARANTINED,
};
struct intake_message {
    enum intake_verdict verdict;
    struct report report;     /* `worker` of both: as it was stated, with the key's id behind it */
    struct presence presence; /* only the targets that its key is enrolled for */
    bool first;               /* PRESENCE: nothing was heard of this instance before */
    const char *service, *target; /* VERSION: the bus's key, and the sender is enrolled for that target */
    int version;              /* VERSION */
    const char *signer;       /* name of the key, "" when quarantined */
    char digest[DIGEST_HEX_SIZE]; /* of the verified payload, "" when quarantined */
    char why[200];            /* QUARANTINED */
};
void intake_read(struct intake *intake, const struct bus_message *message, struct arena *arena,
                 struct intake_message *ret_message);

/* The digest by which a message is recognised at its offset (rollout/inbox.h): of its bytes as they came. */
void intake_record_digest(const struct bus_message *message, char digest[DIGEST_HEX_SIZE]);

/* At most one true in a second; *ret_suppressed: how many were not logged since the last. */
bool intake_may_log(struct intake *intake, int64_t now_ms, uint64_t *ret_suppressed);
