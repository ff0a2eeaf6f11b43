/* The coordinator as a process: HTTP interface, standby or leader, until SIGTERM.
 *
 * One thread leads: it reads events, decides, commits and sends; the HTTP interface has threads and database
 * connections of its own. Logs; reads the environment. Threads: main only. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "cmdline/cmdline_reference.h"

struct daemon_options {
    const char *config;
    const char *ready_file; /* NULL: none */
};
/* Returns when a signal asked it to stop (true), or when it cannot start: ERR_CONFIG, ERR_UNTRUSTED, ERR_SYSTEM.
 * A control database or a broker that cannot be reached is waited for. */
bool daemon_run(const struct daemon_options *options, struct err *err);

extern const struct cmdline_page daemon_pages[]; /* what --reference prints */
