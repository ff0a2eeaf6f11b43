#include "cmdline/cmdline.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "base/wrap.h"
#include "cmdline/cmdline_reference.h"

#define OPTIONS_MAX 64
#define ARGUMENTS_MAX 4096

static const struct cmd_option help_option = {"help", 'h', NULL, "say what the command does, and stop", 0};
static const struct cmd_option version_option = {"version", 'V', NULL, "print the version, and stop", 0};

struct value {
    const struct cmd_option *option;
    const char *text; /* NULL for a switch */
};

struct values {
    struct arena arena;
    struct value items[ARGUMENTS_MAX];
    size_t count;
};

/* Everything that one level of the tree accepts, in getopt_long's form as well. */
struct accepted {
    const struct cmd_option *options[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    const char *names[OPTIONS_MAX]; /* "--json", for suggestions */
    char shorts[OPTIONS_MAX * 2 + 3];
    size_t count;
};

static void accept_option(struct accepted *accepted, const struct cmd_option *option, struct arena *arena)
{
    if (accepted->count == OPTIONS_MAX)
        return;
    size_t i = accepted->count++;
    accepted->options[i] = option;
    accepted->names[i] = arena_printf(arena, "--%s", option->name);
    accepted->longs[i] = (struct option){.name = option->name,
                                         .has_arg = option->argument ? required_argument : no_argument,
                                         .val = 256 + (int)i};
    if (option->letter)
        text_append(accepted->shorts, sizeof accepted->shorts, "%c%s", option->letter, option->argument ? ":" : "");
}

static void accepted_collect(const struct command *command, bool root, struct accepted *accepted, struct arena *arena)
{
    /* "-": everything comes in the order typed, nothing is moved; ":" tells a missing value from an unknown option. */
    snprintf(accepted->shorts, sizeof accepted->shorts, "-:");
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++)
            accept_option(accepted, option, arena);
    accept_option(accepted, &help_option, arena);
    if (root)
        accept_option(accepted, &version_option, arena);
}

#define COLUMNS_LEAST 40

size_t cmdline_columns(int fd)
{
    struct winsize size = {.ws_col = 0};
    bool terminal = isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0;
    return terminal && size.ws_col >= COLUMNS_LEAST ? size.ws_col : 0;
}

void cmdline_say(const struct buf *text)
{
    size_t width = cmdline_columns(STDERR_FILENO);
    struct buf wrapped = BUF_INIT(BUF_MAX);
    if (width)
        wrap_add(&wrapped, buf_text(text), text->len, width);
    fputs(buf_text(width ? &wrapped : text), stderr);
    buf_release(&wrapped);
}

static void usage_problem(const char *path, const char *text, const char *hint)
{
    struct buf out = BUF_INIT(65536);
    buf_addf(&out, "%s: ", path);
    text_add_printable(&out, text, true);
    buf_addc(&out, '\n');
    if (hint && *hint) {
        buf_adds(&out, "  ");
        text_add_printable(&out, hint, true);
        buf_addc(&out, '\n');
    }
    buf_addf(&out, "  \"%s --help\" shows what it takes.\n", path);
    cmdline_say(&out);
    buf_release(&out);
}

static int refuse(const struct cmdline *line, const char *text, const char *hint)
{
    usage_problem(line->path, text, hint);
    return EXIT_CODE_USAGE;
}

static const char *suggestion(struct arena *arena, const struct nearest *nearest)
{
    return nearest->candidate ? arena_printf(arena, "Did you mean \"%s\"?", nearest->candidate) : NULL;
}

static struct values *values_of(const struct cmdline *line)
{
    return line->values;
}

/* The text of a long option as typed, without its value. */
static const char *option_typed(struct arena *arena, const char *word)
{
    const char *equals = strchr(word, '=');
    return arena_strndup(arena, word, equals ? (size_t)(equals - word) : strlen(word));
}

static int unknown_option(const struct cmdline *line, const struct accepted *accepted, const char *word)
{
    struct arena *arena = &values_of(line)->arena;
    if (!text_starts(word, "--"))
        return refuse(line, arena_printf(arena, "unknown option -%c", optopt > 0 && optopt < 256 ? optopt : '?'), NULL);
    const char *typed = option_typed(arena, word);
    struct nearest nearest = nearest_to(typed);
    for (size_t i = 0; i < accepted->count; i++) {
        if (!accepted->options[i]->argument && strcmp(accepted->names[i], typed) == 0)
            return refuse(line, arena_printf(arena, "option %s takes no value", typed), NULL);
        nearest_offer(&nearest, accepted->names[i]);
    }
    return refuse(line, arena_printf(arena, "unknown option %s", typed), suggestion(arena, &nearest));
}

static int missing_value(const struct cmdline *line, const struct accepted *accepted, const char *word)
{
    struct arena *arena = &values_of(line)->arena;
    for (size_t i = 0; i < accepted->count; i++) {
        const struct cmd_option *option = accepted->options[i];
        if (strcmp(accepted->names[i], word) == 0 || (!text_starts(word, "--") && option->letter == optopt))
            return refuse(line, arena_printf(arena, "option --%s needs a value: %s", option->name, option->argument),
                          NULL);
    }
    return unknown_option(line, accepted, word);
}

static const struct cmd_option *option_found(const struct accepted *accepted, int found)
{
    if (found >= 256)
        return accepted->options[found - 256];
    for (size_t i = 0; i < accepted->count; i++)
        if (accepted->options[i]->letter == found)
            return accepted->options[i];
    return NULL;
}

static bool given(const struct values *values, const struct cmd_option *option)
{
    for (size_t i = 0; i < values->count; i++)
        if (values->items[i].option == option)
            return true;
    return false;
}

/* Keeps one option that getopt_long found. Returns -1, or the exit code of a refusal. */
static int keep_option(struct cmdline *line, const struct accepted *accepted, int found, const char *word)
{
    struct values *values = values_of(line);
    const struct cmd_option *option = option_found(accepted, found);
    /* getopt_long takes any unambiguous beginning: "--accept" would mean "--accept-irreversible". */
    if (found >= 256 && strcmp(option_typed(&values->arena, word), accepted->names[found - 256]) != 0)
        return unknown_option(line, accepted, word);
    if (!(option->flags & CMD_REPEAT) && given(values, option))
        return refuse(line, arena_printf(&values->arena, "option --%s is given twice", option->name), NULL);
    if (values->count == ARGUMENTS_MAX)
        return refuse(line, "too many options", NULL);
    values->items[values->count++] = (struct value){option, option->argument ? optarg : NULL};
    return -1;
}

static void keep_argument(struct cmdline *line, const char **arguments, const char *text)
{
    if (line->argument_count < ARGUMENTS_MAX)
        arguments[line->argument_count++] = text;
}

/* Reads one level. For a group it stops behind the name of the subcommand (*ret_rest). -1: go on. */
static int parse_level(struct cmdline *line, int argc, char **argv, const struct accepted *accepted,
                       const char **arguments, int *ret_rest)
{
    bool group = line->command->subcommands != NULL;
    optind = 0; /* glibc: start anew */
    opterr = 0;
    for (;;) {
        int before = optind > 0 ? optind : 1, index = 0;
        int found = getopt_long(argc, argv, accepted->shorts, accepted->longs, &index);
        if (found == -1)
            break;
        const char *word = before < argc ? argv[before] : "";
        int refused = -1;
        if (found == 1)
            keep_argument(line, arguments, optarg);
        else if (found == '?')
            refused = unknown_option(line, accepted, word);
        else if (found == ':')
            refused = missing_value(line, accepted, word);
        else
            refused = keep_option(line, accepted, found, word);
        if (refused >= 0)
            return refused;
        if (group && line->argument_count > 0)
            break;
    }
    *ret_rest = optind;
    for (int i = optind; !group && i < argc; i++) /* what follows "--" */
        keep_argument(line, arguments, argv[i]);
    return -1;
}

static int print_out(struct buf *out)
{
    fputs(buf_text(out), stdout);
    buf_release(out);
    return EXIT_CODE_DONE;
}

static int answer_help(const struct cmdline *line)
{
    struct buf out = BUF_INIT(BUF_MAX);
    cmdline_help(line->command, line->path, &out);
    return print_out(&out);
}

static int answer_version(const struct cmdline *line)
{
    struct buf out = BUF_INIT(256);
    buf_addf(&out, "%s %s\n", line->root->name, GREYLAG_VERSION);
    return print_out(&out);
}

static const struct command *subcommand(const struct command *group, const char *name)
{
    for (size_t i = 0; group->subcommands[i]; i++)
        if (strcmp(group->subcommands[i]->name, name) == 0)
            return group->subcommands[i];
    return NULL;
}

static int unknown_command(const struct cmdline *line, const char *typed)
{
    struct arena *arena = &values_of(line)->arena;
    struct nearest nearest = nearest_to(typed);
    for (const struct command *const *each = line->command->subcommands; *each; each++)
        if (!(*each)->hidden)
            nearest_offer(&nearest, (*each)->name);
    return refuse(line, arena_printf(arena, "unknown command \"%s\"", typed), suggestion(arena, &nearest));
}

static int check_arguments(const struct cmdline *line)
{
    struct arena *arena = &values_of(line)->arena;
    const struct command *command = line->command;
    if (line->argument_count < (size_t)command->arguments_min)
        return refuse(line, arena_printf(arena, "something is missing: %s %s", line->path, command->arguments), NULL);
    if (command->arguments_max >= 0 && line->argument_count > (size_t)command->arguments_max)
        return refuse(line, arena_printf(arena, "unexpected argument \"%s\"", line->arguments[command->arguments_max]),
                      NULL);
    return -1;
}

static int run_level(struct cmdline *line, int argc, char **argv)
{
    struct values *values = values_of(line);
    struct accepted *accepted = arena_new(&values->arena, struct accepted);
    const char **arguments = arena_array(&values->arena, (size_t)argc + 1, sizeof *arguments);
    accepted_collect(line->command, line->command == line->root, accepted, &values->arena);
    line->arguments = arguments;
    line->argument_count = 0;
    int rest = 0;
    int refused = parse_level(line, argc, argv, accepted, arguments, &rest);
    if (refused >= 0)
        return refused;
    if (given(values, &help_option))
        return answer_help(line);
    if (given(values, &version_option))
        return answer_version(line);
    if (!line->command->subcommands) {
        refused = check_arguments(line);
        return refused >= 0 ? refused : line->command->run(line);
    }
    if (line->argument_count == 0)
        return refuse(line, "which command?", NULL);
    const struct command *next = subcommand(line->command, arguments[0]);
    if (!next)
        return unknown_command(line, arguments[0]);
    line->command = next;
    line->path = arena_printf(&values->arena, "%s %s", line->path, next->name);
    return run_level(line, argc - rest + 1, argv + rest - 1);
}

int cmdline_main(const struct command *root, int argc, char **argv)
{
    struct values *values = xcalloc(1, sizeof *values);
    struct cmdline line = {.root = root, .command = root, .path = root->name, .values = values};
    int code = run_level(&line, argc, argv);
    arena_release(&values->arena);
    free(values);
    bool lost = ferror(stdout) != 0;
    if ((fflush(stdout) != 0 || lost) && code == EXIT_CODE_DONE) {
        fprintf(stderr, "%s: standard output could not be written\n", root->name);
        return EXIT_CODE_FAILED;
    }
    return code;
}

static const struct cmd_option *option_named(const struct cmdline *line, const char *name)
{
    const struct values *values = values_of(line);
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->items[i].option->name, name) == 0)
            return values->items[i].option;
    return NULL;
}

bool cmdline_has(const struct cmdline *line, const char *option)
{
    return option_named(line, option) != NULL;
}

size_t cmdline_values(const struct cmdline *line, const char *option, const char *const **ret_values)
{
    struct values *values = values_of(line);
    const char **list = arena_array(&values->arena, values->count + 1, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < values->count; i++)
        if (values->items[i].text && strcmp(values->items[i].option->name, option) == 0)
            list[count++] = values->items[i].text;
    *ret_values = list;
    return count;
}

const char *cmdline_value(const struct cmdline *line, const char *option)
{
    const char *const *list;
    size_t count = cmdline_values(line, option, &list);
    return count > 0 ? list[count - 1] : NULL;
}

bool cmdline_number(const struct cmdline *line, const char *option, int64_t min, int64_t max, int64_t *ret_value,
                    struct err *err)
{
    const char *text = cmdline_value(line, option);
    long long value;
    if (!text)
        return true;
    if (!text_to_long(text, min, max, &value))
        return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a whole number from %lld to %lld", option, text,
                       (long long)min, (long long)max);
    *ret_value = value;
    return true;
}

bool cmdline_duration_ms(const struct cmdline *line, const char *option, int64_t *ret_ms, struct err *err)
{
    const char *text = cmdline_value(line, option);
    long long value;
    if (!text)
        return true;
    if (!text_to_ms(text, &value)) {
        err_set(err, ERR_USAGE, "--%s: \"%s\" is not a duration", option, text);
        return err_hint(err, "Write a number and its unit: 500ms, 30s, 15min, 2h.");
    }
    *ret_ms = value;
    return true;
}

int cmdline_exit_code(const struct err *err)
{
    switch (err->kind) {
    case ERR_NONE:
        return EXIT_CODE_DONE;
    case ERR_USAGE:
    case ERR_CONFIG:
        return EXIT_CODE_USAGE;
    case ERR_INPUT:
        return EXIT_CODE_INVALID;
    default:
        return EXIT_CODE_FAILED;
    }
}

int cmdline_fail(const struct cmdline *line, const struct err *err)
{
    struct buf out = BUF_INIT(65536);
    buf_addf(&out, "%s: ", line->path);
    text_add_printable(&out, err->text, false);
    buf_addc(&out, '\n');
    if (err->hint[0]) {
        buf_adds(&out, "  ");
        text_add_printable(&out, err->hint, false);
        buf_addc(&out, '\n');
    }
    cmdline_say(&out);
    buf_release(&out);
    return cmdline_exit_code(err);
}
