#include "admission/admission.h"

#include <jansson.h>
#include <string.h>

#include "crypto/digest.h"
#include "proto/envelope.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* Which of our targets an audience means; NULL: none. */
static const struct audience *ours(const struct admission *admission, const struct audience *audience)
{
    for (size_t i = 0; i < admission->target_count; i++)
        if (same(audience->fleet, admission->fleet) && same(audience->environment, admission->environment) &&
            same(audience->service, admission->targets[i].service) &&
            same(audience->target, admission->targets[i].target))
            return &admission->targets[i];
    return NULL;
}

static bool place(const struct admission *admission, const struct audience *audience, struct admitted *admitted)
{
    admitted->target = ours(admission, audience);
    if (admitted->target)
        admitted->target_index = (size_t)(admitted->target - admission->targets);
    return admitted->target != NULL;
}

static const char *text_at(json_t *object, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));
    return arena_strdup(arena, text ? text : "");
}

/* A verified message of another version: as much as is needed to refuse it. Its envelope was signed by a trusted key;
 * whatever is missing is left empty. */
static void read_unknown_version(const char *payload, size_t len, struct arena *arena, struct job *job)
{
    json_t *root = json_loadb(payload, len, JSON_REJECT_DUPLICATES, NULL);
    json_t *audience = json_object_get(root, "audience"), *fence = json_object_get(root, "fence");
    job->audience = (struct audience){text_at(audience, "fleet", arena), text_at(audience, "environment", arena),
                                      text_at(audience, "service", arena), text_at(audience, "target", arena)};
    job->release = text_at(root, "release", arena);
    job->fence = (struct fence){.epoch = json_integer_value(json_object_get(fence, "epoch")),
                                .term = text_at(fence, "term", arena),
                                .sequence = json_integer_value(json_object_get(fence, "sequence")),
                                .digest = ""};
    job->traceparent = "";
    json_decref(root);
}

/* What is wrong with a request's SQL, NULL: nothing. What is adopted or forgotten names a checksum, and has no SQL. */
static const char *damage_of(const struct job_request *r, struct arena *arena)
{
    char digest[DIGEST_HEX_SIZE];
    if (r->direction == DIRECTION_ADOPT || r->direction == DIRECTION_FORGET)
        return NULL;
    digest_hex(r->sql, strlen(r->sql), digest);
    if (strcmp(digest, r->checksum) == 0)
        return NULL;
    return arena_printf(arena, "the SQL of migration %s has checksum %s, the job states %s", r->migration, digest,
                        r->checksum);
}

static void check_sums(struct admitted *admitted, struct arena *arena)
{
    const struct job *job = &admitted->job;
    for (size_t i = 0; i < job->request_count && !admitted->damaged; i++) {
        const char *damage = damage_of(&job->requests[i], arena);
        admitted->damaged = damage != NULL;
        admitted->damage = damage ? damage : "";
    }
}

static enum admission_verdict open_job(const struct admission *admission, const struct envelope *envelope,
                                       struct arena *arena, struct admitted *admitted, struct err *err)
{
    if (!job_decode(envelope->payload, envelope->payload_len, arena, &admitted->job, err))
        return ADMISSION_QUARANTINED;
    if (!place(admission, &admitted->job.audience, admitted))
        return ADMISSION_NOT_OURS;
    check_sums(admitted, arena);
    return ADMISSION_JOB;
}

static enum admission_verdict open_control(const struct admission *admission, const struct envelope *envelope,
                                           int64_t now_us, struct arena *arena, struct admitted *admitted,
                                           struct err *err)
{
    if (!control_decode(envelope->payload, envelope->payload_len, arena, &admitted->control, err))
        return ADMISSION_QUARANTINED;
    if (!place(admission, &admitted->control.audience, admitted) ||
        admitted->control.expires_us + ADMISSION_CLOCK_US < now_us)
        return ADMISSION_NOT_OURS;
    return ADMISSION_CONTROL;
}

static enum admission_verdict open_verified(const struct admission *admission, const struct envelope *envelope,
                                            int64_t now_us, struct arena *arena, struct admitted *admitted,
                                            struct err *err)
{
    enum message_type type;
    int version = 0;
    digest_hex(envelope->payload, envelope->payload_len, admitted->digest);
    bool known = message_type_parse(envelope->payload_type, &type, &version);
    if (known && type == MESSAGE_JOB && version == MESSAGE_VERSION)
        return open_job(admission, envelope, arena, admitted, err);
    if (known && type == MESSAGE_CONTROL && version == MESSAGE_VERSION)
        return open_control(admission, envelope, now_us, arena, admitted, err);
    if (version > 0 && version != MESSAGE_VERSION) {
        read_unknown_version(envelope->payload, envelope->payload_len, arena, &admitted->job);
        if (!place(admission, &admitted->job.audience, admitted))
            return ADMISSION_NOT_OURS;
        err_set(err, ERR_CONFLICT, "%s: this worker knows version %d", envelope->payload_type, MESSAGE_VERSION);
        return ADMISSION_VERSION;
    }
    err_set(err, ERR_INPUT, "%s is not a message for a worker", envelope->payload_type);
    return ADMISSION_QUARANTINED;
}

enum admission_verdict admission_open(struct admission *admission, const struct admission_source *source,
                                      const char *bytes, size_t len, int64_t now_us, struct arena *arena,
                                      struct admitted *ret_admitted, struct err *err)
{
    struct envelope envelope;
    struct admitted admitted = {.damage = ""};
    struct err local = ERR_INIT;
    if (!err)
        err = &local;
    enum admission_verdict verdict = ADMISSION_QUARANTINED;
    if (envelope_open(bytes, len, admission->keys, admission->key_count, arena, &envelope, err))
        verdict = open_verified(admission, &envelope, now_us, arena, &admitted, err);
    if (verdict == ADMISSION_QUARANTINED && admission->quarantine)
        quarantine_add(admission->quarantine, source, err);
    if (verdict != ADMISSION_QUARANTINED)
        *ret_admitted = admitted;
    return verdict;
}
