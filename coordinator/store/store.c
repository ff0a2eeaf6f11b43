#include "store/store.h"

#include <poll.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/store_internal.h"
#include "store_sql.h"

bool store_exec(struct store *store, const char *sql, PGresult **ret, struct err *err, int count, ...)
{
    const char *values[12];
    if (count > (int)COUNT_OF(values))
        return err_set(err, ERR_INTERNAL, "a statement with %d parameters", count);
    va_list args;
    va_start(args, count);
    for (int i = 0; i < count; i++)
        values[i] = va_arg(args, const char *);
    va_end(args);
    return pg_exec(store->pg, sql, count, values, ret, err);
}

bool store_begin(struct store *store, struct err *err)
{
    return pg_run(store->pg, "BEGIN", NULL, NULL, err);
}

bool store_begin_leader(struct store *store, struct err *err)
{
    if (store->lease.epoch == 0)
        return err_set(err, ERR_FENCED, "no lease is held");
    if (!store_begin(store, err))
        return false;
    char epoch[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_hold, &result, err, 2, store_text_int64(epoch, store->lease.epoch),
                    store->lease.term)) {
        store_rollback(store);
        return false;
    }
    if (PQntuples(result) == 1)
        return true;
    store_rollback(store);
    return err_set(err, ERR_FENCED, "the lease of epoch %s is lost", epoch);
}

bool store_commit(struct store *store, struct err *err)
{
    char tag[64] = "";
    if (!pg_run(store->pg, "COMMIT", NULL, tag, err))
        return false;
    if (strcmp(tag, "COMMIT") != 0)
        return err_set(err, ERR_DATABASE, "the transaction was rolled back at its end");
    return true;
}

void store_rollback(struct store *store)
{
    if (!pg_lost(store->pg))
        (void)pg_run(store->pg, "ROLLBACK", NULL, NULL, NULL);
}

bool store_end(struct store *store, bool done, struct err *err)
{
    if (done)
        return store_commit(store, err);
    store_rollback(store);
    return false;
}

void store_pause(struct store *store, int ms)
{
    struct pollfd fd = {.fd = PQsocket(pg_raw(store->pg)), .events = POLLHUP};
    (void)poll(&fd, 1, ms);
}

char *store_text_int64(char text[24], int64_t value)
{
    snprintf(text, 24, "%lld", (long long)value);
    return text;
}

/* Writes fleet and environment into a new control database, or compares. */
static bool check_identity(struct store *store, struct err *err)
{
    if (!store_exec(store, sql_identity_put, NULL, err, 2, store->fleet, store->environment))
        return false;
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_identity, &result, err, 0))
        return false;
    const char *fleet = pg_text(result, 0, 0), *environment = pg_text(result, 0, 1);
    if (strcmp(fleet, store->fleet) == 0 && strcmp(environment, store->environment) == 0)
        return true;
    err_set(err, ERR_CONFIG, "the control database %s serves fleet %s, environment %s, not %s, %s",
            pg_describe(store->pg), fleet, environment, store->fleet, store->environment);
    return err_hint(err, "give each environment a control database of its own (coordinator.yml, database)");
}

/* Names and texts come from everywhere, and have to be kept as they are. SQL_ASCII keeps bytes. */
static bool check_encoding(struct store *store, struct err *err)
{
    const char *encoding = pg_parameter(store->pg, "server_encoding");
    if (strcmp(encoding, "UTF8") == 0 || strcmp(encoding, "SQL_ASCII") == 0)
        return true;
    err_set(err, ERR_CONFIG, "the control database %s has encoding %s, which cannot hold every text: it has to be UTF8",
            pg_describe(store->pg), encoding);
    return err_hint(err, "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0");
}

static bool connect_and_check(struct store *store, struct err *err)
{
    if (!pg_open(store->conninfo, store->application, STORE_CONNECT_MS, &store->pg, err))
        return err_prefix(err, "control database");
    static const struct store_limits opening = {.lock_ms = STORE_CONNECT_MS}, open = {.lock_ms = 0};
    store->limits = open;
    pg_set_trace(store->pg, store->trace, store->trace_context);
    return check_encoding(store, err) && store_limit(store, &opening, err) && store_migrate(store, err) &&
           check_identity(store, err) && store_limit(store, &open, err);
}

bool store_open(const char *conninfo, const char *fleet, const char *environment, const char *application,
                struct store **ret_store, struct err *err)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->conninfo = xstrdup(conninfo);
    store->fleet = xstrdup(fleet);
    store->environment = xstrdup(environment);
    store->application = xstrdup(application);
    if (!connect_and_check(store, err)) {
        store_close(store);
        return false;
    }
    *ret_store = store;
    return true;
}

bool store_reopen(struct store *store, struct err *err)
{
    pg_close(store->pg);
    store->pg = NULL;
    store->lease = (struct store_lease){.epoch = 0};
    return connect_and_check(store, err);
}

void store_set_trace(struct store *store, void (*trace)(void *context, const char *statement, int64_t duration_us,
                                                        const char *tag), void *context)
{
    store->trace = trace;
    store->trace_context = context;
    if (store->pg)
        pg_set_trace(store->pg, trace, context);
}

bool store_lost(struct store *store)
{
    return !store->pg || !pg_look(store->pg);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    pg_close(store->pg);
    free(store->conninfo);
    free(store->fleet);
    free(store->environment);
    free(store->application);
    free(store);
}

bool store_ping(struct store *store, struct err *err)
{
    return store_exec(store, sql_ping, NULL, err, 0);
}

bool store_was_refused(const struct err *err)
{
    static const char *const classes[] = {"21", "22", "23", "54"}; /* PostgreSQL, appendix A */
    bool refused = false;
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        refused |= err->kind == ERR_DATABASE && strncmp(err->sqlstate, classes[i], 2) == 0;
    return refused;
}

bool store_limit(struct store *store, const struct store_limits *limits, struct err *err)
{
    char lock[24], statement[24];
    if (limits->lock_ms == store->limits.lock_ms && limits->statement_ms == store->limits.statement_ms)
        return true;
    if (!store_exec(store, sql_limit, NULL, err, 2, store_text_int64(lock, limits->lock_ms),
                    store_text_int64(statement, limits->statement_ms)))
        return false;
    store->limits = *limits;
    return true;
}

bool store_has_room(struct store *store, struct err *err)
{
    bool fits = store_begin(store, err) && store_exec(store, sql_room, NULL, err, 0);
    store_rollback(store);
    return fits;
}
