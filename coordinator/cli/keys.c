/* `greylag keygen`, `token`: who may speak. */
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
