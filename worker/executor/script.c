/* One string of statements: greylag's own and those of the parts, without the rows that COPY reads, which are sent when
 * the server asks for them. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "executor/executor_internal.h"

#define LONG_WAIT 5 /* times what one try waits for a lock */

void script_add(struct script *script, const char *sql, int count)
{
    buf_adds(&script->sql, sql);
    script->statements += count;
}

static void add_span(struct script *script, const struct part *part, size_t begin, size_t end, size_t first,
                     size_t count)
{
    *arena_add(script->arena, script->spans, script->span_count, script->span_room) =
        (struct script_span){.part = part, .begin = begin, .end = end, .at = script->sql.len, .first = first,
                             .count = count, .piece = script->break_count, .before = script->statements};
    buf_add(&script->sql, part->expanded.text + begin, end - begin);
    script->statements += (int)count;
}

static void add_copy(struct script *script, const struct part *part, const struct sql_statement *s)
{
    script->inputs =
        arena_grow(script->arena, script->inputs, script->copy_count, &script->input_room, sizeof *script->inputs);
    script->inputs[script->copy_count] = (struct pg_input){
        .data = part->expanded.text + s->data_begin, .len = s->data_end - s->data_begin, .table = s->table};
    *arena_add(script->arena, script->copies, script->copy_count, script->copy_room) =
        (struct script_copy){.part = part, .statement = s};
}

static void add_break(struct script *script)
{
    *arena_add(script->arena, script->breaks, script->break_count, script->break_room) =
        (struct script_break){.at = script->sql.len, .copies = script->copy_count};
    script->statements = 0;
}

void script_add_statements(struct script *script, const struct part *part, size_t begin, size_t end, size_t first,
                           size_t count)
{
    const char *text = part->expanded.text;
    size_t from = first;
    for (size_t i = first; i < first + count; i++) {
        const struct sql_statement *s = &part->text.statements[i];
        if (!s->rows && !s->rereads)
            continue;
        if (s->rows)
            add_copy(script, part, s);
        add_span(script, part, begin, s->end, from, i + 1 - from);
        buf_adds(&script->sql, ";\n");
        if (s->rereads)
            add_break(script);
        begin = s->rows ? s->data_end + strcspn(text + s->data_end, "\n") /* behind the line "\." */
                        : s->end + (text[s->end] == ';');
        from = i + 1;
    }
    if (begin < end)
        add_span(script, part, begin, end, from, first + count - from);
}

void script_add_part(struct script *script, const struct part *part)
{
    const struct sql_text *t = &part->text;
    size_t frame = t->own_transaction || t->own_rollback;
    if (!*part->expanded.text)
        return;
    script_add_statements(script, part, t->inner_begin, t->inner_end, frame, t->count - 2 * frame);
    script_end_text(script, part);
}

void script_end_text(struct script *script, const struct part *part)
{
    buf_adds(&script->sql, "\n;");
    if (!part->text.divided)
        add_break(script);
}

/* Each counts as the statement that it looks at: its failure is told at that one's line. */
void script_add_checks(struct execution *x, struct script *script, const struct part *part, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        const struct sql_statement *s = &part->text.statements[i];
        if (!s->unless_there)
            continue;
        add_span(script, part, s->end, s->end, i, 1);
        repair_add_check(x, &script->sql, s);
    }
}

/* ---- where it failed ---- */

/* `position` counts from the byte `from` on. */
static void place_position(const struct script *script, size_t from, int position, struct failure *failure)
{
    size_t byte = from + text_character(buf_text(&script->sql) + from, position);
    for (size_t i = 0; i < script->span_count; i++) {
        const struct script_span *span = &script->spans[i];
        int line, column;
        if (byte < span->at || byte - span->at >= span->end - span->begin)
            continue;
        text_position(span->part->expanded.text, span->begin + (byte - span->at), &line, &column);
        failure->part = span->part;
        failure->line = part_file_line(span->part, line);
    }
}

/* Whether a text that makes what is there already had looked before it did. */
static bool looked_first(const struct part *part, const struct sql_statement *failed)
{
    const char *text = part->expanded.text;
    for (const struct sql_statement *s = part->text.statements; s < failed; s++)
        if (sql_drops_first(text, s))
            return true;
    return sql_looks_first(text, failed->begin, failed->end);
}

/* By how many statements of the piece were through: the next one is it. Of what nobody can divide, which ends its
 * piece, it is one or another. */
static void place_count(const struct script *script, size_t piece, int completed, struct failure *failure)
{
    for (size_t i = 0; i < script->span_count; i++) {
        const struct script_span *span = &script->spans[i];
        bool divided = span->part->text.divided;
        int ahead = completed - span->before;
        if (span->piece != piece || ahead < 0 || (divided && (size_t)ahead >= span->count))
            continue;
        failure->part = span->part;
        if (!divided)
            return;
        const struct sql_statement *s = &span->part->text.statements[span->first + (size_t)ahead];
        failure->line = part_file_line(span->part, s->line);
        failure->asked = looked_first(span->part, s);
    }
}

/* A statement of the text's own has failed, or the COMMIT that its deferred triggers run in, which is the last one that
 * is counted. An application may raise any code, one of greylag's, too. */
static bool is_theirs(const struct script *script, size_t piece, int completed, const struct failure *failure)
{
    return failure->part || (piece == script->break_count && completed == script->statements - 1);
}

/* Greylag's own statements behind the texts cannot write: one of these has made the transaction read only. */
static void tell_read_only(const struct script *script, size_t piece, int completed, struct failure *failure)
{
    const struct script_span *last = script->span_count ? &script->spans[script->span_count - 1] : NULL;
    if (strcmp(failure->err.sqlstate, "25006") != 0 || failure->theirs || !last || piece < last->piece ||
        (piece == last->piece && completed < last->before))
        return;
    *failure = FAILURE_INIT;
    err_set(&failure->err, ERR_INPUT, "the text has made its transaction read only (transaction_read_only): it cannot "
            "be recorded there");
    err_sqlstate(&failure->err, "25006"); /* read_only_sql_transaction */
}

/* The server cannot read what the parser could: where standard_conforming_strings is off by default, a string may go on
 * into greylag's own statements, and the server's words would speak of these. */
static void tell_ambiguous(const struct execution *x, const struct script *script, struct failure *failure)
{
    const char *strings = pg_parameter(ledger_session(x->ledger), "standard_conforming_strings");
    const struct part *part = NULL;
    for (size_t i = 0; i < script->span_count && !part; i++) {
        const struct sql_text *text = &script->spans[i].part->text;
        part = text->parsed && text->ambiguous ? script->spans[i].part : NULL;
    }
    if (!part || !failure->err.position || strcmp(failure->err.sqlstate, "42601") != 0 || strcmp(strings, "off") != 0)
        return;
    *failure = FAILURE_INIT;
    failure->part = part;
    failure->line = part_file_line(part, part->text.ambiguous->line);
    err_set(&failure->err, ERR_INPUT, "a string that ends at a backslash goes on where standard_conforming_strings is "
            "off, as it is here by default: a quote in it is written ''");
    err_sqlstate(&failure->err, "42601"); /* syntax_error */
}

/* By the line of the rows that the server names. */
static bool place_input(const struct script *script, const struct pg_script *ran, struct failure *failure)
{
    if (ran->input_line <= 0 || ran->inputs < 1 || (size_t)ran->inputs > script->copy_count)
        return false;
    const struct script_copy *copy = &script->copies[ran->inputs - 1];
    failure->part = copy->part;
    failure->line = part_file_line(copy->part, copy->statement->data_line + (int)ran->input_line - 1);
    return true;
}

/* Twice while a try waits for a lock, so that whoever holds it is seen in time. */
static int64_t look_every_ms(const struct execution *x)
{
    return x->step.request->lock_timeout_ms / 2;
}

static void tell_waiting(struct execution *x, const char *why)
{
    if (strcmp(why, x->waiting ? x->waiting : "") != 0 && x->hooks && x->hooks->waiting)
        x->hooks->waiting(x->hooks->context, why);
    x->waiting = why;
}

/* What no limit ends (CONCURRENTLY's wait for old transactions, a lock where the file sets its own) somebody has to
 * end. Who holds it is told once for the same transactions, whatever they do meanwhile. */
static const char *why_waiting(struct execution *x, const struct ledger_wait *wait, int64_t now)
{
    if (wait->standby) {
        x->held_by = "";
        return "its server waits for a synchronous standby: no commit ends before one answers";
    }
    if (!*wait->transactions || strcmp(wait->transactions, x->held_by) != 0) {
        x->held_by = wait->transactions;
        x->held_ms = now;
        return "";
    }
    if (now - x->held_ms < LONG_WAIT * x->step.request->lock_timeout_ms)
        return "";
    return x->waiting && *x->waiting ? x->waiting
                                     : arena_printf(x->arena, "its step is held up by %s", wait->blockers);
}

/* Where the server does not end a wait, one that keeps readers out has its end here. */
static void judge_wait(struct execution *x, bool keeps_out, int64_t now)
{
    if (!keeps_out || !x->patience_ms)
        x->kept_out_ms = 0;
    else if (!x->kept_out_ms)
        x->kept_out_ms = now;
    x->cut = x->kept_out_ms && now - x->kept_out_ms >= x->patience_ms;
}

/* Asked again and again while the script runs. */
static bool watch(void *context)
{
    struct execution *x = context;
    int64_t now = clock_mono_ms();
    if (now >= x->look_ms) {
        struct ledger_wait wait = ledger_look(x->ledger, x->arena);
        x->blockers = wait.blockers;
        tell_waiting(x, why_waiting(x, &wait, now));
        judge_wait(x, wait.keeps_out, now);
        x->look_ms = now + look_every_ms(x);
    }
    return stop_asked(x) || x->cut;
}

/* It was cancelled here for what the server would have ended it for. */
static void tell_cut(struct execution *x, struct err *err)
{
    if (!x->cut || err->kind != ERR_TIMEOUT || stop_asked(x))
        return;
    err_set(err, ERR_DATABASE, "canceling statement due to lock timeout: readers would wait behind it");
    err_sqlstate(err, "55P03");
}

/* A piece of the string that the server reads as a whole. */
struct piece {
    size_t number, from, to, copies, copies_end;
};

static struct piece piece_of(const struct script *script, size_t i)
{
    const struct script_break *begin = i ? &script->breaks[i - 1] : NULL;
    const struct script_break *end = i < script->break_count ? &script->breaks[i] : NULL;
    return (struct piece){.number = i, .from = begin ? begin->at : 0, .to = end ? end->at : script->sql.len,
                          .copies = begin ? begin->copies : 0, .copies_end = end ? end->copies : script->copy_count};
}

static bool run_piece(struct execution *x, const struct script *script, const struct piece *piece, bool stoppable,
                      struct pg_script *ret_script, struct err *err)
{
    const char *text = buf_text(&script->sql) + piece->from;
    if (piece->to < script->sql.len)
        text = arena_strndup(x->arena, text, piece->to - piece->from);
    return pg_run_script(ledger_session(x->ledger), text, script->inputs + piece->copies,
                         piece->copies_end - piece->copies, stoppable ? watch : NULL, x, ret_script, err);
}

/* What earlier pieces have told goes in front; `completed` stays that of the last. */
static void take_earlier(struct pg_script *ran, struct pg_script *earlier)
{
    ran->inputs += earlier->inputs;
    if (!ran->rows) {
        ran->rows = earlier->rows;
        earlier->rows = NULL;
    }
    if (!ran->ended[0])
        text_format(ran->ended, sizeof ran->ended, "%s", earlier->ended);
    pg_script_release(earlier);
}

/* Greylag's own errors say what there is to say. */
static struct server_said said_of(struct execution *x, const PGresult *error, bool theirs)
{
    static const int fields[] = {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT, PG_DIAG_CONTEXT, PG_DIAG_SCHEMA_NAME,
                                 PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME, PG_DIAG_DATATYPE_NAME,
                                 PG_DIAG_CONSTRAINT_NAME};
    struct server_said said = said_decode("", x->arena);
    const char **const members[] = {&said.detail, &said.hint, &said.context, &said.schema, &said.table, &said.column,
                                    &said.data_type, &said.constraint};
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    for (size_t i = 0; state && (theirs || strncmp(state, "GL", 2) != 0) && i < COUNT_OF(fields); i++) {
        auto_free char *text = pg_error_field(ledger_session(x->ledger), error, fields[i]);
        *members[i] = arena_strdup(x->arena, text);
    }
    return said;
}

bool script_run(struct execution *x, const struct script *script, bool stoppable, struct pg_script *ret_script,
                struct failure *failure)
{
    bool good = true;
    struct piece piece = {0};
    *ret_script = (struct pg_script){.completed = 0};
    x->blockers = x->held_by = "";
    x->kept_out_ms = 0;
    x->cut = false;
    x->look_ms = clock_mono_ms() + look_every_ms(x);
    for (size_t i = 0; good && i <= script->break_count; i++) {
        struct pg_script earlier = *ret_script;
        piece = piece_of(script, i);
        good = run_piece(x, script, &piece, stoppable, ret_script, &failure->err);
        take_earlier(ret_script, &earlier);
    }
    tell_waiting(x, "");
    if (good)
        return true;
    tell_cut(x, &failure->err);
    if (!place_input(script, ret_script, failure) && failure->err.position > 0)
        place_position(script, piece.from, failure->err.position, failure);
    else if (!failure->line)
        place_count(script, piece.number, ret_script->completed, failure);
    failure->theirs = is_theirs(script, piece.number, ret_script->completed, failure);
    failure->said = said_of(x, ret_script->failed, failure->theirs);
    tell_read_only(script, piece.number, ret_script->completed, failure);
    tell_ambiguous(x, script, failure);
    return false;
}
