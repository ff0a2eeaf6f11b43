/* fleet.yml as it is written: the schema (docs/reference/greylag-files.md). Open structs filled by libcyaml; a NULL
 * pointer is a key that is not there. Threads: one at a time. */
#pragma once
#include "config/config.h"
#include "lint/lint.h"
#include "proto/fleet.h"

struct lint_key {
    char *name; /* of a rule */
    enum lint_severity value;
};

struct policy_keys {
    enum failure_policy *on_failure;
    int64_t *lock_timeout, *statement_timeout; /* ms */
    int64_t *retries;
    struct lint_key *lint;
    unsigned lint_count;
};

struct placeholder_key {
    char *name;
    char *value;
};

/* What `${name}` in SQL stands for, and names whose values only workers know. */
struct placeholder_keys {
    struct placeholder_key *values;
    unsigned values_count;
    char **secrets;
    unsigned secrets_count;
};

/* Policies of migrations of one category; the keys of `policy` but for `retries`. */
struct category_keys {
    char *name;
    struct policy_keys policy;
};

/* How the names of Flyway's files are made and what a placeholder looks like, where not as usual; its own
 * configuration's words. */
struct flyway_keys {
    char *prefix, *undo_prefix, *repeatable_prefix, *baseline_prefix; /* NULL: V, U, R, B */
    char *separator;                                                  /* NULL: __ */
    char **suffixes;                                                  /* none: .sql */
    unsigned suffixes_count;
    bool *placeholder_replacement;                                        /* NULL: true */
    char *placeholder_prefix, *placeholder_suffix, *placeholder_separator; /* NULL: ${ } : */
};

/* What Liquibase is told outside of its files. */
struct liquibase_keys {
    char *path_prefix;   /* in front of a file's path in the folder, where its record has it; NULL: nothing */
    bool *every_context; /* changesets run whatever their context is, as Liquibase does without --contexts */
};

/* A migration that only its own tool can run. */
struct version_key {
    char *version;
    char *name; /* NULL: "" */
    char *file; /* relative to the service's folder; NULL: not said */
    char **depends;
    unsigned depends_count;
    char *category; /* NULL: none */
};

struct service_file {
    char *name;
    char *migrations;
    char *layout;
    char **depends_on;
    unsigned depends_on_count;
    char **aliases;
    unsigned aliases_count;
    char **targets;
    unsigned targets_count;
    char *duplicate_versions;
    struct flyway_keys *flyway;
    struct liquibase_keys *liquibase;
    struct version_key *versions;
    unsigned versions_count;
    bool *mirror_history;
    char *history_table;
    struct placeholder_keys placeholders;
    struct category_keys *categories;
    unsigned categories_count;
    struct policy_keys policy;
};

struct service_targets {
    char *name;
    char **value;
    unsigned value_count;
};

struct environment_file {
    char *name;
    struct service_targets *targets;
    unsigned targets_count;
    struct placeholder_keys placeholders;
    struct policy_keys policy;
};

struct defaults_file {
    struct placeholder_keys placeholders;
    struct category_keys *categories;
    unsigned categories_count;
    struct policy_keys policy;
};

struct dev_target_file {
    char *name;
    char *database;
    char *schema;
};

struct dev_file {
    struct dev_target_file *targets;
    unsigned targets_count;
};

struct fleet_file {
    char *fleet;
    struct defaults_file *defaults;
    struct service_file *services;
    unsigned services_count;
    struct environment_file *environments;
    unsigned environments_count;
    struct dev_file *dev;
};

extern const struct config_format fleet_format;

/* migration-dependencies.yml */
struct dependency_entry {
    char *version;
    char *service; /* NULL: the service whose folder it lies in */
    char **dependencies;
    unsigned dependencies_count;
};

struct dependency_file {
    struct dependency_entry *migrations;
    unsigned migrations_count;
};

extern const struct config_format dependency_format;
