/* Inside worker/runner: the polling thread's state. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "admission/admission.h"
#include "base/id.h"
#include "base/log.h"
#include "bus/bus.h"
#include "http/http.h"
#include "proto/vocab.h"
#include "runner/offsets.h"
#include "runner/runner.h"
#include "runner/target.h"

struct runner {
    const struct settings *settings;
    const struct runner_options *options;
    char worker[96]; /* instance id */
    struct bus_settings bus;
    struct bus_producer *producer;
    struct bus_consumer *control, *jobs;
    bool ready;
    char events_topic[TOPIC_NAME_SIZE], control_topic[TOPIC_NAME_SIZE], presence_topic[TOPIC_NAME_SIZE];
    char **job_topics; /* one for each service */
    size_t job_topic_count;
    struct audience *audiences;
    struct target **targets;
    size_t target_count;
    struct admission admission;
    struct offsets *offsets;
    uint64_t next_tag;
    int wake_fd;
    atomic_bool changed;
    atomic_bool serving; /* polls, and every target is ready: for /readyz */
    atomic_uint_fast64_t quarantined; /* for /metrics */
    int64_t untrusted; /* messages that could not be verified, since the last one that could; the polling thread's */
    pthread_mutex_t mutex; /* guards finished */
    uint64_t *finished;
    size_t finished_count, finished_room;
    int64_t presence_due_ms, presence_last_ms, retry_kafka_ms;
    int64_t beat; /* of the last heartbeat */
    int assigned; /* partitions of the job topics */
    struct log_repeat said;
    char bus_problem[1000]; /* what stands between us and Kafka, "" nothing */
    struct http_server *server;
};

/* poll.c */
void runner_read_kafka(struct runner *runner);
void runner_commit(struct runner *runner);
void runner_finished(void *runner, uint64_t tag); /* any thread */
void runner_changed(void *runner);                /* any thread */
void runner_delivered(void *runner, uint64_t tag, const char *failed);
void runner_problem(struct runner *runner, const char *text); /* logged, the same one at most once in 30 s */
/* Logs what is new or over of what stands between us and Kafka, and keeps it for the heartbeat. True: something
 * stands. */
bool runner_troubles(struct runner *runner);

/* heartbeat.c: publishes when it is due. */
void runner_heartbeat(struct runner *runner, bool leaving);
/* serve.c: /metrics, /healthz, /readyz */
bool runner_serve(struct runner *runner, struct err *err);
