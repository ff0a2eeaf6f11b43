/* A fleet under construction, what its targets hold, and its plan in few words. For plan_*.c. */
#pragma once
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "plan/plan.h"

struct world {
    struct arena arena;
    struct fleet fleet;
    struct service services[64];
    struct migration *migrations[64];
    struct target_contents contents[128];
    size_t contents_count;
    struct plan_options options;
    struct plan plan;
    struct plan_findings findings;
    struct err err;
};

static inline const char *digest_of(struct arena *arena, const char *text)
{
    char *hex = arena_alloc(arena, DIGEST_TEXT_SIZE);
    digest_hex(text, strlen(text), hex);
    return hex;
}

static void begin(struct world *w)
{
    *w = (struct world){.fleet = {.name = "shop", .environment = "dev", .services = w->services}};
}

/* Migrations are 1, 2, ...; all with a way back. `targets` like "a b"; `after` likewise. */
static inline struct migration *add(struct world *w, const char *name, size_t count, const char *targets,
                                    const char *after)
{
    struct service *service = &w->services[w->fleet.service_count];
    struct migration *list = arena_array(&w->arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        struct migration *m = &list[i];
        m->id = m->version = arena_printf(&w->arena, "%zu", i + 1);
        m->name = "x";
        m->file = arena_printf(&w->arena, "%s/V%s__x.sql", name, m->id);
        m->down_file = arena_printf(&w->arena, "%s/U%s__x.sql", name, m->id);
        m->up = digest_of(&w->arena, m->file);
        m->down = digest_of(&w->arena, m->down_file);
        m->up_size = m->down_size = 10;
    }
    *service = (struct service){.name = name, .layout = "flyway", .migrations = list, .migration_count = count,
                                .policy = POLICY_DEFAULT};
    const char *lists[2] = {targets, after};
    for (int k = 0; k < 2; k++) {
        const char **names = arena_array(&w->arena, 64, sizeof *names);
        char *words = arena_strdup(&w->arena, lists[k]), *rest = NULL;
        size_t n = 0;
        for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            names[n++] = word;
        if (k == 0) {
            service->targets = names;
            service->target_count = n;
        } else {
            service->depends_on = names;
            service->depends_on_count = n;
        }
    }
    w->migrations[w->fleet.service_count++] = list;
    return list;
}

static inline void depend(struct world *w, struct migration *m, const char *service, const char *version)
{
    struct dependency *depends = arena_array(&w->arena, m->depends_count + 1, sizeof *depends);
    if (m->depends_count)
        memcpy(depends, m->depends, m->depends_count * sizeof *depends);
    depends[m->depends_count++] =
        (struct dependency){service, version, RANGE_EXACTLY, arena_printf(&w->arena, "%s:3", m->file)};
    m->depends = depends;
}

/* `ids` like "1 2 4", in the order applied; every second word may be "id@release". */
static void applied(struct world *w, const char *service, const char *target, const char *ids)
{
    struct applied *list = arena_array(&w->arena, 64, sizeof *list);
    char *words = arena_strdup(&w->arena, ids), *rest = NULL;
    size_t n = 0;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *at = strchr(word, '@');
        if (at)
            *at = 0;
        auto_free char *file = xasprintf("%s/V%s__x.sql", service, word);
        list[n++] = (struct applied){.migration = word, .checksum = digest_of(&w->arena, file),
                                     .request = arena_printf(&w->arena, "req-%s-%s", target, word),
                                     .release = at ? at + 1 : "r1"};
    }
    w->contents[w->contents_count++] =
        (struct target_contents){.service = service, .target = target, .applied = list, .applied_count = n};
}

/* Going back: what a release of `releases` ("r1 r2") brought was in effect at the end that is meant; of a repeatable
 * one the newest of its texts that one of them brought. */
static inline void held_by(struct world *w, const char *releases)
{
    for (size_t i = 0; i < w->contents_count; i++) {
        struct applied *list = arena_array(&w->arena, w->contents[i].applied_count + 1, sizeof *list);
        for (size_t k = 0; k < w->contents[i].applied_count; k++) {
            list[k] = w->contents[i].applied[k];
            list[k].held = strstr(releases, list[k].release) ? list[k].checksum : "";
            size_t t = 0;
            while (t < list[k].text_count && !strstr(releases, list[k].texts[t].release))
                t++;
            if (list[k].text_count)
                list[k].held = t < list[k].text_count ? list[k].texts[t].checksum : "";
        }
        w->contents[i].applied = list;
    }
    w->options.back_to = "r";
}

static bool make(struct world *w)
{
    err_clear(&w->err);
    return plan_make(&w->fleet, w->contents, w->contents_count, &w->options, &w->arena, &w->plan, &w->findings,
                     &w->err);
}

/* The order as "a1 b1 a2" (target and migration). */
static inline const char *order(struct world *w)
{
    struct buf text = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < w->plan.step_count; i++) {
        const struct plan_step *step = &w->plan.steps[i];
        buf_addf(&text, "%s%s:%s", i ? " " : "", w->plan.targets[step->target].name,
                 w->services[step->service].migrations[step->migration].id);
        for (size_t n = 0; n < step->needs_count; n++) {
            cr_assert(step->needs[n] >= 0 && step->needs[n] < (int)i, "step %zu needs %d", i, step->needs[n]);
            cr_assert(n == 0 || step->needs[n - 1] < step->needs[n]);
        }
    }
    const char *kept = arena_strdup(&w->arena, buf_text(&text));
    buf_release(&text);
    return kept;
}

static void good(struct world *w, const char *expected)
{
    cr_assert(make(w), "%s", w->err.text);
    cr_expect_str_eq(order(w), expected, "got <%s>, wanted <%s>", order(w), expected);
}

static inline const struct plan_finding *finding(const struct world *w, const char *rule)
{
    for (size_t i = 0; i < w->findings.count; i++) {
        if (strcmp(w->findings.items[i].rule, rule) == 0)
            return &w->findings.items[i];
    }
    return NULL;
}

static void bad(struct world *w, const char *rule, const char *text)
{
    cr_expect(!make(w), "planned: %s", order(w));
    cr_expect_eq(w->err.kind, ERR_INPUT);
    const struct plan_finding *found = finding(w, rule);
    cr_assert_not_null(found, "no finding %s, but: %s", rule, w->err.text);
    cr_expect(found->error);
    cr_expect(strstr(found->text, text) != NULL, "wanted <%s> got <%s>", text, found->text);
}

static void end(struct world *w)
{
    arena_release(&w->arena);
}
