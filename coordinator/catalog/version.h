/* Versions as the layouts write them: numbers of any size, with separators. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* By parts, each a whole number of any length; what is not a digit separates; trailing zero parts do not count, so
 * that 1 = 1.0 = 01 (Flyway's rule: MigrationVersion.java). */
int version_compare(const char *a, const char *b);
/* Digits and single separators of `separators` between them, nothing else, at least one digit. */
bool version_is(const char *text, size_t len, const char *separators);
