/* The live view of a release: one line for each service. PURE: given a summary, the terminal's size and the time. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

#define BAR 16
#define BAR_NARROW 6 /* on terminals of less than 80 columns, and beside long names */
#define WORDS_LEAST 9 /* columns for what a service does: "waiting" */
#define NAME_LEAST 8
#define GREEN "\x1b[32m"
#define RED "\x1b[31m"
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"

static bool state_is(const json_t *summary, enum release_state state)
{
    return strcmp(json_text(summary, "state"), release_state_text(state)) == 0;
}

/* ---- one service ---- */

struct progress {
    json_int_t total, done, failed, running, unknown;
};

static struct progress progress_of(const json_t *service, const char *leg)
{
    const json_t *counts = json_object_get(service, leg);
    return (struct progress){.total = json_number(counts, "total"),
                             .done = json_number(counts, "done") + json_number(counts, "already"),
                             .failed = json_number(counts, "failed"),
                             .running = json_number(counts, "running"),
                             .unknown = json_number(counts, "unknown")};
}

/* The target that something was sent to; best one whose worker says that it is at it. NULL: none. */
static const json_t *current_of(const json_t *service)
{
    size_t i;
    const json_t *target, *found = NULL;
    json_array_foreach(json_object_get(service, "targets"), i, target)
    {
        bool sent = json_is_object(json_object_get(target, "current"));
        if (sent && json_is_true(json_object_get(target, "working")))
            return target;
        found = sent && !found ? target : found;
    }
    return found;
}

/* Only who is at it applies; before that it is on its way. */
static void add_current(const json_t *target, const char *up_word, struct buf *out)
{
    const json_t *current = json_object_get(target, "current");
    buf_addf(out, "%s %s %s", json_is_true(json_object_get(target, "working")) ? up_word : "sent:",
             json_text(current, "migration"), json_text(current, "name"));
}

/* What a worker says keeps it from going on; "" when nothing. */
static const char *problem_of(const json_t *service)
{
    size_t i;
    const json_t *target;
    json_array_foreach(json_object_get(service, "targets"), i, target)
    {
        if (*json_text(target, "problem"))
            return json_text(target, "problem");
    }
    return "";
}

static void add_waits(const json_t *service, struct buf *out)
{
    const json_t *waits = json_object_get(service, "waitsFor");
    size_t i, count = json_array_size(waits);
    buf_adds(out, "waits for ");
    for (i = 0; i < count && i < 3; i++)
        buf_addf(out, "%s%s", i ? ", " : "", json_string_value(json_array_get(waits, i)));
    if (count > 3)
        buf_addf(out, " and %zu more", count - 3);
}

static void add_back(const struct progress *back, struct buf *out)
{
    if (back->failed)
        buf_adds(out, "undo failed");
    else if (back->unknown)
        buf_adds(out, "no answer");
    else
        buf_addf(out, "undone %lld/%lld", (long long)back->done, (long long)back->total);
}

/* What the service does now, in a few words. */
static void add_doing(const json_t *service, const char *up_word, struct buf *out)
{
    struct progress forward = progress_of(service, "forward"), back = progress_of(service, "back");
    const json_t *current = current_of(service);
    if (back.total)
        add_back(&back, out);
    else if (forward.failed)
        buf_adds(out, "failed");
    else if (forward.unknown)
        buf_adds(out, "no answer yet");
    else if (forward.total == 0)
        buf_adds(out, "nothing to do");
    else if (forward.done == forward.total)
        buf_adds(out, "done");
    else if (*problem_of(service))
        buf_addf(out, "held up: %s", problem_of(service));
    else if (current)
        add_current(current, up_word, out);
    else if (json_array_size(json_object_get(service, "waitsFor")) > 0)
        add_waits(service, out);
    else
        buf_adds(out, "waiting");
}

static void add_bar(const struct progress *forward, int width, struct buf *out)
{
    json_int_t filled = forward->total ? forward->done * width / forward->total : width;
    for (json_int_t i = 0; i < width; i++)
        buf_adds(out, i < filled ? "\xe2\x96\x88" : "\xe2\x96\x91");
}

static void add_elapsed(const json_t *service, int64_t now_us, bool open, struct buf *out)
{
    char text[CLOCK_TEXT_SIZE];
    json_int_t started = json_number(service, "startedAtUs"), finished = json_number(service, "finishedAtUs");
    struct progress forward = progress_of(service, "forward");
    int64_t end = open && forward.done < forward.total && !forward.failed ? now_us : finished;
    buf_addf(out, "%9s", started > 0 && end > started ? clock_duration(end - started, text) : "");
}

static const char *colour_of(const json_t *service)
{
    struct progress forward = progress_of(service, "forward"), back = progress_of(service, "back");
    if (forward.failed || back.failed || forward.unknown || back.unknown)
        return RED;
    if (forward.running || back.running)
        return "";
    return forward.done == forward.total && forward.total ? GREEN : DIM;
}

/* As much as takes at most `room` columns, whole words with an ellipsis behind them; a single long word is cut. */
static void add_cut(struct buf *out, const char *text, int room)
{
    int at = 0, word = 0;
    for (int columns = 0; text[at]; at++) {
        if (((unsigned char)text[at] & 0xc0) == 0x80)
            continue;
        if (columns++ >= room)
            break;
        if (text[at] == ' ' && columns < room)
            word = at;
    }
    if (!text[at])
        buf_adds(out, text);
    else if (word)
        buf_addf(out, "%.*s \xe2\x80\xa6", word, text); /* an ellipsis */
    else
        buf_addf(out, "%.*s", at, text);
}

/* The first word for a release that goes up, the second for one that goes down, the third for one that records. */
static const char *word_of(const json_t *summary, const char *up, const char *down, const char *records)
{
    const char *direction = json_text(summary, "direction");
    return strcmp(direction, "down") == 0 ? down : strcmp(direction, "adopt") == 0 ? records : up;
}

/* How one line of the screen is divided; what is in it never takes more than the screen's width. */
struct columns {
    int name, bar, words;
};

static struct columns columns_of(const struct view_style *style, int widest)
{
    const int rest = 2 + 2 + 2 + 9 + 9 + 2 + 1; /* blanks and numbers */
    struct columns columns = {.name = widest, .bar = style->width < 80 ? BAR_NARROW : BAR};
    if (style->width - rest - columns.bar - columns.name < WORDS_LEAST)
        columns.bar = BAR_NARROW;
    int room = style->width - rest - columns.bar - WORDS_LEAST;
    if (columns.name > room)
        columns.name = room > NAME_LEAST ? room : NAME_LEAST;
    columns.words = style->width - rest - columns.bar - columns.name;
    return columns;
}

/* A service's name, padded; where it is too long, as many of its parts as there is room for, and an ellipsis. */
static void add_name(struct buf *out, const char *name, int width)
{
    int len = (int)strlen(name), part = width - 1;
    if (len <= width) {
        buf_addf(out, "%-*s", width, name);
        return;
    }
    for (int at = 1; at < width; at++) {
        if (name[at - 1] == '-' || name[at - 1] == '_')
            part = at;
    }
    buf_addf(out, "%.*s\xe2\x80\xa6%*s", part, name, width - part - 1, "");
}

static void service_line(const json_t *summary, const json_t *service, const struct view_style *style,
                         const struct columns *columns, struct buf *out)
{
    struct progress forward = progress_of(service, "forward");
    bool open = json_is_null(json_object_get(summary, "endedAtUs"));
    const char *colour = style->colour ? colour_of(service) : "";
    struct buf doing = BUF_INIT(4096), shown = BUF_INIT(4096);
    add_doing(service, word_of(summary, "applies", "undoes", "records"), &doing);
    text_add_printable(&shown, buf_text(&doing), true);
    buf_addf(out, "  %s", colour);
    add_name(out, json_text(service, "service"), columns->name);
    buf_adds(out, "  ");
    add_bar(&forward, columns->bar, out);
    buf_addf(out, "  %4lld/%-4lld", (long long)forward.done, (long long)forward.total);
    add_elapsed(service, style->now_us, open, out);
    buf_adds(out, "  ");
    add_cut(out, buf_text(&shown), columns->words);
    buf_addf(out, "%s\n", *colour ? PLAIN : "");
    buf_release(&doing);
    buf_release(&shown);
}

/* ---- the whole ---- */

static int widest_name(const json_t *services)
{
    size_t i;
    const json_t *service;
    int width = 8;
    json_array_foreach(services, i, service)
    {
        int len = (int)strlen(json_text(service, "service"));
        width = len > width ? len : width;
    }
    return width;
}

static bool at_rest(const json_t *service)
{
    struct progress forward = progress_of(service, "forward"), back = progress_of(service, "back");
    bool done = forward.done == forward.total || (back.total && back.done == back.total);
    bool idle = !forward.running && !back.running && !forward.done && !forward.failed;
    return (done || idle) && !forward.unknown && !back.unknown;
}

size_t view_lines(const json_t *summary, const struct view_style *style, struct buf *out)
{
    const json_t *services = json_object_get(summary, "services"), *service;
    char elapsed[CLOCK_TEXT_SIZE];
    json_int_t accepted = json_number(summary, "acceptedAtUs"), ended = json_number(summary, "endedAtUs");
    size_t i, lines = 1, hidden = 0, room = style->height > 6 ? (size_t)style->height - 4 : 3;
    bool all = json_array_size(services) <= room;
    struct columns columns = columns_of(style, widest_name(services));
    auto_buf struct buf head = BUF_INIT(4096);
    buf_addf(&head, "release %s  %s  %s", json_text(summary, "id"), json_text(summary, "state"),
             clock_duration((ended ? ended : style->now_us) - accepted, elapsed));
    add_cut(out, buf_text(&head), style->width - 1);
    buf_addc(out, '\n');
    json_array_foreach(services, i, service)
    {
        if (!all && (at_rest(service) || lines > room)) {
            hidden++;
            continue;
        }
        service_line(summary, service, style, &columns, out);
        lines++;
    }
    if (hidden) {
        buf_addf(out, "  and %zu services that are done or wait\n", hidden);
        lines++;
    }
    return lines;
}

/* ---- plain lines ---- */

static const json_t *same_service(const json_t *summary, const char *name)
{
    size_t i;
    const json_t *service;
    json_array_foreach(json_object_get(summary, "services"), i, service)
    {
        if (strcmp(json_text(service, "service"), name) == 0)
            return service;
    }
    return NULL;
}

static bool same_numbers(const json_t *a, const json_t *b)
{
    struct progress x = progress_of(a, "forward"), y = progress_of(b, "forward");
    struct progress u = progress_of(a, "back"), v = progress_of(b, "back");
    return x.total == y.total && x.done == y.done && x.failed == y.failed && x.unknown == y.unknown &&
           u.total == v.total && u.done == v.done && u.failed == v.failed && u.unknown == v.unknown;
}

static void change_line(const json_t *summary, const json_t *service, struct buf *out)
{
    struct progress forward = progress_of(service, "forward"), back = progress_of(service, "back");
    const char *verb = word_of(summary, "applied", "undone", "recorded");
    buf_addf(out, "%s: %lld of %lld %s", json_text(service, "service"), (long long)forward.done,
             (long long)forward.total, verb);
    if (forward.failed)
        buf_addf(out, ", %lld failed", (long long)forward.failed);
    if (forward.unknown)
        buf_addf(out, ", %lld without an answer", (long long)forward.unknown);
    if (back.total)
        buf_addf(out, ", %lld of %lld undone", (long long)back.done, (long long)back.total);
    if (back.failed)
        buf_addf(out, ", %lld undo failed", (long long)back.failed);
    buf_addc(out, '\n');
}

static bool is_told(const json_t *summary, const json_t *notice)
{
    size_t i;
    const json_t *other;
    json_array_foreach(json_object_get(summary, "notices"), i, other)
    {
        if (json_number(other, "ordinal") == json_number(notice, "ordinal"))
            return true;
    }
    return false;
}

void view_changes(const json_t *before, const json_t *now, struct buf *out)
{
    size_t i;
    const json_t *service;
    json_array_foreach(json_object_get(now, "services"), i, service)
    {
        const json_t *old = same_service(before, json_text(service, "service"));
        struct progress forward = progress_of(service, "forward"), back = progress_of(service, "back");
        bool moved = forward.done || forward.failed || back.total || forward.unknown;
        if (old ? !same_numbers(old, service) : moved)
            change_line(now, service, out);
    }
    json_array_foreach(json_object_get(now, "notices"), i, service)
    {
        if (!is_told(before, service))
            view_notice(service, out);
    }
    bool same_state = before && strcmp(json_text(before, "state"), json_text(now, "state")) == 0;
    if (!same_state && !state_is(now, RELEASE_RUNNING))
        buf_addf(out, "release %s: %s\n", json_text(now, "id"), json_text(now, "state"));
}
