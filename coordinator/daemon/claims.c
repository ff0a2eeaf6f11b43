#include "daemon/claims.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/pause.h"

#define FIRST_MS 60000
#define MOST_MS 3600000

struct claim {
    char *service, *target;
    struct pause again;
    int64_t until_ms; /* before then nothing of it is followed */
};

static struct claim *claim_of(struct claims *claims, const char *service, const char *target)
{
    for (size_t i = 0; i < claims->count; i++)
        if (strcmp(claims->items[i].service, service) == 0 && strcmp(claims->items[i].target, target) == 0)
            return &claims->items[i];
    struct claim *claim = array_add(claims->items, claims->count, claims->room);
    *claim = (struct claim){.service = xstrdup(service), .target = xstrdup(target), .again = PAUSE(FIRST_MS, MOST_MS)};
    return claim;
}

bool claims_follow(struct claims *claims, const char *service, const char *target, int64_t now_ms)
{
    struct claim *claim = claim_of(claims, service, target);
    if (claim->until_ms && now_ms < claim->until_ms)
        return false;
    if (claim->until_ms && now_ms - claim->until_ms > MOST_MS)
        pause_reset(&claim->again);
    claim->until_ms = now_ms + pause_next(&claim->again);
    return true;
}

void claims_free(struct claims *claims)
{
    for (size_t i = 0; i < claims->count; i++) {
        free(claims->items[i].service);
        free(claims->items[i].target);
    }
    free(claims->items);
    *claims = (struct claims){0};
}
