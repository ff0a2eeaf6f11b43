/* Layouts: how a tool names its migration files. Each is one file layout_NAME.c and one row in layout.c.
 * Facts about the tools: their own sources, named in each file. Threads: one at a time. */
#pragma once
#include "base/arena.h"
#include "catalog/fleet_file.h"
#include "catalog/findings.h"
#include "catalog/folder.h"
#include "catalog/script.h"
#include "sql/sql.h"

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
    enum migration_kind kind;
    bool last;           /* CALLBACK: after the migrations, not before them */
    const char *version; /* as written in the file's name, Flyway's `_` read as `.`; "" where the kind has none */
    const char *order;   /* what is compared: the version, for Diesel without dashes */
    const char *name;
    const char *id;      /* set by layout_read */
    const struct folder_file *file;
    const char *up;
    size_t up_size;
    struct place up_place;
    int up_line;         /* where its part of the file begins; 0: the whole file */
    const char *down_where; /* NULL: no way back */
    const char *undo_file;  /* where an undo would have to stand; NULL: in the file itself */
    const char *no_undo;    /* why it has none, in a layout whose files usually have one; else NULL */
    int no_undo_line;       /* 0: the whole file */
    bool undo_is_nothing;   /* the tool's own word says that there is nothing to take back */
    const struct folder_file *down_file; /* when the down is a whole file; else NULL */
    const char *down;
    size_t down_size;
    struct place down_place;
    const char *verify_where; /* NULL: nothing to verify with */
    const char *verify;
    size_t verify_size;
    struct place verify_place;
    const char *script;           /* struct migration's */
    const char *foreign_checksum; /* the same */
    const char *foreign_record;   /* the same */
    const char *refused;          /* the same */
    const char *const *tags;      /* names of the state behind it, ended by NULL; NULL: none */
    bool literal;                 /* ${name} in it is left alone */
    const char *author, *risk, *category, *details; /* struct migration's */
    int64_t estimated_ms;
    bool breaking, requires_downtime, has_policy, no_transaction;
    enum failure_policy on_failure;
    struct references references;
    struct references conflicts; /* what must not be in the fleet */
};

struct layout;
struct layout_run {
    struct arena *arena;
    struct findings *findings;
    const struct folder *folder;
    const struct layout *layout;
    const struct service_file *file; /* the options of a layout; NULL: none, and no service */
    const struct config *config;     /* of `file`, to find lines in it; NULL: none */
    const char *config_name;
    const struct service *service;   /* as far as fleet.yml says what it is; NULL: the same */
    const struct service_file *services; /* all of the fleet */
    size_t service_count;
    bool again;   /* an earlier service reads the same folder, and has said what is wrong in it */
    bool named;   /* by `layout:`: files of other names are warnings, not errors */
    bool by_name; /* `duplicate_versions: by-name` */
    struct entry *entries; /* out */
    size_t count, room;
    size_t first, end; /* out: the entries that have a version */
    bool *used;        /* the folder's side files that layout_side gave out */
    /* out: SQL around each migration, inside its transaction; NULL: none */
    const char *before_each, *after_each;
    size_t before_each_size, after_each_size;
    const char *history_table; /* out: where the tool's own configuration puts its record; NULL: where it always is */
    const struct folder_file **each; /* out: the files that these are made of */
    size_t each_count;
};

enum layout_order {
    ORDER_NUMBERS, /* versions are numbers with separators */
    ORDER_TEXT,    /* versions are compared as text */
    ORDER_GIVEN,   /* as layout->read adds them; versions are names */
};

struct layout {
    const char *name;
    const char *prose;                             /* how its files look */
    /* Whether a file is this layout's: by its name, its text, or what lies beside it. */
    bool (*claims)(const struct layout_run *run, const struct folder_file *file);
    void (*read)(struct layout_run *run); /* only claimed files of the folder are its concern */
    /* What the undo of a migration is called, relative to the fleet file's folder; NULL: it stands in the same file. */
    const char *(*undo_name)(const struct layout_run *run, const struct folder_file *up);
    /* The entry that `text` means in a dependency; NULL: as every layout has it, by version or id. */
    struct entry *(*find)(const struct layout_run *run, const char *text);
    enum layout_order order;
    enum history_tool history;            /* who records what is applied of it */
    bool placeholders;                    /* its tool replaces ${name} */
    bool leaves_unknown;                  /* and leaves those alone that have no value */
    bool session_lasts;                   /* its tool runs one file after another in one session */
    bool restores_path;                   /* and sets search_path and the role anew behind each */
    bool by_psql;                         /* psql runs its files: what holds commands of psql may be recorded */
    enum sql_spaces spaces;               /* what its tool takes for blanks between statements */
    const char *up_part, *down_part;      /* of a file, for people; NULL: files of their own */
    bool declared;                        /* its migrations stand in the fleet file, not in the folder */
    bool checks_service;                  /* its names say the service, and it says when a header contradicts */
};

extern const struct layout layout_flyway, layout_metadata, layout_golang_migrate, layout_diesel, layout_goose,
    layout_dbmate, layout_timestamp, layout_liquibase,
    layout_sqitch, layout_declared, layout_alembic;

/* Finds the layout (`name` NULL: by itself), reads, orders by version and name, refuses duplicates, sets ids. */
void layout_read(struct layout_run *run, const char *name);
const struct layout *layout_by_name(const char *name); /* NULL: none */
const struct layout *const *layout_all(size_t *ret_count);
int layout_compare(const struct layout *layout, const char *a, const char *b);
struct entry *layout_add(struct layout_run *run);
bool layout_same_folder(const struct service_file *a, const struct service_file *b);
/* A finding when the file holds sections, which only the metadata layout separates. */
void layout_refuse_sections(struct layout_run *run, const struct folder_file *file);
/* Finds what does nothing, and what psql alone can run; an undo that does nothing is none. */
void layout_examine(struct layout_run *run);
/* The side file with that path (relative to the folder), NULL: none. What nobody asks for is a finding. */
const struct folder_file *layout_side(struct layout_run *run, const char *path);
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
