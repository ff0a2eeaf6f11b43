/* What the parser cannot read, or is not asked to: the scanner tells its statements apart, and what nobody could tell
 * in it is not allowed. */
#include "sql/unparsed.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sql/flaw.h"
#include "sql/sql_internal.h"

/* Steps of the lexer for runs of operators; some seconds. Shorter runs are what people draw lines with. */
#define RUN_STEPS_MAX ((size_t)1 << 30)
#define RUN_MIN 256
#define OPERATORS "~!@#^&|`?+-*/%<>=" /* postgres: src/backend/parser/scan.l, op_chars */

/* The lexer reads a whole run of operators, gives most of it back, and reads it again for the next token: in `+++...`
 * for each sign, in nested comments for each that opens (scan.l: operator, xcstart). A comment `--` ends it. */
static size_t run_steps(const char *run, size_t len)
{
    const char *comment = memmem(run, len, "--", 2), *nested = memmem(run, len, "/*/*", 4);
    size_t steps = comment && !nested ? (size_t)(comment - run) : len;
    return steps < RUN_MIN ? 0 : steps * steps;
}

const struct sql_statement *sql_too_costly(const char *text, struct arena *arena)
{
    size_t steps = 0;
    for (const char *p = text; *(p += strcspn(p, OPERATORS));) {
        size_t len = strspn(p, OPERATORS);
        steps += run_steps(p, len);
        if (steps > RUN_STEPS_MAX) {
            int line, column;
            text_position(text, (size_t)(p - text), &line, &column);
            struct sql_statement *s = arena_new(arena, struct sql_statement);
            *s = (struct sql_statement){.kind = SQL_FORBIDDEN, .line = line};
            s->keyword = "a run of so many operators or nested comments";
            s->why = "PostgreSQL's parser would be busy with it for hours, and nobody could cancel it";
            return s;
        }
        p += len;
    }
    return NULL;
}

/* ---- where its statements end ---- */

/* Behind the words with which a function's body of statements begins in code[0, len); 0: none begins there. */
static size_t behind_atomic(const char *code, size_t len)
{
    static const char begin[] = "BEGIN", atomic[] = "ATOMIC";
    for (size_t at = 0; at + strlen(begin) < len; at++) {
        size_t next = at + strlen(begin);
        if (strncasecmp(code + at, begin, strlen(begin)) != 0)
            continue;
        size_t word = sql_skip_blank(code, next, len);
        bool follows = word > next && sql_begins_with(code + word, len - word, atomic);
        if (follows && (len > SQL_PIECE_MAX || sql_is_outside(code, at)))
            return word + strlen(atomic);
    }
    return 0;
}

/* Past what is blank, code[at, end) begins with the END of a body. */
static bool ends_body(const char *code, size_t at, size_t end)
{
    at = sql_skip_blank(code, at, end);
    return sql_begins_with(code + at, end - at, "END");
}

int sql_last_piece(const char *code, const PgQuerySplitResult *split, int first)
{
    const char *piece = code + split->stmts[first]->stmt_location;
    size_t len = (size_t)split->stmts[first]->stmt_len, body = behind_atomic(piece, len);
    if (!body || ends_body(piece, body, len))
        return first;
    for (int i = first + 1; i < split->n_stmts; i++) {
        size_t at = (size_t)split->stmts[i]->stmt_location, end = at + (size_t)split->stmts[i]->stmt_len;
        if (ends_body(code, at, end))
            return i;
    }
    return -1;
}

bool sql_is_lost_copy(const char *text, const struct sql_statement *s)
{
    size_t len = s->end - s->begin;
    if (strcmp(s->keyword, "COPY") == 0 || !sql_begins_with(text + s->begin, len, "COPY"))
        return false;
    auto_free char *piece = xstrndup(text + s->begin, len);
    return strcasestr(piece, "stdin");
}

/* ---- what nobody can tell ---- */

const struct sql_statement *sql_lost_rows(const struct sql_text *ret, struct arena *arena)
{
    struct sql_statement *s = arena_new(arena, struct sql_statement);
    *s = (struct sql_statement){.kind = SQL_FORBIDDEN, .line = ret->warning_line, .keyword = "COPY ... FROM STDIN"};
    s->why = arena_printf(arena, "the text around it cannot be analysed (%s), and nobody can tell which rows belong "
                                 "where", ret->warning);
    return s;
}

/* A line that only begins a transaction: "BEGIN;", "START TRANSACTION;". No statement of PL/pgSQL looks like that. */
static bool is_begin(const char *line, size_t len)
{
    char words[64];
    size_t behind;
    return (sql_begins_with(line, len, "BEGIN") || sql_begins_with(line, len, "START")) &&
           sql_words(line, len, words, sizeof words, &behind) && behind && line[behind - 1] == ';' &&
           (strcasecmp(words, "BEGIN") == 0 || strcasestr(words, "BEGIN WORK") || strcasestr(words, "TRANSACTION") ||
            strcasestr(words, "BEGIN ISOLATION") || strcasestr(words, "BEGIN READ"));
}

const struct sql_statement *sql_lost_frame(const char *text, const struct sql_text *ret, struct arena *arena)
{
    int line = 1;
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\r\n"), at = sql_skip_blank(p, 0, len);
        if (is_begin(p + at, len - at)) {
            struct sql_statement *s = arena_new(arena, struct sql_statement);
            *s = (struct sql_statement){.kind = SQL_FORBIDDEN, .line = line, .keyword = "BEGIN"};
            s->why = arena_printf(arena, "the text cannot be analysed (%s), and nobody can tell what stands before "
                                         "its COMMIT", ret->warning);
            s->hint = "take BEGIN and COMMIT out: a migration runs in one transaction anyway";
            return s;
        }
        line += p[len] == '\n';
        p += len + (p[len] != 0);
    }
    return NULL;
}
