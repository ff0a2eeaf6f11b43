/* Who leads: the lease, its epoch, what a new one drops and ends, what wakes a leader. */
/* links: harness */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "unit/store_fixture.h"

TestSuite(store, .init = start_database, .fini = stop_database, .timeout = 120);

Test(store, the_outbox_keeps_what_is_not_sent_and_a_new_epoch_drops_it)
{
    struct store *store = open_store();
    lead(store, "a");
    struct store_message messages[2] = {
        {.topic = "t", .key = "k", .id = "i1", .type = "x", .payload = "{\"a\":\"\\\\ b\"}", .len = 11},
        {.topic = "t", .key = "k", .id = "i2", .type = "x", .payload = "two", .len = 3}};
    struct store_batch batch = {.messages = messages, .message_count = 2};
    MUST(store_batch_commit(store, &batch, &why));
    cr_assert(messages[0].row > 0 && messages[1].row > messages[0].row);
    auto_arena struct arena arena = ARENA_INIT;
    struct store_message *waiting;
    size_t count;
    MUST(store_outbox(store, &arena, &waiting, &count, &why));
    cr_assert_eq(count, 2);
    auto_free char *payload = NULL, *gone = NULL;
    MUST(store_outbox_payload(store, waiting[0].row, &payload, &why));
    cr_assert_str_eq(payload, messages[0].payload);
    cr_assert_eq(waiting[0].len, strlen(messages[0].payload));
    MUST(store_outbox_payload(store, waiting[0].row + 1000, &gone, &why));
    cr_assert_null(gone);
    MUST(store_outbox_sent(store, &messages[0].row, 1, &why));
    MUST(store_outbox(store, &arena, &waiting, &count, &why));
    cr_assert(count == 1 && strcmp(waiting[0].id, "i2") == 0);
    lead(store, "a");
    MUST(store_outbox(store, &arena, &waiting, &count, &why));
    cr_assert_eq(count, 0);
    store_close(store);
}

Test(store, the_lease_is_one_and_its_epoch_rises)
{
    struct store *a = open_store(), *b = open_store();
    struct store_lease first = lead(a, "a"), second;
    bool taken = true;
    MUST(store_lease_take(b, &(struct store_candidate){.holder = "b", .ttl_ms = 5000}, &taken, &second, &why));
    cr_assert_not(taken);
    MUST(store_lease_renew(a, false, &why));
    store_lease_release(a);
    second = lead(b, "b");
    cr_assert(second.epoch == first.epoch + 1 && !second.restored);
    cr_assert_str_neq(second.term, first.term);
    struct err err = ERR_INIT;
    struct store_batch batch = {.rollout = NULL};
    cr_assert_not(store_batch_commit(a, &batch, &err));
    cr_assert_eq(err.kind, ERR_FENCED);
    const struct store_candidate higher = {.holder = "b", .ttl_ms = 5000, .above = 1000};
    MUST(store_lease_take(b, &higher, &taken, &second, &why));
    cr_assert(taken && second.epoch == 1001 && second.restored, "%lld", (long long)second.epoch);
    store_close(a);
    store_close(b);
}

/* Everything that a leader does with the database under its lease is refused. */
static void refused(struct store *store, const char *why_not)
{
    struct err errs[4] = {ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT};
    struct store_message message = {.topic = "t", .key = "k", .id = "i", .type = "x", .payload = "p", .len = 1};
    struct store_batch batch = {.messages = &message, .message_count = 1};
    const bool done[] = {store_batch_commit(store, &batch, &errs[0]), store_lease_check(store, &errs[1]),
                         store_lease_renew(store, false, &errs[2]),
                         store_target_issue(store, "auth", "auth", 7, &errs[3])};
    for (size_t i = 0; i < COUNT_OF(done); i++)
        cr_assert(!done[i] && errs[i].kind == ERR_FENCED, "%s: %zu %s", why_not, i, errs[i].text);
    auto_arena struct arena arena = ARENA_INIT;
    struct store_message *waiting;
    size_t count;
    MUST(store_outbox(store, &arena, &waiting, &count, &why));
    cr_assert_eq(count, 0, "%s", why_not);
}

/* Also when nobody else has taken it yet, and when its epoch is one's own: that of a restored database may be. */
Test(store, a_leader_whose_lease_has_passed_or_is_anothers_commits_nothing)
{
    struct store *store = open_store();
    struct store_lease lease;
    bool taken = false;
    MUST(store_lease_take(store, &(struct store_candidate){.holder = "a", .ttl_ms = 300}, &taken, &lease, &why));
    usleep(350000); /* its time: nobody touches it */
    refused(store, "it has passed");
    lead(store, "a");
    test_pg_run(conninfo, "UPDATE greylag.lease SET term = repeat('a', 32), written = pg_current_xact_id()");
    refused(store, "another leader of the same epoch has it");
    lead(store, "a");
    test_pg_run(conninfo, "UPDATE greylag.lease SET epoch = epoch + 1, written = pg_current_xact_id()");
    refused(store, "another epoch has begun");
    store_close(store);
}

/* Whatever has written the lease but its leader: a restore, row by row. */
Test(store, a_lease_that_was_written_by_something_else_is_lost_and_its_successor_asks_everybody)
{
    struct store *store = open_store();
    struct err err = ERR_INIT;
    cr_assert_not(lead(store, "a").restored);
    MUST(store_lease_renew(store, false, &why));
    test_pg_run(conninfo, "UPDATE greylag.lease SET holder = holder");
    cr_assert(!store_lease_renew(store, false, &err) && err.kind == ERR_FENCED, "%s", err.text);
    cr_assert(lead(store, "a").restored);
    store_close(store);
}

static void *commit_one(void *context)
{
    struct store_message message = {.topic = "t", .key = "k", .id = "i", .type = "x", .payload = "p", .len = 1};
    struct store_batch batch = {.messages = &message, .message_count = 1};
    struct err err = ERR_INIT;
    return store_batch_commit(context, &batch, &err) ? context : NULL;
}

static bool succeeds(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool some = status == PGRES_COMMAND_OK || (status == PGRES_TUPLES_OK && PQntuples(result) > 0);
    PQclear(result);
    return some;
}

/* From its first statement to its commit nobody can take the lease. */
Test(store, a_leaders_transaction_holds_its_lease)
{
    struct store *store = open_store();
    PGconn *first = PQconnectdb(conninfo), *second = PQconnectdb(conninfo);
    pthread_t thread;
    void *committed;
    lead(store, "a");
    cr_assert(succeeds(first, "BEGIN") && succeeds(first, "LOCK TABLE greylag.outbox IN ACCESS EXCLUSIVE MODE"));
    cr_assert_eq(pthread_create(&thread, NULL, commit_one, store), 0);
    int64_t until = clock_mono_ms() + 10000;
    while (!succeeds(second, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'greylag.outbox'::regclass"))
        cr_assert_lt(clock_mono_ms(), until, "the commit is under way");
    cr_assert_not(succeeds(second, "SELECT 1 FROM greylag.lease FOR UPDATE NOWAIT"), "it holds the lease");
    cr_assert(succeeds(first, "COMMIT"));
    cr_assert_eq(pthread_join(thread, &committed), 0);
    cr_assert_not_null(committed);
    cr_assert(succeeds(second, "SELECT 1 FROM greylag.lease FOR UPDATE NOWAIT"), "and lets it go");
    PQfinish(first);
    PQfinish(second);
    store_close(store);
}

/* Who can do what its holder cannot takes a lease that is yielded; nobody else does, and the holder may change its
 * mind. */
Test(store, a_lease_that_is_yielded_goes_to_who_can_do_better)
{
    struct store *a = open_store(), *b = open_store();
    struct store_lease first = lead(a, "a"), second;
    const struct store_candidate alike = {.holder = "b", .ttl_ms = 5000};
    const struct store_candidate better = {.holder = "b", .ttl_ms = 5000, .instead = true};
    bool taken = true;
    MUST(store_lease_take(b, &better, &taken, &second, &why));
    cr_assert_not(taken, "it is not yielded");
    MUST(store_lease_renew(a, true, &why));
    MUST(store_lease_take(b, &alike, &taken, &second, &why));
    cr_assert_not(taken, "it can do no better");
    MUST(store_lease_renew(a, false, &why));
    MUST(store_lease_take(b, &better, &taken, &second, &why));
    cr_assert_not(taken, "the holder has recovered");
    MUST(store_lease_renew(a, true, &why));
    MUST(store_lease_take(b, &better, &taken, &second, &why));
    cr_assert(taken && second.epoch == first.epoch + 1);
    struct err err = ERR_INIT;
    cr_assert_not(store_lease_renew(a, true, &err));
    MUST(store_lease_renew(b, false, &why));
    MUST(store_lease_take(b, &better, &taken, &second, &why)); /* by its own holder, as after a lost connection */
    cr_assert(taken);
    store_close(a);
    store_close(b);
}

/* A leader that froze inside its transaction keeps the lease row locked: whoever follows ends its session. */
Test(store, a_frozen_leaders_transaction_is_ended_by_the_next)
{
    struct store *a = open_store(), *b = open_store();
    struct store_lease lease;
    bool taken = false;
    MUST(store_lease_take(a, &(struct store_candidate){.holder = "a", .ttl_ms = 600}, &taken, &lease, &why));
    cr_assert(taken);
    PGconn *frozen = PQconnectdb(conninfo);
    auto_free char *hold = xasprintf(
        "BEGIN; SELECT 1 FROM greylag.lease WHERE epoch = %lld FOR SHARE", (long long)lease.epoch);
    PQclear(PQexec(frozen, hold));
    auto_free char *enlist = xasprintf(
        "UPDATE greylag.lease SET sessions = sessions || (SELECT array_agg(pid || ' ' || extract(epoch FROM "
        "backend_start) || ' ' || extract(epoch FROM pg_postmaster_start_time())) FROM pg_stat_activity "
        "WHERE pid = %d)", PQbackendPID(frozen));
    /* The frozen session is one of the leader's; its row lock is shared, so that it is enlisted before it holds it. */
    PQclear(PQexec(frozen, "ROLLBACK"));
    test_pg_run(conninfo, enlist);
    PQclear(PQexec(frozen, hold));
    int64_t from = clock_mono_ms();
    for (taken = false; !taken && clock_mono_ms() - from < 20000;)
        MUST(store_lease_take(b, &(struct store_candidate){.holder = "b", .ttl_ms = 5000}, &taken, &lease, &why));
    printf("# taken over after %lld ms\n", (long long)(clock_mono_ms() - from));
    cr_assert(taken);
    PGresult *late = PQexec(frozen, "UPDATE greylag.identity SET fleet = 'stolen'");
    cr_assert_neq(PQresultStatus(late), PGRES_COMMAND_OK);
    PQclear(late);
    PQfinish(frozen);
    struct err err = ERR_INIT;
    struct store_batch batch = {.rollout = NULL};
    cr_assert_not(store_batch_commit(a, &batch, &err), "its session was ended, too");
    cr_assert(err.kind == ERR_UNREACHABLE || err.kind == ERR_FENCED || err.kind == ERR_DATABASE, "%s", err.text);
    store_close(a);
    store_close(b);
}

/* In a container process ids begin anew with each server: somebody else's session has the leader's soon. */
Test(store, a_session_of_another_server_is_no_leaders)
{
    struct store *a = open_store(), *b = open_store();
    struct store_lease lease;
    bool taken = false;
    lead(a, "a");
    PGconn *other = PQconnectdb(conninfo);
    auto_free char *before = xasprintf(
        "UPDATE greylag.lease SET sessions = ARRAY(SELECT pid || ' ' || extract(epoch FROM backend_start) || ' 1.0' "
        "FROM pg_stat_activity WHERE pid = %d)", PQbackendPID(other));
    test_pg_run(conninfo, before);
    MUST(store_lease_take(b, &(struct store_candidate){.holder = "b", .ttl_ms = 5000}, &taken, &lease, &why));
    cr_assert(taken, "the leader of the former server is gone");
    PGresult *alive = PQexec(other, "SELECT 1");
    cr_assert_eq(PQresultStatus(alive), PGRES_TUPLES_OK);
    PQclear(alive);
    PQfinish(other);
    store_close(a);
    store_close(b);
}

Test(store, a_leader_that_died_is_followed_at_once)
{
    struct store *a = open_store(), *b = open_store();
    lead(a, "a");
    store_close(a); /* as a kill does: no release of the lease */
    struct store_lease lease;
    bool taken = false;
    int64_t from = clock_mono_ms();
    while (!taken && clock_mono_ms() - from < 4000)
        MUST(store_lease_take(b, &(struct store_candidate){.holder = "b", .ttl_ms = 5000}, &taken, &lease, &why));
    cr_assert(taken, "before the lease of 5 s lapsed");
    store_close(b);
}

static bool try_to_lead(struct store *store, const char *holder, int64_t ttl_ms)
{
    struct store_lease lease;
    bool taken;
    const struct store_candidate candidate = {.holder = holder, .ttl_ms = ttl_ms};
    MUST(store_lease_take(store, &candidate, &taken, &lease, &why));
    return taken;
}

/* By that clock the lease lasts for another hour, and its holder's session is there: it may be frozen. Who stands by
 * has a shorter lease of its own, which says nothing of the holder's. */
Test(store, a_lease_that_nobody_renews_lapses_also_where_the_clock_went_back)
{
    enum { TTL_MS = 2000, ITS_TTL_MS = 20, LIMIT_MS = 10000 };
    struct store *a = open_store(), *b = open_store();
    struct err err = ERR_INIT;
    cr_assert(try_to_lead(a, "a", TTL_MS));
    for (int i = 0; i < 5; i++) {
        MUST(store_lease_renew(a, false, &why));
        test_pg_run(conninfo, "UPDATE greylag.lease SET expires_at = now() + interval '1 hour', "
                              "written = pg_current_xact_id()");
        for (int64_t until = clock_mono_ms() + ITS_TTL_MS * 3; clock_mono_ms() < until; poll(NULL, 0, 10))
            cr_assert_not(try_to_lead(b, "b", ITS_TTL_MS), "it lasts as long as its holder has it");
    }
    bool taken = false;
    for (int64_t until = clock_mono_ms() + LIMIT_MS; !taken && clock_mono_ms() < until; poll(NULL, 0, 10))
        taken = try_to_lead(b, "b", ITS_TTL_MS);
    cr_expect(taken, "whoever is there leads");
    cr_expect_not(store_lease_check(a, &err), "who wakes up does not");
    store_close(a);
    store_close(b);
}

Test(store, an_order_wakes_who_listens)
{
    struct store *store = open_store(), *listener = open_store();
    struct world world;
    lead(store, "a");
    MUST(store_listen(listener, &why));
    char *id = accept_ready(store, &world);
    int64_t order = 0;
    MUST(store_order_add(store, id, "rollback", "ann", &order, &why));
    bool said = false;
    int64_t until = clock_mono_ms() + 5000;
    while (!said && clock_mono_ms() < until)
        MUST(store_notified(listener, &said, &why));
    cr_assert(said);
    struct store_order *orders;
    size_t count;
    MUST(store_orders(store, &world.arena, &orders, &count, &why));
    cr_assert(count == 1 && orders[0].id == order && strcmp(orders[0].kind, "rollback") == 0);
    struct store_handled handled = {.order = order, .result = "done"};
    struct store_batch batch = {.handled = &handled, .handled_count = 1};
    auto_free char *before = test_pg_value(conninfo, "SELECT max(change) FROM greylag.releases");
    MUST(store_batch_commit(store, &batch, &why));
    /* whoever gave the order waits for a change, also where the order made none */
    auto_free char *after = test_pg_value(conninfo, "SELECT max(change) FROM greylag.releases");
    cr_expect_gt(strtoll(after, NULL, 10), strtoll(before, NULL, 10));
    MUST(store_orders(store, &world.arena, &orders, &count, &why));
    cr_assert_eq(count, 0);
    store_close(store);
    store_close(listener);
    free(world.json);
    arena_release(&world.arena);
}
