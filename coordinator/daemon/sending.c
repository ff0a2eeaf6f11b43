/* What the engine wants sent: looked up, encoded, signed, and put into the turn's outbox. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/leader.h"
#include "proto/envelope.h"

/* Repeats are the same bytes, so that a fence has to outlive its last repeat; its numbers make it harmless when old. */
#define FENCE_LIFE_US ((int64_t)30 * 86400 * 1000000)
#define ACKNOWLEDGE_LIFE_US ((int64_t)600 * 1000000)
#define ACKNOWLEDGE_EVERY_MS 1000 /* well before a worker says an outcome again */
#define INVENTORY_LIFE_US ((int64_t)30 * 1000000)

static struct audience audience(const struct leader *leader, const char *service, const char *target)
{
    return (struct audience){leader->settings->fleet, leader->settings->environment, service, target};
}

static const char *copy_envelope(struct leader *leader, enum message_type type, const char *payload, size_t len,
                                 size_t *ret_len)
{
    auto_free char *envelope = envelope_sign(leader->key, message_payload_type(type), payload, len, ret_len);
    return arena_strndup(&leader->arena, envelope, *ret_len);
}

/* What lies in the outbox of a target is told apart by its key. */
static void add_message(struct leader *leader, const char *id, const char *topic, const struct audience *to,
                        enum message_type type, int64_t sequence, const char *envelope, size_t len)
{
    *array_add(leader->messages, leader->message_count, leader->message_room) = (struct store_message){
        .topic = arena_strdup(&leader->arena, topic),
        .key = arena_printf(&leader->arena, "%s/%s", to->service, to->target),
        .id = arena_strdup(&leader->arena, id), .type = message_payload_type(type), .payload = envelope, .len = len,
        .sequence = sequence};
}

static void add_control_payload(struct leader *leader, const struct audience *to, int64_t sequence,
                                const char *payload, size_t len)
{
    char id[ID_SIZE];
    size_t envelope_len;
    const char *envelope = copy_envelope(leader, MESSAGE_CONTROL, payload, len, &envelope_len);
    id_new(id);
    add_message(leader, id, leader->control_topic, to, MESSAGE_CONTROL, sequence, envelope, envelope_len);
}

static void add_control(struct leader *leader, const struct control *control)
{
    size_t len;
    auto_free char *payload = control_encode(control, &len);
    add_control_payload(leader, &control->audience, control->fence.sequence, payload, len);
}

static struct fence no_fence(const struct leader *leader)
{
    return (struct fence){.epoch = leader->lease.epoch, .term = leader->lease.term, .digest = ""};
}

/* ---- jobs ---- */

static const struct plan_step *planned_of(const struct rollout *rollout, const struct rollout_step *step)
{
    return &rollout->plan->steps[step->plan_step];
}

static bool runs(const struct rollout_step *step)
{
    return step->direction == DIRECTION_UP || step->direction == DIRECTION_DOWN;
}

/* The way back of a repeatable migration runs the text that was in effect before. */
static bool runs_earlier(const struct rollout *rollout, const struct rollout_step *step)
{
    return step->direction == DIRECTION_DOWN && *planned_of(rollout, step)->earlier;
}

/* The digest of the text that this step runs, or that it records or takes off the record; NULL when there is none. */
static const char *text_digest(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct plan_step *planned = planned_of(rollout, step);
    const struct migration *migration = plan_migration(rollout->plan, planned);
    if (step->direction == DIRECTION_FORGET)
        return planned->recorded;
    if (runs_earlier(rollout, step))
        return planned->earlier;
    if (!migration)
        return NULL;
    return step->direction == DIRECTION_DOWN ? migration->down : migration->up;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* What one step runs: its own text, and what has to run without an error after it. "" none. */
struct step_texts {
    const char *sql, *verify;
};

/* Of an earlier text what it came into effect with counts; where that is not known, what its service does now. */
static bool replaces(const struct rollout *rollout, const struct rollout_step *step, const struct migration *migration,
                     const char *sql)
{
    const struct service *service = &rollout->plan->fleet->services[planned_of(rollout, step)->service];
    const struct plan_names *names = planned_of(rollout, step)->earlier_names;
    if (names && runs_earlier(rollout, step))
        return names->replaced;
    if (migration->placeholders || !runs_earlier(rollout, step))
        return runs(step) && migration->placeholders;
    return (service->history == HISTORY_FLYWAY || service->placeholder_count) && strstr(sql, "${");
}

static struct job_request request_of(struct leader *leader, const struct rollout_step *step,
                                     const struct step_texts *texts)
{
    const struct rollout *rollout = &leader->release->rollout;
    const struct plan_step *planned = planned_of(rollout, step);
    static const struct migration gone = {.name = ""};
    const struct migration *known = plan_migration(rollout->plan, planned), *migration = known ? known : &gone;
    const struct policy *policy = &planned->policy;
    bool earlier = runs_earlier(rollout, step); /* what another tool would record of that text nobody knows */
    bool undone = step->direction == DIRECTION_DOWN && !earlier; /* by its own undo it goes whole, whatever its kind */
    const struct plan_names *names = earlier ? planned->earlier_names : NULL;
    bool down = step->direction == DIRECTION_DOWN; /* where an earlier text stood nobody knows */
    char id[REQUEST_ID_SIZE];
    rollout_request_id(rollout, step, id);
    return (struct job_request){.request = arena_strdup(&leader->arena, id),
                                .direction = step->direction,
                                .migration = planned->id,
                                .name = or_empty(migration->name),
                                .checksum = text_digest(rollout, step),
                                .undoes = step->undoes_request,
                                .sql = texts->sql,
                                .kind = undone ? MIGRATION_VERSIONED : migration->kind,
                                .version = or_empty(migration->version),
                                .script = or_empty(migration->script),
                                .foreign_checksum = earlier ? "" : or_empty(migration->foreign_checksum),
                                .foreign_record = earlier ? "" : or_empty(migration->foreign_record),
                                .in_history = step->direction == DIRECTION_ADOPT && planned->in_history,
                                .taken_from = step->direction == DIRECTION_ADOPT ? planned->taken_from : "",
                                .verify = texts->verify,
                                .placeholders = replaces(rollout, step, migration, texts->sql),
                                .values = names ? names->values : NULL,
                                .value_count = names ? names->count : 0,
                                .no_transaction = runs(step) && migration->no_transaction,
                                .lines = down ? migration->down_lines : migration->up_lines,
                                .line_count = earlier ? 0
                                              : down  ? migration->down_line_count
                                                      : migration->up_line_count,
                                .verify_lines = migration->verify_lines,
                                .verify_line_count = migration->verify_line_count,
                                .lock_timeout_ms = policy->lock_timeout_ms,
                                .statement_timeout_ms = policy->statement_timeout_ms,
                                .retries = policy->retries};
}

static void refuse(struct leader *leader, const struct rollout_send_job *send, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct leader *leader, const struct rollout_send_job *send, const char *format, ...)
{
    struct leader_refusal *refusal = array_add(leader->refusals, leader->refusal_count, leader->refusal_room);
    *refusal = (struct leader_refusal){.target = send->target, .sequence = send->sequence};
    va_list args;
    va_start(args, format);
    text_formatv(refusal->why, sizeof refusal->why, format, args);
    va_end(args);
}

static void note_job(struct leader *leader, const struct rollout_target *target, int64_t sequence, bool fence,
                     const char *payload, size_t len, const int *ordinals, size_t count)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(payload, len, digest);
    struct leader_target *memory = leader_target(leader, target->service, target->name);
    if (sequence > memory->issued)
        memory->issued = sequence;
    belief_send(&memory->belief);
    *array_add(leader->jobs, leader->job_count, leader->job_room) = (struct store_job){
        .service = target->service, .target = target->name, .release = leader->release->id, .sequence = sequence,
        .fence = fence, .digest = arena_strdup(&leader->arena, digest), .ordinals = ordinals, .ordinal_count = count};
}

/* The texts of a job, in the turn's arena. */
struct job_texts {
    struct step_texts *steps;
    const char *before_each, *after_each; /* "" none */
};

/* Whether a worker has names to replace in this job. What stands around each migration always has them replaced. */
static bool has_placeholders(const struct job_texts *texts, const struct job_request *requests, size_t count)
{
    bool some = *texts->before_each || *texts->after_each;
    for (size_t i = 0; i < count; i++)
        some = some || requests[i].placeholders;
    return some;
}

static bool encode_job(struct leader *leader, const struct rollout_send_job *send, const struct job_texts *texts,
                       struct err *err)
{
    const struct rollout *rollout = &leader->release->rollout;
    const struct rollout_target *target = &rollout->targets[send->target];
    const struct service *service = &rollout->plan->fleet->services[rollout->plan->targets[send->target].service];
    struct job_request *requests = arena_array(&leader->arena, send->step_count, sizeof *requests);
    for (size_t i = 0; i < send->step_count; i++)
        requests[i] = request_of(leader, &rollout->steps[send->steps[i]], &texts->steps[i]);
    bool replaced = has_placeholders(texts, requests, send->step_count);
    char id[ID_SIZE], trace[ID_TRACEPARENT_SIZE], topic[TOPIC_NAME_SIZE];
    id_new(id);
    id_traceparent(id, trace);
    const struct job job = {.audience = audience(leader, target->service, target->name), .release = rollout->release,
                            .fence = {.epoch = leader->lease.epoch, .term = leader->lease.term,
                                      .sequence = send->sequence, .digest = ""},
                            .expects = target->recorded, .plan = rollout->plan->digest, .traceparent = trace,
                            .history = service->history, .history_table = or_empty(service->history_table),
                            .mirror = service->mirror, .placeholders = service->placeholders,
                            .placeholder_count = replaced ? service->placeholder_count : 0,
                            .before_each = texts->before_each, .after_each = texts->after_each,
                            .requests = requests, .request_count = send->step_count};
    size_t len, envelope_len;
    auto_free char *payload = job_encode(&job, &len);
    if (!leader_breathe(leader, err))
        return false;
    const char *envelope = copy_envelope(leader, MESSAGE_JOB, payload, len, &envelope_len);
    if (envelope_len + 4096 > MESSAGE_MAX) {
        refuse(leader, send, "the signed job is larger than a message may be");
        return true;
    }
    note_job(leader, target, send->sequence, false, payload, len, send->steps, send->step_count);
    leader_job_topic(leader, target->service, topic);
    add_message(leader, id, topic, &job.audience, MESSAGE_JOB, send->sequence, envelope, envelope_len);
    log_debug("job release=%s target=%s/%s sequence=%lld steps=%zu bytes=%zu resend=%d", rollout->release,
              target->service, target->name, (long long)send->sequence, send->step_count, envelope_len, send->resend);
    return leader_breathe(leader, err);
}

/* Where a text that is looked up has to go. */
struct wanted {
    const char **digests;
    const char ***places;
    size_t count;
};

static void want(struct wanted *wanted, const char *digest, const char **place)
{
    *place = "";
    if (!digest || !*digest)
        return;
    wanted->digests[wanted->count] = digest;
    wanted->places[wanted->count++] = place;
}

/* What runs around each step up: callbacks have nothing around them. */
static bool is_surrounded(const struct rollout *rollout, const struct rollout_step *step)
{
    const struct migration *migration = plan_migration(rollout->plan, planned_of(rollout, step));
    return step->direction == DIRECTION_UP && migration->kind != MIGRATION_CALLBACK;
}

static void want_texts(const struct rollout *rollout, const struct rollout_send_job *send, struct job_texts *texts,
                       struct wanted *wanted)
{
    const struct service *service = &rollout->plan->fleet->services[rollout->plan->targets[send->target].service];
    bool surrounded = false;
    for (size_t i = 0; i < send->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[send->steps[i]];
        const struct migration *migration = plan_migration(rollout->plan, planned_of(rollout, step));
        want(wanted, runs(step) ? text_digest(rollout, step) : NULL, &texts->steps[i].sql);
        want(wanted, step->direction == DIRECTION_UP ? migration->verify : NULL, &texts->steps[i].verify);
        surrounded = surrounded || is_surrounded(rollout, step);
    }
    want(wanted, surrounded ? service->before_each : NULL, &texts->before_each);
    want(wanted, surrounded ? service->after_each : NULL, &texts->after_each);
}

static bool add_job(struct leader *leader, const struct rollout_send_job *send, struct err *err)
{
    const struct rollout *rollout = &leader->release->rollout;
    size_t room = 2 * send->step_count + 2;
    struct job_texts job_texts = {.steps = arena_array(&leader->arena, send->step_count, sizeof *job_texts.steps)};
    struct wanted wanted = {.digests = arena_array(&leader->arena, room, sizeof *wanted.digests),
                            .places = arena_array(&leader->arena, room, sizeof *wanted.places)};
    const char **texts = arena_array(&leader->arena, room, sizeof *texts);
    for (size_t i = 0; i < send->step_count; i++) {
        if (!text_digest(rollout, &rollout->steps[send->steps[i]])) {
            refuse(leader, send, "there is no text for a step of this job");
            return true;
        }
    }
    want_texts(rollout, send, &job_texts, &wanted);
    if (wanted.count && !store_blobs_get(leader->store, wanted.digests, wanted.count, &leader->arena, texts, err))
        return false;
    if (!leader_breathe(leader, err))
        return false;
    for (size_t i = 0; i < wanted.count; i++) {
        if (!texts[i]) {
            refuse(leader, send, "the control database has no text with digest %s any more", wanted.digests[i]);
            return true;
        }
        *wanted.places[i] = texts[i];
    }
    return encode_job(leader, send, &job_texts, err);
}

/* ---- fences, acknowledgements, inventories ---- */

/* Workers judge an order's age by their own clocks: where this machine's is behind the control database's, the later
 * one counts. Else every question has expired when it comes. */
static int64_t good_for(const struct leader *leader, int64_t life_us)
{
    int64_t ahead_us = store_clock_ahead_us(leader->store);
    return clock_wall_us() + (ahead_us < 0 ? -ahead_us : 0) + life_us;
}

/* A repeat has to be the very same bytes: equal numbers with another digest are a conflict to the worker. */
static void add_fence(struct leader *leader, const struct rollout_send_fence *send)
{
    const struct rollout *rollout = &leader->release->rollout;
    const struct rollout_target *target = &rollout->targets[send->target];
    struct leader_target *memory = leader_target(leader, target->service, target->name);
    if (memory->fence_sent != send->sequence) {
        const struct control control = {
            .kind = CONTROL_FENCE, .audience = audience(leader, target->service, target->name),
            .fence = {.epoch = leader->lease.epoch, .term = leader->lease.term, .sequence = send->sequence,
                      .digest = ""},
            .expires_us = good_for(leader, FENCE_LIFE_US), .expects = target->recorded, .release = rollout->release,
            .patient = send->patient};
        free(memory->fence_payload);
        memory->fence_payload = control_encode(&control, &memory->fence_len);
        memory->fence_sent = send->sequence;
        note_job(leader, target, send->sequence, true, memory->fence_payload, memory->fence_len, NULL, 0);
    }
    const struct audience to = audience(leader, target->service, target->name);
    add_control_payload(leader, &to, send->sequence, memory->fence_payload, memory->fence_len);
    log_debug("fence release=%s target=%s/%s sequence=%lld", rollout->release, target->service, target->name,
              (long long)send->sequence);
}

void leader_acknowledge(struct leader *leader, const char *service, const char *name, const int64_t *positions,
                        size_t count)
{
    struct leader_target *target = leader_target(leader, service, name);
    for (size_t i = 0; i < count; i++)
        *array_add(target->heard, target->heard_count, target->heard_room) = positions[i];
    if (count > 0 && !leader->acknowledge_ms)
        leader->acknowledge_ms = clock_mono_ms() + ACKNOWLEDGE_EVERY_MS;
}

/* Nobody waits for these, and every worker reads them: seldom, for all targets at once. */
static void add_acknowledgements(struct leader *leader)
{
    if (!leader->acknowledge_ms || clock_mono_ms() < leader->acknowledge_ms)
        return;
    leader->acknowledge_ms = 0;
    for (size_t i = 0; i < leader->target_count; i++) {
        struct leader_target *target = leader->targets[i];
        const struct control control = {
            .kind = CONTROL_ACKNOWLEDGE, .audience = audience(leader, target->service, target->name),
            .fence = no_fence(leader), .expires_us = good_for(leader, ACKNOWLEDGE_LIFE_US), .release = "",
            .positions = target->heard, .position_count = target->heard_count};
        if (target->heard_count)
            add_control(leader, &control);
        target->heard_count = 0;
    }
}

void leader_make_question(struct leader *leader, struct leader_target *target, int64_t foreign_us)
{
    struct leader_question *question = &target->question;
    char digest[DIGEST_HEX_SIZE];
    /* who imports is told everything */
    const char *named = target->belief.stale || foreign_us ? "" : target->belief.contents;
    const struct control control = {.kind = CONTROL_INVENTORY,
                                    .audience = audience(leader, target->service, target->name),
                                    .fence = no_fence(leader), .expires_us = good_for(leader, INVENTORY_LIFE_US),
                                    .release = "", .foreign = foreign_us != 0, .contents = named};
    free(question->payload);
    question->payload = control_encode(&control, &question->len);
    question->foreign_us = foreign_us;
    question->made_ms = clock_mono_ms();
    digest_hex(question->payload, question->len, digest);
    belief_ask(&target->belief, digest, named);
}

void leader_send_question(struct leader *leader, const struct leader_target *target)
{
    const struct audience to = audience(leader, target->service, target->name);
    add_control_payload(leader, &to, 0, target->question.payload, target->question.len);
}

bool leader_fence_outside(struct leader *leader, struct leader_target *target, struct err *err)
{
    int64_t sequence = target->issued + 1;
    if (!store_target_issue(leader->store, target->service, target->name, sequence, err))
        return false;
    target->issued = sequence;
    belief_send(&target->belief);
    const struct control control = {.kind = CONTROL_FENCE,
                                    .audience = audience(leader, target->service, target->name),
                                    .fence = {.epoch = leader->lease.epoch, .term = leader->lease.term,
                                              .sequence = sequence, .digest = ""},
                                    .expires_us = good_for(leader, FENCE_LIFE_US), .release = ""};
    add_control(leader, &control);
    log_info("target %s/%s: fenced, whatever was on its way to it", target->service, target->name);
    return true;
}

bool leader_prepare(struct leader *leader, struct err *err)
{
    const struct rollout_effects *effects = &leader->effects;
    for (size_t i = 0; i < effects->acknowledge_count; i++) {
        const struct rollout_acknowledge *ack = &effects->acknowledges[i];
        const struct rollout_target *target = &leader->release->rollout.targets[ack->target];
        leader_acknowledge(leader, target->service, target->name, ack->positions, ack->position_count);
    }
    for (size_t i = 0; i < effects->fence_count; i++)
        add_fence(leader, &effects->fences[i]);
    for (size_t i = 0; i < effects->job_count; i++)
        if (!add_job(leader, &effects->jobs[i], err))
            return false;
    add_acknowledgements(leader);
    return true;
}
