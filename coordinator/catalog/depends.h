/* Dependencies between migrations: from names as people write them to a service and a migration's id.
 * Forms: "service:version" and "version" (the own service first, else the only one that has it), "service >= version"
 * and so on (RANGES); services by name or alias; versions as the layout reads them, or a migration's id. Whether a
 * range is met is for the plan to say. Threads: one at a time. */
#pragma once
#include "catalog/fleet_file.h"
#include "catalog/layout.h"

/* One service while its catalog is made. */
struct draft {
    const struct service_file *file; /* name, aliases */
    struct layout_run run;
};

struct drafts {
    struct draft *items;
    size_t count;
};

/* The service of that name or alias; NULL: none. */
struct draft *draft_by_name(const struct drafts *drafts, const char *name);

/* Adds the entries of a service's migration-dependencies.yml to the migrations that they name. */
void depends_read_file(const struct drafts *drafts, struct draft *own, struct findings *findings, struct arena *arena);
/* Resolves an entry's references; what cannot be is a finding and left out. */
void depends_resolve(const struct drafts *drafts, const struct draft *own, const struct entry *entry,
                     struct findings *findings, struct arena *arena, const struct dependency **ret_depends,
                     size_t *ret_count);
