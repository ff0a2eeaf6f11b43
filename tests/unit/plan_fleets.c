/* links: catalog */
/* The plan of a fleet of real projects, where they are at hand (../shared/fleets). */
#include "plan/plan.h"
#include "unit/real_fleet.h"

/* The first `count` migrations of a service as applied. */
static struct target_contents contents(struct arena *arena, const struct service *service, size_t count)
{
    struct applied *applied = arena_array(arena, count + 1, sizeof *applied);
    for (size_t i = 0; i < count; i++)
        applied[i] = (struct applied){.migration = service->migrations[i].id, .checksum = service->migrations[i].up,
                                      .request = service->migrations[i].id, .release = "r1"};
    return (struct target_contents){
        .service = service->name, .target = service->name, .applied = applied, .applied_count = count};
}

Test(plan_fleets, up_in_two_releases_and_back)
{
    struct catalog *catalog = load_real("  uaa: {migrations: " FLEETS "/uaa}\n"
                                        "  concourse: {migrations: " FLEETS "/concourse, duplicate_versions: by-name, "
                                        "depends_on: [uaa]}\n"
                                        "  lemmy: {migrations: " FLEETS "/lemmy, depends_on: [concourse]}\n");
    if (!catalog)
        return;
    const struct service *services = catalog->fleet.services;
    auto_arena struct arena arena = ARENA_INIT;
    struct plan plan;
    struct plan_findings findings;
    struct err err = ERR_INIT;
    cr_assert(catalog_require(catalog, &err), "%s", err.text);
    const struct plan_limit limits[] = {{"concourse", "1747084615"}, {"lemmy", services[2].migrations[244].version}};
    struct plan_options options = {.limits = limits, .limit_count = 2};
    cr_assert(plan_make(&catalog->fleet, NULL, 0, &options, &arena, &plan, &findings, &err), "%s", err.text);
    cr_expect_eq(plan.step_count, 89u + 142u + 245u, "%zu", plan.step_count);
    cr_expect_eq(plan.irreversible, 89u + 2u, "%zu", plan.irreversible);
    cr_expect_str_eq(catalog->fleet.services[plan.steps[89].service].name, "concourse");
    cr_expect_eq(plan.steps[89].needs[0], 88);

    struct target_contents now[] = {contents(&arena, &services[0], 89), contents(&arena, &services[1], 142),
                                    contents(&arena, &services[2], 245)};
    const struct plan_limit rest[] = {{"lemmy", "2025-08-01-000016"}};
    options = (struct plan_options){.limits = rest, .limit_count = 1};
    cr_assert(plan_make(&catalog->fleet, now, 3, &options, &arena, &plan, &findings, &err), "%s", err.text);
    cr_expect_eq(plan.step_count, 7u + 3u, "%zu", plan.step_count);
    cr_expect_eq(plan.irreversible, 0u);

    options = (struct plan_options){.direction = DIRECTION_DOWN, .steps = 5, .services = (const char *[]){"lemmy"},
                                    .service_count = 1};
    cr_assert(plan_make(&catalog->fleet, now, 3, &options, &arena, &plan, &findings, &err), "%s", err.text);
    cr_expect_eq(plan.step_count, 5u);
    cr_expect_eq(plan.steps[0].migration, 244);

    options = (struct plan_options){.direction = DIRECTION_DOWN, .all = true, .services = (const char *[]){"concourse"},
                                    .service_count = 1};
    cr_expect(!plan_make(&catalog->fleet, now, 2, &options, &arena, &plan, &findings, &err));
    cr_expect(strstr(err.text, "concourse:1606489231") != NULL, "%s", err.text);
    options.stop_at_irreversible = true;
    cr_assert(plan_make(&catalog->fleet, now, 2, &options, &arena, &plan, &findings, &err), "%s", err.text);
    size_t stop = 141;
    while (services[1].migrations[stop].down)
        stop--;
    cr_expect_eq(plan.step_count, 141u - stop, "%zu", plan.step_count);
    cr_expect_str_eq(services[1].migrations[plan.steps[plan.step_count - 1].migration].id,
                     services[1].migrations[stop + 1].id);
    catalog_free(catalog);
}
