#include "report/report.h"

#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/pause.h"
#include "proc/crash.h"
#include "report/publish.h"

/* One report that holds outcomes, kept until all of them are acknowledged. Everything in its arena. */
struct batch {
    struct batch *next;
    struct arena arena;
    struct report report;      /* without id and time: each sending has its own */
    struct outcome *outcomes;  /* report.outcomes, while it grows */
    bool *acknowledged;
    size_t open;               /* how many are not acknowledged */
    const char *traceparent;
    bool filling;              /* not sent yet; takes more outcomes */
    int64_t gather_ms;         /* while filling: from its first outcome to its sending */
    int64_t due_ms;            /* next sending */
    struct pause again;        /* after that one */
};

struct reporter {
    struct reporter_settings settings;
    struct batch *batches; /* oldest first */
    int64_t sent_from, sent_through; /* positions of the present job that have gone out in its batches; 0: none */
};

struct reporter *reporter_new(const struct reporter_settings *settings)
{
    struct reporter *reporter = xcalloc(1, sizeof *reporter);
    reporter->settings = *settings;
    return reporter;
}

static void batch_free(struct batch *batch)
{
    arena_release(&batch->arena);
    free(batch);
}

void reporter_free(struct reporter *reporter)
{
    if (!reporter)
        return;
    while (reporter->batches) {
        struct batch *batch = reporter->batches;
        reporter->batches = batch->next;
        batch_free(batch);
    }
    free(reporter);
}

static const char *copied(struct arena *arena, const char *text)
{
    return arena_strdup(arena, text ? text : "");
}

static struct fence fence_copy(struct arena *arena, const struct fence *fence)
{
    return (struct fence){.epoch = fence->epoch, .term = copied(arena, fence->term), .sequence = fence->sequence,
                          .digest = copied(arena, fence->digest)};
}

static struct batch *batch_new(struct reporter *reporter, const struct report *report, const char *traceparent)
{
    struct batch *batch = xcalloc(1, sizeof *batch);
    struct arena *arena = &batch->arena;
    batch->report = (struct report){
        .kind = report->kind, .audience = reporter->settings.audience, .worker = reporter->settings.worker,
        .release = copied(arena, report->release), .fence = fence_copy(arena, &report->fence),
        .in_force = fence_copy(arena, &report->in_force), .refusal = report->refusal,
        .message = copied(arena, report->message),
    };
    batch->traceparent = copied(arena, traceparent);
    batch->outcomes = arena_array(arena, REPORT_BATCH_MAX, sizeof *batch->outcomes);
    batch->acknowledged = arena_array(arena, REPORT_BATCH_MAX, sizeof *batch->acknowledged);
    batch->report.outcomes = batch->outcomes;
    batch->gather_ms = REPORT_BATCH_MS;
    batch->again = (struct pause)PAUSE(REPORT_RESEND_MS, REPORT_RESEND_MAX_MS);
    struct batch **last = &reporter->batches;
    while (*last)
        last = &(*last)->next;
    *last = batch;
    return batch;
}

static bool batch_full(const struct batch *batch)
{
    return batch->report.outcome_count == REPORT_BATCH_MAX || batch->arena.used >= REPORT_BATCH_BYTES;
}

static void batch_add(struct batch *batch, const struct outcome *outcome)
{
    batch->outcomes[batch->report.outcome_count++] = outcome_copy(outcome, &batch->arena);
    batch->open++;
}

static bool send_report(struct reporter *reporter, const struct report *about, const char *traceparent, uint64_t tag,
                        struct err *err)
{
    char id[ID_SIZE];
    size_t len = 0;
    id_new(id);
    struct report report = *about;
    report.id = id;
    report.sent_us = clock_wall_us();
    report.audience = reporter->settings.audience;
    report.worker = reporter->settings.worker;
    auto_free char *payload = report_encode(&report, &len);
    auto_free char *key = xasprintf("%s/%s", report.audience.service, report.audience.target);
    struct publication publication = {
        .type = MESSAGE_REPORT, .topic = reporter->settings.topic, .key = key, .id = id,
        .subject = report.audience.target, .worker = report.worker, .traceparent = traceparent,
        .payload = payload, .len = len, .tag = tag,
    };
    if (report.kind != REPORT_INVENTORY) /* which tells of no step */
        CRASH_POINT("report.before");
    return publish(reporter->settings.producer, reporter->settings.key, &publication, err);
}

static bool batch_send(struct reporter *reporter, struct batch *batch, uint64_t tag, int64_t now_ms, struct err *err)
{
    batch->filling = false;
    batch->due_ms = now_ms + pause_next(&batch->again);
    return send_report(reporter, &batch->report, batch->traceparent, tag, err);
}

static struct batch *filling(struct reporter *reporter)
{
    for (struct batch *batch = reporter->batches; batch; batch = batch->next)
        if (batch->filling)
            return batch;
    return NULL;
}

static void drop(struct reporter *reporter, bool (*which)(const struct batch *batch))
{
    for (struct batch **at = &reporter->batches; *at;) {
        struct batch *batch = *at;
        if (which(batch)) {
            *at = batch->next;
            batch_free(batch);
        } else {
            at = &batch->next;
        }
    }
}

/* What is gathered of a job goes out with its last report. */
static bool is_filling(const struct batch *batch)
{
    return batch->filling;
}

static bool is_closed(const struct batch *batch)
{
    return !batch->filling && batch->open == 0;
}

static bool is_empty(const struct batch *batch)
{
    return batch->filling && batch->report.outcome_count == 0;
}

/* A batch that was being filled goes out, and another takes its place. */
static bool flush_filling(struct reporter *reporter, struct batch *batch, int64_t now_ms, struct err *err)
{
    struct batch *fresh = batch_new(reporter, &batch->report, batch->traceparent);
    fresh->filling = true;
    fresh->gather_ms = batch->gather_ms * 2 < REPORT_BATCH_MAX_MS ? batch->gather_ms * 2 : REPORT_BATCH_MAX_MS;
    fresh->due_ms = INT64_MAX;
    if (!reporter->sent_from)
        reporter->sent_from = batch->outcomes[0].position;
    reporter->sent_through = batch->outcomes[batch->report.outcome_count - 1].position;
    return batch_send(reporter, batch, REPORT_UNWATCHED, now_ms, err);
}

void reporter_begin(struct reporter *reporter, const struct report_about *about, const struct fence *in_force)
{
    drop(reporter, is_empty);
    reporter->sent_from = reporter->sent_through = 0;
    struct batch *left = filling(reporter);
    if (left) {
        left->filling = false; /* of a job that broke off: goes out by the next tick */
        left->due_ms = 0;
    }
    struct report report = {.kind = REPORT_OUTCOMES, .release = about->release, .fence = about->fence,
                            .in_force = *in_force};
    struct batch *batch = batch_new(reporter, &report, about->traceparent);
    batch->filling = true;
    batch->due_ms = INT64_MAX;
}

bool reporter_outcome(struct reporter *reporter, const struct outcome *outcome, int64_t now_ms, struct err *err)
{
    struct batch *batch = filling(reporter);
    batch_add(batch, outcome);
    if (batch->report.outcome_count == 1)
        batch->due_ms = now_ms + batch->gather_ms;
    if (!batch_full(batch) && now_ms < batch->due_ms)
        return true;
    return flush_filling(reporter, batch, now_ms, err);
}

static bool has_gone_out(const struct reporter *reporter, const struct outcome *outcome)
{
    return outcome->position >= reporter->sent_from && outcome->position <= reporter->sent_through;
}

bool reporter_end(struct reporter *reporter, const struct report_about *about, const struct report_end *end,
                  uint64_t tag, int64_t now_ms, struct err *err)
{
    struct report report = {.kind = REPORT_OUTCOMES, .release = about->release, .fence = about->fence,
                            .in_force = end->in_force};
    drop(reporter, is_filling);
    struct batch *batch = batch_new(reporter, &report, about->traceparent);
    bool sent = true;
    for (size_t i = 0; i < end->outcome_count; i++) {
        if (has_gone_out(reporter, &end->outcomes[i]))
            continue;
        if (batch_full(batch)) {
            sent = batch_send(reporter, batch, REPORT_UNWATCHED, now_ms, err) && sent;
            batch = batch_new(reporter, &report, about->traceparent);
        }
        batch_add(batch, &end->outcomes[i]);
    }
    batch->report.kind = end->kind;
    batch->report.refusal = end->refusal;
    batch->report.message = copied(&batch->arena, end->message);
    reporter->sent_from = reporter->sent_through = 0;
    sent = batch_send(reporter, batch, tag, now_ms, err) && sent;
    drop(reporter, is_closed);
    return sent;
}

bool reporter_say(struct reporter *reporter, const struct report *report, const char *traceparent, uint64_t tag,
                  struct err *err)
{
    return send_report(reporter, report, traceparent, tag, err);
}

void reporter_remember(struct reporter *reporter, const struct outcome *outcomes, size_t count,
                       const struct fence *in_force, int64_t now_ms)
{
    struct batch *batch = NULL;
    for (size_t i = 0; i < count; i++) {
        bool another = !batch || batch_full(batch) ||
                       strcmp(batch->report.release, outcomes[i].release) != 0 ||
                       batch->report.fence.sequence != outcomes[i].sequence;
        if (another) {
            struct report report = {.kind = REPORT_OUTCOMES, .release = outcomes[i].release,
                                    .fence = {in_force->epoch, in_force->term, outcomes[i].sequence, ""},
                                    .in_force = *in_force};
            batch = batch_new(reporter, &report, "");
            batch->due_ms = now_ms;
        }
        batch_add(batch, &outcomes[i]);
    }
}

void reporter_acknowledge(struct reporter *reporter, const int64_t *positions, size_t count)
{
    for (struct batch *batch = reporter->batches; batch; batch = batch->next)
        for (size_t i = 0; i < batch->report.outcome_count && batch->open; i++)
            for (size_t k = 0; k < count && !batch->acknowledged[i]; k++)
                if (batch->outcomes[i].position == positions[k]) {
                    batch->acknowledged[i] = true;
                    batch->open--;
                }
    drop(reporter, is_closed);
}

int64_t reporter_tick(struct reporter *reporter, int64_t now_ms, struct err *err)
{
    int64_t next = INT64_MAX;
    for (struct batch *batch = reporter->batches; batch; batch = batch->next) {
        if (batch->due_ms <= now_ms && batch->filling)
            flush_filling(reporter, batch, now_ms, err);
        else if (batch->due_ms <= now_ms)
            batch_send(reporter, batch, REPORT_UNWATCHED, now_ms, err);
        if (batch->due_ms < next)
            next = batch->due_ms;
    }
    return next == INT64_MAX ? -1 : next - now_ms;
}

size_t reporter_waiting(const struct reporter *reporter)
{
    size_t count = 0;
    for (const struct batch *batch = reporter->batches; batch; batch = batch->next)
        count += batch->open;
    return count;
}
