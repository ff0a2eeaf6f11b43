/* `greylag init`: a commented fleet.yml and an example service; never over what exists. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"

static const char fleet_text[] =
    "# The fleet: which services there are, where their migrations are, and in which order they move.\n"
    "# Where a target's database is, its worker alone knows (worker.yml).\n"
    "fleet: %s\n"
    "\n"
    "defaults:\n"
    "  on_failure: rollback-release   # or halt: stop where it stands, and wait for a person\n"
    "  lock_timeout: 2s               # how long one try waits for a lock, and readers behind it\n"
    "  statement_timeout: 15min\n"
    "\n"
    "services:\n"
    "  example:\n"
    "    migrations: services/example # a folder, relative to this file, read with its subfolders\n"
    "    # layout: flyway             # recognised by itself: flyway, goose, dbmate, sqitch, ...\n"
    "    # depends_on: [other]        # every step of `other` comes first\n"
    "    targets: [example]           # names of databases\n"
    "\n"
    "environments:\n"
    "  dev: {}\n";

static const char up_text[] = "CREATE TABLE example (\n"
                              "    id         bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,\n"
                              "    name       text NOT NULL,\n"
                              "    created_at timestamptz NOT NULL DEFAULT now()\n"
                              ");\n";
static const char down_text[] = "DROP TABLE example;\n";

static const struct init_file {
    const char *path, *text;
} files[] = {{"fleet.yml", fleet_text},
             {"services/example/V1__create_example.sql", up_text},
             {"services/example/U1__create_example.sql", down_text}};

bool cli_make_folders(const char *path, struct err *err)
{
    auto_free char *copy = xstrdup(path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            return err_errno(err, "cannot make the folder %s", copy);
        *slash = '/';
    }
    return true;
}

static bool write_new(const char *path, const char *text, struct err *err)
{
    if (!cli_make_folders(path, err))
        return false;
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return err_errno(err, "cannot write %s", path);
    return true;
}

/* The folder's own name where it can be a fleet's name. */
static const char *fleet_name(const char *folder, char name[64])
{
    auto_free char *real = realpath(folder, NULL);
    const char *base = real ? strrchr(real, '/') : NULL;
    text_format(name, 64, "%s", base && base[1] ? base + 1 : "fleet");
    for (char *p = name; *p; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
        else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", *p))
            *p = '-';
    }
    return name[0] == '-' ? "fleet" : name;
}

static int init_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    const char *folder = line->argument_count ? line->arguments[0] : ".";
    char name[64];
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        auto_free char *path = xasprintf("%s/%s", folder, files[i].path);
        if (access(path, F_OK) != 0)
            continue;
        err_set(&err, ERR_USAGE, "%s exists already; nothing was written", path);
        err_hint(&err, "Choose another folder: greylag init FOLDER.");
        return cmdline_fail(line, &err);
    }
    auto_free char *first = xasprintf("%s/", folder);
    if (!cli_make_folders(first, &err))
        return cmdline_fail(line, &err);
    auto_buf struct buf fleet = BUF_INIT(65536);
    for (const char *p = fleet_text; *p; p++) {
        if (p[0] == '%' && p[1] == 's') {
            buf_adds(&fleet, fleet_name(folder, name));
            p++;
        } else {
            buf_addc(&fleet, *p);
        }
    }
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        auto_free char *path = xasprintf("%s/%s", folder, files[i].path);
        if (!write_new(path, i == 0 ? buf_text(&fleet) : files[i].text, &err))
            return cmdline_fail(line, &err);
        if (!cli_json(line))
            printf("wrote %s\n", path);
    }
    if (cli_json(line)) {
        json_t *json = json_pack("{s:[s,s,s]}", "files", files[0].path, files[1].path, files[2].path);
        cli_print_json(json);
        json_decref(json);
        return EXIT_CODE_DONE;
    }
    printf("\nNext:\n  greylag validate --fleet %s/fleet.yml\n  greylag dev %s/fleet.yml\n", folder, folder);
    return EXIT_CODE_DONE;
}

const struct command init_command = {
    .name = "init",
    .summary = "write a commented fleet.yml and an example service",
    .arguments = "[FOLDER]",
    .arguments_max = 1,
    .description = "Writes fleet.yml and services/example into FOLDER (here, when it is left out). Nothing that exists "
                   "is ever written over.",
    .example = "greylag init shop",
    .options = {cli_json_options},
    .run = init_run,
};
