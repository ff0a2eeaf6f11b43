/* The bus on the embedded broker: what goes in comes out, what must be refused is refused. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h> /* wants rdkafka.h before it */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bus/bus.h"
#include "harness/topics.h"

#define LIMIT_MS 30000

static struct bus_property properties[] = {
    {"bootstrap.servers", NULL},
    {"fetch.wait.max.ms", "10"},
    {"session.timeout.ms", "6000"},
    {"max.poll.interval.ms", "7000"},
};
static struct bus_settings settings = {"test", properties, 4, NULL};

static struct bus_broker *start(void)
{
    struct err err = ERR_INIT;
    struct bus_broker *broker = NULL;
    cr_assert(bus_broker_start(&broker, &err), "%s", err.text);
    properties[0].value = bus_broker_bootstrap(broker);
    return broker;
}

static void create(const char *name)
{
    int64_t began = clock_mono_ms();
    make_topic(&settings, name);
    cr_assert_lt(clock_mono_ms() - began, 3000);
}

static int reports, failures;
static uint64_t last_tag;
static void delivered(void *context, uint64_t tag, const char *failed)
{
    (void)context;
    reports++;
    failures += failed != NULL;
    last_tag = tag;
}

static struct bus_producer *producer(void)
{
    struct err err = ERR_INIT;
    struct bus_producer *made = NULL;
    cr_assert(bus_producer_open(&settings, delivered, NULL, &made, &err), "%s", err.text);
    return made;
}

static void put(struct bus_producer *to, const char *topic, const char *key, const char *text)
{
    struct err err = ERR_INIT;
    struct bus_header header = {"ce_id", text};
    cr_assert(bus_producer_send(to, topic, BUS_BY_KEY, key, text, strlen(text), &header, 1, UINT64_C(7), &err), "%s",
              err.text);
    cr_assert(bus_producer_flush(to, LIMIT_MS));
}

static void read_all_from(struct bus_consumer *reader, const char *topic, int64_t offset)
{
    struct err err = ERR_INIT;
    int count = 0;
    cr_assert(bus_partitions(reader, topic, 5000, &count, &err), "%s", err.text);
    cr_assert_gt(count, 0);
    struct bus_position positions[16];
    for (int i = 0; i < count; i++)
        positions[i] = (struct bus_position){topic, i, offset};
    cr_assert(bus_reader_assign(reader, positions, (size_t)count, &err), "%s", err.text);
}

static bool next(struct bus_consumer *from, struct bus_message *message, int limit_ms)
{
    int64_t deadline = clock_mono_ms() + limit_ms;
    struct err err = ERR_INIT;
    while (clock_mono_ms() < deadline)
        if (bus_consumer_poll(from, 100, message, &err))
            return true;
    return false;
}

Test(bus_settings, ours_are_refused_with_the_reason)
{
    static const char *const refused[] = {"acks", "enable.auto.commit", "plugin.library.paths", "ssl.engine.location",
                                          "group.instance.id", "delivery.timeout.ms", "transactional.id"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct bus_property two[] = {{"bootstrap.servers", "127.0.0.1:1"}, {refused[i], "1"}};
        struct bus_settings wrong = {"test", two, 2, NULL};
        struct err err = ERR_INIT;
        cr_assert_not(bus_settings_check(&wrong, &err));
        cr_assert_eq(err.kind, ERR_CONFIG);
        cr_assert(strstr(err.text, refused[i]), "%s", err.text);
        cr_assert(err.hint[0]);
    }
}

Test(bus_settings, unknown_and_wrong_values_are_refused_without_the_value)
{
    struct err err = ERR_INIT;
    struct bus_property unknown[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"sesion.timeout.ms", "6000"}};
    cr_assert_not(bus_settings_check(&(struct bus_settings){"test", unknown, 2, NULL}, &err));
    cr_assert(strstr(err.text, "sesion.timeout.ms"), "%s", err.text);
    struct bus_property secret[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"security.protocol", "s3cret-s3cret"}};
    cr_assert_not(bus_settings_check(&(struct bus_settings){"test", secret, 2, NULL}, &err));
    cr_assert_not(strstr(err.text, "s3cret"), "%s", err.text);
    cr_assert_not(strstr(err.hint, "s3cret"), "%s", err.hint);
    cr_assert_not(bus_settings_check(&(struct bus_settings){"test", NULL, 0, NULL}, &err));
    cr_assert(strstr(err.text, "bootstrap.servers"), "%s", err.text);
    struct bus_property good[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"sasl.password", "x"}};
    cr_assert(bus_settings_check(&(struct bus_settings){"test", good, 2, NULL}, &err), "%s", err.text);
}

Test(bus_settings, nobody_is_asked)
{
    char servers[40];
    auto_fd int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    cr_assert(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0 &&
              getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(servers, sizeof servers, "127.0.0.1:%d", ntohs(address.sin_port));
    struct bus_property one[] = {{"bootstrap.servers", servers}};
    struct err err = ERR_INIT;
    cr_assert(bus_settings_check(&(struct bus_settings){"test", one, 1, NULL}, &err), "%s", err.text);
    auto_fd int came = accept(listener, NULL, NULL);
    cr_assert_eq(came, -1);
}

/* librdkafka looks at files and at what goes together only when it makes a client. */
Test(bus_settings, what_no_client_can_be_made_of_is_refused)
{
    static const struct {
        const char *protocol, *property, *value, *said;
    } cases[] = {{"ssl", "ssl.ca.location", "/nowhere/ca.pem", "ssl.ca.location"},
                 {"ssl", "ssl.key.location", "/nowhere/key.pem", "ssl.key.location"},
                 {"sasl_plaintext", "sasl.mechanism", "PLAIN", "sasl.password"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct bus_property three[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"security.protocol", cases[i].protocol},
                                       {cases[i].property, cases[i].value}};
        struct err err = ERR_INIT;
        cr_assert_not(bus_settings_check(&(struct bus_settings){"test", three, 3, NULL}, &err), "%s", cases[i].said);
        printf("# %s: %s\n", err.text, err.hint);
        cr_assert_eq(err.kind, ERR_CONFIG);
        cr_assert(strstr(err.text, cases[i].said) && !strstr(err.text, "nowhere"), "%s", err.text);
        cr_assert(err.hint[0]);
    }
}

Test(bus, produce_and_read, .timeout = 60)
{
    struct bus_broker *broker = start();
    create("jobs");
    struct bus_producer *out = producer();
    put(out, "jobs", "auth", "one");
    cr_assert_eq(reports, 1);
    cr_assert_eq(failures, 0);
    cr_assert_eq(last_tag, 7);
    struct err err = ERR_INIT;
    struct bus_consumer *reader = NULL;
    cr_assert(bus_reader_open(&settings, &reader, &err), "%s", err.text);
    read_all_from(reader, "jobs", BUS_BEGINNING);
    struct bus_message message;
    cr_assert(next(reader, &message, LIMIT_MS));
    cr_assert_eq(message.payload_len, 3);
    cr_assert(memcmp(message.payload, "one", 3) == 0);
    cr_assert(message.key_len == 4 && memcmp(message.key, "auth", 4) == 0);
    char text[16];
    cr_assert(bus_message_header(&message, "ce_id", text, sizeof text));
    cr_assert_str_eq(text, "one");
    cr_assert_not(bus_message_header(&message, "ce_type", text, sizeof text));
    cr_assert_eq(message.offset, 0);
    bus_message_release(&message);
    cr_assert_not(next(reader, &message, 500), "another message");
    bus_consumer_close(reader);
    bus_producer_close(out);
    bus_broker_stop(broker);
}

Test(bus, a_reader_starts_again_where_its_offset_is_gone_and_says_so, .timeout = 60)
{
    struct bus_broker *broker = start();
    create("events");
    struct bus_producer *out = producer();
    put(out, "events", "auth", "one");
    struct err err = ERR_INIT;
    struct bus_consumer *reader = NULL;
    cr_assert(bus_reader_open(&settings, &reader, &err), "%s", err.text);
    read_all_from(reader, "events", 5);
    bool said = false, got = false;
    int64_t deadline = clock_mono_ms() + LIMIT_MS;
    struct bus_message message;
    while (!got && clock_mono_ms() < deadline) {
        got = bus_consumer_poll(reader, 100, &message, &err);
        said |= !got && err.kind == ERR_CONFLICT;
    }
    cr_assert(got && said);
    bus_message_release(&message);
    bus_consumer_close(reader);
    bus_producer_close(out);
    bus_broker_stop(broker);
}

Test(bus, a_group_goes_on_where_it_committed_and_stays_paused, .timeout = 120)
{
    struct bus_broker *broker = start();
    create("jobs");
    struct bus_producer *out = producer();
    put(out, "jobs", "auth", "one");
    put(out, "jobs", "auth", "two");
    static const char *const topics[] = {"jobs"};
    struct err err = ERR_INIT;
    struct bus_consumer *group = NULL;
    cr_assert(bus_consumer_open(&settings, "g", topics, 1, &group, &err), "%s", err.text);
    struct bus_message message;
    cr_assert(next(group, &message, LIMIT_MS));
    cr_assert(memcmp(message.payload, "one", 3) == 0);
    struct bus_position done = {"jobs", message.partition, message.offset + 1};
    cr_assert(bus_consumer_commit(group, &done, 1, &err), "%s", err.text);
    bus_message_release(&message);
    bus_consumer_close(group);
    group = NULL;
    cr_assert(bus_consumer_open(&settings, "g", topics, 1, &group, &err), "%s", err.text);
    bus_consumer_pause(group, true);
    /* Longer than max.poll.interval.ms, as a long job would be: nothing comes, and no error. */
    int64_t until = clock_mono_ms() + 9000;
    while (clock_mono_ms() < until) {
        cr_assert_not(bus_consumer_poll(group, 200, &message, &err));
        cr_assert_neq(err.kind, ERR_TIMEOUT, "%s", err.text);
    }
    bus_consumer_pause(group, false);
    cr_assert(next(group, &message, LIMIT_MS));
    cr_assert(memcmp(message.payload, "two", 3) == 0, "the committed one must not come again");
    bus_message_release(&message);
    bus_consumer_close(group);
    bus_producer_close(out);
    bus_broker_stop(broker);
}

Test(bus, large_messages_pass_and_too_large_ones_are_refused, .timeout = 60)
{
    struct bus_broker *broker = start();
    create("jobs");
    struct bus_producer *out = producer();
    struct err err = ERR_INIT;
    size_t len = (size_t)3 << 20;
    auto_free char *large = xcalloc(1, (size_t)70 << 20);
    memset(large, 'x', (size_t)70 << 20);
    cr_assert_not(bus_producer_send(out, "jobs", BUS_BY_KEY, "a", large, (size_t)70 << 20, NULL, 0, 1, &err));
    cr_assert_eq(err.kind, ERR_INPUT, "%s", err.text);
    cr_assert(bus_producer_send(out, "jobs", BUS_BY_KEY, "a", large, len, NULL, 0, 1, &err), "%s", err.text);
    cr_assert(bus_producer_flush(out, LIMIT_MS));
    cr_assert_eq(failures, 0);
    struct bus_consumer *reader = NULL;
    cr_assert(bus_reader_open(&settings, &reader, &err), "%s", err.text);
    read_all_from(reader, "jobs", BUS_BEGINNING);
    struct bus_message message;
    cr_assert(next(reader, &message, LIMIT_MS));
    cr_assert_eq(message.payload_len, len);
    bus_message_release(&message);
    bus_consumer_close(reader);
    bus_producer_close(out);
    bus_broker_stop(broker);
}

Test(bus, arrivals_wake_a_sleeper, .timeout = 60)
{
    struct bus_broker *broker = start();
    create("jobs");
    struct bus_producer *out = producer();
    struct err err = ERR_INIT;
    struct bus_consumer *reader = NULL;
    cr_assert(bus_reader_open(&settings, &reader, &err), "%s", err.text);
    auto_fd int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bus_consumer_wake(reader, wake);
    read_all_from(reader, "jobs", BUS_BEGINNING);
    struct bus_message message = {0};
    cr_assert_not(next(reader, &message, 500));
    uint64_t count;
    while (read(wake, &count, sizeof count) > 0)
        continue;
    put(out, "jobs", "auth", "one");
    struct pollfd ready = {.fd = wake, .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, LIMIT_MS), 1);
    cr_assert(next(reader, &message, LIMIT_MS));
    bus_message_release(&message);
    bus_consumer_close(reader);
    bus_producer_close(out);
    bus_broker_stop(broker);
}

/* Below min.insync.replicas: librdkafka tries again and again, and says nothing of it. */
Test(bus, a_message_that_waits_is_told_until_it_has_arrived, .timeout = 90)
{
    enum { PRODUCE = 0, MANY = 600 };
    char why[200];
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(kafka, 1);
    properties[0].value = rd_kafka_mock_cluster_bootstraps(cluster);
    create("jobs");
    settings.troubles = bus_troubles_new(&settings);
    struct bus_producer *out = producer();
    rd_kafka_resp_err_t errors[MANY];
    for (size_t i = 0; i < MANY; i++)
        errors[i] = RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    rd_kafka_mock_push_request_errors_array(cluster, PRODUCE, MANY, errors);
    struct err err = ERR_INIT;
    cr_assert(bus_producer_send(out, "jobs", BUS_BY_KEY, "auth", "one", 3, NULL, 0, 7, &err), "%s", err.text);
    struct bus_trouble list[BUS_TROUBLES_MAX];
    for (int64_t until = clock_mono_ms() + LIMIT_MS; !bus_troubles_list(settings.troubles, list);) {
        bus_producer_poll(out, 20);
        cr_assert_lt(clock_mono_ms(), until);
    }
    printf("# %s: %s\n", list[0].text, list[0].hint);
    cr_assert(strstr(list[0].text, "topic jobs takes no message"), "%s", list[0].text);
    cr_assert_eq(reports, 0);
    rd_kafka_mock_clear_request_errors(cluster, PRODUCE);
    cr_assert(bus_producer_flush(out, LIMIT_MS));
    cr_assert_eq(bus_troubles_list(settings.troubles, list), 0u);
    cr_assert_eq(failures, 0);
    bus_producer_close(out);
    bus_troubles_free(settings.troubles);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(kafka);
}

Test(bus, the_loss_of_the_broker_reports_every_message_as_failed, .timeout = 60)
{
    struct bus_broker *broker = start();
    create("jobs");
    settings.troubles = bus_troubles_new(&settings);
    struct bus_producer *out = producer();
    put(out, "jobs", "auth", "one");
    auto_free char *address = xstrdup(bus_broker_bootstrap(broker));
    properties[0].value = address;
    bus_broker_stop(broker);
    struct err err = ERR_INIT;
    cr_assert(bus_producer_send(out, "jobs", BUS_BY_KEY, "auth", "two", 3, NULL, 0, 9, &err), "%s", err.text);
    cr_assert_not(bus_producer_flush(out, 500));
    struct bus_trouble list[BUS_TROUBLES_MAX];
    int64_t deadline = clock_mono_ms() + LIMIT_MS;
    while ((bus_troubles_list(settings.troubles, list) == 0 || !strstr(list[0].hint, address)) &&
           clock_mono_ms() < deadline)
        bus_producer_poll(out, 100);
    cr_assert_eq(bus_troubles_list(settings.troubles, list), 1u);
    printf("# %s: %s\n", list[0].text, list[0].hint);
    cr_assert(strstr(list[0].hint, address), "%s", list[0].hint);
    bus_producer_close(out);
    bus_troubles_free(settings.troubles);
    cr_assert_eq(reports, 2);
    cr_assert_eq(failures, 1);
}
