#include "rollout/outbox.h"

enum outbox_verdict outbox_judge(const struct outbox_row *row, int64_t lease_epoch, int64_t target_sequence)
{
    if (lease_epoch == 0)
        return OUTBOX_WAIT; /* another leads: its relay sends, or drops */
    if (row->sequence > 0 && (row->epoch != lease_epoch || row->sequence < target_sequence))
        return OUTBOX_DROP;
    return OUTBOX_SEND;
}
