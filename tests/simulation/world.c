/* Chance, faults, and time. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "simulation/world.h"

#define DRAIN_MS 100000
#define PATIENCE_MS 1800000 /* simulated, after the last fault */

uint64_t chance_next(struct world *w) /* splitmix64 (Vigna) */
{
    uint64_t z = (w->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int chance_below(struct world *w, int n)
{
    return (int)(chance_next(w) % (uint64_t)n);
}

bool chance_percent(struct world *w, int percent)
{
    return chance_below(w, 100) < percent;
}

bool world_faults(const struct world *w)
{
    return w->now < w->faults_end;
}

bool chance_rare(struct world *w, int one_in)
{
    return world_faults(w) && chance_below(w, one_in) == 0;
}

void trace(struct world *w, const char *what, int64_t a, int64_t b, int64_t c)
{
    const uint64_t values[] = {(uint64_t)w->now, (uint64_t)a, (uint64_t)b, (uint64_t)c};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        w->trace = (w->trace ^ values[i]) * 1099511628211u;
    w->trace = (w->trace ^ (unsigned char)what[0]) * 1099511628211u;
    if (w->verbose)
        printf("%8lld  %-22s %lld %lld %lld\n", (long long)w->now, what, (long long)a, (long long)b, (long long)c);
}

void broken(struct world *w, const char *format, ...)
{
    va_list args;
    if (w->broken[0])
        return;
    va_start(args, format);
    vsnprintf(w->broken, sizeof w->broken, format, args);
    va_end(args);
    trace(w, w->broken, 0, 0, 0);
}

static void make_workers(struct world *w)
{
    for (int t = 0; t < w->targets; t++) {
        struct database *db = &w->databases[t];
        memcpy(db->now.applied, w->initial[t], sizeof db->now.applied);
        memcpy(db->now.texts, w->initial_texts[t], sizeof db->now.texts);
        db->lock = -1;
        for (int k = 0; k < (chance_percent(w, 40) ? 2 : 1); k++)
            w->worker[w->workers++] = (struct worker){.target = t, .up = true, .instance = 1};
    }
}

void world_init(struct world *w, uint64_t seed, enum plant plant, bool verbose)
{
    memset(w, 0, sizeof *w);
    w->seed = w->random = seed;
    w->trace = 14695981039346656037u;
    w->plant = plant;
    w->verbose = verbose;
    w->now = 1000;
    w->settings = (struct rollout_settings)ROLLOUT_SETTINGS_DEFAULT;
    w->settings.fence_again_ms = 2000 + chance_below(w, 10000);
    w->settings.fence_limit_ms = 40000 + chance_below(w, 140000);
    w->settings.job_steps = chance_percent(w, 50) ? 1000 : (size_t)(1 + chance_below(w, 5));
    w->settings.turn_steps = chance_percent(w, 50) ? 0 : (size_t)(1 + chance_below(w, 3));
    w->settings.job_bytes = chance_percent(w, 50) ? 1 << 20 : (size_t)(1 + chance_below(w, 1000));
    if (plant == PLANT_TRUST_BROKER)
        w->settings.resend_after_ms = FOREVER / 4;
    w->faults_end = w->now + 2000 + chance_below(w, 90000);
    if (chance_percent(w, 25)) /* a window that closes, or jobs that expire one by one (1) */
        w->window_end = chance_percent(w, 50) ? 1 : w->now + chance_below(w, 60000);
    w->storm = seed % 6 == 0;
    fleet_make(w);
    plant_table(w);
    make_workers(w);
    rollout_init(&w->control.rollout, "r", &w->plan, &w->settings, 0, "");
    w->control.has_rollout = true;
    w->control.asked = ROLLOUT_ACCEPTED;
    w->control.position.offset = -1;
}

void world_release(struct world *w)
{
    for (int i = 0; i < COORDINATORS; i++) {
        rollout_effects_release(&w->coordinator[i].effects);
        if (w->coordinator[i].has_rollout)
            rollout_release(&w->coordinator[i].rollout);
    }
    control_release(&w->control);
    control_release(&w->control_backup);
    for (int t = 0; t < w->targets; t++)
        free(w->broker.jobs[t].items);
    free(w->broker.control.items);
    free(w->broker.events.items);
    free(w->broker.flights);
    free(w->table);
    arena_release(&w->arena);
}

/* ---- faults ---- */

static bool has_second(const struct world *w, int number)
{
    for (int i = 0; i < w->workers; i++)
        if (i != number && w->worker[i].target == w->worker[number].target && w->worker[i].away_until != FOREVER)
            return true;
    return false;
}

static void freeze_worker(struct world *w)
{
    int number = chance_below(w, w->workers);
    struct worker *worker = &w->worker[number];
    if (worker->away_until == FOREVER || !worker->up)
        return;
    worker->away_until = w->now + chance_below(w, 40000);
    if (has_second(w, number) && chance_percent(w, 10))
        worker->away_until = FOREVER;
    trace(w, "worker frozen", number, worker->state, worker->away_until);
}

static void crash_worker(struct world *w)
{
    int number = chance_below(w, w->workers);
    if (w->worker[number].away_until != FOREVER)
        worker_crash(w, number);
}

static void freeze_coordinator(struct world *w)
{
    struct coordinator *c = &w->coordinator[chance_below(w, COORDINATORS)];
    if (c->away_until == FOREVER)
        return;
    c->away_until = w->now + chance_below(w, 30000);
    if (chance_percent(w, 5) && w->coordinator[c == w->coordinator].away_until != FOREVER)
        c->away_until = FOREVER;
    trace(w, "coordinator frozen", c - w->coordinator, c->stage, c->away_until);
}

static void back_up_control(struct world *w)
{
    control_release(&w->control_backup);
    control_copy(&w->control_backup, &w->control);
    w->has_control_backup = true;
}

/* Somebody has stolen the coordinator's key. */
static void forge(struct world *w)
{
    struct message job = {.kind = MESSAGE_IS_JOB, .target = chance_below(w, w->targets), .count = 0};
    struct request request = {.ordinal = 2 * w->migrations + 5, .attempt = 1};
    if (w->forged || w->migrations == 0)
        return;
    w->forged = true;
    job.count = 1;
    job.requests = arena_new(&w->arena, struct request);
    job.undoes = arena_new(&w->arena, struct request);
    *job.requests = request;
    job.token = (struct token){.epoch = INT64_MAX, .sequence = 1, .term = 666, .digest = 666};
    broker_send(w, &w->broker.jobs[job.target], &job);
}

/* A worker's key is stolen, and revoked and replaced; whoever has it signs what never was. */
static void steal_key(struct world *w)
{
    struct row *lie = arena_new(&w->arena, struct row);
    if (w->migrations == 0)
        return;
    int migration = chance_below(w, w->migrations), target = w->plan.steps[migration].target;
    *lie = (struct row){.request = {.ordinal = migration, .attempt = 1}, .direction = w->plan.direction,
                        .migration = migration, .position = ++w->databases[target].positions,
                        .kind = chance_percent(w, 50) ? OUTCOME_APPLIED : OUTCOME_FAILED};
    const struct message report = {.kind = MESSAGE_IS_REPORT, .target = target, .key = w->control.keys[target]++,
                                   .report = REPORT_OUTCOMES, .count = 1, .rows = lie};
    broker_send(w, &w->broker.events, &report);
    trace(w, "key revoked", target, w->control.keys[target], 0);
}

static int64_t jump(struct world *w, int at_most)
{
    return chance_below(w, 2 * at_most) - at_most;
}

static void strike(struct world *w)
{
    if (chance_below(w, 130) == 0)
        crash_worker(w);
    if (chance_below(w, 60) == 0)
        freeze_worker(w);
    if (chance_below(w, 150) == 0) {
        int number = chance_below(w, COORDINATORS);
        if (w->coordinator[number].away_until != FOREVER)
            coordinator_crash(w, number);
    }
    if (chance_below(w, 100) == 0)
        freeze_coordinator(w);
    if (chance_below(w, 700) == 0)
        broker_wipe(w);
    if (w->seed % 3 == 1 && chance_below(w, 300) == 0)
        steal_key(w);
    if (chance_below(w, 150) == 0)
        w->worker[chance_below(w, w->workers)].old_until = w->now + chance_below(w, 20000);
    if (chance_below(w, 400) == 0)
        w->clock = jump(w, 20000);
    if (chance_below(w, 400) == 0)
        w->wall = jump(w, 3600000);
    int target = chance_below(w, w->targets);
    if (chance_below(w, 60) == 0) {
        w->databases[target].backup = w->databases[target].now;
        w->databases[target].has_backup = true;
    }
    if (chance_below(w, 250) == 0)
        database_stop(w, target);
    if (chance_below(w, 400) == 0)
        w->databases[target].clock = jump(w, 60000);
    bool over = release_state_terminal(w->control.rollout.state); /* what happens afterwards is another release's */
    if (w->seed % 4 == 0 && chance_below(w, 400) == 0 && w->databases[target].has_backup && !over)
        database_restore(w, target);
    /* now and then a world in which the control database comes back again and again, and everything is late */
    int often = w->storm ? 5 : 1;
    if (w->seed % 3 == 0 && chance_below(w, 80) == 0 && w->control.has_rollout)
        back_up_control(w);
    if (w->seed % 3 == 0 && chance_below(w, 400 / often) == 0 && w->has_control_backup)
        control_restore(w);
    if (w->seed % 5 == 0 && chance_below(w, 200) == 0)
        forge(w);
}

static void operate(struct world *w)
{
    enum release_state state = w->control.rollout.state;
    if (w->control.asked != ROLLOUT_EVENT_COUNT)
        return;
    if (state == RELEASE_HALTED && w->retries < 3 && chance_below(w, 200) == 0) {
        w->retries++;
        w->control.asked = chance_percent(w, 80) ? ROLLOUT_RETRY : ROLLOUT_ROLLBACK;
    } else if (chance_rare(w, 1500)) {
        w->control.asked = chance_percent(w, 50) ? ROLLOUT_ROLLBACK : ROLLOUT_CANCEL;
    } else if (w->window_end > 1 && w->now > w->window_end + 20000 && state == RELEASE_RUNNING &&
               chance_below(w, 100) == 0) {
        w->control.asked = ROLLOUT_CANCEL; /* the window has closed on it */
    }
}

/* ---- time ---- */

static bool someone_sleeps(const struct world *w)
{
    for (int i = 0; i < w->workers; i++)
        if (w->worker[i].away_until != FOREVER && w->worker[i].away_until > w->now)
            return true;
    for (int t = 0; t < w->targets; t++)
        if (w->databases[t].away_until > w->now)
            return true;
    for (int i = 0; i < COORDINATORS; i++)
        if (w->coordinator[i].away_until != FOREVER && w->coordinator[i].away_until > w->now)
            return true;
    return false;
}

static void set_clocks(struct world *w)
{
    w->clock = 0;
    for (int t = 0; t < w->targets; t++)
        w->databases[t].clock = 0;
}

static void tick(struct world *w)
{
    int actors = w->workers + COORDINATORS, actor = chance_below(w, actors);
    w->now += chance_below(w, 160);
    w->steps++;
    if (world_faults(w))
        strike(w);
    else
        set_clocks(w);
    operate(w);
    broker_deliver(w);
    if (actor < w->workers)
        worker_step(w, actor);
    else
        coordinator_step(w, actor - w->workers);
}

bool world_run(struct world *w)
{
    int64_t quiet_since = 0;
    trace(w, "targets, steps, down", w->targets, w->migrations, w->plan.direction);
    while (!w->broken[0]) {
        tick(w);
        bool ended = release_state_terminal(w->control.rollout.state) && w->control.asked == ROLLOUT_EVENT_COUNT;
        if (!ended || world_faults(w) || someone_sleeps(w))
            quiet_since = 0;
        else if (quiet_since == 0)
            quiet_since = w->now;
        if (quiet_since > 0 && w->now > quiet_since + DRAIN_MS)
            break;
        if (w->now > w->faults_end + PATIENCE_MS)
            broken(w, "P3: the release is %s for ever", release_state_text(w->control.rollout.state));
    }
    if (!w->broken[0])
        check_end(w);
    trace(w, "ended", w->control.rollout.state, w->steps, 0);
    return !w->broken[0];
}
