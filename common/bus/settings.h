/* Inside common/bus: a librdkafka configuration from the user's properties and ours (settings.def). */
#pragma once
#include <librdkafka/rdkafka.h>

#include "bus/bus.h"

enum bus_client { BUS_PRODUCER = 'P', BUS_GROUP = 'C', BUS_READER = 'R', BUS_ADMIN = 'A' };

/* New; NULL with *err. rd_kafka_new takes it, else rd_kafka_conf_destroy. */
rd_kafka_conf_t *kafka_conf(const struct bus_settings *settings, enum bus_client client, struct err *err);
bool kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err);
/* rd_kafka_new, which takes conf in any case. NULL with *err. */
rd_kafka_t *kafka_open(rd_kafka_conf_t *conf, enum bus_client client, struct err *err);
/* rd_kafka_destroy on a thread of its own, waited for at most 5 s and then left to itself: librdkafka joins its
 * threads, and in 2.0.2 one of them can wait for ever when its broker was replaced by an empty one. */
void kafka_close(rd_kafka_t *kafka);
/* A deep copy, new: kafka_free. */
struct bus_settings *kafka_copy(const struct bus_settings *settings);
void kafka_free(struct bus_settings *settings);

/* *err from librdkafka's code: what mends itself is ERR_UNREACHABLE or ERR_TIMEOUT. Returns false. */
bool kafka_fail(rd_kafka_resp_err_t code, const char *text, struct err *err);
