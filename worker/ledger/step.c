/* The two calls around a step, the record of what did not take effect, and markers. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "ledger/ledger_internal.h"
#include "ledger_sql.h"

static void add_text(struct ledger *ledger, struct buf *sql, const char *text)
{
    buf_addc(sql, ',');
    pg_add_literal(ledger->pg, sql, text);
}

static void add_key(struct ledger *ledger, struct buf *sql, const char *text)
{
    auto_arena struct arena arena = ARENA_INIT;
    add_text(ledger, sql, ledger_key(ledger, text, &arena));
}

/* The request that has to be in effect before the step; "": none may be. */
static const char *undone(const struct job_request *request)
{
    return request->undoes ? request->undoes : "";
}

/* What becomes of the migration's row in `applied` (schema/0003_effects.sql). */
static const char *effect_on_applied(const struct job_request *request)
{
    switch (request->direction) {
    case DIRECTION_UP:
        return request->kind == MIGRATION_CALLBACK ? "none" : *undone(request) ? "replace" : "add";
    case DIRECTION_DOWN: /* with its earlier text, a repeatable one stays in effect */
        return request->kind == MIGRATION_REPEATABLE && *request->sql ? "replace" : "remove";
    case DIRECTION_ADOPT:
        return "add";
    case DIRECTION_FORGET:
    case DIRECTION_COUNT:
        break;
    }
    return "remove";
}

/* Adopted again with the checksum that it has: the record is as it should be, and the step concerns another tool's. */
static void add_realign(struct ledger *ledger, struct buf *sql, const struct job_request *request)
{
    auto_arena struct arena arena = ARENA_INIT;
    buf_addf(sql, ",CASE WHEN EXISTS (SELECT FROM %s.applied WHERE target_id = %" PRId64 " AND migration = ",
             ledger->quoted_schema, ledger->target);
    pg_add_literal(ledger->pg, sql, ledger_key(ledger, request->migration, &arena));
    buf_adds(sql, " AND checksum = ");
    pg_add_literal(ledger->pg, sql, request->checksum);
    buf_adds(sql, ") THEN 'none' ELSE 'realign' END");
}

void ledger_add_begin(struct ledger *ledger, struct buf *sql, const struct ledger_step *step)
{
    buf_addf(sql, "SELECT %s.step_begin(%" PRId64 ",%" PRId64, ledger->quoted_schema, ledger->target,
             ledger->fence.epoch);
    add_text(ledger, sql, ledger->term);
    buf_addf(sql, ",%" PRId64 ",%" PRId64 ",%d", ledger->fence.sequence, step->running ? 0 : ledger->not_after_us,
             ledger->identity.pid);
    add_key(ledger, sql, step->request->migration);
    add_text(ledger, sql, undone(step->request));
    buf_addf(sql, ",'%" PRId64 "','%" PRId64 "'", step->request->lock_timeout_ms, step->request->statement_timeout_ms);
    buf_adds(sql, ledger->settings.search_path ? "," : ",NULL");
    if (ledger->settings.search_path)
        ledger_add_search_path(ledger, sql);
    buf_addc(sql, ')');
}

void ledger_add_end(struct ledger *ledger, struct buf *sql, const struct ledger_step *step)
{
    const struct job_request *r = step->request;
    buf_addf(sql, "SELECT * FROM %s.step_end(%" PRId64, ledger->quoted_schema, ledger->target);
    add_text(ledger, sql, r->request);
    add_text(ledger, sql, step->job->release);
    add_text(ledger, sql, direction_text(r->direction));
    add_key(ledger, sql, r->migration);
    add_text(ledger, sql, r->checksum);
    buf_addf(sql, ",%" PRId64 ",%" PRId64, step->attempt, ledger->fence.sequence);
    add_text(ledger, sql, undone(r));
    if (r->direction == DIRECTION_ADOPT && *undone(r))
        add_realign(ledger, sql, r);
    else
        add_text(ledger, sql, effect_on_applied(r));
    if (step->started_us)
        buf_addf(sql, ",pg_catalog.to_timestamp(%" PRId64 "/1000000.0))", step->started_us);
    else
        buf_adds(sql, ",NULL)");
}

/* What the step and the database know of an outcome; position and times from the row (r_position, r_started,
 * r_finished). */
static void fill(struct ledger *ledger, const PGresult *rows, const struct ledger_step *step, struct arena *arena,
                 struct outcome *o)
{
    const struct job_request *r = step->request;
    o->request = arena_strdup(arena, r->request);
    o->release = arena_strdup(arena, step->job->release);
    o->direction = r->direction;
    o->migration = arena_strdup(arena, r->migration);
    o->checksum = arena_strdup(arena, r->checksum);
    o->attempt = step->attempt;
    o->sequence = ledger->fence.sequence;
    o->position = pg_number(rows, 0, 0);
    o->started_us = pg_number(rows, 0, 1);
    o->finished_us = pg_number(rows, 0, 2);
    o->id = outcome_id(arena, r->request, step->attempt, o->kind);
    ledger_pending_add(ledger, o->position);
}

void ledger_read_end(struct ledger *ledger, const PGresult *rows, const struct ledger_step *step, struct arena *arena,
                     struct outcome *ret_outcome)
{
    *ret_outcome = (struct outcome){.kind = OUTCOME_APPLIED, .sqlstate = "", .message = "", .left = "",
                                    .detail = arena_strdup(arena, pg_text(rows, 0, 3)),
                                    .said = said_decode("", arena)};
    fill(ledger, rows, step, arena, ret_outcome);
}

/* Once as it is, and where the database cannot hold that, once more as ASCII. *ret_outcome has the texts as stored. */
static bool record_as(struct ledger *ledger, const struct ledger_step *step, const struct outcome *about, bool ascii,
                      struct arena *arena, struct outcome *ret_outcome, struct err *err)
{
    const struct job_request *r = step->request;
    struct outcome o = {.kind = about->kind, .line = about->line,
                        .sqlstate = ledger_prose(about->sqlstate, ascii, arena),
                        .message = ledger_prose(about->message, ascii, arena),
                        .left = ledger_prose(about->left, ascii, arena),
                        .detail = ledger_prose(about->detail, ascii, arena),
                        .said = said_copy(&about->said, arena)};
    auto_free char *said = said_encode(&o.said);
    const char *values[] = {NUMBER(ledger->target), NUMBER(ledger->fence.epoch), ledger->term,
                            NUMBER(ledger->fence.sequence), r->request, step->job->release,
                            direction_text(r->direction), outcome_text(o.kind), ledger_key(ledger, r->migration, arena),
                            r->checksum, NUMBER(step->attempt), NUMBER(about->started_us), o.sqlstate, o.message,
                            NUMBER(o.line), o.left, o.detail, NUMBER(step->took_ms), said};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_record, (int)COUNT_OF(values), values, &result, err))
        return false;
    fill(ledger, result, step, arena, &o);
    *ret_outcome = o;
    return true;
}

bool ledger_record(struct ledger *ledger, const struct ledger_step *step, const struct outcome *about,
                   struct arena *arena, struct outcome *ret_outcome, struct err *err)
{
    struct err mine = ERR_INIT;
    bool good = record_as(ledger, step, about, false, arena, ret_outcome, &mine) ||
                (ledger_untranslatable(mine.sqlstate) &&
                 record_as(ledger, step, about, true, arena, ret_outcome, &mine));
    if (!good && err)
        *err = mine;
    return good;
}

bool ledger_say(struct ledger *ledger, const struct outcome *outcome, struct err *err)
{
    auto_free char *said = said_encode(&outcome->said);
    const char *values[] = {NUMBER(ledger->target), NUMBER(outcome->position), said};
    return ledger_exec(ledger, LEDGER_SQL_say, (int)COUNT_OF(values), values, NULL, err);
}

/* ---- markers ---- */

bool ledger_marks(struct ledger *ledger, const char *request, struct arena *arena, const struct ledger_mark **ret_marks,
                  size_t *ret_count, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target), request};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_marks, 2, values, &result, err))
        return false;
    int n = PQntuples(result);
    struct ledger_mark *marks = arena_array(arena, n ? (size_t)n : 1, sizeof *marks);
    for (int i = 0; i < n; i++)
        marks[i] = (struct ledger_mark){.statement = (int)pg_number(result, i, 0),
                                        .done = pg_true(result, i, 1),
                                        .made = arena_strdup(arena, pg_text(result, i, 2)),
                                        .found = arena_strdup(arena, pg_text(result, i, 3)),
                                        .session = arena_strdup(arena, pg_text(result, i, 4)),
                                        .began_us = pg_number(result, i, 5)};
    *ret_marks = marks;
    *ret_count = (size_t)n;
    return true;
}

/* A marker is greylag's own, whatever the file has set for the session. */
static void add_mark(struct ledger *ledger, struct buf *sql, const char *function, const struct ledger_step *step)
{
    ledger_add_own(ledger, sql, step, true);
    buf_addf(sql, "SELECT %s.%s(%" PRId64 ",%" PRId64, ledger->quoted_schema, function, ledger->target,
             ledger->fence.epoch);
    add_text(ledger, sql, ledger->term);
    buf_addf(sql, ",%" PRId64, ledger->fence.sequence);
}

/* What the file has set is a part of what the session holds. */
static void add_held(struct ledger *ledger, struct buf *sql, const char *function, const struct ledger_step *step,
                     int statement)
{
    buf_adds(sql, sql_settings);
    buf_addc(sql, ';');
    add_mark(ledger, sql, function, step);
    add_text(ledger, sql, step->request->request);
    buf_addf(sql, ",%d,%" PRId64 ",pg_catalog.current_setting('greylag.settings'));", statement, ledger->lock_key);
    ledger_add_back(ledger, sql);
}

/* In a transaction of its own. ret_holds may be NULL. */
static bool run_mark(struct ledger *ledger, const struct buf *mark, struct arena *arena, const char **ret_holds,
                     struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    auto_pgresult PGresult *result = NULL;
    buf_addf(&sql, "BEGIN READ WRITE;%sCOMMIT", buf_text(mark));
    if (pg_run(ledger->pg, buf_text(&sql), &result, NULL, err)) {
        if (ret_holds)
            *ret_holds = arena_strdup(arena, pg_text(result, 0, 0));
        return true;
    }
    if (!pg_lost(ledger->pg))
        pg_run(ledger->pg, "ROLLBACK", NULL, NULL, NULL);
    return ledger_fail(err);
}

bool ledger_mark_before(struct ledger *ledger, const struct ledger_step *step, const struct ledger_mark *mark,
                        struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    add_mark(ledger, &sql, "mark_before", step);
    buf_addf(&sql, ",%d", ledger->identity.pid);
    add_text(ledger, &sql, step->request->request);
    buf_addf(&sql, ",%d", mark->statement);
    add_text(ledger, &sql, mark->made ? mark->made : "");
    add_text(ledger, &sql, mark->found ? mark->found : "");
    buf_adds(&sql, ");");
    return run_mark(ledger, &sql, NULL, NULL, err);
}

bool ledger_mark_left(struct ledger *ledger, const struct ledger_step *step, int statement, const char *left,
                      struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    add_mark(ledger, &sql, "mark_left", step);
    add_text(ledger, &sql, step->request->request);
    buf_addf(&sql, ",%d", statement);
    add_text(ledger, &sql, left);
    buf_adds(&sql, ");");
    return run_mark(ledger, &sql, NULL, NULL, err);
}

void ledger_add_mark_after(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, int statement)
{
    add_held(ledger, sql, "mark_after", step, statement);
}

bool ledger_mark_after(struct ledger *ledger, const struct ledger_step *step, int statement, struct arena *arena,
                       const char **ret_holds, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    add_held(ledger, &sql, "mark_after", step, statement);
    return run_mark(ledger, &sql, arena, ret_holds, err);
}

bool ledger_mark_session(struct ledger *ledger, const struct ledger_step *step, int statement, struct arena *arena,
                         const char **ret_holds, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(BUF_MAX);
    add_held(ledger, &sql, "mark_session", step, statement);
    return run_mark(ledger, &sql, arena, ret_holds, err);
}

void ledger_add_session_names(struct ledger *ledger, struct buf *sql, const char *const *words, size_t count)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, words, count);
    buf_addf(sql, "SELECT %s.session_names(", ledger->quoted_schema);
    pg_add_literal(ledger->pg, sql, buf_text(&array));
    buf_adds(sql, "::text[])");
}
