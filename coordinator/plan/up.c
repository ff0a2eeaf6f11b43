/* Forward: what is pending, target by target. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "plan/planning.h"

#define NAMED_MAX 5

int planning_limit(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    int limit = (int)owner->migration_count - 1;
    for (size_t i = 0; i < planning->options->limit_count; i++) {
        const struct plan_limit *asked = &planning->options->limits[i];
        if (asked->service && strcmp(asked->service, owner->name) != 0)
            continue;
        int at = planning_last_of(planning, service, asked->version);
        if (at < 0)
            planning_find(planning, true, FINDING_UNKNOWN_VERSION,
                          arena_printf(planning->scratch, "`greylag changelog --service %s` lists what there is",
                                       owner->name),
                          "service %s has no migration of version %s", owner->name, asked->version);
        else if (at < limit)
            limit = at;
    }
    return limit;
}

/* A later one is applied: of the files, or one that only the database knows. */
static void check_order(struct planning *planning, const struct slot *slot, int m)
{
    const struct service *service = &planning->fleet->services[slot->service];
    const struct migration *migration = &service->migrations[m];
    bool known = m < slot->order_last;
    bool unknown = slot->unknown_last && planning_compare(migration->version, slot->unknown_last) < 0;
    if (!(known || unknown) || planning->options->out_of_order || migration->refused ||
        migration->kind != MIGRATION_VERSIONED)
        return; /* what greylag does not run is told for itself */
    bool names = service->history == HISTORY_LIQUIBASE || service->history == HISTORY_SQITCH; /* in a file's order */
    planning_find(planning, true, FINDING_OUT_OF_ORDER,
                  names ? "allow it with --out-of-order, or put it behind the last one"
                        : "allow it with --out-of-order, or give it a higher version",
                  "%s:%s (%s) is not applied on %s, but the later %s is%s", service->name, migration->id,
                  migration->file, slot->name, known ? service->migrations[slot->order_last].id : slot->unknown_last,
                  known ? "" : ", which has no file here");
    planning_place(planning, migration->file);
}

static void check_size(struct planning *planning, const struct migration *migration)
{
    if (migration->up_size > (int64_t)MIGRATION_MAX || migration->down_size > (int64_t)MIGRATION_MAX)
        planning_find(
            planning, true, FINDING_TOO_LARGE, "split it, or load the data another way",
            "%s has %lld bytes; at most %zu are allowed", migration->file,
            (long long)(migration->up_size > migration->down_size ? migration->up_size : migration->down_size),
            MIGRATION_MAX);
}

/* Of a table that the service names that one, else any. */
static size_t rows_of_service(const struct service *service, const struct foreign_history *history)
{
    const char *named = service->history_table;
    size_t count = 0;
    for (size_t r = 0; r < history->row_count; r++)
        count += !planning_is_others(service, history->tool, &history->rows[r]);
    return !named || history_name_is(service->history, named, history->table) ? count : 0;
}

/* Nothing but a mark of Flyway's `baseline`, from before the first of the files: nothing of these is in effect. */
static bool is_mark(const struct service *service, const struct foreign_history *history)
{
    const struct foreign_row *row = history->rows;
    if (history->tool != HISTORY_FLYWAY || history->row_count != 1 || row->state != FOREIGN_BASELINE)
        return false;
    for (size_t m = 0; m < service->migration_count; m++) {
        const struct migration *migration = &service->migrations[m];
        if (planning_is_versioned(migration) && text_compare_numbers(migration->version, row->version) <= 0)
            return false;
    }
    return true;
}

/* What another tool has applied there would be applied a second time. */
static void check_foreign(struct planning *planning, const struct slot *slot)
{
    const struct service *service = &planning->fleet->services[slot->service];
    if (!slot->contents || slot->contents->applied_count > 0)
        return;
    for (size_t i = 0; i < slot->contents->foreign_count; i++) {
        const struct foreign_history *history = &slot->contents->foreign[i];
        size_t rows = history->tool == HISTORY_GREYLAG ? 0 : rows_of_service(service, history);
        if (rows && !is_mark(service, history))
            planning_find(planning, true, FINDING_FOREIGN_HISTORY,
                          "`greylag import` takes its record over; when it is another service's or application's, say "
                          "with `history_table` in the fleet file what this service's own is called",
                          "nothing is on record for %s on %s, but %s says that %zu migration%s in effect there (%s)",
                          service->name, slot->name, history_tool_text(history->tool), rows,
                          rows == 1 ? " is" : "s are", history->table);
    }
}

static void add_step(struct planning *planning, int s, int m)
{
    struct slot *slot = &planning->slots[s];
    bool repeatable = planning->fleet->services[slot->service].migrations[m].kind == MIGRATION_REPEATABLE;
    const struct applied *held = repeatable ? slot->held[m] : NULL;
    int node = planning_add(planning, s, m, held);
    planning->steps[node].earlier = applied_earlier_text(held);
}

/* Callbacks stand around everything else of a service. */
static int add_callbacks(struct planning *planning, int s, int from)
{
    const struct service *service = &planning->fleet->services[planning->slots[s].service];
    for (; from < (int)service->migration_count && service->migrations[from].kind == MIGRATION_CALLBACK; from++)
        planning_add(planning, s, from, NULL);
    return from;
}

static void choose_slot(struct planning *planning, int s, int limit)
{
    struct slot *slot = &planning->slots[s];
    const struct service *service = &planning->fleet->services[slot->service];
    int count = (int)service->migration_count, first = 0;
    while (first < count && !slot_wants(planning, slot, first, limit))
        first++;
    if (first == count)
        return;
    check_foreign(planning, slot);
    planning_refuse_known(planning, s, limit);
    add_callbacks(planning, s, 0);
    for (int m = first; m < count; m++) {
        if (!slot_wants(planning, slot, m, limit))
            continue;
        check_order(planning, slot, m);
        add_step(planning, s, m);
    }
    while (count > 0 && service->migrations[count - 1].kind == MIGRATION_CALLBACK)
        count--;
    add_callbacks(planning, s, count);
}

static void choose_service(struct planning *planning, int service)
{
    const struct service *owner = &planning->fleet->services[service];
    int limit = planning->selected[service] ? planning_limit(planning, service) : -1;
    for (int m = 0; planning->selected[service] && m < (int)owner->migration_count; m++) {
        if (m <= limit || !planning_is_versioned(&owner->migrations[m]))
            check_size(planning, &owner->migrations[m]);
    }
    for (int s = planning->first_slot[service]; s < planning->first_slot[service + 1]; s++) {
        struct slot *slot = &planning->slots[s];
        slot_mark(planning, slot);
        slot_take_baseline(planning, slot, limit);
        if (slot->selected)
            choose_slot(planning, s, limit);
        slot_settle_baseline(planning, slot);
    }
}

/* ---- what a person should know ---- */

static bool is_irreversible(const struct draft_step *step, const struct migration *migration)
{
    return planning_way_back(step, migration) == WAY_BACK_NONE;
}

static bool is_refused(const struct draft_step *step, const struct migration *migration)
{
    (void)step;
    return migration->refused != NULL;
}

static bool needs_downtime(const struct draft_step *step, const struct migration *migration)
{
    (void)step;
    return migration->requires_downtime;
}

/* Of one service, each migration once however many targets it has. */
struct named {
    size_t count;
    const struct migration *first;
    const char *names; /* in the plan's arena */
};

/* `node`: the first step of the service. */
static struct named name_those(struct planning *planning, int service, int node,
                               bool (*such)(const struct draft_step *step, const struct migration *migration))
{
    const struct service *owner = &planning->fleet->services[service];
    auto_buf struct buf names = BUF_INIT(BUF_MAX);
    auto_free bool *seen = xcalloc(owner->migration_count + 1, sizeof *seen);
    struct named named = {.first = NULL};
    for (; node < planning->step_count && planning->slots[planning->steps[node].slot].service == service; node++) {
        const struct draft_step *step = &planning->steps[node];
        const struct migration *migration = &owner->migrations[step->migration];
        if (seen[step->migration] || !such(step, migration))
            continue;
        seen[step->migration] = true;
        if (!named.first || (named.first->kind == MIGRATION_REPEATABLE && migration->kind != MIGRATION_REPEATABLE))
            named.first = migration;
        if (named.count++ < NAMED_MAX)
            buf_addf(&names, "%s%s", names.len ? ", " : "", migration->id);
    }
    if (named.count > NAMED_MAX)
        buf_adds(&names, ", ...");
    named.names = arena_strdup(planning->arena, buf_text(&names));
    return named;
}

/* Flyway knows no undo of repeatable migrations, and a migration that is declared has no text (Alembic's): nobody can
 * write one. */
static const char *undo_advice(const struct planning *planning, const struct migration *migration)
{
    const char *file = migration->undo_file;
    if (migration->kind == MIGRATION_REPEATABLE && !file)
        return "accept it with --accept-irreversible; a repeatable migration goes back to an earlier text of its own";
    if (!file)
        return "its own tool undoes it: greylag reads no undo of it";
    return arena_printf(planning->arena, "write the undo (%s), or accept it with --accept-irreversible", file);
}

/* P5: what has no way back is named. What greylag does not run can be planned and shown; such a plan is not accepted.
 * `node`: as above; returns the first of the next service. */
static int name_steps(struct planning *planning, int service, int node)
{
    const char *owner = planning->fleet->services[service].name;
    struct named irreversible = name_those(planning, service, node, is_irreversible);
    struct named downtime = name_those(planning, service, node, needs_downtime);
    struct named refused = name_those(planning, service, node, is_refused);
    if (irreversible.first)
        planning_find(planning, false, FINDING_IRREVERSIBLE, undo_advice(planning, irreversible.first),
                      "service %s: of the planned migrations %zu without a way back: %s", owner, irreversible.count,
                      irreversible.names);
    if (downtime.first)
        planning_find(planning, false, FINDING_DOWNTIME,
                      "stop what uses its databases before, or take them alone with --service and --on",
                      "service %s: of the planned migrations %zu with downtime, as their metadata says: %s", owner,
                      downtime.count, downtime.names);
    if (refused.first) {
        planning_find(planning, false, FINDING_NOT_BUILT,
                      "run them with their own tool and `greylag import`, or take them for applied with `greylag "
                      "baseline`",
                      "service %s: of the planned migrations %zu that greylag does not run: %s (%s)", owner,
                      refused.count, refused.names, refused.first->refused);
        planning_place(planning, refused.first->file);
    }
    while (node < planning->step_count && planning->slots[planning->steps[node].slot].service == service)
        node++;
    return node;
}

void planning_up(struct planning *planning)
{
    int services = (int)planning->fleet->service_count, node = 0;
    for (int service = 0; service < services; service++)
        choose_service(planning, service);
    planning_connect(planning);
    for (int service = 0; service < services; service++)
        node = name_steps(planning, service, node);
}
