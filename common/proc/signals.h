/* SIGTERM, SIGINT and SIGHUP as a flag and a descriptor that a poll can wait on; SIGPIPE ignored. SIGHUP comes when a
 * terminal is closed, and stays ignored where it was (nohup).
 *
 * A second signal while the first is being handled leaves the flag as it is: callers finish or cancel what they do.
 * Threads: signals_catch from main before other threads start; the rest from any. */
#pragma once
#include <stdbool.h>

#include "base/err.h"

bool signals_catch(struct err *err);
bool signals_stop(void);    /* whether a stop was asked for */
int signals_count(void);    /* how often: a second Ctrl-C may mean "at once" */
int signals_fd(void);       /* readable (poll) from the first signal on, for ever; -1 before signals_catch */
void signals_raise(void);   /* as if a signal had come, from any thread */
