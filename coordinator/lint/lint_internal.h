/* Inside this room: a run of lint over one service. Threads: one at a time. */
#pragma once
#include "lint/rule.h"

/* `-- greylag:ignore RULE[, RULE...]: reason`: one for each rule that a comment names. */
struct ignore {
    const char *file;
    int line, column;
    enum lint_rule rule;
    bool used;
    bool applied; /* its migration is: what does not last was not looked for */
};

/* A finding with what decides whether a comment ignores it. */
struct kept {
    struct lint_finding finding;
    int from, to; /* lines; 0, 0: any of the file */
    bool ignored;
    size_t file, number; /* which of the run's files, which finding of the run */
};

struct seen_file {
    const char *file;
    unsigned hash;
};

struct lint {
    struct arena work;   /* until lint_end */
    struct arena *arena; /* of the results */
    struct lint_policy policy;
    struct schema schema;
    struct kept *kept;
    size_t kept_count, kept_room;
    size_t migration_first; /* the first finding of the present migration */
    struct ignore *ignores;
    size_t ignore_count, ignore_room;
    struct seen_file *files;
    size_t file_count, file_room;
    const char **opaque; /* texts in which more may happen than can be seen */
    size_t opaque_count, opaque_room;
    const struct lint_migration *migration;
};

/* Reads the comments of a file that is seen for the first time; those that are wrong are findings. */
void ignores_read(struct scope *scope);
/* Whether a comment covers the finding; marks it as used. */
bool ignores_cover(struct lint *lint, const struct kept *kept);
/* Makes findings of those that nothing used. */
void ignores_end(struct lint *lint);

void lint_keep(struct lint *lint, enum lint_rule rule, struct place place, const char *text);
/* Whether an opaque text names the table. */
bool lint_is_opaque(const struct lint *lint, const char *table);
