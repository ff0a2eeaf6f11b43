/* `greylag workers`, `targets`: who reports what, whose word counts, and what is gone. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"
#include "crypto/key.h"

/* ---- workers ---- */

static const char *joined(const json_t *list, struct arena *arena)
{
    struct buf out = BUF_INIT(65536);
    size_t i;
    const json_t *item;
    json_array_foreach (list, i, item) {
        buf_addf(&out, "%s%s", i ? " " : "", json_string_value(item));
    }
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

static const char *worker_targets(const json_t *worker, struct arena *arena)
{
    struct buf out = BUF_INIT(65536);
    size_t i;
    const json_t *target;
    json_array_foreach (json_object_get(worker, "targets"), i, target) {
        const char *problem = json_text(target, "problem");
        buf_addf(&out, "%s%s/%s", i ? " " : "", json_text(target, "service"), json_text(target, "target"));
        if (*problem)
            buf_addf(&out, " (%s)", problem);
    }
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

/* Those that serve a target, or were heard of a moment ago: a worker has a new name at every start, and those of
 * earlier starts say nothing about today. */
static bool lives(const json_t *worker)
{
    return strcmp(json_text(worker, "state"), "reports") == 0 ||
           json_array_size(json_object_get(worker, "targets")) > 0;
}

static void add_workers(const json_t *json, bool all, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    char seen[64];
    size_t i, hidden = 0;
    const json_t *item;
    table_row(&table, 6, "WORKER", "STATE", "HOST", "VERSION", "SEEN", "TARGETS");
    json_array_foreach (json_object_get(json, "workers"), i, item) {
        if (!all && !lives(item)) {
            hidden++;
            continue;
        }
        table_row(&table, 6, json_text(item, "worker"), json_text(item, "state"), json_text(item, "host"),
                  json_text(item, "version"), arena_strdup(&arena, cli_ago(item, "lastSeenUs", seen)),
                  worker_targets(item, &arena));
    }
    table_print(&table, "", out);
    if (hidden)
        buf_addf(out, "and %zu that %s gone (--all shows them)\n", hidden, hidden == 1 ? "is" : "are");
}

static void add_keys(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    const json_t *item;
    table_row(&table, 5, "KEY", "NAME", "TARGETS", "SEEN", "");
    json_array_foreach (json_object_get(json, "keys"), i, item) {
        bool revoked = json_number(item, "revokedAtUs") > 0;
        const json_t *unseen = json_object_get(item, "unseen");
        const char *note = json_array_size(unseen) == json_array_size(json_object_get(item, "targets")) ? "never"
                           : json_array_size(unseen) > 0 ? arena_printf(&arena, "never: %s", joined(unseen, &arena))
                                                         : "";
        table_row(&table, 5, json_text(item, "key"), json_text(item, "name"),
                  joined(json_object_get(item, "targets"), &arena), revoked ? "" : note, revoked ? "revoked" : "");
    }
    table_print(&table, "", out);
}

static void print_list(const json_t *json, bool all, struct buf *out)
{
    add_workers(json, all, out);
    buf_addc(out, '\n');
    add_keys(json, out);
}

static void print_living(const json_t *json, struct buf *out)
{
    print_list(json, false, out);
}

static void print_all(const json_t *json, struct buf *out)
{
    print_list(json, true, out);
}

static int workers_list_run(const struct cmdline *line)
{
    return cli_get(line, "/api/v1/workers", cmdline_has(line, "all") ? print_all : print_living);
}

static int workers_enroll_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct key_public key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    const char *const *targets, *name = cmdline_value(line, "name");
    size_t count = cmdline_values(line, "target", &targets);
    if (count == 0) {
        err_set(&err, ERR_USAGE, "for which targets?");
        err_hint(&err, "Add --target TARGET or --target SERVICE/TARGET; it may be repeated.");
    } else if (!crypto_init()) {
        err_set(&err, ERR_SYSTEM, "libsodium does not work here");
    } else if (!key_parse_public(line->arguments[0], &key, &err)) {
        err_prefix(&err, "the key");
        err.kind = ERR_USAGE;
    }
    if (err.kind)
        return cmdline_fail(line, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(targets[i]));
    json_t *body =
        json_pack("{s:s, s:s, s:o}", "key", key_public_text(&key, text), "name", name ? name : "", "targets", list);
    auto_free char *said = xasprintf("key %s is trusted for %zu target%s", key.id, count, count == 1 ? "" : "s");
    int code = cli_call_and_say(line, "POST", "/api/v1/workers", body, said);
    json_decref(body);
    return code;
}

/* What is written as a file of a key is that key; anything else is for the coordinator to find. */
static bool revoked_key(const char *text, char key_text[KEY_PUBLIC_TEXT_SIZE], const char **ret_which, struct err *err)
{
    struct key_public key;
    size_t len = strlen(text);
    *ret_which = text;
    if (!strchr(text, '/') && (len < 4 || strcmp(text + len - 4, ".pub") != 0))
        return true;
    if (!crypto_init() || !key_parse_public(text, &key, err)) {
        err_prefix(err, "the key");
        err->kind = ERR_USAGE;
        return err_hint(err, "a key is its text (ed25519:...), its id or its name, or the file FILE.pub of keygen");
    }
    *ret_which = key_public_text(&key, key_text);
    return true;
}

static int workers_revoke_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    char text[KEY_PUBLIC_TEXT_SIZE];
    const char *which;
    if (!revoked_key(line->arguments[0], text, &which, &err))
        return cmdline_fail(line, &err);
    auto_buf struct buf path = BUF_INIT(4096);
    buf_adds(&path, "/api/v1/workers/");
    http_add_escaped(&path, which);
    return cli_call_and_say(line, "DELETE", buf_text(&path), NULL, "revoked: what it signs is not believed any more");
}

static const struct cmd_option list_options[] = {{"all", 'a', NULL, "also workers that are gone and serve nothing", 0},
                                                 CMD_OPTIONS_END};
static const struct cmd_option enroll_options[] = {
    {"target", 't', "[SERVICE/]TARGET", "trust it for this target; may be repeated", CMD_REPEAT},
    {"name", 0, "NAME", "what to call it in lists; the name that it has when left out, or its id", 0},
    CMD_OPTIONS_END};

static const struct command list_keys = {.name = "list",
                                         .summary = "workers that report, and the keys that are trusted",
                                         .example = "greylag workers list",
                                         .options = {list_options, cli_server_options, cli_json_options},
                                         .run = workers_list_run};
static const struct command enroll_key = {
    .name = "enroll",
    .summary = "trust a worker's public key for named targets",
    .arguments = "KEY",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = "KEY is \"ed25519:...\" or the file FILE.pub that keygen wrote. The coordinator believes only "
                   "events signed by a key that is enrolled for their target.",
    .example = "greylag workers enroll user.key.pub --target user/user-eu --name user-eu",
    .options = {enroll_options, cli_server_options, cli_json_options},
    .run = workers_enroll_run};
static const struct command revoke_key = {.name = "revoke",
                                          .summary = "trust a key no longer",
                                          .arguments = "KEY",
                                          .arguments_min = 1,
                                          .arguments_max = 1,
                                          .description =
                                              "KEY is the key's text, its id or its name, or its file FILE.pub.",
                                          .example = "greylag workers revoke user-eu",
                                          .options = {cli_server_options, cli_json_options},
                                          .run = workers_revoke_run};
static const struct command *const workers_commands[] = {&list_keys, &enroll_key, &revoke_key, NULL};

const struct command workers_command = {
    .name = "workers", .summary = "list workers, trust and revoke their keys", .subcommands = workers_commands};

/* ---- targets ---- */

static int targets_forget_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    const char *slash = strchr(line->arguments[0], '/');
    const char *target = slash ? slash + 1 : line->arguments[0];
    if (!*target || slash == line->arguments[0] || strchr(target, '/')) {
        err_set(&err, ERR_USAGE, "\"%s\" is no SERVICE/TARGET", line->arguments[0]);
        err_hint(&err, "greylag status lists them");
        return cmdline_fail(line, &err);
    }
    auto_buf struct buf path = BUF_INIT(4096);
    auto_free char *service = xasprintf("%.*s", slash ? (int)(slash - line->arguments[0]) : 0, line->arguments[0]);
    auto_free char *said = xasprintf("%s is forgotten; a worker that reports it brings it back", line->arguments[0]);
    buf_adds(&path, "/api/v1/targets/");
    http_add_escaped(&path, service);
    buf_adds(&path, slash ? "/" : "");
    http_add_escaped(&path, target);
    return cli_call_and_say(line, "DELETE", buf_text(&path), NULL, said);
}

static const struct command forget_target = {
    .name = "forget",
    .summary = "take a target that is gone off the lists",
    .arguments = "[SERVICE/]TARGET",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "For a database that is no more. Its worker has to have stopped, and no release may be under way on it. "
        "Nothing in any database is changed. Its history stays; a worker that reports it brings it back. A target that "
        "no worker has ever reported is taken off the keys that are enrolled for it, too. It has no service where a "
        "key is enrolled for it without one.",
    .example = "greylag targets forget user/user-eu-2",
    .options = {cli_server_options, cli_json_options},
    .run = targets_forget_run};
static const struct command *const targets_commands[] = {&forget_target, NULL};

const struct command targets_command = {
    .name = "targets", .summary = "forget targets that are gone (status lists all)", .subcommands = targets_commands};
