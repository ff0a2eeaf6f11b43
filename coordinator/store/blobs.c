/* SQL texts by digest. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/store_internal.h"
#include "store_sql.h"

bool store_blobs_missing(struct store *store, const char *const *digests, size_t count, const char **ret_missing,
                         size_t *ret_count, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, digests, count);
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_blobs_missing, &result, err, 1, buf_text(&array)))
        return false;
    for (int i = 0; i < PQntuples(result); i++)
        ret_missing[i] = digests[pg_number(result, i, 0)];
    *ret_count = (size_t)PQntuples(result);
    return true;
}

bool store_blobs_use(struct store *store, const char *const *digests, size_t count, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, digests, count);
    return store_exec(store, sql_blobs_used, NULL, err, 1, buf_text(&array));
}

bool store_blob_put(struct store *store, const char *digest, const char *text, size_t len, struct err *err)
{
    char hex[DIGEST_HEX_SIZE];
    if (len > MIGRATION_MAX)
        return err_set(err, ERR_INPUT, "a text of %zu bytes; at most %zu are taken", len, MIGRATION_MAX);
    if (migration_wire_size(text, len) > MIGRATION_WIRE_MAX)
        return err_set(err, ERR_INPUT, "a text of %zu bytes that does not fit into a message once it is escaped", len);
    digest_hex(text, len, hex);
    if (strcmp(hex, digest) != 0)
        return err_set(err, ERR_INPUT, "the text has digest %s, not %s", hex, digest);
    if (memchr(text, 0, len) || !text_is_utf8(text, len, NULL))
        return err_set(err, ERR_INPUT, "the text with digest %s is not UTF-8, or holds a NUL", digest);
    auto_free char *copy = xstrndup(text, len);
    return store_exec(store, sql_blob_put, NULL, err, 2, digest, copy);
}

bool store_blobs_get(struct store *store, const char *const *digests, size_t count, struct arena *arena,
                     const char **ret_texts, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, digests, count);
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_blobs_get, &result, err, 1, buf_text(&array)))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)PQgetlength(result, (int)i, 0);
        bool stored = !PQgetisnull(result, (int)i, 0);
        ret_texts[i] = stored ? arena_strndup(arena, PQgetvalue(result, (int)i, 0), len) : NULL;
    }
    return true;
}
