/* Repeatables, callbacks and further texts in the control database, against a real server: what acceptance asks for,
 * what counts as applied, and which text a way back goes to, over several releases. */
/* links: harness */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "store/store.h"
#include "unit/control.h"

TestSuite(store_kinds, .init = start_database, .fini = stop_database, .timeout = 120);

/* auth: beforeMigrate, 1 (with a verify script), R__v; shop: 1, 2, which needs auth. Everything around
 * each migration. */
struct world {
    struct arena arena;
    struct store *store;
    struct migration auth[3], shop[2];
    struct service services[2];
    struct fleet fleet;
    const char *fails; /* "service/migration" that fails */
};

static const char *digest_of(struct arena *arena, const char *text)
{
    char *hex = arena_alloc(arena, DIGEST_HEX_SIZE);
    digest_hex(text, strlen(text), hex);
    return hex;
}

static struct migration migration_of(struct arena *arena, const char *id, enum migration_kind kind)
{
    bool versioned = kind == MIGRATION_VERSIONED;
    return (struct migration){.id = id, .version = versioned ? id : "", .name = "n", .file = id, .kind = kind,
                              .up = digest_of(arena, id), .up_size = 10, .down_file = versioned ? "down" : NULL,
                              .down = versioned ? digest_of(arena, "down") : NULL};
}

static void begin(struct world *w)
{
    static const char *const auth_targets[] = {"auth"}, *const shop_targets[] = {"shop"}, *const needs[] = {"auth"};
    static const char *const names[] = {"auth", "shop"};
    *w = (struct world){.fails = ""};
    struct arena *arena = &w->arena;
    w->auth[0] = migration_of(arena, "beforeMigrate", MIGRATION_CALLBACK);
    w->auth[1] = migration_of(arena, "1", MIGRATION_VERSIONED);
    w->auth[1].verify = digest_of(arena, "verify");
    w->auth[1].category = "schema";
    w->auth[2] = migration_of(arena, "R__v", MIGRATION_REPEATABLE);
    w->auth[2].category = "views";
    w->shop[0] = migration_of(arena, "1", MIGRATION_VERSIONED);
    w->shop[1] = migration_of(arena, "2", MIGRATION_VERSIONED);
    w->services[0] = (struct service){.name = "auth",
                                      .layout = "flyway",
                                      .targets = auth_targets,
                                      .target_count = 1,
                                      .policy = POLICY_DEFAULT,
                                      .migrations = w->auth,
                                      .migration_count = 3,
                                      .before_each = digest_of(arena, "each"),
                                      .after_each = digest_of(arena, "each after")};
    w->services[1] = (struct service){.name = "shop", .layout = "flyway", .targets = shop_targets, .target_count = 1,
                                      .policy = POLICY_DEFAULT, .migrations = w->shop, .migration_count = 1,
                                      .depends_on = needs, .depends_on_count = 1};
    w->fleet = (struct fleet){.name = "shop", .environment = "dev", .services = w->services, .service_count = 2};
    MUST(store_open(conninfo, "shop", "dev", "test", &w->store, &why));
    struct store_lease lease;
    bool taken = false;
    MUST(store_lease_take(w->store, &(struct store_candidate){.holder = "a", .ttl_ms = 60000}, &taken, &lease, &why));
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    key_generate(&key);
    MUST(store_worker_enroll(w->store, key_public_text(&key.public_key, text), "w", names, 2, "root", &why));
    struct store_seen seen[2];
    struct store_inventory inventories[2];
    for (int i = 0; i < 2; i++) {
        seen[i] = (struct store_seen){.worker = "w-1",
                                      .host = "h",
                                      .version = "1",
                                      .service = names[i],
                                      .target = names[i],
                                      .contents = "",
                                      .problem = ""};
        inventories[i] = (struct store_inventory){.service = names[i], .target = names[i]};
    }
    struct store_batch batch = {.seen = seen, .seen_count = 2, .inventories = inventories, .inventory_count = 2};
    MUST(store_batch_commit(w->store, &batch, &why));
}

static void end(struct world *w)
{
    store_close(w->store);
    arena_release(&w->arena);
}

static void put(struct world *w, const char *text)
{
    MUST(store_blob_put(w->store, digest_of(&w->arena, text), text, strlen(text), &why));
}

static void put_all(struct world *w)
{
    static const char *const words[] = {"beforeMigrate", "1", "2", "R__v", "down", "verify", "each", "each after"};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        put(w, words[i]);
}

/* The repeatable one has another text now. */
static void change(struct world *w, const char *text)
{
    w->auth[2].up = digest_of(&w->arena, text);
    put(w, text);
}

static bool accept(struct world *w, const struct plan_options *options, struct store_acceptance *ret, struct err *err)
{
    auto_free char *json = fleet_encode(&w->fleet);
    struct store_request request = {.fleet_json = json, .fleet_len = strlen(json), .options = options,
                                    .requested_by = "ann", .reason = "", .accept_irreversible = true};
    return store_release_accept(w->store, &request, &w->arena, ret, err);
}

static struct outcome outcome_of(struct world *w, const struct rollout *rollout, const struct rollout_step *step,
                                 int64_t position)
{
    const struct plan_step *planned = &rollout->plan->steps[step->plan_step];
    const struct migration *migration = plan_migration(rollout->plan, planned);
    const char *service = rollout->plan->fleet->services[planned->service].name;
    bool fails = strcmp(w->fails, arena_printf(&w->arena, "%s/%s", service, migration->id)) == 0;
    char request[REQUEST_ID_SIZE];
    rollout_request_id(rollout, step, request);
    struct outcome outcome = {.request = arena_strdup(&w->arena, request),
                              .release = rollout->release,
                              .direction = step->direction,
                              .kind = fails ? OUTCOME_FAILED : OUTCOME_APPLIED,
                              .migration = migration->id,
                              .attempt = 1,
                              .position = position,
                              .sqlstate = "",
                              .message = "",
                              .left = "",
                              .detail = "",
                              .started_us = 1,
                              .finished_us = position,
                              .checksum = step->direction == DIRECTION_UP ? migration->up
                                          : *planned->earlier             ? planned->earlier
                                                                          : migration->down};
    outcome.id = outcome_id(&w->arena, request, 1, outcome.kind);
    return outcome;
}

/* The engine's job, done; loaded again after each commit, as by a coordinator that was killed there. */
static void do_job(struct world *w, struct store_release *release, const struct rollout_send_job *job,
                   struct rollout_effects *effects)
{
    static int64_t position;
    struct rollout *rollout = &release->rollout;
    struct outcome *outcomes = arena_array(&w->arena, job->step_count, sizeof *outcomes);
    size_t count = 0;
    while (count < job->step_count && (count == 0 || outcomes[count - 1].kind == OUTCOME_APPLIED)) {
        outcomes[count] = outcome_of(w, rollout, &rollout->steps[job->steps[count]], ++position);
        count++;
    }
    const struct rollout_target *target = &rollout->targets[job->target];
    struct fence fence = {.epoch = rollout->epoch, .term = rollout->term, .sequence = job->sequence, .digest = "d"};
    struct report report = {.kind = REPORT_FINISHED,
                            .audience = {"shop", "dev", target->service, target->name},
                            .id = "r",
                            .worker = "w",
                            .release = rollout->release,
                            .fence = fence,
                            .in_force = fence,
                            .message = "",
                            .outcomes = outcomes,
                            .outcome_count = count};
    struct store_inbox *inbox = arena_array(&w->arena, count, sizeof *inbox);
    for (size_t i = 0; i < count; i++)
        inbox[i] = (struct store_inbox){.outcome = &outcomes[i], .service = target->service, .target = target->name,
                                        .worker = "w", .verdict = "accepted", .report_digest = ""};
    struct store_batch batch = {.inbox = inbox, .inbox_count = count};
    MUST(store_batch_commit(w->store, &batch, &why));
    rollout_decide(rollout, &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = job->target, .report = &report},
                   10, effects);
}

static struct store_release *load(struct world *w, const char *id)
{
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct store_release *release = NULL;
    MUST(store_release_load(w->store, id, &settings, &release, &why));
    return release;
}

/* Runs a release that was accepted to its end. */
static enum release_state drive(struct world *w, const char *id)
{
    struct store_release *release = load(w, id);
    struct rollout_effects effects;
    rollout_effects_init(&effects);
    rollout_decide(&release->rollout, &(struct rollout_event){.kind = ROLLOUT_ACCEPTED, .target = -1}, 1, &effects);
    rollout_advance(&release->rollout, 1, &effects);
    enum release_state state = RELEASE_RUNNING;
    for (int round = 0; round < 30 && !release_state_terminal(state); round++) {
        struct rollout_send_job jobs[8];
        size_t count = effects.job_count;
        for (size_t i = 0; i < count; i++) {
            int *steps = arena_array(&w->arena, effects.jobs[i].step_count, sizeof *steps);
            memcpy(steps, effects.jobs[i].steps, effects.jobs[i].step_count * sizeof *steps);
            jobs[i] = effects.jobs[i];
            jobs[i].steps = steps;
        }
        struct store_batch batch = {.rollout = &release->rollout, .effects = &effects};
        MUST(store_batch_commit(w->store, &batch, &why));
        rollout_effects_clear(&release->rollout, &effects);
        store_release_free(release);
        release = load(w, id);
        for (size_t i = 0; i < count; i++)
            do_job(w, release, &jobs[i], &effects);
        rollout_advance(&release->rollout, 10 + round, &effects);
        state = release->rollout.state;
    }
    struct store_batch batch = {.rollout = &release->rollout, .effects = &effects};
    MUST(store_batch_commit(w->store, &batch, &why));
    rollout_effects_release(&effects);
    store_release_free(release);
    return state;
}

static const char *up(struct world *w, enum release_state wanted)
{
    struct plan_options options = {.direction = DIRECTION_UP};
    struct store_acceptance acceptance;
    MUST(accept(w, &options, &acceptance, &why));
    cr_assert(*acceptance.release);
    cr_assert_eq(drive(w, acceptance.release), wanted);
    return arena_strdup(&w->arena, acceptance.release);
}

/* What is believed to be applied on auth, as "id:text@release<text@release" with `names` for digests. */
static const char *held(struct world *w, const char *const *names, size_t count)
{
    char *text;
    auto_buf struct buf out = BUF_INIT(4096);
    MUST(store_applied(w->store, &text, &why));
    json_t *json = json_loads(text, 0, NULL);
    const json_t *rows = json_object_get(json_object_get(json, "targets"), "auth/auth"), *row, *item;
    size_t i, k;
    json_array_foreach(rows, i, row)
    {
        buf_addf(&out, "%s%s", i ? " " : "", json_string_value(json_object_get(row, "migration")));
        json_array_foreach(json_object_get(row, "texts"), k, item)
        {
            const char *digest = json_string_value(json_object_get(item, "checksum")), *name = "?";
            for (size_t n = 0; n < count; n++)
                if (strcmp(digest_of(&w->arena, names[n]), digest) == 0)
                    name = names[n];
            buf_addf(&out, "%s%s@%s%s", k ? "<" : ":", name, json_string_value(json_object_get(item, "release")),
                     json_is_true(json_object_get(item, "kept")) ? "" : "!");
        }
    }
    free(text);
    json_decref(json);
    return arena_strdup(&w->arena, buf_text(&out));
}

static void holds(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void holds(struct world *w, const char *format, ...)
{
    static const char *const names[] = {"R__v", "two", "three"};
    char wanted[500];
    va_list args;
    va_start(args, format);
    vsnprintf(wanted, sizeof wanted, format, args);
    va_end(args);
    const char *got = held(w, names, COUNT_OF(names));
    cr_assert_str_eq(got, wanted, "got <%s>, wanted <%s>", got, wanted);
}

static json_int_t pending(struct world *w, const char *category, const char *name)
{
    auto_free char *fleet = fleet_encode(&w->fleet);
    char *text;
    MUST(store_status(w->store, fleet, strlen(fleet), category, &text, &why));
    json_t *json = json_loads(text, 0, NULL);
    const json_t *target = json_array_get(json_object_get(json, "targets"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(target, "target")), "auth");
    cr_assert_null(json_object_get(target, "held"));
    json_int_t number = json_integer_value(json_object_get(target, name));
    free(text);
    json_decref(json);
    return number;
}

Test(store_kinds, acceptance_asks_for_every_text)
{
    struct world w;
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    struct plan_options options = {.direction = DIRECTION_UP};
    begin(&w);
    cr_assert_not(accept(&w, &options, &acceptance, &err));
    cr_assert_eq(err.kind, ERR_CONFLICT, "%s", err.text);
    /* auth: callback; up, down and verify of 1; the repeatable; shop: up and down; around each */
    cr_assert_eq(acceptance.missing_count, 1u + 3u + 1u + 2u + 2u, "%zu", acceptance.missing_count);
    put_all(&w);
    MUST(accept(&w, &options, &acceptance, &why));
    struct store_release *release = load(&w, acceptance.release);
    cr_assert_eq(release->plan.steps[1].verify_size, (int64_t)strlen("verify"));
    cr_assert_eq(release->plan.steps[0].way_back, WAY_BACK_NOTHING);
    cr_assert_str_eq(release->plan.steps[1].id, "1");
    store_release_free(release);
    end(&w);
}

Test(store_kinds, a_repeatable_through_releases_rollbacks_and_downs)
{
    struct world w;
    begin(&w);
    put_all(&w);
    cr_assert_eq(pending(&w, NULL, "pending"), 2); /* callbacks do not count */
    const char *one = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:R__v@%s", one);
    cr_assert_eq(pending(&w, NULL, "pending"), 0);

    change(&w, "two");
    w.services[1].migration_count = 2;
    w.fails = "shop/2";
    cr_assert_eq(pending(&w, NULL, "pending"), 1);
    up(&w, RELEASE_ROLLED_BACK);
    holds(&w, "1 R__v:R__v@%s", one); /* the earlier text is release one's, whatever brought it back */
    cr_assert_eq(pending(&w, NULL, "pending"), 1);

    w.fails = "";
    const char *two = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:two@%s<R__v@%s", two, one);
    change(&w, "three");
    const char *three = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:three@%s<two@%s<R__v@%s", three, two, one);

    struct plan_options back = {.direction = DIRECTION_DOWN, .release = three};
    struct store_acceptance acceptance;
    MUST(accept(&w, &back, &acceptance, &why));
    struct store_release *release = load(&w, acceptance.release);
    cr_assert_eq(release->plan.step_count, 1u);
    cr_assert_str_eq(release->plan.steps[0].earlier, digest_of(&w.arena, "two"));
    cr_assert_eq(release->plan.steps[0].earlier_size, 3);
    store_release_free(release);
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:two@%s<R__v@%s", two, one);

    change(&w, "three");
    w.fails = "auth/R__v";
    up(&w, RELEASE_ROLLED_BACK);
    holds(&w, "1 R__v:two@%s<R__v@%s", two, one);
    w.fails = "";
    three = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:three@%s<two@%s<R__v@%s", three, two, one);
    back = (struct plan_options){.direction = DIRECTION_DOWN, .back_to = one};
    MUST(accept(&w, &back, &acceptance, &why));
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:R__v@%s", one);

    back = (struct plan_options){.direction = DIRECTION_DOWN, .all = true};
    MUST(accept(&w, &back, &acceptance, &why));
    cr_assert_eq(acceptance.plan->steps[acceptance.plan->step_count - 2].direction, DIRECTION_FORGET);
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    holds(&w, "%s", "");
    cr_assert_eq(pending(&w, NULL, "pending"), 2);
    end(&w);
}

/* An inventory says through which request a text came into effect: whatever a target says there, all others go on. */
Test(store_kinds, a_request_of_another_form_hinders_nobody)
{
    static const char *const forms[] = {"x", "99999999999", ""};
    struct world w;
    begin(&w);
    put_all(&w);
    up(&w, RELEASE_SUCCEEDED);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        auto_free char *said = xasprintf("UPDATE greylag.applied SET request = substring(request FROM "
                                         "'^[^.]+[.][0-9]+') || '%s.1' WHERE migration = 'R__v'", forms[i]);
        test_pg_run(conninfo, said);
        change(&w, i % 2 ? "two" : "three");
        char *text;
        MUST(store_applied(w.store, &text, &why));
        free(text);
        up(&w, RELEASE_SUCCEEDED);
    }
    end(&w);
}

/* Down and up again since, a text that came and went, a migration that is gone: what counts is what was in effect. */
Test(store_kinds, back_to_what_a_release_held_whatever_ran_since)
{
    struct world w;
    struct store_acceptance acceptance;
    struct plan_options all = {.direction = DIRECTION_DOWN, .all = true};
    begin(&w);
    put_all(&w);
    put(&w, "two");
    w.services[1].migration_count = 1;
    const char *first = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:R__v@%s", first);
    w.services[1].migration_count = 2;
    const char *second = up(&w, RELEASE_SUCCEEDED);
    MUST(accept(&w, &all, &acceptance, &why));
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    struct plan_options gone = {.direction = DIRECTION_DOWN, .back_to = second};
    MUST(accept(&w, &gone, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 0u);
    cr_assert_eq(acceptance.findings.count, 1u);
    cr_assert_str_eq(acceptance.findings.items[0].rule, finding_rule_text(FINDING_GONE_SINCE));
    cr_assert(strstr(acceptance.findings.items[0].text, "4 migrations were in effect then and are not now"), "%s",
              acceptance.findings.items[0].text);
    cr_expect_str_eq(acceptance.findings.items[0].hint, "greylag up applies what is pending");
    w.services[0].migration_count = w.services[1].migration_count = 0; /* their files went in a squash */
    MUST(accept(&w, &gone, &acceptance, &why));
    cr_expect(strstr(acceptance.findings.items[0].hint, "greylag up does not apply them again"), "%s",
              acceptance.findings.items[0].hint);
    w.services[0].migration_count = 3;
    w.services[1].migration_count = 2;
    up(&w, RELEASE_SUCCEEDED);
    change(&w, "two");
    up(&w, RELEASE_SUCCEEDED);
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = first};
    MUST(accept(&w, &back, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 2u, "%zu steps", acceptance.steps); /* shop's 2, and the text */
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    MUST(accept(&w, &back, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 0u, "once more it undoes %zu steps", acceptance.steps);
    cr_assert_eq(acceptance.findings.count, 0u);
    end(&w);
}

/* A database that is no more holds nothing that would have to go back with the rest. */
Test(store_kinds, a_forgotten_target_hinders_no_way_back)
{
    struct world w;
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    begin(&w);
    put_all(&w);
    const char *first = up(&w, RELEASE_SUCCEEDED);
    struct plan_options down = {.direction = DIRECTION_DOWN, .release = first};
    w.services[0].target_count = 0;
    cr_assert_not(accept(&w, &down, &acceptance, &err));
    test_pg_run(conninfo, "UPDATE greylag.targets SET forgotten_at = now() WHERE service = 'auth'");
    MUST(accept(&w, &down, &acceptance, &why));
    cr_assert_eq(acceptance.findings.count, 1u);
    const char *said = acceptance.findings.items[0].text;
    cr_expect(strstr(said, "which was forgotten"), "%s", said);
    end(&w);
}

/* A squash was undone and applied again: its undo would take away what the release held under names of before. */
Test(store_kinds, back_under_a_squash_is_refused)
{
    struct world w;
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    begin(&w);
    put_all(&w);
    w.services[1].migration_count = 1;
    const char *first = up(&w, RELEASE_SUCCEEDED);
    w.services[1].migration_count = 2;
    const char *second = up(&w, RELEASE_SUCCEEDED);
    struct plan_options shop = {.direction = DIRECTION_DOWN, .services = (const char *[]){"shop"}, .service_count = 1,
                                .all = true};
    MUST(accept(&w, &shop, &acceptance, &why));
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    const struct service files = w.services[1];
    w.services[1].migrations++; /* 1 has no file any more */
    w.services[1].migration_count = 1;
    up(&w, RELEASE_SUCCEEDED);
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = first};
    MUST(accept(&w, &back, &acceptance, &why)); /* 2 came on top of it */
    cr_expect_eq(acceptance.steps, 1u);
    auto_free char *sql = xasprintf("UPDATE greylag.releases SET state = 'succeeded', ended_at = now(); UPDATE "
                                    "greylag.inbox SET direction = 'adopt' WHERE release = '%s'", second);
    test_pg_run(conninfo, sql);
    cr_assert_not(accept(&w, &back, &acceptance, &err), "%zu steps", acceptance.steps);
    cr_expect(strstr(err.text, "shop:1") && strstr(err.text, "shop:2"), "%s", err.text);
    w.services[1] = files;
    end(&w);
}

/* An id has the time of whoever made it, whose clock may have been wrong; no outcome is on record any more. */
Test(store_kinds, what_came_before_a_release_is_told_by_when_it_was_accepted)
{
    static const char *const services[] = {"auth", "shop"};
    struct world w;
    struct store_acceptance acceptance;
    const char *ids[2];
    begin(&w);
    put_all(&w);
    for (int i = 0; i < 2; i++) {
        struct plan_options one = {.direction = DIRECTION_UP, .services = &services[i], .service_count = 1};
        MUST(accept(&w, &one, &acceptance, &why));
        ids[i] = arena_strdup(&w.arena, acceptance.release);
        cr_assert_eq(drive(&w, ids[i]), RELEASE_SUCCEEDED);
    }
    cr_assert_lt(strcmp(ids[0], ids[1]), 0);
    auto_free char *sql = xasprintf("UPDATE greylag.releases SET accepted_at = accepted_at - interval '1 day' "
                                    "WHERE id = '%s'; DELETE FROM greylag.inbox", ids[1]);
    test_pg_run(conninfo, sql);
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = ids[0]};
    MUST(accept(&w, &back, &acceptance, &why));
    cr_expect_eq(acceptance.steps, 0u, "shop's came first: %zu", acceptance.steps);
    end(&w);
}

/* Its placeholders may be others by then, or none. */
Test(store_kinds, an_earlier_text_keeps_what_it_was_run_with)
{
    struct world w;
    begin(&w);
    put_all(&w);
    struct placeholder values[] = {{"key", "", true}, {"word", "hello", false}};
    w.services[0].placeholders = values;
    w.services[0].placeholder_count = 2;
    w.auth[2].placeholders = true;
    const char *one = up(&w, RELEASE_SUCCEEDED);
    values[1].value = "bye";
    w.auth[2].placeholders = false;
    change(&w, "two");
    const char *two = up(&w, RELEASE_SUCCEEDED);
    struct store_release *release = load(&w, two);
    const struct plan_names *names = release->plan.steps[1].earlier_names;
    cr_assert_not_null(names);
    cr_assert(names->replaced && names->count == 2);
    cr_assert(strcmp(names->values[0].name, "key") == 0 && names->values[0].secret);
    cr_assert(strcmp(names->values[1].name, "word") == 0 && strcmp(names->values[1].value, "hello") == 0);
    cr_assert_null(release->plan.steps[0].earlier_names);
    store_release_free(release);

    w.auth[2].placeholders = true;
    change(&w, "three");
    const char *three = up(&w, RELEASE_SUCCEEDED);
    release = load(&w, three);
    cr_assert_not_null(release->plan.steps[1].earlier_names);
    cr_assert_not(release->plan.steps[1].earlier_names->replaced);
    store_release_free(release);
    struct plan_options back = {.direction = DIRECTION_DOWN, .back_to = one};
    struct store_acceptance acceptance;
    MUST(accept(&w, &back, &acceptance, &why));
    release = load(&w, acceptance.release);
    cr_assert_str_eq(release->plan.steps[0].earlier_names->values[1].value, "hello");
    store_release_free(release);
    end(&w);
}

/* Liquibase's runOnChange with a --rollback. */
Test(store_kinds, a_first_text_with_an_undo_goes_off_the_record)
{
    struct world w;
    begin(&w);
    put_all(&w);
    put(&w, "drop the view");
    struct migration view = w.auth[2];
    view.version = view.id;
    view.down = digest_of(&w.arena, "drop the view");
    view.down_file = "down";
    w.auth[2] = w.auth[1];
    w.auth[1] = view; /* it stands before the versioned one */
    w.fails = "shop/1";
    up(&w, RELEASE_ROLLED_BACK);
    holds(&w, "%s", "");
    w.fails = "";
    const char *one = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "R__v:R__v@%s 1", one);
    w.auth[1].up = digest_of(&w.arena, "two");
    put(&w, "two");
    const char *two = up(&w, RELEASE_SUCCEEDED);
    holds(&w, "1 R__v:two@%s<R__v@%s", two, one); /* it ran last, as the target records it */
    const char *const services[] = {"auth"};
    struct plan_options back = {.direction = DIRECTION_DOWN, .services = services, .service_count = 1, .steps = 1};
    struct store_acceptance acceptance;
    MUST(accept(&w, &back, &acceptance, &why));
    cr_assert_eq(drive(&w, acceptance.release), RELEASE_SUCCEEDED);
    holds(&w, "%s", "1");
    end(&w);
}

Test(store_kinds, a_text_that_is_lost_is_no_way_back)
{
    struct world w;
    struct plan_options options = {.direction = DIRECTION_UP};
    struct store_acceptance acceptance;
    begin(&w);
    put_all(&w);
    const char *one = up(&w, RELEASE_SUCCEEDED);
    change(&w, "two");
    auto_free char *sql = xasprintf("DELETE FROM greylag.blobs WHERE digest = '%s'", digest_of(&w.arena, "R__v"));
    test_pg_run(conninfo, sql);
    holds(&w, "1 R__v:R__v@%s!", one);
    MUST(accept(&w, &options, &acceptance, &why));
    cr_assert_eq(acceptance.plan->steps[1].way_back, WAY_BACK_NONE);
    cr_assert_str_neq(acceptance.plan->steps[1].undoes, "");
    end(&w);
}

Test(store_kinds, categories_are_shown_and_filtered_by)
{
    struct world w;
    char *text;
    struct err err = ERR_INIT;
    begin(&w);
    put_all(&w);
    cr_assert_eq(pending(&w, "views", "pending"), 1);
    up(&w, RELEASE_SUCCEEDED);
    cr_assert_eq(pending(&w, "views", "applied"), 1);
    cr_assert_eq(pending(&w, "views", "pending"), 0);
    cr_assert_eq(pending(&w, NULL, "applied"), 2);
    cr_assert_not(store_status(w.store, NULL, 0, "views", &text, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    MUST(store_history(w.store, "", "", "views", 10, &text, &why));
    json_t *json = json_loads(text, 0, NULL);
    const json_t *rows = json_object_get(json, "history");
    cr_assert_eq(json_array_size(rows), 1u, "%s", text);
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "category")), "views");
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "migrationKind")), "repeatable");
    json_decref(json);
    free(text);
    MUST(store_history(w.store, "", "", "", 10, &text, &why));
    json = json_loads(text, 0, NULL);
    cr_assert_eq(json_array_size(json_object_get(json, "history")), 4u, "%s", text);
    json_decref(json);
    free(text);
    end(&w);
}
