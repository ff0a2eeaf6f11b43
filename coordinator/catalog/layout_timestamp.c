/* Timestamp and service: <timestamp>_<sequence>_<service>_<description>.sql, with a header of comments, in folders such
 * as schema, data and seeds; what stands below rollback/ under the same name or version is the undo. The version is
 * <timestamp>_<sequence>. The sequence may be left out where a service of the fleet follows.
 *
 * Several services can keep their migrations in one folder: each takes those that its name or an alias is in. What name
 * and header say of the service has to agree, and a file may not lie where its service does not look. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "catalog/header.h"
#include "catalog/layout.h"

#define DIGITS "0123456789"

struct name {
    size_t version_len;
    const char *rest; /* service and description, without the suffix; empty in rollback/20240101_001.sql */
    size_t rest_len;
    bool sequence;
    bool down;
};

static bool lies_in_rollback(const char *path)
{
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        if (slash - path == 8 && strncasecmp(path, "rollback", 8) == 0)
            return true;
    }
    return false;
}

static bool split(const struct folder_file *file, struct name *ret)
{
    const char *base = file->base;
    size_t stamp = strspn(base, DIGITS), len = strlen(base);
    *ret = (struct name){.version_len = stamp, .down = lies_in_rollback(file->path)};
    if (stamp < 8 || stamp > 14 || len < stamp + 4 || strcasecmp(base + len - 4, ".sql") != 0)
        return false;
    const char *end = base + len - 4;
    size_t sequence = base[stamp] == '_' ? strspn(base + stamp + 1, DIGITS) : 0;
    const char *behind = base + stamp + 1 + sequence;
    if (sequence && (*behind == '_' || behind == end)) {
        ret->version_len = stamp + 1 + sequence;
        ret->sequence = true;
    }
    const char *rest = base + ret->version_len;
    if (rest < end && *rest != '_')
        return false;
    ret->rest = rest < end ? rest + 1 : end;
    ret->rest_len = (size_t)(end - ret->rest);
    return ret->rest_len > 0 || ret->down;
}

/* ---- whose it is ---- */

/* How much of `text` is that name, whole words only; '-' and '_' are the same in it. */
static size_t name_length(const char *text, size_t len, const char *name)
{
    size_t i = 0;
    for (; name[i] && i < len; i++) {
        char a = text[i] == '-' ? '_' : text[i], b = name[i] == '-' ? '_' : name[i];
        if (strncasecmp(&a, &b, 1) != 0)
            return 0;
    }
    return !name[i] && (i == len || text[i] == '_') ? i : 0;
}

/* The service with the longest name or alias that `rest` begins with; NULL: none. */
static const struct service_file *service_in(const struct layout_run *run, const struct name *name, size_t *ret_len)
{
    const struct service_file *found = NULL;
    *ret_len = 0;
    for (size_t i = 0; i < run->service_count; i++) {
        const struct service_file *service = &run->services[i];
        for (unsigned k = 0; k <= service->aliases_count; k++) {
            size_t len = name_length(name->rest, name->rest_len, k ? service->aliases[k - 1] : service->name);
            if (len > *ret_len) {
                *ret_len = len;
                found = service;
            }
        }
    }
    return found;
}

static const struct service_file *service_named(const struct layout_run *run, const char *name)
{
    for (size_t i = 0; i < run->service_count; i++) {
        const struct service_file *service = &run->services[i];
        for (unsigned k = 0; k <= service->aliases_count; k++) {
            if (strcasecmp(k ? service->aliases[k - 1] : service->name, name) == 0)
                return service;
        }
    }
    return NULL;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    struct name name;
    size_t len;
    if (!split(file, &name) || text_ends(file->base, ".up.sql") || text_ends(file->base, ".down.sql"))
        return false;
    return name.sequence || service_in(run, &name, &len) || (name.down && name.rest_len == 0);
}

/* Of the services that look into this folder, which have a migration of that version: *ret_own, *ret_others. */
static void find_version(const struct layout_run *run, const char *version, size_t version_len, bool *ret_own,
                         size_t *ret_others)
{
    *ret_own = false;
    *ret_others = 0;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        struct name name;
        size_t len;
        if (!claims(run, file) || !split(file, &name) || name.down || name.version_len != version_len ||
            memcmp(file->base, version, version_len) != 0)
            continue;
        const struct service_file *service = service_in(run, &name, &len);
        *ret_own |= service == run->file;
        *ret_others += service && service != run->file && layout_same_folder(service, run->file);
    }
}

/* An undo that is named by its version alone, or by words that are no service. */
static bool is_own_undo(struct layout_run *run, const struct folder_file *file, const struct name *name)
{
    bool own;
    size_t others;
    find_version(run, file->base, name->version_len, &own, &others);
    if (own && others)
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0, "put the service's name behind the version",
                    "several services have a migration of version %.*s, and the name does not say whose undo it is",
                    (int)name->version_len, file->base);
    return own ? others == 0 : others == 0 && !run->again;
}

static bool is_own(struct layout_run *run, const struct folder_file *file, const struct name *name, size_t *ret_service)
{
    const struct service_file *service = service_in(run, name, ret_service);
    if (service == run->file)
        return true;
    if (!service && name->down)
        return is_own_undo(run, file, name);
    if (run->again || (service && layout_same_folder(service, run->file)))
        return false;
    if (service)
        finding_add(run->findings, ERROR, FINDING_CONTRADICTION, file->where, 0,
                    arena_printf(run->arena, "correct its name, or move it to %s", service->migrations),
                    "its name says that it is of service %s, but it lies in the folder of %s", service->name,
                    run->file->name);
    else
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0,
                    "write <timestamp>_<sequence>_<service>_<description>.sql, or give the service that alias",
                    "behind the version stands '%.*s', which begins with the name or alias of no service",
                    (int)name->rest_len, name->rest);
    return false;
}

/* ---- what the header says ---- */

/* The first eight digits, dashes and such left out; false: there are fewer. */
static bool day_of(const char *text, char day[9])
{
    size_t len = 0;
    for (; *text && len < 8; text++) {
        if (*text >= '0' && *text <= '9')
            day[len++] = *text;
        else if (!strchr("-/. ", *text))
            return false;
    }
    day[len] = 0;
    return len == 8;
}

static void check_date(struct layout_run *run, const struct folder_file *file, const struct header *header)
{
    char said[9], named[9];
    if (header->date && day_of(header->date, said) && day_of(file->base, named) && strcmp(said, named) != 0)
        finding_add(run->findings, WARNING, FINDING_CONTRADICTION, file->where, header->date_line,
                    "correct the comment",
                    "its header says %s, its name %s", said, named);
}

static void check_service(struct layout_run *run, const struct folder_file *file, const struct header *header)
{
    const struct service_file *service = header->service ? service_named(run, header->service) : NULL;
    if (service && service != run->file)
        finding_add(run->findings, ERROR, FINDING_CONTRADICTION, file->where, header->service_line,
                    "correct the comment, or the file's name",
                    "its header says that it is of service %s, its name of %s", service->name, run->file->name);
    else if (header->service && !service)
        finding_add(run->findings, WARNING, FINDING_CONTRADICTION, file->where, header->service_line,
                    "correct the comment, or give the service that alias",
                    "its header says that it is of service '%s', which the fleet does not have", header->service);
}

static void check_header(struct layout_run *run, const struct folder_file *file, const struct name *name)
{
    struct references ignored = {.count = 0};
    struct header header;
    header_read(file, run->arena, &ignored, &header);
    check_service(run, file, &header);
    check_date(run, file, &header);
    if (!name->down && header.rollback_line)
        finding_add(run->findings, ERROR, FINDING_CONTRADICTION, file->where, header.rollback_line,
                    "move it to rollback/, or write -- Migration:",
                    "its header says that it is a rollback, but outside of rollback/ it would run as a migration");
    else if (name->down && header.migration_line && !header.rollback_line)
        finding_add(run->findings, ERROR, FINDING_CONTRADICTION, file->where, header.migration_line,
                    "move it out of rollback/, or write -- Rollback:",
                    "its header says that it is a migration, but it lies in rollback/ and would run as an undo");
}

/* ---- all files ---- */

static const char *description(struct arena *arena, const struct name *name, size_t service_len)
{
    size_t skip = service_len < name->rest_len ? service_len + (service_len > 0) : service_len;
    char *text = arena_strndup(arena, name->rest + skip, name->rest_len - skip);
    for (char *p = text; *p; p++) {
        if (*p == '_')
            *p = ' ';
    }
    return text;
}

static const char *undo_name(const struct layout_run *run, const struct folder_file *up)
{
    return arena_printf(run->arena, "%s/rollback/%s", run->folder->where, up->base);
}

static void read_all(struct layout_run *run)
{
    struct half *halves = arena_array(run->arena, run->folder->count, sizeof *halves);
    size_t count = 0, service_len;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        struct name name;
        if (!claims(run, file) || !split(file, &name) || !is_own(run, file, &name, &service_len))
            continue;
        layout_refuse_sections(run, file);
        check_header(run, file, &name);
        const char *version = arena_strndup(run->arena, file->base, name.version_len);
        halves[count++] = (struct half){.file = file,
                                        .version = version,
                                        .order = version,
                                        .name = description(run->arena, &name, service_len),
                                        .down = name.down};
    }
    layout_pair(run, halves, count, true);
}

const struct layout layout_timestamp = {
    .name = "timestamp",
    .prose = "20240101_001_service_name.sql, rollback/20240101_001_service_name.sql",
    .claims = claims,
    .read = read_all,
    .undo_name = undo_name,
    .checks_service = true,
    .by_psql = true,
};
