/* Placeholders, replaced where the text runs; secrets that nothing shows.
 * links: executor ledger crypto harness */
#include "unit/executor_target.h"

#include <unistd.h>

#define SECRET "Sw0rdfish; O'Neill-Quixote" /* no number of it: what is looked through is full of times and ids */

static const struct placeholder planned[] = {{.name = "table_name", .value = "users"},
                                             {.name = "lines", .value = "1,\n2,\n3"},
                                             {.name = "nested", .value = "${table_name}"},
                                             {.name = "password", .value = "", .secret = true},
                                             {.name = "missing", .value = "", .secret = true}};
static const struct placeholder secrets[] = {{.name = "Password", .value = SECRET, .secret = true},
                                             {.name = "token", .value = "tok-zebra", .secret = true},
                                             {.name = "table_name", .value = "ours", .secret = true}};
static const struct executor_hooks with_secrets = {.secrets = secrets, .secret_count = COUNT_OF(secrets),
                                                   .retry_first_ms = 10, .retry_max_ms = 20};
static struct buf traced;

static void trace(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    (void)context, (void)duration_us, (void)tag;
    buf_adds(&traced, statement);
    buf_addc(&traced, '\n');
}

static struct ledger *open_traced(const char *search_path)
{
    struct ledger_settings settings = {.audience = {"shop", "test", "auth", "main"},
                                       .conninfo = database,
                                       .worker = "w",
                                       .trace = trace,
                                       .search_path = search_path};
    struct ledger *l;
    crypto_init();
    traced = (struct buf)BUF_INIT(BUF_MAX);
    cr_assert(ledger_open(&settings, &l, NULL));
    lock(l);
    cr_assert_eq(raise_to(l, 1, TERM_A, 1, "d", 0), REFUSAL_COUNT);
    hooks = &with_secrets;
    frame.placeholders = planned;
    frame.placeholder_count = COUNT_OF(planned);
    return l;
}

static void finish(struct ledger *l)
{
    ledger_close(l);
    buf_release(&traced);
}

static struct job_request raw(const char *id, const char *sql)
{
    struct job_request r = up(id, id, sql);
    r.placeholders = true;
    return r;
}

TestSuite(executor_placeholders, .init = start, .fini = stop_server, .timeout = 120);

Test(executor_placeholders, are_replaced_before_the_text_runs)
{
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("q1", "CREATE TABLE ${Table_Name} (x int DEFAULT ${missing_default:}0); -- ${table_name}"),
           OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 1, column 43: the placeholder ${missing_default:} has no value"), "%s",
              last.outcome.message);
    cr_assert_eq(last.outcome.line, 1);
    EXPECT(l, raw("q2", "CREATE TABLE ${Table_Name} (x text);\nINSERT INTO ${TABLE_NAME} VALUES ('${nested}')"),
           OUTCOME_APPLIED);
    VALUE("SELECT x FROM users", "${table_name}");
    struct job_request plain = up("q3", "q3", "INSERT INTO users VALUES ('${no}')");
    EXPECT(l, plain, OUTCOME_APPLIED);
    EXPECT(l, raw("q4", "SELECT ${lines};\nSELECT ${lines},\n  nothing"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 3);
    EXPECT(l, raw("q5", "SELECT ${lines};\n\nSELECT 1/0"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 3);
    struct job_request outside = raw("q6", "CREATE INDEX CONCURRENTLY i ON ${table_name} (x);\nSELECT "
                                           "${lines};\nSELECT 1/0");
    EXPECT(l, outside, OUTCOME_FAILED);
    cr_assert(last.outcome.line == 3 && strstr(last.outcome.left, "2 of 3"));
    EXPECT(l, raw("q7", "SELECT 1;\nSELECT ${open"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2, column 8: '${' without a '}'"), "%s", last.outcome.message);
    frame.before_each = "INSERT INTO ${table_name} VALUES ('${flyway:filename}')";
    EXPECT(l, raw("q8", "SELECT 1"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM users WHERE x = 'beforeEachMigrate.sql'", "1");
    frame.after_each = frame.before_each; /* also around one whose own text is taken as it is */
    EXPECT(l, up("q8b", "q8b", "INSERT INTO users VALUES ('${as} it is')"), OUTCOME_APPLIED);
    VALUE("SELECT string_agg(x, '|' ORDER BY ctid) FROM (SELECT x, ctid FROM users ORDER BY ctid DESC LIMIT 3) u",
          "beforeEachMigrate.sql|${as} it is|afterEachMigrate.sql");
    frame.after_each = "";
    frame.before_each = "\n ${nothing}";
    EXPECT(l, raw("q9", "SELECT 1"), OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "line 2 of beforeEachMigrate"), "%s", last.outcome.message);
    finish(l);
}

/* An earlier text comes back with what it was run with first. */
Test(executor_placeholders, a_request_brings_its_own)
{
    static const struct placeholder values[] = {{.name = "table_name", .value = "people"},
                                                {.name = "password", .value = "", .secret = true}};
    struct ledger *l = open_traced(NULL);
    struct job_request r = raw("q2", "CREATE TABLE ${table_name} (x text DEFAULT $x$${password}$x$)");
    r.values = values;
    r.value_count = COUNT_OF(values);
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM people", "0");
    r = raw("q3", "SELECT ${lines}"); /* the job's, not the request's */
    r.values = values;
    r.value_count = COUNT_OF(values);
    EXPECT(l, r, OUTCOME_FAILED);
    cr_assert(strstr(last.outcome.message, "the placeholder ${lines} has no value"), "%s", last.outcome.message);
    finish(l);
}

Test(executor_placeholders, flyways_own)
{
    struct ledger *l = open_traced("\"My Schema\", public");
    frame.history_table = "public.schema_version";
    test_pg_run(database, "CREATE TABLE public.t (k text, v text)");
    struct job_request r = raw("q1", "CREATE SCHEMA \"${flyway:defaultSchema}\";INSERT INTO public.t VALUES ('user', "
                                     "'${flyway:user}'), ('database', '${flyway:database}'), ('at', "
                                     "'${flyway:TIMESTAMP}'), ('file', '${flyway:filename}'), ('dir', "
                                     "'${flyway:workingDirectory}'), ('table', '${flyway:table}'), ('env', "
                                     "'${flyway:environment}')");
    r.script = "sub/V1__first.sql";
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM pg_namespace WHERE nspname = 'My Schema'", "1");
    VALUE("SELECT v = current_user FROM public.t WHERE k = 'user'", "t");
    VALUE("SELECT v = current_database() FROM public.t WHERE k = 'database'", "t");
    VALUE("SELECT v FROM public.t WHERE k = 'file'", "V1__first.sql");
    VALUE("SELECT v FROM public.t WHERE k = 'table'", "schema_version");
    VALUE("SELECT v FROM public.t WHERE k = 'env'", "test");
    VALUE("SELECT v ~ '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$' FROM public.t WHERE k = 'at'", "t");
    char folder[4096];
    cr_assert(getcwd(folder, sizeof folder));
    VALUE("SELECT v FROM public.t WHERE k = 'dir'", folder);
    EXPECT(l, raw("q2", "SELECT '${flyway:nonsense}'"), OUTCOME_FAILED);
    r = raw("q3", "INSERT INTO public.t VALUES ('undo', '${flyway:filename}')");
    r.direction = DIRECTION_DOWN;
    r.migration = "q1";
    r.undoes = "q1";
    r.script = "V1__first.sql";
    EXPECT(l, r, OUTCOME_APPLIED);
    VALUE("SELECT v FROM public.t WHERE k = 'undo'", "U1__first.sql");
    finish(l);
}

Test(executor_placeholders, the_default_schema_is_the_first_of_the_search_path)
{
    static const char *const rows[][2] = {{"Plain, public", "plain"},
                                          {"\"a\"\"b\"", "a\"b"},
                                          {"my-schema", "my-schema"},
                                          {"\"$user\", public", "public"},
                                          {" x ,y", "x"}};
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("q0", "CREATE TABLE public.s (at int, x text); INSERT INTO s VALUES (-1, "
                        "$$_${flyway:defaultSchema}$$)"), OUTCOME_APPLIED);
    finish(l);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        l = open_traced(rows[i][0]);
        const char *id = arena_printf(&arena, "q%zu", i + 1);
        EXPECT(l, raw(id, arena_printf(&arena, "INSERT INTO public.s VALUES (%zu, $$_${flyway:defaultSchema}$$)", i)),
               OUTCOME_APPLIED);
        cr_expect(value_is(arena_printf(&arena, "SELECT substr(x, 2) FROM public.s WHERE at = %zu", i), rows[i][1]),
                  "%s", rows[i][0]);
        finish(l);
    }
    VALUE("SELECT x FROM public.s WHERE at = -1", "_public");
}

Test(executor_placeholders, asking_for_flyways_own_survives_a_lost_session)
{
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("q1", "CREATE TABLE a (x int)"), OUTCOME_APPLIED);
    test_pg_run(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                          "'greylag-worker' AND datname = current_database()");
    EXPECT(l, raw("q2", "CREATE TABLE b AS SELECT '${flyway:user}' AS u, $$_${password}$$ AS p"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM b", "1");
    cr_assert_null(strstr(buf_text(&traced), "Sw0rdfish"));
    finish(l);
}

/* ---- secrets ---- */

static void nowhere(const char *what)
{
    const char *const texts[] = {last.outcome.message, last.outcome.left, last.outcome.detail, last.warning,
                                 last_error.text,      last_error.hint,   buf_text(&traced)};
    static const char *const parts[] = {"word", "fish", "Neill", "uixote", "zebra", "neill", "WORD"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t k = 0; k < COUNT_OF(parts); k++)
            cr_assert_not(texts[i] && strstr(texts[i], parts[k]), "%s: \"%s\" is in \"%s\"", what, parts[k], texts[i]);
    VALUE("SELECT count(*) FROM greylag.history WHERE history::text ~* 'word|fish|neill|quixote|zebra'", "0");
}

Test(executor_placeholders, a_secret_is_in_no_message_and_no_trace)
{
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("s0", "CREATE TABLE s AS SELECT $q$_${password}$q$ AS p"), OUTCOME_APPLIED);
    VALUE("SELECT p FROM s", "_" SECRET);
    nowhere("success");
    static const char *const texts[] = {
        "SELECT ${password}",      /* a syntax error that quotes some of it */
        "SELECT 1, '${password}'", /* torn at its quote */
        "SELECT \"${password}\"",  /* as a column */
        "SELECT \"${password}_and_more_behind_it_so_that_the_name_is_cut_off_at_its_63rd_byte\"",
        "SELECT ($q$_${password}$q$)::int", /* as a value */
        "DO $do$ BEGIN RAISE EXCEPTION 'so: %', $q$_${password}$q$; END $do$",
        "DO $do$ BEGIN RAISE EXCEPTION '%', repeat('x', 1015) || $q$_${password}$q$; END $do$", /* cut off in
                                                                                                 * the middle */
        "DO $do$ BEGIN RAISE EXCEPTION '%', upper($q$_${password}$q$); END $do$",
        "SELECT ${password}; \\i file.sql", /* cannot be analysed */
        "SELECT 'x${password}",             /* never ends */
        "CREATE TABLE ${password} (x int)",
        "LISTEN \"${password}\"",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        EXPECT(l, raw(arena_printf(&arena, "s%zu", i + 1), texts[i]), OUTCOME_FAILED);
        nowhere(texts[i]);
        cr_assert(last.outcome.message[0]);
    }
    struct job_request r = raw("so", "CREATE TABLE o (x int);\nCREATE INDEX CONCURRENTLY \"${password}\" ON o (y)");
    EXPECT(l, r, OUTCOME_FAILED);
    nowhere("outside");
    r = raw("sv", "SELECT 1");
    r.verify = "SELECT $q$_${password}$q$::int";
    EXPECT(l, r, OUTCOME_FAILED);
    nowhere("verification");
    EXPECT(l, up("sx", "sx", "DO $$ BEGIN RAISE EXCEPTION 'tok-zebra is another one'; END $$"), OUTCOME_FAILED);
    cr_assert_str_eq(last.outcome.message, "*** is another one");
    EXPECT(l, up("sy", "sy", "SELECT password"), OUTCOME_FAILED); /* of a step without it, nothing else is hidden */
    cr_assert(strstr(last.outcome.message, "password"));
    cr_assert(strstr(buf_text(&traced), "SELECT $q$_***$q$"), "the trace shows no SQL");
    finish(l);
}

Test(executor_placeholders, a_missing_secret_says_what_to_write_where)
{
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("q1", "SELECT 1;\nCREATE USER x PASSWORD '${missing}'"), OUTCOME_FAILED);
    cr_assert_eq(last.outcome.line, 2);
    cr_assert_str_eq(last.outcome.message, "line 2, column 25: the secret placeholder ${missing} has no value on this "
                                           "worker: "
                     "write `placeholders: {missing: ...}` into its worker.yml, for all of it or for target main");
    hooks = NULL;
    EXPECT(l, raw("q2", "SELECT '${password}'"), OUTCOME_FAILED);
    EXPECT(l, raw("q3", "SELECT '${token}'"), OUTCOME_FAILED); /* the plan does not name it */
    finish(l);
}

Test(executor_placeholders, the_plans_value_wins_over_the_workers)
{
    struct ledger *l = open_traced(NULL);
    EXPECT(l, raw("q1", "CREATE TABLE ${table_name} (x int)"), OUTCOME_APPLIED);
    VALUE("SELECT count(*) FROM users", "0");
    EXPECT(l, raw("q2", "SELECT '${token}'"), OUTCOME_FAILED);
    finish(l);
}
