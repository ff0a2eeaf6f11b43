/* The checked tree as YAML, for libcyaml. */
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "config/node.h"

static int write_out(void *data, unsigned char *bytes, size_t len)
{
    struct buf *out = data;
    buf_add(out, bytes, len);
    return buf_ok(out);
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text)
{
    yaml_event_t event;
    const unsigned char *value = (const unsigned char *)text;
    return yaml_scalar_event_initialize(&event, NULL, NULL, value, (int)strlen(text), 0, 1,
                                        YAML_DOUBLE_QUOTED_SCALAR_STYLE) &&
           yaml_emitter_emit(emitter, &event);
}

static bool emit_node(yaml_emitter_t *emitter, const struct node *node)
{
    if (node->kind == NODE_SCALAR)
        return emit_scalar(emitter, node->text);
    yaml_event_t event;
    int made = node->kind == NODE_LIST
                   ? yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE)
                   : yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_FLOW_MAPPING_STYLE);
    if (!made || !yaml_emitter_emit(emitter, &event))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        if (!emit_node(emitter, node->items[i]))
            return false;
    }
    made = node->kind == NODE_LIST ? yaml_sequence_end_event_initialize(&event)
                                   : yaml_mapping_end_event_initialize(&event);
    return made && yaml_emitter_emit(emitter, &event);
}

static bool emit_document(yaml_emitter_t *emitter, const struct node *root)
{
    yaml_event_t event;
    return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) && yaml_emitter_emit(emitter, &event) &&
           yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) && yaml_emitter_emit(emitter, &event) &&
           emit_node(emitter, root) && yaml_document_end_event_initialize(&event, 1) &&
           yaml_emitter_emit(emitter, &event) && yaml_stream_end_event_initialize(&event) &&
           yaml_emitter_emit(emitter, &event) && yaml_emitter_flush(emitter);
}

bool node_emit(const struct node *root, struct buf *out, struct err *err)
{
    yaml_emitter_t emitter;
    if (!yaml_emitter_initialize(&emitter))
        return err_set(err, ERR_SYSTEM, "out of memory");
    yaml_emitter_set_output(&emitter, write_out, out);
    yaml_emitter_set_encoding(&emitter, YAML_UTF8_ENCODING);
    yaml_emitter_set_width(&emitter, -1);
    bool good = emit_document(&emitter, root);
    if (!good)
        err_set(err, ERR_INTERNAL, "cannot write the checked document: %s", emitter.problem ? emitter.problem : "?");
    yaml_emitter_delete(&emitter);
    return good;
}
