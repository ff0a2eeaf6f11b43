/* greylag-coordinator. */
#include "base/log.h"
#include "cmdline/cmdline.h"
#include "daemon/daemon.h"

static int run(const struct cmdline *line)
{
    if (cmdline_has(line, "reference"))
        return cmdline_print_page(line, daemon_pages, cmdline_value(line, "reference"));
    struct daemon_options options = {.config = cmdline_value(line, "config"),
                                     .ready_file = cmdline_value(line, "ready-file")};
    if (!options.config)
        options.config = "coordinator.yml";
    struct err err = ERR_INIT;
    log_init("greylag-coordinator");
    if (daemon_run(&options, &err))
        return EXIT_CODE_DONE;
    if (!cmdline_value(line, "config") && !*err.hint)
        err_hint(&err, "name the file with --config FILE");
    return cmdline_fail(line, &err);
}

static const struct cmd_option options[] = {
    {"config", 'c', "FILE", "the coordinator's file; coordinator.yml when left out", 0},
    {"ready-file", 0, "FILE", "write {\"url\", \"pid\"} there as soon as the HTTP interface answers", 0},
    {"reference", 0, "WHAT", "print a page of the reference: markdown, manual, file, decisions or kafka", CMD_HIDDEN},
    CMD_OPTIONS_END};

static const struct command root = {
    .name = "greylag-coordinator",
    .summary = "plans releases of one environment of a fleet and leads its workers",
    .description = "Serves the HTTP interface and, when no other coordinator leads, sends jobs to the workers and "
                   "decides on what they report. State lives in the control database; several coordinators may run.\n\n"
                   "LOG_LEVEL is DEBUG, INFO, WARN or ERROR. DATABASE_URL names the control database when the file "
                   "does not. SIGTERM hands the leadership over and ends.",
    .example = "greylag-coordinator --config /etc/greylag/coordinator.yml",
    .options = {options},
    .run = run,
};

int main(int argc, char **argv)
{
    return cmdline_main(&root, argc, argv);
}
