#include "catalog/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "catalog/category.h"
#include "catalog/depends.h"
#include "catalog/env_file.h"
#include "catalog/environment.h"
#include "catalog/header.h"
#include "catalog/layout.h"
#include "catalog/mirror.h"
#include "catalog/texts.h"

struct loading {
    struct catalog *catalog;
    struct findings findings;
    struct drafts drafts;
    struct service *services;
    const char *root; /* fleet.yml's folder */
    const char *config_name; /* its name there */
    const struct config *config;
    const struct defaults_file *defaults; /* NULL: none */
    struct texts texts;
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

/* A header that speaks of another service than the one whose folder the file lies in. */
static void check_service(struct loading *loading, const struct draft *draft, const struct entry *entry,
                          const struct header *header)
{
    const struct draft *named = header->service ? draft_by_name(&loading->drafts, header->service) : NULL;
    if (named && named != draft && !draft->run.layout->checks_service)
        finding_add(&loading->findings, WARNING, FINDING_CONTRADICTION, entry->file->where, header->service_line,
                    "correct the comment, or move the file",
                    "the file says it is of service %s, but lies in the folder of %s", named->file->name,
                    draft->file->name);
}

/* The undo runs as its migration does. */
static void read_undo_header(struct loading *loading, const struct entry *entry)
{
    struct references ignored = {.count = 0};
    struct header header;
    if (!entry->down_file || entry->no_transaction)
        return;
    header_read(entry->down_file, &loading->catalog->arena, &ignored, &header);
    if (header.no_transaction_line)
        finding_add(&loading->findings, ERROR, FINDING_NOT_BUILT, entry->down_where, header.no_transaction_line,
                    "say it at the head of the migration that it undoes, too",
                    "an undo alone outside of a transaction is known but not built yet");
}

static void read_headers(struct loading *loading, struct draft *draft)
{
    for (size_t i = 0; i < draft->run.count; i++) {
        struct entry *entry = &draft->run.entries[i];
        struct header header;
        header_read(entry->file, &loading->catalog->arena, &entry->references, &header);
        if (!entry->author)
            entry->author = header.author;
        entry->breaking |= header.breaking;
        entry->no_transaction |= header.no_transaction_line > 0;
        read_undo_header(loading, entry);
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

/* Of an earlier service that reads the same folder, or NULL. */
static const struct folder *shared_folder(const struct loading *loading, const struct draft *draft)
{
    for (const struct draft *other = loading->drafts.items; other < draft; other++) {
        if (layout_same_folder(other->file, draft->file) && !other->file->flyway && !draft->file->flyway)
            return other->run.folder;
    }
    return NULL;
}

static void read_service(struct loading *loading, struct draft *draft, const struct service_file *file)
{
    struct arena *arena = &loading->catalog->arena;
    const struct folder *shared = shared_folder(loading, draft);
    struct folder *folder = arena_new(arena, struct folder);
    if (shared)
        *folder = *shared;
    else
        folder_read(loading->root, file->migrations, suffixes_of(arena, file), arena, &loading->findings, folder);
    bool by_name = file->duplicate_versions && strcmp(file->duplicate_versions, "by-name") == 0;
    draft->run = (struct layout_run){.arena = arena,
                                     .file = file,
                                     .config = loading->config,
                                     .config_name = loading->config_name,
                                     .service = &loading->services[draft - loading->drafts.items],
                                     .services = loading->drafts.items[0].file,
                                     .service_count = loading->drafts.count,
                                     .again = shared != NULL,
                                     .findings = &loading->findings,
                                     .folder = folder,
                                     .by_name = by_name};
    layout_read(&draft->run, file->layout);
}

/* Where the layout's tool knows none, the fleet's own defaults are none of its business. */
static bool replaces(const struct draft *draft)
{
    const struct placeholder_keys *own = &draft->file->placeholders;
    return draft->run.layout->placeholders || own->values_count || own->secrets_count;
}

static bool has_placeholders(const struct draft *draft, const struct service *service, const struct entry *entry)
{
    const char *const texts[] = {entry->up, entry->down, entry->verify};
    bool known = false, any = false;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        any |= texts[i] && strstr(texts[i], "${");
        known |= texts[i] && texts_know(texts[i], service);
    }
    return !entry->literal && replaces(draft) && (draft->run.layout->leaves_unknown ? known : any);
}

static void add_placeholder(struct service *service, const struct placeholder *placeholder, struct arena *arena)
{
    size_t count = service->placeholder_count, at = 0;
    struct placeholder *list = arena_array(arena, count + 1, sizeof *list);
    while (at < count && strcasecmp(service->placeholders[at].name, placeholder->name) < 0)
        at++;
    for (size_t i = 0; i < count; i++)
        list[i + (i >= at)] = service->placeholders[i];
    list[at] = *placeholder;
    service->placeholders = list;
    service->placeholder_count = count + 1;
}

/* The worker knows no placeholder that it could leave as it stands. */
static void keep_unknown(const struct draft *draft, struct entry *entry, struct service *service, struct arena *arena)
{
    const char **const texts[] = {&entry->up, &entry->down, &entry->verify};
    size_t *const sizes[] = {&entry->up_size, &entry->down_size, &entry->verify_size};
    bool changed = false;
    if (!draft->run.layout->leaves_unknown || !has_placeholders(draft, service, entry))
        return;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const char *kept = *texts[i] ? texts_keep_unknown(*texts[i], service, arena) : NULL;
        if (kept == *texts[i])
            continue;
        *texts[i] = kept;
        *sizes[i] = strlen(kept);
        changed = true;
    }
    size_t known = 0;
    while (known < service->placeholder_count && strcmp(service->placeholders[known].name, texts_dollar.name) != 0)
        known++;
    if (changed && known == service->placeholder_count)
        add_placeholder(service, &texts_dollar, arena);
}

static bool is_whole(const struct folder_file *file, const char *text, size_t size)
{
    return file && size && file->text == text && file->size == size;
}

static void set_texts(struct loading *loading, const struct entry *entry, const struct service *service,
                      struct migration *migration)
{
    struct text up = {.text = entry->up,
                      .size = entry->up_size,
                      .where = entry->file->where,
                      .place = entry->up_place,
                      .file = is_whole(entry->file, entry->up, entry->up_size) ? entry->file : NULL,
                      .refused = entry->refused != NULL,
                      .outside = entry->no_transaction,
                      .placeholders = migration->placeholders ? service : NULL};
    struct arena *arena = &loading->catalog->arena;
    migration->up = texts_add(&loading->texts, &up, &migration->no_transaction);
    migration->up_lines = place_pairs(&entry->up_place, arena, &migration->up_line_count);
    migration->up_size = (int64_t)up.size;
    if (entry->down) {
        struct text down = {.text = entry->down,
                            .size = entry->down_size,
                            .where = entry->down_where,
                            .place = entry->down_place,
                            .file = is_whole(entry->down_file, entry->down, entry->down_size) ? entry->down_file : NULL,
                            .refused = up.refused,
                            .outside = up.outside,
                            .placeholders = up.placeholders};
        migration->down = texts_add(&loading->texts, &down, NULL);
        migration->down_size = (int64_t)down.size;
        migration->down_lines = place_pairs(&entry->down_place, arena, &migration->down_line_count);
    }
    if (entry->verify) {
        struct text verify = {.text = entry->verify,
                              .size = entry->verify_size,
                              .where = entry->verify_where,
                              .place = entry->verify_place,
                              .verifies = true,
                              .refused = up.refused,
                              .placeholders = up.placeholders};
        migration->verify = texts_add(&loading->texts, &verify, NULL);
        migration->verify_lines = place_pairs(&entry->verify_place, arena, &migration->verify_line_count);
    }
}

/* What travels in one message with a step: its text, what verifies it, what stands around it, values of
 * placeholders. */
static size_t step_wire(const struct layout_run *run, const struct entry *entry, const struct service *service,
                        size_t *ret_step)
{
    size_t others = migration_wire_size(entry->verify ? entry->verify : "", entry->verify_size);
    for (size_t i = 0; i < service->placeholder_count; i++)
        others += migration_wire_size(service->placeholders[i].value, strlen(service->placeholders[i].value));
    if (entry->kind != MIGRATION_CALLBACK)
        others += migration_wire_size(run->before_each ? run->before_each : "", run->before_each_size) +
                  migration_wire_size(run->after_each ? run->after_each : "", run->after_each_size);
    *ret_step = migration_wire_size(entry->up, entry->up_size);
    return others;
}

/* Texts that are too large by themselves are found for themselves. */
static void check_job(struct loading *loading, const struct layout_run *run, const struct entry *entry,
                      const struct service *service)
{
    const size_t several = JOB_TEXTS_MAX * MIGRATION_WIRE_EACH; /* small steps travel together */
    size_t bytes = entry->up_size + entry->verify_size + run->before_each_size + run->after_each_size, step;
    for (size_t i = 0; i < service->placeholder_count; i++)
        bytes += strlen(service->placeholders[i].value);
    if (bytes + JOB_TEXTS_MAX <= MIGRATION_WIRE_MAX / MIGRATION_WIRE_EACH)
        return;
    size_t others = step_wire(run, entry, service, &step);
    if (step <= MIGRATION_WIRE_MAX && (step > several ? step : several) + others > MIGRATION_WIRE_MAX && others)
        finding_add(&loading->findings, ERROR, FINDING_TOO_LARGE, entry->file->where, entry->up_place.first,
                    "split it, or make what stands around each migration shorter",
                    "it takes %zu bytes in a signed message, and what travels with it (its verification, what stands "
                    "around each migration, values of placeholders) %zu; at most %zu fit together",
                    step, others, MIGRATION_WIRE_MAX);
}

/* Where the undo that is not there would stand. */
static const char *undo_file_of(const struct draft *draft, const struct entry *entry)
{
    const struct layout *layout = draft->run.layout;
    if (entry->down || layout->declared || entry->kind != MIGRATION_VERSIONED)
        return NULL;
    return entry->undo_file  ? entry->undo_file
           : layout->undo_name ? layout->undo_name(&draft->run, entry->file)
                               : entry->file->where;
}

static void set_migration(struct loading *loading, const struct draft *draft, struct entry *entry,
                          struct service *service, struct migration *migration)
{
    keep_unknown(draft, entry, service, &loading->catalog->arena);
    *migration = (struct migration){.id = entry->id,
                                    .kind = entry->kind,
                                    .version = entry->version,
                                    .name = entry->name,
                                    .file = entry->file->where,
                                    .down_file = entry->down_where,
                                    .undo_file = undo_file_of(draft, entry),
                                    .no_transaction = entry->no_transaction,
                                    .has_policy = entry->has_policy,
                                    .on_failure = entry->on_failure,
                                    .author = entry->author,
                                    .risk = entry->risk,
                                    .script = entry->script,
                                    .foreign_checksum = entry->foreign_checksum,
                                    .foreign_record = entry->foreign_record,
                                    .refused = entry->refused,
                                    .placeholders = has_placeholders(draft, service, entry),
                                    .breaking = entry->breaking,
                                    .requires_downtime = entry->requires_downtime,
                                    .estimated_ms = entry->estimated_ms,
                                    .details = entry->details};
    set_texts(loading, entry, service, migration);
    check_job(loading, &draft->run, entry, service);
    category_set(loading->defaults, &draft->run, entry, migration);
    depends_resolve(&loading->drafts, draft, entry, &loading->findings, &loading->catalog->arena, &migration->depends,
                    &migration->depends_count);
}

/* SQL around each migration; NULL: none. */
static const char *around(struct loading *loading, const struct draft *draft, const struct service *service,
                          const char *sql, size_t size)
{
    const struct text text = {.text = sql,
                              .size = size,
                              .where = draft->run.folder->where,
                              .placeholders = replaces(draft) ? service : NULL};
    return sql ? texts_add(&loading->texts, &text, NULL) : NULL;
}

static void set_migrations(struct loading *loading, const struct draft *draft, struct service *service)
{
    size_t count = draft->run.count;
    struct migration *migrations = arena_array(&loading->catalog->arena, count + 1, sizeof *migrations);
    if (draft->run.layout && !replaces(draft))
        service->placeholder_count = 0;
    for (size_t i = 0; i < count; i++)
        set_migration(loading, draft, &draft->run.entries[i], service, &migrations[i]);
    service->migrations = migrations;
    service->migration_count = count;
    if (draft->run.layout) {
        service->before_each = around(loading, draft, service, draft->run.before_each, draft->run.before_each_size);
        service->after_each = around(loading, draft, service, draft->run.after_each, draft->run.after_each_size);
    }
    service->layout = draft->run.layout ? draft->run.layout->name : "flyway";
    service->history = draft->run.layout ? draft->run.layout->history : HISTORY_NONE;
    if (!service->history_table && draft->run.history_table)
        service->history_table = arena_strdup(&loading->catalog->arena, draft->run.history_table);
    mirror_check(service, draft->run.folder->where, &loading->findings);
}

/* Ended by NULL. */
static const char *const *aliases_of(struct arena *arena, const struct service_file *file)
{
    const char **aliases = arena_array(arena, file->aliases_count + 1, sizeof *aliases);
    for (unsigned i = 0; i < file->aliases_count; i++)
        aliases[i] = arena_strdup(arena, file->aliases[i]);
    return aliases;
}

static void set_naming(struct loading *loading, const struct fleet_file *file)
{
    struct arena *arena = &loading->catalog->arena;
    struct catalog_naming *naming = arena_array(arena, file->services_count, sizeof *naming);
    for (size_t i = 0; i < file->services_count; i++) {
        const struct flyway_keys *keys = file->services[i].flyway, usual = {.prefix = NULL};
        keys = keys ? keys : &usual;
        naming[i] = (struct catalog_naming){
            .aliases = aliases_of(arena, &file->services[i]),
            .folder = loading->drafts.items[i].run.folder->where,
            .prefix = keys->prefix ? arena_strdup(arena, keys->prefix) : "V",
            .undo_prefix = keys->undo_prefix ? arena_strdup(arena, keys->undo_prefix) : "U",
            .baseline_prefix = keys->baseline_prefix ? arena_strdup(arena, keys->baseline_prefix) : "B",
            .separator = keys->separator ? arena_strdup(arena, keys->separator) : "__",
            .suffix = keys->suffixes_count ? arena_strdup(arena, keys->suffixes[0]) : ".sql"};
    }
    loading->catalog->naming = naming;
}

static void set_asides(struct loading *loading)
{
    size_t room = 0, count = 0;
    for (size_t s = 0; s < loading->drafts.count; s++)
        room += loading->drafts.items[s].run.count + loading->drafts.items[s].run.each_count;
    struct catalog_aside *asides = arena_array(&loading->catalog->arena, room + 1, sizeof *asides);
    for (size_t s = 0; s < loading->drafts.count; s++) {
        const struct draft *draft = &loading->drafts.items[s];
        for (size_t i = 0; i < draft->run.count; i++) {
            const struct entry *entry = &draft->run.entries[i];
            if (entry->verify)
                asides[count++] = (struct catalog_aside){s, entry->id, entry->verify_where, entry->verify,
                                                         entry->verify_size,
                                                         has_placeholders(draft, &loading->services[s], entry)};
        }
        for (size_t i = 0; i < draft->run.each_count; i++) {
            const struct folder_file *file = draft->run.each[i];
            asides[count++] = (struct catalog_aside){s, NULL, file->where, file->text, file->size,
                                                     replaces(draft)};
        }
    }
    loading->catalog->asides = asides;
    loading->catalog->aside_count = count;
}

static void set_tags(struct loading *loading)
{
    size_t count = 0, room = 0;
    struct arena *arena = &loading->catalog->arena;
    struct catalog_tag *tags = arena_array(arena, 1, sizeof *tags);
    for (size_t s = 0; s < loading->drafts.count; s++) {
        const struct layout_run *run = &loading->drafts.items[s].run;
        for (size_t i = 0; i < run->count; i++) {
            for (const char *const *tag = run->entries[i].tags; tag && *tag; tag++)
                *arena_add(arena, tags, count, room) =
                    (struct catalog_tag){loading->services[s].name, *tag, run->entries[i].id};
        }
    }
    loading->catalog->tags = tags;
    loading->catalog->tag_count = count;
}

const char *catalog_service_name(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->fleet.service_count; i++) {
        for (const char *const *alias = catalog->naming[i].aliases; *alias; alias++) {
            if (strcmp(*alias, name) == 0)
                return catalog->fleet.services[i].name;
        }
    }
    return name;
}

bool catalog_find_service(const struct catalog *catalog, const char *name, size_t *ret_index, struct err *err)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < catalog->fleet.service_count; i++) {
        if (strcmp(catalog->fleet.services[i].name, name) == 0) {
            *ret_index = i;
            return true;
        }
        nearest_offer(&nearest, catalog->fleet.services[i].name);
    }
    err_set(err, ERR_INPUT, "the fleet has no service '%s'", name);
    return err_hint(err, "%s", nearest_hint(&nearest));
}

const char *catalog_tagged(const struct catalog *catalog, const char *service, const char *name)
{
    for (size_t i = 0; i < catalog->tag_count; i++) {
        if (strcmp(catalog->tags[i].service, service) == 0 && strcmp(catalog->tags[i].name, name) == 0)
            return catalog->tags[i].migration;
    }
    return NULL;
}

static void read_services(struct loading *loading, const struct fleet_file *file)
{
    struct arena *arena = &loading->catalog->arena;
    loading->drafts.count = file->services_count;
    loading->drafts.items = arena_array(arena, file->services_count, sizeof *loading->drafts.items);
    for (size_t i = 0; i < file->services_count; i++)
        loading->drafts.items[i].file = &file->services[i];
    for (size_t i = 0; i < file->services_count; i++)
        read_service(loading, &loading->drafts.items[i], &file->services[i]);
    for (size_t i = 0; i < file->services_count; i++) {
        read_headers(loading, &loading->drafts.items[i]);
        depends_read_file(&loading->drafts, &loading->drafts.items[i], &loading->findings, arena);
    }
    for (size_t i = 0; i < file->services_count; i++)
        set_migrations(loading, &loading->drafts.items[i], &loading->services[i]);
    set_naming(loading, file);
    set_asides(loading);
    set_tags(loading);
}

static bool load(struct loading *loading, const char *path, const char *environment, config_getter *get, void *context,
                 struct err *err)
{
    struct config *config = NULL;
    struct catalog *catalog = loading->catalog;
    struct env_file env;
    auto_free char *env_path = xasprintf("%s/.env", loading->root);
    if (!env_file_read(env_path, get, context, &catalog->arena, &env, err) ||
        !config_load(&fleet_format, path, env_file_get, &env, &config, err))
        return false;
    bool good = environment_read(config, environment, catalog, &loading->services, err);
    if (good) {
        const struct fleet_file *file = config_data(config);
        loading->findings.arena = &catalog->arena;
        loading->texts = (struct texts){.arena = &catalog->arena,
                                        .findings = &loading->findings,
                                        .cache = cache_open(path, get, context)};
        loading->defaults = file->defaults;
        loading->config = config;
        read_services(loading, file);
        texts_give(&loading->texts, catalog);
        cache_close(loading->texts.cache);
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
    loading.root =
        slash ? arena_strndup(&loading.catalog->arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
    loading.config_name = arena_strdup(&loading.catalog->arena, slash ? slash + 1 : path);
    if (!load(&loading, path, environment, get, context, err)) {
        catalog_free(loading.catalog);
        return false;
    }
    *ret_catalog = loading.catalog;
    return true;
}
