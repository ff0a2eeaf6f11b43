/* What the leader remembers of targets, and what of their heartbeats is worth a row. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/leader.h"
#include "daemon/topics.h"

#define STORE_EVERY_MS 10000 /* a heartbeat that says nothing new is stored this often */

/* Looks from the one that was asked for last: a heartbeat names its targets in their order, each more than once. */
struct leader_target *leader_target(struct leader *leader, const char *service, const char *name)
{
    for (size_t i = 0; i < leader->target_count; i++) {
        size_t at = (leader->target_hint + i) % leader->target_count;
        struct leader_target *known = leader->targets[at];
        if (strcmp(known->name, name) != 0 || strcmp(known->service, service) != 0)
            continue;
        leader->target_hint = at;
        return known;
    }
    struct leader_target *target = xmalloc(sizeof *target);
    *target = (struct leader_target){.service = xstrdup(service), .name = xstrdup(name), .fence_sent = -1};
    belief_init(&target->belief);
    *array_add(leader->targets, leader->target_count, leader->target_room) = target;
    return target;
}

void leader_job_topic(struct leader *leader, const char *service, char name[TOPIC_NAME_SIZE])
{
    const struct topic_space space = settings_topics(leader->settings);
    topic_name(TOPIC_JOBS, &space, service, name);
    for (size_t i = 0; i < leader->job_topic_count; i++)
        if (strcmp(leader->job_topics[i], name) == 0)
            return;
    topics_want(leader->keeper, leader->settings, TOPIC_JOBS, service);
    relay_expect(leader->relay, name); /* now, and not when a release waits for its first job */
    *array_add(leader->job_topics, leader->job_topic_count, leader->job_topic_room) = xstrdup(name);
}

bool leader_targets_load(struct leader *leader, struct err *err)
{
    struct arena arena = ARENA_INIT;
    struct store_target *stored;
    size_t count;
    bool done = store_targets(leader->store, &arena, &stored, &count, err);
    for (size_t i = 0; done && i < count; i++) {
        struct leader_target *target = leader_target(leader, stored[i].service, stored[i].target);
        target->belief.stale = true; /* computed when it is needed */
        if (stored[i].sequence > target->issued)
            target->issued = stored[i].sequence;
    }
    arena_release(&arena);
    return done;
}

bool leader_take_forgotten(struct leader *leader, struct err *err)
{
    struct store_target *unknown;
    size_t count;
    if (!store_targets_unknown(leader->store, &leader->arena, &unknown, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct leader_target *target = leader_target(leader, unknown[i].service, unknown[i].target);
        if (!target->belief.known)
            continue;
        belief_distrust(&target->belief);
        target->stored[0] = '\0'; /* so that the next heartbeat is stored at once */
    }
    return true;
}

void leader_targets_free(struct leader *leader)
{
    for (size_t i = 0; i < leader->target_count; i++) {
        struct leader_target *target = leader->targets[i];
        free(target->service);
        free(target->name);
        free(target->fence_payload);
        free(target->question.payload);
        free(target->heard);
        free(target);
    }
    free(leader->targets);
    leader->targets = NULL;
    leader->target_count = leader->target_room = 0;
}

/* What makes a heartbeat worth storing at once. */
static void describe(const struct leader_target *target, char text[200])
{
    text_format(text, 200, "%d%d%d|%lld|%s|%s|%s", target->leaving, target->belief.suspect,
                target->untrusted > 0,
                (long long)target->working,
                target->contents, target->worker, target->problem);
}

void leader_target_seen(struct leader *leader, const struct presence *presence, const struct presence_target *seen,
                        int64_t now_ms)
{
    struct leader_target *target = leader_target(leader, seen->service, seen->target);
    if (target->worker[0] && presence->leaving && strcmp(target->worker, presence->worker) != 0)
        return; /* the one that went away is not the one that serves it now */
    text_format(target->worker, sizeof target->worker, "%s", presence->worker);
    text_format(target->host, sizeof target->host, "%s", presence->host);
    text_format(target->version, sizeof target->version, "%s", presence->version);
    text_format(target->contents, sizeof target->contents, "%s", seen->contents);
    text_format(target->problem, sizeof target->problem, "%s", seen->problem);
    target->leaving = presence->leaving;
    target->beat = presence->beat;
    target->seen_ms = presence->leaving ? 0 : now_ms;
    target->untrusted = presence->untrusted;
    target->working = seen->working;
    char text[200];
    describe(target, text);
    if (strcmp(text, target->stored) != 0)
        target->stored_ms = now_ms - STORE_EVERY_MS;
    target->pending = true;
}

void leader_target_distrust(struct leader_target *target, int64_t now_ms)
{
    belief_distrust(&target->belief);
    if (!target->worker[0])
        return; /* the next heartbeat stores it */
    target->stored_ms = now_ms - STORE_EVERY_MS;
    target->pending = true;
}

void leader_distrust_lost(struct leader *leader, int64_t now_ms)
{
    const struct rollout *rollout = &leader->release->rollout;
    for (size_t i = 0; i < rollout->target_count; i++) {
        const struct rollout_target *lost = &rollout->targets[i];
        if (lost->state == TARGET_LOST && lost->changed)
            leader_target_distrust(leader_target(leader, lost->service, lost->name), now_ms);
    }
}

void leader_seen_batch(struct leader *leader, int64_t now_ms, struct store_seen **ret_seen, size_t *ret_count)
{
    struct store_seen *seen = arena_array(&leader->arena, leader->target_count + 1, sizeof *seen);
    size_t count = 0;
    for (size_t i = 0; i < leader->target_count; i++) {
        struct leader_target *t = leader->targets[i];
        if (!t->pending || now_ms - t->stored_ms < STORE_EVERY_MS)
            continue;
        seen[count++] = (struct store_seen){
            .worker = t->worker, .host = t->host, .version = t->version, .leaving = t->leaving, .beat = t->beat,
            .service = t->service, .target = t->name, .contents = t->contents, .problem = t->problem,
            .untrusted = t->untrusted, .working = t->working, .issued = t->issued, .suspect = t->belief.suspect};
        t->pending = false;
        t->stored_ms = now_ms;
        describe(t, t->stored);
    }
    *ret_seen = seen;
    *ret_count = count;
}

int64_t leader_seen_wake(const struct leader *leader)
{
    int64_t wake = 0;
    for (size_t i = 0; i < leader->target_count; i++) {
        const struct leader_target *t = leader->targets[i];
        int64_t due = t->stored_ms + STORE_EVERY_MS;
        if (t->pending && (wake == 0 || due < wake))
            wake = due > 0 ? due : 1;
    }
    return wake;
}
