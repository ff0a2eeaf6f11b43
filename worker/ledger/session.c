/* The session that files share with greylag's own statements: made ready, set aside for these, made as new again. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ledger/ledger_internal.h"

/* A server, a database or a role may have it off; what is reported has to be on disk. */
static bool force_commit(struct pg *pg, bool *ret_forced, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!pg_run(pg, "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
                    " WHERE pg_catalog.current_setting('synchronous_commit') = 'off'", &result, NULL, err))
        return false;
    *ret_forced = PQntuples(result) == 1;
    return true;
}

bool ledger_prepare_session(struct ledger *ledger, struct pg *pg, struct err *err)
{
    auto_buf struct buf settings = BUF_INIT(1024);
    if (!force_commit(pg, &ledger->commit_forced, err))
        return false;
    for (const char *const *s = pg_session_settings(pg); *s; s += 2)
        buf_addf(&settings, ";SET %s = '%s'", s[0], s[1]);
    if (ledger->commit_forced)
        buf_adds(&settings, ";SET synchronous_commit = 'on'");
    text_format(ledger->own_settings, sizeof ledger->own_settings, "%s", buf_text(&settings));
    return true;
}

#define OWN_ROLE "RESET SESSION AUTHORIZATION;RESET ROLE;"

void ledger_add_role(struct buf *sql, bool for_now)
{
    buf_adds(sql, for_now ? "SET LOCAL session_authorization TO DEFAULT;SET LOCAL role TO DEFAULT;" : OWN_ROLE);
}

void ledger_add_own(struct ledger *ledger, struct buf *sql, const struct ledger_step *step, bool for_now)
{
    const struct job_request *r = step->request;
    ledger_add_role(sql, for_now);
    buf_addf(sql, "SET LOCAL synchronous_commit TO DEFAULT;CALL %s.session_aside('%" PRId64 "','%" PRId64 "');",
             ledger->quoted_schema, r->lock_timeout_ms, r->statement_timeout_ms);
}

void ledger_add_back(struct ledger *ledger, struct buf *sql)
{
    buf_addf(sql, "CALL %s.session_back();", ledger->quoted_schema);
}

void ledger_add_clean(struct ledger *ledger, struct buf *sql)
{
    buf_addf(sql, "RESET statement_timeout;RESET search_path;CALL %s.session_clean(", ledger->quoted_schema);
    if (ledger->locked)
        buf_addf(sql, "%" PRId64 ")%s", ledger->lock_key, ledger->own_settings);
    else
        buf_addf(sql, "NULL)%s", ledger->own_settings);
    if (ledger->links)
        buf_addf(sql, ";CALL %s.session_unlink()", ledger->quoted_schema);
}

void ledger_expect_links(struct ledger *ledger)
{
    ledger->links = true;
}

void ledger_clean(struct ledger *ledger)
{
    auto_buf struct buf sql = BUF_INIT(1 << 14);
    if (pg_lost(ledger->pg))
        return; /* and with the session all that it held */
    buf_adds(&sql, OWN_ROLE);
    ledger_add_clean(ledger, &sql);
    if (!pg_run(ledger->pg, buf_text(&sql), NULL, NULL, NULL))
        pg_give_up(ledger->pg); /* nobody knows what it holds */
}
