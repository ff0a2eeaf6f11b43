/* Named releases: which version of each service belongs together under one version of the fleet. They are kept in
 * releases.yml beside the fleet file, so that they are reviewed and tagged with it; `greylag release create` adds one,
 * and `up --release`, `down --to` and `changelog` mean by a version what stands there. Threads: one at a time. */
#pragma once
#include "catalog/catalog.h"

struct named_service {
    const char *service;
    const char *migration; /* id of the last migration that belongs to the release */
};

struct named_release {
    const char *version; /* of the fleet: "2.0.0" */
    const char *name, *date;
    const struct named_service *services;
    size_t service_count;
};

extern const struct config_format named_format;

/* releases.yml beside the fleet file at `fleet`; one that is not there holds none. Everything lives in the arena.
 * ERR_CONFIG: the file is wrong, or a version stands twice. */
bool named_load(const char *fleet, struct arena *arena, const struct named_release **ret_releases, size_t *ret_count,
                struct err *err);
/* The same from memory; `path` is only for messages. */
bool named_parse(const char *path, const char *text, size_t len, struct arena *arena,
                 const struct named_release **ret_releases, size_t *ret_count, struct err *err);
/* NULL: none. */
const struct named_release *named_find(const struct named_release *releases, size_t count, const char *version);
/* What the catalog holds now, under that version: the last versioned migration of each service that has one. */
void named_of(const struct catalog *catalog, const char *version, const char *name, const char *date,
              struct arena *arena, struct named_release *ret_release);
/* Adds one at the end, all or nothing. ERR_INPUT: the version is there already. ERR_CONFIG: the file is wrong. */
bool named_add(const char *fleet, const struct named_release *release, struct err *err);
