/* The model coordinator: the shell around the real engine, one micro-step at a time: lease, read and decide, begin,
 * commit, send, mark as sent. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "simulation/world.h"

#define LEASE_MS 15000
#define BATCH 100

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 1099511628211u;
}

/* By the control database's clock. */
static bool lease_lasts(const struct world *w)
{
    return w->now + w->clock < w->control.lease_expires;
}

static void lease_prolong(struct world *w)
{
    w->control.lease_expires = w->now + w->clock + LEASE_MS;
}

static bool leads(const struct world *w, const struct coordinator *c)
{
    return w->control.lease_epoch == c->epoch && w->control.lease_term == c->term && lease_lasts(w);
}

/* What the engine is told: monotonic. */
static int64_t clock_of(const struct world *w, const struct coordinator *c)
{
    return w->now + (w->plant == PLANT_CLOCK_BACK ? w->wall : c->clock);
}

static void forget(struct coordinator *c)
{
    rollout_effects_release(&c->effects);
    if (c->has_rollout)
        rollout_release(&c->rollout);
    c->has_rollout = false;
    c->in_transaction = false;
    c->session_dead = false;
    c->higher_epoch = 0;
    c->stage = COORDINATOR_FOLLOWS;
}

/* ---- deciding ---- */

static const char *request_text(struct arena *arena, struct request request)
{
    return arena_printf(arena, "r.%d.%d", request.ordinal, request.attempt);
}

static void outcome_build(struct arena *arena, const struct row *row, struct outcome *ret)
{
    *ret = (struct outcome){
        .id = "", .request = request_text(arena, row->request), .release = "r", .direction = row->direction,
        .kind = row->kind, .migration = arena_printf(arena, "%d", row->migration), .checksum = "", .attempt = 1,
        .position = row->position, .sequence = row->sequence, .sqlstate = row->kind == OUTCOME_FAILED ? "23505" : "",
        .message = "", .left = "", .detail = ""};
}

static void report_decide(struct world *w, struct coordinator *c, const struct message *message)
{
    struct arena arena = ARENA_INIT;
    struct outcome *outcomes = arena_array(&arena, (size_t)message->count + 1, sizeof *outcomes);
    if (message->count > 0 && w->plant != PLANT_OPEN_QUESTION)
        belief_change(&c->beliefs[message->target]);
    for (int i = 0; i < message->count; i++)
        outcome_build(&arena, &message->rows[i], &outcomes[i]);
    struct report report = {.kind = message->report, .id = "", .release = "r", .refusal = message->refusal,
                            .message = "", .outcomes = outcomes, .outcome_count = (size_t)message->count};
    report.fence = (struct fence){.epoch = message->token.epoch, .sequence = message->token.sequence, .digest = "",
                                  .term = arena_printf(&arena, "%016" PRIx64, message->token.term)};
    report.in_force = (struct fence){.epoch = message->in_force.epoch, .sequence = message->in_force.sequence,
                                     .digest = "", .term = ""};
    rollout_decide(&c->rollout,
                   &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = message->target, .report = &report},
                   clock_of(w, c), &c->effects);
    arena_release(&arena);
}

/* Heartbeats. Of a worker's first one it follows that it reads from now on. */
static void hear_workers(struct world *w, struct coordinator *c)
{
    for (int i = 0; i < w->workers; i++) {
        const struct worker *worker = &w->worker[i];
        struct rollout_event event = {.kind = ROLLOUT_BACK, .target = worker->target};
        if (!worker->up || w->now < worker->away_until || w->now < worker->old_until ||
            worker->key != w->control.keys[worker->target] || !chance_percent(w, 60))
            continue;
        if (c->heard_of[i] != worker->instance && w->plant != PLANT_UNHEARD)
            rollout_decide(&c->rollout, &event, clock_of(w, c), &c->effects);
        c->heard_of[i] = worker->instance;
        event.kind = ROLLOUT_ALIVE;
        event.sequence = worker->job ? worker->job->token.sequence : 0;
        if (worker->job)
            rollout_decide(&c->rollout, &event, clock_of(w, c), &c->effects);
    }
}

/* Where to go on reading: the remembered offset counts only when the message there is the one remembered. */
static void assign(struct world *w, struct coordinator *c)
{
    const struct inbox_position *kept = &w->control.position;
    const struct log *events = &w->broker.events;
    char id[INBOX_ID_SIZE];
    bool there = kept->offset >= 0 && kept->offset < events->count;
    if (there)
        snprintf(id, sizeof id, "%" PRIu64, events->items[kept->offset]->id);
    c->at = inbox_resume(kept, there ? id : NULL);
    if (w->plant == PLANT_BLIND_OFFSET && kept->offset >= 0)
        c->at = kept->offset + 1;
    c->generation = w->broker.generation;
}

static void read_events(struct world *w, struct coordinator *c)
{
    const struct log *events = &w->broker.events;
    if (c->generation != w->broker.generation) /* the connection broke: a new assignment */
        assign(w, c);
    if (c->at > events->count)
        c->at = 0;
    c->read_from = c->at;
    for (int i = 0; i < BATCH && c->at < events->count; i++) {
        const struct message *message = events->items[c->at++];
        if (message->corrupt && w->plant != PLANT_UNVERIFIED)
            continue;
        if (message->key != w->control.keys[message->target] && w->plant != PLANT_REVOKED_KEY)
            continue;
        if (message->report == REPORT_INVENTORY)
            inventory_take(w, c, message);
        else
            report_decide(w, c, message);
    }
    c->read_to = c->at;
}

static void takeover(struct world *w, struct coordinator *c, bool every)
{
    c->rollout.epoch = c->epoch;
    c->rollout.term = c->term_text;
    rollout_decide(&c->rollout, &(struct rollout_event){.kind = ROLLOUT_TAKEOVER, .target = -1, .every = every},
                   clock_of(w, c), &c->effects);
    rollout_advance(&c->rollout, clock_of(w, c), &c->effects);
    c->read_from = c->read_to = c->at;
    c->answered = false;
    c->stage = COORDINATOR_DECIDED;
    trace(w, "leads", c->epoch, every, 0);
}

static void lease_take(struct world *w, struct coordinator *c, int64_t epoch)
{
    c->epoch = epoch;
    c->term = ++w->terms * 0x9e3779b97f4a7c15u;
    snprintf(c->term_text, sizeof c->term_text, "%016" PRIx64, c->term);
    inventory_begin(c);
    memset(c->heard_of, 0, sizeof c->heard_of);
    w->control.lease_epoch = epoch;
    w->control.lease_term = c->term;
    lease_prolong(w);
    w->control.lease_holder = (int)(c - w->coordinator);
}

/* What a leader's own clock has measured is not stored. */
static void load(struct world *w, struct coordinator *c)
{
    rollout_copy(&c->rollout, &w->control.rollout);
    c->has_rollout = true;
    for (size_t t = 0; t < c->rollout.target_count; t++) {
        struct rollout_target *target = &c->rollout.targets[t];
        target->alive_ms = target->fence_sent_ms = target->fence_since_ms = 0;
        target->silent = 0;
        target->patient = false;
    }
}

static void follow(struct world *w, struct coordinator *c)
{
    if (lease_lasts(w) && w->coordinator[w->control.lease_holder].up) /* its session is there */
        return;
    for (int i = 0; i < COORDINATORS; i++) {
        struct coordinator *other = &w->coordinator[i];
        if (other == c || !other->in_transaction || other->session_dead)
            continue;
        if (w->plant == PLANT_NO_TERMINATE_LEADER)
            return; /* the row is locked: wait */
        if (w->plant != PLANT_COMMIT_WITHOUT_LEASE)
            other->session_dead = true;
    }
    forget(c);
    lease_take(w, c, w->control.lease_epoch + 1);
    load(w, c);
    assign(w, c);
    /* a control database that came back from a backup: ask every target, whatever is believed of it */
    takeover(w, c, w->control.restored);
}

static bool has_work(const struct coordinator *c)
{
    const struct rollout_effects *effects = &c->effects;
    return c->read_from != c->read_to || c->answered || c->rollout.changed || effects->decision_count > 0 ||
           effects->job_count > 0 || effects->fence_count > 0;
}

static void decide(struct world *w, struct coordinator *c)
{
    c->answered = w->control.asked != ROLLOUT_EVENT_COUNT;
    if (c->answered)
        rollout_decide(&c->rollout, &(struct rollout_event){.kind = w->control.asked, .target = -1},
                       clock_of(w, c), &c->effects);
    read_events(w, c);
    hear_workers(w, c);
    rollout_decide(&c->rollout, &(struct rollout_event){.kind = ROLLOUT_TIME, .target = -1}, clock_of(w, c),
                   &c->effects);
    rollout_advance(&c->rollout, clock_of(w, c), &c->effects);
    if (has_work(c))
        c->stage = COORDINATOR_DECIDED;
    else
        rollout_effects_clear(&c->rollout, &c->effects);
}

/* ---- committing ---- */

static void outbox_add(struct world *w, struct coordinator *c, struct message *message)
{
    struct control_database *control = &w->control;
    *array_add(control->outbox, control->outbox_count, control->outbox_room) =
        (struct outbox_entry){.message = message, .row = {.epoch = c->epoch, .sequence = message->token.sequence}};
}

static void outbox_add_job(struct world *w, struct coordinator *c, const struct rollout_send_job *job)
{
    struct message *message = arena_new(&w->arena, struct message);
    const struct rollout_target *target = &c->rollout.targets[job->target];
    uint64_t hash = mix(c->term, (uint64_t)job->sequence);
    *message = (struct message){.kind = MESSAGE_IS_JOB, .target = job->target, .expects = target->recorded,
                                .count = (int)job->step_count};
    message->requests = arena_array(&w->arena, job->step_count, sizeof *message->requests);
    message->undoes = arena_array(&w->arena, job->step_count, sizeof *message->undoes);
    for (size_t i = 0; i < job->step_count; i++) {
        const struct rollout_step *step = &c->rollout.steps[job->steps[i]];
        message->requests[i] = (struct request){.ordinal = step->ordinal, .attempt = step->attempt};
        message->undoes[i] = (struct request){.attempt = 0};
        if (strncmp(step->undoes_request, "old.", 4) == 0)
            message->undoes[i] = (struct request){.ordinal = -1, .attempt = 1};
        else
            sscanf(step->undoes_request, "r.%d.%d", &message->undoes[i].ordinal, &message->undoes[i].attempt);
        hash = mix(hash, (uint64_t)(step->ordinal * 1000 + step->attempt));
        if (step->leg == 0 && w->window_end)
            message->not_after = w->window_end > 1 ? w->window_end : w->now + 10000;
    }
    message->token = (struct token){.epoch = c->epoch, .sequence = job->sequence, .term = c->term, .digest = hash};
    outbox_add(w, c, message);
    inventory_close(w, c, job->target);
    trace(w, "job", job->target, job->sequence, (int64_t)job->step_count);
}

static void outbox_add_fence(struct world *w, struct coordinator *c, const struct rollout_send_fence *fence)
{
    struct message *message = arena_new(&w->arena, struct message);
    *message = (struct message){.kind = MESSAGE_IS_FENCE, .target = fence->target,
                                .patient = fence->patient && w->plant != PLANT_IMPATIENT,
                                .expects = c->rollout.targets[fence->target].recorded};
    message->token = (struct token){.epoch = c->epoch, .sequence = fence->sequence, .term = c->term,
                                    .digest = mix(c->term, (uint64_t)fence->sequence)};
    outbox_add(w, c, message);
    inventory_close(w, c, fence->target);
    trace(w, "fence", fence->target, fence->sequence, 0);
}

static void outbox_add_acknowledge(struct world *w, struct coordinator *c,
                                   const struct rollout_acknowledge *acknowledge)
{
    struct message *message = arena_new(&w->arena, struct message);
    *message = (struct message){.kind = MESSAGE_IS_ACKNOWLEDGE, .target = acknowledge->target,
                                .count = (int)acknowledge->position_count};
    message->positions = arena_array(&w->arena, acknowledge->position_count, sizeof *message->positions);
    if (acknowledge->position_count > 0)
        memcpy(message->positions, acknowledge->positions, acknowledge->position_count * sizeof *message->positions);
    outbox_add(w, c, message);
}

static void mark_read(struct world *w, struct coordinator *c)
{
    struct log *events = &w->broker.events;
    struct inbox_position *position = &w->control.position;
    if (c->read_from == c->read_to || c->generation != w->broker.generation)
        return;
    for (int64_t i = c->read_from; i < c->read_to; i++)
        events->items[i]->read = true;
    position->offset = c->read_to - 1;
    snprintf(position->id, sizeof position->id, "%" PRIu64, events->items[position->offset]->id);
}

static void commit(struct world *w, struct coordinator *c)
{
    const struct rollout_effects *effects = &c->effects;
    for (size_t i = 0; i < effects->decision_count; i++) {
        const struct rollout_decision *decision = &effects->decisions[i];
        trace(w, decision->row, decision->state_after, decision->target, 0);
        if (strcmp(decision->row, "fence-limit") == 0)
            check_given_up(w, c, decision->target);
    }
    for (size_t i = 0; i < effects->acknowledge_count; i++)
        outbox_add_acknowledge(w, c, &effects->acknowledges[i]);
    for (size_t i = 0; i < effects->fence_count; i++)
        outbox_add_fence(w, c, &effects->fences[i]);
    for (size_t i = 0; i < effects->job_count; i++)
        outbox_add_job(w, c, &effects->jobs[i]);
    mark_read(w, c);
    if (c->answered)
        w->control.asked = ROLLOUT_EVENT_COUNT;
    if (effects->higher_epoch > c->higher_epoch)
        c->higher_epoch = effects->higher_epoch;
    w->control.restored = false;
    rollout_effects_clear(&c->rollout, &c->effects);
    rollout_release(&w->control.rollout);
    rollout_copy(&w->control.rollout, &c->rollout);
    check_commit(w, &w->control.rollout);
    inventory_check(w, c);
}

/* ---- sending ---- */

static bool pick(struct world *w, struct coordinator *c)
{
    struct control_database *control = &w->control;
    while (control->outbox_done < control->outbox_count) {
        struct outbox_entry *entry = &control->outbox[control->outbox_done];
        if (!entry->sent) {
            int64_t latest = control->rollout.targets[entry->message->target].sequence;
            enum outbox_verdict verdict = outbox_judge(&entry->row, leads(w, c) ? c->epoch : 0, latest);
            if (verdict == OUTBOX_WAIT)
                return false;
            if (verdict == OUTBOX_SEND) {
                c->sending = control->outbox_done;
                return true;
            }
        }
        control->outbox_done++;
    }
    return false;
}

static void send(struct world *w, struct message *message)
{
    broker_send(w, message->kind == MESSAGE_IS_JOB ? &w->broker.jobs[message->target] : &w->broker.control, message);
}

static void send_one(struct world *w, struct coordinator *c)
{
    if (c->sending >= w->control.outbox_count)
        return;
    send(w, w->control.outbox[c->sending].message);
    if (leads(w, c) && !chance_rare(w, 20)) /* otherwise it is sent again */
        w->control.outbox[c->sending].sent = true;
}

static void ready(struct world *w, struct coordinator *c)
{
    if (!leads(w, c)) {
        forget(c);
        return;
    }
    if (c->higher_epoch > 0) {
        lease_take(w, c, c->higher_epoch + 1);
        c->higher_epoch = 0;
        takeover(w, c, true);
    } else if (chance_percent(w, 10)) {
        inventory_ask(w, c);
    } else if (chance_percent(w, 60) && pick(w, c)) {
        c->stage = COORDINATOR_SENDS;
    } else {
        decide(w, c);
    }
}

void coordinator_step(struct world *w, int number)
{
    struct coordinator *c = &w->coordinator[number];
    if (w->now < c->away_until)
        return;
    if (!c->up) {
        c->up = true;
        c->clock = chance_below(w, 1000000000);
    }
    if (c->stage != COORDINATOR_FOLLOWS && leads(w, c)) /* renewed beside whatever it does */
        lease_prolong(w);
    switch (c->stage) {
    case COORDINATOR_FOLLOWS:
        follow(w, c);
        break;
    case COORDINATOR_READY:
        ready(w, c);
        break;
    case COORDINATOR_DECIDED: /* BEGIN, and the share lock on the lease row */
        if (!leads(w, c) && w->plant != PLANT_COMMIT_WITHOUT_LEASE) {
            forget(c);
            break;
        }
        c->in_transaction = true;
        c->stage = COORDINATOR_COMMITS;
        break;
    case COORDINATOR_COMMITS:
        c->in_transaction = false;
        if (c->session_dead) {
            forget(c);
            break;
        }
        commit(w, c);
        c->stage = COORDINATOR_READY;
        break;
    case COORDINATOR_SENDS: /* it looked at the lease before it fell asleep here, perhaps */
        do
            send_one(w, c);
        while (!chance_rare(w, 20) && pick(w, c));
        c->stage = COORDINATOR_READY;
        break;
    }
}

void coordinator_crash(struct world *w, int number)
{
    struct coordinator *c = &w->coordinator[number];
    trace(w, "coordinator killed", number, c->stage, 0);
    forget(c);
    c->up = false;
    c->away_until = w->now + chance_below(w, 20000);
}

/* ---- the control database's backup ---- */

void control_copy(struct control_database *to, const struct control_database *from)
{
    *to = *from;
    rollout_copy(&to->rollout, &from->rollout);
    to->outbox = xmalloc((from->outbox_room + 1) * sizeof *to->outbox);
    for (size_t i = 0; i < from->outbox_count; i++)
        to->outbox[i] = from->outbox[i];
}

void control_release(struct control_database *control)
{
    if (control->has_rollout)
        rollout_release(&control->rollout);
    free(control->outbox);
    *control = (struct control_database){0};
}

void control_restore(struct world *w)
{
    trace(w, "control database restored", w->control.lease_epoch, w->control_backup.lease_epoch, 0);
    for (int i = 0; i < COORDINATORS; i++)
        coordinator_crash(w, i);
    control_release(&w->control);
    control_copy(&w->control, &w->control_backup);
    w->control.lease_expires = 0;
    w->control.restored = true;
    w->control.asked = ROLLOUT_EVENT_COUNT;
    w->restores++;
}
