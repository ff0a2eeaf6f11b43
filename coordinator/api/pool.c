/* Connections to the control database: opened when needed, kept, never more than the options say. */
#include "api/api_internal.h"
#include "base/clock.h"

#define WAIT_MS 5000
#define LOCKS_MS 5000 /* somebody maintains the control database: a reader is told so, and its place is free again */

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
    if (!any)
        err_set(err, ERR_TIMEOUT, "all connections to the control database are in use");
    if (!any || store)
        return store;
    if (store_open(api->options.conninfo, api->options.fleet, api->options.environment, "greylag api", &store, err)) {
        if (store_lock_timeout(store, LOCKS_MS, err))
            return store;
        store_close(store);
    }
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
