/* A rollout's life: made, extended by its undos, copied, released; and the effects it hands out. */
#include "rollout/rollout.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "rollout/state.h"

static const char *const aim_texts[] = {
#define X(name, text, prose) text,
    ROLLOUT_AIMS(X)
#undef X
};

const char *rollout_aim_text(enum rollout_aim aim)
{
    assert(aim < ROLLOUT_AIM_COUNT);
    return aim_texts[aim];
}

bool rollout_aim_parse(const char *text, enum rollout_aim *ret_aim)
{
    for (size_t i = 0; i < ROLLOUT_AIM_COUNT; i++)
        if (strcmp(text, aim_texts[i]) == 0) {
            *ret_aim = (enum rollout_aim)i;
            return true;
        }
    return false;
}

static void step_init(struct rollout_step *step, int ordinal, int leg, int plan_step, const struct plan_step *from)
{
    *step = (struct rollout_step){
        .ordinal = ordinal,
        .leg = leg,
        .target = from->target,
        .plan_step = plan_step,
        .direction = leg == 0 ? from->direction : DIRECTION_DOWN,
        .state = leg == 0 ? STEP_PENDING : STEP_UNKNOWN,
        .attempt = 1,
        .undoes = leg == 0 ? -1 : plan_step,
        .undoes_request = leg == 0 && from->undoes ? from->undoes : "",
        .request_in_effect = "",
        .changed = true,
    };
}

void rollout_init(struct rollout *rollout, const char *release, const struct plan *plan,
                  const struct rollout_settings *settings, int64_t epoch, const char *term)
{
    *rollout = (struct rollout){
        .release = release,
        .plan = plan,
        .settings = *settings,
        .state = RELEASE_RUNNING,
        .direction = plan->direction,
        .aim = ROLLOUT_AIM_COMPLETE,
        .epoch = epoch,
        .term = term,
        .decided_by = "",
        .step_count = plan->step_count,
        .target_count = plan->target_count,
        .changed = true,
    };
    rollout->steps = xcalloc(2 * plan->step_count + 1, sizeof *rollout->steps); /* with room for the undos */
    rollout->targets = xcalloc(plan->target_count + 1, sizeof *rollout->targets);
    for (size_t i = 0; i < plan->step_count; i++)
        step_init(&rollout->steps[i], (int)i, 0, (int)i, &plan->steps[i]);
    for (size_t i = 0; i < plan->target_count; i++) {
        rollout->targets[i].name = plan->targets[i].name;
        rollout->targets[i].service = plan->fleet->services[plan->targets[i].service].name;
        rollout->targets[i].state = TARGET_IDLE;
        rollout->targets[i].changed = true;
    }
    rollout_index(rollout);
}

void rollout_extend(struct rollout *rollout)
{
    size_t n = rollout->plan->step_count;
    if (extended(rollout) || n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        int plan_step = (int)(n - 1 - i);
        step_init(&rollout->steps[n + i], (int)(n + i), 1, plan_step, &rollout->plan->steps[plan_step]);
    }
    rollout->step_count = 2 * n;
    rollout_index(rollout);
}

#define NUMBER_MAX 1000000000000 /* a million jumps of a million */

void rollout_numbers(int64_t *sequence, int64_t *recorded)
{
    if (*recorded > NUMBER_MAX)
        *recorded = 0;
    int64_t least = *recorded > 0 ? *recorded : 0;
    if (*sequence < least || *sequence - least > FENCE_JUMP_MAX)
        *sequence = least;
}

void rollout_copy(struct rollout *ret_copy, const struct rollout *rollout)
{
    struct rollout copy = *rollout;
    copy.arena = (struct arena)ARENA_INIT;
    copy.steps = xcalloc(2 * rollout->plan->step_count + 1, sizeof *copy.steps);
    memcpy(copy.steps, rollout->steps, rollout->step_count * sizeof *copy.steps);
    copy.targets = xmalloc((rollout->target_count + 1) * sizeof *copy.targets);
    memcpy(copy.targets, rollout->targets, rollout->target_count * sizeof *copy.targets);
    for (size_t i = 0; i < copy.step_count; i++) {
        struct rollout_step *step = &copy.steps[i];
        if (step->has_outcome)
            step->outcome = outcome_copy(&step->outcome, &copy.arena);
        step->undoes_request = arena_strdup(&copy.arena, step->undoes_request);
        step->request_in_effect = arena_strdup(&copy.arena, step->request_in_effect);
    }
    copy.index = NULL;
    rollout_index(&copy);
    *ret_copy = copy;
}

void rollout_release(struct rollout *rollout)
{
    index_free(rollout);
    free(rollout->steps);
    free(rollout->targets);
    arena_release(&rollout->arena);
    *rollout = (struct rollout){0};
}

int rollout_target_index(const struct rollout *rollout, const char *service, const char *target)
{
    struct rollout_index *index = index_of(rollout);
    for (size_t i = 0; i < rollout->target_count; i++) {
        size_t at = (index->target_hint + i) % rollout->target_count;
        const struct rollout_target *known = &rollout->targets[at];
        if (strcmp(known->name, target) != 0 || strcmp(known->service, service) != 0)
            continue;
        index->target_hint = at;
        return (int)at;
    }
    return -1;
}

void rollout_effects_init(struct rollout_effects *effects)
{
    *effects = (struct rollout_effects){0};
}

void rollout_effects_release(struct rollout_effects *effects)
{
    free(effects->acknowledges);
    free(effects->jobs);
    free(effects->fences);
    free(effects->decisions);
    arena_release(&effects->arena);
    *effects = (struct rollout_effects){0};
}

void rollout_effects_clear(struct rollout *rollout, struct rollout_effects *effects)
{
    rollout->changed = false;
    for (size_t i = 0; i < rollout->step_count; i++)
        rollout->steps[i].changed = false;
    for (size_t i = 0; i < rollout->target_count; i++)
        rollout->targets[i].changed = false;
    rollout_effects_release(effects);
}

struct rollout_decision *effects_add_decision(struct rollout_effects *effects)
{
    return array_add(effects->decisions, effects->decision_count, effects->decision_room);
}

void effects_add_job(struct rollout_effects *effects, const struct rollout_send_job *job)
{
    *array_add(effects->jobs, effects->job_count, effects->job_room) = *job;
}

void effects_add_fence(struct rollout_effects *effects, int target, int64_t sequence, bool patient)
{
    *array_add(effects->fences, effects->fence_count, effects->fence_room) =
        (struct rollout_send_fence){.target = target, .sequence = sequence, .patient = patient};
}

void effects_add_acknowledge(struct rollout_effects *effects, int target, const struct report *report)
{
    if (report->outcome_count == 0)
        return;
    int64_t *positions = arena_array(&effects->arena, report->outcome_count, sizeof *positions);
    for (size_t i = 0; i < report->outcome_count; i++)
        positions[i] = report->outcomes[i].position;
    *array_add(effects->acknowledges, effects->acknowledge_count, effects->acknowledge_room) =
        (struct rollout_acknowledge){.target = target, .positions = positions, .position_count = report->outcome_count};
}
