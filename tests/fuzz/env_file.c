/* `.env`: every name is one that a shell would take, stands once, and is found again. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/env_file.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_arena struct arena arena = ARENA_INIT;
    const char *text = arena_strndup(&arena, (const char *)data, size);
    struct env_file file = {.get = NULL};
    struct err err = ERR_INIT;
    if (!env_file_parse(".env", text, size, &arena, &file, &err)) {
        if (err.kind != ERR_CONFIG || !*err.text)
            abort();
        return;
    }
    for (size_t i = 0; i < file.count; i++) {
        const struct env_value *value = &file.values[i];
        if (!*value->name || strpbrk(value->name, " =\"'#\n") || value->line < 1 || strlen(value->value) > size ||
            (i && strcmp(file.values[i - 1].name, value->name) >= 0) ||
            env_file_get(&file, value->name) != value->value)
            abort();
    }
    if (env_file_get(&file, "") || env_file_get(&file, "a b"))
        abort();
}
