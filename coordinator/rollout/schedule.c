/* Which steps can be sent now. A job is as many consecutive steps of one target as have no barrier between them: each
 * step's needs have taken effect, or precede it in this very job. */
#include <assert.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "rollout/state.h"

/* Whether everything that must come first has happened, or comes earlier in the job that is put together. */
static bool step_is_free(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct rollout_index *index = index_of(rollout);
    const struct plan_step *from = plan_step_of(rollout, step);
    if (step->leg == 1)
        return (step->state == STEP_SKIPPED || plan_goes_back(from)) &&
               rollback_may_undo(rollout, step->plan_step);
    for (size_t i = 0; i < from->needs_count; i++)
        if (!step_satisfies(rollout->steps[from->needs[i]].state) && index->mark[from->needs[i]] != index->stamp)
            return false;
    return true;
}

/* Of the texts that travel with the step. */
static size_t step_bytes(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct plan_step *from = plan_step_of(rollout, step);
    const struct migration *migration = plan_migration(rollout->plan, from);
    if (migration && step->direction == DIRECTION_UP)
        return (size_t)(migration->up_size + from->verify_size);
    if (migration && step->direction == DIRECTION_DOWN)
        return (size_t)(from->earlier && *from->earlier ? from->earlier_size : migration->down_size);
    return 0;
}

struct run {
    int first, last; /* positions; none: last < first */
    size_t steps, bytes;
};

/* The steps that can go out as the target's next job; at most `limit` of them. Marks them with a new stamp. */
static struct run run_find(const struct rollout *rollout, int target, int leg, size_t limit)
{
    struct rollout_index *index = index_of(rollout);
    int length = leg_length(rollout, target), end = (leg + 1) * length;
    int *cursor = &index->cursor[2 * target + leg];
    struct run run = {.first = 0, .last = -1};
    while (*cursor < end && step_is_done(step_at(rollout, target, *cursor)->state))
        ++*cursor;
    index->stamp++;
    for (int position = *cursor; position < end && run.steps < limit; position++) {
        const struct rollout_step *step = step_at(rollout, target, position);
        if (step_satisfies(step->state))
            continue;
        if ((step->state != STEP_PENDING && step->state != STEP_SKIPPED) || !step_is_free(rollout, step))
            break;
        index->mark[step->plan_step] = index->stamp;
        if (step->state == STEP_SKIPPED)
            continue;
        size_t bytes = step_bytes(rollout, step);
        if (run.steps > 0 && run.bytes + bytes > rollout->settings.job_bytes)
            break;
        run.bytes += bytes;
        if (run.steps++ == 0)
            run.first = position;
        run.last = position;
    }
    return run;
}

/* After a restore what was believed of a target is about to be replaced: nothing is sent before. */
static bool beliefs_change(const struct rollout *rollout)
{
    for (size_t t = 0; t < rollout->target_count; t++)
        if (rollout->targets[t].rebuild && rollout->targets[t].state == TARGET_FENCING)
            return true;
    return false;
}

bool schedule_has_room(const struct decide *d)
{
    return !d->effects->full;
}

/* Whether one more job of that size fits this turn; the first always does. */
static bool fits(const struct decide *d, size_t bytes, size_t steps)
{
    const struct rollout_settings *settings = &d->rollout->settings;
    const struct rollout_effects *effects = d->effects;
    return (effects->bytes == 0 && effects->steps == 0) ||
           ((!settings->turn_bytes || effects->bytes + bytes <= settings->turn_bytes) &&
            (!settings->turn_steps || effects->steps + steps <= settings->turn_steps));
}

/* Whether a job can go out now. The first one that is ready decides whether it fits: no other may overtake it. */
bool schedule_possible(const struct decide *d, int leg)
{
    const struct rollout *rollout = d->rollout;
    if ((leg == 1 && !extended(rollout)) || beliefs_change(rollout))
        return false;
    if (leg == 1)
        rollback_settle(rollout);
    for (size_t t = 0; t < rollout->target_count && schedule_has_room(d); t++) {
        if (!target_is_idle(&rollout->targets[t]) || run_find(rollout, (int)t, leg, 1).steps == 0)
            continue;
        struct run run = run_find(rollout, (int)t, leg, rollout->settings.job_steps);
        d->effects->full = !fits(d, run.bytes, run.steps);
        return !d->effects->full;
    }
    return false;
}

static void take_room(struct decide *d, size_t bytes, size_t steps)
{
    d->effects->bytes += bytes;
    d->effects->steps += steps;
    if (!fits(d, 1, 1))
        d->effects->full = true;
}

/* Everything at `positions` that is SENT goes out under a new sequence. */
static void job_emit(struct decide *d, struct rollout_target *target, bool resend)
{
    struct rollout *rollout = d->rollout;
    int number = target_number(rollout, target);
    size_t count = 0, bytes = 0;
    int *steps = arena_array(&d->effects->arena, (size_t)target->count, sizeof *steps);
    for (int i = 0; i < target->count; i++) {
        const struct rollout_step *step = step_at(rollout, number, target->first + i);
        if (step->state != STEP_SENT)
            continue;
        steps[count++] = step->ordinal;
        bytes += step_bytes(rollout, step);
    }
    assert(count > 0);
    take_room(d, bytes, count);
    target->sequence++;
    target->alive_ms = d->now;
    target->silent = resend ? target->silent + 1 : 0;
    target_set(target, TARGET_BUSY);
    effects_add_job(d->effects, &(struct rollout_send_job){.target = number,
                                                           .sequence = target->sequence,
                                                           .steps = steps,
                                                           .step_count = count,
                                                           .resend = resend});
}

static void send_leg(struct decide *d, int leg)
{
    struct rollout *rollout = d->rollout;
    size_t jobs = 0, steps = 0;
    if (leg == 1)
        rollback_settle(rollout);
    for (size_t t = 0; t < rollout->target_count && schedule_has_room(d); t++) {
        struct rollout_target *target = &rollout->targets[t];
        struct run run = {.last = -1};
        if (target_is_idle(target))
            run = run_find(rollout, (int)t, leg, rollout->settings.job_steps);
        if (run.steps == 0)
            continue;
        if (!fits(d, run.bytes, run.steps)) {
            d->effects->full = true;
            break;
        }
        for (int position = run.first; position <= run.last; position++) {
            struct rollout_step *step = step_at(rollout, (int)t, position);
            if (step->state == STEP_PENDING)
                step_set(rollout, step, STEP_SENT);
        }
        target->first = run.first;
        target->count = run.last - run.first + 1;
        target->problem[0] = '\0';
        job_emit(d, target, false);
        jobs++;
        steps += run.steps;
    }
    text_format(d->detail, sizeof d->detail, "%zu %s%s in %zu job%s", steps, leg == 1 ? "undo" : "step",
                steps == 1 ? "" : "s", jobs, jobs == 1 ? "" : "s");
}

void send_jobs(struct decide *d)
{
    send_leg(d, 0);
}

void send_undos(struct decide *d)
{
    send_leg(d, 1);
}

void resend_job(struct decide *d)
{
    text_format(d->detail, sizeof d->detail, "%s", d->target->name);
    job_emit(d, d->target, true);
}
