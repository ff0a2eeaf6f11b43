/* worker.yml: what is wrong in it is said with its place, and never with a secret. */
#include "runner/settings.h"
#include "unit/root.h"

static char *file, *key_file;
static struct err err;

static void set_up(void)
{
    struct key_secret key;
    crypto_init();
    key_generate(&key);
    make_root();
    file = in_root("worker.yml");
    key_file = in_root("w.key");
    cr_assert(key_write(&key, key_file, &err), "%s", err.text);
    key_secret_release(&key);
}

static void tear_down(void)
{
    free(file);
    free(key_file);
    remove_root();
}

TestSuite(settings, .init = set_up, .fini = tear_down);

static const char *get(void *context, const char *name)
{
    if (strcmp(name, "SECRET") == 0)
        return "hunter2";
    return context && strcmp(name, "DATABASE_URL") == 0 ? context : NULL;
}

static bool load_with(const char *targets, const char *kafka, const char *url, struct settings **ret)
{
    auto_free char *text = xasprintf("fleet: shop\nenvironment: test\nkey: w.key\ncoordinator_keys: [w.key.pub]\n"
                                     "targets:\n%skafka:\n%s",
                                     targets, kafka);
    put("worker.yml", text);
    auto_free char *copy = url ? xstrdup(url) : NULL;
    err_clear(&err);
    return settings_load(file, get, copy, ret, &err);
}

#define KAFKA "  bootstrap.servers: 127.0.0.1:9092\n"

Test(settings, a_whole_file)
{
    struct settings *settings = NULL;
    cr_assert(load_with("  eu: {service: user, database: \"dbname=eu password=${SECRET}\", schema: app}\n"
                        "  us: {service: user, database: \"dbname=us\", ledger_schema: gl}\n",
                        KAFKA "  session.timeout.ms: 6000\n  socket.keepalive.enable: true\n", NULL, &settings),
              "%s", err.text);
    cr_assert_eq(settings->target_count, 2);
    cr_assert_str_eq(settings->targets[0].database, "dbname=eu password=hunter2");
    cr_assert_str_eq(settings->targets[0].schema, "app");
    cr_assert_str_eq(settings->targets[0].ledger_schema, "greylag");
    cr_assert_str_eq(settings->targets[1].ledger_schema, "gl");
    cr_assert_eq(settings->property_count, 3);
    cr_assert_eq(settings->key_count, 1);
    cr_assert(settings->name[0]);
    cr_assert_eq(settings->lease_ms, 15000);
    settings_free(settings);
    cr_assert(load_with("  eu: {service: user, database: x}\n", KAFKA "lease: 2s\n", NULL, &settings), "%s", err.text);
    cr_assert_eq(settings->lease_ms, 2000);
    settings_free(settings);
}

Test(settings, the_database_of_a_single_target_may_come_from_the_environment)
{
    struct settings *settings = NULL;
    cr_assert(load_with("  eu: {service: user}\n", KAFKA, "postgres://h/db", &settings), "%s", err.text);
    cr_assert_str_eq(settings->targets[0].database, "postgres://h/db");
    settings_free(settings);
    cr_assert_not(load_with("  eu: {service: user}\n", KAFKA, NULL, &settings));
    cr_assert(strstr(err.text, "worker.yml:6:") && strstr(err.text, "eu"), "%s", err.text);
    cr_assert(strstr(err.hint, "DATABASE_URL"), "%s", err.hint);
    cr_assert_not(load_with("  eu: {service: user}\n  us: {service: user}\n", KAFKA, "postgres://h/db", &settings));
}

Test(settings, mistakes_are_refused)
{
    static const struct {
        const char *targets, *kafka, *said;
    } cases[] = {
        {"  EU: {service: user, database: x}\n", KAFKA, "EU"},
        {"  eu: {service: user, databse: x}\n", KAFKA, "databse"},
        {"  eu: {database: x}\n", KAFKA, "service"},
        {"  eu: {service: user, database: x}\n", KAFKA "  acks: 1\n", "acks"},
        {"  eu: {service: user, database: x}\n", KAFKA "  sasl.pasword: hunter2\n", "sasl.pasword"},
        {"  eu: {service: user, database: x}\n", "  client.rack: a\n", "bootstrap.servers"},
        {"  eu: {service: user, database: \"${NOT_SET}\"}\n", KAFKA, "NOT_SET"},
        {"  eu: {service: user, database: x}\n", KAFKA "lease: 100ms\n", "lease"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct settings *settings = NULL;
        cr_assert_not(load_with(cases[i].targets, cases[i].kafka, NULL, &settings), "%s", cases[i].said);
        cr_assert(strstr(err.text, cases[i].said), "%s: %s", cases[i].said, err.text);
        cr_assert_not(strstr(err.text, "hunter2"), "%s", err.text);
        cr_assert_eq(err.kind, ERR_CONFIG);
        printf("%s\n", err.text);
    }
}

Test(settings, a_key_that_others_can_read_is_refused)
{
    struct settings *settings = NULL;
    cr_assert_eq(chmod(key_file, 0644), 0);
    cr_assert_not(load_with("  eu: {service: user, database: x}\n", KAFKA, NULL, &settings));
    cr_assert_eq(err.kind, ERR_UNTRUSTED, "%s", err.text);
}

Test(settings, placeholders_of_the_worker_and_of_a_target)
{
    struct settings *settings = NULL;
    cr_assert(load_with("  eu: {service: user, database: x, placeholders: {db_password: \"${SECRET}\", Region: eu}}\n"
                        "  us: {service: user, database: x}\n",
                        KAFKA "placeholders: {region: us, empty: \"\"}\n", NULL, &settings),
              "%s", err.text);
    const struct settings_target *eu = &settings->targets[0], *us = &settings->targets[1];
    cr_assert(eu->secret_count == 3 && us->secret_count == 2);
    cr_assert(strcmp(eu->secrets[0].value, "hunter2") == 0 && strcmp(eu->secrets[1].value, "eu") == 0);
    cr_assert(strcmp(us->secrets[0].value, "us") == 0 && strcmp(us->secrets[1].value, "") == 0 &&
              us->secrets[0].secret);
    settings_free(settings);
    cr_assert_not(load_with("  eu: {service: user, database: x, placeholders: {a: \"${SECRET}\", A: c}}\n", KAFKA, NULL,
                            &settings));
    cr_assert(strstr(err.text, "a and A are one placeholder") && !strstr(err.text, "hunter2"), "%s", err.text);
}
