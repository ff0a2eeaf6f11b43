/* The topics of this coordinator's fleet and environment, with their settings, in the hands of a keeper (bus/keeper.h).
 * Threads: any. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "bus/keeper.h"
#include "daemon/settings.h"
#include "proto/vocab.h"

/* `service`: only for TOPIC_JOBS. */
void topics_want(struct bus_keeper *keeper, const struct settings *settings, enum topic topic, const char *service);
/* Those that every leader needs; whether they can be used now: else why not, which may pass. ERR_NONE: nobody has
 * looked yet. */
void topics_want_common(struct bus_keeper *keeper, const struct settings *settings);
bool topics_usable(struct bus_keeper *keeper, const struct settings *settings, struct err *err);
