/* Inside common/bus: one look at topics, and making what is missing, with a client that is open. */
#pragma once
#include <librdkafka/rdkafka.h>

#include "bus/bus.h"

struct topics_look {
    const struct bus_settings *settings;
    rd_kafka_t *kafka; /* BUS_ADMIN */
    const struct bus_topic *topics;
    size_t count;
    int replication;
    int64_t deadline_ms; /* monotonic */
    int *partitions;     /* of each topic; 0: not there. Filled in as far as it came, also when it fails */
    bool *checked;       /* whose settings have been looked at, and need not be again */
};
/* Creates what is missing; where the broker has no admin calls (the embedded one), asks for the metadata, which makes
 * it create them. An existing topic whose max.message.bytes is too small: ERR_CONFIG naming it and what mends it. */
bool topics_settle(struct topics_look *look, struct err *err);
/* A client for that: new, kafka_close. */
rd_kafka_t *topics_client(const struct bus_settings *settings, bool creates_by_asking, struct err *err);
