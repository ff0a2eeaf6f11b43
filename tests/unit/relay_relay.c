/* The relay against a real outbox and the embedded broker: what is sent, what is dropped, what stays. */
/* links: harness */
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "harness/topics.h"
#include "proto/message.h"
#include "relay/relay.h"
#include "unit/control.h"

#define LIMIT_MS 30000

static struct bus_property properties[] = {{"bootstrap.servers", NULL}, {"fetch.wait.max.ms", "10"}};
static struct bus_settings bus = {"test", properties, 2, NULL};
static struct bus_broker *broker;
static struct store *store;
static struct relay *relay;

static struct store *leader(const char *holder)
{
    struct store *made = NULL;
    struct store_lease lease;
    bool taken = false;
    MUST(store_open(conninfo, "shop", "dev", "test", &made, &why));
    MUST(store_lease_take(made, &(struct store_candidate){.holder = holder, .ttl_ms = 60000}, &taken, &lease, &why));
    cr_assert(taken && store_lease_epoch(made) == lease.epoch);
    return made;
}

static void start(void)
{
    start_database();
    MUST(bus_broker_start(&broker, &why));
    properties[0].value = bus_broker_bootstrap(broker);
    bus.troubles = bus_troubles_new(&bus);
    make_topic(&bus, "control");
    store = leader("one");
    MUST(relay_open(&bus, "here", -1, &relay, &why));
}

static void stop(void)
{
    relay_close(relay, 0);
    bus_troubles_free(bus.troubles);
    store_close(store);
    bus_broker_stop(broker);
    stop_database();
}
TestSuite(relay, .init = start, .fini = stop, .timeout = 120);

static struct store_message message(const char *key, const char *id, int64_t sequence)
{
    return (struct store_message){.topic = "control", .key = key, .id = id, .type = "t", .payload = id,
                                  .len = strlen(id), .sequence = sequence};
}

static void commit(struct store_message *messages, size_t count)
{
    struct store_batch batch = {.messages = messages, .message_count = count};
    MUST(store_batch_commit(store, &batch, &why));
    for (size_t i = 0; i < count; i++)
        cr_assert(messages[i].row > 0 && messages[i].epoch == store_lease_epoch(store));
}

static size_t left(void)
{
    struct arena arena = ARENA_INIT;
    struct store_message *messages;
    size_t count;
    MUST(store_outbox(store, &arena, &messages, &count, &why));
    arena_release(&arena);
    return count;
}

static void pump_until_empty(void)
{
    int64_t until = clock_mono_ms() + LIMIT_MS;
    while (relay_counts(relay).waiting > 0 && clock_mono_ms() < until) {
        MUST(relay_pump(relay, store, clock_mono_ms(), &why));
        poll(NULL, 0, 5);
    }
    cr_assert_eq(relay_counts(relay).waiting, 0);
}

Test(relay, what_was_overtaken_is_dropped_and_everything_leaves_the_outbox)
{
    struct store_message messages[] = {message("auth", "fence 1", 1), message("auth", "fence 2", 2),
                                       message("auth", "fence 2 again", 2), message("user", "fence 1", 1),
                                       message("auth", "acknowledge", 0)};
    commit(messages, COUNT_OF(messages));
    cr_assert_eq(left(), COUNT_OF(messages));
    relay_add(relay, messages, COUNT_OF(messages));
    relay_add(relay, messages, COUNT_OF(messages));
    cr_assert_eq(relay_counts(relay).waiting, COUNT_OF(messages), "adding a row again is harmless");
    pump_until_empty();
    struct relay_counts counts = relay_counts(relay);
    cr_assert_eq(counts.dropped, 1u);
    cr_assert_eq(counts.sent, 4u);
    cr_assert_eq(counts.delivered, 4u);
    cr_assert_eq(left(), 0u);
}

/* The embedded broker makes topics of four partitions. */
Test(relay, control_is_in_the_first_partition_for_whoever_began_to_read_when_there_were_fewer)
{
    struct store_message messages[] = {message("auth", "1", 0), message("user", "2", 0), message("mail", "3", 0),
                                       message("shop", "4", 0), message("news", "5", 0)};
    for (size_t i = 0; i < COUNT_OF(messages); i++)
        messages[i].type = message_payload_type(MESSAGE_CONTROL);
    commit(messages, COUNT_OF(messages));
    relay_add(relay, messages, COUNT_OF(messages));
    pump_until_empty();
    struct err err = ERR_INIT;
    struct bus_consumer *reader = NULL;
    struct bus_message read;
    const struct bus_position first = {"control", 0, BUS_BEGINNING};
    MUST(bus_reader_open(&bus, &reader, &why));
    MUST(bus_reader_assign(reader, &first, 1, &why));
    size_t count = 0;
    for (int64_t until = clock_mono_ms() + LIMIT_MS; count < COUNT_OF(messages) && clock_mono_ms() < until;)
        if (bus_consumer_poll(reader, 20, &read, &err)) {
            count++;
            bus_message_release(&read);
        }
    bus_consumer_close(reader);
    cr_assert_eq(count, COUNT_OF(messages));
}

Test(relay, a_deposed_leader_sends_nothing)
{
    struct err err = ERR_INIT;
    struct store_message messages[] = {message("auth", "job", 1)};
    commit(messages, 1);
    relay_add(relay, messages, 1);
    test_pg_run(conninfo, "UPDATE greylag.lease SET epoch = epoch + 1");
    cr_assert_not(relay_pump(relay, store, clock_mono_ms(), &err));
    cr_assert_eq(err.kind, ERR_FENCED, "%s", err.text);
    cr_assert_eq(relay_counts(relay).sent, 0u);
    cr_assert_eq(left(), 1u);
}

Test(relay, what_the_outbox_still_holds_is_loaded_and_sent)
{
    struct store_message messages[] = {message("auth", "one", 1), message("user", "two", 0)};
    commit(messages, 2);
    MUST(relay_load(relay, store, &why));
    cr_assert_eq(relay_counts(relay).waiting, 2u);
    pump_until_empty();
    cr_assert_eq(left(), 0u);
}

/* Large ones are not all kept in memory: what does not fit is read from the outbox when its turn comes. */
Test(relay, what_does_not_fit_in_memory_is_read_from_the_outbox)
{
    enum { MANY = 12, SIZE = 4 << 20 };
    auto_free char *large = xmalloc(SIZE + 1);
    memset(large, 'x', SIZE);
    large[SIZE] = '\0';
    for (int i = 0; i < MANY; i++) {
        struct store_message one = message("auth", "large", 0);
        one.payload = large;
        one.len = SIZE;
        commit(&one, 1);
        if (i % 2)
            relay_add(relay, &one, 1);
    }
    MUST(relay_load(relay, store, &why));
    struct relay_counts counts = relay_counts(relay);
    printf("# %zu waiting, %zu bytes, of which %zu in memory\n", counts.waiting, counts.waiting_bytes,
           counts.held_bytes);
    cr_assert_eq(counts.waiting, (size_t)MANY);
    cr_assert_eq(counts.waiting_bytes, (size_t)MANY * SIZE);
    cr_assert_leq(counts.held_bytes, (size_t)16 << 20);
    pump_until_empty();
    cr_assert_eq(relay_counts(relay).delivered, (uint64_t)MANY);
    cr_assert_eq(relay_counts(relay).held_bytes, 0u);
    cr_assert_eq(left(), 0u);
}

/* A large outbox that is far away is no reason to lose the lease. */
Test(relay, a_pump_ends_when_its_time_is_over)
{
    struct store_message messages[] = {message("auth", "one", 0), message("auth", "two", 0),
                                       message("auth", "three", 0)};
    commit(messages, COUNT_OF(messages));
    MUST(relay_load(relay, store, &why));
    for (uint64_t sent = 1; sent <= COUNT_OF(messages); sent++) {
        int64_t wake_ms = relay_wake_ms(relay);
        cr_assert(wake_ms > 0 && wake_ms <= clock_mono_ms(), "there is more to do: %lld", (long long)wake_ms);
        MUST(relay_pump(relay, store, 0, &why));
        cr_assert_eq(relay_counts(relay).sent, sent);
    }
    pump_until_empty();
    cr_assert_eq(left(), 0u);
}

Test(relay, what_the_bus_refuses_stays_and_is_due_again)
{
    struct store_message messages[] = {message("auth", "lost", 0)};
    char name[600]; /* longer than any topic's */
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    messages[0].topic = name;
    commit(messages, 1);
    relay_add(relay, messages, 1);
    int64_t until = clock_mono_ms() + LIMIT_MS;
    while (relay_counts(relay).failed == 0 && clock_mono_ms() < until) {
        MUST(relay_pump(relay, store, clock_mono_ms(), &why));
        poll(NULL, 0, 5);
    }
    struct bus_trouble list[BUS_TROUBLES_MAX];
    cr_assert(relay_counts(relay).failed > 0);
    cr_assert_eq(bus_troubles_list(bus.troubles, list), 1u);
    printf("# %s\n", list[0].text);
    cr_assert(strstr(list[0].text, "takes no message"), "%s", list[0].text);
    cr_assert(relay_wake_ms(relay) > 0);
    cr_assert_eq(left(), 1u);
}
