/* What is typed: accepted as the tree says, refused otherwise with exit code 2, before anything runs. */
#include "unit/typed.h"

static struct {
    int runs;
    char path[64], target[64], all[128], argument[64];
    bool json;
    int64_t steps, wait_ms;
} seen;

static int show_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    seen.runs++;
    snprintf(seen.path, sizeof seen.path, "%s", line->path);
    snprintf(seen.argument, sizeof seen.argument, "%s", line->argument_count ? line->arguments[0] : "");
    seen.json = cmdline_has(line, "json");
    const char *target = cmdline_value(line, "target");
    snprintf(seen.target, sizeof seen.target, "%s", target ? target : "(none)");
    const char *const *list;
    size_t count = cmdline_values(line, "target", &list);
    for (size_t i = 0; i < count; i++)
        snprintf(seen.all + strlen(seen.all), sizeof seen.all - strlen(seen.all), "%s;", list[i]);
    if (!cmdline_number(line, "steps", 1, 99, &seen.steps, &err) ||
        !cmdline_duration_ms(line, "timeout", &seen.wait_ms, &err))
        return cmdline_fail(line, &err);
    return EXIT_CODE_HALTED;
}

static int fails_run(const struct cmdline *line)
{
    struct err err = ERR_INIT;
    err_set(&err, ERR_UNREACHABLE, "cannot reach \x1b[31mit");
    err_hint(&err, "Start it.");
    return cmdline_fail(line, &err);
}

static const struct cmd_option common[] = {{"json", 'j', NULL, "print JSON for programs", 0}, CMD_OPTIONS_END};
static const struct cmd_option own[] = {{"target", 't', "NAME", "a target", CMD_REPEAT},
                                        {"steps", 0, "N", "how many", 0},
                                        {"timeout", 0, "TIME", "how long", 0},
                                        {"accept-irreversible", 0, NULL, "accept steps without a way back", 0},
                                        {"secret", 0, NULL, "nobody knows", CMD_HIDDEN},
                                        CMD_OPTIONS_END};
static const struct command show = {.name = "show",
                                    .summary = "show one release",
                                    .arguments = "RELEASE",
                                    .arguments_min = 1,
                                    .arguments_max = 1,
                                    .description = "Shows it whole.\n\nEverything.",
                                    .example = "goose release show latest",
                                    .options = {own, common},
                                    .run = show_run};
static const struct command ghost = {.name = "ghost", .summary = "not shown", .run = show_run, .hidden = true};
static const struct command fails = {.name = "fails", .summary = "fails", .run = fails_run};
static const struct command *const release_commands[] = {&show, &ghost, NULL};
static const struct command release = {.name = "release", .summary = "releases", .subcommands = release_commands};
static const struct command *const commands[] = {&release, &fails, NULL};
static const struct command root = {.name = "goose", .summary = "flies", .subcommands = commands};

static int type(const char *typed)
{
    memset(&seen, 0, sizeof seen);
    return type_into(&root, typed);
}

TestSuite(cmdline_parse, .fini = release_texts);

Test(cmdline_parse, accepted)
{
    cr_assert_eq(type("goose release show latest --json -t a --target=b -tc --steps 7 --timeout 2min"), 4);
    cr_expect_str_eq(seen.path, "goose release show");
    cr_expect_str_eq(seen.argument, "latest");
    cr_expect_str_eq(seen.all, "a;b;c;");
    cr_expect_str_eq(seen.target, "c");
    cr_expect(seen.json);
    cr_expect_eq(seen.steps, 7);
    cr_expect_eq(seen.wait_ms, 120000);
    cr_expect_str_eq(err_text, "");
}

Test(cmdline_parse, options_may_follow_arguments_and_two_dashes_end_them)
{
    cr_expect_eq(type("goose release show --json one"), 4);
    cr_expect_str_eq(seen.argument, "one");
    cr_expect_eq(type("goose release show -- --json"), 4);
    cr_expect_str_eq(seen.argument, "--json");
    cr_expect_not(seen.json);
    cr_expect_eq(type("goose release show -"), 4);
    cr_expect_str_eq(seen.argument, "-");
}

Test(cmdline_parse, refused_before_anything_runs)
{
    static const struct {
        const char *typed, *says;
    } cases[] = {
        {"goose", "goose: which command?"},
        {"goose relaese", "Did you mean \"release\"?"},
        {"goose release", "goose release: which command?"},
        {"goose release shwo x", "unknown command \"shwo\""},
        {"goose --json release show x", "unknown option --json"},
        {"goose release show", "something is missing: goose release show RELEASE"},
        {"goose release show a b", "unexpected argument \"b\""},
        {"goose release show a --jsno", "Did you mean \"--json\"?"},
        {"goose release show a --accept", "unknown option --accept"}, /* no abbreviations */
        {"goose release show a --targ=x", "unknown option --targ"},
        {"goose release show a --json=yes", "option --json takes no value"},
        {"goose release show a --json --json", "option --json is given twice"},
        {"goose release show a -jj", "option --json is given twice"},
        {"goose release show a --steps", "option --steps needs a value: N"},
        {"goose release show a -t", "option --target needs a value: NAME"},
        {"goose release show a -x", "unknown option -x"},
        {"goose release show a -jx", "unknown option -x"},
        {"goose release show a -\x1b", "unknown option"},
        {"goose release show a --\x1b[2J", "\\x1b[2J"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int code = type(cases[i].typed);
        cr_expect_eq(code, 2, "%s: exit code %d", cases[i].typed, code);
        cr_expect_eq(seen.runs, 0, "%s: it ran", cases[i].typed);
        cr_expect(strstr(err_text, cases[i].says), "%s: wanted \"%s\", saw:\n%s", cases[i].typed, cases[i].says,
                  err_text);
        cr_expect(strstr(err_text, "--help"), "%s: no way to help", cases[i].typed);
        cr_expect_str_eq(out_text, "");
        cr_expect_null(strchr(err_text, 0x1b));
    }
}

Test(cmdline_parse, values_out_of_range_are_usage_errors)
{
    static const char *const typed[] = {"--steps 0", "--steps 100", "--steps x",        "--steps 7x",
                                        "--steps=",  "--timeout 5", "--timeout 5weeks", "--timeout -1s"};
    for (size_t i = 0; i < COUNT_OF(typed); i++) {
        auto_free char *text = xasprintf("goose release show a %s", typed[i]);
        int code = type(text);
        cr_expect_eq(code, 2, "%s: exit code %d", text, code);
    }
}

Test(cmdline_parse, help_and_version)
{
    cr_expect_eq(type("goose --help"), 0);
    cr_expect(strstr(out_text, "release  releases"), "%s", out_text);
    cr_expect_eq(type("goose release show --help"), 0);
    cr_expect(strstr(out_text, "Usage: goose release show [options] RELEASE"), "%s", out_text);
    cr_expect(strstr(out_text, "goose release show latest"));
    cr_expect_null(strstr(out_text, "secret"));
    cr_expect_eq(type("goose release -h"), 0);
    cr_expect_null(strstr(out_text, "ghost"), "%s", out_text);
    cr_expect_eq(type("goose --version"), 0);
    cr_expect_str_eq(out_text, "goose " GREYLAG_VERSION "\n");
    cr_expect_eq(type("goose release show x --version"), 2);
    cr_expect_eq(type("goose release ghost"), 4, "hidden commands work");
}

Test(cmdline_parse, failure_says_what_to_do_and_drives_no_terminal)
{
    cr_expect_eq(type("goose fails"), 1);
    cr_expect_str_eq(err_text, "goose fails: cannot reach \\x1b[31mit\n  Start it.\n");
}

Test(cmdline_parse, exit_codes_of_kinds)
{
    static const int codes[] = {[ERR_NONE] = 0,  [ERR_USAGE] = 2,       [ERR_CONFIG] = 2,    [ERR_INPUT] = 6,
                                [ERR_SYSTEM] = 1, [ERR_DATABASE] = 1,   [ERR_UNREACHABLE] = 1, [ERR_UNTRUSTED] = 1,
                                [ERR_CONFLICT] = 1, [ERR_FENCED] = 1,   [ERR_TIMEOUT] = 1,   [ERR_FULL] = 1,
                                [ERR_INTERNAL] = 1};
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        struct err err = {.kind = (enum err_kind)kind};
        cr_expect_eq(cmdline_exit_code(&err), codes[kind], "%s", err_kind_name(err.kind));
    }
}

Test(cmdline_parse, full_disk_behind_standard_output)
{
    FILE *old = stdout, *old_err = stderr;
    char name[] = "goose", option[] = "--version", *words[] = {name, option, NULL};
    stdout = fopen("/dev/full", "w");
    cr_assert_not_null(stdout);
    stderr = fopen("/dev/null", "w");
    int code = cmdline_main(&root, 2, words);
    fclose(stdout);
    fclose(stderr);
    stdout = old;
    stderr = old_err;
    cr_expect_eq(code, 1);
}
