/* coordinator.yml: what is wrong in it is said with file, line and column, and never with a secret. */
#include "daemon/settings.h"
#include "unit/root.h"

static char *file;
static struct err err;

static void set_up(void)
{
    make_root();
    file = in_root("coordinator.yml");
    unsetenv("DATABASE_URL");
    setenv("SECRET", "hunter2", 1);
}

static void tear_down(void)
{
    free(file);
    remove_root();
}

TestSuite(settings, .init = set_up, .fini = tear_down);

#define HEAD "fleet: shop\nenvironment: dev\n"
#define DATABASE "database: \"dbname=c password=${SECRET}\"\n"
#define KEYS "tokens_file: tokens\nsigning_key: /etc/c.key\n"
#define KAFKA "kafka:\n  bootstrap.servers: 127.0.0.1:9092\n"

static bool load(const char *text, struct settings **ret)
{
    put("coordinator.yml", text);
    err_clear(&err);
    return settings_load(file, ret, &err);
}

Test(settings, a_whole_file_and_what_is_left_out)
{
    struct settings *settings = NULL;
    cr_assert(load(HEAD DATABASE KEYS KAFKA "  socket.keepalive.enable: true\nlease: 2s\nresend_after: 1500ms\n"
                   "workers:\n  - {name: auth, key: a.pub, targets: [auth, user/eu]}\n", &settings), "%s", err.text);
    cr_assert_str_eq(settings->database, "dbname=c password=hunter2");
    auto_free char *tokens = in_root("tokens");
    cr_assert_str_eq(settings->tokens_file, tokens, "a path is relative to the file");
    cr_assert_str_eq(settings->signing_key, "/etc/c.key");
    cr_assert_eq(settings->lease_ms, 2000);
    cr_assert_eq(settings->resend_after_ms, 1500);
    cr_assert_eq(settings->fence_again_ms, 2000);
    cr_assert_eq(settings->fence_limit_ms, 120000);
    cr_assert_eq(settings->replication, 1);
    cr_assert_str_eq(settings->listen, "127.0.0.1:8420");
    cr_assert_eq(settings->workers_count, 1);
    cr_assert_eq(settings->workers[0].targets_count, 2);
    struct bus_property properties[2];
    struct bus_settings bus = settings_bus(settings, properties, "me");
    cr_assert_eq(bus.property_count, 2);
    settings_free(settings);
}

Test(settings, the_database_may_come_from_the_environment)
{
    struct settings *settings = NULL;
    cr_assert_not(load(HEAD KEYS KAFKA, &settings));
    cr_assert(strstr(err.text, "coordinator.yml") && strstr(err.hint, "DATABASE_URL"), "%s / %s", err.text, err.hint);
    setenv("DATABASE_URL", "postgres://h/control", 1);
    cr_assert(load(HEAD KEYS KAFKA, &settings), "%s", err.text);
    cr_assert_str_eq(settings->database, "postgres://h/control");
    settings_free(settings);
    cr_assert(load(HEAD DATABASE KEYS KAFKA, &settings), "%s", err.text);
    cr_assert_str_eq(settings->database, "dbname=c password=hunter2", "the file names one");
    settings_free(settings);
}

Test(settings, mistakes_are_refused_with_their_place)
{
    static const struct {
        const char *text, *place, *said;
    } cases[] = {
        {"fleet: Shop\nenvironment: dev\n" DATABASE KEYS KAFKA, ":1:", "Shop"},
        {HEAD DATABASE KEYS KAFKA "leese: 2s\n", ":8:", "leese"},
        {HEAD DATABASE KEYS KAFKA "lease: soon\n", ":8:8", "lease"},
        {HEAD DATABASE KEYS KAFKA "lease: 100ms\n", ":8:8", "lease"},
        {HEAD DATABASE KEYS KAFKA "fence_again: 2d\n", ":8:14", "fence_again"},
        {HEAD DATABASE KEYS KAFKA "replication: 0\n", ":8:14", "replication"},
        {HEAD DATABASE KEYS KAFKA "replication: three\n", ":8:14", "replication"},
        {HEAD "database: ${NOT_SET}\n" KEYS KAFKA, ":3:", "NOT_SET"},
        {HEAD DATABASE "tokens_file: t\n" KAFKA, "coordinator.yml", "signing_key"},
        {HEAD DATABASE KEYS "kafka: yes\n", ":6:", "kafka"},
        {HEAD DATABASE KEYS KAFKA "workers:\n  - {name: a, key: k}\n", ":9:", "targets"},
        {HEAD DATABASE KEYS KAFKA "workers:\n  - {name: a, key: k, targets: []}\n", ":9:", "targets"},
        {HEAD DATABASE KEYS KAFKA "fleet: again\n", ":8:", "fleet"},
        {HEAD DATABASE KEYS KAFKA "---\nfleet: two\n", "coordinator.yml", "document"},
        {"", "coordinator.yml", "empty"},
        {HEAD DATABASE KEYS KAFKA "\tlease: 2s\n", ":8:", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings *settings = NULL;
        cr_expect_not(load(cases[i].text, &settings), "%s", cases[i].text);
        cr_expect(strstr(err.text, cases[i].place) && strstr(err.text, cases[i].said), "%s %s: %s", cases[i].place,
                  cases[i].said, err.text);
        cr_expect_not(strstr(err.text, "hunter2"), "%s", err.text);
        cr_expect_eq(err.kind, ERR_CONFIG);
        printf("# %s\n", err.text);
    }
}

Test(settings, a_file_that_is_not_there)
{
    struct settings *settings = NULL;
    cr_assert_not(settings_load("/nowhere/coordinator.yml", &settings, &err));
    cr_assert(strstr(err.text, "/nowhere/coordinator.yml"), "%s", err.text);
}
