/* bench_libpq PROCESSES CONNINFO FOLDER [CONNINFO FOLDER ...]
 *
 * The least that any tool can do: each *.sql file of FOLDER, in the order of the names, by one PQexec of
 * "BEGIN; <sql>; INSERT INTO history; COMMIT". The pairs are dealt out to PROCESSES processes, each of which takes the
 * next pair when it is through with one. Files are read and history tables made before the clock starts.
 * Prints the seconds from the first statement to the last. */
#include <dirent.h>
#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct pair {
    PGconn *connection; /* opened in the process that uses it */
    const char *conninfo;
    char **texts;
    int count;
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_libpq: %s: %s\n", what, why);
    exit(1);
}

static int wanted(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".sql") == 0;
}

static char *statement(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail(path, "cannot be opened");
    static char sql[1 << 20];
    size_t len = fread(sql, 1, sizeof sql - 1, file);
    fclose(file);
    sql[len] = 0;
    char *text = NULL;
    if (asprintf(&text, "BEGIN;\n%s\n;INSERT INTO history (name) VALUES ('%s');COMMIT", sql, name) < 0)
        fail(path, "out of memory");
    return text;
}

static struct pair pair_read(const char *conninfo, const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, wanted, alphasort);
    if (count < 0)
        fail(folder, "cannot be read");
    struct pair pair = {.conninfo = conninfo, .texts = calloc((size_t)count + 1, sizeof(char *)), .count = count};
    for (int i = 0; i < count; i++) {
        pair.texts[i] = statement(folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return pair;
}

static void run(PGconn *connection, const char *text)
{
    PGresult *result = PQexec(connection, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail(text, PQerrorMessage(connection));
    PQclear(result);
}

static void work(struct pair *pairs, int count, atomic_int *next)
{
    for (int i; (i = atomic_fetch_add(next, 1)) < count;) {
        pairs[i].connection = PQconnectdb(pairs[i].conninfo);
        if (PQstatus(pairs[i].connection) != CONNECTION_OK)
            fail("connecting", PQerrorMessage(pairs[i].connection));
        for (int t = 0; t < pairs[i].count; t++)
            run(pairs[i].connection, pairs[i].texts[t]);
        PQfinish(pairs[i].connection);
    }
}

static double seconds(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc % 2 != 0)
        fail("usage", "bench_libpq PROCESSES CONNINFO FOLDER [CONNINFO FOLDER ...]");
    int processes = (int)strtol(argv[1], NULL, 10), count = (argc - 2) / 2;
    struct pair *pairs = calloc((size_t)count, sizeof *pairs);
    for (int i = 0; i < count; i++) {
        pairs[i] = pair_read(argv[2 + 2 * i], argv[3 + 2 * i]);
        PGconn *connection = PQconnectdb(pairs[i].conninfo);
        if (PQstatus(connection) != CONNECTION_OK)
            fail("connecting", PQerrorMessage(connection));
        run(connection, "CREATE TABLE IF NOT EXISTS history (id bigserial PRIMARY KEY, name text NOT NULL, "
                        "applied_at timestamptz NOT NULL DEFAULT now())");
        PQfinish(connection);
    }
    atomic_int *next = mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (next == MAP_FAILED)
        fail("mmap", "refused");
    double start = seconds();
    for (int p = 0; p < processes; p++) {
        pid_t pid = fork();
        if (pid < 0)
            fail("fork", "refused");
        if (pid == 0) {
            work(pairs, count, next);
            _exit(0);
        }
    }
    for (int status; wait(&status) > 0;) {
        if (status != 0)
            fail("a process", "failed");
    }
    printf("%.6f\n", seconds() - start);
    return 0;
}
