/* What no server can ever read, whatever its version: only looked for in a text that the parser refused. The lexer has
 * been the same since long before PostgreSQL 13: a string that has no end has none on any server, and no token begins
 * with a backslash (postgres: src/backend/parser/scan.l). */
#include "sql/flaw.h"

#include <ctype.h>
#include <pg_query.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sql/sql_internal.h"

#define CANDIDATES_MAX 200           /* backslashes that are looked at */
#define LOOKED_MAX ((size_t)64 << 20) /* bytes that the lexer may read for them */
#define SPACES_MAX 20                 /* odd spaces that are looked at */

/* ---- commands of psql ---- */

static const struct command {
    const char *names; /* each between blanks */
    const char *hint;
} commands[] = {
    {" restrict unrestrict ",
     "pg_dump writes \\restrict and \\unrestrict around its output since August 2025: take both lines out"},
    {" connect c ", "pg_dump -C and pg_dumpall write it; a migration stays in the database of its target: take it out"},
    {" copy ", "write COPY ... FROM STDIN; with its rows behind it, up to a line \\."},
    {" . ", "it ends the rows of a COPY ... FROM STDIN; and there is none above it"},
    {" gexec gset gx gdesc g crosstabview watch ",
     "end the statement with ';', and let a DO block EXECUTE what a query makes"},
    {" i ir include include_relative ", "put the SQL of that file here"},
    {" set unset pset prompt getenv setenv ", "write the value itself, or a placeholder of the fleet file"},
    {" if elif else endif ", "let a DO block decide"},
    {" echo qecho warn ", "RAISE NOTICE in a DO block, or take it out"},
    {" ; ", "write ';' alone"},
};
static const char other_command[] = "write SQL in its place, or take it out";

static const char *command_hint(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        for (const char *p = commands[i].names + 1; len && (p = memmem(p, strlen(p), name, len)); p++) {
            if (p[-1] == ' ' && p[len] == ' ')
                return commands[i].hint;
        }
    }
    return other_command;
}

static size_t command_length(const char *at)
{
    size_t len = 1;
    while (isalpha((unsigned char)at[len]) || at[len] == '_')
        len++;
    return len + (len == 1 && at[1] && !isspace((unsigned char)at[1]));
}

/* At the beginning of a word: elsewhere a backslash is part of a string in nearly all texts. */
static bool may_begin(const char *code, const char *at)
{
    bool apart = at == code || isspace((unsigned char)at[-1]) || at[-1] == ';';
    return apart && at[1] && (isalpha((unsigned char)at[1]) || strchr(".!?", at[1]));
}

/* Outside a double quote opens a name, which has no end. (A single one may go on with the string of the line above.) */
bool sql_is_outside(const char *code, size_t len)
{
    auto_free char *head = xmalloc(len + 3);
    memcpy(head, code, len);
    memcpy(head + len, " \"", 3);
    PgQueryScanResult scan = pg_query_scan(head);
    bool opens = scan.error && text_starts(scan.error->message, "unterminated quoted identifier") &&
                 text_character(head, scan.error->cursorpos) == len + 1;
    pg_query_free_scan_result(scan);
    return opens;
}

/* The first command of psql in code[0, len); len: there is none. */
static size_t find_command(const char *code, size_t len)
{
    size_t looked = 0, candidates = 0;
    for (const char *p = code; (p = memchr(p, '\\', len - (size_t)(p - code))); p++) {
        size_t at = (size_t)(p - code);
        if (!may_begin(code, p))
            continue;
        looked += at;
        if (looked > LOOKED_MAX || ++candidates > CANDIDATES_MAX)
            return len;
        if (sql_is_outside(code, at))
            return at;
    }
    return len;
}

/* Where the parser stumbled over a backslash that follows on something: 'create ...'\gexec. */
static bool is_command(const char *code, size_t at)
{
    return code[at] == '\\' && sql_is_outside(code, at);
}

static void say_command(const char *code, size_t at, struct arena *arena, struct sql_flaw *ret)
{
    size_t len = command_length(code + at);
    const char *command = arena_strndup(arena, code + at, len);
    *ret = (struct sql_flaw){.kind = SQL_FLAW_PSQL,
                             .at = at,
                             .text = arena_printf(arena, "%s is a command of psql, not SQL: no server knows it",
                                                  command),
                             .hint = command_hint(command + 1, len - 1)};
}

/* ---- what has no end ---- */

static const struct opening {
    const char *error; /* as the lexer's message begins */
    const char *what;
} openings[] = {
    {"unterminated quoted string", "the string"},
    {"unterminated dollar-quoted string", "the dollar-quoted text"},
    {"unterminated quoted identifier", "the quoted name"},
    {"unterminated /* comment", "the comment"},
    {"unterminated bit string literal", "the bit string"},
    {"unterminated hexadecimal string literal", "the hexadecimal string"},
};

static bool is_open(const char *code, const PgQueryError *error, struct arena *arena, struct sql_flaw *ret)
{
    for (size_t i = 0; error && i < COUNT_OF(openings); i++) {
        if (!text_starts(error->message, openings[i].error))
            continue;
        *ret = (struct sql_flaw){.kind = SQL_FLAW_UNREADABLE,
                                 .at = text_character(code, error->cursorpos),
                                 .text = arena_printf(arena, "%s that begins here has no end", openings[i].what),
                                 .hint = "end it: everything behind it is read as a part of it"};
        return true;
    }
    return false;
}

/* ---- what the parser stumbled over ---- */

/* What looks like a space, or like nothing, and is a letter to PostgreSQL; NULL: something else. */
static const char *odd_space(unsigned point)
{
    static const struct {
        unsigned first, last;
        const char *name;
    } rows[] = {
        {0x85, 0x85, "a control character"},        {0xA0, 0xA0, "a no-break space"},
        {0xAD, 0xAD, "a soft hyphen"},              {0x1680, 0x1680, "an ogham space"},
        {0x2000, 0x200A, "a wide or narrow space"}, {0x200B, 0x200B, "a zero-width space"},
        {0x200C, 0x200F, "an invisible mark"},      {0x2028, 0x2029, "a line or paragraph separator"},
        {0x202A, 0x202E, "an invisible mark"},      {0x202F, 0x202F, "a narrow space"},
        {0x205F, 0x205F, "a wide or narrow space"}, {0x2060, 0x2064, "an invisible mark"},
        {0x3000, 0x3000, "an ideographic space"},   {0xFEFF, 0xFEFF, "a byte order mark"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (point >= rows[i].first && point <= rows[i].last)
            return rows[i].name;
    }
    return NULL;
}

/* Of UTF-8 that is known to be good, with two or three bytes; 0: another character. */
static unsigned point_at(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (*p >= 0xC2 && *p < 0xE0)
        return (*p & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    return *p >= 0xE0 && *p < 0xF0 ? (*p & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu) : 0;
}

/* In the statement at hand, up to the word that the parser stumbled over: a name that holds such a space is none to it
 * yet, only what follows is wrong. */
static bool is_odd_space(const char *code, size_t at, struct arena *arena, struct sql_flaw *ret)
{
    size_t from = at, end = at, candidates = 0;
    while (from && code[from - 1] != ';')
        from--;
    while (sql_is_word(code[end]))
        end++;
    for (; from < end && candidates < SPACES_MAX; from++) {
        unsigned point = point_at(code + from);
        const char *name = point ? odd_space(point) : NULL;
        if (!name || (++candidates && !sql_is_outside(code, from)))
            continue;
        *ret = (struct sql_flaw){.kind = SQL_FLAW_UNREADABLE,
                                 .at = from,
                                 .text = arena_printf(arena, "%s (U+%04X) stands outside of a string: PostgreSQL takes "
                                                      "it for a letter", name, point),
                                 .hint = "write an ordinary space"};
        return true;
    }
    return false;
}

/* JSON_OBJECT('key':value), JSON_OBJECTAGG(key:value), since PostgreSQL 16. */
static bool is_in_json(const char *code, size_t at)
{
    static const char word[] = "json_object";
    for (size_t from = at; from && code[from - 1] != ';'; from--)
        if (strncasecmp(code + from - 1, word, strlen(word)) == 0)
            return true;
    return false;
}

/* `:name`, :'name', :"name" and :{?name}; elsewhere a lone colon only stands in the bounds of an array, and in JSON. */
static bool is_variable(const char *code, size_t at, struct arena *arena, struct sql_flaw *ret)
{
    if (code[at] != ':')
        return false;
    const char *name = code + at + 1;
    bool named = *name && (strchr("'\"{_", *name) || isalpha((unsigned char)*name));
    if (!named || is_in_json(code, at))
        return false;
    size_t quoted = strchr("'\"{", *name) != NULL, len = quoted + text_starts(name, "{?");
    while (isalnum((unsigned char)name[len]) || name[len] == '_')
        len++;
    *ret = (struct sql_flaw){.kind = SQL_FLAW_PSQL,
                             .at = at,
                             .text = arena_printf(arena, ":%.*s is a variable of psql, not SQL: no server knows it",
                                                  (int)(len + (quoted && name[len])), name),
                             .hint = "write the value itself, or a placeholder of the fleet file"};
    return true;
}

/* No token begins with a '$' that neither a number nor the rest of a dollar quote follows. */
static bool is_stray_dollar(const char *code, size_t at, struct arena *arena, struct sql_flaw *ret)
{
    bool placeholder = text_starts(code + at, "${"), doubled = code[at] == '$' && at && code[at - 1] == '$';
    if (!placeholder && !doubled)
        return false;
    *ret = (struct sql_flaw){
        .kind = SQL_FLAW_UNREADABLE,
        .at = at,
        .text = arena_strdup(arena, placeholder ? "a placeholder that nobody replaces: no server reads ${"
                                                : "a '$' too many: the dollar quote is over before it"),
        .hint = placeholder ? "write the value itself, or declare it under `placeholders:` of the service"
                            : "take it out"};
    return true;
}

/* What is between the quotes is wrong on every server. */
static bool is_wrong_inside(const char *code, const PgQueryError *error, struct arena *arena, struct sql_flaw *ret)
{
    static const char *const errors[] = {"invalid Unicode escape", "invalid Unicode surrogate pair",
                                         "zero-length delimited identifier"};
    for (size_t i = 0; i < COUNT_OF(errors); i++) {
        if (!text_starts(error->message, errors[i]))
            continue;
        *ret = (struct sql_flaw){.kind = SQL_FLAW_UNREADABLE,
                                 .at = text_character(code, error->cursorpos),
                                 .text = arena_strdup(arena, error->message),
                                 .hint = "correct what stands between the quotes"};
        return true;
    }
    return false;
}

/* A ';' does not end the last statement: it stands in parentheses. */
static bool is_in_parentheses(const char *code, size_t len)
{
    auto_free char *longer = xmalloc(len + 9);
    memcpy(longer, code, len);
    memcpy(longer + len, "\n;SELECT", 9);
    PgQuerySplitResult split = pg_query_split_with_scanner(longer);
    bool good = !split.error && split.n_stmts;
    const PgQuerySplitStmt *last = good ? split.stmts[split.n_stmts - 1] : NULL;
    bool open = last && last->stmt_location <= (int)len;
    pg_query_free_split_result(split);
    return open;
}

/* Whether something has to follow on code[0, len), whatever the server's version: a sign, or a word that ends no
 * statement. A ';' in front of the end stands in a body that has no END. */
static bool has_to_go_on(const char *code, size_t len)
{
    static const char words[] = " select from where and or not on set into table as in join by when then else begin ";
    char word[16] = " ";
    size_t size = 0;
    while (size < len && sql_is_word(code[len - 1 - size]))
        size++;
    if (size == 0)
        return len && strchr(",;(=<>+-/|.:", code[len - 1]);
    if (size + 3 > sizeof word)
        return false;
    memcpy(word + 1, code + len - size, size);
    memcpy(word + 1 + size, " ", 2);
    return strcasestr(words, word);
}

/* What the parser misses at the end may be what a newer server does not need any more: the name of REINDEX DATABASE,
 * the STORED of GENERATED ALWAYS AS (...). */
static bool is_unfinished(const char *code, const PgQueryError *error, struct arena *arena, struct sql_flaw *ret)
{
    if (strcmp(error->message, "syntax error at end of input") != 0)
        return false;
    size_t at = strlen(code);
    while (at && isspace((unsigned char)code[at - 1]))
        at--;
    if (!has_to_go_on(code, at) && !is_in_parentheses(code, at))
        return false;
    *ret = (struct sql_flaw){.kind = SQL_FLAW_UNREADABLE,
                             .at = at ? at - 1 : 0,
                             .text = arena_strdup(arena, "the text ends in the middle of a statement"),
                             .hint = "finish it: a parenthesis, an END or a part of the statement is missing"};
    return true;
}

bool sql_find_flaw(const char *code, const PgQueryError *error, struct arena *arena, struct sql_flaw *ret_flaw)
{
    PgQueryScanResult scan = pg_query_scan(code);
    bool open = is_open(code, scan.error, arena, ret_flaw);
    pg_query_free_scan_result(scan);
    size_t end = open ? ret_flaw->at : strlen(code), at = find_command(code, end);
    if (at < end) /* an apostrophe behind it opens no string to psql */
        say_command(code, at, arena, ret_flaw);
    if (at < end || open)
        return true;
    size_t cursor = error ? text_character(code, error->cursorpos) : 0;
    if (error && is_command(code, cursor)) {
        say_command(code, cursor, arena, ret_flaw);
        return true;
    }
    return error && (is_odd_space(code, cursor, arena, ret_flaw) || is_variable(code, cursor, arena, ret_flaw) ||
                     is_stray_dollar(code, cursor, arena, ret_flaw) ||
                     is_wrong_inside(code, error, arena, ret_flaw) || is_unfinished(code, error, arena, ret_flaw));
}
