#include "catalog/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/version.h"

/* The metadata layout comes first: it is known by its text, whatever its files are called. */
static const struct layout *const layouts[] = {&layout_metadata, &layout_diesel, &layout_golang_migrate,
                                               &layout_flyway};

const struct layout *layout_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        if (strcmp(layouts[i]->name, name) == 0)
            return layouts[i];
    }
    return NULL;
}

int layout_compare(const struct layout *layout, const char *a, const char *b)
{
    return layout->text_order ? strcmp(a, b) : version_compare(a, b);
}

struct entry *layout_add(struct layout_run *run)
{
    if (run->count == run->room) {
        size_t room = run->room ? 2 * run->room : 64;
        struct entry *entries = arena_array(run->arena, room, sizeof *entries);
        if (run->count)
            memcpy(entries, run->entries, run->count * sizeof *entries);
        run->entries = entries;
        run->room = room;
    }
    return &run->entries[run->count++];
}

void reference_add(struct arena *arena, struct references *references, const char *text, const char *file, int line)
{
    if (references->count == references->room) {
        size_t room = references->room ? 2 * references->room : 4;
        struct reference *items = arena_array(arena, room, sizeof *items);
        if (references->count)
            memcpy(items, references->items, references->count * sizeof *items);
        references->items = items;
        references->room = room;
    }
    references->items[references->count++] = (struct reference){text, file, line};
}

static const struct layout *owner_of(const struct folder_file *file)
{
    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        if (layouts[i]->claims(file))
            return layouts[i];
    }
    return NULL;
}

/* The one layout of the folder's files, or NULL with a finding. */
static const struct layout *recognise(struct layout_run *run)
{
    const struct layout *found = NULL;
    const struct folder_file *example[COUNT_OF(layouts)] = {NULL};
    size_t seen[COUNT_OF(layouts)] = {0}, kinds = 0;
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct layout *owner = owner_of(&run->folder->files[i]);
        for (size_t k = 0; owner && k < COUNT_OF(layouts); k++) {
            if (layouts[k] == owner && seen[k]++ == 0) {
                example[k] = &run->folder->files[i];
                found = owner;
                kinds++;
            }
        }
    }
    if (kinds == 1)
        return found;
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    for (size_t k = 0; k < COUNT_OF(layouts); k++) {
        if (kinds > 1 && seen[k])
            buf_addf(&text, "%s%s: %zu (%s)", text.len ? ", " : "", layouts[k]->name, seen[k], example[k]->path);
        else if (kinds == 0)
            buf_addf(&text, "%s%s (%s)", text.len ? ", " : "", layouts[k]->name, layouts[k]->prose);
    }
    if (kinds > 1)
        finding_add(run->findings, ERROR, "mixed-layout", run->folder->where, 0,
                    "keep one layout in a folder, or name the one to read with `layout:`",
                    "files of several layouts: %s", buf_text(&text));
    else
        finding_add(run->findings, ERROR, "unknown-layout", run->folder->where, 0,
                    "rename the files, or name the layout with `layout:`", "no known layout fits, for example %s; known: %s",
                    run->folder->files[0].path, buf_text(&text));
    return NULL;
}

/* Nothing is skipped in silence. */
static void name_strangers(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (run->layout->claims(file))
            continue;
        finding_add(run->findings, run->named ? WARNING : ERROR, "skipped-file", file->where, 0,
                    run->named ? "" : "rename it, move it away, or write `layout:` in the fleet file to skip such files",
                    "its name is none of the %s layout (%s)", run->layout->name, run->layout->prose);
    }
}

static int by_version(const void *a, const void *b, void *layout)
{
    const struct entry *x = a, *y = b;
    int order = layout_compare(layout, x->order, y->order);
    if (order == 0)
        order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file->path, y->file->path);
}

static void set_ids(struct layout_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *entry = &run->entries[i], *before = i ? entry - 1 : NULL;
        entry->id = run->by_name ? arena_printf(run->arena, "%s_%s", entry->version, entry->name) : entry->version;
        if (!before || layout_compare(run->layout, before->order, entry->order) != 0)
            continue;
        if (run->by_name && strcmp(before->name, entry->name) != 0)
            continue;
        finding_add(run->findings, ERROR, "duplicate-version", entry->file->where, 0,
                    run->by_name ? "give one of them another version or name"
                                 : "give one of them another version, or write `duplicate_versions: by-name` for the service",
                    "version %s stands twice: %s and %s", entry->version, before->file->where, entry->file->where);
    }
}

void layout_read(struct layout_run *run, const char *name)
{
    run->named = name != NULL;
    if (run->folder->count == 0) {
        run->layout = name ? layout_by_name(name) : &layout_flyway;
        finding_add(run->findings, WARNING, "empty", run->folder->where, 0, "", "no .sql file in the migrations folder");
        return;
    }
    run->layout = name ? layout_by_name(name) : recognise(run);
    if (!run->layout)
        return;
    name_strangers(run);
    run->layout->read(run);
    struct layout layout = *run->layout;
    if (run->count)
        qsort_r(run->entries, run->count, sizeof *run->entries, by_version, &layout);
    set_ids(run);
}
