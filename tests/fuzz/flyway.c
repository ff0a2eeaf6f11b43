/* Flyway's names and settings: a line with prefix and separator, a line with a file's name, then its `.conf`. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/flyway.h"

/* Cuts off the first line. */
static char *take_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    *text = end ? end + 1 : line + strlen(line);
    if (end)
        *end = 0;
    return line;
}

static void check_name(const struct flyway_keys *keys, const char *base)
{
    struct flyway_name name;
    if (!flyway_name_read(keys, base, &name))
        return;
    const char *end = base + strlen(base);
    if (name.head < base || name.head + name.head_len > name.rest || name.rest + name.rest_len > end ||
        name.stem_len >= strlen(base) || (name.type == FLYWAY_CALLBACK) != (name.event != NULL))
        abort();
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (memchr(data, 0, size) || !text_is_utf8((const char *)data, size, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    struct findings findings = {.arena = &arena};
    char *text = arena_strndup(&arena, (const char *)data, size);
    char *prefix = take_line(&text), *base = take_line(&text), *separator = strchr(prefix, ' ');
    if (separator)
        *separator++ = 0;
    if (strchr(base, '/') || (separator && !*separator))
        return;
    struct flyway_keys keys = {.prefix = prefix, .separator = separator};
    check_name(&keys, base);
    const struct service_file service = {.flyway = &keys};
    const struct folder_file file = {.path = base, .base = base, .where = base, .text = "select 1;", .size = 9};
    const char *conf = arena_printf(&arena, "%s.conf", base);
    const struct folder_file side = {.path = conf, .base = conf, .where = conf, .text = text, .size = strlen(text)};
    const struct folder folder = {.where = "m", .files = &file, .count = 1, .sides = &side, .side_count = 1};
    struct layout_run run = {.arena = &arena, .findings = &findings, .folder = &folder, .file = &service};
    layout_read(&run, "flyway");
    if (run.count == 0 && !run.before_each && !run.after_each && findings.count == 0)
        abort(); /* nothing is left out in silence */
}
