/* Server and client over loopback: routes, limits, problems, tokens, long polls, a clean stop. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/http.h"

static atomic_int waiting, answered;
static char last_pattern[64];

static void echo(void *context, struct http_request *request, struct http_response *response)
{
    (void)context;
    const char *q = http_query(request, "q"), *header = http_header(request, "Idempotency-Key");
    http_reply_json(response, 201,
                    json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:I, s:O?}", "method", request->method, "id",
                              request->parameters[0], "q", q, "key", header, "bearer", request->bearer, "len",
                              (json_int_t)request->body_len, "body", request->json));
}

static void deny(void *context, struct http_request *request, struct http_response *response)
{
    (void)context, (void)request;
    struct err err = ERR_INIT;
    err_set(&err, ERR_CONFLICT, "release r1 is open");
    err_hint(&err, "Watch it.");
    http_problem_err(response, &err);
}

static void plain(void *context, struct http_request *request, struct http_response *response)
{
    (void)context, (void)request;
    response->type = "text/plain; version=0.0.4";
    buf_adds(&response->body, "up 1\n");
}

static void wait_until_stopped(void *context, struct http_request *request, struct http_response *response)
{
    (void)context;
    atomic_fetch_add(&waiting, 1);
    while (!http_stopping(request))
        http_pause(request, 60000);
    http_reply_json(response, 200, json_pack("{s:b}", "ended", 1));
}

static void done(void *context, const char *method, const char *pattern, int status, int64_t duration_us)
{
    (void)context, (void)method, (void)status, (void)duration_us;
    snprintf(last_pattern, sizeof last_pattern, "%s", pattern);
    atomic_fetch_add(&answered, 1);
}

static const struct http_route routes[] = {
    {"GET", "/things/{id}", 0, 0, echo, "one"},
    {"POST", "/things/{id}", HTTP_JSON, 4 << 20, echo, "make one"},
    {"PUT", "/things/{id}", 0, 16, echo, "small bodies"},
    {"POST", "/empty/{id}", 0, 0, echo, "no body"},
    {"GET", "/deny", 0, 0, deny, "no"},
    {"GET", "/metrics", 0, 0, plain, "text"},
    {"GET", "/wait", 0, 0, wait_until_stopped, "long poll"},
    {NULL, NULL, 0, 0, NULL, NULL},
};

static struct http_server *server;
static struct http_client *client;

static void start(enum http_threads threads)
{
    struct err err = ERR_INIT;
    struct http_server_options options = {
        .address = "127.0.0.1:0", .routes = routes, .threads = threads, .pool = 2, .done = done};
    cr_assert(http_server_start(&options, &server, &err), "%s", err.text);
    cr_assert_gt(http_server_port(server), 0);
    cr_assert(http_client_new(http_server_url(server), "s3cret", 10000, &client, &err), "%s", err.text);
}

static void start_threads(void)
{
    start(HTTP_THREAD_PER_CONNECTION);
}

static void stop(void)
{
    http_client_free(client);
    http_server_stop(server);
}

TestSuite(http_roundtrip, .init = start_threads, .fini = stop, .timeout = 60);

static const char *text(const struct http_reply *reply, const char *name)
{
    const char *value = json_string_value(json_object_get(reply->json, name));
    return value ? value : "(none)";
}

Test(http_roundtrip, get_with_everything)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_assert(http_call(client, "GET", "/things/a%20b%2Fc?q=x%26y", NULL, "Idempotency-Key: k1", &reply, &err), "%s",
              err.text);
    cr_expect_eq(reply.status, 201);
    cr_expect_str_eq(text(&reply, "id"), "a b/c");
    cr_expect_str_eq(text(&reply, "q"), "x&y");
    cr_expect_str_eq(text(&reply, "key"), "k1");
    cr_expect_str_eq(text(&reply, "bearer"), "s3cret");
}

Test(http_roundtrip, escaped_segments_come_back)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_buf struct buf path = BUF_INIT(1024);
    buf_adds(&path, "/things/");
    http_add_escaped(&path, "gr\xc3\xbc\xc3\x9f 100%");
    cr_assert(http_call(client, "GET", buf_text(&path), NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect_str_eq(text(&reply, "id"), "gr\xc3\xbc\xc3\x9f 100%");
}

Test(http_roundtrip, large_json_body)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    size_t size = 3 << 20;
    char *big = xmalloc(size + 1);
    memset(big, 'x', size);
    big[size] = '\0';
    json_t *body = json_pack("{s:s}", "sql", big);
    free(big);
    bool ok = http_call(client, "POST", "/things/1", body, NULL, &reply, &err);
    json_decref(body);
    cr_assert(ok, "%s", err.text);
    cr_expect_eq(json_string_length(json_object_get(json_object_get(reply.json, "body"), "sql")), size);
}

Test(http_roundtrip, too_large_is_413_for_a_little_and_for_a_lot)
{
    static const size_t sizes[] = {32, 100000, (4 << 20) + 4096, 64 << 20};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct err err = ERR_INIT;
        auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
        char *big = xmalloc(sizes[i] + 1);
        memset(big, 'x', sizes[i]);
        big[sizes[i]] = '\0';
        json_t *body = json_pack("[s]", big);
        free(big);
        bool ok = http_call(client, i < 2 ? "PUT" : "POST", "/things/1", body, NULL, &reply, &err);
        json_decref(body);
        cr_expect_not(ok);
        cr_expect_eq(reply.status, 413, "%zu bytes: %d %s", sizes[i], reply.status, err.text);
        cr_expect_eq(err.kind, ERR_FULL);
    }
}

Test(http_roundtrip, body_where_none_is_taken)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    json_t *body = json_pack("[i]", 1);
    cr_expect_not(http_call(client, "POST", "/empty/1", body, NULL, &reply, &err));
    cr_expect_eq(reply.status, 413);
    cr_expect(http_call(client, "POST", "/empty/1", NULL, NULL, &reply, &err), "%s", err.text);
    json_decref(body);
}

Test(http_roundtrip, unknown_paths_and_methods)
{
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {{"GET", "/nothing", 404}, {"GET", "/things/", 404},     {"GET", "/things/a/b", 404},
                 {"GET", "/", 404},        {"DELETE", "/things/1", 405}, {"POST", "/metrics", 405},
                 {"GET", "/things", 404},  {"GET", "/../deny", 404}, {"GET", "/things/%ff", 404},
                 {"GET", "/things/7%00", 404}, {"GET", "/things/7?a=%ff", 400}, {"GET", "/things/7?a=%00b", 400}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = ERR_INIT;
        auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
        json_t *body = strcmp(cases[i].method, "GET") ? json_pack("[i]", 1) : NULL;
        cr_expect_not(http_call(client, cases[i].method, cases[i].path, body, NULL, &reply, &err));
        json_decref(body);
        if (strcmp(cases[i].path, "/../deny") != 0) /* curl takes the dots out */
            cr_expect_eq(reply.status, cases[i].status, "%s %s: %d", cases[i].method, cases[i].path, reply.status);
        cr_expect(err.text[0]);
    }
}

Test(http_roundtrip, bodies_that_are_not_json)
{
    /* Raw, because the client can only send JSON. */
    static const char *const bodies[] = {"", "{", "{\"a\":1,\"a\":2}", "hello", "[1] x", "\"text\"", "[\"\xff\"]"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        auto_free char *request = xasprintf("POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
                                            "Connection: close\r\n\r\n%s", strlen(bodies[i]), bodies[i]);
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
        cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
        char answer[2048] = "";
        size_t got = 0;
        for (ssize_t n; got < sizeof answer - 1 && (n = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0;)
            got += (size_t)n;
        cr_expect(strstr(answer, "HTTP/1.1 400"), "%s: %s", bodies[i], answer);
        cr_expect(strstr(answer, "application/problem+json"));
        cr_expect(strstr(answer, "the body is not JSON"));
    }
}

Test(http_roundtrip, problem_becomes_an_error_again)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_expect_not(http_call(client, "GET", "/deny", NULL, NULL, &reply, &err));
    cr_expect_eq(reply.status, 409);
    cr_expect_eq(err.kind, ERR_CONFLICT);
    cr_expect_str_eq(err.text, "release r1 is open");
    cr_expect_str_eq(err.hint, "Watch it.");
    cr_expect_str_eq(text(&reply, "title"), "Conflict");
    cr_expect_str_eq(text(&reply, "type"), "about:blank");
}

Test(http_roundtrip, text_answers)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_assert(http_call(client, "GET", "/metrics", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect_str_eq(buf_text(&reply.body), "up 1\n");
    cr_expect_null(reply.json);
    int64_t limit = clock_mono_ms() + 5000;
    while (atomic_load(&answered) == 0 && clock_mono_ms() < limit)
        ;
    cr_expect_str_eq(last_pattern, "/metrics");
}

static void *long_poll(void *context)
{
    struct http_client *other;
    struct err err = ERR_INIT;
    bool *ended = context;
    if (!http_client_new(http_server_url(server), NULL, 20000, &other, &err))
        return NULL;
    *ended = http_call(other, "GET", "/wait", NULL, NULL, NULL, &err);
    http_client_free(other);
    return NULL;
}

Test(http_roundtrip, stop_ends_long_polls_with_their_answer, .fini = NULL)
{
    pthread_t threads[3];
    bool ended[3] = {false};
    for (size_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, long_poll, &ended[i]);
    int64_t limit = clock_mono_ms() + 10000;
    while (atomic_load(&waiting) < 3 && clock_mono_ms() < limit)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 1000000}, NULL);
    cr_assert_eq(atomic_load(&waiting), 3);
    struct err err = ERR_INIT;
    cr_expect(http_call(client, "GET", "/metrics", NULL, NULL, NULL, &err), "others are answered meanwhile: %s",
              err.text);
    auto_free char *url = xstrdup(http_server_url(server));
    int64_t before = clock_mono_ms();
    http_server_stop(server);
    server = NULL;
    cr_expect_lt(clock_mono_ms() - before, 4000);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        cr_expect(ended[i], "long poll %zu got no answer", i);
    }
    cr_expect_not(http_call(client, "GET", "/metrics", NULL, NULL, NULL, &err));
    cr_expect_eq(err.kind, ERR_UNREACHABLE);
    cr_expect(strstr(err.text, url), "%s", err.text);
    cr_expect(err.hint[0]);
}

static bool yes(void *context)
{
    (void)context;
    return true;
}

Test(http_roundtrip, waiting_can_be_stopped_and_times_out)
{
    struct err err = ERR_INIT;
    http_client_set_timeout(client, 300);
    cr_expect_not(http_call(client, "GET", "/wait", NULL, NULL, NULL, &err));
    cr_expect_eq(err.kind, ERR_TIMEOUT, "%s", err.text);
    http_client_set_timeout(client, 30000);
    http_client_set_stop(client, yes, NULL);
    int64_t before = clock_mono_ms();
    cr_expect_not(http_call(client, "GET", "/wait", NULL, NULL, NULL, &err));
    cr_expect_eq(err.kind, ERR_TIMEOUT, "%s", err.text);
    cr_expect_lt(clock_mono_ms() - before, 5000);
}

Test(http_server, pool_answers_too, .timeout = 60)
{
    start(HTTP_POOL);
    struct err err = ERR_INIT;
    for (int i = 0; i < 50; i++)
        cr_expect(http_call(client, "GET", "/things/1", NULL, NULL, NULL, &err), "%s", err.text);
    stop();
}

Test(http_server, addresses)
{
    struct http_server *one = NULL, *two = NULL;
    struct err err = ERR_INIT;
    static const char *const bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "::1:80",
                                      "127.0.0.1:-1", "no.such.host.invalid:80", "[::1]80"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct http_server_options options = {.address = bad[i], .routes = routes};
        cr_expect_not(http_server_start(&options, &one, &err), "%s", bad[i]);
        cr_expect_eq(err.kind, ERR_CONFIG, "%s: %s", bad[i], err.text);
    }
    struct http_server_options options = {.address = "0.0.0.0:0", .routes = routes};
    cr_assert(http_server_start(&options, &one, &err), "%s", err.text);
    auto_free char *taken = xasprintf("127.0.0.1:%d", http_server_port(one));
    auto_free char *url = xasprintf("http://%s", taken);
    cr_expect_str_eq(http_server_url(one), url);
    options.address = taken;
    cr_expect_not(http_server_start(&options, &two, &err));
    cr_expect_eq(err.kind, ERR_SYSTEM);
    cr_expect(strstr(err.text, taken), "%s", err.text);
    cr_expect(err.hint[0]);
    http_server_stop(one);
    http_server_stop(NULL);
}

Test(http_client, urls)
{
    static const char *const bad[] = {"", "localhost:8080", "ftp://x/", "file:///etc/passwd", "http://", "http://a b/"};
    struct http_client *none = NULL;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        cr_expect_not(http_client_new(bad[i], NULL, 1000, &none, &err), "%s", bad[i]);
        cr_expect_eq(err.kind, ERR_CONFIG);
    }
    cr_assert(http_client_new("http://127.0.0.1:1/", NULL, 1000, &none, &err));
    cr_expect_not(http_call(none, "GET", "/", NULL, NULL, NULL, &err));
    cr_expect_eq(err.kind, ERR_UNREACHABLE);
    json_t *body = json_pack("{s:s}", "a", "b");
    cr_expect_not(http_call(none, "POST", "/", body, NULL, NULL, NULL));
    json_decref(body);
    http_client_free(none);
}
