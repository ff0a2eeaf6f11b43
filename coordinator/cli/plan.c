/* `greylag plan`: what would run before what. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"
#include "plan/plan_json.h"

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
    } else if (cli_json(line)) {
        plan_json(plan, findings, category, &out);
    } else {
        json_t *head = plan_json_head(plan, findings);
        const struct plan_view view = {
            .head = head, .count = plan->step_count, .step = step_of_plan, .of = plan, .category = category};
        cli_plan_view(&view, &out);
        json_decref(head);
    }
    cli_print(&out);
}

static int refuse_plan(const struct cmdline *line, const struct plan_findings *findings, const struct err *err)
{
    json_t *list = cli_plan_findings_json(findings);
    int code = EXIT_CODE_INVALID;
    if (cli_json(line)) {
        json_t *json = json_pack("{s:O}", "findings", list);
        cli_print_json(json);
        json_decref(json);
    } else if (findings->count > 0) {
        auto_buf struct buf out = BUF_INIT(BUF_MAX);
        cli_plan_findings(list, &out);
        fputs(buf_text(&out), stderr);
    } else {
        code = cmdline_fail(line, err);
    }
    json_decref(list);
    return code;
}

static int plan_catalog(const struct cmdline *line, const struct catalog *catalog)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    struct plan_options options;
    struct plan plan;
    struct plan_findings findings = {.count = 0};
    struct target_contents *contents = NULL;
    size_t count = 0;
    bool online = !cmdline_has(line, "offline") && !cmdline_has(line, "state") && cli_has_server(line);
    if (!cli_select(line, catalog, DIRECTION_UP, &arena, &options, &err) ||
        !cli_find_contents(line, online, &arena, &contents, &count, &err))
        return cmdline_fail(line, &err);
    if (!plan_make(&catalog->fleet, contents, count, &options, &arena, &plan, &findings, &err))
        return refuse_plan(line, &findings, &err);
    if (!online && !cmdline_has(line, "state") && !cli_json(line) && !cmdline_has(line, "graph"))
        puts("Planned as if every database were empty.\n");
    print_plan(line, &plan, &findings);
    return EXIT_CODE_DONE;
}

static int plan_run(const struct cmdline *line)
{
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? plan_catalog(line, catalog) : code;
}

static const struct cmd_option options[] = {
    {"graph", 0, NULL, "print the graph of services and steps as Mermaid", 0},
    {"offline", 0, NULL, "ask no coordinator: plan as if every database were empty", 0},
    {"category", 0, "CATEGORY", "show only the steps of this category; what is planned stays the same", 0},
    {"state", 0, "FILE", "plan from what this file says is applied (greylag status --applied)", 0},
    CMD_OPTIONS_END};

const struct command plan_command = {
    .name = "plan",
    .summary = "show what would run, in which order, and what has no way back",
    .description = "With a coordinator it shows what \"up\" would run, under the same digest. Without one, or with "
                   "--offline, it plans as if every database were empty; with --state FILE, from what that file says.",
    .example = "greylag plan --offline --graph",
    .options = {options, cli_select_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = plan_run,
};
