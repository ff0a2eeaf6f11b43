/* Who leads (protocol.md, 6). */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "proc/crash.h"
#include "store/store_internal.h"
#include "store_sql.h"

#define SESSIONS_WAIT_MS 10000
#define IDLE_IN_TRANSACTION "10s"

/* Asks the server to end the sessions (an array's text); *ret_left: how many there still are. */
static bool terminate(struct store *store, const char *sessions, int64_t *ret_left, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_terminate, &result, err, 1, sessions))
        return false;
    *ret_left = pg_number(result, 0, 0);
    return true;
}

/* For less than the lease that was just taken: where they take longer the next attempt goes on. */
static bool wait_until_gone(struct store *store, const char *sessions, struct err *err)
{
    int64_t limit_ms = store->lease_ttl_ms / 2 < SESSIONS_WAIT_MS ? store->lease_ttl_ms / 2 : SESSIONS_WAIT_MS;
    int64_t until = clock_mono_ms() + limit_ms;
    for (;;) {
        int64_t left = 0;
        if (!terminate(store, sessions, &left, err))
            return false;
        if (left == 0)
            return true;
        if (clock_mono_ms() > until)
            return err_set(err, ERR_TIMEOUT, "%lld sessions of the former leader do not end", (long long)left);
        store_pause(store, 10);
    }
}

static bool write_lease(struct store *store, const struct store_candidate *candidate, int64_t epoch, bool *ret_taken,
                        struct err *err)
{
    struct store_lease lease;
    char ttl[24], now[24], floor[24];
    id_term(lease.term);
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_take, &result, err, 5, lease.term, candidate->holder,
                    store_text_int64(ttl, candidate->ttl_ms), store_text_int64(now, epoch),
                    store_text_int64(floor, candidate->above)))
        return false;
    *ret_taken = PQntuples(result) == 1;
    if (!*ret_taken)
        return true;
    lease.epoch = pg_number(result, 0, 0);
    lease.restored = pg_true(result, 0, 1);
    store->lease = lease;
    store->lease_ttl_ms = candidate->ttl_ms;
    store->clock_ahead_us = clock_wall_us() - pg_number(result, 0, 2);
    return true;
}

/* What every session of a leader relies on, and what is of no use any more. */
static bool settle(struct store *store, struct err *err)
{
    char epoch[24];
    if (!store_exec(store, sql_lease_session, NULL, err, 1, IDLE_IN_TRANSACTION) || !store_begin_leader(store, err))
        return false;
    return store_end(store,
                     store_exec(store, sql_outbox_drop_old, NULL, err, 1, store_text_int64(epoch, store->lease.epoch)),
                     err);
}

/* Whether nobody has written it for as long as it lasts, by our own clock: that of the control database may go back,
 * and its holder freeze. asked_ms: before it was read; time in which we are frozen ourselves does not count. */
static bool stands_still(struct store *store, const char *written, int64_t lasts_ms, int64_t asked_ms)
{
    if (strcmp(store->lease_written, written) != 0) {
        text_format(store->lease_written, sizeof store->lease_written, "%s", written);
        store->lease_seen_ms = clock_mono_ms();
    }
    return lasts_ms > 0 && asked_ms - store->lease_seen_ms > lasts_ms;
}

bool store_lease_take(struct store *store, const struct store_candidate *candidate, bool *ret_taken,
                      struct store_lease *ret_lease, struct err *err)
{
    auto_pgresult PGresult *before = NULL;
    int64_t asked_ms = clock_mono_ms();
    if (!store_exec(store, sql_lease_read, &before, err, 2, candidate->holder, candidate->instead ? "t" : "f"))
        return false;
    *ret_taken = false;
    if (!stands_still(store, pg_text(before, 0, 4), pg_number(before, 0, 5), asked_ms) && !pg_true(before, 0, 2))
        return true;
    const char *sessions = pg_text(before, 0, 3);
    int64_t left;
    bool taken = false;
    if (!terminate(store, sessions, &left, err) ||
        !write_lease(store, candidate, pg_number(before, 0, 0), &taken, err))
        return false;
    if (!taken)
        return true;
    CRASH_POINT("lease.taken");
    if (!wait_until_gone(store, sessions, err) || !settle(store, err))
        return false;
    *ret_lease = store->lease;
    *ret_taken = true;
    CRASH_POINT("lease.won");
    return true;
}

bool store_lease_renew(struct store *store, bool yields, struct err *err)
{
    char epoch[24], ttl[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_renew, &result, err, 4, store_text_int64(epoch, store->lease.epoch),
                    store->lease.term, store_text_int64(ttl, store->lease_ttl_ms), yields ? "t" : "f"))
        return false;
    if (PQntuples(result) != 1)
        return err_set(err, ERR_FENCED, "the lease of epoch %s is lost", epoch);
    store->clock_ahead_us = clock_wall_us() - pg_number(result, 0, 0);
    return true;
}

bool store_lease_check(struct store *store, struct err *err)
{
    char epoch[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_check, &result, err, 2, store_text_int64(epoch, store->lease.epoch),
                    store->lease.term))
        return false;
    if (PQntuples(result) == 1)
        return true;
    return err_set(err, ERR_FENCED, "the lease of epoch %s is lost", epoch);
}

int64_t store_clock_ahead_us(const struct store *store)
{
    return store->clock_ahead_us;
}

int64_t store_lease_epoch(const struct store *store)
{
    return store->lease.epoch;
}

void store_lease_release(struct store *store)
{
    if (store->lease.epoch == 0 || store_lost(store))
        return;
    char epoch[24];
    (void)store_exec(store, sql_lease_release, NULL, NULL, 2, store_text_int64(epoch, store->lease.epoch),
                     store->lease.term);
    store->lease = (struct store_lease){.epoch = 0};
}

/* One statement in a transaction of the leader's. */
static bool as_leader(struct store *store, const char *sql, struct err *err, const char *a, const char *b,
                      const char *c)
{
    return store_begin_leader(store, err) &&
           store_end(store, store_exec(store, sql, NULL, err, a ? 3 : 0, a, b, c), err);
}

bool store_lease_went_back(struct store *store, struct err *err)
{
    return as_leader(store, sql_lease_went_back, err, NULL, NULL, NULL);
}

bool store_target_issue(struct store *store, const char *service, const char *target, int64_t sequence,
                        struct err *err)
{
    char number[24];
    return as_leader(store, sql_target_issue, err, service, target, store_text_int64(number, sequence));
}
