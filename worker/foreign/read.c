/* What other tools' records say, for the inventory. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "foreign/foreign_internal.h"
#include "foreign_sql.h"

/* A tool that holds its table, or a record that is huge, delays an inventory no longer than this. */
#define BEGIN "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = '2s'; " \
              "SET LOCAL statement_timeout = '20s'; SET LOCAL standard_conforming_strings = on"

/* Of all records together, as they are written in one message: signed it takes four bytes for three, and what the
 * target holds stands beside them (REPORT_MAX). */
#define BYTES_MAX ((size_t)10 << 20)
#define AROUND_ROW 24 /* its braces, and its state */
#define AROUND_TEXT 16 /* its member's name */

struct reading {
    struct pg *pg;
    struct arena *arena;
    struct buf warning;
    size_t bytes;
};

static bool begin(struct reading *r, const char *search_path, struct err *err)
{
    auto_buf struct buf sql = BUF_INIT(1 << 16);
    buf_adds(&sql, BEGIN);
    if (search_path) {
        buf_adds(&sql, "; SELECT pg_catalog.set_config('search_path', ");
        pg_add_literal(r->pg, &sql, search_path);
        buf_adds(&sql, ", true)");
    }
    return pg_run(r->pg, buf_text(&sql), NULL, NULL, err);
}

static bool find(struct reading *r, PGresult **ret, struct err *err)
{
    const char *names[HISTORY_TOOL_COUNT], *words[HISTORY_TOOL_COUNT], *usual[HISTORY_TOOL_COUNT];
    int64_t columns[HISTORY_TOOL_COUNT];
    size_t count = 0;
    for (enum history_tool i = 0; i < HISTORY_TOOL_COUNT; i++) {
        const struct tool *tool = tool_of(i);
        if (!tool)
            continue;
        names[count] = history_tool_text(i);
        words[count] = tool->words;
        usual[count] = history_tool_table(i);
        columns[count++] = tool->columns;
    }
    auto_buf struct buf name_list = BUF_INIT(4096), word_list = BUF_INIT(4096), column_list = BUF_INIT(4096),
                        usual_list = BUF_INIT(4096);
    pg_array_text(&name_list, names, count);
    pg_array_text(&word_list, words, count);
    pg_array_int64(&column_list, columns, count);
    pg_array_text(&usual_list, usual, count);
    const char *values[] = {buf_text(&name_list), buf_text(&word_list), buf_text(&column_list),
                            buf_text(&usual_list)};
    return pg_exec(r->pg, sql_foreign_find, 4, values, ret, err);
}

static size_t written_size(const char *text)
{
    size_t size = *text ? AROUND_TEXT : 0;
    for (const char *c = text; *c; c++)
        size += (unsigned char)*c < ' ' ? strlen("\\u0000") : *c == '"' || *c == '\\' ? 2 : 1;
    return size;
}

/* Why they are not taken; NULL: they are. */
static const char *too_many(struct reading *r, const PGresult *rows)
{
    if (PQntuples(rows) > FOREIGN_ROWS_MAX)
        return "it has more than 100000 rows";
    size_t bytes = AROUND_ROW * (size_t)PQntuples(rows);
    for (int i = 0; i < PQntuples(rows); i++)
        for (int c = 0; c < PQnfields(rows); c++)
            bytes += written_size(pg_text(rows, i, c));
    if (bytes > BYTES_MAX - r->bytes)
        return "it takes more than 10 MiB in a message";
    r->bytes += bytes;
    return NULL;
}

static void copy_rows(struct arena *arena, const PGresult *rows, struct foreign_history *history)
{
    size_t count = (size_t)PQntuples(rows);
    struct foreign_row *items = arena_array(arena, count + 1, sizeof *items);
    for (int i = 0; i < (int)count; i++) {
        items[i] = (struct foreign_row){.version = arena_strdup(arena, pg_text(rows, i, 0)),
                                        .name = arena_strdup(arena, pg_text(rows, i, 1)),
                                        .script = arena_strdup(arena, pg_text(rows, i, 2)),
                                        .checksum = arena_strdup(arena, pg_text(rows, i, 3)),
                                        .state = FOREIGN_FAILED};
        foreign_state_parse(pg_text(rows, i, 4), &items[i].state);
    }
    history->rows = items;
    history->row_count = count;
}

static void unreadable(struct reading *r, struct foreign_history *history, const char *why)
{
    struct foreign_row *row = arena_new(r->arena, struct foreign_row);
    *row = (struct foreign_row){.version = "", .script = "", .checksum = "", .state = FOREIGN_FAILED,
                                .name = arena_printf(r->arena, "cannot be read: %s", why)};
    history->rows = row;
    history->row_count = 1;
    buf_addf(&r->warning, "%s%s's record %s cannot be read: %s", r->warning.len ? "; " : "",
             history_tool_text(history->tool), history->table, why);
}

/* @table@ and @registry@, quoted. */
static void name_table(struct buf *out, struct pg *pg, const char *statement, const char *schema, const char *table)
{
    for (const char *at; (at = strchr(statement, '@')); statement = at) {
        bool whole = text_starts(at, "@table@"), registry = text_starts(at, "@registry@");
        buf_add(out, statement, (size_t)(at - statement));
        if (whole || registry)
            pg_add_identifier(pg, out, schema);
        else
            buf_addc(out, '@');
        if (whole) {
            buf_addc(out, '.');
            pg_add_identifier(pg, out, table);
        }
        at += whole ? strlen("@table@") : registry ? strlen("@registry@") : 1;
    }
    buf_adds(out, statement);
}

/* One record, in a savepoint of its own. False: the connection is lost. */
static bool read_one(struct reading *r, const PGresult *found, int row, struct foreign_history *ret, struct err *err)
{
    const char *schema = pg_text(found, row, 1), *table = pg_text(found, row, 2);
    struct err mine = ERR_INIT;
    *ret = (struct foreign_history){.table = arena_printf(r->arena, "%s.%s", schema, table)};
    history_tool_parse(pg_text(found, row, 0), &ret->tool);
    const struct tool *tool = tool_of(ret->tool);
    auto_buf struct buf read = BUF_INIT(1 << 16), sql = BUF_INIT(1 << 17);
    auto_pgresult PGresult *rows = NULL;
    tool_add_statement(&read, tool, sql_foreign_rows, "");
    buf_adds(&sql, "SAVEPOINT one; SET LOCAL search_path = pg_catalog; ");
    name_table(&sql, r->pg, buf_text(&read), schema, table);
    if (pg_run(r->pg, buf_text(&sql), &rows, NULL, &mine)) {
        const char *why = too_many(r, rows);
        if (why)
            unreadable(r, ret, why);
        else
            copy_rows(r->arena, rows, ret);
        return true;
    }
    if (pg_lost(r->pg)) {
        if (err)
            *err = mine;
        return false;
    }
    unreadable(r, ret, mine.text);
    return pg_run(r->pg, "ROLLBACK TO SAVEPOINT one", NULL, NULL, err);
}

static bool read_all(struct reading *r, const char *search_path, struct foreign_history **ret, size_t *ret_count,
                     struct err *err)
{
    auto_pgresult PGresult *found = NULL;
    if (!begin(r, search_path, err) || !find(r, &found, err))
        return false;
    int count = PQntuples(found);
    struct foreign_history *histories = arena_array(r->arena, (size_t)count + 1, sizeof *histories);
    for (int i = 0; i < count; i++)
        if (!read_one(r, found, i, &histories[i], err))
            return false;
    *ret = histories;
    *ret_count = (size_t)count;
    return true;
}

static bool attempt(struct reading *r, const char *search_path, struct foreign_history **ret, size_t *ret_count,
                    struct err *err)
{
    bool good = read_all(r, search_path, ret, ret_count, err);
    if (PQtransactionStatus(pg_raw(r->pg)) != PQTRANS_IDLE && !pg_lost(r->pg))
        pg_run(r->pg, "ROLLBACK", NULL, NULL, NULL);
    return good;
}

bool foreign_read(struct pg *pg, const char *search_path, struct arena *arena,
                  const struct foreign_history **ret_histories, size_t *ret_count, const char **ret_warning,
                  struct err *err)
{
    struct reading r = {.pg = pg, .arena = arena, .warning = BUF_INIT(1 << 16)};
    struct foreign_history *histories = NULL;
    struct err first = ERR_INIT;
    bool good = attempt(&r, search_path, &histories, ret_count, &first);
    if (!good && strcmp(first.sqlstate, "26000") == 0) /* a step's DEALLOCATE ALL took the prepared statement away */
        good = attempt(&r, search_path, &histories, ret_count, err);
    else if (!good && err)
        *err = first;
    if (good) {
        *ret_histories = histories;
        *ret_warning = arena_strdup(arena, buf_text(&r.warning));
    }
    buf_release(&r.warning);
    return good;
}
