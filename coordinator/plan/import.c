/* Import: which of the files' migrations another tool's record says are in effect. A row is never taken for more than
 * it says: what failed, what differs and what cannot be told apart is refused, with what to do. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "plan/importing.h"

#define NAMED_MAX 5

/* What a person does about a row that says "failed", by the tool that wrote it:
 *  flyway         flyway-core: DbMigrate.java (success=false blocks), DbRepair.java (deletes such rows)
 *  golang-migrate database/driver.go, cmd force: sets the version, takes `dirty` off
 *  liquibase      liquibase-core: StandardChangeLogHistoryService.java (EXECTYPE FAILED runs again at the
 * next update) */
static const char *const failed_hints[HISTORY_TOOL_COUNT] = {
    [HISTORY_FLYWAY] =
        "look at what it left and put that right by hand, let `flyway repair` delete the row, then try again",
    [HISTORY_GOLANG_MIGRATE] =
        "look at what it left and put that right by hand; then `migrate force VERSION`, the version "
        "itself when its change is complete, the one before when it is undone; then try again",
    [HISTORY_LIQUIBASE] =
        "put right by hand what it left and let `liquibase update` run it again, or delete its row from "
        "databasechangelog; then try again",
};

/* ---- which record ---- */

static bool is_its_table(const struct service *service, const char *table)
{
    return !service->history_table || history_name_is(service->history, service->history_table, table);
}

static const char *tables_of(struct importing *i, bool fitting)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    for (size_t h = 0; h < i->at->contents->foreign_count; h++) {
        const struct foreign_history *history = &i->at->contents->foreign[h];
        bool fits = history->tool == i->owner->history && is_its_table(i->owner, history->table);
        if (fits == fitting && history->tool != HISTORY_GREYLAG)
            buf_addf(&text, "%s%s (%s)", text.len ? ", " : "", history_tool_text(history->tool), history->table);
    }
    return arena_strdup(i->planning->scratch, buf_text(&text));
}

static bool has_records_of(const struct importing *i, enum history_tool tool)
{
    for (size_t h = 0; h < i->at->contents->foreign_count; h++)
        if (i->at->contents->foreign[h].tool == tool)
            return true;
    return false;
}

static void find_nothing(struct importing *i)
{
    if (!i->taken && (!i->at->contents || i->at->contents->applied_count == 0))
        planning_find(
            i->planning, false, FINDING_NO_HISTORY,
            "its worker looks in the schemas of its search_path: `schema:` of the target in worker.yml, which can be "
            "several (\"public, history\")",
            "%s has no record that service %s (layout %s) could take over", i->at->name, i->owner->name,
            i->owner->layout);
}

/* The record of the layout's own tool; NULL with what was found. */
static const struct foreign_history *choose_history(struct importing *i)
{
    const struct target_contents *contents = i->at->contents;
    const struct foreign_history *chosen = NULL;
    size_t fitting = 0, others = 0;
    for (size_t h = 0; contents && h < contents->foreign_count; h++) {
        bool fits =
            contents->foreign[h].tool == i->owner->history && is_its_table(i->owner, contents->foreign[h].table);
        fitting += fits;
        others += !fits && contents->foreign[h].tool != HISTORY_GREYLAG;
        chosen = fits ? &contents->foreign[h] : chosen;
    }
    if (fitting == 1)
        return chosen;
    if (fitting > 1)
        planning_find(i->planning, true, FINDING_AMBIGUOUS_HISTORY,
                      "name the right one with `history_table` in the fleet file",
                      "%s has %zu records that can be service %s's: %s", i->at->name, fitting, i->owner->name,
                      tables_of(i, true));
    else if (others && i->owner->history_table && has_records_of(i, i->owner->history))
        planning_find(i->planning, true, FINDING_OTHER_HISTORY, "correct `history_table` in the fleet file",
                      "%s has no record of %s that is called %s, but: %s", i->at->name,
                      history_tool_text(i->owner->history), i->owner->history_table, tables_of(i, false));
    else if (others)
        planning_find(i->planning, true, FINDING_OTHER_HISTORY,
                      "say with `layout` and `history_table` in the fleet file whose files these are, or record what "
                      "is in effect with `greylag baseline`",
                      "%s has the record of another tool than the one of service %s (layout %s): %s", i->at->name,
                      i->owner->name, i->owner->layout, tables_of(i, false));
    else
        find_nothing(i);
    return NULL;
}

/* ---- which migration ---- */

bool importing_has_names(enum history_tool tool)
{
    return tool == HISTORY_LIQUIBASE || tool == HISTORY_SQITCH || tool == HISTORY_ALEMBIC;
}

static bool same_script(const struct migration *migration, const struct foreign_row *row)
{
    return migration->script && *row->script && strcmp(migration->script, row->script) == 0;
}

/* Where a record holds several projects, Sqitch's rows are project:change. */
static bool is_of_project(const struct migration *migration, const struct foreign_row *row)
{
    size_t len = migration->script ? strlen(migration->script) : 0;
    return len && strncmp(row->version, migration->script, len) == 0 && row->version[len] == ':' &&
           strcmp(row->version + len + 1, migration->version) == 0;
}

static int rate_version(const struct importing *i, const struct migration *migration, const struct foreign_row *row)
{
    bool same = importing_has_names(i->history->tool)
                    ? strcmp(migration->version, row->version) == 0 || strcmp(migration->id, row->version) == 0 ||
                          (i->history->tool == HISTORY_SQITCH && is_of_project(migration, row))
                    : planning_same_version(migration->version, row->version);
    return !same ? 0 : same_script(migration, row) ? 3 : migration->kind != MIGRATION_BASELINE ? 2 : 1;
}

static int rate_repeatable(const struct migration *migration, const struct foreign_row *row)
{
    if (migration->kind != MIGRATION_REPEATABLE)
        return 0;
    return same_script(migration, row) ? 2 : strcmp(migration->name, row->name) == 0 ? 1 : 0;
}

/* Sqitch's rows have an id: of a change that is reworked later, the name alone is that of its last form. */
static int find_change(const struct importing *i, const struct foreign_row *row)
{
    for (size_t m = 0; i->history->tool == HISTORY_SQITCH && *row->checksum && m < i->owner->migration_count; m++) {
        const char *id = i->owner->migrations[m].foreign_checksum;
        if (id && strcmp(id, row->checksum) == 0)
            return (int)m;
    }
    return -1;
}

int importing_find(const struct importing *i, const struct foreign_row *row)
{
    int change = find_change(i, row);
    if (change >= 0)
        return change;
    int by_id = !*row->version               ? -1
                : importing_has_names(i->history->tool) ? planning_migration(i->planning, i->at->service, row->version)
                                              : planning_version(i->planning, i->at->service, row->version);
    int best = by_id, rating = by_id < 0 ? 0 : rate_version(i, &i->owner->migrations[by_id], row);
    if (by_id >= 0 && i->owner->migrations[by_id].kind == MIGRATION_VERSIONED &&
        (rating == 3 || !*row->script || !i->owner->migrations[by_id].script))
        return by_id;
    for (int m = 0; m < (int)i->owner->migration_count; m++) {
        const struct migration *migration = &i->owner->migrations[m];
        int rated = *row->version ? rate_version(i, migration, row) : rate_repeatable(migration, row);
        if (rated > rating && migration->kind != MIGRATION_CALLBACK) {
            best = m;
            rating = rated;
        }
    }
    return best;
}

/* ---- rows ---- */

static void note_missing(struct importing *i, const struct foreign_row *row)
{
    const char *name = *row->version ? row->version : *row->script ? row->script : row->name;
    if (i->missing_count++ < NAMED_MAX)
        buf_addf(&i->missing, "%s%s", i->missing.len ? ", " : "", name);
}

bool importing_altered(const struct migration *migration, const struct foreign_row *row)
{
    return migration->foreign_checksum && *migration->foreign_checksum && *row->checksum &&
           strcmp(migration->foreign_checksum, row->checksum) != 0;
}

void importing_refuse_altered(struct importing *i, const struct foreign_row *row, int m)
{
    const struct migration *migration = &i->owner->migrations[m];
    planning_find(i->planning, true, FINDING_ALTERED,
                  "bring the file back as it was, or let the tool's own repair accept it as it is, then try again",
                  "%s was changed after %s ran it on %s: its record says %s, the file has %s now (%s)", migration->id,
                  history_tool_text(i->history->tool), i->at->name, row->checksum, migration->foreign_checksum,
                  migration->file);
}

static void import_one(struct importing *i, const struct foreign_row *row, int m)
{
    const struct migration *migration = &i->owner->migrations[m];
    if (i->at->state[m] != PENDING)
        return;
    bool differs = importing_altered(migration, row);
    if (differs && migration->kind == MIGRATION_REPEATABLE)
        planning_find(i->planning, false, FINDING_OUTDATED, "",
                      "%s on %s: its file was changed since %s ran it; it stays pending, and `greylag up` runs it (%s)",
                      migration->id, i->at->name, history_tool_text(i->history->tool), migration->file);
    else if (differs)
        importing_refuse_altered(i, row, m);
    else
        planning_record(i->planning, i->slot, m, true);
}

/* Alembic: the revision and all that it comes from. */
static void import_ancestors(struct importing *i, int head)
{
    size_t count = i->owner->migration_count, waiting = 0;
    bool *wanted = arena_array(i->planning->scratch, count + 1, sizeof *wanted);
    int *queue = arena_array(i->planning->scratch, count + 1, sizeof *queue);
    queue[waiting++] = head;
    wanted[head] = true;
    while (waiting > 0) {
        const struct migration *migration = &i->owner->migrations[queue[--waiting]];
        for (size_t d = 0; d < migration->depends_count; d++) {
            const struct dependency *dependency = &migration->depends[d];
            bool own = strcmp(dependency->service, i->owner->name) == 0 && dependency->range == RANGE_EXACTLY;
            int before = own ? planning_version(i->planning, i->at->service, dependency->version) : -1;
            if (before >= 0 && !wanted[before]) {
                wanted[before] = true;
                queue[waiting++] = before;
            }
        }
    }
    for (size_t m = 0; m < count; m++) {
        if (wanted[m])
            planning_record(i->planning, i->slot, (int)m, true);
    }
}

#define HINT_STRANGE                                                                                                   \
    "bring the file back; or, when the record is another service's or application's, say with `history_table` in the " \
    "fleet file what this service's own is called (it need not be there yet)"

/* The tools themselves stop there, too: "no migration found for version 10", "can't locate revision". */
static void refuse_strange(struct importing *i, const struct foreign_row *row)
{
    planning_find(i->planning, true, FINDING_NO_FILE, HINT_STRANGE,
                  "%s: the record of %s (%s) says that the database is at %s, of which service %s has no file: what is "
                  "in effect there cannot be told",
                  i->at->name, history_tool_text(i->history->tool), i->history->table, row->version, i->owner->name);
}

/* Rows without a file are left out; a record of nothing else is not this service's. */
static void name_missing(struct importing *i)
{
    bool strange = i->missing_count == i->own;
    planning_find(i->planning, strange, FINDING_NO_FILE,
                  strange ? HINT_STRANGE : "they are left out: bring their files back when they should count",
                  strange ? "%s: all %zu row%s of the record of %s (%s) have no file here: %s%s"
                          : "%s: %zu row%s of the record of %s (%s) have no file: %s%s",
                  i->at->name, i->missing_count, i->missing_count == 1 ? "" : "s", history_tool_text(i->history->tool),
                  i->history->table, buf_text(&i->missing), i->missing_count > NAMED_MAX ? ", ..." : "");
}

/* A row that stands for every version up to its own. */
static void import_up_to(struct importing *i, const struct foreign_row *row)
{
    int at = importing_find(i, row);
    if (i->history->tool == HISTORY_ALEMBIC && at >= 0) {
        import_ancestors(i, at);
        return;
    }
    if (at >= 0 && i->owner->migrations[at].kind == MIGRATION_BASELINE && same_script(&i->owner->migrations[at], row)) {
        import_one(i, row, at);
        return;
    }
    if (at < 0 && i->history->tool != HISTORY_FLYWAY) { /* Flyway's baseline is a mark that needs no file */
        refuse_strange(i, row);
        return;
    }
    int baseline = -1;
    bool versioned = false;
    for (int m = 0; i->history->tool != HISTORY_ALEMBIC && m < (int)i->owner->migration_count; m++) {
        const struct migration *migration = &i->owner->migrations[m];
        if (!planning_is_versioned(migration) || text_compare_numbers(migration->version, row->version) > 0)
            continue;
        if (migration->kind == MIGRATION_BASELINE) {
            baseline = m;
            continue;
        }
        versioned = true;
        planning_record(i->planning, i->slot, m, true);
    }
    if (!versioned && baseline >= 0) /* the files before it are gone: it alone stands for them */
        planning_record(i->planning, i->slot, baseline, true);
}

void importing_refuse_failed(struct importing *i, const struct foreign_row *row)
{
    const char *hint = failed_hints[i->history->tool], *what = *row->version ? row->version : row->script;
    if (!hint)
        hint = "put right by hand what it left, and its record; then try again";
    if (*what)
        planning_find(i->planning, true, FINDING_FAILED_ROW, hint,
                      "%s: the record of %s (%s) says that %s began and did not end well%s", i->at->name,
                      history_tool_text(i->history->tool), i->history->table, what,
                      i->history->tool == HISTORY_GOLANG_MIGRATE ? ": it is dirty" : "");
    else /* the whole record could not be read */
        planning_find(i->planning, true, FINDING_FAILED_ROW, "its worker's role has to be able to read it",
                      "%s: the record of %s (%s): %s", i->at->name, history_tool_text(i->history->tool),
                      i->history->table, row->name);
}

bool planning_is_others(const struct service *service, enum history_tool tool, const struct foreign_row *row)
{
    const char *project = service->migration_count ? service->migrations[0].script : NULL;
    return tool == HISTORY_SQITCH && tool == service->history && project && *row->script &&
           strcmp(project, row->script) != 0;
}

static void import_row(struct importing *i, const struct foreign_row *row)
{
    int m;
    switch (row->state) {
    case FOREIGN_FAILED:
        importing_refuse_failed(i, row);
        break;
    case FOREIGN_BASELINE:
        import_up_to(i, row);
        break;
    default:
        m = importing_find(i, row);
        if (m < 0)
            note_missing(i, row);
        else
            import_one(i, row, m);
    }
}

void planning_import(struct planning *planning, int slot)
{
    struct importing i = {
        .planning = planning, .slot = slot, .at = &planning->slots[slot], .missing = BUF_INIT(BUF_MAX)};
    i.owner = &planning->fleet->services[i.at->service];
    i.taken = planning_take_over(planning, slot);
    i.history = choose_history(&i);
    if (i.history && i.owner->mirror)
        importing_kept(&i);
    for (size_t r = 0; i.history && r < i.history->row_count; r++) {
        if (planning_is_others(i.owner, i.history->tool, &i.history->rows[r]))
            continue;
        import_row(&i, &i.history->rows[r]);
        i.own++;
    }
    if (i.history && i.history->row_count && !i.own)
        find_nothing(&i);
    if (i.missing_count)
        name_missing(&i);
    buf_release(&i.missing);
}
