/* A step outside a transaction: unit by unit, with a marker before and after each that cannot carry its own.
 *
 * A unit is one statement, or one BEGIN ... COMMIT of the file. What PostgreSQL takes in a transaction shares one with
 * its marker, and happens exactly once. The rest is journalled, and the catalogue decides what became of it. No
 * transaction is open anywhere while it runs. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "executor/executor_internal.h"
#include "proc/crash.h"

struct unit {
    const struct part *part;
    size_t begin, end;   /* of its expanded text */
    size_t first, count; /* statements of the part */
    int line;        /* in the part's file */
    int number;      /* of its first statement, among those of all parts */
    bool together;   /* shares a transaction with its marker */
    bool session;    /* sets something for the session: runs again when the work is resumed */
    const char *isolation; /* of its BEGIN, NULL: none */
    const struct sql_statement *statement; /* the first */
};

struct units {
    struct unit *items; /* in the arena */
    size_t count;
};

static struct unit unit_of(const struct part *part, size_t at, int number)
{
    const struct sql_statement *s = &part->text.statements[at];
    return (struct unit){.part = part, .begin = s->begin, .end = s->rows ? s->data_end : s->end, .first = at,
                         .count = 1, .line = placeholder_line(&part->expanded, s->line), .number = number,
                         .session = s->session, .together = !sql_class_no_transaction(s->kind),
                         .isolation = s->isolation, .statement = s};
}

/* The unit of the BEGIN at *at, which is moved to its COMMIT. False: there is none. */
static bool join(const struct part *part, size_t *at, struct unit *unit)
{
    const struct sql_text *t = &part->text;
    size_t begin = *at, last = begin + 1;
    while (last < t->count && (t->statements[last].kind == SQL_PLAIN || t->statements[last].kind == SQL_SAVEPOINT ||
                               t->statements[last].kind == SQL_OPAQUE))
        last++;
    if (last >= t->count || t->statements[last].kind != SQL_COMMIT)
        return false;
    unit->begin = t->statements[begin].end + 1;
    unit->end = t->statements[last].begin;
    unit->first = begin + 1;
    unit->count = last - begin - 1;
    unit->session = false;
    *at = last;
    return true;
}

/* Adds those of one part; false: transaction control that is no BEGIN ... COMMIT; failure->line is where. */
static bool add_units(const struct part *part, int number, struct units *units, struct failure *failure)
{
    static const struct sql_statement whole = {.kind = SQL_OPAQUE, .keyword = "text", .line = 1};
    const struct sql_text *t = &part->text;
    if (!t->parsed)
        units->items[units->count++] = (struct unit){.part = part, .end = part->expanded.len, .line = 1,
                                                     .number = number, .session = true, .statement = &whole};
    for (size_t i = 0; i < t->count; i++) {
        const struct sql_statement *s = &t->statements[i];
        struct unit *unit = &units->items[units->count];
        failure->line = placeholder_line(&part->expanded, s->line);
        failure->part = part;
        if (s->kind == SQL_COMMIT || s->kind == SQL_ROLLBACK || s->kind == SQL_SAVEPOINT)
            return false;
        *unit = unit_of(part, i, number + (int)i);
        if (s->kind == SQL_BEGIN && !join(part, &i, unit))
            return false;
        units->count++;
    }
    return true;
}

static bool make_units(struct execution *x, struct units *ret_units, struct failure *failure)
{
    size_t room = PART_COUNT;
    int number = 0;
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        room += x->parts[i].text.count;
    *ret_units = (struct units){.items = arena_array(x->arena, room, sizeof *ret_units->items)};
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++) {
        if (!add_units(&x->parts[i], number, ret_units, failure))
            return false;
        number += x->parts[i].text.parsed ? (int)x->parts[i].text.count : 1;
    }
    failure->line = 0;
    failure->part = NULL;
    return true;
}

static const struct ledger_mark *mark_of(const struct ledger_mark *marks, size_t count, int number)
{
    for (size_t i = 0; i < count; i++)
        if (marks[i].statement == number)
            return &marks[i];
    return NULL;
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
    buf_adds(&sql, "ROLLBACK");
    bool good = pg_run(ledger_session(x->ledger), buf_text(&sql), NULL, NULL, err);
    session_rollback(x);
    return good;
}

static bool set_session(struct execution *x, struct err *err)
{
    const struct job_request *r = x->step.request;
    auto_buf struct buf sql = BUF_INIT(4096);
    buf_addf(&sql, "SET lock_timeout = %lld; SET statement_timeout = %lld", (long long)r->lock_timeout_ms,
             (long long)r->statement_timeout_ms);
    if (ledger_search_path(x->ledger)) {
        buf_adds(&sql, "; SELECT pg_catalog.set_config('search_path', ");
        pg_add_literal(ledger_session(x->ledger), &sql, ledger_search_path(x->ledger));
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
    return script_commit(x, &script, false, failure);
}

/* ---- one unit ---- */

static bool run_script(struct execution *x, const struct script *script, struct failure *failure)
{
    struct pg_script ran;
    bool good = script_run(x, script, true, &ran, failure);
    pg_script_release(&ran);
    return good;
}

static bool run_together(struct execution *x, const struct unit *u, struct failure *failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    script_add(&script, "BEGIN READ WRITE", 1);
    if (u->isolation) {
        script_add(&script, " ISOLATION LEVEL ", 0);
        script_add(&script, u->isolation, 0);
    }
    script_add(&script, ";\n", 0);
    script_add_statements(&script, u->part, u->begin, u->end, u->first, u->count);
    script_add(&script, "\n;", 0);
    ledger_add_own(x->ledger, &script.sql, true);
    ledger_add_mark_after(x->ledger, &script.sql, &x->step, u->number);
    script_add(&script, ";COMMIT", LEDGER_OWN_STATEMENTS + 2);
    CRASH_POINT("executor.before");
    bool good = run_script(x, &script, failure);
    session_rollback(x);
    if (good)
        CRASH_POINT("executor.after");
    return good;
}

/* CONCURRENTLY may wait for old snapshots as long as a statement may run. */
static bool run_alone(struct execution *x, const struct unit *u, struct failure *failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    int64_t limit_ms = x->step.request->lock_timeout_ms;
    script_add_statements(&script, u->part, u->begin, u->end, u->first, u->count);
    bool waits = u->statement->concurrently && lock_timeout_change(x, limit_ms, 0);
    bool good = run_script(x, &script, failure);
    if (waits)
        lock_timeout_change(x, 0, limit_ms);
    return good;
}

static const char *describe(struct execution *x, const struct unit *u, const char *what)
{
    const struct sql_statement *s = u->statement;
    return arena_printf(x->arena, "%s: %s%s%s %s", part_line(x, u->part, u->line), s->keyword, s->name ? " " : "",
                        s->name ? s->name : "", what);
}

/* Left of a marker without its end: done, or clean and to be run again, or nobody knows. */
static enum verdict settle(struct execution *x, const struct unit *u, const char *found, struct failure *failure)
{
    struct left left = {.err = ERR_INIT};
    enum verdict verdict = repair_after(x, u->statement, found, &left);
    if (verdict != VERDICT_UNKNOWN)
        return verdict;
    failure->left = left.text ? describe(x, u, arena_printf(x->arena, "left %s", left.text))
                              : describe(x, u, "was cut off, and nobody can tell what of it took effect");
    if (left.err.kind != ERR_NONE && (left.err.kind == ERR_UNREACHABLE || failure->err.kind == ERR_NONE))
        failure->err = left.err;
    else if (failure->err.kind == ERR_NONE) {
        err_set(&failure->err, ERR_DATABASE, "it was cut off while it ran%s%s", x->lost ? ": " : "",
                x->lost ? x->lost : "");
        err_sqlstate(&failure->err, "08007");
    }
    return verdict;
}

/* DO and CALL on a session that lives: one that began no second transaction has left nothing. */
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
    enum verdict verdict = u->statement->kind == SQL_OPAQUE ? settle_opaque(x, u, began, failure)
                                                            : settle(x, u, mark->found, failure);
    if (verdict != VERDICT_DONE)
        ledger_mark_left(x->ledger, &x->step, u->number, verdict == VERDICT_AGAIN ? "" : failure->left, NULL);
    else
        *failure = (struct failure){.err = ERR_INIT, .left = ""};
    return verdict;
}

/* Marker, statement, check, marker. */
static bool run_journalled(struct execution *x, const struct unit *u, const struct ledger_mark *mark,
                           struct failure *failure)
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
    return ledger_mark_after(x->ledger, &x->step, u->number, err);
}

static bool run_unit(struct execution *x, const struct unit *u, const struct ledger_mark *mark, struct failure *failure)
{
    if (mark && mark->done && !u->session)
        return true;
    if (!u->together || (mark && !mark->done))
        return run_journalled(x, u, mark, failure);
    bool good = run_together(x, u, failure);
    if (good || strcmp(failure->err.sqlstate, "2D000") != 0 || u->statement->kind != SQL_OPAQUE)
        return good;
    failure->err = (struct err)ERR_INIT; /* it ends transactions itself */
    failure->line = 0;
    return run_journalled(x, u, mark, failure);
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

static enum attempt_end run_units(struct execution *x, const struct units *units, struct failure *failure)
{
    const struct ledger_mark *marks;
    size_t count;
    if (!ledger_marks(x->ledger, x->step.request->request, x->arena, &marks, &count, &failure->err))
        return attempt_sort(&failure->err);
    x->step.running = count > 0;
    x->step.started_us = count ? marks[0].began_us : x->step.started_us;
    if (!look_first(x, &failure->err) || !set_session(x, &failure->err))
        return attempt_sort(&failure->err);
    for (size_t i = 0; i < units->count; i++) {
        const struct unit *u = &units->items[i];
        bool good = !stop_asked(x);
        if (!good)
            err_set(&failure->err, ERR_TIMEOUT, "stopped before %s", part_line(x, u->part, u->line));
        else
            good = run_unit(x, u, mark_of(marks, count, u->number), failure);
        if (!good) {
            tell_left(x, units, i, failure);
            return attempt_sort(&failure->err);
        }
    }
    if (!x->step.started_us &&
        ledger_marks(x->ledger, x->step.request->request, x->arena, &marks, &count, &failure->err) && count)
        x->step.started_us = marks[0].began_us;
    x->step.running = true;
    if (finish(x, failure))
        return ATTEMPT_RECORDED;
    tell_left(x, units, units->count, failure);
    return attempt_sort(&failure->err);
}

/* After a connection that was lost for good: nothing runs again, but what is left is cleared away or told. */
void outside_settle(struct execution *x, struct failure *failure)
{
    struct units units;
    const struct ledger_mark *marks;
    size_t count, done = 0;
    struct failure unused;
    if (!make_units(x, &units, &unused) || !set_session(x, NULL) ||
        !ledger_marks(x->ledger, x->step.request->request, x->arena, &marks, &count, NULL))
        return;
    for (size_t i = 0; i < units.count; i++) {
        const struct ledger_mark *mark = mark_of(marks, count, units.items[i].number);
        if (mark && (mark->done || settle(x, &units.items[i], mark->found, failure) == VERDICT_DONE))
            done = i + 1;
    }
    failure->line = 0;
    if (done < units.count)
        tell_left(x, &units, done, failure);
    ledger_clean(x->ledger, NULL);
}

enum attempt_end outside_attempt(struct execution *x, struct failure *ret_failure)
{
    struct units units = {.count = 0};
    ret_failure->left = "";
    if (!make_units(x, &units, ret_failure)) {
        err_set(&ret_failure->err, ERR_INPUT, "transaction control that is no BEGIN ... COMMIT of plain statements");
        err_sqlstate(&ret_failure->err, "25001");
        return ATTEMPT_FAILED;
    }
    enum attempt_end end = run_units(x, &units, ret_failure);
    ledger_clean(x->ledger, NULL);
    return end;
}
