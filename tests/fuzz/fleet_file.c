/* config_parse with the schema of fleet.yml: libyaml, our checks, our YAML for libcyaml, libcyaml. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/fleet_file.h"

static const char *lookup(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "NAME") == 0 ? "a: \"b\"\n- ${NAME}" : NULL;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    struct err err = ERR_INIT;
    if (config_parse(&fleet_format, "fleet.yml", (const char *)data, size, lookup, NULL, &config, &err)) {
        const struct fleet_file *file = config_data(config);
        if (!file->fleet || file->services_count == 0 || !file->services[0].migrations)
            abort();
        int line, column;
        config_where(config, "services.a.targets.0", &line, &column);
        config_free(config);
    } else if (err.kind != ERR_CONFIG || config) {
        abort(); /* what passes the checks has to fit the schema */
    }
}
