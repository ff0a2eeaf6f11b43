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
    X(UP,     "up",     "apply the migration")                                                                     \
    X(DOWN,   "down",   "undo it")                                                                                 \
    X(ADOPT,  "adopt",  "record as applied what is in effect already; no SQL of the migration runs")               \
    X(FORGET, "forget", "take it off the record of what is applied; no SQL of the migration runs")
/* How a migration behaves. */
#define MIGRATION_KINDS(X)                                                                                         \
    X(VERSIONED,  "versioned",  "runs once, in the order of versions")                                             \
    X(REPEATABLE, "repeatable", "runs after the versioned ones, and again whenever its content has changed")       \
    X(BASELINE,   "baseline",   "stands for every version up to its own, on a database that holds nothing yet")    \
    X(CALLBACK,   "callback",   "runs before the first or after the last migration of a release on a target; never counted as applied")
/* What a dependency asks of the other migration's service. */
#define RANGES(X)                                                                                                  \
    X(EXACTLY,  "=",  "that migration is applied")                                                                 \
    X(AT_LEAST, ">=", "the service is at that version or above")                                                   \
    X(ABOVE,    ">",  "the service is above that version")                                                         \
    X(AT_MOST,  "<=", "the service is at that version or below")                                                   \
    X(BELOW,    "<",  "the service is below that version")
/* Tools whose own record of what is applied greylag reads and keeps. The text is also the name of the layout. */
#define HISTORY_TOOLS(X)                                                                                           \
    X(NONE,           "none",           "no tool but greylag keeps a record")                                      \
    X(FLYWAY,         "flyway",         "flyway_schema_history")                                                   \
    X(GOLANG_MIGRATE, "golang-migrate", "schema_migrations (version bigint, dirty)")                               \
    X(DBMATE,         "dbmate",         "schema_migrations (version varchar)")                                     \
    X(GOOSE,          "goose",          "goose_db_version")                                                        \
    X(DIESEL,         "diesel",         "__diesel_schema_migrations")                                              \
    X(LIQUIBASE,      "liquibase",      "databasechangelog")                                                       \
    X(SQITCH,         "sqitch",         "sqitch.changes")                                                          \
    X(ALEMBIC,        "alembic",        "alembic_version")
/* What a row of such a record says. */
#define FOREIGN_STATES(X)                                                                                          \
    X(APPLIED,  "applied",  "it is in effect")                                                                     \
    X(BASELINE, "baseline", "every version up to this one counts as in effect")                                    \
    X(FAILED,   "failed",   "it began and did not end well: a person has to look (golang-migrate: dirty)")
#define CONTROL_KINDS(X)                                                                                           \
    X(FENCE,       "fence",       "raise the target's fence, stop at the border of a step, and answer with what was applied") \
    X(ACKNOWLEDGE, "acknowledge", "these outcomes are committed in the control database")                          \
    X(INVENTORY,   "inventory",   "report what is applied on the target")
/* How a step can be taken back. */
#define WAYS_BACK(X)                                                                                               \
    X(UNDO,    "undo",    "a down script")                                                                             \
    X(ABORT,   "abort",   "nothing was committed")                                                                 \
    X(EARLIER, "earlier", "a repeatable migration: the text that was in effect before runs again")                 \
    X(NOTHING, "nothing", "there is nothing to take back: a callback")                                             \
    X(NONE,    "none",    "no way back: has to be accepted explicitly")
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
enum migration_kind {
#define X(name, ...) MIGRATION_##name,
    MIGRATION_KINDS(X)
#undef X
        MIGRATION_KIND_COUNT
};
enum range {
#define X(name, ...) RANGE_##name,
    RANGES(X)
#undef X
        RANGE_COUNT
};
enum history_tool {
#define X(name, ...) HISTORY_##name,
    HISTORY_TOOLS(X)
#undef X
        HISTORY_TOOL_COUNT
};
enum foreign_state {
#define X(name, ...) FOREIGN_##name,
    FOREIGN_STATES(X)
#undef X
        FOREIGN_STATE_COUNT
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
    way_back_vocabulary, failure_policy_vocabulary, migration_kind_vocabulary, range_vocabulary,
    history_tool_vocabulary, foreign_state_vocabulary;

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
const char *migration_kind_text(enum migration_kind value);
const char *range_text(enum range value);
const char *history_tool_text(enum history_tool value);
const char *foreign_state_text(enum foreign_state value);
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
bool migration_kind_parse(const char *text, enum migration_kind *ret_value);
bool range_parse(const char *text, enum range *ret_value);
bool history_tool_parse(const char *text, enum history_tool *ret_value);
bool foreign_state_parse(const char *text, enum foreign_state *ret_value);
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
