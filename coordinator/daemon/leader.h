/* One term of leadership: from a lease that was won to the moment it is lost, released, or something failed.
 *
 * The shell around the engine (rollout/rollout.h): a turn reads what is at hand, gives it to the engine, commits all
 * that was concluded in one transaction, and only then sends. When a commit fails everything in memory is thrown away;
 * the next term loads it again and fences what is open.
 *
 * Room-internal, shared by leader.c, reader.c, events.c, asking.c, sending.c and targets.c. Threads: the
 * leader's own. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/pause.h"
#include "bus/bus.h"
#include "bus/keeper.h"
#include "crypto/key.h"
#include "daemon/settings.h"
#include "daemon/troubles.h"
#include "intake/intake.h"
#include "relay/relay.h"
#include "rollout/inbox.h"
#include "store/store.h"

/* What is remembered of a target between turns. Each is an allocation of its own: its address holds for the whole
 * term, however many come after it. */
struct leader_target {
    char *service, *name;
    char believed[DIGEST_TEXT_SIZE]; /* contents, as the control database has them */
    bool believed_valid;             /* false: something was applied since it was computed */
    bool known;
    int64_t asked_ms;                /* when its inventory was asked for last; 0: never */
    int differed;                    /* heartbeats in a row that contradict what is believed */
    int64_t stored_ms;               /* when its heartbeat was stored last */
    char stored[200];                /* what was stored then: worker, problem, contents, working */
    bool pending;                    /* a heartbeat waits for the next commit */
    char worker[128], host[256], version[64], contents[DIGEST_TEXT_SIZE], problem[1024], system_identifier[32];
    bool leaving, suspect;
    int64_t untrusted;               /* messages that its worker could not verify, one after the other */
    int64_t working, fence_epoch, fence_sequence;
    int64_t issued;                  /* the highest sequence that the control database knows of */
    int64_t fenced_ms;               /* when it was fenced outside a release last; 0: never in this term */
    int64_t fence_sent;              /* sequence of the fence below: repeats are the very same bytes */
    char *fence_payload;
    size_t fence_len;
    int64_t foreign_asked_us;        /* which ask for other tools' records is under way; 0: none in this term */
    char *foreign_payload;           /* the same bytes again, until they are about to expire */
    size_t foreign_len;
    struct pause foreign_again;      /* until they are asked for once more */
    char foreign_digest[DIGEST_TEXT_SIZE]; /* of the payload: its answer names it */
    int64_t foreign_made_ms, foreign_sent_ms;
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

    struct relay *relay;
    struct bus_consumer *reader;
    struct intake *intake;
    char events_topic[TOPIC_NAME_SIZE], control_topic[TOPIC_NAME_SIZE], presence_topic[TOPIC_NAME_SIZE];
    char source[160];

    struct store_release *release; /* the open one, or the newest when it halted; NULL */
    struct rollout_effects effects;

    struct leader_target **targets;
    size_t target_count, target_room, target_hint;
    struct leader_position **positions;
    size_t position_count, position_room;
    char **job_topics;             /* that the keeper knows of */
    size_t job_topic_count, job_topic_room;
    uint64_t topics_seen;          /* bus_keeper_changes, when the reader was given its partitions */
    int events_partitions, presence_partitions; /* that it has; 0: none yet */
    char bus_said[512];            /* what was logged of the bus last, and when; "": all is well */
    int64_t bus_said_ms;

    int64_t renew_ms, orders_ms;
    int64_t breath_ms, until_ms;   /* when the lease was thought of last; when this turn has to take nothing more */
    struct leader_stranger strangers[16]; /* since they were stored last */
    size_t stranger_count;
    int64_t strangers_ms;
    int64_t acknowledge_ms;        /* when what was heard is to be acknowledged; 0: nothing is */
    bool look;                     /* orders, keys or a release may be new */
    bool more;                     /* the last turn stopped reading before nothing was left */
    bool take_over_all;            /* the control database went back in time: every target is asked in this term */
    bool told_all;                 /* and that is committed */
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
    struct leader_refusal { /* a job that cannot be sent at all: told to the engine as a refusal */
        int target;
        int64_t sequence;
        const char *why;
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
void leader_targets_free(struct leader *leader);
void leader_target_seen(struct leader *leader, const struct presence *presence, const struct presence_target *seen,
                        int64_t now_ms);
/* What is believed of its contents is not so: with this turn's commit they count as unknown until an inventory says. */
void leader_target_distrust(struct leader_target *target, int64_t now_ms);
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
void leader_decide(struct leader *leader, const struct rollout_event *event);

/* asking.c: other tools' records, while somebody waits for them (store_foreign_ask) and no release is under way */
bool leader_take_asked(struct leader *leader, struct err *err);
/* Whether an inventory answers the ask that is under way at its target: which; 0: it does not. */
int64_t leader_foreign_answers(const struct leader_target *target, const struct report *report);

/* sending.c: what the engine wants sent, signed, into the turn */
bool leader_prepare(struct leader *leader, struct err *err);
/* Within a second, and after the commit of the turn in which they were heard. */
void leader_acknowledge(struct leader *leader, const char *service, const char *name, const int64_t *positions,
                        size_t count);
void leader_ask_inventory(struct leader *leader, const struct leader_target *target);
/* With other tools' records. The target remembers what was sent. */
void leader_ask_foreign(struct leader *leader, struct leader_target *target, int64_t asked_us);
/* Fences a target that no open release concerns: what a lost future left on its way to it is over. */
bool leader_fence_outside(struct leader *leader, struct leader_target *target, struct err *err);
