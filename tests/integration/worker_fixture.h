/* The coordinator's part, played by a test: an embedded broker, a private PostgreSQL, the real worker process, signed
 * jobs to it and verified reports from it. One target, service `auth`, target `main`.
 * GREYLAG_TEST_KAFKA names the bootstrap of a real Kafka that is used instead of an embedded broker. */
#pragma once
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "bus/bus.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "harness/postgres.h"
#include "harness/topics.h"
#include "proc/child.h"
#include "proto/envelope.h"
#include "proto/message.h"

#define LIMIT_MS 60000
#define TERM "0123456789abcdef0123456789abcdef"

static struct test_pg *server;
static const char *database;
static struct bus_broker *broker;
static const char *bootstrap;
static char fleet[64];
static struct bus_producer *out;
static struct bus_consumer *in;
static struct key_secret coordinator_key, worker_key, foreign_key;
static char folder[64];
static struct child worker = CHILD_INIT;
static struct arena arena;
static struct err err;
static const char *poll_interval = "300000", *more_config = "";
static int worker_log; /* 0: ours */
static char jobs_topic[TOPIC_NAME_SIZE], events_topic[TOPIC_NAME_SIZE], control_topic[TOPIC_NAME_SIZE],
    presence_topic[TOPIC_NAME_SIZE];
static struct bus_property properties[2] = {{"bootstrap.servers", NULL}, {"fetch.wait.max.ms", "10"}};

static inline char *path_of(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static inline void write_config(void)
{
    char text[KEY_PUBLIC_TEXT_SIZE];
    FILE *file = fopen(path_of("worker.yml"), "w");
    cr_assert(file);
    fprintf(file, "fleet: %s\nenvironment: test\nname: w\nkey: worker.key\ncoordinator_keys:\n  - %s\n",
            fleet, key_public_text(&coordinator_key.public_key, text));
    fputs(more_config, file);
    fprintf(file, "targets:\n  main: {service: auth, database: \"${TARGET}\"}\nkafka:\n  bootstrap.servers: %s\n",
            bootstrap);
    fprintf(file, "  fetch.wait.max.ms: \"10\"\n  session.timeout.ms: \"6000\"\n  max.poll.interval.ms: \"%s\"\n",
            poll_interval);
    fclose(file);
}

static inline void start_worker_with(const char *extra)
{
    const char *environment[] = {arena_printf(&arena, "TARGET=%s", database), extra, NULL};
    const char *argv[] = {GREYLAG_BINARY_DIR "/bin/greylag-worker", "--config", path_of("worker.yml"), "--ready-file",
                          path_of("ready"), NULL};
    struct child_options options = {
        .argv = argv, .environment = environment, .output = worker_log, .error = worker_log};
    unlink(path_of("ready"));
    cr_assert(child_start(&options, &worker, &err), "%s", err.text);
    int64_t until = clock_mono_ms() + LIMIT_MS;
    while (access(path_of("ready"), F_OK) && clock_mono_ms() < until)
        cr_assert_not(child_wait(&worker, 20, NULL), "the worker ended");
    cr_assert_eq(access(path_of("ready"), F_OK), 0, "the worker is not ready in time");
}

static inline void start_worker(void)
{
    start_worker_with(NULL);
}

/* Its log is in the folder. */
static inline void start_worker_logged(const char *extra)
{
    FILE *log = fopen(path_of("log"), "w");
    worker_log = fileno(log);
    start_worker_with(extra);
    fclose(log);
}

static inline void read_everything(void)
{
    const char *topics[] = {events_topic, presence_topic};
    struct bus_position positions[16];
    size_t total = 0;
    for (int i = 0; i < 2; i++) {
        int count = 0;
        cr_assert(bus_partitions(in, topics[i], 5000, &count, &err), "%s", err.text);
        for (int k = 0; k < count; k++)
            positions[total++] = (struct bus_position){topics[i], k, BUS_BEGINNING};
    }
    cr_assert(bus_reader_assign(in, positions, total, &err), "%s", err.text);
}

static inline void set_up(void)
{
    crypto_init();
    key_generate(&coordinator_key);
    key_generate(&worker_key);
    key_generate(&foreign_key);
    snprintf(folder, sizeof folder, "/tmp/worker_XXXXXX");
    cr_assert(mkdtemp(folder));
    cr_assert(key_write(&worker_key, path_of("worker.key"), &err), "%s", err.text);
    server = test_pg_start();
    database = test_pg_database(server, "target");
    bootstrap = getenv("GREYLAG_TEST_KAFKA");
    if (!bootstrap)
        cr_assert(bus_broker_start(&broker, &err), "%s", err.text);
    if (!bootstrap)
        bootstrap = bus_broker_bootstrap(broker);
    properties[0].value = bootstrap;
    snprintf(fleet, sizeof fleet, "shop-%ld-%lld", (long)getpid(), (long long)clock_wall_us() % 1000000);
    struct bus_settings settings = {"test", properties, 2, NULL};
    const struct topic_space space = {NULL, fleet, "test"};
    topic_name(TOPIC_JOBS, &space, "auth", jobs_topic);
    topic_name(TOPIC_EVENTS, &space, NULL, events_topic);
    topic_name(TOPIC_CONTROL, &space, NULL, control_topic);
    topic_name(TOPIC_PRESENCE, &space, NULL, presence_topic);
    make_topics(&settings, (const char *const[]){jobs_topic, events_topic, control_topic, presence_topic}, 4);
    cr_assert(bus_producer_open(&settings, NULL, NULL, &out, &err), "%s", err.text);
    cr_assert(bus_reader_open(&settings, &in, &err), "%s", err.text);
    read_everything();
    write_config();
}

static inline void tear_down(void)
{
    child_stop(&worker, 0, 10000);
    bus_consumer_close(in);
    bus_producer_close(out);
    bus_broker_stop(broker);
    test_pg_stop(server);
    const char *argv[] = {"rm", "-rf", folder, NULL};
    child_run(&(struct child_options){.argv = argv}, 10000, NULL, &err);
    arena_release(&arena);
}

/* ---- what the coordinator says ---- */

static inline void publish(const char *topic, const struct key_secret *key, enum message_type type, char *payload,
                           size_t len)
{
    size_t signed_len;
    auto_free char *envelope = envelope_sign(key, message_payload_type(type), payload, len, &signed_len);
    cr_assert(bus_producer_send(out, topic, BUS_BY_KEY, "main", envelope, signed_len, NULL, 0, 0, &err), "%s",
              err.text);
    cr_assert(bus_producer_flush(out, 10000));
    free(payload);
}

static inline const char *digest_of(const char *text)
{
    char *hex = arena_alloc(&arena, DIGEST_HEX_SIZE);
    digest_hex(text, strlen(text), hex);
    return hex;
}

static inline struct job_request up(const char *id, const char *sql)
{
    return (struct job_request){.request = id, .direction = DIRECTION_UP, .migration = id, .name = id,
                                .checksum = digest_of(sql), .undoes = "", .sql = sql, .lock_timeout_ms = 5000,
                                .statement_timeout_ms = 600000, .retries = 2};
}

static inline struct job job_of(int64_t sequence, const struct job_request *requests, size_t count)
{
    return (struct job){.audience = {fleet, "test", "auth", "main"}, .release = "rel-1",
                        .fence = {1, TERM, sequence, ""}, .plan = digest_of("plan"), .traceparent = "",
                        .requests = requests, .request_count = count};
}

static inline void send_job_by(const struct key_secret *key, const struct job *job)
{
    size_t len;
    char *payload = job_encode(job, &len);
    publish(jobs_topic, key, MESSAGE_JOB, payload, len);
}

static inline void send_job(int64_t sequence, const struct job_request *requests, size_t count)
{
    struct job job = job_of(sequence, requests, count);
    send_job_by(&coordinator_key, &job);
}

static inline void send_order(struct control control, int64_t sequence)
{
    control.audience = (struct audience){fleet, "test", "auth", "main"};
    control.fence = (struct fence){1, TERM, sequence, ""};
    control.expires_us = clock_wall_us() + 60000000;
    control.release = control.kind == CONTROL_FENCE ? "rel-1" : "";
    size_t len;
    char *payload = control_encode(&control, &len);
    publish(control_topic, &coordinator_key, MESSAGE_CONTROL, payload, len);
}

static inline void send_control(enum control_kind kind, int64_t sequence, const int64_t *positions, size_t count)
{
    send_order((struct control){.kind = kind, .positions = positions, .position_count = count}, sequence);
}

/* ---- what the worker says ---- */

/* The next report of any kind within limit_ms, signed by the worker. *ret_presence (may be NULL) collects the last
 * heartbeat on the way. */
static inline bool next_report(int64_t limit_ms, struct report *ret_report, struct presence *ret_presence)
{
    int64_t until = clock_mono_ms() + limit_ms;
    struct bus_message message;
    while (clock_mono_ms() < until) {
        if (!bus_consumer_poll(in, 50, &message, &err))
            continue;
        struct envelope envelope;
        cr_assert(envelope_open(message.payload, message.payload_len, &worker_key.public_key, 1, &arena, &envelope,
                                &err), "%s", err.text);
        bool report = strcmp(message.topic, events_topic) == 0;
        struct presence presence;
        if (report)
            cr_assert(report_decode(envelope.payload, envelope.payload_len, &arena, ret_report, &err), "%s", err.text);
        else
            cr_assert(presence_decode(envelope.payload, envelope.payload_len, &arena, &presence, &err), "%s",
                      err.text);
        if (!report && ret_presence)
            *ret_presence = presence;
        bus_message_release(&message);
        if (report)
            return true;
        if (ret_presence)
            return false;
    }
    return false;
}

/* Outcomes that were told before, in front of those of *report; one that is told again counts once. */
static inline void gather(struct report *report, const struct outcome *before, size_t count)
{
    struct outcome *all = arena_array(&arena, count + report->outcome_count + 1, sizeof *all);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t k = 0; k < report->outcome_count; k++)
            again = again || strcmp(before[i].request, report->outcomes[k].request) == 0;
        if (!again)
            all[total++] = before[i];
    }
    for (size_t k = 0; k < report->outcome_count; k++)
        all[total++] = report->outcomes[k];
    report->outcomes = all;
    report->outcome_count = total;
}

/* The next report of this kind for this sequence, with the outcomes that reports before it told of that sequence: a
 * worker that is slow tells what it has. Others on the way are passed over. */
static inline struct report report_of(enum report_kind kind, int64_t sequence)
{
    struct report report;
    const struct outcome *before = NULL;
    size_t count = 0;
    int64_t until = clock_mono_ms() + LIMIT_MS;
    while (clock_mono_ms() < until)
        if (next_report(1000, &report, NULL)) {
            if (report.fence.sequence == sequence) {
                gather(&report, before, count);
                before = report.outcomes;
                count = report.outcome_count;
            }
            if (report.kind == kind && report.fence.sequence == sequence)
                return report;
            printf("passed over: %s %lld (%zu outcomes) %s\n", report_kind_text(report.kind),
                   (long long)report.fence.sequence, report.outcome_count, report.message);
        }
    cr_assert(false, "no report %s for %lld", report_kind_text(kind), (long long)sequence);
    return report;
}

static inline void expect(const struct report *report, const char *const *requests, const enum outcome_kind *kinds,
                          size_t count)
{
    cr_assert_eq(report->outcome_count, count, "%zu outcomes", report->outcome_count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_str_eq(report->outcomes[i].request, requests[i]);
        cr_assert_eq(report->outcomes[i].kind, kinds[i], "%s is %s: %s", requests[i],
                     outcome_text(report->outcomes[i].kind), report->outcomes[i].message);
    }
}

static inline void expect_value(const char *sql, const char *wanted)
{
    auto_free char *value = test_pg_value(database, sql);
    cr_assert_str_eq(value, wanted, "%s", sql);
}

static inline bool value_comes(const char *sql, const char *wanted, int64_t limit_ms)
{
    int64_t until = clock_mono_ms() + limit_ms;
    for (;; poll(NULL, 0, 10)) { /* polling */
        auto_free char *value = test_pg_value(database, sql);
        if (strcmp(value, wanted) == 0)
            return true;
        if (clock_mono_ms() > until)
            return false;
    }
}

static inline void wait_for_value(const char *sql, const char *wanted)
{
    cr_assert(value_comes(sql, wanted, LIMIT_MS), "%s does not become %s", sql, wanted);
}

static inline void wait_for_log(const char *wanted)
{
    bool said = false;
    for (int64_t until = clock_mono_ms() + LIMIT_MS; !said && clock_mono_ms() < until;) {
        struct buf text = BUF_INIT(BUF_MAX);
        cr_assert(buf_read_file(&text, path_of("log"), &err), "%s", err.text);
        said = strstr(buf_text(&text), wanted);
        buf_release(&text);
        struct report report;
        struct presence presence;
        next_report(50, &report, &presence);
    }
    cr_assert(said, "its log does not say \"%s\"", wanted);
}
