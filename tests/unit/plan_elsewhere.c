/* The planner: what a target's database has applied under another name, of a service, target, fleet or version. */
#include "unit/plan_fixture.h"

/* A record of greylag's own that the worker of service/target found in its database; `rows` like "1 2=5": the ids, each
 * with the text of its own file of `user`, or of another number's. "3!" ran with replaced names. */
static void elsewhere(struct world *w, const char *service, const char *target, const char *record, const char *rows)
{
    struct target_contents *at = NULL;
    for (size_t i = 0; i < w->contents_count; i++)
        if (strcmp(w->contents[i].service, service) == 0 && strcmp(w->contents[i].target, target) == 0)
            at = &w->contents[i];
    if (!at) {
        at = &w->contents[w->contents_count++];
        *at = (struct target_contents){.service = service, .target = target};
    }
    struct foreign_history *all = arena_array(&w->arena, at->foreign_count + 1, sizeof *all);
    if (at->foreign_count)
        memcpy(all, at->foreign, at->foreign_count * sizeof *all);
    struct foreign_row *list = arena_array(&w->arena, 64, sizeof *list);
    char *words = arena_strdup(&w->arena, rows), *rest = NULL;
    size_t n = 0;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *text = strchr(word, '='), *replaced = strchr(word, '!');
        if (text)
            *text++ = 0;
        if (replaced)
            *replaced = 0;
        auto_free char *file = xasprintf("user/V%s__x.sql", text ? text : word);
        list[n++] = (struct foreign_row){.version = word, .name = "", .checksum = digest_of(&w->arena, file),
                                         .script = replaced ? "replaced" : "", .state = FOREIGN_APPLIED};
    }
    all[at->foreign_count] =
        (struct foreign_history){.tool = HISTORY_GREYLAG, .table = record, .rows = list, .row_count = n};
    at->foreign = all;
    at->foreign_count++;
}

/* `count` files of user under another service's name. */
static struct migration *renamed(struct world *w, const char *name, size_t count)
{
    struct migration *list = add(w, name, count, name, "");
    for (size_t i = 0; i < count; i++)
        list[i].up = digest_of(&w->arena, arena_printf(&w->arena, "user/V%zu__x.sql", i + 1));
    return list;
}

/* "accounts:2 move shop/dev/user/user 2, ..." */
static void takes(struct world *w, const char *expected)
{
    w->options.direction = DIRECTION_ADOPT;
    w->options.adoption = ADOPTION_IMPORT;
    cr_assert(make(w), "%s", w->err.text);
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < w->plan.step_count; i++)
        buf_addf(&text, "%s%s:%s %s", i ? ", " : "", w->services[w->plan.steps[i].service].name, w->plan.steps[i].id,
                 w->plan.steps[i].taken_from);
    cr_expect_str_eq(buf_text(&text), expected, "got <%s>, wanted <%s>", buf_text(&text), expected);
    w->options = (struct plan_options){.direction = DIRECTION_UP};
}

Test(plan_elsewhere, a_service_that_was_renamed)
{
    struct world w;
    begin(&w);
    renamed(&w, "accounts", 3);
    elsewhere(&w, "accounts", "accounts", "shop/dev/user/user", "1 2");
    bad(&w, "other-name", "accounts on accounts: 2 pending migrations are applied in that database already under "
                          "another name: 1 (1 of shop/dev/user/user), 2 (2 of shop/dev/user/user)");
    cr_expect(strstr(finding(&w, "other-name")->hint, "greylag import"));
    takes(&w, "accounts:1 move shop/dev/user/user 1, accounts:2 move shop/dev/user/user 2");
    cr_expect_null(finding(&w, "no-history"));
    const struct plan_limit all = {.service = "accounts", .version = "3"};
    w.options = (struct plan_options){.direction = DIRECTION_ADOPT, .adoption = ADOPTION_BASELINE, .limits = &all,
                                      .limit_count = 1};
    cr_assert(make(&w), "%s", w.err.text); /* it has one name then as well */
    cr_expect_str_eq(w.plan.steps[1].taken_from, "move shop/dev/user/user 2");
    cr_expect_str_eq(w.plan.steps[2].taken_from, "");
    w.options = (struct plan_options){.direction = DIRECTION_UP};
    w.contents_count = 0; /* afterwards */
    applied(&w, "accounts", "accounts", "1 2");
    for (size_t i = 0; i < 2; i++)
        ((struct applied *)(uintptr_t)w.contents[0].applied)[i].checksum = w.migrations[0][i].up;
    elsewhere(&w, "accounts", "accounts", "shop/dev/user/user", "");
    good(&w, "accounts:3");
    takes(&w, "");
    end(&w);
}

/* By environment, fleet and target the same. */
Test(plan_elsewhere, whatever_else_was_renamed)
{
    static const char *const records[] = {"store/dev/user/user", "shop/staging/user/user", "shop/dev/user/old",
                                          "store/staging/other/old"};
    for (size_t i = 0; i < COUNT_OF(records); i++) {
        struct world w;
        begin(&w);
        add(&w, "user", 2, "user", "");
        elsewhere(&w, "user", "user", records[i], "1");
        bad(&w, "other-name", arena_printf(&w.arena, "1 (1 of %s)", records[i]));
        takes(&w, arena_printf(&w.arena, "user:1 move %s 1", records[i]));
        end(&w);
    }
}

Test(plan_elsewhere, services_that_were_split_and_merged)
{
    struct world w;
    begin(&w);
    renamed(&w, "user", 2); /* 3 and 4 went to another service on the same database, as 1 and 2 */
    struct migration *plan = renamed(&w, "plan", 2);
    for (size_t i = 0; i < 2; i++)
        plan[i].up = digest_of(&w.arena, i ? "user/V4__x.sql" : "user/V3__x.sql");
    applied(&w, "user", "user", "1 2 3 4");
    elsewhere(&w, "plan", "plan", "shop/dev/user/user", "1 2 3 4");
    bad(&w, "other-name", "1 (3 of shop/dev/user/user), 2 (4 of shop/dev/user/user)");
    takes(&w, "plan:1 move shop/dev/user/user 3, plan:2 move shop/dev/user/user 4");
    end(&w);

    begin(&w); /* user has taken bill in */
    renamed(&w, "user", 3);
    applied(&w, "user", "user", "1 2");
    elsewhere(&w, "user", "user", "shop/dev/bill/bill", "10=3");
    bad(&w, "other-name", "3 (10 of shop/dev/bill/bill)");
    takes(&w, "user:3 move shop/dev/bill/bill 10");
    end(&w);

    begin(&w); /* the same, while bill's worker still tells of it: what user's found there is from before its release */
    struct migration *user = renamed(&w, "user", 3);
    user[2].up = digest_of(&w.arena, "bill/V1__x.sql");
    applied(&w, "user", "user", "1 2");
    applied(&w, "bill", "bill", "1");
    elsewhere(&w, "user", "user", "shop/dev/bill/bill", "");
    bad(&w, "other-name", "3 (1 of shop/dev/bill/bill)");
    takes(&w, "user:3 move shop/dev/bill/bill 1");
    end(&w);
}

Test(plan_elsewhere, what_the_fleet_goes_on_to_have_there_stays_there)
{
    struct world w;
    begin(&w);
    renamed(&w, "user", 2);
    renamed(&w, "bill", 1); /* its first text is the same as user's */
    applied(&w, "user", "user", "1 2");
    elsewhere(&w, "bill", "bill", "shop/dev/user/user", "1 2");
    bad(&w, "other-name", "bill on bill: 1 pending migration is applied");
    takes(&w, "bill:1 share shop/dev/user/user 1");
    w.contents[0].applied = NULL; /* what its own worker told is newer: it was undone */
    w.contents[0].applied_count = 0;
    applied(&w, "user", "user", "2");
    w.contents[0] = w.contents[--w.contents_count];
    w.options.services = (const char *[]){"bill"};
    w.options.service_count = 1;
    good(&w, "bill:1");
    end(&w);
}

Test(plan_elsewhere, a_file_that_was_renumbered)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 4, "user", "");
    applied(&w, "user", "user", "1 2 3");
    user[3].up = user[2].up; /* 3 is 4 now, and another one is 3 */
    user[2].up = digest_of(&w.arena, "merged");
    bad(&w, "drift", "3 was changed after it was applied on user");
    cr_expect(strstr(finding(&w, "drift")->hint, "that text is in user/V4__x.sql now: `greylag import`"), "%s",
              finding(&w, "drift")->hint);
    cr_expect(strstr(finding(&w, "other-name")->text, "4 (3 of shop/dev/user/user)"));
    takes(&w, "user:4 move shop/dev/user/user 3");
    w.options.direction = DIRECTION_ADOPT; /* realigned, 3 would be on record with a text that never ran */
    w.options.adoption = ADOPTION_REALIGN;
    bad(&w, "other-name", "user:3 on user: what was applied has the version 4 now");
    w.options = (struct plan_options){.direction = DIRECTION_UP};
    w.services[0].migration_count = 3; /* no other one came in its place */
    user[2] = user[3];
    bad(&w, "other-name", "4 (3 of shop/dev/user/user)");
    takes(&w, "user:4 move shop/dev/user/user 3");
    w.options.direction = DIRECTION_ADOPT; /* forgotten, it would run again */
    w.options.adoption = ADOPTION_REPAIR;
    bad(&w, "other-name", "user:3 on user: what was applied has the version 4 now");
    end(&w);
}

/* A text that stands in two files of a service runs twice, as it says. */
Test(plan_elsewhere, equal_texts_of_one_service_are_two_migrations)
{
    struct world w;
    begin(&w);
    struct migration *user = add(&w, "user", 4, "user", "");
    user[3].up = user[1].up = user[0].up;
    applied(&w, "user", "user", "1");
    good(&w, "user:2 user:3 user:4");
    takes(&w, "");
    w.contents_count = 0;
    elsewhere(&w, "user", "user", "shop/old/user/user", "1 4=1"); /* each row stands for one of them */
    bad(&w, "other-name", "3 pending migrations are");
    takes(&w, "user:1 move shop/old/user/user 1, user:4 move shop/old/user/user 4");
    end(&w);
}

Test(plan_elsewhere, what_is_meant_to_run_again_and_what_nobody_can_tell)
{
    struct world w;
    begin(&w);
    struct migration *bill = renamed(&w, "bill", 3);
    bill[1].kind = MIGRATION_REPEATABLE;
    bill[1].id = "R__view";
    bill[1].version = "";
    elsewhere(&w, "bill", "bill", "shop/dev/user/user", "R__view=2 3!");
    good(&w, "bill:1 bill:R__view bill:3"); /* of replaced names its worker looks at what would run */
    takes(&w, "bill:R__view move shop/dev/user/user R__view, bill:3 move shop/dev/user/user 3");
    end(&w);
}

Test(plan_elsewhere, a_file_that_was_changed_on_the_way)
{
    struct world w;
    begin(&w);
    struct migration *accounts = renamed(&w, "accounts", 3);
    accounts[1].up = digest_of(&w.arena, "changed");
    elsewhere(&w, "accounts", "accounts", "shop/dev/user/user", "1 2");
    w.options.direction = DIRECTION_ADOPT;
    w.options.adoption = ADOPTION_IMPORT;
    bad(&w, "altered", "2 was changed after greylag ran it as 2 of shop/dev/user/user");
    end(&w);
}

Test(plan_elsewhere, two_targets_that_are_one_database)
{
    struct world w;
    begin(&w);
    add(&w, "user", 2, "eu us", "");
    elsewhere(&w, "user", "us", "shop/dev/user/eu", "");
    bad(&w, "one-database", "targets us and eu of service user are one database and schema");
    w.options.targets = (const char *[]){"eu"};
    w.options.target_count = 1;
    good(&w, "eu:1 eu:2");
    end(&w);
}

/* Whose a row is, most tools' tables do not say. */
Test(plan_elsewhere, two_services_that_keep_up_one_table)
{
    struct world w;
    begin(&w);
    add(&w, "user", 2, "user", "");
    add(&w, "bill", 1, "bill", "");
    elsewhere(&w, "user", "user", "shop/dev/bill/bill", "");
    w.services[0].history = w.services[1].history = HISTORY_GOLANG_MIGRATE;
    w.services[0].mirror = w.services[1].mirror = true;
    bad(&w, "mirror",
        "services user and bill write what is applied into one table of golang-migrate (schema_migrations) on user");
    w.services[1].history_table = "schema_migrations"; /* the default, said */
    bad(&w, "mirror", "into one table");
    w.services[1].history_table = "bill_migrations";
    good(&w, "user:1 user:2 bill:1");
    w.services[1].history = HISTORY_DBMATE; /* of another form, and called the same */
    w.services[1].history_table = NULL;
    bad(&w, "mirror", "into one table of golang-migrate (schema_migrations) on user");
    w.services[1].history_table = "other.schema_migrations";
    good(&w, "user:1 user:2 bill:1");
    w.services[0].history = w.services[1].history = HISTORY_LIQUIBASE; /* a row names its file */
    w.services[1].history_table = NULL;
    good(&w, "user:1 user:2 bill:1");
    end(&w);
}
