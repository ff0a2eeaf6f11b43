/* Versions as people name them: by id, as written, or as the same number; and what is above and below one. */
#include <string.h>

#include "base/text.h"
#include "plan/planning.h"

#define VERSION_ROOM 600

/* Parts between separators without leading zeros, joined by '.', without trailing zero parts: 2 = 2.0 = 02. */
static const char *canonical(const char *text, char out[VERSION_ROOM])
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
    return out;
}

/* 2025-08-01 = 20250801; but 1-2 is not 12: only what begins with a year. */
static const char *dashless(const char *text, char out[VERSION_ROOM])
{
    size_t len = 0;
    bool dated = strspn(text, "0123456789") >= strlen("2025");
    for (; *text && len + 1 < VERSION_ROOM; text++) {
        if (*text != '-' || !dated)
            out[len++] = *text;
    }
    out[len] = 0;
    return out;
}

bool planning_same_version(const char *a, const char *b)
{
    char x[VERSION_ROOM], y[VERSION_ROOM];
    return strcmp(a, b) == 0 || strcmp(canonical(a, x), canonical(b, y)) == 0 ||
           strcmp(dashless(a, x), dashless(b, y)) == 0;
}

bool planning_is_versioned(const struct migration *migration)
{
    return migration->kind == MIGRATION_VERSIONED || migration->kind == MIGRATION_BASELINE ||
           (migration->kind == MIGRATION_REPEATABLE && *migration->version);
}

struct versions {
    struct lookup written, numbers, dashless;
    struct lookup forms; /* of ids, as the service's tool compares versions */
};

static const char *form_of(struct arena *arena, const struct service *service, const char *id)
{
    char *form = arena_alloc(arena, strlen(id) + 2);
    service_id_form(service, id, form);
    return form;
}

static struct versions *versions_make(const struct planning *planning, const struct service *service)
{
    char form[VERSION_ROOM];
    struct arena *arena = planning->scratch;
    struct versions *versions = arena_new(arena, struct versions);
    lookup_init(&versions->written, arena, service->migration_count);
    lookup_init(&versions->numbers, arena, service->migration_count);
    lookup_init(&versions->dashless, arena, service->migration_count);
    lookup_init(&versions->forms, arena, service->migration_count);
    for (size_t m = 0; m < service->migration_count; m++)
        lookup_put(&versions->forms, 0, form_of(arena, service, service->migrations[m].id), (int)m);
    for (int baselines = 1; baselines >= 0; baselines--) { /* the last one counts */
        for (size_t m = 0; m < service->migration_count; m++) {
            const char *version = service->migrations[m].version;
            if (!planning_is_versioned(&service->migrations[m]) ||
                (service->migrations[m].kind == MIGRATION_BASELINE) != baselines)
                continue;
            lookup_put(&versions->written, 0, version, (int)m);
            lookup_put(&versions->numbers, 0, arena_strdup(arena, canonical(version, form)), (int)m);
            lookup_put(&versions->dashless, 0, arena_strdup(arena, dashless(version, form)), (int)m);
        }
    }
    return versions;
}

static const struct versions *versions_of(const struct planning *planning, int service)
{
    if (!planning->versions[service])
        planning->versions[service] = versions_make(planning, &planning->fleet->services[service]);
    return planning->versions[service];
}

int planning_held(const struct planning *planning, int service, const char *id)
{
    const struct service *owner = &planning->fleet->services[service];
    int found = planning_migration(planning, service, id);
    return found >= 0 ? found
                      : lookup_get(&versions_of(planning, service)->forms, 0, form_of(planning->scratch, owner, id));
}

static const char *without_v(const char *version)
{
    return (*version == 'V' || *version == 'v') && version[1] >= '0' && version[1] <= '9' ? version + 1 : version;
}

int planning_version(const struct planning *planning, int service, const char *version)
{
    char form[VERSION_ROOM];
    const struct service *owner = &planning->fleet->services[service];
    int found = planning_migration(planning, service, version);
    if (found >= 0)
        return owner->migrations[found].kind == MIGRATION_CALLBACK ? -1 : found;
    const struct versions *versions = versions_of(planning, service);
    found = lookup_get(&versions->written, 0, version);
    version = without_v(version);
    if (found < 0)
        found = lookup_get(&versions->numbers, 0, canonical(version, form));
    return found < 0 ? lookup_get(&versions->dashless, 0, dashless(version, form)) : found;
}

int planning_last_of(const struct planning *planning, int service, const char *version)
{
    const struct service *owner = &planning->fleet->services[service];
    int at = planning_version(planning, service, version);
    if (at < 0 || !planning_is_versioned(&owner->migrations[at]))
        return -1;
    const char *own = owner->migrations[at].version; /* not what was asked for: a rework bears that name again */
    while (at + 1 < (int)owner->migration_count && planning_is_versioned(&owner->migrations[at + 1]) &&
           planning_same_version(owner->migrations[at + 1].version, own) &&
           planning_same_version(owner->migrations[at + 1].version, without_v(version)))
        at++;
    return at;
}

const char *planning_recorded(const struct planning *planning, const struct slot *slot, const char *version)
{
    version = without_v(version);
    for (size_t i = 0; slot->contents && i < slot->contents->applied_count; i++) {
        const char *id = slot->contents->applied[i].migration;
        if (planning_same_version(id, version) && planning_held(planning, slot->service, id) < 0)
            return id;
    }
    return NULL;
}

/* ---- ranges ---- */

static bool is_number(const char *version)
{
    version = without_v(version);
    return *version >= '0' && *version <= '9';
}

/* Dates are written with dashes and without. */
int planning_compare(const char *a, const char *b)
{
    char x[VERSION_ROOM], y[VERSION_ROOM];
    if (planning_same_version(a, b))
        return 0;
    if ((strchr(a, '-') != NULL) != (strchr(b, '-') != NULL))
        return strcmp(dashless(a, x), dashless(b, y));
    return text_compare_numbers(a, b);
}

bool planning_has_numbers(const struct service *service)
{
    const char *before = NULL;
    for (size_t m = 0; m < service->migration_count; m++) {
        const struct migration *migration = &service->migrations[m];
        if (migration->kind != MIGRATION_VERSIONED)
            continue;
        if (!is_number(migration->version) || (before && planning_compare(before, migration->version) > 0))
            return false;
        before = migration->version;
    }
    return before != NULL;
}

bool bound_make(const struct planning *planning, int service, const struct dependency *dependency, struct bound *ret)
{
    *ret = (struct bound){.planning = planning, .service = service, .version = without_v(dependency->version),
                          .range = dependency->range};
    ret->at = planning_version(planning, service, dependency->version);
    if (ret->at >= 0)
        return planning_is_versioned(&planning->fleet->services[service].migrations[ret->at]);
    return is_number(dependency->version);
}

static bool range_has(enum range range, int side)
{
    switch (range) {
    case RANGE_AT_LEAST:
        return side >= 0;
    case RANGE_ABOVE:
        return side > 0;
    case RANGE_AT_MOST:
        return side <= 0;
    case RANGE_BELOW:
        return side < 0;
    default:
        return side == 0;
    }
}

bool bound_holds(const struct bound *bound, int migration)
{
    const struct migration *migrations = bound->planning->fleet->services[bound->service].migrations;
    if (!planning_is_versioned(&migrations[migration]))
        return false;
    if (bound->at < 0)
        return bound_holds_version(bound, migrations[migration].version);
    bool same =
        migration == bound->at || planning_same_version(migrations[migration].version, migrations[bound->at].version);
    return range_has(bound->range, same ? 0 : migration < bound->at ? -1 : 1);
}

bool bound_holds_version(const struct bound *bound, const char *version)
{
    return is_number(version) && is_number(bound->version) &&
           range_has(bound->range, planning_compare(without_v(version), bound->version));
}

int bound_first(const struct bound *bound)
{
    int count = (int)bound->planning->fleet->services[bound->service].migration_count,
        first = bound->at < 0 ? 0 : bound->at;
    while (first > 0 && bound->at >= 0 && bound_holds(bound, first - 1))
        first--;
    while (first < count && !bound_holds(bound, first))
        first++;
    return first;
}
