#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/http.h"
#include "http/http_parts.h"
#include "http/http_places.h"
#include "http/http_route.h"

#define STOP_WAIT_MS 5000
#define CONNECTION_MEMORY (32 * 1024)
#define SWALLOWED_MAX ((size_t)1 << 20)
#define LARGE_WAIT_MS 30000
#define CONNECTIONS 128u
#define IDLE_S 60u

struct http_server {
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    struct places *places;
    int port;
    char url[128];
    atomic_bool stopping;
    pthread_mutex_t lock;
    pthread_cond_t idle, halt; /* nothing is under way; the server is being stopped */
    unsigned active; /* requests between their first byte and their last */
    unsigned large;  /* large bodies that are being answered */
    pthread_cond_t less; /* one fewer is */
};

/* One request while libmicrohttpd hands it over piece by piece. */
struct exchange {
    struct arena arena;
    struct buf body;
    size_t received;
    const struct http_route *route; /* NULL: none matches */
    const char *parameters[HTTP_PARAMETERS_MAX];
    bool path_known;                /* some route has this path, with another method */
    int64_t started_us;
    int status;
    bool refused;                   /* by the admit hook, with `refusal` */
    bool crowded;                   /* its body found no room */
    struct place *place;
    struct http_response refusal;
    void *user;
    char *raw_path, *method; /* method: NULL until the headers are complete */
};

bool http_stopping(const struct http_request *request)
{
    return atomic_load(&request->server->stopping);
}

void http_pause(const struct http_request *request, int64_t ms)
{
    struct http_server *server = request->server;
    struct timespec until = clock_mono_after(ms);
    pthread_mutex_lock(&server->lock);
    while (!atomic_load(&server->stopping) && pthread_cond_timedwait(&server->halt, &server->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&server->lock);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* ---- one exchange ---- */

static void active_change(struct http_server *server, int by)
{
    pthread_mutex_lock(&server->lock);
    server->active += (unsigned)by;
    if (server->active == 0)
        pthread_cond_broadcast(&server->idle);
    pthread_mutex_unlock(&server->lock);
}

/* Called first, with the address as it came: routes are found before %2F is decoded. What it returns becomes the
 * request's state. */
static void *exchange_new(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *exchange = xcalloc(1, sizeof *exchange);
    exchange->place = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    place_phase(exchange->place, PLACE_HEAD, 0);
    exchange->started_us = clock_mono_us();
    exchange->raw_path = arena_strndup(&exchange->arena, uri, strcspn(uri, "?"));
    active_change(context, 1);
    return exchange;
}

static const char *bearer_token(struct MHD_Connection *connection)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!value || strncasecmp(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7;
    while (*value == ' ')
        value++;
    return *value ? value : NULL;
}

static struct http_request request_of(struct http_server *server, struct MHD_Connection *connection, const char *path,
                                      struct exchange *exchange)
{
    struct http_request request = {.server = server,
                                   .method = exchange->method,
                                   .path = path,
                                   .bearer = bearer_token(connection),
                                   .body = buf_text(&exchange->body),
                                   .body_len = exchange->body.len,
                                   .arena = &exchange->arena,
                                   .user = exchange->user,
                                   .connection = connection};
    memcpy(request.parameters, exchange->parameters, sizeof request.parameters);
    return request;
}

static void refuse_crowd(struct exchange *exchange)
{
    http_problem(&exchange->refusal, 429, ERR_FULL, "this token, or everybody together, holds as many connections as "
                 "there may be", "Close some, or try again in a moment.");
    exchange->refused = true;
}

/* What the client announces, or as much as it may send. */
static size_t body_size(struct MHD_Connection *connection, const struct exchange *exchange)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    long long announced;
    if (length && text_to_long(length, 0, INT64_MAX, &announced) && (size_t)announced < exchange->body.ceiling)
        return (size_t)announced;
    return exchange->body.ceiling;
}

static void exchange_begin(struct http_server *server, struct MHD_Connection *connection, const char *path,
                           const char *method, struct exchange *exchange)
{
    exchange->method = arena_strdup(&exchange->arena, method);
    exchange->route = http_route_find(server->options.routes, method, exchange->raw_path, &exchange->arena,
                                      exchange->parameters, &exchange->path_known);
    if (exchange->route && server->options.admit) {
        struct http_request request = request_of(server, connection, path, exchange);
        exchange->refusal =
            (struct http_response){.status = 200, .type = "application/json", .body = BUF_INIT(BUF_MAX)};
        exchange->refused =
            !server->options.admit(server->options.context, exchange->route, &request, &exchange->refusal);
        exchange->user = request.user;
        if (!exchange->refused && request.user && request.bearer && !place_admit(exchange->place, request.bearer))
            refuse_crowd(exchange);
    }
    exchange->body = (struct buf)BUF_INIT(exchange->route && !exchange->refused ? exchange->route->body_max : 1);
    place_phase(exchange->place, PLACE_BODY, body_size(connection, exchange));
}

static void exchange_done(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode why)
{
    (void)connection, (void)why;
    struct http_server *server = context;
    struct exchange *exchange = *state;
    if (!exchange)
        return;
    *state = NULL;
    if (server->options.done && exchange->method)
        server->options.done(server->options.context, exchange->method, exchange->route ? exchange->route->pattern : "",
                             exchange->status, clock_mono_us() - exchange->started_us);
    place_phase(exchange->place, PLACE_RESTS, 0);
    buf_release(&exchange->body);
    buf_release(&exchange->refusal.body);
    arena_release(&exchange->arena);
    free(exchange);
    active_change(server, -1);
}

static enum MHD_Result send_response(struct MHD_Connection *connection, struct exchange *exchange,
                                     struct http_response *response)
{
    size_t len = response->body.len;
    char *body = buf_take(&response->body);
    struct MHD_Response *out = MHD_create_response_from_buffer(len, body, MHD_RESPMEM_MUST_FREE);
    if (!out) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, response->type);
    MHD_add_response_header(out, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
    if (response->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(out, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    for (size_t i = 0; i < COUNT_OF(response->header_names) && response->header_names[i]; i++)
        MHD_add_response_header(out, response->header_names[i], response->header_values[i]);
    exchange->status = response->status;
    place_phase(exchange->place, PLACE_ANSWERS, len);
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)response->status, out);
    MHD_destroy_response(out);
    return result;
}

static enum MHD_Result send_problem(struct MHD_Connection *connection, struct exchange *exchange, int status,
                                    enum err_kind kind, const char *detail, const char *hint)
{
    struct http_response response = {.body = BUF_INIT(BUF_MAX)};
    http_problem(&response, status, kind, detail, hint);
    return send_response(connection, exchange, &response);
}

/* Large bodies become much larger when they are parsed: few at a time. False: the wait was too long. */
static bool large_begin(struct http_server *server, bool large)
{
    struct timespec until = clock_mono_after(LARGE_WAIT_MS);
    bool room = true;
    if (!large)
        return true;
    pthread_mutex_lock(&server->lock);
    while (room && server->large >= HTTP_LARGE_AT_ONCE)
        room = !atomic_load(&server->stopping) &&
               pthread_cond_timedwait(&server->less, &server->lock, &until) == 0;
    server->large += room;
    pthread_mutex_unlock(&server->lock);
    return room;
}

static void large_end(struct http_server *server, bool large)
{
    if (!large)
        return;
    pthread_mutex_lock(&server->lock);
    server->large--;
    pthread_cond_signal(&server->less);
    pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result crowded(struct MHD_Connection *connection, struct exchange *exchange)
{
    return send_problem(connection, exchange, MHD_HTTP_SERVICE_UNAVAILABLE, ERR_FULL,
                        "too many large requests are being read", "Try again in a moment.");
}

/* NULL: the response says why. */
static json_t *parse(struct exchange *exchange, struct http_response *response)
{
    size_t parts_max = HTTP_PARTS_OF(exchange->route->flags);
    json_error_t why;
    if (!http_parts_fit(buf_text(&exchange->body), exchange->body.len, parts_max)) {
        http_problem(response, MHD_HTTP_CONTENT_TOO_LARGE, ERR_FULL,
                     arena_printf(&exchange->arena, "the body has more than %zu parts, the limit here", parts_max),
                     NULL);
        return NULL;
    }
    json_t *json = json_loadb(buf_text(&exchange->body), exchange->body.len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        http_problem(response, MHD_HTTP_BAD_REQUEST, ERR_USAGE,
                     arena_printf(&exchange->arena, "the body is not JSON: %s, line %d, column %d", why.text, why.line,
                                  why.column), NULL);
    return json;
}

/* For MHD_get_connection_values_n: *context is false when one is no text. */
static enum MHD_Result look_at_value(void *context, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                     const char *value, size_t value_len)
{
    (void)kind;
    bool *texts = context;
    *texts = *texts && text_is_utf8(name, name_len, NULL) && !memchr(name, 0, name_len) &&
             (!value || (text_is_utf8(value, value_len, NULL) && !memchr(value, 0, value_len)));
    return *texts ? MHD_YES : MHD_NO;
}

static enum MHD_Result answer(struct http_server *server, struct MHD_Connection *connection, const char *path,
                              struct exchange *exchange)
{
    struct http_request request = request_of(server, connection, path, exchange);
    struct http_response response = {.status = MHD_HTTP_OK, .type = "application/json", .body = BUF_INIT(BUF_MAX)};
    bool json = exchange->route->flags & HTTP_JSON, large = json && exchange->body.len >= HTTP_LARGE;
    place_phase(exchange->place, PLACE_WORKS, 0);
    if (!large_begin(server, large))
        return crowded(connection, exchange);
    if (json)
        request.json = parse(exchange, &response);
    if (!json || request.json)
        exchange->route->handle(server->options.context, &request, &response);
    json_decref(request.json);
    large_end(server, large);
    return send_response(connection, exchange, &response);
}

static enum MHD_Result too_large(struct MHD_Connection *connection, struct exchange *exchange)
{
    const char *detail = arena_printf(&exchange->arena, "the body is larger than %zu bytes, the limit here",
                                      exchange->body.ceiling);
    return send_problem(connection, exchange, MHD_HTTP_CONTENT_TOO_LARGE, ERR_FULL, detail, NULL);
}

static enum MHD_Result no_route(struct MHD_Connection *connection, struct exchange *exchange, const char *path)
{
    if (exchange->path_known)
        return send_problem(connection, exchange, MHD_HTTP_METHOD_NOT_ALLOWED, ERR_USAGE,
                            arena_printf(&exchange->arena, "%s is not possible on %s", exchange->method, path), NULL);
    return send_problem(connection, exchange, MHD_HTTP_NOT_FOUND, ERR_USAGE,
                        arena_printf(&exchange->arena, "there is nothing at %s", path), NULL);
}

/* A body that is announced as far too large is refused before it comes; the connection is closed behind the answer.
 * Smaller ones are read and thrown away, so that the answer is not lost with the connection. */
static bool refused_early(struct MHD_Connection *connection, const struct exchange *exchange)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    long long announced;
    return length && text_to_long(length, 0, INT64_MAX, &announced) &&
           (size_t)announced > exchange->body.ceiling + SWALLOWED_MAX;
}

static enum MHD_Result on_body(struct exchange *exchange, const char *upload, size_t *upload_len)
{
    exchange->received += *upload_len;
    if (exchange->received <= exchange->body.ceiling && !exchange->crowded) {
        exchange->crowded = !place_body(exchange->place, *upload_len);
        if (exchange->crowded)
            buf_release(&exchange->body);
        else
            buf_add(&exchange->body, upload, *upload_len);
    }
    *upload_len = 0;
    return exchange->received > exchange->body.ceiling + SWALLOWED_MAX ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload, size_t *upload_len,
                                  void **state)
{
    (void)version;
    struct http_server *server = context;
    struct exchange *exchange = *state;
    if (!exchange->method) {
        exchange_begin(server, connection, path, method, exchange);
        if (!refused_early(connection, exchange))
            return MHD_YES;
        return exchange->refused ? send_response(connection, exchange, &exchange->refusal)
                                 : too_large(connection, exchange);
    }
    if (*upload_len > 0)
        return on_body(exchange, upload, upload_len);
    if (!exchange->route)
        return no_route(connection, exchange, path);
    if (exchange->refused)
        return send_response(connection, exchange, &exchange->refusal);
    if (exchange->received > exchange->body.ceiling)
        return too_large(connection, exchange);
    if (exchange->crowded)
        return crowded(connection, exchange);
    bool texts = true;
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, look_at_value, &texts);
    if (!texts)
        return send_problem(connection, exchange, MHD_HTTP_BAD_REQUEST, ERR_USAGE,
                            "what follows the ? holds bytes that are no text", NULL);
    return answer(server, connection, path, exchange);
}

/* ---- starting and stopping ---- */

static bool address_split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *colon = strrchr(address, ':');
    if (!colon || strlen(colon + 1) >= port_size)
        return false;
    size_t len = (size_t)(colon - address);
    const char *start = address;
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        start++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return false; /* an IPv6 address without brackets */
    }
    if (len >= host_size)
        return false;
    memcpy(host, start, len);
    host[len] = '\0';
    text_format(port, port_size, "%s", colon + 1);
    long long number;
    return text_to_long(port, 0, 65535, &number);
}

static bool address_resolve(const char *address, struct addrinfo **ret_list, struct err *err)
{
    char host[256], port[8];
    if (!address_split(address, host, sizeof host, port, sizeof port)) {
        err_set(err, ERR_CONFIG, "\"%s\" is not an address to listen on", address);
        return err_hint(err, "Write host:port, as in 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one.");
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    int code = getaddrinfo(*host ? host : NULL, port, &hints, ret_list);
    if (code != 0)
        return err_set(err, ERR_CONFIG, "\"%s\" is not an address of this machine: %s", address, gai_strerror(code));
    return true;
}

static bool listen_on(const char *address, int *ret_fd, struct err *err)
{
    struct addrinfo *list;
    if (!address_resolve(address, &list, err))
        return false;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, list->ai_addr, list->ai_addrlen) == 0 && listen(fd, 128) == 0;
    int code = errno;
    freeaddrinfo(list);
    if (ok) {
        *ret_fd = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    errno = code;
    err_errno(err, "cannot listen on %s", address);
    if (code == EADDRINUSE)
        err_hint(err, "Another program listens there: stop it, or choose another port.");
    return false;
}

static bool describe_socket(struct http_server *server, int fd, struct err *err)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    char host[64], port[16];
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return err_errno(err, "asking which port is used");
    if (getnameinfo((struct sockaddr *)&name, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return err_set(err, ERR_SYSTEM, "asking which port is used");
    long long number = 0;
    text_to_long(port, 0, 65535, &number);
    server->port = (int)number;
    if (strcmp(host, "0.0.0.0") == 0)
        snprintf(host, sizeof host, "127.0.0.1");
    if (strcmp(host, "::") == 0)
        snprintf(host, sizeof host, "::1");
    bool six = strchr(host, ':') != NULL;
    text_format(server->url, sizeof server->url, "http://%s%s%s:%d", six ? "[" : "", host, six ? "]" : "",
                server->port);
    return true;
}

/* On libmicrohttpd's own thread: each connection has its place from its first moment to its last. */
static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        places_leave(*socket_context);
        return;
    }
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *socket_context = places_take(
        server->places, fd, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd)
{
    const struct http_server_options *options = &server->options;
    bool each = options->threads == HTTP_THREAD_PER_CONNECTION;
    unsigned flags =
        MHD_USE_INTERNAL_POLLING_THREAD | (each ? MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL : MHD_USE_AUTO);
    unsigned pool = each || options->pool < 2 ? 0 : options->pool;
    return MHD_start_daemon(flags | MHD_USE_ITC, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_URI_LOG_CALLBACK, exchange_new, server,
                            MHD_OPTION_NOTIFY_COMPLETED, exchange_done, server, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, server, MHD_OPTION_THREAD_POOL_SIZE, pool,
                            MHD_OPTION_THREAD_STACK_SIZE, each ? (size_t)512 * 1024 : (size_t)256 * 1024,
                            MHD_OPTION_CONNECTION_LIMIT, places_limit(server->places),
                            MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s ? options->idle_s : IDLE_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
}

bool http_server_start(const struct http_server_options *options, struct http_server **ret_server, struct err *err)
{
    int fd;
    if (!listen_on(options->address, &fd, err))
        return false;
    struct http_server *server = xcalloc(1, sizeof *server);
    server->options = *options;
    pthread_mutex_init(&server->lock, NULL);
    clock_cond_init(&server->idle);
    clock_cond_init(&server->halt);
    clock_cond_init(&server->less);
    server->places = places_new(options->connections_max ? options->connections_max : CONNECTIONS,
                                options->idle_s ? options->idle_s : IDLE_S);
    if (describe_socket(server, fd, err) && (!server->places || !(server->daemon = daemon_start(server, fd))))
        err_errno(err, "starting the HTTP server on %s", options->address);
    if (!server->daemon) {
        close(fd);
        http_server_stop(server);
        return false;
    }
    *ret_server = server;
    return true;
}

static void wait_for_answers(struct http_server *server)
{
    struct timespec until = clock_mono_after(STOP_WAIT_MS);
    pthread_mutex_lock(&server->lock);
    while (server->active > 0 && pthread_cond_timedwait(&server->idle, &server->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&server->lock);
}

void http_server_stop(struct http_server *server)
{
    if (!server)
        return;
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->stopping, true);
    pthread_cond_broadcast(&server->halt);
    pthread_cond_broadcast(&server->less);
    pthread_mutex_unlock(&server->lock);
    if (server->daemon) {
        int fd = MHD_quiesce_daemon(server->daemon);
        wait_for_answers(server);
        MHD_stop_daemon(server->daemon);
        if (fd >= 0)
            close(fd);
    }
    places_free(server->places);
    pthread_cond_destroy(&server->idle);
    pthread_cond_destroy(&server->halt);
    pthread_cond_destroy(&server->less);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

const char *http_server_url(const struct http_server *server)
{
    return server->url;
}
