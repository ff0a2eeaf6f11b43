#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "crypto/digest.h"
#include "plan/planning.h"

/* An empty list holds all. */
static bool is_chosen(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], name) == 0)
            return true;
    }
    return count == 0;
}

bool plan_chooses(const struct plan_options *options, const char *service, const char *target)
{
    return is_chosen(options->services, options->service_count, service) &&
           is_chosen(options->targets, options->target_count, target);
}

/* Most fleets are planned without growing anything. */
static void make_room(struct planning *planning, size_t migrations)
{
    size_t edges = migrations + 256;
    for (size_t i = 0; i < planning->fleet->service_count; i++) {
        const struct service *service = &planning->fleet->services[i];
        for (size_t m = 0; m < service->migration_count; m++)
            edges += service->migrations[m].depends_count;
    }
    graph_reserve(&planning->graph, edges);
    planning->step_room = migrations + 256;
    planning->steps = arena_array(planning->scratch, planning->step_room, sizeof *planning->steps);
}

static void index_services(struct planning *planning)
{
    size_t count = planning->fleet->service_count, slots = 0, migrations = 0;
    for (size_t i = 0; i < count; i++)
        migrations += planning->fleet->services[i].migration_count;
    make_room(planning, migrations);
    planning->versions = arena_array(planning->scratch, count + 1, sizeof *planning->versions);
    planning->selected = arena_array(planning->scratch, count + 1, sizeof *planning->selected);
    planning->first_slot = arena_array(planning->scratch, count + 1, sizeof *planning->first_slot);
    lookup_init(&planning->services, planning->scratch, count);
    lookup_init(&planning->ids, planning->scratch, migrations);
    for (size_t i = 0; i < count; i++) {
        const struct service *service = &planning->fleet->services[i];
        lookup_put(&planning->services, 0, service->name, (int)i);
        for (size_t m = 0; m < service->migration_count; m++)
            lookup_put(&planning->ids, (int)i, service->migrations[m].id, (int)m);
        planning->selected[i] =
            is_chosen(planning->options->services, planning->options->service_count, service->name);
        planning->first_slot[i] = (int)slots;
        slots += service->target_count;
    }
    planning->first_slot[count] = (int)slots;
    planning->slots = arena_array(planning->scratch, slots + 1, sizeof *planning->slots);
    planning->slot_count = (int)slots;
}

static bool has_repeatable(const struct service *service)
{
    for (size_t m = 0; m < service->migration_count; m++) {
        if (service->migrations[m].kind == MIGRATION_REPEATABLE)
            return true;
    }
    return false;
}

static void init_slot(struct planning *planning, struct slot *slot, int service, const char *name)
{
    const struct service *owner = &planning->fleet->services[service];
    *slot = (struct slot){.service = service, .name = name, .first = -1, .last = -1, .baseline = -1, .covered = -1,
                          .applied_last = -1, .order_last = -1};
    slot->selected = planning->selected[service] &&
                     is_chosen(planning->options->targets, planning->options->target_count, name);
    slot->state = arena_array(planning->scratch, owner->migration_count + 1, sizeof *slot->state);
    for (size_t m = 0; m < owner->migration_count; m++)
        slot->state[m] = PENDING;
    if (has_repeatable(owner))
        slot->held = arena_array(planning->scratch, owner->migration_count, sizeof *slot->held);
    if (!slot->selected)
        return;
    slot->target = (int)planning->target_count;
    planning->targets[planning->target_count++] = (struct plan_target){service, name};
}

static void index_targets(struct planning *planning, const struct target_contents *contents, size_t count)
{
    struct lookup held;
    lookup_init(&held, planning->scratch, count);
    for (size_t i = count; i-- > 0;) {
        int service = planning_service(planning, contents[i].service);
        if (service >= 0)
            lookup_put(&held, service, contents[i].target, (int)i);
    }
    planning->targets = arena_array(planning->arena, (size_t)planning->slot_count + 1, sizeof *planning->targets);
    for (size_t i = 0; i < planning->fleet->service_count; i++) {
        const struct service *service = &planning->fleet->services[i];
        for (size_t t = 0; t < service->target_count; t++) {
            struct slot *slot = &planning->slots[planning->first_slot[i] + (int)t];
            init_slot(planning, slot, (int)i, service->targets[t]);
            int at = lookup_get(&held, (int)i, slot->name);
            slot->contents = at < 0 ? NULL : &contents[at];
        }
    }
}

void planning_begin(struct planning *planning, const struct target_contents *contents, size_t contents_count)
{
    planning->contents = contents;
    planning->contents_count = contents_count;
    index_services(planning);
    index_targets(planning, contents, contents_count);
}

static void check_service_name(struct planning *planning, const char *name, const char *what)
{
    if (planning_service(planning, name) >= 0)
        return;
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < planning->fleet->service_count; i++)
        nearest_offer(&nearest, planning->fleet->services[i].name);
    planning_find(planning, true, FINDING_UNKNOWN_SERVICE, nearest_hint(&nearest), "%s: the fleet has no service '%s'",
                  what,
                  name);
}

static void check_target_name(struct planning *planning, const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (int s = 0; s < planning->slot_count; s++) {
        if (strcmp(planning->slots[s].name, name) == 0)
            return;
        nearest_offer(&nearest, planning->slots[s].name);
    }
    planning_find(planning, true, FINDING_UNKNOWN_TARGET, nearest_hint(&nearest),
                  "environment %s has no target '%s'", planning->fleet->environment, name);
}

static void check_limit(struct planning *planning, size_t at)
{
    const struct plan_limit *limits = planning->options->limits, *limit = &limits[at];
    int service = planning_service(planning, limit->service);
    check_service_name(planning, limit->service, "version limit");
    if (service >= 0 && !planning->selected[service])
        planning_find(planning, true, FINDING_USAGE, "choose it with --service, too",
                      "a version of service %s is given, which is not among the services that are planned",
                      limit->service);
    for (size_t i = 0; i < at; i++) {
        if (limits[i].service && strcmp(limits[i].service, limit->service) == 0)
            planning_find(planning, true, FINDING_USAGE, "name one", "two versions of service %s are given: %s and %s",
                          limit->service, limits[i].version, limit->version);
    }
}

static void check_options(struct planning *planning)
{
    const struct plan_options *options = planning->options;
    size_t selected = 0;
    for (size_t i = 0; i < planning->fleet->service_count; i++)
        selected += planning->selected[i];
    for (size_t i = 0; i < options->service_count; i++)
        check_service_name(planning, options->services[i], "services");
    for (size_t i = 0; i < options->target_count; i++)
        check_target_name(planning, options->targets[i]);
    for (size_t i = 0; i < options->limit_count; i++) {
        if (options->limits[i].service)
            check_limit(planning, i);
        else if (selected != 1 || options->limit_count > 1)
            planning_find(planning, true, FINDING_USAGE, "write SERVICE=VERSION",
                          "the version %s is given without its service", options->limits[i].version);
    }
}

static void report_cycle(struct planning *planning, const struct edge *cycle, size_t len)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < len; i++) {
        bool plain = cycle[i].where == NULL, between = i > 0 && plain && cycle[i - 1].where == NULL;
        if (between)
            continue; /* in the middle of a run on one target */
        buf_adds(&text, planning_step_text(planning, cycle[i].node));
        if (cycle[i].where)
            buf_addf(&text, " (%s)", cycle[i].where);
        buf_adds(&text, " -> ");
    }
    buf_adds(&text, planning_step_text(planning, cycle[0].node));
    planning_find(planning, true, FINDING_CYCLE, "remove one of these dependencies", "a cycle: %s", buf_text(&text));
    for (size_t i = 0; i < len; i++) {
        if (cycle[i].where && strchr(cycle[i].where, ':')) /* one that stands in a file */
            planning_place(planning, cycle[i].where);
    }
}

static unsigned char nibble(char c)
{
    return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void set_digest(struct planning *planning, struct plan *plan)
{
    unsigned char *leaves = arena_alloc(planning->scratch, plan->step_count * DIGEST_SIZE + 1), root[DIGEST_SIZE];
    for (size_t i = 0; i < plan->step_count; i++) {
        for (size_t k = 0; k < DIGEST_SIZE; k++)
            leaves[i * DIGEST_SIZE + k] = (unsigned char)(nibble(plan->steps[i].leaf[2 * k]) << 4 |
                                                          nibble(plan->steps[i].leaf[2 * k + 1]));
    }
    merkle_root(leaves, plan->step_count, root);
    for (size_t k = 0; k < DIGEST_SIZE; k++) {
        plan->digest[2 * k] = "0123456789abcdef"[root[k] >> 4];
        plan->digest[2 * k + 1] = "0123456789abcdef"[root[k] & 15];
    }
    plan->digest[2 * DIGEST_SIZE] = 0;
}

enum way_back planning_way_back(const struct draft_step *draft, const struct migration *migration)
{
    /* else what fails halts: nothing of it was committed; what was undone or recorded stays so */
    if (draft->direction != DIRECTION_UP)
        return WAY_BACK_ABORT;
    if (migration->kind == MIGRATION_CALLBACK)
        return WAY_BACK_NOTHING;
    if (draft->earlier)
        return WAY_BACK_EARLIER;
    /* a repeatable one's own undo takes all of it away: where it replaces a text that is lost, that is no way back to
     * it */
    bool replaces = migration->kind == MIGRATION_REPEATABLE && draft->applied;
    return migration->down && !replaces ? WAY_BACK_UNDO : WAY_BACK_NONE;
}

static struct policy policy_of(const struct service *service, const struct migration *migration)
{
    struct policy policy = service->policy;
    if (migration && migration->has_policy)
        policy.on_failure = migration->on_failure;
    if (migration && migration->lock_timeout_ms > 0)
        policy.lock_timeout_ms = migration->lock_timeout_ms;
    if (migration && migration->statement_timeout_ms > 0)
        policy.statement_timeout_ms = migration->statement_timeout_ms;
    return policy;
}

/* Of a repeatable one what counts is the release that its text came with. */
static const char *release_of(const struct applied *applied)
{
    if (!applied)
        return "";
    const char *release = applied->text_count ? applied->texts[0].release : applied->release;
    return release ? release : "";
}

static const char *text_or(const char *text)
{
    return text ? text : "";
}

static void set_step(const struct planning *planning, int node, struct plan_step *step)
{
    const struct draft_step *draft = &planning->steps[node];
    const struct slot *slot = &planning->slots[draft->slot];
    const struct service *service = &planning->fleet->services[slot->service];
    const struct migration *migration = draft->migration < 0 ? NULL : &service->migrations[draft->migration];
    *step = (struct plan_step){.service = slot->service,
                               .target = slot->target,
                               .migration = draft->migration,
                               .id = draft->applied ? draft->applied->migration : migration->id,
                               .direction = draft->direction,
                               .way_back = planning_way_back(draft, migration),
                               .undoes = draft->applied ? text_or(draft->applied->request) : "",
                               .undoes_release = release_of(draft->applied),
                               .recorded = draft->applied ? text_or(draft->applied->checksum) : "",
                               .in_history = draft->in_history,
                               .taken_from = text_or(draft->taken_from),
                               .earlier = draft->earlier ? draft->earlier->checksum : "",
                               .earlier_request = draft->earlier ? draft->earlier->request : "",
                               .policy = policy_of(service, migration)};
    leaf_set(planning, step);
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Gives every step its needs: indexes of steps, sorted, each once. */
static void set_needs(struct planning *planning, struct plan_step *steps, const int *place)
{
    size_t edges = planning->graph.count, nodes = (size_t)planning->step_count;
    size_t *start = arena_array(planning->scratch, nodes + 2, sizeof *start);
    int *needs = arena_array(planning->arena, edges + 1, sizeof *needs);
    for (size_t i = 0; i < edges; i++)
        start[place[planning->graph.edges[i].node] + 2]++;
    for (size_t n = 2; n < nodes + 2; n++)
        start[n] += start[n - 1];
    for (size_t i = 0; i < edges; i++)
        needs[start[place[planning->graph.edges[i].node] + 1]++] = place[planning->graph.edges[i].needs];
    for (size_t n = 0; n < nodes; n++) {
        int *mine = needs + start[n];
        size_t count = start[n + 1] - start[n], kept = 0;
        if (count)
            qsort(mine, count, sizeof *mine, by_number);
        for (size_t i = 0; i < count; i++) {
            if (kept == 0 || mine[kept - 1] != mine[i])
                mine[kept++] = mine[i];
        }
        steps[n].needs = mine;
        steps[n].needs_count = kept;
    }
}

static bool is_refused(const struct planning *planning, const struct plan_step *step)
{
    const struct service *service = &planning->fleet->services[step->service];
    return step->direction == DIRECTION_UP && step->migration >= 0 && service->migrations[step->migration].refused;
}

static void set_plan(struct planning *planning, const int *order, struct plan *plan)
{
    size_t count = (size_t)planning->step_count;
    struct plan_step *steps = arena_array(planning->arena, count + 1, sizeof *steps);
    int *place = arena_array(planning->scratch, count + 1, sizeof *place);
    for (size_t i = 0; i < count; i++) {
        place[order[i]] = (int)i;
        set_step(planning, order[i], &steps[i]);
        plan->irreversible += steps[i].way_back == WAY_BACK_NONE;
        plan->refused += is_refused(planning, &steps[i]);
    }
    set_needs(planning, steps, place);
    plan->steps = steps;
    plan->step_count = count;
    set_digest(planning, plan);
}

static bool finish(struct planning *planning, struct plan *plan)
{
    if (planning->error_count)
        return false;
    planning->graph.nodes = planning->step_count;
    int *order = arena_array(planning->scratch, (size_t)planning->step_count + 1, sizeof *order);
    const struct edge *cycle;
    size_t len;
    if (!graph_order(&planning->graph, order, &cycle, &len)) {
        report_cycle(planning, cycle, len);
        return false;
    }
    *plan = (struct plan){.fleet = planning->fleet,
                          .direction = planning->options->direction,
                          .targets = planning->targets,
                          .target_count = planning->target_count};
    set_plan(planning, order, plan);
    return true;
}

static bool first_error(const struct plan_findings *findings, struct err *err)
{
    size_t errors = 0;
    const struct plan_finding *first = NULL;
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i].error && errors++ == 0)
            first = &findings->items[i];
    }
    err_set(err, ERR_INPUT, "%s", first->text);
    return errors > 1 ? err_hint(err, "%s%sand %zu more errors", first->hint, *first->hint ? "; " : "", errors - 1)
                      : err_hint(err, "%s", first->hint);
}

bool plan_make(const struct fleet *fleet, const struct target_contents *contents, size_t contents_count,
               const struct plan_options *options, struct arena *arena, struct plan *ret_plan,
               struct plan_findings *ret_findings, struct err *err)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct planning planning = {.fleet = fleet, .options = options, .arena = arena, .scratch = &scratch};
    planning.graph.arena = &scratch;
    planning_begin(&planning, contents, contents_count);
    check_options(&planning);
    if (options->direction == DIRECTION_UP)
        planning_up(&planning);
    else if (options->direction == DIRECTION_DOWN)
        planning_down(&planning);
    else
        planning_adopt(&planning);
    struct plan plan;
    bool good = finish(&planning, &plan);
    *ret_findings = (struct plan_findings){planning.findings, planning.finding_count, planning.finding_room};
    if (!good)
        return first_error(ret_findings, err);
    *ret_plan = plan;
    return true;
}
