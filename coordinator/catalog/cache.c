#include "catalog/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#define MAGIC_SIZE (sizeof CACHE_MAGIC - 1)
#define CACHE_MAX ((size_t)256 << 20)
#define SETTLED_NS 2000000000LL
#define UNUSED_S (90 * 86400)

/* On disk: CACHE_MAGIC, the digest (hex) of what follows, the entries sorted by key. A number's bytes are this
 * machine's. */
struct cache {
    char *path;
    struct buf file;                 /* as it was read */
    const struct cache_entry *known; /* in `file` */
    size_t known_count;
    struct cache_entry *kept; /* owned */
    size_t kept_count, kept_room;
    bool changed;
};

static int compare_keys(const struct cache_key *a, const struct cache_key *b)
{
    return memcmp(a, b, sizeof *a);
}

static int by_key(const void *a, const void *b)
{
    return compare_keys(&((const struct cache_entry *)a)->key, &((const struct cache_entry *)b)->key);
}

/* new; NULL: nowhere. Makes the folder. */
static char *cache_path(const char *fleet, config_getter *get, void *context)
{
    auto_free char *real = realpath(fleet, NULL);
    const char *base = get ? get(context, "XDG_CACHE_HOME") : NULL;
    const char *home = base && *base ? NULL : get ? get(context, "HOME") : NULL;
    auto_free char *parent = base && *base ? xstrdup(base) : home && *home ? xasprintf("%s/.cache", home) : NULL;
    auto_free char *folder = parent ? xasprintf("%s/greylag", parent) : NULL;
    if (parent)
        mkdir(parent, 0700); /* as it is asked for there: specifications.freedesktop.org/basedir-spec */
    if (!folder || !real || (mkdir(folder, 0700) != 0 && errno != EEXIST))
        return NULL;
    char name[DIGEST_HEX_SIZE];
    digest_hex(real, strlen(real), name);
    return xasprintf("%s/%.32s.catalog", folder, name);
}

/* Those of fleets that nobody has read for so long go; whose own file this is has just been used. */
static void forget_unused(const char *path)
{
    int64_t oldest = clock_wall_us() / 1000000 - UNUSED_S;
    auto_free char *pattern = xasprintf("%.*s/*.catalog", (int)(strrchr(path, '/') - path), path);
    struct stat st;
    glob_t found;
    utimensat(AT_FDCWD, path, NULL, 0);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (lstat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime < oldest)
            unlink(found.gl_pathv[i]);
    globfree(&found);
}

bool cache_parse(struct buf *file, const struct cache_entry **ret_entries, size_t *ret_count)
{
    const size_t head = MAGIC_SIZE + DIGEST_HEX_SIZE - 1;
    if (file->len < head || memcmp(file->data, CACHE_MAGIC, MAGIC_SIZE) != 0 ||
        (file->len - head) % sizeof(struct cache_entry) != 0)
        return false;
    char digest[DIGEST_HEX_SIZE];
    size_t size = file->len - head, count = size / sizeof(struct cache_entry);
    digest_hex(file->data + head, size, digest);
    if (memcmp(file->data + MAGIC_SIZE, digest, DIGEST_HEX_SIZE - 1) != 0)
        return false;
    memmove(file->data, file->data + head, size); /* malloc's alignment, for the entries */
    const struct cache_entry *entries = (const struct cache_entry *)(const void *)file->data;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].digest[DIGEST_HEX_SIZE - 1])
            return false;
    }
    *ret_entries = entries;
    *ret_count = count;
    return true;
}

struct cache *cache_open(const char *path, config_getter *get, void *context)
{
    char *file = cache_path(path, get, context);
    if (!file)
        return NULL;
    struct cache *cache = xcalloc(1, sizeof *cache);
    cache->path = file;
    cache->file = (struct buf)BUF_INIT(CACHE_MAX);
    if (buf_read_file(&cache->file, file, NULL))
        cache_parse(&cache->file, &cache->known, &cache->known_count);
    return cache;
}

static void keep(struct cache *cache, const struct cache_entry *entry)
{
    *array_add(cache->kept, cache->kept_count, cache->kept_room) = *entry;
}

const struct cache_entry *cache_find(struct cache *cache, const struct cache_key *key)
{
    if (!cache || cache->known_count == 0)
        return NULL;
    const struct cache_entry wanted = {.key = *key};
    const struct cache_entry *found = bsearch(&wanted, cache->known, cache->known_count, sizeof wanted, by_key);
    if (found)
        keep(cache, found);
    return found;
}

void cache_put(struct cache *cache, const struct cache_entry *entry)
{
    if (!cache)
        return;
    int64_t settled = clock_wall_us() * 1000 - SETTLED_NS;
    if (entry->key.modified > settled || entry->key.changed > settled)
        return;
    keep(cache, entry);
    cache->changed = true;
}

/* What cannot be written is made again the next time. */
static void write_kept(const struct cache *cache)
{
    char digest[DIGEST_HEX_SIZE];
    size_t size = cache->kept_count * sizeof *cache->kept;
    auto_buf struct buf file = BUF_INIT(CACHE_MAX);
    digest_hex(cache->kept, size, digest);
    buf_addf(&file, "%s%s", CACHE_MAGIC, digest);
    buf_add(&file, cache->kept, size);
    if (buf_ok(&file))
        file_replace(cache->path, buf_text(&file), file.len, 0600, NULL);
}

void cache_close(struct cache *cache)
{
    if (!cache)
        return;
    if ((cache->changed || cache->kept_count != cache->known_count) && cache->kept_count) {
        qsort(cache->kept, cache->kept_count, sizeof *cache->kept, by_key);
        write_kept(cache);
    }
    forget_unused(cache->path);
    buf_release(&cache->file);
    free(cache->kept);
    free(cache->path);
    free(cache);
}
