/* A release from its rows: the plan as it was accepted, never planned again. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

static bool broken(struct err *err, const char *release, const char *what)
{
    return err_set(err, ERR_INTERNAL, "release %s in the control database: %s", release, what);
}

static int service_index(const struct fleet *fleet, const char *name, int from)
{
    for (size_t i = 0; i < fleet->service_count; i++) {
        size_t at = ((size_t)from + i) % fleet->service_count;
        if (strcmp(fleet->services[at].name, name) == 0)
            return (int)at;
    }
    return -1;
}

static bool parse_needs(struct arena *arena, const char *text, struct plan_step *step)
{
    json_t *list = json_loads(text, 0, NULL);
    if (!json_is_array(list)) {
        json_decref(list);
        return false;
    }
    int *needs = arena_array(arena, json_array_size(list) + 1, sizeof *needs);
    for (size_t i = 0; i < json_array_size(list); i++)
        needs[i] = (int)json_integer_value(json_array_get(list, i));
    step->needs = needs;
    step->needs_count = json_array_size(list);
    json_decref(list);
    return true;
}

/* schema/0005_values.sql; NULL: not known. */
static const struct plan_names *read_names(struct arena *arena, const char *text)
{
    json_t *json = json_loads(text, 0, NULL), *list = json_object_get(json, "values"), *item;
    struct placeholder *values = arena_array(arena, json_array_size(list) + 1, sizeof *values);
    struct plan_names *names = NULL;
    size_t i;
    json_array_foreach(list, i, item)
        values[i] = (struct placeholder){row_member(arena, item, "name"), row_member(arena, item, "value"),
                                         json_is_true(json_object_get(item, "secret"))};
    if (json) {
        names = arena_new(arena, struct plan_names);
        *names = (struct plan_names){json_is_true(json_object_get(json, "replaced")), values, json_array_size(list)};
    }
    json_decref(json);
    return names;
}

/* `before`: the step before it, which most steps follow in their service too. */
static bool read_plan_step(struct store_release *release, const PGresult *r, int row, const struct plan_step *before,
                           struct plan_step *step)
{
    struct arena *arena = &release->arena;
    int service = before ? before->service : 0,
        migration = before && before->migration >= 0 ? before->migration + 1 : 0;
    step->target = (int)pg_number(r, row, 0);
    step->service = service_index(&release->fleet, pg_text(r, row, 1), service);
    if (step->service < 0 || step->target < 0 || (size_t)step->target >= release->plan.target_count)
        return false;
    step->id = pg_copy(r, row, 2, arena);
    step->migration = service_held(&release->fleet.services[step->service], step->id, migration);
    step->undoes = pg_copy(r, row, 5, arena);
    step->undoes_release = pg_copy(r, row, 6, arena);
    step->policy.lock_timeout_ms = pg_number(r, row, 8);
    step->policy.statement_timeout_ms = pg_number(r, row, 9);
    step->policy.retries = pg_number(r, row, 10);
    step->recorded = pg_copy(r, row, 13, arena);
    step->in_history = pg_true(r, row, 14);
    step->earlier = pg_copy(r, row, 15, arena);
    step->earlier_request = pg_copy(r, row, 16, arena);
    step->verify_size = pg_number(r, row, 17);
    step->earlier_size = pg_number(r, row, 18);
    step->taken_from = pg_copy(r, row, 20, arena);
    step->earlier_names = read_names(arena, pg_text(r, row, 19));
    text_format(step->leaf, sizeof step->leaf, "%s", pg_text(r, row, 12));
    return direction_parse(pg_text(r, row, 3), &step->direction) &&
           way_back_parse(pg_text(r, row, 4), &step->way_back) &&
           failure_policy_parse(pg_text(r, row, 7), &step->policy.on_failure) &&
           parse_needs(arena, pg_text(r, row, 11), step);
}

static bool load_plan(struct store *store, struct store_release *release, const PGresult *targets, struct err *err)
{
    struct plan *plan = &release->plan;
    plan->fleet = &release->fleet;
    plan->target_count = (size_t)PQntuples(targets);
    struct plan_target *plan_targets = arena_array(&release->arena, plan->target_count + 1, sizeof *plan_targets);
    for (size_t i = 0; i < plan->target_count; i++) {
        plan_targets[i].service = service_index(&release->fleet, pg_text(targets, (int)i, 0), 0);
        plan_targets[i].name = pg_copy(targets, (int)i, 1, &release->arena);
        if (plan_targets[i].service < 0)
            return broken(err, release->id, "a target of an unknown service");
    }
    plan->targets = plan_targets;
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_plan_steps_load, &result, err, 1, release->id))
        return false;
    plan->step_count = (size_t)PQntuples(result);
    struct plan_step *steps = arena_array(&release->arena, plan->step_count + 1, sizeof *steps);
    plan->steps = steps;
    for (size_t i = 0; i < plan->step_count; i++)
        if (!read_plan_step(release, result, (int)i, i ? &steps[i - 1] : NULL, &steps[i]))
            return broken(err, release->id, "a step of the plan cannot be read");
    return true;
}

static int64_t number(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

static bool read_outcome(struct arena *arena, const char *text, struct outcome *o)
{
    json_t *json = json_loads(text, 0, NULL);
    *o = (struct outcome){
        .id = row_member(arena, json, "id"), .request = row_member(arena, json, "request"),
        .release = row_member(arena, json, "release"), .migration = row_member(arena, json, "migration"),
        .checksum = row_member(arena, json, "checksum"), .attempt = number(json, "attempt"),
        .position = number(json, "position"), .sequence = number(json, "sequence"),
        .started_us = number(json, "startedAtUs"), .finished_us = number(json, "finishedAtUs"),
        .sqlstate = row_member(arena, json, "sqlstate"), .message = row_member(arena, json, "message"),
        .line = number(json, "line"), .left = row_member(arena, json, "left"),
        .detail = row_member(arena, json, "detail")};
    auto_free char *said = json_dumps(json_object_get(json, "said"), 0);
    o->said = said_decode(said ? said : "", arena);
    bool known = json && direction_parse(row_member(arena, json, "direction"), &o->direction) &&
                 outcome_parse(row_member(arena, json, "kind"), &o->kind);
    json_decref(json);
    return known;
}

static bool read_step(struct arena *arena, const PGresult *r, int row, struct rollout_step *step)
{
    *step = (struct rollout_step){.ordinal = (int)pg_number(r, row, 0), .leg = (int)pg_number(r, row, 1),
                                  .target = (int)pg_number(r, row, 2), .plan_step = (int)pg_number(r, row, 3),
                                  .attempt = (int)pg_number(r, row, 6), .undoes = (int)pg_number(r, row, 7),
                                  .undoes_request = pg_copy(r, row, 8, arena),
                                  .request_in_effect = pg_copy(r, row, 9, arena),
                                  .has_outcome = !PQgetisnull(r, row, 10)};
    if (step->ordinal != row || !direction_parse(pg_text(r, row, 4), &step->direction) ||
        !step_state_parse(pg_text(r, row, 5), &step->state))
        return false;
    return !step->has_outcome || read_outcome(arena, pg_text(r, row, 10), &step->outcome);
}

static bool load_steps(struct store *store, struct store_release *release, struct err *err)
{
    struct rollout *rollout = &release->rollout;
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_steps_load, &result, err, 1, release->id))
        return false;
    size_t count = (size_t)PQntuples(result);
    if (count < release->plan.step_count)
        return broken(err, release->id, "steps are missing");
    if (count > release->plan.step_count)
        rollout_extend(rollout);
    if (count != rollout->step_count)
        return broken(err, release->id, "its undos are not complete");
    for (size_t i = 0; i < count; i++)
        if (!read_step(&rollout->arena, result, (int)i, &rollout->steps[i]))
            return broken(err, release->id, "a step cannot be read");
    return true;
}

static bool read_targets(struct store_release *release, const PGresult *targets, struct err *err)
{
    struct rollout *rollout = &release->rollout;
    if (rollout->target_count != (size_t)PQntuples(targets))
        return broken(err, release->id, "targets are missing");
    for (size_t i = 0; i < rollout->target_count; i++) {
        struct rollout_target *target = &rollout->targets[i];
        if (!target_state_parse(pg_text(targets, (int)i, 2), &target->state))
            return broken(err, release->id, "a target's state cannot be read");
        target->sequence = pg_number(targets, (int)i, 3);
        target->recorded = pg_number(targets, (int)i, 4);
        rollout_numbers(&target->sequence, &target->recorded);
        target->first = (int)pg_number(targets, (int)i, 5);
        target->count = (int)pg_number(targets, (int)i, 6);
        target->rebuild = pg_true(targets, (int)i, 7);
        text_format(target->problem, sizeof target->problem, "%s", pg_text(targets, (int)i, 8));
        text_format(target->left, sizeof target->left, "%s", pg_text(targets, (int)i, 9));
        target->changed = false;
    }
    return true;
}

static bool read_release(struct store *store, struct store_release *release, const PGresult *r,
                         const struct rollout_settings *settings, struct err *err)
{
    struct arena *arena = &release->arena;
    text_format(release->id, sizeof release->id, "%s", pg_text(r, 0, 0));
    const char *fleet = pg_text(r, 0, 3);
    if (!fleet_decode(fleet, strlen(fleet), arena, &release->fleet, err))
        return err_prefix(err, "release %s in the control database", release->id);
    auto_pgresult PGresult *targets = NULL;
    if (!store_exec(store, sql_release_targets_load, &targets, err, 1, release->id) ||
        !load_plan(store, release, targets, err))
        return false;
    text_format(release->plan.digest, sizeof release->plan.digest, "%s", pg_text(r, 0, 4));
    release->plan.irreversible = (size_t)pg_number(r, 0, 5);
    release->begun = pg_true(r, 0, 8);
    struct rollout *rollout = &release->rollout;
    if (!direction_parse(pg_text(r, 0, 2), &release->plan.direction))
        return broken(err, release->id, "its direction cannot be read");
    rollout_init(rollout, release->id, &release->plan, settings, store->lease.epoch,
                 arena_strdup(arena, store->lease.term));
    release->made = true;
    rollout->stopping = pg_true(r, 0, 10);
    if (!release_state_parse(pg_text(r, 0, 1), &rollout->state) || !rollout_aim_parse(pg_text(r, 0, 9), &rollout->aim))
        return broken(err, release->id, "its state cannot be read");
    text_format(rollout->reason, sizeof rollout->reason, "%s", pg_text(r, 0, 6));
    rollout->decided_by = pg_copy(r, 0, 7, arena);
    rollout->changed = false;
    if (!load_steps(store, release, err) || !read_targets(release, targets, err))
        return false;
    rollout_index(rollout);
    return true;
}

bool store_release_load(struct store *store, const char *release, const struct rollout_settings *settings,
                        struct store_release **ret_release, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_release_load, &result, err, 1, release))
        return false;
    if (PQntuples(result) == 0) {
        *ret_release = NULL;
        return !release || strcmp(release, "latest") == 0 || err_set(err, ERR_INPUT, "there is no release %s", release);
    }
    struct store_release *loaded = xcalloc(1, sizeof *loaded);
    if (!read_release(store, loaded, result, settings, err)) {
        store_release_free(loaded);
        return false;
    }
    *ret_release = loaded;
    return true;
}

void store_release_free(struct store_release *release)
{
    if (!release)
        return;
    if (release->made)
        rollout_release(&release->rollout);
    arena_release(&release->arena);
    free(release);
}
