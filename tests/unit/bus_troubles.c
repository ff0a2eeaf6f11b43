/* What is noted of the brokers, what is handed out for the log, and what stands.
 * links: bus crypto proc base */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/settings.h"

static const struct bus_property properties[] = {{"bootstrap.servers", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"}};
static const struct bus_settings settings = {"test", properties, 1, NULL};
static struct bus_trouble list[BUS_TROUBLES_MAX];

/* What the log would say now: + for what began, - for what is over. */
static const char *news(struct bus_troubles *troubles)
{
    static char text[2048];
    struct bus_trouble trouble;
    bool over;
    size_t len = 0;
    text[0] = '\0';
    while (bus_troubles_news(troubles, &trouble, &over))
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%c %.80s", len ? "; " : "", over ? '-' : '+',
                                trouble.text);
    printf("# %s\n", text);
    return text;
}

#define DISCONNECTED "GroupCoordinator: Disconnected"
#define REFUSED "Disconnected: verify that security.protocol is correctly configured"

static void lose(struct bus_troubles *troubles, const char *reason)
{
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__TRANSPORT, reason);
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
}

Test(bus_troubles, what_began_ends_whatever_was_said_of_it_last)
{
    struct bus_troubles *troubles = bus_troubles_new(&settings);
    lose(troubles, DISCONNECTED);
    cr_expect_str_eq(news(troubles), "+ kafka: " DISCONNECTED);
    lose(troubles, REFUSED); /* says more, and nobody has read it when it is over */
    troubles_connected(troubles);
    cr_expect_eq(bus_troubles_list(troubles, list), 0);
    cr_expect_str_eq(news(troubles), "- kafka: " REFUSED);
    cr_expect_str_eq(news(troubles), "");
    bus_troubles_free(troubles);
}

static void refuse(struct bus_troubles *troubles)
{
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__AUTHENTICATION, "wrong password");
}

Test(bus_troubles, what_nobody_heard_of_is_over_in_silence)
{
    struct bus_troubles *troubles = bus_troubles_new(&settings);
    refuse(troubles);
    troubles_connected(troubles);
    cr_expect_str_eq(news(troubles), "");
    refuse(troubles);
    cr_expect_eq(bus_troubles_list(troubles, list), 1);
    cr_expect_str_eq(news(troubles), "+ kafka: wrong password");
    refuse(troubles);
    cr_expect_str_eq(news(troubles), "", "said once");
    troubles_connected(troubles);
    refuse(troubles); /* a new one, before the end of the first was read */
    cr_expect_str_eq(news(troubles), "- kafka: wrong password; + kafka: wrong password");
    bus_troubles_free(troubles);
}

static bool told(struct bus_troubles *troubles, bool *ret_over)
{
    struct bus_trouble trouble;
    return bus_troubles_news(troubles, &trouble, ret_over);
}

/* A client is connected to one broker of three, and turns to another when that one restarts. */
Test(bus_troubles, a_connection_that_is_soon_made_anew_is_no_news, .timeout = 60)
{
    static const char down[] = "1/1 brokers are down";
    bool over;
    struct bus_troubles *troubles = bus_troubles_new(&settings);
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, down);
    cr_assert(told(troubles, &over) && !over, "who was never connected is told at once");
    troubles_connected(troubles);
    cr_assert(told(troubles, &over) && over);
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, down);
    cr_assert_not(told(troubles, &over), "it may last a moment");
    cr_assert_eq(bus_troubles_list(troubles, list), 0);
    troubles_connected(troubles);
    cr_assert_not(told(troubles, &over), "nobody has heard of it: nor of its end");
    troubles_connection(troubles, RD_KAFKA_RESP_ERR__AUTHENTICATION, "wrong password");
    cr_assert(told(troubles, &over) && !over, "what no other broker mends is told at once");
    troubles_connected(troubles);
    cr_assert(told(troubles, &over) && over);
    int64_t began = clock_mono_ms();
    do
        troubles_connection(troubles, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, down);
    while (!told(troubles, &over) && usleep(20000) == 0 && clock_mono_ms() < began + 30000);
    cr_assert(!over && clock_mono_ms() - began > 5000, "what lasts is told");
    bus_troubles_free(troubles);
}
