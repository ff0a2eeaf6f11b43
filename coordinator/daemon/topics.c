#include "daemon/topics.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "proto/fleet.h"

static const enum topic common[] = {TOPIC_EVENTS, TOPIC_CONTROL, TOPIC_PRESENCE};

void topics_want(struct bus_keeper *keeper, const struct settings *settings, enum topic topic, const char *service)
{
    struct topic_settings wanted = topic_settings(topic);
    char name[TOPIC_NAME_SIZE], retention[32], size[32];
    const struct topic_space space = settings_topics(settings);
    topic_name(topic, &space, service, name);
    snprintf(retention, sizeof retention, "%lld", wanted.retention_ms);
    snprintf(size, sizeof size, "%zu", MESSAGE_MAX);
    const char *const lines[] = {"retention.ms", retention, wanted.large ? "max.message.bytes" : NULL, size, NULL};
    const struct bus_topic one = {.name = name, .partitions = wanted.partitions, .settings = lines,
                                  .right = topic == TOPIC_JOBS || topic == TOPIC_CONTROL ? BUS_RIGHT_WRITE
                                                                                         : BUS_RIGHT_READ};
    bus_keeper_want(keeper, &one);
}

void topics_want_common(struct bus_keeper *keeper, const struct settings *settings)
{
    for (size_t i = 0; i < COUNT_OF(common); i++)
        topics_want(keeper, settings, common[i], NULL);
}

bool topics_usable(struct bus_keeper *keeper, const struct settings *settings, struct err *err)
{
    struct bus_keeper_state state;
    const struct topic_space space = settings_topics(settings);
    bus_keeper_state(keeper, &state);
    bool there = state.reached;
    for (size_t i = 0; there && i < COUNT_OF(common); i++) {
        char name[TOPIC_NAME_SIZE];
        topic_name(common[i], &space, NULL, name);
        there = bus_keeper_partitions(keeper, name) > 0;
    }
    if (!there)
        *err = state.problem;
    return there;
}
