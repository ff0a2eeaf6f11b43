/* What the parts of the planner share while a plan is made. PURE. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "plan/graph.h"
#include "plan/plan.h"

enum { PENDING = -1, APPLIED = -2 }; /* a slot's state of a migration; from 0: the node of its step */

/* One target of the fleet, selected or not. */
struct slot {
    int service;
    const char *name;
    bool selected;
    int target;                        /* index into plan->targets, when selected */
    const struct target_contents *contents; /* NULL: empty */
    int *state;                        /* for each migration of the service */
    int first, last;                   /* nodes of its first and last step, -1: none */
};

/* A step before it has its place. */
struct draft_step {
    int slot, migration;           /* -1: FORGET of what the files do not know */
    const struct applied *applied; /* DOWN, FORGET, ADOPT of what is on the record already */
    enum direction direction;
    bool in_history;
};

struct id_at {
    const char *id;
    int at;
};

struct planning {
    const struct fleet *fleet;
    const struct plan_options *options;
    struct arena *arena;   /* of the plan */
    struct arena *scratch; /* until plan_make ends */
    struct slot *slots;    /* in the order of services and targets */
    int slot_count;
    int *first_slot;       /* for each service, and one more */
    bool *selected;        /* services */
    struct id_at **ids;    /* for each service: its migrations by id, sorted */
    struct draft_step *steps;
    int step_count, step_room;
    struct graph graph;
    struct plan_finding *findings;
    size_t finding_count, finding_room, error_count;
    struct plan_target *targets;
    size_t target_count;
};

/* `text` is made in the plan's arena; `hint` has to be static or there. */
void planning_find(struct planning *planning, bool error, const char *rule, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void planning_place(struct planning *planning, const char *where); /* of the last finding; borrowed */
int planning_service(const struct planning *planning, const char *name);                  /* -1: none */
int planning_migration(const struct planning *planning, int service, const char *id);     /* by id; -1: none */
/* By id, by version as written, or by a version that is the same number; of several the last. -1: none. */
int planning_version(const struct planning *planning, int service, const char *version);
bool planning_same_version(const char *a, const char *b); /* as written, or the same number */
/* The last migration that the options' limits allow, -1: none. An unknown version is a finding. */
int planning_limit(struct planning *planning, int service);
int planning_add(struct planning *planning, int slot, int migration, const struct applied *applied);
const char *planning_step_text(const struct planning *planning, int node); /* "user:2", "user:2 on user-eu" */
/* The services that must be through before `service` begins: what it depends on, and what services without steps in
 * this plan depend on in its place. Calls `take` for each, once. */
typedef void planning_take(struct planning *planning, int service, int before);
void planning_before(struct planning *planning, int service, planning_take *take);

/* The directions: choose the steps and connect them. */
void planning_up(struct planning *planning);
void planning_down(struct planning *planning);
void planning_adopt(struct planning *planning);
void planning_import(struct planning *planning, int slot); /* adopt: one target, from the other tool's record */
/* Adopts a migration that is neither on the record nor in this plan already. */
void planning_record(struct planning *planning, int slot, int migration, bool in_history);
