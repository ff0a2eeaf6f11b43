/* The layout with timestamp and service in each name: whose a file is, its undo, and what contradicts what. */
#include "unit/catalog_fixture.h"

TestSuite(timestamp, .init = setup, .fini = teardown);

static const char fleet[] = "fleet: inopsio\nservices:\n  auth: {migrations: auth-service, aliases: [auth-service]}\n"
                            "  user: {migrations: user-service/, aliases: [user-service]}\n"
                            "  crm: {migrations: ./crm-service, aliases: [crm-service]}\n";

static const char users[] =
    "-- Migration: create users table\n-- Service: auth-service\n-- Author: kay\n-- Date: 2024-01-01\n-- Dependencies: "
    "none\n\n"
    "BEGIN;\n\n-- Forward migration\nCREATE TABLE IF NOT EXISTS users (\n    id UUID PRIMARY KEY DEFAULT "
    "gen_random_uuid(),\n"
    "    email VARCHAR(255) UNIQUE NOT NULL\n);\n\nCOMMIT;\n";
static const char no_users[] = "-- Rollback: create users table\n-- Service: auth-service\n-- Author: kay\n-- Date: "
                               "2024-01-01\n\n"
                               "BEGIN;\n\nDROP TABLE IF EXISTS users;\n\nCOMMIT;\n";

Test(timestamp, a_service_in_its_folders)
{
    put("fleet.yml", fleet);
    put("auth-service/schema/20240101_001_auth_create_users_table.sql", users);
    put("auth-service/rollback/20240101_001_auth_create_users_table.sql", no_users);
    put("auth-service/data/20240102_001_auth-service_emails.sql", "select 1;");
    put("auth-service/Rollback/20240102_001.sql", "select -1;");
    put("auth-service/seeds/20240103_010_AUTH_first.sql", "select 2;");
    put("auth-service/20240103_9_auth.SQL", "select 3;");
    put("auth-service/20240104120000_auth_no_sequence.sql", "select 4;");
    put("user-service/20240101_002_user_profiles.sql", "-- Dependencies: 20240101_001\nselect 1;");
    /* what is said in both places counts once */
    put("crm-service/20240101_003_crm_customers.sql", "-- Dependencies: auth:20240101_001\nselect 1;");
    put("crm-service/migration-dependencies.yml",
        "migrations:\n  - version: \"20240101_003\"\n    service: \"crm-service\"\n"
        "    dependencies: [\"20240101_001\", \"20240101_002\"]\n");
    load();
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(service(0)->layout, "timestamp");
    cr_expect_eq(service(0)->history, HISTORY_NONE);
    cr_expect_str_eq(ids(0), "20240101_001+ 20240102_001+ 20240103_9 20240103_010 20240104120000", "%s", ids(0));
    const struct migration *first = migration(0, "20240101_001");
    cr_expect_str_eq(first->name, "create users table");
    cr_expect_str_eq(first->author, "kay");
    cr_expect_str_eq(first->category, "schema");
    cr_expect_str_eq(first->down_file, "auth-service/rollback/20240101_001_auth_create_users_table.sql");
    cr_expect(!first->no_transaction);
    cr_expect_str_eq(catalog_blob(catalog, first->up)->text, users); /* as it is: the worker takes the frame off */
    cr_expect_str_eq(migration(0, "20240103_010")->category, "seeds");
    cr_expect_str_eq(migration(0, "20240103_9")->name, "");
    cr_expect_str_eq(service(1)->migrations[0].depends[0].service, "auth");
    cr_expect_eq(service(2)->migrations[0].depends_count, 2u);
    cr_expect_str_eq(service(2)->migrations[0].depends[1].service, "user");
    found("no-undo", false, "auth-service/seeds/20240103_010_AUTH_first.sql", "20240103_010");
}

/* The seed says of 20240101_002 in its names that it is auth's, in its dependency file that it is user-service's. */
Test(timestamp, the_contradiction_of_the_seed)
{
    put("fleet.yml", "fleet: inopsio\nservices:\n  auth: {migrations: m, aliases: [auth-service]}\n"
                     "  user: {migrations: m, aliases: [user-service]}\n  crm: {migrations: m, aliases: "
                     "[crm-service]}\n");
    put("m/20240101_001_auth_create_users_table.sql", users);
    put("m/20240101_002_auth_add_user_preferences.sql", "select 1;");
    put("m/20240101_003_crm_create_customers_table.sql", "select 1;");
    put("m/migration-dependencies.yml",
        "# migration-dependencies.yml\nmigrations:\n  - version: \"20240101_001\"\n    service: \"auth-service\"\n    "
        "dependencies: []\n"
        "    \n  - version: \"20240101_002\"\n    service: \"user-service\"\n    dependencies: [\"20240101_001\"]\n"
        "    \n  - version: \"20240101_003\"\n    service: \"crm-service\"\n    dependencies: [\"20240101_001\", "
        "\"20240101_002\"]\n");
    load();
    cr_expect_eq(found("contradiction", true, "m/migration-dependencies.yml",
                       "version 20240101_002 is said to be of service user, which has none; auth has it "
                       "(m/20240101_002_auth_add_user_preferences.sql)")->line, 7);
    cr_expect_eq(catalog->error_count, 1u, "it is said once: %zu", catalog->error_count);
    cr_expect_str_eq(ids(0), "20240101_001 20240101_002");
    cr_expect_str_eq(ids(2), "20240101_003");
    cr_expect_eq(service(2)->migrations[0].depends_count, 2u);
}

Test(timestamp, one_folder_for_several_services)
{
    put("fleet.yml", "fleet: inopsio\nservices:\n  auth: {migrations: m}\n  user: {migrations: ./m/, aliases: "
                     "[user-service]}\n"
                     "  user-profile: {migrations: m}\n  crm: {migrations: c}\n");
    put("m/20240101_001_auth_a.sql", "select 1;");
    put("m/20240101_002_user_profile_b.sql", "select 2;");
    put("m/20240101_003_user_profiles.sql", "select 3;");
    put("m/20240101_004_user-service_d.sql", "select 4;");
    put("m/20240101_005_auth_e.sql", "select 5;");
    put("m/20240101_005_user_e.sql", "select 5;");
    put("m/rollback/20240101_001.sql", "select -1;");
    put("m/rollback/20240101_003_rollback_profiles.sql", "select -3;");
    put("m/rollback/20240101_004_user_d.sql", "select -4;");
    put("m/migration-dependencies.yml", "migrations:\n  - {version: \"20240101_003\", dependencies: "
                                        "[\"20240101_001\"]}\n");
    put("c/20240101_009_crm_a.sql", "select 1;");
    load();
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(ids(0), "20240101_001+ 20240101_005", "%s", ids(0));
    cr_expect_str_eq(ids(1), "20240101_003+ 20240101_004+ 20240101_005", "%s", ids(1));
    cr_expect_str_eq(ids(2), "20240101_002", "%s", ids(2));
    cr_expect_eq(migration(1, "20240101_003")->depends_count, 1u);
    for (size_t i = 0; i < catalog->finding_count; i++)
        cr_expect_str_eq(catalog->findings[i].rule, "no-undo", "%s", catalog->findings[i].text);
    put("m/rollback/20240101_005.sql", "select -5;");
    put("m/rollback/20240109_001.sql", "select -9;");
    put("m/20240101_006_nobody_x.sql", "select 6;");
    put("m/20240101_007_crm_x.sql", "select 7;");
    put("m/x.sql", "select 8;");
    load();
    found("bad-name", true, "m/rollback/20240101_005.sql", "several services have a migration of version 20240101_005");
    found("orphan-undo", false, "m/rollback/20240109_001.sql", "20240109_001");
    found("bad-name", true, "m/20240101_006_nobody_x.sql",
          "'nobody_x', which begins with the name or alias of no service");
    found("contradiction", true, "m/20240101_007_crm_x.sql", "of service crm, but it lies in the folder of auth");
    found("skipped-file", true, "m/x.sql", "timestamp");
}

Test(timestamp, headers_that_contradict)
{
    put("fleet.yml", fleet);
    put("auth-service/20240101_001_auth_a.sql", "-- Service: user-service\nselect 1;");
    put("auth-service/20240101_002_auth_b.sql", "-- Service: billing\nselect 1;");
    put("auth-service/20240101_003_auth_c.sql", "-- Date: 2024-02-01\nselect 1;");
    put("auth-service/20240101_004_auth_d.sql", "-- Rollback: d\nselect 1;");
    put("auth-service/rollback/20240101_003_auth_c.sql", "-- Migration: c\n-- Service: crm\nselect 1;");
    put("user-service/20240101_001_auth_z.sql", "select 1;");
    put("crm-service/20240101_001_crm_a.sql", "-- @metadata {}\n-- UP\nselect 1;");
    put("crm-service/20240101_002_crm_b.sql", "-- Date: 01.01.2024\nselect 1;");
    load();
    cr_expect_eq(found("contradiction", true, "auth-service/20240101_001_auth_a.sql",
                       "its header says that it is of service user, its name of auth")->line, 1);
    found("contradiction", false, "auth-service/20240101_002_auth_b.sql",
          "of service 'billing', which the fleet does not have");
    found("contradiction", false, "auth-service/20240101_003_auth_c.sql",
          "its header says 20240201, its name 20240101");
    found("contradiction", true, "auth-service/20240101_004_auth_d.sql", "says that it is a rollback");
    cr_expect_eq(found("contradiction", true, "auth-service/rollback/20240101_003_auth_c.sql", "of service crm")->line,
                 2);
    found("contradiction", true, "auth-service/rollback/20240101_003_auth_c.sql", "says that it is a migration");
    found("contradiction", true, "user-service/20240101_001_auth_z.sql",
          "of service auth, but it lies in the folder of user");
    found("mixed-layout", true, "./crm-service", "metadata: 1");
}

Test(timestamp, sections_are_refused)
{
    put("fleet.yml", "fleet: x\nservices: {auth: {migrations: a, layout: timestamp}}\n");
    put("a/20240101_001_auth_a.sql", "-- @metadata {}\n-- UP\nselect 1;\n");
    load();
    found("metadata", true, "a/20240101_001_auth_a.sql", "in the timestamp layout it would run as a whole");
}

Test(timestamp, names_that_are_none)
{
    put("fleet.yml", "fleet: x\nservices: {auth: {migrations: a, layout: timestamp}}\n");
    put("a/20240101_001_auth_a.sql", "select 1;");
    put("a/2024_001_auth_short_stamp.sql", "select 1;");
    put("a/20240101120000123_001_auth_long_stamp.sql", "select 1;");
    put("a/20240101_001.sql", "select 1;");
    put("a/20240101_other.sql", "select 1;");
    put("a/20240101.sql", "select 1;");
    put("a/20240101_001_authentication.sql", "select 1;");
    put("a/20240101_002_auth_x.up.sql", "select 1;");
    put("a/rollback/20240101.sql", "select 1;");
    load();
    cr_expect_str_eq(ids(0), "20240101_001");
    static const char *const skipped[] = {"a/2024_001_auth_short_stamp.sql",
                                          "a/20240101120000123_001_auth_long_stamp.sql",
                                          "a/20240101_001.sql",
                                          "a/20240101_other.sql",
                                          "a/20240101.sql",
                                          "a/20240101_002_auth_x.up.sql"};
    for (size_t i = 0; i < COUNT_OF(skipped); i++)
        found("skipped-file", false, skipped[i], "timestamp");
    found("bad-name", true, "a/20240101_001_authentication.sql", "'authentication'");
    found("orphan-undo", false, "a/rollback/20240101.sql", "20240101");
}
