/* How often a target is believed that another leader came after this one. */
#include "daemon/claims.h"

#include <criterion/criterion.h>

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)

Test(claims, each_target_is_followed_at_once_and_then_behind_pauses_that_grow)
{
    struct claims claims = {0};
    int64_t now = 1, followed = 0;
    cr_assert(claims_follow(&claims, "user", "user", now));
    cr_assert_not(claims_follow(&claims, "user", "user", now + MINUTE - 1));
    cr_assert(claims_follow(&claims, "auth", "user", now), "the target of another service is another one");
    cr_assert(claims_follow(&claims, "user", "eu", now));
    cr_assert(claims_follow(&claims, "user", "user", now + MINUTE), "a database can be restored twice");
    cr_assert_not(claims_follow(&claims, "user", "user", now + 2 * MINUTE), "the pause has grown");
    for (int64_t at = now; at < now + 24 * HOUR; at += MINUTE / 4)
        followed += claims_follow(&claims, "user", "user", at);
    cr_assert(followed >= 24 && followed <= 32, "in a day: %lld", (long long)followed);
    now += 48 * HOUR;
    cr_assert(claims_follow(&claims, "user", "user", now));
    cr_assert(claims_follow(&claims, "user", "user", now + MINUTE), "who was quiet for long begins anew");
    claims_free(&claims);
}
