/* What reaches the engine is signed by a key that is enrolled for the target it speaks of; the rest is quarantined. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "intake/intake.h"
#include "proto/envelope.h"

static struct key_secret worker, stranger;
static struct intake *intake;
static struct arena arena = ARENA_INIT;

static void start(void)
{
    cr_assert(crypto_init());
    key_generate(&worker);
    key_generate(&stranger);
    intake = intake_new("shop", "dev");
    const struct intake_key keys[] = {{worker.public_key, "w", "auth", "auth"}, {worker.public_key, "w", "", "any"}};
    intake_set_keys(intake, keys, COUNT_OF(keys));
}
static void stop(void)
{
    intake_free(intake);
    arena_release(&arena);
}
TestSuite(intake, .init = start, .fini = stop, .timeout = 60);

static char *report_text(const struct key_secret *key, const char *environment, const char *service,
                         const char *target, const char *type, size_t *ret_len)
{
    const struct report report = {.kind = REPORT_FINISHED, .audience = {"shop", environment, service, target},
                                  .id = "r1", .worker = "w-1", .sent_us = 5, .release = "01",
                                  .fence = {.epoch = 1, .term = "00112233445566778899aabbccddeeff", .sequence = 1,
                                            .digest = ""},
                                  .in_force = {.epoch = 1, .term = "00112233445566778899aabbccddeeff", .sequence = 1,
                                               .digest = ""},
                                  .message = ""};
    size_t len;
    auto_free char *payload = report_encode(&report, &len);
    return envelope_sign(key, type ? type : message_payload_type(MESSAGE_REPORT), payload, len, ret_len);
}

static const char *bus_key = "auth/auth";

static struct intake_message take(const char *text, size_t len)
{
    const struct bus_message message = {.topic = "events", .offset = 7, .key = bus_key, .key_len = strlen(bus_key),
                                        .payload = text, .payload_len = len};
    struct intake_message taken;
    intake_read(intake, &message, &arena, &taken);
    return taken;
}

static enum intake_verdict verdict_of(const struct key_secret *key, const char *environment, const char *service,
                                      const char *target, const char *type)
{
    size_t len;
    auto_free char *text = report_text(key, environment, service, target, type, &len);
    auto_free char *names = xasprintf("%s/%s", service, target);
    bus_key = names;
    struct intake_message taken = take(text, len);
    bus_key = "auth/auth";
    printf("# %s %s/%s: %d %s\n", environment, service, target, taken.verdict, taken.why);
    return taken.verdict;
}

Test(intake, only_enrolled_keys_and_only_for_their_targets)
{
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", NULL), INTAKE_REPORT);
    cr_assert_eq(verdict_of(&worker, "dev", "whatever", "any", NULL), INTAKE_REPORT);
    cr_assert_eq(verdict_of(&stranger, "dev", "auth", "auth", NULL), INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "other", NULL), INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "dev", "other", "auth", NULL), INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "production", "auth", "auth", NULL), INTAKE_QUARANTINED);
    intake_set_keys(intake, NULL, 0);
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", NULL), INTAKE_QUARANTINED, "revoked");
}

Test(intake, a_version_that_is_not_known_is_told_when_it_is_verified)
{
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", "application/vnd.greylag.report.v2+json"), INTAKE_VERSION);
    cr_assert_eq(verdict_of(&stranger, "dev", "auth", "auth", "application/vnd.greylag.report.v2+json"),
                 INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", message_payload_type(MESSAGE_JOB)), INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", "text/plain"), INTAKE_QUARANTINED);
}

/* What is verified is the payload: a flipped bit elsewhere (the key id is a hint) may pass, but then says the same. */
Test(intake, every_single_bit_flipped)
{
    size_t len, passed = 0;
    auto_free char *text = report_text(&worker, "dev", "auth", "auth", NULL, &len);
    struct intake_message good = take(text, len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        struct intake_message taken = take(text, len);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        if (taken.verdict != INTAKE_QUARANTINED) {
            passed++;
            cr_assert_eq(taken.verdict, INTAKE_REPORT);
            cr_assert_str_eq(taken.digest, good.digest, "bit %zu", bit);
        }
        arena_release(&arena);
    }
    printf("# %zu bits, %zu made no difference\n", 8 * len, passed);
    cr_assert_lt(passed, 8 * len / 10);
}

/* A message costs a verification for each key that may speak under its key on the bus, and no more. */
Test(intake, only_the_keys_that_may_speak_are_tried)
{
    static const char *const good[] = {"auth/auth", "auth"}, *const wrong[] = {"", "junk", "other/auth", "auth/any/x"};
    size_t len;
    auto_free char *text = report_text(&worker, "dev", "auth", "auth", NULL, &len);
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        bus_key = good[i];
        cr_assert_eq(take(text, len).verdict, INTAKE_REPORT, "%s", good[i]);
    }
    bus_key = worker.public_key.id;
    cr_assert_eq(take(text, len).verdict, INTAKE_REPORT, "its own id");
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        bus_key = wrong[i];
        struct intake_message taken = take(text, len);
        cr_assert_eq(taken.verdict, INTAKE_QUARANTINED, "%s", wrong[i]);
        cr_assert(strstr(taken.why, "no signature"), "%s: %s", wrong[i], taken.why);
    }
    bus_key = "auth/auth";
}

Test(intake, truncated_and_empty)
{
    size_t len;
    auto_free char *text = report_text(&worker, "dev", "auth", "auth", NULL, &len);
    for (size_t cut = 0; cut < len; cut += 7)
        cr_assert_eq(take(text, cut).verdict, INTAKE_QUARANTINED);
    cr_assert_eq(take(NULL, 0).verdict, INTAKE_QUARANTINED);
    uint64_t suppressed;
    cr_assert(intake_may_log(intake, 10, &suppressed));
    cr_assert_not(intake_may_log(intake, 900, &suppressed));
    cr_assert(intake_may_log(intake, 1010, &suppressed));
    cr_assert_eq(suppressed, 1);
}

/* Whatever it holds: nothing of it is read. */
Test(intake, what_is_larger_than_a_report_may_be)
{
    size_t size = REPORT_MAX + 1, len;
    auto_free char *text = report_text(&worker, "dev", "auth", "auth", NULL, &len);
    auto_free char *large = xmalloc(size);
    memset(large, ' ', size);
    memcpy(large, text, len);
    struct intake_message taken = take(large, size);
    cr_assert_eq(taken.verdict, INTAKE_QUARANTINED);
    cr_assert(strstr(taken.why, "a message of 16777217 bytes"), "%s", taken.why);
    cr_assert_eq(take(large, size - 1).verdict, INTAKE_REPORT, "blanks behind it are none of its own");
}

struct beat {
    const struct key_secret *key;
    const char *worker, *fleet, *environment; /* NULL: this intake's own */
    int64_t beat, sent_us;
    bool leaving;
};

static struct intake_message heartbeat(struct beat beat, const char *target)
{
    const struct presence_target targets[] = {
        {.service = "auth", .target = "auth", .fence = {.term = "", .digest = ""}, .contents = "",
         .system_identifier = "", .problem = ""},
        {.service = "auth", .target = target, .fence = {.term = "", .digest = ""}, .contents = "",
         .system_identifier = "", .problem = ""}};
    const struct presence presence = {.fleet = beat.fleet ? beat.fleet : "shop",
                                      .environment = beat.environment ? beat.environment : "dev",
                                      .worker = beat.worker, .version = "1", .host = "h",
                                      .sent_us = beat.sent_us, .beat = beat.beat,
                                      .leaving = beat.leaving, .targets = targets, .target_count = 2};
    size_t len;
    auto_free char *payload = presence_encode(&presence, &len);
    auto_free char *text = envelope_sign(beat.key, message_payload_type(MESSAGE_PRESENCE), payload, len, &len);
    bus_key = beat.key->public_key.id;
    struct intake_message taken = take(text, len);
    bus_key = "auth/auth";
    return taken;
}

static enum intake_verdict beats(const struct key_secret *key, const char *name, int64_t beat, int64_t sent_us)
{
    return heartbeat((struct beat){.key = key, .worker = name, .beat = beat, .sent_us = sent_us}, "any").verdict;
}

Test(intake, heartbeats_speak_for_enrolled_targets_and_are_not_replayed)
{
    struct intake_message first = heartbeat((struct beat){.key = &worker, .worker = "w-1", .beat = 5}, "foreign");
    cr_assert_eq(first.verdict, INTAKE_PRESENCE);
    cr_assert_eq(first.presence.target_count, 1, "the target that its key is not enrolled for is left out");
    cr_assert_eq(beats(&worker, "w-1", 5, 0), INTAKE_STALE);
    cr_assert_eq(beats(&worker, "w-1", 4, 0), INTAKE_STALE);
    struct intake_message next = heartbeat((struct beat){.key = &worker, .worker = "w-1", .beat = 6}, "any");
    cr_assert_eq(next.verdict, INTAKE_PRESENCE);
    cr_assert_eq(next.presence.target_count, 2);
}

Test(intake, a_heartbeat_of_another_fleet_or_environment_is_none)
{
    static const char *const others[][2] = {{"other", "dev"}, {"shop", "production"}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct intake_message taken = heartbeat((struct beat){.key = &worker, .worker = "w-1", .beat = 1,
                                                              .fleet = others[i][0], .environment = others[i][1]},
                                                "any");
        cr_assert_eq(taken.verdict, INTAKE_QUARANTINED, "%s, %s", others[i][0], others[i][1]);
    }
    cr_assert_eq(beats(&worker, "w-1", 1, 0), INTAKE_PRESENCE);
}

/* A key that is enrolled for something else is verified under each of its own names on the bus; what it signed then
 * says of whom it speaks. */
Test(intake, an_enrolled_key_speaks_for_nobody_else)
{
    static const char *const names[] = {"shop/auth", "auth", "auth/second", "second", NULL};
    struct key_secret other;
    key_generate(&other);
    const struct intake_key keys[] = {{worker.public_key, "w", "auth", "auth"},
                                      {other.public_key, "o", "shop", "auth"},
                                      {other.public_key, "o", "auth", "second"}};
    intake_set_keys(intake, keys, COUNT_OF(keys));
    size_t len;
    auto_free char *text = report_text(&other, "dev", "auth", "auth", NULL, &len);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bus_key = names[i] ? names[i] : other.public_key.id;
        struct intake_message taken = take(text, len);
        cr_assert_eq(taken.verdict, INTAKE_QUARANTINED, "under %s", bus_key);
        cr_assert(strstr(taken.why, "is not enrolled for auth/auth"), "under %s: %s", bus_key, taken.why);
    }
    auto_free char *later = report_text(&other, "dev", "auth", "auth", "application/vnd.greylag.report.v2+json", &len);
    bus_key = other.public_key.id;
    cr_assert_eq(take(later, len).verdict, INTAKE_QUARANTINED, "nor in another version");
    bus_key = "auth/auth";
}

/* Each would be a target, and a topic of its jobs. */
Test(intake, a_key_for_a_target_of_any_service_names_so_many)
{
    enum { MOST = 1000, MANY = 20000 };
    auto_free struct presence_target *targets = xcalloc(MANY, sizeof *targets);
    for (int i = 0; i < MANY; i++)
        targets[i] = (struct presence_target){.service = arena_printf(&arena, "s%d", i), .target = "any",
                                              .fence = {.term = "", .digest = ""}, .contents = "",
                                              .system_identifier = "", .problem = ""};
    const struct presence presence = {.fleet = "shop", .environment = "dev", .worker = "w-1", .version = "1",
                                      .host = "h", .beat = 1, .targets = targets, .target_count = MANY};
    size_t len;
    auto_free char *payload = presence_encode(&presence, &len);
    auto_free char *text = envelope_sign(&worker, message_payload_type(MESSAGE_PRESENCE), payload, len, &len);
    bus_key = worker.public_key.id;
    struct intake_message taken = take(text, len);
    bus_key = "auth/auth";
    cr_assert_eq(taken.verdict, INTAKE_PRESENCE);
    cr_assert_eq(taken.presence.target_count, MOST, "%zu", taken.presence.target_count);
    cr_assert_eq(verdict_of(&worker, "dev", "s5", "any", NULL), INTAKE_REPORT, "those that it named first stay");
    cr_assert_eq(verdict_of(&worker, "dev", "fresh", "any", NULL), INTAKE_QUARANTINED);
    cr_assert_eq(verdict_of(&worker, "dev", "auth", "auth", NULL), INTAKE_REPORT, "one by its full name counts not");
}

/* Which is the later one says its number: its clock may be set right, or wrong, at any time. */
Test(intake, a_clock_that_jumps_silences_nobody)
{
    static const int64_t clocks[] = {1000, INT64_MAX, 1000, 0, INT64_MAX - 1, 5};
    for (size_t i = 0; i < COUNT_OF(clocks); i++)
        cr_assert_eq(beats(&worker, "w-1", (int64_t)i + 1, clocks[i]), INTAKE_PRESENCE, "heartbeat %zu", i);
}

/* The name in a message is what anybody can write. */
Test(intake, a_worker_is_its_key_and_not_the_name_that_it_states)
{
    struct key_secret other, third;
    key_generate(&other);
    key_generate(&third);
    const struct intake_key keys[] = {{worker.public_key, "w", "auth", "auth"}, {other.public_key, "o", "auth", "any"},
                                      {third.public_key, "t", "auth", "any"}};
    intake_set_keys(intake, keys, COUNT_OF(keys));
    struct intake_message own = heartbeat((struct beat){.key = &worker, .worker = "w-1", .beat = 1}, "any");
    struct intake_message forged = heartbeat(
        (struct beat){.key = &other, .worker = "w-1", .beat = INT64_MAX, .sent_us = INT64_MAX, .leaving = true}, "any");
    cr_assert_eq(forged.verdict, INTAKE_PRESENCE, "it speaks for its own target");
    cr_assert_str_neq(own.presence.worker, forged.presence.worker, "they are told apart whatever they are called");
    cr_assert_eq(beats(&worker, "w-1", 2, 0), INTAKE_PRESENCE, "and the other one goes on");
    for (int i = 0; i < 10000; i++) { /* names by the thousand push out one's own alone */
        auto_free char *name = xasprintf("w-%d", i);
        cr_assert_eq(beats(&other, name, INT64_MAX, 0), i == 1 ? INTAKE_STALE : INTAKE_PRESENCE, "%s", name);
    }
    cr_assert_eq(beats(&third, "w-1", 1, 0), INTAKE_PRESENCE, "and one that is new pushes out nobody");
    cr_assert_eq(beats(&worker, "w-1", 2, 0), INTAKE_STALE, "what was heard of it is still remembered");
    cr_assert_eq(beats(&worker, "w-1", 3, 0), INTAKE_PRESENCE);
}

/* A new leader begins with what the one before it has heard. */
Test(intake, what_an_earlier_term_has_heard_is_no_news)
{
    struct key_secret other;
    key_generate(&other);
    const struct intake_key keys[] = {{other.public_key, "o", "auth", "any"}, {worker.public_key, "w", "auth", "auth"}};
    struct intake_message heard = heartbeat((struct beat){.key = &worker, .worker = "w@1", .beat = 7}, "any");
    intake_free(intake);
    intake = intake_new("shop", "dev");
    intake_set_keys(intake, keys, COUNT_OF(keys));
    intake_remember(intake, heard.presence.worker, 7);
    intake_remember(intake, "of nobody's key", 9);
    intake_remember(intake, "w@1@0123456789abcdef", 9);
    cr_assert_eq(beats(&worker, "w@1", 6, 0), INTAKE_STALE, "put there again by whoever has kept it");
    cr_assert_eq(beats(&worker, "w@1", 7, 0), INTAKE_STALE);
    cr_assert_eq(beats(&worker, "w@1", 8, 0), INTAKE_PRESENCE, "it lives");
    cr_assert_eq(beats(&worker, "w@2", 1, 0), INTAKE_PRESENCE, "and so does one that has begun since");
    cr_assert_eq(beats(&other, "w@1", 1, 0), INTAKE_PRESENCE, "and another key's of that name");
}
