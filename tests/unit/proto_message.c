/* Messages: what is written is read back; what is damaged is refused, with the place and the reason. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "proto/envelope.h"
#include "proto/message_tables.h"
#include "unit/samples.h"

static void start(void)
{
    crypto_init();
}

TestSuite(message, .init = start);

Test(message, round_trips)
{
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        size_t len, again_len = 0;
        struct err err = ERR_INIT;
        auto_free char *json = sample_encode(type, &len);
        auto_free char *again = sample_again(type, json, len, &again_len, &err);
        cr_assert_not_null(again, "%s", err.text);
        cr_assert_eq(len, strlen(json));
        cr_assert_str_eq(again, json);
    }
}

Test(message, every_member_arrives)
{
    auto_arena struct arena arena = ARENA_INIT;
    size_t len;
    struct job job;
    struct report report;
    auto_free char *text = job_encode(&sample_job, &len);
    cr_assert(job_decode(text, len, &arena, &job, NULL));
    cr_assert_str_eq(job.audience.target, "user-eu");
    cr_assert_eq(job.fence.sequence, 42);
    cr_assert_eq(job.not_after_us, 1772332200000000);
    cr_assert_eq(job.request_count, 3);
    cr_assert_str_eq(job.requests[0].sql, sample_requests[0].sql);
    cr_assert(job.requests[0].no_transaction && !job.requests[1].no_transaction);
    cr_assert_eq(job.requests[1].direction, DIRECTION_DOWN);
    cr_assert_str_eq(job.requests[1].undoes, sample_requests[1].undoes);
    cr_assert_eq(job.requests[1].kind, MIGRATION_VERSIONED);
    cr_assert_str_eq(job.requests[1].verify, "");
    cr_assert(job.requests[2].direction == DIRECTION_ADOPT && job.requests[2].in_history);
    cr_assert_str_eq(job.requests[2].foreign_checksum, "-5");
    cr_assert_str_eq(job.requests[0].foreign_record, "{\"project\":\"user\"}");
    cr_assert(job.mirror && job.history == HISTORY_FLYWAY && job.placeholders[1].secret);
    cr_assert_str_eq(job.before_each, "SET ROLE owner;");
    auto_free char *report_text = report_encode(&sample_report, &len);
    cr_assert(report_decode(report_text, len, &arena, &report, NULL));
    cr_assert_eq(report.refusal, REFUSAL_REWOUND);
    cr_assert_str_eq(report.in_force.digest, SAMPLE_DIGEST_B);
    cr_assert_str_eq(report.outcomes[0].sqlstate, "23505");
    cr_assert_eq(report.outcomes[0].line, 3);
    cr_assert_str_eq(report.applied[1].migration, "1.1");
    cr_assert_str_eq(report.foreign[0].table, "public.schema_version");
    cr_assert_eq(report.foreign[0].rows[1].state, FOREIGN_FAILED);
}

Test(message, null_texts_are_empty_and_bad_bytes_are_marked)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct outcome outcome = sample_outcomes[0];
    outcome.message = "bad \xff\xfe byte";
    outcome.left = outcome.detail = outcome.sqlstate = outcome.checksum = NULL;
    struct report report = sample_report, back;
    struct err err = ERR_INIT;
    size_t len;
    report.outcomes = &outcome;
    report.message = NULL;
    auto_free char *text = report_encode(&report, &len);
    cr_assert(report_decode(text, len, &arena, &back, &err), "%s", err.text);
    cr_assert_str_eq(back.outcomes[0].message, "bad \\xff\\xfe byte");
    cr_assert_str_eq(back.outcomes[0].left, "");
    cr_assert_str_eq(back.message, "");
}

/* Every record of every message, with the JSON object that stands for it in `root`. */
static size_t tried;

static void expect(enum message_type type, json_t *root, enum err_kind kind, const char *what, const char *field)
{
    size_t len;
    struct err err = ERR_INIT;
    auto_free char *json = json_dumps(root, JSON_COMPACT);
    auto_free char *again = sample_again(type, json, strlen(json), &len, &err);
    tried++;
    if (kind == ERR_NONE) {
        cr_assert_not_null(again, "%s %s: %s", what, field, err.text);
        return;
    }
    cr_assert_null(again, "%s %s was taken: %s", what, field, json);
    cr_assert_eq(err.kind, kind, "%s %s: %s", what, field, err.text);
    cr_assert(strstr(err.text, field), "%s %s: %s", what, field, err.text);
}

static const char *const values[] = {"null", "true",  "7",    "-7", "1.5",  "\"\"", "\"No Name\"", "[]",
                                     "{}",   "[null]", "[{}]", "[-1]", "\"\\u0007\""};

static bool asks_for_nothing(const struct record *record)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (record->fields[i].required)
            return false;
    return true;
}

/* Whether the value is right for the field after all. */
static bool fits(const struct field *field, const char *value)
{
    bool empty = strcmp(value, "\"\"") == 0, text = value[0] == '"';
    switch (field->kind) {
    case FIELD_TEXT:
        return text;
    case FIELD_ID:
        return strcmp(value, "\"No Name\"") == 0 || (empty && !field->required);
    case FIELD_NAME:
    case FIELD_DIGEST:
    case FIELD_TERM:
        return empty && !field->required;
    case FIELD_INTEGER:
        return strcmp(value, "7") == 0;
    case FIELD_BOOLEAN:
        return strcmp(value, "true") == 0;
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        return strcmp(value, "[]") == 0 && field->min == 0;
    case FIELD_RECORD:
        return strcmp(value, "{}") == 0 && asks_for_nothing(field->record);
    default:
        return false;
    }
}

static void damage(enum message_type type, json_t *root, const struct record *record, json_t *object)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        json_t *old = json_incref(json_object_get(object, field->name));
        cr_assert(old || !field->required, "the sample has no %s", field->name); /* defaults are left out */
        json_object_del(object, field->name);
        if (strcmp(field->name, "undoes") != 0)
            expect(type, root, field->required ? ERR_INPUT : ERR_NONE, "without", field->name);
        for (size_t v = 0; v < COUNT_OF(values); v++) {
            json_object_set_new(object, field->name, json_loads(values[v], JSON_DECODE_ANY, NULL));
            if (strcmp(field->name, "undoes") != 0 || !fits(field, values[v]))
                expect(type, root, fits(field, values[v]) ? ERR_NONE : ERR_INPUT, values[v], field->name);
        }
        json_object_del(object, field->name);
        if (old)
            json_object_set_new(object, field->name, old);
        if (field->kind == FIELD_RECORD)
            damage(type, root, field->record, old);
        else if (field->kind == FIELD_RECORDS && old)
            damage(type, root, field->record, json_array_get(old, 0));
    }
    json_object_set_new(object, "aFieldOfTheFuture", json_loads("[{\"a\":1}]", 0, NULL));
    expect(type, root, ERR_NONE, "an unknown field in", record->name);
    json_object_del(object, "aFieldOfTheFuture");
}

Test(message, every_field_missing_or_wrong)
{
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        size_t len;
        auto_free char *json = sample_encode(type, &len);
        json_t *root = json_loads(json, 0, NULL);
        damage(type, root, message_record(type), root);
        json_decref(root);
    }
    printf("# %zu variants of messages tried\n", tried);
}

Test(message, other_versions)
{
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        size_t len;
        auto_free char *json = sample_encode(type, &len);
        json_t *root = json_loads(json, 0, NULL);
        json_object_set_new(root, "version", json_integer(2));
        expect(type, root, ERR_CONFLICT, "version 2", "version 2");
        json_object_set_new(root, "kind", json_string("a kind of the future"));
        json_object_del(root, "audience");
        expect(type, root, ERR_CONFLICT, "version 2 with another shape", "version 2");
        json_object_set_new(root, "version", json_string("1"));
        expect(type, root, ERR_INPUT, "version as text", "version");
        json_object_del(root, "version");
        expect(type, root, ERR_INPUT, "no version", "version");
        json_decref(root);
    }
}

Test(message, the_path_is_named)
{
    size_t len;
    auto_free char *json = sample_encode(MESSAGE_JOB, &len);
    json_t *root = json_loads(json, 0, NULL);
    json_t *second = json_array_get(json_object_get(root, "requests"), 1);
    json_object_set_new(second, "checksum", json_string("ABC"));
    expect(MESSAGE_JOB, root, ERR_INPUT, "a bad checksum", "requests[1].checksum: not a digest");
    json_object_set_new(second, "checksum", json_string(SAMPLE_DIGEST_A));
    json_object_set_new(second, "undoes", json_string(""));
    expect(MESSAGE_JOB, root, ERR_INPUT, "an undo of nothing", "requests[1]: direction is down");
    json_object_set_new(second, "direction", json_string("sideways"));
    expect(MESSAGE_JOB, root, ERR_INPUT, "a word of no table", "requests[1].direction");
    json_decref(root);
}

Test(message, damaged_text)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "1", "{}", "{\"version\":1", "{\"version\":1}x", "{\"version\":1,\"version\":1}",
        "{\"version\":1,\"a\":\"\\u0000\"}", "{\"version\":1,\"a\":\"\xff\"}", "{\"version\":1,\"a\":\"\xc0\x80\"}",
        "{\"version\":1,\"a\":99999999999999999999999}", "{\"version\":1,\"a\":1e999}", "{\"version\":1,\"a\":\"\n\"}",
        "{\"version\":1,\"a\":\"\\ud800\"}", "{'version':1}", "{\"version\":1,}", "{\"version\":01}"};
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        size_t len, got;
        for (size_t i = 0; i < COUNT_OF(texts); i++) {
            struct err err = ERR_INIT;
            cr_assert_null(sample_again(type, texts[i], strlen(texts[i]), &got, &err), "%s", texts[i]);
            cr_assert_eq(err.kind, ERR_INPUT, "%s", err.text);
        }
        auto_free char *json = sample_encode(type, &len);
        for (size_t cut = 0; cut < len; cut++) {
            auto_free char *part = xmalloc(cut);
            memcpy(part, json, cut);
            cr_assert_null(sample_again(type, part, cut, &got, NULL));
        }
        json[len / 2] = 0;
        cr_assert_null(sample_again(type, json, len, &got, NULL), "a NUL inside");
    }
}

Test(message, deep_nesting_and_far_too_large)
{
    size_t size = (size_t)70 << 20, got;
    auto_free char *text = xmalloc(size);
    struct err err = ERR_INIT;
    memset(text, '[', size);
    int64_t began = clock_mono_ms();
    cr_assert_null(sample_again(MESSAGE_JOB, text, size, &got, &err));
    printf("# 70 MiB refused in %lld ms: %s\n", (long long)(clock_mono_ms() - began), err.text);
    cr_assert_null(sample_again(MESSAGE_JOB, text, 1 << 20, &got, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
}

Test(message, payload_types)
{
    static const char *const others[] = {"",
                                         "application/json",
                                         "application/vnd.greylag.job",
                                         "application/vnd.greylag.job.v+json",
                                         "application/vnd.greylag.job.v1",
                                         "application/vnd.greylag.job.v1+jsonx",
                                         "application/vnd.greylag.job.v-1+json",
                                         "application/vnd.greylag.job.v99999999999+json",
                                         "application/vnd.greylag.jobs.v1+json",
                                         "application/vnd.greylag.job.v1x+json",
                                         "APPLICATION/vnd.greylag.job.v1+json"};
    enum message_type type;
    int version;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        cr_assert(message_type_parse(message_payload_type(i), &type, &version));
        cr_assert_eq(type, i);
        cr_assert_eq(version, MESSAGE_VERSION);
    }
    cr_assert(message_type_parse("application/vnd.greylag.report.v12+json", &type, &version));
    cr_assert(type == MESSAGE_REPORT && version == 12);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        cr_assert_not(message_type_parse(others[i], &type, &version), "%s", others[i]);
}

Test(message, ids_of_outcomes_derive)
{
    auto_arena struct arena arena = ARENA_INIT;
    cr_assert_str_eq(outcome_id(&arena, "r.3.1", 2, OUTCOME_FAILED), "r.3.1/2/failed");
}

Test(message, contents_digests)
{
    char one[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE], wanted[DIGEST_TEXT_SIZE];
    static const char lines[] = "1\0" "aa\0" "r1\n" "10\0" "bb\0" "r2\n" "2\0" "\0" "r3\n";
    struct applied list[] = {{.migration = "2", .request = "r3"},
                             {.migration = "1", .checksum = "aa", .request = "r1", .release = "x"},
                             {.migration = "10", .checksum = "bb", .request = "r2", .release = ""}};
    contents_digest(list, 3, one);
    digest_hex(lines, sizeof lines - 1, wanted);
    cr_assert_str_eq(one, wanted);
    struct applied first = list[0];
    list[0] = list[2];
    list[2] = first;
    contents_digest(list, 3, other);
    cr_assert_str_eq(one, other, "the order does not count");
    list[0].request = "r9";
    contents_digest(list, 3, other);
    cr_assert_str_neq(one, other);
    contents_digest(NULL, 0, other);
    digest_hex("", 0, wanted);
    cr_assert_str_eq(other, wanted);
}

/* Whole way of one job: encode, sign, open, decode. Gives the milliseconds of each half. */
static void time_job(const struct job *job, const char *what)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct key_secret key;
    struct envelope envelope;
    struct job back;
    struct err err = ERR_INIT;
    size_t len, signed_len;
    key_generate(&key);
    int64_t began = clock_mono_us();
    auto_free char *json = job_encode(job, &len);
    int64_t encoded = clock_mono_us();
    auto_free char *text = envelope_sign(&key, message_payload_type(MESSAGE_JOB), json, len, &signed_len);
    int64_t signed_at = clock_mono_us();
    cr_assert(envelope_open(text, signed_len, &key.public_key, 1, &arena, &envelope, &err), "%s", err.text);
    int64_t opened = clock_mono_us();
    cr_assert(job_decode(envelope.payload, envelope.payload_len, &arena, &back, &err), "%s", err.text);
    printf("# %s: %zu bytes signed; encode %lld us, sign %lld us, open %lld us, decode %lld us\n", what, signed_len,
           (long long)(encoded - began), (long long)(signed_at - encoded), (long long)(opened - signed_at),
           (long long)(clock_mono_us() - opened));
    cr_assert_eq(back.request_count, job->request_count);
    cr_assert_str_eq(back.requests[job->request_count - 1].sql, job->requests[job->request_count - 1].sql);
    cr_assert_lt(signed_len, MESSAGE_MAX);
}

Test(message, many_small_requests_and_one_large)
{
    enum { MANY = 5000 };
    struct job_request *requests = xcalloc(MANY, sizeof *requests);
    for (size_t i = 0; i < MANY; i++) {
        requests[i] = sample_requests[0];
        requests[i].sql = "CREATE TABLE a (id bigint PRIMARY KEY, name text NOT NULL);\nCREATE INDEX ON a (name);\n"
                          "INSERT INTO a VALUES (1, 'one');\n";
    }
    struct job job = sample_job;
    job.requests = requests;
    job.request_count = MANY;
    time_job(&job, "5000 small requests");
    char *sql = xmalloc(MIGRATION_MAX + 1);
    static const char line[] = "INSERT INTO a VALUES (1, 'one', 'something long enough to be a line');\n";
    for (size_t i = 0; i < MIGRATION_MAX; i++)
        sql[i] = line[i % (sizeof line - 1)];
    sql[MIGRATION_MAX] = 0;
    requests[0].sql = sql;
    job.request_count = 1;
    time_job(&job, "32 MiB of SQL");
    free(sql);
    free(requests);
}
