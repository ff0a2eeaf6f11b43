#include "store/row.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

json_t *row_string(const char *text)
{
    auto_buf struct buf fit = BUF_INIT(BUF_MAX);
    json_t *json = json_string(text ? text : "");
    if (json)
        return json;
    text_add_utf8(&fit, text);
    return json_string(buf_text(&fit));
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

void row_said(json_t *row, const char *name, const struct server_said *said)
{
    auto_free char *text = said_encode(said);
    if (*text)
        json_object_set_new(row, name, json_loads(text, 0, NULL));
}

void row_number(json_t *row, const char *name, int64_t number)
{
    json_object_set_new(row, name, json_integer(number));
}

void row_flag(json_t *row, const char *name, bool flag)
{
    json_object_set_new(row, name, json_boolean(flag));
}

const char *row_member(struct arena *arena, const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return arena_strdup(arena, text ? text : "");
}

char *rows_text(json_t *rows)
{
    if (json_array_size(rows) > 0)
        return row_dump(rows);
    json_decref(rows);
    return NULL;
}
