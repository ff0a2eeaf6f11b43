/* Configuration files: YAML, read by libyaml, checked against a schema before libcyaml fills the structs.
 *
 * Why not libcyaml alone: 1.3.1 takes `maybe` for true, `010` for 8, "a\0b" for "a", an empty file for success, and
 * ignores a second document. Here a file is refused when it is empty, has more than one document, anchors, aliases,
 * tags, NUL, bytes that are not UTF-8, duplicate keys, unknown keys, or a value of a wrong type; booleans are true or
 * false, whole numbers decimal without leading zeros. Every error says FILE:LINE:COLUMN (columns in characters, from 1)
 * and what to do; up to eight are gathered in one err (kind CONFIG), a line for each.
 *
 * ${NAME} in a value is replaced by what the caller's getter returns ($${ is a plain ${); messages show the file's own
 * text, never what a name expanded to.
 *
 * What libcyaml does not know is said by rows beside the schema: keys that users choose (`services:`), durations,
 * names, ranges, defaults, and keys that are known but not built. A row's path is the keys joined by dots, with * for
 * an element of a list or a chosen key: "services.*.lock_timeout".
 *
 * The room reads no environment and does not log. Threads: any; a struct config belongs to one thread at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

#include "base/buf.h"
#include "base/err.h"

enum config_rule {
    CONFIG_PLAIN,     /* nothing but a default */
    CONFIG_MAP,       /* a mapping with chosen keys; the schema has a sequence of mappings with a string field "name".
                       * When they also have a field "value": {name: KEY, value: VALUE}, else {name: KEY, ...}. */
    CONFIG_DURATION,  /* "5s", "15min" -> milliseconds; the schema has an integer; min and max are milliseconds */
    CONFIG_NUMBER,    /* a whole number between min and max */
    CONFIG_NAME,      /* a name by text_is_name; on a CONFIG_MAP's "path.*" it holds for the chosen keys */
    CONFIG_NOT_BUILT, /* a known key that is refused; prose says what it will be */
};

struct config_row {
    const char *path;
    enum config_rule rule;
    const char *fallback; /* the value, as it would be written, of a key that is missing; NULL: none */
    long long min, max;   /* DURATION, NUMBER; both 0: any */
    const char *prose;    /* for people */
};

struct config_format {
    const char *what;                   /* "a fleet file", for messages */
    const cyaml_schema_value_t *schema; /* of type mapping, with CYAML_FLAG_POINTER */
    const struct config_row *rows;
    size_t row_count;
    size_t size_max; /* bytes; larger files are refused; 0: 1 MiB */
};

/* Returns the value of a name (borrowed until the next call) or NULL when there is none. Daemons and the command line
 * pass a function over getenv. */
typedef const char *config_getter(void *context, const char *name);

struct config; /* a loaded file */

/* new: config_free(). `get` may be NULL: no name is known. */
bool config_load(const struct config_format *format, const char *path, config_getter *get, void *context,
                 struct config **ret_config, struct err *err);
/* The same from memory; `path` is only for messages. */
bool config_parse(const struct config_format *format, const char *path, const char *text, size_t len,
                  config_getter *get, void *context, struct config **ret_config, struct err *err);
void config_free(struct config *config); /* NULL is fine */

/* The struct that the schema describes; borrowed. Text fields are NULL, pointers NULL and lists empty where a key that
 * has no default is missing. */
void *config_data(const struct config *config);

/* Where a value stands: keys joined by dots, list elements by their number from 0, chosen keys by themselves
 * ("services.user.depends_on.0"). When it is not there, the nearest one above it. */
void config_where(const struct config *config, const char *path, int *ret_line, int *ret_column);
/* Fills err (CONFIG) with "FILE:LINE:COLUMN: text" for that place; returns false. */
bool config_error(const struct config *config, const char *path, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The keys of a format as a Markdown table under a heading: kind, default, range and prose come from schema and rows,
 * so that the reference cannot differ from what is read. */
void config_markdown(const struct config_format *format, const char *title, struct buf *out);
