/* The fence: who may act on this target. The rules are in schema/0002_functions.sql (protocol.md, 1). */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"
#include "proc/crash.h"

static void read_fence(const PGresult *result, int column, struct arena *arena, struct fence *ret_fence)
{
    *ret_fence = (struct fence){.epoch = pg_number(result, 0, column),
                                .term = arena_strdup(arena, pg_text(result, 0, column + 1)),
                                .sequence = pg_number(result, 0, column + 2),
                                .digest = arena_strdup(arena, pg_text(result, 0, column + 3))};
}

bool ledger_fence_read(struct ledger *ledger, struct arena *arena, struct fence *ret_fence, struct err *err)
{
    const char *values[] = {NUMBER(ledger->target)};
    auto_pgresult PGresult *result = NULL;
    if (!ledger_exec(ledger, LEDGER_SQL_fence, 1, values, &result, err))
        return false;
    if (PQntuples(result) == 0)
        *ret_fence = (struct fence){.term = "", .digest = ""};
    else
        read_fence(result, 0, arena, ret_fence);
    return true;
}

/* What follows runs under this fence; a refused one leaves the ledger with none, so that nothing can run. */
static void take_over(struct ledger *ledger, const struct ledger_raise *raise, bool accepted)
{
    ledger->fence.epoch = raise->fence.epoch;
    ledger->fence.sequence = accepted ? raise->fence.sequence : 0;
    ledger->not_after_us = raise->not_after_us;
    text_format(ledger->term, sizeof ledger->term, "%s", raise->fence.term);
    text_format(ledger->digest, sizeof ledger->digest, "%s", raise->fence.digest);
}

bool ledger_fence_raise(struct ledger *ledger, const struct ledger_raise *raise, struct arena *arena,
                        enum refusal *ret_refusal, char message[256], struct fence *ret_in_force, struct err *err)
{
    const struct fence *f = &raise->fence;
    if (ledger->identity.in_recovery && !pg_identify(ledger->pg, &ledger->identity, err)) /* promoted since? */
        return false;
    const char *values[] = {NUMBER(ledger->target), NUMBER(f->epoch), f->term, NUMBER(f->sequence), f->digest,
                            NUMBER(raise->expects), NUMBER(raise->not_after_us), ledger->identity.system_identifier,
                            NUMBER(ledger->identity.timeline), raise->accept_server ? "t" : "f"};
    auto_pgresult PGresult *result = NULL;
    take_over(ledger, raise, false);
    if (!ledger_exec(ledger, LEDGER_SQL_raise, 10, values, &result, err))
        return false;
    const char *word = pg_text(result, 0, 0);
    enum refusal refusal = REFUSAL_COUNT;
    if (*word && !refusal_parse(word, &refusal))
        return err_set(err, ERR_INTERNAL, "fence_raise said \"%s\"", word);
    if (message)
        text_format(message, 256, "%s", pg_text(result, 0, 5));
    read_fence(result, 1, arena, ret_in_force);
    ledger->empty = pg_true(result, 0, 6);
    ledger->accompanied = pg_true(result, 0, 7);
    ledger->links = pg_true(result, 0, 8);
    *ret_refusal = refusal;
    take_over(ledger, raise, refusal == REFUSAL_COUNT);
    CRASH_POINT("ledger.fenced");
    return true;
}

bool ledger_is_empty(const struct ledger *ledger)
{
    return ledger->empty;
}
