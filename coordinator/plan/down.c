/* Back: which of the applied migrations are undone, in which order. Undoing keeps what stays applied whole: nothing is
 * undone that a migration which stays, on the same target or by a declared dependency, was built on. */
#include <string.h>

#include "plan/planning.h"

/* An applied migration of a slot, in the order of undoing (the last applied first). */
struct undo {
    int slot, migration; /* migration -1: unknown to the files */
    const struct applied *applied;
    bool chosen;
};

struct undoing {
    struct planning *planning;
    struct undo *undos;
    size_t count;
    size_t *first; /* of each slot, and one more */
    bool changed;
};

static const struct service *service_of(const struct undoing *undoing, int slot)
{
    return &undoing->planning->fleet->services[undoing->planning->slots[slot].service];
}

static const char *undo_id(const struct undo *undo)
{
    return undo->applied->migration;
}

static void collect(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    size_t total = 0;
    for (int s = 0; s < planning->slot_count; s++)
        total += planning->slots[s].contents ? planning->slots[s].contents->applied_count : 0;
    undoing->undos = arena_array(planning->scratch, total + 1, sizeof *undoing->undos);
    undoing->first = arena_array(planning->scratch, (size_t)planning->slot_count + 1, sizeof *undoing->first);
    for (int s = 0; s < planning->slot_count; s++) {
        const struct target_contents *contents = planning->slots[s].contents;
        undoing->first[s] = undoing->count;
        for (size_t i = contents ? contents->applied_count : 0; i-- > 0;) {
            int migration = planning_migration(planning, planning->slots[s].service, contents->applied[i].migration);
            undoing->undos[undoing->count++] = (struct undo){s, migration, &contents->applied[i], false};
            if (migration >= 0)
                planning->slots[s].state[migration] = APPLIED;
        }
    }
    undoing->first[planning->slot_count] = undoing->count;
}

/* The first migration that goes, for a limit "back to"; -1: no limit for this service, -2: unknown version. */
static int back_to(struct undoing *undoing, int service)
{
    struct planning *planning = undoing->planning;
    const char *name = planning->fleet->services[service].name;
    for (size_t i = 0; i < planning->options->limit_count; i++) {
        const struct plan_limit *limit = &planning->options->limits[i];
        if (limit->service && strcmp(limit->service, name) != 0)
            continue;
        int at = planning_version(planning, service, limit->version);
        if (at < 0)
            planning_find(planning, true, "unknown-version", "`greylag history` lists what was applied",
                          "service %s has no migration of version %s", name, limit->version);
        return at < 0 ? -2 : at + 1;
    }
    return -1;
}

static bool is_of_release(const struct plan_options *options, const char *release)
{
    if (!release || !*release)
        return false;
    for (size_t i = 0; i < options->release_count; i++)
        if (strcmp(options->releases[i], release) == 0)
            return true;
    return options->release && strcmp(options->release, release) == 0;
}

static void choose_slot(struct undoing *undoing, int s, int back)
{
    const struct plan_options *options = undoing->planning->options;
    for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
        struct undo *undo = &undoing->undos[i];
        if (options->all)
            undo->chosen = true;
        else if (options->release || options->releases)
            undo->chosen = is_of_release(options, undo->applied->release);
        else if (options->steps > 0)
            undo->chosen = (int64_t)(i - undoing->first[s]) < options->steps;
        else
            undo->chosen = back >= 0 && (undo->migration >= back || undo->migration < 0);
    }
}

static void choose(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    for (int service = 0; service < (int)planning->fleet->service_count; service++) {
        int back = planning->selected[service] ? back_to(undoing, service) : -1;
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
            if (planning->slots[s].selected)
                choose_slot(undoing, s, back);
        }
    }
}

static bool has_way_back(const struct undoing *undoing, const struct undo *undo)
{
    return undo->migration >= 0 && service_of(undoing, undo->slot)->migrations[undo->migration].down;
}

/* This one stays, and with it what was applied before it on its target. */
static void keep_from(struct undoing *undoing, size_t at)
{
    for (size_t i = at; i < undoing->first[undoing->undos[at].slot + 1]; i++) {
        undoing->changed = undoing->changed || undoing->undos[i].chosen;
        undoing->undos[i].chosen = false;
    }
}

/* Which chosen undo takes away the migration of `dependency`, as seen from an undo of `slot`; calls `take`. */
typedef void on_dependency(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency);

static void each_dependency(struct undoing *undoing, size_t at, on_dependency *take)
{
    struct planning *planning = undoing->planning;
    const struct undo *undo = &undoing->undos[at];
    if (undo->migration < 0)
        return;
    const struct migration *migration = &service_of(undoing, undo->slot)->migrations[undo->migration];
    for (size_t d = 0; d < migration->depends_count; d++) {
        int service = planning_service(planning, migration->depends[d].service);
        int needed = service >= 0 ? planning_version(planning, service, migration->depends[d].version) : -1;
        bool own = service == planning->slots[undo->slot].service;
        for (int s = service < 0 ? 0 : planning->first_slot[service];
             needed >= 0 && s < planning->first_slot[service + 1]; s++) {
            for (size_t i = undoing->first[s]; (!own || s == undo->slot) && i < undoing->first[s + 1]; i++) {
                if (undoing->undos[i].migration == needed)
                    take(undoing, at, i, &migration->depends[d]);
            }
        }
    }
}

static void keep_needed(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency)
{
    (void)dependency;
    if (!undoing->undos[stays].chosen && undoing->undos[goes].chosen)
        keep_from(undoing, goes);
}

static void refuse_needed(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency)
{
    const struct undo *stay = &undoing->undos[stays], *go = &undoing->undos[goes];
    if (stay->chosen || !go->chosen)
        return;
    planning_find(undoing->planning, true, "needed", "undo that one too, or go back less far",
                  "%s:%s on %s stays applied and needs %s:%s (%s), which would be undone",
                  service_of(undoing, stay->slot)->name, undo_id(stay), undoing->planning->slots[stay->slot].name,
                  service_of(undoing, go->slot)->name, undo_id(go), dependency->where);
}

/* A service that had to stop keeps all of the services that it depends on. */
static void keep_services(struct undoing *undoing, const bool *stopped)
{
    struct planning *planning = undoing->planning;
    for (size_t service = 0; service < planning->fleet->service_count; service++) {
        const struct service *owner = &planning->fleet->services[service];
        for (size_t i = 0; stopped[service] && i < owner->depends_on_count; i++) {
            int before = planning_service(planning, owner->depends_on[i]);
            for (int s = before < 0 ? 0 : planning->first_slot[before];
                 before >= 0 && s < planning->first_slot[before + 1]; s++) {
                if (undoing->first[s] < undoing->first[s + 1])
                    keep_from(undoing, undoing->first[s]);
            }
        }
    }
}

/* Takes out of the choice what cannot be undone and what that needs, until nothing changes. */
static void stop_early(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    bool *wanted = arena_array(planning->scratch, undoing->count + 1, sizeof *wanted);
    bool *stopped = arena_array(planning->scratch, planning->fleet->service_count + 1, sizeof *stopped);
    for (size_t i = 0; i < undoing->count; i++)
        wanted[i] = undoing->undos[i].chosen;
    for (size_t i = 0; i < undoing->count; i++) {
        if (undoing->undos[i].chosen && !has_way_back(undoing, &undoing->undos[i]))
            keep_from(undoing, i);
    }
    do {
        undoing->changed = false;
        for (size_t i = 0; i < undoing->count; i++) {
            if (wanted[i] && !undoing->undos[i].chosen)
                stopped[planning->slots[undoing->undos[i].slot].service] = true;
            each_dependency(undoing, i, keep_needed);
        }
        keep_services(undoing, stopped);
    } while (undoing->changed);
    for (int s = 0; s < planning->slot_count; s++) {
        for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
            if (!wanted[i] || undoing->undos[i].chosen)
                continue;
            planning_find(planning, false, "stopped", "", "%s:%s on %s stays applied, with what is before it: %s",
                          service_of(undoing, s)->name, undo_id(&undoing->undos[i]), planning->slots[s].name,
                          has_way_back(undoing, &undoing->undos[i]) ? "something that stays needs it"
                                                                    : "it has no way back");
            break;
        }
    }
}

/* Whether it can be undone at all, and whether a later one on the same target would stay on top of it. */
static void check_undo(struct undoing *undoing, size_t at)
{
    struct planning *planning = undoing->planning;
    const struct undo *undo = &undoing->undos[at];
    const struct service *service = service_of(undoing, undo->slot);
    const char *target = planning->slots[undo->slot].name;
    if (undo->migration < 0) {
        planning_find(planning, true, "unknown-migration", "bring its files back, or go back less far",
                      "%s:%s is applied on %s, but the files do not know it: its undo is unknown", service->name,
                      undo_id(undo), target);
        return;
    }
    const struct migration *migration = &service->migrations[undo->migration];
    if (!migration->down)
        planning_find(planning, true, "irreversible", "go back only as far as possible with --stop-at-irreversible",
                      "%s:%s on %s has no way back (%s)", service->name, undo_id(undo), target, migration->file);
    if (strcmp(undo->applied->checksum, migration->up) != 0)
        planning_find(planning, false, "drift", "", "%s was changed after it was applied on %s: its undo may not fit (%s)",
                      undo_id(undo), target, migration->file);
    for (size_t i = undoing->first[undo->slot]; i < at; i++) {
        if (undoing->undos[i].chosen)
            continue;
        planning_find(planning, true, "needed", "undo that one too, or go back less far",
                      "%s:%s on %s was applied later than %s, which would be undone under it", service->name,
                      undo_id(&undoing->undos[i]), target, undo_id(undo));
        break;
    }
}

static void connect_needed(struct undoing *undoing, size_t at, size_t needed, const struct dependency *dependency)
{
    const struct undo *first = &undoing->undos[at], *then = &undoing->undos[needed];
    if (first->chosen && then->chosen)
        graph_edge(&undoing->planning->graph, undoing->planning->slots[then->slot].state[then->migration],
                   undoing->planning->slots[first->slot].state[first->migration], dependency->where);
}

/* Back: the services that `service` depends on begin when it is through. */
static void connect_services(struct planning *planning, int service, int before)
{
    for (int b = planning->first_slot[before]; b < planning->first_slot[before + 1]; b++) {
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
            if (planning->slots[b].first >= 0 && planning->slots[s].last >= 0)
                graph_edge(&planning->graph, planning->slots[b].first, planning->slots[s].last, "depends_on");
        }
    }
}

static void add_steps(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    for (int service = (int)planning->fleet->service_count - 1; service >= 0; service--) {
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
            for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
                if (undoing->undos[i].chosen)
                    planning_add(planning, s, undoing->undos[i].migration, undoing->undos[i].applied);
            }
        }
    }
    for (size_t i = 0; i < undoing->count; i++)
        each_dependency(undoing, i, connect_needed);
    for (int service = 0; service < (int)planning->fleet->service_count; service++)
        planning_before(planning, service, connect_services);
}

static bool asks_one_thing(const struct plan_options *options)
{
    int asked = (options->release != NULL) + (options->releases != NULL) + (options->steps > 0) + options->all + (options->limit_count > 0);
    return asked == 1 && options->steps >= 0;
}

void planning_down(struct planning *planning)
{
    struct undoing undoing = {.planning = planning};
    size_t services = 0;
    for (size_t i = 0; i < planning->fleet->service_count; i++)
        services += planning->selected[i];
    if (!asks_one_thing(planning->options))
        planning_find(planning, true, "usage", "name a release, a number of steps, a version, or all",
                      "what to undo has to be said in exactly one way");
    else if (planning->options->steps > 0 && services != 1)
        planning_find(planning, true, "usage", "name it with --service", "a number of steps needs exactly one service");
    collect(&undoing);
    choose(&undoing);
    if (planning->options->stop_at_irreversible)
        stop_early(&undoing);
    for (size_t i = 0; i < undoing.count; i++) {
        if (undoing.undos[i].chosen)
            check_undo(&undoing, i);
        each_dependency(&undoing, i, refuse_needed);
    }
    if (planning->error_count == 0)
        add_steps(&undoing);
}
