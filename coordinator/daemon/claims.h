/* What targets claim of other leaders: a fence in force that this control database never issued. Whoever believes that
 * ends the term, and the next one asks every target and cuts what runs: the control database went back in time. A
 * worker's key can say it as often as it likes, so a target is believed at once, and after that again only behind
 * pauses that grow.
 *
 * Kept over all terms of a process, and no longer: a coordinator that begins believes everybody once. Threads: the
 * leader's. Milliseconds of the monotonic clock. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct claim;
struct claims { /* zeroed at first */
    struct claim *items;
    size_t count, room;
};
/* Whether this claim is followed. */
bool claims_follow(struct claims *claims, const char *service, const char *target, int64_t now_ms);
void claims_free(struct claims *claims);
