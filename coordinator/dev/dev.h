/* `greylag dev FLEET.yml`: everything that a fleet needs, on one machine, until Ctrl-C.
 *
 * An embedded broker (in this process) or --kafka; a private PostgreSQL in a temporary folder or --postgres; one
 * database for each target; keys, a token, the configuration files; the coordinator and a worker for each service, as
 * processes of their own. Children are killed by the kernel when this process ends, however it ends.
 * Threads: main only. */
#pragma once
#include "cmdline/cmdline.h"

extern const struct command dev_command;
