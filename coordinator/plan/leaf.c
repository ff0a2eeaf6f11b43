/* A step's leaf of the plan's Merkle tree: everything that decides what will run. */
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "plan/planning.h"

/* As decimal text; none of these is negative. */
static void add_number(struct digest_state *state, int64_t number)
{
    char text[24], *at = text + sizeof text;
    *--at = 0;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    digest_text(state, at);
}

/* What most steps have not is named, and only there when it is: without it the leaf is what it always was. */
static void add_named(struct digest_state *state, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    digest_text(state, name);
    digest_text(state, value);
}

/* A secret's value is not known here; its name is. */
static void add_placeholders(struct digest_state *state, const struct service *service)
{
    digest_text(state, "placeholders");
    add_number(state, (int64_t)service->placeholder_count);
    for (size_t i = 0; i < service->placeholder_count; i++) {
        digest_text(state, service->placeholders[i].name);
        digest_text(state, service->placeholders[i].secret ? NULL : service->placeholders[i].value);
    }
}

static void add_mirror(struct digest_state *state, const struct service *service, const struct migration *migration)
{
    digest_text(state, "mirror");
    digest_text(state, history_tool_text(service->history));
    digest_text(state, service->history_table);
    digest_text(state, migration->version);
    digest_text(state, migration->script);
    digest_text(state, migration->foreign_checksum);
    digest_text(state, migration->foreign_record);
}

static void add_rest(struct digest_state *state, const struct service *service, const struct migration *migration,
                     const struct plan_step *step)
{
    bool runs_each = step->direction == DIRECTION_UP && migration->kind != MIGRATION_CALLBACK;
    if (migration->kind != MIGRATION_VERSIONED)
        add_named(state, "kind", migration_kind_text(migration->kind));
    add_named(state, "earlier", step->earlier);
    add_named(state, "verify", step->direction == DIRECTION_UP ? migration->verify : NULL);
    add_named(state, "before each", runs_each ? service->before_each : NULL);
    add_named(state, "after each", runs_each ? service->after_each : NULL);
    if (migration->placeholders || (runs_each && (service->before_each || service->after_each)))
        add_placeholders(state, service);
    if (service->mirror)
        add_mirror(state, service, migration);
}

void leaf_set(const struct planning *planning, struct plan_step *step)
{
    const struct service *service = &planning->fleet->services[step->service];
    const struct migration *migration = step->migration < 0 ? NULL : &service->migrations[step->migration];
    struct digest_state state;
    digest_begin(&state);
    digest_text(&state, "greylag step 1");
    digest_text(&state, planning->fleet->name);
    digest_text(&state, planning->fleet->environment);
    digest_text(&state, service->name);
    digest_text(&state, planning->targets[step->target].name);
    digest_text(&state, step->id);
    digest_text(&state, direction_text(step->direction));
    digest_text(&state, migration ? migration->up : step->recorded);
    digest_text(&state, migration ? migration->down : NULL);
    if (step->direction == DIRECTION_ADOPT)
        digest_text(&state, step->in_history ? "in history" : *step->taken_from ? step->taken_from : "declared");
    digest_text(&state, way_back_text(step->way_back));
    digest_text(&state, step->undoes);
    digest_text(&state, failure_policy_text(step->policy.on_failure));
    add_number(&state, step->policy.lock_timeout_ms);
    add_number(&state, step->policy.statement_timeout_ms);
    add_number(&state, step->policy.retries);
    if (migration)
        add_rest(&state, service, migration, step);
    digest_end(&state, step->leaf);
}
