/* dbmate: <digits>*.sql with lines `-- migrate:up` and `-- migrate:down` (pkg/dbmate/migration.go), in the order of the
 * files' names as text (pkg/dbmate/db.go: FindMigrations), so that 10_x.sql comes before 9_y.sql.
 *
 * dbmate reads several pairs of sections in one file, and records the file's version after each (pkg/dbmate/db.go:
 * Migrate): the second time fails. Here it is refused. Options: `transaction:false`; dbmate reads no others. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"

/* One file while it is read. */
struct reading {
    struct layout_run *run;
    const struct folder_file *file;
    bool failed;
    enum { BEFORE, IN_UP, IN_DOWN } section;
    int section_line;
    struct script up, down;
    bool no_transaction;
};

/* Behind `-- migrate:WORD` at the start of a line; NULL: no such line. */
static const char *find_mark(const char *line, const char *word)
{
    if (line[0] != '-' || line[1] != '-')
        return NULL;
    line += 2 + strspn(line + 2, " \t\v\f\r");
    if (!text_starts(line, word))
        return NULL;
    line += strlen(word);
    return !*line || isspace((unsigned char)*line) ? line : NULL;
}

static const char *up_mark(const char *line)
{
    return find_mark(line, "migrate:up");
}

static const char *down_mark(const char *line)
{
    return find_mark(line, "migrate:down");
}

static bool has_mark(const char *text)
{
    struct line line = {.next = strstr(text, "migrate:") ? text : NULL};
    while (line_next(&line)) {
        if (up_mark(line.text) || down_mark(line.text))
            return true;
    }
    return false;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    bool numbered = run->named && isdigit((unsigned char)*file->base);
    return text_ends(file->base, ".sql") && (numbered || has_mark(file->text));
}

static void fail(struct reading *reading, int line, const char *hint, const char *text)
{
    if (!reading->failed)
        finding_add(reading->run->findings, ERROR, FINDING_DBMATE, reading->file->where, line, hint, "%s", text);
    reading->failed = true;
}

/* migration.go: parseMigrationOptions. */
static void read_options(struct reading *reading, const char *text, const struct line *line)
{
    const char *end = line->text + line->len;
    while (text < end) {
        size_t len = strcspn(text, " \t\v\f\r\n");
        const char *option = arena_strndup(reading->run->arena, text, len);
        if (strcmp(option, "transaction:false") == 0)
            reading->no_transaction = true;
        else if (len && strcmp(option, "transaction:true") != 0)
            finding_add(reading->run->findings, WARNING, FINDING_DBMATE, reading->file->where, line->number,
                        "dbmate knows transaction:false, without a blank in it", "no such option: '%s' does nothing",
                        option);
        text += len + 1;
    }
}

static void check_section(struct reading *reading)
{
    if (reading->section == IN_UP)
        fail(reading, reading->section_line,
             "write '-- migrate:down' below the SQL, with nothing under it where there is no way back",
             "this '-- migrate:up' has no '-- migrate:down'");
}

static void begin_section(struct reading *reading, int section, const struct line *line, const char *options)
{
    if (section == IN_UP && reading->section != BEFORE)
        fail(reading, line->number, "put it into a file of its own, with a version of its own",
             "a second '-- migrate:up': dbmate runs the first pair, records the version, and fails as it records the "
             "same version again");
    else if (section == IN_DOWN && reading->section == IN_DOWN)
        fail(reading, line->number, "keep one '-- migrate:down'",
             "a second '-- migrate:down' for the same '-- migrate:up'");
    reading->section = section;
    reading->section_line = line->number;
    read_options(reading, options, line);
}

static bool is_comment(const struct line *line)
{
    size_t skip = strspn(line->text, " \t\v\f\r");
    return text_starts(line->text + skip, "--");
}

static void take_line(struct reading *reading, const struct line *line)
{
    bool nothing = line_is_blank(line->text, line->len) || is_comment(line);
    const char *up = up_mark(line->text), *down = down_mark(line->text);
    if (up || (down && reading->section != BEFORE)) {
        begin_section(reading, up ? IN_UP : IN_DOWN, line, up ? up : down);
    } else if (reading->section == BEFORE) {
        if (!nothing)
            fail(reading, line->number, "write '-- migrate:up' in front of it",
                 "there is SQL in front of '-- migrate:up'");
    } else {
        script_add(reading->section == IN_UP ? &reading->up : &reading->down, line->text, line->len, line->number);
    }
}

static void add_entry(struct reading *reading)
{
    const struct folder_file *file = reading->file;
    struct layout_run *run = reading->run;
    size_t digits = strspn(file->base, "0123456789");
    struct entry entry = {.file = file, .no_transaction = reading->no_transaction};
    entry.version = entry.order = arena_strndup(run->arena, file->base, digits);
    char *name = arena_strndup(run->arena, file->base + digits, strlen(file->base) - digits - strlen(".sql"));
    entry.name = name + (*name == '_');
    entry.up = script_end(&reading->up, run->arena, &entry.up_size, &entry.up_place);
    entry.down = script_end(&reading->down, run->arena, &entry.down_size, &entry.down_place);
    entry.down_where = file->where;
    entry.no_undo_line = reading->section_line;
    *layout_add(run) = entry;
}

static void read_file(struct layout_run *run, const struct folder_file *file)
{
    struct reading reading = {.run = run, .file = file, .up = SCRIPT_INIT, .down = SCRIPT_INIT};
    struct line line = {.next = file->text};
    while (!reading.failed && line_next(&line))
        take_line(&reading, &line);
    check_section(&reading);
    if (reading.section == BEFORE)
        fail(&reading, 0, "write '-- migrate:up' above the SQL", "there is no '-- migrate:up'");
    if (!reading.failed)
        add_entry(&reading);
    script_release(&reading.up);
    script_release(&reading.down);
}

static int by_base(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->file->base, y->file->base);
    return order ? order : strcmp(x->file->path, y->file->path);
}

static void read_all(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (!claims(run, file))
            continue;
        if (isdigit((unsigned char)*file->base))
            read_file(run, file);
        else
            finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0,
                        "begin its name with a version, as 20240115_name.sql",
                        "the file's name begins with no number, so that dbmate does not see it");
    }
    if (run->count)
        qsort(run->entries, run->count, sizeof *run->entries, by_base);
}

const struct layout layout_dbmate = {.name = "dbmate",
                                     .prose = "1_name.sql with -- migrate:up, -- migrate:down",
                                     .claims = claims,
                                     .read = read_all,
                                     .order = ORDER_GIVEN,
                                     .session_lasts = true,
                                     .up_part = "the section up",
                                     .down_part = "the section down",
                                     .history = HISTORY_DBMATE};
