#include "sql/sql.h"

#include <pg_query.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sql/flaw.h"
#include "sql/sql_internal.h"
#include "sql/sql_tree.h"
#include "sql/unparsed.h"

/* The whole text's trees are in memory at once, about 1 KB for each of the smallest statements. */
#define STATEMENTS_MAX 500000
bool sql_class_no_transaction(enum sql_class kind)
{
    return kind == SQL_CREATE_INDEX || kind == SQL_DROP_INDEX || kind == SQL_REINDEX || kind == SQL_DETACH ||
           kind == SQL_ALONE || kind == SQL_ONCE;
}

bool sql_class_joins(enum sql_class kind)
{
    return kind == SQL_PLAIN || kind == SQL_SAVEPOINT || kind == SQL_OPAQUE;
}

/* What is built up while statements are added, in order. */
struct gather {
    const char *text;
    size_t len;
    const char *plain;      /* the text with numbers that the parser knows; NULL: it has no others */
    const char *code;       /* of the stretch at hand, NUL-terminated: the text's, or the plain one's */
    const struct sql_stretch *stretch;
    bool calls;             /* functions that matter are named somewhere */
    bool rereads;           /* so is a setting that changes how the text behind it is read */
    struct arena *arena;
    struct sql_statement *statements;
    size_t count, room;
    size_t counted;         /* lines are counted up to here */
    int line;
    sql_visitor *visit;     /* NULL: nobody wants the trees */
    void *context;
};

/* The line of an offset that is not before the last one asked for. */
static int count_to(struct gather *g, size_t offset)
{
    for (; g->counted < offset; g->counted++)
        g->line += g->text[g->counted] == '\n';
    return g->line;
}

static struct sql_statement *add(struct gather *g, size_t location, size_t len)
{
    size_t end = g->stretch->end;
    struct sql_statement *s = arena_add(g->arena, g->statements, g->count, g->room);
    s->keyword = "statement";
    location += g->stretch->begin;
    s->end = len ? location + len : end;
    if (s->end > end)
        s->end = end;
    s->begin = sql_skip_blank(g->text, location < end ? location : end, s->end);
    s->line = count_to(g, s->begin);
    return s;
}

static void cannot(struct gather *g, struct sql_text *ret, const char *why, const PgQueryError *error)
{
    ret->parsed = false;
    ret->warning = arena_strdup(g->arena, error ? error->message : why);
    ret->warning_line = 1;
    ret->warning_column = error && error->cursorpos > 0;
    for (const char *p = g->text; g->stretch && p < g->text + g->stretch->begin; p++)
        ret->warning_line += *p == '\n';
    /* cursorpos counts characters */
    const char *p = g->stretch ? g->code : g->text;
    for (int left = error ? error->cursorpos - 1 : 0; left > 0 && *p; p++) {
        bool next = ((unsigned char)p[1] & 0xC0) != 0x80;
        ret->warning_line += *p == '\n';
        ret->warning_column = *p == '\n' ? 1 : ret->warning_column + next;
        left -= next;
    }
}

/* A flaw of the stretch at hand becomes what is forbidden in the text. */
static void find_flaw(struct gather *g, struct sql_text *ret, const PgQueryError *error)
{
    struct sql_flaw flaw;
    if (!sql_find_flaw(g->code, error, g->arena, &flaw))
        return;
    int line = 1;
    for (const char *p = g->text; p < g->text + g->stretch->begin + flaw.at; p++)
        line += *p == '\n';
    struct sql_statement *s = arena_new(g->arena, struct sql_statement);
    *s = (struct sql_statement){
        .kind = SQL_FORBIDDEN, .line = line, .keyword = "statement", .why = flaw.text, .hint = flaw.hint};
    ret->forbidden = s;
    ret->flaw = flaw.kind;
}

const char *sql_refusal(const struct sql_text *text, struct arena *arena, const char **ret_hint)
{
    const struct sql_statement *s = text->forbidden;
    *ret_hint = s->hint ? s->hint : "remove the statement";
    return text->flaw ? s->why : arena_printf(arena, "%s is not allowed in a migration: %s", s->keyword, s->why);
}

/* Whether the statement is PLAIN for certain, told by its words alone: building its tree costs ten times as much as
 * parsing it. What stands in strings and comments may say no here, never yes. */
static bool is_plain(const char *statement, size_t len)
{
    static const char *const beginnings[] = {"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER",
                                             "DROP",   "GRANT",  "REVOKE", "COMMENT"};
    static const char *const doubts[] = {"concurrently", "database", "tablespace", "subscription", "system"};
    bool begins = false;
    for (size_t i = 0; i < COUNT_OF(beginnings) && !begins; i++) {
        size_t word = strlen(beginnings[i]);
        begins = len > word && strncasecmp(statement, beginnings[i], word) == 0 && strchr(" \t\r\n", statement[word]);
    }
    for (size_t i = 0; i < COUNT_OF(doubts) && begins; i++)
        begins = !strcasestr(statement, doubts[i]);
    bool keeps_index = begins && strcasestr(statement, "index") && strcasestr(statement, "exists");
    return begins && !keeps_index;
}

static bool mentions_strings(const char *text)
{
    return strcasestr(text, "standard_conforming_strings") || strcasestr(text, "backslash_quote");
}

/* A quote behind an odd number of backslashes. */
static bool has_escaped_quote(const char *text, size_t len)
{
    for (const char *end = text + len; (text = memchr(text, '\\', (size_t)(end - text)));) {
        size_t backslashes = strspn(text, "\\");
        text += backslashes;
        if (text >= end)
            return false;
        if (*text == '\'' && backslashes % 2 == 1)
            return true;
    }
    return false;
}

/* Whether the setting decides where a string in it ends. One that says E'...' is always read in the same way. */
static bool is_ambiguous(const char *text, size_t len)
{
    for (size_t at = has_escaped_quote(text, len) ? 0 : len; at < len;) {
        size_t end = sql_behind_token(text, at, len);
        if (text[at] == '\'' && has_escaped_quote(text + at, end - at))
            return true;
        at = end;
    }
    return false;
}

/* With standard_conforming_strings off the parser, which reads with on, may see other strings than the server. Where
 * none ends at a backslash, both see the same statements. */
static void find_ambiguous(struct gather *g, struct sql_text *ret)
{
    enum sql_strings strings = SQL_STRINGS_DEFAULT;
    for (size_t i = 0; i < g->count; i++) {
        struct sql_statement *s = &g->statements[i];
        bool ambiguous = strings != SQL_STRINGS_ON && is_ambiguous(g->text + s->begin, s->end - s->begin);
        if (ambiguous && strings == SQL_STRINGS_OFF) {
            s->kind = SQL_FORBIDDEN;
            s->keyword = "\\' behind standard_conforming_strings = off";
            s->why = "only the server can tell where that string ends: write '' for a quote in it";
            s->hint = "write E in front of the string, which is read in the same way with either setting";
        } else if (ambiguous && !ret->ambiguous)
            ret->ambiguous = s;
        strings = s->strings == SQL_STRINGS_KEPT ? strings : s->strings;
    }
}

/* The rows behind a stretch belong to its last statement. */
static void give_rows(struct gather *g, struct sql_statement *s)
{
    const struct sql_stretch *stretch = g->stretch;
    if (!stretch->ended) {
        s->why = "its rows have no end: a line \\. is missing behind them";
        return;
    }
    s->kind = SQL_PLAIN;
    s->keyword = "COPY";
    s->why = NULL;
    s->rows = true;
    s->data_begin = stretch->data_begin;
    s->data_end = stretch->data_end;
    s->data_line = count_to(g, s->data_begin);
}

/* DO and CALL may end transactions, however large they are. */
static void take_large(const char *text, size_t size, struct sql_statement *s)
{
    if (!sql_begins_with(text, size, "DO") && !sql_begins_with(text, size, "CALL"))
        return;
    s->kind = SQL_OPAQUE;
    s->keyword = "DO or CALL";
}

/* The tree of one statement, when it is needed and not too large. `last`: of its stretch. */
static void parse_piece(struct gather *g, size_t at, size_t len, bool last)
{
    struct sql_statement *s = add(g, at, len);
    size_t size = s->end - s->begin;
    if (size > SQL_PIECE_MAX) {
        take_large(g->text + s->begin, size, s);
        return;
    }
    auto_free char *piece = xstrndup(g->text + s->begin, size);
    if (!g->visit && !g->calls && !g->rereads && is_plain(piece, size))
        return;
    bool readable;
    json_t *tree = sql_tree(piece, size, &readable);
    if (tree)
        sql_classify(tree, g->calls, g->arena, s);
    if (!readable)
        s->kind = SQL_OPAQUE;
    if (!s->rereads && mentions_strings(piece)) { /* set_config(), DO: nobody sees to what */
        s->rereads = true;
        s->strings = SQL_STRINGS_OFF;
    }
    if (s->reads_rows && last && g->stretch->copy)
        give_rows(g, s);
    if (tree && g->visit)
        g->visit(g->context, s, g->count - 1, tree, s->begin);
    json_decref(tree);
}

/* The statements that the scanner finds. False: some of them are not known. */
static bool parse_scanned(struct gather *g)
{
    PgQuerySplitResult split = pg_query_split_with_scanner(g->code);
    bool good = !split.error;
    for (int i = 0; good && i < split.n_stmts; i++) {
        int last = sql_last_piece(g->code, &split, i);
        size_t at = (size_t)split.stmts[i]->stmt_location;
        good = last >= 0;
        if (good)
            parse_piece(g, at, (size_t)(split.stmts[last]->stmt_location + split.stmts[last]->stmt_len) - at,
                        last == split.n_stmts - 1);
        good = good && !sql_is_lost_copy(g->text, &g->statements[g->count - 1]);
        i = last;
    }
    pg_query_free_split_result(split);
    return good;
}

/* Of the stretch at hand; new. */
static char *copy_code(const struct gather *g, const char *text)
{
    return xstrndup(text + g->stretch->begin, g->stretch->end - g->stretch->begin);
}

/* `refused`: the parser could not read a stretch before this one, and only flaws are looked for. */
static bool parse_stretch(struct gather *g, const struct sql_stretch *stretch, bool refused, struct sql_text *ret)
{
    g->stretch = stretch;
    auto_free char *copy = stretch->end - stretch->begin == g->len ? NULL : copy_code(g, g->text);
    auto_free char *plain = g->plain ? copy_code(g, g->plain) : NULL;
    const char *code = copy ? copy : g->text;
    g->code = plain ? plain : code;
    if (refused) {
        find_flaw(g, ret, NULL);
        return false;
    }
    g->code = code;
    PgQuerySplitResult result = pg_query_split_with_parser(g->code);
    if (result.error)
        cannot(g, ret, NULL, result.error);
    if (result.error && plain) {
        pg_query_free_split_result(result);
        g->code = plain;
        result = pg_query_split_with_parser(g->code);
    }
    if (result.error)
        find_flaw(g, ret, result.error);
    for (int i = 0; !result.error && i < result.n_stmts; i++)
        parse_piece(g, (size_t)result.stmts[i]->stmt_location, (size_t)result.stmts[i]->stmt_len,
                    i == result.n_stmts - 1);
    bool good = !result.error || (!ret->flaw && parse_scanned(g));
    pg_query_free_split_result(result);
    return good;
}

static bool too_many(struct gather *g, const struct sql_stretch *stretches, size_t count)
{
    size_t statements = 0;
    for (size_t i = 0; i < count; i++) {
        const char *end = g->text + stretches[i].end;
        for (const char *p = g->text + stretches[i].begin; (p = memchr(p, ';', (size_t)(end - p))); p++)
            statements++;
    }
    return statements > STATEMENTS_MAX;
}

/* False: some of it cannot be read, nor even divided; *ret says why. */
static bool parse(struct gather *g, struct sql_text *ret)
{
    size_t count;
    const struct sql_stretch *stretches = sql_stretches(g->plain ? g->plain : g->text, g->len, g->arena, &count);
    if (too_many(g, stretches, count)) {
        cannot(g, ret, "it has more than 500,000 statements", NULL);
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < count && !ret->flaw; i++)
        good &= parse_stretch(g, &stretches[i], !good, ret);
    if (!good && !ret->flaw && count > 1)
        ret->forbidden = sql_lost_rows(ret, g->arena);
    return good;
}

/* The whole text is BEGIN; ...; COMMIT with no other control inside: run what is between. */
static void find_frame(struct sql_text *ret)
{
    size_t n = ret->count, control = 0;
    bool open = false, rolls_back = false;
    for (size_t i = 0; i < n; i++) {
        enum sql_class kind = ret->statements[i].kind;
        if (kind != SQL_BEGIN && kind != SQL_COMMIT && kind != SQL_ROLLBACK)
            continue;
        open = kind == SQL_BEGIN;
        rolls_back |= kind == SQL_ROLLBACK;
        if (control++ == 0)
            ret->stray_line = ret->statements[i].line;
    }
    if (control == 0)
        return;
    enum sql_class last = ret->statements[n - 1].kind;
    if (control == 2 && ret->statements[0].kind == SQL_BEGIN && (last == SQL_COMMIT || last == SQL_ROLLBACK)) {
        ret->own_transaction = last == SQL_COMMIT;
        ret->own_rollback = last == SQL_ROLLBACK;
        ret->inner_begin = ret->statements[0].end + 1;
        ret->inner_end = ret->statements[n - 1].begin;
    }
    ret->stray_control = !ret->own_transaction;
    ret->in_units = ret->stray_control && !open && !rolls_back;
    ret->stray_control &= ret->parsed || ret->in_units; /* what is missing may be in what cannot be read */
    if (ret->own_transaction)
        ret->stray_line = 0;
}

/* The level of its BEGIN, or of a SET TRANSACTION with nothing but SETs in front of it. The last one counts. */
static void find_isolation(struct sql_text *ret)
{
    for (size_t i = 0; i < ret->count; i++) {
        const struct sql_statement *s = &ret->statements[i];
        if (s->kind != SQL_BEGIN && strcmp(s->keyword, "SET") != 0)
            return;
        ret->isolation = s->isolation ? s->isolation : ret->isolation;
    }
}

void sql_visit(const char *text, struct arena *arena, sql_visitor *visit, void *context, struct sql_text *ret)
{
    size_t len = strlen(text);
    struct gather g = {.text = text, .len = len, .arena = arena, .line = 1, .visit = visit, .context = context};
    *ret = (struct sql_text){.parsed = true, .inner_end = len};
    g.calls = strcasestr(text, "pg_advisory_unlock");
    g.rereads = mentions_strings(text);
    auto_free char *plain = sql_old_numbers(text, len);
    g.plain = plain;
    bool good = text_is_utf8(text, len, NULL);
    ret->forbidden = good ? sql_too_costly(text, arena) : NULL;
    const char *why = !good ? "not UTF-8" : ret->forbidden ? ret->forbidden->why : NULL;
    if (why)
        cannot(&g, ret, why, NULL);
    ret->divided = !why && parse(&g, ret);
    if (!ret->divided)
        g.count = 0;
    if (!ret->divided && !ret->forbidden)
        ret->forbidden = sql_lost_frame(text, ret, arena);
    find_ambiguous(&g, ret);
    ret->statements = g.statements;
    ret->count = g.count;
    for (size_t i = 0; i < g.count; i++) {
        const struct sql_statement *s = &g.statements[i];
        ret->needs_no_transaction |= sql_class_no_transaction(s->kind);
        if (s->kind == SQL_FORBIDDEN && !ret->forbidden)
            ret->forbidden = s;
    }
    find_frame(ret);
    find_isolation(ret);
}

void sql_analyse(const char *text, struct arena *arena, struct sql_text *ret)
{
    sql_visit(text, arena, NULL, NULL, ret);
}
