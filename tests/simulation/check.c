/* The promises, looked at where they could be broken. */
#include <string.h>

#include "simulation/world.h"

#define LATE_MS 30000   /* messages are late by so much at most */
#define ANSWER_MS 50000 /* a worker that reads answers within */

static bool ours(struct request request)
{
    return request.attempt > 0 && request.ordinal >= 0;
}

/* What this release brought is in effect: of a repeatable one its new text. */
static bool is_ours(const struct world *w, int target, int migration)
{
    const struct contents *now = &w->databases[target].now;
    return ours(now->applied[migration]) && now->texts[migration] == TEXT_NEW;
}

static void check_order(struct world *w, const struct row *row)
{
    const struct plan_step *steps = w->plan.steps;
    if (row->direction != DIRECTION_DOWN || w->plan.direction == DIRECTION_DOWN) {
        const struct plan_step *step = &steps[row->migration];
        for (size_t i = 0; i < step->needs_count; i++) {
            int need = step->needs[i];
            bool there = w->databases[steps[need].target].now.texts[need] == TEXT_NEW;
            if (there != (row->direction != DIRECTION_DOWN))
                broken(w, "P1: step %d took effect before step %d, which it needs", row->migration, need);
        }
        return;
    }
    for (int i = row->migration + 1; i < w->migrations; i++)
        for (size_t k = 0; k < steps[i].needs_count; k++)
            if (steps[i].needs[k] == row->migration && kind_of(w, i) != MIGRATION_CALLBACK &&
                is_ours(w, steps[i].target, i))
                broken(w, "P1: step %d was undone before step %d, which needs it", row->migration, i);
}

/* Called inside the commit, before the effect. */
void check_effect(struct world *w, int target, const struct token *job, const struct row *row)
{
    struct database *db = &w->databases[target];
    if (token_compare(job, &db->now.fence) != TOKEN_SAME)
        broken(w, "P2: target %d: an effect of job %lld/%lld, but %lld/%lld is in force", target, (long long)job->epoch,
               (long long)job->sequence, (long long)db->now.fence.epoch, (long long)db->now.fence.sequence);
    if (database_find(db, row->request))
        broken(w, "P2: target %d: request %d.%d takes effect twice", target, row->request.ordinal,
               row->request.attempt);
    if (row->kind == OUTCOME_APPLIED && !w->target_restored)
        check_order(w, row);
}

void check_report(struct world *w, const struct message *job, const struct message *report)
{
    struct database *db = &w->databases[job->target];
    if (report->report != REPORT_REFUSED && report->report != REPORT_FINISHED)
        return;
    if (report->refusal == REFUSAL_BUSY || report->refusal == REFUSAL_VERSION) /* for somebody else to answer */
        return;
    for (int i = 0; i < job->count; i++) {
        bool told = false;
        for (int k = 0; k < report->count; k++)
            told |= report->rows[k].request.ordinal == job->requests[i].ordinal;
        if (!told && database_find(db, job->requests[i]))
            broken(w, "P3: target %d refuses a job instead of answering for request %d.%d", job->target,
                   job->requests[i].ordinal, job->requests[i].attempt);
    }
}

void check_cut(struct world *w, int target, struct request request)
{
    trace(w, "cut", target, request.ordinal, request.attempt);
    if (w->control.rollout.state == RELEASE_RUNNING && w->restores == 0)
        broken(w, "P3: target %d: request %d.%d is cut while its release goes on", target, request.ordinal,
               request.attempt);
}

static bool since(const struct world *w, int64_t begin, int64_t ms)
{
    return begin < w->now - ms;
}

/* A fence has had no answer until its limit: fine where nobody could have given one. */
void check_given_up(struct world *w, const struct coordinator *c, int target)
{
    if (!since(w, w->faults_end, LATE_MS) || !since(w, c->away_until, ANSWER_MS) ||
        !since(w, w->databases[target].away_until, ANSWER_MS))
        return;
    for (int i = 0; i < w->workers; i++) {
        const struct worker *worker = &w->worker[i];
        bool able = worker->up && worker->key == w->control.keys[target] && since(w, worker->old_until, ANSWER_MS);
        bool there = since(w, worker->away_until, ANSWER_MS) && since(w, worker->began, ANSWER_MS);
        if (worker->target == target && able && there)
            broken(w, "P3: target %d is given up, but its worker has been there for %lld ms", target,
                   (long long)(w->now - worker->began));
    }
}

/* What was accepted stands in the history of its target. */
static void check_outcomes(struct world *w, const struct rollout *rollout)
{
    for (size_t i = 0; i < rollout->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[i];
        struct request request = {.ordinal = step->ordinal, .attempt = step->attempt};
        if (!step->has_outcome)
            continue;
        const struct row *row = database_find(&w->databases[step->target], request);
        if (!row || row->kind != step->outcome.kind)
            broken(w, "P2: step %zu is believed %s, its history %s", i, outcome_text(step->outcome.kind),
                   row ? outcome_text(row->kind) : "has nothing");
    }
}

void check_commit(struct world *w, const struct rollout *rollout)
{
    struct err err = ERR_INIT;
    if (!rollout_check(rollout, &err))
        broken(w, "%s", err.text);
    if (!w->target_restored)
        check_outcomes(w, rollout);
}

static const char *text_name(enum text text)
{
    static const char *const names[] = {"not applied", "as it was earlier", "as another release left it", "applied"};
    return names[text];
}

static void check_contents(struct world *w, const struct rollout *rollout, int i)
{
    const struct plan_step *step = &w->plan.steps[i];
    const struct database *db = &w->databases[step->target];
    const struct rollout_target *target = &rollout->targets[step->target];
    enum text there = db->now.texts[i], before = w->initial_texts[step->target][i];
    enum text after = rollout->direction == DIRECTION_DOWN ? TEXT_NONE : TEXT_NEW;
    if (db->unnoticed) /* restored after its last word: nobody can know */
        return;
    if (rollout->state == RELEASE_SUCCEEDED && there != after)
        broken(w, "P3: succeeded, but step %d is %s", i, text_name(there));
    if (kind_of(w, i) == MIGRATION_CALLBACK) /* what it did stays */
        return;
    if ((rollout->state == RELEASE_ROLLED_BACK || rollout->state == RELEASE_CANCELLED) && there != before)
        broken(w, "P3: %s, but step %d is %s", release_state_text(rollout->state), i, text_name(there));
    if (rollout->state != RELEASE_HALTED || target->state == TARGET_LOST)
        return;
    bool undone = rollout->step_count > (size_t)w->migrations &&
                  rollout->steps[2 * w->migrations - 1 - i].state == STEP_APPLIED;
    bool took = rollout->steps[i].state == STEP_APPLIED && !undone;
    enum text believed = took ? after : before;
    if (there != believed)
        broken(w, "P3: halted, and believes step %d %s, which it is not", i, text_name(believed));
}

void check_end(struct world *w)
{
    const struct rollout *rollout = &w->control.rollout;
    check_commit(w, rollout);
    for (int i = 0; i < w->migrations; i++)
        check_contents(w, rollout, i);
    for (int64_t i = 0; i < w->broker.events.count; i++) {
        const struct message *message = w->broker.events.items[i];
        if (!message->read && w->now - message->arrived > 80000)
            broken(w, "P3: a report (message %llu) was never read", (unsigned long long)message->id);
    }
}
