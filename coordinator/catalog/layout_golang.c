/* golang-migrate: <number>_<name>.up.sql and .down.sql (source/parse.go: ^([0-9]+)_(.*)\.(down|up)\.(.*)$). */
#include <string.h>

#include "base/text.h"
#include "catalog/layout.h"

static bool split(const struct folder_file *file, struct arena *arena, struct half *ret)
{
    size_t digits = strspn(file->base, "0123456789");
    bool down = text_ends(file->base, ".down.sql");
    size_t len = strlen(file->base), tail = strlen(down ? ".down.sql" : ".up.sql");
    if (digits == 0 || file->base[digits] != '_' || !(down || text_ends(file->base, ".up.sql")))
        return false;
    if (len < digits + 1 + tail)
        return false;
    if (arena) {
        const char *version = arena_strndup(arena, file->base, digits);
        *ret = (struct half){.file = file,
                             .version = version,
                             .order = version,
                             .name = arena_strndup(arena, file->base + digits + 1, len - tail - digits - 1),
                             .down = down};
    }
    return true;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)run;
    return split(file, NULL, NULL);
}

static const char *undo_name(const struct layout_run *run, const struct folder_file *up)
{
    return arena_printf(run->arena, "%.*s.down.sql", (int)(strlen(up->where) - strlen(".up.sql")), up->where);
}

static void read_all(struct layout_run *run)
{
    struct half *halves = arena_array(run->arena, run->folder->count, sizeof *halves);
    size_t count = 0;
    for (size_t i = 0; i < run->folder->count; i++)
        count += split(&run->folder->files[i], run->arena, &halves[count]);
    layout_pair(run, halves, count, true);
}

const struct layout layout_golang_migrate = {.name = "golang-migrate",
                                             .prose = "1_name.up.sql, 1_name.down.sql",
                                             .claims = claims,
                                             .read = read_all,
                                             .undo_name = undo_name,
                                             .session_lasts = true,
                                             .history = HISTORY_GOLANG_MIGRATE};
