/* Plans that record: import, baseline, repair. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "plan/plan.h"

/* One service `user` with targets a and b. */
struct world {
    struct arena arena;
    struct fleet fleet;
    struct service service;
    struct migration migrations[16];
    struct target_contents contents[2];
    struct foreign_history histories[4];
    struct foreign_row rows[16];
    size_t row_count;
    struct plan_options options;
    struct plan_limit limit;
    struct plan plan;
    struct plan_findings findings;
    struct err err;
};

static const char *sum(struct world *w, const char *text)
{
    char *hex = arena_alloc(&w->arena, DIGEST_TEXT_SIZE);
    digest_hex(text, strlen(text), hex);
    return hex;
}

static struct migration *add(struct world *w, enum migration_kind kind, const char *version, const char *script)
{
    struct migration *m = &w->migrations[w->service.migration_count++];
    const char *id = kind == MIGRATION_VERSIONED ? version : script;
    *m = (struct migration){.id = id,
                            .kind = kind,
                            .version = version,
                            .name = script,
                            .file = script,
                            .script = script,
                            .up = sum(w, script),
                            .up_size = 10};
    return m;
}

static void begin(struct world *w, enum adoption adoption, enum history_tool tool)
{
    static const char *const targets[] = {"a", "b"};
    *w = (struct world){.service = {.name = "user",
                                    .layout = "flyway",
                                    .history = tool,
                                    .targets = targets,
                                    .target_count = 1,
                                    .policy = POLICY_DEFAULT,
                                    .migrations = w->migrations},
                        .fleet = {.name = "shop", .environment = "dev", .services = &w->service, .service_count = 1},
                        .options = {.direction = DIRECTION_ADOPT, .adoption = adoption}};
    w->contents[0] = (struct target_contents){.service = "user", .target = "a", .foreign = w->histories};
    w->contents[1] = (struct target_contents){.service = "user", .target = "b"};
}

/* A record with the rows that follow it. */
static void record(struct world *w, enum history_tool tool, const char *table)
{
    w->histories[w->contents[0].foreign_count++] =
        (struct foreign_history){.tool = tool, .table = table, .rows = &w->rows[w->row_count]};
}

static struct foreign_row *row(struct world *w, const char *version, const char *script, const char *checksum)
{
    w->histories[w->contents[0].foreign_count - 1].row_count++;
    w->rows[w->row_count] =
        (struct foreign_row){.version = version, .name = "", .script = script, .checksum = checksum};
    return &w->rows[w->row_count++];
}

static void applied(struct world *w, const char *id, const char *text)
{
    struct applied *list = arena_array(&w->arena, 16, sizeof *list);
    size_t count = w->contents[0].applied_count;
    if (count)
        memcpy(list, w->contents[0].applied, count * sizeof *list);
    list[count] = (struct applied){.migration = id, .checksum = sum(w, text),
                                    .request = arena_printf(&w->arena, "req-%s", id), .release = "r1"};
    w->contents[0].applied = list;
    w->contents[0].applied_count = count + 1;
}

static bool make(struct world *w)
{
    err_clear(&w->err);
    return plan_make(&w->fleet, w->contents, 2, &w->options, &w->arena, &w->plan, &w->findings, &w->err);
}

/* "adopt 1*" is one that the other tool's record says; "adopt 1<req" replaces a request. */
static void good(struct world *w, const char *expected)
{
    cr_assert(make(w), "%s", w->err.text);
    auto_buf struct buf text = BUF_INIT(4096);
    for (size_t i = 0; i < w->plan.step_count; i++) {
        const struct plan_step *step = &w->plan.steps[i];
        cr_expect_eq(step->way_back, WAY_BACK_ABORT);
        cr_expect_eq(step->needs_count, i && w->plan.steps[i - 1].target == step->target,
                     "a target's steps follow one another");
        buf_addf(&text, "%s%s %s%s%s%s", i ? ", " : "", direction_text(step->direction), step->id,
                 step->in_history ? "*" : "", *step->undoes ? "<" : "", step->undoes);
    }
    cr_expect_str_eq(buf_text(&text), expected);
    cr_expect_eq(w->plan.direction, DIRECTION_ADOPT);
    cr_expect_eq(w->plan.irreversible, 0);
}

static const struct plan_finding *finding(const struct world *w, const char *rule)
{
    for (size_t i = 0; i < w->findings.count; i++)
        if (strcmp(w->findings.items[i].rule, rule) == 0)
            return &w->findings.items[i];
    return NULL;
}

static void says(struct world *w, bool error, const char *rule, const char *text, const char *hint)
{
    cr_expect_eq(make(w), !error, "%s", w->err.text);
    const struct plan_finding *found = finding(w, rule);
    cr_assert(found, "there is no finding %s", rule);
    cr_expect_eq(found->error, error);
    cr_expect(strstr(found->text, text), "<%s> does not say <%s>", found->text, text);
    cr_expect(strstr(found->hint, hint), "<%s> does not say <%s>", found->hint, hint);
}

static void three(struct world *w)
{
    add(w, MIGRATION_VERSIONED, "1", "V1__a.sql")->foreign_checksum = "11";
    add(w, MIGRATION_VERSIONED, "2", "V2__b.sql")->foreign_checksum = "22";
    add(w, MIGRATION_VERSIONED, "3", "V3__c.sql")->foreign_checksum = "33";
}

Test(plan_adopt, import_takes_what_the_record_says_in_its_order)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    add(&w, MIGRATION_REPEATABLE, "", "R__views.sql")->foreign_checksum = "77";
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1.0", "V1__a.sql", "11");
    row(&w, "3", "V3__c.sql", "33"); /* out of order, as it was */
    row(&w, "2", "V2__b.sql", "22");
    row(&w, "", "R__views.sql", "77");
    good(&w, "adopt 1*, adopt 3*, adopt 2*, adopt R__views.sql*");
    arena_release(&w.arena);
}

Test(plan_adopt, import_twice_and_what_is_missing)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1", "", "");
    row(&w, "2", "", "");
    applied(&w, "1", "V1__a.sql");
    good(&w, "adopt 2*");
    applied(&w, "2", "V2__b.sql");
    good(&w, "");
    arena_release(&w.arena);
}

Test(plan_adopt, import_refuses_what_differs_on_our_own_record)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    applied(&w, "1", "something else");
    says(&w, true, "drift", "1 was changed after it was recorded on a", "greylag repair");
    arena_release(&w.arena);
}

Test(plan_adopt, import_refuses_rows_that_failed)
{
    static const struct {
        enum history_tool tool;
        const char *hint;
    } cases[] = {{HISTORY_FLYWAY, "flyway repair"}, {HISTORY_GOLANG_MIGRATE, "migrate force"},
                 {HISTORY_LIQUIBASE, "liquibase update"}, {HISTORY_GOOSE, "by hand"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct world w;
        begin(&w, ADOPTION_IMPORT, cases[i].tool);
        three(&w);
        record(&w, cases[i].tool, "public.history");
        row(&w, "2", "", "")->state = FOREIGN_FAILED;
        says(&w, true, "failed-row", "(public.history) says that 2 began", cases[i].hint);
        arena_release(&w.arena);
    }
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    record(&w, HISTORY_FLYWAY, "public.history");
    struct foreign_row *unread = row(&w, "", "", "");
    unread->state = FOREIGN_FAILED;
    unread->name = "permission denied for table history";
    says(&w, true, "failed-row", "flyway (public.history): permission denied", "worker's role");
    arena_release(&w.arena);
}

Test(plan_adopt, import_refuses_altered_files_but_leaves_repeatables_pending)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    add(&w, MIGRATION_REPEATABLE, "", "R__views.sql")->foreign_checksum = "77";
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1", "V1__a.sql", "11");
    row(&w, "", "R__views.sql", "78");
    says(&w, false, "outdated", "it stays pending", "");
    good(&w, "adopt 1*");
    row(&w, "2", "V2__b.sql", "23");
    says(&w, true, "altered", "its record says 23, the file has 22 now", "own repair");
    arena_release(&w.arena);
}

Test(plan_adopt, import_names_rows_without_a_file)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1", "", "");
    row(&w, "1.5", "V1.5__gone.sql", "");
    row(&w, "", "R__gone.sql", "");
    says(&w, false, "no-file", "2 rows of the record of flyway (public.flyway_schema_history) have no file: 1.5, "
                               "R__gone.sql", "");
    good(&w, "adopt 1*");
    w.rows[0].version = "0.5"; /* nothing here is this service's */
    says(&w, true, "no-file", "all 3 rows of the record of flyway (public.flyway_schema_history) have no file here",
         "history_table");
    arena_release(&w.arena);
}

Test(plan_adopt, versions_are_those_of_the_record_however_they_are_written)
{
    struct world w;
    begin(&w, ADOPTION_REPAIR, HISTORY_GOLANG_MIGRATE);
    add(&w, MIGRATION_VERSIONED, "000001", "a");
    add(&w, MIGRATION_VERSIONED, "000002", "b");
    applied(&w, "1", "a");
    applied(&w, "02", "changed");
    good(&w, "adopt 02<req-02"); /* under the name that it has on the record */
    w.service.history = HISTORY_DBMATE;
    says(&w, true, "other-name", "user:1 on a: what was applied has the version 000001 now", "greylag import");
    w.migrations[0].up = sum(&w, "another"); /* dbmate's versions are texts */
    good(&w, "forget 1<req-1, forget 02<req-02");
    arena_release(&w.arena);
}

Test(plan_adopt, import_knows_whose_record_it_is)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    says(&w, false, "no-history", "a has no record that service user (layout flyway) could take over", "`schema:`");
    record(&w, HISTORY_GOOSE, "public.goose_db_version");
    row(&w, "1", "", "");
    says(&w, true, "other-history", "another tool than the one of service user (layout flyway): goose "
                                    "(public.goose_db_version)",
         "greylag baseline");
    record(&w, HISTORY_FLYWAY, "public.schema_version");
    row(&w, "2", "", "");
    good(&w, "adopt 2*");
    record(&w, HISTORY_FLYWAY, "old.flyway_schema_history");
    row(&w, "3", "", "");
    says(&w, true, "ambiguous-history", "2 records that can be service user's: flyway (public.schema_version), flyway "
                                        "(old.",
         "history_table");
    w.service.history_table = "schema_version";
    good(&w, "adopt 2*");
    w.service.history_table = "old.flyway_schema_history";
    good(&w, "adopt 3*");
    w.service.history_table = "schema_versio";
    says(&w, true, "other-history", "no record of flyway that is called schema_versio, but: goose (public.",
         "correct `history_table`");
    arena_release(&w.arena);
}

Test(plan_adopt, a_row_stands_for_all_before_it)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_GOLANG_MIGRATE);
    three(&w);
    add(&w, MIGRATION_VERSIONED, "10", "000010_d.up.sql");
    record(&w, HISTORY_GOLANG_MIGRATE, "public.schema_migrations");
    struct foreign_row *at = row(&w, "3", "", "");
    at->state = FOREIGN_BASELINE;
    good(&w, "adopt 1*, adopt 2*, adopt 3*");
    at->version = "9"; /* no file of it: golang-migrate itself stops there */
    says(&w, true, "no-file", "says that the database is at 9, of which service user has no file", "history_table");
    arena_release(&w.arena);
}

Test(plan_adopt, flyway_baselines)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    add(&w, MIGRATION_BASELINE, "2", "B2__all.sql");
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    struct foreign_row *at = row(&w, "2", "<< Flyway Baseline >>", "");
    at->state = FOREIGN_BASELINE;
    row(&w, "3", "V3__c.sql", "33");
    good(&w, "adopt 1*, adopt 2*, adopt 3*");
    at->version = "1.5"; /* a mark needs no file */
    good(&w, "adopt 1*, adopt 3*");
    cr_expect_null(finding(&w, "no-file"));
    *at = (struct foreign_row){
        .version = "2", .name = "", .script = "B2__all.sql", .checksum = "", .state = FOREIGN_BASELINE};
    good(&w, "adopt B2__all.sql*, adopt 3*");
    arena_release(&w.arena);
}

/* The files before it were taken away when the baseline was made. */
Test(plan_adopt, a_mark_where_only_a_baseline_stands_for_what_was_before)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    add(&w, MIGRATION_BASELINE, "2", "B2__all.sql");
    add(&w, MIGRATION_VERSIONED, "4", "V4__d.sql");
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "3", "<< Flyway Baseline >>", "")->state = FOREIGN_BASELINE;
    good(&w, "adopt B2__all.sql*");
    arena_release(&w.arena);
}

Test(plan_adopt, alembic_heads_stand_for_their_ancestors)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_ALEMBIC);
    /* base <- left, base <- right <- far; other */
    static const char *const names[] = {"ae10", "bf2", "1c", "d0", "e7"};
    for (int i = 0; i < 5; i++)
        add(&w, MIGRATION_VERSIONED, names[i], names[i]);
    static const struct dependency on_base[] = {{"user", "ae10", RANGE_EXACTLY, ""}},
                                   on_right[] = {{"user", "1c", RANGE_EXACTLY, ""}};
    w.migrations[1].depends = w.migrations[2].depends = on_base;
    w.migrations[3].depends = on_right;
    w.migrations[1].depends_count = w.migrations[2].depends_count = w.migrations[3].depends_count = 1;
    record(&w, HISTORY_ALEMBIC, "public.alembic_version");
    row(&w, "d0", "", "")->state = FOREIGN_BASELINE;
    good(&w, "adopt ae10*, adopt 1c*, adopt d0*");
    row(&w, "bf2", "", "")->state = FOREIGN_BASELINE;
    good(&w, "adopt ae10*, adopt 1c*, adopt d0*, adopt bf2*");
    row(&w, "d", "", "")->state = FOREIGN_BASELINE; /* a name, not a number */
    says(&w, true, "no-file", "says that the database is at d, of which service user has no file", "");
    arena_release(&w.arena);
}

Test(plan_adopt, baseline_up_to_a_version)
{
    struct world w;
    begin(&w, ADOPTION_BASELINE, HISTORY_FLYWAY);
    three(&w);
    add(&w, MIGRATION_REPEATABLE, "", "R__views.sql");
    says(&w, true, "usage", "needs the version", "--version");
    w.limit = (struct plan_limit){"user", "2.0"};
    w.options.limits = &w.limit;
    w.options.limit_count = 1;
    good(&w, "adopt 1, adopt 2");
    applied(&w, "1", "V1__a.sql");
    good(&w, "adopt 2");
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1", "", "");
    says(&w, false, "foreign-history", "a has a record of flyway with 1 rows", "greylag import");
    w.limit.version = "7";
    says(&w, true, "unknown-version", "no migration of version 7", "");
    arena_release(&w.arena);
}

Test(plan_adopt, baseline_with_a_baseline_file)
{
    struct world w;
    begin(&w, ADOPTION_BASELINE, HISTORY_FLYWAY);
    add(&w, MIGRATION_VERSIONED, "1", "V1__a.sql");
    add(&w, MIGRATION_VERSIONED, "2", "V2__b.sql");
    add(&w, MIGRATION_BASELINE, "2", "B2__all.sql");
    add(&w, MIGRATION_VERSIONED, "3", "V3__c.sql");
    w.limit = (struct plan_limit){"user", "3"};
    w.options.limits = &w.limit;
    w.options.limit_count = 1;
    good(&w, "adopt B2__all.sql, adopt 3");
    w.limit.version = "2";
    good(&w, "adopt B2__all.sql");
    applied(&w, "1", "V1__a.sql"); /* a target that holds something goes on as it began */
    good(&w, "adopt 2");
    arena_release(&w.arena);
}

Test(plan_adopt, repair_realigns_and_forgets)
{
    struct world w;
    begin(&w, ADOPTION_REPAIR, HISTORY_NONE);
    three(&w);
    add(&w, MIGRATION_REPEATABLE, "", "R__views.sql");
    applied(&w, "1", "V1__a.sql");
    applied(&w, "2", "as it was");
    applied(&w, "1.9", "gone");
    applied(&w, "R__views.sql", "an older text");
    good(&w, "adopt 2<req-2, forget 1.9<req-1.9");
    cr_expect_str_eq(w.plan.steps[0].recorded, sum(&w, "as it was"));
    cr_expect_eq(w.plan.steps[1].migration, -1);
    cr_expect_str_eq(w.plan.steps[1].recorded, sum(&w, "gone"));
    w.options.adoption = ADOPTION_REALIGN;
    good(&w, "adopt 2<req-2");
    w.options.adoption = ADOPTION_FORGET;
    good(&w, "forget 1.9<req-1.9");
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    plan_json(&w.plan, &w.findings, NULL, &text);
    json_t *json = json_loads(buf_text(&text), 0, NULL);
    const json_t *step = json_array_get(json_object_get(json, "steps"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(step, "migration")), "1.9");
    cr_expect_str_eq(json_string_value(json_object_get(step, "recorded")), sum(&w, "gone"));
    cr_expect_str_eq(json_string_value(json_object_get(step, "undoes")), "req-1.9");
    json_decref(json);
    buf_clear(&text);
    plan_mermaid(&w.plan, &text);
    cr_expect(strstr(buf_text(&text), "\"forget 1.9\""), "%s", buf_text(&text));
    arena_release(&w.arena);
}

/* ---- what the other tool's record does not say ---- */

static void keeping(struct world *w, enum history_tool tool)
{
    begin(w, ADOPTION_REALIGN, tool);
    three(w);
    w->service.mirror = true;
}

Test(plan_adopt, a_repair_writes_what_the_kept_record_misses)
{
    struct world w;
    keeping(&w, HISTORY_FLYWAY);
    add(&w, MIGRATION_REPEATABLE, "", "R__views.sql")->foreign_checksum = "77";
    add(&w, MIGRATION_REPEATABLE, "", "R__later.sql")->foreign_checksum = "78";
    applied(&w, "1", "V1__a.sql");
    applied(&w, "3", "V3__c.sql"); /* out of order */
    applied(&w, "2", "V2__b.sql");
    applied(&w, "R__views.sql", "R__views.sql");
    applied(&w, "R__later.sql", "an older text"); /* it is pending, for both */
    applied(&w, "9", "gone");
    good(&w, "adopt 1<req-1, adopt 3<req-3, adopt 2<req-2, adopt R__views.sql<req-R__views.sql");
    cr_expect_str_eq(w.plan.steps[0].recorded, sum(&w, "V1__a.sql"));
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "1.0", "V1__a.sql", "11");
    row(&w, "2", "V2__b.sql", "21"); /* the file was realigned here, but not there */
    row(&w, "", "R__views.sql", "77");
    good(&w, "adopt 3<req-3, adopt 2<req-2");
    row(&w, "3", "V3__c.sql", "33");
    w.rows[1].checksum = "22";
    good(&w, "");
    w.options.adoption = ADOPTION_REPAIR;
    good(&w, "forget 9<req-9");
    w.options.adoption = ADOPTION_FORGET;
    good(&w, "forget 9<req-9");
    w.service.mirror = false;
    w.histories[0].row_count = 0;
    w.options.adoption = ADOPTION_REALIGN;
    good(&w, "");
    arena_release(&w.arena);
}

Test(plan_adopt, a_repair_knows_what_one_row_stands_for)
{
    struct world w;
    keeping(&w, HISTORY_GOLANG_MIGRATE);
    applied(&w, "1", "V1__a.sql");
    applied(&w, "2", "V2__b.sql");
    good(&w, "adopt 2<req-2");
    record(&w, HISTORY_GOLANG_MIGRATE, "public.schema_migrations");
    row(&w, "1", "", "")->state = FOREIGN_BASELINE;
    good(&w, "adopt 2<req-2");
    w.rows[0].version = "3"; /* ahead: an import's business */
    good(&w, "");
    arena_release(&w.arena);
    keeping(&w, HISTORY_FLYWAY);
    add(&w, MIGRATION_BASELINE, "3", "B3__all.sql");
    applied(&w, "B3__all.sql", "B3__all.sql");
    good(&w, "adopt B3__all.sql<req-B3__all.sql");
    record(&w, HISTORY_FLYWAY, "public.flyway_schema_history");
    row(&w, "3", "V3__c.sql", ""); /* the version is there, as whatever */
    good(&w, "");
    w.rows[0].state = FOREIGN_BASELINE;
    good(&w, "");
    arena_release(&w.arena);
}

Test(plan_adopt, a_repair_keeps_the_order_of_gooses_rows)
{
    struct world w;
    keeping(&w, HISTORY_GOOSE);
    applied(&w, "1", "V1__a.sql");
    applied(&w, "3", "V3__c.sql");
    applied(&w, "2", "V2__b.sql");
    record(&w, HISTORY_GOOSE, "public.goose_db_version");
    row(&w, "1", "", "");
    row(&w, "2", "", "");
    good(&w, "adopt 3<req-3, adopt 2<req-2");
    row(&w, "3", "", "");
    good(&w, "");
    arena_release(&w.arena);
}

Test(plan_adopt, a_repair_refuses_a_record_that_a_person_has_to_look_at)
{
    struct world w;
    keeping(&w, HISTORY_FLYWAY);
    applied(&w, "1", "V1__a.sql");
    record(&w, HISTORY_FLYWAY, "public.schema_version");
    says(&w, true, "unnamed-history", "not called flyway_schema_history: public.schema_version",
         "`history_table: schema_version`");
    w.service.history_table = "schema_version";
    good(&w, "adopt 1<req-1");
    row(&w, "2", "V2__b.sql", "22")->state = FOREIGN_FAILED;
    says(&w, true, "failed-row", "says that 2 began", "flyway repair");
    arena_release(&w.arena);
    keeping(&w, HISTORY_SQITCH);
    w.migrations[0].script = "user";
    applied(&w, "1", "V1__a.sql");
    record(&w, HISTORY_SQITCH, "sqitch.changes");
    row(&w, "1", "user", "other");
    says(&w, true, "altered", "its record says other, the file has 11 now", "bring the file back");
    arena_release(&w.arena);
}

Test(plan_adopt, a_kept_record_is_named_before_anything_is_imported)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_FLYWAY);
    three(&w);
    w.service.mirror = true;
    record(&w, HISTORY_FLYWAY, "public.schema_version");
    row(&w, "1", "V1__a.sql", "11");
    says(&w, true, "unnamed-history",
         "a has a record of flyway that is not called flyway_schema_history: public.schema_version",
         "`history_table: schema_version`");
    w.service.history_table = "public.schema_version";
    good(&w, "adopt 1*");
    w.service.history_table = NULL;
    w.options.adoption = ADOPTION_BASELINE;
    w.limit = (struct plan_limit){"user", "1"};
    w.options.limits = &w.limit;
    w.options.limit_count = 1;
    says(&w, true, "unnamed-history", "public.schema_version", "history_table");
    arena_release(&w.arena);
}

/* Deployed up to a change that is reworked further on in the plan: the row has the name of both, and the id of the
 * first. */
Test(plan_adopt, sqitch_changes_are_known_by_their_ids)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_SQITCH);
    add(&w, MIGRATION_VERSIONED, "users@v1", "user")->foreign_checksum = "id1";
    add(&w, MIGRATION_VERSIONED, "users", "user")->foreign_checksum = "id2";
    record(&w, HISTORY_SQITCH, "sqitch.changes");
    row(&w, "users", "user", "id1");
    good(&w, "adopt users@v1*");
    row(&w, "users", "user", "id3");
    says(&w, true, "altered", "users was changed after sqitch ran it", "");
    arena_release(&w.arena);
}

/* Its record's name is a schema, with or without the table; other projects in it are others' business. */
Test(plan_adopt, sqitch_registries)
{
    struct world w;
    begin(&w, ADOPTION_IMPORT, HISTORY_SQITCH);
    add(&w, MIGRATION_VERSIONED, "users", "shop");
    w.service.mirror = true;
    record(&w, HISTORY_SQITCH, "reg.changes");
    row(&w, "shop:users", "shop", "");
    row(&w, "identity:users", "identity", "");
    row(&w, "identity:roles", "identity", "");
    says(&w, true, "unnamed-history", "reg.changes", "`history_table: reg`");
    static const char *const names[] = {"reg", "reg.changes"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        w.service.history_table = names[i];
        good(&w, "adopt users*");
        cr_expect_eq(w.findings.count, 0, "%s", w.findings.items[0].text);
    }
    w.migrations[0].script = "third";
    w.rows[1].version = "users"; /* as it would be in a registry of one project */
    says(&w, false, "no-history", "no record that service user", "");
    good(&w, "");
    w.options = (struct plan_options){.direction = DIRECTION_UP};
    cr_expect(make(&w), "%s", w.err.text);
    w.migrations[0].script = "shop";
    says(&w, true, "foreign-history", "sqitch says that 1 migration is in effect there (reg.changes)",
         "greylag import");
    w.service.history_table = "reg";
    says(&w, true, "foreign-history", "(reg.changes)", "greylag import");
    arena_release(&w.arena);
}

Test(plan_adopt, what_to_record_has_to_be_said)
{
    struct world w;
    begin(&w, ADOPTION_NONE, HISTORY_NONE);
    says(&w, true, "usage", "what to record", "import, baseline or repair");
    enum adoption parsed;
    for (int i = 0; i < ADOPTION_COUNT; i++)
        cr_expect(adoption_parse(adoption_text((enum adoption)i), &parsed) && parsed == (enum adoption)i);
    cr_expect_not(adoption_parse("impart", &parsed));
    arena_release(&w.arena);
}

/* Another order, another purpose or another request is another plan. */
Test(plan_adopt, the_digest_says_what_is_recorded)
{
    struct world w;
    char digests[3][DIGEST_TEXT_SIZE];
    begin(&w, ADOPTION_IMPORT, HISTORY_GOLANG_MIGRATE);
    three(&w);
    record(&w, HISTORY_GOLANG_MIGRATE, "public.schema_migrations");
    row(&w, "3", "", "")->state = FOREIGN_BASELINE;
    good(&w, "adopt 1*, adopt 2*, adopt 3*");
    memcpy(digests[0], w.plan.digest, DIGEST_TEXT_SIZE);
    w.options = (struct plan_options){
        .direction = DIRECTION_ADOPT, .adoption = ADOPTION_BASELINE, .limits = &w.limit, .limit_count = 1};
    w.limit.version = "3";
    good(&w, "adopt 1, adopt 2, adopt 3");
    memcpy(digests[1], w.plan.digest, DIGEST_TEXT_SIZE);
    w.options.adoption = ADOPTION_REPAIR;
    applied(&w, "1", "x");
    applied(&w, "2", "x");
    applied(&w, "3", "x");
    good(&w, "adopt 1<req-1, adopt 2<req-2, adopt 3<req-3");
    memcpy(digests[2], w.plan.digest, DIGEST_TEXT_SIZE);
    cr_expect_str_neq(digests[0], digests[1]);
    cr_expect_str_neq(digests[1], digests[2]);
    arena_release(&w.arena);
}
