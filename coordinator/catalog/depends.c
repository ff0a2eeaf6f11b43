#include "catalog/depends.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/version.h"

struct draft *draft_by_name(const struct drafts *drafts, const char *name)
{
    for (size_t i = 0; i < drafts->count; i++) {
        const struct service_file *file = drafts->items[i].file;
        if (strcmp(file->name, name) == 0)
            return &drafts->items[i];
        for (unsigned k = 0; k < file->aliases_count; k++) {
            if (strcmp(file->aliases[k], name) == 0)
                return &drafts->items[i];
        }
    }
    return NULL;
}

/* The first of those with a version whose own is not below `version` (they are sorted). */
static size_t lower_bound(const struct layout_run *run, const char *version)
{
    size_t low = run->first, high = run->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (layout_compare(run->layout, run->entries[middle].order, version) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* `text` as the layout would read it: without a leading V, Diesel's dashes dropped. */
static const char *as_version(const struct layout_run *run, const char *text, struct arena *arena)
{
    if ((*text == 'V' || *text == 'v') && text[1] >= '0' && text[1] <= '9')
        text++;
    if (!version_is(text, strlen(text), "._-"))
        return NULL;
    if (run->layout->order == ORDER_NUMBERS)
        return text;
    char *plain = arena_strdup(arena, text), *out = plain;
    for (const char *p = text; *p; p++) {
        if (*p != '-')
            *out++ = *p;
    }
    *out = 0;
    return plain;
}

/* Entries of a service that `text` names; *ret_entry is the first. */
static size_t find_entries(const struct layout_run *run, const char *text, struct arena *arena,
                           struct entry **ret_entry)
{
    size_t found = 0;
    if (run->layout && run->layout->find) {
        *ret_entry = run->layout->find(run, text);
        return *ret_entry != NULL;
    }
    bool numbered = run->layout && run->count && run->layout->order != ORDER_GIVEN;
    const char *version = numbered ? as_version(run, text, arena) : NULL;
    if (version) {
        for (size_t i = lower_bound(run, version); i < run->end; i++) {
            if (layout_compare(run->layout, run->entries[i].order, version) != 0)
                break;
            if (run->entries[i].kind == MIGRATION_VERSIONED && found++ == 0)
                *ret_entry = &run->entries[i];
        }
        return found;
    }
    for (size_t i = 0; i < run->count; i++) {
        if (run->entries[i].id && strcmp(run->entries[i].id, text) == 0) {
            *ret_entry = &run->entries[i];
            return 1;
        }
    }
    return 0;
}

struct found {
    const struct draft *service;
    struct entry *entry;
    size_t count;
    bool unknown_service;
    const char *service_name, *version;
};

static void search_fleet(const struct drafts *drafts, const struct draft *own, struct arena *arena, struct found *found)
{
    found->service = own;
    found->count = find_entries(&own->run, found->version, arena, &found->entry);
    for (size_t i = 0; found->count == 0 && i < drafts->count; i++) {
        struct entry *entry = NULL;
        size_t count = find_entries(&drafts->items[i].run, found->version, arena, &entry);
        if (count == 0)
            continue;
        for (size_t k = i + 1; k < drafts->count; k++) {
            struct entry *other;
            count += find_entries(&drafts->items[k].run, found->version, arena, &other);
        }
        *found =
            (struct found){.service = &drafts->items[i], .entry = entry, .count = count, .version = found->version};
    }
}

static void search(const struct drafts *drafts, const struct draft *own, const char *text, struct arena *arena,
                   struct found *found)
{
    const char *colon = strchr(text, ':');
    *found = (struct found){.version = text};
    if (!colon) {
        search_fleet(drafts, own, arena, found);
        return;
    }
    found->version = colon + 1;
    found->service_name = arena_strndup(arena, text, (size_t)(colon - text));
    found->service = draft_by_name(drafts, found->service_name);
    found->unknown_service = found->service == NULL;
    if (found->service)
        found->count = find_entries(&found->service->run, found->version, arena, &found->entry);
}

static void report(const struct draft *own, const struct entry *entry, const struct reference *reference,
                   const struct found *found, struct findings *findings)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, reference->text, true);
    if (found->unknown_service)
        finding_add(findings, WARNING, FINDING_MISSING_DEPENDENCY, reference->file, reference->line,
                    "name a service of the fleet file, or give a service that alias; that of a retired service stays",
                    "%s:%s depends on '%s', but there is no service or alias '%s': it is refused where it is pending",
                    own->file->name, entry->id, buf_text(&shown), found->service_name);
    else if (found->count == 0 && (found->service ? found->service : own)->run.folder->incomplete)
        return; /* it may be in the file that could not be read */
    else if (found->count == 0 && found->service_name)
        finding_add(findings, WARNING, FINDING_MISSING_DEPENDENCY, reference->file, reference->line,
                    "correct it; that of a migration whose file was taken away stays",
                    "%s:%s depends on '%s', but service %s has no such migration: it is refused where it is pending",
                    own->file->name, entry->id, buf_text(&shown), found->service->file->name);
    else if (found->count == 0)
        finding_add(findings, ERROR, FINDING_MISSING_DEPENDENCY, reference->file, reference->line,
                    "write service:version; for all of a service use `depends_on` in the fleet file",
                    "%s:%s depends on '%s', but no service has such a migration", own->file->name, entry->id,
                    buf_text(&shown));
    else
        finding_add(findings, ERROR, FINDING_AMBIGUOUS_DEPENDENCY, reference->file, reference->line,
                    "write service:version, or the migration's id where a version stands twice",
                    "%s:%s depends on '%s', which %zu migrations could be", own->file->name, entry->id,
                    buf_text(&shown), found->count);
}

/* What must not be there is not in the fleet; what is in none of its services cannot be told. */
static void check_conflicts(const struct drafts *drafts, const struct draft *own, const struct entry *entry,
                            struct findings *findings, struct arena *arena)
{
    for (size_t i = 0; i < entry->conflicts.count; i++) {
        const struct reference *conflict = &entry->conflicts.items[i];
        struct found found;
        search(drafts, own, conflict->text, arena, &found);
        if (found.count)
            finding_add(findings, ERROR, FINDING_CONFLICT, conflict->file, conflict->line,
                        "take one of them away, or the conflict", "%s:%s conflicts with %s:%s, which is in the fleet",
                        own->file->name, entry->id, found.service->file->name, found.entry->id);
    }
}

/* "service >= version", "service:>=version"; false: no range. */
static bool split_range(const char *text, struct arena *arena, const char **ret_service, enum range *ret_range,
                        const char **ret_version)
{
    size_t name = strcspn(text, "<>="), word = strspn(text + name, "<>=");
    if (word == 0)
        return false;
    const char *version = text + name + word + strspn(text + name + word, " \t");
    const char *operator = arena_strndup(arena, text + name, word);
    if (!range_parse(operator, ret_range))
        *ret_range = RANGE_COUNT;
    while (name && strchr(": \t", text[name - 1]))
        name--;
    *ret_service = arena_strndup(arena, text, name);
    *ret_version = version;
    return true;
}

/* Whether a service's versions are numbers that rise in its order. Names have none of their own, and dbmate has 10
 * before 9. */
static bool has_rising_numbers(const struct layout_run *run)
{
    const char *before = NULL;
    for (size_t i = 0; run->layout && run->layout->order == ORDER_GIVEN && i < run->count; i++) {
        const char *version = run->entries[i].version;
        if (!version_is(version, strlen(version), "._-") || (before && text_compare_numbers(before, version) > 0))
            return false;
        before = version;
    }
    return true;
}

/* The service is not there (any more). */
static void report_nobody(const struct draft *own, const struct entry *entry, const struct reference *reference,
                          struct findings *findings)
{
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, reference->text, true);
    finding_add(findings, WARNING, FINDING_MISSING_DEPENDENCY, reference->file, reference->line,
                "name a service of the fleet file, or give a service that alias; that of a retired service stays",
                "%s:%s depends on '%s', which names no service or alias of the fleet file: it is refused where it is "
                "pending",
                own->file->name, entry->id, buf_text(&shown));
}

/* A reference to a range of versions; false: it is none. What is wrong with it is a finding, and *ret->service NULL. */
static bool take_range(const struct drafts *drafts, const struct draft *own, const struct entry *entry,
                       const struct reference *reference, struct findings *findings, struct arena *arena,
                       struct dependency *ret)
{
    const char *name, *version, *wrong = NULL;
    enum range range;
    if (!split_range(reference->text, arena, &name, &range, &version))
        return false;
    version += *version == 'V' || *version == 'v';
    const struct draft *service = *name ? draft_by_name(drafts, name) : own;
    *ret = (struct dependency){.version = version, .range = range,
                               .where = arena_printf(arena, "%s:%d", reference->file, reference->line)};
    if (range == RANGE_COUNT)
        wrong = "compares with none of =, >=, >, <=, <";
    else if (!service)
        report_nobody(own, entry, reference, findings);
    else if (!has_rising_numbers(&service->run))
        wrong = "compares versions that are no numbers, or do not stand in the order of numbers";
    else if (!version_is(version, strlen(version), "._-"))
        wrong = "names no version";
    if (!wrong) {
        ret->service = service ? arena_strdup(arena, service->file->name) : name;
        return true;
    }
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, reference->text, true);
    finding_add(findings, ERROR, FINDING_MISSING_DEPENDENCY, reference->file, reference->line,
                "write service >= version, with a service of the fleet file", "%s:%s depends on '%s', which %s",
                own->file->name, entry->id, buf_text(&shown), wrong);
    return true;
}

/* What a reference means; false: nothing, with a finding. What names something that is not there (any more) is kept:
 * whether that matters the plan knows, which is made from what is applied. */
static bool take_reference(const struct drafts *drafts, const struct draft *own, const struct entry *entry,
                           const struct reference *reference, struct findings *findings, struct arena *arena,
                           struct dependency *ret)
{
    struct found found;
    if (take_range(drafts, own, entry, reference, findings, arena, ret))
        return ret->service != NULL;
    search(drafts, own, reference->text, arena, &found);
    if (found.count != 1)
        report(own, entry, reference, &found, findings);
    if (found.count > 1 || (found.count == 0 && !found.service_name))
        return false;
    *ret = (struct dependency){.service = found.service ? arena_strdup(arena, found.service->file->name)
                                                        : found.service_name,
                               .version = found.count ? found.entry->id : arena_strdup(arena, found.version),
                               .where = arena_printf(arena, "%s:%d", reference->file, reference->line)};
    return true;
}

/* A header and the dependency file may say the same; the first place counts. */
static bool is_said(const struct dependency *depends, size_t count, const struct dependency *dependency)
{
    for (size_t i = 0; i < count; i++) {
        if (depends[i].range == dependency->range && strcmp(depends[i].service, dependency->service) == 0 &&
            strcmp(depends[i].version, dependency->version) == 0)
            return true;
    }
    return false;
}

void depends_resolve(const struct drafts *drafts, const struct draft *own, const struct entry *entry,
                     struct findings *findings, struct arena *arena, const struct dependency **ret_depends,
                     size_t *ret_count)
{
    *ret_depends = NULL;
    *ret_count = 0;
    check_conflicts(drafts, own, entry, findings, arena);
    if (entry->references.count == 0)
        return;
    struct dependency *depends = arena_array(arena, entry->references.count, sizeof *depends);
    size_t count = 0;
    for (size_t i = 0; i < entry->references.count; i++) {
        if (take_reference(drafts, own, entry, &entry->references.items[i], findings, arena, &depends[count]) &&
            !is_said(depends, count, &depends[count]))
            count++;
    }
    *ret_depends = depends;
    *ret_count = count;
}

/* Of the services that keep their migrations in `own`'s folder the one that has that version, else `own`. */
static struct draft *sharing_service(const struct drafts *drafts, struct draft *own, const char *version,
                                     struct arena *arena)
{
    for (size_t i = 0; i < drafts->count; i++) {
        struct entry *entry;
        if (layout_same_folder(drafts->items[i].file, own->file) &&
            find_entries(&drafts->items[i].run, version, arena, &entry))
            return &drafts->items[i];
    }
    return own;
}

/* Which service an entry of the file speaks of, or NULL with a finding. */
static struct draft *entry_service(const struct drafts *drafts, struct draft *own, const struct dependency_entry *entry,
                                   const char *file, int line, struct findings *findings, struct arena *arena)
{
    struct draft *draft = entry->service ? draft_by_name(drafts, entry->service)
                                         : sharing_service(drafts, own, entry->version, arena);
    if (!draft)
        finding_add(findings, ERROR, FINDING_DEPENDENCY_FILE, file, line,
                    "name a service of the fleet file, or give a service that alias",
                    "there is no service or alias '%s'", entry->service);
    return draft;
}

static void contradiction(const struct drafts *drafts, struct draft *draft, const struct dependency_entry *entry,
                          const char *file, int line, struct findings *findings, struct arena *arena)
{
    for (size_t i = 0; i < drafts->count; i++) {
        struct entry *other = NULL;
        if (!find_entries(&drafts->items[i].run, entry->version, arena, &other))
            continue;
        finding_add(findings, ERROR, FINDING_CONTRADICTION, file, line, "correct `service:` or `version:`",
                    "version %s is said to be of service %s, which has none; %s has it (%s)", entry->version,
                    draft->file->name, drafts->items[i].file->name, other->file->where);
        return;
    }
    finding_add(findings, ERROR, FINDING_MISSING_DEPENDENCY, file, line, "correct `version:`, or remove the entry",
                "service %s has no migration %s", draft->file->name, entry->version);
}

static void take_entry(const struct drafts *drafts, struct draft *own, const struct config *config, unsigned index,
                       struct findings *findings, struct arena *arena)
{
    const struct dependency_file *content = config_data(config);
    const struct dependency_entry *item = &content->migrations[index];
    const char *file = own->run.folder->dependencies->where;
    int line, column;
    auto_free char *path = xasprintf("migrations.%u.version", index);
    config_where(config, path, &line, &column);
    struct draft *draft = entry_service(drafts, own, item, file, line, findings, arena);
    if (!draft)
        return;
    struct entry *entry = NULL;
    size_t count = find_entries(&draft->run, item->version, arena, &entry);
    if (count == 0) {
        contradiction(drafts, draft, item, file, line, findings, arena);
        return;
    }
    if (count > 1) {
        finding_add(findings, ERROR, FINDING_AMBIGUOUS_DEPENDENCY, file, line, "write the migration's id",
                    "version %s stands %zu times in service %s", item->version, count, draft->file->name);
        return;
    }
    for (unsigned i = 0; i < item->dependencies_count; i++) {
        auto_free char *at = xasprintf("migrations.%u.dependencies.%u", index, i);
        config_where(config, at, &line, &column);
        reference_add(arena, &entry->references, arena_strdup(arena, item->dependencies[i]), file, line);
    }
}

/* An error of the configuration's reader: "FILE:LINE:COLUMN: what", one in a line. */
static void name_problems(const struct folder_file *file, const struct err *err, struct findings *findings,
                          struct arena *arena)
{
    const char *hint = arena_strdup(arena, err->hint);
    char *rest = arena_strdup(arena, err->text);
    for (char *text; (text = strsep(&rest, "\n")); hint = "") {
        int line = 0, column = 0, end = 0;
        size_t len = strlen(file->where);
        if (strncmp(text, file->where, len) == 0 && sscanf(text + len, ":%d:%d: %n", &line, &column, &end) == 2)
            text += len + (size_t)end;
        finding_add(findings, ERROR, FINDING_DEPENDENCY_FILE, file->where, line, hint, "%s", text);
        findings->items[findings->count - 1].column = column;
    }
}

void depends_read_file(const struct drafts *drafts, struct draft *own, struct findings *findings, struct arena *arena)
{
    const struct folder_file *file = own->run.folder->dependencies;
    if (!file || own->run.again) /* an earlier service has read it */
        return;
    struct config *config = NULL;
    struct err err = ERR_INIT;
    if (!config_parse(&dependency_format, file->where, file->text, file->size, NULL, NULL, &config, &err)) {
        name_problems(file, &err, findings, arena);
        return;
    }
    const struct dependency_file *content = config_data(config);
    for (unsigned i = 0; i < content->migrations_count; i++)
        take_entry(drafts, own, config, i, findings, arena);
    config_free(config);
}
