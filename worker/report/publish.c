#include "report/publish.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "proto/envelope.h"

static const char *type_name(enum message_type type)
{
    return type == MESSAGE_PRESENCE ? "dev.greylag.presence.v1" : "dev.greylag.report.v1";
}

bool publish(struct bus_producer *producer, const struct key_secret *key, const struct publication *publication,
             struct err *err)
{
    size_t len = 0;
    auto_free char *envelope = envelope_sign(key, message_payload_type(publication->type), publication->payload,
                                             publication->len, &len);
    if (len > REPORT_MAX)
        return err_set(err, ERR_INPUT, "what it has to say takes %zu bytes, and of a worker's message %zu are read",
                       len, REPORT_MAX);
    auto_free char *source = xasprintf("greylag-worker/%s", publication->worker);
    bool traced = publication->traceparent && *publication->traceparent;
    const struct bus_header headers[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", publication->id},
        {"ce_type", type_name(publication->type)},
        {"ce_source", source},
        {"ce_subject", publication->subject},
        {"content-type", "application/vnd.dsse.envelope.v1+json"},
        {"traceparent", traced ? publication->traceparent : ""},
    };
    return bus_producer_send(producer, publication->topic, BUS_BY_KEY, publication->key, envelope, len, headers,
                             COUNT_OF(headers) - !traced, publication->tag, err);
}
