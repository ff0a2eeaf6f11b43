/* A target for the tests of ledger and executor: a fresh database, a ledger on it, jobs made by hand. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "executor/executor.h"
#include "harness/postgres.h"

#define TERM_A "0123456789abcdef0123456789abcdef"
#define TERM_B "fedcba9876543210fedcba9876543210"

static struct test_pg *server;
static const char *database;
static struct arena arena;

static inline struct ledger *open_as(const char *service, const char *worker, int64_t lease_ms)
{
    struct ledger_settings settings = {.audience = {"shop", "test", service, "main"}, .conninfo = database,
                                       .worker = worker, .lease_ms = lease_ms};
    struct ledger *ledger;
    struct err err = ERR_INIT;
    crypto_init();
    cr_assert(ledger_open(&settings, &ledger, &err), "%s", err.text);
    return ledger;
}

static inline void start(void)
{
    server = test_pg_start();
    database = test_pg_database(server, "target");
}

static inline void stop_server(void)
{
    arena_release(&arena);
    test_pg_stop(server);
}

static inline void lock(struct ledger *ledger)
{
    struct err err = ERR_INIT;
    bool locked;
    char holder[256] = "";
    cr_assert(ledger_lock(ledger, 5000, NULL, NULL, &locked, holder, &err), "%s", err.text);
    cr_assert(locked, "%s", holder);
}

static inline enum refusal raise_to(struct ledger *ledger, int64_t epoch, const char *term, int64_t sequence,
                                    const char *digest, int64_t expects)
{
    struct ledger_raise raise = {.fence = {epoch, term, sequence, digest}, .expects = expects};
    struct err err = ERR_INIT;
    enum refusal refusal;
    struct fence in_force;
    char message[256];
    cr_assert(ledger_fence_raise(ledger, &raise, &arena, &refusal, message, &in_force, &err), "%s", err.text);
    if (refusal != REFUSAL_COUNT)
        printf("refused: %s (%s)\n", refusal_text(refusal), message);
    return refusal;
}

/* Locked and fenced at epoch 1, sequence `sequence`. */
static inline struct ledger *ready(int64_t sequence)
{
    struct ledger *ledger = open_as("auth", "worker-a", 0);
    lock(ledger);
    cr_assert_eq(raise_to(ledger, 1, TERM_A, sequence, "d", 0), REFUSAL_COUNT);
    return ledger;
}

static inline struct job_request up(const char *id, const char *migration, const char *sql)
{
    return (struct job_request){.request = id, .direction = DIRECTION_UP, .migration = migration, .name = migration,
                                .checksum = "c1", .undoes = "", .sql = sql, .lock_timeout_ms = 2000,
                                .statement_timeout_ms = 20000};
}

static inline struct job_request down(const char *id, const char *migration, const char *undoes, const char *sql)
{
    struct job_request r = up(id, migration, sql);
    r.direction = DIRECTION_DOWN;
    r.undoes = undoes;
    return r;
}

/* As text, a repeatable one's. */
static inline struct job_request repeatable(const char *id, const char *migration, const char *undoes,
                                            const char *checksum, const char *sql)
{
    struct job_request r = up(id, migration, sql);
    r.kind = MIGRATION_REPEATABLE;
    r.undoes = undoes;
    r.checksum = checksum;
    return r;
}

static inline struct job_request record_only(const char *id, enum direction direction, const char *migration,
                                             const char *undoes, const char *checksum)
{
    struct job_request r = up(id, migration, "");
    r.direction = direction;
    r.undoes = undoes;
    r.checksum = checksum;
    return r;
}

static struct err last_error;
static struct executor_result last;
static const struct executor_hooks *hooks;
static struct job frame; /* what a job has beside its request */

static inline enum executor_end apply(struct ledger *ledger, struct job_request request)
{
    struct job_request *kept = arena_new(&arena, struct job_request);
    *kept = request;
    struct job *job = arena_new(&arena, struct job);
    *job = frame;
    job->audience = (struct audience){"shop", "test", "auth", "main"};
    job->release = "r1";
    job->requests = kept;
    job->request_count = 1;
    err_clear(&last_error);
    enum executor_end end = executor_apply(ledger, job, 0, hooks, &arena, &last, &last_error);
    const struct outcome *o = &last.outcome;
    if (end == EXECUTOR_RECORDED)
        printf("%s: %s %s %s line %lld left \"%s\" detail \"%s\" %s\n", request.request, outcome_text(o->kind),
               o->sqlstate, o->message, (long long)o->line, o->left, o->detail, last.warning);
    else
        printf("%s: end %d: %s\n", request.request, (int)end, last_error.text);
    return end;
}

#define EXPECT(ledger, request, outcome_wanted)                                                                        \
    do {                                                                                                               \
        cr_assert_eq(apply((ledger), (request)), EXECUTOR_RECORDED, "%s", last_error.text);                            \
        cr_assert_eq(last.outcome.kind, (outcome_wanted), "%s: %s", outcome_text(last.outcome.kind),                   \
                     last.outcome.message);                                                                            \
    } while (0)

static inline bool value_is(const char *sql, const char *wanted)
{
    char *value = test_pg_value(database, sql);
    bool same = strcmp(value, wanted) == 0;
    if (!same)
        printf("%s: \"%s\", not \"%s\"\n", sql, value, wanted);
    free(value);
    return same;
}
#define VALUE(sql, wanted) cr_assert(value_is((sql), (wanted)))

/* Polls until the query gives `wanted`. */
static inline void await_value(const char *sql, const char *wanted)
{
    int64_t deadline = clock_mono_ms() + 20000;
    for (;;) {
        char *value = test_pg_value(database, sql);
        bool same = strcmp(value, wanted) == 0;
        free(value);
        if (same)
            return;
        cr_assert(clock_mono_ms() < deadline, "%s never became %s", sql, wanted);
    }
}

/* Whether this server is of that version or a newer one; says what is left out otherwise. */
static inline bool is_since(int version, const char *what)
{
    auto_free char *text = test_pg_value(database, "SELECT current_setting('server_version_num')::int / 10000");
    int here = (int)strtol(text, NULL, 10);
    if (here < version)
        printf("# left out on PostgreSQL %d: %s\n", here, what);
    return here >= version;
}
