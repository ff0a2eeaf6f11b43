/* What came: verified messages and operators' orders, to the engine and into the turn. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/leader.h"

#define OUTSIDE_AGAIN_MS 5000 /* first pause until a target outside a release is fenced once more */
#define OUTSIDE_AGAIN_MAX_MS 60000
#define CLAIM_LOG_MS 60000
#define NOT_FOLLOWED "it tells of a later leader again and again, which this control database does not know: was the " \
                     "control database restored once more, or does somebody else have its worker's key?"
#define SPEAKS_MS 15000 /* a heartbeat says for so long which version its worker speaks: three of them */

void leader_decide(struct leader *leader, const struct rollout_event *event)
{
    rollout_decide(&leader->release->rollout, event, clock_mono_ms(), &leader->effects);
}

/* The release that a message of this target concerns: its index there, or -1. */
static int target_in_release(const struct leader *leader, const char *service, const char *target)
{
    return leader->release ? rollout_target_index(&leader->release->rollout, service, target) : -1;
}

/* ---- reports ---- */

static void note_outcome(struct leader *leader, const struct intake_message *message, const struct outcome *outcome,
                         const char *verdict)
{
    const struct report *report = &message->report;
    *array_add(leader->inbox, leader->inbox_count, leader->inbox_room) = (struct store_inbox){
        .outcome = outcome, .service = report->audience.service, .target = report->audience.target,
        .worker = report->worker, .verdict = verdict,
        .report_digest = arena_strdup(&leader->arena, message->digest)};
}

/* Takes a higher epoch in the next term, which asks every target anew. False: this target said so a short while ago. */
static bool end_term(struct leader *leader, const struct audience *from, const struct fence *in_force, const char *why)
{
    if (leader->above && leader->above >= in_force->epoch)
        return true; /* it ends already */
    if (!claims_follow(leader->claims, from->service, from->target, clock_mono_ms())) {
        if (log_due(&leader->claim_said, from->target, CLAIM_LOG_MS))
            log_error("target %s/%s has %lld/%lld in force once more, which no leader of this control database issued: "
                      "not followed for now", from->service, from->target, (long long)in_force->epoch,
                      (long long)in_force->sequence);
        return false;
    }
    log_warn("target %s/%s has %lld/%lld in force in epoch %lld: %s", from->service, from->target,
             (long long)in_force->epoch, (long long)in_force->sequence, (long long)leader->lease.epoch, why);
    if (leader->above < in_force->epoch)
        leader->above = in_force->epoch;
    if (leader->above < leader->lease.epoch)
        leader->above = leader->lease.epoch;
    return true;
}

/* Why a fence, which is no jump, is none that we issued; NULL: it is. */
static const char *why_not_ours(const struct leader *leader, const struct fence *in_force, int64_t issued)
{
    if (in_force->epoch > leader->lease.epoch)
        return "a later leader set that";
    if (in_force->epoch == leader->lease.epoch && strcmp(in_force->term, leader->lease.term) != 0)
        return "another leader of the same epoch set that: this control database went back in time";
    if (in_force->sequence > issued && !leader->take_over_all)
        return "beyond what was ever issued: this control database went back in time";
    return NULL;
}

/* A sign that somebody led after us, or that our control database went back in time: a fence that we never issued.
 * False: whoever says so is not believed, and neither is the rest of what it says. */
static bool note_fence(struct leader *leader, const struct audience *from, const struct fence *in_force)
{
    struct leader_target *target = leader_target(leader, from->service, from->target);
    if (in_force->sequence == 0)
        return true;
    if (fence_jumps(in_force, leader->lease.epoch, target->issued)) {
        log_error("target %s/%s has %lld/%lld in force, ours is %lld/%lld: no leader of this control database did that",
                  from->service, from->target, (long long)in_force->epoch, (long long)in_force->sequence,
                  (long long)leader->lease.epoch, (long long)target->issued);
        return true;
    }
    const char *why = why_not_ours(leader, in_force, target->issued);
    if (why && !end_term(leader, from, in_force, why))
        return false;
    if (in_force->sequence > target->issued) {
        target->issued = in_force->sequence;
        target->stored[0] = '\0'; /* so that the next heartbeat is stored at once */
    }
    return true;
}

/* Outcomes of a release that is not open any more: evidence, and a reason to look at what the target holds. */
static bool take_late(struct leader *leader, const struct intake_message *message, struct err *err)
{
    const struct report *report = &message->report;
    size_t count = report->outcome_count;
    if (count == 0)
        return true;
    const char **ids = arena_array(&leader->arena, count, sizeof *ids);
    int64_t *positions = arena_array(&leader->arena, count, sizeof *positions);
    bool *known = arena_array(&leader->arena, count, sizeof *known);
    for (size_t i = 0; i < count; i++) {
        ids[i] = report->outcomes[i].id;
        positions[i] = report->outcomes[i].position;
    }
    if (!store_inbox_known(leader->store, report->audience.service, report->audience.target, ids, count, known, err))
        return false;
    bool news = false;
    for (size_t i = 0; i < count; i++) {
        if (known[i])
            continue;
        note_outcome(leader, message, &report->outcomes[i], "late");
        news = true;
    }
    leader_acknowledge(leader, report->audience.service, report->audience.target, positions, count);
    if (news) {
        struct leader_target *target = leader_target(leader, report->audience.service, report->audience.target);
        belief_distrust(&target->belief);
        if (leader_is_quiet(leader, target->service, target->name))
            leader_ask(leader, target, 0);
        log_warn("%s/%s reports outcomes of release %s, which is not under way: kept, its contents are asked for",
                 target->service, target->name, report->release);
    }
    return true;
}

static void take_current(struct leader *leader, const struct intake_message *message, int index)
{
    const struct report *report = &message->report;
    struct rollout *rollout = &leader->release->rollout;
    struct leader_target *target = leader_target(leader, report->audience.service, report->audience.target);
    const struct rollout_event event = {.kind = ROLLOUT_REPORT, .target = index, .report = report};
    bool went_back = rollout->targets[index].rebuild;
    leader_decide(leader, &event);
    if (leader->effects.higher_epoch)
        (void)end_term(leader, &report->audience, &report->in_force, "its refusal asks for a higher epoch");
    leader->effects.higher_epoch = 0;
    if (!went_back && rollout->targets[index].rebuild) {
        /* just found out: no other release is to be planned on what it held */
        leader_target_distrust(target, clock_mono_ms());
        leader_ask(leader, target, 0);
    }
    for (size_t i = 0; i < report->outcome_count; i++) {
        const struct outcome *outcome = &report->outcomes[i];
        const struct rollout_step *step = rollout_step_by_request(rollout, outcome->request);
        bool accepted = step && step->has_outcome && strcmp(step->outcome.id, outcome->id) == 0;
        note_outcome(leader, message, outcome, accepted ? "accepted" : "unmatched");
    }
    if (report->outcome_count)
        belief_change(&target->belief);
}

static bool take_report(struct leader *leader, const struct intake_message *message, struct err *err)
{
    const struct report *report = &message->report;
    const struct audience *from = &report->audience;
    atomic_fetch_add(&leader->counters[LEADER_REPORTS], 1);
    log_debug("report %s of %s/%s release=%s sequence=%lld outcomes=%zu %s", report_kind_text(report->kind),
              from->service, from->target, report->release, (long long)report->fence.sequence, report->outcome_count,
              report->message);
    int index = target_in_release(leader, from->service, from->target);
    if (!note_fence(leader, from, &report->in_force))
        return true;
    if (report->kind == REPORT_INVENTORY)
        leader_take_inventory(leader, report);
    else if (index >= 0 && strcmp(report->release, leader->release->id) == 0)
        take_current(leader, message, index);
    else
        return take_late(leader, message, err);
    return true;
}

/* ---- heartbeats ---- */

static bool compare_contents(struct leader *leader, const struct presence_target *seen, struct err *err)
{
    struct leader_target *target = leader_target(leader, seen->service, seen->target);
    if (seen->working || *seen->contents == '\0' || leader->inbox_count ||
        !leader_is_quiet(leader, seen->service, seen->target))
        return true;
    if (target->belief.stale && leader_turn_over(leader))
        return true; /* the next heartbeat is compared */
    if (!leader_refresh(leader, target, err))
        return false;
    if (belief_hear(&target->belief, seen->contents))
        leader_ask(leader, target, 0);
    return true;
}

/* In a term that began with a restore: what no open release fences is fenced here, so that what a lost future left on
 * its way to it is over. */
static bool fence_outside(struct leader *leader, const struct presence_target *seen, int index, struct err *err)
{
    int64_t now_ms = clock_mono_ms();
    struct leader_target *target = leader_target(leader, seen->service, seen->target);
    if (!leader->take_over_all || !leader->told_all || leader->above || index >= 0 || seen->fence.sequence == 0 ||
        seen->fence.epoch >= leader->lease.epoch ||
        now_ms < target->outside_ms || leader_turn_over(leader))
        return true;
    if (!target->outside_ms)
        target->outside_again = (struct pause)PAUSE(OUTSIDE_AGAIN_MS, OUTSIDE_AGAIN_MAX_MS);
    target->outside_ms = now_ms + pause_next(&target->outside_again);
    return leader_fence_outside(leader, target, err);
}

/* A worker reads `control` from when it began: what was said before, and is said less and less often while nobody
 * answers, is said to it at once. */
static void say_again(struct leader *leader, const struct presence_target *seen, int index)
{
    struct leader_target *target = leader_target(leader, seen->service, seen->target);
    const struct rollout_event event = {.kind = ROLLOUT_BACK, .target = index};
    pause_reset(&target->question.again);
    target->outside_ms = 0;
    if (index >= 0)
        leader_decide(leader, &event);
}

/* What was said of a target's contents goes with the worker that said it: the next one may serve another database. */
static void doubt_after_change(struct leader *leader, const struct presence *presence, bool first,
                               const struct presence_target *seen)
{
    struct leader_target *target = leader_target(leader, seen->service, seen->target);
    bool same = strcmp(target->worker, presence->worker) == 0;
    bool left = presence->leaving && same, another = first && !presence->leaving && target->worker[0] && !same;
    if (target->belief.known && (left || another))
        leader_target_distrust(target, clock_mono_ms());
}

static bool take_presence(struct leader *leader, const struct presence *presence, bool first, struct err *err)
{
    atomic_fetch_add(&leader->counters[LEADER_PRESENCES], 1);
    *array_add(leader->beats, leader->beat_count, leader->beat_room) =
        (struct store_beat){.worker = presence->worker, .beat = presence->beat};
    for (size_t i = 0; i < presence->target_count; i++) {
        const struct presence_target *seen = &presence->targets[i];
        int index = target_in_release(leader, seen->service, seen->target);
        if (first && !presence->leaving)
            say_again(leader, seen, index);
        doubt_after_change(leader, presence, first, seen);
        if (index >= 0 && seen->working > 0) {
            const struct rollout_event event = {.kind = ROLLOUT_ALIVE, .target = index, .sequence = seen->working};
            leader_decide(leader, &event);
        }
        char topic[TOPIC_NAME_SIZE];
        leader_job_topic(leader, seen->service, topic);
        const struct audience from = {leader->settings->fleet, leader->settings->environment, seen->service,
                                      seen->target};
        if (!note_fence(leader, &from, &seen->fence)) {
            struct presence_target doubted = *seen;
            doubted.problem = NOT_FOLLOWED;
            leader_target_seen(leader, presence, &doubted, clock_mono_ms());
            continue;
        }
        if (!presence->leaving &&
            (!fence_outside(leader, seen, index, err) || !compare_contents(leader, seen, err)))
            return false;
        leader_target_seen(leader, presence, seen, clock_mono_ms());
    }
    return true;
}

/* ---- what cannot be taken ---- */

/* A worker that speaks another version can never answer: its step halts with that reason. One whose heartbeats are
 * read can: the message is of another worker, or was put there again. */
static void take_version(struct leader *leader, const struct intake_message *message)
{
    int index = target_in_release(leader, message->service, message->target);
    const struct leader_target *known = leader_target(leader, message->service, message->target);
    log_error("target %s/%s: a verified message of version %d, this program speaks %d", message->service,
              message->target, message->version, MESSAGE_VERSION);
    if (index < 0 || (known->seen_ms && clock_mono_ms() - known->seen_ms < SPEAKS_MS))
        return;
    const struct rollout_target *target = &leader->release->rollout.targets[index];
    const struct report report = {
        .kind = REPORT_REFUSED,
        .audience = {leader->settings->fleet, leader->settings->environment, target->service, target->name},
        .id = message->digest, .worker = message->signer, .release = leader->release->id,
        .fence = {.epoch = leader->lease.epoch, .term = leader->lease.term, .sequence = target->sequence,
                  .digest = ""},
        .in_force = {.term = "", .digest = ""}, .refusal = REFUSAL_VERSION,
        .message = "its worker speaks another version of the protocol"};
    const struct rollout_event event = {.kind = ROLLOUT_REPORT, .target = index, .report = &report};
    leader_decide(leader, &event);
}

static void take_quarantined(struct leader *leader, const struct bus_message *message, const char *why)
{
    uint64_t suppressed;
    char more[64] = "";
    atomic_fetch_add(&leader->counters[LEADER_QUARANTINED], 1);
    leader_stranger(leader, message, why);
    if (!intake_may_log(leader->intake, clock_mono_ms(), &suppressed))
        return;
    if (suppressed)
        text_format(more, sizeof more, " (%llu more were not logged)", (unsigned long long)suppressed);
    log_warn("quarantined topic=%s partition=%d offset=%lld%s: %s", message->topic, message->partition,
             (long long)message->offset, more, why);
}

bool leader_take_message(struct leader *leader, const struct bus_message *message, struct err *err)
{
    struct intake_message *taken = arena_new(&leader->arena, struct intake_message);
    intake_read(leader->intake, message, &leader->arena, taken);
    if (!leader_breathe(leader, err))
        return false;
    switch (taken->verdict) {
    case INTAKE_REPORT:
        return take_report(leader, taken, err);
    case INTAKE_PRESENCE:
        return take_presence(leader, &taken->presence, taken->first, err);
    case INTAKE_VERSION:
        take_version(leader, taken);
        return true;
    case INTAKE_STALE:
        return true;
    case INTAKE_QUARANTINED:
        take_quarantined(leader, message, taken->why);
        return true;
    }
    return true;
}

/* ---- orders and keys ---- */

static enum rollout_event_kind order_event(const char *kind)
{
    if (strcmp(kind, "rollback") == 0)
        return ROLLOUT_ROLLBACK;
    return strcmp(kind, "retry") == 0 ? ROLLOUT_RETRY : ROLLOUT_CANCEL;
}

static void note_handled(struct leader *leader, int64_t order, const char *result)
{
    *array_add(leader->handled, leader->handled_count, leader->handled_room) =
        (struct store_handled){.order = order, .result = arena_strdup(&leader->arena, result)};
}

/* Makes the order's release the loaded one; only at the beginning of a turn. */
static bool switch_release(struct leader *leader, const char *id, struct err *err)
{
    if (leader->release && strcmp(leader->release->id, id) == 0)
        return true;
    if (leader->release && !release_state_terminal(leader->release->rollout.state))
        return true;
    struct store_release *wanted = NULL;
    if (!store_release_load(leader->store, id, &leader->rollout_settings, &wanted, err))
        return false;
    leader_release_set(leader, wanted);
    return true;
}

static void carry_out(struct leader *leader, const struct store_order *order)
{
    size_t before = leader->effects.decision_count;
    const struct rollout_event event = {.kind = order_event(order->kind), .target = -1};
    leader_decide(leader, &event);
    const char *result = leader->effects.decision_count > before ? leader->effects.decisions[before].why
                                                                 : "nothing to do in its state";
    note_handled(leader, order->id, result);
    log_info("order %s of release %s by %s: %s", order->kind, order->release, order->by, result);
}

bool leader_take_orders(struct leader *leader, struct err *err)
{
    struct store_order *orders;
    size_t count;
    if (!store_orders(leader->store, &leader->arena, &orders, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        /* One release in a turn: what concerns another one waits for the next. */
        if (leader->effects.decision_count && leader->release && strcmp(leader->release->id, orders[i].release) != 0) {
            leader->look = true;
            continue;
        }
        if (!orders[i].latest) { /* just after it was asked for; what it was may not be on record any more */
            note_handled(leader, orders[i].id, "other releases came after it");
            continue;
        }
        if (!switch_release(leader, orders[i].release, err))
            return false;
        if (!leader->release || strcmp(leader->release->id, orders[i].release) != 0)
            note_handled(leader, orders[i].id, "another release is under way");
        else
            carry_out(leader, &orders[i]);
    }
    return true;
}

bool leader_load_keys(struct leader *leader, struct err *err)
{
    struct store_key *stored;
    size_t count, taken = 0;
    if (!store_keys(leader->store, &leader->arena, &stored, &count, err))
        return false;
    struct intake_key *keys = arena_array(&leader->arena, count + 1, sizeof *keys);
    for (size_t i = 0; i < count; i++) {
        struct intake_key *key = &keys[taken];
        *key = (struct intake_key){.name = stored[i].name, .service = stored[i].service, .target = stored[i].target};
        taken += key_parse_public(stored[i].key, &key->key, NULL);
    }
    intake_set_keys(leader->intake, keys, taken);
    leader->stranger_count = 0; /* who is still one says it again */
    return true;
}

bool leader_load_beats(struct leader *leader, struct err *err)
{
    struct store_beat *beats;
    size_t count;
    if (!store_beats(leader->store, INTAKE_INSTANCES, &leader->arena, &beats, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        intake_remember(leader->intake, beats[i].worker, beats[i].beat);
        if (!leader_breathe(leader, err))
            return false;
    }
    return true;
}
