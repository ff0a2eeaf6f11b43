#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli_internal.h"

void cli_add_finding(struct buf *out, bool error, const char *where, const char *rule, const char *text,
                     const char *hint)
{
    if (where && *where) {
        text_add_printable(out, where, true);
        buf_adds(out, ": ");
    }
    buf_adds(out, error ? "error: " : "warning: ");
    text_add_printable(out, text, true); /* a second line could look like another finding, or command a workflow */
    buf_addf(out, " [%s]\n", rule);
    if (hint && *hint) {
        buf_adds(out, "    ");
        text_add_printable(out, hint, true);
        buf_addc(out, '\n');
    }
}

static const char *finding_where(const struct catalog_finding *finding, struct arena *arena)
{
    if (!finding->file || finding->line <= 0)
        return finding->file ? finding->file : "";
    return finding->column ? arena_printf(arena, "%s:%d:%d", finding->file, finding->line, finding->column)
                           : arena_printf(arena, "%s:%d", finding->file, finding->line);
}

static void catalog_findings(const struct catalog *catalog, struct buf *out)
{
    auto_arena struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *finding = &catalog->findings[i];
        cli_add_finding(out, finding->error, finding_where(finding, &arena), finding->rule, finding->text,
                        finding->hint);
    }
}

static json_t *catalog_findings_json(const struct catalog *catalog)
{
    json_t *list = json_array();
    for (size_t i = 0; i < catalog->finding_count; i++) {
        const struct catalog_finding *finding = &catalog->findings[i];
        json_array_append_new(list, json_pack("{s:b, s:s, s:s?, s:i, s:i, s:s, s:s?}", "error", finding->error, "rule",
                                              finding->rule, "file", finding->file, "line", finding->line, "column",
                                              finding->column, "text", finding->text, "hint", finding->hint));
    }
    return list;
}

void cli_plan_findings(const json_t *findings, struct buf *out)
{
    size_t i;
    const json_t *finding;
    json_array_foreach(findings, i, finding)
        cli_add_finding(out, json_is_true(json_object_get(finding, "error")), NULL, json_text(finding, "rule"),
                        json_text(finding, "text"), json_text(finding, "hint"));
}

size_t cli_error_count(const json_t *findings)
{
    size_t i, errors = 0;
    const json_t *finding;
    json_array_foreach(findings, i, finding)
        errors += json_is_true(json_object_get(finding, "error"));
    return errors;
}

json_t *cli_plan_findings_json(const struct plan_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct plan_finding *finding = &findings->items[i];
        json_array_append_new(list, json_pack("{s:b, s:s, s:s, s:s?}", "error", finding->error, "rule", finding->rule,
                                              "text", finding->text, "hint", finding->hint));
    }
    return list;
}

int cli_refuse_catalog(const struct cmdline *line, const struct catalog *catalog)
{
    if (catalog->error_count == 0)
        return EXIT_CODE_DONE;
    if (cli_json(line)) {
        json_t *json = json_pack("{s:I, s:o}", "errors", (json_int_t)catalog->error_count, "findings",
                                 catalog_findings_json(catalog));
        cli_print_json(json);
        json_decref(json);
        return EXIT_CODE_INVALID;
    }
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    catalog_findings(catalog, &out);
    buf_addf(&out, "%s: %zu error%s in the files: nothing was done\n", line->path, catalog->error_count,
             catalog->error_count == 1 ? "" : "s");
    cmdline_say(&out);
    return EXIT_CODE_INVALID;
}

struct catalog *cli_sound_catalog(const struct cmdline *line, int *ret_code)
{
    struct err err = ERR_INIT;
    struct catalog *catalog = NULL;
    *ret_code = cli_catalog(line, &catalog, &err) ? cli_refuse_catalog(line, catalog) : cmdline_fail(line, &err);
    if (*ret_code == EXIT_CODE_DONE)
        return catalog;
    catalog_free(catalog);
    return NULL;
}

int cli_say_refused(const struct cmdline *line, const json_t *answer, const struct err *err)
{
    const json_t *findings = json_object_get(answer, "findings");
    bool json = cli_json(line);
    if (json && answer)
        cli_print_json(answer);
    if (cli_error_count(findings) == 0)
        return cmdline_fail(line, err);
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (!json)
        cli_plan_findings(findings, &out);
    cmdline_say(&out);
    if (err->kind != ERR_INPUT) /* what the findings do not say: how to go on all the same */
        cmdline_fail(line, err);
    return EXIT_CODE_INVALID;
}
