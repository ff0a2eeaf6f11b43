/* What the parts of the planner share while a plan is made. PURE. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "plan/graph.h"
#include "plan/lookup.h"
#include "plan/plan.h"

/* A slot's state of a migration; from 0: the node of its step, or of the baseline that stands for it. OUTDATED: a
 * repeatable one with another text. */
enum { PENDING = -1, APPLIED = -2, OUTDATED = -3 };

struct elsewhere;

/* One target of the fleet, selected or not. */
struct slot {
    int service;
    const char *name;
    bool selected;
    int target;                        /* index into plan->targets, when selected */
    const struct target_contents *contents; /* NULL: empty */
    int *state;                        /* for each migration of the service */
    const struct applied **held;       /* the same: what is applied of it; NULL in a service without repeatable ones */
    int baseline, covered;             /* the one that stands for all up to `covered` here, -1: none */
    size_t unknown;                    /* how many are applied that the files do not know */
    const char *record;                /* planning_record_of; NULL: not made yet */
    struct elsewhere *elsewhere;       /* what is on record there under another name; NULL: not asked yet */
    const char *unknown_last;          /* of these the id of the highest version, NULL: none, or it cannot be told */
    int applied_last;                  /* the last one with a version that is applied, -1: none */
    int order_last;                    /* the same, but no repeatable one: what stands before it is out of order */
    int first, last;                   /* nodes of its first and last step, -1: none */
};

/* A step before it has its place. */
struct draft_step {
    int slot, migration;           /* -1: FORGET of what the files do not know */
    const struct applied *applied; /* DOWN, FORGET: what it takes back; ADOPT, UP of a repeatable one: what it
                                    * replaces */
    const struct applied_text *earlier; /* repeatable: the text to which its way back, or it, goes back; NULL: none */
    enum direction direction;
    bool in_history;               /* ADOPT: another tool's record says it */
    const char *taken_from;        /* ADOPT: as struct plan_step's; NULL: none */
};

/* A service's versions, for what is not named by id; made when it is first asked for. */
struct versions;

struct planning {
    const struct fleet *fleet;
    const struct plan_options *options;
    struct arena *arena;   /* of the plan */
    struct arena *scratch; /* until plan_make ends */
    const struct target_contents *contents; /* as given: also of what the fleet does not have any more */
    size_t contents_count;
    struct slot *slots;    /* in the order of services and targets */
    int slot_count;
    int *first_slot;       /* for each service, and one more */
    bool *selected;        /* services */
    struct lookup services; /* by name */
    struct lookup ids;      /* migrations by id; the owner is the service */
    struct versions **versions; /* for each service; NULL: not made yet */
    struct draft_step *steps;
    int step_count;
    size_t step_room;
    struct graph graph;
    struct plan_finding *findings;
    size_t finding_count, finding_room, error_count;
    struct plan_target *targets;
    size_t target_count;
};

/* Text and hint are copied into the plan's arena; `rule` is static. */
void planning_find(struct planning *planning, bool error, enum finding_rule rule, const char *hint,
                   const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void planning_place(struct planning *planning, const char *where); /* of the last finding; borrowed */
int planning_service(const struct planning *planning, const char *name);                  /* -1: none */
int planning_migration(const struct planning *planning, int service, const char *id);     /* by id; -1: none */
/* The migration that a target has on its record under this id, maybe with its version written in another way; -1:
 * none. */
int planning_held(const struct planning *planning, int service, const char *id);
/* By id, by version as written, or by a version that is the same number; of several the last. Callbacks have neither.
 * -1: none. */
int planning_version(const struct planning *planning, int service, const char *version);
/* The last migration that a limit includes: of a version all that have it (a baseline beside its versioned one), of an
 * id that one. -1: none that has a place among versions. */
int planning_last_of(const struct planning *planning, int service, const char *version);
/* The id under which a target has that version on its record, and which no file has; NULL: none. */
const char *planning_recorded(const struct planning *planning, const struct slot *slot, const char *version);
bool planning_same_version(const char *a, const char *b); /* as written, or the same number */
/* Whether the order of this service's migrations is that of numbers, so that an id without a file has a place in it. */
bool planning_has_numbers(const struct service *service);
int planning_compare(const char *a, const char *b); /* two versions, or ids, of such a service */
/* Whether its order is that of versions: a versioned one, a baseline, or a repeatable one that has a version and stands
 * among them (Liquibase's runOnChange). */
bool planning_is_versioned(const struct migration *migration);
/* The last migration that the options' limits allow, -1: none. An unknown version is a finding. What has no version is
 * not limited. */
int planning_limit(struct planning *planning, int service);

/* A range of a dependency, ready to be asked. `at`: its version's place, -1: no migration has that version. */
struct bound {
    const struct planning *planning;
    int service, at;
    const char *version;
    enum range range;
};
/* False: it cannot be told what is above and what below (the version does not exist and is no number). */
bool bound_make(const struct planning *planning, int service, const struct dependency *dependency, struct bound *ret);
bool bound_holds(const struct bound *bound, int migration);
int bound_first(const struct bound *bound); /* at least, above: the first that holds; how many there are: none does */
bool bound_holds_version(const struct bound *bound, const char *version); /* of what the files do not know */
int planning_add(struct planning *planning, int slot, int migration, const struct applied *applied);
const char *planning_step_text(const struct planning *planning, int node); /* "user:2", "user:2 on user-eu" */
/* The services that must be through before `service` begins: what it depends on, and what services without steps in
 * this plan depend on in its place. Calls `take` for each, once. */
typedef void planning_take(struct planning *planning, int service, int before);
void planning_before(struct planning *planning, int service, planning_take *take);

/* The first step of the service on each of its targets comes behind the last of the other on all of its. */
void planning_follow(struct planning *planning, int service, int before);

/* The directions: choose the steps and connect them. */
void planning_up(struct planning *planning);
void planning_down(struct planning *planning);
void planning_connect(struct planning *planning); /* up: what is chosen, by what it needs */
void planning_adopt(struct planning *planning);
void planning_import(struct planning *planning, int slot); /* adopt: one target, from the other tool's record */
/* One Sqitch registry holds the changes of many projects: whether this row is of another one than the service's. */
bool planning_is_others(const struct service *service, enum history_tool tool, const struct foreign_row *row);
void planning_check_kept(struct planning *planning, int slot); /* with mirror_history: it is clear which that is */
/* Of a target whose worker keeps that record (mirror_history), for each migration whether the record says what our own
 * says. NULL: none is kept, or what is wrong with it is a finding. */
const bool *planning_told(struct planning *planning, int slot);
/* Adopts a migration that is neither on the record nor in this plan already. */
void planning_record(struct planning *planning, int slot, int migration, bool in_history);

/* elsewhere.c: what greylag's own record in a target's database says under another name. */
/* up: refuses what is pending and applied there already, and two targets that are one database. */
void planning_refuse_known(struct planning *planning, int slot, int limit);
/* The pending migration that has the text of one that is applied under another version; NULL: none. */
const struct migration *planning_renumbered(const struct planning *planning, int slot, const struct applied *applied);
/* import: takes over what is pending and applied there. Whether there was any. */
bool planning_take_over(struct planning *planning, int slot);
/* baseline: the same of one that is recorded in any case, NULL: it is not applied there under another name. */
const char *planning_taken_from(const struct planning *planning, int slot, int migration);
const char *planning_record_of(const struct planning *planning, int slot); /* "fleet/environment/service/target" */

/* choose.c: a target's state from what it holds. Finds what does not fit, of selected targets. */
void slot_mark(struct planning *planning, struct slot *slot);
/* Then: which baseline stands for the earlier ones. `limit` as planning_limit. */
void slot_take_baseline(const struct planning *planning, struct slot *slot, int limit);
/* Then: whether this migration is to be planned. Callbacks are not. */
bool slot_wants(const struct planning *planning, const struct slot *slot, int migration, int limit);
/* What stands for another one has its state; after the baseline has its own. */
void slot_settle_baseline(const struct planning *planning, struct slot *slot);
/* The text of a repeatable migration that its way back can bring into effect again, NULL: none. */
const struct applied_text *applied_earlier_text(const struct applied *applied);

enum way_back planning_way_back(const struct draft_step *draft, const struct migration *migration);

/* plan.c */
void planning_begin(struct planning *planning, const struct target_contents *contents, size_t contents_count);

void leaf_set(const struct planning *planning, struct plan_step *step);
