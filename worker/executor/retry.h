/* Whether what failed is tried again, how often, after which pause, and as what it counts in the end: two tables and
 * a pure function. A cause is told by the SQLSTATE, its class, or what is known beside it; what no row names is final.
 *
 * Pure: no clock, no I/O. Times: milliseconds. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*   how often, beyond the first time */
#define RETRY_OFTEN(X)                                                                                                 \
    X(NEVER,   "never")                                                                                                \
    X(ONCE,    "once at most, if `retries` allows it")                                                                 \
    X(POLICY,  "as often as `retries` says")                                                                           \
    X(RESTART, "as often as `retries` says, but three times at least: a restart is no failure")
enum retry_often {
#define X(name, ...) RETRY_##name,
    RETRY_OFTEN(X)
#undef X
};

/*  after which pause */
#define RETRY_PAUSES(X)                                                                                                \
    X(NONE,   "none")                                                                                                  \
    X(SHORT,  "200 ms, doubled with each try up to 10 s")                                                              \
    X(YIELD,  "three times `lock_timeout`, longer with each try: whoever waited behind it has most of the time")       \
    X(LONG,   "10 s: somebody wanted it out of the way")
enum retry_pause {
#define X(name, ...) RETRY_PAUSE_##name,
    RETRY_PAUSES(X)
#undef X
};

/*    cause       how often  pause  counts as  prose */
#define RETRY_CAUSES(X)                                                                                                \
    X(LOCK,       POLICY,    YIELD, FAILED,    "somebody held a lock for longer than `lock_timeout`")                  \
    X(CONFLICT,   POLICY,    SHORT, FAILED,    "a deadlock or a serialization failure: another transaction went first")\
    X(RACE,       RESTART,   SHORT, FAILED,    "two sessions changed one row of the catalogue at a time: PostgreSQL "  \
                                               "lets none of them wait")                                               \
    X(SERVER,     RESTART,   SHORT, FAILED,    "the server takes no session at present")                               \
    X(LOST,       RESTART,   SHORT, FAILED,    "the session is gone: the network, or a server that ended or restarted")\
    X(TERMINATED, ONCE,      LONG,  FAILED,    "somebody ended the session (pg_terminate_backend); the server stayed") \
    X(ROOM,       NEVER,     NONE,  BLOCKED,   "no space is left: that says nothing of the migration, which waits")    \
    X(DOUBT,      NEVER,     NONE,  FAILED,    "nobody can tell what took effect: a person has to look")               \
    X(FINAL,      NEVER,     NONE,  FAILED,    "everything else: tried again it would fail again")
enum retry_cause {
#define X(name, ...) RETRY_CAUSE_##name,
    RETRY_CAUSES(X)
#undef X
    RETRY_CAUSE_COUNT
};

/* What may be known of a failure beside its words: bits. */
#define RETRY_KNOWN(X)                                                                                                 \
    X(CATALOGUE,   1, "an index of the catalogue")                                                                     \
    X(ASKED,       2, "the statement says IF NOT EXISTS, is a DO that asks, calls a function, or stands behind a "     \
                      "DROP ... IF EXISTS: it was made after it had looked")                                           \
    X(LOST,        4, "the session is lost")                                                                           \
    X(SAME_SERVER, 8, "the server has been up all the time")
enum retry_known {
#define X(name, bit, ...) RETRY_##name = (bit),
    RETRY_KNOWN(X)
#undef X
};

struct retry_seen {
    const char *sqlstate; /* "" none */
    const char *message;
    unsigned known;       /* of RETRY_KNOWN */
};
enum retry_cause retry_cause(const struct retry_seen *seen);
/* The tables as the page docs/reference/retries.md. */
void retry_print_markdown(struct buf *out);
bool retry_blocks(enum retry_cause cause); /* it counts as BLOCKED: no failure of the migration */

struct retry_limits {
    int64_t retries;         /* the policy's */
    int64_t lock_timeout_ms; /* how long a try has waited for a lock, and others behind it */
    int64_t first_ms, max_ms; /* for tests: instead of what the table says; 0: not given */
};
/* How often each cause has come, this request. */
struct retry_tally {
    int64_t count[RETRY_CAUSE_COUNT];
};
/* Counts `cause`, and says whether to try again: then *ret_pause_ms is how long to wait. `dice` is any number: by it up
 * to half of the pause is added, so that workers do not come back together. */
bool retry_again(struct retry_tally *tally, enum retry_cause cause, const struct retry_limits *limits, uint64_t dice,
                 int64_t *ret_pause_ms);
