/* Child processes: started with their own process group, killed by the kernel when the thread that started them ends
 * (PR_SET_PDEATHSIG), stopped by SIGTERM and then SIGKILL to the whole group.
 *
 * Ownership: struct child is a value; child_start fills it, child_stop or a child_wait that says it ended releases it.
 * Threads: start children from a thread that lives as long as they should; the rest from any, one at a time. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct child {
    pid_t pid; /* 0: none */
    int pidfd; /* readable when it has ended; -1: none */
};
#define CHILD_INIT {.pidfd = -1}

struct child_options {
    const char *const *argv;        /* NULL-terminated; argv[0] is a path, or a name looked up in PATH */
    const char *const *environment; /* NULL, or "NAME=value" strings added to ours (replacing same names), NULL-ended */
    const char *directory;          /* NULL: ours */
    uid_t uid;                      /* 0: as we are; else setuid to it with gid, without further groups */
    gid_t gid;
    int input, output, error;       /* descriptors; 0: input from /dev/null; 0 for output and error: ours */
};

/* ERR_SYSTEM when it cannot be started, "no such program" included (the exec's own errno). */
bool child_start(const struct child_options *options, struct child *ret_child, struct err *err);
/* Waits at most timeout_ms (-1: for ever). True: it has ended; *ret_status (may be NULL) is its exit code, or
 * 128 + the signal that ended it. False: still there. */
bool child_wait(struct child *child, int timeout_ms, int *ret_status);
void child_signal(const struct child *child, int signal); /* to its group */
/* SIGTERM (or `signal` when not 0), SIGKILL after grace_ms, and reaps it. Fine for a child that has ended. */
void child_stop(struct child *child, int signal, int grace_ms);
/* Runs to its end within timeout_ms (then it is killed: ERR_TIMEOUT). */
bool child_run(const struct child_options *options, int timeout_ms, int *ret_status, struct err *err);
