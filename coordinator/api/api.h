/* The coordinator's HTTP interface: /api/v1 (docs/openapi.yaml), /healthz, /readyz, /metrics.
 *
 * It reads and writes the control database through connections of its own (coordinator/store), never the leader's, so
 * that a coordinator that does not lead answers as well. What it accepts wakes the leader through the database.
 * Every call under /api/v1 needs a token (http/token.h); the tokens file is read again when it changes.
 *
 * Ownership: struct api is a resource (api_start / api_stop). Threads: one for each HTTP connection, its own business;
 * the hooks are called on them. The api never logs: `done` is for that. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct api;

struct api_options {
    const char *address;     /* "127.0.0.1:8080", port 0: a free one */
    const char *conninfo;    /* of the control database */
    const char *fleet, *environment;
    const char *tokens_file;
    unsigned connections;    /* to the control database at most, opened when needed; 0: 4 */
    int64_t retention_ms;    /* what `prune` keeps when it is not told; 0: everything */
    void *context;           /* for the hooks, which may be NULL */
    bool (*leading)(void *context);                      /* whether this process leads */
    void (*metrics)(void *context, struct buf *out);     /* more lines in Prometheus' text format */
    void (*done)(void *context, const char *method, const char *pattern, int status, int64_t duration_us);
};

/* Serves until api_stop; what options point to is borrowed until then. A control database that cannot be reached is no
 * error here: /readyz and the calls say so. ERR_CONFIG, ERR_SYSTEM (address), ERR_UNTRUSTED (tokens file). */
bool api_start(const struct api_options *options, struct api **ret_api, struct err *err);
void api_stop(struct api *api); /* ends long polls; NULL does nothing */
const char *api_url(const struct api *api); /* borrowed: "http://127.0.0.1:40123" */
