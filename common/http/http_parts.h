/* How much memory a JSON body would take, told before it is parsed (http's own).
 *
 * A parsed value is many times as large as its text: three bytes of `[],` are 130 of memory. Bodies are measured in
 * parts of about 70 bytes: a value or a member is one, an array two, an object four (jansson, on 64 bits). This counts
 * marks outside of strings and knows nothing else of JSON: whether it is any the parser says. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool http_parts_fit(const char *body, size_t len, size_t parts_max);
