/* What needs a person, as `status`, `health` and their like begin. PURE, but for the time. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

#define SHOWN 12 /* how many are named; a broken network makes hundreds of silent targets */

static void add_place(struct buf *out, const json_t *item)
{
    const char *release = json_text(item, "release"), *service = json_text(item, "service");
    if (*release)
        buf_addf(out, "release %s ", release);
    if (*json_text(item, "target"))
        buf_addf(out, "%s%s%s ", service, *service ? "/" : "", json_text(item, "target"));
}

/* Without an argument its command would refuse: nobody forgets a target that a release is under way on. */
static const char *advice(enum attention kind, const json_t *item)
{
    return kind == ATTENTION_SILENT && !*json_text(item, "argument") ? "start its worker" : attention_advice(kind);
}

static void add_item(struct buf *out, const json_t *item)
{
    char ago[64];
    enum attention kind;
    buf_adds(out, "  ");
    add_place(out, item);
    buf_adds(out, json_text(item, "kind"));
    if (json_number(item, "sinceUs") > 0)
        buf_addf(out, " (%s)", cli_ago(item, "sinceUs", ago));
    if (*json_text(item, "detail")) {
        buf_adds(out, ": ");
        text_add_printable(out, json_text(item, "detail"), true);
    }
    buf_addc(out, '\n');
    if (attention_parse(json_text(item, "kind"), &kind))
        buf_addf(out, "    %s%s%s\n", advice(kind, item), *json_text(item, "argument") ? " " : "",
                 json_text(item, "argument"));
}

static bool has_target(const json_t *summary, const json_t *item)
{
    size_t i, k;
    const json_t *service, *target;
    json_array_foreach (json_object_get(summary, "services"), i, service)
        json_array_foreach (json_object_get(service, "targets"), k, target)
            if (strcmp(json_text(service, "service"), json_text(item, "service")) == 0 &&
                strcmp(json_text(target, "target"), json_text(item, "target")) == 0)
                return true;
    return false;
}

/* Whether it stands in the way of this release, which is under way. */
static bool hinders(const json_t *item, const json_t *summary)
{
    static const enum attention kinds[] = {ATTENTION_LEADERLESS, ATTENTION_HINDERED, ATTENTION_UNSENT,
                                           ATTENTION_BLOCKED, ATTENTION_SILENT,
                                           ATTENTION_DISTRUSTED};
    enum attention kind;
    bool known = attention_parse(json_text(item, "kind"), &kind), found = false;
    for (size_t i = 0; known && i < sizeof kinds / sizeof *kinds; i++)
        found = found || kinds[i] == kind;
    return found && (!*json_text(item, "target") || has_target(summary, item));
}

/* The same thing: what is counted, and since when, may have changed. */
static bool told_before(const json_t *list, const json_t *item)
{
    static const char *const names[] = {"kind", "service", "target"};
    size_t i;
    const json_t *old;
    json_array_foreach (list, i, old) {
        bool same = json_number(old, "sinceUs") == json_number(item, "sinceUs") ||
                    strcmp(json_text(old, "detail"), json_text(item, "detail")) == 0;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++)
            same = same && strcmp(json_text(old, names[k]), json_text(item, names[k])) == 0;
        if (same)
            return true;
    }
    return false;
}

json_t *view_hindrances(const json_t *answer, const json_t *summary, const json_t *told, struct buf *out)
{
    json_t *now = json_array(), *item;
    size_t i;
    json_array_foreach (json_object_get(answer, "attention"), i, item) {
        if (!hinders(item, summary))
            continue;
        if (!told_before(told, item))
            add_item(out, item);
        json_array_append(now, item);
    }
    return now;
}

bool view_attention(const json_t *answer, struct buf *out)
{
    const json_t *list = json_object_get(answer, "attention"), *item;
    size_t i, count = json_array_size(list);
    if (count == 0)
        return false;
    buf_addf(out, "%zu thing%s a person:\n", count, count == 1 ? " needs" : "s need");
    json_array_foreach (list, i, item) {
        if (i < SHOWN)
            add_item(out, item);
    }
    if (count > SHOWN)
        buf_addf(out, "  and %zu more (greylag health --json names all)\n", count - SHOWN);
    return true;
}
