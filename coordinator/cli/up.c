/* `greylag up` and `greylag down`: a release, from the files here to its end. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "proc/signals.h"

#define PATIENCE_MS 15000

struct order {
    const struct cmdline *line;
    struct cli_submission submission;
    int64_t timeout_ms;
    bool dry_run, wait, json;
};

/* ---- what is said ---- */

static int dry_run(const struct order *order)
{
    struct err err = ERR_INIT;
    json_t *answer = NULL;
    int code;
    if (!cli_preview(&order->submission, &answer, &err)) {
        code = cli_say_refused(order->line, answer, &err);
        json_decref(answer);
        return code;
    }
    const json_t *plan = json_object_get(answer, "plan");
    code = cli_error_count(json_object_get(plan, "findings")) ? EXIT_CODE_INVALID : EXIT_CODE_DONE;
    if (order->json) {
        cli_print_json(answer);
    } else {
        auto_buf struct buf out = BUF_INIT(BUF_MAX);
        cli_plan_text(plan, &out);
        buf_adds(&out, "\nNothing was started (--dry-run).\n");
        cli_print_text(&out);
    }
    json_decref(answer);
    return code;
}

static int say_nothing(const struct order *order, const json_t *answer)
{
    if (order->json) {
        cli_print_json(answer);
        return EXIT_CODE_DONE;
    }
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    cli_plan_findings(json_object_get(answer, "findings"), &out);
    buf_adds(&out, order->submission.options->direction == DIRECTION_UP ? "Nothing is pending.\n"
                                                                         : "There is nothing to undo.\n");
    cli_print_text(&out);
    return EXIT_CODE_DONE;
}

static void say_accepted(const json_t *answer)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    json_int_t steps = json_number(answer, "steps"), irreversible = json_number(answer, "irreversible");
    cli_plan_findings(json_object_get(answer, "findings"), &out);
    cmdline_say(&out);
    buf_clear(&out);
    buf_addf(&out, "release %s accepted: %lld step%s", json_text(answer, "release"), (long long)steps,
             steps == 1 ? "" : "s");
    if (irreversible)
        buf_addf(&out, ", %lld without a way back", (long long)irreversible);
    buf_addc(&out, '\n');
    cli_print_text(&out);
    fflush(stdout);
}

/* ---- the way ---- */

static int run_release(const struct order *order, const json_t *answer)
{
    const char *release = json_text(answer, "release");
    if (!*release)
        return say_nothing(order, answer);
    if (!order->wait && order->json)
        cli_print_json(answer);
    if (!order->json)
        say_accepted(answer);
    if (!order->wait)
        return EXIT_CODE_DONE;
    struct cli_watch watch = {.client = order->submission.client,
                              .release = release,
                              .fleet = &order->submission.catalog->fleet,
                              .timeout_ms = order->timeout_ms,
                              .json = order->json,
                              .wanted = RELEASE_SUCCEEDED};
    return cli_watch_release(order->line, &watch);
}

static int run_order(const struct order *order)
{
    struct err err = ERR_INIT;
    json_t *answer = NULL;
    int code;
    if (order->dry_run)
        return dry_run(order);
    if (!signals_catch(&err))
        return cmdline_fail(order->line, &err);
    if (cli_submit(&order->submission, &answer, &err))
        code = run_release(order, answer);
    else
        code = cli_say_refused(order->line, answer, &err);
    json_decref(answer);
    return code;
}

static bool read_order(const struct cmdline *line, bool down, struct order *ret, struct err *err)
{
    *ret = (struct order){.line = line,
                          .dry_run = cmdline_has(line, "dry-run"),
                          .wait = !cmdline_has(line, "no-wait"),
                          .json = cli_json(line),
                          .submission = {.accept_irreversible = !down && cmdline_has(line, "accept-irreversible"),
                                         .reason = cmdline_value(line, "reason"),
                                         .quiet = cli_json(line),
                                         .patience_ms = PATIENCE_MS}};
    return cmdline_duration_ms(line, "timeout", &ret->timeout_ms, err);
}

static bool down_options(const struct cmdline *line, const struct catalog *catalog, struct http_client *client,
                         struct arena *arena, struct plan_options *options, struct err *err);
static int say_no_release(const struct order *order);

static int run_with(const struct cmdline *line, const struct catalog *catalog, enum direction direction)
{
    struct err err = ERR_INIT;
    struct order order;
    auto_arena struct arena arena = ARENA_INIT;
    struct plan_options options;
    struct http_client *client = NULL;
    bool ok = read_order(line, direction == DIRECTION_DOWN, &order, &err) &&
              cli_select(line, catalog, direction, &arena, &options, &err) && cli_client(line, &client, &err) &&
              (direction == DIRECTION_UP || down_options(line, catalog, client, &arena, &options, &err));
    order.submission.client = client;
    order.submission.catalog = catalog;
    order.submission.options = &options;
    bool nothing = ok && direction == DIRECTION_DOWN && !options.release && !options.back_to && !options.steps &&
                   !options.all && !options.limit_count;
    int code = !ok ? cmdline_fail(line, &err) : nothing ? say_no_release(&order) : run_order(&order);
    http_client_free(client);
    return code;
}

static int run_direction(const struct cmdline *line, enum direction direction)
{
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? run_with(line, catalog, direction) : code;
}

int cli_up(const struct cmdline *line, struct http_client *client, const char *path, const char *environment,
           bool accept_irreversible, bool json)
{
    struct err err = ERR_INIT;
    auto_catalog struct catalog *catalog = NULL;
    if (!catalog_load(path, environment, cli_getenv, NULL, &catalog, &err))
        return cmdline_fail(line, &err);
    struct plan_options options = {.direction = DIRECTION_UP};
    struct order order = {.line = line,
                          .wait = true,
                          .json = json,
                          .submission = {.client = client,
                                         .catalog = catalog,
                                         .options = &options,
                                         .accept_irreversible = accept_irreversible,
                                         .quiet = true,
                                         .patience_ms = 4 * PATIENCE_MS}};
    int code = cli_refuse_catalog(line, catalog);
    return code == EXIT_CODE_DONE ? run_order(&order) : code;
}

static int up_run(const struct cmdline *line)
{
    return run_direction(line, DIRECTION_UP);
}

static const struct cmd_option release_options[] = {
    {"dry-run", 'n', NULL, "show the plan, start nothing", 0},
    {"reason", 0, "TEXT", "why, for whoever reads the history", 0},
    {"timeout", 0, "TIME", "wait no longer (30s, 15min); the release goes on", 0},
    {"no-wait", 0, NULL, "do not wait for the end", 0},
    CMD_OPTIONS_END};

static const struct cmd_option up_only[] = {
    {"accept-irreversible", 0, NULL, "go on although some steps have no way back", 0}, CMD_OPTIONS_END};

const struct command up_command = {
    .name = "up",
    .summary = "apply what is pending, over the whole fleet, in order",
    .description = "Reads the migrations here, sends the coordinator those it lacks, and watches the release until it "
                   "ends. When a step fails for good, everything that this release did is undone, in all services.\n\n"
                   "Exit code 0: done, or nothing was pending; 3: failed and rolled back; 4: halted, needs a person; "
                   "6: refused before anything started, with --dry-run, too.",
    .example = "greylag up --service user --target user=20240102",
    .options = {release_options, up_only, cli_select_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = up_run,
};

/* ---- down ---- */

/* Whether anything that the release applied is still in effect somewhere. */
static bool still_applied(const json_t *applied, const char *release)
{
    const char *name;
    json_t *list, *row;
    size_t i;
    json_object_foreach(json_object_get(applied, "targets"), name, list)
    {
        json_array_foreach(list, i, row)
        {
            if (strcmp(json_text(row, "release"), release) == 0)
                return true;
        }
    }
    return false;
}

/* The newest release of which something is in effect; NULL when there is none. */
static bool last_release(struct http_client *client, struct arena *arena, const char **ret_release, struct err *err)
{
    auto_http_reply struct http_reply releases = HTTP_REPLY_INIT, applied = HTTP_REPLY_INIT;
    size_t i;
    const json_t *item;
    if (!http_call(client, "GET", "/api/v1/releases?limit=10000", NULL, NULL, &releases, err) ||
        !http_call(client, "GET", "/api/v1/applied", NULL, NULL, &applied, err))
        return false;
    json_array_foreach(json_object_get(releases.json, "releases"), i, item)
    {
        /* what was only recorded is not taken back by the way */
        bool ran = strcmp(json_text(item, "direction"), "adopt") != 0;
        if (ran && still_applied(applied.json, json_text(item, "id"))) {
            *ret_release = arena_strdup(arena, json_text(item, "id"));
            return true;
        }
    }
    *ret_release = NULL;
    return true;
}

/* As where nothing is pending: done. */
static int say_no_release(const struct order *order)
{
    if (order->json) {
        json_t *answer = json_pack("{s:s, s:i}", "release", "", "steps", 0);
        cli_print_json(answer);
        json_decref(answer);
    } else {
        cli_tell("There is nothing to undo: nothing that a release ran is in effect.\n  --all undoes what was "
                 "recorded, too; --service S --steps N the last steps of one service.\n");
    }
    return EXIT_CODE_DONE;
}

/* --to SERVICE=VERSION, or VERSION of the one service. */
static bool down_to_versions(const struct cmdline *line, const struct catalog *catalog, struct arena *arena,
                             struct plan_options *options, struct err *err)
{
    const char *const *texts;
    size_t count = cmdline_values(line, "to", &texts);
    struct plan_limit *limits = arena_array(arena, count + 1, sizeof *limits);
    for (size_t i = 0; i < count; i++) {
        limits[i] = cli_limit(catalog, texts[i], arena);
        if (!limits[i].service && options->service_count != 1 && count > 1) {
            err_set(err, ERR_USAGE, "--to %s: only versions of services may be repeated (--to SERVICE=VERSION)",
                    texts[i]);
            return err_hint(err, "Of releases and tags name one.");
        }
        if (!limits[i].service && options->service_count != 1) {
            err_set(err, ERR_USAGE, "--to %s: no release has that id or tag; as a version, of which service?",
                    texts[i]);
            return err_hint(err, "Write --to SERVICE=%s, or choose one with --service. `greylag release list` shows "
                                 "releases.", texts[i]);
        }
        if (!limits[i].service)
            limits[i].service = options->services[0];
        if (!cli_resolve_tag(catalog, "to", &limits[i], err))
            return false;
    }
    options->limits = limits;
    options->limit_count = count;
    return true;
}

static bool looks_like_release(const char *text)
{
    return strlen(text) == ID_SIZE - 1 && strspn(text, "0123456789abcdefghjkmnpqrstvwxyz") == ID_SIZE - 1;
}

/* A service that a named release does not name may be younger than it: that it is not taken back is said. */
static void note_unnamed(const struct catalog *catalog, const struct named_release *named,
                         const struct plan_options *options)
{
    for (size_t i = 0; options->service_count == 0 && i < catalog->fleet.service_count; i++) {
        const char *service = catalog->fleet.services[i].name;
        size_t k = 0;
        while (k < named->service_count && strcmp(named->services[k].service, service) != 0)
            k++;
        if (k == named->service_count && catalog->fleet.services[i].migration_count)
            cli_note("note: release %s does not name service %s, which stays as it is (down --all --service %s)\n",
                     named->version, service, service);
    }
}

/* What stands in --to: a release (or its tag) to whose end the fleet goes back, or versions of services. */
static bool down_to(const struct cmdline *line, const struct catalog *catalog, struct http_client *client,
                    struct arena *arena, struct plan_options *options, struct err *err)
{
    const char *const *texts;
    bool one = cmdline_values(line, "to", &texts) == 1, letter = isalpha((unsigned char)texts[0][0]);
    const struct named_release *named = NULL;
    if (one && !strchr(texts[0], '=') && !cli_named(line, texts[0], arena, &named, err))
        return false;
    if (named) {
        note_unnamed(catalog, named, options);
        cli_named_limits(named, arena, options);
        return true;
    }
    if (one && looks_like_release(texts[0]))
        options->back_to = texts[0];
    else if (one && letter && !strchr(texts[0], '=') && !cli_tag_find(client, texts[0], arena, &options->back_to, err))
        return false;
    return options->back_to || down_to_versions(line, catalog, arena, options, err);
}

static bool down_options(const struct cmdline *line, const struct catalog *catalog, struct http_client *client,
                         struct arena *arena, struct plan_options *options, struct err *err)
{
    bool steps = cmdline_has(line, "steps"), to = cmdline_has(line, "to"), all = cmdline_has(line, "all");
    const char *release = cmdline_value(line, "release");
    if (steps + to + all + (release != NULL) > 1)
        return err_set(err, ERR_USAGE, "--steps, --to, --release and --all exclude each other");
    if (steps && options->service_count != 1) {
        err_set(err, ERR_USAGE, "--steps needs one --service");
        return err_hint(err, "greylag down --service SERVICE --steps N");
    }
    options->stop_at_irreversible = cmdline_has(line, "stop-at-irreversible");
    options->all = all;
    if (steps)
        return cmdline_number(line, "steps", 1, 1000000, &options->steps, err);
    if (to)
        return down_to(line, catalog, client, arena, options, err);
    options->release = release;
    return all || release || last_release(client, arena, &options->release, err);
}

static int down_run(const struct cmdline *line)
{
    return run_direction(line, DIRECTION_DOWN);
}

static const struct cmd_option down_only[] = {
    {"service", 's', "SERVICE", "only this service; may be repeated", CMD_REPEAT},
    {"on", 0, "TARGET", "only this database; may be repeated", CMD_REPEAT},
    {"steps", 0, "N", "the last N steps of one service, on each of its targets", 0},
    {"to", 0, "RELEASE|TAG|[SERVICE=]VERSION",
     "back to what was in effect at the end of this release, to a tag, to a release that releases.yml names, or to "
     "this version of a service (or @TAG of Sqitch's plan); what is named stays; versions may be repeated",
     CMD_REPEAT},
    {"release", 0, "RELEASE", "what this release applied", 0},
    {"all", 0, NULL, "everything that is applied", 0},
    {"stop-at-irreversible", 0, NULL, "go back only as far as there is a way back", 0},
    CMD_OPTIONS_END};

const struct command down_command = {
    .name = "down",
    .summary = "undo the last release, or as far back as asked for",
    .description = "Undoes in reverse dependency order, across services. Without --steps, --to, --release or --all it "
                   "undoes the last release. A step without a way back is refused before anything starts, unless "
                   "--stop-at-irreversible asks to go back only as far as possible.",
    .example = "greylag down --service lemmy --steps 5",
    .options = {down_only, release_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = down_run,
};
