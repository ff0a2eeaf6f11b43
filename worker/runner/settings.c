#include "runner/settings.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "proto/vocab.h"

struct file_property {
    char *name, *value;
};
struct file_target {
    char *name, *service, *database, *schema, *ledger_schema;
    struct file_property *placeholders;
    unsigned placeholders_count;
};
struct file {
    char *fleet, *environment, *topic_prefix, *name, *key, *listen;
    char **coordinator_keys;
    unsigned coordinator_keys_count;
    int64_t lease_ms, retention_ms;
    struct file_target *targets;
    unsigned targets_count;
    struct file_property *kafka, *placeholders;
    unsigned kafka_count, placeholders_count;
};

#define TEXT_MAX 4096
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

#define SECRET_MAX 16384
#define PLACEHOLDERS_MAX 256

static const cyaml_schema_value_t text_value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};
static const cyaml_schema_field_t placeholder_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct file_property, name, 1, 255),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct file_property, value, 0, SECRET_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t placeholder_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_property, placeholder_fields)};
static const cyaml_schema_field_t target_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct file_target, name, 1, 63),
    CYAML_FIELD_STRING_PTR("service", CYAML_FLAG_POINTER, struct file_target, service, 1, 63),
    CYAML_FIELD_STRING_PTR("database", OPTIONAL, struct file_target, database, 0, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("schema", OPTIONAL, struct file_target, schema, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("ledger_schema", OPTIONAL, struct file_target, ledger_schema, 1, 63),
    CYAML_FIELD_SEQUENCE("placeholders", OPTIONAL, struct file_target, placeholders, &placeholder_value, 0,
                         PLACEHOLDERS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t target_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_target, target_fields)};
static const cyaml_schema_field_t property_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct file_property, name, 1, 256),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct file_property, value, 0, 65536),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t property_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_property, property_fields)};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("fleet", CYAML_FLAG_POINTER, struct file, fleet, 1, 63),
    CYAML_FIELD_STRING_PTR("environment", CYAML_FLAG_POINTER, struct file, environment, 1, 63),
    CYAML_FIELD_STRING_PTR("topic_prefix", OPTIONAL, struct file, topic_prefix, 0, TOPIC_PREFIX_MAX),
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, struct file, name, 1, 63),
    CYAML_FIELD_STRING_PTR("key", CYAML_FLAG_POINTER, struct file, key, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("listen", OPTIONAL, struct file, listen, 1, 256),
    CYAML_FIELD_SEQUENCE("coordinator_keys", CYAML_FLAG_POINTER, struct file, coordinator_keys, &text_value, 1, 16),
    CYAML_FIELD_SEQUENCE("targets", CYAML_FLAG_POINTER, struct file, targets, &target_value, 1, 256),
    CYAML_FIELD_INT("lease", CYAML_FLAG_OPTIONAL, struct file, lease_ms),
    CYAML_FIELD_INT("retention", CYAML_FLAG_OPTIONAL, struct file, retention_ms),
    CYAML_FIELD_SEQUENCE("kafka", CYAML_FLAG_POINTER, struct file, kafka, &property_value, 1, 256),
    CYAML_FIELD_SEQUENCE("placeholders", OPTIONAL, struct file, placeholders, &placeholder_value, 0, PLACEHOLDERS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, file_fields)};

static const struct config_row file_rows[] = {
    {.path = "fleet", .rule = CONFIG_NAME, .prose = "the fleet's name, as in fleet.yml"},
    {.path = "environment", .rule = CONFIG_NAME, .prose = "the environment that this worker belongs to"},
    {.path = "topic_prefix",
     .prose = "what stands in front of the names of all topics and groups, as in coordinator.yml"},
    {.path = "name", .rule = CONFIG_NAME, .prose = "this worker's name, for people; the host's name when left out"},
    {.path = "targets", .rule = CONFIG_MAP, .prose = "the databases of this worker, by the targets' names"},
    {.path = "targets.*", .rule = CONFIG_NAME},
    {.path = "targets.*.service", .rule = CONFIG_NAME, .prose = "the service whose target it is"},
    {.path = "targets.*.database",
     .prose = "libpq's connection string; without it DATABASE_URL (when it is the only target) or PGHOST, PGSERVICE "
              "and so on"},
    {.path = "targets.*.schema", 
     .prose = "schemas in front of the search_path that is there, for its migrations: the first is where they make "
              "what they do not qualify; another tool's record is looked for in these alone. Left out: the server's "
              "default"},
    {.path = "targets.*.ledger_schema",
     .prose = "schema that greylag keeps its own tables in; `greylag` when left out"},
    {.path = "targets.*.placeholders", .rule = CONFIG_MAP,
     .prose = "the same as `placeholders`, for this target alone; these win"},
    {.path = "targets.*.placeholders.*", .prose = "one of them"},
    {.path = "placeholders", .rule = CONFIG_MAP,
     .prose = "values of the placeholders that fleet.yml names under `secret_placeholders`; they stay here"},
    {.path = "placeholders.*", .prose = "one of them; `${NAME}` is taken from the environment, as everywhere"},
    {.path = "key",
     .prose = "this worker's secret key, a file that `greylag keygen` wrote; only its owner may read it"},
    {.path = "coordinator_keys", .prose = "public keys whose jobs it runs: `ed25519:...` or files"},
    {.path = "listen", .prose = "address:port of /metrics, /healthz and /readyz; none when left out"},
    {.path = "lease", .rule = CONFIG_DURATION, .fallback = "15s", .min = 500, .max = 600000,
     .prose = "how long a worker that falls silent keeps a target from another one"},
    {.path = "retention", .rule = CONFIG_DURATION, .fallback = "400d", .min = 0, .max = 36500LL * 86400000,
     .prose = "how long the history in its databases is kept; what is in effect always is; `0s`: for ever"},
    {.path = "kafka", .rule = CONFIG_MAP, .prose = "librdkafka's properties, bootstrap.servers among them"},
    {.path = "kafka.*", .prose = "the property of that name (see kafka.md for those that greylag sets itself)"},
};
const struct config_format settings_format = {
    .what = "a worker file", .schema = &file_value, .rows = file_rows, .row_count = COUNT_OF(file_rows)};

/* A path beside the file, new. */
static char *beside(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || !slash)
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - file), file, path);
}

static bool read_keys(struct settings *settings, const struct file *file, const char *path, struct err *err)
{
    auto_free char *key = beside(path, file->key);
    if (!key_read_secret(key, &settings->key, err))
        return err_prefix(err, "%s: key", path);
    settings->key_count = file->coordinator_keys_count;
    settings->coordinator_keys = xcalloc(settings->key_count + 1, sizeof *settings->coordinator_keys);
    for (size_t i = 0; i < settings->key_count; i++) {
        const char *text = file->coordinator_keys[i];
        auto_free char *public_key = text_starts(text, "ed25519:") ? xstrdup(text) : beside(path, text);
        if (!key_parse_public(public_key, &settings->coordinator_keys[i], err))
            return err_prefix(err, "%s: coordinator_keys", path);
    }
    return true;
}

/* Where a target is: its `database`, else DATABASE_URL when it is the only one, else libpq's own PG* variables. */
static bool find_database(struct settings *settings, const struct file_target *from, struct settings_target *to,
                          config_getter *get, void *context, struct err *err)
{
    static const char *const libpq[] = {"PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE"};
    if (from->database) {
        to->database = from->database;
        return true;
    }
    char path[128];
    text_format(path, sizeof path, "targets.%s", from->name);
    const char *url = get && settings->target_count == 1 ? get(context, "DATABASE_URL") : NULL;
    if (url)
        to->database = settings->empty_ = xstrdup(url);
    for (size_t i = 0; get && !to->database && i < COUNT_OF(libpq); i++)
        if (get(context, libpq[i]))
            to->database = "";
    if (to->database)
        return true;
    config_error(settings->file_, path, err, "target %s has no database", from->name);
    return err_hint(err, "write `database: \"host=... dbname=...\"`, or set DATABASE_URL (one target) or PGHOST");
}

static const struct placeholder *find_secret(const struct placeholder *secrets, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(secrets[i].name, name) == 0)
            return &secrets[i];
    return NULL;
}

/* Adds those of one mapping, at `path` in the file, that an earlier mapping does not have. */
static bool add_secrets(struct settings *settings, struct settings_target *target, const struct file_property *from,
                        size_t count, const char *path, struct err *err)
{
    size_t before = target->secret_count;
    for (size_t i = 0; i < count; i++) {
        const struct placeholder *same = find_secret(target->secrets, target->secret_count, from[i].name);
        if (same && same >= target->secrets + before)
            return config_error(settings->file_, path, err,
                                "%s and %s are one placeholder: upper and lower case are the same", same->name,
                                from[i].name);
        if (!same)
            target->secrets[target->secret_count++] =
                (struct placeholder){.name = from[i].name, .value = from[i].value, .secret = true};
    }
    return true;
}

static bool read_secrets(struct settings *settings, const struct file *file, size_t index, struct err *err)
{
    const struct file_target *from = &file->targets[index];
    struct settings_target *to = &settings->targets[index];
    to->secrets = xcalloc(from->placeholders_count + file->placeholders_count + 1, sizeof *to->secrets);
    auto_free char *path = xasprintf("targets.%s.placeholders", from->name);
    return add_secrets(settings, to, from->placeholders, from->placeholders_count, path, err) &&
           add_secrets(settings, to, file->placeholders, file->placeholders_count, "placeholders", err);
}

static bool fill_in(struct settings *settings, const char *path, config_getter *get, void *context, struct err *err)
{
    const struct file *file = config_data(settings->file_);
    if (file->topic_prefix && !topic_prefix_valid(file->topic_prefix)) {
        config_error(settings->file_, "topic_prefix", err, "Kafka takes no such name");
        return err_hint(err, "letters, digits, '.', '_' and '-'");
    }
    settings->topic_prefix = file->topic_prefix;
    settings->fleet = file->fleet;
    settings->environment = file->environment;
    settings->listen = file->listen;
    settings->lease_ms = file->lease_ms;
    settings->retention_ms = file->retention_ms;
    settings->host_ = xcalloc(1, 64);
    if (gethostname(settings->host_, 63))
        memcpy(settings->host_, "worker", sizeof "worker");
    settings->name = file->name ? file->name : settings->host_;
    settings->target_count = file->targets_count;
    settings->targets = xcalloc(file->targets_count, sizeof *settings->targets);
    for (size_t i = 0; i < settings->target_count; i++) {
        const struct file_target *from = &file->targets[i];
        settings->targets[i] = (struct settings_target){
            .name = from->name, .service = from->service, .schema = from->schema,
            .ledger_schema = from->ledger_schema ? from->ledger_schema : "greylag"};
        if (!find_database(settings, from, &settings->targets[i], get, context, err) ||
            !read_secrets(settings, file, i, err))
            return false;
    }
    settings->property_count = file->kafka_count;
    settings->properties = xcalloc(file->kafka_count + 1, sizeof *settings->properties);
    for (size_t i = 0; i < settings->property_count; i++)
        settings->properties[i] = (struct bus_property){file->kafka[i].name, file->kafka[i].value};
    struct bus_settings bus = {.properties = settings->properties, .property_count = settings->property_count};
    if (!bus_settings_check(&bus, err))
        return err_prefix(err, "%s", path);
    return read_keys(settings, file, path, err);
}

bool settings_load(const char *path, config_getter *get, void *context, struct settings **ret_settings,
                   struct err *err)
{
    struct settings *settings = xcalloc(1, sizeof *settings);
    if (!config_load(&settings_format, path, get, context, &settings->file_, err) ||
        !fill_in(settings, path, get, context, err)) {
        settings_free(settings);
        return false;
    }
    *ret_settings = settings;
    return true;
}

void settings_free(struct settings *settings)
{
    if (!settings)
        return;
    key_secret_release(&settings->key);
    free(settings->coordinator_keys);
    for (size_t i = 0; settings->targets && i < settings->target_count; i++)
        free(settings->targets[i].secrets);
    free(settings->targets);
    free(settings->properties);
    free(settings->host_);
    free(settings->empty_);
    config_free(settings->file_);
    free(settings);
}
