/* A fleet in a folder of its own, loaded by the catalog, and short questions about what was found. For catalog_*.c:
 * TestSuite(NAME, .init = setup, .fini = teardown). */
#pragma once
#include "catalog/catalog.h"
#include "crypto/digest.h"
#include "unit/root.h"

static struct catalog *catalog;
static struct err err;

static inline void setup(void)
{
    make_root();
}

static inline void teardown(void)
{
    catalog_free(catalog);
    remove_root();
}

static inline bool read_fleet(const char *environment)
{
    catalog_free(catalog);
    catalog = NULL;
    err_clear(&err);
    auto_free char *path = in_root("fleet.yml");
    return catalog_load(path, environment, NULL, NULL, &catalog, &err);
}

static inline void load(void)
{
    cr_assert(read_fleet(NULL), "%s", err.text);
}

/* A fleet of `a` (folder a), with more keys of it, or more services. */
static inline void one(const char *more)
{
    auto_free char *text = xasprintf("fleet: shop\nservices:\n  a:\n    migrations: a\n%s", more);
    put("fleet.yml", text);
    load();
}

static inline void refused(const char *text, const char *expected)
{
    put("fleet.yml", text);
    cr_expect(!read_fleet(NULL), "accepted: %s", text);
    cr_expect_null(catalog);
    cr_expect(err.kind == ERR_CONFIG, "%d: %s", err.kind, err.text);
    cr_expect(strstr(err.text, expected) != NULL, "for <%s>\n wanted <%s>\n got <%s>", text, expected, err.text);
}

static inline const struct service *service(size_t index)
{
    return &catalog->fleet.services[index];
}

static inline const struct catalog_finding *found(const char *rule, bool error, const char *file, const char *text)
{
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *finding = &catalog->findings[i];
        if (strcmp(finding->rule, rule) == 0 && finding->error == error && strcmp(finding->file, file) == 0 &&
            strstr(finding->text, text))
            return finding;
    }
    for (size_t i = 0; i < catalog->finding_count; i++)
        cr_log_warn("%d %s %s:%d %s", catalog->findings[i].error, catalog->findings[i].rule, catalog->findings[i].file,
                    catalog->findings[i].line, catalog->findings[i].text);
    cr_expect(false, "no finding %s in %s with <%s>", rule, file, text);
    static const struct catalog_finding nothing = {.line = -1};
    return &nothing;
}

static inline const char *ids(size_t index)
{
    static char text[2000];
    text[0] = 0;
    for (size_t i = 0; i < service(index)->migration_count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s", i ? " " : "",
                 service(index)->migrations[i].id, service(index)->migrations[i].down ? "+" : "");
    return text;
}

static inline const struct migration *migration(size_t index, const char *id)
{
    const struct migration *m = service_migration(service(index), id);
    cr_assert_not_null(m, "no %s", id);
    return m;
}

/* The SQL of a digest, "" for NULL. */
static inline const char *sql_of(const char *digest)
{
    const struct catalog_blob *blob = digest ? catalog_blob(catalog, digest) : NULL;
    return blob ? blob->text : "";
}

/* No errors; what there is, is shown. */
static inline void clean(void)
{
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *finding = &catalog->findings[i];
        cr_expect(!finding->error, "%s %s:%d %s", finding->rule, finding->file, finding->line, finding->text);
    }
}

/* One file in folder `a` of that layout; wants an error of `rule` at `line`. */
static inline void bad_file(const char *layout, const char *name, const char *text, const char *rule, const char *says,
                            int line)
{
    auto_free char *path = xasprintf("a/%s", name), *keys = xasprintf("    layout: %s\n", layout);
    put(path, text);
    one(keys);
    const struct catalog_finding *finding = found(rule, true, path, says);
    cr_expect_eq(finding->line, line, "line %d instead of %d for <%s>", finding->line, line, text);
    auto_free char *full = in_root(path);
    cr_expect_eq(unlink(full), 0);
}
