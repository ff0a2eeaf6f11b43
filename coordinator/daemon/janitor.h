/* Takes away what is over in the control database (store_prune), every hour, on a thread and a connection of its own,
 * so that no turn of the leader waits for it. Only a coordinator that leads does it.
 *
 * Ownership: a resource (janitor_start / janitor_stop). Logs what went, and what was in its way. */
#pragma once
#include <stdbool.h>

#include "daemon/settings.h"

struct janitor;
struct janitor_options {
    const struct settings *settings; /* borrowed until janitor_stop. Its `retention` 0: nothing is ever taken away */
    bool (*leading)(void *context);  /* called on the janitor's thread */
    void *context;
};
struct janitor *janitor_start(const struct janitor_options *options);
void janitor_stop(struct janitor *janitor); /* NULL does nothing */
