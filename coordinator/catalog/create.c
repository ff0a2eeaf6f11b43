#include "catalog/create.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/create_internal.h"

bool new_type_parse(const char *text, enum new_type *ret_type)
{
    static const char *const texts[] = {
#define X(name, text, ...) text,
        NEW_TYPES(X)
#undef X
    };
    for (unsigned i = 0; i < COUNT_OF(texts); i++) {
        if (strcmp(texts[i], text) == 0) {
            *ret_type = (enum new_type)i;
            return true;
        }
    }
    return false;
}

/* ---- what the files of each layout look like ---- */

/* How a version is made where the service has none yet; the forms are told from a version by form_of. */
enum form {
    FORM_TIME,   /* 20240115093000 */
    FORM_DASHES, /* 2024-01-15-093000 */
    FORM_DATE,   /* 20240115_001: the next of that day, in all services */
    FORM_UNIX,   /* 1705311000 */
    FORM_NUMBER, /* the next one, as wide as the last */
    FORM_NONE,   /* the name alone */
};

#define HEADER "-- Author: {author}\n-- Date: {date}\n{breaking}\n"
#define UP_TODO "-- {title}: what it does.\n"
/* A way back that is not written must not look like one that does nothing: this fails, in every layout. */
#define NOT_WRITTEN_BEGIN "SELECT cast('the way back of "
#define NOT_WRITTEN_END " is not written yet' AS integer)"
#define NOT_WRITTEN_WORDS " is not written yet'AS integer)" /* the end, as sql_words */
#define NOT_WRITTEN NOT_WRITTEN_BEGIN "{slug}" NOT_WRITTEN_END ";\n"
#define DOWN_TODO "-- What takes it back, in the place of this statement:\n" NOT_WRITTEN

/* {words} in braces are replaced. */
static const struct template {
    const char *layout;
    enum form form;
    const char *path, *text;
    bool append;
} templates[] = {
    {"flyway", FORM_TIME, "{folder}{prefix}{version}{separator}{slug}{suffix}", HEADER UP_TODO, false},
    {"flyway", FORM_TIME, "{folder}{undo}{version}{separator}{slug}{suffix}", DOWN_TODO, false},
    {"golang-migrate", FORM_TIME, "{folder}{version}_{slug}.up.sql", HEADER UP_TODO, false},
    {"golang-migrate", FORM_TIME, "{folder}{version}_{slug}.down.sql", DOWN_TODO, false},
    {"dbmate", FORM_TIME, "{folder}{version}_{slug}.sql",
     HEADER "-- migrate:up\n" UP_TODO "\n-- migrate:down\n" DOWN_TODO, false},
    {"goose", FORM_TIME, "{folder}{version}_{slug}.sql",
     HEADER "-- +goose Up\n" UP_TODO "\n-- +goose Down\n" DOWN_TODO, false},
    {"diesel", FORM_DASHES, "{folder}{version}_{slug}/up.sql", HEADER UP_TODO, false},
    {"diesel", FORM_DASHES, "{folder}{version}_{slug}/down.sql", DOWN_TODO, false},
    {"liquibase", FORM_TIME, "{folder}{version}_{slug}.sql",
     "--liquibase formatted sql\n\n--changeset {user}:{version}-{slug}\n--comment: {title}\n" UP_TODO
     "--rollback " NOT_WRITTEN, false},
    {"sqitch", FORM_NONE, "{root}deploy/{slug}.sql", HEADER "BEGIN;\n\n" UP_TODO "\nCOMMIT;\n", false},
    {"sqitch", FORM_NONE, "{root}revert/{slug}.sql", "BEGIN;\n\n" DOWN_TODO "\nCOMMIT;\n", false},
    {"sqitch", FORM_NONE, "{root}verify/{slug}.sql",
     "BEGIN;\n\n-- What fails when it did not work.\n\nROLLBACK;\n", false},
    {"sqitch", FORM_NONE, "{root}sqitch.plan", "{slug} {moment} {author} <{user}@localhost> # {title}\n", true},
    {"timestamp", FORM_DATE, "{folder}{version}_{service}_{slug}.sql",
     "-- Migration: {title}\n-- Service: {service}\n-- Author: {author}\n-- Date: {date}\n"
     "-- Dependencies: none\n{breaking}\nBEGIN;\n\n" UP_TODO "\nCOMMIT;\n", false},
    {"timestamp", FORM_DATE, "{root}rollback/{version}_{service}_{slug}.sql",
     "-- Rollback: {title}\n-- Service: {service}\n-- Author: {author}\n-- Date: {date}\n\nBEGIN;\n\n" DOWN_TODO
     "\nCOMMIT;\n", false},
    {"metadata", FORM_TIME, "{folder}{version}_{slug}.sql",
     "-- @metadata {\n--   \"author\": \"{author}\",\n--   \"description\": \"{title}\",\n"
     "--   \"breakingChange\": {isBreaking},\n--   \"estimatedDuration\": 1000,\n--   \"dataVolume\": \"small\",\n"
     "--   \"risk\": \"{risk}\",\n--   \"tags\": []\n-- }\n\n"
     "-- UP\n" UP_TODO "\n-- DOWN\n-- TODO: what takes it back\n", false},
};

bool create_is_placeholder(const char *words)
{
    size_t len = strlen(words), tail = strlen(NOT_WRITTEN_WORDS);
    return strncasecmp(words, NOT_WRITTEN_BEGIN, strlen(NOT_WRITTEN_BEGIN)) == 0 && len > tail &&
           strcasecmp(words + len - tail, NOT_WRITTEN_WORDS) == 0;
}

/* Folders in which a type's files lie, where a service has such a folder. */
static const char *const type_folders[NEW_TYPE_COUNT][4] = {
    [NEW_DDL] = {"ddl", "schema"},
    [NEW_DML] = {"dml", "data"},
    [NEW_FUNCTION] = {"procedures", "functions", "ddl", "schema"}};

/* ---- versions ---- */

static enum form form_of(const char *version, enum form otherwise)
{
    size_t digits = strspn(version, "0123456789"), len = strlen(version);
    if (digits == 14 && len == 14)
        return FORM_TIME;
    if (digits == 10 && len == 10 && *version == '1')
        return FORM_UNIX;
    if (digits == 4 && version[4] == '-')
        return FORM_DASHES;
    if (digits == 8)
        return version[8] == '_' ? FORM_DATE : FORM_TIME;
    return digits ? FORM_NUMBER : otherwise;
}

/* The number in front of `version` and one, with its leading zeros. */
static const char *next_number(const char *version, struct arena *arena)
{
    size_t digits = strspn(version, "0123456789");
    char *next = arena_strndup(arena, version, digits);
    size_t i = digits;
    while (i > 0 && next[i - 1] == '9')
        next[--i] = '0';
    if (i > 0)
        next[i - 1]++;
    return i > 0 ? next : arena_printf(arena, "1%s", next);
}

/* The first free number of that day over all services. */
static const char *next_of_day(const struct catalog *catalog, const char *day, struct arena *arena)
{
    long highest = 0;
    for (size_t s = 0; s < catalog->fleet.service_count; s++) {
        const struct service *service = &catalog->fleet.services[s];
        for (size_t m = 0; m < service->migration_count; m++) {
            const char *version = service->migrations[m].version;
            if (strncmp(version, day, 8) == 0 && version[8] == '_' && strtol(version + 9, NULL, 10) > highest)
                highest = strtol(version + 9, NULL, 10);
        }
    }
    return arena_printf(arena, "%s_%03ld", day, highest + 1);
}

static struct tm utc(int64_t now_us)
{
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

/* The date, and the time behind `between` when that is not NULL. */
const char *create_date(int64_t now_us, const char *dash, const char *between, struct arena *arena)
{
    struct tm tm = utc(now_us);
    const char *day = arena_printf(arena, "%04d%s%02d%s%02d", tm.tm_year + 1900, dash, tm.tm_mon + 1, dash, tm.tm_mday);
    return between ? arena_printf(arena, "%s%s%02d%02d%02d", day, between, tm.tm_hour, tm.tm_min, tm.tm_sec) : day;
}

/* As Sqitch's plan has it: 2024-01-15T09:30:00Z. */
const char *create_moment(int64_t now_us, struct arena *arena)
{
    struct tm tm = utc(now_us);
    return arena_printf(arena, "%sT%02d:%02d:%02dZ", create_date(now_us, "-", NULL, arena), tm.tm_hour, tm.tm_min,
                        tm.tm_sec);
}

/* Where files stand in the order of their names, the number behind the last one may be there already. */
static bool is_taken(const struct service *service, const char *version)
{
    for (size_t m = 0; m < service->migration_count; m++) {
        if (strcmp(service->migrations[m].version, version) == 0)
            return true;
    }
    return false;
}

static const char *new_version(const struct catalog *catalog, const struct service *service, enum form form,
                               int64_t now_us, struct arena *arena)
{
    const char *last = NULL, *version = NULL;
    for (size_t m = 0; m < service->migration_count; m++) {
        if (service->migrations[m].kind == MIGRATION_VERSIONED)
            last = service->migrations[m].version;
    }
    if (last && form != FORM_NONE)
        form = form_of(last, form);
    switch (form) {
    case FORM_NONE:
        return "";
    case FORM_TIME:
        version = create_date(now_us, "", "", arena);
        break;
    case FORM_DASHES:
        version = create_date(now_us, "-", "-", arena);
        break;
    case FORM_DATE:
        return next_of_day(catalog, create_date(now_us, "", NULL, arena), arena);
    case FORM_UNIX:
        version = arena_printf(arena, "%lld", (long long)(now_us / 1000000));
        break;
    case FORM_NUMBER:
        version = next_number(last, arena);
        return is_taken(service, version) ? create_date(now_us, "", "", arena) : version;
    }
    bool above = !last || (form == FORM_DASHES ? strcmp(version, last) : text_compare_numbers(version, last)) > 0;
    return above || form == FORM_DASHES ? version : next_number(last, arena); /* a clock behind: never below the last */
}

/* ---- names ---- */

/* Letters and digits of ASCII in small letters, everything else one '_'. */
static const char *slug_of(const char *title, struct arena *arena)
{
    char *slug = arena_alloc(arena, strlen(title) + 1), *out = slug;
    for (; *title; title++) {
        char c = *title >= 'A' && *title <= 'Z' ? (char)(*title + 32) : *title;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            *out++ = c;
        else if (out > slug && out[-1] != '_')
            *out++ = '_';
    }
    while (out > slug && out[-1] == '_')
        out--;
    *out = 0;
    return slug;
}

/* Where `name` stands as a whole folder in a path: its end, with the '/'. */
static const char *folder_in(const char *path, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = path; (p = strstr(p, name)); p += len) {
        if ((p == path || p[-1] == '/') && p[len] == '/')
            return p + len + 1;
    }
    return NULL;
}

/* The folder for the new file, ending in '/': of the type, else where the last one lies. */
static const char *folder_for(const struct service *service, const char *root, enum new_type type, bool of_its_own,
                              struct arena *arena)
{
    const char *last = NULL;
    for (size_t m = service->migration_count; m-- > 0 && !last;) {
        if (service->migrations[m].kind == MIGRATION_VERSIONED)
            last = service->migrations[m].file;
    }
    for (size_t i = 0; type < NEW_TYPE_COUNT && i < COUNT_OF(type_folders[type]) && type_folders[type][i]; i++) {
        for (size_t m = service->migration_count; m-- > 0;) {
            const char *file = service->migrations[m].file, *end = folder_in(file, type_folders[type][i]);
            if (end)
                return arena_strndup(arena, file, (size_t)(end - file));
        }
    }
    const char *end = last ? strrchr(last, '/') : NULL;
    if (end && of_its_own) { /* past the migration's own folder */
        while (end > last && end[-1] != '/')
            end--;
        end = end > last ? end - 1 : NULL;
    }
    return end ? arena_strndup(arena, last, (size_t)(end + 1 - last)) : root;
}

/* ---- templates ---- */

const char *create_fill(const char *template, const struct word *words, size_t count, struct arena *arena)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    while (*template) {
        size_t used = 0;
        for (size_t i = 0; *template == '{' && !used && i < count; i++) {
            size_t len = strlen(words[i].name);
            if (strncmp(template + 1, words[i].name, len) == 0 && template[len + 1] == '}') {
                buf_adds(&out, words[i].value);
                used = len + 2;
            }
        }
        if (!used)
            buf_addc(&out, *template);
        template += used ? used : 1;
    }
    return arena_strdup(arena, buf_text(&out));
}

/* Without what would end a comment, a text in JSON, or a name in Sqitch's plan. */
static const char *plain(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);
    for (char *p = copy; *p; p++) {
        if ((unsigned char)*p < 0x20 || strchr("\"\\<>", *p))
            *p = ' ';
    }
    return copy;
}

static size_t fill_all(const char *layout, const struct word *words, size_t count, struct arena *arena,
                       struct new_file *files)
{
    size_t made = 0;
    for (size_t i = 0; i < COUNT_OF(templates); i++) {
        if (strcmp(templates[i].layout, layout) == 0)
            files[made++] = (struct new_file){.path = create_fill(templates[i].path, words, count, arena),
                                              .text = create_fill(templates[i].text, words, count, arena),
                                              .append = templates[i].append};
    }
    return made;
}

static const struct template *template_of(const char *layout)
{
    for (size_t i = 0; i < COUNT_OF(templates); i++) {
        if (strcmp(templates[i].layout, layout) == 0)
            return &templates[i];
    }
    return NULL;
}

const char *create_version(const struct catalog *catalog, const struct service *service, int64_t now_us,
                           struct arena *arena)
{
    const struct template *template = template_of(service->layout);
    return template ? new_version(catalog, service, template->form, now_us, arena) : NULL;
}

bool catalog_create(const struct catalog *catalog, const struct new_migration *what, struct arena *arena,
                    const char **ret_version, const struct new_file **ret_files, size_t *ret_count, struct err *err)
{
    size_t index = 0;
    if (!catalog_find_service(catalog, what->service, &index, err))
        return false;
    const struct service *service = &catalog->fleet.services[index];
    const struct catalog_naming *naming = &catalog->naming[index];
    const struct template *template = template_of(service->layout);
    const char *slug = slug_of(what->title, arena);
    if (!template) {
        err_set(err, ERR_INPUT, "migrations of the %s layout are not SQL files that could be made here",
                service->layout);
        return err_hint(err, "make it with the tool that the service uses");
    }
    if (!*slug)
        return err_set(err, ERR_INPUT, "'%s' holds no letter or digit of a file's name (a to z, 0 to 9)", what->title);
    const char *root = arena_printf(arena, "%s/", naming->folder);
    const char *author = plain(what->author, arena), *user = slug_of(author, arena);
    bool nested = template->form == FORM_DASHES;
    *ret_version = create_version(catalog, service, what->now_us, arena);
    const struct word words[] = {
        {"root", root},
        {"folder", folder_for(service, root, what->type, nested, arena)},
        {"version", *ret_version},
        {"slug", slug},
        {"service", service->name},
        {"title", plain(what->title, arena)},
        {"author", author},
        {"user", *user ? user : "greylag"},
        {"date", create_date(what->now_us, "-", NULL, arena)},
        {"moment", create_moment(what->now_us, arena)},
        {"breaking", what->breaking ? "-- Breaking: true\n" : ""},
        {"isBreaking", what->breaking ? "true" : "false"},
        {"risk", what->breaking ? "high" : "low"},
        {"prefix", naming->prefix},
        {"undo", naming->undo_prefix},
        {"separator", naming->separator},
        {"suffix", naming->suffix},
    };
    struct new_file *files = arena_array(arena, COUNT_OF(templates), sizeof *files);
    *ret_count = fill_all(service->layout, words, COUNT_OF(words), arena, files);
    *ret_files = files;
    return true;
}
