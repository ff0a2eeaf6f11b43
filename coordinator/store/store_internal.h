/* What the files of this room share. Threads: as the store they are given. */
#pragma once
#include <jansson.h>

#include "pg/pg.h"
#include "store/store.h"

#define STORE_CONNECT_MS 10000
#define STORE_REPORTING_MS 45000 /* a target whose worker was silent for so long is not reporting */
#define STORE_DEAF_MS 20000 /* four heartbeats: when nobody at all was heard for so long, we may be who does not hear */

struct store {
    struct pg *pg;
    char *conninfo, *fleet, *environment, *application;
    struct store_lease lease; /* epoch 0: none held */
    pg_trace *trace;
    void *trace_context;
    struct store_limits limits; /* that the connection has */
    int64_t lease_ttl_ms;
    int64_t clock_ahead_us; /* when the lease was last written */
    char lease_written[24]; /* who stands by: by which transaction, and since when that was seen */
    int64_t lease_seen_ms;
};

bool store_migrate(struct store *store, struct err *err);

/* One statement whose parameters are texts; the last is NULL-terminated. `ret` may be NULL. */
bool store_exec(struct store *store, const char *sql, PGresult **ret, struct err *err, int count, ...);
bool store_begin(struct store *store, struct err *err);
/* BEGIN and the share lock on the lease row; ERR_FENCED with the transaction rolled back. */
bool store_begin_leader(struct store *store, struct err *err);
bool store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);
/* Commits what is done, or else takes it back: false, and *err is what it was. */
bool store_end(struct store *store, bool done, struct err *err);
bool store_wake(struct store *store, struct err *err); /* the leader, when what is under way is committed (notify.c) */
/* The same, and what is committed wakes the leader (notify.c). */
bool store_end_waking(struct store *store, bool done, struct err *err);
/* Waits a little before a condition is looked at again; ends early when the connection breaks. */
void store_pause(struct store *store, int ms);

char *store_text_int64(char text[24], int64_t value);

/* Fills in `texts` of repeatable migrations. `applied`: what the contents point into; these are in the order of service
 * and target, as the server orders them. */
bool store_load_texts(struct store *store, struct arena *arena, const struct target_contents *contents, size_t count,
                      struct applied *applied, struct err *err);
/* Retention counts from now for these texts. */
bool store_blobs_use(struct store *store, const char *const *digests, size_t count, struct err *err);
bool store_check_open(struct store *store, struct err *err); /* ERR_CONFLICT: a release is open, or about to be */
/* Until this transaction ends no release is accepted by others, and none that halted is told to go on. */
bool store_lock_acceptance(struct store *store, struct err *err);

/* The rows of targets_ready.sql for these targets, each of the service beside it: who can be worked on, and whether
 * somebody leads. */
bool store_targets_ready(struct store *store, const char *const *services, const char *const *targets, size_t count,
                         PGresult **ret_ready, struct err *err);
/* Why a target cannot be worked on, or NULL: of a row of that. */
const char *store_why_unheard(const PGresult *row_of, int row);
#define START_OR_MEND "start or enroll their workers (greylag workers list), or mend what greylag health names"
#define START_OR_ENROLL                                                                                               \
    "start or enroll their workers (greylag workers list), mend what greylag health names, or leave them out with " \
    "--service or --on"
#define START_BEYOND                                                                                                   \
    "start or enroll their workers (greylag workers list), or mend what greylag health names: what is to be undone "   \
    "may be needed there"
#define DOES_NOT_KNOW_US "its worker does not know the coordinator's key, and does not answer"
#define NOBODY_LEADS "no coordinator leads, so that nobody asks them: greylag health says why"

/* foreign.c */
bool store_put_foreign(struct store *store, const struct store_inventory *inventory, struct err *err);
/* Adds other tools' records to what targets hold: of all, or only where nothing is applied. In the arena. */
bool store_load_foreign(struct store *store, bool all, struct arena *arena, struct target_contents **contents,
                        size_t *count, struct err *err);
/* Import: every target that is chosen has answered since. ERR_CONFLICT, retriable. */
bool store_check_answered(struct store *store, const struct fleet *fleet, const struct plan_options *options,
                          int64_t since_us, struct err *err);

/* contents.c */
struct store_contents {
    struct target_contents *targets;
    size_t count;
    size_t left_out; /* going back to a release: what stays because it was only recorded since */
};
/* What all targets hold, in the arena. `back_to` (may be NULL): a release; struct applied's `held` is filled in. */
bool store_load_contents(struct store *store, const char *back_to, struct arena *arena,
                         struct store_contents *ret_contents, struct err *err);
/* Down: the release that is named exists (ERR_USAGE), and did not only record (ERR_INPUT). */
bool store_check_back(struct store *store, const struct plan_options *options, struct err *err);
/* Says so of a release whose time is over. False. */
bool store_not_on_record(const char *release, struct err *err);
/* ERR_INPUT where the plan, which undoes `release`, undoes what stands for more than that since. */
bool store_check_squashed(struct store *store, const char *release, const struct plan *plan, struct err *err);
/* What was in effect at the end of options->back_to and is no more, for people; NULL: nothing. The plan's files say
 * whether up would apply any of it. False as well where the plan undoes what may stand for it since, and no file is
 * left of it (err, ERR_INPUT). */
bool store_gone_since(struct store *store, const struct plan_options *options, const struct plan *plan,
                      struct arena *arena, const char **ret_text, const char **ret_hint, struct err *err);

/* Inserts the release of ret->fleet and ret->plan, and sets ret->release: its new id. */
bool store_insert_release(struct store *store, const struct store_request *request, struct store_acceptance *ret,
                          struct err *err);
/* Writes rollout->steps and ->targets: all of them, or only what changed. */
bool store_put_steps(struct store *store, const struct rollout *rollout, bool all, struct err *err);
bool store_put_targets(struct store *store, const struct rollout *rollout, bool all, struct err *err);
