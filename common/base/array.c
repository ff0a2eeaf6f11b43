#include "base/array.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

#define FIRST_ROOM 4

#ifdef __SANITIZE_ADDRESS__ /* gcc's word */
#include <sanitizer/asan_interface.h>
#define MOVES_WITH_EVERY_ADD(room) ((room) < 64) /* beyond that copying each time would take too much */
#define OUTGROWN(items, size) ASAN_POISON_MEMORY_REGION(items, size)
#else
#define MOVES_WITH_EVERY_ADD(room) false
#define OUTGROWN(items, size) ((void)(items))
#endif

static size_t more_than(size_t room, size_t size)
{
    size_t more = room ? 2 * room : FIRST_ROOM;
    if (MOVES_WITH_EVERY_ADD(room))
        more = room + 1;
    if (more > SIZE_MAX / 2 / size)
        abort();
    return more;
}

static void *zeroed(void *items, size_t at, size_t size)
{
    memset((char *)items + at * size, 0, size);
    return items;
}

void *array_grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        *room = more_than(*room, size);
        items = xrealloc(items, *room * size);
    }
    return zeroed(items, count, size);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        *room = more_than(*room, size);
        void *grown = arena_array(arena, *room, size);
        if (count) {
            memcpy(grown, items, count * size);
            OUTGROWN(items, count * size);
        }
        items = grown;
    }
    return zeroed(items, count, size);
}
