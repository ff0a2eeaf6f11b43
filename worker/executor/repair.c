/* What a statement outside a transaction left behind, and whether it took effect: the catalogue decides. One row for
 * each kind of statement: where to look, what to conclude, and what clears away what is left. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "executor/executor_internal.h"
#include "executor_sql.h"

/* `look` gives a row for each object that is there: what it is, for people, and the statement that clears it away when
 * it is only half there, else "". `values` are its parameters: t the table, q the name with its schema, n the name
 * alone, f what was found before. */
static const struct repair {
    enum sql_class kind;
    const char *keyword;  /* how the statement begins */
    const char *note;     /* what stands there before the first try; NULL: whether `look` finds something */
    const char *note_values;
    const char *look;     /* NULL: it leaves nothing, and may run again */
    const char *values;
    enum verdict there, gone, cleared;
} rows[] = {
    {SQL_CREATE_INDEX, "CREATE INDEX CONCURRENTLY", sql_note_indexes, "t", sql_left_create_index, "tfn",
     VERDICT_DONE, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_REINDEX, "REINDEX CONCURRENTLY", sql_note_reindex, "", sql_left_reindex, "f",
     VERDICT_AGAIN, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_REINDEX, "REINDEX", NULL, NULL, NULL, NULL, VERDICT_AGAIN, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_ALONE, "", NULL, NULL, NULL, NULL, VERDICT_AGAIN, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_PLAIN, "REINDEX", NULL, NULL, NULL, NULL, VERDICT_AGAIN, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_PLAIN, "CLUSTER", NULL, NULL, NULL, NULL, VERDICT_AGAIN, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_DROP_INDEX, "", NULL, NULL, sql_left_drop_index, "q", VERDICT_AGAIN, VERDICT_DONE, VERDICT_DONE},
    {SQL_DETACH, "", NULL, NULL, sql_left_detach, "tq", VERDICT_AGAIN, VERDICT_DONE, VERDICT_DONE},
    {SQL_ONCE, "CREATE DATABASE", NULL, NULL, sql_left_database, "n", VERDICT_DONE, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_ONCE, "DROP DATABASE", NULL, NULL, sql_left_database, "n", VERDICT_AGAIN, VERDICT_DONE, VERDICT_DONE},
    {SQL_ONCE, "CREATE TABLESPACE", NULL, NULL, sql_left_tablespace, "n", VERDICT_DONE, VERDICT_AGAIN, VERDICT_AGAIN},
    {SQL_ONCE, "DROP TABLESPACE", NULL, NULL, sql_left_tablespace, "n", VERDICT_AGAIN, VERDICT_DONE, VERDICT_DONE},
    {SQL_ONCE, "CREATE SUBSCRIPTION", NULL, NULL, sql_left_subscription, "n", VERDICT_DONE, VERDICT_AGAIN,
     VERDICT_AGAIN},
    {SQL_ONCE, "DROP SUBSCRIPTION", NULL, NULL, sql_left_subscription, "n", VERDICT_AGAIN, VERDICT_DONE, VERDICT_DONE},
};

static const struct repair *row_of(const struct sql_statement *s)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].kind == s->kind && strncmp(s->keyword, rows[i].keyword, strlen(rows[i].keyword)) == 0)
            return &rows[i];
    return NULL; /* DO and CALL, what cannot be read, and what was only refused in a transaction */
}

bool repair_can_tell(const struct sql_statement *s)
{
    return row_of(s) != NULL;
}

/* "schema"."name" as to_regclass reads it, in the arena. */
static const char *qualified(struct execution *x, const char *schema, const char *name)
{
    auto_buf struct buf text = BUF_INIT(1024);
    struct pg *pg = ledger_session(x->ledger);
    if (schema) {
        pg_add_identifier(pg, &text, schema);
        buf_addc(&text, '.');
    }
    pg_add_identifier(pg, &text, name ? name : "");
    return arena_strdup(x->arena, buf_text(&text));
}

/* What was noted before the first try, a line for each; the names as the session of that try found them, whose
 * search_path a later one need not have. */
enum noted { NOTED_FOUND, NOTED_TABLE, NOTED_NAME };

/* A newline of a name stands between its quotes. */
static size_t noted_len(const char *line)
{
    size_t len = 0;
    for (bool quoted = false; line[len] && (quoted || line[len] != '\n'); len++)
        quoted ^= line[len] == '"';
    return len;
}

static const char *noted(struct execution *x, const char *found, enum noted which)
{
    for (int i = 0; i < (int)which; i++) {
        found += noted_len(found);
        found += *found == '\n';
    }
    return arena_strndup(x->arena, found, noted_len(found));
}

static const char *value(struct execution *x, const struct sql_statement *s, const char *found, char which)
{
    const char *table = noted(x, found, NOTED_TABLE), *name = noted(x, found, NOTED_NAME);
    switch (which) {
    case 't': return *table ? table : qualified(x, s->schema, s->table);
    case 'q': return *name ? name : qualified(x, s->name_schema, s->name);
    case 'n': return s->name;
    default: return noted(x, found, NOTED_FOUND);
    }
}

/* A statement of the table. */
struct ask {
    const char *sql, *values;
    const char *found;
};
static bool ask(struct execution *x, const struct sql_statement *s, struct ask ask, PGresult **ret, struct err *err)
{
    const char *values[4];
    int count = 0;
    for (; ask.values[count]; count++)
        values[count] = value(x, s, ask.found, ask.values[count]);
    return pg_exec(ledger_session(x->ledger), ask.sql, count, values, ret, err);
}

static bool add_names(struct execution *x, const struct sql_statement *s, const char *needs, const char **ret_found,
                      struct err *err)
{
    const char *values[] = {strchr(needs, 't') ? value(x, s, "", 't') : NULL,
                            strchr(needs, 'q') ? value(x, s, "", 'q') : NULL};
    auto_pgresult PGresult *names = NULL;
    if (!pg_exec(ledger_session(x->ledger), sql_full_names, 2, values, &names, err))
        return false;
    *ret_found = arena_printf(x->arena, "%s\n%s\n%s", *ret_found, pg_text(names, 0, 0), pg_text(names, 1, 0));
    return true;
}

bool repair_before(struct execution *x, const struct sql_statement *s, const char **ret_found, struct err *err)
{
    const struct repair *row = row_of(s);
    auto_pgresult PGresult *result = NULL;
    *ret_found = "";
    if (!row || !row->look)
        return true;
    struct ask before = {row->note ? row->note : row->look, row->note ? row->note_values : row->values, ""};
    if (!ask(x, s, before, &result, err))
        return false;
    if (PQntuples(result))
        *ret_found = row->note ? arena_strdup(x->arena, pg_text(result, 0, 0)) : "there";
    return !strpbrk(row->values, "tq") || add_names(x, s, row->values, ret_found, err);
}

/* Clears away what one row of `look` tells of; false: *left says what is left, and what would clear it. */
static bool clear(struct execution *x, const PGresult *list, int at, struct left *left)
{
    const char *statement = pg_text(list, at, 1);
    if (pg_run(ledger_session(x->ledger), statement, NULL, NULL, &left->err))
        return true;
    left->text = arena_printf(x->arena, "%s (\"%s\" clears it away; tried: %s)", pg_text(list, at, 0), statement,
                              left->err.text);
    return false;
}

enum verdict repair_after(struct execution *x, const struct sql_statement *s, const char *found, struct left *left)
{
    const struct repair *row = row_of(s);
    auto_pgresult PGresult *list = NULL;
    if (!row)
        return VERDICT_UNKNOWN;
    if (!row->look)
        return VERDICT_AGAIN;
    if (!ask(x, s, (struct ask){row->look, row->values, found}, &list, &left->err)) {
        left->text = arena_printf(x->arena, "nobody could look (%s)", left->err.text);
        return VERDICT_UNKNOWN;
    }
    /* It was so before: this statement has not done it. */
    bool stood = !row->note && *noted(x, found, NOTED_FOUND), there = PQntuples(list) > 0;
    if (!row->note && stood == (row->there == VERDICT_DONE))
        return VERDICT_AGAIN;
    enum verdict verdict = there ? row->there : row->gone;
    for (int i = 0; i < PQntuples(list); i++) {
        if (!*pg_text(list, i, 1))
            continue;
        if (!clear(x, list, i, left))
            return VERDICT_UNKNOWN;
        verdict = row->cleared;
    }
    return verdict;
}

#define BROKEN "index %s exists but is invalid: an earlier attempt left it"
#define DROP_IT "DROP INDEX CONCURRENTLY %s, then try again"

static bool find_index(struct execution *x, const struct sql_statement *s, PGresult **ret_index, struct err *err)
{
    const char *values[] = {qualified(x, s->schema, s->table), s->name};
    return pg_exec(ledger_session(x->ledger), sql_index_valid, 2, values, ret_index, err);
}

void repair_name_broken(struct execution *x, const struct sql_statement *s, struct failure *failure)
{
    auto_pgresult PGresult *index = NULL;
    if (s->kind != SQL_CREATE_INDEX || !s->name || strcmp(failure->err.sqlstate, "42P07") != 0 ||
        !find_index(x, s, &index, NULL) || PQntuples(index) == 0 || pg_true(index, 0, 0))
        return;
    failure->said.hint = arena_printf(x->arena, "it is invalid: an earlier attempt left it; " DROP_IT,
                                      pg_text(index, 0, 1));
}

bool repair_check(struct execution *x, const struct sql_statement *s, struct err *err)
{
    if (s->kind != SQL_CREATE_INDEX || !s->name)
        return true;
    auto_pgresult PGresult *result = NULL;
    if (!find_index(x, s, &result, err))
        return false;
    if (PQntuples(result) == 1 && pg_true(result, 0, 0))
        return true;
    bool broken = PQntuples(result) == 1;
    if (broken)
        err_set(err, ERR_DATABASE, BROKEN, s->name);
    else
        err_set(err, ERR_DATABASE, "table %s has no index %s: something else has that name, and the server made "
                "none", s->table, s->name);
    err_sqlstate(err, "55000");
    return broken ? err_hint(err, DROP_IT, pg_text(result, 0, 1))
                  : err_hint(err, "give the index another name");
}

/* As sql/index_valid.sql, but where no answer can be waited for: in the statement's transaction. An index on a
 * partitioned table (ON ONLY) is invalid until each partition has its own. */
void repair_add_check(struct execution *x, struct buf *sql, const struct sql_statement *s)
{
    struct pg *pg = ledger_session(x->ledger);
    auto_buf struct buf body = BUF_INIT(1 << 14);
    buf_adds(&body, "DECLARE v pg_catalog.record; BEGIN SELECT n.nspname, c.relname INTO v FROM pg_catalog.pg_index i "
                    "JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid "
                    "JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace "
                    "WHERE NOT i.indisvalid AND c.relkind OPERATOR(pg_catalog.=) 'i' "
                    "AND i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(");
    pg_add_literal(pg, &body, qualified(x, s->schema, s->table));
    buf_adds(&body, ") AND c.relname OPERATOR(pg_catalog.=) ");
    pg_add_literal(pg, &body, s->name);
    buf_adds(&body, "; IF FOUND THEN RAISE EXCEPTION USING ERRCODE = '55000', "
                    "MESSAGE = pg_catalog.format('" BROKEN "', v.relname), "
                    "HINT = pg_catalog.format('" DROP_IT "', pg_catalog.format('%I.%I', v.nspname, v.relname)); "
                    "END IF; END");
    buf_adds(sql, "DO ");
    pg_add_literal(pg, sql, buf_text(&body));
    buf_adds(sql, ";\n");
}

/* ---- DO and CALL, which may end transactions themselves ---- */

bool repair_transactions(struct execution *x, int64_t *ret_count, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!pg_exec(ledger_session(x->ledger), sql_transactions, 0, NULL, &result, err))
        return false;
    *ret_count = pg_number(result, 0, 0);
    return true;
}

/* ---- waiting for old snapshots ---- */

/* CONCURRENTLY waits for transactions that may still look at the old state, and blocks nobody meanwhile: that is no
 * wait for a lock. False: the file has set a limit of its own, which stays. */
bool lock_timeout_change(struct execution *x, int64_t from_ms, int64_t to_ms)
{
    char from[24], to[24];
    snprintf(from, sizeof from, "%lld", (long long)from_ms);
    snprintf(to, sizeof to, "%lld", (long long)to_ms);
    const char *values[] = {from, to};
    auto_pgresult PGresult *result = NULL;
    return pg_exec(ledger_session(x->ledger), sql_set_lock_timeout, 2, values, &result, NULL) && PQntuples(result) > 0;
}
