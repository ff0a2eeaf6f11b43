/* What import.c and mirrored.c share: one target, and the record of its own tool. PURE. Threads: one at a time. */
#pragma once
#include "base/buf.h"
#include "plan/planning.h"

struct importing {
    struct planning *planning;
    int slot;
    const struct slot *at;
    const struct service *owner;
    const struct foreign_history *history;
    struct buf missing; /* rows without a file */
    size_t missing_count, own; /* rows; rows of this service */
    bool taken;        /* greylag's own record had something under another name */
};

/* The migration that a row speaks of, -1: none of the files. */
int importing_find(const struct importing *i, const struct foreign_row *row);
/* Both know the text of the file by its checksum, or the change by its id, and do not agree. */
bool importing_altered(const struct migration *migration, const struct foreign_row *row);
void importing_refuse_altered(struct importing *i, const struct foreign_row *row, int migration);
void importing_refuse_failed(struct importing *i, const struct foreign_row *row);
bool importing_has_names(enum history_tool tool); /* not numbers: only the very same text is the same */
/* The record that the worker keeps: the one that the service names, else the one of the tool's own name. NULL: there is
 * none yet, or, a finding, one of another name, into which the worker writes only when it is named
 * (worker/foreign/sql/foreign_block.sql looks for it in the same way). */
const struct foreign_history *importing_kept(struct importing *i);
