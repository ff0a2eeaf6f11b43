/* Steps and targets of a release, as rows. */
#include <string.h>

#include "base/cleanup.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

static json_t *outcome_json(const struct outcome *o)
{
    json_t *json = json_object();
    row_text(json, "id", o->id);
    row_text(json, "request", o->request);
    row_text(json, "release", o->release);
    row_text(json, "direction", direction_text(o->direction));
    row_text(json, "kind", outcome_text(o->kind));
    row_text(json, "migration", o->migration);
    row_text(json, "checksum", o->checksum);
    row_number(json, "attempt", o->attempt);
    row_number(json, "position", o->position);
    row_number(json, "sequence", o->sequence);
    row_number(json, "startedAtUs", o->started_us);
    row_number(json, "finishedAtUs", o->finished_us);
    row_text(json, "sqlstate", o->sqlstate);
    row_text(json, "message", o->message);
    row_number(json, "line", o->line);
    row_text(json, "left", o->left);
    row_text(json, "detail", o->detail);
    row_said(json, "said", &o->said);
    return json;
}

static json_t *step_json(const struct rollout *rollout, const struct rollout_step *step)
{
    char request[REQUEST_ID_SIZE];
    rollout_request_id(rollout, step, request);
    json_t *json = json_object();
    row_number(json, "o", step->ordinal);
    row_number(json, "l", step->leg);
    row_number(json, "ti", step->target);
    row_number(json, "p", step->plan_step);
    row_text(json, "d", direction_text(step->direction));
    row_text(json, "s", step_state_text(step->state));
    row_number(json, "a", step->attempt);
    row_number(json, "u", step->undoes);
    row_text(json, "ur", step->undoes_request);
    row_text(json, "re", step->request_in_effect);
    row_text(json, "rq", request);
    if (step->has_outcome)
        json_object_set_new(json, "oc", outcome_json(&step->outcome));
    return json;
}

bool store_put_steps(struct store *store, const struct rollout *rollout, bool all, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < rollout->step_count; i++)
        if (all || rollout->steps[i].changed)
            json_array_append_new(rows, step_json(rollout, &rollout->steps[i]));
    auto_free char *text = rows_text(rows);
    return !text || store_exec(store, sql_steps_put, NULL, err, 2, rollout->release, text);
}

static json_t *target_json(int index, const struct rollout_target *target)
{
    json_t *json = json_object();
    row_number(json, "i", index);
    row_text(json, "s", target->service);
    row_text(json, "t", target->name);
    row_text(json, "st", target_state_text(target->state));
    row_number(json, "q", target->sequence);
    row_number(json, "r", target->recorded);
    row_number(json, "f", target->first);
    row_number(json, "c", target->count);
    row_flag(json, "rb", target->rebuild);
    row_text(json, "pr", target->problem);
    row_text(json, "lb", target->left);
    return json;
}

bool store_put_targets(struct store *store, const struct rollout *rollout, bool all, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < rollout->target_count; i++)
        if (all || rollout->targets[i].changed)
            json_array_append_new(rows, target_json((int)i, &rollout->targets[i]));
    auto_free char *text = rows_text(rows);
    if (!text)
        return true;
    return store_exec(store, sql_release_targets_put, NULL, err, 2, rollout->release, text) &&
           (all || store_exec(store, sql_targets_sequence, NULL, err, 1, text));
}
