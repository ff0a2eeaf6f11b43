#include "catalog/fleet_file.h"

#include "base/cleanup.h"

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_strval_t failure_policies[] = {{"rollback-release", ON_FAILURE_ROLLBACK_RELEASE},
                                                  {"halt", ON_FAILURE_HALT}};

/* libcyaml reads nested structs through their outer struct's offsets: the policy keys of `type` are in `prefix`. */
#define POLICY_FIELDS(type, prefix)                                                                                    \
    CYAML_FIELD_ENUM_PTR("on_failure", OPTIONAL_POINTER | CYAML_FLAG_STRICT, type, prefix on_failure,                  \
                         failure_policies, COUNT_OF(failure_policies)),                                                \
        CYAML_FIELD_INT_PTR("lock_timeout", OPTIONAL_POINTER, type, prefix lock_timeout),                              \
        CYAML_FIELD_INT_PTR("statement_timeout", OPTIONAL_POINTER, type, prefix statement_timeout),                    \
        CYAML_FIELD_INT_PTR("retries", OPTIONAL_POINTER, type, prefix retries)

static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 512)};

static const cyaml_schema_field_t defaults_fields[] = {POLICY_FIELDS(struct policy_keys, ), CYAML_FIELD_END};

static const cyaml_schema_field_t service_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct service_file, name, 1, 63),
    CYAML_FIELD_STRING_PTR("migrations", CYAML_FLAG_POINTER, struct service_file, migrations, 1, 4000),
    CYAML_FIELD_STRING_PTR("layout", OPTIONAL_POINTER, struct service_file, layout, 1, 63),
    CYAML_FIELD_SEQUENCE("depends_on", OPTIONAL_POINTER, struct service_file, depends_on, &text_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("aliases", OPTIONAL_POINTER, struct service_file, aliases, &text_value, 0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("targets", OPTIONAL_POINTER, struct service_file, targets, &text_value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("duplicate_versions", OPTIONAL_POINTER, struct service_file, duplicate_versions, 1, 63),
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
#define POLICY_ROWS(at)                                                                                                \
    {.path = at "on_failure",                                                                                          \
     .prose = "what happens when a step fails for good; `rollback-release` when nothing says otherwise"},              \
        {.path = at "lock_timeout", .rule = CONFIG_DURATION, .min = 1, .max = DAY_MS,                                  \
     .prose = "how long a statement waits for a lock; 5s when nothing says otherwise"},                                \
        {.path = at "statement_timeout", .rule = CONFIG_DURATION, .min = 1, .max = 30 * DAY_MS,                        \
         .prose = "how long one statement may run; 15min when nothing says otherwise"},                                \
        {.path = at "retries", .rule = CONFIG_NUMBER, .min = 0, .max = 1000,                                           \
         .prose = "how often a transient failure is tried again; 5 when nothing says otherwise"},                      \
        {.path = at "on_failure.rollback-service", .rule = CONFIG_NOT_BUILT, .prose = "undo one service's steps"},     \
        {.path = at "on_failure.continue", .rule = CONFIG_NOT_BUILT, .prose = "go on within an error budget"},         \
        {.path = at "max_failures", .rule = CONFIG_NOT_BUILT, .prose = "the error budget of on_failure: continue"},    \
        {.path = at "approvals", .rule = CONFIG_NOT_BUILT, .prose = "signed approvals before a release starts"},       \
        {.path = at "backup", .rule = CONFIG_NOT_BUILT, .prose = "a backup before a step"},                            \
        {.path = at "window", .rule = CONFIG_NOT_BUILT, .prose = "maintenance windows"},                               \
        {.path = at "max_blocking", .rule = CONFIG_NOT_BUILT, .prose = "cancel what blocks other sessions too long"},  \
        {.path = at "waves", .rule = CONFIG_NOT_BUILT, .prose = "groups of targets one after another"},                \
        {.path = at "placeholders", .rule = CONFIG_NOT_BUILT, .prose = "names replaced inside SQL"},                   \
        {.path = at "phases", .rule = CONFIG_NOT_BUILT, .prose = "expand, backfill, contract, with gates"},            \
        {.path = at "undo_until", .rule = CONFIG_NOT_BUILT, .prose = "until when an approved way back may be taken"},  \
        {.path = at "health", .rule = CONFIG_NOT_BUILT, .prose = "a check after a step"},                              \
        {.path = at "checks", .rule = CONFIG_NOT_BUILT, .prose = "SQL that must be true after a step"},                \
        {.path = at "lint", .rule = CONFIG_NOT_BUILT, .prose = "rules for migrations"},                                \
        {.path = at "runner", .rule = CONFIG_NOT_BUILT, .prose = "the worker calls another tool"}

static const struct config_row fleet_rows[] = {
    {.path = "fleet", .rule = CONFIG_NAME, .prose = "the fleet's name; topics, keys and ledgers carry it"},
    {.path = "defaults", .prose = "policies of every service, unless its environment or the service itself says otherwise"},
    {.path = "services", .rule = CONFIG_MAP, .prose = "the services, by name; each owns one sequence of migrations"},
    {.path = "services.*", .rule = CONFIG_NAME},
    {.path = "services.*.migrations", .prose = "the folder, relative to this file; read with its subfolders"},
    {.path = "services.*.layout",
     .prose = "`flyway`, `metadata`, `golang-migrate` or `diesel`; recognised from the files when left out"},
    {.path = "services.*.depends_on", .prose = "services all of whose pending steps come first"},
    {.path = "services.*.aliases", .prose = "other names that headers and dependency files use for it"},
    {.path = "services.*.targets",
     .prose = "its databases, names only: where one is, its worker knows; one target named like the service when left out"},
    {.path = "services.*.targets.*", .rule = CONFIG_NAME},
    {.path = "services.*.duplicate_versions",
     .prose = "`error` (when left out), or `by-name`: two files may share a version when their names differ"},
    {.path = "environments", .rule = CONFIG_MAP, .prose = "the environments, by name; `dev` alone when left out"},
    {.path = "environments.*", .rule = CONFIG_NAME},
    {.path = "environments.*.targets", .rule = CONFIG_MAP, .prose = "targets of services that differ in this environment"},
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
    {.path = "migrations.*.dependencies", .prose = "what it needs: `service:version`, or `version` of the same service"},
};
const struct config_format dependency_format = {
    .rows = dependency_rows, .row_count = COUNT_OF(dependency_rows),
    .what = "a list of dependencies (migrations: [...])", .schema = &dependency_file_value, .size_max = (size_t)8 << 20};
