/* A plan for people, from what plan_json made (here or at the coordinator). PURE. */
#include <string.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"

#define NEEDS_SHOWN 3

static const char *step_name(const json_t *step, struct arena *arena)
{
    const char *migration = json_text(step, "migration"), *name = json_text(step, "name");
    return *name && strcmp(migration, name) != 0 ? arena_printf(arena, "%s %s", migration, name) : migration;
}

/* The steps of other targets that it waits for. */
static const char *step_after(const struct plan_view *view, const json_t *step, struct arena *arena)
{
    struct buf out = BUF_INIT(4096);
    size_t i, shown = 0, more = 0;
    const json_t *need;
    json_array_foreach(json_object_get(step, "needs"), i, need)
    {
        size_t index = (size_t)json_integer_value(need);
        json_t *other = index < view->count ? view->step(view->of, index) : NULL;
        bool same = !other || strcmp(json_text(other, "target"), json_text(step, "target")) == 0;
        if (!same && shown < NEEDS_SHOWN)
            buf_addf(&out, "%s%s:%s", shown++ ? ", " : "after ", json_text(other, "target"),
                     json_text(other, "migration"));
        else
            more += !same;
        json_decref(other);
    }
    if (more)
        buf_addf(&out, " and %zu more", more);
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

const char *cli_place(const json_t *step, struct arena *arena)
{
    const char *service = json_text(step, "service"), *target = json_text(step, "target");
    return strcmp(service, target) == 0 ? service : arena_printf(arena, "%s/%s", service, target);
}

static bool step_is(const json_t *step, const char *name, const char *value)
{
    return strcmp(json_text(step, name), value) == 0;
}

static void add_part(struct buf *out, const char *before, const char *text, const char *after)
{
    bool usual = strcmp(text, "low") == 0 || strcmp(text, "small") == 0; /* risk, volume: --json has them */
    if (*text && !usual)
        buf_addf(out, "%s%s%s%s", out->len ? ", " : "", before, text, after);
}

static void add_list(struct buf *out, const char *what, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *before = i ? " " : out->len ? ", " : "", *text = json_string_value(item);
        buf_addf(out, "%s%s%s", before, i ? "" : what, text ? text : "");
    }
}

/* What its metadata says that matters before it runs. */
static const char *step_told(const json_t *step, struct arena *arena)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    char time[CLOCK_TEXT_SIZE];
    json_int_t estimated = json_number(step, "estimatedDurationMs");
    add_part(&out, "", json_is_true(json_object_get(step, "requiresDowntime")) ? "requires downtime" : "", "");
    add_part(&out, "", json_is_true(json_object_get(step, "breaking")) ? "breaking" : "", "");
    add_part(&out, "", json_text(step, "risk"), " risk");
    add_part(&out, "about ", estimated ? clock_duration(estimated * 1000, time) : "", "");
    add_part(&out, "", json_text(step, "dataVolume"), " volume");
    add_list(&out, "tables ", json_object_get(step, "affectedTables"));
    add_list(&out, "tags ", json_object_get(step, "tags"));
    return arena_strdup(arena, buf_text(&out));
}

/* "move shop/production/user/main 3" */
static const char *taken_text(const char *from, struct arena *arena)
{
    size_t how = strcspn(from, " "), record = from[how] ? strcspn(from + how + 1, " ") : 0;
    const char *its = from + how + (from[how] != 0);
    return arena_printf(arena, "%s %s of %.*s", text_starts(from, "move ") ? "from" : "as",
                        its + record + (its[record] != 0), (int)record, its);
}

/* What is to know of a step besides its name: what it is, how it changes the record, no way back. */
static const char *step_note(const json_t *step, struct arena *arena)
{
    bool up = step_is(step, "direction", "up"), repeatable = step_is(step, "kind", "repeatable");
    const char *release = json_text(step, "undoesRelease"), *note = "";
    const char *recorded = json_text(step, "recorded");
    if (step_is(step, "direction", "forget"))
        return arena_printf(arena, "forget (checksum %.12s...)", recorded);
    if (*recorded && step_is(step, "direction", "adopt") && strcmp(recorded, json_text(step, "checksum")) == 0)
        return "into the record of its own tool";
    if (*json_text(step, "takenFrom"))
        return taken_text(json_text(step, "takenFrom"), arena);
    if (step_is(step, "direction", "adopt"))
        return *recorded ? arena_printf(arena, "checksum %.12s... -> %.12s...", recorded, json_text(step, "checksum"))
                         : "";
    if (step_is(step, "direction", "down") && *json_text(step, "earlier"))
        return "back to its earlier text";
    if (!up)
        return "";
    if (repeatable && *json_text(step, "undoes"))
        note = *release ? arena_printf(arena, "repeatable, replaces the text of %s", release) : "repeatable, again";
    else if (*json_text(step, "kind") && !step_is(step, "kind", "versioned"))
        note = json_text(step, "kind");
    const char *back = step_is(step, "wayBack", "none") ? "no way back" : "", *told = step_told(step, arena);
    return arena_printf(arena, "%s%s%s%s%s", note, *note && *back ? "; " : "", back,
                        (*note || *back) && *told ? "; " : "", told);
}

struct totals {
    size_t shown, estimated; /* steps of the view's category, and those of them that say how long they take */
    json_int_t estimated_ms;
};

static struct totals add_steps(const struct plan_view *view, struct buf *out)
{
    struct table table = {.columns = 0};
    struct totals totals = {.shown = 0};
    for (size_t i = 0; i < view->count; i++) {
        auto_arena struct arena arena = ARENA_INIT; /* the table copies */
        json_t *step = view->step(view->of, i);
        if (!view->category || step_is(step, "category", view->category)) {
            totals.shown++;
            totals.estimated += json_number(step, "estimatedDurationMs") > 0;
            totals.estimated_ms += json_number(step, "estimatedDurationMs");
            table_row(&table, 6, arena_printf(&arena, "%zu", i + 1), cli_place(step, &arena), step_name(step, &arena),
                      json_text(step, "category"), step_note(step, &arena), step_after(view, step, &arena));
        }
        json_decref(step);
    }
    table_print(&table, "  ", out);
    return totals;
}

void cli_plan_view(const struct plan_view *view, struct buf *out)
{
    enum direction direction = DIRECTION_UP;
    direction_parse(json_text(view->head, "direction"), &direction);
    if (view->count == 0)
        buf_adds(out, direction == DIRECTION_UP     ? "Nothing is pending.\n"
                      : direction == DIRECTION_DOWN ? "There is nothing to undo.\n"
                                                    : "There is nothing to record.\n");
    if (view->count > 0) {
        buf_addf(out, "%zu step%s %s, in this order:\n\n", view->count, view->count == 1 ? "" : "s",
                 direction == DIRECTION_UP     ? "to apply"
                 : direction == DIRECTION_DOWN ? "to undo"
                                               : "to record; nothing of them runs");
        struct totals totals = add_steps(view, out);
        char time[CLOCK_TEXT_SIZE];
        if (view->category)
            buf_addf(out, "\n%zu of them of category %s\n", totals.shown, view->category);
        if (totals.estimated && direction == DIRECTION_UP)
            buf_addf(out, "\nestimated: %s for the %zu that say so, one after another\n",
                     clock_duration(totals.estimated_ms * 1000, time), totals.estimated);
        buf_addf(out, "\nplan %s\n", json_text(view->head, "digest"));
    }
    const json_t *findings = json_object_get(view->head, "findings");
    if (json_array_size(findings) > 0) {
        buf_addc(out, '\n');
        cli_plan_findings(findings, out);
    }
}

static json_t *step_of_json(const void *steps, size_t index)
{
    return json_incref(json_array_get(steps, index));
}

void cli_plan_text(const json_t *plan, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps");
    const struct plan_view view = {.head = plan, .count = json_array_size(steps), .step = step_of_json, .of = steps};
    cli_plan_view(&view, out);
}
