/* A plan for people, from what plan_json made (here or at the coordinator). PURE. */
#include <string.h>

#include "base/text.h"
#include "cli/cli_internal.h"

#define NEEDS_SHOWN 3

static const char *step_name(const json_t *step, struct arena *arena)
{
    const char *migration = json_text(step, "migration"), *name = json_text(step, "name");
    return *name && strcmp(migration, name) != 0 ? arena_printf(arena, "%s %s", migration, name) : migration;
}

/* The steps of other targets that it waits for. */
static const char *step_after(const json_t *steps, const json_t *step, struct arena *arena)
{
    struct buf out = BUF_INIT(4096);
    size_t i, shown = 0, more = 0;
    const json_t *need;
    json_array_foreach(json_object_get(step, "needs"), i, need)
    {
        const json_t *other = json_array_get(steps, (size_t)json_integer_value(need));
        if (!other || strcmp(json_text(other, "target"), json_text(step, "target")) == 0)
            continue;
        if (shown < NEEDS_SHOWN)
            buf_addf(&out, "%s%s:%s", shown++ ? ", " : "after ", json_text(other, "target"), json_text(other, "migration"));
        else
            more++;
    }
    if (more)
        buf_addf(&out, " and %zu more", more);
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

static const char *step_place(const json_t *step, struct arena *arena)
{
    const char *service = json_text(step, "service"), *target = json_text(step, "target");
    return strcmp(service, target) == 0 ? service : arena_printf(arena, "%s/%s", service, target);
}

static bool step_is(const json_t *step, const char *name, const char *value)
{
    return strcmp(json_text(step, name), value) == 0;
}

/* What is to know of a step besides its name: what it is, how it changes the record, no way back. */
static const char *step_note(const json_t *step, struct arena *arena)
{
    bool up = step_is(step, "direction", "up"), repeatable = step_is(step, "kind", "repeatable");
    const char *release = json_text(step, "undoesRelease"), *note = "";
    const char *recorded = json_text(step, "recorded");
    if (step_is(step, "direction", "forget"))
        return arena_printf(arena, "forget (checksum %.12s...)", recorded);
    if (step_is(step, "direction", "adopt"))
        return *recorded ? arena_printf(arena, "checksum %.12s... -> %.12s...", recorded, json_text(step, "checksum")) : "";
    if (repeatable && step_is(step, "direction", "down"))
        return "back to its earlier text";
    if (!up)
        return "";
    if (repeatable && *json_text(step, "undoes"))
        note = *release ? arena_printf(arena, "repeatable, replaces the text of %s", release) : "repeatable, again";
    else if (*json_text(step, "kind") && !step_is(step, "kind", "versioned"))
        note = json_text(step, "kind");
    if (!step_is(step, "wayBack", "none"))
        return note;
    return *note ? arena_printf(arena, "%s; no way back", note) : "no way back";
}

static bool any_category(const json_t *steps)
{
    size_t i;
    const json_t *step;
    json_array_foreach(steps, i, step)
    {
        if (*json_text(step, "category"))
            return true;
    }
    return false;
}

/* How many there are of that category; NULL: all. */
static size_t add_steps(const json_t *plan, const char *category, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps"), *step;
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    bool with_category = any_category(steps);
    size_t i, shown = 0;
    json_array_foreach(steps, i, step)
    {
        const char *number = arena_printf(&arena, "%zu", i + 1), *place = step_place(step, &arena);
        const char *name = step_name(step, &arena), *note = step_note(step, &arena), *after = step_after(steps, step, &arena);
        if (category && !step_is(step, "category", category))
            continue;
        shown++;
        if (with_category)
            table_row(&table, 6, number, place, name, json_text(step, "category"), note, after);
        else
            table_row(&table, 5, number, place, name, note, after);
    }
    table_print(&table, "  ", out);
    return shown;
}

void cli_plan_text(const json_t *plan, const char *category, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps");
    size_t count = json_array_size(steps);
    enum direction direction = DIRECTION_UP;
    direction_parse(json_text(plan, "direction"), &direction);
    if (count == 0)
        buf_adds(out, direction == DIRECTION_UP     ? "Nothing is pending.\n"
                      : direction == DIRECTION_DOWN ? "There is nothing to undo.\n"
                                                    : "There is nothing to record.\n");
    if (count > 0) {
        buf_addf(out, "%zu step%s %s, in this order:\n\n", count, count == 1 ? "" : "s",
                 direction == DIRECTION_UP     ? "to apply"
                 : direction == DIRECTION_DOWN ? "to undo"
                                               : "to record; nothing of them runs");
        size_t shown = add_steps(plan, category, out);
        if (category)
            buf_addf(out, "\n%zu of them of category %s\n", shown, category);
        buf_addf(out, "\nplan %s\n", json_text(plan, "digest"));
    }
    const json_t *findings = json_object_get(plan, "findings");
    if (json_array_size(findings) > 0) {
        buf_addc(out, '\n');
        cli_plan_findings(findings, out);
    }
}

void cli_plan_filter(json_t *plan, const char *category)
{
    json_t *kept = json_array(), *step;
    size_t i;
    json_array_foreach(json_object_get(plan, "steps"), i, step)
    {
        if (step_is(step, "category", category))
            json_array_append(kept, step);
    }
    json_object_set_new(plan, "steps", kept);
}
