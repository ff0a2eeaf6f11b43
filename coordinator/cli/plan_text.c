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

/* What is to know of a step besides its name: no way back; or how it changes the record. */
static const char *step_note(const json_t *step, struct arena *arena)
{
    const char *direction = json_text(step, "direction"), *recorded = json_text(step, "recorded");
    if (strcmp(direction, direction_text(DIRECTION_FORGET)) == 0)
        return arena_printf(arena, "forget (checksum %.12s...)", recorded);
    if (strcmp(direction, direction_text(DIRECTION_ADOPT)) == 0)
        return *recorded ? arena_printf(arena, "checksum %.12s... -> %.12s...", recorded, json_text(step, "checksum")) : "";
    bool down = strcmp(direction, direction_text(DIRECTION_DOWN)) == 0;
    return !down && strcmp(json_text(step, "wayBack"), way_back_text(WAY_BACK_NONE)) == 0 ? "no way back" : "";
}

static void add_steps(const json_t *plan, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps"), *step;
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    json_array_foreach(steps, i, step)
    {
        table_row(&table, 5, arena_printf(&arena, "%zu", i + 1), step_place(step, &arena), step_name(step, &arena),
                  step_note(step, &arena), step_after(steps, step, &arena));
    }
    table_print(&table, "  ", out);
}

void cli_plan_text(const json_t *plan, struct buf *out)
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
        add_steps(plan, out);
        buf_addf(out, "\nplan %s\n", json_text(plan, "digest"));
    }
    const json_t *findings = json_object_get(plan, "findings");
    if (json_array_size(findings) > 0) {
        buf_addc(out, '\n');
        cli_plan_findings(findings, out);
    }
}
