/* Nothing grows for ever, and nothing goes that something still needs: what is in effect, its way back, what a tag
 * held. */
/* links: harness */
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>

#include "pg/pg.h"
#include "unit/store_fixture.h"

TestSuite(store_retention, .init = start_database, .fini = stop_database, .timeout = 120);

#define DAY_MS 86400000

#define change(sql) test_pg_run(conninfo, sql)

static int64_t value(const char *sql)
{
    auto_free char *text = test_pg_value(conninfo, sql);
    return strtoll(text, NULL, 10);
}

/* How many rows went, of all tables. */
static int64_t prune(struct store *store, int64_t keep_ms, bool only_count)
{
    struct store_prune wanted = {.keep_ms = keep_ms, .limit = 100000, .only_count = only_count};
    int64_t rows;
    char *text;
    MUST(store_prune(store, &wanted, &rows, &text, &why));
    printf("# %lld rows: %s\n", (long long)rows, text);
    free(text);
    return rows;
}

/* A release of that age (days) that did `direction` with migration 1 of auth; in effect when `effect`. */
static void old_release(const char *id, int days, const char *direction, bool effect)
{
    auto_free char *sql = xasprintf(
        "INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, irreversible, "
        "accept_irreversible, requested_by, note, accepted_at, ended_at) SELECT '%s', 'succeeded', '%s', fleet, "
        "options, "
        "plan_digest, 0, false, 'ann', '', now() - %d * interval '1 day', now() - %d * interval '1 day' "
        "FROM greylag.releases LIMIT 1;"
        "INSERT INTO greylag.release_targets SELECT '%s', ix, service, target, state, sequence, recorded, first, "
        "count, "
        "rebuild, problem FROM greylag.release_targets WHERE release = (SELECT min(release) FROM greylag.plan_steps);"
        "INSERT INTO greylag.decisions (release, epoch, position, row, why, step, target, before, after, detail) "
        "VALUES ('%s', 1, 1, 'send', '', 0, 0, '', '', '');"
        "INSERT INTO greylag.inbox (event, release, service, target, request, migration, checksum, direction, kind, "
        "attempt, position, sequence, started_us, finished_us, sqlstate, message, line, left_behind, detail, worker, "
        "verdict, report_digest, received_at) SELECT '%s' || kind, '%s', 'auth', 'auth', '%s.0.1', '1', 'sum', '%s', "
        "kind, "
        "1, 1000 - %d, 1, 1, 1, '', '', 0, '', '', 'w', 'accepted', '', now() - %d * interval '1 day' "
        "FROM unnest(ARRAY['applied', 'failed']) AS kind;",
        id, direction, days, days, id, id, id, id, id, direction, days, days);
    change(sql);
    auto_free char *effects = xasprintf("DELETE FROM greylag.applied; INSERT INTO greylag.applied (service, target, "
                                        "migration, checksum, request, release) VALUES ('auth', 'auth', '1', 'sum', "
                                        "'%s.0.1', '%s')",
                                        id, id);
    if (effect)
        change(effects);
}

Test(store_retention, what_is_over_goes_and_what_is_needed_stays)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    accept_ready(store, &world); /* the newest: never pruned */
    old_release("01aaa", 500, "up", false);
    old_release("01bbb", 490, "down", false);
    old_release("01ccc", 480, "up", false);
    old_release("01ddd", 470, "down", false);
    old_release("01eee", 460, "up", true);
    old_release("01fff", 10, "up", false);
    change("DELETE FROM greylag.inbox WHERE release = '01fff'");
    MUST(store_tag_put(store, "sale", "01aaa", "ann", &why));
    static const char *const tables[] = {"plan_steps", "steps"}; /* as the newest has them */
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        auto_free char *copies = xasprintf(
            "INSERT INTO greylag.%s SELECT (jsonb_populate_record(s, jsonb_build_object('release', id))).* "
            "FROM greylag.%s s, unnest(ARRAY['01aaa', '01bbb', '01eee', '01fff']) AS id", tables[i], tables[i]);
        change(copies);
    }
    change("INSERT INTO greylag.orders (release, kind, by, handled_at) "
           "VALUES ('01bbb', 'cancel', 'ann', NULL), ('01bbb', 'cancel', 'ann', now())");
    int64_t before = value("SELECT count(*) FROM greylag.inbox");
    const int64_t over = prune(store, 400LL * DAY_MS, true);
    cr_assert_gt(over, 0);
    cr_assert_eq(value("SELECT count(*) FROM greylag.inbox"), before, "counting takes nothing away");
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), over, "as many as were counted");
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 0, "once is enough");

    cr_expect_eq(value("SELECT count(*) FROM greylag.decisions WHERE release < '01f'"), 0);
    cr_expect_eq(value("SELECT count(*) FROM greylag.decisions WHERE release = '01fff'"), 1);
    cr_expect_eq(value("SELECT count(*) FROM greylag.inbox WHERE kind = 'failed'"), 0);
    /* what the tag's release did, what is in effect, and what came last before the release that is kept for it */
    cr_expect_eq(value("SELECT count(*) FROM greylag.inbox WHERE release = '01aaa'"), 1);
    cr_expect_eq(value("SELECT count(*) FROM greylag.inbox WHERE release = '01eee'"), 1);
    cr_expect_eq(value("SELECT count(*) FROM greylag.inbox WHERE release IN ('01bbb', '01ccc')"), 0);
    cr_expect_eq(value("SELECT count(*) FROM greylag.releases WHERE pruned_at IS NOT NULL AND fleet = ''"), 3);
    cr_expect_eq(value("SELECT count(*) FROM greylag.releases WHERE id IN ('01aaa', '01eee', '01fff') AND "
                       "pruned_at IS NULL AND fleet <> ''"),
                 3);
    static const char *const kept[] = {"plan_steps", "steps", "release_targets"};
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        auto_free char *left = xasprintf("SELECT count(DISTINCT release) FROM greylag.%s WHERE release IN "
                                         "('01aaa', '01eee', '01fff')", kept[i]);
        auto_free char *gone = xasprintf("SELECT count(*) FROM greylag.%s WHERE release = '01bbb'", kept[i]);
        cr_expect_eq(value(left), 3, "%s of what has a name, is in effect, or is young", kept[i]);
        cr_expect_eq(value(gone), 0, "%s of what is over", kept[i]);
    }
    cr_expect_eq(value("SELECT count(*) FROM greylag.orders WHERE handled_at IS NULL"), 1, "nobody has seen it yet");
    cr_expect_eq(value("SELECT count(*) FROM greylag.orders WHERE handled_at IS NOT NULL"), 0);
    /* however old the newest is */
    change("UPDATE greylag.releases SET state = 'succeeded', accepted_at = now() - interval '420 days', "
           "ended_at = now() - interval '420 days' WHERE ended_at IS NULL;"
           "UPDATE greylag.releases SET accepted_at = now() - interval '430 days' WHERE id = '01fff'");
    (void)prune(store, 400LL * DAY_MS, false);
    cr_expect_gt(value("SELECT count(*) FROM greylag.plan_steps WHERE release > '01g'"), 0, "those of the newest");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* However old: a release that is still open needs all that was told of it. What the next release did over again has
 * superseded what one before it did. */
Test(store_retention, outcomes_stay_while_their_release_is_open_and_until_they_are_superseded)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    accept_ready(store, &world);
    old_release("01aaa", 500, "up", false);
    old_release("01bbb", 490, "up", true);
    old_release("01ccc", 480, "up", false);
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now() WHERE state = 'running';"
           "UPDATE greylag.releases SET state = 'running', ended_at = NULL WHERE id = '01ccc'");
    prune(store, 400LL * DAY_MS, false);
    auto_free char *left = test_pg_value(conninfo, "SELECT string_agg(release || ' ' || kind, ', ' ORDER BY release, "
                                                   "kind) FROM greylag.inbox WHERE release < '01d'");
    cr_expect_str_eq(left, "01bbb applied, 01ccc applied, 01ccc failed");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* However long everything else is kept: whoever has no key could fill the table. */
Test(store_retention, strangers_of_yesterday_go)
{
    struct store *store = open_store();
    const struct store_stranger strangers[] = {{.topic = "t", .key = "old", .why = "nobody knows it", .messages = 1},
                                               {.topic = "t", .key = "new", .why = "nobody knows it", .messages = 1}};
    struct store_batch batch = {.strangers = strangers, .stranger_count = 2};
    lead(store, "a");
    MUST(store_batch_commit(store, &batch, &why));
    change("UPDATE greylag.strangers SET last_seen = now() - interval '25 hours' WHERE key = 'old'");
    cr_expect_eq(prune(store, 400LL * DAY_MS, false), 1);
    cr_expect_eq(value("SELECT count(*) FROM greylag.strangers WHERE key = 'new'"), 1);
    store_close(store);
}

/* `down --to` a tag of long ago finds what was in effect there; a release without a name is refused. */
Test(store_retention, a_tag_is_still_the_way_back_that_it_was)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    struct store_acceptance acceptance;
    lead(store, "a");
    accept_ready(store, &world);
    old_release("01aaa", 500, "up", false);
    old_release("01bbb", 490, "down", false);
    old_release("01ccc", 480, "up", true);
    MUST(store_tag_put(store, "sale", "01aaa", "ann", &why));
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now() WHERE state = 'running'");
    prune(store, 400LL * DAY_MS, false);
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = "01aaa"};
    struct store_request request = {.fleet_json = world.json,
                                    .fleet_len = strlen(world.json),
                                    .options = &back,
                                    .requested_by = "ann",
                                    .reason = ""};
    MUST(store_release_preview(store, &request, &world.arena, &acceptance, &why));
    cr_expect_eq(acceptance.plan->step_count, 0u, "1 was in effect there, and is");
    back.back_to = "01bbb";
    cr_assert_not(store_release_preview(store, &request, &world.arena, &acceptance, &err));
    cr_expect(strstr(err.text, "not on record any more"), "%s", err.text);
    err_clear(&err);
    cr_assert_not(store_tag_put(store, "late", "01bbb", "ann", &err), "a name brings nothing back");
    cr_expect(err.kind == ERR_INPUT && strstr(err.text, "not on record any more"), "%s", err.text);
    MUST(store_tag_put(store, "kept", "01aaa", "ann", &why));
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

Test(store_retention, texts_and_workers)
{
    struct store *store = open_store();
    struct world world;
    struct store_acceptance acceptance;
    lead(store, "a");
    accept_ready(store, &world);
    change("UPDATE greylag.blobs SET used_at = now() - interval '500 days'");
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 0, "a release is open: nobody takes its texts");
    change("UPDATE greylag.releases SET state = 'halted', ended_at = now()");
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 0, "it can be retried, and rolled back");
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now()");
    /* a release that names them again */
    MUST(accept(store, &world, &acceptance, &why));
    cr_assert_eq(value("SELECT count(*) FROM greylag.blobs WHERE used_at < now() - interval '1 day'"), 0);
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now()");
    change("UPDATE greylag.blobs SET used_at = now() - interval '500 days'");
    /* the text of a repeatable migration that is in effect is a way back */
    change("UPDATE greylag.plan_steps SET kind = 'repeatable' WHERE ordinal = 0");
    auto_free char *effect = xasprintf("INSERT INTO greylag.applied (service, target, migration, checksum, request, "
                                       "release) SELECT 'auth', 'auth', '1', '%s', id || '.0.1', id "
                                       "FROM greylag.releases ORDER BY id LIMIT 1", world.up);
    change(effect);
    cr_assert_eq(value("SELECT count(*) FROM greylag.past_releases WHERE needed"), 1);
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 1);
    cr_assert_eq(value("SELECT count(*) FROM greylag.applied_texts WHERE kept"), 1);
    change("DELETE FROM greylag.applied");
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 1);
    change("INSERT INTO greylag.workers VALUES ('gone', 'h', '1', true, now() - interval '2 days'), "
           "('there', 'h', '1', false, now())");
    change(
        "UPDATE greylag.workers SET last_seen = now() - interval '2 days' WHERE worker = 'w-1'"); /* serves targets */
    cr_assert_eq(prune(store, 400LL * DAY_MS, false), 1);
    cr_assert_eq(value("SELECT count(*) FROM greylag.workers"), 2);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* A release that is accepted just now notes anew only what was used more than an hour ago: that is never over, however
 * short the time is for which others are kept. */
Test(store_retention, a_text_that_may_just_be_named_stays)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    accept_ready(store, &world);
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now();"
           "UPDATE greylag.blobs SET used_at = now() - interval '50 min'");
    cr_assert_eq(prune(store, 1000, false), 0);
    change("UPDATE greylag.blobs SET used_at = now() - interval '3 hours'");
    cr_assert_gt(prune(store, 1000, false), 0);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* What a view was before is where its way back leads. */
Test(store_retention, the_release_that_brought_an_earlier_text_stays)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    accept_ready(store, &world);
    old_release("01aaa", 500, "up", false);
    old_release("01bbb", 490, "up", false);
    old_release("01ccc", 480, "up", true);
    static const char *const brought[][2] = {{"01aaa", ""}, {"01ccc", "01aaa.0.1"}}; /* 01bbb: other things */
    for (size_t i = 0; i < COUNT_OF(brought); i++) {
        auto_free char *step = xasprintf(
            "INSERT INTO greylag.plan_steps SELECT (jsonb_populate_record(s, jsonb_build_object('release', '%s', "
            "'kind', 'repeatable', 'earlier', '%s', 'earlier_request', '%s'))).* FROM greylag.plan_steps s "
            "WHERE ordinal = 0 AND kind = 'versioned'", brought[i][0], *brought[i][1] ? world.up : "", brought[i][1]);
        change(step);
    }
    cr_assert_gt(prune(store, 400LL * DAY_MS, false), 0);
    cr_expect_eq(value("SELECT count(*) FROM greylag.releases WHERE pruned_at IS NOT NULL AND id = '01bbb'"), 1);
    cr_expect_eq(value("SELECT count(*) FROM greylag.releases WHERE pruned_at IS NOT NULL AND id <> '01bbb'"), 0);
    cr_expect_eq(value("SELECT count(*) FROM greylag.plan_steps WHERE release = '01aaa'"), 1);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* Fires at what happens to a table, as whatever ends a pruning half-way. */
static void break_at(const char *what)
{
    auto_free char *sql = xasprintf(
        "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'broken'; END$$;"
        "CREATE TRIGGER broken BEFORE %s EXECUTE FUNCTION broken()", what);
    change(sql);
}

static bool is_broken_off(struct store *store)
{
    const struct store_prune wanted = {.keep_ms = 400LL * DAY_MS, .limit = 100000};
    struct err err = ERR_INIT;
    int64_t rows;
    return !store_prune(store, &wanted, &rows, NULL, &err) && strstr(err.text, "broken");
}

/* A plan must not be made from half of what a release did. */
Test(store_retention, a_release_is_off_the_record_before_anything_of_it_goes)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    struct store_acceptance acceptance;
    lead(store, "a");
    accept_ready(store, &world);
    old_release("01aaa", 500, "up", false);
    change("INSERT INTO greylag.steps SELECT (jsonb_populate_record(s, '{\"release\": \"01aaa\"}')).* "
           "FROM greylag.steps s");
    const int64_t all = value("SELECT count(*) FROM greylag.steps WHERE release = '01aaa'");
    break_at("UPDATE ON greylag.releases FOR EACH ROW");
    cr_expect(is_broken_off(store));
    cr_expect_eq(value("SELECT count(*) FROM greylag.steps WHERE release = '01aaa'"), all, "it is still on record");
    change("DROP TRIGGER broken ON greylag.releases");
    break_at("DELETE ON greylag.steps FOR EACH ROW");
    cr_expect(is_broken_off(store));
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now() WHERE state = 'running'");
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = "01aaa"};
    struct store_request request = {.fleet_json = world.json, .fleet_len = strlen(world.json), .options = &back,
                                    .requested_by = "ann", .reason = ""};
    cr_assert_not(store_release_preview(store, &request, &world.arena, &acceptance, &err));
    cr_expect(strstr(err.text, "not on record any more"), "%s", err.text);
    change("DROP TRIGGER broken ON greylag.steps");
    const int64_t over = prune(store, 400LL * DAY_MS, true);
    cr_expect_eq(prune(store, 400LL * DAY_MS, false), over, "the rest goes");
    cr_expect_eq(value("SELECT count(*) FROM greylag.steps WHERE release = '01aaa'"), 0);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

static void *prune_beside(void *store)
{
    const struct store_prune wanted = {.keep_ms = 400LL * DAY_MS, .limit = 100000};
    int64_t rows;
    return store_prune(store, &wanted, &rows, NULL, NULL) ? store : NULL;
}

/* It is over when pruning looks, and not any more when pruning comes to it. */
Test(store_retention, a_text_that_is_named_meanwhile_stays)
{
    struct store *store = open_store();
    struct world world;
    PGconn *naming = PQconnectdb(conninfo);
    pthread_t thread;
    void *pruned;
    lead(store, "a");
    accept_ready(store, &world);
    change("UPDATE greylag.releases SET state = 'succeeded', ended_at = now();"
           "UPDATE greylag.blobs SET used_at = now() - interval '500 days'");
    PQclear(PQexec(naming, "BEGIN; UPDATE greylag.blobs SET used_at = now()"));
    cr_assert_eq(PQtransactionStatus(naming), PQTRANS_INTRANS, "%s", PQerrorMessage(naming));
    cr_assert_eq(pthread_create(&thread, NULL, prune_beside, store), 0);
    int64_t until = clock_mono_ms() + 10000;
    while (value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                 "current_database()") == 0)
        cr_assert_lt(clock_mono_ms(), until, "pruning waits for it");
    PQclear(PQexec(naming, "COMMIT"));
    cr_assert_eq(pthread_join(thread, &pruned), 0);
    cr_assert_not_null(pruned);
    cr_assert_eq(value("SELECT count(*) FROM greylag.blobs"), 2);
    PQfinish(naming);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}
