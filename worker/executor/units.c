/* What runs by itself outside a transaction: one statement, or what a file puts between BEGIN and COMMIT. */
#include <string.h>

#include "executor/executor_internal.h"

static struct unit unit_of(const struct part *part, size_t at, int number)
{
    const struct sql_statement *s = &part->text.statements[at];
    return (struct unit){.part = part, .begin = s->begin, .end = s->rows ? s->data_end : s->end, .first = at,
                         .count = 1, .line = part_file_line(part, s->line), .number = number,
                         .sets = s->sets, .together = !sql_class_no_transaction(s->kind), .isolation = s->isolation,
                         .statement = s};
}

/* How many statements from `at` on share a transaction with it. */
static size_t run_of(const struct sql_text *t, size_t at)
{
    size_t count = 0;
    while (at + count < t->count && sql_class_joins(t->statements[at + count].kind))
        count++;
    return count;
}

/* Statements [first, first + count) of the part become one unit. */
static void span(struct unit *unit, size_t first, size_t count)
{
    const struct sql_statement *from = &unit->part->text.statements[first], *to = from + count - 1;
    unit->begin = from->begin;
    unit->end = to->rows ? to->data_end : to->end;
    unit->first = first;
    unit->count = count;
    unit->sets = false;
}

/* The unit of the BEGIN at *at, which is moved to its COMMIT. False: there is none. */
static bool join_frame(const struct part *part, size_t *at, struct unit *unit)
{
    const struct sql_text *t = &part->text;
    size_t count = run_of(t, *at + 1), last = *at + 1 + count;
    if (last >= t->count || t->statements[last].kind != SQL_COMMIT)
        return false;
    if (count)
        span(unit, *at + 1, count);
    else
        unit->count = 0; /* BEGIN; COMMIT */
    *at = last;
    return true;
}

/* The statements up to the next BEGIN or COMMIT, which a tool has in one transaction. */
static void join_group(const struct part *part, size_t *at, struct unit *unit)
{
    size_t count = run_of(&part->text, *at);
    if (count < 2)
        return;
    span(unit, *at, count);
    *at += count - 1;
}

/* Between its COMMITs a tool has one transaction; not so psql, which commits each statement that stands outside of one,
 * nor what asks to run without. */
static bool is_grouped(const struct execution *x)
{
    return !x->step.request->no_transaction && !parts_no_transaction(x) && parts_in_units(x) &&
           x->step.job->history != HISTORY_SQITCH;
}

/* Adds those of one part; false: transaction control that makes no units; failure->line is where. */
static bool add_units(const struct part *part, bool grouped, int number, struct units *units, struct failure *failure)
{
    static const struct sql_statement whole = {.kind = SQL_OPAQUE, .keyword = "text", .line = 1};
    const struct sql_text *t = &part->text;
    if (!t->divided)
        units->items[units->count++] = (struct unit){.part = part, .end = part->expanded.len, .line = 1,
                                                     .number = number, .statement = &whole};
    for (size_t i = 0; i < t->count; i++) {
        const struct sql_statement *s = &t->statements[i];
        struct unit *unit = &units->items[units->count];
        failure->line = part_file_line(part, s->line);
        failure->part = part;
        if (s->kind == SQL_COMMIT && t->in_units)
            continue; /* what it ends has ended by itself */
        if (s->kind == SQL_COMMIT || s->kind == SQL_ROLLBACK || s->kind == SQL_SAVEPOINT)
            return false;
        *unit = unit_of(part, i, number + (int)i);
        if (s->kind == SQL_BEGIN && !join_frame(part, &i, unit))
            return false;
        if (s->kind != SQL_BEGIN && grouped)
            join_group(part, &i, unit);
        units->count += unit->count > 0;
    }
    return true;
}

bool units_make(struct execution *x, struct units *ret_units, struct failure *failure)
{
    size_t room = PART_COUNT;
    int number = 0;
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        room += x->parts[i].text.count;
    *ret_units = (struct units){.items = arena_array(x->arena, room, sizeof *ret_units->items)};
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++) {
        if (!add_units(&x->parts[i], is_grouped(x), number, ret_units, failure))
            return false;
        number += x->parts[i].text.divided ? (int)x->parts[i].text.count : 1;
    }
    failure->line = 0;
    failure->part = NULL;
    return true;
}
