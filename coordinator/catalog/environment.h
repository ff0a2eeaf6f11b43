/* What fleet.yml says for one environment: targets, policies and placeholders of each service. Of policies a service's
 * own win over the environment's, and those over the defaults; of targets and placeholders the environment's win.
 * Threads: one at a time. */
#pragma once
#include "catalog/catalog.h"
#include "catalog/fleet_file.h"

/* `name` NULL: the only environment, or "dev". Sets fleet.name, fleet.environment, dev_targets, and the
 * services with name, depends_on, targets and policy, all in the catalog's arena; migrations come later. ERR_CONFIG
 * with file, line and column for what is wrong. */
bool environment_read(const struct config *config, const char *name, struct catalog *catalog,
                      struct service **ret_services, struct err *err);
