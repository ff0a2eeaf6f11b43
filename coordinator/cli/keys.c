/* `greylag keygen`, `token`, `workers`: who may speak. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"
#include "crypto/key.h"
#include "http/token.h"

/* ---- keygen ---- */

static int keygen_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    const char *path = line->arguments[0];
    if (!crypto_init()) {
        err_set(&err, ERR_SYSTEM, "libsodium does not work here");
        return cmdline_fail(line, &err);
    }
    key_generate(&key);
    bool ok = key_write(&key, path, &err);
    key_public_text(&key.public_key, text);
    key_secret_release(&key);
    if (!ok)
        return cmdline_fail(line, &err);
    if (cli_json(line)) {
        json_t *json = json_pack("{s:s, s:s, s:s}", "file", path, "public", text, "id", key.public_key.id);
        cli_print_json(json);
        json_decref(json);
        return EXIT_CODE_DONE;
    }
    printf("%s\n", text);
    fprintf(stderr, "wrote %s (secret: keep it on its machine) and %s.pub\n", path, path);
    return EXIT_CODE_DONE;
}

const struct command keygen_command = {
    .name = "keygen",
    .summary = "make a signing key for a worker or a coordinator",
    .arguments = "FILE",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = "Writes the secret key to FILE (mode 0600, never over an existing file) and the public one to "
                   "FILE.pub, and prints the public one.",
    .example = "greylag keygen /etc/greylag/user.key",
    .options = {cli_json_options},
    .run = keygen_run,
};

/* ---- token ---- */

static bool append_line(const char *path, const char *text, struct err *err)
{
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    auto_free char *whole = xasprintf("%s\n", text);
    if (fd < 0 || write(fd, whole, strlen(whole)) != (ssize_t)strlen(whole))
        return err_errno(err, "cannot write %s", path);
    return true;
}

static int token_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    enum token_role role = TOKEN_OPERATOR;
    const char *wanted = cmdline_value(line, "role"), *file = cmdline_value(line, "append");
    if (!token_name_ok(line->arguments[0]))
        err_set(&err, ERR_USAGE, "\"%s\" is no name for a token: letters, digits and ._@- only", line->arguments[0]);
    else if (wanted && !token_role_parse(wanted, &role))
        err_set(&err, ERR_USAGE, "\"%s\" is no role: viewer, operator or admin", wanted);
    else if (!crypto_init())
        err_set(&err, ERR_SYSTEM, "libsodium does not work here");
    if (err.kind)
        return cmdline_fail(line, &err);
    char text[TOKEN_TEXT_SIZE];
    auto_buf struct buf entry = BUF_INIT(1024);
    token_make(line->arguments[0], role, text, &entry);
    if (file && !append_line(file, buf_text(&entry), &err))
        return cmdline_fail(line, &err);
    if (cli_json(line)) {
        json_t *json = json_pack("{s:s, s:s}", "token", text, "line", buf_text(&entry));
        cli_print_json(json);
        json_decref(json);
        return EXIT_CODE_DONE;
    }
    puts(text);
    if (file)
        fprintf(stderr, "added \"%s\" to %s; the token itself is shown only here\n", line->arguments[0], file);
    else
        fprintf(stderr, "for the coordinator's tokens file:\n%s\n", buf_text(&entry));
    return EXIT_CODE_DONE;
}

static const struct cmd_option token_options[] = {
    {"role", 0, "ROLE", "viewer, operator (when left out) or admin", 0},
    {"append", 0, "FILE", "add the line to this tokens file", 0},
    CMD_OPTIONS_END};

const struct command token_command = {
    .name = "token",
    .summary = "make a token for the coordinator's HTTP interface",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = "Prints a new token, and the line for the coordinator's tokens file, which holds only a digest of "
                   "it.",
    .example = "greylag token ci --role operator --append /etc/greylag/tokens",
    .options = {token_options, cli_json_options},
    .run = token_run,
};

/* ---- workers ---- */

static const char *joined(const json_t *list, struct arena *arena)
{
    struct buf out = BUF_INIT(65536);
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
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
    json_array_foreach(json_object_get(worker, "targets"), i, target)
    {
        const char *problem = json_text(target, "problem");
        buf_addf(&out, "%s%s/%s", i ? " " : "", json_text(target, "service"), json_text(target, "target"));
        if (*problem)
            buf_addf(&out, " (%s)", problem);
    }
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

static void print_workers(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table workers = {.columns = 0}, keys = {.columns = 0};
    char seen[64];
    size_t i;
    const json_t *item;
    table_row(&workers, 5, "WORKER", "HOST", "VERSION", "SEEN", "TARGETS");
    json_array_foreach(json_object_get(json, "workers"), i, item)
        table_row(&workers, 5, json_text(item, "worker"), json_text(item, "host"), json_text(item, "version"),
                  arena_strdup(&arena, cli_ago(item, "lastSeenUs", seen)), worker_targets(item, &arena));
    table_print(&workers, "", out);
    table_row(&keys, 4, "KEY", "NAME", "TARGETS", "");
    json_array_foreach(json_object_get(json, "keys"), i, item)
        table_row(&keys, 4, json_text(item, "key"), json_text(item, "name"),
                  joined(json_object_get(item, "targets"), &arena),
                  json_number(item, "revokedAtUs") > 0 ? "revoked" : "");
    buf_addc(out, '\n');
    table_print(&keys, "", out);
}

static int workers_list_run(const struct cmdline *line)
{
    return cli_get(line, "/api/v1/workers", print_workers);
}

/* One call, and what it answered. */
static int call_and_say(const struct cmdline *line, const char *method, const char *path, const json_t *body,
                        const char *said)
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool ok = cli_client(line, &client, &err) && http_call(client, method, path, body, NULL, &reply, &err);
    http_client_free(client);
    if (!ok)
        return cmdline_fail(line, &err);
    if (cli_json(line))
        cli_print_json(reply.json);
    else
        puts(said);
    return EXIT_CODE_DONE;
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
        json_pack("{s:s, s:s, s:o}", "key", key_public_text(&key, text), "name", name ? name : key.id, "targets", list);
    auto_free char *said = xasprintf("key %s is trusted for %zu target%s", key.id, count, count == 1 ? "" : "s");
    int code = call_and_say(line, "POST", "/api/v1/workers", body, said);
    json_decref(body);
    return code;
}

static int workers_revoke_run(const struct cmdline *line)
{
    auto_buf struct buf path = BUF_INIT(4096);
    buf_adds(&path, "/api/v1/workers/");
    http_add_escaped(&path, line->arguments[0]);
    return call_and_say(line, "DELETE", buf_text(&path), NULL, "revoked: what it signs is not believed any more");
}

static const struct cmd_option enroll_options[] = {
    {"target", 't', "[SERVICE/]TARGET", "trust it for this target; may be repeated", CMD_REPEAT},
    {"name", 0, "NAME", "what to call it in lists", 0},
    CMD_OPTIONS_END};

static const struct command list_keys = {.name = "list",
                                    .summary = "workers that report, and the keys that are trusted",
                                    .example = "greylag workers list",
                                    .options = {cli_server_options, cli_json_options},
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
                                      .description = "KEY is the key's text, its id or its name.",
                                      .example = "greylag workers revoke user-eu",
                                      .options = {cli_server_options, cli_json_options},
                                      .run = workers_revoke_run};
static const struct command *const workers_commands[] = {&list_keys, &enroll_key, &revoke_key, NULL};

const struct command workers_command = {
    .name = "workers", .summary = "list workers, trust and revoke their keys", .subcommands = workers_commands};
