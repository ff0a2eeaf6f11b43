/* Who gets a place, and who has to go; and how large a body is before it is parsed. */
/* links: http */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "http/http_parts.h"
#include "http/http_places.h"

/* One connection: our end, the server's, and its place. */
struct visitor {
    int own, server;
    struct place *place;
};

static struct places *places;

static struct visitor visit(const char *address)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int ends[2];
    inet_pton(AF_INET, address, &from.sin_addr);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    return (struct visitor){ends[0], ends[1], places_take(places, ends[1], (struct sockaddr *)&from)};
}

static bool is_ended(const struct visitor *visitor)
{
    char byte;
    return recv(visitor->own, &byte, 1, MSG_DONTWAIT) == 0;
}

static void leave(struct visitor *visitor)
{
    places_leave(visitor->place);
    close(visitor->own);
    close(visitor->server);
}

Test(http_places, strangers_have_half_and_the_oldest_of_who_holds_most_goes)
{
    struct visitor many[4], one, fresh;
    places = places_new(8, 60);
    one = visit("10.0.0.1");
    for (int i = 0; i < 4; i++)
        many[i] = visit("10.0.0.2");
    cr_assert(is_ended(&many[0]), "five strangers, and four places");
    cr_assert_not(is_ended(&one), "it came first, but the other address holds more");
    fresh = visit("10.0.0.3");
    cr_assert(is_ended(&many[1]) && !is_ended(&many[2]) && !is_ended(&one) && !is_ended(&fresh));
    place_phase(many[2].place, PLACE_WORKS, 0);
    struct visitor next = visit("10.0.0.3");
    cr_assert(!is_ended(&many[2]), "a handler is at work for it");
    cr_assert(!is_ended(&next));
    for (int i = 0; i < 4; i++)
        leave(&many[i]);
    leave(&one);
    leave(&fresh);
    leave(&next);
    places_free(places);
}

Test(http_places, a_token_has_so_many_and_takes_none_from_strangers)
{
    enum { MOST = 64 };
    struct visitor holders[MOST + 1];
    places = places_new(200, 60);
    for (int i = 0; i <= MOST; i++) {
        holders[i] = visit("10.0.0.1");
        cr_assert_eq(place_admit(holders[i].place, "one"), i < MOST, "connection %d of one token", i + 1);
    }
    cr_assert(place_admit(holders[0].place, "one"), "its next request on the same connection");
    cr_assert(place_admit(holders[MOST].place, "another"));
    struct visitor stranger = visit("10.0.0.1");
    for (int i = 0; i <= MOST; i++)
        cr_assert_not(is_ended(&holders[i]));
    cr_assert_not(is_ended(&stranger));
    for (int i = 0; i <= MOST; i++)
        leave(&holders[i]);
    leave(&stranger);
    places_free(places);
}

/* Bodies of `mib` MiB; how many MiB found room. */
static size_t fill(const struct visitor *visitor, size_t mib)
{
    size_t taken = 0;
    while (taken < mib && place_body(visitor->place, (size_t)1 << 20))
        taken++;
    return taken;
}

Test(http_places, whoever_fills_the_memory_for_bodies_leaves_half_of_it)
{
    struct visitor first[9], other, third, small;
    size_t taken = 0;
    places = places_new(64, 60);
    for (int i = 0; i < 9; i++) {
        first[i] = visit("10.0.0.1");
        place_admit(first[i].place, "one");
        taken += fill(&first[i], 64);
    }
    cr_assert_eq(taken, 4 * 64 + 5, "%zu MiB: of 512 half; and small ones, as they begin", taken);
    other = visit("10.0.0.1");
    place_admit(other.place, "another");
    cr_assert_eq(fill(&other, 64), 64);
    third = visit("10.0.0.1");
    place_admit(third.place, "third");
    cr_assert_eq(fill(&third, 64), 64);
    small = visit("10.0.0.1");
    cr_assert(place_body(small.place, (size_t)1 << 20), "a small one always finds room");
    leave(&other);
    leave(&third);
    leave(&small);
    place_phase(first[0].place, PLACE_RESTS, 0);
    cr_assert_eq(fill(&first[8], 64), 64, "what is answered counts no more");
    for (int i = 0; i < 9; i++)
        leave(&first[i]);
    places_free(places);
}

/* Its time is over without anybody asking: what moves is no excuse. */
Test(http_places, what_rests_too_long_is_ended, .timeout = 60)
{
    places = places_new(8, 1);
    struct visitor resting = visit("10.0.0.1"), working = visit("10.0.0.1");
    place_phase(working.place, PLACE_WORKS, 0);
    place_phase(resting.place, PLACE_RESTS, 0);
    char byte;
    cr_assert_eq(recv(resting.own, &byte, 1, 0), 0, "until it is ended");
    cr_assert_not(is_ended(&working), "a handler may take as long as it likes");
    leave(&resting);
    leave(&working);
    places_free(places);
}

Test(http_parts, are_counted_outside_of_strings)
{
    static const struct {
        const char *body;
        size_t parts;
    } cases[] = {{"", 1},
                 {"1", 1},
                 {"[]", 3},
                 {"{}", 5},
                 {"[1,2]", 4},
                 {"{\"a\":1}", 6},
                 {"{\"a,b:[{\":1}", 6},
                 {"[\"\\\",,,\",1]", 4},
                 {"[\"[[[", 3},
                 {"[\"a\\", 3},
                 {"[[],[],[]]", 11}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t len = strlen(cases[i].body);
        cr_expect(http_parts_fit(cases[i].body, len, cases[i].parts), "%s", cases[i].body);
        cr_expect_not(http_parts_fit(cases[i].body, len, cases[i].parts - 1), "%s", cases[i].body);
    }
}
