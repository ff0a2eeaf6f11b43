#include "catalog/liquibase.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sql/sql.h"

#define BLANKS " \t\r\v\f"

/* ---- lines ---- */

static const struct word {
    const char *word;
    enum liquibase_mark mark;
    bool indented;       /* blanks may stand in front of it */
    const char *follows; /* how it goes on: one of these characters; NULL: anyhow */
} words[] = {
    {"liquibase formatted", LIQUIBASE_HEADER, true, NULL},
    {"changeset", LIQUIBASE_CHANGESET, true, NULL},
    {"property", LIQUIBASE_PROPERTY, true, " \t"},
    {"rollbackSqlFile", LIQUIBASE_LICENSED, true, " \t"},
    {"rollback", LIQUIBASE_ROLLBACK, true, " "},
    {"preconditions", LIQUIBASE_PRECONDITIONS, true, NULL},
    {"precondition-", LIQUIBASE_PRECONDITION, true, NULL},
    {"comment", LIQUIBASE_COMMENT, false, ": "},
    {"comments", LIQUIBASE_WRONG, false, ": "},
    {"validCheckSum", LIQUIBASE_CHECKSUM, false, ": "},
    {"ignoreLines:", LIQUIBASE_IGNORE, false, NULL},
    {"ignore:", LIQUIBASE_WRONG, false, NULL},
    {"tagDatabase:", LIQUIBASE_LICENSED, true, NULL},
    {"includeAll", LIQUIBASE_LICENSED, true, " \t"},
    {"include file:", LIQUIBASE_LICENSED, true, NULL},
};
/* With one dash they are mistakes. */
static const char *const one_dash[] = {"changeset", "property", "rollback", "preconditions", "precondition-", "comment",
                                       "validCheckSum", "ignoreLines:"};

/* Blanks count alike: "liquibase   formatted" too. Returns how many bytes of `text` the word takes, 0: another word. */
static size_t word_length(const char *text, const char *word)
{
    const char *p = text;
    for (; *word; word++) {
        if (*word == ' ') {
            p += strspn(p, BLANKS);
        } else if (tolower((unsigned char)*p) != tolower((unsigned char)*word)) {
            return 0;
        } else {
            p++;
        }
    }
    return (size_t)(p - text);
}

static bool is_block(const char *text)
{
    text += strspn(text, BLANKS);
    if (!text_starts(text, "/*"))
        return false;
    text += 2 + strspn(text + 2, BLANKS);
    size_t len = word_length(text, "liquibase rollback");
    return len && text[len + strspn(text + len, BLANKS)] == 0;
}

static bool is_one_dash(const char *text)
{
    if (text[0] != '-' || text[1] == '-')
        return false;
    text += 1 + strspn(text + 1, BLANKS);
    for (size_t i = 0; i < COUNT_OF(one_dash); i++) {
        if (word_length(text, one_dash[i]))
            return true;
    }
    return false;
}

enum liquibase_mark liquibase_mark(const struct line *line, struct arena *arena, const char **ret_rest)
{
    *ret_rest = "";
    const char *first = line->text + strspn(line->text, BLANKS);
    if (first >= line->text + line->len || (*first != '-' && *first != '/'))
        return LIQUIBASE_SQL;
    const char *text = arena_strndup(arena, line->text, line->len);
    size_t indent = strspn(text, BLANKS);
    if (!text_starts(text + indent, "--"))
        return is_block(text) ? LIQUIBASE_ROLLBACK_BLOCK : is_one_dash(text + indent) ? LIQUIBASE_WRONG : LIQUIBASE_SQL;
    const char *word = text + indent + 2 + strspn(text + indent + 2, BLANKS);
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t len = word_length(word, words[i].word);
        bool fits = len && (!words[i].follows || (word[len] && strchr(words[i].follows, word[len])));
        if (!fits || (indent && !words[i].indented))
            continue;
        *ret_rest = word + len;
        return words[i].mark;
    }
    return LIQUIBASE_SQL;
}

/* ---- attributes ---- */

bool liquibase_attribute(const char **text, struct arena *arena, struct liquibase_attribute *ret_attribute)
{
    const char *p = *text + strspn(*text, BLANKS);
    if (!*p)
        return false;
    size_t key = strcspn(p, ":" BLANKS);
    ret_attribute->key = arena_strndup(arena, p, key);
    ret_attribute->value = "";
    p += key;
    if (*p == ':') {
        p++;
        const char *close = *p == '"' ? strchr(p + 1, '"') : NULL;
        size_t len = close ? (size_t)(close - p - 1) : strcspn(p, BLANKS);
        ret_attribute->value = arena_strndup(arena, close ? p + 1 : p, len);
        p = close ? close + 1 : p + len;
    }
    *text = p;
    return true;
}

/* ---- properties ---- */

void liquibase_property(struct liquibase_properties *properties, struct arena *arena,
                        struct liquibase_property property)
{
    *arena_add(arena, properties->items, properties->count, properties->room) = property;
}

static bool same_name(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && strncasecmp(name, text, len) == 0;
}

/* changelog/ChangeLogParameters.java: those of the environment first, then the global ones, then the file's own. */
static const char *value_of(const struct liquibase_properties *properties, const struct layout_run *run,
                            const struct folder_file *file, const char *name, size_t len)
{
    const char *own = NULL;
    for (size_t i = 0; run->service && i < run->service->placeholder_count; i++) {
        if (same_name(run->service->placeholders[i].name, name, len))
            return NULL;
    }
    for (size_t i = 0; i < properties->count; i++) {
        const struct liquibase_property *property = &properties->items[i];
        if (!same_name(property->name, name, len))
            continue;
        if (!property->file)
            return property->value;
        if (property->file == file)
            own = property->value;
    }
    return own;
}

const char *liquibase_expand(const struct liquibase_properties *properties, const struct layout_run *run,
                             const struct folder_file *file, const char *text)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    bool replaced = false;
    const char *from = text;
    for (const char *at; properties->count && (at = strstr(from, "${"));) {
        const char *name = at + 2 + strspn(at + 2, BLANKS), *close = strchr(name, '}');
        size_t len = close ? (size_t)(close - name) : 0;
        while (len && strchr(BLANKS, name[len - 1]))
            len--;
        const char *value = len ? value_of(properties, run, file, name, len) : NULL;
        buf_add(&out, from, (size_t)(at - from));
        buf_adds(&out, value ? value : "${");
        from = value ? close + 1 : at + 2;
        replaced |= value != NULL;
    }
    if (!replaced)
        return text;
    buf_adds(&out, from);
    return arena_strndup(run->arena, buf_text(&out), out.len);
}

/* ---- delimiters ---- */

static bool parses(const char *text)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct sql_text sql;
    sql_analyse(text, &scratch, &sql);
    return sql.parsed;
}

bool liquibase_delimiter_is_plain(const char *delimiter)
{
    if (text_starts(delimiter, "\\n"))
        delimiter += 2;
    return *delimiter && !strpbrk(delimiter, "\\^[](){}*+?");
}

/* How much of the line stands in front of the delimiter at its end; len: it ends in none. */
static size_t before_delimiter(const char *line, size_t len, const char *delimiter, bool alone)
{
    size_t end = len, size = strlen(delimiter);
    while (end && strchr(BLANKS, line[end - 1]))
        end--;
    if (end < size || strncasecmp(line + end - size, delimiter, size) != 0)
        return len;
    return alone && !line_is_blank(line, end - size) ? len : end - size;
}

const char *liquibase_delimit(const char *text, const char *delimiter, struct arena *arena)
{
    bool usual = delimiter == NULL;
    bool alone = usual || text_starts(delimiter, "\\n") || strcmp(delimiter, "/") == 0;
    const char *ends[] = {usual ? "/" : text_starts(delimiter, "\\n") ? delimiter + 2 : delimiter, usual ? "go" : NULL};
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    bool changed = false;
    for (struct line line = {.next = text}; line_next(&line);) {
        size_t keep = line.len;
        for (size_t i = 0; i < COUNT_OF(ends) && ends[i] && keep == line.len; i++)
            keep = before_delimiter(line.text, line.len, ends[i], alone);
        buf_add(&out, line.text, keep);
        buf_adds(&out, keep < line.len ? ";" : "");
        buf_adds(&out, line.text[line.len] ? "\n" : "");
        changed |= keep < line.len;
    }
    if (!changed || strcmp(buf_text(&out), text) == 0 || parses(text))
        return text;
    return arena_strndup(arena, buf_text(&out), out.len);
}

/* ---- databases ---- */

static bool list_has(const char *list, const char *word)
{
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ", ");
        if (same_name(word, p, len))
            return true;
        p += len + (p[len] != 0);
    }
    return false;
}

static bool list_has_positive(const char *list)
{
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ", ");
        if (len && *p != '!')
            return true;
        p += len + (p[len] != 0);
    }
    return false;
}

bool liquibase_dbms_fits(const char *list)
{
    if (list_has(list, "all"))
        return true;
    if (list_has(list, "none") || list_has(list, "!postgresql"))
        return false;
    return !list_has_positive(list) || list_has(list, "postgresql");
}

/* ---- preconditions ---- */

#define RAISE "RAISE %s 'the precondition does not hold: %%', %s; END IF; END %s;"

/* In quotes, and never the end of the block around it. */
static const char *quoted(const char *text, struct arena *arena)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    buf_adds(&out, "E'");
    for (const char *p = text; *p; p++) {
        if (*p == '\'' || *p == '\\')
            buf_addc(&out, *p);
        buf_addc(&out, *p);
    }
    buf_addc(&out, '\'');
    return arena_strndup(arena, buf_text(&out), out.len);
}

/* precondition/core/SqlPrecondition.java: one value, compared as text. */
static const char *sql_check(const char *body, const char *word, struct arena *arena, const char **ret_why)
{
    if (strncasecmp(body, "expectedResult:", strlen("expectedResult:")) == 0)
        body += strlen("expectedResult:");
    body += strspn(body, BLANKS);
    char quote = *body == '\'' || *body == '"' ? *body : 0;
    const char *end = quote ? strchr(body + 1, quote) : body + strcspn(body, BLANKS);
    if (!end || !*end || end == body + (quote != 0) || !end[quote ? 1 : 0]) {
        *ret_why = "a sql-check wants a result and a query: expectedResult:1 SELECT ...";
        return NULL;
    }
    const char *expected = arena_strndup(arena, body + (quote != 0), (size_t)(end - body - (quote != 0)));
    const char *from = end + (quote != 0);
    char *query = arena_strdup(arena, from + strspn(from, BLANKS));
    size_t len = strlen(query);
    while (len && strchr(BLANKS ";", query[len - 1]))
        query[--len] = 0;
    return arena_printf(arena,
                        "DO $precondition$ BEGIN IF format('%%s', (%s)) IS DISTINCT FROM %s THEN " RAISE, query,
                        quoted(expected, arena), word, quoted(body, arena), "$precondition$");
}

/* TableExistsPrecondition.java, ViewExistsPrecondition.java. */
static const char *exists_check(const char *body, const char *key, const char *kinds, const char *word,
                                struct arena *arena, const char **ret_why)
{
    const char *name = NULL, *schema = NULL, *text = body;
    struct liquibase_attribute attribute;
    while (liquibase_attribute(&text, arena, &attribute)) {
        if (strcasecmp(attribute.key, key) == 0)
            name = attribute.value;
        else if (strcasecmp(attribute.key, "schema") == 0)
            schema = attribute.value;
    }
    if (!name || !*name) {
        *ret_why = "it names no table or view: table:NAME, view:NAME";
        return NULL;
    }
    const char *where = schema ? arena_printf(arena, "lower(n.nspname) = lower(%s)", quoted(schema, arena))
                               : "pg_catalog.pg_table_is_visible(c.oid)";
    return arena_printf(arena,
                        "DO $precondition$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN "
                        "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN (%s) AND "
                        "lower(c.relname) = lower(%s) AND %s) THEN " RAISE,
                        kinds, quoted(name, arena), where, word, quoted(body, arena), "$precondition$");
}

const char *liquibase_precondition(const char *text, bool warn, struct arena *arena, const char **ret_why)
{
    const char *word = warn ? "WARNING" : "EXCEPTION";
    size_t name = strcspn(text, BLANKS);
    const char *body = text + name + strspn(text + name, BLANKS);
    *ret_why = "only sql-check, table-exists and view-exists are known in formatted SQL";
    if (strstr(body, "$precondition$"))
        return NULL;
    if (same_name("sql-check", text, name))
        return sql_check(body, word, arena, ret_why);
    if (same_name("table-exists", text, name))
        return exists_check(body, "table", "'r', 'p'", word, arena, ret_why);
    if (same_name("view-exists", text, name))
        return exists_check(body, "view", "'v'", word, arena, ret_why);
    return NULL;
}
