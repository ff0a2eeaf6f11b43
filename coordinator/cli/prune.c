/* `greylag prune`: what is over in the control database. */
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli_internal.h"

static const char *size_text(json_int_t bytes, struct arena *arena)
{
    if (bytes < 1 << 20)
        return arena_printf(arena, "%lld KiB", (long long)(bytes + 1023) / 1024);
    return arena_printf(arena, "%.1f MiB", (double)bytes / (1 << 20));
}

static const json_t *table_of(const json_t *answer, const char *name)
{
    size_t i;
    const json_t *item;
    json_array_foreach (json_object_get(answer, "tables"), i, item) {
        if (strcmp(json_text(item, "table"), name) == 0)
            return item;
    }
    return NULL;
}

static void print_over(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    char keep[CLOCK_TEXT_SIZE];
    bool shown = json_is_array(json_object_get(json, "tables"));
    json_int_t rows = 0;
    size_t i;
    const json_t *item;
    table_row(&table, 5, "TABLE", shown ? "ROWS" : "", shown ? "SIZE" : "", shown ? "OVER" : "GONE", "");
    json_array_foreach (json_object_get(json, "over"), i, item) {
        const json_t *size = table_of(json, json_text(item, "table"));
        rows += json_number(item, "rows");
        table_row(&table, 5, json_text(item, "table"),
                  size ? arena_printf(&arena, "%lld", (long long)json_number(size, "rows")) : "",
                  size ? size_text(json_number(size, "bytes"), &arena) : "",
                  arena_printf(&arena, "%lld", (long long)json_number(item, "rows")), json_text(item, "what"));
    }
    table_print(&table, "", out);
    if (json_number(json, "keepMs") == 0)
        buf_adds(out, "\nEverything is kept for ever; --keep TIME shows what would be over.\n");
    else
        buf_addf(out, "\nWhat ended longer than %s ago is over.%s\n",
                 clock_duration(json_number(json, "keepMs") * 1000, keep),
                 shown && rows ? " The coordinator takes it away every hour; --yes does it now." : "");
}

static bool prune(const struct cmdline *line, int64_t keep_ms, struct http_reply *reply, struct err *err)
{
    struct http_client *client = NULL;
    auto_free char *path =
        keep_ms ? xasprintf("/api/v1/retention?keepMs=%lld", (long long)keep_ms) : xasprintf("/api/v1/retention");
    if (!cli_client(line, &client, err))
        return false;
    bool more = cmdline_has(line, "yes"), ok = true;
    if (!more)
        ok = http_call(client, "GET", path, NULL, NULL, reply, err);
    while (ok && more) {
        json_t *body = keep_ms ? json_pack("{s:I}", "keepMs", (json_int_t)keep_ms) : json_object();
        ok = http_call(client, "POST", "/api/v1/retention", body, NULL, reply, err);
        json_decref(body);
        more = ok && json_is_true(json_object_get(reply->json, "more"));
    }
    http_client_free(client);
    return ok;
}

static int prune_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    int64_t keep_ms = 0;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    if (!cmdline_duration_ms(line, "keep", &keep_ms, &err) || !prune(line, keep_ms, &reply, &err))
        return cmdline_fail(line, &err);
    return cli_print_answer(line, reply.json, print_over);
}

static const struct cmd_option options[] = {
    {"keep", 0, "TIME", "for how long what has ended is kept (90d); otherwise the coordinator's `retention`", 0},
    {"yes", 'y', NULL, "take it away now", 0},
    CMD_OPTIONS_END};

const struct command prune_command = {
    .name = "prune",
    .summary = "what is over in the control database; with --yes take it away",
    .description =
        "Of releases that ended long ago decisions, jobs, orders and superseded outcomes go; where nothing of "
        "a release is in effect and it has no tag, its plan as well. The release itself stays listed. What is "
        "applied, what a way back needs, and the newest release always stay.",
    .example = "greylag prune --keep 90d",
    .options = {options, cli_server_options, cli_json_options},
    .run = prune_run,
};
