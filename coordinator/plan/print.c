/* Plans for people's diagrams and for programs. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/plan_json.h"

/* Mermaid's text in quotes: its own escapes are HTML entities (mermaid.js.org, flowchart, "special characters"). */
static void add_label(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\"<>&#;`\n\r", *text))
            buf_addf(out, "#%d;", (unsigned char)*text);
        else
            buf_addc(out, *text);
    }
}

static void add_step(const struct plan *plan, size_t index, struct buf *out)
{
    const struct plan_step *step = &plan->steps[index];
    const struct migration *migration = plan_migration(plan, step);
    bool none = step->way_back == WAY_BACK_NONE;
    buf_addf(out, "    s%zu%s\"", index, none ? "{{" : "[");
    if (step->direction != DIRECTION_UP)
        buf_addf(out, "%s ", step->direction == DIRECTION_DOWN ? "undo" : direction_text(step->direction));
    add_label(out, step->id);
    if (migration && *migration->name) {
        buf_addc(out, ' ');
        add_label(out, migration->name);
    }
    if (plan->fleet->services[step->service].target_count > 1) {
        buf_adds(out, " on ");
        add_label(out, plan->targets[step->target].name);
    }
    buf_addf(out, "\"%s\n", none ? "}}" : "]");
}

void plan_mermaid(const struct plan *plan, struct buf *out)
{
    buf_adds(out, "flowchart LR\n");
    for (size_t service = 0; service < plan->fleet->service_count; service++) {
        bool open = false;
        for (size_t i = 0; i < plan->step_count; i++) {
            if (plan->steps[i].service != (int)service)
                continue;
            if (!open)
                buf_addf(out, "  subgraph %s-service[\"%s\"]\n", plan->fleet->services[service].name,
                         plan->fleet->services[service].name);
            open = true;
            add_step(plan, i, out);
        }
        if (open)
            buf_adds(out, "  end\n");
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        for (size_t n = 0; n < plan->steps[i].needs_count; n++)
            buf_addf(out, "  s%d --> s%zu\n", plan->steps[i].needs[n], i);
    }
}

static json_t *policy_json(const struct policy *policy)
{
    return json_pack("{s:s, s:I, s:I, s:I}", "onFailure", failure_policy_text(policy->on_failure), "lockTimeoutMs",
                     (json_int_t)policy->lock_timeout_ms, "statementTimeoutMs",
                     (json_int_t)policy->statement_timeout_ms, "retries", (json_int_t)policy->retries);
}

/* The text that the step runs: its digest, its bytes as far as they are known, and the file it stands in. */
struct running {
    const char *file, *checksum;
    int64_t bytes;
};

static struct running running_of(const struct plan_step *step, const struct migration *migration)
{
    if (step->direction == DIRECTION_UP)
        return (struct running){migration->file, migration->up, migration->up_size};
    if (step->direction != DIRECTION_DOWN)
        return (struct running){migration ? migration->file : "", migration ? migration->up : step->recorded, 0};
    if (*step->earlier)
        return (struct running){migration->file, step->earlier, step->earlier_size};
    return (struct running){migration->down_file ? migration->down_file : migration->file,
                            migration->down ? migration->down : migration->up, migration->down_size};
}

void plan_json_told(const struct migration *migration, json_t *json)
{
    json_t *details = migration->details ? json_loads(migration->details, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (migration->category)
        json_object_set_new(json, "category", json_string(migration->category));
    if (migration->author)
        json_object_set_new(json, "author", json_string(migration->author));
    if (migration->risk)
        json_object_set_new(json, "risk", json_string(migration->risk));
    if (migration->breaking)
        json_object_set_new(json, "breaking", json_true());
    if (migration->requires_downtime)
        json_object_set_new(json, "requiresDowntime", json_true());
    if (migration->estimated_ms)
        json_object_set_new(json, "estimatedDurationMs", json_integer(migration->estimated_ms));
    json_object_update_missing(json, details);
    json_decref(details);
}

json_t *plan_json_step(const struct plan *plan, size_t index)
{
    const struct plan_step *step = &plan->steps[index];
    const struct migration *migration = plan_migration(plan, step);
    struct running runs = running_of(step, migration);
    json_t *needs = json_array();
    for (size_t i = 0; i < step->needs_count; i++)
        json_array_append_new(needs, json_integer(step->needs[i]));
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:I, s:b, s:s, s:o}", "index",
                             (json_int_t)index, "service", plan->fleet->services[step->service].name, "target",
                             plan->targets[step->target].name, "migration", step->id, "name",
                             migration ? migration->name : "", "kind",
                             migration_kind_text(migration ? migration->kind : MIGRATION_VERSIONED), "direction",
                             direction_text(step->direction), "wayBack", way_back_text(step->way_back), "needs", needs,
                             "file", runs.file, "checksum", runs.checksum, "bytes", (json_int_t)runs.bytes,
                             "noTransaction", migration && migration->no_transaction, "leaf", step->leaf, "policy",
                             policy_json(&step->policy));
    if (json && migration)
        plan_json_told(migration, json);
    if (json && (step->direction == DIRECTION_ADOPT || step->direction == DIRECTION_FORGET)) {
        json_object_set_new(json, "recorded", json_string(step->recorded));
        json_object_set_new(json, "inHistory", json_boolean(step->in_history));
        if (*step->taken_from)
            json_object_set_new(json, "takenFrom", json_string(step->taken_from));
    }
    if (json && (step->direction != DIRECTION_UP || *step->undoes)) {
        json_object_set_new(json, "undoes", json_string(step->undoes));
        json_object_set_new(json, "undoesRelease", json_string(step->undoes_release));
    }
    if (json && *step->earlier)
        json_object_set_new(json, "earlier", json_string(step->earlier));
    return json;
}

static json_t *findings_json(const struct plan_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; findings && i < findings->count; i++) {
        const struct plan_finding *finding = &findings->items[i];
        json_array_append_new(list, json_pack("{s:b, s:s, s:s, s:s}", "error", (int)finding->error, "rule",
                                              finding->rule, "text", finding->text, "hint", finding->hint));
    }
    return list;
}

json_t *plan_json_head(const struct plan *plan, const struct plan_findings *findings)
{
    json_t *targets = json_array();
    for (size_t i = 0; i < plan->target_count; i++)
        json_array_append_new(targets,
                              json_pack("{s:s, s:s}", "service", plan->fleet->services[plan->targets[i].service].name,
                                        "target", plan->targets[i].name));
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o}", "fleet", plan->fleet->name, "environment",
                     plan->fleet->environment, "digest", plan->digest, "direction", direction_text(plan->direction),
                     "irreversible", (json_int_t)plan->irreversible, "targets", targets, "findings",
                     findings_json(findings));
}

static bool is_of(const struct plan *plan, const struct plan_step *step, const char *category)
{
    const struct migration *migration = plan_migration(plan, step);
    return !category || (migration && migration->category && strcmp(migration->category, category) == 0);
}

void plan_json(const struct plan *plan, const struct plan_findings *findings, const char *category, struct buf *out)
{
    json_t *head = plan_json_head(plan, findings);
    auto_free char *text = json_dumps(head, JSON_INDENT(2));
    json_decref(head);
    buf_add(out, text, strlen(text) - strlen("\n}"));
    buf_adds(out, ",\n  \"steps\": [");
    for (size_t i = 0, written = 0; i < plan->step_count; i++) {
        if (!is_of(plan, &plan->steps[i], category))
            continue;
        json_t *step = plan_json_step(plan, i);
        auto_free char *line = json_dumps(step, JSON_COMPACT);
        buf_addf(out, "%s\n    %s", written++ ? "," : "", line);
        json_decref(step);
    }
    buf_adds(out, "\n  ]\n}\n");
}
