/* presence_decode; what it takes must survive being written and read again. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "proto/message.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct presence message, again;
    size_t len, again_len;
    if (!presence_decode((const char *)data, size, &arena, &message, NULL))
        return;
    auto_free char *json = presence_encode(&message, &len);
    if (!presence_decode(json, len, &arena, &again, NULL))
        abort();
    auto_free char *same = presence_encode(&again, &again_len);
    if (len != again_len || memcmp(json, same, len) != 0)
        abort();
}
