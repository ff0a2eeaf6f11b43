/* Pages of the reference that this program prints of itself (docs/reference). */
#include "bus/bus.h"
#include "daemon/daemon.h"
#include "daemon/settings.h"
#include "rollout/rollout.h"

static void print_file(const struct command *root, struct buf *out)
{
    (void)root;
    config_markdown(&settings_format, "coordinator.yml", out);
}

static void print_decisions(const struct command *root, struct buf *out)
{
    (void)root;
    rollout_print_markdown(out);
}

static void print_kafka(const struct command *root, struct buf *out)
{
    (void)root;
    bus_settings_markdown(out);
}

const struct cmdline_page daemon_pages[] = {{"markdown", cmdline_markdown},
                                            {"manual", cmdline_manual},
                                            {"file", print_file},
                                            {"decisions", print_decisions},
                                            {"kafka", print_kafka},
                                            {NULL, NULL}};
