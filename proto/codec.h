/* One codec for everything that crosses a process boundary as JSON: a struct is described by a table of fields, and
 * the same code writes and reads all of them (message.c and fleet.c hold the tables).
 *
 * What always holds: encoding is deterministic, fields in the table's order; decoding never trusts its input: size,
 * depth, types, ranges and required fields are checked, duplicate keys refused, unknown fields ignored. jansson reads
 * and writes. Ownership: what is decoded lives in the arena given. Pure; any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "proto/vocab.h"

/* An optional field that holds its default (0, false, "", an empty list, the first word) is left out when written.
 *
 * What a field holds, and the type of its member.
 * An optional TEXT, ID, NAME, DIGEST or TERM may be ""; a required one may not, but for TEXT. */
enum field_kind {
    FIELD_TEXT,     /* const char *: anything */
    FIELD_ID,       /* const char *: 1 to 512 bytes without control characters */
    FIELD_NAME,     /* const char *: text_is_name */
    FIELD_DIGEST,   /* const char *: 64 lower-case hex digits */
    FIELD_TERM,     /* const char *: 32 lower-case hex digits */
    FIELD_WORD,     /* enum: a text of `words` */
    FIELD_INTEGER,  /* int64_t, min to max */
    FIELD_BOOLEAN,  /* bool */
    FIELD_RECORD,   /* a struct in place, described by `record` */
    FIELD_RECORDS,  /* const struct *, and a size_t count: min to max of them */
    FIELD_INTEGERS, /* const int64_t *, and a size_t count; each from 0 */
    FIELD_NAMES,    /* const char *const *, and a size_t count */
};

struct record;
struct field {
    const char *name;
    enum field_kind kind;
    bool required;
    bool nullable; /* texts: NULL is written by leaving the field out, and read back as NULL */
    size_t offset, count_offset;
    const struct record *record;
    const struct vocabulary *words;
    int64_t min, max;
};

struct record {
    const char *name; /* as in the schema's $defs */
    size_t size;
    const struct field *fields;
    size_t field_count;
    /* What one field alone cannot say; NULL when there is nothing. The err's text follows "path: ". */
    bool (*check)(const void *value, struct err *err);
};

/* Rows of a table. S is the struct's tag, M its member. */
#define FIELD_AT(S, M, KIND, JSON, REQUIRED) .name = (JSON), .kind = (KIND), .required = (REQUIRED), \
    .offset = offsetof(struct S, M)
#define FIELD(S, M, KIND, JSON, REQUIRED) {FIELD_AT(S, M, KIND, JSON, REQUIRED)}
#define FIELD_NULLABLE(S, M, KIND, JSON) {FIELD_AT(S, M, KIND, JSON, false), .nullable = true}
#define FIELD_INT(S, M, JSON, REQUIRED, MIN, MAX)                                                                      \
    {FIELD_AT(S, M, FIELD_INTEGER, JSON, REQUIRED), .min = (MIN), .max = (MAX)}
#define FIELD_ENUM(S, M, JSON, REQUIRED, THING)                                                                        \
    {FIELD_AT(S, M, FIELD_WORD, JSON, REQUIRED), .words = &THING##_vocabulary}
#define FIELD_STRUCT(S, M, JSON, REQUIRED, RECORD) {FIELD_AT(S, M, FIELD_RECORD, JSON, REQUIRED), .record = (RECORD)}
#define FIELD_LIST(S, M, COUNT, KIND, JSON, REQUIRED, RECORD, MIN, MAX)                                                \
    {FIELD_AT(S, M, KIND, JSON, REQUIRED), .count_offset = offsetof(struct S, COUNT), .record = (RECORD),              \
     .min = (MIN), .max = (MAX)}
#define RECORD(VARIABLE, NAME, S, FIELDS, CHECK)                                                                       \
    static const struct record VARIABLE = {NAME, sizeof(struct S), FIELDS, sizeof(FIELDS) / sizeof((FIELDS)[0]), CHECK}

/* A record by itself, in ASCII, new (free()); and back, as record_decode. */
char *record_text(const struct record *record, const void *value);
bool record_read(const struct record *record, const char *json, size_t len, struct arena *arena, void *ret_value,
                 struct err *err);

/* Compact JSON, new (free()); the first field is "version": `version`. Bytes that are not UTF-8 become \xNN. */
char *record_encode(const struct record *record, int version, const void *value, size_t *ret_len);
/* ERR_INPUT: larger than `ceiling`, not JSON, a field missing, of a wrong type or out of range (the text names its
 * path). ERR_CONFLICT: another version. ret_value (record->size bytes) is set only on success. */
bool record_decode(const struct record *record, int version, size_t ceiling, const char *json, size_t len,
                   struct arena *arena, void *ret_value, struct err *err);
