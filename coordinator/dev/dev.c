#include "dev/dev.h"

#include <errno.h>
#include <ftw.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "crypto/key.h"
#include "dev/dev_internal.h"
#include "proc/notify.h"
#include "proc/signals.h"

#define BROKER_TEXT_MAX ((size_t)9 << 19) /* bytes of one text as it travels through the embedded broker */
#define READY_LIMIT_MS 90000

const char *dev_text(struct dev *dev, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    auto_buf struct buf text = BUF_INIT(1 << 20);
    buf_addv(&text, format, args);
    va_end(args);
    return arena_strndup(&dev->arena, buf_text(&text), text.len);
}

static const char *from_environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("greylag dev: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Where our own binary is: the other two are beside it. */
static bool find_programs(struct dev *dev, struct err *err)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len < 0)
        return err_errno(err, "/proc/self/exe");
    path[len] = 0;
    dev->programs = dev_text(dev, "%.*s", (int)(strrchr(path, '/') - path), path);
    static const char *const needed[] = {"greylag-coordinator", "greylag-worker"};
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (access(dev_text(dev, "%s/%s", dev->programs, needed[i]), X_OK))
            return err_errno(err, "%s/%s", dev->programs, needed[i]);
    return true;
}

/* A new folder below /tmp, or the one that was asked for. Others may pass through (the server's user), not look. */
static bool make_folder(struct dev *dev, const char *wanted, struct err *err)
{
    dev->keep = wanted != NULL;
    if (wanted) {
        auto_free char *absolute = NULL;
        if (mkdir(wanted, 0711) && errno != EEXIST)
            return err_errno(err, "making %s", wanted);
        if (!(absolute = realpath(wanted, NULL)))
            return err_errno(err, "%s", wanted);
        dev->folder = dev_text(dev, "%s", absolute);
    } else {
        const char *base = getenv("TMPDIR");
        char *name = arena_printf(&dev->arena, "%s/greylag-dev-XXXXXX", base && *base == '/' ? base : "/tmp");
        if (!mkdtemp(name))
            return err_errno(err, "making a temporary folder");
        dev->folder = name;
    }
    if (chmod(dev->folder, 0711) || mkdir(dev_text(dev, "%s/log", dev->folder), 0755)) {
        err_errno(err, "%s/log", dev->folder);
        return err_hint(err, "--keep-files needs a new or an empty folder");
    }
    return true;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    remove(path); /* what cannot be removed stays; nothing depends on it */
    return 0;
}

static void remove_folder(const struct dev *dev)
{
    if (dev->folder && !dev->keep)
        nftw(dev->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The broker would take such a message and lose it (librdkafka: rdkafka_mock.c, a partition holds 5 MiB). */
static bool check_text(const struct dev *dev, const char *digest, const char *file, struct err *err)
{
    const struct catalog_blob *blob = digest ? catalog_blob(dev->catalog, digest) : NULL;
    size_t wire = blob ? migration_wire_size(blob->text, blob->size) : 0;
    if (wire <= BROKER_TEXT_MAX)
        return true;
    err_set(err, ERR_INPUT, "%s takes %zu bytes in a message; the embedded broker keeps no more than %zu", file, wire,
            BROKER_TEXT_MAX);
    return err_hint(err, "give it a real one: greylag dev --kafka BOOTSTRAP");
}

static bool check_texts(const struct dev *dev, struct err *err)
{
    for (size_t s = 0; s < dev->catalog->fleet.service_count; s++) {
        const struct service *service = &dev->catalog->fleet.services[s];
        for (size_t m = 0; m < service->migration_count; m++) {
            const struct migration *migration = &service->migrations[m];
            if (!check_text(dev, migration->up, migration->file, err) ||
                !check_text(dev, migration->down, migration->down_file, err))
                return false;
        }
    }
    return true;
}

static bool start_broker(struct dev *dev, const char *kafka, struct err *err)
{
    if (kafka) {
        dev->bootstrap = kafka;
        return true;
    }
    if (!check_texts(dev, err))
        return false;
    if (!bus_broker_start(&dev->broker, err))
        return err_prefix(err, "starting the embedded broker: ");
    dev->bootstrap = bus_broker_bootstrap(dev->broker);
    return true;
}

static bool start_everything(struct dev *dev, const struct cmdline *line, struct err *err)
{
    dev->conninfo = cmdline_value(line, "postgres");
    if (!find_programs(dev, err) || !make_folder(dev, cmdline_value(line, "keep-files"), err) ||
        !start_broker(dev, cmdline_value(line, "kafka"), err))
        return false;
    if (!dev->conninfo) {
        say("starting a private PostgreSQL in %s", dev->folder);
        if (!dev_postgres_start(dev, err))
            return false;
    }
    if (!dev_databases(dev, err) || !dev_files(dev, err) || !dev_processes_start(dev, err))
        return false;
    say("starting a coordinator and %zu worker%s, %s", dev->process_count - 1, dev->process_count == 2 ? "" : "s",
        dev->broker ? "with an embedded broker" : "on Kafka");
    return dev_processes_wait(dev, READY_LIMIT_MS, err);
}

static void stop_everything(struct dev *dev)
{
    dev_processes_stop(dev);
    bus_broker_stop(dev->broker);
    dev_postgres_stop(dev);
    remove_folder(dev);
    catalog_free(dev->catalog);
    arena_release(&dev->arena);
}

static int release(struct dev *dev, const struct cmdline *line)
{
    struct http_client *client;
    struct err err = ERR_INIT;
    if (!http_client_new(dev->url, dev->token, 60000, &client, &err))
        return cmdline_fail(line, &err);
    int code = cli_up(line, client, line->arguments[0], dev->catalog->fleet.environment,
                      cmdline_has(line, "accept-irreversible"), cmdline_has(line, "json"));
    http_client_free(client);
    fflush(stdout); /* we may stay for long */
    return code;
}

static bool write_ready_file(struct dev *dev, const char *path, int code, struct err *err)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "url", dev->url, "token", dev->token, "postgres",
                             dev->conninfo, "bootstrap", dev->bootstrap, "folder", dev->folder, "pid", (int)getpid(),
                             "exitCode", code);
    auto_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    mode_t before = umask(077); /* it holds the token */
    bool ok = notify_ready_file(path, text, err);
    umask(before);
    return ok;
}

static void say_how_to_talk(const struct dev *dev)
{
    say("everything is running; to talk to it from another terminal:\n\n"
        "  export GREYLAG_URL=%s\n"
        "  export GREYLAG_TOKEN=%s\n"
        "  %s/greylag status\n"
        "  psql \"%s\"\n\n"
        "Ctrl-C ends it all.",
        dev->url, dev->token, dev->programs, dev->conninfo);
}

static int stay(struct dev *dev, const struct cmdline *line, int code)
{
    struct err err = ERR_INIT;
    const char *ready_file = cmdline_value(line, "ready-file");
    say_how_to_talk(dev);
    if (ready_file && !write_ready_file(dev, ready_file, code, &err))
        return cmdline_fail(line, &err);
    while (!signals_stop())
        poll(&(struct pollfd){.fd = signals_fd(), .events = POLLIN}, 1, -1);
    if (!dev_processes_ok(dev, &err))
        return cmdline_fail(line, &err);
    say("stopping");
    return EXIT_CODE_DONE;
}

static int run(const struct cmdline *line)
{
    struct dev dev = {.server = CHILD_INIT};
    struct err err = ERR_INIT;
    int code;
    setvbuf(stderr, NULL, _IOLBF, 0);
    if (!crypto_init())
        err_set(&err, ERR_SYSTEM, "libsodium cannot work here");
    else if (signals_catch(&err) &&
             catalog_load(line->arguments[0], cmdline_value(line, "env"), from_environment, NULL, &dev.catalog, &err) &&
             catalog_require(dev.catalog, &err))
        start_everything(&dev, line, &err);
    if (err.kind != ERR_NONE) {
        code = cmdline_fail(line, &err);
    } else {
        code = cmdline_has(line, "no-up") ? EXIT_CODE_DONE : release(&dev, line);
        if (!dev_processes_ok(&dev, &err))
            code = cmdline_fail(line, &err);
        else if (!cmdline_has(line, "exit") && !signals_stop())
            code = stay(&dev, line, code);
    }
    stop_everything(&dev);
    return code;
}

static const struct cmd_option options[] = {
    {"env", 'e', "NAME", "the environment of fleet.yml to start; dev, or the only one, when left out", 0},
    {"exit", 0, NULL, "end after the release, with its exit code", 0},
    {"no-up", 0, NULL, "start everything and apply nothing", 0},
    {"accept-irreversible", 0, NULL, "also apply migrations that have no way back", 0},
    {"kafka", 0, "BOOTSTRAP", "use this Kafka instead of an embedded broker", 0},
    {"postgres", 0, "CONNINFO", "use this server, with a role that may create databases, instead of a private one", 0},
    {"keep-files", 0, "DIR",
     "use this new folder instead of a temporary one, and leave it (configuration, keys, logs)", 0},
    {"ready-file", 0, "FILE", "when everything runs: write {url, token, postgres, ...} there (readable by you alone)",
     0},
    {"json", 0, NULL, "print the release as JSON", 0},
    CMD_OPTIONS_END};

const struct command dev_command = {
    .name = "dev",
    .summary = "run a whole fleet on this machine and apply what is pending",
    .arguments = "FLEET.yml",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "Starts everything that a fleet needs: an embedded broker, a private PostgreSQL in a temporary folder with one "
        "database for each target, the coordinator, and a worker for each service. Applies what is pending and shows "
        "it. Stays until Ctrl-C, or with --exit ends with the release's exit code. Everything is stopped again.\n\n"
        "For development and demonstrations: the embedded broker keeps nothing, and neither does the private "
        "PostgreSQL. `dev: {targets: {NAME: {database: ..., schema: ...}}}` in fleet.yml puts a target elsewhere than "
        "into a database of its own name.",
    .example = "greylag dev fleet.yml",
    .options = {options},
    .run = run,
};
