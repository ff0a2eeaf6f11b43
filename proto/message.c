#include "proto/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "proto/codec.h"
#include "proto/message_tables.h"

#define LIST_MAX 1000000

static const struct field audience_fields[] = {
    FIELD(audience, fleet, FIELD_NAME, "fleet", true),
    FIELD(audience, environment, FIELD_NAME, "environment", true),
    FIELD(audience, service, FIELD_NAME, "service", true),
    FIELD(audience, target, FIELD_NAME, "target", true),
};
RECORD(audience_record, "audience", audience, audience_fields, NULL);

static const struct field fence_fields[] = {
    FIELD_INT(fence, epoch, "epoch", true, 0, INT64_MAX),
    FIELD(fence, term, FIELD_TERM, "term", false),
    FIELD_INT(fence, sequence, "sequence", true, 0, INT64_MAX),
    FIELD(fence, digest, FIELD_DIGEST, "digest", false),
};
RECORD(fence_record, "fence", fence, fence_fields, NULL);

static bool check_request(const void *value, struct err *err)
{
    const struct job_request *request = value;
    bool names_one = request->undoes[0] != 0;
    bool back = request->direction == DIRECTION_DOWN || request->direction == DIRECTION_FORGET;
    bool again = request->direction == DIRECTION_ADOPT || request->kind == MIGRATION_REPEATABLE;
    bool runs = request->direction == DIRECTION_UP || request->direction == DIRECTION_DOWN;
    if (back && !names_one)
        return err_set(err, ERR_INPUT, "direction is %s, but undoes names no request",
                       direction_text(request->direction));
    if (!back && !again && names_one)
        return err_set(err, ERR_INPUT, "direction is %s, but undoes names a request",
                       direction_text(request->direction));
    if (!runs && request->sql[0])
        return err_set(err, ERR_INPUT, "direction is %s, but there is SQL", direction_text(request->direction));
    return true;
}

static const struct field request_fields[] = {
    FIELD(job_request, request, FIELD_ID, "request", true),
    FIELD_ENUM(job_request, direction, "direction", true, direction),
    FIELD(job_request, migration, FIELD_ID, "migration", true),
    FIELD(job_request, name, FIELD_TEXT, "name", false),
    FIELD(job_request, checksum, FIELD_DIGEST, "checksum", true),
    FIELD(job_request, undoes, FIELD_ID, "undoes", false),
    FIELD(job_request, sql, FIELD_TEXT, "sql", true),
    FIELD_ENUM(job_request, kind, "kind", false, migration_kind),
    FIELD(job_request, version, FIELD_TEXT, "version", false),
    FIELD(job_request, script, FIELD_TEXT, "script", false),
    FIELD(job_request, foreign_checksum, FIELD_TEXT, "foreignChecksum", false),
    FIELD(job_request, foreign_record, FIELD_TEXT, "foreignRecord", false),
    FIELD(job_request, verify, FIELD_TEXT, "verify", false),
    FIELD(job_request, placeholders, FIELD_BOOLEAN, "placeholders", false),
    FIELD_LIST(job_request, values, value_count, FIELD_RECORDS, "values", false, &placeholder_record, 0, LIST_MAX),
    FIELD(job_request, in_history, FIELD_BOOLEAN, "inHistory", false),
    FIELD(job_request, taken_from, FIELD_TEXT, "takenFrom", false),
    FIELD(job_request, no_transaction, FIELD_BOOLEAN, "noTransaction", false),
    FIELD_LIST(job_request, lines, line_count, FIELD_INTEGERS, "lines", false, NULL, 0, LIST_MAX),
    FIELD_LIST(job_request, verify_lines, verify_line_count, FIELD_INTEGERS, "verifyLines", false, NULL, 0, LIST_MAX),
    FIELD_INT(job_request, lock_timeout_ms, "lockTimeoutMs", true, 1, INT32_MAX),
    FIELD_INT(job_request, statement_timeout_ms, "statementTimeoutMs", true, 1, INT32_MAX),
    FIELD_INT(job_request, retries, "retries", true, 0, 1000000),
};
RECORD(request_record, "request", job_request, request_fields, check_request);

static const struct field job_fields[] = {
    FIELD_STRUCT(job, audience, "audience", true, &audience_record),
    FIELD(job, release, FIELD_ID, "release", true),
    FIELD_STRUCT(job, fence, "fence", true, &fence_record),
    FIELD_INT(job, expects, "expects", true, 0, INT64_MAX),
    FIELD_INT(job, not_after_us, "notAfterUs", false, 0, INT64_MAX),
    FIELD(job, plan, FIELD_DIGEST, "plan", true),
    FIELD(job, traceparent, FIELD_TEXT, "traceparent", false),
    FIELD_ENUM(job, history, "history", false, history_tool),
    FIELD(job, history_table, FIELD_TEXT, "historyTable", false),
    FIELD(job, mirror, FIELD_BOOLEAN, "mirror", false),
    FIELD_LIST(job, placeholders, placeholder_count, FIELD_RECORDS, "placeholders", false, &placeholder_record, 0,
               LIST_MAX),
    FIELD(job, before_each, FIELD_TEXT, "beforeEach", false),
    FIELD(job, after_each, FIELD_TEXT, "afterEach", false),
    FIELD_LIST(job, requests, request_count, FIELD_RECORDS, "requests", true, &request_record, 1, LIST_MAX),
};
RECORD(job_record, "job", job, job_fields, NULL);

static const struct field control_fields[] = {
    FIELD_ENUM(control, kind, "kind", true, control_kind),
    FIELD_STRUCT(control, audience, "audience", true, &audience_record),
    FIELD_STRUCT(control, fence, "fence", true, &fence_record),
    FIELD_INT(control, expires_us, "expiresUs", true, 0, INT64_MAX),
    FIELD_INT(control, expects, "expects", false, -1, INT64_MAX),
    FIELD(control, release, FIELD_ID, "release", false),
    FIELD(control, patient, FIELD_BOOLEAN, "patient", false),
    FIELD(control, foreign, FIELD_BOOLEAN, "foreign", false),
    FIELD(control, contents, FIELD_DIGEST, "contents", false),
    FIELD_LIST(control, positions, position_count, FIELD_INTEGERS, "positions", false, NULL, 0, LIST_MAX),
};
RECORD(control_record, "control", control, control_fields, NULL);

static const struct field said_fields[] = {
#define X(member, json, prose) FIELD(server_said, member, FIELD_TEXT, json, false),
    SAID_TEXTS(X)
#undef X
};
RECORD(said_record, "said", server_said, said_fields, NULL);

static const struct field outcome_fields[] = {
    FIELD(outcome, id, FIELD_ID, "id", true),
    FIELD(outcome, request, FIELD_ID, "request", true),
    FIELD(outcome, release, FIELD_ID, "release", true),
    FIELD_ENUM(outcome, direction, "direction", true, direction),
    FIELD_ENUM(outcome, kind, "kind", true, outcome),
    FIELD(outcome, migration, FIELD_ID, "migration", true),
    FIELD(outcome, checksum, FIELD_DIGEST, "checksum", false),
    FIELD_INT(outcome, attempt, "attempt", true, 1, INT64_MAX),
    FIELD_INT(outcome, position, "position", true, 0, INT64_MAX),
    FIELD_INT(outcome, sequence, "sequence", true, 0, INT64_MAX),
    FIELD_INT(outcome, started_us, "startedUs", false, 0, INT64_MAX),
    FIELD_INT(outcome, finished_us, "finishedUs", false, 0, INT64_MAX),
    FIELD(outcome, sqlstate, FIELD_TEXT, "sqlstate", false),
    FIELD(outcome, message, FIELD_TEXT, "message", false),
    FIELD_STRUCT(outcome, said, "said", false, &said_record),
    FIELD_INT(outcome, line, "line", false, 0, INT64_MAX),
    FIELD(outcome, left, FIELD_TEXT, "left", false),
    FIELD(outcome, detail, FIELD_TEXT, "detail", false),
};
RECORD(outcome_record, "outcome", outcome, outcome_fields, NULL);

static const struct field applied_fields[] = {
    FIELD(applied, migration, FIELD_ID, "migration", true),
    FIELD(applied, checksum, FIELD_DIGEST, "checksum", false),
    FIELD(applied, request, FIELD_ID, "request", true),
    FIELD(applied, release, FIELD_ID, "release", false),
};
RECORD(applied_record, "applied", applied, applied_fields, NULL);

static const struct field foreign_row_fields[] = {
    FIELD(foreign_row, version, FIELD_TEXT, "version", false),
    FIELD(foreign_row, name, FIELD_TEXT, "name", false),
    FIELD(foreign_row, script, FIELD_TEXT, "script", false),
    FIELD(foreign_row, checksum, FIELD_TEXT, "checksum", false),
    FIELD_ENUM(foreign_row, state, "state", true, foreign_state),
};
RECORD(foreign_row_record, "foreignRow", foreign_row, foreign_row_fields, NULL);

static const struct field foreign_history_fields[] = {
    FIELD_ENUM(foreign_history, tool, "tool", true, history_tool),
    FIELD(foreign_history, table, FIELD_TEXT, "table", true),
    FIELD_LIST(foreign_history, rows, row_count, FIELD_RECORDS, "rows", true, &foreign_row_record, 0, LIST_MAX),
};
RECORD(foreign_history_record, "foreignHistory", foreign_history, foreign_history_fields, NULL);

static const struct field report_fields[] = {
    FIELD_ENUM(report, kind, "kind", true, report_kind),
    FIELD_STRUCT(report, audience, "audience", true, &audience_record),
    FIELD(report, id, FIELD_ID, "id", true),
    FIELD(report, worker, FIELD_ID, "worker", true),
    FIELD_INT(report, sent_us, "sentUs", true, 0, INT64_MAX),
    FIELD(report, release, FIELD_ID, "release", false),
    FIELD_STRUCT(report, fence, "fence", true, &fence_record),
    FIELD_STRUCT(report, in_force, "inForce", true, &fence_record),
    FIELD_ENUM(report, refusal, "refusal", true, refusal),
    FIELD(report, message, FIELD_TEXT, "message", false),
    FIELD_LIST(report, outcomes, outcome_count, FIELD_RECORDS, "outcomes", true, &outcome_record, 0, LIST_MAX),
    FIELD(report, contents, FIELD_DIGEST, "contents", false),
    FIELD_LIST(report, applied, applied_count, FIELD_RECORDS, "applied", true, &applied_record, 0, LIST_MAX),
    FIELD_LIST(report, foreign, foreign_count, FIELD_RECORDS, "foreign", false, &foreign_history_record, 0, LIST_MAX),
};
RECORD(report_record, "report", report, report_fields, NULL);

static const struct field presence_target_fields[] = {
    FIELD(presence_target, service, FIELD_NAME, "service", true),
    FIELD(presence_target, target, FIELD_NAME, "target", true),
    FIELD_STRUCT(presence_target, fence, "fence", true, &fence_record),
    FIELD(presence_target, contents, FIELD_DIGEST, "contents", false),
    FIELD_INT(presence_target, working, "working", true, 0, INT64_MAX),
    FIELD(presence_target, system_identifier, FIELD_TEXT, "systemIdentifier", false),
    FIELD(presence_target, problem, FIELD_TEXT, "problem", false),
};
RECORD(presence_target_record, "presenceTarget", presence_target, presence_target_fields, NULL);

static const struct field presence_fields[] = {
    FIELD(presence, fleet, FIELD_NAME, "fleet", true),
    FIELD(presence, environment, FIELD_NAME, "environment", true),
    FIELD(presence, worker, FIELD_ID, "worker", true),
    FIELD(presence, version, FIELD_TEXT, "program", false),
    FIELD(presence, host, FIELD_TEXT, "host", false),
    FIELD_INT(presence, sent_us, "sentUs", true, 0, INT64_MAX),
    FIELD_INT(presence, beat, "beat", false, 0, INT64_MAX),
    FIELD(presence, leaving, FIELD_BOOLEAN, "leaving", false),
    FIELD_INT(presence, untrusted, "untrusted", false, 0, INT64_MAX),
    FIELD_LIST(presence, targets, target_count, FIELD_RECORDS, "targets", true, &presence_target_record, 0, LIST_MAX),
};
RECORD(presence_record, "presence", presence, presence_fields, NULL);

static const struct record *const records[] = {
#define X(upper, lower) &lower##_record,
    MESSAGE_TYPES(X)
#undef X
};

const struct record *message_record(enum message_type type)
{
    return records[type];
}

#define TYPE_HEAD "application/vnd.greylag."

const char *message_payload_type(enum message_type type)
{
    static const char *const types[] = {
#define X(upper, lower) TYPE_HEAD #lower ".v1+json",
        MESSAGE_TYPES(X)
#undef X
    };
    _Static_assert(MESSAGE_VERSION == 1, "the payload types name the version");
    return types[type];
}

bool message_type_parse(const char *payload_type, enum message_type *ret_type, int *ret_version)
{
    static const char *const heads[] = {
#define X(upper, lower) TYPE_HEAD #lower ".v",
        MESSAGE_TYPES(X)
#undef X
    };
    for (unsigned i = 0; i < COUNT_OF(heads); i++) {
        if (!text_starts(payload_type, heads[i]))
            continue;
        char digits[10] = "";
        const char *number = payload_type + strlen(heads[i]);
        size_t len = strspn(number, "0123456789");
        if (len == 0 || len >= sizeof digits || strcmp(number + len, "+json") != 0)
            return false;
        memcpy(digits, number, len);
        *ret_type = (enum message_type)i;
        *ret_version = (int)strtol(digits, NULL, 10);
        return true;
    }
    return false;
}

#define X(upper, lower)                                                                                                \
    char *lower##_encode(const struct lower *lower, size_t *ret_len)                                                   \
    {                                                                                                                  \
        return record_encode(&lower##_record, MESSAGE_VERSION, lower, ret_len);                                        \
    }                                                                                                                  \
    bool lower##_decode(const char *json, size_t len, struct arena *arena, struct lower *ret_##lower, struct err *err) \
    {                                                                                                                  \
        return record_decode(&lower##_record, MESSAGE_VERSION, MESSAGE_MAX, json, len, arena, ret_##lower, err);       \
    }
MESSAGE_TYPES(X)
#undef X

bool fence_jumps(const struct fence *in_force, int64_t epoch, int64_t sequence)
{
    return in_force->epoch - epoch > FENCE_JUMP_MAX || in_force->sequence - sequence > FENCE_JUMP_MAX;
}

static bool said_anything(const struct server_said *said)
{
#define X(member, json, prose)                                                                                         \
    if (said->member && *said->member)                                                                                 \
        return true;
    SAID_TEXTS(X)
#undef X
    return false;
}

struct server_said said_copy(const struct server_said *said, struct arena *arena)
{
    struct server_said copy;
#define X(member, json, prose) copy.member = said->member && *said->member ? arena_strdup(arena, said->member) : "";
    SAID_TEXTS(X)
#undef X
    return copy;
}

char *said_encode(const struct server_said *said)
{
    return said_anything(said) ? record_text(&said_record, said) : xstrdup("");
}

struct server_said said_decode(const char *json, struct arena *arena)
{
    struct server_said said = {.detail = NULL};
    if (*json && record_read(&said_record, json, strlen(json), arena, &said, NULL))
        return said;
    return said_copy(&(struct server_said){.detail = NULL}, arena);
}

const char *outcome_id(struct arena *arena, const char *request, int64_t attempt, enum outcome_kind kind)
{
    return arena_printf(arena, "%s/%lld/%s", request, (long long)attempt, outcome_text(kind));
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

struct outcome outcome_copy(const struct outcome *outcome, struct arena *arena)
{
    struct outcome copy = *outcome;
    const char **const texts[] = {&copy.id,       &copy.request, &copy.release, &copy.migration, &copy.checksum,
                                  &copy.sqlstate, &copy.message, &copy.left,    &copy.detail};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = *texts[i] && **texts[i] ? arena_strdup(arena, *texts[i]) : "";
    copy.said = said_copy(&outcome->said, arena);
    return copy;
}

/* The order of the lines as bytes: NUL, which ends each part, sorts before everything. */
static int compare_applied(const void *a, const void *b)
{
    const struct applied *one = *(const struct applied *const *)a, *other = *(const struct applied *const *)b;
    int order = strcmp(or_empty(one->migration), or_empty(other->migration));
    if (!order)
        order = strcmp(or_empty(one->checksum), or_empty(other->checksum));
    return order ? order : strcmp(or_empty(one->request), or_empty(other->request));
}

void contents_digest(const struct applied *applied, size_t count, char digest[DIGEST_TEXT_SIZE])
{
    auto_free const struct applied **sorted = xcalloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &applied[i];
    qsort(sorted, count, sizeof *sorted, compare_applied);
    auto_buf struct buf lines = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *parts[] = {or_empty(sorted[i]->migration), or_empty(sorted[i]->checksum)};
        for (size_t k = 0; k < COUNT_OF(parts); k++)
            buf_add(&lines, parts[k], strlen(parts[k]) + 1);
        buf_adds(&lines, or_empty(sorted[i]->request));
        buf_addc(&lines, '\n');
    }
    digest_hex(buf_text(&lines), lines.len, digest);
}
