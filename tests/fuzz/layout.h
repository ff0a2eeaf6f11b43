/* One file of a layout that is named in the fleet file, read as the catalog reads it. */
#pragma once
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"

/* A text begins at a line of its file and is as long as it says. */
static inline void check_text(const struct folder_file *file, const char *text, size_t size, const struct place *place)
{
    int lines, column;
    text_position(file->text, file->size, &lines, &column);
    if (text && (strlen(text) != size || place_line(place, 1) < 0 || place_line(place, 1) > lines + 1))
        abort();
}

static inline void fuzz_layout(const char *layout, const struct folder *folder, const struct service_file *file)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    struct layout_run run = {.arena = &arena, .findings = &findings, .folder = folder, .file = file};
    layout_read(&run, layout);
    for (size_t i = 0; i < run.count; i++) {
        const struct entry *entry = &run.entries[i];
        if (!entry->id || !entry->version || !entry->name || !entry->up)
            abort();
        check_text(entry->file, entry->up, entry->up_size, &entry->up_place);
        check_text(entry->file, entry->down, entry->down_size, &entry->down_place);
    }
    if (run.count == 0 && findings.count == 0)
        abort(); /* nothing is left out in silence */
}

/* `data` is the text of one file of that name. */
static inline void fuzz_layout_file(const char *layout, const char *path, const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    const char *slash = strrchr(path, '/');
    const struct folder_file file = {.path = path,
                                     .base = slash ? slash + 1 : path,
                                     .where = path,
                                     .text = arena_strndup(&arena, (const char *)data, size),
                                     .size = size};
    const struct folder folder = {.where = "m", .files = &file, .count = 1};
    const struct service_file service = {.name = NULL};
    fuzz_layout(layout, &folder, &service);
}
