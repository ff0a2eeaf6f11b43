#include "harness/postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"

#define DATABASES_MAX 256

struct test_pg {
    bool shared;
    char *dir;       /* private: where the cluster lives */
    char *settings[16];
    pid_t server;    /* the `postgres serve` that watches over it */
    int lifeline;    /* its standard input: at end of file it stops the cluster */
    FILE *answers;   /* its standard output: one line for each order */
    char *conninfo;
    char *databases[DATABASES_MAX]; /* conninfos */
    char *names[DATABASES_MAX];
    int count;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "test PostgreSQL: %s: %s\n", what, why);
    fflush(stderr);
    _exit(99);
}

static PGconn *open_connection(const char *conninfo)
{
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK)
        die("connecting", PQerrorMessage(connection));
    return connection;
}

/* Result of all statements; the caller clears it. */
static PGresult *run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
        fprintf(stderr, "%.2000s\n", sql);
        die("running SQL", PQerrorMessage(connection));
    }
    return result;
}

static void ignore_notices(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* The child's side of launch: only calls that are safe after fork. */
static void become_server(struct test_pg *pg, int input, int output)
{
    char program[] = GREYLAG_SOURCE_DIR "/tests/harness/postgres", verb[] = "serve";
    char *arguments[COUNT_OF(pg->settings) + 4] = {program, verb, pg->dir};
    for (size_t i = 0; i < COUNT_OF(pg->settings) && pg->settings[i]; i++)
        arguments[3 + i] = pg->settings[i];
    dup2(input, 0);
    dup2(output, 1);
    setpgid(0, 0); /* a Ctrl-C at the terminal ends the test, and by that the cluster */
    execv(program, arguments);
    _exit(127);
}

/* Next line of the server's watcher, without its end, new. */
static char *answer(struct test_pg *pg)
{
    char line[512];
    if (!fgets(line, sizeof line, pg->answers))
        die("the private cluster", "tests/harness/postgres ended without an answer");
    line[strcspn(line, "\n")] = 0;
    return xstrdup(line);
}

static char *order(struct test_pg *pg, const char *line)
{
    if (pg->shared)
        die("stopping the server", "the cluster is shared: use test_pg_start_private");
    if (write(pg->lifeline, line, strlen(line)) != (ssize_t)strlen(line))
        die("the private cluster", strerror(errno));
    return answer(pg);
}

static void launch(struct test_pg *pg)
{
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) || pipe2(output, O_CLOEXEC))
        die("pipe", strerror(errno));
    pg->server = fork();
    if (pg->server < 0)
        die("fork", strerror(errno));
    if (pg->server == 0)
        become_server(pg, input[0], output[1]);
    close(input[0]);
    close(output[1]);
    pg->lifeline = input[1];
    pg->answers = fdopen(output[0], "re");
    pg->conninfo = answer(pg);
}

static void end_server(struct test_pg *pg)
{
    close(pg->lifeline);
    fclose(pg->answers);
    while (waitpid(pg->server, NULL, 0) < 0 && errno == EINTR)
        ;
}

struct test_pg *test_pg_start_private(const char *const *settings)
{
    struct test_pg *pg = xcalloc(1, sizeof *pg);
    char dir[] = "/tmp/greylag-test-pg-XXXXXX";
    if (!mkdtemp(dir))
        die(dir, strerror(errno));
    pg->dir = xstrdup(dir);
    for (size_t i = 0; settings && settings[i] && i < COUNT_OF(pg->settings) - 1; i++)
        pg->settings[i] = xstrdup(settings[i]);
    launch(pg);
    return pg;
}

struct test_pg *test_pg_start(void)
{
    const char *shared = getenv("GREYLAG_TEST_POSTGRES");
    if (!shared || !*shared)
        return test_pg_start_private(NULL);
    struct test_pg *pg = xcalloc(1, sizeof *pg);
    pg->shared = true;
    pg->conninfo = xstrdup(shared);
    return pg;
}

static void drop_databases(struct test_pg *pg)
{
    PGconn *connection = open_connection(pg->conninfo);
    PQsetNoticeReceiver(connection, ignore_notices, NULL);
    for (int i = 0; i < pg->count; i++) {
        auto_free char *sql = xasprintf("DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", pg->names[i]);
        PQclear(PQexec(connection, sql));
    }
    PQfinish(connection);
}

void test_pg_stop(struct test_pg *pg)
{
    if (!pg)
        return;
    if (pg->shared)
        drop_databases(pg);
    else
        end_server(pg);
    for (int i = 0; i < pg->count; i++) {
        free(pg->databases[i]);
        free(pg->names[i]);
    }
    for (size_t i = 0; i < COUNT_OF(pg->settings); i++)
        free(pg->settings[i]);
    free(pg->conninfo);
    free(pg->dir);
    free(pg);
}

const char *test_pg_conninfo(struct test_pg *pg)
{
    return pg->conninfo;
}

char *test_pg_conninfo_with(const char *conninfo, const char *name, const char *value)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &why);
    if (!options)
        die("reading a connection string", why ? why : "out of memory");
    auto_buf struct buf text = BUF_INIT(4096);
    for (PQconninfoOption *option = options; option->keyword; option++)
        if (option->val && strcmp(option->keyword, name) != 0)
            buf_addf(&text, "%s='%s' ", option->keyword, option->val);
    buf_addf(&text, "%s='%s'", name, value);
    PQconninfoFree(options);
    return xstrdup(buf_text(&text));
}

const char *test_pg_database(struct test_pg *pg, const char *name)
{
    return test_pg_database_in(pg, name, "UTF8");
}

const char *test_pg_database_in(struct test_pg *pg, const char *name, const char *encoding)
{
    if (pg->count == DATABASES_MAX)
        die(name, "too many databases for one test");
    char *unique = xasprintf("%s_%d_%d", name, (int)getpid(), pg->count);
    bool plain = strcmp(encoding, "UTF8") == 0; /* the cluster's own */
    auto_free char *sql = xasprintf("CREATE DATABASE \"%s\" TEMPLATE template0 ENCODING '%s'%s", unique, encoding,
                                    plain ? "" : " LC_COLLATE 'C' LC_CTYPE 'C'");
    PGconn *connection = open_connection(pg->conninfo);
    PQclear(run(connection, sql));
    PQfinish(connection);
    pg->names[pg->count] = unique;
    pg->databases[pg->count] = test_pg_conninfo_with(pg->conninfo, "dbname", unique);
    return pg->databases[pg->count++];
}

void test_pg_run(const char *conninfo, const char *sql)
{
    PGconn *connection = open_connection(conninfo);
    PQsetNoticeReceiver(connection, ignore_notices, NULL);
    PQclear(run(connection, sql));
    PQfinish(connection);
}

char *test_pg_value(const char *conninfo, const char *sql)
{
    PGconn *connection = open_connection(conninfo);
    PGresult *result = run(connection, sql);
    char *value = xstrdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(connection);
    return value;
}

char *test_pg_dump(const char *conninfo)
{
    auto_free char *command = xasprintf("pg_dump --schema-only --no-owner --no-privileges --exclude-schema=greylag "
                                        "-d \"%s\"", conninfo);
    FILE *pipe = popen(command, "re");
    if (!pipe)
        die("pg_dump", strerror(errno));
    auto_buf struct buf text = BUF_INIT((size_t)64 << 20);
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, pipe) > 0)
        if (!text_starts(line, "\\restrict") && !text_starts(line, "\\unrestrict"))
            buf_adds(&text, line);
    free(line);
    if (pclose(pipe) != 0)
        die("pg_dump", "failed");
    return xstrdup(buf_text(&text));
}

int test_pg_pid(struct test_pg *pg)
{
    if (pg->shared)
        die("test_pg_pid", "the cluster is shared: use test_pg_start_private");
    auto_free char *path = xasprintf("%s/data/postmaster.pid", pg->dir);
    auto_file FILE *file = fopen(path, "re");
    char line[32];
    if (!file || !fgets(line, sizeof line, file))
        die(path, "cannot be read");
    return (int)strtol(line, NULL, 10);
}

void test_pg_down(struct test_pg *pg, bool kill)
{
    auto_free char *answer = order(pg, kill ? "kill\n" : "stop\n");
}

void test_pg_up(struct test_pg *pg)
{
    auto_free char *answer = order(pg, "start\n");
}
