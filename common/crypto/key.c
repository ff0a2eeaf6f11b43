#include "crypto/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "crypto/digest.h"

#define SECRET_HEAD "greylag-secret-key ed25519\n"
#define PUBLIC_HEAD "ed25519:"
#define KEY_FILE_MAX 512

_Static_assert(sizeof((struct key_secret *)0)->bytes == crypto_sign_SECRETKEYBYTES, "libsodium's secret key");
_Static_assert(sizeof((struct key_public *)0)->bytes == crypto_sign_PUBLICKEYBYTES, "libsodium's public key");

bool crypto_init(void)
{
    return sodium_init() >= 0;
}

static void set_id(struct key_public *key)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(key->bytes, sizeof key->bytes, hex);
    memcpy(key->id, hex, KEY_ID_SIZE - 1);
    key->id[KEY_ID_SIZE - 1] = 0;
}

void key_generate(struct key_secret *ret_key)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    randombytes_buf(seed, sizeof seed);
    key_from_seed(seed, ret_key);
    sodium_memzero(seed, sizeof seed);
}

void key_from_seed(const unsigned char seed[32], struct key_secret *ret_key)
{
    crypto_sign_seed_keypair(ret_key->public_key.bytes, ret_key->bytes, seed);
    set_id(&ret_key->public_key);
}

void key_secret_release(struct key_secret *key)
{
    sodium_memzero(key, sizeof *key);
}

/* Makes a file that was not there before, with all of text in it, on disk. */
static bool write_new(const char *path, mode_t mode, const char *text, struct err *err)
{
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST) {
        err_set(err, ERR_CONFLICT, "%s exists already: a key is never overwritten", path);
        return err_hint(err, "choose another name, or move the old key away");
    }
    if (fd < 0)
        return err_errno(err, "cannot make %s", path);
    size_t len = strlen(text);
    if (write(fd, text, len) == (ssize_t)len && fsync(fd) == 0)
        return true;
    err_errno(err, "cannot write %s", path);
    unlink(path);
    return false;
}

bool key_write(const struct key_secret *key, const char *path, struct err *err)
{
    auto_buf struct buf secret = BUF_INIT(KEY_FILE_MAX);
    buf_adds(&secret, SECRET_HEAD);
    base64_add(&secret, key->bytes, crypto_sign_SEEDBYTES); /* libsodium keeps the seed in front */
    buf_addc(&secret, '\n');
    bool done = write_new(path, 0600, buf_text(&secret), err);
    sodium_memzero(secret.data, secret.room);
    if (!done)
        return false;
    char text[KEY_PUBLIC_TEXT_SIZE + 1];
    key_public_text(&key->public_key, text);
    size_t len = strlen(text);
    text[len] = '\n';
    text[len + 1] = 0;
    auto_free char *beside = xasprintf("%s.pub", path);
    if (write_new(beside, 0644, text, err))
        return true;
    unlink(path);
    return false;
}

/* At most KEY_FILE_MAX - 1 bytes into text, NUL behind them. */
static bool read_small(int fd, const char *path, char text[KEY_FILE_MAX], struct err *err)
{
    size_t used = 0;
    ssize_t got;
    do {
        got = read(fd, text + used, KEY_FILE_MAX - 1 - used);
        if (got > 0)
            used += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    text[used] = 0;
    if (got < 0)
        return err_errno(err, "cannot read %s", path);
    if (used == KEY_FILE_MAX - 1 || strlen(text) != used)
        return err_set(err, ERR_INPUT, "%s is no key file", path);
    return true;
}

static bool open_regular(const char *path, int *ret_fd, struct stat *ret_stat, struct err *err)
{
    /* O_NONBLOCK: opening a FIFO must not hang */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        err_errno(err, "cannot open %s", path);
        return err_hint(err, "greylag keygen FILE makes a key: FILE, and FILE.pub for others");
    }
    if (fstat(fd, ret_stat) == 0 && S_ISREG(ret_stat->st_mode)) {
        *ret_fd = fd;
        return true;
    }
    close(fd);
    return err_set(err, ERR_INPUT, "%s is not a regular file", path);
}

/* 32 bytes of base64, one line break at most behind them. */
static bool decode_32(const char *text, unsigned char ret_bytes[32])
{
    size_t len = strlen(text), got;
    if (len && text[len - 1] == '\n')
        len--;
    if (len && text[len - 1] == '\r')
        len--;
    unsigned char bytes[64];
    bool good = len <= 44 && base64_decode(text, len, bytes, &got) && got == 32;
    if (good)
        memcpy(ret_bytes, bytes, 32);
    sodium_memzero(bytes, sizeof bytes);
    return good;
}

bool key_read_secret(const char *path, struct key_secret *ret_key, struct err *err)
{
    auto_fd int fd = -1;
    struct stat st;
    if (!open_regular(path, &fd, &st, err) || !file_check_private(&st, "the secret key", path, err))
        return false;
    char text[KEY_FILE_MAX];
    unsigned char seed[32];
    bool good = read_small(fd, path, text, err);
    if (good && (!text_starts(text, SECRET_HEAD) || !decode_32(text + strlen(SECRET_HEAD), seed))) {
        err_set(err, ERR_INPUT, "%s is no secret key of greylag", path);
        good = err_hint(err, "greylag keygen FILE makes one; the public half is another file, FILE.pub");
    }
    if (good)
        key_from_seed(seed, ret_key);
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    return good;
}

static bool parse_text(const char *text, const char *what, struct key_public *ret_key, struct err *err)
{
    struct key_public key;
    if (!text_starts(text, PUBLIC_HEAD) || !decode_32(text + strlen(PUBLIC_HEAD), key.bytes)) {
        err_set(err, ERR_INPUT, "%s is no public key", what);
        return err_hint(err, "a public key is \"ed25519:\" and 44 characters of base64, or a file with that");
    }
    if (!crypto_core_ed25519_is_valid_point(key.bytes))
        return err_set(err, ERR_INPUT, "%s is no public key: not a point of Ed25519's group", what);
    set_id(&key);
    *ret_key = key;
    return true;
}

bool key_parse_public(const char *text, struct key_public *ret_key, struct err *err)
{
    if (text_starts(text, PUBLIC_HEAD))
        return parse_text(text, text, ret_key, err);
    if (access(text, F_OK) != 0)
        return parse_text(text, text, ret_key, err);
    auto_fd int fd = -1;
    struct stat st;
    char line[KEY_FILE_MAX];
    if (!open_regular(text, &fd, &st, err) || !read_small(fd, text, line, err))
        return false;
    bool secret = text_starts(line, SECRET_HEAD);
    if (!secret)
        return parse_text(line, text, ret_key, err);
    sodium_memzero(line, sizeof line);
    err_set(err, ERR_INPUT, "%s is a secret key; a public one is wanted here", text);
    return err_hint(err, "the public key is in %s.pub", text);
}

const char *key_public_text(const struct key_public *key, char text[KEY_PUBLIC_TEXT_SIZE])
{
    char encoded[sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(encoded, sizeof encoded, key->bytes, sizeof key->bytes, sodium_base64_VARIANT_ORIGINAL);
    text_format(text, KEY_PUBLIC_TEXT_SIZE, PUBLIC_HEAD "%s", encoded);
    return text;
}

void key_sign(const struct key_secret *key, const void *bytes, size_t len, unsigned char ret_signature[64])
{
    crypto_sign_detached(ret_signature, NULL, bytes, len, key->bytes);
}

bool key_verify(const struct key_public *key, const void *bytes, size_t len, const unsigned char signature[64])
{
    return crypto_sign_verify_detached(signature, bytes, len, key->bytes) == 0;
}
