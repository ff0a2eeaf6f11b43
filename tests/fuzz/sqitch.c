/* sqitch.plan (first byte p) or sqitch.conf (c), beside a few scripts. */
#include "fuzz/layout.h"

void fuzz_one(const uint8_t *data, size_t size)
{
    static const char plan[] = "%project=p\n\nx 2024-01-01T08:00:00Z A B <a@b>\n";
    if (size == 0 || memchr(data, 0, size) || !text_is_utf8((const char *)data + 1, size - 1, NULL))
        return;
    auto_arena struct arena arena = ARENA_INIT;
    bool conf = data[0] == 'c';
    const char *text = arena_strndup(&arena, (const char *)data + 1, size - 1);
    const struct folder_file scripts[] = {
        {.path = "db/deploy/x.sql", .base = "x.sql", .where = "w", .text = "select 1;", .size = 9},
        {.path = "deploy/x.sql", .base = "x.sql", .where = "w", .text = "\\set x\n", .size = 7},
        {.path = "deploy/x@v.sql", .base = "x@v.sql", .where = "w", .text = "", .size = 0},
        {.path = "revert/x.sql", .base = "x.sql", .where = "w", .text = "select 1;", .size = 9},
        {.path = "verify/x.sql", .base = "x.sql", .where = "w", .text = "select 1;", .size = 9}};
    const struct folder_file sides[] = {
        {.path = "sqitch.conf", .base = "sqitch.conf", .where = "w", .text = conf ? text : "",
         .size = conf ? size - 1 : 0},
        {.path = "sqitch.plan", .base = "sqitch.plan", .where = "w", .text = conf ? plan : text,
         .size = conf ? sizeof plan - 1 : size - 1}};
    const struct folder folder = {
        .where = "m", .files = scripts, .count = COUNT_OF(scripts), .sides = sides, .side_count = COUNT_OF(sides)};
    const struct service_file service = {.name = NULL};
    fuzz_layout("sqitch", &folder, &service);
}
