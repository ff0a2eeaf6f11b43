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

static void add_steps(const json_t *plan, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps"), *step;
    bool up = strcmp(json_text(plan, "direction"), "up") == 0;
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    json_array_foreach(steps, i, step)
    {
        bool none = strcmp(json_text(step, "wayBack"), "none") == 0;
        table_row(&table, 5, arena_printf(&arena, "%zu", i + 1), step_place(step, &arena), step_name(step, &arena),
                  up && none ? "no way back" : "", step_after(steps, step, &arena));
    }
    table_print(&table, "  ", out);
}

void cli_plan_text(const json_t *plan, struct buf *out)
{
    const json_t *steps = json_object_get(plan, "steps");
    size_t count = json_array_size(steps);
    bool up = strcmp(json_text(plan, "direction"), "up") == 0;
    if (count == 0)
        buf_adds(out, up ? "Nothing is pending.\n" : "There is nothing to undo.\n");
    if (count > 0) {
        buf_addf(out, "%zu step%s %s, in this order:\n\n", count, count == 1 ? "" : "s",
                 up ? "to apply" : "to undo");
        add_steps(plan, out);
        buf_addf(out, "\nplan %s\n", json_text(plan, "digest"));
    }
    const json_t *findings = json_object_get(plan, "findings");
    if (json_array_size(findings) > 0) {
        buf_addc(out, '\n');
        cli_plan_findings(findings, out);
    }
}
