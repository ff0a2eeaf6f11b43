/* The catalog: fleet.yml and the folders it names -> the fleet of one environment (proto/fleet.h), the SQL by digest,
 * and findings. Only the operators' side reads files: the command line uploads what a coordinator lacks.
 *
 * A layout is how a tool names its files; each has one file here (layout_*.c) and they are listed in layout.c. A
 * service's layout is recognised from its files, or named by `layout:` in fleet.yml.
 *
 * What always holds in a catalog without error findings: names are names (text_is_name), ids are unique in their
 * service, digests are BLAKE2b-256 over the text as a worker runs it (BOM dropped; of the metadata layout only the
 * section), dependencies name services by their own name and migrations by id, and each names one that exists. Cycles
 * are found by the plan. The same files give the same catalog.
 *
 * An undo that holds nothing but blanks, comments, BEGIN and COMMIT, or what a tool writes into a new file, is none,
 * with a warning; where the migration itself holds nothing, that is its way back.
 *
 * Ownership: everything lives in the catalog until catalog_free. No log, no environment (the getter is passed in).
 * Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config.h"
#include "lint/lint.h"
#include "proto/fleet.h"

/* What is wrong (error) or what a person should know (warning). */
struct catalog_finding {
    bool error;
    const char *rule; /* its word in proto/findings.def */
    const char *file; /* relative to fleet.yml's folder */
    int line;         /* from 1; 0: the whole file */
    int column;       /* in characters from 1; 0: not known */
    const char *text;
    const char *hint; /* what to do, "" */
};

struct catalog_blob {
    const char *digest;
    const char *text; /* UTF-8, followed by a NUL that does not count; it may not contain one */
    size_t size;
};

/* Where a target's database is, for `greylag dev` alone. */
struct catalog_dev_target {
    const char *target;
    const char *database; /* NULL: named like the target */
    const char *schema;   /* NULL: public */
};

/* What a service is called besides its name, and how its new files are called. */
struct catalog_naming {
    const char *const *aliases; /* ended by NULL */
    const char *folder; /* relative to the fleet file's folder, without '/' at its end */
    /* Flyway's; as usual where the layout is another */
    const char *prefix, *undo_prefix, *baseline_prefix, *separator, *suffix;
};

/* A name that the files give to the state behind a migration: Sqitch's tags. */
struct catalog_tag {
    const char *service, *name, *migration;
};

/* SQL that is no migration, but runs with them: Sqitch's verify scripts, Flyway's callbacks around each migration. */
struct catalog_aside {
    size_t service;       /* its index */
    const char *migration; /* id; NULL: with all of them */
    const char *file, *text;
    size_t size;
    bool placeholders;    /* as struct migration's */
};

struct catalog {
    struct fleet fleet;
    const struct catalog_aside *asides; /* in the order of services */
    size_t aside_count;
    const struct catalog_tag *tags;
    size_t tag_count;
    const struct catalog_naming *naming; /* of each service */
    const struct catalog_blob *blobs; /* sorted by digest, each once */
    size_t blob_count;
    const struct catalog_finding *findings; /* in the order of services and files */
    size_t finding_count;
    size_t error_count;
    const struct catalog_dev_target *dev_targets;
    size_t dev_target_count;
    const struct lint_policy *lint; /* of each service, as in the fleet */
    struct arena arena;
};

/* Reads `path` (a fleet.yml; ${NAME} in it from `get`, else from `.env` beside it) and every migration of every
 * service. `environment` NULL: the only one, or "dev". False: fleet.yml itself is wrong (err: CONFIG, with file, line
 * and column) or the environment is unknown. What is wrong in the services' folders are findings: look at error_count,
 * or call catalog_require. new: catalog_free(). */
bool catalog_load(const char *path, const char *environment, config_getter *get, void *context,
                  struct catalog **ret_catalog, struct err *err);
void catalog_free(struct catalog *catalog); /* NULL is fine */
static inline void cleanup_catalog(struct catalog **catalog)
{
    catalog_free(*catalog);
}
#define auto_catalog __attribute__((cleanup(cleanup_catalog)))

/* The own name of the service that `name` is an alias of; else `name` itself, also of none. Borrowed. */
const char *catalog_service_name(const struct catalog *catalog, const char *name);
/* The place of the service of that name. ERR_INPUT, with the nearest name: there is none. */
bool catalog_find_service(const struct catalog *catalog, const char *name, size_t *ret_index, struct err *err);
/* The id of the migration with that tag in that service; NULL: none. */
const char *catalog_tagged(const struct catalog *catalog, const char *service, const char *name);

/* False with ERR_INPUT, the first error and how many more, when the catalog has error findings: nothing may be planned
 * from such a catalog. */
bool catalog_require(const struct catalog *catalog, struct err *err);

/* The SQL with that digest; borrowed, NULL: none. */
const struct catalog_blob *catalog_blob(const struct catalog *catalog, const char *digest);
