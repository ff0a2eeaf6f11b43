/* The control database and releases that record: other tools' records asked for and stored, what is applied afterwards,
 * going back over them; names of releases. */
/* links: harness */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/store.h"
#include "unit/control.h"

static struct store *store;
static struct arena arena;
static struct migration migrations[4];
static struct service service;
static struct fleet fleet;
static char *fleet_json;

static const char *sum(const char *text)
{
    char *hex = arena_alloc(&arena, DIGEST_TEXT_SIZE);
    digest_hex(text, strlen(text), hex);
    return hex;
}

/* The service `user` on one target, with the migrations 1 to `count`; the text of number n is texts[n - 1]. */
static void use_files(const char *const *texts, size_t count)
{
    static const char *const targets[] = {"user"}, *const ids[] = {"1", "2", "3", "4"};
    for (size_t i = 0; i < count; i++) {
        MUST(store_blob_put(store, sum(texts[i]), texts[i], strlen(texts[i]), &why));
        migrations[i] = (struct migration){.id = ids[i],
                                           .version = ids[i],
                                           .name = "x",
                                           .file = "V__x.sql",
                                           .up = sum(texts[i]),
                                           .down = sum(texts[i]),
                                           .down_file = "U__x.sql",
                                           .up_size = 1,
                                           .down_size = 1};
    }
    service = (struct service){.name = "user",
                               .layout = "flyway",
                               .history = HISTORY_FLYWAY,
                               .targets = targets,
                               .target_count = 1,
                               .policy = POLICY_DEFAULT,
                               .migrations = migrations,
                               .migration_count = count};
    fleet = (struct fleet){.name = "shop", .environment = "dev", .services = &service, .service_count = 1};
    free(fleet_json);
    fleet_json = fleet_encode(&fleet);
}

static const char *const first_texts[] = {"select 1", "select 2", "select 3"};

static void start(void)
{
    start_database();
    MUST(store_open(conninfo, "shop", "dev", "test", &store, &why));
    struct store_lease lease;
    bool taken = false;
    MUST(store_lease_take(store, &(struct store_candidate){.holder = "a", .ttl_ms = 60000}, &taken, &lease, &why));
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    const char *target = "user/user";
    key_generate(&key);
    MUST(store_worker_enroll(store, key_public_text(&key.public_key, text), "w", &target, 1, "root", &why));
    use_files(first_texts, 3);
}

static void stop(void)
{
    store_close(store);
    free(fleet_json);
    arena_release(&arena);
    stop_database();
}
TestSuite(store_adopt, .init = start, .fini = stop, .timeout = 120);

/* ---- what a worker reports ---- */

static void report(const struct store_inventory *inventory)
{
    struct store_seen seen = {.worker = "w-1",
                              .host = "h",
                              .version = "1",
                              .service = "user",
                              .target = "user",
                              .contents = "",
                              .problem = ""};
    struct store_batch batch = {.seen = &seen, .seen_count = 1, .inventories = inventory, .inventory_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
}

static const struct applied *held; /* what the target holds by its own record */
static size_t held_count;

/* Flyway's rows 1 to `count`; `answers` the ask of that moment. */
static void report_record(size_t count, int64_t answers, bool whole)
{
    static const struct foreign_row rows[] = {{"1", "a", "V1__a.sql", "11", FOREIGN_APPLIED},
                                              {"2", "b \xc3\xa9", "V2__b.sql", "", FOREIGN_APPLIED},
                                              {"3", "c", "V3__c.sql", "", FOREIGN_FAILED}};
    struct foreign_history history = {
        .tool = HISTORY_FLYWAY, .table = "public.flyway_schema_history", .rows = rows, .row_count = count};
    struct store_inventory inventory = {.service = "user",
                                        .target = "user",
                                        .foreign = &history,
                                        .foreign_count = count > 0,
                                        .applied = held,
                                        .applied_count = held_count,
                                        .foreign_whole = whole,
                                        .answers_us = answers};
    report(&inventory);
}

static int64_t ask(void)
{
    static const char *const name[] = {"user"};
    int64_t since = 0;
    MUST(store_foreign_ask(store, name, name, 1, &since, &why));
    cr_assert_gt(since, 0);
    return since;
}

static size_t asked(int64_t *ret_us)
{
    struct store_asked *list;
    size_t count;
    MUST(store_foreign_asked(store, &arena, &list, &count, &why));
    *ret_us = count ? list[0].asked_us : 0;
    return count;
}

/* ---- releases ---- */

static bool preview(enum adoption adoption, int64_t since, struct store_acceptance *ret, struct err *err)
{
    struct plan_options options = {.direction = DIRECTION_ADOPT, .adoption = adoption};
    struct store_request request = {.fleet_json = fleet_json, .fleet_len = strlen(fleet_json), .options = &options,
                                    .requested_by = "ann", .since_us = since};
    return store_release_preview(store, &request, &arena, ret, err);
}

static bool accept(const struct plan_options *options, int64_t since, const char *plan, struct store_acceptance *ret,
                   struct err *err)
{
    struct store_request request = {.fleet_json = fleet_json, .fleet_len = strlen(fleet_json), .options = options,
                                    .requested_by = "ann", .since_us = since, .plan = plan};
    return store_release_accept(store, &request, &arena, ret, err);
}

/* Carries the open release out, `kind` for every step; reloads it before, so that the rows alone count. Its state. */
static enum release_state carry_out(enum outcome_kind kind)
{
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct store_release *release = NULL;
    MUST(store_release_load(store, NULL, &settings, &release, &why));
    cr_assert(release);
    struct rollout *rollout = &release->rollout;
    struct rollout_effects effects;
    rollout_effects_init(&effects);
    rollout_decide(rollout, &(struct rollout_event){.kind = ROLLOUT_ACCEPTED, .target = -1}, 1, &effects);
    rollout_advance(rollout, 1, &effects);
    cr_assert_eq(effects.job_count, 1);
    struct outcome outcomes[8];
    size_t count = effects.jobs[0].step_count;
    for (size_t i = 0; i < count; i++) {
        const struct rollout_step *step = &rollout->steps[effects.jobs[0].steps[i]];
        const struct plan_step *planned = &rollout->plan->steps[step->plan_step];
        const struct migration *migration = plan_migration(rollout->plan, planned);
        char request[REQUEST_ID_SIZE];
        rollout_request_id(rollout, step, request);
        outcomes[i] = (struct outcome){.request = arena_strdup(&arena, request),
                                       .release = rollout->release,
                                       .direction = step->direction,
                                       .kind = kind,
                                       .migration = planned->id,
                                       .checksum = migration ? migration->up : planned->recorded,
                                       .attempt = 1,
                                       .position = (int64_t)i + 1,
                                       .sequence = 1,
                                       .sqlstate = "",
                                       .message = "",
                                       .left = "",
                                       .detail = "flyway x checksum crc32:11"};
        outcomes[i].id = outcome_id(&arena, request, 1, kind);
    }
    const struct report finished = {
        .kind = REPORT_FINISHED,
        .audience = {"shop", "dev", "user", "user"},
        .id = "r",
        .worker = "w",
        .release = rollout->release,
        .message = "",
        .outcomes = outcomes,
        .outcome_count = count,
        .fence = {.epoch = rollout->epoch, .term = rollout->term, .sequence = 1, .digest = "d"}};
    struct store_batch batch = {.rollout = rollout, .effects = &effects};
    MUST(store_batch_commit(store, &batch, &why));
    rollout_effects_clear(rollout, &effects);
    rollout_decide(rollout, &(struct rollout_event){.kind = ROLLOUT_REPORT, .report = &finished}, 2, &effects);
    rollout_advance(rollout, 2, &effects);
    MUST(store_batch_commit(store, &batch, &why));
    rollout_effects_release(&effects);
    enum release_state state = rollout->state;
    store_release_free(release);
    return state;
}

/* "1 2@r": what is applied, "@r" when through the release given. */
static void holds(const char *expected, const char *release)
{
    char *text;
    auto_buf struct buf found = BUF_INIT(4096);
    MUST(store_applied(store, &text, &why));
    json_t *json = json_loads(text, 0, NULL);
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(json_object_get(json, "targets"), "user/user"), i, row)
    {
        bool its = release && strcmp(json_string_value(json_object_get(row, "release")), release) == 0;
        buf_addf(&found, "%s%s%s", i ? " " : "", json_string_value(json_object_get(row, "migration")), its ? "@r" : "");
    }
    cr_assert_str_eq(buf_text(&found), expected, "it holds <%s>", buf_text(&found));
    json_decref(json);
    free(text);
}

/* An import of two rows, carried out. Its release. */
static const char *import_two(void)
{
    struct store_acceptance acceptance;
    const struct plan_options options = {.direction = DIRECTION_ADOPT, .adoption = ADOPTION_IMPORT};
    int64_t since = ask();
    report_record(2, since, true);
    MUST(accept(&options, since, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 2);
    const char *release = arena_strdup(&arena, acceptance.release);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    return release;
}

/* ---- tests ---- */

Test(store_adopt, an_import_plans_only_from_what_was_asked_for)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    int64_t us;
    report_record(1, 0, true); /* as of every target that holds nothing; nobody asked */
    cr_assert_eq(asked(&us), 0);
    cr_assert_not(preview(ADOPTION_IMPORT, 0, &acceptance, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    int64_t first = ask();
    cr_assert_eq(asked(&us), 1);
    cr_assert_eq(us, first);
    report_record(1, 0, true); /* on its way before the ask */
    err_clear(&err);
    cr_assert_not(preview(ADOPTION_IMPORT, first, &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && err.retriable, "%s", err.text);
    cr_assert(strstr(err.text, "user/user has not said yet"), "%s", err.text);
    int64_t second = ask();
    report_record(2, first, true);
    cr_assert_eq(asked(&us), 1, "the second ask is open");
    MUST(preview(ADOPTION_IMPORT, first, &acceptance, &why));
    cr_assert_eq(acceptance.steps = acceptance.plan->step_count, 2);
    err_clear(&err);
    cr_assert_not(preview(ADOPTION_IMPORT, second, &acceptance, &err));
    report_record(2, second, true);
    cr_assert_eq(asked(&us), 0);
    MUST(preview(ADOPTION_IMPORT, second, &acceptance, &why));
    cr_assert(acceptance.plan->steps[0].in_history);
    report_record(0, 0, false); /* an inventory that says nothing of records takes none away */
    MUST(preview(ADOPTION_IMPORT, second, &acceptance, &why));
    cr_assert_eq(acceptance.plan->step_count, 2);
    report_record(0, 0, true);
    MUST(preview(ADOPTION_IMPORT, second, &acceptance, &why));
    cr_assert_eq(acceptance.plan->step_count, 0);
}

/* The clock went back, or a standby with another one has taken over: an old answer is none to what is asked now. */
Test(store_adopt, an_answer_of_before_the_clock_went_back_is_no_answer)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    int64_t us, before = ask();
    report_record(1, before, true);
    test_pg_run(conninfo, "UPDATE greylag.targets SET foreign_asked_us = foreign_asked_us + 3600000000, "
                          "foreign_answered_us = foreign_answered_us + 3600000000 WHERE foreign_asked_us > 0");
    int64_t since = ask();
    cr_assert_eq(asked(&us), 1, "it is asked");
    cr_assert_not(preview(ADOPTION_IMPORT, since, &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && err.retriable, "%s", err.text);
    report_record(2, us, true);
    cr_assert_eq(asked(&us), 0);
    MUST(preview(ADOPTION_IMPORT, since, &acceptance, &why));
    cr_assert_eq(acceptance.plan->step_count, 2);
}

Test(store_adopt, a_target_that_is_named_twice_is_asked_once)
{
    static const char *const names[] = {"user", "user"};
    int64_t since, us;
    MUST(store_foreign_ask(store, names, names, 2, &since, &why));
    cr_assert_eq(asked(&us), 1);
}

Test(store_adopt, what_was_reported_is_shown_and_planned_from)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    char *text;
    int64_t since = ask();
    report_record(3, since, true);
    MUST(store_foreign(store, &text, &why));
    cr_expect(strstr(text, "\"tool\" : \"flyway\"") && strstr(text, "\"rows\" : 3") && strstr(text, "\"failed\" : 1"),
              "%s", text);
    free(text);
    MUST(store_applied(store, &text, &why));
    cr_expect(strstr(text, "b \xc3\xa9") && strstr(text, "public.flyway_schema_history"), "%s", text);
    free(text);
    cr_assert_not(preview(ADOPTION_IMPORT, since, &acceptance, &err));
    cr_assert_eq(acceptance.findings.count, 1);
    cr_assert_str_eq(acceptance.findings.items[0].rule, "failed-row");
}

Test(store_adopt, imported_once_and_again_without_harm)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    const char *release = import_two();
    holds("1@r 2@r", release);
    int64_t since = ask();
    report_record(2, since, true);
    MUST(preview(ADOPTION_IMPORT, since, &acceptance, &why)); /* the inventory of a worker would hold them; here it is
                                                               * empty */
    cr_assert_eq(acceptance.plan->step_count, 2, "a target that forgot everything gets everything");
    cr_assert_not(accept(&(struct plan_options){.direction = DIRECTION_ADOPT, .adoption = ADOPTION_IMPORT}, since,
                         sum("other"), &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && strstr(err.text, "another one than was looked at"), "%s", err.text);
    MUST(accept(&(struct plan_options){.direction = DIRECTION_ADOPT, .adoption = ADOPTION_IMPORT}, since,
                acceptance.plan->digest, &acceptance, &why));
    err_clear(&err);
    static const char *const name[] = {"user"};
    cr_assert_not(store_foreign_ask(store, name, name, 1, &since, &err));
    cr_assert_eq(err.kind, ERR_CONFLICT, "a release is under way: %s", err.text);
    cr_assert_eq(carry_out(OUTCOME_DRIFT), RELEASE_HALTED);
    holds("", NULL);
}

Test(store_adopt, a_repair_keeps_whose_work_it_was)
{
    static const char *const changed[] = {"select 1 -- a comment"};
    struct store_acceptance acceptance;
    const struct plan_options repair = {.direction = DIRECTION_ADOPT, .adoption = ADOPTION_REPAIR};
    const char *release = import_two();
    use_files(changed, 1);
    MUST(accept(&repair, 0, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 2);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1@r", release);
    MUST(accept(&repair, 0, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 0, "put right once, and done");
}

#define REQUEST "SELECT request FROM greylag.applied WHERE migration = "
#define REQUESTS "SELECT string_agg(migration || request, ' ' ORDER BY place) FROM greylag.applied"

/* What its worker keeps for another tool is written when it is missing there; nothing changes on our own record. */
Test(store_adopt, a_repair_of_a_kept_record_needs_it_and_leaves_ours_alone)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    const struct plan_options repair = {.direction = DIRECTION_ADOPT, .adoption = ADOPTION_REPAIR};
    const char *release = import_two();
    auto_free char *before = test_pg_value(conninfo, REQUESTS);
    auto_free char *one = test_pg_value(conninfo, REQUEST "'1'"), *two = test_pg_value(conninfo, REQUEST "'2'");
    const struct applied both[] = {{"1", sum(first_texts[0]), one, release, NULL, 0, NULL},
                                   {"2", sum(first_texts[1]), two, release, NULL, 0, NULL}};
    held = both;
    held_count = 2;
    service.mirror = true;
    free(fleet_json);
    fleet_json = fleet_encode(&fleet);
    cr_assert_not(accept(&repair, 0, NULL, &acceptance, &err));
    cr_assert(err.kind == ERR_INPUT && strstr(err.text, "\"since\" is missing"), "%s", err.text);
    int64_t since = ask();
    err_clear(&err);
    cr_assert_not(accept(&repair, since, NULL, &acceptance, &err));
    cr_assert(err.kind == ERR_CONFLICT && err.retriable, "%s", err.text);
    report_record(1, since, true);
    MUST(accept(&repair, since, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 1);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1@r 2@r", release);
    auto_free char *after = test_pg_value(conninfo, REQUESTS);
    cr_assert_str_eq(after, before);
    since = ask();
    report_record(2, since, true);
    MUST(accept(&repair, since, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 0, "written once, and done");
}

Test(store_adopt, going_back_leaves_what_was_only_recorded)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    const char *import = import_two();
    MUST(accept(&(struct plan_options){.direction = DIRECTION_UP}, 0, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 1);
    const char *up = arena_strdup(&arena, acceptance.release);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1 2 3@r", up);
    cr_assert_not(
        accept(&(struct plan_options){.direction = DIRECTION_DOWN, .release = import}, 0, NULL, &acceptance, &err));
    cr_assert(err.kind == ERR_INPUT && strstr(err.text, "ran nothing that could be undone"), "%s", err.text);
    cr_expect(strstr(err.hint, "--steps") && strstr(err.hint, "repair"), "%s", err.hint);
    MUST(accept(&(struct plan_options){.direction = DIRECTION_DOWN, .back_to = import}, 0, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 1);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1 2", NULL);
}

Test(store_adopt, tags_name_releases)
{
    struct err err = ERR_INIT;
    char *text;
    const char *release = import_two();
    MUST(store_tag_put(store, "before-sale", release, "ann", &why));
    MUST(store_tag_put(store, "before-sale", release, "bob", &why));
    cr_assert_not(store_tag_put(store, "other", "no-such-release", "ann", &err));
    cr_assert_eq(err.kind, ERR_INPUT, "%s", err.text);
    struct store_acceptance acceptance;
    MUST(accept(&(struct plan_options){.direction = DIRECTION_UP}, 0, NULL, &acceptance, &why));
    err_clear(&err);
    cr_assert_not(store_tag_put(store, "before-sale", acceptance.release, "ann", &err));
    cr_assert(err.kind == ERR_CONFLICT && strstr(err.text, release), "%s", err.text);
    MUST(store_tags(store, &text, &why));
    cr_expect(strstr(text, release) && strstr(text, "\"madeBy\" : \"ann\""), "%s", text);
    free(text);
    MUST(store_tag_delete(store, "before-sale", &why));
    err_clear(&err);
    cr_assert_not(store_tag_delete(store, "before-sale", &err));
    MUST(store_tag_put(store, "before-sale", acceptance.release, "ann", &why));
}

/* What greylag's own record in the database has under another name, as the worker of user/user found it. */
static void report_others(size_t count, bool whole)
{
    struct foreign_row rows[2] = {{"7", "", "", sum(first_texts[0]), FOREIGN_APPLIED},
                                  {"8", "", "", sum(first_texts[1]), FOREIGN_APPLIED}};
    struct foreign_history history = {
        .tool = HISTORY_GREYLAG, .table = "shop/dev/old/user", .rows = rows, .row_count = count};
    struct store_inventory inventory = {.service = "user", .target = "user", .foreign = &history, .foreign_count = 1,
                                        .applied = held, .applied_count = held_count, .foreign_whole = whole};
    report(&inventory);
}

Test(store_adopt, what_is_taken_over_is_not_known_under_its_old_name)
{
    struct store_acceptance acceptance;
    struct err err = ERR_INIT;
    const struct plan_options import = {.direction = DIRECTION_ADOPT, .adoption = ADOPTION_IMPORT},
                              up = {.direction = DIRECTION_UP},
                              down = {.direction = DIRECTION_DOWN, .steps = 1};
    report_others(2, true);
    cr_assert_not(accept(&up, 0, NULL, &acceptance, &err));
    cr_assert(strstr(err.text, "1 (7 of shop/dev/old/user), 2 (8 of shop/dev/old/user)"), "%s", err.text);
    int64_t since = ask();
    report_record(0, since, true); /* the answer */
    report_others(2, false);       /* told in every inventory */
    MUST(accept(&import, since, NULL, &acceptance, &why));
    cr_assert_eq(acceptance.steps, 2);
    cr_assert_str_eq(acceptance.plan->steps[1].taken_from, "move shop/dev/old/user 8");
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1 2", NULL);
    MUST(accept(&down, 0, NULL, &acceptance, &why));
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1", NULL);
    MUST(accept(&up, 0, NULL, &acceptance, &why)); /* nobody has it now */
    cr_assert_eq(acceptance.steps, 2);
    cr_assert_eq(carry_out(OUTCOME_APPLIED), RELEASE_SUCCEEDED);
    holds("1 2 3", NULL);
}
