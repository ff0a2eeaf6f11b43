/* `greylag`: the operators' face. One file for each noun; the tree of commands is put together here.
 *
 * It reads the operators' files, the environment and the terminal, and talks to a coordinator over HTTP; it links the
 * catalog and the plan, nothing else of the coordinator. Threads: main only. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "cmdline/cmdline.h"
#include "http/http.h"
#include "proto/fleet.h"

/* The whole tree; `more` (ended by NULL, may be NULL) are commands of other rooms. */
const struct command *cli_root(const struct command *const *more);

/* What to watch a release for, and how. */
struct cli_watch {
    struct http_client *client;
    const char *release;
    const struct fleet *fleet; /* to name files; may be NULL */
    int64_t order;             /* an order that has to be handled first; 0: none */
    int64_t timeout_ms;        /* of the waiting; 0: none. The release goes on */
    bool json;                 /* no view, one JSON document at the end */
    enum release_state wanted; /* the end that is success: SUCCEEDED, or ROLLED_BACK when that was asked for */
};
/* Shows the release live (a view that is redrawn on a terminal, plain lines elsewhere) until it ends, then what became
 * of it. Returns an exit code. */
int cli_watch_release(const struct cmdline *line, const struct cli_watch *watch);

/* Accepts a release of everything pending in the fleet.yml at `path`, uploads what is missing and watches it: what
 * `greylag up` does; for `greylag dev`. Returns an exit code. */
int cli_up(const struct cmdline *line, struct http_client *client, const char *path, const char *environment,
           bool accept_irreversible, bool json);
