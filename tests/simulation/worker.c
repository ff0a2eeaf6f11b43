/* The model worker: protocol.md, 1, 2 and 4, one micro-step at a time, so that it can be killed or frozen anywhere. The
 * real table of worker/job says what becomes of a job. */
#include <string.h>

#include "simulation/world.h"

#define LEASE_MS 5000
#define RESEND_MS 8000
#define GRACE_MS 2000   /* for what runs when a fence is ordered */
#define AGAIN_MS 3000   /* a blocked job's pause, at most */
#define LONG_STEP_MS 20000
#define LONG_AWAY_MS 200000

static struct database *database_of(struct world *w, const struct worker *worker)
{
    return &w->databases[worker->target];
}

static int number_of(const struct world *w, const struct worker *worker)
{
    return (int)(worker - w->worker);
}

/* The session lives, and the database answers it. */
static bool connected(struct world *w, struct worker *worker)
{
    return !worker->session_dead && w->now >= database_of(w, worker)->away_until;
}

static void unlock(struct world *w, struct worker *worker)
{
    if (database_of(w, worker)->lock == number_of(w, worker))
        database_of(w, worker)->lock = -1;
}

/* Takes the target's lock; a holder whose lease has lapsed is terminated first. */
static enum job_event lock(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    int self = number_of(w, worker);
    if (w->now < db->away_until)
        return JOB_ON_UNABLE;
    if (worker->session_dead) { /* a new session; what the old one had open is gone */
        worker->session_dead = false;
        if (db->lock == self)
            db->lock = -1;
    }
    if (db->lock == self || db->lock < 0) {
        db->lock = self;
        return JOB_ON_LOCKED;
    }
    struct worker *holder = &w->worker[db->lock];
    if (w->now - holder->beat < LEASE_MS || w->plant == PLANT_NO_TERMINATE)
        return JOB_ON_BUSY;
    holder->session_dead = true;
    trace(w, "session terminated", worker->target, db->lock, self);
    db->lock = self;
    return JOB_ON_LOCKED;
}

static void report(struct world *w, struct worker *worker, const struct message *about, enum report_kind kind,
                   enum refusal refusal, const struct row *rows, int count)
{
    struct message message = {.kind = MESSAGE_IS_REPORT, .target = worker->target, .key = worker->key, .report = kind,
                              .refusal = refusal, .count = count, .contents = inventory_of(w, worker->target)};
    if (kind != REPORT_BLOCKED)
        message.in_force = database_of(w, worker)->now.fence;
    message.token = about ? about->token : message.in_force;
    if (count > 0) {
        message.rows = arena_array(&w->arena, (size_t)count, sizeof *rows);
        memcpy(message.rows, rows, (size_t)count * sizeof *rows);
    }
    trace(w, "report", worker->target, kind, count);
    if (about && about->kind == MESSAGE_IS_JOB)
        check_report(w, about, &message);
    broker_send(w, &w->broker.events, &message);
}

/* ---- a job: the actions of its table, and what came of them ---- */

static bool stops_job(const struct row *row)
{
    return row->kind == OUTCOME_FAILED || row->kind == OUTCOME_DRIFT;
}

/* The known outcomes of a job's requests, and what the table's guards ask. */
static int known(struct world *w, struct worker *worker, struct row *rows, struct job_facts *ret_facts)
{
    const struct message *job = worker->job;
    int count = 0;
    *ret_facts = (struct job_facts){.fencing = worker->fence};
    for (int i = 0; i < job->count; i++) {
        const struct row *row = database_find(database_of(w, worker), job->requests[i]);
        if (row) {
            rows[count++] = *row;
            ret_facts->failed |= stops_job(row);
        } else {
            ret_facts->damaged |= job->requests[i].ordinal < w->migrations && w->damaged[job->requests[i].ordinal];
        }
    }
    ret_facts->all_known = count == job->count;
    return count;
}

static void job_end(struct world *w, struct worker *worker)
{
    unlock(w, worker);
    worker->job = NULL;
    worker->jobs_committed = worker->jobs_at;
}

static enum job_event job_report(struct world *w, struct worker *worker, enum report_kind kind, enum refusal refusal)
{
    struct row rows[STEPS_MAX];
    struct job_facts facts;
    int count = known(w, worker, rows, &facts);
    if (refusal == REFUSAL_BUSY || refusal == REFUSAL_VERSION || /* nothing was looked at */
        (w->plant == PLANT_EXPIRY_FIRST && refusal == REFUSAL_EXPIRED))
        count = 0;
    report(w, worker, worker->job, kind, refusal, rows, count);
    job_end(w, worker);
    return JOB_EVENT_COUNT;
}

static bool expired(const struct world *w, const struct worker *worker)
{
    return worker->job->not_after && w->now + w->databases[worker->target].clock > worker->job->not_after;
}

static enum job_event job_raise(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    if (!connected(w, worker))
        return JOB_ON_UNABLE;
    if (database_refuses(w, worker->target, worker->job, &worker->refusal))
        return JOB_ON_DECLINED;
    if (expired(w, worker)) {
        worker->refusal = REFUSAL_EXPIRED;
        return JOB_ON_DECLINED;
    }
    database_raise(w, worker->target, worker->job);
    worker->in_force = db->now.fence;
    worker->run = RUN_BEGINS;
    return JOB_ON_RAISED;
}

static enum outcome_kind run(struct world *w, struct worker *worker, struct row *row, struct request undoes)
{
    struct database *db = database_of(w, worker);
    struct request applied = db->now.applied[row->migration];
    bool up = row->direction != DIRECTION_DOWN, callback = kind_of(w, row->migration) == MIGRATION_CALLBACK;
    bool named = applied.ordinal == undoes.ordinal && applied.attempt == undoes.attempt;
    int limit = up ? w->fails[row->migration] : w->undo_fails[row->migration];
    if (callback && !up)
        broken(w, "P5: target %d is asked to undo callback %d", worker->target, row->migration);
    if (up && !callback && db->now.texts[row->migration] == TEXT_NEW)
        return OUTCOME_ALREADY;
    if (up && !callback && !named && w->plant != PLANT_REPEATABLE_BLIND)
        return OUTCOME_DRIFT;
    if (!up && (!applied.attempt || !named))
        return OUTCOME_DRIFT;
    int *tries = &db->tries[up ? 0 : 1][row->migration];
    if (limit < 0 || *tries < limit) {
        ++*tries;
        return OUTCOME_FAILED;
    }
    return OUTCOME_APPLIED;
}

/* Whether the fence that the transaction share-locks is still this job's, and the session alive. */
static bool inside(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    if (w->plant == PLANT_NO_FENCE_INSIDE || w->plant == PLANT_LOWER_TOKENS)
        return true;
    enum token_order order = token_compare(&worker->job->token, &db->now.fence);
    return !worker->session_dead &&
           (order == TOKEN_SAME || (w->plant == PLANT_NO_CONFLICT && order == TOKEN_CONFLICT));
}

static enum job_event step_begin(struct world *w, struct worker *worker)
{
    const struct message *job = worker->job;
    if (worker->fence)
        return JOB_ON_STOP;
    if (expired(w, worker))
        return JOB_ON_EXPIRED;
    if (!connected(w, worker))
        return JOB_ON_UNABLE;
    if (!inside(w, worker))
        return JOB_ON_FENCED;
    int next = 0;
    while (database_find(database_of(w, worker), job->requests[next]))
        next++;
    struct request request = job->requests[next];
    int n = w->migrations;
    worker->result = (struct row){
        .request = request,
        .direction = request.ordinal >= n ? DIRECTION_DOWN : w->plan.direction,
        .migration = request.ordinal >= n ? 2 * n - 1 - request.ordinal : request.ordinal};
    worker->result.kind = run(w, worker, &worker->result, job->undoes[next]);
    if (w->plant == PLANT_EARLY_EVENT)
        report(w, worker, job, REPORT_OUTCOMES, 0, &worker->result, 1);
    worker->run = RUN_ENDS;
    worker->ends_at = w->now + chance_below(w, chance_percent(w, 10) ? LONG_STEP_MS : 300);
    return JOB_EVENT_COUNT;
}

/* COMMIT, or the failure's own transaction. A cancel may come too late: then the step has ended, and its outcome
 * stands. */
static enum job_event step_end(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    bool traceless = worker->result.kind == OUTCOME_FAILED && w->plant == PLANT_NO_TRACE;
    bool blind = w->plant == PLANT_NO_FENCE_INSIDE;
    if (!connected(w, worker) && !blind)
        return JOB_ON_UNABLE;
    bool runs = w->now < worker->ends_at, cancelled = worker->cancel_at && w->now >= worker->cancel_at;
    if (runs && !cancelled)
        return JOB_EVENT_COUNT;
    if (runs && chance_percent(w, 70)) {
        check_cut(w, worker->target, worker->result.request);
        return JOB_ON_STOP;
    }
    if (!inside(w, worker))
        return JOB_ON_FENCED;
    if (database_find(db, worker->result.request) && !traceless)
        return JOB_ON_UNABLE;
    if (traceless)
        worker->result.position = ++db->positions;
    else
        database_commit(w, worker->target, &worker->job->token, &worker->result);
    worker->run = RUN_RECORDED;
    return w->plant == PLANT_READ_EARLY && worker->fence ? JOB_ON_STOP : JOB_EVENT_COUNT;
}

static enum job_event step_tell(struct world *w, struct worker *worker)
{
    report(w, worker, worker->job, REPORT_OUTCOMES, 0, &worker->result, 1);
    worker->run = RUN_BEGINS;
    return JOB_ON_RECORDED;
}

static enum job_event job_run(struct world *w, struct worker *worker)
{
    switch (worker->run) {
    case RUN_BEGINS:
        return step_begin(w, worker);
    case RUN_ENDS:
        return step_end(w, worker);
    case RUN_RECORDED:
        break;
    }
    return step_tell(w, worker);
}

static enum job_event job_wait(struct world *w, struct worker *worker)
{
    if (worker->fence)
        return JOB_ON_STOP;
    if (worker->again_at == 0) {
        report(w, worker, worker->job, REPORT_BLOCKED, 0, NULL, 0);
        worker->again_at = w->now + chance_below(w, AGAIN_MS);
        return JOB_EVENT_COUNT;
    }
    return w->now < worker->again_at ? JOB_EVENT_COUNT : JOB_ON_RETRY;
}

static enum job_event job_act(struct world *w, struct worker *worker)
{
    switch (worker->action) {
    case JOB_DO_LOCK:
        return lock(w, worker);
    case JOB_DO_LOOK:
        return connected(w, worker) ? JOB_ON_LOOKED : JOB_ON_UNABLE;
    case JOB_DO_RAISE:
        return job_raise(w, worker);
    case JOB_DO_RUN:
        return job_run(w, worker);
    case JOB_DO_WAIT:
        return job_wait(w, worker);
    case JOB_DO_REPORT_FINISHED:
        return job_report(w, worker, REPORT_FINISHED, 0);
    case JOB_DO_REPORT_BUSY:
        return job_report(w, worker, REPORT_REFUSED, REFUSAL_BUSY);
    case JOB_DO_REPORT_CHECKSUM:
        return job_report(w, worker, REPORT_REFUSED, REFUSAL_CHECKSUM);
    case JOB_DO_REPORT_DECLINED:
        return job_report(w, worker, REPORT_REFUSED, worker->refusal);
    case JOB_DO_REPORT_EXPIRED:
        return job_report(w, worker, REPORT_REFUSED, REFUSAL_EXPIRED);
    case JOB_DO_REPORT_STALE:
        return job_report(w, worker, REPORT_REFUSED, REFUSAL_STALE);
    case JOB_DO_LEAVE_TO_FENCE:
        job_end(w, worker);
        break;
    case JOB_DO_LEAVE:
    case JOB_ACTION_COUNT:
        break;
    }
    return JOB_EVENT_COUNT;
}

static void job_step(struct world *w, struct worker *worker)
{
    struct row rows[STEPS_MAX];
    struct job_facts facts;
    enum job_event event = job_act(w, worker);
    if (event == JOB_EVENT_COUNT)
        return;
    known(w, worker, rows, &facts);
    facts.failed |= event == JOB_ON_RECORDED && stops_job(&worker->result);
    const struct job_row *row = job_decide(worker->state, event, &facts);
    if (!row) {
        broken(w, "target %d: a worker has no row for (%s, %s)", worker->target, job_state_text(worker->state),
               job_event_text(event));
        return;
    }
    worker->state = row->next;
    worker->action = row->action;
    worker->again_at = 0;
}

static void job_begin(struct world *w, struct worker *worker, struct message *job)
{
    worker->job = job;
    worker->state = JOB_LOCKING;
    worker->action = JOB_DO_LOCK;
    if (w->now < worker->old_until)
        job_report(w, worker, REPORT_REFUSED, REFUSAL_VERSION);
    else if (w->plant == PLANT_EXPIRY_FIRST && expired(w, worker))
        job_report(w, worker, REPORT_REFUSED, REFUSAL_EXPIRED);
}

/* ---- control ---- */

static void answer_fence(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    const struct message *fence = worker->fence;
    enum refusal refusal = REFUSAL_BUSY;
    enum job_event locked = lock(w, worker);
    if (locked == JOB_ON_UNABLE) {
        if (w->now >= worker->again_at) {
            report(w, worker, fence, REPORT_BLOCKED, 0, NULL, 0);
            worker->again_at = w->now + AGAIN_MS;
        }
        return;
    }
    worker->fence = NULL;
    worker->cancel_at = worker->again_at = 0;
    if (locked == JOB_ON_BUSY || database_refuses(w, worker->target, fence, &refusal)) {
        report(w, worker, fence, REPORT_REFUSED, refusal, db->now.history, db->now.history_count);
    } else {
        database_raise(w, worker->target, fence);
        int count = w->plant == PLANT_READ_EARLY ? worker->read_early : db->now.history_count;
        report(w, worker, fence, REPORT_FENCED, 0, db->now.history, count);
    }
    worker->in_force = db->now.fence;
    unlock(w, worker);
}

static bool is_older(const struct token *a, const struct token *b)
{
    return a->epoch < b->epoch || (a->epoch == b->epoch && a->sequence < b->sequence);
}

/* The latest order waits for the border of a step; what runs is cut after a while, unless the order is patient. */
static void take_fence(struct world *w, struct worker *worker, const struct message *fence)
{
    if (worker->job && !is_older(&worker->in_force, &fence->token))
        return;
    if (!worker->fence || !is_older(&fence->token, &worker->fence->token))
        worker->fence = fence;
    if (!fence->patient && !worker->cancel_at)
        worker->cancel_at = w->now + GRACE_MS;
    worker->read_early = database_of(w, worker)->now.history_count;
}

static void acknowledged(struct database *db, const struct message *message)
{
    for (int i = 0; i < message->count; i++)
        for (int k = 0; k < db->now.history_count; k++)
            if (db->now.history[k].position == message->positions[i])
                db->now.history[k].acknowledged = true;
}

static void hear_control(struct world *w, struct worker *worker)
{
    struct log *log = &w->broker.control;
    if (worker->control_at > log->count)
        worker->control_at = 0;
    while (worker->control_at < log->count) {
        const struct message *message = log->items[worker->control_at++];
        if (message->target != worker->target || w->now < worker->old_until)
            continue;
        if (message->kind == MESSAGE_IS_FENCE)
            take_fence(w, worker, message);
        else if (connected(w, worker) && message->kind == MESSAGE_IS_QUESTION)
            report(w, worker, message, REPORT_INVENTORY, 0, NULL, 0);
        else if (connected(w, worker))
            acknowledged(database_of(w, worker), message);
    }
}

static void resend_outcomes(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    struct row rows[HISTORY_MAX];
    int count = 0;
    worker->resend_at = w->now + RESEND_MS;
    if (w->plant == PLANT_TRUST_BROKER || !connected(w, worker))
        return;
    for (int i = 0; i < db->now.history_count; i++)
        if (!db->now.history[i].acknowledged)
            rows[count++] = db->now.history[i];
    if (count > 0)
        report(w, worker, NULL, REPORT_OUTCOMES, 0, rows, count);
}

/* Of two workers for one target the first one that lives has the partition. */
static bool has_partition(struct world *w, const struct worker *worker)
{
    for (int i = 0; i < number_of(w, worker); i++)
        if (w->worker[i].target == worker->target && w->worker[i].up && w->now - w->worker[i].beat < LEASE_MS)
            return false;
    return true;
}

static void idle(struct world *w, struct worker *worker)
{
    if (w->now >= database_of(w, worker)->away_until) /* a new session; nothing was under way on the old one */
        worker->session_dead = false;
    if (!has_partition(w, worker))
        return;
    struct log *log = &w->broker.jobs[worker->target];
    if (worker->jobs_at > log->count)
        worker->jobs_at = worker->jobs_committed = 0; /* out of range: from the earliest */
    if (worker->jobs_at < log->count)
        job_begin(w, worker, log->items[worker->jobs_at++]);
    else if (w->now >= worker->resend_at)
        resend_outcomes(w, worker);
}

/* What was said on the control topic before is not heard. */
static void begin(struct world *w, struct worker *worker)
{
    worker->up = true;
    worker->began = w->now;
    worker->instance++;
    worker->key = w->control.keys[worker->target];
    worker->jobs_at = worker->jobs_committed;
    worker->control_at = w->broker.control.count;
    trace(w, "worker up", number_of(w, worker), worker->jobs_at, 0);
}

void worker_step(struct world *w, int number)
{
    struct worker *worker = &w->worker[number];
    if (w->now < worker->away_until)
        return;
    if (!worker->up)
        begin(w, worker);
    if (worker->generation != w->broker.generation && chance_percent(w, 50)) { /* the group's offsets are gone too */
        worker->generation = w->broker.generation;
        worker->jobs_committed = 0;
        worker->control_at = 0;
    }
    if (worker->key != w->control.keys[worker->target] && chance_percent(w, 5)) { /* it will begin with the new one */
        worker_crash(w, number);
        return;
    }
    worker->beat = w->now;
    hear_control(w, worker);
    if (worker->job)
        job_step(w, worker);
    else if (worker->fence)
        answer_fence(w, worker);
    else
        idle(w, worker);
}

void worker_crash(struct world *w, int number)
{
    struct worker *worker = &w->worker[number];
    trace(w, "worker killed", number, worker->state, 0);
    unlock(w, worker);
    worker->up = false;
    worker->job = NULL;
    worker->fence = NULL;
    worker->cancel_at = worker->again_at = 0;
    worker->session_dead = false;
    worker->away_until = w->now + chance_below(w, chance_percent(w, 20) ? LONG_AWAY_MS : 15000);
}
