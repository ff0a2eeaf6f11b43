/* The engine's lookups, and the setters that keep them true. */
#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "rollout/state.h"

void index_free(struct rollout *rollout)
{
    struct rollout_index *index = rollout->index;
    if (!index)
        return;
    free(index->order);
    free(index->start);
    free(index->position);
    free(index->cursor);
    free(index->dependents);
    free(index->dependents_start);
    free(index->sent);
    free(index->mark);
    free(index->seen);
    free(index->settled);
    free(index);
    rollout->index = NULL;
}

/* Each target's positions: its steps by ordinal, then their undos by ordinal. */
static void index_order(struct rollout_index *index, const struct plan *plan)
{
    int n = (int)plan->step_count, targets = (int)plan->target_count;
    for (int i = 0; i < n; i++)
        index->start[plan->steps[i].target + 1] += 2;
    for (int t = 0; t < targets; t++)
        index->start[t + 1] += index->start[t];
    int *filled = xcalloc((size_t)targets + 1, sizeof *filled);
    for (int ordinal = 0; ordinal < 2 * n; ordinal++) {
        int plan_step = ordinal < n ? ordinal : 2 * n - 1 - ordinal;
        int target = plan->steps[plan_step].target;
        index->position[ordinal] = filled[target];
        index->order[index->start[target] + filled[target]++] = ordinal;
    }
    free(filled);
}

/* Calls `found(index, need, step)` for each edge: what a step needs, and the step before it on its own target. */
static void each_edge(struct rollout_index *index, const struct plan *plan,
                      void (*found)(struct rollout_index *index, int need, int step))
{
    int *last = xcalloc(plan->target_count + 1, sizeof *last); /* ordinal + 1 */
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct plan_step *step = &plan->steps[i];
        for (size_t k = 0; k < step->needs_count; k++)
            found(index, step->needs[k], (int)i);
        if (last[step->target] > 0)
            found(index, last[step->target] - 1, (int)i);
        last[step->target] = (int)i + 1;
    }
    free(last);
}

static void edge_count(struct rollout_index *index, int need, int step)
{
    (void)step;
    index->dependents_start[need + 1]++;
}

static void edge_fill(struct rollout_index *index, int need, int step)
{
    index->dependents[index->dependents_start[need] + index->seen[need]++] = step;
}

/* Steps by what they need; `seen` serves as scratch here. */
static void index_dependents(struct rollout_index *index, const struct plan *plan)
{
    size_t n = plan->step_count;
    each_edge(index, plan, edge_count);
    for (size_t i = 0; i < n; i++)
        index->dependents_start[i + 1] += index->dependents_start[i];
    index->dependents = xcalloc((size_t)index->dependents_start[n] + 1, sizeof *index->dependents);
    each_edge(index, plan, edge_fill);
    memset(index->seen, 0, n * sizeof *index->seen);
}

void rollout_index(struct rollout *rollout)
{
    const struct plan *plan = rollout->plan;
    size_t n = plan->step_count, targets = plan->target_count;
    assert(rollout->step_count == n || rollout->step_count == 2 * n);
    index_free(rollout);
    struct rollout_index *index = xcalloc(1, sizeof *index);
    index->order = xcalloc(2 * n + 1, sizeof *index->order);
    index->start = xcalloc(targets + 1, sizeof *index->start);
    index->position = xcalloc(2 * n + 1, sizeof *index->position);
    index->cursor = xcalloc(2 * targets + 1, sizeof *index->cursor);
    index->dependents_start = xcalloc(n + 1, sizeof *index->dependents_start);
    index->sent = xcalloc(targets + 1, sizeof *index->sent);
    index->mark = xcalloc(2 * n + 1, sizeof *index->mark);
    index->seen = xcalloc(2 * n + 1, sizeof *index->seen);
    index->settled = xcalloc(n + 1, sizeof *index->settled);
    index_order(index, plan);
    index_dependents(index, plan);
    rollout->index = index;
    for (size_t t = 0; t < targets; t++)
        index->cursor[2 * t + 1] = leg_length(rollout, (int)t);
    for (size_t i = 0; i < rollout->step_count; i++) {
        const struct rollout_step *step = &rollout->steps[i];
        index->count[step->leg][step->state]++;
        if (step->state == STEP_SENT)
            index->sent[step->target]++;
    }
}

void step_set(struct rollout *rollout, struct rollout_step *step, enum step_state state)
{
    struct rollout_index *index = index_of(rollout);
    step->changed = true;
    if (step->state == state)
        return;
    index->count[step->leg][step->state]--;
    index->count[step->leg][state]++;
    index->sent[step->target] += (state == STEP_SENT) - (step->state == STEP_SENT);
    step->state = state;
    int *cursor = &index->cursor[2 * step->target + step->leg];
    int position = index->position[step->ordinal];
    if (!step_is_done(state) && position < *cursor)
        *cursor = position;
}

void target_set(struct rollout_target *target, enum target_state state)
{
    target->state = state;
    target->changed = true;
}

void rollout_request_id(const struct rollout *rollout, const struct rollout_step *step, char id[REQUEST_ID_SIZE])
{
    text_format(id, REQUEST_ID_SIZE, "%s.%d.%d", rollout->release, step->ordinal, step->attempt);
}

bool request_parse(const struct rollout *rollout, const char *request, int *ret_ordinal, int *ret_attempt)
{
    size_t len = strlen(rollout->release);
    if (strncmp(request, rollout->release, len) != 0 || request[len] != '.')
        return false;
    const char *ordinal_text = request + len + 1, *dot = strchr(ordinal_text, '.');
    char digits[12];
    long long ordinal, attempt;
    if (!dot || (size_t)(dot - ordinal_text) >= sizeof digits)
        return false;
    memcpy(digits, ordinal_text, (size_t)(dot - ordinal_text));
    digits[dot - ordinal_text] = '\0';
    if (!text_to_long(digits, 0, 2 * (long long)rollout->plan->step_count - 1, &ordinal) ||
        !text_to_long(dot + 1, 1, INT32_MAX, &attempt))
        return false;
    *ret_ordinal = (int)ordinal;
    *ret_attempt = (int)attempt;
    return true;
}

struct rollout_step *rollout_step_by_request(const struct rollout *rollout, const char *request)
{
    int ordinal, attempt;
    if (!request_parse(rollout, request, &ordinal, &attempt) || (size_t)ordinal >= rollout->step_count)
        return NULL;
    return &rollout->steps[ordinal];
}

const char *step_text(const struct rollout *rollout, const struct rollout_step *step, char text[STEP_TEXT_SIZE])
{
    const struct plan_step *from = plan_step_of(rollout, step);
    const struct service *service = &rollout->plan->fleet->services[from->service];
    char id[STEP_TEXT_SIZE / 2];
    text_format(id, sizeof id, "%s", from->id);
    text_format(text, STEP_TEXT_SIZE, "%s %s on %s", service->name, id, rollout->targets[step->target].name);
    return text;
}
