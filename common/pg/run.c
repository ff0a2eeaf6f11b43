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
#define ROWS_BETWEEN_LOOKS 1024

/* The connection is gone, or the client library failed: ERR_UNREACHABLE. Returns false. */
static bool fail_connection(struct pg *pg, struct err *err)
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
        return fail_connection(pg, err);
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

static void await_result(struct pg *pg, struct pg_watch *watch);

/* PQexecPrepared, but whoever has had enough of waiting is heard. */
static PGresult *run_prepared(struct pg *pg, const char *name, int count, const char *const *values, bool *ret_stopped)
{
    struct pg_watch watch = {.stop = pg->stop, .context = pg->stop_context};
    PGresult *last = NULL;
    bool more = PQsendQueryPrepared(pg->conn, name, count, values, NULL, NULL, 0);
    while (more) {
        await_result(pg, &watch);
        PGresult *result = PQgetResult(pg->conn);
        more = result != NULL;
        if (more) {
            PQclear(last);
            last = result;
        }
    }
    *ret_stopped = watch.stopped;
    return last;
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
    bool stopped;
    if (!prepare(pg, sql, name, err))
        return false;
    PGresult *result = run_prepared(pg, name, count, values, &stopped);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool gone = state && strcmp(state, "26000") == 0;
    if (gone)
        forget(pg, sql); /* DEALLOCATE ALL took it away, but none that was prepared since then */
    if (gone && PQtransactionStatus(pg->conn) == PQTRANS_IDLE) {
        PQclear(result);
        if (!prepare(pg, sql, name, err))
            return false;
        result = run_prepared(pg, name, count, values, &stopped);
        state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    }
    pg_traced(pg, sql, begin, state ? state : PQcmdStatus(result));
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        pg_fail(pg, result, err);
        if (err && stopped && !pg_lost(pg))
            err->kind = ERR_TIMEOUT;
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
    PQclear(script->failed);
    script->rows = script->failed = NULL;
}

void pg_watch_ask(struct pg *pg, struct pg_watch *watch)
{
    if (!watch->stop || (!watch->stopped && !watch->stop(watch->context)))
        return;
    int64_t now = clock_mono_ms();
    if (!watch->stopped)
        *watch = (struct pg_watch){.stop = watch->stop, .context = watch->context, .stopped = true, .since_ms = now,
                                   .again_ms = now, .again = PAUSE(CANCEL_FIRST_MS, CANCEL_GIVE_UP_MS)};
    if (now - watch->since_ms >= CANCEL_GIVE_UP_MS) {
        shutdown(PQsocket(pg->conn), SHUT_RDWR);
        return;
    }
    if (now < watch->again_ms)
        return;
    pg_cancel(pg, NULL);
    watch->again_ms = now + pause_next(&watch->again);
}

/* Takes in what comes within a moment. False: the connection is lost. */
static bool await_input(struct pg *pg)
{
    struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN};
    poll(&fd, 1, 50);
    return PQconsumeInput(pg->conn);
}

/* Waits until PQgetResult would not block. */
static void await_result(struct pg *pg, struct pg_watch *watch)
{
    while (watch->stop && PQisBusy(pg->conn) && await_input(pg))
        if (PQisBusy(pg->conn)) /* what has ended by itself is not cancelled */
            pg_watch_ask(pg, watch);
}

/* One text on its way. */
struct talk {
    struct pg *pg;
    bool last_row; /* rows come one by one, and none but the last is kept */
    int64_t came;  /* rows of the present result */
    const struct pg_input *inputs;
    int input_count;
    const struct pg_input *copying; /* the one that is being read */
    struct pg_watch watch;
    struct pg_script *script;
};

/* Who sends without a pause is asked to stop, too. */
static void count_row(struct talk *talk)
{
    if (++talk->came % ROWS_BETWEEN_LOOKS == 0)
        pg_watch_ask(talk->pg, &talk->watch);
}

/* COPY ... TO STDOUT: nobody wants it. What ends it in front of its time is the next result's to say. */
static void drop_copy(struct talk *talk)
{
    char *line = NULL;
    bool watched = talk->watch.stop;
    for (int len = 0; len >= 0;) {
        len = PQgetCopyData(talk->pg->conn, &line, watched);
        if (len > 0) {
            PQfreemem(line);
            count_row(talk);
        } else if (len == 0 && !await_input(talk->pg))
            return;
        else if (len == 0)
            pg_watch_ask(talk->pg, &talk->watch);
    }
}

static bool take_copy(struct talk *talk, ExecStatusType status)
{
    if (status == PGRES_COPY_OUT) {
        drop_copy(talk);
        return true;
    }
    talk->copying = talk->script->inputs < talk->input_count ? &talk->inputs[talk->script->inputs] : NULL;
    talk->script->inputs++;
    return pg_send_input(talk->pg, talk->copying, &talk->watch);
}

/* A row or more, which take the place of those before. Steals result. */
static void take_rows(struct talk *talk, PGresult *result)
{
    bool ends_them = talk->last_row && talk->came && PQresultStatus(result) == PGRES_TUPLES_OK;
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE)
        count_row(talk);
    if (ends_them) {
        PQclear(result);
        return;
    }
    PQclear(talk->script->rows);
    talk->script->rows = result;
}

static bool take_failure(struct talk *talk, PGresult *result, struct err *err)
{
    struct pg_script *script = talk->script;
    pg_fail(talk->pg, result, err);
    if (talk->copying)
        script->input_line = pg_input_line(result, talk->copying);
    if (script->failed)
        PQclear(result);
    else
        script->failed = result;
    return false;
}

/* Takes one result in; false when it is a failure, which err then tells. */
static bool take(struct talk *talk, PGresult *result, struct err *err)
{
    ExecStatusType status = PQresultStatus(result);
    struct pg_script *script = talk->script;
    bool good = true;
    switch (status) {
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        good = take_copy(talk, status) || fail_connection(talk->pg, err);
        PQclear(result);
        return good;
    case PGRES_SINGLE_TUPLE:
        take_rows(talk, result);
        return true;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        talk->copying = NULL;
        script->completed++;
        text_format(script->tag, sizeof script->tag, "%s", PQcmdStatus(result));
        if (strcmp(script->tag, "COMMIT") == 0 || strcmp(script->tag, "ROLLBACK") == 0)
            text_format(script->ended, sizeof script->ended, "%s", script->tag);
        if (status == PGRES_TUPLES_OK)
            take_rows(talk, result);
        else
            PQclear(result);
        talk->came = 0;
        return true;
    default:
        return take_failure(talk, result, err);
    }
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

/* What a text has set for the session is not for what greylag sends next, nor for what it escapes. */
static void take_encoding_back(struct pg *pg)
{
    if (PQclientEncoding(pg->conn) != pg->encoding && PQtransactionStatus(pg->conn) != PQTRANS_INERROR)
        PQsetClientEncoding(pg->conn, PG_ENCODING);
}

static bool run(struct talk *talk, const char *text, struct err *err)
{
    struct pg *pg = talk->pg;
    *talk->script = (struct pg_script){.completed = 0};
    if (!talk->watch.stop)
        talk->watch = (struct pg_watch){.stop = pg->stop, .context = pg->stop_context};
    int64_t begin = clock_mono_us();
    struct err mine = ERR_INIT;
    if (!PQsendQuery(pg->conn, text)) {
        pg_traced(pg, text, begin, "lost");
        return fail_connection(pg, err);
    }
    if (talk->last_row)
        PQsetSingleRowMode(pg->conn);
    bool good = take_all(talk, &mine);
    if (pg_lost(pg) && mine.kind != ERR_UNREACHABLE) {
        good = false;
        if (mine.kind == ERR_NONE)
            fail_connection(pg, &mine);
        mine.kind = ERR_UNREACHABLE; /* whatever it said last, the session is gone */
    }
    if (talk->watch.stopped && !good && mine.kind != ERR_UNREACHABLE)
        mine.kind = ERR_TIMEOUT;
    pg_traced(pg, text, begin, good ? talk->script->tag : mine.sqlstate);
    take_encoding_back(pg);
    if (!good && err)
        *err = mine;
    return good;
}

bool pg_run_script(struct pg *pg, const char *text, const struct pg_input *inputs, size_t input_count,
                   bool (*stop)(void *), void *context, struct pg_script *ret_script, struct err *err)
{
    struct talk talk = {.pg = pg, .last_row = true, .inputs = inputs, .input_count = (int)input_count,
                        .watch = {.stop = stop, .context = context}, .script = ret_script};
    return run(&talk, text, err);
}

bool pg_run_watched(struct pg *pg, const char *text, bool (*stop)(void *), void *context, PGresult **ret,
                    char *ret_tag, struct err *err)
{
    struct pg_script script;
    struct talk talk = {.pg = pg, .watch = {.stop = stop, .context = context}, .script = &script};
    bool good = run(&talk, text, err);
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
