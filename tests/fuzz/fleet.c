/* fleet_decode; what it takes must survive being written and read again. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "proto/fleet.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct fleet fleet, again;
    if (!fleet_decode((const char *)data, size, &arena, &fleet, NULL))
        return;
    auto_free char *json = fleet_encode(&fleet);
    if (!fleet_decode(json, strlen(json), &arena, &again, NULL))
        abort();
    auto_free char *same = fleet_encode(&again);
    if (strcmp(json, same) != 0)
        abort();
}
