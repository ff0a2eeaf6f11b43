/* What fleet.yml says for one environment: targets and policies of each service, checked. Threads: one at a time. */
#pragma once
#include "catalog/catalog.h"
#include "catalog/fleet_file.h"

/* `name` NULL: the only environment, or "dev". Sets fleet.name, fleet.environment, environments, dev_targets, and the
 * services with name, depends_on, targets and policy, all in the catalog's arena; migrations come later. */
bool environment_read(const struct config *config, const char *name, struct catalog *catalog,
                      struct service **ret_services, struct err *err);
