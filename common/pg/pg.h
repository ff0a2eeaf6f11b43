/* libpq, with errors as values, deadlines, and statements that are prepared once for each connection.
 *
 * Ownership: struct pg is a resource (pg_open / pg_close); a PGresult given out is new (PQclear, or auto_pgresult).
 * Threads: one connection belongs to one thread at a time; pg_cancel and pg_terminate_backend use connections of
 * their own and may be called from any.
 * Secrets: error texts and logs never hold a connection string; pg_describe gives host, port, database and user. */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct pg;

struct pg_identity {
    int pid;                 /* backend */
    char backend_start[40];  /* as PostgreSQL prints it; the role that logged in sees it, as whatever it acts */
    char server_start[40];   /* when this server began: in a container process ids come back with the next one */
    char system_identifier[24];
    int64_t ahead_ms;        /* this machine's clock before the server's */
    int timeline;
    int version;             /* 150018 */
    bool in_recovery;
};

/* Connects, in timeout_ms at most with the answer to its first statement, sets application_name, UTF8, and what greylag
 * relies on (client_connection_check_interval where the server knows it). ERR_UNREACHABLE, ERR_DATABASE (bad password,
 * no such database), ERR_CONFIG (a connection string that cannot be read; its text is not repeated). */
bool pg_open(const char *conninfo, const char *application_name, int timeout_ms, struct pg **ret_pg, struct err *err);
/* Whether pg_open could make sense of this connection string, without a server: ERR_CONFIG as there. */
bool pg_conninfo_check(const char *conninfo, struct err *err);
void pg_close(struct pg *pg);
PGconn *pg_raw(struct pg *pg);                      /* borrowed */
const char *pg_describe(struct pg *pg);             /* borrowed: "user@host:port/database" */
bool pg_identify(struct pg *pg, struct pg_identity *ret_identity, struct err *err);
/* What this room sets for each session, to be set again after RESET ALL: a name, its value, ... and NULL. Borrowed. */
const char *const *pg_session_settings(struct pg *pg);
/* Ends the session from this end, whatever it does: the connection is lost from now on. */
void pg_give_up(struct pg *pg);
/* Between statements: takes in what the server said unasked. False: it has ended the connection. */
bool pg_look(struct pg *pg);
const char *pg_parameter(struct pg *pg, const char *name); /* what the server reports of itself; borrowed, "" unknown */
bool pg_lost(struct pg *pg);                        /* the connection is gone: whatever was under way is in doubt */

/* One parameterised statement, prepared under the address of its text at first use: `sql` is a static string (one
 * embedded .sql file). `values` may hold NULLs. ret may be NULL. ERR_DATABASE with SQLSTATE and position, or
 * ERR_UNREACHABLE (in doubt). */
bool pg_exec(struct pg *pg, const char *sql, int count, const char *const *values, PGresult **ret, struct err *err);
/* Any text, several statements allowed, simple protocol. ret (may be NULL) is the last result that has rows, or an
 * empty one. *ret_tag (may be NULL, char[64]) is the last command tag: COMMIT of a failed transaction succeeds with the
 * tag ROLLBACK. */
bool pg_run(struct pg *pg, const char *text, PGresult **ret, char *ret_tag, struct err *err);
/* pg_run that stops waiting for `stop` (may be NULL; polled) by cancelling the statement; then ERR_TIMEOUT. */
bool pg_run_watched(struct pg *pg, const char *text, bool (*stop)(void *), void *context, PGresult **ret,
                    char *ret_tag, struct err *err);

/* Rows for one COPY ... FROM STDIN, as its format has them; borrowed. */
struct pg_input {
    const char *data;
    size_t len;
    const char *table; /* its name, without schema: errors name the line behind it */
};
/* pg_run_watched with everything that a caller may want to know of a text of several statements. */
struct pg_script {
    PGresult *rows; /* new: the last row of the last result that has columns (without a row: none); NULL: no such */
    PGresult *failed; /* new: the first result that is an error of the server, NULL: none */
    char tag[64];   /* the last command tag */
    char ended[64]; /* of the last statement that ended a transaction: COMMIT or ROLLBACK; "" none did */
    int completed;  /* how many statements ended well: the failed one is the next */
    int inputs;     /* how many inputs were asked for */
    int64_t input_line; /* it failed at this line of the last of them, from 1; 0: unknown, or not while it was read */
};
void pg_script_release(struct pg_script *script);
/* *ret_script is set in any case, also when it fails (release it). Rows, of COPY ... TO STDOUT too, are dropped as they
 * come: memory does not grow with them. The inputs are sent as the text's COPY statements ask for them, in small parts;
 * one more COPY than there are inputs fails. */
bool pg_run_script(struct pg *pg, const char *text, const struct pg_input *inputs, size_t input_count,
                   bool (*stop)(void *), void *context, struct pg_script *ret_script, struct err *err);
/* Called after each statement sent, for logs: its text (never parameters), how long it took, and the command tag, or
 * the SQLSTATE when it failed. NULL takes it away. */
typedef void pg_trace(void *context, const char *statement, int64_t duration_us, const char *tag);
void pg_set_trace(struct pg *pg, pg_trace *trace, void *context);
/* What a text goes through before anybody sees it: a statement on its way to the trace, or a message of the server
 * before it becomes an error or a notice. For texts that hold a secret. Gives what is to be shown, borrowed until the
 * next call. NULL takes it away. */
typedef const char *pg_veil(void *context, const char *text, bool message);
void pg_set_veil(struct pg *pg, pg_veil *veil, void *context);
/* Who waits for a statement of this connection that says no `stop` of its own stops waiting for this one, as
 * pg_run_watched does. For an end that does not wait for a server. NULL takes it away. */
void pg_set_stop(struct pg *pg, bool (*stop)(void *), void *context);
/* Asks the server to cancel what this connection runs; another thread's business too. */
bool pg_cancel(struct pg *pg, struct err *err);
/* One session, for ever: pid, its start and its server's start, as pg_identity has them. Borrowed. */
struct pg_session {
    int pid;
    const char *backend_start, *server_start;
};
/* Ends that session over `pg` (another one), and waits until it is gone. True too when there was none: another server,
 * another start, or a start that this role may not see, since it sees those of its own sessions. ERR_TIMEOUT;
 * ERR_DATABASE when the role may not. */
bool pg_terminate_backend(struct pg *pg, const struct pg_session *session, int timeout_ms, struct err *err);
/* Copies SQLSTATE, primary message (never DETAIL) and position of a failed result into err. Returns false. */
bool pg_fail(struct pg *pg, const PGresult *result, struct err *err);
/* Notices since the last call, borrowed until the next call: "WARNING: text" and a newline for each, DETAIL and HINT
 * below it, indented. At most PG_NOTICES of them and a few KiB; then the last line says how many there were more. Data
 * of rows may be in it. */
#define PG_NOTICES 50
const char *pg_notices(struct pg *pg);
/* How far they have come, and back to there: what a try said that is made again is said again. Not over a call of
 * pg_notices. */
struct pg_notices_mark {
    size_t len, count, lost;
};
struct pg_notices_mark pg_notices_mark(const struct pg *pg);
void pg_notices_forget(struct pg *pg, struct pg_notices_mark since);
/* A field (PG_DIAG_...) of an error, as it may be shown and of a bounded size, "" none; new (free()). */
char *pg_error_field(struct pg *pg, const PGresult *error, int field);

/* Whether it passes by itself: class 08, 40001, 40P01, 55P03, 53300, 57P0x. NULL does not. */
bool pg_transient(const char *sqlstate);

/* Values for parameters and arrays: "{...}" text of an array, quoted as PostgreSQL wants it. */
void pg_array_text(struct buf *out, const char *const *items, size_t count);  /* NULL items become NULL */
void pg_array_int64(struct buf *out, const int64_t *items, size_t count);
int64_t pg_number(const PGresult *result, int row, int column); /* 0 for NULL */
const char *pg_text(const PGresult *result, int row, int column); /* borrowed; "" for NULL */
const char *pg_copy(const PGresult *result, int row, int column, struct arena *arena); /* the same, in the arena */
bool pg_true(const PGresult *result, int row, int column); /* of a boolean; NULL is false */
/* Quoted identifier or literal added to out. */
void pg_add_identifier(struct pg *pg, struct buf *out, const char *name);
void pg_add_literal(struct pg *pg, struct buf *out, const char *text);

static inline void cleanup_pgresult(PGresult **result)
{
    PQclear(*result);
}
#define auto_pgresult __attribute__((cleanup(cleanup_pgresult)))
