#include "plan/undo.h"

#include <string.h>

const struct service *undo_service(const struct undoing *undoing, int slot)
{
    return &undoing->planning->fleet->services[undoing->planning->slots[slot].service];
}

const char *undo_id(const struct undo *undo)
{
    return undo->applied->migration;
}

bool undo_stands_apart(const struct undo *undo)
{
    return undo->earlier || !undo->placed;
}

static void collect_slot(struct undoing *undoing, int s, bool placed)
{
    struct planning *planning = undoing->planning;
    struct slot *slot = &planning->slots[s];
    for (size_t i = slot->contents ? slot->contents->applied_count : 0; i-- > 0;) {
        const struct applied *applied = &slot->contents->applied[i];
        int migration = planning_held(planning, slot->service, applied->migration);
        const struct migration *known = migration < 0 ? NULL : &undo_service(undoing, s)->migrations[migration];
        if (placed != (known ? planning_is_versioned(known) : applied->text_count == 0))
            continue;
        if (migration >= 0) {
            slot->state[migration] = APPLIED;
            undoing->places[s][migration] = (int)undoing->count;
        }
        undoing->undos[undoing->count++] =
            (struct undo){.slot = s, .migration = migration, .applied = applied, .placed = placed,
                          .repeatable = known ? known->kind == MIGRATION_REPEATABLE : !placed};
    }
}

void undo_collect(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    size_t total = 0, slots = (size_t)planning->slot_count;
    for (size_t s = 0; s < slots; s++)
        total += planning->slots[s].contents ? planning->slots[s].contents->applied_count : 0;
    undoing->undos = arena_array(planning->scratch, total + 1, sizeof *undoing->undos);
    undoing->first = arena_array(planning->scratch, slots + 1, sizeof *undoing->first);
    undoing->places = arena_array(planning->scratch, slots + 1, sizeof *undoing->places);
    for (int s = 0; s < planning->slot_count; s++) {
        size_t migrations = undo_service(undoing, s)->migration_count;
        undoing->first[s] = undoing->count;
        undoing->places[s] = arena_array(planning->scratch, migrations + 1, sizeof **undoing->places);
        for (size_t m = 0; m < migrations; m++)
            undoing->places[s][m] = -1;
        collect_slot(undoing, s, false);
        collect_slot(undoing, s, true);
        slot_take_baseline(planning, &planning->slots[s], -1);
    }
    undoing->first[slots] = undoing->count;
}

bool undo_has_way_back(const struct undoing *undoing, const struct undo *undo)
{
    if (undo->forgotten)
        return true;
    if (undo->migration < 0)
        return false;
    return undo->earlier ? undo->earlier->kept
                         : undo_service(undoing, undo->slot)->migrations[undo->migration].down != NULL;
}

void undo_keep(struct undoing *undoing, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        undoing->changed = undoing->changed || undoing->undos[i].chosen;
        undoing->undos[i].chosen = false;
    }
}

bool undo_ran_before(const struct undo *other, const struct undo *repeatable)
{
    const char *first = other->applied->release, *then = repeatable->applied->release;
    return other->placed && (!first || !then || strcmp(first, then) <= 0);
}

void undo_keep_from(struct undoing *undoing, size_t at)
{
    const struct undo *stays = &undoing->undos[at];
    size_t end = undoing->first[stays->slot + 1];
    if (!undo_stands_apart(stays)) {
        undo_keep(undoing, at, end);
        return;
    }
    undo_keep(undoing, at, at + 1);
    for (size_t i = undoing->first[stays->slot]; i < end; i++) {
        if (undo_ran_before(&undoing->undos[i], stays))
            undo_keep(undoing, i, i + 1);
    }
}

/* The undo that takes away what a dependency asks of a target, -1: none. Of a range that is one that stays, else the
 * oldest that satisfies it. */
static int undo_of(const struct undoing *undoing, int s, int service, const struct dependency *dependency)
{
    const struct planning *planning = undoing->planning;
    const struct slot *slot = &planning->slots[s];
    const int *places = undoing->places[s];
    struct bound bound;
    int at = -1;
    if (dependency->range == RANGE_EXACTLY) {
        int needed = planning_version(planning, service, dependency->version);
        bool covered = needed >= 0 && places[needed] < 0 && needed <= slot->covered;
        return needed < 0 ? -1 : places[covered ? slot->baseline : needed];
    }
    if ((dependency->range != RANGE_AT_LEAST && dependency->range != RANGE_ABOVE) ||
        !bound_make(planning, service, dependency, &bound))
        return -1;
    for (int m = bound_first(&bound); m < (int)planning->fleet->services[service].migration_count; m++) {
        if (places[m] < 0 || !undoing->undos[places[m]].placed)
            continue;
        if (!undoing->undos[places[m]].chosen)
            return places[m];
        at = places[m] > at ? places[m] : at;
    }
    return at;
}

void undo_each_dependency(struct undoing *undoing, size_t at, on_dependency *take)
{
    struct planning *planning = undoing->planning;
    const struct undo *undo = &undoing->undos[at];
    if (undo->migration < 0)
        return;
    const struct migration *migration = &undo_service(undoing, undo->slot)->migrations[undo->migration];
    for (size_t d = 0; d < migration->depends_count; d++) {
        int service = planning_service(planning, migration->depends[d].service);
        bool own = service == planning->slots[undo->slot].service;
        for (int s = service < 0 ? 0 : planning->first_slot[service];
             service >= 0 && s < planning->first_slot[service + 1]; s++) {
            int goes = own && s != undo->slot ? -1 : undo_of(undoing, s, service, &migration->depends[d]);
            if (goes >= 0)
                take(undoing, at, (size_t)goes, &migration->depends[d]);
        }
    }
}
