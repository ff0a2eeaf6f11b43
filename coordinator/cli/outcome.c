/* What became of a release. PURE. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

static void add_foreign(struct buf *out, const char *text)
{
    text_add_printable(out, text, false);
}

static const char *place_of(const json_t *item, struct arena *arena)
{
    const char *service = json_text(item, "service"), *target = json_text(item, "target");
    return strcmp(service, target) == 0 ? service : arena_printf(arena, "%s/%s", service, target);
}

/* The file of a step, as the coordinator has it, or from the fleet where that is at hand; NULL otherwise. */
static const char *file_of(const json_t *problem, const struct fleet *fleet)
{
    const char *file = json_text(problem, "file");
    if (*file)
        return file;
    const struct service *service = fleet ? fleet_service(fleet, json_text(problem, "service")) : NULL;
    const struct migration *migration = service ? service_migration(service, json_text(problem, "migration")) : NULL;
    if (!migration)
        return NULL;
    return strcmp(json_text(problem, "direction"), "down") == 0 ? migration->down_file : migration->file;
}

void view_problem(const json_t *problem, const struct fleet *fleet, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    const json_t *outcome = json_object_get(problem, "outcome");
    const char *file = file_of(problem, fleet);
    const char *direction = json_text(problem, "direction");
    bool down = strcmp(direction, "down") == 0, up = strcmp(direction, "up") == 0;
    buf_addf(out, "  %s: %s%s", place_of(problem, &arena), down ? "undo of " : up ? "" : "recording ",
             json_text(problem, "migration"));
    if (*json_text(problem, "name") && strcmp(json_text(problem, "name"), json_text(problem, "migration")) != 0) {
        buf_addc(out, ' ');
        add_foreign(out, json_text(problem, "name"));
    }
    if (strcmp(json_text(problem, "state"), "unknown") == 0) {
        buf_adds(out, ": whether it took effect is not known\n");
        return;
    }
    buf_adds(out, " failed\n");
    if (file && json_number(outcome, "line") > 0)
        buf_addf(out, "    %s:%lld\n", file, (long long)json_number(outcome, "line"));
    else if (file)
        buf_addf(out, "    %s\n", file);
    else if (json_number(outcome, "line") > 0)
        buf_addf(out, "    line %lld of its file\n", (long long)json_number(outcome, "line"));
    if (*json_text(outcome, "message")) {
        buf_addf(out, "    %s%s", json_text(outcome, "sqlstate"), *json_text(outcome, "sqlstate") ? ": " : "");
        add_foreign(out, json_text(outcome, "message"));
        buf_addc(out, '\n');
    }
    view_said(json_object_get(outcome, "said"), out);
    view_tries(outcome, out);
    if (*json_text(outcome, "detail")) {
        buf_adds(out, "    ");
        add_foreign(out, json_text(outcome, "detail"));
        buf_addc(out, '\n');
    }
    if (*json_text(outcome, "left")) {
        buf_adds(out, "    left behind: ");
        add_foreign(out, json_text(outcome, "left"));
        buf_addc(out, '\n');
    }
}

static void add_count(struct buf *out, json_int_t count, const char *word)
{
    if (count > 0)
        buf_addf(out, "%s%lld %s", out->len ? ", " : "", (long long)count, word);
}

static json_int_t pending_of(const json_t *counts)
{
    static const char *const others[] = {"done", "already", "failed", "running", "skipped", "unknown"};
    json_int_t left = json_number(counts, "total");
    for (size_t i = 0; i < COUNT_OF(others); i++)
        left -= json_number(counts, others[i]);
    return left;
}

static void target_row(struct table *table, const json_t *service, const json_t *target, const char *direction)
{
    bool down = strcmp(direction, "down") == 0, up = strcmp(direction, "up") == 0;
    const json_t *forward = json_object_get(target, "forward"), *back = json_object_get(target, "back");
    struct buf text = BUF_INIT(1024);
    add_count(&text, json_number(forward, "done"), down ? "undone" : up ? "applied" : "recorded");
    add_count(&text, json_number(forward, "already"), down ? "not in effect" : up ? "in effect before" : "so before");
    add_count(&text, json_number(forward, "failed"), "failed");
    add_count(&text, json_number(forward, "unknown"), "not known");
    add_count(&text, json_number(back, "done"), "undone again");
    add_count(&text, json_number(back, "failed"), "undo failed");
    add_count(&text, json_number(back, "unknown"), "undo not known");
    add_count(&text, json_number(forward, "skipped") + pending_of(forward), up || down ? "not run" : "not recorded");
    table_row(table, 3, json_text(service, "service"), json_text(target, "target"),
              text.len ? buf_text(&text) : "nothing to do");
    buf_release(&text);
}

static void add_targets(const json_t *summary, struct buf *out)
{
    struct table table = {.columns = 0};
    const char *direction = json_text(summary, "direction");
    size_t i, k;
    const json_t *service, *target;
    json_array_foreach(json_object_get(summary, "services"), i, service)
    {
        json_array_foreach(json_object_get(service, "targets"), k, target)
            target_row(&table, service, target, direction);
    }
    table_print(&table, "  ", out);
}

void view_outcome(const json_t *summary, const struct fleet *fleet, struct buf *out)
{
    char took[CLOCK_TEXT_SIZE];
    const json_t *problems = json_object_get(summary, "problems"), *problem;
    json_int_t accepted = json_number(summary, "acceptedAtUs"), ended = json_number(summary, "endedAtUs");
    size_t i;
    buf_addf(out, "release %s %s", json_text(summary, "id"), json_text(summary, "state"));
    if (ended > accepted)
        buf_addf(out, " after %s", clock_duration(ended - accepted, took));
    buf_addc(out, '\n');
    if (*json_text(summary, "reason")) {
        buf_adds(out, "  ");
        add_foreign(out, json_text(summary, "reason"));
        buf_addc(out, '\n');
    }
    if (json_array_size(problems) > 0)
        buf_adds(out, "\nWhat went wrong:\n");
    json_array_foreach(problems, i, problem)
        view_problem(problem, fleet, out);
    buf_adds(out, "\nWhat was done:\n");
    add_targets(summary, out);
    view_notices(json_object_get(summary, "notices"), out);
    if (json_number(summary, "moreNotices"))
        buf_addf(out, "  and %lld steps more (greylag release show)\n", (long long)json_number(summary, "moreNotices"));
    view_next(summary, false, out);
}
