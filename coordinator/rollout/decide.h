/* How the decision table is declared and walked: the rollout room's own header (and the simulation's, which hands the
 * engine a table with a bug planted in it). Users of the engine include rollout/rollout.h alone.
 *
 * A row fires when the release is in one of its states, the event is its event, and its guard holds. First match wins.
 * Its effects run in order, then the release goes to `next`. Guards only look; effects change the state and append to
 * the effects that the shell carries out. */
#pragma once
#include "rollout/rollout.h"

struct decide {
    struct rollout *rollout;
    const struct rollout_event *event;
    struct rollout_target *target; /* the event's, NULL */
    int64_t now;
    struct rollout_effects *effects;
    bool current;  /* REPORT: it answers the job or fence that is under way at its target */
    bool misses;   /* REPORT: the answer to a fence lacks an outcome that was reported before */
    int step;      /* for the decision: the step that it is about, -1 */
    char detail[512];
};

typedef bool (*decide_guard)(const struct decide *d);
typedef void (*decide_effect)(struct decide *d);

#define DECIDE_EFFECTS 6
#define DECIDE_STAY (-1)
struct decision_row {
    const char *name;
    unsigned states;                 /* bits: 1 << enum release_state */
    enum rollout_event_kind event;   /* ROLLOUT_EVENT_COUNT: any */
    decide_guard guard;
    int next;                        /* enum release_state, or DECIDE_STAY */
    decide_effect effects[DECIDE_EFFECTS + 1];
    bool told;                       /* handed out as a decision; a row that only says "nothing to do" is not */
    const char *why;
    const char *guard_text, *effects_text; /* as declared, for the printed table */
};

const struct decision_row *decision_table(size_t *ret_count); /* borrowed, static */

/* One decision for this event: walks the table once. The row that fired. */
const struct decision_row *decide_walk(struct decide *d);

/* Guards (guards.c). */
#define DECIDE_GUARDS(G)                                                                                               \
    G(always) G(goes_up) G(only_stops) G(aims_at_completion) G(aims_back) G(stops_going_forward)                       \
    G(knows_higher_epoch) G(fence_is_beyond) G(refused_conflict) G(not_current) G(fence_misses_outcomes)               \
    G(fence_answered) G(fence_answered_late) G(fence_refused_stale) G(job_refused_stale) G(refused_for_now)            \
    G(refused_content) G(refused_for_good) G(job_left_undone) G(job_finished) G(job_blocked) G(job_reported)           \
    G(working_on_it) G(working_to_its_end) G(fence_unanswered)                                                         \
    G(fence_overdue) G(fence_due) G(job_silent) G(undone_already) G(failed_and_rolls_back) G(failed_and_halts)         \
    G(undo_failed) G(all_took_effect) G(can_send) G(can_send_undo) G(stopped) G(nothing_took_effect)                   \
    G(all_undone) G(way_back_ends) G(asks_everybody)
#define G(name) bool name(const struct decide *d);
DECIDE_GUARDS(G)
#undef G

/* Effects (effects.c, schedule.c, rollback.c). */
#define DECIDE_ALL_EFFECTS(E)                                                                                          \
    E(aim_back) E(aim_cancel) E(stop) E(go_on) E(fence_busy) E(fence_lost) E(fence_for_takeover) E(plan_undos)         \
    E(learn_epoch) E(settle_target) E(rebuild_target) E(settle_job) E(note_alive) E(note_blocked) E(note_refused)      \
    E(overtake) E(resend_job) E(raise_fence) E(repeat_fence) E(repeat_at_once) E(lose_target) E(new_attempts)          \
    E(send_jobs)                                                                                                       \
    E(send_undos) E(skip_rest) E(because_asked) E(because_down) E(because_failed) E(because_undone)                    \
    E(because_undo_failed) E(because_refused) E(because_rewound) E(because_silent) E(because_irreversible)             \
    E(name_unknown) E(forget_targets) E(wait_on)
#define E(name) void name(struct decide *d);
DECIDE_ALL_EFFECTS(E)
#undef E
