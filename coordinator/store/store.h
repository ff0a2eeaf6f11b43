/* The control database: releases, steps, targets and what they hold, inbox, outbox, decisions, keys, and the lease.
 *
 * Its schema is `greylag`, created and migrated by store_open (schema/NNNN_*.sql, under an advisory lock that is
 * polled). One control database serves one environment of one fleet; store_open refuses another one.
 *
 * What always holds (protocol.md, 4 and 6):
 *  - whatever the leader writes is in a transaction that share-locks the lease row where epoch and term are its own
 *    and not expired by the server's clock; otherwise ERR_FENCED and nothing is written;
 *  - one batch of events, with everything that was concluded from it, is one transaction: store_batch_commit;
 *  - one release is open (not terminal) at most: a unique index says so, not the code;
 *  - what readers are given is one JSON text, made by one statement: one consistent moment. Only what needs a person
 *    (store_attention), where it stands beside others, is of the moment after.
 *
 * Ownership: struct store is a resource (store_open / store_close). `char *` given out is new (free()). What is put in
 * an arena lives as long as that.
 * Threads: a store is one connection and belongs to one thread at a time: each thread opens its own.
 * Errors: ERR_UNREACHABLE (the connection was lost: what was under way is in doubt; store_reopen and look again),
 * ERR_DATABASE, ERR_CONFLICT, ERR_FENCED (not the leader any more), ERR_INPUT. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "plan/plan.h"
#include "proto/message.h"
#include "rollout/rollout.h"

struct store;

/* Connects, migrates the schema when it is older than this program (ERR_CONFLICT when it is newer), and writes or
 * checks fleet and environment. `application` is the session's application_name. */
bool store_open(const char *conninfo, const char *fleet, const char *environment, const char *application,
                struct store **ret_store, struct err *err);
bool store_reopen(struct store *store, struct err *err); /* a new connection; a lease that was held is forgotten */
/* Called after each statement (pg/pg.h, pg_trace), for logs: its text, never parameters. Kept over store_reopen. */
void store_set_trace(struct store *store, void (*trace)(void *context, const char *statement, int64_t duration_us,
                                                        const char *tag), void *context);
bool store_lost(struct store *store);
void store_close(struct store *store);
bool store_ping(struct store *store, struct err *err);
/* Whether this is something that the control database does not take, whoever asks it: a value, a row, a size. */
bool store_was_refused(const struct err *err);
/* What a statement of this connection may take from now on; 0: no limit, as it is opened. ERR_DATABASE, with SQLSTATE
 * 55P03 or 57014, of one that took longer. */
struct store_limits {
    int64_t lock_ms;      /* waiting for another's lock */
    int64_t statement_ms; /* all of it */
};
bool store_limit(struct store *store, const struct store_limits *limits, struct err *err);

/* ---- SQL texts, by digest (crypto/digest.h's hex over the bytes) ---- */

/* Which of `digests` are not stored: into ret_missing[count] (borrowed from `digests`), how many into *ret_count. */
bool store_blobs_missing(struct store *store, const char *const *digests, size_t count, const char **ret_missing,
                         size_t *ret_count, struct err *err);
/* Stores one text. ERR_INPUT when it does not have that digest, is no UTF-8, holds a NUL or is over MIGRATION_MAX. */
bool store_blob_put(struct store *store, const char *digest, const char *text, size_t len, struct err *err);
/* Texts in the order of `digests`, in the arena; NULL for one that is not stored. */
bool store_blobs_get(struct store *store, const char *const *digests, size_t count, struct arena *arena,
                     const char **ret_texts, struct err *err);

/* ---- Acceptance of a release: any coordinator, any thread ---- */

struct store_request {
    const char *fleet_json; /* proto/fleet.h, as uploaded */
    size_t fleet_len;
    const struct plan_options *options;
    bool accept_irreversible;
    const char *requested_by; /* the token's name */
    const char *reason;       /* for people, "" */
    const char *key;          /* the client's own for this one request (Idempotency-Key), with who asks; NULL: none */
    const char *key_body;     /* digest of what it asks for: the same key with another one is ERR_INPUT */
    const char *plan;         /* digest of the plan that was looked at: another one is ERR_CONFLICT; NULL: any */
    int64_t since_us;         /* import: when the targets were asked for other tools' records (store_foreign_ask) */
};
struct store_acceptance {
    char release[ID_SIZE];   /* "" : nothing pending (or a preview): nothing was stored */
    const struct fleet *fleet; /* all in the arena */
    const struct plan *plan;
    struct plan_findings findings; /* set even when it fails because of the plan */
    const char *const *missing; /* digests of SQL that the plan needs and the coordinator lacks; set with
                                 * ERR_CONFLICT */
    size_t missing_count;
    bool repeated;           /* this key has its release already: `release` names it, the plan is not set */
    const char *digest;      /* of the plan, with how many steps: set on success, also when repeated */
    size_t steps, irreversible;
};
/* Plans from what the targets hold now; stores nothing. What `up --dry-run` shows. What acceptance would refuse is a
 * finding here: an error where it is about steps (irreversible, another tool's), a warning where it is about workers,
 * which may report in a moment; texts that are missing are named. */
bool store_release_preview(struct store *store, const struct store_request *request, struct arena *arena,
                           struct store_acceptance *ret_acceptance, struct err *err);
/* Plans, checks and stores in one transaction, then wakes the leader (NOTIFY greylag_orders). A key that has its
 * release gives that one again, whoever accepted it and however long ago.
 * ERR_INPUT: the plan was refused (findings say why). ERR_CONFLICT: a release is open (err->hint names it), an
 * irreversible step is not accepted, a worker or the contents of a target are not known (err->retriable: they may be
 * in a moment), or texts are missing. */
bool store_release_accept(struct store *store, const struct store_request *request, struct arena *arena,
                          struct store_acceptance *ret_acceptance, struct err *err);

/* ---- Other tools' records on targets, which an import takes over ---- */

/* Notes that these targets are to be asked, and wakes the leader. *ret_since_us is the moment: an import plans only
 * from what was reported when asked then or later, and is refused until that has come (retriable). ERR_CONFLICT: a
 * release is open. */
bool store_foreign_ask(struct store *store, const char *const *services, const char *const *targets, size_t count,
                       int64_t *ret_since_us, struct err *err);
/* {"targets":[{"service","target","askedAtUs","answeredAtUs","storedAtUs","histories":[{"tool","table","rows":n,
 *  "failed":n}]}]}; answeredAtUs is the ask that was answered. */
bool store_foreign(struct store *store, char **ret_json, struct err *err);

/* ---- What keeps a coordinator from its work ---- */

#define STORE_TROUBLES_MAX 40
struct store_trouble {
    const char *text, *hint; /* what is wrong; what mends it, or "" */
    int64_t since_us;
};
/* All that stands at this coordinator, whether it leads or not, the oldest first; more than STORE_TROUBLES_MAX are left
 * out. To be said again at least every STORE_TROUBLES_EVERY_MS while there are some: who is silent counts no more.
 * `changed`: who follows a release is told. */
#define STORE_TROUBLES_EVERY_MS 5000
bool store_troubles_put(struct store *store, const char *holder, const struct store_trouble *troubles, size_t count,
                        bool changed, struct err *err);

/* ---- Names of releases ---- */

/* {"tags":[{"name","release","state","direction","madeBy","madeAtUs","acceptedAtUs"}]}, by release, newest first. */
bool store_tags(struct store *store, char **ret_json, struct err *err);
/* A name that stands on another release is ERR_CONFLICT; on the same one it is left as it is. ERR_INPUT: no such
 * release, or one whose time is over. */
bool store_tag_put(struct store *store, const char *name, const char *release, const char *by, struct err *err);
bool store_tag_delete(struct store *store, const char *name, struct err *err); /* ERR_INPUT: none */

/* An operator's order to the leader: "rollback", "retry", "cancel". ERR_INPUT: no such release; ERR_CONFLICT: its state
 * does not allow it. *ret_order names it. The leader notes what became of it (see store_release_show). */
bool store_order_add(struct store *store, const char *release, const char *kind, const char *by, int64_t *ret_order,
                     struct err *err);
/* A person says that a release which halted, or left something behind, needs nobody any more: it is no longer listed as
 * what needs a person. Nothing else changes: a halted one can be retried. ERR_INPUT: no such release; ERR_CONFLICT: it
 * has neither halted nor left anything behind. */
bool store_release_leave(struct store *store, const char *release, const char *by, struct err *err);

/* ---- Keys of workers ---- */

/* `targets` are names, or "service/target" (a bare name means that target of whatever service). Enrolling a key again
 * adds targets; "" as its name is the one that it has, or its id. ERR_CONFLICT: the key was revoked. */
bool store_worker_enroll(struct store *store, const char *key, const char *name, const char *const *targets,
                         size_t target_count, const char *by, struct err *err);
/* By key text, key id or name; of all its targets. ERR_INPUT: none. *ret_count: how many keys were revoked. */
bool store_worker_revoke(struct store *store, const char *which, const char *by, int64_t *ret_count, struct err *err);

/* A target that is gone: it is listed no more, until a worker reports it again. ERR_INPUT: there is none of that name;
 * ERR_CONFLICT: it is reported, or a release is under way on it. */
bool store_target_forget(struct store *store, const char *service, const char *target, struct err *err);

/* ---- Retention: what is over goes ---- */

/* Of releases that have ended longer ago than `keep_ms`: decisions, jobs, orders, and outcomes that later ones have
 * superseded; where nothing of a release is in effect and it has no name, its plan, too. Also texts that nobody named
 * for so long, and workers that were heard of last a day ago. */
struct store_prune {
    int64_t keep_ms;
    int64_t limit;      /* rows of one table at most, in one transaction */
    bool only_count;    /* nothing goes */
};
/* *ret_json (new; may be NULL): [{"table","what","rows"}]. Anybody may call it beside a leader. */
bool store_prune(struct store *store, const struct store_prune *wanted, int64_t *ret_rows, char **ret_json,
                 struct err *err);
/* [{"table","rows","bytes"}]: rows as the server estimates them. */
bool store_sizes(struct store *store, char **ret_json, struct err *err);

/* ---- Reads for people and programs: one JSON text each (new). Times are microseconds since 1970, or null ---- */

/* {"releases":[{"id","state","direction","plan","requestedBy","reason","note","acceptedAtUs","endedAtUs","steps",
 * "done","failed"}]}, newest first, at most `limit`. */
bool store_releases(struct store *store, int64_t limit, char **ret_json, struct err *err);
/* One release ("" or "latest": the newest): the fields above and
 *  "decidedBy", "rewound" (a target went back in time), "aim", "irreversible", "acceptIrreversible", "options":{...},
 *  "latest" (no release came after it), "leftBy", "leftAtUs" (store_release_leave; null: nobody has),
 *  "steps":[{"ordinal","leg","service","target","migration","name","file","direction","state","attempt","wayBack",
 *            "undoes","kind","category","needs":[...],"request",
 *            "outcome":null|{"kind","attempt","position","startedAtUs","finishedAtUs","sqlstate",
 *                            "message","line","left","detail","said"}}],
 *  "targets":[{"service","target","state","sequence","recorded","problem","working","lastSeenUs"}],
 *  "decisions":[{"atUs","position","row","why","step","target","before","after","detail"}],
 *  "leftovers":[{"service","target","migration","what"}] (what a release that went back has left),
 *  "orders":[{"id","kind","by","atUs","handledAtUs","result"}],
 *  "change": a number that rises with every change of this release.
 * ERR_INPUT: no such release. */
bool store_release_show(struct store *store, const char *release, char **ret_json, struct err *err);
/* The same text's `change` alone, for a stream that must not read everything to see that nothing happened; also the
 * state. `release` as above. */
bool store_release_change(struct store *store, const char *release, int64_t *ret_change,
                          enum release_state *ret_state, struct err *err);
/* {"fleet","environment","open":null|release id,"targets":[{"service","target","applied":n,"last":null|{"migration",
 *  "release"},"known","contents","forgotten","lastSeenUs","problem","worker","pending":null|n,"unknown":null|n}]}.
 * pending and unknown (applied, not in the catalog) when fleet_json (may be NULL) is given; then targets that never
 * reported are listed too. `category` (may be NULL, needs the catalog): only what is of that one is counted. */
bool store_status(struct store *store, const char *fleet_json, size_t fleet_len, const char *category, char **ret_json,
                  struct err *err);
/* {"history":[{"id","release","service","target","migration","direction","kind","position","attempt","startedAtUs",
 *  "finishedAtUs","sqlstate","message","line","left","detail","said","verdict","worker","migrationKind","category"}]},
 * newest first; service, target, category: "" all. */
bool store_history(struct store *store, const char *service, const char *target, const char *category, int64_t limit,
                   char **ret_json, struct err *err);
/* {"workers":[{"worker","host","version","lastSeenUs","leaving","state":"reports"|"silent"|"stopped",
 *   "targets":[{"service","target","problem","working"}]}],
 *  "keys":[{"key","name","targets":["service/target"],"unseen":[those that no worker ever reported],"enrolledBy",
 *   "enrolledAtUs","revokedAtUs","revokedBy"}]} */
bool store_workers(struct store *store, char **ret_json, struct err *err);
/* {"fleet","environment","schema":n,"leader":null|{"holder","epoch","expiresAtUs","valid"},"open":null|id,
 *  "outbox":n,"targets":n,"reporting":n,"attention":[...]}. All is well when somebody leads and nothing needs
 *  attention: [{"kind" (ATTENTIONS),"release","service","target","detail","argument" (of the command that its advice
 *  ends with),"sinceUs"}], the most urgent first; store_status has the same list. */
bool store_health(struct store *store, char **ret_json, struct err *err);
bool store_attention(struct store *store, char **ret_json, struct err *err); /* that list alone */
/* {"targets":{"service/target":[{"migration","checksum","request","release"}...]},
 * "foreign":{"service/target":[{"tool", "table","rows":[{"version","name","script","checksum","state"}...]}...]}}: what
 * is applied, in order; and of targets that hold nothing the records of other tools. A repeatable migration also has
 * "texts":[{"checksum","request","release", "kept"}], as struct applied. */
bool store_applied(struct store *store, char **ret_json, struct err *err);

/* ==== For the leader alone ==== */

/* Whether a control database that had no room takes what a turn may write; nothing is kept. ERR_FULL: not yet. */
bool store_has_room(struct store *store, struct err *err);

/* The lease. Its epoch rises whenever it is taken, also by the same process. */
struct store_lease {
    int64_t epoch;
    char term[ID_TERM_SIZE];
    bool restored; /* this database came back from a backup, or a target knew more than it: the first batch says
                    * `whole` */
};
struct store_candidate {
    const char *holder; /* who asks */
    int64_t ttl_ms;
    int64_t above;      /* a target has shown this epoch: the new one is higher, and `restored`; 0: none has */
    bool instead;       /* it can do what a leader who yields cannot */
};
/* Takes it when nobody holds it: never taken, released, expired by the server's clock, seen by this store without a
 * renewal for as long as it lasts, or every session of its holder is gone; `instead`: also when its holder yields it.
 * The predecessor's sessions are terminated and waited for first. *ret_taken false: somebody else leads. What an older
 * epoch left in the outbox is dropped: its targets are fenced by whoever takes over. Also sets
 * idle_in_transaction_session_timeout. */
bool store_lease_take(struct store *store, const struct store_candidate *candidate, bool *ret_taken,
                      struct store_lease *ret_lease, struct err *err);
/* ERR_FENCED: lost. `yields`: whoever can do better may take it from now on. */
bool store_lease_renew(struct store *store, bool yields, struct err *err);
bool store_lease_check(struct store *store, struct err *err);   /* for the relay, before it sends */
/* How far this machine's clock is ahead of the control database's, as of the lease's last writing. */
int64_t store_clock_ahead_us(const struct store *store);
int64_t store_lease_epoch(const struct store *store);           /* 0: none is held */
void store_lease_release(struct store *store);                  /* clean stop; errors do not matter */
/* A target has shown that this database went back in time: whoever leads next finds `restored` set. */
bool store_lease_went_back(struct store *store, struct err *err);
/* This sequence is used up for that target (a fence outside a release). */
bool store_target_issue(struct store *store, const char *service, const char *target, int64_t sequence,
                        struct err *err);

/* A release as loaded: all that the rollout borrows from. */
struct store_release {
    struct arena arena;
    char id[ID_SIZE];
    struct fleet fleet;
    struct plan plan;
    struct rollout rollout;
    bool begun; /* a batch was committed for it: the engine knows it. False: give it ROLLOUT_ACCEPTED */
    bool made;  /* store's own: the rollout is initialised */
};
/* The open release, or NULL in *ret_release when there is none; or the one named by `release` (not NULL; "latest": the
 * newest, NULL in *ret_release when there is none). */
bool store_release_load(struct store *store, const char *release, const struct rollout_settings *settings,
                        struct store_release **ret_release, struct err *err);
void store_release_free(struct store_release *release);

struct store_order {
    int64_t id;
    const char *release, *kind, *by;
    bool latest; /* no release came after its own */
};
bool store_orders(struct store *store, struct arena *arena, struct store_order **ret_orders, size_t *ret_count,
                  struct err *err);

struct store_key {
    const char *key;     /* "ed25519:..." */
    const char *name;
    const char *service; /* "": any */
    const char *target;
};
/* Enrolled and not revoked, one row for each key and target. */
bool store_keys(struct store *store, struct arena *arena, struct store_key **ret_keys, size_t *ret_count,
                struct err *err);

struct store_beat {
    const char *worker; /* "NAME@KEY": an instance, and the id of its key */
    int64_t beat;
};
/* How far workers had counted their heartbeats when they were stored last, of each key the newest `most` instances; who
 * was heard of last comes last. */
bool store_beats(struct store *store, int64_t most, struct arena *arena, struct store_beat **ret_beats,
                 size_t *ret_count, struct err *err);

struct store_target {
    const char *service, *target;
    int64_t sequence, recorded;
};
bool store_targets(struct store *store, struct arena *arena, struct store_target **ret_targets, size_t *ret_count,
                   struct err *err);
/* Those that have not said in this term what they hold, or were forgotten since. */
bool store_targets_unknown(struct store *store, struct arena *arena, struct store_target **ret_targets,
                           size_t *ret_count, struct err *err);
/* The digest of what the control database believes that one target holds (contents_digest). */
bool store_contents(struct store *store, const char *service, const char *target, char digest[DIGEST_TEXT_SIZE],
                    struct err *err);

/* Where reading a partition goes on, and what was read last there (protocol.md, 4). */
struct store_position {
    const char *topic;
    int32_t partition;
    int64_t next;       /* offset to read next */
    const char *digest; /* of the bytes of the message at next - 1 */
};
bool store_positions(struct store *store, struct arena *arena, struct store_position **ret_positions,
                     size_t *ret_count, struct err *err);

/* Targets whose records of other tools somebody asked for, not long ago, and which have not answered. */
struct store_asked {
    const char *service, *target;
    int64_t asked_us; /* which ask */
};
bool store_foreign_asked(struct store *store, struct arena *arena, struct store_asked **ret_asked, size_t *ret_count,
                         struct err *err);

/* Whether these outcome ids of that target are in the inbox: ret_known[count]. */
bool store_inbox_known(struct store *store, const char *service, const char *target, const char *const *ids,
                       size_t count, bool *ret_known, struct err *err);

struct store_inbox {
    const struct outcome *outcome;
    const char *service, *target, *worker;
    const char *verdict;       /* "accepted", "unmatched", "late" */
    const char *report_digest; /* of the signed payload */
};
struct store_job {
    const char *service, *target, *release;
    int64_t sequence;
    bool fence;              /* a fence instead of a job */
    const char *digest;      /* of the signed payload: the fence's digest */
    const int *ordinals;     /* steps */
    size_t ordinal_count;
};
struct store_message {       /* an outbox row */
    const char *topic, *key, *id, *type;
    const char *payload;     /* signed envelope; NULL after a load: store_outbox_payload */
    size_t len;
    int64_t sequence;        /* of a job or fence; 0: anything else. Not stored: 0 after a load */
    int64_t row, epoch;      /* filled in by the commit */
};
struct store_inventory {
    const char *service, *target;
    bool same;               /* what is stored is what it says: `applied` is not given */
    const struct applied *applied;
    size_t applied_count;
    const struct foreign_history *foreign;
    size_t foreign_count;
    bool foreign_whole;      /* `foreign` is all that there is; else it says nothing of other tools */
    int64_t answers_us;      /* the ask for other tools' records that it answers; 0: none */
};
struct store_seen {          /* one target of a heartbeat, or of a report */
    const char *worker, *host, *version;
    bool leaving;
    int64_t beat;            /* of that heartbeat */
    const char *service, *target;
    const char *contents, *problem;
    int64_t working;
    int64_t issued;          /* the target's sequence is at least this */
    int64_t untrusted;       /* messages in a row that its worker could not verify */
    bool suspect;            /* contents differ from what is believed: not known until an inventory says */
};
struct store_stranger {      /* messages that no enrolled key signed */
    const char *topic, *key; /* of the bus's message */
    const char *why;
    int64_t messages;
};
struct store_handled {
    int64_t order;
    const char *result;
};

/* What one turn of the leader concluded. Counts may be 0; everything is borrowed. */
struct store_batch {
    struct rollout *rollout;               /* NULL: no release is concerned. Its `changed` parts are stored */
    const struct rollout_effects *effects; /* NULL with rollout NULL; its decisions are stored */
    const struct store_inbox *inbox;
    size_t inbox_count;
    const struct store_job *jobs;
    size_t job_count;
    struct store_message *messages;
    size_t message_count;
    const struct store_inventory *inventories;
    size_t inventory_count;
    const struct store_seen *seen;
    size_t seen_count;
    const struct store_beat *beats;        /* of each heartbeat, also where it is not worth a row of `seen` */
    size_t beat_count;
    const struct store_stranger *strangers;
    size_t stranger_count;
    const struct store_handled *handled;
    size_t handled_count;
    const struct store_position *positions;
    size_t position_count;
    struct err left_out;                   /* set by the commit: which of seen, beats and strangers the control database
                                            * did not take, and why; ERR_NONE: it took all */
    bool whole;                            /* the term began with `restored`, and its targets are told: the flag goes */
};
/* ONE transaction: lease, inbox, release, steps, targets, what is applied, jobs, outbox, decisions, offsets. False:
 * nothing is stored, or (ERR_UNREACHABLE) it is in doubt: throw the rollout away and load it again. The caller clears
 * the effects (and so every `changed`) after success. */
bool store_batch_commit(struct store *store, struct store_batch *batch, struct err *err);

/* Outbox rows that are not sent, oldest first, in the arena; without what they say, which may be large. */
bool store_outbox(struct store *store, struct arena *arena, struct store_message **ret_messages, size_t *ret_count,
                  struct err *err);
/* What one of them says, new; NULL: there is no such row. */
bool store_outbox_payload(struct store *store, int64_t row, char **ret_payload, struct err *err);
bool store_outbox_sent(struct store *store, const int64_t *rows, size_t count, struct err *err);

/* LISTEN greylag_orders on this connection; then the socket becomes readable when something is said. */
bool store_listen(struct store *store, struct err *err);
int store_socket(struct store *store);
/* Reads what has come. *ret_any: something was said. */
bool store_notified(struct store *store, bool *ret_any, struct err *err);
