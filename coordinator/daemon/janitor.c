#include "daemon/janitor.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

#define FIRST_MS 60000 /* after the start, when there is enough else to do */
#define EVERY_MS 3600000
#define PARTS_MS 1000 /* between parts, while there is more */
#define ROWS_MAX 2000 /* of one table in one part */

struct janitor {
    struct janitor_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

/* False: it is to stop. */
static bool pause_for(struct janitor *janitor, int64_t ms)
{
    struct timespec until = clock_mono_after(ms);
    pthread_mutex_lock(&janitor->lock);
    while (!janitor->stopping && pthread_cond_timedwait(&janitor->wake, &janitor->lock, &until) == 0)
        ;
    bool stopping = janitor->stopping;
    pthread_mutex_unlock(&janitor->lock);
    return !stopping;
}

/* One part. *ret_rows: how many rows went. */
static bool tidy(const struct settings *settings, int64_t *ret_rows, struct err *err)
{
    struct store *store = NULL;
    const struct store_prune wanted = {.keep_ms = settings->retention_ms, .limit = ROWS_MAX};
    static const struct store_limits limits = {.lock_ms = 10000, .statement_ms = 30000};
    if (!store_open(settings->database, settings->fleet, settings->environment, "greylag-janitor", &store, err))
        return false;
    bool done = store_limit(store, &limits, err) && store_prune(store, &wanted, ret_rows, NULL, err);
    store_close(store);
    return done;
}

static void *run(void *context)
{
    struct janitor *janitor = context;
    int64_t wait_ms = FIRST_MS, gone = 0;
    while (pause_for(janitor, wait_ms)) {
        struct err err = ERR_INIT;
        int64_t rows = 0;
        wait_ms = EVERY_MS;
        if (!janitor->options.leading(janitor->options.context))
            continue;
        if (!tidy(janitor->options.settings, &rows, &err))
            log_warn("retention: %s", err.text);
        gone += rows;
        if (rows)
            wait_ms = PARTS_MS;
        else if (gone)
            log_info("retention: %lld rows of the control database were over", (long long)gone);
        gone = rows ? gone : 0;
    }
    return NULL;
}

struct janitor *janitor_start(const struct janitor_options *options)
{
    if (options->settings->retention_ms == 0)
        return NULL;
    struct janitor *janitor = xcalloc(1, sizeof *janitor);
    janitor->options = *options;
    pthread_mutex_init(&janitor->lock, NULL);
    clock_cond_init(&janitor->wake);
    if (pthread_create(&janitor->thread, NULL, run, janitor) == 0)
        return janitor;
    log_warn("retention: no thread can be made");
    pthread_cond_destroy(&janitor->wake);
    pthread_mutex_destroy(&janitor->lock);
    free(janitor);
    return NULL;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    pthread_mutex_lock(&janitor->lock);
    janitor->stopping = true;
    pthread_cond_signal(&janitor->wake);
    pthread_mutex_unlock(&janitor->lock);
    pthread_join(janitor->thread, NULL);
    pthread_cond_destroy(&janitor->wake);
    pthread_mutex_destroy(&janitor->lock);
    free(janitor);
}
