/* What needs a person is told, and only that; a target that is gone can be forgotten. */
/* links: harness */
#include <jansson.h>
#include <stdio.h>

#include "unit/store_fixture.h"

TestSuite(store_attention, .init = start_database, .fini = stop_database, .timeout = 120);

#define change(sql) test_pg_run(conninfo, sql)

/* "kind release? service/target" of each, separated by ';'; status and health have to say the same. */
static const char *attention(struct store *store, struct arena *arena)
{
    char *health, *status;
    struct buf out = BUF_INIT(65536);
    size_t i;
    const json_t *item;
    MUST(store_health(store, &health, &why));
    MUST(store_status(store, NULL, 0, NULL, &status, &why));
    json_t *one = json_loads(health, 0, NULL), *other = json_loads(status, 0, NULL);
    cr_assert(json_equal(json_object_get(one, "attention"), json_object_get(other, "attention")), "%s\n%s", health,
              status);
    json_array_foreach (json_object_get(one, "attention"), i, item) {
        const char *kind = json_string_value(json_object_get(item, "kind"));
        enum attention known;
        cr_assert(attention_parse(kind, &known), "%s is no row of the table", kind);
        cr_assert(json_is_string(json_object_get(item, "argument")), "%s", kind);
        buf_addf(&out, "%s%s%s %s/%s", i ? "; " : "", kind,
                 *json_string_value(json_object_get(item, "release")) ? " release" : "",
                 json_string_value(json_object_get(item, "service")),
                 json_string_value(json_object_get(item, "target")));
    }
    const char *text = arena_strdup(arena, buf_text(&out));
    printf("# %s: %s\n", text, health);
    json_decref(one);
    json_decref(other);
    free(health);
    free(status);
    buf_release(&out);
    return text;
}

#define TOLD(expected) cr_assert_str_eq(attention(store, &arena), expected)

Test(store_attention, workers_and_targets)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    TOLD("leaderless /");
    lead(store, "a");
    TOLD("");
    make_ready(store);
    TOLD("");
    change("UPDATE greylag.targets SET problem = 'could not extend file: No space left on device' WHERE target = "
           "'user-us'");
    TOLD("blocked user/user-us");
    change("UPDATE greylag.targets SET problem = '', last_seen = now() - interval '1 hour' WHERE target = 'user-us'");
    TOLD("silent user/user-us");
    change("UPDATE greylag.targets SET last_seen = now() + interval '1 hour' WHERE target = 'user-us'");
    TOLD("silent user/user-us"); /* the clock went back since */
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k', 'user', 'user-asia', 'asia', 'ann'), ('k', '', 'new', 'asia', 'ann')");
    TOLD("silent user/user-us; unseen /new; unseen user/user-asia");
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k', 'user', 'user-eu', 'asia', 'ann')");
    MUST(store_target_forget(store, "user", "new", &why)); /* a mistake is taken back, and the key stays for the rest */
    MUST(store_target_forget(store, "user", "user-asia", &why));
    TOLD("silent user/user-us");
    auto_free char *left = test_pg_value(conninfo, "SELECT string_agg(target, ' ') FROM greylag.keys WHERE key = 'k'");
    cr_expect_str_eq(left, "user-eu");
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k', 'user', 'user-asia', 'asia', 'ann')");
    TOLD("silent user/user-us; unseen user/user-asia");
    change("UPDATE greylag.keys SET revoked_at = now() WHERE key = 'k'");
    TOLD("silent user/user-us");
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k2', 'auth', 'user-us', 'asia', 'ann')"); /* of that name another service has one */
    TOLD("silent user/user-us; unseen auth/user-us");
    store_close(store);
}

/* What the advice ends with is what can be forgotten: where the key says no service, none is asked for. */
Test(store_attention, a_key_without_a_service)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    char *health;
    lead(store, "a");
    make_ready(store);
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES ('k', '', 'new', 'asia', 'ann')");
    TOLD("unseen /new");
    MUST(store_health(store, &health, &why));
    cr_expect(strstr(health, "\"argument\":\"new\"") || strstr(health, "\"argument\" : \"new\""), "%s", health);
    free(health);
    cr_expect_not(store_target_forget(store, "", "old", &err));
    cr_expect_str_eq(err.text, "no target is listed as old");
    MUST(store_target_forget(store, "", "new", &why));
    TOLD("");
    store_close(store);
}

/* A worker that nobody has enrolled, and one that does not know the coordinator's key. */
Test(store_attention, who_is_not_trusted)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    make_ready(store);
    const struct store_stranger strangers[] = {
        {.topic = "greylag.shop.dev.presence", .key = "w-9", .why = "no key that is known signed it", .messages = 2}};
    struct store_batch batch = {.strangers = strangers, .stranger_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    MUST(store_batch_commit(store, &batch, &why));
    TOLD("stranger /");
    auto_free char *messages = test_pg_value(conninfo, "SELECT messages FROM greylag.strangers");
    cr_expect_str_eq(messages, "4");
    change("UPDATE greylag.strangers SET last_seen = now() - interval '1 hour'");
    TOLD("");
    struct store_seen seen = {.worker = "w-1", .host = "h", .version = "1", .service = "user", .target = "user-us",
                              .contents = "", .problem = "", .untrusted = 7};
    batch = (struct store_batch){.seen = &seen, .seen_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    TOLD("distrusted user/user-us");
    seen.untrusted = 0;
    MUST(store_batch_commit(store, &batch, &why));
    TOLD("");
    store_close(store);
}

/* An hour has passed since both releases; the later one is about other targets, or put the first one's right. */
Test(store_attention, a_halted_release_until_a_later_one_has_put_its_targets_right)
{
    struct store *store = open_store();
    struct world world;
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    accept_ready(store, &world);
    TOLD("");
    change("UPDATE greylag.releases SET state = 'halted', reason = 'the undo failed', ended_at = now()");
    TOLD("halted release /");
    change(
        "INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, irreversible, "
        "accept_irreversible, requested_by, note) SELECT 'later', 'succeeded', 'up', fleet, options, plan_digest, 0, "
        "false, 'ann', '' FROM greylag.releases; "
        "INSERT INTO greylag.release_targets SELECT 'later', ix, service, target, state, sequence, recorded, first, "
        "count, rebuild, problem FROM greylag.release_targets WHERE target <> 'user-us'");
    TOLD("halted release /");
    change("INSERT INTO greylag.release_targets SELECT 'later', ix, service, target, state, sequence, recorded, first, "
           "count, rebuild, problem FROM greylag.release_targets WHERE target = 'user-us'; "
           "UPDATE greylag.releases SET state = 'rolled back' WHERE id = 'later'");
    TOLD("halted release /"); /* what went back left its targets as they were */
    auto_free char *health = NULL;
    MUST(store_health(store, &health, &why));
    cr_expect(strstr(health, "the undo failed. Others came after it"), "%s", health);
    change("UPDATE greylag.releases SET state = 'succeeded' WHERE id = 'later'");
    TOLD("");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* Where nothing is left to run, somebody says so. One that is retried and halts again is told again. */
Test(store_attention, a_halted_release_that_somebody_leaves_as_it_stands)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    accept_ready(store, &world);
    auto_free char *id = test_pg_value(conninfo, "SELECT id FROM greylag.releases");
    cr_assert_not(store_release_leave(store, id, "ann", &err));
    cr_expect_eq(err.kind, ERR_CONFLICT, "%s", err.text);
    err_clear(&err);
    cr_assert_not(store_release_leave(store, "nobody", "ann", &err));
    cr_expect_eq(err.kind, ERR_INPUT, "%s", err.text);
    change("UPDATE greylag.releases SET state = 'halted', reason = 'the undo failed', ended_at = now()");
    TOLD("halted release /");
    MUST(store_release_leave(store, id, "ann", &why));
    TOLD("");
    auto_free char *shown = NULL;
    MUST(store_release_show(store, id, &shown, &why));
    cr_expect(strstr(shown, "\"leftBy\" : \"ann\""), "%s", shown);
    change("UPDATE greylag.releases SET ended_at = now()"); /* retried, and halted again */
    TOLD("halted release /");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* It was left, then the clock went back, it was retried, and halts again. */
Test(store_attention, a_left_release_that_halts_again_is_told_whatever_the_clock_says)
{
    struct store *store = open_store();
    struct world world;
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    accept_ready(store, &world);
    struct store_release *release = NULL;
    const struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct rollout_effects effects;
    rollout_effects_init(&effects);
    MUST(store_release_load(store, NULL, &settings, &release, &why));
    change("UPDATE greylag.releases SET left_at = now() + interval '1 hour', left_by = 'ann'");
    release->rollout.state = RELEASE_HALTED;
    release->rollout.changed = true;
    struct store_batch batch = {.rollout = &release->rollout, .effects = &effects};
    MUST(store_batch_commit(store, &batch, &why));
    TOLD("halted release /");
    store_release_free(release);
    rollout_effects_release(&effects);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* What a release that went back left on a target stands there until a later one has taken it up, or somebody says that
 * it may stay. */
Test(store_attention, what_a_release_that_went_back_left_behind)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    accept_ready(store, &world);
    auto_free char *id = test_pg_value(conninfo, "SELECT id FROM greylag.releases");
    change("UPDATE greylag.releases SET state = 'rolled back', ended_at = now()");
    TOLD("");
    cr_assert_not(store_release_leave(store, id, "ann", &err));
    cr_expect_str_eq(strchr(err.text, ':'), ": only a halted one, or one that left something behind, can be left as it "
                                            "stands");
    change("UPDATE greylag.release_targets SET left_behind = '1 statement took effect' WHERE target = 'user-us'; "
           "UPDATE greylag.steps SET state = 'failed', outcome = '{\"left\": \"an invalid index\"}' "
           "WHERE ordinal = (SELECT ordinal FROM greylag.steps s JOIN greylag.release_targets t "
           "ON t.release = s.release AND t.ix = s.target_ix WHERE target = 'user-eu' ORDER BY ordinal LIMIT 1)");
    TOLD("leftover release user/user-eu; leftover release user/user-us");
    auto_free char *health = NULL, *shown = NULL, *again = NULL;
    MUST(store_health(store, &health, &why));
    auto_free char *argument = xasprintf("\"argument\":\"%s\"", id);
    cr_expect(strstr(health, "an invalid index") && strstr(health, argument), "%s", health);
    MUST(store_release_show(store, id, &shown, &why));
    cr_expect(strstr(shown, "an invalid index") && strstr(shown, "1 statement took effect"), "%s", shown);
    MUST(store_release_leave(store, id, "ann", &why));
    MUST(store_release_leave(store, id, "bob", &why)); /* twice is no mistake */
    TOLD("");
    MUST(store_release_show(store, id, &again, &why));
    cr_expect(strstr(again, "\"leftBy\" : \"bob\""), "%s", again);
    change("UPDATE greylag.releases SET left_at = NULL; "
           "INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, irreversible, "
           "accept_irreversible, requested_by, note) SELECT 'later', 'succeeded', 'up', fleet, options, plan_digest, "
           "0, false, 'ann', '' FROM greylag.releases; "
           "INSERT INTO greylag.release_targets SELECT 'later', ix, service, target, state, sequence, recorded, first, "
           "count, rebuild, problem FROM greylag.release_targets");
    TOLD("leftover release user/user-eu; leftover release user/user-us"); /* with other migrations */
    change("INSERT INTO greylag.plan_steps SELECT (jsonb_populate_record(p, '{\"release\": \"later\"}')).* "
           "FROM greylag.plan_steps p WHERE ordinal <> (SELECT max(ordinal) FROM greylag.plan_steps p "
           "JOIN greylag.release_targets t ON t.release = p.release AND ix = target_ix WHERE target = 'user-us')");
    TOLD("leftover release user/user-us"); /* what its fence cut off can be the one that is missing */
    change("INSERT INTO greylag.plan_steps SELECT (jsonb_populate_record(p, '{\"release\": \"later\"}')).* "
           "FROM greylag.plan_steps p ON CONFLICT DO NOTHING");
    TOLD("");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* What a broker, or whoever listens there, says of why it refuses can be any bytes. */
Test(store_attention, a_trouble_that_is_no_text_is_told_all_the_same)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    const struct store_trouble trouble = {.text = "kafka: \xe4 you", .hint = "\xff", .since_us = 1};
    lead(store, "a");
    MUST(store_troubles_put(store, "h:1:a", &trouble, 1, true, &why));
    TOLD("hindered /");
    auto_free char *told = test_pg_value(conninfo, "SELECT text || ' ' || hint FROM greylag.troubles");
    cr_expect_str_eq(told, "kafka: \\xe4 you \\xff");
    store_close(store);
}

/* What was told, or stored, before the clock went back: who is hindered says it again, what waits has waited since. */
Test(store_attention, troubles_of_before_the_clock_went_back)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    lead(store, "a");
    change("INSERT INTO greylag.troubles (holder, place, text, hint, since) "
           "VALUES ('b:7:x', 1, 'no broker', '', now())");
    TOLD("hindered /");
    change("UPDATE greylag.troubles SET told_at = now() + interval '1 hour'");
    TOLD("");
    change("INSERT INTO greylag.outbox (epoch, topic, key, event, type, payload) VALUES (1, 't', 'k', 'e', 'y', '')");
    TOLD("");
    change("UPDATE greylag.outbox SET stored_at = now() + interval '1 hour'");
    TOLD("unsent /");
    change("INSERT INTO greylag.outbox (epoch, topic, key, event, type, payload) VALUES (1, 't', 'k', 'e', 'y', '')");
    TOLD("unsent /"); /* whatever was added since */
    store_close(store);
}

Test(store_attention, who_is_enrolled_is_no_stranger_any_more)
{
    static const char *const targets[] = {"user/user-us"};
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    lead(store, "a");
    make_ready(store);
    key_generate(&key);
    const struct store_stranger strangers[] = {
        {.topic = "greylag.shop.dev.presence", .key = key.public_key.id, .why = "nobody knows it", .messages = 1},
        {.topic = "greylag.shop.dev.events", .key = "user/user-us", .why = "nobody knows it", .messages = 1},
        {.topic = "greylag.shop.dev.events", .key = "user/user-eu", .why = "nobody knows it", .messages = 1}};
    struct store_batch batch = {.strangers = strangers, .stranger_count = 3};
    MUST(store_batch_commit(store, &batch, &why));
    TOLD("stranger /; stranger /; stranger /");
    MUST(store_worker_enroll(store, key_public_text(&key.public_key, text), "", targets, 1, "ann", &why));
    TOLD("stranger /"); /* of the other target */
    store_close(store);
}

/* A worker whose key was revoked may well run: to start it is no advice. */
Test(store_attention, a_target_without_a_key_is_silent_for_that_reason)
{
    struct store *store = open_store();
    char *text;
    lead(store, "a");
    make_ready(store);
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 hour' WHERE target = 'user-us'");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "says nothing\""), "%s", text);
    free(text);
    change("UPDATE greylag.keys SET revoked_at = now();"
           "INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k', 'auth', 'user-us', 'of another service', 'ann')");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "is not believed: no key is enrolled for it any more"), "%s", text);
    cr_expect_null(strstr(text, "says nothing"), "%s", text);
    free(text);
    store_close(store);
}

/* What is advised works: nobody forgets a target that a release is under way on. */
Test(store_attention, a_release_waits_for_a_silent_target)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    char *text;
    lead(store, "a");
    accept_ready(store, &world);
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 hour' WHERE target = 'user-us'");
    TOLD("silent user/user-us");
    static const char *const states[] = {"running", "fencing", "rolling back"};
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        auto_free char *sql = xasprintf("UPDATE greylag.releases SET state = '%s'", states[i]);
        change(sql);
        MUST(store_health(store, &text, &why));
        cr_expect(strstr(text, "\"argument\":\"\""), "%s: %s", states[i], text);
        free(text);
        cr_assert_not(store_target_forget(store, "user", "user-us", &err), "%s", states[i]);
        cr_expect_eq(err.kind, ERR_CONFLICT, "%s", err.text);
        cr_expect(strstr(err.hint, "greylag release rollback"), "%s", err.hint);
        err_clear(&err);
    }
    change("UPDATE greylag.releases SET state = 'halted', reason = 'no answer', ended_at = now()");
    TOLD("halted release /; silent user/user-us");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "\"argument\":\"user/user-us\""), "%s", text);
    free(text);
    MUST(store_target_forget(store, "user", "user-us", &why));
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* Who hears nobody at all, and has a trouble of its own, knows of no target that it is silent. */
Test(store_attention, a_coordinator_that_hears_nobody_names_itself_alone)
{
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    const struct store_trouble trouble = {.text = "the broker is away", .hint = "", .since_us = 1};
    lead(store, "a");
    make_ready(store);
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 min'");
    TOLD("silent auth/auth; silent user/user-eu; silent user/user-us"); /* it has no trouble */
    MUST(store_troubles_put(store, "h:1:a", &trouble, 1, true, &why));
    TOLD("hindered /");
    change("UPDATE greylag.targets SET last_seen = now() WHERE target = 'auth'"); /* it does hear: a right is missing */
    TOLD("hindered /; silent user/user-eu; silent user/user-us");
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 min'");
    MUST(store_troubles_put(store, "h:1:a", NULL, 0, true, &why));
    change("UPDATE greylag.lease SET expires_at = now() - interval '1 min'");
    TOLD("leaderless /");
    change("UPDATE greylag.workers SET leaving = true");
    TOLD("leaderless /; silent auth/auth; silent user/user-eu; silent user/user-us"); /* they had said goodbye */
    store_close(store);
}

Test(store_attention, a_target_that_is_gone_is_forgotten_until_it_is_back)
{
    struct store *store = open_store();
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    char *text;
    lead(store, "a");
    make_ready(store);
    cr_assert_not(store_target_forget(store, "user", "user-us", &err));
    cr_expect_eq(err.kind, ERR_CONFLICT, "%s", err.text);
    cr_expect(strstr(err.text, "w-1"), "%s", err.text);
    err_clear(&err);
    cr_assert_not(store_target_forget(store, "user", "nobody", &err));
    cr_expect_eq(err.kind, ERR_INPUT);
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 hour' WHERE target = 'user-us'");
    TOLD("silent user/user-us");
    MUST(store_target_forget(store, "user", "user-us", &why));
    TOLD("");
    MUST(store_status(store, NULL, 0, NULL, &text, &why));
    cr_expect_null(strstr(text, "user-us"), "%s", text);
    free(text);
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "\"targets\":2"), "%s", text);
    free(text);
    err_clear(&err);
    cr_assert_not(store_target_forget(store, "user", "user-us", &err));
    cr_expect_eq(err.kind, ERR_INPUT);
    struct store_seen seen = {.worker = "w-2",
                              .host = "h",
                              .version = "1",
                              .service = "user",
                              .target = "user-us",
                              .contents = "",
                              .problem = ""};
    struct store_batch batch = {.seen = &seen, .seen_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    MUST(store_status(store, NULL, 0, NULL, &text, &why));
    cr_expect(strstr(text, "user-us"), "%s", text);
    free(text);
    store_close(store);
}

/* What is counted as reporting does report, and what is counted is what there should be. */
Test(store_attention, health_counts_who_is_there)
{
    static const char *const services[] = {"user"}, *const targets[] = {"nowhere"};
    struct store *store = open_store();
    auto_arena struct arena arena = ARENA_INIT;
    char *text;
    int64_t since;
    lead(store, "a");
    make_ready(store);
    MUST(store_foreign_ask(store, services, targets, 1, &since, &why));
    change("INSERT INTO greylag.keys (key, service, target, name, enrolled_by) VALUES "
           "('k', 'user', 'user-asia', 'asia', 'ann'), ('l', 'user', 'user-asia', 'other', 'ann')");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "\"targets\":4,\"reporting\":3,"), "%s", text);
    free(text);
    change("INSERT INTO greylag.workers (worker, host, version, leaving, last_seen) "
           "VALUES ('w-1', 'h', '1', true, now()) ON CONFLICT (worker) DO UPDATE SET leaving = true");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "\"targets\":4,\"reporting\":0,"), "%s", text);
    free(text);
    change("UPDATE greylag.targets SET problem = 'no room', untrusted = 3 WHERE target = 'user-us'");
    MUST(store_target_forget(store, "user", "user-us", &why)); /* its worker has said that it stops */
    TOLD("unseen user/user-asia; unseen user/user-asia");
    MUST(store_health(store, &text, &why));
    cr_expect(strstr(text, "\"targets\":3,"), "%s", text);
    free(text);
    store_close(store);
}

Test(store_attention, a_target_under_a_release_is_not_forgotten)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    lead(store, "a");
    accept_ready(store, &world);
    change("UPDATE greylag.targets SET last_seen = now() - interval '1 hour'");
    cr_assert_not(store_target_forget(store, "user", "user-us", &err));
    cr_expect_eq(err.kind, ERR_CONFLICT, "%s", err.text);
    cr_expect(strstr(err.text, "a release is under way"), "%s", err.text);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}
