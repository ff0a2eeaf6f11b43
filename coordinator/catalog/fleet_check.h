/* What fleet.yml must not say although its format (fleet_file.h) lets it: words that mean nothing, two meanings of one
 * name. Every error is ERR_CONFIG with file, line and column. Borrows from the configuration. Threads: any. */
#pragma once
#include "catalog/fleet_file.h"

/* What concerns the whole file: the services that environments name, the rules below every `lint:`. */
bool fleet_check(const struct config *config, struct err *err);
/* What concerns one service alone: its layout and the keys that go with it, its aliases. */
bool fleet_check_service(const struct config *config, unsigned index, struct err *err);

/* The service with that name or alias; NULL: none. */
const struct service_file *fleet_file_service(const struct fleet_file *file, const char *name);
/* Says that what stands at `path` names no service, and which one may be meant. Returns false. */
bool fleet_unknown_service(const struct config *config, const char *path, const char *name, struct err *err);
