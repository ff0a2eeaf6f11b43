/* A small fleet, its plan and a release of it, and short words for what a worker would report. For rollout_*.c. */
#pragma once
#include <ctype.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rollout/decide.h"
#include "rollout/rollout.h"

#define TERM "0123456789abcdef0123456789abcdef"

struct wanted_step {
    int target;
    int needs[4]; /* ordinal + 1, 0: end */
    bool no_way_back, halt, callback, repeatable;
};

struct fix {
    struct arena arena;
    struct fleet fleet;
    struct plan plan;
    struct rollout rollout;
    struct rollout_effects effects;
    const char *failure; /* the message of what fails; NULL: a short one */
    int64_t now, position;
    unsigned *fired;
};

/* Each target is a service of its own, named t0, t1, ...; step i is migration "i" of its service. */
static void fix_init(struct fix *fix, int targets, const struct wanted_step *wanted, int count,
                     enum direction direction, unsigned *fired)
{
    memset(fix, 0, sizeof *fix);
    fix->now = 1000;
    struct arena *arena = &fix->arena;
    struct service *services = arena_array(arena, (size_t)targets + 1, sizeof *services);
    struct plan_target *plan_targets = arena_array(arena, (size_t)targets + 1, sizeof *plan_targets);
    struct plan_step *steps = arena_array(arena, (size_t)count + 1, sizeof *steps);
    for (int t = 0; t < targets; t++) {
        struct migration *migrations = arena_array(arena, (size_t)count + 1, sizeof *migrations);
        for (int i = 0; i < count; i++)
            migrations[i] = (struct migration){.id = arena_printf(arena, "%d", i), .up_size = 10, .down_size = 10};
        services[t] = (struct service){.name = arena_printf(arena, "s%d", t), .migrations = migrations,
                                       .migration_count = (size_t)count};
        plan_targets[t] = (struct plan_target){.service = t, .name = arena_printf(arena, "t%d", t)};
    }
    for (int i = 0; i < count; i++) {
        int *needs = arena_array(arena, 4, sizeof *needs);
        size_t needs_count = 0;
        while (needs_count < 4 && wanted[i].needs[needs_count]) {
            needs[needs_count] = wanted[i].needs[needs_count] - 1;
            needs_count++;
        }
        steps[i] = (struct plan_step){
            .service = wanted[i].target, .target = wanted[i].target, .migration = i,
            .id = arena_printf(arena, "%d", i), .recorded = "", .direction = direction,
            .way_back = wanted[i].no_way_back  ? WAY_BACK_NONE
                        : wanted[i].callback   ? WAY_BACK_NOTHING
                        : wanted[i].repeatable ? WAY_BACK_EARLIER
                                               : WAY_BACK_UNDO,
            .undoes = direction == DIRECTION_DOWN || wanted[i].repeatable ? "old.1.1" : "",
            .earlier = wanted[i].repeatable ? "e" : "", .earlier_size = wanted[i].repeatable ? 10 : 0,
            .policy = POLICY_DEFAULT, .needs = needs, .needs_count = needs_count};
        if (wanted[i].halt)
            steps[i].policy.on_failure = ON_FAILURE_HALT;
    }
    fix->fleet =
        (struct fleet){.name = "f", .environment = "dev", .services = services, .service_count = (size_t)targets};
    fix->plan = (struct plan){.fleet = &fix->fleet, .direction = direction, .targets = plan_targets,
                              .target_count = (size_t)targets, .steps = steps, .step_count = (size_t)count};
    struct rollout_settings settings = ROLLOUT_SETTINGS_DEFAULT;
    settings.fired = fired;
    rollout_init(&fix->rollout, "r1", &fix->plan, &settings, 7, TERM);
    rollout_effects_init(&fix->effects);
}

static void fix_release(struct fix *fix)
{
    rollout_effects_release(&fix->effects);
    rollout_release(&fix->rollout);
    arena_release(&fix->arena);
}

static void fix_check(struct fix *fix)
{
    struct err err = ERR_INIT;
    cr_assert(rollout_check(&fix->rollout, &err), "%s", err.text);
}

/* One event and what follows from it; effects of it alone are left in fix->effects. */
static void fix_event(struct fix *fix, const struct rollout_event *event)
{
    rollout_effects_clear(&fix->rollout, &fix->effects);
    rollout_decide(&fix->rollout, event, fix->now, &fix->effects);
    rollout_advance(&fix->rollout, fix->now, &fix->effects);
    fix_check(fix);
}

static void fix_ask(struct fix *fix, enum rollout_event_kind kind)
{
    fix_event(fix, &(struct rollout_event){.kind = kind, .target = -1});
}

static inline void fix_wait(struct fix *fix, int64_t ms)
{
    fix->now += ms;
    fix_ask(fix, ROLLOUT_TIME);
}

/* Outcomes to go with the next report: "a3 f4 y5 d6": applied 3, failed 4, already 5, drift 6 (ordinals); "u7": failed,
 * and nobody can tell; "A3": of the request before the present one. */
static size_t fix_outcomes(struct fix *fix, const char *words, struct outcome *outcomes)
{
    size_t count = 0;
    char kind;
    int ordinal, used;
    while (sscanf(words, " %c%d%n", &kind, &ordinal, &used) == 2) {
        words += used;
        const struct rollout *rollout = &fix->rollout;
        int n = (int)fix->plan.step_count;
        const struct rollout_step *step = (size_t)ordinal < rollout->step_count ? &rollout->steps[ordinal] : NULL;
        int plan_step = ordinal < n ? ordinal : 2 * n - 1 - ordinal;
        char request[REQUEST_ID_SIZE];
        snprintf(request, sizeof request, "r1.%d.%d", ordinal, (step ? step->attempt : 1) - (isupper(kind) != 0));
        kind = (char)tolower(kind);
        outcomes[count++] = (struct outcome){
            .id = arena_printf(&fix->arena, "%s/1/%c", request, kind),
            .request = arena_strdup(&fix->arena, request), .release = "r1",
            .direction = ordinal < n ? fix->plan.direction : DIRECTION_DOWN,
            .kind = kind == 'a' ? OUTCOME_APPLIED : kind == 'y' ? OUTCOME_ALREADY
                    : kind == 'd' ? OUTCOME_DRIFT : OUTCOME_FAILED,
            .migration = arena_printf(&fix->arena, "%d", plan_step), .checksum = "", .attempt = 1,
            .position = ++fix->position, .sqlstate = kind == 'f' ? "23505" : kind == 'u' ? "08007" : "",
            .message = kind != 'f' ? "" : fix->failure ? fix->failure : "duplicate key", .left = "",
            .detail = kind == 'y' ? "old.9.1" : ""};
    }
    return count;
}

struct said {
    enum report_kind kind;
    int target;
    const char *outcomes;
    enum refusal refusal;
    int64_t sequence_back; /* the report answers the sequence that many before the present one */
    struct fence in_force; /* 0: the one that is answered */
    const char *message;
};

static void fix_say(struct fix *fix, struct said said)
{
    struct outcome outcomes[64];
    const struct rollout_target *target = &fix->rollout.targets[said.target];
    struct report report = {.kind = said.kind, .release = "r1", .id = "x", .refusal = said.refusal,
                            .message = said.message ? said.message : "", .outcomes = outcomes};
    report.outcome_count = fix_outcomes(fix, said.outcomes ? said.outcomes : "", outcomes);
    report.fence = (struct fence){.epoch = fix->rollout.epoch, .term = fix->rollout.term,
                                  .sequence = target->sequence - said.sequence_back, .digest = ""};
    report.in_force = said.in_force.epoch ? said.in_force : report.fence;
    fix_event(fix, &(struct rollout_event){.kind = ROLLOUT_REPORT, .target = said.target, .report = &report});
}

static inline void fix_outcome(struct fix *fix, int target, const char *outcomes)
{
    fix_say(fix, (struct said){.kind = REPORT_OUTCOMES, .target = target, .outcomes = outcomes});
}

/* The rows that fired with the last event, as "a b c". */
static inline const char *fix_rows(struct fix *fix)
{
    static char text[1000];
    text[0] = '\0';
    for (size_t i = 0; i < fix->effects.decision_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", fix->effects.decisions[i].row);
    return text;
}

/* What was sent with the last event, as "t0:0,1 t2:5 F1" (ordinals; F: a fence). */
static inline const char *fix_sent(struct fix *fix)
{
    static char text[4000];
    text[0] = '\0';
    for (size_t i = 0; i < fix->effects.job_count; i++) {
        const struct rollout_send_job *job = &fix->effects.jobs[i];
        snprintf(text + strlen(text), sizeof text - strlen(text), "%st%d:", *text ? " " : "", job->target);
        for (size_t k = 0; k < job->step_count; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", k ? "," : "", job->steps[k]);
    }
    for (size_t i = 0; i < fix->effects.fence_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sF%d", *text ? " " : "",
                 fix->effects.fences[i].target);
    return text;
}

#define SENT(fix, text) cr_assert_str_eq(fix_sent(fix), text)
#define ROWS(fix, text) cr_assert_str_eq(fix_rows(fix), text)
#define STATE(fix, name)                                                                                               \
    cr_assert((fix)->rollout.state == RELEASE_##name, "it is %s", release_state_text((fix)->rollout.state))
