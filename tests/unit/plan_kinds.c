/* The planner: repeatables, baselines, callbacks, and what goes into a step's leaf. */
#include "unit/plan_fixture.h"

static struct migration *as(struct migration *m, enum migration_kind kind, const char *id)
{
    m->kind = kind;
    m->id = id;
    m->version = kind == MIGRATION_BASELINE ? id + 1 : "";
    if (kind != MIGRATION_VERSIONED)
        m->down = m->down_file = NULL;
    return m;
}

static const struct plan_step *step_of(const struct world *w, const char *id)
{
    const struct plan_step *found = NULL;
    for (size_t i = 0; i < w->plan.step_count; i++) {
        if (strcmp(w->plan.steps[i].id, id) == 0)
            found = &w->plan.steps[i];
    }
    cr_assert_not_null(found, "no step of %s", id);
    return found;
}

/* What is applied at `at` of the first target has these texts: "digest-word@release ..." , the newest first. A word in
 * brackets is not kept. */
static void texts(struct world *w, size_t target, size_t at, const char *words)
{
    struct applied *applied = (struct applied *)(uintptr_t)&w->contents[target].applied[at];
    struct applied_text *list = arena_array(&w->arena, 8, sizeof *list);
    char *copy = arena_strdup(&w->arena, words), *rest = NULL;
    size_t n = 0;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        bool kept = *word != '[';
        char *release = strchr(word, '@');
        *release++ = 0;
        list[n++] = (struct applied_text){.checksum = digest_of(&w->arena, kept ? word : word + 1), .kept = kept,
                                          .request = arena_printf(&w->arena, "%s.9.1", release), .release = release};
    }
    applied->checksum = list[0].checksum;
    applied->texts = list;
    applied->text_count = n;
}

/* A callback, 1, 2, R__v, R__w, a callback. */
static struct migration *kinds(struct world *w)
{
    begin(w);
    struct migration *m = add(w, "auth", 6, "auth", "");
    as(&m[0], MIGRATION_CALLBACK, "before");
    m[1].id = m[1].version = "1";
    m[2].id = m[2].version = "2";
    as(&m[3], MIGRATION_REPEATABLE, "R__v");
    as(&m[4], MIGRATION_REPEATABLE, "R__w");
    as(&m[5], MIGRATION_CALLBACK, "after");
    for (int i = 1; i < 5; i++) /* as applied() thinks of them */
        m[i].up = digest_of(&w->arena, arena_printf(&w->arena, "auth/V%s__x.sql", m[i].id));
    return m;
}

Test(plan_kinds, repeatables_come_last_and_callbacks_around)
{
    struct world w;
    kinds(&w);
    good(&w, "auth:before auth:1 auth:2 auth:R__v auth:R__w auth:after");
    cr_expect_eq(step_of(&w, "before")->way_back, WAY_BACK_NOTHING);
    cr_expect_eq(step_of(&w, "after")->way_back, WAY_BACK_NOTHING);
    cr_expect_eq(step_of(&w, "R__v")->way_back, WAY_BACK_NONE); /* runs first */
    cr_expect_str_eq(step_of(&w, "R__v")->undoes, "");
    cr_expect_eq(w.plan.irreversible, 2u);
    cr_expect_str_eq(finding(&w, "irreversible")->text,
                     "service auth: of the planned migrations 2 without a way back: R__v, R__w");
    cr_expect_null(strstr(finding(&w, "irreversible")->hint, "write the undo"), "Flyway knows none of repeatables");
    applied(&w, "auth", "auth", "1 2 R__v R__w");
    good(&w, ""); /* nothing pending: no callbacks either */
    end(&w);
}

Test(plan_kinds, a_repeatable_runs_again_when_it_has_changed)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1 2 R__v@r1 R__w@r1");
    texts(&w, 0, 3, "old@r1");
    good(&w, "auth:before auth:R__w auth:after");
    const struct plan_step *again = step_of(&w, "R__w");
    cr_expect_eq(again->way_back, WAY_BACK_EARLIER);
    cr_expect_str_eq(again->undoes, "req-auth-R__w");
    cr_expect_str_eq(again->undoes_release, "r1");
    cr_expect_str_eq(again->earlier, digest_of(&w.arena, "old"));
    cr_expect_str_eq(again->earlier_request, "r1.9.1");
    cr_expect_eq(w.plan.irreversible, 0u);
    cr_expect_null(finding(&w, "drift"));
    texts(&w, 0, 3, "[old@r1");
    good(&w, "auth:before auth:R__w auth:after");
    cr_expect_eq(step_of(&w, "R__w")->way_back, WAY_BACK_NONE); /* its text is lost */
    cr_expect_str_eq(step_of(&w, "R__w")->undoes, "req-auth-R__w");
    end(&w);
}

Test(plan_kinds, neither_limits_nor_order_concern_them)
{
    struct world w;
    kinds(&w);
    w.options.limits = (struct plan_limit[]){{"auth", "1"}};
    w.options.limit_count = 1;
    good(&w, "auth:before auth:1 auth:R__v auth:R__w auth:after");
    w.options.limits = (struct plan_limit[]){{"auth", "R__v"}};
    bad(&w, "unknown-version", "service auth has no migration of version R__v");
    w.options.limit_count = 0;
    applied(&w, "auth", "auth", "R__w 1");
    good(&w,
         "auth:before auth:2 auth:R__v auth:after"); /* R__v stands before R__w, which is applied: not out of order */
    end(&w);
}

Test(plan_kinds, dependencies_on_repeatables_and_callbacks)
{
    struct world w;
    struct migration *m = kinds(&w);
    struct migration *user = add(&w, "user", 1, "user", "");
    depend(&w, &user[0], "auth", "R__v");
    good(&w, "auth:before auth:1 auth:2 auth:R__v auth:R__w auth:after user:1");
    applied(&w, "auth", "auth", "1 2 R__v R__w");
    texts(&w, 0, 2, "old@r1");
    good(&w, "auth:before auth:R__v auth:after user:1"); /* behind the new text */
    cr_expect_eq(w.plan.steps[3].needs_count, 1u);
    w.options.services = (const char *[]){"user"};
    w.options.service_count = 1;
    good(&w, "user:1"); /* an older text of it is there */
    w.options.service_count = 0;
    user[0].depends = NULL;
    user[0].depends_count = 0;
    depend(&w, &user[0], "auth", "before");
    bad(&w, "missing-dependency", "user:1 needs auth:before");
    depend(&w, &m[4], "user", "1");
    user[0].depends_count = 0;
    depend(&w, &user[0], "auth", "R__w");
    texts(&w, 0, 3, "old@r1");
    bad(&w, "cycle", "auth:R__w (auth/V5__x.sql:3) -> user:1 (user/V1__x.sql:3) -> auth:R__w");
    end(&w);
}

/* a, v, b as Liquibase has them: v is repeatable, and stands in its place. */
static struct migration *placed(struct world *w)
{
    static const char *const ids[] = {"a", "v", "b"};
    begin(w);
    struct migration *m = add(w, "auth", 3, "auth", "");
    for (int i = 0; i < 3; i++) {
        m[i].id = m[i].version = ids[i];
        m[i].up = digest_of(&w->arena, arena_printf(&w->arena, "auth/V%s__x.sql", ids[i]));
    }
    m[1].kind = MIGRATION_REPEATABLE;
    return m;
}

static void limit(struct world *w, const char *version)
{
    struct plan_limit *limits = arena_new(&w->arena, struct plan_limit);
    *limits = (struct plan_limit){"auth", version};
    w->options.limits = limits;
    w->options.limit_count = version ? 1 : 0;
}

Test(plan_kinds, one_with_a_version_stands_in_its_place)
{
    struct world w;
    struct migration *m = placed(&w);
    good(&w, "auth:a auth:v auth:b");
    limit(&w, "a");
    good(&w, "auth:a");
    limit(&w, "v");
    good(&w, "auth:a auth:v");
    applied(&w, "auth", "auth", "a v b");
    texts(&w, 0, 1, "old@r1");
    good(&w, "auth:v");
    limit(&w, "a");
    good(&w, ""); /* above the limit its new text waits */
    limit(&w, NULL);
    w.contents_count = 0;
    applied(&w, "auth", "auth", "v");
    good(&w, "auth:a auth:b"); /* not out of order: it may have run at any time */
    struct migration *user = add(&w, "user", 1, "user", "");
    depend(&w, &user[0], "auth", "v");
    ((struct dependency *)(uintptr_t)user[0].depends)->range = RANGE_AT_LEAST;
    good(&w, "auth:a auth:b user:1");
    cr_expect_eq(w.plan.steps[2].needs_count, 0u); /* v is there */
    m[1].version = "";
    bad(&w, "missing-dependency", "user:1 needs auth >= v");
    end(&w);
}

Test(plan_kinds, its_own_undo_is_the_way_back_of_a_first_text)
{
    struct world w;
    struct migration *m = placed(&w);
    good(&w, "auth:a auth:v auth:b");
    cr_expect_eq(step_of(&w, "v")->way_back, WAY_BACK_UNDO);
    applied(&w, "auth", "auth", "a v b");
    texts(&w, 0, 1, "old@r1");
    good(&w, "auth:v");
    cr_expect_eq(step_of(&w, "v")->way_back, WAY_BACK_EARLIER);
    texts(&w, 0, 1, "[old@r1");
    good(&w, "auth:v");
    cr_expect_eq(step_of(&w, "v")->way_back,
                 WAY_BACK_NONE); /* its undo would take more away than this release brought */
    w.contents_count = 0;
    m[1].down = NULL;
    good(&w, "auth:a auth:v auth:b");
    cr_expect_eq(step_of(&w, "v")->way_back, WAY_BACK_NONE);
    end(&w);
}

Test(plan_kinds, down_by_versions_and_steps_takes_one_with_a_version)
{
    struct world w;
    struct migration *m = placed(&w);
    applied(&w, "auth", "auth", "a@r1 b@r1 v@r2"); /* v ran again */
    texts(&w, 0, 2, "new@r2 old@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.services = (const char *[]){"auth"};
    w.options.service_count = 1;
    w.options.steps = 1;
    good(&w, "auth:v"); /* what ran last */
    cr_expect_eq(step_of(&w, "v")->direction, DIRECTION_DOWN);
    cr_expect_str_eq(step_of(&w, "v")->earlier, ""); /* it goes whole */
    w.options.steps = 2;
    good(&w, "auth:v auth:b");
    w.options.steps = 0;
    limit(&w, "a");
    good(&w, "auth:v auth:b");
    limit(&w, "v");
    good(&w, "auth:b"); /* v stays, and that it ran again later is no matter */
    m[1].down = NULL;
    limit(&w, "a");
    bad(&w, "irreversible", "auth:v on auth has no way back (auth/V2__x.sql)");
    limit(&w, NULL);
    w.options.release = "r2"; /* a release only takes back what it brought */
    good(&w, "auth:v");
    cr_expect_str_eq(step_of(&w, "v")->earlier, digest_of(&w.arena, "old"));
    end(&w);
}

Test(plan_kinds, down_of_a_first_text_runs_its_undo)
{
    struct world w;
    struct migration *m = placed(&w);
    applied(&w, "auth", "auth", "a@r1 v@r2 b@r3");
    texts(&w, 0, 1, "v@r2");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    bad(&w, "needed", "auth:b on auth was applied later than v, which would be undone under it");
    w.options.release = NULL;
    held_by(&w, "r1");
    good(&w, "auth:b auth:v");
    w.options.back_to = NULL;
    w.options.all = true;
    good(&w, "auth:b auth:v auth:a");
    cr_expect_eq(step_of(&w, "v")->direction, DIRECTION_DOWN);
    cr_expect_null(finding(&w, "repeatable"));
    m[1].down = NULL;
    good(&w, "auth:b auth:v auth:a");
    cr_expect_eq(step_of(&w, "v")->direction, DIRECTION_FORGET);
    end(&w);
}

Test(plan_kinds, what_needs_a_repeatable_one_is_content_with_its_earlier_text)
{
    struct world w;
    kinds(&w);
    struct migration *user = add(&w, "user", 1, "user", "");
    depend(&w, &user[0], "auth", "R__v");
    applied(&w, "auth", "auth", "1@r1 R__v@r2");
    texts(&w, 0, 1, "new@r2 old@r1");
    applied(&w, "user", "user", "1@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    good(&w, "auth:R__v");
    end(&w);
}

/* 1, 2, B2, 3, B3, 4 */
static struct migration *baselines(struct world *w)
{
    begin(w);
    struct migration *m = add(w, "auth", 6, "auth", "");
    static const char *const ids[] = {"1", "2", "B2", "3", "B3", "4"};
    for (int i = 0; i < 6; i++) {
        m[i].id = m[i].version = ids[i];
        if (*ids[i] == 'B')
            as(&m[i], MIGRATION_BASELINE, ids[i]);
        m[i].up = digest_of(&w->arena, arena_printf(&w->arena, "auth/V%s__x.sql", ids[i]));
    }
    return m;
}

Test(plan_kinds, the_highest_baseline_is_taken_where_nothing_is)
{
    struct world w;
    struct migration *m = baselines(&w);
    good(&w, "auth:B3 auth:4");
    cr_expect_eq(w.plan.irreversible, 1u);
    w.options.limits = (struct plan_limit[]){{"auth", "2"}};
    w.options.limit_count = 1;
    good(&w, "auth:B2"); /* of version 2, and stands behind it */
    w.options.limits = (struct plan_limit[]){{"auth", "V2.0"}};
    good(&w, "auth:B2");
    w.options.limits = (struct plan_limit[]){{"auth", "B2"}};
    good(&w, "auth:B2");
    w.options.limits = (struct plan_limit[]){{"auth", "1"}};
    good(&w, "auth:1");
    w.options.limits = (struct plan_limit[]){{"auth", "3"}};
    good(&w, "auth:B3");
    w.options.limit_count = 0;
    m[2].version = m[2].id = "2b"; /* same version on the other side */
    struct migration swap = m[3];
    m[3] = m[4];
    m[4] = swap;
    good(&w, "auth:B3 auth:4");
    end(&w);
}

Test(plan_kinds, a_baseline_is_left_out_where_something_is)
{
    struct world w;
    baselines(&w);
    applied(&w, "auth", "auth", "1");
    good(&w, "auth:2 auth:3 auth:4");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "77"); /* unknown to the files, but something */
    w.options.out_of_order = true;     /* ... and later than they are */
    good(&w, "auth:1 auth:2 auth:3 auth:4");
    end(&w);
}

Test(plan_kinds, an_applied_baseline_stands_for_what_is_before_it)
{
    struct world w;
    baselines(&w);
    applied(&w, "auth", "auth", "B2");
    good(&w, "auth:3 auth:4"); /* neither 1 nor 2 are out of order, and B3 does not count any more */
    w.contents_count = 0;
    applied(&w, "auth", "auth", "B3");
    good(&w, "auth:4");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "B2 4");
    bad(&w, "out-of-order", "auth:3 (auth/V4__x.sql) is not applied on auth, but the later 4 is");
    end(&w);
}

Test(plan_kinds, dependencies_on_what_a_baseline_stands_for)
{
    struct world w;
    baselines(&w);
    struct migration *user = add(&w, "user", 1, "user", "");
    depend(&w, &user[0], "auth", "2");
    good(&w, "auth:B3 auth:4 user:1");
    cr_expect_eq(w.plan.steps[2].needs[0], 0); /* 2 means B3 here */
    applied(&w, "auth", "auth", "B3 4");
    good(&w, "user:1");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "1");
    user[0].depends_count = 0;
    depend(&w, &user[0], "auth", "B3");
    good(&w, "auth:2 auth:3 auth:4 user:1");
    cr_expect_eq(w.plan.steps[3].needs[0], 1); /* B3 means 3 here */
    w.options.limits = (struct plan_limit[]){{"auth", "2"}};
    w.options.limit_count = 1;
    bad(&w, "unmet-dependency", "user:1 needs auth:B3");
    end(&w);
}

Test(plan_kinds, two_targets_one_new_and_one_old)
{
    struct world w;
    baselines(&w);
    w.services[0].targets = (const char *[]){"new", "old"};
    w.services[0].target_count = 2;
    applied(&w, "auth", "old", "1 2");
    good(&w, "new:B3 new:4 old:3 old:4");
    end(&w);
}

/* ---- what other tools say ---- */

static void foreign(struct world *w, const char *service, const char *table, size_t rows)
{
    struct foreign_history *history = arena_new(&w->arena, struct foreign_history);
    *history = (struct foreign_history){.tool = HISTORY_FLYWAY, .table = table, .row_count = rows,
                                        .rows = arena_array(&w->arena, rows + 1, sizeof *history->rows)};
    w->contents[w->contents_count++] =
        (struct target_contents){.service = service, .target = service, .foreign = history, .foreign_count = 1};
}

Test(plan_kinds, another_tools_record_is_not_planned_over)
{
    struct world w;
    begin(&w);
    add(&w, "auth", 2, "auth", "");
    foreign(&w, "auth", "public.flyway_schema_history", 2);
    bad(&w, "foreign-history", "flyway says that 2 migrations are in effect there (public.flyway_schema_history)");
    cr_expect(strstr(finding(&w, "foreign-history")->hint, "greylag import"));
    w.services[0].history_table = "my_history"; /* that table is another service's */
    good(&w, "auth:1 auth:2");
    w.services[0].history_table = "flyway_schema_history";
    bad(&w, "foreign-history", "nothing is on record for auth");
    w.options.services = (const char *[]){"user"};
    w.options.service_count = 1;
    add(&w, "user", 1, "user", "");
    good(&w, "user:1"); /* auth is not touched */
    w.options.service_count = 0;
    w.contents_count = 0;
    foreign(&w, "auth", "public.flyway_schema_history", 0);
    good(&w, "auth:1 auth:2 user:1");
    w.contents_count = 0;
    foreign(&w, "auth", "public.flyway_schema_history", 1);
    struct foreign_row *mark = (struct foreign_row *)(uintptr_t)w.contents[0].foreign->rows;
    *mark = (struct foreign_row){.version = "0.9", .name = "", .script = "<< Flyway Baseline >>", .checksum = "",
                                 .state = FOREIGN_BASELINE};
    good(&w, "auth:1 auth:2 user:1"); /* from before the first file: there is nothing to import */
    mark->version = "1";
    bad(&w, "foreign-history", "flyway says that 1 migration is in effect there");
    mark->version = "0.9";
    mark->state = FOREIGN_APPLIED;
    bad(&w, "foreign-history", "flyway says that 1 migration is in effect there");
    w.contents_count = 0;
    applied(&w, "auth", "auth", "1");
    w.contents[0].foreign_count = 1;
    w.contents[0].foreign = &(struct foreign_history){.tool = HISTORY_FLYWAY, .table = "x", .row_count = 9};
    good(&w, "auth:2 user:1"); /* on record here already */
    end(&w);
}

/* ---- down ---- */

Test(plan_kinds, down_a_release_brings_the_earlier_text_back)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1@r1 R__v@r2 R__w@r1 2@r2");
    texts(&w, 0, 1, "new@r2 old@r1");
    texts(&w, 0, 2, "same@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r2";
    good(&w, "auth:R__v auth:2"); /* the view first, then the table that it looks at */
    const struct plan_step *back = step_of(&w, "R__v");
    cr_expect_eq(back->direction, DIRECTION_DOWN);
    cr_expect_str_eq(back->earlier, digest_of(&w.arena, "old"));
    cr_expect_str_eq(back->earlier_request, "r1.9.1");
    cr_expect_str_eq(back->undoes, "req-auth-R__v");
    cr_expect_eq(back->way_back, WAY_BACK_ABORT);
    texts(&w, 0, 1, "new@r2 [old@r1");
    bad(&w, "irreversible", "auth:R__v on auth has no way back: the text that it replaced is not kept");
    texts(&w, 0, 1, "new@r2");
    bad(&w, "irreversible", "auth:R__v on auth has no way back: nothing is known to have been in effect before it");
    w.options.stop_at_irreversible = true;
    good(&w, ""); /* its text ran on top of 2: that stays, too */
    cr_expect_not_null(finding(&w, "stopped"));
    w.contents_count = 0;
    applied(&w, "auth", "auth", "1@r1 R__v@r2 2@r3");
    texts(&w, 0, 1, "new@r2");
    held_by(&w, "r1");
    w.options.release = NULL;
    good(&w, "auth:2"); /* a later one goes: the text that stays ran without it */
    cr_expect_not_null(finding(&w, "stopped"));
    end(&w);
}

Test(plan_kinds, down_several_releases_goes_to_the_text_before_all_of_them)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1@r1 R__v@r4 2@r3");
    texts(&w, 0, 1, "d@r4 c@r3 b@r2 a@r1");
    w.options.direction = DIRECTION_DOWN;
    held_by(&w, "r2 r1");
    good(&w, "auth:R__v auth:2");
    cr_expect_str_eq(step_of(&w, "R__v")->earlier, digest_of(&w.arena, "b"));
    w.options.back_to = NULL;
    w.options.release = "r3"; /* its text is not in effect any more */
    good(&w, "auth:2");
    /* what a rollback of r4 brought back counts as r3's again */
    texts(&w, 0, 1, "c@r3 b@r2");
    good(&w, "auth:R__v auth:2");
    end(&w);
}

Test(plan_kinds, versions_and_steps_back_do_not_concern_repeatables)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1 2 R__v R__w");
    texts(&w, 0, 2, "b@r2 a@r1");
    w.options.direction = DIRECTION_DOWN;
    w.options.services = (const char *[]){"auth"};
    w.options.service_count = 1;
    w.options.steps = 1;
    good(&w, "auth:2");
    cr_assert_not_null(finding(&w, "built-on"));
    cr_expect_str_eq(finding(&w, "built-on")->text, "auth on auth: 2 repeatable migrations that ran on top of what is "
                                                    "undone stay as they are: R__w, ...");
    w.options.steps = 9;
    good(&w, "auth:2 auth:1");
    w.options.steps = 0;
    w.options.limits = (struct plan_limit[]){{"auth", "1"}};
    w.options.limit_count = 1;
    good(&w, "auth:2");
    w.options.limits = (struct plan_limit[]){{"auth", "R__v"}};
    bad(&w, "unknown-version", "has no migration of version R__v");
    end(&w);
}

Test(plan_kinds, repeatables_that_ran_before_what_goes_are_no_matter)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1@r1 R__v@r1 R__w@r1 2@r2");
    w.options.direction = DIRECTION_DOWN;
    w.options.services = (const char *[]){"auth"};
    w.options.service_count = 1;
    w.options.steps = 1;
    good(&w, "auth:2");
    cr_expect_null(finding(&w, "built-on"));
    w.options.steps = 2;
    good(&w, "auth:2 auth:1");
    cr_assert_not_null(finding(&w, "built-on"));
    end(&w);
}

Test(plan_kinds, down_all_takes_repeatables_off_the_record)
{
    struct world w;
    kinds(&w);
    applied(&w, "auth", "auth", "1 2 R__v R__w");
    w.options.direction = DIRECTION_DOWN;
    w.options.all = true;
    good(&w, "auth:R__w auth:R__v auth:2 auth:1");
    cr_expect_eq(step_of(&w, "R__v")->direction, DIRECTION_FORGET);
    cr_expect_str_eq(step_of(&w, "R__v")->undoes, "req-auth-R__v");
    cr_expect_eq(step_of(&w, "2")->direction, DIRECTION_DOWN);
    const struct plan_finding *said = finding(&w, "repeatable");
    cr_assert_not_null(said);
    cr_expect(!said->error && strstr(said->text, "2 repeatable migrations of auth are taken off the record"), "%s",
              said->text);
    end(&w);
}

Test(plan_kinds, down_of_a_baseline_is_refused)
{
    struct world w;
    baselines(&w);
    applied(&w, "auth", "auth", "B3@r1 4@r1");
    struct migration *user = add(&w, "user", 1, "user", "");
    depend(&w, &user[0], "auth", "2");
    applied(&w, "user", "user", "1@r2");
    w.options.direction = DIRECTION_DOWN;
    w.options.release = "r1";
    bad(&w, "irreversible", "auth:B3 on auth has no way back");
    bad(&w, "needed", "user:1 on user stays applied and needs auth:B3 (user/V1__x.sql:3), which would be undone");
    w.options.stop_at_irreversible = true;
    good(&w, "auth:4");
    end(&w);
}

/* ---- what metadata says ---- */

Test(plan_kinds, what_metadata_says_is_shown)
{
    struct world w;
    begin(&w);
    struct migration *m = add(&w, "auth", 3, "eu us", "");
    m[1].requires_downtime = m[1].breaking = true;
    m[1].estimated_ms = 90000;
    m[1].risk = "high";
    m[1].details = "{\"tags\":[\"x\"],\"dataVolume\":\"large\"}";
    good(&w, "eu:1 eu:2 eu:3 us:1 us:2 us:3");
    const struct plan_finding *said = finding(&w, "downtime");
    cr_assert_not_null(said);
    cr_expect_not(said->error);
    cr_expect_str_eq(said->text, "service auth: of the planned migrations 1 with downtime, as their metadata says: 2");
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    plan_json(&w.plan, &w.findings, NULL, &out);
    json_t *json = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    const json_t *steps = json_object_get(json, "steps"), *step = json_array_get(steps, 1);
    cr_expect(json_is_true(json_object_get(step, "requiresDowntime")) &&
              json_is_true(json_object_get(step, "breaking")));
    cr_expect_eq(json_integer_value(json_object_get(step, "estimatedDurationMs")), 90000);
    cr_expect_str_eq(json_string_value(json_object_get(step, "dataVolume")), "large");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(step, "tags"), 0)), "x");
    cr_expect_null(json_object_get(json_array_get(steps, 0), "requiresDowntime"));
    json_decref(json);
    applied(&w, "auth", "eu", "1 2");
    applied(&w, "auth", "us", "1 2");
    good(&w, "eu:3 us:3");
    cr_expect_null(finding(&w, "downtime")); /* it is not planned any more */
    end(&w);
}

Test(plan_kinds, down_to_the_version_of_a_baseline)
{
    struct world w;
    baselines(&w);
    applied(&w, "auth", "auth", "B2 3 4");
    w.options.direction = DIRECTION_DOWN;
    limit(&w, "2");
    good(&w, "auth:4 auth:3"); /* B2 is of version 2: it stays */
    limit(&w, "1");
    bad(&w, "irreversible", "auth:B2 on auth has no way back");
    end(&w);
}

/* ---- counting ---- */

Test(plan_kinds, what_is_pending_is_counted_as_it_is_planned)
{
    struct world w;
    struct migration *m = kinds(&w);
    applied(&w, "auth", "auth", "1 R__v R__w 99");
    texts(&w, 0, 2, "old@r1");
    struct plan_counts counts = plan_pending(&w.services[0], &w.contents[0], NULL);
    cr_expect_eq(counts.applied, 4u);
    cr_expect_eq(counts.pending, 2u); /* 2 and R__w */
    cr_expect_eq(counts.unknown, 1u);
    m[2].category = "schema";
    m[4].category = m[3].category = "data";
    counts = plan_pending(&w.services[0], &w.contents[0], "data");
    cr_expect_eq(counts.applied, 2u);
    cr_expect_eq(counts.pending, 1u);
    cr_expect_eq(counts.unknown, 0u);
    end(&w);
    baselines(&w);
    const struct target_contents empty = {.service = "auth", .target = "auth"};
    counts = plan_pending(&w.services[0], &empty, NULL);
    cr_expect_eq(counts.pending, 2u); /* B3 and 4 */
    end(&w);
}

/* ---- leaves ---- */

static void leaf_changes(struct world *w, char (*last)[DIGEST_TEXT_SIZE], const char *what)
{
    cr_assert(make(w), "%s", w->err.text);
    cr_expect_str_neq(w->plan.steps[0].leaf, *last, "%s is not in the leaf", what);
    memcpy(*last, w->plan.steps[0].leaf, sizeof *last);
}

Test(plan_kinds, everything_that_runs_is_in_the_leaf)
{
    struct world w;
    begin(&w);
    struct migration *m = add(&w, "auth", 1, "auth", "");
    struct placeholder placeholders[] = {{"name", "value", false}, {"password", "", true}};
    char last[DIGEST_TEXT_SIZE] = "";
    leaf_changes(&w, &last, "anything");
    w.services[0].placeholders = placeholders;
    w.services[0].placeholder_count = 2;
    cr_assert(make(&w));
    cr_expect_str_eq(w.plan.steps[0].leaf, last); /* it has none to replace */
    m[0].placeholders = true;
    leaf_changes(&w, &last, "placeholders");
    placeholders[0].value = "other";
    leaf_changes(&w, &last, "a placeholder's value");
    placeholders[1].secret = false;
    leaf_changes(&w, &last, "a placeholder's secrecy");
    m[0].verify = digest_of(&w.arena, "verify");
    leaf_changes(&w, &last, "verify");
    w.services[0].before_each = digest_of(&w.arena, "before");
    leaf_changes(&w, &last, "before each");
    w.services[0].after_each = digest_of(&w.arena, "before");
    leaf_changes(&w, &last, "after each");
    w.services[0].before_each = NULL;
    leaf_changes(&w, &last, "which of both");
    w.services[0].mirror = true;
    leaf_changes(&w, &last, "mirror");
    w.services[0].history = HISTORY_GOOSE;
    leaf_changes(&w, &last, "the mirrored tool");
    m[0].foreign_checksum = "12";
    leaf_changes(&w, &last, "what is mirrored");
    m[0].lock_timeout_ms = 77;
    leaf_changes(&w, &last, "its own lock timeout");
    cr_expect_eq(w.plan.steps[0].policy.lock_timeout_ms, 77);
    m[0].statement_timeout_ms = 78;
    leaf_changes(&w, &last, "its own statement timeout");
    cr_expect_eq(w.plan.steps[0].policy.statement_timeout_ms, 78);
    m[0].kind = MIGRATION_REPEATABLE;
    leaf_changes(&w, &last, "its kind");
    end(&w);
}

Test(plan_kinds, json_says_what_a_step_is_and_replaces)
{
    struct world w;
    struct migration *m = kinds(&w);
    m[4].category = "views";
    applied(&w, "auth", "auth", "1 2 R__v@r1 R__w@r1");
    texts(&w, 0, 3, "old@r1");
    cr_assert(make(&w));
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    plan_json(&w.plan, &w.findings, NULL, &out);
    json_t *json = json_loads(buf_text(&out), JSON_REJECT_DUPLICATES, NULL);
    const json_t *step = json_array_get(json_object_get(json, "steps"), 1);
    cr_expect_str_eq(json_string_value(json_object_get(step, "kind")), "repeatable");
    cr_expect_str_eq(json_string_value(json_object_get(step, "category")), "views");
    cr_expect_str_eq(json_string_value(json_object_get(step, "wayBack")), "earlier");
    cr_expect_str_eq(json_string_value(json_object_get(step, "undoes")), "req-auth-R__w");
    cr_expect_str_eq(json_string_value(json_object_get(step, "undoesRelease")), "r1");
    json_decref(json);
    end(&w);
}
