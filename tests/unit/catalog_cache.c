/* What is remembered of files that did not change: never wrong, and no harm when it is lost. */
#include <fcntl.h>
#include <glob.h>

#include "catalog/cache.h"
#include "catalog/catalog.h"
#include "unit/root.h"

TestSuite(cache, .init = make_root, .fini = remove_root);

static const char *get(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "XDG_CACHE_HOME") == 0 ? root : NULL;
}

/* Writes a file whose times lie in the past, so that it counts as settled. */
static void put_settled(const char *name, const char *text)
{
    put(name, text);
    auto_free char *path = in_root(name);
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The digest of the only migration's text; new. */
static char *digest_now(void)
{
    struct err err = ERR_INIT;
    struct catalog *catalog;
    auto_free char *path = in_root("fleet.yml");
    cr_assert(catalog_load(path, NULL, get, NULL, &catalog, &err), "%s", err.text);
    cr_assert_eq(catalog->error_count, 0u);
    char *digest = xstrdup(catalog->fleet.services[0].migrations[0].up);
    catalog_free(catalog);
    return digest;
}

static char *cache_file(void)
{
    auto_free char *pattern = in_root("greylag/*.catalog");
    glob_t found;
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "nothing at %s", pattern);
    char *path = xstrdup(found.gl_pathv[0]);
    globfree(&found);
    return path;
}

/* One entry, there when the cache is opened again. */
static void remember(void)
{
    const struct cache_key key = {.device = 1, .inode = 2, .size = 3, .modified = 4, .changed = 5};
    struct cache_entry entry = {.key = key, .no_transaction = 1};
    memset(entry.digest, 'a', DIGEST_HEX_SIZE - 1);
    put_settled("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    auto_free char *path = in_root("fleet.yml");
    struct cache *cache = cache_open(path, get, NULL);
    cr_assert_not_null(cache);
    cr_expect_null(cache_find(cache, &key));
    cache_put(cache, &entry);
    cache_close(cache);
    cache = cache_open(path, get, NULL);
    const struct cache_entry *found = cache_find(cache, &key);
    cr_assert_not_null(found);
    cr_expect_str_eq(found->digest, entry.digest);
    cr_expect_eq(found->no_transaction, 1u);
    for (size_t i = 0; i < 5; i++) {
        uint64_t numbers[5] = {1, 2, 3, 4, 5};
        numbers[i]++;
        const struct cache_key other = {numbers[0], numbers[1], numbers[2], (int64_t)numbers[3], (int64_t)numbers[4]};
        cr_expect_null(cache_find(cache, &other), "number %zu does not count", i);
    }
    cache_close(cache);
}

/* One for each fleet that was ever read here, also of folders that are long gone. */
Test(cache, what_nobody_has_used_for_long_is_removed)
{
    remember();
    auto_free char *own = cache_file();
    const struct timespec long_ago[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    put_settled("greylag/0123456789abcdef.catalog", "of a fleet that is gone");
    put_settled("greylag/notes.txt", "not ours");
    put("greylag/fedcba9876543210.catalog", "of a fleet that was read today");
    cr_assert_eq(utimensat(AT_FDCWD, own, long_ago, 0), 0);
    auto_free char *fleet = in_root("fleet.yml");
    cache_close(cache_open(fleet, get, NULL));
    auto_free char *gone = in_root("greylag/0123456789abcdef.catalog"), *other = in_root("greylag/notes.txt"),
                   *used = in_root("greylag/fedcba9876543210.catalog");
    cr_expect_neq(access(gone, F_OK), 0, "it is still there");
    cr_expect_eq(access(other, F_OK), 0, "a file that is not ours is gone");
    cr_expect_eq(access(used, F_OK), 0, "one that was used is gone");
    cr_expect_eq(access(own, F_OK), 0, "its own is gone, though it is in use");
}

Test(cache, every_part_of_the_key_counts)
{
    remember();
}

Test(cache, what_changed_just_now_is_not_kept)
{
    put_settled("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    put_settled("V1__x.sql", "SELECT 1;\n");
    auto_free char *first = digest_now();
    put_settled("V1__x.sql", "SELECT 2;\n"); /* the same size, the same modification time */
    auto_free char *second = digest_now();
    cr_expect_str_neq(first, second);
    auto_free char *pattern = in_root("greylag/*.catalog");
    glob_t found;
    cr_expect_eq(glob(pattern, 0, NULL, &found), GLOB_NOMATCH, "kept although ctime is now");
    globfree(&found);
}

Test(cache, any_damage_means_nothing_is_known)
{
    remember();
    const struct cache_key key = {.device = 1, .inode = 2, .size = 3, .modified = 4, .changed = 5};
    auto_free char *fleet = in_root("fleet.yml"), *path = cache_file();
    auto_buf struct buf good = BUF_INIT(BUF_MAX);
    cr_assert(buf_read_file(&good, path, NULL));
    for (size_t at = 0; at < good.len; at++) {
        for (int cut = 0; cut < 2; cut++) {
            auto_file FILE *file = fopen(path, "w");
            char *bytes = good.data;
            bytes[at] ^= 4;
            fwrite(bytes, 1, cut ? at : good.len, file);
            bytes[at] ^= 4;
            fflush(file);
            struct cache *cache = cache_open(fleet, get, NULL);
            cr_expect_null(cache_find(cache, &key), "byte %zu, cut %d", at, cut);
            cache_close(cache);
        }
    }
}

static const char *get_below(void *context, const char *name)
{
    (void)context;
    static char path[64];
    snprintf(path, sizeof path, "%s/below", root);
    return strcmp(name, "XDG_CACHE_HOME") == 0 ? path : NULL;
}

Test(cache, its_folder_is_made)
{
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    auto_free char *fleet = xasprintf("%s/fleet.yml", root);
    struct cache *cache = cache_open(fleet, get_below, NULL);
    cr_assert_not_null(cache);
    cache_close(cache);
}

Test(cache, a_folder_that_cannot_be_written)
{
    put_settled("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    put_settled("V1__x.sql", "SELECT 1;\n");
    put_settled("greylag", "a file where the folder should be");
    auto_free char *digest = digest_now();
    cr_expect_eq(strlen(digest), 64u);
}
