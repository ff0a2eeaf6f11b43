/* Who stands in the way of this ledger's session, asked over a connection of its own while the session waits. */
#include "base/cleanup.h"
#include "ledger/ledger_internal.h"
#include "ledger_sql.h"

struct ledger_wait ledger_look(struct ledger *ledger, struct arena *arena)
{
    const struct ledger_wait nobody_knows = {.blockers = "", .transactions = ""};
    if (ledger->watch && pg_lost(ledger->watch)) {
        pg_close(ledger->watch);
        ledger->watch = NULL;
    }
    if (!ledger->watch && !pg_open(ledger->settings.conninfo, "greylag-worker watch", 1000, &ledger->watch, NULL))
        return nobody_knows;
    const char *values[] = {NUMBER(ledger->identity.pid)};
    auto_pgresult PGresult *result = NULL;
    if (!pg_exec(ledger->watch, sql_blockers, 1, values, &result, NULL))
        return nobody_knows;
    return (struct ledger_wait){.blockers = arena_strdup(arena, pg_text(result, 0, 0)),
                                .transactions = arena_strdup(arena, pg_text(result, 0, 3)),
                                .standby = pg_true(result, 0, 1),
                                .keeps_out = pg_true(result, 0, 2)};
}
