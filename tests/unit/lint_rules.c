/* Each rule: what it finds and where, what is near but not it, and a comment with a reason that takes it away. */
#include "unit/lint_fixture.h"

static const struct row {
    enum lint_rule rule;
    const char *ups[4];
    const char *down;
    const char *file; /* where the one finding is; NULL: there is none */
    int line, column;
} rows[] = {
    /* credential */
    {LINT_CREDENTIAL, {"SELECT 1;\nCREATE ROLE app LOGIN PASSWORD 'hunter2';\n"}, NULL, "m/V1.sql", 2, 23},
    {LINT_CREDENTIAL, {"ALTER USER app WITH PASSWORD 'hunter2';\n"}, NULL, "m/V1.sql", 1, 21},
    {LINT_CREDENTIAL, {"ALTER ROLE app PASSWORD NULL;\n"}, NULL, NULL, 0, 0},
    {LINT_CREDENTIAL, {"ALTER ROLE app PASSWORD '${app_password}';\n"}, NULL, NULL, 0, 0},
    {LINT_CREDENTIAL, {"CREATE TABLE password (password text DEFAULT 'x');\n"}, NULL, NULL, 0, 0},
    {LINT_CREDENTIAL, {"DO $$\nBEGIN\n  CREATE ROLE app LOGIN PASSWORD 'hunter2';\nEND $$;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_CREDENTIAL, {"DO $$ BEGIN EXECUTE format('CREATE ROLE app PASSWORD %L', x); END $$;\n"}, NULL, NULL, 0, 0},
    {LINT_CREDENTIAL,
     {"CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'a', password 'b');\n"},
     NULL,
     "m/V1.sql",
     1,
     55},
    {LINT_CREDENTIAL,
     {"CREATE SUBSCRIPTION s CONNECTION 'host=x password=y' PUBLICATION p;\n"},
     NULL,
     "m/V1.sql",
     1,
     51},
    {LINT_CREDENTIAL, {"SELECT dblink('host=db user=a password=hunter2', 'SELECT 1');\n"}, NULL, "m/V1.sql", 1, 40},
    {LINT_CREDENTIAL, {"SELECT 1;\n-- postgresql://app:hunter2@db/shop\n"}, NULL, "m/V1.sql", 2, 21},
    {LINT_CREDENTIAL,
     {"-- postgresql://user:pass@host/db, postgresql://app:${PW}@db/shop, https://x.y/a:b\nSELECT 1;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_CREDENTIAL, {"INSERT INTO k VALUES ('AKIAQRSTUVWXYZ234567');\n"}, NULL, "m/V1.sql", 1, 24},
    {LINT_CREDENTIAL,
     {"INSERT INTO k VALUES ('AKIAIOSFODNN7EXAMPLE'), ('XAKIAQRSTUVWXYZ2345678');\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_CREDENTIAL,
     {"INSERT INTO k VALUES ('-----BEGIN RSA PRIVATE "
      "KEY-----\nMIIEpAIBAAKCAQEAx1FyOZcFh0hpXv0YGp9Mh3pDkf5eC7wT0123\n');\n"},
     NULL,
     "m/V1.sql",
     2,
     1},
    {LINT_CREDENTIAL, {"ALTER TABLE k ADD CHECK (pem LIKE '-----BEGIN PRIVATE KEY-----%');\n"}, NULL, NULL, 0, 0},
    {LINT_CREDENTIAL, {"SELECT 1;\n"}, "ALTER ROLE app PASSWORD 'hunter2';\n", "m/U1.sql", 1, 16},
    /* destructive-without-undo */
    {LINT_DESTRUCTIVE, {"CREATE TABLE a (b int);", "SELECT 1;\n  DROP TABLE a;\n"}, NULL, "m/V2.sql", 2, 3},
    {LINT_DESTRUCTIVE, {"CREATE TABLE a (b int);", "DROP TABLE a;\n"}, "CREATE TABLE a (b int);\n", NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"CREATE TABLE a (b int);\nDROP TABLE a;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"DROP TABLE IF EXISTS never_made;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"DROP TABLE elsewhere;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_DESTRUCTIVE, {"ALTER TABLE a DROP COLUMN b, DROP COLUMN c;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_DESTRUCTIVE, {"DROP INDEX i; DROP VIEW v; ALTER TABLE a DROP CONSTRAINT c;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"TRUNCATE a;\n"}, NULL, "m/V1.sql", 1, 10},
    {LINT_DESTRUCTIVE, {"DELETE FROM a;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_DESTRUCTIVE, {"DELETE FROM a WHERE b; DELETE FROM a USING c WHERE a.x = c.x;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"CREATE TEMP TABLE t (x int); DELETE FROM t;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE, {"CREATE TABLE a (b numeric);", "ALTER TABLE a ALTER b TYPE int;\n"}, NULL, "m/V2.sql", 1, 21},
    {LINT_DESTRUCTIVE, {"CREATE TABLE a (b int);", "ALTER TABLE a ALTER b TYPE bigint;\n"}, NULL, NULL, 0, 0},
    {LINT_DESTRUCTIVE,
     {"CREATE TABLE a (b text);", "ALTER TABLE a ALTER b TYPE varchar(5) USING b::varchar(5);\n"},
     NULL,
     "m/V2.sql",
     1,
     21},
    /* table-copy */
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);",
      "CREATE TABLE u_new (LIKE u INCLUDING ALL);\nINSERT INTO u_new SELECT * FROM u;\nALTER TABLE u RENAME TO u_old;\n"
      "ALTER TABLE u_new RENAME TO u;\n"},
     "SELECT 1;",
     "m/V2.sql",
     4,
     1},
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);", "CREATE TABLE n AS SELECT * FROM u;\n",
      "BEGIN;\nDROP TABLE u;\nALTER TABLE n RENAME TO u;\nCOMMIT;\n"},
     "SELECT 1;",
     "m/V3.sql",
     3,
     1},
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);", "LOCK TABLE u IN SHARE MODE; CREATE TABLE n (LIKE u); INSERT INTO n SELECT * FROM "
                                  "u;DROP TABLE u; ALTER TABLE n RENAME TO u;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);",
      "CREATE TABLE n (LIKE u);\nCREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();\n"
      "INSERT INTO n SELECT * FROM u;\n",
      "DROP TABLE u; ALTER TABLE n RENAME TO u;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int); CREATE TABLE n (LIKE u);",
      "CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();\n",
      "INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;\n"},
     NULL,
     NULL,
     0,
     0},
    /* too late: what was written between the copy and the trigger is lost */
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);",
      "CREATE TABLE n (LIKE u);\nINSERT INTO n SELECT * FROM u;\n"
      "CREATE TRIGGER t AFTER INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();\n",
      "DROP TABLE u;\nALTER TABLE n RENAME TO u;\n"},
     "SELECT 1;",
     "m/V3.sql",
     2,
     1},
    /* renamed first: the lock is held from there on */
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);",
      "ALTER TABLE u RENAME TO o; CREATE TABLE u (id bigint); INSERT INTO u SELECT * FROM o; DROP TABLE o;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_COPY,
     {"CREATE TABLE u (id int);", "CREATE TABLE n AS SELECT * FROM u; ALTER TABLE n RENAME TO archive;\n"},
     NULL,
     NULL,
     0,
     0},
    /* concurrently-mixed */
    {LINT_CONCURRENTLY_MIXED, {"UPDATE a SET b = 1;\nCREATE INDEX CONCURRENTLY i ON a (b);\n"}, NULL, "m/V1.sql", 2, 1},
    {LINT_CONCURRENTLY_MIXED, {"BEGIN;\nCREATE INDEX CONCURRENTLY i ON a (b);\nCOMMIT;\n"}, NULL, "m/V1.sql", 2, 1},
    {LINT_CONCURRENTLY_MIXED, {"SELECT 1;"}, "VACUUM a;\nDELETE FROM a WHERE b;\n", "m/U1.sql", 1, 1},
    {LINT_CONCURRENTLY_MIXED,
     {"SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY i ON a (b);\nDROP INDEX CONCURRENTLY j;\nANALYZE a;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_CONCURRENTLY_MIXED, {"UPDATE a SET b = 1;\nCREATE INDEX i ON a (b);\n"}, NULL, NULL, 0, 0},
    /* foreign-key-index */
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (id int PRIMARY KEY,\n  o int REFERENCES orders (id));\n"},
     NULL,
     "m/V1.sql",
     2,
     9},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES orders (id));\nCREATE INDEX i ON a USING brin (o);"},
     NULL,
     "m/V1.sql",
     1,
     23},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES orders (id));", "CREATE INDEX ON a (o, x);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX, {"CREATE TABLE a (o int UNIQUE REFERENCES orders (id));\n"}, NULL, NULL, 0, 0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES orders (id), PRIMARY KEY (o, x));\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES orders (id), PRIMARY KEY (x, o));\n"},
     NULL,
     "m/V1.sql",
     1,
     23},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id)); CREATE INDEX ON a (o) WHERE o IS NOT NULL;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id)); CREATE INDEX ON a (o) WHERE deleted IS NULL;\n"},
     NULL,
     "m/V1.sql",
     1,
     23},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id)); CREATE INDEX ON a (abs(o));\n"},
     NULL,
     "m/V1.sql",
     1,
     23},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id));", "ALTER TABLE a DROP COLUMN o;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id));", "ALTER TABLE a DROP CONSTRAINT a_o_fkey;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX, {"CREATE TABLE a (o int REFERENCES b (id));", "DROP TABLE a;\n"}, NULL, NULL, 0, 0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE b (id int); CREATE TABLE a (o int REFERENCES b (id));", "DROP TABLE b CASCADE;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id));",
      "ALTER TABLE a RENAME TO c; ALTER TABLE c RENAME COLUMN o TO p; CREATE INDEX ON public.c (p);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id)); CREATE INDEX i ON a (o);",
      "ALTER INDEX i RENAME TO j; DROP INDEX j;\n"},
     NULL,
     "m/V1.sql",
     1,
     23},
    {LINT_FOREIGN_KEY_INDEX,
     {"ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (x, y) REFERENCES b (x, y);\n"},
     NULL,
     "m/V1.sql",
     1,
     19},
    /* made by what cannot be seen */
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id));", "DO $$ BEGIN CREATE INDEX ON a (o); END $$;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int REFERENCES b (id));", "CREATE INDEX ON a (o) something newer;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE p (o int REFERENCES b (id)) PARTITION BY LIST (o);", "CREATE INDEX ON p (o);",
      "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); ALTER TABLE p1 ADD FOREIGN KEY (o) REFERENCES b (id);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int); CREATE INDEX ON a (o); CREATE TABLE n (LIKE a INCLUDING ALL);ALTER TABLE n ADD FOREIGN "
      "KEY (o) REFERENCES b (id);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_INDEX,
     {"CREATE TABLE a (o int);", "CREATE TABLE IF NOT EXISTS a (o int REFERENCES b (id));\n"},
     NULL,
     NULL,
     0,
     0},
    /* not-null-without-default */
    {LINT_NOT_NULL_COLUMN, {"ALTER TABLE a\n  ADD COLUMN b int NOT NULL;\n"}, NULL, "m/V1.sql", 2, 14},
    {LINT_NOT_NULL_COLUMN, {"ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 1, ADD c int;\n"}, NULL, NULL, 0, 0},
    {LINT_NOT_NULL_COLUMN,
     {"ALTER TABLE a ADD COLUMN b serial NOT NULL, ADD c int GENERATED ALWAYS AS IDENTITY;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_NOT_NULL_COLUMN, {"CREATE TABLE a (x int); ALTER TABLE a ADD COLUMN b int NOT NULL;\n"}, NULL, NULL, 0, 0},
    {LINT_NOT_NULL_COLUMN,
     {"CREATE TABLE a (x int);", "DELETE FROM a; ALTER TABLE a ADD COLUMN b int NOT NULL;\n"},
     NULL,
     NULL,
     0,
     0},
    /* table-rewrite */
    {LINT_TABLE_REWRITE, {"ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid();\n"}, NULL, "m/V1.sql", 1, 26},
    {LINT_TABLE_REWRITE,
     {"ALTER TABLE a ADD COLUMN b timestamptz NOT NULL DEFAULT now(), ADD c uuid;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_REWRITE, {"ALTER TABLE a ADD COLUMN b bigserial;\n"}, NULL, "m/V1.sql", 1, 26},
    {LINT_TABLE_REWRITE,
     {"CREATE TABLE a (b int, c int);", "ALTER TABLE a ALTER b TYPE bigint, ALTER c TYPE bigint;\n"},
     NULL,
     "m/V2.sql",
     1,
     21},
    {LINT_TABLE_REWRITE, {"CREATE TABLE a (b bigserial);", "ALTER TABLE a ALTER b TYPE bigint;\n"}, NULL, NULL, 0, 0},
    {LINT_TABLE_REWRITE,
     {"CREATE TABLE a (b varchar(10));", "ALTER TABLE a ALTER b TYPE varchar(20); ALTER TABLE a ALTER b TYPE text;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_REWRITE,
     {"CREATE TABLE a (b varchar(10));", "ALTER TABLE a ALTER b TYPE varchar(9);\n"},
     NULL,
     "m/V2.sql",
     1,
     21},
    {LINT_TABLE_REWRITE,
     {"CREATE TABLE a (b numeric(8,2));", "ALTER TABLE a ALTER b TYPE numeric(10,2);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_REWRITE, {"ALTER TABLE unknown ALTER b TYPE bigint;\n"}, NULL, NULL, 0, 0},
    {LINT_TABLE_REWRITE, {"CREATE TABLE a (b int); ALTER TABLE a ALTER b TYPE bigint;\n"}, NULL, NULL, 0, 0},
    /* validate-at-once */
    {LINT_VALIDATE_AT_ONCE,
     {"ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0) NOT VALID;\nALTER TABLE a VALIDATE CONSTRAINT c;\n"},
     NULL,
     "m/V1.sql",
     2,
     1},
    {LINT_VALIDATE_AT_ONCE,
     {"ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0) NOT VALID;", "ALTER TABLE a VALIDATE CONSTRAINT c;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_VALIDATE_AT_ONCE,
     {"ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0) NOT VALID;\nALTER TABLE b VALIDATE CONSTRAINT c;\n"},
     NULL,
     NULL,
     0,
     0},
    /* timeout-off */
    {LINT_TIMEOUT_OFF, {"SET lock_timeout = 0;\nALTER TABLE a ADD COLUMN b int;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_TIMEOUT_OFF, {"SET LOCAL statement_timeout TO '0';\nUPDATE a SET b = 1;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_TIMEOUT_OFF, {"SET lock_timeout = 0;\nCREATE TABLE a (b int); CREATE INDEX ON a (b);\n"}, NULL, NULL, 0, 0},
    {LINT_TIMEOUT_OFF,
     {"SET lock_timeout = '2s';\nSET work_mem = 0;\nALTER TABLE a ADD COLUMN b int;\n"},
     NULL,
     NULL,
     0,
     0},
    /* history-edited */
    {LINT_HISTORY_EDITED,
     {"UPDATE _migration_history\nSET checksum = 'x' WHERE migration_id = '1';\n"},
     NULL,
     "m/V1.sql",
     1,
     1},
    {LINT_HISTORY_EDITED, {"DELETE FROM flyway_schema_history WHERE NOT success;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_HISTORY_EDITED, {"INSERT INTO schema_migrations VALUES (1);\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_HISTORY_EDITED, {"DELETE FROM greylag.lock;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_HISTORY_EDITED,
     {"CREATE TABLE _migration_history (id int); INSERT INTO history VALUES (1); SELECT * FROM schema_migrations;\n"},
     NULL,
     NULL,
     0,
     0},
    /* line-endings */
    {LINT_LINE_ENDINGS, {"SELECT 1;\nSELECT 2;\r\n"}, NULL, "m/V1.sql", 2, 10},
    {LINT_LINE_ENDINGS, {"SELECT 1;\nSELECT '\r';\n"}, NULL, NULL, 0, 0},
    /* those that are off unless asked for */
    {LINT_BACKFILL, {"ALTER TABLE a ADD COLUMN b int;\nUPDATE a SET b = 1;\n"}, NULL, "m/V1.sql", 2, 1},
    {LINT_BACKFILL, {"ALTER TABLE a ADD COLUMN b int;", "UPDATE a SET b = 1;\n"}, NULL, NULL, 0, 0},
    {LINT_BACKFILL, {"ALTER TABLE a ADD COLUMN b int;\nUPDATE c SET b = 1;\n"}, NULL, NULL, 0, 0},
    {LINT_INDEX_BLOCKS, {"CREATE INDEX i ON a (b);\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_INDEX_BLOCKS, {"CREATE INDEX CONCURRENTLY i ON a (b);\n"}, NULL, NULL, 0, 0},
    {LINT_INDEX_BLOCKS, {"CREATE TABLE a (b int); CREATE INDEX i ON a (b);\n"}, NULL, NULL, 0, 0},
    {LINT_CONSTRAINT_SCAN, {"ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0);\n"}, NULL, "m/V1.sql", 1, 19},
    {LINT_CONSTRAINT_SCAN, {"ALTER TABLE a ALTER b SET NOT NULL;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_CONSTRAINT_SCAN, {"ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0) NOT VALID;\n"}, NULL, NULL, 0, 0},
    {LINT_CONSTRAINT_SCAN,
     {"CREATE TABLE a (b int); ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_TABLE_NAME, {"CREATE TABLE \"UserAccounts\" (id int);\n"}, NULL, "m/V1.sql", 1, 14},
    {LINT_TABLE_NAME, {"ALTER TABLE a RENAME TO a__b;\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_TABLE_NAME,
     {"CREATE TABLE UserAccounts (id int); CREATE TABLE user_accounts2 (id int); CREATE TABLE _migration_locks (id "
      "int);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_INDEX_NAME, {"CREATE INDEX users_email ON users (email);\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_INDEX_NAME, {"CREATE INDEX idx_users_email ON users (email, name);\n"}, NULL, "m/V1.sql", 1, 1},
    {LINT_INDEX_NAME,
     {"CREATE INDEX idx_users_email_name ON users (email, name); CREATE INDEX ON users (a);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_INDEX_NAME,
     {"CREATE UNIQUE INDEX idx_users_lower ON users (lower(email)); CREATE INDEX idx_users_live ON users (id) WHERE "
      "x;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_INDEX_NAME,
     {"CREATE INDEX idx_a_table_with_quite_a_long_name_first_column_second_column_too ON "
      "a_table_with_quite_a_long_name (first_column, second_column_too);\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FOREIGN_KEY_NAME,
     {"ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);\n"},
     NULL,
     "m/V1.sql",
     1,
     24},
    {LINT_FOREIGN_KEY_NAME,
     {"CREATE TABLE orders (a int REFERENCES b (c), user_id int, CONSTRAINT fk_orders_user_id FOREIGN KEY (user_id) "
      "REFERENCES users (id));\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_MISSING_HEADER,
     {"-- Migration: x\n-- Service: s\n-- Date: today\nSELECT 1;\n-- Author: a\n"},
     NULL,
     "m/V1.sql",
     0,
     0},
    {LINT_MISSING_HEADER,
     {"-- Migration: x\n\n-- service: s\n--author: a\n-- Date: today\nSELECT 1;\n"},
     NULL,
     NULL,
     0,
     0},
    {LINT_FINAL_NEWLINE, {"SELECT 1;\nSELECT 2"}, NULL, "m/V1.sql", 2, 9},
    {LINT_FINAL_NEWLINE, {"SELECT 1;\n"}, NULL, NULL, 0, 0},
};

static void setup(void)
{
    lint_policy_default(&policy);
}

static void teardown(void)
{
    arena_release(&arena);
}

TestSuite(lint, .init = setup, .fini = teardown, .timeout = 60);

static void ask_for(enum lint_rule rule)
{
    all_rules(LINT_OFF);
    policy.severity[rule] = LINT_ERROR;
    policy.severity[LINT_IGNORE_REASON] = LINT_ERROR;
    policy.severity[LINT_IGNORE_UNUSED] = LINT_WARNING;
}

Test(lint, every_rule_finds_what_it_is_for)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        ask_for(rows[i].rule);
        lint_texts(rows[i].ups, rows[i].down);
        const char *id = lint_rules[rows[i].rule].id, *text = rows[i].ups[0];
        cr_expect_eq(found_count, rows[i].file ? 1u : 0u, "row %zu, %s: %s\n%s", i, id, text, all_found());
        if (!rows[i].file || found_count != 1)
            continue;
        cr_expect_str_eq(found[0].file, rows[i].file, "row %zu, %s: %s", i, id, text);
        cr_expect(found[0].line == rows[i].line && found[0].column == rows[i].column, "row %zu, %s: at %d:%d: %s", i,
                  id, found[0].line, found[0].column, text);
        cr_expect(found[0].severity == LINT_ERROR && *found[0].text);
        cr_expect_null(strstr(found[0].text, "hunter2"), "a secret is shown: %s", found[0].text);
    }
}

Test(lint, every_rule_has_a_row)
{
    for (size_t rule = 0; rule < LINT_RULE_COUNT; rule++) {
        bool seen = rule == LINT_BREAKING || rule == LINT_FILE_NAME || rule == LINT_OWN_HISTORY ||
                    rule == LINT_SETTING_ENDS || !lint_rule_is_free((enum lint_rule)rule);
        for (size_t i = 0; i < COUNT_OF(rows); i++)
            seen |= rows[i].rule == rule && rows[i].file;
        cr_expect(seen, "%s has no test", lint_rules[rule].id);
    }
}

/* `text` with a line in front of line `number`. */
static const char *with_line(const char *text, int number, const char *line)
{
    const char *at = text;
    for (int i = 1; i < number && strchr(at, '\n'); i++)
        at = strchr(at, '\n') + 1;
    return arena_printf(&arena, "%.*s%s\n%s", (int)(at - text), text, line, at);
}

static void lint_row_with(const struct row *row, const char *comment)
{
    const char *ups[4] = {NULL}, *down = row->down;
    for (size_t k = 0; row->ups[k]; k++) {
        bool here = strcmp(row->file, arena_printf(&arena, "m/V%zu.sql", k + 1)) == 0;
        ups[k] = here ? with_line(row->ups[k], row->line, comment) : row->ups[k];
    }
    if (strncmp(row->file, "m/U", 3) == 0)
        down = with_line(down, row->line, comment);
    lint_texts(ups, down);
}

Test(lint, a_comment_with_a_reason_takes_it_away)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        if (!row->file || strstr(row->ups[0], "BEGIN RSA")) /* the comment would stand in the string */
            continue;
        const char *id = lint_rules[row->rule].id;
        ask_for(row->rule);
        lint_row_with(row, arena_printf(&arena, "  -- greylag:ignore other-rule, %s: four rows for ever", id));
        cr_expect_eq(count_of(row->rule), 0u, "row %zu, %s\n%s", i, id, all_found());
        cr_expect_eq(count_of(LINT_IGNORE_REASON), 1u, "row %zu: %s", i, all_found()); /* other-rule */
        lint_row_with(row, arena_printf(&arena, "-- greylag:ignore %s", id));
        cr_expect_eq(count_of(row->rule), 1u, "row %zu, %s\n%s", i, id, all_found());
        cr_expect_eq(count_of(LINT_IGNORE_REASON), 1u, "row %zu: %s", i, all_found());
    }
}

Test(lint, a_comment_holds_for_its_statement_alone)
{
    static const char *const ups[] = {"-- greylag:ignore destructive-without-undo: nobody uses it\nDROP TABLE a;\n"
                                      "-- greylag:ignore timeout-off: it does not set one\nSELECT 1;\n",
                                      "SELECT 1;\nDROP TABLE b; -- greylag:ignore destructive-without-undo: nor "
                                      "this\nSELECT 2;\n",
                                      "-- greylag:ignore destructive-without-undo: nor that\nSELECT 1;\n\nDROP TABLE "
                                      "c;\n",
                                      "DROP TABLE d;\n-- greylag:ignore destructive-without-undo: below "
                                      "it\nSELECT 1;\n",
                                      "SELECT 1; -- greylag:ignore destructive-without-undo: of another\nDROP TABLE "
                                      "e;\n", NULL};
    lint_texts(ups, NULL);
    cr_expect_eq(found_count, 7u, "%s", all_found());
    cr_expect_not_null(find(LINT_DESTRUCTIVE, "m/V4.sql", 1));
    cr_expect_not_null(find(LINT_DESTRUCTIVE, "m/V5.sql", 2));
    cr_expect_not_null(find(LINT_DESTRUCTIVE, "m/V3.sql", 4));
    cr_expect_not_null(find(LINT_IGNORE_UNUSED, "m/V3.sql", 1));
    const struct lint_finding *unused = find(LINT_IGNORE_UNUSED, "m/V1.sql", 3);
    cr_assert_not_null(unused);
    cr_expect(unused->severity == LINT_WARNING && strstr(unused->text, "timeout-off"));
}

Test(lint, comments_that_name_nothing)
{
    static const char *const ups[] = {"-- greylag:ignore credentials: x\n-- greylag:ignore : x\nSELECT '-- "
                                      "greylag:ignore x';\n"
                                      "-- greylag:ignore ignore-unused: x\n",
                                      NULL};
    all_rules(LINT_ERROR);
    policy.severity[LINT_MISSING_HEADER] = LINT_OFF;
    lint_texts(ups, NULL);
    cr_expect_eq(count_of(LINT_IGNORE_REASON), found_count);
    const struct lint_finding *unknown = find(LINT_IGNORE_REASON, "m/V1.sql", 1);
    cr_assert_not_null(unknown);
    cr_expect(strstr(unknown->text, "did you mean 'credential'?"), "%s", unknown->text);
    cr_expect_not_null(find(LINT_IGNORE_REASON, "m/V1.sql", 2));
    cr_expect_not_null(find(LINT_IGNORE_REASON, "m/V1.sql", 4));
    cr_expect_eq(unknown->column, 4);
}

Test(lint, of_an_applied_migration_only_what_lasts)
{
    const char *up = "-- greylag:ignore table-rewrite: it is small\n"
                     "ALTER TABLE a ADD COLUMN b int NOT NULL, ADD COLUMN c int REFERENCES d (e);\nDROP TABLE x;\n";
    struct lint_migration migration = migration_of(up, NULL, 1);
    migration.applied = true;
    struct lint *lint = lint_begin(&policy, &arena);
    lint_add(lint, &migration);
    lint_end(lint, &found, &found_count);
    cr_expect_eq(found_count, 2u, "%s", all_found());
    cr_expect_not_null(find(LINT_DESTRUCTIVE, "m/V1.sql", 3));
    cr_expect_not_null(find(LINT_FOREIGN_KEY_INDEX, "m/V1.sql", 2));
}

Test(lint, metadata_that_do_not_say_that_it_breaks)
{
    static const struct {
        const char *up;
        bool breaking;
        size_t hits;
    } cases[] = {{"ALTER TABLE a DROP COLUMN b;", false, 1},
                 {"ALTER TABLE a DROP COLUMN b;", true, 0},
                 {"ALTER TABLE a RENAME TO c;", false, 1},
                 {"ALTER TABLE a RENAME x TO y;", false, 1},
                 {"DELETE FROM a;", false, 0},
                 {"CREATE TABLE a (b int); ALTER TABLE a RENAME TO c;", false, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lint_migration migration = migration_of(cases[i].up, "SELECT 1;", 1);
        migration.says_breaking = true;
        migration.breaking = cases[i].breaking;
        struct lint *lint = lint_begin(&policy, &arena);
        lint_add(lint, &migration);
        lint_end(lint, &found, &found_count);
        cr_expect_eq(count_of(LINT_BREAKING), cases[i].hits, "%s: %s", cases[i].up, all_found());
    }
}

Test(lint, names_of_files)
{
    ask_for(LINT_FILE_NAME);
    struct lint_migration odd = migration_of("SELECT 1;", NULL, 1), plain = migration_of("SELECT 1;", NULL, 2);
    odd.up.file = "größe/V1__größe.sql";
    plain.up.file = "größe/V2__size-2.sql";
    struct lint *lint = lint_begin(&policy, &arena);
    lint_add(lint, &odd);
    lint_add(lint, &plain);
    lint_end(lint, &found, &found_count);
    cr_expect_eq(found_count, 1u, "%s", all_found());
    cr_expect_not_null(find(LINT_FILE_NAME, odd.up.file, 0));
}

/* Sections of a file, and texts that a layout has put together or replaced placeholders in. */
Test(lint, places_in_the_file)
{
    static const struct {
        const char *whole, *sql;
        int line, column;
    } cases[] = {{"-- @metadata {}\n-- UP\n\nSELECT 'ä'; TRUNCATE a;\n-- DOWN\n", "SELECT 'ä'; TRUNCATE a;\n", 4, 22},
                 {"\xEF\xBB\xBFTRUNCATE a;\n", "TRUNCATE a;\n", 1, 10},
                 {"-- migrate:up\nSELECT 1;\n-- migrate:down\n\n-- migrate:up\nTRUNCATE a;\n",
                  "SELECT 1;\nTRUNCATE a;\n", 6, 10},
                 {"SELECT '${x}';\nTRUNCATE a;\n", "SELECT 'longer';\nTRUNCATE a;\n", 2, 0},
                 {"SELECT '${x}';\nTRUNCATE ${t};\n\n", "SELECT 'longer';\nTRUNCATE a;\n", 0, 0},
                 {NULL, "SELECT 1;\nTRUNCATE a;", 2, 10}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lint_migration migration = migration_of(cases[i].sql, NULL, 1);
        migration.up.whole = cases[i].whole;
        migration.up.whole_size = cases[i].whole ? strlen(cases[i].whole) : 0;
        struct lint *lint = lint_begin(&policy, &arena);
        lint_add(lint, &migration);
        lint_end(lint, &found, &found_count);
        cr_assert_eq(found_count, 1u, "case %zu: %s", i, all_found());
        cr_expect(found[0].line == cases[i].line && found[0].column == cases[i].column, "case %zu: %s", i, all_found());
    }
}

/* Half of a file: what stands there for the down is no matter of the up. */
Test(lint, a_comment_in_the_other_section)
{
    static const char whole[] = "-- greylag:ignore destructive-without-undo: above -- UP\n-- UP\nTRUNCATE a;\n-- DOWN\n"
                                "-- greylag:ignore concurrently-mixed: both at night\nVACUUM a;\nSELECT 1;\n";
    struct lint_migration migration = migration_of("TRUNCATE a;\n", NULL, 1);
    migration.up.whole = whole;
    migration.up.whole_size = strlen(whole);
    migration.down = migration.up;
    migration.down.sql = strstr(whole, "-- greylag:ignore concurrently");
    migration.down.size = strlen(migration.down.sql);
    struct lint *lint = lint_begin(&policy, &arena);
    lint_add(lint, &migration);
    lint_end(lint, &found, &found_count);
    cr_expect_eq(count_of(LINT_CONCURRENTLY_MIXED), 0u, "%s", all_found());
    cr_expect_eq(found_count, 1u, "%s", all_found()); /* there is an undo: the first comment is of no use */
    cr_expect_not_null(find(LINT_IGNORE_UNUSED, "m/V1.sql", 1));
}

Test(lint, what_cannot_be_read_is_no_crash)
{
    auto_buf struct buf deep = BUF_INIT(BUF_MAX);
    buf_adds(&deep, "SELECT ");
    for (int i = 0; i < 100000; i++)
        buf_addc(&deep, '(');
    const char *ups[] = {"", "\n", "SELEC 1", buf_text(&deep)};
    for (size_t i = 0; i < COUNT_OF(ups); i++) {
        const char *one[] = {ups[i], NULL};
        lint_texts(one, ups[i]);
        cr_expect_eq(found_count, 0u, "%s", all_found());
    }
}

/* What a tool's session keeps, and what the tool itself keeps. */
Test(lint, what_is_there_with_the_tool_alone)
{
    static const struct {
        const char *sql;
        bool lasts;
        const char *own;
        enum lint_rule rule;
        size_t count;
    } cases[] = {
        {"SET search_path TO app;", true, NULL, LINT_SETTING_ENDS, 1},
        {"SET ROLE owner; SET TIME ZONE 'UTC';", true, NULL, LINT_SETTING_ENDS, 2},
        {"SET LOCAL search_path TO app;", true, NULL, LINT_SETTING_ENDS, 0},
        {"SET statement_timeout = 5;", true, NULL, LINT_SETTING_ENDS, 0},
        {"SET search_path TO app;", false, NULL, LINT_SETTING_ENDS, 0},
        {"ALTER TABLE schema_migrations ADD COLUMN data_version int;", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"ALTER TABLE public.schema_migrations ALTER x TYPE text;", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"CREATE TABLE x AS SELECT * FROM schema_migrations;", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"ALTER TABLE schema_migrations ADD COLUMN data_version int;", true, NULL, LINT_OWN_HISTORY, 0},
        {"ALTER TABLE others ADD COLUMN data_version int;", true, "schema_migrations", LINT_OWN_HISTORY, 0},
        {"SELECT pg_catalog.set_config('search_path', '', false);", true, NULL, LINT_SETTING_ENDS, 1},
        {"SELECT set_config('search_path', 'app', true);", true, NULL, LINT_SETTING_ENDS, 0},
        {"SELECT set_config('statement_timeout', '0', false);", true, NULL, LINT_SETTING_ENDS, 0},
        {"SET datestyle = 'German';", true, NULL, LINT_SETTING_ENDS, 1},
        {"CREATE VIEW v AS SELECT * FROM schema_migrations;", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"GRANT SELECT ON schema_migrations TO app;", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"COMMENT ON TABLE public.schema_migrations IS 'x';", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"CREATE TABLE x (LIKE schema_migrations);", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"DELETE FROM t WHERE EXISTS (SELECT FROM schema_migrations);", true, "schema_migrations", LINT_OWN_HISTORY, 1},
        {"DO $$ BEGIN ALTER TABLE schema_migrations ADD x int; END $$;", true, "schema_migrations", LINT_OWN_HISTORY,
         1},
        {"CREATE TABLE schema_migrations (version bigint);", true, "schema_migrations", LINT_OWN_HISTORY, 0},
        {"INSERT INTO t VALUES ('schema_migrations');", true, "schema_migrations", LINT_OWN_HISTORY, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lint_migration migration = migration_of(cases[i].sql, NULL, 1);
        migration.session_lasts = cases[i].lasts;
        migration.own_history = cases[i].own;
        struct lint *lint = lint_begin(&policy, &arena);
        lint_add(lint, &migration);
        lint_end(lint, &found, &found_count);
        cr_expect_eq(count_of(cases[i].rule), cases[i].count, "%s: %s", cases[i].sql, all_found());
    }
}

/* What a file leaves in the session is there for the next one with most tools; Flyway sets path and role anew. */
Test(lint, what_is_carried_from_file_to_file)
{
    static const struct {
        const char *first, *second;
        bool lasts, restores;
        unsigned found; /* in the second */
    } cases[] = {
        {"CREATE TEMP TABLE t AS SELECT 1 AS x;", "INSERT INTO u SELECT * FROM t;", true, false, 1},
        {"CREATE TEMP TABLE t (x int);", "UPDATE t SET x = 1; DELETE FROM t WHERE x = 2;", true, true, 1},
        {"CREATE TEMP TABLE t (x int);", "INSERT INTO t VALUES (1);", false, false, 0},
        {"CREATE TABLE t (x int);", "INSERT INTO t VALUES (1);", true, false, 0},
        {"CREATE TEMP TABLE t (x int); DROP TABLE t;", "INSERT INTO t VALUES (1);", true, false, 0},
        {"CREATE TEMP TABLE t (x int);", "CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1);", true, false, 0},
        {"CREATE TEMP TABLE t (x int);", "DROP TABLE IF EXISTS t;", true, false, 0},
        {"SELECT 1;", "SET search_path TO app; SET ROLE owner;", true, true, 0},
        {"SELECT 1;", "SET timezone TO 'UTC';", true, true, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lint_migration both[] = {migration_of(cases[i].first, NULL, 1), migration_of(cases[i].second, NULL, 2)};
        for (size_t k = 0; k < COUNT_OF(both); k++) {
            both[k].session_lasts = cases[i].lasts;
            both[k].restores_path = cases[i].restores;
        }
        struct lint *lint = lint_begin(&policy, &arena);
        for (size_t k = 0; k < COUNT_OF(both); k++)
            lint_add(lint, &both[k]);
        lint_end(lint, &found, &found_count);
        cr_expect_eq(count_of(LINT_SETTING_ENDS), cases[i].found, "%s %s: %s", cases[i].first, cases[i].second,
                     all_found());
    }
}

/* Sqitch's record is a schema: each of its tables is the tool's, and a table changes elsewhere is the application's. */
Test(lint, a_registry_is_a_schema)
{
    static const struct {
        const char *sql;
        size_t count;
    } cases[] = {{"ALTER TABLE sqitch.tags ADD x int;", 1},
                 {"GRANT SELECT ON sqitch.changes TO app;", 1},
                 {"ALTER TABLE changes ADD x int;", 0},
                 {"ALTER TABLE app.changes ADD x int;", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct lint_migration migration = migration_of(cases[i].sql, NULL, 1);
        migration.own_history = "changes";
        migration.own_registry = "sqitch";
        struct lint *lint = lint_begin(&policy, &arena);
        lint_add(lint, &migration);
        lint_end(lint, &found, &found_count);
        cr_expect_eq(count_of(LINT_OWN_HISTORY), cases[i].count, "%s: %s", cases[i].sql, all_found());
    }
}

Test(lint, the_table_is_whole)
{
    enum lint_rule parsed;
    auto_buf struct buf page = BUF_INIT(BUF_MAX);
    lint_markdown(&page);
    for (size_t i = 0; i < LINT_RULE_COUNT; i++) {
        cr_expect(lint_rule_parse(lint_rules[i].id, &parsed) && parsed == (enum lint_rule)i);
        cr_expect(strlen(lint_rules[i].prose) > 40 && strlen(lint_rules[i].hint) > 5, "%s", lint_rules[i].id);
        cr_expect(policy.severity[i] == lint_rules[i].severity);
        cr_expect_not_null(strstr(buf_text(&page), lint_rules[i].prose));
    }
    cr_expect_not(lint_rule_parse("nothing", &parsed));
    cr_expect_str_eq(lint_severity_text(LINT_OFF), "off");
}

/* A baseline makes all again, a callback comes round with each release: neither is a step of the service's way. */
Test(lint, what_stands_apart)
{
    struct lint_migration first =
        migration_of("CREATE TABLE a (o int REFERENCES b (id)); CREATE INDEX ON a (o);", NULL, 1);
    struct lint_migration baseline = migration_of("CREATE TABLE a (o int REFERENCES b (id)); DROP TABLE c;", NULL, 2);
    struct lint_migration again = migration_of("DELETE FROM a; INSERT INTO a VALUES (1);", NULL, 3);
    struct lint_migration last = migration_of("ALTER TABLE a ADD COLUMN x int NOT NULL;", NULL, 4);
    baseline.apart = true;
    again.needs_no_undo = true;
    struct lint *lint = lint_begin(&policy, &arena);
    lint_add(lint, &first);
    lint_add(lint, &baseline);
    lint_add(lint, &again);
    lint_add(lint, &last);
    lint_end(lint, &found, &found_count);
    cr_expect_eq(found_count, 1u, "%s", all_found());
    cr_expect_not_null(find(LINT_NOT_NULL_COLUMN, "m/V4.sql", 1));
}
