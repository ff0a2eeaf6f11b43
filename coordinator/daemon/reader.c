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

#define ASK_MS 5000
#define CREATE_MS 10000
#define PARTITIONS_MAX 64

static bool create(struct leader *leader, enum topic topic, const char *name, struct err *err)
{
    struct topic_settings wanted = topic_settings(topic);
    char retention[32], size[32];
    snprintf(retention, sizeof retention, "%lld", wanted.retention_ms);
    snprintf(size, sizeof size, "%zu", MESSAGE_MAX);
    const char *const settings[] = {"retention.ms", retention, wanted.large ? "max.message.bytes" : NULL, size, NULL};
    const struct bus_topic one = {.name = name, .partitions = wanted.partitions, .settings = settings};
    return bus_topics_create(leader->bus, &one, 1, (int)leader->settings->replication, CREATE_MS, err);
}

bool leader_topics_create(struct leader *leader, struct err *err)
{
    return create(leader, TOPIC_EVENTS, leader->events_topic, err) &&
           create(leader, TOPIC_CONTROL, leader->control_topic, err) &&
           create(leader, TOPIC_PRESENCE, leader->presence_topic, err);
}

bool leader_job_topic(struct leader *leader, const char *service, char name[TOPIC_NAME_SIZE], struct err *err)
{
    topic_name(TOPIC_JOBS, leader->settings->fleet, leader->settings->environment, service, name);
    for (size_t i = 0; i < leader->job_topic_count; i++)
        if (strcmp(leader->job_topics[i], name) == 0)
            return true;
    if (!create(leader, TOPIC_JOBS, name, err))
        return false;
    relay_expect(leader->relay, name); /* now, and not when a release waits for its first job */
    *array_add(leader->job_topics, leader->job_topic_count, leader->job_topic_room) = xstrdup(name);
    return true;
}

/* The digest of the record that stands at an offset; false when there is none or it does not come. */
static bool read_record(struct leader *leader, const char *topic, int32_t partition, int64_t offset,
                        char digest[DIGEST_HEX_SIZE])
{
    struct bus_consumer *reader = NULL;
    struct err err = ERR_INIT;
    if (!bus_reader_open(leader->bus, &reader, &err))
        return false;
    int64_t low = 0, high = 0, until = clock_mono_ms() + ASK_MS;
    const struct bus_position at = {topic, partition, offset};
    bool found = bus_watermarks(reader, topic, partition, ASK_MS, &low, &high, &err) && offset >= low &&
                 offset < high && bus_reader_assign(reader, &at, 1, &err);
    while (found) {
        struct bus_message message;
        if (bus_consumer_poll(reader, 100, &message, &err)) {
            found = message.offset == offset;
            if (found)
                intake_record_digest(&message, digest);
            bus_message_release(&message);
            break;
        }
        found = clock_mono_ms() < until;
    }
    bus_consumer_close(reader);
    return found;
}

static int64_t resume(struct leader *leader, const struct store_position *stored)
{
    struct inbox_position kept = {.offset = stored->next - 1};
    text_format(kept.id, sizeof kept.id, "%s", stored->digest);
    char digest[DIGEST_HEX_SIZE];
    bool found = read_record(leader, stored->topic, stored->partition, kept.offset, digest);
    int64_t next = inbox_resume(&kept, found ? digest : NULL);
    if (next != stored->next)
        log_warn("events partition=%d: the record at offset %lld is not the one that was read there; "
                 "reading from the beginning", stored->partition, (long long)kept.offset);
    return next;
}

static struct leader_position *position(struct leader *leader, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < leader->position_count; i++)
        if (leader->positions[i]->partition == partition && strcmp(leader->positions[i]->topic, topic) == 0)
            return leader->positions[i];
    struct leader_position *fresh = xcalloc(1, sizeof *fresh);
    fresh->partition = partition;
    text_format(fresh->topic, sizeof fresh->topic, "%s", topic);
    *array_add(leader->positions, leader->position_count, leader->position_room) = fresh;
    return fresh;
}

/* Where reading each partition of a topic begins; appended to `at`. */
static bool add_partitions(struct leader *leader, const char *topic, bool remembered,
                           const struct store_position *stored, size_t stored_count, struct bus_position *at,
                           size_t *count, struct err *err)
{
    int partitions = 0;
    if (!bus_partitions(leader->reader, topic, ASK_MS, &partitions, err))
        return false;
    if (partitions == 0)
        return err_set(err, ERR_UNREACHABLE, "topic %s is not there yet", topic);
    if (partitions > PARTITIONS_MAX)
        return err_set(err, ERR_CONFIG, "topic %s has %d partitions, at most %d are read", topic, partitions,
                       PARTITIONS_MAX);
    for (int p = 0; p < partitions; p++) {
        int64_t from = remembered ? BUS_BEGINNING : BUS_END;
        for (size_t i = 0; remembered && i < stored_count; i++)
            if (stored[i].partition == p && strcmp(stored[i].topic, topic) == 0)
                from = resume(leader, &stored[i]);
        at[(*count)++] = (struct bus_position){topic, p, from};
    }
    return true;
}

bool leader_reader_open(struct leader *leader, struct err *err)
{
    struct bus_position at[2 * PARTITIONS_MAX];
    struct store_position *stored;
    size_t stored_count, count = 0;
    auto_arena struct arena arena = ARENA_INIT;
    if (!bus_reader_open(leader->bus, &leader->reader, err))
        return false;
    bus_consumer_wake(leader->reader, leader->wake_fd);
    return store_positions(leader->store, &arena, &stored, &stored_count, err) &&
           add_partitions(leader, leader->events_topic, true, stored, stored_count, at, &count, err) &&
           add_partitions(leader, leader->presence_topic, false, NULL, 0, at, &count, err) &&
           bus_reader_assign(leader->reader, at, count, err);
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

bool leader_reader_next(struct leader *leader, struct bus_message *ret_message)
{
    struct err err = ERR_INIT;
    while (!bus_consumer_poll(leader->reader, 0, ret_message, &err)) {
        if (err.kind == ERR_NONE)
            return false;
        log_warn("bus: %s", err.text);
        if (err.retriable)
            leader->topics_ms = leader->topics_ms ? leader->topics_ms : clock_mono_ms() + 1000;
        err_clear(&err);
    }
    if (strcmp(ret_message->topic, leader->events_topic) == 0) {
        struct leader_position *at = position(leader, ret_message->topic, ret_message->partition);
        at->next = ret_message->offset + 1;
        intake_record_digest(ret_message, at->digest);
        at->moved = true;
    }
    return true;
}
