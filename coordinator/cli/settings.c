#include "cli/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/cli_internal.h"
#include "config/config.h"

struct settings_file {
    char *url, *token, *token_file;
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_STRING_PTR("url", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings_file, url, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("token", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings_file, token, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("token_file", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct settings_file, token_file, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct settings_file, fields)};
static const struct config_row rows[] = {
    {"url", CONFIG_PLAIN, NULL, 0, 0, "address of the coordinator, `http://host:port`; --url and GREYLAG_URL win over "
                                      "it"},
    {"token", CONFIG_PLAIN, NULL, 0, 0, "who you are; then only you may read the file. --token and GREYLAG_TOKEN win "
                                        "over it"},
    {"token_file", CONFIG_PLAIN, NULL, 0, 0, "a file whose first word is the token"},
};
const struct config_format settings_format = {.what = "the command line's configuration",
                                             .schema = &schema,
                                             .rows = rows,
                                             .row_count = COUNT_OF(rows),
                                             .size_max = 65536};

/* Its path, new; NULL when there is no home. */
static char *settings_path(void)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (base && *base)
        return xasprintf("%s/greylag/config.yml", base);
    return home && *home ? xasprintf("%s/.config/greylag/config.yml", home) : NULL;
}

static bool check_private(const char *path, const struct settings *settings, struct err *err)
{
    struct stat st;
    return !settings->token || stat(path, &st) != 0 || file_check_private(&st, "the file with a token,", path, err);
}

bool settings_load(struct settings *ret_settings, struct err *err)
{
    auto_free char *path = settings_path();
    if (!path || access(path, F_OK) != 0)
        return true;
    if (!config_load(&settings_format, path, cli_getenv, NULL, &ret_settings->file, err))
        return false;
    const struct settings_file *file = config_data(ret_settings->file);
    ret_settings->url = file->url;
    ret_settings->token = file->token;
    ret_settings->token_file = file->token_file;
    return check_private(path, ret_settings, err);
}

void settings_release(struct settings *settings)
{
    config_free(settings->file);
    *settings = (struct settings)SETTINGS_INIT;
}
