#include "relay/relay.h"

#include <string.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/pause.h"
#include "base/text.h"
#include "proc/crash.h"
#include "proto/message.h"
#include "rollout/outbox.h"

#define AGAIN_MS 500 /* first pause after a failure */
#define AGAIN_MAX_MS 10000
#define HELD_MAX ((size_t)16 << 20)   /* of what is due, in memory; the rest is read from the outbox in its turn */
#define FLIGHT_MAX ((size_t)64 << 20) /* on its way, copied by librdkafka; one message may be larger */

enum entry_state { ENTRY_DUE, ENTRY_SENT, ENTRY_DELIVERED };

struct entry {
    int64_t row, due_ms;
    struct outbox_row outbox;
    int64_t latest; /* sequence issued for its target, as far as this relay has seen */
    enum entry_state state;
    struct pause again;
    char *topic, *key, *id, *type;
    char *payload; /* while it is due, and there is room; NULL: in the outbox alone */
    size_t len;
};

struct relay {
    struct bus_producer *producer;
    const char *source;
    struct entry **entries; /* by row, rising; tags are rows */
    size_t count, room;
    struct relay_counts counts;
    size_t held, in_flight; /* bytes */
    int64_t now_ms;
};

/* Keeps a copy while there is room for it; of one at least. */
static void hold(struct relay *relay, struct entry *entry, const char *payload)
{
    if (!payload || (relay->held > 0 && relay->held + entry->len > HELD_MAX))
        return;
    entry->payload = xstrndup(payload, entry->len);
    relay->held += entry->len;
}

static void let_go(struct relay *relay, struct entry *entry)
{
    if (!entry->payload)
        return;
    relay->held -= entry->len;
    free(entry->payload);
    entry->payload = NULL;
}

static void entry_free(struct relay *relay, struct entry *entry)
{
    let_go(relay, entry);
    free(entry->topic);
    free(entry->key);
    free(entry->id);
    free(entry->type);
    free(entry);
}

/* Where this row is, or would be inserted. */
static size_t find(const struct relay *relay, int64_t row)
{
    size_t low = 0, high = relay->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (relay->entries[middle]->row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void delivered(void *context, uint64_t tag, const char *failed)
{
    struct relay *relay = context;
    size_t at = find(relay, (int64_t)tag);
    if (at == relay->count || relay->entries[at]->row != (int64_t)tag)
        return;
    struct entry *entry = relay->entries[at];
    if (entry->state == ENTRY_SENT)
        relay->in_flight -= entry->len;
    if (!failed) {
        entry->state = ENTRY_DELIVERED;
        relay->counts.delivered++;
        return;
    }
    entry->state = ENTRY_DUE;
    entry->due_ms = relay->now_ms + pause_next(&entry->again);
    relay->counts.failed++;
}

bool relay_open(const struct bus_settings *settings, const char *source, int wake_fd, struct relay **ret_relay,
                struct err *err)
{
    struct relay *relay = xcalloc(1, sizeof *relay);
    relay->source = source;
    if (!bus_producer_open(settings, delivered, relay, &relay->producer, err)) {
        free(relay);
        return false;
    }
    if (wake_fd >= 0)
        bus_producer_wake(relay->producer, wake_fd);
    *ret_relay = relay;
    return true;
}

void relay_expect(struct relay *relay, const char *topic)
{
    bus_producer_expect(relay->producer, topic);
}

void relay_close(struct relay *relay, int timeout_ms)
{
    if (!relay)
        return;
    (void)bus_producer_flush(relay->producer, timeout_ms);
    bus_producer_close(relay->producer);
    for (size_t i = 0; i < relay->count; i++)
        entry_free(relay, relay->entries[i]);
    free(relay->entries);
    free(relay);
}

/* A key is a target: what was issued for it before is overtaken. */
static void note_latest(struct relay *relay, const char *key, int64_t sequence)
{
    for (size_t i = 0; sequence > 0 && i < relay->count; i++)
        if (relay->entries[i]->latest < sequence && strcmp(relay->entries[i]->key, key) == 0)
            relay->entries[i]->latest = sequence;
}

void relay_add(struct relay *relay, const struct store_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct store_message *m = &messages[i];
        size_t at = find(relay, m->row);
        if (at < relay->count && relay->entries[at]->row == m->row)
            continue;
        struct entry *entry = xcalloc(1, sizeof *entry);
        *entry = (struct entry){.row = m->row, .topic = xstrdup(m->topic), .key = xstrdup(m->key),
                                .id = xstrdup(m->id), .type = xstrdup(m->type), .len = m->len,
                                .again = PAUSE(AGAIN_MS, AGAIN_MAX_MS)};
        hold(relay, entry, m->payload);
        entry->outbox = (struct outbox_row){.epoch = m->epoch, .sequence = m->sequence};
        entry->latest = m->sequence;
        note_latest(relay, m->key, m->sequence);
        (void)array_add(relay->entries, relay->count, relay->room);
        memmove(&relay->entries[at + 1], &relay->entries[at], (relay->count - 1 - at) * sizeof(struct entry *));
        relay->entries[at] = entry;
    }
}

bool relay_load(struct relay *relay, struct store *store, struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct store_message *messages;
    size_t count;
    if (!store_outbox(store, &arena, &messages, &count, err))
        return false;
    relay_add(relay, messages, count);
    return true;
}

/* Who reads `control` takes the partitions that are there when it begins, and the first is always among them. */
static int32_t partition_of(const struct entry *entry)
{
    return strcmp(entry->type, message_payload_type(MESSAGE_CONTROL)) == 0 ? 0 : BUS_BY_KEY;
}

static void send_entry(struct relay *relay, struct entry *entry, const char *payload)
{
    char trace[ID_TRACEPARENT_SIZE];
    id_traceparent(entry->id, trace);
    const struct bus_header headers[] = {{"ce_specversion", "1.0"}, {"ce_id", entry->id}, {"ce_type", entry->type},
                                         {"ce_source", relay->source}, {"traceparent", trace}};
    struct err err = ERR_INIT;
    CRASH_POINT("relay.before");
    if (bus_producer_send(relay->producer, entry->topic, partition_of(entry), entry->key, payload, entry->len, headers,
                          COUNT_OF(headers), (uint64_t)entry->row, &err)) {
        entry->state = ENTRY_SENT;
        relay->in_flight += entry->len;
        relay->counts.sent++;
        let_go(relay, entry);
        return;
    }
    entry->due_ms = relay->now_ms + pause_next(&entry->again);
    relay->counts.failed++;
}

/* One that is not in memory is read first. What is gone from the outbox is of an older epoch. */
static bool read_and_send(struct relay *relay, struct store *store, struct entry *entry, struct err *err)
{
    auto_free char *read = NULL;
    if (!entry->payload && !store_outbox_payload(store, entry->row, &read, err))
        return false;
    if (entry->payload || read)
        send_entry(relay, entry, entry->payload ? entry->payload : read);
    else
        entry->state = ENTRY_DELIVERED;
    return true;
}

static bool has_room(const struct relay *relay, const struct entry *entry)
{
    return relay->in_flight == 0 || relay->in_flight + entry->len <= FLIGHT_MAX;
}

static bool is_due(const struct relay *relay, const struct entry *entry)
{
    return entry->state == ENTRY_DUE && entry->due_ms <= relay->now_ms;
}

/* What is read from the outbox may take a while for each message, wherever that is. */
static bool send_due(struct relay *relay, struct store *store, int64_t until_ms, struct err *err)
{
    bool checked = false;
    for (size_t i = 0; i < relay->count; i++) {
        if (!is_due(relay, relay->entries[i]))
            continue;
        if (!has_room(relay, relay->entries[i]))
            return true; /* its delivery reports wake us */
        if (checked && clock_mono_ms() >= until_ms)
            return true;
        if (!checked && !store_lease_check(store, err))
            return false;
        checked = true;
        struct entry *entry = relay->entries[i];
        switch (outbox_judge(&entry->outbox, store_lease_epoch(store), entry->latest)) {
        case OUTBOX_SEND:
            if (!read_and_send(relay, store, entry, err))
                return false;
            break;
        case OUTBOX_DROP:
            entry->state = ENTRY_DELIVERED; /* leaves the outbox as if it had been */
            relay->counts.dropped++;
            break;
        case OUTBOX_WAIT:
            return true;
        }
    }
    return true;
}

static bool mark_delivered(struct relay *relay, struct store *store, struct err *err)
{
    auto_free int64_t *rows = xcalloc(relay->count + 1, sizeof *rows);
    size_t marked = 0, kept = 0;
    for (size_t i = 0; i < relay->count; i++)
        if (relay->entries[i]->state == ENTRY_DELIVERED)
            rows[marked++] = relay->entries[i]->row;
    if (marked == 0)
        return true;
    CRASH_POINT("relay.sent");
    if (!store_outbox_sent(store, rows, marked, err))
        return false;
    for (size_t i = 0; i < relay->count; i++) {
        if (relay->entries[i]->state == ENTRY_DELIVERED)
            entry_free(relay, relay->entries[i]);
        else
            relay->entries[kept++] = relay->entries[i];
    }
    relay->count = kept;
    CRASH_POINT("relay.marked");
    return true;
}

bool relay_pump(struct relay *relay, struct store *store, int64_t until_ms, struct err *err)
{
    relay->now_ms = clock_mono_ms();
    bus_producer_poll(relay->producer, 0);
    if (!send_due(relay, store, until_ms, err))
        return false;
    bus_producer_poll(relay->producer, 0);
    return mark_delivered(relay, store, err);
}

int64_t relay_wake_ms(const struct relay *relay)
{
    int64_t wake = 0;
    for (size_t i = 0; i < relay->count; i++) {
        const struct entry *entry = relay->entries[i];
        if (entry->state == ENTRY_DUE && has_room(relay, entry) && (wake == 0 || entry->due_ms < wake))
            wake = entry->due_ms ? entry->due_ms : 1;
    }
    return wake;
}

struct relay_counts relay_counts(const struct relay *relay)
{
    struct relay_counts counts = relay->counts;
    counts.waiting = relay->count;
    counts.held_bytes = relay->held;
    for (size_t i = 0; i < relay->count; i++)
        counts.waiting_bytes += relay->entries[i]->len;
    return counts;
}
