/* The comments at the head of a migration, and what becomes of the dependencies in them: each is resolved, or something
 * is said of it, or both, when it names what is not there (any more); what is named twice counts once. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/depends.h"
#include "catalog/header.h"

static void read_files(struct layout_run *run, const struct service_file *service, const struct folder *folder,
                       struct arena *arena, struct findings *findings)
{
    *run = (struct layout_run){.arena = arena, .findings = findings, .folder = folder, .file = service};
    layout_read(run, "flyway");
}

void fuzz_one(const uint8_t *data, size_t size)
{
    static char a[] = "a", b[] = "b";
    static const struct service_file services[] = {{.name = a, .migrations = a}, {.name = b, .migrations = b}};
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    const struct folder_file files[] = {
        {.path = "V1__x.sql", .base = "V1__x.sql", .where = "V1__x.sql", .size = size,
         .text = arena_strndup(&arena, (const char *)data, size)},
        {.path = "V2_1__y.sql", .base = "V2_1__y.sql", .where = "V2_1__y.sql", .text = "", .size = 0}};
    const struct folder folder = {.where = "m", .files = files, .count = COUNT_OF(files)};
    struct draft items[COUNT_OF(services)];
    const struct drafts drafts = {items, COUNT_OF(services)};
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        items[i].file = &services[i];
        read_files(&items[i].run, &services[i], &folder, &arena, &findings);
    }
    struct entry entry = items[0].run.entries[0];
    struct header header;
    header_read(&files[0], &arena, &entry.references, &header);
    const struct dependency *depends;
    size_t count, before = findings.count;
    depends_resolve(&drafts, &items[0], &entry, &findings, &arena, &depends, &count);
    size_t said = findings.count - before, unknown = 0;
    if (count > entry.references.count || said > entry.references.count ||
        (count + said == 0) != (entry.references.count == 0))
        abort();
    for (size_t i = 0; i < count; i++) {
        bool known = strcmp(depends[i].service, "a") == 0 || strcmp(depends[i].service, "b") == 0;
        unknown += !known || !*depends[i].version;
    }
    if (unknown > said)
        abort();
}
