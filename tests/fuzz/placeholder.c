/* ${name} in a text: each use is where it says, and what is left of the text is all there. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "sql/placeholder.h"

static const char *get(void *context, const struct placeholder_use *use)
{
    (void)context;
    static const char *const values[] = {"", "1", "a\nb\n", "${x}"};
    return use->name_len < 8 ? values[use->name_len % 4] : NULL;
}

static int lines(const char *text)
{
    int n = 1;
    while ((text = strchr(text, '\n'))) {
        text++;
        n++;
    }
    return n;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    const char *text = arena_strndup(&arena, (const char *)data, size);
    struct placeholder_text expanded;
    struct placeholder_use use;
    size_t at = 0, uses = 0, last = 0;
    while (placeholder_next(text, &at, &use)) {
        if (use.begin < last || strncmp(text + use.begin, "${", 2) != 0 || (use.closed && text[use.end - 1] != '}'))
            abort();
        last = use.end;
        uses++;
    }
    if (!placeholder_expand(text, get, NULL, &arena, &expanded, &use, NULL))
        return;
    if (expanded.used != uses || strlen(expanded.text) != expanded.len || (uses == 0 && expanded.text != text))
        abort();
    int count = lines(expanded.text), wanted = lines(text);
    for (int i = 1, before = 1; i <= count; i++) {
        int line = placeholder_line(&expanded, i);
        if (line < before || line > wanted)
            abort();
        before = line;
    }
}
