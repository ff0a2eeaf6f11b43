/* What is known of files that have not changed since they were last read: the digest of the whole text, and what the
 * parser said of it. It lies in the user's cache folder, one file for each fleet; it may be lost, damaged or not
 * writable: then everything is looked at again. A file counts as unchanged when device, inode, size and both times are
 * the same (as git's index does it: Documentation/technical/racy-git.txt); one that changed in the last two seconds is
 * not kept, as its times may not tell of the next change. Files of fleets that were not read for 90 days are removed.
 *
 * Every function takes NULL for "no cache". Threads: one at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "crypto/digest.h"

#define CACHE_MAGIC "greylag catalog cache 1\n" /* how its file begins */

/* Which file, in which state; times in nanoseconds since 1970. */
struct cache_key {
    uint64_t device, inode, size;
    int64_t modified, changed;
};

struct cache_entry {
    struct cache_key key;
    uint64_t no_transaction; /* 1: the parser says that it must not run in a transaction */
    char digest[DIGEST_HEX_SIZE + 7]; /* of the text; no padding: the bytes are compared and hashed */
};

struct cache;

/* The entries of a cache's file, in the place of its bytes: borrowed from `file`. All of it can be trusted, or nothing
 * (false): another version's, damaged, cut off. */
bool cache_parse(struct buf *file, const struct cache_entry **ret_entries, size_t *ret_count);

/* The cache of the fleet file at `path`, in XDG_CACHE_HOME or HOME/.cache as `get` knows them. NULL: neither is known.
 * new: cache_close(). */
struct cache *cache_open(const char *path, config_getter *get, void *context);
/* Borrowed until cache_close; NULL: nothing is known of it. */
const struct cache_entry *cache_find(struct cache *cache, const struct cache_key *key);
void cache_put(struct cache *cache, const struct cache_entry *entry);
/* Keeps what was found or put since cache_open, when that is not what is on disk already. Frees. */
void cache_close(struct cache *cache);
