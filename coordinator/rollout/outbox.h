/* Which rows of the outbox may still be sent: the pure part of the relay, shared by the coordinator and the simulation.
 *
 * A row is written in the transaction that decided it, and sent afterwards by the leader, who looks at the lease first.
 * A job or fence that has been superseded (its target has a later sequence) or that an earlier leader left behind (the
 * takeover fences its target with a later sequence) is dropped: the worker would only refuse it. Nothing relies on the
 * dropping: the fence closes the gap. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum outbox_verdict { OUTBOX_SEND, OUTBOX_DROP, OUTBOX_WAIT };

struct outbox_row {
    int64_t epoch;    /* of the leader that wrote it */
    int64_t sequence; /* job or fence; 0: acknowledgement, inventory (always worth sending) */
};

/* `lease_epoch`: as just read from the lease row; 0: the lease is not ours any more. `target_sequence`: the last one
 * issued for the row's target. */
enum outbox_verdict outbox_judge(const struct outbox_row *row, int64_t lease_epoch, int64_t target_sequence);
