/* Inside worker/runner: what the files of a target share. */
#pragma once
#include <pthread.h>

#include "ledger/ledger.h"
#include "report/report.h"
#include "runner/target.h"

#define GIVE_UP_MS 5000        /* behind a leaver's grace, for greylag's own statements */
#define FENCE_GRACE_MS 2000    /* a statement may end by itself before a fence cancels it */
#define LOCK_WAIT_MS 5000      /* and a lease: a dead predecessor's lapses meanwhile */
#define SESSION_LOOK_MS 5000   /* how often an idle target's session is looked at */
#define UNLOCK_IDLE_MS 3000    /* an idle target's lock is given back */
#define BLOCKED_FIRST_MS 200   /* first wait of a blocked job, doubled up to ... */
#define BLOCKED_MAX_MS 5000
#define BLOCKED_FULL_MS 30000  /* or, where there is no space: each try of a large step fills the disk again */
#define BLOCKED_REPORT_MS 30000

struct target {
    struct target_settings settings;
    pthread_t thread;
    bool joined; /* the polling thread's */

    pthread_mutex_t mutex; /* guards what follows, up to `description` */
    pthread_cond_t wake;
    struct work *jobs, **jobs_end;
    size_t job_count, job_bytes;
    struct work *fence, *inventory; /* the latest of each */
    int64_t *acknowledged;          /* positions, not yet looked at */
    size_t acknowledged_count;
    bool stopping;
    int64_t cancel_at_ms;           /* 0: nothing is to be cancelled */
    int64_t give_up_at_ms;          /* leaving does not wait for the database any more; 0: it does */
    struct {
        struct fence fence;
        char term[64], digest[DIGEST_TEXT_SIZE], contents[DIGEST_TEXT_SIZE], system_identifier[24], problem[512];
        int64_t working;
    } description;

    /* the thread's own */
    struct ledger *ledger;
    struct reporter *reporter;
    bool locked, remembered, described;
    int64_t *pending;               /* acknowledged, not yet in the ledger */
    size_t pending_count;
    int64_t prune_at_ms;            /* when what is over is taken away next */
    struct target_counts counts;
};

/* target_session.c: the session with the database. False with *err: the target is blocked. */
bool session_ready(struct target *target, struct err *err);
/* The lock; *ret_busy: somebody else has it, `holder` says who. */
bool session_lock(struct target *target, bool (*stop)(void *), bool *ret_busy, char holder[256], struct err *err);
void session_unlock(struct target *target);
/* Reads what is applied, for the heartbeat. */
void session_describe(struct target *target);
/* The digest of what is applied, just read. True: the heartbeats said another one until now. */
bool session_holds(struct target *target, const char *contents);
void session_problem(struct target *target, const char *problem);
void session_trouble(struct target *target, const struct err *err); /* the same; the log also says what to do */
void session_in_force(struct target *target, const struct fence *fence);
void session_acknowledge(struct target *target); /* writes what is pending to the ledger */
void session_prune(struct target *target);       /* takes away what is over, now and then */

/* target.c */
bool target_must_stop(struct target *target, bool *ret_fencing); /* a fence was ordered, or the worker leaves */
bool target_leaving(void *target);       /* only the latter: a stop hook */
bool target_interrupted(void *target);   /* either: a stop hook while nothing runs */
bool target_cancel_due(void *target);    /* a stop hook while a step runs; sends reports meanwhile */
bool target_given_up(void *target);      /* a stop hook for greylag's own statements: leaving takes too long */
void target_tick(struct target *target); /* reports that are due */
/* Waits; true: something came (a fence, leaving). */
bool target_wait(struct target *target, int64_t ms);
void target_working(struct target *target, int64_t sequence);

/* target_job.c, target_fence.c: from the queue to the last report. */
void target_run_job(struct target *target, struct work *work);
void target_answer_fence(struct target *target, struct work *work);
void target_answer_inventory(struct target *target, struct work *work);

/* A report was not taken for sending, and is said again later. What Kafka refuses is told by the bus. */
void target_report_failed(const struct target *target, const struct err *err);
