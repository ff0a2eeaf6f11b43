/* Flyway: V<version>__<description>.sql, U... for its undo, B... for a baseline, R__<description>.sql, and callbacks
 * named by an event (flyway-core: ResourceNameParser.java, MigrationVersion.java, SqlScriptCallbackFactory.java).
 *
 * Prefixes are case-sensitive and the longest that fits counts, suffixes are not; the name is split at the first
 * separator; `_` in a version reads as `.`, in a description as a space; V1.sql is valid. Repeatable ones run by
 * description, callbacks of one event too. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/flyway.h"
#include "catalog/version.h"
#include "sql/placeholder.h"
#include "sql/sql.h"

static bool parse(const struct layout_run *run, const struct folder_file *file, struct flyway_name *ret)
{
    return flyway_name_read(run->file ? run->file->flyway : NULL, file->base, ret);
}

static bool begins_with_digit(const struct flyway_name *name)
{
    return name->head_len > 0 && *name->head >= '0' && *name->head <= '9';
}

/* A name that means to be Flyway's; whether it is a good one is said when it is read. */
static bool claims(const struct layout_run *run, const struct folder_file *file)
{
    struct flyway_name name;
    if (!parse(run, file, &name))
        return false;
    if (name.type == FLYWAY_CALLBACK)
        return name.head_len == 0 || name.separated || *name.head == '_';
    if (name.type == FLYWAY_REPEATABLE)
        return name.head_len == 0 || (name.separated && begins_with_digit(&name));
    return version_is(name.head, name.head_len, "._") || (name.separated && begins_with_digit(&name));
}

static const char *spaced(struct arena *arena, const char *text, size_t len, char from, char to)
{
    char *copy = arena_strndup(arena, text, len);
    for (char *p = copy; *p; p++) {
        if (*p == from)
            *p = to;
    }
    return copy;
}

/* ---- one file ---- */

static bool good_name(struct layout_run *run, const struct folder_file *file, const struct flyway_name *name)
{
    bool versioned = name->type != FLYWAY_REPEATABLE && name->type != FLYWAY_CALLBACK;
    if (versioned ? version_is(name->head, name->head_len, "._") : name->head_len == 0)
        return true;
    if (versioned)
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0,
                    "write V<numbers>__<description>.sql, as V2_1__x.sql",
                    "'%.*s' is no version: numbers separated by '.' or '_'", (int)name->head_len, name->head);
    else
        finding_add(run->findings, ERROR, FINDING_BAD_NAME, file->where, 0,
                    name->event ? "write beforeMigrate.sql, or beforeMigrate__<description>.sql"
                                : "write R__<description>.sql: a repeatable migration has no version",
                    "'%.*s' stands where nothing may stand in the name of a %s", (int)name->head_len, name->head,
                    name->event ? "callback" : "repeatable migration");
    return false;
}

static struct half half_of(struct layout_run *run, const struct folder_file *file, const struct flyway_name *name)
{
    const char *version = spaced(run->arena, name->head, name->head_len, '_', '.');
    return (struct half){.file = file,
                         .version = version,
                         .order = version,
                         .name = spaced(run->arena, name->rest, name->rest_len, '_', ' '),
                         .down = name->type == FLYWAY_UNDO};
}

/* Two files whose names differ only in `_` and blanks are one to Flyway: ids are made so that they are one here. */
static void add_other(struct layout_run *run, const struct folder_file *file, const struct flyway_name *name)
{
    struct half half = half_of(run, file, name);
    struct entry *entry = layout_add(run);
    *entry = (struct entry){.version = half.version, .order = half.order, .name = half.name, .file = file};
    if (name->type == FLYWAY_BASELINE) {
        entry->kind = MIGRATION_BASELINE;
        entry->id = arena_printf(run->arena, "B%s", half.version);
    } else if (name->type == FLYWAY_REPEATABLE) {
        entry->kind = MIGRATION_REPEATABLE;
        entry->id = arena_printf(run->arena, "R__%s", spaced(run->arena, name->rest, name->rest_len, ' ', '_'));
    } else {
        entry->kind = MIGRATION_CALLBACK;
        entry->last = strcmp(name->event, "afterMigrate") == 0;
        entry->id = spaced(run->arena, file->base, name->stem_len, ' ', '_');
    }
    entry->up = file->text;
    entry->up_size = file->size;
}

/* ---- placeholders with a prefix of their own ---- */

/* What Flyway refuses, and what cannot be written as the worker knows it. */
static bool check_marks(struct layout_run *run, const char *where, const char *text,
                        const struct flyway_marked *marked)
{
    int line = 0, column;
    const char *wrong = marked->open ? marked->open : marked->colon;
    if (wrong)
        text_position(text, (size_t)(wrong - text), &line, &column);
    if (marked->open)
        finding_add(run->findings, ERROR, FINDING_PLACEHOLDER, where, line,
                    "close it; with this `placeholder_prefix` Flyway reads a placeholder wherever it stands",
                    "a placeholder begins here and has no end");
    else if (marked->colon)
        finding_add(run->findings, ERROR, FINDING_PLACEHOLDER, where, line,
                    "write it with the `placeholder_separator` of the service, as Flyway wants it then",
                    "a placeholder of Flyway's own with ':' has no value where another separator is set");
    else if (marked->dollar)
        finding_add(run->findings, ERROR, FINDING_NOT_BUILT, where, 0,
                    "take the $ into the placeholder's value, or put something between",
                    "a $ directly in front of a placeholder with a prefix of its own is known but not built yet");
    return !wrong && !marked->dollar;
}

/* ---- beforeEachMigrate, afterEachMigrate ---- */

struct each {
    const struct folder_file *file;
    const char *name;
    bool after;
};

struct eaches {
    struct each *items;
    size_t count;
};

static int by_description(const void *a, const void *b)
{
    const struct each *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->file->path, y->file->path);
}

static void skipped(struct layout_run *run, const struct folder_file *file)
{
    finding_add(run->findings, WARNING, FINDING_SKIPPED_FILE, file->where, 0, "", "shouldExecute=false: it never runs");
}

/* It becomes a part of each migration's transaction. */
static bool good_each(struct layout_run *run, const struct folder_file *file)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct flyway_script script;
    struct flyway_marked marked;
    struct sql_text sql;
    if (!flyway_script_read(run, file, &script))
        return false;
    if (script.skip) {
        skipped(run, file);
        return false;
    }
    flyway_mark(run, file->text, file->size, &marked);
    if (!check_marks(run, file->where, file->text, &marked))
        return false;
    sql_analyse(marked.text, &scratch, &sql);
    const char *why = NULL;
    if (script.no_transaction || sql.needs_no_transaction)
        why = "a callback around each migration runs inside the migration's transaction";
    else if (sql.own_transaction || sql.stray_control)
        why = "a callback around each migration may not begin or end a transaction";
    else if ((script.literal || marked.bare) && strstr(file->text, "${"))
        why = "placeholderReplacement=false for a callback around each migration is known but not built yet";
    if (why)
        finding_add(run->findings, ERROR, FINDING_CALLBACK, file->where, 0, "change it, or move it out of the folder",
                    "%s",
                    why);
    return why == NULL;
}

static const char *join_each(struct layout_run *run, const struct eaches *eaches, bool after, size_t *ret_size)
{
    auto_buf struct buf text = BUF_INIT(BUF_MAX);
    const struct each *last = NULL;
    bool any = false;
    for (size_t i = 0; i < eaches->count; i++) {
        const struct each *each = &eaches->items[i];
        if (each->after != after)
            continue;
        if (last && strcmp(last->name, each->name) == 0)
            finding_add(run->findings, ERROR, FINDING_DUPLICATE_VERSION, each->file->where, 0,
                        "give one of them another name", "the callback stands twice: %s and %s", last->file->where,
                        each->file->where);
        last = each;
        if (!good_each(run, each->file))
            continue;
        if (any)
            buf_adds(&text, "\n;\n");
        struct flyway_marked marked;
        flyway_mark(run, each->file->text, each->file->size, &marked);
        buf_add(&text, marked.text, marked.size);
        run->each[run->each_count++] = each->file;
        any = true;
    }
    *ret_size = text.len;
    return any ? arena_strndup(run->arena, buf_text(&text), text.len) : NULL;
}

static void set_eaches(struct layout_run *run, struct eaches *eaches)
{
    if (eaches->count == 0)
        return;
    qsort(eaches->items, eaches->count, sizeof *eaches->items, by_description);
    run->each = arena_array(run->arena, eaches->count, sizeof *run->each);
    run->before_each = join_each(run, eaches, false, &run->before_each_size);
    run->after_each = join_each(run, eaches, true, &run->after_each_size);
}

/* ---- what is said beside and about a file ---- */

static const char *known_value(void *context, const struct placeholder_use *use)
{
    const struct service *service = context;
    for (size_t i = 0; service && i < service->placeholder_count; i++) {
        if (placeholder_is(use, service->placeholders[i].name))
            return service->placeholders[i].secret ? NULL : service->placeholders[i].value;
    }
    return NULL;
}

/* Of a repeatable one Flyway sums up what runs (SqlMigrationResolver.java); nobody knows it here when a value is a
 * secret or the database's. */
static const char *checksum_of(struct layout_run *run, const struct entry *entry)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct placeholder_text expanded;
    struct service service = {.name = NULL};
    if (run->service)
        service = *run->service;
    if (entry->kind != MIGRATION_REPEATABLE || entry->literal)
        return flyway_checksum(run->arena, entry->up, entry->up_size);
    if (!placeholder_expand(entry->up, known_value, &service, &scratch, &expanded, NULL, NULL))
        return NULL;
    return flyway_checksum(run->arena, expanded.text, expanded.len);
}

/* The undo runs as its migration does: what its own settings ask for has to be the same. False: it is left out. */
static bool read_undo_script(struct layout_run *run, struct entry *entry)
{
    struct flyway_script script;
    if (!flyway_script_read(run, entry->down_file, &script))
        return true;
    bool literal = script.literal != entry->literal && strstr(entry->down, "${");
    if (literal || (script.no_transaction && !entry->no_transaction))
        finding_add(run->findings, ERROR, FINDING_NOT_BUILT, entry->down_where, 0,
                    "say the same in the .conf file of the migration that it undoes",
                    "an undo with %s of its own is known but not built yet",
                    literal ? "placeholderReplacement" : "executeInTransaction");
    return !script.skip;
}

/* False: the entry is left out. */
static bool read_script(struct layout_run *run, struct entry *entry)
{
    struct flyway_script script;
    if (!flyway_script_read(run, entry->file, &script))
        return true;
    entry->no_transaction = script.no_transaction;
    entry->literal = script.literal;
    if (entry->down_file && !read_undo_script(run, entry)) {
        skipped(run, entry->down_file);
        entry->down_file = NULL;
        entry->down_where = entry->down = NULL;
        entry->down_size = 0;
    }
    if (script.skip)
        skipped(run, entry->file);
    return !script.skip;
}

/* Whether ${ is a placeholder is one answer for a migration and its undo. */
static void mark_entry(struct layout_run *run, struct entry *entry)
{
    struct flyway_marked up, down = {.text = NULL};
    if (entry->literal)
        return;
    flyway_mark(run, entry->up, entry->up_size, &up);
    check_marks(run, entry->file->where, entry->up, &up);
    if (entry->down) {
        flyway_mark(run, entry->down, entry->down_size, &down);
        check_marks(run, entry->down_where, entry->down, &down);
    }
    entry->literal = !up.replaced && !down.replaced;
    if ((up.replaced || down.replaced) && (up.bare || down.bare))
        finding_add(run->findings, ERROR, FINDING_NOT_BUILT, entry->file->where, 0,
                    "write the text that holds ${ into a migration of its own",
                    "placeholders with another prefix beside a ${ that is none, in one migration, are known but not "
                    "built yet");
    entry->up = up.text;
    entry->up_size = up.size;
    entry->down = down.text;
    entry->down_size = down.size;
}

static void finish(struct layout_run *run)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct entry entry = run->entries[i];
        if (!read_script(run, &entry))
            continue;
        const struct entry written = entry;
        mark_entry(run, &entry);
        if (entry.kind != MIGRATION_CALLBACK) {
            entry.script = entry.file->path;
            entry.foreign_checksum = checksum_of(run, entry.kind == MIGRATION_REPEATABLE ? &entry : &written);
        }
        run->entries[kept++] = entry;
    }
    run->count = kept;
}

/* ---- all files ---- */

static void read_callback(struct layout_run *run, const struct folder_file *file, const struct flyway_name *name,
                          struct eaches *eaches)
{
    bool after = strcmp(name->event, "afterEachMigrate") == 0;
    if (strcmp(name->event, "beforeMigrate") == 0 || strcmp(name->event, "afterMigrate") == 0)
        add_other(run, file, name);
    else if (after || strcmp(name->event, "beforeEachMigrate") == 0)
        eaches->items[eaches->count++] = (struct each){file, half_of(run, file, name).name, after};
    else
        finding_add(run->findings, ERROR, FINDING_NOT_BUILT, file->where, 0, "move it out of the migrations folder",
                    "callbacks for %s are known but not built yet; they are refused rather than skipped", name->event);
}

static const char *undo_name(const struct layout_run *run, const struct folder_file *up)
{
    const struct flyway_keys *keys = run->file ? run->file->flyway : NULL;
    const char *prefix = keys && keys->undo_prefix ? keys->undo_prefix : "U";
    struct flyway_name name = {.head = up->base};
    parse(run, up, &name);
    return arena_printf(run->arena, "%.*s%s%s", (int)(strlen(up->where) - strlen(up->base)), up->where, prefix,
                        name.head);
}

static void read_all(struct layout_run *run)
{
    size_t room = run->folder->count + 1, count = 0;
    struct half *halves = arena_array(run->arena, room, sizeof *halves);
    struct eaches eaches = {.items = arena_array(run->arena, room, sizeof *eaches.items)};
    for (size_t i = 0; i < run->folder->count; i++) {
        const struct folder_file *file = &run->folder->files[i];
        struct flyway_name name;
        if (!claims(run, file) || !parse(run, file, &name) || !good_name(run, file, &name))
            continue;
        layout_refuse_sections(run, file);
        if (name.type == FLYWAY_VERSIONED || name.type == FLYWAY_UNDO)
            halves[count++] = half_of(run, file, &name);
        else if (name.type == FLYWAY_CALLBACK)
            read_callback(run, file, &name, &eaches);
        else
            add_other(run, file, &name);
    }
    layout_pair(run, halves, count, false);
    finish(run);
    set_eaches(run, &eaches);
}

const struct layout layout_flyway = {
    .name = "flyway",
    .prose = "V1__name.sql, U1__name.sql, B1__name.sql, R__name.sql, beforeMigrate.sql",
    .claims = claims,
    .read = read_all,
    .undo_name = undo_name,
    .history = HISTORY_FLYWAY,
    .placeholders = true,
    .session_lasts = true,
    .restores_path = true, /* flyway-core: PostgreSQLConnection.java */
    .spaces = SQL_SPACES_NO_BREAK,
};
