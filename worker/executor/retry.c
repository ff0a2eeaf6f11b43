#include "executor/retry.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

#define SHORT_FIRST_MS 200
#define SHORT_MAX_MS 10000
#define YIELD_MAX_MS 60000
#define LONG_MS 10000
#define RESTART_TRIES 3

/* The first row that fits. `state` is an SQLSTATE or the beginning of one. */
static const struct {
    const char *state;
    const char *says; /* a part of the message; NULL: whatever it says */
    unsigned needs;   /* of RETRY_KNOWN: only when all of it is known */
    enum retry_cause cause;
} rows[] = {
    /* state   says                   needs                           cause */
    {"08007", NULL,                  0,                              RETRY_CAUSE_DOUBT},   /* transaction unknown */
    {"25P04", NULL,                  0,                              RETRY_CAUSE_FINAL},   /* transaction_timeout */
    {"57P01", NULL,                  RETRY_LOST | RETRY_SAME_SERVER, RETRY_CAUSE_TERMINATED}, /* but it is up */
    {"",      NULL,                  RETRY_LOST,                     RETRY_CAUSE_LOST},
    {"55P03", NULL,                  0,                              RETRY_CAUSE_LOCK},    /* lock_not_available */
    {"40P01", NULL,                  0,                              RETRY_CAUSE_CONFLICT}, /* deadlock_detected */
    {"40001", NULL,                  0,                              RETRY_CAUSE_CONFLICT}, /* serialization_failure */
    {"XX000", "concurrently",        0,                              RETRY_CAUSE_RACE},    /* a tuple was changed */
    {"XX000", "cache lookup failed", 0,                              RETRY_CAUSE_RACE},    /* just dropped */
    {"23505", NULL,                  RETRY_CATALOGUE,                RETRY_CAUSE_RACE},    /* made by two at a time */
    {"42P07", NULL,                  RETRY_ASKED,                    RETRY_CAUSE_RACE},    /* a relation */
    {"42710", NULL,                  RETRY_ASKED,                    RETRY_CAUSE_RACE},    /* a type, an extension */
    {"42P06", NULL,                  RETRY_ASKED,                    RETRY_CAUSE_RACE},    /* a schema */
    {"42701", NULL,                  RETRY_ASKED,                    RETRY_CAUSE_RACE},    /* a column */
    {"42723", NULL,                  RETRY_ASKED,                    RETRY_CAUSE_RACE},    /* a function */
    {"53100", NULL,                  0,                              RETRY_CAUSE_ROOM},    /* disk_full */
    {"53300", NULL,                  0,                              RETRY_CAUSE_SERVER},  /* too_many_connections */
    {"57P03", NULL,                  0,                              RETRY_CAUSE_SERVER},  /* cannot_connect_now */
    {"57P0",  NULL,                  0,                              RETRY_CAUSE_LOST},
    {"08",    NULL,                  0,                              RETRY_CAUSE_LOST},    /* connection exceptions */
    {"",      NULL,                  0,                              RETRY_CAUSE_FINAL},
};

enum retry_cause retry_cause(const struct retry_seen *seen)
{
    size_t i = 0;
    while (strncmp(seen->sqlstate, rows[i].state, strlen(rows[i].state)) != 0 ||
           (rows[i].says && !strstr(seen->message, rows[i].says)) || (rows[i].needs & ~seen->known))
        i++; /* the last fits all */
    return rows[i].cause;
}

enum { FAILED, BLOCKED };
static const struct {
    enum retry_often often;
    enum retry_pause pause;
    int counts_as;
    const char *prose;
} causes[] = {
#define X(cause, often, pause, counts_as, prose)                                                                       \
    [RETRY_CAUSE_##cause] = {RETRY_##often, RETRY_PAUSE_##pause, counts_as, prose},
    RETRY_CAUSES(X)
#undef X
};

bool retry_blocks(enum retry_cause cause)
{
    return causes[cause].counts_as == BLOCKED;
}

static int64_t tries(enum retry_often often, int64_t retries)
{
    switch (often) {
    case RETRY_POLICY: return retries;
    case RETRY_RESTART: return retries > RESTART_TRIES ? retries : RESTART_TRIES;
    case RETRY_ONCE: return retries < 1 ? retries : 1;
    case RETRY_NEVER: break;
    }
    return 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Before the try number `count` + 1; without chance. */
static int64_t pause_of(enum retry_pause pause, int64_t count, const struct retry_limits *limits)
{
    int64_t first = limits->first_ms ? limits->first_ms : SHORT_FIRST_MS, waited = limits->lock_timeout_ms;
    int64_t doubled = first << least(count - 1, 16), ms = 0;
    switch (pause) {
    case RETRY_PAUSE_NONE: break;
    case RETRY_PAUSE_SHORT: ms = least(doubled, SHORT_MAX_MS); break;
    case RETRY_PAUSE_YIELD: /* at most a minute, but never less than three times what others waited */
        ms = least(waited * (count + 2), YIELD_MAX_MS > waited * 3 ? YIELD_MAX_MS : waited * 3);
        break;
    case RETRY_PAUSE_LONG: ms = LONG_MS; break;
    }
    return limits->max_ms ? least(ms, limits->max_ms) : ms;
}

bool retry_again(struct retry_tally *tally, enum retry_cause cause, const struct retry_limits *limits, uint64_t dice,
                 int64_t *ret_pause_ms)
{
    int64_t count = ++tally->count[cause];
    if (count > tries(causes[cause].often, limits->retries))
        return false;
    int64_t ms = pause_of(causes[cause].pause, count, limits);
    *ret_pause_ms = ms + (int64_t)(dice % (uint64_t)(ms / 2 + 1));
    return true;
}

/* ---- the page ---- */

static void print_row(struct buf *out, size_t n)
{
    static const struct {
        enum retry_known known;
        const char *text;
    } needs[] = {
#define X(name, bit, text) {RETRY_##name, text},
        RETRY_KNOWN(X)
#undef X
    };
    buf_addf(out, " %s", *rows[n].state ? rows[n].state : "any");
    if (rows[n].says)
        buf_addf(out, " `%s`", rows[n].says);
    for (size_t i = 0; i < COUNT_OF(needs); i++)
        if (rows[n].needs & needs[i].known)
            buf_addf(out, " (%s)", needs[i].text);
}

static void print_causes(struct buf *out)
{
    static const char *const often[] = {
#define X(name, text) [RETRY_##name] = text,
        RETRY_OFTEN(X)
#undef X
    };
    static const char *const pauses[] = {
#define X(name, text) [RETRY_PAUSE_##name] = text,
        RETRY_PAUSES(X)
#undef X
    };
    static const char *const names[] = {
#define X(cause, ...) #cause,
        RETRY_CAUSES(X)
#undef X
    };
    for (size_t i = 0; i < COUNT_OF(causes); i++) {
        buf_addf(out, "| %s | %s |", names[i], causes[i].prose);
        for (size_t n = 0; n + 1 < COUNT_OF(rows); n++)
            if (rows[n].cause == (enum retry_cause)i)
                print_row(out, n);
        buf_addf(out, " | %s | %s | %s |\n", often[causes[i].often], pauses[causes[i].pause],
                 causes[i].counts_as == BLOCKED ? "blocked" : "failed");
    }
}

void retry_print_markdown(struct buf *out)
{
    buf_adds(out, "# What a worker tries again\n\n"
                  "Printed by `greylag-worker --reference retries`. Each cause is counted by itself; up to half of "
                  "each pause is added by chance.\nAn SQLSTATE, or the beginning of one, tells the cause; the first "
                  "row that fits decides. `retries` and `lock_timeout` are keys of fleet.yml.\n\n"
                  "| cause | what it is | SQLSTATE | tried again | pause | counts as |\n|---|---|---|---|---|---|\n");
    print_causes(out);
}
