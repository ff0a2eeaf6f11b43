/* Recording: what is in effect on a target and not on its record, or on it in another way. Nothing of it runs, so that
 * dependencies do not matter; each target's steps follow one another. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "plan/planning.h"

static const char *const adoption_texts[] = {
#define X(name, text, prose) text,
    ADOPTIONS(X)
#undef X
};

const char *adoption_text(enum adoption value)
{
    return (unsigned)value < COUNT_OF(adoption_texts) ? adoption_texts[value] : "unknown";
}

bool adoption_parse(const char *text, enum adoption *ret_value)
{
    for (size_t i = 0; i < COUNT_OF(adoption_texts); i++) {
        if (strcmp(adoption_texts[i], text) != 0)
            continue;
        *ret_value = (enum adoption)i;
        return true;
    }
    return false;
}

void planning_record(struct planning *planning, int slot, int migration, bool in_history)
{
    if (planning->slots[slot].state[migration] != PENDING)
        return;
    int node = planning_add(planning, slot, migration, NULL);
    planning->steps[node].in_history = in_history;
    if (planning->options->adoption == ADOPTION_BASELINE) /* else it would have two names from then on */
        planning->steps[node].taken_from = planning_taken_from(planning, slot, migration);
}

static bool has_moved(const struct planning *planning, const struct slot *slot, int migration,
                      const struct applied *applied)
{
    const struct migration *its = &planning->fleet->services[slot->service].migrations[migration];
    return its->kind != MIGRATION_REPEATABLE && strcmp(its->up, applied->checksum) != 0 &&
           planning_renumbered(planning, (int)(slot - planning->slots), applied);
}

/* Marks what is on the target's record. With another checksum than the file's it has to be put right first. */
static void mark_applied(struct planning *planning, struct slot *slot)
{
    const struct service *service = &planning->fleet->services[slot->service];
    for (size_t i = 0; slot->contents && i < slot->contents->applied_count; i++) {
        const struct applied *applied = &slot->contents->applied[i];
        int migration = planning_held(planning, slot->service, applied->migration);
        if (migration < 0)
            continue;
        if (planning->options->adoption == ADOPTION_IMPORT && has_moved(planning, slot, migration, applied))
            continue; /* the text has another version now, and this version another text */
        slot->state[migration] = APPLIED;
        if (service->migrations[migration].kind != MIGRATION_REPEATABLE &&
            strcmp(applied->checksum, service->migrations[migration].up) != 0)
            planning_find(planning, true, FINDING_DRIFT,
                          "bring the file back as it was, or record the change with `greylag repair`",
                          "%s was changed after it was recorded on %s: recorded %.12s..., now %.12s... (%s)",
                          applied->migration, slot->name, applied->checksum, service->migrations[migration].up,
                          service->migrations[migration].file);
    }
}

/* ---- baseline ---- */

static bool has_limit(const struct planning *planning, int service)
{
    for (size_t i = 0; i < planning->options->limit_count; i++) {
        const char *named = planning->options->limits[i].service;
        if (!named || strcmp(named, planning->fleet->services[service].name) == 0)
            return true;
    }
    return false;
}

/* The highest migration up to `limit` that stands for all before it: on the record, or, where nothing is, of the files;
 * -1: none. */
static int highest_baseline(const struct planning *planning, const struct slot *slot, int limit)
{
    const struct service *service = &planning->fleet->services[slot->service];
    bool empty = !slot->contents || slot->contents->applied_count == 0;
    for (int m = limit; m >= 0; m--) {
        if (service->migrations[m].kind == MIGRATION_BASELINE && (empty || slot->state[m] == APPLIED))
            return m;
    }
    return -1;
}

static void warn_of_record(struct planning *planning, const struct slot *slot)
{
    for (size_t i = 0; slot->contents && i < slot->contents->foreign_count; i++) {
        const struct foreign_history *history = &slot->contents->foreign[i];
        if (history->row_count && history->tool != HISTORY_GREYLAG)
            planning_find(planning, false, FINDING_FOREIGN_HISTORY,
                          "`greylag import` takes it over row by row, with what failed and what differs",
                          "%s has a record of %s with %zu rows (%s)", slot->name, history_tool_text(history->tool),
                          history->row_count, history->table);
    }
}

static void baseline_slot(struct planning *planning, int s, int limit)
{
    struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    mark_applied(planning, slot);
    warn_of_record(planning, slot);
    planning_check_kept(planning, s);
    int baseline = highest_baseline(planning, slot, limit);
    if (baseline >= 0)
        planning_record(planning, s, baseline, false);
    for (int m = 0; m <= limit; m++) {
        bool superseded = baseline >= 0 && text_compare_numbers(service->migrations[m].version,
                                                                service->migrations[baseline].version) <= 0;
        if (planning_is_versioned(&service->migrations[m]) && service->migrations[m].kind != MIGRATION_BASELINE &&
            !superseded)
            planning_record(planning, s, m, false);
    }
}

static void baseline_service(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    if (!has_limit(planning, service)) {
        planning_find(planning, true, FINDING_USAGE, "name it with --version",
                      "a baseline of service %s needs the version that its databases are at", owner->name);
        return;
    }
    int limit = planning_limit(planning, service);
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        if (planning->slots[s].selected)
            baseline_slot(planning, s, limit);
    }
}

/* ---- repair ---- */

static void forget(struct planning *planning, int slot, const struct applied *applied)
{
    int node = planning_add(planning, slot, -1, applied);
    planning->steps[node].direction = DIRECTION_FORGET;
}

/* `told`: as planning_told. */
static bool needs_repair(const struct migration *migration, const struct applied *applied, const bool *told)
{
    if (strcmp(applied->checksum, migration->up) != 0)
        return migration->kind != MIGRATION_REPEATABLE; /* one that can run again is simply pending */
    return told && !*told;
}

/* Neither forgotten, so that its text would run again, nor taken for what another text says. */
static bool refuse_moved(struct planning *planning, int s, const struct applied *applied)
{
    const struct slot *slot = &planning->slots[s];
    int m = planning_held(planning, slot->service, applied->migration);
    const struct migration *now = m < 0 || has_moved(planning, slot, m, applied)
                                      ? planning_renumbered(planning, s, applied)
                                      : NULL;
    if (!now)
        return false;
    planning_find(planning, true, FINDING_OTHER_NAME, "`greylag import` takes it over, and runs nothing",
                  "%s:%s on %s: what was applied has the version %s now (%s)",
                  planning->fleet->services[slot->service].name, applied->migration, slot->name, now->id, now->file);
    return true;
}

static void repair_slot(struct planning *planning, int s)
{
    const struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    bool realigns = planning->options->adoption != ADOPTION_FORGET,
         forgets = planning->options->adoption != ADOPTION_REALIGN;
    const bool *told = realigns ? planning_told(planning, s) : NULL;
    for (size_t i = 0; slot->contents && i < slot->contents->applied_count; i++) {
        const struct applied *applied = &slot->contents->applied[i];
        int m = planning_held(planning, slot->service, applied->migration);
        if (refuse_moved(planning, s, applied))
            continue;
        if (m < 0 && forgets)
            forget(planning, s, applied);
        else if (m >= 0 && realigns && needs_repair(&service->migrations[m], applied, told ? &told[m] : NULL))
            planning_add(planning, s, m, applied);
    }
}

bool plan_reads_record(const struct service *service, const struct plan_options *options)
{
    if (options->direction != DIRECTION_ADOPT)
        return false;
    return options->adoption == ADOPTION_IMPORT ||
           (service->mirror && (options->adoption == ADOPTION_REPAIR || options->adoption == ADOPTION_REALIGN));
}

void planning_adopt(struct planning *planning)
{
    enum adoption adoption = planning->options->adoption;
    if (adoption == ADOPTION_NONE)
        planning_find(planning, true, FINDING_USAGE, "say import, baseline or repair", "what to record is not said");
    for (int s = 0; s < planning->slot_count; s++) {
        if (!planning->slots[s].selected || adoption == ADOPTION_NONE || adoption == ADOPTION_BASELINE)
            continue;
        if (adoption == ADOPTION_IMPORT) {
            mark_applied(planning, &planning->slots[s]);
            planning_import(planning, s);
        } else {
            repair_slot(planning, s);
        }
    }
    for (int service = 0; service < (int)planning->fleet->service_count; service++) {
        if (adoption == ADOPTION_BASELINE && planning->selected[service])
            baseline_service(planning, service);
    }
}
