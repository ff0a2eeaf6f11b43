/* Digests, Merkle trees, base64. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "crypto/sha1.h"
#include "crypto/key.h"

static void start(void)
{
    crypto_init();
}

TestSuite(digest, .init = start);

Test(digest, blake2b_256)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex("", 0, hex); /* b2sum -l 256 */
    cr_assert_str_eq(hex, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    digest_hex("abc", 3, hex);
    cr_assert_str_eq(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    cr_assert(digest_is_hex(hex));
    cr_assert_not(digest_is_hex(""));
    hex[3] = 'A';
    cr_assert_not(digest_is_hex(hex), "lower case only");
    hex[3] = 0;
    cr_assert_not(digest_is_hex(hex));
}

static void of_parts(const char *const *parts, size_t count, char hex[DIGEST_HEX_SIZE])
{
    struct digest_state state;
    digest_begin(&state);
    for (size_t i = 0; i < count; i++)
        digest_text(&state, parts[i]);
    digest_end(&state, hex);
}

Test(digest, parts_are_framed)
{
    static const char *const lists[][3] = {{"ab", "c", ""}, {"a", "bc", ""}, {"abc", "", ""}, {"", "abc", ""},
                                           {NULL, "abc", ""}, {"", "", "abc"}, {"abc", NULL, ""}, {"abc", "", NULL}};
    char hex[COUNT_OF(lists)][DIGEST_HEX_SIZE];
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        of_parts(lists[i], 3, hex[i]);
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(hex[i], hex[k], "%zu and %zu", i, k);
    }
    struct digest_state state;
    char again[DIGEST_HEX_SIZE];
    digest_begin(&state);
    digest_part(&state, "ab", 2);
    digest_part(&state, "c", 1);
    digest_part(&state, NULL, 0);
    digest_end(&state, again);
    cr_assert_str_eq(again, hex[0]);
}

/* The definition in RFC 6962, 2.1, written another way: level by level, the odd one out is carried up. */
static void root_by_levels(const unsigned char *leaves, size_t count, unsigned char root[DIGEST_SIZE])
{
    auto_free unsigned char *level = xmalloc(count * DIGEST_SIZE);
    for (size_t i = 0; i < count; i++)
        merkle_root(leaves + i * DIGEST_SIZE, 1, level + i * DIGEST_SIZE);
    while (count > 1) {
        for (size_t i = 0; i < count / 2; i++) {
            unsigned char framed[1 + 2 * DIGEST_SIZE] = {1};
            char hex[DIGEST_HEX_SIZE];
            memcpy(framed + 1, level + 2 * i * DIGEST_SIZE, 2 * DIGEST_SIZE);
            digest_hex(framed, sizeof framed, hex);
            for (size_t k = 0; k < DIGEST_SIZE; k++) {
                unsigned byte = 0;
                cr_assert_eq(sscanf(hex + 2 * k, "%2x", &byte), 1);
                level[i * DIGEST_SIZE + k] = (unsigned char)byte;
            }
        }
        if (count % 2)
            memmove(level + count / 2 * DIGEST_SIZE, level + (count - 1) * DIGEST_SIZE, DIGEST_SIZE);
        count = (count + 1) / 2;
    }
    memcpy(root, level, DIGEST_SIZE);
}

static void make_leaves(unsigned char *leaves, size_t count)
{
    for (size_t i = 0; i < count * DIGEST_SIZE; i++)
        leaves[i] = (unsigned char)(i * 37 + i / DIGEST_SIZE);
}

Test(digest, merkle_proofs_hold_and_others_do_not)
{
    enum { MOST = 70 };
    unsigned char leaves[MOST * DIGEST_SIZE], root[DIGEST_SIZE], other[DIGEST_SIZE], path[64 * DIGEST_SIZE];
    size_t held = 0, tried = 0, refused = 0;
    make_leaves(leaves, MOST);
    for (size_t count = 1; count <= MOST; count++) {
        merkle_root(leaves, count, root);
        root_by_levels(leaves, count, other);
        cr_assert_arr_eq(root, other, DIGEST_SIZE, "%zu leaves", count);
        for (size_t i = 0; i < count; i++) {
            const unsigned char *leaf = leaves + i * DIGEST_SIZE;
            size_t len = merkle_proof(leaves, count, i, path);
            cr_assert(merkle_verify(leaf, i, count, path, len, root), "%zu of %zu", i, count);
            held++;
            tried += count - 1;
            for (size_t wrong = 0; wrong < count; wrong++)
                refused += wrong != i && !merkle_verify(leaf, wrong, count, path, len, root);
            cr_assert_not(merkle_verify(leaf, i + count, count, path, len, root));
            cr_assert_not(len > 0 && merkle_verify(leaf, i, count, path, len - 1, root));
            memset(path + len * DIGEST_SIZE, 0, DIGEST_SIZE);
            cr_assert_not(merkle_verify(leaf, i, count, path, len + 1, root));
            for (size_t b = 0; b < len * DIGEST_SIZE; b += 11) {
                path[b] ^= 1;
                refused += !merkle_verify(leaf, i, count, path, len, root);
                tried++;
                path[b] ^= 1;
            }
        }
    }
    printf("# %zu proofs held, %zu false ones were refused\n", held, refused);
    cr_assert_eq(refused, tried);
}

Test(digest, merkle_of_nothing_and_of_one)
{
    unsigned char root[DIGEST_SIZE], leaf[DIGEST_SIZE] = {1}, path[64 * DIGEST_SIZE];
    static const unsigned char empty[] = {0x0e, 0x57, 0x51, 0xc0};
    merkle_root(leaf, 0, root);
    cr_assert_arr_eq(root, empty, sizeof empty);
    merkle_root(leaf, 1, root);
    cr_assert_neq(memcmp(root, leaf, DIGEST_SIZE), 0, "a leaf is no root: 0x00 stands before it");
    cr_assert_eq(merkle_proof(leaf, 1, 0, path), 0);
    cr_assert(merkle_verify(leaf, 0, 1, path, 0, root));
    cr_assert_not(merkle_verify(leaf, 0, 0, path, 0, root));
    cr_assert_not(merkle_verify(leaf, 0, 1, path, 0, leaf));
}

static void decodes(const char *text, const char *wanted)
{
    unsigned char bytes[64];
    size_t len;
    bool good = base64_decode(text, strlen(text), bytes, &len);
    if (!wanted) {
        cr_assert_not(good, "%s", text);
        return;
    }
    cr_assert(good, "%s", text);
    cr_assert_eq(len, strlen(wanted));
    cr_assert_arr_eq(bytes, wanted, len);
}

Test(digest, base64_both_alphabets)
{
    decodes("", "");
    decodes("Zg==", "f");
    decodes("Zg", "f");
    decodes("Zm9vYmFy", "foobar");
    decodes("Zm9vYg==", "foob");
    decodes("+/+/", "\xfb\xff\xbf");
    decodes("-_-_", "\xfb\xff\xbf");
    decodes("-_8=", "\xfb\xff");
    decodes("-_8", "\xfb\xff");
    decodes("-w==", "\xfb");
    decodes("_w", "\xff");
    decodes("+_+/", NULL);   /* both alphabets at once */
    decodes("-_+/", NULL);
    decodes("Zh==", NULL);   /* bits behind the last byte */
    decodes("Zg=", NULL);
    decodes("Zg===", NULL);
    decodes("Z", NULL);
    decodes("=", NULL);
    decodes("Zm9v YmFy", NULL);
    decodes("Zm9v\n", NULL);
    decodes("Zm9v=Zm9v", NULL);
    decodes("Zm\xff""9v", NULL);
    decodes("@@@@", NULL);
}

Test(digest, base64_round_trips)
{
    unsigned char bytes[200], back[300];
    for (size_t len = 0; len < sizeof bytes; len++) {
        auto_buf struct buf text = BUF_INIT(1000);
        size_t got;
        memset(bytes, (int)(len * 7 + 250), len);
        base64_add(&text, bytes, len);
        cr_assert(base64_decode(buf_text(&text), text.len, back, &got));
        cr_assert_eq(got, len);
        cr_assert_eq(memcmp(bytes, back, len), 0);
        cr_assert_not(text.len > 1 && base64_decode(buf_text(&text), text.len - 1, back, &got) && got == len &&
                      len % 3 == 0);
    }
}

/* FIPS 180-2, appendix A.1; and of nothing. */
Test(digest, sha1)
{
    char hex[SHA1_HEX_SIZE];
    sha1_hex("abc", 3, hex);
    cr_expect_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
    sha1_hex("", 0, hex);
    cr_expect_str_eq(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}
