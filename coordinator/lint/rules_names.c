/* Names: tables, indexes, foreign keys, files. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "lint/rule.h"

#define NAME_MAX_BYTES 63 /* postgres: NAMEDATALEN - 1; longer names are cut */

/* a-z, 0-9, single underscores between; one more may stand in front. */
static bool is_snake_case(const char *name)
{
    const char *p = name + (*name == '_');
    if (*p < 'a' || *p > 'z')
        return false;
    for (; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (!plain && !(*p == '_' && p[1] && p[1] != '_'))
            return false;
    }
    return true;
}

void lint_table_name(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    const char *name = fact->kind == FACT_RENAME_TABLE ? fact->to : fact->table.name;
    if ((fact->kind == FACT_CREATE_TABLE || fact->kind == FACT_RENAME_TABLE) && name && !is_snake_case(name))
        rule_fact(scope, LINT_TABLE_NAME, "the table's name %s is not lowercase_snake_case", name);
}

/* PREFIX_table_column_column, cut as the server cuts it. */
static void expected_name(const struct fact *fact, const char *prefix, struct buf *out)
{
    buf_addf(out, "%s_%s", prefix, fact->table.name);
    for (size_t i = 0; i < fact->column_count; i++)
        buf_addf(out, "_%s", fact->columns[i]);
    if (out->len > NAME_MAX_BYTES)
        out->data[out->len = NAME_MAX_BYTES] = '\0';
}

static bool has_expression(const struct fact *fact)
{
    for (size_t i = 0; i < fact->column_count; i++) {
        if (!*fact->columns[i])
            return true;
    }
    return false;
}

void lint_index_name(struct scope *scope)
{
    struct fact fact = *scope->fact;
    if (fact.kind != FACT_INDEX || !fact.name)
        return;
    bool whole = !has_expression(&fact) && !(fact.flags & FACT_PARTIAL);
    if (!whole) /* what an expression is called is free */
        fact.column_count = 0;
    auto_buf struct buf expected = BUF_INIT(BUF_MAX);
    expected_name(&fact, "idx", &expected);
    if (strncmp(fact.name, buf_text(&expected), expected.len) != 0)
        rule_fact(scope, LINT_INDEX_NAME, "the index %s would be %s%s by the convention", fact.name,
                  buf_text(&expected), whole ? "" : "_...");
}

void lint_foreign_key_name(struct scope *scope)
{
    const struct fact *fact = scope->fact;
    if (fact->kind != FACT_FOREIGN_KEY || !fact->name)
        return;
    auto_buf struct buf expected = BUF_INIT(BUF_MAX);
    expected_name(fact, "fk", &expected);
    if (strcmp(fact->name, buf_text(&expected)) != 0)
        rule_fact(scope, LINT_FOREIGN_KEY_NAME, "the foreign key %s would be %s by the convention", fact->name,
                  buf_text(&expected));
}

void lint_file_name(struct scope *scope)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *slash = strrchr(scope->text->file, '/'), *name = slash ? slash + 1 : scope->text->file;
    if (name[strspn(name, good)])
        rule_at(scope, LINT_FILE_NAME, place_of_file(scope->text),
                "its name holds other characters than a-z, A-Z, 0-9, _, - and .");
}
