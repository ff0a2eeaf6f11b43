#include "job/job.h"

static const struct job_row rows[] = {
#define X(state, event, guard, next, action, why)                                                                      \
    {JOB_##state, JOB_ON_##event, JOB_IF_##guard, JOB_##next, JOB_DO_##action, why},
    JOB_ROWS(X)
#undef X
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static bool holds(enum job_guard guard, const struct job_facts *facts)
{
    switch (guard) {
    case JOB_IF_ALL:
        return facts->all_known;
    case JOB_IF_FAILED:
        return facts->failed;
    case JOB_IF_DAMAGED:
        return facts->damaged;
    case JOB_IF_FENCING:
        return facts->fencing;
    case JOB_IF_ALWAYS:
    case JOB_GUARD_COUNT:
        break;
    }
    return guard == JOB_IF_ALWAYS;
}

const struct job_row *job_decide(enum job_state state, enum job_event event, const struct job_facts *facts)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].state == state && rows[i].event == event && holds(rows[i].guard, facts))
            return &rows[i];
    return NULL;
}

const struct job_row *job_rows(size_t *ret_count)
{
    *ret_count = ROW_COUNT;
    return rows;
}

const char *job_state_text(enum job_state state)
{
    static const char *const texts[] = {
#define X(name, text, ...) text,
        JOB_STATES(X)
#undef X
    };
    return texts[state];
}

const char *job_event_text(enum job_event event)
{
    static const char *const texts[] = {
#define X(name, text, ...) text,
        JOB_EVENTS(X)
#undef X
    };
    return texts[event];
}

static const char *guard_text(enum job_guard guard)
{
    static const char *const texts[] = {
#define X(name, text, ...) text,
        JOB_GUARDS(X)
#undef X
    };
    return texts[guard];
}

const char *job_action_text(enum job_action action)
{
    static const char *const texts[] = {
#define X(name, text, ...) text,
        JOB_ACTIONS(X)
#undef X
    };
    return texts[action];
}

bool job_state_terminal(enum job_state state)
{
    static const bool terminal[] = {
#define X(name, text, is_terminal, ...) is_terminal,
        JOB_STATES(X)
#undef X
    };
    return terminal[state];
}

void job_print_mermaid(struct buf *out)
{
    buf_adds(out, "stateDiagram-v2\n    [*] --> received\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct job_row *row = &rows[i];
        const char *guard = guard_text(row->guard);
        buf_addf(out, "    %s --> %s: %s%s%s%s / %s\n", job_state_text(row->state), job_state_text(row->next),
                 job_event_text(row->event), *guard ? " [" : "", guard, *guard ? "]" : "",
                 job_action_text(row->action));
    }
    for (int state = 0; state < JOB_STATE_COUNT; state++)
        if (job_state_terminal((enum job_state)state))
            buf_addf(out, "    %s --> [*]\n", job_state_text((enum job_state)state));
}

void job_print_markdown(struct buf *out)
{
    buf_adds(out, "# One job at the worker\n\nThe table that a worker walks for each job (`worker/job/job.def`); the "
                  "first row that fits is taken. This page is printed from it.\n\n```mermaid\n");
    job_print_mermaid(out);
    buf_adds(out, "```\n\n| state | event | if | next | action | why |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < ROW_COUNT; i++)
        buf_addf(out, "| %s | %s | %s | %s | %s | %s |\n", job_state_text(rows[i].state), job_event_text(rows[i].event),
                 guard_text(rows[i].guard), job_state_text(rows[i].next), job_action_text(rows[i].action),
                 rows[i].why);
    buf_adds(out, "\n## States\n\n| | |\n|---|---|\n");
#define X(name, text, ends, prose) buf_addf(out, "| %s%s | %s |\n", text, (ends) ? " (end)" : "", prose);
    JOB_STATES(X)
#undef X
    buf_adds(out, "\n## Events, guards and actions\n\n| | |\n|---|---|\n");
#define X(name, text, prose) buf_addf(out, "| %s | %s |\n", *(text) ? (text) : "(no guard)", prose);
    JOB_EVENTS(X)
    JOB_GUARDS(X)
    JOB_ACTIONS(X)
#undef X
}
