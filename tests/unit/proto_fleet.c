/* The fleet's catalog on its way to the coordinator. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "proto/fleet.h"
#include "unit/samples.h"

static const struct dependency needs[] = {{"auth", "1", RANGE_AT_LEAST, "services/user/V2__x.sql:4"}};
static const struct migration auth_migrations[] = {
    {.id = "1", .version = "1", .name = "users", .file = "services/auth/V1__users.sql", .up = SAMPLE_DIGEST_A,
     .up_size = 20}};
static const struct migration user_migrations[] = {
    {.id = "1", .version = "1", .name = "first", .file = "services/user/V1__first.sql",
     .down_file = "services/user/U1__first.sql", .up = SAMPLE_DIGEST_A, .down = SAMPLE_DIGEST_B, .up_size = 10,
     .down_size = 5, .no_transaction = true},
    {.id = "2", .version = "2", .name = "second", .file = "services/user/V2__x.sql", .up = SAMPLE_DIGEST_B,
     .up_size = (int64_t)MIGRATION_MAX + 1, .has_policy = true, .on_failure = ON_FAILURE_HALT, .author = "ann",
     .refused = "it is a program", .risk = "", .category = "schema", .breaking = true, .requires_downtime = true,
     .estimated_ms = 1500, .details = "{\"tags\":[\"x\"]}", .depends = needs, .depends_count = 1}};
static const char *const auth_targets[] = {"auth"};
static const char *const user_targets[] = {"user-eu", "user-us"};
static const char *const user_depends[] = {"auth"};
static const struct service services[] = {
    {.name = "auth", .layout = "flyway", .targets = auth_targets, .target_count = 1, .policy = POLICY_DEFAULT,
     .migrations = auth_migrations, .migration_count = 1},
    {.name = "user", .layout = "flyway", .depends_on = user_depends, .depends_on_count = 1, .targets = user_targets,
     .target_count = 2, .policy = POLICY_DEFAULT, .migrations = user_migrations, .migration_count = 2}};
static const struct fleet sample_fleet = {
    .name = "shop", .environment = "dev", .services = services, .service_count = 2};

Test(fleet, round_trip)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *json = fleet_encode(&sample_fleet);
    struct fleet fleet;
    struct err err = ERR_INIT;
    cr_assert(fleet_decode(json, strlen(json), &arena, &fleet, &err), "%s", err.text);
    auto_free char *again = fleet_encode(&fleet);
    cr_assert_str_eq(again, json);
    const struct service *user = fleet_service(&fleet, "user");
    cr_assert_not_null(user);
    cr_assert_null(fleet_service(&fleet, "nobody"));
    const struct migration *second = service_migration(user, "2");
    cr_assert_not_null(second);
    cr_assert_null(service_migration(user, "3"));
    cr_assert(second->has_policy && second->on_failure == ON_FAILURE_HALT && second->breaking);
    cr_assert_null(second->down, "NULL stays NULL");
    cr_assert_null(second->down_file);
    cr_assert_str_eq(second->risk, "");
    cr_assert_str_eq(second->refused, "it is a program");
    cr_assert_str_eq(second->depends[0].where, "services/user/V2__x.sql:4");
    cr_assert_null(service_migration(user, "1")->author);
    cr_assert_str_eq(user->targets[1], "user-us");
    cr_assert_eq(user->policy.lock_timeout_ms, 2000);
}

/* The sample with one value replaced; `path` is "services/1/name" and so on. */
static void refuses(const char *path, const char *value, const char *part)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *json = fleet_encode(&sample_fleet), *steps = xstrdup(path);
    json_t *root = json_loads(json, 0, NULL), *at = root;
    char *save = NULL, *step = strtok_r(steps, "/", &save), *next;
    for (; (next = strtok_r(NULL, "/", &save)); step = next)
        at = json_is_array(at) ? json_array_get(at, (size_t)strtol(step, NULL, 10)) : json_object_get(at, step);
    json_t *fresh = value ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
    if (!fresh)
        json_object_del(at, step);
    else if (json_is_array(at))
        json_array_set_new(at, (size_t)strtol(step, NULL, 10), fresh);
    else
        json_object_set_new(at, step, fresh);
    auto_free char *damaged = json_dumps(root, 0);
    struct fleet fleet;
    struct err err = ERR_INIT;
    cr_assert_not(fleet_decode(damaged, strlen(damaged), &arena, &fleet, &err), "%s = %s", path, value);
    cr_assert(strstr(err.text, part), "%s = %s: %s", path, value, err.text);
    json_decref(root);
}

Test(fleet, what_a_coordinator_relies_on)
{
    refuses("fleet", "\"Shop\"", "fleet: not a name");
    refuses("environment", NULL, "environment: missing");
    refuses("version", "2", "version 2");
    refuses("services", "{}", "not an array");
    refuses("services/0/name", "\"user\"", "two services are called user");
    refuses("services/1/name", "\"a b\"", "services[1].name");
    refuses("services/1/targets/1", "\"user-eu\"", "two targets user-eu");
    refuses("services/0/targets/0", "\"user-eu\"", "the target user-eu stands twice");
    refuses("services/1/targets/1", "\"user eu\"", "services[1].targets[1]");
    refuses("services/1/dependsOn/0", "\"tenant\"", "depends on tenant");
    refuses("services/1/migrations/1/id", "\"1\"", "two migrations 1");
    refuses("services/1/migrations/1/id", "\"\"", "migrations[1].id");
    refuses("services/1/migrations/1/up", "\"\"", "migrations[1].up");
    refuses("services/1/migrations/1/up", "\"abc\"", "not a digest");
    refuses("services/1/migrations/0/down", NULL, "down and downFile");
    refuses("services/1/migrations/0/upSize", "-1", "upSize");
    refuses("services/1/migrations/1/onFailure", "\"maybe\"", "maybe");
    refuses("services/1/migrations/1/depends/0/service", "\"\"", "depends[0].service");
    refuses("services/1/policy/lockTimeoutMs", "0", "lockTimeoutMs");
    refuses("services/1/policy/statementTimeoutMs", "0", "statementTimeoutMs");
    refuses("services/1/policy/retries", "-1", "retries");
}

Test(fleet, damaged_text)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *json = fleet_encode(&sample_fleet);
    struct fleet fleet;
    for (size_t cut = 0; cut < strlen(json); cut++)
        cr_assert_not(fleet_decode(json, cut, &arena, &fleet, NULL));
    size_t size = MESSAGE_MAX + 1;
    auto_free char *large = xmalloc(size);
    memset(large, ' ', size);
    struct err err = ERR_INIT;
    cr_assert_not(fleet_decode(large, size, &arena, &fleet, &err));
    cr_assert(strstr(err.text, "at most"), "%s", err.text);
}

Test(fleet, ten_thousand_migrations)
{
    enum { MANY = 10000 };
    auto_arena struct arena arena = ARENA_INIT;
    struct migration *many = arena_array(&arena, MANY, sizeof *many);
    for (int i = 0; i < MANY; i++) {
        many[i] = user_migrations[0];
        many[i].id = many[i].version = arena_printf(&arena, "%d", i);
    }
    struct service service = services[0];
    service.migrations = many;
    service.migration_count = MANY;
    struct fleet fleet = sample_fleet, back;
    fleet.services = &service;
    fleet.service_count = 1;
    int64_t began = clock_mono_ms();
    auto_free char *json = fleet_encode(&fleet);
    int64_t encoded = clock_mono_ms();
    struct err err = ERR_INIT;
    cr_assert(fleet_decode(json, strlen(json), &arena, &back, &err), "%s", err.text);
    printf("# %d migrations: %zu bytes, encoded in %lld ms, decoded in %lld ms\n", MANY, strlen(json),
           (long long)(encoded - began), (long long)(clock_mono_ms() - encoded));
}

/* ---- what history_table names ---- */

Test(fleet, a_record_is_named_with_its_schema_or_without)
{
    static const struct {
        enum history_tool tool;
        const char *named, *table;
        bool same;
    } cases[] = {
        {HISTORY_FLYWAY, NULL, "public.flyway_schema_history", true},
        {HISTORY_FLYWAY, "", "any.flyway_schema_history", true},
        {HISTORY_FLYWAY, NULL, "public.schema_version", false},
        {HISTORY_FLYWAY, "schema_version", "public.schema_version", true},
        {HISTORY_FLYWAY, "version", "public.schema_version", false},
        {HISTORY_FLYWAY, "old.schema_version", "old.schema_version", true},
        {HISTORY_FLYWAY, "old.schema_version", "older.schema_version", false},
        {HISTORY_FLYWAY, "old.schema_version", "schema_version", false},
        {HISTORY_SQITCH, NULL, "sqitch.changes", true},
        {HISTORY_SQITCH, NULL, "reg.changes", false},
        {HISTORY_SQITCH, "reg", "reg.changes", true},
        {HISTORY_SQITCH, "reg.changes", "reg.changes", true},
        {HISTORY_SQITCH, "reg", "sqitch.changes", false},
        {HISTORY_NONE, NULL, "public.t", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(history_name_is(cases[i].tool, cases[i].named, cases[i].table), cases[i].same, "%zu: %s", i,
                     cases[i].table);
}
