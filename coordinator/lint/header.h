/* The comments at the head of a file that say what it is, as `-- Author: x` (inopsio-migration-scripts.md). PURE. */
#pragma once
#include <stddef.h>

enum header_line { HEADER_MIGRATION, HEADER_SERVICE, HEADER_AUTHOR, HEADER_DATE, HEADER_COUNT };

struct header_name {
    const char *name, *other; /* `other`: what may stand for it, NULL: nothing */
};
extern const struct header_name header_names[HEADER_COUNT];

/* Bits of those that are not there. */
unsigned header_missing(const char *text, size_t size);
