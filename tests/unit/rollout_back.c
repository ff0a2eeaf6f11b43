/* A release that goes back, halts, goes on. */
#include "base/cleanup.h"
#include "base/text.h"
#include "unit/rollout_fixture.h"

/* t0: 0; t1: 1 (needs 0); t2: 2 (needs 0); t1: 3 (needs 2) */
static const struct wanted_step diamond[] = {{.target = 0}, {.target = 1, .needs = {1}}, {.target = 2, .needs = {1}},
                                             {.target = 1, .needs = {3}}};
/* undos: of 3 is 4, of 2 is 5, of 1 is 6, of 0 is 7 */

Test(rollout_back, a_failure_fences_then_undoes_in_reverse_order)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    SENT(&fix, "t1:1 t2:2");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 1, "f1");
    STATE(&fix, ROLLING_BACK); /* t1's only step has its outcome: nothing is unresolved */
    SENT(&fix, "t2:5");
    cr_assert_str_eq(fix.rollout.steps[5].undoes_request, "r1.2.1");
    fix_outcome(&fix, 2, "a5");
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    cr_assert(strstr(fix.rollout.reason, "s1 1 on t1 failed with 23505: duplicate key"), "%s", fix.rollout.reason);
    fix_release(&fix);
}

Test(rollout_back, an_undo_waits_for_the_answers_of_what_depends_on_it)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 2, "f2");
    SENT(&fix, "F1"); /* t1 has an unresolved job: silence is not an answer */
    STATE(&fix, FENCING);
    fix_wait(&fix, 2000);
    SENT(&fix, "F1");
    cr_assert_eq(fix.effects.fences[0].sequence, fix.rollout.targets[1].sequence);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"}); /* it had applied after all */
    SENT(&fix, "t1:6");
    fix_outcome(&fix, 1, "a6");
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

Test(rollout_back, undos_that_nothing_unknown_depends_on_do_not_wait)
{
    static const struct wanted_step apart[] = {{.target = 0}, {.target = 1}, {.target = 2}};
    struct fix fix;
    fix_init(&fix, 3, apart, 3, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "f1");
    SENT(&fix, "t0:5 F2");
    STATE(&fix, ROLLING_BACK);
    fix_outcome(&fix, 0, "a5");
    STATE(&fix, ROLLING_BACK);
    fix_wait(&fix, 120000);
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "t2 has not answered"), "%s", fix.rollout.reason);
    cr_assert_eq(fix.rollout.steps[2].state, STEP_UNKNOWN);
    fix_ask(&fix, ROLLOUT_RETRY);
    STATE(&fix, FENCING);
    SENT(&fix, "F2");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 2});
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

Test(rollout_back, a_target_given_up_that_answers_late_is_believed)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    SENT(&fix, "F0");
    fix_wait(&fix, 120000);
    STATE(&fix, HALTED);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0"});
    ROWS(&fix, "fence-answered-late");
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

/* A database that went back in time: what it lacks may come into effect again. */
Test(rollout_back, a_late_answer_that_lacks_what_was_reported_is_not_believed)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0}};
    struct fix fix;
    fix_init(&fix, 1, wanted, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    fix_wait(&fix, 120000);
    STATE(&fix, HALTED);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = ""});
    cr_assert_eq(fix.rollout.targets[0].state, TARGET_LOST);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0"});
    ROWS(&fix, "fence-answered-late");
    fix_release(&fix);
}

Test(rollout_back, halt_waits_until_the_state_is_known_and_retry_asks_anew)
{
    static const struct wanted_step wanted[] = {{.target = 0, .halt = true}, {.target = 1}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 3, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0 t1:1,2");
    fix_outcome(&fix, 0, "f0");
    SENT(&fix, "F1");
    STATE(&fix, FENCING);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a1"});
    STATE(&fix, HALTED);
    cr_assert_eq(fix.rollout.steps[2].state, STEP_PENDING);
    cr_assert(strstr(fix.rollout.reason, "greylag release retry"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_RETRY);
    STATE(&fix, RUNNING);
    SENT(&fix, "t0:0 t1:2");
    cr_assert_eq(fix.rollout.steps[0].attempt, 2);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "a2");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

/* However long the server's message is, in whatever alphabet: the reason is text, and ends with what can be done. */
Test(rollout_back, a_reason_keeps_its_end)
{
    static const struct wanted_step wanted[] = {{.target = 0, .halt = true}};
    static const char *const letters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        for (int shift = 0; shift < 4; shift++) {
            struct fix fix;
            auto_buf struct buf message = BUF_INIT(1 << 20);
            for (int k = 0; k < shift; k++)
                buf_addc(&message, 'x');
            for (int k = 0; k < 1000; k++)
                buf_adds(&message, letters[i]);
            fix_init(&fix, 1, wanted, 1, DIRECTION_UP, NULL);
            fix.failure = buf_text(&message);
            fix_ask(&fix, ROLLOUT_ACCEPTED);
            fix_outcome(&fix, 0, "f0");
            STATE(&fix, HALTED);
            const char *reason = fix.rollout.reason;
            cr_assert(text_is_utf8(reason, strlen(reason), NULL), "%s", reason);
            cr_assert(strstr(reason, "s0 0 on t0 failed with 23505: ") && strstr(reason, "release retry` goes on") &&
                      strstr(reason, "release rollback` undoes it"), "%s", reason);
            fix_ask(&fix, ROLLOUT_ROLLBACK);
            cr_assert(text_is_utf8(reason, strlen(reason), NULL), "%s", reason);
            fix_release(&fix);
        }
}

/* A restart in the middle of what nobody can look up is no failure: a person looks first. */
Test(rollout_back, what_nobody_can_tell_halts_and_is_not_rolled_back)
{
    static const struct wanted_step apart[] = {{.target = 0}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, apart, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "u1");
    SENT(&fix, "");
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_ROLLBACK); /* on order */
    SENT(&fix, "t0:3");
    fix_release(&fix);
}

Test(rollout_back, the_way_back_ends_where_there_is_none)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 1, .needs = {1}, .no_way_back = true},
                                                {.target = 2, .needs = {2}}, {.target = 3, .needs = {3}}};
    struct fix fix;
    fix_init(&fix, 4, wanted, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "a1");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 3, "f3");
    SENT(&fix, "t2:5");
    fix_outcome(&fix, 2, "a5");
    STATE(&fix, HALTED);
    ROWS(&fix, "irreversible");
    cr_assert(strstr(fix.rollout.reason, "s1 1 on t1, which has none"), "%s", fix.rollout.reason);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_APPLIED);
    char *reason = xstrdup(fix.rollout.reason);
    cr_expect(strstr(reason, "It went back because: s3 3 on t3 failed"), "%s", reason);
    fix_ask(&fix, ROLLOUT_ROLLBACK); /* it ends at the same place, and says the same */
    STATE(&fix, HALTED);
    cr_expect_str_eq(fix.rollout.reason, reason);
    fix_ask(&fix, ROLLOUT_RETRY);
    STATE(&fix, HALTED);
    cr_expect_not(strstr(fix.rollout.reason, "because"), "%s", fix.rollout.reason);
    free(reason);
    fix_release(&fix);
}

/* What could be done with a release that had halted is over once its way back is asked for; the cause stays. */
Test(rollout_back, an_order_keeps_the_cause_without_its_advice)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 1, .needs = {1}, .halt = true}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "f1");
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "greylag release rollback"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    cr_expect_str_eq(fix.rollout.reason, "an operator asked for the way back. Before that: s1 1 on t1 failed with "
                                         "23505: duplicate key");
    cr_expect_str_eq(fix.effects.decisions[0].row, "rollback-asked");
    cr_expect_str_eq(fix.effects.decisions[0].detail, "", "the reason says it");
    fix_release(&fix);
}

Test(rollout_back, a_failed_undo_halts_and_retry_goes_on_back)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 1, "f1");
    fix_outcome(&fix, 2, "f5");
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "the undo of s2 2 on t2 failed"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_RETRY);
    STATE(&fix, ROLLING_BACK);
    SENT(&fix, "t2:5");
    cr_assert_eq(fix.rollout.steps[5].attempt, 2);
    cr_assert_eq(fix.rollout.steps[1].attempt, 1, "nobody asked for it to be tried again");
    cr_assert_eq(fix.rollout.steps[1].state, STEP_FAILED);
    fix_outcome(&fix, 2, "a5");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

Test(rollout_back, already_is_never_undone)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "y0");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 1, "d1");
    SENT(&fix, "t2:5");
    fix_outcome(&fix, 2, "a5");
    STATE(&fix, ROLLED_BACK);
    cr_assert_eq(fix.rollout.steps[7].state, STEP_SKIPPED);
    fix_release(&fix);
}

/* What stands between has nothing to undo: it was there before. */
Test(rollout_back, an_undo_waits_for_what_depends_on_its_step_indirectly)
{
    static const struct wanted_step chain[] = {{.target = 0}, {.target = 1, .needs = {1}}, {.target = 2, .needs = {2}},
                                               {.target = 3}};
    struct fix fix;
    fix_init(&fix, 4, chain, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0 t3:3");
    fix_outcome(&fix, 0, "a0");
    fix_outcome(&fix, 1, "y1");
    fix_outcome(&fix, 2, "a2");
    fix_outcome(&fix, 3, "f3");
    SENT(&fix, "t2:5");
    fix_outcome(&fix, 2, "a5");
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

Test(rollout_back, cancel_ends_cancelled_or_rolled_back)
{
    struct fix fix;
    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_CANCEL);
    SENT(&fix, "F0");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0});
    STATE(&fix, CANCELLED);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_SKIPPED);
    fix_release(&fix);

    fix_init(&fix, 3, diamond, 4, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_CANCEL);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0"});
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

/* What a replaced database lost cannot be undone: neither a retry nor a rollback leads out of that. */
Test(rollout_back, down_of_what_was_lost_says_what_leads_out)
{
    static const struct wanted_step wanted[] = {{.target = 0}};
    struct fix fix;
    fix_init(&fix, 1, wanted, 1, DIRECTION_DOWN, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_say(&fix, (struct said){.kind = REPORT_REFUSED, .refusal = REFUSAL_REWOUND, .target = 0});
    STATE(&fix, HALTED);
    cr_expect(strstr(fix.rollout.reason, "release retry") && strstr(fix.rollout.reason, "`greylag up`"), "%s",
              fix.rollout.reason);
    cr_expect_null(strstr(fix.rollout.reason, "rollback"), "a down has none: %s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_RETRY);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0});
    fix_outcome(&fix, 0, "d0");
    STATE(&fix, HALTED);
    const char *next = strstr(fix.rollout.reason, ". Next: ");
    cr_expect(next && strstr(next, "the same `greylag down`") && strstr(next, "`greylag up`"), "%s",
              fix.rollout.reason);
    cr_expect(strncmp(next, ". Next: remove the cause", 24) != 0, "there is none to be removed: %s", next);
    fix_release(&fix);
}

Test(rollout_back, down_halts_and_goes_on)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 3, DIRECTION_DOWN, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1 t1:2");
    fix_outcome(&fix, 0, "a0 f1");
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED); /* without the options of this order `down` would undo the last release */
    cr_expect(strstr(fix.rollout.reason, "then the same `greylag down` with its options"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "t0:1 t1:2");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    SENT(&fix, "F0 F1");
    fix_release(&fix);
    fix_init(&fix, 2, wanted, 3, DIRECTION_DOWN, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_CANCEL);
    SENT(&fix, "F0 F1");
    fix_release(&fix);
}

Test(rollout_back, rollback_while_it_stops)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 1, .halt = true}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 1, "f1");
    STATE(&fix, FENCING);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    STATE(&fix, FENCING);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0"});
    SENT(&fix, "t0:3");
    fix_release(&fix);
}

/* t0: 0 a callback before, 1 versioned, 2 repeatable, 3 a callback behind; t1: 4 needs 3 */
static const struct wanted_step kinds[] = {{.target = 0, .callback = true},
                                           {.target = 0, .needs = {1}},
                                           {.target = 0, .needs = {2}, .repeatable = true},
                                           {.target = 0, .needs = {3}, .callback = true},
                                           {.target = 1, .needs = {4}}};
/* undos: of 4 is 5, of 3 is 6, of 2 is 7, of 1 is 8, of 0 is 9 */

Test(rollout_back, callbacks_are_not_undone_and_repeatables_get_their_earlier_text)
{
    struct fix fix;
    fix_init(&fix, 2, kinds, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1,2,3");
    cr_assert_str_eq(fix.rollout.steps[2].undoes_request, "old.1.1");
    fix_outcome(&fix, 0, "a0 a1 a2 a3");
    SENT(&fix, "t1:4");
    fix_outcome(&fix, 1, "f4");
    STATE(&fix, ROLLING_BACK);
    SENT(&fix, "t0:7,8");
    cr_assert_str_eq(fix.rollout.steps[7].undoes_request, "r1.2.1");
    cr_assert_eq(fix.rollout.steps[6].state, STEP_SKIPPED);
    cr_assert_eq(fix.rollout.steps[9].state, STEP_SKIPPED);
    fix_outcome(&fix, 0, "a7 a8");
    STATE(&fix, ROLLED_BACK);
    cr_assert_eq(fix.rollout.steps[0].state, STEP_APPLIED);
    fix_release(&fix);
}

/* The worker was killed in the middle of the job: what it had done is learned from the answer to the fence. */
Test(rollout_back, a_repeatable_in_a_rollback_after_a_crash)
{
    struct fix fix;
    fix_init(&fix, 2, kinds, 5, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    SENT(&fix, "F0");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0 a1 a2"});
    SENT(&fix, "t0:7,8");
    fix_outcome(&fix, 0, "a7");
    fix_event(&fix, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1});
    SENT(&fix, "F0");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0 a1 a2 a7"});
    SENT(&fix, "t0:8"); /* the earlier text is in effect: it does not run again */
    fix_outcome(&fix, 0, "a8");
    STATE(&fix, ROLLED_BACK);
    fix_release(&fix);
}

Test(rollout_back, a_release_of_which_only_callbacks_ran_has_nothing_to_undo)
{
    static const struct wanted_step wanted[] = {{.target = 0, .callback = true}, {.target = 0, .needs = {1}}};
    struct fix fix;
    fix_init(&fix, 1, wanted, 2, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0 f1");
    STATE(&fix, ROLLED_BACK);
    SENT(&fix, "");
    fix_release(&fix);
}

Test(rollout_back, a_repeatable_without_an_earlier_text_ends_the_way_back)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0, .repeatable = true, .no_way_back = true},
                                                {.target = 1, .needs = {2}}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 3, DIRECTION_UP, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    fix_outcome(&fix, 0, "a0 a1");
    fix_outcome(&fix, 1, "f2");
    STATE(&fix, HALTED);
    ROWS(&fix, "failed-rolls-back irreversible");
    fix_release(&fix);
}

Test(rollout_back, recording_halts_at_a_failure_and_goes_on)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 3, DIRECTION_ADOPT, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1 t1:2");
    fix_outcome(&fix, 0, "a0 d1");
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1, .outcomes = "a2"});
    STATE(&fix, HALTED);
    cr_assert(strstr(fix.rollout.reason, "recording s0 1 on t0"), "%s", fix.rollout.reason);
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "t0:1");
    fix_ask(&fix, ROLLOUT_CANCEL);
    SENT(&fix, "F0");
    cr_assert(strstr(fix.rollout.reason, "`greylag release retry` goes on"), "%s", fix.rollout.reason);
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 0, .outcomes = "a0 a1"});
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

/* The earlier text and the verify script travel too: they count. */
Test(rollout_back, other_texts_count_in_the_size_of_a_job)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0}, {.target = 0, .repeatable = true},
                                                {.target = 0, .repeatable = true}, {.target = 1, .needs = {4}}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 5, DIRECTION_UP, NULL);
    struct plan_step *steps = arena_array(&fix.arena, 5, sizeof *steps);
    memcpy(steps, fix.plan.steps, 5 * sizeof *steps);
    steps[1].verify_size = steps[2].earlier_size = 1 << 20;
    fix.plan.steps = steps;
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0");
    fix_outcome(&fix, 0, "a0");
    SENT(&fix, "t0:1");
    fix_outcome(&fix, 0, "a1");
    SENT(&fix, "t0:2,3");
    fix_outcome(&fix, 0, "a2 a3");
    fix_outcome(&fix, 1, "f4");
    SENT(&fix, "t0:6");
    fix_outcome(&fix, 0, "a6");
    SENT(&fix, "t0:7");
    fix_outcome(&fix, 0, "a7");
    SENT(&fix, "t0:8,9");
    fix_release(&fix);
}
