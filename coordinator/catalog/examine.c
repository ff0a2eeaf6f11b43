/* What is looked at in the migrations of every layout alike, once its files are read: whether there is anything in them
 * that runs, and whether it is SQL. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "catalog/create_internal.h"
#include "catalog/layout.h"
#include "sql/sql.h"

/* What goose writes into a new file, as sql_words; and the comments of Sqitch, Diesel, of older goose, sqlx, whose
 * files look like golang-migrate's, and this program. The others leave a new file empty. */
static const char *const templates[] = {"SELECT'up SQL query'", "SELECT'down SQL query'"};
static const char *const notes[] = {"XXX Add DDLs here", "This file should undo anything in",
                                    "is executed when this migration is rolled back",
                                    "is executed when the migration is rolled back",
                                    "Add down migration script here", "TODO"};

#define TEMPLATE_MAX 512

/* Whether the one statement from `at` on is what a tool, or greylag, writes into a new file. */
static bool is_template(const char *text, size_t at, size_t size)
{
    static const char each[] = "SELECT"; /* begins so; of the other texts, nearly all, no words are made */
    char words[TEMPLATE_MAX];
    size_t behind;
    if (size - at < strlen(each) || strncasecmp(text + at, each, strlen(each)) != 0 ||
        !sql_words(text + at, size - at, words, sizeof words, &behind))
        return false;
    bool known = create_is_placeholder(words);
    for (size_t i = 0; i < COUNT_OF(templates); i++)
        known |= strcasecmp(words, templates[i]) == 0;
    size_t rest = at + behind;
    return known && sql_first_effect(text + rest, size - rest) == size - rest;
}

static bool does_nothing(const char *text, size_t size)
{
    size_t at = sql_first_effect(text, size);
    return at == size || is_template(text, at, size);
}

static bool has_note(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(notes); i++) {
        if (strstr(text, notes[i]))
            return true;
    }
    return false;
}

static bool is_blank(const char *text, size_t size)
{
    return sql_first_effect(text, size) == size;
}

/* ---- empty ups, and undos that undo nothing ---- */

static void look_at_up(struct layout_run *run, const struct entry *entry)
{
    const char *what = run->layout->up_part ? run->layout->up_part : "the file";
    bool blank = is_blank(entry->up, entry->up_size);
    if (does_nothing(entry->up, entry->up_size))
        finding_add(run->findings, WARNING, FINDING_EMPTY, entry->file->where, entry->up_line, "",
                    blank ? "%s holds no SQL" : "%s is as it was made: it does nothing yet", what);
}

/* What does nothing takes nothing back, unless there is nothing to be taken back, or the tool has a word for it. */
static void look_at_down(struct layout_run *run, struct entry *entry)
{
    bool sets = entry->down && sql_only_sets(entry->down, entry->down_size) &&
                !sql_only_sets(entry->up, entry->up_size);
    if (!entry->down || entry->undo_is_nothing || !(sets || does_nothing(entry->down, entry->down_size)))
        return;
    bool blank = is_blank(entry->down, entry->down_size);
    if (blank && !has_note(entry->down) && is_blank(entry->up, entry->up_size))
        return;
    const char *what = run->layout->down_part ? run->layout->down_part : entry->down_where;
    entry->no_undo = arena_printf(run->arena,
                                  sets    ? "%s only sets what ends with it: there is no way back"
                                  : blank ? "%s holds no SQL: there is no way back"
                                          : "%s is as it was made: the way back is not written yet",
                                  what);
    entry->undo_file = entry->down_where;
    entry->down_where = entry->down = NULL;
    entry->down_file = NULL;
    entry->down_size = 0;
}

/* ---- commands of psql, where psql runs the files ---- */

static void look_for_psql(struct layout_run *run, struct entry *entry, const char *text, const char *where,
                          const struct place *place)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct sql_text sql;
    const char *hint;
    if (!text || entry->refused || !strpbrk(text, "\\:"))
        return;
    sql_analyse(text, &scratch, &sql);
    if (sql.flaw != SQL_FLAW_PSQL)
        return;
    int line = place_line(place, sql.forbidden->line);
    entry->refused = arena_printf(run->arena, "%s:%d: %s", where, line, sql_refusal(&sql, &scratch, &hint));
    finding_add(run->findings, WARNING, FINDING_NOT_BUILT, where, line,
                arena_printf(run->arena, "it can be recorded where it ran; to run it: %s", hint), "%s",
                sql_refusal(&sql, &scratch, &hint));
}

/* ---- spaces ---- */

static void make_plain(struct layout_run *run, const char **text)
{
    const char *plain = *text ? sql_plain_spaces(*text, run->layout->spaces, run->arena) : NULL;
    if (plain)
        *text = plain;
}

void layout_examine(struct layout_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct entry *entry = &run->entries[i];
        if (run->layout->declared || entry->refused)
            continue;
        make_plain(run, &entry->up);
        make_plain(run, &entry->down);
        if (run->layout->by_psql) {
            look_for_psql(run, entry, entry->up, entry->file->where, &entry->up_place);
            look_for_psql(run, entry, entry->down, entry->down_where, &entry->down_place);
            look_for_psql(run, entry, entry->verify, entry->verify_where, &entry->verify_place);
        }
        look_at_up(run, entry);
        look_at_down(run, entry);
    }
}
