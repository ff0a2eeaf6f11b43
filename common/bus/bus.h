/* Kafka, by librdkafka: an idempotent producer, a group consumer, a consumer with assigned offsets, topics, and the
 * embedded broker. No word of the domain: bytes, keys, headers, topics.
 *
 * Settings that greylag relies on are ours (acks, idempotence, commits, offsets, isolation: settings.def says which and
 * why) and those that load code (plugin.library.paths, ssl.engine.location) are refused; every other property of the
 * `kafka:` section goes to librdkafka as it is. Error texts never repeat the value of a property.
 * Threads: each object belongs to the thread that polls it, except bus_producer_send and _expect (any thread). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bus/troubles.h"

struct bus_property {
    const char *name, *value;
};
struct bus_settings {
    const char *client_id;
    const struct bus_property *properties; /* bootstrap.servers among them */
    size_t property_count;
    struct bus_troubles *troubles; /* where its clients note what goes wrong (bus/troubles.h); borrowed, may be NULL */
};
/* Refuses properties that are ours or that librdkafka does not know, and those that no client can be made of (a file
 * that is not there, a user without a password), with the name and why. Connects to nothing. ERR_CONFIG. */
bool bus_settings_check(const struct bus_settings *settings, struct err *err);
/* Which properties are ours, and why, as a Markdown page. */
void bus_settings_markdown(struct buf *out);

/* The value of bootstrap.servers, which is no secret: for messages. Borrowed. */
const char *bus_servers(const struct bus_settings *settings);

struct bus_header {
    const char *name, *value;
};

/* Producer: enable.idempotence, acks=all, linger.ms=0, long message.timeout.ms. A fatal error makes it anew inside. */
struct bus_producer;
/* Delivery report, called from bus_producer_poll: `failed` NULL when the broker acknowledged. */
typedef void bus_delivered(void *context, uint64_t tag, const char *failed);
bool bus_producer_open(const struct bus_settings *settings, bus_delivered *delivered, void *context,
                       struct bus_producer **ret_producer, struct err *err);
/* Messages for this topic will come: the broker is asked where they go, in the background, so that the first one leaves
 * at once. librdkafka by itself asks once a second. Nothing when the topic was asked for before. */
void bus_producer_expect(struct bus_producer *producer, const char *topic);
#define BUS_BY_KEY (-1) /* the partition that the key says, of those that there are now */
/* Copies payload. Expects the topic first, when nobody has. ERR_FULL: queue full, poll and try again. ERR_INPUT: larger
 * than the limit. `tag` comes back. */
bool bus_producer_send(struct bus_producer *producer, const char *topic, int32_t partition, const char *key,
                       const void *payload, size_t len, const struct bus_header *headers, size_t header_count,
                       uint64_t tag, struct err *err);
void bus_producer_poll(struct bus_producer *producer, int timeout_ms);
/* Writes 8 bytes (an eventfd's one) to fd when there is something to poll; the caller polls now and then anyway. */
void bus_producer_wake(struct bus_producer *producer, int fd);
/* Waits until all is delivered or failed; false when the time is up. */
bool bus_producer_flush(struct bus_producer *producer, int timeout_ms);
/* Messages not delivered are dropped, with a report that says so. NULL is fine. */
void bus_producer_close(struct bus_producer *producer);

struct bus_message {
    const char *topic; /* all borrowed from the message, valid until bus_message_release */
    int32_t partition;
    int64_t offset;
    const char *key;
    size_t key_len;
    const char *payload;
    size_t payload_len;
    void *opaque_;
};
void bus_message_release(struct bus_message *message);
/* Copy of a header's value into text, false when there is none. */
bool bus_message_header(const struct bus_message *message, const char *name, char *text, size_t size);

/* Group consumer: for workers' jobs. No automatic commits. Offsets are stored by the caller: bus_consumer_commit. */
struct bus_consumer;
bool bus_consumer_open(const struct bus_settings *settings, const char *group, const char *const *topics,
                       size_t topic_count, struct bus_consumer **ret_consumer, struct err *err);
/* Consumer of partitions from explicit offsets, no group: control (from the end or the beginning), events (from
 * remembered offsets). Starts when bus_reader_assign is called. */
bool bus_reader_open(const struct bus_settings *settings, struct bus_consumer **ret_consumer, struct err *err);
#define BUS_BEGINNING (-2)
#define BUS_END (-1)
struct bus_position {
    const char *topic;
    int32_t partition;
    int64_t offset; /* next one to read, BUS_BEGINNING or BUS_END */
};
bool bus_reader_assign(struct bus_consumer *reader, const struct bus_position *positions, size_t count,
                       struct err *err);
/* Goes on reading a partition there; what was fetched before is forgotten. Waits for nothing. */
void bus_reader_seek(struct bus_consumer *reader, const char *topic, int32_t partition, int64_t offset);
/* How many partitions a topic has; 0: not there (yet). The embedded broker creates what it is asked for, with 4
 * partitions: read them all. */
bool bus_partitions(struct bus_consumer *reader, const char *topic, int timeout_ms, int *ret_count, struct err *err);
/* true and a message (release it); or false with err->kind ERR_NONE when nothing came in time; or false with an error
 * that the caller may log (retriable: it will mend itself; keep polling), unless it is noted in the settings' troubles.
 * A reader whose offset is gone starts again at the beginning by itself and says so once, as ERR_CONFLICT; a group
 * consumer does it in silence. */
bool bus_consumer_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *ret_message, struct err *err);
bool bus_consumer_commit(struct bus_consumer *consumer, const struct bus_position *positions, size_t count,
                         struct err *err); /* asynchronous */
/* How many partitions its group has given to this consumer, as of the last poll. */
int bus_consumer_assigned(const struct bus_consumer *consumer);
/* All of the assigned partitions; polling goes on and hands out nothing. Kept across rebalances. */
void bus_consumer_pause(struct bus_consumer *consumer, bool paused);
/* As bus_producer_wake: after a wake, poll until nothing comes. */
void bus_consumer_wake(struct bus_consumer *consumer, int fd);
/* Leaves the group (at most some seconds). Release all messages before. NULL is fine. */
void bus_consumer_close(struct bus_consumer *consumer);

/* A topic as it has to be (bus/keeper.h makes it so). */
struct bus_topic {
    const char *name;
    int partitions;
    enum bus_right right; /* what this program needs of it: named where it may not even see the topic */
    const char *const *settings; /* name, value, name, value, NULL; may be NULL */
};

/* The embedded broker: librdkafka's mock cluster on a loopback port. Nothing is durable; a few MB for each partition.
 * To destroy it is the total loss of the broker. Not for production. */
struct bus_broker;
bool bus_broker_start(struct bus_broker **ret_broker, struct err *err);
const char *bus_broker_bootstrap(const struct bus_broker *broker); /* borrowed: "127.0.0.1:port" */
void bus_broker_stop(struct bus_broker *broker);
