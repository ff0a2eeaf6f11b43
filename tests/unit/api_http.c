/* The API as its callers see it, over a real control database: access, uploads, plans, releases, orders, waiting. */
/* links: harness */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "api/api_internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "http/http.h"
#include "http/token.h"
#include "pg/pg.h"
#include "store/store.h"
#include "unit/control.h"

#define UP_SQL "CREATE TABLE t (id int)"
#define DOWN_SQL "DROP TABLE t"

static struct api *api;
static struct http_client *clients[TOKEN_ROLE_COUNT];
static char tokens_path[] = "/tmp/greylag-test-tokens-XXXXXX";

static void start(void)
{
    start_database();
    auto_buf struct buf lines = BUF_INIT(4096);
    char texts[TOKEN_ROLE_COUNT][TOKEN_TEXT_SIZE];
    for (int role = 0; role < TOKEN_ROLE_COUNT; role++) {
        token_make(token_role_text(role), role, texts[role], &lines);
        buf_addc(&lines, '\n');
    }
    auto_fd int fd = mkstemp(tokens_path);
    cr_assert_eq(write(fd, buf_text(&lines), lines.len), (ssize_t)lines.len);
    struct api_options options = {.address = "127.0.0.1:0", .conninfo = conninfo, .fleet = "shop", .environment = "dev",
                                  .tokens_file = tokens_path};
    MUST(api_start(&options, &api, &why));
    for (int role = 0; role < TOKEN_ROLE_COUNT; role++)
        MUST(http_client_new(api_url(api), texts[role], 40000, &clients[role], &why));
}

static void stop(void)
{
    for (int role = 0; role < TOKEN_ROLE_COUNT; role++)
        http_client_free(clients[role]);
    api_stop(api);
    unlink(tokens_path);
    stop_database();
}
TestSuite(api_http, .init = start, .fini = stop, .timeout = 120);

/* One call; returns the status. `body` is taken. */
static int call(enum token_role role, const char *method, const char *path, json_t *body, const char *header,
                struct http_reply *reply, struct err *err)
{
    err_clear(err);
    http_call(clients[role], method, path, body, header, reply, err);
    json_decref(body);
    return reply->status;
}

/* ---- a fleet of two services, each on a target of its own ---- */

static json_t *fleet_json(bool reversible)
{
    static const char *const auth_targets[] = {"auth"}, *const user_targets[] = {"user"}, *const needs[] = {"auth"};
    char up[DIGEST_HEX_SIZE], down[DIGEST_HEX_SIZE];
    digest_hex(UP_SQL, strlen(UP_SQL), up);
    digest_hex(DOWN_SQL, strlen(DOWN_SQL), down);
    struct migration migrations[2];
    for (int i = 0; i < 2; i++)
        migrations[i] = (struct migration){.id = i ? "2" : "1",
                                           .version = i ? "2" : "1",
                                           .name = "make t",
                                           .file = "V1__make_t.sql",
                                           .down_file = reversible ? "U1__make_t.sql" : NULL,
                                           .up = up,
                                           .down = reversible ? down : NULL,
                                           .up_size = (int64_t)strlen(UP_SQL),
                                           .down_size = reversible ? (int64_t)strlen(DOWN_SQL) : 0};
    struct service services[2] = {{.name = "auth", .layout = "flyway", .targets = auth_targets, .target_count = 1,
                                   .policy = POLICY_DEFAULT, .migrations = migrations, .migration_count = 2}};
    services[1] = services[0];
    services[1].name = "user";
    services[1].targets = user_targets;
    services[1].depends_on = needs;
    services[1].depends_on_count = 1;
    struct fleet fleet = {.name = "shop", .environment = "dev", .services = services, .service_count = 2};
    auto_free char *text = fleet_encode(&fleet);
    return json_loads(text, 0, NULL);
}

static json_t *request_json(bool reversible)
{
    return json_pack("{s:o}", "fleet", fleet_json(reversible));
}

/* Enrolled over HTTP; the rest as the leader would have heard it from workers. */
static void make_ready(void)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    key_generate(&key);
    cr_assert_eq(call(TOKEN_ADMIN, "POST", "/api/v1/workers",
                      json_pack("{s:s, s:s, s:[s,s]}", "key", key_public_text(&key.public_key, text), "name", "w1",
                                "targets", "auth", "user/user"),
                      NULL, &reply, &err),
                 201, "%s", err.text);
    struct store *store = NULL;
    struct store_lease lease;
    bool taken = false;
    MUST(store_open(conninfo, "shop", "dev", "test", &store, &why));
    MUST(store_lease_take(store, &(struct store_candidate){.holder = "test", .ttl_ms = 300000}, &taken, &lease, &why));
    struct store_seen seen[2] = {{.worker = "w-1", .host = "h", .version = "1", .service = "auth", .target = "auth",
                                  .contents = "", .problem = ""}};
    seen[1] = seen[0];
    seen[1].service = seen[1].target = "user";
    struct store_inventory inventories[2] = {{.service = "auth", .target = "auth"},
                                             {.service = "user", .target = "user"}};
    struct store_batch batch = {.seen = seen, .seen_count = 2, .inventories = inventories, .inventory_count = 2};
    MUST(store_batch_commit(store, &batch, &why));
    store_close(store); /* its lease lasts: what targets said is known as long as somebody leads */
}

static void upload(void)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/blobs", json_pack("{s:[s,s]}", "texts", UP_SQL, DOWN_SQL), NULL,
                      &reply, &err),
                 200, "%s", err.text);
}

static const char *text(const struct http_reply *reply, const char *name)
{
    const char *value = json_string_value(json_object_get(reply->json, name));
    return value ? value : "(none)";
}

/* ---- access ---- */

Test(api_http, without_a_token_only_health_and_metrics)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    struct http_client *nobody = NULL, *stranger = NULL;
    MUST(http_client_new(api_url(api), NULL, 20000, &nobody, &why));
    MUST(http_client_new(api_url(api), "gl_not_a_token", 20000, &stranger, &why));
    cr_expect(http_call(nobody, "GET", "/healthz", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect(http_call(nobody, "GET", "/readyz", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect(http_call(nobody, "GET", "/metrics", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect(strstr(buf_text(&reply.body), "greylag_control_database_up 1\n"), "%s", buf_text(&reply.body));
    cr_expect(strstr(buf_text(&reply.body), "fleet=\"shop\""));
    static const char *const paths[] = {"/api/v1/releases", "/api/v1/status", "/api/v1/workers", "/api/v1/health"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        cr_expect_not(http_call(nobody, "GET", paths[i], NULL, NULL, &reply, &err));
        cr_expect_eq(reply.status, 401, "%s: %d", paths[i], reply.status);
        cr_expect_not(http_call(stranger, "GET", paths[i], NULL, NULL, &reply, &err));
        cr_expect_eq(reply.status, 401, "%s: %d", paths[i], reply.status);
        cr_expect_eq(err.kind, ERR_UNTRUSTED);
    }
    http_client_free(nobody);
    http_client_free(stranger);
}

#define ANYBODY (-1)

/* Every call, and whom it is for: what the API's own table says has to stand here as well. */
static const struct {
    const char *method, *pattern, *path;
    int role; /* from which one on; ANYBODY */
} calls[] = {
    {"GET", "/healthz", "/healthz", ANYBODY},
    {"GET", "/readyz", "/readyz", ANYBODY},
    {"GET", "/metrics", "/metrics", ANYBODY},
    {"POST", "/api/v1/blobs/missing", "/api/v1/blobs/missing", TOKEN_VIEWER},
    {"POST", "/api/v1/blobs", "/api/v1/blobs", TOKEN_OPERATOR},
    {"POST", "/api/v1/plans", "/api/v1/plans", TOKEN_VIEWER},
    {"GET", "/api/v1/releases", "/api/v1/releases", TOKEN_VIEWER},
    {"POST", "/api/v1/releases", "/api/v1/releases", TOKEN_OPERATOR},
    {"GET", "/api/v1/releases/{id}", "/api/v1/releases/x", TOKEN_VIEWER},
    {"GET", "/api/v1/releases/{id}/events", "/api/v1/releases/x/events", TOKEN_VIEWER},
    {"POST", "/api/v1/releases/{id}/leave", "/api/v1/releases/x/leave", TOKEN_OPERATOR},
    {"POST", "/api/v1/releases/{id}/{order}", "/api/v1/releases/x/rollback", TOKEN_OPERATOR},
    {"POST", "/api/v1/releases/{id}/{order}", "/api/v1/releases/x/retry", TOKEN_OPERATOR},
    {"POST", "/api/v1/releases/{id}/{order}", "/api/v1/releases/x/cancel", TOKEN_OPERATOR},
    {"POST", "/api/v1/imports", "/api/v1/imports", TOKEN_OPERATOR},
    {"GET", "/api/v1/imports", "/api/v1/imports", TOKEN_VIEWER},
    {"GET", "/api/v1/tags", "/api/v1/tags", TOKEN_VIEWER},
    {"POST", "/api/v1/tags", "/api/v1/tags", TOKEN_OPERATOR},
    {"DELETE", "/api/v1/tags/{id}", "/api/v1/tags/x", TOKEN_OPERATOR},
    {"GET", "/api/v1/status", "/api/v1/status", TOKEN_VIEWER},
    {"POST", "/api/v1/status", "/api/v1/status", TOKEN_VIEWER},
    {"GET", "/api/v1/applied", "/api/v1/applied", TOKEN_VIEWER},
    {"GET", "/api/v1/history", "/api/v1/history", TOKEN_VIEWER},
    {"GET", "/api/v1/workers", "/api/v1/workers", TOKEN_VIEWER},
    {"POST", "/api/v1/workers", "/api/v1/workers", TOKEN_ADMIN},
    {"DELETE", "/api/v1/workers/{id}", "/api/v1/workers/x", TOKEN_ADMIN},
    {"DELETE", "/api/v1/targets/{target}", "/api/v1/targets/y", TOKEN_OPERATOR},
    {"DELETE", "/api/v1/targets/{service}/{target}", "/api/v1/targets/x/y", TOKEN_OPERATOR},
    {"GET", "/api/v1/retention", "/api/v1/retention", TOKEN_VIEWER},
    {"POST", "/api/v1/retention", "/api/v1/retention", TOKEN_ADMIN},
    {"GET", "/api/v1/health", "/api/v1/health", TOKEN_VIEWER},
};

static int status_of(struct http_client *client, size_t at)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool post = strcmp(calls[at].method, "POST") == 0;
    json_t *body = post ? json_object() : NULL;
    http_call(client, calls[at].method, calls[at].path, body, NULL, &reply, &err);
    json_decref(body);
    return reply.status;
}

Test(api_http, roles)
{
    struct http_client *nobody = NULL;
    MUST(http_client_new(api_url(api), NULL, 20000, &nobody, &why));
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        const char *path = calls[i].path;
        int status = status_of(nobody, i);
        cr_expect_eq(status == 401, calls[i].role != ANYBODY, "%s %s without a token: %d", calls[i].method, path,
                     status);
        for (int role = 0; role < TOKEN_ROLE_COUNT; role++) {
            status = status_of(clients[role], i);
            cr_expect(status != 401 && status != 0, "%s %s: %d", calls[i].method, path, status);
            cr_expect_eq(status == 403, role < calls[i].role, "%s %s by a %s: %d", calls[i].method, path,
                         token_role_text((enum token_role)role), status);
        }
    }
    http_client_free(nobody);
}

/* This coordinator keeps everything. */
Test(api_http, how_long_something_is_kept_is_a_time_that_there_is)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply shown = HTTP_REPLY_INIT, largest = HTTP_REPLY_INIT, above = HTTP_REPLY_INIT;
    int64_t most = (int64_t)36500 * 86400000;
    cr_assert_eq(call(TOKEN_VIEWER, "GET", "/api/v1/retention", NULL, NULL, &shown, &err), 200, "%s", err.text);
    cr_assert_eq(call(TOKEN_ADMIN, "POST", "/api/v1/retention", json_pack("{s:I}", "keepMs", (json_int_t)most), NULL,
                      &largest, &err), 200, "%s", err.text);
    cr_assert_eq(call(TOKEN_ADMIN, "POST", "/api/v1/retention", json_pack("{s:I}", "keepMs", (json_int_t)most + 1),
                      NULL, &above, &err), 400);
}

Test(api_http, every_call_says_whom_it_is_for)
{
    for (const struct http_route *route = api_routes; route->method; route++) {
        size_t rows = 0;
        for (size_t i = 0; i < COUNT_OF(calls); i++) {
            if (strcmp(calls[i].method, route->method) != 0 || strcmp(calls[i].pattern, route->pattern) != 0)
                continue;
            cr_expect_eq(HTTP_ACCESS_OF(route->flags) - 1, calls[i].role, "%s %s", route->method, route->pattern);
            rows++;
        }
        cr_expect(rows > 0, "%s %s has no row in this test: whom is it for?", route->method, route->pattern);
    }
}

/* Three bytes of it are a hundred and thirty of memory. */
Test(api_http, a_body_of_many_parts_is_refused_before_it_is_parsed)
{
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        if (strcmp(calls[i].method, "POST") != 0)
            continue;
        struct err err = ERR_INIT;
        auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
        json_t *list = json_array(), *whole = json_pack("{s:o}", "digests", list);
        for (int k = 0; k < 400000; k++)
            json_array_append_new(list, json_array());
        http_call(clients[TOKEN_ADMIN], "POST", calls[i].path, whole, NULL, &reply, &err);
        json_decref(whole);
        bool many = strstr(calls[i].path, "plans") || strstr(calls[i].path, "status") ||
                    strcmp(calls[i].path, "/api/v1/releases") == 0;
        cr_expect(many || reply.status == 413 || strstr(calls[i].pattern, "{order}"), "%s: %d", calls[i].path,
                  reply.status);
    }
}

Test(api_http, a_token_taken_out_of_the_file_ends_at_once)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_assert_eq(call(TOKEN_VIEWER, "GET", "/api/v1/health", NULL, NULL, &reply, &err), 200, "%s", err.text);
    cr_assert_eq(truncate(tokens_path, 0), 0);
    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/health", NULL, NULL, &reply, &err), 401);
    cr_assert_eq(chmod(tokens_path, 0644), 0);
    cr_assert_eq(truncate(tokens_path, 1), 0);
    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/health", NULL, NULL, &reply, &err), 401);
    cr_expect(strstr(err.text, "used by others"), "%s", err.text);
}

/* ---- texts ---- */

Test(api_http, texts_are_stored_under_the_digest_that_the_server_computes)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    char up[DIGEST_HEX_SIZE], down[DIGEST_HEX_SIZE];
    digest_hex(UP_SQL, strlen(UP_SQL), up);
    digest_hex(DOWN_SQL, strlen(DOWN_SQL), down);
    json_t *ask = json_pack("{s:[s,s]}", "digests", up, down);
    cr_expect_eq(call(TOKEN_VIEWER, "POST", "/api/v1/blobs/missing", json_incref(ask), NULL, &reply, &err), 200, "%s",
                 err.text);
    cr_expect_eq(json_array_size(json_object_get(reply.json, "missing")), 2);
    upload();
    cr_expect_eq(call(TOKEN_VIEWER, "POST", "/api/v1/blobs/missing", ask, NULL, &reply, &err), 200);
    cr_expect_eq(json_array_size(json_object_get(reply.json, "missing")), 0);
    cr_expect_eq(
        call(TOKEN_VIEWER, "POST", "/api/v1/blobs/missing", json_pack("{s:s}", "digests", "x"), NULL, &reply, &err),
        400);
    cr_expect_eq(
        call(TOKEN_VIEWER, "POST", "/api/v1/blobs/missing", json_pack("{s:[i]}", "digests", 1), NULL, &reply, &err),
        400);
}

/* ---- plans and releases ---- */

Test(api_http, malformed_requests)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    static const char *const bodies[] = {"{}",
                                         "[]",
                                         "{\"fleet\": 1}",
                                         "{\"fleet\": {}, \"options\": 1}",
                                         "{\"fleet\": {}, \"options\": {\"direction\": \"left\"}}",
                                         "{\"fleet\": {}, \"options\": {\"steps\": -1}}",
                                         "{\"fleet\": {}, \"options\": {\"services\": \"a\"}}",
                                         "{\"fleet\": {}, \"options\": {\"limits\": [{}]}}",
                                         "{\"fleet\": {}, \"options\": {\"all\": \"yes\"}}",
                                         "{\"fleet\": {}, \"acceptIrreversible\": 1}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        int status =
            call(TOKEN_OPERATOR, "POST", "/api/v1/releases", json_loads(bodies[i], 0, NULL), NULL, &reply, &err);
        cr_expect_eq(status, 400, "%s: %d %s", bodies[i], status, err.text);
        cr_expect_eq(err.kind, ERR_USAGE);
    }
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/plans", json_pack("{s:{}}", "fleet"), NULL, &reply, &err), 422);
}

Test(api_http, plan_then_release_then_orders)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    int status = call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), NULL, &reply, &err);
    cr_expect_eq(status, 409, "nobody reports yet: %d %s", status, err.text);
    cr_expect(json_is_true(json_object_get(reply.json, "retriable")));
    make_ready();
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", request_json(true), NULL, &reply, &err), 200, "%s",
                 err.text);
    const json_t *plan = json_object_get(reply.json, "plan");
    cr_expect_eq(json_array_size(json_object_get(plan, "steps")), 4);
    cr_expect_eq(json_array_size(json_object_get(reply.json, "missing")), 2);
    auto_free char *digest = xstrdup(json_string_value(json_object_get(plan, "digest")));
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), NULL, &reply, &err), 409);
    cr_expect_eq(json_array_size(json_object_get(reply.json, "missing")), 2, "%s", buf_text(&reply.body));
    upload();
    cr_assert_eq(
        call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), "Idempotency-Key: k1", &reply, &err), 201,
        "%s", err.text);
    auto_free char *release = xstrdup(text(&reply, "release"));
    cr_expect_str_eq(text(&reply, "digest"), digest);
    cr_expect_eq(
        call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), "Idempotency-Key: k1", &reply, &err), 201);
    cr_expect_str_eq(text(&reply, "release"), release, "the same key gives the same answer");
    cr_expect_eq(
        call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(false), "Idempotency-Key: k1", &reply, &err),
        422);
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), NULL, &reply, &err), 409);
    cr_expect(strstr(err.text, release) || strstr(err.hint, release), "%s", err.text);

    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/releases/latest", NULL, NULL, &reply, &err), 200, "%s", err.text);
    cr_expect_str_eq(text(&reply, "id"), release);
    cr_expect_str_eq(text(&reply, "requestedBy"), "operator");
    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/releases?limit=5", NULL, NULL, &reply, &err), 200);
    cr_expect_eq(json_array_size(json_object_get(reply.json, "releases")), 1);
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases/latest/rollback", NULL, NULL, &reply, &err), 202, "%s",
                 err.text);
    cr_expect_str_eq(text(&reply, "release"), release);
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases/latest/explode", NULL, NULL, &reply, &err), 404);
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases/nope/retry", NULL, NULL, &reply, &err), 404);
}

Test(api_http, irreversible_steps_have_to_be_accepted)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    make_ready();
    upload();
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(false), NULL, &reply, &err), 409);
    cr_expect(strstr(err.hint, "--accept-irreversible"), "%s / %s", err.text, err.hint);
    const json_t *finding = json_array_get(json_object_get(reply.json, "findings"), 0); /* as `down` has it: an error */
    cr_expect_str_eq(json_string_value(json_object_get(finding, "rule")), "irreversible");
    cr_expect(json_is_true(json_object_get(finding, "error")));
    json_t *body = request_json(false);
    json_object_set_new(body, "acceptIrreversible", json_true());
    cr_expect_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", body, NULL, &reply, &err), 201, "%s", err.text);
}

static void *two_at_once(void *context)
{
    struct http_reply *reply = context;
    struct http_client *client = clients[reply == NULL ? 0 : TOKEN_ADMIN];
    json_t *body = request_json(true);
    http_call(client, "POST", "/api/v1/releases", body, "Idempotency-Key: twice", reply, NULL);
    json_decref(body);
    return NULL;
}

Test(api_http, two_requests_at_once_start_one_release)
{
    auto_http_reply struct http_reply one = HTTP_REPLY_INIT, two = HTTP_REPLY_INIT;
    make_ready();
    upload();
    pthread_t thread;
    pthread_create(&thread, NULL, two_at_once, &one);
    struct err err;
    call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), NULL, &two, &err);
    pthread_join(thread, NULL);
    cr_expect((one.status == 201) != (two.status == 201), "%d %d", one.status, two.status);
    cr_expect(one.status == 409 || two.status == 409, "%d %d: %s", one.status, two.status, err.text);
}

/* ---- waiting ---- */

struct waiter {
    int status;
    json_int_t change;
    int64_t took_ms;
};

static void *wait_for_change(void *context)
{
    struct waiter *waiter = context;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_free char *path = xasprintf("/api/v1/releases/latest/events?after=%lld&wait=20000", (long long)waiter->change);
    int64_t before = clock_mono_ms();
    http_call(clients[TOKEN_VIEWER], "GET", path, NULL, NULL, &reply, NULL);
    waiter->took_ms = clock_mono_ms() - before;
    waiter->status = reply.status;
    waiter->change = json_integer_value(json_object_get(reply.json, "change"));
    return NULL;
}

Test(api_http, events_answer_when_something_changes)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    make_ready();
    upload();
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", request_json(true), NULL, &reply, &err), 201, "%s",
                 err.text);
    cr_assert_eq(call(TOKEN_VIEWER, "GET", "/api/v1/releases/latest/events", NULL, NULL, &reply, &err), 200, "%s",
                 err.text);
    const json_t *services = json_object_get(reply.json, "services");
    cr_expect_eq(json_array_size(services), 2, "%s", buf_text(&reply.body));
    const json_t *user = json_array_get(services, 1);
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(user, "waitsFor"), 0)), "auth");
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(user, "forward"), "total")), 2);
    struct waiter waiter = {.change = json_integer_value(json_object_get(reply.json, "change"))};
    json_int_t before = waiter.change;
    auto_free char *path = xasprintf("/api/v1/releases/latest/events?after=%lld&wait=100", (long long)before);
    cr_expect_eq(call(TOKEN_VIEWER, "GET", path, NULL, NULL, &reply, &err), 200);
    cr_expect(json_is_true(json_object_get(reply.json, "unchanged")));
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_change, &waiter);
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases/latest/cancel", NULL, NULL, &reply, &err), 202, "%s",
                 err.text);
    test_pg_run(conninfo, "UPDATE greylag.releases SET change = nextval('greylag.change')");
    pthread_join(thread, NULL);
    cr_expect_eq(waiter.status, 200);
    cr_expect_gt(waiter.change, before);
    cr_expect_lt(waiter.took_ms, 10000);
    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/releases/none/events?after=1", NULL, NULL, &reply, &err), 404);
}

Test(api_http, reads)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    make_ready();
    static const char *const paths[] = {"/api/v1/status", "/api/v1/applied", "/api/v1/history?limit=3&service=auth",
                                        "/api/v1/workers", "/api/v1/health", "/api/v1/releases"};
    for (size_t i = 0; i < COUNT_OF(paths); i++)
        cr_expect_eq(call(TOKEN_VIEWER, "GET", paths[i], NULL, NULL, &reply, &err), 200, "%s: %s", paths[i], err.text);
    cr_expect_eq(call(TOKEN_VIEWER, "POST", "/api/v1/status", request_json(true), NULL, &reply, &err), 200, "%s",
                 err.text);
    const json_t *target = json_array_get(json_object_get(reply.json, "targets"), 0);
    cr_expect_eq(json_integer_value(json_object_get(target, "pending")), 2, "%s", buf_text(&reply.body));
    cr_expect_eq(call(TOKEN_VIEWER, "GET", "/api/v1/releases/latest", NULL, NULL, &reply, &err), 404);
    cr_expect_eq(call(TOKEN_ADMIN, "DELETE", "/api/v1/workers/w1", NULL, NULL, &reply, &err), 200, "%s", err.text);
    cr_expect_eq(json_integer_value(json_object_get(reply.json, "revoked")), 1);
    cr_expect_eq(call(TOKEN_ADMIN, "DELETE", "/api/v1/workers/w9", NULL, NULL, &reply, &err), 404);
    cr_expect_eq(call(TOKEN_ADMIN, "POST", "/api/v1/workers",
                      json_pack("{s:s, s:[s]}", "key", "/etc/passwd", "targets", "a"), NULL, &reply, &err),
                 422);
}

/* ---- a control database that goes away ---- */

/* The interface on the control database that is there, and ann as its client, who only looks. */
static struct http_client *start_for_viewer(void)
{
    char token[TOKEN_TEXT_SIZE];
    auto_buf struct buf lines = BUF_INIT(4096);
    token_make("ann", TOKEN_VIEWER, token, &lines);
    auto_fd int fd = mkstemp(tokens_path);
    cr_assert_eq(write(fd, buf_text(&lines), lines.len), (ssize_t)lines.len);
    struct api_options options = {.address = "127.0.0.1:0", .conninfo = conninfo, .fleet = "shop", .environment = "dev",
                                  .tokens_file = tokens_path};
    struct http_client *client = NULL;
    MUST(api_start(&options, &api, &why));
    MUST(http_client_new(api_url(api), token, 30000, &client, &why));
    return client;
}

Test(api_database, gone_and_back, .timeout = 120)
{
    struct err err = ERR_INIT;
    crypto_init();
    server = test_pg_start_private(NULL);
    conninfo = test_pg_database(server, "control");
    struct http_client *client = start_for_viewer();
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_expect(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err), "%s", err.text);
    test_pg_down(server, true);
    cr_expect_not(http_call(client, "GET", "/readyz", NULL, NULL, &reply, &err));
    cr_expect_eq(reply.status, 503);
    cr_expect_not(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err));
    cr_expect_eq(reply.status, 503, "%d", reply.status);
    cr_expect(http_call(client, "GET", "/healthz", NULL, NULL, &reply, &err), "alive all the same: %s", err.text);
    cr_expect(http_call(client, "GET", "/metrics", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect(strstr(buf_text(&reply.body), "greylag_control_database_up 0\n"), "%s", buf_text(&reply.body));
    test_pg_up(server);
    cr_expect(http_call(client, "GET", "/readyz", NULL, NULL, &reply, &err), "%s", err.text);
    cr_expect(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err), "%s", err.text);
    http_client_free(client);
    api_stop(api);
    unlink(tokens_path);
    stop_database();
}

/* VACUUM FULL, or an ALTER TABLE by hand: whoever asks would keep a connection and a place until it ends. */
Test(api_database, a_table_that_is_locked_is_told_and_waited_for_no_longer, .timeout = 120)
{
    struct err err = ERR_INIT;
    crypto_init();
    start_database();
    struct http_client *client = start_for_viewer();
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    cr_expect(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err), "%s", err.text);
    PGconn *keeper = PQconnectdb(conninfo);
    PQclear(PQexec(keeper, "BEGIN; LOCK TABLE greylag.releases IN ACCESS EXCLUSIVE MODE"));
    cr_assert_eq(PQtransactionStatus(keeper), PQTRANS_INTRANS, "%s", PQerrorMessage(keeper));
    cr_expect_not(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err));
    cr_expect_eq(reply.status, 503, "%d: %s", reply.status, err.text);
    cr_expect(http_call(client, "GET", "/metrics", NULL, NULL, &reply, &err), "%s", err.text);
    PQfinish(keeper);
    cr_expect(http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err), "%s", err.text);
    http_client_free(client);
    api_stop(api);
    unlink(tokens_path);
    stop_database();
}

struct held_up {
    enum token_role role;
    const char *method, *path;
    int status;
    struct err err;
};

static void *call_held_up(void *context)
{
    struct held_up *call_of = context;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    json_t *body = strcmp(call_of->method, "POST") == 0 ? request_json(true) : NULL;
    call_of->status = call(call_of->role, call_of->method, call_of->path, body, NULL, &reply, &call_of->err);
    return NULL;
}

/* Also who plans and accepts, and who has to open a connection first. */
Test(api_http, no_call_waits_for_a_locked_table_for_ever)
{
    struct held_up calls_of[] = {{.role = TOKEN_VIEWER, .method = "GET", .path = "/api/v1/releases"},
                                 {.role = TOKEN_OPERATOR, .method = "POST", .path = "/api/v1/plans"},
                                 {.role = TOKEN_ADMIN, .method = "POST", .path = "/api/v1/releases"}};
    pthread_t threads[COUNT_OF(calls_of)];
    make_ready();
    PGconn *keeper = PQconnectdb(conninfo);
    PQclear(PQexec(keeper, "BEGIN; LOCK TABLE greylag.releases, greylag.applied, greylag.identity"));
    cr_assert_eq(PQtransactionStatus(keeper), PQTRANS_INTRANS, "%s", PQerrorMessage(keeper));
    for (size_t i = 0; i < COUNT_OF(calls_of); i++)
        pthread_create(&threads[i], NULL, call_held_up, &calls_of[i]);
    for (size_t i = 0; i < COUNT_OF(calls_of); i++) {
        const struct held_up *done = &calls_of[i];
        pthread_join(threads[i], NULL);
        cr_expect(done->status == 503 && done->err.kind == ERR_TIMEOUT && strstr(done->err.text, "holds a lock") &&
                      strstr(done->err.hint, "pg_blocking_pids"),
                  "%s: %d %s (%s)", done->path, done->status, done->err.text, done->err.hint);
    }
    PQfinish(keeper);
}

Test(api_http, a_call_that_takes_the_control_database_too_long_is_told)
{
    struct held_up slow = {.role = TOKEN_VIEWER, .method = "GET", .path = "/api/v1/workers"};
    make_ready();
    test_pg_run(conninfo, "CREATE OR REPLACE FUNCTION greylag.heard_within(heard_at timestamptz, ms bigint) "
                          "RETURNS boolean LANGUAGE sql AS $$ SELECT pg_sleep(1000) IS NULL $$");
    call_held_up(&slow);
    cr_expect(slow.status == 503 && slow.err.kind == ERR_TIMEOUT && strstr(slow.err.text, "takes too long") &&
                  strstr(slow.err.hint, "pg_stat_activity"),
              "%d %s (%s)", slow.status, slow.err.text, slow.err.hint);
}

Test(api_http, imports_are_asked_for_and_wait_for_the_answer)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    make_ready();
    cr_assert_eq(
        call(TOKEN_VIEWER, "POST", "/api/v1/imports", json_pack("{s:[s]}", "targets", "auth/auth"), NULL, &reply, &err),
        403);
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/imports", json_pack("{s:[]}", "targets"), NULL, &reply, &err),
                 400);
    cr_assert_eq(
        call(TOKEN_OPERATOR, "POST", "/api/v1/imports", json_pack("{s:[s]}", "targets", "auth"), NULL, &reply, &err),
        400);
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/imports",
                      json_pack("{s:[s,s]}", "targets", "auth/auth", "user/user"), NULL, &reply, &err),
                 202, "%s", err.text);
    json_int_t since = json_integer_value(json_object_get(reply.json, "since"));
    cr_assert_gt(since, 0);
    json_t *body = json_pack("{s:o, s:{s:s, s:s}, s:I}", "fleet", fleet_json(true), "options", "direction", "adopt",
                             "adoption", "import", "since", since);
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", json_incref(body), NULL, &reply, &err), 409);
    cr_expect(json_is_true(json_object_get(reply.json, "retriable")), "it may come in a moment");
    cr_expect(strstr(err.text, "auth/auth, user/user have not said yet"), "%s", err.text);
    test_pg_run(conninfo, "DELETE FROM greylag.keys WHERE target = 'auth'");
    test_pg_run(conninfo, "UPDATE greylag.targets SET last_seen = NULL");
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", json_incref(body), NULL, &reply, &err), 409);
    static const char both[] = "auth/auth: no worker's key is enrolled for it\n  user/user: no worker reports it";
    cr_expect(strstr(err.text, both), "%s", err.text);
    cr_expect(strstr(err.hint, "start or enroll their workers"), "%s", err.hint);
    json_t *up = request_json(true); /* of a plan that is only shown each target is a finding of its own */
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", up, NULL, &reply, &err), 200, "%s", err.text);
    auto_free char *shown = json_dumps(json_object_get(json_object_get(reply.json, "plan"), "findings"), 0);
    cr_expect(strstr(shown, "\"user/user: no worker reports it\""), "%s", shown);
    test_pg_run(conninfo, "UPDATE greylag.targets SET known = false"); /* also where a target has no step */
    json_t *repair = json_pack("{s:o, s:{s:s, s:s}}", "fleet", fleet_json(true), "options", "direction", "adopt",
                               "adoption", "repair");
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", repair, NULL, &reply, &err), 409, "%s", err.text);
    cr_expect(strstr(err.text, both), "%s", err.text);
    json_object_del(body, "since");
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", body, NULL, &reply, &err), 422);
    cr_assert_eq(call(TOKEN_VIEWER, "GET", "/api/v1/imports", NULL, NULL, &reply, &err), 200);
    const json_t *first = json_array_get(json_object_get(reply.json, "targets"), 0);
    cr_expect_eq(json_integer_value(json_object_get(first, "askedAtUs")), since);
    cr_expect(json_is_null(json_object_get(first, "answeredAtUs")));
    static const char *const wrong[][2] = {{"direction", "forget"}, {"direction", "sideways"}, {"adoption", "impart"}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        body = json_pack("{s:o, s:{s:s}}", "fleet", fleet_json(true), "options", wrong[i][0], wrong[i][1]);
        cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", body, NULL, &reply, &err), 400, "%s", wrong[i][1]);
    }
}

Test(api_http, a_baseline_is_a_release_and_a_tag_names_it)
{
    struct err err;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    make_ready();
    upload();
    json_t *body =
        json_pack("{s:o, s:{s:s, s:s, s:[s], s:[{s:s, s:s}]}}", "fleet", fleet_json(true), "options", "direction",
                  "adopt", "adoption", "baseline", "services", "auth", "limits", "service", "auth", "version", "1");
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/plans", json_incref(body), NULL, &reply, &err), 200, "%s",
                 err.text);
    const json_t *plan = json_object_get(reply.json, "plan");
    cr_assert_eq(json_array_size(json_object_get(plan, "steps")), 1);
    json_object_set_new(body, "plan", json_string("0000"));
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", json_incref(body), NULL, &reply, &err), 409);
    cr_expect(strstr(err.text, "another one than was looked at"), "%s", err.text);
    json_object_del(body, "plan");
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/releases", body, NULL, &reply, &err), 201, "%s", err.text);
    static const char *const wrong[] = {"", "latest", "1.2", "no spaces", "a/b"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        cr_assert_eq(
            call(TOKEN_OPERATOR, "POST", "/api/v1/tags", json_pack("{s:s}", "name", wrong[i]), NULL, &reply, &err), 422,
            "%s", wrong[i]);
    cr_assert_eq(call(TOKEN_VIEWER, "POST", "/api/v1/tags", json_pack("{s:s}", "name", "v1.2"), NULL, &reply, &err),
                 403);
    cr_assert_eq(call(TOKEN_OPERATOR, "POST", "/api/v1/tags", json_pack("{s:s}", "name", "v1.2"), NULL, &reply, &err),
                 201, "%s", err.text);
    cr_assert_eq(call(TOKEN_VIEWER, "GET", "/api/v1/tags", NULL, NULL, &reply, &err), 200);
    const json_t *tag = json_array_get(json_object_get(reply.json, "tags"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(tag, "name")), "v1.2");
    cr_expect_str_eq(json_string_value(json_object_get(tag, "direction")), "adopt");
    cr_assert_eq(call(TOKEN_OPERATOR, "DELETE", "/api/v1/tags/v1.2", NULL, NULL, &reply, &err), 200);
    cr_assert_eq(call(TOKEN_OPERATOR, "DELETE", "/api/v1/tags/v1.2", NULL, NULL, &reply, &err), 404);
}
