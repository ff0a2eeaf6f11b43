/* What to plan, from the command line; and its forms as JSON. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"

const struct cmd_option cli_select_options[] = {
    {"service", 's', "SERVICE", "only this service; may be repeated", CMD_REPEAT},
    {"target", 't', "[SERVICE=]VERSION", "only up to this version, or @TAG of Sqitch's plan; may be repeated",
     CMD_REPEAT},
    {"release", 0, "VERSION", "only up to what this named release holds (\"greylag release create\")", 0},
    {"on", 0, "TARGET", "only this database; may be repeated", CMD_REPEAT},
    {"out-of-order", 0, NULL, "allow a pending migration that is older than an applied one", 0},
    CMD_OPTIONS_END};

size_t cli_services(const struct cmdline *line, const struct catalog *catalog, struct arena *arena,
                    const char *const **ret_services)
{
    const char *const *names;
    size_t count = cmdline_values(line, "service", &names);
    const char **services = arena_array(arena, count + 1, sizeof *services);
    for (size_t i = 0; i < count; i++)
        services[i] = catalog_service_name(catalog, names[i]);
    *ret_services = services;
    return count;
}

struct plan_limit cli_limit(const struct catalog *catalog, const char *text, struct arena *arena)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return (struct plan_limit){.service = NULL, .version = text};
    const char *service = arena_strndup(arena, text, (size_t)(equals - text));
    return (struct plan_limit){.service = catalog_service_name(catalog, service), .version = equals + 1};
}

bool cli_resolve_tag(const struct catalog *catalog, const char *option, struct plan_limit *limit, struct err *err)
{
    if (*limit->version != '@')
        return true;
    const char *migration = catalog_tagged(catalog, limit->service, limit->version + 1);
    if (!migration)
        return err_set(err, ERR_INPUT, "--%s: the files of service %s know no tag %s", option, limit->service,
                       limit->version);
    limit->version = migration;
    return true;
}

static bool add_limits(const struct cmdline *line, const struct catalog *catalog, const char *option,
                       struct arena *arena, struct plan_options *ret, struct err *err)
{
    const char *const *texts;
    size_t count = cmdline_values(line, option, &texts);
    struct plan_limit *limits = arena_array(arena, count + 1, sizeof *limits);
    for (size_t i = 0; i < count; i++) {
        limits[i] = cli_limit(catalog, texts[i], arena);
        if (!*limits[i].version)
            return err_set(err, ERR_USAGE, "--%s: \"%s\" names no version", option, texts[i]);
        if (!limits[i].service && ret->service_count != 1) {
            err_set(err, ERR_USAGE, "--%s %s: of which service?", option, texts[i]);
            return err_hint(err, "Write --%s SERVICE=%s, or choose one with --service.", option, texts[i]);
        }
        if (!limits[i].service)
            limits[i].service = ret->services[0];
        if (!cli_resolve_tag(catalog, option, &limits[i], err))
            return false;
    }
    ret->limits = limits;
    ret->limit_count = count;
    return true;
}

static bool add_release(const struct cmdline *line, struct arena *arena, struct plan_options *ret, struct err *err)
{
    const struct named_release *release;
    const char *version = cmdline_value(line, "release");
    if (cmdline_has(line, "target"))
        return err_set(err, ERR_USAGE, "--release and --target exclude each other");
    if (!cli_named(line, version, arena, &release, err))
        return false;
    if (!release) {
        err_set(err, ERR_INPUT, "releases.yml names no release %s", version);
        return err_hint(err, "make it: greylag release create %s NAME", version);
    }
    cli_named_limits(release, arena, ret);
    return true;
}

bool cli_select(const struct cmdline *line, const struct catalog *catalog, enum direction direction,
                struct arena *arena, struct plan_options *ret, struct err *err)
{
    *ret = (struct plan_options){.direction = direction, .out_of_order = cmdline_has(line, "out-of-order")};
    ret->service_count = cli_services(line, catalog, arena, &ret->services);
    ret->target_count = cmdline_values(line, "on", &ret->targets);
    if (direction == DIRECTION_DOWN)
        return true; /* whose --release and --to say something else */
    return cmdline_has(line, "release") ? add_release(line, arena, ret, err)
                                        : add_limits(line, catalog, "target", arena, ret, err);
}

static json_t *texts_json(const char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    return list;
}

json_t *cli_options_json(const struct plan_options *options)
{
    json_t *limits = json_array();
    for (size_t i = 0; i < options->limit_count; i++)
        json_array_append_new(limits, json_pack("{s:s?, s:s}", "service", options->limits[i].service, "version",
                                                options->limits[i].version));
    const char *adoption = options->adoption ? adoption_text(options->adoption) : NULL;
    return json_pack(
        "{s:s, s:s*, s:o, s:o, s:o, s:b, s:s?, s:s*, s:I, s:b, s:b}", "direction", direction_text(options->direction),
        "adoption", adoption, "services", texts_json(options->services, options->service_count), "targets",
        texts_json(options->targets, options->target_count), "limits", limits, "outOfOrder", options->out_of_order,
        "release", options->release, "backTo", options->back_to, "steps", (json_int_t)options->steps, "all",
        options->all, "stopAtIrreversible", options->stop_at_irreversible);
}

json_t *cli_fleet_json(const struct fleet *fleet)
{
    auto_free char *text = fleet_encode(fleet);
    return json_loads(text, 0, NULL);
}

static void read_texts(const json_t *list, struct arena *arena, struct applied *ret)
{
    size_t i;
    const json_t *item;
    struct applied_text *texts = arena_array(arena, json_array_size(list) + 1, sizeof *texts);
    json_array_foreach(list, i, item)
        texts[i] = (struct applied_text){.checksum = arena_strdup(arena, json_text(item, "checksum")),
                                         .request = arena_strdup(arena, json_text(item, "request")),
                                         .release = arena_strdup(arena, json_text(item, "release")),
                                         .kept = json_is_true(json_object_get(item, "kept"))};
    ret->texts = texts;
    ret->text_count = json_array_size(list);
}

static bool read_applied(const json_t *list, struct arena *arena, struct target_contents *ret, struct err *err)
{
    size_t i;
    const json_t *row;
    struct applied *applied = arena_array(arena, json_array_size(list) + 1, sizeof *applied);
    json_array_foreach(list, i, row)
    {
        applied[i] = (struct applied){.migration = arena_strdup(arena, json_text(row, "migration")),
                                      .checksum = arena_strdup(arena, json_text(row, "checksum")),
                                      .request = arena_strdup(arena, json_text(row, "request")),
                                      .release = arena_strdup(arena, json_text(row, "release"))};
        read_texts(json_object_get(row, "texts"), arena, &applied[i]);
        if (!*applied[i].migration || !*applied[i].checksum)
            return err_set(err, ERR_INPUT, "%s/%s: number %zu has no migration or checksum", ret->service, ret->target,
                           i + 1);
    }
    ret->applied = applied;
    ret->applied_count = json_array_size(list);
    return true;
}

static bool read_histories(const json_t *list, struct arena *arena, struct target_contents *ret, struct err *err)
{
    size_t i, r;
    const json_t *item, *row;
    struct foreign_history *histories = arena_array(arena, json_array_size(list) + 1, sizeof *histories);
    json_array_foreach(list, i, item)
    {
        const json_t *rows = json_object_get(item, "rows");
        struct foreign_row *read = arena_array(arena, json_array_size(rows) + 1, sizeof *read);
        bool good = history_tool_parse(json_text(item, "tool"), &histories[i].tool);
        json_array_foreach(rows, r, row)
        {
            good = good && foreign_state_parse(json_text(row, "state"), &read[r].state);
            read[r].version = arena_strdup(arena, json_text(row, "version"));
            read[r].name = arena_strdup(arena, json_text(row, "name"));
            read[r].script = arena_strdup(arena, json_text(row, "script"));
            read[r].checksum = arena_strdup(arena, json_text(row, "checksum"));
        }
        if (!good)
            return err_set(err, ERR_INPUT, "%s/%s: its record number %zu is none of a tool that is known", ret->service,
                           ret->target, i + 1);
        histories[i].table = arena_strdup(arena, json_text(item, "table"));
        histories[i].rows = read;
        histories[i].row_count = json_array_size(rows);
    }
    ret->foreign = histories;
    ret->foreign_count = json_array_size(list);
    return true;
}

/* "service/target" -> the entry of that target, added when it is new; NULL: not of that form. */
static struct target_contents *contents_of(struct target_contents *contents, size_t *count, const char *name,
                                           struct arena *arena)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return NULL;
    for (size_t i = 0; i < *count; i++)
        if (strcmp(contents[i].target, slash + 1) == 0 && strlen(contents[i].service) == (size_t)(slash - name) &&
            strncmp(contents[i].service, name, (size_t)(slash - name)) == 0)
            return &contents[i];
    contents[*count] = (struct target_contents){.service = arena_strndup(arena, name, (size_t)(slash - name)),
                                                .target = arena_strdup(arena, slash + 1)};
    return &contents[(*count)++];
}

bool cli_contents(const json_t *json, struct arena *arena, struct target_contents **ret_contents, size_t *ret_count,
                  struct err *err)
{
    json_t *targets = json_object_get(json, "targets"), *foreign = json_object_get(json, "foreign"), *list;
    const char *name;
    size_t count = 0;
    if (!json_is_object(targets)) {
        err_set(err, ERR_INPUT, "this is not a state of a fleet");
        return err_hint(err, "\"greylag status --applied --json\" prints one.");
    }
    struct target_contents *contents =
        arena_array(arena, json_object_size(targets) + json_object_size(foreign) + 1, sizeof *contents), *of;
    json_object_foreach(targets, name, list)
    {
        of = contents_of(contents, &count, name, arena);
        if (!of || !json_is_array(list))
            return err_set(err, ERR_INPUT, "\"%s\" is not service/target with a list", name);
        if (!read_applied(list, arena, of, err))
            return false;
    }
    json_object_foreach(foreign, name, list)
    {
        of = contents_of(contents, &count, name, arena);
        if (!of || !json_is_array(list))
            return err_set(err, ERR_INPUT, "\"%s\" is not service/target with a list", name);
        if (!read_histories(list, arena, of, err))
            return false;
    }
    *ret_contents = contents;
    *ret_count = count;
    return true;
}

bool cli_find_contents(const struct cmdline *line, bool online, struct arena *arena,
                       struct target_contents **ret_contents, size_t *ret_count, struct err *err)
{
    const char *state = cmdline_value(line, "state");
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    bool ok = true;
    if (state) {
        ok = buf_read_file(&text, state, err);
        reply.json = ok ? json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    } else if (online) {
        ok = cli_client(line, &client, err) && http_call(client, "GET", "/api/v1/applied", NULL, NULL, &reply, err);
        http_client_free(client);
    } else {
        return true;
    }
    ok = ok && cli_contents(reply.json, arena, ret_contents, ret_count, err);
    return ok || (state && err_prefix(err, "%s", state));
}
