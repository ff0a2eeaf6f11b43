#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "bus/settings.h"
#include "bus/topics.h"

#define SLICE_MS 250 /* the first, then each twice as long: an answer that is late is not heard by the next question */

static int left_ms(const struct topics_look *work)
{
    int64_t left = work->deadline_ms - clock_mono_ms();
    return left > 1 ? (int)left : 1;
}

/* For librdkafka, whose callback has no other context. */
static void on_error(rd_kafka_t *kafka, int code, const char *reason, void *troubles)
{
    (void)kafka;
    troubles_connection(troubles, code, reason);
}

/* In slices, so that a wrong password is told at once and not when the time is up. What was told before says nothing of
 * this question: a broker may be back, or be far away. */
static rd_kafka_resp_err_t ask(struct topics_look *work, const struct rd_kafka_metadata **ret_metadata)
{
    int64_t began_ms = clock_mono_ms();
    rd_kafka_resp_err_t code;
    int left, slice = SLICE_MS / 2;
    do {
        left = left_ms(work);
        slice *= 2;
        code = rd_kafka_metadata(work->kafka, 0, NULL, ret_metadata, left < slice ? left : slice);
        rd_kafka_poll(work->kafka, 0);
    } while (code && left > slice && !troubles_cut_off(work->settings->troubles, began_ms));
    return code;
}

/* *ret_code: what the broker says of this topic. */
static int partitions_in(const struct rd_kafka_metadata *metadata, const char *name, rd_kafka_resp_err_t *ret_code)
{
    *ret_code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0) {
            *ret_code = metadata->topics[i].err;
            return metadata->topics[i].err ? 0 : metadata->topics[i].partition_cnt;
        }
    return 0;
}

/* What the answer says of each. False: one that we may not even see. */
static bool take_in(struct topics_look *work, const struct rd_kafka_metadata *metadata, struct err *err)
{
    bool allowed = true;
    for (size_t i = 0; i < work->count; i++) {
        const struct bus_topic *topic = &work->topics[i];
        rd_kafka_resp_err_t code;
        work->partitions[i] = partitions_in(metadata, topic->name, &code);
        if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            allowed = troubles_denied(work->settings->troubles, topic->right, topic->name, err);
        if (work->partitions[i])
            troubles_granted(work->settings->troubles, BUS_RIGHT_CREATE, topic->name); /* somebody has */
    }
    return allowed;
}

/* One question for all of them: librdkafka asks for the topics that have a handle. */
static bool look(struct topics_look *work, struct err *err)
{
    rd_kafka_topic_t **handles = xcalloc(work->count + 1, sizeof(rd_kafka_topic_t *));
    const struct rd_kafka_metadata *metadata = NULL;
    for (size_t i = 0; i < work->count; i++)
        handles[i] = rd_kafka_topic_new(work->kafka, work->topics[i].name, NULL);
    rd_kafka_resp_err_t code = ask(work, &metadata);
    bool allowed = !code && take_in(work, metadata, err);
    for (size_t i = 0; i < work->count; i++)
        if (handles[i])
            rd_kafka_topic_destroy(handles[i]);
    free(handles);
    if (code)
        return troubles_unreachable(work->settings->troubles, code, err);
    rd_kafka_metadata_destroy(metadata);
    troubles_connected(work->settings->troubles);
    return allowed;
}

static rd_kafka_event_t *wait_for(struct topics_look *work, rd_kafka_queue_t *queue, rd_kafka_event_type_t type)
{
    for (;;) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, left_ms(work));
        if (!event || rd_kafka_event_type(event) == type)
            return event;
        rd_kafka_event_destroy(event);
    }
}

static rd_kafka_AdminOptions_t *options_new(struct topics_look *work, rd_kafka_admin_op_t operation)
{
    char text[128];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(work->kafka, operation);
    rd_kafka_AdminOptions_set_request_timeout(options, left_ms(work), text, sizeof text);
    return options;
}

static rd_kafka_NewTopic_t *new_topic(const struct bus_topic *topic, int replication, struct err *err)
{
    char text[256];
    rd_kafka_NewTopic_t *fresh =
        rd_kafka_NewTopic_new(topic->name, topic->partitions, replication, text, sizeof text);
    if (!fresh) {
        err_set(err, ERR_CONFIG, "topic %s: %s", topic->name, text);
        return NULL;
    }
    for (const char *const *s = topic->settings; s && s[0]; s += 2)
        rd_kafka_NewTopic_set_config(fresh, s[0], s[1]);
    return fresh;
}

/* All that is refused is told, not only the first of it. */
static bool created(struct topics_look *work, rd_kafka_event_t *event, struct err *err)
{
    bool allowed = true;
    if (rd_kafka_event_error(event))
        return kafka_fail(rd_kafka_event_error(event), rd_kafka_event_error_string(event), err);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
            code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
            allowed = troubles_denied(work->settings->troubles, BUS_RIGHT_CREATE,
                                      rd_kafka_topic_result_name(results[i]), err);
        else if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            kafka_fail(code, rd_kafka_topic_result_error_string(results[i]), err);
            return err_prefix(err, "creating topic %s", rd_kafka_topic_result_name(results[i]));
        }
        else
            troubles_granted(work->settings->troubles, BUS_RIGHT_CREATE, rd_kafka_topic_result_name(results[i]));
    }
    return allowed;
}

static bool create(struct topics_look *work, struct err *err)
{
    rd_kafka_NewTopic_t **fresh = xcalloc(work->count, sizeof *fresh);
    size_t count = 0;
    bool done = true;
    for (size_t i = 0; i < work->count && done; i++)
        if (!work->partitions[i])
            done = (fresh[count++] = new_topic(&work->topics[i], work->replication, err)) != NULL;
    if (done && count) {
        rd_kafka_queue_t *queue = rd_kafka_queue_new(work->kafka);
        rd_kafka_AdminOptions_t *options = options_new(work, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        rd_kafka_CreateTopics(work->kafka, fresh, count, options, queue);
        rd_kafka_event_t *event = wait_for(work, queue, RD_KAFKA_EVENT_CREATETOPICS_RESULT);
        done = event ? created(work, event, err)
                     : err_set(err, ERR_TIMEOUT, "kafka: creating topics: no answer in time");
        if (event)
            rd_kafka_event_destroy(event);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_queue_destroy(queue);
    }
    for (size_t i = 0; i < count; i++)
        if (fresh[i])
            rd_kafka_NewTopic_destroy(fresh[i]);
    free(fresh);
    return done;
}

static const char *wanted_setting(const struct bus_topic *topic, const char *name)
{
    for (const char *const *s = topic->settings; s && s[0]; s += 2)
        if (strcmp(s[0], name) == 0)
            return s[1];
    return NULL;
}

static bool large_enough(const struct bus_topic *topic, const rd_kafka_ConfigResource_t *resource, const char *servers,
                         struct err *err)
{
    static const char name[] = "max.message.bytes";
    long long wanted = 0, found = 0;
    const char *text = wanted_setting(topic, name);
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) != 0)
            continue;
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (text_to_long(text, 0, INT64_MAX, &wanted) && value && text_to_long(value, 0, INT64_MAX, &found) &&
            found < wanted) {
            err_set(err, ERR_CONFIG, "topic %s: max.message.bytes is %lld, it has to be %lld", topic->name, found,
                    wanted);
            return err_hint(err, "kafka-configs.sh --bootstrap-server %s --command-config admin.properties --alter "
                            "--topic %s --add-config max.message.bytes=%lld", servers, topic->name, wanted);
        }
    }
    return true;
}

static const struct bus_topic *asked_topic(const struct topics_look *work, const char *name)
{
    for (size_t i = 0; i < work->count; i++)
        if (strcmp(work->topics[i].name, name) == 0)
            return &work->topics[i];
    return NULL;
}

static bool all_large_enough(struct topics_look *work, rd_kafka_event_t *event, struct err *err)
{
    if (rd_kafka_event_error(event))
        return kafka_fail(rd_kafka_event_error(event), rd_kafka_event_error_string(event), err);
    size_t count = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        const struct bus_topic *topic = asked_topic(work, rd_kafka_ConfigResource_name(resources[i]));
        if (!topic || rd_kafka_ConfigResource_error(resources[i])) /* who may not look takes it as it is */
            continue;
        struct err why = ERR_INIT;
        bool good = large_enough(topic, resources[i], bus_servers(work->settings), &why);
        troubles_topic(work->settings->troubles, topic->name, good ? NULL : &why);
        if (!good && err)
            *err = why;
        all = all && good;
    }
    return all;
}

/* max.message.bytes of the topics that were there before. */
static bool check_existing(struct topics_look *work, struct err *err)
{
    rd_kafka_ConfigResource_t **asked = xcalloc(work->count, sizeof *asked);
    size_t count = 0;
    bool done = true;
    for (size_t i = 0; i < work->count; i++)
        if (work->partitions[i] && !work->checked[i])
            asked[count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, work->topics[i].name);
    if (count) {
        rd_kafka_queue_t *queue = rd_kafka_queue_new(work->kafka);
        rd_kafka_AdminOptions_t *options = options_new(work, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
        rd_kafka_DescribeConfigs(work->kafka, asked, count, options, queue);
        rd_kafka_event_t *event = wait_for(work, queue, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT);
        done = event ? all_large_enough(work, event, err)
                     : err_set(err, ERR_TIMEOUT, "kafka: looking at topics: no answer in time");
        if (event)
            rd_kafka_event_destroy(event);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_queue_destroy(queue);
    }
    for (size_t i = 0; i < count; i++)
        rd_kafka_ConfigResource_destroy(asked[i]);
    free(asked);
    return done;
}

/* The embedded broker has no admin calls. Its cluster id gives it away; asking it for a topic creates the topic. */
static bool embedded(struct topics_look *work)
{
    char *id = rd_kafka_clusterid(work->kafka, left_ms(work));
    bool mock = id && text_starts(id, "mockCluster");
    rd_kafka_mem_free(work->kafka, id);
    return mock;
}

static bool create_by_asking(struct topics_look *work, struct err *err)
{
    rd_kafka_t *own = work->kafka;
    work->kafka = topics_client(work->settings, true, err);
    bool done = work->kafka && look(work, err) && look(work, err);
    for (size_t i = 0; done && i < work->count; i++)
        if (!work->partitions[i])
            done = err_set(err, ERR_UNREACHABLE, "topic %s was not created by the embedded broker",
                           work->topics[i].name);
    if (work->kafka)
        kafka_close(work->kafka);
    work->kafka = own;
    return done;
}

static bool all_there(const struct topics_look *work)
{
    for (size_t i = 0; i < work->count; i++)
        if (!work->partitions[i] || !work->checked[i])
            return false;
    return true;
}

/* One topic that is not as it has to be keeps no other from being made. */
static bool make_and_check(struct topics_look *work, struct err *err)
{
    bool made = create(work, err);
    return check_existing(work, made ? err : NULL) && made;
}

bool topics_settle(struct topics_look *work, struct err *err)
{
    if (!look(work, err))
        return false;
    if (all_there(work))
        return true;
    if (embedded(work) ? !create_by_asking(work, err) : !make_and_check(work, err))
        return false;
    for (size_t i = 0; i < work->count; i++)
        work->checked[i] = work->checked[i] || work->partitions[i];
    return true;
}

rd_kafka_t *topics_client(const struct bus_settings *settings, bool creates_by_asking, struct err *err)
{
    rd_kafka_conf_t *conf = kafka_conf(settings, BUS_ADMIN, err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_opaque(conf, settings->troubles);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (kafka_set(conf, "allow.auto.create.topics", creates_by_asking ? "true" : "false", err))
        return kafka_open(conf, BUS_ADMIN, err);
    rd_kafka_conf_destroy(conf);
    return NULL;
}
