/* Named releases: `greylag release create`, and what a version of the fleet means elsewhere. */
#include "catalog/named.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli_internal.h"

bool cli_named(const struct cmdline *line, const char *version, struct arena *arena,
               const struct named_release **ret_release, struct err *err)
{
    const struct named_release *releases;
    size_t count;
    auto_free char *fleet = NULL;
    *ret_release = NULL;
    if (!cli_fleet_path(line, &fleet, err) || !named_load(fleet, arena, &releases, &count, err))
        return false;
    *ret_release = named_find(releases, count, version);
    return true;
}

void cli_named_limits(const struct named_release *release, struct arena *arena, struct plan_options *options)
{
    struct plan_limit *limits = arena_array(arena, release->service_count + 1, sizeof *limits);
    const char **names = arena_array(arena, release->service_count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < release->service_count; i++) {
        const struct named_service *service = &release->services[i];
        bool chosen = options->service_count == 0;
        for (size_t k = 0; k < options->service_count; k++)
            chosen = chosen || strcmp(options->services[k], service->service) == 0;
        names[count] = service->service;
        limits[count] = (struct plan_limit){service->service, service->migration};
        count += chosen;
    }
    options->services = names;
    options->service_count = count;
    options->limits = limits;
    options->limit_count = count;
}

static void print_created(const struct cmdline *line, const struct named_release *release)
{
    if (!cli_json(line)) {
        cli_tell("release %s (%s) names %zu service%s at their present version\n\nNext: commit releases.yml; then "
                 "\"greylag up --release %s\", or \"greylag changelog --to %s\".\n",
                 release->version, release->name, release->service_count, release->service_count == 1 ? "" : "s",
                 release->version, release->version);
        return;
    }
    json_t *services = json_object();
    for (size_t i = 0; i < release->service_count; i++)
        json_object_set_new(services, release->services[i].service, json_string(release->services[i].migration));
    json_t *json = json_pack("{s:s, s:s, s:s, s:o}", "version", release->version, "name", release->name, "date",
                             release->date, "services", services);
    cli_print_json(json);
    json_decref(json);
}

static int create_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *fleet = NULL;
    char now[CLOCK_TEXT_SIZE];
    struct named_release release = {.version = line->arguments[0]};
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    if (!catalog)
        return code;
    clock_format(clock_wall_us(), now);
    now[10] = 0;
    named_of(catalog, line->arguments[0], line->arguments[1], now, &arena, &release);
    if (!cli_fleet_path(line, &fleet, &err) || !named_add(fleet, &release, &err))
        return cmdline_fail(line, &err);
    print_created(line, &release);
    return EXIT_CODE_DONE;
}

const struct command release_create_command = {
    .name = "create",
    .summary = "give the present versions of all services one version and a name",
    .arguments = "VERSION NAME",
    .arguments_min = 2,
    .arguments_max = 2,
    .description = "Adds it to releases.yml beside the fleet file. Nothing runs: \"up --release VERSION\" goes up to "
                   "what it names, \"down --to VERSION\" back to it, \"changelog --from --to\" tells what is between "
                   "two.",
    .example = "greylag release create 2.0.0 \"spring cleaning\"",
    .options = {cli_fleet_options, cli_json_options},
    .run = create_run,
};
