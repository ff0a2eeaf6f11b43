/* `greylag baseline --from-database`: the file of a baseline, from what pg_dump says of a database. With the rights of
 * who runs it: neither the coordinator nor a worker has a part in it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/create.h"
#include "cli/cli_internal.h"
#include "pg/pg.h"
#include "proc/child.h"

#define CONNECT_MS 10000
#define DUMP_MS (10 * 60000)
#define ARGUMENTS_MAX 32

/* ---- the database ---- */

/* P8: what is on a command line is in the process list. */
static bool check_no_password(const char *conninfo, struct err *err)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    bool any = false;
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        any = any || (strcmp(o->keyword, "password") == 0 && o->val && *o->val);
    PQconninfoFree(options);
    if (!any)
        return pg_conninfo_check(conninfo, err);
    err_set(err, ERR_USAGE, "--database holds a password, which others can see in the process list");
    return err_hint(err, "Give it as PGPASSWORD, in a password file (~/.pgpass) or in a service file.");
}

/* "user@host:port/database", fit for a comment. */
static bool describe(const char *conninfo, struct arena *arena, const char **ret_origin, struct err *err)
{
    struct pg *pg;
    if (!pg_open(conninfo, "greylag baseline", CONNECT_MS, &pg, err)) {
        err_prefix(err, "the database");
        return err_hint(err, "Name it with --database or PGHOST, PGPORT, PGDATABASE, PGUSER, PGSERVICE.");
    }
    char *origin = arena_strdup(arena, pg_describe(pg));
    pg_close(pg);
    for (char *p = origin; *p; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
    *ret_origin = origin;
    return true;
}

/* ---- pg_dump ---- */

/* The record of a tool is no part of the service's schema. pg_dump's patterns want quotes around a name that is to be
 * taken as it is. NULL: it keeps none. */
static const char *without_record(enum history_tool tool, const char *named, struct arena *arena)
{
    const struct history_name name = history_name(tool, named);
    const char *schema = name.schema_len ? arena_printf(arena, "\"%.*s\"", (int)name.schema_len, name.schema) : "*";
    if (!*name.table)
        return NULL;
    if (strchr(history_tool_table(tool), '.')) /* a registry: all of it */
        return arena_printf(arena, "--exclude-schema=%s", schema);
    return arena_printf(arena, "--exclude-table=%s.\"%s\"", schema, name.table);
}

static bool run_dump(const struct service *service, const char *conninfo, struct arena *arena, struct buf *out,
                     struct err *err)
{
    const char *argv[ARGUMENTS_MAX] = {"pg_dump", "--schema-only", "--no-owner", "--no-privileges",
                                       "--exclude-schema=greylag"};
    size_t count = 5;
    const char *const records[] = {
        without_record(service->history, NULL, arena), without_record(service->history, service->history_table, arena),
        service->history == HISTORY_LIQUIBASE ? "--exclude-table=*.databasechangeloglock" : NULL};
    for (size_t i = 0; i < COUNT_OF(records); i++)
        if (records[i])
            argv[count++] = records[i];
    if (*conninfo) {
        argv[count++] = "-d";
        argv[count++] = conninfo;
    }
    FILE *file = tmpfile();
    if (!file)
        return err_errno(err, "a temporary file");
    int status = 1;
    const struct child_options options = {.argv = argv, .output = fileno(file)};
    bool ran = child_run(&options, DUMP_MS, &status, err);
    if (!ran)
        err_prefix(err, "pg_dump");
    else if (status != 0)
        ran = err_set(err, ERR_DATABASE, "pg_dump ended with exit code %d", status);
    auto_free char *path = xasprintf("/dev/fd/%d", fileno(file));
    ran = ran && buf_read_file(out, path, err);
    fclose(file);
    return ran;
}

/* Settings of pg_dump's own session, at its head: inside a migration they would change the worker's. */
static bool is_dropped(const char *line, bool head)
{
    static const char *const settings[] = {
        "statement_timeout",   "lock_timeout",        "idle_in_transaction_session_timeout",
        "transaction_timeout", "client_encoding",     "standard_conforming_strings",
        "xmloption",           "client_min_messages", "row_security"};
    if (text_starts(line, "\\restrict ") || text_starts(line, "\\unrestrict "))
        return true;
    if (head && text_starts(line, "SELECT pg_catalog.set_config('search_path'"))
        return true;
    for (size_t i = 0; head && i < COUNT_OF(settings); i++)
        if (text_starts(line, "SET ") && text_starts(line + 4, settings[i]) && line[4 + strlen(settings[i])] == ' ')
            return true;
    return false;
}

/* The schema without what only a session of psql can do, and with settings that end with the transaction. */
static void clean_dump(const char *text, struct buf *out)
{
    bool head = true;
    for (size_t len; *text; text += len) {
        len = strcspn(text, "\n");
        len += text[len] == '\n';
        bool local = text_starts(text, "SET default_t") || (head && text_starts(text, "SET check_function_bodies "));
        head = head && !text_starts(text, "CREATE ");
        if (is_dropped(text, head))
            continue;
        if (local)
            buf_adds(out, "SET LOCAL ");
        buf_add(out, local ? text + 4 : text, local ? len - 4 : len);
    }
}

/* ---- the file ---- */

static bool read_what(const struct cmdline *line, const char *service, struct new_baseline *ret, struct err *err)
{
    static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    *ret = (struct new_baseline){.service = service, .version = cmdline_value(line, "version"), .sql = "", .origin = "",
                                 .now_us = clock_wall_us()};
    if (ret->version && (!*ret->version || strspn(ret->version, fine) != strlen(ret->version)))
        return err_set(err, ERR_USAGE, "--version: \"%s\" cannot be part of a file's name", ret->version);
    return true;
}

/* The version under which the new file is known now. */
static const char *known_version(const struct cmdline *line, const char *service, const char *path, struct arena *arena)
{
    struct catalog *catalog;
    const char *found = NULL;
    if (!cli_catalog(line, &catalog, NULL))
        return NULL;
    const struct service *owner = fleet_service(&catalog->fleet, service);
    for (size_t m = 0; owner && m < owner->migration_count; m++)
        if (strcmp(owner->migrations[m].file, path) == 0)
            found = arena_strdup(arena, owner->migrations[m].version);
    catalog_free(catalog);
    return found;
}

static void print_made(const struct cmdline *line, const char *service, const char *version,
                       const struct new_file *files, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_string(files[i].path));
        if (!cli_json(line))
            printf("%s %s\n", files[i].append ? "added to" : "wrote", files[i].path);
    }
    json_t *json = json_pack("{s:s, s:s, s:o}", "service", service, "version", version, "files", list);
    if (cli_json(line))
        cli_print_json(json);
    else
        cli_tell("\nNext: read it, \"greylag validate\", then\n  greylag baseline --service %s --version %s\nrecords "
                 "it for the databases that are there. New ones begin with it at the next up.\n", service, version);
    json_decref(json);
}

int cli_baseline_write(const struct cmdline *line, const struct catalog *catalog, const char *service)
{
    struct err err = ERR_INIT;
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *fleet = NULL;
    auto_buf struct buf dump = BUF_INIT(MIGRATION_MAX), sql = BUF_INIT(2 * MIGRATION_MAX);
    const char *conninfo = cmdline_value(line, "database"), *version;
    const struct new_file *files;
    struct new_baseline what;
    size_t count;
    conninfo = conninfo ? conninfo : "";
    /* first without the schema, so that what is refused is refused before a database is asked */
    bool good = read_what(line, service, &what, &err) && check_no_password(conninfo, &err) &&
                cli_fleet_path(line, &fleet, &err) &&
                catalog_create_baseline(catalog, &what, &arena, &version, &files, &count, &err) &&
                describe(conninfo, &arena, &what.origin, &err) &&
                run_dump(fleet_service(&catalog->fleet, service), conninfo, &arena, &dump, &err);
    if (good) {
        clean_dump(buf_text(&dump), &sql);
        what.sql = buf_text(&sql);
        good = catalog_create_baseline(catalog, &what, &arena, &version, &files, &count, &err) &&
               cli_write_new(fleet, files, count, &err);
    }
    if (!good)
        return cmdline_fail(line, &err);
    const char *known = known_version(line, service, files[0].path, &arena);
    print_made(line, service, known && *known ? known : version, files, count);
    return EXIT_CODE_DONE;
}
