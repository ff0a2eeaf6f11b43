/* Reports go out in batches, are kept until acknowledged, and the last one of a job holds all of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "harness/topics.h"
#include "proto/envelope.h"
#include "report/report.h"

static struct bus_broker *broker;
static struct bus_producer *producer;
static struct bus_consumer *reader;
static struct reporter *reporter;
static struct key_secret key;
static struct arena arena;
static struct err err;
static struct bus_property properties[] = {{"bootstrap.servers", NULL}, {"fetch.wait.max.ms", "10"}};
static struct bus_settings settings = {"test", properties, 2, NULL};
static const struct fence fence = {1, "0123456789abcdef0123456789abcdef", 7, ""};
static const struct report_about about = {"rel", {1, "0123456789abcdef0123456789abcdef", 7, ""}, "00-trace"};

static void set_up(void)
{
    crypto_init();
    key_generate(&key);
    cr_assert(bus_broker_start(&broker, &err));
    properties[0].value = bus_broker_bootstrap(broker);
    make_topic(&settings, "events");
    cr_assert(bus_producer_open(&settings, NULL, NULL, &producer, &err), "%s", err.text);
    cr_assert(bus_reader_open(&settings, &reader, &err), "%s", err.text);
    int count;
    cr_assert(bus_partitions(reader, "events", 5000, &count, &err));
    struct bus_position positions[8];
    for (int i = 0; i < count; i++)
        positions[i] = (struct bus_position){"events", i, BUS_BEGINNING};
    cr_assert(bus_reader_assign(reader, positions, (size_t)count, &err));
    reporter = reporter_new(&(struct reporter_settings){{"shop", "test", "auth", "main"}, "w-1", &key, producer,
                                                        "events"});
}

static void tear_down(void)
{
    reporter_free(reporter);
    bus_consumer_close(reader);
    bus_producer_close(producer);
    bus_broker_stop(broker);
    arena_release(&arena);
}

TestSuite(report, .init = set_up, .fini = tear_down, .timeout = 60);

static struct outcome outcome(int64_t position)
{
    const char *request = arena_printf(&arena, "r%lld", (long long)position);
    return (struct outcome){.id = outcome_id(&arena, request, 1, OUTCOME_APPLIED), .request = request, .release = "rel",
                            .kind = OUTCOME_APPLIED, .migration = request,
                            .checksum = "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8",
                            .attempt = 1, .position = position, .sequence = 7, .started_us = 1, .finished_us = 2};
}

/* The next report; false when none comes within a moment. */
static bool next(struct report *report, int64_t limit_ms)
{
    struct bus_message message;
    int64_t until = clock_mono_ms() + limit_ms;
    bus_producer_flush(producer, 5000);
    while (clock_mono_ms() < until) {
        if (!bus_consumer_poll(reader, 20, &message, &err))
            continue;
        struct envelope envelope;
        char text[64];
        cr_assert(message.key_len == 9 && memcmp(message.key, "auth/main", 9) == 0);
        cr_assert(bus_message_header(&message, "ce_type", text, sizeof text));
        cr_assert_str_eq(text, "dev.greylag.report.v1");
        cr_assert(envelope_open(message.payload, message.payload_len, &key.public_key, 1, &arena, &envelope, &err),
                  "%s", err.text);
        cr_assert(report_decode(envelope.payload, envelope.payload_len, &arena, report, &err), "%s", err.text);
        bus_message_release(&message);
        return true;
    }
    return false;
}

Test(report, outcomes_are_gathered_up_to_a_number_or_a_time)
{
    struct report report;
    struct outcome each;
    reporter_begin(reporter, &about, &fence);
    cr_assert_eq(reporter_tick(reporter, 0, &err), -1, "nothing waits");
    for (int64_t i = 1; i <= REPORT_BATCH_MAX + 1; i++) {
        each = outcome(i);
        cr_assert(reporter_outcome(reporter, &each, 1000, &err), "%s", err.text);
    }
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.outcome_count, REPORT_BATCH_MAX);
    cr_assert_eq(report.kind, REPORT_OUTCOMES);
    cr_assert_str_eq(report.release, "rel");
    cr_assert_eq(reporter_tick(reporter, 1000, &err), 2 * REPORT_BATCH_MS);
    cr_assert_not(next(&report, 300), "the one after them waits for its time, longer than the first did");
    cr_assert_gt(reporter_tick(reporter, 1000 + 2 * REPORT_BATCH_MS, &err), 0);
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.outcome_count, 1);
    cr_assert_eq(report.outcomes[0].position, REPORT_BATCH_MAX + 1);
    cr_assert_eq(reporter_waiting(reporter), REPORT_BATCH_MAX + 1);
}

/* Nothing of it waits for an end that does not come. */
Test(report, what_a_job_that_broke_off_had_gathered_goes_out_at_the_next_tick)
{
    struct report report;
    struct outcome one = outcome(1);
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &one, 1000, &err), "%s", err.text);
    reporter_begin(reporter, &about, &fence);
    cr_assert_gt(reporter_tick(reporter, 1001, &err), 0);
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 1 && report.outcomes[0].position == 1);
}

Test(report, what_is_not_acknowledged_is_sent_again_less_and_less_often)
{
    struct report report;
    struct outcome each = outcome(1);
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = &each, .outcome_count = 1,
                             .in_force = fence};
    cr_assert(reporter_end(reporter, &about, &end, 1, 0, &err));
    cr_assert(next(&report, 20000));
    const char *first_id = report.id;
    cr_assert_eq(reporter_tick(reporter, 1, &err), REPORT_RESEND_MS - 1);
    cr_assert_eq(reporter_tick(reporter, REPORT_RESEND_MS, &err), 2 * REPORT_RESEND_MS);
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.kind, REPORT_FINISHED);
    cr_assert_str_neq(report.id, first_id);
    cr_assert_str_eq(report.outcomes[0].id, "r1/1/applied");
    int64_t now = 1000000;
    for (int i = 0; i < 10; i++, now += 1000000)
        cr_assert_leq(reporter_tick(reporter, now, &err), REPORT_RESEND_MAX_MS);
    int64_t position = 1;
    reporter_acknowledge(reporter, &position, 1);
    cr_assert_eq(reporter_waiting(reporter), 0);
    cr_assert_eq(reporter_tick(reporter, now, &err), -1);
}

Test(report, an_acknowledgement_is_of_what_it_names_alone)
{
    struct report report;
    struct outcome three[3] = {outcome(1), outcome(2), outcome(3)};
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = three, .outcome_count = 3,
                             .in_force = fence};
    int64_t some[] = {2, 4};
    cr_assert(reporter_end(reporter, &about, &end, 1, 0, &err));
    cr_assert(next(&report, 20000));
    reporter_acknowledge(reporter, some, 2);
    cr_assert_eq(reporter_waiting(reporter), 2, "what was done before and behind it may not have been heard of");
    reporter_tick(reporter, REPORT_RESEND_MS, &err);
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 3 && report.outcomes[0].position == 1);
}

Test(report, the_last_report_of_a_job_replaces_its_batches)
{
    struct report report;
    struct outcome both[2] = {outcome(1), outcome(2)};
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &both[0], 0, &err));
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = both, .outcome_count = 2,
                             .in_force = fence};
    cr_assert(reporter_end(reporter, &about, &end, 1, 50, &err));
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.kind, REPORT_FINISHED);
    cr_assert_eq(report.outcome_count, 2);
    cr_assert_eq(reporter_waiting(reporter), 2);
    cr_assert_eq(reporter_tick(reporter, 60, &err), REPORT_RESEND_MS - 10, "the batch has gone");
    int64_t positions[] = {99, 2, 2, 1};
    reporter_acknowledge(reporter, positions, 4);
    cr_assert_eq(reporter_waiting(reporter), 0);
}

Test(report, the_last_report_of_a_job_repeats_no_batch_that_has_gone_out)
{
    struct report report;
    struct outcome three[3] = {outcome(1), outcome(2), outcome(3)};
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &three[0], 0, &err));
    reporter_tick(reporter, REPORT_BATCH_MS, &err);
    cr_assert(next(&report, 20000));
    cr_assert(reporter_outcome(reporter, &three[1], REPORT_BATCH_MS, &err));
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = three, .outcome_count = 3,
                             .in_force = fence};
    cr_assert(reporter_end(reporter, &about, &end, 1, REPORT_BATCH_MS + 1, &err));
    cr_assert(next(&report, 20000));
    cr_assert(report.kind == REPORT_FINISHED && report.outcome_count == 2);
    cr_assert_eq(report.outcomes[0].position, 2);
    cr_assert_eq(reporter_waiting(reporter), 3, "all wait for their acknowledgement");
    /* the same job again, answered from history: whole */
    cr_assert(reporter_end(reporter, &about, &end, 2, 500, &err));
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.outcome_count, 3);
}

/* What history answers was done before this job's batches; and batches of a job that broke off count for nothing. */
Test(report, the_last_report_of_a_job_leaves_nothing_out)
{
    struct report report;
    struct outcome both[2] = {outcome(1), outcome(10)};
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = both, .outcome_count = 2,
                             .in_force = fence};
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &both[1], 0, &err));
    reporter_tick(reporter, REPORT_BATCH_MS, &err);
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 1 && report.outcomes[0].position == 10);
    cr_assert(reporter_end(reporter, &about, &end, 1, 500, &err));
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 1 && report.outcomes[0].position == 1);
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &both[1], 1000, &err));
    reporter_tick(reporter, 1000 + REPORT_BATCH_MS, &err);
    cr_assert(next(&report, 20000));
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_end(reporter, &about, &end, 2, 1500, &err));
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.outcome_count, 2);
}

/* A thousand steps that each said as much as is kept, answered from history: no report is too large to be read. */
Test(report, a_last_report_that_would_be_too_large_sends_batches_before_it)
{
    enum { STEPS = 1000 };
    struct report report;
    struct outcome *all = arena_array(&arena, STEPS, sizeof *all);
    char said[8000];
    memset(said, '\n', sizeof said - 1); /* two bytes each when it is written */
    said[sizeof said - 1] = '\0';
    for (int i = 0; i < STEPS; i++) {
        all[i] = outcome(i + 1);
        all[i].said.notices = said;
    }
    struct report_end end = {.kind = REPORT_FINISHED, .message = "", .outcomes = all, .outcome_count = STEPS,
                             .in_force = fence};
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_end(reporter, &about, &end, 1, 0, &err), "%s", err.text);
    size_t told = 0, reports = 0;
    do {
        cr_assert(next(&report, 20000), "%zu outcomes in %zu reports", told, reports);
        for (size_t i = 0; i < report.outcome_count; i++)
            cr_assert_eq(report.outcomes[i].position, (int64_t)++told);
        reports++;
    } while (report.kind == REPORT_OUTCOMES);
    printf("# %zu outcomes in %zu reports\n", told, reports);
    cr_assert_eq(told, STEPS);
    cr_assert(report.kind == REPORT_FINISHED && reports > 7 && report.outcome_count > 0);
}

/* Nobody would read it. */
Test(report, what_is_too_large_to_be_read_is_not_sent)
{
    enum { HELD = 120000 };
    struct report report;
    struct applied *applied = arena_array(&arena, HELD, sizeof *applied);
    const char *checksum = outcome(1).checksum;
    for (int i = 0; i < HELD; i++)
        applied[i] = (struct applied){.migration = arena_printf(&arena, "%d_a_column_more", i), .checksum = checksum,
                                      .request = "old.1.1", .release = "old"};
    struct report inventory = {.kind = REPORT_INVENTORY, .release = "", .fence = fence, .in_force = fence,
                               .message = "", .contents = "", .applied = applied, .applied_count = HELD};
    cr_assert_not(reporter_say(reporter, &inventory, "", REPORT_UNWATCHED, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    cr_assert(strstr(err.text, "of a worker's message 16777216 are read"), "%s", err.text);
    inventory.applied_count = HELD / 3;
    cr_assert(reporter_say(reporter, &inventory, "", REPORT_UNWATCHED, &err), "%s", err.text);
    cr_assert(next(&report, 20000) && report.applied_count == HELD / 3);
}

Test(report, what_a_ledger_remembers_goes_out_at_the_next_tick)
{
    struct report report;
    struct outcome three[3] = {outcome(1), outcome(2), outcome(3)};
    three[2].sequence = 9;
    reporter_remember(reporter, three, 3, &fence, 500);
    reporter_tick(reporter, 500, &err);
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 2 && report.fence.sequence == 7);
    cr_assert(next(&report, 20000));
    cr_assert(report.outcome_count == 1 && report.fence.sequence == 9);
}

Test(report, a_job_that_broke_off_keeps_its_outcomes)
{
    struct report report;
    struct outcome one = outcome(1);
    reporter_begin(reporter, &about, &fence);
    cr_assert(reporter_outcome(reporter, &one, 1000, &err));
    reporter_begin(reporter, &about, &fence);
    reporter_tick(reporter, 1001, &err);
    cr_assert(next(&report, 20000));
    cr_assert_eq(report.outcome_count, 1);
}
