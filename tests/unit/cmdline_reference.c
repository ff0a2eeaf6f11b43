/* What is printed from the tree: help that fits a terminal, a manual page that groff accepts, Markdown. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "cmdline/cmdline.h"
#include "cmdline/cmdline_reference.h"

static int nothing(const struct cmdline *line)
{
    (void)line;
    return 0;
}

static const struct cmd_option options[] = {
    {"accept-irreversible", 'a', NULL, "go on although some steps have no way back; the plan names them, one by one, "
                                       "and why", 0},
    {"hidden", 0, NULL, "unseen", CMD_HIDDEN},
    {"a-name-that-is-longer-than-its-column", 0, "VALUE", "short", 0},
    CMD_OPTIONS_END};
static const struct command up = {.name = "up",
                                  .summary = "apply what is pending",
                                  .arguments = "[FILE...]",
                                  .arguments_max = -1,
                                  .description =
                                      ".dots and 'quotes begin lines, a back\\slash too; this paragraph is long enough "
                                      "that it has to be wrapped somewhere.\n\nA second paragraph.",
                                  .example = "goose up\ngoose up --dry-run\n",
                                  .options = {options},
                                  .run = nothing};
static const struct command shy = {.name = "shy", .summary = "unseen too", .run = nothing, .hidden = true};
static const struct command *const commands[] = {&up, &shy, NULL};
static const struct command root = {.name = "goose", .summary = "flies", .subcommands = commands};

Test(cmdline_reference, help_fits_a_terminal)
{
    auto_buf struct buf out = BUF_INIT(65536);
    cmdline_help(&up, "goose up", &out);
    cr_expect_str_eq(buf_text(&out),
                     "goose up: apply what is pending\n"
                     "\n"
                     "Usage: goose up [options] [FILE...]\n"
                     "\n"
                     ".dots and 'quotes begin lines, a back\\slash too; this paragraph is long enough\n"
                     "that it has to be wrapped somewhere.\n"
                     "\n"
                     "A second paragraph.\n"
                     "\n"
                     "Options:\n"
                     "  -a, --accept-irreversible   go on although some steps have no way back; the\n"
                     "                              plan names them, one by one, and why\n"
                     "      --a-name-that-is-longer-than-its-column VALUE\n"
                     "                              short\n"
                     "  -h, --help                  say what the command does, and stop\n"
                     "\n"
                     "Example:\n"
                     "  goose up\n"
                     "  goose up --dry-run\n",
                     "%s", buf_text(&out));
}

Test(cmdline_reference, markdown)
{
    auto_buf struct buf out = BUF_INIT(65536);
    cmdline_markdown(&root, &out);
    const char *text = buf_text(&out);
    cr_expect(strstr(text, "\n## goose up\n\n`goose up [options] [FILE...]`: apply what is pending.\n"), "%s", text);
    cr_expect(strstr(text, "| `-a`, `--accept-irreversible` | go on although"), "%s", text);
    cr_expect_null(strstr(text, "hidden"));
    cr_expect_null(strstr(text, "shy"));
    buf_clear(&out);
    cmdline_markdown_exit_codes(&out);
    cr_expect(strstr(buf_text(&out), "| 3 | the release failed and was rolled back |"));
}

Test(cmdline_reference, manual_page_protects_dots_quotes_and_backslashes)
{
    auto_buf struct buf out = BUF_INIT(65536);
    cmdline_manual(&root, &out);
    const char *text = buf_text(&out);
    cr_expect(strstr(text, ".TH GOOSE 1"));
    cr_expect(strstr(text, "\n\\&.dots and 'quotes"), "%s", text);
    cr_expect(strstr(text, "back\\eslash"));
    cr_expect(strstr(text, "\\fB\\-\\-accept\\-irreversible\\fR"));
}

Test(cmdline_reference, completion_knows_commands_and_options)
{
    auto_buf struct buf out = BUF_INIT(65536);
    cmdline_completion(&root, &out);
    const char *text = buf_text(&out);
    cr_expect(strstr(text, "\"goose\") words=\"up --help\""), "%s", text);
    cr_expect(strstr(text, "\"goose up\") words=\"--accept-irreversible"), "%s", text);
}
