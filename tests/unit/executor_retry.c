/* What failed: its cause, how often it is tried again, after which pause.
 * links: executor ledger crypto */
#include <criterion/criterion.h>
#include <stdio.h>

#include "executor/retry.h"

static const struct retry_limits limits = {.retries = 5, .lock_timeout_ms = 2000};

Test(executor_retry, each_cause_is_told)
{
    static const struct {
        struct retry_seen seen;
        enum retry_cause cause;
    } rows[] = {
        {{"55P03", "canceling statement due to lock timeout", 0}, RETRY_CAUSE_LOCK},
        {{"40P01", "deadlock detected", 0}, RETRY_CAUSE_CONFLICT},
        {{"40001", "could not serialize access", 0}, RETRY_CAUSE_CONFLICT},
        {{"40003", "statement completion unknown", 0}, RETRY_CAUSE_FINAL},
        {{"XX000", "tuple concurrently updated", 0}, RETRY_CAUSE_RACE},
        {{"XX000", "tuple concurrently deleted", 0}, RETRY_CAUSE_RACE},
        {{"XX000", "cache lookup failed for relation 4711", 0}, RETRY_CAUSE_RACE},
        {{"XX000", "something else is broken", 0}, RETRY_CAUSE_FINAL},
        {{"23505", "duplicate key value", RETRY_CATALOGUE}, RETRY_CAUSE_RACE},
        {{"23505", "duplicate key value", 0}, RETRY_CAUSE_FINAL},
        {{"42P07", "relation \"a\" already exists", RETRY_ASKED}, RETRY_CAUSE_RACE},
        {{"42P07", "relation \"a\" already exists", 0}, RETRY_CAUSE_FINAL},
        {{"42710", "type \"a\" already exists", RETRY_ASKED}, RETRY_CAUSE_RACE},
        {{"42P06", "schema \"a\" already exists", RETRY_ASKED}, RETRY_CAUSE_RACE},
        {{"42701", "column \"a\" of relation \"t\" already exists", RETRY_ASKED}, RETRY_CAUSE_RACE},
        {{"42701", "column \"a\" of relation \"t\" already exists", 0}, RETRY_CAUSE_FINAL},
        {{"42723", "function \"a\" already exists with same argument types", RETRY_ASKED}, RETRY_CAUSE_RACE},
        {{"53300", "sorry, too many clients already", 0}, RETRY_CAUSE_SERVER},
        {{"57P03", "the database system is starting up", 0}, RETRY_CAUSE_SERVER},
        {{"53100", "No space left on device", 0}, RETRY_CAUSE_ROOM},
        {{"08007", "cut off", 0}, RETRY_CAUSE_DOUBT},
        {{"08006", "connection failure", 0}, RETRY_CAUSE_LOST},
        {{"", "server closed the connection unexpectedly", RETRY_LOST | RETRY_SAME_SERVER}, RETRY_CAUSE_LOST},
        {{"25P04", "terminating connection due to transaction timeout", RETRY_LOST | RETRY_SAME_SERVER},
         RETRY_CAUSE_FINAL},
        {{"57P01", "terminating connection", RETRY_LOST | RETRY_SAME_SERVER}, RETRY_CAUSE_TERMINATED},
        {{"57P01", "terminating connection", RETRY_LOST}, RETRY_CAUSE_LOST},
        {{"57P02", "crash of another server process", RETRY_LOST | RETRY_SAME_SERVER}, RETRY_CAUSE_LOST},
        {{"57014", "canceling statement due to user request", 0}, RETRY_CAUSE_FINAL},
        {{"42601", "syntax error", 0}, RETRY_CAUSE_FINAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(retry_cause(&rows[i].seen), rows[i].cause, "%s %s: cause %d", rows[i].seen.sqlstate,
                     rows[i].seen.message, (int)retry_cause(&rows[i].seen));
}

/* How often it is tried again with these retries. */
static int64_t often(enum retry_cause cause, int64_t retries)
{
    struct retry_tally tally = {0};
    const struct retry_limits these = {.retries = retries, .lock_timeout_ms = 2000};
    int64_t count = 0, pause;
    while (count < 100 && retry_again(&tally, cause, &these, 0, &pause))
        count++;
    return count;
}

Test(executor_retry, a_restart_is_no_failure_and_an_administrator_is_heard)
{
    cr_expect_eq(often(RETRY_CAUSE_LOCK, 5), 5);
    cr_expect_eq(often(RETRY_CAUSE_LOCK, 0), 0);
    cr_expect_eq(often(RETRY_CAUSE_CONFLICT, 7), 7);
    cr_expect_eq(often(RETRY_CAUSE_LOST, 0), 3);
    cr_expect_eq(often(RETRY_CAUSE_RACE, 1), 3);
    cr_expect_eq(often(RETRY_CAUSE_SERVER, 9), 9);
    cr_expect_eq(often(RETRY_CAUSE_TERMINATED, 9), 1);
    cr_expect_eq(often(RETRY_CAUSE_TERMINATED, 0), 0);
    for (enum retry_cause cause = RETRY_CAUSE_ROOM; cause < RETRY_CAUSE_COUNT; cause++)
        cr_expect_eq(often(cause, 9), 0);
    cr_expect(retry_blocks(RETRY_CAUSE_ROOM) && !retry_blocks(RETRY_CAUSE_LOCK) && !retry_blocks(RETRY_CAUSE_DOUBT));
}

/* Each cause has its own count: a deadlock is no try for a lock. */
Test(executor_retry, causes_are_counted_apart)
{
    struct retry_tally tally = {0};
    int64_t pause;
    for (int i = 0; i < 5; i++)
        cr_expect(retry_again(&tally, RETRY_CAUSE_LOCK, &limits, 0, &pause));
    cr_expect(retry_again(&tally, RETRY_CAUSE_CONFLICT, &limits, 0, &pause));
    cr_expect_not(retry_again(&tally, RETRY_CAUSE_LOCK, &limits, 0, &pause));
}

/* While a try waits for its lock, readers wait behind it: less than a third of the time, whatever the timeout. */
Test(executor_retry, readers_have_most_of_the_time)
{
    static const int64_t timeouts[] = {1, 50, 1000, 2000, 5000, 60000, 3600000};
    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct retry_tally tally = {0};
        const struct retry_limits these = {.retries = 30, .lock_timeout_ms = timeouts[i]};
        int64_t waited = timeouts[i], paused = 0, pause, before = 0;
        for (uint64_t n = 0; retry_again(&tally, RETRY_CAUSE_LOCK, &these, n * 7919, &pause); n++) {
            cr_expect_geq(pause, 3 * timeouts[i]);
            cr_expect_leq(pause, 3 * (timeouts[i] * 3 > 60000 ? timeouts[i] * 3 : 60000) / 2);
            waited += timeouts[i];
            paused += pause;
            before = pause;
        }
        printf("# lock_timeout %lld ms: %lld ms waited, %lld ms paused, the last %lld ms\n", (long long)timeouts[i],
               (long long)waited, (long long)paused, (long long)before);
        cr_expect_lt(waited * 3, waited + paused);
    }
}

Test(executor_retry, pauses_grow_and_differ_by_chance)
{
    struct retry_tally tally = {0}, other = {0};
    const struct retry_limits many = {.retries = 200, .lock_timeout_ms = 2000};
    int64_t before = 0, pause, longer;
    for (int i = 0; i < 200; i++) {
        cr_assert(retry_again(&tally, RETRY_CAUSE_CONFLICT, &many, 0, &pause));
        cr_assert(retry_again(&other, RETRY_CAUSE_CONFLICT, &many, UINT64_MAX, &longer));
        cr_expect(pause >= before && pause >= 200 && pause <= 10000 && longer <= 15000);
        before = pause;
    }
    cr_expect_eq(before, 10000);
    const struct retry_limits test = {.retries = 5, .lock_timeout_ms = 2000, .first_ms = 10, .max_ms = 20};
    struct retry_tally quick = {0};
    cr_expect(retry_again(&quick, RETRY_CAUSE_LOCK, &test, UINT64_MAX, &pause) && pause <= 30);
}
