/* `greylag matrix`: which version needs which version of other services, and what breaks. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

struct row {
    const struct service *service;
    const struct migration *migration;
};

const char *cli_need_text(const struct dependency *need, struct arena *arena)
{
    return need->range == RANGE_EXACTLY
               ? arena_printf(arena, "%s:%s", need->service, need->version)
               : arena_printf(arena, "%s %s %s", need->service, range_text(need->range), need->version);
}

static const char *needs_text(const struct row *row, struct arena *arena)
{
    struct buf out = BUF_INIT(BUF_MAX);
    for (size_t i = 0; i < row->migration->depends_count; i++)
        buf_addf(&out, "%s%s", i ? ", " : "", cli_need_text(&row->migration->depends[i], arena));
    const char *text = arena_strdup(arena, buf_text(&out));
    buf_release(&out);
    return text;
}

static size_t find_rows(const struct fleet *fleet, bool all, struct arena *arena, struct row **ret_rows)
{
    size_t room = 0, count = 0;
    for (size_t i = 0; i < fleet->service_count; i++)
        room += fleet->services[i].migration_count;
    struct row *rows = arena_array(arena, room + 1, sizeof *rows);
    for (size_t i = 0; i < fleet->service_count; i++) {
        for (size_t m = 0; m < fleet->services[i].migration_count; m++) {
            const struct migration *migration = &fleet->services[i].migrations[m];
            if (all || migration->breaking || migration->depends_count)
                rows[count++] = (struct row){&fleet->services[i], migration};
        }
    }
    *ret_rows = rows;
    return count;
}

static void print_text(const struct row *rows, size_t count, struct arena *arena, struct buf *out)
{
    struct table table = {.columns = 0};
    table_row(&table, 4, "service", "version", "breaking changes", "dependencies");
    for (size_t i = 0; i < count; i++)
        table_row(&table, 4, rows[i].service->name, rows[i].migration->id,
                  rows[i].migration->breaking ? rows[i].migration->name : "", needs_text(&rows[i], arena));
    table_print(&table, "", out);
}

/* An underline inside a word, as in a version, means nothing: GitHub's and CommonMark's rule of emphasis. */
void cli_add_markdown(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        bool inside = *p == '_' && p > text && isalnum((unsigned char)p[-1]) && isalnum((unsigned char)p[1]);
        if (!inside && strchr("\\`*_[]<>|#", *p))
            buf_addc(out, '\\');
        buf_addc(out, *p);
    }
}

static void add_cell(struct buf *out, const char *text)
{
    buf_addc(out, ' ');
    cli_add_markdown(out, text);
    buf_adds(out, " |");
}

static void print_markdown(const struct row *rows, size_t count, struct arena *arena, struct buf *out)
{
    buf_adds(out, "| service | version | breaking changes | dependencies |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        buf_addc(out, '|');
        add_cell(out, rows[i].service->name);
        add_cell(out, rows[i].migration->id);
        add_cell(out, rows[i].migration->breaking ? rows[i].migration->name : "");
        add_cell(out, needs_text(&rows[i], arena));
        buf_addc(out, '\n');
    }
}

static void print_json(const struct row *rows, size_t count, struct arena *arena)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *needs = json_array();
        for (size_t k = 0; k < rows[i].migration->depends_count; k++) {
            const struct dependency *need = &rows[i].migration->depends[k];
            json_array_append_new(needs, json_pack("{s:s, s:s, s:s, s:s}", "service", need->service, "range",
                                                   range_text(need->range), "version", need->version, "text",
                                                   cli_need_text(need, arena)));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:o}", "service", rows[i].service->name, "version",
                                              rows[i].migration->id, "name", rows[i].migration->name, "breaking",
                                              (int)rows[i].migration->breaking, "dependencies", needs));
    }
    json_t *json = json_pack("{s:o}", "versions", list);
    cli_print_json(json);
    json_decref(json);
}

/* ---- graphs: services are nodes ---- */

static void add_quoted(struct buf *out, const char *text, bool mermaid)
{
    for (; *text; text++) {
        if (mermaid && strchr("\"<>&#;`|", *text))
            buf_addf(out, "#%d;", (unsigned char)*text);
        else if (!mermaid && strchr("\"\\", *text))
            buf_addf(out, "\\%c", *text);
        else
            buf_addc(out, *text);
    }
}

static void add_edge(struct buf *out, const char *from, const char *to, const char *label, bool mermaid)
{
    buf_addf(out, mermaid ? "  %s-service" : "  \"%s\"", from);
    buf_adds(out, mermaid ? (*label ? " -- \"" : " --> ") : " -> ");
    if (mermaid && *label) {
        add_quoted(out, label, true);
        buf_addf(out, "\" --> ");
    }
    buf_addf(out, mermaid ? "%s-service" : "\"%s\"", to);
    if (!mermaid && *label) {
        buf_adds(out, " [label=\"");
        add_quoted(out, label, false);
        buf_adds(out, "\"]");
    }
    buf_adds(out, mermaid ? "\n" : ";\n");
}

static void print_graph(const struct fleet *fleet, struct arena *arena, bool mermaid, struct buf *out)
{
    buf_adds(out, mermaid ? "flowchart LR\n" : "digraph fleet {\n  rankdir=LR;\n  node [shape=box];\n");
    for (size_t i = 0; i < fleet->service_count; i++) {
        const struct service *service = &fleet->services[i];
        buf_addf(out, mermaid ? "  %s-service[\"%s\"]\n" : "  \"%s\";\n", service->name, service->name);
        for (size_t d = 0; d < service->depends_on_count; d++)
            add_edge(out, service->name, service->depends_on[d], "", mermaid);
        for (size_t m = 0; m < service->migration_count; m++) {
            const struct migration *migration = &service->migrations[m];
            for (size_t d = 0; d < migration->depends_count; d++) {
                const struct dependency *need = &migration->depends[d];
                if (strcmp(need->service, service->name) != 0)
                    add_edge(
                        out, service->name, need->service,
                        arena_printf(arena, "%s needs %s %s", migration->id, range_text(need->range), need->version),
                        mermaid);
            }
        }
    }
    if (!mermaid)
        buf_adds(out, "}\n");
}

static int print_matrix(const struct cmdline *line, const struct fleet *fleet)
{
    auto_arena struct arena arena = ARENA_INIT;
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    const char *format = cmdline_value(line, "format");
    format = format ? format : "text";
    struct row *rows;
    size_t count = find_rows(fleet, cmdline_has(line, "all"), &arena, &rows);
    if (cli_json(line))
        print_json(rows, count, &arena);
    else if (strcmp(format, "markdown") == 0)
        print_markdown(rows, count, &arena, &out);
    else if (strcmp(format, "mermaid") == 0 || strcmp(format, "dot") == 0)
        print_graph(fleet, &arena, *format == 'm', &out);
    else if (count == 0)
        buf_adds(&out, "No migration breaks anything or depends on another; --all lists every version.\n");
    else
        print_text(rows, count, &arena, &out);
    cli_print(&out);
    return EXIT_CODE_DONE;
}

static int matrix_run(const struct cmdline *line)
{
    static const char *const formats[] = {"text", "markdown", "json", "mermaid", "dot"};
    struct err err = ERR_INIT;
    int code;
    if (!cli_format(line, formats, COUNT_OF(formats), &err))
        return cmdline_fail(line, &err);
    auto_catalog struct catalog *catalog = cli_sound_catalog(line, &code);
    return catalog ? print_matrix(line, &catalog->fleet) : code;
}

static const struct cmd_option options[] = {
    {"format", 0, "FORMAT", "text, markdown, json; as a graph of services: mermaid or dot (Graphviz)", 0},
    {"all", 0, NULL, "every version, not only those that break something or need something", 0},
    CMD_OPTIONS_END};

const struct command matrix_command = {
    .name = "matrix",
    .summary = "which version needs which version of other services, and what breaks",
    .description = "The compatibility matrix, from the files alone. Whether all of it fits together is what \"greylag "
                   "validate\" proves.",
    .example = "greylag matrix --format markdown",
    .options = {options, cli_fleet_options, cli_json_options},
    .run = matrix_run,
};
