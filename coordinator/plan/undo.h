/* Back: what is applied, as the undos that could be. PURE. Threads: one at a time. */
#pragma once
#include "plan/planning.h"

/* An applied migration of a slot, in the order of undoing: repeatable ones without a version, then the last applied
 * first. */
struct undo {
    int slot, migration; /* migration -1: unknown to the files */
    const struct applied *applied;
    const struct applied_text *earlier; /* repeatable: the text to which it goes back; NULL: none */
    bool chosen, forgotten;
    bool repeatable, placed; /* placed: its order is that of versions */
};

struct undoing {
    struct planning *planning;
    struct undo *undos;
    size_t count;
    size_t *first; /* of each slot, and one more */
    int **places;  /* for each slot and migration: its undo, -1: none */
    bool changed;
};

/* All that is applied, nothing chosen. */
void undo_collect(struct undoing *undoing);
const struct service *undo_service(const struct undoing *undoing, int slot);
const char *undo_id(const struct undo *undo);
/* Nothing is built on it, and it goes whatever stands on top: it has no version, or goes back to an earlier text. */
bool undo_stands_apart(const struct undo *undo);
bool undo_has_way_back(const struct undoing *undoing, const struct undo *undo);
/* These stay; `changed` when one of them was chosen. */
void undo_keep(struct undoing *undoing, size_t first, size_t end);
/* Whether the text of a repeatable one ran on top of the other: it runs behind all others of its release (whose ids
 * sort by time). Where nobody knows, it did. */
bool undo_ran_before(const struct undo *other, const struct undo *repeatable);
/* This one stays, and with it what was applied before it on its target. */
void undo_keep_from(struct undoing *undoing, size_t at);
/* Which undo takes away what the migration of undo `at` needs; calls `take`. */
typedef void on_dependency(struct undoing *undoing, size_t stays, size_t goes, const struct dependency *dependency);
void undo_each_dependency(struct undoing *undoing, size_t at, on_dependency *take);
