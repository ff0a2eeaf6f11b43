/* Command lines: a static tree of commands, read with getopt_long.
 *
 * The tree is the only description: help, the manual page and the Markdown reference are printed from it
 * (cmdline_reference.h), so that they cannot differ from what the program does. A program with one command (a daemon)
 * is a tree of one node.
 *
 * What always holds: unknown commands, unknown options, abbreviated options, an option given twice that may not be,
 * and surplus arguments are fatal, with exit code 2, before `run` is called. Data goes to standard output, messages
 * to standard error. Threads: main only (getopt_long has global state).
 *
 *     static const struct cmd_option options[] = {{"json", 0, NULL, "print JSON for programs", 0}, CMD_OPTIONS_END};
 *     static const struct command status = {
 *         .name = "status", .summary = "...", .options = {options}, .run = status_run};
 *     static const struct command *const commands[] = {&status, NULL};
 *     static const struct command root = {.name = "greylag", .summary = "...", .subcommands = commands};
 *     int main(int argc, char **argv) { return cmdline_main(&root, argc, argv); }
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Exit codes, the same for every command (docs/reference/exit-codes.md is printed from here).
 *          name              code prose */
#define EXIT_CODES(X)                                                                                              \
    X(DONE,        0, "done")                                                                                      \
    X(FAILED,      1, "failed: a server cannot be reached, a file cannot be written, time is up, a defect")        \
    X(USAGE,       2, "wrong usage or configuration")                                                              \
    X(ROLLED_BACK, 3, "the release failed and was rolled back")                                                    \
    X(HALTED,      4, "the release halted and needs a person")                                                     \
    X(WAITING,     5, "waiting for approval")                                                                      \
    X(INVALID,     6, "validation found errors")
enum exit_code {
#define X(name, code, prose) EXIT_CODE_##name = (code),
    EXIT_CODES(X)
#undef X
};

#define CMD_REPEAT 1u /* may be given more than once: cmdline_values */
#define CMD_HIDDEN 2u /* works, but help does not show it */

struct cmd_option {
    const char *name;     /* without the dashes; NULL ends a table */
    char letter;          /* short form, 0: none */
    const char *argument; /* name of its value in help ("FILE"); NULL: a switch */
    const char *prose;    /* one sentence, no full stop */
    unsigned flags;
};
#define CMD_OPTIONS_END {NULL, 0, NULL, NULL, 0}

#define CMD_OPTION_TABLES 6

struct cmdline;
struct command {
    const char *name;
    const char *summary;     /* one line, no full stop */
    const char *arguments;   /* usage text behind the options: "RELEASE", "[FILE...]"; NULL: none */
    int arguments_min, arguments_max; /* how many; max -1: any number */
    const char *description; /* paragraphs separated by an empty line, wrapped when printed; may be NULL */
    const char *example;     /* whole lines as they are typed; may be NULL */
    const struct cmd_option *options[CMD_OPTION_TABLES]; /* tables, each ended by CMD_OPTIONS_END; NULL: no more */
    int (*run)(const struct cmdline *line); /* returns an exit code; NULL for a group of subcommands */
    const struct command *const *subcommands; /* ended by NULL; NULL: none */
    bool hidden;
};

/* What was typed, checked. Strings are borrowed from argv and the tree; valid while cmdline_main runs. */
struct cmdline {
    const struct command *root, *command;
    const char *path;             /* "greylag release show" */
    const char *const *arguments; /* positional ones, in order */
    size_t argument_count;
    void *values;                 /* cmdline's own */
};

/* Parses, answers --help (exit 0) and --version, runs the command. Returns the exit code for main; standard output
 * that could not be written (a full disk) turns success into 1. */
int cmdline_main(const struct command *root, int argc, char **argv);

bool cmdline_has(const struct cmdline *line, const char *option);            /* given at least once */
const char *cmdline_value(const struct cmdline *line, const char *option);   /* the last one given; NULL: not given */
/* All, in order. */
size_t cmdline_values(const struct cmdline *line, const char *option, const char *const **ret_values);
/* A whole number in a range, or a duration ("5s", "15min"); *ret_value stays as it is when the option is not given.
 * ERR_USAGE. */
bool cmdline_number(const struct cmdline *line, const char *option, int64_t min, int64_t max, int64_t *ret_value,
                    struct err *err);
bool cmdline_duration_ms(const struct cmdline *line, const char *option, int64_t *ret_ms, struct err *err);

/* The columns of the terminal that this file descriptor is; 0: it is none, or too narrow to be written for. */
size_t cmdline_columns(int fd);
/* Messages for people, to standard error; on a terminal as wide as that is (wrap_add). */
void cmdline_say(const struct buf *text);
/* Prints "greylag status: <text>" and the hint to standard error (foreign text made printable); returns the exit code
 * of the error's kind. */
int cmdline_fail(const struct cmdline *line, const struct err *err);
int cmdline_exit_code(const struct err *err); /* USAGE and CONFIG 2, INPUT 6, all others 1 */
