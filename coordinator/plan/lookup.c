#include "plan/lookup.h"

#include <string.h>

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_of(int owner, const char *text)
{
    uint32_t hash = 2166136261u ^ (uint32_t)owner * 2654435761u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash ^ hash >> 15;
}

void lookup_init(struct lookup *lookup, struct arena *arena, size_t count)
{
    size_t room = 16;
    while (room < 2 * count)
        room *= 2;
    lookup->entries = arena_array(arena, room, sizeof *lookup->entries);
    lookup->mask = room - 1;
}

/* Where the text is, or the free place for it: at most half of the places are taken. */
static struct lookup_entry *find(const struct lookup *lookup, int owner, const char *text, uint32_t hash)
{
    for (size_t i = hash;; i++) {
        struct lookup_entry *entry = &lookup->entries[i & lookup->mask];
        if (!entry->text ||
            (entry->hash == hash && entry->owner == owner && strcmp(entry->text, text) == 0))
            return entry;
    }
}

void lookup_put(struct lookup *lookup, int owner, const char *text, int at)
{
    uint32_t hash = hash_of(owner, text);
    *find(lookup, owner, text, hash) = (struct lookup_entry){.text = text, .hash = hash, .owner = owner, .at = at};
}

int lookup_get(const struct lookup *lookup, int owner, const char *text)
{
    const struct lookup_entry *entry = find(lookup, owner, text, hash_of(owner, text));
    return entry->text ? entry->at : -1;
}
