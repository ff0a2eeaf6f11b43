/* Forward: what is pending, in which order. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "plan/planning.h"

#define NAMED_MAX 5

/* What the target has applied: marks it, and finds what does not fit. Returns the last applied migration, -1: none. */
static int mark_applied(struct planning *planning, struct slot *slot)
{
    const struct service *service = &planning->fleet->services[slot->service];
    size_t unknown = 0, count = slot->contents ? slot->contents->applied_count : 0;
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    int last = -1;
    for (size_t i = 0; i < count; i++) {
        const struct applied *applied = &slot->contents->applied[i];
        int migration = planning_migration(planning, slot->service, applied->migration);
        if (migration < 0) {
            if (unknown++ < NAMED_MAX)
                buf_addf(&names, "%s%s", unknown > 1 ? ", " : "", applied->migration);
            continue;
        }
        slot->state[migration] = APPLIED;
        last = migration > last ? migration : last;
        if (slot->selected && strcmp(applied->checksum, service->migrations[migration].up) != 0) {
            planning_find(planning, true, "drift", "bring the file back as it was, and make the change in a new migration",
                          "%s was changed after it was applied on %s: applied %.12s..., now %.12s... (%s)",
                          applied->migration, slot->name, applied->checksum, service->migrations[migration].up,
                          service->migrations[migration].file);
            planning_place(planning, service->migrations[migration].file);
        }
    }
    if (unknown && slot->selected)
        planning_find(planning, false, "ahead", "", "%s has %zu applied migrations that the files do not know: %s%s",
                      slot->name, unknown, buf_text(&names), unknown > NAMED_MAX ? ", ..." : "");
    return last;
}

int planning_limit(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    int limit = (int)owner->migration_count - 1;
    for (size_t i = 0; i < planning->options->limit_count; i++) {
        const struct plan_limit *asked = &planning->options->limits[i];
        if (asked->service && strcmp(asked->service, owner->name) != 0)
            continue;
        int at = planning_version(planning, service, asked->version);
        if (at < 0)
            planning_find(planning, true, "unknown-version", "`greylag validate` lists what there is",
                          "service %s has no migration of version %s", owner->name, asked->version);
        else if (at < limit)
            limit = at;
    }
    return limit;
}

static void check_order(struct planning *planning, const struct slot *slot, int migration, int last)
{
    const struct service *service = &planning->fleet->services[slot->service];
    if (migration >= last || planning->options->out_of_order)
        return;
    planning_find(planning, true, "out-of-order", "allow it with --out-of-order, or give it a higher version",
                  "%s:%s is not applied on %s, but the later %s is (%s)", service->name, service->migrations[migration].id,
                  slot->name, service->migrations[last].id, service->migrations[migration].file);
    planning_place(planning, service->migrations[migration].file);
}

static void check_size(struct planning *planning, const struct migration *migration)
{
    if (migration->up_size > (int64_t)MIGRATION_MAX || migration->down_size > (int64_t)MIGRATION_MAX)
        planning_find(planning, true, "too-large", "split it, or load the data another way",
                      "%s has %lld bytes; at most %zu are allowed", migration->file,
                      (long long)(migration->up_size > migration->down_size ? migration->up_size : migration->down_size),
                      MIGRATION_MAX);
}

/* What cannot be run can only be recorded. */
static void check_runnable(struct planning *planning, const struct slot *slot, int m)
{
    const struct service *service = &planning->fleet->services[slot->service];
    const struct migration *migration = &service->migrations[m];
    if (!migration->refused)
        return;
    planning_find(planning, true, "not-built",
                  "run it with its own tool and `greylag import`, or take it for applied with `greylag baseline`",
                  "%s:%s is pending on %s, but greylag does not run it: %s", service->name, migration->id, slot->name,
                  migration->refused);
    planning_place(planning, migration->file);
}

static void choose_service(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    int limit = planning->selected[service] ? planning_limit(planning, service) : -1;
    for (int m = 0; m <= limit; m++)
        check_size(planning, &owner->migrations[m]);
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        struct slot *slot = &planning->slots[s];
        int last = mark_applied(planning, slot);
        for (int m = 0; slot->selected && m <= limit; m++) {
            if (slot->state[m] != PENDING)
                continue;
            check_order(planning, slot, m, last);
            check_runnable(planning, slot, m);
            planning_add(planning, s, m, NULL);
        }
    }
}

static void connect_services(struct planning *planning, int service, int before)
{
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        for (int b = planning->first_slot[before]; b < planning->first_slot[before + 1]; b++) {
            if (planning->slots[s].first >= 0 && planning->slots[b].last >= 0)
                graph_edge(&planning->graph, planning->slots[s].first, planning->slots[b].last, "depends_on");
        }
    }
}

/* One step's dependency on one migration: of all targets of another service, of the same target of its own. */
static void connect_dependency(struct planning *planning, int node, const struct dependency *dependency)
{
    const struct draft_step *step = &planning->steps[node];
    int service = planning_service(planning, dependency->service);
    int migration = service >= 0 ? planning_version(planning, service, dependency->version) : -1;
    if (migration < 0) {
        planning_find(planning, true, service < 0 ? "unknown-service" : "missing-dependency",
                      "correct the dependency, or add what it names", "%s needs %s:%s (%s), which does not exist",
                      planning_step_text(planning, node), dependency->service, dependency->version, dependency->where);
        planning_place(planning, dependency->where);
        return;
    }
    bool own = service == planning->slots[step->slot].service;
    int first = own ? step->slot : planning->first_slot[service];
    int end = own ? step->slot + 1 : planning->first_slot[service + 1];
    for (int s = first; s < end; s++) {
        int state = planning->slots[s].state[migration];
        if (state >= 0)
            graph_edge(&planning->graph, node, state, dependency->where);
        else if (state == PENDING)
            planning_find(planning, true, "unmet-dependency", "let the plan include it, or apply it first",
                          "%s needs %s:%s (%s), which is neither applied on %s nor in this plan",
                          planning_step_text(planning, node), dependency->service,
                          planning->fleet->services[service].migrations[migration].id, dependency->where,
                          planning->slots[s].name);
    }
}

static size_t pending_outside(const struct planning *planning, int service)
{
    size_t pending = 0;
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        for (size_t m = 0; m < planning->fleet->services[service].migration_count; m++)
            pending += planning->slots[s].state[m] == PENDING;
    }
    return pending;
}

static void connect_service(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    planning_before(planning, service, connect_services);
    for (size_t i = 0; i < owner->depends_on_count; i++) {
        int before = planning_service(planning, owner->depends_on[i]);
        if (before < 0)
            planning_find(planning, true, "unknown-service", "correct `depends_on` in the fleet file",
                          "service %s depends on %s, which is no service of the fleet", owner->name,
                          owner->depends_on[i]);
        else if (planning->selected[service] && !planning->selected[before] && pending_outside(planning, before))
            planning_find(planning, false, "left-out", "", "service %s depends on %s, which has %zu pending steps outside of this plan",
                          owner->name, owner->depends_on[i], pending_outside(planning, before));
    }
}

/* P5: what has no way back is named. */
static void name_irreversible(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    size_t count = 0;
    for (size_t m = 0; m < owner->migration_count; m++) {
        bool planned = false;
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++)
            planned = planned || planning->slots[s].state[m] >= 0;
        if (planned && !owner->migrations[m].down && count++ < NAMED_MAX)
            buf_addf(&names, "%s%s", names.len ? ", " : "", owner->migrations[m].id);
    }
    if (count)
        planning_find(planning, false, "irreversible", "write the undo, or accept it with --accept-irreversible",
                      "service %s: %zu of the planned migrations have no way back: %s%s", owner->name, count,
                      buf_text(&names), count > NAMED_MAX ? ", ..." : "");
}

void planning_up(struct planning *planning)
{
    int services = (int)planning->fleet->service_count;
    for (int service = 0; service < services; service++)
        choose_service(planning, service);
    for (int service = 0; service < services; service++)
        connect_service(planning, service);
    for (int node = 0; node < planning->step_count; node++) {
        const struct draft_step *step = &planning->steps[node];
        const struct service *owner = &planning->fleet->services[planning->slots[step->slot].service];
        const struct migration *migration = &owner->migrations[step->migration];
        for (size_t i = 0; i < migration->depends_count; i++)
            connect_dependency(planning, node, &migration->depends[i]);
    }
    for (int service = 0; service < services; service++)
        name_irreversible(planning, service);
}
