/* The catalog's migrations, read again as files, shown to lint; and what of them is applied. Threads: main only. */
#pragma once
#include "catalog/catalog.h"
#include "cli/report.h"

/* On how many of its targets a migration is applied; NULL: not known, so none. */
struct linting {
    const struct catalog *catalog;
    const char *folder; /* fleet.yml's */
    const int *applied; /* for each migration of each service, one after another */
    const bool *ends;   /* for each of them: what is applied is the file with LF in the place of CRLF; as `applied` */
    const char *const
        *unknown; /* for each service: a target on which its layout's own tool may have applied it, NULL: none */
    struct arena *arena;
};

/* Counts from what the targets hold. */
void linting_applied(struct linting *linting, const struct target_contents *contents, size_t count);
/* Runs lint over every service; its findings go to the report. */
void linting_run(const struct linting *linting, struct report *report);
/* Mends what the report's findings allow, in files that are applied nowhere, and line ends that were others when the
 * file was applied: shows each change as a unified diff on
 * `out`. With `write` the files are changed (written beside, then renamed); one that has changed meanwhile is left
 * alone. *ret_files: how many (would) change. */
bool linting_fix(const struct linting *linting, const struct report *report, bool write, struct buf *out,
                 size_t *ret_files, struct err *err);
