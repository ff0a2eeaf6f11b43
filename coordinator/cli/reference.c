/* `greylag reference`: the reference pages, printed from the tree of commands. */
#include "catalog/fleet_file.h"
#include "cli/cli_internal.h"
#include "cli/settings.h"
#include "cmdline/cmdline_reference.h"

/* The files that greylag itself reads. */
static void print_files(const struct command *root, struct buf *out)
{
    (void)root;
    config_markdown(&fleet_format, "fleet.yml", out);
    buf_addc(out, '\n');
    config_markdown(&dependency_format, "migration-dependencies.yml", out);
    buf_addc(out, '\n');
    config_markdown(&settings_format, "~/.config/greylag/config.yml", out);
}

static void print_exit_codes(const struct command *root, struct buf *out)
{
    (void)root;
    cmdline_markdown_exit_codes(out);
}

static void print_vocabulary(const struct command *root, struct buf *out)
{
    (void)root;
    vocabulary_markdown(out);
}

static void print_lint(const struct command *root, struct buf *out)
{
    (void)root;
    lint_markdown(out);
}

static void print_findings(const struct command *root, struct buf *out)
{
    (void)root;
    findings_markdown(out);
}

static int reference_run(const struct cmdline *line)
{
    static const struct cmdline_page pages[] = {{"markdown", cmdline_markdown},
                                                {"manual", cmdline_manual},
                                                {"exit-codes", print_exit_codes},
                                                {"completion", cmdline_completion},
                                                {"vocabulary", print_vocabulary},
                                                {"files", print_files},
                                                {"lint", print_lint},
                                                {"findings", print_findings},
                                                {NULL, NULL}};
    return cmdline_print_page(line, pages, line->arguments[0]);
}

const struct command reference_command = {
    .name = "reference",
    .summary =
        "print a page of the reference: markdown, manual, exit-codes, completion, vocabulary, files, lint or findings",
    .arguments = "WHAT",
    .arguments_min = 1,
    .arguments_max = 1,
    .example = "greylag reference manual | man -l -",
    .run = reference_run,
    .hidden = true,
};
