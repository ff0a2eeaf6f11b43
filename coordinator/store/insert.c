/* A release that is accepted, as rows: what was asked for, the plan, its targets and steps as they begin. */
#include "base/cleanup.h"
#include "base/id.h"
#include "store/row.h"
#include "store/store_internal.h"
#include "store_sql.h"

static json_t *name_list(const char *const *names, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, row_string(names[i]));
    return list;
}

static char *options_json(const struct plan_options *options)
{
    json_t *json = json_object(), *limits = json_array();
    row_text(json, "direction", direction_text(options->direction));
    json_object_set_new(json, "services", name_list(options->services, options->service_count));
    json_object_set_new(json, "targets", name_list(options->targets, options->target_count));
    for (size_t i = 0; i < options->limit_count; i++) {
        json_t *limit = json_object();
        row_text(limit, "service", options->limits[i].service);
        row_text(limit, "version", options->limits[i].version);
        json_array_append_new(limits, limit);
    }
    json_object_set_new(json, "limits", limits);
    if (options->adoption)
        row_text(json, "adoption", adoption_text(options->adoption));
    row_flag(json, "outOfOrder", options->out_of_order);
    row_text(json, "release", options->release);
    row_text(json, "backTo", options->back_to);
    row_number(json, "steps", options->steps);
    row_flag(json, "all", options->all);
    row_flag(json, "stopAtIrreversible", options->stop_at_irreversible);
    return row_dump(json);
}

/* schema/0005_values.sql */
static json_t *names_json(const struct service *service, const struct migration *migration)
{
    if (!migration || migration->kind != MIGRATION_REPEATABLE)
        return json_string("");
    json_t *values = json_array();
    for (size_t i = 0; migration->placeholders && i < service->placeholder_count; i++) {
        const struct placeholder *p = &service->placeholders[i];
        json_array_append_new(
            values, json_pack("{s:s, s:s, s:b}", "name", p->name, "value", p->value, "secret", (int)p->secret));
    }
    auto_free char *text =
        row_dump(json_pack("{s:b, s:o}", "replaced", (int)migration->placeholders, "values", values));
    return json_string(text);
}

static json_t *plan_step_json(const struct plan *plan, int ordinal)
{
    const struct plan_step *step = &plan->steps[ordinal];
    const struct service *service = &plan->fleet->services[step->service];
    const struct migration *migration = plan_migration(plan, step);
    json_t *json = json_object(), *needs = json_array();
    for (size_t i = 0; i < step->needs_count; i++)
        json_array_append_new(needs, json_integer(step->needs[i]));
    row_number(json, "o", ordinal);
    row_number(json, "ti", step->target);
    row_text(json, "s", service->name);
    row_text(json, "m", step->id);
    row_text(json, "na", migration ? migration->name : "");
    row_text(json, "fi", migration ? migration->file : "");
    row_text(json, "df", migration ? migration->down_file : "");
    row_text(json, "d", direction_text(step->direction));
    row_text(json, "w", way_back_text(step->way_back));
    row_text(json, "u", step->undoes);
    row_text(json, "ur", step->undoes_release);
    row_text(json, "rc", step->recorded);
    row_flag(json, "ih", step->in_history);
    row_text(json, "tf", step->taken_from);
    row_text(json, "f", failure_policy_text(step->policy.on_failure));
    row_number(json, "lt", step->policy.lock_timeout_ms);
    row_number(json, "st", step->policy.statement_timeout_ms);
    row_number(json, "r", step->policy.retries);
    json_object_set_new(json, "n", needs);
    row_text(json, "l", step->leaf);
    row_text(json, "k", migration_kind_text(migration ? migration->kind : MIGRATION_VERSIONED));
    row_text(json, "ca", migration ? migration->category : "");
    row_text(json, "ve", migration && step->direction == DIRECTION_UP ? migration->verify : "");
    row_text(json, "ea", step->earlier);
    row_text(json, "er", step->earlier_request);
    json_object_set_new(json, "pl", names_json(service, migration));
    row_number(json, "un", rollout_undo_ordinal(plan, ordinal));
    return json;
}

static bool insert_plan(struct store *store, const char *release, const struct plan *plan, struct err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < plan->step_count; i++)
        json_array_append_new(rows, plan_step_json(plan, (int)i));
    auto_free char *text = row_dump(rows);
    if (!store_exec(store, sql_plan_steps_insert, NULL, err, 2, release, text))
        return false;
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    struct rollout rollout;
    rollout_init(&rollout, release, plan, &settings, 0, "");
    bool done = store_put_targets(store, &rollout, true, err) && store_put_steps(store, &rollout, true, err);
    rollout_release(&rollout);
    return done;
}

bool store_insert_release(struct store *store, const struct store_request *request, struct store_acceptance *ret,
                          struct err *err)
{
    char irreversible[24];
    auto_free char *options = options_json(request->options);
    auto_free char *fleet = fleet_encode(ret->fleet);
    id_new(ret->release);
    return store_exec(store, sql_release_insert, NULL, err, 12, ret->release, release_state_text(RELEASE_RUNNING),
                      direction_text(ret->plan->direction), fleet, options, ret->plan->digest,
                      store_text_int64(irreversible, (int64_t)ret->plan->irreversible),
                      request->accept_irreversible ? "t" : "f", request->requested_by,
                      request->reason ? request->reason : "", request->key,
                      request->key && request->key_body ? request->key_body : "") &&
           insert_plan(store, ret->release, ret->plan, err) &&
           store_wake(store, err);
}
