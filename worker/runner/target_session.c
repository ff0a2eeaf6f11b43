#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "runner/target_internal.h"

#define PRUNE_ROWS 1000
#define PRUNE_EVERY_MS 3600000
#define CLOCK_OFF "this worker's clock is %lld s %s the database's: set the one that is wrong"

static void trace(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    struct target *target = context;
    char text[CLOCK_TEXT_SIZE];
    log_debug("sql target=%s time=\"%s\" tag=%s: %s", target->settings.audience.target,
              clock_duration(duration_us, text), tag, statement);
}

static void say_problem(struct target *target, const char *problem, const char *hint)
{
    pthread_mutex_lock(&target->mutex);
    bool changed = strcmp(target->description.problem, problem) != 0;
    text_format(target->description.problem, sizeof target->description.problem, "%s", problem);
    pthread_mutex_unlock(&target->mutex);
    if (!changed)
        return;
    if (*problem)
        log_warn("target %s: %s%s%s", target->settings.audience.target, problem, *hint ? "; " : "", hint);
    else
        log_info("target %s: ready (%s)", target->settings.audience.target, ledger_describe(target->ledger));
    target->settings.notices.changed(target->settings.notices.context);
}

/* A clock that is far ahead is a problem where there is no other one: what the coordinator asks has expired by it. */
void session_problem(struct target *target, const char *problem)
{
    char clock[128];
    int64_t ahead_ms = *problem || !target->ledger ? 0 : ledger_clock_ahead_ms(target->ledger);
    if (ahead_ms * 1000 > ADMISSION_CLOCK_US) {
        text_format(clock, sizeof clock, CLOCK_OFF, (long long)ahead_ms / 1000, "ahead of");
        problem = clock;
    }
    say_problem(target, problem, "");
}

static void look_at_clock(struct target *target)
{
    int64_t ahead_ms = ledger_clock_ahead_ms(target->ledger);
    if (ahead_ms)
        log_warn("target %s: " CLOCK_OFF, target->settings.audience.target,
                 (long long)(ahead_ms > 0 ? ahead_ms : -ahead_ms) / 1000, ahead_ms > 0 ? "ahead of" : "behind");
}

void session_trouble(struct target *target, const struct err *err)
{
    say_problem(target, err->text, err->hint);
}

void session_in_force(struct target *target, const struct fence *fence)
{
    pthread_mutex_lock(&target->mutex);
    text_format(target->description.term, sizeof target->description.term, "%s", fence->term);
    text_format(target->description.digest, sizeof target->description.digest, "%s", fence->digest);
    target->description.fence = (struct fence){.epoch = fence->epoch, .term = target->description.term,
                                               .sequence = fence->sequence, .digest = target->description.digest};
    pthread_mutex_unlock(&target->mutex);
}

bool session_holds(struct target *target, const char *contents)
{
    pthread_mutex_lock(&target->mutex);
    bool changed = strcmp(target->description.contents, contents) != 0;
    text_format(target->description.contents, sizeof target->description.contents, "%s", contents);
    text_format(target->description.system_identifier, sizeof target->description.system_identifier, "%s",
                ledger_identity(target->ledger)->system_identifier);
    pthread_mutex_unlock(&target->mutex);
    return changed;
}

void session_describe(struct target *target)
{
    auto_arena struct arena arena = ARENA_INIT;
    char contents[DIGEST_TEXT_SIZE] = "";
    struct fence fence;
    struct err err = ERR_INIT;
    if (ledger_fence_read(target->ledger, &arena, &fence, &err))
        session_in_force(target, &fence);
    target->described = ledger_inventory(target->ledger, &arena, NULL, NULL, contents, &err);
    session_holds(target, contents);
}

/* Outcomes from before this process began, which the coordinator has not acknowledged. */
static bool remember(struct target *target, struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    const struct outcome *outcomes;
    size_t count;
    struct fence fence;
    if (!ledger_fence_read(target->ledger, &arena, &fence, err) ||
        !ledger_unacknowledged(target->ledger, 10000, &arena, &outcomes, &count, err))
        return false;
    reporter_remember(target->reporter, outcomes, count, &fence, clock_mono_ms());
    if (count)
        log_info("target %s: %zu outcomes are not acknowledged, sent again", target->settings.audience.target, count);
    target->remembered = true;
    return true;
}

static bool first_session(struct target *target, struct err *err)
{
    struct ledger_settings settings = {
        .audience = target->settings.audience,
        .conninfo = target->settings.conninfo,
        .schema = target->settings.ledger_schema,
        .search_path = target->settings.schema,
        .worker = target->settings.worker,
        .lease_ms = target->settings.lease_ms,
        .trace = log_on(LOG_DEBUG) ? trace : NULL,
        .trace_context = target,
        .stop = target_given_up,
        .stop_context = target,
    };
    return ledger_open(&settings, &target->ledger, err);
}

bool session_ready(struct target *target, struct err *err)
{
    bool fresh = false;
    if (!target->ledger) {
        if (!first_session(target, err))
            return false;
        fresh = true;
    } else if (!ledger_connected(target->ledger)) {
        if (!ledger_reconnect(target->ledger, err)) {
            if (err->kind != ERR_FENCED)
                return false;
            ledger_close(target->ledger); /* somebody else has the target now: begin as a newcomer */
            target->ledger = NULL;
            target->locked = false;
            if (!first_session(target, err))
                return false;
        }
        fresh = true;
    }
    if (!target->remembered && !remember(target, err))
        return false;
    if (fresh || !target->described) { /* a database that is being restored cannot be read for a while */
        session_describe(target);
        look_at_clock(target);
        target->settings.notices.changed(target->settings.notices.context);
    }
    return true;
}

bool session_lock(struct target *target, bool (*stop)(void *), bool *ret_busy, char holder[256], struct err *err)
{
    *ret_busy = false;
    for (int attempt = 0; attempt < 2; attempt++) {
        bool locked = false;
        if (!session_ready(target, err))
            return false;
        if (target->locked)
            return true;
        int64_t began = clock_mono_us(), wait_ms = target->settings.lease_ms + LOCK_WAIT_MS;
        if (ledger_lock(target->ledger, wait_ms, stop, target, &locked, holder, err)) {
            target->locked = locked;
            *ret_busy = !locked;
            char text[CLOCK_TEXT_SIZE];
            log_debug("lock target=%s locked=%d time=\"%s\"", target->settings.audience.target, locked,
                      clock_duration(clock_mono_us() - began, text));
            return true;
        }
        if (ledger_connected(target->ledger))
            return false;
        /* a session that died while it was idle: once more with a new one */
    }
    return false;
}

void session_unlock(struct target *target)
{
    struct err err = ERR_INIT;
    if (target->locked && !ledger_unlock(target->ledger, &err))
        log_debug("unlock target=%s: %s", target->settings.audience.target, err.text);
    target->locked = false;
}

void session_acknowledge(struct target *target)
{
    struct err err = ERR_INIT;
    if (!target->pending_count || !target->ledger)
        return;
    if (!ledger_acknowledge(target->ledger, target->pending, target->pending_count, &err)) {
        log_debug("acknowledge target=%s: %s", target->settings.audience.target, err.text);
        if (!err.retriable)
            target->pending_count = 0; /* they come again when the outcomes are sent again */
        return;
    }
    target->pending_count = 0;
}

/* A part at a time: whoever comes with a job does not wait for more. */
void session_prune(struct target *target)
{
    struct err err = ERR_INIT;
    int64_t rows = 0;
    if (!target->settings.retention_ms || clock_mono_ms() < target->prune_at_ms)
        return;
    bool done = ledger_prune(target->ledger, target->settings.retention_ms, PRUNE_ROWS, &rows, &err);
    if (!done)
        log_warn("target %s: retention: %s", target->settings.audience.target, err.text);
    else if (rows)
        log_info("target %s: %lld rows of history were over", target->settings.audience.target, (long long)rows);
    target->prune_at_ms = clock_mono_ms() + (done && rows >= PRUNE_ROWS ? 0 : PRUNE_EVERY_MS);
}
