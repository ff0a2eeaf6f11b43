/* The files of one service's migrations folder, with its subfolders, each read once: *.sql (any case) and
 * migration-dependencies.yml. What cannot be read (not UTF-8, too large, a FIFO, a link that leads out of the folder,
 * no permission) is a finding. Hidden files and folders are left out. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "catalog/findings.h"

struct folder_file {
    const char *path;  /* relative to the migrations folder */
    const char *base;  /* the last part of `path` */
    const char *where; /* relative to fleet.yml's folder, for people */
    const char *text;  /* UTF-8 without a byte order mark and without NUL, then a NUL */
    size_t size;
};

struct folder {
    const char *where;
    const struct folder_file *files; /* *.sql, sorted by path */
    size_t count;
    const struct folder_file *dependencies; /* migration-dependencies.yml, NULL: none */
};

/* `root` is fleet.yml's folder ("." when it has none), `migrations` as written there. */
void folder_read(const char *root, const char *migrations, struct arena *arena, struct findings *findings,
                 struct folder *ret_folder);
