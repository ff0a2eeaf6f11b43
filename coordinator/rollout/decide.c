/* Walks the decision table. What the guards and effects do is in guards.c, effects.c, schedule.c and rollback.c. */
#include "rollout/decide.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "rollout/decisions.def"
#include "rollout/state.h"

#define IN(state) (1u << RELEASE_##state)
#define TO(state) RELEASE_##state
#define STAY DECIDE_STAY
#define ROLLOUT_COUNT ROLLOUT_EVENT_COUNT
#define LIST(...) __VA_ARGS__

static const struct decision_row rows[] = {
#define X(name_, states_, event_, guard_, next_, effects_, told_, why_)                                                \
    {.name = name_, .states = states_, .event = ROLLOUT_##event_, .guard = guard_, .next = next_,                      \
     .effects = {LIST effects_}, .told = told_, .why = why_, .guard_text = #guard_,                                    \
     .effects_text = #effects_},
    DECISIONS(X)
#undef X
};

const struct decision_row *decision_table(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof rows[0];
    return rows;
}

static bool row_matches(const struct decision_row *row, const struct decide *d)
{
    return (row->states & (1u << d->rollout->state)) &&
           (row->event == ROLLOUT_EVENT_COUNT || row->event == d->event->kind) && row->guard(d);
}

static void row_fire(const struct decision_row *row, struct decide *d, int position)
{
    struct rollout *rollout = d->rollout;
    enum release_state before = rollout->state;
    for (size_t i = 0; row->effects[i]; i++)
        row->effects[i](d);
    if (row->next != DECIDE_STAY && (enum release_state)row->next != before) {
        rollout->state = (enum release_state)row->next;
        rollout->decided_by = row->name;
        rollout->changed = true;
    }
    if (rollout->settings.fired)
        rollout->settings.fired[position - 1]++;
    if (!row->told)
        return;
    struct rollout_decision *decision = effects_add_decision(d->effects);
    decision->position = position;
    decision->row = row->name;
    decision->why = row->why;
    decision->step = d->step;
    decision->target = d->target ? (int)(d->target - rollout->targets) : -1;
    decision->state_before = before;
    decision->state_after = rollout->state;
    text_format(decision->detail, sizeof decision->detail, "%s", d->detail);
}

const struct decision_row *decide_walk(struct decide *d)
{
    size_t count;
    const struct decision_row *table = decision_table(&count);
    if (d->rollout->settings.table) {
        table = d->rollout->settings.table;
        count = d->rollout->settings.table_count;
    }
    d->step = -1;
    d->detail[0] = '\0';
    for (size_t i = 0; i < count; i++)
        if (row_matches(&table[i], d)) {
            row_fire(&table[i], d, (int)i + 1);
            return &table[i];
        }
    assert(!"the last row catches the rest");
    return NULL;
}

static void decide_one(struct rollout *rollout, const struct rollout_event *event, int target, int64_t now_ms,
                       struct rollout_effects *effects)
{
    struct decide d = {.rollout = rollout, .event = event, .now = now_ms, .effects = effects};
    if (target >= 0) {
        assert((size_t)target < rollout->target_count);
        d.target = &rollout->targets[target];
    }
    if (event->kind == ROLLOUT_REPORT)
        outcomes_take(&d);
    decide_walk(&d);
}

void rollout_decide(struct rollout *rollout, const struct rollout_event *event, int64_t now_ms,
                    struct rollout_effects *effects)
{
    assert(event->kind != ROLLOUT_ADVANCE && event->kind < ROLLOUT_EVENT_COUNT);
    assert(event->kind != ROLLOUT_REPORT || (event->report && event->target >= 0));
    if (event->kind == ROLLOUT_TIME)
        for (size_t i = 0; i < rollout->target_count; i++)
            decide_one(rollout, event, (int)i, now_ms, effects);
    else if (event->kind == ROLLOUT_REPORT || event->kind == ROLLOUT_ALIVE || event->kind == ROLLOUT_BACK)
        decide_one(rollout, event, event->target, now_ms, effects);
    else
        decide_one(rollout, event, -1, now_ms, effects);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What is overdue, but held back, is woken by whoever makes room. */
static int64_t next_wake(const struct rollout *rollout, int64_t now_ms, bool full)
{
    const struct rollout_settings *settings = &rollout->settings;
    int64_t wake = 0;
    if (release_state_terminal(rollout->state))
        return 0;
    for (size_t i = 0; i < rollout->target_count; i++) {
        const struct rollout_target *target = &rollout->targets[i];
        int64_t resend_ms = target_resend_ms(rollout, target);
        if (target->state == TARGET_BUSY && !(full && resend_ms <= now_ms))
            wake = earlier(wake, resend_ms);
        if (target->state == TARGET_FENCING) {
            wake = earlier(wake, target_repeat_ms(rollout, target));
            if (settings->fence_limit_ms > 0)
                wake = earlier(wake, target->fence_since_ms + settings->fence_limit_ms);
        }
    }
    return wake;
}

void rollout_advance(struct rollout *rollout, int64_t now_ms, struct rollout_effects *effects)
{
    const struct rollout_event event = {.kind = ROLLOUT_ADVANCE, .target = -1};
    struct decide d = {.rollout = rollout, .event = &event, .now = now_ms, .effects = effects};
    /* each pass but the last changes the release's state or sends; a release has few states to pass through */
    for (int passes = 0; passes < 16; passes++) {
        const struct decision_row *row = decide_walk(&d);
        if (row->next == DECIDE_STAY && !row->effects[0])
            break;
    }
    effects->wake_ms = next_wake(rollout, now_ms, effects->full);
}
