/* Back: which of the applied migrations are undone, in which order. Undoing keeps what stays applied whole: nothing is
 * undone that a migration which stays, on the same target or by a declared dependency, was built on. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "plan/undo.h"

#define NAMED_MAX 5

/* Where a limit "back to" draws the line in a service. */
struct line {
    int first;           /* the first of its migrations that goes; -1: no limit for this service, -2: unknown version */
    const char *version; /* the last one that stays */
};

/* Whether one of the service's targets has it on its record; its id. NULL: none. */
static const char *without_file(const struct planning *planning, int service, const char *version)
{
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        const char *id = planning_recorded(planning, &planning->slots[s], version);
        if (id)
            return id;
    }
    return NULL;
}

/* A version that only records have: its number says what is above. */
static struct line back_to_recorded(struct planning *planning, int service, const char *version)
{
    const struct service *owner = &planning->fleet->services[service];
    const char *id = without_file(planning, service, version);
    struct line line = {.version = id};
    if (id && *id >= '0' && *id <= '9' && planning_has_numbers(owner)) {
        while (line.first < (int)owner->migration_count && planning_is_versioned(&owner->migrations[line.first]) &&
               planning_compare(owner->migrations[line.first].version, id) <= 0)
            line.first++;
        return line;
    }
    if (id)
        planning_find(planning, true, FINDING_UNKNOWN_VERSION,
                      "bring its file back, name a version that has one, or count with --steps",
                      "%s of service %s is applied, but has no file: what is above it is not known", id, owner->name);
    else
        planning_find(planning, true, FINDING_UNKNOWN_VERSION, "`greylag status --applied` lists what is applied",
                      "service %s has no migration of version %s", owner->name, version);
    return (struct line){.first = -2};
}

static struct line back_to(struct undoing *undoing, int service)
{
    struct planning *planning = undoing->planning;
    const struct service *owner = &planning->fleet->services[service];
    for (size_t i = 0; i < planning->options->limit_count; i++) {
        const struct plan_limit *limit = &planning->options->limits[i];
        if (limit->service && strcmp(limit->service, owner->name) != 0)
            continue;
        int at = planning_last_of(planning, service, limit->version);
        return at < 0 ? back_to_recorded(planning, service, limit->version)
                      : (struct line){.first = at + 1, .version = owner->migrations[at].version};
    }
    return (struct line){.first = -1};
}

static bool is_of_release(const struct plan_options *options, const char *release)
{
    return release && *release && strcmp(options->release, release) == 0;
}

/* A release's repeatable ones go back to the text before it. */
static void choose_text(const struct plan_options *options, struct undo *undo)
{
    const struct applied *applied = undo->applied;
    size_t gone = 0;
    while (gone < applied->text_count && is_of_release(options, applied->texts[gone].release))
        gone++;
    undo->chosen = gone > 0 || (applied->text_count == 0 && is_of_release(options, applied->release));
    undo->earlier = undo->chosen && gone < applied->text_count ? &applied->texts[gone] : NULL;
}

/* Back to the end of a release: what was in effect there stays, and a repeatable one goes back to the text that was. */
static void choose_held(struct undo *undo)
{
    static const struct applied_text lost = {.checksum = "", .request = "", .release = "", .kept = false};
    const struct applied *applied = undo->applied;
    const char *held = applied->held ? applied->held : "";
    size_t at = 0;
    undo->chosen = undo->repeatable ? strcmp(held, applied->checksum) != 0 : *held == '\0';
    if (!undo->chosen || !*held)
        return;
    while (at < applied->text_count && strcmp(applied->texts[at].checksum, held) != 0)
        at++;
    undo->earlier = at < applied->text_count ? &applied->texts[at] : &lost;
}

/* Back to a version: what is above it goes. What has no file is below where its number says so; where versions are no
 * numbers, nobody knows. */
static bool is_above(const struct undoing *undoing, const struct undo *undo, const struct line *back)
{
    const struct service *service = undo_service(undoing, undo->slot);
    const char *id = undo_id(undo);
    if (undo->migration >= 0 || *id < '0' || *id > '9' || !planning_has_numbers(service))
        return undo->migration < 0 || undo->migration >= back->first;
    return planning_compare(id, back->version) > 0;
}

/* Where everything goes, repeatable ones without an undo are taken off the record, so that they run again with the next
 * up. Versions and numbers of steps concern what has its place among versions: not Flyway's repeatable ones (its undo
 * leaves them alone), but Liquibase's (liquibase-standard: CountChangeSetFilter.java, over what ran last, whatever it
 * is). */
static void choose_slot(struct undoing *undoing, int s, const struct line *back)
{
    const struct plan_options *options = undoing->planning->options;
    int64_t before = 0;
    for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
        struct undo *undo = &undoing->undos[i];
        if (options->all) {
            undo->chosen = true;
            undo->forgotten = undo->repeatable && !undo_has_way_back(undoing, undo);
        } else if (options->back_to) {
            choose_held(undo);
        } else if (options->release) {
            if (undo->repeatable)
                choose_text(options, undo);
            else
                undo->chosen = is_of_release(options, undo->applied->release);
        } else if (options->steps > 0) {
            undo->chosen = undo->placed && before++ < options->steps;
        } else {
            undo->chosen = undo->placed && back->first >= 0 && is_above(undoing, undo, back);
        }
    }
}

/* What the fleet file has no place for nobody can undo here. */
struct gone {
    const struct target_contents *contents;
    size_t count;
    const char *names; /* in the scratch arena */
};

static bool is_gone(const struct planning *planning, const struct target_contents *contents)
{
    int service = planning_service(planning, contents->service);
    for (int s = service < 0 ? 0 : planning->first_slot[service]; service >= 0 && s < planning->first_slot[service + 1];
         s++)
        if (strcmp(planning->slots[s].name, contents->target) == 0)
            return false;
    return true;
}

/* What of the options' choice is applied there. */
static struct gone gone_of(const struct planning *planning, const struct target_contents *contents)
{
    const struct plan_options *options = planning->options;
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    struct gone gone = {.contents = contents};
    for (size_t i = contents->applied_count; i-- > 0;) {
        const struct applied *applied = &contents->applied[i];
        bool chosen = options->all || (options->back_to && (!applied->held || !*applied->held)) ||
                      (options->release && is_of_release(options, applied->release));
        if (!chosen)
            continue;
        if (gone.count++ < NAMED_MAX)
            buf_addf(&names, "%s%s", names.len ? ", " : "", applied->migration);
    }
    if (gone.count > NAMED_MAX)
        buf_adds(&names, ", ...");
    gone.names = arena_strdup(planning->scratch, buf_text(&names));
    return gone;
}

/* A release is undone whole or not at all; of everything it is said that this stays, and so of a database that is no
 * more. */
static void name_gone(struct planning *planning)
{
    const struct plan_options *options = planning->options;
    bool stays = options->all || options->stop_at_irreversible;
    for (size_t i = 0; i < planning->contents_count; i++) {
        const struct target_contents *contents = &planning->contents[i];
        if (!plan_chooses(options, contents->service, contents->target) || !is_gone(planning, contents))
            continue;
        const struct gone gone = gone_of(planning, contents);
        if (gone.count && contents->forgotten) {
            planning_find(planning, false, FINDING_STOPPED, "", "%s on %s, which was forgotten, is left as it is: %s",
                          contents->service, contents->target, gone.names);
            continue;
        }
        const char *lacks = planning_service(planning, contents->service) < 0 ? "service" : "target of it";
        if (gone.count && stays)
            planning_find(planning, false, FINDING_STOPPED, "",
                          "%s on %s stays applied: the fleet file has no such %s: %s", contents->service,
                          contents->target, lacks, gone.names);
        else if (gone.count)
            planning_find(planning, true, FINDING_UNKNOWN_MIGRATION,
                          "undo it with a fleet file that has it, choose with --service what is to go back, or leave "
                          "this applied with --stop-at-irreversible",
                          "%s is applied on %s through what is to be undone, but the fleet file has no such %s: %s",
                          contents->service, contents->target, lacks, gone.names);
    }
}

static void choose(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    for (int service = 0; service < (int)planning->fleet->service_count; service++) {
        struct line back = planning->selected[service] ? back_to(undoing, service) : (struct line){.first = -1};
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
            if (planning->slots[s].selected)
                choose_slot(undoing, s, &back);
        }
    }
}

static void keep_needed(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency)
{
    (void)dependency;
    if (!undoing->undos[stays].chosen && undoing->undos[goes].chosen && !undoing->undos[goes].earlier)
        undo_keep_from(undoing, goes);
}

static void refuse_needed(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency)
{
    const struct undo *stay = &undoing->undos[stays], *go = &undoing->undos[goes];
    if (stay->chosen || !go->chosen || go->earlier) /* an earlier text satisfies as well, as on the way up */
        return;
    planning_find(undoing->planning, true, FINDING_NEEDED, "undo that one too, or go back less far",
                  "%s:%s on %s stays applied and needs %s:%s (%s), which would be undone",
                  undo_service(undoing, stay->slot)->name, undo_id(stay), undoing->planning->slots[stay->slot].name,
                  undo_service(undoing, go->slot)->name, undo_id(go), dependency->where);
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
                undo_keep(undoing, undoing->first[s], undoing->first[s + 1]);
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
        if (undoing->undos[i].chosen && !undo_has_way_back(undoing, &undoing->undos[i]))
            undo_keep_from(undoing, i);
    }
    do {
        undoing->changed = false;
        for (size_t i = 0; i < undoing->count; i++) {
            if (wanted[i] && !undoing->undos[i].chosen)
                stopped[planning->slots[undoing->undos[i].slot].service] = true;
            undo_each_dependency(undoing, i, keep_needed);
        }
        keep_services(undoing, stopped);
    } while (undoing->changed);
    for (int s = 0; s < planning->slot_count; s++) {
        for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
            if (!wanted[i] || undoing->undos[i].chosen)
                continue;
            planning_find(planning, false, FINDING_STOPPED, "", "%s:%s on %s stays applied, with what is before it: %s",
                          undo_service(undoing, s)->name, undo_id(&undoing->undos[i]), planning->slots[s].name,
                          undo_has_way_back(undoing, &undoing->undos[i]) ? "something that stays needs it"
                                                                    : "it has no way back");
            break;
        }
    }
}

static void refuse_irreversible(struct undoing *undoing, const struct undo *undo)
{
    struct planning *planning = undoing->planning;
    const struct service *service = undo_service(undoing, undo->slot);
    const struct migration *migration = &service->migrations[undo->migration];
    bool of_release = planning->options->release || planning->options->back_to;
    const char *why = undo->earlier ? "has no way back: the text that it replaced is not kept"
                      : undo->repeatable && of_release
                          ? "has no way back: nothing is known to have been in effect before it"
                          : "has no way back";
    const char *hint = "go back only as far as possible with --stop-at-irreversible";
    if (migration->undo_file && !undo->earlier && !(undo->repeatable && of_release))
        hint = arena_printf(planning->arena, "write the undo (%s), or %s", migration->undo_file, hint);
    planning_find(planning, true, FINDING_IRREVERSIBLE, hint, "%s:%s on %s %s (%s)", service->name, undo_id(undo),
                  planning->slots[undo->slot].name, why, migration->file);
}

/* Whether a later one on the same target would stay on top of it. */
static void check_on_top(struct undoing *undoing, size_t at)
{
    const struct undo *undo = &undoing->undos[at];
    for (size_t i = undoing->first[undo->slot]; !undo_stands_apart(undo) && i < at; i++) {
        if (undoing->undos[i].chosen || undoing->undos[i].repeatable)
            continue;
        planning_find(undoing->planning, true, FINDING_NEEDED, "undo that one too, or go back less far",
                      "%s:%s on %s was applied later than %s, which would be undone under it",
                      undo_service(undoing, undo->slot)->name, undo_id(&undoing->undos[i]),
                      undoing->planning->slots[undo->slot].name, undo_id(undo));
        break;
    }
}

/* Whether it can be undone at all. */
static void check_undo(struct undoing *undoing, size_t at)
{
    struct planning *planning = undoing->planning;
    const struct undo *undo = &undoing->undos[at];
    const struct service *service = undo_service(undoing, undo->slot);
    const char *target = planning->slots[undo->slot].name;
    if (undo->forgotten)
        return;
    if (undo->migration < 0) {
        planning_find(planning, true, FINDING_UNKNOWN_MIGRATION, "bring its files back, or go back less far",
                      "%s:%s is applied on %s, but the files do not know it: its undo is unknown", service->name,
                      undo_id(undo), target);
        return;
    }
    const struct migration *migration = &service->migrations[undo->migration];
    if (!undo_has_way_back(undoing, undo))
        refuse_irreversible(undoing, undo);
    if (!undo_stands_apart(undo) && strcmp(undo->applied->checksum, migration->up) != 0)
        planning_find(planning, false, FINDING_DRIFT, "",
                      "%s was changed after it was applied on %s: its undo may not fit (%s)", undo_id(undo), target,
                      migration->file);
    check_on_top(undoing, at);
}

/* What nothing undoes is said. */
static void name_forgotten(struct undoing *undoing)
{
    for (int s = 0; s < undoing->planning->slot_count; s++) {
        size_t count = 0;
        for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++)
            count += undoing->undos[i].chosen && undoing->undos[i].forgotten;
        if (count)
            planning_find(undoing->planning, false, FINDING_REPEATABLE, "",
                          "%s: %zu repeatable migration%s of %s %s taken off the record: what %s made stays unless an "
                          "undo removes it, and the next up runs %s again",
                          undoing->planning->slots[s].name, count, count == 1 ? "" : "s",
                          undo_service(undoing, s)->name, count == 1 ? "is" : "are", count == 1 ? "it" : "they",
                          count == 1 ? "it" : "them");
    }
}

static size_t count_undos(const struct undoing *undoing, int service, bool chosen)
{
    const int *slots = &undoing->planning->first_slot[service];
    size_t count = 0;
    for (size_t i = undoing->first[slots[0]]; i < undoing->first[slots[1]]; i++)
        count += undoing->undos[i].chosen == chosen;
    return count;
}

/* A whole service is built on another: that parts of that go is possible, and said. */
static void name_built_on(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    for (int service = 0; service < (int)planning->fleet->service_count; service++) {
        const struct service *owner = &planning->fleet->services[service];
        size_t stays = count_undos(undoing, service, false);
        for (size_t i = 0; stays > 0 && i < owner->depends_on_count; i++) {
            int before = planning_service(planning, owner->depends_on[i]);
            size_t goes = before < 0 ? 0 : count_undos(undoing, before, true);
            if (goes)
                planning_find(planning, false, FINDING_BUILT_ON, "look whether it can do without, or undo it too",
                              "service %s depends on %s, of which %zu migration%s undone, and %zu of its own stay "
                              "applied",
                              owner->name, owner->depends_on[i], goes, goes == 1 ? " is" : "s are", stays);
        }
    }
}

static bool stays_on_top(const struct undoing *undoing, const struct undo *repeatable)
{
    if (!repeatable->repeatable || repeatable->placed || repeatable->chosen)
        return false;
    for (size_t i = undoing->first[repeatable->slot]; i < undoing->first[repeatable->slot + 1]; i++)
        if (undoing->undos[i].chosen && undo_ran_before(&undoing->undos[i], repeatable))
            return true;
    return false;
}

/* Versions and numbers of steps leave repeatable ones alone, which ran behind what is undone and may need it: said. */
static void name_left_on_top(struct undoing *undoing)
{
    for (int s = 0; s < undoing->planning->slot_count; s++) {
        const struct undo *first = NULL;
        size_t count = 0;
        for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++)
            if (stays_on_top(undoing, &undoing->undos[i])) {
                first = first ? first : &undoing->undos[i];
                count++;
            }
        if (count)
            planning_find(undoing->planning, false, FINDING_BUILT_ON,
                          "look whether it can do without: versions and steps leave repeatable migrations alone",
                          "%s on %s: %zu repeatable migration%s that ran on top of what is undone stay%s as %s: %s%s",
                          undo_service(undoing, s)->name, undoing->planning->slots[s].name, count,
                          count == 1 ? "" : "s", count == 1 ? "s" : "", count == 1 ? "it is" : "they are",
                          undo_id(first), count == 1 ? "" : ", ...");
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
static void go_first(struct planning *planning, int service, int before)
{
    planning_follow(planning, before, service);
}

static void add_step(struct undoing *undoing, const struct undo *undo)
{
    struct planning *planning = undoing->planning;
    int node = planning_add(planning, undo->slot, undo->migration, undo->applied);
    planning->steps[node].earlier = undo->earlier;
    if (undo->forgotten)
        planning->steps[node].direction = DIRECTION_FORGET;
}

static void add_steps(struct undoing *undoing)
{
    struct planning *planning = undoing->planning;
    for (int service = (int)planning->fleet->service_count - 1; service >= 0; service--) {
        for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
            for (size_t i = undoing->first[s]; i < undoing->first[s + 1]; i++) {
                if (undoing->undos[i].chosen)
                    add_step(undoing, &undoing->undos[i]);
            }
        }
    }
    for (size_t i = 0; i < undoing->count; i++)
        undo_each_dependency(undoing, i, connect_needed);
    for (int service = 0; service < (int)planning->fleet->service_count; service++)
        planning_before(planning, service, go_first);
}

static bool asks_one_thing(const struct plan_options *options)
{
    int asked = (options->release != NULL) + (options->back_to != NULL) + (options->steps > 0) + options->all +
                (options->limit_count > 0);
    return asked == 1 && options->steps >= 0;
}

void planning_down(struct planning *planning)
{
    struct undoing undoing = {.planning = planning};
    size_t services = 0;
    for (size_t i = 0; i < planning->fleet->service_count; i++)
        services += planning->selected[i];
    if (!asks_one_thing(planning->options))
        planning_find(planning, true, FINDING_USAGE, "name a release, a number of steps, a version, or all",
                      "what to undo has to be said in exactly one way");
    else if (planning->options->steps > 0 && services != 1 && planning->options->service_count != 1)
        planning_find(planning, true, FINDING_USAGE, "name it with --service",
                      "a number of steps needs exactly one service");
    name_gone(planning);
    undo_collect(&undoing);
    choose(&undoing);
    if (planning->options->stop_at_irreversible)
        stop_early(&undoing);
    for (size_t i = 0; i < undoing.count; i++) {
        if (undoing.undos[i].chosen)
            check_undo(&undoing, i);
        undo_each_dependency(&undoing, i, refuse_needed);
    }
    name_forgotten(&undoing);
    name_built_on(&undoing);
    name_left_on_top(&undoing);
    if (planning->error_count == 0)
        add_steps(&undoing);
}
