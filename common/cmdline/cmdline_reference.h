/* Help, manual page and Markdown reference, printed from a tree of commands (cmdline.h). Pure; any thread. */
#pragma once
#include "base/buf.h"
#include "cmdline/cmdline.h"

/* What --help prints; `path` is how the command is reached ("greylag release show"). */
void cmdline_help(const struct command *command, const char *path, struct buf *out);
/* A manual page for section 1 of the whole tree, in man(7) macros. */
void cmdline_manual(const struct command *root, struct buf *out);
/* The whole tree as one Markdown page. */
void cmdline_markdown(const struct command *root, struct buf *out);
/* The tables of exit codes and of kinds of errors as a Markdown page. */
void cmdline_markdown_exit_codes(struct buf *out);
/* A completion script for bash. */
void cmdline_completion(const struct command *root, struct buf *out);

/* The pages that a program prints of itself (docs/reference), ended by one without a name. */
struct cmdline_page {
    const char *name;
    void (*print)(const struct command *root, struct buf *out);
};
/* Prints the page to standard output; ERR_USAGE with all names when none is called that. Returns an exit code. */
int cmdline_print_page(const struct cmdline *line, const struct cmdline_page *pages, const char *name);
