/* Files of the timestamp layout: a line with its path, then its text, in a folder that two services share. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static char auth[] = "auth", alias[] = "auth-service", user[] = "user", migrations[] = "m", *aliases[] = {alias};
    const struct service_file services[] = {
        {.name = auth, .migrations = migrations, .aliases = aliases, .aliases_count = 1},
        {.name = user, .migrations = migrations}};
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    char *path = arena_strndup(&arena, (const char *)data, size), *text = strchr(path, '\n');
    if (!text)
        return;
    *text++ = 0;
    const char *slash = strrchr(path, '/');
    const struct folder_file file = {
        .path = path, .base = slash ? slash + 1 : path, .where = path, .text = text, .size = strlen(text)};
    const struct folder folder = {.where = "m", .files = &file, .count = 1};
    size_t found = 0;
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        struct layout_run run = {.arena = &arena, .findings = &findings, .folder = &folder, .file = &services[i],
                                 .services = services, .service_count = COUNT_OF(services), .again = i > 0};
        layout_read(&run, "timestamp");
        found += run.count;
    }
    if (found > 1 || (found == 0 && findings.count == 0))
        abort(); /* one service's, or said to be nobody's */
}
