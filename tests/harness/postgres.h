/* A real PostgreSQL for tests.
 *
 * test_pg_start uses the cluster that GREYLAG_TEST_POSTGRES (a superuser's conninfo) names, so that a whole test run
 * shares one; without it, and with test_pg_start_private always, a private cluster is made in a temporary folder, on a
 * free port of 127.0.0.1, fsync on. A private cluster is stopped and removed when the test stops it or dies, even by
 * SIGKILL. Every database is fresh and has a name of its own: tests may run side by side.
 *
 * A test that cannot get its server ends at once with a message: these functions do not return errors.
 * Ownership: strings are borrowed from the struct, valid until test_pg_stop. Threads: one at a time. */
#pragma once
#include <stdbool.h>

struct test_pg;

struct test_pg *test_pg_start(void);
/* For tests that stop, kill or configure their server. `settings` (may be NULL) are "name=value" for the server, ended
 * by NULL; they replace GREYLAG_TEST_POSTGRES's ones. */
struct test_pg *test_pg_start_private(const char *const *settings);
/* Stops a private cluster at once and removes it; drops the databases of a shared one. */
void test_pg_stop(struct test_pg *pg);

const char *test_pg_conninfo(struct test_pg *pg); /* superuser, database postgres */
/* Creates an empty database called `name` and something unique, and gives its conninfo (superuser). */
const char *test_pg_database(struct test_pg *pg, const char *name);
/* The same in another encoding, by its name there. */
const char *test_pg_database_in(struct test_pg *pg, const char *name, const char *encoding);
/* The same conninfo under another role, or through another port (a proxy's); new, free(). */
char *test_pg_conninfo_with(const char *conninfo, const char *name, const char *value);
/* Runs statements; ends the test when one fails. */
void test_pg_run(const char *conninfo, const char *sql);
/* First column of the first row as text, new ("" for NULL or no row); ends the test when the query fails. */
char *test_pg_value(const char *conninfo, const char *sql);
/* Schema as pg_dump --schema-only prints it, without greylag's own schema and what differs from run to run; new. */
char *test_pg_dump(const char *conninfo);

/* Private clusters only. The server goes away at once (SIGKILL to the postmaster, or an immediate stop), and comes back
 * on the same port when it is started. */
int test_pg_pid(struct test_pg *pg);
void test_pg_down(struct test_pg *pg, bool kill);
void test_pg_up(struct test_pg *pg);
