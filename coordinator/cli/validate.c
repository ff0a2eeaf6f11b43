/* `greylag validate`: everything that can be said about the files, without a server or with what is applied. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"
#include "cli/linting.h"
#include "cli/report.h"

struct validation {
    const struct cmdline *line;
    enum report_format format;
    char *path; /* of fleet.yml */
    struct arena arena;
    struct catalog *catalog;
    struct report report;
    struct linting linting;
};

static bool find_format(const struct cmdline *line, enum report_format *ret_format, struct err *err)
{
    static const char *const formats[] = {"text", "json", "sarif", "github"};
    const char *text = cmdline_value(line, "format");
    if (!cli_format(line, formats, COUNT_OF(formats), err))
        return false;
    *ret_format = cli_json(line) ? REPORT_JSON : REPORT_TEXT;
    if (text)
        report_format_parse(text, ret_format);
    if (cmdline_has(line, "fix") && *ret_format != REPORT_TEXT)
        return err_set(err, ERR_USAGE, "--fix shows its changes as text; it has no other format");
    return cmdline_has(line, "fix") || !cmdline_has(line, "yes") || err_set(err, ERR_USAGE, "--yes is for --fix");
}

static bool is_online(const struct cmdline *line)
{
    return !cmdline_has(line, "offline") && !cmdline_has(line, "state") && cli_has_server(line);
}

static void release(struct validation *validation)
{
    catalog_free(validation->catalog);
    arena_release(&validation->arena);
    validation->catalog = NULL;
}

static bool add_offline(struct err *err)
{
    auto_free char *hint = xstrdup(err->hint);
    return err_hint(err, "%s%sThe files alone: greylag validate --offline.", hint, *hint ? " " : "");
}

/* Catalog, lint, plan: in this order, each with its findings. */
static bool validate(struct validation *validation, struct err *err)
{
    const struct cmdline *line = validation->line;
    struct arena *arena = &validation->arena;
    struct target_contents *contents = NULL;
    size_t count = 0;
    bool online = is_online(line), known = online || cmdline_has(line, "state");
    if (!catalog_load(validation->path, cmdline_value(line, "env"), cli_getenv, NULL, &validation->catalog, err))
        return false;
    if (!cli_find_contents(line, online, arena, &contents, &count, err))
        return online && add_offline(err);
    const struct catalog *catalog = validation->catalog;
    const char *slash = strrchr(validation->path, '/');
    const char *folder = slash ? arena_strndup(arena, validation->path, (size_t)(slash - validation->path) + 1) : ".";
    validation->report = (struct report){.arena = arena, .fleet = &catalog->fleet, .folder = folder};
    validation->linting = (struct linting){.catalog = catalog, .folder = folder, .arena = arena};
    if (known)
        linting_applied(&validation->linting, contents, count);
    report_catalog(&validation->report, catalog);
    linting_run(&validation->linting, &validation->report);
    if (catalog->error_count > 0)
        return true;
    struct plan plan;
    struct plan_findings findings = {.count = 0};
    struct plan_options options = {.direction = DIRECTION_UP};
    plan_make(&catalog->fleet, contents, count, &options, arena, &plan, &findings, NULL);
    report_plan(&validation->report, &findings);
    return true;
}

/* On a terminal a person decides; elsewhere --yes has to. */
static bool is_wanted(const struct cmdline *line, size_t files)
{
    char answer[16] = "";
    if (cmdline_has(line, "yes"))
        return true;
    if (isatty(STDIN_FILENO) != 1) {
        fputs("Nothing was changed. With --yes it is.\n", stderr);
        return false;
    }
    fprintf(stderr, "Change %zu file%s? [y/N] ", files, files == 1 ? "" : "s");
    bool yes = fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
    if (!yes)
        fputs("Nothing was changed.\n", stderr);
    return yes;
}

/* Shows what would change, and changes it when that is wanted; then everything is looked at anew. */
static bool fix(struct validation *validation, struct err *err)
{
    const struct cmdline *line = validation->line;
    auto_buf struct buf shown = BUF_INIT(BUF_MAX), again = BUF_INIT(BUF_MAX);
    size_t files;
    if (!linting_fix(&validation->linting, &validation->report, false, &shown, &files, err))
        return false;
    cli_print(&shown);
    if (files == 0) {
        puts("There is nothing that can be mended by itself.");
        return true;
    }
    if (!is_wanted(line, files))
        return true;
    if (!linting_fix(&validation->linting, &validation->report, true, &again, &files, err))
        return false;
    printf("%zu file%s changed.\n\n", files, files == 1 ? "" : "s");
    release(validation);
    return validate(validation, err);
}

/* What is applied must never be changed: it has to be known, or be said to be nothing. */
static bool check_fix(const struct cmdline *line, struct err *err)
{
    if (!cmdline_has(line, "fix") || is_online(line) || cmdline_has(line, "state") || cmdline_has(line, "offline"))
        return true;
    err_set(err, ERR_USAGE, "--fix changes no file that is applied somewhere, and nobody says what is applied");
    return err_hint(err,
                    "Name a coordinator (--url) or give --state FILE; when nothing is applied anywhere: --offline.");
}

static int validate_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct validation validation = {.line = line};
    bool ok = find_format(line, &validation.format, &err) && check_fix(line, &err) &&
              cli_fleet_path(line, &validation.path, &err) && validate(&validation, &err) &&
              (!cmdline_has(line, "fix") || fix(&validation, &err));
    int code = EXIT_CODE_DONE;
    if (ok) {
        auto_buf struct buf out = BUF_INIT(BUF_MAX);
        report_print(&validation.report, validation.format, &out);
        if (validation.format == REPORT_TEXT)
            cli_print_text(&out);
        else
            cli_print(&out);
        code = validation.report.errors ? EXIT_CODE_INVALID : EXIT_CODE_DONE;
    } else {
        code = cmdline_fail(line, &err);
    }
    release(&validation);
    free(validation.path);
    return code;
}

static const struct cmd_option options[] = {
    {"format", 0, "FORMAT", "text, json, sarif (2.1.0) or github (annotations of a workflow)", 0},
    {"fix", 0, NULL, "mend what can be mended without changing what a migration does; shows a diff and asks", 0},
    {"yes", 'y', NULL, "with --fix: do not ask", 0},
    {"offline", 0, NULL, "ask no coordinator: as if nothing were applied", 0},
    {"state", 0, "FILE", "what this file says is applied (greylag status --applied)", 0},
    CMD_OPTIONS_END};

const struct command validate_command = {
    .name = "validate",
    .summary = "check fleet.yml and every migration",
    .description =
        "Reads fleet.yml and all migrations it names: names, versions, checksums, dependencies, cycles, SQL that "
        "PostgreSQL refuses in a transaction, and the traps of docs/reference/lint.md. Needs no server; with a "
        "coordinator, or --state FILE, it also finds applied migrations that were altered, and leaves out what "
        "cannot be changed any more.\n\n"
        "Exit code 6 when there are errors. How much a rule counts is said by lint: in fleet.yml; a comment "
        "-- greylag:ignore RULE: reason takes a finding away.",
    .example = "greylag validate --fleet shop/fleet.yml --format sarif",
    .options = {options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = validate_run,
};
