#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/depends.h"
#include "catalog/environment.h"
#include "catalog/header.h"
#include "catalog/layout.h"
#include "crypto/digest.h"
#include "sql/sql.h"

struct loading {
    struct catalog *catalog;
    struct findings findings;
    struct drafts drafts;
    struct service *services;
    const char *root; /* fleet.yml's folder */
    const struct defaults_file *defaults; /* NULL: none */
    struct catalog_blob *blobs;
    size_t blob_count;
};

void catalog_free(struct catalog *catalog)
{
    if (!catalog)
        return;
    struct arena arena = catalog->arena;
    arena_release(&arena);
    free(catalog);
}

bool catalog_require(const struct catalog *catalog, struct err *err)
{
    if (catalog->error_count == 0)
        return true;
    const struct catalog_finding *first = catalog->findings;
    while (!first->error)
        first++;
    err_set(err, ERR_INPUT, "%s", first->text);
    if (first->line)
        err_prefix(err, "%s:%d", first->file, first->line);
    else
        err_prefix(err, "%s", first->file);
    if (catalog->error_count > 1)
        return err_hint(err, "%s%sand %zu more errors: `greylag validate` lists them all", first->hint,
                        *first->hint ? "; " : "", catalog->error_count - 1);
    return err_hint(err, "%s", first->hint);
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(((const struct catalog_blob *)a)->digest, ((const struct catalog_blob *)b)->digest);
}

const struct catalog_blob *catalog_blob(const struct catalog *catalog, const char *digest)
{
    struct catalog_blob key = {.text = NULL};
    if (strlen(digest) >= sizeof key.digest || catalog->blob_count == 0)
        return NULL;
    memcpy(key.digest, digest, strlen(digest));
    return bsearch(&key, catalog->blobs, catalog->blob_count, sizeof key, by_digest);
}

/* One text: its digest, in the blobs and returned. */
static const char *keep_text(struct loading *loading, const char *text, size_t size, const char *file)
{
    size_t wire = size > MIGRATION_MAX / 8 ? migration_wire_size(text, size) : 0;
    if (wire > MIGRATION_WIRE_MAX)
        finding_add(&loading->findings, ERROR, "too-large", file, 0, "split it, or load the data another way",
                    "its %zu bytes are %zu in a signed message (quotes, backslashes and control characters count more than "
                    "once); at most %zu fit", size, wire, MIGRATION_WIRE_MAX);
    struct catalog_blob *blob = &loading->blobs[loading->blob_count++];
    digest_hex(text, size, blob->digest);
    blob->text = text;
    blob->size = size;
    return blob->digest;
}

/* What the parser sees in a text; true: it must not run in a transaction. */
static bool analyse(struct loading *loading, const char *text, const char *file, int first_line)
{
    auto_arena struct arena scratch = ARENA_INIT;
    struct sql_text sql;
    sql_analyse(text, &scratch, &sql);
    struct findings *findings = &loading->findings;
    if (!sql.parsed)
        finding_add(findings, WARNING, "unparsed", file, sql.warning_line ? first_line + sql.warning_line - 1 : 0,
                    "a newer server may know more than the parser; it runs as it is", "cannot be analysed: %s",
                    sql.warning);
    if (sql.forbidden)
        finding_add(findings, ERROR, "transaction", file, first_line + sql.forbidden->line - 1,
                    "remove the statement", "%s is not allowed in a migration: %s", sql.forbidden->keyword,
                    sql.forbidden->why);
    if (sql.stray_control)
        finding_add(findings, WARNING, "transaction", file, first_line + sql.stray_line - 1,
                    "remove it: a migration runs in a transaction of its own",
                    "transaction control in the middle of the text");
    return sql.needs_no_transaction;
}

static int first_line_of(const struct entry *entry, const char *marker)
{
    if (entry->up == entry->file->text)
        return 1;
    const char *at = strstr(entry->file->text, marker);
    int line = 1, column;
    if (at)
        text_position(entry->file->text, (size_t)(at - entry->file->text), &line, &column);
    return line;
}

/* A header that speaks of another service than the one whose folder the file lies in. */
static void check_service(struct loading *loading, const struct draft *draft, const struct entry *entry,
                          const struct header *header)
{
    const struct draft *named = header->service ? draft_by_name(&loading->drafts, header->service) : NULL;
    if (named && named != draft)
        finding_add(&loading->findings, WARNING, "contradiction", entry->file->where, header->service_line,
                    "correct the comment, or move the file", "the file says it is of service %s, but lies in the folder of %s",
                    named->file->name, draft->file->name);
}

static void read_headers(struct loading *loading, struct draft *draft)
{
    for (size_t i = 0; i < draft->run.count; i++) {
        struct entry *entry = &draft->run.entries[i];
        struct header header;
        header_read(entry->file, &loading->catalog->arena, &entry->references, &header);
        if (!entry->author)
            entry->author = header.author;
        check_service(loading, draft, entry, &header);
    }
}

/* Of the files that are migrations, ended by NULL; NULL: the usual. */
static const char *const *suffixes_of(struct arena *arena, const struct service_file *file)
{
    if (!file->flyway || file->flyway->suffixes_count == 0)
        return NULL;
    const char **suffixes = arena_array(arena, file->flyway->suffixes_count + 1, sizeof *suffixes);
    for (unsigned i = 0; i < file->flyway->suffixes_count; i++)
        suffixes[i] = arena_strdup(arena, file->flyway->suffixes[i]);
    return suffixes;
}

static void read_service(struct loading *loading, struct draft *draft, const struct service_file *file)
{
    struct arena *arena = &loading->catalog->arena;
    struct folder *folder = arena_new(arena, struct folder);
    folder_read(loading->root, file->migrations, suffixes_of(arena, file), arena, &loading->findings, folder);
    draft->run = (struct layout_run){.arena = arena,
                                     .file = file,
                                     .findings = &loading->findings,
                                     .folder = folder,
                                     .by_name = file->duplicate_versions && strcmp(file->duplicate_versions, "by-name") == 0};
    layout_read(&draft->run, file->layout);
}

/* ---- categories ---- */

static const struct category_keys *category_keys(const struct category_keys *list, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcasecmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}

static bool is_category(const struct loading *loading, const struct draft *draft, const char *name)
{
    static const char *const usual[] = {"schema", "data", "security", "performance", "ddl", "dml", "procedures", "seeds"};
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        if (strcasecmp(usual[i], name) == 0)
            return true;
    }
    return category_keys(draft->file->categories, draft->file->categories_count, name) ||
           (loading->defaults && category_keys(loading->defaults->categories, loading->defaults->categories_count, name));
}

/* Of the folders that the file lies in, the nearest whose name is a category; in small letters, NULL: none. */
static const char *category_of_folder(struct loading *loading, const struct draft *draft, const struct folder_file *file)
{
    const char *end = file->base > file->path ? file->base - 1 : file->path;
    while (end > file->path) {
        const char *start = end;
        while (start > file->path && start[-1] != '/')
            start--;
        char *name = arena_strndup(&loading->catalog->arena, start, (size_t)(end - start));
        if (is_category(loading, draft, name)) {
            for (char *p = name; *p; p++)
                *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
            return name;
        }
        end = start > file->path ? start - 1 : start;
    }
    return NULL;
}

/* The nearest list that names the category says all. */
static void set_category(struct loading *loading, const struct draft *draft, const struct entry *entry,
                         struct migration *migration)
{
    migration->category = entry->category ? entry->category : category_of_folder(loading, draft, entry->file);
    if (!migration->category)
        return;
    const struct category_keys *keys =
        category_keys(draft->file->categories, draft->file->categories_count, migration->category);
    if (!keys && loading->defaults)
        keys = category_keys(loading->defaults->categories, loading->defaults->categories_count, migration->category);
    if (!keys)
        return;
    if (keys->policy.on_failure && !migration->has_policy) {
        migration->has_policy = true;
        migration->on_failure = *keys->policy.on_failure;
    }
    migration->lock_timeout_ms = keys->policy.lock_timeout ? *keys->policy.lock_timeout : 0;
    migration->statement_timeout_ms = keys->policy.statement_timeout ? *keys->policy.statement_timeout : 0;
}

static bool has_placeholders(const struct draft *draft, const struct service *service, const struct entry *entry)
{
    if (entry->literal || !(draft->run.layout->placeholders || service->placeholder_count))
        return false;
    return strstr(entry->up, "${") || (entry->down && strstr(entry->down, "${")) ||
           (entry->verify && strstr(entry->verify, "${"));
}

static void set_migration(struct loading *loading, const struct draft *draft, const struct entry *entry,
                          const struct service *service, struct migration *migration)
{
    *migration = (struct migration){.id = entry->id,
                                    .kind = entry->kind,
                                    .version = entry->version,
                                    .name = entry->name,
                                    .file = entry->file->where,
                                    .down_file = entry->down_where,
                                    .up = keep_text(loading, entry->up, entry->up_size, entry->file->where),
                                    .up_size = (int64_t)entry->up_size,
                                    .down_size = (int64_t)entry->down_size,
                                    .no_transaction = entry->no_transaction,
                                    .has_policy = entry->has_policy,
                                    .on_failure = entry->on_failure,
                                    .author = entry->author,
                                    .risk = entry->risk,
                                    .script = entry->script,
                                    .foreign_checksum = entry->foreign_checksum,
                                    .placeholders = has_placeholders(draft, service, entry),
                                    .breaking = entry->breaking};
    set_category(loading, draft, entry, migration);
    migration->no_transaction |= analyse(loading, entry->up, entry->file->where, first_line_of(entry, entry->up));
    if (entry->down) {
        migration->down = keep_text(loading, entry->down, entry->down_size, entry->down_where);
        analyse(loading, entry->down, entry->down_where, first_line_of(entry, entry->down));
    }
    if (entry->verify)
        migration->verify = keep_text(loading, entry->verify, entry->verify_size, entry->verify_where);
    depends_resolve(&loading->drafts, draft, entry, &loading->findings, &loading->catalog->arena, &migration->depends,
                    &migration->depends_count);
}

static void set_migrations(struct loading *loading, const struct draft *draft, struct service *service)
{
    size_t count = draft->run.count;
    struct migration *migrations = arena_array(&loading->catalog->arena, count + 1, sizeof *migrations);
    for (size_t i = 0; i < count; i++)
        set_migration(loading, draft, &draft->run.entries[i], service, &migrations[i]);
    service->migrations = migrations;
    service->migration_count = count;
    if (draft->run.before_each)
        service->before_each = keep_text(loading, draft->run.before_each, draft->run.before_each_size,
                                         draft->run.folder->where);
    if (draft->run.after_each)
        service->after_each = keep_text(loading, draft->run.after_each, draft->run.after_each_size,
                                        draft->run.folder->where);
    service->layout = draft->run.layout ? draft->run.layout->name : "flyway";
    service->history = draft->run.layout ? draft->run.layout->history : HISTORY_NONE;
    if (service->mirror && service->history == HISTORY_NONE)
        finding_add(&loading->findings, ERROR, "mirror", draft->run.folder->where, 0, "remove `mirror_history`",
                    "no tool keeps a record of the %s layout that could be mirrored", service->layout);
}

/* The digests that migrations point to stay where they are: the sorted list is a copy. */
static void sort_blobs(struct loading *loading)
{
    struct catalog_blob *sorted = arena_array(&loading->catalog->arena, loading->blob_count + 1, sizeof *sorted);
    if (loading->blob_count) {
        memcpy(sorted, loading->blobs, loading->blob_count * sizeof *sorted);
        qsort(sorted, loading->blob_count, sizeof *sorted, by_digest);
    }
    size_t kept = 0;
    for (size_t i = 0; i < loading->blob_count; i++) {
        if (kept == 0 || strcmp(sorted[kept - 1].digest, sorted[i].digest) != 0)
            sorted[kept++] = sorted[i];
    }
    loading->catalog->blobs = sorted;
    loading->catalog->blob_count = kept;
}

static void read_services(struct loading *loading, const struct fleet_file *file)
{
    struct arena *arena = &loading->catalog->arena;
    size_t total = 0;
    loading->drafts.count = file->services_count;
    loading->drafts.items = arena_array(arena, file->services_count, sizeof *loading->drafts.items);
    for (size_t i = 0; i < file->services_count; i++)
        loading->drafts.items[i].file = &file->services[i];
    for (size_t i = 0; i < file->services_count; i++) {
        read_service(loading, &loading->drafts.items[i], &file->services[i]);
        total += 3 * loading->drafts.items[i].run.count + 2;
    }
    for (size_t i = 0; i < file->services_count; i++) {
        read_headers(loading, &loading->drafts.items[i]);
        depends_read_file(&loading->drafts, &loading->drafts.items[i], &loading->findings, arena);
    }
    loading->blobs = arena_array(arena, total + 1, sizeof *loading->blobs);
    for (size_t i = 0; i < file->services_count; i++)
        set_migrations(loading, &loading->drafts.items[i], &loading->services[i]);
    sort_blobs(loading);
}

static bool load(struct loading *loading, const char *path, const char *environment, config_getter *get, void *context,
                 struct err *err)
{
    struct config *config = NULL;
    struct catalog *catalog = loading->catalog;
    if (!config_load(&fleet_format, path, get, context, &config, err))
        return false;
    bool good = environment_read(config, environment, catalog, &loading->services, err);
    if (good) {
        const struct fleet_file *file = config_data(config);
        loading->findings.arena = &catalog->arena;
        loading->defaults = file->defaults;
        read_services(loading, file);
        catalog->fleet.services = loading->services;
        catalog->fleet.service_count = file->services_count;
        catalog->findings = loading->findings.items;
        catalog->finding_count = loading->findings.count;
        catalog->error_count = loading->findings.errors;
    }
    config_free(config);
    return good;
}

bool catalog_load(const char *path, const char *environment, config_getter *get, void *context,
                  struct catalog **ret_catalog, struct err *err)
{
    struct loading loading = {.catalog = xcalloc(1, sizeof(struct catalog))};
    const char *slash = strrchr(path, '/');
    loading.root = slash ? arena_strndup(&loading.catalog->arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
    if (!load(&loading, path, environment, get, context, err)) {
        catalog_free(loading.catalog);
        return false;
    }
    *ret_catalog = loading.catalog;
    return true;
}
