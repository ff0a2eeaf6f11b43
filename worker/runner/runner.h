/* The worker: one thread that polls Kafka and hands out what it admits, one thread for each target (target.h).
 *
 * The polling thread sleeps on descriptors (Kafka's queues, the targets' notices, signals) and wakes once a second at
 * most when nothing happens; it never waits for a database, so that polling goes on however long a job runs. */
#pragma once
#include "base/err.h"
#include "cmdline/cmdline_reference.h"
#include "runner/settings.h"

struct runner_options {
    const char *ready_file;    /* NULL: none */
    const char *notify_socket; /* systemd's, NULL: none */
};
/* Runs until a signal (proc/signals.h), then lets the running steps end. False: it could not start. Logs. */
bool runner_run(const struct settings *settings, const struct runner_options *options, struct err *err);

extern const struct cmdline_page runner_pages[]; /* what --reference prints */
