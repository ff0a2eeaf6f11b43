#include "cmdline/cmdline_reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"

/* Calls `visit` for each command that is not hidden, parents first. */
static void walk(const struct command *command, const char *path, struct arena *arena, struct buf *out,
                 void (*visit)(const struct command *, const char *path, struct buf *))
{
    visit(command, path, out);
    for (size_t i = 0; command->subcommands && command->subcommands[i]; i++)
        if (!command->subcommands[i]->hidden)
            walk(command->subcommands[i], arena_printf(arena, "%s %s", path, command->subcommands[i]->name), arena, out,
                 visit);
}

/* ---- manual page ---- */

/* Text as man(7) wants it: backslashes and dashes escaped, no line that begins with a control character. */
static void roff_text(struct buf *out, const char *text)
{
    bool line_start = true;
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\''))
            buf_adds(out, "\\&");
        if (*text == '\\')
            buf_adds(out, "\\e");
        else if (*text == '-')
            buf_adds(out, "\\-");
        else if (text[0] == '\n' && text[1] == '\n') {
            buf_adds(out, "\n.PP\n");
            text++;
        } else
            buf_addc(out, *text);
        line_start = *text == '\n';
    }
    buf_addc(out, '\n');
}

static void roff_options(const struct command *command, struct buf *out)
{
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++) {
            if (option->flags & CMD_HIDDEN)
                continue;
            buf_adds(out, ".TP\n");
            if (option->letter)
                buf_addf(out, "\\fB\\-%c\\fR, ", option->letter);
            buf_adds(out, "\\fB\\-\\-");
            for (const char *p = option->name; *p; p++)
                buf_adds(out, *p == '-' ? "\\-" : (char[]){*p, '\0'});
            buf_adds(out, "\\fR");
            if (option->argument)
                buf_addf(out, " \\fI%s\\fR", option->argument);
            buf_addc(out, '\n');
            roff_text(out, option->prose);
        }
}

/* What follows a command's head, which says its summary. */
static void roff_body(const struct command *command, struct buf *out)
{
    if (command->description) {
        buf_adds(out, ".PP\n");
        roff_text(out, command->description);
    }
    roff_options(command, out);
    if (command->example) {
        buf_adds(out, ".PP\nExample:\n.PP\n.nf\n");
        roff_text(out, command->example);
        buf_adds(out, ".fi\n");
    }
}

static void roff_command(const struct command *command, const char *path, struct buf *out)
{
    buf_addf(out, ".SS \"%s%s%s\"\n", path, command->arguments ? " " : "",
             command->arguments ? command->arguments : "");
    roff_text(out, command->summary);
    roff_body(command, out);
}

static void add_upper(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_addc(out, (char)toupper((unsigned char)*text));
}

void cmdline_manual(const struct command *root, struct buf *out)
{
    struct arena arena = ARENA_INIT;
    buf_adds(out, ".TH ");
    add_upper(out, root->name);
    buf_addf(out, " 1 \"\" \"%s %s\" \"\"\n.SH NAME\n", "greylag", GREYLAG_VERSION);
    buf_addf(out, "%s \\- ", root->name);
    roff_text(out, root->summary);
    buf_addf(out, ".SH SYNOPSIS\n.B %s\n%s\n.SH %s\n", root->name,
             root->subcommands ? "COMMAND [options]" : "[options]", root->subcommands ? "COMMANDS" : "DESCRIPTION");
    if (root->subcommands)
        walk(root, root->name, &arena, out, roff_command);
    else
        roff_body(root, out);
    buf_adds(out, ".SH EXIT STATUS\n");
#define X(name, code, prose)                                                                                           \
    if (root->subcommands || (code) <= EXIT_CODE_USAGE) /* a daemon knows nothing of releases' ends */                 \
        buf_addf(out, ".TP\n.B %d\n%s\n", code, prose);
    EXIT_CODES(X)
#undef X
    arena_release(&arena);
}

/* ---- Markdown ---- */

static void markdown_options(const struct command *command, struct buf *out)
{
    bool first = true;
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++) {
            if (option->flags & CMD_HIDDEN)
                continue;
            if (first)
                buf_adds(out, "\n| option | |\n|---|---|\n");
            first = false;
            buf_adds(out, "| ");
            if (option->letter)
                buf_addf(out, "`-%c`, ", option->letter);
            buf_addf(out, "`--%s%s%s` | %s |\n", option->name, option->argument ? " " : "",
                     option->argument ? option->argument : "", option->prose);
        }
}

static void markdown_command(const struct command *command, const char *path, struct buf *out)
{
    if (!command->run && !command->description && !command->example)
        return;
    buf_addf(out, "\n## %s\n\n`%s%s%s%s`: %s.\n", path, path, command->subcommands ? " COMMAND" : " [options]",
             command->arguments ? " " : "", command->arguments ? command->arguments : "", command->summary);
    if (command->description)
        buf_addf(out, "\n%s\n", command->description);
    markdown_options(command, out);
    if (command->example)
        buf_addf(out, "\n```\n%s%s```\n", command->example,
                 command->example[strlen(command->example) - 1] == '\n' ? "" : "\n");
}

void cmdline_markdown(const struct command *root, struct buf *out)
{
    struct arena arena = ARENA_INIT;
    buf_addf(out, "# %s\n\n%s. This page is printed by the program itself.\n", root->name, root->summary);
    walk(root, root->name, &arena, out, markdown_command);
    arena_release(&arena);
}

void cmdline_markdown_exit_codes(struct buf *out)
{
    buf_adds(out, "# Exit codes and errors\n\nThe same for every command.\n\n| code | |\n|---|---|\n");
#define X(name, code, prose) buf_addf(out, "| %d | %s |\n", code, prose);
    EXIT_CODES(X)
#undef X
    buf_adds(out, "\n## Kinds of errors\n\nEach error has a kind; the HTTP interface names it in `kind`. \"Again\": it "
                  "may pass by itself, and is tried again where that is safe.\n\n| kind | exit code | again | "
                  "|\n|---|---|---|---|\n");
#define X(name, text, retriable, prose)                                                                                \
    if (ERR_##name != ERR_NONE)                                                                                        \
        buf_addf(out, "| %s | %d | %s | %s |\n", text, cmdline_exit_code(&(struct err){.kind = ERR_##name}),           \
                 (retriable) ? "yes" : "", prose);
    ERR_KINDS(X)
#undef X
}

/* ---- completion ---- */

static void completion_command(const struct command *command, const char *path, struct buf *out)
{
    buf_addf(out, "    \"%s\") words=\"", path);
    for (size_t i = 0; command->subcommands && command->subcommands[i]; i++)
        if (!command->subcommands[i]->hidden)
            buf_addf(out, "%s ", command->subcommands[i]->name);
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++)
            if (!(option->flags & CMD_HIDDEN))
                buf_addf(out, "--%s ", option->name);
    buf_adds(out, "--help\" ;;\n");
}

void cmdline_completion(const struct command *root, struct buf *out)
{
    struct arena arena = ARENA_INIT;
    buf_addf(out,
             "# bash completion for %s\n_%s() {\n  local words=\"\" path=\"%s\" i\n"
             "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
             "    [[ ${COMP_WORDS[i]} == -* ]] || path+=\" ${COMP_WORDS[i]}\"\n  done\n  case \"$path\" in\n",
             root->name, root->name, root->name);
    walk(root, root->name, &arena, out, completion_command);
    buf_addf(out, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o "
                  "default -F _%s %s\n",
             root->name, root->name);
    arena_release(&arena);
}

int cmdline_print_page(const struct cmdline *line, const struct cmdline_page *pages, const char *name)
{
    auto_buf struct buf out = BUF_INIT(BUF_MAX), names = BUF_INIT(4096);
    for (const struct cmdline_page *page = pages; page->name; page++) {
        buf_addf(&names, "%s%s", names.len ? ", " : "", page->name);
        if (strcmp(page->name, name) != 0)
            continue;
        page->print(line->root, &out);
        fputs(buf_text(&out), stdout);
        return EXIT_CODE_DONE;
    }
    struct err err = ERR_INIT;
    err_set(&err, ERR_USAGE, "\"%s\" is none of %s", name, buf_text(&names));
    return cmdline_fail(line, &err);
}
