/* Inside this room: one request on its way. */
#pragma once
#include "executor/executor.h"
#include "executor/retry.h"
#include "foreign/foreign.h"
#include "sql/placeholder.h"
#include "sql/sql.h"

/* ---- parts.c: the texts of a step ---- */

/*                  name    what people call it */
#define PARTS(X)                                                                                                   \
    X(BEFORE, "beforeEachMigrate")                                                                                 \
    X(MAIN,   "the migration")                                                                                     \
    X(AFTER,  "afterEachMigrate")                                                                                  \
    X(VERIFY, "the verify script")
enum part_name {
#define X(name, ...) PART_##name,
    PARTS(X)
#undef X
        PART_COUNT
};
struct part {
    enum part_name name;
    const int64_t *lines;             /* where it stands in its file: struct job_request's */
    size_t line_count;
    const char *raw;                  /* as it travelled, "" none */
    struct placeholder_text expanded; /* what runs */
    struct sql_text text;             /* its analysis: offsets and lines of the expanded text */
};

/* ---- veil.c: secrets in texts ---- */
struct veil {
    const struct placeholder *secrets; /* borrowed: all of the target's */
    size_t count;
    bool *used;                        /* which of them stand in the step's texts; in the arena */
    struct buf out;
};

struct execution {
    struct ledger *ledger;
    const struct executor_hooks *hooks;
    struct arena *arena;
    struct part parts[PART_COUNT];
    struct veil veil;
    const struct part *expanding; /* whose placeholders are being replaced */
    const char *default_schema, *user, *database, *timestamp; /* what "flyway:" names stand for; NULL: not asked for */
    struct ledger_step step;
    struct retry_tally tally;  /* failures so far, by cause */
    const char *lost;          /* what was said when a session was lost last, NULL: none was */
    bool units;                /* it runs unit by unit, outside a transaction of greylag's */
    const char *holds;         /* what the session holds beside itself as new, as last told; NULL: not known */
    const char *waiting;       /* what hooks->waiting was told last; NULL or "" nothing */
    const char *held_by;       /* the transactions that stood in the way when it was looked at last */
    int64_t held_ms;           /* since when the same ones do */
    const char *blockers;      /* who stood in the way when it was looked at last; "" nobody */
    int64_t look_ms;           /* when to look again */
    int64_t patience_ms;       /* how long readers may be kept out while the server ends no wait; 0: it does */
    int64_t kept_out_ms;       /* since when they are, as far as was seen; 0: they are not */
    bool cut;                  /* for too long: the statement is cancelled */
    int64_t began_ms;         /* by the monotonic clock */
    struct buf notices;       /* of sessions that were lost */
    struct buf warning;
    struct outcome outcome;   /* set when an attempt is RECORDED */
};

/* How one attempt ended. */
enum attempt_end {
    ATTEMPT_RECORDED,
    ATTEMPT_LOST,    /* the connection: in doubt */
    ATTEMPT_REFUSED, /* what is applied does not fit: look, then ALREADY or DRIFT */
    ATTEMPT_FAILED,  /* `failure` says why; transient or not */
    ATTEMPT_STOPPED,
    ATTEMPT_ENDED,   /* `failure.err` tells of a fence, of expiry, of a target that cannot record */
};
struct failure {
    struct err err;
    struct server_said said; /* what the server said beside it, in the arena */
    const struct part *part; /* where; NULL: the migration, or nowhere */
    int line;         /* in that part's file, 0 unknown */
    const char *left; /* in the arena, "" nothing */
    bool again;       /* outside a transaction: nothing of what failed is in effect or left, it may be tried again */
    const char *more; /* in the arena: what is known beside the server's words, NULL nothing */
    bool asked;       /* the statement looks first: IF NOT EXISTS, DO */
    bool theirs;      /* a statement of the text's own has failed: its code means nothing to greylag, whatever it is */
    bool over;        /* a part of the statement took effect: it is not tried again, whatever the cause */
};

#define FAILURE_INIT (struct failure){.err = ERR_INIT, .left = ""}

enum attempt_end transaction_attempt(struct execution *x, struct failure *ret_failure);
enum attempt_end outside_attempt(struct execution *x, struct failure *ret_failure);
void outside_settle(struct execution *x, struct failure *failure);
bool outside_begun(struct execution *x); /* units of the request have run before */
bool refused_inside(const char *sqlstate); /* what PostgreSQL says of a statement that it refuses in a transaction */

/* Why it failed; a failure that is not of the session leaves `lost` and `same_server` false. */
enum retry_cause failure_cause(const struct failure *failure, bool lost, bool same_server);
/* Counts the failure, and waits for the next try. False: there is none, or (*ret_stopped) stop was asked for. */
bool try_again(struct execution *x, enum retry_cause cause, bool *ret_stopped);
/* What a failed statement's error means. */
enum attempt_end attempt_sort(const struct failure *failure);
/* Leaves no transaction open. */
void session_rollback(struct execution *x);
bool is_guarded(const struct execution *x); /* the other tool's record has a word before anything runs */
struct foreign_step execution_foreign(const struct execution *x); /* what another tool's record needs to know of it */
bool stop_asked(const struct execution *x);

/* Takes the job's texts; what does not run in this direction is left empty. */
void parts_take(struct execution *x);
/* Replaces placeholders and analyses. False: *failure says what is wrong with a text; nothing may run. */
bool parts_prepare(struct execution *x, struct failure *failure);
/* Whether a name that only the database knows stands in a text: names_ask has to come first. */
bool parts_ask(const struct execution *x);
bool parts_no_transaction(const struct execution *x); /* PostgreSQL refuses some of it in a transaction */
bool parts_in_units(const struct execution *x);       /* the migration ends transactions itself, as its tool lets it */
bool parts_may_end(const struct execution *x);        /* a CALL or DO in it may end its transaction, or a statement may
                                                       * turn out to be refused inside of one */
bool parts_mention(const struct execution *x, const char *word); /* whatever its case, wherever it stands */
/* "a.b" wherever that stands in a text as it travelled (without a secret), 1000 at most; in the arena. */
const char *const *parts_words(const struct execution *x, size_t *ret_count);
/* The migration's text where names were replaced, else NULL. */
const char *parts_replaced(const struct execution *x);
const char *part_what(const struct part *part);
/* The line of the part's file for a line of what runs. */
int part_file_line(const struct part *part, int line);
/* "line 3", "line 3 of the verify script"; in the arena. */
const char *part_line(struct execution *x, const struct part *part, int line);

/* ---- units.c: what runs by itself outside a transaction ---- */
struct unit {
    const struct part *part;
    size_t begin, end;   /* of its expanded text */
    size_t first, count; /* statements of the part */
    int line;        /* in the part's file */
    int number;      /* of its first statement, among those of all parts */
    bool together;   /* shares a transaction with its marker */
    bool sets;       /* one statement that does nothing but set something in the session */
    const char *isolation; /* of its BEGIN, NULL: none */
    const struct sql_statement *statement; /* the first */
};
struct units {
    struct unit *items; /* in the arena */
    size_t count;
};
/* False: transaction control that makes no units; failure->part and line are where. */
bool units_make(struct execution *x, struct units *ret_units, struct failure *failure);

/* ---- names.c: what names stand for ---- */
/* A placeholder_getter; `context` is the struct execution. */
const char *names_get(void *context, const struct placeholder_use *use);
bool names_builtin(const struct placeholder_use *use); /* "flyway:...", known or not */
/* Asks the database for what it alone knows. */
bool names_ask(struct execution *x, struct err *err);
/* Why a use has no value, for people. */
void names_explain(struct execution *x, const struct part *part, const struct placeholder_use *missing,
                   struct err *err);

/* ---- veil.c ---- */
void veil_use(struct veil *veil, const struct placeholder *secret);
/* On the ledger's present session, and off it. */
void veil_session(struct execution *x, bool on);
/* A copy without secrets, and without long enough parts of those that the step uses; in the arena. */
const char *veil_message(struct execution *x, const char *text);
void veil_error(struct execution *x, struct err *err);

/* ---- script.c: one string of statements, and the way back from an error to a line of a file ---- */

/* A stretch of a part's code in the string. */
struct script_span {
    const struct part *part;
    size_t begin, end;    /* of the part's expanded text */
    size_t at;            /* where it stands in the string, bytes */
    size_t first, count;  /* its statements of the part */
    size_t piece;         /* of the string, by number */
    int before;           /* statements of that piece in front of it */
};
/* A COPY in the string, and the input of the same number for it. */
struct script_copy {
    const struct part *part;
    const struct sql_statement *statement;
};
/* The server reads the string up to here, and runs it, before it reads on: a setting has changed how, or nobody knows
 * how many statements it was. */
struct script_break {
    size_t at;     /* bytes */
    size_t copies; /* in front of it */
};
struct script {
    struct buf sql;
    struct arena *arena;
    int statements;       /* of the present piece, so far */
    struct script_span *spans;
    size_t span_count, span_room;
    struct script_copy *copies;
    struct pg_input *inputs;
    size_t copy_count, copy_room, input_room;
    struct script_break *breaks;
    size_t break_count, break_room;
};
#define SCRIPT_INIT(in) {.sql = BUF_INIT(BUF_MAX), .arena = (in)}
static inline void cleanup_script(struct script *script)
{
    buf_release(&script->sql);
}
#define auto_script __attribute__((cleanup(cleanup_script)))
/* Greylag's own, `count` statements with their ';'. */
void script_add(struct script *script, const char *sql, int count);
/* Statements [first, first + count) of a part, which are [begin, end) of its text; without the rows of COPY. */
void script_add_statements(struct script *script, const struct part *part, size_t begin, size_t end, size_t first,
                           size_t count);
/* All of a part, without its BEGIN ... COMMIT. */
void script_add_part(struct script *script, const struct part *part);
/* Ends a text that script_add_statements has added: what greylag adds next is no part of it. */
void script_end_text(struct script *script, const struct part *part);
/* Behind these statements, in their transaction: what they have kept as it was (IF NOT EXISTS) has to be whole. */
void script_add_checks(struct execution *x, struct script *script, const struct part *part, size_t first, size_t count);
/* Runs it; hooks->stop cancels when `stoppable`. On failure *failure has the place, if it is in a part. */
bool script_run(struct execution *x, const struct script *script, bool stoppable, struct pg_script *ret_script,
                struct failure *failure);

/* The step's own frame: BEGIN and the first call to the ledger, ... */
void script_begin(struct execution *x, struct script *script);
/* ... verification, what other tools' records say and shall say, the second call, COMMIT. */
void script_end(struct execution *x, struct script *script);
/* Runs what ends with script_end: x->outcome on success. Leaves no transaction open. */
bool script_commit(struct execution *x, const struct script *script, bool stoppable, struct failure *failure);

/* ---- repair.c: what a statement outside a transaction left, and whether it took effect ---- */
enum verdict {
    VERDICT_AGAIN,   /* not in effect and nothing is left of it: run it (again) */
    VERDICT_DONE,    /* it took effect */
    VERDICT_UNKNOWN, /* nobody can tell, or what is left could not be cleared away */
};
struct left {
    const char *text; /* in the arena, NULL: nobody can tell */
    struct err err;   /* why it could not be cleared away, or looked at */
};
/* What stands in the catalogue before the statement runs for the first time; in the arena. */
bool repair_before(struct execution *x, const struct sql_statement *s, const char **ret_found, struct err *err);
/* Whether the catalogue tells what became of it. */
bool repair_can_tell(const struct sql_statement *s);
/* After a broken attempt: decides, and clears away what it left; VERDICT_UNKNOWN: *left says what it is. */
enum verdict repair_after(struct execution *x, const struct sql_statement *s, const char *found, struct left *left);
/* After one that failed: where an invalid index has the name already, that is the hint. */
void repair_name_broken(struct execution *x, const struct sql_statement *s, struct failure *failure);
/* After a statement that said it succeeded: false with an error when it did not (an index that is invalid). */
bool repair_check(struct execution *x, const struct sql_statement *s, struct err *err);
/* Adds a statement with its ';' that fails where the index that a CREATE INDEX IF NOT EXISTS has found is invalid. */
void repair_add_check(struct execution *x, struct buf *sql, const struct sql_statement *s);
/* How many transactions the session has begun, this question's too. */
bool repair_transactions(struct execution *x, int64_t *ret_count, struct err *err);
/* From one value to another. False: nothing changed, since the file has set another one. */
bool lock_timeout_change(struct execution *x, int64_t from_ms, int64_t to_ms);
