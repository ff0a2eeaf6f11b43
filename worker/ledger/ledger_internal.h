/* Inside this room: the ledger's own struct, its statements, and small helpers. */
#pragma once
#include <pthread.h>

#include "ledger/ledger.h"

/* One row for each file in sql/, with greylag's schema filled in when the ledger is opened. */
#define LEDGER_STATEMENTS(X)                                                                                           \
    X(find) X(find_release) X(half_done) X(find_positions) X(unacknowledged) X(acknowledge) X(inventory) X(effect)     \
    X(target) X(target_add) X(fence) X(raise) X(lock) X(unlock) X(extend) X(record) X(marks) X(say) X(place)           \
    X(place_put) X(others) X(prune) X(held)
enum ledger_statement {
#define X(name) LEDGER_SQL_##name,
    LEDGER_STATEMENTS(X)
#undef X
        LEDGER_SQL_COUNT
};

/* Positions that are not acknowledged, rising. Loaded when first asked for after each lock. */
struct ledger_pending {
    bool loaded;
    int64_t *items; /* owned */
    size_t count, room;
    int64_t through, highest; /* the watermark as stored; the newest position known */
};

/* The thread that extends the lease while the lock is held. */
struct ledger_keeper {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool running, locked, ending; /* under the mutex, as is pid */
    int pid;
    struct pg *pg; /* the thread's own connection */
};

struct ledger {
    struct arena arena;              /* settings and statements */
    struct ledger_settings settings; /* copies; nothing NULL but search_path and trace */
    const char *quoted_schema;
    const char *sql[LEDGER_SQL_COUNT];
    struct pg *pg;
    struct pg_identity identity;
    bool commit_forced;              /* synchronous_commit is off by default here, and on for greylag */
    char own_settings[256];          /* of the session, as SQL: ";SET name = 'value'"... */
    int64_t target;                  /* its id in the database */
    int64_t lock_key;
    bool locked;
    struct fence fence;              /* that this ledger works under; sequence 0: none */
    char term[64], digest[DIGEST_TEXT_SIZE];
    int64_t not_after_us;
    bool empty;                      /* nothing was applied when that fence was raised */
    bool accompanied;                /* something was then, under another name in the same place */
    bool links;                      /* a text may have connected to somewhere else with dblink */
    struct ledger_pending pending;
    struct ledger_keeper keeper;
    struct pg *watch;                /* owned: looks at what the session waits for, NULL: never asked */
};

/* pg_exec of one of the ledger's statements; errors are mapped as ledger.h says. */
bool ledger_exec(struct ledger *ledger, enum ledger_statement statement, int count, const char *const *values,
                 PGresult **ret, struct err *err);
/* ERR_FENCED, ERR_FULL or ERR_CONFLICT by SQLSTATE. Returns false. */
bool ledger_fail(struct err *err);
/* A copy of sql with every @schema@ replaced, in the arena. */
const char *ledger_expand(struct ledger *ledger, const char *sql);
/* Its id in this database, which a new one gets, and where its migrations take effect (ledger_put_place). For each new
 * session: the database may have been made anew, and the search_path be another one. */
bool ledger_find_target(struct ledger *ledger, struct err *err);
bool ledger_put_place(struct ledger *ledger, struct err *err); /* others.c */
bool ledger_migrate(struct ledger *ledger, struct err *err); /* creates or migrates greylag's schema */
bool ledger_connect(struct ledger *ledger, struct pg **ret_pg, struct err *err);
/* A new session for steps: what greylag relies on is set. */
bool ledger_prepare_session(struct ledger *ledger, struct pg *pg, struct err *err);
/* Refuses a transaction pooler. */
bool ledger_check_session(struct ledger *ledger, struct pg *pg, const struct pg_identity *identity, struct err *err);

/* ---- encoding.c: in databases that cannot hold every character ---- */

/* What a text that is looked up is kept as; itself, or in the arena. NULL stays NULL. */
const char *ledger_key(const struct ledger *ledger, const char *text, struct arena *arena);
/* And what it was; in the arena. */
const char *ledger_key_read(const struct ledger *ledger, const char *text, struct arena *arena);
/* For people: whole UTF-8 of a bounded size, or ASCII; NULL is "". In the arena. */
const char *ledger_prose(const char *text, bool ascii, struct arena *arena);
/* Whether the database could not hold a text. */
bool ledger_untranslatable(const char *sqlstate);

/* ---- keeper.c: the thread that extends the lease while the target is locked ---- */

void ledger_keeper_locked(struct ledger *ledger, bool locked);
void ledger_keeper_end(struct ledger *ledger);

void ledger_pending_add(struct ledger *ledger, int64_t position);

/* A number as text, in a buffer of the caller's scope. */
struct number {
    char text[24];
};
const char *number_text(struct number *number, int64_t value);
#define NUMBER(value) number_text(&(struct number){""}, (value))
