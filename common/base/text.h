/* Text from outside, and small questions about text. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Whether all bytes are well-formed UTF-8 (no overlong forms, no surrogates); *ret_at (may be NULL) is the first bad
 * byte when not. */
bool text_is_utf8(const char *text, size_t len, size_t *ret_at);
/* Where to cut `len` bytes of text so that at most `most` are left and no character is halved. What is no UTF-8 is cut
 * anywhere. */
size_t text_cut(const char *text, size_t len, size_t most);
/* snprintf for words: what does not fit is cut between characters, at a word's end if one is near, and "..." says so.
 * What `out` held may be among the arguments. False: it was cut. */
bool text_format(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool text_formatv(char *out, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
/* The same behind what stands in `out` already. */
bool text_append(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Adds text as UTF-8: each byte that belongs to no character becomes \xNN. */
void text_add_utf8(struct buf *buf, const char *text);
/* Adds UTF-8 text as ASCII: other characters become \u20ac or \U0001f600, other bytes \xNN. */
void text_add_ascii(struct buf *buf, const char *text);
/* Adds the character of this number as UTF-8. */
void text_add_character(struct buf *buf, uint32_t code);
/* Adds text with C0, C1 and bidirectional control characters made visible (\x1b, \u202e), so that foreign text cannot
 * drive a terminal. `one_line`: newlines and tabs are escaped too. */
void text_add_printable(struct buf *buf, const char *text, bool one_line);
/* Names of fleets, environments, services and targets: [a-z0-9][a-z0-9-]{0,62} (they become topic names). */
bool text_is_name(const char *text);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
int text_compare(const void *a, const void *b); /* for qsort and bsearch of const char *, as bytes */
/* A whole decimal number, no sign but '-', no blanks. */
bool text_to_long(const char *text, long long min, long long max, long long *ret_value);
/* "250ms", "5s", "15min", "2h", "1d" -> milliseconds. */
bool text_to_ms(const char *text, long long *ret_ms);
/* By parts, each a whole number of any length; what is not a digit separates; trailing zero parts do not count, so
 * that 1 = 1.0 = 01 (Flyway's rule: MigrationVersion.java). */
int text_compare_numbers(const char *a, const char *b);
/* The offset of the UTF-8 character with this number, from 1, as PostgreSQL counts; of the text's end at most. */
size_t text_character(const char *text, int number);
/* 1-based line and column (in bytes) of an offset. */
void text_position(const char *text, size_t offset, int *ret_line, int *ret_column);
