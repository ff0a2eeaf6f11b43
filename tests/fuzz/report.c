/* report_decode; what it takes must survive being written and read again. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "proto/message.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct report message, again;
    size_t len, again_len;
    if (!report_decode((const char *)data, size, &arena, &message, NULL))
        return;
    auto_free char *json = report_encode(&message, &len);
    if (!report_decode(json, len, &arena, &again, NULL))
        abort();
    auto_free char *same = report_encode(&again, &again_len);
    if (len != again_len || memcmp(json, same, len) != 0)
        abort();
}
