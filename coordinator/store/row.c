#include "store/row.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

json_t *row_string(const char *text)
{
    if (!text)
        return json_string("");
    size_t len = strlen(text), at = 0;
    if (!text_is_utf8(text, len, &at))
        len = at;
    return json_stringn(text, len);
}

char *row_dump(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text ? text : xstrdup("null");
}

void row_text(json_t *row, const char *name, const char *text)
{
    json_object_set_new(row, name, row_string(text));
}

void row_number(json_t *row, const char *name, int64_t number)
{
    json_object_set_new(row, name, json_integer(number));
}

void row_flag(json_t *row, const char *name, bool flag)
{
    json_object_set_new(row, name, json_boolean(flag));
}

char *rows_text(json_t *rows)
{
    if (json_array_size(rows) > 0)
        return row_dump(rows);
    json_decref(rows);
    return NULL;
}
