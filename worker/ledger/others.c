/* What greylag's own record in this database holds under other names (schema/0009_places.sql). */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "crypto/digest.h"
#include "ledger/ledger_internal.h"

bool ledger_put_place(struct ledger *ledger, struct err *err)
{
    const char *values[] = {ledger->settings.search_path, NUMBER(ledger->target)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_place, 2, values, &result, err))
        return false;
    if (pg_true(result, 0, 1))
        return true; /* a standby is read, not written */
    const char *place[] = {pg_text(result, 0, 0), NUMBER(ledger->target)};
    return ledger_exec(ledger, LEDGER_SQL_place_put, 2, place, NULL, err);
}

/* Rows of one record stand together; one without a migration says that it holds nothing. */
static void add_row(struct arena *arena, struct foreign_history *history, struct foreign_row *rows, size_t *room,
                    const PGresult *result, int row)
{
    if (!*pg_text(result, row, 1))
        return;
    *room -= 1;
    rows[history->row_count++] = (struct foreign_row){.version = arena_strdup(arena, pg_text(result, row, 1)),
                                                      .name = "",
                                                      .checksum = arena_strdup(arena, pg_text(result, row, 2)),
                                                      .script = arena_strdup(arena, pg_text(result, row, 3)),
                                                      .state = FOREIGN_APPLIED};
}

bool ledger_others(struct ledger *ledger, struct arena *arena, const struct foreign_history **ret_others,
                   size_t *ret_count, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_others, 1, values, &result, err))
        return false;
    size_t count = 0, room = (size_t)PQntuples(result);
    struct foreign_history *others = arena_array(arena, room + 1, sizeof *others), *last = NULL;
    struct foreign_row *rows = arena_array(arena, room + 1, sizeof *rows);
    for (int i = 0; i < PQntuples(result); i++) {
        const char *record = pg_text(result, i, 0);
        if (!last || strcmp(last->table, record) != 0) {
            rows += last ? last->row_count : 0;
            last = &others[count++];
            *last = (struct foreign_history){
                .tool = HISTORY_GREYLAG, .table = arena_strdup(arena, record), .rows = rows};
        }
        add_row(arena, last, rows, &room, result, i);
    }
    *ret_others = others;
    *ret_count = count;
    return true;
}

/* ---- for the executor ---- */

static bool is_asked(const struct job_request *r)
{
    return r->direction == DIRECTION_UP && (r->kind == MIGRATION_VERSIONED || r->kind == MIGRATION_BASELINE);
}

static bool is_first(const struct job *job, const struct job_request *request)
{
    const struct job_request *r = job->requests;
    while (r < request && !is_asked(r))
        r++;
    return r == request;
}

static void add_digest(struct buf *sql, struct pg *pg, const char *text)
{
    char digest[DIGEST_HEX_SIZE];
    digest_hex(text, strlen(text), digest);
    pg_add_literal(pg, sql, digest);
}

void ledger_add_guard(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced)
{
    const struct job *job = step->job;
    bool first = is_first(job, step->request);
    if (!ledger->accompanied || !is_asked(step->request) || (!first && !replaced))
        return;
    buf_addf(sql, "SELECT %s.refuse_known(%s,", ledger->quoted_schema, NUMBER(ledger->target));
    pg_add_literal(ledger->pg, sql, job->release);
    buf_addc(sql, ',');
    pg_add_literal(ledger->pg, sql, ledger->settings.audience.service);
    buf_adds(sql, ",ARRAY[");
    for (size_t i = 0, listed = 0; first && i < job->request_count; i++) {
        if (!is_asked(&job->requests[i]))
            continue;
        buf_adds(sql, listed++ ? "," : "");
        pg_add_literal(ledger->pg, sql, job->requests[i].checksum);
    }
    buf_adds(sql, "]::text[],");
    if (replaced)
        add_digest(sql, ledger->pg, replaced);
    else
        buf_adds(sql, "NULL");
    buf_adds(sql, ");");
}

/* "move shop/production/user/main 3": how, which record, which migration. */
void ledger_add_taken(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced)
{
    (void)replaced; /* its text does not run */
    const char *from = step->request->taken_from ? step->request->taken_from : "";
    size_t how = strcspn(from, " "), record = strcspn(from + how + (from[how] != 0), " ");
    if (step->request->direction != DIRECTION_ADOPT || !from[how])
        return;
    const char *its = from + how + 1, *migration = its + record + (its[record] != 0);
    auto_buf struct buf word = BUF_INIT(BUF_MAX);
    buf_addf(sql, "SELECT %s.take_over(%s,", ledger->quoted_schema, NUMBER(ledger->target));
    buf_add(&word, from, how);
    pg_add_literal(ledger->pg, sql, buf_text(&word));
    buf_addc(sql, ',');
    buf_clear(&word);
    buf_add(&word, its, record);
    pg_add_literal(ledger->pg, sql, buf_text(&word));
    buf_addc(sql, ',');
    pg_add_literal(ledger->pg, sql, migration);
    buf_addc(sql, ',');
    pg_add_literal(ledger->pg, sql, step->request->checksum);
    buf_adds(sql, ");");
}

void ledger_add_ran(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, const char *replaced)
{
    const struct job_request *r = step->request;
    bool taken = r->direction == DIRECTION_ADOPT && r->taken_from && *r->taken_from;
    bool ran = replaced && is_asked(r);
    if (!taken && !ran)
        return;
    buf_addf(sql, "UPDATE %s.applied SET ran = ", ledger->quoted_schema);
    if (ran)
        add_digest(sql, ledger->pg, replaced);
    else
        buf_adds(sql, "nullif(pg_catalog.current_setting('greylag.ran', true), '')");
    buf_addf(sql, " WHERE target_id = %s AND migration = ", NUMBER(ledger->target));
    pg_add_literal(ledger->pg, sql, r->migration);
    buf_addc(sql, ';');
}
