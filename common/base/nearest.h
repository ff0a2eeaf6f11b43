/* "Did you mean ...?": of several candidates, offered one by one, the one that a text most likely means.
 *
 * By Levenshtein's distance; only what is near enough counts, and nothing of more than 64 bytes. Values own nothing;
 * text and candidates are borrowed and have to stay while the value is used. */
#pragma once
#include <stddef.h>

struct nearest {
    const char *text;
    const char *candidate; /* the nearest until now; NULL: none is near */
    size_t distance;       /* a candidate has to be nearer than this */
    char hint[96];
};

struct nearest nearest_to(const char *text);
void nearest_offer(struct nearest *nearest, const char *candidate);
const char *nearest_hint(struct nearest *nearest); /* "did you mean 'x'?" or ""; borrowed from the value */
