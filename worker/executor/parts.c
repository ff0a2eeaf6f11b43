/* The texts of a step: which of them run, their placeholders, and what can be told before anything runs. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "executor/executor_internal.h"

const char *part_what(const struct part *part)
{
    static const char *const whats[] = {
#define X(name, what) what,
        PARTS(X)
#undef X
    };
    return whats[part ? part->name : PART_MAIN];
}

int part_file_line(const struct part *part, int line)
{
    return line ? (int)text_line_in_file(part->lines, part->line_count, placeholder_line(&part->expanded, line)) : 0;
}

const char *part_line(struct execution *x, const struct part *part, int line)
{
    if (!part || part->name == PART_MAIN)
        return arena_printf(x->arena, "line %d", line);
    return arena_printf(x->arena, "line %d of %s", line, part_what(part));
}

void parts_take(struct execution *x)
{
    const struct job_request *r = x->step.request;
    bool up = r->direction == DIRECTION_UP, each = up && r->kind != MIGRATION_CALLBACK;
    const char *const texts[] = {
        [PART_BEFORE] = each ? x->step.job->before_each : NULL,
        [PART_MAIN] = up || r->direction == DIRECTION_DOWN ? r->sql : NULL,
        [PART_AFTER] = each ? x->step.job->after_each : NULL,
        [PART_VERIFY] = up ? r->verify : NULL,
    };
    for (size_t i = 0; i < PART_COUNT; i++) {
        const char *text = texts[i] ? texts[i] : "";
        bool main = i == PART_MAIN, verify = i == PART_VERIFY;
        x->parts[i] = (struct part){.lines = main ? r->lines : r->verify_lines,
                                    .line_count = main ? r->line_count : verify ? r->verify_line_count : 0,
                                    .name = (enum part_name)i, .raw = text,
                                    .expanded = {.text = text, .len = strlen(text)}};
    }
}

/* What stands around each migration is the service's, whatever the migration's own file asks for. */
static bool replaces(const struct execution *x, const struct part *part)
{
    return x->step.request->placeholders || part->name == PART_BEFORE || part->name == PART_AFTER;
}

bool parts_ask(const struct execution *x)
{
    struct placeholder_use use;
    for (size_t i = 0; i < PART_COUNT; i++)
        for (size_t at = 0; replaces(x, &x->parts[i]) && placeholder_next(x->parts[i].raw, &at, &use);)
            if (names_builtin(&use))
                return true;
    return false;
}

static bool expand(struct execution *x, struct part *part, struct failure *failure)
{
    struct placeholder_use missing;
    x->expanding = part;
    if (placeholder_expand(part->raw, names_get, x, x->arena, &part->expanded, &missing, &failure->err))
        return true;
    if (missing.closed)
        names_explain(x, part, &missing, &failure->err);
    int column;
    text_position(part->raw, missing.begin, &failure->line, &column);
    failure->line = (int)text_line_in_file(part->lines, part->line_count, failure->line);
    err_sqlstate(&failure->err, "42P02"); /* undefined_parameter */
    failure->part = part;
    return false;
}

static void analyse(struct execution *x, struct part *part)
{
    sql_analyse(part->expanded.text, x->arena, &part->text);
    if (part->text.parsed || part->text.flaw)
        return;
    buf_addf(&x->warning, "%s%s could not be analysed (%s: %s) and runs as it is", x->warning.len ? "; " : "",
             part->name == PART_MAIN ? "the text" : part_what(part),
             part_line(x, NULL, part_file_line(part, part->text.warning_line)), part->text.warning);
}

/* What can be told of a text before anything runs. */
static bool acceptable(struct execution *x, const struct part *part, struct failure *failure)
{
    const struct sql_text *t = &part->text;
    bool alone = part->name != PART_VERIFY &&
                 (parts_in_units(x) || x->step.request->no_transaction || parts_no_transaction(x));
    int line = 0;
    if (t->forbidden) {
        line = t->forbidden->line;
        const char *hint, *why = sql_refusal(t, x->arena, &hint);
        err_set(&failure->err, ERR_INPUT, "%s", why);
        err_hint(&failure->err, "%s", hint);
    } else if (t->stray_control && !alone && !(part->name == PART_VERIFY && t->own_rollback)) {
        line = t->stray_line;
        err_set(&failure->err, ERR_INPUT, "transaction control that nobody can follow in %s: each BEGIN needs its "
                "COMMIT, and a ROLLBACK has no place in a migration", part_what(part));
    } else
        return true;
    failure->part = part;
    failure->line = part_file_line(part, line);
    err_sqlstate(&failure->err, t->flaw ? "42601" : "25001"); /* syntax_error, active_sql_transaction */
    return false;
}

bool parts_prepare(struct execution *x, struct failure *failure)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (replaces(x, &x->parts[i]) && !expand(x, &x->parts[i], failure))
            return false;
    for (size_t i = 0; i < PART_COUNT; i++)
        analyse(x, &x->parts[i]);
    for (size_t i = 0; i < PART_COUNT; i++)
        if (!acceptable(x, &x->parts[i], failure))
            return false;
    return true;
}

bool parts_no_transaction(const struct execution *x)
{
    return x->parts[PART_BEFORE].text.needs_no_transaction || x->parts[PART_MAIN].text.needs_no_transaction ||
           x->parts[PART_AFTER].text.needs_no_transaction;
}

bool parts_in_units(const struct execution *x)
{
    return x->parts[PART_MAIN].text.in_units && !x->parts[PART_BEFORE].text.stray_control &&
           !x->parts[PART_AFTER].text.stray_control;
}

bool parts_may_end(const struct execution *x)
{
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++)
        for (size_t n = 0; n < x->parts[i].text.count; n++)
            if (x->parts[i].text.statements[n].kind == SQL_OPAQUE || x->parts[i].text.statements[n].again)
                return true;
    return false;
}

bool parts_mention(const struct execution *x, const char *word)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (strcasestr(x->parts[i].expanded.text, word))
            return true;
    return false;
}

#define WORDS_MAX 1000
#define WORD_MAX 64

/* Where the database can hold all of them, letters of every alphabet are in words. */
static bool in_word(char c, bool utf8)
{
    return (utf8 && (unsigned char)c >= 0x80) || c == '_' || c == '$' || (c >= '0' && c <= '9') ||
           (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The word around the dot. `dollars`: a '$' is a part of it, and not of a dollar quote. NULL: none. */
static const char *word_at(struct arena *arena, bool utf8, const char *text, const char *dot, bool dollars)
{
    const char *begin = dot, *end = dot + 1;
    while (begin > text && in_word(begin[-1], utf8) && (dollars || begin[-1] != '$'))
        begin--;
    while (in_word(*end, utf8) && (dollars || *end != '$'))
        end++;
    bool names = begin < dot && end > dot + 1 && !(*begin >= '0' && *begin <= '9');
    return names && end - begin <= WORD_MAX ? arena_strndup(arena, begin, (size_t)(end - begin)) : NULL;
}

const char *const *parts_words(const struct execution *x, size_t *ret_count)
{
    bool utf8 = strcmp(pg_parameter(ledger_session(x->ledger), "server_encoding"), "UTF8") == 0;
    const char **words = arena_array(x->arena, WORDS_MAX, sizeof *words);
    *ret_count = 0;
    for (enum part_name i = PART_BEFORE; i <= PART_AFTER; i++) {
        const char *text = x->parts[i].raw;
        for (const char *dot = text; *ret_count < WORDS_MAX && (dot = strchr(dot, '.')); dot++) {
            const char *word = word_at(x->arena, utf8, text, dot, false);
            const char *longer = word_at(x->arena, utf8, text, dot, true);
            if (word)
                words[(*ret_count)++] = word;
            if (longer && *ret_count < WORDS_MAX && (!word || strcmp(word, longer) != 0))
                words[(*ret_count)++] = longer;
        }
    }
    return words;
}

const char *parts_replaced(const struct execution *x)
{
    const struct part *main = &x->parts[PART_MAIN];
    bool same = !x->step.request->placeholders || strcmp(main->raw, main->expanded.text) == 0;
    return same ? NULL : main->expanded.text;
}
