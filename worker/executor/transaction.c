/* A transactional step: one string, one round trip (protocol.md, 3). */
#include <string.h>

#include "base/cleanup.h"
#include "executor/executor_internal.h"
#include "proc/crash.h"

void session_rollback(struct execution *x)
{
    struct pg *pg = ledger_session(x->ledger);
    if (PQtransactionStatus(pg_raw(pg)) != PQTRANS_IDLE && !pg_lost(pg))
        pg_run(pg, "ROLLBACK", NULL, NULL, NULL);
}

/* Greylag's own statements run as its own, whatever role or setting the text has left. */
static void add_own(struct execution *x, struct script *script)
{
    ledger_add_own(x->ledger, &script->sql, &x->step, false);
    script_add(script, "", LEDGER_OWN_STATEMENTS);
}

static void add_back(struct execution *x, struct script *script)
{
    ledger_add_back(x->ledger, &script->sql);
    script_add(script, "", LEDGER_BACK_STATEMENTS);
}

void script_begin(struct execution *x, struct script *script)
{
    const char *isolation = x->parts[PART_MAIN].text.isolation;
    script_add(script, "BEGIN", 1);
    if (isolation) { /* a word of the grammar */
        script_add(script, " ISOLATION LEVEL ", 0);
        script_add(script, isolation, 0);
    }
    if (x->step.running) { /* statements outside a transaction have had the session */
        script_add(script, " READ WRITE;", 0);
        add_own(x, script);
    } else
        script_add(script, ";", 0);
    ledger_add_begin(x->ledger, &script->sql, &x->step);
    script_add(script, ";\n", 1);
    if (x->step.running)
        add_back(x, script);
}

bool is_guarded(const struct execution *x)
{
    return ledger_is_empty(x->ledger) && foreign_guards(x->step.job, x->step.request);
}

struct foreign_step execution_foreign(const struct execution *x)
{
    return (struct foreign_step){.pg = ledger_session(x->ledger), .ledger_schema = ledger_schema(x->ledger),
                                 .target = ledger_target(x->ledger), .search_path = ledger_search_path(x->ledger),
                                 .job = x->step.job, .request = x->step.request};
}

/* What concerns another tool's record of the step: one statement or none. */
static void add_foreign(struct execution *x, struct script *script,
                        void (*add)(struct buf *sql, const struct foreign_step *step))
{
    const struct foreign_step step = execution_foreign(x);
    size_t before = script->sql.len;
    add(&script->sql, &step);
    script_add(script, "", script->sql.len > before);
}

/* What concerns greylag's own record under other names. */
static void add_elsewhere(struct execution *x, struct script *script,
                          void (*add)(struct ledger *ledger, struct buf *sql, const struct ledger_step *step,
                                      const char *replaced))
{
    size_t before = script->sql.len;
    add(x->ledger, &script->sql, &x->step, parts_replaced(x));
    script_add(script, "", script->sql.len > before);
}

static void add_guards(struct execution *x, struct script *script)
{
    if (is_guarded(x))
        add_foreign(x, script, foreign_add_guard);
    add_elsewhere(x, script, ledger_add_guard);
}

/* No part of the migration, it looks at the database as the session's own role. */
static void add_verify(struct execution *x, struct script *script)
{
    if (!*x->parts[PART_VERIFY].raw)
        return;
    script_add(script, "SAVEPOINT greylag_verify;", 1);
    ledger_add_role(&script->sql, false);
    script_add(script, "\n", LEDGER_ROLE_STATEMENTS);
    script_add_part(script, &x->parts[PART_VERIFY]);
    script_add(script, "ROLLBACK TO SAVEPOINT greylag_verify;", 1);
}

void script_end(struct execution *x, struct script *script)
{
    add_verify(x, script);
    add_own(x, script);
    add_foreign(x, script, foreign_add_check);
    add_elsewhere(x, script, ledger_add_taken);
    ledger_add_end(x->ledger, &script->sql, &x->step);
    script_add(script, ";", 1);
    add_elsewhere(x, script, ledger_add_ran);
    add_foreign(x, script, foreign_add_mirror);
    add_back(x, script);
    script_add(script, "COMMIT;", 1);
    ledger_add_clean(x->ledger, &script->sql);
}

/* `ended`: how the last transaction that the server told of ended; "" none did: greylag's own mark, which is a
 * setting, is gone all the same. */
static void tell_stray(const char *ended, struct failure *failure)
{
    if (!*ended) {
        err_set(&failure->err, ERR_INPUT, "greylag's own mark is gone from the session: the text has reset all "
                "settings (RESET ALL)");
        err_hint(&failure->err, "reset what it has set one by one");
        err_sqlstate(&failure->err, LEDGER_STRAY);
        return;
    }
    failure->left = "a COMMIT or ROLLBACK inside the text ended greylag's transaction: what ran before a COMMIT took "
                    "effect and is not recorded as applied, what ran after it was rolled back";
    err_set(&failure->err, ERR_INPUT, "the text ended its own transaction (COMMIT or ROLLBACK inside the migration)");
    err_sqlstate(&failure->err, LEDGER_STRAY);
    failure->line = 0;
}

/* It failed, and yet no transaction is open: in COMMIT, or behind it, where the session is made as new. Then nobody
 * knows what the session holds, and the history knows whether the step has taken effect. */
static bool took_effect(struct execution *x)
{
    struct pg *pg = ledger_session(x->ledger);
    const struct outcome *outcomes;
    size_t count;
    if (pg_lost(pg) || PQtransactionStatus(pg_raw(pg)) != PQTRANS_IDLE ||
        !ledger_find(x->ledger, &x->step.request->request, 1, x->arena, &outcomes, &count, NULL) || count == 0)
        return false;
    x->outcome = outcomes[0];
    return true;
}

bool script_commit(struct execution *x, const struct script *script, bool stoppable, struct failure *failure)
{
    struct pg_script ran;
    bool good = script_run(x, script, stoppable, &ran, failure);
    if (good && (strcmp(ran.ended, "COMMIT") != 0 || !ran.rows || PQnfields(ran.rows) != LEDGER_END_COLUMNS))
        good = err_set(&failure->err, ERR_DATABASE, "the transaction ended with %s", ran.ended);
    if (good) {
        CRASH_POINT("executor.after");
        ledger_read_end(x->ledger, ran.rows, &x->step, x->arena, &x->outcome);
        CRASH_POINT("ledger.recorded");
    } else if (!failure->theirs && strcmp(failure->err.sqlstate, LEDGER_STRAY) == 0)
        tell_stray(ran.ended, failure);
    pg_script_release(&ran);
    if (!good) {
        good = took_effect(x);
        session_rollback(x);
        ledger_clean(x->ledger);
    }
    return good;
}

enum attempt_end transaction_attempt(struct execution *x, struct failure *ret_failure)
{
    auto_script struct script script = SCRIPT_INIT(x->arena);
    script_begin(x, &script);
    add_guards(x, &script);
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        script_add_part(&script, &x->parts[i]);
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        script_add_checks(x, &script, &x->parts[i], 0, x->parts[i].text.count);
    script_end(x, &script);
    CRASH_POINT("executor.before");
    return script_commit(x, &script, true, ret_failure) ? ATTEMPT_RECORDED : attempt_sort(ret_failure);
}
