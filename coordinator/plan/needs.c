/* Forward: what is chosen is connected with what it needs. */
#include <string.h>

#include "plan/planning.h"

void planning_follow(struct planning *planning, int service, int before)
{
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        for (int b = planning->first_slot[before]; b < planning->first_slot[before + 1]; b++) {
            if (planning->slots[s].first >= 0 && planning->slots[b].last >= 0)
                graph_edge(&planning->graph, planning->slots[s].first, planning->slots[b].last, "depends_on");
        }
    }
}

static size_t pending_outside(const struct planning *planning, int service)
{
    size_t pending = 0;
    int last = (int)planning->fleet->services[service].migration_count - 1;
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        for (int m = 0; m <= last; m++)
            pending += slot_wants(planning, &planning->slots[s], m, last);
    }
    return pending;
}

static void connect_service(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    planning_before(planning, service, planning_follow);
    for (size_t i = 0; i < owner->depends_on_count; i++) {
        int before = planning_service(planning, owner->depends_on[i]);
        if (before < 0)
            planning_find(planning, true, FINDING_UNKNOWN_SERVICE, "correct `depends_on` in the fleet file",
                          "service %s depends on %s, which is no service of the fleet", owner->name,
                          owner->depends_on[i]);
        else if (planning->selected[service] && !planning->selected[before] && pending_outside(planning, before))
            planning_find(planning, false, FINDING_LEFT_OUT, "",
                          "service %s depends on %s, which has %zu pending steps outside of this plan", owner->name,
                          owner->depends_on[i], pending_outside(planning, before));
    }
}

/* A dependency of one step, and the targets that it is about: all of another service, the same one of its own. */
struct need {
    struct planning *planning;
    int node, service, first, end;
    const struct dependency *dependency;
};

static const struct migration *migrations_of(const struct need *need)
{
    return need->planning->fleet->services[need->service].migrations;
}

/* "user:2", "user >= 2" */
static const char *need_text(const struct need *need)
{
    const struct dependency *dependency = need->dependency;
    if (dependency->range == RANGE_EXACTLY)
        return arena_printf(need->planning->scratch, "%s:%s", dependency->service, dependency->version);
    return arena_printf(need->planning->scratch, "%s %s %s", dependency->service, range_text(dependency->range),
                        dependency->version);
}

/* ---- one migration ---- */

static void connect_migration(const struct need *need, int migration)
{
    struct planning *planning = need->planning;
    for (int s = need->first; s < need->end; s++) {
        int state = planning->slots[s].state[migration];
        if (state >= 0)
            graph_edge(&planning->graph, need->node, state, need->dependency->where);
        else if (state == PENDING)
            planning_find(planning, true, FINDING_UNMET_DEPENDENCY, "let the plan include it, or apply it first",
                          "%s needs %s:%s (%s), which is neither applied on %s nor in this plan",
                          planning_step_text(planning, need->node), need->dependency->service,
                          migrations_of(need)[migration].id, need->dependency->where, planning->slots[s].name);
    }
}

/* ---- a range of versions ---- */

/* Applied or planned; what stands for another one by its state alone is not. */
static bool is_there(const struct need *need, const struct slot *slot, int m)
{
    const struct migration *migration = &migrations_of(need)[m];
    return planning_is_versioned(migration) && slot->state[m] != PENDING &&
           (migration->kind != MIGRATION_BASELINE || m <= slot->covered);
}

/* The last such one, -1: none. */
static int last_there(const struct need *need, const struct slot *slot)
{
    int m = (int)need->planning->fleet->services[need->service].migration_count - 1;
    while (m >= 0 && !is_there(need, slot, m))
        m--;
    return m;
}

/* Applied, but unknown to the files: a database ahead of the code. NULL: none in (or out of) the range. */
static const char *stranger(const struct need *need, const struct slot *slot, const struct bound *bound, bool holds)
{
    for (size_t i = 0; slot->unknown > 0 && i < slot->contents->applied_count; i++) {
        const char *id = slot->contents->applied[i].migration;
        if (planning_held(need->planning, need->service, id) < 0 && *id >= '0' && *id <= '9' &&
            bound_holds_version(bound, id) == holds)
            return id;
    }
    return NULL;
}

static void refuse_below(const struct need *need, const struct slot *slot, int satisfies)
{
    int last = last_there(need, slot);
    const char *service = need->dependency->service;
    const char *at = last < 0 ? "nothing" : migrations_of(need)[last].id;
    const char *what = satisfies < 0 ? arena_printf(need->planning->scratch, "no migration of %s satisfies it", service)
                                     : arena_printf(need->planning->scratch, "the first that satisfies it is %s",
                                                    migrations_of(need)[satisfies].id);
    planning_find(need->planning, true, FINDING_UNMET_RANGE,
                  satisfies < 0 ? "correct the range, or add what satisfies it"
                                : "let the plan include it, or apply it first",
                  "%s needs %s (%s), but %s is at %s on %s, and this plan takes it no further; %s",
                  planning_step_text(need->planning, need->node), need_text(need), need->dependency->where, service, at,
                  slot->name, what);
    planning_place(need->planning, need->dependency->where);
}

/* At least, above: behind the first planned one that satisfies it, unless one is applied. */
static void connect_lowest(const struct need *need, const struct bound *bound)
{
    struct planning *planning = need->planning;
    int count = (int)planning->fleet->services[need->service].migration_count, first = bound_first(bound);
    for (int s = need->first; s < need->end; s++) {
        struct slot *slot = &planning->slots[s];
        int m = first;
        if (slot->applied_last >= first || stranger(need, slot, bound, true))
            continue;
        while (m < count && (slot->state[m] < 0 || !is_there(need, slot, m)))
            m++;
        if (m < count)
            graph_edge(&planning->graph, need->node, slot->state[m], need->dependency->where);
        else
            refuse_below(need, slot, first < count ? first : -1);
    }
}

/* At most, below: what is applied or planned of that service must not go beyond. */
static void check_highest(const struct need *need, const struct bound *bound)
{
    struct planning *planning = need->planning;
    for (int s = need->first; s < need->end; s++) {
        const struct slot *slot = &planning->slots[s];
        int last = last_there(need, slot), fits = last;
        const char *beyond = stranger(need, slot, bound, false);
        if ((last < 0 || bound_holds(bound, last)) && !beyond)
            continue;
        while (fits >= 0 && !bound_holds(bound, fits))
            fits--;
        bool planned = !beyond && slot->state[last] >= 0;
        planning_find(planning, true, FINDING_UNMET_RANGE,
                      planned ? "take that service no further (--target SERVICE=VERSION), or correct the range"
                              : "correct the range, or take that service back first",
                      "%s needs %s (%s), but %s:%s is %s on %s; the last that satisfies it is %s",
                      planning_step_text(planning, need->node), need_text(need), need->dependency->where,
                      need->dependency->service, beyond ? beyond : migrations_of(need)[last].id,
                      planned ? "in this plan" : "applied", slot->name,
                      fits < 0 ? "none of its migrations" : migrations_of(need)[fits].id);
        planning_place(planning, need->dependency->where);
    }
}

/* ---- every step ---- */

static void refuse_missing(const struct need *need)
{
    planning_find(need->planning, true, need->service < 0 ? FINDING_UNKNOWN_SERVICE : FINDING_MISSING_DEPENDENCY,
                  "correct the dependency, or add what it names", "%s needs %s (%s), which does not exist",
                  planning_step_text(need->planning, need->node), need_text(need), need->dependency->where);
    planning_place(need->planning, need->dependency->where);
}

/* No file has that version: what is on a target's record all the same is there. */
static void connect_recorded(const struct need *need)
{
    struct planning *planning = need->planning;
    const char *version = need->dependency->version;
    bool any = false;
    for (int s = need->first; s < need->end; s++)
        any = any || planning_recorded(planning, &planning->slots[s], version);
    if (!any)
        refuse_missing(need);
    for (int s = need->first; any && s < need->end; s++) {
        if (planning_recorded(planning, &planning->slots[s], version))
            continue;
        planning_find(planning, true, FINDING_UNMET_DEPENDENCY, "bring its file back, or correct the dependency",
                      "%s needs %s (%s), which is not applied on %s and has no file",
                      planning_step_text(planning, need->node), need_text(need), need->dependency->where,
                      planning->slots[s].name);
        planning_place(planning, need->dependency->where);
    }
}

static void connect_dependency(struct planning *planning, int node, const struct dependency *dependency)
{
    const struct draft_step *step = &planning->steps[node];
    struct need need = {.planning = planning, .node = node, .dependency = dependency,
                        .service = planning_service(planning, dependency->service)};
    struct bound bound;
    if (need.service < 0) {
        refuse_missing(&need);
        return;
    }
    bool own = need.service == planning->slots[step->slot].service;
    need.first = own ? step->slot : planning->first_slot[need.service];
    need.end = own ? step->slot + 1 : planning->first_slot[need.service + 1];
    if (dependency->range == RANGE_EXACTLY) {
        int migration = planning_version(planning, need.service, dependency->version);
        if (migration >= 0)
            connect_migration(&need, migration);
        else
            connect_recorded(&need);
    } else if (!bound_make(planning, need.service, dependency, &bound)) {
        refuse_missing(&need);
    } else if (dependency->range == RANGE_AT_LEAST || dependency->range == RANGE_ABOVE) {
        connect_lowest(&need, &bound);
    } else {
        check_highest(&need, &bound);
    }
}

void planning_connect(struct planning *planning)
{
    for (int service = 0; service < (int)planning->fleet->service_count; service++)
        connect_service(planning, service);
    for (int node = 0; node < planning->step_count; node++) {
        const struct draft_step *step = &planning->steps[node];
        const struct service *owner = &planning->fleet->services[planning->slots[step->slot].service];
        const struct migration *migration = &owner->migrations[step->migration];
        for (size_t i = 0; i < migration->depends_count; i++)
            connect_dependency(planning, node, &migration->depends[i]);
    }
}
