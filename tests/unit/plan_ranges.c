/* The planner: dependencies on ranges of versions, and names of versions. */
#include "unit/plan_fixture.h"

static void range(struct world *w, struct migration *m, const char *service, enum range range, const char *version)
{
    depend(w, m, service, version);
    ((struct dependency *)(uintptr_t)m->depends)[m->depends_count - 1].range = range;
}

/* user 1 2 3 5 on two targets; order 1 2 */
static struct migration *fleet(struct world *w)
{
    begin(w);
    struct migration *user = add(w, "user", 4, "eu us", "");
    user[3].id = user[3].version = "5";
    user[3].up = digest_of(&w->arena, "user/V5__x.sql");
    return add(w, "order", 2, "order", "");
}

Test(plan_ranges, at_least_and_above_wait_for_the_first_that_satisfies)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2");
    range(&w, &order[1], "user", RANGE_ABOVE, "3");
    good(&w, "eu:1 eu:2 eu:3 eu:5 us:1 us:2 us:3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[8].needs_count, 2u);
    cr_expect_eq(w.plan.steps[8].needs[0], 1); /* eu:2 */
    cr_expect_eq(w.plan.steps[8].needs[1], 5); /* us:2 */
    cr_expect_eq(w.plan.steps[9].needs[0], 3); /* eu:5, and order:1 */
    end(&w);
}

Test(plan_ranges, a_version_that_does_not_exist_is_a_border_all_the_same)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "4");
    range(&w, &order[1], "user", RANGE_ABOVE, "2.9");
    good(&w, "eu:1 eu:2 eu:3 eu:5 us:1 us:2 us:3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[8].needs[0], 3); /* eu:5 */
    cr_expect_eq(w.plan.steps[9].needs[0], 2); /* eu:3 */
    end(&w);
}

Test(plan_ranges, what_is_applied_satisfies)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2");
    applied(&w, "user", "eu", "1 2 3");
    applied(&w, "user", "us", "1");
    good(&w, "eu:5 us:2 us:3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[4].needs_count, 1u);
    cr_expect_eq(w.plan.steps[4].needs[0], 1); /* us:2 alone */
    w.options.services = (const char *[]){"order"};
    w.options.service_count = 1;
    bad(&w, "unmet-range", "order:1 needs user >= 2 (order/V1__x.sql:3), but user is at 1 on us, and this plan takes "
                           "it no further; the first that satisfies it is 2");
    w.contents[1].applied_count = 0;
    bad(&w, "unmet-range", "but user is at nothing on us");
    w.contents_count = 1;
    applied(&w, "user", "us", "1 7"); /* ahead of the files: 7 */
    good(&w, "order:1 order:2");
    end(&w);
}

Test(plan_ranges, nothing_satisfies)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "6");
    bad(&w, "unmet-range", "no migration of user satisfies it");
    order[0].depends_count = 0;
    range(&w, &order[0], "user", RANGE_ABOVE, "5");
    bad(&w, "unmet-range", "order:1 needs user > 5 (order/V1__x.sql:3), but user is at 5 on eu");
    order[0].depends_count = 0;
    range(&w, &order[0], "user", RANGE_AT_LEAST, "soon");
    bad(&w, "missing-dependency", "order:1 needs user >= soon (order/V1__x.sql:3), which does not exist");
    order[0].depends_count = 0;
    range(&w, &order[0], "nobody", RANGE_BELOW, "5");
    bad(&w, "unknown-service", "order:1 needs nobody < 5");
    end(&w);
}

Test(plan_ranges, at_most_and_below)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[1], "user", RANGE_AT_MOST, "3");
    bad(&w, "unmet-range", "order:2 needs user <= 3 (order/V2__x.sql:3), but user:5 is in this plan on eu; the last "
                           "that satisfies it is 3");
    w.options.limits = (struct plan_limit[]){{"user", "3"}};
    w.options.limit_count = 1;
    good(&w, "eu:1 eu:2 eu:3 us:1 us:2 us:3 order:1 order:2");
    order[1].depends_count = 0;
    range(&w, &order[1], "user", RANGE_BELOW, "3");
    bad(&w, "unmet-range", "user:3 is in this plan on eu; the last that satisfies it is 2");
    applied(&w, "user", "eu", "1 2 3");
    w.options.limits = (struct plan_limit[]){{"user", "2"}};
    bad(&w, "unmet-range", "order:2 needs user < 3 (order/V2__x.sql:3), but user:3 is applied on eu");
    w.contents_count = 0;
    applied(&w, "user", "eu", "1 20240301");
    bad(&w, "unmet-range", "user:20240301 is applied on eu");
    w.contents_count = 0;
    good(&w, "eu:1 eu:2 us:1 us:2 order:1 order:2");
    end(&w);
}

Test(plan_ranges, a_cycle_through_a_range)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "3");
    depend(&w, &w.migrations[0][1], "order", "2");
    bad(&w, "cycle", "user:2 on eu (user/V2__x.sql:3) -> order:2 -> order:1 (order/V1__x.sql:3) -> user:3 on eu -> "
                     "user:2 on eu");
    order[0].depends_count = 0;
    range(&w, &order[0], "order", RANGE_ABOVE, "1");
    w.migrations[0][1].depends_count = 0;
    bad(&w, "cycle", "order:1 (order/V1__x.sql:3) -> order:2 -> order:1");
    end(&w);
}

Test(plan_ranges, its_own_service_on_the_same_target_only)
{
    struct world w;
    fleet(&w);
    range(&w, &w.migrations[0][3], "user", RANGE_AT_LEAST, "2");
    applied(&w, "user", "eu", "1 2 3");
    good(&w, "eu:5 us:1 us:2 us:3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[0].needs_count, 0u);
    end(&w);
}

Test(plan_ranges, a_baseline_satisfies_what_it_stands_for)
{
    struct world w;
    struct migration *order = fleet(&w);
    struct migration *user = w.migrations[0];
    user[2].kind = MIGRATION_BASELINE;
    user[2].id = "B3";
    user[2].version = "3";
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2");
    range(&w, &order[1], "user", RANGE_AT_LEAST, "3");
    good(&w, "eu:B3 eu:5 us:B3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[4].needs[0], 0);
    applied(&w, "user", "eu", "1 2"); /* there it does not count: 5 is the first that is above */
    good(&w, "eu:5 us:B3 us:5 order:1 order:2");
    cr_expect_eq(w.plan.steps[3].needs[0], 1); /* order:1: eu is at 2 */
    cr_expect_eq(w.plan.steps[4].needs[0], 0); /* order:2: eu:5 */
    order[1].depends_count = 0;
    range(&w, &order[1], "user", RANGE_AT_MOST, "2");
    w.options.limits = (struct plan_limit[]){{"user", "2"}};
    w.options.limit_count = 1;
    good(&w, "us:1 us:2 order:1 order:2"); /* the baseline that does not count is not "at 3" */
    end(&w);
}

Test(plan_ranges, dates_with_dashes_and_without)
{
    struct world w;
    begin(&w);
    struct migration *order = add(&w, "order", 1, "order", ""), *user = add(&w, "user", 2, "user", "");
    user[0].id = user[0].version = "2024-02-28-000001";
    user[1].id = user[1].version = "2024-03-01-000001";
    range(&w, &order[0], "user", RANGE_AT_LEAST, "20240301");
    good(&w, "user:2024-02-28-000001 user:2024-03-01-000001 order:1");
    cr_expect_eq(w.plan.steps[2].needs[0], 1);
    order[0].depends_count = 0;
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2024-02-01");
    good(&w, "user:2024-02-28-000001 order:1 user:2024-03-01-000001");
    end(&w);
}

Test(plan_ranges, down_keeps_what_a_range_needs)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2");
    applied(&w, "user", "eu", "1@r1 2@r1 3@r2 5@r2");
    applied(&w, "user", "us", "1@r1 2@r1 3@r1");
    applied(&w, "order", "order", "1@r1 2@r2");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    good(&w, "order:2 eu:5 eu:3"); /* order:1 still has user 2 */
    w.options.release = NULL;
    w.options.limits = (struct plan_limit[]){{"user", "1"}};
    w.options.limit_count = 1;
    bad(&w, "needed", "order:1 on order stays applied and needs user:2 (order/V1__x.sql:3), which would be undone");
    w.options.limit_count = 0;
    w.options.all = true;
    good(&w, "order:2 order:1 eu:5 eu:3 eu:2 eu:1 us:3 us:2 us:1");
    cr_expect_eq(w.plan.steps[4].needs_count, 2u); /* eu:2 waits for order:1 and for eu:3 */
    end(&w);
}

Test(plan_ranges, one_that_stays_satisfies_a_range)
{
    struct world w;
    struct migration *order = fleet(&w);
    range(&w, &order[0], "user", RANGE_AT_LEAST, "2");
    applied(&w, "user", "eu", "1@r1 5@r1 3@r2"); /* 3 came later, out of order */
    applied(&w, "user", "us", "1@r1 2@r1");
    applied(&w, "order", "order", "1@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    good(&w, "eu:3");
    w.contents[0].applied_count = 0;
    w.contents_count = 0;
    applied(&w, "user", "eu", "1@r1 5@r2 3@r3");
    applied(&w, "user", "us", "1@r1 2@r1");
    applied(&w, "order", "order", "1@r1");
    bad(&w, "needed", "user:3 on eu was applied later than 5");
    for (size_t i = 0; i < w.findings.count; i++) /* 3 stays and satisfies */
        cr_expect(!strstr(w.findings.items[i].text, "order:1"), "%s", w.findings.items[i].text);
    end(&w);
}

Test(plan_ranges, dashes_join_numbers_where_there_is_no_year)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 2, "user", ""), *order = add(&w, "order", 1, "order", "");
    user[0].id = user[0].version = "1-2";
    user[1].id = user[1].version = "12";
    w.options.limits = (struct plan_limit[]){{"user", "1-2"}};
    w.options.limit_count = 1;
    good(&w, "user:1-2 order:1"); /* 12 is another one */
    w.options.limits = (struct plan_limit[]){{"user", "1.2"}};
    good(&w, "user:1-2 order:1");
    w.options.limit_count = 0;
    depend(&w, &order[0], "user", "1_2");
    good(&w, "user:1-2 user:12 order:1");
    cr_expect_eq(w.plan.steps[2].needs[0], 0);
    end(&w);
}

Test(plan_ranges, two_limits_of_one_service)
{
    struct world w;
    fleet(&w);
    w.options.limits = (struct plan_limit[]){{"user", "2"}, {"order", "1"}, {"user", "3"}};
    w.options.limit_count = 2;
    good(&w, "eu:1 eu:2 us:1 us:2 order:1");
    w.options.limit_count = 3;
    bad(&w, "usage", "two versions of service user are given: 2 and 3");
    end(&w);
}

Test(plan_ranges, a_limit_of_a_service_that_is_not_planned)
{
    struct world w;
    fleet(&w);
    w.options.limits = (struct plan_limit[]){{"user", "2"}};
    w.options.limit_count = 1;
    w.options.services = (const char *[]){"order"};
    w.options.service_count = 1;
    bad(&w, "usage", "a version of service user is given, which is not among the services that are planned");
    end(&w);
}

Test(plan_ranges, down_of_what_a_whole_service_is_built_on_is_said)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 2, "auth", "");
    add(&w, "user", 1, "user", "auth");
    applied(&w, "auth", "auth", "1@r1 2@r2");
    applied(&w, "user", "user", "1@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    good(&w, "auth:2");
    cr_assert_not_null(finding(&w, "built-on"));
    cr_expect_str_eq(finding(&w, "built-on")->text,
                     "service user depends on auth, of which 1 migration is undone, and 1 of its own stay applied");
    w.options.release = "r1";
    w.contents[0].applied_count = 1;
    good(&w, "user:1 auth:1");
    cr_expect_null(finding(&w, "built-on"));
    end(&w);
}

Test(plan_ranges, versions_are_found_however_they_are_written)
{
    struct world w;
    begin(&w);
    struct migration *order = add(&w, "order", 1, "order", ""), *user = add(&w, "user", 3, "user", "");
    static const char *const versions[] = {"1.0", "2024-01-02", "0030"};
    static const struct {
        const char *asked, *order;
    } cases[] = {{"1", "user:1.0 order:1 user:2024-01-02 user:0030"},
                 {"V1_0_0", "user:1.0 order:1 user:2024-01-02 user:0030"},
                 {"20240102", "user:1.0 user:2024-01-02 order:1 user:0030"},
                 {"30", "user:1.0 user:2024-01-02 user:0030 order:1"},
                 {"0030", "user:1.0 user:2024-01-02 user:0030 order:1"}};
    for (int i = 0; i < 3; i++)
        user[i].id = user[i].version = versions[i];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        order[0].depends_count = 0;
        depend(&w, &order[0], "user", cases[i].asked);
        good(&w, cases[i].order);
    }
    order[0].depends_count = 0;
    depend(&w, &order[0], "user", "31");
    bad(&w, "missing-dependency", "order:1 needs user:31");
    end(&w);
}

/* 500 services of 200 migrations, each with two dependencies: neither ids nor versions may cost a scan each. */
Test(plan_ranges, a_hundred_thousand_migrations)
{
    static struct world w;
    static struct service services[500];
    begin(&w);
    w.fleet.services = services;
    w.fleet.service_count = 500;
    for (int i = 0; i < 500; i++) {
        struct migration *list = arena_array(&w.arena, 200, sizeof *list);
        const char **targets = arena_array(&w.arena, 1, sizeof *targets);
        targets[0] = arena_printf(&w.arena, "s%d", i);
        for (int m = 0; m < 200; m++) {
            list[m] = (struct migration){.id = arena_printf(&w.arena, "V%d", 10 * m),
                                         .version = arena_printf(&w.arena, "%d", 10 * m),
                                         .name = "",
                                         .file = "",
                                         .up = "u",
                                         .down = "d",
                                         .down_file = ""};
            if (i == 0)
                continue;
            struct dependency *depends = arena_array(&w.arena, 2, sizeof *depends);
            depends[0] = (struct dependency){.service = arena_printf(&w.arena, "s%d", (i * 7 + m) % i), .where = "",
                                             .version = arena_printf(&w.arena, "%d.0", 10 * m)};
            depends[1] = (struct dependency){.service = arena_printf(&w.arena, "s%d", (i * 3 + m) % i), .where = "",
                                             .version = arena_printf(&w.arena, "%d", 10 * m), .range = RANGE_AT_LEAST};
            list[m].depends = depends;
            list[m].depends_count = 2;
        }
        services[i] = (struct service){.name = targets[0], .layout = "flyway", .targets = targets, .target_count = 1,
                                       .migrations = list, .migration_count = 200, .policy = POLICY_DEFAULT};
    }
    int64_t start = clock_mono_us();
    cr_assert(make(&w), "%s", w.err.text);
    cr_log_info("planned %zu steps in %lld us", w.plan.step_count, (long long)(clock_mono_us() - start));
    cr_expect_eq(w.plan.step_count, 100000u);
    end(&w);
}
