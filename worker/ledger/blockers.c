/* Who stands in the way of this ledger's session, asked over a connection of its own while the session waits. */
#include "base/cleanup.h"
#include "ledger/ledger_internal.h"
#include "ledger_sql.h"

const char *ledger_blockers(struct ledger *ledger, struct arena *arena, bool *ret_standby)
{
    *ret_standby = false;
    if (ledger->watch && pg_lost(ledger->watch)) {
        pg_close(ledger->watch);
        ledger->watch = NULL;
    }
    if (!ledger->watch && !pg_open(ledger->settings.conninfo, "greylag-worker watch", 1000, &ledger->watch, NULL))
        return "";
    const char *values[] = {NUMBER(ledger->identity.pid)};
    auto_pgresult PGresult *result = NULL;
    if (!pg_exec(ledger->watch, sql_blockers, 1, values, &result, NULL))
        return "";
    *ret_standby = pg_true(result, 0, 1);
    return arena_strdup(arena, pg_text(result, 0, 0));
}
