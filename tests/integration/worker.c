/* links: harness bus proto crypto proc base */
/* The real worker between an embedded broker and a real PostgreSQL. */
#include "worker_fixture.h"

TestSuite(worker, .init = set_up, .fini = tear_down, .timeout = 180);

static const enum outcome_kind applied[] = {OUTCOME_APPLIED, OUTCOME_APPLIED, OUTCOME_APPLIED};

Test(worker, applies_and_answers_a_redelivery_without_running_it)
{
    static const char *const names[] = {"r1", "r2", "r3"};
    struct job_request requests[] = {up("r1", "CREATE TABLE a (n int);"), up("r2", "INSERT INTO a VALUES (1) -- x"),
                                     up("r3", "ALTER TABLE a ADD m text")};
    start_worker();
    send_job(1, requests, 3);
    struct report report = report_of(REPORT_FINISHED, 1);
    expect(&report, names, applied, 3);
    cr_assert_eq(report.in_force.sequence, 1);
    expect_value("SELECT count(*) FROM a", "1");
    send_job(2, requests, 3); /* a resend: another sequence, the same requests */
    report = report_of(REPORT_FINISHED, 2);
    expect(&report, names, applied, 3);
    cr_assert_eq(report.outcomes[0].sequence, 1, "as it was recorded");
    expect_value("SELECT count(*) FROM a", "1");
}

Test(worker, a_failed_step_ends_the_job_and_stays_failed)
{
    static const char *const names[] = {"r1", "r2"};
    static const enum outcome_kind kinds[] = {OUTCOME_APPLIED, OUTCOME_FAILED};
    struct job_request requests[] = {up("r1", "CREATE TABLE a (n int)"),
                                     up("r2", "SELECT 1 / (SELECT count(*) FROM a)"),
                                     up("r3", "CREATE TABLE never ()")};
    start_worker();
    send_job(1, requests, 3);
    struct report report = report_of(REPORT_FINISHED, 1);
    expect(&report, names, kinds, 2);
    cr_assert_str_eq(report.outcomes[1].sqlstate, "22012");
    cr_assert(report.outcomes[1].message[0]);
    test_pg_run(database, "INSERT INTO a VALUES (1)"); /* now it would succeed */
    send_job(2, requests, 3);
    report = report_of(REPORT_FINISHED, 2);
    expect(&report, names, kinds, 2);
    expect_value("SELECT to_regclass('never') IS NULL", "t");
}

Test(worker, what_it_does_not_trust_is_neither_run_nor_answered)
{
    struct job_request good = up("r1", "CREATE TABLE a ()"), evil = up("r9", "CREATE TABLE evil ()");
    struct job forged = job_of(1, &evil, 1), misled = job_of(2, &evil, 1), damaged = job_of(3, &evil, 1);
    start_worker();
    send_job_by(&foreign_key, &forged);
    cr_assert(bus_producer_send(out, jobs_topic, BUS_BY_KEY, "main", "{\"payload\":", 11, NULL, 0, 0, &err));
    misled.audience.target = "other";
    send_job_by(&coordinator_key, &misled);
    evil.checksum = digest_of("something else");
    send_job_by(&coordinator_key, &damaged);
    struct report report;
    cr_assert(next_report(LIMIT_MS, &report, NULL));
    cr_assert(report.kind == REPORT_REFUSED && report.refusal == REFUSAL_CHECKSUM, "the first report is %s %s",
              report_kind_text(report.kind), refusal_text(report.refusal));
    send_job(4, &good, 1);
    report = report_of(REPORT_FINISHED, 4);
    expect_value("SELECT to_regclass('evil') IS NULL", "t");
    expect_value("SELECT to_regclass('a') IS NULL", "f");
}

Test(worker, a_fence_is_answered_and_what_came_before_it_is_stale)
{
    struct job_request first = up("r1", "CREATE TABLE a ()"), late = up("r2", "CREATE TABLE late ()");
    static const char *const names[] = {"r1"};
    start_worker();
    send_job(1, &first, 1);
    report_of(REPORT_FINISHED, 1);
    send_control(CONTROL_FENCE, 5, NULL, 0);
    struct report report = report_of(REPORT_FENCED, 5);
    expect(&report, names, applied, 1);
    cr_assert_eq(report.in_force.sequence, 5);
    send_job(4, &late, 1);
    report = report_of(REPORT_REFUSED, 4);
    cr_assert_eq(report.refusal, REFUSAL_STALE);
    cr_assert_eq(report.in_force.sequence, 5);
    expect_value("SELECT to_regclass('late') IS NULL", "t");
    send_control(CONTROL_FENCE, 5, NULL, 0); /* repeated, signed anew: answered again */
    report_of(REPORT_FENCED, 5);
    send_job(6, &late, 1);
    report_of(REPORT_FINISHED, 6);
}

Test(worker, a_fence_cancels_what_does_not_end)
{
    static const char *const names[] = {"r1"};
    struct job_request requests[] = {up("r1", "CREATE TABLE a ()"), up("r2", "SELECT pg_sleep(100)"),
                                     up("r3", "CREATE TABLE never ()")};
    start_worker();
    send_job(1, requests, 3);
    wait_for_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND state = 'active' AND "
                   "datname = current_database() AND "
                   "pid <> pg_backend_pid()", "1");
    int64_t began = clock_mono_ms();
    send_control(CONTROL_FENCE, 2, NULL, 0);
    struct report report = report_of(REPORT_FENCED, 2);
    expect(&report, names, applied, 1);
    cr_assert_lt(clock_mono_ms() - began, 20000);
    expect_value("SELECT to_regclass('never') IS NULL", "t");
}

/* A step that runs until the test ends its gate: the session that has the lock. */
#define BEHIND_GATE "CREATE SEQUENCE IF NOT EXISTS tries; SET LOCAL lock_timeout = 0; SELECT nextval('tries'), " \
                    "pg_advisory_xact_lock(7)"

static PGconn *close_gate(void)
{
    PGconn *gate = PQconnectdb(database);
    PGresult *locked = PQexec(gate, "SELECT pg_advisory_lock(7)");
    cr_assert_eq(PQresultStatus(locked), PGRES_TUPLES_OK, "%s", PQerrorMessage(gate));
    PQclear(locked);
    return gate;
}

static void wait_for_gate(void)
{
    wait_for_value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
                   "(SELECT oid FROM pg_database WHERE datname = current_database())", "1");
}

/* It has read what was sent before: it says so of what nobody may send. */
static void wait_until_read(void)
{
    publish(control_topic, &foreign_key, MESSAGE_CONTROL, xstrdup("{}"), 2);
    wait_for_log("quarantine: ");
}

/* As after a change of leaders: what runs ends, and nothing behind it begins. */
Test(worker, a_patient_fence_comes_into_force_at_the_border_of_a_step)
{
    static const char *const names[] = {"r1"};
    struct job_request requests[] = {up("r1", BEHIND_GATE), up("r2", "CREATE TABLE never ()")};
    PGconn *gate = close_gate();
    start_worker_logged(NULL);
    send_job(1, requests, 2);
    wait_for_gate();
    send_order((struct control){.kind = CONTROL_FENCE, .patient = true}, 2);
    wait_until_read();
    PQfinish(gate);
    struct report report = report_of(REPORT_FENCED, 2);
    expect(&report, names, applied, 1);
    expect_value("SELECT to_regclass('never') IS NULL", "t");
}

/* A repeat that was on its way when the first one was answered, or one that somebody put there again. */
Test(worker, a_fence_that_is_older_than_what_runs_cuts_nothing)
{
    struct job_request first = up("r0", "CREATE SEQUENCE tries");
    struct job_request requests[] = {up("r1", BEHIND_GATE), up("r2", "CREATE TABLE a ()")};
    PGconn *gate = close_gate();
    start_worker_logged(NULL);
    send_job(1, &first, 1);
    report_of(REPORT_FINISHED, 1); /* it reads what is asked by now: control is read from its end */
    send_control(CONTROL_FENCE, 4, NULL, 0);
    report_of(REPORT_FENCED, 4);
    send_job(5, requests, 2);
    wait_for_gate();
    send_control(CONTROL_FENCE, 4, NULL, 0);
    send_control(CONTROL_FENCE, 3, NULL, 0);
    wait_until_read();
    PQfinish(gate);
    cr_assert_eq(report_of(REPORT_FINISHED, 5).outcome_count, 2u);
    expect_value("SELECT last_value FROM tries", "1");
    send_control(CONTROL_FENCE, 4, NULL, 0);
    report_of(REPORT_REFUSED, 4);
}

/* Half of it stays: a person has to know of it when the release goes back; when it goes on, so does the step. */
Test(worker, a_fence_tells_what_a_step_outside_a_transaction_has_left)
{
    struct job_request requests[] = {up("rel-1.0.1", "CREATE TABLE a (n int)"),
                                     up("rel-1.1.1", "CREATE INDEX CONCURRENTLY a_n ON a (n); SELECT pg_sleep(100)")};
    start_worker();
    send_job(1, requests, 2);
    wait_for_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND state = 'active' AND "
                   "datname = current_database() AND pid <> pg_backend_pid()", "1");
    send_control(CONTROL_FENCE, 2, NULL, 0);
    struct report report = report_of(REPORT_FENCED, 2);
    cr_assert_eq(report.outcome_count, 1);
    cr_assert_str_eq(report.message, "of request rel-1.1.1 1 statement outside a transaction took effect and stays");
    expect_value("SELECT to_regclass('a_n') IS NULL", "f");
}

/* What a release did here travels in one message, whatever the server said meanwhile. */
Test(worker, a_fence_is_answered_in_one_message_that_can_be_read)
{
    struct job_request requests[] = {up("r1", "DO $$ BEGIN RAISE NOTICE 'made'; END $$"),
                                     up("r2", "SELECT 1/0")};
    start_worker();
    send_job(1, requests, 2);
    report_of(REPORT_FINISHED, 1);
    send_control(CONTROL_FENCE, 2, NULL, 0);
    struct report report = report_of(REPORT_FENCED, 2);
    cr_assert_eq(report.outcome_count, 2);
    cr_assert(strstr(report.outcomes[0].said.notices, "made"), "%s", report.outcomes[0].said.notices);
    test_pg_run(database, "UPDATE greylag.history SET said = replace(said, 'made', repeat('made', 300000))");
    send_control(CONTROL_FENCE, 3, NULL, 0);
    report = report_of(REPORT_FENCED, 3);
    cr_assert_eq(report.outcome_count, 2);
    cr_assert_str_empty(report.outcomes[0].said.notices);
    cr_assert_str_eq(report.outcomes[1].sqlstate, "22012");
}

Test(worker, killed_in_the_middle_it_goes_on_where_it_was)
{
    static const char *const names[] = {"r1", "r2", "r3"};
    struct job_request requests[] = {
        up("r1", "CREATE TABLE a (n int)"),
        up("r2", "INSERT INTO a VALUES (1); SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM pg_class WHERE relname = "
                 "'go') THEN 0 ELSE 100 END)"),
        up("r3", "INSERT INTO a VALUES (2)")};
    start_worker();
    send_job(1, requests, 3);
    wait_for_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO a%' AND state = 'active' AND "
                   "datname = current_database() AND "
                   "pid <> pg_backend_pid()", "1");
    child_stop(&worker, SIGKILL, 0);
    test_pg_run(database, "CREATE TABLE go ()");
    start_worker();
    struct report report = report_of(REPORT_FINISHED, 1);
    expect(&report, names, applied, 3);
    expect_value("SELECT string_agg(n::text, ',' ORDER BY n) FROM a", "1,2");
}

Test(worker, outcomes_are_sent_again_until_they_are_acknowledged)
{
    struct job_request request = up("r1", "CREATE TABLE a ()");
    start_worker();
    send_job(1, &request, 1);
    struct report report = report_of(REPORT_FINISHED, 1);
    int64_t position = report.outcomes[0].position;
    report = report_of(REPORT_FINISHED, 1); /* by itself, after some seconds */
    child_stop(&worker, 0, 10000);
    start_worker(); /* the ledger remembers */
    report = report_of(REPORT_OUTCOMES, 1);
    cr_assert_eq(report.outcomes[0].position, position);
    bool heard = false;
    for (int tries = 0; !heard && tries < 30; tries++) { /* again and again, as the coordinator does: who has just
                                                          * started */
        send_control(CONTROL_ACKNOWLEDGE, 0, &position, 1); /* may not listen yet */
        heard = value_comes("SELECT count(*) FROM greylag.acknowledged WHERE through >= 1", "1", 2000);
    }
    cr_assert(heard, "no acknowledgement is recorded");
}

Test(worker, history_that_is_over_goes)
{
    struct job_request bad = up("r1", "SELECT 1/0"), good = up("r2", "CREATE TABLE a ()");
    start_worker();
    send_job(1, &bad, 1);
    report_of(REPORT_FINISHED, 1);
    send_job(2, &good, 1);
    struct report report = report_of(REPORT_FINISHED, 2);
    int64_t positions[] = {report.outcomes[0].position - 1, report.outcomes[0].position};
    send_control(CONTROL_ACKNOWLEDGE, 2, positions, 2);
    wait_for_value("SELECT count(*) FROM greylag.acknowledged WHERE through > 1", "1");
    child_stop(&worker, SIGTERM, 20000);
    test_pg_run(database, "UPDATE greylag.history SET release = request"); /* all of the newest one stays */
    more_config = "retention: 1ms\n";
    write_config();
    start_worker();
    wait_for_value("SELECT string_agg(request, ' ') FROM greylag.history", "r2");
    more_config = "";
}

Test(worker, a_job_longer_than_the_poll_interval)
{
    poll_interval = "6000";
    write_config();
    struct job_request requests[] = {up("r1", "SELECT pg_sleep(15)"), up("r2", "CREATE TABLE a ()")};
    static const char *const names[] = {"r1", "r2"};
    start_worker();
    send_job(1, requests, 2);
    struct report report = report_of(REPORT_FINISHED, 1);
    expect(&report, names, applied, 2);
    struct job_request next = up("r3", "CREATE TABLE b ()");
    send_job(2, &next, 1);
    report_of(REPORT_FINISHED, 2);
}

Test(worker, a_database_that_is_away_is_blocked_and_then_goes_on)
{
    struct test_pg *own = test_pg_start_private(NULL);
    struct job_request request = up("r1", "CREATE TABLE a ()");
    database = test_pg_database(own, "target");
    start_worker();
    struct job_request first = up("r0", "SELECT 1");
    send_job(1, &first, 1);
    report_of(REPORT_FINISHED, 1);
    test_pg_down(own, true);
    send_job(2, &request, 1);
    struct report report = report_of(REPORT_BLOCKED, 2);
    cr_assert(report.message[0]);
    printf("blocked: %s\n", report.message);
    test_pg_up(own);
    report_of(REPORT_FINISHED, 2);
    child_stop(&worker, 0, 10000);
    test_pg_stop(own);
}

/* Another worker of the same group stands in for one that is frozen: the lease lapses, its sessions are ended, and
 * when it wakes up it can do no harm. */
Test(worker, a_frozen_worker_is_replaced)
{
    static const char *const names[] = {"r1", "r2"};
    struct job_request requests[] = {
        up("r1", "CREATE TABLE a (n int)"),
        up("r2", "INSERT INTO a VALUES (1); SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM pg_class WHERE relname = "
                 "'go') THEN 0 ELSE 8 END)")};
    start_worker();
    send_job(1, requests, 2);
    wait_for_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO a%' AND state = 'active' AND "
                   "datname = current_database() AND "
                   "pid <> pg_backend_pid()", "1");
    struct child frozen = worker;
    kill(frozen.pid, SIGSTOP);
    test_pg_run(database, "CREATE TABLE go ()");
    worker = (struct child)CHILD_INIT;
    start_worker();
    send_job(2, requests, 2); /* the coordinator's resend */
    struct report report = report_of(REPORT_FINISHED, 2);
    expect(&report, names, applied, 2);
    kill(frozen.pid, SIGCONT);
    struct job_request next = up("r3", "INSERT INTO a VALUES (3)");
    send_job(3, &next, 1);
    report_of(REPORT_FINISHED, 3);
    expect_value("SELECT string_agg(n::text, ',' ORDER BY n) FROM a", "1,3");
    child_stop(&frozen, 0, 10000);
}

Test(worker, heartbeats_and_a_goodbye)
{
    struct job_request request = up("r1", "CREATE TABLE a ()");
    start_worker();
    send_job(1, &request, 1);
    struct report report;
    struct presence presence = {0};
    int64_t until = clock_mono_ms() + LIMIT_MS;
    bool finished = false;
    while (clock_mono_ms() < until &&
           !(finished && presence.target_count && presence.targets[0].fence.sequence == 1 &&
             !presence.targets[0].working))
        finished |= next_report(1000, &report, &presence);
    cr_assert_lt(clock_mono_ms(), until);
    struct applied contents = {
        .migration = "r1", .checksum = digest_of("CREATE TABLE a ()"), .request = "r1", .release = "rel-1"};
    char digest[DIGEST_TEXT_SIZE];
    contents_digest(&contents, 1, digest);
    cr_assert_str_eq(presence.targets[0].contents, digest);
    cr_assert(presence.targets[0].system_identifier[0]);
    cr_assert_str_eq(presence.targets[0].problem, "");
    child_signal(&worker, SIGTERM);
    int status = -1;
    cr_assert(child_wait(&worker, 20000, &status));
    cr_assert_eq(status, 0);
    while (clock_mono_ms() < until && !presence.leaving)
        next_report(1000, &report, &presence);
    cr_assert(presence.leaving);
}

/* A restore into a database that is in use: what the worker looked at in the middle of it is not what there is. */
Test(worker, heartbeats_follow_what_an_inventory_found)
{
    struct job_request request = up("r1", "CREATE TABLE a ()");
    start_worker();
    send_job(1, &request, 1);
    report_of(REPORT_FINISHED, 1);
    test_pg_run(database, "DELETE FROM greylag.applied");
    send_control(CONTROL_INVENTORY, 2, NULL, 0);
    struct report report = report_of(REPORT_INVENTORY, 2), later;
    struct presence presence = {0};
    cr_assert_eq(report.applied_count, 0);
    int64_t until = clock_mono_ms() + LIMIT_MS;
    while (clock_mono_ms() < until &&
           !(presence.target_count && strcmp(presence.targets[0].contents, report.contents) == 0))
        next_report(1000, &later, &presence);
    cr_assert(presence.target_count, "no heartbeat");
    cr_assert_str_eq(presence.targets[0].contents, report.contents);
}

Test(worker, asked_to_leave_it_cancels_what_does_not_end_and_goes_on_later)
{
    static const char *const names[] = {"r1", "r2"};
    struct job_request requests[] = {
        up("r1", "CREATE TABLE a (n int)"),
        up("r2", "INSERT INTO a VALUES (1); SELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM pg_class WHERE relname = "
                 "'go') THEN 0 ELSE 100 END)")};
    start_worker();
    send_job(1, requests, 2);
    wait_for_value("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO a%' AND state = 'active' AND "
                   "datname = current_database() AND "
                   "pid <> pg_backend_pid()", "1");
    child_signal(&worker, SIGTERM);
    int status = -1;
    cr_assert(child_wait(&worker, 30000, &status), "it does not leave");
    cr_assert_eq(status, 0);
    expect_value("SELECT count(*) FROM a", "0");
    test_pg_run(database, "CREATE TABLE go ()");
    start_worker();
    struct report report = report_of(REPORT_FINISHED, 1);
    expect(&report, names, applied, 2);
    expect_value("SELECT count(*) FROM a", "1");
}

/* How many different outcomes of a job are reported until it is finished. */
static size_t outcomes_until_finished(int64_t sequence)
{
    enum { POSITIONS = 4096 };
    static bool seen[POSITIONS];
    size_t count = 0;
    for (bool finished = false; !finished;) {
        struct report report;
        cr_assert(next_report(LIMIT_MS, &report, NULL));
        if (report.fence.sequence != sequence)
            continue;
        finished = report.kind == REPORT_FINISHED;
        for (size_t i = 0; i < report.outcome_count; i++) {
            bool *known = &seen[report.outcomes[i].position % POSITIONS];
            count += !*known;
            *known = true;
        }
    }
    return count;
}

/* Ready, with a clock that is wrong by so many seconds. */
static void start_worker_ahead(int seconds)
{
#ifdef GREYLAG_AHEAD
    setenv("AHEAD_S", arena_printf(&arena, "%d", seconds), 1);
    start_worker_logged("LD_PRELOAD=" GREYLAG_AHEAD);
#else
    (void)seconds;
    cr_skip("a sanitizer's runtime has to be loaded first");
#endif
}

Test(worker, a_clock_that_is_half_a_minute_off_is_told_and_does_no_harm)
{
    struct job_request request = up("r1", "CREATE TABLE a ()");
    start_worker_ahead(-30);
    wait_for_log("s behind the database's: set the one that is wrong");
    child_stop(&worker, 0, 10000);
    start_worker_ahead(30);
    wait_for_log("s ahead of the database's: set the one that is wrong");
    send_job(1, &request, 1);
    cr_assert_eq(report_of(REPORT_FINISHED, 1).outcome_count, 1u);
    send_control(CONTROL_FENCE, 2, NULL, 0);
    report_of(REPORT_FENCED, 2);
}

/* To it every order has expired. */
Test(worker, a_clock_that_is_too_far_ahead_to_work_is_its_targets_problem)
{
    struct report report;
    struct presence presence = {0};
    start_worker_ahead(400);
    bool told = false;
    for (int64_t until = clock_mono_ms() + LIMIT_MS; !told && clock_mono_ms() < until;) {
        next_report(1000, &report, &presence);
        told = presence.target_count && strstr(presence.targets[0].problem, "s ahead of the database's");
    }
    cr_assert(told, "%s", presence.target_count ? presence.targets[0].problem : "no heartbeat");
}

static void nowhere_in(const char *path, const char *secret, const char *wanted)
{
    struct buf text = BUF_INIT(BUF_MAX);
    cr_assert(buf_read_file(&text, path, &err), "%s", err.text);
    cr_assert(strstr(buf_text(&text), wanted), "%s does not even say \"%s\"", path, wanted);
    cr_assert_null(strstr(buf_text(&text), secret), "%s", path);
    buf_release(&text);
}

/* It is in worker.yml and in the database; the reports, the log at DEBUG and the process list know its name at most. */
Test(worker, a_secret_placeholder_is_shown_nowhere)
{
    static const struct placeholder placeholders[] = {{.name = "db_password", .value = "", .secret = true},
                                                      {.name = "role", .value = "reader"}};
    struct job_request requests[] = {
        up("r1", "CREATE TABLE ${role} (x text); INSERT INTO ${role} VALUES ('${db_password}')"),
        up("r2", "CREATE INDEX CONCURRENTLY i ON ${role} (x); SELECT '${db_password}'"),
        up("r3", "SELECT '${DB_Password}'::int")};
    struct job job = job_of(1, requests, 3);
    for (size_t i = 0; i < 3; i++)
        requests[i].placeholders = true;
    job.placeholders = placeholders;
    job.placeholder_count = COUNT_OF(placeholders);
    more_config = "placeholders: {DB_PASSWORD: planted-secret-0815}\n";
    write_config();
    start_worker_logged("LOG_LEVEL=DEBUG");
    send_job_by(&coordinator_key, &job);
    struct report report = report_of(REPORT_FINISHED, 1); /* the first two may have been reported before */
    expect_value("SELECT string_agg(kind, ' ' ORDER BY position) FROM greylag.history", "applied applied failed");
    expect_value("SELECT x FROM reader", "planted-secret-0815");
    cr_assert(report.outcome_count > 0);
    cr_assert_str_eq(report.outcomes[report.outcome_count - 1].message,
                     "invalid input syntax for type integer: \"***\"");
    expect_value("SELECT count(*) FROM greylag.history WHERE history::text LIKE '%planted%'", "0");
    auto_free char *arguments = xasprintf("/proc/%d/cmdline", (int)worker.pid);
    FILE *file = fopen(arguments, "r");
    char text[4096] = "";
    cr_assert(file && fread(text, 1, sizeof text - 1, file) > 0);
    cr_assert_null(memmem(text, sizeof text, "planted", 7));
    fclose(file);
    child_stop(&worker, 0, 10000);
    nowhere_in(path_of("log"), "planted", "INSERT INTO reader VALUES ('***')");
}

Test(worker, a_thousand_steps_in_one_job)
{
    enum { STEPS = 1000 };
    struct job_request *requests = arena_array(&arena, STEPS, sizeof *requests);
    for (int i = 0; i < STEPS; i++)
        requests[i] = up(arena_printf(&arena, "r%d", i),
                         arena_printf(&arena, "CREATE TABLE t%d (id int PRIMARY KEY, v text); INSERT INTO t%d VALUES "
                                              "(1, 'x')", i, i));
    struct job_request warm = up("warm", "SELECT 1");
    start_worker();
    send_job(1, &warm, 1);
    report_of(REPORT_FINISHED, 1);
    int64_t began = clock_mono_us();
    send_job(2, requests, STEPS);
    size_t reported = outcomes_until_finished(2);
    int64_t whole = clock_mono_us() - began;
    cr_assert_eq(reported, STEPS, "%zu were reported", reported);
    child_stop(&worker, 0, 10000);
    const char *other = test_pg_database(server, "plain");
    PGconn *plain = PQconnectdb(other);
    cr_assert_eq(PQstatus(plain), CONNECTION_OK);
    PQclear(PQexec(plain, "CREATE TABLE history (id text PRIMARY KEY, at timestamptz DEFAULT now())"));
    began = clock_mono_us();
    for (int i = 0; i < STEPS; i++) {
        auto_free char *text = xasprintf("BEGIN; %s; INSERT INTO history VALUES ('r%d'); COMMIT", requests[i].sql, i);
        PGresult *result = PQexec(plain, text);
        cr_assert_eq(PQresultStatus(result), PGRES_COMMAND_OK);
        PQclear(result);
    }
    int64_t bare = clock_mono_us() - began;
    PQfinish(plain);
    printf("1000 steps in one job: %lld ms; by libpq alone: %lld ms; ratio %.2f\n", (long long)whole / 1000,
           (long long)bare / 1000, (double)whole / (double)bare);
}
