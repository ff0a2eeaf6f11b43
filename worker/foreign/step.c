/* The text that looks at a record again, and the text that keeps it: a DO block around the statements of tools.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "foreign/foreign_internal.h"
#include "foreign_sql.h"

/* A value of sql/foreign_block.sql. */
struct value {
    const char *name;
    const char *text; /* NULL: NULL */
    bool raw;         /* SQL as it is, instead of a literal */
};

static void add_value(struct buf *out, struct pg *pg, const struct value *value)
{
    if (!value->text)
        buf_adds(out, "NULL");
    else if (value->raw)
        buf_adds(out, value->text);
    else
        pg_add_literal(pg, out, value->text);
}

/* The template's @name@ become values; what a value holds is not looked at again. */
static void fill(struct buf *out, struct pg *pg, const char *template, const struct value *values, size_t count)
{
    for (const char *at; (at = strchr(template, '@')); template = at) {
        size_t i = 0, len = strcspn(at + 1, "@");
        while (i < count && (strlen(values[i].name) != len || strncmp(values[i].name, at + 1, len) != 0))
            i++;
        buf_add(out, template, (size_t)(at - template));
        if (i < count)
            add_value(out, pg, &values[i]);
        else
            buf_addc(out, '@');
        at += i < count ? len + 2 : 1;
    }
    buf_adds(out, template);
}

/* The request, with what tells the migration in the tool's record. One that is no longer among the files travels with
 * nothing but its id: the version, maybe with "_name" behind it, and Flyway's R__name and B<version>. */
static struct job_request identify(const struct foreign_step *step, const struct tool *tool, struct buf *text)
{
    struct job_request r = *step->request;
    const char *id = r.migration ? r.migration : "";
    bool told = (r.version && r.version[0]) || (r.script && r.script[0]) || r.kind == MIGRATION_REPEATABLE;
    if (told || !*id)
        return r;
    if (tool->named) {
        r.version = id;
    } else if (text_starts(id, "R__")) {
        for (id += strlen("R__"); *id; id++)
            buf_addc(text, *id == '_' ? ' ' : *id);
        r.kind = MIGRATION_REPEATABLE;
        r.name = buf_text(text);
    } else {
        r.kind = *id == 'B' ? MIGRATION_BASELINE : r.kind;
        id += *id == 'B';
        buf_add(text, id, strcspn(id, "_"));
        r.version = buf_text(text);
    }
    return r;
}

static void add_statements(struct buf *out, struct pg *pg, const struct tool *tool, const char *const *statements,
                           size_t count, const char *ledger)
{
    buf_adds(out, "ARRAY[");
    for (size_t i = 0; i < count; i++) {
        auto_buf struct buf text = BUF_INIT(1 << 16);
        tool_add_statement(&text, tool, statements[i], ledger);
        buf_adds(out, i ? "," : "");
        pg_add_literal(pg, out, buf_text(&text));
    }
    buf_adds(out, "]::text[]");
}

static const char *yes(bool value)
{
    return value ? "true" : "false";
}

enum purpose {
    GUARDS, /* the record must not say that the migration is in effect */
    CHECKS, /* it must say so */
    KEEPS,
};

static void add_block(struct buf *sql, const struct foreign_step *step, const struct tool *tool,
                      const char *const *statements, size_t count, enum purpose purpose, const char *refused)
{
    bool checks = purpose != KEEPS;
    const char *named = step->job->history_table;
    const struct history_name name = history_name(step->job->history, named);
    auto_buf struct buf schema = BUF_INIT(1024), run = BUF_INIT(1 << 18), create = BUF_INIT(1 << 16);
    auto_buf struct buf id = BUF_INIT(BUF_MAX), body = BUF_INIT(BUF_MAX), ledger = BUF_INIT(1024);
    const struct job_request r = identify(step, tool, &id);
    char columns[16], target[24];
    buf_add(&schema, name.schema, name.schema_len);
    pg_add_identifier(step->pg, &ledger, step->ledger_schema);
    add_statements(&run, step->pg, tool, statements, count, buf_text(&ledger));
    if (tool->create)
        tool_add_statement(&create, tool, tool->create, "");
    snprintf(columns, sizeof columns, "%d", tool->columns);
    snprintf(target, sizeof target, "%" PRId64, step->target);
    const struct value values[] = {
        {"refused", refused, false},
        {"tool", history_tool_text(step->job->history), false},
        {"path", step->search_path, false},
        {"schema_name", schema.len ? buf_text(&schema) : NULL, false},
        {"table_name", name.table, false},
        {"named", yes(named && *named), true},
        {"find", sql_foreign_find, false},
        {"words", tool->words, false},
        {"columns", columns, true},
        {"create", !checks && tool->create ? buf_text(&create) : NULL, false},
        {"lock", yes(!checks), true},
        {"statements", buf_text(&run), true},
        {"checks", yes(checks), true},
        {"guards", yes(purpose == GUARDS), true},
        {"version", r.version ? r.version : "", false},
        {"name", r.name ? r.name : "", false},
        {"script", r.script ? r.script : "", false},
        {"checksum", r.foreign_checksum ? r.foreign_checksum : "", false},
        {"kind", migration_kind_text(r.kind), false},
        {"direction", direction_text(r.direction), false},
        {"target", target, false},
        {"record", r.foreign_record ? r.foreign_record : "", false},
        {"migration", r.migration ? r.migration : "", false},
        {"ledger", buf_text(&ledger), true},
    };
    const char *template = sql_foreign_block;
    while (text_starts(template, "--"))
        template = strchr(template, '\n') + 1;
    fill(&body, step->pg, template, values, COUNT_OF(values));
    buf_adds(sql, "DO ");
    pg_add_literal(step->pg, sql, buf_text(&body));
    buf_addc(sql, ';');
}

static const struct tool nobody = {.words = ""};

void foreign_add_check(struct buf *sql, const struct foreign_step *step)
{
    const struct tool *tool = tool_of(step->job->history);
    if (step->request->direction != DIRECTION_ADOPT || !step->request->in_history)
        return;
    if (tool)
        add_block(sql, step, tool, &tool->check, 1, CHECKS, "");
    else
        add_block(sql, step, &nobody, NULL, 0, CHECKS, foreign_refuses(step->job->history));
}

static bool begins_versions(const struct job_request *r)
{
    return r->direction == DIRECTION_UP && (r->kind == MIGRATION_VERSIONED || r->kind == MIGRATION_BASELINE);
}

bool foreign_guards(const struct job *job, const struct job_request *request)
{
    const struct job_request *r = job->requests, *end = r + job->request_count;
    while (r < end && !begins_versions(r))
        r++;
    return r == request && r < end && tool_of(job->history);
}

void foreign_add_guard(struct buf *sql, const struct foreign_step *step)
{
    const struct tool *tool = tool_of(step->job->history);
    add_block(sql, step, tool, &tool->check, 1, GUARDS, "");
}

static size_t add_all(const char *const *from, const char *statements[])
{
    size_t count = 0;
    while (count < TOOL_STEPS && from[count]) {
        statements[count] = from[count];
        count++;
    }
    return count;
}

/* The statements of one direction. Where a tool has one row for each migration, one that runs again gets a new one, as
 * the last that ran and with the checksum of its new text. */
static size_t collect(const struct tool *tool, const struct job_request *r, const char *statements[2 * TOOL_STEPS + 1])
{
    bool adds = r->direction == DIRECTION_UP || r->direction == DIRECTION_ADOPT;
    bool again = r->direction == DIRECTION_UP && r->undoes && r->undoes[0] && tool->named;
    size_t count = again ? add_all(tool->take, statements) : 0;
    count += add_all(adds ? tool->add : tool->take, statements + count);
    if (r->direction == DIRECTION_ADOPT && r->undoes && r->undoes[0] && tool->align)
        statements[count++] = tool->align;
    return count;
}

void foreign_add_mirror(struct buf *sql, const struct foreign_step *step)
{
    const struct job_request *r = step->request;
    const struct tool *tool = tool_of(step->job->history);
    const char *statements[2 * TOOL_STEPS + 1], *refused = foreign_refuses(step->job->history);
    bool adds = r->direction == DIRECTION_UP || r->direction == DIRECTION_ADOPT;
    if (!step->job->mirror || r->kind == MIGRATION_CALLBACK)
        return;
    bool whole = r->foreign_record && r->foreign_record[0] && r->foreign_checksum && r->foreign_checksum[0];
    if (!refused && adds && tool->needs_record && !whole)
        refused = "the job does not carry what this tool records of a migration";
    if (refused)
        add_block(sql, step, &nobody, NULL, 0, KEEPS, refused);
    else
        add_block(sql, step, tool, statements, collect(tool, r, statements), KEEPS, "");
}
