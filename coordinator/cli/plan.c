/* `greylag plan`: what would run before what. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pause.h"
#include "cli/cli_internal.h"
#include "plan/plan_json.h"

#define PATIENCE_MS 15000 /* as `up` waits for targets */
#define AGAIN_MS 100
#define AGAIN_MAX_MS 2000

static json_t *step_of_plan(const void *plan, size_t index)
{
    return plan_json_step(plan, index);
}

static void print_plan(const struct cmdline *line, const struct plan *plan, const struct plan_findings *findings)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    const char *category = cmdline_value(line, "category");
    if (cmdline_has(line, "graph")) {
        plan_mermaid(plan, &out);
        cli_print(&out);
    } else if (cli_json(line)) {
        plan_json(plan, findings, category, &out);
        cli_print(&out);
    } else {
        json_t *head = plan_json_head(plan, findings);
        const struct plan_view view = {
            .head = head, .count = plan->step_count, .step = step_of_plan, .of = plan, .category = category};
        cli_plan_view(&view, &out);
        json_decref(head);
        cli_print_text(&out);
    }
}

static int refuse_plan(const struct cmdline *line, const struct plan_findings *findings, const struct err *err)
{
    if (findings->count == 0)
        return cmdline_fail(line, err);
    json_t *list = cli_plan_findings_json(findings);
    if (cli_json(line)) {
        json_t *json = json_pack("{s:O}", "findings", list);
        cli_print_json(json);
        json_decref(json);
    } else {
        auto_buf struct buf out = BUF_INIT(BUF_MAX);
        cli_plan_findings(list, &out);
        cmdline_say(&out);
    }
    json_decref(list);
    return EXIT_CODE_INVALID;
}

/* ---- what is known ---- */

static bool has_told(const json_t *status, const char *service, const char *target)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(status, "targets"), i, item)
    {
        if (strcmp(json_text(item, "service"), service) == 0 && strcmp(json_text(item, "target"), target) == 0)
            return json_is_true(json_object_get(item, "known"));
    }
    return false;
}

/* A chosen target that has not told yet what it holds, in this leadership; NULL: none. */
static bool find_silent(const struct cmdline *line, const struct fleet *fleet, const struct plan_options *options,
                        struct arena *arena, const char **ret, struct err *err)
{
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool ok = cli_client(line, &client, err) && http_call(client, "GET", "/api/v1/status", NULL, NULL, &reply, err);
    *ret = NULL;
    for (size_t s = 0; ok && s < fleet->service_count; s++) {
        const struct service *service = &fleet->services[s];
        for (size_t t = 0; t < service->target_count; t++)
            if (plan_chooses(options, service->name, service->targets[t]) &&
                !has_told(reply.json, service->name, service->targets[t]))
                *ret = arena_printf(arena, "%s/%s", service->name, service->targets[t]);
    }
    http_client_free(client);
    return ok;
}

/* That nothing is pending is no answer from memory: it is asked again until each target has told. */
struct looking {
    const struct cmdline *line;
    const struct catalog *catalog;
    struct arena *arena;
    struct plan_options options;
    struct plan plan;
    struct plan_findings findings;
    const char *silent; /* find_silent */
    bool online, planned;
};

static bool look(struct looking *looking, struct err *err)
{
    struct pause pause = PAUSE(AGAIN_MS, AGAIN_MAX_MS);
    int64_t until = clock_mono_ms() + PATIENCE_MS;
    for (;;) {
        struct target_contents *contents = NULL;
        size_t count = 0;
        if ((looking->online && !find_silent(looking->line, &looking->catalog->fleet, &looking->options,
                                             looking->arena, &looking->silent, err)) ||
            !cli_find_contents(looking->line, looking->online, looking->arena, &contents, &count, err))
            return false;
        looking->findings = (struct plan_findings){.count = 0};
        looking->planned = plan_make(&looking->catalog->fleet, contents, count, &looking->options, looking->arena,
                                     &looking->plan, &looking->findings, err);
        if (!looking->planned || !looking->silent || looking->plan.step_count > 0)
            return true;
        if (clock_mono_ms() >= until) {
            err_set(err, ERR_TIMEOUT, "%s has not told yet what it holds: whether something is pending is not known",
                    looking->silent);
            return err_hint(err, "`greylag workers list` shows who reports; --offline plans as if every database were "
                                 "empty");
        }
        poll(NULL, 0, (int)pause_next(&pause));
    }
}

/* A plan that has steps is shown from memory as well, and says so. */
static void say_remembered(const char *silent)
{
    auto_buf struct buf out = BUF_INIT(4096);
    buf_addf(&out, "note: %s has not told yet what it holds: this is planned from what was known before; up waits for "
                   "it\n", silent);
    cmdline_say(&out);
}

static int plan_catalog(const struct cmdline *line, const struct catalog *catalog)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    bool online = !cmdline_has(line, "offline") && !cmdline_has(line, "state") && cli_has_server(line);
    struct looking looking = {.line = line, .catalog = catalog, .arena = &arena, .online = online};
    const struct plan_findings *findings = &looking.findings;
    if (!cli_select(line, catalog, DIRECTION_UP, &arena, &looking.options, &err) || !look(&looking, &err))
        return cmdline_fail(line, &err);
    if (!looking.planned)
        return refuse_plan(line, findings, &err);
    if (!online && !cmdline_has(line, "state") && !cli_json(line) && !cmdline_has(line, "graph"))
        puts("Planned as if every database were empty.\n");
    print_plan(line, &looking.plan, findings);
    if (looking.silent)
        say_remembered(looking.silent);
    return EXIT_CODE_DONE;
}

static int plan_run(const struct cmdline *line)
{
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? plan_catalog(line, catalog) : code;
}

/* A plan can be asked for with the words of its "up": one that decides only whether it is accepted changes nothing. */
static const struct cmd_option options[] = {
    {"accept-irreversible", 0, NULL, "as \"up\" takes it; what has no way back is named either way", 0},
    {"graph", 0, NULL, "print the graph of services and steps as Mermaid", 0},
    {"offline", 0, NULL, "ask no coordinator: plan as if every database were empty", 0},
    {"category", 0, "CATEGORY", "show only the steps of this category; what is planned stays the same", 0},
    {"state", 0, "FILE", "plan from what this file says is applied (greylag status --applied)", 0},
    CMD_OPTIONS_END};

const struct command plan_command = {
    .name = "plan",
    .summary = "show what would run, in which order, and what has no way back",
    .description = "With a coordinator it shows what \"up\" would run, under the same digest. Without one, or with "
                   "--offline, it plans as if every database were empty; with --state FILE, from what that file "
                   "says.\n\n"
                   "Exit code 0 when it can be planned, also where \"up\" wants --accept-irreversible: "
                   "\"up --dry-run\" ends as \"up\" would.",
    .example = "greylag plan --offline --graph",
    .options = {options, cli_select_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = plan_run,
};
