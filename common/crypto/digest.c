#include "crypto/digest.h"

#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"

_Static_assert(sizeof(struct digest_state) >= sizeof(crypto_generichash_state), "room for libsodium's state");
_Static_assert(_Alignof(struct digest_state) >= _Alignof(crypto_generichash_state), "libsodium's alignment");

static crypto_generichash_state *inner(struct digest_state *state)
{
    return (crypto_generichash_state *)(void *)state->opaque;
}

void digest_hex(const void *bytes, size_t len, char hex[DIGEST_HEX_SIZE])
{
    unsigned char hash[DIGEST_SIZE];
    crypto_generichash(hash, sizeof hash, bytes, len, NULL, 0);
    sodium_bin2hex(hex, DIGEST_HEX_SIZE, hash, sizeof hash);
}

bool digest_is_hex(const char *text)
{
    return strlen(text) == DIGEST_HEX_SIZE - 1 && strspn(text, "0123456789abcdef") == DIGEST_HEX_SIZE - 1;
}

void digest_begin(struct digest_state *state)
{
    crypto_generichash_init(inner(state), NULL, 0, DIGEST_SIZE);
}

#define LENGTH_SIZE 8
#define SHORT_MAX 120

/* Eight bytes, little end first. */
static void put_length(unsigned char bytes[LENGTH_SIZE], uint64_t len)
{
    for (int i = 0; i < LENGTH_SIZE; i++)
        bytes[i] = (unsigned char)(len >> (8 * i));
}

/* Short parts go in with their length: a plan's leaves are a million of them. */
void digest_part(struct digest_state *state, const void *bytes, size_t len)
{
    unsigned char framed[LENGTH_SIZE + SHORT_MAX];
    bool together = len <= SHORT_MAX;
    put_length(framed, len);
    if (together && len)
        memcpy(framed + LENGTH_SIZE, bytes, len);
    crypto_generichash_update(inner(state), framed, LENGTH_SIZE + (together ? len : 0));
    if (!together)
        crypto_generichash_update(inner(state), bytes, len);
}

void digest_text(struct digest_state *state, const char *text)
{
    unsigned char none[LENGTH_SIZE];
    if (text) {
        digest_part(state, text, strlen(text));
        return;
    }
    put_length(none, UINT64_MAX); /* no text has this length */
    crypto_generichash_update(inner(state), none, sizeof none);
}

void digest_end(struct digest_state *state, char hex[DIGEST_HEX_SIZE])
{
    unsigned char hash[DIGEST_SIZE];
    crypto_generichash_final(inner(state), hash, sizeof hash);
    sodium_bin2hex(hex, DIGEST_HEX_SIZE, hash, sizeof hash);
}

static void leaf_hash(const unsigned char leaf[DIGEST_SIZE], unsigned char ret_hash[DIGEST_SIZE])
{
    unsigned char framed[1 + DIGEST_SIZE] = {0};
    memcpy(framed + 1, leaf, DIGEST_SIZE);
    crypto_generichash(ret_hash, DIGEST_SIZE, framed, sizeof framed, NULL, 0);
}

static void node_hash(const unsigned char *left, const unsigned char *right, unsigned char ret_hash[DIGEST_SIZE])
{
    unsigned char framed[1 + 2 * DIGEST_SIZE] = {1};
    memcpy(framed + 1, left, DIGEST_SIZE);
    memcpy(framed + 1 + DIGEST_SIZE, right, DIGEST_SIZE);
    crypto_generichash(ret_hash, DIGEST_SIZE, framed, sizeof framed, NULL, 0);
}

/* The largest power of two below count; count is at least 2. */
static size_t split(size_t count)
{
    size_t power = 1;
    while (power < count - power)
        power *= 2;
    return power;
}

/* RFC 6962, 2.1; as deep as the logarithm of count. */
void merkle_root(const unsigned char *leaves, size_t count, unsigned char ret_root[DIGEST_SIZE])
{
    if (count == 0) {
        crypto_generichash(ret_root, DIGEST_SIZE, NULL, 0, NULL, 0);
    } else if (count == 1) {
        leaf_hash(leaves, ret_root);
    } else {
        unsigned char left[DIGEST_SIZE], right[DIGEST_SIZE];
        size_t half = split(count);
        merkle_root(leaves, half, left);
        merkle_root(leaves + half * DIGEST_SIZE, count - half, right);
        node_hash(left, right, ret_root);
    }
}

/* RFC 6962, 2.1.1. */
size_t merkle_proof(const unsigned char *leaves, size_t count, size_t index, unsigned char *ret_path)
{
    if (count < 2)
        return 0;
    size_t half = split(count), len;
    const unsigned char *upper = leaves + half * DIGEST_SIZE;
    if (index < half) {
        len = merkle_proof(leaves, half, index, ret_path);
        merkle_root(upper, count - half, ret_path + len * DIGEST_SIZE);
    } else {
        len = merkle_proof(upper, count - half, index - half, ret_path);
        merkle_root(leaves, half, ret_path + len * DIGEST_SIZE);
    }
    return len + 1;
}

/* RFC 9162, 2.1.3.2. */
bool merkle_verify(const unsigned char leaf[DIGEST_SIZE], size_t index, size_t count, const unsigned char *path,
                   size_t path_len, const unsigned char root[DIGEST_SIZE])
{
    if (index >= count)
        return false;
    size_t at = index, last = count - 1;
    unsigned char hash[DIGEST_SIZE];
    leaf_hash(leaf, hash);
    for (size_t i = 0; i < path_len; i++) {
        const unsigned char *other = path + i * DIGEST_SIZE;
        if (last == 0)
            return false;
        if (at % 2 == 1 || at == last) {
            node_hash(other, hash, hash);
            for (; at % 2 == 0 && at != 0; at /= 2)
                last /= 2;
        } else {
            node_hash(hash, other, hash);
        }
        at /= 2;
        last /= 2;
    }
    return last == 0 && memcmp(hash, root, DIGEST_SIZE) == 0;
}

void base64_add(struct buf *buf, const void *bytes, size_t len)
{
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    auto_free char *text = xmalloc(size);
    sodium_bin2base64(text, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
    buf_add(buf, text, size - 1);
    sodium_memzero(text, size);
}

bool base64_decode(const char *text, size_t len, unsigned char *ret_bytes, size_t *ret_len)
{
    bool url = len && (memchr(text, '-', len) || memchr(text, '_', len));
    bool padded = len && text[len - 1] == '=';
    int plain = padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    int safe = padded ? sodium_base64_VARIANT_URLSAFE : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    /* libsodium refuses other characters, a wrong padding, and bits set behind the last byte */
    return sodium_base642bin(ret_bytes, len, text, len, NULL, ret_len, NULL, url ? safe : plain) == 0;
}
