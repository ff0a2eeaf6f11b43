/* Pages of the reference that this program prints of itself (docs/reference). */
#include "executor/retry.h"
#include "job/job.h"
#include "runner/runner.h"
#include "runner/settings.h"

static void print_file(const struct command *root, struct buf *out)
{
    (void)root;
    config_markdown(&settings_format, "worker.yml", out);
}

static void print_jobs(const struct command *root, struct buf *out)
{
    (void)root;
    job_print_markdown(out);
}

static void print_retries(const struct command *root, struct buf *out)
{
    (void)root;
    retry_print_markdown(out);
}

const struct cmdline_page runner_pages[] = {{"markdown", cmdline_markdown},
                                            {"manual", cmdline_manual},
                                            {"file", print_file},
                                            {"jobs", print_jobs},
                                            {"retries", print_retries},
                                            {NULL, NULL}};
