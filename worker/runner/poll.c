/* From Kafka to the targets' queues, and back to the committed offsets. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wake.h"
#include "proc/crash.h"
#include "report/report.h"
#include "runner/runner_internal.h"

#define PROBLEM_LOG_MS 30000

void runner_problem(struct runner *runner, const char *text)
{
    if (log_due(&runner->said, text, PROBLEM_LOG_MS))
        log_warn("%s", text);
}

bool runner_troubles(struct runner *runner)
{
    struct bus_trouble trouble, list[BUS_TROUBLES_MAX];
    bool over, news = false;
    while (bus_troubles_news(runner->bus.troubles, &trouble, &over)) {
        if (over)
            log_info("over: %s", trouble.text);
        else
            log_error("%s%s%s", trouble.text, *trouble.hint ? ": " : "", trouble.hint);
        news = true;
    }
    if (!news)
        return *runner->bus_problem != '\0';
    size_t count = bus_troubles_list(runner->bus.troubles, list);
    runner->bus_problem[0] = '\0';
    if (count)
        text_format(runner->bus_problem, sizeof runner->bus_problem, "%s; %s", list[0].text, list[0].hint);
    atomic_store(&runner->changed, true);
    return count > 0;
}

void runner_changed(void *context)
{
    struct runner *runner = context;
    atomic_store(&runner->changed, true);
    wake_signal(runner->wake_fd);
}

void runner_finished(void *context, uint64_t tag)
{
    struct runner *runner = context;
    pthread_mutex_lock(&runner->mutex);
    *array_add(runner->finished, runner->finished_count, runner->finished_room) = tag;
    pthread_mutex_unlock(&runner->mutex);
    wake_signal(runner->wake_fd);
}

/* The last report of a job was acknowledged by the broker, or given up; its outcomes are sent again anyway until the
 * coordinator acknowledges them. */
void runner_delivered(void *context, uint64_t tag, const char *failed)
{
    (void)failed; /* the bus notes it */
    struct runner *runner = context;
    if (tag == REPORT_UNWATCHED)
        return;
    CRASH_POINT("report.sent");
    runner_finished(runner, tag);
}

void runner_commit(struct runner *runner)
{
    pthread_mutex_lock(&runner->mutex);
    for (size_t i = 0; i < runner->finished_count; i++)
        offsets_finish(runner->offsets, runner->finished[i]);
    bool any = runner->finished_count > 0;
    runner->finished_count = 0;
    pthread_mutex_unlock(&runner->mutex);
    struct bus_position positions[64];
    size_t count = offsets_moved(runner->offsets, positions, COUNT_OF(positions));
    struct err err = ERR_INIT;
    if (count && !bus_consumer_commit(runner->jobs, positions, count, &err))
        log_debug("commit: %s", err.text);
    if (any)
        CRASH_POINT("job.finished");
}

static void quarantine_log(struct runner *runner)
{
    uint64_t silent;
    atomic_store(&runner->quarantined, quarantine_count(runner->admission.quarantine));
    if (!quarantine_log_due(runner->admission.quarantine, clock_mono_ms(), &silent))
        return;
    const struct quarantined *last = quarantine_last(runner->admission.quarantine);
    log_warn("quarantine: %s partition %d offset %lld: %s (%llu more since the last line)", last->topic,
             last->partition, (long long)last->offset, last->why, (unsigned long long)silent);
}

static void hand_out(struct runner *runner, struct work *work)
{
    struct target *target = runner->targets[work->admitted.target_index];
    if (work->verdict == ADMISSION_CONTROL) {
        target_offer_control(target, work);
        return;
    }
    CRASH_POINT("admission.verified");
    log_debug("job target=%s sequence=%lld release=%s requests=%zu", work->admitted.target->target,
              (long long)work->admitted.job.fence.sequence, work->admitted.job.release,
              work->admitted.job.request_count);
    target_offer_job(target, work);
    runner_changed(runner);
}

static void receive(struct runner *runner, const struct bus_message *message, bool of_jobs)
{
    struct work *work = xcalloc(1, sizeof *work);
    struct admission_source source = {message->topic, message->partition, message->offset};
    struct err err = ERR_INIT;
    work->tag = runner->next_tag++;
    if (of_jobs) {
        CRASH_POINT("admission.received");
        offsets_add(runner->offsets, message->topic, message->partition, message->offset, work->tag);
    }
    work->verdict = admission_open(&runner->admission, &source, message->payload, message->payload_len,
                                   clock_wall_us(), &work->arena, &work->admitted, &err);
    text_format(work->why, sizeof work->why, "%s", err.text);
    bool for_target = work->verdict == ADMISSION_JOB || work->verdict == ADMISSION_VERSION ||
                      work->verdict == ADMISSION_CONTROL;
    if (of_jobs && (!for_target || work->verdict == ADMISSION_CONTROL))
        offsets_finish(runner->offsets, work->tag);
    if (work->verdict == ADMISSION_QUARANTINED && err.kind == ERR_UNTRUSTED)
        runner->untrusted++;
    else if (for_target)
        runner->untrusted = 0;
    if (for_target)
        hand_out(runner, work);
    else
        work_free(work);
    quarantine_log(runner);
}

/* One message; false: nothing more for now. */
static bool read_one(struct runner *runner, struct bus_consumer *consumer)
{
    struct bus_message message;
    struct err err = ERR_INIT;
    if (bus_consumer_poll(consumer, 0, &message, &err)) {
        receive(runner, &message, consumer == runner->jobs);
        bus_message_release(&message);
        return true;
    }
    if (err.kind)
        runner_problem(runner, err.text);
    return err.kind != ERR_NONE;
}

static bool any_full(struct runner *runner)
{
    for (size_t i = 0; i < runner->target_count; i++)
        if (target_full(runner->targets[i]))
            return true;
    return false;
}

void runner_read_kafka(struct runner *runner)
{
    while (read_one(runner, runner->control))
        continue;
    bool full = any_full(runner);
    bus_consumer_pause(runner->jobs, full);
    while (read_one(runner, runner->jobs) && !full) {
        full = any_full(runner);
        bus_consumer_pause(runner->jobs, full);
    }
    int assigned = bus_consumer_assigned(runner->jobs);
    if (assigned != runner->assigned)
        log_info("reading jobs from %d partitions", assigned);
    runner->assigned = assigned;
}
