/* Rows behind COPY ... FROM STDIN, as pg_dump writes them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "sql/sql.h"

static struct arena arena;
static struct sql_text t;
static const char *text;

static void analyse(const char *sql)
{
    text = sql;
    sql_analyse(sql, &arena, &t);
}

static void end(void)
{
    arena_release(&arena);
}

static bool rows_are(size_t i, const char *wanted)
{
    const struct sql_statement *s = &t.statements[i];
    bool same = s->rows && s->data_end - s->data_begin == strlen(wanted) &&
                strncmp(text + s->data_begin, wanted, strlen(wanted)) == 0;
    if (!same)
        printf("%zu: \"%.*s\"\n", i, (int)(s->data_end - s->data_begin), text + s->data_begin);
    return same;
}

TestSuite(sql_rows, .fini = end, .timeout = 60);

Test(sql_rows, belong_to_their_statement)
{
    analyse("CREATE TABLE a (x int, y text);\n"
            "COPY public.a (x, y) FROM stdin;\n"
            "1\tit's; a -- row\n"
            "2\t/* $$ \\N\n"
            "\\.\n"
            "\n"
            "COPY b FROM STDIN WITH (FORMAT csv,\n  DELIMITER ';') ; -- rows\n"
            "3;4\r\n"
            "\\.\r\n"
            "COPY c FROM STDIN;\n"
            "\\.\n"
            "SELECT 1;\n");
    cr_assert(t.parsed && !t.forbidden && !t.needs_no_transaction && !t.stray_control, "%s", t.warning);
    cr_assert_eq(t.count, 5);
    cr_assert(rows_are(1, "1\tit's; a -- row\n2\t/* $$ \\N\n"));
    cr_assert(rows_are(2, "3;4\r\n"));
    cr_assert(rows_are(3, ""));
    cr_assert(t.statements[1].line == 2 && t.statements[1].data_line == 3 && t.statements[1].kind == SQL_PLAIN);
    cr_assert_str_eq(t.statements[1].table, "a");
    cr_assert(t.statements[2].line == 7 && t.statements[2].data_line == 9);
    cr_assert_eq(t.statements[4].line, 13);
    cr_assert_eq(strncmp(text + t.statements[4].begin, "SELECT 1", t.statements[4].end - t.statements[4].begin), 0);
    cr_assert_eq(strncmp(text + t.statements[1].begin, "COPY public.a (x, y) FROM stdin",
                         t.statements[1].end - t.statements[1].begin),
                 0);
    cr_assert_not(t.statements[0].rows);
}

Test(sql_rows, stand_in_a_frame_too)
{
    analyse("BEGIN;\nCOPY a FROM stdin;\nCOMMIT;\n\\.\nCOMMIT;\n");
    cr_assert(t.own_transaction && t.count == 3 && rows_are(1, "COMMIT;\n"));
}

Test(sql_rows, what_only_looks_like_one_stays)
{
    static const char *const others[] = {
        "SELECT 'COPY a FROM stdin;\n1\n\\.\n';",
        "/* COPY a FROM stdin;\n1\n\\.\n*/ SELECT 1;",
        "DO $$ BEGIN\n-- COPY a FROM stdin;\nNULL; END $$;\nSELECT 1;",
        "CREATE TABLE stdin (x int);\nSELECT 1;\n",
        "SELECT \"stdin\" FROM a;\nSELECT 2;",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        analyse(others[i]);
        cr_expect(t.parsed && !t.forbidden, "%s", others[i]);
        for (size_t k = 0; k < t.count; k++)
            cr_expect_not(t.statements[k].rows, "%s", others[i]);
    }
    analyse("SELECT $x$\nCOPY a FROM stdin;\n$x$;\nCOPY a FROM stdin;\n1\n\\.\n");
    cr_assert(t.parsed && t.count == 2 && rows_are(1, "1\n"));
}

Test(sql_rows, that_are_missing_are_told)
{
    analyse("SELECT 1;\nCOPY a FROM STDIN");
    cr_assert(t.forbidden && t.forbidden->line == 2 && strstr(t.forbidden->why, "missing"));
    analyse("COPY a FROM STDIN; SELECT 1;");
    cr_assert(t.forbidden && strstr(t.forbidden->why, "missing"));
    analyse("COPY a FROM STDIN;\n1\n2\n");
    cr_assert(t.parsed && t.forbidden && strstr(t.forbidden->why, "no end"));
    analyse("CREATE FUNCTION f() BEGIN ATOMIC SELECT from from;\nCOPY a FROM STDIN;\n1\n\\.\nSELECT 1;");
    cr_assert(!t.parsed && t.forbidden && t.forbidden->line == 1 && strstr(t.forbidden->why, "nobody can tell"), "%s",
              t.warning);
    arena_release(&arena);
}

/* The scanner knows which rows belong where. */
/* To psql a line ends at a newline alone: what stands behind the comment would run behind the rows. */
Test(sql_rows, a_statement_behind_a_lone_carriage_return_is_not_lost)
{
    analyse("COPY a FROM STDIN; -- rows\rSELECT 1;\n3\n\\.\nSELECT 2;\n");
    cr_assert(t.forbidden);
    analyse("COPY a FROM STDIN; \rSELECT 1;\n3\n\\.\nSELECT 2;\n");
    cr_assert(t.forbidden);
    analyse("CREATE TABLE a (x int);\rCOPY a FROM STDIN;\r3\r\\.\rSELECT 2;\r");
    cr_assert(t.forbidden);
    analyse("COPY a FROM STDIN; -- rows\r\n3\r\n\\.\r\nSELECT 2;\r\n");
    cr_assert(!t.forbidden && rows_are(0, "3\r\n"));
}

Test(sql_rows, beside_what_cannot_be_read)
{
    static const enum sql_class kinds[] = {SQL_BEGIN, SQL_OPAQUE, SQL_PLAIN, SQL_PLAIN, SQL_COMMIT};
    analyse("BEGIN;\nSELECT from from;\nCOPY a FROM STDIN;\n1;COMMIT;\n\\.\nCOPY b FROM STDIN;\n2\n\\.\nCOMMIT;");
    cr_assert(!t.parsed && t.divided && !t.forbidden && t.own_transaction && t.warning_line == 2 && t.count == 5);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        cr_expect_eq(t.statements[i].kind, kinds[i]);
    cr_expect(rows_are(2, "1;COMMIT;\n") && rows_are(3, "2\n"));
    analyse("COPY a FROM STDIN;\n1\n\\.\n\n\nSELECT from from;");
    cr_assert(!t.parsed && t.warning_line == 6 && t.divided && rows_are(0, "1\n"));
    arena_release(&arena);
}

Test(sql_rows, many_of_them_take_no_longer)
{
    struct buf b = BUF_INIT(BUF_MAX);
    buf_adds(&b, "COPY a FROM stdin;\n");
    for (int i = 0; i < 1000000; i++)
        buf_addf(&b, "%d\tCOPY a FROM stdin;\n", i);
    buf_adds(&b, "\\.\nSELECT 1;");
    analyse(buf_text(&b));
    cr_assert(t.parsed && t.count == 2 && t.statements[1].line == 1000003);
    buf_clear(&b);
    for (int i = 0; i < 300000; i++)
        buf_adds(&b, "-- COPY a FROM stdin;\n");
    buf_adds(&b, "COPY a FROM stdin;\n1\n\\.\n");
    analyse(buf_text(&b));
    cr_assert(t.parsed && t.count == 1 && rows_are(0, "1\n"));
    buf_clear(&b);
    buf_adds(&b, "SELECT '\n");
    for (int i = 0; i < 300000; i++)
        buf_adds(&b, "COPY a FROM stdin;\n");
    buf_adds(&b, "';");
    analyse(buf_text(&b));
    cr_assert(t.parsed && t.count == 1 && !t.statements[0].rows);
    buf_release(&b);
}

Test(sql_rows, isolation_and_frames)
{
    analyse("-- header\n/* more */ BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 1;\nEND; -- bye\n/* end */\n");
    cr_assert(t.own_transaction && !t.stray_control);
    cr_assert_str_eq(t.isolation, "repeatable read");
    analyse("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE; SELECT 1; COMMIT WORK");
    cr_assert(t.own_transaction);
    cr_assert_str_eq(t.isolation, "serializable");
    analyse("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT");
    cr_assert_str_eq(t.isolation, "serializable");
    analyse("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1");
    cr_assert_str_eq(t.isolation, "serializable");
    static const char *const behind_others[] = {
        "SET lock_timeout = '1s'; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1",
        "BEGIN; SET LOCAL ROLE a; RESET work_mem; SET LOCAL TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT",
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET transaction_isolation TO SERIALIZABLE; SELECT 1; COMMIT"};
    for (size_t i = 0; i < COUNT_OF(behind_others); i++) {
        analyse(behind_others[i]);
        cr_assert_str_eq(t.isolation, "serializable", "%s", behind_others[i]);
    }
    analyse("SET transaction_isolation = 'serializable; SELECT 1'; SELECT 1");
    cr_assert_null(t.isolation);
    analyse("BEGIN; SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; COMMIT");
    cr_assert_null(t.isolation);
    analyse("BEGIN READ ONLY; SELECT 1; COMMIT");
    cr_assert(t.forbidden);
    analyse("BEGIN; SELECT 1/count(*) FROM a; ROLLBACK;");
    cr_assert(t.own_rollback && !t.own_transaction && t.stray_control);
    cr_assert_eq(strncmp(text + t.inner_begin, " SELECT 1/count(*) FROM a; ", t.inner_end - t.inner_begin), 0);
}
