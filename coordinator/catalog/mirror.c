#include "catalog/mirror.h"

#include <string.h>

#include "base/text.h"

#define HIGHEST "9223372036854775807" /* of a bigint */

/* The columns of the tools' tables (worker/foreign/sql: *_create.sql). */
static const struct {
    size_t longest; /* characters of a version, without dashes where the tool drops them; 0: any */
    bool number;    /* a bigint */
    const char *refused; /* it cannot be kept at all */
} limits[HISTORY_TOOL_COUNT] = {
    [HISTORY_NONE] = {0, false, "no tool keeps a record of this layout that could be mirrored"},
    [HISTORY_FLYWAY] = {50, false, NULL},
    [HISTORY_GOLANG_MIGRATE] = {0, true, NULL},
    [HISTORY_GOOSE] = {0, true, NULL},
    [HISTORY_DIESEL] = {50, false, NULL},
    [HISTORY_ALEMBIC] = {0, false, "which revisions are heads, Alembic alone knows: it keeps alembic_version itself"},
};

static size_t length_of(const char *version)
{
    size_t count = 0;
    for (; *version; version++)
        count += *version != '-';
    return count;
}

/* Sqitch's tables have fixed names in a schema that has not. */
static void check_registry(const struct service *service, const char *where, struct findings *findings)
{
    const char *own = strchr(history_tool_table(service->history), '.');
    const char *named = service->history_table ? strchr(service->history_table, '.') : NULL;
    if (own && named && strcmp(own, named) != 0)
        finding_add(findings, ERROR, FINDING_MIRROR, where, 0, "write the name of the registry's schema alone",
                    "`history_table: %s`: %s's record is always called %s, in a schema of any name",
                    service->history_table, history_tool_text(service->history), own + 1);
}

void mirror_check(const struct service *service, const char *where, struct findings *findings)
{
    check_registry(service, where, findings);
    if (!service->mirror)
        return;
    if (limits[service->history].refused)
        finding_add(findings, ERROR, FINDING_MIRROR, where, 0, "remove `mirror_history`", "layout %s: %s",
                    service->layout,
                    limits[service->history].refused);
    for (size_t i = 0; i < service->migration_count; i++) {
        const struct migration *migration = &service->migrations[i];
        size_t longest = limits[service->history].longest, length = length_of(migration->version);
        if (longest && length > longest)
            finding_add(findings, ERROR, FINDING_MIRROR, migration->file, 0,
                        "remove `mirror_history`, or shorten the version",
                        "a version of %zu characters has no room in %s's table, which takes %zu", length,
                        history_tool_text(service->history), longest);
        if (limits[service->history].number && text_compare_numbers(migration->version, HIGHEST) > 0)
            finding_add(findings, ERROR, FINDING_MIRROR, migration->file, 0, "remove `mirror_history`",
                        "the version is higher than %s's table can hold, which is " HIGHEST,
                        history_tool_text(service->history));
    }
}
