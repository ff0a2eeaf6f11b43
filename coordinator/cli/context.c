/* Where the fleet and the coordinator are: flags win over the environment, the environment over the file. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "cli/settings.h"

#define CALL_MS 60000

const struct cmd_option cli_json_options[] = {{"json", 0, NULL, "print JSON, for programs", 0}, CMD_OPTIONS_END};
const struct cmd_option cli_server_options[] = {
    {"url", 0, "URL", "the coordinator (GREYLAG_URL; or url: in ~/.config/greylag/config.yml)", 0},
    {"token", 0, "TOKEN", "who you are (better in GREYLAG_TOKEN: others can see the process list)", 0},
    {"token-file", 0, "FILE", "a file that holds the token", 0},
    CMD_OPTIONS_END};
const struct cmd_option cli_fleet_options[] = {
    {"fleet", 'f', "FILE", "the fleet's description; otherwise fleet.yml here or in a folder above", 0},
    {"env", 'e', "NAME", "the environment, where fleet.yml has several", 0},
    CMD_OPTIONS_END};

const char *json_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

json_int_t json_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *cli_ago(const json_t *object, const char *name, char text[64])
{
    char duration[CLOCK_TEXT_SIZE];
    json_int_t at = json_number(object, name);
    int64_t ago = at > 0 ? clock_wall_us() - at : 0;
    if (at <= 0)
        snprintf(text, 64, "never");
    else
        text_format(text, 64, "%s ago", clock_duration(ago > 0 ? ago / 1000000 * 1000000 : 0, duration));
    return text;
}

const char *cli_when(const json_t *object, const char *name, struct arena *arena)
{
    char text[CLOCK_TEXT_SIZE];
    json_int_t at = json_number(object, name);
    return at > 0 ? arena_strdup(arena, clock_local(at, text)) : "";
}

bool cli_format(const struct cmdline *line, const char *const *formats, size_t count, struct err *err)
{
    const char *text = cmdline_value(line, "format");
    auto_buf struct buf known = BUF_INIT(BUF_MAX);
    bool found = text == NULL;
    for (size_t i = 0; i < count; i++) {
        found = found || strcmp(formats[i], text) == 0;
        buf_addf(&known, "%s%s", i ? ", " : "", formats[i]);
    }
    if (!found)
        return err_set(err, ERR_USAGE, "--format: \"%s\" is none of %s", text, buf_text(&known));
    if (text && cli_json(line) && strcmp(text, "json") != 0)
        return err_set(err, ERR_USAGE, "--json and --format %s exclude each other", text);
    return true;
}

bool cli_json(const struct cmdline *line)
{
    const char *format = cmdline_value(line, "format");
    return cmdline_has(line, "json") || (format && strcmp(format, "json") == 0);
}

void cli_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

void cli_print(struct buf *out)
{
    fwrite(buf_text(out), 1, out->len, stdout);
    buf_clear(out);
}

void cli_print_text(struct buf *out)
{
    size_t width = cmdline_columns(STDOUT_FILENO);
    auto_buf struct buf fit = BUF_INIT(BUF_MAX);
    if (!width) {
        cli_print(out);
        return;
    }
    table_fit(buf_text(out), width, &fit);
    buf_clear(out);
    cli_print(&fit);
}

void cli_tell(const char *format, ...)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&out, format, args);
    va_end(args);
    cli_print_text(&out);
}

void cli_note(const char *format, ...)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    va_list args;
    va_start(args, format);
    buf_addv(&out, format, args);
    va_end(args);
    cmdline_say(&out);
}

const char *cli_getenv(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* ---- the fleet ---- */

static bool find_upwards(char **ret_path)
{
    char folder[PATH_MAX];
    if (!getcwd(folder, sizeof folder))
        return false;
    for (;;) {
        auto_free char *path = xasprintf("%s/fleet.yml", strcmp(folder, "/") == 0 ? "" : folder);
        if (access(path, F_OK) == 0) {
            *ret_path = xstrdup(path);
            return true;
        }
        char *slash = strrchr(folder, '/');
        if (!slash || strcmp(folder, "/") == 0)
            return false;
        slash[slash == folder ? 1 : 0] = '\0';
    }
}

bool cli_fleet_path(const struct cmdline *line, char **ret_path, struct err *err)
{
    const char *given = cmdline_value(line, "fleet");
    if (given) {
        *ret_path = xstrdup(given);
        return true;
    }
    if (find_upwards(ret_path))
        return true;
    err_set(err, ERR_USAGE, "there is no fleet.yml here or in a folder above");
    return err_hint(err, "Name one with --fleet FILE, or make one with \"greylag init\".");
}

bool cli_catalog(const struct cmdline *line, struct catalog **ret_catalog, struct err *err)
{
    auto_free char *path = NULL;
    return cli_fleet_path(line, &path, err) &&
           catalog_load(path, cmdline_value(line, "env"), cli_getenv, NULL, ret_catalog, err);
}

/* ---- the coordinator ---- */

static const char *nonempty(const char *text)
{
    return text && *text ? text : NULL;
}

static bool token_from_file(const char *path, char **ret_token, struct err *err)
{
    auto_buf struct buf text = BUF_INIT(4096);
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && !file_check_private(&st, "the token file", path, err))
        return false;
    if (!buf_read_file(&text, path, err))
        return err_prefix(err, "reading the token");
    *ret_token = xstrdup(buf_text(&text));
    (*ret_token)[strcspn(*ret_token, " \t\r\n")] = '\0';
    return true;
}

/* The token, new, NULL when there is none. */
static bool find_token(const struct cmdline *line, const struct settings *settings, char **ret_token, struct err *err)
{
    const char *token = cmdline_value(line, "token"), *file = cmdline_value(line, "token-file");
    *ret_token = NULL;
    if (token && file)
        return err_set(err, ERR_USAGE, "--token and --token-file exclude each other");
    if (!token && !file)
        token = nonempty(getenv("GREYLAG_TOKEN"));
    if (!token && !file)
        token = settings->token;
    if (!token && !file)
        file = settings->token_file;
    if (token)
        *ret_token = xstrdup(token);
    return token || !file || token_from_file(file, ret_token, err);
}

static const char *find_url(const struct cmdline *line, const struct settings *settings)
{
    const char *url = cmdline_value(line, "url");
    if (!url)
        url = nonempty(getenv("GREYLAG_URL"));
    return url ? url : settings->url;
}

bool cli_has_server(const struct cmdline *line)
{
    struct settings settings = SETTINGS_INIT;
    bool found = cmdline_value(line, "url") || nonempty(getenv("GREYLAG_URL")) ||
                 (settings_load(&settings, NULL) && settings.url);
    settings_release(&settings);
    return found;
}

bool cli_client(const struct cmdline *line, struct http_client **ret_client, struct err *err)
{
    struct settings settings = SETTINGS_INIT;
    auto_free char *token = NULL;
    bool ok = settings_load(&settings, err) && find_token(line, &settings, &token, err);
    const char *url = ok ? find_url(line, &settings) : NULL;
    if (ok && !url) {
        ok = err_set(err, ERR_USAGE, "no coordinator is named");
        err_hint(err, "Give --url, set GREYLAG_URL, or write \"url: ...\" into ~/.config/greylag/config.yml. "
                      "To try a fleet on this machine: greylag dev.");
    }
    ok = ok && http_client_new(url, token, CALL_MS, ret_client, err);
    settings_release(&settings);
    return ok;
}

int cli_print_answer(const struct cmdline *line, const json_t *json, void (*print)(const json_t *json, struct buf *out))
{
    if (cli_json(line)) {
        cli_print_json(json);
        return EXIT_CODE_DONE;
    }
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    print(json, &out);
    cli_print_text(&out);
    return EXIT_CODE_DONE;
}

int cli_get(const struct cmdline *line, const char *path, void (*print)(const json_t *json, struct buf *out))
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool ok = cli_client(line, &client, &err) && http_call(client, "GET", path, NULL, NULL, &reply, &err);
    http_client_free(client);
    return ok ? cli_print_answer(line, reply.json, print) : cmdline_fail(line, &err);
}

int cli_call_and_say(const struct cmdline *line, const char *method, const char *path, const json_t *body,
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
        cli_tell("%s\n", said);
    return EXIT_CODE_DONE;
}
