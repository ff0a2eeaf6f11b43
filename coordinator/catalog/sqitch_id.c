/* The ids of changes and tags: SHA-1 over what the plan says of them (lib/App/Sqitch/Plan/Change.pm, Plan/Tag.pm: info,
 * id). */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "catalog/sqitch.h"
#include "crypto/sha1.h"

/* `$uri->canonical` of Perl's URI, as far as no escape is in it: scheme and host in small letters, a path, no usual
 * port. */
static const char *canonical(struct layout_run *run, const char *uri)
{
    char *text = arena_strdup(run->arena, uri);
    char *host = strstr(text, "://");
    if (!host)
        return text;
    host += strlen("://");
    size_t end = (size_t)(host - text) + strcspn(host, "/?#");
    for (size_t i = 0; i < end; i++)
        text[i] = (char)tolower((unsigned char)text[i]);
    bool secure = text_starts(text, "https:"), web = secure || text_starts(text, "http:");
    const char *rest = text + end, *port = secure ? ":443" : ":80";
    size_t keep = end, len = strlen(port);
    if (web && end >= len && strncmp(text + end - len, port, len) == 0)
        keep -= len;
    return arena_printf(run->arena, "%.*s%s%s", (int)keep, text, web && *rest != '/' ? "/" : "", rest);
}

static const char *id_of(struct layout_run *run, const char *kind, const struct buf *info)
{
    auto_buf struct buf content = BUF_INIT(BUF_MAX);
    buf_addf(&content, "%s %zu", kind, info->len);
    buf_addc(&content, 0);
    buf_add(&content, buf_text(info), info->len);
    char *hex = arena_alloc(run->arena, SHA1_HEX_SIZE);
    sha1_hex(buf_text(&content), content.len, hex);
    return hex;
}

static void add_head(struct buf *info, const struct sqitch_plan *plan)
{
    buf_addf(info, "project %s\n", plan->project);
    if (plan->uri)
        buf_addf(info, "uri %s\n", plan->uri);
}

static void add_origin(struct buf *info, const struct sqitch_origin *origin)
{
    buf_addf(info, "planner %s <%s>\ndate %s", origin->name, origin->email, origin->date);
}

static void add_depends(struct buf *info, const char *what, const char *between, const struct sqitch_depends *depends)
{
    for (size_t i = 0; i < depends->count; i++)
        buf_addf(info, "\n%s%s%s%s", i ? "" : what, i ? "" : "\n", between, depends->items[i].text);
}

static const char *change_id(struct layout_run *run, const struct sqitch_plan *plan, size_t i)
{
    const struct sqitch_change *change = &plan->changes[i];
    auto_buf struct buf info = BUF_INIT(BUF_MAX);
    add_head(&info, plan);
    buf_addf(&info, "change %s\n", change->name);
    if (i)
        buf_addf(&info, "parent %s\n", plan->changes[i - 1].id);
    add_origin(&info, &change->origin);
    add_depends(&info, "requires", "  + ", &change->requires);
    add_depends(&info, "conflicts", "  - ", &change->conflicts);
    if (*change->origin.note)
        buf_addf(&info, "\n\n%s", change->origin.note);
    return id_of(run, "change", &info);
}

static const char *tag_id(struct layout_run *run, const struct sqitch_plan *plan, const struct sqitch_tag *tag)
{
    auto_buf struct buf info = BUF_INIT(BUF_MAX);
    add_head(&info, plan);
    buf_addf(&info, "tag @%s\nchange %s\n", tag->name, plan->changes[tag->change].id);
    add_origin(&info, &tag->origin);
    if (*tag->origin.note)
        buf_addf(&info, "\n\n%s", tag->origin.note);
    return id_of(run, "tag", &info);
}

void sqitch_set_ids(struct layout_run *run, struct sqitch_plan *plan)
{
    if (plan->uri && strchr(plan->uri, '%'))
        return;
    if (plan->uri)
        plan->uri = canonical(run, plan->uri);
    for (size_t i = 0; i < plan->change_count; i++)
        plan->changes[i].id = change_id(run, plan, i);
    for (size_t i = 0; i < plan->tag_count; i++)
        plan->tags[i].id = tag_id(run, plan, &plan->tags[i]);
}
