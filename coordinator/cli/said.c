/* What servers said beside the outcomes of steps. Data of rows may be in it: for whoever may see the release. PURE. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

/* Below the line of its step. */
static void add_lines(struct buf *out, const char *text)
{
    for (const char *line = text, *end; *line; line = end + (*end == '\n')) {
        auto_buf struct buf one = BUF_INIT(BUF_MAX);
        end = line + strcspn(line, "\n");
        buf_add(&one, line, (size_t)(end - line));
        buf_adds(out, "    ");
        text_add_printable(out, buf_text(&one), true);
        buf_addc(out, '\n');
    }
}

/* "table public.users, constraint users_email" */
static void add_object(const json_t *said, struct buf *out)
{
    static const char *const names[][2] = {
        {"column", "column"}, {"dataType", "data type"}, {"constraint", "constraint"}};
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    const char *schema = json_text(said, "schema"), *table = json_text(said, "table");
    if (*table)
        buf_addf(&text, "table %s%s%s", schema, *schema ? "." : "", table);
    else if (*schema)
        buf_addf(&text, "schema %s", schema);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (*json_text(said, names[i][0]))
            buf_addf(&text, "%s%s %s", text.len ? ", " : "", names[i][1], json_text(said, names[i][0]));
    add_lines(out, buf_text(&text));
}

void view_said(const json_t *said, struct buf *out)
{
    static const char *const names[][2] = {{"detail", "DETAIL"}, {"hint", "HINT"}, {"context", "CONTEXT"}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        auto_free char *text = xasprintf("%s: %s", names[i][1], json_text(said, names[i][0]));
        if (*json_text(said, names[i][0]))
            add_lines(out, text);
    }
    add_object(said, out);
}

void view_tries(const json_t *outcome, struct buf *out)
{
    char took[CLOCK_TEXT_SIZE];
    json_int_t us = json_number(outcome, "finishedAtUs") - json_number(outcome, "startedAtUs");
    json_int_t tries = json_number(outcome, "attempt");
    if (tries > 1)
        buf_addf(out, "    tried %lld times in %s\n", (long long)tries, clock_duration(us, took));
    else if (us > 0)
        buf_addf(out, "    after %s\n", clock_duration(us, took));
}

static const char *notices_of(const json_t *step)
{
    return json_text(json_object_get(json_object_get(step, "outcome"), "said"), "notices");
}

void view_notice(const json_t *step, struct buf *out)
{
    const char *service = json_text(step, "service"), *target = json_text(step, "target");
    bool same = strcmp(service, target) == 0;
    buf_addf(out, "  %s%s%s: %s%s ", service, same ? "" : "/", same ? "" : target,
             strcmp(json_text(step, "direction"), "down") == 0 ? "undo of " : "", json_text(step, "migration"));
    text_add_printable(out, json_text(step, "name"), true);
    buf_addc(out, '\n');
    add_lines(out, notices_of(step));
}

void view_notices(const json_t *steps, struct buf *out)
{
    size_t i;
    const json_t *step;
    bool any = false;
    json_array_foreach(steps, i, step)
    {
        if (!*notices_of(step))
            continue;
        buf_adds(out, any ? "" : "\nWhat the databases said:\n");
        any = true;
        view_notice(step, out);
    }
}
