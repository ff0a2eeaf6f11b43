/* The planner: orders, ways back, findings, digests. */
#include "unit/plan_fixture.h"

Test(plan, services_and_migrations_in_their_order)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 2, "auth", "");
    add(&w, "user", 2, "eu us", "auth");
    good(&w, "auth:1 auth:2 eu:1 eu:2 us:1 us:2");
    cr_expect_eq(w.plan.irreversible, 0u);
    cr_expect_eq(w.plan.steps[2].needs_count, 1u);
    cr_expect_eq(w.plan.steps[2].needs[0], 1);
    cr_expect_eq(w.plan.steps[4].needs[0], 1);
    cr_expect_eq(w.plan.target_count, 3u);
    end(&w);
}

Test(plan, a_service_waits_for_all_targets_of_another)
{
    struct world w;
    begin(&w);
    add(&w, "user", 1, "user", "auth");
    add(&w, "auth", 1, "a b", "");
    good(&w, "a:1 b:1 user:1");
    cr_expect_eq(w.plan.steps[2].needs_count, 2u);
    end(&w);
}

Test(plan, waiting_goes_through_a_service_with_nothing_to_do)
{
    struct world w;
    begin(&w);
    add(&w, "user", 1, "user", "auth");
    add(&w, "auth", 1, "auth", "base");
    add(&w, "base", 1, "base", "");
    applied(&w, "auth", "auth", "1");
    good(&w, "base:1 user:1");
    cr_expect_eq(w.plan.steps[1].needs_count, 1u);
    end(&w);
}

Test(plan, migrations_name_each_other)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 3, "u1 u2", ""), *crm = add(&w, "crm", 2, "crm", "");
    depend(&w, &user[1], "crm", "1");
    depend(&w, &crm[1], "user", "2");
    good(&w, "u1:1 u2:1 crm:1 u1:2 u1:3 u2:2 u2:3 crm:2");
    end(&w);
}

Test(plan, what_is_applied_is_satisfied)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 2, "auth", "");
    struct migration *user = add(&w, "user", 2, "user", "auth");
    depend(&w, &user[1], "auth", "2");
    applied(&w, "auth", "auth", "1 2");
    applied(&w, "user", "user", "1");
    good(&w, "user:2");
    cr_expect_eq(w.plan.steps[0].needs_count, 0u);
    applied(&w, "user", "other", "1");
    w.contents[1] = (struct target_contents){.service = "user", .target = "user"};
    good(&w, "user:1 user:2");
    end(&w);
}

Test(plan, nothing_pending_is_an_empty_plan)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 1, "auth", "");
    applied(&w, "auth", "auth", "1");
    good(&w, "");
    cr_expect_eq(strlen(w.plan.digest), 64u);
    end(&w);
}

Test(plan, a_cycle_is_shown_with_its_path)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 2, "user", ""), *crm = add(&w, "crm", 1, "crm", "");
    depend(&w, &user[1], "crm", "1");
    depend(&w, &crm[0], "user", "2");
    bad(&w, "cycle", "user:2 (user/V2__x.sql:3) -> crm:1 (crm/V1__x.sql:3) -> user:2");
    end(&w);
}

Test(plan, cycles_of_other_shapes)
{
    struct world w;
    begin(&w);
    struct migration *a = add(&w, "a", 3, "a", "b");
    add(&w, "b", 4, "b", "a");
    bad(&w, "cycle", "a:1 (depends_on) -> b:4 -> b:1 (depends_on) -> a:3 -> a:1");
    end(&w);
    begin(&w);
    a = add(&w, "a", 3, "a", "");
    depend(&w, &a[0], "a", "3");
    bad(&w, "cycle", "a:1 (a/V1__x.sql:3) -> a:3 -> a:1");
    depend(&w, &a[1], "a", "2");
    bad(&w, "cycle", "a:2 (a/V2__x.sql:3) -> a:2");
    end(&w);
}

Test(plan, missing_ends_are_both_named)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 2, "user", "");
    add(&w, "crm", 1, "crm", "user");
    depend(&w, &user[1], "crm", "9");
    depend(&w, &user[0], "erp", "1");
    bad(&w, "missing-dependency", "user:2 needs crm:9 (user/V2__x.sql:3), which does not exist");
    bad(&w, "unknown-service", "user:1 needs erp:1 (user/V1__x.sql:3), which does not exist");
    cr_expect(strstr(w.err.hint, "1 more errors") != NULL, "%s", w.err.hint);
    end(&w);
    begin(&w);
    add(&w, "user", 1, "user", "nobody");
    bad(&w, "unknown-service", "service user depends on nobody");
    end(&w);
}

Test(plan, selections)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 2, "auth", "");
    struct migration *user = add(&w, "user", 3, "eu us", "auth");
    const char *services[] = {"user"}, *targets[] = {"us"};
    w.options.services = services;
    w.options.service_count = 1;
    good(&w, "eu:1 eu:2 eu:3 us:1 us:2 us:3");
    cr_expect_not_null(finding(&w, "left-out"));
    w.options.targets = targets;
    w.options.target_count = 1;
    w.options.limits = (struct plan_limit[]){{NULL, "2"}};
    w.options.limit_count = 1;
    good(&w, "us:1 us:2");
    cr_expect_eq(w.plan.target_count, 1u);
    w.options.limits = (struct plan_limit[]){{"user", "V02.0"}};
    good(&w, "us:1 us:2");
    w.options.limits = (struct plan_limit[]){{"user", "7"}};
    bad(&w, "unknown-version", "service user has no migration of version 7");
    w.options.limit_count = 0;
    depend(&w, &user[2], "auth", "2");
    bad(&w, "unmet-dependency", "user:3 on us needs auth:2 (user/V3__x.sql:3), which is neither applied on auth");
    targets[0] = "su";
    bad(&w, "unknown-target", "environment dev has no target 'su'");
    services[0] = "usr";
    bad(&w, "unknown-service", "no service 'usr'");
    cr_expect_str_eq(finding(&w, "unknown-service")->hint, "did you mean 'user'?");
    w.options = (struct plan_options){.limits = (struct plan_limit[]){{NULL, "1"}}, .limit_count = 1};
    bad(&w, "usage", "without its service");
    end(&w);
}

/* Nobody but who made it knows whether a pending file says once more what ran. */
Test(plan, files_that_were_made_one_are_told_of_a_baseline)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 4, "auth", "");
    w.services[0].migrations = auth + 2;
    w.services[0].migration_count = 2;
    applied(&w, "auth", "auth", "1 2");
    good(&w, "auth:3 auth:4");
    cr_expect_str_eq(finding(&w, "ahead")->hint,
                     "when auth/V3__x.sql was made of them, `greylag baseline --service auth --on auth --version 3` "
                     "takes it for applied: up would run it");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "1 2 3 4 77"); /* a checkout that is older than the database */
    good(&w, "");
    cr_expect_str_eq(finding(&w, "ahead")->hint, "");
    w.options.out_of_order = true;
    w.contents_count = 0;
    applied(&w, "auth", "auth", "3 77");
    good(&w, "auth:4");
    cr_expect_str_eq(finding(&w, "ahead")->hint, "");
    end(&w);
}

/* Where its files were made one, what needs the old version has it. */
Test(plan, what_is_applied_without_a_file_is_there_for_what_needs_it)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 1, "user", ""), *auth = add(&w, "auth", 3, "eu us", "");
    w.services[1].migrations = auth + 2;
    w.services[1].migration_count = 1;
    depend(&w, &user[0], "auth", "1");
    bad(&w, "missing-dependency", "user:1 needs auth:1 (user/V1__x.sql:3), which does not exist");
    applied(&w, "auth", "eu", "1 2 3");
    bad(&w, "unmet-dependency", "user:1 needs auth:1 (user/V1__x.sql:3), which is not applied on us and has no file");
    applied(&w, "auth", "us", "1 2 3");
    good(&w, "user:1");
    end(&w);
}

Test(plan, drift_order_and_what_the_files_do_not_know)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 4, "auth", "");
    applied(&w, "auth", "auth", "1 3 77 78");
    bad(&w, "out-of-order", "auth:2 (auth/V2__x.sql) is not applied on auth, but the later 3 is");
    cr_expect(strstr(finding(&w, "out-of-order")->hint, "give it a higher version"));
    w.services[0].history = HISTORY_LIQUIBASE; /* whose versions are names */
    bad(&w, "out-of-order", "auth:2 (auth/V2__x.sql) is not applied on auth, but the later 3 is");
    cr_expect(strstr(finding(&w, "out-of-order")->hint, "put it behind the last one"));
    w.services[0].history = HISTORY_NONE;
    w.options.out_of_order = true;
    good(&w, "auth:2 auth:4");
    const struct plan_finding *ahead = finding(&w, "ahead");
    cr_assert_not_null(ahead);
    cr_expect(!ahead->error && strstr(ahead->text, "2 applied migrations that the files do not know: 77, 78"));
    auth[0].up = digest_of(&w.arena, "changed");
    bad(&w, "drift", "1 was changed after it was applied on auth");
    auth[0].up = ((const struct applied *)w.contents[0].applied)[0].checksum;
    auth[3].up_size = (int64_t)MIGRATION_MAX + 1;
    bad(&w, "too-large", "auth/V4__x.sql has 33554433 bytes");
    end(&w);
}

/* Versions are those of the tool: 1, 01 and 000001 are one to golang-migrate and goose, 1, 1.0 and 1_0 to Flyway. */
Test(plan, a_version_written_in_another_way_is_the_same_migration)
{
    static const struct {
        enum history_tool tool;
        const char *recorded, *file;
        bool same;
        const char *layout;
    } rows[] = {
        {HISTORY_GOLANG_MIGRATE, "1", "000001", true, ""}, {HISTORY_GOLANG_MIGRATE, "000001", "01", true, ""},
        {HISTORY_GOOSE, "00001", "1", true, ""}, {HISTORY_GOOSE, "1_users", "0001_users", true, ""},
        {HISTORY_GOOSE, "1_users", "0001_plans", false, ""}, {HISTORY_GOOSE, "10", "1", false, ""},
        {HISTORY_FLYWAY, "1", "01.0", true, ""}, {HISTORY_FLYWAY, "1_2", "1.02", true, ""},
        {HISTORY_FLYWAY, "1.2", "1.2.1", false, ""}, {HISTORY_FLYWAY, "B1", "B01", true, ""},
        {HISTORY_FLYWAY, "1.0.2", "1.2", false, ""}, {HISTORY_FLYWAY, "1", "B1", false, ""},
        {HISTORY_FLYWAY, "R__1", "R__01", false, ""}, {HISTORY_DBMATE, "1", "01", false, ""},
        {HISTORY_NONE, "1", "01", false, ""}, {HISTORY_SQITCH, "1", "01", false, ""},
        {HISTORY_GOLANG_MIGRATE, "0", "00", true, ""}, {HISTORY_FLYWAY, "0", "0.0", true, ""},
        {HISTORY_DIESEL, "2024-01-15-093000", "20240115093000", true, ""},
        {HISTORY_DIESEL, "20240115093000_a-b", "2024-01-15-093000_a-b", true, ""},
        {HISTORY_DIESEL, "2024-01-15-093000_ab", "20240115093000_a-b", false, ""},
        {HISTORY_DIESEL, "1", "01", false, ""},
        {HISTORY_NONE, "1", "001", true, "metadata"},
        {HISTORY_NONE, "1-2", "01.2.0", true, "metadata"},
        {HISTORY_NONE, "1-2", "12", false, "metadata"},
        {HISTORY_NONE, "20240101_001", "20240101_1", true, "timestamp"},
        {HISTORY_NONE, "20240101_001", "20240101_010", false, "timestamp"},
        {HISTORY_NONE, "1", "01", false, "declared"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world w;
        begin(&w);
        struct migration *only = add(&w, "auth", 1, "auth", "");
        w.services[0].history = rows[i].tool;
        w.services[0].layout = rows[i].layout;
        only->id = only->version = rows[i].file;
        applied(&w, "auth", "auth", rows[i].recorded);
        ((struct applied *)(uintptr_t)w.contents[0].applied)->checksum =
            rows[i].same ? only->up : digest_of(&w.arena, "another");
        w.options.out_of_order = true;
        cr_assert(make(&w), "%s", w.err.text);
        cr_expect_eq(w.plan.step_count, !rows[i].same, "%s and %s: %zu steps", rows[i].recorded, rows[i].file,
                     w.plan.step_count);
        struct plan_counts counts = plan_pending(&w.services[0], &w.contents[0], NULL);
        cr_expect_eq(counts.pending, !rows[i].same);
        cr_expect_eq(counts.unknown, !rows[i].same);
        w.options.direction = DIRECTION_DOWN; /* what is undone has the name that it has on the record */
        w.options.all = true;
        cr_expect_eq(make(&w), rows[i].same);
        if (rows[i].same)
            cr_expect_str_eq(w.plan.steps[0].id, rows[i].recorded);
        cr_expect_eq(service_held(&w.services[0], rows[i].recorded, 0), rows[i].same ? 0 : -1);
        end(&w);
    }
}

/* A service that was retired, a file that was taken away: what is applied everywhere has had it. */
Test(plan, what_is_applied_needs_nothing_any_more)
{
    struct world w;
    begin(&w);
    struct migration *bill = add(&w, "bill", 2, "eu us", "");
    depend(&w, &bill[0], "user", "1");
    depend(&w, &bill[0], "bill", "0");
    applied(&w, "bill", "eu", "1");
    applied(&w, "bill", "us", "1");
    good(&w, "eu:2 us:2");
    w.contents_count = 1; /* a new database has not */
    bad(&w, "unknown-service", "bill:1 on us needs user:1 (bill/V1__x.sql:3), which does not exist");
    end(&w);
}

/* Whether its file is here or not. */
Test(plan, what_is_out_of_order_is_asked_of_the_database)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 3, "auth eu", "");
    applied(&w, "auth", "auth", "1 2 4");
    bad(&w, "out-of-order",
        "auth:3 (auth/V3__x.sql) is not applied on auth, but the later 4 is, which has no file here");
    w.options.out_of_order = true;
    good(&w, "auth:3 eu:1 eu:2 eu:3");
    w.options.out_of_order = false;
    auth[2].id = auth[2].version = "5"; /* later than that */
    good(&w, "auth:5 eu:1 eu:2 eu:5");
    auth[2].id = auth[2].version = "c3"; /* names have no order: nobody can tell */
    good(&w, "auth:c3 eu:1 eu:2 eu:c3");
    end(&w);
}

/* Sqitch: the scripts of `two` are two@v1 since the rework right behind it, whose scripts are `two` now. */
Test(plan, a_limit_is_not_moved_by_a_rework_right_behind_it)
{
    struct world w;
    begin(&w);
    struct migration *sq = add(&w, "sq", 4, "sq", "");
    const char *ids[] = {"one", "two", "two#2", "three"}, *versions[] = {"one", "two@v1", "two", "three"};
    for (size_t i = 0; i < 4; i++) {
        sq[i].id = ids[i];
        sq[i].version = versions[i];
    }
    w.options.limits = (struct plan_limit[]){{"sq", "two"}};
    w.options.limit_count = 1;
    good(&w, "sq:one sq:two");
    applied(&w, "sq", "sq", "one two two#2 three");
    w.options.direction = DIRECTION_DOWN;
    good(&w, "sq:three sq:two#2");
    end(&w);
}

Test(plan, what_greylag_does_not_run_is_planned_and_named)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 2, "auth", "");
    auth[1].refused = "it is written in another language";
    applied(&w, "auth", "auth", "1");
    good(&w, "auth:2");
    const struct plan_finding *refused = finding(&w, "not-built");
    cr_assert_not_null(refused);
    cr_expect(!refused->error &&
                  strstr(refused->text, "of the planned migrations 1 that greylag does not run: 2 (it is"),
              "%s", refused->text);
    cr_expect_eq(w.plan.refused, 1u);
    auth[1].down = NULL;
    auth[1].undo_file = NULL; /* nobody can write one: Alembic's revision, one that is declared */
    good(&w, "auth:2");
    cr_expect_null(strstr(finding(&w, "irreversible")->hint, "write the undo"), "%s",
                   finding(&w, "irreversible")->hint);
    w.contents_count = 0;
    applied(&w, "auth", "auth", "1 2");
    good(&w, "");
    cr_expect(!finding(&w, "not-built") && w.plan.refused == 0);
    end(&w);
}

Test(plan, what_has_no_way_back_is_counted_and_named)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 9, "a b", "");
    for (int i = 2; i < 9; i++)
        auth[i].down = auth[i].down_file = NULL;
    auth[0].has_policy = true;
    auth[0].on_failure = ON_FAILURE_HALT;
    cr_assert(make(&w));
    cr_expect_eq(w.plan.irreversible, 14u);
    cr_expect_eq(w.plan.steps[0].way_back, WAY_BACK_UNDO);
    cr_expect_eq(w.plan.steps[2].way_back, WAY_BACK_NONE);
    cr_expect_eq(w.plan.steps[0].policy.on_failure, ON_FAILURE_HALT);
    cr_expect_eq(w.plan.steps[1].policy.on_failure, ON_FAILURE_ROLLBACK_RELEASE);
    cr_expect_str_eq(finding(&w, "irreversible")->text,
                     "service auth: of the planned migrations 7 without a way back: 3, 4, 5, 6, 7, ...");
    end(&w);
}

/* Down. */

static void down_world(struct world *w)
{
    begin(w);
    struct migration *auth = add(w, "auth", 3, "auth", ""), *user = add(w, "user", 2, "eu us", "auth");
    add(w, "crm", 2, "crm", "");
    depend(w, &w->migrations[2][1], "auth", "3");
    (void)auth;
    (void)user;
    applied(w, "auth", "auth", "1@r1 2@r1 3@r2");
    applied(w, "user", "eu", "1@r1 2@r2");
    applied(w, "user", "us", "1@r1 2@r2");
    applied(w, "crm", "crm", "1@r1 2@r2");
    w->options.direction = DIRECTION_DOWN;
}

Test(plan, down_a_release_in_reverse)
{
    struct world w;
    down_world(&w);
    w.options.release = "r2";
    good(&w, "crm:2 eu:2 us:2 auth:3");
    cr_expect_eq(w.plan.steps[3].needs_count, 3u);
    cr_expect_str_eq(w.plan.steps[0].undoes, "req-crm-2");
    cr_expect_str_eq(w.plan.steps[0].undoes_release, "r2");
    cr_expect_eq(w.plan.steps[0].direction, DIRECTION_DOWN);
    w.options.release = "r1";
    bad(&w, "needed", "was applied later than");
    w.options.release = "r9";
    good(&w, "");
    w.options.release = NULL;
    held_by(&w, "r1");
    good(&w, "crm:2 eu:2 us:2 auth:3");
    held_by(&w, "r1 r2");
    good(&w, "");
    held_by(&w, "none");
    good(&w, "crm:2 crm:1 eu:2 eu:1 us:2 us:1 auth:3 auth:2 auth:1");
    w.options.release = "r1";
    bad(&w, "usage", "exactly one way");
    end(&w);
}

Test(plan, down_in_other_ways)
{
    struct world w;
    down_world(&w);
    w.options.all = true;
    good(&w, "crm:2 crm:1 eu:2 eu:1 us:2 us:1 auth:3 auth:2 auth:1");
    w.options.all = false;
    bad(&w, "usage", "exactly one way");
    w.options.steps = 1;
    bad(&w, "usage", "needs exactly one service");
    w.options.services = (const char *[]){"user"};
    w.options.service_count = 1;
    good(&w, "eu:2 us:2");
    w.options.targets = (const char *[]){"us"};
    w.options.target_count = 1;
    w.options.steps = 9;
    good(&w, "us:2 us:1");
    w.options.steps = 0;
    w.options.limits = (struct plan_limit[]){{NULL, "1"}};
    w.options.limit_count = 1;
    good(&w, "us:2");
    w.options.all = true;
    bad(&w, "usage", "exactly one way");
    end(&w);
}

Test(plan, down_keeps_what_others_need)
{
    struct world w;
    down_world(&w);
    w.options.services = (const char *[]){"auth"};
    w.options.service_count = 1;
    w.options.steps = 1;
    bad(&w, "needed", "crm:2 on crm stays applied and needs auth:3 (crm/V2__x.sql:3), which would be undone");
    w.options.steps = 0;
    w.options.limits = (struct plan_limit[]){{"auth", "nope"}};
    w.options.limit_count = 1;
    bad(&w, "unknown-version", "version nope");
    cr_expect(strstr(finding(&w, "unknown-version")->hint, "`greylag status --applied`") != NULL);
    end(&w);
}

Test(plan, down_refuses_what_has_no_way_back)
{
    struct world w;
    down_world(&w);
    w.options.all = true;
    w.migrations[2][0].down = w.migrations[2][0].down_file = NULL;
    w.migrations[2][0].undo_file = "crm/U1__x.sql";
    bad(&w, "irreversible", "crm:1 on crm has no way back (crm/V1__x.sql)");
    cr_expect(strstr(finding(&w, "irreversible")->hint, "write the undo (crm/U1__x.sql)"));
    w.options.stop_at_irreversible = true;
    good(&w, "crm:2 eu:2 eu:1 us:2 us:1 auth:3 auth:2 auth:1");
    cr_expect(strstr(finding(&w, "stopped")->text, "crm:1 on crm stays applied") != NULL);
    w.migrations[2][1].down = w.migrations[2][1].down_file = NULL;
    good(&w, "eu:2 eu:1 us:2 us:1"); /* crm:2 stays and needs auth:3 */
    w.migrations[1][1].down = w.migrations[1][1].down_file = NULL;
    good(&w, ""); /* user stays, and depends on auth as a whole */
    end(&w);
}

/* Files that went away when they were made one: what was applied of them is below, and stays. */
Test(plan, down_to_a_version_leaves_what_is_below_it)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 4, "auth", "");
    applied(&w, "auth", "auth", "0.5 1 2 2.5 3");
    w.options.direction = DIRECTION_DOWN;
    w.options.limits = (struct plan_limit[]){{"auth", "3"}};
    w.options.limit_count = 1;
    good(&w, "");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "0.5 1 2 3");
    w.options.limits = (struct plan_limit[]){{"auth", "1"}};
    good(&w, "auth:3 auth:2");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "0.5 1 2 2.5 3");
    bad(&w, "unknown-migration", "auth:2.5 is applied on auth, but the files do not know it");
    end(&w);
}

/* They are one file now, 3: a version that only the record has is one to go back to. */
Test(plan, down_to_a_version_that_has_no_file)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 4, "auth", "");
    w.services[0].migrations = auth + 2;
    w.services[0].migration_count = 2;
    applied(&w, "auth", "auth", "1 2 3 4");
    w.options.direction = DIRECTION_DOWN;
    w.options.limits = (struct plan_limit[]){{"auth", "2"}};
    w.options.limit_count = 1;
    good(&w, "auth:4 auth:3");
    w.options.limits = (struct plan_limit[]){{"auth", "v02"}};
    good(&w, "auth:4 auth:3");
    w.options.limits = (struct plan_limit[]){{"auth", "1"}};
    bad(&w, "unknown-migration", "auth:2 is applied on auth, but the files do not know it");
    cr_expect(finding(&w, "unknown-version") == NULL);
    w.options.limits = (struct plan_limit[]){{"auth", "5"}};
    bad(&w, "unknown-version", "service auth has no migration of version 5");
    auth[3].version = "name"; /* versions are names here */
    w.options.limits = (struct plan_limit[]){{"auth", "2"}};
    bad(&w, "unknown-version", "2 of service auth is applied, but has no file");
    end(&w);
}

Test(plan, down_names_what_the_files_do_not_know)
{
    struct world w;
    down_world(&w);
    applied(&w, "crm", "crm", "1 2 99");
    w.contents[3] = w.contents[4];
    w.contents_count = 4;
    w.options.all = true;
    bad(&w, "unknown-migration", "crm:99 is applied on crm, but the files do not know it");
    w.options.stop_at_irreversible = true;
    good(&w, "eu:2 eu:1 us:2 us:1");
    end(&w);
}

/* A release is undone whole, or it is said what stays. */
Test(plan, down_names_what_the_fleet_does_not_have_any_more)
{
    struct world w;
    down_world(&w);
    applied(&w, "gone", "gone", "1@r8 2@r9");
    applied(&w, "crm", "old", "7@r8");
    w.options.release = "r9";
    bad(&w, "unknown-migration", "gone is applied on gone through what is to be undone, but the fleet file has no such "
                                 "service: 2");
    w.options.release = "r8";
    w.options.services = (const char *[]){"crm"};
    w.options.service_count = 1;
    bad(&w, "unknown-migration", "crm is applied on old through what is to be undone, but the fleet file has no such "
                                 "target of it: 7");
    w.options.targets = (const char *[]){"crm"};
    w.options.target_count = 1;
    cr_expect(make(&w), "%s", w.err.text); /* it is not asked for */
    w.options.service_count = w.options.target_count = 0;
    w.options.stop_at_irreversible = true;
    cr_expect(make(&w), "%s", w.err.text);
    cr_expect(finding(&w, "stopped") && !finding(&w, "stopped")->error);
    w.options = (struct plan_options){.direction = DIRECTION_DOWN, .all = true};
    cr_expect(make(&w), "%s", w.err.text);
    cr_assert(finding(&w, "stopped"));
    cr_expect_str_eq(finding(&w, "stopped")->text,
                     "gone on gone stays applied: the fleet file has no such service: 2, 1");
    end(&w);
}

/* Digests. */

Test(plan, the_digest_is_what_it_was)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 2, "auth", "");
    add(&w, "user", 2, "eu us", "auth");
    cr_assert(make(&w));
    cr_expect_str_eq(w.plan.steps[0].leaf, "6787e36ec977431044e4ffde6596ac22194c9f1ecb8bba365b914bdf0b1d506c", "%s",
                     w.plan.steps[0].leaf);
    cr_expect_str_eq(w.plan.digest, "1198476786679a440eabc69b92616973f6b284057cc021a2abcafb20e55f4283", "%s",
                     w.plan.digest);
    char before[DIGEST_TEXT_SIZE];
    memcpy(before, w.plan.digest, sizeof before);
    cr_assert(make(&w));
    cr_expect_str_eq(w.plan.digest, before);
    const char *down = auth[1].down;
    auth[1].down = NULL;
    cr_assert(make(&w));
    cr_expect_str_neq(w.plan.digest, before);
    auth[1].down = down;
    w.services[1].policy.retries++;
    cr_assert(make(&w));
    cr_expect_str_neq(w.plan.digest, before);
    w.services[1].policy.retries--;
    w.fleet.environment = "production";
    cr_assert(make(&w));
    cr_expect_str_neq(w.plan.digest, before);
    end(&w);
}

Test(plan, the_order_of_what_is_reported_does_not_matter)
{
    struct world w;
    begin(&w);
    for (int i = 0; i < 8; i++)
        add(&w, arena_printf(&w.arena, "s%d", i), 5, arena_printf(&w.arena, "a%d b%d", i, i),
            i ? arena_printf(&w.arena, "s%d", (i - 1) / 2) : "");
    for (int i = 0; i < 8; i++) {
        applied(&w, w.services[i].name, w.services[i].targets[0], i % 2 ? "1 2" : "1");
        applied(&w, w.services[i].name, w.services[i].targets[1], i % 3 ? "1" : "1 2 3");
    }
    cr_assert(make(&w), "%s", w.err.text);
    char digest[DIGEST_TEXT_SIZE];
    memcpy(digest, w.plan.digest, sizeof digest);
    srand(7);
    for (int round = 0; round < 50; round++) {
        for (size_t i = w.contents_count - 1; i > 0; i--) {
            size_t k = (size_t)rand() % (i + 1);
            struct target_contents swap = w.contents[i];
            w.contents[i] = w.contents[k];
            w.contents[k] = swap;
        }
        cr_assert(make(&w));
        cr_assert_str_eq(w.plan.digest, digest);
    }
    end(&w);
}

/* Random graphs: every order is topological and complete, or a cycle is named whose edges exist. */
Test(plan, random_graphs)
{
    size_t cycles = 0, plans = 0;
    for (unsigned seed = 1; seed <= 400; seed++) {
        struct world w;
        begin(&w);
        srand(seed);
        int services = 2 + rand() % 6;
        size_t total = 0;
        for (int i = 0; i < services; i++) {
            size_t count = 1 + (size_t)rand() % 8, targets = 1 + (size_t)rand() % 3;
            add(&w, arena_printf(&w.arena, "s%d", i), count,
                targets == 1   ? arena_printf(&w.arena, "x%d", i)
                : targets == 2 ? arena_printf(&w.arena, "x%d y%d", i, i)
                               : arena_printf(&w.arena, "x%d y%d z%d", i, i, i),
                i && rand() % 4 == 0 ? arena_printf(&w.arena, "s%d", rand() % i) : "");
            total += count * targets;
        }
        for (int edge = rand() % 12; edge > 0; edge--) {
            int from = rand() % services, to = rand() % services;
            if (from == to)
                continue;
            size_t m = (size_t)rand() % w.services[from].migration_count;
            depend(&w, &w.migrations[from][m], w.services[to].name,
                   w.services[to].migrations[(size_t)rand() % w.services[to].migration_count].id);
        }
        bool fine = make(&w);
        plans += fine;
        cycles += !fine;
        cr_assert(fine || finding(&w, "cycle"), "seed %u: %s", seed, w.err.text);
        if (fine) {
            order(&w); /* needs name earlier steps only */
            cr_assert_eq(w.plan.step_count, total, "seed %u", seed);
            for (size_t i = 0; i < w.plan.step_count; i++) {
                const struct plan_step *step = &w.plan.steps[i];
                const struct migration *m = &w.services[step->service].migrations[step->migration];
                for (size_t d = 0; d < m->depends_count; d++) {
                    size_t met = 0;
                    for (size_t k = 0; k < i; k++)
                        met += strcmp(w.services[w.plan.steps[k].service].name, m->depends[d].service) == 0 &&
                               strcmp(w.services[w.plan.steps[k].service].migrations[w.plan.steps[k].migration].id,
                                      m->depends[d].version) == 0;
                    cr_assert_eq(met, fleet_service(&w.fleet, m->depends[d].service)->target_count, "seed %u", seed);
                }
            }
        }
        end(&w);
    }
    cr_log_info("%zu plans, %zu cycles", plans, cycles);
    cr_expect(plans > 50 && cycles > 50, "%zu plans, %zu cycles", plans, cycles);
}

Test(plan, twenty_services_of_a_thousand_migrations)
{
    struct world w;
    begin(&w);
    for (int i = 0; i < 20; i++) {
        struct migration *list = add(&w, arena_printf(&w.arena, "s%d", i), 1000, arena_printf(&w.arena, "t%d", i),
                                     i % 5 ? arena_printf(&w.arena, "s%d", i - 1) : "");
        for (int m = 10; i % 5 == 0 && i && m < 1000; m += 10)
            depend(&w, &list[m], "s0", w.migrations[0][m - 1].id);
    }
    int64_t start = clock_mono_us();
    cr_assert(make(&w), "%s", w.err.text);
    cr_log_info("planned %zu steps in %lld us", w.plan.step_count, (long long)(clock_mono_us() - start));
    cr_expect_eq(w.plan.step_count, 20000u);
    end(&w);
}

/* Output. */

Test(plan, prints_json_and_mermaid)
{
    struct world w;
    begin(&w);
    struct migration *auth = add(&w, "auth", 1, "auth", "");
    auth[0].name = "say \"hi\" & <go>";
    auth[0].down = auth[0].down_file = NULL;
    add(&w, "user", 1, "eu us", "auth");
    cr_assert(make(&w));
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    plan_mermaid(&w.plan, &out);
    cr_expect_str_eq(buf_text(&out),
                     "flowchart LR\n"
                     "  subgraph auth-service[\"auth\"]\n"
                     "    s0{{\"1 say #34;hi#34; #38; #60;go#62;\"}}\n"
                     "  end\n"
                     "  subgraph user-service[\"user\"]\n"
                     "    s1[\"1 x on eu\"]\n"
                     "    s2[\"1 x on us\"]\n"
                     "  end\n"
                     "  s0 --> s1\n"
                     "  s0 --> s2\n",
                     "%s", buf_text(&out));
    buf_clear(&out);
    plan_json(&w.plan, &w.findings, NULL, &out);
    json_t *json = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(json, "%s", buf_text(&out));
    const json_t *steps = json_object_get(json, "steps");
    cr_expect_eq(json_array_size(steps), 3u);
    const json_t *last = json_array_get(steps, 2);
    cr_expect_str_eq(json_string_value(json_object_get(last, "target")), "us");
    cr_expect_eq(json_integer_value(json_array_get(json_object_get(last, "needs"), 0)), 0);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(steps, 0), "wayBack")), "none");
    cr_expect_str_eq(json_string_value(json_object_get(json, "digest")), w.plan.digest);
    cr_expect_eq(json_array_size(json_object_get(json, "findings")), 1u);
    json_decref(json);
    end(&w);
}
