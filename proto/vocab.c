#include "proto/vocab.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

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
#define X(thing, type, ROWS)                                                                                           \
    static const char *const thing##_texts[] = {ROWS(SECOND)};                                                         \
    const struct vocabulary thing##_vocabulary = {thing##_texts, COUNT_OF(thing##_texts)};                             \
    const char *thing##_text(enum type value)                                                                          \
    {                                                                                                                  \
        return vocabulary_text(&thing##_vocabulary, (unsigned)value);                                                  \
    }                                                                                                                  \
    bool thing##_parse(const char *text, enum type *ret_value)                                                         \
    {                                                                                                                  \
        unsigned value;                                                                                                \
        if (!vocabulary_find(&thing##_vocabulary, text, &value))                                                       \
            return false;                                                                                              \
        *ret_value = (enum type)value;                                                                                 \
        return true;                                                                                                   \
    }
VOCABULARIES(X)
#undef X

/* A column of a table beside its text. */
#define COLUMN(function, type, ROWS, CELL, otherwise)                                                                  \
    const char *function(enum type value)                                                                              \
    {                                                                                                                  \
        static const char *const cells[] = {ROWS(CELL)};                                                               \
        return (unsigned)value < COUNT_OF(cells) ? cells[value] : otherwise;                                           \
    }
#define REFUSAL_PROSE(name, text, prose) prose,
#define FINDING_PROSE(name, text, severity, prose) prose,
#define ATTENTION_ADVICE(name, text, prose, advice) advice,
#define TOOL_TABLE(name, text, table, prose) table,
COLUMN(refusal_prose, refusal, REFUSALS, REFUSAL_PROSE, "unknown")
COLUMN(finding_prose, finding_rule, FINDINGS, FINDING_PROSE, "unknown")
COLUMN(attention_advice, attention, ATTENTIONS, ATTENTION_ADVICE, "")
COLUMN(history_tool_table, history_tool, HISTORY_TOOLS, TOOL_TABLE, "")

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

bool topic_prefix_valid(const char *prefix)
{
    size_t len = strlen(prefix);
    return len <= TOPIC_PREFIX_MAX &&
           len == strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}

const char *topic_name(enum topic topic, const struct topic_space *space, const char *service,
                       char name[TOPIC_NAME_SIZE])
{
    text_format(name, TOPIC_NAME_SIZE, "%sgreylag.%s.%s.%s%s", space->prefix ? space->prefix : "", space->fleet,
                space->environment, topics[topic].suffix, topic == TOPIC_JOBS ? service : "");
    return name;
}

const char *topic_group_name(const struct topic_space *space, const char *own, char name[TOPIC_NAME_SIZE])
{
    text_format(name, TOPIC_NAME_SIZE, "%sgreylag.%s.%s.worker.%s", space->prefix ? space->prefix : "", space->fleet,
                space->environment, own);
    return name;
}

struct topic_settings topic_settings(enum topic topic)
{
    return topics[topic].settings;
}
