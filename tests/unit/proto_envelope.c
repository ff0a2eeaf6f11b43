/* Envelopes under attack: what was not signed by a trusted key, bit for bit, does not open. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "proto/envelope.h"
#include "proto/fleet.h"

#define TYPE "application/vnd.greylag.job.v1+json"
#define BODY "{\"version\":1,\"text\":\"a body that nobody else wrote >>> ???\"}" /* in base64 with + and / */

static struct key_secret key, stranger;

static void start(void)
{
    crypto_init();
    unsigned char seed[32] = {0};
    key_from_seed(seed, &key);
    seed[0] = 1;
    key_from_seed(seed, &stranger);
}

TestSuite(envelope, .init = start);

/* Opens with the trusted key; gives the error's kind, ERR_NONE when it opened. */
static enum err_kind try_open(const char *json, size_t len)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct envelope envelope = {0};
    struct err err = ERR_INIT;
    bool good = envelope_open(json, len, &key.public_key, 1, &arena, &envelope, &err);
    if (!good) {
        cr_assert(err.text[0] && (err.kind == ERR_INPUT || err.kind == ERR_UNTRUSTED), "%s", err.text);
        cr_assert_null(envelope.payload);
        return err.kind;
    }
    cr_assert_str_eq(envelope.payload_type, TYPE);
    cr_assert_eq(envelope.payload_len, strlen(BODY));
    cr_assert_str_eq(envelope.payload, BODY);
    cr_assert_eq(envelope.key, &key.public_key);
    return ERR_NONE;
}

static char *good_one(size_t *ret_len)
{
    return envelope_sign(&key, TYPE, BODY, strlen(BODY), ret_len);
}

Test(envelope, the_vector_of_dsse)
{
    size_t len;
    auto_free char *json = envelope_sign(&key, "http://example.com/HelloWorld", "hello world", 11, &len);
    cr_assert_str_eq(json, "{\"payload\":\"aGVsbG8gd29ybGQ=\",\"payloadType\":\"http://example.com/HelloWorld\","
                           "\"signatures\":[{\"sig\":\"D8F1gFzLMHgAnFLCGlXsfnCws5nAVxjM1tMjnfpb"
                           "TIEf46MPlGtAAf5+iW2RM0SatffznElUxMjRDzEzfD3KCw==\"}]}",
                     "%s", json);
}

Test(envelope, opens_what_was_signed)
{
    size_t len;
    auto_free char *json = good_one(&len);
    cr_assert_eq(try_open(json, len), ERR_NONE);
    struct key_public keys[] = {stranger.public_key, key.public_key};
    auto_arena struct arena arena = ARENA_INIT;
    struct envelope envelope;
    cr_assert(envelope_open(json, len, keys, 2, &arena, &envelope, NULL));
    cr_assert_eq(envelope.key, &keys[1], "the key that verified is named");
    auto_free char *empty = envelope_sign(&key, TYPE, "", 0, &len);
    cr_assert(envelope_open(empty, len, keys, 2, &arena, &envelope, NULL));
    cr_assert_eq(envelope.payload_len, 0);
    cr_assert_str_eq(envelope.payload, "");
}

Test(envelope, every_single_bit_flipped)
{
    size_t len, untrusted = 0;
    auto_free char *json = good_one(&len);
    auto_free char *damaged = xmalloc(len);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        memcpy(damaged, json, len);
        damaged[bit / 8] ^= (char)(1 << bit % 8);
        enum err_kind kind = try_open(damaged, len);
        cr_assert_neq(kind, ERR_NONE, "bit %zu", bit);
        untrusted += kind == ERR_UNTRUSTED;
    }
    printf("# %zu bits flipped in turn: all refused, %zu as untrusted\n", 8 * len, untrusted);
}

Test(envelope, every_truncation)
{
    size_t len;
    auto_free char *json = good_one(&len);
    for (size_t cut = 0; cut < len; cut++) {
        auto_free char *part = xmalloc(cut);
        memcpy(part, json, cut);
        cr_assert_eq(try_open(part, cut), ERR_INPUT, "%zu", cut);
    }
    printf("# %zu truncations were refused\n", len);
}

/* An envelope with the given parts, in the order payload, type, signatures. */
static char *made(const char *payload, const char *type, const char *signatures)
{
    return xasprintf("{\"payload\":%s,\"payloadType\":%s,\"signatures\":%s}", payload, type, signatures);
}

static char *field_of(const char *json, const char *name)
{
    json_t *root = json_loads(json, 0, NULL);
    char *text = json_dumps(json_object_get(root, name), JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(root);
    return text;
}

Test(envelope, parts_of_others)
{
    size_t len;
    auto_free char *json = good_one(&len), *other = envelope_sign(&key, TYPE, "{}", 2, &len);
    auto_free char *payload = field_of(json, "payload"), *type = field_of(json, "payloadType"),
                   *signatures = field_of(json, "signatures"), *others = field_of(other, "signatures");
    auto_free char *same = made(payload, type, signatures), *swapped = made(payload, type, others),
                   *renamed = made(payload, "\"application/vnd.greylag.report.v1+json\"", signatures),
                   *emptied = made("\"\"", type, signatures);
    cr_assert_eq(try_open(same, strlen(same)), ERR_NONE);
    cr_assert_eq(try_open(swapped, strlen(swapped)), ERR_UNTRUSTED);
    cr_assert_eq(try_open(renamed, strlen(renamed)), ERR_UNTRUSTED);
    cr_assert_eq(try_open(emptied, strlen(emptied)), ERR_UNTRUSTED);
}

Test(envelope, wrong_key_and_no_key)
{
    size_t len;
    auto_free char *json = envelope_sign(&stranger, TYPE, BODY, strlen(BODY), &len);
    cr_assert_eq(try_open(json, len), ERR_UNTRUSTED);
    auto_free char *mine = good_one(&len);
    auto_arena struct arena arena = ARENA_INIT;
    struct envelope envelope;
    struct err err = ERR_INIT;
    cr_assert_not(envelope_open(mine, len, NULL, 0, &arena, &envelope, &err));
    cr_assert_eq(err.kind, ERR_UNTRUSTED);
    cr_assert(err.hint[0]);
}

/* The envelope with a key id put in: what other signers send, and what anybody on the way can add. */
static char *with_hint(const char *json, const char *hint)
{
    const char *at = strstr(json, "{\"sig\"");
    return xasprintf("%.*s{\"keyid\":\"%s\",%s", (int)(at - json), json, hint, at + 1);
}

Test(envelope, the_key_id_decides_nothing)
{
    size_t len;
    auto_free char *foreign = envelope_sign(&stranger, TYPE, BODY, strlen(BODY), &len), *own = good_one(&len);
    auto_free char *lie = with_hint(foreign, key.public_key.id), *mine = with_hint(own, stranger.public_key.id);
    cr_assert_eq(try_open(lie, strlen(lie)), ERR_UNTRUSTED, "a stranger who names a trusted key");
    cr_assert_eq(try_open(mine, strlen(mine)), ERR_NONE, "a trusted key under another name");
    struct key_public both[] = {key.public_key, stranger.public_key};
    auto_arena struct arena arena = ARENA_INIT;
    struct envelope envelope;
    cr_assert(envelope_open(mine, strlen(mine), both, 2, &arena, &envelope, NULL));
    cr_assert_eq(envelope.key, &both[0]);
}

Test(envelope, one_good_signature_among_others)
{
    size_t len;
    auto_free char *json = good_one(&len), *other = envelope_sign(&stranger, TYPE, BODY, strlen(BODY), &len);
    auto_free char *payload = field_of(json, "payload"), *type = field_of(json, "payloadType"),
                   *a = field_of(other, "signatures"), *b = field_of(json, "signatures");
    a[strlen(a) - 1] = 0; /* without its bracket */
    auto_free char *list = xasprintf("%s,%s", a, b + 1), *both = made(payload, type, list);
    cr_assert_eq(try_open(both, strlen(both)), ERR_NONE);
}

/* Up to the quote. Whether it had both characters that differ. */
static bool other_alphabet(char *base64)
{
    bool plus = false, slash = false;
    for (char *c = base64; *c != '"'; c++) {
        plus |= *c == '+';
        slash |= *c == '/';
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    return plus && slash;
}

Test(envelope, unknown_fields_and_the_other_alphabet)
{
    size_t len;
    auto_free char *json = good_one(&len), *extra = xasprintf("{\"cert\":{\"a\":[1,2]},%s", json + 1);
    cr_assert_eq(try_open(extra, strlen(extra)), ERR_NONE);
    cr_assert(other_alphabet(strstr(json, "payload\":\"") + 10));
    cr_assert(other_alphabet(strstr(json, "\"sig\":\"") + 7));
    cr_assert_eq(try_open(json, len), ERR_NONE, "%s", json);
}

Test(envelope, what_is_no_envelope)
{
    size_t len;
    auto_free char *json = good_one(&len);
    auto_free char *p = field_of(json, "payload"), *t = field_of(json, "payloadType"),
                   *s = field_of(json, "signatures");
    static const char *const whole[] = {"", "null", "[]", "{}", "1", "\"text\"", "{\"payload\":", "\xff\xfe", "{}{}"};
    for (size_t i = 0; i < COUNT_OF(whole); i++)
        cr_assert_eq(try_open(whole[i], strlen(whole[i])), ERR_INPUT, "%s", whole[i]);
    const char *const lists[][3] = {
        {"null", t, s}, {"1", t, s}, {"\"%%%\"", t, s}, {p, "null", s}, {p, "\"\"", s}, {p, "[]", s},
        {p, t, "null"}, {p, t, "[]"}, {p, t, "{}"}, {p, t, "[null]"}, {p, t, "[{}]"}, {p, t, "[{\"sig\":1}]"},
        {p, t, "[{\"sig\":\"\"}]"}, {p, t, "[{\"sig\":\"AAAA\"}]"}, {p, t, "[{\"keyid\":7,\"sig\":\"AAAA\"}]"},
        {p, t, "[{},{},{},{},{},{},{},{},{}]"},
        {"\"\\u0000\"", t, s}, {"\"\\ud800\"", t, s}, {"\"\xc0\x80\"", t, s},
    };
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        auto_free char *text = made(lists[i][0], lists[i][1], lists[i][2]);
        cr_assert_eq(try_open(text, strlen(text)), ERR_INPUT, "%s", text);
    }
    auto_free char *twice = xasprintf("{\"payload\":%s,%s", p, json + 1);
    cr_assert_eq(try_open(twice, strlen(twice)), ERR_INPUT, "a key that stands twice");
    auto_free char *behind = xasprintf("%s x", json);
    cr_assert_eq(try_open(behind, strlen(behind)), ERR_INPUT);
    cr_assert_eq(try_open(json, len + 1), ERR_INPUT, "a NUL behind it");
    json[20] = 0;
    cr_assert_eq(try_open(json, len), ERR_INPUT, "a NUL inside");
}

Test(envelope, far_too_large)
{
    size_t size = (size_t)70 << 20;
    auto_free char *text = xmalloc(size);
    memset(text, '[', size);
    int64_t began = clock_mono_ms();
    cr_assert_eq(try_open(text, size), ERR_INPUT);
    int64_t by_size = clock_mono_ms() - began;
    cr_assert_eq(try_open(text, MESSAGE_MAX), ERR_INPUT);
    memset(text, '0', MESSAGE_MAX);
    for (size_t i = 1; i < MESSAGE_MAX; i += 2)
        text[i] = ',';
    text[0] = '[';
    text[MESSAGE_MAX - 1] = ']';
    began = clock_mono_ms();
    cr_assert_eq(try_open(text, MESSAGE_MAX), ERR_INPUT);
    printf("# 70 MiB refused in %lld ms, 64 MiB of small values in %lld ms\n", (long long)by_size,
           (long long)(clock_mono_ms() - began));
}
