/* The engine's own view of a struct rollout: the index, and the few functions through which its parts change it.
 * Only for the rollout room. */
#pragma once
#include "rollout/decide.h"

/* Lookups, rebuilt by rollout_index. Positions: a target's own order is its steps of leg 0 by ordinal, then, when
 * the release was extended, its undos by ordinal. */
struct rollout_index {
    int *order;        /* for each target its positions, one after another */
    int *start;        /* [target_count + 1]: where a target's positions begin in `order` */
    int *position;     /* [2n]: a step's position within its target's order */
    int *cursor;       /* [2 * target_count]: first position of a leg that may still have something to do */
    int *dependents;   /* for each plan step those that need it, one after another; */
    int *dependents_start; /* [n + 1] */
    int *sent;         /* [target_count]: steps of the unresolved job without an outcome */
    int *mark;         /* [2n]: == stamp: belongs to the job that is being put together */
    int stamp;
    size_t target_hint; /* the target that was looked up last */
    int *seen;         /* [2n]: == report: the report that is being taken in names its present request */
    int report;
    unsigned char *settled; /* [n]: scratch of rollback_settle */
    size_t count[2][STEP_STATE_COUNT]; /* steps of each leg in each state */
};

static inline struct rollout_index *index_of(const struct rollout *rollout)
{
    return rollout->index;
}
static inline int plan_count(const struct rollout *rollout)
{
    return (int)rollout->plan->step_count;
}
static inline bool extended(const struct rollout *rollout)
{
    return rollout->step_count > rollout->plan->step_count;
}
static inline struct rollout_step *undo_of(const struct rollout *rollout, int plan_step)
{
    return &rollout->steps[rollout_undo_ordinal(rollout->plan, plan_step)];
}
static inline const struct plan_step *plan_step_of(const struct rollout *rollout, const struct rollout_step *step)
{
    return &rollout->plan->steps[step->plan_step];
}
static inline bool step_satisfies(enum step_state state)
{
    return state == STEP_APPLIED || state == STEP_ALREADY;
}
static inline bool step_is_done(enum step_state state)
{
    return step_satisfies(state) || state == STEP_SKIPPED;
}
static inline bool target_is_idle(const struct rollout_target *target)
{
    return target->state == TARGET_IDLE || target->state == TARGET_FENCED;
}
/* What a target does not answer is sent again after pauses that grow: each copy lies before a worker that is away. */
#define AGAIN_DOUBLED_MAX 4
static inline int64_t target_pause_ms(const struct rollout_target *target, int64_t first_ms)
{
    return first_ms << (target->silent < AGAIN_DOUBLED_MAX ? target->silent : AGAIN_DOUBLED_MAX);
}
/* When its unresolved job is sent again. */
static inline int64_t target_resend_ms(const struct rollout *rollout, const struct rollout_target *target)
{
    return target->alive_ms + target_pause_ms(target, rollout->settings.resend_after_ms);
}
/* When its unanswered fence is repeated. */
static inline int64_t target_repeat_ms(const struct rollout *rollout, const struct rollout_target *target)
{
    return target->fence_sent_ms + target_pause_ms(target, rollout->settings.fence_again_ms);
}
static inline int target_number(const struct rollout *rollout, const struct rollout_target *target)
{
    return (int)(target - rollout->targets);
}
/* The leg that the release is working on. */
static inline int leg_of(const struct rollout *rollout)
{
    return rollout->aim == ROLLOUT_AIM_COMPLETE ? 0 : 1;
}
/* Number of positions of one leg in a target's order. */
static inline int leg_length(const struct rollout *rollout, int target)
{
    const struct rollout_index *index = index_of(rollout);
    return (index->start[target + 1] - index->start[target]) / 2;
}
static inline struct rollout_step *step_at(const struct rollout *rollout, int target, int position)
{
    const struct rollout_index *index = index_of(rollout);
    return &rollout->steps[index->order[index->start[target] + position]];
}

void index_free(struct rollout *rollout);
/* Every change of a step's or a target's state goes through these: counts, cursors and `changed` follow. */
void step_set(struct rollout *rollout, struct rollout_step *step, enum step_state state);
void target_set(struct rollout_target *target, enum target_state state);

/* Request ids: false when it is not one of this release. The step may not exist yet (an undo before rollout_extend). */
bool request_parse(const struct rollout *rollout, const char *request, int *ret_ordinal, int *ret_attempt);
/* "auth 3 on auth-eu" into a buffer; returns it. */
#define STEP_TEXT_SIZE 300
const char *step_text(const struct rollout *rollout, const struct rollout_step *step, char text[STEP_TEXT_SIZE]);

/* Of an earlier reason, as much as a later one repeats. */
#define BEFORE_SIZE 300

/* outcomes.c: takes in what a report carries, whatever is decided about it then. */
void outcomes_take(struct decide *d);
void outcomes_rebuild(struct decide *d);

/* schedule.c */
/* Whether this turn can take another job. */
bool schedule_has_room(const struct decide *d);
bool schedule_possible(const struct decide *d, int leg);

/* rollback.c */
void rollback_settle(const struct rollout *rollout);             /* fills index->settled */
/* After rollback_settle; or earlier in this job. */
bool rollback_may_undo(const struct rollout *rollout, int plan_step);
void rollback_follow(struct rollout *rollout, int plan_step);    /* the undo's state after what is known of its step */

/* What the shell has to do. Each returns the new, zeroed element. */
struct rollout_decision *effects_add_decision(struct rollout_effects *effects);
void effects_add_job(struct rollout_effects *effects, const struct rollout_send_job *job);
void effects_add_fence(struct rollout_effects *effects, int target, int64_t sequence, bool patient);
void effects_add_acknowledge(struct rollout_effects *effects, int target, const struct report *report);
