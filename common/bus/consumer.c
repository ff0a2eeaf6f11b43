#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "base/text.h"
#include "bus/settings.h"

struct bus_consumer {
    rd_kafka_t *kafka;
    bool group, paused;
    int assigned; /* partitions */
    int64_t again_ms;   /* a group that lost what it had: when to subscribe again; 0: never */
    struct pause again; /* before that */
    struct bus_troubles *troubles;
    char *name;        /* of the group */
    int64_t denied_ms;   /* when to read again what the broker did not let us read; 0: never */
    struct pause denied; /* before that */
    struct bus_position *positions; /* a reader's, kept up to date; topics owned */
    size_t position_count;
    rd_kafka_message_t *held; /* the next one to hand out */
};

#define CLOSE_MS 5000
#define SUBSCRIBE_AGAIN_MS 5000
#define SUBSCRIBE_AGAIN_MAX_MS 300000
#define DENIED_AGAIN_MS 2000
#define DENIED_AGAIN_MAX_MS 60000

static void lost(struct bus_consumer *consumer)
{
    pause_reset(&consumer->again);
    consumer->again_ms = clock_mono_ms() + pause_next(&consumer->again);
}

/* The embedded broker and every real one: a pause does not survive a new assignment by itself. */
static void on_rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *partitions,
                         void *opaque)
{
    struct bus_consumer *consumer = opaque;
    int before = consumer->assigned;
    consumer->assigned = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? partitions->cnt : 0;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        troubles_granted(consumer->troubles, BUS_RIGHT_GROUP, consumer->name);
    if (consumer->assigned > 0)
        consumer->again_ms = 0;
    else if (before > 0)
        lost(consumer);
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(kafka, NULL);
        return;
    }
    rd_kafka_assign(kafka, partitions);
    if (consumer->paused)
        rd_kafka_pause_partitions(kafka, partitions);
}

static void on_error(rd_kafka_t *kafka, int code, const char *reason, void *opaque)
{
    (void)kafka;
    const struct bus_consumer *consumer = opaque;
    troubles_connection(consumer->troubles, code, reason);
}

static bool consumer_new(const struct bus_settings *settings, enum bus_client client, const char *group,
                         struct bus_consumer **ret_consumer, struct err *err)
{
    struct bus_consumer *consumer = xcalloc(1, sizeof *consumer);
    consumer->group = client == BUS_GROUP;
    consumer->again = (struct pause)PAUSE(SUBSCRIBE_AGAIN_MS, SUBSCRIBE_AGAIN_MAX_MS);
    consumer->denied = (struct pause)PAUSE(DENIED_AGAIN_MS, DENIED_AGAIN_MAX_MS);
    consumer->troubles = settings->troubles;
    consumer->name = xstrdup(group);
    rd_kafka_conf_t *conf = kafka_conf(settings, client, err);
    if (conf && !kafka_set(conf, "group.id", group, err)) {
        rd_kafka_conf_destroy(conf);
        conf = NULL;
    }
    if (conf) {
        rd_kafka_conf_set_opaque(conf, consumer);
        if (consumer->troubles)
            rd_kafka_conf_set_error_cb(conf, on_error);
        if (consumer->group)
            rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        consumer->kafka = kafka_open(conf, client, err);
    }
    if (!consumer->kafka) {
        free(consumer->name);
        free(consumer);
        return false;
    }
    rd_kafka_poll_set_consumer(consumer->kafka);
    *ret_consumer = consumer;
    return true;
}

bool bus_consumer_open(const struct bus_settings *settings, const char *group, const char *const *topics,
                       size_t topic_count, struct bus_consumer **ret_consumer, struct err *err)
{
    struct bus_consumer *consumer = NULL;
    if (!consumer_new(settings, BUS_GROUP, group, &consumer, err))
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topic_count);
    for (size_t i = 0; i < topic_count; i++)
        rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code) {
        bus_consumer_close(consumer);
        return kafka_fail(code, NULL, err);
    }
    *ret_consumer = consumer;
    return true;
}

bool bus_reader_open(const struct bus_settings *settings, struct bus_consumer **ret_consumer, struct err *err)
{
    /* librdkafka wants a group's name even where none is used. */
    return consumer_new(settings, BUS_READER, "none", ret_consumer, err);
}

static int64_t offset_in(int64_t offset)
{
    return offset == BUS_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING : offset == BUS_END ? RD_KAFKA_OFFSET_END : offset;
}

static rd_kafka_topic_partition_list_t *list_of(const struct bus_position *positions, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, positions[i].topic, positions[i].partition)->offset =
            offset_in(positions[i].offset);
    return list;
}

static void positions_free(struct bus_position *positions, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kafka_free_text(positions[i].topic);
    free(positions);
}

static void drop_held(struct bus_consumer *consumer)
{
    if (consumer->held)
        rd_kafka_message_destroy(consumer->held);
    consumer->held = NULL;
}

static bool assign_positions(struct bus_consumer *reader, struct err *err)
{
    drop_held(reader);
    rd_kafka_topic_partition_list_t *list = list_of(reader->positions, reader->position_count);
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->kafka, list);
    if (!code && reader->paused)
        rd_kafka_pause_partitions(reader->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_fail(code, NULL, err) : true;
}

bool bus_reader_assign(struct bus_consumer *reader, const struct bus_position *positions, size_t count, struct err *err)
{
    struct bus_position *copy = xcalloc(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = positions[i];
        copy[i].topic = xstrdup(positions[i].topic);
    }
    positions_free(reader->positions, reader->position_count);
    reader->positions = copy;
    reader->position_count = count;
    return assign_positions(reader, err);
}

static struct bus_position *position_of(struct bus_consumer *reader, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < reader->position_count; i++)
        if (reader->positions[i].partition == partition && strcmp(reader->positions[i].topic, topic) == 0)
            return &reader->positions[i];
    return NULL;
}

void bus_reader_seek(struct bus_consumer *reader, const char *topic, int32_t partition, int64_t offset)
{
    struct bus_position *position = position_of(reader, topic, partition);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->kafka, topic, NULL);
    if (handle) {
        rd_kafka_seek(handle, partition, offset_in(offset), 0);
        rd_kafka_topic_destroy(handle);
    }
    if (position)
        position->offset = offset;
}

static rd_kafka_message_t *next_message(struct bus_consumer *consumer, int timeout_ms)
{
    rd_kafka_message_t *held = consumer->held;
    consumer->held = NULL;
    return held ? held : rd_kafka_consumer_poll(consumer->kafka, timeout_ms);
}

bool bus_partitions(struct bus_consumer *reader, const char *topic, int timeout_ms, int *ret_count, struct err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->kafka, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(reader->kafka, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code) {
        reader->held = next_message(reader, 0); /* and so hears of what the callback has to say */
        return troubles_unreachable(reader->troubles, code, err);
    }
    int count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, topic) != 0)
            continue;
        code = metadata->topics[i].err;
        count = code ? 0 : metadata->topics[i].partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    troubles_connected(reader->troubles);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return troubles_denied(reader->troubles, BUS_RIGHT_READ, topic, err);
    *ret_count = count;
    return true;
}

/* A broker that lost its data comes back without the topic, and a group that was then given none of its partitions is
 * not asked again by librdkafka 2.0.2 once the topic is made anew: the list of topics looks the same as before. More
 * and more seldom, since whoever lost its partitions to another member of the group disturbs it by asking. */
static void subscribe_again(struct bus_consumer *consumer)
{
    rd_kafka_topic_partition_list_t *topics = NULL;
    if (rd_kafka_subscription(consumer->kafka, &topics) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    rd_kafka_unsubscribe(consumer->kafka);
    rd_kafka_subscribe(consumer->kafka, topics);
    rd_kafka_topic_partition_list_destroy(topics);
}

static void look_again(struct bus_consumer *consumer)
{
    if (!consumer->again_ms || consumer->assigned > 0 || clock_mono_ms() < consumer->again_ms)
        return;
    consumer->again_ms = clock_mono_ms() + pause_next(&consumer->again);
    subscribe_again(consumer);
}

/* librdkafka tells once that a topic may not be read, and not whether that has changed: asked for anew, it tells. */
static void read_denied_again(struct bus_consumer *consumer)
{
    if (!consumer->denied_ms || clock_mono_ms() < consumer->denied_ms)
        return;
    consumer->denied_ms = 0;
    if (consumer->group)
        subscribe_again(consumer);
    else
        (void)assign_positions(consumer, NULL);
}

/* A right that is missing. True: that is what it was. */
static bool denied(struct bus_consumer *consumer, const rd_kafka_message_t *message, struct err *err)
{
    if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        if (consumer->group) /* librdkafka asks for a reader's group too, which nobody uses */
            troubles_denied(consumer->troubles, BUS_RIGHT_GROUP, consumer->name, err);
        return true;
    }
    if (message->err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || !message->rkt)
        return false;
    if (!consumer->denied_ms)
        consumer->denied_ms = clock_mono_ms() + pause_next(&consumer->denied);
    troubles_denied(consumer->troubles, BUS_RIGHT_READ, rd_kafka_topic_name(message->rkt), err);
    return true;
}

/* What librdkafka hands out instead of a message. */
static void poll_failed(struct bus_consumer *consumer, rd_kafka_message_t *message, struct err *err)
{
    if (consumer->group && message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        lost(consumer);
    bool noted = denied(consumer, message, err) && consumer->troubles;
    if (noted)
        err_clear(err);
    else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF && !err->kind)
        kafka_fail(message->err, rd_kafka_message_errstr(message), err);
    rd_kafka_message_destroy(message);
}

/* Whether a reader got something older than what it had asked for: its offset is gone and librdkafka has gone back to
 * the beginning. Said once, before the message. (auto.offset.reset=error and a new assignment instead run into a
 * failed assertion of librdkafka 2.0.2, in rd_kafka_assignment_partition_stopped.) */
static bool went_back(struct bus_consumer *reader, rd_kafka_message_t *message, struct bus_position *position,
                      struct err *err)
{
    if (!position || position->offset < 0 || message->offset >= position->offset)
        return false;
    err_set(err, ERR_CONFLICT, "kafka: %s has lost offset %lld of partition %d: reading it from the beginning",
            position->topic, (long long)position->offset, (int)position->partition);
    position->offset = message->offset;
    reader->held = message;
    return true;
}

bool bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *ret_message, struct err *err)
{
    err_clear(err);
    look_again(consumer);
    read_denied_again(consumer);
    rd_kafka_message_t *message;
    while ((message = next_message(consumer, timeout_ms)) && message->err) {
        poll_failed(consumer, message, err);
        if (err->kind)
            return false;
    }
    if (!message)
        return false;
    const char *topic = rd_kafka_topic_name(message->rkt);
    struct bus_position *position = position_of(consumer, topic, message->partition);
    if (went_back(consumer, message, position, err))
        return false;
    if (position)
        position->offset = message->offset + 1;
    troubles_granted(consumer->troubles, BUS_RIGHT_READ, topic);
    troubles_connected(consumer->troubles);
    *ret_message = (struct bus_message){
        .topic = topic, .partition = message->partition, .offset = message->offset,
        .key = message->key, .key_len = message->key_len,
        .payload = message->payload, .payload_len = message->len, .opaque_ = message,
    };
    return true;
}

void bus_message_release(struct bus_message *message)
{
    if (message->opaque_)
        rd_kafka_message_destroy(message->opaque_);
    *message = (struct bus_message){0};
}

bool bus_message_header(const struct bus_message *message, const char *name, char *text, size_t size)
{
    rd_kafka_headers_t *headers = NULL;
    const void *value = NULL;
    size_t len = 0;
    if (rd_kafka_message_headers(message->opaque_, &headers) || rd_kafka_header_get_last(headers, name, &value, &len))
        return false;
    text_format(text, size, "%.*s", (int)(len < size ? len : size), value ? (const char *)value : "");
    return true;
}

bool bus_consumer_commit(struct bus_consumer *consumer, const struct bus_position *positions, size_t count,
                         struct err *err)
{
    rd_kafka_topic_partition_list_t *list = list_of(positions, count);
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer->kafka, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_fail(code, NULL, err) : true;
}

int bus_consumer_assigned(const struct bus_consumer *consumer)
{
    return consumer->assigned;
}

void bus_consumer_pause(struct bus_consumer *consumer, bool paused)
{
    if (consumer->paused == paused)
        return;
    consumer->paused = paused;
    rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_assignment(consumer->kafka, &list))
        return;
    if (paused)
        rd_kafka_pause_partitions(consumer->kafka, list);
    else
        rd_kafka_resume_partitions(consumer->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void bus_consumer_wake(struct bus_consumer *consumer, int fd)
{
    static const uint64_t one = 1;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->kafka);
    rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
}

void bus_consumer_close(struct bus_consumer *consumer)
{
    if (!consumer)
        return;
    drop_held(consumer);
    /* Not rd_kafka_consumer_close: in 2.0 it can wait for ever for a broker that is gone. */
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->kafka);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->kafka, queue);
    int64_t deadline = clock_mono_ms() + CLOSE_MS;
    while (!error && !rd_kafka_consumer_closed(consumer->kafka) && clock_mono_ms() < deadline) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 50);
        if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
            rd_kafka_assign(consumer->kafka, NULL);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_error_destroy(error);
    rd_kafka_queue_destroy(queue);
    kafka_close(consumer->kafka);
    positions_free(consumer->positions, consumer->position_count);
    free(consumer->name);
    free(consumer);
}
