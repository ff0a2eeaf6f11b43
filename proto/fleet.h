/* The catalog of a fleet as it crosses from the operators' machine to the coordinator: services, targets, migrations,
 * dependencies, policies, checksums; never a connection string, never the SQL itself (that travels by digest).
 *
 * Ownership: everything in a struct fleet lives in the arena it was built or decoded in. Pure; one thread at a time.
 * All digests are lower-case hex of BLAKE2b-256 over the file's text as the worker will run it ("" where there is
 * none). All times are milliseconds. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/vocab.h"

#define DIGEST_TEXT_SIZE 65
#define MIGRATION_MAX ((size_t)32 << 20)  /* bytes of SQL; larger ones are refused in the plan */
#define MESSAGE_MAX ((size_t)64 << 20)    /* max.message.bytes of topics that carry SQL */
/* Of one step's texts as they travel; the rest is the job's frame. */
#define MIGRATION_WIRE_MAX (MESSAGE_MAX - ((size_t)64 << 10))
#define MIGRATION_WIRE_EACH 8 /* what one byte can take there at most: six in JSON, a third more in base64 */
#define JOB_TEXTS_MAX ((size_t)1 << 20)   /* bytes of SQL of several steps that travel together */

struct policy {
    enum failure_policy on_failure;
    int64_t lock_timeout_ms;      /* always > 0 */
    int64_t statement_timeout_ms; /* always > 0 */
    int64_t retries;              /* how often a transient failure is tried again before it counts */
};
#define POLICY_DEFAULT                                                                                                 \
    {.on_failure = ON_FAILURE_ROLLBACK_RELEASE, .lock_timeout_ms = 2000, .statement_timeout_ms = 900000, .retries = 5}

/* One end of a dependency on a migration of this or another service. */
struct dependency {
    const char *service; /* the service's own name: aliases are resolved by the catalog */
    const char *version; /* EXACTLY: a migration's `id` (or version, where that is unique) in that service; else any
                          * version */
    enum range range;
    const char *where;   /* "services/user/V2__x.sql:4", for messages */
};

/* A name that `${name}` in SQL stands for. A secret's value is known to the worker alone: "" here. */
struct placeholder {
    const char *name;
    const char *value;
    bool secret;
};

struct migration {
    const char *id;      /* unique in its service: the version, or version and name where duplicates are allowed */
    enum migration_kind kind;
    const char *version; /* as written in the file's name or metadata */
    const char *name;    /* description, for people */
    const char *file;    /* path relative to fleet.yml, of the up */
    const char *down_file; /* NULL when there is no undo */
    const char *undo_file; /* where it would have to stand then; NULL: there is one, or nobody knows */
    const char *up;        /* digest of the up SQL */
    const char *down;      /* digest of the down SQL, NULL when there is none */
    int64_t up_size, down_size; /* bytes */
    const int64_t *up_lines, *down_lines, *verify_lines; /* where the texts stand in their files, in pairs: a line of
                                 * the text, the line of the file, both from 1; what follows goes on from there. Empty:
                                 * the text is the whole file */
    size_t up_line_count, down_line_count, verify_line_count; /* numbers, not pairs */
    const char *verify;    /* digest of SQL that has to run without an error after the up, and is rolled back; NULL:
                            * none */
    const char *script;    /* the name under which the layout's own tool records it; NULL: it records none */
    const char *foreign_checksum; /* as that tool would record it now ("1715188512"); NULL: it keeps none, or nobody
                                   * knows */
    const char *foreign_record; /* what else it records, as JSON; NULL: nothing. Sqitch: {"project", "uri", "change",
                                 * "note", "planned_at" (ISO 8601), "planner_name", "planner_email", "script_hash",
                                 * "requires": ["p:c@t"], "conflicts": [], "tags": [{"id", "tag" ("@v1"), "note",
                                 * "planned_at", "planner_name", "planner_email"}]}, its checksum is the change's id.
                                 * Liquibase: {"comments", "contexts", "labels"} */
    const char *refused;   /* why greylag never runs it: it can only be recorded (import, baseline); NULL: it runs */
    bool placeholders;     /* ${name} in its texts is replaced, by the worker */
    int64_t lock_timeout_ms, statement_timeout_ms; /* its own, from its category's policy; 0: the service's */
    bool no_transaction;   /* asked for by the file, or seen by the parser; the worker looks again */
    bool has_policy;       /* the migration's own on_failure, from its metadata */
    enum failure_policy on_failure;
    const char *author, *risk, *category; /* NULL when not given */
    bool breaking, requires_downtime;
    int64_t estimated_ms;  /* how long it is thought to take; 0: nobody said */
    const char *details;   /* what else its metadata says, as JSON; NULL: nothing. "dataVolume": "small", "medium" or
                            * "large", "tags": [], "affectedTables": [], "rollbackStrategy" */
    const struct dependency *depends;
    size_t depends_count;
};

/* The line of the file for one of a text. */
int64_t text_line_in_file(const int64_t *lines, size_t count, int64_t line);

struct service {
    const char *name;
    const char *layout; /* "flyway", "metadata", ...: coordinator/catalog/layout.c lists them */
    enum history_tool history;    /* whose record of what is applied goes with that layout; HISTORY_NONE: nobody's */
    const char *history_table;    /* its name where it is not the tool's default (history_name()); NULL: the default */
    bool mirror;                  /* mirror_history: the worker keeps that record as well */
    const struct placeholder *placeholders; /* sorted by name */
    size_t placeholder_count;
    const char *before_each, *after_each; /* digests of SQL around every migration, inside its transaction; NULL:
                                           * none */
    const char *const *depends_on; /* names of services, all of whose steps come first */
    size_t depends_on_count;
    const char *const *targets; /* in this environment */
    size_t target_count;
    struct policy policy; /* defaults, environment and service merged */
    const struct migration *migrations; /* in the order in which the layout's own tool applies them */
    size_t migration_count;
};

struct fleet {
    const char *name;
    const char *environment;
    const struct service *services; /* in the order of fleet.yml */
    size_t service_count;
};

/* A text of a repeatable migration that is or was in effect on a target. */
struct applied_text {
    const char *checksum; /* its digest */
    const char *request;  /* through which it came into effect first: a way back brings an earlier text into effect
                           * again */
    const char *release;  /* that request's */
    bool kept;            /* the text itself is in the control database */
};
/* What is applied on one target, from its worker's inventory or from the control database; in the order applied. */
struct applied {
    const char *migration; /* struct migration's id */
    const char *checksum;  /* digest of the up SQL that was applied */
    const char *request;   /* the request in effect: an undo names it */
    const char *release;   /* NULL or "" when unknown */
    const struct applied_text *texts; /* of a repeatable one, as far as the control database knows: what is in effect,
                                       * then what was before it, the newest first. Does not travel */
    size_t text_count;
    const char *held;      /* going back to the end of a release: the checksum that was in effect there, "" nothing
                            * was; NULL: not asked. Does not travel */
};
/* One row of another tool's record on a target. */
struct foreign_row {
    const char *version;  /* as the layout of that tool gives it (Liquibase: file::id::author); "" of a repeatable
                           * one */
    const char *name;     /* description, "" */
    const char *script;   /* "" */
    const char *checksum; /* as that tool wrote it, "" none */
    enum foreign_state state;
};
/* Such a record, found in a target's database. */
struct foreign_history {
    enum history_tool tool;
    const char *table;    /* with its schema, not quoted */
    const struct foreign_row *rows; /* in the tool's own order */
    size_t row_count;
};
struct target_contents {
    const char *service, *target;
    const struct applied *applied;
    size_t applied_count;
    const struct foreign_history *foreign;
    size_t foreign_count;
    bool forgotten; /* the database is no more, as an operator has said: nothing of it can be undone */
};

/* Bytes that a text takes in a signed message: quotes, backslashes and control characters escaped for JSON, then
 * base64. */
size_t migration_wire_size(const char *text, size_t len);

const struct service *fleet_service(const struct fleet *fleet, const char *name);      /* borrowed, NULL: none */
const struct migration *service_migration(const struct service *service, const char *id); /* borrowed, NULL: none */
/* A target is one database and schema of one service: people, keys and reports name it without its service. True: two
 * of these services have one of the same name; which, borrowed. */
bool fleet_shares_target(const struct service *services, size_t count, const char **ret_target,
                         const char *ret_services[2]);
/* The id with its version as the tool compares versions, in `out`, which has room for all of `id`: "1_x" of "000001_x".
 * What is on record as 1 is this one, however its file is called now. Tools whose versions are texts keep it as it is.
 *  flyway         flyway-core: MigrationVersion.java: big integers, `_` is `.`, trailing zero parts drop
 *  golang-migrate source/parse.go, goose internal/sqlparser: one integer
 *  diesel         migrations_internals/src/lib.rs: dashes drop
 *  metadata, timestamp: numbers as text_compare_numbers() sees them */
void service_id_form(const struct service *service, const char *id, char *out);
/* The migration that is on record under this id, maybe with its version written in another way; -1: none. `likely`:
 * where to look first. */
int service_held(const struct service *service, const char *id, int likely);

/* What a service's history_table names, "" and NULL the tool's own: a table, maybe with its schema. Sqitch's is a
 * registry, which is a schema: REGISTRY and REGISTRY.changes are the same. Points into `named`, or is static. */
struct history_name {
    const char *schema; /* not terminated */
    size_t schema_len;  /* 0: whichever schema of the search_path has it */
    const char *table;
};
struct history_name history_name(enum history_tool tool, const char *named);
/* Whether that is this table, as a struct foreign_history has it. */
bool history_name_is(enum history_tool tool, const char *named, const char *table);

/* JSON, UTF-8, new (free()); deterministic: the same fleet gives the same bytes. */
char *fleet_encode(const struct fleet *fleet);
#define FLEET_STEPS_MAX 2000000 /* migrations times targets: what a plan of everything would hold in memory */
/* Strings and arrays live in `arena`. Checks everything that a coordinator relies on (names, digests, sizes, no
 * duplicate id, no target in two services, every depends_on known, FLEET_STEPS_MAX). ERR_INPUT. */
bool fleet_decode(const char *json, size_t len, struct arena *arena, struct fleet *ret_fleet, struct err *err);
