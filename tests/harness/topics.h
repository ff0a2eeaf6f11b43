/* Topics for tests, made by what makes them for the programs. */
#pragma once
#include <criterion/criterion.h>
#include <poll.h>

#include "base/clock.h"
#include "bus/keeper.h"

#define TOPICS_LIMIT_MS 20000

/* Of one partition each; ends the test when they are not there in time. */
static inline void make_topics(const struct bus_settings *settings, const char *const *names, size_t count)
{
    struct bus_keeper *keeper = NULL;
    struct err err = ERR_INIT;
    cr_assert(bus_keeper_open(settings, 1, -1, &keeper, &err), "%s", err.text);
    for (size_t i = 0; i < count; i++)
        bus_keeper_want(keeper, &(struct bus_topic){.name = names[i], .partitions = 1});
    int64_t until = clock_mono_ms() + TOPICS_LIMIT_MS;
    struct bus_keeper_state state;
    for (size_t i = 0; i < count; i++)
        while (!bus_keeper_partitions(keeper, names[i])) {
            bus_keeper_state(keeper, &state);
            cr_assert_lt(clock_mono_ms(), until, "topic %s: %s", names[i], state.problem.text);
            poll(NULL, 0, 5);
        }
    bus_keeper_close(keeper);
}

static inline void make_topic(const struct bus_settings *settings, const char *name)
{
    make_topics(settings, &name, 1);
}
