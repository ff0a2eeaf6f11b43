/* What people read: the live view, plain lines, the end of a release, plans. Golden texts from fixed summaries. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

#define COUNTS(total, done, failed, running)                                                                           \
    "{\"total\":" #total ",\"done\":" #done ",\"already\":0,\"failed\":" #failed ",\"running\":" #running              \
    ",\"skipped\":0,\"unknown\":0}"
#define SERVICE(name, forward, back, current, waits, started, finished)                                                \
    "{\"service\":\"" name "\",\"forward\":" forward ",\"back\":" back ",\"waitsFor\":[" waits "],"                    \
    "\"startedAtUs\":" started ",\"finishedAtUs\":" finished ",\"targets\":[{\"target\":\"" name "\","                 \
    "\"state\":\"idle\",\"problem\":\"\",\"working\":true,\"forward\":" forward ",\"back\":" back                      \
    ",\"current\":" current "}]}"

static json_t *parse(const char *text)
{
    json_error_t why;
    json_t *json = json_loads(text, 0, &why);
    cr_assert_not_null(json, "%s at %d: %s", why.text, why.position, text);
    return json;
}

static void same(const struct buf *out, const char *wanted)
{
    cr_expect_str_eq(buf_text(out), wanted, "wanted:\n%s\nsaw:\n%s", wanted, buf_text(out));
}

static const char running[] =
    "{\"id\":\"r1\",\"state\":\"running\",\"direction\":\"up\",\"acceptedAtUs\":1000000,\"endedAtUs\":null,"
    "\"services\":[" SERVICE(
        "auth", COUNTS(4, 4, 0, 0), COUNTS(0, 0, 0, 0), "null", "", "1500000",
        "3500000") "," SERVICE("deals", COUNTS(4, 2, 0, 2), COUNTS(0, 0, 0, 0),
                               "{\"migration\":\"3\",\"name\":\"stages\\u001b[2J\",\"direction\":\"up\"}", "",
                               "3600000", "3700000") "," SERVICE("workflow", COUNTS(2, 0, 0, 0), COUNTS(0, 0, 0, 0),
                                                                 "null", "\"deals\",\"leads\"", "null",
                                                                 "null") "," SERVICE("idle", COUNTS(0, 0, 0, 0),
                                                                                     COUNTS(0, 0, 0, 0), "null", "",
                                                                                     "null",
                                                                                     "null") "],\"problems\":[]}";

static const char rolled_back[] =
    "{\"id\":\"r1\",\"state\":\"rolled "
    "back\",\"direction\":\"up\",\"latest\":true,\"acceptedAtUs\":1000000,\"endedAtUs\":6100000,\"reason\":\"deals 4 "
    "failed; "
    "everything was undone\",\"services\":[" SERVICE(
        "auth", COUNTS(4, 4, 0, 0), COUNTS(4, 4, 0, 0), "null", "", "1500000",
        "3500000") "," SERVICE("deals", COUNTS(4, 2, 1, 0), COUNTS(2, 2, 0, 0), "null", "", "3600000",
                               "3700000") "],\"problems\":[{\"service\":\"deals\",\"target\":\"deals\",\"migration\":"
                                          "\"4\",\"name\":\"unique\",\"direction\":\"up\","
                                          "\"state\":\"failed\",\"outcome\":{\"sqlstate\":\"23505\",\"message\":"
                                          "\"could not create unique "
                                          "index\\u001b[31m\",\"line\":7,\"left\":\"\",\"detail\":\"\"}}]}";

Test(cli_texts, live_view)
{
    json_t *summary = parse(running);
    auto_buf struct buf out = BUF_INIT(65536);
    struct view_style style = {.width = 100, .height = 24, .now_us = 5600000};
    cr_expect_eq(view_lines(summary, &style, &out), 5);
    same(&out, "release r1  running  4.6 s\n"
               "  auth      ████████████████     4/4       2.0 s  done\n"
               "  deals     ████████░░░░░░░░     2/4       2.0 s  applies 3 stages\\x1b[2J\n"
               "  workflow  ░░░░░░░░░░░░░░░░     0/2              waits for deals, leads\n"
               "  idle      ████████████████     0/0              nothing to do\n");
    buf_clear(&out);
    style.colour = true;
    view_lines(summary, &style, &out);
    cr_expect(strstr(buf_text(&out), "\x1b[32mauth"), "%s", buf_text(&out));
    cr_expect_null(strstr(buf_text(&out), "\x1b[2J"));
    json_decref(summary);
}

Test(cli_texts, live_view_fits_a_low_terminal)
{
    json_t *summary = parse(running);
    auto_buf struct buf out = BUF_INIT(65536);
    struct view_style style = {.width = 60, .height = 7, .now_us = 5600000};
    size_t lines = view_lines(summary, &style, &out);
    cr_expect_lt(lines, 7);
    cr_expect(strstr(buf_text(&out), "deals"));
    cr_expect(strstr(buf_text(&out), "and 3 services that are done or wait"), "%s", buf_text(&out));
    for (const char *line = buf_text(&out); *line; line += strcspn(line, "\n") + 1)
        cr_expect_lt(strcspn(line, "\n"), 60 + 2 * 6, "bars count three bytes a character: %s", line);
    json_decref(summary);
}

Test(cli_texts, plain_lines_say_only_what_changed)
{
    json_t *before = parse(running), *now = parse(rolled_back);
    auto_buf struct buf out = BUF_INIT(65536);
    view_changes(NULL, before, &out);
    same(&out, "auth: 4 of 4 applied\ndeals: 2 of 4 applied\n");
    buf_clear(&out);
    view_changes(before, before, &out);
    same(&out, "");
    view_changes(before, now, &out);
    same(&out, "auth: 4 of 4 applied, 4 of 4 undone\n"
               "deals: 2 of 4 applied, 1 failed, 2 of 2 undone\n"
               "release r1: rolled back\n");
    json_decref(before);
    json_decref(now);
}

Test(cli_texts, the_end_of_a_rollback)
{
    json_t *summary = parse(rolled_back);
    struct migration migration = {.id = "4", .file = "services/deals/V4__unique.sql"};
    struct service service = {.name = "deals", .migrations = &migration, .migration_count = 1};
    struct fleet fleet = {.name = "crm", .environment = "dev", .services = &service, .service_count = 1};
    auto_buf struct buf out = BUF_INIT(65536);
    view_outcome(summary, &fleet, &out);
    same(&out, "release r1 rolled back after 5.1 s\n"
               "  deals 4 failed; everything was undone\n"
               "\n"
               "What went wrong:\n"
               "  deals: 4 unique failed\n"
               "    services/deals/V4__unique.sql:7\n"
               "    23505: could not create unique index\\x1b[31m\n"
               "\n"
               "What was done:\n"
               "  auth   auth   4 applied, 4 undone again\n"
               "  deals  deals  2 applied, 1 failed, 2 undone again, 1 not run\n"
               "\n"
               "What can be done:\n"
               "  greylag release show r1      every step and decision\n"
               "  greylag up                   again, when the cause is gone\n");
    json_decref(summary);
}

/* What is offered for a release of this state and direction, the newest one or not. */
static const char *offered(const char *state, const char *direction, bool latest, int irreversible)
{
    static struct buf out = BUF_INIT(65536);
    json_t *release = json_pack("{s:s, s:s, s:s, s:b, s:i}", "id", "r1", "state", state, "direction", direction,
                                "latest", (int)latest, "irreversible", irreversible);
    buf_clear(&out);
    view_next(release, false, &out);
    json_decref(release);
    return buf_text(&out);
}

Test(cli_texts, what_can_be_done)
{
    const char *text = offered("halted", "up", true, 0);
    cr_expect(strstr(text, "greylag release retry r1") && strstr(text, "with the SQL that was accepted"), "%s", text);
    cr_expect(strstr(text, "greylag release rollback r1"), "%s", text);
    cr_expect(strstr(text, "greylag down ") && strstr(text, "files as they are now"), "%s", text);
    text = offered("halted", "down", true, 0);
    cr_expect(strstr(text, "greylag release retry r1") && !strstr(text, "rollback"), "%s", text);
    cr_expect(strstr(text, "greylag up "), "what its reasons advise: %s", text);
    text = offered("halted", "up", false, 0); /* an older one is refused by retry and rollback */
    cr_expect(strstr(text, "greylag up ") && !strstr(text, "retry") && !strstr(text, "rollback"), "%s", text);
    text = offered("halted", "down", false, 0);
    cr_expect(strstr(text, "greylag up ") && strstr(text, "greylag down ...") && !strstr(text, "retry"), "%s", text);
    text = offered("halted", "adopt", true, 0);
    cr_expect(!strstr(text, "rollback") && !strstr(text, "down"), "%s", text);
    json_t *ended = parse("{\"id\": \"r1\", \"state\": \"halted\", \"direction\": \"up\", \"latest\": true, "
                          "\"decidedBy\": \"irreversible\"}");
    auto_buf struct buf out = BUF_INIT(65536);
    view_next(ended, true, &out); /* a retry or a rollback would end at the same step */
    text = buf_text(&out);
    cr_expect(strstr(text, "greylag up ") && !strstr(text, "retry") && !strstr(text, "rollback"), "%s", text);
    cr_expect_not(strstr(text, "release show"), "%s", text); /* which has just said this */
    cr_expect(strstr(text, "greylag release leave r1"), "%s", text);
    json_object_set_new(ended, "leftBy", json_string("ann"));
    buf_clear(&out);
    view_next(ended, true, &out);
    cr_expect_not(strstr(buf_text(&out), "release leave"), "it was left: %s", buf_text(&out));
    json_decref(ended);
    json_t *rewound = parse("{\"id\": \"r1\", \"state\": \"halted\", \"direction\": \"up\", \"latest\": true, "
                            "\"rewound\": true}");
    buf_clear(&out);
    view_next(rewound, true, &out); /* any other release would halt at the same target */
    text = buf_text(&out);
    cr_expect(strstr(text, "release retry") && strstr(text, "release rollback"), "%s", text);
    cr_expect(!strstr(text, "greylag up ") && !strstr(text, "greylag down"), "%s", text);
    json_decref(rewound);
    json_t *back = parse("{\"id\": \"r1\", \"state\": \"rolled back\", \"direction\": \"up\", \"latest\": true, "
                         "\"leftovers\": [{}]}");
    buf_clear(&out);
    view_next(back, true, &out);
    cr_expect(strstr(buf_text(&out), "greylag release leave r1"), "%s", buf_text(&out));
    json_array_clear(json_object_get(back, "leftovers"));
    buf_clear(&out);
    view_next(back, true, &out);
    cr_expect_not(strstr(buf_text(&out), "release leave"), "it left nothing: %s", buf_text(&out));
    json_decref(back);
    text = offered("succeeded", "up", true, 0);
    cr_expect(strstr(text, "greylag down    "), "%s", text);
    text = offered("succeeded", "up", true, 1); /* down refuses it */
    cr_expect(strstr(text, "greylag down --stop-at-irreversible") && !strstr(text, "greylag down    "), "%s", text);
    text = offered("succeeded", "up", false, 0);
    cr_expect(strstr(text, "greylag down --to r1") && !strstr(text, "undo this release"), "%s", text);
    text = offered("succeeded", "adopt", true, 0);
    cr_expect(strstr(text, "apply what is pending") && !strstr(text, "down"), "%s", text);
    cr_expect_str_eq(offered("some later state", "up", true, 0), "");
    for (unsigned state = 0; state < RELEASE_STATE_COUNT; state++)
        for (unsigned direction = 0; direction < DIRECTION_FORGET; direction++) {
            text = offered(release_state_text((enum release_state)state), direction_text((enum direction)direction),
                           true, 0);
            cr_expect(strstr(text, "greylag "), "%u, %u: nothing is offered", state, direction);
        }
}

Test(cli_texts, only_who_is_at_it_applies)
{
    static const char format[] =
        "{\"id\":\"r1\",\"state\":\"running\",\"direction\":\"up\",\"acceptedAtUs\":1000000,\"endedAtUs\":null,"
        "\"services\":[{\"service\":\"user\",\"forward\":{\"total\":4,\"done\":1,\"running\":1},\"back\":{},"
        "\"targets\":[{\"target\":\"eu\",\"working\":false,\"current\":{\"migration\":\"2\",\"name\":\"x\"}},"
        "{\"target\":\"us\",\"working\":%s,\"current\":{\"migration\":\"3\",\"name\":\"y\"}}],\"waitsFor\":[]}]}";
    auto_buf struct buf out = BUF_INIT(65536);
    struct view_style style = {.width = 100, .height = 24, .now_us = 5600000};
    for (int working = 0; working < 2; working++) {
        auto_free char *text = xasprintf(format, working ? "true" : "false");
        json_t *summary = parse(text);
        buf_clear(&out);
        view_lines(summary, &style, &out);
        cr_expect(strstr(buf_text(&out), working ? "  applies 3 y\n" : "  sent: 2 x\n"), "%s", buf_text(&out));
        json_decref(summary);
    }
}

Test(cli_texts, words_are_not_cut)
{
    static const char text[] =
        "{\"id\":\"r1\",\"state\":\"running\",\"direction\":\"up\",\"acceptedAtUs\":1000000,\"endedAtUs\":null,"
        "\"services\":[{\"service\":\"user\",\"forward\":{\"total\":4},\"back\":{},\"targets\":[{\"target\":\"eu\","
        "\"problem\":\"could not extend file: no space left on device\"}],\"waitsFor\":[]}]}";
    auto_buf struct buf out = BUF_INIT(65536);
    struct view_style style = {.width = 70, .height = 24, .now_us = 5600000};
    json_t *summary = parse(text);
    view_lines(summary, &style, &out);
    cr_expect(strstr(buf_text(&out), "  held up: could not extend \xe2\x80\xa6\n"), "%s", buf_text(&out));
    json_decref(summary);
}

/* A line that is too wide goes on in the next one: then the screen is not painted over, but runs away. */
Test(cli_texts, live_view_fits_beside_a_long_name)
{
    static const char text[] =
        "{\"id\":\"01m8qrepwrhpx4f6s5y5z2tz55-as-long-as-can-be\",\"state\":\"running\",\"direction\":\"up\","
        "\"acceptedAtUs\":1000000,\"endedAtUs\":null,"
        "\"services\":[{\"service\":\"customer-relationship-management-service\",\"forward\":{\"total\":4},\"back\":{},"
        "\"targets\":[],\"waitsFor\":[]},{\"service\":\"bill\",\"forward\":{\"total\":1},\"back\":{},\"targets\":[],"
        "\"waitsFor\":[]}]}";
    for (int width = 60; width <= 120; width += 20) {
        auto_buf struct buf out = BUF_INIT(65536);
        struct view_style style = {.width = width, .height = 24, .now_us = 5600000};
        json_t *summary = parse(text);
        view_lines(summary, &style, &out);
        const char *rest = buf_text(&out), *customer = strstr(rest, "  customer-"), *bill = strstr(rest, "  bill ");
        cr_assert(customer && bill);
        for (int columns = 0; *rest; rest++) {
            columns = *rest == '\n' ? 0 : columns + (((unsigned char)*rest & 0xc0) != 0x80);
            cr_expect_lt(columns, width, "%s", buf_text(&out));
        }
        cr_expect(strstr(bill, "  waiting\n") && strstr(customer, "  waiting\n"), "%s", buf_text(&out));
        cr_expect((strstr(customer, "customer-relationship-management-service  ") != NULL) == (width >= 100), "%s",
                  buf_text(&out));
        json_decref(summary);
    }
}

Test(cli_texts, what_needs_a_person)
{
    auto_buf struct buf out = BUF_INIT(65536);
    json_t *well = json_pack("{s:[]}", "attention"), *ill = json_pack("{s:[]}", "attention");
    cr_expect_not(view_attention(well, &out));
    same(&out, "");
    json_t *list = json_object_get(ill, "attention");
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:s}", "kind", "halted", "release", "r1",
                                    "service", "", "target", "", "detail", "the undo of 4\x1b[2J failed", "sinceUs",
                                    "argument", "r1"));
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:n, s:s}", "kind", "silent", "release", "",
                                          "service", "user", "target", "user-eu", "detail",
                                          "its worker w on h says nothing", "sinceUs", "argument", "user/user-eu"));
    json_t *awaited = json_pack("{s:[{s:s, s:s, s:s, s:s, s:s, s:s}]}", "attention", "kind", "silent", "release", "",
                                "service", "user", "target", "user-us", "detail", "it says nothing", "argument", "");
    cr_expect(view_attention(awaited, &out));
    same(&out, "1 thing needs a person:\n"
               "  user/user-us silent: it says nothing\n"
               "    start its worker\n");
    json_decref(awaited);
    buf_clear(&out);
    cr_expect(view_attention(ill, &out));
    same(&out, "2 things need a person:\n"
               "  release r1 halted: the undo of 4\\x1b[2J failed\n"
               "    greylag release show r1\n"
               "  user/user-eu silent: its worker w on h says nothing\n"
               "    start its worker, or greylag targets forget user/user-eu\n");
    for (int i = 0; i < 300; i++)
        json_array_append(list, json_array_get(list, 1));
    buf_clear(&out);
    cr_expect(view_attention(ill, &out));
    cr_expect(strstr(buf_text(&out), "302 things need a person") && strstr(buf_text(&out), "and 290 more"), "%s",
              buf_text(&out));
    json_decref(well);
    json_decref(ill);
}

Test(cli_texts, plan)
{
    json_t *plan = parse("{\"direction\":\"up\",\"digest\":\"abc\",\"steps\":["
                         "{\"service\":\"auth\",\"target\":\"auth\",\"migration\":\"1\",\"name\":\"users\","
                         "\"direction\":\"up\",\"wayBack\":\"undo\",\"needs\":[]},"
                         "{\"service\":\"user\",\"target\":\"user-eu\",\"migration\":\"1\",\"name\":\"1\","
                         "\"direction\":\"up\",\"wayBack\":\"none\",\"needs\":[0]}],"
                         "\"findings\":[{\"error\":false,\"rule\":\"irreversible\",\"text\":\"one step has no way "
                         "back\",\"hint\":\"accept it\"}]}");
    auto_buf struct buf out = BUF_INIT(65536);
    cli_plan_text(plan, &out);
    same(&out, "2 steps to apply, in this order:\n"
               "\n"
               "  1  auth          1 users\n"
               "  2  user/user-eu  1        no way back  after auth:1\n"
               "\n"
               "plan abc\n"
               "\n"
               "warning: one step has no way back [irreversible]\n"
               "    accept it\n");
    json_decref(plan);
    plan = parse("{\"direction\":\"up\",\"digest\":\"abc\",\"steps\":[],\"findings\":[]}");
    buf_clear(&out);
    cli_plan_text(plan, &out);
    same(&out, "Nothing is pending.\n");
    json_decref(plan);
}

Test(cli_texts, plans_that_record)
{
    json_t *plan = parse(
        "{\"direction\":\"adopt\",\"digest\":\"abc\",\"steps\":["
        "{\"service\":\"user\",\"target\":\"user\",\"migration\":\"1\",\"name\":\"users\",\"direction\":\"adopt\","
        "\"recorded\":\"\",\"wayBack\":\"abort\",\"needs\":[]},"
        "{\"service\":\"user\",\"target\":\"user\",\"migration\":\"2\",\"name\":\"2\",\"direction\":\"adopt\","
        "\"recorded\":\"0123456789abcdef\",\"checksum\":\"fedcba9876543210\",\"wayBack\":\"abort\",\"needs\":[0]},"
        "{\"service\":\"user\",\"target\":\"user\",\"migration\":\"3\",\"name\":\"\",\"direction\":\"forget\","
        "\"recorded\":\"0123456789abcdef\",\"wayBack\":\"abort\",\"needs\":[1]}],\"findings\":[]}");
    auto_buf struct buf out = BUF_INIT(65536);
    cli_plan_text(plan, &out);
    same(&out, "3 steps to record; nothing of them runs, in this order:\n"
               "\n"
               "  1  user  1 users\n"
               "  2  user  2        checksum 0123456789ab... -> fedcba987654...\n"
               "  3  user  3        forget (checksum 0123456789ab...)\n"
               "\n"
               "plan abc\n");
    json_decref(plan);
}

static json_t *step_of(const void *plan, size_t index)
{
    return json_incref(json_array_get(json_object_get(plan, "steps"), index));
}

Test(cli_texts, plan_of_other_kinds)
{
    json_t *plan =
        parse("{\"direction\":\"up\",\"digest\":\"abc\",\"findings\":[],\"steps\":["
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"beforeMigrate\",\"name\":\"\",\"kind\":\"callback\","
              "\"direction\":\"up\","
              "\"wayBack\":\"nothing\"},"
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"B2\",\"name\":\"all\",\"kind\":\"baseline\","
              "\"direction\":\"up\","
              "\"wayBack\":\"none\",\"category\":\"schema\"},"
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"R__v\",\"name\":\"v\",\"kind\":\"repeatable\","
              "\"direction\":\"up\","
              "\"wayBack\":\"none\",\"category\":\"views\"},"
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"R__w\",\"name\":\"w\",\"kind\":\"repeatable\","
              "\"direction\":\"up\","
              "\"wayBack\":\"earlier\",\"undoes\":\"r0.1.1\",\"undoesRelease\":\"r0\",\"category\":\"views\"}]}");
    auto_buf struct buf out = BUF_INIT(65536);
    cli_plan_text(plan, &out);
    same(&out, "4 steps to apply, in this order:\n"
               "\n"
               "  1  a  beforeMigrate          callback\n"
               "  2  a  B2 all         schema  baseline; no way back\n"
               "  3  a  R__v v         views   repeatable; no way back\n"
               "  4  a  R__w w         views   repeatable, replaces the text of r0\n"
               "\n"
               "plan abc\n");
    buf_clear(&out);
    const struct plan_view views = {.head = plan, .count = 4, .step = step_of, .of = plan, .category = "views"};
    cli_plan_view(&views, &out);
    same(&out, "4 steps to apply, in this order:\n"
               "\n"
               "  3  a  R__v v  views  repeatable; no way back\n"
               "  4  a  R__w w  views  repeatable, replaces the text of r0\n"
               "\n"
               "2 of them of category views\n"
               "\n"
               "plan abc\n");
    json_decref(plan);
    plan = parse(
        "{\"direction\":\"down\",\"digest\":\"abc\",\"findings\":[],\"steps\":["
        "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"R__v\",\"kind\":\"repeatable\",\"direction\":\"forget\","
        "\"recorded\":\"abcdef0123456789\"},"
        "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"R__w\",\"kind\":\"repeatable\",\"direction\":\"down\","
        "\"earlier\":\"abc\"},"
        "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"v\",\"kind\":\"repeatable\",\"direction\":\"down\"}]}");
    buf_clear(&out);
    cli_plan_text(plan, &out);
    same(&out, "3 steps to undo, in this order:\n"
               "\n"
               "  1  a  R__v  forget (checksum abcdef012345...)\n"
               "  2  a  R__w  back to its earlier text\n"
               "  3  a  v\n"
               "\n"
               "plan abc\n");
    json_decref(plan);
}

Test(cli_texts, plan_of_migrations_with_metadata)
{
    json_t *plan =
        parse("{\"direction\":\"up\",\"digest\":\"abc\",\"findings\":[],\"steps\":["
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"1\",\"direction\":\"up\",\"wayBack\":\"undo\","
              "\"estimatedDurationMs\":1500,"
              "\"risk\":\"low\",\"dataVolume\":\"small\",\"tags\":[\"feature\"]},"
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"2\",\"direction\":\"up\",\"wayBack\":\"undo\"},"
              "{\"service\":\"a\",\"target\":\"a\",\"migration\":\"3\",\"direction\":\"up\",\"wayBack\":\"none\","
              "\"requiresDowntime\":true,"
              "\"risk\":\"high\",\"dataVolume\":\"large\",\"breaking\":true,\"estimatedDurationMs\":90000,"
              "\"affectedTables\":[\"users\",\"orders\"],\"tags\":[\"a\",\"b\"]}]}");
    auto_buf struct buf out = BUF_INIT(65536);
    cli_plan_text(plan, &out);
    same(&out, "3 steps to apply, in this order:\n"
               "\n"
               "  1  a  1  about 1.5 s, tags feature\n"
               "  2  a  2\n"
               "  3  a  3  no way back; requires downtime, breaking, high risk, about 1 min 30 s, large volume, tables "
               "users orders, tags a b\n"
               "\n"
               "estimated: 1 min 31 s for the 2 that say so, one after another\n"
               "\n"
               "plan abc\n");
    json_decref(plan);
}

Test(cli_texts, tables_count_characters_and_escape)
{
    struct table table = {.columns = 0};
    auto_buf struct buf out = BUF_INIT(65536);
    table_row(&table, 3, "a", "gr\xc3\xbc\xc3\x9f", "x\ny");
    table_row(&table, 3, "long name", NULL, "z");
    table_print(&table, "> ", &out);
    same(&out, "> a          gr\xc3\xbc\xc3\x9f  x\\ny\n> long name        z\n");
}

Test(cli_texts, rows_fit_into_a_terminal)
{
    auto_buf struct buf out = BUF_INIT(65536);
    table_fit("12345678901234567890123456789012345678901234567890\n"
              "  greylag up --service user --target user=20240102\n"
              "  gr\xc3\xbc\xc3\x9f  running  why it was decided  and what came of it\n"
              "  auth                                        after user:1\n"
              "auth-01m8pzvxmeb43rrqw3wssrh6tw@43439c59d7866b1e  vm  0.1.0\n"
              "a  b\n",
              30, &out);
    same(&out, "12345678901234567890123456789012345678901234567890\n"
               "  greylag up --service user --target user=20240102\n"
               "  gr\xc3\xbc\xc3\x9f  running  why it was\n"
               "        decided  and what came\n"
               "        of it\n"
               "  auth\n"
               "      after user:1\n"
               "auth-01m8pzvxmeb43rrqw3wssrh6tw@43439c59d7866b1e\n"
               "    vm  0.1.0\n"
               "a  b\n");
}

Test(cli_texts, state_files)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    struct target_contents *contents;
    size_t count = 0;
    json_t *good = parse("{\"targets\":{\"auth/auth\":[{\"migration\":\"1\",\"checksum\":\"c\",\"request\":\"r\","
                         "\"release\":\"x\"}],\"user/eu\":[]}}");
    cr_expect(cli_contents(good, &arena, &contents, &count, &err), "%s", err.text);
    cr_expect_eq(count, 2);
    cr_expect_str_eq(contents[0].target, "auth");
    cr_expect_str_eq(contents[0].applied[0].migration, "1");
    json_decref(good);
    good = parse(
        "{\"targets\":{\"auth/auth\":[]},\"foreign\":{\"auth/"
        "auth\":[{\"tool\":\"flyway\",\"table\":\"public.t\",\"rows\":["
        "{\"version\":\"1\",\"name\":\"a\",\"script\":\"V1__a.sql\",\"checksum\":\"5\",\"state\":\"baseline\"}]}],"
        "\"user/eu\":[]}}");
    cr_expect(cli_contents(good, &arena, &contents, &count, &err), "%s", err.text);
    cr_expect_eq(count, 2);
    cr_expect_eq(contents[0].foreign_count, 1);
    cr_expect_str_eq(contents[0].foreign[0].rows[0].script, "V1__a.sql");
    cr_expect_eq(contents[0].foreign[0].rows[0].state, FOREIGN_BASELINE);
    json_decref(good);
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"targets\":[]}",
        "{\"targets\":{\"auth\":[]}}",
        "{\"targets\":{\"a/b\":1}}",
        "{\"targets\":{\"a/b\":[{}]}}",
        "{\"targets\":{\"a/b\":[{\"migration\":\"1\"}]}}",
        "{\"targets\":{},\"foreign\":{\"a\":[]}}",
        "{\"targets\":{},\"foreign\":{\"a/b\":[{\"tool\":\"cvs\"}]}}",
        "{\"targets\":{},\"foreign\":{\"a/b\":[{\"tool\":\"goose\",\"rows\":[{\"state\":\"odd\"}]}]}}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        json_t *json = parse(bad[i]);
        cr_expect_not(cli_contents(json, &arena, &contents, &count, &err), "%s", bad[i]);
        cr_expect_eq(err.kind, ERR_INPUT);
        json_decref(json);
    }
}
