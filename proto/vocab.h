/* The words of greylag as enums, generated from tables: those in states.def, events.def, topics.def and
 * findings.def, and those below.
 *
 * For each table in VOCABULARIES: its enum, `thing_text(value)` (borrowed, static; "unknown" for what is no value of
 * the table) and `thing_parse(text, &value)`. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/events.def"
#include "proto/findings.def"
#include "proto/states.def"
#include "proto/topics.def"

#define X(name, ...) RELEASE_##name,
enum release_state { RELEASE_STATES(X) RELEASE_STATE_COUNT };
#undef X
#define X(name, ...) STEP_##name,
enum step_state { STEP_STATES(X) STEP_STATE_COUNT };
#undef X
#define X(name, ...) TARGET_##name,
enum target_state { TARGET_STATES(X) TARGET_STATE_COUNT };
#undef X
#define X(name, ...) OUTCOME_##name,
enum outcome_kind { OUTCOMES(X) OUTCOME_COUNT };
#undef X
#define X(name, ...) REPORT_##name,
enum report_kind { REPORT_KINDS(X) REPORT_KIND_COUNT };
#undef X
#define X(name, ...) REFUSAL_##name,
enum refusal { REFUSALS(X) REFUSAL_COUNT };
#undef X
#define X(name, ...) FINDING_##name,
enum finding_rule { FINDINGS(X) FINDING_RULE_COUNT };
#undef X
#define X(name, ...) TOPIC_##name,
enum topic { TOPICS(X) TOPIC_COUNT };
#undef X

/* name, text, prose. */
#define DIRECTIONS(X)                                                                                              \
    X(UP,     "up",     "apply the migration")                                                                     \
    X(DOWN,   "down",   "undo it")                                                                                 \
    X(ADOPT,  "adopt",  "record as applied what is in effect already; no SQL of the migration runs")               \
    X(FORGET, "forget", "take it off the record of what is applied; no SQL of the migration runs")
#define X(name, ...) DIRECTION_##name,
enum direction { DIRECTIONS(X) DIRECTION_COUNT };
#undef X

/* How a migration behaves. */
#define MIGRATION_KINDS(X)                                                                                         \
    X(VERSIONED,  "versioned",  "runs once, in the order of versions")                                             \
    X(REPEATABLE, "repeatable", "runs after the versioned ones, and again whenever its content has changed")       \
    X(BASELINE,   "baseline",   "stands for every version up to its own, on a database that holds nothing yet")    \
    X(CALLBACK,   "callback",   "runs before the first or after the last migration of a release on a target; "     \
                                "never counted as applied")
#define X(name, ...) MIGRATION_##name,
enum migration_kind { MIGRATION_KINDS(X) MIGRATION_KIND_COUNT };
#undef X

/* What a dependency asks of the other migration's service. */
#define RANGES(X)                                                                                                  \
    X(EXACTLY,  "=",  "that migration is applied")                                                                 \
    X(AT_LEAST, ">=", "the service is at that version or above")                                                   \
    X(ABOVE,    ">",  "the service is above that version")                                                         \
    X(AT_MOST,  "<=", "the service is at that version or below")                                                   \
    X(BELOW,    "<",  "the service is below that version")
#define X(name, ...) RANGE_##name,
enum range { RANGES(X) RANGE_COUNT };
#undef X

/* Tools whose own record of what is applied greylag reads and keeps. The text is also the name of the layout.
 *    name            text              its table                     prose */
#define HISTORY_TOOLS(X)                                                                                           \
    X(NONE,           "none",           "",                           "no tool but greylag keeps a record")        \
    X(FLYWAY,         "flyway",         "flyway_schema_history",      "flyway_schema_history")                     \
    X(GOLANG_MIGRATE, "golang-migrate", "schema_migrations",          "schema_migrations (version bigint, dirty)") \
    X(DBMATE,         "dbmate",         "schema_migrations",          "schema_migrations (version varchar)")       \
    X(GOOSE,          "goose",          "goose_db_version",           "goose_db_version")                          \
    X(DIESEL,         "diesel",         "__diesel_schema_migrations", "__diesel_schema_migrations")                \
    X(LIQUIBASE,      "liquibase",      "databasechangelog",          "databasechangelog")                         \
    X(SQITCH,         "sqitch",         "sqitch.changes",             "changes, in a schema of its own: sqitch")   \
    X(ALEMBIC,        "alembic",        "alembic_version",            "alembic_version")                           \
    X(GREYLAG,        "greylag",        "",                           "greylag's own record in that database, of " \
                                                                      "another service, target or version")
#define X(name, ...) HISTORY_##name,
enum history_tool { HISTORY_TOOLS(X) HISTORY_TOOL_COUNT };
#undef X

/* What a row of such a record says. */
#define FOREIGN_STATES(X)                                                                                          \
    X(APPLIED,  "applied",  "it is in effect")                                                                     \
    X(BASELINE, "baseline", "every version up to this one counts as in effect")                                    \
    X(FAILED,   "failed",   "it began and did not end well: a person has to look (golang-migrate: dirty)")
#define X(name, ...) FOREIGN_##name,
enum foreign_state { FOREIGN_STATES(X) FOREIGN_STATE_COUNT };
#undef X

/* Messages of the coordinator to one target, beside its jobs. */
#define CONTROL_KINDS(X)                                                                                           \
    X(FENCE,       "fence",       "raise the target's fence, stop at the border of a step, and answer with what "  \
                                  "was applied")                                                                   \
    X(ACKNOWLEDGE, "acknowledge", "these outcomes are committed in the control database")                          \
    X(INVENTORY,   "inventory",   "report what is applied on the target")
#define X(name, ...) CONTROL_##name,
enum control_kind { CONTROL_KINDS(X) CONTROL_KIND_COUNT };
#undef X

/* How a step can be taken back. */
#define WAYS_BACK(X)                                                                                               \
    X(UNDO,    "undo",    "a down script")                                                                             \
    X(ABORT,   "abort",   "nothing was committed")                                                                 \
    X(EARLIER, "earlier", "a repeatable migration: the text that was in effect before runs again")                 \
    X(NOTHING, "nothing", "there is nothing to take back: a callback")                                             \
    X(NONE,    "none",    "no way back: has to be accepted explicitly")
#define X(name, ...) WAY_BACK_##name,
enum way_back { WAYS_BACK(X) WAY_BACK_COUNT };
#undef X

/* What happens when a step fails for good. */
#define FAILURE_POLICIES(X)                                                                                        \
    X(ROLLBACK_RELEASE, "rollback-release", "undo everything that the release did, in all services")               \
    X(HALT,             "halt",             "stop where it stands and wait for a person")
#define X(name, ...) ON_FAILURE_##name,
enum failure_policy { FAILURE_POLICIES(X) ON_FAILURE_COUNT };
#undef X


/* A table's texts by value: for code that walks tables (codec.h, references). */
struct vocabulary {
    const char *const *texts;
    size_t count;
};
const char *vocabulary_text(const struct vocabulary *words, unsigned value); /* "unknown" for none of them */
bool vocabulary_find(const struct vocabulary *words, const char *text, unsigned *ret_value);

/* What needs a person although no command has failed. `advice` shows more of it, or mends it; where it ends with a
 * command, what that is about follows (the item's `argument`).
 *    name        text          prose                                                                advice */
#define ATTENTIONS(X)                                                                                              \
    X(LEADERLESS, "leaderless", "no coordinator leads: nothing is sent and nothing is decided",                    \
      "look at the logs of the coordinators")                                                                      \
    X(HINDERED,   "hindered",   "a coordinator cannot do its work: what Kafka refuses, or that it cannot be reached",  \
      "mend that; the coordinator goes on by itself, or once started again when its own file was wrong")           \
    X(UNSENT,     "unsent",     "messages to workers have been waiting for more than five seconds",                \
      "look at Kafka, and at the coordinator's log; they are sent again by themselves")                            \
    X(HALTED,     "halted",     "a release stands still half way, and no later one has put its targets right",     \
      "greylag release show")                                                                                      \
    X(LEFTOVER,   "leftover",   "a release that went back left something on a target that nobody has taken up",    \
      "clear it by hand, or let it stay, and say so (a greylag up that applies its migration ends this, too): "      \
      "greylag release leave")                                                                                     \
    X(BLOCKED,    "blocked",    "a worker reports its target, and cannot work on it",                              \
      "mend what its worker says; what waits for it goes on by itself")                                            \
    X(SILENT,     "silent",     "a target is reported no longer",                                                  \
      "start its worker, or greylag targets forget")                                                               \
    X(UNSEEN,     "unseen",     "a key is enrolled for a target that no worker has ever reported",                 \
      "start its worker, or greylag targets forget")                                                               \
    X(DISTRUSTED, "distrusted", "a worker cannot verify what it is sent: it does not know the coordinator's key",  \
      "put the public half of the coordinator's signing_key (its file .pub) among coordinator_keys in worker.yml, "  \
      "and start the worker again")                                                                                \
    X(STRANGER,   "stranger",   "messages come that no enrolled key has signed",                                   \
      "when it is a worker of yours: greylag workers enroll FILE.pub --target SERVICE/TARGET (one that was revoked "  \
      "needs a new key)")
#define X(name, ...) ATTENTION_##name,
enum attention { ATTENTIONS(X) ATTENTION_COUNT };
#undef X

/* One row for each table: what its functions are named after, its enum, its rows. */
#define VOCABULARIES(X)                                                                                            \
    X(release_state,  release_state,  RELEASE_STATES)                                                              \
    X(step_state,     step_state,     STEP_STATES)                                                                 \
    X(target_state,   target_state,   TARGET_STATES)                                                               \
    X(outcome,        outcome_kind,   OUTCOMES)                                                                    \
    X(report_kind,    report_kind,    REPORT_KINDS)                                                                \
    X(refusal,        refusal,        REFUSALS)                                                                    \
    X(direction,      direction,      DIRECTIONS)                                                                  \
    X(control_kind,   control_kind,   CONTROL_KINDS)                                                               \
    X(way_back,       way_back,       WAYS_BACK)                                                                   \
    X(failure_policy, failure_policy, FAILURE_POLICIES)                                                            \
    X(migration_kind, migration_kind, MIGRATION_KINDS)                                                             \
    X(range,          range,          RANGES)                                                                      \
    X(history_tool,   history_tool,   HISTORY_TOOLS)                                                               \
    X(foreign_state,  foreign_state,  FOREIGN_STATES)                                                              \
    X(attention,      attention,      ATTENTIONS)                                                                  \
    X(finding_rule,   finding_rule,   FINDINGS)

#define X(thing, type, ROWS)                                                                                       \
    extern const struct vocabulary thing##_vocabulary;                                                             \
    const char *thing##_text(enum type value);                                                                     \
    bool thing##_parse(const char *text, enum type *ret_value);
VOCABULARIES(X)
#undef X

const char *refusal_prose(enum refusal value);
const char *finding_prose(enum finding_rule value);
const char *attention_advice(enum attention value);
const char *history_tool_table(enum history_tool value); /* its default name, maybe with its schema; "" of none */
bool release_state_terminal(enum release_state value);

/* Topic names, settings. `service` only for TOPIC_JOBS. */
struct topic_settings {
    int partitions;
    long long retention_ms;
    bool large; /* max.message.bytes is MESSAGE_MAX instead of the server's default */
};
#define TOPIC_NAME_SIZE 250
/* Where topics and groups lie: "<prefix>greylag.<fleet>.<environment>.". */
struct topic_space {
    const char *prefix; /* topic_prefix_valid; NULL: none */
    const char *fleet, *environment;
};
#define TOPIC_PREFIX_MAX 45 /* what Kafka's limit leaves for it */
/* At most that long, of letters, digits, '.', '_' and '-'. */
bool topic_prefix_valid(const char *prefix);
/* Writes the topic's name; the other parts are checked names (text_is_name), so that it always fits. Returns name. */
const char *topic_name(enum topic topic, const struct topic_space *space, const char *service,
                       char name[TOPIC_NAME_SIZE]);
/* The same of a group, with what is its own. */
const char *topic_group_name(const struct topic_space *space, const char *own, char name[TOPIC_NAME_SIZE]);
struct topic_settings topic_settings(enum topic topic);

/* All tables with their prose, as a Markdown page. */
void vocabulary_markdown(struct buf *out);
/* The findings of files and plans, as a page of their own. */
void findings_markdown(struct buf *out);
