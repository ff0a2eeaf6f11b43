/* Ed25519 keys (libsodium) and their files.
 *
 * A secret key file is two lines of text, mode 0600, owned by who runs the program:
 *     greylag-secret-key ed25519
 *     <base64 of the 32-byte seed>
 * A public key is one line "ed25519:<base64 of 32 bytes>" wherever one is written (worker.yml, coordinator.yml, the
 * command line) and in the file beside the secret one, NAME.pub.
 * Threads: any, after crypto_init(). */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define KEY_ID_SIZE 17       /* 16 hex digits: the start of BLAKE2b-256 over the public key */
#define KEY_PUBLIC_TEXT_SIZE 64

struct key_public {
    unsigned char bytes[32];
    char id[KEY_ID_SIZE];
};
struct key_secret {
    unsigned char bytes[64]; /* libsodium's form; wiped by key_secret_release */
    struct key_public public_key;
};

bool crypto_init(void); /* sodium_init; idempotent; false: the library cannot work here */

void key_generate(struct key_secret *ret_key);
void key_from_seed(const unsigned char seed[32], struct key_secret *ret_key);
void key_secret_release(struct key_secret *key);
/* Writes PATH (0600, never over an existing file) and PATH.pub. */
bool key_write(const struct key_secret *key, const char *path, struct err *err);
/* ERR_UNTRUSTED with a hint (chmod 600) when others can read it or it is not ours or root's. */
bool key_read_secret(const char *path, struct key_secret *ret_key, struct err *err);
/* From text "ed25519:..." or, when text is a path of an existing file, from that file. */
bool key_parse_public(const char *text, struct key_public *ret_key, struct err *err);
const char *key_public_text(const struct key_public *key, char text[KEY_PUBLIC_TEXT_SIZE]);

void key_sign(const struct key_secret *key, const void *bytes, size_t len, unsigned char ret_signature[64]);
bool key_verify(const struct key_public *key, const void *bytes, size_t len, const unsigned char signature[64]);
