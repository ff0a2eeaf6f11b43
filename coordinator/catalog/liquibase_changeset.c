/* One changeset: its attributes, its SQL, what undoes it. */
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "catalog/liquibase_reading.h"

#define BLANKS " \t\r\v\f"
#define ID_MAX 512

void reading_fail(struct reading *reading, int line, const char *hint, const char *text)
{
    if (!reading->failed)
        finding_add(reading->run->findings, ERROR, FINDING_LIQUIBASE, reading->file->where, line, hint, "%s", text);
    reading->failed = true;
}

void reading_refuse(struct reading *reading, int line, const char *why)
{
    if (reading->changeset.refused)
        return;
    reading->changeset.refused = why;
    reading->changeset.refused_line = line;
}

const char *reading_expand(struct reading *reading, const char *text)
{
    return liquibase_expand(&reading->properties, reading->run, reading->file, text);
}

/* ---- attributes of a changeset ---- */

static bool is_true(const char *value)
{
    return strcasecmp(value, "true") == 0;
}

static void set_path(struct reading *reading, const char *value)
{
    value = reading_expand(reading, value);
    if (text_starts(value, "classpath:"))
        value += strlen("classpath:");
    reading->changeset.path = value + strspn(value, "/");
}

static void set_ignore(struct reading *reading, const char *value)
{
    reading->changeset.ignored = is_true(value);
}

static void set_on_change(struct reading *reading, const char *value)
{
    reading->changeset.on_change = is_true(value);
}

static void set_always(struct reading *reading, const char *value)
{
    if (is_true(value))
        reading_refuse(reading, reading->changeset.line, "runAlways:true means at every update");
}

static void set_transaction(struct reading *reading, const char *value)
{
    reading->changeset.outside = !is_true(value);
}

static void set_fail_on_error(struct reading *reading, const char *value)
{
    if (!is_true(value))
        reading_refuse(reading, reading->changeset.line, "failOnError:false means that its errors do not count");
}

static void set_run_with(struct reading *reading, const char *value)
{
    (void)value;
    reading_refuse(reading, reading->changeset.line, "runWith names another program that is to run it");
}

static void set_dbms(struct reading *reading, const char *value)
{
    reading->changeset.dbms = reading_expand(reading, value);
}

static void set_context(struct reading *reading, const char *value)
{
    const struct liquibase_keys *keys = reading->run->file ? reading->run->file->liquibase : NULL;
    reading->changeset.contexts = reading_expand(reading, value);
    if (*value && (!(keys && keys->every_context && *keys->every_context) || strchr(value, '@')))
        reading_refuse(reading, reading->changeset.line,
               "its context says where it runs, which is not built (`liquibase: {every_context: true}` runs it "
               "everywhere)");
}

static void set_labels(struct reading *reading, const char *value)
{
    reading->changeset.labels = reading_expand(reading, value);
}

static void set_delimiter(struct reading *reading, const char *value)
{
    reading->changeset.delimiter = value;
}

static void set_rollback_delimiter(struct reading *reading, const char *value)
{
    reading->changeset.rollback_delimiter = value;
}

/* What does not matter here: the SQL runs as it is. */
static void set_nothing(struct reading *reading, const char *value)
{
    (void)reading;
    (void)value;
}

static const struct attribute {
    const char *key;
    void (*set)(struct reading *reading, const char *value);
} attributes[] = {
    {"logicalFilePath", set_path},
    {"ignore", set_ignore},
    {"runOnChange", set_on_change},
    {"runAlways", set_always},
    {"runInTransaction", set_transaction},
    {"failOnError", set_fail_on_error},
    {"runWith", set_run_with},
    {"runWithSpoolFile", set_run_with},
    {"dbms", set_dbms},
    {"context", set_context},
    {"contextFilter", set_context},
    {"labels", set_labels},
    {"endDelimiter", set_delimiter},
    {"rollbackEndDelimiter", set_rollback_delimiter},
    {"splitStatements", set_nothing},
    {"rollbackSplitStatements", set_nothing},
    {"stripComments", set_nothing},
};

static void take_attribute(struct reading *reading, const struct liquibase_attribute *attribute)
{
    for (size_t i = 0; i < COUNT_OF(attributes); i++) {
        if (strcasecmp(attributes[i].key, attribute->key) == 0) {
            attributes[i].set(reading, attribute->value);
            return;
        }
    }
    struct nearest nearest = nearest_to(attribute->key);
    for (size_t i = 0; i < COUNT_OF(attributes); i++)
        nearest_offer(&nearest, attributes[i].key);
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, attribute->key, true);
    finding_add(reading->run->findings, WARNING, FINDING_LIQUIBASE, reading->file->where, reading->changeset.line, "",
                "no such attribute: '%s' does nothing%s%s", buf_text(&shown), nearest.candidate ? "; " : "",
                nearest_hint(&nearest));
}

/* The author or id in front of `end`, maybe in quotes; *text is moved behind it. NULL: nothing there. */
static const char *take_name(struct reading *reading, const char **text, const char *end)
{
    const char *p = *text, *close = *p == '"' ? strchr(p + 1, '"') : NULL;
    size_t len = close ? (size_t)(close - p - 1) : strcspn(p, end);
    *text = close ? close + 1 : p + len;
    return len ? reading_expand(reading, arena_strndup(reading->run->arena, close ? p + 1 : p, len)) : NULL;
}

void changeset_open(struct reading *reading, const char *rest, int number)
{
    changeset_close(reading);
    struct changeset *changeset = &reading->changeset;
    *changeset = (struct changeset){.line = number, .checks = SCRIPT_INIT, .up = SCRIPT_INIT, .down = SCRIPT_INIT};
    reading->open = reading->started = true;
    const char *text = rest + strspn(rest, BLANKS);
    changeset->author = text > rest ? take_name(reading, &text, ":") : NULL;
    if (changeset->author && *text == ':')
        changeset->id = text++, changeset->id = take_name(reading, &text, BLANKS);
    if (!changeset->id) {
        reading_fail(reading, number, "write --changeset author:id, without a blank behind the ':'",
                     "no author and id behind --changeset");
        return;
    }
    struct liquibase_attribute attribute;
    while (liquibase_attribute(&text, reading->run->arena, &attribute))
        take_attribute(reading, &attribute);
}

/* ---- the end of a changeset ---- */

static const char *path_of(const struct reading *reading)
{
    const struct liquibase_keys *keys = reading->run->file ? reading->run->file->liquibase : NULL;
    if (reading->changeset.path)
        return reading->changeset.path;
    if (reading->logical_path)
        return reading->logical_path;
    return arena_printf(reading->run->arena, "%s%s", keys && keys->path_prefix ? keys->path_prefix : "",
                        reading->file->path);
}

static const char *delimited(struct reading *reading, const char *text, const char *delimiter, size_t *size)
{
    if (delimiter && !liquibase_delimiter_is_plain(delimiter)) {
        reading_refuse(reading, reading->changeset.line, "its end delimiter is a regular expression");
        return text;
    }
    text = liquibase_delimit(reading_expand(reading, text), delimiter, reading->run->arena);
    *size = strlen(text);
    return text;
}

static void borrow(struct reading *reading, const char *text, int line)
{
    struct layout_run *run = reading->run;
    const char *id = NULL, *author = NULL, *path = NULL;
    struct liquibase_attribute attribute;
    char *one_line = arena_strdup(run->arena, text);
    for (char *p = one_line; (p = strchr(p, '\n'));)
        *p = ' ';
    for (const char *at = one_line; liquibase_attribute(&at, run->arena, &attribute);) {
        if (strcasecmp(attribute.key, "changesetId") == 0)
            id = attribute.value;
        else if (strcasecmp(attribute.key, "changesetAuthor") == 0)
            author = attribute.value;
        else if (strcasecmp(attribute.key, "changesetPath") == 0)
            path = attribute.value;
    }
    if (!id || !author || !*id || !*author) {
        reading_fail(reading, line, "write --rollback changesetId:ID changesetAuthor:AUTHOR",
                     "the changeset to roll back to is not named");
        return;
    }
    const char *from = path ? path : path_of(reading);
    *array_add(reading->borrowed, reading->borrowed_count, reading->borrowed_room) =
        (struct borrowed){run->count, arena_printf(run->arena, "%s::%s::%s", from, id, author), line};
}

/* handleRollbackSequence: what the lines behind --rollback say. */
static void set_rollback(struct reading *reading, struct entry *entry)
{
    struct changeset *changeset = &reading->changeset;
    size_t size;
    struct place place;
    const char *text = script_end(&changeset->down, reading->run->arena, &size, &place);
    const char *word = text + strspn(text, BLANKS);
    if (size == 0) {
        entry->no_undo = "the changeset has no --rollback";
        return;
    }
    entry->down_where = reading->file->where;
    entry->down_place = place;
    entry->down = "";
    bool nothing = strncasecmp(word, "not required", strlen("not required")) == 0;
    entry->undo_is_nothing = nothing || strncasecmp(word, "empty", strlen("empty")) == 0;
    if (entry->undo_is_nothing)
        return;
    if (strcasestr(text, "changesetid")) {
        borrow(reading, reading_expand(reading, text), place.first);
        return;
    }
    entry->down_size = size;
    entry->down = delimited(reading, text, changeset->rollback_delimiter, &entry->down_size);
}

/* In one script with the checks in front: what is there is the place of every line. */
static void set_sql(struct reading *reading, struct entry *entry)
{
    struct changeset *changeset = &reading->changeset;
    entry->up = script_end(&changeset->up, reading->run->arena, &entry->up_size, &entry->up_place);
    entry->up = delimited(reading, entry->up, changeset->delimiter, &entry->up_size);
    if (changeset->checks.count == 0)
        return;
    auto_script struct script whole = SCRIPT_INIT;
    struct line line = {.next = buf_text(&changeset->checks.text)};
    while (line_next(&line))
        script_add(&whole, line.text, line.len, changeset->checks.lines[line.number - 1]);
    line = (struct line){.next = entry->up};
    while (line_next(&line))
        script_add(&whole, line.text, line.len, place_line(&entry->up_place, line.number));
    entry->up = script_end(&whole, reading->run->arena, &entry->up_size, &entry->up_place);
}

static bool is_left_out(struct reading *reading)
{
    const struct changeset *changeset = &reading->changeset;
    bool other = changeset->dbms && !liquibase_dbms_fits(changeset->dbms);
    if (other || changeset->ignored)
        finding_add(reading->run->findings, WARNING, FINDING_SKIPPED_CHANGESET, reading->file->where, changeset->line,
                    "",
                    "%s:%s is left out: %s%s", changeset->author, changeset->id, other ? "dbms:" : "ignore:true",
                    other ? changeset->dbms : "");
    return other || changeset->ignored;
}

/* proto/fleet.h: foreign_record; NULL: nothing that its record would hold. */
static const char *record_of(const struct reading *reading)
{
    const struct changeset *changeset = &reading->changeset;
    if (!changeset->comment && !changeset->contexts && !changeset->labels)
        return NULL;
    const char *contexts = changeset->contexts;
    if (contexts && strpbrk(contexts, ", ")) /* liquibase-core: ChangeSet.java, appendContext */
        contexts = arena_printf(reading->run->arena, "(%s)", contexts);
    json_t *record = json_pack("{s:s*, s:s*, s:s*}", "comments", changeset->comment, "contexts", contexts, "labels",
                               changeset->labels);
    auto_free char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(record);
    return text ? arena_strdup(reading->run->arena, text) : NULL;
}

static void add_changeset(struct reading *reading)
{
    const struct changeset *changeset = &reading->changeset;
    struct layout_run *run = reading->run;
    struct entry entry = {.kind = changeset->on_change ? MIGRATION_REPEATABLE : MIGRATION_VERSIONED,
                          .file = reading->file,
                          .name = changeset->comment ? changeset->comment : changeset->id,
                          .author = changeset->author,
                          .script = path_of(reading),
                          .up_line = changeset->line,
                          .no_undo_line = changeset->line,
                          .no_transaction = changeset->outside};
    entry.version = entry.order =
        arena_printf(run->arena, "%s::%s::%s", entry.script, changeset->id, changeset->author);
    if (strlen(entry.version) > ID_MAX) {
        reading_fail(reading, changeset->line, "shorten it", "path, id and author together have more than 512 bytes");
        return;
    }
    set_sql(reading, &entry);
    set_rollback(reading, &entry);
    entry.foreign_record = record_of(reading);
    entry.refused = changeset->refused;
    if (changeset->refused)
        finding_add(run->findings, WARNING, FINDING_NOT_BUILT, reading->file->where, changeset->refused_line,
                    "it can be imported where it ran; to run it, change it, or run it with Liquibase",
                    "%s: greylag does not run it", changeset->refused);
    if (!reading->failed)
        *layout_add(run) = entry;
}

void changeset_close(struct reading *reading)
{
    struct changeset *changeset = &reading->changeset;
    if (!reading->open)
        return;
    if (reading->in_rollback)
        reading_fail(reading, changeset->line, "end it with a line */",
                     "the comment that begins with 'liquibase rollback' has no end");
    if (!reading->failed && !is_left_out(reading)) {
        if (changeset->up.count == 0)
            reading_fail(reading, changeset->line, "write its SQL below it",
                         "no SQL below the changeset: Liquibase refuses it");
        else
            add_changeset(reading);
    }
    script_release(&changeset->checks);
    script_release(&changeset->up);
    script_release(&changeset->down);
    reading->open = false;
}

void changeset_resolve(struct reading *reading, const struct borrowed *borrowed)
{
    struct layout_run *run = reading->run;
    struct entry *entry = &run->entries[borrowed->entry];
    for (size_t i = 0; i < run->count; i++) {
        const struct entry *other = &run->entries[i];
        if (strcmp(other->version, borrowed->version) != 0)
            continue;
        entry->down = other->up;
        entry->down_size = other->up_size;
        entry->down_where = other->file->where;
        entry->down_place = other->up_place;
        return;
    }
    finding_add(run->findings, ERROR, FINDING_LIQUIBASE, entry->file->where, borrowed->line,
                "correct its id, author or path",
                "there is no changeset %s to roll back to", borrowed->version);
}
