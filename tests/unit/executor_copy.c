/* COPY ... FROM STDIN with its rows in the file.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <pthread.h>

TestSuite(executor_copy, .init = start, .fini = stop_server, .timeout = 120);

static const char dump[] =
    "SET standard_conforming_strings = on;\n"
    "CREATE TABLE public.a (x int PRIMARY KEY, y text);\n"
    "\n"
    "COPY public.a (x, y) FROM stdin;\n"
    "1\tone; -- '\n"
    "2\t\\N\n"
    "\\.\n"
    "\n"
    "CREATE TABLE b (x text);\n"
    "COPY b FROM stdin WITH (FORMAT csv);\n"
    "\"two\nlines\"\n"
    "\\.\n"
    "COPY b FROM stdin;\n"
    "\\.\n"
    "INSERT INTO b SELECT y FROM a WHERE x = 1;\n";

Test(executor_copy, rows_are_part_of_the_step)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", dump), OUTCOME_APPLIED);
    VALUE("SELECT string_agg(x || coalesce(y, '-'), ' ' ORDER BY x) FROM a", "1one; -- ' 2-");
    VALUE("SELECT string_agg(x, '|') FROM b", "two\nlines|one; -- '");
    EXPECT(l, down("q2", "1", "q1", "BEGIN;\nTRUNCATE a;\nCOPY a FROM stdin;\n7\tundone\n\\.\nCOMMIT;\n"),
           OUTCOME_APPLIED);
    VALUE("SELECT x || y FROM a", "7undone");
    VALUE("SELECT count(*) FROM greylag.history h JOIN a ON a.xmin = h.xmin", "1");
    struct job_request r = up("q3", "3", "CREATE TABLE c (x int);\nCREATE INDEX CONCURRENTLY i ON c (x);\n"
                                         "COPY c FROM stdin;\n1\n2\n\\.\nBEGIN;\nCOPY c FROM stdin;\n3\n\\.\nCOPY c "
                                         "FROM stdin;\n4\n\\.\nCOMMIT;\n");
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT sum(x) FROM c", "10");
    ledger_close(l);
}

Test(executor_copy, an_error_in_the_rows_has_its_line)
{
    struct ledger *l = ready(1);
    test_pg_run(database, "CREATE TABLE a2 (x int PRIMARY KEY); CREATE TABLE b (x int)");
    EXPECT(l, up("q1", "1", "SELECT 1;\nCOPY b FROM stdin;\n1\n\\.\nCOPY a2 FROM stdin;\n1\n2\nsecret-row\n\\.\nSELECT "
                            "2;\n"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 8);
    cr_assert_str_eq(last.outcome.sqlstate, "22P02");
    EXPECT(l, up("q2", "2", "COPY a2 FROM stdin;\n1\n2\n1\n\\.\n"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 4);
    EXPECT(l, up("q3", "3", "COPY a2 FROM stdin WITH (FORMAT csv, HEADER);\nx\n5\n6\n7,8\n\\.\n"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 5);
    EXPECT(l, up("q4", "4", "COPY a2 FROM stdin;\n1\n\\.\n\nSELECT 1/0;\n"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 5);
    EXPECT(l, up("q5", "5", "COPY a2 FROM stdin;\n1\n\\.\n\nSELECT é, nothing;\n"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 5);
    EXPECT(l, up("q6", "6", "\nCOPY nowhere FROM stdin;\n1\n\\.\n"), OUTCOME_FAILED);
    cr_assert(last.outcome.line == 2 && strcmp(last.outcome.sqlstate, "42P01") == 0);
    struct job_request r = up("q7", "7", "COPY b FROM stdin;\n1\n\\.\nCOPY b FROM stdin;\n2\nx\n\\.\n");
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert(last.outcome.line == 6 && strstr(last.outcome.left, "1 of 2"), "%s", last.outcome.left);
    EXPECT(l, up("q8", "8", "SELECT 1;\nCOPY b FROM stdin;\n1\n"), OUTCOME_FAILED);
    cr_assert(last.outcome.line == 2 && strstr(last.outcome.message, "no end"));
    VALUE("SELECT (SELECT count(*) FROM a2) * 10 + (SELECT count(*) FROM b)", "1");
    ledger_close(l);
}

Test(executor_copy, placeholders_are_replaced_in_rows_too)
{
    struct ledger *l = ready(1);
    static const struct placeholder planned[] = {{.name = "region", .value = "eu"}, {.name = "rows", .value = "a\nb"}};
    frame.placeholders = planned;
    frame.placeholder_count = COUNT_OF(planned);
    struct job_request r = up("q1", "1", "CREATE TABLE r (x text);\nCOPY r FROM stdin;\n${region}\n${rows}\n\\.\n");
    r.placeholders = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT string_agg(x, ' ') FROM r", "eu a b");
    r = up("q2", "2", "CREATE TABLE i (x int);\nCOPY i FROM stdin;\n1\n${region}\n\\.\n");
    r.placeholders = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 4);
    ledger_close(l);
}

static size_t resident(void)
{
    unsigned long pages = 0, used = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%lu %lu", &pages, &used) == 2);
    fclose(file);
    return (size_t)used * 4096;
}

static struct buf many_rows(const char *head, int count)
{
    struct buf sql = BUF_INIT(BUF_MAX);
    buf_adds(&sql, head);
    for (int i = 0; i < count; i++)
        buf_addf(&sql, "%d\tsome text that makes the row a little longer\n", i);
    buf_adds(&sql, "\\.\n");
    return sql;
}

Test(executor_copy, thirty_megabytes_are_not_copied)
{
    struct ledger *l = ready(1);
    struct buf sql = many_rows("CREATE UNLOGGED TABLE a (x int, y text);\nCOPY a FROM stdin;\n", 600000);
    printf("%zu MiB of SQL\n", sql.len >> 20);
    EXPECT(l, up("q0", "0", "SELECT 1"), OUTCOME_APPLIED);
    size_t before = resident();
    EXPECT(l, up("q1", "1", buf_text(&sql)), OUTCOME_APPLIED);
    size_t after = resident();
    printf("%zu MiB more\n", (after - before) >> 20);
    cr_assert(after < before + (8 << 20), "%zu MiB more", (after - before) >> 20);
    VALUE("SELECT count(*) FROM a", "600000");
    buf_release(&sql);
    ledger_close(l);
}

static bool stop_soon(void *context)
{
    return clock_mono_ms() >= *(int64_t *)context;
}

/* A row that waits for a lock, with more rows behind it than fit into the socket. */
Test(executor_copy, stopping_does_not_wait_for_the_rows)
{
    struct ledger *l = ready(1);
    struct buf sql = many_rows("COPY a FROM stdin;\n", 400000);
    test_pg_run(database, "CREATE TABLE a (x int, y text); CREATE TABLE gate (x int); INSERT INTO gate VALUES (1);"
                          "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
                          " $$ BEGIN PERFORM 1 FROM gate FOR UPDATE; RETURN NEW; END $$;"
                          "CREATE TRIGGER w BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION wait()");
    PGconn *other = PQconnectdb(database);
    PQclear(PQexec(other, "BEGIN; SELECT * FROM gate FOR UPDATE"));
    int64_t begin = clock_mono_ms(), at = begin + 500;
    struct executor_hooks stopping = {.stop = stop_soon, .context = &at};
    hooks = &stopping;
    struct job_request r = up("q1", "1", buf_text(&sql));
    r.lock_timeout_ms = r.statement_timeout_ms = 60000;
    cr_assert_eq(apply(l, r), EXECUTOR_STOPPED);
    cr_assert(clock_mono_ms() - begin < 30000);
    PQfinish(other);
    hooks = NULL;
    VALUE("SELECT count(*) FROM a", "0");
    VALUE("SELECT count(*) FROM greylag.history", "0");
    r.sql = "COPY a FROM stdin;\n1\tx\n\\.\n";
    EXPECT(l, r, OUTCOME_APPLIED);
    buf_release(&sql);
    ledger_close(l);
}

/* Ends the session that reads rows, then the one that is in its way, at once: the next attempt must not wait again. */
static void *kill_copier(void *context)
{
    (void)context;
    await_value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                "current_database()", "1");
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE "
                          "(wait_event_type = 'Lock' OR state = 'idle in transaction') AND datname = "
                          "current_database() ORDER BY wait_event_type = 'Lock' DESC NULLS LAST) AS s");
    return NULL;
}

Test(executor_copy, a_session_that_dies_among_the_rows_begins_again)
{
    struct ledger *l = ready(1);
    struct buf sql = many_rows("COPY a FROM stdin;\n", 200000);
    test_pg_run(database, "CREATE TABLE a (x int PRIMARY KEY, y text)");
    PGconn *other = PQconnectdb(database);
    PQclear(PQexec(other, "BEGIN; INSERT INTO a VALUES (70000, 'in the way')"));
    static const struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    pthread_t killer;
    pthread_create(&killer, NULL, kill_copier, NULL);
    struct job_request r = up("q1", "1", buf_text(&sql));
    r.lock_timeout_ms = r.statement_timeout_ms = 60000;
    r.retries = 3;
    EXPECT(l, r, OUTCOME_APPLIED);
    cr_assert_eq(last.outcome.attempt, 2);
    pthread_join(killer, NULL);
    PQfinish(other);
    VALUE("SELECT count(*) FROM a", "200000");
    buf_release(&sql);
    ledger_close(l);
}
