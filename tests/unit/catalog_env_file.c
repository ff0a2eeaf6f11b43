/* `.env` beside a fleet file. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "catalog/env_file.h"

static const char *outside(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "SET") == 0 ? "from the environment" : NULL;
}

Test(env_file, what_lines_say)
{
    static const char text[] = "# a comment\n\nA=1\r\nexport B = x\nC= two words  # not this\nD='as $it # is'\n"
                               "E=\"a\\n\\\"b\\\"\" # c\nF=\nG=a#b\nSET=here\n";
    static const struct {
        const char *name, *value;
    } wanted[] = {{"A", "1"}, {"C", "two words"}, {"D", "as $it # is"}, {"E", "a\n\"b\""}, {"F", ""}, {"G", "a#b"},
                  {"SET", "from the environment"}, {"H", NULL}};
    auto_arena struct arena arena = ARENA_INIT;
    struct err err = ERR_INIT;
    struct env_file file = {.get = outside};
    auto_free char *good = xstrdup(text);
    cr_assert(!env_file_parse(".env", good, strlen(good), &arena, &file, &err));
    cr_expect_str_eq(err.text, ".env:4: not NAME=value");
    char *space = strstr(good, "B = x");
    memcpy(space, "BB=xx", 5);
    file.get = outside;
    cr_assert(env_file_parse(".env", good, strlen(good), &arena, &file, &err), "%s", err.text);
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        const char *value = env_file_get(&file, wanted[i].name);
        cr_expect(wanted[i].value ? value && strcmp(value, wanted[i].value) == 0 : !value, "%s is %s", wanted[i].name,
                  value ? value : "not there");
    }
}

Test(env_file, a_byte_order_mark_and_many_names)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_buf struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    struct env_file file = {.get = NULL};
    buf_adds(&text, "\xef\xbb\xbf" "first=1\n");
    for (int i = 0; i < 40000; i++)
        buf_addf(&text, "N%d=%d\n", i, i);
    cr_assert(env_file_parse(".env", buf_text(&text), text.len, &arena, &file, &err), "%s", err.text);
    cr_expect_str_eq(env_file_get(&file, "first"), "1");
    cr_expect_str_eq(env_file_get(&file, "N31234"), "31234");
    buf_adds(&text, "N7=again\n");
    cr_expect(!env_file_parse(".env", buf_text(&text), text.len, &arena, &file, &err));
    cr_expect_str_eq(err.text, ".env:40002: this name stands above already");
}

Test(env_file, what_cannot_be)
{
    static const char *const bad[] = {"A", "1A=x", "=x", "A='x", "A=\"x\\\"", "A='x' y", "A=1\nA=2", "A-B=1", "A=\xff"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        auto_arena struct arena arena = ARENA_INIT;
        struct err err = ERR_INIT;
        struct env_file file = {.get = NULL};
        cr_expect(!env_file_parse(".env", bad[i], strlen(bad[i]), &arena, &file, &err), "taken: %s", bad[i]);
        cr_expect_eq(err.kind, ERR_CONFIG);
    }
}
