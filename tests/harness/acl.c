/* What a Kafka's authorizer lets somebody do, for tests: kafka-acls.sh without a second of Java for each line.
 *
 *   acl BOOTSTRAP <LINES
 *     each line "add|remove PRINCIPAL OPERATION topic|group NAME"; a NAME that ends in * is a prefix. OPERATION is
 *     read, write, create or describe. Exit 1 with the reason when one was refused. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define WAIT_MS 30000
#define LINES_MAX 200

static const struct {
    const char *name;
    rd_kafka_AclOperation_t operation;
} operations[] = {{"read", RD_KAFKA_ACL_OPERATION_READ},
                  {"write", RD_KAFKA_ACL_OPERATION_WRITE},
                  {"create", RD_KAFKA_ACL_OPERATION_CREATE},
                  {"describe", RD_KAFKA_ACL_OPERATION_DESCRIBE}};

struct lines {
    rd_kafka_AclBinding_t *added[LINES_MAX];
    rd_kafka_AclBindingFilter_t *removed[LINES_MAX];
    size_t add_count, remove_count;
};

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "acl: %s: %s\n", what, why);
    return 1;
}

static bool read_line(const char *line, struct lines *lines)
{
    char verb[20], principal[300], operation[20], kind[20], name[300], text[300] = "a line is not understood";
    if (sscanf(line, "%19s %299s %19s %19s %299s", verb, principal, operation, kind, name) != 5)
        return false;
    size_t len = strlen(name);
    bool prefix = name[len - 1] == '*';
    name[len - prefix] = '\0';
    rd_kafka_ResourceType_t type = strcmp(kind, "topic") == 0 ? RD_KAFKA_RESOURCE_TOPIC : RD_KAFKA_RESOURCE_GROUP;
    rd_kafka_ResourcePatternType_t pattern =
        prefix ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED : RD_KAFKA_RESOURCE_PATTERN_LITERAL;
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (strcmp(operations[i].name, operation) != 0)
            continue;
        if (strcmp(verb, "add") == 0)
            return (lines->added[lines->add_count++] = rd_kafka_AclBinding_new(
                        type, name, pattern, principal, "*", operations[i].operation,
                        RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, text, sizeof text)) != NULL;
        return (lines->removed[lines->remove_count++] = rd_kafka_AclBindingFilter_new(
                    type, name, pattern, principal, "*", operations[i].operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
                    text, sizeof text)) != NULL;
    }
    return false;
}

static int all_done(rd_kafka_event_t *event)
{
    size_t count = 0;
    if (!event || rd_kafka_event_error(event))
        return fail("the broker", event ? rd_kafka_event_error_string(event) : "no answer in time");
    if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_CREATEACLS_RESULT)
        return 0;
    const rd_kafka_acl_result_t **results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
    for (size_t i = 0; i < count; i++)
        if (rd_kafka_acl_result_error(results[i]))
            return fail("a line", rd_kafka_error_string(rd_kafka_acl_result_error(results[i])));
    return 0;
}

static int carry_out(rd_kafka_t *kafka, struct lines *lines)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    int code = 0;
    if (lines->remove_count) {
        rd_kafka_DeleteAcls(kafka, lines->removed, lines->remove_count, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
        code = all_done(event);
        rd_kafka_event_destroy(event);
    }
    if (!code && lines->add_count) {
        rd_kafka_CreateAcls(kafka, lines->added, lines->add_count, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
        code = all_done(event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    return code;
}

int main(int argc, char **argv)
{
    char line[1000], text[512];
    struct lines lines = {.add_count = 0};
    if (argc != 2) {
        fprintf(stderr, "usage: acl BOOTSTRAP <LINES\n");
        return 2;
    }
    while (lines.add_count + lines.remove_count < LINES_MAX && fgets(line, sizeof line, stdin))
        if (!read_line(line, &lines))
            return fail(line, "not understood");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], text, sizeof text);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!kafka)
        return fail(argv[1], text);
    int code = carry_out(kafka, &lines);
    rd_kafka_AclBinding_destroy_array(lines.added, lines.add_count);
    rd_kafka_AclBinding_destroy_array(lines.removed, lines.remove_count);
    rd_kafka_destroy(kafka);
    return code;
}
