/* Inside common/pg: several hosts in one connection string. libpq goes on to the next where one refuses, and waits for
 * one that is silent for as long as it may: then each has its share of the time, and the rest of the list is tried. */
#pragma once
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct pg_hosts {
    PQconninfoOption *options;         /* owned: pg_hosts_release */
    const char *host, *hostaddr, *port; /* lists, as they are written; NULL: not given */
    size_t count;
};
/* A string that makes no sense has no hosts: libpq says what is wrong. */
void pg_hosts_read(const char *conninfo, struct pg_hosts *ret_hosts);
void pg_hosts_release(struct pg_hosts *hosts);
/* A list without its first items; one that has a single item is for all. Borrowed. */
const char *pg_hosts_rest(const char *list, size_t from);
