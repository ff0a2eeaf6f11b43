#include "catalog/version.h"

#include <string.h>

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
