/* The thread that extends the lease of a target that is locked, over a connection of its own. */
#include <errno.h>

#include "base/clock.h"
#include "ledger/ledger_internal.h"

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

static void start(struct ledger *ledger)
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
        start(ledger);
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
