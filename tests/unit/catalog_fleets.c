/* Migrations of real projects, where they are at hand (../shared/fleets): counts, and what is odd in them. */
#include "unit/real_fleet.h"

#define SERVICE(name) "  " name ":\n    migrations: " FLEETS "/" name "\n"

static size_t count_rule(const struct catalog *catalog, const char *rule)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->finding_count; i++)
        count += strcmp(catalog->findings[i].rule, rule) == 0;
    return count;
}

static void show(const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->finding_count; i++)
        fprintf(stderr, "%s %s %s:%d: %s\n", catalog->findings[i].error ? "error" : "warning",
                catalog->findings[i].rule, catalog->findings[i].file, catalog->findings[i].line,
                catalog->findings[i].text);
}

static size_t undos(const struct service *service)
{
    size_t count = 0;
    for (size_t i = 0; i < service->migration_count; i++)
        count += service->migrations[i].down != NULL;
    return count;
}

Test(fleets, uaa)
{
    struct catalog *catalog = load_real(SERVICE("uaa"));
    if (!catalog)
        return;
    const struct service *uaa = &catalog->fleet.services[0];
    cr_expect_str_eq(uaa->layout, "flyway");
    cr_expect_eq(uaa->migration_count, 89u);
    cr_expect_eq(undos(uaa), 0u);
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(uaa->migrations[0].id, "1.5.2");
    cr_expect_str_eq(uaa->migrations[88].id, "4.110");
    size_t alone = 0;
    for (size_t i = 0; i < uaa->migration_count; i++)
        alone += uaa->migrations[i].no_transaction;
    cr_expect_eq(alone, 4u, "%zu", alone);
    show(catalog);
    catalog_free(catalog);
}

Test(fleets, concourse)
{
    struct catalog *catalog = load_real(SERVICE("concourse"));
    if (!catalog)
        return;
    cr_expect_eq(count_rule(catalog, "duplicate-version"), 1u);
    cr_expect_eq(catalog->error_count, 1u);
    struct err err = ERR_INIT;
    cr_expect(!catalog_require(catalog, &err));
    cr_expect(strstr(err.text, "1626194317") && strstr(err.hint, "by-name"), "%s\n%s", err.text, err.hint);
    catalog_free(catalog);

    catalog = load_real(SERVICE("concourse") "    duplicate_versions: by-name\n");
    const struct service *concourse = &catalog->fleet.services[0];
    cr_expect_str_eq(concourse->layout, "golang-migrate");
    cr_expect_eq(concourse->migration_count, 149u);
    cr_expect_eq(undos(concourse), 147u);
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_eq(count_rule(catalog, "orphan-undo"), 2u);
    cr_expect_eq(count_rule(catalog, "no-undo"), 2u);
    cr_expect_str_eq(concourse->migrations[141].version, "1747084615");
    size_t twice = 0;
    for (size_t i = 0; i < concourse->migration_count; i++) {
        const struct migration *migration = &concourse->migrations[i];
        twice += strcmp(migration->version, "1626194317") == 0;
        if (strcmp(migration->version, "1554469235") == 0)
            cr_expect(strstr(migration->file, "inputs_to_jobs.up") && strstr(migration->down_file, "_to_job.down"));
        if (strncmp(migration->version, "1537546150", 10) == 0)
            cr_expect_null(migration->down);
    }
    cr_expect_eq(twice, 2u);
    show(catalog);
    catalog_free(catalog);
}

Test(fleets, lemmy)
{
    struct catalog *catalog = load_real(SERVICE("lemmy"));
    if (!catalog)
        return;
    const struct service *lemmy = &catalog->fleet.services[0];
    cr_expect_str_eq(lemmy->layout, "diesel");
    cr_expect_eq(lemmy->migration_count, 342u, "%zu", lemmy->migration_count);
    cr_expect_eq(undos(lemmy), 342u);
    cr_expect_eq(catalog->error_count, 0u);
    cr_expect_str_eq(lemmy->migrations[0].id, "00000000000000");
    cr_expect_str_eq(lemmy->migrations[246].version, "2025-08-01-000015");
    cr_expect_str_eq(lemmy->migrations[247].version, "2025-08-01-000016");
    cr_expect_str_eq(lemmy->migrations[247].name, "smoosh-tables-together");
    show(catalog);
    catalog_free(catalog);
}

Test(fleets, hatchet)
{
    struct catalog *catalog = load_real(SERVICE("hatchet"));
    if (!catalog)
        return;
    const struct service *hatchet = &catalog->fleet.services[0];
    cr_expect_str_eq(hatchet->layout, "goose");
    cr_expect_eq(hatchet->migration_count, 181u, "%zu", hatchet->migration_count);
    cr_expect_eq(undos(hatchet), 85u, "%zu", undos(hatchet));
    cr_expect_eq(catalog->error_count, 0u);
    show(catalog);
    catalog_free(catalog);
}

/* The hand-written ones of this repository, which their own tools read too (tests/tools). */
Test(fleets, of_the_tests)
{
    static const struct {
        const char *layout;
        size_t service, migrations, undos;
    } fleets[] = {{"flyway", 0, 27, 4}, {"diesel", 0, 20, 18}, {"metadata", 1, 9, 9}, {"timestamp", 0, 7, 7}};
    for (size_t i = 0; i < COUNT_OF(fleets); i++) {
        auto_free char *path = xasprintf(GREYLAG_SOURCE_DIR "/tests/fleets/%s/fleet.yml", fleets[i].layout);
        struct catalog *catalog = NULL;
        struct err err = ERR_INIT;
        cr_assert(catalog_load(path, NULL, NULL, NULL, &catalog, &err), "%s", err.text);
        const struct service *service = &catalog->fleet.services[fleets[i].service];
        cr_expect_eq(catalog->error_count, 0u, "%s", fleets[i].layout);
        cr_expect_str_eq(service->layout, fleets[i].layout);
        cr_expect_eq(service->migration_count, fleets[i].migrations, "%s: %zu", path, service->migration_count);
        cr_expect_eq(undos(service), fleets[i].undos, "%s: %zu", path, undos(service));
        catalog_free(catalog);
    }
}
