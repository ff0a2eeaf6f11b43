#include "config/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/check.h"
#include "config/node.h"

struct config {
    const struct config_format *format;
    const char *path; /* in the arena, as the rest */
    struct node *root;
    cyaml_data_t *data;
    struct arena arena;
};

static const cyaml_config_t cyaml_settings = {
    .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};

void config_free(struct config *config)
{
    if (!config)
        return;
    if (config->data)
        cyaml_free(&cyaml_settings, config->format->schema, config->data, 0);
    arena_release(&config->arena);
    free(config);
}

void *config_data(const struct config *config)
{
    return config->data;
}

/* Parses, expands and checks; the tree is then what libcyaml can load. */
static bool read_tree(struct config *config, const char *text, size_t len, config_getter *get, void *context,
                      struct err *err)
{
    struct problems problems = {.path = config->path, .err = err};
    config->root = node_parse(text, len, &config->arena, &problems);
    if (!config->root)
        return false;
    bool nothing = config->root->kind == NODE_SCALAR && config->root->plain && !*config->root->raw;
    if (nothing)
        problem_add(&problems, 1, 1, "", "the file is empty: %s is expected", config->format->what);
    else
        node_expand(config->root, get, context, &config->arena, &problems);
    if (problems.count == 0)
        config_check(config->format, config->root, &config->arena, &problems);
    return problems.count == 0;
}

static bool fill_structs(struct config *config, struct err *err)
{
    auto_buf struct buf yaml = BUF_INIT(BUF_MAX);
    if (!node_emit(config->root, &yaml, err))
        return false;
    cyaml_err_t code = cyaml_load_data((const uint8_t *)buf_text(&yaml), yaml.len, &cyaml_settings,
                                       config->format->schema, &config->data, NULL);
    if (code != CYAML_OK)
        return err_set(err, ERR_INTERNAL, "%s: the checked document does not fit its schema: %s", config->path,
                       cyaml_strerror(code));
    return true;
}

bool config_parse(const struct config_format *format, const char *path, const char *text, size_t len,
                  config_getter *get, void *context, struct config **ret_config, struct err *err)
{
    struct config *config = xcalloc(1, sizeof *config);
    config->format = format;
    config->path = arena_strdup(&config->arena, path);
    if (!read_tree(config, text, len, get, context, err) || !fill_structs(config, err)) {
        config_free(config);
        return false;
    }
    *ret_config = config;
    return true;
}

bool config_load(const struct config_format *format, const char *path, config_getter *get, void *context,
                 struct config **ret_config, struct err *err)
{
    auto_buf struct buf text = BUF_INIT(format->size_max ? format->size_max : (size_t)1 << 20);
    if (!buf_read_file(&text, path, err)) {
        if (err)
            err->kind = ERR_CONFIG;
        return false;
    }
    return config_parse(format, path, buf_text(&text), text.len, get, context, ret_config, err);
}

/* The longest key of `map` that `path` begins with; -1: none. */
static ssize_t key_at(const struct node *map, const char *path, size_t *ret_len)
{
    ssize_t best = -1;
    for (size_t i = 0; i < map->count; i += 2) {
        const char *key = map->items[i]->text;
        size_t len = strlen(key);
        bool starts = strncmp(path, key, len) == 0 && (path[len] == '.' || path[len] == 0);
        if (starts && (best < 0 || len > *ret_len)) {
            best = (ssize_t)i;
            *ret_len = len;
        }
    }
    return best;
}

/* The element of a list that `path` begins with; NULL: none. */
static const struct node *element_at(const struct node *list, const char *path, size_t *ret_len)
{
    const struct node *found = NULL;
    size_t digits = strspn(path, "0123456789");
    if (!list->chosen) {
        char *end;
        unsigned long index = digits ? strtoul(path, &end, 10) : list->count;
        *ret_len = digits;
        return index < list->count ? list->items[index] : NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *name = node_lookup(list->items[i], "name")->text;
        size_t len = strlen(name);
        bool starts = strncmp(path, name, len) == 0 && (path[len] == '.' || path[len] == 0);
        if (starts && (!found || len > *ret_len)) {
            found = list->valued ? node_lookup(list->items[i], "value") : list->items[i];
            *ret_len = len;
        }
    }
    return found;
}

void config_where(const struct config *config, const char *path, int *ret_line, int *ret_column)
{
    const struct node *node = config->root, *mark = node;
    while (*path) {
        size_t len = 0;
        ssize_t key = node->kind == NODE_MAP ? key_at(node, path, &len) : -1;
        if (key >= 0) {
            node = node->items[key + 1];
        } else if (node->kind == NODE_LIST) {
            node = element_at(node, path, &len);
        } else {
            node = NULL;
        }
        if (!node)
            break;
        mark = node;
        path += len + (path[len] == '.');
    }
    *ret_line = mark->line;
    *ret_column = mark->column;
}

bool config_error(const struct config *config, const char *path, struct err *err, const char *format, ...)
{
    int line, column;
    config_where(config, path, &line, &column);
    va_list args;
    va_start(args, format);
    err_setv(err, ERR_CONFIG, format, args);
    va_end(args);
    return err_prefix(err, "%s:%d:%d", config->path, line, column);
}
