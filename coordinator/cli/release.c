/* `greylag release`: look at releases, and steer them. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

static const char *named(const struct cmdline *line)
{
    return line->argument_count ? line->arguments[0] : "latest";
}

static void add_release_path(struct buf *path, const char *release, const char *rest)
{
    buf_adds(path, "/api/v1/releases/");
    http_add_escaped(path, release);
    buf_adds(path, rest);
}

/* ---- list ---- */

static void print_list(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    const json_t *item;
    if (json_array_size(json_object_get(json, "releases")) == 0)
        buf_adds(out, "There is no release yet: greylag up starts one.\n");
    else
        table_row(&table, 7, "RELEASE", "WHEN", "", "STATE", "STEPS", "BY", "REASON");
    json_array_foreach(json_object_get(json, "releases"), i, item)
        table_row(&table, 7, json_text(item, "id"),
                  cli_when(item, "acceptedAtUs", &arena),
                  json_text(item, "direction"), json_text(item, "state"),
                  arena_printf(&arena, "%lld/%lld", (long long)json_number(item, "done"),
                               (long long)json_number(item, "steps")),
                  json_text(item, "requestedBy"), json_text(item, "reason"));
    table_print(&table, "", out);
}

static int list_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    int64_t limit = 20;
    if (!cmdline_number(line, "limit", 1, 10000, &limit, &err))
        return cmdline_fail(line, &err);
    auto_free char *path = xasprintf("/api/v1/releases?limit=%lld", (long long)limit);
    return cli_get(line, path, print_list);
}

/* ---- show ---- */

/* The last decision that was made by this row. */
static const json_t *decision_of(const json_t *show, const char *row)
{
    const json_t *found = NULL, *item;
    size_t i;
    json_array_foreach(json_object_get(show, "decisions"), i, item)
    {
        if (strcmp(json_text(item, "row"), row) == 0)
            found = item;
    }
    return found;
}

static void add_head(const json_t *show, struct buf *out)
{
    char at[CLOCK_TEXT_SIZE], took[CLOCK_TEXT_SIZE];
    json_int_t accepted = json_number(show, "acceptedAtUs"), ended = json_number(show, "endedAtUs");
    buf_addf(out, "release %s: %s\n", json_text(show, "id"), json_text(show, "state"));
    if (*json_text(show, "reason")) {
        buf_adds(out, "  ");
        text_add_printable(out, json_text(show, "reason"), false);
        buf_addc(out, '\n');
    }
    buf_addf(out, "  %s, asked for by %s at %s", json_text(show, "direction"), json_text(show, "requestedBy"),
             clock_local(accepted, at));
    if (ended > accepted)
        buf_addf(out, ", took %s", clock_duration(ended - accepted, took));
    buf_addf(out, "\n  plan %s\n", json_text(show, "plan"));
    if (*json_text(show, "note")) {
        buf_adds(out, "  note: ");
        text_add_printable(out, json_text(show, "note"), true);
        buf_addc(out, '\n');
    }
}

static void add_left(const json_t *show, struct buf *out)
{
    char at[CLOCK_TEXT_SIZE];
    if (!*json_text(show, "leftBy"))
        return;
    buf_adds(out, "\nLeft as it stands by ");
    text_add_printable(out, json_text(show, "leftBy"), false);
    buf_addf(out, " (%s).\n", clock_local(json_number(show, "leftAtUs"), at));
}

static void add_why(const json_t *show, struct buf *out)
{
    const json_t *decision = decision_of(show, json_text(show, "decidedBy"));
    if (!*json_text(show, "decidedBy"))
        return;
    buf_addf(out, "\nDecided by row \"%s\" of the decision table", json_text(show, "decidedBy"));
    if (!decision) {
        buf_adds(out, ".\n");
        return;
    }
    buf_addf(out, " (number %lld):\n  %s\n", (long long)json_number(decision, "position"), json_text(decision, "why"));
    const char *detail = json_text(decision, "detail");
    if (*detail && !strstr(json_text(show, "reason"), detail)) { /* which the head has said */
        buf_adds(out, "  ");
        text_add_printable(out, detail, false);
        buf_addc(out, '\n');
    }
}

static bool took_effect(const json_t *step)
{
    return strcmp(json_text(step, "state"), "applied") == 0;
}

/* Whether an undo of this step took effect. */
static bool undone(const json_t *steps, const json_t *step)
{
    size_t i;
    const json_t *other;
    json_array_foreach(steps, i, other)
    {
        const json_t *undoes = json_object_get(other, "undoes");
        bool same = json_is_integer(undoes) && json_integer_value(undoes) == json_number(step, "ordinal");
        if (json_number(other, "leg") > 0 && same && took_effect(other))
            return true;
    }
    return false;
}

static const char *standing(const json_t *steps, const json_t *step)
{
    const char *direction = json_text(step, "direction");
    bool down = strcmp(direction, "down") == 0, adopt = strcmp(direction, "adopt") == 0,
         forget = strcmp(direction, "forget") == 0;
    const char *state = json_text(step, "state");
    if (took_effect(step) && undone(steps, step))
        return "undone";
    if (took_effect(step))
        return down ? "undone" : adopt ? "recorded" : forget ? "forgotten" : "applied";
    if (strcmp(state, "already") == 0)
        return down     ? "not in effect before"
               : adopt  ? "recorded before"
               : forget ? "not recorded before"
                        : "in effect before";
    if (strcmp(state, "skipped") == 0 || strcmp(state, "pending") == 0)
        return adopt || forget ? "not recorded" : "not run";
    return state;
}

static void add_steps(const json_t *show, bool all, struct buf *out)
{
    const json_t *steps = json_object_get(show, "steps"), *step;
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i, hidden = 0;
    json_array_foreach(steps, i, step)
    {
        bool interesting = !took_effect(step) || json_number(step, "leg") > 0;
        if (json_number(step, "leg") > 0 && took_effect(step) && !all)
            continue; /* shown at the step that it undid */
        if (!all && !interesting && json_array_size(steps) > 60) {
            hidden++;
            continue;
        }
        table_row(&table, 5, json_number(step, "leg") > 0 ? "undo" : json_text(step, "direction"),
                  cli_place(step, &arena), json_text(step, "migration"), json_text(step, "name"),
                  standing(steps, step));
    }
    buf_adds(out, "\nWhat is where:\n");
    table_print(&table, "  ", out);
    if (hidden)
        buf_addf(out, "  and %zu steps that were applied (--steps shows all)\n", hidden);
}

/* An undo of a step of which it is not known whether it took effect: it was not asked for, and is no problem of its
 * own. */
static bool not_asked_yet(const json_t *steps, const json_t *step)
{
    const json_t *undoes = json_object_get(step, "undoes");
    const json_t *undone = json_is_integer(undoes) ? json_array_get(steps, (size_t)json_integer_value(undoes)) : NULL;
    const char *state = json_text(undone, "state");
    return strcmp(json_text(step, "state"), "unknown") == 0 && json_number(step, "leg") > 0 &&
           (strcmp(state, "unknown") == 0 || strcmp(state, "sent") == 0);
}

static void add_problems(const json_t *show, struct buf *out)
{
    size_t i;
    const json_t *steps = json_object_get(show, "steps"), *step;
    bool any = false;
    json_array_foreach(steps, i, step)
    {
        const char *state = json_text(step, "state");
        if ((strcmp(state, "failed") != 0 && strcmp(state, "unknown") != 0) || not_asked_yet(steps, step))
            continue;
        buf_adds(out, any ? "" : "\nWhat went wrong:\n");
        any = true;
        view_problem(step, NULL, out);
    }
}

/* Of what a decision speaks: its step, or its target; "" of the release as a whole. */
static const char *decision_place(const json_t *show, const json_t *decision, struct arena *arena)
{
    json_int_t number = json_number(decision, "step"), at = json_number(decision, "target");
    const json_t *step = number >= 0 ? json_array_get(json_object_get(show, "steps"), (size_t)number) : NULL;
    const json_t *target = at >= 0 ? json_array_get(json_object_get(show, "targets"), (size_t)at) : NULL;
    if (step)
        return arena_printf(arena, "%s %s", cli_place(step, arena), json_text(step, "migration"));
    return target ? cli_place(target, arena) : "";
}

/* Whether its detail says more than the target's name, which stands beside it. */
static bool says_more(const json_t *show, const json_t *decision)
{
    json_int_t at = json_number(decision, "target");
    const json_t *target = at >= 0 ? json_array_get(json_object_get(show, "targets"), (size_t)at) : NULL;
    const char *detail = json_text(decision, "detail");
    return *detail && !(target && strcmp(detail, json_text(target, "target")) == 0);
}

static void add_decisions(const json_t *show, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(show, "decisions"), i, item)
    {
        const char *before = json_text(item, "before"), *after = json_text(item, "after");
        table_row(&table, 5, cli_when(item, "atUs", &arena), json_text(item, "row"),
                  decision_place(show, item, &arena),
                  strcmp(before, after) == 0 ? after : arena_printf(&arena, "%s -> %s", before, after),
                  says_more(show, item) ? json_text(item, "detail") : json_text(item, "why"));
    }
    buf_adds(out, "\nDecisions:\n");
    table_print(&table, "  ", out);
}

/* The targets of its steps, as a summary has them. */
static json_t *places_of(const json_t *show)
{
    json_t *services = json_array();
    size_t i;
    const json_t *step;
    json_array_foreach(json_object_get(show, "steps"), i, step)
        json_array_append_new(services, json_pack("{s:s, s:[{s:s}]}", "service", json_text(step, "service"), "targets",
                                                  "target", json_text(step, "target")));
    return json_pack("{s:o}", "services", services);
}

static void add_hindrances(const json_t *show, struct buf *out)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    json_t *places = places_of(show);
    json_decref(view_hindrances(show, places, NULL, &text));
    json_decref(places);
    if (text.len)
        buf_addf(out, "\nWhat stands in its way:\n%s", buf_text(&text));
}

static void print_show(const json_t *show, bool all, struct buf *out)
{
    add_head(show, out);
    add_left(show, out);
    add_why(show, out);
    add_hindrances(show, out);
    add_problems(show, out);
    add_steps(show, all, out);
    view_notices(json_object_get(show, "steps"), out);
    add_decisions(show, out);
    view_next(show, true, out);
}

static void print_short(const json_t *show, struct buf *out)
{
    print_show(show, false, out);
}

static void print_all(const json_t *show, struct buf *out)
{
    print_show(show, true, out);
}

static int show_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT, health = HTTP_REPLY_INIT;
    auto_buf struct buf path = BUF_INIT(4096);
    add_release_path(&path, named(line), "");
    bool ok = cli_client(line, &client, &err) && http_call(client, "GET", buf_text(&path), NULL, NULL, &reply, &err);
    /* of one that is under way, what stands in its way as well */
    if (ok && json_is_null(json_object_get(reply.json, "endedAtUs")) &&
        http_call(client, "GET", "/api/v1/health", NULL, NULL, &health, NULL))
        json_object_set(reply.json, "attention", json_object_get(health.json, "attention"));
    http_client_free(client);
    if (!ok)
        return cmdline_fail(line, &err);
    return cli_print_answer(line, reply.json, cmdline_has(line, "steps") ? print_all : print_short);
}

/* ---- watch, and orders ---- */

/* The id behind "latest", and that the release exists. */
static bool resolve(struct http_client *client, const char *release, struct arena *arena, const char **ret_id,
                    struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_buf struct buf path = BUF_INIT(4096);
    if (strcmp(release, "latest") != 0) {
        add_release_path(&path, release, "/events?after=9000000000000000000");
        *ret_id = release;
        return http_call(client, "GET", buf_text(&path), NULL, NULL, &reply, err);
    }
    if (!http_call(client, "GET", "/api/v1/releases?limit=1", NULL, NULL, &reply, err))
        return false;
    const json_t *first = json_array_get(json_object_get(reply.json, "releases"), 0);
    if (!first) {
        err_set(err, ERR_USAGE, "there is no release yet");
        return err_hint(err, "greylag up starts one.");
    }
    *ret_id = arena_strdup(arena, json_text(first, "id"));
    return true;
}

static int watch_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    struct cli_watch watch = {.json = cli_json(line), .wanted = RELEASE_SUCCEEDED};
    bool ok = cmdline_duration_ms(line, "timeout", &watch.timeout_ms, &err) && cli_client(line, &watch.client, &err) &&
              resolve(watch.client, named(line), &arena, &watch.release, &err);
    int code = ok ? cli_watch_release(line, &watch) : cmdline_fail(line, &err);
    http_client_free(watch.client);
    return code;
}

static bool give_order(const struct cmdline *line, const char *order, struct arena *arena, struct cli_watch *watch,
                       struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_buf struct buf path = BUF_INIT(4096);
    if (!resolve(watch->client, named(line), arena, &watch->release, err))
        return false;
    add_release_path(&path, watch->release, "/");
    buf_adds(&path, order);
    if (!http_call(watch->client, "POST", buf_text(&path), NULL, NULL, &reply, err))
        return false;
    watch->order = json_number(reply.json, "order");
    if (cmdline_has(line, "no-wait") && watch->json)
        cli_print_json(reply.json);
    return true;
}

static int order_run(const struct cmdline *line, const char *order, enum release_state wanted)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    struct cli_watch watch = {.json = cli_json(line), .wanted = wanted};
    bool ok = cmdline_duration_ms(line, "timeout", &watch.timeout_ms, &err) && cli_client(line, &watch.client, &err) &&
              give_order(line, order, &arena, &watch, &err);
    int code = EXIT_CODE_DONE;
    if (!ok)
        code = cmdline_fail(line, &err);
    else if (!cmdline_has(line, "no-wait"))
        code = cli_watch_release(line, &watch);
    else if (!watch.json)
        cli_tell("%s of release %s was ordered; greylag release watch %s shows it\n", order, watch.release,
                 watch.release);
    http_client_free(watch.client);
    return code;
}

static int rollback_run(const struct cmdline *line)
{
    return order_run(line, "rollback", RELEASE_ROLLED_BACK);
}

static int retry_run(const struct cmdline *line)
{
    return order_run(line, "retry", RELEASE_SUCCEEDED);
}

static int cancel_run(const struct cmdline *line)
{
    return order_run(line, "cancel", RELEASE_CANCELLED);
}

static int leave_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    auto_buf struct buf path = BUF_INIT(4096);
    struct http_client *client = NULL;
    add_release_path(&path, named(line), "/leave");
    bool ok = cli_client(line, &client, &err) && http_call(client, "POST", buf_text(&path), NULL, NULL, &reply, &err);
    int code = EXIT_CODE_DONE;
    if (!ok)
        code = cmdline_fail(line, &err);
    else if (cli_json(line))
        cli_print_json(reply.json);
    else
        cli_tell("release %s is left as it stands: it is not listed as what needs a person any more\n",
                 json_text(reply.json, "release"));
    http_client_free(client);
    return code;
}

static const struct cmd_option list_options[] = {{"limit", 0, "N", "how many, 20 when left out", 0}, CMD_OPTIONS_END};
static const struct cmd_option show_options[] = {{"steps", 0, NULL, "every step, however many", 0}, CMD_OPTIONS_END};
static const struct cmd_option watch_options[] = {
    {"timeout", 0, "TIME", "wait no longer (30s, 15min); the release goes on", 0}, CMD_OPTIONS_END};
static const struct cmd_option order_options[] = {
    {"timeout", 0, "TIME", "wait no longer (30s, 15min); the release goes on", 0},
    {"no-wait", 0, NULL, "do not wait for the end", 0},
    CMD_OPTIONS_END};

static const struct command list_command = {.name = "list",
                                            .summary = "releases, newest first",
                                            .example = "greylag release list --limit 5",
                                            .options = {list_options, cli_server_options, cli_json_options},
                                            .run = list_run};
static const struct command show_command = {
    .name = "show",
    .summary = "why a release is where it is, what is applied where, and what can be done",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "RELEASE is its id, or \"latest\", which is also meant when it is left out.",
    .example = "greylag release show latest",
    .options = {show_options, cli_server_options, cli_json_options},
    .run = show_run};
static const struct command watch_command = {
    .name = "watch",
    .summary = "follow a release until it ends",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "Exit code 0: it succeeded; 3: it was rolled back; 4: it halted; 1: it was cancelled, or the time "
                   "to wait was over. Stopping to watch never stops the release.",
    .example = "greylag release watch --timeout 30min",
    .options = {watch_options, cli_server_options, cli_json_options},
    .run = watch_run};
static const struct command rollback_command = {
    .name = "rollback",
    .summary = "undo what a running or halted release has applied, in all services",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "First every target with an open job is fenced and asked what it applied; then that is undone, in "
                   "reverse dependency order. Exit code 0: it was rolled back; 4: it halted. For a release that has "
                   "succeeded: greylag down.",
    .example = "greylag release rollback latest",
    .options = {order_options, cli_server_options, cli_json_options},
    .run = rollback_run};
static const struct command retry_command = {
    .name = "retry",
    .summary = "go on with a halted release from where it stands",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "Forward, or on the way back, whichever it was doing. Failed steps are tried again; a target that "
                   "was not heard is asked first. A database that went back in time (a restore, a failover) is taken "
                   "as it is now.\n\n"
                   "Only the newest release can go on. Exit code 0: it succeeded; 3: it was rolled back; 4: it halted "
                   "again.",
    .example = "greylag release retry latest",
    .options = {order_options, cli_server_options, cli_json_options},
    .run = retry_run};
static const struct command cancel_command = {
    .name = "cancel",
    .summary = "stop a release; what took effect all the same is undone",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "As a rollback, but a release of which nothing had taken effect ends as cancelled. Exit code 0: it "
                   "was cancelled; 3: something had taken effect and was undone; 4: it halted.",
    .example = "greylag release cancel latest",
    .options = {order_options, cli_server_options, cli_json_options},
    .run = cancel_run};
static const struct command leave_command = {
    .name = "leave",
    .summary = "say that a release that halted, or left something behind, needs nobody any more",
    .arguments = "[RELEASE]",
    .arguments_max = 1,
    .description = "For one whose targets somebody has put right, or that may stay as they are: health and status do "
                   "not name it any more. Nothing else changes. Exit code 1: it has neither halted nor left anything "
                   "behind.",
    .example = "greylag release leave latest",
    .options = {cli_server_options, cli_json_options},
    .run = leave_run};
static const struct command *const release_commands[] = {
    &release_create_command, &list_command,  &show_command,   &watch_command,
    &rollback_command,       &retry_command, &cancel_command, &leave_command, NULL};

const struct command release_command = {
    .name = "release", .summary = "look at releases, and steer them", .subcommands = release_commands};
