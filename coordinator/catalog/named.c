#include "catalog/named.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define HEAD "# Which versions belong together; written by `greylag release create`.\nreleases:\n"

struct service_keys {
    char *name, *value;
};
struct release_keys {
    char *version, *name, *date;
    struct service_keys *services;
    unsigned services_count;
};
struct file_keys {
    struct release_keys *releases;
    unsigned releases_count;
};

static const cyaml_schema_field_t service_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct service_keys, name, 1, 63),
    CYAML_FIELD_STRING_PTR("value", CYAML_FLAG_POINTER, struct service_keys, value, 1, 512), CYAML_FIELD_END};
static const cyaml_schema_value_t service_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct service_keys, service_fields)};
static const cyaml_schema_field_t release_fields[] = {
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_POINTER, struct release_keys, version, 1, 63),
    CYAML_FIELD_STRING_PTR("name", OPTIONAL_POINTER, struct release_keys, name, 0, 255),
    CYAML_FIELD_STRING_PTR("date", OPTIONAL_POINTER, struct release_keys, date, 0, 63),
    CYAML_FIELD_SEQUENCE("services", CYAML_FLAG_POINTER, struct release_keys, services, &service_value, 0,
                         CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t release_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct release_keys, release_fields)};
static const cyaml_schema_field_t file_fields[] = {CYAML_FIELD_SEQUENCE("releases", CYAML_FLAG_POINTER,
                                                                        struct file_keys, releases, &release_value, 0,
                                                                        CYAML_UNLIMITED),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t file_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file_keys, file_fields)};

static const struct config_row rows[] = {
    {.path = "releases", .prose = "the named releases, oldest first"},
    {.path = "releases.*.version", .prose = "the fleet's version, each once"},
    {.path = "releases.*.name", .prose = "for people"},
    {.path = "releases.*.date", .prose = "when it was named"},
    {.path = "releases.*.services", .rule = CONFIG_MAP, .prose = "the services that belong to it"},
    {.path = "releases.*.services.*", .prose = "the id of the service's last migration that belongs to it"},
};
const struct config_format named_format = {.what = "named releases (releases: [...])",
                                           .schema = &file_value,
                                           .rows = rows,
                                           .row_count = COUNT_OF(rows),
                                           .size_max = (size_t)8 << 20};

/* new */
static char *path_of(const char *fleet)
{
    const char *slash = strrchr(fleet, '/');
    return slash ? xasprintf("%.*s/releases.yml", (int)(slash - fleet), fleet) : xstrdup("releases.yml");
}

const struct named_release *named_find(const struct named_release *releases, size_t count, const char *version)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(releases[i].version, version) == 0)
            return &releases[i];
    }
    return NULL;
}

static void take(const struct release_keys *from, struct arena *arena, struct named_release *ret)
{
    struct named_service *services = arena_array(arena, from->services_count + 1, sizeof *services);
    for (unsigned i = 0; i < from->services_count; i++)
        services[i] = (struct named_service){arena_strdup(arena, from->services[i].name),
                                             arena_strdup(arena, from->services[i].value)};
    *ret = (struct named_release){.version = arena_strdup(arena, from->version),
                                  .name = from->name ? arena_strdup(arena, from->name) : "",
                                  .date = from->date ? arena_strdup(arena, from->date) : "",
                                  .services = services,
                                  .service_count = from->services_count};
}

bool named_parse(const char *path, const char *text, size_t len, struct arena *arena,
                 const struct named_release **ret_releases, size_t *ret_count, struct err *err)
{
    struct config *config;
    if (!config_parse(&named_format, path, text, len, NULL, NULL, &config, err))
        return false;
    const struct file_keys *file = config_data(config);
    struct named_release *releases = arena_array(arena, file->releases_count + 1, sizeof *releases);
    bool good = true;
    for (unsigned i = 0; good && i < file->releases_count; i++) {
        auto_free char *at = xasprintf("releases.%u.version", i);
        take(&file->releases[i], arena, &releases[i]);
        if (named_find(releases, i, releases[i].version))
            good = config_error(config, at, err, "the version '%s' stands twice", releases[i].version);
    }
    *ret_releases = releases;
    *ret_count = file->releases_count;
    config_free(config);
    return good;
}

/* The file's text and what it says; nothing when it is not there. */
static bool read_file(const char *path, struct buf *text, struct arena *arena,
                      const struct named_release **ret_releases, size_t *ret_count, struct err *err)
{
    *ret_releases = NULL;
    *ret_count = 0;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!buf_read_file(text, path, err)) {
        if (err)
            err->kind = ERR_CONFIG;
        return false;
    }
    return named_parse(path, buf_text(text), text->len, arena, ret_releases, ret_count, err);
}

bool named_load(const char *fleet, struct arena *arena, const struct named_release **ret_releases, size_t *ret_count,
                struct err *err)
{
    auto_free char *path = path_of(fleet);
    auto_buf struct buf text = BUF_INIT(named_format.size_max);
    return read_file(path, &text, arena, ret_releases, ret_count, err);
}

void named_of(const struct catalog *catalog, const char *version, const char *name, const char *date,
              struct arena *arena, struct named_release *ret_release)
{
    const struct fleet *fleet = &catalog->fleet;
    struct named_service *services = arena_array(arena, fleet->service_count + 1, sizeof *services);
    size_t count = 0;
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct migration *last = NULL;
        for (size_t m = 0; m < fleet->services[i].migration_count; m++) {
            const struct migration *migration = &fleet->services[i].migrations[m];
            if (*migration->version && migration->kind != MIGRATION_BASELINE)
                last = migration;
        }
        if (last)
            services[count++] = (struct named_service){fleet->services[i].name, last->id};
    }
    *ret_release = (struct named_release){version, name, date, services, count};
}

/* A JSON string is a double-quoted scalar of YAML. */
static void add_scalar(struct buf *out, const char *key, const char *text)
{
    json_t *json = json_string(text);
    auto_free char *quoted = json_dumps(json, JSON_ENCODE_ANY);
    json_decref(json);
    buf_addf(out, "%s: %s\n", key, quoted ? quoted : "\"\"");
}

static void add_release(struct buf *out, const struct named_release *release)
{
    add_scalar(out, "  - version", release->version);
    add_scalar(out, "    name", release->name);
    add_scalar(out, "    date", release->date);
    buf_adds(out, release->service_count ? "    services:\n" : "    services: {}\n");
    for (size_t i = 0; i < release->service_count; i++) {
        auto_free char *key = xasprintf("      %s", release->services[i].service);
        add_scalar(out, key, release->services[i].migration);
    }
}

bool named_add(const char *fleet, const struct named_release *release, struct err *err)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_free char *path = path_of(fleet);
    auto_buf struct buf text = BUF_INIT(named_format.size_max);
    const struct named_release *releases;
    size_t count;
    if (!read_file(path, &text, &arena, &releases, &count, err))
        return false;
    if (named_find(releases, count, release->version)) {
        err_set(err, ERR_INPUT, "release %s is in %s already", release->version, path);
        return err_hint(err, "name another version: a named release does not change");
    }
    if (text.len == 0)
        buf_adds(&text, HEAD);
    else if (text.data[text.len - 1] != '\n')
        buf_addc(&text, '\n');
    add_release(&text, release);
    /* what is written can be read */
    return named_parse(path, buf_text(&text), text.len, &arena, &releases, &count, err) &&
           file_replace(path, buf_text(&text), text.len, 0644, err);
}
