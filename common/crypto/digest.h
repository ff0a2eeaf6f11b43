/* Digests: BLAKE2b-256 (libsodium), Merkle roots over them, base64. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX_SIZE 65

void digest_hex(const void *bytes, size_t len, char hex[DIGEST_HEX_SIZE]);
bool digest_is_hex(const char *text); /* 64 lower-case hex digits */

/* Several parts, each framed by its length, so that ("ab","c") differs from ("a","bc"). */
struct digest_state {
    _Alignas(64) unsigned char opaque[384];
};
void digest_begin(struct digest_state *state);
void digest_part(struct digest_state *state, const void *bytes, size_t len);
void digest_text(struct digest_state *state, const char *text); /* NULL counts as a part of its own kind */
void digest_end(struct digest_state *state, char hex[DIGEST_HEX_SIZE]);

/* RFC 6962's tree: leaf = H(0x00 || leaf), node = H(0x01 || left || right), split at the largest power of two below n;
 * the hash is BLAKE2b-256. `leaves` are 32-byte strings, one after another. No leaves: H of nothing. */
void merkle_root(const unsigned char *leaves, size_t count, unsigned char ret_root[DIGEST_SIZE]);
/* The audit path of leaf `index`, from the leaf up, into ret_path[64 * DIGEST_SIZE]; returns how many hashes. */
size_t merkle_proof(const unsigned char *leaves, size_t count, size_t index, unsigned char *ret_path);
bool merkle_verify(const unsigned char leaf[DIGEST_SIZE], size_t index, size_t count, const unsigned char *path,
                   size_t path_len, const unsigned char root[DIGEST_SIZE]);

void base64_add(struct buf *buf, const void *bytes, size_t len); /* standard alphabet, padded */
/* Standard or URL-safe, padded or not. Decoded bytes are at most len; ret_bytes has that room. */
bool base64_decode(const char *text, size_t len, unsigned char *ret_bytes, size_t *ret_len);
