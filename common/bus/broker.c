#include "base/cleanup.h"
#include "bus/settings.h"

#include <librdkafka/rdkafka_mock.h> /* wants rdkafka.h before it */

struct bus_broker {
    rd_kafka_t *kafka;
    rd_kafka_mock_cluster_t *cluster;
};

bool bus_broker_start(struct bus_broker **ret_broker, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_t *kafka = kafka_open(conf, BUS_ADMIN, err);
    if (!kafka)
        return false;
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(kafka, 1);
    if (!cluster) {
        rd_kafka_destroy(kafka);
        return err_set(err, ERR_SYSTEM, "the embedded broker does not start: no free port on 127.0.0.1?");
    }
    struct bus_broker *broker = xcalloc(1, sizeof *broker);
    broker->kafka = kafka;
    broker->cluster = cluster;
    *ret_broker = broker;
    return true;
}

const char *bus_broker_bootstrap(const struct bus_broker *broker)
{
    return rd_kafka_mock_cluster_bootstraps(broker->cluster);
}

void bus_broker_stop(struct bus_broker *broker)
{
    if (!broker)
        return;
    rd_kafka_mock_cluster_destroy(broker->cluster);
    rd_kafka_destroy(broker->kafka);
    free(broker);
}
