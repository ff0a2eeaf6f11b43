/* Layouts: how a tool names its migration files. Each is one file layout_NAME.c and one row in layout.c.
 * Facts about the tools: their own sources, named in each file. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "catalog/findings.h"
#include "catalog/folder.h"

/* A dependency as it is written, not yet resolved. */
struct reference {
    const char *text; /* "service:version" or "version" */
    const char *file;
    int line;
};

struct references {
    struct reference *items;
    size_t count, room;
};

/* A migration as a layout finds it. */
struct entry {
    const char *version; /* as written in the file's name, Flyway's `_` read as `.` */
    const char *order;   /* what is compared: the version, for Diesel without dashes */
    const char *name;
    const char *id;      /* set by layout_read */
    const struct folder_file *file;
    const char *up;
    size_t up_size;
    const char *down_where; /* NULL: no way back */
    const char *down;
    size_t down_size;
    const char *author, *risk, *category;
    bool breaking, has_policy, no_transaction;
    enum failure_policy on_failure;
    struct references references;
};

struct layout;
struct layout_run {
    struct arena *arena;
    struct findings *findings;
    const struct folder *folder;
    const struct layout *layout;
    bool named;   /* by `layout:`: files of other names are warnings, not errors */
    bool by_name; /* `duplicate_versions: by-name` */
    struct entry *entries; /* out */
    size_t count, room;
};

struct layout {
    const char *name;
    const char *prose;                             /* how its files look */
    bool (*claims)(const struct folder_file *file); /* by its name (the metadata layout: by its text) */
    void (*read)(struct layout_run *run);          /* only claimed files of the folder are its concern */
    bool text_order;                               /* versions are ordered as text, not as numbers */
};

extern const struct layout layout_flyway, layout_metadata, layout_golang_migrate, layout_diesel;

/* Finds the layout (`name` NULL: by itself), reads, orders by version and name, refuses duplicates, sets ids. */
void layout_read(struct layout_run *run, const char *name);
const struct layout *layout_by_name(const char *name); /* NULL: none */
int layout_compare(const struct layout *layout, const char *a, const char *b);
struct entry *layout_add(struct layout_run *run);
void reference_add(struct arena *arena, struct references *references, const char *text, const char *file, int line);

/* One file of a layout that keeps up and down in files of their own. */
struct half {
    const struct folder_file *file;
    const char *version, *order, *name;
    bool down;
};
/* Pairs ups with downs: by version; where a version stands more than once, by name. Orphans are findings.
 * `expects_down`: a missing down is worth a warning in this layout. Sorts `halves`. */
void layout_pair(struct layout_run *run, struct half *halves, size_t count, bool expects_down);
