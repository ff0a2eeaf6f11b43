#include "catalog/fleet_check.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "catalog/layout.h"

/* ---- services by name ---- */

const struct service_file *fleet_file_service(const struct fleet_file *file, const char *name)
{
    for (unsigned i = 0; i < file->services_count; i++) {
        if (strcmp(file->services[i].name, name) == 0)
            return &file->services[i];
        for (unsigned k = 0; k < file->services[i].aliases_count; k++) {
            if (strcmp(file->services[i].aliases[k], name) == 0)
                return &file->services[i];
        }
    }
    return NULL;
}

bool fleet_unknown_service(const struct config *config, const char *path, const char *name, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    struct nearest nearest = nearest_to(name);
    for (unsigned i = 0; i < file->services_count; i++)
        nearest_offer(&nearest, file->services[i].name);
    config_error(config, path, err, "there is no service '%s'", name);
    return err_hint(err, "%s", nearest_hint(&nearest));
}

/* ---- `lint:` ---- */

/* Every key below a `lint:` is a rule. */
static bool check_lint(const struct config *config, const char *path, const struct policy_keys *keys, struct err *err)
{
    enum lint_rule rule;
    for (unsigned i = 0; keys && i < keys->lint_count; i++) {
        const char *name = keys->lint[i].name;
        if (lint_rule_parse(name, &rule) && lint_rule_is_free(rule))
            continue;
        auto_free char *at = xasprintf("%s.lint.%s", path, name);
        struct nearest nearest = nearest_to(name);
        for (size_t k = 0; k < LINT_RULE_COUNT; k++) {
            if (lint_rule_is_free((enum lint_rule)k))
                nearest_offer(&nearest, lint_rules[k].id);
        }
        config_error(config, at, err, "there is no rule '%s' that can be set", name);
        return err_hint(err, "%s",
                        nearest.candidate ? nearest_hint(&nearest) : "`greylag reference lint` lists the rules");
    }
    return true;
}

static bool check_lints(const struct config *config, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    bool good = check_lint(config, "defaults", file->defaults ? &file->defaults->policy : NULL, err);
    for (unsigned i = 0; good && i < file->environments_count; i++) {
        auto_free char *path = xasprintf("environments.%s", file->environments[i].name);
        good = check_lint(config, path, &file->environments[i].policy, err);
    }
    for (unsigned i = 0; good && i < file->services_count; i++) {
        auto_free char *path = xasprintf("services.%s", file->services[i].name);
        good = check_lint(config, path, &file->services[i].policy, err);
    }
    return good;
}

/* ---- one service ---- */

/* The word of a key is one of those known. `later` (may be NULL): one more, known but not built. */
static bool check_word(const struct config *config, const char *path, const char *word, const char *const *known,
                       size_t count, const char *later, struct err *err)
{
    struct nearest nearest = nearest_to(word);
    auto_buf struct buf list = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(known[i], word) == 0)
            return true;
        nearest_offer(&nearest, known[i]);
        buf_addf(&list, "%s%s", i ? ", " : "", known[i]);
    }
    if (later && strcmp(later, word) == 0) {
        config_error(config, path, err, "'%s' is known but not built yet", word);
        return err_hint(err, "known: %s", buf_text(&list));
    }
    config_error(config, path, err, "'%s' is unknown; known: %s", word, buf_text(&list));
    return err_hint(err, "%s", nearest_hint(&nearest));
}

static bool check_layout(const struct config *config, const struct service_file *file, struct err *err)
{
    size_t count;
    const struct layout *const *all = layout_all(&count);
    auto_free const char **names = xcalloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = all[i]->name;
    auto_free char *path = xasprintf("services.%s.layout", file->name);
    return !file->layout || check_word(config, path, file->layout, names, count, "atlas", err);
}

static bool check_duplicates(const struct config *config, const struct service_file *file, struct err *err)
{
    static const char *const known[] = {"by-name", "error"};
    auto_free char *path = xasprintf("services.%s.duplicate_versions", file->name);
    return !file->duplicate_versions ||
           check_word(config, path, file->duplicate_versions, known, COUNT_OF(known), NULL, err);
}

/* What would make one name of a file mean two things. */
static bool check_flyway(const struct config *config, const struct service_file *file, struct err *err)
{
    const struct flyway_keys *keys = file->flyway;
    if (!keys)
        return true;
    auto_free char *path = xasprintf("services.%s.flyway", file->name);
    if (file->layout && strcmp(file->layout, "flyway") != 0)
        return config_error(config, path, err, "`flyway:` goes with `layout: flyway`, not with '%s'", file->layout);
    const char *const prefixes[] = {
        keys->prefix ? keys->prefix : "V", keys->undo_prefix ? keys->undo_prefix : "U",
        keys->repeatable_prefix ? keys->repeatable_prefix : "R", keys->baseline_prefix ? keys->baseline_prefix : "B"};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        for (size_t k = i + 1; k < COUNT_OF(prefixes); k++) {
            if (strcmp(prefixes[i], prefixes[k]) == 0)
                return config_error(config, path, err, "two kinds of migrations have the prefix '%s'", prefixes[i]);
        }
    }
    return true;
}

static bool check_liquibase(const struct config *config, const struct service_file *file, struct err *err)
{
    auto_free char *path = xasprintf("services.%s.liquibase", file->name);
    if (file->liquibase && file->layout && strcmp(file->layout, "liquibase") != 0)
        return config_error(config, path, err, "`liquibase:` goes with `layout: liquibase`, not with '%s'",
                            file->layout);
    return true;
}

static bool check_versions(const struct config *config, const struct service_file *file, struct err *err)
{
    const struct layout *layout = file->layout ? layout_by_name(file->layout) : NULL;
    auto_free char *path = xasprintf("services.%s.versions", file->name);
    if (file->versions_count && !(layout && layout->declared))
        return config_error(config, path, err, "`versions:` goes with `layout: declared` or `layout: alembic`");
    return true;
}

/* An alias may be no other service's name or alias, or nobody knows who is meant. */
static bool check_aliases(const struct config *config, unsigned index, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    const struct service_file *service = &file->services[index];
    for (unsigned i = 0; i < service->aliases_count; i++) {
        const char *alias = service->aliases[i];
        const struct service_file *owner = fleet_file_service(file, alias);
        for (unsigned k = 0; owner == service && k < file->services_count; k++) {
            if (k != index && strcmp(file->services[k].name, alias) == 0)
                owner = &file->services[k];
        }
        auto_free char *path = xasprintf("services.%s.aliases.%u", service->name, i);
        if (owner != service)
            return config_error(config, path, err, "the alias '%s' of service %s also names service %s", alias,
                                service->name, owner->name);
        if (strchr(alias, ':'))
            return config_error(config, path, err, "the alias '%s' holds a ':', which separates service and version",
                                alias);
    }
    return true;
}

bool fleet_check_service(const struct config *config, unsigned index, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    const struct service_file *service = &file->services[index];
    return check_layout(config, service, err) && check_duplicates(config, service, err) &&
           check_flyway(config, service, err) && check_liquibase(config, service, err) &&
           check_versions(config, service, err) && check_aliases(config, index, err);
}

/* ---- the whole file ---- */

static bool check_environments(const struct config *config, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    for (unsigned i = 0; i < file->environments_count; i++) {
        const struct environment_file *environment = &file->environments[i];
        for (unsigned k = 0; k < environment->targets_count; k++) {
            const char *name = environment->targets[k].name;
            const struct service_file *service = fleet_file_service(file, name);
            auto_free char *path = xasprintf("environments.%s.targets.%s", environment->name, name);
            if (!service || strcmp(service->name, name) != 0)
                return fleet_unknown_service(config, path, name, err);
        }
    }
    return true;
}

bool fleet_check(const struct config *config, struct err *err)
{
    return check_environments(config, err) && check_lints(config, err);
}
