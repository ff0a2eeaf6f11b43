/* `greylag import`, `baseline` and `repair`: what is in effect comes onto the record, and the record is put right. */
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

/* ---- import ---- */

static int import_run(const struct cmdline *line)
{
    return cli_record(line, ADOPTION_IMPORT, NULL);
}

const struct command import_command = {
    .name = "import",
    .summary = "take over what another tool's record, or greylag's own under another name, says is in effect",
    .description =
        "Reads the record that Flyway, golang-migrate, dbmate, goose, Diesel, Liquibase, Sqitch or Alembic keeps in "
        "each target, the tool of the service's layout, and records as applied what it says. Nothing runs, and the "
        "other tool's record is not changed. Its checksums stay in greylag's history with the name of their "
        "algorithm.\n\n"
        "Greylag's own record counts as another tool's does: what a target's database has applied under another "
        "service, target, environment or fleet, or under another version of a file with the same text, is taken over "
        "under the name that it has now. There it is not any more then, unless the fleet goes on to have it there.\n\n"
        "Workers are asked for the records now, and each row is looked at again when it is recorded: a row that has "
        "gone by then halts the release. A failed or dirty row, and a file that was changed after that tool ran it, "
        "are refused with what to do; a row without a file is left out, with a warning. What is recorded already is "
        "left alone, so that it can be run again.\n\n"
        "Exit code 0: recorded, or there was nothing to record; 1: a worker did not answer; 4: halted; 6: refused.",
    .example = "greylag import --service user --dry-run\ngreylag import --service user",
    .options = {cli_record_select_options, cli_record_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = import_run,
};

/* ---- baseline ---- */

static int write_file(const struct cmdline *line, const char *service)
{
    int code;
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? cli_baseline_write(line, catalog, catalog_service_name(catalog, service)) : code;
}

static int baseline_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    const char *service = cmdline_value(line, "service"), *version = cmdline_value(line, "version");
    if (!service) {
        err_set(&err, ERR_USAGE, "a baseline is of one service");
        err_hint(&err, "greylag baseline --service SERVICE --version VERSION");
        return cmdline_fail(line, &err);
    }
    if (cmdline_has(line, "from-database"))
        return write_file(line, service);
    if (!version) {
        err_set(&err, ERR_USAGE, "which version are the databases of %s at?", service);
        err_hint(&err, "Say it with --version. To write a first migration from a database that has none: "
                       "--from-database.");
        return cmdline_fail(line, &err);
    }
    const struct plan_limit limit = {.service = service, .version = version};
    return cli_record(line, ADOPTION_BASELINE, &limit);
}

static const struct cmd_option baseline_options[] = {
    {"service", 's', "SERVICE", "of which service", 0},
    {"on", 0, "TARGET", "only this database; may be repeated", CMD_REPEAT},
    {"version", 0, "VERSION",
     "everything up to and with this version, or @TAG of Sqitch's plan, is in effect; of the file with "
     "--from-database",
     0},
    {"from-database", 0, NULL, "write the service's baseline file with pg_dump instead of recording", 0},
    {"database", 0, "CONNINFO",
     "which database; otherwise what PGHOST, PGDATABASE, PGSERVICE, ... say. No password here",
     0},
    CMD_OPTIONS_END};

const struct command baseline_command = {
    .name = "baseline",
    .summary = "take everything up to a version as in effect, without running it",
    .description =
        "For databases that are at a version already, without a record that could be imported. Repeatable migrations "
        "are left out: they run with the next up. A baseline file of that version (Flyway: B) stands for all before it "
        "on a target that holds nothing.\n\n"
        "With --from-database it writes the file of a first migration, in the service's own layout, from the schema of "
        "a database that pg_dump reads here, with your own rights (PG* in the environment, a service or password "
        "file): the coordinator and the workers have no part in it. It never writes over a file, and says which "
        "command comes next.",
    .example = "greylag baseline --service user --version 20240301\nPGDATABASE=user greylag baseline --service user "
               "--from-database",
    .options = {baseline_options, cli_record_options, cli_fleet_options, cli_server_options, cli_json_options},
    .run = baseline_run,
};

/* ---- repair ---- */

static int repair_run(const struct cmdline *line)
{
    bool realign = cmdline_has(line, "realign"), forget = cmdline_has(line, "forget");
    return cli_record(line, realign == forget ? ADOPTION_REPAIR : realign ? ADOPTION_REALIGN : ADOPTION_FORGET, NULL);
}

static const struct cmd_option repair_options[] = {
    {"realign", 0, NULL,
     "only checksums of files that were changed after they were applied, and rows of the other tool", 0},
    {"forget", 0, NULL, "only what is applied and no longer among the files", 0},
    CMD_OPTIONS_END};

const struct command repair_command = {
    .name = "repair",
    .summary = "put the record right: checksums of changed files, migrations whose files are gone",
    .description =
        "Lists each change with what is recorded and what will be, asks, and makes them as a release that runs no SQL "
        "of a migration. Realigning accepts a file as it is now: what the database holds must be what it says. "
        "Forgetting takes a migration off the record; its effect stays in the database. With files of an older "
        "checkout that is not what you want: use --realign.\n\n"
        "With mirror_history, workers are asked for the record of the layout's own tool: what is applied here and "
        "missing there is listed and written there as well, with the time when it took effect. That is the way to "
        "leave at any time: switch mirror_history on, repair, and the tool goes on.\n\n"
        "Failed steps need no repair: they leave no entry, and the next up or release retry tries again. What a step "
        "outside a transaction had done by then stays, and its outcome says so: put that right by hand first. Another "
        "tool's failed row is put right with that tool; import says how. Locks need none either: a worker's lock goes "
        "with its session, and a lease that has lapsed is taken over by the next worker, which ends the frozen session "
        "first.",
    .example = "greylag repair --service user --dry-run\ngreylag repair --service user --realign --reason \"comments "
               "only\"",
    .options = {repair_options, cli_record_select_options, cli_record_options, cli_fleet_options, cli_server_options,
                cli_json_options},
    .run = repair_run,
};
