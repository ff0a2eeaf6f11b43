/* Migrations of real projects, where they are at hand (../shared/fleets). */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "catalog/catalog.h"

#define FLEETS GREYLAG_SOURCE_DIR "/../shared/fleets"

/* The catalog of these services, a part of fleet.yml; NULL: their folders are not at hand, which is said. */
static inline struct catalog *load_real(const char *services)
{
    if (access(FLEETS "/README.md", R_OK) != 0) {
        fprintf(stderr, "skipped: %s is not there\n", FLEETS);
        return NULL;
    }
    char path[] = "/tmp/greylag-fleet-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    dprintf(fd, "fleet: real\nservices:\n%s", services);
    close(fd);
    struct catalog *catalog = NULL;
    struct err err = ERR_INIT;
    cr_assert(catalog_load(path, NULL, NULL, NULL, &catalog, &err), "%s", err.text);
    unlink(path);
    return catalog;
}
