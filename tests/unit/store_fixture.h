/* A control database with a fleet: auth on one target, user on two, three migrations each; user depends on auth. For
 * store_*.c. */
#pragma once
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "store/store.h"
#include "unit/control.h"

#define UP_SQL "CREATE TABLE t (id int)"
#define DOWN_SQL "DROP TABLE t"

static inline struct store *open_store(void)
{
    struct store *store = NULL;
    MUST(store_open(conninfo, "shop", "dev", "test", &store, &why));
    return store;
}

static inline struct store_lease lead(struct store *store, const char *holder)
{
    struct store_lease lease;
    bool taken = false;
    for (int64_t until = clock_mono_ms() + 10000; !taken && clock_mono_ms() < until; poll(NULL, 0, 10))
        MUST(store_lease_take(store, &(struct store_candidate){.holder = holder, .ttl_ms = 5000}, &taken, &lease,
                              &why)); /* a session that was closed ends in its own time */
    cr_assert(taken);
    return lease;
}

struct world {
    struct arena arena;
    char up[DIGEST_HEX_SIZE], down[DIGEST_HEX_SIZE];
    struct migration migrations[3];
    struct service services[2];
    struct fleet fleet;
    char *json;
};

static inline void make_world(struct world *world, bool reversible)
{
    static const char *const auth_targets[] = {"auth"}, *const user_targets[] = {"user-eu", "user-us"};
    static const char *const needs[] = {"auth"};
    static const char *const ids[] = {"1", "2", "3"};
    memset(world, 0, sizeof *world);
    digest_hex(UP_SQL, strlen(UP_SQL), world->up);
    digest_hex(DOWN_SQL, strlen(DOWN_SQL), world->down);
    for (int i = 0; i < 3; i++)
        world->migrations[i] = (struct migration){
            .id = ids[i], .version = ids[i], .name = "make t", .file = "V1__make_t.sql",
            .down_file = reversible ? "U1__make_t.sql" : NULL, .up = world->up, .down = reversible ? world->down : NULL,
            .up_size = (int64_t)strlen(UP_SQL), .down_size = reversible ? (int64_t)strlen(DOWN_SQL) : 0};
    world->services[0] = (struct service){.name = "auth", .layout = "flyway", .targets = auth_targets,
                                          .target_count = 1, .policy = POLICY_DEFAULT,
                                          .migrations = world->migrations, .migration_count = 3};
    world->services[1] = world->services[0];
    world->services[1].name = "user";
    world->services[1].targets = user_targets;
    world->services[1].target_count = 2;
    world->services[1].depends_on = needs;
    world->services[1].depends_on_count = 1;
    world->fleet =
        (struct fleet){.name = "shop", .environment = "dev", .services = world->services, .service_count = 2};
    world->json = fleet_encode(&world->fleet);
}

/* Workers that are enrolled, report, and whose contents are known to be empty. */
static inline void make_ready(struct store *store)
{
    static const char *const names[][2] = {{"auth", "auth"}, {"user", "user-eu"}, {"user", "user-us"}};
    struct key_secret key;
    char text[KEY_PUBLIC_TEXT_SIZE];
    key_generate(&key);
    const char *targets[] = {"auth", "user/user-eu", "user-us"};
    MUST(store_worker_enroll(store, key_public_text(&key.public_key, text), "w1", targets, 3, "root", &why));
    struct store_seen seen[3];
    struct store_inventory inventories[3];
    for (int i = 0; i < 3; i++) {
        seen[i] = (struct store_seen){.worker = "w-1", .host = "h", .version = "1", .service = names[i][0],
                                      .target = names[i][1], .contents = "", .problem = ""};
        inventories[i] = (struct store_inventory){.service = names[i][0], .target = names[i][1]};
    }
    struct store_batch batch = {.seen = seen, .seen_count = 3, .inventories = inventories, .inventory_count = 3};
    MUST(store_batch_commit(store, &batch, &why));
}

static inline bool accept(struct store *store, struct world *world, struct store_acceptance *acceptance,
                          struct err *err)
{
    struct plan_options options = {.direction = DIRECTION_UP};
    struct store_request request = {.fleet_json = world->json, .fleet_len = strlen(world->json), .options = &options,
                                    .requested_by = "ann", .reason = "because"};
    return store_release_accept(store, &request, &world->arena, acceptance, err);
}

static inline void put_blobs(struct store *store, struct world *world)
{
    MUST(store_blob_put(store, world->up, UP_SQL, strlen(UP_SQL), &why));
    MUST(store_blob_put(store, world->down, DOWN_SQL, strlen(DOWN_SQL), &why));
}

static inline char *accept_ready(struct store *store, struct world *world)
{
    struct store_acceptance acceptance;
    make_world(world, true);
    make_ready(store);
    put_blobs(store, world);
    MUST(accept(store, world, &acceptance, &why));
    cr_assert(*acceptance.release);
    return arena_strdup(&world->arena, acceptance.release);
}

static inline struct store_release *load(struct store *store)
{
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct store_release *release = NULL;
    MUST(store_release_load(store, NULL, &settings, &release, &why));
    return release;
}
