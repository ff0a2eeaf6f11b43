/* Formatted SQL while it is read: one file after another, one changeset after another (liquibase_changeset.c). Threads:
 * one at a time. */
#pragma once
#include "catalog/liquibase.h"

/* A rollback that means what another changeset does: resolved when all are read. */
struct borrowed {
    size_t entry;
    const char *version;
    int line;
};

/* One changeset while it is read. */
struct changeset {
    int line;
    const char *id, *author, *path, *comment;
    const char *contexts, *labels, *dbms, *delimiter, *rollback_delimiter;
    bool ignored, on_change, outside;
    const char *refused; /* why greylag does not run it */
    int refused_line;
    bool warns;          /* its preconditions only warn */
    struct script checks, up, down;
};

struct reading {
    struct layout_run *run;
    struct liquibase_properties properties;
    struct borrowed *borrowed;
    size_t borrowed_count, borrowed_room;
    /* of one file */
    const struct folder_file *file;
    const char *logical_path;
    bool failed, started;
    long ignore;      /* lines that are still to be ignored, -1: until --ignoreLines:end */
    bool in_rollback; /* a comment of several lines */
    bool open;
    struct changeset changeset;
};

/* The first error of a file; the rest of it is not read. */
void reading_fail(struct reading *reading, int line, const char *hint, const char *text);
/* The changeset can be recorded, but never run; `why` lives as long as the arena. */
void reading_refuse(struct reading *reading, int line, const char *why);
const char *reading_expand(struct reading *reading, const char *text); /* with the values of properties */
/* The changeset of a line `--changeset REST`, after the end of the one before it. */
void changeset_open(struct reading *reading, const char *rest, int number);
void changeset_close(struct reading *reading); /* adds it to the entries; nothing when none is open */
/* Rollbacks that mean another changeset. */
void changeset_resolve(struct reading *reading, const struct borrowed *borrowed);
