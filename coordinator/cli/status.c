/* `greylag status`, `history`, `health`: what is where. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli_internal.h"

/* ---- status ---- */

static const char *number_or(const json_t *object, const char *name, const char *otherwise, struct arena *arena)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) ? arena_printf(arena, "%lld", (long long)json_integer_value(value)) : otherwise;
}

/* Why it is not known what a target holds: what stands above of it; nothing, while its answer is on its way. */
static const char *why_not_known(const json_t *json, const json_t *target, struct arena *arena)
{
    size_t i;
    const json_t *item;
    json_array_foreach (json_object_get(json, "attention"), i, item)
        if (strcmp(json_text(item, "kind"), attention_text(ATTENTION_LEADERLESS)) == 0 ||
            (strcmp(json_text(item, "service"), json_text(target, "service")) == 0 &&
             strcmp(json_text(item, "target"), json_text(target, "target")) == 0))
            return arena_printf(arena, "what it holds is not known: %s", json_text(item, "kind"));
    return json_number(target, "lastSeenUs") > 0 ? "what it holds is not known yet"
                                                 : "what it holds is not known: no worker has ever reported it";
}

static void status_row(struct table *table, const json_t *json, const json_t *target, struct arena *arena)
{
    char seen[64];
    const json_t *last = json_object_get(target, "last"), *unknown = json_object_get(target, "unknown");
    const char *note = json_text(target, "problem");
    if (json_is_true(json_object_get(target, "forgotten")))
        note = "it was forgotten; start its worker, or take it out of fleet.yml";
    if (!*note && !json_is_true(json_object_get(target, "known")))
        note = why_not_known(json, target, arena);
    if (!*note && json_integer_value(unknown) > 0)
        note = arena_printf(arena, "%lld applied that are not among the files here",
                            (long long)json_integer_value(unknown));
    table_row(table, 7, json_text(target, "service"), json_text(target, "target"),
              number_or(target, "applied", "0", arena), json_text(last, "migration"),
              number_or(target, "pending", "", arena), arena_strdup(arena, cli_ago(target, "lastSeenUs", seen)), note);
}

static void print_status(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    const json_t *target;
    if (view_attention(json, out))
        buf_addc(out, '\n');
    buf_addf(out, "fleet %s, environment %s\n", json_text(json, "fleet"), json_text(json, "environment"));
    if (json_is_string(json_object_get(json, "open")))
        buf_addf(out, "release %s is under way: greylag release watch %s\n", json_text(json, "open"),
                 json_text(json, "open"));
    buf_addc(out, '\n');
    if (json_array_size(json_object_get(json, "targets")) == 0) {
        buf_adds(out, "No target is known yet. Workers report theirs: greylag workers list.\n");
        return;
    }
    table_row(&table, 7, "SERVICE", "TARGET", "APPLIED", "LAST", "PENDING", "SEEN", "");
    json_array_foreach(json_object_get(json, "targets"), i, target)
        status_row(&table, json, target, &arena);
    table_print(&table, "", out);
}

/* With the files at hand the coordinator can say what is pending. */
static bool fetch_status(const struct cmdline *line, struct http_client *client, struct http_reply *reply,
                         struct err *err)
{
    auto_free char *path = NULL;
    auto_catalog struct catalog *catalog = NULL;
    bool category = cmdline_has(line, "category");
    bool with_files = cmdline_has(line, "fleet") || category || cli_fleet_path(line, &path, NULL);
    if (!with_files)
        return http_call(client, "GET", "/api/v1/status", NULL, NULL, reply, err);
    if (!cli_catalog(line, &catalog, err))
        return false;
    if (catalog->error_count)
        cli_note("note: what is pending is not known: the files have errors (greylag validate)\n");
    json_t *body = catalog->error_count ? NULL
                                        : json_pack("{s:o, s:s*}", "fleet", cli_fleet_json(&catalog->fleet), "category",
                                                    cmdline_value(line, "category"));
    bool ok = body ? http_call(client, "POST", "/api/v1/status", body, NULL, reply, err)
                   : http_call(client, "GET", "/api/v1/status", NULL, NULL, reply, err);
    json_decref(body);
    return ok;
}

static void print_applied(const json_t *json, struct buf *out)
{
    struct table table = {.columns = 0};
    const char *name;
    json_t *list, *row;
    size_t i;
    table_row(&table, 3, "TARGET", "MIGRATION", "RELEASE");
    json_object_foreach(json_object_get(json, "targets"), name, list)
    {
        json_array_foreach(list, i, row)
            table_row(&table, 3, name, json_text(row, "migration"), json_text(row, "release"));
    }
    table_print(&table, "", out);
}

static int status_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    if (cmdline_has(line, "applied"))
        return cli_get(line, "/api/v1/applied", print_applied);
    bool ok = cli_client(line, &client, &err) && fetch_status(line, client, &reply, &err);
    http_client_free(client);
    return ok ? cli_print_answer(line, reply.json, print_status) : cmdline_fail(line, &err);
}

static const struct cmd_option status_options[] = {
    {"category", 0, "CATEGORY", "count only what is of this category (needs the files)", 0},
    {"applied", 0, NULL, "every migration that is applied, in order (with --json: for plan --state)", 0},
    CMD_OPTIONS_END};

const struct command status_command = {
    .name = "status",
    .summary = "what every target holds, and what is pending",
    .description = "What workers reported last. With a fleet.yml at hand it also says how much is pending.",
    .example = "greylag status --json",
    .options = {status_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = status_run,
};

/* ---- history ---- */

static bool has_categories(const json_t *history)
{
    size_t i;
    const json_t *row;
    json_array_foreach(history, i, row)
    {
        if (*json_text(row, "category"))
            return true;
    }
    return false;
}

/* Why it failed, or the first of what the server said. */
static const char *said_of(const json_t *row, struct arena *arena)
{
    const char *message = json_text(row, "message"), *notices = json_text(json_object_get(row, "said"), "notices");
    if (*message)
        return arena_printf(arena, "%s %s", json_text(row, "sqlstate"), message);
    return arena_strndup(arena, notices, strcspn(notices, "\n"));
}

/* `none`: what is said of an empty list. */
static void add_history(const json_t *json, const char *none, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    char took[CLOCK_TEXT_SIZE];
    size_t i;
    const json_t *row;
    if (json_array_size(json_object_get(json, "history")) == 0) {
        buf_adds(out, none);
        return;
    }
    bool categories = has_categories(json_object_get(json, "history"));
    table_row(&table, 9, "WHEN", "SERVICE", "TARGET", "MIGRATION", "", "OUTCOME", "TOOK", categories ? "CATEGORY" : "",
              "");
    json_array_foreach(json_object_get(json, "history"), i, row)
    {
        json_int_t started = json_number(row, "startedAtUs"), finished = json_number(row, "finishedAtUs");
        table_row(&table, 9, cli_when(row, "finishedAtUs", &arena), json_text(row, "service"),
                  json_text(row, "target"), json_text(row, "migration"), json_text(row, "direction"),
                  json_text(row, "kind"), arena_strdup(&arena, clock_duration(finished - started, took)),
                  json_text(row, "category"), said_of(row, &arena));
    }
    table_print(&table, "", out);
}

static void print_history(const json_t *json, struct buf *out)
{
    add_history(json, "Nothing has run yet.\n", out);
}

static void print_chosen(const json_t *json, struct buf *out)
{
    add_history(json, "Nothing of that has run.\n", out);
}

static int history_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    const char *service = cmdline_value(line, "service"), *target = cmdline_value(line, "on");
    const char *category = cmdline_value(line, "category");
    int64_t limit = 50;
    if (!cmdline_number(line, "limit", 1, 10000, &limit, &err))
        return cmdline_fail(line, &err);
    auto_buf struct buf path = BUF_INIT(4096);
    buf_addf(&path, "/api/v1/history?limit=%lld&service=", (long long)limit);
    http_add_escaped(&path, service ? service : "");
    buf_adds(&path, "&target=");
    http_add_escaped(&path, target ? target : "");
    buf_adds(&path, "&category=");
    http_add_escaped(&path, category ? category : "");
    return cli_get(line, buf_text(&path), service || target || category ? print_chosen : print_history);
}

static const struct cmd_option history_options[] = {
    {"service", 's', "SERVICE", "only of this service", 0},
    {"on", 0, "TARGET", "only of this database", 0},
    {"category", 0, "CATEGORY", "only of migrations of this category", 0},
    {"limit", 0, "N", "how many, 50 when left out", 0},
    CMD_OPTIONS_END};

const struct command history_command = {
    .name = "history",
    .summary = "what ran where, when, and with which result; newest first",
    .example = "greylag history --service user --limit 10",
    .options = {history_options, cli_server_options, cli_json_options},
    .run = history_run,
};

/* ---- health ---- */

static bool leader_valid(const json_t *json)
{
    return json_is_true(json_object_get(json_object_get(json, "leader"), "valid"));
}

static void print_health(const json_t *json, struct buf *out)
{
    const json_t *leader = json_object_get(json, "leader");
    buf_addf(out, "fleet %s, environment %s\n", json_text(json, "fleet"), json_text(json, "environment"));
    if (leader_valid(json))
        buf_addf(out, "leader            %s, epoch %lld\n", json_text(leader, "holder"),
                 (long long)json_number(leader, "epoch"));
    else
        buf_adds(out, "leader            none: no coordinator leads\n");
    buf_addf(out, "targets reporting %lld of %lld\n", (long long)json_number(json, "reporting"),
             (long long)json_number(json, "targets"));
    buf_addf(out, "messages waiting  %lld\n", (long long)json_number(json, "outbox"));
    buf_addf(out, "release open      %s\n",
             json_is_string(json_object_get(json, "open")) ? json_text(json, "open") : "none");
    buf_addc(out, '\n');
    if (!view_attention(json, out))
        buf_adds(out, "All is well.\n");
}

static int health_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool ok = cli_client(line, &client, &err) && http_call(client, "GET", "/api/v1/health", NULL, NULL, &reply, &err);
    http_client_free(client);
    if (!ok)
        return cmdline_fail(line, &err);
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (cli_json(line))
        cli_print_json(reply.json);
    else
        print_health(reply.json, &out);
    cli_print_text(&out);
    return json_array_size(json_object_get(reply.json, "attention")) == 0 ? EXIT_CODE_DONE : EXIT_CODE_FAILED;
}

const struct command health_command = {
    .name = "health",
    .summary = "whether a coordinator leads, all targets report, and nothing needs a person",
    .description = "Exit code 1 when something needs a person: nobody leads, a release has halted, a target is silent, "
                   "cannot be worked on, or was never seen; also when no coordinator can be asked: then nothing stands "
                   "on standard output, with --json neither. `greylag status` begins with the same list.",
    .example = "greylag health",
    .options = {cli_server_options, cli_json_options},
    .run = health_run,
};
