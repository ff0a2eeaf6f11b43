/* One term of leadership: from a lease that was won to the moment it is lost, released, or something failed.
 *
 * The shell around the engine (rollout/rollout.h): a turn reads what is at hand, gives it to the engine, commits all
 * that was concluded in one transaction, and only then sends. When a commit fails everything in memory is thrown away;
 * the next term loads it again and fences what is open.
 *
 * Room-internal: each part says which file has it. Threads: the leader's own. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"
#include "bus/bus.h"
#include "bus/keeper.h"
#include "crypto/key.h"
#include "daemon/claims.h"
#include "daemon/settings.h"
#include "daemon/troubles.h"
#include "intake/intake.h"
#include "relay/relay.h"
#include "rollout/belief.h"
#include "rollout/inbox.h"
#include "store/store.h"

/* What a target was asked last: the same bytes again, so that it stays the same question, until they are about to
 * expire. belief.question names them while it is open. */
struct leader_question {
    char *payload;
    size_t len;
    int64_t foreign_us;              /* which ask for other tools' records it carries out; 0: none */
    int64_t made_ms, sent_ms;
    struct pause again;              /* until it is asked once more */
};

/* What is remembered of a target between turns. Each is an allocation of its own: its address holds for the whole
 * term, however many come after it. */
struct leader_target {
    char *service, *name;
    struct belief belief;            /* what it holds, as the control database has it */
    struct leader_question question;
    int64_t seen_ms;                 /* when its worker was heard of last, which does not leave; 0: not in this term */
    int64_t stored_ms;               /* when its heartbeat was stored last */
    char stored[200];                /* what was stored then: worker, problem, contents, working */
    bool pending;                    /* a heartbeat waits for the next commit */
    char worker[128], host[256], version[64], contents[DIGEST_TEXT_SIZE], problem[1024];
    bool leaving;
    int64_t beat;                    /* of the heartbeat that said so */
    int64_t untrusted;               /* messages that its worker could not verify, one after the other */
    int64_t working;                 /* sequence of the job that its worker has; 0: none */
    int64_t issued;                  /* the highest sequence that the control database knows of */
    int64_t outside_ms;              /* when it is fenced outside a release again; 0: it was not yet in this term */
    struct pause outside_again;      /* after that */
    int64_t fence_sent;              /* sequence of the fence below: repeats are the very same bytes */
    char *fence_payload;
    size_t fence_len;
    int64_t *heard;                  /* positions of outcomes that are committed by the end of this turn, to
                                      * acknowledge */
    size_t heard_count, heard_room;
};

/* How far a partition of `events` was read in this turn. */
struct leader_position {
    char topic[TOPIC_NAME_SIZE];
    int32_t partition;
    int64_t next;
    char digest[DIGEST_HEX_SIZE];
    bool moved;
    struct inbox_position kept; /* what was read last by an earlier term, and has to be there still; -1: not asked */
};

/* Where messages came from that no enrolled key signed. */
struct leader_stranger {
    char topic[TOPIC_NAME_SIZE], key[200], why[200];
    int64_t messages; /* since it was stored last */
};

struct leader {
    const struct settings *settings;
    const struct bus_settings *bus;
    struct bus_keeper *keeper;
    const struct key_secret *key;
    struct store *store;
    struct store_lease lease;
    struct rollout_settings rollout_settings;
    int wake_fd;
    _Atomic bool *leading;
    _Atomic uint64_t *counters; /* enum leader_counter */
    struct troubles *troubles;
    struct claims *claims;

    struct relay *relay;
    struct bus_consumer *reader;
    struct intake *intake;
    char events_topic[TOPIC_NAME_SIZE], control_topic[TOPIC_NAME_SIZE], presence_topic[TOPIC_NAME_SIZE];
    char source[160];

    struct store_release *release; /* the open one, or the newest when it halted; NULL */
    struct rollout_effects effects;

    struct leader_target **targets;
    size_t target_count, target_room, target_hint;
    size_t ask_next;               /* all before it were asked what they hold in this term */
    struct leader_position **positions;
    size_t position_count, position_room;
    char **job_topics;             /* that the keeper knows of */
    size_t job_topic_count, job_topic_room;
    uint64_t topics_seen;          /* bus_keeper_changes, when the reader was given its partitions */
    int events_partitions, presence_partitions; /* that it has; 0: none yet */
    struct log_repeat bus_said, claim_said, left_out_said;

    int64_t renew_ms, orders_ms;
    size_t turn_bytes;             /* of jobs in one turn, as the control database takes them */
    int64_t least_ms;              /* that a commit with messages took in this term; 0: none yet */
    int64_t breath_ms, until_ms;   /* when the lease was thought of last; when this turn has to take nothing more */
    struct leader_stranger strangers[16]; /* since they were stored last */
    size_t stranger_count;
    int64_t strangers_ms;
    int64_t acknowledge_ms;        /* when what was heard is to be acknowledged; 0: nothing is */
    bool look;                     /* orders, keys or a release may be new */
    bool more;                     /* the last turn stopped reading before nothing was left */
    bool take_over_all;            /* the control database went back in time: every target is asked in this term */
    bool told_all;                 /* and that is committed */
    size_t careful;                /* so many messages are taken one in a turn: the last term ended at what the
                                    * control database does not take */
    size_t taken;                  /* messages of this turn */
    int64_t above;                 /* a higher epoch was seen: end this term and take one above it */

    /* this turn's, emptied after its commit */
    struct arena arena;
    struct store_inbox *inbox;
    size_t inbox_count, inbox_room;
    struct store_inventory *inventories;
    size_t inventory_count, inventory_room;
    struct store_handled *handled;
    size_t handled_count, handled_room;
    struct store_job *jobs;
    size_t job_count, job_room;
    struct store_message *messages;
    size_t message_count, message_room;
    struct store_beat *beats;
    size_t beat_count, beat_room;
    struct leader_refusal { /* a job that cannot be sent at all: told to the engine as a refusal */
        int target;
        int64_t sequence;
        char why[160];
    } *refusals;
    size_t refusal_count, refusal_room;
};

enum leader_counter {
    LEADER_TURNS, LEADER_REPORTS, LEADER_PRESENCES, LEADER_QUARANTINED, LEADER_COMMITS, LEADER_SENT, LEADER_DELIVERED,
    LEADER_SEND_FAILED, LEADER_EPOCH, LEADER_LONGEST_TURN, LEADER_LONGEST_BREATH, LEADER_COUNTER_COUNT
};

/* Leads with the lease that was just taken until it is over. True: a signal asked for the end. False with err: the
 * term is over; *ret_above is not 0 when the next one has to be above that epoch. */
bool leader_run(struct leader *leader, int64_t *ret_above, struct err *err);

/* leader.c: between two units of work. Renews the lease when it is time, so that no more than one unit lies between two
 * renewals. False: the lease is lost. Not inside a transaction. */
bool leader_breathe(struct leader *leader, struct err *err);
/* Whether this turn has done enough: what is left is for the next one. */
bool leader_turn_over(const struct leader *leader);
/* Trouble with the bus, for the log: the same is said once. */
void leader_bus_trouble(struct leader *leader, const char *text);

/* leader.c: this release takes the place of the one that is loaded, which is freed; NULL: none does. Stolen. */
void leader_release_set(struct leader *leader, struct store_release *release);

/* strangers.c: a message that cannot be verified; and what of them is to be stored now, in the turn's arena. */
void leader_stranger(struct leader *leader, const struct bus_message *message, const char *why);
void leader_strangers_batch(struct leader *leader, int64_t now_ms, const struct store_stranger **ret,
                            size_t *ret_count);

/* targets.c */
/* The topic of a service's jobs, which will be needed. */
void leader_job_topic(struct leader *leader, const char *service, char name[TOPIC_NAME_SIZE]);
/* Made when it is new; valid until the term ends. */
struct leader_target *leader_target(struct leader *leader, const char *service, const char *name);
bool leader_targets_load(struct leader *leader, struct err *err);
/* What somebody took off the lists since: whoever comes back under that name is asked what it holds. Only at the
 * beginning of a turn. */
bool leader_take_forgotten(struct leader *leader, struct err *err);
void leader_targets_free(struct leader *leader);
void leader_target_seen(struct leader *leader, const struct presence *presence, const struct presence_target *seen,
                        int64_t now_ms);
/* What is believed of its contents is not so: with this turn's commit they count as unknown until an inventory says. */
void leader_target_distrust(struct leader_target *target, int64_t now_ms);
/* The same of targets that the open release has just lost: what they applied is unknown, whatever was known before. */
void leader_distrust_lost(struct leader *leader, int64_t now_ms);
/* Heartbeats that are due to be stored; in the turn's arena. */
void leader_seen_batch(struct leader *leader, int64_t now_ms, struct store_seen **ret_seen, size_t *ret_count);
int64_t leader_seen_wake(const struct leader *leader); /* when the next is due; 0: none waits */

/* reader.c. Nothing here waits for a broker. */
bool leader_reader_open(struct leader *leader, struct err *err);
/* Reads partitions that were not there before. */
bool leader_reader_follow(struct leader *leader, struct err *err);
void leader_reader_close(struct leader *leader);
/* The next message that is at hand, with its position noted; false: none. */
bool leader_reader_next(struct leader *leader, struct bus_message *ret_message);

/* events.c: what came, to the engine and into the turn */
bool leader_take_message(struct leader *leader, const struct bus_message *message, struct err *err);
bool leader_take_orders(struct leader *leader, struct err *err);
bool leader_load_keys(struct leader *leader, struct err *err);
/* After the keys, once in a term: heartbeats that an earlier one has heard are no news. */
bool leader_load_beats(struct leader *leader, struct err *err);
void leader_decide(struct leader *leader, const struct rollout_event *event);

/* asking.c: what targets hold, and other tools' records while somebody waits for them (store_foreign_ask) */
/* Whether nothing is under way there, so that what it says it holds can be compared with what is believed. */
bool leader_is_quiet(const struct leader *leader, const char *service, const char *name);
/* Asks, or asks again when the last time is a while ago. `foreign_us`: with other tools' records, for that ask; 0:
 * without. */
void leader_ask(struct leader *leader, struct leader_target *target, int64_t foreign_us);
/* Whose contents were not computed since something was applied: what the control database has. Only while nothing of
 * this turn that changes it waits for its commit. */
bool leader_refresh(struct leader *leader, struct leader_target *target, struct err *err);
/* At the beginning of a term: all on which nothing is under way, as many in a turn as there is time for. */
bool leader_ask_all(struct leader *leader, struct err *err);
bool leader_take_asked(struct leader *leader, struct err *err);
void leader_take_inventory(struct leader *leader, const struct report *report);

/* sending.c: what the engine wants sent, signed, into the turn */
bool leader_prepare(struct leader *leader, struct err *err);
/* Within a second, and after the commit of the turn in which they were heard. */
void leader_acknowledge(struct leader *leader, const char *service, const char *name, const int64_t *positions,
                        size_t count);
/* A new question, which takes the place of the last one; leader_send_question sends it, again too. */
void leader_make_question(struct leader *leader, struct leader_target *target, int64_t foreign_us);
void leader_send_question(struct leader *leader, const struct leader_target *target);
/* Fences a target that no open release concerns: what a lost future left on its way to it is over. */
bool leader_fence_outside(struct leader *leader, struct leader_target *target, struct err *err);
