#include "proto/envelope.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/digest.h"
#include "proto/fleet.h"

#define SIGNATURE_SIZE 64
#define SIGNATURES_MAX 8 /* each costs a verification for each key; all together no more than one of the largest */
#define TYPE_MAX 256
/* Marks (, : [ {) outside the base64 of an honest envelope are about a dozen. More than this and it is not parsed:
 * who need not sign anything must not make us build a tree of millions of values. */
#define MARKS_MAX 10000

/* PAE(type, body), DSSE 1.0.2, protocol.md. */
static void add_pae(struct buf *out, const char *type, const void *body, size_t len)
{
    buf_addf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, len);
    buf_add(out, body, len);
}

char *envelope_sign(const struct key_secret *key, const char *payload_type, const void *payload, size_t len,
                    size_t *ret_len)
{
    auto_buf struct buf pae = BUF_INIT(BUF_MAX);
    add_pae(&pae, payload_type, payload, len);
    unsigned char signature[SIGNATURE_SIZE];
    key_sign(key, buf_text(&pae), pae.len, signature);

    auto_buf struct buf signed_by = BUF_INIT(2 * SIGNATURE_SIZE);
    base64_add(&signed_by, signature, sizeof signature);
    json_t *behind = json_pack("{s:s, s:[{s:s}]}", "payloadType", payload_type, "signatures", "sig",
                               buf_text(&signed_by));
    auto_free char *rest = behind ? json_dumps(behind, JSON_COMPACT) : NULL;
    json_decref(behind);
    if (!rest) {
        fputs("greylag: out of memory (an envelope)\n", stderr);
        abort();
    }
    struct buf text = BUF_INIT(BUF_MAX); /* base64 is JSON as it is: no copy of 30 MB for the sake of two quotes */
    buf_adds(&text, "{\"payload\":\"");
    base64_add(&text, payload, len);
    buf_adds(&text, "\",");
    buf_adds(&text, rest + 1);
    *ret_len = text.len;
    return buf_take(&text);
}

static bool few_marks(const char *json, size_t len)
{
    size_t marks = 0;
    for (size_t i = 0; i < len; i++)
        marks += (json[i] == ',') | (json[i] == ':') | (json[i] == '[') | (json[i] == '{');
    return marks <= MARKS_MAX;
}

/* The parts of an envelope, borrowed from its JSON tree. */
struct parts {
    const char *type;
    const json_t *payload, *signatures;
};

static bool find_parts(const json_t *root, struct parts *ret_parts, struct err *err)
{
    const json_t *type = json_object_get(root, "payloadType"), *payload = json_object_get(root, "payload"),
                 *signatures = json_object_get(root, "signatures");
    if (!json_is_object(root))
        return err_set(err, ERR_INPUT, "not an envelope: not a JSON object");
    if (!json_is_string(type) || json_string_length(type) == 0 || json_string_length(type) > TYPE_MAX)
        return err_set(err, ERR_INPUT, "not an envelope: payloadType is missing or wrong");
    if (!json_is_string(payload))
        return err_set(err, ERR_INPUT, "not an envelope: payload is missing or not a string");
    if (!json_is_array(signatures) || json_array_size(signatures) == 0 ||
        json_array_size(signatures) > SIGNATURES_MAX ||
        json_array_size(signatures) * json_string_length(payload) > MESSAGE_MAX)
        return err_set(err, ERR_INPUT, "not an envelope: signatures must be a list of 1 to %d, fewer for large ones",
                       SIGNATURES_MAX);
    *ret_parts = (struct parts){json_string_value(type), payload, signatures};
    return true;
}

struct signature {
    unsigned char bytes[SIGNATURE_SIZE];
    const char *keyid; /* borrowed from the JSON tree */
};

/* All of them must be signatures in form, whoever made them. */
static bool read_signatures(const json_t *list, struct signature *signatures, struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i), *sig = json_object_get(entry, "sig"),
                     *keyid = json_object_get(entry, "keyid");
        unsigned char bytes[SIGNATURE_SIZE * 2];
        size_t len = 0;
        if (keyid && !json_is_string(keyid))
            return err_set(err, ERR_INPUT, "not an envelope: signature %zu has a keyid that is no string", i + 1);
        if (!json_is_string(sig) || json_string_length(sig) > sizeof bytes ||
            !base64_decode(json_string_value(sig), json_string_length(sig), bytes, &len) || len != SIGNATURE_SIZE)
            return err_set(err, ERR_INPUT, "not an envelope: signature %zu is not 64 bytes of base64", i + 1);
        memcpy(signatures[i].bytes, bytes, SIGNATURE_SIZE);
        signatures[i].keyid = keyid ? json_string_value(keyid) : "";
    }
    return true;
}

/* Which of the keys made one of the signatures, or NULL. The key that a keyid hints at is tried first, to be quick
 * with many keys; then all others. */
static const struct key_public *find_signer(const struct buf *pae, const struct key_public *keys, size_t key_count,
                                            const struct signature *signatures, size_t count)
{
    for (int hinted = 1; hinted >= 0; hinted--)
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < key_count; k++)
                if ((strcmp(keys[k].id, signatures[i].keyid) == 0) == hinted &&
                    key_verify(&keys[k], buf_text(pae), pae->len, signatures[i].bytes))
                    return &keys[k];
    return NULL;
}

static bool open_tree(const json_t *root, const struct key_public *keys, size_t key_count, struct arena *arena,
                      struct envelope *ret_envelope, struct err *err)
{
    struct parts parts = {0};
    struct signature signatures[SIGNATURES_MAX];
    if (!find_parts(root, &parts, err) || !read_signatures(parts.signatures, signatures, err))
        return false;
    size_t text_len = json_string_length(parts.payload), len;
    auto_free unsigned char *payload = xmalloc(text_len + 1);
    if (!base64_decode(json_string_value(parts.payload), text_len, payload, &len))
        return err_set(err, ERR_INPUT, "not an envelope: payload is not base64");
    auto_buf struct buf pae = BUF_INIT(BUF_MAX);
    add_pae(&pae, parts.type, payload, len);
    const struct key_public *key = find_signer(&pae, keys, key_count, signatures, json_array_size(parts.signatures));
    if (!key) {
        err_set(err, ERR_UNTRUSTED, "no signature of this message (%s) is by a trusted key", parts.type);
        return err_hint(err, "whoever sent it must be enrolled or configured here, with its public key");
    }
    *ret_envelope = (struct envelope){
        .payload_type = arena_strdup(arena, parts.type),
        .payload = arena_strndup(arena, (const char *)payload, len),
        .payload_len = len,
        .key = key,
    };
    return true;
}

bool envelope_open(const char *json, size_t len, const struct key_public *keys, size_t key_count, struct arena *arena,
                   struct envelope *ret_envelope, struct err *err)
{
    if (len > MESSAGE_MAX)
        return err_set(err, ERR_INPUT, "a message of %zu bytes; at most %zu are read", len, MESSAGE_MAX);
    if (!few_marks(json, len))
        return err_set(err, ERR_INPUT, "not an envelope: too many parts");
    json_error_t problem;
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return err_set(err, ERR_INPUT, "not an envelope: not JSON (%s, column %d)", problem.text, problem.column);
    bool good = open_tree(root, keys, key_count, arena, ret_envelope, err);
    json_decref(root);
    return good;
}
