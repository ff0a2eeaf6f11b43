/* How far events were read, and which outcomes were taken in. */
#include <string.h>

#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

bool store_positions(struct store *store, struct arena *arena, struct store_position **ret_positions,
                     size_t *ret_count, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_positions_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_position *positions = arena_array(arena, count + 1, sizeof *positions);
    for (size_t i = 0; i < count; i++)
        positions[i] = (struct store_position){.topic = pg_copy(result, (int)i, 0, arena),
                                               .partition = (int32_t)pg_number(result, (int)i, 1),
                                               .next = pg_number(result, (int)i, 2),
                                               .digest = pg_copy(result, (int)i, 3, arena)};
    *ret_positions = positions;
    *ret_count = count;
    return true;
}

bool store_inbox_known(struct store *store, const char *service, const char *target, const char *const *ids,
                       size_t count, bool *ret_known, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, ids, count);
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_inbox_known, &result, err, 3, buf_text(&array), service, target))
        return false;
    memset(ret_known, 0, count * sizeof *ret_known);
    for (int i = 0; i < PQntuples(result); i++)
        ret_known[pg_number(result, i, 0)] = true;
    return true;
}
