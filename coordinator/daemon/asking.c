/* What targets hold: asked at the beginning of a term and whenever something contradicts what is believed; and other
 * tools' records, for an import that waits until every target has said what it holds. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/leader.h"

#define ASK_AGAIN_MS 2000 /* first pause until it is asked again */
#define ASK_AGAIN_MAX_MS 60000
#define QUESTION_LIFE_MS 15000 /* half of what its bytes are good for */

bool leader_is_quiet(const struct leader *leader, const char *service, const char *name)
{
    const struct rollout *rollout = leader->release ? &leader->release->rollout : NULL;
    int index = rollout ? rollout_target_index(rollout, service, name) : -1;
    return index < 0 || release_state_terminal(rollout->state) || rollout->targets[index].state == TARGET_IDLE;
}

void leader_ask(struct leader *leader, struct leader_target *target, int64_t foreign_us)
{
    int64_t now_ms = clock_mono_ms();
    struct leader_question *question = &target->question;
    bool open = target->belief.question[0] && (foreign_us == 0 || question->foreign_us == foreign_us);
    if (!open)
        question->again = (struct pause)PAUSE(ASK_AGAIN_MS, ASK_AGAIN_MAX_MS);
    else if (now_ms - question->sent_ms < question->again.last_ms)
        return;
    if (!open || now_ms - question->made_ms >= QUESTION_LIFE_MS)
        leader_make_question(leader, target, open ? question->foreign_us : foreign_us);
    pause_next(&question->again);
    question->sent_ms = now_ms;
    leader_send_question(leader, target);
    log_debug("inventory asked of %s/%s%s", target->service, target->name,
              foreign_us ? ", with other tools' records" : "");
}

bool leader_refresh(struct leader *leader, struct leader_target *target, struct err *err)
{
    char contents[DIGEST_TEXT_SIZE];
    if (!target->belief.stale)
        return true;
    if (!store_contents(leader->store, target->service, target->name, contents, err))
        return false;
    belief_set(&target->belief, contents);
    return true;
}

bool leader_ask_all(struct leader *leader, struct err *err)
{
    while (leader->ask_next < leader->target_count && leader->inbox_count == 0 && !leader_turn_over(leader)) {
        struct leader_target *target = leader->targets[leader->ask_next++];
        if (target->belief.known || !leader_is_quiet(leader, target->service, target->name))
            continue;
        if (!leader_refresh(leader, target, err))
            return false;
        leader_ask(leader, target, 0);
    }
    return true;
}

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
    for (size_t i = 0; i < count; i++)
        leader_ask(leader, leader_target(leader, asked[i].service, asked[i].target), asked[i].asked_us);
    return true;
}

/* No target holds a migration twice, and none can be stored so. */
static bool names_one_twice(const struct report *report)
{
    auto_free const char **names = xcalloc(report->applied_count + 1, sizeof *names);
    bool twice = false;
    for (size_t i = 0; i < report->applied_count; i++)
        names[i] = report->applied[i].migration;
    qsort(names, report->applied_count, sizeof *names, text_compare);
    for (size_t i = 1; i < report->applied_count && !twice; i++)
        twice = strcmp(names[i - 1], names[i]) == 0;
    return twice;
}

/* What it says it holds, as a digest; NULL: what it lists is something else, or what no target can hold. */
static const char *contents_of(const struct leader_target *target, const struct report *report,
                               char digest[DIGEST_TEXT_SIZE])
{
    bool named = report->applied_count == 0 && target->belief.named[0] &&
                 strcmp(report->contents, target->belief.named) == 0;
    if (names_one_twice(report))
        return NULL;
    contents_digest(report->applied, report->applied_count, digest);
    return named ? target->belief.named : strcmp(digest, report->contents) == 0 ? digest : NULL;
}

void leader_take_inventory(struct leader *leader, const struct report *report)
{
    struct leader_target *target = leader_target(leader, report->audience.service, report->audience.target);
    char digest[DIGEST_TEXT_SIZE], nothing[DIGEST_TEXT_SIZE];
    const char *contents = contents_of(target, report, digest);
    if (!contents || !belief_is_answer(&target->belief, &report->fence, leader->lease.epoch, leader->lease.term)) {
        log_debug("an inventory of %s/%s that answers no open question: passed over", target->service, target->name);
        return;
    }
    int64_t answers = target->question.foreign_us;
    contents_digest(NULL, 0, nothing);
    bool same = belief_take(&target->belief, contents);
    *array_add(leader->inventories, leader->inventory_count, leader->inventory_room) = (struct store_inventory){
        .service = report->audience.service, .target = report->audience.target, .same = same,
        .applied = report->applied, .applied_count = report->applied_count, .foreign = report->foreign,
        .foreign_count = report->foreign_count,
        .foreign_whole = answers || strcmp(target->belief.contents, nothing) == 0, .answers_us = answers};
    if (same) /* then it need not list anything */
        log_info("inventory of %s/%s: what is believed to be applied", target->service, target->name);
    else
        log_info("inventory of %s/%s: %zu applied", target->service, target->name, report->applied_count);
}
