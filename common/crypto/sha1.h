/* SHA-1, for records of other tools that name things by it (Sqitch, Git): never for anything that has to be safe.
 * libcrypto's, which libpq brings along. Any thread. */
#pragma once
#include <stddef.h>

#define SHA1_HEX_SIZE 41

void sha1_hex(const void *bytes, size_t len, char hex[SHA1_HEX_SIZE]);
