/* Sqitch's own files: sqitch.conf and sqitch.plan (lib/App/Sqitch/Plan.pm, Plan/Line.pm, Plan/Change.pm, Plan/Tag.pm,
 * Plan/Depend.pm, Target.pm). Everything lives in the run's arena. Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

/* Where things lie, relative to the migrations folder. */
struct sqitch_paths {
    const char *plan;
    const char *deploy, *revert, *verify;
    const char *reworked_deploy, *reworked_revert, *reworked_verify;
    const char *registry; /* the schema of its record; NULL: sqitch */
};
/* From sqitch.conf in the folder, or where sqitch.plan lies. False: a finding. */
bool sqitch_paths_read(struct layout_run *run, struct sqitch_paths *ret_paths);

/* Who put a line into the plan, and when. */
struct sqitch_origin {
    const char *note; /* "" */
    const char *date; /* 2012-07-16T17:25:07Z */
    const char *name, *email;
    int line;
};

struct sqitch_depend {
    const char *text;    /* as Sqitch writes it: without the plan's own project */
    const char *project; /* NULL: the plan's own */
    const char *change;  /* "": none */
    const char *tag;     /* NULL: none */
    const char *id;      /* instead of change and tag; NULL: none */
};

struct sqitch_depends {
    struct sqitch_depend *items;
    size_t count;
};

struct sqitch_change {
    const char *name;
    const char *id; /* SHA-1, NULL: it cannot be told */
    struct sqitch_origin origin;
    struct sqitch_depends requires, conflicts;
    const char *rework_tag; /* the first tag behind it when it was reworked later; NULL: it was not */
};

struct sqitch_tag {
    const char *name;
    const char *id; /* the same */
    struct sqitch_origin origin;
    size_t change;
};

struct sqitch_plan {
    const char *project, *uri; /* uri NULL: none */
    struct sqitch_change *changes;
    size_t change_count, change_room;
    struct sqitch_tag *tags;
    size_t tag_count, tag_room;
};
/* False: findings. */
bool sqitch_plan_read(struct layout_run *run, const struct folder_file *file, struct sqitch_plan *ret_plan);
/* Sets the ids of changes and tags, and the canonical uri; ids stay NULL where the uri holds escapes. */
void sqitch_set_ids(struct layout_run *run, struct sqitch_plan *plan);
/* The change that `change`, `change@tag` or `@tag` means to the change at `before` (Plan/ChangeList.pm); NULL: none. */
const struct sqitch_change *sqitch_plan_find(const struct sqitch_plan *plan, const char *change, const char *tag,
                                             size_t before);
