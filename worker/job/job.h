/* One job at the worker, as a pure state machine over the table in job.def. No I/O, no clock, no log.
 *
 *     for (state = JOB_RECEIVED, event = ...; !job_state_terminal(state);) {
 *         const struct job_row *row = job_decide(state, event, &facts);
 *         state = row->next;
 *         event = carry out row->action;
 *     }
 * Threads: any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "job/job.def"

enum job_state {
#define X(name, ...) JOB_##name,
    JOB_STATES(X)
#undef X
        JOB_STATE_COUNT
};
enum job_event {
#define X(name, ...) JOB_ON_##name,
    JOB_EVENTS(X)
#undef X
        JOB_EVENT_COUNT
};
enum job_guard {
#define X(name, ...) JOB_IF_##name,
    JOB_GUARDS(X)
#undef X
        JOB_GUARD_COUNT
};
enum job_action {
#define X(name, ...) JOB_DO_##name,
    JOB_ACTIONS(X)
#undef X
        JOB_ACTION_COUNT
};

struct job_row {
    enum job_state state;
    enum job_event event;
    enum job_guard guard;
    enum job_state next;
    enum job_action action;
    const char *why;
};

/* What the guards ask. */
struct job_facts {
    bool all_known, failed, damaged, fencing;
};

/* The first row that fits, borrowed and static; NULL: the event cannot come in this state (a defect of the caller). */
const struct job_row *job_decide(enum job_state state, enum job_event event, const struct job_facts *facts);
const struct job_row *job_rows(size_t *ret_count);

const char *job_state_text(enum job_state state);
const char *job_event_text(enum job_event event);
const char *job_action_text(enum job_action action);
bool job_state_terminal(enum job_state state);

/* The table as a Mermaid state diagram, for the documentation. */
void job_print_mermaid(struct buf *out);
/* All of it as a Markdown page. */
void job_print_markdown(struct buf *out);
