/* The file of a baseline, in the layout that its service has. Only Flyway knows files that stand for those before them;
 * elsewhere it is a first migration, of a service that has none. It has no way back. */
#include <string.h>

#include "base/cleanup.h"
#include "catalog/create_internal.h"

#define MADE "-- The baseline of service {service}: made from the schema of {origin} on {date}\n"
#define NO_WAY_BACK "SELECT cast('a baseline has no way back' AS integer);\n"

/* {words} in braces are replaced; the schema comes between head and tail. */
static const struct template {
    const char *layout, *path, *head, *tail;
    bool append;
} templates[] = {
    {"flyway", "{root}{baseline}{version}{separator}baseline{suffix}", MADE "\n", "", false},
    {"golang-migrate", "{root}{version}_baseline.up.sql", MADE "\n", "", false},
    {"dbmate", "{root}{version}_baseline.sql", MADE "\n-- migrate:up\n", "\n-- migrate:down\n" NO_WAY_BACK, false},
    {"goose", "{root}{version}_baseline.sql", MADE "\n-- +goose Up\n-- +goose StatementBegin\n",
     "-- +goose StatementEnd\n", false},
    {"diesel", "{root}{version}_baseline/up.sql", MADE "\n", "", false},
    {"liquibase", "{root}{version}_baseline.sql",
     "--liquibase formatted sql\n\n" MADE
     "--changeset greylag:{version}-baseline splitStatements:false stripComments:false\n", "", false},
    {"sqitch", "{root}deploy/baseline.sql", MADE "BEGIN;\n\n", "\nCOMMIT;\n", false},
    {"sqitch", "{root}sqitch.plan", "baseline {moment} greylag <greylag@localhost> # baseline of {origin}\n", NULL,
     true},
    {"timestamp", "{root}{version}_{service}_baseline.sql",
     "-- Migration: baseline\n-- Service: {service}\n-- Author: greylag\n-- Date: {date}\n-- Dependencies: none\n" MADE
     "\nBEGIN;\n\n",
     "\nCOMMIT;\n", false},
    {"metadata", "{root}{version}_baseline.sql",
     "-- @metadata {\n--   \"author\": \"greylag\",\n--   \"description\": \"baseline\",\n"
     "--   \"breakingChange\": false,\n--   \"estimatedDuration\": 1000,\n--   \"dataVolume\": \"small\",\n"
     "--   \"risk\": \"low\",\n--   \"tags\": []\n-- }\n" MADE "\n-- UP\n", "", false},
};

static const char *last_version(const struct service *service)
{
    for (size_t m = service->migration_count; m-- > 0;) {
        if (service->migrations[m].kind == MIGRATION_VERSIONED)
            return service->migrations[m].version;
    }
    return NULL;
}

/* The version, and whether such a file can be at all. */
static bool choose_version(const struct catalog *catalog, const struct new_baseline *what,
                           const struct service *service, struct arena *arena, const char **ret_version,
                           struct err *err)
{
    const char *fresh = create_version(catalog, service, what->now_us, arena), *last = last_version(service);
    bool stands_for_others = strcmp(service->layout, "flyway") == 0;
    if (!fresh) {
        err_set(err, ERR_INPUT, "migrations of the %s layout are not SQL files that could be made here",
                service->layout);
        return err_hint(err, "make it with the tool that the service uses, then greylag baseline --version VERSION");
    }
    if (last && !stands_for_others) {
        err_set(err, ERR_INPUT, "service %s has migrations already (the last is %s), and the %s layout has no file "
                                "that stands for them", service->name, last, service->layout);
        return err_hint(err, "new databases begin with its migrations; for those that are there: greylag baseline "
                             "--service %s --version %s", service->name, last);
    }
    *ret_version = what->version ? what->version : last ? last : fresh;
    return true;
}

static struct new_file file_of(const struct template *template, const struct word *words, size_t count, const char *sql,
                               struct arena *arena)
{
    const char *head = create_fill(template->head, words, count, arena);
    const char *text = template->tail
                           ? arena_printf(arena, "%s%s%s", head, sql, create_fill(template->tail, words, count, arena))
                           : head;
    return (struct new_file){
        .path = create_fill(template->path, words, count, arena), .text = text, .append = template->append};
}

bool catalog_create_baseline(const struct catalog *catalog, const struct new_baseline *what, struct arena *arena,
                             const char **ret_version, const struct new_file **ret_files, size_t *ret_count,
                             struct err *err)
{
    size_t index = 0, count = 0;
    if (!catalog_find_service(catalog, what->service, &index, err))
        return false;
    const struct service *service = &catalog->fleet.services[index];
    const struct catalog_naming *naming = &catalog->naming[index];
    if (!choose_version(catalog, what, service, arena, ret_version, err))
        return false;
    const struct word words[] = {
        {"root", arena_printf(arena, "%s/", naming->folder)},
        {"version", *ret_version},
        {"service", service->name},
        {"origin", what->origin},
        {"date", create_date(what->now_us, "-", NULL, arena)},
        {"moment", create_moment(what->now_us, arena)},
        {"baseline", naming->baseline_prefix},
        {"separator", naming->separator},
        {"suffix", naming->suffix},
    };
    struct new_file *files = arena_array(arena, COUNT_OF(templates), sizeof *files);
    for (size_t i = 0; i < COUNT_OF(templates); i++) {
        if (strcmp(templates[i].layout, service->layout) == 0)
            files[count++] = file_of(&templates[i], words, COUNT_OF(words), what->sql, arena);
    }
    *ret_files = files;
    *ret_count = count;
    return true;
}
