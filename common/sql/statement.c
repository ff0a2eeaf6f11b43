/* One statement by itself: its tree, and whether it looks first for what it makes. */
#include <pg_query.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "sql/sql_internal.h"

/* Where only its numbers are too new, they are made old ones. */
static PgQueryParseResult parse(const char *text, size_t len)
{
    PgQueryParseResult result = pg_query_parse(text);
    auto_free char *old = result.error ? sql_old_numbers(text, len) : NULL;
    if (!old)
        return result;
    pg_query_free_parse_result(result);
    return pg_query_parse(old);
}

json_t *sql_tree(const char *text, size_t len, bool *ret_readable)
{
    PgQueryParseResult result = parse(text, len);
    json_t *all = result.error ? NULL : json_loads(result.parse_tree, JSON_ALLOW_NUL, NULL);
    json_t *first = json_incref(json_object_get(json_array_get(json_object_get(all, "stmts"), 0), "stmt"));
    *ret_readable = !result.error;
    json_decref(all);
    pg_query_free_parse_result(result);
    return first;
}

/* Of a DO: its text asks the catalogue, or what a query has found. */
static bool body_looks(const json_t *node)
{
    static const char *const words[] = {"exists", "found", "pg_", "to_reg", "information_schema"};
    const char *body = NULL;
    for (size_t i = 0; i < json_array_size(json_object_get(node, "args")); i++) {
        const json_t *option = json_object_get(json_array_get(json_object_get(node, "args"), i), "DefElem");
        const char *name = json_string_value(json_object_get(option, "defname"));
        const json_t *text = json_object_get(json_object_get(option, "arg"), "String");
        if (name && strcmp(name, "as") == 0)
            body = json_string_value(json_object_get(text, "sval"));
    }
    for (size_t i = 0; body && i < COUNT_OF(words); i++)
        if (strcasestr(body, words[i]))
            return true;
    return false;
}

/* Makes nothing itself: a function or procedure of the database did, and nobody sees whether it looked. */
static bool calls(const json_t *statement, const json_t *node)
{
    return json_object_get(statement, "CallStmt") ||
           (json_object_get(statement, "SelectStmt") && !json_object_get(node, "intoClause"));
}

bool sql_drops_first(const char *text, const struct sql_statement *s)
{
    static const char drop[] = "DROP", asks[] = "IF EXISTS";
    const char *end = text + s->end;
    if (s->end - s->begin < sizeof drop || strncasecmp(text + s->begin, drop, strlen(drop)) != 0)
        return false;
    for (const char *p = text + s->begin; p + strlen(asks) <= end; p++)
        if (strncasecmp(p, asks, strlen(asks)) == 0)
            return true;
    return false;
}

bool sql_looks_first(const char *text, size_t begin, size_t end)
{
    size_t size = end - begin;
    if (size > SQL_PIECE_MAX)
        return false;
    auto_free char *piece = xstrndup(text + begin, size);
    bool readable;
    json_t *statement = sql_tree(piece, size, &readable);
    const json_t *node = json_object_iter_value(json_object_iter(statement));
    bool looks = json_is_true(json_object_get(node, "if_not_exists")) ||
                 (json_object_get(statement, "DoStmt") && body_looks(node)) || calls(statement, node);
    json_decref(statement);
    return looks;
}
