/* Connections and statements on a real server.
 * links: harness */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "harness/postgres.h"
#include "pg/pg.h"
#include "pg/pg_internal.h"

static struct test_pg *server;
static const char *database;
static struct err err;

static void start(void)
{
    server = test_pg_start();
    database = test_pg_database(server, "pg");
}
static void end(void)
{
    test_pg_stop(server);
}

static struct pg *open_pg(void)
{
    struct pg *pg;
    cr_assert(pg_open(database, "test", 5000, &pg, &err), "%s", err.text);
    return pg;
}

TestSuite(pg_connection, .init = start, .fini = end, .timeout = 60);

Test(pg_connection, errors_never_repeat_the_string)
{
    static const struct {
        const char *conninfo;
        enum err_kind kind;
    } rows[] = {
        {"host=127.0.0.1 port=1 password=s3cret", ERR_UNREACHABLE},
        {"postgresql://u:s3cret@127.0.0.1:1/x", ERR_UNREACHABLE},
        {"s3cret=1", ERR_CONFIG},
        {"host=a s3cret", ERR_CONFIG},
        {"postgresql://u:x@s3cret@host/db", ERR_CONFIG},
        {"postgresql://u:s3cret/x@host/db", ERR_CONFIG},
        {"postgresql://u:x/s3cret?foo=s3cret", ERR_CONFIG},
        {"service=does-not-exist", ERR_CONFIG},
        {"host=127.0.0.1 port=1 sslmode=s3cret", ERR_CONFIG},
    };
    struct pg *pg;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cr_assert(!pg_open(rows[i].conninfo, "test", 2000, &pg, &err));
        printf("%s | %s | %s\n", err_kind_name(err.kind), err.text, err.hint);
        cr_expect_eq(err.kind, rows[i].kind, "%s", rows[i].conninfo);
        cr_expect(!strstr(err.text, "s3cret") && !strstr(err.hint, "s3cret"), "%s", err.text);
    }
    char *nobody = test_pg_conninfo_with(database, "user", "no_such_role");
    cr_assert(!pg_open(nobody, "test", 2000, &pg, &err));
    cr_assert(err.kind == ERR_DATABASE && strcmp(err.sqlstate, "28000") == 0, "%s %s", err.sqlstate, err.text);
    free(nobody);
    char *nowhere = test_pg_conninfo_with(database, "dbname", "no_such_database");
    cr_assert(!pg_open(nowhere, "test", 2000, &pg, &err));
    cr_assert(err.kind == ERR_DATABASE && strcmp(err.sqlstate, "3D000") == 0, "%s %s", err.sqlstate, err.text);
    free(nowhere);
}

/* A server speaks lc_messages' language, also before there is a session that could ask for another. */
Test(pg_connection, the_state_of_a_refusal_is_found_in_every_language)
{
    static const char *const rows[][2] = {
        {"connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password", "28P01"},
        {"connection to server at \"db\" (10.0.0.1), port 5432 failed: \xd0\x92\xd0\x90\xd0\x96\xd0\x9d\xd0\x9e:  "
         "3D000: \xd0\xb1\xd0\xb0\xd0\xb7\xd0\xb0", "3D000"},
        {"connection failed: FATAL\xc2\xa0:  57P03: le syst\xc3\xa8me est en cours de d\xc3\xa9marrage", "57P03"},
        {"connection to server at \"db\", port 5432 failed: Connection refused", ""},
        {"FATAL:  a password", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char state[6];
        pg_state_in(rows[i][0], state);
        cr_expect_str_eq(state, rows[i][1], "%s: %s", rows[i][0], state);
    }
}

static int listen_and_say_nothing(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 8) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* The first host of two is silent, as one is whose machine was lost; the second is the one to write on. */
Test(pg_connection, a_silent_host_leaves_time_for_the_next)
{
    int silent, fd = listen_and_say_nothing(&silent);
    PGconn *known = PQconnectdb(database);
    auto_free char *both = xasprintf("host=127.0.0.1,127.0.0.1 port=%d,%s user=%s dbname=%s "
                                     "target_session_attrs=read-write", silent, PQport(known), PQuser(known),
                                     PQdb(known));
    auto_free char *none = xasprintf("host=127.0.0.1,127.0.0.1 port=%d user=x", silent);
    struct pg *pg;
    cr_assert(pg_open(both, "test", 4000, &pg, &err), "%s", err.text);
    printf("# %s\n", pg_describe(pg));
    pg_close(pg);
    cr_assert_not(pg_open(none, "test", 500, &pg, &err));
    cr_assert(err.kind == ERR_UNREACHABLE && strstr(err.text, "does not answer"), "%s", err.text);
    PQfinish(known);
    close(fd);
}

/* Lets a client in, as a pooler does, and answers nothing that it asks. */
static void *let_in(void *context)
{
    static const char said[] = "R\0\0\0\x08\0\0\0\0" "S\0\0\0\x18" "server_version\0" "15.0\0" "Z\0\0\0\x05I";
    char first[1024];
    int client = accept(*(int *)context, NULL, NULL);
    if (read(client, first, sizeof first) > 0 && write(client, said, sizeof said - 1) == sizeof said - 1)
        while (read(client, first, sizeof first) > 0)
            ;
    close(client);
    return NULL;
}

Test(pg_connection, a_pooler_without_a_session_is_told)
{
    int port, fd = listen_and_say_nothing(&port);
    auto_free char *conninfo = xasprintf("host=127.0.0.1 port=%d user=x sslmode=disable gssencmode=disable", port);
    pthread_t pooler;
    struct pg *pg;
    pthread_create(&pooler, NULL, let_in, &fd);
    cr_assert_not(pg_open(conninfo, "test", 500, &pg, &err));
    cr_assert(err.kind == ERR_UNREACHABLE && strstr(err.text, "has no session for this one"), "%s", err.text);
    pthread_join(pooler, NULL);
    close(fd);
}

Test(pg_connection, statements_are_prepared_once_and_again_when_they_are_gone)
{
    static const char sum[] = "SELECT $1::int + $2::int, NULL";
    struct pg *pg = open_pg();
    for (int i = 0; i < 3; i++) {
        auto_pgresult PGresult *r = NULL;
        const char *values[] = {"40", "2"};
        cr_assert(pg_exec(pg, sum, 2, values, &r, &err), "%s", err.text);
        cr_assert(pg_number(r, 0, 0) == 42 && pg_number(r, 0, 1) == 0 && *pg_text(r, 0, 1) == 0);
        cr_assert(i == 0 || pg_run(pg, "DEALLOCATE ALL", NULL, NULL, &err));
    }
    const char *bad[] = {"x", "2"};
    cr_assert(!pg_exec(pg, sum, 2, bad, NULL, &err) && strcmp(err.sqlstate, "22P02") == 0);
    pg_close(pg);
}

Test(pg_connection, a_statement_prepared_after_others_were_gone_stays)
{
    static const char first[] = "SELECT 1", second[] = "SELECT 2";
    struct pg *pg = open_pg();
    cr_assert(pg_exec(pg, first, 0, NULL, NULL, &err));
    cr_assert(pg_run(pg, "DEALLOCATE ALL", NULL, NULL, &err));
    for (int i = 0; i < 2; i++) {
        cr_assert(pg_exec(pg, second, 0, NULL, NULL, &err), "%s", err.text);
        cr_assert(pg_exec(pg, first, 0, NULL, NULL, &err), "%s", err.text);
    }
    pg_close(pg);
}

Test(pg_connection, scripts_tell_tag_rows_and_how_far)
{
    struct pg *pg = open_pg();
    struct pg_script s;
    char tag[64];
    auto_pgresult PGresult *r = NULL;
    cr_assert(pg_run(pg, "BEGIN; SELECT 7; COMMIT", &r, tag, &err));
    cr_assert(pg_number(r, 0, 0) == 7 && strcmp(tag, "COMMIT") == 0);
    cr_assert(!pg_run(pg, "BEGIN; SELECT 1/0", NULL, NULL, &err));
    cr_assert(pg_run(pg, "COMMIT", NULL, tag, &err) && strcmp(tag, "ROLLBACK") == 0);
    cr_assert(!pg_run_script(pg, "SELECT 1; SELECT 2; SELECT nothing; SELECT 4", NULL, 0, NULL, NULL, &s, &err));
    cr_assert(s.completed == 2 && err.position == 28 && strcmp(err.sqlstate, "42703") == 0, "%d %d", s.completed,
              err.position);
    pg_script_release(&s);
    cr_assert(!pg_run(pg, "CREATE TEMP TABLE x (y int); COPY x FROM STDIN", NULL, NULL, &err));
    cr_assert(!pg_run(pg, "INSERT INTO x SELECT 1; DO $$ BEGIN RAISE EXCEPTION 'm' USING DETAIL = 'row data'; END $$",
                      NULL, NULL, &err));
    cr_assert_null(strstr(err.text, "row data"));
    cr_assert(pg_run(pg, "COPY (SELECT 1) TO STDOUT", NULL, NULL, &err), "%s", err.text);
    cr_assert(pg_run(pg, "DO $$ BEGIN RAISE NOTICE 'hello'; END $$", NULL, NULL, &err));
    cr_assert_str_eq(pg_notices(pg), "NOTICE: hello\n");
    cr_assert_str_eq(pg_notices(pg), "");
    pg_close(pg);
}

#ifdef __SANITIZE_ADDRESS__
#define FEW_MIB 1000 /* what is freed is kept for a while there */
#else
#define FEW_MIB 24
#endif

/* The most memory that this process has had, MiB. */
static long peak(void)
{
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    fclose(file);
    return kib / 1024;
}

Test(pg_connection, rows_that_nobody_reads_are_dropped)
{
    struct pg *pg = open_pg();
    struct pg_script s;
    long before = peak();
    static const char *const texts[] = {
        "SELECT repeat('x', 10000) FROM generate_series(1, 20000)",
        "COPY (SELECT repeat('x', 10000) FROM generate_series(1, 20000)) TO STDOUT",
        "BEGIN; SELECT repeat('x', 10000) FROM generate_series(1, 20000); SELECT 1 WHERE false; COMMIT",
        "DO $$ BEGIN FOR i IN 1..20000 LOOP RAISE NOTICE '%', repeat('x', 10000); END LOOP; END $$"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        cr_assert(pg_run_script(pg, texts[i], NULL, 0, NULL, NULL, &s, &err), "%s", err.text);
        pg_script_release(&s);
        cr_assert(peak() < before + FEW_MIB, "%s: %ld MiB, before that %ld", texts[i], peak(), before);
    }
    cr_assert(pg_run_script(pg, "SELECT i FROM generate_series(1, 5) i; COMMIT", NULL, 0, NULL, NULL, &s, &err));
    cr_assert(PQntuples(s.rows) == 1 && pg_number(s.rows, 0, 0) == 5 && s.completed == 2);
    pg_script_release(&s);
    cr_assert(pg_run_script(pg, "SELECT 1; SELECT 2, 3 WHERE false", NULL, 0, NULL, NULL, &s, &err));
    cr_assert(PQntuples(s.rows) == 0 && PQnfields(s.rows) == 2 && s.completed == 2);
    pg_script_release(&s);
    cr_assert_not(pg_run_script(pg, "SELECT 10 / (3 - i) FROM generate_series(1, 5) i; SELECT 2", NULL, 0, NULL, NULL,
                                &s, &err));
    cr_assert(s.completed == 0 && s.failed && strcmp(err.sqlstate, "22012") == 0);
    pg_script_release(&s);
    pg_close(pg);
}

/* However long it is: read by libpq, and kept as one field, not as whole texts too. */
Test(pg_connection, a_long_error_is_kept_once)
{
    struct pg *pg = open_pg();
    struct pg_script s;
    long before = peak(), mib = 60;
    auto_free char *sql = xasprintf("DO $$ BEGIN RAISE EXCEPTION '%%', repeat('x', %ld); END $$", mib << 20);
    cr_assert_not(pg_run_script(pg, sql, NULL, 0, NULL, NULL, &s, &err));
    cr_assert(strcmp(err.sqlstate, "P0001") == 0 && err.text[0] == 'x', "%s", err.text);
    cr_assert(peak() < before + 4 * mib, "%ld MiB, before that %ld", peak(), before);
    pg_script_release(&s);
    pg_close(pg);
}

static bool after(void *context)
{
    return clock_mono_ms() > *(int64_t *)context;
}

/* Also who sends and sends. */
Test(pg_connection, stop_cancels_rows_without_end)
{
    struct pg *pg = open_pg();
    static const char *const texts[] = {"SELECT i FROM generate_series(1, 1000000000) i",
                                        "COPY (SELECT i FROM generate_series(1, 1000000000) i) TO STDOUT",
                                        "COPY (SELECT pg_sleep(100)) TO STDOUT"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct pg_script s;
        int64_t at = clock_mono_ms() + 50;
        cr_assert_not(pg_run_script(pg, texts[i], NULL, 0, after, &at, &s, &err));
        cr_assert(err.kind == ERR_TIMEOUT && strcmp(err.sqlstate, "57014") == 0, "%s: %s", texts[i], err.text);
        pg_script_release(&s);
    }
    pg_close(pg);
}

Test(pg_connection, stop_cancels)
{
    struct pg *pg = open_pg();
    int64_t at = clock_mono_ms() + 100, begin = clock_mono_ms();
    cr_assert(!pg_run_watched(pg, "SELECT pg_sleep(30)", after, &at, NULL, NULL, &err));
    cr_assert(err.kind == ERR_TIMEOUT && clock_mono_ms() - begin < 10000);
    cr_assert(pg_run(pg, "SELECT 1", NULL, NULL, &err));
    pg_close(pg);
}

/* A proxy on 127.0.0.1: the first connection goes through, the next `lost` are closed at once, as cancel requests that
 * get lost. */
struct proxy {
    int listener, port, to, lost, seen;
};

static void *pump(void *context)
{
    int *ends = context;
    char data[4096];
    ssize_t n;
    while ((n = read(ends[0], data, sizeof data)) > 0 && write(ends[1], data, (size_t)n) == n)
        ;
    shutdown(ends[1], SHUT_RDWR);
    free(ends);
    return NULL;
}

static void *serve(void *context)
{
    struct proxy *proxy = context;
    struct sockaddr_in server_at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)proxy->to),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client;
    while ((client = accept(proxy->listener, NULL, NULL)) >= 0) {
        if (proxy->seen++ > 0 && proxy->lost-- > 0) {
            close(client);
            continue;
        }
        int up = socket(AF_INET, SOCK_STREAM, 0);
        pthread_t thread;
        cr_assert(connect(up, (struct sockaddr *)&server_at, sizeof server_at) == 0);
        for (int i = 0; i < 2; i++) {
            int *ends = malloc(2 * sizeof *ends);
            ends[0] = i ? up : client;
            ends[1] = i ? client : up;
            pthread_create(&thread, NULL, pump, ends);
            pthread_detach(thread);
        }
    }
    return NULL;
}

static struct pg *open_through(struct proxy *proxy, int lost)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;
    *proxy = (struct proxy){.listener = socket(AF_INET, SOCK_STREAM, 0), .lost = lost};
    cr_assert(bind(proxy->listener, (struct sockaddr *)&at, len) == 0 && listen(proxy->listener, 9) == 0 &&
              getsockname(proxy->listener, (struct sockaddr *)&at, &len) == 0);
    char port[16];
    snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    PGconn *direct = PQconnectdb(database);
    proxy->to = (int)strtol(PQport(direct), NULL, 10);
    PQfinish(direct);
    pthread_create(&thread, NULL, serve, proxy);
    auto_free char *through = test_pg_conninfo_with(database, "port", port);
    struct pg *pg;
    cr_assert(pg_open(through, "test", 5000, &pg, &err), "%s", err.text);
    return pg;
}

Test(pg_connection, a_cancel_request_that_is_lost_is_sent_again)
{
    struct proxy proxy;
    struct pg *pg = open_through(&proxy, 2);
    int64_t at = 0;
    cr_assert(!pg_run_watched(pg, "SELECT pg_sleep(60)", after, &at, NULL, NULL, &err));
    cr_assert_eq(err.kind, ERR_TIMEOUT, "%s", err.text);
    cr_assert(proxy.lost < 0 && proxy.seen == 4, "%d", proxy.seen);
    cr_assert(pg_run(pg, "SELECT 1", NULL, NULL, &err)); /* the session lives */
    pg_close(pg);
}

/* A statement without a stop of its own: prepared, or as it is. */
Test(pg_connection, the_stop_of_a_connection_ends_every_wait)
{
    struct pg *pg = open_pg();
    for (int prepared = 0; prepared < 2; prepared++) {
        int64_t at = 0;
        pg_set_stop(pg, after, &at);
        cr_assert(!(prepared ? pg_exec(pg, "SELECT pg_sleep(60)", 0, NULL, NULL, &err)
                             : pg_run(pg, "SELECT pg_sleep(60)", NULL, NULL, &err)));
        cr_assert(err.kind == ERR_TIMEOUT && strcmp(err.sqlstate, "57014") == 0, "%s", err.text);
        cr_assert(pg_run(pg, "SELECT 1", NULL, NULL, &err), "what is quick is not cut: %s", err.text);
    }
    pg_set_stop(pg, NULL, NULL);
    cr_assert(pg_exec(pg, "SELECT pg_sleep(0.2)", 0, NULL, NULL, &err), "%s", err.text);
    pg_close(pg);
}

Test(pg_connection, a_session_that_cannot_be_cancelled_is_given_up)
{
    struct proxy proxy;
    struct pg *pg = open_through(&proxy, 1000);
    int64_t at = 0, began = clock_mono_ms();
    cr_assert(!pg_run_watched(pg, "SELECT pg_sleep(60)", after, &at, NULL, NULL, &err));
    cr_assert(err.kind == ERR_UNREACHABLE && pg_lost(pg), "%s", err.text);
    cr_assert_gt(proxy.seen, 3);
    cr_assert_lt(clock_mono_ms() - began, 14000, "ten seconds, whenever the next cancel would be due");
    pg_close(pg);
}

Test(pg_connection, a_session_is_ended_by_pid_its_start_and_the_servers)
{
    struct pg *a = open_pg(), *b = open_pg();
    struct pg_identity id;
    cr_assert(pg_identify(a, &id, &err), "%s", err.text);
    printf("%d %s %s %d %d\n", id.pid, id.backend_start, id.system_identifier, id.timeline, id.version);
    cr_assert(id.ahead_ms > -5000 && id.ahead_ms < 5000, "one machine, one clock: %lld", (long long)id.ahead_ms);
    cr_assert(id.pid > 0 && id.timeline == 1 && !id.in_recovery && id.system_identifier[0]);
    const struct pg_session others[] = {/* that had the same pid: not ours to end */
                                        {id.pid, "2001-01-01", id.server_start},
                                        {id.pid, id.backend_start, "2001-01-01"},
                                        {id.pid, "", id.server_start},
                                        {id.pid, id.backend_start, ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_assert(pg_terminate_backend(b, &others[i], 1000, &err));
    cr_assert(pg_run(a, "SELECT 1", NULL, NULL, &err) && !pg_lost(a));
    const struct pg_session own = {id.pid, id.backend_start, id.server_start};
    cr_assert(pg_terminate_backend(b, &own, 5000, &err), "%s", err.text);
    cr_assert(!pg_run(a, "SELECT 1", NULL, NULL, &err));
    cr_assert(pg_lost(a) && err.kind == ERR_UNREACHABLE);
    cr_assert(!pg_run(a, "SELECT 1", NULL, NULL, &err) && err.kind == ERR_UNREACHABLE);
    cr_assert(!pg_exec(a, "SELECT 1", 0, NULL, NULL, &err) && err.kind == ERR_UNREACHABLE);
    pg_close(a);
    pg_close(b);
}

static int traced;
static void trace(void *context, const char *statement, int64_t duration_us, const char *tag)
{
    (void)context;
    printf("%s | %lld us | %s\n", statement, (long long)duration_us, tag);
    cr_assert_null(strstr(statement, "s3cret"));
    traced++;
}

Test(pg_connection, the_trace_sees_statements_and_no_parameters)
{
    struct pg *pg = open_pg();
    const char *values[] = {"s3cret"};
    pg_set_trace(pg, trace, NULL);
    cr_assert(pg_exec(pg, "SELECT $1::text", 1, values, NULL, &err));
    cr_assert(!pg_run(pg, "SELECT 1/0", NULL, NULL, &err));
    cr_assert_eq(traced, 2);
    pg_close(pg);
}

Test(pg_connection, arrays_and_quotes)
{
    static const char back[] = "SELECT $1::text[] = ARRAY['a\"b\\c,{}', NULL, '']";
    struct pg *pg = open_pg();
    struct buf b = BUF_INIT(1000);
    const char *items[] = {"a\"b\\c,{}", NULL, ""};
    pg_array_text(&b, items, 3);
    const char *values[] = {buf_text(&b)};
    auto_pgresult PGresult *r = NULL, *q = NULL;
    cr_assert(pg_exec(pg, back, 1, values, &r, &err), "%s", err.text);
    cr_assert_str_eq(pg_text(r, 0, 0), "t");
    buf_clear(&b);
    buf_adds(&b, "SELECT ");
    pg_add_literal(pg, &b, "it's \\ so");
    buf_adds(&b, " AS ");
    pg_add_identifier(pg, &b, "Odd \"one");
    cr_assert(pg_run(pg, buf_text(&b), &q, NULL, &err));
    cr_assert(strcmp(pg_text(q, 0, 0), "it's \\ so") == 0 && strcmp(PQfname(q, 0), "Odd \"one") == 0);
    buf_release(&b);
    pg_close(pg);
}

Test(pg_connection, classes_of_sqlstate)
{
    static const char *const yes[] = {"08006", "40001", "40P01", "55P03", "57P01", "53300"}, *const no[] = {
                                                                                                 "23505", "57014",
                                                                                                 "53100", "", "42601"};
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        cr_expect(pg_transient(yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < COUNT_OF(no); i++)
        cr_expect(!pg_transient(no[i]), "%s", no[i]);
}
