/* One job, from the queue to its last report, as the table of worker/job says. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "base/text.h"
#include "executor/executor.h"
#include "job/job.h"
#include "runner/target_internal.h"

struct run {
    struct target *target;
    struct work *work;
    const struct job *job;
    struct arena arena;
    struct job_facts facts;
    struct outcome *outcomes; /* of this job's requests, in history order; room for all */
    size_t outcome_count;
    bool *known;              /* which requests have one */
    struct fence in_force;
    enum refusal refusal;
    char message[256];
    struct pause blocked;    /* grows until something is recorded */
    int64_t blocked_said_ms; /* when it was told last */
    struct err err;
};

static struct report_about about_of(const struct run *run)
{
    struct report_about about = {.release = run->job->release, .fence = run->job->fence,
                                 .traceparent = run->job->traceparent};
    about.fence.digest = run->work->admitted.digest;
    return about;
}

static void note(struct run *run, const struct outcome *outcome)
{
    for (size_t i = 0; i < run->job->request_count; i++)
        if (!run->known[i] && strcmp(run->job->requests[i].request, outcome->request) == 0) {
            run->known[i] = true;
            run->outcomes[run->outcome_count++] = *outcome;
        }
    run->facts.all_known = run->outcome_count == run->job->request_count;
    run->facts.failed |= outcome->kind == OUTCOME_FAILED || outcome->kind == OUTCOME_DRIFT;
}

static void count(struct target *target, const struct outcome *outcome)
{
    atomic_uint_fast64_t *const counters[] = {
        [OUTCOME_APPLIED] = &target->counts.applied, [OUTCOME_ALREADY] = &target->counts.already,
        [OUTCOME_FAILED] = &target->counts.failed, [OUTCOME_DRIFT] = &target->counts.drift};
    atomic_fetch_add(counters[outcome->kind], 1);
}

static enum job_event unable(struct run *run)
{
    return run->err.kind == ERR_FENCED ? JOB_ON_FENCED : JOB_ON_UNABLE;
}

static enum job_event do_lock(struct run *run)
{
    bool busy;
    char holder[256] = "";
    if (!session_lock(run->target, target_interrupted, &busy, holder, &run->err))
        return target_must_stop(run->target, &run->facts.fencing) ? JOB_ON_STOP : JOB_ON_UNABLE;
    if (!busy) {
        session_problem(run->target, "");
        return JOB_ON_LOCKED;
    }
    if (target_must_stop(run->target, &run->facts.fencing))
        return JOB_ON_STOP;
    text_format(run->message, sizeof run->message, "%s", holder);
    return JOB_ON_BUSY;
}

static enum job_event do_look(struct run *run)
{
    const struct job *job = run->job;
    const char **requests = arena_array(&run->arena, job->request_count + 1, sizeof *requests);
    for (size_t i = 0; i < job->request_count; i++)
        requests[i] = job->requests[i].request;
    const struct outcome *outcomes;
    size_t found;
    if (!ledger_find(run->target->ledger, requests, job->request_count, &run->arena, &outcomes, &found, &run->err) ||
        !ledger_fence_read(run->target->ledger, &run->arena, &run->in_force, &run->err))
        return JOB_ON_UNABLE;
    run->outcome_count = 0;
    memset(run->known, 0, job->request_count * sizeof *run->known);
    for (size_t i = 0; i < found; i++)
        note(run, &outcomes[i]);
    return JOB_ON_LOOKED;
}

static enum job_event do_raise(struct run *run)
{
    struct ledger_raise raise = {.fence = run->job->fence, .expects = run->job->expects,
                                 .not_after_us = run->job->not_after_us};
    raise.fence.digest = run->work->admitted.digest;
    if (!ledger_fence_raise(run->target->ledger, &raise, &run->arena, &run->refusal, run->message, &run->in_force,
                            &run->err))
        return unable(run);
    if (run->refusal != REFUSAL_COUNT)
        return JOB_ON_DECLINED;
    session_in_force(run->target, &run->in_force);
    struct report_about about = about_of(run);
    reporter_begin(run->target->reporter, &about, &run->in_force);
    return JOB_ON_RAISED;
}

static void log_outcome(const struct run *run, const struct job_request *request, const struct executor_result *result)
{
    const struct outcome *outcome = &result->outcome;
    char text[CLOCK_TEXT_SIZE];
    clock_duration(outcome->finished_us - outcome->started_us, text);
    const char *target = run->target->settings.audience.target;
    if (outcome->kind == OUTCOME_FAILED || outcome->kind == OUTCOME_DRIFT)
        log_error("target %s: %s %s (%s) %s after %s, attempt %lld: %s %s", target, direction_text(request->direction),
                  request->migration, request->name, outcome_text(outcome->kind), text, (long long)outcome->attempt,
                  outcome->sqlstate, *outcome->message ? outcome->message : outcome->detail);
    else
        log_info("target %s: %s %s (%s) %s in %s", target, direction_text(request->direction), request->migration,
                 request->name, outcome_text(outcome->kind), text);
    if (result->warning && *result->warning)
        log_warn("target %s: %s: %s", target, request->migration, result->warning);
}

static enum job_event recorded(struct run *run, size_t index, const struct executor_result *result)
{
    pause_reset(&run->blocked); /* a step that cannot be recorded is tried ever more rarely */
    log_outcome(run, &run->job->requests[index], result);
    count(run->target, &result->outcome);
    note(run, &result->outcome);
    if (!run->facts.failed && !run->facts.all_known &&
        !reporter_outcome(run->target->reporter, &result->outcome, clock_mono_ms(), &run->err))
        target_report_failed(run->target, &run->err);
    return JOB_ON_RECORDED;
}

/* No step failed, and none ends: somebody has to look at what it waits for. */
static void is_waiting(void *context, const char *why)
{
    session_problem(context, why);
}

static enum job_event do_run(struct run *run)
{
    if (target_must_stop(run->target, &run->facts.fencing))
        return JOB_ON_STOP;
    size_t index = 0;
    while (run->known[index])
        index++;
    const struct target_settings *settings = &run->target->settings;
    struct executor_hooks hooks = {.stop = target_cancel_due, .context = run->target,
                                   .waiting = is_waiting, .secrets = settings->secrets,
                                   .secret_count = settings->secret_count};
    struct executor_result result = {0};
    switch (executor_apply(run->target->ledger, run->job, index, &hooks, &run->arena, &result, &run->err)) {
    case EXECUTOR_RECORDED:
        return recorded(run, index, &result);
    case EXECUTOR_FENCED:
        return JOB_ON_FENCED;
    case EXECUTOR_EXPIRED:
        return JOB_ON_EXPIRED;
    case EXECUTOR_STOPPED:
        target_must_stop(run->target, &run->facts.fencing);
        return JOB_ON_STOP;
    case EXECUTOR_BLOCKED:
    case EXECUTOR_END_COUNT:
        break;
    }
    return JOB_ON_UNABLE;
}

static enum job_event do_wait(struct run *run)
{
    struct target *target = run->target;
    int64_t now = clock_mono_ms();
    session_trouble(target, &run->err);
    if (!run->blocked_said_ms || now - run->blocked_said_ms >= BLOCKED_REPORT_MS) {
        struct report_about about = about_of(run);
        struct report report = {.kind = REPORT_BLOCKED, .release = about.release, .fence = about.fence,
                                .in_force = run->in_force, .message = run->err.text};
        struct err err = ERR_INIT;
        atomic_fetch_add(&target->counts.blocked, 1);
        run->blocked_said_ms = now;
        reporter_say(target->reporter, &report, about.traceparent, REPORT_UNWATCHED, &err);
    }
    run->blocked.most_ms = run->err.kind == ERR_FULL ? BLOCKED_FULL_MS : BLOCKED_MAX_MS;
    target_tick(target);
    if (target_wait(target, pause_next(&run->blocked))) {
        target_must_stop(target, &run->facts.fencing);
        return JOB_ON_STOP;
    }
    return JOB_ON_RETRY;
}

static void end(struct run *run, enum report_kind kind, enum refusal refusal, const char *message)
{
    struct target *target = run->target;
    struct report_about about = about_of(run);
    struct report_end report = {.kind = kind, .refusal = refusal, .message = message, .outcomes = run->outcomes,
                                .outcome_count = run->outcome_count, .in_force = run->in_force};
    struct err err = ERR_INIT;
    if (kind == REPORT_REFUSED) {
        atomic_fetch_add(&target->counts.refused, 1);
        log_warn("target %s: job %lld of release %s refused, %s: %s", target->settings.audience.target,
                 (long long)run->job->fence.sequence, run->job->release, refusal_text(refusal), message);
    }
    if (reporter_end(target->reporter, &about, &report, run->work->tag, clock_mono_ms(), &err))
        return;
    target_report_failed(target, &err);
    target->settings.notices.finished(target->settings.notices.context, run->work->tag);
}

/* After the fence in force has changed under the job. */
static void reread_in_force(struct run *run)
{
    struct fence fence;
    struct err err = ERR_INIT;
    if (ledger_fence_read(run->target->ledger, &run->arena, &fence, &err)) {
        run->in_force = fence;
        session_in_force(run->target, &fence);
    }
}

static enum job_event act(struct run *run, enum job_action action)
{
    if (action != JOB_DO_WAIT) /* which tells why */
        err_clear(&run->err);
    switch (action) {
    case JOB_DO_LOCK:
        return do_lock(run);
    case JOB_DO_LOOK:
        return do_look(run);
    case JOB_DO_RAISE:
        return do_raise(run);
    case JOB_DO_RUN:
        return do_run(run);
    case JOB_DO_WAIT:
        return do_wait(run);
    case JOB_DO_REPORT_FINISHED:
        end(run, REPORT_FINISHED, 0, "");
        break;
    case JOB_DO_REPORT_BUSY:
        end(run, REPORT_REFUSED, REFUSAL_BUSY, run->message);
        break;
    case JOB_DO_REPORT_CHECKSUM:
        end(run, REPORT_REFUSED, REFUSAL_CHECKSUM, run->work->admitted.damage);
        break;
    case JOB_DO_REPORT_DECLINED:
        end(run, REPORT_REFUSED, run->refusal, run->message);
        break;
    case JOB_DO_REPORT_EXPIRED:
        end(run, REPORT_REFUSED, REFUSAL_EXPIRED, "not_after has passed");
        break;
    case JOB_DO_REPORT_STALE:
        reread_in_force(run);
        end(run, REPORT_REFUSED, REFUSAL_STALE, "a higher fence came into force");
        break;
    case JOB_DO_LEAVE_TO_FENCE:
        run->target->settings.notices.finished(run->target->settings.notices.context, run->work->tag);
        break;
    case JOB_DO_LEAVE:
    case JOB_ACTION_COUNT:
        break;
    }
    return JOB_EVENT_COUNT;
}

static void run_known_version(struct run *run)
{
    enum job_state state = JOB_RECEIVED;
    enum job_event event = target_must_stop(run->target, &run->facts.fencing) ? JOB_ON_STOP : JOB_ON_START;
    while (!job_state_terminal(state)) {
        const struct job_row *row = job_decide(state, event, &run->facts);
        if (!row) {
            log_error("target %s: no row for (%s, %s)", run->target->settings.audience.target, job_state_text(state),
                      job_event_text(event));
            return;
        }
        log_debug("job target=%s sequence=%lld state=%s event=%s action=\"%s\"", run->target->settings.audience.target,
                  (long long)run->job->fence.sequence, job_state_text(state), job_event_text(event),
                  job_action_text(row->action));
        state = row->next;
        event = act(run, row->action);
    }
}

void target_run_job(struct target *target, struct work *work)
{
    struct run run = {.target = target, .work = work, .job = &work->admitted.job,
                      .in_force = {.term = "", .digest = ""}, .blocked = PAUSE(BLOCKED_FIRST_MS, BLOCKED_MAX_MS)};
    run.facts.damaged = work->admitted.damaged;
    run.outcomes = arena_array(&run.arena, run.job->request_count + 1, sizeof *run.outcomes);
    run.known = arena_array(&run.arena, run.job->request_count + 1, sizeof *run.known);
    atomic_fetch_add(&target->counts.jobs, 1);
    target_working(target, run.job->fence.sequence);
    if (work->verdict == ADMISSION_VERSION)
        end(&run, REPORT_REFUSED, REFUSAL_VERSION, work->why);
    else
        run_known_version(&run);
    if (target->ledger && ledger_connected(target->ledger) && run.outcome_count)
        session_describe(target);
    arena_release(&run.arena);
    work_free(work);
    target_working(target, 0);
}
