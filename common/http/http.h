/* HTTP: a small server over libmicrohttpd and a client over libcurl. Bodies are JSON (jansson) or text.
 *
 * The server holds a table of routes; the first whose method and pattern match is called with the whole body read.
 * Errors are problem documents (RFC 9457) with two members of our own: `kind` (err_kind_name) and `hint`; the client
 * turns them back into a struct err.
 *
 * Limits: every body has a ceiling in bytes and in parts (http_parts.h), which are counted before it is parsed; large
 * ones are taken HTTP_LARGE_AT_ONCE at a time, and all together are bounded. Each phase of a request has a time, and
 * places are kept from those who are slow or many (http_places.h). Headers are bounded by libmicrohttpd's
 * per-connection memory (32 KiB).
 * Threads: handlers are called on the server's threads; with HTTP_POOL they must not wait for long; with
 * HTTP_THREAD_PER_CONNECTION they may (long polls), asking http_stopping now and then. A client belongs to
 * one thread. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct http_server;

/* ---- server ---- */

#define HTTP_PARAMETERS_MAX 4

struct http_request {
    struct http_server *server;
    const char *method, *path; /* path without the query, decoded */
    const char *parameters[HTTP_PARAMETERS_MAX]; /* what stood for each {name} of the pattern, in order */
    const char *bearer;        /* the token of "Authorization: Bearer ...", NULL: none */
    const char *body;          /* never NULL, NUL-terminated */
    size_t body_len;
    json_t *json;              /* borrowed; the body where the route has HTTP_JSON, else NULL */
    struct arena *arena;       /* lives as long as the request */
    void *user;                /* from the admit hook, NULL */
    void *connection;          /* http's own */
};
/* Borrowed, NULL: not there. Names of headers in any case. */
const char *http_header(const struct http_request *request, const char *name);
const char *http_query(const struct http_request *request, const char *name);
/* The server is being stopped: end long polls. */
bool http_stopping(const struct http_request *request);
/* Between two looks of a long poll: returns after so long, or as soon as the server is being stopped. */
void http_pause(const struct http_request *request, int64_t ms);

struct http_response {
    int status;       /* 200 to begin with */
    const char *type; /* static; "application/json" to begin with */
    struct buf body;
    const char *header_names[4], *header_values[4]; /* additional ones, NULL: no more; static or in the arena */
};
/* The body becomes this JSON; steals `json`. */
void http_reply_json(struct http_response *response, int status, json_t *json);
/* A problem document. `hint` may be NULL or "". */
void http_problem(struct http_response *response, int status, enum err_kind kind, const char *detail, const char *hint);
/* The same with the status that fits the error's kind: USAGE, INPUT, CONFIG 422; UNTRUSTED 403; CONFLICT, FENCED 409;
 * FULL 507; TIMEOUT, UNREACHABLE, DATABASE 503; others 500. */
void http_problem_err(struct http_response *response, const struct err *err);

#define HTTP_PARTS_MAX ((size_t)100000) /* of a route that says nothing else */
#define HTTP_LARGE ((size_t)4 << 20) /* bodies from here on are large */
#define HTTP_LARGE_AT_ONCE 2

#define HTTP_JSON 1u /* the body must be JSON (an object or array, no duplicate keys); 400 otherwise */
/* A number for the admit hook, whatever its owner makes of it; 0 when not given. */
#define HTTP_ACCESS(level) ((unsigned)(level) << 8)
#define HTTP_ACCESS_OF(flags) ((int)((flags) >> 8 & 0xff))
/* HTTP_JSON: how many thousand parts the body may have, where HTTP_PARTS_MAX is too few; 413 when it has more. */
#define HTTP_PARTS(thousands) ((unsigned)(thousands) << 16)
#define HTTP_PARTS_OF(flags) ((flags) >> 16 ? ((size_t)(flags) >> 16) * 1000 : HTTP_PARTS_MAX)

struct http_route {
    const char *method;  /* NULL ends the table; a GET route answers HEAD too */
    const char *pattern; /* "/api/v1/releases/{id}/events": each {name} stands for one non-empty segment */
    unsigned flags;
    size_t body_max;     /* bytes, 0: no body is accepted; 413 when larger */
    void (*handle)(void *context, struct http_request *request, struct http_response *response);
    const char *prose;   /* one line for people */
};

enum http_threads {
    HTTP_POOL,                 /* one polling thread, plus `pool` more: the cheap kind */
    HTTP_THREAD_PER_CONNECTION /* handlers may wait */
};

struct http_server_options {
    const char *address; /* "127.0.0.1:8080", "[::1]:0", "0.0.0.0:8080"; port 0: a free one */
    const struct http_route *routes;
    void *context;       /* given to handlers, and to the hook below */
    enum http_threads threads;
    unsigned pool;            /* HTTP_POOL: how many threads, 0 or 1: one */
    unsigned connections_max; /* 0: 128; half of them at most to those who have shown no token */
    unsigned idle_s;          /* close a connection that rests, 0: 60 */
    /* Called before the body is read (may be NULL), for a route that was found: false refuses with what it put into
     * the response. It may leave something for the handler in request->user (in the arena); then the token was good,
     * and its connections are counted as that token's. */
    bool (*admit)(void *context, const struct http_route *route, struct http_request *request,
                  struct http_response *response);
    /* Called after each answer (may be NULL), for logs and metrics; `pattern` is "" when no route matched. */
    void (*done)(void *context, const char *method, const char *pattern, int status, int64_t duration_us);
};

/* Listens and serves until http_server_stop. Options are copied, what they point to is borrowed.
 * ERR_CONFIG: the address cannot be read; ERR_SYSTEM: it cannot be bound (in use, no permission). */
bool http_server_start(const struct http_server_options *options, struct http_server **ret_server, struct err *err);
/* Accepts nothing new, waits at most five seconds for answers under way, closes. NULL does nothing. */
void http_server_stop(struct http_server *server);
int http_server_port(const struct http_server *server);        /* the one in use */
const char *http_server_url(const struct http_server *server); /* borrowed: "http://127.0.0.1:40123" */

/* ---- client ---- */

struct http_client;

/* `url` is the base ("http://127.0.0.1:8080", a path may follow); `token` may be NULL. timeout_ms is for a whole call;
 * connecting gets at most ten seconds of it. ERR_CONFIG: not an http or https URL. */
bool http_client_new(const char *url, const char *token, int64_t timeout_ms, struct http_client **ret_client,
                     struct err *err);
void http_client_free(struct http_client *client);
void http_client_set_timeout(struct http_client *client, int64_t timeout_ms);
/* Ends a call under way as soon as it returns true (polled a few times a second); then ERR_TIMEOUT. */
void http_client_set_stop(struct http_client *client, bool (*stop)(void *context), void *context);

struct http_reply {
    int status;      /* 0: there was no answer */
    json_t *json;    /* owned; NULL when the answer was not JSON */
    struct buf body; /* owned; the answer as it came */
};
#define HTTP_REPLY_INIT {.body = BUF_INIT(BUF_MAX)}
void http_reply_release(struct http_reply *reply);
#define auto_http_reply __attribute__((cleanup(http_reply_release)))

/* One call. `path` is appended to the base URL as it is (http_add_escaped helps). `body` may be NULL and is borrowed;
 * `header` may be NULL: one more header line, "Idempotency-Key: ...". *ret_reply (initialised by the caller; may be
 * NULL) is filled in whenever there was an answer, an error answer too.
 * True for 2xx. ERR_UNREACHABLE with the URL and a hint (retriable only when the connection was there and was lost: it
 * is open whether the call took effect); ERR_TIMEOUT; otherwise what the problem document says: its `kind`, or the kind
 * that fits the status (401 and 403 UNTRUSTED, 404 INPUT, 409 CONFLICT, ...). */
bool http_call(struct http_client *client, const char *method, const char *path, const json_t *body,
               const char *header, struct http_reply *ret_reply, struct err *err);
/* text, percent-encoded for one segment of a path or one value of a query. */
void http_add_escaped(struct buf *out, const char *text);
