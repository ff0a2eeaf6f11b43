/* links: proto */
/* The schemas in proto/schema and the codec's tables say the same: names, types, what is required, limits, words. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "proto/message_tables.h"

#define MATCHES(a, b) cr_assert(text_equal((a), (b)), "%s: \"%s\" in the schema, \"%s\" in the table", where, (a), (b))

static size_t compared;

static const char *text_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static const char *wanted_type(enum field_kind kind)
{
    switch (kind) {
    case FIELD_INTEGER:
        return "integer";
    case FIELD_BOOLEAN:
        return "boolean";
    case FIELD_RECORD:
        return NULL; /* a $ref */
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        return "array";
    default:
        return "string";
    }
}

static const char *wanted_pattern(const struct field *field)
{
    switch (field->kind) {
    case FIELD_ID:
        return field->required ? "^[^\\u0000-\\u001f\\u007f]+$" : "^[^\\u0000-\\u001f\\u007f]*$";
    case FIELD_NAME:
        return "^[a-z0-9][a-z0-9-]{0,62}$";
    case FIELD_DIGEST:
        return field->required ? "^[0-9a-f]{64}$" : "^([0-9a-f]{64})?$";
    case FIELD_TERM:
        return field->required ? "^[0-9a-f]{32}$" : "^([0-9a-f]{32})?$";
    default:
        return NULL;
    }
}

static void compare_words(const char *where, const json_t *schema, const struct vocabulary *words)
{
    const json_t *list = json_object_get(schema, "enum");
    cr_assert_eq(json_array_size(list), words->count, "%s: %zu words in the schema", where, json_array_size(list));
    for (size_t i = 0; i < words->count; i++)
        MATCHES(json_string_value(json_array_get(list, i)), words->texts[i]);
}

static void compare_limit(const char *where, const json_t *schema, const char *name, int64_t limit, int64_t none)
{
    const json_t *found = json_object_get(schema, name);
    cr_assert_eq(found ? json_integer_value(found) : none, limit, "%s: %s", where, name);
}

static void compare_record(const char *where, const json_t *root, const json_t *schema, const struct record *record,
                           size_t extra);

static void compare_reference(const char *where, const json_t *root, const json_t *schema, const struct record *record)
{
    auto_free char *wanted = xasprintf("#/$defs/%s", record->name);
    MATCHES(text_at(schema, "$ref"), wanted);
    const json_t *definition = json_object_get(json_object_get(root, "$defs"), record->name);
    cr_assert_not_null(definition, "%s: $defs has no %s", where, record->name);
    compare_record(where, root, definition, record, 0);
}

static void compare_field(const char *where, const json_t *root, const json_t *schema, const struct field *field)
{
    cr_assert_gt(strlen(text_at(schema, "description") ? text_at(schema, "description") : ""), 5, "%s", where);
    MATCHES(text_at(schema, "type"), wanted_type(field->kind));
    MATCHES(text_at(schema, "pattern"), wanted_pattern(field));
    cr_assert_not(field->nullable, "%s: the schemas know no null", where);
    const json_t *items = json_object_get(schema, "items");
    compared++;
    switch (field->kind) {
    case FIELD_ID:
        compare_limit(where, schema, "maxLength", 512, 0);
        break;
    case FIELD_WORD:
        compare_words(where, schema, field->words);
        break;
    case FIELD_INTEGER:
        compare_limit(where, schema, "minimum", field->min, INT64_MIN);
        compare_limit(where, schema, "maximum", field->max, INT64_MAX);
        break;
    case FIELD_RECORD:
        compare_reference(where, root, schema, field->record);
        break;
    case FIELD_RECORDS:
    case FIELD_INTEGERS:
    case FIELD_NAMES:
        compare_limit(where, schema, "minItems", field->min, 0);
        compare_limit(where, schema, "maxItems", field->max, INT64_MAX);
        if (field->kind == FIELD_RECORDS)
            compare_reference(where, root, items, field->record);
        else
            MATCHES(text_at(items, "type"), field->kind == FIELD_INTEGERS ? "integer" : "string");
        break;
    default:
        break;
    }
}

static bool is_required(const json_t *schema, const char *name)
{
    const json_t *list = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (text_equal(json_string_value(json_array_get(list, i)), name))
            return true;
    return false;
}

/* `extra`: properties beside those of the table (version). */
static void compare_record(const char *where, const json_t *root, const json_t *schema, const struct record *record,
                           size_t extra)
{
    const json_t *properties = json_object_get(schema, "properties");
    MATCHES(text_at(schema, "type"), "object");
    cr_assert_eq(json_object_size(properties), record->field_count + extra, "%s: %zu properties, %zu fields", where,
                 json_object_size(properties), record->field_count);
    size_t required = extra;
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        auto_free char *path = xasprintf("%s.%s", where, field->name);
        const json_t *property = json_object_get(properties, field->name);
        cr_assert_not_null(property, "%s is not in the schema", path);
        cr_assert_eq(is_required(schema, field->name), field->required, "%s: required", path);
        required += field->required;
        compare_field(path, root, property, field);
    }
    cr_assert_eq(json_array_size(json_object_get(schema, "required")), required, "%s: required", where);
}

Test(schema, says_what_the_tables_say)
{
    static const char *const names[] = {
#define X(upper, lower) #lower,
        MESSAGE_TYPES(X)
#undef X
    };
    for (unsigned type = 0; type < MESSAGE_TYPE_COUNT; type++) {
        auto_free char *path = xasprintf(GREYLAG_SOURCE_DIR "/proto/schema/%s.schema.json", names[type]);
        json_error_t problem;
        json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
        cr_assert_not_null(root, "%s:%d: %s", path, problem.line, problem.text);
        cr_assert_str_eq(text_at(root, "$schema"), "https://json-schema.org/draft/2020-12/schema");
        const json_t *version = json_object_get(json_object_get(root, "properties"), "version");
        cr_assert_eq(json_integer_value(json_object_get(version, "const")), MESSAGE_VERSION);
        cr_assert(strstr(text_at(root, "description"), message_payload_type(type)));
        cr_assert(is_required(root, "version"));
        compare_record(names[type], root, root, message_record(type), 1);
        json_decref(root);
    }
    printf("# %zu fields compared\n", compared);
}
