/* The way back: which steps have to be undone, and when each may be. An undo waits until everything that depends on
 * its step is known and undone; silence is never counted as "not applied". */
#include <string.h>

#include "base/text.h"
#include "rollout/state.h"

/* Whether what the release did on this target is known. */
static bool is_known(const struct rollout_target *target)
{
    return target_is_idle(target);
}

void rollback_follow(struct rollout *rollout, int plan_step)
{
    const struct rollout_step *step = &rollout->steps[plan_step];
    struct rollout_step *undo = undo_of(rollout, plan_step);
    if (undo->has_outcome || undo->state == STEP_SENT)
        return;
    if (step->state == STEP_APPLIED && rollout->plan->steps[plan_step].way_back == WAY_BACK_NOTHING) {
        step_set(rollout, undo, STEP_SKIPPED); /* a callback */
    } else if (step->state == STEP_APPLIED) {
        char request[REQUEST_ID_SIZE];
        rollout_request_id(rollout, step, request);
        if (strcmp(undo->undoes_request, request) != 0)
            undo->undoes_request = arena_strdup(&rollout->arena, request);
        step_set(rollout, undo, STEP_PENDING);
    } else if (step->state == STEP_ALREADY || step->state == STEP_FAILED || step->state == STEP_SKIPPED) {
        step_set(rollout, undo, STEP_SKIPPED);
    } else if (is_known(&rollout->targets[step->target]) && step->state == STEP_PENDING) {
        step_set(rollout, undo, STEP_SKIPPED);
    } else {
        step_set(rollout, undo, STEP_UNKNOWN);
    }
}

void plan_undos(struct decide *d)
{
    rollout_extend(d->rollout);
    if (!extended(d->rollout))
        return;
    for (int i = 0; i < plan_count(d->rollout); i++)
        rollback_follow(d->rollout, i);
}

static bool undo_is_over(const struct rollout *rollout, int plan_step)
{
    return step_is_done(undo_of(rollout, plan_step)->state);
}

/* A step is settled when nothing of it is left to undo, nor of anything that depends on it, however indirectly. The
 * next step of the same target counts as a dependent. */
void rollback_settle(const struct rollout *rollout)
{
    struct rollout_index *index = index_of(rollout);
    index->stamp++; /* no job is being put together */
    for (int i = plan_count(rollout) - 1; i >= 0; i--)
        index->settled[i] = undo_is_over(rollout, i) && rollback_may_undo(rollout, i);
}

bool rollback_may_undo(const struct rollout *rollout, int plan_step)
{
    const struct rollout_index *index = index_of(rollout);
    for (int k = index->dependents_start[plan_step]; k < index->dependents_start[plan_step + 1]; k++) {
        int dependent = index->dependents[k];
        if (!index->settled[dependent] && index->mark[dependent] != index->stamp)
            return false;
    }
    return true;
}

/* Whether it goes back, and every target has answered. */
static bool goes_back_knowing_all(const struct rollout *rollout)
{
    if (rollout->stopping || rollout->aim == ROLLOUT_AIM_COMPLETE)
        return false;
    for (size_t t = 0; t < rollout->target_count; t++)
        if (!is_known(&rollout->targets[t]))
            return false;
    return true;
}

bool all_undone(const struct decide *d)
{
    const struct rollout *rollout = d->rollout;
    if (!goes_back_knowing_all(rollout))
        return false;
    if (!extended(rollout)) /* the empty plan */
        return true;
    for (int i = 0; i < plan_count(rollout); i++)
        if (!undo_is_over(rollout, i))
            return false;
    return true;
}

bool nothing_took_effect(const struct decide *d)
{
    if (d->rollout->aim != ROLLOUT_AIM_CANCEL || !all_undone(d))
        return false;
    return index_of(d->rollout)->count[0][STEP_APPLIED] == 0;
}

bool can_send_undo(const struct decide *d)
{
    return !d->rollout->stopping && d->rollout->aim != ROLLOUT_AIM_COMPLETE && schedule_possible(d, 1);
}

/* Nothing is under way, nothing can be sent, and yet something is left: a step without a way back stands there. The
 * rows before have caught "all undone" and "can send". */
bool way_back_ends(const struct decide *d)
{
    return schedule_has_room(d) && goes_back_knowing_all(d->rollout);
}

#define WENT_BACK "It went back because: "

/* Why a release went back the first time, however often its way back has ended since. */
static const char *first_cause(const char *reason)
{
    const char *cause = reason;
    for (const char *at = reason; (at = strstr(at, WENT_BACK));)
        cause = at += strlen(WENT_BACK);
    return cause;
}

void because_irreversible(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    char before[BEFORE_SIZE], text[STEP_TEXT_SIZE];
    const struct rollout_step *blocking = NULL;
    size_t count = 0;
    rollback_settle(rollout);
    for (int i = plan_count(rollout) - 1; i >= 0; i--) {
        const struct rollout_step *undo = undo_of(rollout, i);
        if (undo->state != STEP_PENDING || plan_goes_back(&rollout->plan->steps[i]))
            continue;
        count++;
        if (!blocking)
            blocking = undo;
    }
    text_format(before, sizeof before, "%s", first_cause(rollout->reason));
    if (!blocking)
        return;
    d->step = blocking->ordinal;
    step_text(rollout, blocking, text);
    text_format(d->detail, sizeof d->detail, "%s has no way back", text);
    text_format(rollout->reason, sizeof rollout->reason,
                "the way back ends at %s, which has none (%zu such step%s applied); what can be undone is undone. "
                "Repair it by hand, or fix the cause and go forward with `greylag up`%s%s",
                text, count, count == 1 ? " is" : "s are", *before ? ". " WENT_BACK : "", before);
    rollout->changed = true;
}

/* What never went out is no longer needed. */
void skip_rest(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    for (int i = 0; i < plan_count(rollout); i++)
        if (rollout->steps[i].state == STEP_PENDING || rollout->steps[i].state == STEP_UNKNOWN)
            step_set(rollout, &rollout->steps[i], STEP_SKIPPED);
}
