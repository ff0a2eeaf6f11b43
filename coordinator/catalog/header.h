/* The comment lines at the head of a migration's file: `-- Dependencies: a, b` (also Depends-on), `-- Author: x`,
 * `-- Service: x`, `-- Migration: x`, `-- Rollback: x`, `-- Date: x`, `-- Breaking: true`, `-- Transaction: false`.
 * Keys in any case; the head ends at the first line that is neither blank nor a comment. Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

struct header {
    const char *author;  /* NULL: not given */
    const char *service; /* NULL: not given */
    const char *date;    /* NULL: not given */
    bool breaking;
    int no_transaction_line; /* Transaction: false; 0: not asked for */
    int service_line, date_line, migration_line, rollback_line; /* 0: not given */
};

/* Adds the dependencies to `references`. */
void header_read(const struct folder_file *file, struct arena *arena, struct references *references,
                 struct header *ret_header);
