/* What a verified report carries is taken in here, before the table is asked what to do about its job or fence: an
 * outcome is a fact, whichever job carried it. The outcome of a request is final once recorded; each is
 * accepted once. */
#include <string.h>

#include "rollout/state.h"

#define ATTEMPTS_MAX 1000 /* an operator's retries, each of them one: more than that nobody has forgotten */

static void outcome_keep(struct rollout *rollout, struct rollout_step *step, const struct outcome *outcome)
{
    step->outcome = outcome_copy(outcome, &rollout->arena);
    step->has_outcome = true;
    step->request_in_effect = outcome->kind == OUTCOME_ALREADY ? step->outcome.detail : "";
}

static enum step_state state_after(enum outcome_kind kind)
{
    switch (kind) {
    case OUTCOME_APPLIED:
        return STEP_APPLIED;
    case OUTCOME_ALREADY:
        return STEP_ALREADY;
    default:
        return STEP_FAILED;
    }
}

/* The step that an outcome speaks of: of this release, on the target that reports it, and the same migration. A
 * control database that came back from a backup may not know yet that undos were sent: they are added then. */
static struct rollout_step *outcome_step(struct rollout *rollout, int target, const struct outcome *outcome,
                                         int *ret_attempt)
{
    int ordinal;
    if (!request_parse(rollout, outcome->request, &ordinal, ret_attempt))
        return NULL;
    if (ordinal >= plan_count(rollout) && !extended(rollout)) {
        if (rollout->direction != DIRECTION_UP)
            return NULL;
        rollout_extend(rollout);
    }
    struct rollout_step *step = &rollout->steps[ordinal];
    const struct plan_step *from = plan_step_of(rollout, step);
    if (step->target != target || step->direction != outcome->direction)
        return NULL;
    if (outcome->migration && strcmp(from->id, outcome->migration) != 0)
        return NULL;
    return step;
}

static void outcome_take(struct rollout *rollout, int target, const struct outcome *outcome)
{
    int attempt;
    struct rollout_step *step = outcome_step(rollout, target, outcome, &attempt);
    if (!step || attempt < step->attempt || attempt - step->attempt > ATTEMPTS_MAX)
        return;
    if (attempt > step->attempt) { /* a retry that a restored control database has forgotten */
        step->attempt = attempt;
        step->has_outcome = false;
    }
    index_of(rollout)->seen[step->ordinal] = index_of(rollout)->report;
    if (step->has_outcome)
        return;
    outcome_keep(rollout, step, outcome);
    step_set(rollout, step, state_after(outcome->kind));
    if (step->leg == 0 && extended(rollout))
        rollback_follow(rollout, step->plan_step);
}

static bool is_open(const struct decide *d)
{
    const struct report *report = d->event->report;
    switch (report->kind) {
    case REPORT_FENCED:
        return d->target->state == TARGET_FENCING || d->target->state == TARGET_LOST;
    case REPORT_REFUSED:
    case REPORT_BLOCKED:
        return d->target->state == TARGET_FENCING || d->target->state == TARGET_BUSY;
    default:
        return d->target->state == TARGET_BUSY;
    }
}

static void fence_take(struct decide *d)
{
    struct rollout_target *target = d->target;
    const struct fence *in_force = &d->event->report->in_force;
    if (in_force->sequence <= 0 || in_force->epoch > d->rollout->epoch || target->rebuild ||
        fence_jumps(in_force, d->rollout->epoch, target->sequence))
        return;
    if (in_force->sequence > target->recorded && in_force->sequence <= target->sequence) {
        target->recorded = in_force->sequence;
        target->changed = true;
    }
    if (in_force->sequence > target->sequence && target_is_idle(target)) { /* nothing under way: simply go above */
        target->sequence = in_force->sequence;
        target->recorded = in_force->sequence;
        target->changed = true;
    }
}

static bool is_missed(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct rollout_index *index = index_of(rollout);
    return step->has_outcome && index->seen[step->ordinal] != index->report;
}

/* An answer to a fence lists all outcomes of the release on the target: whether one is missing that we know of. */
static bool outcomes_missed(const struct rollout *rollout, int target)
{
    int positions = leg_length(rollout, target) * (extended(rollout) ? 2 : 1);
    for (int i = 0; i < positions; i++)
        if (is_missed(rollout, step_at(rollout, target, i)))
            return true;
    return false;
}

void outcomes_take(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    const struct report *report = d->event->report;
    int number = target_number(rollout, d->target);
    d->current = report->fence.epoch == rollout->epoch && report->fence.sequence == d->target->sequence &&
                 strcmp(report->fence.term ? report->fence.term : "", rollout->term) == 0 && is_open(d);
    index_of(rollout)->report++;
    for (size_t i = 0; i < report->outcome_count; i++)
        outcome_take(rollout, number, &report->outcomes[i]);
    if (report->kind == REPORT_FENCED) {
        d->current = d->current && strcmp(report->release, rollout->release) == 0;
        d->misses = d->current && outcomes_missed(rollout, number);
    }
    fence_take(d);
    effects_add_acknowledge(d->effects, number, report);
    if (d->target->state == TARGET_BUSY && index_of(rollout)->sent[number] == 0) {
        target_set(d->target, TARGET_IDLE);
        d->target->count = 0;
        d->target->problem[0] = '\0';
    }
}

/* After a restore, when an operator said to go on: what the history lacks is not there, and gets a new request. Also
 * what we know no outcome of: the report of one that the restore has lost may still be on its way. */
void outcomes_rebuild(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    const struct rollout_index *index = index_of(rollout);
    int number = target_number(rollout, d->target);
    int positions = leg_length(rollout, number) * (extended(rollout) ? 2 : 1);
    for (int i = 0; i < positions; i++) {
        struct rollout_step *step = step_at(rollout, number, i);
        if (index->seen[step->ordinal] == index->report)
            continue;
        step->attempt++;
        step_set(rollout, step, !step->has_outcome ? step->state : step->leg == 0 ? STEP_PENDING : STEP_UNKNOWN);
        step->has_outcome = false;
    }
}
