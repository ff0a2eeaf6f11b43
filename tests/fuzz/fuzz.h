/* A fuzz target is one file: tests/fuzz/NAME.c defines fuzz_one, its seeds lie in tests/fuzz/corpus/NAME/.
 *
 * With -DFUZZ=ON and clang, libFuzzer drives it; otherwise driver.c replays the corpus and a bounded number of
 * mutations of it, as a test. `data` is exactly `size` bytes, so that a sanitizer sees every step beyond it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void fuzz_one(const uint8_t *data, size_t size);
