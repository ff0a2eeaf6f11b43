/* What a target holds, and what of its service's migrations is pending there. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "plan/planning.h"

#define NAMED_MAX 5

static const struct service *service_of(const struct planning *planning, const struct slot *slot)
{
    return &planning->fleet->services[slot->service];
}

static bool begins_with_digit(const char *text)
{
    return *text >= '0' && *text <= '9';
}

/* `numbers`: as planning_has_numbers. */
static void note_unknown(struct slot *slot, const struct applied *applied, bool numbers, struct buf *names)
{
    const char *id = applied->migration;
    if (numbers && begins_with_digit(id) && (!slot->unknown_last || planning_compare(id, slot->unknown_last) > 0))
        slot->unknown_last = id;
    if (slot->unknown++ < NAMED_MAX)
        buf_addf(names, "%s%s", slot->unknown > 1 ? ", " : "", applied->migration);
}

/* A repeatable one runs again when its text has changed; what else was changed is drift. */
static void mark(struct planning *planning, struct slot *slot, int m, const struct applied *applied)
{
    const struct migration *migration = &service_of(planning, slot)->migrations[m];
    bool same = strcmp(applied->checksum, migration->up) == 0;
    if (migration->kind == MIGRATION_CALLBACK)
        return;
    slot->state[m] = same || migration->kind != MIGRATION_REPEATABLE ? APPLIED : OUTDATED;
    if (slot->held)
        slot->held[m] = applied;
    if (planning_is_versioned(migration) && m > slot->applied_last)
        slot->applied_last = m;
    if (planning_is_versioned(migration) && migration->kind != MIGRATION_REPEATABLE && m > slot->order_last)
        slot->order_last = m;
    if (!slot->selected || same || migration->kind == MIGRATION_REPEATABLE)
        return;
    const struct migration *now = planning_renumbered(planning, (int)(slot - planning->slots), applied);
    planning_find(planning, true, FINDING_DRIFT,
                  now ? arena_printf(planning->scratch, "that text is in %s now: `greylag import` takes it over under "
                                                        "its new version, and runs nothing", now->file)
                      : "bring the file back as it was, with its line ends, and make the change in a new migration",
                  "%s was changed after it was applied on %s: applied %.12s..., now %.12s... (%s)", applied->migration,
                  slot->name, applied->checksum, migration->up, migration->file);
    planning_place(planning, migration->file);
}

/* A file that was made of those that are gone would run once more what they made. */
static const char *squash_advice(const struct planning *planning, const struct slot *slot)
{
    const struct service *service = service_of(planning, slot);
    size_t m = 0;
    while (m < service->migration_count &&
           (service->migrations[m].kind != MIGRATION_VERSIONED || slot->state[m] != PENDING))
        m++;
    if (planning->options->direction != DIRECTION_UP || m == service->migration_count ||
        (slot->unknown_last && planning_compare(service->migrations[m].version, slot->unknown_last) < 0))
        return "";
    return arena_printf(planning->arena,
                        "when %s was made of them, `greylag baseline --service %s --on %s --version %s` takes it for "
                        "applied: up would run it",
                        service->migrations[m].file, service->name, slot->name, service->migrations[m].version);
}

void slot_mark(struct planning *planning, struct slot *slot)
{
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    bool numbers = slot->contents && planning_has_numbers(service_of(planning, slot));
    for (size_t i = 0; slot->contents && i < slot->contents->applied_count; i++) {
        const struct applied *applied = &slot->contents->applied[i];
        int migration = planning_held(planning, slot->service, applied->migration);
        if (migration < 0)
            note_unknown(slot, applied, numbers, &names);
        else
            mark(planning, slot, migration, applied);
    }
    if (slot->unknown && slot->selected)
        planning_find(planning, false, FINDING_AHEAD, squash_advice(planning, slot),
                      "%s has %zu applied migration%s that the files do not know: %s%s", slot->name, slot->unknown,
                      slot->unknown == 1 ? "" : "s", buf_text(&names), slot->unknown > NAMED_MAX ? ", ..." : "");
}

/* The highest applied one; where nothing is applied, the highest that is allowed (flyway: baseline migrations). */
static int find_baseline(const struct planning *planning, const struct slot *slot, int limit)
{
    const struct service *service = service_of(planning, slot);
    bool empty = !slot->contents || slot->contents->applied_count == 0;
    for (int m = (int)service->migration_count - 1; m >= 0; m--) {
        if (service->migrations[m].kind == MIGRATION_BASELINE &&
            (slot->state[m] == APPLIED || (empty && slot->selected && m <= limit)))
            return m;
    }
    return -1;
}

/* A versioned migration of the baseline's own version may stand behind it. */
void slot_take_baseline(const struct planning *planning, struct slot *slot, int limit)
{
    const struct service *service = service_of(planning, slot);
    slot->baseline = slot->covered = find_baseline(planning, slot, limit);
    while (slot->baseline >= 0 && slot->covered + 1 < (int)service->migration_count &&
           planning_is_versioned(&service->migrations[slot->covered + 1]) &&
           planning_same_version(service->migrations[slot->covered + 1].version,
                                 service->migrations[slot->baseline].version))
        slot->covered++;
}

bool slot_wants(const struct planning *planning, const struct slot *slot, int m, int limit)
{
    if (slot->state[m] != PENDING && slot->state[m] != OUTDATED)
        return false;
    const struct migration *migration = &service_of(planning, slot)->migrations[m];
    switch (migration->kind) {
    case MIGRATION_VERSIONED:
        return m <= limit && m > slot->covered;
    case MIGRATION_BASELINE:
        return m == slot->baseline;
    case MIGRATION_REPEATABLE:
        return m <= limit || !planning_is_versioned(migration);
    default:
        return false;
    }
}

/* A dependency on what the baseline stands for means the baseline; one on a baseline that does not count here means the
 * last migration that it would stand for. */
void slot_settle_baseline(const struct planning *planning, struct slot *slot)
{
    const struct service *service = service_of(planning, slot);
    int before = -1;
    for (int m = 0; m < (int)service->migration_count; m++) {
        const struct migration *migration = &service->migrations[m];
        if (!planning_is_versioned(migration))
            continue;
        if (m <= slot->covered && m != slot->baseline && slot->state[m] == PENDING)
            slot->state[m] = slot->state[slot->baseline];
        else if (migration->kind == MIGRATION_BASELINE && slot->state[m] == PENDING && before >= 0)
            slot->state[m] = slot->state[before];
        before = m;
    }
}

const struct applied_text *applied_earlier_text(const struct applied *applied)
{
    return applied && applied->text_count > 0 && applied->texts[0].kept ? &applied->texts[0] : NULL;
}

struct plan_counts plan_pending(const struct service *service, const struct target_contents *contents,
                                const char *category)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct service one = *service;
    one.targets = &contents->target;
    one.target_count = 1;
    const struct fleet fleet = {.name = "", .environment = "", .services = &one, .service_count = 1};
    const struct plan_options options = {.direction = DIRECTION_UP};
    struct planning planning = {.fleet = &fleet, .options = &options, .arena = &scratch, .scratch = &scratch,
                                .graph = {.arena = &scratch}};
    planning_begin(&planning, contents, 1);
    struct slot *slot = &planning.slots[0];
    int last = (int)service->migration_count - 1;
    struct plan_counts counts = {.applied = 0};
    slot_mark(&planning, slot);
    slot_take_baseline(&planning, slot, last);
    for (int m = 0; m <= last; m++) {
        const char *its = service->migrations[m].category;
        if (category && (!its || strcmp(its, category) != 0))
            continue;
        counts.applied += slot->state[m] == APPLIED || slot->state[m] == OUTDATED;
        counts.pending += slot_wants(&planning, slot, m, last);
    }
    counts.unknown = category ? 0 : slot->unknown;
    if (!category)
        counts.applied = contents->applied_count;
    return counts;
}
