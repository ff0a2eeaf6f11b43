/* One session for many files: what one leaves does not reach the next, and greylag's own records do not depend on it.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <poll.h>
#include <unistd.h>

TestSuite(executor_session, .init = start, .fini = stop_server, .timeout = 120);

static bool session_is(struct ledger *l, const char *sql, const char *wanted)
{
    auto_pgresult PGresult *result = NULL;
    struct err err = ERR_INIT;
    cr_assert(pg_run(ledger_session(l), sql, &result, NULL, &err), "%s: %s", sql, err.text);
    const char *is = PQntuples(result) ? pg_text(result, 0, 0) : "no row";
    if (strcmp(is, wanted) != 0)
        printf("%s: \"%s\", not \"%s\"\n", sql, is, wanted);
    return strcmp(is, wanted) == 0;
}

/* What a session can hold, put there where no parser sees it; the question, and its answer in a session as new. */
static const struct {
    const char *sql, *question, *as_new;
} held[] = {
    {"DO $$ BEGIN SET session_replication_role = replica; END $$", "SHOW session_replication_role", "origin"},
    {"DO $$ BEGIN PERFORM set_config('search_path', 'pg_catalog', false); END $$", "SHOW search_path",
     "\"$user\", public"},
    {"SELECT sets()", "SHOW work_mem", "4MB"},
    {"SELECT sets()", "SELECT coalesce(current_setting('app.tenant', true), '')", ""},
    {"SELECT takes()", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", "1"},
    {"SELECT pg_advisory_lock_shared(1, 2)",
     "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()", "1"},
    {"DO $$ BEGIN CREATE TEMP TABLE orders (id int); END $$", "SELECT to_regclass('pg_temp.orders') IS NULL", "t"},
    {"DO $$ BEGIN CREATE TEMP VIEW orders_view AS SELECT 1; END $$",
     "SELECT to_regclass('pg_temp.orders_view') IS NULL", "t"},
    {"DO $$ BEGIN CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; END $$",
     "SELECT to_regproc('pg_temp.f') IS NULL", "t"},
    {"DO $$ BEGIN EXECUTE 'PREPARE find AS SELECT 1'; END $$",
     "SELECT count(*) FROM pg_prepared_statements WHERE from_sql", "0"},
    {"DO $$ BEGIN EXECUTE 'DECLARE c CURSOR WITH HOLD FOR SELECT 1'; END $$", "SELECT count(*) FROM pg_cursors", "0"},
    {"DO $$ BEGIN EXECUTE 'LISTEN news'; END $$", "SELECT count(*) FROM pg_listening_channels()", "0"},
    {"DO $$ BEGIN EXECUTE 'SET ROLE pg_monitor'; END $$", "SELECT current_user", "postgres"},
    {"DO $$ BEGIN EXECUTE 'SET SESSION AUTHORIZATION pg_monitor'; END $$", "SELECT session_user", "postgres"},
    {"DO $$ BEGIN SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE; END $$",
     "SHOW transaction_isolation", "read committed"},
    {"DO $$ BEGIN SET default_transaction_read_only = on; END $$", "SHOW transaction_read_only", "off"},
    {"SELECT nextval('numbers')", "DO $$ BEGIN PERFORM currval('numbers'); RAISE 'it is there'; EXCEPTION WHEN "
                                  "object_not_in_prerequisite_state THEN NULL; END $$; SELECT 'gone'", "gone"},
    {"SELECT pg_replication_origin_session_setup('backfill')", "SELECT pg_replication_origin_session_is_setup()", "f"},
    {"SELECT pg_create_physical_replication_slot('held', true, true)",
     "SELECT count(*) FROM pg_replication_slots", "0"},
};

static void prepare(void)
{
    test_pg_run(database, "CREATE SEQUENCE numbers; SELECT pg_replication_origin_create('backfill');"
                          "CREATE FUNCTION sets() RETURNS text LANGUAGE sql AS $$ SELECT set_config('work_mem', '1MB', "
                          "false) || set_config('app.tenant', 'x', false) $$;"
                          "CREATE FUNCTION takes() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM "
                          "pg_advisory_lock(4711), pg_advisory_lock(4711); RETURN true; END $$");
}

static const char *targets_locks =
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())";

static void nothing_stays(struct ledger *l, const char *behind, bool no_transaction, enum outcome_kind kind)
{
    char text[512], id[32];
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        snprintf(text, sizeof text, "%s%s", held[i].sql, behind);
        snprintf(id, sizeof id, "q%zu-%d-%d", i, kind, no_transaction);
        struct job_request r = up(id, id, text);
        r.no_transaction = no_transaction;
        EXPECT(l, r, kind);
        cr_assert(session_is(l, held[i].question, held[i].as_new), "after %s", text);
        VALUE(targets_locks, "1"); /* greylag's own is held on */
    }
}

Test(executor_session, nothing_of_a_step_stays)
{
    struct ledger *l = ready(1);
    prepare();
    nothing_stays(l, "", false, OUTCOME_APPLIED);
    nothing_stays(l, ";\nSELECT 1/0", false, OUTCOME_FAILED);
    nothing_stays(l, "", true, OUTCOME_APPLIED);
    nothing_stays(l, ";\nSELECT 1/0", true, OUTCOME_FAILED);
    ledger_close(l);
}

#define CONNECT                                                                                                        \
    "'host=127.0.0.1 user=postgres dbname=' || current_database() || ' port=' || current_setting('port')"

/* Connections of dblink, with a name and without, also of a function that is there: what they lock is let go. */
Test(executor_session, no_connection_of_dblink_stays)
{
    auto_free char *there = test_pg_value(database, "SELECT count(*) FROM pg_available_extensions "
                                                    "WHERE name = 'dblink'");
    if (*there == '0')
        cr_skip("this server has no dblink");
    test_pg_run(database, "CREATE TABLE locked (x int)");
    struct ledger *l = ready(1);
    static const char *const texts[] = {
        "CREATE SCHEMA IF NOT EXISTS \"L s\"; CREATE EXTENSION IF NOT EXISTS dblink SCHEMA \"L s\";"
        "SELECT dblink_connect('c', " CONNECT "); SELECT dblink_exec('c', 'BEGIN; LOCK TABLE locked')",
        "SELECT dblink_connect(" CONNECT "); SELECT dblink_exec('BEGIN; LOCK TABLE locked')",
        "SELECT locks()"};
    for (size_t i = 0; i < 6; i++) {
        const char *id = arena_printf(&arena, "q%zu", i);
        struct job_request r = up(id, id, arena_printf(&arena, "SET search_path = public, \"L s\"; %s", texts[i / 2]));
        r.no_transaction = i % 2;
        EXPECT(l, r, OUTCOME_APPLIED);
        await_value("SELECT count(*) FROM pg_locks WHERE relation = 'locked'::regclass", "0");
        VALUE(targets_locks, "1");
        if (i != 3)
            continue;
        ledger_close(l); /* nobody remembers that a text has named it */
        test_pg_run(database, "CREATE FUNCTION locks() RETURNS text LANGUAGE sql AS $$ SELECT "
                              "\"L s\".dblink_connect(" CONNECT ");"
                              "SELECT \"L s\".dblink_exec('BEGIN; LOCK TABLE locked') $$");
        l = ready((int64_t)i);
    }
    ledger_close(l);
}

Test(executor_session, what_greylag_relies_on_stays)
{
    struct ledger *l = ready(1);
    EXPECT(l, up("q1", "1", "SET synchronous_commit = off"), OUTCOME_APPLIED);
    if (is_since(14, "client_connection_check_interval")) {
        EXPECT(l, up("q2", "2", "SET client_connection_check_interval = 0"), OUTCOME_APPLIED);
        cr_assert(session_is(l, "SHOW client_connection_check_interval", "500ms"));
    }
    cr_assert(session_is(l, "SHOW synchronous_commit", "on"));
    cr_assert(session_is(l, "SELECT count(*) > 0 FROM pg_prepared_statements WHERE NOT from_sql", "t"));
    ledger_close(l);
}

/* What is in force when the step commits. */
static void commits_with(struct ledger *l, const char *id, const char *sets, bool no_transaction, const char *wanted)
{
    char text[512];
    test_pg_run(database, "DROP TABLE IF EXISTS seen; CREATE TABLE seen (at serial, v text)");
    snprintf(text, sizeof text, "%s; SELECT 1", sets);
    struct job_request r = up(id, id, text);
    r.no_transaction = no_transaction;
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT v FROM seen ORDER BY at DESC LIMIT 1", wanted);
}

static void see_commits(void)
{
    test_pg_run(database, "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                          "INSERT INTO public.seen (v) VALUES (current_setting('synchronous_commit')); "
                          "RETURN NULL; END $$;"
                          "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON greylag.history DEFERRABLE INITIALLY DEFERRED "
                          "FOR EACH ROW EXECUTE FUNCTION see()");
}

Test(executor_session, an_acknowledged_step_is_on_disk_whatever_its_file_says)
{
    struct ledger *l = ready(1);
    see_commits();
    commits_with(l, "q1", "SET LOCAL synchronous_commit = off", false, "on");
    commits_with(l, "q2", "SET synchronous_commit = off", false, "on");
    commits_with(l, "q3", "DO $$ BEGIN PERFORM set_config('synchronous_commit', 'off', false); END $$", false, "on");
    commits_with(l, "q4", "SET synchronous_commit = off", true, "on");
    commits_with(l, "q5", "SET synchronous_commit = local", false, "on");
    ledger_close(l);
    test_pg_run(database, "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || "
                          "' SET synchronous_commit = off'; END $$");
    l = ready(2);
    commits_with(l, "q6", "SELECT 1", false, "on");
    commits_with(l, "q7", "RESET synchronous_commit", true, "on");
    ledger_close(l);
}

static void server_commits(const char *change, const char *value)
{
    test_pg_run(database, change);
    test_pg_run(database, "SELECT pg_reload_conf()");
    await_value("SHOW synchronous_commit", value);
}

/* The server's own setting changes while the worker's session lives: by a file, or by whoever looks after it. */
Test(executor_session, an_acknowledged_step_is_on_disk_whatever_the_server_says_since)
{
    test_pg_stop(server);
    server = test_pg_start_private(NULL);
    database = test_pg_database(server, "target");
    struct ledger *l = ready(1);
    see_commits();
    commits_with(l, "q1", "ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf(); SELECT pg_sleep(0.2)",
                 true, "on");
    await_value("SHOW synchronous_commit", "off");
    commits_with(l, "q2", "SELECT 2", false, "on");
    commits_with(l, "q3", "SELECT 3", true, "on");
    EXPECT(l, up("q4", "4", "SELECT 1/0"), OUTCOME_FAILED);
    VALUE("SELECT v FROM seen ORDER BY at DESC LIMIT 1", "on");
    test_pg_run(database, "CREATE CONSTRAINT TRIGGER f AFTER UPDATE ON greylag.fence DEFERRABLE INITIALLY DEFERRED "
                          "FOR EACH ROW EXECUTE FUNCTION see(); DELETE FROM seen");
    cr_assert_eq(raise_to(l, 1, TERM_A, 2, "e", 0), REFUSAL_COUNT);
    VALUE("SELECT v FROM seen", "on");
    server_commits("ALTER SYSTEM SET synchronous_commit = local", "local");
    commits_with(l, "q5", "SELECT 5", false, "local");
    ledger_close(l);
}

/* ---- roles ---- */

/* A login role that acts as another, which alone may do anything: as people keep objects in one owner's hands. */
static const char *other_role(char login[64], const char *options)
{
    char sql[1024], owner[64];
    snprintf(login, 64, "greylag_test_login_%d", (int)getpid());
    snprintf(owner, sizeof owner, "greylag_test_owner_%d", (int)getpid());
    snprintf(sql, sizeof sql,
             "CREATE ROLE %s; CREATE ROLE %s LOGIN NOINHERIT IN ROLE %s; GRANT CREATE ON SCHEMA public TO %s; "
             "DO $$ BEGIN EXECUTE 'GRANT CREATE ON DATABASE ' || current_database() || ' TO %s'; END $$; "
             "ALTER ROLE %s SET role = %s", owner, login, owner, owner, owner, login,
             options ? "none" : owner);
    test_pg_run(database, sql);
    char *as_login = test_pg_conninfo_with(database, "user", login), *given = NULL;
    if (options) {
        snprintf(sql, sizeof sql, "-c role=%s", owner);
        given = test_pg_conninfo_with(as_login, "options", sql);
    }
    const char *kept = arena_strdup(&arena, given ? given : as_login);
    free(as_login);
    free(given);
    return kept;
}

static void drop_roles(const char *admin)
{
    char sql[512];
    for (int i = 0; i < 2; i++) {
        snprintf(sql, sizeof sql, "DROP OWNED BY greylag_test_%s_%d CASCADE; DROP ROLE greylag_test_%s_%d",
                 i ? "owner" : "login", (int)getpid(), i ? "owner" : "login", (int)getpid());
        test_pg_run(admin, sql);
    }
}

static void works_as_another_role(const char *options)
{
    const char *admin = database;
    char login[64], owner[64];
    database = other_role(login, options);
    snprintf(owner, sizeof owner, "greylag_test_owner_%d", (int)getpid());
    struct ledger *l = ready(1);
    cr_assert(session_is(l, "SELECT current_user", owner));
    EXPECT(l, up("q1", "1", "CREATE TABLE t (x int)"), OUTCOME_APPLIED);
    VALUE("SELECT tableowner FROM pg_tables WHERE tablename = 't'", owner);
    VALUE("SELECT (backend_start IS NOT NULL)::text || (pid > 0) FROM greylag.lease", "truetrue");
    cr_assert(session_is(l, "SELECT current_user", owner));
    EXPECT(l, up("q2", "2", "SET ROLE NONE; SELECT 1"), OUTCOME_APPLIED);
    struct job_request r = up("q3", "3", "SET ROLE NONE; SELECT 1; SELECT 2");
    r.no_transaction = true;
    EXPECT(l, r, OUTCOME_APPLIED);
    cr_assert(session_is(l, "SELECT current_user", owner));
    test_pg_run(admin, "UPDATE greylag.lease SET expires = now() - interval '1 min'"); /* it froze */
    struct ledger *successor = open_as("auth", "worker-b", 0);
    lock(successor);
    for (int64_t until = clock_mono_ms() + 5000; ledger_connected(l) && clock_mono_ms() < until;)
        poll(NULL, 0, 5); /* its server has ended; the news is on its way */
    cr_assert(!ledger_connected(l));
    ledger_close(successor);
    ledger_close(l);
    database = admin;
    drop_roles(admin);
}

Test(executor_session, a_login_whose_default_is_another_role)
{
    works_as_another_role(NULL);
}

Test(executor_session, a_connection_that_asks_for_another_role)
{
    works_as_another_role("-c role");
}
