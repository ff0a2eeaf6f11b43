#include "base/arena.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pg/pg.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* What others said of why they refuse can be any bytes. */
static const char *storable(const char *text, struct arena *arena)
{
    auto_buf struct buf fit = BUF_INIT(BUF_MAX);
    text_add_utf8(&fit, text);
    return arena_strdup(arena, buf_text(&fit));
}

bool store_troubles_put(struct store *store, const char *holder, const struct store_trouble *troubles, size_t count,
                        bool changed, struct err *err)
{
    auto_buf struct buf texts = BUF_INIT(BUF_MAX), hints = BUF_INIT(BUF_MAX), since = BUF_INIT(BUF_MAX);
    auto_arena struct arena arena = ARENA_INIT;
    const char *text[STORE_TROUBLES_MAX], *hint[STORE_TROUBLES_MAX];
    int64_t since_us[STORE_TROUBLES_MAX];
    count = count < STORE_TROUBLES_MAX ? count : STORE_TROUBLES_MAX;
    for (size_t i = 0; i < count; i++) {
        text[i] = storable(troubles[i].text, &arena);
        hint[i] = storable(troubles[i].hint, &arena);
        since_us[i] = troubles[i].since_us;
    }
    pg_array_text(&texts, text, count);
    pg_array_text(&hints, hint, count);
    pg_array_int64(&since, since_us, count);
    return store_exec(store, sql_troubles_put, NULL, err, 5, holder, buf_text(&texts), buf_text(&hints),
                      buf_text(&since), changed ? "t" : "f");
}
