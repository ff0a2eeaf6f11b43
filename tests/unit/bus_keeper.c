/* Topics are kept by a thread of its own: nobody who asks waits for a broker. */
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h> /* wants rdkafka.h before it */
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bus/keeper.h"

#define LIMIT_MS 30000
#define MANY 200

static struct bus_property properties[] = {{"bootstrap.servers", "127.0.0.1:1"}};
static const struct bus_settings settings = {"test", properties, 1, NULL};

static struct bus_keeper *keep(int wake_fd)
{
    struct bus_keeper *keeper = NULL;
    struct err err = ERR_INIT;
    cr_assert(bus_keeper_open(&settings, 1, wake_fd, &keeper, &err), "%s", err.text);
    return keeper;
}

static void want(struct bus_keeper *keeper, const char *name)
{
    bus_keeper_want(keeper, &(struct bus_topic){.name = name, .partitions = 1});
}

/* Waits until all of `count` topics t0, t1, ... are there. */
static bool all_there(struct bus_keeper *keeper, int count, int wake_fd)
{
    int64_t until = clock_mono_ms() + LIMIT_MS;
    for (int there = 0; there < count && clock_mono_ms() < until;) {
        struct pollfd fd = {.fd = wake_fd, .events = POLLIN};
        uint64_t woken;
        if (poll(&fd, 1, LIMIT_MS) > 0)
            cr_assert_eq(read(wake_fd, &woken, sizeof woken), sizeof woken);
        there = 0;
        for (int i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "t%d", i);
            there += bus_keeper_partitions(keeper, name) > 0;
        }
    }
    return clock_mono_ms() < until;
}

Test(bus_keeper, many_topics_are_made_together_and_whoever_waits_is_woken, .timeout = 60)
{
    struct bus_broker *broker = NULL;
    struct err err = ERR_INIT;
    cr_assert(bus_broker_start(&broker, &err), "%s", err.text);
    properties[0].value = bus_broker_bootstrap(broker);
    int wake_fd = eventfd(0, EFD_CLOEXEC);
    struct bus_keeper *keeper = keep(wake_fd);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        want(keeper, name);
        want(keeper, name);
    }
    cr_assert(all_there(keeper, MANY, wake_fd));
    struct bus_keeper_state state;
    bus_keeper_state(keeper, &state);
    cr_assert(state.reached);
    cr_assert(state.since_ms > 0);
    cr_assert(bus_keeper_changes(keeper) > 0);
    cr_assert_eq(bus_keeper_partitions(keeper, "another"), 0);
    bus_keeper_close(keeper);
    bus_broker_stop(broker);
    close(wake_fd);
}

Test(bus_keeper, without_a_broker_nobody_waits_and_the_reason_is_told, .timeout = 60)
{
    int64_t began_ms = clock_mono_ms();
    struct bus_keeper *keeper = keep(-1);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        want(keeper, name);
        bus_keeper_look(keeper);
        cr_assert_eq(bus_keeper_partitions(keeper, name), 0);
    }
    printf("# %lld ms for %d topics without a broker\n", (long long)(clock_mono_ms() - began_ms), MANY);
    struct bus_keeper_state state = {.reached = true};
    for (int64_t until = clock_mono_ms() + LIMIT_MS; clock_mono_ms() < until && !state.problem.kind; poll(NULL, 0, 10))
        bus_keeper_state(keeper, &state);
    cr_assert_not(state.reached);
    cr_assert(state.problem.retriable, "%s", state.problem.text);
    cr_assert(state.problem.hint[0]);
    bus_keeper_close(keeper);
}

Test(bus_keeper, that_no_client_can_be_made_is_told, .timeout = 60)
{
    struct bus_property wrong[] = {{"bootstrap.servers", "127.0.0.1:1"}, {"security.protocol", "ssl"},
                                   {"ssl.ca.location", "/nowhere/ca.pem"}};
    struct bus_keeper *keeper = NULL;
    struct bus_keeper_state state = {.reached = false};
    struct err err = ERR_INIT;
    cr_assert(bus_keeper_open(&(struct bus_settings){"test", wrong, 3, NULL}, 1, -1, &keeper, &err), "%s", err.text);
    for (int64_t until = clock_mono_ms() + LIMIT_MS; clock_mono_ms() < until && !state.problem.kind; poll(NULL, 0, 10))
        bus_keeper_state(keeper, &state);
    cr_assert(strstr(state.problem.text, "ssl.ca.location"), "%s", state.problem.text);
    bus_keeper_close(keeper);
}

/* Each answer takes longer than the first look waits at a time. */
Test(bus_keeper, a_broker_that_is_far_away_is_reached, .timeout = 60)
{
    char why[200];
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    cr_assert_not_null(kafka, "%s", why);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(kafka, 1);
    rd_kafka_mock_broker_set_rtt(cluster, -1, 400);
    properties[0].value = rd_kafka_mock_cluster_bootstraps(cluster);
    int wake_fd = eventfd(0, EFD_CLOEXEC);
    struct bus_keeper *keeper = keep(wake_fd);
    want(keeper, "t0");
    cr_assert(all_there(keeper, 1, wake_fd));
    bus_keeper_close(keeper);
    close(wake_fd);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(kafka);
}
