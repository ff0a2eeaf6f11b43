#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "dev/dev_internal.h"
#include "pg/pg.h"
#include "proc/signals.h"

#define START_LIMIT_MS 60000

/* Folder of the newest initdb: Debian's, or what PATH has. */
static bool find_server(struct dev *dev, const char **ret_folder, struct err *err)
{
    const char *best = NULL;
    long newest = 0;
    glob_t found = {0};
    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
            if (version > newest) {
                newest = version;
                best = dev_text(dev, "%.*s", (int)(strlen(found.gl_pathv[i]) - strlen("/initdb")), found.gl_pathv[i]);
            }
        }
    globfree(&found);
    const char *path = getenv("PATH");
    for (const char *at = path; !best && at && *at;) {
        size_t len = strcspn(at, ":");
        const char *folder = dev_text(dev, "%.*s", (int)len, at);
        if (access(dev_text(dev, "%s/initdb", folder), X_OK) == 0)
            best = folder;
        at += len + (at[len] == ':');
    }
    if (best) {
        *ret_folder = best;
        return true;
    }
    err_set(err, ERR_SYSTEM, "no PostgreSQL server is installed (no initdb in /usr/lib/postgresql or PATH)");
    return err_hint(err, "install it (Debian: apt-get install postgresql), or name a server with --postgres CONNINFO");
}

/* Who runs the server: ourselves, or `postgres` when we are root. */
static bool find_user(uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
    *ret_uid = 0;
    *ret_gid = 0;
    if (geteuid() != 0)
        return true;
    const struct passwd *user = getpwnam("postgres");
    if (!user) {
        err_set(err, ERR_SYSTEM, "PostgreSQL does not run as root, and there is no user postgres to run it");
        return err_hint(err, "run this as another user, or name a server with --postgres CONNINFO");
    }
    *ret_uid = user->pw_uid;
    *ret_gid = user->pw_gid;
    return true;
}

static bool make_cluster(const char *programs, const char *data, const struct child_options *as, struct err *err)
{
    char program[4096];
    text_format(program, sizeof program, "%s/initdb", programs);
    const char *argv[] = {program, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                          "--no-locale", "--no-sync", NULL};
    struct child_options options = *as;
    options.argv = argv;
    int status;
    if (!child_run(&options, START_LIMIT_MS, &status, err))
        return false;
    return status == 0 || err_set(err, ERR_SYSTEM, "initdb failed with exit code %d", status);
}

static bool wait_ready(struct dev *dev, struct err *err)
{
    int64_t deadline = clock_mono_ms() + START_LIMIT_MS;
    int status;
    while (PQping(dev->conninfo) != PQPING_OK) {
        if (child_wait(&dev->server, 20, &status))
            return err_set(err, ERR_SYSTEM, "PostgreSQL ended with exit code %d while it started", status);
        if (signals_stop())
            return err_set(err, ERR_CONFLICT, "interrupted");
        if (clock_mono_ms() > deadline)
            return err_set(err, ERR_TIMEOUT, "PostgreSQL did not get ready within %d s", START_LIMIT_MS / 1000);
    }
    return true;
}

static size_t target_total(const struct dev *dev)
{
    size_t count = 0;
    for (size_t i = 0; i < dev->catalog->fleet.service_count; i++)
        count += dev->catalog->fleet.services[i].target_count;
    return count;
}

bool dev_postgres_start(struct dev *dev, struct err *err)
{
    struct child_options options = {0};
    const char *programs = NULL;
    if (!find_server(dev, &programs, err) || !find_user(&options.uid, &options.gid, err))
        return false;
    const char *home = dev_text(dev, "%s/postgres", dev->folder);
    const char *log = dev_text(dev, "%s/log/postgres.log", dev->folder);
    if (strlen(home) > 80) {
        err_set(err, ERR_USAGE, "%s is too long for a socket's path", home);
        return err_hint(err, "name a shorter folder with --keep-files, or unset TMPDIR");
    }
    if (mkdir(home, 0700) || (options.uid && chown(home, options.uid, options.gid)))
        return err_errno(err, "making %s", home);
    int output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0)
        return err_errno(err, "%s", log);
    options.output = options.error = output;
    options.directory = home;
    const char *data = dev_text(dev, "%s/data", home);
    const char *server = dev_text(dev, "%s/postgres", programs);
    const char *connections = dev_text(dev, "max_connections=%zu", 60 + 8 * target_total(dev));
    /* nothing in it is to outlive the machine */
    const char *argv[] = {server, "-D", data, "-k", home, "-c", "listen_addresses=", "-c", connections,
                          "-c", "shared_buffers=64MB", "-c", "fsync=off", NULL};
    dev->conninfo = dev_text(dev, "host=%s port=5432 user=postgres dbname=postgres", home);
    bool ok = make_cluster(programs, data, &options, err);
    options.argv = argv;
    ok = ok && child_start(&options, &dev->server, err);
    close(output);
    ok = ok && wait_ready(dev, err);
    if (!ok) {
        err_prefix(err, "starting a private PostgreSQL: ");
        err_hint(err, "its log is %s", log);
    }
    return ok;
}

void dev_postgres_stop(struct dev *dev)
{
    /* SIGINT closes in good order, for a folder that is kept; SIGQUIT at once, for one that goes. */
    child_stop(&dev->server, dev->keep ? SIGINT : SIGQUIT, 20000);
}

/* `conninfo` with another database, in the arena. */
static bool with_database(struct dev *dev, const char *conninfo, const char *name, const char **ret, struct err *err)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    if (!options)
        return err_set(err, ERR_USAGE, "--postgres: this connection string cannot be read");
    struct buf text = BUF_INIT(16384);
    for (int pass = 0; pass < 2; pass++)
        for (PQconninfoOption *option = options; option->keyword; option++) {
            bool is_name = text_equal(option->keyword, "dbname");
            if (is_name != (pass == 1) || (!is_name && !option->val))
                continue;
            buf_addf(&text, "%s%s='", pass || text.len ? " " : "", option->keyword);
            for (const char *at = is_name ? name : option->val; *at; at++) {
                if (*at == '\'' || *at == '\\')
                    buf_addc(&text, '\\');
                buf_addc(&text, *at);
            }
            buf_addc(&text, '\'');
        }
    PQconninfoFree(options);
    *ret = dev_text(dev, "%s", buf_text(&text));
    buf_release(&text);
    return true;
}

static bool create_database(struct dev *dev, struct pg *pg, const char *name, const char **ret_conninfo,
                            struct err *err)
{
    auto_pgresult PGresult *found = NULL;
    auto_buf struct buf text = BUF_INIT(4096);
    if (!with_database(dev, dev->conninfo, name, ret_conninfo, err) ||
        !pg_exec(pg, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1, (const char *const[]){name}, &found,
                 err))
        return false;
    if (PQntuples(found) > 0)
        return true;
    buf_adds(&text, "CREATE DATABASE ");
    pg_add_identifier(pg, &text, name);
    return pg_run(pg, buf_text(&text), NULL, NULL, err);
}

static bool create_schema(const char *conninfo, const char *schema, struct err *err)
{
    struct pg *pg;
    if (!pg_open(conninfo, "greylag dev", 10000, &pg, err))
        return false;
    auto_buf struct buf text = BUF_INIT(4096);
    buf_adds(&text, "CREATE SCHEMA IF NOT EXISTS ");
    pg_add_identifier(pg, &text, schema);
    bool ok = pg_run(pg, buf_text(&text), NULL, NULL, err);
    pg_close(pg);
    return ok;
}

static const struct catalog_dev_target *placement(const struct dev *dev, const char *target)
{
    for (size_t i = 0; i < dev->catalog->dev_target_count; i++)
        if (text_equal(dev->catalog->dev_targets[i].target, target))
            return &dev->catalog->dev_targets[i];
    return NULL;
}

/* Whether another service has a target of this name: then the database's name says whose it is. */
static bool name_shared(const struct fleet *fleet, const char *target)
{
    int count = 0;
    for (size_t i = 0; i < fleet->service_count; i++)
        for (size_t k = 0; k < fleet->services[i].target_count; k++)
            count += text_equal(fleet->services[i].targets[k], target);
    return count > 1;
}

static bool create_all(struct dev *dev, struct pg *pg, struct err *err)
{
    const struct fleet *fleet = &dev->catalog->fleet;
    size_t at = 0, total = target_total(dev);
    const char **databases = arena_alloc(&dev->arena, (total + 1) * sizeof *databases);
    const char **schemas = arena_alloc(&dev->arena, (total + 1) * sizeof *schemas);
    for (size_t i = 0; i < fleet->service_count; i++)
        for (size_t k = 0; k < fleet->services[i].target_count; k++, at++) {
            const char *target = fleet->services[i].targets[k];
            const struct catalog_dev_target *place = placement(dev, target);
            const char *name = place && place->database ? place->database
                               : name_shared(fleet, target)
                                   ? dev_text(dev, "%s-%s", fleet->services[i].name, target)
                                   : target;
            schemas[at] = place ? place->schema : NULL;
            if (!create_database(dev, pg, name, &databases[at], err) ||
                (schemas[at] && !create_schema(databases[at], schemas[at], err)))
                return err_prefix(err, "database of target %s: ", target);
        }
    dev->databases = databases;
    dev->schemas = schemas;
    return create_database(dev, pg, "greylag-control", &dev->control, err);
}

bool dev_databases(struct dev *dev, struct err *err)
{
    struct pg *pg;
    if (!pg_open(dev->conninfo, "greylag dev", 10000, &pg, err))
        return false;
    bool ok = create_all(dev, pg, err);
    pg_close(pg);
    return ok;
}
