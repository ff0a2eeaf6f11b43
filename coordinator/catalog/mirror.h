/* Which record of its own tool a service has (`history_table`), and whether that tool can be told of its migrations
 * (`mirror_history`): what the tool's table has no room for, or nobody but the tool knows. The worker refuses the same
 * when it comes to it (worker/foreign). Threads: one at a time. */
#pragma once
#include "catalog/findings.h"
#include "proto/fleet.h"

/* Findings of the rule "mirror". `where`: the service's folder; lives as long as the findings. */
void mirror_check(const struct service *service, const char *where, struct findings *findings);
