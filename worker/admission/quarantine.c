#include <string.h>

#include "admission/admission.h"
#include "base/cleanup.h"
#include "base/text.h"

struct quarantine {
    struct quarantined last;
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

void quarantine_add(struct quarantine *quarantine, const struct admission_source *source, const struct err *why)
{
    struct quarantined *last = &quarantine->last;
    last->partition = source->partition;
    last->offset = source->offset;
    text_format(last->topic, sizeof last->topic, "%s", source->topic);
    text_format(last->why, sizeof last->why, "%s", why->text);
    quarantine->total++;
}

uint64_t quarantine_count(const struct quarantine *quarantine)
{
    return quarantine->total;
}

const struct quarantined *quarantine_last(const struct quarantine *quarantine)
{
    return quarantine->total ? &quarantine->last : NULL;
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
