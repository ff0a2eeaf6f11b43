/* What can be told by the words alone, and what stands between them: blanks, comments, spaces of other alphabets. */
#include <ctype.h>
#include <pg_query.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "sql/sql_internal.h"

/* The parser counts them to the statement that follows. A `--` comment ends at a lone carriage return, too (postgres:
 * src/backend/parser/scan.l, non_newline). */
size_t sql_skip_blank(const char *text, size_t at, size_t end)
{
    while (at < end) {
        if (strchr(" \t\r\n\f\v", text[at]) && text[at])
            at++;
        else if (at + 1 < end && text[at] == '-' && text[at + 1] == '-')
            while (at < end && text[at] != '\n' && text[at] != '\r')
                at++;
        else if (at + 1 < end && text[at] == '/' && text[at + 1] == '*') {
            int depth = 0;
            do {
                bool open = at + 1 < end && text[at] == '/' && text[at + 1] == '*';
                bool close = at + 1 < end && text[at] == '*' && text[at + 1] == '/';
                depth += open - close;
                at += open || close ? 2 : 1;
            } while (at < end && depth > 0);
        } else
            break;
    }
    return at;
}

bool sql_is_word(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c) || c == '_' || c == '$';
}

bool sql_begins_with(const char *text, size_t len, const char *word)
{
    size_t size = strlen(word);
    return len >= size && strncasecmp(text, word, size) == 0 && (len == size || !sql_is_word(text[size]));
}

/* Whether the statement at `at` begins with one of these. */
static bool begins_with_any(const char *const *words, size_t count, const char *text, size_t at, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (sql_begins_with(text + at, len - at, words[i]))
            return true;
    }
    return false;
}

/* Whether it only begins or ends a transaction. */
static bool is_control(const char *text, size_t at, size_t len)
{
    static const char *const words[] = {"begin", "start", "commit", "end", "rollback", "abort"};
    return begins_with_any(words, COUNT_OF(words), text, at, len);
}

/* Behind the string or quoted name that begins at `at`; two quotes in it are one. */
static size_t behind_quoted(const char *text, size_t at, size_t end, bool escapes)
{
    char quote = text[at++];
    for (; at < end; at++) {
        if (escapes && text[at] == '\\')
            at++;
        else if (text[at] == quote && at + 1 < end && text[at + 1] == quote)
            at++;
        else if (text[at] == quote)
            return at + 1;
    }
    return end;
}

/* Behind the character at `at`, or behind the string or quoted name that begins there. */
static size_t behind_next(const char *text, size_t at, size_t len)
{
    return text[at] == '\'' || text[at] == '"' ? behind_quoted(text, at, len, false) : at + 1;
}

/* Behind the ';' of the statement at `at`. */
static size_t behind_statement(const char *text, size_t at, size_t len)
{
    while (at < len && text[at] != ';')
        at = behind_next(text, at, len);
    return at + (at < len);
}

size_t sql_first_effect(const char *text, size_t len)
{
    size_t at = sql_skip_blank(text, 0, len);
    while (at < len && (text[at] == ';' || is_control(text, at, len))) {
        const char *end = memchr(text + at, ';', len - at);
        at = end ? sql_skip_blank(text, (size_t)(end - text) + 1, len) : len;
    }
    return at;
}

bool sql_only_sets(const char *text, size_t len)
{
    static const char *const words[] = {"set", "reset"};
    size_t at = sql_first_effect(text, len);
    bool any = false;
    while (at < len && begins_with_any(words, COUNT_OF(words), text, at, len)) {
        any = true;
        at = behind_statement(text, at, len);
        at += sql_first_effect(text + at, len - at);
    }
    return any && at == len;
}

bool sql_words(const char *text, size_t len, char *words, size_t size, size_t *ret_behind)
{
    size_t at = sql_skip_blank(text, 0, len), written = 0;
    while (at < len && text[at] != ';') {
        size_t end = behind_next(text, at, len), next = sql_skip_blank(text, end, len);
        if (written + (end - at) + 2 > size)
            return false;
        memcpy(words + written, text + at, end - at);
        written += end - at;
        if (next > end && next < len && sql_is_word(text[end - 1]) && sql_is_word(text[next]))
            words[written++] = ' ';
        at = next;
    }
    words[written] = '\0';
    *ret_behind = at + (at < len);
    return true;
}

/* ---- tokens ---- */

/* Behind the dollar-quoted text that begins at `at`, or behind the '$' of something else. */
static size_t behind_dollars(const char *text, size_t at, size_t end)
{
    size_t size = 1;
    while (at + size < end && sql_is_word(text[at + size]) && text[at + size] != '$')
        size++;
    if (at + size >= end || text[at + size] != '$' || isdigit((unsigned char)text[at + 1]))
        return at + 1;
    size++;
    const char *close = memmem(text + at + size, end - at - size, text + at, size);
    return close ? (size_t)(close - text) + size : end;
}

size_t sql_behind_token(const char *text, size_t at, size_t end)
{
    size_t next = sql_skip_blank(text, at, end);
    if (next > at)
        return next;
    if (text[at] == '\'' || text[at] == '"')
        return behind_quoted(text, at, end, false);
    if (text[at] == '$')
        return behind_dollars(text, at, end);
    while (next < end && sql_is_word(text[next]))
        next++;
    bool escapes = next == at + 1 && next < end && text[next] == '\'' && strchr("eE", text[at]);
    return escapes ? behind_quoted(text, next, end, true) : next > at ? next : at + 1;
}

/* Whether the first argument, from `at` on, is a string without an escape. */
static bool is_plain_string(const char *text, size_t at, size_t end)
{
    size_t behind = at < end ? sql_behind_token(text, at, end) : end;
    bool quoted = behind > at + 1 && strchr("'$", text[behind - 1]) && !memchr(text + at, '\\', behind - at);
    size_t next = sql_skip_blank(text, behind, end);
    return quoted && next < end && text[next] == ',';
}

/* Behind the '(' of the next call of the function, from `at` on; 0: there is none. */
static size_t behind_call(const char *text, size_t at, size_t end, const char *function)
{
    size_t len = strlen(function);
    for (; at + len < end; at++) {
        if (strncasecmp(text + at, function, len) != 0)
            continue;
        size_t open = sql_skip_blank(text, at + len + (text[at + len] == '"'), end);
        if (open < end && text[open] == '(')
            return open + 1;
    }
    return 0;
}

bool sql_calls(const char *text, size_t begin, size_t end, const char *function)
{
    return behind_call(text, begin, end, function) > 0;
}

bool sql_sets_unnamed(const char *text, size_t begin, size_t end)
{
    for (size_t at = begin; (at = behind_call(text, at, end, "set_config")) > 0;)
        if (!is_plain_string(text, sql_skip_blank(text, at, end), end))
            return true;
    return false;
}

/* ---- spaces ---- */

size_t sql_wide_space(const char *p, enum sql_spaces spaces)
{
    static const char *const unicode[] = {"\xc2\x85", "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
                                          "\xe2\x81\x9f", "\xe3\x80\x80"};
    if (spaces == SQL_SPACES_SQL)
        return 0;
    if (text_starts(p, "\xc2\xa0"))
        return 2;
    if (spaces == SQL_SPACES_NO_BREAK)
        return 0;
    for (size_t i = 0; i < COUNT_OF(unicode); i++) {
        if (text_starts(p, unicode[i]))
            return strlen(unicode[i]);
    }
    return text_starts(p, "\xe2\x80") && (unsigned char)p[2] >= 0x80 && (unsigned char)p[2] <= 0x8a ? 3 : 0;
}

static bool has_wide_space(const char *text, enum sql_spaces spaces)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p >= 0x80 && sql_wide_space(p, spaces))
            return true;
    }
    return false;
}

/* From `at` on, up to the next statement. */
static bool plain(char *text, size_t at, size_t end, enum sql_spaces spaces)
{
    bool changed = false;
    for (size_t size; (at = sql_skip_blank(text, at, end)) < end && (size = sql_wide_space(text + at, spaces));) {
        memset(text + at, ' ', size);
        changed = true;
    }
    return changed;
}

const char *sql_plain_spaces(const char *text, enum sql_spaces spaces, struct arena *arena)
{
    if (spaces == SQL_SPACES_SQL || !has_wide_space(text, spaces))
        return NULL;
    size_t len = strlen(text);
    char *copy = arena_strndup(arena, text, len);
    auto_free char *old = sql_old_numbers(text, len);
    PgQuerySplitResult split = pg_query_split_with_scanner(old ? old : text);
    bool changed = false;
    size_t behind = 0; /* what holds no word of SQL is no statement to it */
    for (int i = 0; !split.error && i < split.n_stmts; i++) {
        changed |= plain(copy, (size_t)split.stmts[i]->stmt_location, len, spaces);
        behind = (size_t)split.stmts[i]->stmt_location + (size_t)split.stmts[i]->stmt_len;
    }
    if (!split.error)
        changed |= plain(copy, behind + (behind < len && copy[behind] == ';'), len, spaces);
    pg_query_free_split_result(split);
    return changed ? copy : NULL;
}
