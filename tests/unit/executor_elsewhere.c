/* The same text is not run a second time on a database that has it, whatever it is called: steps on a real server.
 * links: executor ledger foreign pg crypto harness */
#include "unit/executor_target.h"

TestSuite(executor_elsewhere, .init = start, .fini = stop_server, .timeout = 120);

static struct ledger *open_at(const char *service, const char *target, const char *path)
{
    struct ledger_settings settings = {.audience = {"shop", "test", service, target}, .conninfo = database,
                                       .worker = "w", .search_path = path};
    struct ledger *ledger;
    struct err err = ERR_INIT;
    crypto_init();
    cr_assert(ledger_open(&settings, &ledger, &err), "%s", err.text);
    lock(ledger);
    return ledger;
}

static int64_t sequence;

/* A job of a release of its own, unless one is named. */
static enum executor_end job_of(struct ledger *ledger, const char *service, const char *release,
                                struct job_request request)
{
    struct job_request *only = arena_new(&arena, struct job_request);
    struct job *job = arena_new(&arena, struct job);
    *only = request;
    *job = (struct job){.audience = {"shop", "test", service, "main"}, .before_each = "", .after_each = "",
                        .requests = only, .request_count = 1, .placeholders = frame.placeholders,
                        .placeholder_count = frame.placeholder_count};
    job->release = release ? release : arena_printf(&arena, "r-%s", request.request);
    sequence++;
    cr_assert_eq(raise_to(ledger, 1, TERM_A, sequence, arena_printf(&arena, "d%d", (int)sequence), 0), REFUSAL_COUNT);
    err_clear(&last_error);
    enum executor_end end = executor_apply(ledger, job, 0, hooks, &arena, &last, &last_error);
    printf("%s: %d %s %s %s %s\n", request.request, (int)end, outcome_text(last.outcome.kind), last.outcome.sqlstate,
           last.outcome.message, last_error.text);
    return end;
}

#define ENDS(call, wanted)                                                                                             \
    do {                                                                                                               \
        cr_assert_eq((call), EXECUTOR_RECORDED, "%s", last_error.text);                                                \
        cr_assert_eq(last.outcome.kind, (wanted), "%s: %s", outcome_text(last.outcome.kind), last.outcome.message);    \
    } while (0)

static struct job_request text(const char *id, const char *migration, const char *checksum, const char *sql)
{
    struct job_request r = up(id, migration, sql);
    r.checksum = checksum;
    return r;
}

#define INSERT "INSERT INTO t VALUES (1)"
#define ROWS "SELECT count(*) FROM t"

Test(executor_elsewhere, under_another_service_it_does_not_run)
{
    struct ledger *user = open_at("user", "main", NULL), *accounts = open_at("accounts", "main", NULL);
    test_pg_run(database, "CREATE TABLE t (x int)");
    ENDS(job_of(user, "user", NULL, text("q1", "1", "c1", INSERT)), OUTCOME_APPLIED);
    ENDS(job_of(accounts, "accounts", NULL, text("q2", "7", "c1", INSERT)), OUTCOME_DRIFT);
    cr_assert(strstr(last.outcome.message, "1 of shop/test/user/main"), "%s", last.outcome.message);
    cr_assert(strstr(last.outcome.message, "greylag import"), "%s", last.outcome.message);
    struct job_request outside = text("q3", "7", "c1", "INSERT INTO t VALUES (1); VACUUM t");
    ENDS(job_of(accounts, "accounts", NULL, outside), OUTCOME_DRIFT);
    ENDS(job_of(accounts, "accounts", "r-q1", text("q4", "7", "c1", INSERT)), OUTCOME_APPLIED); /* one release: meant */
    ENDS(job_of(accounts, "accounts", NULL, text("q5", "8", "c2", INSERT)), OUTCOME_APPLIED);
    struct job_request again = text("q6", "R__view", "c1", INSERT);
    again.kind = MIGRATION_REPEATABLE;
    ENDS(job_of(accounts, "accounts", NULL, again), OUTCOME_APPLIED);
    VALUE(ROWS, "4");
    ENDS(job_of(user, "user", NULL, down("q7", "1", "q1", "DELETE FROM t")), OUTCOME_APPLIED);
    ENDS(job_of(accounts, "accounts", NULL, down("q8", "7", "q4", "SELECT 1")), OUTCOME_APPLIED);
    ENDS(job_of(accounts, "accounts", NULL, text("q9", "7", "c1", INSERT)), OUTCOME_APPLIED); /* nobody has it now */
    ledger_close(user);
    ledger_close(accounts);
}

/* Where names without a schema lead is part of what a text is. */
Test(executor_elsewhere, in_another_schema_it_is_another_text)
{
    test_pg_run(database, "CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (x int); CREATE TABLE b.t (x int);"
                          "CREATE TABLE t (x int)");
    static const struct {
        const char *path;
        enum outcome_kind outcome;
    } rows[] = {{"a, public", OUTCOME_APPLIED}, {"\"a\"", OUTCOME_DRIFT},          {"A,b", OUTCOME_DRIFT},
                {"b, a", OUTCOME_APPLIED},      {NULL, OUTCOME_APPLIED},           {"public", OUTCOME_DRIFT},
                {"\"$user\", a", OUTCOME_DRIFT}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *service = arena_printf(&arena, "s%zu", i);
        struct ledger *ledger = open_at(service, "main", rows[i].path);
        printf("%s\n", rows[i].path ? rows[i].path : "default");
        ENDS(job_of(ledger, service, NULL, text(arena_printf(&arena, "q%zu", i), "1", "c1", INSERT)), rows[i].outcome);
        ledger_close(ledger);
    }
    /* another target of the same service never means it */
    struct ledger *twin = open_at("s0", "twin", "a");
    ENDS(job_of(twin, "s0", "r-q0", text("q9", "1", "c1", INSERT)), OUTCOME_DRIFT);
    ledger_close(twin);
}

/* A session that is lost may come back to a database that holds nothing any more. */
Test(executor_elsewhere, in_a_database_that_was_made_anew_it_does_not_run_either)
{
    struct ledger *user = open_at("user", "main", NULL);
    struct err err = ERR_INIT;
    test_pg_run(database, arena_printf(&arena, "SELECT pg_terminate_backend(%d); DROP SCHEMA greylag CASCADE;"
                                               "CREATE TABLE t (x int)", ledger_identity(user)->pid));
    cr_assert(ledger_reconnect(user, &err), "%s", err.text);
    struct ledger *accounts = open_at("accounts", "main", NULL);
    ENDS(job_of(accounts, "accounts", NULL, text("q1", "7", "c1", INSERT)), OUTCOME_APPLIED);
    ENDS(job_of(user, "user", NULL, text("q2", "1", "c1", INSERT)), OUTCOME_DRIFT);
    VALUE(ROWS, "1");
    ledger_close(user);
    ledger_close(accounts);
}

/* Of a text with names in it what ran counts. */
Test(executor_elsewhere, replaced_names_make_another_text)
{
    struct ledger *one = open_at("one", "main", NULL), *two = open_at("two", "main", NULL);
    static const struct placeholder t = {.name = "where", .value = "t"}, u = {.name = "where", .value = "u"};
    struct job_request r = text("q1", "1", "c1", "INSERT INTO ${where} VALUES (1)");
    r.placeholders = true;
    test_pg_run(database, "CREATE TABLE t (x int); CREATE TABLE u (x int)");
    frame.placeholder_count = 1;
    frame.placeholders = &t;
    ENDS(job_of(one, "one", NULL, r), OUTCOME_APPLIED);
    r.request = "q2";
    frame.placeholders = &u;
    ENDS(job_of(two, "two", NULL, r), OUTCOME_APPLIED);
    r.request = "q3";
    r.migration = "2";
    frame.placeholders = &t;
    ENDS(job_of(two, "two", NULL, r), OUTCOME_DRIFT);
    VALUE(ROWS, "1");
    ledger_close(one);
    ledger_close(two);
}

static struct job_request takes(const char *id, const char *migration, const char *checksum, const char *from)
{
    struct job_request r = record_only(id, DIRECTION_ADOPT, migration, "", checksum);
    r.taken_from = from;
    return r;
}

#define APPLIED                                                                                                        \
    "SELECT coalesce(string_agg(t.service || ':' || a.migration, ' ' ORDER BY t.service, a.migration), '') "           \
    "FROM greylag.applied a JOIN greylag.target t ON t.id = a.target_id"

Test(executor_elsewhere, what_is_taken_over_has_the_new_name_alone)
{
    struct ledger *user = open_at("user", "main", NULL), *accounts = open_at("accounts", "main", NULL);
    test_pg_run(database, "CREATE TABLE t (x int)");
    ENDS(job_of(user, "user", NULL, text("q1", "1", "c1", INSERT)), OUTCOME_APPLIED);
    ENDS(job_of(user, "user", NULL, text("q2", "2", "c2", INSERT)), OUTCOME_APPLIED);
    ENDS(job_of(accounts, "accounts", NULL, takes("q3", "1", "c9", "move shop/test/user/main 1")), OUTCOME_DRIFT);
    ENDS(job_of(accounts, "accounts", NULL, takes("q4", "1", "c1", "move shop/test/user/main 1")), OUTCOME_APPLIED);
    cr_assert_str_eq(last.outcome.detail, "greylag shop/test/user/main 1");
    VALUE(APPLIED, "accounts:1 user:2");
    ENDS(job_of(accounts, "accounts", NULL, takes("q5", "2", "c1", "move shop/test/user/main 1")), OUTCOME_DRIFT);
    cr_assert(strstr(last.outcome.message, "does not say any more"), "%s", last.outcome.message);
    ENDS(job_of(accounts, "accounts", NULL, takes("q6", "2", "c2", "share shop/test/user/main 2")), OUTCOME_APPLIED);
    VALUE(APPLIED, "accounts:1 accounts:2 user:2");
    /* a file that was renumbered: its own record */
    ENDS(job_of(accounts, "accounts", NULL, takes("q7", "9", "c1", "move shop/test/accounts/main 1")), OUTCOME_APPLIED);
    VALUE(APPLIED, "accounts:2 accounts:9 user:2");
    VALUE(ROWS, "2");
    ENDS(job_of(accounts, "accounts", NULL, down("q8", "9", "q7", "DELETE FROM t")), OUTCOME_APPLIED);
    ENDS(job_of(accounts, "accounts", NULL, text("q9", "9", "c1", INSERT)), OUTCOME_APPLIED); /* forward again */
    ledger_close(user);
    ledger_close(accounts);
}

Test(executor_elsewhere, an_inventory_tells_of_them)
{
    struct ledger *user = open_at("user", "main", NULL), *accounts = open_at("accounts", "main", NULL),
                  *apart = open_at("apart", "main", "other");
    const struct foreign_history *others;
    size_t count;
    struct err err = ERR_INIT;
    test_pg_run(database, "CREATE TABLE t (x int)");
    ENDS(job_of(user, "user", NULL, text("q1", "1", "c1", INSERT)), OUTCOME_APPLIED);
    ENDS(job_of(user, "user", NULL, text("q2", "2", "c2", INSERT)), OUTCOME_APPLIED);
    cr_assert(ledger_others(accounts, &arena, &others, &count, &err), "%s", err.text);
    cr_assert_eq(count, 1u);
    cr_assert_eq(others[0].tool, HISTORY_GREYLAG);
    cr_assert_str_eq(others[0].table, "shop/test/user/main");
    cr_assert_eq(others[0].row_count, 2u);
    cr_assert_str_eq(others[0].rows[1].version, "2");
    cr_assert_str_eq(others[0].rows[1].checksum, "c2");
    cr_assert(ledger_others(user, &arena, &others, &count, &err), "%s", err.text);
    cr_assert_eq(count, 1u); /* accounts is there, and holds nothing */
    cr_assert_eq(others[0].row_count, 0u);
    cr_assert(ledger_others(apart, &arena, &others, &count, &err), "%s", err.text);
    cr_assert_eq(count, 0u);
    ledger_close(user);
    ledger_close(accounts);
    ledger_close(apart);
}
