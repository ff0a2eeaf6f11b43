#include "plan/planning.h"

#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/cleanup.h"

void planning_find(struct planning *planning, bool error, enum finding_rule rule, const char *hint,
                   const char *format, ...)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    struct plan_finding *finding =
        arena_add(planning->arena, planning->findings, planning->finding_count, planning->finding_room);
    *finding = (struct plan_finding){error, finding_rule_text(rule),
                                     arena_strdup(planning->arena, buf_text(&text)),
                                     arena_strdup(planning->arena, hint), NULL};
    planning->error_count += error;
}

void planning_place(struct planning *planning, const char *where)
{
    planning->findings[planning->finding_count - 1].where = where;
}

int planning_service(const struct planning *planning, const char *name)
{
    return lookup_get(&planning->services, 0, name);
}

int planning_migration(const struct planning *planning, int service, const char *id)
{
    return lookup_get(&planning->ids, service, id);
}

int planning_add(struct planning *planning, int slot, int migration, const struct applied *applied)
{
    int node = planning->step_count;
    *arena_add(planning->scratch, planning->steps, planning->step_count, planning->step_room) = (struct draft_step){
        .slot = slot, .migration = migration, .applied = applied, .direction = planning->options->direction};
    struct slot *at = &planning->slots[slot];
    if (migration >= 0)
        at->state[migration] = node;
    if (at->first < 0)
        at->first = node;
    else
        graph_edge(&planning->graph, node, at->last, NULL);
    at->last = node;
    return node;
}

const char *planning_step_text(const struct planning *planning, int node)
{
    const struct draft_step *step = &planning->steps[node];
    const struct slot *slot = &planning->slots[step->slot];
    const struct service *service = &planning->fleet->services[slot->service];
    const char *id = step->applied ? step->applied->migration : service->migrations[step->migration].id;
    if (service->target_count <= 1)
        return arena_printf(planning->scratch, "%s:%s", service->name, id);
    return arena_printf(planning->scratch, "%s:%s on %s", service->name, id, slot->name);
}

const char *planning_record_of(const struct planning *planning, int s)
{
    struct slot *slot = &planning->slots[s];
    if (!slot->record)
        slot->record = arena_printf(planning->arena, "%s/%s/%s/%s", planning->fleet->name, planning->fleet->environment,
                                    planning->fleet->services[slot->service].name, slot->name);
    return slot->record;
}

static bool has_steps(const struct planning *planning, int service)
{
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        if (planning->slots[s].first >= 0)
            return true;
    }
    return false;
}

void planning_before(struct planning *planning, int service, planning_take *take)
{
    size_t count = planning->fleet->service_count, head = 0, tail = 0;
    auto_free bool *seen = xcalloc(count + 1, sizeof *seen);
    auto_free int *queue = xcalloc(count + 1, sizeof *queue);
    queue[tail++] = service;
    while (head < tail) {
        const struct service *owner = &planning->fleet->services[queue[head++]];
        for (size_t i = 0; i < owner->depends_on_count; i++) {
            int before = planning_service(planning, owner->depends_on[i]);
            if (before < 0 || seen[before])
                continue;
            seen[before] = true;
            if (before == service || has_steps(planning, before))
                take(planning, service, before);
            else
                queue[tail++] = before;
        }
    }
}
