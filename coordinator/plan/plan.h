/* The plan of a release: which migration runs on which target before which, and the way back of each. PURE: no I/O,
 * no clock, no log, no environment; the CLI and the coordinator link the same code and get the same digest.
 *
 * What always holds: `steps` is a topological order of the graph, and deterministic: the same fleet, contents and
 * options give the same steps in the same order and the same digest. A step's `needs` name earlier steps only
 * (smaller indexes). Everything lives in the arena given; the plan borrows from fleet and contents.
 *
 * What the kinds of migrations (vocab.h) ask for:
 *  repeatable ones stand behind the versioned ones of their target, or in their place where they have a version, and
 *      are pending again when their content has changed; their way back is the text that was in effect before, when the
 *      control database has it, and at the first run their undo, if they have one;
 *  of the baselines the highest is taken, on a target that holds nothing; what it stands for is left out;
 *  callbacks stand around the other steps of their target, where there are any; there is nothing to take back of them.
 *
 * The digest is the Merkle root (crypto/digest.h) over the steps' leaves in order; a leaf is the digest over target,
 * migration, direction, hashes of up and down, way back and policy, and over what else of a step
 * is not as it is for most (leaf.c). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "proto/fleet.h"

/* What a release of direction ADOPT is for: it records, and runs nothing. */
#define ADOPTIONS(X)                                                                                                   \
    X(NONE,     "none",     "not a release that records")                                                              \
    X(IMPORT,   "import",   "take over what another tool's record says is in effect")                                  \
    X(BASELINE, "baseline", "take everything up to a version as in effect")                                            \
    X(REPAIR,   "repair",   "both of what follows")                                                                    \
    X(REALIGN,  "realign",  "give what is applied with another checksum the one that its file has now; with "          \
                            "mirror_history, write what the other tool's record misses")                               \
    X(FORGET,   "forget",   "take off the record what is no longer among the files")
enum adoption {
#define X(name, ...) ADOPTION_##name,
    ADOPTIONS(X)
#undef X
        ADOPTION_COUNT
};
const char *adoption_text(enum adoption value); /* "unknown" for none of them */
bool adoption_parse(const char *text, enum adoption *ret_value);

/* With what ${name} in a text was replaced when it came into effect. */
struct plan_names {
    bool replaced;
    const struct placeholder *values;
    size_t count;
};

struct plan_step {
    int service;   /* index into fleet->services */
    int target;    /* index into plan->targets */
    int migration; /* index into that service's migrations; -1: FORGET of one that is no longer in the catalog */
    const char *id;           /* the migration's; of one that is on the target's record, as it stands there: also when
                               * it is no longer in the catalog, or its version is written in another way there */
    enum direction direction;
    enum way_back way_back;
    const char *undoes;       /* DOWN, FORGET: the request whose effect it undoes; ADOPT, UP of a repeatable one: which
                               * it replaces; else "" */
    const char *undoes_release; /* the release of that request, "" unknown */
    const char *recorded;     /* the checksum that is on the target's record so far, "" none */
    bool in_history;          /* ADOPT: another tool's record says it, and is looked at again before it is recorded */
    const char *taken_from;   /* ADOPT: where greylag's own record in that database has it under another name, "" none:
                               * "move shop/production/user/main 3", "share ..." where the fleet goes on to have it
                               * there, too */
    const char *earlier;      /* repeatable: digest of the text that its way back brings into effect again (DOWN: that
                               * this step brings), "" none */
    const char *earlier_request; /* through which that text came into effect first, "" */
    int64_t verify_size, earlier_size; /* bytes of these texts: 0 until it is loaded from the control database */
    const struct plan_names *earlier_names; /* of the earlier text; NULL until it is loaded, or not known */
    struct policy policy;     /* service's, with the migration's own on_failure and time limits */
    const int *needs;         /* indexes of earlier steps that must have succeeded */
    size_t needs_count;
    char leaf[DIGEST_TEXT_SIZE];
};

struct plan_target {
    int service;
    const char *name;
};

struct plan {
    const struct fleet *fleet;
    enum direction direction;
    const struct plan_target *targets; /* of all services that the options select, steps or not */
    size_t target_count;
    const struct plan_step *steps;
    size_t step_count;
    size_t irreversible; /* steps whose way back is NONE */
    size_t refused;      /* steps that greylag does not run (struct migration's refused): the plan is only for
                          * showing */
    char digest[DIGEST_TEXT_SIZE];
};

/* What to plan. All lists may be empty. */
struct plan_options {
    enum direction direction;
    const char *const *services; /* only these; empty: all */
    size_t service_count;
    const char *const *targets;  /* only these databases; empty: all */
    size_t target_count;
    struct plan_limit {          /* up: up to and with this version; down: back to, without undoing it */
        const char *service;     /* NULL: the only selected one */
        const char *version;
    } const *limits;
    size_t limit_count;
    enum adoption adoption;      /* adopt: what for; `limits` are a baseline's */
    bool out_of_order;           /* up: allow a pending migration older than an applied one (lessons, 8) */
    /* down: exactly one of */
    const char *release;         /* undo what this release applied */
    const char *back_to;         /* undo what was not in effect at the end of this release: struct applied's `held` */
    int64_t steps;               /* the last N of the one selected service, on each of its targets; what has no version
                                  * does not count */
    bool all;                    /* everything; repeatable ones without an undo are taken off the record, so that they
                                  * run again with the next up */
    bool stop_at_irreversible;   /* down: go back only as far as possible instead of refusing */
};

/* Findings of a plan: what makes it refused (error) or what a person should know (warning).
 * All errors are found, not only the first. */
struct plan_finding {
    bool error;
    const char *rule;  /* its word in proto/findings.def */
    const char *text;  /* where and why: a cycle's whole path, both ends of a missing dependency */
    const char *hint;  /* what to do, "" */
    const char *where; /* "file" or "file:line", NULL: of no file */
};
struct plan_findings {
    struct plan_finding *items;
    size_t count, room; /* base/array.h */
};

/* Plans. `contents` is what each target has applied (a target that is missing there counts as empty).
 * False with ERR_INPUT when there is at least one error among the findings (err's text is the first; all are in
 * *ret_findings, which is set in any case).
 *  up: pending = catalog minus applied, by id; applied with another checksum is the finding "drift"; applied but
 *      unknown to the catalog is fine (a database ahead of the code must pass) and warned of. A target that holds
 *      nothing, though another tool's record says that something is in effect there, is refused ("foreign-history");
 *      so is a migration whose text is applied in that database already, on greylag's own record under another service,
 *      target, fleet or version ("other-name"). What is older than something that is applied is "out-of-order", whether
 *      the files know that or not.
 *  down: reverse dependency order over what is applied; dependencies of the catalog, reversed. A release's repeatable
 *      ones go back to the text before it; versions and numbers of steps concern what has a version.
 *  adopt: what is in effect and not on the record, or on it in another way; each target's in the order of the other
 *      tool's record, or of the catalog. Dependencies do not matter: nothing runs. */
bool plan_make(const struct fleet *fleet, const struct target_contents *contents, size_t contents_count,
               const struct plan_options *options, struct arena *arena, struct plan *ret_plan,
               struct plan_findings *ret_findings, struct err *err);

/* Whether they choose this target of this service; an empty list chooses all. */
bool plan_chooses(const struct plan_options *options, const char *service, const char *target);

/* Whether the other tool's record on this service's targets decides what is planned: it has to be asked for first. */
bool plan_reads_record(const struct service *service, const struct plan_options *options);

/* The migration of a step; NULL: it is no longer in the catalog. Borrowed from the fleet. */
static inline const struct migration *plan_migration(const struct plan *plan, const struct plan_step *step)
{
    return step->migration < 0 ? NULL : &plan->fleet->services[step->service].migrations[step->migration];
}
/* Whether something has to run to take a step back. */
static inline bool plan_goes_back(const struct plan_step *step)
{
    return step->way_back == WAY_BACK_UNDO || step->way_back == WAY_BACK_EARLIER;
}

/* How much is pending on one target (steps that `up` would run, callbacks not counted), and how much is applied that
 * the files do not know. `category` NULL: of all; else only what is of that one, and `unknown` is 0. */
struct plan_counts {
    size_t applied, pending, unknown;
};
struct plan_counts plan_pending(const struct service *service, const struct target_contents *contents,
                                const char *category);

/* The graph as Mermaid ("flowchart LR"), services as subgraphs. */
void plan_mermaid(const struct plan *plan, struct buf *out);
/* {"digest", "direction", "steps":[{"index","service","target","migration","name","direction","wayBack","needs":[...],
 * "file",...}], ...}: what `greylag plan --json` prints. */
/* `category`: only the steps of it, with the indexes that they have; NULL: all. */
void plan_json(const struct plan *plan, const struct plan_findings *findings, const char *category, struct buf *out);
