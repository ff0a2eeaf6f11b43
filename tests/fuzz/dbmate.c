/* A file of dbmate. */
#include "fuzz/layout.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    fuzz_layout_file("dbmate", "1_x.sql", data, size);
}
