/* `greylag validate`: everything that can be said about the files without a server. */
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

struct tally {
    size_t services, migrations, errors, warnings;
};

static struct tally tally_of(const struct catalog *catalog, const struct plan_findings *findings)
{
    struct tally tally = {.services = catalog->fleet.service_count};
    for (size_t i = 0; i < catalog->fleet.service_count; i++)
        tally.migrations += catalog->fleet.services[i].migration_count;
    for (size_t i = 0; i < catalog->finding_count; i++)
        *(catalog->findings[i].error ? &tally.errors : &tally.warnings) += 1;
    for (size_t i = 0; i < findings->count; i++)
        *(findings->items[i].error ? &tally.errors : &tally.warnings) += 1;
    return tally;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_text(const struct catalog *catalog, const struct plan_findings *findings, const struct tally *tally)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    json_t *list = cli_plan_findings_json(findings);
    cli_catalog_findings(catalog, &out);
    cli_plan_findings(list, &out);
    json_decref(list);
    buf_addf(&out, "fleet %s, environment %s: %zu service%s, %zu migration%s; %zu error%s, %zu warning%s\n",
             catalog->fleet.name, catalog->fleet.environment, tally->services, plural(tally->services),
             tally->migrations, plural(tally->migrations), tally->errors, plural(tally->errors),
             tally->warnings, plural(tally->warnings));
    cli_print(&out);
}

static void print_json(const struct catalog *catalog, const struct plan_findings *findings, const struct tally *tally)
{
    json_t *list = cli_catalog_findings_json(catalog), *more = cli_plan_findings_json(findings);
    json_array_extend(list, more);
    json_decref(more);
    json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "fleet", catalog->fleet.name, "environment",
                             catalog->fleet.environment, "services", (json_int_t)tally->services, "migrations",
                             (json_int_t)tally->migrations, "errors", (json_int_t)tally->errors, "warnings",
                             (json_int_t)tally->warnings, "findings", list);
    cli_print_json(json);
    json_decref(json);
}

static int validate_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct catalog *catalog;
    if (!cli_catalog(line, &catalog, &err))
        return cmdline_fail(line, &err);
    auto_arena struct arena arena = ARENA_INIT;
    struct plan plan;
    struct plan_findings findings = {NULL, 0};
    struct plan_options options = {.direction = DIRECTION_UP};
    if (catalog->error_count == 0)
        plan_make(&catalog->fleet, NULL, 0, &options, &arena, &plan, &findings, &err);
    struct tally tally = tally_of(catalog, &findings);
    if (cli_json(line))
        print_json(catalog, &findings, &tally);
    else
        print_text(catalog, &findings, &tally);
    catalog_free(catalog);
    return tally.errors ? EXIT_CODE_INVALID : EXIT_CODE_DONE;
}

const struct command validate_command = {
    .name = "validate",
    .summary = "check fleet.yml and every migration",
    .description = "Reads fleet.yml and all migrations it names: names, versions, checksums, dependencies, cycles, SQL that "
                   "PostgreSQL refuses in a transaction. Needs no server. Exit code 6 when there are errors.",
    .example = "greylag validate --fleet shop/fleet.yml --json",
    .options = {cli_fleet_options, cli_json_options},
    .run = validate_run,
};
