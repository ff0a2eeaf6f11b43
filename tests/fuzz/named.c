/* releases.yml: what is taken has a version of its own and says of each service where it stands. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "catalog/named.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_arena struct arena arena = ARENA_INIT;
    const struct named_release *releases;
    size_t count;
    struct err err = ERR_INIT;
    if (!named_parse("releases.yml", (const char *)data, size, &arena, &releases, &count, &err)) {
        if (err.kind != ERR_CONFIG || !*err.text)
            abort();
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!*releases[i].version || named_find(releases, count, releases[i].version) != &releases[i])
            abort();
        for (size_t k = 0; k < releases[i].service_count; k++) {
            if (!*releases[i].services[k].service || !*releases[i].services[k].migration)
                abort();
        }
    }
}
