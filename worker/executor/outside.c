/* A step outside a transaction: unit by unit, with a marker before and after each that cannot carry its own.
 *
 * What PostgreSQL takes in a transaction shares one with its marker, and happens exactly once. The rest is journalled,
 * and the catalogue decides what became of it. No transaction is open anywhere while it runs.
 *
 * The session is a part of what a unit means. A unit that fails for a passing reason is tried again by itself, in the
 * same session. Each marker keeps what the session held behind its unit; a new session goes on only where it holds the
 * same once the statements that do nothing but set something have run in it again. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "executor/executor_internal.h"
#include "proc/crash.h"

/* The server refuses it inside a transaction: invalid_transaction_termination, active_sql_transaction. */
bool refused_inside(const char *sqlstate)
{
    return strcmp(sqlstate, "2D000") == 0 || strcmp(sqlstate, "25001") == 0;
}

/* What has been done of the units before this attempt. */
struct marks {
    const struct ledger_mark *items;
    size_t count;
};

static bool read_marks(struct execution *x, struct marks *ret, struct err *err)
{
    return ledger_marks(x->ledger, x->step.request->request, x->arena, &ret->items, &ret->count, err);
}

static const struct ledger_mark *mark_of(const struct marks *marks, int number)
{
    for (size_t i = 0; i < marks->count; i++)
        if (marks->items[i].statement == number)
            return &marks->items[i];
    return NULL;
}

static bool is_done(const struct marks *marks, const struct unit *u)
{
    const struct ledger_mark *mark = mark_of(marks, u->number);
    return mark && mark->done;
}

/* ---- around the units ---- */

/* Session, fence, expiry (only before anything has run) and what is applied: the checks of a step, by themselves. */
static bool look_first(struct execution *x, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    buf_adds(&sql, "BEGIN;");
    const struct foreign_step step = execution_foreign(x);
    ledger_add_begin(x->ledger, &sql, &x->step);
    buf_addc(&sql, ';');
    if (is_guarded(x))
        foreign_add_guard(&sql, &step);
    ledger_add_guard(x->ledger, &sql, &x->step, parts_replaced(x));
    buf_adds(&sql, "ROLLBACK");
    bool good = pg_run(ledger_session(x->ledger), buf_text(&sql), NULL, NULL, err);
    session_rollback(x);
    return good;
}

/* What the parser cannot read the server can, or nothing runs: it reads all of a string before it runs any of it. */
static bool server_reads(struct execution *x, const struct part *part, struct failure *failure)
{
    static const char fails[] = "22012"; /* division_by_zero: so far it comes where all of it can be read */
    auto_script struct script script = SCRIPT_INIT(x->arena);
    struct pg_script ran;
    script_add(&script, "SELECT 1/0;\n", 1);
    script_add_part(&script, part);
    script_run(x, &script, true, &ran, failure);
    pg_script_release(&ran);
    if (strcmp(failure->err.sqlstate, fails) != 0)
        return false;
    *failure = FAILURE_INIT;
    return true;
}

static bool server_reads_all(struct execution *x, struct failure *failure)
{
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        if (!x->parts[i].text.parsed && !server_reads(x, &x->parts[i], failure))
            return false;
    return true;
}

static bool set_session(struct execution *x, struct err *err)
{
    const struct job_request *r = x->step.request;
    auto_buf struct buf sql = BUF_INIT(1 << 20);
    size_t count;
    const char *const *words = parts_words(x, &count);
    ledger_add_session_names(x->ledger, &sql, words, count);
    buf_addf(&sql, "; SET lock_timeout = %lld; SET statement_timeout = %lld", (long long)r->lock_timeout_ms,
             (long long)r->statement_timeout_ms);
    if (ledger_search_path(x->ledger)) {
        buf_adds(&sql, "; SELECT pg_catalog.set_config('search_path', ");
        ledger_add_search_path(x->ledger, &sql);
        buf_adds(&sql, ", false)");
    }
    return pg_run(ledger_session(x->ledger), buf_text(&sql), NULL, NULL, err);
}

/* Verification runs here, in the transaction that records the step. */
static bool finish(struct execution *x, struct failure *failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    script_begin(x, &script);
    script_end(x, &script);
    failure->again = true; /* should it fail */
    return script_commit(x, &script, false, failure);
}

/* ---- one unit ---- */

static bool run_script(struct execution *x, const struct script *script, const char **ret_value,
                       struct failure *failure)
{
    struct pg_script ran;
    bool good = script_run(x, script, true, &ran, failure);
    if (good && ret_value)
        *ret_value = arena_strdup(x->arena, ran.rows ? pg_text(ran.rows, 0, 0) : "");
    pg_script_release(&ran);
    return good;
}

static bool run_together(struct execution *x, const struct unit *u, const char **ret_holds, struct failure *failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    script_add(&script, "BEGIN READ WRITE", 1);
    if (u->isolation) {
        script_add(&script, " ISOLATION LEVEL ", 0);
        script_add(&script, u->isolation, 0);
    }
    script_add(&script, ";\n", 0);
    script_add_statements(&script, u->part, u->begin, u->end, u->first, u->count);
    script_end_text(&script, u->part);
    script_add_checks(x, &script, u->part, u->first, u->count);
    ledger_add_mark_after(x->ledger, &script.sql, &x->step, u->number);
    script_add(&script, "COMMIT", LEDGER_MARK_STATEMENTS + 1);
    CRASH_POINT("executor.before");
    bool good = run_script(x, &script, ret_holds, failure);
    session_rollback(x);
    if (good)
        CRASH_POINT("executor.after");
    return good;
}

/* CONCURRENTLY may wait for old snapshots as long as a statement may run, but keep readers out no longer than any other
 * statement: DETACH does, once the snapshots are gone. */
static bool run_alone(struct execution *x, const struct unit *u, struct failure *failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    int64_t limit_ms = x->step.request->lock_timeout_ms;
    script_add_statements(&script, u->part, u->begin, u->end, u->first, u->count);
    bool waits = u->statement->concurrently && lock_timeout_change(x, limit_ms, 0);
    x->patience_ms = waits ? limit_ms : 0;
    bool good = run_script(x, &script, NULL, failure);
    x->patience_ms = 0;
    if (waits)
        lock_timeout_change(x, 0, limit_ms);
    return good;
}

static const char *describe(struct execution *x, const struct unit *u, const char *what)
{
    const struct sql_statement *s = u->statement;
    const char *name = s->name ? veil_message(x, s->name) : ""; /* it goes into a marker, too */
    return arena_printf(x->arena, "%s: %s%s%s %s", part_line(x, u->part, u->line), s->keyword, *name ? " " : "", name,
                        what);
}

/* Left of a marker without its end: done, or clean and to be run again, or nobody knows. */
static enum verdict settle(struct execution *x, const struct unit *u, const char *found, struct failure *failure)
{
    struct left left = {.err = ERR_INIT};
    enum verdict verdict = repair_after(x, u->statement, found, &left);
    if (verdict != VERDICT_UNKNOWN)
        return verdict;
    failure->again = left.err.retriable; /* clearing it away failed for a passing reason */
    failure->left = left.text ? describe(x, u, arena_printf(x->arena, "left %s", left.text))
                              : describe(x, u, "was cut off, and nobody can tell what of it took effect");
    if (left.err.kind != ERR_NONE && (left.err.kind == ERR_UNREACHABLE || failure->err.kind == ERR_NONE)) {
        failure->err = left.err;
        failure->said = (struct server_said){.detail = NULL};
    } else if (failure->err.kind == ERR_NONE) {
        err_set(&failure->err, ERR_DATABASE, "it was cut off while it ran%s%s", x->lost ? ": " : "",
                x->lost ? x->lost : "");
        err_sqlstate(&failure->err, "08007");
    }
    return verdict;
}

/* What the catalogue cannot tell of (DO, CALL, what calls functions) on a session that lives: one that began no second
 * transaction has left nothing. */
static enum verdict settle_opaque(struct execution *x, const struct unit *u, int64_t began, struct failure *failure)
{
    int64_t now;
    if (repair_transactions(x, &now, NULL) && now - began == 2)
        return VERDICT_AGAIN;
    failure->over = true;
    failure->left = describe(x, u, "ended transactions of its own before it ended: what it committed stays");
    return VERDICT_UNKNOWN;
}

/* It failed, or was cancelled, and the session lives: what is left of it is cleared away, or noted for people. */
static enum verdict settle_alive(struct execution *x, const struct unit *u, const struct ledger_mark *mark,
                                 int64_t began, struct failure *failure)
{
    session_rollback(x);
    enum verdict verdict = repair_can_tell(u->statement) ? settle(x, u, mark->found, failure)
                                                         : settle_opaque(x, u, began, failure);
    if (verdict == VERDICT_AGAIN)
        repair_name_broken(x, u->statement, failure);
    if (verdict != VERDICT_DONE)
        ledger_mark_left(x->ledger, &x->step, u->number,
                         verdict == VERDICT_AGAIN ? "" : veil_message(x, failure->left), NULL);
    else
        *failure = FAILURE_INIT;
    failure->again |= verdict == VERDICT_AGAIN;
    return verdict;
}

/* Marker, statement, check, marker. */
static bool run_journalled(struct execution *x, const struct unit *u, const struct ledger_mark *mark,
                           const char **ret_holds, struct failure *failure)
{
    struct ledger_mark now = {.statement = u->number,
                              .found = mark ? mark->found : "",
                              .made = describe(x, u, "was cut off, and nobody has looked at what is left of it")};
    enum verdict verdict = mark ? settle(x, u, mark->found, failure) : VERDICT_AGAIN;
    struct err *err = &failure->err;
    int64_t began = 0;
    if (verdict == VERDICT_UNKNOWN)
        return false;
    if (verdict == VERDICT_AGAIN) {
        if ((!mark && !repair_before(x, u->statement, &now.found, err)) ||
            !ledger_mark_before(x->ledger, &x->step, &now, err) || !repair_transactions(x, &began, err))
            return false;
        CRASH_POINT("executor.mark.before");
        if (run_alone(x, u, failure)) {
            if (!repair_check(x, u->statement, err))
                return false;
        } else if (err->kind == ERR_UNREACHABLE || settle_alive(x, u, &now, began, failure) != VERDICT_DONE)
            return false;
    }
    CRASH_POINT("executor.mark.after");
    return ledger_mark_after(x->ledger, &x->step, u->number, x->arena, ret_holds, err);
}

static bool run_unit(struct execution *x, const struct unit *u, const struct ledger_mark *mark,
                     const char **ret_holds, struct failure *failure)
{
    if (!u->together || mark)
        return run_journalled(x, u, mark, ret_holds, failure);
    const struct pg_notices_mark said = pg_notices_mark(ledger_session(x->ledger));
    if (run_together(x, u, ret_holds, failure))
        return true;
    failure->again = true; /* all of it was rolled back */
    if (!refused_inside(failure->err.sqlstate) || u->count != 1)
        return false;
    *failure = FAILURE_INIT;
    pg_notices_forget(ledger_session(x->ledger), said);
    return run_journalled(x, u, NULL, ret_holds, failure);
}

/* It failed, in this session, for a passing reason, and left nothing: it is this unit's turn again, and what it has
 * `said` since then is said again. */
static bool again(struct execution *x, struct pg_notices_mark said, struct failure *failure)
{
    bool stopped;
    if (!failure->again || attempt_sort(failure) != ATTEMPT_FAILED || !ledger_connected(x->ledger))
        return false;
    if (!try_again(x, failure_cause(failure, false, false), &stopped)) {
        if (stopped)
            err_set(&failure->err, ERR_TIMEOUT, "stopped before the next try");
        return false;
    }
    x->step.attempt++;
    pg_notices_forget(ledger_session(x->ledger), said);
    *failure = FAILURE_INIT;
    return true;
}

/* What the marker tells of the session was true inside its transaction; some of it may have gone with that. */
static bool note_session(struct execution *x, const struct unit *u, const char *holds, struct err *err)
{
    if (x->holds && strcmp(x->holds, holds) == 0)
        return true;
    return ledger_mark_session(x->ledger, &x->step, u->number, x->arena, &x->holds, err);
}

static bool do_unit(struct execution *x, const struct unit *u, struct marks *marks, struct failure *failure)
{
    const char *holds = "";
    const struct pg_notices_mark said = pg_notices_mark(ledger_session(x->ledger));
    while (!run_unit(x, u, mark_of(marks, u->number), &holds, failure)) {
        if (!again(x, said, failure))
            return false;
        if (!read_marks(x, marks, &failure->err))
            return false;
    }
    *failure = FAILURE_INIT;
    return note_session(x, u, holds, &failure->err);
}

/* ---- a new session ---- */

static size_t line_of(const char *text)
{
    return strcspn(text, "\n");
}

static bool has_line(const char *text, const char *line, size_t len)
{
    for (; *text; text += line_of(text), text += *text == '\n')
        if (line_of(text) == len && strncmp(text, line, len) == 0)
            return true;
    return false;
}

static void tell_lost(const char *lost, struct failure *failure)
{
    err_set(&failure->err, ERR_DATABASE,
            "the session in which it began is gone, and with it %s: what follows may need it", lost);
    err_sqlstate(&failure->err, LEDGER_SESSION);
    failure->err.retriable = false;
}

/* Names what the old session held and the new one does not. */
static void tell_missing(const char *then, const char *now, struct failure *failure)
{
    auto_buf struct buf lost = BUF_INIT(1024);
    for (; *then; then += line_of(then), then += *then == '\n')
        if (!has_line(now, then, line_of(then)))
            buf_addf(&lost, "%s%.*s", lost.len ? ", " : "", (int)strcspn(then, "\t\n"), then);
    tell_lost(lost.len ? buf_text(&lost) : "its settings", failure);
}

/* Goes on behind what is done already: this session has to hold what that one held. False: it does not. */
static bool resume(struct execution *x, const struct units *units, const struct marks *marks, struct failure *failure)
{
    const struct unit *last = NULL;
    bool all = true, unnamed = false, seeded = false;
    for (size_t i = 0; i < units->count; i++) {
        const struct unit *u = &units->items[i];
        if (is_done(marks, u)) {
            last = u;
            unnamed |= sql_sets_unnamed(u->part->expanded.text, u->begin, u->end);
            seeded |= sql_calls(u->part->expanded.text, u->begin, u->end, "setseed");
        } else
            all = false;
    }
    if (!last || all)
        return true;
    for (const struct unit *u = units->items; u <= last; u++)
        if (u->sets && is_done(marks, u) && !run_alone(x, u, failure))
            return false;
    const char *then = mark_of(marks, last->number)->session;
    if (!ledger_mark_session(x->ledger, &x->step, LEDGER_NO_STATEMENT, x->arena, &x->holds, &failure->err))
        return false;
    if (strcmp(then, x->holds) != 0)
        tell_missing(then, x->holds, failure);
    else if (unnamed) /* nobody can ask whether it has a value */
        tell_lost("a setting whose name is computed or escaped (set_config)", failure);
    else if (seeded) /* nor for a seed */
        tell_lost("the seed of random() (setseed)", failure);
    return failure->err.kind == ERR_NONE;
}

/* ---- the whole ---- */

/* What a failure leaves: earlier units stay. */
static void tell_left(struct execution *x, const struct units *units, size_t at, struct failure *failure)
{
    const struct unit *u = at < units->count ? &units->items[at] : NULL;
    if (u && failure->line == 0) {
        failure->line = u->line;
        failure->part = u->part;
    }
    if (at == 0)
        return;
    const char *where = u ? arena_printf(x->arena, " (before %s)", part_line(x, u->part, u->line)) : "";
    failure->left = arena_printf(x->arena, "%zu of %zu statements took effect and stay%s%s%s", at, units->count, where,
                                 failure->left[0] ? "; " : "", failure->left);
}

/* Nothing goes on: what was cut off is cleared away, or told. Up to which unit they took effect. */
static size_t settle_all(struct execution *x, const struct units *units, const struct marks *marks,
                         struct failure *failure)
{
    size_t done = 0;
    failure->left = "";
    for (size_t i = 0; i < units->count; i++) {
        const struct ledger_mark *mark = mark_of(marks, units->items[i].number);
        if (mark && (mark->done || settle(x, &units->items[i], mark->found, failure) == VERDICT_DONE))
            done = i + 1;
    }
    return done;
}

static size_t done_first(const struct units *units, const struct marks *marks)
{
    size_t i = 0;
    while (i < units->count && is_done(marks, &units->items[i]))
        i++;
    return i;
}

/* Everything is done but the record. */
static enum attempt_end end_units(struct execution *x, const struct units *units, struct marks *marks,
                                  struct failure *failure)
{
    if (!x->step.started_us && read_marks(x, marks, &failure->err) && marks->count)
        x->step.started_us = marks->items[0].began_us;
    x->step.running = true;
    const struct pg_notices_mark said = pg_notices_mark(ledger_session(x->ledger));
    while (!finish(x, failure)) {
        if (!again(x, said, failure)) {
            tell_left(x, units, units->count, failure);
            failure->again = false;
            return attempt_sort(failure);
        }
    }
    return ATTEMPT_RECORDED;
}

static enum attempt_end run_units(struct execution *x, const struct units *units, struct failure *failure)
{
    struct marks marks;
    failure->again = true; /* as long as nothing has run */
    if (!read_marks(x, &marks, &failure->err))
        return attempt_sort(failure);
    x->step.running = marks.count > 0;
    x->step.started_us = marks.count ? marks.items[0].began_us : x->step.started_us;
    if (!look_first(x, &failure->err) || !set_session(x, &failure->err))
        return attempt_sort(failure);
    failure->again = false;
    if (!x->step.running && !server_reads_all(x, failure))
        return attempt_sort(failure);
    size_t i = done_first(units, &marks);
    bool good = resume(x, units, &marks, failure);
    if (!good && attempt_sort(failure) == ATTEMPT_FAILED)
        i = settle_all(x, units, &marks, failure);
    for (; good && i < units->count; i += good) {
        const struct unit *u = &units->items[i];
        good = !stop_asked(x);
        if (!good)
            err_set(&failure->err, ERR_TIMEOUT, "stopped before %s", part_line(x, u->part, u->line));
        else
            good = do_unit(x, u, &marks, failure);
    }
    if (good)
        return end_units(x, units, &marks, failure);
    x->step.running = true;
    tell_left(x, units, i, failure);
    failure->again = false;
    return attempt_sort(failure);
}

/* After a connection that was lost for good: nothing runs again, but what is left is cleared away or told. */
void outside_settle(struct execution *x, struct failure *failure)
{
    struct units units;
    struct marks marks;
    struct failure unused;
    if (!units_make(x, &units, &unused) || !set_session(x, NULL) || !read_marks(x, &marks, NULL))
        return;
    size_t done = settle_all(x, &units, &marks, failure);
    failure->line = 0;
    if (done < units.count)
        tell_left(x, &units, done, failure);
    ledger_clean(x->ledger);
}

bool outside_begun(struct execution *x)
{
    struct marks marks;
    return read_marks(x, &marks, NULL) && marks.count > 0;
}

enum attempt_end outside_attempt(struct execution *x, struct failure *ret_failure)
{
    struct units units = {.count = 0};
    ret_failure->left = "";
    if (!units_make(x, &units, ret_failure)) {
        err_set(&ret_failure->err, ERR_INPUT, "transaction control that is no BEGIN ... COMMIT of plain statements");
        err_sqlstate(&ret_failure->err, "25001");
        return ATTEMPT_FAILED;
    }
    enum attempt_end end = run_units(x, &units, ret_failure);
    ledger_clean(x->ledger);
    return end;
}
