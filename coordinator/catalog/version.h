/* Versions as the layouts write them: numbers of any size, with separators. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Digits and single separators of `separators` between them, nothing else, at least one digit. */
bool version_is(const char *text, size_t len, const char *separators);
