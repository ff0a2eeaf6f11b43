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
void kafka_free_text(const char *text); /* what is owned although it is shown as const */

/* ---- notes for bus/troubles.h; `troubles` may be NULL: then nothing is kept ---- */

/* One holder more: each lets go with bus_troubles_free. What is left to itself (kafka_close) may still note. */
struct bus_troubles *troubles_hold(struct bus_troubles *troubles);
/* Fills *err (may be NULL) and notes it; returns false. */
bool troubles_denied(struct bus_troubles *troubles, enum bus_right right, const char *name, struct err *err);
/* A topic did not take a message, for another reason than a right. `hint` may be NULL. */
void troubles_undelivered(struct bus_troubles *troubles, const char *topic, const char *why, const char *hint);
/* This right was just used. Cheap while nothing stands. */
void troubles_granted(struct bus_troubles *troubles, enum bus_right right, const char *name);
/* What librdkafka's error callback said. */
void troubles_connection(struct bus_troubles *troubles, rd_kafka_resp_err_t code, const char *reason);
/* A broker has just answered. */
void troubles_connected(struct bus_troubles *troubles);
/* A call ended without an answer: *err says what is known of the reason, else where it was asked. Returns false. */
bool troubles_unreachable(struct bus_troubles *troubles, rd_kafka_resp_err_t code, struct err *err);
/* Whether it was told since then that no broker can be reached, or that none lets us in. */
bool troubles_cut_off(struct bus_troubles *troubles, int64_t since_ms);
/* What is wrong with a topic; NULL: nothing any more. */
void troubles_topic(struct bus_troubles *troubles, const char *topic, const struct err *err);

/* *err from librdkafka's code: what mends itself is ERR_UNREACHABLE or ERR_TIMEOUT. Returns false. */
bool kafka_fail(rd_kafka_resp_err_t code, const char *text, struct err *err);
