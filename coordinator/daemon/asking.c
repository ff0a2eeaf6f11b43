/* Other tools' records: who wants to import waits until every target has said what it holds. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/leader.h"

#define ASK_AGAIN_MS 2000 /* first pause until it is asked again */
#define ASK_AGAIN_MAX_MS 60000

/* While a release is under way what a target holds is changing: an inventory could be older than what came since. */
static bool is_free(const struct leader *leader)
{
    return !leader->release || release_state_terminal(leader->release->rollout.state);
}

bool leader_take_asked(struct leader *leader, struct err *err)
{
    struct store_asked *asked;
    size_t count;
    if (!is_free(leader))
        return true;
    if (!store_foreign_asked(leader->store, &leader->arena, &asked, &count, err))
        return false;
    int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < count; i++) {
        struct leader_target *target = leader_target(leader, asked[i].service, asked[i].target);
        bool same = target->foreign_asked_us == asked[i].asked_us;
        if (!same)
            target->foreign_again = (struct pause)PAUSE(ASK_AGAIN_MS, ASK_AGAIN_MAX_MS);
        else if (now_ms - target->foreign_sent_ms < target->foreign_again.last_ms)
            continue;
        pause_next(&target->foreign_again);
        leader_ask_foreign(leader, target, asked[i].asked_us);
        log_debug("records of other tools asked of %s/%s", target->service, target->name);
    }
    return true;
}

int64_t leader_foreign_answers(const struct leader_target *target, const struct report *report)
{
    bool asked = target->foreign_asked_us > 0 && strcmp(report->fence.digest, target->foreign_digest) == 0;
    return asked ? target->foreign_asked_us : 0;
}
