/* The metadata layout: -- @metadata {json}, -- UP, -- DOWN. What is found has to lie in the file. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    const struct folder_file file = {.path = "20240101_001_x.sql",
                                     .base = "20240101_001_x.sql",
                                     .where = "m/20240101_001_x.sql",
                                     .text = arena_strndup(&arena, (const char *)data, size),
                                     .size = size};
    const struct folder folder = {.where = "m", .files = &file, .count = 1};
    struct layout_run run = {.arena = &arena, .findings = &findings, .folder = &folder};
    layout_read(&run, "metadata");
    if (run.count == 0 && findings.count == 0)
        abort(); /* nothing is left out in silence */
    for (size_t i = 0; i < run.count; i++) {
        const struct entry *entry = &run.entries[i];
        if (strlen(entry->up) != entry->up_size || entry->up_size > size + 1 ||
            (entry->down && strlen(entry->down) != entry->down_size) || strcmp(entry->version, "20240101_001") != 0)
            abort();
    }
}
