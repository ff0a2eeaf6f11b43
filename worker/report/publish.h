/* Inside worker/report: a payload becomes a signed message on a topic, with CloudEvents attributes as headers
 * (Kafka protocol binding 1.0.2, binary mode: github.com/cloudevents/spec). */
#pragma once
#include "bus/bus.h"
#include "crypto/key.h"
#include "proto/message.h"

struct publication {
    enum message_type type;
    const char *topic, *key, *id, *subject, *worker, *traceparent; /* traceparent may be NULL or "" */
    const char *payload;
    size_t len;
    uint64_t tag;
};
bool publish(struct bus_producer *producer, const struct key_secret *key, const struct publication *publication,
             struct err *err);
