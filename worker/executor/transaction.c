/* A transactional step: one string, one round trip (protocol.md, 3). */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "executor/executor_internal.h"
#include "proc/crash.h"

void session_rollback(struct execution *x)
{
    struct pg *pg = ledger_session(x->ledger);
    if (PQtransactionStatus(pg_raw(pg)) != PQTRANS_IDLE && !pg_lost(pg))
        pg_run(pg, "ROLLBACK", NULL, NULL, NULL);
}

bool session_reset(struct execution *x, struct err *err)
{
    struct pg *pg = ledger_session(x->ledger);
    auto_buf struct buf sql = BUF_INIT(1024);
    buf_addf(&sql, "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; DISCARD TEMP; %s",
             pg_session_settings(pg));
    return pg_run(pg, buf_text(&sql), NULL, NULL, err);
}

int line_at(const char *sql, size_t begin, size_t end, int position)
{
    size_t at = begin;
    for (int left = position - 1; left > 0 && at < end; at++)
        left -= ((unsigned char)sql[at + 1] & 0xC0) != 0x80;
    if (position < 1 || at >= end)
        return 0;
    int line, column;
    text_position(sql, at, &line, &column);
    return line;
}

static int characters(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* Where the failing statement is: by its position, or by how many statements before it were through. */
static int failing_line(const struct execution *x, int prefix_characters, int completed, const struct err *err)
{
    const struct sql_text *t = &x->text;
    int line = line_at(x->sql, t->inner_begin, t->inner_end, err->position - prefix_characters);
    if (line || err->position > 0 || !t->parsed)
        return line;
    int statement = completed - 2 + (t->own_transaction ? 1 : 0); /* BEGIN, step_begin */
    int count = (int)t->count - (t->own_transaction ? 1 : 0);
    return statement >= 0 && statement < count ? t->statements[statement].line : 0;
}

static void compose(struct execution *x, struct buf *sql, int *ret_prefix)
{
    const struct sql_text *t = &x->text;
    buf_adds(sql, "BEGIN;");
    ledger_add_begin(x->ledger, sql, &x->step);
    buf_adds(sql, ";\n");
    *ret_prefix = characters(buf_text(sql));
    buf_add(sql, x->sql + t->inner_begin, t->inner_end - t->inner_begin);
    buf_adds(sql, "\n;");
    if (strcasestr(x->sql, "role") || strcasestr(x->sql, "authorization")) /* the records are greylag's own to write */
        buf_adds(sql, "RESET SESSION AUTHORIZATION;RESET ROLE;");
    ledger_add_end(x->ledger, sql, &x->step);
    buf_adds(sql, ";COMMIT");
}

static enum attempt_end fail(struct execution *x, const struct pg_script *script, int prefix, struct failure *failure)
{
    if (strcmp(failure->err.sqlstate, LEDGER_STRAY) == 0) {
        failure->left = "a COMMIT or ROLLBACK inside the text ended greylag's transaction: what ran before a COMMIT took effect "
                        "and is not recorded as applied, what ran after it was rolled back";
        err_set(&failure->err, ERR_INPUT, "the text ended its own transaction (COMMIT or ROLLBACK inside the migration)");
        err_sqlstate(&failure->err, LEDGER_STRAY);
    } else
        failure->line = failing_line(x, prefix, script->completed, &failure->err);
    session_rollback(x);
    return attempt_sort(&failure->err);
}

enum attempt_end transaction_attempt(struct execution *x, struct failure *ret_failure)
{
    struct pg *pg = ledger_session(x->ledger);
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    int prefix;
    compose(x, &sql, &prefix);
    CRASH_POINT("executor.before");
    struct pg_script script;
    bool stoppable = x->hooks && x->hooks->stop;
    bool good = pg_run_script(pg, buf_text(&sql), stoppable ? x->hooks->stop : NULL, stoppable ? x->hooks->context : NULL,
                              &script, &ret_failure->err);
    if (good && (strcmp(script.tag, "COMMIT") != 0 || !script.rows || PQnfields(script.rows) != 3))
        good = err_set(&ret_failure->err, ERR_DATABASE, "the transaction ended with %s", script.tag);
    enum attempt_end end = ATTEMPT_RECORDED;
    if (good) {
        CRASH_POINT("executor.after");
        ledger_read_end(x->ledger, script.rows, &x->step, x->arena, &x->outcome);
        CRASH_POINT("ledger.recorded");
    } else
        end = fail(x, &script, prefix, ret_failure);
    pg_script_release(&script);
    if (x->text.session && !pg_lost(pg))
        session_reset(x, NULL); /* when the session is lost here, the next statement finds out */
    return end;
}
