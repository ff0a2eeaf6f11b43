/* What greylag keeps in a target's own database: the fence, the history of requests, what is applied, markers of
 * statements outside a transaction, the lease of who works on it (protocol.md, 1 to 3).
 *
 * One struct ledger is one target: one session that holds the target's advisory lock while it works. It is created
 * and its schema migrated by ledger_open, under a lock: several services may share one database, with one schema
 * `greylag` (name configurable) whose rows are keyed by fleet, environment, service and target.
 *
 * What always holds: an outcome is committed before anybody is told of it; nothing is recorded unless the fence in
 * force is this job's (checked under a shared lock of its row, inside the very transaction); history is only appended
 * to, until what is over is pruned, and has one row for each request; its positions rise for ever for each target.
 *
 * Ownership: strings handed out live in the arena given. Threads: one thread at a time for one ledger. While the lock
 * is held for long, a thread of the ledger's own extends the lease over a second connection. Times: microseconds
 * since 1970 of the database's clock (`_us`), milliseconds (`_ms`).
 * Errors: ERR_UNREACHABLE: the session is lost (ledger_reconnect); ERR_FULL: the database cannot record at present
 * (disk full, read-only, a standby): the target is blocked; ERR_FENCED: a higher fence is in force; ERR_CONFLICT with
 * SQLSTATE GL003: the session is not one session (a transaction pooler); ERR_DATABASE: everything else. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "pg/pg.h"
#include "proto/fleet.h"
#include "proto/message.h"

struct ledger;

struct ledger_settings {
    struct audience audience;
    const char *conninfo;     /* libpq's: URL, keywords, service=; never logged */
    const char *schema;       /* greylag's own, NULL: "greylag" */
    const char *search_path;  /* the service's schema(s), as in SET search_path; NULL: the server's default */
    const char *worker;       /* instance id, for the lease and for people */
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t lease_ms;         /* 0: 15 s; extended every third of it */
    pg_trace *trace;          /* NULL, or called for each statement sent (pg.h) */
    void *trace_context;
    bool (*stop)(void *);     /* NULL, or asked while greylag's own statements run: whether nobody waits any more */
    void *stop_context;
};

/* SQLSTATEs of greylag's own functions in the target database. */
#define LEDGER_STALE "GL001"     /* another fence is in force */
#define LEDGER_STRAY "GL002"     /* the text ended greylag's transaction */
#define LEDGER_POOLED "GL003"    /* this is not the session that took the lock */
#define LEDGER_APPLIED "GL004"   /* what is applied does not fit: already, or drift (look: ledger_effect) */
/* GL005 is foreign/foreign.h's FOREIGN_GONE: another record says something else, also one of greylag's own. */
#define LEDGER_EXPIRED "GL006"   /* not_after has passed */
#define LEDGER_SESSION "GL007"   /* what the rest of a step needs was in a session that is gone */

/* Copies the settings. Connects, creates or migrates the schema, checks that this is no transaction pooler. */
bool ledger_open(const struct ledger_settings *settings, struct ledger **ret_ledger, struct err *err);
void ledger_close(struct ledger *ledger); /* ends the session, and with it the lock; NULL is fine */
const char *ledger_describe(struct ledger *ledger); /* borrowed: "user@host:port/database" */
const struct pg_identity *ledger_identity(struct ledger *ledger); /* borrowed: of the present session */
/* How far this machine's clock is before the server's, 0: less than LEDGER_CLOCK_OFF_MS. As of the last look, which is
 * repeated while it is off. */
#define LEDGER_CLOCK_OFF_MS 10000
int64_t ledger_clock_ahead_ms(struct ledger *ledger);
/* Between statements: also notices that the server has ended the session. */
bool ledger_connected(struct ledger *ledger);
/* A new session after a lost one: terminates the old backend (pid, its start, its server's start) and waits until it is
 * gone, so that what was in doubt is decided. Takes the lock again when it was held, and returns ERR_FENCED when
 * another has it now. */
bool ledger_reconnect(struct ledger *ledger, struct err *err);

/* The target's lock. Polls pg_try_advisory_lock, never waits inside PostgreSQL. A predecessor whose lease has lapsed
 * is terminated (its session, by pid, its start and its server's start) and waited for. *ret_locked false without an
 * error: somebody else works on it (refusal `busy`), `holder` (may be NULL) says who. `stop` (may be NULL) ends the
 * waiting. */
bool ledger_lock(struct ledger *ledger, int64_t wait_ms, bool (*stop)(void *), void *context, bool *ret_locked,
                 char holder[256], struct err *err);
bool ledger_unlock(struct ledger *ledger, struct err *err);
/* Whether another session may hold it, or has the lease and is still there. Writes nothing: also where nothing can be
 * written it is known what a target holds. */
bool ledger_may_be_held(struct ledger *ledger, bool *ret_held, struct err *err);

/* The fence in force, in the arena; sequence 0 when there is none. */
bool ledger_fence_read(struct ledger *ledger, struct arena *arena, struct fence *ret_fence, struct err *err);

struct ledger_raise {
    struct fence fence;       /* with the digest of the signed payload that asks for it */
    int64_t expects;          /* last sequence that the coordinator saw recorded here */
    int64_t not_after_us;     /* 0: no limit */
    bool accept_server;       /* a person has compared: take the present server as it is (failover, restore) */
};
/* Raises the fence under the lock, in a transaction of its own; it waits for a step that still runs under the old one.
 * *ret_refusal is REFUSAL_COUNT when this fence is now in force (also when it was already), else STALE, CONFLICT,
 * JUMP, REWOUND or EXPIRED, with `message` (may be NULL) for people; nothing has changed then. *ret_in_force as after
 * the call. What follows on this ledger runs under this fence and this not_after. */
bool ledger_fence_raise(struct ledger *ledger, const struct ledger_raise *raise, struct arena *arena,
                        enum refusal *ret_refusal, char message[256], struct fence *ret_in_force, struct err *err);

/* Outcomes of those of the requests that have one, in history order. Needs no lock and no fence. */
bool ledger_find(struct ledger *ledger, const char *const *requests, size_t count, struct arena *arena,
                 const struct outcome **ret_outcomes, size_t *ret_count, struct err *err);
bool ledger_release_outcomes(struct ledger *ledger, const char *release, struct arena *arena,
                             const struct outcome **ret_outcomes, size_t *ret_count, struct err *err);
/* What the release has begun outside a transaction and not ended, for people; "" nothing. It stays where the release
 * does not go on. */
bool ledger_half_done(struct ledger *ledger, const char *release, struct arena *arena, const char **ret_text,
                      struct err *err);
/* Outcomes that the coordinator has not acknowledged, oldest first, at most `limit`. */
bool ledger_unacknowledged(struct ledger *ledger, size_t limit, struct arena *arena,
                           const struct outcome **ret_outcomes, size_t *ret_count, struct err *err);
/* Positions may come in any order, twice, or never have existed. One write when the watermark moves. */
bool ledger_acknowledge(struct ledger *ledger, const int64_t *positions, size_t count, struct err *err);
/* Takes away at most `limit` rows of history that ended longer than keep_ms ago. What is in effect, what is not
 * acknowledged, and all of the newest release stay. Needs no lock and no fence: nothing is decided by what goes. */
bool ledger_prune(struct ledger *ledger, int64_t keep_ms, int64_t limit, int64_t *ret_rows, struct err *err);
/* What is applied, in the order applied; and its contents_digest() (both may be NULL). */
bool ledger_inventory(struct ledger *ledger, struct arena *arena, const struct applied **ret_applied,
                      size_t *ret_count, char digest[DIGEST_TEXT_SIZE], struct err *err);

/* What greylag's own record in this database holds under other names: records of tool HISTORY_GREYLAG, called
 * "fleet/environment/service/target", of every other target whose migrations take effect in the same place (the first
 * schema of the search_path); one without rows holds nothing. A row's version is the migration's id, its checksum that
 * of the text, its script "replaced" where names in the text were replaced before it ran. */
bool ledger_others(struct ledger *ledger, struct arena *arena, const struct foreign_history **ret_others,
                   size_t *ret_count, struct err *err);

/* ---- for the executor ---- */

/* One request on the way, as the functions in the database take it. */
struct ledger_step {
    const struct job *job;
    const struct job_request *request;
    int64_t attempt;    /* from 1 */
    int64_t started_us; /* 0: the transaction's own start; else when the first statement outside of one began */
    int64_t took_ms;    /* so far, with all attempts and pauses; for what fails */
    bool running;       /* it has begun: not_after is not looked at any more */
};
struct pg *ledger_session(struct ledger *ledger); /* borrowed until ledger_reconnect; it holds the lock */
/* What the session waits for at this moment. */
struct ledger_wait {
    const char *blockers; /* for people, in the arena; "" nobody, or nobody knows */
    const char *transactions; /* the same while they are the same transactions */
    bool standby;         /* its COMMIT waits for a synchronous standby */
    bool keeps_out;       /* it waits for a lock that readers queue behind */
};
/* While a statement runs, over a second connection. */
struct ledger_wait ledger_look(struct ledger *ledger, struct arena *arena);
/* Adds what the search_path of a migration is, as SQL: the service's schemas in front of the one that the session has,
 * as Flyway does (flyway-database-postgresql: PostgreSQLConnection.java, changeCurrentSchemaTo), so that what lies in
 * others (extensions in public) is found. Only where there are schemas of the service's own. */
void ledger_add_search_path(struct ledger *ledger, struct buf *sql);
const char *ledger_search_path(struct ledger *ledger); /* borrowed, NULL: the server's default */
const char *ledger_schema(struct ledger *ledger);      /* borrowed, not quoted */
int64_t ledger_target(struct ledger *ledger);          /* the target's id in this ledger's tables */
/* Adds "SELECT greylag.step_begin(...)" and "SELECT greylag.step_end(...)", without ';', to one string. The first
 * checks session, fence, expiry and what is applied, and sets the request's timeouts and the search_path for the
 * transaction; the second records APPLIED: the history row, what becomes of the row in `applied`, and as detail of an
 * ADOPT what the setting "greylag.found" holds by then. */
void ledger_add_begin(struct ledger *ledger, struct buf *sql, const struct ledger_step *step);
void ledger_add_end(struct ledger *ledger, struct buf *sql, const struct ledger_step *step);
#define LEDGER_END_COLUMNS 4
/* Adds statements, each with its ';', that put aside for the rest of the transaction what a file may have set and what
 * matters to greylag's own statements: the role, whether a commit waits for the disk, the search_path, and the limits,
 * which are the request's then. for_now: behind the transaction the role is as the file has it. */
void ledger_add_own(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, bool for_now);
#define LEDGER_OWN_STATEMENTS 4
/* The first two of them, which put the role aside. */
void ledger_add_role(struct buf *sql, bool for_now);
#define LEDGER_ROLE_STATEMENTS 2
/* And one, with its ';', that gives the file's search_path back, for a verify script and for deferred triggers. */
void ledger_add_back(struct ledger *ledger, struct buf *sql);
#define LEDGER_BACK_STATEMENTS 1
/* Makes the session as new, as far as that goes: whatever a file has set, made, prepared, locked or listens to. The
 * target's lock stays. As text without its ';' for the end of a step's string, behind the COMMIT of a transaction that
 * ends with ledger_add_own (it returns no rows), and by itself. When it fails by itself the session is given up, and
 * the next statement finds out: ERR_UNREACHABLE. */
void ledger_add_clean(struct ledger *ledger, struct buf *sql);
void ledger_clean(struct ledger *ledger);
/* A text names dblink, which the database may not have had when the fence was raised: its connections end, too. */
void ledger_expect_links(struct ledger *ledger);
/* The outcome that step_end's row tells of. */
void ledger_read_end(struct ledger *ledger, const PGresult *rows, const struct ledger_step *step, struct arena *arena,
                     struct outcome *ret_outcome);
/* Records FAILED, ALREADY or DRIFT, in a transaction of its own, under the fence. `about` carries kind, sqlstate,
 * message, said, line, left, detail (NULL is ""); the rest comes from the step and the database. started_us 0: took_ms
 * ago.
 * A text that the database cannot hold is stored as ASCII, with escapes. */
bool ledger_record(struct ledger *ledger, const struct ledger_step *step, const struct outcome *about,
                   struct arena *arena, struct outcome *ret_outcome, struct err *err);

/* Adds to a recorded outcome what the server said while the step ran, for people. */
bool ledger_say(struct ledger *ledger, const struct outcome *outcome, struct err *err);

/* The same text is never run a second time on a database that has it, whatever it is called. Each adds one statement
 * with its ';', or nothing. `replaced`: the step's text where names in it were replaced, else NULL.
 * Before anything runs: the first versioned UP of a job looks for all of its texts on other records, and raises
 * SQLSTATE GL005; of what runs with replaced names each step looks for itself. */
void ledger_add_guard(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced);
/* Before an ADOPT is recorded that has a source (taken_from): takes it from there, or raises GL005. */
void ledger_add_taken(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced);
/* When it is recorded: with what text it ran. */
void ledger_add_ran(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced);
/* Whether nothing was on the record of this target when its fence was raised last. */
bool ledger_is_empty(const struct ledger *ledger);
/* What is in effect for a migration: request and checksum, "" when it is not applied. */
struct ledger_effect {
    const char *request, *checksum, *release;
};
bool ledger_effect(struct ledger *ledger, const char *migration, struct arena *arena, struct ledger_effect *ret_effect,
                   struct err *err);

/* Markers of what runs outside a transaction. Each write is conditional on the fence. */
struct ledger_mark {
    int statement;     /* from 0 */
    bool done;         /* the marker after it stands */
    const char *made;  /* what is left of it, for people, as far as anybody has looked; "" */
    const char *found; /* what stood in the catalogue before it ran the first time; "" */
    const char *session; /* what the session held behind it, a line for each thing; only ever compared and shown */
    int64_t began_us;  /* when the marker before it was written */
};
bool ledger_marks(struct ledger *ledger, const char *request, struct arena *arena, const struct ledger_mark **ret_marks,
                  size_t *ret_count, struct err *err);
bool ledger_mark_before(struct ledger *ledger, const struct ledger_step *step, const struct ledger_mark *mark,
                        struct err *err);
/* What is left of a statement that was cut off or failed; "": nothing, and its marker goes. */
bool ledger_mark_left(struct ledger *ledger, const struct ledger_step *step, int statement, const char *left,
                      struct err *err);
/* *ret_holds is what the session holds now, as the mark keeps it; ret_holds may be NULL. */
bool ledger_mark_after(struct ledger *ledger, const struct ledger_step *step, int statement, struct arena *arena,
                       const char **ret_holds, struct err *err);
/* The same as SQL text, each statement with its ';', for a statement that can share a transaction with its marker; its
 * row is *ret_holds, as it is inside that transaction. */
void ledger_add_mark_after(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, int statement);
#define LEDGER_MARK_STATEMENTS (LEDGER_OWN_STATEMENTS + LEDGER_BACK_STATEMENTS + 2)
/* Adds a statement without its ';' that says which settings of an application's own may be a part of what the session
 * holds: these words ("app.user", or no setting at all), and those in functions of the database. */
void ledger_add_session_names(struct ledger *ledger, struct buf *sql, const char *const *words, size_t count);
/* What the session holds now, put right in the mark of `statement`; LEDGER_NO_STATEMENT: only told. */
bool ledger_mark_session(struct ledger *ledger, const struct ledger_step *step, int statement, struct arena *arena,
                         const char **ret_holds, struct err *err);
#define LEDGER_NO_STATEMENT (-1)
