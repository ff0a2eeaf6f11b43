/* Of repeatable migrations: which texts are in effect on the targets, and which were before them. */
#include <string.h>

#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

static bool is_of(const struct target_contents *contents, const PGresult *rows, int row)
{
    return strcmp(contents->service, pg_text(rows, row, 0)) == 0 &&
           strcmp(contents->target, pg_text(rows, row, 1)) == 0;
}

static void take_text(struct arena *arena, const PGresult *rows, int row, struct applied_text *ret_text)
{
    *ret_text = (struct applied_text){.checksum = pg_copy(rows, row, 3, arena),
                                      .request = pg_copy(rows, row, 4, arena),
                                      .release = pg_copy(rows, row, 5, arena),
                                      .kept = pg_true(rows, row, 6)};
}

/* The rows of one migration, from `row`. Returns the row after them. */
static int take_texts(struct arena *arena, const PGresult *rows, int row, const struct target_contents *contents,
                      struct applied *applied)
{
    const char *migration = pg_text(rows, row, 2);
    int end = row;
    while (end < PQntuples(rows) && is_of(contents, rows, end) && strcmp(pg_text(rows, end, 2), migration) == 0)
        end++;
    struct applied_text *texts = arena_array(arena, (size_t)(end - row), sizeof *texts);
    for (int i = row; i < end; i++)
        take_text(arena, rows, i, &texts[i - row]);
    for (size_t i = 0; i < contents->applied_count; i++) {
        if (strcmp(applied[i].migration, migration) != 0)
            continue;
        applied[i].texts = texts;
        applied[i].text_count = (size_t)(end - row);
    }
    return end;
}

bool store_load_texts(struct store *store, struct arena *arena, const struct target_contents *contents, size_t count,
                      struct applied *applied, struct err *err)
{
    auto_pgresult PGresult *rows = NULL;
    if (!store_exec(store, sql_contents_texts, &rows, err, 0))
        return false;
    size_t at = 0;
    for (int row = 0; row < PQntuples(rows) && at < count;) {
        if (is_of(&contents[at], rows, row))
            row = take_texts(arena, rows, row, &contents[at], applied + (contents[at].applied - applied));
        else
            at++;
    }
    return true;
}
