/* One string of statements: greylag's own and those of the parts, without the rows that COPY reads, which are sent when
 * the server asks for them. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "executor/executor_internal.h"

void script_add(struct script *script, const char *sql, int count)
{
    buf_adds(&script->sql, sql);
    script->statements += script->statements < 0 ? 0 : count;
}

static void add_span(struct script *script, const struct part *part, size_t begin, size_t end, size_t first,
                     size_t count)
{
    *arena_add(script->arena, script->spans, script->span_count, script->span_room) =
        (struct script_span){.part = part, .begin = begin, .end = end, .at = script->sql.len, .first = first,
                             .count = count, .before = script->statements};
    buf_add(&script->sql, part->expanded.text + begin, end - begin);
    if (!part->text.parsed)
        script->statements = -1;
    else if (script->statements >= 0)
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

void script_add_statements(struct script *script, const struct part *part, size_t begin, size_t end, size_t first,
                           size_t count)
{
    const char *text = part->expanded.text;
    size_t from = first;
    for (size_t i = first; i < first + count; i++) {
        const struct sql_statement *s = &part->text.statements[i];
        if (!s->rows)
            continue;
        add_copy(script, part, s);
        add_span(script, part, begin, s->end, from, i + 1 - from);
        buf_adds(&script->sql, ";\n");
        begin = s->data_end + strcspn(text + s->data_end, "\n"); /* behind the line "\." */
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
    buf_adds(&script->sql, "\n;");
}

/* ---- where it failed ---- */

static int file_line(const struct part *part, int line)
{
    return placeholder_line(&part->expanded, line);
}

/* The byte of the 1-based character `position`. */
static size_t byte_of(const char *text, int position)
{
    size_t at = 0;
    for (int left = position - 1; left > 0 && text[at]; at++)
        left -= ((unsigned char)text[at + 1] & 0xC0) != 0x80;
    return at;
}

static void place_position(const struct script *script, int position, struct failure *failure)
{
    size_t byte = byte_of(buf_text(&script->sql), position);
    for (size_t i = 0; i < script->span_count; i++) {
        const struct script_span *span = &script->spans[i];
        int line, column;
        if (byte < span->at || byte - span->at >= span->end - span->begin)
            continue;
        text_position(span->part->expanded.text, span->begin + (byte - span->at), &line, &column);
        failure->part = span->part;
        failure->line = file_line(span->part, line);
    }
}

/* By how many statements were through: the next one is it. */
/* By how many statements were through: the next one is it. */
static void place_count(const struct script *script, int completed, struct failure *failure)
{
    for (size_t i = 0; i < script->span_count; i++) {
        const struct script_span *span = &script->spans[i];
        int ahead = completed - span->before;
        if (!span->part->text.parsed || span->before < 0 || ahead < 0 || (size_t)ahead >= span->count)
            continue;
        failure->part = span->part;
        failure->line = file_line(span->part, span->part->text.statements[span->first + (size_t)ahead].line);
    }
}

/* By the line of the rows that the server names. */
static bool place_input(const struct script *script, const struct pg_script *ran, struct failure *failure)
{
    if (ran->input_line <= 0 || ran->inputs < 1 || (size_t)ran->inputs > script->copy_count)
        return false;
    const struct script_copy *copy = &script->copies[ran->inputs - 1];
    failure->part = copy->part;
    failure->line = file_line(copy->part, copy->statement->data_line + (int)ran->input_line - 1);
    return true;
}

bool script_run(struct execution *x, const struct script *script, bool stoppable, struct pg_script *ret_script,
                struct failure *failure)
{
    bool (*stop)(void *) = stoppable && x->hooks ? x->hooks->stop : NULL;
    if (pg_run_script(ledger_session(x->ledger), buf_text(&script->sql), script->inputs, script->copy_count, stop,
                      stop ? x->hooks->context : NULL, ret_script, &failure->err))
        return true;
    if (!place_input(script, ret_script, failure) && failure->err.position > 0)
        place_position(script, failure->err.position, failure);
    else if (!failure->line)
        place_count(script, ret_script->completed, failure);
    return false;
}
