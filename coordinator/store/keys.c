/* Workers: whose key may speak for which target, and how far each had counted its heartbeats. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/key.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* "service/target" or "target" into its two parts (service "" for any), in the arena. */
static bool split_target(const char *text, struct arena *arena, const char **ret_service, const char **ret_target,
                         struct err *err)
{
    const char *slash = strchr(text, '/');
    *ret_service = slash ? arena_strndup(arena, text, (size_t)(slash - text)) : "";
    *ret_target = slash ? slash + 1 : text;
    if (text_is_name(*ret_target) && (!slash || text_is_name(*ret_service)))
        return true;
    err_set(err, ERR_INPUT, "%s is neither a target's name nor service/target", text);
    return err_hint(err, "names match [a-z0-9][a-z0-9-]{0,62}");
}

static bool check_not_revoked(struct store *store, const char *key, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_key_revoked, &result, err, 1, key))
        return false;
    if (PQntuples(result) == 0)
        return true;
    err_set(err, ERR_CONFLICT, "the key %s was revoked", key);
    return err_hint(err, "make a new one for that worker (greylag keygen)");
}

bool store_worker_enroll(struct store *store, const char *key, const char *name, const char *const *targets,
                         size_t target_count, const char *by, struct err *err)
{
    struct key_public parsed;
    char canonical[KEY_PUBLIC_TEXT_SIZE];
    if (!text_starts(key, "ed25519:"))
        return err_set(err, ERR_INPUT, "a public key is written ed25519:<base64>");
    if (!key_parse_public(key, &parsed, err))
        return false;
    key_public_text(&parsed, canonical);
    if (target_count == 0)
        return err_set(err, ERR_INPUT, "a key is enrolled for at least one target");
    auto_arena struct arena arena = ARENA_INIT;
    const char **services = arena_array(&arena, target_count, sizeof *services);
    const char **names = arena_array(&arena, target_count, sizeof *names);
    for (size_t i = 0; i < target_count; i++)
        if (!split_target(targets[i], &arena, &services[i], &names[i], err))
            return false;
    auto_buf struct buf service_array = BUF_INIT(BUF_MAX), name_array = BUF_INIT(BUF_MAX);
    pg_array_text(&service_array, services, target_count);
    pg_array_text(&name_array, names, target_count);
    if (!check_not_revoked(store, canonical, err) || !store_begin(store, err))
        return false;
    return store_end_waking(store,
                            store_exec(store, sql_keys_put, NULL, err, 6, canonical, name, by,
                                       buf_text(&service_array), buf_text(&name_array), parsed.id),
                            err);
}

/* The key whose id is `which`, as its text in the arena; `which` itself when there is none. */
static bool key_by_id(struct store *store, const char *which, struct arena *arena, const char **ret_key,
                      struct err *err)
{
    struct store_key *keys;
    size_t count;
    if (!store_keys(store, arena, &keys, &count, err))
        return false;
    *ret_key = which;
    for (size_t i = 0; i < count; i++) {
        struct key_public parsed;
        if (key_parse_public(keys[i].key, &parsed, NULL) && strcmp(parsed.id, which) == 0)
            *ret_key = keys[i].key;
    }
    return true;
}

bool store_worker_revoke(struct store *store, const char *which, const char *by, int64_t *ret_count, struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    const char *key;
    auto_pgresult PGresult *result = NULL;
    if (!key_by_id(store, which, &arena, &key, err) || !store_begin(store, err))
        return false;
    bool done = store_exec(store, sql_keys_revoke, &result, err, 3, which, by, key);
    if (done && pg_number(result, 0, 0) == 0)
        done = err_set(err, ERR_INPUT, "no enrolled key, key id or name is %s", which);
    if (!store_end_waking(store, done, err))
        return false;
    *ret_count = pg_number(result, 0, 0);
    return true;
}

bool store_keys(struct store *store, struct arena *arena, struct store_key **ret_keys, size_t *ret_count,
                struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_keys_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_key *keys = arena_array(arena, count + 1, sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct store_key){.key = pg_copy(result, (int)i, 0, arena),
                                     .name = pg_copy(result, (int)i, 1, arena),
                                     .service = pg_copy(result, (int)i, 2, arena),
                                     .target = pg_copy(result, (int)i, 3, arena)};
    *ret_keys = keys;
    *ret_count = count;
    return true;
}

bool store_beats(struct store *store, int64_t most, struct arena *arena, struct store_beat **ret_beats,
                 size_t *ret_count, struct err *err)
{
    char limit[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_beats_load, &result, err, 1, store_text_int64(limit, most)))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_beat *beats = arena_array(arena, count + 1, sizeof *beats);
    for (size_t i = 0; i < count; i++)
        beats[i] = (struct store_beat){.worker = pg_copy(result, (int)i, 0, arena),
                                       .beat = pg_number(result, (int)i, 1)};
    *ret_beats = beats;
    *ret_count = count;
    return true;
}
