#include <stddef.h>

#include "base/cleanup.h"
#include "cli/cli_internal.h"

#define COMMANDS_MAX 32

const struct command *cli_root(const struct command *const *more)
{
    static const struct command *const own[] = {
        &init_command,     &create_command,    &validate_command, &changelog_command, &matrix_command, &plan_command,
        &up_command,       &down_command,      &import_command,   &baseline_command,  &repair_command, &tag_command,
        &status_command,   &history_command,   &release_command,  &keygen_command,    &token_command,  &workers_command,
        &targets_command,  &prune_command,    &health_command,   &reference_command};
    static const struct command *all[COMMANDS_MAX];
    static const struct command root = {
        .name = "greylag",
        .summary = "moves a fleet of PostgreSQL databases together, in order, and rolls the whole fleet back together",
        .example = "greylag init shop\ngreylag dev shop/fleet.yml",
        .subcommands = all,
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(own); i++)
        all[count++] = own[i];
    for (size_t i = 0; more && more[i] && count < COMMANDS_MAX - 1; i++)
        all[count++] = more[i];
    all[count] = NULL;
    return &root;
}
