/* Growing arrays: items, their count and the room there is, side by side in a struct that begins zeroed.
 *
 *     *array_add(list->items, list->count, list->room) = (struct item){...};
 *
 * adds one more item, zeroed, and gives its address. The array moves when it grows: addresses of its items do not
 * outlive an add. What others point to is an allocation of its own, and the array holds its address (daemon/leader.h),
 * or has all its room from the beginning (rollout_init). With AddressSanitizer an array moves with every add, and what
 * an arena's array has outgrown is poisoned: who keeps an address too long is found in the first test that gets there.
 * array_add keeps it on the heap (free(items)), arena_add in an arena, which keeps what it has outgrown. The three are
 * lvalues, evaluated more than once; `room` is a size_t. Out of memory ends the process. */
#pragma once
#include <stddef.h>

#include "base/arena.h"

#define array_add(items, count, room)                                                                                  \
    ((items) = array_grow((items), (size_t)(count), &(room), sizeof *(items)), &(items)[(count)++])
#define arena_add(arena, items, count, room)                                                                           \
    ((items) = arena_grow((arena), (items), (size_t)(count), &(room), sizeof *(items)), &(items)[(count)++])

/* What the macros stand on: room for one more behind `count`, zeroed; the array, moved when *room was used up. */
void *array_grow(void *items, size_t count, size_t *room, size_t size) __attribute__((returns_nonnull));
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
    __attribute__((returns_nonnull));
