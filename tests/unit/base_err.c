/* Errors, clocks, ids, the log, allocation. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

Test(err, set_prefix_hint)
{
    struct err err = ERR_INIT;
    cr_assert_not(err_set(&err, ERR_INPUT, "line %d", 7));
    err_hint(&err, "do %s", "this");
    cr_assert_not(err_prefix(&err, "reading %s", "fleet.yml"));
    cr_assert_str_eq(err.text, "reading fleet.yml: line 7");
    cr_assert_str_eq(err.hint, "do this");
    cr_assert(err.kind == ERR_INPUT && !err.retriable);
    err_sqlstate(&err, "23505xyz");
    cr_assert_str_eq(err.sqlstate, "23505");
    err_sqlstate(&err, NULL);
    cr_assert_not(err_set(&err, ERR_TIMEOUT, "%s, again", err.text));
    cr_assert_str_eq(err.text, "reading fleet.yml: line 7, again", "its own text may be an argument");
    cr_assert(err.retriable && err.hint[0] == 0 && err.sqlstate[0] == 0);
    err_clear(&err);
    cr_assert(err.kind == ERR_NONE && err.text[0] == 0);
    errno = ENOENT;
    cr_assert_not(err_errno(&err, "opening %s", "x"));
    cr_assert_str_eq(err.text, "opening x: No such file or directory");
    cr_assert_eq(err.kind, ERR_SYSTEM);
}

Test(err, without_an_err_and_too_long)
{
    cr_assert_not(err_set(NULL, ERR_INPUT, "x") || err_errno(NULL, "x") || err_hint(NULL, "x") ||
                  err_prefix(NULL, "x"));
    err_sqlstate(NULL, "x");
    err_clear(NULL);
    struct err err = ERR_INIT;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    err_set(&err, ERR_INPUT, "%s", text);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
    err_prefix(&err, "%s", text);
    err_hint(&err, "%s", text);
    errno = ENOENT;
    err_errno(&err, "%s", text);
    cr_assert_eq(strlen(err.text), sizeof err.text - 1);
}

/* An error is handed on to databases and messages that take nothing but whole characters. */
Test(err, is_cut_between_characters)
{
    char text[3001] = "";
    for (size_t shift = 0; shift < 3; shift++) {
        struct err err = ERR_INIT;
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        err_set(&err, ERR_INPUT, "%s", text);
        err_hint(&err, "%s", text);
        cr_assert(text_is_utf8(err.text, strlen(err.text), NULL) && text_is_utf8(err.hint, strlen(err.hint), NULL));
        err_prefix(&err, "y");
        cr_assert(text_is_utf8(err.text, strlen(err.text), NULL) && text_starts(err.text, "y: "));
        err_prefix(&err, "%s", text);
        cr_assert(text_is_utf8(err.text, strlen(err.text), NULL));
    }
}

Test(err, kinds_have_names_of_their_own)
{
    for (unsigned i = 0; i < ERR_KIND_COUNT; i++)
        for (unsigned k = 0; k < i; k++)
            cr_assert_str_neq(err_kind_name(i), err_kind_name(k));
    cr_assert_str_eq(err_kind_name(ERR_KIND_COUNT), "unknown");
}

Test(clock, formats)
{
    char text[CLOCK_TEXT_SIZE];
    cr_assert_str_eq(clock_format(1772330584567000, text), "2026-03-01T02:03:04.567Z");
    cr_assert_str_eq(clock_format(0, text), "1970-01-01T00:00:00.000Z");
    cr_assert_str_eq(clock_duration(850000, text), "850 ms");
    cr_assert_str_eq(clock_duration(12345678, text), "12.3 s");
    cr_assert_str_eq(clock_duration(245000000, text), "4 min 05 s");
    cr_assert_str_eq(clock_duration(7380000000, text), "2 h 03 min");
    cr_assert_str_eq(clock_duration(0, text), "0 ms");
}

/* Values that a foreign clock or a message can hold, not only sensible ones. */
Test(clock, formats_anything)
{
    static const int64_t values[] = {-1, -1772330584567000, INT64_MAX, INT64_MIN + 1, 253402300800000000};
    char text[CLOCK_TEXT_SIZE];
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        cr_assert_lt(strlen(clock_format(values[i], text)), (size_t)CLOCK_TEXT_SIZE);
        cr_assert_lt(strlen(clock_duration(values[i], text)), (size_t)CLOCK_TEXT_SIZE);
    }
}

Test(clock, goes_on)
{
    int64_t us = clock_mono_us(), ms = clock_mono_ms();
    cr_assert(us > 0 && ms >= us / 1000 && clock_mono_us() >= us);
    cr_assert_gt(clock_wall_us(), 1700000000000000);
}

Test(id, differ_and_sort)
{
    char one[ID_SIZE], other[ID_SIZE], term[ID_TERM_SIZE], next[ID_TERM_SIZE];
    id_new(one);
    int64_t end = clock_mono_ms() + 2000;
    do
        id_new(other);
    while (strncmp(one, other, 10) == 0 && clock_mono_ms() < end);
    cr_assert_eq(strlen(one), ID_SIZE - 1);
    cr_assert_eq(strspn(one, "0123456789abcdefghjkmnpqrstvwxyz"), ID_SIZE - 1);
    cr_assert_lt(strcmp(one, other), 0);
    id_term(term);
    id_term(next);
    cr_assert(strlen(term) == 32 && strspn(term, "0123456789abcdef") == 32 && strcmp(term, next) != 0);
}

/* What the log writes to standard error while `level` is the least. New. */
static char *logged(enum log_level least, enum log_level level, const char *text)
{
    int ends[2], before = dup(2);
    cr_assert_eq(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    dup2(ends[1], 2);
    log_set_level(least);
    log_line(level, "%s", text);
    dup2(before, 2);
    close(before);
    close(ends[1]);
    char *got = xcalloc(1, 4096);
    if (read(ends[0], got, 4095) < 0)
        got[0] = 0;
    close(ends[0]);
    return got;
}

Test(log, lines_and_levels)
{
    enum log_level level;
    cr_assert(log_level_parse("debug", &level) && level == LOG_DEBUG);
    cr_assert(log_level_parse("Warn", &level) && level == LOG_WARN);
    cr_assert_not(log_level_parse("loud", &level) || log_level_parse("", &level));
    setenv("LOG_LEVEL", "error", 1);
    log_init("tester");
    cr_assert(log_on(LOG_ERROR) && !log_on(LOG_WARN));
    auto_free char *quiet = logged(LOG_WARN, LOG_INFO, "not this"), *one = logged(LOG_INFO, LOG_WARN, "a\nb\x1b[2J");
    cr_assert_str_eq(quiet, "");
    cr_assert(text_ends(one, "Z WARN  tester: a\\nb\\x1b[2J\n"), "%s", one);
}

Test(log, a_trouble_that_comes_back_is_said_once)
{
    struct log_repeat repeat = {.at_ms = 0};
    char text[2000];
    memset(text, 'x', sizeof text - 1); /* longer than what is remembered of it */
    text[sizeof text - 1] = '\0';
    cr_assert(log_due(&repeat, "down", 60000));
    cr_assert_not(log_due(&repeat, "down", 60000));
    cr_assert(log_due(&repeat, "down", 0));
    cr_assert(log_due(&repeat, text, 60000));
    cr_assert_not(log_due(&repeat, text, 60000));
    cr_assert(log_due(&repeat, "down", 60000));
}

Test(cleanup, allocation)
{
    auto_free char *text = xasprintf("%d-%s", 1, "a"), *copy = xstrdup(text);
    cr_assert_str_eq(copy, "1-a");
    auto_free void *nothing = xmalloc(0), *none = xcalloc(0, 8);
    cr_assert(nothing && none);
    copy = xrealloc(copy, 100);
    cr_assert_str_eq(copy, "1-a");
    auto_fd int fd = open("/dev/null", O_RDONLY);
    auto_file FILE *file = fopen("/dev/null", "r");
    cr_assert(fd >= 0 && file);
}
