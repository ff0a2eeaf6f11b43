/* Pages of the reference that this program prints of itself (docs/reference). */
#include <string.h>

#include "cmdline/cmdline_reference.h"
#include "job/job.h"
#include "runner/runner.h"
#include "runner/settings.h"

bool runner_reference(const struct command *root, const char *what, struct buf *out, struct err *err)
{
    if (strcmp(what, "markdown") == 0)
        cmdline_markdown(root, out);
    else if (strcmp(what, "manual") == 0)
        cmdline_manual(root, out);
    else if (strcmp(what, "file") == 0)
        config_markdown(&settings_format, "worker.yml", out);
    else if (strcmp(what, "jobs") == 0)
        job_print_markdown(out);
    else
        return err_set(err, ERR_USAGE, "\"%s\" is none of markdown, manual, file, jobs", what);
    return true;
}
