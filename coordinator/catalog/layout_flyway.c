/* Flyway: V<version>__<description>.sql, U... for the undo (flyway-core: ResourceNameParser.java, MigrationVersion.java).
 * Prefixes are case-sensitive, the suffix is not; the name is split at the first "__"; `_` in a version reads as `.`,
 * in a description as a space; V1.sql is valid. R (repeatable) and B (baseline) are known but not built yet. */
#include <string.h>
#include <strings.h>

#include "catalog/layout.h"
#include "catalog/version.h"

/* The name without ".sql": what stands before the first "__" (without the prefix), and where the rest begins. */
struct parts {
    const char *version;
    size_t version_len;
    const char *rest; /* behind "__", or the end */
    size_t rest_len;
    bool separated;
};

static bool split(const char *base, struct parts *ret)
{
    size_t len = strlen(base);
    if (len < 5 || strcasecmp(base + len - 4, ".sql") != 0)
        return false;
    len -= 4;
    const char *separator = strstr(base, "__");
    size_t head = separator && separator < base + len ? (size_t)(separator - base) : len;
    *ret = (struct parts){.version = base + 1, .version_len = head - 1, .rest = base + len, .separated = head < len};
    if (ret->separated) {
        ret->rest = separator + 2;
        ret->rest_len = len - head - 2;
    }
    return true;
}

/* A name that means to be Flyway's: a prefix, and then a digit or "__" later on. */
static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)run;
    struct parts parts;
    char prefix = file->base[0];
    if (!strchr("VURB", prefix) || !split(file->base, &parts))
        return false;
    if (prefix == 'R')
        return parts.separated && parts.version_len == 0;
    return version_is(parts.version, parts.version_len, "._") ||
           (parts.separated && parts.version_len > 0 && strchr("0123456789", parts.version[0]));
}

static const char *spaced(struct arena *arena, const char *text, size_t len, char from, char to)
{
    char *copy = arena_strndup(arena, text, len);
    for (char *p = copy; *p; p++) {
        if (*p == from)
            *p = to;
    }
    return copy;
}

/* Whether the file holds sections that only the metadata layout separates. */
static void warn_of_sections(struct layout_run *run, const struct folder_file *file)
{
    if (layout_metadata.claims(run, file))
        finding_add(run->findings, ERROR, "metadata", file->where, 0, "write `layout: metadata` for the service",
                    "the file has -- @metadata or -- UP and -- DOWN sections; as Flyway's it would run as a whole");
}

static bool read_name(struct layout_run *run, const struct folder_file *file, struct half *ret)
{
    struct parts parts;
    char prefix = file->base[0];
    if (!split(file->base, &parts))
        return false;
    if (prefix == 'R' || prefix == 'B') {
        finding_add(run->findings, ERROR, "not-built", file->where, 0, "move it out of the migrations folder",
                    "%s are known but not built yet; they are refused rather than skipped",
                    prefix == 'R' ? "repeatable migrations (R__)" : "baseline migrations (B)");
        return false;
    }
    if (!version_is(parts.version, parts.version_len, "._")) {
        finding_add(run->findings, ERROR, "bad-name", file->where, 0, "write V<numbers>__<description>.sql, as V2_1__x.sql",
                    "'%.*s' is no version: numbers separated by '.' or '_'", (int)parts.version_len, parts.version);
        return false;
    }
    const char *version = spaced(run->arena, parts.version, parts.version_len, '_', '.');
    *ret = (struct half){.file = file,
                         .version = version,
                         .order = version,
                         .name = spaced(run->arena, parts.rest, parts.rest_len, '_', ' '),
                         .down = prefix == 'U'};
    warn_of_sections(run, file);
    return true;
}

static void read_all(struct layout_run *run)
{
    struct half *halves = arena_array(run->arena, run->folder->count, sizeof *halves);
    size_t count = 0;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (claims(run, file) && read_name(run, file, &halves[count]))
            count++;
    }
    layout_pair(run, halves, count, false);
}

const struct layout layout_flyway = {
    .name = "flyway", .prose = "V1__name.sql, U1__name.sql", .claims = claims, .read = read_all, .history = HISTORY_FLYWAY, .placeholders = true};
