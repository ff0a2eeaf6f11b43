/* The command line's own configuration: ~/.config/greylag/config.yml (or below XDG_CONFIG_HOME). */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct config;
struct config_format;
extern const struct config_format settings_format; /* for the reference page */
struct settings {
    const char *url, *token, *token_file; /* NULL: not given; borrowed from the file */
    struct config *file;                  /* owned; NULL: there is none */
};
#define SETTINGS_INIT {.url = NULL}

/* No file is fine. ERR_CONFIG with file, line and column; ERR_UNTRUSTED: it holds a token and others can read it. */
bool settings_load(struct settings *ret_settings, struct err *err);
void settings_release(struct settings *settings);
