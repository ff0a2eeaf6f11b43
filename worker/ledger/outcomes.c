/* History: outcomes of requests, what is applied, what the coordinator has acknowledged. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "ledger/ledger_internal.h"
#include "proc/crash.h"

/* ---- rows ---- */

/* Columns as in sql/find.sql. */
static bool read_outcome(const struct ledger *ledger, const PGresult *r, int row, struct arena *arena,
                         struct outcome *o, struct err *err)
{
    *o = (struct outcome){
        .request = arena_strdup(arena, pg_text(r, row, 0)),
        .release = arena_strdup(arena, pg_text(r, row, 1)),
        .migration = ledger_key_read(ledger, pg_text(r, row, 4), arena),
        .checksum = arena_strdup(arena, pg_text(r, row, 5)),
        .attempt = pg_number(r, row, 6),
        .position = pg_number(r, row, 7),
        .sequence = pg_number(r, row, 8),
        .started_us = pg_number(r, row, 9),
        .finished_us = pg_number(r, row, 10),
        .sqlstate = arena_strdup(arena, pg_text(r, row, 11)),
        .message = arena_strdup(arena, pg_text(r, row, 12)),
        .line = pg_number(r, row, 13),
        .left = arena_strdup(arena, pg_text(r, row, 14)),
        .detail = arena_strdup(arena, pg_text(r, row, 15)),
        .said = said_decode(pg_text(r, row, 16), arena),
    };
    if (!direction_parse(pg_text(r, row, 2), &o->direction) || !outcome_parse(pg_text(r, row, 3), &o->kind))
        return err_set(err, ERR_CONFLICT, "history row %" PRId64 " is of a newer greylag: %s %s", o->position,
                       pg_text(r, row, 2), pg_text(r, row, 3));
    o->id = outcome_id(arena, o->request, o->attempt, o->kind);
    return true;
}

static bool query_outcomes(struct ledger *ledger, enum ledger_statement statement, const char *about,
                           struct arena *arena, const struct outcome **ret_outcomes, size_t *ret_count, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), about};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, statement, 2, values, &result, err))
        return false;
    int n = PQntuples(result);
    struct outcome *outcomes = arena_array(arena, n ? (size_t)n : 1, sizeof *outcomes);
    for (int i = 0; i < n; i++)
        if (!read_outcome(ledger, result, i, arena, &outcomes[i], err))
            return false;
    *ret_outcomes = outcomes;
    *ret_count = (size_t)n;
    return true;
}

bool ledger_find(struct ledger *ledger, const char *const *requests, size_t count, struct arena *arena,
                 const struct outcome **ret_outcomes, size_t *ret_count, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, requests, count);
    return query_outcomes(ledger, LEDGER_SQL_find, buf_text(&array), arena, ret_outcomes, ret_count, err);
}

bool ledger_release_outcomes(struct ledger *ledger, const char *release, struct arena *arena,
                             const struct outcome **ret_outcomes, size_t *ret_count, struct err *err)
{
    return query_outcomes(ledger, LEDGER_SQL_find_release, release, arena, ret_outcomes, ret_count, err);
}

bool ledger_half_done(struct ledger *ledger, const char *release, struct arena *arena, const char **ret_text,
                      struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), release};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_half_done, 2, values, &result, err))
        return false;
    *ret_text = arena_strdup(arena, pg_text(result, 0, 0));
    return true;
}

/* ---- acknowledgements ---- */

static void append(struct ledger_pending *p, int64_t position)
{
    *array_add(p->items, p->count, p->room) = position;
    if (position > p->highest)
        p->highest = position;
}

void ledger_pending_add(struct ledger *ledger, int64_t position)
{
    if (ledger->pending.loaded)
        append(&ledger->pending, position);
}

static bool load_pending(struct ledger *ledger, struct err *err)
{
    struct ledger_pending *p = &ledger->pending;
    if (p->loaded)
        return true;
    const char *values[] = {NUMBER(ledger->target)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_unacknowledged, 1, values, &result, err))
        return false;
    p->count = 0;
    p->through = p->highest = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        append(p, pg_number(result, i, 0));
        p->through = pg_number(result, i, 1);
    }
    p->loaded = true;
    return true;
}

bool ledger_unacknowledged(struct ledger *ledger, size_t limit, struct arena *arena,
                           const struct outcome **ret_outcomes, size_t *ret_count, struct err *err)
{
    if (!load_pending(ledger, err))
        return false;
    const struct ledger_pending *p = &ledger->pending;
    *ret_count = 0;
    if (p->count == 0)
        return true;
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_int64(&array, p->items, p->count < limit ? p->count : limit);
    return query_outcomes(ledger, LEDGER_SQL_find_positions, buf_text(&array), arena, ret_outcomes, ret_count, err);
}

static int compare_positions(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Takes the acknowledged ones out; both are sorted. */
static void take_out(struct ledger_pending *p, const int64_t *positions, size_t count)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < p->count; i++) {
        while (at < count && positions[at] < p->items[i])
            at++;
        if (at == count || positions[at] != p->items[i])
            p->items[kept++] = p->items[i];
    }
    p->count = kept;
}

bool ledger_acknowledge(struct ledger *ledger, const int64_t *positions, size_t count, struct err *err)
{
    struct ledger_pending *p = &ledger->pending;
    if (count == 0)
        return true;
    if (!load_pending(ledger, err))
        return false;
    auto_free int64_t *sorted = xmalloc(count * sizeof *sorted);
    memcpy(sorted, positions, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_positions);
    take_out(p, sorted, count);
    int64_t through = p->count ? p->items[0] - 1 : p->highest;
    if (through <= p->through)
        return true;
    const char *values[] = {NUMBER(ledger->target), NUMBER(through)};
    if (!ledger_exec(ledger, LEDGER_SQL_acknowledge, 2, values, NULL, err)) {
        p->loaded = false;
        return false;
    }
    p->through = through;
    CRASH_POINT("ledger.acknowledged");
    return true;
}

bool ledger_prune(struct ledger *ledger, int64_t keep_ms, int64_t limit, int64_t *ret_rows, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), NUMBER(keep_ms), NUMBER(limit)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_prune, 3, values, &result, err))
        return false;
    *ret_rows = pg_number(result, 0, 0);
    return true;
}

/* ---- what is applied ---- */

bool ledger_inventory(struct ledger *ledger, struct arena *arena, const struct applied **ret_applied,
                      size_t *ret_count, char digest[DIGEST_TEXT_SIZE], struct err *err)
{
    const char *values[] = {NUMBER(ledger->target)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_inventory, 1, values, &result, err))
        return false;
    int n = PQntuples(result);
    struct applied *applied = arena_array(arena, n ? (size_t)n : 1, sizeof *applied);
    for (int i = 0; i < n; i++)
        applied[i] = (struct applied){.migration = ledger_key_read(ledger, pg_text(result, i, 0), arena),
                                      .checksum = arena_strdup(arena, pg_text(result, i, 1)),
                                      .request = arena_strdup(arena, pg_text(result, i, 2)),
                                      .release = arena_strdup(arena, pg_text(result, i, 3))};
    if (digest)
        contents_digest(applied, (size_t)n, digest);
    if (ret_applied)
        *ret_applied = applied;
    if (ret_count)
        *ret_count = (size_t)n;
    return true;
}

bool ledger_effect(struct ledger *ledger, const char *migration, struct arena *arena, struct ledger_effect *ret_effect,
                   struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), ledger_key(ledger, migration, arena)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_effect, 2, values, &result, err))
        return false;
    bool found = PQntuples(result) == 1;
    *ret_effect = (struct ledger_effect){.request = found ? arena_strdup(arena, pg_text(result, 0, 0)) : "",
                                         .checksum = found ? arena_strdup(arena, pg_text(result, 0, 1)) : "",
                                         .release = found ? arena_strdup(arena, pg_text(result, 0, 2)) : ""};
    return true;
}
