/* coordinator.yml: what the platform team keeps beside the coordinator.
 *
 * Ownership: struct settings is a resource; everything in it lives until settings_free. Reads the environment (for
 * ${NAME} and DATABASE_URL). Paths in the file are relative to the file. Threads: read-only after loading, any. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/bus.h"
#include "config/config.h"
#include "proto/vocab.h"

struct settings_worker {
    char *name;
    char *key; /* "ed25519:..." or the path of a file with that */
    char **targets;
    unsigned targets_count;
};
struct settings_property {
    char *name, *value;
};
struct settings {
    char *fleet, *environment;
    char *topic_prefix; /* NULL: none */
    char *database; /* conninfo */
    char *listen;
    char *tokens_file, *signing_key; /* absolute, or relative to the working directory */
    struct settings_worker *workers;
    unsigned workers_count;
    struct settings_property *kafka;
    unsigned kafka_count;
    int64_t replication;
    int64_t resend_after_ms, fence_again_ms, fence_limit_ms, lease_ms, retention_ms;
};
extern const struct config_format settings_format; /* for the reference page */
bool settings_load(const char *path, struct settings **ret_settings, struct err *err);
void settings_free(struct settings *settings);
/* Where its topics lie; borrowed from settings. */
struct topic_space settings_topics(const struct settings *settings);
/* Borrowed from settings; `properties` has room for kafka_count. */
struct bus_settings settings_bus(const struct settings *settings, struct bus_property *properties,
                                 const char *client_id);
