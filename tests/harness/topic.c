/* What an administrator does to topics, for tests: kafka-topics.sh and kafka-configs.sh without seconds of Java.
 *
 *   topic BOOTSTRAP NAME delete
 *   topic BOOTSTRAP NAME partitions N
 *   topic BOOTSTRAP NAME set NAME=VALUE...     all that is set for the topic: what is not named is the default again
 *
 * Exit 1 with the broker's reason. */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 30000

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "topic: %s: %s\n", what, why);
    return 1;
}

static bool ask(rd_kafka_t *kafka, rd_kafka_queue_t *queue, int argc, char **argv)
{
    char text[512];
    const char *verb = argv[3];
    if (strcmp(verb, "delete") == 0) {
        rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(argv[2]);
        rd_kafka_DeleteTopics(kafka, &gone, 1, NULL, queue);
        rd_kafka_DeleteTopic_destroy(gone);
        return true;
    }
    if (strcmp(verb, "partitions") == 0 && argc == 5) {
        rd_kafka_NewPartitions_t *more =
            rd_kafka_NewPartitions_new(argv[2], (size_t)strtoul(argv[4], NULL, 10), text, sizeof text);
        rd_kafka_CreatePartitions(kafka, &more, 1, NULL, queue);
        rd_kafka_NewPartitions_destroy(more);
        return true;
    }
    if (strcmp(verb, "set") != 0)
        return false;
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, argv[2]);
    for (int i = 4; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return false;
        *value = '\0';
        rd_kafka_ConfigResource_set_config(resource, argv[i], value + 1);
    }
    rd_kafka_AlterConfigs(kafka, &resource, 1, NULL, queue);
    rd_kafka_ConfigResource_destroy(resource);
    return true;
}

/* The reason of the only topic, or of all of it; NULL: done. */
static const char *refused(rd_kafka_event_t *event)
{
    size_t count = 0;
    if (rd_kafka_event_error(event))
        return rd_kafka_event_error_string(event);
    const rd_kafka_topic_result_t **results = NULL;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DELETETOPICS_RESULT)
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT)
        results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
    if (results)
        return rd_kafka_topic_result_error_string(results[0]);
    const rd_kafka_ConfigResource_t **set =
        rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count);
    return rd_kafka_ConfigResource_error(set[0]) ? rd_kafka_ConfigResource_error_string(set[0]) : NULL;
}

int main(int argc, char **argv)
{
    char text[512];
    if (argc < 4) {
        fprintf(stderr, "usage: topic BOOTSTRAP NAME delete | partitions N | set NAME=VALUE...\n");
        return 2;
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], text, sizeof text);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!kafka)
        return fail(argv[1], text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    int code = 2;
    if (ask(kafka, queue, argc, argv)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
        const char *why = event ? refused(event) : "no answer in time";
        code = why ? fail(argv[2], why) : 0;
        if (event)
            rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
    return code;
}
