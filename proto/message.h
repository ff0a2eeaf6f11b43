/* The messages between coordinator and workers. Each is an open struct here, one declarative table of fields in
 * message.c for the codec, and a JSON Schema in proto/schema/ for people; a test holds the two together.
 *
 * They travel as payload of a signed DSSE envelope (envelope.h). Unknown fields are ignored; an unknown version is
 * refused (ERR_CONFLICT, so that a caller can tell it from a damaged one, ERR_INPUT).
 * Ownership: decoded strings and arrays live in the arena given. Strings are never NULL after decoding unless a
 * field's comment says so. Times are microseconds since 1970 (`_us`) or milliseconds (`_ms`). Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/fleet.h"
#include "proto/vocab.h"

#define MESSAGE_VERSION 1
/* A report or heartbeat as it travels; of a larger one the coordinator reads nothing. What 60,000 migrations on one
 * target need, and a fraction of a second to read. */
#define REPORT_MAX ((size_t)16 << 20)

/* Whom a message is for or from: the worker refuses what is not for it (protocol.md, 2: audience). */
struct audience {
    const char *fleet, *environment, *service, *target;
};

/* The fence token. Order: epoch, then sequence; equal pairs must agree in term and digest. */
struct fence {
    int64_t epoch;
    const char *term;   /* 32 hex digits, random for each leadership term */
    int64_t sequence;   /* for this target, ever rising */
    const char *digest; /* of the signed payload that set it; "" inside that payload itself */
};

#define FENCE_JUMP_MAX 1000000 /* protocol.md, 1: further ahead than this is refused by workers, and not followed */
/* Whether what is said to be in force is so far ahead of these numbers that no leader of this control database set it.
 * Whoever follows what a message says asks this first. Numbers are never negative. */
bool fence_jumps(const struct fence *in_force, int64_t epoch, int64_t sequence);

/* One request: one step of one release in one direction. Its id never changes; a resend keeps it. */
struct job_request {
    const char *request;
    enum direction direction;
    const char *migration; /* struct migration's id */
    const char *name;      /* for people */
    const char *checksum;  /* digest of `sql` */
    const char *undoes;    /* the request in effect: DOWN, FORGET: whose effect is taken back; UP of a repeatable,
                            * ADOPT: which it replaces; "": nothing may be in effect */
    const char *sql;       /* ADOPT, FORGET: "" */
    enum migration_kind kind;
    const char *version;   /* struct migration's; for the other tool's record */
    const char *script, *foreign_checksum; /* the same; "" none */
    const char *foreign_record; /* the same, JSON as text */
    const char *verify;    /* SQL run after `sql` in a savepoint that is rolled back: an error fails the step; ""
                            * none */
    bool placeholders;     /* ${name} in the texts is replaced before they run */
    const struct placeholder *values; /* by these, in place of the job's: an earlier text with what it came into effect
                                       * with */
    size_t value_count;    /* 0: by the job's */
    bool in_history;       /* ADOPT: only when the other tool's record says so now, too */
    const char *taken_from; /* ADOPT: which of greylag's own records in that database says so, under which name: "move
                            * shop/production/user/main 3"; "share ...": it stays there as well; "" none */
    bool no_transaction;   /* the file asks for it; the worker also looks itself */
    const int64_t *lines, *verify_lines; /* where `sql` and `verify` stand in their files: as struct migration's */
    size_t line_count, verify_line_count;
    int64_t lock_timeout_ms, statement_timeout_ms, retries;
};

struct job {
    struct audience audience;
    const char *release;
    struct fence fence;   /* digest "" */
    int64_t expects;      /* last sequence that the coordinator saw recorded on the target; 0: none yet */
    int64_t not_after_us; /* by the target database's clock; 0: no limit */
    const char *plan;     /* the release's plan digest */
    const char *traceparent; /* W3C, "" when none */
    enum history_tool history;  /* whose record goes with this service */
    const char *history_table;  /* "": the tool's default */
    bool mirror;                /* keep that record in the same transaction */
    const struct placeholder *placeholders; /* a secret's value is in the worker's own configuration */
    size_t placeholder_count;
    const char *before_each, *after_each; /* SQL around every UP of a versioned or repeatable migration, inside its
                                           * transaction; placeholders in it are always replaced; "" none */
    const struct job_request *requests;
    size_t request_count;
};

struct control {
    enum control_kind kind;
    struct audience audience; /* one target */
    struct fence fence;       /* FENCE: the one to raise to; otherwise the coordinator's epoch and term, sequence 0 */
    int64_t expires_us;       /* ignored afterwards, by the worker's own clock: it is repeated until confirmed */
    int64_t expects;          /* FENCE: as in a job; -1: take what is there, also after a restore or failover
                               * (an operator's retry); 0 is no such leave: an old fence may come again */
    const char *release;      /* FENCE: whose requests to report; else "" */
    bool patient;             /* FENCE: a step that runs is not cut: it is raised when that has ended */
    bool foreign;             /* INVENTORY: with the records of other tools, row by row */
    const char *contents;     /* INVENTORY: what the coordinator believes to be applied (contents_digest); a target that
                               * holds just that need not list it */
    const int64_t *positions; /* ACKNOWLEDGE: history positions that are committed in the control database */
    size_t position_count;
};

/* What the server said beside the message of an error, and of its own accord. Data of rows may be in it: who may see
 * the release is shown it, and no daemon logs it. */
/*    member       JSON          prose */
#define SAID_TEXTS(X)                                                                                                  \
    X(detail,      "detail",     "The server's DETAIL.")                                                               \
    X(hint,        "hint",       "The server's HINT.")                                                                 \
    X(context,     "context",    "The server's CONTEXT: functions and statements that it was in.")                     \
    X(schema,      "schema",     "Of the object that the error is about.")                                             \
    X(table,       "table",      "The table that the error is about.")                                                 \
    X(column,      "column",     "The column that the error is about.")                                                \
    X(data_type,   "dataType",   "The data type that the error is about.")                                             \
    X(constraint,  "constraint", "The constraint that the error is about.")                                            \
    X(notices,     "notices",    "NOTICE, WARNING and INFO, a line each, what belongs to one indented below it.")
struct server_said {
#define X(member, json, prose) const char *member; /* "" (NULL, where it is written) when there is none */
    SAID_TEXTS(X)
#undef X
};
struct server_said said_copy(const struct server_said *said, struct arena *arena);
/* For databases: JSON in ASCII, which every encoding holds; new (free()); "" when there is nothing. */
char *said_encode(const struct server_said *said);
/* Takes "" too. What cannot be read is nothing. */
struct server_said said_decode(const char *json, struct arena *arena);

/* What happened to a request, from its history row. */
struct outcome {
    const char *id;       /* derives from request, attempt and kind: outcome_id() */
    const char *request;
    const char *release;
    enum direction direction;
    enum outcome_kind kind;
    const char *migration, *checksum;
    int64_t attempt;      /* how many times it was tried, from 1 */
    int64_t position;     /* of the history row, for this target, ever rising */
    int64_t sequence;     /* the job sequence under which it was recorded */
    int64_t started_us, finished_us; /* the target database's clock */
    const char *sqlstate; /* "" when none */
    const char *message;  /* "" when none; never DETAIL or row data */
    struct server_said said;
    int64_t line;         /* in the migration's file, 0 when unknown */
    const char *left;     /* FAILED: what is left in the database, "" when nothing */
    const char *detail;   /* ALREADY: the request in effect; DRIFT: what was found; else "" */
};

/* With every text in the arena, "" for NULL. */
struct outcome outcome_copy(const struct outcome *outcome, struct arena *arena);

struct report {
    enum report_kind kind;
    struct audience audience; /* of the target it speaks of */
    const char *id;       /* of this message: event ids inside are what deduplicates */
    const char *worker;   /* the worker's instance id, for people */
    int64_t sent_us;
    const char *release;  /* "" for INVENTORY */
    struct fence fence;   /* of the job or fence that is answered */
    struct fence in_force; /* on the target after it; sequence 0 when none */
    enum refusal refusal; /* REFUSED only */
    const char *message;  /* REFUSED, BLOCKED: why, for people; else "" */
    const struct outcome *outcomes;
    size_t outcome_count;
    const char *contents; /* INVENTORY: contents_digest() of what is applied; else "" */
    const struct applied *applied; /* INVENTORY; none when the question names these contents */
    size_t applied_count;
    const struct foreign_history *foreign; /* INVENTORY: when asked for, and while nothing is applied */
    size_t foreign_count;
};

/* One target in a heartbeat. */
struct presence_target {
    const char *service, *target;
    struct fence fence;   /* in force; sequence 0 when none */
    const char *contents; /* contents_digest() of what is applied; "" while the database cannot be reached */
    int64_t working;      /* sequence of the job that is queued or runs, 0: none. A sign of life for it. */
    const char *system_identifier; /* of the server, "" when unknown */
    const char *problem;  /* why the target cannot be reached, "" when it can */
};

struct presence {
    const char *fleet, *environment;
    const char *worker;   /* instance id: one for each process */
    const char *version;
    const char *host;
    int64_t sent_us;      /* by its own clock, which may jump: for people */
    int64_t beat;         /* rises with each of this instance's: which of two is the later one */
    bool leaving;         /* the last one, on SIGTERM */
    int64_t untrusted;    /* messages that it could not verify, since the last one that it could */
    const struct presence_target *targets;
    size_t target_count;
};

/* Payload types: "application/vnd.greylag.job.v1+json" and so on. */
#define MESSAGE_TYPES(X) X(JOB, job) X(CONTROL, control) X(REPORT, report) X(PRESENCE, presence)
enum message_type {
#define X(upper, lower) MESSAGE_##upper,
    MESSAGE_TYPES(X)
#undef X
        MESSAGE_TYPE_COUNT
};
const char *message_payload_type(enum message_type type); /* borrowed, static */
/* The type, or false; *ret_version is set to the version it names even when that is not MESSAGE_VERSION. */
bool message_type_parse(const char *payload_type, enum message_type *ret_type, int *ret_version);

/* Encoding gives UTF-8 JSON, new (free()), *ret_len its length. NULL strings are written as "". */
char *job_encode(const struct job *job, size_t *ret_len);
char *control_encode(const struct control *control, size_t *ret_len);
char *report_encode(const struct report *report, size_t *ret_len);
char *presence_encode(const struct presence *presence, size_t *ret_len);
/* ERR_INPUT: not JSON, a required field missing or of a wrong type, a name that is no name, a value out of range.
 * ERR_CONFLICT: another version. *ret is set only on success. */
bool job_decode(const char *json, size_t len, struct arena *arena, struct job *ret_job, struct err *err);
bool control_decode(const char *json, size_t len, struct arena *arena, struct control *ret_control, struct err *err);
bool report_decode(const char *json, size_t len, struct arena *arena, struct report *ret_report, struct err *err);
bool presence_decode(const char *json, size_t len, struct arena *arena, struct presence *ret_presence, struct err *err);

/* "<request>/<attempt>/<kind>", in the arena. */
const char *outcome_id(struct arena *arena, const char *request, int64_t attempt, enum outcome_kind kind);
/* BLAKE2b-256 over the sorted lines "migration NUL checksum NUL request LF": what a heartbeat carries so that the
 * coordinator notices when its own knowledge of a target is out of date. */
void contents_digest(const struct applied *applied, size_t count, char digest[DIGEST_TEXT_SIZE]);
