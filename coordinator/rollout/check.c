/* The invariants of rollout.h, looked at from outside: nothing here trusts the index but for positions. */
#include <stdio.h>

#include "rollout/state.h"

static bool broken(const struct rollout *rollout, const struct rollout_step *step, const char *what, struct err *err)
{
    char text[STEP_TEXT_SIZE];
    return err_set(err, ERR_INTERNAL, "release %s, step %d (%s, leg %d, %s): %s", rollout->release, step->ordinal,
                   step_text(rollout, step, text), step->leg, step_state_text(step->state), what);
}

static bool before_in_job(const struct rollout *rollout, const struct rollout_step *first,
                          const struct rollout_step *then)
{
    const struct rollout_index *index = index_of(rollout);
    return first->state == STEP_SENT && first->target == then->target &&
           index->position[first->ordinal] < index->position[then->ordinal];
}

/* P1 */
static bool check_sent(const struct rollout *rollout, const struct rollout_step *step, struct err *err)
{
    const struct plan_step *from = plan_step_of(rollout, step);
    for (size_t i = 0; i < from->needs_count; i++) {
        const struct rollout_step *need = &rollout->steps[from->needs[i]];
        if (!step_satisfies(need->state) && !before_in_job(rollout, need, step))
            return broken(rollout, step, "P1: sent before what it needs took effect", err);
    }
    return true;
}

/* P5 */
static bool check_undo(const struct rollout *rollout, const struct rollout_step *undo, struct err *err)
{
    const struct rollout_index *index = index_of(rollout);
    if (rollout->steps[undo->plan_step].state != STEP_APPLIED)
        return broken(rollout, undo, "P5: an undo of what this release did not apply", err);
    if (!plan_goes_back(plan_step_of(rollout, undo)))
        return broken(rollout, undo, "P5: an undo of a step without a way back", err);
    for (int k = index->dependents_start[undo->plan_step]; k < index->dependents_start[undo->plan_step + 1]; k++) {
        const struct rollout_step *dependent = &rollout->steps[index->dependents[k]];
        const struct rollout_step *its_undo = undo_of(rollout, dependent->plan_step);
        if (dependent->state == STEP_SENT || dependent->state == STEP_UNKNOWN)
            return broken(rollout, undo, "P5: an undo while what depends on it is unknown", err);
        if (!step_is_done(its_undo->state) && !before_in_job(rollout, its_undo, undo))
            return broken(rollout, undo, "P5: an undo before what depends on it is undone", err);
    }
    return true;
}

static bool check_step(const struct rollout *rollout, const struct rollout_step *step, struct err *err)
{
    const struct rollout_target *target = &rollout->targets[step->target];
    if (step->has_outcome != (step_satisfies(step->state) || step->state == STEP_FAILED))
        return broken(rollout, step, "P2: state and outcome disagree", err);
    if (step->state == STEP_SENT) {
        int position = index_of(rollout)->position[step->ordinal];
        if (target->state != TARGET_BUSY && target->state != TARGET_FENCING)
            return broken(rollout, step, "sent, but its target has no unresolved job", err);
        if (position < target->first || position >= target->first + target->count)
            return broken(rollout, step, "P2: sent, but not in its target's only job", err);
        if (target->state == TARGET_FENCING) /* under way when what it needs failed, or went back in time */
            return true;
        return step->leg == 0 ? check_sent(rollout, step, err) : check_undo(rollout, step, err);
    }
    if (step->leg == 1 || step->state != STEP_APPLIED)
        return true;
    if (rollout->state == RELEASE_CANCELLED)
        return broken(rollout, step, "P3: cancelled, yet it took effect", err);
    if (plan_step_of(rollout, step)->way_back == WAY_BACK_NOTHING)
        return true;
    if (rollout->state == RELEASE_ROLLED_BACK && !step_satisfies(undo_of(rollout, step->plan_step)->state))
        return broken(rollout, step, "P3: rolled back, yet it was not undone", err);
    return true;
}

static bool check_targets(const struct rollout *rollout, struct err *err)
{
    size_t open = 0;
    for (size_t t = 0; t < rollout->target_count; t++) {
        const struct rollout_target *target = &rollout->targets[t];
        bool busy = target->state == TARGET_BUSY;
        open += busy || target->state == TARGET_FENCING;
        if (busy && index_of(rollout)->sent[t] == 0)
            return err_set(err, ERR_INTERNAL, "release %s, target %s: busy without a step", rollout->release,
                           target->name);
        if (busy && release_state_terminal(rollout->state))
            return err_set(err, ERR_INTERNAL, "release %s, target %s: busy, but the release is %s", rollout->release,
                           target->name, release_state_text(rollout->state));
        if (busy && rollout->state == RELEASE_FENCING && rollout->stopping)
            return err_set(err, ERR_INTERNAL, "release %s, target %s: busy, but the release is stopping",
                           rollout->release, target->name);
    }
    if (open == 0 && !release_state_terminal(rollout->state))
        return err_set(err, ERR_INTERNAL, "P3: release %s is %s with nothing under way", rollout->release,
                       release_state_text(rollout->state));
    return true;
}

bool rollout_check(const struct rollout *rollout, struct err *err)
{
    size_t satisfied = 0;
    for (size_t i = 0; i < rollout->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[i];
        if (!check_step(rollout, step, err))
            return false;
        satisfied += step->leg == 0 && step_satisfies(step->state);
    }
    if (rollout->state == RELEASE_SUCCEEDED && satisfied != rollout->plan->step_count)
        return err_set(err, ERR_INTERNAL, "P3: release %s succeeded with %zu of %zu steps", rollout->release, satisfied,
                       rollout->plan->step_count);
    if (rollout->state == RELEASE_HALTED && !rollout->reason[0])
        return err_set(err, ERR_INTERNAL, "P3: release %s halted without a reason", rollout->release);
    return check_targets(rollout, err);
}
