/* Acceptance of a release: plan, check, store, in one transaction. */
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "proc/crash.h"
#include "store/store_internal.h"
#include "store_sql.h"

/* One accepts at a time, and sees one moment: that of its first look behind the lock, which takes no snapshot itself.
 * What is open, what is applied and known, the plan and every check are of that moment. Who falls silent here is ended
 * by the server: its plan must not be stored after others have come and gone. */
#define BEGIN_ONE_MOMENT "BEGIN ISOLATION LEVEL REPEATABLE READ"
#define ONE_AT_A_TIME                                                                                                  \
    "SET LOCAL idle_in_transaction_session_timeout = '10s'; LOCK TABLE greylag.identity IN SHARE UPDATE EXCLUSIVE MODE"
#define ATTEMPTS 5

static void add_warning(struct arena *arena, struct plan_findings *findings, enum finding_rule rule, const char *text,
                        const char *hint)
{
    *arena_add(arena, findings->items, findings->count, findings->room) = (struct plan_finding){
        .rule = finding_rule_text(rule), .text = arena_strdup(arena, text), .hint = arena_strdup(arena, hint)};
}

/* What a person has seen and agreed to is what is stored, or nothing. */
static bool check_looked_at(const struct store_request *request, const struct plan *plan, struct err *err)
{
    if (!request->plan || strcmp(request->plan, plan->digest) == 0)
        return true;
    err_set(err, ERR_CONFLICT, "the plan is another one than was looked at: something has changed since");
    return err_hint(err, "look at it again: nothing was started");
}

/* Back to the end of a release: what differs from it nevertheless. */
static bool tell_back(struct store *store, const struct plan_options *options, const struct plan *plan,
                      size_t left_out, struct arena *arena, struct store_acceptance *ret, struct err *err)
{
    const char *gone, *hint;
    if (!store_gone_since(store, options, plan, arena, &gone, &hint, err))
        return false;
    if (gone)
        add_warning(arena, &ret->findings, FINDING_GONE_SINCE, gone, hint);
    if (left_out)
        add_warning(arena, &ret->findings, FINDING_RECORDED,
                    arena_printf(arena, "%zu migration%s only recorded since: what was in effect before stays",
                                 left_out, left_out == 1 ? " was" : "s were"),
                    "");
    return true;
}

static bool make_plan(struct store *store, const struct store_request *request, struct arena *arena,
                      struct store_acceptance *ret, struct err *err)
{
    struct fleet *fleet = arena_new(arena, struct fleet);
    struct plan *plan = arena_new(arena, struct plan);
    struct store_contents contents;
    if (!fleet_decode(request->fleet_json, request->fleet_len, arena, fleet, err))
        return err_prefix(err, "the uploaded fleet");
    if (strcmp(fleet->name, store->fleet) != 0 || strcmp(fleet->environment, store->environment) != 0) {
        err_set(err, ERR_INPUT, "this coordinator serves fleet %s, environment %s, not %s, %s", store->fleet,
                store->environment, fleet->name, fleet->environment);
        return err_hint(err, "name another fleet file or --env, or another coordinator (--url, GREYLAG_URL)");
    }
    ret->fleet = fleet;
    const struct plan_options *options = request->options;
    if (!store_check_answered(store, fleet, options, request->since_us, err) ||
        !store_check_back(store, options, err) ||
        !store_load_contents(store, options->back_to, arena, &contents, err) ||
        !store_load_foreign(store, options->direction == DIRECTION_ADOPT, arena, &contents.targets, &contents.count,
                            err) ||
        !plan_make(fleet, contents.targets, contents.count, options, arena, plan, &ret->findings, err) ||
        (options->release && !store_check_squashed(store, options->release, plan, err)) ||
        (options->back_to && !tell_back(store, options, plan, contents.left_out, arena, ret, err)))
        return false;
    ret->plan = plan;
    return check_looked_at(request, plan, err);
}

/* Texts that the plan or its way back needs. What is only recorded needs none; but a repeatable one that is recorded
 * can go back to its text when that is changed later. */
static size_t step_texts(const struct plan *plan, const struct plan_step *step, const char **ret_texts)
{
    static const char none[] = "";
    const struct migration *migration = plan_migration(plan, step);
    const char *up = none, *down = none, *verify = none;
    if (migration && (step->direction == DIRECTION_UP ||
                      (step->direction == DIRECTION_ADOPT && migration->kind == MIGRATION_REPEATABLE)))
        up = migration->up;
    if (migration && step->direction == DIRECTION_UP)
        verify = migration->verify;
    if (migration && (step->way_back == WAY_BACK_UNDO || (step->direction == DIRECTION_DOWN && !*step->earlier)))
        down = migration->down;
    const char *const texts[] = {up, down, verify, step->earlier};
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i] && *texts[i])
            ret_texts[count++] = texts[i];
    return count;
}

#define STEP_TEXTS 4

static bool find_missing(struct store *store, struct arena *arena, struct store_acceptance *ret, struct err *err)
{
    const struct plan *plan = ret->plan;
    const struct fleet *fleet = plan->fleet;
    size_t count = 0, room = plan->step_count * STEP_TEXTS + fleet->service_count * 2 + 1;
    const char **needed = arena_array(arena, room, sizeof *needed);
    const char **missing = arena_array(arena, room, sizeof *missing);
    auto_free bool *runs = xcalloc(fleet->service_count + 1, sizeof *runs);
    for (size_t i = 0; i < plan->step_count; i++) {
        count += step_texts(plan, &plan->steps[i], needed + count);
        runs[plan->steps[i].service] |= plan->steps[i].direction == DIRECTION_UP;
    }
    for (size_t i = 0; i < fleet->service_count; i++) {
        if (runs[i] && fleet->services[i].before_each)
            needed[count++] = fleet->services[i].before_each;
        if (runs[i] && fleet->services[i].after_each)
            needed[count++] = fleet->services[i].after_each;
    }
    ret->missing = missing;
    return store_blobs_use(store, needed, count, err) &&
           store_blobs_missing(store, needed, count, missing, &ret->missing_count, err);
}

bool store_targets_ready(struct store *store, const char *const *services, const char *const *targets, size_t count,
                         PGresult **ret_ready, struct err *err)
{
    auto_buf struct buf service_list = BUF_INIT(BUF_MAX), target_list = BUF_INIT(BUF_MAX);
    char limit[24];
    pg_array_text(&service_list, services, count);
    pg_array_text(&target_list, targets, count);
    return store_exec(store, sql_targets_ready, ret_ready, err, 3, buf_text(&service_list), buf_text(&target_list),
                      store_text_int64(limit, STORE_REPORTING_MS));
}

const char *store_why_unheard(const PGresult *row_of, int row)
{
    bool reporting = pg_true(row_of, row, 2), enrolled = pg_true(row_of, row, 5);
    if (!enrolled)
        return "no worker's key is enrolled for it";
    if (!reporting)
        return pg_true(row_of, row, 8) ? "it was forgotten; start its worker, or take it out of fleet.yml"
                                       : "no worker reports it";
    return *pg_text(row_of, row, 4) ? pg_text(row_of, row, 4) : NULL;
}

/* Why one target cannot take part now, or NULL. Where nothing is pending at all, that has to be said by everybody. */
static const char *target_objection(const PGresult *row_of, int row, bool has_steps, bool nothing)
{
    bool reporting = pg_true(row_of, row, 2), known = pg_true(row_of, row, 3), enrolled = pg_true(row_of, row, 5);
    bool distrusting = pg_true(row_of, row, 7), missing = nothing && !(reporting && enrolled);
    const char *why = has_steps || !known || missing ? store_why_unheard(row_of, row) : NULL;
    if (why || known)
        return why;
    return distrusting ? DOES_NOT_KNOW_US : "what it holds is not known yet";
}

/* Of the plan's targets those that have steps, in the arena. */
static const bool *targets_with_steps(const struct plan *plan, struct arena *arena)
{
    bool *with = arena_array(arena, plan->target_count + 1, sizeof *with);
    for (size_t i = 0; i < plan->step_count; i++)
        with[plan->steps[i].target] = true;
    return with;
}

static bool has_steps(const struct plan *plan, const bool *with, const char *service, const char *target)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        const struct plan_target *at = &plan->targets[i];
        if (with[i] && strcmp(at->name, target) == 0 && strcmp(plan->fleet->services[at->service].name, service) == 0)
            return true;
    }
    return false;
}

struct objections {
    const char **lines; /* one for each target that cannot take part */
    size_t count;
    bool led;    /* there is a leader who asks them */
    bool beyond; /* one is not among the targets of the plan: what would be undone may be needed there */
};

/* Whether one of its migrations needs one of a service of which something would be undone. */
static bool may_need(const struct plan *plan, const bool *undone, const struct service *service)
{
    for (size_t m = 0; m < service->migration_count; m++)
        for (size_t d = 0; d < service->migrations[m].depends_count; d++)
            for (size_t s = 0; s < plan->fleet->service_count; s++)
                if (undone[s] && strcmp(service->migrations[m].depends[d].service, plan->fleet->services[s].name) == 0)
                    return true;
    return false;
}

/* Names of the targets that have to be known, those of the plan first: where something goes back, also those that may
 * need it. */
static size_t concerned(const struct plan *plan, struct arena *arena, const char ***ret_services,
                        const char ***ret_targets)
{
    const struct fleet *fleet = plan->fleet;
    auto_free bool *undone = xcalloc(fleet->service_count + 1, sizeof *undone);
    auto_free size_t *planned = xcalloc(fleet->service_count + 1, sizeof *planned);
    size_t room = plan->target_count, count = 0;
    bool back = false;
    for (size_t s = 0; s < fleet->service_count; s++)
        room += fleet->services[s].target_count;
    *ret_services = arena_array(arena, room + 1, sizeof **ret_services);
    *ret_targets = arena_array(arena, room + 1, sizeof **ret_targets);
    for (; count < plan->target_count; count++) {
        (*ret_services)[count] = fleet->services[plan->targets[count].service].name;
        (*ret_targets)[count] = plan->targets[count].name;
        planned[plan->targets[count].service]++;
    }
    for (size_t i = 0; i < plan->step_count; i++)
        if (plan->steps[i].direction == DIRECTION_DOWN)
            back = undone[plan->steps[i].service] = true;
    for (size_t s = 0; back && s < fleet->service_count; s++) {
        const struct service *service = &fleet->services[s];
        if (planned[s] == service->target_count || !may_need(plan, undone, service))
            continue;
        for (size_t t = 0; t < service->target_count; t++) {
            (*ret_services)[count] = service->name;
            (*ret_targets)[count++] = service->targets[t];
        }
    }
    return count;
}

static bool is_planned(const struct plan *plan, const char *service, const char *target)
{
    for (size_t i = 0; i < plan->target_count; i++)
        if (strcmp(plan->targets[i].name, target) == 0 &&
            strcmp(plan->fleet->services[plan->targets[i].service].name, service) == 0)
            return true;
    return false;
}

static bool target_objections(struct store *store, const struct plan *plan, struct arena *arena,
                              struct objections *ret, struct err *err)
{
    const char **services, **targets, *before = "";
    size_t count = concerned(plan, arena, &services, &targets);
    const bool *with_steps = targets_with_steps(plan, arena);
    auto_pgresult PGresult *result = NULL;
    *ret = (struct objections){.led = true};
    if (!store_targets_ready(store, services, targets, count, &result, err))
        return false;
    ret->lines = arena_array(arena, (size_t)PQntuples(result) + 1, sizeof *ret->lines);
    for (int i = 0; i < PQntuples(result); i++) {
        const char *service = pg_text(result, i, 0), *target = pg_text(result, i, 1);
        bool planned = is_planned(plan, service, target), ever = pg_true(result, i, 5) || pg_true(result, i, 9);
        if (!planned && !ever)
            continue; /* nobody was ever trusted to run anything there */
        const char *objection = target_objection(result, i, has_steps(plan, with_steps, service, target),
                                                 plan->step_count == 0);
        const char *line = objection ? arena_printf(arena, "%s/%s: %s", service, target, objection) : before;
        ret->led = pg_true(result, i, 6);
        if (strcmp(line, before) == 0)
            continue; /* also one of the plan that is named a second time */
        ret->lines[ret->count++] = before = line;
        ret->beyond |= !planned;
    }
    return true;
}

/* What can be done about them. */
static const char *why_not_ready(const struct objections *objections)
{
    return !objections->led ? NOBODY_LEADS : objections->beyond ? START_BEYOND : START_OR_ENROLL;
}

bool store_lock_acceptance(struct store *store, struct err *err)
{
    return pg_run(store->pg, ONE_AT_A_TIME, NULL, NULL, err);
}

bool store_check_open(struct store *store, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_release_open, &result, err, 0))
        return false;
    if (PQntuples(result) == 0)
        return true;
    err_set(err, ERR_CONFLICT, "release %s is still under way", pg_text(result, 0, 0));
    return err_hint(err, "wait for it (greylag release watch %s), or take it back (greylag release rollback %s)",
                    pg_text(result, 0, 0), pg_text(result, 0, 0));
}

/* What a restored control database believes of targets is planned from only when they have been asked. */
static bool check_restored(struct store *store, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!store_exec(store, sql_lease_restored, &result, err, 0))
        return false;
    if (!pg_true(result, 0, 0))
        return true;
    err_set(err, ERR_CONFLICT, "the control database came back from a backup, and no coordinator has taken over since");
    err_hint(err, "the leader asks every target what it holds; try again in a moment");
    if (err)
        err->retriable = true;
    return false;
}

/* What the plan warns of by this rule stands in its way now. */
static void raise_findings(struct store_acceptance *ret, enum finding_rule rule)
{
    for (size_t i = 0; i < ret->findings.count; i++)
        ret->findings.items[i].error |= strcmp(ret->findings.items[i].rule, finding_rule_text(rule)) == 0;
}

/* Steps that are not accepted: what the plan warns of is an error then. */
static void raise_steps(const struct store_request *request, struct store_acceptance *ret)
{
    if (ret->plan->refused)
        raise_findings(ret, FINDING_NOT_BUILT);
    if (ret->plan->irreversible && !request->accept_irreversible)
        raise_findings(ret, FINDING_IRREVERSIBLE);
}

/* Names the first of the steps that greylag does not run. */
static bool refuse_steps(const struct plan *plan, struct err *err)
{
    size_t i = 0;
    while (i + 1 < plan->step_count &&
           (!plan_migration(plan, &plan->steps[i]) || !plan_migration(plan, &plan->steps[i])->refused))
        i++;
    const struct migration *migration = plan_migration(plan, &plan->steps[i]);
    err_set(err, ERR_CONFLICT, "%zu step%s greylag does not run, the first is %s:%s: %s", plan->refused,
            plan->refused == 1 ? " is one that" : "s are such that", plan->fleet->services[plan->steps[i].service].name,
            migration->id, migration->refused);
    return err_hint(err, "run them with their own tool and `greylag import`, or take them for applied with `greylag "
                         "baseline`");
}

/* Also where nothing is pending: as long as a target has not said what it holds, that is only what is remembered. */
static bool check_targets(struct store *store, const struct plan *plan, struct err *err)
{
    auto_buf struct buf lines = BUF_INIT(600);
    auto_arena struct arena arena = ARENA_INIT;
    struct objections objections;
    if (!target_objections(store, plan, &arena, &objections, err))
        return false;
    if (objections.count == 0)
        return true;
    for (size_t i = 0; i < objections.count; i++)
        buf_addf(&lines, "%s%s", i ? "\n  " : "", objections.lines[i]);
    err_set(err, ERR_CONFLICT, "targets are not ready: %s", buf_text(&lines));
    err_hint(err, "%s", why_not_ready(&objections));
    if (err)
        err->retriable = true;
    return false;
}

static bool check_steps(struct store *store, const struct store_request *request, struct arena *arena,
                        struct store_acceptance *ret, struct err *err)
{
    const struct plan *plan = ret->plan;
    raise_steps(request, ret);
    if (plan->refused)
        return refuse_steps(plan, err);
    if (plan->irreversible && !request->accept_irreversible) {
        err_set(err, ERR_CONFLICT, "%zu step%s no way back", plan->irreversible,
                plan->irreversible == 1 ? " has" : "s have");
        return err_hint(err, "greylag plan names them; accept that with --accept-irreversible");
    }
    if (!find_missing(store, arena, ret, err))
        return false;
    if (ret->missing_count)
        return err_set(err, ERR_CONFLICT, "%zu texts of the plan are not uploaded, the first is %s", ret->missing_count,
                       ret->missing[0]);
    return true;
}

/* The release that this key has already. */
static bool find_repeated(struct store *store, const struct store_request *request, struct arena *arena,
                          struct store_acceptance *ret, struct err *err)
{
    auto_pgresult PGresult *result = NULL;
    if (!request->key)
        return true;
    if (!store_exec(store, sql_release_of_key, &result, err, 1, request->key))
        return false;
    if (PQntuples(result) == 0)
        return true;
    if (request->key_body && strcmp(pg_text(result, 0, 1), request->key_body) != 0)
        return err_set(err, ERR_INPUT, "this Idempotency-Key was used for another request");
    text_format(ret->release, sizeof ret->release, "%s", pg_text(result, 0, 0));
    ret->digest = pg_copy(result, 0, 2, arena);
    ret->steps = (size_t)pg_number(result, 0, 3);
    ret->irreversible = (size_t)pg_number(result, 0, 4);
    ret->repeated = true;
    return true;
}

static void describe(struct store_acceptance *acceptance)
{
    acceptance->digest = acceptance->plan->digest;
    acceptance->steps = acceptance->plan->step_count;
    acceptance->irreversible = acceptance->plan->irreversible;
}

static bool preview(struct store *store, const struct store_request *request, struct arena *arena,
                    struct store_acceptance *ret, struct err *err)
{
    struct objections objections;
    if (!make_plan(store, request, arena, ret, err))
        return false;
    if (ret->plan->step_count == 0)
        return check_targets(store, ret->plan, err);
    raise_steps(request, ret);
    if (!target_objections(store, ret->plan, arena, &objections, err) || !find_missing(store, arena, ret, err))
        return false;
    for (size_t i = 0; i < objections.count; i++)
        add_warning(arena, &ret->findings, FINDING_TARGET, objections.lines[i],
                    objections.led ? START_OR_MEND : NOBODY_LEADS);
    return true;
}

typedef bool attempt(struct store *store, const struct store_request *request, struct arena *arena,
                     struct store_acceptance *ret, struct err *err);

/* Whoever sees one moment is told when another has changed a row since, as the time at which a text was used last: then
 * it looks at another moment. */
static bool try_attempt(attempt *once, struct store *store, const struct store_request *request, struct arena *arena,
                        struct store_acceptance *ret, struct err *err)
{
    struct err why = ERR_INIT;
    for (int tries = 1;; tries++) {
        memset(ret, 0, sizeof *ret);
        err_clear(&why);
        if (once(store, request, arena, ret, &why))
            return true;
        if (tries == ATTEMPTS || strcmp(why.sqlstate, "40001") != 0)
            break;
    }
    if (err)
        *err = why;
    return false;
}

static bool preview_once(struct store *store, const struct store_request *request, struct arena *arena,
                         struct store_acceptance *ret, struct err *err)
{
    if (pg_run(store->pg, BEGIN_ONE_MOMENT, NULL, NULL, err) && preview(store, request, arena, ret, err) &&
        store_commit(store, err))
        return true;
    store_rollback(store);
    return false;
}

bool store_release_preview(struct store *store, const struct store_request *request, struct arena *arena,
                           struct store_acceptance *ret_acceptance, struct err *err)
{
    return try_attempt(preview_once, store, request, arena, ret_acceptance, err);
}

/* What is to become of it: *ret_insert false with true: nothing is to be stored. */
static bool look(struct store *store, const struct store_request *request, struct arena *arena,
                 struct store_acceptance *ret, bool *ret_insert, struct err *err)
{
    *ret_insert = false;
    if (!find_repeated(store, request, arena, ret, err) || ret->repeated)
        return ret->repeated;
    if (!store_check_open(store, err) || !check_restored(store, err) || !make_plan(store, request, arena, ret, err))
        return false;
    describe(ret);
    if (!check_targets(store, ret->plan, err))
        return false;
    *ret_insert = ret->plan->step_count > 0;
    return !*ret_insert || check_steps(store, request, arena, ret, err);
}

static bool accept_once(struct store *store, const struct store_request *request, struct arena *arena,
                        struct store_acceptance *ret, struct err *err)
{
    bool insert = false, good = pg_run(store->pg, BEGIN_ONE_MOMENT, NULL, NULL, err) &&
                                store_lock_acceptance(store, err) && look(store, request, arena, ret, &insert, err);
    if (!good || !insert) {
        store_rollback(store);
        return good;
    }
    CRASH_POINT("store.release.before");
    if (!store_insert_release(store, request, ret, err) || !store_commit(store, err)) {
        store_rollback(store);
        ret->release[0] = '\0';
        if (strcmp(err->sqlstate, "23505") == 0)
            return store_check_open(store, err) ? err_set(err, ERR_CONFLICT, "another release was accepted just now")
                                                : false;
        return false;
    }
    CRASH_POINT("store.release.after");
    return true;
}

bool store_release_accept(struct store *store, const struct store_request *request, struct arena *arena,
                          struct store_acceptance *ret_acceptance, struct err *err)
{
    return try_attempt(accept_once, store, request, arena, ret_acceptance, err);
}
