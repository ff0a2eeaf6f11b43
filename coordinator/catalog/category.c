#include "catalog/category.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"

static const struct category_keys *category_keys(const struct category_keys *list, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcasecmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}

static const char *const usual[] = {"schema", "data", "security", "performance", "ddl", "dml", "procedures", "seeds"};

/* "Stored procedures", however it is joined, is the category `procedures`. */
static const char *plain(const char *name)
{
    static const char stored[] = "stored";
    size_t len = strlen(stored);
    bool is = strncasecmp(name, stored, len) == 0 && name[len] && strchr(" _-", name[len]) &&
              strcasecmp(name + len + 1, "procedures") == 0;
    return is ? name + len + 1 : name;
}

static bool is_category(const struct defaults_file *defaults, const struct service_file *file, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        if (strcasecmp(usual[i], name) == 0)
            return true;
    }
    return category_keys(file->categories, file->categories_count, name) ||
           (defaults && category_keys(defaults->categories, defaults->categories_count, name));
}

/* Of the folders that the file lies in, the nearest whose name is a category; in small letters, NULL: none. */
static const char *category_of_folder(const struct defaults_file *defaults, const struct layout_run *run,
                                      const struct folder_file *file)
{
    const char *end = file->base > file->path ? file->base - 1 : file->path;
    while (end > file->path) {
        const char *start = end;
        while (start > file->path && start[-1] != '/')
            start--;
        char *name = arena_strdup(run->arena, plain(arena_strndup(run->arena, start, (size_t)(end - start))));
        if (is_category(defaults, run->file, name)) {
            for (char *p = name; *p; p++)
                *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
            return name;
        }
        end = start > file->path ? start - 1 : start;
    }
    return NULL;
}

/* A policy for `schema` would not meet a migration of `shema`. */
static void check_category(const struct defaults_file *defaults, const struct layout_run *run,
                           const struct entry *entry)
{
    if (is_category(defaults, run->file, entry->category))
        return;
    struct nearest nearest = nearest_to(entry->category);
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        nearest_offer(&nearest, usual[i]);
    auto_buf struct buf shown = BUF_INIT(BUF_MAX);
    text_add_printable(&shown, entry->category, true);
    finding_add(run->findings, WARNING, FINDING_METADATA, entry->file->where, 0,
                nearest.candidate ? nearest_hint(&nearest)
                                  : "name it under `categories:` in the fleet file, with its policy or without",
                "the category '%s' is unknown", buf_text(&shown));
}

/* The nearest list that names the category says all. */
void category_set(const struct defaults_file *defaults, const struct layout_run *run, const struct entry *entry,
                  struct migration *migration)
{
    const struct service_file *file = run->file;
    migration->category = entry->category ? entry->category : category_of_folder(defaults, run, entry->file);
    if (entry->category)
        check_category(defaults, run, entry);
    if (!migration->category)
        return;
    const struct category_keys *keys = category_keys(file->categories, file->categories_count, migration->category);
    if (!keys && defaults)
        keys = category_keys(defaults->categories, defaults->categories_count, migration->category);
    if (!keys)
        return;
    if (keys->policy.on_failure && !migration->has_policy) {
        migration->has_policy = true;
        migration->on_failure = *keys->policy.on_failure;
    }
    migration->lock_timeout_ms = keys->policy.lock_timeout ? *keys->policy.lock_timeout : 0;
    migration->statement_timeout_ms = keys->policy.statement_timeout ? *keys->policy.statement_timeout : 0;
}
