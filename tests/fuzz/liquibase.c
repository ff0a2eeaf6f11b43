/* A file of formatted SQL. */
#include "fuzz/layout.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    fuzz_layout_file("liquibase", "changes/1.sql", data, size);
}
