/* Messages that are committed and not sent. */
#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

bool store_outbox(struct store *store, struct arena *arena, struct store_message **ret_messages, size_t *ret_count,
                  struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_outbox_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_message *messages = arena_array(arena, count + 1, sizeof *messages);
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct store_message){
            .row = pg_number(result, (int)i, 0), .topic = pg_copy(result, (int)i, 1, arena),
            .key = pg_copy(result, (int)i, 2, arena),
            .id = pg_copy(result, (int)i, 3, arena),
            .type = pg_copy(result, (int)i, 4, arena),
            .len = (size_t)pg_number(result, (int)i, 5), .epoch = pg_number(result, (int)i, 6)};
    *ret_messages = messages;
    *ret_count = count;
    return true;
}

bool store_outbox_payload(struct store *store, int64_t row, char **ret_payload, struct err *err)
{
    char number[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_outbox_payload, &result, err, 1, store_text_int64(number, row)))
        return false;
    *ret_payload = PQntuples(result) ? xstrdup(pg_text(result, 0, 0)) : NULL;
    return true;
}

bool store_outbox_sent(struct store *store, const int64_t *rows, size_t count, struct err *err)
{
    if (count == 0)
        return true;
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_int64(&array, rows, count);
    return store_exec(store, sql_outbox_sent, NULL, err, 1, buf_text(&array));
}
