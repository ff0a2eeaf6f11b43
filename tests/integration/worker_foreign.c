/* links: harness bus proto crypto proc base */
/* The real worker on databases that another tool has migrated. */
#include "worker_fixture.h"

TestSuite(worker_foreign, .init = set_up, .fini = tear_down, .timeout = 180);

#define DBMATE                                                                                                         \
    "CREATE TABLE schema_migrations (version varchar primary key); "                                                   \
    "INSERT INTO schema_migrations VALUES ('20240101');"

static struct report inventory(int64_t sequence, bool foreign)
{
    struct control control = {.kind = CONTROL_INVENTORY, .audience = {fleet, "test", "auth", "main"},
                              .fence = {1, TERM, sequence, ""}, .expires_us = clock_wall_us() + 60000000, .release = "",
                              .foreign = foreign};
    struct report report = {0};
    int64_t until = clock_mono_ms() + LIMIT_MS;
    do { /* asked again until it is answered, as the coordinator does */
        size_t len;
        char *payload = control_encode(&control, &len);
        publish(control_topic, &coordinator_key, MESSAGE_CONTROL, payload, len);
        while (next_report(1000, &report, NULL))
            if (report.kind == REPORT_INVENTORY && report.fence.sequence == sequence)
                return report;
    } while (clock_mono_ms() < until);
    cr_assert(false, "no inventory");
    return report;
}

Test(worker_foreign, an_inventory_tells_of_them_when_nothing_is_applied_or_when_asked)
{
    test_pg_run(database, DBMATE "CREATE TABLE goose_db_version (id int, version_id text, is_applied boolean, tstamp "
                                 "text)");
    start_worker();
    struct report report = inventory(1, false);
    cr_assert_eq(report.applied_count, 0);
    cr_assert_eq(report.foreign_count, 2);
    cr_assert(report.foreign[0].tool == HISTORY_GOOSE && report.foreign[0].rows[0].state == FOREIGN_FAILED);
    cr_assert_str_eq(report.foreign[1].table, "public.schema_migrations");
    cr_assert_str_eq(report.foreign[1].rows[0].version, "20240101");
    struct job_request first = up("r1", "CREATE TABLE a (n int);");
    send_job(2, &first, 1);
    report_of(REPORT_FINISHED, 2);
    report = inventory(3, false);
    cr_assert(report.applied_count == 1 && report.foreign_count == 0);
    report = inventory(4, true);
    cr_assert(report.applied_count == 1 && report.foreign_count == 2);
}
