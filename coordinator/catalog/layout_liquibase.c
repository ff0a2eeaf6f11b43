/* Liquibase's formatted SQL: files that begin with `--liquibase formatted sql`, each with changesets; liquibase.h says
 * from which sources. The version of a changeset is FILENAME::ID::AUTHOR, as Liquibase tells them apart; FILENAME is
 * its logicalFilePath, or the path in the folder behind `liquibase: {path_prefix: ...}`. Files come in the order of
 * their paths (includeAll), changesets as they stand.
 *
 * A changeset that Liquibase would run in a way that greylag does not is known but refused: it can be imported, and
 * planning to run it is an error. One for another database (dbms), or with ignore:true, is left out with a warning.
 * Comments stay in the SQL (Liquibase takes them out unless stripComments:false is given); its MD5 sums are not made
 * here. Preconditions that halt, or warn, become a statement in front of the changeset's own. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/liquibase_reading.h"

#define BLANKS " \t\r\v\f"

static bool has_header(const char *text)
{
    struct line line = {.next = text};
    auto_arena struct arena scratch = ARENA_INIT;
    const char *rest;
    while (line_next(&line)) {
        if (!line_is_blank(line.text, line.len))
            return liquibase_mark(&line, &scratch, &rest) == LIQUIBASE_HEADER;
    }
    return false;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    return text_ends(file->base, ".sql") && (run->named || has_header(file->text));
}

/* ---- lines ---- */

/* The value behind the last `key:`, one word. */
static const char *last_value(struct reading *reading, const char *text, const char *key)
{
    const char *value = NULL;
    for (const char *at = text; (at = strcasestr(at, key)); at++)
        value = at + strlen(key);
    if (!value)
        return NULL;
    value += strspn(value, BLANKS);
    return arena_strndup(reading->run->arena, value, strcspn(value, BLANKS));
}

static void take_property(struct reading *reading, const char *rest, int number)
{
    const char *name = last_value(reading, rest, "name:"), *value = last_value(reading, rest, "value:");
    const char *dbms = last_value(reading, rest, "dbms:"), *global = last_value(reading, rest, "global:");
    if (!name || !value || !*name || !*value) {
        reading_fail(reading, number, "write --property name:NAME value:VALUE",
                     "a property wants a name and a value of one word");
        return;
    }
    if (last_value(reading, rest, "context:") || last_value(reading, rest, "contextFilter:") ||
        last_value(reading, rest, "labels:")) {
        reading_fail(reading, number, "write it as a placeholder of the fleet file, by environment",
             "properties for a context or for labels are known but not built yet");
        return;
    }
    if (dbms && !liquibase_dbms_fits(dbms))
        return;
    liquibase_property(&reading->properties, reading->run->arena,
                       (struct liquibase_property){reading_expand(reading, name), reading_expand(reading, value),
                                                   global && strcasecmp(global, "true") != 0 ? reading->file : NULL});
}

static void take_preconditions(struct reading *reading, const char *rest, int number)
{
    const char *failed = last_value(reading, rest, "onFail:"), *error = last_value(reading, rest, "onError:");
    reading->changeset.warns = failed && strcasecmp(failed, "WARN") == 0;
    bool goes_on = failed && !reading->changeset.warns && strcasecmp(failed, "HALT") != 0;
    if (goes_on || (error && strcasecmp(error, "HALT") != 0))
        reading_refuse(reading, number, "its preconditions do not halt when they fail (onFail or onError)");
}

static void take_precondition(struct reading *reading, const char *rest, int number)
{
    const char *why;
    const char *sql = liquibase_precondition(reading_expand(reading, rest), reading->changeset.warns,
                                             reading->run->arena, &why);
    if (sql)
        script_add(&reading->changeset.checks, sql, strlen(sql), number);
    else
        reading_fail(reading, number, "", why);
}

static void take_ignore(struct reading *reading, const char *rest, int number)
{
    long long count;
    if (strcmp(rest, "start") == 0)
        reading->ignore = -1;
    else if (text_to_long(rest, 0, INT32_MAX, &count))
        reading->ignore = (long)count;
    else
        reading_fail(reading, number, "write --ignoreLines:start and --ignoreLines:end, or how many lines",
                     "unknown ignoreLines");
}

static void take_sql(struct reading *reading, const struct line *line)
{
    struct changeset *changeset = &reading->changeset;
    size_t indent = strspn(line->text, BLANKS);
    bool nothing = line_is_blank(line->text, line->len) || text_starts(line->text + indent, "--");
    if (reading->open) {
        if (!line_is_blank(line->text, line->len) || changeset->up.count)
            script_add(&changeset->up, line->text, line->len, line->number);
    } else if (!nothing) {
        reading_fail(reading, line->number, "write a line --changeset author:id above it",
             "there is SQL in front of the first changeset: Liquibase leaves it out");
    }
}

/* Inside of a comment of several lines that holds the rollback. */
static void take_rollback_line(struct reading *reading, const struct line *line)
{
    size_t len = line->len;
    while (len && strchr(BLANKS, line->text[len - 1]))
        len--;
    bool ends = len >= 2 && line->text[len - 2] == '*' && line->text[len - 1] == '/';
    if (!ends || len > 2)
        script_add(&reading->changeset.down, line->text, ends ? len - 2 : line->len, line->number);
    reading->in_rollback = !ends;
}

static void take_mark(struct reading *reading, enum liquibase_mark mark, const char *rest, const struct line *line)
{
    if (!reading->open && mark >= LIQUIBASE_ROLLBACK && mark <= LIQUIBASE_CHECKSUM) {
        if (mark == LIQUIBASE_COMMENT)
            reading_fail(reading, line->number, "move it below a changeset",
                         "Liquibase refuses --comment in front of the first changeset");
    } else if (mark == LIQUIBASE_ROLLBACK) {
        script_add(&reading->changeset.down, rest + 1, strlen(rest + 1), line->number);
    } else if (mark == LIQUIBASE_ROLLBACK_BLOCK) {
        reading->in_rollback = true;
    } else if (mark == LIQUIBASE_PRECONDITIONS) {
        take_preconditions(reading, rest, line->number);
    } else if (mark == LIQUIBASE_PRECONDITION) {
        take_precondition(reading, rest, line->number);
    } else if (mark == LIQUIBASE_COMMENT) {
        reading->changeset.comment = rest + strspn(rest, ":" BLANKS);
    } else if (mark == LIQUIBASE_LICENSED) {
        reading_fail(reading, line->number, "write the SQL into this file",
                     "only Liquibase with a licence reads this line");
    } else if (mark == LIQUIBASE_WRONG) {
        reading_fail(reading, line->number, "begin it with two dashes and the word as Liquibase spells it",
             "this looks like a line for Liquibase, which refuses it");
    }
}

static void take_line(struct reading *reading, const struct line *line)
{
    const char *rest;
    enum liquibase_mark mark = liquibase_mark(line, reading->run->arena, &rest);
    if (reading->ignore) {
        bool end = reading->ignore < 0 && mark == LIQUIBASE_IGNORE && strcmp(rest, "end") == 0;
        reading->ignore = end ? 0 : reading->ignore < 0 ? -1 : reading->ignore - 1;
    } else if (reading->in_rollback) {
        take_rollback_line(reading, line);
    } else if (mark == LIQUIBASE_HEADER) {
        const char *path = reading->started ? NULL : last_value(reading, rest, "logicalFilePath:");
        reading->logical_path = path ? path : reading->logical_path;
        reading->started = true;
    } else if (mark == LIQUIBASE_PROPERTY) {
        take_property(reading, rest, line->number);
    } else if (mark == LIQUIBASE_CHANGESET) {
        changeset_open(reading, rest, line->number);
    } else if (mark == LIQUIBASE_IGNORE) {
        take_ignore(reading, rest, line->number);
    } else if (mark == LIQUIBASE_SQL) {
        take_sql(reading, line);
    } else {
        take_mark(reading, mark, rest, line);
    }
}

static void read_file(struct reading *reading, const struct folder_file *file)
{
    reading->file = file;
    reading->logical_path = NULL;
    reading->failed = reading->started = reading->in_rollback = reading->open = false;
    reading->ignore = 0;
    size_t before = reading->run->count;
    if (!has_header(file->text)) {
        reading_fail(reading, 1, "write --liquibase formatted sql as its first line",
                     "the file does not begin with --liquibase formatted sql");
        return;
    }
    struct line line = {.next = file->text};
    while (!reading->failed && line_next(&line)) {
        if (line.len && line.text[line.len - 1] == '\r')
            line.len--;
        take_line(reading, &line);
    }
    changeset_close(reading);
    if (!reading->failed && reading->run->count == before)
        finding_add(reading->run->findings, WARNING, FINDING_EMPTY, file->where, 0, "",
                    "the file holds no changeset that runs here");
}

static void read_all(struct layout_run *run)
{
    struct reading reading = {.run = run};
    for (size_t i = 0; i < run->folder->count; i++) {
        if (claims(run, &run->folder->files[i]))
            read_file(&reading, &run->folder->files[i]);
    }
    for (size_t i = 0; i < reading.borrowed_count; i++)
        changeset_resolve(&reading, &reading.borrowed[i]);
    free(reading.borrowed);
}

const struct layout layout_liquibase = {.name = "liquibase",
                                        .prose = "--liquibase formatted sql, --changeset author:id",
                                        .claims = claims,
                                        .read = read_all,
                                        .order = ORDER_GIVEN,
                                        .session_lasts = true,
                                        .up_part = "the changeset",
                                        .down_part = "its --rollback",
                                        .history = HISTORY_LIQUIBASE,
                                        .placeholders = true,
                                        .leaves_unknown = true};
