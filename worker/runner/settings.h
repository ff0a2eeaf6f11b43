/* worker.yml: what the service owner keeps. Read once at the start; the only place of the worker that holds connection
 * strings and its secret key. Nothing of it is ever logged but names.
 * Paths (key, coordinator_keys) are relative to the file. Everything is owned by the struct: settings_free. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "bus/bus.h"
#include "config/config.h"
#include "crypto/key.h"
#include "proto/fleet.h"

struct settings_target {
    const char *name, *service;
    const char *database;      /* libpq's conninfo */
    const char *schema;        /* the service's search_path, NULL: the server's default */
    const char *ledger_schema; /* greylag's own */
    struct placeholder *secrets; /* its own placeholders, and those of the whole worker that it does not name itself */
    size_t secret_count;
};

struct settings {
    const char *fleet, *environment;
    const char *topic_prefix;  /* NULL: none */
    const char *name;          /* of this worker, for people */
    const char *listen;        /* address for /metrics and so on, NULL: none */
    int64_t lease_ms;          /* how long a silent worker keeps a target */
    int64_t retention_ms;      /* how long history is kept, 0: for ever */
    struct key_secret key;
    struct key_public *coordinator_keys;
    size_t key_count;
    struct settings_target *targets;
    size_t target_count;
    struct bus_property *properties; /* of the kafka section */
    size_t property_count;
    struct config *file_;
    char *host_, *empty_;
};

extern const struct config_format settings_format; /* for the reference page */
bool settings_load(const char *path, config_getter *get, void *context, struct settings **ret_settings,
                   struct err *err);
void settings_free(struct settings *settings); /* NULL is fine */
