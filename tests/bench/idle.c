/* bench_idle BOOTSTRAP TOPIC CONNINFO [name=value ...]
 *
 * The floor for an idle worker: a group consumer, an idempotent producer and one libpq connection, doing nothing but
 * poll. Prints "ready" when it has its partitions, and ends on SIGTERM. */
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_idle: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_conf_t *settings(const char *bootstrap, int argc, char **argv)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof why) != RD_KAFKA_CONF_OK)
        fail("bootstrap.servers", why);
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            fail(argv[i], "is not name=value");
        *value = 0;
        if (rd_kafka_conf_set(conf, argv[i], value + 1, why, sizeof why) != RD_KAFKA_CONF_OK)
            fail(argv[i], why);
        *value = '=';
    }
    return conf;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        fail("usage", "bench_idle BOOTSTRAP TOPIC CONNINFO [name=value ...]");
    signal(SIGTERM, on_signal);
    char why[256];
    rd_kafka_conf_t *producing = settings(argv[1], argc - 4, argv + 4),
                    *consuming = settings(argv[1], argc - 4, argv + 4);
    rd_kafka_conf_set(producing, "enable.idempotence", "true", why, sizeof why);
    rd_kafka_conf_set(consuming, "group.id", "bench-idle", why, sizeof why);
    rd_kafka_conf_set(consuming, "enable.auto.commit", "false", why, sizeof why);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, producing, why, sizeof why);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, consuming, why, sizeof why);
    PGconn *connection = PQconnectdb(argv[3]);
    if (!producer || !consumer || PQstatus(connection) != CONNECTION_OK)
        fail("opening", why);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    for (int ready = 0; !stopped;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 1000);
        if (message)
            rd_kafka_message_destroy(message);
        rd_kafka_poll(producer, 0);
        rd_kafka_topic_partition_list_t *have = NULL;
        if (!ready && rd_kafka_assignment(consumer, &have) == 0 && have) {
            ready = have->cnt > 0;
            rd_kafka_topic_partition_list_destroy(have);
            if (ready) {
                puts("ready");
                fflush(stdout);
            }
        }
    }
    PQfinish(connection);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
    return 0;
}
