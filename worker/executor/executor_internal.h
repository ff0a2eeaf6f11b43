/* Inside this room: one request on its way. */
#pragma once
#include "executor/executor.h"
#include "sql/sql.h"

struct execution {
    struct ledger *ledger;
    const struct executor_hooks *hooks;
    struct arena *arena;
    const char *sql;
    struct sql_text text;
    struct ledger_step step;
    struct buf warning;
    struct outcome outcome;   /* set when an attempt is RECORDED */
};

/* How one attempt ended. */
enum attempt_end {
    ATTEMPT_RECORDED,
    ATTEMPT_LOST,    /* the connection: in doubt */
    ATTEMPT_REFUSED, /* what is applied does not fit: look, then ALREADY or DRIFT */
    ATTEMPT_FAILED,  /* `failure` says why; transient or not */
    ATTEMPT_STOPPED,
    ATTEMPT_ENDED,   /* `failure.err` tells of a fence, of expiry, of a target that cannot record */
};
struct failure {
    struct err err;
    int line;         /* in the migration's file, 0 unknown */
    const char *left; /* in the arena, "" nothing */
};

enum attempt_end transaction_attempt(struct execution *x, struct failure *ret_failure);
enum attempt_end outside_attempt(struct execution *x, struct failure *ret_failure);
void outside_settle(struct execution *x, struct failure *failure);

/* What a failed statement's error means. */
enum attempt_end attempt_sort(const struct err *err);
/* Leaves no transaction open. */
void session_rollback(struct execution *x);
/* Undoes what a file set for the session. */
bool session_reset(struct execution *x, struct err *err);
bool stop_asked(const struct execution *x);
/* Line of a 1-based character position in the text [begin, end) of the file, 0 when it is outside of it. */
int line_at(const char *sql, size_t begin, size_t end, int position);

/* ---- repair.c: what a statement outside a transaction left, and whether it took effect ---- */
enum verdict {
    VERDICT_AGAIN,   /* not in effect and nothing is left of it: run it (again) */
    VERDICT_DONE,    /* it took effect */
    VERDICT_UNKNOWN, /* nobody can tell */
};
/* What stands in the catalogue before the statement runs for the first time; in the arena. */
bool repair_before(struct execution *x, const struct sql_statement *s, const char **ret_found, struct err *err);
/* After a broken attempt: decides, and clears away what it left. */
bool repair_after(struct execution *x, const struct sql_statement *s, const char *found, enum verdict *ret_verdict,
                  struct err *err);
/* After a statement that said it succeeded: false with an error when it did not (an index that is invalid). */
bool repair_check(struct execution *x, const struct sql_statement *s, struct err *err);
