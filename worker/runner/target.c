#include "runner/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "runner/target_internal.h"

void work_free(struct work *work)
{
    if (!work)
        return;
    arena_release(&work->arena);
    free(work);
}

/* ---- offered by the polling thread ---- */

void target_offer_job(struct target *target, struct work *work)
{
    pthread_mutex_lock(&target->mutex);
    work->next = NULL;
    *target->jobs_end = work;
    target->jobs_end = &work->next;
    target->job_count++;
    target->job_bytes += work->arena.used;
    if (!target->description.working)
        target->description.working = work->admitted.job.fence.sequence;
    pthread_cond_signal(&target->wake);
    pthread_mutex_unlock(&target->mutex);
}

static void add_positions(int64_t **positions, size_t *count, const int64_t *more, size_t more_count)
{
    *positions = xrealloc(*positions, (*count + more_count + 1) * sizeof **positions);
    if (more_count)
        memcpy(*positions + *count, more, more_count * sizeof **positions);
    *count += more_count;
}

static bool older(const struct fence *a, const struct fence *b)
{
    return a->epoch < b->epoch || (a->epoch == b->epoch && a->sequence < b->sequence);
}

/* The latest of its kind waits; what it replaces, or the one that is older itself, comes back to be freed. */
static struct work *keep_latest(struct work **slot, struct work *work)
{
    struct work *kept = *slot;
    if (kept && older(&work->admitted.control.fence, &kept->admitted.control.fence))
        return work;
    *slot = work;
    return kept;
}

void target_offer_control(struct target *target, struct work *work)
{
    const struct control *control = &work->admitted.control;
    bool cut;
    pthread_mutex_lock(&target->mutex);
    switch (control->kind) {
    case CONTROL_ACKNOWLEDGE:
        add_positions(&target->acknowledged, &target->acknowledged_count, control->positions,
                      control->position_count);
        break;
    case CONTROL_FENCE:
        if (target->description.working && !older(&target->description.fence, &control->fence))
            break; /* what runs came after it: a repeat that was on its way, or one that somebody put there again */
        cut = !control->patient;
        work = keep_latest(&target->fence, work);
        if (cut && !target->cancel_at_ms)
            target->cancel_at_ms = clock_mono_ms() + FENCE_GRACE_MS;
        break;
    case CONTROL_INVENTORY:
        work = keep_latest(&target->inventory, work);
        break;
    case CONTROL_KIND_COUNT:
        break;
    }
    pthread_cond_signal(&target->wake);
    pthread_mutex_unlock(&target->mutex);
    work_free(work);
}

bool target_full(struct target *target)
{
    pthread_mutex_lock(&target->mutex);
    bool full = target->job_count >= TARGET_QUEUE_MAX || target->job_bytes >= TARGET_QUEUE_BYTES;
    pthread_mutex_unlock(&target->mutex);
    return full;
}

void target_describe(struct target *target, struct arena *arena, struct presence_target *ret_description)
{
    pthread_mutex_lock(&target->mutex);
    *ret_description = (struct presence_target){
        .service = target->settings.audience.service,
        .target = target->settings.audience.target,
        .fence = {.epoch = target->description.fence.epoch, .term = arena_strdup(arena, target->description.term),
                  .sequence = target->description.fence.sequence,
                  .digest = arena_strdup(arena, target->description.digest)},
        .contents = arena_strdup(arena, target->description.contents),
        .working = target->description.working,
        .system_identifier = arena_strdup(arena, target->description.system_identifier),
        .problem = arena_strdup(arena, target->description.problem),
    };
    pthread_mutex_unlock(&target->mutex);
}

void target_stop(struct target *target, int64_t grace_ms)
{
    pthread_mutex_lock(&target->mutex);
    int64_t at = clock_mono_ms() + grace_ms;
    target->stopping = true;
    if (!target->cancel_at_ms || at < target->cancel_at_ms)
        target->cancel_at_ms = at;
    if (!target->give_up_at_ms || at + GIVE_UP_MS < target->give_up_at_ms)
        target->give_up_at_ms = at + GIVE_UP_MS;
    pthread_cond_signal(&target->wake);
    pthread_mutex_unlock(&target->mutex);
}

const struct target_counts *target_counts(const struct target *target)
{
    return &target->counts;
}

void target_report_failed(const struct target *target, const struct err *err)
{
    if (err->kind != ERR_UNTRUSTED && err->kind != ERR_UNREACHABLE)
        log_warn("target %s: report: %s", target->settings.audience.target, err->text);
}

/* ---- the thread ---- */

bool target_must_stop(struct target *target, bool *ret_fencing)
{
    pthread_mutex_lock(&target->mutex);
    bool fencing = target->fence != NULL, stopping = target->stopping;
    pthread_mutex_unlock(&target->mutex);
    *ret_fencing = fencing;
    return fencing || stopping;
}

bool target_leaving(void *context)
{
    struct target *target = context;
    pthread_mutex_lock(&target->mutex);
    bool stopping = target->stopping;
    pthread_mutex_unlock(&target->mutex);
    return stopping;
}

bool target_interrupted(void *context)
{
    bool fencing;
    return target_must_stop(context, &fencing);
}

static void take_acknowledged(struct target *target)
{
    pthread_mutex_lock(&target->mutex);
    int64_t *positions = target->acknowledged;
    size_t count = target->acknowledged_count;
    target->acknowledged = NULL;
    target->acknowledged_count = 0;
    pthread_mutex_unlock(&target->mutex);
    reporter_acknowledge(target->reporter, positions, count);
    add_positions(&target->pending, &target->pending_count, positions, count);
    free(positions);
}

bool target_cancel_due(void *context)
{
    struct target *target = context;
    take_acknowledged(target);
    target_tick(target);
    pthread_mutex_lock(&target->mutex);
    bool due = target->cancel_at_ms && clock_mono_ms() >= target->cancel_at_ms;
    pthread_mutex_unlock(&target->mutex);
    return due;
}

bool target_given_up(void *context)
{
    struct target *target = context;
    pthread_mutex_lock(&target->mutex);
    bool due = target->give_up_at_ms && clock_mono_ms() >= target->give_up_at_ms;
    pthread_mutex_unlock(&target->mutex);
    return due;
}

void target_tick(struct target *target)
{
    struct err err = ERR_INIT;
    reporter_tick(target->reporter, clock_mono_ms(), &err);
    if (err.kind)
        target_report_failed(target, &err);
}

void target_working(struct target *target, int64_t sequence)
{
    pthread_mutex_lock(&target->mutex);
    if (!sequence && target->jobs)
        sequence = target->jobs->admitted.job.fence.sequence;
    bool changed = target->description.working != sequence;
    target->description.working = sequence;
    pthread_mutex_unlock(&target->mutex);
    if (changed)
        target->settings.notices.changed(target->settings.notices.context);
}

bool target_wait(struct target *target, int64_t ms)
{
    struct timespec until = clock_mono_after(ms);
    pthread_mutex_lock(&target->mutex);
    while (!target->fence && !target->stopping)
        if (pthread_cond_timedwait(&target->wake, &target->mutex, &until) == ETIMEDOUT)
            break;
    bool came = target->fence || target->stopping;
    pthread_mutex_unlock(&target->mutex);
    return came;
}

/* What to do next: a fence before an inventory before a job. All NULL: nothing came within ms (-1: no limit). */
struct next {
    struct work *fence, *inventory, *job;
    bool leave;
};

static bool something(const struct target *target)
{
    return target->stopping || target->fence || target->inventory || target->jobs || target->acknowledged_count;
}

static struct next take(struct target *target, int64_t ms)
{
    struct next next = {0};
    struct timespec until = clock_mono_after(ms < 0 ? 0 : ms);
    pthread_mutex_lock(&target->mutex);
    while (!something(target)) {
        int code = ms < 0 ? pthread_cond_wait(&target->wake, &target->mutex)
                          : pthread_cond_timedwait(&target->wake, &target->mutex, &until);
        if (code == ETIMEDOUT)
            break;
    }
    next.leave = target->stopping;
    if (!next.leave && target->fence) {
        next.fence = target->fence;
        target->fence = NULL;
        target->cancel_at_ms = 0;
    } else if (!next.leave && target->inventory) {
        next.inventory = target->inventory;
        target->inventory = NULL;
    } else if (!next.leave && target->jobs) {
        next.job = target->jobs;
        target->jobs = next.job->next;
        if (!target->jobs)
            target->jobs_end = &target->jobs;
        target->job_count--;
        target->job_bytes -= next.job->arena.used;
    }
    pthread_mutex_unlock(&target->mutex);
    return next;
}

/* The work of an idle target: the session, acknowledgements, reports, giving the lock back. Returns how long
 * to wait. */
static int64_t idle(struct target *target, int64_t since_ms, struct pause *again)
{
    struct err err = ERR_INIT;
    take_acknowledged(target);
    int64_t now = clock_mono_ms();
    int64_t wait = reporter_tick(target->reporter, now, &err);
    if (err.kind)
        target_report_failed(target, &err);
    if (!session_ready(target, &err)) {
        session_trouble(target, &err);
        int64_t pause = pause_next(again);
        return wait >= 0 && wait < pause ? wait : pause;
    }
    pause_reset(again);
    session_problem(target, "");
    session_acknowledge(target);
    session_prune(target);
    if (target->locked && now - since_ms >= UNLOCK_IDLE_MS)
        session_unlock(target);
    if (target->locked && (wait < 0 || wait > UNLOCK_IDLE_MS))
        wait = UNLOCK_IDLE_MS;
    /* What was just remembered is due now. Otherwise the session is looked at now and then: a database that was
     * replaced under it holds something else. */
    if (reporter_waiting(target->reporter) && wait < 0)
        return 0;
    return wait < 0 || wait > SESSION_LOOK_MS ? SESSION_LOOK_MS : wait;
}

static void *run(void *context)
{
    struct target *target = context;
    int64_t busy_at = clock_mono_ms();
    struct pause again = PAUSE(BLOCKED_FIRST_MS, BLOCKED_MAX_MS);
    for (;;) {
        struct next next = take(target, idle(target, busy_at, &again));
        if (next.leave)
            break;
        if (next.fence)
            target_answer_fence(target, next.fence);
        else if (next.inventory)
            target_answer_inventory(target, next.inventory);
        else if (next.job)
            target_run_job(target, next.job);
        if (next.fence || next.job)
            busy_at = clock_mono_ms();
    }
    struct err err = ERR_INIT;
    take_acknowledged(target);
    session_acknowledge(target);
    reporter_tick(target->reporter, clock_mono_ms() + REPORT_BATCH_MAX_MS, &err); /* what was still being gathered */
    session_unlock(target);
    return NULL;
}

bool target_start(const struct target_settings *settings, struct target **ret_target, struct err *err)
{
    struct target *target = xcalloc(1, sizeof *target);
    target->settings = *settings;
    target->jobs_end = &target->jobs;
    snprintf(target->description.problem, sizeof target->description.problem, "not connected yet");
    target->description.fence = (struct fence){.term = "", .digest = ""};
    target->reporter = reporter_new(&(struct reporter_settings){
        .audience = settings->audience, .worker = settings->worker, .key = settings->key,
        .producer = settings->producer, .topic = settings->events_topic});
    pthread_mutex_init(&target->mutex, NULL);
    clock_cond_init(&target->wake);
    if (pthread_create(&target->thread, NULL, run, target) == 0) {
        *ret_target = target;
        return true;
    }
    err_errno(err, "starting a thread for target %s", settings->audience.target);
    reporter_free(target->reporter);
    free(target);
    return false;
}

bool target_join(struct target *target, int64_t wait_ms)
{
    struct timespec until = clock_mono_after(wait_ms);
    if (!target->joined)
        target->joined = pthread_clockjoin_np(target->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
    return target->joined;
}

void target_free(struct target *target)
{
    if (!target)
        return;
    while (target->jobs) {
        struct work *work = target->jobs;
        target->jobs = work->next;
        work_free(work);
    }
    work_free(target->fence);
    work_free(target->inventory);
    free(target->acknowledged);
    free(target->pending);
    reporter_free(target->reporter);
    ledger_close(target->ledger);
    pthread_cond_destroy(&target->wake);
    pthread_mutex_destroy(&target->mutex);
    free(target);
}
