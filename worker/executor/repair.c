/* What a statement outside a transaction left behind, and whether it took effect: the catalogue decides. */
#include <string.h>

#include "base/cleanup.h"
#include "executor/executor_internal.h"
#include "executor_sql.h"

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

static bool query(struct execution *x, const char *sql, int count, const char *const *values, PGresult **ret,
                  struct err *err)
{
    return pg_exec(ledger_session(x->ledger), sql, count, values, ret, err);
}

bool repair_before(struct execution *x, const struct sql_statement *s, const char **ret_found, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    *ret_found = "";
    if (s->kind == SQL_CREATE_INDEX) {
        const char *values[] = {qualified(x, s->schema, s->table)};
        if (!query(x, sql_indexes, 1, values, &result, err))
            return false;
    } else if (s->kind == SQL_REINDEX && s->concurrently) {
        if (!query(x, sql_leftovers, 0, NULL, &result, err))
            return false;
    } else
        return true;
    *ret_found = arena_strdup(x->arena, pg_text(result, 0, 0));
    return true;
}

/* Drops the invalid ones of the indexes listed. */
static bool drop_invalid(struct execution *x, const PGresult *list, bool *ret_valid, struct err *err)
{
    for (int i = 0; i < PQntuples(list); i++) {
        if (*pg_text(list, i, 1) == 't') {
            *ret_valid = true;
            continue;
        }
        auto_buf struct buf sql = BUF_INIT(1024);
        buf_addf(&sql, "DROP INDEX CONCURRENTLY IF EXISTS %s", pg_text(list, i, 0));
        if (!pg_run(ledger_session(x->ledger), buf_text(&sql), NULL, NULL, err))
            return err_prefix(err, "the invalid index %s that a broken attempt left could not be dropped",
                              pg_text(list, i, 0));
    }
    return true;
}

static bool after_create_index(struct execution *x, const struct sql_statement *s, const char *found,
                               enum verdict *ret_verdict, struct err *err)
{
    const char *values[] = {qualified(x, s->schema, s->table), found, s->name};
    auto_pgresult PGresult *list = NULL;
    bool valid = false;
    if (!query(x, sql_index_new, 3, values, &list, err) || !drop_invalid(x, list, &valid, err))
        return false;
    *ret_verdict = valid ? VERDICT_DONE : VERDICT_AGAIN;
    return true;
}

static bool after_reindex(struct execution *x, const struct sql_statement *s, const char *found,
                          enum verdict *ret_verdict, struct err *err)
{
    const char *values[] = {found};
    auto_pgresult PGresult *list = NULL;
    bool valid;
    *ret_verdict = VERDICT_AGAIN;
    return !s->concurrently ||
           (query(x, sql_leftovers_new, 1, values, &list, err) && drop_invalid(x, list, &valid, err));
}

static bool after_drop_index(struct execution *x, const struct sql_statement *s, enum verdict *ret_verdict,
                             struct err *err)
{
    const char *values[] = {qualified(x, s->name_schema, s->name)};
    auto_pgresult PGresult *result = NULL;
    if (!query(x, sql_relation, 1, values, &result, err))
        return false;
    *ret_verdict = PQntuples(result) == 0 ? VERDICT_DONE : VERDICT_AGAIN;
    return true;
}

static bool after_detach(struct execution *x, const struct sql_statement *s, enum verdict *ret_verdict, struct err *err)
{
    const char *values[] = {qualified(x, s->schema, s->table), qualified(x, s->name_schema, s->name)};
    auto_pgresult PGresult *result = NULL;
    if (!query(x, sql_inherits, 2, values, &result, err))
        return false;
    bool pending = PQntuples(result) > 0 && strcmp(pg_text(result, 0, 0), "true") == 0;
    *ret_verdict = PQntuples(result) == 0 || pending ? VERDICT_DONE : VERDICT_AGAIN;
    if (!pending)
        return true;
    auto_buf struct buf sql = BUF_INIT(1024);
    buf_addf(&sql, "ALTER TABLE %s DETACH PARTITION %s FINALIZE", values[0], values[1]);
    return pg_run(ledger_session(x->ledger), buf_text(&sql), NULL, NULL, err);
}

static bool after_once(struct execution *x, const struct sql_statement *s, enum verdict *ret_verdict, struct err *err)
{
    const char *sql = strstr(s->keyword, "DATABASE")     ? sql_exists_database
                      : strstr(s->keyword, "TABLESPACE") ? sql_exists_tablespace
                                                         : sql_exists_subscription;
    const char *values[] = {s->name};
    auto_pgresult PGresult *result = NULL;
    if (!query(x, sql, 1, values, &result, err))
        return false;
    bool exists = PQntuples(result) > 0, wanted = strncmp(s->keyword, "CREATE", 6) == 0;
    *ret_verdict = exists == wanted ? VERDICT_DONE : VERDICT_AGAIN;
    return true;
}

bool repair_after(struct execution *x, const struct sql_statement *s, const char *found, enum verdict *ret_verdict,
                  struct err *err)
{
    switch (s->kind) {
    case SQL_CREATE_INDEX: return after_create_index(x, s, found, ret_verdict, err);
    case SQL_REINDEX: return after_reindex(x, s, found, ret_verdict, err);
    case SQL_DROP_INDEX: return after_drop_index(x, s, ret_verdict, err);
    case SQL_DETACH: return after_detach(x, s, ret_verdict, err);
    case SQL_ONCE: return after_once(x, s, ret_verdict, err);
    default: break;
    }
    *ret_verdict = s->kind == SQL_ALONE ? VERDICT_AGAIN : VERDICT_UNKNOWN;
    return true;
}

bool repair_check(struct execution *x, const struct sql_statement *s, struct err *err)
{
    if (s->kind != SQL_CREATE_INDEX || !s->name)
        return true;
    const char *values[] = {qualified(x, s->schema, s->table), s->name};
    auto_pgresult PGresult *result = NULL;
    if (!query(x, sql_index_valid, 2, values, &result, err))
        return false;
    if (PQntuples(result) == 1 && *pg_text(result, 0, 0) == 't')
        return true;
    err_set(err, ERR_DATABASE,
            PQntuples(result) ? "index %s exists but is invalid: an earlier attempt, not greylag's, left it"
                              : "the server said that index %s was made, but table %s has none of that name",
            s->name, s->table);
    err_sqlstate(err, "55000");
    return err_hint(err, "DROP INDEX CONCURRENTLY %s, then try again", s->name);
}
