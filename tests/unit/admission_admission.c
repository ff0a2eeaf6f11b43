/* The door: only what a trusted key signed for one of ours comes in. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admission/admission.h"
#include "base/cleanup.h"
#include "crypto/digest.h"
#include "proto/envelope.h"

#define NOW_US ((int64_t)1700000000 * 1000000)

static struct key_secret key, foreign;
static const struct audience targets[] = {{"shop", "test", "auth", "one"}, {"shop", "test", "auth", "two"}};
static struct admission admission;
static struct arena arena;
static struct admitted admitted;
static struct err err;
static const struct admission_source source = {"jobs", 3, 42};

static void set_up(void)
{
    crypto_init();
    key_generate(&key);
    key_generate(&foreign);
    admission = (struct admission){"shop", "test", &key.public_key, 1, targets, 2, quarantine_new()};
}

static void tear_down(void)
{
    quarantine_free(admission.quarantine);
    arena_release(&arena);
}

TestSuite(admission, .init = set_up, .fini = tear_down);

static struct job sample(const char *target)
{
    static struct job_request request = {.request = "r1",
                                         .migration = "1",
                                         .name = "x",
                                         .undoes = "",
                                         .sql = "SELECT 1",
                                         .lock_timeout_ms = 1,
                                         .statement_timeout_ms = 1};
    char *checksum = arena_alloc(&arena, DIGEST_HEX_SIZE);
    digest_hex("SELECT 1", 8, checksum);
    request.checksum = checksum;
    return (struct job){.audience = {"shop", "test", "auth", target}, .release = "rel",
                        .fence = {1, "0123456789abcdef0123456789abcdef", 7, ""}, .plan = checksum, .traceparent = "",
                        .requests = &request, .request_count = 1};
}

static enum admission_verdict open_as(const struct key_secret *by, const char *type, const char *payload, size_t len)
{
    size_t size;
    auto_free char *envelope = envelope_sign(by, type, payload, len, &size);
    return admission_open(&admission, &source, envelope, size, NOW_US, &arena, &admitted, &err);
}

static enum admission_verdict open_job(const struct key_secret *by, const struct job *job)
{
    size_t len;
    auto_free char *payload = job_encode(job, &len);
    return open_as(by, message_payload_type(MESSAGE_JOB), payload, len);
}

Test(admission, a_job_for_one_of_ours)
{
    struct job job = sample("two");
    cr_assert_eq(open_job(&key, &job), ADMISSION_JOB, "%s", err.text);
    cr_assert_eq(admitted.target_index, 1);
    cr_assert_not(admitted.damaged);
    cr_assert(digest_is_hex(admitted.digest));
    job = sample("three");
    cr_assert_eq(open_job(&key, &job), ADMISSION_NOT_OURS);
    cr_assert_eq(quarantine_count(admission.quarantine), 0);
}

/* Each word of whom a message is for counts: the same key may sign for several fleets, and names are alike. */
Test(admission, what_is_for_somebody_else_is_not_ours)
{
    static const struct audience others[] = {{"other", "test", "auth", "one"}, {"shop", "production", "auth", "one"},
                                             {"shop", "test", "user", "one"},  {"shop", "test", "auth", "three"}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct job job = sample("one");
        job.audience = others[i];
        cr_assert_eq(open_job(&key, &job), ADMISSION_NOT_OURS, "job %zu", i);
        const struct control control = {.kind = CONTROL_FENCE, .audience = others[i], .fence = job.fence,
                                        .expires_us = NOW_US, .release = "rel"};
        size_t len;
        auto_free char *payload = control_encode(&control, &len);
        cr_assert_eq(open_as(&key, message_payload_type(MESSAGE_CONTROL), payload, len), ADMISSION_NOT_OURS,
                     "control %zu", i);
    }
    cr_assert_eq(quarantine_count(admission.quarantine), 0);
}

Test(admission, sql_that_does_not_have_its_checksum_is_told)
{
    struct job job = sample("one");
    struct job_request requests[] = {job.requests[0], job.requests[0]}; /* what is sound behind it mends nothing */
    requests[0].sql = "SELECT 2";
    requests[1].migration = requests[1].request = "2";
    job.requests = requests;
    job.request_count = 2;
    cr_assert_eq(open_job(&key, &job), ADMISSION_JOB);
    cr_assert(admitted.damaged);
    cr_assert(strstr(admitted.damage, "migration 1"), "%s", admitted.damage);
}

Test(admission, what_is_only_recorded_has_no_sql_to_check)
{
    struct job job = sample("one");
    struct job_request request = job.requests[0];
    request.direction = DIRECTION_ADOPT;
    request.sql = "";
    job.requests = &request;
    cr_assert_eq(open_job(&key, &job), ADMISSION_JOB, "%s", err.text);
    cr_assert_not(admitted.damaged, "%s", admitted.damage);
    request.direction = DIRECTION_FORGET;
    request.undoes = "r0";
    cr_assert_eq(open_job(&key, &job), ADMISSION_JOB, "%s", err.text);
    cr_assert_not(admitted.damaged, "%s", admitted.damage);
    request.sql = "SELECT 1"; /* it has that checksum, but nobody may run it */
    cr_assert_eq(open_job(&key, &job), ADMISSION_QUARANTINED);
}

Test(admission, foreign_signatures_and_damage_go_to_quarantine)
{
    struct job job = sample("one");
    cr_assert_eq(open_job(&foreign, &job), ADMISSION_QUARANTINED);
    cr_assert_eq(err.kind, ERR_UNTRUSTED);
    size_t len, size;
    auto_free char *payload = job_encode(&job, &len);
    auto_free char *envelope = envelope_sign(&key, message_payload_type(MESSAGE_JOB), payload, len, &size);
    size_t opened = 0;
    for (size_t bit = 0; bit < size * 8; bit += 5) {
        envelope[bit / 8] = (char)(envelope[bit / 8] ^ (1 << bit % 8));
        opened += admission_open(&admission, &source, envelope, size, 0, &arena, &admitted, &err) !=
                  ADMISSION_QUARANTINED;
        envelope[bit / 8] = (char)(envelope[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t cut = 0; cut < size; cut += 7)
        cr_assert_eq(admission_open(&admission, &source, envelope, cut, 0, &arena, &admitted, &err),
                     ADMISSION_QUARANTINED);
    cr_assert_eq(opened, 0, "%zu of %zu flipped envelopes still verify", opened, size * 8 / 5);
    const struct quarantined *last = quarantine_last(admission.quarantine);
    cr_assert(last->partition == 3 && last->offset == 42 && strcmp(last->topic, "jobs") == 0);
    cr_assert_str_eq(last->why, err.text);
}

Test(admission, an_unknown_version_is_refused_not_ignored)
{
    struct job job = sample("one");
    size_t len;
    auto_free char *payload = job_encode(&job, &len);
    cr_assert_eq(open_as(&key, "application/vnd.greylag.job.v2+json", payload, len), ADMISSION_VERSION);
    cr_assert_eq(admitted.job.fence.sequence, 7);
    cr_assert_str_eq(admitted.job.release, "rel");
    cr_assert(strstr(err.text, "v2"), "%s", err.text);
    job = sample("three");
    auto_free char *other = job_encode(&job, &len);
    cr_assert_eq(open_as(&key, "application/vnd.greylag.job.v2+json", other, len), ADMISSION_NOT_OURS);
    cr_assert_eq(open_as(&key, "application/vnd.greylag.job.v2+json", "[]", 2), ADMISSION_NOT_OURS);
    cr_assert_eq(open_as(&key, message_payload_type(MESSAGE_REPORT), "{}", 2), ADMISSION_QUARANTINED);
    cr_assert_eq(open_as(&key, "text/plain", "{}", 2), ADMISSION_QUARANTINED);
}

Test(admission, control_messages_expire)
{
    struct control control = {.kind = CONTROL_FENCE, .audience = targets[0],
                              .fence = {1, "0123456789abcdef0123456789abcdef", 7, ""}, .expires_us = NOW_US + 1,
                              .release = "rel"};
    size_t len;
    auto_free char *payload = control_encode(&control, &len);
    cr_assert_eq(open_as(&key, message_payload_type(MESSAGE_CONTROL), payload, len), ADMISSION_CONTROL, "%s", err.text);
    control.expires_us = NOW_US - ADMISSION_CLOCK_US; /* this machine's clock is ahead */
    auto_free char *late = control_encode(&control, &len);
    cr_assert_eq(open_as(&key, message_payload_type(MESSAGE_CONTROL), late, len), ADMISSION_CONTROL, "%s", err.text);
    control.expires_us--;
    auto_free char *old = control_encode(&control, &len);
    cr_assert_eq(open_as(&key, message_payload_type(MESSAGE_CONTROL), old, len), ADMISSION_NOT_OURS);
}

Test(admission, the_log_of_quarantine_is_limited)
{
    struct err why = {.kind = ERR_INPUT, .text = "bad"};
    uint64_t silent;
    cr_assert_not(quarantine_log_due(admission.quarantine, 0, &silent));
    quarantine_add(admission.quarantine, &source, &why);
    cr_assert(quarantine_log_due(admission.quarantine, 0, &silent));
    cr_assert_eq(silent, 0);
    for (int i = 0; i < 5; i++) {
        quarantine_add(admission.quarantine, &source, &why);
        cr_assert_not(quarantine_log_due(admission.quarantine, i, &silent));
    }
    cr_assert(quarantine_log_due(admission.quarantine, QUARANTINE_LOG_MS, &silent));
    cr_assert_eq(silent, 4);
}
