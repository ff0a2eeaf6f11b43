/* The worker's job table is well formed, and every row of it can fire. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "job/job.h"

static struct job_facts facts_of(enum job_guard guard)
{
    return (struct job_facts){.all_known = guard == JOB_IF_ALL, .failed = guard == JOB_IF_FAILED,
                              .damaged = guard == JOB_IF_DAMAGED, .fencing = guard == JOB_IF_FENCING};
}

Test(job, every_row_fires)
{
    size_t count;
    const struct job_row *rows = job_rows(&count);
    for (size_t i = 0; i < count; i++) {
        struct job_facts facts = facts_of(rows[i].guard);
        const struct job_row *fired = job_decide(rows[i].state, rows[i].event, &facts);
        cr_assert_eq(fired, &rows[i], "row %zu (%s, %s) is hidden by another", i, job_state_text(rows[i].state),
                     job_event_text(rows[i].event));
        cr_assert(rows[i].why[0]);
    }
}

Test(job, no_row_leaves_a_terminal_state_and_every_state_is_reached)
{
    size_t count;
    const struct job_row *rows = job_rows(&count);
    bool reached[JOB_STATE_COUNT] = {[JOB_RECEIVED] = true}, fired[JOB_EVENT_COUNT] = {0}, done[JOB_ACTION_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        cr_assert_not(job_state_terminal(rows[i].state));
        reached[rows[i].next] = fired[rows[i].event] = done[rows[i].action] = true;
    }
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        cr_assert(reached[i], "%s is never reached", job_state_text((enum job_state)i));
    for (int i = 0; i < JOB_EVENT_COUNT; i++)
        cr_assert(fired[i], "%s is never used", job_event_text((enum job_event)i));
    for (int i = 0; i < JOB_ACTION_COUNT; i++)
        cr_assert(done[i], "%s is never used", job_action_text((enum job_action)i));
}

Test(job, a_guarded_row_has_one_without_a_guard_behind_it)
{
    size_t count;
    const struct job_row *rows = job_rows(&count);
    struct job_facts none = {0};
    for (size_t i = 0; i < count; i++)
        cr_assert(job_decide(rows[i].state, rows[i].event, &none), "(%s, %s) has no row for the rest",
                  job_state_text(rows[i].state), job_event_text(rows[i].event));
}

Test(job, nothing_runs_without_lock_history_and_fence)
{
    size_t count;
    const struct job_row *rows = job_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].action == JOB_DO_RUN)
            cr_assert(rows[i].event == JOB_ON_RAISED || rows[i].event == JOB_ON_RECORDED);
        if (rows[i].action == JOB_DO_RAISE)
            cr_assert(rows[i].event == JOB_ON_LOOKED);
        if (rows[i].action == JOB_DO_LOOK)
            cr_assert(rows[i].event == JOB_ON_LOCKED);
    }
    struct job_facts known_and_damaged = {.all_known = true, .damaged = true};
    cr_assert_eq(job_decide(JOB_LOOKING, JOB_ON_LOOKED, &known_and_damaged)->action, JOB_DO_REPORT_FINISHED);
    cr_assert_null(job_decide(JOB_RECEIVED, JOB_ON_RAISED, &known_and_damaged));
}

Test(job, the_diagram_names_every_state)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    job_print_mermaid(&text);
    for (int i = 0; i < JOB_STATE_COUNT; i++)
        cr_assert(strstr(buf_text(&text), job_state_text((enum job_state)i)));
}
