#include "proto/vocab.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const char *vocabulary_text(const struct vocabulary *words, unsigned value)
{
    return value < words->count ? words->texts[value] : "unknown";
}

bool vocabulary_find(const struct vocabulary *words, const char *text, unsigned *ret_value)
{
    for (unsigned i = 0; i < words->count; i++) {
        if (strcmp(words->texts[i], text) == 0) {
            *ret_value = i;
            return true;
        }
    }
    return false;
}

#define SECOND(name, text, ...) text,
/* One table's texts, and its two functions. */
#define VOCABULARY(thing, type, TABLE)                                                                                 \
    static const char *const thing##_texts[] = {TABLE(SECOND)};                                                        \
    const struct vocabulary thing##_vocabulary = {thing##_texts, COUNT_OF(thing##_texts)};                             \
    const char *thing##_text(type value)                                                                               \
    {                                                                                                                  \
        return vocabulary_text(&thing##_vocabulary, (unsigned)value);                                                          \
    }                                                                                                                  \
    bool thing##_parse(const char *text, type *ret_value)                                                              \
    {                                                                                                                  \
        unsigned value;                                                                                                \
        if (!vocabulary_find(&thing##_vocabulary, text, &value))                                                       \
            return false;                                                                                              \
        *ret_value = (type)value;                                                                                      \
        return true;                                                                                                   \
    }

VOCABULARY(release_state, enum release_state, RELEASE_STATES)
VOCABULARY(step_state, enum step_state, STEP_STATES)
VOCABULARY(target_state, enum target_state, TARGET_STATES)
VOCABULARY(outcome, enum outcome_kind, OUTCOMES)
VOCABULARY(report_kind, enum report_kind, REPORT_KINDS)
VOCABULARY(refusal, enum refusal, REFUSALS)
VOCABULARY(direction, enum direction, DIRECTIONS)
VOCABULARY(control_kind, enum control_kind, CONTROL_KINDS)
VOCABULARY(way_back, enum way_back, WAYS_BACK)
VOCABULARY(failure_policy, enum failure_policy, FAILURE_POLICIES)
VOCABULARY(migration_kind, enum migration_kind, MIGRATION_KINDS)
VOCABULARY(range, enum range, RANGES)
VOCABULARY(history_tool, enum history_tool, HISTORY_TOOLS)
VOCABULARY(foreign_state, enum foreign_state, FOREIGN_STATES)

const char *refusal_prose(enum refusal value)
{
    static const char *const proses[] = {
#define X(name, text, prose) prose,
        REFUSALS(X)
#undef X
    };
    return (unsigned)value < COUNT_OF(proses) ? proses[value] : "unknown";
}

bool release_state_terminal(enum release_state value)
{
    static const bool terminal[] = {
#define X(name, text, ends, prose) ends,
        RELEASE_STATES(X)
#undef X
    };
    return (unsigned)value < COUNT_OF(terminal) && terminal[value];
}

static const struct {
    const char *suffix;
    struct topic_settings settings;
} topics[] = {
#define X(name, suffix, partitions, retention, large, prose) {suffix, {partitions, retention, large}},
    TOPICS(X)
#undef X
};

const char *topic_name(enum topic topic, const char *fleet, const char *environment, const char *service,
                       char name[TOPIC_NAME_SIZE])
{
    snprintf(name, TOPIC_NAME_SIZE, "greylag.%s.%s.%s%s", fleet, environment, topics[topic].suffix,
             topic == TOPIC_JOBS ? service : "");
    return name;
}

struct topic_settings topic_settings(enum topic topic)
{
    return topics[topic].settings;
}
