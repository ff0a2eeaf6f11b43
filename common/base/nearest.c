#include "base/nearest.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 64

/* Levenshtein distance, one row at a time, of texts up to 64 bytes. */
static size_t distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), row[LONGEST + 1];
    if (la > LONGEST || lb > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[lb];
}

struct nearest nearest_to(const char *text)
{
    return (struct nearest){.text = text, .distance = strlen(text) / 3 + 2};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t d = distance(nearest->text, candidate);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->candidate = candidate;
    }
}

const char *nearest_hint(struct nearest *nearest)
{
    if (nearest->candidate)
        text_format(nearest->hint, sizeof nearest->hint, "did you mean '%s'?", nearest->candidate);
    return nearest->hint;
}
