/* Sending statements, and what comes back. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pg/pg_internal.h"

#define CANCEL_FIRST_MS 500
#define CANCEL_GIVE_UP_MS 10000

bool pg_fail_connection(struct pg *pg, struct err *err)
{
    const char *text = pg_veiled(pg, PQerrorMessage(pg->conn), true);
    int len = (int)strcspn(text, "\n");
    if (len == 0)
        return err_set(err, ERR_UNREACHABLE, "the connection to %s is lost", pg->describe);
    return err_set(err, ERR_UNREACHABLE, "the connection to %s is lost: %.*s", pg->describe, len, text);
}

/* What two sessions make at a time violates an index of the catalogue: the second finds it when it tries again. */
static bool catalogue_race(const PGresult *result, const char *state)
{
    const char *schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME);
    return strcmp(state, "23505") == 0 && schema && strcmp(schema, "pg_catalog") == 0;
}

bool pg_fail(struct pg *pg, const PGresult *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (!state || !text)
        return pg_fail_connection(pg, err);
    enum err_kind kind = pg_lost(pg) ? ERR_UNREACHABLE : strcmp(state, "53100") == 0 ? ERR_FULL : ERR_DATABASE;
    err_set(err, kind, "%s", pg_veiled(pg, text, true));
    err_sqlstate(err, state);
    if (err) {
        err->position = position ? (int)strtol(position, NULL, 10) : 0;
        err->retriable = kind != ERR_DATABASE || pg_transient(state) || catalogue_race(result, state);
    }
    return false;
}

bool pg_transient(const char *sqlstate)
{
    static const char *const whole[] = {"40001", "40P01", "55P03", "53300"};
    if (!sqlstate)
        return false;
    for (size_t i = 0; i < COUNT_OF(whole); i++)
        if (strcmp(sqlstate, whole[i]) == 0)
            return true;
    return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "57P0", 4) == 0;
}

/* Prepares `sql` under its address unless this connection has it. name[32] is its name. */
static bool prepare(struct pg *pg, const char *sql, char name[32], struct err *err)
{
    snprintf(name, 32, "g%p", (const void *)sql);
    for (size_t i = 0; i < pg->prepared_count; i++)
        if (pg->prepared[i].sql == sql)
            return true;
    auto_pgresult PGresult *result = PQprepare(pg->conn, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return pg_fail(pg, result, err);
    array_add(pg->prepared, pg->prepared_count, pg->prepared_room)->sql = sql;
    return true;
}

static void forget(struct pg *pg, const char *sql)
{
    for (size_t i = 0; i < pg->prepared_count; i++)
        if (pg->prepared[i].sql == sql)
            pg->prepared[i] = pg->prepared[--pg->prepared_count];
}

bool pg_exec(struct pg *pg, const char *sql, int count, const char *const *values, PGresult **ret, struct err *err)
{
    char name[32];
    int64_t begin = clock_mono_us();
    if (!prepare(pg, sql, name, err))
        return false;
    PGresult *result = PQexecPrepared(pg->conn, name, count, values, NULL, NULL, 0);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool gone = state && strcmp(state, "26000") == 0;
    if (gone)
        forget(pg, sql); /* DEALLOCATE ALL took it away, but none that was prepared since then */
    if (gone && PQtransactionStatus(pg->conn) == PQTRANS_IDLE) {
        PQclear(result);
        if (!prepare(pg, sql, name, err))
            return false;
        result = PQexecPrepared(pg->conn, name, count, values, NULL, NULL, 0);
        state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    }
    pg_traced(pg, sql, begin, state ? state : PQcmdStatus(result));
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        pg_fail(pg, result, err);
        PQclear(result);
        return false;
    }
    if (ret)
        *ret = result;
    else
        PQclear(result);
    return true;
}

void pg_script_release(struct pg_script *script)
{
    PQclear(script->rows);
    script->rows = NULL;
}

void pg_watch_ask(struct pg *pg, struct pg_watch *watch)
{
    if (!watch->stop || (!watch->stopped && !watch->stop(watch->context)))
        return;
    int64_t now = clock_mono_ms();
    if (!watch->stopped)
        *watch = (struct pg_watch){watch->stop, watch->context, true, now, now, CANCEL_FIRST_MS};
    if (now < watch->again_ms)
        return;
    if (now - watch->since_ms >= CANCEL_GIVE_UP_MS) {
        shutdown(PQsocket(pg->conn), SHUT_RDWR);
        return;
    }
    pg_cancel(pg, NULL);
    watch->again_ms = now + watch->pause_ms;
    watch->pause_ms *= 2;
}

/* Waits until PQgetResult would not block. */
static void await_result(struct pg *pg, struct pg_watch *watch)
{
    while (watch->stop && PQisBusy(pg->conn)) {
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};
        poll(&fd, 1, 50);
        if (!PQconsumeInput(pg->conn))
            return;
        if (PQisBusy(pg->conn))
            pg_watch_ask(pg, watch);
    }
}

/* One text on its way. */
struct talk {
    struct pg *pg;
    const struct pg_input *inputs;
    int input_count;
    const struct pg_input *copying; /* the one that is being read */
    struct pg_watch watch;
    struct pg_script *script;
};

static bool take_copy(struct talk *talk, ExecStatusType status)
{
    char *line = NULL;
    if (status == PGRES_COPY_IN) {
        talk->copying = talk->script->inputs < talk->input_count ? &talk->inputs[talk->script->inputs] : NULL;
        talk->script->inputs++;
        return pg_send_input(talk->pg, talk->copying, &talk->watch);
    }
    while (PQgetCopyData(talk->pg->conn, &line, 0) > 0) /* nobody wants it */
        PQfreemem(line);
    return true;
}

/* Takes one result in; false when it is a failure, which err then tells. */
static bool take(struct talk *talk, PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result);
    struct pg_script *script = talk->script;
    bool good = true;
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
        good = take_copy(talk, status) || pg_fail_connection(talk->pg, err);
    else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        talk->copying = NULL;
        script->completed++;
        text_format(script->tag, sizeof script->tag, "%s", PQcmdStatus(result));
        if (strcmp(script->tag, "COMMIT") == 0 || strcmp(script->tag, "ROLLBACK") == 0)
            text_format(script->ended, sizeof script->ended, "%s", script->tag);
    } else {
        good = pg_fail(talk->pg, result, err);
        if (talk->copying)
            script->input_line = pg_input_line(result, talk->copying);
    }
    if (status == PGRES_TUPLES_OK) {
        PQclear(script->rows);
        script->rows = result;
    } else
        PQclear(result);
    return good;
}

/* Until the server is ready again; false: something failed, *err is the first that did. */
static bool take_all(struct talk *talk, struct err *err)
{
    bool good = true;
    for (;;) {
        await_result(talk->pg, &talk->watch);
        PGresult *result = PQgetResult(talk->pg->conn);
        if (!result)
            return good;
        good = take(talk, result, good ? err : NULL) && good;
        if (pg_lost(talk->pg))
            good = false;
    }
}

bool pg_run_script(struct pg *pg, const char *text, const struct pg_input *inputs, size_t input_count,
                   bool (*stop)(void *), void *context, struct pg_script *ret_script, struct err *err)
{
    struct talk talk = {.pg = pg, .inputs = inputs, .input_count = (int)input_count, .watch = {stop, context, false},
                        .script = ret_script};
    *ret_script = (struct pg_script){.completed = 0};
    int64_t begin = clock_mono_us();
    struct err mine = ERR_INIT;
    if (!PQsendQuery(pg->conn, text)) {
        pg_traced(pg, text, begin, "lost");
        return pg_fail_connection(pg, err);
    }
    bool good = take_all(&talk, &mine);
    if (pg_lost(pg) && mine.kind != ERR_UNREACHABLE) {
        good = false;
        if (mine.kind == ERR_NONE)
            pg_fail_connection(pg, &mine);
        mine.kind = ERR_UNREACHABLE; /* whatever it said last, the session is gone */
    }
    if (talk.watch.stopped && !good && mine.kind != ERR_UNREACHABLE)
        mine.kind = ERR_TIMEOUT;
    pg_traced(pg, text, begin, good ? ret_script->tag : mine.sqlstate);
    if (!good && err)
        *err = mine;
    return good;
}

bool pg_run_watched(struct pg *pg, const char *text, bool (*stop)(void *), void *context, PGresult **ret,
                    char *ret_tag, struct err *err)
{
    struct pg_script script;
    bool good = pg_run_script(pg, text, NULL, 0, stop, context, &script, err);
    if (good && ret_tag)
        text_format(ret_tag, 64, "%s", script.tag);
    if (good && ret) {
        *ret = script.rows ? script.rows : PQmakeEmptyPGresult(pg->conn, PGRES_COMMAND_OK);
        script.rows = NULL;
    }
    pg_script_release(&script);
    return good;
}

bool pg_run(struct pg *pg, const char *text, PGresult **ret, char *ret_tag, struct err *err)
{
    return pg_run_watched(pg, text, NULL, NULL, ret, ret_tag, err);
}
