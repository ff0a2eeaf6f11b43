/* `greylag changelog`: what lies between two versions, from the files alone. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "plan/plan_json.h"

/* One end of it: a named release, or a version of one service. */
struct border {
    const struct named_release *release;
    const char *service, *version; /* when there is no release; NULL: open */
};

struct range_of {
    size_t first, end; /* of the service's migrations */
};

static bool read_border(const struct cmdline *line, const struct catalog *catalog, const char *option, const char *only,
                        struct arena *arena, struct border *ret, struct err *err)
{
    const char *text = cmdline_value(line, option);
    *ret = (struct border){.version = NULL};
    if (!text)
        return true;
    struct plan_limit limit = cli_limit(catalog, text, arena);
    if (limit.service) {
        *ret = (struct border){.service = limit.service, .version = limit.version};
        return catalog_find_service(catalog, limit.service, &(size_t){0}, err);
    }
    if (!cli_named(line, text, arena, &ret->release, err))
        return false;
    if (ret->release)
        return true;
    ret->service = only;
    ret->version = text;
    if (only)
        return true;
    err_set(err, ERR_INPUT, "--%s: releases.yml names no release %s", option, text);
    return err_hint(err, "write SERVICE=VERSION, name one --service, or make it: greylag release create %s NAME", text);
}

/* How many migrations of the service a border includes; `otherwise` where it says nothing of it. */
static bool place_of(const struct service *service, const struct border *border, size_t otherwise, size_t *ret_place,
                     struct err *err)
{
    const char *version = NULL;
    if (border->release) {
        *ret_place = 0; /* a service that was not there yet */
        for (size_t i = 0; i < border->release->service_count; i++) {
            if (strcmp(border->release->services[i].service, service->name) == 0)
                version = border->release->services[i].migration;
        }
        if (!version)
            return true;
    } else if (border->version && strcmp(border->service, service->name) == 0) {
        version = border->version;
    } else {
        *ret_place = otherwise;
        return true;
    }
    for (size_t m = service->migration_count; m-- > 0;) {
        const struct migration *migration = &service->migrations[m];
        if (strcmp(migration->id, version) == 0 || text_compare_numbers(migration->version, version) == 0) {
            *ret_place = m + 1;
            return true;
        }
    }
    return err_set(err, ERR_INPUT, "service %s has no migration of version %s", service->name, version);
}

/* ---- what is printed ---- */

static json_t *migration_json(const struct service *service, const struct migration *migration)
{
    json_t *needs = json_array();
    for (size_t i = 0; i < migration->depends_count; i++) {
        auto_arena struct arena arena = ARENA_INIT;
        json_array_append_new(needs, json_string(cli_need_text(&migration->depends[i], &arena)));
    }
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:o}", "service", service->name, "migration",
                             migration->id, "name", migration->name, "kind", migration_kind_text(migration->kind),
                             "category", "", "breaking", 0, "author", "", "file", migration->file, "needs", needs);
    plan_json_told(migration, json);
    return json;
}

static void add_details(const json_t *change, const char *breaking, struct buf *out)
{
    if (json_is_true(json_object_get(change, "breaking")))
        buf_adds(out, breaking);
    if (*json_text(change, "category"))
        buf_addf(out, " [%s]", json_text(change, "category"));
    if (*json_text(change, "author"))
        buf_addf(out, ", %s", json_text(change, "author"));
    if (json_is_true(json_object_get(change, "requiresDowntime")))
        buf_adds(out, ", requires downtime");
}

static void print_text(const json_t *changes, struct buf *out)
{
    const char *service = "";
    size_t i;
    const json_t *change;
    json_array_foreach(changes, i, change)
    {
        if (strcmp(service, json_text(change, "service")) != 0) {
            service = json_text(change, "service");
            buf_addf(out, "%s%s\n", i ? "\n" : "", service);
        }
        buf_addf(out, "  %s %s", json_text(change, "migration"), json_text(change, "name"));
        add_details(change, " BREAKING", out);
        buf_addc(out, '\n');
    }
    if (json_array_size(changes) == 0)
        buf_adds(out, "Nothing has changed.\n");
}

static void print_markdown(const json_t *changes, const char *title, struct buf *out)
{
    const char *service = "";
    size_t i;
    const json_t *change;
    buf_addf(out, "# %s\n", title);
    json_array_foreach(changes, i, change)
    {
        if (strcmp(service, json_text(change, "service")) != 0) {
            service = json_text(change, "service");
            buf_addf(out, "\n## %s\n\n", service);
        }
        buf_adds(out, "- ");
        cli_add_markdown(out, json_text(change, "migration"));
        buf_addc(out, ' ');
        cli_add_markdown(out, json_text(change, "name"));
        add_details(change, " **breaking**", out);
        buf_addc(out, '\n');
    }
    if (json_array_size(changes) == 0)
        buf_adds(out, "\nNothing has changed.\n");
}

static bool find_changes(const struct cmdline *line, const struct catalog *catalog, struct arena *arena,
                         json_t *changes, struct err *err)
{
    const char *const *wanted, *category = cmdline_value(line, "category");
    size_t count = cli_services(line, catalog, arena, &wanted);
    struct border from, to;
    if (!read_border(line, catalog, "from", count == 1 ? wanted[0] : NULL, arena, &from, err) ||
        !read_border(line, catalog, "to", count == 1 ? wanted[0] : NULL, arena, &to, err))
        return false;
    for (size_t k = 0; k < count; k++)
        if (!catalog_find_service(catalog, wanted[k], &(size_t){0}, err))
            return false;
    for (size_t i = 0; i < catalog->fleet.service_count; i++) {
        const struct service *service = &catalog->fleet.services[i];
        struct range_of range;
        bool chosen = count == 0;
        for (size_t k = 0; k < count; k++)
            chosen = chosen || strcmp(wanted[k], service->name) == 0;
        if (!place_of(service, &from, 0, &range.first, err) ||
            !place_of(service, &to, service->migration_count, &range.end, err))
            return false;
        for (size_t m = range.first; chosen && m < range.end; m++) {
            const char *its = service->migrations[m].category;
            if (!category || (its && strcmp(its, category) == 0))
                json_array_append_new(changes, migration_json(service, &service->migrations[m]));
        }
    }
    return true;
}

static int print_changes(const struct cmdline *line, json_t *changes)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    const char *format = cmdline_value(line, "format"), *from = cmdline_value(line, "from"),
               *to = cmdline_value(line, "to");
    auto_free char *title =
        xasprintf("Changes%s%s%s%s", from ? " from " : "", from ? from : "", to ? " to " : "", to ? to : "");
    if (cli_json(line)) {
        json_t *json = json_pack("{s:s?, s:s?, s:O}", "from", from, "to", to, "changes", changes);
        cli_print_json(json);
        json_decref(json);
    } else if (format && strcmp(format, "markdown") == 0) {
        print_markdown(changes, title, &out);
    } else {
        print_text(changes, &out);
    }
    cli_print(&out);
    return EXIT_CODE_DONE;
}

static int changelog_run(const struct cmdline *line)
{
    static const char *const formats[] = {"text", "markdown", "json"};
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    int code;
    if (!cli_format(line, formats, COUNT_OF(formats), &err))
        return cmdline_fail(line, &err);
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    if (!catalog)
        return code;
    json_t *changes = json_array();
    bool good = find_changes(line, catalog, &arena, changes, &err);
    code = good ? print_changes(line, changes) : cmdline_fail(line, &err);
    json_decref(changes);
    return code;
}

static const struct cmd_option options[] = {
    {"from", 0, "VERSION", "after this named release, or SERVICE=VERSION; from the beginning when left out", 0},
    {"to", 0, "VERSION", "up to and with this one; to the present files when left out", 0},
    {"service", 's', "SERVICE", "only this service; may be repeated", CMD_REPEAT},
    {"category", 0, "CATEGORY", "only migrations of this category", 0},
    {"format", 0, "FORMAT", "text, markdown or json", 0},
    CMD_OPTIONS_END};

const struct command changelog_command = {
    .name = "changelog",
    .summary = "what lies between two versions",
    .description = "From the files alone; no server is asked. Versions are those of releases.yml (\"greylag release "
                   "create\"), or of one service.",
    .example = "greylag changelog --from 1.0.0 --to 2.0.0 --format markdown",
    .options = {options, cli_fleet_options, cli_json_options},
    .run = changelog_run,
};
