#include "daemon/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"

/* What the schema fills is the first member, so that a path can be resolved beside it. */
struct loaded {
    struct settings settings;
    struct config *config;
};

static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, 200)};
static const cyaml_schema_field_t worker_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct settings_worker, name, 1, 100),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct settings_worker, key, 1, 4000),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER, struct settings_worker, targets, &text_value, 1,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t worker_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct settings_worker, worker_fields)};
static const cyaml_schema_field_t property_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct settings_property, name, 1, 200),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct settings_property, value, 0, 100000), CYAML_FIELD_END};
static const cyaml_schema_value_t property_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct settings_property, property_fields)};
static const cyaml_schema_field_t settings_fields[] = {
    CYAML_FIELD_STRING_PTR("fleet", CYAML_FLAG_POINTER, struct settings, fleet, 1, 63),
    CYAML_FIELD_STRING_PTR("environment", CYAML_FLAG_POINTER, struct settings, environment, 1, 63),
    CYAML_FIELD_STRING_PTR("database", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings, database, 1, 4000),
    CYAML_FIELD_STRING_PTR("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings, listen, 1, 300),
    CYAML_FIELD_STRING_PTR("tokens_file", CYAML_FLAG_POINTER, struct settings, tokens_file, 1, 4000),
    CYAML_FIELD_STRING_PTR("signing_key", CYAML_FLAG_POINTER, struct settings, signing_key, 1, 4000),
    CYAML_FIELD_SEQUENCE("workers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings, workers, &worker_value,
                         0, CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("kafka", CYAML_FLAG_POINTER, struct settings, kafka, &property_value, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("topic_prefix", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings, topic_prefix, 0,
                           TOPIC_PREFIX_MAX),
    CYAML_FIELD_INT("replication", CYAML_FLAG_OPTIONAL, struct settings, replication),
    CYAML_FIELD_INT("resend_after", CYAML_FLAG_OPTIONAL, struct settings, resend_after_ms),
    CYAML_FIELD_INT("fence_again", CYAML_FLAG_OPTIONAL, struct settings, fence_again_ms),
    CYAML_FIELD_INT("fence_limit", CYAML_FLAG_OPTIONAL, struct settings, fence_limit_ms),
    CYAML_FIELD_INT("lease", CYAML_FLAG_OPTIONAL, struct settings, lease_ms),
    CYAML_FIELD_INT("retention", CYAML_FLAG_OPTIONAL, struct settings, retention_ms),
    CYAML_FIELD_END};
static const cyaml_schema_value_t settings_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct settings, settings_fields)};

static const struct config_row rows[] = {
    {.path = "fleet", .rule = CONFIG_NAME, .prose = "the fleet's name, as in fleet.yml"},
    {.path = "environment", .rule = CONFIG_NAME, .prose = "the one environment that this coordinator serves"},
    {.path = "database", .rule = CONFIG_PLAIN,
     .prose = "connection string of the control database; without it DATABASE_URL"},
    {.path = "listen", .rule = CONFIG_PLAIN, .fallback = "127.0.0.1:8420",
     .prose = "address:port of the HTTP interface"},
    {.path = "tokens_file", .rule = CONFIG_PLAIN,
     .prose = "file that lists who may call it (`greylag token`); only its owner may read it"},
    {.path = "signing_key", .rule = CONFIG_PLAIN, .prose = "secret key file; workers trust its public half"},
    {.path = "workers", .rule = CONFIG_PLAIN, .prose = "keys of workers that are enrolled when this coordinator leads"},
    {.path = "workers.*.name", .prose = "what to call it in lists"},
    {.path = "workers.*.key", .prose = "its public key, `ed25519:...`, or the file that `greylag keygen` wrote"},
    {.path = "workers.*.targets", .prose = "whose events it may sign: `target` or `service/target`"},
    {.path = "kafka", .rule = CONFIG_MAP, .prose = "librdkafka's properties, bootstrap.servers among them"},
    {.path = "kafka.*", .prose = "the property of that name (see kafka.md for those that greylag sets itself)"},
    {.path = "topic_prefix", .rule = CONFIG_PLAIN,
     .prose = "what stands in front of the names of all topics and groups: letters, digits, `.`, `_`, `-`; the same in "
              "every worker.yml"},
    {.path = "replication", .rule = CONFIG_NUMBER, .fallback = "1", .min = 1, .max = 100,
     .prose = "copies of each topic that is created"},
    {.path = "resend_after", .rule = CONFIG_DURATION, .fallback = "15s", .min = 100, .max = 86400000,
     .prose = "no sign of life of a job's worker for so long: the job is sent again; then after twice that, at most "
              "16 times"},
    {.path = "fence_again", .rule = CONFIG_DURATION, .fallback = "2s", .min = 50, .max = 86400000,
     .prose = "an unanswered fence is repeated; then after twice that, at most 16 times"},
    {.path = "fence_limit", .rule = CONFIG_DURATION, .fallback = "2min", .min = 0, .max = 86400000,
     .prose = "an unanswered fence halts the release; 0s: never"},
    {.path = "lease", .rule = CONFIG_DURATION, .fallback = "5s", .min = 500, .max = 600000,
     .prose = "how long a leader that falls silent stays leader"},
    {.path = "retention", .rule = CONFIG_DURATION, .fallback = "400d", .min = 0, .max = 36500LL * 86400000,
     .prose = "how long releases that have ended keep their decisions, steps and outcomes (`greylag prune`); 0s: for "
              "ever"},
};
const struct config_format settings_format = {
    .what = "a coordinator file", .schema = &settings_value, .rows = rows, .row_count = COUNT_OF(rows)};

static const char *from_environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* Paths are relative to the file; replaces *path by a new one that settings_free knows. */
static char *beside(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (*path == '/' || !slash)
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - file), file, path);
}

/* The workers with their key files' paths resolved: an array of ours, with keys of ours. */
static struct settings_worker *copy_workers(const char *path, const struct settings *data)
{
    struct settings_worker *workers = xcalloc(data->workers_count + 1, sizeof *workers);
    for (unsigned i = 0; i < data->workers_count; i++) {
        workers[i] = data->workers[i];
        workers[i].key =
            text_starts(workers[i].key, "ed25519:") ? xstrdup(workers[i].key) : beside(path, workers[i].key);
    }
    return workers;
}

bool settings_load(const char *path, struct settings **ret_settings, struct err *err)
{
    struct config *config;
    if (!config_load(&settings_format, path, from_environment, NULL, &config, err))
        return false;
    const struct settings *data = config_data(config);
    const char *database = data->database ? data->database : getenv("DATABASE_URL");
    if (!database) {
        config_error(config, "database", err, "no control database is named");
        config_free(config);
        return err_hint(err, "write `database: <connection string>`, or set DATABASE_URL");
    }
    if (data->topic_prefix && !topic_prefix_valid(data->topic_prefix)) {
        config_error(config, "topic_prefix", err, "Kafka takes no such name");
        config_free(config);
        return err_hint(err, "letters, digits, '.', '_' and '-'");
    }
    struct loaded *loaded = xcalloc(1, sizeof *loaded);
    loaded->settings = *data;
    loaded->settings.database = xstrdup(database);
    loaded->settings.tokens_file = beside(path, data->tokens_file);
    loaded->settings.signing_key = beside(path, data->signing_key);
    loaded->settings.workers = copy_workers(path, data);
    loaded->config = config;
    *ret_settings = &loaded->settings;
    return true;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    struct loaded *loaded = (struct loaded *)settings;
    free(settings->database);
    free(settings->tokens_file);
    free(settings->signing_key);
    for (unsigned i = 0; i < settings->workers_count; i++)
        free(settings->workers[i].key);
    free(settings->workers);
    config_free(loaded->config);
    free(loaded);
}

struct topic_space settings_topics(const struct settings *settings)
{
    return (struct topic_space){settings->topic_prefix, settings->fleet, settings->environment};
}

struct bus_settings settings_bus(const struct settings *settings, struct bus_property *properties,
                                 const char *client_id)
{
    for (unsigned i = 0; i < settings->kafka_count; i++)
        properties[i] = (struct bus_property){settings->kafka[i].name, settings->kafka[i].value};
    return (struct bus_settings){
        .client_id = client_id, .properties = properties, .property_count = settings->kafka_count};
}
