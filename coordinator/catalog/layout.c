#include "catalog/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/version.h"

#define NO_UNDO_FEW 5 /* that many are named one by one, whatever else the service holds */

/* Sqitch is known by its plan, whatever else lies beside it; those that are known by their text come next. */
static const struct layout *const layouts[] = {
    &layout_sqitch,
    &layout_metadata,
    &layout_goose,
    &layout_dbmate,
    &layout_liquibase,
    &layout_diesel,
    &layout_golang_migrate,
    &layout_timestamp,
    &layout_flyway,
    &layout_alembic,
    &layout_declared,
};

const struct layout *const *layout_all(size_t *ret_count)
{
    *ret_count = COUNT_OF(layouts);
    return layouts;
}

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
    return layout->order == ORDER_NUMBERS ? text_compare_numbers(a, b) : strcmp(a, b);
}

struct entry *layout_add(struct layout_run *run)
{
    return arena_add(run->arena, run->entries, run->count, run->room);
}

void reference_add(struct arena *arena, struct references *references, const char *text, const char *file, int line)
{
    *arena_add(arena, references->items, references->count, references->room) = (struct reference){text, file, line};
}

/* As written, but for "./" in front and '/' behind. */
static size_t folder_text(const char **text)
{
    while (text_starts(*text, "./"))
        *text += 2;
    size_t len = strlen(*text);
    while (len > 1 && (*text)[len - 1] == '/')
        len--;
    return len;
}

bool layout_same_folder(const struct service_file *a, const struct service_file *b)
{
    const char *x = a->migrations, *y = b->migrations;
    size_t len = folder_text(&x);
    return len == folder_text(&y) && memcmp(x, y, len) == 0;
}

void layout_refuse_sections(struct layout_run *run, const struct folder_file *file)
{
    if (layout_metadata.claims(run, file))
        finding_add(run->findings, ERROR, FINDING_METADATA, file->where, 0, "write `layout: metadata` for the service",
                    "the file has -- @metadata or -- UP and -- DOWN sections; in the %s layout it would run as a whole",
                    run->layout->name);
}

static const struct layout *owner_of(const struct layout_run *run, const struct folder_file *file)
{
    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        if (layouts[i]->claims(run, file))
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
        const struct layout *owner = owner_of(run, &run->folder->files[i]);
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
        finding_add(run->findings, ERROR, FINDING_MIXED_LAYOUT, run->folder->where, 0,
                    "keep one layout in a folder, or name the one to read with `layout:`",
                    "files of several layouts: %s", buf_text(&text));
    else
        finding_add(run->findings, ERROR, FINDING_UNKNOWN_LAYOUT, run->folder->where, 0,
                    "rename the files, or name the layout with `layout:`",
                    "no known layout fits, for example %s; known: %s", run->folder->files[0].path, buf_text(&text));
    return NULL;
}

const struct folder_file *layout_side(struct layout_run *run, const char *path)
{
    const struct folder_file *side = folder_side(run->folder, path);
    if (side)
        run->used[side - run->folder->sides] = true;
    return side;
}

/* Nothing is skipped in silence. */
static void name_unused(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->side_count; i++) {
        if (!run->used[i] && !run->folder->sides[i].loose)
            finding_add(run->findings, ERROR, FINDING_SKIPPED_FILE, run->folder->sides[i].where, 0,
                        "remove it, or move it beside the migration that it belongs to",
                        "no migration of the %s layout reads this file", run->layout->name);
    }
}

static void name_strangers(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->count && !run->again; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (run->layout->claims(run, file))
            continue;
        finding_add(run->findings, run->named ? WARNING : ERROR, FINDING_SKIPPED_FILE, file->where, 0,
                    run->named ? "" : "rename it, move it away, or write `layout:` in the fleet file to skip such "
                                      "files",
                    "its name is none of the %s layout (%s)", run->layout->name, run->layout->prose);
    }
}

/* A service that writes no undos is told so once; one that has forgotten a few, which. */
static void name_no_undo(struct layout_run *run)
{
    static const char hint[] = "write the undo (SELECT 1; where there is nothing to take back), or accept it with "
                               "--accept-irreversible";
    const struct entry *first = NULL;
    size_t missing = 0;
    for (size_t i = 0; i < run->count; i++) {
        missing += run->entries[i].no_undo != NULL;
        first = !first && run->entries[i].no_undo ? &run->entries[i] : first;
    }
    if (missing > NO_UNDO_FEW && missing * 2 > run->count) {
        finding_add(run->findings, WARNING, FINDING_NO_UNDO, run->folder->where, 0, hint,
                    "%zu of %zu migrations have no way back, first %s (%s)", missing, run->count, first->file->path,
                    first->no_undo);
        return;
    }
    for (size_t i = 0; i < run->count; i++) {
        const struct entry *entry = &run->entries[i];
        if (entry->no_undo)
            finding_add(run->findings, WARNING, FINDING_NO_UNDO, entry->file->where, entry->no_undo_line, hint, "%s",
                        entry->no_undo);
    }
}

/* Where a kind stands: what has a version in the middle. */
static int place_of(const struct entry *entry)
{
    if (entry->kind == MIGRATION_CALLBACK)
        return entry->last ? 3 : 0;
    return entry->kind == MIGRATION_REPEATABLE ? 2 : 1;
}

/* Kinds with a version are compared by it first; a baseline stands behind the migration of its version. */
static int by_version(const void *a, const void *b, void *layout)
{
    const struct entry *x = a, *y = b;
    int order = place_of(x) - place_of(y);
    if (order == 0 && place_of(x) == 1)
        order = layout_compare(layout, x->order, y->order);
    if (order == 0)
        order = (int)x->kind - (int)y->kind;
    if (order == 0)
        order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file->path, y->file->path);
}

/* Layouts that have no number for an entry set its id themselves. */
static void set_id(const struct layout_run *run, struct entry *entry)
{
    if (entry->id)
        return;
    entry->id = run->by_name ? arena_printf(run->arena, "%s_%s", entry->version, entry->name) : entry->version;
}

static bool is_duplicate(const struct layout_run *run, const struct entry *before, const struct entry *entry)
{
    if (before->kind != entry->kind)
        return false;
    if (place_of(entry) != 1)
        return strcmp(before->id, entry->id) == 0;
    if (layout_compare(run->layout, before->order, entry->order) != 0)
        return false;
    return !run->by_name || strcmp(before->name, entry->name) == 0;
}

/* With the line, where a file holds several migrations. */
static const char *place_text(const struct layout_run *run, const struct entry *entry)
{
    return run->layout->order == ORDER_GIVEN && entry->up_place.first > 0
               ? arena_printf(run->arena, "%s:%d", entry->file->where, entry->up_place.first)
               : entry->file->where;
}

static void name_duplicate(struct layout_run *run, const struct entry *before, const struct entry *entry)
{
    const char *hint = run->layout->order == ORDER_GIVEN ? "give one of them another id"
                       : run->by_name                    ? "give one of them another version or name"
                                                         : "give one of them another version, or write "
                                                           "`duplicate_versions: by-name` for the service";
    finding_add(run->findings, ERROR, FINDING_DUPLICATE_VERSION, entry->file->where, entry->up_place.first, hint,
                "version %s stands twice: %s and %s", *entry->version ? entry->version : entry->id,
                place_text(run, before), place_text(run, entry));
}

static int by_id(const void *a, const void *b)
{
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : x < y ? -1 : 1;
}

/* Where the order says nothing of the versions, equal ones may stand anywhere. */
static void find_duplicates(struct layout_run *run)
{
    auto_free const struct entry **sorted = xcalloc(run->count + 1, sizeof *sorted);
    for (size_t i = 0; i < run->count; i++)
        sorted[i] = &run->entries[i];
    qsort(sorted, run->count, sizeof *sorted, by_id);
    for (size_t i = 1; i < run->count; i++) {
        if (strcmp(sorted[i - 1]->id, sorted[i]->id) == 0)
            name_duplicate(run, sorted[i - 1], sorted[i]);
    }
}

static void set_ids(struct layout_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *entry = &run->entries[i];
        set_id(run, entry);
        if (run->layout->order != ORDER_GIVEN && i && is_duplicate(run, entry - 1, entry))
            name_duplicate(run, entry - 1, entry);
    }
    if (run->layout->order == ORDER_GIVEN)
        find_duplicates(run);
}

void layout_read(struct layout_run *run, const char *name)
{
    run->named = name != NULL;
    bool declared = name && layout_by_name(name)->declared;
    if (run->folder->count == 0 && !declared && !(name && run->folder->side_count)) {
        run->layout = name ? layout_by_name(name) : &layout_flyway;
        if (!run->folder->incomplete)
            finding_add(run->findings, WARNING, FINDING_EMPTY, run->folder->where, 0, "",
                        "no .sql file in the migrations folder");
        return;
    }
    run->layout = name ? layout_by_name(name) : recognise(run);
    if (!run->layout)
        return;
    name_strangers(run);
    run->used = arena_array(run->arena, run->folder->side_count + 1, sizeof *run->used);
    run->room = run->folder->count + 1; /* most have one in each file */
    run->entries = arena_array(run->arena, run->room, sizeof *run->entries);
    run->layout->read(run);
    layout_examine(run);
    name_unused(run);
    struct layout layout = *run->layout;
    if (run->count && layout.order != ORDER_GIVEN)
        qsort_r(run->entries, run->count, sizeof *run->entries, by_version, &layout);
    set_ids(run);
    name_no_undo(run);
    if (run->layout->order == ORDER_GIVEN) {
        run->end = run->count;
        return;
    }
    while (run->first < run->count && place_of(&run->entries[run->first]) < 1)
        run->first++;
    run->end = run->first;
    while (run->end < run->count && place_of(&run->entries[run->end]) == 1)
        run->end++;
}
