/* The target's lock, the lease behind it, and a new session after a lost one. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
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
    for (int pause = 20; !*ret_locked; pause = pause < 250 ? pause * 2 : 250) {
        if (!try_lock(ledger, ret_locked, holder ? holder : unused, err))
            return false;
        if (*ret_locked)
            break;
        if (clock_mono_ms() >= deadline || (stop && stop(context)))
            return true;
        poll(NULL, 0, pause);
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
    if (*pg_text(result, 0, 0) != 't')
        return err_set(err, ERR_CONFLICT, "the target's lock was not held any more: something took it away");
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

/* ---- the keeper ---- */

/* Extends once; a failure is left for the next time, and in the end for the lease to lapse. */
static void extend(struct ledger *ledger, int pid)
{
    struct ledger_keeper *k = &ledger->keeper;
    if (k->pg && pg_lost(k->pg)) {
        pg_close(k->pg);
        k->pg = NULL;
    }
    if (!k->pg &&
        !pg_open(ledger->settings.conninfo, "greylag-worker lease", (int)(ledger->settings.lease_ms / 3), &k->pg, NULL))
        return;
    const char *values[] = {NUMBER(ledger->target), NUMBER(pid), NUMBER(ledger->settings.lease_ms)};
    pg_exec(k->pg, ledger->sql[LEDGER_SQL_extend], 3, values, NULL, NULL);
}

static void *keep(void *context)
{
    struct ledger *ledger = context;
    struct ledger_keeper *k = &ledger->keeper;
    pthread_mutex_lock(&k->mutex);
    while (!k->ending) {
        int pid = k->pid, status = 0;
        struct timespec at = clock_mono_after(ledger->settings.lease_ms / 3);
        if (!k->locked)
            pthread_cond_wait(&k->changed, &k->mutex);
        else
            status = pthread_cond_timedwait(&k->changed, &k->mutex, &at);
        if (status != ETIMEDOUT || !k->locked || k->pid != pid || k->ending)
            continue;
        pthread_mutex_unlock(&k->mutex);
        extend(ledger, pid);
        pthread_mutex_lock(&k->mutex);
    }
    pthread_mutex_unlock(&k->mutex);
    return NULL;
}

void ledger_keeper_start(struct ledger *ledger)
{
    struct ledger_keeper *k = &ledger->keeper;
    pthread_mutex_init(&k->mutex, NULL);
    clock_cond_init(&k->changed);
    k->running = pthread_create(&k->thread, NULL, keep, ledger) == 0;
}

void ledger_keeper_locked(struct ledger *ledger, bool locked)
{
    struct ledger_keeper *k = &ledger->keeper;
    if (!k->running && !locked)
        return;
    if (!k->running)
        ledger_keeper_start(ledger);
    if (!k->running)
        return; /* no thread: the lease lapses, and a successor may end a long job; nothing is harmed */
    pthread_mutex_lock(&k->mutex);
    k->locked = locked;
    k->pid = ledger->identity.pid;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->mutex);
}

void ledger_keeper_end(struct ledger *ledger)
{
    struct ledger_keeper *k = &ledger->keeper;
    if (!k->running)
        return;
    pthread_mutex_lock(&k->mutex);
    k->ending = true;
    pthread_cond_signal(&k->changed);
    pthread_mutex_unlock(&k->mutex);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->mutex);
    pg_close(k->pg);
    k->running = false;
}
