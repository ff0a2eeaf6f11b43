/* Rows on their way to a COPY ... FROM STDIN. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "pg/pg_internal.h"

#define PART ((size_t)64 << 10) /* libpq keeps a copy of what is not sent yet */

/* Sends what libpq holds; the socket does not block here, so that a wait can be stopped. False: the connection is
 * lost. */
static bool flush(struct pg *pg, struct pg_watch *watch)
{
    int left;
    while ((left = PQflush(pg->conn)) == 1) {
        struct pollfd fd = {.fd = PQsocket(pg->conn), .events = POLLIN | POLLOUT};
        poll(&fd, 1, 50);
        if (fd.revents & POLLIN && !PQconsumeInput(pg->conn))
            return false;
        pg_watch_ask(pg, watch);
    }
    return left == 0;
}

static bool send_parts(struct pg *pg, const struct pg_input *input, struct pg_watch *watch)
{
    for (size_t at = 0; at < input->len && !watch->stopped;) {
        size_t len = input->len - at < PART ? input->len - at : PART;
        int sent = PQputCopyData(pg->conn, input->data + at, (int)len);
        if (sent < 0 || !flush(pg, watch))
            return false;
        if (sent > 0)
            at += len;
        pg_watch_ask(pg, watch);
    }
    return true;
}

bool pg_send_input(struct pg *pg, const struct pg_input *input, struct pg_watch *watch)
{
    const char *failure = !input ? "COPY FROM STDIN cannot read data here" : NULL;
    PQsetnonblocking(pg->conn, 1);
    bool good = !input || send_parts(pg, input, watch);
    if (watch->stopped)
        failure = "stopped";
    int ended = 0;
    while (good && ended == 0) {
        ended = PQputCopyEnd(pg->conn, failure);
        good = ended >= 0 && flush(pg, watch);
    }
    PQsetnonblocking(pg->conn, 0);
    return good;
}

/* The context of an error in rows begins "COPY table, line 3, column x: ...", in the server's language. */
int64_t pg_input_line(const PGresult *result, const struct pg_input *input)
{
    const char *at = PQresultErrorField(result, PG_DIAG_CONTEXT);
    size_t len = input->table ? strlen(input->table) : 0;
    while (at && len && (at = strstr(at, "COPY "))) {
        at += strlen("COPY ");
        if (strncmp(at, input->table, len) != 0)
            continue;
        at += len;
        at += strcspn(at, "0123456789:\n");
        return strtoll(at, NULL, 10);
    }
    return 0;
}
