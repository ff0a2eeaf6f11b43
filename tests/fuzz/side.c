/* Settings beside a migration: the first byte says of which form the rest is. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/side.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"executeInTransaction", "run_in_transaction", "encoding"};
    if (size == 0 || memchr(data, 0, size) || !text_is_utf8((const char *)data + 1, size - 1, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    struct layout_run run = {.arena = &arena, .findings = &findings};
    const struct folder_file file = {.path = "x.conf",
                                     .base = "x.conf",
                                     .where = "m/x.conf",
                                     .text = arena_strndup(&arena, (const char *)data + 1, size - 1),
                                     .size = size - 1};
    struct side_value values[COUNT_OF(keys)];
    bool good = side_read(&run, &file, data[0] % 2 ? SIDE_TOML : SIDE_PROPERTIES, keys, COUNT_OF(keys), values);
    if (good != (findings.count == 0))
        abort();
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (values[i].text && (!*values[i].text || values[i].line < 1 || !strstr(file.text, values[i].text)))
            abort();
    }
}
