/* From a whole release to what a live view shows. PURE. */
#include <string.h>

#include "api/api_internal.h"

#define DECISIONS_SHOWN 20
#define NOTICES_SHOWN 50 /* steps */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool is_state(const json_t *step, enum step_state state)
{
    return strcmp(text_of(step, "state"), step_state_text(state)) == 0;
}

static void count_one(json_t *counts, const char *name)
{
    json_object_set_new(counts, name, json_integer(number_of(counts, name) + 1));
}

static json_t *new_counts(void)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "total", 0, "done", 0, "already", 0, "failed", 0, "running",
                     0, "skipped", 0, "unknown", 0);
}

static void count_step(json_t *counts, const json_t *step)
{
    if (number_of(step, "leg") > 0 && is_state(step, STEP_SKIPPED))
        return; /* there was nothing to undo */
    count_one(counts, "total");
    if (is_state(step, STEP_APPLIED))
        count_one(counts, "done");
    else if (is_state(step, STEP_ALREADY))
        count_one(counts, "already");
    else if (is_state(step, STEP_FAILED))
        count_one(counts, "failed");
    else if (is_state(step, STEP_SENT))
        count_one(counts, "running");
    else if (is_state(step, STEP_SKIPPED))
        count_one(counts, "skipped");
    else if (is_state(step, STEP_UNKNOWN))
        count_one(counts, "unknown");
}

static json_t *find_by(json_t *list, const char *name, const char *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(text_of(item, name), value) == 0)
            return item;
    }
    return NULL;
}

static json_t *service_of(json_t *services, const char *name)
{
    json_t *service = find_by(services, "service", name);
    if (service)
        return service;
    service = json_pack("{s:s, s:o, s:o, s:[], s:[], s:n, s:n}", "service", name, "forward", new_counts(), "back",
                        new_counts(), "targets", "waitsFor", "startedAtUs", "finishedAtUs");
    json_array_append_new(services, service);
    return service;
}

static json_t *target_of(json_t *service, const char *name)
{
    json_t *targets = json_object_get(service, "targets"), *target = find_by(targets, "target", name);
    if (target)
        return target;
    target = json_pack("{s:s, s:s, s:s, s:o, s:o, s:n}", "target", name, "state", "idle", "problem", "", "forward",
                       new_counts(), "back", new_counts(), "current");
    json_array_append_new(targets, target);
    return target;
}

/* The earliest start and the latest end. */
static void note_times(json_t *service, const json_t *outcome)
{
    json_int_t started = number_of(outcome, "startedAtUs"), finished = number_of(outcome, "finishedAtUs");
    const json_t *first = json_object_get(service, "startedAtUs"), *last = json_object_get(service, "finishedAtUs");
    if (started > 0 && (json_is_null(first) || json_integer_value(first) > started))
        json_object_set_new(service, "startedAtUs", json_integer(started));
    if (finished > 0 && (json_is_null(last) || json_integer_value(last) < finished))
        json_object_set_new(service, "finishedAtUs", json_integer(finished));
}

static void add_step(json_t *services, const json_t *step)
{
    json_t *service = service_of(services, text_of(step, "service"));
    json_t *target = target_of(service, text_of(step, "target"));
    const char *leg = number_of(step, "leg") == 0 ? "forward" : "back";
    count_step(json_object_get(service, leg), step);
    count_step(json_object_get(target, leg), step);
    note_times(service, json_object_get(step, "outcome"));
    if (is_state(step, STEP_SENT) && json_is_null(json_object_get(target, "current")))
        json_object_set_new(target, "current", json_pack("{s:s, s:s, s:s}", "migration", text_of(step, "migration"),
                                                         "name", text_of(step, "name"), "direction",
                                                         text_of(step, "direction")));
}

static bool contains(const json_t *list, const char *text)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

/* The services that a pending step's open needs belong to, other than its own. */
static void add_waits(json_t *services, const json_t *steps, const json_t *step)
{
    size_t i;
    const json_t *need;
    json_t *waits = json_object_get(service_of(services, text_of(step, "service")), "waitsFor");
    json_array_foreach(json_object_get(step, "needs"), i, need)
    {
        const json_t *needed = json_array_get(steps, (size_t)json_integer_value(need));
        const char *name = text_of(needed, "service");
        if (needed && !is_state(needed, STEP_APPLIED) && !is_state(needed, STEP_ALREADY) &&
            strcmp(name, text_of(step, "service")) != 0 && !contains(waits, name))
            json_array_append_new(waits, json_string(name));
    }
}

static bool has_notices(const json_t *step)
{
    return *text_of(json_object_get(json_object_get(step, "outcome"), "said"), "notices");
}

static json_t *brief_of(const json_t *step)
{
    static const char *const names[] = {"ordinal", "leg",       "service", "target", "migration",
                                        "name",    "direction", "state",   "file",   "outcome"};
    json_t *brief = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_object_get(step, names[i]))
            json_object_set(brief, names[i], json_object_get(step, names[i]));
    return brief;
}

/* An undo of a step of which it is not known whether it took effect: it is no problem of its own. */
static bool not_asked_yet(const json_t *steps, const json_t *step)
{
    const json_t *undoes = json_object_get(step, "undoes");
    const json_t *undone = json_is_integer(undoes) ? json_array_get(steps, (size_t)json_integer_value(undoes)) : NULL;
    return number_of(step, "leg") > 0 && (is_state(undone, STEP_UNKNOWN) || is_state(undone, STEP_SENT));
}

static json_t *last_decisions(const json_t *decisions)
{
    json_t *list = json_array();
    size_t count = json_array_size(decisions);
    for (size_t i = count > DECISIONS_SHOWN ? count - DECISIONS_SHOWN : 0; i < count; i++)
        json_array_append(list, json_array_get(decisions, i));
    return list;
}

json_t *api_summary(const json_t *show)
{
    static const char *const kept[] = {"id",     "state",        "direction", "plan",      "requestedBy", "reason",
                                       "note",   "acceptedAtUs", "endedAtUs", "decidedBy", "rewound",     "change",
                                       "orders", "latest",       "irreversible", "leftovers"};
    json_t *summary = json_object(), *services = json_array(), *problems = json_array();
    json_t *forward = new_counts(), *back = new_counts(), *notices = json_array();
    json_int_t more_notices = 0;
    const json_t *steps = json_object_get(show, "steps"), *item;
    size_t i;
    json_array_foreach(json_object_get(show, "targets"), i, item)
    {
        json_t *target = target_of(service_of(services, text_of(item, "service")), text_of(item, "target"));
        json_object_set(target, "state", json_object_get(item, "state"));
        json_object_set_new(target, "problem", json_string(text_of(item, "problem")));
        json_object_set(target, "working", json_object_get(item, "working"));
    }
    json_array_foreach(steps, i, item)
    {
        add_step(services, item);
        count_step(number_of(item, "leg") == 0 ? forward : back, item);
        if (is_state(item, STEP_PENDING))
            add_waits(services, steps, item);
        if (is_state(item, STEP_FAILED) || (is_state(item, STEP_UNKNOWN) && !not_asked_yet(steps, item)))
            json_array_append_new(problems, brief_of(item));
        if (has_notices(item) && json_array_size(notices) < NOTICES_SHOWN)
            json_array_append_new(notices, brief_of(item));
        else
            more_notices += has_notices(item);
    }
    for (i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(show, kept[i]))
            json_object_set(summary, kept[i], json_object_get(show, kept[i]));
    json_object_set_new(summary, "forward", forward);
    json_object_set_new(summary, "back", back);
    json_object_set_new(summary, "services", services);
    json_object_set_new(summary, "problems", problems);
    json_object_set_new(summary, "notices", notices);
    json_object_set_new(summary, "moreNotices", json_integer(more_notices));
    json_object_set_new(summary, "decisions", last_decisions(json_object_get(show, "decisions")));
    return summary;
}
