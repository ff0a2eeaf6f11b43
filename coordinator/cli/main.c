/* greylag: for people and CI. */
#include <stddef.h>

#include "cli/cli.h"
#include "dev/dev.h"

int main(int argc, char **argv)
{
    static const struct command *const more[] = {&dev_command, NULL};
    return cmdline_main(cli_root(more), argc, argv);
}
