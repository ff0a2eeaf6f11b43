#include "base/id.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"

static void random_bytes(void *bytes, size_t len)
{
    if (getrandom(bytes, len, 0) != (ssize_t)len) {
        perror("greylag: getrandom");
        abort();
    }
}

void id_new(char id[ID_SIZE])
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint64_t time = (uint64_t)clock_wall_us() / 1000;
    uint8_t chance[16];
    random_bytes(chance, sizeof chance);
    for (int i = 9; i >= 0; i--, time /= 32)
        id[i] = alphabet[time % 32];
    for (int i = 0; i < 16; i++)
        id[10 + i] = alphabet[chance[i] % 32];
    id[26] = 0;
}

void id_term(char term[ID_TERM_SIZE])
{
    uint8_t chance[16];
    random_bytes(chance, sizeof chance);
    for (int i = 0; i < 16; i++)
        snprintf(term + 2 * i, 3, "%02x", chance[i]);
}

void id_traceparent(const char *id, char traceparent[ID_TRACEPARENT_SIZE])
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (const char *c = id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    snprintf(traceparent, ID_TRACEPARENT_SIZE, "00-%016llx%016llx-%016llx-01", (unsigned long long)hash,
             (unsigned long long)(hash * 1099511628211u), (unsigned long long)(hash ^ 0x9e3779b97f4a7c15u));
}
