/* The catalog's cache. The seeds begin with `d`: the digest is made to fit what follows, so that the entries are looked
 * at; anything else is a whole file as it lies there. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/cache.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_buf struct buf file = BUF_INIT(BUF_MAX);
    const struct cache_entry *entries;
    size_t count;
    if (size && data[0] == 'd') {
        char digest[DIGEST_HEX_SIZE];
        digest_hex(data + 1, size - 1, digest);
        buf_addf(&file, "%s%s", CACHE_MAGIC, digest);
        data++;
        size--;
    }
    buf_add(&file, data, size);
    const size_t len = file.len;
    if (!cache_parse(&file, &entries, &count))
        return;
    if (count * sizeof *entries >= len)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (strlen(entries[i].digest) >= DIGEST_HEX_SIZE)
            abort();
    }
}
