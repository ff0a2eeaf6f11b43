/* goose: <number>_<name>.sql with lines `-- +goose Up`, `-- +goose Down` and others.
 *
 * Which lines goose takes for its own, and what it makes of the rest: internal/sqlparser/parser.go; names and versions:
 * migration.go (NumericComponent). goose sends statement by statement: where one ends by a StatementEnd alone, a `;`
 * is put in its place, so that the section is SQL as a whole. Its own lines and the carriage returns at the ends of
 * lines are dropped, as goose drops them. Between ENVSUB ON and OFF goose replaces environment variables: they become
 * placeholders (`$NAME` is written `${NAME}`), which the worker expands; the other forms of shells are refused.
 * Migrations in Go are known and named, not run: only a program that was built with them can run them. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"

enum word { UP, DOWN, STATEMENT_BEGIN, STATEMENT_END, NO_TRANSACTION, ENVSUB_ON, ENVSUB_OFF, WORD_COUNT };
static const char *const words[WORD_COUNT] = {"Up",  "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION",
                                              "ENVSUB ON", "ENVSUB OFF"};

/* One file while it is read. */
struct reading {
    struct layout_run *run;
    const struct folder_file *file;
    bool failed;
    enum { BEFORE, IN_UP, IN_DOWN } section;
    struct script up, down;
    bool block;      /* between StatementBegin and StatementEnd */
    int open;        /* the line where a statement that has not ended begins, 0: none */
    bool ended;      /* the last line of SQL ends in ';' */
    bool loses;      /* a block without SQL was the last thing: goose drops the next line */
    bool no_transaction;
    bool envsub, replaces, literal; /* ${ stands where goose replaces it, where it leaves it alone */
};

static const char *trimmed(const struct line *line, size_t *ret_len)
{
    const char *text = line->text, *end = text + line->len;
    while (text < end && isspace((unsigned char)*text))
        text++;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *ret_len = (size_t)(end - text);
    return text;
}

static bool is_comment(const struct line *line)
{
    size_t len;
    const char *text = trimmed(line, &len);
    return len >= 2 && text[0] == '-' && text[1] == '-';
}

/* The bytes of a space of Go's unicode.IsSpace, which goose cuts off both ends of a statement; 0: something else. */
static size_t space_at(const char *p)
{
    return isspace((unsigned char)*p) ? 1 : sql_wide_space(p, SQL_SPACES_UNICODE);
}

static bool is_blank(const struct line *line)
{
    const char *p = line->text, *end = line->text + line->len;
    for (size_t space; p < end && (space = space_at(p));)
        p += space;
    return p >= end;
}

static bool is_mark(const struct line *line)
{
    return is_comment(line) && memmem(line->text, line->len, "+goose", strlen("+goose"));
}

static bool has_mark(const char *text)
{
    struct line line = {.next = strstr(text, "+goose") ? text : NULL};
    while (line_next(&line)) {
        if (is_mark(&line))
            return true;
    }
    return false;
}

/* Digits up to the first '_', 0: not such a name. */
static size_t version_length(const struct folder_file *file)
{
    size_t digits = strspn(file->base, "0123456789");
    return file->base[digits] == '_' ? digits : 0;
}

static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    return text_ends(file->base, ".sql") && (has_mark(file->text) || (run->named && version_length(file)));
}

static void fail(struct reading *reading, int line, const char *hint, const char *text)
{
    if (!reading->failed)
        finding_add(reading->run->findings, ERROR, FINDING_GOOSE, reading->file->where, line, hint, "%s", text);
    reading->failed = true;
}

/* The word of a line `-- +goose WORD`; false: a finding. */
static bool read_mark(struct reading *reading, const struct line *line, enum word *ret_word)
{
    static const char hint[] = "known: -- +goose Up, Down, StatementBegin, StatementEnd, NO TRANSACTION, ENVSUB ON, "
                               "ENVSUB OFF";
    if (*line->text == ' ' || *line->text == '\t') {
        fail(reading, line->number, "begin the line with --",
             "white space in front of '-- +goose', which goose refuses");
        return false;
    }
    auto_buf struct buf rest = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < line->len; i++) {
        if (line->text[i] == '-' && i + 1 < line->len && line->text[i + 1] == '-')
            i++;
        else
            buf_addc(&rest, line->text[i]);
    }
    char *mark = strstr(buf_text(&rest), "+goose");
    if (mark)
        memmove(mark, mark + strlen("+goose"), strlen(mark + strlen("+goose")) + 1);
    const struct line word = {.text = buf_text(&rest), .len = strlen(buf_text(&rest))};
    size_t len;
    const char *text = trimmed(&word, &len);
    for (unsigned i = 0; i < WORD_COUNT; i++) {
        if (len == strlen(words[i]) && strncasecmp(text, words[i], len) == 0) {
            *ret_word = (enum word)i;
            return true;
        }
    }
    fail(reading, line->number, hint, "no such word behind '-- +goose'");
    return false;
}

static struct script *script_of(struct reading *reading)
{
    return reading->section == IN_DOWN ? &reading->down : &reading->up;
}

static void check_finished(struct reading *reading)
{
    if (reading->open)
        fail(reading, reading->open, "end it with a ';', or put it between StatementBegin and StatementEnd",
             "the statement that begins here has no ';' at the end of a line: goose refuses it");
}

static void take_section(struct reading *reading, enum word word, int line)
{
    if (word == UP && reading->section != BEFORE)
        fail(reading, line, "keep one section Up and one section Down", "a second '-- +goose Up'");
    else if (word == DOWN && reading->section == BEFORE)
        fail(reading, line, "write '-- +goose Up' first", "'-- +goose Down' stands in front of '-- +goose Up'");
    else if (word == DOWN && reading->section == IN_DOWN)
        fail(reading, line, "keep one section Up and one section Down", "a second '-- +goose Down'");
    else if (reading->block)
        fail(reading, line, "write '-- +goose StatementEnd' before it", "a section begins inside of a statement");
    else
        check_finished(reading);
    reading->section = word == UP ? IN_UP : IN_DOWN;
    reading->loses = false;
}

static void take_block(struct reading *reading, enum word word, int line)
{
    bool begins = word == STATEMENT_BEGIN;
    if (begins && reading->section == BEFORE)
        fail(reading, line, "write '-- +goose Up' first",
             "'-- +goose StatementBegin' stands in front of '-- +goose Up'");
    else if (begins == reading->block)
        fail(reading, line, "", begins ? "'-- +goose StatementBegin' inside of another"
                                       : "'-- +goose StatementEnd' without a StatementBegin");
    else if (!begins && reading->open && !reading->ended)
        script_add(script_of(reading), ";", 1, line);
    reading->loses = !begins && !reading->open;
    reading->block = begins;
    if (!begins)
        reading->open = 0;
}

static void take_mark(struct reading *reading, const struct line *line)
{
    enum word word;
    if (!read_mark(reading, line, &word))
        return;
    if (word == UP || word == DOWN)
        take_section(reading, word, line->number);
    else if (word == STATEMENT_BEGIN || word == STATEMENT_END)
        take_block(reading, word, line->number);
    else if (word == NO_TRANSACTION)
        reading->no_transaction = true;
    else
        reading->envsub = word == ENVSUB_ON;
}

/* ---- ENVSUB ---- */

static size_t name_length(const char *text, const char *end)
{
    const char *p = text;
    if (p == end || isdigit((unsigned char)*p) || *p == '_')
        return 0;
    while (p < end && (isalnum((unsigned char)*p) || *p == '_' || (unsigned char)*p >= 0x80))
        p++;
    return (size_t)(p - text);
}

static void refuse_form(struct reading *reading, int line)
{
    fail(reading, line, "write ${NAME}, and its value as a placeholder of the fleet file; turn ENVSUB off where a $ is "
                        "a $",
         "with ENVSUB ON only $NAME and ${NAME} are known; defaults, parts and escapes are not built");
}

/* What begins with a '$' (mfridman/interpolate: parser.go); returns what stands behind it, NULL: a finding. */
static const char *expand_name(struct reading *reading, const char *text, const char *end, int line, struct buf *out)
{
    bool brace = text + 1 < end && text[1] == '{';
    const char *name = text + 1 + brace;
    size_t len = name < end ? name_length(name, end) : 0;
    if (text + 1 == end || text[1] == '(') {
        buf_addc(out, '$');
        return text + 1;
    }
    if (len == 0 || (brace && (name + len == end || name[len] != '}'))) {
        refuse_form(reading, line);
        return NULL;
    }
    buf_addf(out, "${%.*s}", (int)len, name);
    reading->replaces = true;
    return name + len + brace;
}

static void expand(struct reading *reading, const struct line *line, struct buf *out)
{
    const char *end = line->text + line->len;
    for (const char *p = line->text; p && p < end;) {
        bool escape = *p == '\\' && p + 1 < end && (p[1] == '\\' || p[1] == '$');
        if (escape && p[1] == '$')
            refuse_form(reading, line->number);
        if (*p == '$') {
            p = expand_name(reading, p, end, line->number, out);
        } else {
            buf_add(out, p, 1 + escape);
            p += 1 + escape;
        }
    }
}

/* ---- SQL ---- */

/* The last word before a comment ends in ';' (parser.go: endsWithSemicolon). */
static bool ends_statement(const char *text, size_t len)
{
    char last = 0;
    bool begins = true;
    for (size_t i = 0, space; i < len; i += space ? space : 1) {
        space = space_at(text + i);
        if (begins && i + 1 < len && text[i] == '-' && text[i + 1] == '-')
            break;
        if (!space)
            last = text[i];
        begins = space > 0;
    }
    return last == ';';
}

static void count_sql(struct reading *reading, const char *text, size_t len, int number)
{
    reading->ended = ends_statement(text, len);
    if (!reading->open)
        reading->open = number;
    if (reading->ended && !reading->block)
        reading->open = 0;
}

static void take_line(struct reading *reading, const struct line *line)
{
    bool nothing = is_comment(line) || is_blank(line);
    bool dollar = memmem(line->text, line->len, "${", 2) != NULL;
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    if (reading->section == BEFORE) {
        if (!nothing)
            fail(reading, line->number, "write '-- +goose Up' in front of it",
                 "there is SQL in front of '-- +goose Up'");
        return;
    }
    if (nothing && !reading->open && dollar)
        return; /* goose drops comments between statements; elsewhere ${ would be replaced in them */
    if (reading->loses && !nothing)
        fail(reading, line->number, "remove the empty pair of StatementBegin and StatementEnd above",
             "nothing stood between StatementBegin and StatementEnd: goose loses this line");
    reading->loses &= line->len == 0 || is_comment(line);
    if (reading->envsub && (!nothing || reading->open))
        expand(reading, line, &text);
    else
        buf_add(&text, line->text, line->len);
    reading->literal |= dollar && !reading->envsub;
    script_add(script_of(reading), buf_text(&text), text.len, line->number);
    if (!nothing)
        count_sql(reading, buf_text(&text), text.len, line->number);
}

static void check_end(struct reading *reading)
{
    if (reading->section == BEFORE)
        fail(reading, 0, "write '-- +goose Up' above the SQL", "there is no '-- +goose Up'");
    else if (reading->block)
        fail(reading, 0, "write '-- +goose StatementEnd' behind the statement",
             "a '-- +goose StatementBegin' has no StatementEnd");
    else
        check_finished(reading);
    if (reading->replaces && reading->literal)
        fail(reading, 0, "put ENVSUB ON around it, or take the ${ away",
             "${ stands both where ENVSUB is on and where it is off: not built, placeholders are replaced in a whole "
             "file");
}

static void add_entry(struct reading *reading)
{
    const struct folder_file *file = reading->file;
    struct layout_run *run = reading->run;
    size_t digits = version_length(file);
    struct entry entry = {.file = file, .no_transaction = reading->no_transaction, .literal = !reading->replaces};
    entry.version = entry.order = arena_strndup(run->arena, file->base, digits);
    entry.name = arena_strndup(run->arena, file->base + digits + 1, strlen(file->base) - digits - 1 - strlen(".sql"));
    entry.up = script_end(&reading->up, run->arena, &entry.up_size, &entry.up_place);
    if (reading->section == IN_DOWN) {
        entry.down = script_end(&reading->down, run->arena, &entry.down_size, &entry.down_place);
        entry.down_where = file->where;
    } else {
        entry.no_undo = "there is no section Down";
    }
    *layout_add(run) = entry;
}

static bool good_version(struct layout_run *run, const struct folder_file *file)
{
    long long number = 0;
    size_t digits = version_length(file);
    const char *version = arena_strndup(run->arena, file->base, digits);
    bool good = digits && text_to_long(version, 1, INT64_MAX, &number);
    if (!good)
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0, "name it like 00001_name.sql",
                    "its name does not begin with a number above 0 (at most %lld) and '_'", (long long)INT64_MAX);
    return good;
}

static void read_file(struct layout_run *run, const struct folder_file *file)
{
    struct reading reading = {.run = run, .file = file, .up = SCRIPT_INIT, .down = SCRIPT_INIT};
    struct line line = {.next = file->text};
    while (!reading.failed && line_next(&line)) {
        if (line.len && line.text[line.len - 1] == '\r')
            line.len--;
        if (is_mark(&line))
            take_mark(&reading, &line);
        else
            take_line(&reading, &line);
    }
    check_end(&reading);
    if (!reading.failed)
        add_entry(&reading);
    script_release(&reading.up);
    script_release(&reading.down);
}

/* provider_collect.go: files of Go with a version are migrations, those of tests are not. */
static void add_programs(struct layout_run *run)
{
    static const char why[] = "a migration in Go: only the program that it was built into can run it";
    for (size_t i = 0; i < run->folder->side_count; i++) {
        const struct folder_file *file = &run->folder->sides[i];
        size_t digits = version_length(file);
        if (!text_ends(file->base, ".go") || text_ends(file->base, "_test.go") || !digits || !good_version(run, file))
            continue;
        finding_add(run->findings, WARNING, FINDING_NOT_BUILT, file->where, 0,
                    "it can be imported where it ran; to run it, write it as SQL, or run it with goose", "%s", why);
        const char *version = arena_strndup(run->arena, file->base, digits);
        *layout_add(run) = (struct entry){
            .file = file, .version = version, .order = version, .up = "", .refused = why, .literal = true,
            .name = arena_strndup(run->arena, file->base + digits + 1,
                                  strlen(file->base) - digits - 1 - strlen(".go"))};
    }
}

static void read_all(struct layout_run *run)
{
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        if (claims(run, file) && good_version(run, file))
            read_file(run, file);
    }
    add_programs(run);
}

const struct layout layout_goose = {.name = "goose",
                                    .prose = "1_name.sql with -- +goose Up, -- +goose Down",
                                    .claims = claims,
                                    .read = read_all,
                                    .order = ORDER_NUMBERS,
                                    .session_lasts = true,
                                    .up_part = "the section Up",
                                    .down_part = "the section Down",
                                    .spaces = SQL_SPACES_UNICODE,
                                    .history = HISTORY_GOOSE,
                                    .placeholders = true};
