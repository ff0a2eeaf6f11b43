#include "catalog/fleet_file.h"

#include "base/cleanup.h"

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_strval_t failure_policies[] = {{"rollback-release", ON_FAILURE_ROLLBACK_RELEASE},
                                                  {"halt", ON_FAILURE_HALT}};

static const cyaml_strval_t severities[] = {{"off", LINT_OFF}, {"warning", LINT_WARNING}, {"error", LINT_ERROR}};
static const cyaml_schema_field_t lint_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct lint_key, name, 1, 63),
    CYAML_FIELD_ENUM("value", CYAML_FLAG_STRICT, struct lint_key, value, severities, COUNT_OF(severities)),
    CYAML_FIELD_END};
static const cyaml_schema_value_t lint_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lint_key, lint_fields)};

/* libcyaml reads nested structs through their outer struct's offsets: the policy keys of `type` are in `prefix`. */
#define POLICY_FIELDS(type, prefix)                                                                                    \
    CYAML_FIELD_ENUM_PTR("on_failure", OPTIONAL_POINTER | CYAML_FLAG_STRICT, type, prefix on_failure,                  \
                         failure_policies, COUNT_OF(failure_policies)),                                                \
        CYAML_FIELD_INT_PTR("lock_timeout", OPTIONAL_POINTER, type, prefix lock_timeout),                              \
        CYAML_FIELD_INT_PTR("statement_timeout", OPTIONAL_POINTER, type, prefix statement_timeout),                    \
        CYAML_FIELD_INT_PTR("retries", OPTIONAL_POINTER, type, prefix retries),                                        \
        CYAML_FIELD_SEQUENCE("lint", OPTIONAL_POINTER, type, prefix lint, &lint_value, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 512)};

static const cyaml_schema_field_t placeholder_key_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct placeholder_key, name, 1, 255),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct placeholder_key, value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t placeholder_key_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct placeholder_key, placeholder_key_fields)};

#define PLACEHOLDER_FIELDS(type)                                                                                       \
    CYAML_FIELD_SEQUENCE("placeholders", OPTIONAL_POINTER, type, placeholders.values, &placeholder_key_value, 0,       \
                         CYAML_UNLIMITED),                                                                             \
        CYAML_FIELD_SEQUENCE("secret_placeholders", OPTIONAL_POINTER, type, placeholders.secrets, &text_value, 0,      \
                             CYAML_UNLIMITED)

static const cyaml_schema_field_t category_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct category_keys, name, 1, 63),
    CYAML_FIELD_ENUM_PTR("on_failure", OPTIONAL_POINTER | CYAML_FLAG_STRICT, struct category_keys, policy.on_failure,
                         failure_policies, COUNT_OF(failure_policies)),
    CYAML_FIELD_INT_PTR("lock_timeout", OPTIONAL_POINTER, struct category_keys, policy.lock_timeout),
    CYAML_FIELD_INT_PTR("statement_timeout", OPTIONAL_POINTER, struct category_keys, policy.statement_timeout),
    CYAML_FIELD_END};
static const cyaml_schema_value_t category_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct category_keys, category_fields)};

static const cyaml_schema_field_t flyway_fields[] = {
    CYAML_FIELD_STRING_PTR("prefix", OPTIONAL_POINTER, struct flyway_keys, prefix, 0, 63),
    CYAML_FIELD_STRING_PTR("undo_prefix", OPTIONAL_POINTER, struct flyway_keys, undo_prefix, 1, 63),
    CYAML_FIELD_STRING_PTR("repeatable_prefix", OPTIONAL_POINTER, struct flyway_keys, repeatable_prefix, 1, 63),
    CYAML_FIELD_STRING_PTR("baseline_prefix", OPTIONAL_POINTER, struct flyway_keys, baseline_prefix, 1, 63),
    CYAML_FIELD_STRING_PTR("separator", OPTIONAL_POINTER, struct flyway_keys, separator, 1, 63),
    CYAML_FIELD_SEQUENCE("suffixes", OPTIONAL_POINTER, struct flyway_keys, suffixes, &text_value, 1, 16),
    CYAML_FIELD_BOOL_PTR("placeholder_replacement", OPTIONAL_POINTER, struct flyway_keys, placeholder_replacement),
    CYAML_FIELD_STRING_PTR("placeholder_prefix", OPTIONAL_POINTER, struct flyway_keys, placeholder_prefix, 1, 63),
    CYAML_FIELD_STRING_PTR("placeholder_suffix", OPTIONAL_POINTER, struct flyway_keys, placeholder_suffix, 1, 63),
    CYAML_FIELD_STRING_PTR("placeholder_separator", OPTIONAL_POINTER, struct flyway_keys, placeholder_separator, 1,
                           63),
    CYAML_FIELD_END};

static const cyaml_schema_field_t liquibase_fields[] = {
    CYAML_FIELD_STRING_PTR("path_prefix", OPTIONAL_POINTER, struct liquibase_keys, path_prefix, 1, 255),
    CYAML_FIELD_BOOL_PTR("every_context", OPTIONAL_POINTER, struct liquibase_keys, every_context),
    CYAML_FIELD_END};

static const cyaml_schema_field_t version_fields[] = {
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_POINTER, struct version_key, version, 1, 255),
    CYAML_FIELD_STRING_PTR("name", OPTIONAL_POINTER, struct version_key, name, 0, 1000),
    CYAML_FIELD_STRING_PTR("file", OPTIONAL_POINTER, struct version_key, file, 1, 4000),
    CYAML_FIELD_SEQUENCE("depends", OPTIONAL_POINTER, struct version_key, depends, &text_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("category", OPTIONAL_POINTER, struct version_key, category, 1, 63),
    CYAML_FIELD_END};
static const cyaml_schema_value_t version_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct version_key, version_fields)};

static const cyaml_schema_field_t defaults_fields[] = {
    PLACEHOLDER_FIELDS(struct defaults_file),
    CYAML_FIELD_SEQUENCE("categories", OPTIONAL_POINTER, struct defaults_file, categories, &category_value, 0,
                         CYAML_UNLIMITED),
    POLICY_FIELDS(struct defaults_file, policy.), CYAML_FIELD_END};

static const cyaml_schema_field_t service_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct service_file, name, 1, 63),
    CYAML_FIELD_STRING_PTR("migrations", CYAML_FLAG_POINTER, struct service_file, migrations, 1, 4000),
    CYAML_FIELD_STRING_PTR("layout", OPTIONAL_POINTER, struct service_file, layout, 1, 63),
    CYAML_FIELD_SEQUENCE("depends_on", OPTIONAL_POINTER, struct service_file, depends_on, &text_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("aliases", OPTIONAL_POINTER, struct service_file, aliases, &text_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("targets", OPTIONAL_POINTER, struct service_file, targets, &text_value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("duplicate_versions", OPTIONAL_POINTER, struct service_file, duplicate_versions, 1, 63),
    CYAML_FIELD_MAPPING_PTR("flyway", OPTIONAL_POINTER, struct service_file, flyway, flyway_fields),
    CYAML_FIELD_MAPPING_PTR("liquibase", OPTIONAL_POINTER, struct service_file, liquibase, liquibase_fields),
    CYAML_FIELD_SEQUENCE("versions", OPTIONAL_POINTER, struct service_file, versions, &version_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_BOOL_PTR("mirror_history", OPTIONAL_POINTER, struct service_file, mirror_history),
    CYAML_FIELD_STRING_PTR("history_table", OPTIONAL_POINTER, struct service_file, history_table, 1, 127),
    PLACEHOLDER_FIELDS(struct service_file),
    CYAML_FIELD_SEQUENCE("categories", OPTIONAL_POINTER, struct service_file, categories, &category_value, 0,
                         CYAML_UNLIMITED),
    POLICY_FIELDS(struct service_file, policy.),
    CYAML_FIELD_END};
static const cyaml_schema_value_t service_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct service_file, service_fields)};

static const cyaml_schema_field_t service_targets_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct service_targets, name, 1, 63),
    CYAML_FIELD_SEQUENCE("value", CYAML_FLAG_POINTER, struct service_targets, value, &text_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t service_targets_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct service_targets, service_targets_fields)};

static const cyaml_schema_field_t environment_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct environment_file, name, 1, 63),
    CYAML_FIELD_SEQUENCE("targets", OPTIONAL_POINTER, struct environment_file, targets, &service_targets_value, 0,
                         CYAML_UNLIMITED),
    PLACEHOLDER_FIELDS(struct environment_file),
    POLICY_FIELDS(struct environment_file, policy.),
    CYAML_FIELD_END};
static const cyaml_schema_value_t environment_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct environment_file, environment_fields)};

static const cyaml_schema_field_t dev_target_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct dev_target_file, name, 1, 63),
    CYAML_FIELD_STRING_PTR("database", OPTIONAL_POINTER, struct dev_target_file, database, 1, 63),
    CYAML_FIELD_STRING_PTR("schema", OPTIONAL_POINTER, struct dev_target_file, schema, 1, 63),
    CYAML_FIELD_END};
static const cyaml_schema_value_t dev_target_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct dev_target_file, dev_target_fields)};
static const cyaml_schema_field_t dev_fields[] = {
    CYAML_FIELD_SEQUENCE("targets", OPTIONAL_POINTER, struct dev_file, targets, &dev_target_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_END};

static const cyaml_schema_field_t fleet_fields[] = {
    CYAML_FIELD_STRING_PTR("fleet", CYAML_FLAG_POINTER, struct fleet_file, fleet, 1, 63),
    CYAML_FIELD_MAPPING_PTR("defaults", OPTIONAL_POINTER, struct fleet_file, defaults, defaults_fields),
    CYAML_FIELD_SEQUENCE("services", CYAML_FLAG_POINTER, struct fleet_file, services, &service_value, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("environments", OPTIONAL_POINTER, struct fleet_file, environments, &environment_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_MAPPING_PTR("dev", OPTIONAL_POINTER, struct fleet_file, dev, dev_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t fleet_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct fleet_file, fleet_fields)};

#define DAY_MS 86400000LL
#define PLACEHOLDER_ROWS(at)                                                                                           \
    {.path = at "placeholders", .rule = CONFIG_MAP,                                                                    \
     .prose = "what `${name}` in SQL stands for, by name; an environment's win over a service's, and those over the "  \
              "defaults"},                                                                                             \
        {.path = at "placeholders.*", .prose = "one of them"},                                                         \
        {.path = at "secret_placeholders",                                                                             \
         .prose = "names whose values are in the workers' own configuration (`placeholders:`), and nowhere else"}
#define CATEGORY_ROWS(at)                                                                                              \
    {.path = at "categories", .rule = CONFIG_MAP,                                                                      \
     .prose = "policies of migrations by category (`schema`, `data`, ...: from their metadata, or the name of their "  \
              "folder)"},                                                                                              \
        {.path = at "categories.*", .rule = CONFIG_NAME},                                                              \
        {.path = at "categories.*.on_failure", .prose = "instead of the service's; a migration's own metadata wins"},  \
        {.path = at "categories.*.lock_timeout", .rule = CONFIG_DURATION, .min = 1, .max = DAY_MS,                     \
         .prose = "instead of the service's"},                                                                         \
        {.path = at "categories.*.statement_timeout", .rule = CONFIG_DURATION, .min = 1, .max = 30 * DAY_MS,           \
         .prose = "instead of the service's"}
#define POLICY_ROWS(at)                                                                                                \
    {.path = at "on_failure",                                                                                          \
     .prose = "what happens when a step fails for good; `rollback-release` when nothing says otherwise"},              \
        {.path = at "lock_timeout", .rule = CONFIG_DURATION, .min = 1, .max = DAY_MS,                                  \
         .prose = "how long one try of a statement waits for a lock, and readers behind it; 2s when nothing says "     \
                  "otherwise. The pause to the next try is three times as long, and longer each time"},                \
        {.path = at "statement_timeout", .rule = CONFIG_DURATION, .min = 1, .max = 30 * DAY_MS,                        \
         .prose = "how long one statement may run; 15min when nothing says otherwise"},                                \
        {.path = at "retries", .rule = CONFIG_NUMBER, .min = 0, .max = 1000,                                           \
         .prose = "how often a transient failure (a lock, a deadlock) is tried again; 5 when nothing says otherwise"}, \
        {.path = at "on_failure.rollback-service", .rule = CONFIG_NOT_BUILT, .prose = "undo one service's steps"},     \
        {.path = at "on_failure.continue", .rule = CONFIG_NOT_BUILT, .prose = "go on within an error budget"},         \
        {.path = at "max_failures", .rule = CONFIG_NOT_BUILT, .prose = "the error budget of on_failure: continue"},    \
        {.path = at "approvals", .rule = CONFIG_NOT_BUILT, .prose = "signed approvals before a release starts"},       \
        {.path = at "backup", .rule = CONFIG_NOT_BUILT, .prose = "a backup before a step"},                            \
        {.path = at "window", .rule = CONFIG_NOT_BUILT, .prose = "maintenance windows"},                               \
        {.path = at "max_blocking", .rule = CONFIG_NOT_BUILT, .prose = "cancel what blocks other sessions too long"},  \
        {.path = at "waves", .rule = CONFIG_NOT_BUILT, .prose = "groups of targets one after another"},                \
        {.path = at "phases", .rule = CONFIG_NOT_BUILT, .prose = "expand, backfill, contract, with gates"},            \
        {.path = at "undo_until", .rule = CONFIG_NOT_BUILT, .prose = "until when an approved way back may be taken"},  \
        {.path = at "health", .rule = CONFIG_NOT_BUILT, .prose = "a check after a step"},                              \
        {.path = at "checks", .rule = CONFIG_NOT_BUILT, .prose = "SQL that must be true after a step"},                \
        {.path = at "lint", .rule = CONFIG_MAP,                                                                        \
         .prose = "how much a rule of `greylag validate` counts, by its name: `off`, `warning` or `error` (lint.md)"}, \
        {.path = at "lint.*", .prose = "of the rule of that name"},                                                   \
        {.path = at "runner", .rule = CONFIG_NOT_BUILT, .prose = "the worker calls another tool"}

static const struct config_row fleet_rows[] = {
    {.path = "fleet", .rule = CONFIG_NAME, .prose = "the fleet's name; topics, keys and ledgers carry it"},
    {.path = "defaults",
     .prose = "policies of every service, unless its environment or the service itself says otherwise"},
    {.path = "services", .rule = CONFIG_MAP, .prose = "the services, by name; each owns one sequence of migrations"},
    {.path = "services.*", .rule = CONFIG_NAME},
    {.path = "services.*.migrations", .prose = "the folder, relative to this file; read with its subfolders"},
    {.path = "services.*.layout",
     .prose = "the tool whose files these are (a wrong word lists them all); recognised from the files when left out"},
    {.path = "services.*.depends_on", .prose = "services all of whose pending steps come first"},
    {.path = "services.*.aliases", .prose = "other names that headers and dependency files use for it"},
    {.path = "services.*.targets",
     .prose = "its databases, names only: where one is, its worker knows; one target named like the service when left "
              "out"},
    {.path = "services.*.targets.*", .rule = CONFIG_NAME},
    {.path = "services.*.duplicate_versions",
     .prose = "`error` (when left out), or `by-name`: two files may share a version when their names differ"},
    {.path = "services.*.flyway",
     .prose = "Flyway's own settings, where not as usual (`layout: flyway`): how names of files are made, and what "
              "a placeholder looks like"},
    {.path = "services.*.flyway.prefix", .prose = "of versioned migrations, may be empty; `V` when left out"},
    {.path = "services.*.flyway.undo_prefix", .prose = "of undo migrations; `U` when left out"},
    {.path = "services.*.flyway.repeatable_prefix", .prose = "of repeatable migrations; `R` when left out"},
    {.path = "services.*.flyway.baseline_prefix", .prose = "of baseline migrations; `B` when left out"},
    {.path = "services.*.flyway.separator", .prose = "between version and description; `__` when left out"},
    {.path = "services.*.flyway.suffixes", .prose = "of all of them; `.sql` when left out"},
    {.path = "services.*.flyway.placeholder_replacement",
     .prose = "`false`: `${name}` is left alone in all files; `true` when left out"},
    {.path = "services.*.flyway.placeholder_prefix", .prose = "in front of a placeholder's name; `${` when left out"},
    {.path = "services.*.flyway.placeholder_suffix", .prose = "behind it; `}` when left out"},
    {.path = "services.*.flyway.placeholder_separator",
     .prose = "between `flyway` and the name of a placeholder that Flyway itself knows; `:` when left out"},
    {.path = "services.*.liquibase", .prose = "what Liquibase is told outside of its files (`layout: liquibase`)"},
    {.path = "services.*.liquibase.path_prefix",
     .prose = "what its record has in front of a file's path in the folder, as `db/changelog/`; nothing when left out"},
    {.path = "services.*.liquibase.every_context",
     .prose = "changesets with a context run everywhere, as Liquibase runs them without --contexts; when false or left "
              "out, they are known, but not run"},
    {.path = "services.*.versions",
     .prose = "migrations that only their own tool can run (`layout: alembic` or `declared`), in their order: they are "
              "planned, shown and recorded, never run"},
    {.path = "services.*.versions.*.version", .prose = "as that tool calls it: of Alembic the revision"},
    {.path = "services.*.versions.*.name", .prose = "what it does"},
    {.path = "services.*.versions.*.file", .prose = "where it is written, relative to the service's folder"},
    {.path = "services.*.versions.*.depends",
     .prose = "what comes before it: `version`, `service:version`, `service >= version`; of Alembic its down_revision "
              "and depends_on"},
    {.path = "services.*.versions.*.category", .prose = "`schema`, `data`, ..."},
    {.path = "services.*.mirror_history",
     .prose = "the worker also keeps the record of the layout's own tool, in the same transaction; false when "
              "left out"},
    {.path = "services.*.history_table",
     .prose = "the name of that record, maybe with its schema, where it is not the tool's default; of Sqitch its "
              "registry's schema"},
    PLACEHOLDER_ROWS("defaults."),
    PLACEHOLDER_ROWS("services.*."),
    PLACEHOLDER_ROWS("environments.*."),
    CATEGORY_ROWS("defaults."),
    CATEGORY_ROWS("services.*."),
    {.path = "environments", .rule = CONFIG_MAP, .prose = "the environments, by name; `dev` alone when left out"},
    {.path = "environments.*", .rule = CONFIG_NAME},
    {.path = "environments.*.targets", .rule = CONFIG_MAP,
     .prose = "targets of services that differ in this environment"},
    {.path = "environments.*.targets.*", .prose = "the targets of the service of that name; replaces its own list"},
    {.path = "environments.*.targets.*.*", .rule = CONFIG_NAME},
    {.path = "dev", .prose = "for `greylag dev` alone"},
    {.path = "dev.targets", .rule = CONFIG_MAP, .prose = "where a target is on the developer's machine, by target"},
    {.path = "dev.targets.*", .rule = CONFIG_NAME},
    {.path = "dev.targets.*.database", .prose = "name of the database; the target's own name when left out"},
    {.path = "dev.targets.*.schema", .prose = "schema in it; public when left out"},
    POLICY_ROWS("defaults."),
    POLICY_ROWS("services.*."),
    POLICY_ROWS("environments.*."),
};

const struct config_format fleet_format = {.what = "a fleet (fleet: NAME, services: ...)",
                                           .schema = &fleet_value,
                                           .rows = fleet_rows,
                                           .row_count = COUNT_OF(fleet_rows),
                                           .size_max = (size_t)8 << 20};

static const cyaml_schema_field_t dependency_entry_fields[] = {
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_POINTER, struct dependency_entry, version, 1, 255),
    CYAML_FIELD_STRING_PTR("service", OPTIONAL_POINTER, struct dependency_entry, service, 1, 255),
    CYAML_FIELD_SEQUENCE("dependencies", OPTIONAL_POINTER, struct dependency_entry, dependencies, &text_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t dependency_entry_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct dependency_entry, dependency_entry_fields)};
static const cyaml_schema_field_t dependency_file_fields[] = {
    CYAML_FIELD_SEQUENCE("migrations", CYAML_FLAG_POINTER, struct dependency_file, migrations, &dependency_entry_value,
                         0, CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t dependency_file_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct dependency_file, dependency_file_fields)};

static const struct config_row dependency_rows[] = {
    {.path = "migrations", .prose = "the migrations that need others"},
    {.path = "migrations.*.version", .prose = "the migration that needs others"},
    {.path = "migrations.*.service", .prose = "its service; the one whose folder this file lies in when left out"},
    {.path = "migrations.*.dependencies",
     .prose = "what it needs: `service:version`, or `version` of the same service"},
};
const struct config_format dependency_format = {
    .rows = dependency_rows, .row_count = COUNT_OF(dependency_rows),
    .what = "a list of dependencies (migrations: [...])", .schema = &dependency_file_value,
    .size_max = (size_t)8 << 20};
