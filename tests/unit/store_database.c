/* The control database against a real server: schema, statements, texts; keys. */
/* links: harness */
#include <dirent.h>
#include <stdio.h>

#include "pg/pg.h"
#include "unit/store_fixture.h"

TestSuite(store, .init = start_database, .fini = stop_database, .timeout = 120);

Test(store, opens_twice_and_refuses_another_environment)
{
    store_close(open_store());
    store_close(open_store());
    struct store *store = NULL;
    struct err err = ERR_INIT;
    cr_assert_not(store_open(conninfo, "shop", "production", "test", &store, &err));
    cr_assert_eq(err.kind, ERR_CONFIG, "%s", err.text);
    test_pg_run(conninfo, "INSERT INTO greylag.schema_version (version, name) VALUES (999, 'later')");
    err_clear(&err);
    cr_assert_not(store_open(conninfo, "shop", "dev", "test", &store, &err));
    cr_assert_eq(err.kind, ERR_CONFLICT, "%s", err.text);
}

/* Whatever a worker says has to be kept: said at the start, instead of a turn that fails for ever. */
Test(store, an_encoding_that_cannot_hold_every_text_is_refused)
{
    struct err err = ERR_INIT;
    struct store *store = NULL;
    cr_assert_not(store_open(test_pg_database_in(server, "latin", "LATIN1"), "shop", "dev", "test", &store, &err));
    cr_assert(err.kind == ERR_CONFIG && strstr(err.text, "has encoding LATIN1") && strstr(err.hint, "UTF8"), "%s",
              err.text);
    MUST(store_open(test_pg_database_in(server, "ascii", "SQL_ASCII"), "shop", "dev", "test", &store, &why));
    struct outcome outcome = {.id = "r.1.1/1/failed", .request = "r.1.1", .release = "r", .migration = "R__größe",
                              .message = "€ 😀 \xff"};
    struct store_inbox inbox = {.outcome = &outcome, .verdict = "accepted", .report_digest = "d"};
    struct store_batch batch = {.inbox = &inbox, .inbox_count = 1};
    lead(store, "a");
    MUST(store_batch_commit(store, &batch, &why));
    store_close(store);
}

Test(store, every_statement_prepares)
{
    store_close(open_store());
    auto_free char *folder = xasprintf("%s/coordinator/store/sql", GREYLAG_SOURCE_DIR);
    DIR *directory = opendir(folder);
    cr_assert(directory);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!text_ends(entry->d_name, ".sql"))
            continue;
        auto_free char *path = xasprintf("%s/%s", folder, entry->d_name);
        auto_buf struct buf text = BUF_INIT(1 << 20);
        MUST(buf_read_file(&text, path, &why));
        bool utility = text_starts(entry->d_name, "schema_create") || strcmp(entry->d_name, "listen.sql") == 0;
        auto_free char *sql = utility ? xstrdup(buf_text(&text)) : xasprintf("PREPARE p AS %s", buf_text(&text));
        printf("# %s\n", entry->d_name);
        test_pg_run(conninfo, sql);
        count++;
    }
    closedir(directory);
    cr_assert_gt(count, 60, "%d", count);
}

Test(store, blobs)
{
    struct store *store = open_store();
    struct world world;
    struct err err = ERR_INIT;
    make_world(&world, true);
    const char *digests[] = {world.up, world.down}, *missing[2], *texts[2];
    size_t count = 9;
    MUST(store_blobs_missing(store, digests, 2, missing, &count, &why));
    cr_assert_eq(count, 2);
    cr_assert_not(store_blob_put(store, world.up, "other", 5, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    put_blobs(store, &world);
    put_blobs(store, &world);
    MUST(store_blobs_get(store, digests, 2, &world.arena, texts, &why));
    cr_assert_str_eq(texts[0], UP_SQL);
    cr_assert_str_eq(texts[1], DOWN_SQL);
    MUST(store_blobs_missing(store, digests, 2, missing, &count, &why));
    cr_assert_eq(count, 0);
    store_close(store);
    free(world.json);
    arena_release(&world.arena);
}

Test(store, keys_are_enrolled_and_revoked)
{
    struct store *store = open_store();
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    struct err err = ERR_INIT;
    key_generate(&key);
    key_public_text(&key.public_key, text);
    const char *targets[] = {"auth", "user/user-eu"}, *bad[] = {"user/"};
    MUST(store_worker_enroll(store, text, "w1", targets, 2, "ann", &why));
    cr_assert_not(store_worker_enroll(store, text, "w1", bad, 1, "ann", &err));
    cr_assert_not(store_worker_enroll(store, "ed25519:AAAA", "w1", targets, 1, "ann", &err));
    auto_arena struct arena arena = ARENA_INIT;
    struct store_key *keys;
    size_t count;
    int64_t revoked;
    MUST(store_keys(store, &arena, &keys, &count, &why));
    cr_assert_eq(count, 2);
    MUST(store_worker_revoke(store, key.public_key.id, "bob", &revoked, &why));
    cr_assert_eq(revoked, 1);
    MUST(store_keys(store, &arena, &keys, &count, &why));
    cr_assert_eq(count, 0);
    err_clear(&err);
    cr_assert_not(store_worker_enroll(store, text, "w1", targets, 2, "ann", &err));
    cr_assert_eq(err.kind, ERR_CONFLICT);
    cr_assert_not(store_worker_revoke(store, "nobody", "bob", &revoked, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    store_close(store);
}

static size_t keys_named(struct store *store, const char *name)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct store_key *keys;
    size_t count, named = 0;
    MUST(store_keys(store, &arena, &keys, &count, &why));
    for (size_t i = 0; i < count; i++)
        named += strcmp(keys[i].name, name) == 0;
    cr_expect_eq(named, count, "%zu of %zu are called %s", named, count, name);
    return count;
}

Test(store, a_key_has_one_name_and_is_revoked_whole)
{
    struct store *store = open_store();
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    int64_t revoked;
    const char *first[] = {"auth"}, *second[] = {"user/user-eu"}, *third[] = {"crm"};
    key_generate(&key);
    key_public_text(&key.public_key, text);
    MUST(store_worker_enroll(store, text, "", first, 1, "ann", &why));
    cr_expect_eq(keys_named(store, key.public_key.id), 1);
    MUST(store_worker_enroll(store, text, "w1", second, 1, "ann", &why));
    cr_expect_eq(keys_named(store, "w1"), 2);
    MUST(store_worker_enroll(store, text, "", third, 1, "ann", &why)); /* one more target, under the name that it has */
    cr_expect_eq(keys_named(store, "w1"), 3);
    test_pg_run(conninfo, "UPDATE greylag.keys SET name = 'w0' WHERE target = 'auth'"); /* as it was kept once */
    MUST(store_worker_revoke(store, "w0", "bob", &revoked, &why));
    cr_expect_eq(revoked, 1);
    cr_expect_eq(keys_named(store, "nobody"), 0);
    store_close(store);
}

/* A leader reads keys again when it is told: one that is revoked without a word stays trusted until the term ends. */
Test(store, a_key_is_not_revoked_nor_a_target_forgotten_without_a_word_to_the_leader)
{
    struct store *store = open_store();
    struct arena arena = ARENA_INIT;
    struct store_key *keys;
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE], again[KEY_PUBLIC_TEXT_SIZE];
    const char *targets[] = {"auth", "user"};
    size_t count;
    int64_t revoked;
    struct err err = ERR_INIT;
    key_generate(&key);
    MUST(store_worker_enroll(store, key_public_text(&key.public_key, text), "w1", targets, 1, "ann", &why));
    test_pg_run(conninfo, "INSERT INTO greylag.targets (service, target, last_seen, known) "
                          "VALUES ('s', 'auth', now() - interval '1 hour', true);"
                          "CREATE SCHEMA silent; CREATE FUNCTION silent.pg_notify(text, text) RETURNS void "
                          "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the session ends here'; END $$;"
                          "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = silent, pg_catalog', "
                          "current_database()); END $$");
    struct store *silent = open_store();
    key_generate(&key);
    cr_expect_not(store_worker_revoke(silent, "w1", "bob", &revoked, &err));
    cr_expect_not(store_target_forget(silent, "s", "auth", &err));
    cr_expect_not(store_worker_enroll(silent, key_public_text(&key.public_key, again), "w2", targets, 2, "ann", &err));
    MUST(store_keys(store, &arena, &keys, &count, &why));
    cr_assert_eq(count, 1u);
    cr_assert_str_eq(keys[0].key, text);
    test_pg_run(conninfo, "DO $$ BEGIN ASSERT (SELECT forgotten_at IS NULL FROM greylag.targets); END $$");
    arena_release(&arena);
    store_close(silent);
    store_close(store);
}

/* Whatever nobody thought of: what comes again by itself must not end a term each time. */
Test(store, a_heartbeat_that_the_control_database_does_not_take_is_left_out)
{
    enum { COUNT = 5, BAD = 3 };
    static const char *const names[COUNT] = {"t0", "t1", "t2", "t3", "t4"};
    struct store *store = open_store();
    struct store_seen seen[COUNT];
    struct store_beat beats[COUNT];
    struct store_stranger strangers[COUNT];
    struct store_position position = {.topic = "events", .next = 1, .digest = "d"};
    lead(store, "a");
    for (int i = 0; i < COUNT; i++) {
        seen[i] = (struct store_seen){.worker = names[i], .host = "h", .version = "1", .service = "s",
                                      .target = names[i], .beat = 1, .contents = "", .problem = ""};
        beats[i] = (struct store_beat){names[i], 10 + i};
        strangers[i] = (struct store_stranger){.topic = "events", .key = names[i], .why = "why", .messages = 1};
    }
    test_pg_run(conninfo, "ALTER TABLE greylag.targets ADD CHECK (target <> 't3');"
                          "ALTER TABLE greylag.workers ADD CHECK (beat <> 14);"
                          "ALTER TABLE greylag.strangers ADD CHECK (key <> 't0')");
    struct store_batch batch = {.seen = seen, .seen_count = COUNT, .beats = beats, .beat_count = COUNT,
                                .strangers = strangers, .stranger_count = COUNT, .positions = &position,
                                .position_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    auto_free char *stored = test_pg_value(conninfo,
        "SELECT (SELECT string_agg(target, ' ' ORDER BY target) FROM greylag.targets) || '|' || "
        "(SELECT string_agg(worker || '=' || beat, ' ' ORDER BY worker) FROM greylag.workers) || '|' || "
        "(SELECT string_agg(key, ' ' ORDER BY key) FROM greylag.strangers) || '|' || "
        "(SELECT sum(next) FROM greylag.offsets)");
    cr_expect_str_eq(stored, "t0 t1 t2 t4|t0=10 t1=11 t2=12 t4=1|t1 t2 t3 t4|1");
    cr_expect(batch.left_out.kind == ERR_DATABASE && strstr(batch.left_out.text, "t0"), "%s", batch.left_out.text);
    seen[0].target = "t3";
    batch = (struct store_batch){.seen = seen, .seen_count = 1};
    MUST(store_batch_commit(store, &batch, &why));
    cr_expect(strstr(batch.left_out.text, "\"n\":\"t3\""), "it is named: %s", batch.left_out.text);
    store_close(store);
}

Test(store, how_far_a_worker_has_counted_its_heartbeats_only_rises)
{
    static const struct {
        const char *target;
        int64_t beat;
    } said[] = {{"a", 5}, {"b", 3}, {"a", 4}};
    struct store *store = open_store();
    struct arena arena = ARENA_INIT;
    lead(store, "a");
    for (size_t i = 0; i < COUNT_OF(said); i += 2) { /* two targets of one heartbeat, then one of an earlier one */
        struct store_seen seen[2];
        size_t count = 0;
        for (size_t k = i; k < COUNT_OF(said) && count < 2; k++)
            seen[count++] = (struct store_seen){.worker = "w@1", .host = "h", .version = "1", .service = "s",
                                                .target = said[k].target, .beat = said[k].beat, .contents = "",
                                                .problem = ""};
        struct store_batch batch = {.seen = seen, .seen_count = count};
        MUST(store_batch_commit(store, &batch, &why));
        struct store_beat *beats;
        MUST(store_beats(store, 2, &arena, &beats, &count, &why));
        cr_assert(count == 1 && beats[0].beat == 5, "%zu workers, %lld", count, (long long)beats[0].beat);
        cr_assert_str_eq(beats[0].worker, "w@1");
    }
    struct store_beat heard[] = {{"w@1", 7}, {"w@1", 6}, {"nobody@1", 1}}, *all; /* not worth a row of `seen` */
    for (size_t i = 0; i < COUNT_OF(heard); i += 2) {
        size_t found;
        struct store_batch batch = {.beats = &heard[i], .beat_count = i ? 1 : 2};
        MUST(store_batch_commit(store, &batch, &why));
        MUST(store_beats(store, 2, &arena, &all, &found, &why));
        cr_assert(found == 1 && all[0].beat == 7, "%zu workers, %lld", found, (long long)all[0].beat);
    }
    test_pg_run(conninfo, "INSERT INTO greylag.workers (worker, host, version, leaving, beat, last_seen) "
                          "SELECT 'w' || i || '@' || k, '', '', false, i, now() - i * interval '1 hour' "
                          "FROM generate_series(1, 9) AS i, generate_series(1, 2) AS k");
    struct store_beat *newest;
    size_t count;
    MUST(store_beats(store, 2, &arena, &newest, &count, &why));
    cr_assert_eq(count, 4u, "two of each key: %zu", count);
    cr_assert_str_eq(newest[0].worker, "w2@2");
    cr_assert_str_eq(newest[3].worker, "w@1");
    arena_release(&arena);
    store_close(store);
}
