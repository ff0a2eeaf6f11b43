/* What a placeholder's name stands for: the plan's values, this worker's secrets, and what Flyway gives by itself
 * (flyway-core: internal/parser/ParsingContext.java). */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "executor/executor_internal.h"
#include "executor_sql.h"

#define BUILTIN "flyway:"

bool names_builtin(const struct placeholder_use *use)
{
    return use->name_len >= strlen(BUILTIN) && strncasecmp(use->name, BUILTIN, strlen(BUILTIN)) == 0;
}

/* Of this worker's local time, as Flyway's is of its own. */
static const char *timestamp(struct execution *x)
{
    char text[32];
    struct tm tm;
    time_t now = (time_t)(clock_wall_us() / 1000000);
    if (!x->timestamp && localtime_r(&now, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
        x->timestamp = arena_strdup(x->arena, text);
    return x->timestamp;
}

static const char *last_part(const char *text, char separator)
{
    const char *last = strrchr(text, separator);
    return last ? last + 1 : text;
}

/* The file that the text is of. An undo's is not known to the worker: it gets the name that it has by Flyway's
 * defaults. */
static const char *filename(struct execution *x)
{
    if (x->expanding->name == PART_BEFORE || x->expanding->name == PART_AFTER)
        return arena_printf(x->arena, "%s.sql", part_what(x->expanding));
    const struct job_request *r = x->step.request;
    const char *name = last_part(r->script ? r->script : "", '/');
    if (r->direction == DIRECTION_DOWN && r->kind != MIGRATION_REPEATABLE && name[0] == 'V')
        return arena_printf(x->arena, "U%s", name + 1);
    return *name ? name : NULL;
}

static const char *working_directory(struct execution *x)
{
    char path[4096];
    return getcwd(path, sizeof path) ? arena_strdup(x->arena, path) : NULL;
}

static const char *table(struct execution *x)
{
    const char *name = x->step.job->history_table;
    return name && *name ? last_part(name, '.') : "flyway_schema_history";
}

static const char *default_schema(struct execution *x)
{
    return x->default_schema;
}
static const char *user(struct execution *x)
{
    return x->user;
}
static const char *database(struct execution *x)
{
    return x->database;
}
static const char *environment(struct execution *x)
{
    return x->step.job->audience.environment;
}

static const struct {
    const char *name;
    const char *(*get)(struct execution *x);
} builtins[] = {
    {BUILTIN "defaultSchema", default_schema}, {BUILTIN "user", user},
    {BUILTIN "database", database},            {BUILTIN "timestamp", timestamp},
    {BUILTIN "filename", filename},            {BUILTIN "workingDirectory", working_directory},
    {BUILTIN "table", table},                  {BUILTIN "environment", environment},
};

/* Under the target's search_path, which is not the session's. */
bool names_ask(struct execution *x, struct err *err)
{
    struct pg *pg = ledger_session(x->ledger);
    const char *path = ledger_search_path(x->ledger);
    auto_buf struct buf sql = BUF_INIT(1 << 16), literal = BUF_INIT(1 << 14);
    auto_pgresult PGresult *result = NULL;
    if (path) {
        pg_add_literal(pg, &literal, path);
        buf_addf(&sql, "BEGIN;SELECT pg_catalog.set_config('search_path',%s,true),"
                 "pg_catalog.set_config('greylag.search_path',%s,true);", buf_text(&literal), buf_text(&literal));
    }
    buf_adds(&sql, sql_builtins);
    buf_adds(&sql, path ? ";ROLLBACK" : "");
    bool good = pg_run(pg, buf_text(&sql), &result, NULL, err);
    session_rollback(x);
    if (!good)
        return false;
    x->default_schema = PQgetisnull(result, 0, 0) ? NULL : arena_strdup(x->arena, pg_text(result, 0, 0));
    x->user = arena_strdup(x->arena, pg_text(result, 0, 1));
    x->database = arena_strdup(x->arena, pg_text(result, 0, 2));
    return true;
}

static const struct placeholder *find(const struct placeholder *items, size_t count, const struct placeholder_use *use)
{
    for (size_t i = 0; i < count; i++)
        if (placeholder_is(use, items[i].name))
            return &items[i];
    return NULL;
}

/* The plan's: an earlier text brings its own. */
static const struct placeholder *find_planned(const struct execution *x, const struct placeholder_use *use)
{
    const struct job_request *r = x->step.request;
    const struct job *job = x->step.job;
    return r->value_count ? find(r->values, r->value_count, use) : find(job->placeholders, job->placeholder_count, use);
}

const char *names_get(void *context, const struct placeholder_use *use)
{
    struct execution *x = context;
    const struct placeholder *planned = find_planned(x, use);
    if (planned && !planned->secret)
        return planned->value;
    if (planned) {
        const struct placeholder *mine = find(x->veil.secrets, x->veil.count, use);
        if (mine)
            veil_use(&x->veil, mine);
        return mine ? mine->value : NULL;
    }
    for (size_t i = 0; i < COUNT_OF(builtins); i++)
        if (placeholder_is(use, builtins[i].name))
            return builtins[i].get(x);
    return NULL;
}

void names_explain(struct execution *x, const struct part *part, const struct placeholder_use *missing, struct err *err)
{
    const struct job *job = x->step.job;
    int line, column, len = missing->name_len < 200 ? (int)missing->name_len : 200;
    text_position(part->raw, missing->begin, &line, &column);
    if (find_planned(x, missing))
        err_set(err, ERR_INPUT, "%s, column %d: the secret placeholder ${%.*s} has no value on this worker: write "
                "`placeholders: {%.*s: ...}` into its worker.yml, for all of it or for target %s",
                part_line(x, part, line), column, len, missing->name, len, missing->name, job->audience.target);
    else
        err_set(err, ERR_INPUT, "%s, column %d: the placeholder ${%.*s} has no value: neither the plan nor this "
                                "database "
                "has one", part_line(x, part, line), column, len, missing->name);
}
