#include "catalog/environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "catalog/fleet_check.h"

static const struct environment_file none = {.name = NULL};

static bool choose(const struct config *config, const char *name, const struct environment_file **ret, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    if (!name && file->environments_count == 1)
        name = file->environments[0].name;
    else if (!name)
        name = "dev";
    struct nearest nearest = nearest_to(name);
    auto_buf struct buf list = BUF_INIT(BUF_MAX);
    *ret = file->environments_count == 0 && strcmp(name, "dev") == 0 ? &none : NULL;
    for (unsigned i = 0; i < file->environments_count; i++) {
        const struct environment_file *environment = &file->environments[i];
        nearest_offer(&nearest, environment->name);
        buf_addf(&list, "%s%s", i ? ", " : "", environment->name);
        if (strcmp(environment->name, name) == 0)
            *ret = environment;
    }
    if (*ret)
        return true;
    config_error(config, "environments", err, "there is no environment '%s'", name);
    return nearest.candidate ? err_hint(err, "%s", nearest_hint(&nearest))
                             : err_hint(err, "known environments: %s", list.len ? buf_text(&list) : "dev");
}

static void merge(struct policy *policy, const struct policy_keys *keys)
{
    if (keys->on_failure)
        policy->on_failure = *keys->on_failure;
    if (keys->lock_timeout)
        policy->lock_timeout_ms = *keys->lock_timeout;
    if (keys->statement_timeout)
        policy->statement_timeout_ms = *keys->statement_timeout;
    if (keys->retries)
        policy->retries = *keys->retries;
}

static void merge_lint(struct lint_policy *policy, const struct policy_keys *keys)
{
    enum lint_rule rule;
    for (unsigned i = 0; keys && i < keys->lint_count; i++) {
        if (lint_rule_parse(keys->lint[i].name, &rule))
            policy->severity[rule] = keys->lint[i].value;
    }
}

static void set_lint(const struct fleet_file *file, const struct environment_file *environment, struct catalog *catalog)
{
    struct lint_policy *policies = arena_array(&catalog->arena, file->services_count, sizeof *policies);
    for (unsigned i = 0; i < file->services_count; i++) {
        lint_policy_default(&policies[i]);
        merge_lint(&policies[i], file->defaults ? &file->defaults->policy : NULL);
        merge_lint(&policies[i], &environment->policy);
        merge_lint(&policies[i], &file->services[i].policy);
    }
    catalog->lint = policies;
}

static const char *const *copy_names(struct arena *arena, char *const *names, size_t count)
{
    const char **copy = arena_array(arena, count ? count : 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_strdup(arena, names[i]);
    return copy;
}

/* The environment's list, else the service's own, else one named like the service. */
static void set_targets(struct arena *arena, const struct environment_file *environment,
                        const struct service_file *file, struct service *service)
{
    for (unsigned i = 0; i < environment->targets_count; i++) {
        if (strcmp(environment->targets[i].name, file->name) == 0) {
            service->target_count = environment->targets[i].value_count;
            service->targets = copy_names(arena, environment->targets[i].value, service->target_count);
            return;
        }
    }
    char *own[] = {file->name};
    service->target_count = file->targets_count ? file->targets_count : 1;
    service->targets = copy_names(arena, file->targets_count ? file->targets : own, service->target_count);
}

/* ---- placeholders ---- */

static struct placeholder *placeholder_named(struct placeholder *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(list[i].name, name) == 0)
            return &list[i];
    }
    return NULL;
}

/* One level's keys over those of the levels before it. */
static bool add_placeholders(const struct config *config, const char *at, const struct placeholder_keys *keys,
                             struct arena *arena, struct placeholder *list, size_t *count, struct err *err)
{
    for (unsigned i = 0; i < keys->values_count + keys->secrets_count; i++) {
        bool secret = i >= keys->values_count;
        const char *name = secret ? keys->secrets[i - keys->values_count] : keys->values[i].name;
        struct placeholder *found = placeholder_named(list, *count, name);
        auto_free char *path = secret ? xasprintf("%s.secret_placeholders.%u", at, i - keys->values_count)
                                      : xasprintf("%s.placeholders.%s", at, name);
        if (strpbrk(name, "{}$: \t") || !*name)
            return config_error(config, path, err, "'%s' is no name of a placeholder", name);
        if (found && found->secret != secret)
            return config_error(config, path, err, "the placeholder '%s' is both secret and written down", name);
        if (!found)
            found = &list[(*count)++];
        *found = (struct placeholder){.name = arena_strdup(arena, name),
                                      .value = secret ? "" : arena_strdup(arena, keys->values[i].value),
                                      .secret = secret};
    }
    return true;
}

static int by_placeholder(const void *a, const void *b)
{
    return strcasecmp(((const struct placeholder *)a)->name, ((const struct placeholder *)b)->name);
}

static bool set_placeholders(const struct config *config, const struct environment_file *environment,
                             const struct service_file *from, struct arena *arena, struct service *service,
                             struct err *err)
{
    const struct fleet_file *file = config_data(config);
    const struct placeholder_keys nothing = {.values = NULL};
    const struct placeholder_keys *defaults = file->defaults ? &file->defaults->placeholders : &nothing;
    const struct placeholder_keys *levels[] = {defaults, &from->placeholders, &environment->placeholders};
    auto_free char *own = xasprintf("services.%s", from->name);
    auto_free char *theirs = xasprintf("environments.%s", environment->name ? environment->name : "");
    const char *places[] = {"defaults", own, theirs};
    size_t room = 1, count = 0;
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        room += levels[i]->values_count + levels[i]->secrets_count;
    struct placeholder *list = arena_array(arena, room, sizeof *list);
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (!add_placeholders(config, places[i], levels[i], arena, list, &count, err))
            return false;
    }
    if (count)
        qsort(list, count, sizeof *list, by_placeholder);
    service->placeholders = list;
    service->placeholder_count = count;
    return true;
}

static bool set_depends_on(const struct config *config, struct arena *arena, const struct service_file *file,
                           struct service *service, struct err *err)
{
    const char **names = arena_array(arena, file->depends_on_count + 1, sizeof *names);
    for (unsigned i = 0; i < file->depends_on_count; i++) {
        const struct service_file *other = fleet_file_service(config_data(config), file->depends_on[i]);
        auto_free char *path = xasprintf("services.%s.depends_on.%u", file->name, i);
        if (!other)
            return fleet_unknown_service(config, path, file->depends_on[i], err);
        if (other == file)
            return config_error(config, path, err, "service %s depends on itself", file->name);
        names[service->depends_on_count++] = arena_strdup(arena, other->name);
    }
    service->depends_on = names;
    return true;
}

/* Its name stands once in an environment. */
static bool check_targets(const struct config *config, const char *environment, const struct service *services,
                          size_t count, struct err *err)
{
    const char *target, *names[2];
    if (!fleet_shares_target(services, count, &target, names))
        return true;
    auto_free char *path = xasprintf("services.%s", names[1]);
    config_error(config, path, err, "the target '%s' stands twice in environment %s: services %s and %s", target,
                 environment, names[0], names[1]);
    return err_hint(err, "a target is one database and schema of one service; give each a name of its own");
}

static bool is_target(const struct fleet_file *file, const char *target)
{
    for (unsigned i = 0; i < file->services_count; i++) {
        const struct service_file *service = &file->services[i];
        if (service->targets_count == 0 && strcmp(service->name, target) == 0)
            return true;
        for (unsigned k = 0; k < service->targets_count; k++) {
            if (strcmp(service->targets[k], target) == 0)
                return true;
        }
    }
    for (unsigned i = 0; i < file->environments_count; i++) {
        for (unsigned k = 0; k < file->environments[i].targets_count; k++) {
            const struct service_targets *targets = &file->environments[i].targets[k];
            for (unsigned t = 0; t < targets->value_count; t++) {
                if (strcmp(targets->value[t], target) == 0)
                    return true;
            }
        }
    }
    return false;
}

static bool set_dev_targets(const struct config *config, struct catalog *catalog, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    size_t count = file->dev ? file->dev->targets_count : 0;
    struct catalog_dev_target *targets = arena_array(&catalog->arena, count + 1, sizeof *targets);
    for (size_t i = 0; i < count; i++) {
        const struct dev_target_file *from = &file->dev->targets[i];
        auto_free char *path = xasprintf("dev.targets.%s", from->name);
        if (!is_target(file, from->name))
            return config_error(config, path, err, "no service has a target '%s'", from->name);
        targets[i].target = arena_strdup(&catalog->arena, from->name);
        targets[i].database = from->database ? arena_strdup(&catalog->arena, from->database) : NULL;
        targets[i].schema = from->schema ? arena_strdup(&catalog->arena, from->schema) : NULL;
    }
    catalog->dev_targets = targets;
    catalog->dev_target_count = count;
    return true;
}

static void set_names(const struct fleet_file *file, const struct environment_file *environment,
                      struct catalog *catalog)
{
    catalog->fleet.name = arena_strdup(&catalog->arena, file->fleet);
    catalog->fleet.environment = environment->name ? arena_strdup(&catalog->arena, environment->name) : "dev";
}

static bool set_service(const struct config *config, const struct environment_file *environment, unsigned index,
                        struct arena *arena, struct service *service, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    const struct service_file *from = &file->services[index];
    service->name = arena_strdup(arena, from->name);
    service->policy = (struct policy)POLICY_DEFAULT;
    if (file->defaults)
        merge(&service->policy, &file->defaults->policy);
    merge(&service->policy, &environment->policy);
    merge(&service->policy, &from->policy);
    set_targets(arena, environment, from, service);
    service->mirror = from->mirror_history && *from->mirror_history;
    service->history_table = from->history_table ? arena_strdup(arena, from->history_table) : NULL;
    return fleet_check_service(config, index, err) &&
           set_placeholders(config, environment, from, arena, service, err) &&
           set_depends_on(config, arena, from, service, err);
}

bool environment_read(const struct config *config, const char *name, struct catalog *catalog,
                      struct service **ret_services, struct err *err)
{
    const struct fleet_file *file = config_data(config);
    const struct environment_file *environment;
    if (!choose(config, name, &environment, err) || !fleet_check(config, err) || !set_dev_targets(config, catalog, err))
        return false;
    set_names(file, environment, catalog);
    set_lint(file, environment, catalog);
    struct service *services = arena_array(&catalog->arena, file->services_count, sizeof *services);
    for (unsigned i = 0; i < file->services_count; i++) {
        if (!set_service(config, environment, i, &catalog->arena, &services[i], err))
            return false;
    }
    if (!check_targets(config, catalog->fleet.environment, services, file->services_count, err))
        return false;
    *ret_services = services;
    return true;
}
