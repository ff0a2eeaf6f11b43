/* An empty control database of the test's own. Who uses it has `links: harness` among its first lines. */
#pragma once
#include <criterion/criterion.h>

#include "base/err.h"
#include "crypto/key.h"
#include "harness/postgres.h"

/* A call that is given `&why` and has to succeed. */
#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        struct err why = ERR_INIT;                                                                                     \
        cr_assert(call, "%s:%d %s: %s (%s)", __FILE__, __LINE__, #call, why.text, why.sqlstate);                       \
    } while (0)

static struct test_pg *server;
static const char *conninfo;

static inline void start_database(void)
{
    crypto_init();
    server = test_pg_start();
    conninfo = test_pg_database(server, "control");
}

static inline void stop_database(void)
{
    test_pg_stop(server);
}
