/* `greylag create`: the files of a new migration, in the layout that its service has. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "catalog/create.h"
#include "cli/cli_internal.h"

/* The fleet file's folder and `path`; new. */
static char *beside_fleet(const char *fleet, const char *path)
{
    const char *slash = strrchr(fleet, '/');
    if (!slash || *path == '/')
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - fleet), fleet, path);
}

static bool write_file(const char *path, const struct new_file *file, struct err *err)
{
    int how = file->append ? O_APPEND : O_CREAT | O_EXCL;
    if (!cli_make_folders(path, err))
        return false;
    auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC | how, 0666);
    size_t len = strlen(file->text);
    if (fd < 0 || write(fd, file->text, len) != (ssize_t)len)
        return err_errno(err, "cannot write %s", path);
    return true;
}

bool cli_write_new(const char *fleet, const struct new_file *files, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        auto_free char *path = beside_fleet(fleet, files[i].path);
        if (!files[i].append && access(path, F_OK) == 0) {
            err_set(err, ERR_USAGE, "%s exists already; nothing was written", path);
            return err_hint(err, "give the migration another name");
        }
    }
    for (size_t i = 0; i < count; i++) {
        auto_free char *path = beside_fleet(fleet, files[i].path);
        if (!write_file(path, &files[i], err))
            return false;
    }
    return true;
}

static void print_made(const struct cmdline *line, const char *fleet, const char *service, const char *version,
                       const struct new_file *files, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        auto_free char *path = beside_fleet(fleet, files[i].path);
        json_array_append_new(list, json_string(path));
        if (!cli_json(line))
            printf("%s %s\n", files[i].append ? "added to" : "wrote", path);
    }
    if (cli_json(line)) {
        json_t *json = json_pack("{s:s, s:s, s:O}", "service", service, "version", version, "files", list);
        cli_print_json(json);
        json_decref(json);
    } else {
        printf("\nNext: write it, then \"greylag validate\".\n");
    }
    json_decref(list);
}

static const char *author(void)
{
    static const char *const names[] = {"GIT_AUTHOR_NAME", "USER", "LOGNAME"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *name = cli_getenv(NULL, names[i]);
        if (name && *name)
            return name;
    }
    const struct passwd *user = getpwuid(geteuid());
    return user ? user->pw_name : "greylag"; /* Sqitch's plan needs one */
}

static bool read_line(const struct cmdline *line, const struct catalog *catalog, struct new_migration *ret,
                      struct err *err)
{
    const char *type = cmdline_value(line, "type"), *named = cmdline_value(line, "service");
    const char *service = named ? catalog_service_name(catalog, named) : NULL;
    *ret = (struct new_migration){.title = line->arguments[0],
                                  .service = service,
                                  .author = author(),
                                  .type = NEW_TYPE_COUNT,
                                  .breaking = cmdline_has(line, "breaking"),
                                  .now_us = clock_wall_us()};
    if (type && !new_type_parse(type, &ret->type)) {
        err_set(err, ERR_USAGE, "'%s' is no type of migration", type);
        return err_hint(err, "a type is ddl, dml or function");
    }
    if (!service && catalog->fleet.service_count == 1)
        ret->service = catalog->fleet.services[0].name;
    if (!ret->service)
        err_set(err, ERR_USAGE, "the fleet has several services");
    return ret->service || err_hint(err, "name the one that the migration is of: --service NAME");
}

static int create_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    auto_catalog struct catalog *catalog = NULL;
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *fleet = NULL;
    struct new_migration what;
    const struct new_file *files;
    const char *version;
    size_t count;
    bool good = cli_fleet_path(line, &fleet, &err) && cli_catalog(line, &catalog, &err) &&
                read_line(line, catalog, &what, &err) &&
                catalog_create(catalog, &what, &arena, &version, &files, &count, &err) &&
                cli_write_new(fleet, files, count, &err);
    if (good)
        print_made(line, fleet, what.service, version, files, count);
    return good ? EXIT_CODE_DONE : cmdline_fail(line, &err);
}

static const struct cmd_option options[] = {
    {"service", 's', "NAME", "the service that it is of; may be left out when there is only one", 0},
    {"type", 0, "TYPE", "ddl, dml or function: chooses the folder, where the service sorts its files so", 0},
    {"breaking", 0, NULL, "mark it as a breaking change", 0},
    CMD_OPTIONS_END};

const struct command create_command = {
    .name = "create",
    .summary = "write the files of a new migration, in the layout that its service has",
    .arguments = "NAME",
    .arguments_min = 1,
    .arguments_max = 1,
    .description = "The version is above every one that the service has, and of the same kind: the next number, or the "
                   "time. The undo is there from the start; until it is written it fails rather than do nothing. "
                   "Nothing that exists is ever written over.",
    .example = "greylag create \"add user preferences\" --service user --type ddl",
    .options = {options, cli_fleet_options, cli_json_options},
    .run = create_run,
};
