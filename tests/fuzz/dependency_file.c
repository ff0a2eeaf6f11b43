/* config_parse with the schema of migration-dependencies.yml. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "catalog/fleet_file.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    if (config_parse(&dependency_format, "d.yml", (const char *)data, size, NULL, NULL, &config, &err)) {
        const struct dependency_file *file = config_data(config);
        for (unsigned i = 0; i < file->migrations_count; i++) {
            if (!file->migrations[i].version)
                abort();
        }
        config_free(config);
    } else if (err.kind != ERR_CONFIG || config) {
        abort(); /* what passes the checks has to fit the schema */
    }
}
