/* Whatever a step says, in whatever encoding: its outcome is recorded, and comes back as it was.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include "base/text.h"

static void begin(void)
{
    server = test_pg_start();
}

TestSuite(executor_recorded, .init = begin, .fini = stop_server, .timeout = 300);

static const char *const encodings[] = {"UTF8", "SQL_ASCII", "LATIN1", "WIN1252", "EUC_JP"};

static struct ledger *ready_in(const char *encoding)
{
    printf("--- %s\n", encoding);
    database = test_pg_database_in(server, "target", encoding);
    return ready(1);
}

/* What was recorded is text, and reads back the same. */
static void must_read_back(struct ledger *l)
{
    struct outcome was = last.outcome;
    const struct outcome *outcomes;
    size_t count;
    struct err err = ERR_INIT;
    cr_assert(ledger_find(l, &was.request, 1, &arena, &outcomes, &count, &err), "%s", err.text);
    cr_assert_eq(count, 1);
    const char *const pairs[][2] = {{was.message, outcomes[0].message}, {was.left, outcomes[0].left},
                                    {was.migration, outcomes[0].migration}, {was.detail, outcomes[0].detail},
#define X(member, json, prose) {was.said.member, outcomes[0].said.member},
                                    SAID_TEXTS(X)
#undef X
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        cr_assert(text_is_utf8(pairs[i][0], strlen(pairs[i][0]), NULL), "%s", pairs[i][0]);
        cr_assert_str_eq(pairs[i][0], pairs[i][1]);
    }
}

/* Letters of one to four bytes at each place where a message can be cut; with a secret, too. */
Test(executor_recorded, a_long_message)
{
    static const char *const letters[] = {"x", "é", "€", "😀"};
    static const struct placeholder secret[] = {{.name = "s", .value = "hidden", .secret = true}};
    static const struct executor_hooks veiled = {.secrets = secret, .secret_count = 1};
    struct ledger *l = ready_in("UTF8");
    int number = 0;
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        for (int shift = 0; shift < 4; shift++)
            for (int way = 0; way < 2; way++) {
                char id[16], sql[200];
                hooks = way ? &veiled : NULL;
                snprintf(id, sizeof id, "q%d", ++number);
                snprintf(sql, sizeof sql,
                         "DO $$ BEGIN RAISE EXCEPTION '%%', repeat('x', %d) || repeat('%s', 3000); END $$", shift,
                         letters[i]);
                EXPECT(l, up(id, id, sql), OUTCOME_FAILED);
                cr_assert_str_eq(last.outcome.sqlstate, "P0001");
                must_read_back(l);
            }
    VALUE("SELECT count(*) FROM greylag.history WHERE message LIKE '%xxx...' OR message LIKE '%é...' OR message LIKE "
          "'%€...' OR message LIKE '%😀...'", "32");
    ledger_close(l);
}

/* The file decides in which encoding the server speaks; what greylag writes afterwards is its own again. */
Test(executor_recorded, a_file_that_sets_client_encoding)
{
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct ledger *l = ready_in(encodings[i]);
        bool converts = strcmp(encodings[i], "SQL_ASCII") != 0 && strcmp(encodings[i], "EUC_JP") != 0;
        struct job_request r = up("q1", "1", "SET client_encoding = 'LATIN1';\n"
                                             "DO $$ BEGIN RAISE EXCEPTION 'Gr % %', chr(252), 1; END $$");
        if (!converts)
            r.sql = "SET client_encoding = 'SQL_ASCII';\nSELECT 1/0";
        EXPECT(l, r, OUTCOME_FAILED);
        must_read_back(l);
        r.request = "q2";
        r.no_transaction = true; /* where it lasts */
        EXPECT(l, r, OUTCOME_FAILED);
        must_read_back(l);
        cr_assert_str_eq(pg_parameter(ledger_session(l), "client_encoding"), "UTF8");
        ledger_close(l);
    }
}

/* What a server cannot hold is refused by it, and greylag can say so. */
Test(executor_recorded, what_the_database_cannot_hold)
{
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        bool all = i < 2;
        struct ledger *l = ready_in(encodings[i]);
        EXPECT(l, up("q1", "1", "CREATE TABLE \"a€😀\" ()"), all ? OUTCOME_APPLIED : OUTCOME_FAILED);
        must_read_back(l);
        struct job_request r = up("q2", "2", "SELECT ${größe😀}");
        r.placeholders = true;
        EXPECT(l, r, OUTCOME_FAILED);
        must_read_back(l);
        cr_assert(strstr(last.outcome.message, all ? "größe😀" : "gr\\u00f6\\u00dfe\\U0001f600"), "%s",
                  last.outcome.message);
        r.request = "q3";
        r.no_transaction = true;
        EXPECT(l, r, OUTCOME_FAILED);
        must_read_back(l);
        ledger_close(l);
    }
}

/* The id of a migration is that of its file's name: found again under it, whatever the database can hold. */
Test(executor_recorded, ids_come_back_as_they_were)
{
    static const char *const ids[] = {"R__größe", "R__€", "R__😀\\x", "R__\\u20ac", "R__plain"};
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct ledger *l = ready_in(encodings[i]);
        struct err err = ERR_INIT;
        for (size_t k = 0; k < COUNT_OF(ids); k++) {
            char requests[3][16];
            for (int n = 0; n < 3; n++)
                snprintf(requests[n], sizeof requests[n], "q%zu.%d", k, n);
            EXPECT(l, up(requests[0], ids[k], "SELECT 1/0"), OUTCOME_FAILED);
            must_read_back(l);
            EXPECT(l, up(requests[1], ids[k], "SELECT 1"), OUTCOME_APPLIED);
            must_read_back(l);
            EXPECT(l, up(requests[2], ids[k], "SELECT 1"), OUTCOME_ALREADY);
            struct ledger_effect effect;
            cr_assert(ledger_effect(l, ids[k], &arena, &effect, &err), "%s", err.text);
            cr_assert_str_eq(effect.request, requests[1]);
        }
        const struct applied *applied;
        size_t count;
        char digest[DIGEST_TEXT_SIZE];
        cr_assert(ledger_inventory(l, &arena, &applied, &count, digest, &err), "%s", err.text);
        cr_assert_eq(count, COUNT_OF(ids));
        for (size_t k = 0; k < count; k++)
            cr_assert_str_eq(applied[k].migration, ids[k]);
        EXPECT(l, down("d", ids[1], "q1.1", "SELECT 2"), OUTCOME_APPLIED);
        ledger_close(l);
    }
}

/* From the first attempt, with every pause. */
Test(executor_recorded, a_failure_took_as_long_as_all_attempts)
{
    struct ledger *l = ready_in("UTF8");
    test_pg_run(database, "CREATE TABLE a (x int)");
    PGconn *other = PQconnectdb(database);
    PQclear(PQexec(other, "BEGIN; LOCK a"));
    struct executor_hooks quick = {.retry_first_ms = 10, .retry_max_ms = 20};
    hooks = &quick;
    for (int outside = 0; outside < 2; outside++) {
        struct job_request r = up(outside ? "q2" : "q1", outside ? "2" : "1", "ALTER TABLE a ADD y int");
        r.lock_timeout_ms = 50;
        r.retries = 3;
        r.no_transaction = outside;
        EXPECT(l, r, OUTCOME_FAILED);
        int64_t took_ms = (last.outcome.finished_us - last.outcome.started_us) / 1000;
        cr_assert(last.outcome.attempt == 4 && took_ms >= 200, "%lld attempts, %lld ms",
                  (long long)last.outcome.attempt, (long long)took_ms);
    }
    PQfinish(other);
    ledger_close(l);
}

/* What the server says beside an error: whole, and never secret. */
Test(executor_recorded, what_the_server_said_of_an_error)
{
    static const struct placeholder secret[] = {{.name = "s", .value = "hidden-value", .secret = true}};
    static const struct executor_hooks veiled = {.secrets = secret, .secret_count = 1};
    static const struct placeholder planned[] = {{.name = "s", .value = "", .secret = true}};
    hooks = &veiled;
    frame.placeholders = planned;
    frame.placeholder_count = COUNT_OF(planned);
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct ledger *l = ready_in(encodings[i]);
        test_pg_run(database, "CREATE TABLE a (x text CONSTRAINT one PRIMARY KEY)");
        test_pg_run(database, "CREATE VIEW v AS SELECT * FROM a");
        struct job_request r = up("q1", "1", "INSERT INTO a VALUES ('${s}');\nINSERT INTO a VALUES ('${s}')");
        r.placeholders = true;
        for (int outside = 0; outside < 2; outside++) {
            r.no_transaction = outside;
            r.request = outside ? "q2" : "q1";
            EXPECT(l, r, OUTCOME_FAILED);
            const struct server_said *said = &last.outcome.said;
            cr_assert(strstr(said->detail, "***") && !strstr(said->detail, "hidden"), "%s", said->detail);
            cr_assert(strcmp(said->table, "a") == 0 && strcmp(said->constraint, "one") == 0 &&
                      strcmp(said->schema, "public") == 0, "%s %s", said->table, said->constraint);
            must_read_back(l);
        }
        EXPECT(l, up("q3", "3", "DROP TABLE a"), OUTCOME_FAILED);
        cr_assert(strstr(last.outcome.said.detail, "view v depends on table a"), "%s", last.outcome.said.detail);
        cr_assert(strstr(last.outcome.said.hint, "DROP ... CASCADE"), "%s", last.outcome.said.hint);
        must_read_back(l);
        EXPECT(l, up("q4", "4", "DO $$\nBEGIN\n  PERFORM 1/0;\nEND $$"), OUTCOME_FAILED);
        cr_assert(strstr(last.outcome.said.context, "line 3 at PERFORM"), "%s", last.outcome.said.context);
        must_read_back(l);
        ledger_close(l);
    }
}

/* What it says of its own accord stands with the step that took effect as with the one that failed. */
Test(executor_recorded, notices_are_kept)
{
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct ledger *l = ready_in(encodings[i]);
        for (int outside = 0; outside < 2; outside++) {
            char id[8];
            snprintf(id, sizeof id, "q%d", outside);
            struct job_request r = up(id, id, "DO $$ BEGIN RAISE WARNING '% accounts', 3; END $$;\n"
                                              "DO $$ BEGIN RAISE NOTICE 'two\nlines' USING HINT = 'look'; END $$;\n"
                                              "DROP TABLE IF EXISTS nothing");
            r.no_transaction = outside;
            EXPECT(l, r, OUTCOME_APPLIED);
            cr_assert_str_eq(last.outcome.said.notices,
                             "WARNING: 3 accounts\nNOTICE: two\n    lines\n  HINT: look\n"
                             "NOTICE: table \"nothing\" does not exist, skipping\n", "%s", last.outcome.said.notices);
            must_read_back(l);
        }
        EXPECT(l, up("q3", "3", "DO $$ BEGIN RAISE INFO 'before'; END $$; SELECT 1/0"), OUTCOME_FAILED);
        cr_assert_str_eq(last.outcome.said.notices, "INFO: before\n");
        must_read_back(l);
        EXPECT(l, up("q4", "4", "SELECT 1"), OUTCOME_APPLIED);
        cr_assert_str_eq(last.outcome.said.notices, "", "of the step before");
        ledger_close(l);
    }
}

/* However much there is. */
Test(executor_recorded, notices_are_bounded)
{
    struct ledger *l = ready_in("UTF8");
    EXPECT(l, up("q1", "1", "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE NOTICE '%', i; END LOOP; END $$"),
           OUTCOME_APPLIED);
    cr_assert(text_starts(last.outcome.said.notices, "NOTICE: 1\nNOTICE: 2\n"));
    cr_assert(text_ends(last.outcome.said.notices, "NOTICE: 50\nand 950 more\n"), "%s", last.outcome.said.notices);
    must_read_back(l);
    EXPECT(l, up("q2", "2", "DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE '%', repeat('é', 100000); END LOOP; END $$"),
           OUTCOME_APPLIED);
    cr_assert_lt(strlen(last.outcome.said.notices), 8000);
    cr_assert(strstr(last.outcome.said.notices, " more\n"));
    must_read_back(l);
    ledger_close(l);
}

static int statements;

static void count(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    (void)context, (void)duration_us, (void)tag;
    printf("%.80s\n", statement);
    statements++;
}

/* Who says nothing pays nothing. */
Test(executor_recorded, a_silent_step_is_one_round_trip)
{
    struct ledger *l = ready_in("UTF8");
    pg_set_trace(ledger_session(l), count, NULL);
    EXPECT(l, up("q1", "1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    cr_assert_eq(statements, 1);
    EXPECT(l, up("q2", "2", "DROP TABLE IF EXISTS b"), OUTCOME_APPLIED);
    cr_assert_eq(statements, 3);
    ledger_close(l);
}

/* The file's lines, whatever stands around the text in it. */
Test(executor_recorded, lines_are_those_of_the_file)
{
    static const int64_t lines[] = {1, 11, 3, 20};
    struct ledger *l = ready_in("UTF8");
    struct job_request r = up("q1", "1", "SELECT 1;\nSELECT 2;\nSELECT 1/0;\nSELECT 3");
    r.lines = lines;
    r.line_count = COUNT_OF(lines);
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 20);
    r.request = "q2";
    r.sql = "SELECT 1;\nSELECT nothing;\nSELECT 1;";
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 12);
    r.request = "q3";
    r.sql = "CREATE TABLE a (x int);\n\n\nSELECT 1/0";
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 21);
    cr_assert(strstr(last.outcome.left, "before line 21"), "%s", last.outcome.left);
    r.request = "q4";
    r.sql = "SELECT 1;\n\nSELECT ${nothing}";
    r.placeholders = true;
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 20);
    ledger_close(l);
}
