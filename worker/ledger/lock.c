/* The target's lock, the lease behind it, and a new session after a lost one. */
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"
#include "proc/crash.h"

#define TERMINATE_WAIT_MS 30000

/* One look. *ret_locked, or who stands in the way. */
static bool try_lock(struct ledger *ledger, bool *ret_locked, char holder[256], struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), NUMBER(ledger->lock_key), ledger->settings.worker,
                            NUMBER(ledger->settings.lease_ms)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_lock, 4, values, &result, err))
        return false;
    const char *state = pg_text(result, 0, 0);
    *ret_locked = *state == 0;
    if (*ret_locked)
        return true;
    int pid = (int)pg_number(result, 0, 2);
    text_format(holder, 256, "%s (backend %d, its lease ends in %.1f s)", pg_text(result, 0, 1), pid,
                (double)pg_number(result, 0, 4) / 1000);
    if (strcmp(state, "lapsed") != 0)
        return true;
    const struct pg_session lapsed = {pid, pg_text(result, 0, 3), ledger->identity.server_start};
    return pg_terminate_backend(ledger->pg, &lapsed, TERMINATE_WAIT_MS, err);
}

bool ledger_lock(struct ledger *ledger, int64_t wait_ms, bool (*stop)(void *), void *context, bool *ret_locked,
                 char holder[256], struct err *err)
{
    char unused[256];
    int64_t deadline = clock_mono_ms() + wait_ms;
    *ret_locked = ledger->locked;
    struct pause pause = PAUSE(20, 250);
    while (!*ret_locked) {
        if (!try_lock(ledger, ret_locked, holder ? holder : unused, err))
            return false;
        if (*ret_locked)
            break;
        if (clock_mono_ms() >= deadline || (stop && stop(context)))
            return true;
        poll(NULL, 0, (int)pause_next(&pause));
    }
    if (!ledger->locked) {
        ledger->locked = true;
        ledger->pending.loaded = false; /* another worker may have been here */
        ledger_keeper_locked(ledger, true);
        CRASH_POINT("ledger.locked");
    }
    return true;
}

bool ledger_unlock(struct ledger *ledger, struct err *err)
{
    if (!ledger->locked)
        return true;
    ledger->locked = false;
    ledger->fence.sequence = 0;
    pg_close(ledger->watch);
    ledger->watch = NULL;
    ledger_keeper_locked(ledger, false);
    const char *values[] = {NUMBER(ledger->target), NUMBER(ledger->lock_key)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_unlock, 2, values, &result, err))
        return false;
    if (!pg_true(result, 0, 0))
        return err_set(err, ERR_CONFLICT, "the target's lock was not held any more: something took it away");
    return true;
}

bool ledger_may_be_held(struct ledger *ledger, bool *ret_held, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), NUMBER(ledger->lock_key)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_held, 2, values, &result, err))
        return false;
    *ret_held = pg_true(result, 0, 0);
    return true;
}

/* ---- after a lost session ---- */

static bool same_server(const struct ledger *ledger, const struct pg_identity *now, struct err *err)
{
    const struct pg_identity *then = &ledger->identity;
    if (strcmp(then->system_identifier, now->system_identifier) == 0 && then->timeline == now->timeline)
        return true;
    err_set(err, ERR_FENCED, "the database is another server now (%s, timeline %d; it was %s, timeline %d)",
            now->system_identifier, now->timeline, then->system_identifier, then->timeline);
    return err_hint(err, "after a restore or a failover its history has to be compared before anything runs");
}

bool ledger_reconnect(struct ledger *ledger, struct err *err)
{
    struct pg *pg;
    struct pg_identity now;
    bool was_locked = ledger->locked;
    ledger_keeper_locked(ledger, false);
    if (!ledger_connect(ledger, &pg, err))
        return false;
    const struct pg_session old = {ledger->identity.pid, ledger->identity.backend_start, ledger->identity.server_start};
    bool good = ledger_prepare_session(ledger, pg, err) && pg_identify(pg, &now, err) &&
                ledger_check_session(ledger, pg, &now, err) && pg_terminate_backend(pg, &old, TERMINATE_WAIT_MS, err);
    if (!good) {
        pg_close(pg);
        return false;
    }
    bool same = same_server(ledger, &now, err);
    struct pg *lost = ledger->pg;
    ledger->pg = pg;
    /* a database that was dropped and made anew has nothing of greylag in it */
    if (same && (!ledger_migrate(ledger, err) || !ledger_find_target(ledger, err))) {
        ledger->pg = lost;
        pg_close(pg);
        return false;
    }
    pg_close(lost);
    ledger->identity = now;
    ledger->locked = false;
    if (!same || !was_locked)
        return same;
    bool locked;
    char holder[256];
    if (!ledger_lock(ledger, 0, NULL, NULL, &locked, holder, err))
        return false;
    if (!locked)
        return err_set(err, ERR_FENCED, "the session was lost, and now %s works on this target", holder);
    return true;
}
