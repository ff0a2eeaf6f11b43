#include <string.h>

#include "admission/admission.h"
#include "base/cleanup.h"
#include "base/text.h"

struct quarantine {
    uint64_t counts[ERR_KIND_COUNT];
    struct quarantined ring[QUARANTINE_RING];
    uint64_t total, logged;
    int64_t next_log_ms;
};

struct quarantine *quarantine_new(void)
{
    return xcalloc(1, sizeof(struct quarantine));
}

void quarantine_free(struct quarantine *quarantine)
{
    free(quarantine);
}

void quarantine_add(struct quarantine *quarantine, const struct admission_source *source, const struct err *why,
                    int64_t now_us)
{
    struct quarantined *slot = &quarantine->ring[quarantine->total % QUARANTINE_RING];
    *slot = (struct quarantined){.partition = source->partition, .offset = source->offset, .at_us = now_us,
                                 .kind = why->kind};
    text_format(slot->topic, sizeof slot->topic, "%s", source->topic);
    text_format(slot->why, sizeof slot->why, "%s", why->text);
    quarantine->counts[why->kind]++;
    quarantine->total++;
}

uint64_t quarantine_count(const struct quarantine *quarantine, enum err_kind kind)
{
    return kind == ERR_NONE ? quarantine->total : quarantine->counts[kind];
}

const struct quarantined *quarantine_recent(const struct quarantine *quarantine, size_t i)
{
    if (i >= QUARANTINE_RING || i >= quarantine->total)
        return NULL;
    return &quarantine->ring[(quarantine->total - 1 - i) % QUARANTINE_RING];
}

bool quarantine_log_due(struct quarantine *quarantine, int64_t now_mono_ms, uint64_t *ret_silent)
{
    if (quarantine->total == quarantine->logged || now_mono_ms < quarantine->next_log_ms)
        return false;
    *ret_silent = quarantine->total - quarantine->logged - 1;
    quarantine->logged = quarantine->total;
    quarantine->next_log_ms = now_mono_ms + QUARANTINE_LOG_MS;
    return true;
}
