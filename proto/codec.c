#include "proto/codec.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crypto/digest.h"

#define ID_MAX 512

static const void *at(const void *value, size_t offset)
{
    return (const char *)value + offset;
}

/* ---- writing ---- */

/* jansson refuses what is not UTF-8; a server's message may hold any bytes, and must not be lost for it. */
static json_t *text_value(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    auto_buf struct buf fit = BUF_INIT(BUF_MAX);
    text_add_utf8(&fit, text);
    return json_string(buf_text(&fit));
}

static json_t *record_value(const struct record *record, const void *value, json_t *object);

static json_t *list_value(const struct field *field, const void *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item;
        if (field->kind == FIELD_INTEGERS)
            item = json_integer(((const int64_t *)items)[i]);
        else if (field->kind == FIELD_NAMES)
            item = text_value(((const char *const *)items)[i]);
        else
            item = record_value(field->record, at(items, i * field->record->size), json_object());
        json_array_append_new(list, item);
    }
    return list;
}

/* What set_default gives back. */
static bool is_default(const struct field *field, const void *member, const void *value);

static bool is_empty(const struct record *record, const void *value)
{
    for (size_t i = 0; i < record->field_count; i++)
        if (!is_default(&record->fields[i], at(value, record->fields[i].offset), value))
            return false;
    return true;
}

static bool is_default(const struct field *field, const void *member, const void *value)
{
    const char *text;
    switch (field->kind) {
    case FIELD_WORD:
        return *(const unsigned *)member == 0;
    case FIELD_INTEGER:
        return *(const int64_t *)member == (field->min > 0 ? field->min : 0);
    case FIELD_BOOLEAN:
        return !*(const bool *)member;
    case FIELD_RECORD:
        return is_empty(field->record, member);
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        return *(const size_t *)at(value, field->count_offset) == 0;
    default:
        text = *(const char *const *)member;
        return !text || (!*text && !field->nullable);
    }
}

/* NULL: nothing to write. */
static json_t *field_value(const struct field *field, const void *member, const void *value)
{
    const char *text;
    if (!field->required && is_default(field, member, value))
        return NULL;
    switch (field->kind) {
    case FIELD_WORD:
        return json_string(vocabulary_text(field->words, *(const unsigned *)member));
    case FIELD_INTEGER:
        return json_integer(*(const int64_t *)member);
    case FIELD_BOOLEAN:
        return json_boolean(*(const bool *)member);
    case FIELD_RECORD:
        return record_value(field->record, member, json_object());
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        return list_value(field, *(const void *const *)member, *(const size_t *)at(value, field->count_offset));
    default:
        text = *(const char *const *)member;
        return text_value(text ? text : "");
    }
}

static json_t *record_value(const struct record *record, const void *value, json_t *object)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        json_t *json = field_value(field, at(value, field->offset), value);
        if (json)
            json_object_set_new_nocheck(object, field->name, json);
    }
    return object;
}

/* Steals object. */
static char *dump(json_t *object, size_t flags)
{
    char *text = json_dumps(object, JSON_COMPACT | flags);
    json_decref(object);
    if (!text) {
        fputs("greylag: out of memory (a message)\n", stderr);
        abort();
    }
    return text;
}

char *record_encode(const struct record *record, int version, const void *value, size_t *ret_len)
{
    json_t *object = json_object();
    json_object_set_new_nocheck(object, "version", json_integer(version));
    char *text = dump(record_value(record, value, object), 0);
    *ret_len = strlen(text);
    return text;
}

char *record_text(const struct record *record, const void *value)
{
    return dump(record_value(record, value, json_object()), JSON_ENSURE_ASCII);
}

/* ---- reading ---- */

struct reader {
    struct arena *arena;
    struct err *err;
    char path[200]; /* of the field that is read: "requests[3].checksum" */
};

static size_t path_add(struct reader *reader, const char *name, size_t index)
{
    size_t before = strlen(reader->path);
    if (name)
        text_append(reader->path, sizeof reader->path, "%s%s", before ? "." : "", name);
    else
        text_append(reader->path, sizeof reader->path, "[%zu]", index);
    return before;
}

static bool wrong(const struct reader *reader, const char *expected)
{
    return err_set(reader->err, ERR_INPUT, "%s: %s", reader->path[0] ? reader->path : "message", expected);
}

static bool is_id(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return len >= 1 && len <= ID_MAX;
}

static bool is_term(const char *text, size_t len)
{
    return len == 32 && strspn(text, "0123456789abcdef") == len;
}

static bool text_fits(const struct field *field, const char *text, size_t len)
{
    if (len == 0 && !field->required)
        return true;
    switch (field->kind) {
    case FIELD_ID:
        return is_id(text, len);
    case FIELD_NAME:
    case FIELD_NAMES:
        return text_is_name(text);
    case FIELD_DIGEST:
        return digest_is_hex(text);
    case FIELD_TERM:
        return is_term(text, len);
    default:
        return true;
    }
}

static const char *text_wanted(enum field_kind kind)
{
    switch (kind) {
    case FIELD_ID:
        return "not an id (1 to 512 bytes without control characters)";
    case FIELD_NAME:
    case FIELD_NAMES:
        return "not a name ([a-z0-9][a-z0-9-]{0,62})";
    case FIELD_DIGEST:
        return "not a digest (64 lower-case hex digits)";
    case FIELD_TERM:
        return "not a term (32 lower-case hex digits)";
    default:
        return "not a string";
    }
}

static bool read_text(struct reader *reader, const struct field *field, const json_t *json, const char **ret_text)
{
    if (!json_is_string(json))
        return wrong(reader, "not a string");
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    if (!text_fits(field, text, len))
        return wrong(reader, text_wanted(field->kind));
    *ret_text = arena_strndup(reader->arena, text, len);
    return true;
}

static bool read_integer(struct reader *reader, const json_t *json, int64_t min, int64_t max, int64_t *ret_value)
{
    if (!json_is_integer(json))
        return wrong(reader, "not a whole number");
    int64_t value = json_integer_value(json);
    if (value < min || value > max)
        return err_set(reader->err, ERR_INPUT, "%s: %lld is not between %lld and %lld", reader->path,
                       (long long)value, (long long)min, (long long)max);
    *ret_value = value;
    return true;
}

static bool read_word(struct reader *reader, const struct field *field, const json_t *json, unsigned *ret_value)
{
    if (!json_is_string(json))
        return wrong(reader, "not a string");
    if (vocabulary_find(field->words, json_string_value(json), ret_value))
        return true;
    return err_set(reader->err, ERR_INPUT, "%s: \"%s\" is none of its words", reader->path, json_string_value(json));
}

static bool read_record(struct reader *reader, const struct record *record, const json_t *json, void *value);

static size_t item_size(const struct field *field)
{
    if (field->kind == FIELD_RECORDS)
        return field->record->size;
    return field->kind == FIELD_INTEGERS ? sizeof(int64_t) : sizeof(const char *);
}

static bool read_item(struct reader *reader, const struct field *field, const json_t *json, void *item)
{
    if (field->kind == FIELD_RECORDS)
        return read_record(reader, field->record, json, item);
    if (field->kind == FIELD_INTEGERS)
        return read_integer(reader, json, 0, INT64_MAX, item);
    struct field name = {.kind = FIELD_NAMES, .required = true};
    return read_text(reader, &name, json, item);
}

static bool read_list(struct reader *reader, const struct field *field, const json_t *json, void *member,
                      size_t *ret_count)
{
    if (!json_is_array(json))
        return wrong(reader, "not an array");
    size_t count = json_array_size(json);
    if ((int64_t)count < field->min || (int64_t)count > field->max)
        return err_set(reader->err, ERR_INPUT, "%s: %zu entries are not between %lld and %lld", reader->path, count,
                       (long long)field->min, (long long)field->max);
    char *items = count ? arena_array(reader->arena, count, item_size(field)) : NULL;
    for (size_t i = 0; i < count; i++) {
        size_t before = path_add(reader, NULL, i);
        if (!read_item(reader, field, json_array_get(json, i), items + i * item_size(field)))
            return false;
        reader->path[before] = 0;
    }
    *(void **)member = items;
    *ret_count = count;
    return true;
}

static bool read_value(struct reader *reader, const struct field *field, const json_t *json, char *value)
{
    void *member = value + field->offset;
    switch (field->kind) {
    case FIELD_WORD:
        return read_word(reader, field, json, member);
    case FIELD_INTEGER:
        return read_integer(reader, json, field->min, field->max, member);
    case FIELD_BOOLEAN:
        if (!json_is_boolean(json))
            return wrong(reader, "neither true nor false");
        *(bool *)member = json_is_true(json);
        return true;
    case FIELD_RECORD:
        return read_record(reader, field->record, json, member);
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        return read_list(reader, field, json, member, (size_t *)(void *)(value + field->count_offset));
    default:
        return read_text(reader, field, json, member);
    }
}

/* What an optional field is when it is left out. The struct is zeroed already; its texts are never NULL. */
static void set_default(const struct field *field, char *value)
{
    if (field->kind <= FIELD_TERM && !field->nullable)
        *(const char **)(void *)(value + field->offset) = "";
    if (field->kind == FIELD_INTEGER && field->min > 0)
        *(int64_t *)(void *)(value + field->offset) = field->min;
    if (field->kind == FIELD_RECORD)
        for (size_t i = 0; i < field->record->field_count; i++)
            set_default(&field->record->fields[i], value + field->offset);
}

static bool read_record(struct reader *reader, const struct record *record, const json_t *json, void *value)
{
    if (!json_is_object(json))
        return wrong(reader, "not an object");
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const json_t *found = json_object_get(json, field->name);
        size_t before = path_add(reader, field->name, 0);
        if (!found && field->required)
            return wrong(reader, "missing");
        if (!found)
            set_default(field, value);
        else if (!read_value(reader, field, found, value))
            return false;
        reader->path[before] = 0;
    }
    if (!record->check || record->check(value, reader->err))
        return true;
    return reader->path[0] ? err_prefix(reader->err, "%s", reader->path) : false;
}

static bool read_version(struct reader *reader, const json_t *json, int version)
{
    const json_t *found = json_object_get(json, "version");
    if (!json_is_object(json))
        return wrong(reader, "not an object");
    if (!json_is_integer(found))
        return err_set(reader->err, ERR_INPUT, "version: %s", found ? "not a whole number" : "missing");
    if (json_integer_value(found) == version)
        return true;
    return err_set(reader->err, ERR_CONFLICT, "version %lld is not known here; this program speaks version %d",
                   (long long)json_integer_value(found), version);
}

/* `version` 0: a record by itself, which has none. */
static bool decode(const struct record *record, int version, const char *json, size_t len, struct arena *arena,
                   void *ret_value, struct err *err)
{
    json_error_t problem;
    json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &problem);
    if (!root)
        return err_set(err, ERR_INPUT, "not JSON: %s (line %d, column %d)", problem.text, problem.line,
                       problem.column);
    struct reader reader = {.arena = arena, .err = err};
    void *value = arena_alloc(arena, record->size);
    bool good = (!version || read_version(&reader, root, version)) && read_record(&reader, record, root, value);
    json_decref(root);
    if (good)
        memcpy(ret_value, value, record->size);
    return good;
}

bool record_decode(const struct record *record, int version, size_t ceiling, const char *json, size_t len,
                   struct arena *arena, void *ret_value, struct err *err)
{
    if (len > ceiling)
        return err_set(err, ERR_INPUT, "%s of %zu bytes; at most %zu are read", record->name, len, ceiling);
    return decode(record, version, json, len, arena, ret_value, err);
}

bool record_read(const struct record *record, const char *json, size_t len, struct arena *arena, void *ret_value,
                 struct err *err)
{
    return decode(record, 0, json, len, arena, ret_value, err);
}
