/* Telling others that this program is ready: systemd's datagram (sd_notify(3)) and a ready file.
 *
 * The caller reads the environment (NOTIFY_SOCKET) and gives it here. Threads: any. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

/* One datagram, "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; socket_path NULL or "": nothing to do, true.
 * A leading '@' names an abstract socket. */
bool notify_systemd(const char *socket_path, const char *state, struct err *err);
/* Writes text and a newline to PATH in one piece (a temporary file beside it, renamed): who sees it sees all of it. */
bool notify_ready_file(const char *path, const char *text, struct err *err);
