/* Small files of settings that a tool keeps beside a migration: `key = value`, one in a line, blank lines and comments.
 *
 * Debian has no TOML parser for C, and Java's properties have none outside of Java. Of both only what the few keys of
 * these files need is taken, and everything else is a finding with its line, never a guess: tables, quotes, escapes,
 * continued lines, placeholders, unknown keys, a key that stands twice. Threads: one at a time. */
#pragma once
#include "catalog/layout.h"

enum side_form {
    SIDE_PROPERTIES, /* comments begin with # or !, `:` may stand for `=`; no comment behind a value */
    SIDE_TOML,       /* comments begin with #, behind a value as well */
};

struct side_value {
    const char *text; /* NULL: the key is not there */
    int line;
};

/* The values of `keys` in ret_values, both of `count`. False, with findings: the file cannot be followed. */
bool side_read(struct layout_run *run, const struct folder_file *file, enum side_form form, const char *const *keys,
               size_t count, struct side_value *ret_values);
