/* envelope_open. The trusted key is the one of the golden envelopes: what opens must be one of the four payloads. */
#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "proto/envelope.h"
#include "proto/message.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static struct key_secret key;
    static const unsigned char seed[32];
    if (!key.public_key.id[0]) {
        crypto_init();
        key_from_seed(seed, &key);
    }
    auto_arena struct arena arena = ARENA_INIT;
    struct envelope envelope;
    struct err err = ERR_INIT;
    if (!envelope_open((const char *)data, size, &key.public_key, 1, &arena, &envelope, &err)) {
        if (err.kind != ERR_INPUT && err.kind != ERR_UNTRUSTED)
            abort();
        return;
    }
    enum message_type type;
    int version;
    if (!message_type_parse(envelope.payload_type, &type, &version) || version != MESSAGE_VERSION)
        abort();
}
