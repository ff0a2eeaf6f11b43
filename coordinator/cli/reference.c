/* `greylag reference`: the reference pages, printed from the tree of commands. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/fleet_file.h"
#include "cli/cli_internal.h"
#include "cli/settings.h"
#include "cmdline/cmdline_reference.h"

/* The files that greylag itself reads. */
static void print_files(struct buf *out)
{
    config_markdown(&fleet_format, "fleet.yml", out);
    buf_addc(out, '\n');
    config_markdown(&dependency_format, "migration-dependencies.yml", out);
    buf_addc(out, '\n');
    config_markdown(&settings_format, "~/.config/greylag/config.yml", out);
}

static int reference_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    const char *what = line->arguments[0];
    auto_buf struct buf out = BUF_INIT(BUF_MAX);
    if (strcmp(what, "markdown") == 0)
        cmdline_markdown(line->root, &out);
    else if (strcmp(what, "manual") == 0)
        cmdline_manual(line->root, &out);
    else if (strcmp(what, "exit-codes") == 0)
        cmdline_markdown_exit_codes(&out);
    else if (strcmp(what, "completion") == 0)
        cmdline_completion(line->root, &out);
    else if (strcmp(what, "vocabulary") == 0)
        vocabulary_markdown(&out);
    else if (strcmp(what, "files") == 0)
        print_files(&out);
    else if (strcmp(what, "lint") == 0)
        lint_markdown(&out);
    else
        err_set(&err, ERR_USAGE, "\"%s\" is none of markdown, manual, exit-codes, completion, vocabulary, files, lint",
                what);
    if (err.kind)
        return cmdline_fail(line, &err);
    cli_print(&out);
    return EXIT_CODE_DONE;
}

const struct command reference_command = {
    .name = "reference",
    .summary = "print a page of the reference: markdown, manual, exit-codes, completion, vocabulary, files or lint",
    .arguments = "WHAT",
    .arguments_min = 1,
    .arguments_max = 1,
    .example = "greylag reference manual | man -l -",
    .run = reference_run,
    .hidden = true,
};
