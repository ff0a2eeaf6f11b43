/* The effects of the decision table on the state: small steps that the rows put together. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "rollout/state.h"

#define WHY_SIZE ((size_t)1000)

static struct rollout_target *each_target(struct rollout *rollout, size_t i)
{
    return i < rollout->target_count ? &rollout->targets[i] : NULL;
}

/* ---- where the release is going ---- */

void aim_back(struct decide *d)
{
    if (d->rollout->aim == ROLLOUT_AIM_COMPLETE)
        d->rollout->aim = ROLLOUT_AIM_ROLL_BACK;
    d->rollout->stopping = false;
    d->rollout->changed = true;
}

void aim_cancel(struct decide *d)
{
    d->rollout->aim = ROLLOUT_AIM_CANCEL;
    d->rollout->stopping = false;
    d->rollout->changed = true;
}

void stop(struct decide *d)
{
    d->rollout->stopping = true;
    d->rollout->changed = true;
}

void go_on(struct decide *d)
{
    d->rollout->stopping = false;
    d->rollout->reason[0] = '\0';
    d->rollout->changed = true;
}

void learn_epoch(struct decide *d)
{
    int64_t epoch = d->event->report->in_force.epoch;
    if (epoch < d->rollout->epoch)
        epoch = d->rollout->epoch;
    if (epoch > d->effects->higher_epoch)
        d->effects->higher_epoch = epoch;
    text_format(d->detail, sizeof d->detail, "%s: epoch %lld is in force, ours is %lld", d->target->name,
                (long long)d->event->report->in_force.epoch, (long long)d->rollout->epoch);
}

/* A failed step gets a new request: the outcome of the old one is final. */
void new_attempts(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    int leg = leg_of(rollout);
    for (size_t i = 0; i < rollout->step_count; i++) {
        struct rollout_step *step = &rollout->steps[i];
        if (step->leg != leg || step->state != STEP_FAILED)
            continue;
        step->attempt++;
        step->has_outcome = false;
        step_set(rollout, step, STEP_PENDING);
    }
}

/* ---- fences ---- */

static void fence_raise(struct decide *d, struct rollout_target *target)
{
    target->sequence++;
    target->fence_sent_ms = target->fence_since_ms = d->now;
    target->silent = 0;
    target_set(target, TARGET_FENCING);
    effects_add_fence(d->effects, target_number(d->rollout, target), target->sequence, target->patient);
}

/* What runs there is to stop: also where a change of leaders had left it to end. */
void fence_busy(struct decide *d)
{
    struct rollout_target *target;
    for (size_t i = 0; (target = each_target(d->rollout, i)); i++)
        if (target->state == TARGET_BUSY || (target->state == TARGET_FENCING && target->patient)) {
            target->patient = false;
            fence_raise(d, target);
        }
}

/* An operator goes on: what could not be heard is asked again. What runs there since may end, unless the release goes
 * back. After a restore, what the target holds now is taken. */
void fence_lost(struct decide *d)
{
    struct rollout_target *target;
    for (size_t i = 0; (target = each_target(d->rollout, i)); i++) {
        if (target->state != TARGET_LOST)
            continue;
        if (target->rebuild)
            target->recorded = ROLLOUT_EXPECTS_ANYTHING;
        target->patient = aims_at_completion(d) && !target->rebuild;
        target->problem[0] = '\0';
        fence_raise(d, target);
    }
}

/* A change of leaders is no reason to cut what runs: its outcome is adopted. A release that goes back cuts it, and so
 * does a control database that went back: what it sent is not what runs. */
void fence_for_takeover(struct decide *d)
{
    struct rollout_target *target;
    bool patient = d->rollout->state == RELEASE_RUNNING && !d->event->every;
    for (size_t i = 0; (target = each_target(d->rollout, i)); i++)
        if (target->state == TARGET_BUSY || target->state == TARGET_FENCING ||
            (d->event->every && target->state != TARGET_LOST)) {
            target->patient = patient;
            fence_raise(d, target);
        }
}

/* A fence that is raised once more keeps its limit. */
void raise_fence(struct decide *d)
{
    int64_t since = d->target->state == TARGET_FENCING ? d->target->fence_since_ms : d->now;
    fence_raise(d, d->target);
    d->target->fence_since_ms = since;
}

void repeat_fence(struct decide *d)
{
    d->target->fence_sent_ms = d->now;
    d->target->silent++;
    d->target->changed = true;
    effects_add_fence(d->effects, target_number(d->rollout, d->target), d->target->sequence, d->target->patient);
}

/* Its worker may not listen yet when it is heard of first: the pauses begin anew. */
void repeat_at_once(struct decide *d)
{
    repeat_fence(d);
    d->target->silent = 0;
}

/* Our numbers go above what is in force; that much is recorded there. */
void overtake(struct decide *d)
{
    const struct fence *in_force = &d->event->report->in_force;
    if (in_force->sequence > d->target->sequence)
        d->target->sequence = in_force->sequence;
    if (in_force->sequence > d->target->recorded)
        d->target->recorded = in_force->sequence;
    text_format(d->detail, sizeof d->detail, "%s: %lld/%lld is in force", d->target->name, (long long)in_force->epoch,
                (long long)in_force->sequence);
    d->target->silent = 0; /* it has answered */
    d->target->changed = true;
}

/* What has no outcome did not run, and will not: the fence, or the worker that is through, says so. */
static void steps_without_outcome(struct rollout *rollout, struct rollout_target *target, enum step_state to)
{
    int number = target_number(rollout, target), length = leg_length(rollout, number);
    int positions = extended(rollout) ? 2 * length : length;
    for (int i = 0; i < positions; i++) {
        struct rollout_step *step = step_at(rollout, number, i);
        if (step->state == STEP_SENT || (step->state == STEP_UNKNOWN && step->leg == 0))
            step_set(rollout, step, to);
    }
    target->count = 0;
}

static void follow_target(struct rollout *rollout, struct rollout_target *target)
{
    int number = target_number(rollout, target), length = leg_length(rollout, number);
    if (extended(rollout) && rollout->aim != ROLLOUT_AIM_COMPLETE)
        for (int i = 0; i < length; i++)
            rollback_follow(rollout, step_at(rollout, number, i)->plan_step);
}

static void note(struct decide *d, const char *what, const char *why)
{
    text_format(d->target->problem, sizeof d->target->problem, "%s%s%s", what, *why ? ": " : "", why);
    text_format(d->detail, sizeof d->detail, "%s: %s", d->target->name, d->target->problem);
    d->target->changed = true;
}

static const char *report_message(const struct decide *d)
{
    return d->event->report->message ? d->event->report->message : "";
}

/* What a step had done outside a transaction when the fence cut it off. A release that goes on goes on with it; one
 * that goes back leaves it, and says so. */
static void tell_half_done(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    bool told = d->event->kind == ROLLOUT_REPORT && *report_message(d);
    if (!told || !extended(rollout) || rollout->aim == ROLLOUT_AIM_COMPLETE)
        return;
    text_format(d->target->left, sizeof d->target->left, "%s", report_message(d));
    text_format(d->detail, sizeof d->detail, "%s: left: %s", d->target->name, report_message(d));
    text_append(rollout->reason, sizeof rollout->reason, ". Left on %s: %s", d->target->name, report_message(d));
    rollout->changed = true;
}

void settle_target(struct decide *d)
{
    target_set(d->target, TARGET_FENCED);
    d->target->patient = false;
    d->target->rebuild = false;
    d->target->problem[0] = '\0';
    d->target->left[0] = '\0';
    steps_without_outcome(d->rollout, d->target, STEP_PENDING);
    follow_target(d->rollout, d->target);
    text_format(d->detail, sizeof d->detail, "%s", d->target->name);
    tell_half_done(d);
}

void rebuild_target(struct decide *d)
{
    if (!d->target->rebuild)
        return;
    outcomes_rebuild(d);
    d->target->recorded = d->event->report->in_force.sequence;
}

void settle_job(struct decide *d)
{
    if (d->target->state != TARGET_BUSY)
        return;
    target_set(d->target, TARGET_IDLE);
    d->target->problem[0] = '\0';
    steps_without_outcome(d->rollout, d->target, STEP_PENDING);
    follow_target(d->rollout, d->target);
    text_format(d->detail, sizeof d->detail, "%s", d->target->name);
}

void lose_target(struct decide *d)
{
    target_set(d->target, TARGET_LOST);
    d->target->patient = false;
    steps_without_outcome(d->rollout, d->target, STEP_UNKNOWN);
}

/* What is believed of them may be from before a restore: an operator's order fences all of them. */
void forget_targets(struct decide *d)
{
    struct rollout_target *target;
    for (size_t i = 0; (target = each_target(d->rollout, i)); i++) {
        if (target->state == TARGET_LOST)
            continue;
        target_set(target, TARGET_LOST);
        steps_without_outcome(d->rollout, target, STEP_UNKNOWN);
        text_format(target->problem, sizeof target->problem, "%s", "not asked since the control database was restored");
    }
}

/* ---- signs of life ---- */

/* The worker that has its job is; an unanswered fence stays one. */
static bool is_alive(struct decide *d)
{
    if (d->target->state != TARGET_BUSY)
        return false;
    d->target->alive_ms = d->now;
    d->target->silent = 0;
    return true;
}

void note_alive(struct decide *d)
{
    if (!is_alive(d))
        return;
    d->target->problem[0] = '\0';
    d->target->changed = true;
}

void wait_on(struct decide *d)
{
    d->target->fence_since_ms = d->now;
}

void note_blocked(struct decide *d)
{
    (void)is_alive(d);
    note(d, "blocked", report_message(d));
}

void note_refused(struct decide *d)
{
    (void)is_alive(d);
    note(d, refusal_text(d->event->report->refusal), report_message(d));
}

/* ---- reasons: why, and what can be done ---- */

#define NEXT ". Next: "

/* Whatever has to be cut, what can be done stays whole: `why` is shorter than WHY_SIZE, and what was before comes last
 * and in short, without what could be done then. */
static void because(struct decide *d, const char *why, const char *what_to_do)
{
    struct rollout *rollout = d->rollout;
    char before[BEFORE_SIZE];
    const char *next = strstr(rollout->reason, NEXT);
    text_format(before, sizeof before, "%.*s", next ? (int)(next - rollout->reason) : -1, rollout->reason);
    text_format(d->detail, sizeof d->detail, "%s", why);
    text_format(rollout->reason, sizeof rollout->reason, "%s%s%s%s%s", why, *what_to_do ? NEXT : "", what_to_do,
                *before ? ". Before that: " : "", before);
    rollout->changed = true;
}

/* The row's prose says the rest. */
void because_asked(struct decide *d)
{
    because(d, d->event->kind == ROLLOUT_CANCEL ? "an operator cancelled it" : "an operator asked for the way back",
            "");
    d->detail[0] = '\0';
}

void because_down(struct decide *d)
{
    because(d, "an operator stopped it",
            d->rollout->direction == DIRECTION_DOWN
                ? "`greylag release retry` goes on; `greylag up` applies again what was undone"
                : "`greylag release retry` goes on; what was recorded stays so");
}

static void because_step(struct decide *d, int leg, const char *what, const char *what_to_do)
{
    struct rollout *rollout = d->rollout;
    char text[STEP_TEXT_SIZE], why[WHY_SIZE], said[WHY_SIZE / 2], left[WHY_SIZE / 4];
    for (size_t i = 0; i < rollout->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[i];
        if (step->leg != leg || step->state != STEP_FAILED)
            continue;
        const struct outcome *outcome = &step->outcome;
        const char *message = outcome->kind == OUTCOME_DRIFT && *outcome->detail ? outcome->detail : outcome->message;
        text_format(said, sizeof said, "%s", message);
        text_format(left, sizeof left, "%s", outcome->left);
        text_format(why, sizeof why, "%s%s %s%s%s: %s%s%s", what, step_text(rollout, step, text),
                    outcome->kind == OUTCOME_DRIFT ? "differs from what is applied" : "failed",
                    *outcome->sqlstate ? " with " : "", outcome->sqlstate, said, *left ? "; left: " : "", left);
        d->step = step->ordinal;
        because(d, why, what_to_do);
        return;
    }
}

/* A retry runs the text that was accepted. What undoes by itself, on an order: `down` without the options of that order
 * would undo something else, which may be more. */
#define RETRY_OR "remove the cause, then `greylag release retry`; when the undo itself has to be mended, mend it, then "
#define RETRY_OR_DOWN RETRY_OR "`greylag down`"
#define RETRY_OR_THE_SAME RETRY_OR "the same `greylag down` with its options again"

/* What is to be undone is not in effect there, or another's: a retry would say so again. */
#define PLAN_FROM_WHAT_IS "`greylag up` applies what is missing there now"
#define UNDO_WHAT_IS_LEFT "the same `greylag down` with its options again undoes what is left; " PLAN_FROM_WHAT_IS

static bool differs(const struct rollout *rollout, int leg)
{
    for (size_t i = 0; i < rollout->step_count; i++)
        if (rollout->steps[i].leg == leg && rollout->steps[i].state == STEP_FAILED)
            return rollout->steps[i].outcome.kind == OUTCOME_DRIFT;
    return false;
}

void because_failed(struct decide *d)
{
    if (d->rollout->direction == DIRECTION_DOWN && differs(d->rollout, 0))
        because_step(d, 0, "the undo of ", UNDO_WHAT_IS_LEFT);
    else if (d->rollout->direction == DIRECTION_DOWN)
        because_step(d, 0, "the undo of ", RETRY_OR_THE_SAME);
    else if (only_stops(d))
        because_step(d, 0, "recording ", "give the command again: it plans from what is there now; what was recorded "
                                         "stays so");
    else if (failed_and_halts(d))
        because_step(d, 0, "", "when the cause is removed `greylag release retry` goes on, `greylag up` with a mended "
                               "file; `greylag release rollback` undoes it");
    else
        because_step(d, 0, "", "");
}

void because_undo_failed(struct decide *d)
{
    because_step(d, 1, "the undo of ",
                 differs(d->rollout, 1) ? "`greylag down` undoes what is left; " PLAN_FROM_WHAT_IS : RETRY_OR_DOWN);
}

void because_undone(struct decide *d)
{
    because(d, "a target has undone steps of this release already: its rollback goes on", "");
}

/* A release that undoes has no way back: what its target lost, the next up applies. */
static const char *take_what_it_holds(const struct rollout *rollout)
{
    switch (rollout->direction) {
    case DIRECTION_UP:
        return "`greylag release retry` takes what it holds now for the truth; where it lost migrations of earlier "
               "releases, too, `greylag release rollback`, then `greylag up`";
    case DIRECTION_DOWN:
        return "`greylag release retry` takes what it holds now for the truth; where that halts again, `greylag up` "
               "applies what is missing there";
    default: return "`greylag release retry` takes what it holds now for the truth";
    }
}

void because_refused(struct decide *d)
{
    const struct report *report = d->event->report;
    char why[WHY_SIZE];
    bool beyond = fence_jumps(&report->in_force, d->rollout->epoch, d->target->sequence);
    bool lost = !beyond && report->kind == REPORT_REFUSED && report->refusal == REFUSAL_REWOUND;
    if (!beyond)
        text_format(why, sizeof why, "%s refused (%s): %s", d->target->name, refusal_text(report->refusal),
                    *report_message(d) ? report_message(d) : refusal_prose(report->refusal));
    else
        text_format(why, sizeof why, "%s says that %lld/%lld is in force, ours is %lld/%lld: no leader of this "
                    "control database set that", d->target->name, (long long)report->in_force.epoch,
                    (long long)report->in_force.sequence, (long long)d->rollout->epoch,
                    (long long)d->target->sequence);
    if (lost)
        d->target->rebuild = true;
    text_format(d->target->problem, sizeof d->target->problem, "%s", why);
    because(d, why, lost ? take_what_it_holds(d->rollout) : "remove the cause, then `greylag release retry`");
}

void because_rewound(struct decide *d)
{
    char why[WHY_SIZE];
    text_format(why, sizeof why, "%s went back in time: outcomes that it reported are missing from its history",
                d->target->name);
    d->target->rebuild = true;
    text_format(d->target->problem, sizeof d->target->problem, "%s", "went back in time");
    because(d, why, take_what_it_holds(d->rollout));
}

void because_silent(struct decide *d)
{
    char why[WHY_SIZE];
    text_format(why, sizeof why, "%s has not answered its fence: what it applied is unknown", d->target->name);
    text_format(d->target->problem, sizeof d->target->problem, "%s", "has not answered its fence");
    because(d, why, "when its worker is back: `greylag release retry`");
}

void name_unknown(struct decide *d)
{
    struct rollout *rollout = d->rollout;
    auto_buf struct buf names = BUF_INIT(200);
    struct rollout_target *target;
    for (size_t i = 0; (target = each_target(rollout, i)); i++)
        if (target->state == TARGET_LOST && strstr(rollout->reason, target->name) == NULL)
            buf_addf(&names, "%s%s", names.len ? ", " : "", target->name);
    if (names.len == 0)
        return;
    text_append(rollout->reason, sizeof rollout->reason, ". Also unknown: %s", buf_text(&names));
}
