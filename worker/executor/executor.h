/* Applies one request of a job to its target, once.
 *
 * The ledger is open, locked and fenced for this job, and the request has no outcome yet. A transactional step is one
 * round trip: BEGIN; fence; the SQL; history and applied rows; COMMIT. What PostgreSQL refuses in a transaction runs
 * statement by statement with a marker before and after each, and is repaired and resumed where it broke off.
 * A connection that is lost is in doubt: the ledger's history decides, after the old backend is gone.
 *
 * The texts travel raw: their placeholders are replaced here, just before they run, and the values of secret ones
 * appear in nothing that is handed out or traced. Rows behind a COPY ... FROM STDIN are sent when the server asks for
 * them.
 *
 * Ownership: what *ret holds lives in the arena. Threads: the ledger's. No logging: `trace` of the ledger's settings
 * sees the statements, `ret->warning` is for the caller to log. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "ledger/ledger.h"
#include "proto/message.h"

/*                     name        prose */
#define EXECUTOR_ENDS(X)                                                                                            \
    X(RECORDED, "the outcome, whichever, is committed in the target")                                               \
    X(FENCED,   "a higher fence is in force, or another worker has the target: stop this job; nothing was done")    \
    X(EXPIRED,  "not_after has passed by the database's clock: the step did not start; refuse the rest of the job") \
    X(BLOCKED,  "the target is unreachable or cannot record (disk full, read-only): not terminal, try again later") \
    X(STOPPED,  "`stop` said so; the statement was cancelled and left nothing but what its markers say")
enum executor_end {
#define X(name, ...) EXECUTOR_##name,
    EXECUTOR_ENDS(X)
#undef X
        EXECUTOR_END_COUNT
};

struct executor_hooks {
    bool (*stop)(void *context); /* NULL: never. Polled while a statement runs and between attempts */
    void *context;
    /* NULL, or told why a step does not go on (its COMMIT waits for a synchronous standby, or it waits far longer than
     * a try waits for a lock), and "" when it does so no more. */
    void (*waiting)(void *context, const char *why);
    int64_t retry_first_ms;      /* first wait after a transient failure, doubled, with jitter; 0: 200 */
    int64_t retry_max_ms;        /* 0: 10000 */
    const struct placeholder *secrets; /* borrowed: what this worker alone knows for the target */
    size_t secret_count;
};

struct executor_result {
    struct outcome outcome;      /* RECORDED */
    const char *warning;         /* "" or what somebody should know: could not be analysed, settings undone */
};

/* Applies job->requests[index]. Whatever is not RECORDED is told by *err. */
enum executor_end executor_apply(struct ledger *ledger, const struct job *job, size_t index,
                                 const struct executor_hooks *hooks, struct arena *arena,
                                 struct executor_result *ret_result, struct err *err);
