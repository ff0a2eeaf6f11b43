/* What is remembered of files that did not change: never wrong, and no harm when it is lost. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/cache.h"
#include "catalog/catalog.h"

static char root[] = "/tmp/greylag-cache-XXXXXX";

static void setup(void)
{
    cr_assert_not_null(mkdtemp(root));
}

static void teardown(void)
{
    auto_free char *command = xasprintf("chmod -R u+rwX %s; rm -rf %s", root, root);
    cr_expect_eq(system(command), 0);
}

TestSuite(cache, .init = setup, .fini = teardown);

static const char *get(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "XDG_CACHE_HOME") == 0 ? root : NULL;
}

/* Writes a file whose times lie in the past, so that it counts as settled. */
static void put(const char *name, const char *text)
{
    auto_free char *path = xasprintf("%s/%s", root, name);
    auto_file FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fflush(file);
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The digest of the only migration's text; new. */
static char *digest_now(void)
{
    struct err err = ERR_INIT;
    struct catalog *catalog;
    auto_free char *path = xasprintf("%s/fleet.yml", root);
    cr_assert(catalog_load(path, NULL, get, NULL, &catalog, &err), "%s", err.text);
    cr_assert_eq(catalog->error_count, 0u);
    char *digest = xstrdup(catalog->fleet.services[0].migrations[0].up);
    catalog_free(catalog);
    return digest;
}

static char *cache_file(void)
{
    auto_free char *pattern = xasprintf("%s/greylag/*.catalog", root);
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
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    auto_free char *path = xasprintf("%s/fleet.yml", root);
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

Test(cache, every_part_of_the_key_counts)
{
    remember();
}

Test(cache, what_changed_just_now_is_not_kept)
{
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    put("V1__x.sql", "SELECT 1;\n");
    auto_free char *first = digest_now();
    put("V1__x.sql", "SELECT 2;\n"); /* the same size, the same modification time */
    auto_free char *second = digest_now();
    cr_expect_str_neq(first, second);
    auto_free char *pattern = xasprintf("%s/greylag/*.catalog", root);
    glob_t found;
    cr_expect_eq(glob(pattern, 0, NULL, &found), GLOB_NOMATCH, "kept although ctime is now");
    globfree(&found);
}

Test(cache, any_damage_means_nothing_is_known)
{
    remember();
    const struct cache_key key = {.device = 1, .inode = 2, .size = 3, .modified = 4, .changed = 5};
    auto_free char *fleet = xasprintf("%s/fleet.yml", root), *path = cache_file();
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

Test(cache, a_folder_that_cannot_be_written)
{
    put("fleet.yml", "fleet: shop\nservices: {a: {migrations: .}}\n");
    put("V1__x.sql", "SELECT 1;\n");
    put("greylag", "a file where the folder should be");
    auto_free char *digest = digest_now();
    cr_expect_eq(strlen(digest), 64u);
}
