/* The metadata layout: -- @metadata, -- UP, -- DOWN, every field, and what contradicts itself. */
#include "unit/catalog_fixture.h"

TestSuite(metadata, .init = setup, .fini = teardown);

Test(metadata, sections_and_fields)
{
    put("a/20240101_001_add_users.sql", "-- @metadata {\n--   \"author\": \"ann\",\n--   \"description\": \"add "
                                        "users\",\n"
                                         "--   \"breakingChange\": true, \"estimatedDuration\": 1000,\n--   "
                                         "\"dataVolume\": \"small\",\n"
                                         "--   \"risk\": \"high\", \"tags\": [\"x\"], \"onFailure\": \"halt\",\n"
                                         "--   \"requiresDowntime\": false, \"affectedTables\": [\"users\"], "
                                         "\"rollbackStrategy\": \"drop\"\n"
                                         "-- }\n\n-- UP\n\nCREATE TABLE users (id int);\n\n-- DOWN\nDROP TABLE "
                                         "users;\n");
    put("a/20240101_002_more.sql", "-- @metadata {\"dependencies\": [\"20240101_001\"], \"transaction\": false}\n-- "
                                   "UP\r\nSELECT 1;\r\n");
    put("a/V3_last.sql", "-- @metadata {}\n-- UP\nSELECT 1;\n-- DOWN\n-- TODO: write it\n");
    one("");
    cr_expect_str_eq(service(0)->layout, "metadata");
    cr_expect_str_eq(ids(0), "3 20240101_001+ 20240101_002", "%s", ids(0));
    cr_expect_eq(catalog->error_count, 0u);
    const struct migration *first = migration(0, "20240101_001"), *second = migration(0, "20240101_002");
    cr_expect_str_eq(first->name, "add users");
    cr_expect_str_eq(first->author, "ann");
    cr_expect_str_eq(first->risk, "high");
    cr_expect(first->breaking && first->has_policy && first->on_failure == ON_FAILURE_HALT && !first->no_transaction);
    cr_expect(first->estimated_ms == 1000 && !first->requires_downtime && second->estimated_ms == 0);
    cr_expect_str_eq(
        first->details,
        "{\"dataVolume\":\"small\",\"tags\":[\"x\"],\"affectedTables\":[\"users\"],\"rollbackStrategy\":\"drop\"}");
    cr_expect_null(second->details);
    cr_expect_str_eq(catalog_blob(catalog, first->up)->text, "CREATE TABLE users (id int);\n");
    cr_expect_str_eq(catalog_blob(catalog, first->down)->text, "DROP TABLE users;\n");
    cr_expect_eq(first->up_size, 29);
    cr_expect_str_eq(second->name, "more");
    cr_expect(second->no_transaction);
    cr_assert_eq(second->depends_count, 1u);
    cr_expect_str_eq(second->depends[0].service, "a");
    cr_expect_str_eq(second->depends[0].version, "20240101_001");
    cr_expect_str_eq(second->depends[0].where, "a/20240101_002_more.sql:1");
    found("no-undo", false, "a/20240101_002_more.sql", "no section -- DOWN");
    cr_expect_eq(found("no-undo", false, "a/V3_last.sql", "holds no SQL")->line, 4);
}

Test(metadata, mistakes)
{
    put("a/1_a.sql", "-- @metadata {\"risk\": \"huge\", \"breakingChange\": \"yes\", \"dependecies\": []}\n-- "
                     "UP\nSELECT 1;\n");
    put("a/2_b.sql", "-- @metadata {\n--  \"author\": \n-- }\n-- UP\nSELECT 1;\n");
    put("a/3_c.sql", "-- @metadata []\nSELECT 1;\n-- UP\nSELECT 1;\n");
    put("a/4_d.sql", "-- @metadata {}\nSELECT 1;\n");
    put("a/5_e.sql", "-- @metadata {}\n-- DOWN\nSELECT 1;\n-- UP\nSELECT 2;\n");
    put("a/6_f.sql", "-- @metadata {}\n-- UP\nSELECT 1;\n-- UP\nSELECT 2;\n");
    put("a/name.sql", "-- @metadata {}\n-- UP\nSELECT 1;\n");
    put("a/7_g.sql", "-- @metadata {\"team\": \"x\", \"a\": 1, \"a\": 2}\n-- UP\nSELECT 1;\n");
    put("a/8_h.sql", "-- @metadata {\"ticket\": \"X-1\"}\n-- UP\n-- nothing\n");
    one("");
    found("metadata", true, "a/1_a.sql", "risk has to be \"low\"");
    found("metadata", true, "a/1_a.sql", "breakingChange has to be true or false");
    found("metadata", true, "a/1_a.sql", "did you mean 'dependencies'?");
    cr_expect_eq(found("metadata", true, "a/2_b.sql", "@metadata:")->line, 3);
    found("metadata", true, "a/3_c.sql", "not a JSON object");
    found("metadata", true, "a/3_c.sql", "SQL in front of '-- UP'");
    found("metadata", true, "a/4_d.sql", "no line '-- UP'");
    found("metadata", true, "a/5_e.sql", "'-- DOWN' stands in front");
    cr_expect_eq(found("metadata", true, "a/6_f.sql", "a second line '-- UP'")->line, 4);
    found("bad-name", true, "a/name.sql", "begins with no version");
    found("metadata", true, "a/7_g.sql", "duplicate");
    found("metadata", false, "a/8_h.sql", "unknown field 'ticket'");
    found("empty", false, "a/8_h.sql", "-- UP holds no SQL");
}

/* As `migrate:create` of the seed writes it, nothing filled in. */
Test(metadata, the_template_of_the_seed)
{
    put("a/20240115_add_user_preferences_table.sql",
        "-- @metadata {\n--   \"author\": \"your-username\",\n--   \"description\": \"add user preferences table\",\n"
        "--   \"breakingChange\": false,\n--   \"estimatedDuration\": 1000,\n--   \"dataVolume\": \"small\",\n"
        "--   \"risk\": \"low\",\n--   \"tags\": [\"feature\"]\n-- }\n\n-- UP\n-- TODO: Add your migration SQL here\n\n"
        "-- DOWN\n-- TODO: Add your rollback SQL here\n");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    const struct migration *m = migration(0, "20240115");
    cr_expect_str_eq(m->author, "your-username");
    cr_expect_str_eq(m->name, "add user preferences table");
    cr_expect_str_eq(m->risk, "low");
    cr_expect(!m->breaking && !m->down);
    found("empty", false, "a/20240115_add_user_preferences_table.sql", "-- UP holds no SQL");
    found("no-undo", false, "a/20240115_add_user_preferences_table.sql", "-- DOWN holds no SQL");
}

Test(metadata, sections_alone)
{
    put("a/1.0.0_preferences.sql", "-- UP\nCREATE TABLE p (id int);\n\n-- DOWN\nDROP TABLE p;\n");
    put("a/V1.10.0__later.SQL", "-- UP\nselect 1;\n-- DOWN\nselect 2;\n");
    put("a/V1.9.0-index.sql", "--UP\nCREATE INDEX CONCURRENTLY i ON p(id);\n--  DOWN  \r\nDROP INDEX CONCURRENTLY "
                              "i;\n");
    one("");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(service(0)->layout, "metadata");
    cr_expect_str_eq(ids(0), "1.0.0+ 1.9.0+ 1.10.0+", "%s", ids(0));
    cr_expect(migration(0, "1.9.0")->no_transaction);
}

/* One field after another with what it may not be. */
Test(metadata, every_field_is_checked)
{
    static const struct {
        const char *field, *good, *bad;
    } fields[] = {
        {"author", "\"a\"", "1"},
        {"description", "\"d\"", "[\"d\"]"},
        {"breakingChange", "true", "\"true\""},
        {"breakingChange", "false", "0"},
        {"estimatedDuration", "0", "-1"},
        {"estimatedDuration", "1500.5", "\"1s\""},
        {"estimatedDuration", "999999999999", "1e12"},
        {"dataVolume", "\"large\"", "\"huge\""},
        {"risk", "\"medium\"", "\"Medium\""},
        {"tags", "[]", "\"feature\""},
        {"tags", "[\"a\", \"b\"]", "[\"a\", 2]"},
        {"tags", "[\"a\"]", "[\"\"]"},
        {"dependencies", "[\"none\"]", "{\"a\": 1}"},
        {"requiresDowntime", "true", "null"},
        {"affectedTables", "[\"users\"]", "[null]"},
        {"rollbackStrategy", "\"restore\"", "true"},
        {"category", "\"schema\"", "[\"schema\"]"},
        {"transaction", "false", "\"no\""},
        {"onFailure", "\"halt\"", "\"stop\""},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        auto_free char *good =
            xasprintf("\n-- @metadata {\"%s\": %s}\n-- UP\nselect 1;\n", fields[i].field, fields[i].good);
        auto_free char *bad =
            xasprintf("\n-- @metadata {\"%s\": %s}\n-- UP\nselect 1;\n", fields[i].field, fields[i].bad);
        auto_free char *text = xasprintf("@metadata: %s has to be ", fields[i].field);
        put("a/1_x.sql", good);
        one("");
        cr_expect_eq(catalog->error_count, 0u, "%s", good);
        put("a/1_x.sql", bad);
        load();
        cr_expect_eq(found("metadata", true, "a/1_x.sql", text)->line, 2);
        cr_expect_eq(catalog->error_count, 1u, "%s", bad);
    }
}

Test(metadata, what_nobody_would_read)
{
    put("a/1_a.sql", "-- @metadata {\"risk\": \"low\"}\n-- @metadata {\"risk\": \"high\"}\n-- UP\nselect 1;\n");
    put("a/2_b.sql", "-- UP\nselect 1;\n-- @metadata {}\n-- DOWN\nselect 2;\n");
    put("a/3_c.sql", "-- UP\n-- @metadata {\"author\": \"ann\"}\nselect 1;\n-- DOWN\nselect 2;\n");
    put("a/4_d.sql", "-- @metadata {\"author\": \"a\\u0000b\"}\n-- UP\nselect 1;\n");
    put("a/5_e.sql", "-- @metadata\n-- UP\nselect 1;\n");
    put("a/6_f.sql", "-- @metadata {\"author\": \"ann\"\n-- UP\nselect 1;\n");
    one("");
    cr_expect_eq(found("metadata", true, "a/1_a.sql", "a second -- @metadata")->line, 2);
    cr_expect_eq(found("metadata", true, "a/2_b.sql", "stands behind SQL")->line, 3);
    cr_expect_str_eq(migration(0, "3")->author, "ann");
    found("metadata", true, "a/4_d.sql", "@metadata:");
    found("metadata", true, "a/5_e.sql", "@metadata:");
    found("metadata", true, "a/6_f.sql", "@metadata:");
}

Test(metadata, categories)
{
    put("a/data/1_a.sql", "-- @metadata {\"category\": \"Security\"}\n-- UP\nselect 1;\n");
    put("a/data/2_b.sql", "-- @metadata {}\n-- UP\nselect 1;\n");
    put("a/data/3_c.sql", "-- @metadata {\"category\": \"shema\"}\n-- UP\nselect 1;\n");
    put("a/data/4_d.sql", "-- @metadata {\"category\": \"reports\"}\n-- UP\nselect 1;\n");
    put("a/data/5_e.sql", "-- @metadata {\"category\": \"Billing\"}\n-- UP\nselect 1;\n");
    put("a/data/6_f.sql", "-- @metadata {\"category\": \"\"}\n-- UP\nselect 1;\n");
    one("    categories: {billing: {on_failure: halt}, security: {lock_timeout: 1s}}\n");
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(migration(0, "1")->category, "security");
    cr_expect_eq(migration(0, "1")->lock_timeout_ms, 1000);
    cr_expect_str_eq(migration(0, "2")->category, "data");
    cr_expect_str_eq(found("metadata", false, "a/data/3_c.sql", "the category 'shema' is unknown")->hint,
                     "did you mean 'schema'?");
    found("metadata", false, "a/data/4_d.sql", "the category 'reports' is unknown");
    cr_expect_str_eq(migration(0, "5")->category, "billing");
    cr_expect(migration(0, "5")->has_policy && migration(0, "5")->on_failure == ON_FAILURE_HALT);
    cr_expect_str_eq(migration(0, "6")->category, "data");
}
