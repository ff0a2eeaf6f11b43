/* An arena: many small allocations, one release. One for each message, request or document.
 *
 * What is allocated lives until arena_release; nothing is freed singly. Memory is zeroed and aligned for any type.
 * Threads: one at a time. */
#pragma once
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *last; /* owned chain */
    size_t used;              /* bytes handed out, for ceilings */
};

#define ARENA_INIT {.last = NULL}

void arena_release(struct arena *arena); /* frees all; the arena can be used again */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t len) __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define auto_arena __attribute__((cleanup(arena_release)))
