#include "executor/executor.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "executor/executor_internal.h"
#include "proc/crash.h"

#define RECONNECT_LIMIT_MS 30000
#define QUERY_CANCELED "57014" /* by statement_timeout */
#define UNCOMMITTED_VALUE "55P04" /* unsafe_new_enum_value_usage: one that this transaction has added to its type */
#define NOTICES_BYTES ((size_t)4096) /* once there is so much, later sessions add no more */

bool stop_asked(const struct execution *x)
{
    return x->hooks && x->hooks->stop && x->hooks->stop(x->hooks->context);
}

/* Waits, but not when asked to stop; false then. */
static bool pause_for(const struct execution *x, int64_t ms)
{
    int64_t deadline = clock_mono_ms() + ms;
    for (int64_t left = ms; left > 0; left = deadline - clock_mono_ms()) {
        if (stop_asked(x))
            return false;
        poll(NULL, 0, left < 50 ? (int)left : 50);
    }
    return !stop_asked(x);
}

enum retry_cause failure_cause(const struct failure *failure, bool lost, bool same_server)
{
    const struct retry_seen seen = {.sqlstate = failure->err.sqlstate, .message = failure->err.text,
                                    .known = (failure->err.retriable ? RETRY_CATALOGUE : 0u) |
                                             (failure->asked ? RETRY_ASKED : 0u) | (lost ? RETRY_LOST : 0u) |
                                             (same_server ? RETRY_SAME_SERVER : 0u)};
    return failure->over ? RETRY_CAUSE_DOUBT : retry_cause(&seen);
}

static struct retry_limits limits_of(const struct execution *x)
{
    const struct job_request *r = x->step.request;
    return (struct retry_limits){.retries = r->retries, .lock_timeout_ms = r->lock_timeout_ms,
                                 .first_ms = x->hooks ? x->hooks->retry_first_ms : 0,
                                 .max_ms = x->hooks ? x->hooks->retry_max_ms : 0};
}

bool try_again(struct execution *x, enum retry_cause cause, bool *ret_stopped)
{
    const struct retry_limits limits = limits_of(x);
    int64_t pause_ms;
    bool again = retry_again(&x->tally, cause, &limits, (uint64_t)clock_mono_us(), &pause_ms);
    *ret_stopped = again && !pause_for(x, pause_ms);
    return again && !*ret_stopped;
}

/* ---- what the server said ---- */

static void keep_notices(struct execution *x)
{
    if (x->notices.len < NOTICES_BYTES)
        buf_adds(&x->notices, pg_notices(ledger_session(x->ledger)));
}

static void drop_notices(struct execution *x)
{
    pg_notices(ledger_session(x->ledger));
    buf_clear(&x->notices);
}

static const char *take_notices(struct execution *x)
{
    keep_notices(x);
    return arena_strdup(x->arena, buf_text(&x->notices));
}

/* Of a step that took effect, behind its COMMIT. What could not be kept is lost: no reason to say anything else. */
static void tell_notices(struct execution *x)
{
    x->outcome.said.notices = take_notices(x);
    if (*x->outcome.said.notices)
        ledger_say(x->ledger, &x->outcome, NULL);
}

/* ---- what is recorded ---- */

static enum executor_end record(struct execution *x, const struct outcome *about, struct err *err)
{
    CRASH_POINT("executor.failed");
    x->step.took_ms = clock_mono_ms() - x->began_ms;
    if (!ledger_record(x->ledger, &x->step, about, x->arena, &x->outcome, err)) {
        if (strcmp(err->sqlstate, LEDGER_STALE) == 0)
            return EXECUTOR_FENCED;
        err_prefix(err, "the outcome (%s) could not be recorded", outcome_text(about->kind));
        return EXECUTOR_BLOCKED;
    }
    CRASH_POINT("ledger.recorded");
    return EXECUTOR_RECORDED;
}

/* The outcome's line is one of the migration's own file. */
static enum executor_end record_failure(struct execution *x, const struct failure *failure, struct err *err)
{
    struct outcome about = {.kind = OUTCOME_FAILED, .sqlstate = failure->err.sqlstate, .message = failure->err.text,
                            .said = failure->said,
                            .line = failure->line, .left = failure->left, .started_us = x->step.started_us};
    if (failure->more)
        about.message = arena_printf(x->arena, "%s; %s", about.message, failure->more);
    if (failure->part && failure->part->name != PART_MAIN) {
        const char *where = failure->line ? part_line(x, failure->part, failure->line) : part_what(failure->part);
        about.message = arena_printf(x->arena, "%s: %s", where, about.message);
        about.line = 0;
    }
    if (failure->err.hint[0])
        about.said.hint = veil_message(x, failure->err.hint); /* what greylag itself refuses has none of the server's */
    about.said.notices = take_notices(x);
    about.message = veil_message(x, about.message);
    about.left = veil_message(x, about.left);
    return record(x, &about, err);
}

/* The database said that what is applied, or another tool's record, does not fit. */
static enum executor_end record_misfit(struct execution *x, const struct failure *failure, struct err *err)
{
    const struct job_request *r = x->step.request;
    bool comes = r->direction == DIRECTION_UP || r->direction == DIRECTION_ADOPT;
    struct ledger_effect effect;
    struct outcome about = {.kind = OUTCOME_DRIFT};
    if (strcmp(failure->err.sqlstate, FOREIGN_GONE) == 0) {
        about.message = failure->err.text;
        return record(x, &about, err);
    }
    if (!ledger_effect(x->ledger, r->migration, x->arena, &effect, err))
        return EXECUTOR_BLOCKED;
    bool there = effect.request[0], same = strcmp(effect.checksum, r->checksum) == 0;
    if (comes && there && same) {
        about.kind = OUTCOME_ALREADY;
        about.detail = effect.request;
        about.message = arena_printf(x->arena, "in effect through release %s", effect.release);
    } else if (comes && there) {
        about.detail = arena_printf(x->arena, "applied with checksum %s by request %s of release %s", effect.checksum,
                                    effect.request, effect.release);
        about.message = "applied with another checksum";
    } else {
        about.message = there ? "another request is in effect" : "the migration is not in effect";
        about.detail =
            there ? arena_printf(x->arena, "request %s of release %s is in effect", effect.request, effect.release)
                  : "nothing is in effect";
    }
    return record(x, &about, err);
}

/* ---- in doubt ---- */

/* A new session, once the old one is gone for certain. */
static enum executor_end reconnect(struct execution *x, struct err *err)
{
    int64_t deadline = clock_mono_ms() + RECONNECT_LIMIT_MS;
    struct retry_tally tally = {0};
    keep_notices(x);
    for (;;) {
        err_clear(err);
        if (ledger_reconnect(x->ledger, err)) {
            veil_session(x, true);
            return EXECUTOR_RECORDED;
        }
        if (err->kind == ERR_FENCED)
            return EXECUTOR_FENCED;
        if (clock_mono_ms() >= deadline)
            return EXECUTOR_BLOCKED;
        const struct retry_limits forever = {.retries = INT64_MAX};
        int64_t pause_ms;
        retry_again(&tally, RETRY_CAUSE_LOST, &forever, (uint64_t)clock_mono_us(), &pause_ms);
        if (!pause_for(x, pause_ms))
            return EXECUTOR_STOPPED;
    }
}

/* The history decides. *ret_known: the request has an outcome, now in x->outcome. */
static enum executor_end resolve(struct execution *x, bool *ret_known, struct err *err)
{
    enum executor_end end = ledger_connected(x->ledger) ? EXECUTOR_RECORDED : reconnect(x, err);
    if (end != EXECUTOR_RECORDED)
        return end;
    const struct outcome *outcomes;
    size_t count;
    if (!ledger_find(x->ledger, &x->step.request->request, 1, x->arena, &outcomes, &count, err))
        return EXECUTOR_BLOCKED;
    *ret_known = count > 0;
    if (count > 0)
        x->outcome = outcomes[0];
    return EXECUTOR_RECORDED;
}

/* ---- attempts ---- */

enum attempt_end attempt_sort(const struct failure *failure)
{
    const struct err *err = &failure->err;
    if (err->kind == ERR_UNREACHABLE)
        return ATTEMPT_LOST;
    if (err->kind == ERR_TIMEOUT)
        return ATTEMPT_STOPPED;
    if (failure->theirs)
        return ATTEMPT_FAILED;
    if (strcmp(err->sqlstate, LEDGER_APPLIED) == 0 || strcmp(err->sqlstate, FOREIGN_GONE) == 0)
        return ATTEMPT_REFUSED;
    if (strcmp(err->sqlstate, LEDGER_STALE) == 0 || strcmp(err->sqlstate, LEDGER_EXPIRED) == 0 ||
        strcmp(err->sqlstate, LEDGER_POOLED) == 0)
        return ATTEMPT_ENDED;
    return ATTEMPT_FAILED;
}

static enum executor_end ended(const struct err *failure, struct err *err)
{
    *err = *failure;
    if (strcmp(failure->sqlstate, LEDGER_EXPIRED) == 0)
        return EXECUTOR_EXPIRED;
    return strcmp(failure->sqlstate, LEDGER_STALE) == 0 ? EXECUTOR_FENCED : EXECUTOR_BLOCKED;
}

/* Its tool opens no transaction around a file: what ends one, or is refused inside of one, runs with it. */
static bool tool_opens_none(const struct execution *x)
{
    return x->step.job->history == HISTORY_GOLANG_MIGRATE || x->step.job->history == HISTORY_SQITCH;
}

static bool runs_in_units(struct execution *x)
{
    if (x->step.request->no_transaction || parts_no_transaction(x) || parts_in_units(x))
        return true;
    return tool_opens_none(x) && parts_may_end(x) && outside_begun(x);
}

static const char ask_to_run_outside[] =
    "a file asks to run outside a transaction with a comment at its head: -- Transaction: false";

/* The server would not have it in a transaction, and all of it was rolled back. */
static enum attempt_end refused(struct execution *x, struct failure *failure)
{
    x->units = tool_opens_none(x);
    if (x->units) {
        *failure = FAILURE_INIT;
        return outside_attempt(x, failure);
    }
    failure->more = ask_to_run_outside;
    return ATTEMPT_FAILED;
}

static enum attempt_end attempt(struct execution *x, struct failure *failure)
{
    if (x->units)
        return outside_attempt(x, failure);
    enum attempt_end end = transaction_attempt(x, failure);
    if (end == ATTEMPT_FAILED && strcmp(failure->err.sqlstate, UNCOMMITTED_VALUE) == 0)
        failure->more = x->parts[PART_MAIN].text.own_transaction
                            ? "COMMIT; BEGIN; behind the ALTER TYPE that adds the value begins another transaction"
                            : ask_to_run_outside;
    bool ended = end == ATTEMPT_FAILED && refused_inside(failure->err.sqlstate) && parts_may_end(x);
    return ended ? refused(x, failure) : end;
}

/* The session is lost: what has become of the request, and whether the server has been up all the time. */
static enum executor_end look_again(struct execution *x, struct failure *failure, bool *ret_same_server,
                                    bool *ret_known, struct err *err)
{
    const struct pg_identity before = *ledger_identity(x->ledger);
    enum executor_end end = resolve(x, ret_known, err);
    const struct pg_identity *now = ledger_identity(x->ledger);
    *ret_same_server = before.server_start[0] && strcmp(before.server_start, now->server_start) == 0;
    if (!failure->err.sqlstate[0])
        err_sqlstate(&failure->err, "08006");
    x->lost = arena_printf(x->arena, "%s: %s", failure->err.sqlstate, failure->err.text);
    return end;
}

/* Tried as often as it may be: the end. */
static enum executor_end give_up(struct execution *x, struct failure *failure, enum retry_cause cause, bool lost,
                                 struct err *err)
{
    if (lost && x->units)
        outside_settle(x, failure);
    *err = failure->err;
    if (retry_blocks(cause)) {
        err_hint(err, "make room for the database: the step is tried again until there is");
        return EXECUTOR_BLOCKED;
    }
    bool waited = cause == RETRY_CAUSE_LOCK || strcmp(failure->err.sqlstate, QUERY_CANCELED) == 0;
    if (waited && x->blockers && *x->blockers)
        failure->more = arena_printf(x->arena, "it was blocked by %s", x->blockers);
    if (cause == RETRY_CAUSE_TERMINATED)
        failure->more = arena_printf(x->arena, "somebody ended its session (pg_terminate_backend) %lld times while the "
                                     "server stayed up", (long long)x->tally.count[cause]);
    return record_failure(x, failure, err);
}

static enum executor_end attempts(struct execution *x, struct err *err)
{
    for (;; x->step.attempt++) {
        struct failure failure = FAILURE_INIT;
        if (stop_asked(x)) {
            err_set(err, ERR_TIMEOUT, "stopped before it began");
            return EXECUTOR_STOPPED;
        }
        if (!x->units)
            drop_notices(x); /* of an attempt that left nothing */
        enum attempt_end end = attempt(x, &failure);
        *err = failure.err;
        bool known = false, same_server = false;
        switch (end) {
        case ATTEMPT_RECORDED: tell_notices(x); return EXECUTOR_RECORDED;
        case ATTEMPT_REFUSED: return record_misfit(x, &failure, err);
        case ATTEMPT_STOPPED: return EXECUTOR_STOPPED;
        case ATTEMPT_ENDED: return ended(&failure.err, err);
        case ATTEMPT_LOST: {
            enum executor_end found = look_again(x, &failure, &same_server, &known, err);
            if (found != EXECUTOR_RECORDED || known)
                return found;
            break;
        }
        case ATTEMPT_FAILED: break;
        }
        enum retry_cause cause = failure_cause(&failure, end == ATTEMPT_LOST, same_server);
        bool stopped;
        bool tried = x->units && end == ATTEMPT_FAILED && !failure.again; /* by itself, as often as it may be */
        if (tried)
            return give_up(x, &failure, cause, false, err);
        if (!try_again(x, cause, &stopped))
            return stopped ? EXECUTOR_STOPPED : give_up(x, &failure, cause, end == ATTEMPT_LOST, err);
    }
}

/* What "flyway:" names stand for, when a text asks. A session that was lost before anything ran is simply renewed. */
static enum executor_end ask(struct execution *x, struct err *err)
{
    for (int i = 0; parts_ask(x); i++) {
        if (names_ask(x, err))
            break;
        if (err->kind != ERR_UNREACHABLE || i > 0)
            return EXECUTOR_BLOCKED;
        enum executor_end end = reconnect(x, err);
        if (end != EXECUTOR_RECORDED)
            return end;
    }
    return EXECUTOR_RECORDED;
}

static enum executor_end run(struct execution *x, struct err *err)
{
    struct failure failure = FAILURE_INIT;
    parts_take(x);
    enum executor_end end = ask(x, err);
    if (end != EXECUTOR_RECORDED)
        return end;
    if (!parts_prepare(x, &failure))
        return record_failure(x, &failure, err);
    if (parts_mention(x, "dblink"))
        ledger_expect_links(x->ledger);
    x->units = runs_in_units(x);
    return attempts(x, err);
}

enum executor_end executor_apply(struct ledger *ledger, const struct job *job, size_t index,
                                 const struct executor_hooks *hooks, struct arena *arena,
                                 struct executor_result *ret_result, struct err *err)
{
    struct err mine = ERR_INIT;
    struct execution x = {.ledger = ledger, .hooks = hooks, .arena = arena,
                          .step = {.job = job, .request = &job->requests[index], .attempt = 1},
                          .began_ms = clock_mono_ms(), .warning = BUF_INIT(4096), .notices = BUF_INIT(BUF_MAX)};
    if (hooks && hooks->secret_count)
        x.veil = (struct veil){.secrets = hooks->secrets, .count = hooks->secret_count,
                               .used = arena_array(arena, hooks->secret_count, sizeof *x.veil.used)};
    veil_session(&x, true);
    drop_notices(&x);
    enum executor_end end = run(&x, &mine);
    veil_session(&x, false);
    veil_error(&x, &mine);
    *ret_result = (struct executor_result){.outcome = x.outcome,
                                           .warning = veil_message(&x, arena_strdup(arena, buf_text(&x.warning)))};
    buf_release(&x.warning);
    buf_release(&x.notices);
    buf_release(&x.veil.out);
    if (err && end != EXECUTOR_RECORDED)
        *err = mine;
    return end;
}
