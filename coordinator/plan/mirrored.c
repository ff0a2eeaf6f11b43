/* A record of another tool that the worker keeps up (mirror_history): which it is, and what of our own record it does
 * not say. */
#include <string.h>

#include "base/text.h"
#include "plan/importing.h"

const struct foreign_history *importing_kept(struct importing *i)
{
    const struct foreign_history *other = NULL;
    for (size_t h = 0; i->at->contents && h < i->at->contents->foreign_count; h++) {
        const struct foreign_history *history = &i->at->contents->foreign[h];
        if (history->tool != i->owner->history)
            continue;
        if (history_name_is(history->tool, i->owner->history_table, history->table))
            return history;
        other = history;
    }
    if (!other || i->owner->history_table)
        return NULL;
    const char *dot = strrchr(other->table, '.'), *table = dot ? dot + 1 : other->table;
    bool registry = strchr(history_tool_table(other->tool), '.');
    const char *name =
        registry && dot ? arena_strndup(i->planning->arena, other->table, (size_t)(dot - other->table)) : table;
    planning_find(
        i->planning, true, FINDING_UNNAMED_HISTORY,
        arena_printf(i->planning->arena, "when it is this service's, write `history_table: %s` in the fleet file",
                     name),
        "%s has a record of %s that is not called %s: %s; with `mirror_history` nothing is written into what may be "
        "another service's",
        i->at->name, history_tool_text(other->tool), history_tool_table(other->tool), other->table);
    return NULL;
}

/* A row of a version tells of every file of it: they stand side by side. */
static void tell_version(const struct importing *i, const struct foreign_row *row, int m, bool *told)
{
    const struct migration *all = i->owner->migrations;
    int count = (int)i->owner->migration_count, first = m, last = m;
    while (first > 0 && planning_same_version(all[first - 1].version, all[m].version))
        first--;
    while (last + 1 < count && planning_same_version(all[last + 1].version, all[m].version))
        last++;
    for (int n = first; n <= last; n++)
        told[n] = !importing_altered(&all[n], row);
}

/* As the worker asks it, when it adds what is missing (worker/foreign/sql: *_check.sql). */
static void tell(struct importing *i, const struct foreign_row *row, bool *told)
{
    int m = row->state == FOREIGN_APPLIED ? importing_find(i, row) : -1;
    if (row->state == FOREIGN_FAILED)
        importing_refuse_failed(i, row);
    for (size_t n = 0; row->state == FOREIGN_BASELINE && n < i->owner->migration_count; n++)
        told[n] |= planning_is_versioned(&i->owner->migrations[n]) &&
                   text_compare_numbers(i->owner->migrations[n].version, row->version) <= 0;
    if (m >= 0 && i->history->tool == HISTORY_SQITCH && importing_altered(&i->owner->migrations[m], row))
        importing_refuse_altered(i, row, m);
    else if (m >= 0 && *row->version && !importing_has_names(i->history->tool))
        tell_version(i, row, m, told);
    else if (m >= 0)
        told[m] = !importing_altered(&i->owner->migrations[m], row);
}

/* golang-migrate has one row, the highest version. */
static void tell_below(const struct importing *i, bool *told)
{
    int highest = -1;
    for (size_t a = 0; a < i->at->contents->applied_count; a++) {
        int m = planning_held(i->planning, i->at->service, i->at->contents->applied[a].migration);
        highest = m > highest ? m : highest;
    }
    for (int m = 0; m < highest; m++)
        told[m] = true;
}

/* goose's rows have an order: those behind a missing one have to follow it again (worker/foreign: goose_align.sql). */
static void tell_until_missing(const struct importing *i, bool *told)
{
    bool missing = false;
    for (size_t a = 0; a < i->at->contents->applied_count; a++) {
        int m = planning_held(i->planning, i->at->service, i->at->contents->applied[a].migration);
        if (m < 0)
            continue;
        missing = missing || !told[m];
        told[m] = !missing;
    }
}

void planning_check_kept(struct planning *planning, int slot)
{
    struct importing i = {.planning = planning, .slot = slot, .at = &planning->slots[slot]};
    i.owner = &planning->fleet->services[i.at->service];
    if (i.owner->mirror)
        importing_kept(&i);
}

const bool *planning_told(struct planning *planning, int slot)
{
    struct importing i = {.planning = planning, .slot = slot, .at = &planning->slots[slot]};
    size_t errors = planning->error_count;
    i.owner = &planning->fleet->services[i.at->service];
    if (!i.owner->mirror || !i.at->contents)
        return NULL;
    bool *told = arena_array(planning->scratch, i.owner->migration_count + 1, sizeof *told);
    i.history = importing_kept(&i);
    for (size_t r = 0; i.history && r < i.history->row_count; r++) {
        if (!planning_is_others(i.owner, i.history->tool, &i.history->rows[r]))
            tell(&i, &i.history->rows[r], told);
    }
    if (i.owner->history == HISTORY_GOLANG_MIGRATE)
        tell_below(&i, told);
    if (i.owner->history == HISTORY_GOOSE)
        tell_until_missing(&i, told);
    return planning->error_count == errors ? told : NULL;
}
