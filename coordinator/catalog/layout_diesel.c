/* Diesel: a folder <version>_<name> for each migration, with up.sql and down.sql. The version is the folder's name up to
 * the first `_`; its dashes are dropped for the order, which is that of text (diesel_migrations: MigrationVersion). */
#include <string.h>

#include "base/text.h"
#include "catalog/layout.h"

/* The folder's own name: the part of the path before "/up.sql". */
static const char *folder_name(const struct folder_file *file, size_t *ret_len)
{
    if (file->base == file->path)
        return NULL;
    const char *end = file->base - 1, *start = end;
    while (start > file->path && start[-1] != '/')
        start--;
    *ret_len = (size_t)(end - start);
    return start;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)run;
    size_t len = 0;
    bool up = strcmp(file->base, "up.sql") == 0, down = strcmp(file->base, "down.sql") == 0;
    const char *folder = up || down ? folder_name(file, &len) : NULL;
    return folder && *folder >= '0' && *folder <= '9' && memchr(folder, '_', len);
}

static const char *without_dashes(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text), *out = copy;
    for (const char *p = text; *p; p++) {
        if (*p != '-')
            *out++ = *p;
    }
    *out = 0;
    return copy;
}

static void read_all(struct layout_run *run)
{
    struct half *halves = arena_array(run->arena, run->folder->count, sizeof *halves);
    size_t count = 0;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        size_t len = 0;
        if (!claims(run, file))
            continue;
        const char *folder = folder_name(file, &len);
        size_t version = (size_t)((const char *)memchr(folder, '_', len) - folder);
        struct half *half = &halves[count++];
        half->file = file;
        half->version = arena_strndup(run->arena, folder, version);
        half->order = without_dashes(run->arena, half->version);
        half->name = arena_strndup(run->arena, folder + version + 1, len - version - 1);
        half->down = strcmp(file->base, "down.sql") == 0;
    }
    layout_pair(run, halves, count, true);
}

const struct layout layout_diesel = {
    .name = "diesel", .prose = "1_name/up.sql, 1_name/down.sql", .claims = claims, .read = read_all, .history = HISTORY_DIESEL, .order = ORDER_TEXT};
