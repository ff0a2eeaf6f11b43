/* A release that goes on: order, jobs, outcomes, resends. */
#include "unit/rollout_fixture.h"

/* t0: 0 1 3; t1: 2 (needs 1) 4; step 3 needs 2: two barriers */
static const struct wanted_step chain[] = {{.target = 0}, {.target = 0}, {.target = 1, .needs = {2}},
                                           {.target = 0, .needs = {3}}, {.target = 1}};

Test(rollout_forward, sends_what_has_no_barrier_and_then_the_rest)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1");
    fix_outcome(&fix, 0, "a0");
    SENT(&fix, "");
    fix_outcome(&fix, 0, "a1");
    SENT(&fix, "t1:2,4");
    fix_outcome(&fix, 1, "a2");
    SENT(&fix, "t0:3");
    fix_outcome(&fix, 0, "a3");
    STATE(&fix, RUNNING);
    fix_outcome(&fix, 1, "a4");
    ROWS(&fix, "succeeded");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_forward, an_empty_plan_succeeds_at_once)
{
    struct fix fix;
    fix_init(&fix, 1, chain, 0, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_forward, jobs_are_bounded_by_steps_and_bytes)
{
    struct wanted_step many[10] = {{0}};
    struct fix fix;
    fix_init(&fix, 1, many, 10, DIRECTION_UP, NULL);
    fix.rollout.settings.job_steps = 4;
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1,2,3");
    fix.rollout.settings.job_bytes = 25;
    fix_outcome(&fix, 0, "a0 a1 a2 a3");
    SENT(&fix, "t0:4,5");
    fix.rollout.settings.job_bytes = 1;
    fix_outcome(&fix, 0, "a4 a5");
    SENT(&fix, "t0:6");
    fix_release(&fix);
}

/* All of a wave's jobs at once do not fit a leader's turn: they go out in several, also when they are sent again. */
Test(rollout_forward, a_turn_makes_as_many_jobs_as_fit)
{
    const struct wanted_step wave[] = {{.target = 0}, {.target = 1}, {.target = 2}, {.target = 3}, {.target = 0}};
    struct fix fix;
    fix_init(&fix, 4, wave, 5, DIRECTION_UP, NULL);
    fix.rollout.settings.turn_steps = 3;
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,4 t1:1");
    cr_assert(fix.effects.full);
    fix_ask(&fix, ROLLOUT_TIME);
    SENT(&fix, "t2:2 t3:3");
    cr_assert_not(fix.effects.full);
    fix_wait(&fix, fix.rollout.settings.resend_after_ms);
    SENT(&fix, "t0:0,4 t1:1");
    cr_assert(fix.effects.full && fix.effects.wake_ms > fix.now, "what is held back wakes nobody by itself");
    fix_ask(&fix, ROLLOUT_TIME);
    SENT(&fix, "t2:2 t3:3");
    fix.rollout.settings.turn_steps = 1;
    fix_outcome(&fix, 0, "a0 a4");
    fix_outcome(&fix, 1, "a1");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 3, "a3");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_forward, an_outcome_is_accepted_once_and_always_acknowledged)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0 a1");
    cr_assert_eq(fix.effects.acknowledge_count, 1);
    cr_assert_eq(fix.effects.acknowledges[0].position_count, 2);
    fix_outcome(&fix, 0, "f0 a1"); /* another word on the same request: the first is final */
    cr_assert_eq(fix.effects.acknowledges[0].position_count, 2);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_APPLIED);
    SENT(&fix, "");
    fix_outcome(&fix, 1, "a0"); /* reported by a target that the step is not for */
    fix_outcome(&fix, 0, "a2");
    cr_assert_eq(fix.rollout.steps[2].state, STEP_SENT);
    fix_release(&fix);
}

Test(rollout_forward, silence_is_resent_with_a_new_sequence_and_the_same_requests)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    int64_t first = fix.rollout.targets[0].sequence;
    fix_outcome(&fix, 0, "a0");
    fix_wait(&fix, 14000);
    SENT(&fix, "");
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = first});
    fix_wait(&fix, 14000);
    SENT(&fix, "");
    fix_wait(&fix, 1000);
    SENT(&fix, "t0:1");
    cr_assert(fix.effects.jobs[0].resend);
    cr_assert_eq(fix.effects.jobs[0].sequence, first + 1);
    /* the older job's report still counts for its requests */
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 0, .outcomes = "a1", .sequence_back = 1});
    SENT(&fix, "t1:2,4");
    fix_release(&fix);
}

/* A worker that is away for a night finds a few copies of its job, not thousands; a sign of life begins anew. */
Test(rollout_forward, silence_that_lasts_is_resent_less_and_less_often)
{
    enum { SECOND = 1000, HOUR = 3600 };
    struct fix fix;
    int resent = 0;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    int64_t first = fix.rollout.targets[0].sequence;
    for (int i = 0; i < 8 * HOUR; i++) {
        fix_wait(&fix, SECOND);
        for (size_t k = 0; k < fix.effects.job_count; k++)
            resent += fix.effects.jobs[k].target == 0;
        cr_assert(fix.effects.wake_ms > fix.now, "nothing is overdue");
    }
    printf("# %d times in eight hours\n", resent);
    cr_assert(resent > 8 && resent < 150, "%d", resent);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = first});
    fix_wait(&fix, 14 * SECOND);
    cr_assert_eq(fix.effects.job_count, 0);
    fix_wait(&fix, SECOND);
    cr_assert(fix.effects.job_count > 0 && fix.effects.jobs[0].target == 0, "as soon as at first");
    fix_release(&fix);
}

/* What it says has to be of this release, on that target, of the same migration, in the same direction. */
Test(rollout_forward, an_outcome_is_of_the_step_that_its_request_names)
{
    static const struct {
        const char *request, *migration;
        enum direction direction;
        int target;
        enum step_state state;
    } said[] = {
        {"r2.0.1", "0", DIRECTION_UP, 0, STEP_SENT},   {"r1.0.1", "1", DIRECTION_UP, 0, STEP_SENT},
        {"r1.0.1", "0", DIRECTION_DOWN, 0, STEP_SENT}, {"r1.0.1", "0", DIRECTION_UP, 1, STEP_SENT},
        {"r1.0.0", "0", DIRECTION_UP, 0, STEP_SENT},   {"r1.0.1002", "0", DIRECTION_UP, 0, STEP_SENT},
        {"r1.0.1", "0", DIRECTION_UP, 0, STEP_APPLIED}};
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        const struct outcome outcome = {.id = "o", .request = said[i].request, .release = "r1",
                                        .direction = said[i].direction, .kind = OUTCOME_APPLIED,
                                        .migration = said[i].migration, .checksum = "", .attempt = 1, .position = 1,
                                        .sqlstate = "", .message = "", .left = "", .detail = ""};
        const struct fence fence = {.epoch = fix.rollout.epoch, .term = fix.rollout.term,
                                    .sequence = fix.rollout.targets[0].sequence, .digest = ""};
        const struct report report = {.kind = REPORT_OUTCOMES, .release = "r1", .id = "x", .message = "",
                                      .fence = fence, .in_force = fence, .outcomes = &outcome, .outcome_count = 1};
        fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = said[i].target, .report = &report});
        cr_assert_eq(fix.rollout.steps[0].state, said[i].state, "%zu", i);
    }
    fix_release(&fix);
}

/* A worker that is at something else is none: nor is what was never sent. */
Test(rollout_forward, a_sign_of_life_is_one_of_what_was_sent)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    int64_t first = fix.rollout.targets[0].sequence;
    fix_wait(&fix, 14000);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = first + 1});
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = 0});
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 1, .sequence = first});
    fix_wait(&fix, 1000);
    cr_assert(fix.effects.job_count > 0 && fix.effects.jobs[0].resend && fix.effects.jobs[0].target == 0);
    fix_release(&fix);
}

Test(rollout_forward, finished_without_outcomes_is_sent_again)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 0, .outcomes = "a1"});
    SENT(&fix, "t1:2,4 F0"); /* the outcome of 0 was lost on the way, or it gave up: the fence's answer will tell */
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a1"});
    SENT(&fix, "t0:0");
    fix_outcome(&fix, 0, "y0");
    cr_assert_str_eq(fix.rollout.steps[0].request_in_effect, "old.9.1");
    SENT(&fix, "");
    fix_release(&fix);
}

Test(rollout_forward, a_big_release_moves)
{
    enum { TARGETS = 20, EACH = 50 };
    static struct wanted_step wanted[TARGETS * EACH];
    for (int i = 0; i < TARGETS * EACH; i++)
        wanted[i] = (struct wanted_step){.target = i % TARGETS, .needs = {i >= TARGETS && i % 5 == 0 ? i - 1 : 0}};
    struct fix fix;
    fix_init(&fix, TARGETS, wanted, TARGETS * EACH, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    for (int rounds = 0; fix.rollout.state == RELEASE_RUNNING && rounds < 10 * TARGETS * EACH; rounds++)
        for (size_t i = 0; i < fix.rollout.step_count; i++)
            if (fix.rollout.steps[i].state == STEP_SENT) {
                char word[24];
                snprintf(word, sizeof word, "a%zu", i);
                fix_outcome(&fix, fix.rollout.steps[i].target, word);
            }
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_forward, a_copy_is_the_same_and_its_own)
{
    struct fix fix;
    fix_init(&fix, 2, chain, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    struct rollout copy;
    rollout_copy(&copy, &fix.rollout);
    rollout_release(&fix.rollout);
    fix.rollout = copy;
    fix_check(&fix);
    cr_assert_str_eq(fix.rollout.steps[0].outcome.request, "r1.0.1");
    fix_outcome(&fix, 0, "a1");
    SENT(&fix, "t1:2,4");
    fix_release(&fix);
}
