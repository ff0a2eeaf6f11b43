/* What targets say of fences and jobs, takeovers, and databases that went back in time. */
#include "base/cleanup.h"
#include "unit/rollout_fixture.h"

static const struct wanted_step two[] = {{.target = 0}, {.target = 1}, {.target = 0}, {.target = 1, .needs = {3}}};

static void fix_running(struct fix *fix)
{
    fix_init(fix, 2, two, 4, DIRECTION_UP, NULL);
    fix_ask(fix, ROLLOUT_ACCEPTED);
    SENT(fix, "t0:0,2 t1:1");
}

static void refuse(struct fix *fix, int target, enum refusal refusal)
{
    fix_say(fix, (struct said){.kind = REPORT_REFUSED, .target = target, .refusal = refusal, .message = "because"});
}

Test(rollout_fences, takeover_fences_what_is_unresolved_then_sends_the_rest)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 1, "a1");
    fix.rollout.epoch = 8;
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F0");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0"});
    SENT(&fix, "t0:2");
    cr_assert(!fix.effects.jobs[0].resend);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1, .every = true});
    SENT(&fix, "F0 F1");
    cr_assert(!fix.effects.fences[0].patient && !fix.effects.fences[1].patient, "what runs was sent by a lost future");
    fix_release(&fix);
}

/* A change of leaders cuts no step: its worker's heartbeats keep the fence from its limit, until the step has ended. A
 * failure elsewhere cuts it all the same. */
Test(rollout_fences, a_takeover_waits_for_the_step_that_runs)
{
    struct fix fix;
    fix_running(&fix);
    int64_t job = fix.rollout.targets[0].sequence;
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F0 F1");
    cr_assert(fix.effects.fences[0].patient && fix.effects.fences[1].patient);
    int64_t began = fix.now, limit = fix.rollout.settings.fence_limit_ms;
    while (fix.now < began + 3 * limit) {
        fix.now += limit / 2;
        for (int t = 0; t < 2; t++)
            fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = t, .sequence = job});
        fix_ask(&fix, ROLLOUT_TIME);
    }
    STATE(&fix, RUNNING);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "f1"});
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_FENCING);
    SENT(&fix, "F0");
    cr_assert_not(fix.effects.fences[0].patient, "the release goes back: what runs is cut");
    fix_release(&fix);
}

/* A target was given up, and its worker has come back and is at work on what was sent: an operator's order to go on
 * does not cut that either. */
Test(rollout_fences, a_retry_waits_for_the_step_that_runs)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0}};
    struct fix fix;
    fix_init(&fix, 1, wanted, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_wait(&fix, fix.rollout.settings.fence_limit_ms);
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "F0");
    cr_assert(fix.effects.fences[0].patient);
    fix_wait(&fix, fix.rollout.settings.fence_limit_ms);
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    SENT(&fix, "F0");
    cr_assert_not(fix.effects.fences[0].patient, "the release goes back: what runs is cut");
    fix_release(&fix);
}

/* A worker that cannot be cut off says for ever that it works. */
Test(rollout_fences, heartbeats_keep_a_fence_that_cuts_from_no_limit)
{
    struct fix fix;
    fix_running(&fix);
    int64_t job = fix.rollout.targets[0].sequence, until = fix.now + 2 * fix.rollout.settings.fence_limit_ms;
    fix_outcome(&fix, 1, "f1");
    SENT(&fix, "F0");
    while (fix.now < until) {
        fix.now += fix.rollout.settings.fence_limit_ms / 4;
        fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = job});
        fix_ask(&fix, ROLLOUT_TIME);
    }
    STATE(&fix, HALTED);
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    fix_release(&fix);
}

Test(rollout_fences, a_fence_that_is_raised_once_more_keeps_its_limit)
{
    struct fix fix;
    fix_running(&fix);
    int64_t until = fix.now + 2 * fix.rollout.settings.fence_limit_ms;
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    while (fix.now < until && fix.rollout.targets[0].state == TARGET_FENCING) {
        fix.now += fix.rollout.settings.fence_limit_ms / 4;
        fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE,
                                    .in_force = {.epoch = 7, .term = TERM,
                                                 .sequence = fix.rollout.targets[0].sequence + 1}});
        ROWS(&fix, "fence-stale");
        fix_ask(&fix, ROLLOUT_TIME);
    }
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    fix_release(&fix);
}

/* One that was set before, in another term, or for another release says nothing of what can still run. */
Test(rollout_fences, an_answer_names_the_fence_that_was_sent)
{
    static const struct {
        const char *release, *term;
        int64_t epoch, back;
        enum target_state state;
    } said[] = {{"r1", TERM, -1, 0, TARGET_FENCING},
                {"r1", "fedcba9876543210fedcba9876543210", 0, 0, TARGET_FENCING},
                {"r1", TERM, 0, 1, TARGET_FENCING},
                {"r0", TERM, 0, 0, TARGET_FENCING},
                {"r1", TERM, 0, 0, TARGET_FENCED}};
    struct fix fix;
    fix_running(&fix);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        const struct fence fence = {.epoch = fix.rollout.epoch + said[i].epoch, .term = said[i].term,
                                    .sequence = fix.rollout.targets[0].sequence - said[i].back, .digest = ""};
        const struct report report = {.kind = REPORT_FENCED, .release = said[i].release, .id = "x", .message = "",
                                      .fence = fence, .in_force = fence};
        fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = 0, .report = &report});
        cr_assert_eq(fix.rollout.targets[0].state, said[i].state, "%zu", i);
    }
    fix_release(&fix);
}

/* Outcomes that were on their way say that all is done; whether the target still holds it says the fence's answer. */
Test(rollout_fences, a_release_does_not_succeed_before_its_fences_are_answered)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 a2");
    fix_outcome(&fix, 1, "a1");
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_OUTCOMES, .target = 1, .outcomes = "a3", .sequence_back = 1});
    STATE(&fix, RUNNING);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"});
    STATE(&fix, HALTED);
    fix_release(&fix);
}

/* What keeps a fence from its limit is the step that ran before it, nothing later. */
/* A step that cannot be cancelled goes on, and so do its worker's heartbeats. */
Test(rollout_fences, a_sign_of_life_of_what_is_cut_postpones_no_limit)
{
    struct fix fix;
    fix_running(&fix);
    int64_t job = fix.rollout.targets[0].sequence, limit = fix.rollout.settings.fence_limit_ms;
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 1, .outcomes = "f1"});
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_FENCING);
    for (int i = 0; i < 3; i++) {
        fix.now += limit / 2;
        fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = job});
        fix_ask(&fix, ROLLOUT_TIME);
    }
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    STATE(&fix, HALTED);
    fix_release(&fix);
}

Test(rollout_fences, a_later_sign_of_life_does_not_answer_a_fence)
{
    struct fix fix;
    fix_running(&fix);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    int64_t fence = fix.rollout.targets[0].sequence, limit = fix.rollout.settings.fence_limit_ms;
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = ""});
    for (int i = 0; i < 3; i++) {
        fix.now += limit / 2;
        for (int64_t later = 0; later < 2; later++)
            fix_event(&fix,
                      &(struct rollout_event){.kind = ROLLOUT_ALIVE, .target = 0, .sequence = fence + later});
        fix_ask(&fix, ROLLOUT_TIME);
    }
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    fix_release(&fix);
}

Test(rollout_fences, an_unanswered_fence_is_repeated_less_and_less_often)
{
    enum { SECOND = 1000, HOUR = 3600 };
    struct fix fix;
    int repeated = 0;
    fix_running(&fix);
    fix.rollout.settings.fence_limit_ms = 0;
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    for (int i = 0; i < 8 * HOUR; i++) {
        fix_wait(&fix, SECOND);
        for (size_t k = 0; k < fix.effects.fence_count; k++)
            repeated += fix.effects.fences[k].target == 0;
        cr_assert(fix.effects.wake_ms > fix.now, "nothing is overdue");
        if (i == HOUR) /* heard of, and not in force */
            fix_say(&fix, (struct said){.kind = REPORT_BLOCKED, .target = 0, .message = "disk full"});
    }
    printf("# %d times in eight hours\n", repeated);
    cr_assert(repeated > 8 && repeated < 1000, "%d", repeated);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_wait(&fix, 2 * SECOND);
    SENT(&fix, "F0 F1");
    fix_release(&fix);
}

/* A worker reads from when it began. When it is back just before the limit, the next repeat may come behind that. */
Test(rollout_fences, a_worker_that_begins_hears_the_fence_at_once)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 1, "a1");
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_BACK, .target = 0});
    SENT(&fix, "");
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F0");
    int64_t fence = fix.rollout.targets[0].sequence;
    for (int i = 0; i < 100; i++)
        fix_wait(&fix, 1000);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_BACK, .target = 0});
    SENT(&fix, "F0");
    cr_assert_eq(fix.effects.fences[0].sequence, fence, "the same one");
    fix_wait(&fix, fix.rollout.settings.fence_again_ms);
    SENT(&fix, "F0");
    fix_release(&fix);
}

/* A halted release in a control database that came back from a backup: in the future that was lost it went on. */
Test(rollout_fences, a_halted_release_asks_everybody_after_a_restore)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 f2");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"});
    fix_outcome(&fix, 1, "f6");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0 f2"});
    STATE(&fix, HALTED);
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1});
    ROWS(&fix, "");
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1, .every = true});
    ROWS(&fix, "takeover-halted");
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "F0 F1");
    fix_release(&fix);
}

/* A step outside a transaction that its fence cut off: a rollback leaves what it had done, and says so. */
Test(rollout_fences, what_is_left_half_done_is_told_when_the_release_goes_back)
{
    const char *left = "of request r.1.1 1 statement outside a transaction took effect and stays";
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 f2");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .message = left});
    cr_assert(strstr(fix.rollout.reason, left), "%s", fix.rollout.reason);
    cr_assert_str_eq(fix.rollout.targets[1].left, left);
    fix_release(&fix);
    fix_running(&fix);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .message = left});
    cr_assert_str_eq(fix.rollout.reason, "", "it goes on from there");
    fix_release(&fix);
}

Test(rollout_fences, stale_job_goes_above_what_is_in_force)
{
    struct fix fix;
    fix_running(&fix);
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE,
                                .in_force = {.epoch = 7, .term = TERM, .sequence = 500}});
    ROWS(&fix, "job-stale");
    SENT(&fix, "t0:0,2");
    cr_assert_eq(fix.effects.jobs[0].sequence, 501);
    cr_assert_eq(fix.rollout.targets[0].recorded, 500);
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE,
                                .in_force = {.epoch = 7, .term = TERM, .sequence = 700}});
    ROWS(&fix, "fence-stale");
    SENT(&fix, "F0");
    cr_assert_eq(fix.effects.fences[0].sequence, 701);
    fix_release(&fix);
}

/* A worker that says "stale" of what is in force itself would be sent the same again as fast as it says so. */
Test(rollout_fences, stale_below_what_is_in_force_is_a_refusal_like_others)
{
    struct fix fix;
    fix_running(&fix);
    int64_t sequence = fix.rollout.targets[0].sequence;
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE});
    ROWS(&fix, "refused-for-now");
    SENT(&fix, "");
    cr_assert_eq(fix.rollout.targets[0].sequence, sequence);
    fix_wait(&fix, 15000);
    SENT(&fix, "t0:0,2 t1:1");
    fix_release(&fix);
}

Test(rollout_fences, a_refusal_of_an_older_job_means_nothing)
{
    struct fix fix;
    fix_running(&fix);
    fix_wait(&fix, 15000);
    SENT(&fix, "t0:0,2 t1:1");
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE, .sequence_back = 1});
    ROWS(&fix, "");
    SENT(&fix, "");
    fix_release(&fix);
}

Test(rollout_fences, a_higher_epoch_is_learnt_never_acted_on)
{
    struct fix fix;
    fix_running(&fix);
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE,
                                .in_force = {.epoch = 9, .term = "x", .sequence = 3}});
    ROWS(&fix, "higher-epoch");
    cr_assert_eq(fix.effects.higher_epoch, 9);
    SENT(&fix, "");
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_CONFLICT});
    ROWS(&fix, "conflict");
    cr_assert_eq(fix.effects.higher_epoch, 7);
    STATE(&fix, RUNNING);
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .target = 0, .refusal = REFUSAL_STALE,
                                .in_force = {.epoch = INT64_MAX, .term = "x", .sequence = 3}});
    cr_assert_eq(fix.effects.higher_epoch, 0);
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED);
    fix_release(&fix);
}

Test(rollout_fences, busy_and_expired_are_tried_again_later)
{
    struct fix fix;
    fix_running(&fix);
    refuse(&fix, 0, REFUSAL_BUSY);
    SENT(&fix, "");
    cr_assert_str_eq(fix.rollout.targets[0].problem, "busy: because");
    fix.now += 14000;
    refuse(&fix, 1, REFUSAL_EXPIRED);
    SENT(&fix, "");
    fix_wait(&fix, 1000);
    SENT(&fix, "t0:0,2");
    fix_say(&fix, (struct said){.kind = REPORT_BLOCKED, .target = 0, .message = "disk full"});
    cr_assert_str_eq(fix.rollout.targets[0].problem, "blocked: disk full");
    fix_wait(&fix, 14000);
    SENT(&fix, "t1:1");
    fix_release(&fix);
}

Test(rollout_fences, what_the_worker_will_never_accept_halts)
{
    struct fix fix;
    fix_running(&fix);
    refuse(&fix, 0, REFUSAL_CHECKSUM);
    SENT(&fix, "F0 F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0});
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "t0 refused (checksum): because"), "%s", fix.rollout.reason);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_PENDING);
    fix_release(&fix);
    fix_running(&fix);
    refuse(&fix, 0, REFUSAL_VERSION);
    SENT(&fix, "F1");
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "t1:1 F0");
    cr_assert_neq(fix.rollout.targets[0].recorded, ROLLOUT_EXPECTS_ANYTHING, "it did not go back in time");
    fix_release(&fix);
}

Test(rollout_fences, a_rewound_database_halts_and_retry_rebuilds)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 a2");
    fix_outcome(&fix, 1, "a1"); /* sends 3 to t1 */
    SENT(&fix, "t1:3");
    refuse(&fix, 1, REFUSAL_REWOUND);
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "retry"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "F1");
    cr_assert_eq(fix.rollout.targets[1].recorded, ROLLOUT_EXPECTS_ANYTHING);
    fix_outcome(&fix, 1, "a1");
    cr_assert_eq(fix.rollout.targets[1].recorded, ROLLOUT_EXPECTS_ANYTHING, "that is of the future that was lost");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1}); /* its history is empty now */
    SENT(&fix, "t1:1,3");
    cr_assert_eq(fix.rollout.steps[1].attempt, 2);
    fix_outcome(&fix, 1, "a1 a3");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

/* What was taken for the truth once is not taken so again. */
Test(rollout_fences, a_database_that_goes_back_twice_is_noticed_twice)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 a2");
    fix_outcome(&fix, 1, "a1");
    refuse(&fix, 1, REFUSAL_REWOUND);
    fix_ask(&fix, ROLLOUT_RETRY);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    SENT(&fix, "t1:1,3");
    fix_outcome(&fix, 1, "a1");
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    ROWS(&fix, "fence-rewound halted");
    fix_release(&fix);
}

/* A fence that we have not given is nothing that we could ask for. */
Test(rollout_fences, what_was_never_issued_is_not_expected_while_a_job_runs)
{
    struct fix fix;
    fix_running(&fix);
    int64_t recorded = fix.rollout.targets[0].recorded;
    fix_say(&fix, (struct said){.kind = REPORT_OUTCOMES, .target = 0, .outcomes = "a0",
                                .in_force = {.epoch = 7, .term = TERM,
                                             .sequence = fix.rollout.targets[0].sequence + 5}});
    cr_assert_eq(fix.rollout.targets[0].recorded, recorded);
    fix_release(&fix);
}

/* Step 3 had run, and its report was still on its way when the database went back. */
Test(rollout_fences, what_a_lost_future_reports_late_does_not_count_after_a_rebuild)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0 a2");
    fix_outcome(&fix, 1, "a1");
    SENT(&fix, "t1:3");
    refuse(&fix, 1, REFUSAL_REWOUND);
    fix_ask(&fix, ROLLOUT_RETRY);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"});
    SENT(&fix, "t1:3");
    cr_assert_eq(fix.rollout.steps[1].attempt, 1, "what the history holds keeps its request");
    cr_assert_eq(fix.rollout.steps[3].attempt, 2, "what it does not hold gets a new one");
    fix_outcome(&fix, 1, "A3");
    cr_assert_eq(fix.rollout.steps[3].state, STEP_SENT);
    STATE(&fix, RUNNING);
    fix_outcome(&fix, 1, "a3");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_fences, a_history_that_lacks_what_was_reported_is_noticed)
{
    struct fix fix;
    fix_running(&fix);
    fix_outcome(&fix, 0, "a0");
    fix.rollout.epoch = 8;
    fix_ask(&fix, ROLLOUT_TAKEOVER);
    SENT(&fix, "F0 F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0});
    ROWS(&fix, "fence-rewound");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_APPLIED);
    fix_release(&fix);
}

Test(rollout_fences, a_rollback_that_the_control_database_forgot_goes_on)
{
    struct fix fix;
    fix_running(&fix);
    fix.rollout.epoch = 8;
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1, .every = true});
    SENT(&fix, "F0 F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0 a7"});
    STATE(&fix, FENCING);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"});
    SENT(&fix, "t1:6");
    cr_assert_eq(fix.rollout.steps[7].state, STEP_APPLIED);
    fix_outcome(&fix, 1, "a6");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

/* ---- what a message says is never followed further than a jump ---- */

#define FAR (FENCE_JUMP_MAX + 1)

/* Whatever carries it, of a target that works or that waits: the release says so, and a retry goes on from our own
 * numbers. Fence orders and jobs would be refused by every worker after that. */
Test(rollout_fences, a_jump_is_not_followed)
{
    static const struct fence jumps[] = {{.epoch = 7, .sequence = 10 + FAR}, {.epoch = 7, .sequence = INT64_MAX},
                                         {.epoch = 1, .sequence = INT64_MAX}, {.epoch = 7 + FAR, .sequence = 1},
                                         {.epoch = INT64_MAX, .sequence = INT64_MAX}};
    static const enum report_kind kinds[] = {REPORT_OUTCOMES, REPORT_FINISHED, REPORT_REFUSED, REPORT_BLOCKED,
                                             REPORT_FENCED, REPORT_INVENTORY};
    for (size_t i = 0; i < COUNT_OF(jumps) * COUNT_OF(kinds) * 2; i++) {
        const struct fence *jump = &jumps[i % COUNT_OF(jumps)];
        enum report_kind kind = kinds[i / COUNT_OF(jumps) % COUNT_OF(kinds)];
        int target = (int)(i / COUNT_OF(jumps) / COUNT_OF(kinds)); /* 0 works, 1 waits for it */
        struct fix fix;
        fix_init(&fix, 2, (struct wanted_step[]){{.target = 0}, {.target = 1, .needs = {1}}}, 2, DIRECTION_UP, NULL);
        fix.rollout.targets[0].sequence = fix.rollout.targets[1].sequence = 9;
        fix_ask(&fix, ROLLOUT_ACCEPTED);
        int64_t before = fix.rollout.targets[target].sequence;
        fix_say(&fix, (struct said){.kind = kind, .target = target, .refusal = REFUSAL_STALE, .in_force = *jump});
        cr_assert(strstr(fix.rollout.reason, "no leader of this control database set that"), "%s of %lld/%lld: %s",
                  report_kind_text(kind), (long long)jump->epoch, (long long)jump->sequence, fix.rollout.reason);
        cr_assert_eq(fix.rollout.targets[target].sequence, before);
        cr_assert(fix.rollout.targets[target].recorded <= before);
        if (target == 1)
            fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0});
        STATE(&fix, HALTED);
        fix_ask(&fix, ROLLOUT_RETRY);
        cr_assert_eq(fix.rollout.targets[target].sequence, before + 1);
        fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = target});
        fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 0, .outcomes = "a0"});
        fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 1, .outcomes = "a1"});
        STATE(&fix, SUCCEEDED);
        fix_release(&fix);
    }
}

/* The other number that a report can raise: how often a request was tried anew. */
Test(rollout_fences, attempts_do_not_jump_either)
{
    struct fix fix;
    fix_init(&fix, 1, (struct wanted_step[]){{.target = 0}}, 1, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    const struct outcome forged = {.id = "x", .request = "r1.0.1000000", .release = "r1", .direction = DIRECTION_UP,
                                   .kind = OUTCOME_FAILED, .migration = "0", .checksum = "", .sqlstate = "",
                                   .message = "", .left = "", .detail = ""};
    const struct report report = {.kind = REPORT_OUTCOMES, .release = "r1", .id = "x", .message = "",
                                  .fence = {.term = "", .digest = ""}, .in_force = {.term = "", .digest = ""},
                                  .outcomes = &forged, .outcome_count = 1};
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_REPORT, .report = &report});
    cr_assert_eq(fix.rollout.steps[0].attempt, 1);
    fix_say(&fix, (struct said){.kind = REPORT_FINISHED, .target = 0, .outcomes = "a0"});
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_fences, numbers_of_the_control_database_are_set_right)
{
    static const struct {
        int64_t sequence, recorded, right, right_recorded;
    } cases[] = {{5, 3, 5, 3},
                 {FENCE_JUMP_MAX + 3, 3, FENCE_JUMP_MAX + 3, 3},
                 {FENCE_JUMP_MAX + 4, 3, 3, 3},
                 {INT64_MAX, 7, 7, 7},
                 {INT64_MAX, INT64_MAX, 0, 0},
                 {8, INT64_MAX, 8, 0},
                 {4, ROLLOUT_EXPECTS_ANYTHING, 4, ROLLOUT_EXPECTS_ANYTHING}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t sequence = cases[i].sequence, recorded = cases[i].recorded;
        rollout_numbers(&sequence, &recorded);
        cr_assert(sequence == cases[i].right && recorded == cases[i].right_recorded, "%zu: %lld, %lld", i,
                  (long long)sequence, (long long)recorded);
    }
}

/* Services may have targets of one name in a release that an older program accepted. */
Test(rollout_fences, a_target_is_its_service_and_its_name)
{
    struct fix fix;
    fix_init(&fix, 2, (struct wanted_step[]){{.target = 0}, {.target = 1}}, 2, DIRECTION_UP, NULL);
    fix.rollout.targets[0].name = fix.rollout.targets[1].name = "main";
    cr_assert_eq(rollout_target_index(&fix.rollout, "s0", "main"), 0);
    cr_assert_eq(rollout_target_index(&fix.rollout, "s1", "main"), 1);
    cr_assert_eq(rollout_target_index(&fix.rollout, "s2", "main"), -1);
    fix_release(&fix);
}
