/* links: proto */
/* Golden files: one message and one envelope of each type, byte for byte. A change here is a change of the wire.
 * GREYLAG_WRITE_GOLDEN=1 writes them anew, for a diff to review. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/envelope.h"
#include "unit/samples.h"

static const char *const names[] = {
#define X(upper, lower) #lower,
    MESSAGE_TYPES(X)
#undef X
};

static char *golden_path(enum message_type type, const char *suffix)
{
    return xasprintf(GREYLAG_SOURCE_DIR "/proto/golden/%s%s.json", names[type], suffix);
}

static void write_file(const char *path, const char *text)
{
    auto_file FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fprintf(file, "%s\n", text);
}

/* The golden text without its last newline. New. */
static char *golden(enum message_type type, const char *suffix)
{
    auto_free char *path = golden_path(type, suffix);
    auto_buf struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    cr_assert(buf_read_file(&text, path, &err), "%s", err.text);
    cr_assert(text.len && text.data[text.len - 1] == '\n');
    text.data[text.len - 1] = 0;
    return buf_take(&text);
}

static void same(enum message_type type, const char *suffix, const char *text)
{
    if (getenv("GREYLAG_WRITE_GOLDEN")) {
        auto_free char *path = golden_path(type, suffix);
        write_file(path, text);
    }
    auto_free char *wanted = golden(type, suffix);
    cr_assert_str_eq(text, wanted, "%s%s:\n%s\n%s", names[type], suffix, text, wanted);
}

Test(golden, messages_and_envelopes)
{
    struct key_secret key;
    unsigned char seed[32] = {0};
    crypto_init();
    key_from_seed(seed, &key);
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        size_t len, signed_len, again_len;
        struct err err = ERR_INIT;
        auto_free char *json = sample_encode(type, &len);
        same(type, "", json);
        auto_free char *text = envelope_sign(&key, message_payload_type(type), json, len, &signed_len);
        same(type, ".envelope", text);

        auto_free char *file = golden(type, ".envelope");
        auto_arena struct arena arena = ARENA_INIT;
        struct envelope envelope;
        cr_assert(envelope_open(file, strlen(file), &key.public_key, 1, &arena, &envelope, &err), "%s", err.text);
        cr_assert_str_eq(envelope.payload_type, message_payload_type(type));
        cr_assert_str_eq(envelope.payload, json);
        auto_free char *again = sample_again(type, envelope.payload, envelope.payload_len, &again_len, &err);
        cr_assert_not_null(again, "%s", err.text);
        cr_assert_str_eq(again, json);
    }
    key_secret_release(&key);
}
