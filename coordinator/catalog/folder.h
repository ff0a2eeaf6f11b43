/* The files of one service's migrations folder, with its subfolders, each read once: migrations by their suffix (any
 * case), and the files that layouts keep beside them (side_names in folder.c). What cannot be read (not UTF-8, too
 * large, a FIFO, a link that leads out of the folder, no permission, changed meanwhile) is a finding. Hidden files and
 * folders are left out. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "catalog/cache.h"
#include "catalog/findings.h"

struct folder_file {
    const char *path;  /* relative to the migrations folder */
    const char *base;  /* the last part of `path` */
    const char *where; /* relative to fleet.yml's folder, for people */
    struct cache_key key;
    const char *text;  /* UTF-8 without a byte order mark and without NUL, then a NUL */
    size_t size;
    bool loose; /* a side file that means nothing to most layouts, which leave it alone; its text is not read */
};

struct folder {
    const char *where;
    const struct folder_file *files; /* migrations, sorted by path */
    size_t count;
    const struct folder_file *sides; /* sorted by path */
    size_t side_count;
    const struct folder_file *dependencies; /* migration-dependencies.yml, NULL: none */
    bool incomplete; /* something in it could not be read: what seems to be missing may be there */
};

/* `root` is fleet.yml's folder ("." when it has none), `migrations` as written there. `suffixes` of migrations, ended
 * by NULL; NULL: ".sql" alone. */
void folder_read(const char *root, const char *migrations, const char *const *suffixes, struct arena *arena,
                 struct findings *findings, struct folder *ret_folder);
/* The side file with that path; NULL: none. */
const struct folder_file *folder_side(const struct folder *folder, const char *path);
