/* The vocabulary: every row has a text of its own that parses back; topics. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "proto/vocab.h"

#define ROUND_TRIP(thing, type, COUNT)                                                                                 \
    Test(vocab, thing)                                                                                                 \
    {                                                                                                                  \
        cr_assert_eq(thing##_vocabulary.count, (size_t)COUNT);                                                         \
        for (unsigned i = 0; i < COUNT; i++) {                                                                         \
            type value;                                                                                                \
            cr_assert(thing##_parse(thing##_text((type)i), &value), "%s", thing##_text((type)i));                      \
            cr_assert_eq((unsigned)value, i);                                                                          \
        }                                                                                                              \
        type untouched = (type)0;                                                                                      \
        cr_assert_not(thing##_parse("", &untouched));                                                                  \
        cr_assert_not(thing##_parse("unknown ", &untouched));                                                          \
        cr_assert_not(thing##_parse("APPLIED", &untouched));                                                           \
        cr_assert_str_eq(thing##_text((type)COUNT), "unknown");                                                        \
        cr_assert_str_eq(thing##_text((type)-1), "unknown");                                                           \
    }

ROUND_TRIP(release_state, enum release_state, RELEASE_STATE_COUNT)
ROUND_TRIP(target_state, enum target_state, TARGET_STATE_COUNT)
ROUND_TRIP(step_state, enum step_state, STEP_STATE_COUNT)
ROUND_TRIP(outcome, enum outcome_kind, OUTCOME_COUNT)
ROUND_TRIP(report_kind, enum report_kind, REPORT_KIND_COUNT)
ROUND_TRIP(refusal, enum refusal, REFUSAL_COUNT)
ROUND_TRIP(direction, enum direction, DIRECTION_COUNT)
ROUND_TRIP(control_kind, enum control_kind, CONTROL_KIND_COUNT)
ROUND_TRIP(way_back, enum way_back, WAY_BACK_COUNT)
ROUND_TRIP(failure_policy, enum failure_policy, ON_FAILURE_COUNT)
ROUND_TRIP(migration_kind, enum migration_kind, MIGRATION_KIND_COUNT)
ROUND_TRIP(range, enum range, RANGE_COUNT)
ROUND_TRIP(history_tool, enum history_tool, HISTORY_TOOL_COUNT)
ROUND_TRIP(foreign_state, enum foreign_state, FOREIGN_STATE_COUNT)

Test(vocab, prose_and_ends)
{
    for (unsigned i = 0; i < REFUSAL_COUNT; i++)
        cr_assert_gt(strlen(refusal_prose((enum refusal)i)), 10);
    cr_assert_str_eq(refusal_prose(REFUSAL_COUNT), "unknown");
    cr_assert(release_state_terminal(RELEASE_SUCCEEDED));
    cr_assert(release_state_terminal(RELEASE_HALTED));
    cr_assert_not(release_state_terminal(RELEASE_RUNNING));
    cr_assert_not(release_state_terminal(RELEASE_FENCING));
    cr_assert_not(release_state_terminal(RELEASE_STATE_COUNT));
}

Test(vocab, topics)
{
    char name[TOPIC_NAME_SIZE], longest[64], prefix[TOPIC_PREFIX_MAX + 2];
    const struct topic_space shop = {NULL, "shop", "dev"}, of_acme = {"acme.data-", "shop", "dev"};
    cr_assert_str_eq(topic_name(TOPIC_EVENTS, &of_acme, NULL, name), "acme.data-greylag.shop.dev.events");
    cr_assert_str_eq(topic_group_name(&of_acme, "1f", name), "acme.data-greylag.shop.dev.worker.1f");
    cr_assert_str_eq(topic_name(TOPIC_JOBS, &shop, "user", name), "greylag.shop.dev.jobs.user");
    cr_assert_str_eq(topic_name(TOPIC_EVENTS, &shop, NULL, name), "greylag.shop.dev.events");
    cr_assert_str_eq(topic_name(TOPIC_CONTROL, &shop, "user", name), "greylag.shop.dev.control");
    cr_assert_str_eq(topic_name(TOPIC_PRESENCE, &shop, NULL, name), "greylag.shop.dev.presence");
    memset(longest, 'x', 63);
    longest[63] = 0;
    memset(prefix, 'p', sizeof prefix - 1);
    prefix[TOPIC_PREFIX_MAX + 1] = 0;
    cr_assert_not(topic_prefix_valid(prefix));
    prefix[TOPIC_PREFIX_MAX] = 0;
    cr_assert(topic_prefix_valid(prefix) && topic_prefix_valid("") && topic_prefix_valid("a.B_9-"));
    cr_assert_not(topic_prefix_valid("a b") || topic_prefix_valid("a/") || topic_prefix_valid("\xc3\xa9"));
    cr_assert(text_ends(topic_name(TOPIC_JOBS, &(struct topic_space){prefix, longest, longest}, longest, name),
                        longest));
    cr_assert_leq(strlen(name), 249, "Kafka's limit");
    cr_assert(topic_settings(TOPIC_JOBS).large);
    cr_assert_not(topic_settings(TOPIC_PRESENCE).large);
    cr_assert_eq(topic_settings(TOPIC_EVENTS).partitions, 1);
}
