/* The model worker: protocol.md, 1, 2 and 4, one micro-step at a time, so that it can be killed or frozen anywhere. */
#include <string.h>

#include "simulation/world.h"

#define LEASE_MS 5000
#define RESEND_MS 8000

static struct database *database_of(struct world *w, const struct worker *worker)
{
    return &w->databases[worker->target];
}

static int number_of(const struct world *w, const struct worker *worker)
{
    return (int)(worker - w->worker);
}

static bool holds_lock(struct world *w, struct worker *worker)
{
    return !worker->session_dead && database_of(w, worker)->lock == number_of(w, worker);
}

static void unlock(struct world *w, struct worker *worker)
{
    if (database_of(w, worker)->lock == number_of(w, worker))
        database_of(w, worker)->lock = -1;
}

/* Takes the target's lock; a holder whose lease has lapsed is terminated first. */
static bool lock(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    int self = number_of(w, worker);
    if (worker->session_dead) { /* a new session; what the old one had open is gone */
        worker->session_dead = false;
        if (db->lock == self)
            db->lock = -1;
    }
    if (db->lock == self || db->lock < 0) {
        db->lock = self;
        return true;
    }
    struct worker *holder = &w->worker[db->lock];
    if (w->now - holder->beat < LEASE_MS || w->plant == PLANT_NO_TERMINATE)
        return false;
    holder->session_dead = true;
    trace(w, "session terminated", worker->target, db->lock, self);
    db->lock = self;
    return true;
}

static void report(struct world *w, struct worker *worker, const struct message *about, enum report_kind kind,
                   enum refusal refusal, const struct row *rows, int count)
{
    struct message message = {.kind = MESSAGE_IS_REPORT, .target = worker->target, .report = kind, .refusal = refusal,
                              .in_force = database_of(w, worker)->now.fence, .count = count,
                              .contents = inventory_of(w, worker->target)};
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

/* The known outcomes of a job's requests. */
static int known(struct world *w, struct worker *worker, const struct message *job, struct row *rows)
{
    int count = 0;
    for (int i = 0; i < job->count; i++) {
        struct row *row = database_find(database_of(w, worker), job->requests[i]);
        if (row)
            rows[count++] = *row;
    }
    return count;
}

static void job_close(struct world *w, struct worker *worker, bool finished)
{
    unlock(w, worker);
    worker->job = NULL;
    worker->stage = WORKER_IDLE;
    if (finished)
        worker->jobs_committed = worker->jobs_at;
}

static void job_refuse(struct world *w, struct worker *worker, enum refusal refusal)
{
    struct row rows[STEPS_MAX];
    int count = known(w, worker, worker->job, rows);
    if (w->plant == PLANT_EXPIRY_FIRST && refusal == REFUSAL_EXPIRED)
        count = 0;
    report(w, worker, worker->job, REPORT_REFUSED, refusal, rows, count);
    job_close(w, worker, true);
}

/* After the lock: history first, then fence and expiry. */
static void job_admit(struct world *w, struct worker *worker)
{
    struct row rows[STEPS_MAX];
    enum refusal refusal;
    struct message *job = worker->job;
    bool expired = job->not_after && w->now > job->not_after;
    if (w->plant == PLANT_EXPIRY_FIRST && expired) {
        job_refuse(w, worker, REFUSAL_EXPIRED);
        return;
    }
    int count = known(w, worker, job, rows);
    if (count == job->count) {
        report(w, worker, job, REPORT_FINISHED, 0, rows, count);
        job_close(w, worker, true);
        return;
    }
    if (database_refuses(w, worker->target, job, &refusal)) {
        job_refuse(w, worker, refusal);
        return;
    }
    if (expired) {
        job_refuse(w, worker, REFUSAL_EXPIRED);
        return;
    }
    database_raise(w, worker->target, job);
    if (count > 0)
        report(w, worker, job, REPORT_OUTCOMES, 0, rows, count);
    worker->next = 0;
    worker->stage = WORKER_BEGIN;
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

static bool stops_job(const struct row *row)
{
    return row->kind == OUTCOME_FAILED || row->kind == OUTCOME_DRIFT;
}

static void step_begin(struct world *w, struct worker *worker)
{
    struct message *job = worker->job;
    /* a failed request ended this job when it was first delivered: what stands behind it never runs under it */
    const struct row *row = NULL;
    while (worker->next < job->count && (row = database_find(database_of(w, worker), job->requests[worker->next])) &&
           !stops_job(row))
        worker->next++;
    if (worker->next == job->count || row) {
        worker->stage = WORKER_FINISH;
        return;
    }
    if (job->not_after && w->now > job->not_after) { /* stops the start of a step */
        job_refuse(w, worker, REFUSAL_EXPIRED);
        return;
    }
    if (!inside(w, worker)) {
        trace(w, "aborted", worker->target, worker->next, 0);
        job_close(w, worker, false);
        return;
    }
    struct request request = job->requests[worker->next];
    int n = w->migrations;
    worker->result = (struct row){
        .request = request,
        .direction = request.ordinal >= n ? DIRECTION_DOWN : w->plan.direction,
        .migration = request.ordinal >= n ? 2 * n - 1 - request.ordinal : request.ordinal};
    worker->result.kind = run(w, worker, &worker->result, job->undoes[worker->next]);
    if (w->plant == PLANT_EARLY_EVENT)
        report(w, worker, job, REPORT_OUTCOMES, 0, &worker->result, 1);
    worker->stage = worker->result.kind == OUTCOME_FAILED ? WORKER_RECORD : WORKER_COMMIT;
}

/* The second half of the transaction: COMMIT, or the failure's own transaction. */
static void step_commit(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    bool traceless = worker->stage == WORKER_RECORD && w->plant == PLANT_NO_TRACE;
    if (!inside(w, worker) || (database_find(db, worker->result.request) && !traceless)) {
        job_close(w, worker, false);
        return;
    }
    if (traceless)
        worker->result.position = ++db->positions;
    else
        database_commit(w, worker->target, &worker->job->token, &worker->result);
    worker->stage = WORKER_PUBLISH;
}

static void step_publish(struct world *w, struct worker *worker)
{
    report(w, worker, worker->job, REPORT_OUTCOMES, 0, &worker->result, 1);
    worker->next++;
    worker->stage = stops_job(&worker->result) ? WORKER_FINISH : WORKER_BEGIN;
}

static void job_finish(struct world *w, struct worker *worker)
{
    struct row rows[STEPS_MAX];
    int count = known(w, worker, worker->job, rows);
    report(w, worker, worker->job, REPORT_FINISHED, 0, rows, count);
    job_close(w, worker, true);
}

/* ---- control ---- */

static void answer_fence(struct world *w, struct worker *worker, const struct message *fence)
{
    struct database *db = database_of(w, worker);
    enum refusal refusal;
    struct token before = db->now.fence;
    if (!lock(w, worker))
        return; /* the holder hears it too; when its lease has lapsed, the repetition finds us able */
    if (worker->job && token_compare(&fence->token, &before) != TOKEN_HIGHER) {
        report(w, worker, fence, REPORT_REFUSED, REFUSAL_STALE, NULL, 0);
        return;
    }
    if (database_refuses(w, worker->target, fence, &refusal)) {
        report(w, worker, fence, REPORT_REFUSED, refusal, NULL, 0);
    } else {
        database_raise(w, worker->target, fence);
        report(w, worker, fence, REPORT_FENCED, 0, db->now.history, db->now.history_count);
        if (worker->job) /* at the border of a step: the rest will not run */
            job_close(w, worker, true);
    }
    if (!worker->job)
        unlock(w, worker);
}

static void acknowledged(struct database *db, const struct message *message)
{
    for (int i = 0; i < message->count; i++)
        for (int k = 0; k < db->now.history_count; k++)
            if (db->now.history[k].position == message->positions[i])
                db->now.history[k].acknowledged = true;
}

static bool hear_control(struct world *w, struct worker *worker)
{
    struct log *log = &w->broker.control;
    if (worker->control_at > log->count)
        worker->control_at = 0;
    while (worker->control_at < log->count) {
        const struct message *message = log->items[worker->control_at++];
        if (message->target != worker->target)
            continue;
        if (message->kind == MESSAGE_IS_FENCE)
            answer_fence(w, worker, message);
        else if (message->kind == MESSAGE_IS_QUESTION)
            report(w, worker, message, REPORT_INVENTORY, 0, NULL, 0);
        else
            acknowledged(database_of(w, worker), message);
        return true;
    }
    return false;
}

static void resend_outcomes(struct world *w, struct worker *worker)
{
    struct database *db = database_of(w, worker);
    struct row rows[HISTORY_MAX];
    int count = 0;
    worker->resend_at = w->now + RESEND_MS;
    if (w->plant == PLANT_TRUST_BROKER)
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
    if (!has_partition(w, worker))
        return;
    struct log *log = &w->broker.jobs[worker->target];
    if (worker->jobs_at > log->count)
        worker->jobs_at = worker->jobs_committed = 0; /* out of range: from the earliest */
    if (worker->jobs_at < log->count) {
        worker->job = log->items[worker->jobs_at++];
        worker->stage = WORKER_LOCKED;
    } else if (w->now >= worker->resend_at) {
        resend_outcomes(w, worker);
    }
}

static void step(struct world *w, struct worker *worker)
{
    switch (worker->stage) {
    case WORKER_IDLE:
        idle(w, worker);
        break;
    case WORKER_LOCKED:
        if (lock(w, worker))
            job_admit(w, worker);
        else
            job_refuse(w, worker, REFUSAL_BUSY);
        break;
    case WORKER_BEGIN:
        step_begin(w, worker);
        break;
    case WORKER_COMMIT:
    case WORKER_RECORD:
        step_commit(w, worker);
        break;
    case WORKER_PUBLISH:
        step_publish(w, worker);
        break;
    case WORKER_FINISH:
        job_finish(w, worker);
        break;
    }
}

void worker_step(struct world *w, int number)
{
    struct worker *worker = &w->worker[number];
    if (w->now < worker->away_until)
        return;
    if (!worker->up) {
        worker->up = true;
        worker->jobs_at = worker->jobs_committed;
        worker->control_at = 0;
        trace(w, "worker up", number, worker->jobs_at, 0);
    }
    if (worker->generation != w->broker.generation && chance_percent(w, 50)) { /* the group's offsets are gone too */
        worker->generation = w->broker.generation;
        worker->jobs_committed = 0;
        worker->control_at = 0;
    }
    worker->beat = w->now;
    /* a session that was terminated is noticed with its next statement */
    if (worker->session_dead && worker->job && w->plant != PLANT_NO_FENCE_INSIDE) {
        job_close(w, worker, false);
        worker->session_dead = false;
        return;
    }
    bool border = worker->stage == WORKER_IDLE || worker->stage == WORKER_BEGIN;
    if (border && (!worker->job || holds_lock(w, worker)) && hear_control(w, worker))
        return;
    step(w, worker);
}

void worker_crash(struct world *w, int number)
{
    struct worker *worker = &w->worker[number];
    trace(w, "worker killed", number, worker->stage, 0);
    unlock(w, worker);
    worker->up = false;
    worker->job = NULL;
    worker->stage = WORKER_IDLE;
    worker->session_dead = false;
    worker->away_until = w->now + chance_below(w, 15000);
}
