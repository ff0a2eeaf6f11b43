#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cmdline/cmdline_reference.h"

#define WIDTH 80

/* Adds text wrapped at WIDTH, each line behind `indent` blanks; the first line goes on at `column`. */
static void add_wrapped(struct buf *out, const char *text, int column, int indent)
{
    int at = column;
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (at + (int)word > WIDTH - 1 && at > indent) {
            buf_addf(out, "\n%*s", indent, "");
            at = indent;
        }
        buf_add(out, text, word);
        at += (int)word;
        text += word;
        if (text[0] == '\n' && text[1] == '\n') {
            buf_addf(out, "\n\n%*s", indent, "");
            at = indent;
            text += 2;
        } else if (*text) {
            text++;
            if (*text && at + 1 + (int)strcspn(text, " \n") <= WIDTH - 1) {
                buf_addc(out, ' ');
                at++;
            } else if (*text) {
                buf_addf(out, "\n%*s", indent, "");
                at = indent;
            }
        }
    }
    buf_addc(out, '\n');
}

static void option_label(const struct cmd_option *option, char *label, size_t size)
{
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    text_format(label, size, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
                option->argument ? option->argument : "");
}

static void add_entry(struct buf *out, const char *label, int label_width, const char *prose)
{
    buf_addf(out, "  %-*s", label_width, label);
    if ((int)strlen(label) > label_width)
        buf_addf(out, "\n  %*s", label_width, "");
    buf_adds(out, "  ");
    add_wrapped(out, prose, label_width + 4, label_width + 4);
}

static void add_options(const struct command *command, bool root, struct buf *out)
{
    static const struct cmd_option help = {"help", 'h', NULL, "say what the command does, and stop", 0},
                                   version = {"version", 'V', NULL, "print the version, and stop", 0};
    char label[96];
    buf_adds(out, "\nOptions:\n");
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++) {
            if (option->flags & CMD_HIDDEN)
                continue;
            option_label(option, label, sizeof label);
            add_entry(out, label, 26, option->prose);
        }
    option_label(&help, label, sizeof label);
    add_entry(out, label, 26, help.prose);
    if (!root)
        return;
    option_label(&version, label, sizeof label);
    add_entry(out, label, 26, version.prose);
}

static void add_commands(const struct command *command, struct buf *out)
{
    int width = 0;
    for (size_t i = 0; command->subcommands[i]; i++)
        if (!command->subcommands[i]->hidden && (int)strlen(command->subcommands[i]->name) > width)
            width = (int)strlen(command->subcommands[i]->name);
    buf_adds(out, "\nCommands:\n");
    for (size_t i = 0; command->subcommands[i]; i++)
        if (!command->subcommands[i]->hidden)
            add_entry(out, command->subcommands[i]->name, width, command->subcommands[i]->summary);
}

static void add_example(const char *example, struct buf *out)
{
    buf_adds(out, "\nExample:\n");
    while (*example) {
        size_t len = strcspn(example, "\n");
        buf_adds(out, "  ");
        buf_add(out, example, len);
        buf_addc(out, '\n');
        example += len + (example[len] == '\n');
    }
}

void cmdline_help(const struct command *command, const char *path, struct buf *out)
{
    buf_addf(out, "%s: ", path);
    add_wrapped(out, command->summary, (int)strlen(path) + 2, 2);
    buf_addf(out, "\nUsage: %s%s%s%s\n", path, command->subcommands ? " COMMAND" : " [options]",
             command->arguments ? " " : "", command->arguments ? command->arguments : "");
    if (command->description) {
        buf_addc(out, '\n');
        add_wrapped(out, command->description, 0, 0);
    }
    if (command->subcommands)
        add_commands(command, out);
    add_options(command, !strchr(path, ' '), out);
    if (command->example)
        add_example(command->example, out);
    if (command->subcommands)
        buf_addf(out, "\n\"%s COMMAND --help\" says more about each.\n", path);
}
