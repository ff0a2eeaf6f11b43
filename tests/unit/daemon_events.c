/* What a leader makes of verified messages: with a control database, and without a bus. */
/* links: harness */
#include <stdlib.h>

#include "daemon/leader.h"
#include "proto/envelope.h"
#include "unit/store_fixture.h"

static char fleet[] = "shop", environment[] = "dev";
static struct settings settings = {.fleet = fleet, .environment = environment, .lease_ms = 5000};
static struct key_secret own, worker;
static _Atomic uint64_t counters[LEADER_COUNTER_COUNT];
static struct leader leader;
static struct claims claims;
static struct world world;

/* Leads, with a release whose first job has just been made: 1 to 3 on auth. */
static void start(void)
{
    start_database();
    key_generate(&own);
    key_generate(&worker);
    struct store *store = open_store();
    leader = (struct leader){.settings = &settings, .key = &own, .counters = counters, .store = store,
                             .lease = lead(store, "a"), .renew_ms = INT64_MAX, .claims = &claims,
                             .intake = intake_new("shop", "dev")};
    const struct intake_key keys[] = {{worker.public_key, "w", "", "auth"}, {worker.public_key, "w", "", "user-eu"}};
    intake_set_keys(leader.intake, keys, COUNT_OF(keys));
    rollout_effects_init(&leader.effects);
    accept_ready(store, &world);
    leader.release = load(store);
    struct rollout *rollout = &leader.release->rollout;
    leader_decide(&leader, &(struct rollout_event){.kind = ROLLOUT_ACCEPTED, .target = -1});
    rollout_advance(rollout, clock_mono_ms(), &leader.effects);
    cr_assert_eq(leader.effects.job_count, 1u);
}

static void stop(void)
{
    rollout_effects_release(&leader.effects);
    store_release_free(leader.release);
    leader_targets_free(&leader);
    intake_free(leader.intake);
    free(leader.inbox);
    free(leader.inventories);
    free(leader.messages);
    free(leader.beats);
    claims_free(&claims);
    free(leader.handled);
    arena_release(&leader.arena);
    store_close(leader.store);
    free(world.json);
    arena_release(&world.arena);
    stop_database();
}
TestSuite(leader, .init = start, .fini = stop, .timeout = 120);

static struct fence fence(int64_t sequence, const char *digest)
{
    return (struct fence){.epoch = leader.lease.epoch, .term = leader.lease.term, .sequence = sequence,
                          .digest = digest};
}

/* Signed by the worker, as it comes from the bus. */
static void take(const char *service, const char *target, struct report report)
{
    report.audience = (struct audience){"shop", "dev", service, target};
    report.id = "x";
    report.worker = "w-1";
    report.message = "";
    size_t len;
    auto_free char *payload = report_encode(&report, &len);
    auto_free char *text = envelope_sign(&worker, message_payload_type(MESSAGE_REPORT), payload, len, &len);
    struct bus_message message = {.topic = "events", .key = target, .key_len = strlen(target), .payload = text,
                                  .payload_len = len};
    MUST(leader_take_message(&leader, &message, &why));
    cr_assert_eq(atomic_load(&counters[LEADER_QUARANTINED]), 0u);
}

static struct outcome applied(const char *release, const char *request, int64_t position)
{
    return (struct outcome){.id = outcome_id(&world.arena, request, 1, OUTCOME_APPLIED), .request = request,
                            .release = release, .direction = DIRECTION_UP, .kind = OUTCOME_APPLIED, .migration = "1",
                            .checksum = world.up, .attempt = 1, .position = position, .sequence = 1};
}

/* Asks a target what it holds; what one that holds nothing answers. */
static struct report answer(const char *service, const char *name)
{
    static char nothing[DIGEST_TEXT_SIZE], asked[DIGEST_HEX_SIZE];
    struct leader_target *target = leader_target(&leader, service, name);
    leader_make_question(&leader, target, 0);
    digest_hex(target->question.payload, target->question.len, asked);
    contents_digest(NULL, 0, nothing);
    return (struct report){.kind = REPORT_INVENTORY, .release = "", .fence = fence(0, asked),
                           .in_force = fence(0, ""), .contents = nothing};
}

/* Of one log, in its order: what was said before the outcomes may not be stored over them. */
Test(leader, outcomes_close_the_question_that_was_open)
{
    struct rollout *rollout = &leader.release->rollout;
    int auth = rollout_target_index(rollout, "auth", "auth");
    struct fence job = fence(rollout->targets[auth].sequence, world.up);
    leader_target(&leader, "auth", "auth")->issued = job.sequence;
    char request[REQUEST_ID_SIZE];
    rollout_request_id(rollout, &rollout->steps[leader.effects.jobs[0].steps[0]], request);
    take("auth", "auth", answer("auth", "auth"));
    cr_assert_eq(leader.inventory_count, 1u, "an answer is taken");
    cr_assert(leader.inventories[0].foreign_whole, "who holds nothing tells of other tools' records, too");
    struct report late = answer("auth", "auth");
    struct outcome outcome = applied(rollout->release, request, 1);
    take("auth", "auth", (struct report){.kind = REPORT_OUTCOMES, .release = rollout->release, .fence = job,
                                         .in_force = job, .outcomes = &outcome, .outcome_count = 1});
    cr_assert_eq(leader.inbox_count, 1u);
    cr_assert_str_eq(leader.inbox[0].verdict, "accepted");
    take("auth", "auth", late);
    cr_assert_eq(leader.inventory_count, 1u, "it may be older than the outcome");
}

/* Nobody signed the bus's key: any bytes can stand there, and what is stored of two can be the same text. */
Test(leader, strangers_whose_keys_are_stored_as_one_text_end_no_term)
{
    static const char *const keys[] = {"w\xff", "w\\xff"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct bus_message message = {.topic = "events", .key = keys[i], .key_len = strlen(keys[i]), .payload = "{}",
                                      .payload_len = 2};
        MUST(leader_take_message(&leader, &message, &why));
    }
    struct store_batch batch = {.inbox_count = 0};
    leader_strangers_batch(&leader, clock_mono_ms(), &batch.strangers, &batch.stranger_count);
    cr_assert_eq(batch.stranger_count, 2u);
    MUST(store_batch_commit(leader.store, &batch, &why));
    auto_free char *told = test_pg_value(conninfo, "SELECT string_agg(key || ' ' || messages, ' ') "
                                                   "FROM greylag.strangers");
    cr_expect_str_eq(told, "w\\xff 2");
}

/* As its worker says it: no target holds a migration twice, and none could be stored so. */
Test(leader, an_inventory_that_names_one_twice_answers_nothing)
{
    char contents[DIGEST_TEXT_SIZE];
    const struct applied one = {.migration = "1", .checksum = world.up, .request = "old.0.1", .release = "old"};
    const struct applied twice[] = {one, one};
    struct report says = answer("auth", "auth");
    says.applied = twice;
    says.contents = contents;
    for (says.applied_count = 2; says.applied_count > 0; says.applied_count--) {
        contents_digest(twice, says.applied_count, contents);
        take("auth", "auth", says);
        cr_assert_eq(leader.inventory_count, says.applied_count == 1);
        cr_assert(!leader.inventory_count || !leader.inventories[0].foreign_whole, "other tools' records stay");
    }
}

/* An old message that is put there again: a worker whose heartbeats are read speaks this version. */
Test(leader, a_message_of_another_version_halts_no_release_whose_worker_is_heard)
{
    static const char type[] = "application/vnd.greylag.report.v2+json";
    struct leader_target *target = leader_target(&leader, "auth", "auth");
    size_t len;
    auto_free char *text = envelope_sign(&worker, type, "{}", 2, &len);
    struct bus_message message = {.topic = "events", .key = "auth/auth", .key_len = strlen("auth/auth"),
                                  .payload = text, .payload_len = len};
    target->seen_ms = clock_mono_ms();
    MUST(leader_take_message(&leader, &message, &why));
    cr_assert_eq(leader.release->rollout.state, RELEASE_RUNNING);
    target->seen_ms = 0;
    MUST(leader_take_message(&leader, &message, &why));
    rollout_advance(&leader.release->rollout, clock_mono_ms(), &leader.effects);
    cr_assert_eq(leader.release->rollout.state, RELEASE_HALTED);
}

/* The control database went back in time: a target knows of a sequence that it never gave. */
Test(leader, a_sequence_beyond_what_was_issued_ends_the_term)
{
    leader_target(&leader, "user", "user-eu")->issued = 5;
    struct report says = {.kind = REPORT_INVENTORY, .release = "", .fence = fence(0, ""), .in_force = fence(5, "")};
    take("user", "user-eu", says);
    cr_assert_eq(leader.above, 0);
    says.in_force.sequence = 5 + FENCE_JUMP_MAX + 1;
    take("user", "user-eu", says);
    says.in_force = (struct fence){.epoch = leader.lease.epoch + FENCE_JUMP_MAX + 1, .term = leader.lease.term,
                                   .sequence = 6, .digest = ""};
    take("user", "user-eu", says);
    cr_assert_eq(leader.above, 0, "no leader of this control database did that");
    cr_assert_eq(leader_target(&leader, "user", "user-eu")->issued, 5);
    says.in_force = fence(5, "");
    says.in_force.sequence = 7;
    leader.take_over_all = true;
    take("user", "user-eu", says);
    cr_assert_eq(leader.above, 0, "this term asks everybody already");
    leader.take_over_all = false;
    says.in_force.sequence = 9;
    take("user", "user-eu", says);
    cr_assert_eq(leader.above, leader.lease.epoch);
    cr_assert_eq(leader_target(&leader, "user", "user-eu")->issued, 9);
}

/* Of a release that is not under way: kept once, acknowledged each time, so that its worker need not say it again. */
Test(leader, late_outcomes_are_kept_once_and_always_acknowledged)
{
    struct leader_target *target = leader_target(&leader, "auth", "auth");
    struct outcome outcomes[] = {applied("old", "old.0.1", 41), applied("old", "old.1.1", 42)};
    const struct report late = {.kind = REPORT_OUTCOMES, .release = "old", .fence = fence(0, ""),
                                .in_force = fence(0, ""), .outcomes = outcomes, .outcome_count = 2};
    for (size_t time = 1; time <= 2; time++) {
        take("auth", "auth", late);
        cr_assert_eq(leader.inbox_count, 2u, "%zu", leader.inbox_count);
        cr_assert_str_eq(leader.inbox[1].verdict, "late");
        cr_assert_eq(target->heard_count, 2 * time);
        cr_assert(target->heard[2 * time - 2] == 41 && target->heard[2 * time - 1] == 42);
        cr_assert(leader.acknowledge_ms > 0, "they go out");
        struct store_batch batch = {.inbox = leader.inbox, .inbox_count = time == 1 ? 2 : 0};
        MUST(store_batch_commit(leader.store, &batch, &why));
    }
    cr_assert(target->belief.suspect, "what it holds is asked for");
}

/* Another database may stand behind its name when it is back. */
Test(leader, a_target_that_was_forgotten_is_not_known_any_more)
{
    struct leader_target *target = leader_target(&leader, "auth", "auth");
    struct leader_target *other = leader_target(&leader, "user", "user-eu");
    target->belief.known = other->belief.known = true;
    MUST(leader_take_forgotten(&leader, &why));
    cr_assert(target->belief.known && other->belief.known, "they have said what they hold");
    test_pg_run(conninfo, "UPDATE greylag.targets SET last_seen = now() - interval '1 hour' WHERE target = 'auth';"
                          "UPDATE greylag.releases SET state = 'succeeded'");
    MUST(store_target_forget(leader.store, "auth", "auth", &why));
    MUST(leader_take_forgotten(&leader, &why));
    cr_assert(!target->belief.known && other->belief.known);
}

/* Of 200 services: each is an allocation of its own, and what was handed out of it holds until the term ends. */
Test(leader, four_hundred_inventories_of_a_hundred_migrations)
{
    enum { SERVICES = 200, TARGETS = 400, APPLIED = 100 };
    struct intake_key *keys = arena_array(&world.arena, TARGETS, sizeof *keys);
    const char **services = arena_array(&world.arena, TARGETS, sizeof *services);
    struct applied *holds = arena_array(&world.arena, APPLIED, sizeof *holds);
    char contents[DIGEST_TEXT_SIZE], stored[DIGEST_TEXT_SIZE];
    for (int i = 0; i < APPLIED; i++)
        holds[i] = (struct applied){.migration = arena_printf(&world.arena, "V%d__a_column", i), .checksum = world.up,
                                    .request = arena_printf(&world.arena, "old.%d.1", i), .release = "old"};
    contents_digest(holds, APPLIED, contents);
    for (int i = 0; i < TARGETS; i++) {
        services[i] = arena_printf(&world.arena, "s%d", i % SERVICES);
        keys[i] = (struct intake_key){worker.public_key, "w", "", arena_printf(&world.arena, "t%d", i)};
    }
    intake_set_keys(leader.intake, keys, TARGETS);
    test_pg_run(conninfo, "UPDATE greylag.lease SET expires_at = now() + interval '1 hour'"); /* nobody renews it */
    struct leader_target *first = leader_target(&leader, services[0], keys[0].target);
    for (int i = 0; i < TARGETS; i++) {
        struct report holding = answer(services[i], keys[i].target);
        holding.contents = contents;
        holding.applied = holds;
        holding.applied_count = APPLIED;
        take(services[i], keys[i].target, holding);
        cr_assert_eq(leader.inventory_count, (size_t)i % 100 + 1);
        if (leader.inventory_count < 100)
            continue;
        struct store_batch batch = {.inventories = leader.inventories, .inventory_count = leader.inventory_count};
        MUST(store_batch_commit(leader.store, &batch, &why));
        leader.inventory_count = leader.message_count = 0;
        arena_release(&leader.arena);
    }
    cr_assert_eq(first, leader_target(&leader, services[0], keys[0].target));
    MUST(store_contents(leader.store, services[TARGETS - 1], keys[TARGETS - 1].target, stored, &why));
    cr_assert_str_eq(stored, contents);
}

/* There is no bus to make the topic of its jobs. */
static void has_topic(const char *service)
{
    static char name[TOPIC_NAME_SIZE], *known[] = {name};
    const struct topic_space space = settings_topics(&settings);
    topic_name(TOPIC_JOBS, &space, service, name);
    leader.job_topics = known;
    leader.job_topic_count = 1;
}

static void beat_in_force(const char *instance, const char *service, const char *target, int64_t beat, bool leaving,
                          int64_t epoch)
{
    const struct presence_target seen = {.service = service, .target = target, .contents = "", .problem = "",
                                         .system_identifier = "",
                                         .fence = {.epoch = epoch, .term = leader.lease.term, .sequence = 1,
                                                   .digest = ""}};
    const struct presence presence = {.fleet = "shop", .environment = "dev", .worker = instance, .version = "1",
                                      .host = "h", .beat = beat, .leaving = leaving, .targets = &seen,
                                      .target_count = 1};
    size_t len;
    auto_free char *payload = presence_encode(&presence, &len);
    auto_free char *text = envelope_sign(&worker, message_payload_type(MESSAGE_PRESENCE), payload, len, &len);
    struct bus_message message = {.topic = "presence", .key = worker.public_key.id,
                                  .key_len = strlen(worker.public_key.id), .payload = text, .payload_len = len};
    MUST(leader_take_message(&leader, &message, &why));
}

static void beat_of(const char *instance, const char *service, const char *target, int64_t beat, bool leaving)
{
    beat_in_force(instance, service, target, beat, leaving, 0);
}

static void hear_of(const char *instance, const char *service, const char *target, int64_t beat)
{
    beat_of(instance, service, target, beat, false);
}

static void hear(const char *service, const char *target, int64_t beat)
{
    hear_of("w-1", service, target, beat);
}

/* A worker's key can say of its target what it likes: it ends a term, but not one after the other. */
Test(leader, one_target_that_tells_of_later_leaders_again_is_not_followed)
{
    struct outcome outcome = applied("old", "old.0.1", 41);
    const struct leader_target *user = leader_target(&leader, "user", "user-eu");
    has_topic("user");
    beat_in_force("w-1", "user", "user-eu", 1, false, leader.lease.epoch + 1);
    cr_assert_eq(leader.above, leader.lease.epoch + 1);
    leader.lease.epoch = leader.above + 1; /* the next term */
    leader.above = 0;
    beat_in_force("w-1", "user", "user-eu", 2, false, leader.lease.epoch + 1);
    cr_assert_eq(leader.above, 0, "said once more");
    cr_assert(strstr(user->problem, "later leader"), "health has the reason: %s", user->problem);
    struct report says = {.kind = REPORT_OUTCOMES, .release = "old", .fence = fence(0, ""), .in_force = fence(1, ""),
                          .outcomes = &outcome, .outcome_count = 1};
    says.in_force.epoch = leader.lease.epoch + 1;
    take("user", "user-eu", says);
    cr_assert_eq(leader.above, 0);
    cr_assert_eq(leader.inbox_count, 0u, "what it says beside that is not taken either");
    beat_in_force("w-1", "user", "user-eu", 3, false, 1);
    cr_assert_str_eq(user->problem, "");
    says.in_force.sequence = 1;
    take("auth", "auth", says);
    cr_assert_eq(leader.above, leader.lease.epoch + 1, "another target is followed at once");
}

/* The same through a refusal of the job under way, which names no fence but its own. */
Test(leader, one_target_that_asks_for_higher_epochs_again_is_not_followed)
{
    struct rollout *rollout = &leader.release->rollout;
    int auth = rollout_target_index(rollout, "auth", "auth");
    leader_target(&leader, "auth", "auth")->issued = rollout->targets[auth].sequence;
    for (int time = 0; time < 2; time++) {
        struct fence job = fence(rollout->targets[auth].sequence, world.up);
        take("auth", "auth", (struct report){.kind = REPORT_REFUSED, .release = rollout->release, .fence = job,
                                             .in_force = job, .refusal = REFUSAL_CONFLICT});
        cr_assert_eq(leader.above, time == 0 ? leader.lease.epoch : 0);
        leader.above = 0; /* the next term */
    }
}

/* It was the newest when the order was given, and another one has come and gone since: what halted is over. */
Test(leader, an_order_for_what_others_came_after_is_not_carried_out)
{
    struct rollout *rollout = &leader.release->rollout;
    int64_t order;
    rollout_effects_clear(rollout, &leader.effects);
    rollout->state = RELEASE_HALTED;
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'halted', ended_at = now()");
    MUST(store_order_add(leader.store, rollout->release, "retry", "ann", &order, &why));
    test_pg_run(conninfo, "INSERT INTO greylag.releases (id, state, direction, fleet, options, plan_digest, "
                          "irreversible, accept_irreversible, requested_by, note, ended_at) "
                          "SELECT 'later', 'succeeded', 'up', fleet, options, plan_digest, 0, false, 'ann', '', now() "
                          "FROM greylag.releases");
    MUST(leader_take_orders(&leader, &why));
    cr_assert_eq(leader.handled_count, 1u);
    cr_expect_str_eq(leader.handled[0].result, "other releases came after it");
    cr_expect_eq(rollout->state, RELEASE_HALTED, "it goes on");
    test_pg_run(conninfo, "UPDATE greylag.releases SET fleet = '', pruned_at = now(); DELETE FROM greylag.steps");
    leader_release_set(&leader, NULL);
    MUST(leader_take_orders(&leader, &why)); /* of what is off the record, too */
    cr_expect_str_eq(leader.handled[1].result, "other releases came after it");
}

/* Whatever took it away: a term that ended at it would be followed by the next one, for ever. */
Test(leader, a_job_whose_text_is_gone_is_refused_and_ends_no_term)
{
    test_pg_run(conninfo, "DELETE FROM greylag.blobs");
    MUST(leader_prepare(&leader, &why));
    cr_assert_eq(leader.job_count, 0u);
    cr_assert_eq(leader.refusal_count, 1u);
    cr_assert(strstr(leader.refusals[0].why, world.up), "%s", leader.refusals[0].why);
    free(leader.refusals);
}

/* After a restore: at once, and then less and less often, since its database may be away for a night. */
Test(leader, a_target_outside_a_release_that_takes_no_fence_is_fenced_less_and_less_often)
{
    static const int64_t pauses[] = {5000, 10000, 20000, 40000, 60000, 60000};
    has_topic("user");
    leader_release_set(&leader, NULL);
    leader.take_over_all = true;
    leader.until_ms = INT64_MAX;
    struct leader_target *target = leader_target(&leader, "user", "user-eu");
    hear("user", "user-eu", 0);
    cr_assert_eq(leader.message_count, 0u, "that the database went back is not stored yet");
    leader.told_all = true;
    for (size_t i = 0; i < COUNT_OF(pauses); i++) {
        int64_t now_ms = clock_mono_ms();
        for (int64_t again = 1; again <= 2; again++) {
            hear("user", "user-eu", (int64_t)i * 2 + again);
            cr_assert_eq(leader.message_count, i + 1, "one fence, whatever is heard");
        }
        cr_assert_geq(target->outside_ms, now_ms + pauses[i]);
        target->outside_ms = now_ms; /* that time is over */
    }
    target->outside_ms = INT64_MAX;
    hear("user", "user-eu", 100);
    cr_assert_eq(leader.message_count, COUNT_OF(pauses));
    hear_of("w-2", "user", "user-eu", 1);
    cr_assert_eq(leader.message_count, COUNT_OF(pauses) + 1, "another worker has not heard of any");
}

/* Two workers of one target, as while one version of it replaces another. */
Test(leader, the_worker_that_goes_is_not_the_one_that_serves_the_target)
{
    has_topic("auth");
    struct leader_target *target = leader_target(&leader, "auth", "auth");
    hear_of("w-1", "auth", "auth", 1);
    hear_of("w-2", "auth", "auth", 1);
    beat_of("w-1", "auth", "auth", 2, true);
    cr_assert(!target->leaving && target->seen_ms && text_starts(target->worker, "w-2@"), "%s", target->worker);
    beat_of("w-2", "auth", "auth", 2, true);
    cr_assert(target->leaving && !target->seen_ms);
}

/* A fence, and a question, that are said once an hour by now. */
Test(leader, a_worker_that_begins_hears_at_once_what_nobody_has_answered)
{
    has_topic("auth");
    struct rollout *rollout = &leader.release->rollout;
    int auth = rollout_target_index(rollout, "auth", "auth");
    struct leader_target *target = leader_target(&leader, "auth", "auth");
    hear("auth", "auth", 1);
    leader_decide(&leader, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1});
    cr_assert_eq(rollout->targets[auth].state, TARGET_FENCING);
    size_t fences = leader.effects.fence_count;
    for (int64_t beat = 2; beat < 5; beat++)
        hear("auth", "auth", beat);
    cr_assert_eq(leader.effects.fence_count, fences);
    hear_of("w-2", "auth", "auth", 1);
    cr_assert_eq(leader.effects.fence_count, fences + 1, "what it has not heard");
    hear_of("w-2", "auth", "auth", 2);
    beat_of("w-4", "auth", "auth", 1, true);
    cr_assert_eq(leader.effects.fence_count, fences + 1);
    leader_release_set(&leader, NULL);
    leader_ask(&leader, target, 0);
    for (int i = 0; i < 6; i++)
        pause_next(&target->question.again);
    size_t asked = leader.message_count;
    leader_ask(&leader, target, 0);
    cr_assert_eq(leader.message_count, asked, "it was asked just now");
    hear_of("w-3", "auth", "auth", 1);
    leader_ask(&leader, target, 0);
    cr_assert_eq(leader.message_count, asked + 1);
}
