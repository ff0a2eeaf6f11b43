/* Text from outside, buffers, arenas. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/nearest.h"
#include "base/pause.h"
#include "base/wrap.h"
#include "base/text.h"

Test(text, utf8)
{
    static const char *const good[] = {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\xa2", "\xed\x9f\xbf",
                                       "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\x7f"};
    static const struct {
        const char *text;
        size_t at;
    } bad[] = {{"\x80", 0}, {"a\xc3", 1}, {"\xc0\x80", 0}, {"\xc1\xbf", 0}, {"\xe0\x80\x80", 0}, {"ab\xe2\x82", 2},
               {"\xed\xa0\x80", 0}, {"\xed\xbf\xbf", 0}, {"\xf0\x80\x80\x80", 0}, {"\xf4\x90\x80\x80", 0},
               {"\xf8\x88\x80\x80\x80", 0}, {"\xff", 0}, {"\xc3\xa9\xc3(", 2}};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_assert(text_is_utf8(good[i], strlen(good[i]), NULL), "%zu", i);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        size_t at = 99;
        cr_assert_not(text_is_utf8(bad[i].text, strlen(bad[i].text), &at), "%zu", i);
        cr_assert_eq(at, bad[i].at, "%zu: %zu", i, at);
        cr_assert_not(text_is_utf8(bad[i].text, strlen(bad[i].text), NULL));
    }
    cr_assert(text_is_utf8("a\0b", 3, NULL));
}

Test(text, nothing_drives_a_terminal)
{
    auto_buf struct buf out = BUF_INIT(10000);
    text_add_printable(&out, "a\x1b[31mb\r\x7f\xc2\x9b\xe2\x80\xae\xff\n\tc\xc3\xa9", true);
    for (size_t i = 0; i < out.len; i++)
        cr_assert((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f, "%s", buf_text(&out));
    cr_assert(strstr(buf_text(&out), "\\x1b[31mb") && strstr(buf_text(&out), "\\u202e"), "%s", buf_text(&out));
    cr_assert(strstr(buf_text(&out), "\\xff"));
    cr_assert(text_ends(buf_text(&out), "c\xc3\xa9"));
    buf_clear(&out);
    text_add_printable(&out, "a\n\tb", false);
    cr_assert_str_eq(buf_text(&out), "a\n\tb");
}

Test(text, names)
{
    char long_name[65];
    memset(long_name, 'a', 64);
    long_name[64] = 0;
    cr_assert(text_is_name("a") && text_is_name("0") && text_is_name("user-eu-1") && text_is_name("a-"));
    cr_assert_not(text_is_name("") || text_is_name("-a") || text_is_name("A") || text_is_name("a_b"));
    cr_assert_not(text_is_name("a.b") || text_is_name("a b") || text_is_name("a\n") || text_is_name("\xc3\xa9"));
    cr_assert_not(text_is_name(long_name));
    cr_assert(text_is_name(long_name + 1), "63 bytes");
}

Test(text, small_questions)
{
    cr_assert(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("ab", "abc"));
    cr_assert(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("bc", "abc"));
    cr_assert(text_equal(NULL, NULL) && text_equal("a", "a"));
    cr_assert_not(text_equal("a", NULL) || text_equal(NULL, "a") || text_equal("a", "b"));
}

Test(text, numbers)
{
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1x", "0x1", "1.0", "99999999999999999999", "--1"};
    long long value = 7;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_assert_not(text_to_long(bad[i], INT64_MIN, INT64_MAX, &value), "%s", bad[i]);
    cr_assert_eq(value, 7);
    cr_assert(text_to_long("-12", -12, 0, &value) && value == -12);
    cr_assert_not(text_to_long("-13", -12, 0, &value));
    cr_assert_not(text_to_long("1", -12, 0, &value));
    cr_assert(text_to_long("010", 0, 100, &value) && value == 10);
    cr_assert(text_to_long("9223372036854775807", 0, INT64_MAX, &value) && value == INT64_MAX);
}

Test(text, times)
{
    static const struct {
        const char *text;
        long long ms;
    } good[] = {{"250ms", 250}, {"5s", 5000}, {"15min", 900000}, {"2h", 7200000}, {"1d", 86400000}, {"0s", 0}};
    static const char *const bad[] = {"", "5", "s", "5 s", "-5s", "5m", "5S", "1.5s", "5sx", "9999999999999s"};
    long long ms;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        cr_assert(text_to_ms(good[i].text, &ms) && ms == good[i].ms, "%s", good[i].text);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        cr_assert_not(text_to_ms(bad[i], &ms), "%s", bad[i]);
}

/* Days of twelve digits are 8.6e19 ms, more than a long long holds. */
Test(text, a_time_beyond_all_bounds)
{
    long long ms = 0;
    cr_assert_not(text_to_ms("999999999999d", &ms), "%lld", ms);
    cr_assert(text_to_ms("9999999999d", &ms) && ms > 0, "%lld", ms);
}

static const char *hint_for(const char *text)
{
    static const char *const candidates[] = {"release", "rollback", "status", "up"};
    static struct nearest nearest;
    nearest = nearest_to(text);
    for (size_t i = 0; i < COUNT_OF(candidates); i++)
        nearest_offer(&nearest, candidates[i]);
    return nearest_hint(&nearest);
}

Test(nearest, did_you_mean)
{
    cr_assert_str_eq(hint_for("relase"), "did you mean 'release'?");
    cr_assert_str_eq(hint_for("staus"), "did you mean 'status'?");
    cr_assert_str_eq(hint_for("completely-different"), "");
    char long_text[200];
    memset(long_text, 'r', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    cr_assert_str_eq(hint_for(long_text), "");
    struct nearest none = nearest_to("up");
    cr_assert_str_eq(nearest_hint(&none), "");
    char longest[65];
    memset(longest, 'x', sizeof longest - 1);
    longest[64] = 0;
    struct nearest nearest = nearest_to(longest);
    nearest_offer(&nearest, longest);
    cr_assert_eq(strlen(nearest_hint(&nearest)), 64u + strlen("did you mean ''?"), "the hint has room for the longest");
}

Test(text, characters_are_counted)
{
    static const char text[] = "a\xc3\xa9\xf0\x9f\xa6\xa2z";
    static const size_t at[] = {0, 1, 3, 7, 8, 8};
    for (int i = 0; i < 6; i++)
        cr_assert_eq(text_character(text, i + 1), at[i], "%d", i + 1);
    cr_assert_eq(text_character(text, 0), 0u);
}

Test(text, positions)
{
    int line, column;
    text_position("ab\ncd\n", 4, &line, &column);
    cr_assert(line == 2 && column == 2, "%d:%d", line, column);
    text_position("ab\ncd\n", 0, &line, &column);
    cr_assert(line == 1 && column == 1);
    text_position("ab\n", 3, &line, &column);
    cr_assert(line == 2 && column == 1);
}

Test(buf, grows_to_its_ceiling)
{
    auto_buf struct buf buf = BUF_INIT(10);
    cr_assert_str_eq(buf_text(&buf), "");
    buf_adds(&buf, "12345");
    buf_addc(&buf, '6');
    buf_addf(&buf, "%d", 7890);
    cr_assert(buf_ok(&buf));
    cr_assert_str_eq(buf_text(&buf), "1234567890");
    buf_addc(&buf, 'x');
    cr_assert_not(buf_ok(&buf));
    buf_add(&buf, "", 0);
    cr_assert_not(buf_ok(&buf), "an overflow stays known");
    cr_assert_str_eq(buf_text(&buf), "1234567890");
    buf_clear(&buf);
    cr_assert(buf_ok(&buf) && buf.len == 0);
    auto_free char *empty = buf_take(&buf);
    cr_assert_str_eq(empty, "");
    buf_adds(&buf, "abc");
    auto_free char *text = buf_take(&buf);
    cr_assert_str_eq(text, "abc");
    cr_assert_null(buf.data);
    buf_addf(&buf, "%s", "longer than ten bytes");
    cr_assert_not(buf_ok(&buf));
}

Test(buf, reads_files)
{
    char folder[] = "/tmp/greylag-buf-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    auto_free char *path = xasprintf("%s/f", folder), *fifo = xasprintf("%s/p", folder);
    FILE *file = fopen(path, "w");
    fwrite("ab\0cd", 1, 5, file);
    fclose(file);
    auto_buf struct buf buf = BUF_INIT(5), small = BUF_INIT(4), other = BUF_INIT(100);
    struct err err = ERR_INIT;
    cr_assert(buf_read_file(&buf, path, &err), "%s", err.text);
    cr_assert(buf.len == 5 && memcmp(buf.data, "ab\0cd", 6) == 0);
    cr_assert_not(buf_read_file(&small, path, &err));
    cr_assert_eq(err.kind, ERR_INPUT);
    cr_assert_not(buf_read_file(&other, folder, &err));
    cr_assert_eq(err.kind, ERR_INPUT, "%s", err.text);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    cr_assert_not(buf_read_file(&other, fifo, &err), "a FIFO does not hang");
    cr_assert_not(buf_read_file(&other, "/no/such/file", &err));
    cr_assert_eq(err.kind, ERR_SYSTEM);
    unlink(path);
    unlink(fifo);
    rmdir(folder);
}

Test(arena, many_small_and_one_large)
{
    struct arena arena = ARENA_INIT;
    char *texts[1000];
    for (int i = 0; i < 1000; i++) {
        texts[i] = arena_printf(&arena, "text %d", i);
        cr_assert_eq((uintptr_t)texts[i] % _Alignof(max_align_t), 0);
    }
    unsigned char *large = arena_alloc(&arena, 5 << 20);
    for (size_t i = 0; i < 5 << 20; i++)
        cr_assert_eq(large[i], 0);
    memset(large, 0xff, 5 << 20);
    int *numbers = arena_array(&arena, 100, sizeof *numbers);
    cr_assert_eq(numbers[99], 0);
    cr_assert_str_eq(arena_strndup(&arena, "abcdef", 3), "abc");
    cr_assert_str_eq(arena_strdup(&arena, ""), "");
    cr_assert_str_eq(texts[0], "text 0");
    cr_assert_str_eq(texts[999], "text 999");
    cr_assert_gt(arena.used, (size_t)5 << 20);
    arena_release(&arena);
    cr_assert_eq(arena.used, 0);
    cr_assert_str_eq(arena_strdup(&arena, "again"), "again");
    arena_release(&arena);
    arena_release(&arena);
}

struct pair {
    int a, b;
};

/* Both kinds: what is there stays, what is new is zeroed, also where something stood before. */
Test(array, grows_and_begins_zeroed)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct pair *in_arena = NULL;
    auto_free struct pair *on_heap = NULL;
    size_t count = 0, room = 0, more = 0;
    int others = 0;
    for (int i = 0; i < 1000; i++) {
        struct pair *one = arena_add(&arena, in_arena, others, more), *two = array_add(on_heap, count, room);
        cr_assert(one->a == 0 && one->b == 0 && two->a == 0 && two->b == 0, "%d", i);
        *one = *two = (struct pair){i, -i};
    }
    cr_assert(count == 1000 && others == 1000 && room >= 1000 && more >= 1000);
    for (int i = 0; i < 1000; i++)
        cr_assert(in_arena[i].a == i && in_arena[i].b == -i && on_heap[i].a == i && on_heap[i].b == -i, "%d", i);
    count = 3;
    cr_assert_eq(array_add(on_heap, count, room)->a, 0);
    cr_assert_eq(on_heap[2].a, 2);
}

static void must_cut(const char *text, size_t most, size_t expected)
{
    size_t at = text_cut(text, strlen(text), most);
    cr_assert_eq(at, expected, "\"%s\" at %zu: %zu", text, most, at);
}

Test(text, cuts_between_characters)
{
    must_cut("abc", 5, 3);
    must_cut("abc", 2, 2);
    must_cut("a\xc3\xa9z", 2, 1);                 /* two bytes */
    must_cut("a\xc3\xa9z", 3, 3);
    must_cut("\xe2\x82\xac", 1, 0);                /* three */
    must_cut("\xe2\x82\xac", 2, 0);
    must_cut("a\xf0\x9f\x98\x80z", 4, 1);           /* four */
    must_cut("a\xf0\x9f\x98\x80z", 5, 5);
    must_cut("\x80\x80\x80\x80\x80", 4, 4);          /* none at all */
    must_cut("ab\xe9z", 3, 3);                     /* Latin 1 */
}

/* Whatever its length, a text that has to be cut stays UTF-8, and says that it was. */
Test(text, formats_whole_characters)
{
    static const char *const letters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    char out[64];
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        for (int shift = 0; shift < 4; shift++) {
            auto_buf struct buf text = BUF_INIT(4096);
            for (int k = 0; k < 100; k++)
                buf_adds(&text, letters[i]);
            cr_assert_not(text_format(out, sizeof out, "%.*s%s", shift, "xyz", buf_text(&text)));
            cr_assert(text_is_utf8(out, strlen(out), NULL), "%s", out);
            cr_assert(text_ends(out, "...") && strlen(out) > sizeof out - 8, "%s", out);
        }
    cr_assert(text_format(out, sizeof out, "%s", "fits"));
    cr_assert_str_eq(out, "fits");
    cr_assert(text_append(out, sizeof out, " %s", out));
    cr_assert_str_eq(out, "fits fits");
    char small[20];
    text_format(small, sizeof small, "%s", "the first words stay whole");
    cr_assert_str_eq(small, "the first words...");
    char tiny[3];
    cr_assert_not(text_format(tiny, sizeof tiny, "%s", "much"));
    cr_assert_lt(strlen(tiny), sizeof tiny);
}

static void must_add(void (*add)(struct buf *, const char *), const char *text, const char *expected)
{
    auto_buf struct buf out = BUF_INIT(4096);
    add(&out, text);
    cr_assert_str_eq(buf_text(&out), expected, "%s", buf_text(&out));
}

Test(text, made_fit)
{
    must_add(text_add_utf8, "gr\xc3\xbc\xc3\x9f" "e", "gr\xc3\xbc\xc3\x9f" "e");
    must_add(text_add_utf8, "gr\xfc\xdf" "e\xc3", "gr\\xfc\\xdfe\\xc3");
    static const uint32_t codes[] = {'a', 0xe9, 0x20ac, 0x1f600};
    auto_buf struct buf out = BUF_INIT(100);
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        text_add_character(&out, codes[i]);
    cr_assert_str_eq(buf_text(&out), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    must_add(text_add_ascii, "plain\n", "plain\n");
    must_add(text_add_ascii, "\xe2\x82\xac \xf0\x9f\x98\x80 \xfc", "\\u20ac \\U0001f600 \\xfc");
}

Test(pause, grows_to_its_limit_and_begins_again)
{
    struct pause pause = PAUSE(200, 5000);
    static const int64_t expected[] = {200, 400, 800, 1600, 3200, 5000, 5000};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(expected); i++)
            cr_assert_eq(pause_next(&pause), expected[i], "%zu", i);
        pause_reset(&pause);
    }
    struct pause still = PAUSE(500, 500);
    cr_assert(pause_next(&still) == 500 && pause_next(&still) == 500);
}

/* What people copy stays in one piece. */
Test(base_text, prose_is_wrapped_between_words)
{
    static const char text[] = "greylag up: 1 step has no way back\n"
                               "  gr\xc3\xbc\xc3\x9f" "e an alle, die bis hierher lesen\n\n"
                               "  remove the cause, then `greylag release retry 0123456789`; (`greylag up` else)\n"
                               "  may not write: kafka-acls.sh --add --topic jobs --operation Write\n"
                               "    clear it, then greylag release leave 0123456789 (or not)\n"
                               "  greylag up --service user --target user=20240102";
    auto_buf struct buf out = BUF_INIT(4096);
    wrap_add(&out, text, strlen(text), 34);
    cr_expect_str_eq(buf_text(&out), "greylag up: 1 step has no way back\n"
                                     "  gr\xc3\xbc\xc3\x9f" "e an alle, die bis hierher\n"
                                     "    lesen\n\n"
                                     "  remove the cause, then\n"
                                     "    `greylag release retry 0123456789`;\n"
                                     "    (`greylag up` else)\n"
                                     "  may not write:\n"
                                     "    kafka-acls.sh --add --topic jobs --operation Write\n"
                                     "    clear it, then\n"
                                     "      greylag release leave 0123456789\n"
                                     "      (or not)\n"
                                     "  greylag up --service user --target user=20240102", "%s", buf_text(&out));
}
