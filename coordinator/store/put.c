/* Steps and targets of a release, as rows. */
#include <string.h>

#include "base/cleanup.h"
#include "store/store_internal.h"
#include "store_sql.h"

static json_t *outcome_json(const struct outcome *o)
{
    json_t *json = json_object();
    json_object_set_new(json, "id", store_json_text(o->id));
    json_object_set_new(json, "request", store_json_text(o->request));
    json_object_set_new(json, "release", store_json_text(o->release));
    json_object_set_new(json, "direction", json_string(direction_text(o->direction)));
    json_object_set_new(json, "kind", json_string(outcome_text(o->kind)));
    json_object_set_new(json, "migration", store_json_text(o->migration));
    json_object_set_new(json, "checksum", store_json_text(o->checksum));
    json_object_set_new(json, "attempt", json_integer(o->attempt));
    json_object_set_new(json, "position", json_integer(o->position));
    json_object_set_new(json, "sequence", json_integer(o->sequence));
    json_object_set_new(json, "startedAtUs", json_integer(o->started_us));
    json_object_set_new(json, "finishedAtUs", json_integer(o->finished_us));
    json_object_set_new(json, "sqlstate", store_json_text(o->sqlstate));
    json_object_set_new(json, "message", store_json_text(o->message));
    json_object_set_new(json, "line", json_integer(o->line));
    json_object_set_new(json, "left", store_json_text(o->left));
    json_object_set_new(json, "detail", store_json_text(o->detail));
    return json;
}

static json_t *step_json(const struct rollout *rollout, const struct rollout_step *step)
{
    char request[REQUEST_ID_SIZE];
    rollout_request_id(rollout, step, request);
    json_t *json = json_object();
    json_object_set_new(json, "o", json_integer(step->ordinal));
    json_object_set_new(json, "l", json_integer(step->leg));
    json_object_set_new(json, "ti", json_integer(step->target));
    json_object_set_new(json, "p", json_integer(step->plan_step));
    json_object_set_new(json, "d", json_string(direction_text(step->direction)));
    json_object_set_new(json, "s", json_string(step_state_text(step->state)));
    json_object_set_new(json, "a", json_integer(step->attempt));
    json_object_set_new(json, "u", json_integer(step->undoes));
    json_object_set_new(json, "ur", store_json_text(step->undoes_request));
    json_object_set_new(json, "re", store_json_text(step->request_in_effect));
    json_object_set_new(json, "rq", store_json_text(request));
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
    bool any = json_array_size(rows) > 0;
    auto_free char *text = store_json_dump(rows);
    return !any || store_exec(store, sql_steps_put, NULL, err, 2, rollout->release, text);
}

static json_t *target_json(int index, const struct rollout_target *target)
{
    json_t *json = json_object();
    json_object_set_new(json, "i", json_integer(index));
    json_object_set_new(json, "s", store_json_text(target->service));
    json_object_set_new(json, "t", store_json_text(target->name));
    json_object_set_new(json, "n", store_json_text(target->name));
    json_object_set_new(json, "st", json_string(target_state_text(target->state)));
    json_object_set_new(json, "q", json_integer(target->sequence));
    json_object_set_new(json, "r", json_integer(target->recorded));
    json_object_set_new(json, "f", json_integer(target->first));
    json_object_set_new(json, "c", json_integer(target->count));
    json_object_set_new(json, "rb", json_boolean(target->rebuild));
    json_object_set_new(json, "pr", store_json_text(target->problem));
    return json;
}

bool store_put_targets(struct store *store, const struct rollout *rollout, bool all, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < rollout->target_count; i++)
        if (all || rollout->targets[i].changed)
            json_array_append_new(rows, target_json((int)i, &rollout->targets[i]));
    bool any = json_array_size(rows) > 0;
    auto_free char *text = store_json_dump(rows);
    if (!any)
        return true;
    return store_exec(store, sql_release_targets_put, NULL, err, 2, rollout->release, text) &&
           (all || store_exec(store, sql_targets_sequence, NULL, err, 1, text));
}
