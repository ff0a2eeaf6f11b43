/* Migrations that greylag cannot read or run (Alembic's are Python programs): fleet.yml lists them under `versions:`,
 * in their order and with what comes before each. They are planned, shown and recorded; a plan that would have to run
 * one is refused. Their text counts as empty, so that a change of it is not found. */
#include <string.h>

#include "base/cleanup.h"
#include "catalog/layout.h"

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)file;
    return run->named;
}

static int line_of(const struct layout_run *run, unsigned index, const char *key)
{
    int line = 0, column;
    auto_free char *path = xasprintf("services.%s.versions.%u.%s", run->file->name, index, key);
    if (run->config)
        config_where(run->config, path, &line, &column);
    return line;
}

/* What stands for its file: the file that is named, else the fleet file. */
static const struct folder_file *file_of(struct layout_run *run, const struct version_key *key, unsigned index)
{
    struct folder_file *file = arena_new(run->arena, struct folder_file);
    const struct folder_file *named = key->file ? layout_side(run, key->file) : NULL;
    *file =
        (struct folder_file){.path = run->config_name, .base = run->config_name, .where = run->config_name, .text = ""};
    if (named)
        return named;
    if (key->file)
        finding_add(run->findings, ERROR, FINDING_DECLARED, run->config_name, line_of(run, index, "file"),
                    "write its path relative to the service's folder", "%s has no file %s (known are .py and .go)",
                    run->folder->where, key->file);
    return file;
}

static void add_version(struct layout_run *run, const char *tool, unsigned index)
{
    const struct version_key *key = &run->file->versions[index];
    struct entry entry = {.file = file_of(run, key, index),
                          .name = key->name ? arena_strdup(run->arena, key->name) : "",
                          .category = key->category ? arena_strdup(run->arena, key->category) : NULL,
                          .up = "",
                          .up_place = {.first = line_of(run, index, "version")},
                          .literal = true,
                          .refused = tool};
    entry.version = entry.order = entry.id = arena_strdup(run->arena, key->version);
    for (unsigned i = 0; i < key->depends_count; i++) {
        auto_free char *at = xasprintf("depends.%u", i);
        reference_add(run->arena, &entry.references, arena_strdup(run->arena, key->depends[i]), run->config_name,
                      line_of(run, index, at));
    }
    *layout_add(run) = entry;
}

static void read_versions(struct layout_run *run, const char *refused)
{
    for (unsigned i = 0; i < run->file->versions_count; i++)
        add_version(run, refused, i);
    if (run->file->versions_count == 0)
        finding_add(run->findings, WARNING, FINDING_EMPTY, run->folder->where, 0,
                    "list them under `versions:` of the service in the fleet file", "no migration is declared");
}

static void read_declared(struct layout_run *run)
{
    read_versions(run, "it is declared in the fleet file, and only its own tool can run it");
}

static void read_alembic(struct layout_run *run)
{
    read_versions(run, "it is a program of Alembic, and the runner for it is not built yet");
}

const struct layout layout_declared = {.name = "declared",
                                       .prose = "`versions:` in the fleet file",
                                       .claims = claims,
                                       .read = read_declared,
                                       .order = ORDER_GIVEN,
                                       .declared = true};

const struct layout layout_alembic = {.name = "alembic",
                                      .prose = "`versions:` in the fleet file, revisions of Alembic",
                                      .claims = claims,
                                      .read = read_alembic,
                                      .order = ORDER_GIVEN,
                                      .history = HISTORY_ALEMBIC,
                                      .declared = true};
