#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define CHARACTER_MAX ((size_t)4) /* bytes */
#define WORD_MAX ((size_t)24) /* a longer word is cut inside */

/* The length of the well-formed UTF-8 character at p (RFC 3629, section 4), 0 when there is none. */
static size_t utf8_length(const unsigned char *p, size_t left, uint32_t *ret_code)
{
    static const struct {
        unsigned char mask, lead;
        size_t length;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
    for (size_t f = 0; f < 4; f++) {
        if ((p[0] & forms[f].mask) != forms[f].lead)
            continue;
        uint32_t code = p[0] & (unsigned char)~forms[f].mask;
        if (left < forms[f].length)
            return 0;
        for (size_t i = 1; i < forms[f].length; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (p[i] & 0x3f);
        }
        if (code < forms[f].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return 0;
        *ret_code = code;
        return forms[f].length;
    }
    return 0;
}

bool text_is_utf8(const char *text, size_t len, size_t *ret_at)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t length = utf8_length(p + i, len - i, &code);
        if (length == 0) {
            if (ret_at)
                *ret_at = i;
            return false;
        }
        i += length;
    }
    return true;
}

size_t text_cut(const char *text, size_t len, size_t most)
{
    if (len <= most)
        return len;
    size_t at = most;
    while (at > 0 && most - at < 3 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    uint32_t code;
    bool halved = at < most && utf8_length((const unsigned char *)text + at, len - at, &code) > most - at;
    return halved ? at : most;
}

/* Cut with "..." behind it. */
static size_t cut_words(const char *text, size_t len, size_t most)
{
    size_t at = text_cut(text, len, most), word = at;
    while (word > 0 && at - word < WORD_MAX && text[word] != ' ' && text[word] != '\n')
        word--;
    return word > 0 && at - word < WORD_MAX ? word : at;
}

bool text_formatv(char *out, size_t size, const char *format, va_list args)
{
    size_t room = size + CHARACTER_MAX; /* what stands behind the cut says whether it halves a character */
    char small[512];
    auto_free char *large = room > sizeof small ? xmalloc(room) : NULL;
    char *text = large ? large : small;
    int all = vsnprintf(text, room, format, args);
    bool fits = all >= 0 && (size_t)all < size;
    size_t dots = fits ? 0 : size > 3 ? 3 : size - 1;
    size_t len = fits ? (size_t)all : cut_words(text, strlen(text), size - 1 - dots);
    memcpy(out, text, len);
    memcpy(out + len, "...", dots);
    out[len + dots] = '\0';
    return fits;
}

bool text_format(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool fits = text_formatv(out, size, format, args);
    va_end(args);
    return fits;
}

bool text_append(char *out, size_t size, const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;
    va_start(args, format);
    bool fits = text_formatv(out + used, size - used, format, args);
    va_end(args);
    return fits;
}

void text_add_utf8(struct buf *buf, const char *text)
{
    size_t left = strlen(text), bad;
    for (; !text_is_utf8(text, left, &bad); text += bad + 1, left -= bad + 1) {
        buf_add(buf, text, bad);
        buf_addf(buf, "\\x%02x", (unsigned char)text[bad]);
    }
    buf_add(buf, text, left);
}

void text_add_character(struct buf *buf, uint32_t code)
{
    static const struct {
        uint32_t below;
        unsigned char lead;
    } forms[] = {{0x80, 0x00}, {0x800, 0xc0}, {0x10000, 0xe0}, {0x110000, 0xf0}};
    for (int more = 0; more < 4; more++) {
        if (code >= forms[more].below)
            continue;
        buf_addc(buf, (char)(forms[more].lead | code >> (6 * more)));
        for (int i = more - 1; i >= 0; i--)
            buf_addc(buf, (char)(0x80 | (code >> (6 * i) & 0x3f)));
        return;
    }
}

void text_add_ascii(struct buf *buf, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t left = strlen(text), length; left; p += length, left -= length) {
        uint32_t code;
        length = utf8_length(p, left, &code);
        if (length == 1)
            buf_addc(buf, (char)*p);
        else if (length == 0)
            buf_addf(buf, "\\x%02x", *p);
        else
            buf_addf(buf, code < 0x10000 ? "\\u%04x" : "\\U%08x", code);
        length += length == 0;
    }
}

static bool drives_terminal(uint32_t code, bool one_line)
{
    if (code == '\n' || code == '\t')
        return one_line;
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x61c || code == 0x200e || code == 0x200f ||
           (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void text_add_printable(struct buf *buf, const char *text, bool one_line)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t left = strlen(text);
    while (left) {
        uint32_t code;
        size_t length = utf8_length(p, left, &code);
        if (length == 0) {
            buf_addf(buf, "\\x%02x", *p);
            length = 1;
        } else if (code == '\n' && one_line) {
            buf_adds(buf, "\\n");
        } else if (drives_terminal(code, one_line)) {
            buf_addf(buf, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
        } else {
            buf_add(buf, p, length);
        }
        p += length;
        left -= length;
    }
}

bool text_is_name(const char *text)
{
    size_t len = strlen(text);
    if (len < 1 || len > 63 || text[0] == '-')
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);
    return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool text_to_long(const char *text, long long min, long long max, long long *ret_value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno || value < min || value > max)
        return false;
    *ret_value = value;
    return true;
}

bool text_to_ms(const char *text, long long *ret_ms)
{
    static const struct {
        const char *unit;
        long long ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + digits, units[i].unit) == 0) {
            *ret_ms = strtoll(text, NULL, 10) * units[i].ms;
            return true;
        }
    }
    return false;
}

size_t text_character(const char *text, int number)
{
    size_t at = 0;
    for (int left = number - 1; left > 0 && text[at]; at++)
        left -= ((unsigned char)text[at + 1] & 0xC0) != 0x80;
    return at;
}

void text_position(const char *text, size_t offset, int *ret_line, int *ret_column)
{
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; i < offset && text[i]; i++) {
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = (int)(offset - start) + 1;
}

#define DIGITS "0123456789"

/* The next number: *ret_len digits without leading zeros at the return value; an exhausted text gives the number 0. */
static const char *next_part(const char **text, size_t *ret_len)
{
    *text += strcspn(*text, DIGITS);
    size_t all = strspn(*text, DIGITS);
    const char *digits = *text;
    *text += all;
    while (all > 0 && *digits == '0') {
        digits++;
        all--;
    }
    *ret_len = all;
    return digits;
}

int text_compare_numbers(const char *a, const char *b)
{
    while (*a || *b) {
        size_t la, lb;
        const char *x = next_part(&a, &la), *y = next_part(&b, &lb);
        if (la != lb)
            return la < lb ? -1 : 1;
        int order = memcmp(x, y, la);
        if (order)
            return order < 0 ? -1 : 1;
    }
    return 0;
}
