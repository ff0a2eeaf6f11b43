#include "crypto/sha1.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>

void sha1_hex(const void *bytes, size_t len, char hex[SHA1_HEX_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    int good = EVP_Digest(bytes, len, hash, &size, EVP_sha1(), NULL);
    assert(good == 1 && size == 20);
    (void)good;
    for (unsigned i = 0; i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}
