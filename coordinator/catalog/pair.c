/* Pairing ups with downs, for the layouts that keep them in files of their own. */
#include <stdlib.h>
#include <string.h>

#include "catalog/layout.h"

static int by_half(const void *a, const void *b, void *layout)
{
    const struct half *x = a, *y = b;
    int order = layout_compare(layout, x->order, y->order);
    if (order == 0)
        order = x->down - y->down;
    if (order == 0)
        order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file->path, y->file->path);
}

static void add_pair(struct layout_run *run, const struct half *up, const struct half *down, bool expects_down)
{
    struct entry *entry = layout_add(run);
    *entry = (struct entry){.version = up->version,
                            .order = up->order,
                            .name = up->name,
                            .file = up->file,
                            .up = up->file->text,
                            .up_size = up->file->size};
    if (down) {
        entry->down_where = down->file->where;
        entry->down_file = down->file;
        entry->down = down->file->text;
        entry->down_size = down->file->size;
    } else if (expects_down && !run->folder->incomplete) {
        entry->no_undo = arena_printf(run->arena, "version %s has no down file: there is no %s", up->version,
                                      run->layout->undo_name(run, up->file));
    }
}

/* The down of the same name among `downs`, or NULL. */
static struct half *same_name(const struct half *up, struct half *downs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (downs[i].file && strcmp(downs[i].name, up->name) == 0)
            return &downs[i];
    }
    return NULL;
}

/* All files of one version: `ups` first, then downs. */
static void pair_version(struct layout_run *run, struct half *group, size_t ups, size_t downs, bool expects_down)
{
    struct half *down = group + ups;
    bool simple = ups == 1 && downs == 1;
    for (size_t i = 0; i < ups; i++) {
        struct half *mine = simple ? down : same_name(&group[i], down, downs);
        add_pair(run, &group[i], mine, expects_down);
        if (mine)
            mine->file = NULL;
    }
    for (size_t i = 0; i < downs; i++) {
        if (down[i].file && !run->folder->incomplete)
            finding_add(run->findings, WARNING, FINDING_ORPHAN_UNDO, down[i].file->where, 0,
                        "rename it like the migration that it undoes, or remove it",
                        "no migration of version %s belongs to this undo; it is never run", down[i].version);
    }
}

void layout_pair(struct layout_run *run, struct half *halves, size_t count, bool expects_down)
{
    struct layout layout = *run->layout;
    if (count)
        qsort_r(halves, count, sizeof *halves, by_half, &layout);
    for (size_t first = 0, next; first < count; first = next) {
        size_t ups = 0;
        for (next = first; next < count && layout_compare(run->layout, halves[first].order, halves[next].order) == 0;
             next++)
            ups += !halves[next].down;
        pair_version(run, halves + first, ups, next - first - ups, expects_down);
    }
}
