/* A random fleet and its plan, and decision tables with a bug planted in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/world.h"

static struct migration *make_services(struct world *w)
{
    struct service *services = arena_array(&w->arena, (size_t)w->targets, sizeof *services);
    struct plan_target *targets = arena_array(&w->arena, (size_t)w->targets, sizeof *targets);
    struct migration *migrations = arena_array(&w->arena, (size_t)w->migrations + 1, sizeof *migrations);
    for (int i = 0; i < w->migrations; i++)
        migrations[i] = (struct migration){.id = arena_printf(&w->arena, "%d", i), .up_size = 1 + chance_below(w, 500),
                                           .down_size = 1 + chance_below(w, 500)};
    for (int t = 0; t < w->targets; t++) {
        services[t] = (struct service){.name = arena_printf(&w->arena, "s%d", t), .migrations = migrations,
                                       .migration_count = (size_t)w->migrations};
        targets[t] = (struct plan_target){.service = t, .name = arena_printf(&w->arena, "t%d", t)};
    }
    w->fleet = (struct fleet){.name = "model", .environment = "dev", .services = services,
                              .service_count = (size_t)w->targets};
    w->plan.targets = targets;
    w->plan.target_count = (size_t)w->targets;
    return migrations;
}

enum migration_kind kind_of(const struct world *w, int migration)
{
    return w->fleet.services[0].migrations[migration].kind;
}

/* A repeatable one replaces an earlier text, or runs first; or another release has put a text there meanwhile, maybe
 * ours. */
static void make_repeatable(struct world *w, struct plan_step *step, int i)
{
    struct request *there = &w->initial[step->target][i];
    enum text *text = &w->initial_texts[step->target][i];
    bool replaces = chance_percent(w, 75), meanwhile = chance_percent(w, 8);
    step->way_back = replaces ? WAY_BACK_EARLIER : WAY_BACK_NONE;
    step->undoes = replaces ? "old.1.1" : "";
    step->earlier = replaces ? "earlier" : "";
    if (replaces || meanwhile) {
        *there = (struct request){.ordinal = -1, .attempt = meanwhile ? 2 : 1};
        *text = !meanwhile ? TEXT_EARLIER : chance_percent(w, 50) ? TEXT_NEW : TEXT_OTHER;
    }
}

static void make_kind(struct world *w, struct migration *migrations, struct plan_step *step, int i)
{
    if (w->plan.direction != DIRECTION_UP || !chance_percent(w, 25))
        return;
    migrations[i].kind = chance_percent(w, 60) ? MIGRATION_REPEATABLE : MIGRATION_CALLBACK;
    step->undoes = "";
    if (migrations[i].kind == MIGRATION_REPEATABLE)
        make_repeatable(w, step, i);
    else
        step->way_back = w->plant == PLANT_CALLBACK_UNDONE ? WAY_BACK_UNDO : WAY_BACK_NOTHING;
}

static void make_step(struct world *w, struct plan_step *step, int i, int density, bool all_reversible)
{
    int *needs = arena_array(&w->arena, (size_t)i + 1, sizeof *needs);
    size_t count = 0;
    for (int k = 0; k < i; k++)
        if (chance_percent(w, density))
            needs[count++] = k;
    *step = (struct plan_step){.target = chance_below(w, w->targets),
                               .migration = i,
                               .id = w->fleet.services[0].migrations[i].id,
                               .recorded = "",
                               .direction = w->plan.direction,
                               .way_back = all_reversible || !chance_percent(w, 12) ? WAY_BACK_UNDO : WAY_BACK_NONE,
                               .undoes = w->plan.direction == DIRECTION_DOWN ? "old.1.1" : "",
                               .undoes_release = "",
                               .policy = POLICY_DEFAULT,
                               .needs = needs,
                               .needs_count = count};
    step->service = step->target;
    if (w->plan.direction == DIRECTION_ADOPT)
        step->way_back = WAY_BACK_ABORT;
    if (chance_percent(w, 15))
        step->policy.on_failure = ON_FAILURE_HALT;
    /* most steps work, some fail at first, some for ever */
    w->fails[i] = chance_percent(w, 88) ? 0 : chance_percent(w, 50) ? 1 : -1;
    w->damaged[i] = chance_below(w, 250) == 0;
    w->undo_fails[i] = chance_percent(w, 93) ? 0 : chance_percent(w, 60) ? 1 : -1;
}

void fleet_make(struct world *w)
{
    w->targets = 1 + chance_below(w, TARGETS_MAX);
    w->migrations = chance_percent(w, 2) ? 0 : 1 + chance_below(w, STEPS_MAX);
    int kind = chance_below(w, 100);
    w->plan.direction = kind < 12 ? DIRECTION_DOWN : kind < 18 ? DIRECTION_ADOPT : DIRECTION_UP;
    struct migration *migrations = make_services(w);
    struct plan_step *steps = arena_array(&w->arena, (size_t)w->migrations + 1, sizeof *steps);
    int density = chance_below(w, 30);
    bool all_reversible = chance_percent(w, 60);
    for (int i = 0; i < w->migrations; i++) {
        make_step(w, &steps[i], i, density, all_reversible);
        bool there = w->plan.direction == DIRECTION_DOWN || chance_percent(w, 6);
        make_kind(w, migrations, &steps[i], i);
        if (!there || kind_of(w, i) != MIGRATION_VERSIONED)
            continue;
        w->initial[steps[i].target][i] = (struct request){.ordinal = -1, .attempt = 1};
        w->initial_texts[steps[i].target][i] = TEXT_NEW;
    }
    w->plan.steps = steps;
    w->plan.step_count = (size_t)w->migrations;
    w->plan.fleet = &w->fleet;
}

/* ---- planted tables ---- */

static void settle_everything(struct decide *d)
{
    for (size_t t = 0; t < d->rollout->target_count; t++) {
        d->target = &d->rollout->targets[t];
        settle_job(d);
    }
    d->target = NULL;
}

static bool refused_any(const struct decide *d)
{
    return refused_for_now(d) || refused_for_good(d);
}

static struct decision_row *row_named(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->settings.table_count; i++)
        if (strcmp(w->table[i].name, name) == 0)
            return &w->table[i];
    fprintf(stderr, "no row is called %s\n", name);
    abort();
}

static void effect_replace(struct decision_row *row, decide_effect from, decide_effect to)
{
    for (size_t i = 0; row->effects[i]; i++)
        if (row->effects[i] == from)
            row->effects[i] = to;
}

void plant_table(struct world *w)
{
    size_t count;
    const struct decision_row *table = decision_table(&count);
    w->table = xmalloc(count * sizeof *w->table);
    memcpy(w->table, table, count * sizeof *w->table);
    w->settings.table = w->table;
    w->settings.table_count = count;
    if (w->plant == PLANT_SILENCE) {
        effect_replace(row_named(w, "failed-rolls-back"), fence_busy, settle_everything);
        effect_replace(row_named(w, "rollback-asked"), fence_busy, settle_everything);
    } else if (w->plant == PLANT_TABLE_SUCCEEDS) {
        row_named(w, "succeeded")->guard = always;
    } else if (w->plant == PLANT_TABLE_REFUSAL) {
        struct decision_row *row = row_named(w, "fence-stale"); /* comes before the other refusals */
        row->guard = refused_any;
        memset(row->effects, 0, sizeof row->effects);
        row->effects[0] = settle_target;
    } else if (w->plant == PLANT_TABLE_LIMIT) {
        struct decision_row *row = row_named(w, "fence-limit");
        memset(row->effects, 0, sizeof row->effects);
        row->effects[0] = settle_target;
        row->next = DECIDE_STAY;
    } else if (w->plant == PLANT_TABLE_BLOCKED) {
        row_named(w, "job-blocked")->effects[0] = settle_job;
    } else if (w->plant == PLANT_TABLE_CONTENT) {
        row_named(w, "refused-content")->effects[0] = note_refused;
        row_named(w, "refused-content")->effects[1] = NULL;
        row_named(w, "refused-content")->next = DECIDE_STAY;
    } else if (w->plant == PLANT_TABLE_VERSION) {
        effect_replace(row_named(w, "refused-for-good"), lose_target, settle_target);
    }
}
