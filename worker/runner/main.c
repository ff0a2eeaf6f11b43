/* greylag-worker: takes the jobs of its targets from Kafka and applies them to its own databases. */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmdline/cmdline.h"
#include "crypto/key.h"
#include "pg/pg.h"
#include "proc/signals.h"
#include "runner/runner.h"
#include "runner/settings.h"

static const char *from_environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static bool check_databases(const struct settings *settings, struct err *err)
{
    for (size_t i = 0; i < settings->target_count; i++)
        if (!pg_conninfo_check(settings->targets[i].database, err))
            return err_prefix(err, "database of target %s", settings->targets[i].name);
    return true;
}

static bool run_worker(const struct cmdline *line, struct err *err)
{
    const char *path = cmdline_value(line, "config");
    struct settings *settings = NULL;
    if (!path)
        path = "worker.yml";
    if (!crypto_init())
        return err_set(err, ERR_INTERNAL, "libsodium cannot be used here");
    if (!settings_load(path, from_environment, NULL, &settings, err)) {
        err->kind = ERR_CONFIG; /* also what a file says that is named there */
        if (!cmdline_value(line, "config") && !*err->hint)
            err_hint(err, "name the file with --config FILE");
        return false;
    }
    struct runner_options options = {.ready_file = cmdline_value(line, "ready-file"),
                                     .notify_socket = getenv("NOTIFY_SOCKET")};
    bool done = check_databases(settings, err) && signals_catch(err) && runner_run(settings, &options, err);
    settings_free(settings);
    return done;
}

static int run(const struct cmdline *line)
{
    if (cmdline_has(line, "reference"))
        return cmdline_print_page(line, runner_pages, cmdline_value(line, "reference"));
    struct err err = ERR_INIT;
    log_init("worker");
    return run_worker(line, &err) ? EXIT_CODE_DONE : cmdline_fail(line, &err);
}

static const struct cmd_option options[] = {
    {"config", 'c', "FILE", "the worker's configuration; worker.yml when left out", 0},
    {"ready-file", 0, "FILE", "written when jobs can be taken", 0},
    {"reference", 0, "WHAT", "print a page of the reference: markdown, manual, file or jobs", CMD_HIDDEN},
    CMD_OPTIONS_END,
};
static const struct command worker = {
    .name = "greylag-worker",
    .summary = "applies signed jobs to the databases beside it",
    .description = "Runs until SIGTERM, SIGINT or SIGHUP: running steps then have five seconds to end, a second signal "
                   "cancels them at once; SIGKILL is always safe. worker.yml is read at the start alone.\n\n"
                   "LOG_LEVEL (DEBUG, INFO, WARN, ERROR) says how much is logged to standard error; DEBUG shows SQL, "
                   "locks and timings, never a secret. DATABASE_URL is the database of a single target that names "
                   "none.",
    .example = "greylag-worker --config /etc/greylag/worker.yml",
    .options = {options},
    .run = run,
};

int main(int argc, char **argv)
{
    return cmdline_main(&worker, argc, argv);
}
