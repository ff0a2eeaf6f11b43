/* Connections to the control database: opened when needed, kept, never more than the options say. */
#include "api/api_internal.h"
#include "base/clock.h"

#define WAIT_MS 5000

/* What one statement of a call may take, less than the minute that a client waits: whoever asks is told, and its place
 * is free again. One accepts at a time, and the others wait for it. */
static const struct store_limits limits[] = {
    [API_CALL] = {.lock_ms = 5000, .statement_ms = 20000},
    [API_PLAN] = {.lock_ms = 10000, .statement_ms = 30000},
    [API_PRUNE] = {.lock_ms = 5000, .statement_ms = 50000},
};

bool api_limit(struct store *store, enum api_limit limit, struct err *err)
{
    return store_limit(store, &limits[limit], err);
}

static bool wait_for_one(struct api *api)
{
    struct timespec until = clock_mono_after(WAIT_MS);
    while (api->idle_count == 0 && api->open_count >= api->options.connections)
        if (pthread_cond_timedwait(&api->returned, &api->lock, &until) != 0)
            return false;
    return true;
}

struct store *api_take(struct api *api, struct err *err)
{
    struct store *store = NULL;
    pthread_mutex_lock(&api->lock);
    bool any = wait_for_one(api);
    while (any && !store && api->idle_count > 0) {
        store = api->idle[--api->idle_count];
        if (store_lost(store)) { /* the server was restarted while it lay idle */
            store_close(store);
            store = NULL;
            api->open_count--;
        }
    }
    if (any && !store)
        api->open_count++;
    pthread_mutex_unlock(&api->lock);
    if (!any) {
        err_set(err, ERR_TIMEOUT, "all connections to the control database are in use");
        return NULL;
    }
    if ((store || store_open(api->options.conninfo, api->options.fleet, api->options.environment, "greylag api", &store,
                             err)) &&
        api_limit(store, API_CALL, err))
        return store;
    store_close(store);
    pthread_mutex_lock(&api->lock);
    api->open_count--;
    pthread_cond_broadcast(&api->returned);
    pthread_mutex_unlock(&api->lock);
    return NULL;
}

void api_give(struct api *api, struct store *store)
{
    bool lost = store_lost(store);
    if (lost)
        store_close(store);
    pthread_mutex_lock(&api->lock);
    if (lost)
        api->open_count--;
    else
        api->idle[api->idle_count++] = store;
    pthread_cond_broadcast(&api->returned);
    pthread_mutex_unlock(&api->lock);
}

void api_pool_close(struct api *api)
{
    while (api->idle_count > 0)
        store_close(api->idle[--api->idle_count]);
}
