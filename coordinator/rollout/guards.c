/* The guards of the decision table: they only look. */
#include <assert.h>
#include <string.h>

#include "rollout/state.h"

bool always(const struct decide *d)
{
    (void)d;
    return true;
}

bool goes_up(const struct decide *d)
{
    return d->rollout->direction == DIRECTION_UP;
}

/* Down, or recording what is in effect: a failure halts it, and what it did stays. */
bool only_stops(const struct decide *d)
{
    return d->rollout->direction != DIRECTION_UP;
}

bool aims_at_completion(const struct decide *d)
{
    return d->rollout->aim == ROLLOUT_AIM_COMPLETE;
}

bool aims_back(const struct decide *d)
{
    return d->rollout->aim != ROLLOUT_AIM_COMPLETE;
}

bool stops_going_forward(const struct decide *d)
{
    return goes_up(d) && d->rollout->stopping && aims_at_completion(d);
}

bool asks_everybody(const struct decide *d)
{
    return d->event->every;
}

/* ---- reports ---- */

static const struct report *report_of(const struct decide *d)
{
    return d->event->report;
}

bool fence_is_beyond(const struct decide *d)
{
    return fence_jumps(&report_of(d)->in_force, d->rollout->epoch, d->target->sequence) &&
           d->target->state != TARGET_LOST;
}

bool knows_higher_epoch(const struct decide *d)
{
    int64_t ahead = report_of(d)->in_force.epoch - d->rollout->epoch;
    return ahead > 0 && !fence_jumps(&report_of(d)->in_force, d->rollout->epoch, d->target->sequence);
}

static bool refused(const struct decide *d, enum refusal refusal)
{
    return d->current && report_of(d)->kind == REPORT_REFUSED && report_of(d)->refusal == refusal;
}

bool refused_conflict(const struct decide *d)
{
    return refused(d, REFUSAL_CONFLICT);
}

bool not_current(const struct decide *d)
{
    return !d->current;
}

bool fence_misses_outcomes(const struct decide *d)
{
    return d->current && d->misses && !d->target->rebuild;
}

bool fence_answered(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_FENCED && d->target->state == TARGET_FENCING;
}

bool fence_answered_late(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_FENCED && d->target->state == TARGET_LOST && !d->misses &&
           !d->target->rebuild;
}

/* Only what has a higher fence in force, which ours can be raised above, is answered at once. */
static bool refused_stale(const struct decide *d)
{
    return refused(d, REFUSAL_STALE) && report_of(d)->in_force.sequence > d->target->sequence;
}

bool fence_refused_stale(const struct decide *d)
{
    return refused_stale(d) && d->target->state == TARGET_FENCING;
}

bool job_refused_stale(const struct decide *d)
{
    return refused_stale(d) && d->target->state == TARGET_BUSY;
}

bool refused_for_now(const struct decide *d)
{
    return refused(d, REFUSAL_BUSY) || refused(d, REFUSAL_EXPIRED) || refused(d, REFUSAL_STALE);
}

bool refused_content(const struct decide *d)
{
    return refused(d, REFUSAL_CHECKSUM) && d->target->state == TARGET_BUSY;
}

bool refused_for_good(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_REFUSED;
}

bool job_finished(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_FINISHED;
}

/* Steps are left, and none of the job failed: the same job, delivered again, would run them. */
bool job_left_undone(const struct decide *d)
{
    const struct rollout_target *target = d->target;
    if (!job_finished(d) || target->state != TARGET_BUSY)
        return false;
    for (int i = 0; i < target->count; i++)
        if (step_at(d->rollout, target_number(d->rollout, target), target->first + i)->state == STEP_FAILED)
            return false;
    return true;
}

bool job_blocked(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_BLOCKED;
}

bool job_reported(const struct decide *d)
{
    return d->current && report_of(d)->kind == REPORT_OUTCOMES;
}

/* A worker that works for this target on what we sent, this job or the one before a resend of it. */
bool working_on_it(const struct decide *d)
{
    return d->target->state == TARGET_BUSY && d->event->sequence > 0 && d->event->sequence <= d->target->sequence;
}

/* A step that its fence leaves to end is still at work. */
bool working_to_its_end(const struct decide *d)
{
    return d->target->state == TARGET_FENCING && d->target->patient && d->event->sequence > 0 &&
           d->event->sequence < d->target->sequence;
}

bool fence_unanswered(const struct decide *d)
{
    return d->target->state == TARGET_FENCING;
}

/* ---- time ---- */

bool fence_overdue(const struct decide *d)
{
    return d->target->state == TARGET_FENCING && d->rollout->settings.fence_limit_ms > 0 &&
           d->now >= d->target->fence_since_ms + d->rollout->settings.fence_limit_ms;
}

bool fence_due(const struct decide *d)
{
    return d->target->state == TARGET_FENCING && d->now >= target_repeat_ms(d->rollout, d->target);
}

bool job_silent(const struct decide *d)
{
    return d->target->state == TARGET_BUSY && schedule_has_room(d) &&
           d->now >= target_resend_ms(d->rollout, d->target);
}

/* ---- what follows from the state ---- */

static size_t failed_count(const struct decide *d, int leg)
{
    return index_of(d->rollout)->count[leg][STEP_FAILED];
}

/* An undo with an outcome, though this release is going forward: only a restored control database gets here. */
bool undone_already(const struct decide *d)
{
    const size_t *count = index_of(d->rollout)->count[1];
    return aims_at_completion(d) && count[STEP_APPLIED] + count[STEP_ALREADY] + count[STEP_FAILED] > 0;
}

static bool a_failed_step_says(const struct decide *d, enum failure_policy policy)
{
    const struct rollout *rollout = d->rollout;
    if (failed_count(d, 0) == 0)
        return false;
    for (int i = 0; i < plan_count(rollout); i++)
        if (rollout->steps[i].state == STEP_FAILED && rollout->plan->steps[i].policy.on_failure == policy)
            return true;
    return false;
}

/* Nobody can tell whether it took effect (transaction_resolution_unknown): a restart in the middle of it, no failure of
 * the migration. A person looks before anything is undone. */
static bool a_failed_step_is_in_doubt(const struct decide *d)
{
    for (int i = 0; i < plan_count(d->rollout); i++)
        if (d->rollout->steps[i].state == STEP_FAILED && strcmp(d->rollout->steps[i].outcome.sqlstate, "08007") == 0)
            return true;
    return false;
}

bool failed_and_halts(const struct decide *d)
{
    return failed_count(d, 0) > 0 &&
           (only_stops(d) || a_failed_step_says(d, ON_FAILURE_HALT) || a_failed_step_is_in_doubt(d));
}

bool failed_and_rolls_back(const struct decide *d)
{
    return failed_count(d, 0) > 0;
}

bool undo_failed(const struct decide *d)
{
    return !d->rollout->stopping && failed_count(d, 1) > 0;
}

static bool any_target_in(const struct decide *d, enum target_state state)
{
    for (size_t t = 0; t < d->rollout->target_count; t++)
        if (d->rollout->targets[t].state == state)
            return true;
    return false;
}

bool all_took_effect(const struct decide *d)
{
    const size_t *count = index_of(d->rollout)->count[0];
    return count[STEP_APPLIED] + count[STEP_ALREADY] == d->rollout->plan->step_count &&
           !any_target_in(d, TARGET_FENCING);
}

bool can_send(const struct decide *d)
{
    return schedule_possible(d, 0);
}

bool stopped(const struct decide *d)
{
    return d->rollout->stopping && !any_target_in(d, TARGET_BUSY) && !any_target_in(d, TARGET_FENCING);
}
