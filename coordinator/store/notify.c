/* What is said on the leader's channel. */
#include "store/store_internal.h"
#include "store_sql.h"

bool store_listen(struct store *store, struct err *err)
{
    return pg_run(store->pg, sql_listen, NULL, NULL, err);
}

bool store_wake(struct store *store, struct err *err)
{
    return store_exec(store, sql_notify, NULL, err, 0);
}

bool store_end_waking(struct store *store, bool done, struct err *err)
{
    return store_end(store, done && store_wake(store, err), err);
}

int store_socket(struct store *store)
{
    return store->pg ? PQsocket(pg_raw(store->pg)) : -1;
}

bool store_notified(struct store *store, bool *ret_any, struct err *err)
{
    *ret_any = false;
    if (!store->pg || !PQconsumeInput(pg_raw(store->pg)))
        return err_set(err, ERR_UNREACHABLE, "control database: the connection was lost");
    for (PGnotify *notify; (notify = PQnotifies(pg_raw(store->pg))); PQfreemem(notify))
        *ret_any = true;
    return true;
}
