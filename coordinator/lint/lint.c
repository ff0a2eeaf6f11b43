/* A run over one service: files, texts and facts are shown to the rules in order, then comments take findings away. */
#include "lint/lint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "lint/lint_internal.h"

enum stage { STAGE_FILE, STAGE_FACT, STAGE_TEXT, STAGE_END };
enum parts { PARTS_UP, PARTS_BOTH, PARTS_ALL };

static const struct check {
    enum lint_rule rule;
    void (*check)(struct scope *scope);
    enum stage stage;
    enum parts parts;
} checks[] = {
#define X(name, function, id, severity, stage, parts, ...) {LINT_##name, function, STAGE_##stage, PARTS_##parts},
#define Y(...)
    LINT_RULES(X, Y)
#undef X
#undef Y
};

/* ---- what rules call ---- */

void lint_keep(struct lint *lint, enum lint_rule rule, struct place place, const char *text)
{
    enum lint_severity severity = lint->policy.severity[rule];
    bool differs = lint->migration && lint->migration->ends_differ && rule == LINT_LINE_ENDINGS;
    bool applied = lint->migration && lint->migration->applied && !differs;
    if (severity == LINT_OFF || (applied && !lint_rules[rule].lasting))
        return;
    *arena_add(&lint->work, lint->kept, lint->kept_count, lint->kept_room) = (struct kept){
        .finding = {.rule = rule,
                    .severity = severity,
                    .file = place.file,
                    .line = place.line,
                    .column = place.column,
                    .text = text},
        .from = place.from,
        .to = place.to};
}

__attribute__((format(printf, 4, 0))) static void keep(struct scope *scope, enum lint_rule rule, struct place place,
                                                       const char *format, va_list args)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    buf_addv(&text, format, args);
    lint_keep(scope->lint, rule, place, arena_strdup(scope->lint->arena, buf_text(&text)));
}

void rule_at(struct scope *scope, enum lint_rule rule, struct place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(scope, rule, place, format, args);
    va_end(args);
}

void rule_fact(struct scope *scope, enum lint_rule rule, const char *format, ...)
{
    va_list args;
    if (scope->lint->policy.severity[rule] == LINT_OFF)
        return;
    va_start(args, format);
    keep(scope, rule, placing_find(scope->placing, scope->fact->statement, scope->fact->at), format, args);
    va_end(args);
}

bool rule_said(const struct scope *scope, enum lint_rule rule)
{
    const struct lint *lint = scope->lint;
    for (size_t i = lint->migration_first; i < lint->kept_count; i++) {
        if (lint->kept[i].finding.rule == rule)
            return true;
    }
    return false;
}

const char *rule_name(struct scope *scope, struct relation name)
{
    return *name.schema ? arena_printf(scope->arena, "%s.%s", name.schema, name.name) : name.name;
}

bool rule_transactional(const struct scope *scope)
{
    return !scope->migration->no_transaction && !scope->facts->sql.needs_no_transaction;
}

/* A whole word, so that `user` is not found in `user_id`. */
bool rule_names_word(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p++) {
        bool begins = p == text || !(isalnum((unsigned char)p[-1]) || p[-1] == '_');
        bool ends = !(isalnum((unsigned char)p[len]) || p[len] == '_');
        if (begins && ends)
            return true;
    }
    return false;
}

bool lint_is_opaque(const struct lint *lint, const char *table)
{
    for (size_t i = 0; i < lint->opaque_count; i++) {
        if (rule_names_word(lint->opaque[i], table))
            return true;
    }
    return false;
}

/* ---- the run ---- */

/* `part`: what is looked at belongs to an up, to both (an undo), or to all that runs. */
static void call(struct scope *scope, enum stage stage, enum parts part)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (checks[i].stage == stage && checks[i].parts >= part &&
            scope->lint->policy.severity[checks[i].rule] != LINT_OFF)
            checks[i].check(scope);
    }
}

static bool see_file(struct lint *lint, const char *file)
{
    unsigned hash = 5381;
    for (const char *p = file; *p; p++)
        hash = hash * 33 + (unsigned char)*p;
    for (size_t i = lint->file_count; i-- > 0;) {
        if (lint->files[i].hash == hash && strcmp(lint->files[i].file, file) == 0)
            return false;
    }
    *arena_add(&lint->work, lint->files, lint->file_count, lint->file_room) = (struct seen_file){file, hash};
    return true;
}

/* What happens in there is not known: it is asked for tables' names later. */
static void keep_opaque(struct lint *lint, const char *text)
{
    *arena_add(&lint->work, lint->opaque, lint->opaque_count, lint->opaque_room) = arena_strdup(&lint->work, text);
}

static void read_facts(struct scope *scope, enum parts part)
{
    const struct facts *facts = scope->facts;
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = scope->fact = &facts->items[i];
        if (!schema_skips(scope->schema, fact))
            call(scope, STAGE_FACT, part);
        if (part != PARTS_UP)
            continue;
        struct place place = {.file = NULL};
        if (fact->kind == FACT_FOREIGN_KEY)
            place = placing_find(scope->placing, fact->statement, fact->at);
        schema_apply(scope->schema, fact, place, scope->migration->applied);
        if (fact->kind == FACT_OPAQUE)
            keep_opaque(scope->lint, fact->to);
    }
    scope->fact = NULL;
    if (part == PARTS_UP && !facts->sql.parsed)
        keep_opaque(scope->lint, scope->text->sql);
}

static void read_text(struct lint *lint, const struct lint_migration *migration, const struct lint_text *text,
                      enum parts part)
{
    struct facts facts;
    struct placing placing;
    struct scope scope = {.lint = lint,
                          .migration = migration,
                          .text = text,
                          .new_file = see_file(lint, text->file),
                          .facts = &facts,
                          .placing = &placing,
                          .schema = &lint->schema,
                          .arena = &lint->work};
    facts_read(text->sql, &lint->work, &facts);
    placing_begin(&placing, text, &facts.sql);
    if (scope.new_file) {
        ignores_read(&scope);
        call(&scope, STAGE_FILE, part);
    }
    lint->schema.transactional = rule_transactional(&scope);
    read_facts(&scope, part);
    call(&scope, STAGE_TEXT, part);
}

struct lint *lint_begin(const struct lint_policy *policy, struct arena *arena)
{
    struct lint *lint = xcalloc(1, sizeof *lint);
    lint->arena = arena;
    lint->policy = *policy;
    lint->schema = (struct schema){.arena = &lint->work, .migration = -1, .skipped_statement = -1};
    return lint;
}

/* Over a schema of its own, which knows no table and is forgotten. */
static void read_apart(struct lint *lint, const struct lint_migration *migration)
{
    struct schema schema = lint->schema;
    lint->schema = (struct schema){.arena = &lint->work, .migration = schema.migration, .skipped_statement = -1};
    read_text(lint, migration, &migration->up, PARTS_UP);
    lint->schema = schema;
}

void lint_add(struct lint *lint, const struct lint_migration *migration)
{
    lint->schema.migration++;
    lint->migration_first = lint->kept_count;
    lint->migration = migration;
    if (migration->apart)
        read_apart(lint, migration);
    else
        read_text(lint, migration, &migration->up, PARTS_UP);
    if (migration->down.sql)
        read_text(lint, migration, &migration->down, PARTS_BOTH);
    lint->migration = NULL;
}

void lint_add_aside(struct lint *lint, const struct lint_text *text, bool applied)
{
    const struct lint_migration migration = {.id = "", .name = "", .version = "", .up = *text, .applied = applied};
    lint->migration_first = lint->kept_count;
    lint->migration = &migration;
    read_text(lint, &migration, text, PARTS_ALL);
    lint->migration = NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->finding.line != y->finding.line)
        return x->finding.line - y->finding.line;
    if (x->finding.column != y->finding.column)
        return x->finding.column - y->finding.column;
    return x->number < y->number ? -1 : 1;
}

/* Rules speak in their own order: of the whole service at its end, of each pattern through a whole file. */
static void sort_kept(struct lint *lint)
{
    for (size_t i = 0; i < lint->kept_count; i++) {
        struct kept *kept = &lint->kept[i];
        kept->number = i;
        while (kept->file < lint->file_count && strcmp(lint->files[kept->file].file, kept->finding.file) != 0)
            kept->file++;
    }
    if (lint->kept_count)
        qsort(lint->kept, lint->kept_count, sizeof *lint->kept, by_place);
}

/* Two patterns can see the same secret. */
static bool is_same(const struct lint_finding *a, const struct lint_finding *b)
{
    return a->rule == b->rule && a->line == b->line && a->column == b->column && strcmp(a->file, b->file) == 0 &&
           strcmp(a->text, b->text) == 0;
}

void lint_end(struct lint *lint, const struct lint_finding **ret_findings, size_t *ret_count)
{
    struct scope scope = {.lint = lint, .schema = &lint->schema, .arena = &lint->work};
    call(&scope, STAGE_END, PARTS_UP);
    for (size_t i = 0; i < lint->kept_count; i++)
        lint->kept[i].ignored = ignores_cover(lint, &lint->kept[i]);
    ignores_end(lint);
    sort_kept(lint);
    struct lint_finding *findings = arena_array(lint->arena, lint->kept_count + 1, sizeof *findings);
    size_t count = 0;
    for (size_t i = 0; i < lint->kept_count; i++) {
        const struct lint_finding *finding = &lint->kept[i].finding;
        if (!lint->kept[i].ignored && !(count && is_same(finding, &findings[count - 1])))
            findings[count++] = *finding;
    }
    *ret_findings = findings;
    *ret_count = count;
    struct arena work = lint->work;
    free(lint);
    arena_release(&work);
}
