#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

struct arena_block {
    struct arena_block *before;
    size_t room, used;
    alignas(max_align_t) char bytes[];
};

void arena_release(struct arena *arena)
{
    for (struct arena_block *block = arena->last, *before; block; block = before) {
        before = block->before;
        free(block);
    }
    *arena = (struct arena)ARENA_INIT;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t align = alignof(max_align_t);
    size = (size + align - 1) / align * align;
    struct arena_block *block = arena->last;
    if (!block || block->room - block->used < size) {
        size_t room = block ? block->room * 2 : 1024;
        if (room > (size_t)1 << 20)
            room = (size_t)1 << 20;
        if (room < size)
            room = size;
        struct arena_block *fresh = xmalloc(sizeof *fresh + room);
        *fresh = (struct arena_block){.before = block, .room = room};
        arena->last = block = fresh;
    }
    void *p = block->bytes + block->used;
    block->used += size;
    arena->used += size;
    return memset(p, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        abort();
    return arena_alloc(arena, count * size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
    return memcpy(arena_alloc(arena, len + 1), text, len);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
