/* Every command says what it does. That the reference pages are current is held by tests/structure/reference.py. */
/* links: dev */
#include <criterion/criterion.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "dev/dev.h"

static const struct command *tree(void)
{
    static const struct command *const more[] = {&dev_command, NULL};
    return cli_root(more);
}

/* Each command has a summary without a full stop, and an example that names it. */
static void check_command(const struct command *command, const char *path)
{
    size_t len = strlen(command->summary);
    cr_expect(len > 0 && command->summary[len - 1] != '.', "%s: %s", path, command->summary);
    cr_expect((command->run != NULL) != (command->subcommands != NULL), "%s: a command runs, or is a group", path);
    if (command->run) {
        cr_expect(command->example && strstr(command->example, command->name), "%s has no example", path);
        cr_expect((command->arguments == NULL) == (command->arguments_max == 0), "%s: arguments", path);
    }
    for (size_t t = 0; t < CMD_OPTION_TABLES && command->options[t]; t++)
        for (const struct cmd_option *option = command->options[t]; option->name; option++)
            for (size_t u = 0; u < CMD_OPTION_TABLES && command->options[u]; u++)
                for (const struct cmd_option *other = command->options[u]; other->name; other++)
                    cr_expect(option == other || (strcmp(option->name, other->name) != 0 &&
                                                  (!option->letter || option->letter != other->letter)),
                              "%s: --%s and --%s", path, option->name, other->name);
    for (size_t i = 0; command->subcommands && command->subcommands[i]; i++) {
        auto_free char *below = xasprintf("%s %s", path, command->subcommands[i]->name);
        check_command(command->subcommands[i], below);
    }
}

Test(cli_reference, every_command_says_what_it_does)
{
    check_command(tree(), "greylag");
}
