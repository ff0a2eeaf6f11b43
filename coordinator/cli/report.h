/* What `greylag validate` found, of the catalog, of lint and of the plan, and how it is printed: for people, as JSON,
 * as SARIF 2.1.0 (OASIS), as workflow commands of GitHub (docs.github.com: workflow commands, error and warning).
 * Threads: main only. */
#pragma once
#include "catalog/catalog.h"
#include "plan/plan.h"

struct report_finding {
    bool error;
    const char *rule;
    const char *file; /* relative to fleet.yml's folder, or absolute; NULL: of no file */
    int line, column; /* 0: not known */
    const char *text, *hint;
};

struct report {
    struct arena *arena; /* of everything */
    const struct fleet *fleet;
    const char *folder; /* fleet.yml's, as it was given */
    struct report_finding *items;
    size_t count, room, errors;
};

void report_catalog(struct report *report, const struct catalog *catalog);
void report_lint(struct report *report, const struct lint_finding *findings, size_t count);
void report_plan(struct report *report, const struct plan_findings *findings);

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_SARIF, REPORT_GITHUB };
bool report_format_parse(const char *text, enum report_format *ret_format);
void report_print(const struct report *report, enum report_format format, struct buf *out);
