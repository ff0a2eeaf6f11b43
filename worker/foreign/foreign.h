/* The records that other tools keep of what is applied: read, looked at again, and kept up (vocab.h, HISTORY_TOOLS).
 *
 * Reading is the inventory's business: foreign_read finds the tables by their columns, under any name, and never fails
 * because of what they hold. Looking again and keeping are text that shares the transaction and the round trip of a
 * step: foreign_add_guard before anything of it runs, foreign_add_check before what a step records, foreign_add_mirror
 * after it, because a way back looks at what is still applied. They find the table in the database at that time:
 * `job->history_table`, else the tool's default name in the search_path; else the check takes the one table that looks
 * like it, the guard none, while the mirror refuses to write into what may be another service's, and makes the table as
 * the tool does when there is none. They give the settings back that they change, and return no rows.
 *
 * One row for each tool in tools.c; one file for each statement in sql/, run with the search_path pg_catalog.
 * Ownership: strings handed out live in the arena. Threads: the connection's. No logging. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "pg/pg.h"
#include "proto/message.h"

/* SQLSTATE of foreign_add_check and foreign_add_guard, and of the ledger's for greylag's own record under other names
 * (ledger_add_guard, ledger_add_taken): the record says something else than the plan took for granted (the outcome is
 * DRIFT, err's text the message). */
#define FOREIGN_GONE "GL005"
#define FOREIGN_ROWS_MAX 100000

/* Records of other tools in the schemas of `search_path` (NULL: the session's; Sqitch's registry: wherever it is), in
 * the tools' own order. A record that cannot be read is one row, FOREIGN_FAILED, whose name says why, so that nobody
 * takes the database for an empty one; *ret_warning (never NULL) then says so as well. No transaction may be open;
 * none is left, and nothing waits for long. ERR_UNREACHABLE, ERR_DATABASE: the tables could not even be looked for. */
bool foreign_read(struct pg *pg, const char *search_path, struct arena *arena,
                  const struct foreign_history **ret_histories, size_t *ret_count, const char **ret_warning,
                  struct err *err);

/* What a step's text needs to know. */
struct foreign_step {
    struct pg *pg;             /* quotes with it, sends nothing */
    const char *ledger_schema; /* not quoted */
    int64_t target;            /* its id in the ledger */
    const char *search_path;   /* the service's, NULL: the server's default */
    const struct job *job;
    const struct job_request *request;
};
/* Adds one statement with its ';' for an ADOPT that asks for it (in_history): raises FOREIGN_GONE unless the record
 * says so now, and leaves what it says in the transaction's setting greylag.found: "flyway public.flyway_schema_history
 * checksum crc32:5". */
void foreign_add_check(struct buf *sql, const struct foreign_step *step);
/* Whether a request is the first versioned UP of its job, of a layout whose tool keeps a record: where nothing is on
 * greylag's record, the tool's must not say that this migration is in effect. The plan was made from what the target
 * reported before; that tool may have run since. */
bool foreign_guards(const struct job *job, const struct job_request *request);
/* Adds one statement with its ';' that raises FOREIGN_GONE when the record says so. A table of another name that nobody
 * named is not looked at: it may be another service's. */
void foreign_add_guard(struct buf *sql, const struct foreign_step *step);
/* Adds one statement with its ';' when job->mirror is set: the request's change of the tool's record. UP and ADOPT add
 * what is missing, ADOPT of a request in effect aligns its checksum, DOWN and FORGET take it away; a CALLBACK is no
 * part of any record. */
void foreign_add_mirror(struct buf *sql, const struct foreign_step *step);
/* Why this tool's record is not kept; NULL: it is. */
const char *foreign_refuses(enum history_tool tool);
