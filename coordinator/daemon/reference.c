/* Pages of the reference that this program prints of itself (docs/reference). */
#include <string.h>

#include "bus/bus.h"
#include "cmdline/cmdline_reference.h"
#include "daemon/daemon.h"
#include "daemon/settings.h"
#include "rollout/rollout.h"

bool daemon_reference(const struct command *root, const char *what, struct buf *out, struct err *err)
{
    if (strcmp(what, "markdown") == 0)
        cmdline_markdown(root, out);
    else if (strcmp(what, "manual") == 0)
        cmdline_manual(root, out);
    else if (strcmp(what, "file") == 0)
        config_markdown(&settings_format, "coordinator.yml", out);
    else if (strcmp(what, "decisions") == 0)
        rollout_print_markdown(out);
    else if (strcmp(what, "kafka") == 0)
        bus_settings_markdown(out);
    else
        return err_set(err, ERR_USAGE, "\"%s\" is none of markdown, manual, file, decisions, kafka", what);
    return true;
}
