/* What the leader reads: orders, targets, positions, inbox, outbox, and what is said on the channel. */
#include <string.h>

#include "base/cleanup.h"
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

bool store_order_add(struct store *store, const char *release, const char *kind, const char *by, int64_t *ret_order,
                     struct err *err)
{
    if (strcmp(kind, "rollback") != 0 && strcmp(kind, "retry") != 0 && strcmp(kind, "cancel") != 0)
        return err_set(err, ERR_INPUT, "an order is rollback, retry or cancel");
    auto_pgresult PGresult *found = NULL;
    if (!store_exec(store, sql_order_allowed, &found, err, 2, release, kind))
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
    if (!store_exec(store, sql_order_add, &added, err, 3, release, kind, by) ||
        !store_exec(store, sql_notify, NULL, err, 1, "order"))
        return false;
    *ret_order = pg_number(added, 0, 0);
    return true;
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
                                         .release = arena_strdup(arena, pg_text(result, (int)i, 1)),
                                         .kind = arena_strdup(arena, pg_text(result, (int)i, 2)),
                                         .by = arena_strdup(arena, pg_text(result, (int)i, 3))};
    *ret_orders = orders;
    *ret_count = count;
    return true;
}

bool store_targets(struct store *store, struct arena *arena, struct store_target **ret_targets, size_t *ret_count,
                   struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_targets_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_target *targets = arena_array(arena, count + 1, sizeof *targets);
    for (int i = 0; i < (int)count; i++) {
        int64_t sequence = pg_number(result, i, 2), recorded = pg_number(result, i, 3);
        rollout_numbers(&sequence, &recorded);
        targets[i] = (struct store_target){.service = arena_strdup(arena, pg_text(result, i, 0)),
                                           .target = arena_strdup(arena, pg_text(result, i, 1)),
                                           .sequence = sequence, .recorded = recorded,
                                           .reported = arena_strdup(arena, pg_text(result, i, 4))};
    }
    *ret_targets = targets;
    *ret_count = count;
    return true;
}

bool store_contents(struct store *store, const char *service, const char *target, char digest[DIGEST_TEXT_SIZE],
                    struct err *err)
{
    auto_pgresult PGresult *held = NULL;
    if (!store_exec(store, sql_contents_of, &held, err, 2, service, target))
        return false;
    size_t count = (size_t)PQntuples(held);
    auto_free struct applied *applied = xcalloc(count + 1, sizeof *applied);
    for (int i = 0; i < (int)count; i++)
        applied[i] = (struct applied){.migration = pg_text(held, i, 0), .checksum = pg_text(held, i, 1),
                                      .request = pg_text(held, i, 2), .release = pg_text(held, i, 3)};
    contents_digest(applied, count, digest);
    return true;
}

bool store_positions(struct store *store, struct arena *arena, struct store_position **ret_positions,
                     size_t *ret_count, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_positions_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_position *positions = arena_array(arena, count + 1, sizeof *positions);
    for (size_t i = 0; i < count; i++)
        positions[i] = (struct store_position){.topic = arena_strdup(arena, pg_text(result, (int)i, 0)),
                                               .partition = (int32_t)pg_number(result, (int)i, 1),
                                               .next = pg_number(result, (int)i, 2),
                                               .digest = arena_strdup(arena, pg_text(result, (int)i, 3))};
    *ret_positions = positions;
    *ret_count = count;
    return true;
}

bool store_inbox_known(struct store *store, const char *const *ids, size_t count, bool *ret_known, struct err *err)
{
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_text(&array, ids, count);
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_inbox_known, &result, err, 1, buf_text(&array)))
        return false;
    memset(ret_known, 0, count * sizeof *ret_known);
    for (int i = 0; i < PQntuples(result); i++)
        ret_known[pg_number(result, i, 0)] = true;
    return true;
}

bool store_outbox(struct store *store, struct arena *arena, struct store_message **ret_messages, size_t *ret_count,
                  struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_outbox_load, &result, err, 0))
        return false;
    size_t count = (size_t)PQntuples(result);
    struct store_message *messages = arena_array(arena, count + 1, sizeof *messages);
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct store_message){
            .row = pg_number(result, (int)i, 0), .topic = arena_strdup(arena, pg_text(result, (int)i, 1)),
            .key = arena_strdup(arena, pg_text(result, (int)i, 2)),
            .id = arena_strdup(arena, pg_text(result, (int)i, 3)),
            .type = arena_strdup(arena, pg_text(result, (int)i, 4)),
            .len = (size_t)pg_number(result, (int)i, 5), .epoch = pg_number(result, (int)i, 6)};
    *ret_messages = messages;
    *ret_count = count;
    return true;
}

bool store_outbox_payload(struct store *store, int64_t row, char **ret_payload, struct err *err)
{
    char number[24];
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_outbox_payload, &result, err, 1, store_text_int64(number, row)))
        return false;
    *ret_payload = PQntuples(result) ? xstrdup(pg_text(result, 0, 0)) : NULL;
    return true;
}

bool store_outbox_sent(struct store *store, const int64_t *rows, size_t count, struct err *err)
{
    if (count == 0)
        return true;
    auto_buf struct buf array = BUF_INIT(BUF_MAX);
    pg_array_int64(&array, rows, count);
    return store_exec(store, sql_outbox_sent, NULL, err, 1, buf_text(&array));
}

bool store_listen(struct store *store, struct err *err)
{
    return pg_run(store->pg, sql_listen, NULL, NULL, err);
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
