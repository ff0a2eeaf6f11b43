/* The lines of sqitch.plan (lib/App/Sqitch/Plan.pm: _parse). */
#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "catalog/sqitch.h"

#define BLANKS " \t"
#define PUNCT "-!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"

struct reading {
    struct layout_run *run;
    const struct folder_file *file;
    struct sqitch_plan *plan;
    size_t section; /* the first change behind the last tag */
    bool failed;
};

static void fail(struct reading *reading, int line, const char *hint, const char *text)
{
    if (!reading->failed)
        finding_add(reading->run->findings, ERROR, FINDING_SQITCH, reading->file->where, line, hint, "%s", text);
    reading->failed = true;
}

/* Plan.pm: $name_re. Digits alone behind a sign such as ~ or / would mean something else. */
static bool is_name(const char *text, size_t len)
{
    if (len == 0 || strchr(PUNCT, text[0]) || strchr(PUNCT, text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (isspace((unsigned char)text[i]) || strchr(":@#\\[]", text[i]))
            return false;
    }
    size_t digits = len;
    while (digits && isdigit((unsigned char)text[digits - 1]))
        digits--;
    return digits == len || digits == 0 || !strchr("~/=%^", text[digits - 1]);
}

static bool is_id(const char *text, size_t len)
{
    return len == 40 && strspn(text, "0123456789abcdef") >= 40;
}

static const char *take_text(struct reading *reading, const char *text, size_t len)
{
    return arena_strndup(reading->run->arena, text, len);
}

/* 2012-07-16T17:25:07Z; 0: none. */
static size_t date_length(const char *text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return 0;
    }
    return strlen(form);
}

/* Plan/Line.pm: \n, \r and \\ are written as such. */
static const char *take_note(struct reading *reading, const char *text)
{
    text += strspn(text, BLANKS "\r\v\f");
    char *note = arena_strdup(reading->run->arena, text), *out = note;
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && p[1] && strchr("\\nr", p[1])) {
            p++;
            *out++ = *p == 'n' ? '\n' : *p == 'r' ? '\r' : '\\';
        } else {
            *out++ = *p;
        }
    }
    while (out > note && isspace((unsigned char)out[-1]))
        out--;
    *out = 0;
    return note;
}

/* Date and planner; false: a finding. */
static bool take_origin(struct reading *reading, const char *text, struct sqitch_origin *origin)
{
    size_t date = date_length(text);
    if (date == 0) {
        fail(reading, origin->line, "write NAME [DEPENDENCIES] 2024-01-15T09:30:00Z Planner <address>",
             "no name, or no date, that can be read");
        return false;
    }
    origin->date = take_text(reading, text, date);
    text += date + strspn(text + date, BLANKS);
    size_t name = strcspn(text, "<"), email = text[name] ? strcspn(text + name + 1, ">") : 0;
    const char *close = text[name] ? text + name + 1 + email : text;
    bool closed = *close == '>' && close[1 + strspn(close + 1, BLANKS)] == 0;
    if (name < 2 || !strchr(BLANKS, text[name - 1]) || email == 0 || !closed) {
        fail(reading, origin->line, "write the planner as Name <address>",
             "no planner's name and address behind the date");
        return false;
    }
    origin->name = take_text(reading, text, name - 1);
    origin->email = take_text(reading, text + name + 1, email);
    return true;
}

static bool take_depend(struct reading *reading, const char *text, int line, struct sqitch_depend *ret)
{
    const char *colon = strchr(text, ':'), *at;
    *ret = (struct sqitch_depend){.change = ""};
    if (colon) {
        ret->project = take_text(reading, text, (size_t)(colon - text));
        if (!is_name(text, (size_t)(colon - text)))
            goto wrong;
    }
    const char *rest = colon ? colon + 1 : text;
    if (ret->project && strcmp(ret->project, reading->plan->project) == 0)
        ret->project = NULL;
    ret->text = ret->project ? text : rest;
    at = strchr(rest, '@');
    if (is_id(rest, strlen(rest))) {
        ret->id = rest;
        return true;
    }
    ret->change = take_text(reading, rest, at ? (size_t)(at - rest) : strlen(rest));
    ret->tag = at ? at + 1 : NULL;
    bool good_change = *ret->change ? is_name(ret->change, strlen(ret->change)) : at != NULL;
    if (good_change && (!at || is_name(at + 1, strlen(at + 1))))
        return true;
wrong:
    fail(reading, line, "write change, change@tag, @tag or project:change, with ! in front of what it conflicts with",
         "a dependency that cannot be read");
    return false;
}

static bool take_depends(struct reading *reading, const char *text, size_t len, int line, struct sqitch_change *change)
{
    size_t room = len / 2 + 1;
    change->requires.items = arena_array(reading->run->arena, room, sizeof *change->requires.items);
    change->conflicts.items = arena_array(reading->run->arena, room, sizeof *change->conflicts.items);
    for (const char *end = text + len; text < end;) {
        text += strspn(text, BLANKS);
        size_t size = strcspn(text, BLANKS "]");
        if (text >= end || size == 0)
            break;
        bool conflict = *text == '!';
        struct sqitch_depends *list = conflict ? &change->conflicts : &change->requires;
        const char *word = take_text(reading, text + conflict, size - conflict);
        for (size_t i = 0; i < list->count; i++) {
            if (strcmp(list->items[i].text, word) == 0)
                fail(reading, line, "", "the same dependency twice");
        }
        if (reading->failed || !take_depend(reading, word, line, &list->items[list->count]))
            return false;
        list->count++;
        text += size;
    }
    return true;
}

static size_t change_named(const struct sqitch_plan *plan, const char *name, size_t from)
{
    size_t i = plan->change_count;
    while (i > from && strcmp(plan->changes[i - 1].name, name) != 0)
        i--;
    return i;
}

static void add_change(struct reading *reading, struct sqitch_change change)
{
    struct sqitch_plan *plan = reading->plan;
    if (change_named(plan, change.name, reading->section) > reading->section) {
        fail(reading, change.origin.line, "rework it behind a tag", "the change stands twice without a tag between");
        return;
    }
    size_t earlier = change_named(plan, change.name, 0);
    for (size_t i = plan->tag_count; earlier && i-- > 0;) {
        if (plan->tags[i].change >= earlier - 1)
            plan->changes[earlier - 1].rework_tag = plan->tags[i].name;
    }
    *arena_add(reading->run->arena, plan->changes, plan->change_count, plan->change_room) = change;
}

static void add_tag(struct reading *reading, struct sqitch_tag tag)
{
    struct sqitch_plan *plan = reading->plan;
    if (plan->change_count == 0)
        fail(reading, tag.origin.line, "", "a tag in front of the first change");
    if (strchr(tag.name, '/'))
        fail(reading, tag.origin.line, "", "a tag with a '/' in its name");
    for (size_t i = 0; i < plan->tag_count; i++) {
        if (strcmp(plan->tags[i].name, tag.name) == 0)
            fail(reading, tag.origin.line, "", "the tag stands twice");
    }
    if (reading->failed)
        return;
    tag.change = plan->change_count - 1;
    *arena_add(reading->run->arena, plan->tags, plan->tag_count, plan->tag_room) = tag;
    reading->section = plan->change_count;
}

static void take_entry(struct reading *reading, const char *text, const char *note, int line)
{
    bool is_tag = *text == '@', reverts = *text == '-';
    struct sqitch_change change = {.origin = {.note = note, .line = line}};
    if (*text == '@')
        text++;
    else if (*text == '+' || *text == '-')
        text += 1 + strspn(text + 1, BLANKS);
    size_t len = strcspn(text, BLANKS "[");
    change.name = take_text(reading, text, len);
    bool reserved = strcmp(change.name, "ROOT") == 0 || strcmp(change.name, "HEAD") == 0;
    if (reserved || !is_name(text, len) || is_id(text, 40)) {
        fail(reading, line, "names begin and end with a letter, digit or _, and hold none of @ : # \\ [ ] or blanks",
             "not the name of a change or tag");
        return;
    }
    text += len + strspn(text + len, BLANKS);
    if (*text == '[') {
        size_t size = strcspn(text + 1, "]");
        if (!text[1 + size] || is_tag)
            fail(reading, line, "", is_tag ? "a tag with dependencies" : "dependencies without a ']'");
        else if (take_depends(reading, text + 1, size, line, &change))
            text += size + 2, text += strspn(text, BLANKS);
    }
    if (reverts)
        fail(reading, line, "revert it with `greylag down`", "a change with '-' in front is known but not built");
    if (reading->failed || !take_origin(reading, text, &change.origin))
        return;
    if (is_tag)
        add_tag(reading, (struct sqitch_tag){.name = change.name, .origin = change.origin});
    else
        add_change(reading, change);
}

static void take_pragma(struct reading *reading, const char *text, int line)
{
    size_t len = strcspn(text, "=" BLANKS);
    const char *value = text + len + strspn(text + len, BLANKS);
    if (*value == '=')
        value += 1 + strspn(value + 1, BLANKS);
    if (len == strlen("project") && strncmp(text, "project", len) == 0) {
        reading->plan->project = value;
        if (!is_name(value, strlen(value)))
            fail(reading, line, "", "not a name of a project");
    } else if (len == strlen("uri") && strncmp(text, "uri", len) == 0) {
        reading->plan->uri = value;
    }
}

/* The line without its end, blanks in front and the note, which is *ret_note. */
static char *cut_line(struct reading *reading, const struct line *line, const char **ret_note)
{
    char *text = arena_strndup(reading->run->arena, line->text, line->len);
    size_t len = line->len;
    if (len && text[len - 1] == '\r')
        text[--len] = 0;
    char *note = strchr(text, '#');
    *ret_note = note ? take_note(reading, note + 1) : "";
    len = note ? (size_t)(note - text) : len;
    while (len && strchr(BLANKS, text[len - 1]))
        len--;
    text[len] = 0;
    return text + strspn(text, BLANKS);
}

/* Pragmas come first, up to the first blank line. */
static void take_line(struct reading *reading, const struct line *line, bool *header)
{
    const char *note;
    const char *text = cut_line(reading, line, &note);
    if (*text == 0)
        *header &= *note != 0;
    else if (*header && *text == '%')
        take_pragma(reading, text + 1 + strspn(text + 1, BLANKS), line->number);
    else if (*header)
        fail(reading, line->number, "a blank line comes between pragmas and changes", "not a pragma (%project=name)");
    else
        take_entry(reading, text, note, line->number);
    if (!*header && !reading->plan->project)
        fail(reading, line->number, "write %project=name into the first lines", "the plan names no project");
}

const struct sqitch_change *sqitch_plan_find(const struct sqitch_plan *plan, const char *change, const char *tag,
                                             size_t before)
{
    if (tag) {
        size_t i = 0;
        while (i < plan->tag_count && strcmp(plan->tags[i].name, tag) != 0)
            i++;
        if (i == plan->tag_count || plan->tags[i].change >= before)
            return NULL;
        before = plan->tags[i].change + 1;
        if (!*change)
            return &plan->changes[before - 1];
    }
    while (before > 0 && strcmp(plan->changes[before - 1].name, change) != 0)
        before--;
    return before ? &plan->changes[before - 1] : NULL;
}

/* Plan.pm: check_changes. What another project's change is, is found out when all services are read. */
static void check_requires(struct reading *reading)
{
    const struct sqitch_plan *plan = reading->plan;
    for (size_t i = 0; i < plan->change_count; i++) {
        for (size_t k = 0; k < plan->changes[i].requires.count; k++) {
            const struct sqitch_depend *depend = &plan->changes[i].requires.items[k];
            if (!depend->project && !depend->id && !sqitch_plan_find(plan, depend->change, depend->tag, i))
                finding_add(reading->run->findings, ERROR, FINDING_SQITCH, reading->file->where,
                            plan->changes[i].origin.line,
                            "name a change that stands above it", "%s requires %s, which is no change above it",
                            plan->changes[i].name, depend->text);
        }
    }
}

bool sqitch_plan_read(struct layout_run *run, const struct folder_file *file, struct sqitch_plan *ret_plan)
{
    *ret_plan = (struct sqitch_plan){.project = NULL};
    struct reading reading = {.run = run, .file = file, .plan = ret_plan};
    struct line line = {.next = file->text};
    bool header = true;
    while (!reading.failed && line_next(&line))
        take_line(&reading, &line, &header);
    if (!ret_plan->project)
        fail(&reading, 0, "write %project=name into the first lines", "the plan names no project");
    if (reading.failed)
        return false;
    check_requires(&reading);
    sqitch_set_ids(run, ret_plan);
    return true;
}
