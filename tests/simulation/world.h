/* A world in which the real engine moves a random fleet while everything else breaks: deterministic from a seed.
 *
 * Real: coordinator/rollout with its inbox and outbox rules, and what it believes that targets hold; the job table of
 * worker/job. Models: two coordinators (lease, epoch, crash between deciding, committing and sending, freezing in the
 * middle of it), the control database (a commit is a copy; it can come back from a backup), the broker (delay, loss,
 * duplicates, reordering, wipe), workers (two for a target at times; crash, freeze inside a transaction, steps that a
 * fence cuts, another version of the protocol, keys that are stolen and revoked) and the target databases (fence,
 * history, what is applied; restore, away, no room to record). Clocks jump until the faults end.
 *
 * One micro-step of one actor at a time, chosen by chance; after each of them the promises are looked at (check.c).
 * A plant takes one rule of docs/protocol.md out, to show that the checks would notice. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "job/job.h"
#include "rollout/belief.h"
#include "rollout/decide.h"
#include "rollout/inbox.h"
#include "rollout/outbox.h"
#include "rollout/rollout.h"

#define TARGETS_MAX 6
#define STEPS_MAX 14
#define WORKERS_MAX (2 * TARGETS_MAX)
#define COORDINATORS 2
#define HISTORY_MAX 200
#define FOREVER INT64_MAX

/* What is taken out, and the story that then comes true. */
#define PLANTS(X)                                                                                                      \
    X(NONE, "none", "")                                                                                                \
    X(NO_FENCE_INSIDE, "no-fence-inside", "a frozen worker wakes up, and what was rolled back is back")                \
    X(NO_CONFLICT, "no-conflict", "a restored control database reaches the same numbers with other contents")          \
    X(LOWER_TOKENS, "lower-tokens", "yesterday's message lowers the fence")                                            \
    X(NO_JUMP, "no-jump", "a stolen key signs a huge epoch, and the target is deaf for ever")                          \
    X(NO_REWOUND, "no-rewound", "a target database goes back in time and nobody notices")                              \
    X(NO_TERMINATE, "no-terminate", "a frozen worker keeps its lock for ever")                                         \
    X(NO_TRACE, "no-trace", "a failed step leaves no trace; redelivered, it succeeds")                                 \
    X(EXPIRY_FIRST, "expiry-first", "an expired job with committed steps is refused instead of answered")              \
    X(TRUST_BROKER, "trust-broker", "the broker acknowledges an event and is wiped before it is read")                 \
    X(BLIND_OFFSET, "blind-offset", "after a wipe a remembered offset skips what stands before it")                    \
    X(UNVERIFIED, "unverified", "a flipped byte rolls a fleet back")                                                   \
    X(COMMIT_WITHOUT_LEASE, "commit-without-lease", "a leader that wakes up commits a decision")                       \
    X(NO_TERMINATE_LEADER, "no-terminate-leader", "a leader frozen inside its transaction blocks the takeover")        \
    X(SILENCE, "silence", "no answer is taken for not applied: the rollback ends, then the step applies")              \
    X(REPEATABLE_GONE, "repeatable-gone", "the undo of a repeatable migration takes it off the record, and its "       \
                                          "earlier text is lost")                                                      \
    X(REPEATABLE_BLIND, "repeatable-blind", "a repeatable migration overwrites what another release has put there")    \
    X(CALLBACK_UNDONE, "callback-undone", "the engine wants to take back what a callback did, and nobody can")         \
    X(OLD_INVENTORY, "old-inventory", "an inventory from before, read or sent once more, is believed")                 \
    X(OPEN_QUESTION, "open-question", "an inventory from before a job is believed after its outcomes: the question "   \
                                      "stayed open")                                                                   \
    X(READ_EARLY, "read-early", "a fence is answered with what was recorded when it came: a cancel came too late")     \
    X(IMPATIENT, "impatient", "a change of leaders cuts the steps that run")                                           \
    X(UNHEARD, "unheard", "a fence is not said again to a worker that begins, and its target is given up")             \
    X(REVOKED_KEY, "revoked-key", "what a stolen key signs is believed after it was revoked")                          \
    X(CLOCK_BACK, "clock-back", "a leader's deadlines follow a clock that goes back: nothing is said again")           \
    X(EARLY_EVENT, "early-event", "an outcome is published before it is committed")                                    \
    X(TABLE_SUCCEEDS, "table-succeeds", "the decision table: succeeded without looking at all steps")                  \
    X(TABLE_REFUSAL, "table-refusal", "the decision table: a refusal is taken for an answer")                          \
    X(TABLE_LIMIT, "table-limit", "the decision table: a fence that reached its limit counts as answered") \
    X(TABLE_BLOCKED, "table-blocked", "the decision table: a target that cannot record counts as finished")            \
    X(TABLE_CONTENT, "table-content", "the decision table: what a worker never accepts is sent again for ever")        \
    X(TABLE_VERSION, "table-version", "the decision table: a worker that cannot read an order has answered it")
enum plant {
#define X(name, ...) PLANT_##name,
    PLANTS(X)
#undef X
        PLANT_COUNT
};

struct token {
    int64_t epoch, sequence;
    uint64_t term, digest;
};

/* A request: attempt n of a step. */
struct request {
    int ordinal, attempt;
};

struct row { /* of a target's history */
    struct request request;
    enum outcome_kind kind;
    enum direction direction;
    int migration; /* plan step */
    struct request other; /* ALREADY: none here; DOWN: what was undone */
    int64_t position, sequence;
    bool acknowledged;
};

enum message_kind {
    MESSAGE_IS_JOB,
    MESSAGE_IS_FENCE,
    MESSAGE_IS_ACKNOWLEDGE,
    MESSAGE_IS_QUESTION, /* what do you hold? */
    MESSAGE_IS_REPORT
};
struct message {
    enum message_kind kind;
    int target;
    uint64_t id;
    int64_t arrived;
    int key; /* REPORT: which of its target's keys has signed it */
    bool patient; /* FENCE */
    struct token token;
    int64_t expects, not_after;
    int count; /* requests of a job, positions of an acknowledgement, rows of a report */
    struct request *requests, *undoes;
    int64_t *positions;
    struct row *rows;
    enum report_kind report;
    enum refusal refusal;
    struct token in_force;
    uint64_t contents; /* INVENTORY: of what is applied */
    bool corrupt;  /* fails verification */
    bool read;     /* a leader committed having read it */
};

struct log {
    struct message **items;
    int64_t count;
    size_t room;
};
struct flight {
    struct message *message;
    struct log *log;
    int64_t arrives;
};
struct broker {
    struct log jobs[TARGETS_MAX], control, events;
    struct flight *flights;
    size_t flight_count, flight_room;
    int generation; /* rises when it is wiped */
};

/* The text of a migration that is in effect: a repeatable one has an earlier text, a new one, and maybe that of a
 * release that the plan does not know. */
enum text { TEXT_NONE, TEXT_EARLIER, TEXT_OTHER, TEXT_NEW };

struct contents { /* of a target database: what a backup holds */
    struct token fence;
    int timeline; /* as recorded with the fence */
    struct row history[HISTORY_MAX];
    int history_count;
    struct request applied[STEPS_MAX]; /* by migration; attempt 0: not applied; ordinal -1: by an older release; of a
                                        * callback: when it ran last */
    enum text texts[STEPS_MAX];
};
struct database {
    struct contents now, backup;
    bool has_backup;
    int timeline;   /* of the server: a restore makes a new one */
    int lock;       /* worker that holds the target's lock, -1 */
    int64_t away_until; /* unreachable, or without room to record */
    int64_t clock;  /* ahead of the world's */
    bool unnoticed; /* restored, and no job or fence has looked at it since */
    int64_t positions; /* never goes back: keeps ids of rows unique */
    int tries[2][STEPS_MAX];
};

enum run { RUN_BEGINS, RUN_ENDS, RUN_RECORDED }; /* of a step */
struct worker {
    int target;
    bool up;
    int instance;       /* which start of it */
    int key;
    int64_t began, away_until; /* frozen, or down when not up */
    int64_t old_until;  /* it speaks another version of the protocol */
    int64_t beat, resend_at;
    bool session_dead;
    struct message *job;
    enum job_state state;
    enum job_action action;
    enum refusal refusal; /* of the fence */
    enum run run;
    struct row result;  /* of the transaction under way */
    int64_t ends_at;    /* this is */
    int64_t again_at;   /* what is blocked is tried again */
    struct token in_force;
    const struct message *fence; /* ordered, and not answered yet */
    int64_t cancel_at;
    int read_early;
    int64_t jobs_at, jobs_committed, control_at;
    int generation;
};

struct outbox_entry {
    struct message *message;
    struct outbox_row row;
    bool sent;
};
struct control_database {
    struct rollout rollout;
    bool has_rollout;
    int64_t lease_epoch, lease_expires;
    uint64_t lease_term;
    int lease_holder;
    struct outbox_entry *outbox;
    size_t outbox_count, outbox_room, outbox_done; /* everything before is sent or dropped */
    struct inbox_position position;
    int keys[TARGETS_MAX]; /* which key of each target is enrolled */
    bool restored; /* its identity differs from the one that the lease row remembers */
    enum rollout_event_kind asked; /* by the operator; ROLLOUT_EVENT_COUNT: nothing */
};

enum coordinator_stage {
    COORDINATOR_FOLLOWS,
    COORDINATOR_READY,
    COORDINATOR_DECIDED,
    COORDINATOR_COMMITS,
    COORDINATOR_SENDS
};
struct coordinator {
    bool up;
    int64_t away_until;
    enum coordinator_stage stage;
    bool in_transaction, session_dead;
    int64_t epoch, renewed;
    uint64_t term;
    char term_text[24];
    struct rollout rollout; /* working copy */
    bool has_rollout;
    struct rollout_effects effects;
    int64_t at; /* position in the events' log */
    int generation;
    int64_t read_from, read_to; /* of the batch that was decided */
    bool answered;   /* the operator's request is part of the batch */
    int64_t higher_epoch;
    size_t sending;
    int64_t clock; /* ahead of the world's: each machine's begins somewhere */
    int heard_of[WORKERS_MAX]; /* the last instance of each worker whose heartbeat came in this term */
    struct belief beliefs[TARGETS_MAX];
    bool heard[TARGETS_MAX];    /* in this batch: an inventory, which says */
    uint64_t held[TARGETS_MAX]; /* this */
};

struct world {
    uint64_t seed, random, trace;
    bool verbose;
    enum plant plant;
    struct arena arena;
    int64_t now, faults_end, steps, window_end, ended_at;
    struct fleet fleet;
    struct plan plan;
    struct rollout_settings settings;
    struct decision_row *table; /* the planted one */
    int targets, migrations, workers;
    struct request initial[TARGETS_MAX][STEPS_MAX];
    enum text initial_texts[TARGETS_MAX][STEPS_MAX];
    int fails[STEPS_MAX];      /* how many tries of an up fail; -1: for ever */
    int undo_fails[STEPS_MAX];
    bool damaged[STEPS_MAX]; /* its text never has the checksum that the plan states */
    int64_t clock; /* the control database's, ahead of the world's */
    int64_t wall;  /* that of the coordinators' machines, which no deadline follows */
    struct broker broker;
    struct database databases[TARGETS_MAX];
    struct worker worker[WORKERS_MAX];
    struct coordinator coordinator[COORDINATORS];
    struct control_database control, control_backup;
    bool has_control_backup, target_restored, forged, storm;
    int retries;
    uint64_t ids, terms;
    unsigned restores, wipes;
    char broken[600]; /* the promise that was broken */
};

/* Chance. */
uint64_t chance_next(struct world *w);
int chance_below(struct world *w, int n);      /* 0..n-1 */
bool chance_percent(struct world *w, int percent);
bool chance_rare(struct world *w, int one_in); /* only while faults are on */

void trace(struct world *w, const char *what, int64_t a, int64_t b, int64_t c);
void broken(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* world.c */
void world_init(struct world *w, uint64_t seed, enum plant plant, bool verbose);
bool world_run(struct world *w); /* false: w->broken says what */
void world_release(struct world *w);
bool world_faults(const struct world *w);

/* fleet.c */
enum migration_kind kind_of(const struct world *w, int migration);
void fleet_make(struct world *w);
void plant_table(struct world *w);

/* broker.c */
void broker_send(struct world *w, struct log *log, const struct message *message);
void broker_deliver(struct world *w);
void broker_wipe(struct world *w);
struct message *message_copy(struct world *w, const struct message *message);

/* database.c */
enum token_order { TOKEN_LOWER, TOKEN_SAME, TOKEN_CONFLICT, TOKEN_HIGHER };
enum token_order token_compare(const struct token *token, const struct token *in_force);
struct row *database_find(struct database *db, struct request request);
bool database_refuses(struct world *w, int target, const struct message *message, enum refusal *ret_refusal);
void database_raise(struct world *w, int target, const struct message *message);
void database_commit(struct world *w, int target, const struct token *job, struct row *row);
void database_restore(struct world *w, int target);
void database_stop(struct world *w, int target);

/* worker.c, coordinator.c */
void worker_step(struct world *w, int number);
void worker_crash(struct world *w, int number);
void coordinator_step(struct world *w, int number);
void coordinator_crash(struct world *w, int number);
void control_restore(struct world *w);
void control_copy(struct control_database *to, const struct control_database *from);
void control_release(struct control_database *control);

/* inventory.c */
uint64_t inventory_of(const struct world *w, int target);
void inventory_begin(struct coordinator *c);
void inventory_ask(struct world *w, struct coordinator *c);
void inventory_close(struct world *w, struct coordinator *c, int target); /* a job or fence goes out */
void inventory_take(struct world *w, struct coordinator *c, const struct message *message);
void inventory_check(struct world *w, struct coordinator *c);

/* check.c */
void check_effect(struct world *w, int target, const struct token *job, const struct row *row);
void check_report(struct world *w, const struct message *job, const struct message *report);
void check_cut(struct world *w, int target, struct request request); /* a fence cuts it off */
void check_given_up(struct world *w, const struct coordinator *c, int target);
void check_commit(struct world *w, const struct rollout *rollout);
void check_end(struct world *w);
