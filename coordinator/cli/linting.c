#include "cli/linting.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/layout.h"
#include "cli/rewrite.h"
#include "crypto/digest.h"
#include "sql/placeholder.h"

/* ---- what is applied ---- */

static int by_migration(const void *a, const void *b)
{
    return strcmp((*(const struct applied *const *)a)->migration, (*(const struct applied *const *)b)->migration);
}

static void add_with_lf(struct buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r' || i + 1 == size || text[i + 1] != '\n')
            buf_addc(out, text[i]);
}

/* A checkout with other line ends: the text that is applied is the file's with LF. */
static bool differs_by_ends(const struct linting *linting, const char *now, const char *applied)
{
    char digest[DIGEST_HEX_SIZE];
    auto_buf struct buf text = BUF_INIT(MIGRATION_MAX);
    const struct catalog_blob *blob = strcmp(now, applied) == 0 ? NULL : catalog_blob(linting->catalog, now);
    if (!blob || !memchr(blob->text, '\r', blob->size))
        return false;
    add_with_lf(&text, blob->text, blob->size);
    digest_hex(buf_text(&text), text.len, digest);
    return strcmp(digest, applied) == 0;
}

static void count_target(const struct linting *linting, const struct service *service,
                         const struct target_contents *contents, int *applied, bool *ends)
{
    auto_free const struct applied **rows = xcalloc(contents->applied_count + 1, sizeof *rows);
    for (size_t i = 0; i < contents->applied_count; i++)
        rows[i] = &contents->applied[i];
    qsort(rows, contents->applied_count, sizeof *rows, by_migration);
    for (size_t i = 0; i < service->migration_count; i++) {
        const struct migration *migration = &service->migrations[i];
        const struct applied wanted = {.migration = migration->id}, *key = &wanted;
        const struct applied *const *row = bsearch(&key, rows, contents->applied_count, sizeof *rows, by_migration);
        applied[i] += row != NULL;
        ends[i] = ends[i] || (row && migration->up && differs_by_ends(linting, migration->up, (*row)->checksum));
    }
}

/* A target on which greylag has applied nothing, while the layout's own tool keeps a record that is not looked into. */
static const char *find_unknown(const struct service *service, const struct target_contents *contents, size_t count)
{
    for (size_t t = 0; service->history != HISTORY_NONE && t < service->target_count; t++) {
        bool holds = false;
        for (size_t i = 0; i < count; i++)
            holds |= contents[i].applied_count > 0 && strcmp(contents[i].service, service->name) == 0 &&
                     strcmp(contents[i].target, service->targets[t]) == 0;
        if (!holds)
            return service->targets[t];
    }
    return NULL;
}

void linting_applied(struct linting *linting, const struct target_contents *contents, size_t count)
{
    const struct fleet *fleet = &linting->catalog->fleet;
    size_t total = 0;
    for (size_t s = 0; s < fleet->service_count; s++)
        total += fleet->services[s].migration_count;
    int *applied = arena_array(linting->arena, total + 1, sizeof *applied), *first = applied;
    bool *ends = arena_array(linting->arena, total + 1, sizeof *ends), *differ = ends;
    const char **unknown = arena_array(linting->arena, fleet->service_count + 1, sizeof *unknown);
    for (size_t s = 0; s < fleet->service_count; s++) {
        unknown[s] = find_unknown(&fleet->services[s], contents, count);
        for (size_t i = 0; i < count; i++) {
            if (strcmp(contents[i].service, fleet->services[s].name) == 0)
                count_target(linting, &fleet->services[s], &contents[i], first, differ);
        }
        first += fleet->services[s].migration_count;
        differ += fleet->services[s].migration_count;
    }
    linting->applied = applied;
    linting->ends = ends;
    linting->unknown = unknown;
}

/* ---- one migration, with its files ---- */

struct loaded {
    struct buf up, down; /* bytes of the files */
    struct arena arena;  /* of texts with placeholders replaced */
    struct lint_migration migration;
};

static char *full_path(const struct linting *linting, const char *file)
{
    return *file == '/' ? xstrdup(file) : xasprintf("%s/%s", linting->folder, file);
}

static const char *value_of(void *context, const struct placeholder_use *use)
{
    const struct service *const *service = context;
    for (size_t i = 0; i < (*service)->placeholder_count; i++) {
        const struct placeholder *placeholder = &(*service)->placeholders[i];
        if (placeholder_is(use, placeholder->name))
            return placeholder->secret ? LINT_ANY_WORD : placeholder->value;
    }
    return LINT_ANY_WORD; /* built in; or not known, which the catalog has said */
}

static void replace_placeholders(const struct service *service, struct arena *arena, struct lint_text *text)
{
    struct placeholder_text expanded;
    if (!text->sql || !placeholder_expand(text->sql, value_of, &service, arena, &expanded, NULL, NULL))
        return;
    text->sql = expanded.text;
    text->size = expanded.len;
}

/* A file that cannot be read any more is no reason to stop: the catalog has its text. */
static void load_file(const struct linting *linting, struct buf *bytes, struct lint_text *text)
{
    auto_free char *path = full_path(linting, text->file);
    if (!buf_read_file(bytes, path, NULL))
        return;
    text->whole = buf_text(bytes);
    text->whole_size = bytes->len;
}

/* What is no SQL is left out. */
static void load_text(const struct linting *linting, const char *file, const char *digest, struct buf *bytes,
                      struct lint_text *ret_text)
{
    const struct catalog_blob *blob = digest ? catalog_blob(linting->catalog, digest) : NULL;
    const char *dot = strrchr(file, '.');
    *ret_text = (struct lint_text){.file = file};
    if (!blob || !dot || strcasecmp(dot, ".py") == 0)
        return;
    ret_text->sql = blob->text;
    ret_text->size = blob->size;
    load_file(linting, bytes, ret_text);
}

/* Sqitch's record is a schema of its own. */
static const char *registry_of(struct arena *arena, const struct service *service)
{
    if (service->history == HISTORY_NONE || !strchr(history_tool_table(service->history), '.'))
        return NULL;
    struct history_name name = history_name(service->history, service->history_table);
    return arena_strndup(arena, name.schema, name.schema_len);
}

static void load(const struct linting *linting, const struct service *service, const struct migration *from,
                 int applied, bool ends, struct loaded *ret_loaded)
{
    *ret_loaded = (struct loaded){.up = BUF_INIT(MIGRATION_MAX), .down = BUF_INIT(MIGRATION_MAX)};
    struct lint_migration *migration = &ret_loaded->migration;
    *migration = (struct lint_migration){
        .id = from->id,
        .name = from->name,
        .version = from->version ? from->version : "",
        .service = service->name,
        .applied = applied > 0 && applied >= (int)service->target_count,
        .ends_differ = ends,
        .says_breaking = strcmp(service->layout, "metadata") == 0,
        .breaking = from->breaking,
        .no_transaction = from->no_transaction,
        .apart = from->kind == MIGRATION_BASELINE || from->kind == MIGRATION_CALLBACK,
        .session_lasts = layout_by_name(service->layout)->session_lasts,
        .restores_path = layout_by_name(service->layout)->restores_path,
        .own_history = service->history != HISTORY_NONE && !service->mirror
                           ? history_name(service->history, service->history_table).table
                           : NULL,
        .own_registry = registry_of(linting->arena, service),
        .needs_no_undo = from->kind == MIGRATION_REPEATABLE, /* its earlier text is run again */
    };
    load_text(linting, from->file, from->up, &ret_loaded->up, &migration->up);
    if (from->down)
        load_text(linting, from->down_file, from->down, &ret_loaded->down, &migration->down);
    if (!from->placeholders)
        return;
    replace_placeholders(service, &ret_loaded->arena, &migration->up);
    replace_placeholders(service, &ret_loaded->arena, &migration->down);
}

static void load_aside(const struct linting *linting, const struct catalog_aside *aside, struct loaded *ret_loaded)
{
    *ret_loaded = (struct loaded){.up = BUF_INIT(MIGRATION_MAX), .down = BUF_INIT(MIGRATION_MAX)};
    ret_loaded->migration = (struct lint_migration){.id = "", .name = "", .version = ""};
    struct lint_text *text = &ret_loaded->migration.up;
    *text = (struct lint_text){.sql = aside->text, .size = aside->size, .file = aside->file};
    load_file(linting, &ret_loaded->up, text);
    if (aside->placeholders)
        replace_placeholders(&linting->catalog->fleet.services[aside->service], &ret_loaded->arena, text);
}

static void unload(struct loaded *loaded)
{
    buf_release(&loaded->up);
    buf_release(&loaded->down);
    arena_release(&loaded->arena);
}

/* Its migration is, on all targets; of what runs with every migration something is always still to come. */
static bool is_applied(const struct service *service, const struct catalog_aside *aside, const int *applied)
{
    const struct migration *migration = aside->migration ? service_migration(service, aside->migration) : NULL;
    int times = migration && applied ? applied[migration - service->migrations] : 0;
    return times > 0 && times >= (int)service->target_count;
}

static void run_service(const struct linting *linting, size_t index, const int *applied, const bool *ends,
                        struct report *report)
{
    const struct service *service = &linting->catalog->fleet.services[index];
    struct lint *lint = lint_begin(&linting->catalog->lint[index], linting->arena);
    const struct lint_finding *findings;
    size_t count;
    for (size_t i = 0; i < service->migration_count; i++) {
        struct loaded loaded;
        load(linting, service, &service->migrations[i], applied ? applied[i] : 0, ends && ends[i], &loaded);
        if (loaded.migration.up.sql)
            lint_add(lint, &loaded.migration);
        unload(&loaded);
    }
    for (size_t i = 0; i < linting->catalog->aside_count; i++) {
        const struct catalog_aside *aside = &linting->catalog->asides[i];
        struct loaded loaded;
        if (aside->service != index)
            continue;
        load_aside(linting, aside, &loaded);
        lint_add_aside(lint, &loaded.migration.up, is_applied(service, aside, applied));
        unload(&loaded);
    }
    lint_end(lint, &findings, &count);
    report_lint(report, findings, count);
}

void linting_run(const struct linting *linting, struct report *report)
{
    const struct fleet *fleet = &linting->catalog->fleet;
    const int *applied = linting->applied;
    const bool *ends = linting->ends;
    for (size_t s = 0; s < fleet->service_count; s++) {
        run_service(linting, s, applied, ends, report);
        applied = applied ? applied + fleet->services[s].migration_count : NULL;
        ends = ends ? ends + fleet->services[s].migration_count : NULL;
    }
}

/* ---- fixes ---- */

struct fixing {
    const struct linting *linting;
    const struct report *report;
    bool write;
    struct buf *out;
    size_t files;
    const char *left_alone; /* why the files of the present migration are not changed; NULL: they may be */
    struct err *err;
};

/* Bits of the rules found in that file which can be mended. */
static unsigned rules_of(const struct report *report, const char *file)
{
    unsigned rules = 0;
    enum lint_rule rule;
    for (size_t i = 0; i < report->count; i++) {
        const struct report_finding *finding = &report->items[i];
        if (finding->file && strcmp(finding->file, file) == 0 && lint_rule_parse(finding->rule, &rule) &&
            lint_rule_can_fix(rule))
            rules |= 1u << rule;
    }
    return rules;
}

static bool fix_text(struct fixing *fixing, const struct lint_migration *migration, const struct lint_text *text)
{
    unsigned rules = text->sql ? rules_of(fixing->report, text->file) : 0;
    auto_buf struct buf fixed = BUF_INIT(MIGRATION_MAX * 2);
    if (migration->ends_differ && (rules & 1u << LINT_LINE_ENDINGS) && text->whole)
        add_with_lf(&fixed, text->whole, text->whole_size); /* also in strings: that is what is applied */
    else if (!rules || !lint_fix(migration, text, rules, &fixed))
        return true;
    if (fixing->left_alone) {
        buf_addf(fixing->out, "%s is not changed: %s\n", text->file, fixing->left_alone);
        return true;
    }
    fixing->files++;
    auto_free char *path = full_path(fixing->linting, text->file);
    rewrite_diff(text->file, text->whole, text->whole_size, buf_text(&fixed), fixed.len, fixing->out);
    return !fixing->write ||
           rewrite_file(path, text->whole, text->whole_size, buf_text(&fixed), fixed.len, fixing->err);
}

static const char *why_alone(const struct fixing *fixing, size_t service, int applied)
{
    const struct linting *linting = fixing->linting;
    const char *target = linting->unknown ? linting->unknown[service] : NULL;
    if (applied > 0)
        return "it is applied";
    return target ? arena_printf(linting->arena, "%s may have applied it on %s (import its record, or say --offline)",
                                 linting->catalog->fleet.services[service].layout, target)
                  : NULL;
}

static bool fix_migration(struct fixing *fixing, size_t service, const struct migration *migration, int applied,
                          bool ends)
{
    struct loaded loaded;
    load(fixing->linting, &fixing->linting->catalog->fleet.services[service], migration, applied, ends, &loaded);
    const struct lint_migration *m = &loaded.migration;
    bool same = m->down.sql && strcmp(m->up.file, m->down.file) == 0;
    fixing->left_alone = ends ? NULL : why_alone(fixing, service, applied);
    bool good = fix_text(fixing, m, &m->up) && (same || fix_text(fixing, m, &m->down));
    unload(&loaded);
    return good;
}

/* Nothing of it is recorded where it ran. */
static bool fix_aside(struct fixing *fixing, const struct catalog_aside *aside)
{
    struct loaded loaded;
    load_aside(fixing->linting, aside, &loaded);
    fixing->left_alone = NULL;
    bool good = fix_text(fixing, &loaded.migration, &loaded.migration.up);
    unload(&loaded);
    return good;
}

bool linting_fix(const struct linting *linting, const struct report *report, bool write, struct buf *out,
                 size_t *ret_files, struct err *err)
{
    const struct fleet *fleet = &linting->catalog->fleet;
    struct fixing fixing = {.linting = linting, .report = report, .write = write, .out = out, .err = err};
    const int *applied = linting->applied;
    const bool *ends = linting->ends;
    bool good = true;
    for (size_t s = 0; good && s < fleet->service_count; s++) {
        for (size_t i = 0; good && i < fleet->services[s].migration_count; i++)
            good = fix_migration(&fixing, s, &fleet->services[s].migrations[i], applied ? *applied++ : 0,
                                 ends ? *ends++ : false);
    }
    for (size_t i = 0; good && i < linting->catalog->aside_count; i++)
        good = fix_aside(&fixing, &linting->catalog->asides[i]);
    *ret_files = fixing.files;
    return good;
}
