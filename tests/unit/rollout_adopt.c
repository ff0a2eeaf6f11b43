/* Releases that only record: import, baseline, repair. */
#include "unit/rollout_fixture.h"

Test(rollout_adopt, goes_out_in_one_job_however_large_its_files_are)
{
    static const struct wanted_step wanted[] = {
        {.target = 0}, {.target = 0, .needs = {1}}, {.target = 0, .needs = {2}}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 4, DIRECTION_ADOPT, NULL);
    fix.rollout.settings.job_bytes = 1; /* no text travels */
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1,2 t1:3");
    fix_outcome(&fix, 0, "a0 a1 a2");
    fix_outcome(&fix, 1, "y3");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_adopt, a_failed_step_halts_and_nothing_is_rolled_back)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 0, .needs = {1}}, {.target = 1}};
    struct fix fix;
    fix_init(&fix, 2, wanted, 3, DIRECTION_ADOPT, NULL);
    fix_ask(&fix, ROLLOUT_ACCEPTED);
    SENT(&fix, "t0:0,1 t1:2");
    fix_outcome(&fix, 0, "a0 d1");
    SENT(&fix, "F1");
    fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
    STATE(&fix, HALTED);
    cr_expect(strstr(fix.rollout.reason, "recording s0 1 on t0 differs from what is applied"), "%s",
              fix.rollout.reason);
    cr_expect(strstr(fix.rollout.reason, "give the command again"), "%s", fix.rollout.reason);
    cr_expect_eq(fix.rollout.step_count, 3, "there are no undos");
    fix_ask(&fix, ROLLOUT_ROLLBACK);
    STATE(&fix, HALTED);
    fix_ask(&fix, ROLLOUT_RETRY);
    SENT(&fix, "t0:1 t1:2");
    fix_outcome(&fix, 0, "a1");
    fix_outcome(&fix, 1, "a2");
    STATE(&fix, SUCCEEDED);
    fix_release(&fix);
}

Test(rollout_adopt, rollback_and_cancel_stop_it_where_it_stands)
{
    static const struct wanted_step wanted[] = {{.target = 0}, {.target = 1}};
    for (enum rollout_event_kind kind = ROLLOUT_ROLLBACK; kind <= ROLLOUT_CANCEL; kind++) {
        struct fix fix;
        if (kind == ROLLOUT_RETRY)
            continue;
        fix_init(&fix, 2, wanted, 2, DIRECTION_ADOPT, NULL);
        fix_ask(&fix, ROLLOUT_ACCEPTED);
        fix_outcome(&fix, 0, "a0");
        fix_ask(&fix, kind);
        fix_say(&fix, (struct said){.kind = REPORT_FENCED, .target = 1});
        STATE(&fix, HALTED);
        cr_expect(strstr(fix.rollout.reason, "what was recorded stays so"), "%s", fix.rollout.reason);
        fix_release(&fix);
    }
}
