/* Small questions about libpg_query's trees (its protobuf as JSON: pg_query.proto). What they return is borrowed from
 * the tree; NULL is fine for a node. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static inline const char *tree_text(const json_t *node, const char *key)
{
    return json_string_value(json_object_get(node, key));
}

static inline bool tree_is(const json_t *node, const char *key)
{
    return json_is_true(json_object_get(node, key));
}

static inline bool tree_has(const json_t *node, const char *key, const char *value)
{
    const char *text = tree_text(node, key);
    return text && strcmp(text, value) == 0;
}

/* The text of {"String": {"sval": "x"}}; NULL: none. */
static inline const char *tree_string(const json_t *node)
{
    return tree_text(json_object_get(node, "String"), "sval");
}

/* What a list node holds: {"List": {"items": [...]}}. */
static inline const json_t *tree_items(const json_t *node)
{
    return json_object_get(json_object_get(node, "List"), "items");
}
