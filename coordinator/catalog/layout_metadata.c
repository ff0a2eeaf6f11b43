/* The metadata layout: one file with `-- @metadata {json}` in its first comments (the JSON may go on over several
 * comment lines), a line `-- UP` and, below it, perhaps a line `-- DOWN`.
 *
 * The version is what the file's name begins with (a leading V may stand before it): numbers joined by '.' or '-', or
 * by '_' where three or more digits follow (20240101_001_auth_users.sql is 20240101_001). The text that runs is the
 * section without the blank lines around it; what is in front of `-- UP` may only be comments. */
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "catalog/layout.h"

#define BLANKS " \t\r"
#define ESTIMATE_MAX_MS 1e12 /* thirty years */

/* A line `-- WORD` with nothing else; `line` ends at '\n' or NUL. */
static bool is_marker(const char *line, const char *word)
{
    if (line[0] != '-' || line[1] != '-')
        return false;
    line += 2 + strspn(line + 2, BLANKS);
    size_t len = strlen(word);
    if (strncmp(line, word, len) != 0)
        return false;
    line += len;
    line += strspn(line, BLANKS);
    return *line == 0 || *line == '\n';
}

static const char *find_marker(const char *text, const char *word)
{
    for (const char *p = text; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (is_marker(p, word))
            return p;
    }
    return NULL;
}

/* Behind the first "-- @metadata" from the line `text` on, or NULL; `head`: only among comments and blank lines. */
static const char *next_metadata(const char *text, bool head)
{
    while (text && *text) {
        const char *line = text + strspn(text, BLANKS);
        if (line[0] == '-' && line[1] == '-') {
            const char *word = line + 2 + strspn(line + 2, BLANKS);
            if (text_starts(word, "@metadata"))
                return word + strlen("@metadata");
        } else if (head && *line != '\n' && *line != 0) {
            return NULL;
        }
        const char *end = strchr(line, '\n');
        text = end ? end + 1 : NULL;
    }
    return NULL;
}

static const char *find_metadata(const char *text)
{
    return next_metadata(text, true);
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    (void)run;
    size_t len = strlen(file->base);
    if (len < strlen(".sql") || strcasecmp(file->base + len - strlen(".sql"), ".sql") != 0)
        return false;
    return find_metadata(file->text) || (find_marker(file->text, "UP") && find_marker(file->text, "DOWN"));
}

static int line_of(const char *text, const char *at)
{
    int line, column;
    text_position(text, (size_t)(at - text), &line, &column);
    return line;
}

/* Only blanks and comments of both kinds (no nesting) in [text, end). */
static bool is_blank(const char *text, const char *end)
{
    while (text < end) {
        if (strchr(" \t\r\n;", *text)) {
            text++;
        } else if (end - text >= 2 && text[0] == '-' && text[1] == '-') {
            while (text < end && *text != '\n' && *text != '\r')
                text++;
        } else if (end - text >= 2 && text[0] == '/' && text[1] == '*') {
            const char *close = strstr(text + 2, "*/");
            if (!close || close + 2 > end)
                return false;
            text = close + 2;
        } else {
            return false;
        }
    }
    return true;
}

/* The text of a section, in the arena: without blank lines before and blanks behind, with one newline at the end. */
static const char *section(struct layout_run *run, const struct folder_file *file, const char *text, const char *end,
                           size_t *ret_size, struct place *ret_place)
{
    for (const char *line = text; line < end;) {
        line += strspn(line, BLANKS);
        if (line >= end || *line != '\n')
            break;
        text = ++line;
    }
    while (end > text && strchr(" \t\r\n", end[-1]))
        end--;
    ret_place->first = line_of(file->text, text);
    char *copy = arena_alloc(run->arena, (size_t)(end - text) + 2);
    memcpy(copy, text, (size_t)(end - text));
    *ret_size = (size_t)(end - text);
    if (*ret_size)
        copy[(*ret_size)++] = '\n';
    return copy;
}

static const char *after_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

static bool read_sections(struct layout_run *run, const struct folder_file *file, struct entry *entry)
{
    const char *up = find_marker(file->text, "UP"), *down = find_marker(file->text, "DOWN");
    const char *end = file->text + file->size, *up_text = up ? after_line(up) : NULL;
    const char *wrong = NULL, *at = file->text;
    if (!up)
        wrong = "there is no line '-- UP'";
    else if (down && down < up)
        wrong = "'-- DOWN' stands in front of '-- UP'", at = down;
    else if (find_marker(up_text, "UP"))
        wrong = "a second line '-- UP'", at = find_marker(up_text, "UP");
    else if (down && find_marker(after_line(down), "DOWN"))
        wrong = "a second line '-- DOWN'", at = find_marker(after_line(down), "DOWN");
    else if (!is_blank(file->text, up))
        wrong = "there is SQL in front of '-- UP', which would never run";
    if (wrong) {
        finding_add(run->findings, ERROR, FINDING_METADATA, file->where, line_of(file->text, at),
                    "write the migration below a line '-- UP', its undo below a line '-- DOWN'", "%s", wrong);
        return false;
    }
    const char *up_end = down ? down : end;
    entry->up = section(run, file, up_text, up_end, &entry->up_size, &entry->up_place);
    entry->up_line = line_of(file->text, up);
    if (!down) {
        entry->no_undo = "there is no section -- DOWN";
        return true;
    }
    entry->no_undo_line = line_of(file->text, down);
    entry->down = section(run, file, after_line(down), end, &entry->down_size, &entry->down_place);
    entry->down_where = file->where;
    return true;
}

/* Fields of the JSON, declared once. */
enum field_kind { FIELD_TEXT, FIELD_TEXTS, FIELD_TRUTH, FIELD_NUMBER, FIELD_SIZE, FIELD_RISK, FIELD_POLICY };
static const struct field {
    const char *key;
    enum field_kind kind;
    const char *wants;
} fields[] = {
    {"author", FIELD_TEXT, "text"},
    {"description", FIELD_TEXT, "text"},
    {"breakingChange", FIELD_TRUTH, "true or false"},
    {"estimatedDuration", FIELD_NUMBER, "milliseconds, a number from 0 and below 1e12"},
    {"dataVolume", FIELD_SIZE, "\"small\", \"medium\" or \"large\""},
    {"risk", FIELD_RISK, "\"low\", \"medium\" or \"high\""},
    {"tags", FIELD_TEXTS, "a list of texts, none of them empty"},
    {"dependencies", FIELD_TEXTS, "a list of texts (\"service:version\" or \"version\")"},
    {"requiresDowntime", FIELD_TRUTH, "true or false"},
    {"affectedTables", FIELD_TEXTS, "a list of texts, none of them empty"},
    {"rollbackStrategy", FIELD_TEXT, "text"},
    {"category", FIELD_TEXT, "text"},
    {"transaction", FIELD_TRUTH, "true or false"},
    {"onFailure", FIELD_POLICY, "\"rollback-release\" or \"halt\""},
};

static bool one_of(const json_t *value, const char *a, const char *b, const char *c)
{
    const char *text = json_string_value(value);
    return text && (strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0);
}

static bool all_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_string_length(json_array_get(list, i)) == 0) /* of what is no text as well */
            return false;
    }
    return json_is_array(list);
}

static bool fits(enum field_kind kind, const json_t *value)
{
    enum failure_policy policy;
    switch (kind) {
    case FIELD_TEXT:
        return json_is_string(value);
    case FIELD_TEXTS:
        return all_texts(value);
    case FIELD_TRUTH:
        return json_is_boolean(value);
    case FIELD_NUMBER:
        return json_is_number(value) && json_number_value(value) >= 0 && json_number_value(value) < ESTIMATE_MAX_MS;
    case FIELD_SIZE:
        return one_of(value, "small", "medium", "large");
    case FIELD_RISK:
        return one_of(value, "low", "medium", "high");
    case FIELD_POLICY:
        return json_is_string(value) && failure_policy_parse(json_string_value(value), &policy);
    }
    return false;
}

static void check_field(struct layout_run *run, const struct folder_file *file, int line, const char *key,
                        const json_t *value)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strcmp(fields[i].key, key) != 0)
            continue;
        if (!fits(fields[i].kind, value))
            finding_add(run->findings, ERROR, FINDING_METADATA, file->where, line, "", "@metadata: %s has to be %s",
                        key,
                        fields[i].wants);
        return;
    }
    struct nearest nearest = nearest_to(key);
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        nearest_offer(&nearest, fields[i].key);
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, key, true);
    if (nearest.candidate)
        finding_add(run->findings, ERROR, FINDING_METADATA, file->where, line, "", "@metadata: unknown field '%s'; %s",
                    buf_text(&shown), nearest_hint(&nearest));
    else
        finding_add(run->findings, WARNING, FINDING_METADATA, file->where, line, "",
                    "@metadata: unknown field '%s' is not used", buf_text(&shown));
}

static char *text_field(struct arena *arena, const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? arena_strdup(arena, text) : NULL;
}

/* Categories are known in small letters, as those of folders. */
static const char *small_letters(char *text)
{
    for (char *p = text; p && *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    return text && *text ? text : NULL;
}

/* What nobody here decides by: shown as it is. */
static const char *details_of(struct arena *arena, const json_t *json)
{
    static const char *const keys[] = {"dataVolume", "tags", "affectedTables", "rollbackStrategy"};
    json_t *details = json_object();
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        json_t *value = json_object_get(json, keys[i]);
        bool says = json_is_array(value) ? json_array_size(value) > 0 : json_string_length(value) > 0;
        if (says)
            json_object_set(details, keys[i], value);
    }
    auto_free char *text = json_object_size(details) ? json_dumps(details, JSON_COMPACT) : NULL;
    json_decref(details);
    return text ? arena_strdup(arena, text) : NULL;
}

static void take_fields(struct layout_run *run, const struct folder_file *file, int line, json_t *json,
                        struct entry *entry)
{
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value)
        check_field(run, file, line, key, value);
    entry->author = text_field(run->arena, json, "author");
    entry->risk = text_field(run->arena, json, "risk");
    entry->category = small_letters(text_field(run->arena, json, "category"));
    entry->breaking = json_is_true(json_object_get(json, "breakingChange"));
    entry->no_transaction = json_is_false(json_object_get(json, "transaction"));
    entry->requires_downtime = json_is_true(json_object_get(json, "requiresDowntime"));
    double estimated = json_number_value(json_object_get(json, "estimatedDuration"));
    entry->estimated_ms = estimated > 0 && estimated < ESTIMATE_MAX_MS ? (int64_t)estimated : 0; /* else: a finding */
    entry->details = details_of(run->arena, json);
    const char *description = text_field(run->arena, json, "description");
    if (description && *description)
        entry->name = description;
    const char *policy = json_string_value(json_object_get(json, "onFailure"));
    entry->has_policy = policy && failure_policy_parse(policy, &entry->on_failure);
    const json_t *list = json_object_get(json, "dependencies");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && *text && strcmp(text, "none") != 0)
            reference_add(run->arena, &entry->references, arena_strdup(run->arena, text), file->where, line);
    }
}

/* The comment lines from `text` on, without their dashes. */
static void uncomment(const char *text, struct buf *out)
{
    for (;;) {
        size_t len = strcspn(text, "\n");
        buf_add(out, text, len);
        buf_addc(out, '\n');
        text += len + (text[len] == '\n');
        text += strspn(text, BLANKS);
        if (text[0] != '-' || text[1] != '-')
            return;
        text += 2;
    }
}

/* What nobody reads would be taken for said. */
static void check_once(struct layout_run *run, const struct folder_file *file, const char *start)
{
    const char *other = next_metadata(start ? after_line(start) : file->text, false);
    if (other)
        finding_add(run->findings, ERROR, FINDING_METADATA, file->where, line_of(file->text, other),
                    "keep one, in the comments at the head of the file",
                    start ? "a second -- @metadata" : "-- @metadata stands behind SQL, where it is not read");
}

static void read_metadata(struct layout_run *run, const struct folder_file *file, struct entry *entry)
{
    const char *start = find_metadata(file->text);
    check_once(run, file, start);
    if (!start)
        return;
    int line = line_of(file->text, start);
    auto_buf struct buf text = BUF_INIT(MIGRATION_MAX * 2);
    uncomment(start, &text);
    json_error_t error;
    json_t *json = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
    if (!json_is_object(json))
        finding_add(run->findings, ERROR, FINDING_METADATA, file->where, json ? line : line + error.line - 1,
                    "write one JSON object behind -- @metadata, each further line behind --", "@metadata: %s",
                    json ? "not a JSON object" : error.text);
    else
        take_fields(run, file, line, json, entry);
    json_decref(json);
}

/* How much of the name is the version; see the head of this file. */
static size_t version_length(const char *name)
{
    size_t len = strspn(name, "0123456789");
    while (len && name[len]) {
        size_t more = strspn(name + len + 1, "0123456789");
        char after = more ? name[len + 1 + more] : 'x';
        bool whole = after == 0 || after == '_' || after == '.' || after == '-';
        size_t least = name[len] == '_' ? 3 : 1;
        if (!strchr("._-", name[len]) || more < least || !whole)
            break;
        len += 1 + more;
    }
    return len;
}

static bool read_name(struct layout_run *run, const struct folder_file *file, struct entry *entry)
{
    char *name = arena_strndup(run->arena, file->base, strlen(file->base) - strlen(".sql"));
    if (*name == 'V' || *name == 'v')
        name++;
    size_t len = version_length(name);
    if (len == 0) {
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0,
                    "begin its name with a version, as 20240115_name.sql", "the file's name begins with no version");
        return false;
    }
    entry->version = entry->order = arena_strndup(run->arena, name, len);
    entry->name = name + len + strspn(name + len, "_-.");
    return true;
}

static void read_all(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        struct entry entry = {.file = file};
        if (!claims(run, file) || !read_name(run, file, &entry))
            continue;
        read_metadata(run, file, &entry);
        if (read_sections(run, file, &entry))
            *layout_add(run) = entry;
    }
}

const struct layout layout_metadata = {
    .name = "metadata",
    .prose = "-- @metadata {...}, -- UP, -- DOWN",
    .claims = claims,
    .read = read_all,
    .up_part = "the section -- UP",
    .down_part = "the section -- DOWN",
};
