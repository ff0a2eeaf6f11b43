/* Texts that are looked up often: a hash table over texts of several owners (a service's migrations). PURE.
 * It lives in the arena given and borrows the texts. Threads: one at a time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct lookup_entry {
    const char *text; /* NULL: free */
    uint32_t hash;
    int owner, at;
};

struct lookup {
    struct lookup_entry *entries;
    size_t mask;
};

/* Room for `count` texts: no more may be put. */
void lookup_init(struct lookup *lookup, struct arena *arena, size_t count);
void lookup_put(struct lookup *lookup, int owner, const char *text, int at); /* of equal ones the last counts */
int lookup_get(const struct lookup *lookup, int owner, const char *text);    /* -1: none */
