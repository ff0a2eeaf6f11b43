/* What operators order, and which orders the leader has not handled. */
#include <string.h>

#include "store/store_internal.h"
#include "store_sql.h"

/* Why an order cannot be given in this state, or NULL. */
static const char *order_objection(const char *kind, enum release_state state, bool latest)
{
    bool open = !release_state_terminal(state), halted = state == RELEASE_HALTED;
    if (halted && !latest)
        return "it halted, and other releases came after it";
    if (strcmp(kind, "retry") == 0)
        return halted ? NULL : "only a halted release can go on";
    return open || halted ? NULL : "it has ended";
}

static bool add_order(struct store *store, const char *release, const char *kind, const char *by, int64_t *ret_order,
                      struct err *err)
{
    auto_pgresult PGresult *found = NULL;
    if (!store_exec(store, sql_order_allowed, &found, err, 1, release))
        return false;
    enum release_state state;
    if (PQntuples(found) == 0 || !release_state_parse(pg_text(found, 0, 0), &state))
        return err_set(err, ERR_INPUT, "there is no release %s", release);
    const char *objection = order_objection(kind, state, pg_true(found, 0, 1));
    if (objection) {
        err_set(err, ERR_CONFLICT, "release %s is %s: %s", release, release_state_text(state), objection);
        return err_hint(err, "%s",
                        release_state_terminal(state) ? "greylag down takes back what an ended release applied, "
                                                        "greylag up goes on from what is applied now"
                                                      : "greylag release watch follows it to its end");
    }
    auto_pgresult PGresult *added = NULL;
    if (!store_exec(store, sql_order_add, &added, err, 3, release, kind, by))
        return false;
    *ret_order = pg_number(added, 0, 0);
    return true;
}

bool store_order_add(struct store *store, const char *release, const char *kind, const char *by, int64_t *ret_order,
                     struct err *err)
{
    if (strcmp(kind, "rollback") != 0 && strcmp(kind, "retry") != 0 && strcmp(kind, "cancel") != 0)
        return err_set(err, ERR_INPUT, "an order is rollback, retry or cancel");
    if (!store_begin(store, err))
        return false;
    int64_t order = 0;
    bool added = store_lock_acceptance(store, err) && add_order(store, release, kind, by, &order, err);
    if (!store_end_waking(store, added, err))
        return false;
    *ret_order = order;
    return true;
}

bool store_release_leave(struct store *store, const char *release, const char *by, struct err *err)
{
    auto_pgresult PGresult *left = NULL, *found = NULL;
    if (!store_exec(store, sql_release_leave, &left, err, 2, release, by))
        return false;
    if (PQntuples(left) > 0)
        return store_wake(store, err);
    if (!store_exec(store, sql_order_allowed, &found, err, 1, release))
        return false;
    if (PQntuples(found) == 0)
        return err_set(err, ERR_INPUT, "there is no release %s", release);
    err_set(err, ERR_CONFLICT, "release %s is %s: only a halted one, or one that left something behind, "
                               "can be left as it stands", release, pg_text(found, 0, 0));
    return err_hint(err, "greylag release show says what can be done with it");
}

bool store_orders(struct store *store, struct arena *arena, struct store_order **ret_orders, size_t *ret_count,
                  struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_orders_open, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_order *orders = arena_array(arena, count + 1, sizeof *orders);
    for (size_t i = 0; i < count; i++)
        orders[i] = (struct store_order){.id = pg_number(result, (int)i, 0),
                                         .release = pg_copy(result, (int)i, 1, arena),
                                         .kind = pg_copy(result, (int)i, 2, arena),
                                         .by = pg_copy(result, (int)i, 3, arena),
                                         .latest = pg_true(result, (int)i, 4)};
    *ret_orders = orders;
    *ret_count = count;
    return true;
}
