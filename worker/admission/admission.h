/* The door: bytes from Kafka become a job or a control message that is signed by a trusted coordinator key and meant
 * for one of this worker's targets; all else is passed over in silence, or put into quarantine.
 *
 * What always holds: nothing of a message that did not verify is used; what verifies is decoded from exactly the
 * verified bytes; a quarantined message is counted and never answered.
 * Ownership: what is handed out lives in the arena given. Threads: one at a time for one struct admission. Nothing is
 * logged here: quarantine_log_due() tells the caller when, at a limited rate. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "crypto/key.h"
#include "proto/message.h"

/* By how much this machine's clock may be ahead before a control message counts as expired. */
#define ADMISSION_CLOCK_US ((int64_t)300 * 1000000)

struct admission {
    const char *fleet, *environment;       /* borrowed */
    const struct key_public *keys;         /* borrowed: the coordinator's */
    size_t key_count;
    const struct audience *targets;        /* borrowed: ours */
    size_t target_count;
    struct quarantine *quarantine;         /* may be NULL */
};

enum admission_verdict {
    ADMISSION_JOB,         /* run it */
    ADMISSION_CONTROL,
    ADMISSION_NOT_OURS,    /* another target's, or an old control message: nothing to do */
    ADMISSION_QUARANTINED, /* see *err */
    ADMISSION_VERSION      /* verified, for us, of a version that is not known: refuse it */
};

/* Where a message came from, for quarantine. */
struct admission_source {
    const char *topic;
    int partition;
    int64_t offset;
};

struct admitted {
    const struct audience *target; /* one of ours */
    size_t target_index;           /* its place in `targets` */
    struct job job;                /* JOB; for VERSION: audience, release and fence as far as they could be read */
    struct control control;        /* CONTROL */
    char digest[DIGEST_TEXT_SIZE]; /* of the verified payload: the digest of its fence */
    bool damaged;                  /* JOB: the SQL of a request does not have its checksum */
    const char *damage;            /* which, for people */
};

/* now_us: the wall clock, against which a control message expires. */
enum admission_verdict admission_open(struct admission *admission, const struct admission_source *source,
                                      const char *bytes, size_t len, int64_t now_us, struct arena *arena,
                                      struct admitted *ret_admitted, struct err *err);

/* Quarantine: what did not verify. */
#define QUARANTINE_LOG_MS 10000 /* one line within this time */
struct quarantined {
    char topic[256];
    int partition;
    int64_t offset;
    char why[160];
};
struct quarantine;
struct quarantine *quarantine_new(void);
void quarantine_free(struct quarantine *quarantine); /* NULL is fine */
void quarantine_add(struct quarantine *quarantine, const struct admission_source *source, const struct err *why);
uint64_t quarantine_count(const struct quarantine *quarantine);
const struct quarantined *quarantine_last(const struct quarantine *quarantine); /* borrowed; NULL: there was none */
/* Whether a line should be logged now; *ret_silent: how many were not since the last one. */
bool quarantine_log_due(struct quarantine *quarantine, int64_t now_mono_ms, uint64_t *ret_silent);
