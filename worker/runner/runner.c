#include "runner/runner.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wake.h"
#include "crypto/digest.h"
#include "proc/notify.h"
#include "proc/signals.h"
#include "runner/runner_internal.h"

#define TICK_MS 1000
#define KAFKA_WAIT_MS 2000
#define LEAVE_GRACE_MS 5000
#define LAST_REPORTS_MS 3000
#define GROUP_DIGITS 16 /* of the digest, in a group's name */

static void name_topics(struct runner *runner)
{
    const struct settings *settings = runner->settings;
    const struct topic_space space = {settings->topic_prefix, settings->fleet, settings->environment};
    topic_name(TOPIC_EVENTS, &space, NULL, runner->events_topic);
    topic_name(TOPIC_CONTROL, &space, NULL, runner->control_topic);
    topic_name(TOPIC_PRESENCE, &space, NULL, runner->presence_topic);
    runner->job_topics = xcalloc(runner->target_count, sizeof *runner->job_topics);
    for (size_t i = 0; i < runner->target_count; i++) {
        char name[TOPIC_NAME_SIZE];
        topic_name(TOPIC_JOBS, &space, settings->targets[i].service, name);
        bool known = false;
        for (size_t k = 0; k < runner->job_topic_count; k++)
            known |= strcmp(runner->job_topics[k], name) == 0;
        if (!known)
            runner->job_topics[runner->job_topic_count++] = xstrdup(name);
    }
}

/* One group for each set of targets: workers with the same ones stand in for each other. */
static void name_group(const struct runner *runner, char name[TOPIC_NAME_SIZE])
{
    unsigned char sum[DIGEST_SIZE] = {0};
    for (size_t i = 0; i < runner->target_count; i++) { /* a sum, so that their order does not matter */
        auto_free char *line = xasprintf("%s/%s", runner->audiences[i].service, runner->audiences[i].target);
        char hex[DIGEST_HEX_SIZE];
        digest_hex(line, strlen(line), hex);
        for (size_t k = 0; k < DIGEST_SIZE; k++)
            sum[k] = (unsigned char)(sum[k] ^ (unsigned char)hex[k]);
    }
    char hex[DIGEST_HEX_SIZE];
    digest_hex(sum, sizeof sum, hex);
    hex[GROUP_DIGITS] = '\0';
    const struct topic_space space = {runner->settings->topic_prefix, runner->settings->fleet,
                                      runner->settings->environment};
    topic_group_name(&space, hex, name);
}

/* ---- Kafka ---- */

/* All partitions of a topic, from the end: what is asked of a worker on `control` is repeated until it is answered. */
static bool read_control(struct runner *runner, int partitions, struct err *err)
{
    auto_free struct bus_position *positions = xcalloc((size_t)partitions, sizeof *positions);
    for (int i = 0; i < partitions; i++)
        positions[i] = (struct bus_position){runner->control_topic, i, BUS_END};
    return bus_reader_assign(runner->control, positions, (size_t)partitions, err);
}

static bool topic_is_there(struct runner *runner, const char *topic, int *ret_partitions, struct err *err)
{
    if (!bus_partitions(runner->control, topic, KAFKA_WAIT_MS, ret_partitions, err))
        return false;
    if (*ret_partitions > 0)
        return true;
    return err_set(err, ERR_UNREACHABLE, "kafka: waiting for topic %s: the coordinator creates it", topic);
}

/* The topics may come later than the worker. False: not yet. */
static bool join_kafka(struct runner *runner, struct err *err)
{
    int partitions;
    char group[TOPIC_NAME_SIZE];
    for (size_t i = 0; i < runner->job_topic_count; i++)
        if (!topic_is_there(runner, runner->job_topics[i], &partitions, err))
            return false;
    if (!topic_is_there(runner, runner->control_topic, &partitions, err) || !read_control(runner, partitions, err))
        return false;
    name_group(runner, group);
    if (!bus_consumer_open(&runner->bus, group, (const char *const *)runner->job_topics, runner->job_topic_count,
                           &runner->jobs, err))
        return false;
    bus_consumer_wake(runner->jobs, runner->wake_fd);
    log_info("reading jobs as group %s", group);
    return true;
}

static void become_ready(struct runner *runner)
{
    struct err err = ERR_INIT;
    runner->ready = true;
    atomic_store(&runner->changed, true);
    const char *address = runner->server ? http_server_url(runner->server) : runner->worker;
    if (runner->options->ready_file && !notify_ready_file(runner->options->ready_file, address, &err))
        log_warn("%s", err.text);
    if (!notify_systemd(runner->options->notify_socket, "READY=1", &err))
        log_warn("%s", err.text);
}

static void try_kafka(struct runner *runner)
{
    struct err err = ERR_INIT;
    int64_t now = clock_mono_ms();
    if (now < runner->retry_kafka_ms)
        return;
    if (join_kafka(runner, &err)) {
        become_ready(runner);
        return;
    }
    if (!runner_troubles(runner)) /* else it is told already */
        runner_problem(runner, err.text);
    runner->retry_kafka_ms = clock_mono_ms() + 500;
}

/* ---- the loop ---- */

static void sleep_until_something(struct runner *runner)
{
    int64_t now = clock_mono_ms(), until = now + TICK_MS;
    if (!runner->ready && runner->retry_kafka_ms < until)
        until = runner->retry_kafka_ms;
    if (runner->presence_due_ms < until)
        until = runner->presence_due_ms;
    struct pollfd waits[] = {{.fd = runner->wake_fd, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
    poll(waits, COUNT_OF(waits), until > now ? (int)(until - now) : 0);
    wake_clear(runner->wake_fd);
}

static void serve_producer(struct runner *runner)
{
    bus_producer_poll(runner->producer, 0);
    (void)runner_troubles(runner);
}

static void loop(struct runner *runner)
{
    while (!signals_stop()) {
        sleep_until_something(runner);
        if (!runner->ready)
            try_kafka(runner);
        serve_producer(runner);
        if (runner->ready) {
            runner_read_kafka(runner);
            runner_commit(runner);
        }
        runner_heartbeat(runner, false);
    }
}

/* ---- start and end ---- */

static bool start_targets(struct runner *runner, struct err *err)
{
    for (size_t i = 0; i < runner->settings->target_count; i++) {
        const struct settings_target *from = &runner->settings->targets[i];
        struct target_settings settings = {
            .audience = runner->audiences[i],
            .conninfo = from->database,
            .ledger_schema = from->ledger_schema,
            .schema = from->schema,
            .secrets = from->secrets,
            .secret_count = from->secret_count,
            .worker = runner->worker,
            .lease_ms = runner->settings->lease_ms,
            .retention_ms = runner->settings->retention_ms,
            .key = &runner->settings->key,
            .producer = runner->producer,
            .events_topic = runner->events_topic,
            .notices = {runner, runner_finished, runner_changed},
        };
        if (!target_start(&settings, &runner->targets[i], err))
            return false;
    }
    return true;
}

static bool start(struct runner *runner, struct err *err)
{
    if (!wake_open(&runner->wake_fd, err) ||
        !bus_producer_open(&runner->bus, runner_delivered, runner, &runner->producer, err) ||
        !bus_reader_open(&runner->bus, &runner->control, err))
        return false;
    bus_producer_wake(runner->producer, runner->wake_fd);
    bus_consumer_wake(runner->control, runner->wake_fd);
    return start_targets(runner, err) && runner_serve(runner, err);
}

/* The running steps end or are cancelled; a second signal cancels at once. What they report still goes out. */
static void leave(struct runner *runner)
{
    struct err err = ERR_INIT;
    notify_systemd(runner->options->notify_socket, "STOPPING=1", &err);
    log_info("leaving: running steps have %d s to end", LEAVE_GRACE_MS / 1000);
    for (size_t i = 0; i < runner->target_count; i++)
        if (runner->targets[i])
            target_stop(runner->targets[i], LEAVE_GRACE_MS);
    for (size_t i = 0; i < runner->target_count; i++)
        while (runner->targets[i] && !target_join(runner->targets[i], TICK_MS / 4)) {
            serve_producer(runner);
            if (signals_count() > 1)
                target_stop(runner->targets[i], 0);
        }
}

static void say_goodbye(struct runner *runner)
{
    if (!runner->ready)
        return;
    bus_producer_flush(runner->producer, LAST_REPORTS_MS);
    runner_commit(runner);
    runner_heartbeat(runner, true);
    bus_producer_flush(runner->producer, LAST_REPORTS_MS);
}

static void release(struct runner *runner)
{
    http_server_stop(runner->server);
    for (size_t i = 0; i < runner->target_count; i++)
        target_free(runner->targets[i]);
    bus_consumer_close(runner->jobs);
    bus_consumer_close(runner->control);
    bus_producer_close(runner->producer);
    for (size_t i = 0; i < runner->job_topic_count; i++)
        free(runner->job_topics[i]);
    free(runner->job_topics);
    free(runner->targets);
    free(runner->audiences);
    free(runner->finished);
    bus_troubles_free(runner->bus.troubles);
    offsets_free(runner->offsets);
    quarantine_free(runner->admission.quarantine);
    pthread_mutex_destroy(&runner->mutex);
    if (runner->wake_fd >= 0)
        close(runner->wake_fd);
}

static void init(struct runner *runner)
{
    const struct settings *settings = runner->settings;
    char id[ID_SIZE], name[61];
    id_new(id);
    text_format(name, sizeof name, "%s", settings->name);
    text_format(runner->worker, sizeof runner->worker, "%s-%.26s", name, id);
    runner->bus = (struct bus_settings){"greylag-worker", settings->properties, settings->property_count, NULL};
    runner->bus.troubles = bus_troubles_new(&runner->bus);
    runner->wake_fd = -1;
    pthread_mutex_init(&runner->mutex, NULL);
    runner->target_count = settings->target_count;
    runner->targets = xcalloc(runner->target_count, sizeof *runner->targets);
    runner->audiences = xcalloc(runner->target_count, sizeof *runner->audiences);
    for (size_t i = 0; i < runner->target_count; i++)
        runner->audiences[i] = (struct audience){settings->fleet, settings->environment, settings->targets[i].service,
                                                 settings->targets[i].name};
    name_topics(runner);
    runner->offsets = offsets_new();
    runner->admission = (struct admission){
        .fleet = settings->fleet, .environment = settings->environment, .keys = settings->coordinator_keys,
        .key_count = settings->key_count, .targets = runner->audiences, .target_count = runner->target_count,
        .quarantine = quarantine_new()};
}

bool runner_run(const struct settings *settings, const struct runner_options *options, struct err *err)
{
    struct runner runner = {.settings = settings, .options = options};
    init(&runner);
    bool started = start(&runner, err);
    if (started)
        loop(&runner);
    if (runner.producer)
        leave(&runner);
    say_goodbye(&runner);
    release(&runner);
    return started;
}
