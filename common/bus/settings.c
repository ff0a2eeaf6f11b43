#include "bus/settings.h"

#include <string.h>

#include "base/cleanup.h"
#include "bus/principal.h"
#include "bus/settings.def"

static const struct rule {
    const char *name, *where, *value, *why;
} ours[] = {
#define X(name, where, value, why) {name, where, value, why},
    OURS(X)
}, defaults[] = {
    DEFAULTS(X)
#undef X
};

bool kafka_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
    char text[256];
    switch (rd_kafka_conf_set(conf, name, value, text, sizeof text)) {
    case RD_KAFKA_CONF_OK:
        return true;
    case RD_KAFKA_CONF_UNKNOWN:
        err_set(err, ERR_CONFIG, "kafka: %s: librdkafka knows no such property", name);
        return err_hint(err, "take it out, or look up its spelling in librdkafka's CONFIGURATION.md");
    default: /* librdkafka's text repeats the value, which may be a secret */
        err_set(err, ERR_CONFIG, "kafka: %s: librdkafka does not take this value", name);
        return err_hint(err, "librdkafka's CONFIGURATION.md lists the values of %s", name);
    }
}

static bool set_rules(rd_kafka_conf_t *conf, const struct rule *rules, size_t count, enum bus_client client,
                      struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].value && strchr(rules[i].where, client) &&
            !kafka_set(conf, rules[i].name, rules[i].value, err))
            return false;
    return true;
}

static bool set_users(rd_kafka_conf_t *conf, const struct bus_settings *settings, struct err *err)
{
    bool servers = false;
    for (size_t i = 0; i < settings->property_count; i++) {
        const struct bus_property *property = &settings->properties[i];
        for (size_t k = 0; k < COUNT_OF(ours); k++)
            if (strcmp(property->name, ours[k].name) == 0) {
                err_set(err, ERR_CONFIG, "kafka: %s cannot be set: %s", property->name, ours[k].why);
                return err_hint(err, "take %s out of the kafka section", property->name);
            }
        servers |= strcmp(property->name, "bootstrap.servers") == 0 ||
                   strcmp(property->name, "metadata.broker.list") == 0;
        if (!kafka_set(conf, property->name, property->value, err))
            return false;
    }
    if (servers)
        return true;
    err_set(err, ERR_CONFIG, "kafka: bootstrap.servers is missing");
    return err_hint(err, "write `bootstrap.servers: host:9092` into the kafka section");
}

rd_kafka_conf_t *kafka_conf(const struct bus_settings *settings, enum bus_client client, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    bool done = set_rules(conf, defaults, COUNT_OF(defaults), client, err) && set_users(conf, settings, err) &&
                set_rules(conf, ours, COUNT_OF(ours), client, err);
    if (done && settings->client_id)
        done = kafka_set(conf, "client.id", settings->client_id, err);
    if (done)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_open(rd_kafka_conf_t *conf, enum bus_client client, struct err *err)
{
    char text[512];
    rd_kafka_type_t type = client == BUS_GROUP || client == BUS_READER ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER;
    rd_kafka_t *kafka = rd_kafka_new(type, conf, text, sizeof text);
    if (kafka)
        return kafka;
    rd_kafka_conf_destroy(conf);
    err_set(err, ERR_CONFIG, "kafka: no client can be made of these properties: %s", text);
    err_hint(err, "change that in the kafka section: files that it names have to be there, readable, and go together");
    return NULL;
}

/* Whether the properties go together librdkafka says only when it makes a client: one that knows no broker. */
static bool try_client(const struct bus_settings *settings, enum bus_client client, struct err *err)
{
    rd_kafka_conf_t *conf = kafka_conf(settings, client, err);
    if (!conf)
        return false;
    rd_kafka_conf_set(conf, "bootstrap.servers", "", NULL, 0);
    rd_kafka_t *kafka = kafka_open(conf, client, err);
    if (!kafka)
        return false;
    rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return true;
}

bool bus_settings_check(const struct bus_settings *settings, struct err *err)
{
    return try_client(settings, BUS_PRODUCER, err) && try_client(settings, BUS_GROUP, err);
}

const char *bus_servers(const struct bus_settings *settings)
{
    const char *servers = bus_property(settings, "bootstrap.servers");
    if (!servers)
        servers = bus_property(settings, "metadata.broker.list");
    return servers ? servers : "";
}

struct bus_settings *kafka_copy(const struct bus_settings *settings)
{
    struct bus_property *properties = xcalloc(settings->property_count + 1, sizeof *properties);
    for (size_t i = 0; i < settings->property_count; i++) {
        properties[i].name = xstrdup(settings->properties[i].name);
        properties[i].value = xstrdup(settings->properties[i].value);
    }
    struct bus_settings *copy = xcalloc(1, sizeof *copy);
    copy->client_id = settings->client_id ? xstrdup(settings->client_id) : NULL;
    copy->properties = properties;
    copy->property_count = settings->property_count;
    copy->troubles = troubles_hold(settings->troubles);
    return copy;
}

void kafka_free_text(const char *text)
{
    void *owned;
    memcpy(&owned, &text, sizeof owned);
    free(owned);
}

void kafka_free(struct bus_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < settings->property_count; i++) {
        kafka_free_text(settings->properties[i].name);
        kafka_free_text(settings->properties[i].value);
    }
    kafka_free_text((const char *)settings->properties);
    kafka_free_text(settings->client_id);
    bus_troubles_free(settings->troubles);
    free(settings);
}

bool kafka_fail(rd_kafka_resp_err_t code, const char *text, struct err *err)
{
    enum err_kind kind = ERR_UNREACHABLE;
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
        kind = ERR_TIMEOUT;
        break;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        kind = ERR_UNTRUSTED;
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        kind = ERR_CONFLICT;
        break;
    default:
        break;
    }
    return err_set(err, kind, "kafka: %s", text && *text ? text : rd_kafka_err2str(code));
}

static void add_rules(struct buf *out, const struct rule *rules, size_t count)
{
    buf_adds(out, "\n| property | value | |\n|---|---|---|\n");
    for (size_t i = 0; i < count; i++)
        buf_addf(out, "| `%s` | %s%s%s | %s |\n", rules[i].name, rules[i].value ? "`" : "",
                 rules[i].value ? rules[i].value : "refused", rules[i].value ? "`" : "", rules[i].why);
}

void bus_settings_markdown(struct buf *out)
{
    buf_adds(out, "# Kafka properties\n\nThe `kafka:` sections take librdkafka's properties, but for these. greylag "
                  "sets them itself, and refuses them in a file:\n");
    add_rules(out, ours, COUNT_OF(ours));
    buf_adds(out, "\nDefaults that differ from librdkafka's, and that a file may change:\n");
    add_rules(out, defaults, COUNT_OF(defaults));
}
