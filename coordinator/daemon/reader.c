/* Reading `events` from where the last commit stands, and `presence` from now on (protocol.md, 4). */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/leader.h"
#include "rollout/inbox.h"

static struct leader_position *position(struct leader *leader, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < leader->position_count; i++)
        if (leader->positions[i]->partition == partition && strcmp(leader->positions[i]->topic, topic) == 0)
            return leader->positions[i];
    struct leader_position *fresh = xcalloc(1, sizeof *fresh);
    fresh->partition = partition;
    fresh->kept.offset = -1;
    text_format(fresh->topic, sizeof fresh->topic, "%s", topic);
    *array_add(leader->positions, leader->position_count, leader->position_room) = fresh;
    return fresh;
}

/* Where reading a partition of `events` begins: at the record that was read last, to see whether it is the same. */
static int64_t resume(struct leader *leader, const char *topic, int32_t partition, const struct store_position *stored,
                      size_t count)
{
    struct leader_position *at = position(leader, topic, partition);
    if (at->next > 0)
        return at->next; /* read in this term already */
    for (size_t i = 0; i < count; i++)
        if (stored[i].partition == partition && strcmp(stored[i].topic, topic) == 0) {
            at->kept.offset = stored[i].next - 1;
            text_format(at->kept.id, sizeof at->kept.id, "%s", stored[i].digest);
            return at->kept.offset;
        }
    return BUS_BEGINNING;
}

/* Reads all partitions that there are now; nothing here waits for a broker. */
static bool assign(struct leader *leader, struct err *err)
{
    struct store_position *stored;
    size_t stored_count, count = 0;
    auto_arena struct arena arena = ARENA_INIT;
    if (!store_positions(leader->store, &arena, &stored, &stored_count, err))
        return false;
    size_t all = (size_t)leader->events_partitions + (size_t)leader->presence_partitions;
    struct bus_position *at = arena_array(&arena, all, sizeof *at);
    for (int32_t p = 0; p < leader->events_partitions; p++)
        at[count++] = (struct bus_position){leader->events_topic, p,
                                            resume(leader, leader->events_topic, p, stored, stored_count)};
    for (int32_t p = 0; p < leader->presence_partitions; p++)
        at[count++] = (struct bus_position){leader->presence_topic, p, BUS_END};
    return bus_reader_assign(leader->reader, at, count, err);
}

bool leader_reader_open(struct leader *leader, struct err *err)
{
    if (!bus_reader_open(leader->bus, &leader->reader, err))
        return false;
    bus_consumer_wake(leader->reader, leader->wake_fd);
    return leader_reader_follow(leader, err);
}

bool leader_reader_follow(struct leader *leader, struct err *err)
{
    uint64_t changes = bus_keeper_changes(leader->keeper);
    int events = bus_keeper_partitions(leader->keeper, leader->events_topic);
    int presence = bus_keeper_partitions(leader->keeper, leader->presence_topic);
    bool same = events == leader->events_partitions && presence == leader->presence_partitions;
    if (changes == leader->topics_seen || same || !events || !presence) {
        leader->topics_seen = changes;
        return true;
    }
    if (leader->events_partitions)
        log_info("bus: partitions have changed: %d of events, %d of presence are read", events, presence);
    leader->topics_seen = changes;
    leader->events_partitions = events;
    leader->presence_partitions = presence;
    return assign(leader, err);
}

void leader_reader_close(struct leader *leader)
{
    bus_consumer_close(leader->reader);
    leader->reader = NULL;
    for (size_t i = 0; i < leader->position_count; i++)
        free(leader->positions[i]);
    free(leader->positions);
    leader->positions = NULL;
    leader->position_count = leader->position_room = 0;
    for (size_t i = 0; i < leader->job_topic_count; i++)
        free(leader->job_topics[i]);
    free(leader->job_topics);
    leader->job_topics = NULL;
    leader->job_topic_count = leader->job_topic_room = 0;
}

/* The first record of a partition tells whether the log is the one that was read before (rollout/inbox.h): then it is
 * skipped; else everything is read. True: it is news. */
static bool is_news(struct leader *leader, struct leader_position *at, const struct bus_message *message,
                    const char *digest)
{
    if (at->kept.offset < 0)
        return true;
    bool there = message->offset == at->kept.offset;
    int64_t next = inbox_resume(&at->kept, there ? digest : NULL);
    if (next != at->kept.offset + 1) {
        log_warn("events partition=%d: the record at offset %lld is not the one that was read there; "
                 "reading from the beginning", at->partition, (long long)at->kept.offset);
        bus_reader_seek(leader->reader, at->topic, at->partition, BUS_BEGINNING);
    }
    at->kept.offset = -1;
    return false;
}

static bool poll_reader(struct leader *leader, struct bus_message *ret_message)
{
    struct err err = ERR_INIT;
    while (!bus_consumer_poll(leader->reader, 0, ret_message, &err)) {
        if (err.kind == ERR_NONE)
            return false;
        leader_bus_trouble(leader, err.text);
        if (err.retriable)
            bus_keeper_look(leader->keeper);
        err_clear(&err);
    }
    return true;
}

bool leader_reader_next(struct leader *leader, struct bus_message *ret_message)
{
    while (poll_reader(leader, ret_message)) {
        if (strcmp(ret_message->topic, leader->events_topic) != 0)
            return true;
        struct leader_position *at = position(leader, ret_message->topic, ret_message->partition);
        char digest[DIGEST_HEX_SIZE];
        intake_record_digest(ret_message, digest);
        if (is_news(leader, at, ret_message, digest)) {
            at->next = ret_message->offset + 1;
            memcpy(at->digest, digest, sizeof digest);
            at->moved = true;
            return true;
        }
        bus_message_release(ret_message);
    }
    return false;
}
