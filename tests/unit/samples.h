/* One message of each type with every field set: for round trips and golden files. Static; borrowed strings. */
#pragma once
#include "base/cleanup.h"
#include "proto/message.h"

#define SAMPLE_DIGEST_A "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"
#define SAMPLE_DIGEST_B "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
#define SAMPLE_TERM "00112233445566778899aabbccddeeff"

static const struct audience sample_audience = {"shop", "production", "user", "user-eu"};
static const struct fence sample_fence = {.epoch = 7, .term = SAMPLE_TERM, .sequence = 42, .digest = ""};
static const struct fence sample_in_force = {
    .epoch = 7, .term = SAMPLE_TERM, .sequence = 42, .digest = SAMPLE_DIGEST_B};

static const struct placeholder sample_values[] = {{"owner", "earlier", false}, {"password", "", true}};
static const int64_t sample_lines[] = {1, 4, 3, 9};
static const struct job_request sample_requests[] = {
    {.request = "01j0000000000000000000000.3.1", .direction = DIRECTION_UP, .migration = "2", .name = "add email",
     .checksum = SAMPLE_DIGEST_A, .undoes = "", .sql = "ALTER TABLE users ADD email text; -- \"caf\u00e9\"\n",
     .version = "2", .script = "V2__add_email.sql", .foreign_checksum = "1715188512",
     .foreign_record = "{\"project\":\"user\"}", .verify = "SELECT email FROM users",
     .placeholders = true, .no_transaction = true,
     .lines = sample_lines, .line_count = 4, .verify_lines = sample_lines, .verify_line_count = 2,
     .lock_timeout_ms = 5000, .statement_timeout_ms = 900000,
     .retries = 5},
    {.request = "01j0000000000000000000000.4.1", .direction = DIRECTION_DOWN, .migration = "1", .name = "users",
     .checksum = SAMPLE_DIGEST_B, .undoes = "01hzzzzzzzzzzzzzzzzzzzzzz.0.1", .sql = "DROP TABLE users;",
     .values = sample_values, .value_count = COUNT_OF(sample_values),
     .version = "", .script = "", .foreign_checksum = "", .foreign_record = "", .verify = "", .lock_timeout_ms = 1,
     .statement_timeout_ms = 1, .retries = 0},
    {.request = "01j0000000000000000000000.5.1", .direction = DIRECTION_ADOPT, .migration = "R__views", .name = "views",
     .checksum = SAMPLE_DIGEST_B, .undoes = "01hzzzzzzzzzzzzzzzzzzzzzz.1.1", .sql = "", .kind = MIGRATION_REPEATABLE,
     .version = "", .script = "R__views.sql", .foreign_checksum = "-5", .foreign_record = "", .verify = "",
     .in_history = true, .lock_timeout_ms = 1, .statement_timeout_ms = 1, .retries = 0},
};
static const struct placeholder sample_placeholders[] = {{"owner", "shop", false}, {"password", "", true}};
static const struct job sample_job = {
    .audience = sample_audience, .release = "01j0000000000000000000000", .fence = sample_fence, .expects = 41,
    .not_after_us = 1772332200000000, .plan = SAMPLE_DIGEST_B,
    .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    .history = HISTORY_FLYWAY, .history_table = "schema_version", .mirror = true, .placeholders = sample_placeholders,
    .placeholder_count = COUNT_OF(sample_placeholders), .before_each = "SET ROLE owner;", .after_each = "RESET ROLE;",
    .requests = sample_requests, .request_count = COUNT_OF(sample_requests)};

static const int64_t sample_positions[] = {3, 4, 9007199254740993};
static const struct control sample_control = {
    .kind = CONTROL_ACKNOWLEDGE, .audience = sample_audience, .fence = sample_fence, .expires_us = 1772332200000000,
    .expects = 41, .release = "01j0000000000000000000000", .foreign = true, .contents = SAMPLE_DIGEST_A,
    .positions = sample_positions, .position_count = COUNT_OF(sample_positions)};

static const struct outcome sample_outcomes[] = {
    {.id = "01j0000000000000000000000.3.1/2/failed", .request = "01j0000000000000000000000.3.1",
     .release = "01j0000000000000000000000", .direction = DIRECTION_UP, .kind = OUTCOME_FAILED, .migration = "2",
     .checksum = SAMPLE_DIGEST_A, .attempt = 2, .position = 17, .sequence = 42, .started_us = 1772332200000001,
     .finished_us = 1772332200123456, .sqlstate = "23505", .message = "could not create unique index \"users_email\"",
     .said = {.detail = "Key (email)=(a@b) is duplicated.", .hint = "look", .context = "SQL statement",
              .schema = "public", .table = "users", .column = "email", .data_type = "text", .constraint = "users_email",
              .notices = "NOTICE: hello\n"},
     .line = 3, .left = "index users_email is invalid", .detail = "nothing"},
};
static const struct applied sample_applied[] = {
    {.migration = "1", .checksum = SAMPLE_DIGEST_A, .request = "01hzzzzzzzzzzzzzzzzzzzzzz.0.1",
     .release = "01hzzzzzzzzzzzzzzzzzzzzzz"},
    {.migration = "1.1", .checksum = SAMPLE_DIGEST_B, .request = "01hzzzzzzzzzzzzzzzzzzzzzz.1.1", .release = ""},
};
static const struct foreign_row sample_foreign_rows[] = {
    {"1", "users", "V1__users.sql", "1715188512", FOREIGN_APPLIED}, {"2", "", "", "", FOREIGN_FAILED}};
static const struct foreign_history sample_foreign[] = {
    {HISTORY_FLYWAY, "public.schema_version", sample_foreign_rows, COUNT_OF(sample_foreign_rows)}};
static const struct report sample_report = {
    .kind = REPORT_REFUSED, .audience = sample_audience, .id = "01j0000000000000000000001", .worker = "user-1/4242",
    .sent_us = 1772332200200000, .release = "01j0000000000000000000000", .fence = sample_fence,
    .in_force = sample_in_force, .refusal = REFUSAL_REWOUND, .message = "the fence is below what was seen",
    .outcomes = sample_outcomes, .outcome_count = COUNT_OF(sample_outcomes), .contents = SAMPLE_DIGEST_B,
    .applied = sample_applied, .applied_count = COUNT_OF(sample_applied),
    .foreign = sample_foreign, .foreign_count = COUNT_OF(sample_foreign)};

static const struct presence_target sample_presence_targets[] = {
    {.service = "user", .target = "user-eu", .fence = sample_in_force, .contents = SAMPLE_DIGEST_A, .working = 42,
     .system_identifier = "7301234567890123456", .problem = ""},
    {.service = "user", .target = "user-us", .fence = {.term = "", .digest = ""}, .contents = "", .working = 0,
     .system_identifier = "", .problem = "connection refused"},
};
static const struct presence sample_presence = {
    .fleet = "shop", .environment = "production", .worker = "user-1/4242", .version = "0.1.0", .host = "user-1",
    .sent_us = 1772332200200000, .beat = 77, .leaving = true, .untrusted = 3,
    .targets = sample_presence_targets, .target_count = COUNT_OF(sample_presence_targets)};

static inline char *sample_encode(enum message_type type, size_t *ret_len)
{
    switch (type) {
    case MESSAGE_JOB:
        return job_encode(&sample_job, ret_len);
    case MESSAGE_CONTROL:
        return control_encode(&sample_control, ret_len);
    case MESSAGE_REPORT:
        return report_encode(&sample_report, ret_len);
    default:
        return presence_encode(&sample_presence, ret_len);
    }
}

/* Decodes, and encodes what came out; NULL with err filled in when it does not decode. New. */
static inline char *sample_again(enum message_type type, const char *json, size_t len, size_t *ret_len,
                                 struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    switch (type) {
#define X(upper, lower)                                                                                                \
    case MESSAGE_##upper: {                                                                                            \
        struct lower lower;                                                                                            \
        return lower##_decode(json, len, &arena, &lower, err) ? lower##_encode(&lower, ret_len) : NULL;                \
    }
        MESSAGE_TYPES(X)
#undef X
    default:
        return NULL;
    }
}
