#include "catalog/version.h"

#include <string.h>

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

int version_compare(const char *a, const char *b)
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

bool version_is(const char *text, size_t len, const char *separators)
{
    bool digit = false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            digit = true;
        else if (digit && text[i] && strchr(separators, text[i]))
            digit = false;
        else
            return false;
    }
    return digit;
}
