/* `greylag tag`: names of releases, which `down --to` understands. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

static void print_tags(const json_t *json, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    struct table table = {.columns = 0};
    size_t i;
    const json_t *tag;
    if (json_array_size(json_object_get(json, "tags")) == 0)
        buf_adds(out, "There is no tag yet: greylag tag NAME names the newest release.\n");
    else
        table_row(&table, 5, "TAG", "RELEASE", "WHEN", "STATE", "BY");
    json_array_foreach(json_object_get(json, "tags"), i, tag)
        table_row(&table, 5, json_text(tag, "name"), json_text(tag, "release"),
                  cli_when(tag, "acceptedAtUs", &arena), json_text(tag, "state"), json_text(tag, "madeBy"));
    table_print(&table, "", out);
}

bool cli_tag_find(struct http_client *client, const char *name, struct arena *arena, const char **ret_release,
                  struct err *err)
{
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    size_t i;
    const json_t *tag;
    *ret_release = NULL;
    if (!http_call(client, "GET", "/api/v1/tags", NULL, NULL, &reply, err))
        return false;
    json_array_foreach(json_object_get(reply.json, "tags"), i, tag)
    {
        if (strcmp(json_text(tag, "name"), name) == 0)
            *ret_release = arena_strdup(arena, json_text(tag, "release"));
    }
    return true;
}

static bool change_tag(const struct cmdline *line, struct http_client *client, struct http_reply *reply,
                       struct err *err)
{
    const char *name = line->arguments[0];
    auto_buf struct buf path = BUF_INIT(4096);
    if (cmdline_has(line, "delete")) {
        buf_adds(&path, "/api/v1/tags/");
        http_add_escaped(&path, name);
        return http_call(client, "DELETE", buf_text(&path), NULL, NULL, reply, err);
    }
    json_t *body =
        json_pack("{s:s, s:s}", "name", name, "release", line->argument_count > 1 ? line->arguments[1] : "latest");
    bool ok = http_call(client, "POST", "/api/v1/tags", body, NULL, reply, err);
    json_decref(body);
    return ok;
}

static int tag_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    struct http_client *client = NULL;
    auto_http_reply struct http_reply reply = HTTP_REPLY_INIT;
    bool gone = cmdline_has(line, "delete");
    if (gone && line->argument_count != 1) {
        err_set(&err, ERR_USAGE, "--delete takes the name of one tag");
        return cmdline_fail(line, &err);
    }
    if (line->argument_count == 0)
        return cli_get(line, "/api/v1/tags", print_tags);
    bool ok = cli_client(line, &client, &err) && change_tag(line, client, &reply, &err);
    http_client_free(client);
    if (!ok)
        return cmdline_fail(line, &err);
    if (cli_json(line))
        cli_print_json(reply.json);
    else if (gone)
        cli_tell("the tag %s is gone\n", line->arguments[0]);
    else
        cli_tell("%s is release %s; `greylag down --to %s` goes back to its end\n", line->arguments[0],
                 json_text(reply.json, "release"), line->arguments[0]);
    return EXIT_CODE_DONE;
}

static const struct cmd_option options[] = {{"delete", 0, NULL, "take the name away; its release stays", 0},
                                            CMD_OPTIONS_END};

const struct command tag_command = {
    .name = "tag",
    .summary = "name a release, or list the names",
    .arguments = "[NAME [RELEASE]]",
    .arguments_max = 2,
    .description = "RELEASE is its id, or the newest when it is left out. A tag is 1 to 63 letters, digits and . _ -, "
                   "and begins with a letter, so that no version is one. A name stands on one release for good, unless "
                   "it is taken away.",
    .example = "greylag tag before-summer-sale\ngreylag down --to before-summer-sale",
    .options = {options, cli_server_options, cli_json_options},
    .run = tag_run,
};
