/* Control messages of one target: a fence, an inventory. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pause.h"
#include "foreign/foreign.h"
#include "runner/target_internal.h"

struct answer {
    struct target *target;
    const struct control *control;
    struct arena arena;
    struct fence fence; /* the control message's, with the digest of its payload */
    struct report report;
};

static void say(struct answer *answer)
{
    struct err err = ERR_INIT;
    answer->report.release = answer->control->release;
    answer->report.fence = answer->fence;
    if (!reporter_say(answer->target->reporter, &answer->report, "", REPORT_UNWATCHED, &err))
        target_report_failed(answer->target, &err);
}

/* Equal numbers with the same random term come from the same leader, which gives each number once: a fence that was
 * signed again is the same fence. */
static bool same_leader(const struct answer *answer, const struct fence *in_force)
{
    return in_force->epoch == answer->fence.epoch && in_force->sequence == answer->fence.sequence &&
           strcmp(in_force->term, answer->fence.term) == 0;
}

/* True: answered, one way or the other. */
static bool try_fence(struct answer *answer, struct err *err)
{
    struct target *target = answer->target;
    struct report *report = &answer->report;
    struct ledger_raise raise = {.fence = answer->fence, .expects = answer->control->expects,
                                .accept_server = answer->control->expects < 0};
    char message[256] = "";
    const char *half_done;
    bool busy;
    if (!session_lock(target, target_leaving, &busy, message, err))
        return false;
    *report = (struct report){.kind = REPORT_REFUSED, .refusal = REFUSAL_BUSY, .in_force = {.term = "", .digest = ""}};
    if (busy && !ledger_fence_read(target->ledger, &answer->arena, &report->in_force, err))
        return false;
    if (!busy && !ledger_fence_raise(target->ledger, &raise, &answer->arena, &report->refusal, message,
                                     &report->in_force, err))
        return false;
    if (!ledger_release_outcomes(target->ledger, answer->control->release, &answer->arena, &report->outcomes,
                                 &report->outcome_count, err) ||
        !ledger_half_done(target->ledger, answer->control->release, &answer->arena, &half_done, err))
        return false;
    report->message = arena_strdup(&answer->arena, message);
    if (report->refusal == REFUSAL_CONFLICT && same_leader(answer, &report->in_force))
        report->refusal = REFUSAL_COUNT;
    if (report->refusal == REFUSAL_COUNT) {
        report->kind = REPORT_FENCED;
        report->refusal = 0;
        report->message = half_done;
    }
    session_in_force(target, &report->in_force);
    return true;
}

static void blocked(struct answer *answer, const struct err *err, int64_t *said_ms)
{
    int64_t now = clock_mono_ms();
    session_problem(answer->target, err->text);
    if (*said_ms && now - *said_ms < BLOCKED_REPORT_MS)
        return;
    *said_ms = now;
    answer->report = (struct report){.kind = REPORT_BLOCKED, .message = err->text,
                                     .in_force = {.term = "", .digest = ""}};
    say(answer);
}

void target_answer_fence(struct target *target, struct work *work)
{
    struct answer answer = {.target = target, .control = &work->admitted.control,
                            .fence = work->admitted.control.fence};
    answer.fence.digest = work->admitted.digest;
    int64_t said_ms = 0;
    struct pause pause = PAUSE(BLOCKED_FIRST_MS, BLOCKED_MAX_MS);
    struct err err = ERR_INIT;
    bool answered = try_fence(&answer, &err);
    /* Given up when it has expired, when a newer one came, or when the worker leaves. */
    while (!answered && clock_wall_us() < answer.control->expires_us + ADMISSION_CLOCK_US &&
           !target_interrupted(target)) {
        blocked(&answer, &err, &said_ms);
        target_wait(target, pause_next(&pause));
        err_clear(&err);
        answered = try_fence(&answer, &err);
    }
    if (answered) {
        session_problem(target, "");
        atomic_fetch_add(&target->counts.fenced, 1);
        log_info("target %s: fence %lld/%lld: %s", target->settings.audience.target, (long long)answer.fence.epoch,
                 (long long)answer.fence.sequence, report_kind_text(answer.report.kind));
        say(&answer);
        target->settings.notices.changed(target->settings.notices.context);
    }
    arena_release(&answer.arena);
    work_free(work);
}

/* What other tools say of the database: when asked, and when greylag's own record says nothing. Where that cannot be
 * known, nothing is answered: silence would pass for an empty database. */
static bool read_foreign(struct answer *answer, struct err *err)
{
    struct target *target = answer->target;
    struct report *report = &answer->report;
    const char *warning = "";
    if (!answer->control->foreign && report->applied_count)
        return true;
    if (!foreign_read(ledger_session(target->ledger), ledger_search_path(target->ledger), &answer->arena,
                      &report->foreign, &report->foreign_count, &warning, err))
        return false;
    if (*warning)
        log_warn("target %s: %s", target->settings.audience.target, warning);
    return true;
}

/* And what greylag's own record there holds under other names. */
static bool read_others(struct answer *answer, struct err *err)
{
    struct report *report = &answer->report;
    const struct foreign_history *others;
    size_t count;
    if (!ledger_others(answer->target->ledger, &answer->arena, &others, &count, err))
        return false;
    struct foreign_history *all = arena_array(&answer->arena, report->foreign_count + count + 1, sizeof *all);
    if (report->foreign_count)
        memcpy(all, report->foreign, report->foreign_count * sizeof *all);
    if (count)
        memcpy(all + report->foreign_count, others, count * sizeof *all);
    report->foreign = all;
    report->foreign_count += count;
    return true;
}

/* A fleet that is asked at the beginning of a term mostly holds what is believed. */
static void leave_out_known(struct answer *answer)
{
    struct report *report = &answer->report;
    char digest[DIGEST_TEXT_SIZE];
    contents_digest(report->applied, report->applied_count, digest);
    report->contents = arena_strdup(&answer->arena, digest);
    if (strcmp(digest, answer->control->contents) == 0)
        report->applied_count = 0;
}

/* What another session has begun may still be committed, so that what is read now would not be so. Where one is, it has
 * to be done, or its lease has to lapse, which ends it; else nothing is answered, and the coordinator asks again. */
static bool nobody_else(struct target *target, struct err *err)
{
    bool held = false, busy = false;
    char holder[256] = "";
    if (!target->locked && !ledger_may_be_held(target->ledger, &held, err))
        return false;
    if (held && !session_lock(target, target_interrupted, &busy, holder, err))
        return false;
    return !busy || err_set(err, ERR_CONFLICT, "what it holds is not known while %s works on it", holder);
}

void target_answer_inventory(struct target *target, struct work *work)
{
    struct answer answer = {.target = target, .control = &work->admitted.control,
                            .fence = work->admitted.control.fence};
    struct err err = ERR_INIT;
    answer.report = (struct report){.kind = REPORT_INVENTORY, .in_force = {.term = "", .digest = ""}};
    answer.fence.digest = work->admitted.digest;
    bool known = session_ready(target, &err) && nobody_else(target, &err) &&
                 ledger_inventory(target->ledger, &answer.arena, &answer.report.applied, &answer.report.applied_count,
                                  NULL, &err) &&
                 ledger_fence_read(target->ledger, &answer.arena, &answer.report.in_force, &err) &&
                 read_foreign(&answer, &err) && read_others(&answer, &err);
    if (known) {
        leave_out_known(&answer);
        session_in_force(target, &answer.report.in_force);
        bool changed = session_holds(target, answer.report.contents);
        say(&answer);
        if (changed) /* behind the session's back: a restore beside it */
            target->settings.notices.changed(target->settings.notices.context);
    } else {
        session_problem(target, err.text); /* the coordinator asks again */
    }
    arena_release(&answer.arena);
    work_free(work);
}
