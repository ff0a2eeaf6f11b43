/* What needs a person, as `status`, `health` and their like begin. PURE, but for the time. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/cli_internal.h"

#define SHOWN 12 /* how many are named; a broken network makes hundreds of silent targets */

static void add_place(struct buf *out, const json_t *item)
{
    const char *release = json_text(item, "release"), *service = json_text(item, "service");
    if (*release)
        buf_addf(out, "release %s ", release);
    else if (*json_text(item, "target"))
        buf_addf(out, "%s%s%s ", service, *service ? "/" : "", json_text(item, "target"));
}

static void add_item(struct buf *out, const json_t *item)
{
    char ago[64];
    enum attention kind;
    buf_adds(out, "  ");
    add_place(out, item);
    buf_adds(out, json_text(item, "kind"));
    if (json_number(item, "sinceUs") > 0)
        buf_addf(out, " (%s)", cli_ago(item, "sinceUs", ago));
    if (*json_text(item, "detail")) {
        buf_adds(out, ": ");
        text_add_printable(out, json_text(item, "detail"), true);
    }
    buf_addc(out, '\n');
    if (attention_parse(json_text(item, "kind"), &kind))
        buf_addf(out, "    %s%s%s\n", attention_advice(kind), *json_text(item, "release") ? " " : "",
                 json_text(item, "release"));
}

bool view_attention(const json_t *answer, struct buf *out)
{
    const json_t *list = json_object_get(answer, "attention"), *item;
    size_t i, count = json_array_size(list);
    if (count == 0)
        return false;
    buf_addf(out, "%zu thing%s a person:\n", count, count == 1 ? " needs" : "s need");
    json_array_foreach (list, i, item) {
        if (i < SHOWN)
            add_item(out, item);
    }
    if (count > SHOWN)
        buf_addf(out, "  and %zu more (greylag health --json names all)\n", count - SHOWN);
    return true;
}
