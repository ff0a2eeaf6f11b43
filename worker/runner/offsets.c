#include "runner/offsets.h"

#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct pending {
    int64_t offset;
    uint64_t tag;
};
struct partition {
    char *topic;
    int32_t number;
    struct pending *pending; /* in the order of arrival, which is the order of offsets */
    size_t count, room;
    int64_t next;            /* one past the last one read */
    int64_t told;            /* what offsets_moved said last; -1: nothing */
};
struct offsets {
    struct partition *partitions;
    size_t count;
};

struct offsets *offsets_new(void)
{
    return xcalloc(1, sizeof(struct offsets));
}

void offsets_free(struct offsets *offsets)
{
    if (!offsets)
        return;
    for (size_t i = 0; i < offsets->count; i++) {
        free(offsets->partitions[i].topic);
        free(offsets->partitions[i].pending);
    }
    free(offsets->partitions);
    free(offsets);
}

static struct partition *find(struct offsets *offsets, const char *topic, int32_t number)
{
    for (size_t i = 0; i < offsets->count; i++)
        if (offsets->partitions[i].number == number && strcmp(offsets->partitions[i].topic, topic) == 0)
            return &offsets->partitions[i];
    offsets->partitions = xrealloc(offsets->partitions, (offsets->count + 1) * sizeof *offsets->partitions);
    struct partition *fresh = &offsets->partitions[offsets->count++];
    *fresh = (struct partition){.topic = xstrdup(topic), .number = number, .told = -1};
    return fresh;
}

void offsets_add(struct offsets *offsets, const char *topic, int32_t partition, int64_t offset, uint64_t tag)
{
    struct partition *at = find(offsets, topic, partition);
    if (offset < at->next) { /* read again: what was pending at or above it comes again, too */
        while (at->count && at->pending[at->count - 1].offset >= offset)
            at->count--;
        at->told = -1;
    }
    *array_add(at->pending, at->count, at->room) = (struct pending){offset, tag};
    at->next = offset + 1;
}

bool offsets_finish(struct offsets *offsets, uint64_t tag)
{
    for (size_t i = 0; i < offsets->count; i++) {
        struct partition *at = &offsets->partitions[i];
        for (size_t k = 0; k < at->count; k++) {
            if (at->pending[k].tag != tag)
                continue;
            memmove(&at->pending[k], &at->pending[k + 1], (at->count - k - 1) * sizeof *at->pending);
            at->count--;
            return true;
        }
    }
    return false;
}

size_t offsets_moved(struct offsets *offsets, struct bus_position *ret, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < offsets->count && count < max; i++) {
        struct partition *at = &offsets->partitions[i];
        int64_t position = at->count ? at->pending[0].offset : at->next;
        if (position == at->told)
            continue;
        at->told = position;
        ret[count++] = (struct bus_position){at->topic, at->number, position};
    }
    return count;
}
