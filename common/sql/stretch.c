/* COPY ... FROM STDIN with its rows behind it, as pg_dump writes it, psql and Flyway read it: from the line behind the
 * statement's ';' up to a line "\." (flyway-database-postgresql: PostgreSQLParser.java, readCopyData). A line that
 * looks like the end of such a statement is a candidate; libpg_query decides, so that one in a string, a comment or a
 * function's body stays what it is. */
#include <pg_query.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "sql/sql_internal.h"

#define IN_VAIN_MAX ((size_t)16 << 20) /* bytes that may be looked at for candidates that are none */

struct search {
    const char *text;
    size_t len, in_vain;
    struct arena *arena;
    struct sql_stretch *stretches;
    size_t count, room;
};

static struct sql_stretch *add(struct search *search, size_t begin, size_t end)
{
    struct sql_stretch *s = arena_add(search->arena, search->stretches, search->count, search->room);
    *s = (struct sql_stretch){.begin = begin, .end = end};
    return s;
}

/* Blanks and a comment only, up to the line's end. A comment ends at a lone carriage return, too; the line does not. */
static bool rest_is_blank(const char *p)
{
    p += strspn(p, " \t\r");
    if (p[0] == '-' && p[1] == '-') {
        p += strcspn(p, "\r\n");
        p += strspn(p, " \t\r");
    }
    return *p == '\n' || *p == 0;
}

/* Whether the line of *p is a comment, or inside of something larger. */
static bool in_comment(const char *text, const char *p)
{
    const char *line = p;
    while (line > text && line[-1] != '\n' && line[-1] != '\r')
        line--;
    line += strspn(line, " \t");
    return line[0] == '-' && line[1] == '-' && line < p;
}

static const char *next_stdin(const char *p)
{
    while ((p = strpbrk(p, "sS")) && strncasecmp(p, "stdin", 5) != 0)
        p++;
    return p;
}

/* Behind the next ';' that ends a line after a word "stdin"; 0: there is none. */
static size_t next_candidate(const char *text, size_t at)
{
    const char *p = text + at;
    while ((p = next_stdin(p)) && in_comment(text, p))
        p += strcspn(p, "\r\n");
    while (p && (p = strchr(p, ';')))
        if (rest_is_blank(++p))
            return (size_t)(p - text);
    return 0;
}

static bool reads_rows(const char *statement)
{
    bool readable;
    json_t *tree = sql_tree(statement, strlen(statement), &readable);
    struct sql_statement s = {.keyword = ""};
    auto_arena struct arena arena = ARENA_INIT;
    if (tree)
        sql_classify(tree, false, &arena, &s);
    json_decref(tree);
    return s.reads_rows;
}

/* Whether the code that ends with the ';' at end - 1 ends with a COPY ... FROM STDIN. */
static bool confirm(struct search *search, size_t begin, size_t end)
{
    auto_free char *code = xstrndup(search->text + begin, end - begin);
    PgQuerySplitResult split = pg_query_split_with_scanner(code);
    bool good = !split.error && split.n_stmts > 0;
    size_t at = good ? (size_t)split.stmts[split.n_stmts - 1]->stmt_location : 0;
    size_t len = good ? (size_t)split.stmts[split.n_stmts - 1]->stmt_len : 0;
    pg_query_free_split_result(split);
    if (!good || at + len + 1 != end - begin) /* the ';' is its own */
        return false;
    code[at + len] = 0;
    return reads_rows(code + at);
}

static size_t line_end(const char *text, size_t at)
{
    return at + strcspn(text + at, "\n");
}

/* Finds the line "\."; returns where the code goes on. */
static size_t take_rows(struct search *search, struct sql_stretch *s)
{
    const char *text = search->text;
    size_t at = line_end(text, s->end);
    s->data_begin = at += text[at] == '\n';
    while (at < search->len) {
        size_t end = line_end(text, at), from = at + strspn(text + at, " \t\r"), to = end;
        while (to > from && strchr(" \t\r", text[to - 1]))
            to--;
        s->data_end = at;
        at = end + (text[end] == '\n');
        if (to - from == 2 && text[from] == '\\' && text[from + 1] == '.') {
            s->ended = true;
            return at;
        }
    }
    s->data_end = search->len;
    return search->len;
}

const struct sql_stretch *sql_stretches(const char *text, size_t len, struct arena *arena, size_t *ret_count)
{
    struct search search = {.text = text, .len = len, .arena = arena};
    size_t begin = 0;
    for (size_t end = next_candidate(text, 0); end && search.in_vain < IN_VAIN_MAX;) {
        size_t from = end;
        if (confirm(&search, begin, end)) {
            struct sql_stretch *s = add(&search, begin, end);
            s->copy = true;
            begin = from = take_rows(&search, s);
        } else
            search.in_vain += end - begin;
        end = next_candidate(text, from);
    }
    add(&search, begin, len);
    *ret_count = search.count;
    return search.stretches;
}
