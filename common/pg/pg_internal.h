/* What the files of this room share: the connection. */
#pragma once
#include "base/clock.h"
#include "pg/pg.h"

struct pg_prepared {
    const char *sql; /* borrowed: its address is its name */
};

struct pg {
    PGconn *conn;          /* owned */
    char *conninfo;        /* owned, a secret */
    char *describe;        /* owned */
    char settings[64];
    struct pg_prepared *prepared; /* owned array */
    size_t prepared_count, prepared_room;
    struct buf notices, handed; /* collected; given out */
    pg_trace *trace;
    void *trace_context;
};

/* Tells the trace hook, if there is one, of a statement that began at begin_us. */
void pg_traced(struct pg *pg, const char *sql, int64_t begin_us, const char *tag);
/* The connection is gone, or the client library failed: ERR_UNREACHABLE. Returns false. */
bool pg_fail_connection(struct pg *pg, struct err *err);
