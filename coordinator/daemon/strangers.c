/* Messages that no enrolled key signed: gathered, and stored now and then, so that people hear of a worker that nobody
 * has enrolled. What such a message says of itself is a hint and no more; however many come, few are remembered. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "daemon/leader.h"

#define STORE_EVERY_MS 5000

void leader_stranger(struct leader *leader, const struct bus_message *message, const char *why)
{
    struct leader_stranger *found = NULL;
    char key[sizeof found->key];
    text_format(key, sizeof key, "%.*s", (int)(message->key ? message->key_len : 0), message->key ? message->key : "");
    for (size_t i = 0; i < leader->stranger_count && !found; i++)
        if (strcmp(leader->strangers[i].key, key) == 0 && strcmp(leader->strangers[i].topic, message->topic) == 0)
            found = &leader->strangers[i];
    if (!found && leader->stranger_count == COUNT_OF(leader->strangers))
        return;
    if (!found) {
        found = &leader->strangers[leader->stranger_count++];
        text_format(found->topic, sizeof found->topic, "%s", message->topic);
        text_format(found->key, sizeof found->key, "%s", key);
        found->messages = 0;
    }
    text_format(found->why, sizeof found->why, "%s", why);
    found->messages++;
}

void leader_strangers_batch(struct leader *leader, int64_t now_ms, const struct store_stranger **ret, size_t *ret_count)
{
    *ret = NULL;
    *ret_count = 0;
    if (leader->stranger_count == 0 || (leader->strangers_ms && now_ms - leader->strangers_ms < STORE_EVERY_MS))
        return;
    struct store_stranger *list = arena_array(&leader->arena, leader->stranger_count, sizeof *list);
    for (size_t i = 0; i < leader->stranger_count; i++) {
        const struct leader_stranger *one = &leader->strangers[i];
        list[i] = (struct store_stranger){.topic = arena_strdup(&leader->arena, one->topic),
                                          .key = arena_strdup(&leader->arena, one->key),
                                          .why = arena_strdup(&leader->arena, one->why),
                                          .messages = one->messages};
    }
    *ret = list;
    *ret_count = leader->stranger_count;
    leader->stranger_count = 0;
    leader->strangers_ms = now_ms;
}
