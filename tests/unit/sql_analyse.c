/* What the parser sees in a migration's text. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "sql/sql.h"

static struct arena arena;
static struct sql_text t;

static void analyse(const char *text)
{
    sql_analyse(text, &arena, &t);
}

TestSuite(sql_analyse, .timeout = 60);

Test(sql_analyse, splits_with_lines_and_offsets)
{
    const char *text = "-- a; comment\nCREATE TABLE a (x text DEFAULT ';');\n/* /* nested; */ */\n  SELECT "
                       "$$;$$;\n\nCREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END";
    analyse(text);
    cr_assert(t.parsed && !t.needs_no_transaction && !t.stray_control);
    cr_assert_eq(t.count, 3);
    cr_assert_eq(t.statements[0].line, 2);
    cr_assert_eq(t.statements[1].line, 4);
    cr_assert_eq(t.statements[2].line, 6);
    cr_assert_eq(strncmp(text + t.statements[1].begin, "SELECT $$;$$;", t.statements[1].end - t.statements[1].begin),
                 0);
    cr_assert_eq(text[t.statements[1].end], ';');
    cr_assert_eq(t.statements[2].end, strlen(text));
    arena_release(&arena);
}

/* A text whose lines end as old ones do: what stands behind a comment's line is a statement. */
Test(sql_analyse, a_comment_ends_at_a_lone_carriage_return)
{
    const char *text = "-- makes\rCREATE TABLE a (x int);\r-- and\rCREATE INDEX CONCURRENTLY i ON a (x);\r"
                       "-- stdin\rCOPY a FROM STDIN;\n1\n\\.\n";
    static const char *const words[] = {"CREATE TABLE", "CREATE INDEX", "COPY a"};
    analyse(text);
    cr_assert(t.parsed && t.needs_no_transaction && !t.forbidden);
    cr_assert_eq(t.count, COUNT_OF(words));
    for (size_t i = 0; i < t.count; i++)
        cr_expect_eq(strncmp(text + t.statements[i].begin, words[i], strlen(words[i])), 0, "%s", words[i]);
    cr_assert(t.statements[1].kind == SQL_CREATE_INDEX && t.statements[2].rows);
    cr_assert_eq(sql_first_effect(text, strlen(text)), t.statements[0].begin);
    arena_release(&arena);
}

Test(sql_analyse, classes)
{
    static const struct {
        const char *sql;
        enum sql_class kind;
        bool sets;
    } rows[] = {
        {"CREATE INDEX i ON a (x)", SQL_PLAIN, false},
        {"CREATE UNIQUE INDEX CONCURRENTLY i ON s.a (x)", SQL_CREATE_INDEX, false},
        {"DROP INDEX CONCURRENTLY s.i", SQL_DROP_INDEX, false},
        {"DROP INDEX i", SQL_PLAIN, false},
        {"REINDEX TABLE a", SQL_PLAIN, false},
        {"REINDEX INDEX i", SQL_PLAIN, false},
        {"REINDEX TABLE CONCURRENTLY a", SQL_REINDEX, false},
        {"REINDEX (CONCURRENTLY, VERBOSE) TABLE a", SQL_REINDEX, false},
        {"REINDEX (CONCURRENTLY false) TABLE a", SQL_PLAIN, false},
        {"REINDEX SCHEMA s", SQL_REINDEX, false},
        {"REINDEX DATABASE d", SQL_REINDEX, false},
        {"REINDEX SYSTEM d", SQL_REINDEX, false},
        {"VACUUM a", SQL_ALONE, false},
        {"ANALYZE a", SQL_PLAIN, false},
        {"CLUSTER", SQL_ALONE, false},
        {"CLUSTER a", SQL_PLAIN, false},
        {"ALTER SYSTEM SET work_mem = '1MB'", SQL_ALONE, false},
        {"CREATE DATABASE d", SQL_ONCE, false},
        {"DROP DATABASE d", SQL_ONCE, false},
        {"CREATE TABLESPACE d LOCATION '/x'", SQL_ONCE, false},
        {"DROP TABLESPACE d", SQL_ONCE, false},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", SQL_ONCE, false},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)", SQL_PLAIN, false},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (slot_name = a, create_slot=OFF)", SQL_PLAIN, false},
        {"CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = 1, copy_data = 0)", SQL_ONCE, false},
        {"DROP SUBSCRIPTION s", SQL_ONCE, false},
        {"ALTER SUBSCRIPTION s REFRESH PUBLICATION", SQL_ALONE, false},
        {"ALTER SUBSCRIPTION s ADD PUBLICATION q", SQL_ALONE, false},
        {"ALTER SUBSCRIPTION s ADD PUBLICATION q WITH (refresh = 0)", SQL_PLAIN, false},
        {"ALTER DATABASE d SET TABLESPACE x", SQL_ALONE, false},
        {"ALTER TABLE p DETACH PARTITION q CONCURRENTLY", SQL_DETACH, false},
        {"ALTER TABLE p DETACH PARTITION q", SQL_PLAIN, false},
        {"ALTER TYPE e ADD VALUE 'x'", SQL_PLAIN, false},
        {"SET timezone = 'UTC'", SQL_PLAIN, true},
        {"SET LOCAL timezone = 'UTC'", SQL_PLAIN, false},
        {"SET SESSION AUTHORIZATION x", SQL_PLAIN, true},
        {"SET ROLE x", SQL_PLAIN, true},
        {"RESET timezone", SQL_PLAIN, true},
        {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", SQL_PLAIN, false},
        {"PREPARE x AS SELECT 1", SQL_PLAIN, true},
        {"CREATE SEQUENCE x", SQL_PLAIN, false},
        {"CREATE VIEW x AS SELECT 1", SQL_PLAIN, false},
        {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", SQL_PLAIN, false},
        {"SELECT pg_catalog.set_config('search_path', '', false)", SQL_PLAIN, false},
        {"CREATE TEMP TABLE x (y int)", SQL_PLAIN, false},
        {"SELECT 1 INTO TEMP x", SQL_PLAIN, false},
        {"CREATE TEMP TABLE x AS SELECT 1", SQL_PLAIN, false},
        {"SAVEPOINT x", SQL_SAVEPOINT, false},
        {"DO $$ BEGIN END $$", SQL_OPAQUE, false},
        {"CALL p()", SQL_OPAQUE, false},
        {"COPY a FROM '/tmp/x'", SQL_PLAIN, false},
        {"COPY a FROM STDIN", SQL_FORBIDDEN, false},
        {"COPY a TO PROGRAM 'x'", SQL_FORBIDDEN, false},
        {"DISCARD TEMP", SQL_FORBIDDEN, false},
        {"RESET ALL", SQL_FORBIDDEN, false},
        {"LISTEN x", SQL_FORBIDDEN, false},
        {"SELECT a, (SELECT pg_advisory_unlock(1)) FROM b", SQL_FORBIDDEN, false},
        {"WITH x AS (SELECT pg_advisory_unlock_all()) SELECT * FROM x", SQL_FORBIDDEN, false},
        {"PREPARE TRANSACTION 'x'", SQL_FORBIDDEN, false},
        {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, DEFERRABLE", SQL_FORBIDDEN, false},
        {"SET TRANSACTION NOT DEFERRABLE", SQL_FORBIDDEN, false},
        {"SET LOCAL transaction_deferrable = on", SQL_FORBIDDEN, false},
        {"BEGIN DEFERRABLE", SQL_BEGIN, false},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION DEFERRABLE", SQL_PLAIN, true},
        {"COMMIT AND CHAIN", SQL_FORBIDDEN, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        analyse(rows[i].sql);
        cr_expect(t.parsed && t.count == 1, "%s", rows[i].sql);
        cr_expect_eq(t.statements[0].kind, rows[i].kind, "%s is of class %d", rows[i].sql,
                     (int)t.statements[0].kind);
        cr_expect_eq(t.statements[0].sets, rows[i].sets, "%s: sets", rows[i].sql);
        cr_expect_eq(t.needs_no_transaction, sql_class_no_transaction(rows[i].kind));
        cr_expect_eq(t.forbidden != NULL, rows[i].kind == SQL_FORBIDDEN);
    }
    arena_release(&arena);
}

Test(sql_analyse, names_for_the_repair)
{
    analyse("CREATE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON s.a (x); DROP INDEX CONCURRENTLY s.j; ALTER TABLE p "
            "DETACH PARTITION z.q CONCURRENTLY");
    const struct sql_statement *s = t.statements;
    cr_assert(strcmp(s[0].name, "I x") == 0 && strcmp(s[0].schema, "s") == 0 && strcmp(s[0].table, "a") == 0);
    cr_assert(strcmp(s[1].name, "j") == 0 && strcmp(s[1].name_schema, "s") == 0);
    cr_assert(strcmp(s[2].table, "p") == 0 && !s[2].schema && strcmp(s[2].name, "q") == 0 &&
              strcmp(s[2].name_schema, "z") == 0);
    arena_release(&arena);
}

Test(sql_analyse, who_asks_first_whether_it_exists)
{
    static const struct {
        const char *text;
        bool asks;
    } rows[] = {
        {"CREATE TABLE IF NOT EXISTS a (x int)", true},   {"CREATE TABLE a (x int) /* IF NOT EXISTS */", false},
        {"create schema if not exists s", true},          {"CREATE EXTENSION IF NOT EXISTS citext", true},
        {"CREATE SEQUENCE IF NOT EXISTS s", true},        {"CREATE INDEX IF NOT EXISTS i ON a (x)", true},
        {"CREATE TABLE IF NOT EXISTS a AS SELECT", true}, {"COMMENT ON TABLE a IS 'IF NOT EXISTS'", false},
        {"DROP TABLE IF EXISTS a", false},                {"CREATE TABLE IF NOT EXISTS", false},
        {"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type) THEN CREATE TYPE a AS ENUM (); END IF; END $$", true},
        {"DO LANGUAGE plpgsql 'BEGIN PERFORM 1 FROM a; IF NOT Found THEN END IF; END'", true},
        {"DO $$ BEGIN CREATE TYPE a AS ENUM (); END $$", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(sql_looks_first(rows[i].text, 0, strlen(rows[i].text)), rows[i].asks, "%s", rows[i].text);
    cr_expect(sql_looks_first("SELECT 1; CREATE SCHEMA IF NOT EXISTS s; x", 10, 40));
}

Test(sql_analyse, a_backslash_alone_is_no_sql)
{
    static const char *const texts[] = {"SELECT 1 \\ x", "SELECT 1 \\", "\\ ", "SELECT 1 \\\n;"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        analyse(texts[i]);
        cr_expect_eq(t.flaw, SQL_FLAW_PSQL, "%s", texts[i]);
        arena_release(&arena);
    }
}

Test(sql_analyse, frames)
{
    const char *text = "-- x\nBEGIN;\nSELECT 1;\nCOMMIT;\n-- y";
    analyse(text);
    cr_assert(t.own_transaction && !t.stray_control);
    cr_assert_eq(strncmp(text + t.inner_begin, "\nSELECT 1;\n", t.inner_end - t.inner_begin), 0);
    analyse("START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; END");
    cr_assert(t.own_transaction && !t.stray_control);
    static const char *const strays[] = {"COMMIT",
                                         "SELECT 1; COMMIT; SELECT 2",
                                         "BEGIN; SELECT 1",
                                         "BEGIN; ROLLBACK",
                                         "BEGIN; COMMIT; SELECT 1",
                                         "BEGIN; COMMIT; BEGIN; COMMIT",
                                         "SELECT 1; BEGIN; COMMIT"};
    for (size_t i = 0; i < COUNT_OF(strays); i++) {
        analyse(strays[i]);
        cr_expect(t.stray_control && !t.own_transaction && t.stray_line == 1, "%s", strays[i]);
        bool left_open = strcmp(strays[i], "BEGIN; SELECT 1") == 0 || strcmp(strays[i], "BEGIN; ROLLBACK") == 0;
        cr_expect_eq(t.in_units, !left_open, "%s", strays[i]);
    }
    analyse("");
    cr_assert(t.parsed && t.count == 0 && !t.stray_control);
    analyse("-- nothing\n;;;");
    cr_assert(t.parsed && t.count == 0);
    arena_release(&arena);
}

Test(sql_analyse, what_changes_how_strings_are_read)
{
    analyse("SET standard_conforming_strings = on; SELECT E'it\\'s'; SELECT set_config('standard_conforming_strings', "
            "'off', true); SELECT 'a\\b'; SELECT 'it''s \\\\'");
    cr_assert(t.parsed && !t.forbidden && t.count == 5);
    cr_assert(t.statements[0].rereads && t.statements[0].strings == SQL_STRINGS_ON);
    cr_assert(t.statements[2].rereads && t.statements[2].strings == SQL_STRINGS_OFF && !t.statements[3].rereads);
    analyse("SET standard_conforming_strings = off;\nSELECT 'a\\' || 'b';\nSELECT 2");
    cr_assert(t.forbidden && t.forbidden->line == 2, "%s", t.warning);
    analyse("SET standard_conforming_strings = off; RESET standard_conforming_strings; SELECT E'it\\'s'");
    cr_assert(t.parsed && !t.forbidden);
    arena_release(&arena);
}

/* Old dumps and the files of old applications are full of them. */
Test(sql_analyse, what_is_no_plain_string_is_read_the_same_with_strings_of_the_old_kind)
{
    static const char *const good[] = {
        "SELECT E'it\\'s', e'\\\\\\'', 'a''b', 1", "SELECT $$ 'a\\' $$, $q$ \\' $$ $q$", "SELECT 1 -- don\\'t\n",
        "/* don\\'t */ SELECT 1", "SELECT E'it''s \\' so'", "SELECT 1 AS \"a\\'b\", E'x\\''''",
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN E'\\''; END $f$"};
    static const char *const bad[] = {
        "SELECT E'it\\'s', 'a\\' || 'b'", "SELECT 'a\\'", "SELECT date'a\\' || 'b'", "SELECT 'a\\' || $1 || 'b'",
        "SELECT a$1$ || 'a\\' FROM t WHERE '$1$' > 'b'"};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        analyse(arena_printf(&arena, "SET standard_conforming_strings = off;\n%s", good[i]));
        cr_expect(t.parsed && !t.forbidden, "%s", good[i]);
        analyse(good[i]);
        cr_expect(t.parsed && !t.ambiguous, "%s", good[i]);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        analyse(arena_printf(&arena, "SET standard_conforming_strings = off;\n%s", bad[i]));
        cr_expect(t.forbidden && t.forbidden->line == 2, "%s", bad[i]);
    }
    arena_release(&arena);
}

/* As PostgreSQL reads a boolean: a number, or so many letters of a word that it can be no other. */
Test(sql_analyse, off_and_on_in_each_of_their_spellings)
{
    static const char *const off[] = {"off", "of", "OFF", "'off'", "false", "f", "no", "n", "0"};
    static const char *const on[] = {"on", "'on'", "true", "t", "yes", "y", "1", "DEFAULT"};
    char text[200];
    for (size_t i = 0; i < COUNT_OF(off); i++) {
        snprintf(text, sizeof text, "SET standard_conforming_strings = %s;\nSELECT 'a\\' || 'b'", off[i]);
        analyse(text);
        cr_expect(t.forbidden && t.forbidden->line == 2, "%s", text);
        snprintf(text, sizeof text, "SET transaction_read_only = %s", off[i]);
        analyse(text);
        cr_expect(!t.forbidden, "%s", text);
    }
    for (size_t i = 0; i < COUNT_OF(on); i++) {
        snprintf(text, sizeof text, "SET standard_conforming_strings = %s;\nSELECT E'it\\'s'", on[i]);
        analyse(text);
        cr_expect(t.parsed && !t.forbidden && t.statements[0].strings != SQL_STRINGS_OFF, "%s", text);
        snprintf(text, sizeof text, "SET transaction_read_only = %s", on[i]);
        analyse(text);
        cr_expect_eq(t.forbidden != NULL, strcmp(on[i], "DEFAULT") != 0, "%s", text);
    }
    arena_release(&arena);
}

/* It says how a quote is read behind a backslash, not whether a backslash is an escape. */
Test(sql_analyse, backslash_quote_leaves_strings_as_they_were_read)
{
    analyse("SET standard_conforming_strings = off;\nSET backslash_quote = on;\nSELECT 'a\\' || 'b'");
    cr_assert(t.forbidden && t.forbidden->line == 3);
    analyse("SET backslash_quote = on;\nSELECT E'it\\'s'");
    cr_assert(t.parsed && !t.forbidden && t.statements[0].rereads);
    arena_release(&arena);
}

/* A database or a role may have standard_conforming_strings off. */
Test(sql_analyse, what_is_another_statement_where_strings_are_off_by_default)
{
    static const char *const ambiguous[] = {
        "SELECT 1;\nSELECT 'a\\' || 'b'", "SET standard_conforming_strings = on; RESET standard_conforming_strings;\n"
        "SELECT 'a\\' || 'b'", "SET standard_conforming_strings = DEFAULT;\nSELECT 'a\\' || 'b'"};
    static const char *const certain[] = {"SELECT 'a\\b', 'it''s \\\\'",
                                          "SET standard_conforming_strings = on;\nSELECT 'a\\' || 'b'"};
    for (size_t i = 0; i < COUNT_OF(ambiguous); i++) {
        analyse(ambiguous[i]);
        cr_expect(t.parsed && !t.forbidden && t.ambiguous && t.ambiguous->line == 2, "%s", ambiguous[i]);
    }
    for (size_t i = 0; i < COUNT_OF(certain); i++) {
        analyse(certain[i]);
        cr_expect(t.parsed && !t.forbidden && !t.ambiguous, "%s", certain[i]);
    }
    arena_release(&arena);
}

Test(sql_analyse, what_cannot_be_read_is_a_warning)
{
    analyse("SELECT 1;\n\\i other.sql\n");
    cr_assert(!t.parsed && t.warning && t.warning_line == 2 && t.count == 0);
    cr_assert_eq(t.inner_end, strlen("SELECT 1;\n\\i other.sql\n"));
    printf("%d: %s\n", t.warning_line, t.warning);
    analyse("SELECT 'é\xff'");
    cr_assert(!t.parsed);
    analyse("SELECT 'unterminated");
    cr_assert(!t.parsed);
    arena_release(&arena);
}

/* Its statements are known, and those beside it are what they are. */
Test(sql_analyse, what_cannot_be_read_is_divided)
{
    analyse("CREATE TABLE a (x int);\nMERGE INTO a USING b ON true WHEN MATCHED THEN DELETE RETURNING ';', $$;$$;\n"
            "CREATE INDEX CONCURRENTLY a_x ON a (x);\nBEGIN;\nVACUUM /* ; */ a;\nCOMMIT");
    cr_assert(!t.parsed && t.divided && t.warning_line == 2 && t.count == 6 && t.needs_no_transaction, "%s", t.warning);
    static const enum sql_class kinds[] = {SQL_PLAIN, SQL_OPAQUE, SQL_CREATE_INDEX, SQL_BEGIN, SQL_ALONE, SQL_COMMIT};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        cr_expect_eq(t.statements[i].kind, kinds[i]);
        cr_expect_eq(t.statements[i].line, (int)i + 1);
    }
    analyse("BEGIN;\nSELECT 1 COMMIT WORK;\nROLLBACK WORK NOW");
    cr_expect(!t.parsed && t.divided && !t.stray_control, "nobody knows what it lacks");
    static const char *const others[] = {
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT JSON_SCALAR(1) FORMAT JSON; SELECT 1;",
        "COPY a (x) FROM STDIN WITH (ON_ERROR ignore) NEWER;\n1\n\\.\n"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        analyse(others[i]);
        cr_expect(!t.parsed && !t.divided && t.count == 0, "%s", others[i]);
    }
    arena_release(&arena);
}

#define NEWER "MERGE INTO a USING b ON true WHEN NOT MATCHED BY SOURCE THEN DELETE;\n"

/* Bodies that are written as statements, whatever stands in them; words of theirs elsewhere. */
Test(sql_analyse, bodies_beside_what_cannot_be_read)
{
    static const struct {
        const char *sql;
        size_t count;
    } rows[] = {
        {"BEGIN;\n" NEWER "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; "
         "END;\nCOMMIT;", 4},
        {"BEGIN; CREATE FUNCTION f() RETURNS int BEGIN /* ; */ atomic " NEWER " SELECT 2; END; SELECT 3; COMMIT;", 4},
        {"-- begin atomic, stdin\nBEGIN;\n" NEWER "SELECT 'begin atomic', $$begin atomic$$ AS stdin; COMMIT;", 4},
        {"BEGIN; CREATE TABLE atomic (stdin int); " NEWER " COMMIT;", 4},
        {"BEGIN; CREATE PROCEDURE p() BEGIN ATOMIC END; CREATE PROCEDURE q() BEGIN ATOMIC /* ; */\nend; " NEWER
         "COMMIT;", 5},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        analyse(rows[i].sql);
        cr_expect(!t.parsed && t.divided && t.own_transaction && !t.stray_control, "%s", rows[i].sql);
        cr_expect_eq(t.count, rows[i].count, "%zu: %s", t.count, rows[i].sql);
    }
    arena_release(&arena);
}

/* The lexer of 15 ends at them. */
Test(sql_analyse, numbers_of_newer_servers)
{
    static const char *const newer[] = {"1_000_000", "0xFF_FF", "0O17", "0b1_0", "1.5_0", ".5_0e1_0", "1_0e+1_0"};
    static const char *const wrong[] = {"1__0", "1_", "0xG", "0b12", "1_0_x"};
    char text[200];
    for (size_t i = 0; i < COUNT_OF(newer); i++) {
        snprintf(text, sizeof text, "BEGIN;\nINSERT INTO a VALUES (%s);\nCREATE FUNCTION f() RETURNS int\n"
                 "BEGIN ATOMIC SELECT %s; SELECT 2; END;\nCOMMIT;", newer[i], newer[i]);
        analyse(text);
        cr_expect(!t.parsed && t.divided && t.own_transaction && t.count == 4 && t.warning_line == 2, "%s", newer[i]);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        snprintf(text, sizeof text, "BEGIN;\nINSERT INTO a VALUES (%s);\nCOMMIT;", wrong[i]);
        analyse(text);
        cr_expect(!t.parsed && !t.divided, "%s", wrong[i]);
    }
    analyse("INSERT INTO a VALUES (1_0);\nCREATE INDEX CONCURRENTLY \"0x1_0\" ON a (x) WHERE x > 1_0");
    cr_assert(t.count == 2 && t.statements[1].kind == SQL_CREATE_INDEX);
    cr_assert_str_eq(t.statements[1].name, "0x1_0");
    analyse("SELECT 1_0;\nSELECT 'x");
    cr_assert(t.flaw == SQL_FLAW_UNREADABLE && t.forbidden->line == 2);
    analyse("SELECT '1_0', \"0x1\", $1, a1_0, $a1_0$0x1$a1_0$");
    cr_assert(t.parsed);
    arena_release(&arena);
}

/* Refused is only what no server reads: these some do. */
Test(sql_analyse, what_newer_servers_read_is_no_flaw)
{
    static const char *const rows[] = {
        "SELECT JSON_OBJECT('title':a) FROM t", "SELECT JSON_OBJECT('title':'Jaws')",
        "SELECT json_objectagg(k:v) FROM t",
        "REINDEX (VERBOSE) DATABASE", "REINDEX SYSTEM CONCURRENTLY\n",
        "SELECT 1;\nALTER TABLE t ADD c int GENERATED ALWAYS AS (a * 2)",
    };
    static const char *const wrong[] = {"SELECT 1;\nCREATE TABLE a (x int", "SELECT 1;\nSELECT x FROM\n", "SELECT 1,",
                                        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;",
                                        "SELECT JSON_OBJECT('a':1);\nSELECT 'x"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        analyse(rows[i]);
        cr_expect(!t.parsed && t.divided && !t.flaw && !t.forbidden, "%s", rows[i]);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        analyse(wrong[i]);
        cr_expect(t.flaw == SQL_FLAW_UNREADABLE, "%s", wrong[i]);
    }
    arena_release(&arena);
}

static void nested(size_t n, const char *open, const char *middle, const char *close)
{
    struct buf b = BUF_INIT(BUF_MAX);
    buf_adds(&b, "SELECT ");
    for (size_t i = 0; i < n; i++)
        buf_adds(&b, open);
    buf_adds(&b, middle);
    for (size_t i = 0; i < n; i++)
        buf_adds(&b, close);
    analyse(buf_text(&b));
    printf("%zu x \"%s\": %s\n", n, open, t.parsed ? "parsed" : t.warning);
    buf_release(&b);
}

Test(sql_analyse, deep_nesting_does_not_crash)
{
    static const size_t sizes[] = {100, 1500, 3000, 9000, 31000, 50000, 1000000};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        nested(sizes[i], "(", "1", ")");
        nested(sizes[i], "1+", "1", "");
        nested(sizes[i], "f(", "1", ")");
        nested(sizes[i], "(SELECT ", "1", ")");
        nested(sizes[i], "NOT ", "true", "");
    }
    arena_release(&arena);
}

Test(sql_analyse, large_texts_are_split)
{
    struct buf b = BUF_INIT(BUF_MAX);
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, "INSERT INTO a VALUES (%d, 'some text; with -- more');\n", i);
    buf_adds(&b, "CREATE INDEX CONCURRENTLY i ON a (x);\nSELECT pg_advisory_unlock_all()");
    analyse(buf_text(&b));
    cr_assert(t.parsed && t.count == 20002 && t.needs_no_transaction && t.forbidden && t.forbidden->line == 20002);
    cr_assert_eq(t.statements[20000].kind, SQL_CREATE_INDEX);
    buf_clear(&b);
    buf_adds(&b, "INSERT INTO a VALUES ('");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, "DO and CALL ");
    buf_adds(&b, "');\n/* ; */ do $$ BEGIN COMMIT;\n");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, "-- it goes on\n");
    buf_adds(&b, "END $$;\nDO $$ BEGIN COMMIT; END $$;\nSELECT 1");
    analyse(buf_text(&b));
    static const enum sql_class kinds[] = {SQL_PLAIN, SQL_OPAQUE, SQL_OPAQUE, SQL_PLAIN};
    cr_assert(t.parsed && t.count == COUNT_OF(kinds));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        cr_expect_eq(t.statements[i].kind, kinds[i], "%zu: %d", i, (int)t.statements[i].kind);
    buf_release(&b);
    arena_release(&arena);
}

/* PostgreSQL's lexer reads such runs again for every sign in them. */
Test(sql_analyse, what_would_keep_the_parser_busy_for_hours, .timeout = 60)
{
    static const struct {
        const char *begin, *open, *close, *end;
        bool refused;
    } rows[] = {{"SELECT 1;\nSELECT ", "+", "", "1", true},      {"SELECT 1;\n", "/*", "*/", "SELECT 1", true},
                {"SELECT 1;\n-- ", "/*/*", "", "", true},        {"SELECT 1;\n/*--", "/*", "*/", "*/ SELECT 1", true},
                {"SELECT 1;\n--", "-", "", "\nSELECT 1", false},
                {"SELECT 1;\n-- ", "=--", "", "\nSELECT 1", false}, {"SELECT 1;\nSELECT 1", "+1", "", "", false}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        auto_buf struct buf b = BUF_INIT(BUF_MAX);
        buf_adds(&b, rows[i].begin);
        for (int n = 0; n < 1000000; n++)
            buf_adds(&b, rows[i].open);
        for (int n = 0; n < 1000000; n++)
            buf_adds(&b, rows[i].close);
        buf_adds(&b, rows[i].end);
        analyse(buf_text(&b));
        cr_expect_eq(t.forbidden != NULL, rows[i].refused, "%s%s: %s", rows[i].begin, rows[i].open, t.warning);
        cr_expect(!rows[i].refused || (!t.parsed && t.forbidden->line == 2));
        arena_release(&arena);
    }
}

/* However many there are: none of them keeps the parser busy. */
Test(sql_analyse, lines_that_people_draw_are_no_cost)
{
    char line[240];
    auto_buf struct buf b = BUF_INIT(BUF_MAX);
    memset(line, '*', sizeof line);
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, "/%.*s/\n", (int)sizeof line, line);
    buf_adds(&b, "SELECT 1");
    analyse(buf_text(&b));
    cr_expect(t.parsed && !t.forbidden && t.count == 1, "%s", t.warning);
    arena_release(&arena);
}

Test(sql_analyse, far_too_many_statements)
{
    auto_buf struct buf b = BUF_INIT(BUF_MAX);
    for (int i = 0; i < 4000000; i++)
        buf_adds(&b, "TABLE t;");
    analyse(buf_text(&b));
    cr_expect(!t.parsed && !t.forbidden && strstr(t.warning, "500,000"));
    buf_adds(&b, "\n-- all at once\n begin work ;\nTABLE t;\nCOMMIT;");
    analyse(buf_text(&b));
    cr_expect(!t.parsed && t.forbidden && t.forbidden->line == 3 && strstr(t.forbidden->why, "500,000"));
    cr_expect(strstr(t.forbidden->hint, "take BEGIN and COMMIT out"), "%s", t.forbidden->hint);
    arena_release(&arena);
}

/* Where nobody can tell what a text commits, it does not run. */
Test(sql_analyse, transactions_in_what_cannot_be_divided)
{
    static const char *const rows[] = {"BEGIN;\nSELECT 1__0;\nCOMMIT;",
                                       "SELECT 1__0;\nSTART TRANSACTION; -- x\nCOMMIT;",
                                       "begin isolation level serializable;\nSELECT 0xG;\nEND;",
                                       "BEGIN READ ONLY;\nSELECT 0xG;\nEND;"};
    static const char *const none[] = {"CREATE FUNCTION f() AS $$\nBEGIN\nSELECT 1;\nEND;$$;SELECT 1__0;",
                                       "SELECT 1__0;\nBEGIN ATOMIC\nSELECT 1;"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        analyse(rows[i]);
        cr_expect(!t.divided && t.forbidden && strcmp(t.forbidden->keyword, "BEGIN") == 0, "%s", rows[i]);
    }
    for (size_t i = 0; i < COUNT_OF(none); i++) {
        analyse(none[i]);
        cr_expect(!t.divided && !t.forbidden, "%s", none[i]);
    }
    arena_release(&arena);
}
