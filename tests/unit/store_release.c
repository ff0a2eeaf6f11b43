/* Releases in the control database: acceptance, batches, and that a release that is loaded again is the same;
 * what people are shown of them. */
/* links: harness */
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/clock.h"
#include "pg/pg.h"
#include "unit/store_fixture.h"

TestSuite(store, .init = start_database, .fini = stop_database, .timeout = 120);

static void same_text(const char *a, const char *b, const char *what)
{
    cr_assert(text_equal(a ? a : "", b ? b : ""), "%s: %s, %s", what, a, b);
}

/* Everything that a term relies on is the same in the copy that was loaded. */
static void same_rollout(const struct rollout *a, const struct rollout *b)
{
    cr_assert_eq(a->state, b->state);
    cr_assert_eq(a->aim, b->aim);
    cr_assert_eq(a->stopping, b->stopping);
    cr_assert_eq(a->direction, b->direction);
    same_text(a->reason, b->reason, "reason");
    same_text(a->decided_by, b->decided_by, "decided by");
    cr_assert_eq(a->step_count, b->step_count);
    cr_assert_eq(a->target_count, b->target_count);
    for (size_t i = 0; i < a->step_count; i++) {
        const struct rollout_step *x = &a->steps[i], *y = &b->steps[i];
        cr_assert(x->ordinal == y->ordinal && x->leg == y->leg && x->target == y->target &&
                      x->plan_step == y->plan_step && x->direction == y->direction && x->state == y->state &&
                      x->attempt == y->attempt && x->undoes == y->undoes && x->has_outcome == y->has_outcome,
                  "step %zu: %s, %s", i, step_state_text(x->state), step_state_text(y->state));
        same_text(x->undoes_request, y->undoes_request, "undoes");
        same_text(x->request_in_effect, y->request_in_effect, "in effect");
        if (!x->has_outcome)
            continue;
        const struct outcome *o = &x->outcome, *p = &y->outcome;
        same_text(o->id, p->id, "outcome");
        same_text(o->request, p->request, "request");
        same_text(o->message, p->message, "message");
        same_text(o->said.detail, p->said.detail, "DETAIL");
        same_text(o->said.notices, p->said.notices, "notices");
        same_text(o->sqlstate, p->sqlstate, "sqlstate");
        cr_assert(o->kind == p->kind && o->position == p->position && o->attempt == p->attempt &&
                  o->sequence == p->sequence && o->line == p->line && o->direction == p->direction);
    }
    for (size_t i = 0; i < a->target_count; i++) {
        const struct rollout_target *x = &a->targets[i], *y = &b->targets[i];
        cr_assert(x->state == y->state && x->sequence == y->sequence && x->recorded == y->recorded &&
                  x->first == y->first && x->count == y->count && x->rebuild == y->rebuild);
        same_text(x->problem, y->problem, "problem");
    }
}

/* A finished report for a job that the engine sent: everything applied, or the last step failed. */
static struct report answer(struct arena *arena, const struct rollout *rollout, const struct rollout_send_job *job,
                            bool fail)
{
    struct outcome *outcomes = arena_array(arena, job->step_count, sizeof *outcomes);
    for (size_t i = 0; i < job->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[job->steps[i]];
        bool failed = fail && i + 1 == job->step_count;
        char request[REQUEST_ID_SIZE];
        rollout_request_id(rollout, step, request);
        outcomes[i] = (struct outcome){
            .request = arena_strdup(arena, request),
            .release = rollout->release,
            .direction = step->direction,
            .kind = failed ? OUTCOME_FAILED : OUTCOME_APPLIED,
            .migration =
                rollout->plan->fleet->services[0].migrations[rollout->plan->steps[step->plan_step].migration].id,
            .checksum = rollout->plan->fleet->services[0].migrations[0].up,
            .attempt = 1,
            .position = (int64_t)i + 1,
            .sequence = job->sequence,
            .started_us = 1,
            .finished_us = 2,
            .sqlstate = failed ? "23505" : "",
            .message = failed ? "dup \xc3\xa9" : "",
            .said = {.detail = failed ? "Key (x)=(\xe2\x82\xac)" : NULL, .notices = failed ? NULL : "NOTICE: hello\n"},
            .left = "",
            .detail = ""};
        outcomes[i].id = outcome_id(arena, request, 1, outcomes[i].kind);
    }
    const struct rollout_target *target = &rollout->targets[job->target];
    struct fence fence = {.epoch = rollout->epoch, .term = rollout->term, .sequence = job->sequence, .digest = "d"};
    return (struct report){.kind = REPORT_FINISHED, .audience = {"shop", "dev", target->service, target->name},
                           .id = "r", .worker = "w", .release = rollout->release, .fence = fence, .in_force = fence,
                           .message = "", .outcomes = outcomes, .outcome_count = job->step_count};
}

static void commit_rollout(struct store *store, struct store_release *release, struct rollout_effects *effects)
{
    struct store_batch batch = {.rollout = &release->rollout, .effects = effects};
    MUST(store_batch_commit(store, &batch, &why));
    rollout_effects_clear(&release->rollout, effects);
}

/* Loads it again and compares. */
static void check_reload(struct store *store, const struct store_release *release)
{
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct store_release *again = NULL;
    MUST(store_release_load(store, release->id, &settings, &again, &why));
    same_rollout(&release->rollout, &again->rollout);
    cr_assert_str_eq(release->plan.digest, again->plan.digest);
    store_release_free(again);
}

/* Drives a release to its end, comparing after each commit. `fail_at`: which job fails, -1 none. */
static enum release_state drive(struct store *store, struct store_release *release, int fail_at)
{
    struct rollout_effects effects;
    rollout_effects_init(&effects);
    struct rollout *rollout = &release->rollout;
    const struct rollout_event begin = {.kind = ROLLOUT_ACCEPTED, .target = -1};
    auto_arena struct arena arena = ARENA_INIT;
    rollout_decide(rollout, &begin, 1, &effects);
    rollout_advance(rollout, 1, &effects);
    int jobs = 0;
    for (int round = 0; round < 50 && !release_state_terminal(rollout->state); round++) {
        struct report reports[8];
        int targets[8], count = 0;
        for (size_t i = 0; i < effects.job_count; i++) {
            reports[count] = answer(&arena, rollout, &effects.jobs[i], jobs++ == fail_at);
            targets[count++] = effects.jobs[i].target;
        }
        for (size_t i = 0; i < effects.fence_count; i++) {
            const struct rollout_target *target = &rollout->targets[effects.fences[i].target];
            struct fence fence = {.epoch = rollout->epoch, .term = rollout->term,
                                  .sequence = effects.fences[i].sequence, .digest = "d"};
            reports[count] = (struct report){.kind = REPORT_FENCED,
                                             .audience = {"shop", "dev", target->service, target->name}, .id = "f",
                                             .worker = "w", .release = rollout->release, .fence = fence,
                                             .in_force = fence, .message = ""};
            targets[count++] = effects.fences[i].target;
        }
        commit_rollout(store, release, &effects);
        check_reload(store, release);
        for (int i = 0; i < count; i++) {
            const struct rollout_event event = {.kind = ROLLOUT_REPORT, .target = targets[i], .report = &reports[i]};
            rollout_decide(rollout, &event, 10 + round, &effects);
        }
        rollout_advance(rollout, 10 + round, &effects);
    }
    commit_rollout(store, release, &effects);
    check_reload(store, release);
    rollout_effects_release(&effects);
    return rollout->state;
}

/* ---- tests ---- */

Test(store, acceptance_says_what_is_missing)
{
    struct store *store = open_store();
    struct store_acceptance acceptance;
    struct world world;
    struct err err = ERR_INIT;
    make_world(&world, false);
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(strstr(err.hint, "no coordinator leads"), "%s", err.hint); /* enrolling a worker would not help */
    err_clear(&err);
    lead(store, "a");
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && err.retriable, "%s", err.text);
    cr_assert(strstr(err.hint, "enroll their workers"), "%s", err.hint);
    cr_assert(strstr(err.text, "no worker's key"), "%s", err.text);
    make_ready(store);
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(strstr(err.hint, "--accept-irreversible"), "%s %s", err.text, err.hint);
    free(world.json);
    arena_release(&world.arena);
    make_world(&world, true);
    free(world.json);
    world.migrations[1].refused = "it is a program";
    world.json = fleet_encode(&world.fleet);
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(strstr(err.text, "3 steps are such that greylag does not run, the first is auth:2: it is a program"),
              "%s", err.text);
    free(world.json);
    arena_release(&world.arena);
    make_world(&world, true);
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && acceptance.missing_count > 0, "%s", err.text);
    put_blobs(store, &world);
    MUST(accept(store, &world, &acceptance, &why));
    cr_assert_not(accept(store, &world, &acceptance, &err));
    cr_assert(strstr(err.text, "under way"), "%s", err.text);
    auto_free char *open = test_pg_value(conninfo, "SELECT count(*) FROM greylag.releases");
    cr_assert_str_eq(open, "1");
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

Test(store, a_release_that_succeeds_is_the_same_after_each_reload)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    char *id = accept_ready(store, &world);
    struct store_release *release = load(store);
    cr_assert_not(release->begun);
    cr_assert_str_eq(release->id, id);
    cr_assert_eq(drive(store, release, -1), RELEASE_SUCCEEDED, "%s", release->rollout.reason);
    auto_free char *applied = test_pg_value(conninfo, "SELECT count(*) FROM greylag.applied");
    cr_assert_str_eq(applied, "9");
    store_release_free(release);
    struct store_acceptance acceptance;
    MUST(accept(store, &world, &acceptance, &why));
    cr_assert_str_empty(acceptance.release, "nothing is pending");
    cr_assert_null(load(store));
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* A coordinator that falls silent while it accepts: the next request waits, until the server ends the silent one. */
Test(store, acceptance_is_one_at_a_time)
{
    struct store *store = open_store();
    struct world world;
    PGconn *silent = PQconnectdb(conninfo);
    PQclear(PQexec(silent, "BEGIN; SELECT set_config('idle_in_transaction_session_timeout', '400ms', true); "
                           "LOCK TABLE greylag.identity IN SHARE UPDATE EXCLUSIVE MODE"));
    cr_assert_eq(PQtransactionStatus(silent), PQTRANS_INTRANS, "%s", PQerrorMessage(silent));
    lead(store, "a");
    int64_t began = clock_mono_ms();
    accept_ready(store, &world);
    cr_assert_geq(clock_mono_ms() - began, 300, "it did not wait");
    PQclear(PQexec(silent, "COMMIT"));
    cr_assert_eq(PQstatus(silent), CONNECTION_BAD);
    PQfinish(silent);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

struct accepting {
    struct world *world;
    struct store_acceptance acceptance;
    struct err err;
    atomic_bool done;
    bool accepted;
};

static void *accept_beside(void *context)
{
    struct accepting *accepting = context;
    struct store *store = open_store();
    accepting->accepted = accept(store, accepting->world, &accepting->acceptance, &accepting->err);
    store_close(store);
    atomic_store(&accepting->done, true);
    return NULL;
}

static int waiting(void)
{
    auto_free char *count = test_pg_value(conninfo, "SELECT count(*) FROM pg_stat_activity "
                                                    "WHERE wait_event_type = 'Lock' AND datname = current_database()");
    return (int)strtol(count, NULL, 10);
}

/* A standby whose clock is behind has taken over: the newest release is the one that was accepted last. */
Test(store, a_release_comes_after_those_before_it_whatever_the_clock_says)
{
    struct store *store = open_store();
    struct world world;
    struct store_acceptance acceptance;
    enum release_state state;
    int64_t change;
    lead(store, "a");
    char *first = accept_ready(store, &world);
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'halted', accepted_at = now() + interval '10 minutes', "
                          "ended_at = now() + interval '10 minutes'");
    MUST(store_release_leave(store, first, "ann", &why));
    auto_free char *left = test_pg_value(conninfo, "SELECT greylag.is_left(r) FROM greylag.releases r");
    cr_assert_str_eq(left, "t", "it was left after it had ended");
    MUST(accept(store, &world, &acceptance, &why));
    MUST(store_release_change(store, "latest", &change, &state, &why));
    cr_assert_eq(state, RELEASE_RUNNING, "%s", release_state_text(state));
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

struct ordering {
    const char *release;
    struct err err;
    bool added;
};

static void *order_beside(void *context)
{
    struct ordering *ordering = context;
    struct store *store = open_store();
    int64_t order;
    ordering->added = store_order_add(store, ordering->release, "retry", "ann", &order, &ordering->err);
    store_close(store);
    return NULL;
}

/* Either it goes on, or another one comes after it: the leader's commit that makes two of them open would fail, and end
 * its term. */
Test(store, what_halted_is_told_to_go_on_or_the_next_is_accepted)
{
    struct store *store = open_store();
    struct world world;
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    pthread_t thread;
    int64_t order;
    lead(store, "a");
    struct ordering ordering = {.release = accept_ready(store, &world)};
    test_pg_run(conninfo, "UPDATE greylag.releases SET state = 'halted', ended_at = now()");
    MUST(store_order_add(store, ordering.release, "retry", "ann", &order, &why));
    cr_expect_not(accept(store, &world, &acceptance, &err), "it is about to go on");
    cr_expect(err.kind == ERR_CONFLICT && strstr(err.text, ordering.release), "%s", err.text);
    test_pg_run(conninfo, "UPDATE greylag.orders SET handled_at = now()");

    PGconn *slow = PQconnectdb(conninfo);
    PQclear(PQexec(slow, "BEGIN; LOCK TABLE greylag.foreign_history IN ACCESS EXCLUSIVE MODE"));
    struct accepting accepting = {.world = &world, .err = ERR_INIT};
    pthread_t acceptor;
    cr_assert_eq(pthread_create(&acceptor, NULL, accept_beside, &accepting), 0);
    int64_t until = clock_mono_ms() + 10000;
    while (waiting() == 0)
        cr_assert_lt(clock_mono_ms(), until, "the next one is being planned");
    cr_assert_eq(pthread_create(&thread, NULL, order_beside, &ordering), 0);
    while (waiting() < 2)
        cr_assert_lt(clock_mono_ms(), until, "the order waits for it");
    PQfinish(slow);
    cr_assert_eq(pthread_join(acceptor, NULL), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect(accepting.accepted, "%s", accepting.err.text);
    cr_expect(!ordering.added && strstr(ordering.err.text, "other releases came after it"), "%s", ordering.err.text);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

/* A release ends while the next one is being planned: the plan is of the moment at which it is accepted, or none is. */
Test(store, acceptance_sees_one_moment)
{
    struct store *store = open_store();
    struct world world, again;
    lead(store, "a");
    accept_ready(store, &world);
    struct store_release *release = load(store);
    PGconn *slow = PQconnectdb(conninfo); /* planning reads this table, and no leader does */
    PQclear(PQexec(slow, "BEGIN; LOCK TABLE greylag.foreign_history IN ACCESS EXCLUSIVE MODE"));
    cr_assert_eq(PQtransactionStatus(slow), PQTRANS_INTRANS, "%s", PQerrorMessage(slow));
    make_world(&again, true);
    struct accepting accepting = {.world = &again};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, accept_beside, &accepting), 0);
    while (!atomic_load(&accepting.done) && waiting() == 0)
        continue;
    cr_assert_eq(drive(store, release, -1), RELEASE_SUCCEEDED, "%s", release->rollout.reason);
    PQclear(PQexec(slow, "ROLLBACK"));
    PQfinish(slow);
    pthread_join(thread, NULL);
    printf("# accepted: %d, \"%s\", %s\n", accepting.accepted, accepting.acceptance.release, accepting.err.text);
    cr_assert(accepting.accepted ? !*accepting.acceptance.release : strstr(accepting.err.text, "under way") != NULL);
    store_release_free(release);
    store_close(store);
    free(world.json);
    free(again.json);
    arena_release(&world.arena);
    arena_release(&again.arena);
}

static void say_the_same(struct store *store, int targets)
{
    static const char *const names[][2] = {{"auth", "auth"}, {"user", "user-eu"}, {"user", "user-us"}};
    struct store_inventory inventories[3];
    for (int i = 0; i < targets; i++)
        inventories[i] = (struct store_inventory){.service = names[i][0], .target = names[i][1], .same = true};
    struct store_batch batch = {.inventories = inventories, .inventory_count = (size_t)targets};
    MUST(store_batch_commit(store, &batch, &why));
}

/* What was known to the leader before is not known to this one: a target may have been replaced. */
Test(store, nothing_is_pending_is_no_answer_from_memory)
{
    struct store *store = open_store(), *other = open_store();
    struct store_acceptance acceptance;
    struct plan_options options = {.direction = DIRECTION_UP};
    struct world world;
    lead(store, "a");
    accept_ready(store, &world);
    struct store_release *release = load(store);
    cr_assert_eq(drive(store, release, -1), RELEASE_SUCCEEDED, "%s", release->rollout.reason);
    MUST(accept(store, &world, &acceptance, &why));
    cr_assert_str_empty(acceptance.release);
    const struct store_request request = {.fleet_json = world.json, .fleet_len = strlen(world.json),
                                          .options = &options, .requested_by = "ann"};
    store_close(store); /* as a kill does */
    lead(other, "b");
    for (int said = 0; said <= 3; said++) {
        struct err err = ERR_INIT;
        say_the_same(other, said);
        bool accepted = accept(other, &world, &acceptance, &err), known = said == 3;
        cr_assert_eq(accepted, known, "%d of 3 have said: %s", said, err.text);
        cr_assert(accepted || (err.retriable && strstr(err.text, "not known yet")), "%s", err.text);
        cr_assert(accepted || strstr(err.hint, "enroll their workers"), "%s", err.hint);
        cr_assert_eq(store_release_preview(other, &request, &world.arena, &acceptance, &err), known, "%s", err.text);
        auto_free char *status = NULL;
        MUST(store_status(other, world.json, strlen(world.json), NULL, &status, &why));
        int answers = 0;
        for (const char *at = status; (at = strstr(at, "\"pending\":0")); at++)
            answers++;
        cr_assert_eq(answers, said, "%s", status);
    }
    store_lease_release(other);
    struct err err = ERR_INIT;
    cr_assert_not(accept(other, &world, &acceptance, &err), "nobody leads: nobody hears what targets say");
    auto_free char *applied = test_pg_value(conninfo, "SELECT count(*) FROM greylag.applied");
    cr_assert_str_eq(applied, "9");
    store_release_free(release);
    store_close(other);
    free(world.json);
    arena_release(&world.arena);
}

Test(store, a_release_that_is_rolled_back_is_the_same_after_each_reload)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    accept_ready(store, &world);
    struct store_release *release = load(store);
    enum release_state state = drive(store, release, 1);
    cr_assert_eq(state, RELEASE_ROLLED_BACK, "%s: %s", release_state_text(state), release->rollout.reason);
    auto_free char *applied = test_pg_value(conninfo, "SELECT count(*) FROM greylag.applied");
    cr_assert_str_eq(applied, "0");
    store_release_free(release);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

Test(store, the_inbox_takes_an_outcome_once)
{
    struct store *store = open_store();
    lead(store, "a");
    struct outcome outcome = {.id = "r.1.1/1/applied", .request = "r.1.1", .release = "r", .migration = "1",
                              .checksum = "c", .attempt = 1, .position = 4, .sequence = 2, .sqlstate = "",
                              .message = "bad \xff byte", .left = "", .detail = ""};
    struct store_inbox inbox = {.outcome = &outcome, .service = "auth", .target = "auth", .worker = "w",
                                .verdict = "accepted", .report_digest = "d"};
    struct store_position position = {.topic = "events", .partition = 0, .next = 7, .digest = "x"};
    struct store_batch batch = {.inbox = &inbox, .inbox_count = 1, .positions = &position, .position_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    inbox.verdict = "unmatched";
    position.next = 8;
    MUST(store_batch_commit(store, &batch, &why));
    auto_free char *rows = test_pg_value(conninfo, "SELECT string_agg(verdict || message, ',') FROM greylag.inbox");
    cr_assert_str_eq(rows, "acceptedbad \\xff byte");
    const char *ids[] = {"nothing", "r.1.1/1/applied"};
    bool known[2];
    MUST(store_inbox_known(store, "auth", "auth", ids, 2, known, &why));
    cr_assert(!known[0] && known[1]);
    /* ids can be known beforehand: whoever speaks for another target takes no place in this one's evidence */
    outcome.id = "r.2.1/1/applied";
    inbox = (struct store_inbox){.outcome = &outcome, .service = "user", .target = "user-eu", .worker = "x",
                                 .verdict = "unmatched", .report_digest = "d"};
    MUST(store_batch_commit(store, &batch, &why));
    MUST(store_inbox_known(store, "auth", "auth", &outcome.id, 1, known, &why));
    cr_assert_not(known[0]);
    inbox = (struct store_inbox){.outcome = &outcome, .service = "auth", .target = "auth", .worker = "w",
                                 .verdict = "accepted", .report_digest = "d"};
    MUST(store_batch_commit(store, &batch, &why));
    auto_free char *kept = test_pg_value(conninfo, "SELECT string_agg(target || ' ' || verdict, ', ' ORDER BY target) "
                                                   "FROM greylag.inbox WHERE event = 'r.2.1/1/applied'");
    cr_assert_str_eq(kept, "auth accepted, user-eu unmatched");
    auto_arena struct arena arena = ARENA_INIT;
    struct store_position *positions;
    size_t count;
    MUST(store_positions(store, &arena, &positions, &count, &why));
    cr_assert(count == 1 && positions[0].next == 8);
    store_close(store);
}

static void check_json(const char *what, char *text, const char *member)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    cr_assert(json && json_object_get(json, member), "%s: %s", what, text);
    printf("# %s: %.400s\n", what, text);
    json_decref(json);
    free(text);
}

Test(store, what_people_are_shown_is_json)
{
    struct store *store = open_store();
    struct world world;
    lead(store, "a");
    char *id = accept_ready(store, &world), *text;
    struct store_release *release = load(store);
    drive(store, release, 1);
    int64_t change, order;
    enum release_state state;
    struct err err = ERR_INIT;
    MUST(store_releases(store, 10, &text, &why));
    check_json("releases", text, "releases");
    MUST(store_release_show(store, id, &text, &why));
    cr_assert(strstr(text, "Key (x)=(\xe2\x82\xac)") && strstr(text, "NOTICE: hello\\n"), "%s", text);
    check_json("release", text, "decisions");
    MUST(store_release_show(store, "latest", &text, &why));
    check_json("release", text, "steps");
    cr_assert_not(store_release_show(store, "nothing", &text, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    MUST(store_release_change(store, "", &change, &state, &why));
    cr_assert_eq(state, RELEASE_ROLLED_BACK);
    MUST(store_status(store, NULL, 0, NULL, &text, &why));
    check_json("status", text, "targets");
    MUST(store_status(store, world.json, strlen(world.json), NULL, &text, &why));
    check_json("status", text, "targets");
    MUST(store_history(store, "", "", "", 10, &text, &why));
    check_json("history", text, "history");
    MUST(store_workers(store, &text, &why));
    check_json("workers", text, "keys");
    MUST(store_health(store, &text, &why));
    check_json("health", text, "leader");
    MUST(store_applied(store, &text, &why));
    check_json("applied", text, "targets");
    cr_assert_not(store_order_add(store, id, "retry", "ann", &order, &err));
    cr_assert_eq(err.kind, ERR_CONFLICT);
    store_release_free(release);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}
