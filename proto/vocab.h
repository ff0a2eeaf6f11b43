/* The words of greylag as enums, generated from the tables in states.def, events.def and topics.def.
 *
 * For each table: `enum thing`, `thing_text(value)` (borrowed, static) and `thing_parse(text, &value)`.
 * Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/events.def"
#include "proto/states.def"
#include "proto/topics.def"

enum release_state {
#define X(name, ...) RELEASE_##name,
    RELEASE_STATES(X)
#undef X
        RELEASE_STATE_COUNT
};
enum step_state {
#define X(name, ...) STEP_##name,
    STEP_STATES(X)
#undef X
        STEP_STATE_COUNT
};
enum target_state {
#define X(name, ...) TARGET_##name,
    TARGET_STATES(X)
#undef X
        TARGET_STATE_COUNT
};
enum outcome_kind {
#define X(name, ...) OUTCOME_##name,
    OUTCOMES(X)
#undef X
        OUTCOME_COUNT
};
enum report_kind {
#define X(name, ...) REPORT_##name,
    REPORT_KINDS(X)
#undef X
        REPORT_KIND_COUNT
};
enum refusal {
#define X(name, ...) REFUSAL_##name,
    REFUSALS(X)
#undef X
        REFUSAL_COUNT
};
enum topic {
#define X(name, ...) TOPIC_##name,
    TOPICS(X)
#undef X
        TOPIC_COUNT
};

/*                    name            text        prose */
#define DIRECTIONS(X)                                                                                              \
    X(UP,   "up",   "apply the migration")                                                                         \
    X(DOWN, "down", "undo it")
#define CONTROL_KINDS(X)                                                                                           \
    X(FENCE,       "fence",       "raise the target's fence, stop at the border of a step, and answer with what was applied") \
    X(ACKNOWLEDGE, "acknowledge", "these outcomes are committed in the control database")                          \
    X(INVENTORY,   "inventory",   "report what is applied on the target")
/* How a step can be taken back. */
#define WAYS_BACK(X)                                                                                               \
    X(UNDO,  "undo",  "a down script")                                                                             \
    X(ABORT, "abort", "nothing was committed")                                                                     \
    X(NONE,  "none",  "no way back: has to be accepted explicitly")
/* What happens when a step fails for good. */
#define FAILURE_POLICIES(X)                                                                                        \
    X(ROLLBACK_RELEASE, "rollback-release", "undo everything that the release did, in all services")               \
    X(HALT,             "halt",             "stop where it stands and wait for a person")

enum direction {
#define X(name, ...) DIRECTION_##name,
    DIRECTIONS(X)
#undef X
        DIRECTION_COUNT
};
enum control_kind {
#define X(name, ...) CONTROL_##name,
    CONTROL_KINDS(X)
#undef X
        CONTROL_KIND_COUNT
};
enum way_back {
#define X(name, ...) WAY_BACK_##name,
    WAYS_BACK(X)
#undef X
        WAY_BACK_COUNT
};
enum failure_policy {
#define X(name, ...) ON_FAILURE_##name,
    FAILURE_POLICIES(X)
#undef X
        ON_FAILURE_COUNT
};

/* A table's texts by value: for code that walks tables (codec.h, references). */
struct vocabulary {
    const char *const *texts;
    size_t count;
};
const char *vocabulary_text(const struct vocabulary *words, unsigned value); /* "unknown" for none of them */
bool vocabulary_find(const struct vocabulary *words, const char *text, unsigned *ret_value);
extern const struct vocabulary release_state_vocabulary, step_state_vocabulary, target_state_vocabulary,
    outcome_vocabulary, report_kind_vocabulary, refusal_vocabulary, direction_vocabulary, control_kind_vocabulary,
    way_back_vocabulary, failure_policy_vocabulary;

const char *release_state_text(enum release_state value); /* "unknown" for what is no value of the table */
const char *step_state_text(enum step_state value);
const char *target_state_text(enum target_state value);
const char *outcome_text(enum outcome_kind value);
const char *report_kind_text(enum report_kind value);
const char *refusal_text(enum refusal value);
const char *refusal_prose(enum refusal value);
const char *direction_text(enum direction value);
const char *control_kind_text(enum control_kind value);
const char *way_back_text(enum way_back value);
const char *failure_policy_text(enum failure_policy value);
bool release_state_parse(const char *text, enum release_state *ret_value);
bool step_state_parse(const char *text, enum step_state *ret_value);
bool target_state_parse(const char *text, enum target_state *ret_value);
bool outcome_parse(const char *text, enum outcome_kind *ret_value);
bool report_kind_parse(const char *text, enum report_kind *ret_value);
bool refusal_parse(const char *text, enum refusal *ret_value);
bool direction_parse(const char *text, enum direction *ret_value);
bool control_kind_parse(const char *text, enum control_kind *ret_value);
bool way_back_parse(const char *text, enum way_back *ret_value);
bool failure_policy_parse(const char *text, enum failure_policy *ret_value);
bool release_state_terminal(enum release_state value);

/* Topic names, settings. `service` only for TOPIC_JOBS. */
struct topic_settings {
    int partitions;
    long long retention_ms;
    bool large; /* max.message.bytes is MESSAGE_MAX instead of the server's default */
};
#define TOPIC_NAME_SIZE 250
/* Writes the topic's name; the parts are checked names (text_is_name), so that it always fits. Returns name. */
const char *topic_name(enum topic topic, const char *fleet, const char *environment, const char *service,
                       char name[TOPIC_NAME_SIZE]);
struct topic_settings topic_settings(enum topic topic);

/* All tables with their prose, as a Markdown page. */
void vocabulary_markdown(struct buf *out);
