/* Diesel: a folder <version>_<name> for each migration, with up.sql and down.sql, and perhaps metadata.toml. The
 * version is the folder's name up to the first `_`, without its dashes for the order, which is that of text
 * (diesel_migrations: migrations_internals/src/lib.rs, version_from_string; diesel: src/migration/mod.rs). */
#include <string.h>

#include "catalog/side.h"

/* The folder's own name: the part of the path before "/up.sql"; NULL: it lies in no folder. */
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

/* Diesel takes any word for a version; a folder is recognised by a digit. */
static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    size_t len;
    const char *folder = folder_name(file, &len);
    return folder && (strcmp(file->base, "up.sql") == 0 || strcmp(file->base, "down.sql") == 0) &&
           (run->named || (*folder >= '0' && *folder <= '9'));
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

static bool read_name(struct layout_run *run, const struct folder_file *file, struct half *ret)
{
    size_t len = 0;
    const char *folder = folder_name(file, &len);
    const char *end = memchr(folder, '_', len);
    size_t version = end ? (size_t)(end - folder) : len;
    if (version == 0) {
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0, "call the folder <date and time>_<name>",
                    "its folder's name begins with no version");
        return false;
    }
    ret->file = file;
    ret->version = arena_strndup(run->arena, folder, version);
    ret->order = without_dashes(run->arena, ret->version);
    ret->name = end ? arena_strndup(run->arena, end + 1, len - version - 1) : "";
    ret->down = strcmp(file->base, "down.sql") == 0;
    return true;
}

/* One key. A file without it means false to Diesel (migrations_internals: TomlMetadata has `#[serde(default)]`), which
 * nobody expects who reads it; a file that Diesel cannot read means true. Here both are refused. */
static void read_metadata(struct layout_run *run, struct entry *entry)
{
    static const char *const keys[] = {"run_in_transaction"};
    const char *path = entry->file->path;
    size_t folder = (size_t)(entry->file->base - path);
    struct side_value value;
    const struct folder_file *toml =
        layout_side(run, arena_printf(run->arena, "%.*smetadata.toml", (int)folder, path));
    if (!toml || !side_read(run, toml, SIDE_TOML, keys, 1, &value))
        return;
    bool no = value.text && strcmp(value.text, "false") == 0;
    if (!no && (!value.text || strcmp(value.text, "true") != 0))
        finding_add(run->findings, ERROR, FINDING_SCRIPT_SETTINGS, toml->where, value.line,
                    "write run_in_transaction = true, or false", "%s",
                    value.text ? "run_in_transaction has to be true or false" : "run_in_transaction is not there");
    entry->no_transaction = no;
}

static const char *undo_name(const struct layout_run *run, const struct folder_file *up)
{
    return arena_printf(run->arena, "%.*sdown.sql", (int)(strlen(up->where) - strlen("up.sql")), up->where);
}

static void read_all(struct layout_run *run)
{
    struct half *halves = arena_array(run->arena, run->folder->count, sizeof *halves);
    size_t count = 0;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (claims(run, file))
            count += read_name(run, file, &halves[count]);
    }
    layout_pair(run, halves, count, true);
    for (size_t i = 0; i < run->count; i++) {
        run->entries[i].script = run->entries[i].order; /* so it stands in __diesel_schema_migrations */
        read_metadata(run, &run->entries[i]);
    }
}

const struct layout layout_diesel = {.name = "diesel",
                                     .prose = "1_name/up.sql, 1_name/down.sql",
                                     .claims = claims,
                                     .read = read_all,
                                     .undo_name = undo_name,
                                     .session_lasts = true,
                                     .history = HISTORY_DIESEL,
                                     .order = ORDER_TEXT};
