/* What the files of this room share: the connection. */
#pragma once
#include "base/clock.h"
#include "base/pause.h"
#include "pg/pg.h"

struct pg_prepared {
    const char *sql; /* borrowed: its address is its name */
};

#define PG_ENCODING "UTF8" /* of everything that goes over a connection */

struct pg {
    PGconn *conn;          /* owned */
    char *conninfo;        /* owned, a secret */
    char *describe;        /* owned */
    const char *settings[3]; /* static */
    int encoding;          /* libpq's number of PG_ENCODING */
    struct pg_prepared *prepared; /* owned array */
    size_t prepared_count, prepared_room;
    struct buf notices, handed; /* collected; given out */
    size_t notice_count, notices_lost;
    pg_trace *trace;
    void *trace_context;
    pg_veil *veil;
    void *veil_context;
    bool (*stop)(void *);
    void *stop_context;
};

/* Tells the trace hook, if there is one, of a statement that began at begin_us. */
void pg_traced(struct pg *pg, const char *sql, int64_t begin_us, const char *tag);
/* As it may be shown. Borrowed. */
const char *pg_veiled(struct pg *pg, const char *text, bool message);
/* Whoever waits for a statement may cancel it. */
struct pg_watch {
    bool (*stop)(void *); /* NULL: nobody */
    void *context;
    bool stopped;
    int64_t since_ms, again_ms; /* stopped: since when; when the request is sent again */
    struct pause again;         /* before that */
};
/* Asks whether to stop. Then cancels, and again with growing pauses, since a request may be lost on its way; in the end
 * the session is given up: the connection is cut off here. */
void pg_watch_ask(struct pg *pg, struct pg_watch *watch);
/* Answers a COPY ... FROM STDIN; NULL: there is nothing for it, so that it fails. False: the connection is lost. */
bool pg_send_input(struct pg *pg, const struct pg_input *input, struct pg_watch *watch);
/* The line of the input that a failed COPY names, 0: none. */
int64_t pg_input_line(const PGresult *result, const struct pg_input *input);
/* The SQLSTATE in libpq's verbose text of a connection that failed, "" none: whatever language the server speaks. */
void pg_state_in(const char *text, char state[6]);
