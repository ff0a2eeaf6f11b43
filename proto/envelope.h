/* DSSE 1.0.2 envelopes (github.com/secure-systems-lab/dsse, protocol.md; envelope.md), signed with Ed25519.
 *
 * The signature is over PAE = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body. `keyid` is a hint that
 * nobody signed: it decides nothing, every trusted key that may speak is tried, and ours carry none, so that not a bit
 * of them can change unnoticed. What is handed on are exactly the verified bytes. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/key.h"

/* JSON text of the envelope, new (free()). */
char *envelope_sign(const struct key_secret *key, const char *payload_type, const void *payload, size_t len,
                    size_t *ret_len);

struct envelope {
    const char *payload_type; /* in the arena */
    const char *payload;      /* in the arena, followed by a NUL that does not count */
    size_t payload_len;
    const struct key_public *key; /* borrowed from `keys`: the one that verified; NULL: none did */
};
/* Parses and verifies against any of `keys`. ERR_INPUT: not an envelope (bad JSON, base64, missing fields).
 * ERR_UNTRUSTED: no signature by one of the keys. ret_envelope is set only on success. */
bool envelope_open(const char *json, size_t len, const struct key_public *keys, size_t key_count, struct arena *arena,
                   struct envelope *ret_envelope, struct err *err);
