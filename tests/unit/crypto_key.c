/* Keys and their files. */
#include <fcntl.h>

#include "base/text.h"
#include "crypto/key.h"
#include "unit/root.h"

static void setup(void)
{
    crypto_init();
    make_root();
}

TestSuite(key, .init = setup, .fini = remove_root);

Test(key, the_vector_of_dsse)
{
    static const char pae[] = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
    static const unsigned char public_bytes[] = {
        0x3b, 0x6a, 0x27, 0xbc, 0xce, 0xb6, 0xa4, 0x2d, 0x62, 0xa3, 0xa8, 0xd0, 0x2a, 0x6f, 0x0d, 0x73,
        0x65, 0x32, 0x15, 0x77, 0x1d, 0xe2, 0x43, 0xa6, 0x3a, 0xc0, 0x48, 0xa1, 0x8b, 0x59, 0xda, 0x29};
    static const unsigned char wanted[] = {
        0x0f, 0xc1, 0x75, 0x80, 0x5c, 0xcb, 0x30, 0x78, 0x00, 0x9c, 0x52, 0xc2, 0x1a, 0x55, 0xec, 0x7e,
        0x70, 0xb0, 0xb3, 0x99, 0xc0, 0x57, 0x18, 0xcc, 0xd6, 0xd3, 0x23, 0x9d, 0xfa, 0x5b, 0x4c, 0x81,
        0x1f, 0xe3, 0xa3, 0x0f, 0x94, 0x6b, 0x40, 0x01, 0xfe, 0x7e, 0x89, 0x6d, 0x91, 0x33, 0x44, 0x9a,
        0xb5, 0xf7, 0xf3, 0x9c, 0x49, 0x54, 0xc4, 0xc8, 0xd1, 0x0f, 0x31, 0x33, 0x7c, 0x3d, 0xca, 0x0b};
    unsigned char seed[32] = {0}, signature[64];
    struct key_secret key;
    key_from_seed(seed, &key);
    cr_assert_arr_eq(key.public_key.bytes, public_bytes, 32);
    key_sign(&key, pae, strlen(pae), signature);
    cr_assert_arr_eq(signature, wanted, 64);
    cr_assert(key_verify(&key.public_key, pae, strlen(pae), signature));
    cr_assert_not(key_verify(&key.public_key, pae, strlen(pae) - 1, signature));
    key_secret_release(&key);
    static const struct key_secret nothing;
    cr_assert_arr_eq(&key, &nothing, sizeof key, "a released key is wiped");
}

Test(key, written_and_read_back)
{
    auto_free char *path = in_root("k"), *public_path = in_root("k.pub");
    struct key_secret key, again;
    struct key_public public_key, parsed;
    struct err err = ERR_INIT;
    key_generate(&key);
    cr_assert(key_write(&key, path, &err), "%s", err.text);
    struct stat st;
    stat(path, &st);
    cr_assert_eq(st.st_mode & 07777, 0600);
    cr_assert(key_read_secret(path, &again, &err), "%s", err.text);
    cr_assert_arr_eq(again.bytes, key.bytes, sizeof key.bytes);
    cr_assert_str_eq(again.public_key.id, key.public_key.id);
    cr_assert(key_parse_public(public_path, &public_key, &err), "%s", err.text);
    cr_assert_arr_eq(public_key.bytes, key.public_key.bytes, 32);
    char text[KEY_PUBLIC_TEXT_SIZE];
    cr_assert(key_parse_public(key_public_text(&key.public_key, text), &parsed, &err), "%s", err.text);
    cr_assert_arr_eq(parsed.bytes, key.public_key.bytes, 32);
    cr_assert_eq(strlen(parsed.id), KEY_ID_SIZE - 1);
}

Test(key, never_overwritten)
{
    auto_free char *path = in_root("k"), *other = in_root("o"), *other_public = in_root("o.pub");
    struct key_secret key;
    struct err err = ERR_INIT;
    key_generate(&key);
    cr_assert(key_write(&key, path, &err));
    cr_assert_not(key_write(&key, path, &err));
    cr_assert_eq(err.kind, ERR_CONFLICT);
    put("o.pub", "mine\n");
    cr_assert_not(key_write(&key, other, &err));
    cr_assert_eq(access(other, F_OK), -1, "no secret key is left behind without its public one");
    cr_assert_eq(access(other_public, F_OK), 0);
    auto_free char *nowhere = in_root("no/such/folder");
    cr_assert_not(key_write(&key, nowhere, &err));
    cr_assert_eq(err.kind, ERR_SYSTEM);
}

Test(key, readable_by_others_is_refused)
{
    auto_free char *path = in_root("k");
    struct key_secret key;
    key_generate(&key);
    cr_assert(key_write(&key, path, NULL));
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666};
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct err err = ERR_INIT;
        chmod(path, modes[i]);
        cr_assert_not(key_read_secret(path, &key, &err), "%o", modes[i]);
        cr_assert_eq(err.kind, ERR_UNTRUSTED);
        cr_assert(strstr(err.hint, "chmod 600"), "%s", err.hint);
    }
    chmod(path, 0400);
    cr_assert(key_read_secret(path, &key, NULL));
    if (geteuid() == 0) {
        struct err err = ERR_INIT;
        cr_assert_eq(chown(path, 65534, 65534), 0);
        cr_assert_not(key_read_secret(path, &key, &err));
        cr_assert_eq(err.kind, ERR_UNTRUSTED);
    }
}

Test(key, what_is_no_key_file)
{
    static const char *const texts[] = {
        "",
        "greylag-secret-key ed25519",
        "greylag-secret-key ed25519\n",
        "greylag-secret-key ed25519\nAAAA\n",
        "greylag-secret-key ed25519\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
        "greylag-secret-key rsa\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "greylag-secret-key ed25519\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n",
        "greylag-secret-key ed25519\n AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    };
    auto_free char *path = in_root("k"), *fifo = in_root("f"), *none = in_root("none"), *big = in_root("b");
    struct key_secret key;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        put("k", texts[i]);
        chmod(path, 0600);
        cr_assert_not(key_read_secret(path, &key, &err), "%zu", i);
        cr_assert_eq(err.kind, ERR_INPUT, "%zu: %s", i, err.text);
    }
    put("k", "greylag-secret-key ed25519\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n");
    cr_assert(key_read_secret(path, &key, &err), "%s", err.text);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    cr_assert_not(key_read_secret(fifo, &key, &err));
    cr_assert_not(key_read_secret(root, &key, &err));
    cr_assert_not(key_read_secret(none, &key, &err));
    cr_assert_eq(err.kind, ERR_SYSTEM);
    auto_free char *long_text = xcalloc(1, 5000);
    memset(long_text, 'A', 4999);
    put("b", long_text);
    chmod(big, 0600);
    cr_assert_not(key_read_secret(big, &key, &err));
    cr_assert_not(key_parse_public(big, &(struct key_public){0}, &err));
}

Test(key, what_is_no_public_key)
{
    static const char *const texts[] = {
        "",
        "ed25519:",
        "ed25519:AAAA",
        "rsa:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* a point of small order */
        "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* the neutral element */
        "ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2il=", /* bits behind the last byte */
        "ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik= ",
        "/no/such/file",
    };
    struct key_public key;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct err err = ERR_INIT;
        cr_assert_not(key_parse_public(texts[i], &key, &err), "%s", texts[i]);
        cr_assert_eq(err.kind, ERR_INPUT);
    }
    cr_assert(key_parse_public("ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=", &key, NULL));
    auto_free char *path = in_root("k");
    struct key_secret secret;
    struct err err = ERR_INIT;
    key_generate(&secret);
    cr_assert(key_write(&secret, path, NULL));
    cr_assert_not(key_parse_public(path, &key, &err), "a secret key is no public one");
    cr_assert(text_ends(err.hint, "k.pub"), "%s", err.hint);
}
