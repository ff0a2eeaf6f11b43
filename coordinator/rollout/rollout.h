/* The rollout engine: everything that decides. PURE: no I/O, no clock, no log, no environment, no chance.
 *
 * A `struct rollout` is the state of one release. The shell loads it from the control database (store), gives it
 * events one by one, lets it advance, and carries the effects out: in ONE transaction it stores the events' inbox
 * rows, everything marked `changed`, the new jobs and fences with their outbox rows, the decisions and the offset.
 * When that transaction fails the shell throws the state away and loads it again: nothing is kept in memory alone.
 *
 * Decisions are rows of one declared table (decisions.def): position, release state, event, guard, next state, effects,
 * why. The first row that matches wins; the last catches the rest. Each decision taken is handed out with its row's
 * name, so that `release show` can quote why.
 *
 * What always holds (checked by rollout_check, after every step of the simulation):
 *  P1  a step is SENT only when every step that it needs is APPLIED or ALREADY, or precedes it in the same job;
 *  P2  a request has at most one accepted outcome; at most one unresolved job for each target;
 *  P3  a release that is not terminal has something under way or a timer armed;
 *  P5  an undo is sent only for a step that this release applied, and only while every target that depends on it
 *      (and its own) has answered its fence; silence is never counted as "not applied".
 *
 * Ownership: a rollout owns its arrays (rollout_release); strings are borrowed from the arena or plan it was made
 * with, which must live longer. Times are milliseconds of whatever clock the caller uses, only compared. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "plan/plan.h"
#include "proto/message.h"
#include "proto/vocab.h"

struct rollout_settings {
    int64_t resend_after_ms;   /* no sign of life of an unresolved job's worker for so long: send it again */
    int64_t fence_again_ms;    /* repeat an unanswered fence; then after twice as long, up to 16 times that */
    int64_t fence_limit_ms;    /* give up waiting for a fence: the release halts with what is unknown; 0: never */
    size_t job_bytes;          /* SQL in one job, unless a single step is larger */
    size_t job_steps;          /* steps in one job */
    size_t turn_bytes, turn_steps; /* SQL and steps of all jobs of one turn, unless it is a single job; 0: no limit */
    const struct decision_row *table; /* NULL: the one of decisions.def. Another one only in tests (decide.h) */
    size_t table_count;
    unsigned *fired;           /* NULL, or a counter for each row of the table: for tests that want every row fired */
};
#define ROLLOUT_SETTINGS_DEFAULT                                                                                       \
    {.resend_after_ms = 15000, .fence_again_ms = 2000, .fence_limit_ms = 120000, .job_bytes = JOB_TEXTS_MAX,           \
     .job_steps = 1000}

#define REQUEST_ID_SIZE 72

/* A step of the release: of the plan (leg 0), or an undo that a rollback added (leg 1). Keyed in the control database
 * by (release, ordinal). Its request id is "<release>.<ordinal>.<try>": a retry by an operator is a new request,
 * a resend is not.
 * Ordinals are fixed by the plan of n steps: step i of the plan is ordinal i; its undo is ordinal 2n-1-i, so that undos
 * stand in reverse order. Undos exist only after rollout_extend, and then all n of them (SKIPPED where there is nothing
 * to undo): a control database that came back from a backup gives the same undo the same request id again. */
struct rollout_step {
    int ordinal;          /* index in rollout->steps */
    int leg;
    int target;           /* index into rollout->targets */
    int plan_step;        /* index into plan->steps: migration, policy, sizes (an undo points at the step it undoes) */
    enum direction direction;
    enum step_state state;
    int attempt;          /* which try, from 1 */
    int undoes;           /* leg 1: ordinal of the step it undoes; -1 */
    const char *undoes_request; /* DOWN: the request in effect that is undone; "" */
    const char *request_in_effect; /* ALREADY: through which request; else "" */
    bool has_outcome;
    struct outcome outcome; /* the accepted one (strings in the rollout's arena) */
    bool changed;         /* since the last rollout_effects_clear: to be stored */
};

struct rollout_target {
    const char *service, *name;
    enum target_state state;
    int64_t sequence;     /* last one issued for this target, job or fence, over all releases */
    int64_t recorded;     /* last one that a verified report showed recorded on the target: `expects` */
#define ROLLOUT_EXPECTS_ANYTHING (-1) /* in a fence: take what is there, also after a restore (an operator's retry) */
    int first, count;     /* steps of the unresolved job: `order[first..first+count)` of this target's own order */
    int64_t alive_ms;     /* last sign of life for the unresolved job, or when it was sent */
    int silent;           /* how often that job, or the fence below, was sent again since a sign of life, or an answer.
                           * Of this leader: not stored */
    int64_t fence_sent_ms, fence_since_ms;
    bool patient;         /* FENCING: the step that runs may end first. Of this leader: not stored */
    bool rebuild;         /* an operator's retry after the database went back in time: the next answer to a fence
                           * replaces what is believed of this target */
    char problem[512];    /* for people: "blocked: disk full", why it is LOST; else "" */
    char left[512];       /* for people: what a step that the last fence cut off has left, of a release that goes back;
                           * else "" */
    bool changed;
};

/* Where a release is going: what a halted one goes on with, and how FENCING ends. */
#define ROLLOUT_AIMS(X)                                                                                                \
    X(COMPLETE,  "complete",  "every step of the plan is to take effect")                                              \
    X(ROLL_BACK, "roll back", "what it applied is to be undone")                                                       \
    X(CANCEL,    "cancel",    "as roll back, but ends as cancelled when nothing had taken effect")
enum rollout_aim {
#define X(name, ...) ROLLOUT_AIM_##name,
    ROLLOUT_AIMS(X)
#undef X
        ROLLOUT_AIM_COUNT
};
const char *rollout_aim_text(enum rollout_aim aim);
bool rollout_aim_parse(const char *text, enum rollout_aim *ret_aim);

struct rollout {
    const char *release;  /* id */
    const struct plan *plan;
    struct rollout_settings settings;
    enum release_state state;
    enum direction direction;
    enum rollout_aim aim;
    bool stopping;        /* FENCING ends as HALTED */
    int64_t epoch;        /* of the leader that handles it now: the shell sets both before it decides anything */
    const char *term;
    struct rollout_step *steps; /* never moves: there is room for the undos from the beginning */
    size_t step_count;
    struct rollout_target *targets; /* same indexes as plan->targets */
    size_t target_count;
    char reason[2048];    /* FENCING, ROLLING_BACK, HALTED, CANCELLED, ROLLED_BACK: why and what can be done; else "" */
    const char *decided_by; /* name of the row that set the present state */
    bool changed;
    struct arena arena;   /* strings of outcomes */
    void *index;          /* engine's own: lookups by request and by target; rebuilt by rollout_index */
};

/* What the engine is told. */
#define ROLLOUT_EVENTS(X)                                                                                              \
    X(ACCEPTED,  "accepted",  "the release was accepted: begin")                                                       \
    X(REPORT,    "report",    "a verified report of an enrolled key for this target")                                  \
    X(ALIVE,     "alive",     "a verified heartbeat that names the unresolved job of this target")                     \
    X(BACK,      "back",      "the first verified heartbeat of a worker of this target: it heard nothing of what was " \
                              "said before")                                                                           \
    X(TIME,      "time",      "nothing happened but time")                                                             \
    X(TAKEOVER,  "takeover",  "this process has become leader with a higher epoch: fence what is unresolved")          \
    X(ROLLBACK,  "rollback",  "an operator asks for the way back")                                                     \
    X(RETRY,     "retry",     "an operator asks a halted release to go on from where it stands")                       \
    X(CANCEL,    "cancel",    "an operator asks to stop before going on; what took effect is undone")                  \
    X(ADVANCE,   "advance",   "after a batch of events: what follows from the state (rollout_advance gives it, "       \
                              "nobody else)")
enum rollout_event_kind {
#define X(name, ...) ROLLOUT_##name,
    ROLLOUT_EVENTS(X)
#undef X
        ROLLOUT_EVENT_COUNT
};
struct rollout_event {
    enum rollout_event_kind kind;
    int target;                  /* REPORT, ALIVE, BACK: index; else -1 */
    const struct report *report; /* REPORT */
    int64_t sequence;            /* ALIVE: the job that is worked on */
    bool every;                  /* TAKEOVER: fence every target, also those without an unresolved job: the control
                                  * database went back in time. A halted release is told too: its targets count as
                                  * unknown until an order fences them */
};

/* What the shell has to carry out. */
struct rollout_send_job {
    int target;
    int64_t sequence;
    const int *steps; /* ordinals, in order */
    size_t step_count;
    bool resend;
};
struct rollout_send_fence {
    int target;
    int64_t sequence;
    bool patient; /* a step that runs is not cut: the worker raises it when that has ended */
};
struct rollout_decision {
    int position;          /* of the row in the table, from 1 */
    const char *row;       /* its name */
    const char *why;       /* its prose */
    int step;              /* the step it was about, -1 */
    int target;            /* -1 */
    enum release_state state_before, state_after;
    char detail[512];      /* what made it fire: "deals V4 failed: 23505 ..." */
};
/* What became of the outcomes of one report. Every outcome that is accepted, known already, or can never matter to a
 * release that is still open ("unmatched": kept in the inbox as evidence) is acknowledged after the commit. */
struct rollout_acknowledge {
    int target;
    const int64_t *positions; /* history positions, as the report gave them */
    size_t position_count;
};
struct rollout_effects {
    struct arena arena;
    struct rollout_acknowledge *acknowledges;
    size_t acknowledge_count, acknowledge_room;
    struct rollout_send_job *jobs;
    size_t job_count, job_room;
    struct rollout_send_fence *fences; /* new ones, to be stored; the same sequence again is a repeat */
    size_t fence_count, fence_room;
    struct rollout_decision *decisions;
    size_t decision_count, decision_room;
    size_t bytes, steps;   /* of the jobs so far; the shell may begin with what is still on its way to the bus */
    bool full;             /* a job has been held back, or may have to be: it goes out in a later turn */
    int64_t wake_ms;       /* when to call with ROLLOUT_TIME at the latest; 0: nothing armed; set by rollout_advance */
    int64_t higher_epoch;  /* not 0: a target's fence is in another leader's hands, in this epoch. This process is
                            * deposed, or its control database went back in time: after the commit the shell takes
                            * this epoch plus one (unless another leads by then), and gives TAKEOVER with `every`. */
};

/* Makes the state of a release that was just accepted. Each target's `sequence` and `recorded` must then be set by
 * the caller from the control database. */
void rollout_init(struct rollout *rollout, const char *release, const struct plan *plan,
                  const struct rollout_settings *settings, int64_t epoch, const char *term);
/* For what the control database holds of a target: numbers that no leader gave (a row that was written by hand, or
 * before jumps were refused) are set right. A new epoch may begin again with lower ones. */
void rollout_numbers(int64_t *sequence, int64_t *recorded);
/* The ordinal of the undo of a step of the plan, whether the undo is there yet or not. */
static inline int rollout_undo_ordinal(const struct plan *plan, int plan_step)
{
    return 2 * (int)plan->step_count - 1 - plan_step;
}
/* Adds the undos (leg 1), all UNKNOWN, unless they are there. For the engine, and for loading: a release that has a
 * stored step with an ordinal >= plan->step_count is extended first, then its steps are filled in. */
void rollout_extend(struct rollout *rollout);
/* After loading: rebuilds the engine's own lookups from steps and targets. */
void rollout_index(struct rollout *rollout);
void rollout_copy(struct rollout *ret_copy, const struct rollout *rollout); /* new; for the simulation's "database" */
void rollout_release(struct rollout *rollout);

void rollout_effects_init(struct rollout_effects *effects);
void rollout_effects_clear(struct rollout *rollout, struct rollout_effects *effects); /* also every `changed` */
void rollout_effects_release(struct rollout_effects *effects);

/* One event. Effects are appended. A report's and its outcomes' strings are copied where they are kept. */
void rollout_decide(struct rollout *rollout, const struct rollout_event *event, int64_t now_ms,
                    struct rollout_effects *effects);
/* After a batch of events: sends what has become possible, decides that the release has ended. Idempotent. */
void rollout_advance(struct rollout *rollout, int64_t now_ms, struct rollout_effects *effects);

/* The step a request id belongs to, or NULL. */
struct rollout_step *rollout_step_by_request(const struct rollout *rollout, const char *request);
void rollout_request_id(const struct rollout *rollout, const struct rollout_step *step, char id[REQUEST_ID_SIZE]);
int rollout_target_index(const struct rollout *rollout, const char *service, const char *target); /* -1: not in this
                                                                                                  * release */

/* The decision table, printed: one line for each row (the golden file of the tests), and as a Mermaid state diagram. */
void rollout_print_table(struct buf *out);
void rollout_print_mermaid(struct buf *out);
void rollout_print_markdown(struct buf *out); /* both as one page, with the events */

/* The invariants above, to be asked after rollout_advance. False with the broken one in err (ERR_INTERNAL). */
bool rollout_check(const struct rollout *rollout, struct err *err);
