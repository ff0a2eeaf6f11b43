/* One migration file: the first byte chooses its name, the rest is its text. Layouts, headers, metadata. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/header.h"
#include "catalog/layout.h"

static const char *const names[] = {"20240101_001_users.sql", "V1_2__x.sql",     "U1__x.sql", "1_x.up.sql",
                                    "2024-01-01_x/up.sql",     "1_x.down.sql", "V3.sql",    "x.sql"};

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size == 0 || memchr(data, 0, size) || !text_is_utf8((const char *)data + 1, size - 1, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    const char *path = names[data[0] % COUNT_OF(names)], *slash = strrchr(path, '/');
    const struct folder_file file = {.path = path,
                                     .base = slash ? slash + 1 : path,
                                     .where = path,
                                     .text = arena_strndup(&arena, (const char *)data + 1, size - 1),
                                     .size = size - 1};
    const struct folder folder = {.where = "m", .files = &file, .count = 1};
    struct layout_run run = {.arena = &arena, .findings = &findings, .folder = &folder};
    layout_read(&run, NULL);
    for (size_t i = 0; i < run.count; i++) {
        struct header header;
        struct entry *entry = &run.entries[i];
        header_read(entry->file, &arena, &entry->references, &header);
        if (!entry->id || strlen(entry->up) != entry->up_size ||
            (entry->down && strlen(entry->down) != entry->down_size))
            abort();
    }
    if (run.count == 0 && findings.count == 0)
        abort(); /* nothing is left out in silence */
}
