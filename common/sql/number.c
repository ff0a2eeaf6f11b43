/* Numbers as PostgreSQL 16 and newer write them: 1_000, 0xFF, 0o17, 0b1. The lexer of 15 ends at them with an error, so
 * that it cannot even tell where the statements end (postgres: src/backend/parser/scan.l, integer_junk). */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "sql/sql_internal.h"

static bool is_digit_of(int base, char c)
{
    if (isdigit((unsigned char)c))
        return c - '0' < base;
    return base == 16 && isxdigit((unsigned char)c);
}

/* The base that the word begins with; *ret_digits: where its digits begin. */
static int base_of(const char *word, size_t len, size_t *ret_digits)
{
    static const struct {
        char letter;
        int base;
    } rows[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (len > 2 && word[0] == '0' && tolower((unsigned char)word[1]) == rows[i].letter) {
            *ret_digits = 2;
            return rows[i].base;
        }
    }
    *ret_digits = 0;
    return 10;
}

/* A number that 15 does not know. An exponent may follow on decimal digits. */
static bool is_newer(const char *word, size_t len, int base, size_t digits)
{
    if (base == 10 && !memchr(word, '_', len))
        return false;
    for (size_t at = digits; at < len; at++) {
        bool digit = is_digit_of(base, word[at]), exponent = base == 10 && at && strchr("eE", word[at]);
        bool separator = word[at] == '_' && at + 1 < len && is_digit_of(base, word[at + 1]);
        if (!digit && !exponent && !separator)
            return false;
    }
    return true;
}

/* Decimal digits stay, behind zeros; of others a number remains. */
static void make_old(char *word, size_t len, int base)
{
    size_t to = len;
    for (size_t at = len; base == 10 && at > 0; at--)
        if (word[at - 1] != '_')
            word[--to] = word[at - 1];
    memset(word, '0', to);
}

char *sql_old_numbers(const char *text, size_t len)
{
    char *old = NULL;
    for (size_t at = 0; at < len;) {
        size_t begin = at, digits;
        while (at < len && sql_is_word(text[at]))
            at++;
        size_t size = at - begin;
        at += size == 0;
        if (!size || !isdigit((unsigned char)text[begin]) || (begin && text[begin - 1] == '"'))
            continue;
        int base = base_of(text + begin, size, &digits);
        if (!is_newer(text + begin, size, base, digits))
            continue;
        if (!old)
            old = xstrndup(text, len);
        make_old(old + begin, size, base);
    }
    return old;
}
