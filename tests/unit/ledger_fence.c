/* The fence, the lease and acknowledgements on a real server (protocol.md, 1).
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <unistd.h>

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

TestSuite(ledger_fence, .init = start, .fini = stop_server, .timeout = 120);

Test(ledger_fence, rules_of_the_token)
{
    struct ledger *l = open_as("auth", "worker-a", 0);
    struct err err = ERR_INIT;
    struct fence f;
    lock(l);
    cr_assert(ledger_fence_read(l, &arena, &f, &err));
    cr_assert(f.epoch == 0 && f.sequence == 0 && f.term[0] == 0);
    cr_assert_eq(raise_to(l, 3, TERM_A, 10, "d10", 5), REFUSAL_REWOUND); /* the coordinator saw 5, there is nothing */
    cr_assert_eq(raise_to(l, INT64_MAX - 1, TERM_A, 1, "d", 0), REFUSAL_JUMP);
    cr_assert_eq(raise_to(l, 1000001, TERM_A, 1, "d", 0), REFUSAL_JUMP);
    cr_assert_eq(raise_to(l, 3, TERM_A, 1000001, "d", 0), REFUSAL_JUMP);
    cr_assert_eq(raise_to(l, 3, TERM_A, 10, "d10", 0), REFUSAL_COUNT);
    cr_assert_eq(raise_to(l, 3, TERM_A, 10, "d10", 10), REFUSAL_COUNT);  /* redelivered */
    cr_assert_eq(raise_to(l, 3, TERM_A, 10, "other", 0), REFUSAL_CONFLICT);
    cr_assert_eq(raise_to(l, 3, TERM_B, 10, "d10", 0), REFUSAL_CONFLICT);
    cr_assert_eq(raise_to(l, 3, TERM_B, 11, "d11", 0), REFUSAL_CONFLICT);
    cr_assert_eq(raise_to(l, 3, TERM_A, 9, "d9", 0), REFUSAL_STALE);
    cr_assert_eq(raise_to(l, 2, TERM_B, 99, "d99", 0), REFUSAL_STALE);
    cr_assert_eq(raise_to(l, 3, TERM_A, 12, "d12", 11), REFUSAL_REWOUND);
    cr_assert_eq(raise_to(l, 4, TERM_B, 11, "d11", 10), REFUSAL_COUNT);
    cr_assert(ledger_fence_read(l, &arena, &f, &err));
    cr_assert(f.epoch == 4 && f.sequence == 11 && strcmp(f.term, TERM_B) == 0 && strcmp(f.digest, "d11") == 0);
    ledger_close(l);
}

Test(ledger_fence, nothing_runs_after_a_refusal)
{
    struct ledger *l = ready(5);
    cr_assert_eq(raise_to(l, 1, TERM_A, 4, "d", 0), REFUSAL_STALE);
    cr_assert_eq(apply(l, up("q1", "1", "CREATE TABLE a (x int)")), EXECUTOR_FENCED);
    ledger_close(l);
}

Test(ledger_fence, another_server_is_rewound_until_a_person_accepts_it)
{
    struct ledger *l = ready(5);
    test_pg_run(database, "UPDATE greylag.fence SET timeline = timeline + 1");
    cr_assert_eq(raise_to(l, 1, TERM_A, 6, "d6", 5), REFUSAL_REWOUND);
    test_pg_run(database, "UPDATE greylag.fence SET timeline = timeline - 1, system_identifier = '1'");
    cr_assert_eq(raise_to(l, 1, TERM_A, 6, "d6", 5), REFUSAL_REWOUND);
    struct ledger_raise raise = {.fence = {1, TERM_A, 6, "d6"}, .expects = 5, .accept_server = true};
    enum refusal refusal;
    struct fence in_force;
    cr_assert(ledger_fence_raise(l, &raise, &arena, &refusal, NULL, &in_force, NULL) && refusal == REFUSAL_COUNT);
    cr_assert_eq(raise_to(l, 1, TERM_A, 7, "d7", 6), REFUSAL_COUNT);
    ledger_close(l);
}

/* A raise waits for the step that runs under the fence in force, and a step that begins after it aborts. */
struct raising {
    struct ledger *ledger;
    bool after; /* what the step did was there when the raise was through */
};
static void *raise_behind(void *context)
{
    struct raising *r = context;
    await_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND "
                "state = 'active'"
                " AND datname = current_database()", "1");
    struct ledger_raise raise = {.fence = {1, TERM_A, 2, "d2"}};
    enum refusal refusal;
    struct fence in_force;
    struct arena mine = ARENA_INIT;
    cr_assert(ledger_fence_raise(r->ledger, &raise, &mine, &refusal, NULL, &in_force, NULL) &&
              refusal == REFUSAL_COUNT);
    r->after = value_is("SELECT count(*) FROM pg_class WHERE relname = 'a'", "1");
    arena_release(&mine);
    return NULL;
}

Test(ledger_fence, a_successor_waits_for_the_running_step)
{
    struct ledger *l = ready(1), *other = open_as("auth", "worker-b", 0);
    struct raising r = {.ledger = other};
    pthread_t thread;
    pthread_create(&thread, NULL, raise_behind, &r);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int); SELECT pg_sleep(1)"), OUTCOME_APPLIED);
    pthread_join(thread, NULL);
    cr_assert(r.after, "the fence was raised while the step ran");
    cr_assert_eq(apply(l, up("q2", "2", "CREATE TABLE b (x int)")), EXECUTOR_FENCED);
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'b'", "0");
    ledger_close(l);
    ledger_close(other);
}

Test(ledger_fence, the_lock_is_for_one_and_its_lease_is_extended)
{
    struct ledger *a = open_as("auth", "worker-a", 600), *b = open_as("auth", "worker-b", 600);
    struct err err = ERR_INIT;
    bool locked;
    char holder[256] = "";
    lock(a);
    cr_assert(ledger_lock(b, 1500, NULL, NULL, &locked, holder, &err)); /* longer than the lease: a lives, so b waits */
    printf("held by %s\n", holder);
    cr_assert(!locked && strstr(holder, "worker-a"));
    cr_assert(ledger_connected(a));
    cr_assert(ledger_unlock(a, &err), "%s", err.text);
    lock(b);
    lock(b); /* again is fine */
    ledger_close(b);
    lock(a);
    ledger_close(a);
}

Test(ledger_fence, a_frozen_holder_is_terminated_when_its_lease_has_lapsed)
{
    struct ledger *a = open_as("auth", "worker-a", 60000), *b = open_as("auth", "worker-b", 60000);
    lock(a);
    cr_assert_eq(raise_to(a, 1, TERM_A, 1, "d", 0), REFUSAL_COUNT);
    pg_run(ledger_session(a), "BEGIN; SELECT * FROM greylag.fence FOR SHARE", NULL, NULL,
           NULL); /* in the middle of a step */
    test_pg_run(database, "UPDATE greylag.lease SET expires = clock_timestamp() - interval '1 s'");
    lock(b);
    cr_assert_eq(raise_to(b, 1, TERM_A, 2, "d2", 1), REFUSAL_COUNT);
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    cr_assert_eq(apply(a, up("q1", "1", "CREATE TABLE a (x int)")),
                 EXECUTOR_FENCED); /* wakes up: the target is taken */
    VALUE("SELECT count(*) FROM pg_class WHERE relname = 'a'", "0");
    ledger_close(a);
    ledger_close(b);
}

Test(ledger_fence, a_lock_that_was_taken_away_still_keeps_others_out)
{
    struct ledger *a = open_as("auth", "worker-a", 60000), *b = open_as("auth", "worker-b", 60000);
    struct err err = ERR_INIT;
    bool locked;
    lock(a);
    pg_run(ledger_session(a), "SELECT pg_advisory_unlock_all()", NULL, NULL, NULL);
    cr_assert(ledger_lock(b, 100, NULL, NULL, &locked, NULL, &err) && !locked);
    cr_assert(!ledger_unlock(a, &err) && err.kind == ERR_CONFLICT);
    ledger_close(a);
    ledger_close(b);
}

/* Nobody has ended it until now. */
static void end_alive(PGconn *application)
{
    PGresult *alive = PQexec(application, "SELECT 1");
    cr_assert_eq(PQresultStatus(alive), PGRES_TUPLES_OK);
    PQclear(alive);
    PQfinish(application);
}

/* In a container process ids begin anew with each server: an application's session soon has the one of the lease. */
Test(ledger_fence, a_session_of_another_server_is_not_the_holder)
{
    struct ledger *b = open_as("auth", "worker-b", 60000);
    PGconn *application = PQconnectdb(database);
    char *lease = test_pg_value(
        database, arena_printf(&arena, "INSERT INTO greylag.lease SELECT 1, 'worker-a', pid, backend_start, "
                               "clock_timestamp() + interval '1 h', pg_postmaster_start_time() - interval '1 h' FROM "
                               "pg_stat_activity WHERE pid = %d RETURNING holder", PQbackendPID(application)));
    free(lease);
    lock(b);
    end_alive(application);
    ledger_close(b);
}

/* Whose start this role may not see: it may be the holder's while the lease stands, and is never ours to end. */
Test(ledger_fence, a_session_that_cannot_be_seen_is_waited_for_and_never_ended)
{
    const char *role = arena_printf(&arena, "low_%d", getpid());
    test_pg_run(database, arena_printf(&arena, "CREATE ROLE %s LOGIN; GRANT pg_signal_backend TO %s;", role, role));
    test_pg_run(database, arena_printf(&arena, "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %%I TO %s', "
                                       "current_database()); END $$", role));
    PGconn *application = PQconnectdb(database);
    const char *all = database;
    auto_free char *as_low = test_pg_conninfo_with(all, "user", role);
    database = as_low;
    struct ledger *b = open_as("auth", "worker-b", 60000);
    database = all;
    struct err err = ERR_INIT;
    bool locked;
    char holder[256];
    char *lease = test_pg_value(
        database, arena_printf(&arena, "INSERT INTO greylag.lease SELECT 1, 'worker-a', pid, backend_start, "
                               "clock_timestamp() + interval '1 h', pg_postmaster_start_time() FROM pg_stat_activity "
                               "WHERE pid = %d RETURNING holder", PQbackendPID(application)));
    free(lease);
    cr_assert(ledger_lock(b, 100, NULL, NULL, &locked, holder, &err) && !locked);
    printf("%s\n", holder);
    cr_assert(strstr(holder, "pg_read_all_stats"));
    test_pg_run(database, "UPDATE greylag.lease SET expires = clock_timestamp()");
    lock(b);
    end_alive(application);
    ledger_close(b);
    test_pg_run(database, arena_printf(&arena, "DROP OWNED BY %s; DROP ROLE %s", role, role));
}

Test(ledger_fence, services_share_a_database)
{
    struct ledger *a = open_as("auth", "worker-a", 0), *b = open_as("billing", "worker-b", 0);
    lock(a);
    lock(b);
    cr_assert_eq(raise_to(a, 1, TERM_A, 7, "d", 0), REFUSAL_COUNT);
    cr_assert_eq(raise_to(b, 1, TERM_A, 1, "e", 0), REFUSAL_COUNT);
    EXPECT(a, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    EXPECT(b, up("q2", "1", "CREATE TABLE b (x int)"), OUTCOME_APPLIED);
    const struct outcome *outcomes;
    size_t count;
    const char *ids[] = {"q1", "q2", "qu\"o{te,"};
    cr_assert(ledger_find(a, ids, 3, &arena, &outcomes, &count, NULL));
    cr_assert(count == 1 && strcmp(outcomes[0].request, "q1") == 0 && outcomes[0].sequence == 7);
    cr_assert(ledger_release_outcomes(b, "r1", &arena, &outcomes, &count, NULL));
    cr_assert(count == 1 && strcmp(outcomes[0].request, "q2") == 0);
    ledger_close(a);
    ledger_close(b);
}

static void *open_one(void *context)
{
    struct ledger_settings s = {.audience = {"shop", "test", context, "main"}, .conninfo = database, .worker = "w"};
    struct ledger *l = NULL;
    struct err err = ERR_INIT;
    if (!ledger_open(&s, &l, &err)) {
        printf("%s: %s\n", (char *)context, err.text);
        return context;
    }
    ledger_close(l);
    return NULL;
}

Test(ledger_fence, many_create_the_tables_at_once)
{
    static char names[6][8];
    pthread_t threads[6];
    crypto_init();
    for (int i = 0; i < 6; i++) {
        snprintf(names[i], sizeof names[i], "s%d", i);
        pthread_create(&threads[i], NULL, open_one, names[i]);
    }
    for (int i = 0; i < 6; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    VALUE("SELECT count(*) FROM greylag.target", "6");
}

/* As the first ledgers were: they are renewed on the way, and a worker that is not renewed yet goes on beside. */
Test(ledger_fence, an_older_ledger_is_renewed)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "SELECT 1"), OUTCOME_APPLIED);
    ledger_close(l);
    test_pg_run(database, "DELETE FROM greylag.version WHERE version > 2;DO $$ DECLARE f regprocedure; BEGIN FOR f IN "
                          "SELECT p.oid::regprocedure FROM pg_proc p WHERE (proname = 'step_end' AND pronargs > 10) OR "
                          "(proname = 'record' AND pronargs > 17) OR proname = 'say' LOOP "
                          "EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$;"
                          "ALTER TABLE greylag.lease DROP server_start; ALTER TABLE greylag.target DROP place;"
                          "ALTER TABLE greylag.history DROP said; ALTER TABLE greylag.applied DROP ran;"
                          "DROP FUNCTION greylag.others, greylag.refuse_known, greylag.take_over");
    l = ready(2);
    EXPECT(l, up("q2", "2", "SELECT 1"), OUTCOME_APPLIED);
    VALUE("SELECT max(version) >= 3 FROM greylag.version", "t");
    test_pg_run(database, "BEGIN; SELECT set_config('greylag.transaction', pg_current_xact_id()::text, true);"
                          "SELECT * FROM greylag.step_end(1, 'q3', 'r1', 'down', '2', 'c1', 1, 2, 'q2', NULL); COMMIT");
    VALUE("SELECT string_agg(request, ' ') FROM greylag.applied", "q1");
    ledger_close(l);
}

Test(ledger_fence, a_schema_of_another_name)
{
    struct ledger_settings s = {.audience = {"shop", "test", "auth", "main"},
                                .conninfo = database,
                                .schema = "Odd \"Name",
                                .search_path = "app",
                                .worker = "w"};
    struct ledger *l;
    struct err err = ERR_INIT;
    crypto_init();
    test_pg_run(database, "CREATE SCHEMA app; CREATE FUNCTION public.here() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    cr_assert(ledger_open(&s, &l, &err), "%s", err.text);
    lock(l);
    cr_assert_eq(raise_to(l, 1, TERM_A, 1, "d", 0), REFUSAL_COUNT);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM app.a", "0");
    EXPECT(l, up("q2", "2", "INSERT INTO a SELECT here()"), OUTCOME_APPLIED); /* what was there is found behind it */
    EXPECT(l, up("q3", "3", "CREATE INDEX CONCURRENTLY i ON a (x); INSERT INTO a SELECT here()"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM app.a", "2");
    VALUE("SELECT count(*) FROM \"Odd \"\"Name\".history", "3");
    ledger_close(l);
}

static size_t unacknowledged(struct ledger *l)
{
    const struct outcome *outcomes;
    size_t count;
    cr_assert(ledger_unacknowledged(l, 100, &arena, &outcomes, &count, NULL));
    return count;
}

Test(ledger_fence, acknowledgements_move_the_watermark)
{
    struct ledger *l = ready(1);
    int64_t p[4];
    for (int i = 0; i < 4; i++) {
        char *id = arena_printf(&arena, "q%d", i);
        EXPECT(l, up(id, id, i == 2 ? "bad" : "SELECT 1"), i == 2 ? OUTCOME_FAILED : OUTCOME_APPLIED);
        p[i] = last.outcome.position;
        cr_assert(i == 0 || p[i] > p[i - 1]);
    }
    cr_assert_eq(unacknowledged(l), 4);
    cr_assert(ledger_acknowledge(l, (int64_t[]){p[3], p[1], 999999}, 3, NULL));
    cr_assert_eq(unacknowledged(l), 2);
    VALUE("SELECT count(*) FROM greylag.acknowledged", "0");
    cr_assert(ledger_acknowledge(l, &p[0], 1, NULL));
    VALUE("SELECT through = (SELECT min(position) + 1 FROM greylag.history) FROM greylag.acknowledged", "t");
    struct ledger *again = open_as("auth", "worker-b", 0); /* it forgets what was not below the watermark */
    cr_assert_eq(unacknowledged(again), 2);
    ledger_close(again);
    cr_assert(ledger_acknowledge(l, p, 4, NULL));
    cr_assert_eq(unacknowledged(l), 0);
    EXPECT(l, up("q9", "9", "SELECT 1"), OUTCOME_APPLIED);
    cr_assert_eq(unacknowledged(l), 1);
    ledger_close(l);
}

/* Nothing grows for ever; what is in effect, what nobody has acknowledged and the newest row are not over. */
Test(ledger_fence, what_is_over_goes_from_the_history)
{
    struct ledger *l = ready(1);
    int64_t p[9], rows;
    for (int i = 0; i < 9; i++) {
        char *id = arena_printf(&arena, "q%d", i);
        EXPECT(l, up(id, id, i % 2 ? "bad" : "SELECT 1"), i % 2 ? OUTCOME_FAILED : OUTCOME_APPLIED);
        p[i] = last.outcome.position;
    }
    cr_assert(ledger_prune(l, 3600000, 100, &rows, NULL));
    cr_expect_eq(rows, 0, "an hour has not passed");
    test_pg_run(database, "UPDATE greylag.history SET finished_at = finished_at - interval '2 hours' "
                          "WHERE request <> 'q3'; "
                          "UPDATE greylag.history SET release = CASE WHEN request < 'q7' THEN request ELSE 'z' END; "
                          "INSERT INTO greylag.progress (target_id, request, statement, made, found, began_at) "
                          "SELECT target_id, 'old', 0, '', '', now() - interval '2 hours' FROM greylag.fence UNION ALL "
                          "SELECT target_id, 'new', 0, '', '', now() FROM greylag.fence");
    cr_assert(ledger_prune(l, 3600000, 100, &rows, NULL));
    cr_expect_eq(rows, 1, "nothing is acknowledged, a marker is old");
    VALUE("SELECT string_agg(request, ' ') FROM greylag.progress", "new");
    cr_assert(ledger_acknowledge(l, p, 8, NULL));
    cr_assert(ledger_prune(l, 3600000, 1, &rows, NULL));
    cr_expect_eq(rows, 1, "one at most");
    cr_assert(ledger_prune(l, 3600000, 100, &rows, NULL));
    /* the failure of the newest release stays: that may go on, and is asked for it */
    VALUE("SELECT string_agg(request, ' ' ORDER BY position) FROM greylag.history", "q0 q2 q3 q4 q6 q7 q8");
    /* what is in effect is undone under the same record, and a request that went is not taken for one that ran */
    EXPECT(l, up("q1", "q1", "SELECT 1"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM greylag.applied", "6");
    ledger_close(l);
}

Test(ledger_fence, every_statement_can_be_prepared)
{
    struct ledger *l = ready(1);
    struct err err = ERR_INIT;
    struct ledger_mark mark = {.statement = 0, .found = "x"};
    const struct ledger_mark *marks;
    size_t count;
    struct job_request r = up("q1", "1", "");
    struct job job = {.release = "r1", .requests = &r, .request_count = 1};
    struct ledger_step step = {.job = &job, .request = &r, .attempt = 1};
    cr_assert(ledger_mark_before(l, &step, &mark, &err), "%s", err.text);
    cr_assert(ledger_marks(l, "q1", &arena, &marks, &count, &err) && count == 1 && !marks[0].done &&
              marks[0].began_us > 0);
    cr_assert(ledger_mark_after(l, &step, 0, &arena, NULL, &err), "%s", err.text);
    cr_assert(ledger_marks(l, "q1", &arena, &marks, &count, &err) && marks[0].done && strcmp(marks[0].found, "x") == 0);
    test_pg_run(database, "UPDATE greylag.fence SET sequence = 9");
    cr_assert(!ledger_mark_before(l, &step, &mark, &err) && err.kind == ERR_FENCED);
    cr_assert(!ledger_mark_after(l, &step, 0, &arena, NULL, &err) && err.kind == ERR_FENCED);
    ledger_close(l);
}
