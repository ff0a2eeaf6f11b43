#include "plan/planning.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

void planning_find(struct planning *planning, bool error, const char *rule, const char *hint, const char *format, ...)
{
    if (planning->finding_count == planning->finding_room) {
        size_t room = planning->finding_room ? 2 * planning->finding_room : 16;
        struct plan_finding *items = arena_array(planning->arena, room, sizeof *items);
        if (planning->finding_count)
            memcpy(items, planning->findings, planning->finding_count * sizeof *items);
        planning->findings = items;
        planning->finding_room = room;
    }
    struct buf text = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&text, format, args);
    va_end(args);
    planning->findings[planning->finding_count++] =
        (struct plan_finding){error, rule, arena_strdup(planning->arena, buf_text(&text)), hint, NULL};
    planning->error_count += error;
    buf_release(&text);
}

void planning_place(struct planning *planning, const char *where)
{
    planning->findings[planning->finding_count - 1].where = where;
}

int planning_service(const struct planning *planning, const char *name)
{
    for (size_t i = 0; i < planning->fleet->service_count; i++) {
        if (strcmp(planning->fleet->services[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct id_at *)a)->id, ((const struct id_at *)b)->id);
}

int planning_migration(const struct planning *planning, int service, const char *id)
{
    size_t count = planning->fleet->services[service].migration_count;
    struct id_at key = {.id = id};
    const struct id_at *found = count ? bsearch(&key, planning->ids[service], count, sizeof key, by_id) : NULL;
    return found ? found->at : -1;
}

#define VERSION_ROOM 600

/* Parts between separators without leading zeros, joined by '.', without trailing zero parts: 2 = 2.0 = 02. */
static void canonical(const char *text, char out[VERSION_ROOM])
{
    static const char separators[] = "._-";
    size_t len = 0, keep = 0;
    for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
        size_t part = strcspn(text, separators), zeros = strspn(text, "0");
        if (len + part + 2 > VERSION_ROOM)
            break;
        if (len)
            out[len++] = '.';
        memcpy(out + len, text + zeros, part - zeros);
        len += part - zeros;
        if (part > zeros)
            keep = len;
        text += part;
    }
    out[keep] = 0;
}

/* Without dashes: 2025-08-01 = 20250801. */
static bool same_without_dashes(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, "-");
        b += strspn(b, "-");
        if (*a != *b || !*a)
            return *a == *b;
    }
}

static bool same_number(const char *a, const char *b)
{
    char x[VERSION_ROOM], y[VERSION_ROOM];
    canonical(a, x);
    canonical(b, y);
    return strcmp(x, y) == 0 || same_without_dashes(a, b);
}

bool planning_same_version(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || same_number(a, b);
}

int planning_version(const struct planning *planning, int service, const char *version)
{
    const struct service *owner = &planning->fleet->services[service];
    int found = planning_migration(planning, service, version);
    for (size_t i = owner->migration_count; found < 0 && i-- > 0;) {
        if (strcmp(owner->migrations[i].version, version) == 0)
            found = (int)i;
    }
    if ((*version == 'V' || *version == 'v') && version[1] >= '0' && version[1] <= '9')
        version++;
    for (size_t i = owner->migration_count; found < 0 && i-- > 0;) {
        if (same_number(owner->migrations[i].version, version))
            found = (int)i;
    }
    return found;
}

int planning_add(struct planning *planning, int slot, int migration, const struct applied *applied)
{
    if (planning->step_count == planning->step_room) {
        int room = planning->step_room ? 2 * planning->step_room : 256;
        struct draft_step *steps = arena_array(planning->scratch, (size_t)room, sizeof *steps);
        if (planning->step_count)
            memcpy(steps, planning->steps, (size_t)planning->step_count * sizeof *steps);
        planning->steps = steps;
        planning->step_room = room;
    }
    int node = planning->step_count++;
    planning->steps[node] = (struct draft_step){slot, migration, applied, planning->options->direction, false};
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
    const char *id = step->migration >= 0 ? service->migrations[step->migration].id : step->applied->migration;
    if (service->target_count <= 1)
        return arena_printf(planning->scratch, "%s:%s", service->name, id);
    return arena_printf(planning->scratch, "%s:%s on %s", service->name, id, slot->name);
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
