#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "ledger/ledger_internal.h"
#include "ledger_sql.h"

const char *number_text(struct number *number, int64_t value)
{
    snprintf(number->text, sizeof number->text, "%" PRId64, value);
    return number->text;
}

/* The target cannot record at present: disk full, read-only, out of memory. */
static bool cannot_record(const char *sqlstate)
{
    static const char *const states[] = {"53100", "53200", "25006", "58030", "57P03"};
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (strcmp(sqlstate, states[i]) == 0)
            return true;
    return false;
}

bool ledger_fail(struct err *err)
{
    if (!err || err->kind == ERR_UNREACHABLE)
        return false;
    if (strcmp(err->sqlstate, LEDGER_STALE) == 0)
        err->kind = ERR_FENCED;
    else if (strcmp(err->sqlstate, LEDGER_POOLED) == 0)
        err->kind = ERR_CONFLICT;
    else if (cannot_record(err->sqlstate))
        err->kind = ERR_FULL;
    return false;
}

bool ledger_exec(struct ledger *ledger, enum ledger_statement statement, int count, const char *const *values,
                 PGresult **ret, struct err *err)
{
    if (!pg_exec(ledger->pg, ledger->sql[statement], count, values, ret, err))
        return ledger_fail(err);
    return true;
}

const char *ledger_expand(struct ledger *ledger, const char *sql)
{
    auto_buf struct buf out = BUF_INIT(1 << 20);
    const char *at;
    while ((at = strstr(sql, "@schema@"))) {
        buf_add(&out, sql, (size_t)(at - sql));
        buf_adds(&out, ledger->quoted_schema);
        sql = at + strlen("@schema@");
    }
    buf_adds(&out, sql);
    return arena_strdup(&ledger->arena, buf_text(&out));
}

static const char *keep(struct ledger *ledger, const char *text, const char *otherwise)
{
    return text ? arena_strdup(&ledger->arena, text) : otherwise;
}

static void copy_settings(struct ledger *ledger, const struct ledger_settings *from)
{
    struct ledger_settings *to = &ledger->settings;
    *to = *from;
    to->audience.fleet = keep(ledger, from->audience.fleet, "");
    to->audience.environment = keep(ledger, from->audience.environment, "");
    to->audience.service = keep(ledger, from->audience.service, "");
    to->audience.target = keep(ledger, from->audience.target, "");
    to->conninfo = keep(ledger, from->conninfo, "");
    to->schema = keep(ledger, from->schema, "greylag");
    to->search_path = keep(ledger, from->search_path, NULL);
    auto_buf struct buf worker = BUF_INIT(BUF_MAX);
    text_add_ascii(&worker, from->worker ? from->worker : "worker"); /* for people, in whatever encoding */
    to->worker = keep(ledger, buf_text(&worker), NULL);
    if (to->connect_timeout_ms <= 0)
        to->connect_timeout_ms = 10000;
    if (to->lease_ms <= 0)
        to->lease_ms = 15000;
}

/* One lock for each target of each ledger: services that share a database do not wait for each other. */
static int64_t lock_key(const struct ledger *ledger)
{
    const struct audience *a = &ledger->settings.audience;
    struct digest_state state;
    char hex[DIGEST_HEX_SIZE];
    digest_begin(&state);
    digest_text(&state, "greylag lock");
    digest_text(&state, ledger->settings.schema);
    digest_text(&state, a->fleet);
    digest_text(&state, a->environment);
    digest_text(&state, a->service);
    digest_text(&state, a->target);
    digest_end(&state, hex);
    hex[16] = 0;
    return (int64_t)strtoull(hex, NULL, 16);
}

static void expand_statements(struct ledger *ledger)
{
#define X(name) ledger->sql[LEDGER_SQL_##name] = ledger_expand(ledger, sql_##name);
    LEDGER_STATEMENTS(X)
#undef X
}

bool ledger_connect(struct ledger *ledger, struct pg **ret_pg, struct err *err)
{
    if (!pg_open(ledger->settings.conninfo, "greylag-worker", (int)ledger->settings.connect_timeout_ms, ret_pg, err))
        return false;
    pg_set_trace(*ret_pg, ledger->settings.trace, ledger->settings.trace_context);
    pg_set_stop(*ret_pg, ledger->settings.stop, ledger->settings.stop_context);
    return true;
}

/* A direct connection was told its backend's pid. Behind a pooler it was not: then a second connection that opens a
 * transaction must not be given the very backend that this session believes to be its own. */
bool ledger_check_session(struct ledger *ledger, struct pg *pg, const struct pg_identity *identity, struct err *err)
{
    if (PQbackendPID(pg_raw(pg)) == identity->pid)
        return true;
    struct pg *other;
    if (!ledger_connect(ledger, &other, err))
        return false;
    auto_pgresult PGresult *result = NULL;
    struct pg *third = NULL;
    bool good = pg_run(other, "BEGIN; SELECT pg_catalog.pg_backend_pid()", &result, NULL, err);
    bool shared = good && pg_number(result, 0, 0) == identity->pid;
    /* as many as a step may need: its own, the lease's, and the one that looks at what it waits for */
    good = good && (shared || ledger_connect(ledger, &third, err));
    pg_close(third);
    pg_close(other);
    struct pg_identity again;
    if (!good || !pg_identify(pg, &again, err))
        return false;
    if (!shared && again.pid == identity->pid)
        return true;
    err_set(err, ERR_CONFLICT, "%s is a connection pooler that changes the server's session between statements",
            pg_describe(pg));
    err_sqlstate(err, LEDGER_POOLED);
    return err_hint(err, "give this target a direct connection to PostgreSQL, or one through a pool in session mode");
}

bool ledger_find_target(struct ledger *ledger, struct err *err)
{
    const struct audience *a = &ledger->settings.audience;
    const char *values[] = {a->fleet, a->environment, a->service, a->target};
    for (int i = 0; i < 2; i++) {
        auto_pgresult PGresult *result = NULL;
        if (!ledger_exec(ledger, LEDGER_SQL_target, 4, values, &result, err))
            return false;
        if (PQntuples(result) == 1) {
            ledger->target = pg_number(result, 0, 0);
            return ledger_put_place(ledger, err);
        }
        if (!ledger_exec(ledger, LEDGER_SQL_target_add, 4, values, NULL, err))
            return false;
    }
    return err_set(err, ERR_INTERNAL, "the target's row disappeared");
}

static bool open_database(struct ledger *ledger, struct err *err)
{
    if (!ledger_connect(ledger, &ledger->pg, err))
        return false;
    auto_buf struct buf name = BUF_INIT(1024);
    pg_add_identifier(ledger->pg, &name, ledger->settings.schema);
    ledger->quoted_schema = arena_strdup(&ledger->arena, buf_text(&name));
    expand_statements(ledger);
    return ledger_prepare_session(ledger, ledger->pg, err) && pg_identify(ledger->pg, &ledger->identity, err) &&
           ledger_check_session(ledger, ledger->pg, &ledger->identity, err) && ledger_migrate(ledger, err) &&
           ledger_find_target(ledger, err);
}

bool ledger_open(const struct ledger_settings *settings, struct ledger **ret_ledger, struct err *err)
{
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    copy_settings(ledger, settings);
    ledger->lock_key = lock_key(ledger);
    ledger->fence = (struct fence){.term = ledger->term, .digest = ledger->digest};
    if (!open_database(ledger, err)) {
        ledger_close(ledger);
        return false;
    }
    *ret_ledger = ledger;
    return true;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_keeper_end(ledger);
    pg_close(ledger->watch);
    pg_close(ledger->pg);
    free(ledger->pending.items);
    arena_release(&ledger->arena);
    free(ledger);
}

const char *ledger_describe(struct ledger *ledger)
{
    return pg_describe(ledger->pg);
}

const struct pg_identity *ledger_identity(struct ledger *ledger)
{
    return &ledger->identity;
}

static bool clock_off(const struct ledger *ledger)
{
    return ledger->identity.ahead_ms > LEDGER_CLOCK_OFF_MS || ledger->identity.ahead_ms < -LEDGER_CLOCK_OFF_MS;
}

int64_t ledger_clock_ahead_ms(struct ledger *ledger)
{
    struct pg_identity now;
    if (clock_off(ledger) && PQtransactionStatus(pg_raw(ledger->pg)) == PQTRANS_IDLE &&
        pg_identify(ledger->pg, &now, NULL))
        ledger->identity.ahead_ms = now.ahead_ms;
    return clock_off(ledger) ? ledger->identity.ahead_ms : 0;
}

bool ledger_connected(struct ledger *ledger)
{
    return pg_look(ledger->pg);
}

struct pg *ledger_session(struct ledger *ledger)
{
    return ledger->pg;
}

const char *ledger_search_path(struct ledger *ledger)
{
    return ledger->settings.search_path;
}

void ledger_add_search_path(struct ledger *ledger, struct buf *sql)
{
    buf_adds(sql, "pg_catalog.concat_ws(', ', ");
    pg_add_literal(ledger->pg, sql, ledger->settings.search_path);
    buf_adds(sql, ", nullif(pg_catalog.current_setting('search_path'), ''))");
}

const char *ledger_schema(struct ledger *ledger)
{
    return ledger->settings.schema;
}

int64_t ledger_target(struct ledger *ledger)
{
    return ledger->target;
}
